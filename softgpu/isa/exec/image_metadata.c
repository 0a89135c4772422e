/* SPDX-License-Identifier: MIT
 *
 * Images with metadata: see image_metadata.h.
 */
#include "softgpu/isa/exec/image_metadata.h"
#include "base/bits.h"

#include <string.h>

#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"
#include "softgpu/surface/surface_metadata.h"

/* ---- descriptors ---- */

/* Textures of depth and of FMASK are told from those of colour by their swizzle mode, in which
 * colour has no metadata, and from each other by their format. */
static enum isa_image_metadata kind_of(const struct isa_image *image)
{
    if (image->swizzle != SURFACE_64KB_Z_X)
        return ISA_METADATA_DCC;
    if (image->format->numeric == ISA_FORMAT_FRAGMENTS)
        return ISA_METADATA_CMASK;
    return image->format->bytes == 1 ? ISA_METADATA_STENCIL : ISA_METADATA_DEPTH;
}

void isa_image_metadata_decode(const uint32_t word[8], struct isa_image *out_image)
{
    const bool aligned = BITS(word[6], 19, 19);
    const uint64_t base = (uint64_t)word[7] << 16 | (uint64_t)BITS(word[6], 24, 31) << 8;
    enum surface_metadata kind;

    if (!BITS(word[6], 21, 21) || out_image->misshapen)
        return;
    out_image->metadata = kind_of(out_image);
    out_image->alpha_is_on_msb = BITS(word[6], 22, 22);
    out_image->metadata_base = (uint64_t)((int64_t)(base << 16) >> 16);
    switch (out_image->metadata) {
    case ISA_METADATA_DCC:
        kind = aligned ? SURFACE_DCC : SURFACE_DCC_UNALIGNED;
        break;
    case ISA_METADATA_CMASK:
        kind = SURFACE_CMASK;
        out_image->metadata_base *= 2;
        break;
    default:
        kind = SURFACE_HTILE;
        break;
    }
    out_image->misshapen =
        surface_metadata_init(&out_image->metadata_layout, kind, &out_image->shape);
}

/* ---- one texel ---- */

struct opening {
    struct isa_wave *w;
    const struct isa_inst *inst;
    const struct isa_image *image;
    unsigned lane;
    unsigned level;
    uint32_t x, y, z; /* elements and slices of the surface, not of the view */
    uint64_t va;
};

static bool read_memory(const struct opening *o, uint64_t va, void *data, unsigned bytes)
{
    struct isa_mem_fault fault;

    if (isa_mem_read(o->w, va, data, bytes, &fault))
        return true;
    isa_fault_raise(o->w, o->inst, fault.kind, fault.va, ISA_ACCESS_READ, o->lane);
    return false;
}

static bool write_memory(const struct opening *o, uint64_t va, const void *data, unsigned bytes)
{
    struct isa_mem_fault fault;

    if (isa_mem_write(o->w, va, data, bytes, &fault))
        return true;
    isa_fault_raise(o->w, o->inst, fault.kind, fault.va, ISA_ACCESS_WRITE, o->lane);
    return false;
}

static bool refuse(const struct opening *o, const char *why)
{
    isa_image_refuse(o->w, o->inst, why);
    return false;
}

/* ---- DCC ---- */

/* What the block's elements are, one after the other. */
static bool colour_block(const struct opening *o, uint8_t key, uint8_t block[SURFACE_DCC_BLOCK])
{
    const struct isa_format *format = o->image->format;
    const unsigned bytes = format->bytes;
    bool color, alpha;
    uint8_t element[16];

    if (key == SURFACE_DCC_CLEAR_SINGLE) {
        if (!read_memory(o, o->va & ~(uint64_t)(SURFACE_DCC_BLOCK - 1), element, bytes))
            return false;
    } else if (surface_dcc_is_ones(key, &color, &alpha)) {
        isa_format_pack_ones(format, color, alpha, !o->image->alpha_is_on_msb, element);
    } else {
        return refuse(o, key == SURFACE_DCC_CLEAR_REG
                             ? "a colour cleared to a register's value has to be eliminated first"
                             : "compressed colours (DCC) that are not this device's own");
    }
    for (unsigned i = 0; i < SURFACE_DCC_BLOCK; i += bytes)
        memcpy(block + i, element, bytes);
    return true;
}

