/* SPDX-License-Identifier: MIT
 *
 * Surfaces as SDMA packets describe them: one mip level of a tiled surface, with metadata or
 * without, or a linear one, which is all pitches.
 *
 * Nothing is ever compressed here: metadata say of a block that it is as it is in memory, or that
 * it has been cleared by writing its key alone. Copies read the clear value of such a block, and
 * fill it before they write into it.
 *
 * Source: the kernel's navi10_sdma_pkt_open.h for fields; Mesa's radv_sdma.c for what they are
 * taken to mean.
 *
 * Thread safety: the queue's thread only. Blocks that are cleared are filled under the lock that
 * all engines have for that (surface_metadata.h).
 */
#ifndef SOFTGPU_CP_SDMA_SURFACE_H
#define SOFTGPU_CP_SDMA_SURFACE_H

#include "softgpu/cp/sdma.h"
#include "softgpu/isa/exec/format.h"
#include "softgpu/surface/surface_metadata.h"

enum { SDMA_ELEMENT_BYTES = 16 };

enum sdma_metadata { SDMA_PLAIN, SDMA_DCC, SDMA_HTILE_DEPTH, SDMA_HTILE_STENCIL };

struct sdma_surface {
    struct surface_layout layout;
    uint64_t base;
    unsigned level;
    uint32_t width, height, depth; /* of the level, elements; of linear surfaces 0: not known */
    uint32_t x, y, z;              /* where the packet's rectangle begins */

    enum sdma_metadata metadata;
    struct surface_layout metadata_layout; /* unless plain, as the rest */
    uint64_t metadata_base;
    const struct isa_format *format; /* of DCC's clear colours; a constant */
    bool alpha_lowest;
};

/* Where an element is, and its key; 0: no metadata. */
struct sdma_place {
    uint64_t va, key_va;
};

/* Coordinates are of the level. */
static inline struct sdma_place sdma_place_of(const struct sdma_surface *s, uint32_t x, uint32_t y,
                                              uint32_t z)
{
    struct sdma_place place = {surface_locate(&s->layout, s->base, s->level, x, y, z, 0), 0};

    if (s->metadata != SDMA_PLAIN)
        place.key_va = surface_locate(&s->metadata_layout, s->metadata_base, s->level, x, y, z, 0);
    return place;
}

/* An element of a surface with metadata. */
struct sdma_element {
    uint32_t x, y, z;
    struct sdma_place place;
};

/* ---- sdma_metadata.c ---- */

/* `words`: META_ADDR and META_CONFIG. `shape`: of the surface, whose base is known. NULL, or why
 * not, in words (a constant). */
const char *sdma_metadata_init(struct sdma_surface *surface, const struct surface_shape *shape,
                               const uint32_t words[3]);

/* Whether the element's block is cleared, and what its elements are then. */
enum cp_step sdma_block_read(struct sdma_run *run, const struct sdma_surface *surface,
                             const struct sdma_element *at, bool *out_cleared,
                             uint8_t out_element[SDMA_ELEMENT_BYTES]);

/* Makes the element's block one that is as it is in memory. */
enum cp_step sdma_block_open(struct sdma_run *run, const struct sdma_surface *surface,
                             const struct sdma_element *at);

#endif
