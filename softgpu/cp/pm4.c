/* SPDX-License-Identifier: MIT
 *
 * The PM4 interpreter of compute queues: see pm4.h. Packets are executed in order, each complete
 * before the next begins, so flushes and partial flushes have nothing to do.
 */
#include "softgpu/cp/pm4.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/cp/dispatch.h"
#include "softgpu/cp/stream.h"

enum {
    PACKET_DWORDS = 0x4000, /* the longest body */
    NOP_SINGLE = 0x3fff,    /* a NOP of one dword has this count */
    DEPTH_MAX = 2,          /* ring or vendor packet -> IB -> IB */
    OPCODE_NOP = 0x10,
    SH_BASE = 0x2c00,
};

/* A packet in execution. */
struct pm4_run {
    struct cp_queue *queue;
    struct cp_stream *stream; /* behind the packet */
    uint32_t header;
    const uint32_t *p; /* body, valid until the handler waits or runs another stream */
    unsigned dwords;   /* of the body */
    unsigned depth;
};

typedef enum cp_step pm4_handler(struct pm4_run *run);

static enum cp_step stream_execute(struct cp_queue *queue, struct cp_stream *stream,
                                   unsigned depth);

static uint64_t pair(const uint32_t *p)
{
    return p[0] | (uint64_t)p[1] << 32;
}

static enum cp_step refuse(struct pm4_run *run, const char *what)
{
    return cp_fail(run->queue, CP_ERROR_PACKET_VENDOR, "PM4 packet with header 0x%08x: %s",
                   run->header, what);
}

static enum cp_step stored(struct pm4_run *run, bool ok)
{
    if (!ok)
        return cp_fail_access(run->queue);
    cp_memory_changed();
    return CP_DONE;
}

static enum cp_step pm4_nothing(struct pm4_run *run)
{
    (void)run;
    return CP_DONE;
}

/* ---- memory ---- */

static enum cp_step pm4_write_data(struct pm4_run *run)
{
    enum { ONE_ADDRESS = 1 << 16, DST_MEMORY_GRBM = 1, DST_L2 = 2, DST_MEMORY = 5 };
    struct cp_access *access = &run->queue->access;
    unsigned destination = run->p[0] >> 8 & 0xf, count = run->dwords - 3;
    uint64_t va = pair(&run->p[1]) & ~UINT64_C(3);
    bool ok = true;

    if (destination != DST_MEMORY_GRBM && destination != DST_L2 && destination != DST_MEMORY)
        return refuse(run, "WRITE_DATA to something other than memory");
    if (!(run->p[0] & ONE_ADDRESS))
        return stored(run, cp_access_write(access, va, &run->p[3], (uint64_t)count * 4));
    for (unsigned i = 0; ok && i < count; i++)
        ok = cp_access_store32(access, va, run->p[3 + i]);
    return stored(run, ok);
}

static bool sh_register(uint32_t number, unsigned *out_index)
{
    *out_index = number - SH_BASE;
    return number >= SH_BASE && *out_index < CP_SH_REGISTERS;
}

static enum cp_step copy_data_read(struct pm4_run *run, bool wide, uint64_t *out_value)
{
    enum { SRC_REGISTER = 0, SRC_MEMORY = 1, SRC_L2 = 2, SRC_IMMEDIATE = 5, SRC_CLOCK = 9 };
    struct cp_access *access = &run->queue->access;
    uint64_t from = pair(&run->p[1]);
    unsigned index;
    uint32_t low;

