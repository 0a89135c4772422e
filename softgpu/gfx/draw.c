/* SPDX-License-Identifier: MIT
 *
 * A pipeline's life, and a draw from its beginning to its end: see pipeline.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "softgpu/gfx/pipeline.h"

rw_status gfx_pipeline_create(struct gfx_state *state, const struct gfx_machine *machine,
                              struct gfx_pipeline **out_pipeline)
{
    struct gfx_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    rw_status status;

    *out_pipeline = NULL;
    if (!pipeline)
        return RW_FAIL(ENOMEM, "no memory for a graphics pipeline");
    pipeline->state = state;
    pipeline->machine = *machine;
    status = gfx_geometry_create(pipeline);
    if (rw_ok(status))
        status = gfx_raster_create(pipeline);
    if (rw_ok(status))
        status = gfx_pixel_create(pipeline);
    if (rw_ok(status))
        status = gfx_output_create(pipeline);
    if (!rw_ok(status)) {
        gfx_pipeline_destroy(pipeline);
        return status;
    }
    *out_pipeline = pipeline;
    return RW_OK;
}

void gfx_pipeline_destroy(struct gfx_pipeline *pipeline)
{
    if (!pipeline)
        return;
    gfx_output_destroy(pipeline);
    gfx_pixel_destroy(pipeline);
    gfx_raster_destroy(pipeline);
    gfx_geometry_destroy(pipeline);
    free(pipeline);
}

enum gfx_result gfx_draw(struct gfx_pipeline *pipeline, const struct gfx_draw *draw)
{
    enum gfx_result result;

    pipeline->fault = (struct isa_fault){.kind = ISA_FAULT_NONE};
    pipeline->obstacle[0] = '\0';
    if (draw->count == 0 || draw->instances == 0)
        return GFX_DONE;
    isa_code_revalidate(pipeline->machine.code);
    result = gfx_output_begin(pipeline);
    if (result == GFX_DONE)
        result = gfx_pixel_begin(pipeline);
    if (result == GFX_DONE)
        result = gfx_raster_begin(pipeline);
    if (result == GFX_DONE)
        result = gfx_geometry_draw(pipeline, draw);
    if (result == GFX_DONE)
        result = gfx_pixel_flush(pipeline);
    return result;
}
