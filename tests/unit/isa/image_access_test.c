/* SPDX-License-Identifier: MIT
 *
 * Image loads, stores, atomics and queries on linear images: layout, formats, what is out of range,
 * and the forms of operands.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image_bench.h"
#include "softgpu/isa/exec/format.h"
#include "tests/unit/random.h"

#define LOAD(b, op, dim, dmask)                                                                    \
    do {                                                                                           \
        (b)->inst.dst = ISA_REG_VGPR0 + DST;                                                       \
        bench_run(b, ISA_OP_##op, dim, dmask);                                                     \
    } while (0)

static void coordinates_set(struct image_bench *b, unsigned lane, unsigned x, unsigned y,
                            unsigned z, unsigned level)
{
    const unsigned value[4] = {x, y, z, level};

    for (unsigned i = 0; i < 4; i++)
        bench_set(b, ADDR + i, lane, value[i]);
}

/* ---- layout ---- */

static unsigned down(unsigned value, unsigned level)
{
    return value >> level ? value >> level : 1;
}

/* Plants a number in each texel of all levels and slices, where the rule says it lies, and loads
 * them all. */
static void layout_check(struct image_bench *b, const struct image_desc *desc, unsigned dim,
                         unsigned texel_dim3)
{
    struct isa_wave *w = bench_wave(b);
    bool three = desc->type == TYPE_3D;

    bench_set_image(b, desc);
    for (unsigned level = 0; level < desc->levels; level++) {
        unsigned slices = three ? down(desc->depth, level) : desc->depth;

        for (unsigned slice = 0; slice < slices; slice++) {
            for (unsigned i = 0; i < down(desc->width, level) * down(desc->height, level); i++) {
                unsigned x = i % down(desc->width, level), y = i / down(desc->width, level);
                uint64_t at = image_offset(desc, 4, level, slice, x, y);
                uint32_t number = 1 + x + (y << 8) + (slice << 16) + (level << 24);

                assert_true(at + 4 <= IMAGE_BYTES);
                memcpy(&b->memory[at], &number, 4);
            }
        }
    }
    for (unsigned level = 0; level <= desc->last_level - desc->base_level; level++) {
        unsigned real = level + desc->base_level;
        unsigned slices = three ? down(desc->depth, real) : desc->depth - desc->base_array;

        for (unsigned slice = 0; slice < slices; slice++) {
            for (unsigned lane = 0; lane < w->lanes; lane++)
                coordinates_set(b, lane, lane % (down(desc->width, real) + 1),
                                lane / (down(desc->width, real) + 1), texel_dim3 ? slice : level,
                                level);
            LOAD(b, image_load_mip, dim, 1);
            for (unsigned lane = 0; lane < w->lanes; lane++) {
                unsigned x = lane % (down(desc->width, real) + 1);
                unsigned y = lane / (down(desc->width, real) + 1);
                bool inside = x < down(desc->width, real) && y < down(desc->height, real);
                uint32_t number =
                    1 + x + (y << 8) + ((slice + desc->base_array) << 16) + (real << 24);

                assert_int_equal(bench_get(b, 0, lane), inside ? number : 0);
            }
        }
    }
}

static void test_layout(void **state)
{
    struct image_bench *b = bench_create(64);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_UINT, 7, 5, 1);

    (void)state;
    layout_check(b, &desc, DIM_2D, 0);
    desc.pitch = 192; /* of the only level: a row of 768 bytes */
    layout_check(b, &desc, DIM_2D, 0);
    desc.pitch = 0;
    desc.levels = 3;
    desc.last_level = 2;
    layout_check(b, &desc, DIM_2D, 0);
    desc.base_level = 1; /* a view of the smaller ones */
    layout_check(b, &desc, DIM_2D, 0);
    desc = image_plain(TYPE_2D_ARRAY, FORMAT_32_UINT, 9, 6, 5);
    desc.levels = 4;
    desc.last_level = 3;
    desc.base_array = 2;
    layout_check(b, &desc, DIM_2D_ARRAY, 1);
    desc = image_plain(TYPE_3D, FORMAT_32_UINT, 6, 4, 7);
    desc.levels = 3;
    desc.last_level = 2;
    layout_check(b, &desc, DIM_3D, 1);
    bench_destroy(b);
}