    switch (run->p[0] & 0xf) {
    case SRC_REGISTER:
        if (!sh_register((uint32_t)from, &index) || wide)
            return refuse(run, "COPY_DATA from a register that is not modelled");
        *out_value = run->queue->sh[index];
        return CP_DONE;
    case SRC_MEMORY:
    case SRC_L2:
        if (wide)
            return cp_access_load64(access, from, out_value) ? CP_DONE : cp_fail_access(run->queue);
        if (!cp_access_load32(access, from, &low))
            return cp_fail_access(run->queue);
        *out_value = low;
        return CP_DONE;
    case SRC_IMMEDIATE:
        *out_value = from;
        return CP_DONE;
    case SRC_CLOCK:
        *out_value = cp_queue_clock(run->queue);
        return CP_DONE;
    default:
        return refuse(run, "COPY_DATA from a source that is not modelled");
    }
}

static enum cp_step pm4_copy_data(struct pm4_run *run)
{
    enum { WIDE = 1 << 16, DST_REGISTER = 0, DST_MEMORY_GRBM = 1, DST_L2 = 2, DST_MEMORY = 5 };
    struct cp_access *access = &run->queue->access;
    bool wide = run->p[0] & WIDE;
    uint64_t to = pair(&run->p[3]), value;
    enum cp_step step = copy_data_read(run, wide, &value);
    unsigned index;

    if (step != CP_DONE)
        return step;
    switch (run->p[0] >> 8 & 0xf) {
    case DST_REGISTER:
        if (!sh_register((uint32_t)to, &index) || wide)
            return refuse(run, "COPY_DATA to a register that is not modelled");
        run->queue->sh[index] = (uint32_t)value;
        return CP_DONE;
    case DST_MEMORY_GRBM:
    case DST_L2:
    case DST_MEMORY:
        return stored(run, wide ? cp_access_store64(access, to, value)
                                : cp_access_store32(access, to, (uint32_t)value));
    default:
        return refuse(run, "COPY_DATA to a destination that is not modelled");
    }
}

static enum cp_step pm4_dma_data(struct pm4_run *run)
{
    enum { SEL_ADDRESS = 0, SEL_DATA = 2, SEL_L2 = 3, REGISTER = 3 << 26, NO_INCREMENT = 3 << 28 };
    unsigned source = run->p[0] >> 29 & 3, destination = run->p[0] >> 20 & 3;
    uint64_t from = pair(&run->p[1]), to = pair(&run->p[3]), size = run->p[5] & 0x3ffffff;

    if (run->p[5] & (REGISTER | NO_INCREMENT))
        return refuse(run, "DMA_DATA with registers or a fixed address");
    if (destination != SEL_ADDRESS && destination != SEL_L2)
        return refuse(run, "DMA_DATA to something other than memory");
    if (source == SEL_DATA)
        return stored(run, cp_access_fill(&run->queue->access, to, run->p[1], 4, size & ~3ull));
    if (source != SEL_ADDRESS && source != SEL_L2)
        return refuse(run, "DMA_DATA from something other than memory");
    enum cp_step step = cp_copy(run->queue, to, from, size);

    cp_memory_changed();
    return step;
}

static enum cp_step pm4_atomic_mem(struct pm4_run *run)
{
    enum { COMMAND_LOOP = 1 };

    return cp_atomic_execute(run->queue, run->p[0] & 0x7f, pair(&run->p[1]), pair(&run->p[3]),
                             pair(&run->p[5]), (run->p[0] >> 8 & 0xf) == COMMAND_LOOP);
}

/* ---- synchronisation ---- */

static bool is_memory_wait(uint32_t control)
{
    enum { SPACE_MEMORY = 1, OPERATION_WAIT = 0 };

    return (control >> 4 & 3) == SPACE_MEMORY && (control >> 6 & 3) == OPERATION_WAIT;
}

static enum cp_step pm4_wait_reg_mem(struct pm4_run *run)
{
    struct cp_poll poll = {.va = pair(&run->p[1]) & ~UINT64_C(3),
                           .mask = run->p[4],
                           .reference = run->p[3],
                           .function = run->p[0] & 7};

    return is_memory_wait(run->p[0]) ? cp_poll_wait(run->queue, &poll)
                                     : refuse(run, "WAIT_REG_MEM on a register");
}

