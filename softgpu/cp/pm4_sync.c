/* SPDX-License-Identifier: MIT
 *
 * PM4 packets that wait, and that tell others: waits for memory, events, fences, queries.
 */
#include <string.h>

#include "softgpu/cp/pm4_run.h"

/* ---- waits ---- */

static bool is_memory_wait(uint32_t control)
{
    enum { SPACE_MEMORY = 1, OPERATION_WAIT = 0 };

    return (control >> 4 & 3) == SPACE_MEMORY && (control >> 6 & 3) == OPERATION_WAIT;
}

static bool is_register_wait(uint32_t control)
{
    return (control >> 4 & 0xf) == 0;
}

/* Packets before it are complete, and nobody else writes a program's registers: it holds now or
 * never. */
static enum cp_step register_wait(struct pm4_run *run)
{
    const uint32_t *reg = gfx_registers_at(&run->queue->gfx.registers, run->p[1] & 0x3ffff, 1);

    if (!reg)
        return pm4_refuse(run, "WAIT_REG_MEM on a register that is the kernel's");
    if (!cp_poll_holds(run->p[0] & 7, *reg & run->p[4], run->p[3]))
        return pm4_refuse(run, "WAIT_REG_MEM on a register that nothing is going to change");
    return CP_DONE;
}

enum cp_step pm4_wait_reg_mem(struct pm4_run *run)
{
    struct cp_poll poll = {.va = pm4_pair(&run->p[1]) & ~UINT64_C(3),
                           .mask = run->p[4],
                           .reference = run->p[3],
                           .function = run->p[0] & 7};

    if (is_register_wait(run->p[0]))
        return register_wait(run);
    return is_memory_wait(run->p[0]) ? cp_poll_wait(run->queue, &poll)
                                     : pm4_refuse(run, "WAIT_REG_MEM that writes");
}

enum cp_step pm4_wait_reg_mem64(struct pm4_run *run)
{
    struct cp_poll poll = {.va = pm4_pair(&run->p[1]) & ~UINT64_C(7),
                           .mask = pm4_pair(&run->p[5]),
                           .reference = pm4_pair(&run->p[3]),
                           .function = run->p[0] & 7,
                           .wide = true};

    return is_memory_wait(run->p[0]) ? cp_poll_wait(run->queue, &poll)
                                     : pm4_refuse(run, "WAIT_REG_MEM64 on a register");
}

/* ---- events ---- */

static enum cp_step event_flush(struct pm4_run *run)
{
    (void)run;
    return CP_DONE;
}

static enum cp_step event_reset(struct pm4_run *run)
{
    return pm4_refuse(run, "a reset of streamout, which is not modelled");
}

/* Draws keep the filled sizes up to date. Drivers clear the bit before and wait for it behind. */
static enum cp_step event_fill(struct pm4_run *run)
{
    enum { OFFSET_UPDATE_DONE = 1 };

    *gfx_registers_at(&run->queue->gfx.registers, GFX_CP_STRMOUT_CNTL, 1) |= OFFSET_UPDATE_DONE;
    return CP_DONE;
}

static uint64_t event_address(const struct pm4_run *run)
{
    return run->dwords < 3 ? 0 : pm4_pair(&run->p[1]) & ~UINT64_C(7);
}

/* Each render backend writes the samples that it has let pass since the reset, with the top bit set
 * to show that it has, 16 bytes apart. Readers add them up, so the first one has the model's. */
static enum cp_step event_zpass(struct pm4_run *run)
{
    enum { STRIDE = 16 };
    const uint64_t written = UINT64_C(1) << 63, passed = run->queue->gfx.samples_passed;
    uint64_t va = event_address(run);
    unsigned backends = run->queue->cp->device->profile->render_backends;
    bool ok = true;

    for (unsigned i = 0; ok && i < backends; i++)
        ok = cp_access_store64(&run->queue->access, va + (uint64_t)i * STRIDE,
                               written | (i == 0 ? passed : 0));
    return pm4_stored(run, ok);
}

/* The top bits show that the counts have been written. */
static enum cp_step stream_write(struct pm4_run *run, unsigned stream)
{
    const uint64_t written = UINT64_C(1) << 63;
    const struct gfx_stream_counts *counts = &run->queue->gfx.streams[stream];
    const uint64_t va = event_address(run);

    return pm4_stored(
        run, cp_access_store64(&run->queue->access, va, written | counts->needed) &&
                 cp_access_store64(&run->queue->access, va + 8, written | counts->written));
}

static enum cp_step event_stream0(struct pm4_run *run)
{
    return stream_write(run, 0);
}

static enum cp_step event_stream1(struct pm4_run *run)
{
    return stream_write(run, 1);
}

static enum cp_step event_stream2(struct pm4_run *run)
{
    return stream_write(run, 2);
}

static enum cp_step event_stream3(struct pm4_run *run)
{
    return stream_write(run, 3);
}

static enum cp_step event_pipeline(struct pm4_run *run)
{
    const struct gfx_state *gfx = &run->queue->gfx;

