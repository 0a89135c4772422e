/* SPDX-License-Identifier: MIT
 *
 * Metadata of the surfaces that SDMA copies: see sdma_surface.h.
 *
 * Source: Mesa's radv_sdma.c for META_CONFIG; radv_meta_clear.c for what keys stand for.
 */
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "softgpu/cp/sdma_surface.h"
#include "softgpu/gfx/color.h"

/* META_CONFIG.SURFACE_TYPE */
enum { TYPE_COLOR, TYPE_DEPTH, TYPE_STENCIL };

/* ---- META_CONFIG ---- */

/* The fields are those of CB_COLORn_INFO. */
static const struct isa_format *format_find(uint32_t config)
{
    struct gfx_color_format color;

    if (BITS(config, 5, 6) ||
        !gfx_color_format_find(BITS(config, 0, 4) << 2 | BITS(config, 9, 11) << 8, &color))
        return NULL;
    return color.format;
}

const char *sdma_metadata_init(struct sdma_surface *surface, const struct surface_shape *shape,
                               const uint32_t words[3])
{
    const uint32_t config = words[2];
    enum surface_metadata kind = SURFACE_HTILE;
    const char *obstacle;
    uint64_t swizzle;

    switch (BITS(config, 12, 13)) {
    case TYPE_COLOR:
        kind = BITS(config, 31, 31) ? SURFACE_DCC : SURFACE_DCC_UNALIGNED;
        surface->metadata = SDMA_DCC;
        surface->format = format_find(config);
        surface->alpha_lowest = !BITS(config, 8, 8);
        if (!surface->format || surface->format->bytes != shape->element_bytes)
            return "DCC with a data format that is not the elements'";
        break;
    case TYPE_DEPTH:
        surface->metadata = SDMA_HTILE_DEPTH;
        if (shape->element_bytes != 2 && shape->element_bytes != 4)
            return "HTILE of depth whose elements have neither 16 nor 32 bits";
        break;
    case TYPE_STENCIL:
        surface->metadata = SDMA_HTILE_STENCIL;
        if (shape->element_bytes != 1)
            return "HTILE of stencil whose elements have not 8 bits";
        break;
    default:
        return "metadata of FMASK are not modelled";
    }
    obstacle = surface_metadata_init(&surface->metadata_layout, kind, shape);
    if (obstacle)
        return obstacle;
    /* Drivers leave the pipes' and banks' share to the surface's own address, or have it in both.
     */
    swizzle = (UINT64_C(1) << surface->metadata_layout.block_log2) - 1;
    surface->metadata_base = (words[0] | (uint64_t)words[1] << 32) | (surface->base & swizzle);
    return NULL;
}

/* ---- DCC ---- */

static uint64_t block_of(uint64_t va)
{
    return va & ~(uint64_t)(SURFACE_DCC_BLOCK - 1);
}

static enum cp_step color_read(struct sdma_run *run, const struct sdma_surface *surface,
                               const struct sdma_element *at, bool *out_cleared,
                               uint8_t out_element[SDMA_ELEMENT_BYTES])
{
    struct cp_access *access = &run->queue->access;
    bool color, alpha;
    uint8_t key;

    if (!cp_access_read(access, at->place.key_va, &key, sizeof(key)))
        return cp_fail_access(run->queue);
    *out_cleared = key != SURFACE_DCC_UNCOMPRESSED;
    if (!*out_cleared)
        return CP_DONE;
    if (key == SURFACE_DCC_CLEAR_SINGLE)
        return cp_access_read(access, block_of(at->place.va), out_element, surface->format->bytes)
                   ? CP_DONE
                   : cp_fail_access(run->queue);
    if (key == SURFACE_DCC_CLEAR_REG)
        return sdma_refuse(run,
                           "a colour cleared to a register's value has to be eliminated first");
    if (!surface_dcc_is_ones(key, &color, &alpha))
        return sdma_refuse(run, "compressed colours (DCC) that are not this device's own");
    isa_format_pack_ones(surface->format, color, alpha, surface->alpha_lowest, out_element);
    return CP_DONE;
}

