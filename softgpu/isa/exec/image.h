/* SPDX-License-Identifier: MIT
 *
 * Images as MIMG instructions see them: resource and sampler descriptors, where a texel lies
 * (softgpu/surface does that), and an instruction's address operands.
 *
 * Sources: RDNA 2 ISA guide, "Vector Memory Image Instructions", "Image Resource Descriptor" and
 * "Image Sampler"; Mesa's gfx10-rsrc.json for fields that GFX10.3 has changed.
 *
 * Thread safety: pure functions on the caller's memory; a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_IMAGE_H
#define SOFTGPU_ISA_EXEC_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/isa/exec/format_lanes.h"
#include "softgpu/isa/exec/lanes.h"
#include "softgpu/isa/wave.h"
#include "softgpu/surface/surface.h"

/* ---- resources ---- */

enum isa_image_type {
    ISA_IMAGE_1D = 8,
    ISA_IMAGE_2D,
    ISA_IMAGE_3D,
    ISA_IMAGE_CUBE,
    ISA_IMAGE_1D_ARRAY,
    ISA_IMAGE_2D_ARRAY,
    ISA_IMAGE_2D_MSAA,
    ISA_IMAGE_2D_MSAA_ARRAY,
};

/* What a descriptor's COMPRESSION_EN is about; see image_metadata.h. */
enum isa_image_metadata {
    ISA_METADATA_NONE,
    ISA_METADATA_DCC,
    ISA_METADATA_DEPTH,   /* HTILE */
    ISA_METADATA_STENCIL, /* the same */
    ISA_METADATA_CMASK,
};

/* One mip level, in texels. */
struct isa_image_level {
    uint32_t width, height, depth;
};

struct isa_image {
    uint64_t base;                   /* VA */
    const struct isa_format *format; /* NULL: a null image, or a view without levels, which reads
                                      * as 0 and keeps nothing */
    enum isa_image_type type;
    unsigned swizzle;                /* enum surface_swizzle */
    unsigned base_level, last_level; /* of the view */
    unsigned base_array, last_array; /* of the view; also of cubes, where a face is a slice, and
                                      * the base of 3D images that are bound for stores */
    unsigned samples_log2;           /* of multisampled images */
    float min_lod;                   /* of the view, counted from base_level */
    uint16_t dst_sel;                /* 3 bits each for X, Y, Z, W: 0, 1, -, -, X, Y, Z, W */
    uint8_t border_swizzle;          /* BC_SWIZZLE */
    unsigned level_count;            /* in memory */
    struct isa_image_level levels[SURFACE_LEVELS];
    const char *misshapen; /* why there is no layout; NULL: there is */
    struct surface_shape shape;
    struct surface_layout layout;
    enum isa_image_metadata metadata;
    bool alpha_is_on_msb;   /* of DCC's keys */
    uint64_t metadata_base; /* VA; of CMASK twice that */
    struct surface_layout metadata_layout;
};

/* Reads the descriptor in s[reg...]; `short_form`: R128, which has no arrays, no 3D, and no mip
 * levels beyond the first two words' say. */
void isa_image_decode(const struct isa_wave *w, uint16_t reg, bool short_form,
                      struct isa_image *out_image);

/* The same, remembered: valid until the calling thread decodes another. */
const struct isa_image *isa_image_get(const struct isa_wave *w, uint16_t reg, bool short_form);

/* NULL when the model can access the image; else why it cannot, in words. */
const char *isa_image_obstacle(const struct isa_image *image);

static inline bool isa_image_is_array(const struct isa_image *image)
{
    return image->type == ISA_IMAGE_1D_ARRAY || image->type == ISA_IMAGE_2D_ARRAY ||
           image->type == ISA_IMAGE_2D_MSAA_ARRAY || image->type == ISA_IMAGE_CUBE;
}

/* A texel by number. `level` counts from the view's base_level, `slice` from its base_array. */
struct isa_texel {
    uint32_t x, y, z, slice, level, sample;
};

/* Its address; false when the view has no such texel. */
bool isa_image_locate(const struct isa_image *image, const struct isa_texel *texel,
                      uint64_t *out_va);

/* From memory's components to the instruction's. */
void isa_image_select(const struct isa_image *image, uint32_t value[4]);

/* ---- samplers ---- */

enum isa_wrap { /* CLAMP_X and so on */
                ISA_WRAP_REPEAT,
                ISA_WRAP_MIRROR,
                ISA_WRAP_CLAMP,
                ISA_WRAP_MIRROR_ONCE,
                ISA_WRAP_HALF_BORDER,
                ISA_WRAP_MIRROR_ONCE_HALF_BORDER,
                ISA_WRAP_BORDER,
                ISA_WRAP_MIRROR_ONCE_BORDER,
};

