/* SPDX-License-Identifier: MIT
 *
 * Metadata of surfaces: which of their blocks are compressed or cleared. It is laid out like a
 * surface itself, whose elements stand for 256 bytes or 8 by 8 pixels of the surface.
 *
 *   DCC    a byte for each 256 bytes of colour: see enum surface_dcc
 *   HTILE  a dword for 8 by 8 pixels of depth and stencil
 *   CMASK  a nibble for 8 by 8 pixels of FMASK, which says where samples' colours are
 *
 * Of multisampled colour, the first two fragments have keys. Which key is which sample's is not
 * published; here the sample takes the place of a coordinate's bit that the block has no use for.
 * Drivers only fill whole levels, so it is as good as any.
 *
 * Source: addrlib (gfx10addrlib.cpp), for the configuration of Navi21; Mesa's ac_surface.h and RADV
 * for what keys mean.
 *
 * Thread safety: pure functions, and tables that are filled once.
 */
#ifndef SOFTGPU_SURFACE_SURFACE_METADATA_H
#define SOFTGPU_SURFACE_SURFACE_METADATA_H

#include "softgpu/surface/surface.h"

enum surface_metadata {
    SURFACE_DCC,           /* of surfaces in 64KB_R_X */
    SURFACE_DCC_UNALIGNED, /* the same, not spread over pipes: META_PIPE_ALIGNED is 0 */
    SURFACE_HTILE,         /* of surfaces in 64KB_Z_X */
    SURFACE_CMASK,         /* the same; addresses are of nibbles: give twice the base */
};

/* `shape`: of the surface itself. The result goes to surface_locate(), with the surface's own
 * coordinates. NULL, or why there is no such metadata, in words. */
const char *surface_metadata_init(struct surface_layout *out_layout, enum surface_metadata kind,
                                  const struct surface_shape *shape);

/* ---- DCC ---- */

/* Keys that need no decompression. All others are of compressed blocks. */
enum surface_dcc {
    SURFACE_DCC_CLEAR_0000 = 0x00,   /* R, G, B and A are 0; of integers, too */
    SURFACE_DCC_CLEAR_SINGLE = 0x10, /* all elements are as the first one in memory */
    SURFACE_DCC_CLEAR_REG = 0x20,    /* the colour is in CB_COLOR_CLEAR_WORD; textures cannot */
    SURFACE_DCC_CLEAR_0001 = 0x40,   /* 1: 1.0, or the largest integer */
    SURFACE_DCC_CLEAR_1110 = 0x80,
    SURFACE_DCC_CLEAR_1111 = 0xc0,
    SURFACE_DCC_UNCOMPRESSED = 0xff,
};

/* Fragments of a surface that have keys (GB_ADDR_CONFIG.MAX_COMPRESSED_FRAGS). */
enum { SURFACE_DCC_FRAGMENTS = 2 };

#endif
