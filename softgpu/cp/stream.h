/* SPDX-License-Identifier: MIT
 *
 * A run of command dwords in GPU memory: a part of a ring, which wraps, or an indirect buffer.
 */
#ifndef SOFTGPU_CP_STREAM_H
#define SOFTGPU_CP_STREAM_H

#include "softgpu/cp/queue.h"

struct cp_stream {
    uint64_t base;      /* VA */
    uint64_t ring_size; /* bytes, a power of two; 0 = does not wrap */
    uint64_t at, end;   /* bytes; monotonic in a ring */
};

static inline uint64_t cp_stream_dwords(const struct cp_stream *stream)
{
    return (stream->end - stream->at) / 4;
}

/* Reads `count` dwords that start `skip` dwords from here. The caller has checked that they are
 * there. False: queue->access.fault tells. */
bool cp_stream_peek(struct cp_queue *queue, const struct cp_stream *stream, uint64_t skip,
                    uint32_t *data, uint64_t count);
/* The same, to GPU memory. */
bool cp_stream_copy(struct cp_queue *queue, const struct cp_stream *stream, uint64_t skip,
                    uint64_t to, uint64_t count);

/* How SDMA and PM4 queues learn of work: the larger of the write pointer in memory and the
 * doorbell, which programs write in this order. In the units of the queue. */
bool cp_stream_written(struct cp_queue *queue, uint64_t *out_written);
bool cp_stream_has_work(struct cp_queue *queue);

/* POLL_REGMEM and WAIT_REG_MEM: (value & mask) against a reference. */
struct cp_poll {
    uint64_t va, mask, reference;
    unsigned function; /* 0 always, 1 <, 2 <=, 3 ==, 4 !=, 5 >=, 6 > */
    bool wide;         /* 64 bits */
};

/* Does the comparison hold? Functions that do not exist always do. */
bool cp_poll_holds(unsigned function, uint64_t value, uint64_t reference);

/* A poll's number of retries is in units of an engine clock that a model does not have; a poll
 * that hardware would give up is therefore one that waits. */
enum cp_step cp_poll_wait(struct cp_queue *queue, const struct cp_poll *poll);

/* ATOMIC and ATOMIC_MEM; with `loop` a compare-and-swap is repeated until it succeeds. */
enum cp_step cp_atomic_execute(struct cp_queue *queue, unsigned operation, uint64_t va,
                               uint64_t operand, uint64_t compare, bool loop);

/* Copies in pieces between which the queue can be suspended. */
enum cp_step cp_copy(struct cp_queue *queue, uint64_t to, uint64_t from, uint64_t size);

#endif
