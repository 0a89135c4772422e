/* SPDX-License-Identifier: MIT
 *
 * SDMA user queues. Read and write pointers count bytes and do not wrap. Packets are executed in
 * order, each complete before the next begins, which is more order than hardware promises.
 */
#include <inttypes.h>

#include "softgpu/cp/sdma.h"

static enum cp_step stream_execute(struct cp_queue *queue, struct cp_stream *stream,
                                   unsigned depth);

enum cp_step sdma_refuse(struct sdma_run *run, const char *what)
{
    return cp_fail(run->queue, CP_ERROR_PACKET_UNSUPPORTED, "SDMA packet with header 0x%08x: %s",
                   run->p[0], what);
}

enum cp_step sdma_need(struct sdma_run *run, uint64_t dwords)
{
    uint64_t head = dwords < SDMA_HEAD_DWORDS ? dwords : SDMA_HEAD_DWORDS;

    run->dwords = dwords;
    if (cp_stream_dwords(run->stream) < dwords)
        return sdma_refuse(run, "the stream ends inside the packet");
    return cp_stream_peek(run->queue, run->stream, 0, run->p, head) ? CP_DONE
                                                                    : cp_fail_access(run->queue);
}

/* ---- copies ---- */

static enum cp_step sdma_copy_linear(struct sdma_run *run)
{
    enum { ENDIAN_SWAP = 3 << 24 | 3 << 16 | 3 << 8, BROADCAST = 1 << 27, BROADCAST_DWORDS = 9 };
    /* SDMA 5.2 counts with 30 bits where earlier engines had 22; the two above are reserved. */
    uint64_t size = (uint64_t)(run->p[1] & 0x3fffffff) + 1;
    enum cp_step step;

    if (run->p[2] & ENDIAN_SWAP)
        return sdma_refuse(run, "endian swap is not modelled");
    step = cp_copy(run->queue, sdma_va_at(run, 5), sdma_va_at(run, 3), size);
    if (step != CP_DONE || !(run->p[0] & BROADCAST))
        return step;
    step = sdma_need(run, BROADCAST_DWORDS);
    return step == CP_DONE ? cp_copy(run->queue, sdma_va_at(run, 7), sdma_va_at(run, 3), size)
                           : step;
}

/* One side of a sub-window copy; strides in bytes. */
struct window_side {
    uint64_t start, pitch, slice;
};

static struct window_side window_side(const uint32_t *p, unsigned element)
{
    uint64_t base = p[0] | (uint64_t)p[1] << 32;
    uint64_t x = p[2] & 0x3fff, y = p[2] >> 16 & 0x3fff, z = p[3] & 0x1fff;
    uint64_t pitch = ((uint64_t)(p[3] >> 13) + 1) << element;
    uint64_t slice = ((uint64_t)(p[4] & 0xfffffff) + 1) << element;

    return (struct window_side){
        .start = base + (x << element) + y * pitch + z * slice, .pitch = pitch, .slice = slice};
}

static enum cp_step sdma_copy_subwindow(struct sdma_run *run)
{
    enum { ENDIAN_SWAP = 3 << 24 | 3 << 16 };
    unsigned element = run->p[0] >> 29; /* log2 of bytes */
    struct window_side from = window_side(&run->p[1], element);
    struct window_side to = window_side(&run->p[6], element);
    uint64_t width = ((uint64_t)(run->p[11] & 0x3fff) + 1) << element;
    unsigned rows = (run->p[11] >> 16 & 0x3fff) + 1, slices = (run->p[12] & 0x1fff) + 1;

    if (run->p[12] & ENDIAN_SWAP)
        return sdma_refuse(run, "endian swap is not modelled");
    if (element > 4)
        return sdma_refuse(run, "elements of more than 16 bytes");
    for (unsigned z = 0; z < slices; z++)
        for (unsigned y = 0; y < rows; y++) {
            enum cp_step step = cp_copy(run->queue, to.start + z * to.slice + y * to.pitch,
                                        from.start + z * from.slice + y * from.pitch, width);
            if (step != CP_DONE)
                return step;
        }
    return CP_DONE;
}