static enum cp_step color_open(struct sdma_run *run, const struct sdma_surface *surface,
                               const struct sdma_element *at, const uint8_t *element)
{
    const unsigned bytes = surface->format->bytes;
    const uint8_t plain = SURFACE_DCC_UNCOMPRESSED;
    struct cp_access *access = &run->queue->access;
    uint8_t block[SURFACE_DCC_BLOCK];

    for (unsigned i = 0; i < SURFACE_DCC_BLOCK; i += bytes)
        memcpy(block + i, element, bytes);
    return cp_access_write(access, block_of(at->place.va), block, sizeof(block)) &&
                   cp_access_write(access, at->place.key_va, &plain, sizeof(plain))
               ? CP_DONE
               : cp_fail_access(run->queue);
}

/* ---- HTILE ---- */

static uint32_t tile_field(const struct sdma_surface *surface)
{
    return surface->metadata == SDMA_HTILE_DEPTH ? SURFACE_HTILE_Z : SURFACE_HTILE_STENCIL;
}

static void tile_cleared(const struct sdma_surface *surface, uint32_t word,
                         uint8_t element[SDMA_ELEMENT_BYTES])
{
    const float depth = surface_htile_depth(word);
    const uint16_t norm = (uint16_t)lrintf(depth * UINT16_MAX);

    memset(element, 0, SDMA_ELEMENT_BYTES);
    if (surface->metadata == SDMA_HTILE_STENCIL)
        return;
    if (surface->layout.element_bytes == sizeof(norm))
        memcpy(element, &norm, sizeof(norm));
    else
        memcpy(element, &depth, sizeof(depth));
}

static enum cp_step tile_read(struct sdma_run *run, const struct sdma_surface *surface,
                              const struct sdma_element *at, bool *out_cleared,
                              uint8_t out_element[SDMA_ELEMENT_BYTES])
{
    enum surface_htile_state state;
    uint32_t word;

    if (!cp_access_load32(&run->queue->access, at->place.key_va, &word))
        return cp_fail_access(run->queue);
    state = surface_htile_state(word, tile_field(surface));
    *out_cleared = state == SURFACE_HTILE_CLEARED;
    if (state == SURFACE_HTILE_COMPRESSED)
        return sdma_refuse(run, "compressed depth (HTILE) that is not this device's own");
    tile_cleared(surface, word, out_element);
    return CP_DONE;
}

/* The range of depths stays what it was: only that of cleared tiles means something here. */
static enum cp_step tile_open(struct sdma_run *run, const struct sdma_surface *surface,
                              const struct sdma_element *at, const uint8_t *element)
{
    const uint32_t first_x = at->x / SURFACE_TILE * SURFACE_TILE;
    const uint32_t first_y = at->y / SURFACE_TILE * SURFACE_TILE;
    struct cp_access *access = &run->queue->access;
    uint32_t word;

    for (uint32_t y = first_y; y < first_y + SURFACE_TILE && y < surface->height; y++)
        for (uint32_t x = first_x; x < first_x + SURFACE_TILE && x < surface->width; x++)
            if (!cp_access_write(
                    access,
                    surface_locate(&surface->layout, surface->base, surface->level, x, y, at->z, 0),
                    element, surface->layout.element_bytes))
                return cp_fail_access(run->queue);
    return cp_access_load32(access, at->place.key_va, &word) &&
                   cp_access_store32(access, at->place.key_va, word | tile_field(surface))
               ? CP_DONE
               : cp_fail_access(run->queue);
}

/* ---- both ---- */

enum cp_step sdma_block_read(struct sdma_run *run, const struct sdma_surface *surface,
                             const struct sdma_element *at, bool *out_cleared,
                             uint8_t out_element[SDMA_ELEMENT_BYTES])
{
    return surface->metadata == SDMA_DCC ? color_read(run, surface, at, out_cleared, out_element)
                                         : tile_read(run, surface, at, out_cleared, out_element);
}

enum cp_step sdma_block_open(struct sdma_run *run, const struct sdma_surface *surface,
                             const struct sdma_element *at)
{
    uint8_t element[SDMA_ELEMENT_BYTES];
    bool cleared = false;
    enum cp_step step = sdma_block_read(run, surface, at, &cleared, element);

    if (step != CP_DONE || !cleared)
        return step;
    surface_metadata_lock();
    step = sdma_block_read(run, surface, at, &cleared, element); /* still? */
    if (step == CP_DONE && cleared)
        step = surface->metadata == SDMA_DCC ? color_open(run, surface, at, element)
                                             : tile_open(run, surface, at, element);
    surface_metadata_unlock();
    return step;
}
