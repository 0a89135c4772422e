/* SPDX-License-Identifier: MIT
 *
 * The depth back end: tests the samples of fragments against depth bounds, stencil and depth in
 * this order, updates stencil and depth, counts the samples that pass.
 *
 * Depths are compared as they are stored: a fragment's is converted first.
 *
 * Source: Mesa's register database (gfx103.json): DB_*, CompareFrag, StencilOp; what RADV programs
 * (radv_initialise_ds_surface, radv_pipeline_init_depth_stencil_state) for what it is taken to
 * mean.
 *
 * Thread safety: the ring's thread only; the functions on values are pure.
 */
#ifndef SOFTGPU_GFX_DEPTH_H
#define SOFTGPU_GFX_DEPTH_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/gfx/port.h"
#include "softgpu/surface/surface.h"

/* ---- values ---- */

enum gfx_z_format { GFX_Z_NONE, GFX_Z_16, GFX_Z_24, GFX_Z_32_FLOAT };

/* Bits of a comparison are the relations that it accepts: 1 less, 2 equal, 4 greater. */
enum gfx_compare { GFX_COMPARE_NEVER = 0, GFX_COMPARE_ALWAYS = 7 };

enum gfx_stencil_op {
    GFX_STENCIL_KEEP,
    GFX_STENCIL_ZERO,
    GFX_STENCIL_ONES,
    GFX_STENCIL_REPLACE_TEST, /* by the value that is tested */
    GFX_STENCIL_REPLACE_OP,   /* by the operand; those below have it as second operand */
    GFX_STENCIL_ADD_CLAMP,
    GFX_STENCIL_SUB_CLAMP,
    GFX_STENCIL_INVERT,
    GFX_STENCIL_ADD_WRAP,
    GFX_STENCIL_SUB_WRAP,
    GFX_STENCIL_AND,
    GFX_STENCIL_OR,
    GFX_STENCIL_XOR,
    GFX_STENCIL_NAND,
    GFX_STENCIL_NOR,
    GFX_STENCIL_XNOR,
    GFX_STENCIL_OPS
};

/* How one side of primitives is tested. */
struct gfx_stencil_face {
    uint8_t compare;           /* the reference is on the left; both under `mask` */
    uint8_t fail, zfail, pass; /* enum gfx_stencil_op */
    uint8_t reference, mask, write_mask, operand;
};

/* What is stored after `op`, but for the write mask. */
uint8_t gfx_stencil_apply(enum gfx_stencil_op op, uint8_t old, uint8_t reference, uint8_t operand);

/* A depth as it is stored: an integer of 16 or 24 bits, or an f32 pattern. */
uint32_t gfx_z_pack(enum gfx_z_format format, float z);
float gfx_z_unpack(enum gfx_z_format format, uint32_t stored);
/* fragment's COMPARE surface's; a NaN is in no relation to anything. */
bool gfx_z_compare(enum gfx_z_format format, enum gfx_compare compare, uint32_t fragment,
                   uint32_t surface);

/* ---- surfaces ---- */

struct gfx_depth_plane {
    bool present, writable;
    struct surface_layout layout;
    uint64_t base; /* VA, with the surface's share of swizzling */
    struct gfx_port port;
};

/* Metadata of both planes; see depth_htile.c. */
struct gfx_htile {
    bool on;
    bool stencil; /* words have a stencil's state */
    bool expands; /* the draw is a pass that leaves nothing cleared or compressed */
    struct surface_layout layout;
    uint64_t base;
    struct gfx_port port;
    bool known; /* this tile of 8 by 8 pixels has been looked at: */
    uint32_t tile_x, tile_y, slice;
};

struct gfx_depth {
    struct gfx_depth_plane z, stencil;
    struct gfx_htile htile;
    enum gfx_z_format format;
    unsigned level, samples_log2;
    uint32_t width, height;           /* of the level */
    uint32_t first_slice, last_slice; /* of the view */

    bool z_test, z_write, bounds_test, stencil_test, counts;
    bool z_clear, stencil_clear; /* what is written is the register's value */
    bool stencil_exported;       /* the reference is the fragment's */
    uint8_t z_compare;           /* enum gfx_compare */
    float bounds_min, bounds_max;
    uint32_t z_clear_value; /* as stored */
    uint8_t stencil_clear_value;
    struct gfx_stencil_face face[2]; /* front, back */
};

#endif
