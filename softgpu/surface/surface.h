/* SPDX-License-Identifier: MIT
 *
 * Surfaces: where the elements of an image, render target or depth buffer lie in memory, for every
 * swizzle mode of GFX10.3. An element is a texel, or a block of a block-compressed format.
 *
 * A surface is divided into blocks of 256 bytes, 4 KiB, 64 KiB or 256 KiB; blocks follow each other
 * in rows. In a block, each bit of an element's offset is the exclusive or of some bits of its
 * coordinates, which spreads neighbours over memory channels. Mip levels lie in a slice from the
 * smallest to the largest; the smallest ones share a block, the tail.
 *
 * Source: AMD's addrlib as Mesa has it (gfx10addrlib.cpp, gfx10SwizzlePattern.h), for the
 * configuration of Navi21: 16 pipes, 16 packers, 256 bytes of pipe interleave.
 *
 * Typical use:
 *
 *     struct surface_shape shape = {.dimension = SURFACE_2D, .swizzle = SURFACE_64KB_R_X, ...};
 *     struct surface_layout layout;
 *     const char *obstacle = surface_layout_init(&layout, &shape);
 *
 *     va = surface_locate(&layout, base, level, x, y, z, sample);
 *
 * A layout is a value without references to free: keep it with what it describes, and make it once
 * per draw or image rather than per element.
 *
 * Thread safety: pure functions, and tables that are filled once.
 */
#ifndef SOFTGPU_SURFACE_SURFACE_H
#define SOFTGPU_SURFACE_SURFACE_H

#include <stdbool.h>
#include <stdint.h>

/* GB_ADDR_CONFIG's fields that swizzling depends on, and the only values that are modelled. */
#define SURFACE_ADDR_CONFIG_MASK UINT32_C(0x073f)
#define SURFACE_ADDR_CONFIG      UINT32_C(0x0404)

/* SW_MODE of image descriptors, COLOR_SW_MODE, DB_Z_INFO.SW_MODE ... */
enum surface_swizzle {
    SURFACE_LINEAR = 0,
    SURFACE_256B_S = 1,
    SURFACE_256B_D = 2,
    SURFACE_4KB_S = 5,
    SURFACE_4KB_D = 6,
    SURFACE_64KB_S = 9,
    SURFACE_64KB_D = 10,
    SURFACE_64KB_S_T = 17,
    SURFACE_64KB_D_T = 18,
    SURFACE_4KB_S_X = 21,
    SURFACE_4KB_D_X = 22,
    SURFACE_64KB_Z_X = 24,
    SURFACE_64KB_S_X = 25,
    SURFACE_64KB_D_X = 26,
    SURFACE_64KB_R_X = 27,
    SURFACE_256KB_Z_X = 28, /* "VAR": 16 KiB for each pipe */
    SURFACE_256KB_R_X = 31,
    SURFACE_SWIZZLES = 32,
};

enum surface_dimension { SURFACE_1D, SURFACE_2D, SURFACE_3D };

enum { SURFACE_LEVELS = 16, SURFACE_SAMPLES_LOG2 = 3 };

/* What descriptors and registers say. */
struct surface_shape {
    enum surface_dimension dimension;
    unsigned swizzle;       /* enum surface_swizzle */
    unsigned element_bytes; /* 1, 2, 4, 8, 16; 12 when linear */
    unsigned samples_log2;  /* fragments that are stored: 0 to SURFACE_SAMPLES_LOG2 */
    uint32_t width, height; /* elements of the first level */
    uint32_t depth;         /* of 3D surfaces; of others the number of slices, which is only needed
                             * for surface_layout.size */
    unsigned levels;        /* 1 to SURFACE_LEVELS */
    uint32_t pitch;         /* elements, of linear surfaces of one level; 0: as the width asks */
};

/* One mip level. */
struct surface_level {
    uint64_t offset;         /* bytes, in a slice */
    uint64_t row_blocks;     /* blocks in a row; of linear surfaces, bytes in a row */
    uint32_t tail_x, tail_y; /* where the level begins in the tail's block; 0 elsewhere */
    bool in_tail;
};

/* What offsets in a block are, by the coordinates' bits: see surface_equation.c. */
struct surface_equation;

struct surface_layout {
    const struct surface_equation *equation; /* NULL: linear */
    unsigned element_bytes;
    uint8_t block_log2; /* bytes of a block; 0 when linear */
    uint8_t block_width_log2, block_height_log2, block_depth_log2; /* elements */
    bool swizzled_base; /* the base address has the pipes' and banks' share of the offset */
    unsigned levels;
    struct surface_level level[SURFACE_LEVELS];
    uint64_t
        slice;     /* bytes from one slice to the next; of thick blocks, from one layer of blocks */
    uint64_t size; /* bytes of everything, metadata aside */
};

/* NULL, or why the surface cannot be, in words (a constant). *out_layout is valid in the first case
 * only. */
const char *surface_layout_init(struct surface_layout *out_layout,
                                const struct surface_shape *shape);

/* A block's size as a power of two, 8 for 256 bytes, 0 for linear; -1: there is no such mode. */
int surface_block_log2(unsigned swizzle);
/* Whether a 3D surface of this mode has blocks of one slice. */
bool surface_is_thin(unsigned swizzle);

/* ---- one element ---- */

enum { SURFACE_LOW_BITS = 6, SURFACE_LOW = 1 << SURFACE_LOW_BITS, SURFACE_Z = 128 };

/* Offsets in a block are linear in the coordinates' bits, so those of parts of the coordinates
 * only have to be combined by exclusive or. */
struct surface_equation {
    uint32_t x_low[SURFACE_LOW], x_high[SURFACE_LOW]; /* six bits each */
    uint32_t y_low[SURFACE_LOW], y_high[SURFACE_LOW];
    uint32_t z[SURFACE_Z];
    uint32_t sample[1 << SURFACE_SAMPLES_LOG2];
};

static inline uint32_t surface_offset_x(const struct surface_equation *e, uint32_t x)
{
    return e->x_low[x % SURFACE_LOW] ^ e->x_high[x / SURFACE_LOW % SURFACE_LOW];
}

static inline uint32_t surface_offset_y(const struct surface_equation *e, uint32_t y)
{
    return e->y_low[y % SURFACE_LOW] ^ e->y_high[y / SURFACE_LOW % SURFACE_LOW];
}

/* The address of an element. `base`: as descriptors and registers have it, its low bits are part of
 * the swizzle. `z`: the array slice, or the depth of 3D surfaces. Coordinates are of `level`, in
 * elements, and inside of it: the caller has looked. */
static inline uint64_t surface_locate(const struct surface_layout *layout, uint64_t base,
                                      unsigned level, uint32_t x, uint32_t y, uint32_t z,
                                      unsigned sample)
{
    const struct surface_level *at = &layout->level[level];
    const struct surface_equation *e = layout->equation;
    uint64_t slice = (uint64_t)(z >> layout->block_depth_log2) * layout->slice + at->offset;

    if (!e)
        return base + slice + y * at->row_blocks + (uint64_t)x * layout->element_bytes;

    uint64_t block =
        (y >> layout->block_height_log2) * at->row_blocks + (x >> layout->block_width_log2);
    uint32_t within = surface_offset_x(e, x + at->tail_x) ^ surface_offset_y(e, y + at->tail_y) ^
                      e->z[z % SURFACE_Z] ^ e->sample[sample];
    uint64_t swizzle = layout->swizzled_base ? base & ((UINT64_C(1) << layout->block_log2) - 1) : 0;

    return base - swizzle + slice + (block << layout->block_log2) + (within ^ swizzle);
}

#endif
