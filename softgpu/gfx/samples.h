/* SPDX-License-Identifier: MIT
 *
 * Where the samples of pixels are, and which one stands for a pixel that is covered in part.
 *
 * A draw may rasterise one sample a pixel while its surfaces have several: the one then stands for
 * all, in coverage and depth. That is how drivers draw Bresenham lines, and draw at all where GL's
 * MULTISAMPLE is disabled; both APIs want all samples covered. Between one and all there is nothing
 * that makes sense. The other way round, several may be rasterised while surfaces have one
 * (OVERRASTERIZATION_AMOUNT): it is drawn when any of them is covered, and shaders are told how
 * many are. That is how GL's smooth lines and polygons are drawn.
 *
 * Thread safety: pure.
 * Source: Mesa's register database (gfx103.json: PA_SC_AA_CONFIG, PA_SC_AA_SAMPLE_LOCS_*,
 * PA_SC_CENTROID_PRIORITY_*, DB_EQAA); RADV's radv_get_rasterization_samples(), radeonsi's
 * si_emit_msaa_config(), which has the rules between the numbers of samples.
 */
#ifndef SOFTGPU_GFX_SAMPLES_H
#define SOFTGPU_GFX_SAMPLES_H

#include "softgpu/gfx/pipeline.h"

enum { GFX_SAMPLE_GRID = 16 }; /* steps of sample positions in a pixel */

struct gfx_samples {
    unsigned count; /* of quads' coverage: 1, 2, 4 or 8 */
    unsigned
        raster; /* that are rasterised, and that shaders know of: all, or 1 that stands for all */
    bool any_is_all; /* each of them stands for the one that surfaces have */
    /* By the pixel in its quad: x and y from the pixel's centre, in steps of the grid. */
    int8_t position[4][GFX_SAMPLES][2];
    uint8_t centroid[GFX_SAMPLES]; /* samples, nearest to the centre first */
};

/* Once the back ends have begun. GFX_FAULT when there are more samples than are modelled, or not as
 * many as go with the surfaces'. */
enum gfx_result gfx_samples_read(struct gfx_pipeline *pipeline, struct gfx_samples *out_samples);

/* All samples of a pixel. */
static inline uint16_t gfx_samples_all(const struct gfx_samples *samples)
{
    return (uint16_t)((1u << samples->count) - 1);
}

/* From quads' coverage to what surfaces have, and back. */
static inline uint16_t gfx_samples_land(const struct gfx_samples *samples, uint16_t mask)
{
    return samples->any_is_all ? mask != 0 : mask;
}

static inline uint16_t gfx_samples_lift(const struct gfx_samples *samples, uint16_t mask)
{
    return !samples->any_is_all ? mask : mask ? gfx_samples_all(samples) : 0;
}

/* From what shaders know of to what surfaces have; from quads' coverage to what shaders know of. */
static inline uint16_t gfx_samples_spread(const struct gfx_samples *samples, uint16_t mask)
{
    if (samples->raster == samples->count)
        return gfx_samples_land(samples, mask);
    return mask & 1 ? gfx_samples_all(samples) : 0;
}

static inline uint16_t gfx_samples_gather(const struct gfx_samples *samples, uint16_t mask)
{
    return samples->raster == samples->count ? mask : mask != 0;
}

#endif
