/* SPDX-License-Identifier: MIT
 *
 * Block-compressed formats: BC1 to BC5 against their definition, BC6H and BC7 against another
 * decoder's results, and images of them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image_bench.h"
#include "softgpu/isa/exec/block.h"
#include "softgpu/surface/surface.h"

enum {
    BC1_UNORM = 169,
    BC1_SRGB = 170,
    BC2_UNORM = 171,
    BC3_UNORM = 173,
    BC4_UNORM = 175,
    BC4_SNORM = 176,
    BC5_UNORM = 177,
    BC5_SNORM = 178
};

static void expect_texel(unsigned format, const uint8_t *block, unsigned texel, float r, float g,
                         float b, float a)
{
    const float want[4] = {r, g, b, a};
    uint32_t got[4];

    isa_block_unpack(isa_format_find(format), block, texel % 4, texel / 4, got);
    for (unsigned i = 0; i < 4; i++)
        if (fabsf(float_of(got[i]) - want[i]) > 1e-5f)
            fail_msg("format %u, texel %u, component %u: %g, not %g", format, texel, i,
                     (double)float_of(got[i]), (double)want[i]);
}

/* Red 31 and blue 31, in both orders. Texels 0 to 3 have indices 0 to 3, the others 0. */
static void test_bc1(void **state)
{
    const uint8_t four[8] = {0x00, 0xf8, 0x1f, 0x00, 0xe4};
    const uint8_t three[8] = {0x1f, 0x00, 0x00, 0xf8, 0xe4};
    const uint8_t grey[8] = {0x10, 0x84, 0x10, 0x84}; /* 16, 32, 16 of 31, 63, 31 */

    (void)state;
    expect_texel(BC1_UNORM, four, 0, 1, 0, 0, 1);
    expect_texel(BC1_UNORM, four, 1, 0, 0, 1, 1);
    expect_texel(BC1_UNORM, four, 2, 2.0f / 3, 0, 1.0f / 3, 1);
    expect_texel(BC1_UNORM, four, 3, 1.0f / 3, 0, 2.0f / 3, 1);
    expect_texel(BC1_UNORM, three, 0, 0, 0, 1, 1);
    expect_texel(BC1_UNORM, three, 2, 0.5f, 0, 0.5f, 1);
    expect_texel(BC1_UNORM, three, 3, 0, 0, 0, 0);
    expect_texel(BC1_UNORM, grey, 15, 132.0f / 255, 130.0f / 255, 132.0f / 255, 1);
    expect_texel(BC1_SRGB, three, 2, 0.2140411f, 0, 0.2140411f, 1);
}

static void test_bc2_and_bc3(void **state)
{
    /* Alpha, then colours in the order that has three of them in BC1. */
    const uint8_t explicit_alpha[16] = {0x50, 0xf0, [8] = 0x1f, 0x00, 0x00, 0xf8, 0xe4};
    const uint8_t eight[16] = {200, 60, 0x88, 0xc6, 0xfa, [8] = 0x1f, 0x00, 0x00, 0xf8, 0xe4};
    const uint8_t six[16] = {60, 200, 0x88, 0xc6, 0xfa, [8] = 0x1f, 0x00, 0x00, 0xf8, 0xe4};

    (void)state;
    expect_texel(BC2_UNORM, explicit_alpha, 0, 0, 0, 1, 0);
    expect_texel(BC2_UNORM, explicit_alpha, 1, 1, 0, 0, 5.0f / 15);
    expect_texel(BC2_UNORM, explicit_alpha, 3, 2.0f / 3, 0, 1.0f / 3, 1);
    /* Indices 0, 1, 2, 3, 4, 5, 6, 7: 0xfac688 in threes. */
    expect_texel(BC3_UNORM, eight, 0, 0, 0, 1, 200.0f / 255);
    expect_texel(BC3_UNORM, eight, 1, 1, 0, 0, 60.0f / 255);
    expect_texel(BC3_UNORM, eight, 2, 1.0f / 3, 0, 2.0f / 3, 180.0f / 255);
    expect_texel(BC3_UNORM, eight, 7, 0, 0, 1, 80.0f / 255);
    expect_texel(BC3_UNORM, six, 2, 1.0f / 3, 0, 2.0f / 3, 88.0f / 255);
    expect_texel(BC3_UNORM, six, 6, 0, 0, 1, 0);
    expect_texel(BC3_UNORM, six, 7, 0, 0, 1, 1);
}

static void test_bc4_and_bc5(void **state)
{
    const uint8_t both[16] = {200, 60, 0x88, 0xc6, 0xfa, [8] = 127, 0x80, 0x88, 0xc6, 0xfa};
    const uint8_t below[8] = {0x80, 127, 0x88, 0xc6, 0xfa};

    (void)state;
    expect_texel(BC4_UNORM, both, 7, 80.0f / 255, 0, 0, 1);
    expect_texel(BC5_UNORM, both, 1, 60.0f / 255, 128.0f / 255, 0, 1);
    expect_texel(BC4_SNORM, both + 8, 0, 1, 0, 0, 1);
    expect_texel(BC4_SNORM, both + 8, 1, -1, 0, 0, 1);
    expect_texel(BC4_SNORM, both + 8, 2, 5.0f / 7, 0, 0, 1);
    expect_texel(BC4_SNORM, below, 2, -3.0f / 5, 0, 0, 1);
    expect_texel(BC4_SNORM, below, 6, -1, 0, 0, 1);
    expect_texel(BC4_SNORM, below, 7, 1, 0, 0, 1);
    expect_texel(BC5_SNORM, both, 1, 60.0f / 127, -1, 0, 1);
}

