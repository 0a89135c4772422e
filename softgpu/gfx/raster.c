/* SPDX-License-Identifier: MIT
 *
 * The rasteriser as a stage of the pipeline: see pipeline.h.
 */
#include "softgpu/gfx/raster.h"

#include <errno.h>
#include <stdlib.h>

rw_status gfx_raster_create(struct gfx_pipeline *pipeline)
{
    pipeline->raster = calloc(1, sizeof(*pipeline->raster));
    return pipeline->raster ? RW_OK : RW_FAIL(ENOMEM, "no memory for the rasteriser of a pipeline");
}

void gfx_raster_destroy(struct gfx_pipeline *pipeline)
{
    free(pipeline->raster);
    pipeline->raster = NULL;
}

enum gfx_result gfx_raster_begin(struct gfx_pipeline *pipeline)
{
    enum gfx_result result = gfx_raster_read_setup(pipeline);

    pipeline->raster->primitive_count = pipeline->raster->parameter_count = 0;
    return result == GFX_DONE ? gfx_raster_read_attributes(pipeline) : result;
}

/* Room for what one primitive can become at most: the parts that clipping leaves, or three lines
 * or points with parameters of their own. */
static enum gfx_result raster_reserve(struct gfx_pipeline *pipeline)
{
    struct gfx_raster *raster = pipeline->raster;
    enum gfx_result result;

    if (raster->primitive_count + GFX_CLIP_CORNERS <= RASTER_PENDING &&
        raster->parameter_count + 3 <= RASTER_PENDING)
        return GFX_DONE;
    result = gfx_pixel_flush(pipeline);
    raster->primitive_count = raster->parameter_count = 0;
    return result;
}

enum gfx_result gfx_raster_batch(struct gfx_pipeline *pipeline, const struct gfx_batch *batch)
{
    static enum gfx_result (*const draw[])(struct gfx_pipeline *, const struct gfx_batch *,
                                           const struct gfx_primitive *) = {
        [GFX_POINT] = gfx_raster_point,
        [GFX_LINE] = gfx_raster_line,
        [GFX_TRIANGLE] = gfx_raster_triangle,
        [GFX_RECT] = gfx_raster_rect,
    };

    if (pipeline->raster->setup.kill)
        return GFX_DONE;
    for (uint32_t i = 0; i < batch->primitive_count; i++) {
        enum gfx_result result = raster_reserve(pipeline);

        if (result == GFX_DONE)
            result = draw[batch->type](pipeline, batch, &batch->primitives[i]);
        if (result != GFX_DONE)
            return result;
    }
    return GFX_DONE;
}
