/* SPDX-License-Identifier: MIT
 *
 * Where metadata of surfaces lies: see surface_metadata.h.
 *
 * Source: addrlib (gfx10addrlib.cpp), HwlComputeDccInfo, -HtileInfo, -CmaskInfo and GetMetaBlkSize;
 * gfx10SwizzlePattern.h for the equations, for 16 pipes and 16 packers.
 */
#include "softgpu/surface/surface_metadata.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "softgpu/surface/surface_equation.h"

enum { ELEMENTS = 5 };

/* Blocks of metadata: log2 of their size in bytes (CMASK: nibbles), of the surface's elements that
 * they cover, and the bits of offsets in them, from bit `first` on. */
struct block {
    uint8_t size_log2, width_log2, height_log2, first;
    const char *bits;
};

/* By the elements' size. */
static const struct block dcc_blocks[ELEMENTS] = {
    {13, 11, 10, 0, "x6 x7 y7 x8 y8 x9 y9 x10 x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 x6^y6"},
    {13, 10, 10, 0, "y3 x6 x7 y7 x8 y8 x9 y9 x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 x6^y6"},
    {13, 10, 9, 0, "x3 y3 x6 x7 y7 x8 y8 x9 x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 x6^y6"},
    {13, 9, 9, 0, "y2 x3 y3 x6 x7 y7 x8 y8 x8^y4^y8 x4^y4^z3 x7^y5^z2 x5^y7^z1 x6^y6"},
    {13, 9, 8, 0, "x2 x3 y3 x6 x7 y7 y2 x8 x8^y4^y8 x4^y4^z2 x7^y5^z1 x5^y7^z0 x6^y6"},
};
static const struct block dcc_unaligned_blocks[ELEMENTS] = {
    {12, 10, 10, 0, "x4 y4 x5 y5 x6 y6 x7 y7 x8 y8 x9 y9"},
    {12, 10, 9, 0, "y3 x4 y4 x5 y5 x6 y6 x7 y7 x8 y8 x9"},
    {12, 9, 9, 0, "x3 y3 x4 y4 x5 y5 x6 y6 x7 y7 x8 y8"},
    {12, 9, 8, 0, "y2 x3 y3 x4 y4 x5 y5 x6 y6 x7 y7 x8"},
    {12, 8, 8, 0, "x2 y2 x3 y3 x4 y4 x5 y5 x6 y6 x7 y7"},
};
static const struct block htile_block = {
    16, 10, 10, 2, "x3 y3 x6 x7 y7 x8 x8^y4^y8 x4^y4^z1 x7^y5^z0 x5^y7 y8 x9 y9 x6^y6"};
static const struct block cmask_block = {
    14, 10, 10, 0, "x3 y3 x6 x7 y7 x8 y8 x9 y9 x8^y4^y8 x4^y4^z1 x7^y5^z0 x5^y7 x6^y6"};

/* ---- equations ---- */

/* Two fragments share a block, which is half as large then: the bit of the coordinate that it has
 * lost is the fragment's. */
static void bits_share(struct block *block, struct surface_bit *bits, unsigned count)
{
    unsigned axis = block->width_log2 > block->height_log2 ? SURFACE_AXIS_X : SURFACE_AXIS_Y;
    uint8_t *side = axis == SURFACE_AXIS_X ? &block->width_log2 : &block->height_log2;
    struct surface_bit lost = {{0}};

    lost.of[axis] = (uint16_t)(1u << --*side);
    for (unsigned i = 0; i < count; i++)
        if (!memcmp(&bits[i], &lost, sizeof(lost))) {
            bits[i] = (struct surface_bit){.of[SURFACE_AXIS_SAMPLE] = 1};
            return;
        }
    assert(!"the largest coordinate has a bit to itself");
}

struct prepared {
    struct block block;
    struct surface_equation equation;
};

static struct prepared dcc[2][ELEMENTS][2]; /* unaligned; element; several fragments */
static struct prepared htile, cmask;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(const struct block *block, bool shared, struct prepared *out)
{
    struct surface_bit bits[SURFACE_BITS] = {{{0}}};
    unsigned count = block->first + surface_bits_parse(block->bits, bits + block->first);

    out->block = *block;
    assert(count == block->size_log2);
    if (shared)
        bits_share(&out->block, bits, count);
    surface_equation_fill(bits, count, &out->equation);
}

