/* SPDX-License-Identifier: MIT
 *
 * PM4 draws: how many vertices and instances, where the indices lie, and for indirect ones where
 * their parameters come from. What a draw does is the registers' business (softgpu/gfx/draw.c).
 *
 * Sources: Mesa's radv_cs_emit_draw_packet(), radv_cs_emit_indirect_draw_packet() and si_draw; the
 * kernel's nvd.h; Vulkan's VkDrawIndirectCommand for the parameters in memory.
 */
#include <inttypes.h>

#include "softgpu/cp/dispatch.h"
#include "softgpu/cp/pm4_run.h"
#include "softgpu/device/guard.h"
#include "softgpu/gfx/pipeline.h"
#include "softgpu/surface/surface_metadata.h"

enum { /* VGT_DRAW_INITIATOR; what is not here says which draws may be merged */
       INITIATOR_SOURCE = 3,
       INITIATOR_USE_OPAQUE = 1 << 6,
       SOURCE_INDEX_BUFFER = 0,
       SOURCE_AUTO = 2,
};

/* ---- the pipeline ---- */

static bool draw_may_go_on(void *context)
{
    return cp_queue_breathe(context) == CP_DONE;
}

static enum cp_step pipeline_get(struct pm4_run *run)
{
    struct cp_queue *queue = run->queue;
    const struct gfx_machine machine = {.gen = queue->cp->device->profile->isa,
                                        .memory = queue->access.memory,
                                        .host = &queue->host,
                                        .code = queue->code,
                                        .go_on = draw_may_go_on,
                                        .context = queue};

    if (queue->pipeline)
        return CP_DONE;
    return rw_ok(gfx_pipeline_create(&queue->gfx, &machine, &queue->pipeline))
               ? CP_DONE
               : pm4_refuse(run, "no host memory for a graphics pipeline");
}

static enum cp_step draw_fail(struct pm4_run *run, const struct gfx_pipeline *pipeline)
{
    if (pipeline->fault.kind != ISA_FAULT_NONE)
        return cp_fail_shader(run->queue, &pipeline->fault);
    return pm4_refuse(run, pipeline->obstacle);
}

/* The program may take memory away that a stage is using: a page fault of the GPU. Which of the
 * stage's windows the address was in is not known here, so it is told as the program knows it. A
 * pipeline that was left in the middle is not used again. */
static enum gfx_result draw_guarded(struct cp_queue *queue, const struct gfx_draw *draw,
                                    struct isa_fault *out_fault)
{
    enum gfx_result result;
    struct guard guard;

    if (guard_try(&guard)) {
        surface_metadata_abandon();
        *out_fault = (struct isa_fault){.kind = ISA_FAULT_UNMAPPED, .va = guard.address};
        gfx_pipeline_destroy(queue->pipeline);
        queue->pipeline = NULL;
        return GFX_FAULT;
    }
    result = gfx_draw(queue->pipeline, draw);
    guard_end(&guard);
    return result;
}

static enum cp_step draw_execute(struct pm4_run *run, const struct gfx_draw *draw)
{
    struct cp_queue *queue = run->queue;
    enum cp_step step = pipeline_get(run);
    struct isa_fault fault;

    if (step != CP_DONE)
        return step;
    queue->host.border_colors =
        gfx_context_address(&queue->gfx.registers, GFX_TA_BC_BASE_ADDR, GFX_TA_BC_BASE_ADDR_HI);
    switch (draw_guarded(queue, draw, &fault)) {
    case GFX_DONE:
        return CP_DONE;
    case GFX_STOPPED:
        return CP_STOPPED;
    default:
        return queue->pipeline ? draw_fail(run, queue->pipeline) : cp_fail_shader(queue, &fault);
    }
}

static enum cp_step initiator_check(struct pm4_run *run, uint32_t initiator, unsigned source)
{
    if ((initiator & INITIATOR_SOURCE) != source)
        return pm4_refuse(run, "a source of indices that is not the packet's");
    if (initiator & INITIATOR_USE_OPAQUE)
        return pm4_refuse(run, "a draw of what streamout captured that has its own parameters");
    return CP_DONE;
}

/* ---- draws by themselves ---- */

