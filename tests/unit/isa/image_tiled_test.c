/* SPDX-License-Identifier: MIT
 *
 * Image instructions on tiled images: every swizzle mode, mip levels, slices, samples, 3D, and the
 * views of them. Where texels lie comes from softgpu/surface, which has tests of its own.
 */
#include <string.h>

#include "image_bench.h"
#include "softgpu/surface/surface.h"

enum { FORMAT_8_UINT = 5, FORMAT_16_UINT = 11, FORMAT_32_32_32_32_UINT = 75, BLOCK = 1 << 16 };

static const unsigned thin_modes[] = {
    SURFACE_256B_S,   SURFACE_256B_D,   SURFACE_4KB_S,    SURFACE_4KB_D,    SURFACE_64KB_S,
    SURFACE_64KB_D,   SURFACE_64KB_S_T, SURFACE_64KB_D_T, SURFACE_4KB_S_X,  SURFACE_4KB_D_X,
    SURFACE_64KB_Z_X, SURFACE_64KB_S_X, SURFACE_64KB_D_X, SURFACE_64KB_R_X,
};
static const unsigned volume_modes[] = {
    SURFACE_4KB_S,    SURFACE_64KB_S,   SURFACE_64KB_S_T, SURFACE_4KB_S_X,
    SURFACE_64KB_Z_X, SURFACE_64KB_S_X, SURFACE_64KB_D_X, SURFACE_64KB_R_X,
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned down(unsigned value, unsigned level)
{
    return value >> level ? value >> level : 1;
}

static struct surface_layout layout_of(const struct image_desc *desc, unsigned bytes)
{
    const struct surface_shape shape = image_shape(desc, bytes);
    struct surface_layout layout;

    assert_null(surface_layout_init(&layout, &shape));
    assert_true(layout.size <= IMAGE_BYTES);
    return layout;
}

/* What a texel holds, 8 bits or more. */
static uint32_t number_of(unsigned level, unsigned z, unsigned x, unsigned y)
{
    return (1 + x * 7 + y * 31 + z * 101 + level * 57) & 0xff;
}

static unsigned slices_of(const struct image_desc *desc, unsigned level)
{
    return desc->type == TYPE_3D ? down(desc->depth, level) : desc->depth;
}

static void fill(struct image_bench *b, const struct image_desc *desc, unsigned bytes)
{
    const struct surface_layout layout = layout_of(desc, bytes);
    const uint64_t base = IMAGE_VA | (uint64_t)desc->tile_xor << 8;

    memset(b->memory, 0xee, sizeof(b->memory));
    for (unsigned level = 0; level < desc->levels; level++)
        for (unsigned z = 0; z < slices_of(desc, level); z++)
            for (unsigned y = 0; y < down(desc->height, level); y++)
                for (unsigned x = 0; x < down(desc->width, level); x++) {
                    uint64_t va = surface_locate(&layout, base, level, x, y, z, 0);

                    memset(&b->memory[va - IMAGE_VA], 0, bytes);
                    b->memory[va - IMAGE_VA] = (uint8_t)number_of(level, z, x, y);
                }
}

/* Loads every texel of the view, a row of lanes at a time, and one beyond. */
static void check(struct image_bench *b, const struct image_desc *desc, unsigned dim)
{
    const unsigned lanes = bench_wave(b)->lanes;
    const unsigned levels = desc->last_level - desc->base_level + 1;

    for (unsigned view_level = 0; view_level < levels; view_level++) {
        unsigned level = desc->base_level + view_level, width = down(desc->width, level);
        unsigned height = down(desc->height, level), slices = slices_of(desc, level);

        for (unsigned i = 0; i < (width + 1) * height * (slices - desc->base_array); i += lanes) {
            for (unsigned lane = 0; lane < lanes; lane++) {
                bench_set(b, ADDR, lane, (i + lane) % (width + 1));
                bench_set(b, ADDR + 1, lane, (i + lane) / (width + 1) % height);
                bench_set(b, ADDR + 2, lane, (i + lane) / (width + 1) / height);
                bench_set(b, ADDR + 3, lane, view_level);
            }
            b->inst.dst = ISA_REG_VGPR0 + DST;
            bench_run(b, ISA_OP_image_load_mip, dim, 1);
            for (unsigned lane = 0; lane < lanes; lane++) {
                unsigned x = (i + lane) % (width + 1), y = (i + lane) / (width + 1) % height;
                unsigned z = desc->base_array + (i + lane) / (width + 1) / height;
                bool inside = x < width && z < slices;

                assert_int_equal(bench_get(b, 0, lane), inside ? number_of(level, z, x, y) : 0);
            }
        }
    }
}

static void test_modes(void **state)
{
    static const struct {
        unsigned format, bytes;
    } formats[] = {{FORMAT_8_UINT, 1},
                   {FORMAT_16_UINT, 2},
                   {FORMAT_32_UINT, 4},
                   {FORMAT_32_32_UINT, 8},
                   {FORMAT_32_32_32_32_UINT, 16}};
    struct image_bench *b = bench_create(64);

    (void)state;
    for (unsigned m = 0; m < COUNT(thin_modes); m++)
        for (unsigned f = 0; f < COUNT(formats); f++) {
            struct image_desc desc = image_plain(TYPE_2D_ARRAY, formats[f].format, 37, 21, 3);

            desc.swizzle = thin_modes[m];
            fill(b, &desc, formats[f].bytes);
            bench_set_image(b, &desc);
            check(b, &desc, DIM_2D_ARRAY);
        }
    bench_destroy(b);
}

static void test_levels_and_slices(void **state)
{
    struct image_bench *b = bench_create(64);

    (void)state;
    for (unsigned m = 0; m < COUNT(thin_modes); m++) {
        struct image_desc desc = image_plain(TYPE_2D_ARRAY, FORMAT_32_UINT, 45, 30, 2);

        desc.swizzle = thin_modes[m];
        desc.levels = 6, desc.last_level = 5;
        fill(b, &desc, 4);
        bench_set_image(b, &desc);
        check(b, &desc, DIM_2D_ARRAY);
        desc.base_level = 2, desc.last_level = 3, desc.base_array = 1;
        bench_set_image(b, &desc);
        check(b, &desc, DIM_2D_ARRAY);
    }
    bench_destroy(b);
}

static void test_volumes(void **state)
{
    struct image_bench *b = bench_create(64);

    (void)state;
    for (unsigned m = 0; m < COUNT(volume_modes); m++) {
        bool thin = surface_is_thin(volume_modes[m]);
        struct image_desc desc = image_plain(TYPE_3D, FORMAT_16_UINT, 19, 18, thin ? 3 : 17);

        desc.swizzle = volume_modes[m];
        desc.levels = thin ? 2 : 3, desc.last_level = desc.levels - 1;
        fill(b, &desc, 2);
        bench_set_image(b, &desc);
        check(b, &desc, DIM_3D);
    }
    bench_destroy(b);
}

/* Some slices of a 3D image's level, as image stores see them. */
static void test_volume_store_view(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_3D, FORMAT_32_UINT, 8, 8, 7);
    const struct surface_layout layout =
        (desc.swizzle = SURFACE_64KB_S_X, desc.levels = 2, layout_of(&desc, 4));

    (void)state;
    fill(b, &desc, 4);
    desc.base_level = desc.last_level = 1;
    desc.base_array = 1, desc.depth = 3; /* slices 1 and 2 of the level's 3 */
    desc.store_view = true;
    bench_set_image(b, &desc);
    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set(b, ADDR, lane, 2);
        bench_set(b, ADDR + 1, lane, 3);
        bench_set(b, ADDR + 2, lane, lane);
        bench_set(b, DATA, lane, 0x1000 + lane);
    }
    b->inst.src[1] = ISA_REG_VGPR0 + DATA;
    bench_run(b, ISA_OP_image_store, DIM_3D, 1);
    for (unsigned z = 0; z < 3; z++) {
        uint32_t value;

        memcpy(&value, &b->memory[surface_locate(&layout, 0, 1, 2, 3, z, 0)], 4);
        assert_int_equal(value, z ? 0x1000 + z - 1 : number_of(1, 0, 2, 3));
    }
    bench_destroy(b);
}

