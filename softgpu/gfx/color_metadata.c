/* SPDX-License-Identifier: MIT
 *
 * Metadata of render targets. Drivers clear by writing metadata alone; what they have cleared is
 * filled when a draw first touches it, and the metadata then say that it is as it is:
 *
 *   DCC    a byte for each 256 bytes of a sample's colours
 *   CMASK  a nibble for 8 by 8 pixels of several samples; that FMASK says whose colours samples
 *          have is said in another way for each number of samples
 *   FMASK  whose colour each sample of a pixel has: here always its own, where CMASK lets it say
 *
 * Nothing is ever compressed, so filling is also what the passes that eliminate fast clears and
 * decompress are made of.
 *
 * Source: Mesa: radv_meta_clear.c and radv_private.h for the values; ac_surface.c for what has
 * which metadata.
 */
#include <string.h>

#include "base/bits.h"
#include "softgpu/gfx/output.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/surface/surface_metadata.h"

/* CMASK of a tile that is as it is, by the number of samples (Mesa:
 * radv_init_color_image_metadata). */
static const uint8_t cmask_plain[] = {15, 13, 14, 15};

/* ---- what the registers say ---- */

/* Two words; of elements of 16 bytes, the first one is all colours'. */
static void clear_read(const struct gfx_registers *r, unsigned at, unsigned bytes,
                       struct gfx_element *out)
{
    const uint32_t first = gfx_context(r, GFX_CB_COLOR0_CLEAR_WORD0 + at);
    const uint32_t second = gfx_context(r, GFX_CB_COLOR0_CLEAR_WORD1 + at);

    *out = bytes == 16 ? (struct gfx_element){{first, first, first, second}}
                       : (struct gfx_element){{first, second}};
}

/* FMASK is a surface of its own: enough bits for each of a pixel's samples. */
static const char *fmask_place(unsigned swizzle, const struct surface_shape *shape,
                               struct gfx_color_metadata *m)
{
    struct surface_shape fmask = *shape;
    const char *obstacle;

    fmask.swizzle = swizzle;
    fmask.samples_log2 = 0;
    fmask.element_bytes = m->fmask_bytes = shape->samples_log2 == 3 ? 4 : 1;
    m->cmask_port.access = m->fmask_port.access = ISA_ACCESS_READ | ISA_ACCESS_WRITE;
    obstacle = surface_layout_init(&m->fmask_layout, &fmask);
    return obstacle ? obstacle : surface_metadata_init(&m->cmask_layout, SURFACE_CMASK, &fmask);
}

const char *gfx_color_metadata_begin(const struct gfx_registers *r, unsigned n,
                                     const struct surface_shape *shape,
                                     struct gfx_color_target *target)
{
    const unsigned at = n * GFX_COLOR_STRIDE;
    const uint32_t info = gfx_context(r, GFX_CB_COLOR0_INFO + at);
    const uint32_t attrib3 = gfx_context(r, GFX_CB_COLOR0_ATTRIB3 + n);
    struct gfx_color_metadata *m = &target->metadata;
    const char *obstacle = NULL;

    m->dcc = BITS(info, 28, 28);
    m->cmask = BITS(info, 13, 14) != 0; /* fast clears, or FMASK */
    if (m->cmask && !shape->samples_log2)
        return "fast clears by CMASK of a single sample are not modelled";
    clear_read(r, at, shape->element_bytes, &m->clear);
    if (m->cmask) {
        m->cmask_base =
            gfx_context_address(r, GFX_CB_COLOR0_CMASK + at, GFX_CB_COLOR0_CMASK_BASE_EXT + n);
        m->fmask_base =
            gfx_context_address(r, GFX_CB_COLOR0_FMASK + at, GFX_CB_COLOR0_FMASK_BASE_EXT + n);
        obstacle = fmask_place(BITS(attrib3, 19, 23), shape, m);
    }
    if (!obstacle && m->dcc) {
        const bool aligned = BITS(attrib3, 30, 30);

        m->dcc_base =
            gfx_context_address(r, GFX_CB_COLOR0_DCC_BASE + at, GFX_CB_COLOR0_DCC_BASE_EXT + n);
        m->dcc_port.access = ISA_ACCESS_READ | ISA_ACCESS_WRITE;
        obstacle = surface_metadata_init(&m->dcc_layout,
                                         aligned ? SURFACE_DCC : SURFACE_DCC_UNALIGNED, shape);
    }
    return obstacle;
}