static uint32_t hash(uint32_t value, const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        value = (value ^ ((const uint8_t *)data)[i]) * UINT32_C(16777619);
    return value;
}

static uint32_t block_hash(enum isa_block_codec codec, const uint8_t *block)
{
    uint32_t value = UINT32_C(2166136261);

    for (unsigned texel = 0; texel < 16; texel++) {
        uint8_t bytes[4];
        uint16_t halves[3];
        uint32_t floats[3];

        if (codec == ISA_BLOCK_BC7) {
            isa_block_bc7(block, texel, bytes);
            value = hash(value, bytes, sizeof(bytes));
            continue;
        }
        isa_block_bc6(block, codec == ISA_BLOCK_BC6_SIGNED, texel, halves);
        for (unsigned i = 0; i < 3; i++)
            floats[i] = isa_format_f32_from_f16(halves[i]);
        value = hash(value, floats, sizeof(floats));
    }
    return value;
}

static void test_bc6_and_bc7(void **state)
{
    static const struct {
        enum isa_block_codec codec;
        const char *bytes;
        uint32_t hash;
    } goldens[] = {
#define BLOCK_GOLDEN(codec, bytes, fnv) {ISA_BLOCK_##codec, bytes, fnv},
#include "block_golden.def"
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        uint8_t block[16];

        for (unsigned n = 0; n < 16; n++) {
            unsigned byte;

            assert_int_equal(sscanf(goldens[i].bytes + 2 * n, "%2x", &byte), 1);
            block[n] = (uint8_t)byte;
        }
        if (block_hash(goldens[i].codec, block) != goldens[i].hash)
            fail_msg("block %s of codec %d", goldens[i].bytes, goldens[i].codec);
    }
}

static void test_reserved_modes(void **state)
{
    const uint8_t nothing[16] = {[1] = 0xff};
    uint8_t texel[4];

    (void)state;
    isa_block_bc7(nothing, 3, texel);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(texel[i], 0);
}

/* Sizes that are no multiple of the blocks', with levels, tiled. */
static void test_images(void **state)
{
    struct image_bench *b = bench_create(64);
    struct image_desc desc = image_plain(TYPE_2D, BC1_UNORM, 13, 10, 1);
    const struct surface_shape shape = {.dimension = SURFACE_2D,
                                        .swizzle = SURFACE_4KB_S_X,
                                        .element_bytes = 8,
                                        .width = 4,
                                        .height = 3,
                                        .depth = 1,
                                        .levels = 3};
    struct surface_layout layout;

    (void)state;
    desc.swizzle = SURFACE_4KB_S_X, desc.levels = 3, desc.last_level = 2;
    assert_null(surface_layout_init(&layout, &shape));
    for (unsigned level = 0; level < 3; level++)
        for (unsigned y = 0; y < 3u >> (level > 1); y++)
            for (unsigned x = 0; x < (4u + level) >> level; x++) {
                /* The upper rows of a block have its first colour: red goes by the block. */
                uint16_t packed[2] = {(uint16_t)((8 * level + 4 * y + x) << 11), 31};
                uint8_t *at = &b->memory[surface_locate(&layout, 0, level, x, y, 0, 0)];

                memcpy(at, packed, 4);
                memset(at + 4, 0, 2);
                memset(at + 6, 0x55, 2);
            }
    bench_set_image(b, &desc);
    for (unsigned level = 0; level < 3; level++) {
        unsigned width = 13u >> level, height = 10u >> level;

        for (unsigned i = 0; i < width * height; i++) {
            unsigned x = i % width, y = i / width, red = 8 * level + y / 4 * 4 + x / 4;

            bench_set(b, ADDR, 0, x);
            bench_set(b, ADDR + 1, 0, y);
            bench_set(b, ADDR + 2, 0, level);
            b->inst.dst = ISA_REG_VGPR0 + DST;
            bench_run(b, ISA_OP_image_load_mip, DIM_2D, 5);
            assert_float_equal(float_of(bench_get(b, 0, 0)),
                               (y % 4 < 2 ? (float)(red << 3 | red >> 2) / 255 : 0), 1e-6);
            assert_float_equal(float_of(bench_get(b, 1, 0)), (y % 4 < 2 ? 0 : 1), 1e-6);
        }
    }
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bc1),
        cmocka_unit_test(test_bc2_and_bc3),
        cmocka_unit_test(test_bc4_and_bc5),
        cmocka_unit_test(test_bc6_and_bc7),
        cmocka_unit_test(test_reserved_modes),
        cmocka_unit_test(test_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
