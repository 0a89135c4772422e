/* SPDX-License-Identifier: MIT */
#include "softgpu/cp/stream.h"

/* ---- dwords ---- */

/* Address of a place in the stream, and how many bytes lie there in one piece. */
static uint64_t piece(const struct cp_stream *stream, uint64_t at, uint64_t size,
                      uint64_t *out_size)
{
    uint64_t offset = stream->ring_size ? at & (stream->ring_size - 1) : at;

    *out_size = size;
    if (stream->ring_size && size > stream->ring_size - offset)
        *out_size = stream->ring_size - offset;
    return stream->base + offset;
}

bool cp_stream_peek(struct cp_queue *queue, const struct cp_stream *stream, uint64_t skip,
                    uint32_t *data, uint64_t count)
{
    uint8_t *to = (uint8_t *)data;

    for (uint64_t at = stream->at + skip * 4, left = count * 4, here; left > 0;
         at += here, to += here, left -= here) {
        uint64_t va = piece(stream, at, left, &here);

        if (!cp_access_read(&queue->access, va, to, here))
            return false;
    }
    return true;
}

bool cp_stream_copy(struct cp_queue *queue, const struct cp_stream *stream, uint64_t skip,
                    uint64_t to, uint64_t count)
{
    for (uint64_t at = stream->at + skip * 4, left = count * 4, here; left > 0;
         at += here, to += here, left -= here) {
        uint64_t va = piece(stream, at, left, &here);

        if (!cp_access_copy(&queue->access, to, va, here))
            return false;
    }
    return true;
}

/* ---- write pointers ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) > 0 ? a : b;
}

static uint64_t with_doorbell(struct cp_queue *queue, uint64_t written)
{
    volatile uint64_t *doorbell = queue->desc.doorbell;

    return doorbell ? later(written, __atomic_load_n(doorbell, __ATOMIC_ACQUIRE)) : written;
}

bool cp_stream_written(struct cp_queue *queue, uint64_t *out_written)
{
    uint64_t written;

    if (!cp_access_load64(&queue->access, queue->desc.write_pointer.addr, &written))
        return false;
    *out_written = with_doorbell(queue, written);
    return true;
}

bool cp_stream_has_work(struct cp_queue *queue)
{
    uint64_t *written = atomic_load(&queue->write_view);

    if (!written)
        return true; /* step() finds out */
    return (int64_t)(with_doorbell(queue, __atomic_load_n(written, __ATOMIC_ACQUIRE)) -
                     atomic_load(&queue->position)) > 0;
}

/* ---- polls ---- */

bool cp_poll_holds(unsigned function, uint64_t value, uint64_t reference)
{
    switch (function) {
    case 1:
        return value < reference;
    case 2:
        return value <= reference;
    case 3:
        return value == reference;
    case 4:
        return value != reference;
    case 5:
        return value >= reference;
    case 6:
        return value > reference;
    default:
        return true;
    }
}

static enum cp_test poll_test(struct cp_queue *queue, const void *argument)
{
    const struct cp_poll *poll = argument;
    uint64_t value;
    uint32_t low;
    bool ok;

    if (poll->wide) {
        ok = cp_access_load64(&queue->access, poll->va, &value);
    } else {
        ok = cp_access_load32(&queue->access, poll->va, &low);
        value = ok ? low : 0;
    }
    if (!ok) {
        cp_fail_access(queue);
        return CP_TEST_FAULT;
    }
    return cp_poll_holds(poll->function, value & poll->mask, poll->reference) ? CP_TEST_YES
                                                                              : CP_TEST_NO;
}

enum cp_step cp_poll_wait(struct cp_queue *queue, const struct cp_poll *poll)
{
    if (poll->function > 6)
        return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED, "poll with comparison %u",
                       poll->function);
    return cp_queue_wait(queue, poll_test, poll);
}

/* ---- atomics ---- */

struct compare_loop {
    unsigned operation;
    uint64_t va, operand, compare;
};

static enum cp_test compare_loop_test(struct cp_queue *queue, const void *argument)
{
    const struct compare_loop *loop = argument;
    uint64_t before;

    if (cp_access_atomic(&queue->access, loop->operation, loop->va, loop->operand, loop->compare,
                         &before) != CP_ATOMIC_OK) {
        cp_fail_access(queue);
        return CP_TEST_FAULT;
    }
    return before == loop->compare ? CP_TEST_YES : CP_TEST_NO;
}

enum cp_step cp_atomic_execute(struct cp_queue *queue, unsigned operation, uint64_t va,
                               uint64_t operand, uint64_t compare, bool loop)
{
    struct compare_loop argument = {operation, va, operand, compare};
    enum cp_step step = CP_DONE;
    uint64_t before;

    if (loop && cp_atomic_compares(operation)) {
        step = cp_queue_wait(queue, compare_loop_test, &argument);
    } else {
        switch (cp_access_atomic(&queue->access, operation, va, operand, compare, &before)) {
        case CP_ATOMIC_OK:
            break;
        case CP_ATOMIC_FAULT:
            return cp_fail_access(queue);
        case CP_ATOMIC_UNKNOWN:
            return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED, "atomic operation 0x%02x",
                           operation);
        }
    }
    cp_memory_changed();
    return step;
}

/* ---- copies ---- */

enum cp_step cp_copy(struct cp_queue *queue, uint64_t to, uint64_t from, uint64_t size)
{
    enum { PIECE = 8 << 20 };
    enum cp_step step = CP_DONE;

    for (uint64_t done = 0; done < size && step == CP_DONE;) {
        uint64_t here = size - done < PIECE ? size - done : PIECE;

        if (!cp_access_copy(&queue->access, to + done, from + done, here))
            return cp_fail_access(queue);
        done += here;
        if (done < size)
            step = cp_queue_breathe(queue);
    }
    atomic_fetch_add_explicit(&queue->cp->counters.bytes_copied, size, memory_order_relaxed);
    return step;
}
