/* SPDX-License-Identifier: MIT
 *
 * HTILE: tiles of 8 by 8 pixels that drivers have cleared by writing their word alone. A tile is
 * filled when a draw first touches it, and its word then says that it is as it is; nothing is ever
 * compressed, so that is also what a decompressing pass leaves.
 */
#include "base/bits.h"
#include "softgpu/gfx/output.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/surface/surface_metadata.h"

const char *gfx_htile_begin(const struct gfx_registers *r, const struct surface_shape *shape,
                            struct gfx_htile *htile)
{
    const uint32_t render = gfx_context(r, GFX_DB_RENDER_CONTROL);

    htile->on = BITS(gfx_context(r, GFX_DB_Z_INFO), 29, 29);
    if (!htile->on)
        return NULL;
    htile->stencil = !BITS(gfx_context(r, GFX_DB_STENCIL_INFO), 29, 29);
    htile->expands = BITS(render, 5, 6) != 0;
    htile->base = gfx_context_address(r, GFX_DB_HTILE_DATA_BASE, GFX_DB_HTILE_DATA_BASE_HI);
    htile->port.access = ISA_ACCESS_READ | ISA_ACCESS_WRITE;
    return surface_metadata_init(&htile->layout, SURFACE_HTILE, shape);
}

/* Writes all samples of a tile in one plane. */
static bool tile_fill(struct gfx_pipeline *pipeline, struct gfx_depth_plane *plane,
                      const struct gfx_htile *htile, uint32_t value)
{
    const struct gfx_depth *depth = &pipeline->output->depth;
    const unsigned samples = 1u << depth->samples_log2;
    const uint32_t x = htile->tile_x * SURFACE_TILE, y = htile->tile_y * SURFACE_TILE;

    for (unsigned i = 0; i < SURFACE_TILE * SURFACE_TILE * samples; i++) {
        const uint32_t px = x + i / samples % SURFACE_TILE, py = y + i / samples / SURFACE_TILE;
        const unsigned bytes = plane->layout.element_bytes;
        uint8_t *host;

        if (px >= depth->width || py >= depth->height)
            continue;
        host = gfx_port_host(pipeline, &plane->port,
                             surface_locate(&plane->layout, plane->base, depth->level, px, py,
                                            htile->slice, i % samples),
                             bytes);
        if (!host)
            return false;
        if (bytes == 1)
            isa_host_store8(host, (uint8_t)value);
        else if (bytes == 2)
            isa_host_store16(host, (uint16_t)value);
        else
            isa_host_store32(host, value);
    }
    return true;
}

static uint32_t word_without_z(const struct gfx_htile *htile, uint32_t word)
{
    return htile->stencil ? word | SURFACE_HTILE_Z | SURFACE_HTILE_RANGE
                          : (word & ~SURFACE_HTILE_MIN_MAX) | SURFACE_HTILE_Z | SURFACE_HTILE_MAX;
}

/* Fills a tile in one plane, if that is what the plane's field in its word asks for. */
static bool plane_open(struct gfx_pipeline *pipeline, struct gfx_depth_plane *plane, uint32_t word,
                       uint32_t field, uint32_t value, bool *out_filled)
{
    *out_filled = false;
    switch (surface_htile_state(word, field)) {
    case SURFACE_HTILE_PLAIN:
        return true;
    case SURFACE_HTILE_COMPRESSED:
        gfx_refuse(pipeline, "a tile of depth or stencil is compressed (HTILE 0x%08x)", word);
        return false;
    case SURFACE_HTILE_CLEARED:
        break;
    }
    *out_filled = tile_fill(pipeline, plane, &pipeline->output->depth.htile, value);
    return *out_filled;
}

/* Whether the word has nothing to say of the planes that take part. */
static bool word_is_plain(const struct gfx_depth *depth, uint32_t word)
{
    const uint32_t fields =
        (depth->z.present ? SURFACE_HTILE_Z : 0) |
        (depth->stencil.present && depth->htile.stencil ? SURFACE_HTILE_STENCIL : 0);

    return (word & fields) == fields;
}

/* Others are locked out. */
static bool tile_open(struct gfx_pipeline *pipeline, uint8_t *host)
{
    struct gfx_depth *depth = &pipeline->output->depth;
    const uint32_t word = isa_host_load32(host);
    uint32_t opened = word;
    bool filled;

    if (depth->z.present) {
        if (!plane_open(pipeline, &depth->z, word, SURFACE_HTILE_Z, depth->z_clear_value, &filled))
            return false;
        if (filled)
            opened = word_without_z(&depth->htile, opened);
    }
    if (depth->stencil.present && depth->htile.stencil) {
        if (!plane_open(pipeline, &depth->stencil, word, SURFACE_HTILE_STENCIL,
                        depth->stencil_clear_value, &filled))
            return false;
        if (filled)
            opened |= SURFACE_HTILE_STENCIL | SURFACE_HTILE_S_RESULT;
    }
    if (opened != word)
        isa_host_store32(host, opened);
    return true;
}

bool gfx_htile_open(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragment)
{
    struct gfx_depth *depth = &pipeline->output->depth;
    struct gfx_htile *htile = &depth->htile;
    const uint32_t tile_x = (uint32_t)fragment->x / SURFACE_TILE;
    const uint32_t tile_y = (uint32_t)fragment->y / SURFACE_TILE;
    const uint32_t slice = gfx_view_slice(depth->first_slice, depth->last_slice, fragment->layer);
    uint64_t va;
    uint8_t *host;

    if (htile->known && htile->tile_x == tile_x && htile->tile_y == tile_y && htile->slice == slice)
        return true;
    htile->known = false;
    htile->tile_x = tile_x;
    htile->tile_y = tile_y;
    htile->slice = slice;
    va = surface_locate(&htile->layout, htile->base, depth->level, tile_x * SURFACE_TILE,
                        tile_y * SURFACE_TILE, slice, 0);
    host = gfx_port_host(pipeline, &htile->port, va, sizeof(uint32_t));
    if (!host)
        return false;
    htile->known = word_is_plain(depth, isa_host_load32(host));
    if (!htile->known) {
        surface_metadata_lock();
        htile->known = tile_open(pipeline, host);
        surface_metadata_unlock();
    }
    return htile->known;
}