static void test_out_of_range(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D_ARRAY, FORMAT_8_8_8_8_UNORM, 4, 4, 2);
    static const unsigned outside[][4] = {{4, 0, 0, 0}, {0, 4, 0, 0},          {0, 0, 2, 0},
                                          {0, 0, 0, 1}, {UINT32_MAX, 0, 0, 0}, {0, 1u << 31, 0, 0}};
    uint8_t before[1024];

    (void)state;
    memset(b->memory, 0xff, IMAGE_BYTES);
    memcpy(before, b->memory, sizeof(before));
    bench_set_image(b, &desc);
    for (unsigned lane = 0; lane < 32; lane++) {
        const unsigned *c = outside[lane % 6];

        coordinates_set(b, lane, c[0], c[1], c[2], c[3]);
    }
    LOAD(b, image_load_mip, DIM_2D_ARRAY, 0xf);
    for (unsigned lane = 0; lane < 32; lane++)
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(bench_get(b, i, lane), 0);
    bench_run(b, ISA_OP_image_store_mip, DIM_2D_ARRAY, 0xf);
    assert_memory_equal(b->memory, before, sizeof(before));

    /* A descriptor of zeros: nothing there, and no fault. */
    memset(&bench_wave(b)->sgpr[IMAGE_SRD], 0, 32);
    coordinates_set(b, 0, 0, 0, 0, 0);
    LOAD(b, image_load, DIM_2D, 0xf);
    assert_int_equal(bench_get(b, 0, 0), 0);
    bench_run(b, ISA_OP_image_store, DIM_2D, 0xf);
    LOAD(b, image_sample_lz, DIM_2D, 0xf);
    assert_int_equal(bench_get(b, 3, 0), 0);
    assert_memory_equal(b->memory, before, sizeof(before));
    bench_destroy(b);
}

/* What the model does not have stops the wave; it is not read as if it were something else. */
static void test_refusals(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_UINT, 4, 4, 1);

    (void)state;
    desc.swizzle = 23; /* 4 KiB blocks for rendering, which GFX10.3 does not have */
    bench_set_image(b, &desc);
    b->inst = (struct isa_inst){.op = ISA_OP_image_load,
                                .dwords = 2,
                                .dst = ISA_REG_VGPR0 + DST,
                                .src = {ISA_REG_VGPR0, 0, IMAGE_SRD},
                                .img = {.dmask = 1, .dim = DIM_2D}};
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_FAULT);
    assert_int_equal(bench_wave(b)->fault.kind, ISA_FAULT_UNSUPPORTED);
    bench_destroy(b);
}

/* ---- formats ---- */

struct known_format {
    unsigned number, bytes;
    uint64_t memory;
    double value[4];
};

/* Values worked out by hand from the formats' definitions. */
static const struct known_format known_formats[] = {
    {128, 1, 0x80, {0.2158605, 0, 0, 1}},                           /* 8_SRGB */
    {130, 4, 0x80ff0001, {0.000303527, 0, 1, 128.0 / 255}},         /* W is linear */
    {132, 4, 0x7c0002ff, {255.0 / 512, 1.0 / 512, 256.0 / 512, 1}}, /* 5_9_9_9: 2^(15-15-9) */
    {133, 2, 0xf81f, {1, 0, 1, 1}},
    {133, 2, 0x0410, {16.0 / 31, 32.0 / 63, 0, 1}},
    {134, 2, 0x801f, {1, 0, 0, 1}},
    {135, 2, 0xf801, {1, 0, 0, 1}},
    {136, 2, 0xf0a5, {5.0 / 15, 10.0 / 15, 0, 1}},
    {140, 4, 0x3f000000, {0.5, 0, 0, 1}},
    {141, 4, 0xff800000, {8388608.0 / 16777215, 1, 0, 1}},
    {30, 4, 0xffc00000, {0, 0, 1, 1}}, /* 10_11_11: shared with buffers */
};

static void test_known_formats(void **state)
{
    struct image_bench *b = bench_create(32);

    (void)state;
    for (unsigned i = 0; i < sizeof(known_formats) / sizeof(known_formats[0]); i++) {
        const struct known_format *f = &known_formats[i];
        struct image_desc desc = image_plain(TYPE_1D, f->number, 8, 1, 1);

        bench_set_image(b, &desc);
        memcpy(b->memory + 3 * f->bytes, &f->memory, f->bytes);
        coordinates_set(b, 5, 3, 0, 0, 0);
        LOAD(b, image_load, DIM_1D, 0xf);
        for (unsigned c = 0; c < 4; c++)
            assert_float_equal(float_of(bench_get(b, c, 5)), f->value[c], 1e-6);
    }
    bench_destroy(b);
}

/* Every format: what is loaded and stored again is what was there, but for padding, signalling
 * NaNs, the second encoding of -1, and shared exponents that are not normalised. */