void gfx_color_metadata_forget_windows(struct gfx_color_metadata *m)
{
    gfx_port_forget(&m->dcc_port);
    gfx_port_forget(&m->cmask_port);
    gfx_port_forget(&m->fmask_port);
}

/* ---- DCC ---- */

/* The element that a whole block consists of; false: the key is of a compressed block. */
static bool key_element(const struct gfx_color_target *target, uint8_t key, const uint8_t *block,
                        uint8_t out[16])
{
    const struct isa_format *format = target->format.format;
    bool color, alpha;

    if (key == SURFACE_DCC_CLEAR_SINGLE)
        isa_host_copy(out, block, format->bytes);
    else if (key == SURFACE_DCC_CLEAR_REG)
        memcpy(out, target->metadata.clear.dword, 16);
    else if (surface_dcc_is_ones(key, &color, &alpha))
        isa_format_pack_ones(format, color, alpha, target->alpha_lowest, out);
    else
        return false;
    return true;
}

static uint8_t *key_host(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                         const struct gfx_place *place, unsigned sample)
{
    struct gfx_color_metadata *m = &target->metadata;

    return gfx_port_host(pipeline, &m->dcc_port,
                         surface_locate(&m->dcc_layout, m->dcc_base, target->level, place->x,
                                        place->y, place->slice, sample),
                         1);
}

/* Fills the block at `va`, if it is still cleared. Others are locked out. */
static bool block_fill(struct gfx_pipeline *pipeline, struct gfx_color_target *target, uint64_t va,
                       uint8_t *key)
{
    const unsigned bytes = target->format.format->bytes;
    const uint8_t says = isa_host_load8(key);
    uint8_t element[16], *block;

    if (says == SURFACE_DCC_UNCOMPRESSED)
        return true;
    block = gfx_port_host(pipeline, &target->port, va, SURFACE_DCC_BLOCK);
    if (!block)
        return false;
    if (!key_element(target, says, block, element)) {
        gfx_refuse(pipeline, "a block of colours at 0x%llx is compressed (key 0x%02x)",
                   (unsigned long long)va, says);
        return false;
    }
    for (unsigned i = 0; i < SURFACE_DCC_BLOCK; i += bytes)
        isa_host_copy(block + i, element, bytes);
    isa_host_store8(key, SURFACE_DCC_UNCOMPRESSED);
    return true;
}

static uint64_t block_locate(const struct gfx_color_target *target, const struct gfx_place *place,
                             unsigned sample)
{
    return gfx_color_locate(target, place, sample) & ~(uint64_t)(SURFACE_DCC_BLOCK - 1);
}

static bool block_open(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                       const struct gfx_place *place, unsigned sample)
{
    const uint64_t va = block_locate(target, place, sample);
    struct gfx_color_metadata *m = &target->metadata;
    uint8_t *key;

    if (m->block_known && m->block_va == va)
        return true;
    m->block_known = false;
    key = key_host(pipeline, target, place, sample);
    if (!key)
        return false;
    if (isa_host_load8(key) != SURFACE_DCC_UNCOMPRESSED) {
        surface_metadata_lock();
        bool filled = block_fill(pipeline, target, va, key);

        surface_metadata_unlock();
        if (!filled)
            return false;
    }
    m->block_va = va;
    m->block_known = true;
    return true;
}

/* ---- CMASK ---- */

/* Makes that a sample's key says that its colours are as they are: the first one's are, the others
 * are about to be. */
static bool key_open(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                     const struct gfx_place *place, unsigned sample)
{
    uint8_t *key;

    if (!target->metadata.dcc || sample >= SURFACE_DCC_FRAGMENTS)
        return true;
    key = key_host(pipeline, target, place, sample);
    if (!key)
        return false;
    if (sample == 0)
        return block_fill(pipeline, target, block_locate(target, place, 0), key);
    isa_host_store8(key, SURFACE_DCC_UNCOMPRESSED);
    return true;
}

