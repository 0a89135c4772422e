/* SPDX-License-Identifier: MIT
 *
 * Image instructions on images with metadata: what keys say is cleared is what loads, samples and
 * stores find, and memory and keys agree afterwards.
 */
#include <string.h>

#include "image_bench.h"
#include "softgpu/surface/surface_metadata.h"

enum {
    KEYS = 0x30000, /* in the bench's memory */
    KEYS_BYTES = 0x10000,
    COMPRESSION_EN = 1 << 21,
    ALPHA_IS_ON_MSB = 1 << 22,
    META_PIPE_ALIGNED = 1 << 19,
    FORMAT_16_UNORM = 7,
    FORMAT_8_UINT = 5,
    FORMAT_8_8_8_8_UINT = 60,
    FORMAT_8_8_8_8_SINT = 61,
    FORMAT_FMASK_S4_F4 = 161,
};

/* An image whose metadata are all bytes of `key`; its memory is noise. */
static void open_image(struct image_bench *b, const struct image_desc *desc, uint8_t key,
                       uint32_t flags)
{
    const uint64_t base = IMAGE_VA + KEYS;

    memset(b->memory, 0xa7, sizeof(b->memory));
    memset(b->memory + KEYS, key, KEYS_BYTES);
    bench_set_image(b, desc);
    bench_wave(b)->sgpr[IMAGE_SRD + 6] =
        COMPRESSION_EN | META_PIPE_ALIGNED | flags | (uint32_t)(base >> 8 & 0xff) << 24;
    bench_wave(b)->sgpr[IMAGE_SRD + 7] = (uint32_t)(base >> 16);
}

static void load(struct image_bench *b, unsigned x, unsigned y)
{
    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        bench_set(b, ADDR, lane, x);
        bench_set(b, ADDR + 1, lane, y);
    }
    b->inst.dst = ISA_REG_VGPR0 + DST;
    bench_run(b, ISA_OP_image_load, DIM_2D, 15);
}

static void expect_floats(struct image_bench *b, float r, float g, float bl, float a)
{
    const float want[4] = {r, g, bl, a};

    for (unsigned i = 0; i < 4; i++)
        assert_float_equal(float_of(bench_get(b, i, 0)), want[i], 1e-6);
}

static struct image_desc colour_image(unsigned format)
{
    struct image_desc desc = image_plain(TYPE_2D, format, 100, 60, 1);

    desc.swizzle = SURFACE_64KB_R_X;
    return desc;
}

static void test_clear_codes(void **state)
{
    static const struct {
        uint8_t key;
        float colour, alpha;
    } codes[] = {{0x00, 0, 0}, {0x40, 0, 1}, {0x80, 1, 0}, {0xc0, 1, 1}};
    struct image_bench *b = bench_create(32);
    struct image_desc desc = colour_image(FORMAT_8_8_8_8_UNORM);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        float colour = codes[i].colour, alpha = codes[i].alpha;

        open_image(b, &desc, codes[i].key, ALPHA_IS_ON_MSB);
        load(b, 50, 31);
        expect_floats(b, colour, colour, colour, alpha);
        open_image(b, &desc, codes[i].key, 0);
        load(b, 50, 31);
        expect_floats(b, alpha, colour, colour, colour);
    }
    open_image(b, &desc, 0xff, ALPHA_IS_ON_MSB);
    load(b, 50, 31);
    expect_floats(b, 167.0f / 255, 167.0f / 255, 167.0f / 255, 167.0f / 255);
    bench_destroy(b);
}

static void test_integers(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = colour_image(FORMAT_8_8_8_8_UINT);

    (void)state;
    open_image(b, &desc, SURFACE_DCC_CLEAR_1110, ALPHA_IS_ON_MSB);
    load(b, 3, 4);
    assert_int_equal(bench_get(b, 0, 0), 255);
    assert_int_equal(bench_get(b, 3, 0), 0);
    desc.format = FORMAT_8_8_8_8_SINT;
    open_image(b, &desc, SURFACE_DCC_CLEAR_1110, ALPHA_IS_ON_MSB);
    load(b, 3, 4);
    assert_int_equal(bench_get(b, 0, 0), 127);
    bench_destroy(b);
}

/* The block's first element has the colour of all. */
static void test_clear_to_single(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = colour_image(FORMAT_32_FLOAT);
    const struct surface_shape shape = image_shape(&desc, 4);
    struct surface_layout layout;
    const float colour = 0.375f;

    (void)state;
    assert_null(surface_layout_init(&layout, &shape));
    open_image(b, &desc, SURFACE_DCC_CLEAR_SINGLE, 0);
    memcpy(&b->memory[surface_locate(&layout, 0, 0, 16, 24, 0, 0)], &colour, 4);
    load(b, 21, 30);
    assert_float_equal(float_of(bench_get(b, 0, 0)), colour, 0);
    bench_destroy(b);
}

