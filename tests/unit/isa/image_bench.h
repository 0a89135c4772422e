/* SPDX-License-Identifier: MIT
 *
 * A wave with an image and a sampler to test MIMG instructions on: descriptors are written from
 * plain fields, and the instruction's registers set and read by component.
 */
#ifndef TESTS_UNIT_ISA_IMAGE_BENCH_H
#define TESTS_UNIT_ISA_IMAGE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mem_fake.h"
#include "softgpu/surface/surface.h"

enum {
    IMAGE_VA = 0x400000,
    IMAGE_BYTES = 1 << 18,
    BORDER_VA = 0x10000000,
    IMAGE_SRD = 8,    /* s[8:15] */
    SAMPLER_SRD = 16, /* s[16:19] */
    ADDR = 0,         /* v[0:12] */
    DATA = 16,
    DST = 24,
    DST_ROWS = 6,
};

enum { DIM_1D, DIM_2D, DIM_3D, DIM_CUBE, DIM_1D_ARRAY, DIM_2D_ARRAY, DIM_MSAA, DIM_MSAA_ARRAY };
enum {
    TYPE_1D = 8,
    TYPE_2D,
    TYPE_3D,
    TYPE_CUBE,
    TYPE_1D_ARRAY,
    TYPE_2D_ARRAY,
    TYPE_2D_MSAA,
    TYPE_2D_MSAA_ARRAY
};
enum {
    FORMAT_32_UINT = 20,
    FORMAT_32_FLOAT = 22,
    FORMAT_8_8_8_8_UNORM = 56,
    FORMAT_32_32_UINT = 62,
    FORMAT_32_32_32_32_FLOAT = 77
};
enum { SELECT_XYZW = 4 | 5 << 3 | 6 << 6 | 7 << 9 };

struct image_desc {
    unsigned type, format, width, height, depth; /* depth: slices of 3D and arrays */
    unsigned levels, base_level, last_level, base_array, swizzle, select, pitch, border_swizzle;
    unsigned samples_log2, tile_xor; /* in units of 256 bytes */
    bool store_view;                 /* of a 3D image */
};

struct sampler_desc {
    unsigned wrap[3], compare, mag, min, z, mip, border_type, border_index, max_aniso_log2,
        reduction;
    bool unnormalized, trunc;
    float min_lod, max_lod, bias;
};

struct image_bench {
    struct fake_group fake;
    struct isa_inst inst;
    struct image_desc desc;
    uint8_t memory[IMAGE_BYTES];
    float border[4][4]; /* table of border colours */
};

static inline struct isa_wave *bench_wave(struct image_bench *b)
{
    return &b->fake.group->waves[0];
}

struct image_bench *bench_create(unsigned lanes);
void bench_destroy(struct image_bench *b);

/* A linear image at IMAGE_VA with one level, unless the fields say otherwise. */
struct image_desc image_plain(unsigned type, unsigned format, unsigned width, unsigned height,
                              unsigned depth);
void bench_set_image(struct image_bench *b, const struct image_desc *desc);
void bench_set_sampler(struct image_bench *b, const struct sampler_desc *desc);

/* Its surface, for softgpu/surface; of one or two dimensions alike. */
struct surface_shape image_shape(const struct image_desc *desc, unsigned bytes);

/* Where a texel lies: bytes from IMAGE_VA. From the rule, not from the code under test: a slice
 * holds all levels, the smallest first, rows padded to 256 bytes. */
uint64_t image_offset(const struct image_desc *desc, unsigned bytes, unsigned level, unsigned slice,
                      unsigned x, unsigned y);

/* The instruction; executed on all enabled lanes, must not fault. */
void bench_run(struct image_bench *b, enum isa_op op, unsigned dim, unsigned dmask);

static inline void bench_set(struct image_bench *b, unsigned row, unsigned lane, uint32_t value)
{
    *fake_vgpr(&b->fake, row, lane) = value;
}

static inline uint32_t bench_get(struct image_bench *b, unsigned component, unsigned lane)
{
    return *fake_vgpr(&b->fake, DST + component, lane);
}

static inline uint32_t bits_of(float value)
{
    uint32_t bits;

    __builtin_memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float value;

    __builtin_memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline void bench_set_float(struct image_bench *b, unsigned row, unsigned lane, float value)
{
    bench_set(b, row, lane, bits_of(value));
}

#endif
