/* SPDX-License-Identifier: MIT
 *
 * Image and sampler descriptors, and the layout of linear images: see image.h.
 */
#include <string.h>

#include "softgpu/isa/exec/image.h"

#define FIELD(word, low, high) ((word) >> (low) & (uint32_t)((1ull << ((high) - (low) + 1)) - 1))

/* ---- resources ---- */

enum { ROW_ALIGN = 256 }; /* bytes, of linear images */

static uint32_t level_size(uint32_t size, unsigned level)
{
    return size >> level ? size >> level : 1;
}

/* Elements along a side: texels, or the blocks that hold them. Rounds up at each level, where the
 * number of texels is rounded down. */
static uint64_t level_elements(const struct isa_image *image, uint32_t size, unsigned level)
{
    unsigned block = image->format->block ? image->format->block : 1;
    uint64_t elements = (size + block - 1) / block;

    return (elements + (1ull << level) - 1) >> level;
}

/* Levels lie in a slice from the smallest to the largest, each row padded. `pitch`: of the only
 * level, in texels; 0 = as the width asks. */
static void layout_linear(struct isa_image *image, uint32_t width, uint32_t height, uint32_t depth,
                          uint32_t pitch)
{
    const unsigned bytes = image->format->bytes;
    uint64_t offset = 0;

    for (unsigned level = image->level_count; level-- > 0;) {
        uint64_t elements =
            level_elements(image, pitch && image->level_count == 1 ? pitch : width, level);
        uint64_t row = (elements * bytes + ROW_ALIGN - 1) & ~(uint64_t)(ROW_ALIGN - 1);

        image->levels[level] = (struct isa_image_level){
            .width = level_size(width, level),
            .height = level_size(height, level),
            .depth = image->type == ISA_IMAGE_3D ? level_size(depth, level) : 1,
            .offset = offset,
            .row = row,
        };
        offset += row * level_elements(image, height, level);
    }
    image->slice = offset;
}

/* Multisampled images have one level; the fields tell the number of samples instead. */
static void decode_levels(struct isa_image *image, const uint32_t *word)
{
    bool multisampled = image->type == ISA_IMAGE_2D_MSAA || image->type == ISA_IMAGE_2D_MSAA_ARRAY;

    if (multisampled) {
        image->samples_log2 = FIELD(word[3], 16, 19);
        image->level_count = 1;
        return;
    }
    image->base_level = FIELD(word[3], 12, 15);
    image->last_level = FIELD(word[3], 16, 19);
    image->level_count = FIELD(word[5], 4, 7) + 1;
    if (image->level_count <= image->last_level)
        image->level_count = image->last_level + 1;
}

/* DEPTH is the last slice of arrays, the depth of 3D images, and of others a pitch, where it is
 * not 0 (GFX10.3). */
static void decode_extent(struct isa_image *image, const uint32_t *word)
{
    uint32_t width = (FIELD(word[1], 30, 31) | FIELD(word[2], 0, 11) << 2) + 1;
    uint32_t height = FIELD(word[2], 14, 27) + 1, depth = 1, pitch = 0;

    if (isa_image_is_array(image)) {
        image->base_array = FIELD(word[4], 16, 28);
        image->last_array = FIELD(word[4], 0, 12);
    } else if (image->type == ISA_IMAGE_3D) {
        depth = FIELD(word[4], 0, 12) + 1;
    } else if (FIELD(word[4], 0, 13)) {
        pitch = FIELD(word[4], 0, 13) + 1;
    }
    if (image->type == ISA_IMAGE_1D || image->type == ISA_IMAGE_1D_ARRAY)
        height = 1;
    layout_linear(image, width, height, depth, pitch);
}

void isa_image_decode(const struct isa_wave *w, uint16_t reg, bool short_form,
                      struct isa_image *out_image)
{
    uint32_t word[8] = {0};
    unsigned type;

    isa_reg_descriptor(w, reg, word);
    if (!short_form)
        isa_reg_descriptor(w, (uint16_t)(reg + 4), word + 4);
    memset(out_image, 0, sizeof(*out_image));
    type = FIELD(word[3], 28, 31);
    out_image->type = (enum isa_image_type)type;
    out_image->format = type >= ISA_IMAGE_1D ? isa_format_find(FIELD(word[1], 20, 28)) : NULL;
    out_image->dst_sel = FIELD(word[3], 0, 11);
    if (!out_image->format)
        return;
    out_image->base = ((uint64_t)FIELD(word[1], 0, 7) << 32 | word[0]) << 8;
    out_image->base = (uint64_t)((int64_t)(out_image->base << 16) >> 16);
    out_image->min_lod = (float)FIELD(word[1], 8, 19) / 256;
    out_image->swizzle = FIELD(word[3], 20, 24);
    out_image->border_swizzle = (uint8_t)FIELD(word[3], 25, 27);
    out_image->compressed = FIELD(word[6], 21, 21);
    decode_levels(out_image, word);
    decode_extent(out_image, word);
}

