/* SPDX-License-Identifier: MIT
 *
 * The back ends as a stage of the pipeline: see pipeline.h.
 */
#include "softgpu/gfx/output.h"

#include <errno.h>
#include <stdlib.h>

#include "softgpu/gfx/port.h"

rw_status gfx_output_create(struct gfx_pipeline *pipeline)
{
    pipeline->output = calloc(1, sizeof(*pipeline->output));
    return pipeline->output ? RW_OK : RW_FAIL(ENOMEM, "no memory for the back ends of a pipeline");
}

void gfx_output_destroy(struct gfx_pipeline *pipeline)
{
    free(pipeline->output);
    pipeline->output = NULL;
}

static void output_sync(struct gfx_pipeline *pipeline)
{
    struct gfx_output *output = pipeline->output;
    uint64_t epoch = atomic_load_explicit(&pipeline->machine.memory->epoch, memory_order_acquire);

    if (epoch == output->epoch)
        return;
    output->epoch = epoch;
    gfx_color_forget_windows(&output->color);
    gfx_depth_forget_windows(&output->depth);
}

/* Passes over metadata and resolves take no samples, but whole pixels. */
static unsigned surface_samples_log2(const struct gfx_output *output)
{
    const struct gfx_depth *depth = &output->depth;
    const struct gfx_color *color = &output->color;
    unsigned most = depth->z.present || depth->stencil.present ? depth->samples_log2 : 0;

    for (unsigned n = 0; n < GFX_COLOR_TARGETS && color->mode == GFX_COLOR_NORMAL; n++)
        if (color->on >> n & 1 && color->target[n].samples_log2 > most)
            most = color->target[n].samples_log2;
    return most;
}

enum gfx_result gfx_output_begin(struct gfx_pipeline *pipeline)
{
    enum gfx_result result = gfx_color_begin(pipeline);

    if (result == GFX_DONE)
        result = gfx_depth_begin(pipeline);
    pipeline->surface_samples_log2 = surface_samples_log2(pipeline->output);
    return result;
}

enum gfx_result gfx_output_depth(struct gfx_pipeline *pipeline, struct gfx_fragment *fragments,
                                 uint32_t count)
{
    output_sync(pipeline);
    return gfx_depth_run(pipeline, fragments, count);
}

enum gfx_result gfx_output_color(struct gfx_pipeline *pipeline,
                                 const struct gfx_fragment *fragments, uint32_t count)
{
    output_sync(pipeline);
    return gfx_color_run(pipeline, fragments, count);
}

/* ---- ports ---- */

uint8_t *gfx_port_search(struct gfx_pipeline *pipeline, struct gfx_port *port, uint64_t va,
                         uint32_t size)
{
    struct isa_memory *memory = pipeline->machine.memory;
    bool mapped = false;

    if (memory->find(memory, va, port->access, &port->window, &mapped)) {
        uint64_t offset = va - port->window.va;

        if (size <= port->window.size - offset)
            return port->window.host + offset;
        /* Elements are aligned and windows are of pages, so the element's rest is missing. */
        va += port->window.size - offset;
    }
    gfx_port_forget(port);
    pipeline->fault = (struct isa_fault){.kind = mapped ? ISA_FAULT_PROTECTION : ISA_FAULT_UNMAPPED,
                                         .va = va,
                                         .access = port->access};
    return NULL;
}
