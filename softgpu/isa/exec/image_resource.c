/* SPDX-License-Identifier: MIT
 *
 * Image and sampler descriptors: see image.h.
 */
#include <string.h>

#include "base/bits.h"
#include "softgpu/isa/exec/image.h"
#include "softgpu/isa/exec/image_metadata.h"

/* ---- resources ---- */

static uint32_t level_size(uint32_t size, unsigned level)
{
    return size >> level ? size >> level : 1;
}

/* Elements along a side: texels, or the blocks that hold them. */
static uint32_t elements_of(const struct isa_format *format, uint32_t texels)
{
    return format->block ? (texels + format->block - 1) / format->block : texels;
}

static enum surface_dimension dimension_of(enum isa_image_type type)
{
    if (type == ISA_IMAGE_3D)
        return SURFACE_3D;
    return type == ISA_IMAGE_1D || type == ISA_IMAGE_1D_ARRAY ? SURFACE_1D : SURFACE_2D;
}

/* `pitch`: of a linear image's only level, in texels; 0: as the width asks. */
static void lay_out(struct isa_image *image, uint32_t width, uint32_t height, uint32_t depth,
                    uint32_t pitch)
{
    image->shape = (struct surface_shape){
        .dimension = dimension_of(image->type),
        .swizzle = image->swizzle,
        .element_bytes = image->format->bytes,
        .samples_log2 = image->samples_log2,
        .width = elements_of(image->format, width),
        .height = elements_of(image->format, height),
        .depth = image->type == ISA_IMAGE_3D ? depth : image->last_array + 1,
        .levels = image->level_count,
        .pitch = elements_of(image->format, pitch),
    };

    for (unsigned level = 0; level < image->level_count; level++)
        image->levels[level] = (struct isa_image_level){
            .width = level_size(width, level),
            .height = level_size(height, level),
            .depth = image->type == ISA_IMAGE_3D ? level_size(depth, level) : 1,
        };
    image->misshapen = surface_layout_init(&image->layout, &image->shape);
}

/* A 3D image that is bound for stores (ARRAY_PITCH) has one level, and the view's slices of it:
 * BASE_ARRAY to DEPTH. Where they lie does not depend on how many there are. */
static void decode_store_view(struct isa_image *image, const uint32_t *word)
{
    image->base_array = BITS(word[4], 16, 28);
    image->levels[image->base_level].depth = BITS(word[4], 0, 12) + 1;
}

/* Multisampled images have one level; the fields tell the number of samples instead. */
static void decode_levels(struct isa_image *image, const uint32_t *word)
{
    bool multisampled = image->type == ISA_IMAGE_2D_MSAA || image->type == ISA_IMAGE_2D_MSAA_ARRAY;

    if (multisampled) {
        image->samples_log2 = BITS(word[3], 16, 19);
        image->level_count = 1;
        return;
    }
    image->base_level = BITS(word[3], 12, 15);
    image->last_level = BITS(word[3], 16, 19);
    image->level_count = BITS(word[5], 4, 7) + 1;
    if (image->level_count <= image->last_level)
        image->level_count = image->last_level + 1;
}

/* DEPTH is the last slice of arrays, the depth of 3D images, and of others a pitch, where it is
 * not 0 (GFX10.3). */