static void test_formats_round_trip(void **state)
{
    struct image_bench *b = bench_create(64);
    uint64_t random = 7;
    unsigned formats = 0;

    (void)state;
    for (unsigned number = 1; number < 512; number++) {
        const struct isa_format *f = isa_format_find(number);
        struct image_desc desc = image_plain(TYPE_2D, number, 64, 2, 1);

        if (!f || isa_format_is_compressed(f) || f->numeric == ISA_FORMAT_FRAGMENTS)
            continue;
        formats++;
        bench_set_image(b, &desc);
        for (unsigned i = 0; i < 64u * f->bytes; i++)
            b->memory[i] = (uint8_t)random_next(&random) & 0x7b; /* no NaN in any float */
        uint64_t second = image_offset(&desc, f->bytes, 0, 0, 0, 1);

        memset(b->memory + second, 0, 64u * f->bytes);
        for (unsigned lane = 0; lane < 64; lane++)
            coordinates_set(b, lane, lane, 0, 0, 0);
        b->inst.dst = ISA_REG_VGPR0 + DATA;
        bench_run(b, ISA_OP_image_load, DIM_2D, 0xf);
        for (unsigned lane = 0; lane < 64; lane++)
            coordinates_set(b, lane, lane, 1, 0, 0);
        bench_run(b, ISA_OP_image_store, DIM_2D, 0xf);
        /* Loaded again, both rows are the same. */
        for (unsigned row = 0; row < 2; row++) {
            for (unsigned lane = 0; lane < 64; lane++)
                coordinates_set(b, lane, lane, row, 0, 0);
            b->inst.dst = (uint16_t)(ISA_REG_VGPR0 + (row ? DST : DATA));
            bench_run(b, ISA_OP_image_load, DIM_2D, 0xf);
        }
        for (unsigned lane = 0; lane < 64; lane++) {
            for (unsigned c = 0; c < 4; c++) {
                uint32_t in = *fake_vgpr(&b->fake, DATA + c, lane), out = bench_get(b, c, lane);

                if (f->numeric == ISA_FORMAT_FLOAT_CLAMP && float_of(in) > 1)
                    assert_int_equal(out, bits_of(1));
                else if (in != out)
                    fail_msg("format %u component %u lane %u: %08x became %08x", number, c, lane,
                             in, out);
            }
        }
    }
    assert_in_range(formats, 77 + 15, 200);
    bench_destroy(b);
}

/* ---- operands ---- */

/* DST_SEL picks on loads and its inverse on stores. */
static void test_selection(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_8_8_8_8_UNORM, 4, 4, 1);
    static const uint8_t bgra[4] = {255, 0, 51, 102};

    (void)state;
    desc.select = 6 | 5 << 3 | 4 << 6 | 1 << 9; /* Z, Y, X, 1 */
    bench_set_image(b, &desc);
    memcpy(b->memory, bgra, 4);
    coordinates_set(b, 0, 0, 0, 0, 0);
    LOAD(b, image_load, DIM_2D, 0xf);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 0.2, 1e-6);
    assert_float_equal(float_of(bench_get(b, 1, 0)), 0, 0);
    assert_float_equal(float_of(bench_get(b, 2, 0)), 1, 0);
    assert_float_equal(float_of(bench_get(b, 3, 0)), 1, 0);
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 1;
    bench_set_float(b, DATA, 0, 0.2f);
    bench_set_float(b, DATA + 1, 0, 0.4f);
    bench_set_float(b, DATA + 2, 0, 1);
    bench_set_float(b, DATA + 3, 0, 1);
    bench_run(b, ISA_OP_image_store, DIM_2D, 0xf);
    assert_memory_equal(b->memory, ((uint8_t[]){255, 102, 51, 0}), 4);
    bench_destroy(b);
}

/* A mask of components, 16-bit data two to a register, 16-bit coordinates, addresses in scattered
 * registers, and the status dword behind it all. */
static void test_operand_forms(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_8_8_8_8_UNORM, 4, 4, 1);
    static const uint8_t texel[4] = {0, 51, 102, 255};

    (void)state;
    bench_set_image(b, &desc);
    memcpy(b->memory + image_offset(&desc, 4, 0, 0, 2, 3), texel, 4);

    for (unsigned lane = 0; lane < 32; lane++)
        coordinates_set(b, lane, 2, 3, 0, 0);
    b->inst.img.tfe = 1;
    bench_set(b, DST + 2, 7, 0xdead);
    bench_set(b, DST + 3, 7, 0xbeef);
    LOAD(b, image_load, DIM_2D, 0xa); /* Y and W */
    assert_float_equal(float_of(bench_get(b, 0, 7)), 0.2, 1e-6);
    assert_float_equal(float_of(bench_get(b, 1, 7)), 1, 0);
    assert_int_equal(bench_get(b, 2, 7), 0);
    assert_int_equal(bench_get(b, 3, 7), 0xbeef);
    b->inst.img.tfe = 0;

    b->inst.img.d16 = 1;
    LOAD(b, image_load, DIM_2D, 0xf);
    assert_int_equal(bench_get(b, 0, 7), 0x32660000); /* 0.2, 0 */
    assert_int_equal(bench_get(b, 1, 7), 0x3c003666); /* 1, 0.4 */
    b->inst.img.d16 = 0;

    for (unsigned lane = 0; lane < 32; lane++)
        bench_set(b, ADDR, lane, 2 | 3 << 16);
    b->inst.img.a16 = 1;
    LOAD(b, image_load, DIM_2D, 4);
    assert_float_equal(float_of(bench_get(b, 0, 7)), 0.4, 1e-6);
    b->inst.img.a16 = 0;

    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set(b, ADDR, lane, 2);
        bench_set(b, 40, lane, 3);
    }
    b->inst.img.nsa = 1;
    b->inst.img.addr[0] = 40;
    LOAD(b, image_load, DIM_2D, 8);
    assert_float_equal(float_of(bench_get(b, 0, 7)), 1, 0);
    bench_destroy(b);
}