static bool colour_open(const struct opening *o, uint64_t key_va)
{
    const uint8_t plain = SURFACE_DCC_UNCOMPRESSED;
    uint8_t key, block[SURFACE_DCC_BLOCK];

    if (!read_memory(o, key_va, &key, sizeof(key)))
        return false;
    if (key == plain)
        return true;
    return colour_block(o, key, block) &&
           write_memory(o, o->va & ~(uint64_t)(SURFACE_DCC_BLOCK - 1), block, sizeof(block)) &&
           write_memory(o, key_va, &plain, sizeof(plain));
}

/* ---- 8 by 8 pixels ---- */

/* `samples`: that each pixel has in this surface. */
static bool tile_fill(const struct opening *o, const void *element)
{
    const struct surface_layout *layout = &o->image->layout;
    const struct isa_image_level *at = &o->image->levels[o->level];
    const unsigned samples = 1u << o->image->samples_log2;

    for (unsigned i = 0; i < SURFACE_TILE * SURFACE_TILE * samples; i++) {
        uint32_t x = o->x / SURFACE_TILE * SURFACE_TILE + i / samples % SURFACE_TILE;
        uint32_t y = o->y / SURFACE_TILE * SURFACE_TILE + i / samples / SURFACE_TILE;

        if (x < at->width && y < at->height &&
            !write_memory(o,
                          surface_locate(layout, o->image->base, o->level, x, y, o->z, i % samples),
                          element, layout->element_bytes))
            return false;
    }
    return true;
}

/* The field of HTILE's words that is the plane's. */
static uint32_t htile_field(const struct isa_image *image)
{
    return image->metadata == ISA_METADATA_STENCIL ? SURFACE_HTILE_STENCIL : SURFACE_HTILE_Z;
}

static void depth_cleared(const struct opening *o, uint32_t word, uint8_t element[4])
{
    const float value = surface_htile_depth(word);
    uint32_t components[4] = {0};

    memcpy(&components[0], &value, sizeof(value));
    isa_format_pack(o->image->format, components, element);
}

static bool tile_open(const struct opening *o, uint64_t word_va)
{
    const uint32_t field = htile_field(o->image);
    uint8_t element[16] = {0};
    uint32_t word;

    if (!read_memory(o, word_va, &word, sizeof(word)))
        return false;
    switch (surface_htile_state(word, field)) {
    case SURFACE_HTILE_PLAIN:
        return true;
    case SURFACE_HTILE_COMPRESSED:
        return refuse(o, "compressed depth (HTILE) that is not this device's own");
    case SURFACE_HTILE_CLEARED:
        break;
    }
    if (field == SURFACE_HTILE_Z)
        depth_cleared(o, word, element);
    word |= field;
    return tile_fill(o, element) && write_memory(o, word_va, &word, sizeof(word));
}

/* ---- FMASK ---- */

/* Fills nothing, as that would be wrong without filling the fragments. */
static bool fragments_read(const struct opening *o, uint64_t nibble, bool *out_zero)
{
    uint8_t pair;

    /* Addresses are signed: twice one has lost nothing. */
    if (!read_memory(o, (uint64_t)((int64_t)nibble >> 1), &pair, sizeof(pair)))
        return false;
    pair = pair >> nibble % 2 * 4 & 15;
    *out_zero = pair == SURFACE_CMASK_ONE_FRAGMENT;
    return pair >= SURFACE_CMASK_ONE_FRAGMENT ||
           refuse(o, "colours that are cleared by CMASK have to be eliminated first");
}