/* A NUM_INSTANCES of 0 means 1. */
static uint32_t instances_of(const struct gfx_state *gfx)
{
    return gfx->instances ? gfx->instances : 1;
}

/* 0: a type that does not exist. */
static uint32_t index_bytes_of(const struct gfx_state *gfx)
{
    static const uint8_t bytes[4] = {[0] = 2, [1] = 4, [2] = 1};

    return bytes[gfx->registers.uconfig[GFX_VGT_INDEX_TYPE - 0xc000] & 3];
}

/* As many vertices as streamout has captured: of the unit of the registers, bytes or dwords. */
static enum cp_step opaque_count(struct pm4_run *run, uint32_t *out_count)
{
    const struct gfx_registers *r = &run->queue->gfx.registers;
    uint32_t filled = gfx_context(r, GFX_VGT_STRMOUT_DRAW_OPAQUE_BUFFER_FILLED_SIZE);
    uint32_t offset = gfx_context(r, GFX_VGT_STRMOUT_DRAW_OPAQUE_OFFSET);
    uint32_t stride = gfx_context(r, GFX_VGT_STRMOUT_DRAW_OPAQUE_VERTEX_STRIDE);

    if (stride == 0)
        return pm4_refuse(run, "a draw of captured vertices of no size "
                               "(VGT_STRMOUT_DRAW_OPAQUE_VERTEX_STRIDE)");
    *out_count = filled > offset ? (filled - offset) / stride : 0;
    return CP_DONE;
}

enum cp_step pm4_draw_index_auto(struct pm4_run *run)
{
    struct gfx_draw draw = {.count = run->p[0], .instances = instances_of(&run->queue->gfx)};
    const uint32_t initiator = run->p[1];
    enum cp_step step =
        initiator_check(run, initiator & ~(uint32_t)INITIATOR_USE_OPAQUE, SOURCE_AUTO);

    if (step == CP_DONE && initiator & INITIATOR_USE_OPAQUE)
        step = opaque_count(run, &draw.count);
    return step == CP_DONE ? draw_execute(run, &draw) : step;
}

/* `limit` counts indices from `va` on. */
static enum cp_step draw_indexed(struct pm4_run *run, uint64_t va, uint32_t limit, uint32_t count,
                                 uint32_t initiator)
{
    const struct gfx_draw draw = {.count = count,
                                  .instances = instances_of(&run->queue->gfx),
                                  .indexed = true,
                                  .index_va = va,
                                  .index_limit = limit,
                                  .index_bytes = index_bytes_of(&run->queue->gfx)};
    enum cp_step step = initiator_check(run, initiator, SOURCE_INDEX_BUFFER);

    if (step == CP_DONE && draw.index_bytes == 0)
        return pm4_refuse(run, "indices of no known type (VGT_INDEX_TYPE)");
    return step == CP_DONE ? draw_execute(run, &draw) : step;
}

enum cp_step pm4_draw_index_2(struct pm4_run *run)
{
    return draw_indexed(run, pm4_pair(&run->p[1]), run->p[0], run->p[3], run->p[4]);
}

/* From INDEX_BASE on; the packet has the size from there, and an offset in indices. */
enum cp_step pm4_draw_index_offset_2(struct pm4_run *run)
{
    const struct gfx_state *gfx = &run->queue->gfx;
    uint32_t limit = run->p[0], offset = run->p[1];
    uint64_t va = gfx->index.va + (uint64_t)offset * index_bytes_of(gfx);

    return draw_indexed(run, va, limit > offset ? limit - offset : 0, run->p[2], run->p[3]);
}

/* ---- indirect draws ---- */

struct indirect {
    bool indexed;
    uint64_t va;                                   /* of the first parameters */
    uint32_t vertex_reg, instance_reg, number_reg; /* SH registers that are told; 0 = none */
    uint32_t initiator;
};

static void sh_store(struct pm4_run *run, uint32_t offset, uint32_t value)
{
    uint32_t *reg = gfx_registers_in(&run->queue->gfx.registers, GFX_SPACE_SH, offset, 1);

    if (offset != 0 && reg)
        *reg = value;
}