static enum cp_step pm4_wait_reg_mem64(struct pm4_run *run)
{
    struct cp_poll poll = {.va = pair(&run->p[1]) & ~UINT64_C(7),
                           .mask = pair(&run->p[5]),
                           .reference = pair(&run->p[3]),
                           .function = run->p[0] & 7,
                           .wide = true};

    return is_memory_wait(run->p[0]) ? cp_poll_wait(run->queue, &poll)
                                     : refuse(run, "WAIT_REG_MEM64 on a register");
}

static enum cp_step pm4_event_write(struct pm4_run *run)
{
    enum { INDEX_OTHER = 0, INDEX_PARTIAL_FLUSH = 4 };
    unsigned index = run->p[0] >> 8 & 0xf;

    if (index == INDEX_OTHER || index == INDEX_PARTIAL_FLUSH)
        return CP_DONE;
    return refuse(run, "EVENT_WRITE of a statistics counter");
}

static enum cp_step pm4_release_mem(struct pm4_run *run)
{
    enum { DATA_NONE, DATA_32, DATA_64, DATA_GPU_CLOCK, DATA_SYSTEM_CLOCK };
    enum { INT_NONE = 0, INT_ONLY = 1, INT_AFTER_WRITE = 2 };
    struct cp_access *access = &run->queue->access;
    unsigned data = run->p[1] >> 29, interrupt = run->p[1] >> 24 & 7;
    uint32_t context = run->dwords > 6 ? run->p[6] : 0;
    uint64_t va = pair(&run->p[2]);
    bool ok = true;

    switch (data) {
    case DATA_NONE:
        break;
    case DATA_32:
        ok = cp_access_store32(access, va, run->p[4]);
        break;
    case DATA_64:
        ok = cp_access_store64(access, va, pair(&run->p[4]));
        break;
    case DATA_GPU_CLOCK:
    case DATA_SYSTEM_CLOCK:
        ok = cp_access_store64(access, va, cp_queue_clock(run->queue));
        break;
    default:
        return refuse(run, "RELEASE_MEM with data from GDS");
    }
    if (interrupt > INT_AFTER_WRITE)
        return refuse(run, "RELEASE_MEM with a conditional interrupt");
    if (ok && interrupt != INT_NONE)
        cp_queue_interrupt(run->queue, context);
    return stored(run, ok);
}

/* ---- flow ---- */

static enum cp_step pm4_indirect_buffer(struct pm4_run *run)
{
    enum { CHAIN = 1 << 20 };
    struct cp_stream ib = {.base = pair(&run->p[0]) & ~UINT64_C(3),
                           .end = (uint64_t)(run->p[2] & 0xfffff) * 4};

    if (run->p[2] & CHAIN) { /* goes on there and does not come back */
        if (run->stream->ring_size)
            return refuse(run, "a ring cannot chain");
        *run->stream = ib;
        return CP_DONE;
    }
    if (run->depth >= DEPTH_MAX)
        return refuse(run, "indirect buffers nest too deep");
    return stream_execute(run->queue, &ib, run->depth + 1);
}

static enum cp_step pm4_cond_exec(struct pm4_run *run)
{
    uint64_t skip = (uint64_t)(run->p[3] & 0x3fff);
    uint32_t value;

    if (!cp_access_load32(&run->queue->access, pair(&run->p[0]) & ~UINT64_C(3), &value))
        return cp_fail_access(run->queue);
    if (value != 0)
        return CP_DONE;
    if (skip > cp_stream_dwords(run->stream))
        return refuse(run, "COND_EXEC skips beyond the end");
    run->stream->at += skip * 4;
    return CP_DONE;
}

/* ---- dispatches ---- */

