/* SPDX-License-Identifier: MIT
 *
 * The PM4 interpreter: see pm4.h. A stream's packets are executed in order, each complete before
 * the next begins. On hardware a dispatch runs on while the command processor goes ahead, until a
 * packet waits for it; executing it at once is one of the orders that programs must expect.
 */
#include "softgpu/cp/pm4.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/cp/pm4_run.h"

enum {
    PACKET_DWORDS = 0x4000, /* the longest body */
    NOP_SINGLE = 0x3fff,    /* a NOP of one dword has this count */
    OPCODE_NOP = 0x10,
};

enum cp_step pm4_refuse(struct pm4_run *run, const char *what)
{
    return cp_fail(run->queue, CP_ERROR_PACKET_VENDOR, "PM4 packet %s (header 0x%08x): %s",
                   cp_pm4_packet_name(run->header), run->header, what);
}

enum cp_step pm4_stored(struct pm4_run *run, bool ok)
{
    if (!ok)
        return cp_fail_access(run->queue);
    cp_memory_changed();
    return CP_DONE;
}

enum cp_step pm4_nothing(struct pm4_run *run)
{
    (void)run;
    return CP_DONE;
}

/* ---- the table ---- */

struct pm4_row {
    uint8_t opcode, engines;
    uint16_t dwords;
    const char *name;
    pm4_handler *handler;
    const char *why; /* refused */
};

static const struct pm4_row rows[] = {
#define PM4_PACKET(opcode, name, engines, dwords, handler)                                         \
    {opcode, engines, dwords, #name, handler, NULL},
#define PM4_REFUSED(opcode, name, why) {opcode, PM4_ME | PM4_MEC | PM4_CE, 0, #name, NULL, why},
#include "softgpu/cp/pm4_packets.def"
};

static unsigned opcode_of(uint32_t header)
{
    return header >> 8 & 0xff;
}

/* The row for this engine, else any for the opcode, else NULL. */
static const struct pm4_row *row_find(uint32_t header, enum pm4_engine engine)
{
    const struct pm4_row *other = NULL;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].opcode == opcode_of(header)) {
            if (rows[i].engines & engine)
                return &rows[i];
            other = &rows[i];
        }
    return other;
}

const char *cp_pm4_packet_name(uint32_t header)
{
    const struct pm4_row *row = row_find(header, PM4_ME);

    return row ? row->name : "unknown";
}

/* ---- packets ---- */

static unsigned body_dwords(uint32_t header)
{
    unsigned count = header >> 16 & 0x3fff;

    return opcode_of(header) == OPCODE_NOP && count == NOP_SINGLE ? 0 : count + 1;
}

static const char *engine_name(enum pm4_engine engine)
{
    return engine == PM4_ME ? "graphics" : engine == PM4_MEC ? "compute" : "constant";
}

static enum cp_step row_check(struct pm4_run *run, const struct pm4_row *row)
{
    if (!row)
        return cp_fail(run->queue, CP_ERROR_PACKET_VENDOR,
                       "PM4 packet with unknown opcode 0x%02x (header 0x%08x)",
                       opcode_of(run->header), run->header);
    if (!(row->engines & run->engine))
        return cp_fail(run->queue, CP_ERROR_PACKET_VENDOR, "PM4 packet %s: not for the %s engine",
                       row->name, engine_name(run->engine));
    if (!row->handler)
        return pm4_refuse(run, row->why);
    if (run->dwords < row->dwords)
        return pm4_refuse(run, "too short");
    return CP_DONE;
}

static bool predicated_off(const struct pm4_run *run)
{
    enum { PREDICATE = 1 };

    return run->engine == PM4_ME && run->header & PREDICATE && run->queue->gfx.predicate_off;
}

static enum cp_step body_execute(struct pm4_run *run)
{
    const struct pm4_row *row = row_find(run->header, run->engine);
    enum cp_step step;

    if (predicated_off(run))
        return CP_DONE;
    step = row_check(run, row);
    if (step == CP_DONE)
        step = row->handler(run);
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
static enum cp_step packet_execute(struct cp_queue *queue, struct cp_stream *stream,
                                   enum pm4_engine engine, unsigned depth)
{
    struct pm4_run run = {
        .queue = queue, .stream = stream, .engine = engine, .p = queue->packet, .depth = depth};
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
        return pm4_refuse(&run, "the stream ends inside the packet");
    if (!cp_stream_peek(queue, stream, 1, queue->packet, run.dwords))
        return cp_fail_access(queue);
    stream->at += 4 + (uint64_t)run.dwords * 4;
    return body_execute(&run);
}

/* ---- streams ---- */

static enum cp_step packet_memory(struct cp_queue *queue)
{
    if (!queue->packet)
        queue->packet = malloc(PACKET_DWORDS * sizeof(uint32_t));
    return queue->packet ? CP_DONE
                         : cp_fail(queue, CP_ERROR_PACKET_VENDOR, "no host memory for a packet");
}

enum cp_step pm4_stream_execute(struct cp_queue *queue, struct cp_stream *stream,
                                enum pm4_engine engine, unsigned depth)
{
    enum cp_step step = packet_memory(queue);

    while (step == CP_DONE && cp_stream_dwords(stream) > 0) {
        step = cp_queue_breathe(queue);
        if (step == CP_DONE)
            step = packet_execute(queue, stream, engine, depth);
    }
    return step;
}

enum cp_step cp_pm4_execute(struct cp_queue *queue, const uint32_t *words, unsigned count)
{
    struct cp_stream none = {0};

    for (unsigned at = 0; at < count;) {
        struct pm4_run run = {.queue = queue,
                              .stream = &none,
                              .engine = PM4_MEC,
                              .header = words[at],
                              .p = &words[at + 1]};
        bool filler;
        enum cp_step step = header_check(queue, words[at], &filler);

        run.dwords = filler ? 0 : body_dwords(words[at]);
        if (step == CP_DONE && at + 1 + run.dwords > count)
            step = pm4_refuse(&run, "the packet is cut short");
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
        step = packet_execute(queue, &ring, PM4_MEC, 0);
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
    enum pm4_engine engine = queue->ring_engine != CP_RING_GFX ? PM4_MEC
                             : ib->constant_engine             ? PM4_CE
                                                               : PM4_ME;

    return pm4_stream_execute(queue, &stream, engine, 1);
}

const struct cp_engine cp_pm4_engine = {
    .name = "pm4",
    .step = pm4_step,
    .has_work = cp_stream_has_work,
    .indirect = pm4_ring_ib,
};
