/* SPDX-License-Identifier: MIT
 *
 * Images as all lanes of a wave see them at once: the texels that they address, and where these
 * lie. See image.h.
 */
#include <string.h>

#include "softgpu/isa/exec/image.h"

/* ---- descriptors ---- */

/* A thread's waves use the same few images over and over. */
enum { CACHE_BITS = 4 };

struct cached_image {
    uint32_t word[8];
    bool valid, short_form;
    struct isa_image image;
};

static unsigned cache_slot(const uint32_t word[8])
{
    return (word[0] ^ word[1] << 8 ^ word[3]) * UINT32_C(0x9e3779b1) >> (32 - CACHE_BITS);
}

const struct isa_image *isa_image_get(const struct isa_wave *w, uint16_t reg, bool short_form)
{
    static _Thread_local struct cached_image cache[1 << CACHE_BITS];
    struct cached_image *slot;
    uint32_t word[8];

    isa_reg_descriptor(w, reg, word);
    isa_reg_descriptor(w, (uint16_t)(reg + 4), word + 4);
    slot = &cache[cache_slot(word)];
    if (!slot->valid || slot->short_form != short_form ||
        memcmp(slot->word, word, sizeof(word)) != 0) {
        isa_image_decode(w, reg, short_form, &slot->image);
        memcpy(slot->word, word, sizeof(word));
        slot->short_form = short_form;
        slot->valid = true;
    }
    return &slot->image;
}

/* ---- texels ---- */

/* Each coordinate's index among the address operands, by the instruction's DIM; 0: there is none,
 * as x is always the first. */
static const struct {
    uint8_t y, z, slice, sample;
} coordinate_places[8] = {
    [ISA_DIM_1D] = {0},
    [ISA_DIM_2D] = {.y = 1},
    [ISA_DIM_3D] = {.y = 1, .z = 2},
    [ISA_DIM_CUBE] = {.y = 1, .slice = 2},
    [ISA_DIM_1D_ARRAY] = {.slice = 1},
    [ISA_DIM_2D_ARRAY] = {.y = 1, .slice = 2},
    [ISA_DIM_MSAA] = {.y = 1, .sample = 2},
    [ISA_DIM_MSAA_ARRAY] = {.y = 1, .slice = 2, .sample = 3},
};

static const uint32_t zeros[ISA_FORMAT_LANES];

/* Address operand `n` of every lane: a register, or `buffer` for 16-bit addresses. */
static const uint32_t *address_row(const struct isa_wave *w, const struct isa_inst *inst,
                                   unsigned n, uint32_t buffer[ISA_FORMAT_LANES])
{
    unsigned dword = inst->img.a16 ? n / 2 : n, shift = n % 2 ? 16 : 0;
    const uint32_t *row = isa_image_address_row(w, inst, dword);

    if (!inst->img.a16)
        return row;
    for (unsigned lane = 0; lane < w->lanes; lane++)
        buffer[lane] = row[lane] >> shift & 0xffff;
    return buffer;
}

void isa_image_texels(const struct isa_wave *w, const struct isa_inst *inst,
                      const struct isa_image *image, bool has_level,
                      struct isa_image_texels *out_texels)
{
    const unsigned dim = inst->img.dim & 7;
    uint32_t(*buffer)[ISA_FORMAT_LANES] = out_texels->buffer;

#define ROW_OF(place) ((place) ? address_row(w, inst, place, buffer[place]) : zeros)
    out_texels->x = address_row(w, inst, 0, buffer[0]);
    out_texels->y = ROW_OF(coordinate_places[dim].y);
    out_texels->z = ROW_OF(coordinate_places[dim].z);
    /* A view of one layer may be addressed without saying so, and the other way round. Of a 3D
     * image the slices may be addressed as an array's. */
    out_texels->slice = isa_image_is_array(image) || image->type == ISA_IMAGE_3D
                            ? ROW_OF(coordinate_places[dim].slice)
                            : zeros;
    out_texels->sample = ROW_OF(coordinate_places[dim].sample);
    out_texels->level = ROW_OF(has_level ? isa_image_coordinates(dim) : 0);
#undef ROW_OF
}