/* A store to a cleared block leaves the rest of it cleared, and other blocks alone. */
static void test_store(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = colour_image(FORMAT_32_UINT);
    const struct surface_shape shape = image_shape(&desc, 4);
    struct surface_layout layout, keys;

    (void)state;
    assert_null(surface_layout_init(&layout, &shape));
    assert_null(surface_metadata_init(&keys, SURFACE_DCC, &shape));
    open_image(b, &desc, SURFACE_DCC_CLEAR_0000, 0);
    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set(b, ADDR, lane, 40 + lane % 4);
        bench_set(b, ADDR + 1, lane, 8 + lane / 4);
        bench_set(b, DATA, lane, 5000 + lane);
    }
    b->inst.src[1] = ISA_REG_VGPR0 + DATA;
    bench_run(b, ISA_OP_image_store, DIM_2D, 1);
    for (unsigned i = 0; i < 64; i++) {
        unsigned x = 40 + i % 8, y = 8 + i / 8;
        uint32_t value;

        memcpy(&value, &b->memory[surface_locate(&layout, 0, 0, x, y, 0, 0)], 4);
        assert_int_equal(value, i % 8 < 4 ? 5000 + i / 8 * 4 + i % 8 : 0);
    }
    for (unsigned y = 0; y < 60; y += 8)
        for (unsigned x = 0; x < 100; x += 8)
            assert_int_equal(b->memory[KEYS + surface_locate(&keys, 0, 0, x, y, 0, 0)],
                             x == 40 && y == 8 ? SURFACE_DCC_UNCOMPRESSED : SURFACE_DCC_CLEAR_0000);
    bench_destroy(b);
}

/* Keys of colours that a register has, or that are compressed, stop the wave. */
static void test_refusals(void **state)
{
    static const uint8_t keys[] = {SURFACE_DCC_CLEAR_REG, 0x33};
    struct image_bench *b = bench_create(32);
    struct image_desc desc = colour_image(FORMAT_32_UINT);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        open_image(b, &desc, keys[i], 0);
        b->inst = (struct isa_inst){.op = ISA_OP_image_load,
                                    .dwords = 2,
                                    .dst = ISA_REG_VGPR0 + DST,
                                    .src = {ISA_REG_VGPR0, 0, IMAGE_SRD},
                                    .img = {.dmask = 1, .dim = DIM_2D}};
        fake_execute(&b->fake, &b->inst);
        assert_int_equal(bench_wave(b)->stop, ISA_STOP_FAULT);
        assert_int_equal(bench_wave(b)->fault.kind, ISA_FAULT_UNSUPPORTED);
        fake_group_restart(&b->fake);
    }
    bench_destroy(b);
}

static void fill_words(struct image_bench *b, uint32_t word)
{
    for (unsigned i = 0; i < KEYS_BYTES; i += 4)
        memcpy(b->memory + KEYS + i, &word, 4);
}

/* HTILE: depth cleared to 1 and to 0, stencil to 0, each without the other. */
static void test_depth(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_FLOAT, 50, 30, 1);
    const struct surface_shape shape = image_shape(&desc, 4);
    struct surface_layout htile;
    uint32_t word;

    (void)state;
    desc.swizzle = SURFACE_64KB_Z_X;
    open_image(b, &desc, 0, 0);
    fill_words(b, 0xfffc00f0); /* farthest */
    load(b, 20, 17);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 1, 0);

    struct surface_shape depth_shape = shape;

    depth_shape.swizzle = SURFACE_64KB_Z_X;
    assert_null(surface_metadata_init(&htile, SURFACE_HTILE, &depth_shape));
    memcpy(&word, &b->memory[KEYS + surface_locate(&htile, 0, 0, 20, 17, 0, 0)], 4);
    assert_int_equal(word, 0xfffc00ff);
    memcpy(&word, &b->memory[KEYS + surface_locate(&htile, 0, 0, 8, 17, 0, 0)], 4);
    assert_int_equal(word, 0xfffc00f0);

    open_image(b, &desc, 0, 0);
    load(b, 49, 29);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 0, 0);
    desc.format = FORMAT_16_UNORM;
    open_image(b, &desc, 0, 0);
    fill_words(b, 0xfffc00f0);
    load(b, 49, 29);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 1, 0);
    desc.format = FORMAT_8_UINT;
    open_image(b, &desc, 0, 0);
    fill_words(b, 0xfffff0ff); /* depth as it is, stencil cleared */
    load(b, 11, 12);
    assert_int_equal(bench_get(b, 0, 0), 0);
    fill_words(b, 0xfffff3f0);
    load(b, 40, 12);
    assert_int_equal(bench_get(b, 0, 0), 0xa7);
    bench_destroy(b);
}

/* Which fragment has each of four samples' colours: four bits each, of two in memory. */
static void test_fragments(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_FMASK_S4_F4, 50, 30, 1);

    (void)state;
    desc.swizzle = SURFACE_64KB_Z_X;
    open_image(b, &desc, 0xee, 0);
    memset(b->memory, 0xe4, KEYS);
    load(b, 20, 17);
    assert_int_equal(bench_get(b, 0, 0), 0x3210);
    open_image(b, &desc, 0xcc, 0);
    load(b, 20, 17);
    assert_int_equal(bench_get(b, 0, 0), 0);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear_codes),     cmocka_unit_test(test_integers),
        cmocka_unit_test(test_clear_to_single), cmocka_unit_test(test_store),
        cmocka_unit_test(test_refusals),        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_fragments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