enum isa_mip_filter { ISA_MIP_NONE, ISA_MIP_POINT, ISA_MIP_LINEAR };
enum isa_reduction { ISA_REDUCE_BLEND, ISA_REDUCE_MIN, ISA_REDUCE_MAX };

struct isa_sampler {
    enum isa_wrap wrap[3];
    unsigned compare; /* DEPTH_COMPARE_FUNC */
    unsigned max_aniso;
    bool unnormalized, trunc_coord, cube_wrap, skip_degamma;
    enum isa_reduction reduction;
    float min_lod, max_lod, lod_bias;
    bool mag_linear, min_linear, aniso;
    enum isa_mip_filter mip_filter;
    bool z_follows_xy, z_linear;
    unsigned border_type, border_index; /* BORDER_COLOR_TYPE, BORDER_COLOR_PTR */
};

void isa_sampler_decode(const struct isa_wave *w, uint16_t reg, struct isa_sampler *out_sampler);

/* ---- operands ---- */

/* The DIM field. */
enum isa_image_dim {
    ISA_DIM_1D,
    ISA_DIM_2D,
    ISA_DIM_3D,
    ISA_DIM_CUBE,
    ISA_DIM_1D_ARRAY,
    ISA_DIM_2D_ARRAY,
    ISA_DIM_MSAA,
    ISA_DIM_MSAA_ARRAY,
};

/* Dword `n` of the lanes' addresses: consecutive VGPRs, or those that NSA names. */
static inline const uint32_t *isa_image_address_row(const struct isa_wave *w,
                                                    const struct isa_inst *inst, unsigned n)
{
    if (n == 0 || inst->img.nsa == 0)
        return isa_reg_row(w, inst->src[0], n);
    return isa_reg_row(w, (uint16_t)(ISA_REG_VGPR0 + inst->img.addr[n - 1]), 0);
}

static inline uint32_t isa_image_address(const struct isa_wave *w, const struct isa_inst *inst,
                                         unsigned lane, unsigned n)
{
    return isa_image_address_row(w, inst, n)[lane];
}

/* The texels that an instruction without a sampler addresses, by lane. */
struct isa_image_texels {
    const uint32_t *x, *y, *z, *slice, *level, *sample; /* registers, or borrowed from here */
    uint32_t buffer[5][ISA_FORMAT_LANES];
};

static inline struct isa_texel isa_image_texel_of(const struct isa_image_texels *t, unsigned lane)
{
    return (struct isa_texel){.x = t->x[lane],
                              .y = t->y[lane],
                              .z = t->z[lane],
                              .slice = t->slice[lane],
                              .level = t->level[lane],
                              .sample = t->sample[lane]};
}

/* `has_level`: the last address component is a mip level. */
void isa_image_texels(const struct isa_wave *w, const struct isa_inst *inst,
                      const struct isa_image *image, bool has_level,
                      struct isa_image_texels *out_texels);

/* isa_image_locate() of all lanes in `mask`; returns those that have no texel. `out_va` of other
 * lanes is undefined. */
uint64_t isa_image_locate_lanes(const struct isa_image *image, const struct isa_image_texels *t,
                                unsigned lanes, uint64_t mask, uint64_t out_va[64]);

/* The four components that the instruction's data registers hold, or are to hold: DMASK picks
 * which. `four`: gather4 and msaa_load write all of them whatever DMASK is. */
void isa_image_data_read(const struct isa_wave *w, const struct isa_inst *inst,
                         const struct isa_format *format, unsigned lane, uint32_t out[4]);
void isa_image_data_write(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_format *format, unsigned lane, bool four,
                          const uint32_t value[4]);
/* TFE's status dword, behind the data: no page is ever missing without a fault. */
void isa_image_tfe_write(struct isa_wave *w, const struct isa_inst *inst);

/* How many coordinates the DIM field says, the array slice and the sample included. */
unsigned isa_image_coordinates(unsigned dim);

/* Logs why and stops the wave. */
void isa_image_refuse(struct isa_wave *w, const struct isa_inst *inst, const char *why);

/* ---- instructions with a sampler (image_sample.c), by where their level of detail is from ---- */

isa_handler isa_image_sample; /* derivatives, of the quad or given, and a bias if there is one */
isa_handler isa_image_sample_clamp; /* the same, and a least level */
isa_handler isa_image_sample_level; /* given */
isa_handler isa_image_sample_zero;  /* 0 */
isa_handler isa_image_gather, isa_image_gather_clamp, isa_image_gather_level, isa_image_gather_zero;
isa_handler isa_image_get_lod;

#endif