/* Parameters: count, instances, first vertex or index, [vertex offset,] first instance. */
static enum cp_step indirect_draw(struct pm4_run *run, const struct indirect *in, uint64_t va,
                                  uint32_t number)
{
    struct gfx_state *gfx = &run->queue->gfx;
    uint32_t p[5];
    struct gfx_draw draw;
    uint32_t bytes = index_bytes_of(gfx);

    if (!cp_access_read(&run->queue->access, va, p, (in->indexed ? 5 : 4) * sizeof(p[0])))
        return cp_fail_access(run->queue);
    draw = (struct gfx_draw){.count = p[0], .instances = p[1], .indexed = in->indexed};
    sh_store(run, in->vertex_reg, in->indexed ? p[3] : p[2]);
    sh_store(run, in->instance_reg, in->indexed ? p[4] : p[3]);
    sh_store(run, in->number_reg, number);
    if (in->indexed) {
        draw.index_bytes = bytes;
        draw.index_va = gfx->index.va + (uint64_t)p[2] * bytes;
        draw.index_limit = gfx->index.count > p[2] ? gfx->index.count - p[2] : 0;
    }
    return draw_execute(run, &draw);
}

static enum cp_step indirect_check(struct pm4_run *run, const struct indirect *in)
{
    enum cp_step step =
        initiator_check(run, in->initiator, in->indexed ? SOURCE_INDEX_BUFFER : SOURCE_AUTO);

    if (step == CP_DONE && in->indexed && index_bytes_of(&run->queue->gfx) == 0)
        return pm4_refuse(run, "indices of no known type (VGT_INDEX_TYPE)");
    return step;
}

static struct indirect indirect_read(const struct pm4_run *run, bool indexed, uint32_t initiator)
{
    enum { BASE_INDIRECT = 1 };

    return (struct indirect){.indexed = indexed,
                             .va = run->queue->gfx.base[BASE_INDIRECT] + run->p[0],
                             .vertex_reg = run->p[1] & 0xffff,
                             .instance_reg = run->p[2] & 0xffff,
                             .initiator = initiator};
}

static enum cp_step indirect_one(struct pm4_run *run, bool indexed)
{
    const struct indirect in = indirect_read(run, indexed, run->p[3]);
    enum cp_step step = indirect_check(run, &in);

    return step == CP_DONE ? indirect_draw(run, &in, in.va, 0) : step;
}

enum cp_step pm4_draw_indirect(struct pm4_run *run)
{
    return indirect_one(run, false);
}

enum cp_step pm4_draw_index_indirect(struct pm4_run *run)
{
    return indirect_one(run, true);
}

/* At most as many as the packet says, and as a count in memory says. */
static enum cp_step count_read(struct pm4_run *run, uint32_t *out_count)
{
    enum { COUNT_INDIRECT = 1 << 30 };
    uint32_t count;

    *out_count = run->p[4];
    if (!(run->p[3] & COUNT_INDIRECT))
        return CP_DONE;
    if (!cp_access_load32(&run->queue->access, pm4_pair(&run->p[5]) & ~UINT64_C(3), &count))
        return cp_fail_access(run->queue);
    if (count < *out_count)
        *out_count = count;
    return CP_DONE;
}

static enum cp_step indirect_many(struct pm4_run *run, bool indexed)
{
    const uint32_t number_enable = 1u << 31;
    struct indirect in = indirect_read(run, indexed, run->p[8]);
    uint32_t stride = run->p[7], count;
    enum cp_step step = indirect_check(run, &in);

    if (run->p[3] & number_enable)
        in.number_reg = run->p[3] & 0xffff;
    if (step == CP_DONE)
        step = count_read(run, &count);
    for (uint32_t i = 0; step == CP_DONE && i < count; i++) {
        step = cp_queue_breathe(run->queue);
        if (step == CP_DONE)
            step = indirect_draw(run, &in, in.va + (uint64_t)i * stride, i);
    }
    return step;
}

enum cp_step pm4_draw_indirect_multi(struct pm4_run *run)
{
    return indirect_many(run, false);
}

enum cp_step pm4_draw_index_indirect_multi(struct pm4_run *run)
{
    return indirect_many(run, true);
}
