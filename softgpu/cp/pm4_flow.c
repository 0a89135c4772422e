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

static enum cp_step predicate_bool(struct pm4_run *run, bool wide, bool wanted)
{
    uint64_t value;
    enum cp_step step = predicate_read(run, wide, &value);

    if (step == CP_DONE)
        run->queue->gfx.predicate_off = (value != 0) != wanted;
    return step;
}

/* A query's result: counts at its beginning and at its end, the top bit set in those that have been
 * written. `counts` of them from `va` on; false in *out_known when one is missing and the packet
 * does not wait. */
static enum cp_step counts_read(struct pm4_run *run, uint64_t va, uint64_t *values, unsigned counts,
                                bool *out_known)
{
    enum { NO_WAIT = 1 << 12, EQUAL = 3 };
    const uint64_t written = UINT64_C(1) << 63;
    const bool waits = !(run->p[0] & NO_WAIT);
    enum cp_step step = CP_DONE;

    *out_known = true;
    for (unsigned i = 0; i < counts && step == CP_DONE; i++) {
        const struct cp_poll poll = {.va = va + i * 8,
                                     .mask = written,
                                     .reference = written,
                                     .function = EQUAL,
                                     .wide = true};

        if (waits)
            step = cp_poll_wait(run->queue, &poll);
        if (step == CP_DONE && !cp_access_load64(&run->queue->access, va + i * 8, &values[i]))
            step = cp_fail_access(run->queue);
        if (step == CP_DONE && !(values[i] & written))
            *out_known = false;
    }
    return step;
}

/* Some samples passed, of any render backend. */
static bool samples_seen(const uint64_t *values, unsigned counts)
{
    uint64_t passed = 0;

    for (unsigned i = 0; i < counts; i += 2)
        passed += values[i + 1] - values[i];
    return passed != 0;
}

/* Primitives came that there was no room for: needed and written, before and after. */
static bool overflow_seen(const uint64_t values[4])
{
    return values[2] - values[0] != values[3] - values[1];
}

/* Draws go on if samples passed, or if nothing overflowed; or the other way round. Of several
 * results, one after the other, one is enough. What is not known yet draws. */
static enum cp_step predicate_counts(struct pm4_run *run, bool samples, bool wanted)
{
    enum { BACKENDS_MAX = 32 };
    const uint32_t goes_on = 1u << 31;
    struct gfx_state *gfx = &run->queue->gfx;
    const uint64_t va = pm4_pair(&run->p[1]) & ~UINT64_C(7);
    const unsigned backends = run->queue->cp->device->profile->render_backends;
    const unsigned counts = samples ? 2 * backends : 4;
    const bool continues = run->p[0] & goes_on;
    uint64_t values[2 * BACKENDS_MAX];
    bool known, seen;
    enum cp_step step;

    if (backends > BACKENDS_MAX)
        return pm4_refuse(run, "predication by more render backends than are known");
    step = counts_read(run, va, values, counts, &known);
    if (step != CP_DONE)
        return step;
    if (known)
        seen = samples ? samples_seen(values, counts) : overflow_seen(values);
    else
        seen = samples == wanted;
    gfx->predicate_seen = seen || (continues && gfx->predicate_seen);
    gfx->predicate_off = (gfx->predicate_seen == samples) != wanted;
    return CP_DONE;
}

enum cp_step pm4_set_predication(struct pm4_run *run)
{
    enum { CLEAR = 0, ZPASS = 1, PRIMCOUNT = 2, BOOL64 = 3, BOOL32 = 4, VISIBLE = 1 << 8 };
    const unsigned operation = run->p[0] >> 16 & 7;
    const bool wanted = run->p[0] & VISIBLE;

    switch (operation) {
    case CLEAR:
        run->queue->gfx.predicate_off = false;
        return CP_DONE;
    case ZPASS:
    case PRIMCOUNT:
        return predicate_counts(run, operation == ZPASS, wanted);
    case BOOL64:
    case BOOL32:
        return predicate_bool(run, operation == BOOL64, wanted);
    default:
        return pm4_refuse(run, "predication of a kind that is not modelled");
    }
}