static enum cp_step sdma_fill(struct sdma_run *run)
{
    unsigned log = run->p[0] >> 30;                         /* of the unit: 1, 2 or 4 bytes */
    uint64_t count = ((run->p[4] & 0x3fffffff) >> log) + 1; /* bits: as of a copy */

    if (log > 2)
        return sdma_refuse(run, "fill unit of 8 bytes");
    if (!cp_access_fill(&run->queue->access, sdma_va_at(run, 1), run->p[3], 1u << log,
                        count << log))
        return cp_fail_access(run->queue);
    return CP_DONE;
}

static enum cp_step sdma_write(struct sdma_run *run)
{
    uint64_t count = (run->p[3] & 0xfffff) + 1;
    enum cp_step step = sdma_need(run, run->dwords + count);

    if (step != CP_DONE)
        return step;
    if (!cp_stream_copy(run->queue, run->stream, run->dwords - count, sdma_va_at(run, 1), count))
        return cp_fail_access(run->queue);
    cp_memory_changed();
    return CP_DONE;
}

/* ---- synchronisation ---- */

static enum cp_step sdma_nothing(struct sdma_run *run)
{
    (void)run;
    return CP_DONE;
}

static enum cp_step sdma_nop(struct sdma_run *run)
{
    return sdma_need(run, run->dwords + (run->p[0] >> 16 & 0x3fff));
}

static enum cp_step sdma_fence(struct sdma_run *run)
{
    if (!cp_access_store32(&run->queue->access, sdma_va_at(run, 1), run->p[3]))
        return cp_fail_access(run->queue);
    cp_memory_changed();
    return CP_DONE;
}

/* Kernel: event_interrupt_wq_v10(), SOC15_INTSRC_SDMA_TRAP. */
static enum cp_step sdma_trap(struct sdma_run *run)
{
    cp_queue_interrupt(run->queue, run->p[1] & 0xfffffff);
    return CP_DONE;
}

static enum cp_step sdma_poll(struct sdma_run *run)
{
    enum { HDP_FLUSH = 1 << 26, ALWAYS = 0 };
    struct cp_poll poll = {.va = sdma_va_at(run, 1),
                           .mask = run->p[4],
                           .reference = run->p[3],
                           .function = run->p[0] >> 28 & 7};

    if (run->p[0] >> 31)
        return cp_poll_wait(run->queue, &poll);
    /* The HDP keeps the CPU's view of VRAM coherent; here both views are one memory. ROCr 6 flushes
     * it with a register poll that is always satisfied. */
    if ((run->p[0] & HDP_FLUSH) || poll.function == ALWAYS)
        return CP_DONE;
    return sdma_refuse(run, "registers are for the kernel");
}

static enum cp_step sdma_atomic(struct sdma_run *run)
{
    enum { LOOP = 1 << 16 };

    return cp_atomic_execute(run->queue, run->p[0] >> 25, sdma_va_at(run, 1), sdma_va_at(run, 3),
                             sdma_va_at(run, 5), run->p[0] & LOOP);
}

static enum cp_step sdma_timestamp(struct sdma_run *run)
{
    uint64_t va = sdma_va_at(run, 1) & ~UINT64_C(7);

    if (!cp_access_store64(&run->queue->access, va, cp_queue_clock(run->queue)))
        return cp_fail_access(run->queue);
    return CP_DONE;
}

/* ---- flow ---- */

static enum cp_step sdma_indirect(struct sdma_run *run)
{
    struct cp_stream ib = {.base = sdma_va_at(run, 1) & ~UINT64_C(31),
                           .end = (uint64_t)(run->p[3] & 0xfffff) * 4};

    if (run->depth > 0)
        return sdma_refuse(run, "indirect buffers do not nest");
    return stream_execute(run->queue, &ib, run->depth + 1);
}

/* Skips the dwords that follow unless memory holds the reference value. */
static enum cp_step sdma_cond_exe(struct sdma_run *run)
{
    uint32_t value;