static void test_exec(void **state)
{
    struct image_bench *b = bench_create(64);
    struct image_desc desc = image_plain(TYPE_1D, FORMAT_32_UINT, 64, 1, 1);

    (void)state;
    bench_set_image(b, &desc);
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 0xf0f0f0f0;
    bench_wave(b)->sgpr[ISA_REG_EXEC_HI] = 0x00ff00ff;
    for (unsigned lane = 0; lane < 64; lane++) {
        coordinates_set(b, lane, lane, 0, 0, 0);
        bench_set(b, DATA, lane, lane + 1);
    }
    bench_run(b, ISA_OP_image_store, DIM_1D, 1);
    for (unsigned lane = 0; lane < 64; lane++) {
        bool enabled = (lane < 32 ? 0xf0f0f0f0u >> lane : 0x00ff00ffu >> (lane - 32)) & 1;
        uint32_t stored;

        memcpy(&stored, b->memory + 4 * lane, 4);
        assert_int_equal(stored, enabled ? lane + 1 : 0);
    }
    bench_destroy(b);
}

/* ---- atomics and queries ---- */

static void test_atomics(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_UINT, 4, 4, 1);
    uint32_t sum, returned = 0;
    uint64_t wide = 5;

    (void)state;
    bench_set_image(b, &desc);
    for (unsigned lane = 0; lane < 32; lane++) {
        coordinates_set(b, lane, 1, lane == 31 ? 9 : 2, 0, 0); /* the last one is outside */
        bench_set(b, DATA, lane, lane);
        bench_set(b, DST, lane, 77);
    }
    b->inst.img.glc = 1;
    LOAD(b, image_atomic_add, DIM_2D, 1);
    memcpy(&sum, b->memory + image_offset(&desc, 4, 0, 0, 1, 2), 4);
    assert_int_equal(sum, 30 * 31 / 2);
    assert_int_equal(bench_get(b, 0, 31), 0);
    for (unsigned lane = 0; lane < 31; lane++)
        returned = bench_get(b, 0, lane) > returned ? bench_get(b, 0, lane) : returned;
    assert_int_equal(returned, sum - 30);

    desc.format = FORMAT_32_32_UINT;
    bench_set_image(b, &desc);
    memcpy(b->memory, &wide, 8);
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 1;
    coordinates_set(b, 0, 0, 0, 0, 0);
    bench_set(b, DATA, 0, 1);
    bench_set(b, DATA + 1, 0, 2);
    bench_set(b, DATA + 2, 0, 5);
    bench_set(b, DATA + 3, 0, 0);
    LOAD(b, image_atomic_cmpswap, DIM_2D, 0xf);
    memcpy(&wide, b->memory, 8);
    assert_int_equal(wide, 0x200000001);
    assert_int_equal(bench_get(b, 0, 0), 5);
    bench_destroy(b);
}

static void test_resinfo(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D_ARRAY, FORMAT_32_UINT, 20, 10, 6);
    static const unsigned want[3][4] = {{10, 5, 4, 2}, {5, 2, 4, 2}, {0, 0, 0, 2}};

    (void)state;
    desc.levels = 4;
    desc.base_level = 1;
    desc.last_level = 2;
    desc.base_array = 2;
    bench_set_image(b, &desc);
    for (unsigned lane = 0; lane < 32; lane++)
        bench_set(b, ADDR, lane, lane % 3);
    LOAD(b, image_get_resinfo, DIM_2D_ARRAY, 0xf);
    for (unsigned lane = 0; lane < 32; lane++)
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(bench_get(b, i, lane), want[lane % 3][i]);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_known_formats),
        cmocka_unit_test(test_formats_round_trip),
        cmocka_unit_test(test_selection),
        cmocka_unit_test(test_operand_forms),
        cmocka_unit_test(test_exec),
        cmocka_unit_test(test_atomics),
        cmocka_unit_test(test_resinfo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