/* Gives all samples of a pixel the colour of the first one, or of the register. */
static bool pixel_spread(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                         const struct gfx_place *place, bool use_register)
{
    static const uint32_t own[] = {0, 0x02, 0xe4, 0x76543210}; /* FMASK: each sample its own */
    const unsigned bytes = target->format.format->bytes;
    struct gfx_color_metadata *m = &target->metadata;
    uint8_t element[16], *host;

    memcpy(element, m->clear.dword, sizeof(element));
    for (unsigned s = 0; s < 1u << target->samples_log2; s++) {
        if (!key_open(pipeline, target, place, s))
            return false;
        host = gfx_port_host(pipeline, &target->port, gfx_color_locate(target, place, s), bytes);
        if (!host)
            return false;
        if (s == 0 && !use_register)
            isa_host_copy(element, host, bytes);
        else
            isa_host_copy(host, element, bytes);
    }
    host = gfx_port_host(pipeline, &m->fmask_port,
                         surface_locate(&m->fmask_layout, m->fmask_base, target->level, place->x,
                                        place->y, place->slice, 0),
                         m->fmask_bytes);
    if (!host)
        return false;
    isa_host_copy(host, (const uint8_t *)&own[target->samples_log2], m->fmask_bytes);
    return true;
}

static bool tile_spread(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                        const struct gfx_place *tile, bool use_register)
{
    for (unsigned i = 0; i < SURFACE_TILE * SURFACE_TILE; i++) {
        struct gfx_place place = {tile->x + i % SURFACE_TILE, tile->y + i / SURFACE_TILE,
                                  tile->slice};

        if (place.x < target->width && place.y < target->height &&
            !pixel_spread(pipeline, target, &place, use_register))
            return false;
    }
    return true;
}

static unsigned nibble_load(const uint8_t *host, unsigned shift)
{
    return isa_host_load8(host) >> shift & 15;
}

/* Fills a tile, if its samples have no colours of their own still. Others are locked out. */
static bool tile_fill(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                      const struct gfx_place *tile, uint8_t *host, unsigned shift)
{
    const unsigned state = nibble_load(host, shift);

    if (state >= SURFACE_CMASK_FRAGMENTS)
        return true;
    if (state > SURFACE_CMASK_CLEARED && state != SURFACE_CMASK_ONE_FRAGMENT) {
        gfx_refuse(pipeline, "samples' colours are compressed (CMASK %u)", state);
        return false;
    }
    if (!tile_spread(pipeline, target, tile, state <= SURFACE_CMASK_CLEARED))
        return false;
    isa_host_store8(host, (uint8_t)((isa_host_load8(host) & ~(15u << shift)) |
                                    (unsigned)cmask_plain[target->samples_log2] << shift));
    return true;
}

static bool tile_open(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                      const struct gfx_place *place)
{
    struct gfx_color_metadata *m = &target->metadata;
    const struct gfx_place tile = {place->x & ~(SURFACE_TILE - 1u), place->y & ~(SURFACE_TILE - 1u),
                                   place->slice};
    uint64_t nibble;
    unsigned shift;
    uint8_t *host;

    if (m->tile_known && !memcmp(&tile, &m->tile, sizeof(tile)))
        return true;
    m->tile_known = false;
    nibble = surface_locate(&m->cmask_layout, 2 * m->cmask_base, target->level, tile.x, tile.y,
                            tile.slice, 0);
    shift = nibble % 2 * 4;
    /* Addresses are signed: twice one has lost nothing. */
    host = gfx_port_host(pipeline, &m->cmask_port, (uint64_t)((int64_t)nibble >> 1), 1);
    if (!host)
        return false;
    if (nibble_load(host, shift) < SURFACE_CMASK_FRAGMENTS) {
        surface_metadata_lock();
        bool filled = tile_fill(pipeline, target, &tile, host, shift);

        surface_metadata_unlock();
        if (!filled)
            return false;
    }
    m->tile = tile;
    m->tile_known = true;
    return true;
}

bool gfx_color_open(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                    const struct gfx_place *place, unsigned sample)
{
    const struct gfx_color_metadata *m = &target->metadata;

    if (m->cmask && !tile_open(pipeline, target, place))
        return false;
    return !m->dcc || sample >= SURFACE_DCC_FRAGMENTS ||
           block_open(pipeline, target, place, sample);
}