/* Compute registers, as dword offsets from 0x2c00. Source: the kernel's gc_10_3_0_offset.h. */
enum {
    SH_COMPUTE_DISPATCH_INITIATOR = 0x200,
    SH_COMPUTE_START_X = 0x204,
    SH_COMPUTE_NUM_THREAD_X = 0x207,
    SH_COMPUTE_PGM_LO = 0x20c,
    SH_COMPUTE_PGM_HI = 0x20d,
    SH_COMPUTE_PGM_RSRC1 = 0x212,
    SH_COMPUTE_PGM_RSRC2 = 0x213,
    SH_COMPUTE_TMPRING_SIZE = 0x218,
    SH_COMPUTE_PGM_RSRC3 = 0x228,
    SH_COMPUTE_USER_DATA_0 = 0x240,
};

enum {
    INITIATOR_SHADER_EN = 1 << 0,
    INITIATOR_PARTIAL_TG_EN = 1 << 1,
    INITIATOR_FORCE_START_AT_000 = 1 << 2,
    INITIATOR_USE_THREAD_DIMENSIONS = 1 << 5,
    INITIATOR_CS_W32_EN = 1 << 15,
};

static enum cp_step pm4_set_sh_reg(struct pm4_run *run)
{
    unsigned first = run->p[0] & 0xffff, count = run->dwords - 1;

    if (first + count > CP_SH_REGISTERS)
        return refuse(run, "SET_SH_REG beyond the shader registers");
    memcpy(&run->queue->sh[first], &run->p[1], count * sizeof(uint32_t));
    return CP_DONE;
}

/* One dimension: `end` is in workgroups or, with USE_THREAD_DIMENSIONS, in work-items. */
static void dimension_fill(const uint32_t *sh, unsigned i, uint32_t end, uint32_t initiator,
                           struct cp_launch *out)
{
    uint32_t threads = sh[SH_COMPUTE_NUM_THREAD_X + i];
    uint32_t full = threads & 0xffff, partial = threads >> 16;
    uint32_t start = initiator & INITIATOR_FORCE_START_AT_000 ? 0 : sh[SH_COMPUTE_START_X + i];

    out->workgroup_size[i] = full;
    out->partial_size[i] = initiator & INITIATOR_PARTIAL_TG_EN && partial ? partial : full;
    if (initiator & INITIATOR_USE_THREAD_DIMENSIONS && full > 0) {
        uint32_t rest = end % full;

        out->partial_size[i] = rest && initiator & INITIATOR_PARTIAL_TG_EN ? rest : full;
        end = end / full + (rest != 0);
    }
    out->first_group[i] = start;
    out->groups[i] = end > start ? end - start : 0;
}

static enum cp_step launch_from_registers(struct pm4_run *run, const uint32_t end[3],
                                          uint32_t initiator, struct cp_launch *out)
{
    const uint32_t *sh = run->queue->sh;
    uint64_t items = 1;

    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < 3; i++) {
        dimension_fill(sh, i, end[i], initiator, out);
        items *= out->workgroup_size[i];
    }
    if (items == 0 || items > CP_MAX_WORKGROUP)
        return cp_fail(run->queue, CP_ERROR_PACKET_WORKGROUP_SIZE,
                       "PM4 dispatch with a workgroup of %" PRIu64 " work-items", items);
    out->code = (sh[SH_COMPUTE_PGM_LO] | (uint64_t)(sh[SH_COMPUTE_PGM_HI] & 0xff) << 32) << 8;
    out->code = (uint64_t)((int64_t)(out->code << 16) >> 16);
    out->rsrc1 = sh[SH_COMPUTE_PGM_RSRC1];
    out->rsrc2 = sh[SH_COMPUTE_PGM_RSRC2];
    out->rsrc3 = sh[SH_COMPUTE_PGM_RSRC3];
    out->lanes = initiator & INITIATOR_CS_W32_EN ? 32 : 64;
    memcpy(out->user_sgpr, &sh[SH_COMPUTE_USER_DATA_0], sizeof(out->user_sgpr));
    out->lds_bytes = CP_RSRC2_LDS_GRANULES(out->rsrc2) * 512;
    if (CP_RSRC2_SCRATCH(out->rsrc2)) {
        out->scratch_wave_bytes = CP_TMPRING_WAVE_BYTES(sh[SH_COMPUTE_TMPRING_SIZE]);
        out->scratch_waves = CP_TMPRING_WAVES(sh[SH_COMPUTE_TMPRING_SIZE]);
    }
    return CP_DONE;
}