static void decode_extent(struct isa_image *image, const uint32_t *word)
{
    uint32_t width = (BITS(word[1], 30, 31) | BITS(word[2], 0, 11) << 2) + 1;
    uint32_t height = BITS(word[2], 14, 27) + 1, depth = 1, pitch = 0;

    if (isa_image_is_array(image)) {
        image->base_array = BITS(word[4], 16, 28);
        image->last_array = BITS(word[4], 0, 12);
        /* Of cubes it picks the last one by any of its faces: radeonsi names the first, RADV the
         * last. */
        if (image->type == ISA_IMAGE_CUBE && image->last_array >= image->base_array)
            image->last_array += 5 - (image->last_array - image->base_array) % 6;
    } else if (image->type == ISA_IMAGE_3D) {
        depth = BITS(word[4], 0, 12) + 1;
    } else if (BITS(word[4], 0, 13)) {
        pitch = BITS(word[4], 0, 13) + 1;
    }
    if (image->type == ISA_IMAGE_1D || image->type == ISA_IMAGE_1D_ARRAY)
        height = 1;
    lay_out(image, width, height, depth, pitch);
    if (image->type == ISA_IMAGE_3D && BITS(word[5], 0, 3))
        decode_store_view(image, word);
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
    type = BITS(word[3], 28, 31);
    out_image->type = (enum isa_image_type)type;
    out_image->format = type >= ISA_IMAGE_1D ? isa_format_find(BITS(word[1], 20, 28)) : NULL;
    out_image->dst_sel = BITS(word[3], 0, 11);
    if (!out_image->format)
        return;
    out_image->base = ((uint64_t)BITS(word[1], 0, 7) << 32 | word[0]) << 8;
    out_image->base = (uint64_t)((int64_t)(out_image->base << 16) >> 16);
    out_image->min_lod = (float)BITS(word[1], 8, 19) / 256;
    out_image->swizzle = BITS(word[3], 20, 24);
    out_image->border_swizzle = (uint8_t)BITS(word[3], 25, 27);
    decode_levels(out_image, word);
    if (out_image->base_level > out_image->last_level) {
        out_image->format = NULL;
        return;
    }
    decode_extent(out_image, word);
    isa_image_metadata_decode(word, out_image);
}

const char *isa_image_obstacle(const struct isa_image *image)
{
    if (!image->format)
        return NULL;
    return image->misshapen;
}

bool isa_image_locate(const struct isa_image *image, const struct isa_texel *texel,
                      uint64_t *out_va)
{
    uint64_t level = (uint64_t)texel->level + image->base_level;
    uint64_t slice = (uint64_t)texel->slice + image->base_array;
    const struct isa_image_level *at;
    uint32_t x = texel->x, y = texel->y;

    if (!image->format || level > image->last_level || texel->sample >> image->samples_log2)
        return false;
    at = &image->levels[level];
    if (x >= at->width || y >= at->height)
        return false;
    if (image->type == ISA_IMAGE_3D) {
        slice += texel->z;
        if (slice >= at->depth)
            return false;
    } else if (slice > image->last_array || texel->z) {
        return false;
    }
    if (image->format->block)
        x /= image->format->block, y /= image->format->block;
    *out_va = surface_locate(&image->layout, image->base, (unsigned)level, x, y, (uint32_t)slice,
                             texel->sample);
    return true;
}

/* ---- components ---- */

void isa_image_select(const struct isa_image *image, uint32_t value[4])
{
    isa_format_select(image->format, image->dst_sel, value);
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

    unsigned mag = BITS(word[2], 20, 21), min = BITS(word[2], 22, 23);
    unsigned mip = BITS(word[2], 26, 27), z = BITS(word[2], 24, 25);

    *out_sampler = (struct isa_sampler){
        .wrap = {(enum isa_wrap)BITS(word[0], 0, 2), (enum isa_wrap)BITS(word[0], 3, 5),
                 (enum isa_wrap)BITS(word[0], 6, 8)},
        .max_aniso = 1u << BITS(word[0], 9, 11),
        .compare = BITS(word[0], 12, 14),
        .unnormalized = BITS(word[0], 15, 15),
        .trunc_coord = BITS(word[0], 27, 27),
        .cube_wrap = !BITS(word[0], 28, 28),
        .reduction = (enum isa_reduction)BITS(word[0], 29, 30),
        .skip_degamma = BITS(word[0], 31, 31),
        .min_lod = (float)BITS(word[1], 0, 11) / 256,
        .max_lod = (float)BITS(word[1], 12, 23) / 256,
        .lod_bias = signed_fixed(BITS(word[2], 0, 13), 14),
        .mag_linear = mag == LINEAR || mag == ANISO_LINEAR,
        .min_linear = min == LINEAR || min == ANISO_LINEAR,
        .aniso = min >= ANISO_POINT,
        .mip_filter = mip > ISA_MIP_LINEAR ? ISA_MIP_POINT : (enum isa_mip_filter)mip,
        .z_follows_xy = z == Z_NONE,
        .z_linear = z == Z_LINEAR,
        .border_type = BITS(word[3], 30, 31),
        .border_index = BITS(word[3], 0, 11),
    };
}
