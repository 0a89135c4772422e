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

enum { TILE = 8 };

/* Fields of a word (Mesa: radv_get_htile_fast_clear_value). The range of depths takes different
 * bits with stencil and without, but reaches to the top with all of them set. */
#define WORD_Z         UINT32_C(0x0000000f) /* 0: cleared; all: as it is */
#define WORD_STENCIL   UINT32_C(0x00000300) /* the same */
#define WORD_S_RESULT  UINT32_C(0x00000030) /* of the first stencil test: unknown */
#define WORD_RANGE     UINT32_C(0xfffff000) /* with stencil: any depth */
#define WORD_MIN_MAX   UINT32_C(0xfffffff0) /* without */
#define WORD_MAX_LARGE UINT32_C(0xfffc0000) /* without: any depth */

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
    const uint32_t x = htile->tile_x * TILE, y = htile->tile_y * TILE;

    for (unsigned i = 0; i < TILE * TILE * samples; i++) {
        const uint32_t px = x + i / samples % TILE, py = y + i / samples / TILE;
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
    return htile->stencil ? word | WORD_Z | WORD_RANGE
                          : (word & ~WORD_MIN_MAX) | WORD_Z | WORD_MAX_LARGE;
}

bool gfx_htile_open(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragment)
{
    struct gfx_depth *depth = &pipeline->output->depth;
    struct gfx_htile *htile = &depth->htile;
    const uint32_t tile_x = (uint32_t)fragment->x / TILE, tile_y = (uint32_t)fragment->y / TILE;
    const uint32_t slice = depth->first_slice + fragment->layer;
    uint32_t word, opened;
    uint64_t va;
    uint8_t *host;

    if (htile->known && htile->tile_x == tile_x && htile->tile_y == tile_y && htile->slice == slice)
        return true;
    htile->known = false;
    htile->tile_x = tile_x;
    htile->tile_y = tile_y;
    htile->slice = slice;
    va = surface_locate(&htile->layout, htile->base, depth->level, tile_x * TILE, tile_y * TILE,
                        slice, 0);
    host = gfx_port_host(pipeline, &htile->port, va, sizeof(word));
    if (!host)
        return false;
    opened = word = isa_host_load32(host);
    if (depth->z.present && !(word & WORD_Z)) {
        if (!tile_fill(pipeline, &depth->z, htile, depth->z_clear_value))
            return false;
        opened = word_without_z(htile, opened);
    }
    if (depth->stencil.present && htile->stencil && !(word & WORD_STENCIL)) {
        if (!tile_fill(pipeline, &depth->stencil, htile, depth->stencil_clear_value))
            return false;
        opened |= WORD_STENCIL | WORD_S_RESULT;
    }
    if (opened != word)
        isa_host_store32(host, opened);
    htile->known = true;
    return true;
}