    return pm4_stored(run, cp_access_write(&run->queue->access, event_address(run), gfx->statistics,
                                           sizeof(gfx->statistics)));
}

static enum cp_step event_start(struct pm4_run *run)
{
    run->queue->gfx.statistics_on = true;
    return CP_DONE;
}

static enum cp_step event_stop(struct pm4_run *run)
{
    run->queue->gfx.statistics_on = false;
    return CP_DONE;
}

enum cp_step pm4_event_write(struct pm4_run *run)
{
    static pm4_handler *const actions[64] = {
#define PM4_EVENT(number, name, action) [number] = event_##action,
#include "softgpu/cp/pm4_events.def"
    };
    pm4_handler *action = actions[run->p[0] & 0x3f];

    return action ? action(run) : pm4_refuse(run, "an event that is not modelled");
}

/* ---- fences ---- */

enum fence_data { DATA_NONE, DATA_32, DATA_64, DATA_GPU_CLOCK, DATA_SYSTEM_CLOCK };

struct fence {
    unsigned data, interrupt; /* the packet's fields */
    uint64_t va, value;
    uint32_t context; /* of the interrupt */
};

static enum cp_step fence_write(struct pm4_run *run, const struct fence *fence)
{
    enum { INT_NONE, INT_ONLY, INT_AFTER_WRITE, DATA_AFTER_WRITE };
    struct cp_access *access = &run->queue->access;
    bool ok = true;

    switch (fence->data) {
    case DATA_NONE:
        break;
    case DATA_32:
        ok = cp_access_store32(access, fence->va & ~UINT64_C(3), (uint32_t)fence->value);
        break;
    case DATA_64:
        ok = cp_access_store64(access, fence->va & ~UINT64_C(7), fence->value);
        break;
    case DATA_GPU_CLOCK:
    case DATA_SYSTEM_CLOCK:
        ok = cp_access_store64(access, fence->va & ~UINT64_C(7), cp_queue_clock(run->queue));
        break;
    default:
        return pm4_refuse(run, "a fence with data from GDS");
    }
    if (fence->interrupt > DATA_AFTER_WRITE)
        return pm4_refuse(run, "a fence with a conditional interrupt");
    if (ok && (fence->interrupt == INT_ONLY || fence->interrupt == INT_AFTER_WRITE))
        cp_queue_interrupt(run->queue, fence->context);
    return pm4_stored(run, ok);
}

enum cp_step pm4_release_mem(struct pm4_run *run)
{
    struct fence fence = {.data = run->p[1] >> 29,
                          .interrupt = run->p[1] >> 24 & 7,
                          .va = pm4_pair(&run->p[2]),
                          .value = pm4_pair(&run->p[4]),
                          .context = run->dwords > 6 ? run->p[6] : 0};

    return fence_write(run, &fence);
}

/* The older form, which packs the upper half of the address with the selectors. */
enum cp_step pm4_event_write_eop(struct pm4_run *run)
{
    struct fence fence = {.data = run->p[2] >> 29,
                          .interrupt = run->p[2] >> 24 & 7,
                          .va = run->p[1] | (uint64_t)(run->p[2] & 0xffff) << 32,
                          .value = pm4_pair(&run->p[3])};

    return fence_write(run, &fence);
}

enum cp_step pm4_event_write_eos(struct pm4_run *run)
{
    enum { STORE_32 = 2 };
    struct fence fence = {.data = DATA_32,
                          .va = run->p[1] | (uint64_t)(run->p[2] & 0xffff) << 32,
                          .value = run->p[3]};

    if (run->p[2] >> 29 != STORE_32)
        return pm4_refuse(run, "a fence with data from GDS");
    return fence_write(run, &fence);
}

/* ---- the constant engine: two counters say how far it is ahead of the draw engine ---- */

enum cp_step pm4_increment_ce_counter(struct pm4_run *run)
{
    run->queue->gfx.ce_count++;
    return CP_DONE;
}

enum cp_step pm4_increment_de_counter(struct pm4_run *run)
{
    run->queue->gfx.de_count++;
    return CP_DONE;
}

enum cp_step pm4_set_ce_de_counters(struct pm4_run *run)
{
    run->queue->gfx.ce_count = run->queue->gfx.de_count = 0;
    return CP_DONE;
}

static enum cp_test never(struct cp_queue *queue, const void *unused)
{
    (void)queue;
    (void)unused;
    return CP_TEST_NO;
}

/* Both streams are executed by one thread, the constant engine's first: what is not there yet never
 * comes, and the job hangs until it is reset, as on hardware. */
enum cp_step pm4_wait_on_ce_counter(struct pm4_run *run)
{
    const struct gfx_state *gfx = &run->queue->gfx;

    return gfx->ce_count > gfx->de_count ? CP_DONE : cp_queue_wait(run->queue, never, NULL);
}

enum cp_step pm4_wait_on_de_counter_diff(struct pm4_run *run)
{
    const struct gfx_state *gfx = &run->queue->gfx;

    return gfx->ce_count - gfx->de_count < run->p[0] ? CP_DONE
                                                     : cp_queue_wait(run->queue, never, NULL);
}
