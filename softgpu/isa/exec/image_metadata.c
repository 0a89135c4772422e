/* SPDX-License-Identifier: MIT
 *
 * Images with metadata: see image_metadata.h.
 */
#include "softgpu/isa/exec/image_metadata.h"
#include "base/bits.h"

#include <pthread.h>
#include <string.h>

#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"
#include "softgpu/surface/surface_metadata.h"

enum { COLOUR_BLOCK = 256 /* bytes */, TILE = 8 /* pixels */ };

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

/* An element of a block that is cleared; false: the key is of something else. */
static bool clear_element(const struct isa_image *image, uint8_t key, uint8_t out_element[16])
{
    switch (key) {
    case SURFACE_DCC_CLEAR_0000:
    case SURFACE_DCC_CLEAR_0001:
    case SURFACE_DCC_CLEAR_1110:
    case SURFACE_DCC_CLEAR_1111:
        isa_format_pack_ones(image->format, key & SURFACE_DCC_CLEAR_1110,
                             key & SURFACE_DCC_CLEAR_0001, !image->alpha_is_on_msb, out_element);
        return true;
    default:
        return false;
    }
}

/* What the block's elements are, one after the other. */
static bool colour_block(const struct opening *o, uint8_t key, uint8_t block[COLOUR_BLOCK])
{
    const unsigned bytes = o->image->format->bytes;
    uint8_t element[16];

    if (key == SURFACE_DCC_CLEAR_SINGLE) {
        if (!read_memory(o, o->va & ~(uint64_t)(COLOUR_BLOCK - 1), element, bytes))
            return false;
    } else if (!clear_element(o->image, key, element)) {
        return refuse(o, key == SURFACE_DCC_CLEAR_REG
                             ? "a colour cleared to a register's value has to be eliminated first"
                             : "compressed colours (DCC) that are not this device's own");
    }
    for (unsigned i = 0; i < COLOUR_BLOCK; i += bytes)
        memcpy(block + i, element, bytes);
    return true;
}

static bool colour_open(const struct opening *o, uint64_t key_va)
{
    const uint8_t plain = SURFACE_DCC_UNCOMPRESSED;
    uint8_t key, block[COLOUR_BLOCK];

    if (!read_memory(o, key_va, &key, sizeof(key)))
        return false;
    if (key == plain)
        return true;
    return colour_block(o, key, block) &&
           write_memory(o, o->va & ~(uint64_t)(COLOUR_BLOCK - 1), block, sizeof(block)) &&
           write_memory(o, key_va, &plain, sizeof(plain));
}

/* ---- 8 by 8 pixels ---- */

/* `samples`: that each pixel has in this surface. */
static bool tile_fill(const struct opening *o, const void *element)
{
    const struct surface_layout *layout = &o->image->layout;
    const struct isa_image_level *at = &o->image->levels[o->level];
    const unsigned samples = 1u << o->image->samples_log2;

    for (unsigned i = 0; i < TILE * TILE * samples; i++) {
        uint32_t x = o->x / TILE * TILE + i / samples % TILE;
        uint32_t y = o->y / TILE * TILE + i / samples / TILE;

        if (x < at->width && y < at->height &&
            !write_memory(o,
                          surface_locate(layout, o->image->base, o->level, x, y, o->z, i % samples),
                          element, layout->element_bytes))
            return false;
    }
    return true;
}

/* Fields of HTILE's words. */
#define TILE_Z       UINT32_C(0x0000000f) /* 0: cleared, 15: as it is */
#define TILE_STENCIL UINT32_C(0x00000300) /* the same with 3; cleared is to 0 for textures */

/* Drivers clear depth so to 0 and 1 only, which the range of depths tells. */
static void depth_cleared(const struct opening *o, uint32_t word, uint8_t element[4])
{
    const float value = (float)BITS(word, 18, 31) / 0x3fff;
    uint32_t components[4] = {0};

    memcpy(&components[0], &value, sizeof(value));
    isa_format_pack(o->image->format, components, element);
}

static bool tile_open(const struct opening *o, uint64_t word_va)
{
    const bool stencil = o->image->metadata == ISA_METADATA_STENCIL;
    const uint32_t plain = stencil ? TILE_STENCIL : TILE_Z;
    uint8_t element[16] = {0};
    uint32_t word;

    if (!read_memory(o, word_va, &word, sizeof(word)))
        return false;
    if ((word & plain) == plain)
        return true;
    if (word & plain)
        return refuse(o, "compressed depth (HTILE) that is not this device's own");
    if (!stencil)
        depth_cleared(o, word, element);
    word |= plain;
    return tile_fill(o, element) && write_memory(o, word_va, &word, sizeof(word));
}

/* ---- FMASK ---- */

/* CMASK's nibbles: 12 says that all samples of a pixel have the first fragment's colour, whatever
 * FMASK is; more, that FMASK says whose they have; less, that the colour is a register's. */
enum { CMASK_ONE_FRAGMENT = 12 };

/* Fills nothing, as that would be wrong without filling the fragments. */
static bool fragments_read(const struct opening *o, uint64_t nibble, bool *out_zero)
{
    uint8_t pair;

    /* Addresses are signed: twice one has lost nothing. */
    if (!read_memory(o, (uint64_t)((int64_t)nibble >> 1), &pair, sizeof(pair)))
        return false;
    pair = pair >> nibble % 2 * 4 & 15;
    *out_zero = pair == CMASK_ONE_FRAGMENT;
    return pair >= CMASK_ONE_FRAGMENT ||
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
    switch (o->image->metadata) {
    case ISA_METADATA_DCC:
        return word == SURFACE_DCC_UNCOMPRESSED;
    case ISA_METADATA_STENCIL:
        return (word & TILE_STENCIL) == TILE_STENCIL;
    default:
        return (word & TILE_Z) == TILE_Z;
    }
}

static bool open_block(const struct opening *o, uint64_t metadata_va)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    bool opened;

    if (is_open(o, metadata_va))
        return true;
    pthread_mutex_lock(&lock);
    opened = o->image->metadata == ISA_METADATA_DCC ? colour_open(o, metadata_va)
                                                    : tile_open(o, metadata_va);
    pthread_mutex_unlock(&lock);
    return opened;
}

/* False: there is none, of fragments that have no keys. */
static bool metadata_locate(const struct isa_image *image, const struct isa_texel *texel,
                            uint64_t *out_va)
{
    const unsigned block = image->format->block ? image->format->block : 1;
    const bool dcc = image->metadata == ISA_METADATA_DCC;

    if (dcc && texel->sample >= SURFACE_DCC_FRAGMENTS)
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