const char *isa_image_obstacle(const struct isa_image *image)
{
    if (!image->format)
        return NULL;
    if (isa_format_is_compressed(image->format))
        return "block-compressed images are not modelled";
    if (image->compressed)
        return "colour and depth metadata (DCC, HTILE) are not modelled; RADV_DEBUG=nodcc,nohiz "
               "turns them off";
    if (image->swizzle)
        return "only linear images are modelled (VK_IMAGE_TILING_LINEAR), not this swizzle mode";
    if (image->samples_log2)
        return "multisampled images are not modelled";
    return NULL;
}

bool isa_image_locate(const struct isa_image *image, const struct isa_texel *texel,
                      uint64_t *out_va)
{
    uint64_t level = (uint64_t)texel->level + image->base_level;
    uint64_t slice = (uint64_t)texel->slice + image->base_array;
    const struct isa_image_level *at;

    if (!image->format || level > image->last_level || slice > image->last_array ||
        texel->sample >> image->samples_log2)
        return false;
    at = &image->levels[level];
    if (texel->x >= at->width || texel->y >= at->height || texel->z >= at->depth)
        return false;
    *out_va = image->base + (slice + texel->z) * image->slice + at->offset + texel->y * at->row +
              (uint64_t)texel->x * image->format->bytes;
    return true;
}

/* ---- components ---- */

void isa_image_select(const struct isa_image *image, uint32_t value[4])
{
    isa_format_select(image->format, image->dst_sel, value);
}

void isa_image_unselect(const struct isa_image *image, uint32_t value[4])
{
    isa_format_unselect(image->dst_sel, value);
}

/* ---- samplers ---- */

static float signed_fixed(uint32_t value, unsigned bits)
{
    return (float)((int32_t)(value << (32 - bits)) >> (32 - bits)) / 256;
}

void isa_sampler_decode(const struct isa_wave *w, uint16_t reg, struct isa_sampler *out_sampler)
{
    enum { POINT, LINEAR, ANISO_POINT, ANISO_LINEAR };
    enum { Z_NONE, Z_POINT, Z_LINEAR };
    uint32_t word[4];

    isa_reg_descriptor(w, reg, word);

    unsigned mag = FIELD(word[2], 20, 21), min = FIELD(word[2], 22, 23);
    unsigned mip = FIELD(word[2], 26, 27), z = FIELD(word[2], 24, 25);

    *out_sampler = (struct isa_sampler){
        .wrap = {(enum isa_wrap)FIELD(word[0], 0, 2), (enum isa_wrap)FIELD(word[0], 3, 5),
                 (enum isa_wrap)FIELD(word[0], 6, 8)},
        .max_aniso = 1u << FIELD(word[0], 9, 11),
        .compare = FIELD(word[0], 12, 14),
        .unnormalized = FIELD(word[0], 15, 15),
        .trunc_coord = FIELD(word[0], 27, 27),
        .cube_wrap = !FIELD(word[0], 28, 28),
        .reduction = (enum isa_reduction)FIELD(word[0], 29, 30),
        .skip_degamma = FIELD(word[0], 31, 31),
        .min_lod = (float)FIELD(word[1], 0, 11) / 256,
        .max_lod = (float)FIELD(word[1], 12, 23) / 256,
        .lod_bias = signed_fixed(FIELD(word[2], 0, 13), 14),
        .mag_linear = mag == LINEAR || mag == ANISO_LINEAR,
        .min_linear = min == LINEAR || min == ANISO_LINEAR,
        .aniso = min >= ANISO_POINT,
        .mip_filter = mip > ISA_MIP_LINEAR ? ISA_MIP_POINT : (enum isa_mip_filter)mip,
        .z_follows_xy = z == Z_NONE,
        .z_linear = z == Z_LINEAR,
        .border_type = FIELD(word[3], 30, 31),
        .border_index = FIELD(word[3], 0, 11),
    };
}
