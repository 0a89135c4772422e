/* SPDX-License-Identifier: MIT
 *
 * Inside the back ends: what color*.c, depth*.c and output.c share.
 *
 * A back end reads the registers when a draw begins and then reaches memory by one window for each
 * surface (softgpu/isa/memory.h). Nothing is cached beyond that: what a pixel has written is in
 * memory before the next pixel is looked at.
 *
 * Thread safety: the ring's thread only.
 */
#ifndef SOFTGPU_GFX_OUTPUT_H
#define SOFTGPU_GFX_OUTPUT_H

#include "softgpu/gfx/color.h"
#include "softgpu/gfx/depth.h"
#include "softgpu/gfx/pipeline.h"

struct gfx_output {
    uint64_t epoch; /* of the memory, that the windows are of */
    struct gfx_color color;
    struct gfx_depth depth;
};

/* The slice that a layer is drawn to. Layers beyond the view are its last one: OpenGL's programs
 * write layers also where the framebuffer has none, and radeonsi leaves that to the view. */
static inline uint32_t gfx_view_slice(uint32_t first, uint32_t last, uint32_t layer)
{
    return (uint64_t)first + layer < last ? first + layer : last;
}

/* Each back end's part of gfx_output_begin(): reads the registers. */
enum gfx_result gfx_color_begin(struct gfx_pipeline *pipeline);
enum gfx_result gfx_depth_begin(struct gfx_pipeline *pipeline);
/* And of gfx_output_color() and gfx_output_depth(). */
enum gfx_result gfx_color_run(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragments,
                              uint32_t count);
enum gfx_result gfx_depth_run(struct gfx_pipeline *pipeline, struct gfx_fragment *fragments,
                              uint32_t count);
/* Colour metadata: reads the registers of target `n`; NULL, or what is wrong. */
const char *gfx_color_metadata_begin(const struct gfx_registers *registers, unsigned n,
                                     const struct surface_shape *shape,
                                     struct gfx_color_target *target);
void gfx_color_metadata_forget_windows(struct gfx_color_metadata *metadata);
/* Makes what the metadata say of a sample's surroundings that they are as they are in memory.
 * False: pipeline->fault or ->obstacle. */
bool gfx_color_open(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                    const struct gfx_place *place, unsigned sample);
/* HTILE: reads the registers; NULL, or what is wrong. `shape`: the depth plane's, or the stencil's.
 */
const char *gfx_htile_begin(const struct gfx_registers *registers,
                            const struct surface_shape *shape, struct gfx_htile *htile);
/* Makes the fragment's tile one that is as it is in memory. False: pipeline->fault or ->obstacle.
 */
bool gfx_htile_open(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragment);
/* After the memory's mappings have changed. */
void gfx_color_forget_windows(struct gfx_color *color);
void gfx_depth_forget_windows(struct gfx_depth *depth);

#endif
