/* SPDX-License-Identifier: MIT
 *
 * Where the samples of pixels are, and which one stands for a pixel that is covered in part.
 *
 * Thread safety: pure.
 * Source: Mesa's register database (gfx103.json: PA_SC_AA_CONFIG, PA_SC_AA_SAMPLE_LOCS_*,
 * PA_SC_CENTROID_PRIORITY_*).
 */
#ifndef SOFTGPU_GFX_SAMPLES_H
#define SOFTGPU_GFX_SAMPLES_H

#include "softgpu/gfx/pipeline.h"

enum { GFX_SAMPLE_GRID = 16 }; /* steps of sample positions in a pixel */

struct gfx_samples {
    unsigned count; /* 1, 2, 4 or 8 */
    /* By the pixel in its quad: x and y from the pixel's centre, in steps of the grid. */
    int8_t position[4][GFX_SAMPLES][2];
    uint8_t centroid[GFX_SAMPLES]; /* samples, nearest to the centre first */
};

/* GFX_FAULT when there are more samples than are modelled. */
enum gfx_result gfx_samples_read(struct gfx_pipeline *pipeline, struct gfx_samples *out_samples);

/* All samples of a pixel. */
static inline uint16_t gfx_samples_all(const struct gfx_samples *samples)
{
    return (uint16_t)((1u << samples->count) - 1);
}

#endif
