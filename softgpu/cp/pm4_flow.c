/* SPDX-License-Identifier: MIT
 *
 * PM4 packets that say what is executed next: indirect buffers, conditions, predication.
 */
#include "softgpu/cp/pm4_run.h"

enum { DEPTH_MAX = 2 }; /* ring or vendor packet -> IB -> IB */

static enum cp_step indirect(struct pm4_run *run, enum pm4_engine engine)
{
    enum { CHAIN = 1 << 20, BODY = 3 };
    struct cp_stream ib = {.base = pm4_pair(run->p) & ~UINT64_C(3),
                           .end = (uint64_t)(run->p[2] & 0xfffff) * 4};

    if (run->dwords != BODY)
        return pm4_refuse(run, "conditional indirect buffers are not modelled");
    if (run->p[2] & CHAIN) { /* goes on there and does not come back */
        if (run->stream->ring_size)
            return pm4_refuse(run, "a ring cannot chain");
        *run->stream = ib;
        return CP_DONE;
    }
    if (run->depth >= DEPTH_MAX)
        return pm4_refuse(run, "indirect buffers nest too deep");
    return pm4_stream_execute(run->queue, &ib, engine, run->depth + 1);
}

enum cp_step pm4_indirect_buffer(struct pm4_run *run)
{
    return indirect(run, run->engine);
}

enum cp_step pm4_indirect_buffer_cnst(struct pm4_run *run)
{
    return indirect(run, PM4_CE);
}

static enum cp_step skip(struct pm4_run *run, uint64_t dwords)
{
    if (dwords > cp_stream_dwords(run->stream))
        return pm4_refuse(run, "it skips beyond the end");
    run->stream->at += dwords * 4;
    return CP_DONE;
}

enum cp_step pm4_cond_exec(struct pm4_run *run)
{
    uint64_t dwords = run->p[3] & 0x3fff;
    uint32_t value;

    if (!cp_access_load32(&run->queue->access, pm4_pair(run->p) & ~UINT64_C(3), &value))
        return cp_fail_access(run->queue);
    return value != 0 ? CP_DONE : skip(run, dwords);
}

/* Waits until what follows in the buffer has been written, by the program or by a shader: the
 * packet's own dword in memory then has its top bit set. */
enum cp_step pm4_rewind(struct pm4_run *run)
{
    enum { EQUAL = 3 };
    const uint32_t valid = 1u << 31;
    struct cp_poll poll = {.va = run->stream->base + run->stream->at - 4,
                           .mask = valid,
                           .reference = valid,
                           .function = EQUAL};

    if (run->stream->ring_size)
        return pm4_refuse(run, "a ring cannot be written behind its write pointer");
    return cp_poll_wait(run->queue, &poll);
}

/* ---- predication ---- */

/* Mesa's predicates of 64 bits lie at multiples of 4. */
static enum cp_step predicate_read(struct pm4_run *run, bool wide, uint64_t *out_value)
{
    uint64_t va = pm4_pair(&run->p[1]) & ~UINT64_C(3);

    *out_value = 0;
    return cp_access_read(&run->queue->access, va, out_value, wide ? 8 : 4)
               ? CP_DONE
               : cp_fail_access(run->queue);
}

enum cp_step pm4_set_predication(struct pm4_run *run)
{
    enum { CLEAR = 0, BOOL64 = 3, BOOL32 = 4, VISIBLE = 1 << 8 };
    unsigned operation = run->p[0] >> 16 & 7;
    bool wanted = run->p[0] & VISIBLE;
    uint64_t value;

    if (operation == CLEAR) {
        run->queue->gfx.predicate_off = false;
        return CP_DONE;
    }
    if (operation != BOOL64 && operation != BOOL32)
        return pm4_refuse(run, "predication by a query itself; drivers write a boolean");
    enum cp_step step = predicate_read(run, operation == BOOL64, &value);

    if (step == CP_DONE)
        run->queue->gfx.predicate_off = (value != 0) != wanted;
    return step;
}