static enum cp_step dispatch(struct pm4_run *run, const uint32_t end[3], uint32_t initiator)
{
    struct cp_launch launch;
    enum cp_step step;

    if (!(initiator & INITIATOR_SHADER_EN))
        return CP_DONE;
    step = launch_from_registers(run, end, initiator, &launch);
    return step == CP_DONE ? cp_dispatch_run(run->queue, &launch) : step;
}

static enum cp_step pm4_dispatch_direct(struct pm4_run *run)
{
    return dispatch(run, run->p, run->p[3]);
}

static enum cp_step pm4_dispatch_indirect(struct pm4_run *run)
{
    uint32_t end[3];

    if (!cp_access_read(&run->queue->access, pair(&run->p[0]), end, sizeof(end)))
        return cp_fail_access(run->queue);
    return dispatch(run, end, run->p[2]);
}

/* ---- the table ---- */

struct pm4_row {
    const char *name;
    pm4_handler *handler;
    unsigned dwords;
    const char *why; /* refused */
};

static const struct pm4_row rows[256] = {
#define PM4_PACKET(opcode, name, dwords, handler) [opcode] = {#name, handler, dwords, NULL},
#define PM4_REFUSED(opcode, name, why)            [opcode] = {#name, NULL, 0, why},
#include "softgpu/cp/pm4_packets.def"
};

static unsigned body_dwords(uint32_t header)
{
    unsigned count = header >> 16 & 0x3fff;

    return (header >> 8 & 0xff) == OPCODE_NOP && count == NOP_SINGLE ? 0 : count + 1;
}

static enum cp_step body_execute(struct pm4_run *run)
{
    const struct pm4_row *row = &rows[run->header >> 8 & 0xff];

    if (!row->name)
        return cp_fail(run->queue, CP_ERROR_PACKET_VENDOR,
                       "PM4 packet with unknown opcode 0x%02x (header 0x%08x)",
                       run->header >> 8 & 0xff, run->header);
    if (!row->handler)
        return cp_fail(run->queue, CP_ERROR_PACKET_VENDOR, "PM4 packet %s: %s", row->name,
                       row->why);
    if (run->dwords < row->dwords)
        return refuse(run, "too short");
    enum cp_step step = row->handler(run);

    if (step == CP_DONE)
        atomic_fetch_add_explicit(&run->queue->cp->counters.packets, 1, memory_order_relaxed);
    return step;
}

/* 2: a filler of one dword. 0 and 1 write registers and are for old hardware. */
static enum cp_step header_check(struct cp_queue *queue, uint32_t header, bool *out_filler)
{
    unsigned type = header >> 30;

    *out_filler = type == 2;
    if (type < 2)
        return cp_fail(queue, CP_ERROR_PACKET_VENDOR, "PM4 packet of type %u (header 0x%08x)", type,
                       header);
    return CP_DONE;
}

/* Executes the packet at the head of the stream and moves on behind it. */
static enum cp_step packet_execute(struct cp_queue *queue, struct cp_stream *stream, unsigned depth)
{
    struct pm4_run run = {.queue = queue, .stream = stream, .p = queue->packet, .depth = depth};
    bool filler;
    enum cp_step step;

