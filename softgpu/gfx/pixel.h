/* SPDX-License-Identifier: MIT
 *
 * Inside the pixel stage: what pixel*.c share.
 *
 *   pixel.c         quads are tested for depth when that can come first, and packed into waves
 *   pixel_input.c   what waves start with: SPI_PS_INPUT_ENA and _ADDR
 *   pixel_export.c  what they leave, as fragments
 *
 * A wave has 8 or 16 quads, of any primitives of the draw, in their order. Early depth tests happen
 * quad by quad, so that quads that nothing is seen of never reach a wave.
 *
 * Thread safety: the ring's thread only.
 */
#ifndef SOFTGPU_GFX_PIXEL_H
#define SOFTGPU_GFX_PIXEL_H

#include "softgpu/gfx/pipeline.h"
#include "softgpu/gfx/program.h"
#include "softgpu/gfx/samples.h"

enum { PIXEL_LANES = 64, PIXEL_EXPORTS = 9 /* MRT0 .. 7 and MRTZ */ };

/* What the registers say, read when a draw begins. */
struct pixel_setup {
    struct gfx_samples samples;
    unsigned iterations; /* times that a pixel is shaded; iteration k does the samples s with
                          * s % iterations == k */
    uint32_t input_ena, input_addr, baryc;
    uint8_t format[PIXEL_EXPORTS]; /* enum gfx_export_format */
    uint8_t target[GFX_TARGETS];   /* that colour exports go to; GFX_TARGETS: to none */

    bool early;          /* depth is tested before the shader, once and for all */
    bool no_shade;       /* nothing would come of shading */
    bool depth_coverage; /* the shader is told what passed the early test */
    bool exports_z, exports_stencil, exports_mask;
    bool alpha_to_mask, alpha_rounds;
    uint8_t alpha_offset[4]; /* by the pixel in its quad */
};

/* A quad in a wave. */
struct pixel_slot {
    struct gfx_quad quad;
    uint16_t live[4]; /* samples that may be written, of the surfaces' */
    unsigned iteration;
};

struct gfx_pixel {
    struct isa_graphics graphics; /* first: its callbacks get back from it to this */
    struct pixel_setup setup;
    struct gfx_program program;
    struct gfx_group_cache cache;

    struct pixel_slot slot[ISA_QUADS];
    unsigned slots;

    /* Exports of the wave that runs. */
    uint64_t exported[PIXEL_EXPORTS]; /* lanes */
    uint32_t value[PIXEL_EXPORTS][PIXEL_LANES][4];
    uint32_t obstacle; /* 1 + a target that cannot be exported to, or not so */

    struct gfx_fragment fragment[PIXEL_LANES];
};

/* ---- pixel_input.c ---- */

/* VGPRs for the collected quads. */
void gfx_pixel_inputs(const struct gfx_pixel *pixel, struct isa_wave *w);

/* ---- pixel_export.c ---- */

/* Sets up `graphics` for a wave whose lanes `exec` live. */
void gfx_pixel_exports_begin(struct gfx_pixel *pixel, uint64_t exec);
/* Fragments of all pixels that live; returns how many. */
unsigned gfx_pixel_fragments(struct gfx_pixel *pixel);

/* A pixel of a quad: its place, and depths of `samples`. Colours are left as they are. */
void gfx_pixel_fragment(const struct pixel_setup *setup, const struct gfx_quad *quad,
                        unsigned index, uint16_t samples, struct gfx_fragment *out_fragment);

/* The samples that an iteration does. */
static inline uint16_t gfx_pixel_iteration_samples(const struct pixel_setup *setup,
                                                   unsigned iteration)
{
    uint16_t samples = 0;

    for (unsigned s = iteration; s < setup->samples.count; s += setup->iterations)
        samples |= (uint16_t)(1u << s);
    return samples;
}

/* A plane's value at a place of the target, in pixels. */
static inline double gfx_plane_at(const struct gfx_surface_primitive *primitive,
                                  const struct gfx_plane *plane, double x, double y)
{
    return plane->at + plane->dx * (x - primitive->x) + plane->dy * (y - primitive->y);
}

#endif
