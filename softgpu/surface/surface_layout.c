/* SPDX-License-Identifier: MIT
 *
 * Where mip levels, slices and blocks of a surface lie: see surface.h.
 *
 * Source: addrlib (gfx10addrlib.cpp), ComputeSurfaceInfoLinear, -MicroTiled and -MacroTiled.
 */
#include <string.h>

#include "softgpu/surface/surface.h"
#include "softgpu/surface/surface_equation.h"

enum { ROW_ALIGN = 256, MICRO_LOG2 = 8 }; /* bytes, of linear surfaces; of the smallest blocks */

struct extent {
    uint64_t width, height, depth;
};

static uint64_t align_to(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* Elements of a level: rounded up, where the number of texels is rounded down. */
static struct extent level_extent(const struct surface_shape *shape, unsigned level)
{
    uint64_t up = (UINT64_C(1) << level) - 1;

    return (struct extent){
        .width = (shape->width + up) >> level,
        .height = (shape->height + up) >> level,
        .depth = shape->dimension == SURFACE_3D ? (shape->depth + up) >> level : 1,
    };
}

/* ---- linear ---- */

static void layout_linear(struct surface_layout *layout, const struct surface_shape *shape)
{
    uint64_t offset = 0;

    for (unsigned level = shape->levels; level-- > 0;) {
        struct extent extent = level_extent(shape, level);
        uint64_t elements = shape->pitch && shape->levels == 1 ? shape->pitch : extent.width;
        uint64_t row = align_to(elements * shape->element_bytes, ROW_ALIGN);

        layout->level[level] = (struct surface_level){.offset = offset, .row_blocks = row};
        offset += row * extent.height;
    }
    layout->slice = offset;
    layout->size = offset * shape->depth;
}

/* ---- blocks ---- */

static bool shape_is_thick(const struct surface_shape *shape)
{
    return shape->dimension == SURFACE_3D && !surface_is_thin(shape->swizzle);
}

/* Thin blocks of a mode are as wide as high, or twice as wide; with 2 or 8 samples rather twice as
 * high. `bits`: log2 of the number of elements. */
static void block_shape_thin(struct surface_layout *layout, unsigned bits, unsigned samples_log2)
{
    bool wide = samples_log2 % 2 == 0 || layout->block_log2 % 2 == 1;
    unsigned width = (bits + wide) / 2;

    layout->block_width_log2 = (uint8_t)width;
    layout->block_height_log2 = (uint8_t)(bits - width);
    layout->block_depth_log2 = 0;
}

/* In the lowest 1024 bytes width comes first, then height; then depth and height do. */
static void block_shape_thick(struct surface_layout *layout, unsigned element_log2)
{
    unsigned kilobyte = 10 - element_log2, more = layout->block_log2 - 10u;

    layout->block_width_log2 = (uint8_t)((kilobyte + 2) / 3 + more / 3);
    layout->block_height_log2 = (uint8_t)((kilobyte + 1) / 3 + more / 3 + (more % 3 == 2));
    layout->block_depth_log2 = (uint8_t)(kilobyte / 3 + more / 3 + (more % 3 != 0));
}

/* Where the 256 bytes at the beginning of a level of the tail are, in units of 256 bytes. */
static uint32_t tail_place(unsigned from_end)
{
    return from_end > 6 ? 16u << from_end >> MICRO_LOG2 : from_end;
}

/* Every second bit, from `first` on. */
static uint32_t bits_gather(uint32_t value, unsigned first)
{
    uint32_t out = 0;

    for (unsigned i = 0; i < 6; i++)
        out |= (value >> (2 * i + first) & 1) << i;
    return out;
}

/* Levels of the tail begin at 256-byte blocks, whose numbers' bits are those of y and x in turn. */
static void tail_level(struct surface_level *level, unsigned from_end, bool thick,
                       unsigned element_log2)
{
    uint32_t place = tail_place(from_end);
    unsigned bits = MICRO_LOG2 - element_log2;
    unsigned width_log2 = thick ? bits / 3 + (bits % 3 > 1) : (bits + 1) / 2;
    unsigned height_log2 = thick ? bits / 3 : bits / 2;

    level->in_tail = true;
    level->tail_x = bits_gather(place, 1) << width_log2;
    level->tail_y = bits_gather(place, 0) << height_log2;
}

/* The most levels that a tail has room for. */
static unsigned tail_levels_max(unsigned block_log2, bool thick)
{
    unsigned plane = thick ? block_log2 - (block_log2 - MICRO_LOG2) / 3 : block_log2;

    return plane <= 11 ? 1 + (1u << (plane - 9)) : plane - 4;
}

/* The largest level that fits into a tail: half a block. */
static struct extent tail_extent(const struct surface_layout *layout,
                                 const struct surface_shape *shape, bool thick)
{
    unsigned width = layout->block_width_log2, height = layout->block_height_log2;

    if (!thick || layout->block_log2 % 3 == 1)
        width--;
    else if (layout->block_log2 % 3 == 0)
        height--;
    /* Depth surfaces of small elements: the tail must be no larger than what HTILE of a tail of
     * 4-byte elements covers. */
    if (surface_is_depth_order(shape->swizzle) && shape->element_bytes == 1)
        width--, height--;
    else if (surface_is_depth_order(shape->swizzle) && shape->element_bytes == 2)
        width--;
    return (struct extent){UINT64_C(1) << width, UINT64_C(1) << height, 0};
}

/* The first level of the tail; shape->levels if there is none. 256-byte blocks have none. */
static unsigned tail_begin(const struct surface_layout *layout, const struct surface_shape *shape,
                           bool thick)
{
    if (shape->levels == 1 || layout->block_log2 == MICRO_LOG2)
        return shape->levels;

    struct extent most = tail_extent(layout, shape, thick);
    unsigned count = tail_levels_max(layout->block_log2, thick), level = 0;

    for (; level < shape->levels; level++) {
        struct extent extent = level_extent(shape, level);

        if (extent.width <= most.width && extent.height <= most.height &&
            shape->levels - level <= count)
            break;
    }
    return level;
}

static void layout_blocks(struct surface_layout *layout, const struct surface_shape *shape,
                          unsigned element_log2)
{
    const bool thick = shape_is_thick(shape);
    const unsigned first_in_tail = tail_begin(layout, shape, thick);
    const uint64_t block_slices = UINT64_C(1) << layout->block_depth_log2;
    uint64_t offset = first_in_tail < shape->levels ? UINT64_C(1) << layout->block_log2 : 0;

    for (unsigned level = first_in_tail; level < shape->levels; level++) {
        unsigned from_end =
            tail_levels_max(layout->block_log2, thick) - 1 - (level - first_in_tail);

        layout->level[level].row_blocks = 1;
        tail_level(&layout->level[level], from_end, thick, element_log2);
    }
    for (unsigned level = first_in_tail; level-- > 0;) {
        struct extent extent = level_extent(shape, level);
        uint64_t columns = align_to(extent.width, UINT64_C(1) << layout->block_width_log2) >>
                           layout->block_width_log2;
        uint64_t rows = align_to(extent.height, UINT64_C(1) << layout->block_height_log2) >>
                        layout->block_height_log2;

        layout->level[level].offset = offset;
        layout->level[level].row_blocks = columns;
        offset += columns * rows << layout->block_log2;
    }
    layout->slice = offset;
    layout->size = offset * (align_to(shape->depth, block_slices) / block_slices);
}

const char *surface_layout_init(struct surface_layout *out_layout,
                                const struct surface_shape *shape)
{
    const unsigned element_log2 = (unsigned)__builtin_ctz(shape->element_bytes);
    const int block_log2 = surface_block_log2(shape->swizzle);
    bool thick;

    if (block_log2 < 0)
        return "there is no such swizzle mode";
    thick = shape_is_thick(shape);
    memset(out_layout, 0, sizeof(*out_layout));
    out_layout->element_bytes = shape->element_bytes;
    out_layout->levels = shape->levels;
    if (shape->swizzle == SURFACE_LINEAR) {
        if (shape->samples_log2)
            return "linear surfaces have one sample";
        layout_linear(out_layout, shape);
        return NULL;
    }
    if (shape->element_bytes & (shape->element_bytes - 1))
        return "only linear surfaces have elements whose size is no power of two";
    if (shape->samples_log2 && (shape->levels > 1 || shape->dimension != SURFACE_2D))
        return "multisampled surfaces are two-dimensional and have one mip level";
    out_layout->equation =
        surface_equation_find(shape->swizzle, thick, shape->samples_log2, element_log2);
    if (!out_layout->equation)
        return "the swizzle mode does not go with this number of dimensions or samples";
    out_layout->block_log2 = (uint8_t)block_log2;
    out_layout->swizzled_base = surface_has_pipe_xor(shape->swizzle);
    if (thick)
        block_shape_thick(out_layout, element_log2);
    else
        block_shape_thin(out_layout, (unsigned)block_log2 - element_log2 - shape->samples_log2,
                         shape->samples_log2);
    layout_blocks(out_layout, shape, element_log2);
    return NULL;
}