    if (!cp_stream_peek(queue, stream, 0, &run.header, 1))
        return cp_fail_access(queue);
    step = header_check(queue, run.header, &filler);
    if (step != CP_DONE || filler) {
        stream->at += 4;
        return step;
    }
    run.dwords = body_dwords(run.header);
    if (run.dwords + 1 > cp_stream_dwords(stream))
        return refuse(&run, "the stream ends inside the packet");
    if (!cp_stream_peek(queue, stream, 1, queue->packet, run.dwords))
        return cp_fail_access(queue);
    stream->at += 4 + (uint64_t)run.dwords * 4;
    return body_execute(&run);
}

static enum cp_step packet_memory(struct cp_queue *queue)
{
    if (!queue->packet)
        queue->packet = malloc(PACKET_DWORDS * sizeof(uint32_t));
    return queue->packet ? CP_DONE
                         : cp_fail(queue, CP_ERROR_PACKET_VENDOR, "no host memory for a packet");
}

static enum cp_step stream_execute(struct cp_queue *queue, struct cp_stream *stream, unsigned depth)
{
    enum cp_step step = packet_memory(queue);

    while (step == CP_DONE && cp_stream_dwords(stream) > 0) {
        step = cp_queue_breathe(queue);
        if (step == CP_DONE)
            step = packet_execute(queue, stream, depth);
    }
    return step;
}

enum cp_step cp_pm4_execute(struct cp_queue *queue, const uint32_t *words, unsigned count)
{
    struct cp_stream none = {0};

    for (unsigned at = 0; at < count;) {
        struct pm4_run run = {
            .queue = queue, .stream = &none, .header = words[at], .p = &words[at + 1]};
        bool filler;
        enum cp_step step = header_check(queue, words[at], &filler);

        run.dwords = filler ? 0 : body_dwords(words[at]);
        if (step == CP_DONE && at + 1 + run.dwords > count)
            step = refuse(&run, "the packet is cut short");
        if (step == CP_DONE && !filler)
            step = body_execute(&run);
        if (step != CP_DONE)
            return step;
        at += 1 + run.dwords;
    }
    return CP_DONE;
}

/* ---- PM4 queues: the write pointer counts dwords and does not wrap, the read pointer is a dword
 * offset in the ring (kfdtest: PM4Queue) ---- */

static enum cp_step pm4_step(struct cp_queue *queue)
{
    uint64_t position = atomic_load(&queue->position), written;
    uint64_t ring_dwords = queue->desc.ring_bytes / 4;

    if (!cp_stream_written(queue, &written))
        return cp_fail_access(queue);
    if ((int64_t)(written - position) <= 0)
        return CP_IDLE;
    if (written - position > ring_dwords)
        return cp_fail(queue, CP_ERROR_PACKET_VENDOR,
                       "PM4 write pointer %" PRIu64 " with read pointer %" PRIu64
                       " and a ring of %" PRIu64 " dwords",
                       written, position, ring_dwords);
    struct cp_stream ring = {.base = queue->desc.ring.addr,
                             .ring_size = queue->desc.ring_bytes,
                             .at = position * 4,
                             .end = written * 4};
    enum cp_step step = packet_memory(queue);

    if (step == CP_DONE)
        step = packet_execute(queue, &ring, 0);
    if (step != CP_DONE)
        return step;
    atomic_store(&queue->position, ring.at / 4);
    if (!cp_access_store32(&queue->access, queue->desc.read_pointer.addr,
                           (uint32_t)(ring.at / 4 & (ring_dwords - 1))))
        return cp_fail_access(queue);
    return CP_DONE;
}

/* ---- kernel rings ---- */

static enum cp_step pm4_ring_ib(struct cp_queue *queue, const struct cp_ring_ib *ib)
{
    struct cp_stream stream = {.base = ib->va.addr, .end = (uint64_t)ib->dwords * 4};

    return stream_execute(queue, &stream, 1);
}

const struct cp_engine cp_pm4_engine = {
    .name = "pm4",
    .step = pm4_step,
    .has_work = cp_stream_has_work,
    .indirect = pm4_ring_ib,
};