static void prepare_all(void)
{
    for (unsigned i = 0; i < ELEMENTS; i++)
        for (unsigned shared = 0; shared < 2; shared++) {
            prepare(&dcc_blocks[i], shared, &dcc[0][i][shared]);
            prepare(&dcc_unaligned_blocks[i], shared, &dcc[1][i][shared]);
        }
    prepare(&htile_block, false, &htile);
    prepare(&cmask_block, false, &cmask);
}

/* NULL, with a reason: there is none. */
static const struct prepared *prepared_find(enum surface_metadata kind,
                                            const struct surface_shape *shape,
                                            const char **out_obstacle)
{
    const bool depth = kind == SURFACE_HTILE || kind == SURFACE_CMASK;

    if (shape->swizzle != (depth ? SURFACE_64KB_Z_X : SURFACE_64KB_R_X)) {
        *out_obstacle = "metadata (DCC, HTILE, CMASK) of this swizzle mode is not modelled";
        return NULL;
    }
    pthread_once(&once, prepare_all);
    if (kind == SURFACE_HTILE)
        return &htile;
    if (kind == SURFACE_CMASK)
        return &cmask;
    return &dcc[kind == SURFACE_DCC_UNALIGNED][__builtin_ctz(shape->element_bytes)]
               [shape->samples_log2 > 0];
}

/* ---- layout ---- */

static uint64_t blocks_along(uint32_t size, unsigned level, unsigned block_log2)
{
    uint64_t elements = (size + (UINT64_C(1) << level) - 1) >> level;

    return (elements + (UINT64_C(1) << block_log2) - 1) >> block_log2;
}

/* As the surface's own: the smallest levels share a block, the others follow from the smallest. */
static void levels_lay_out(struct surface_layout *layout, const struct surface_layout *surface,
                           const struct surface_shape *shape)
{
    const uint64_t bytes = UINT64_C(1) << layout->block_log2;
    uint64_t offset = surface->level[shape->levels - 1].in_tail ? bytes : 0;

    for (unsigned level = shape->levels; level-- > 0;) {
        struct surface_level *at = &layout->level[level];

        if (surface->level[level].in_tail) {
            *at = surface->level[level];
            continue;
        }
        at->offset = offset;
        at->row_blocks = blocks_along(shape->width, level, layout->block_width_log2);
        offset +=
            at->row_blocks * blocks_along(shape->height, level, layout->block_height_log2) * bytes;
    }
    layout->slice = offset;
    layout->size = offset * shape->depth;
}

/* The surface whose levels' places the metadata follow. Depth and stencil share words, but their
 * tails are laid out by the size of elements: that of the widest depth counts. */
static const char *levels_follow(enum surface_metadata kind, const struct surface_shape *shape,
                                 struct surface_layout *out_surface)
{
    struct surface_shape followed = *shape;

    if (kind == SURFACE_HTILE)
        followed.element_bytes = sizeof(uint32_t);
    return surface_layout_init(out_surface, &followed);
}

const char *surface_metadata_init(struct surface_layout *out_layout, enum surface_metadata kind,
                                  const struct surface_shape *shape)
{
    struct surface_layout surface;
    const char *obstacle = levels_follow(kind, shape, &surface);
    const struct prepared *prepared = obstacle ? NULL : prepared_find(kind, shape, &obstacle);

    if (!prepared)
        return obstacle;
    memset(out_layout, 0, sizeof(*out_layout));
    *out_layout = (struct surface_layout){
        .equation = &prepared->equation,
        .element_bytes = kind == SURFACE_HTILE ? 4 : 1,
        .block_log2 = prepared->block.size_log2,
        .block_width_log2 = prepared->block.width_log2,
        .block_height_log2 = prepared->block.height_log2,
        .swizzled_base = true,
        .levels = shape->levels,
    };
    levels_lay_out(out_layout, &surface, shape);
    for (unsigned level = shape->levels - 1; level > 0 && surface.level[level - 1].in_tail; level--)
        out_layout->levels = level;
    return NULL;
}

/* ---- filling ---- */

static pthread_mutex_t filling = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool fills;

void surface_metadata_lock(void)
{
    pthread_mutex_lock(&filling);
    fills = true;
}

void surface_metadata_unlock(void)
{
    fills = false;
    pthread_mutex_unlock(&filling);
}

void surface_metadata_abandon(void)
{
    if (fills)
        surface_metadata_unlock();
}
