/* SPDX-License-Identifier: MIT
 *
 * The colour back end: from a fragment's colours to elements of render targets in memory. Exports
 * are unpacked to 32 bits a component; values are blended as f32, converted by the project's format
 * table (softgpu/isa/exec/format.h) and stored under the write mask.
 *
 * Sources: Mesa's register database (gfx103.json) for fields; what RADV and ac_shader_util.c
 * program for what they are taken to mean; AMD's R6xx register reference for COMP_SWAP and the
 * roundings.
 *
 * Not modelled: RB+ (SX_PS_DOWNCONVERT makes colours shorter before they are blended; here they
 * keep the precision they were exported with, which APIs allow).
 *
 * Thread safety: the ring's thread only; gfx_export_unpack() and gfx_color_format_find() are pure.
 */
#ifndef SOFTGPU_GFX_COLOR_H
#define SOFTGPU_GFX_COLOR_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/gfx/blend.h"
#include "softgpu/gfx/port.h"
#include "softgpu/gfx/registers.h"
#include "softgpu/isa/exec/format.h"
#include "softgpu/surface/surface.h"

enum {
    GFX_COLOR_TARGETS = 8,
    GFX_COLOR_STRIDE = GFX_CB_COLOR1_BASE - GFX_CB_COLOR0_BASE, /* registers to the next target */
};

/* ---- exports ---- */

enum gfx_export_format { /* SPI_SHADER_EX_FORMAT */
                         GFX_EXPORT_ZERO,
                         GFX_EXPORT_32_R,
                         GFX_EXPORT_32_GR,
                         GFX_EXPORT_32_AR,
                         GFX_EXPORT_FP16_ABGR,
                         GFX_EXPORT_UNORM16_ABGR,
                         GFX_EXPORT_SNORM16_ABGR,
                         GFX_EXPORT_UINT16_ABGR,
                         GFX_EXPORT_SINT16_ABGR,
                         GFX_EXPORT_32_ABGR,
};

/* What a lane's export instruction carried, as red, green, blue and alpha of 32 bits: f32 patterns
 * of floats and norms, integers extended. `row`: of the export; 16-bit formats have two components
 * in each of the first two. What the format does not carry becomes 0. */
void gfx_export_unpack(enum gfx_export_format format, const uint32_t row[4], uint32_t out[4]);

/* ---- formats ---- */

/* How memory holds colours. */
struct gfx_color_format {
    const struct isa_format *format;
    uint8_t components;
    uint8_t order[4]; /* memory's component i is red (0), green, blue or alpha (3) */
};

/* CB_COLORn_INFO's FORMAT, NUMBER_TYPE and COMP_SWAP; false: there is no such format. */
bool gfx_color_format_find(uint32_t info, struct gfx_color_format *out_format);

/* ---- targets ---- */

/* An element's bits, by the dword; the largest elements have 128. */
struct gfx_element {
    uint32_t dword[4];
};

/* A pixel of a surface; `slice` counts from the surface's first. */
struct gfx_place {
    uint32_t x, y, slice;
};

/* Which metadata a target has, and what of it has been looked at; see color_metadata.c. */
struct gfx_color_metadata {
    bool dcc, cmask;
    unsigned fmask_bytes; /* of a pixel */
    struct gfx_element clear;
    struct surface_layout dcc_layout, cmask_layout, fmask_layout;
    uint64_t dcc_base, cmask_base, fmask_base;
    struct gfx_port dcc_port, cmask_port, fmask_port;
    bool block_known, tile_known; /* nothing is left to fill in: */
    uint64_t block_va;
    struct gfx_place tile;
};

struct gfx_color_target {
    struct gfx_color_format format;
    struct gfx_color_metadata metadata;
    bool alpha_lowest; /* alpha, or what takes its place, has the lowest bits */
    enum isa_format_rounding rounding;
    bool bytes;              /* norms of 8 bits, rounded to nearest */
    struct gfx_element mask; /* the bits that are written */
    bool whole;              /* all of them */
    bool reads;              /* what is in memory plays a role */
    bool opaque;             /* FORCE_DST_ALPHA_1 */
    bool dual;               /* blends with target 1's export */
    uint8_t rop;             /* see gfx_rop() */
    struct gfx_blend blend;

    struct surface_layout layout;
    uint64_t base; /* VA, with the surface's share of swizzling */
    unsigned level, samples_log2;
    uint32_t width, height;           /* of the level */
    uint32_t first_slice, last_slice; /* of the view */
    struct gfx_port port;

    /* The last colour that was stored without a look at memory, and its element. */
    uint32_t known[4];
    struct gfx_element known_element;
    bool known_valid;
};

enum gfx_color_mode { /* CB_COLOR_CONTROL.MODE */
                      GFX_COLOR_DISABLE = 0,
                      GFX_COLOR_NORMAL = 1,
                      GFX_COLOR_ELIMINATE_FAST_CLEAR = 2,
                      GFX_COLOR_RESOLVE = 3, /* target 0's samples to target 1 */
                      GFX_COLOR_FMASK_DECOMPRESS = 5,
                      GFX_COLOR_DCC_DECOMPRESS = 6,
};

struct gfx_color {
    enum gfx_color_mode mode;
    uint8_t on; /* targets that take part, bit by bit */
    struct gfx_color_target target[GFX_COLOR_TARGETS];
};

/* The address of a sample's element. */
static inline uint64_t gfx_color_locate(const struct gfx_color_target *target,
                                        const struct gfx_place *place, unsigned sample)
{
    return surface_locate(&target->layout, target->base, target->level, place->x, place->y,
                          place->slice, sample);
}

#endif