/* ---- all of them ---- */

/* The usual case: nothing to do. Accesses of memory keep their order (host.h), so what the block
 * holds is there when its key says so. */
static bool is_open(const struct opening *o, uint64_t metadata_va)
{
    struct isa_mem_fault fault;
    uint32_t word = 0;

    if (!isa_mem_read(o->w, metadata_va, &word, o->image->metadata_layout.element_bytes, &fault))
        return false;
    return o->image->metadata == ISA_METADATA_DCC
               ? word == SURFACE_DCC_UNCOMPRESSED
               : surface_htile_state(word, htile_field(o->image)) == SURFACE_HTILE_PLAIN;
}

static bool open_block(const struct opening *o, uint64_t metadata_va)
{
    bool opened;

    if (is_open(o, metadata_va))
        return true;
    surface_metadata_lock();
    opened = o->image->metadata == ISA_METADATA_DCC ? colour_open(o, metadata_va)
                                                    : tile_open(o, metadata_va);
    surface_metadata_unlock();
    return opened;
}

/* False: there is none, of fragments and levels that have no keys. */
static bool metadata_locate(const struct isa_image *image, const struct isa_texel *texel,
                            uint64_t *out_va)
{
    const unsigned block = image->format->block ? image->format->block : 1;
    const bool dcc = image->metadata == ISA_METADATA_DCC;

    if (dcc && texel->sample >= SURFACE_DCC_FRAGMENTS)
        return false;
    if (texel->level + image->base_level >= image->metadata_layout.levels)
        return false;
    *out_va = surface_locate(&image->metadata_layout, image->metadata_base,
                             texel->level + image->base_level, texel->x / block, texel->y / block,
                             texel->slice + texel->z + image->base_array, dcc ? texel->sample : 0);
    return true;
}

static bool open_at(struct isa_wave *w, const struct isa_inst *inst, const struct isa_image *image,
                    const struct isa_texel *texel, uint64_t va, uint64_t metadata_va, unsigned lane,
                    bool *out_zero)
{
    const struct opening o = {
        .w = w,
        .inst = inst,
        .image = image,
        .lane = lane,
        .level = texel->level + image->base_level,
        .x = texel->x,
        .y = texel->y,
        .z = texel->slice + texel->z + image->base_array,
        .va = va,
    };

    *out_zero = false;
    return image->metadata == ISA_METADATA_CMASK ? fragments_read(&o, metadata_va, out_zero)
                                                 : open_block(&o, metadata_va);
}

bool isa_image_open_texel(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_image *image, const struct isa_texel *texel, uint64_t va,
                          unsigned lane, bool *out_zero)
{
    uint64_t metadata_va;

    *out_zero = false;
    if (image->metadata == ISA_METADATA_NONE || !metadata_locate(image, texel, &metadata_va))
        return true;
    return open_at(w, inst, image, texel, va, metadata_va, lane, out_zero);
}

bool isa_image_open_lanes(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_image *image, const struct isa_image_texels *t,
                          uint64_t mask, const uint64_t va[64], uint64_t *out_zeros)
{
    uint64_t metadata_va, last_va = 0;
    bool zero = false, known = false;

    *out_zeros = 0;
    if (!image->format || image->metadata == ISA_METADATA_NONE)
        return true;
    ISA_FOR_LANES(lane, mask)
    {
        const struct isa_texel texel = isa_image_texel_of(t, (unsigned)lane);

        if (!metadata_locate(image, &texel, &metadata_va))
            continue;
        /* Neighbours share a block. */
        if (!known || metadata_va != last_va) {
            if (!open_at(w, inst, image, &texel, va[lane], metadata_va, (unsigned)lane, &zero))
                return false;
            last_va = metadata_va;
            known = true;
        }
        *out_zeros |= (uint64_t)zero << lane;
    }
    return true;
}