/* Pipes' and banks' bits of the base address are part of the swizzle. */
static void test_tile_swizzle(void **state)
{
    struct image_bench *b = bench_create(64);
    struct image_desc desc = image_plain(TYPE_2D_ARRAY, FORMAT_32_UINT, 60, 50, 2);

    (void)state;
    desc.swizzle = SURFACE_64KB_R_X, desc.tile_xor = 0xc7;
    fill(b, &desc, 4);
    bench_set_image(b, &desc);
    check(b, &desc, DIM_2D_ARRAY);
    bench_destroy(b);
}

static void test_samples(void **state)
{
    struct image_bench *b = bench_create(64);

    (void)state;
    for (unsigned samples_log2 = 1; samples_log2 <= 3; samples_log2++) {
        struct image_desc desc = image_plain(TYPE_2D_MSAA_ARRAY, FORMAT_32_UINT, 13, 9, 2);

        desc.swizzle = samples_log2 % 2 ? SURFACE_64KB_Z_X : SURFACE_64KB_R_X;
        desc.samples_log2 = samples_log2;

        const struct surface_layout layout = layout_of(&desc, 4);

        bench_set_image(b, &desc);
        for (unsigned lane = 0; lane < 64; lane++) {
            bench_set(b, ADDR, lane, lane % 13);
            bench_set(b, ADDR + 1, lane, lane / 13);
            bench_set(b, ADDR + 2, lane, lane % 2);
        }
        for (unsigned sample = 0; sample <= 1u << samples_log2; sample++) {
            bool inside = sample < 1u << samples_log2;

            for (unsigned lane = 0; lane < 64; lane++) {
                uint32_t number = 1000 * sample + lane;

                bench_set(b, ADDR + 3, lane, sample);
                if (inside)
                    memcpy(&b->memory[surface_locate(&layout, 0, 0, lane % 13, lane / 13, lane % 2,
                                                     sample)],
                           &number, 4);
            }
            b->inst.dst = ISA_REG_VGPR0 + DST;
            bench_run(b, ISA_OP_image_load, DIM_MSAA_ARRAY, 1);
            for (unsigned lane = 0; lane < 64; lane++)
                assert_int_equal(bench_get(b, 0, lane), inside ? 1000 * sample + lane : 0);
        }
    }
    bench_destroy(b);
}