    if (!cp_access_load32(&run->queue->access, sdma_va_at(run, 1), &value))
        return cp_fail_access(run->queue);
    return value == run->p[3] ? CP_DONE : sdma_need(run, run->dwords + (run->p[4] & 0x3fff));
}

/* ---- the table ---- */

struct sdma_row {
    uint8_t opcode, sub_opcode, dwords;
    const char *name;
    sdma_handler *handler;
    const char *why; /* refused */
};

static const struct sdma_row rows[] = {
#define SDMA_PACKET(opcode, sub_opcode, name, dwords, handler)                                     \
    {opcode, sub_opcode, dwords, #name, handler, NULL},
#define SDMA_REFUSED(opcode, sub_opcode, name, why) {opcode, sub_opcode, 1, #name, NULL, why},
#include "softgpu/cp/sdma_packets.def"
};

static const struct sdma_row *row_find(uint32_t header)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].opcode == (header & 0xff) && rows[i].sub_opcode == (header >> 8 & 0xff))
            return &rows[i];
    return NULL;
}

/* Executes the packet at the head of the stream and moves on behind it. */
static enum cp_step packet_execute(struct cp_queue *queue, struct cp_stream *stream, unsigned depth)
{
    struct sdma_run run = {.queue = queue, .stream = stream, .depth = depth};

    if (!cp_stream_peek(queue, stream, 0, run.p, 1))
        return cp_fail_access(queue);
    const struct sdma_row *row = row_find(run.p[0]);

    if (!row)
        return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED,
                       "SDMA packet with unknown opcode %u.%u (header 0x%08x) at byte %" PRIu64,
                       run.p[0] & 0xff, run.p[0] >> 8 & 0xff, run.p[0], stream->at);
    if (!row->handler)
        return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED, "SDMA packet %s: %s", row->name,
                       row->why);
    enum cp_step step = sdma_need(&run, row->dwords);

    if (step == CP_DONE)
        step = row->handler(&run);
    stream->at += run.dwords * 4;
    if (step == CP_DONE)
        atomic_fetch_add_explicit(&queue->cp->counters.packets, 1, memory_order_relaxed);
    return step;
}

static enum cp_step stream_execute(struct cp_queue *queue, struct cp_stream *stream, unsigned depth)
{
    enum cp_step step = CP_DONE;

    while (step == CP_DONE && cp_stream_dwords(stream) > 0) {
        step = cp_queue_breathe(queue);
        if (step == CP_DONE)
            step = packet_execute(queue, stream, depth);
    }
    return step;
}

static enum cp_step sdma_step(struct cp_queue *queue)
{
    uint64_t position = atomic_load(&queue->position), written;
    enum cp_step step;

    if (!cp_stream_written(queue, &written))
        return cp_fail_access(queue);
    struct cp_stream ring = {.base = queue->desc.ring.addr,
                             .ring_size = queue->desc.ring_bytes,
                             .at = position,
                             .end = written};

    if ((int64_t)(written - position) <= 0)
        return CP_IDLE;
    if ((written - position) % 4 != 0 || written - position > queue->desc.ring_bytes)
        return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED,
                       "SDMA write pointer %" PRIu64 " with read pointer %" PRIu64
                       " and a ring of %" PRIu64 " bytes",
                       written, position, queue->desc.ring_bytes);
    step = packet_execute(queue, &ring, 0);
    if (step != CP_DONE)
        return step;
    atomic_store(&queue->position, ring.at);
    if (!cp_access_store64(&queue->access, queue->desc.read_pointer.addr, ring.at))
        return cp_fail_access(queue);
    return CP_DONE;
}

static enum cp_step sdma_ring_ib(struct cp_queue *queue, const struct cp_ring_ib *ib)
{
    struct cp_stream stream = {.base = ib->va.addr, .end = (uint64_t)ib->dwords * 4};

    return stream_execute(queue, &stream, 1);
}

const struct cp_engine cp_sdma_engine = {
    .name = "sdma",
    .step = sdma_step,
    .has_work = cp_stream_has_work,
    .indirect = sdma_ring_ib,
};