/* ---- where they lie ---- */

static uint64_t locate_each(const struct isa_image *image, const struct isa_image_texels *t,
                            uint64_t mask, uint64_t out_va[64])
{
    uint64_t outside = 0;

    ISA_FOR_LANES(lane, mask)
    {
        const struct isa_texel texel = isa_image_texel_of(t, (unsigned)lane);

        if (!isa_image_locate(image, &texel, &out_va[lane]))
            outside |= UINT64_C(1) << lane;
    }
    return outside;
}

/* Whether texels differ in x and y alone, and the image is one whose slice and level are always
 * there: nearly all accesses. Lanes are looked at whether they are enabled or not. */
static bool is_plane(const struct isa_image *image, const struct isa_image_texels *t)
{
    return image->format && !isa_format_is_compressed(image->format) && t->z == zeros &&
           t->slice == zeros && t->level == zeros && t->sample == zeros &&
           image->base_array <= image->last_array && image->base_level <= image->last_level;
}

/* The same as surface_locate(), in a form that vectorises: rows and texels have less than 2^32
 * bytes. */
static void locate_linear(const struct isa_image *image, const uint32_t *restrict x,
                          const uint32_t *restrict y, unsigned lanes, uint64_t *restrict out_va)
{
    const uint64_t start =
        surface_locate(&image->layout, image->base, image->base_level, 0, 0, image->base_array, 0);
    const uint32_t row = (uint32_t)image->layout.level[image->base_level].row_blocks;
    const uint32_t bytes = image->format->bytes;

    for (unsigned lane = 0; lane < lanes; lane++)
        out_va[lane] = start + (uint64_t)y[lane] * row + (uint64_t)x[lane] * bytes;
}

/* ~0 for each lane whose texel is outside, in `out`; its coordinates become 0, so that all lanes
 * can be treated alike. Returns whether there is one. */
static bool clamp_plane(const struct isa_image_level *at, const uint32_t *restrict from_x,
                        const uint32_t *restrict from_y, unsigned lanes, uint32_t *restrict x,
                        uint32_t *restrict y, uint32_t *restrict out)
{
    const uint32_t width = at->width, height = at->height;
    uint32_t any = 0;

    for (unsigned lane = 0; lane < lanes; lane++) {
        uint32_t inside = -(uint32_t)((from_x[lane] < width) & (from_y[lane] < height));

        x[lane] = from_x[lane] & inside;
        y[lane] = from_y[lane] & inside;
        out[lane] = ~inside;
        any |= ~inside;
    }
    return any != 0;
}

static uint64_t locate_plane(const struct isa_image *image, const struct isa_image_texels *t,
                             unsigned lanes, uint64_t out_va[64])
{
    uint32_t x[64], y[64], out[64];
    uint64_t outside = 0;
    bool any = clamp_plane(&image->levels[image->base_level], t->x, t->y, lanes, x, y, out);

    if (image->layout.equation)
        for (unsigned lane = 0; lane < lanes; lane++)
            out_va[lane] = surface_locate(&image->layout, image->base, image->base_level, x[lane],
                                          y[lane], image->base_array, 0);
    else
        locate_linear(image, x, y, lanes, out_va);
    for (unsigned lane = 0; any && lane < lanes; lane++)
        outside |= (uint64_t)(out[lane] & 1) << lane;
    return outside;
}

uint64_t isa_image_locate_lanes(const struct isa_image *image, const struct isa_image_texels *t,
                                unsigned lanes, uint64_t mask, uint64_t out_va[64])
{
    if (!image->format)
        return mask;
    if (is_plane(image, t))
        return locate_plane(image, t, lanes, out_va) & mask;
    return locate_each(image, t, mask, out_va);
}