/* Stores and atomics find the same places; nothing beside them is touched. */
static void test_stores_and_atomics(void **state)
{
    struct image_bench *b = bench_create(64);

    (void)state;
    for (unsigned m = 0; m < COUNT(thin_modes); m++) {
        struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_UINT, 64, 1, 1);
        uint8_t *wanted = test_malloc(IMAGE_BYTES);

        desc.swizzle = thin_modes[m];
        desc.height = 40;

        const struct surface_layout layout = layout_of(&desc, 4);

        bench_set_image(b, &desc);
        memset(b->memory, 0xee, sizeof(b->memory));
        memset(wanted, 0xee, IMAGE_BYTES);
        for (unsigned lane = 0; lane < 64; lane++) {
            uint32_t number = 3 * lane + 1000;

            bench_set(b, ADDR, lane, lane);
            bench_set(b, ADDR + 1, lane, lane % 40);
            bench_set(b, DATA, lane, number - 7);
            memcpy(&wanted[surface_locate(&layout, 0, 0, lane, lane % 40, 0, 0)], &number, 4);
        }
        b->inst.src[1] = ISA_REG_VGPR0 + DATA;
        bench_run(b, ISA_OP_image_store, DIM_2D, 1);
        for (unsigned lane = 0; lane < 64; lane++)
            bench_set(b, DATA, lane, 7);
        b->inst.dst = ISA_REG_NONE;
        bench_run(b, ISA_OP_image_atomic_add, DIM_2D, 1);
        assert_memory_equal(b->memory, wanted, IMAGE_BYTES);
        test_free(wanted);
    }
    bench_destroy(b);
}

/* Filtering between texels of two levels goes by their coordinates, not their places. */
static void test_sample(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_FLOAT, 16, 16, 1);
    struct sampler_desc sampler = {.mag = 1, .min = 1, .mip = 2, .max_lod = 15, .wrap = {2, 2, 2}};

    (void)state;
    desc.swizzle = SURFACE_64KB_S_X, desc.levels = 2, desc.last_level = 1;

    const struct surface_layout layout = layout_of(&desc, 4);

    for (unsigned level = 0; level < 2; level++)
        for (unsigned i = 0; i < 16u * 16 >> 2 * level; i++) {
            unsigned x = i % down(16, level), y = i / down(16, level);
            float value = (float)(x + 100 * y + 10000 * level);

            memcpy(&b->memory[surface_locate(&layout, 0, level, x, y, 0, 0)], &value, 4);
        }
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set_float(b, ADDR, lane, 8.0f / 16);
        bench_set_float(b, ADDR + 1, lane, 4.0f / 16);
        bench_set_float(b, ADDR + 2, lane, 0.5f);
    }
    b->inst.dst = ISA_REG_VGPR0 + DST;
    bench_run(b, ISA_OP_image_sample_l, DIM_2D, 1);
    /* Level 0: between 7, 8 and rows 3, 4; level 1: between 3, 4 and rows 1, 2. */
    for (unsigned lane = 0; lane < 32; lane++)
        assert_float_equal(float_of(bench_get(b, 0, lane)),
                           ((7.5f + 350) + (3.5f + 150 + 10000)) / 2, 0.01);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_levels_and_slices),
        cmocka_unit_test(test_volumes),
        cmocka_unit_test(test_volume_store_view),
        cmocka_unit_test(test_tile_swizzle),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_stores_and_atomics),
        cmocka_unit_test(test_sample),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
