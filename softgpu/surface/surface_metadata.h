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
 * Thread safety: pure functions, tables that are filled once, and a lock.
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
 * coordinates. Its `levels` may be fewer than the surface's: of those that share a block only the
 * first has metadata, later ones are always plain. NULL, or why there is no such metadata, in
 * words. */
const char *surface_metadata_init(struct surface_layout *out_layout, enum surface_metadata kind,
                                  const struct surface_shape *shape);

/* Pixels of a side of what HTILE and CMASK have a word or nibble for; bytes that DCC has a key for.
 */
enum { SURFACE_TILE = 8, SURFACE_DCC_BLOCK = 256 };

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

/* Whether a key says that colour and alpha are ones or zeros; false: it says something else. */
static inline bool surface_dcc_is_ones(uint8_t key, bool *out_color, bool *out_alpha)
{
    *out_color = key & SURFACE_DCC_CLEAR_1110;
    *out_alpha = key & SURFACE_DCC_CLEAR_0001;
    return (key & ~SURFACE_DCC_CLEAR_1111) == 0;
}

/* Fragments of a surface that have keys (GB_ADDR_CONFIG.MAX_COMPRESSED_FRAGS). */
enum { SURFACE_DCC_FRAGMENTS = 2 };

/* ---- HTILE ---- */

/* Fields of a word. The range of depths takes different bits with stencil and without, but its
 * upper end is the same ones, and with all of them set the range is any depth. */
#define SURFACE_HTILE_Z        UINT32_C(0x0000000f) /* see surface_htile_state() */
#define SURFACE_HTILE_STENCIL  UINT32_C(0x00000300) /* the same */
#define SURFACE_HTILE_S_RESULT UINT32_C(0x00000030) /* of the first stencil test: unknown */
#define SURFACE_HTILE_RANGE    UINT32_C(0xfffff000) /* with stencil */
#define SURFACE_HTILE_MIN_MAX  UINT32_C(0xfffffff0) /* without */
#define SURFACE_HTILE_MAX      UINT32_C(0xfffc0000) /* the upper end, from 0 to 1 */

enum surface_htile_state {
    SURFACE_HTILE_CLEARED,    /* depth is DB_DEPTH_CLEAR, stencil DB_STENCIL_CLEAR */
    SURFACE_HTILE_PLAIN,      /* as it is in memory */
    SURFACE_HTILE_COMPRESSED, /* nobody here does that */
};

/* `field`: SURFACE_HTILE_Z or SURFACE_HTILE_STENCIL. */
static inline enum surface_htile_state surface_htile_state(uint32_t word, uint32_t field)
{
    return (word & field) == 0       ? SURFACE_HTILE_CLEARED
           : (word & field) == field ? SURFACE_HTILE_PLAIN
                                     : SURFACE_HTILE_COMPRESSED;
}

/* The depth of a cleared tile where DB_DEPTH_CLEAR is not known: drivers clear so to 0 and 1 only,
 * which the range tells. Stencil is 0 then. */
static inline float surface_htile_depth(uint32_t word)
{
    return (float)(word & SURFACE_HTILE_MAX) / (float)SURFACE_HTILE_MAX;
}

/* ---- CMASK ---- */

/* A nibble. Bits 2 and 3: 0, the colour is that of CB_COLORn_CLEAR_WORD; 3, it is in memory; else
 * it is compressed. Bits 0 and 1: 0, all samples have the first one's; else FMASK says whose. */
enum {
    SURFACE_CMASK_CLEARED = 3,       /* and less */
    SURFACE_CMASK_ONE_FRAGMENT = 12, /* whatever FMASK says */
    SURFACE_CMASK_FRAGMENTS = 13,    /* and more */
};

/* ---- filling ---- */

/* What is cleared is filled, and said to be as it is, by whoever touches it first: a draw or an
 * image instruction, of any queue. Between these two calls nobody else does; look at the metadata
 * once more in between. What is plain already needs no lock. */
void surface_metadata_lock(void);
void surface_metadata_unlock(void);
/* After an access in between went wrong in such a way that it did not return: ends that for the
 * calling thread, if need be. The metadata still say that nothing has been filled. */
void surface_metadata_abandon(void);

#endif
