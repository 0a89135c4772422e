/* SPDX-License-Identifier: MIT
 *
 * Inside the PM4 interpreter: a packet in execution, and what the handlers share. pm4.c reads
 * streams and looks packets up in pm4_packets.def; the handlers are in pm4_<subject>.c.
 *
 * Everything here runs on the queue's thread inside a work section.
 */
#ifndef SOFTGPU_CP_PM4_RUN_H
#define SOFTGPU_CP_PM4_RUN_H

#include "softgpu/cp/pm4.h"
#include "softgpu/cp/stream.h"

/* Who executes packets. The prefetch parser and the micro engine of graphics are one here. */
enum pm4_engine {
    PM4_ME = 1,  /* graphics */
    PM4_MEC = 2, /* compute */
    PM4_CE = 4,  /* constant engine: second stream of graphics */
};

/* A packet in execution. */
struct pm4_run {
    struct cp_queue *queue;
    struct cp_stream *stream; /* behind the packet */
    enum pm4_engine engine;
    uint32_t header;
    const uint32_t *p; /* body, valid until the handler waits or runs another stream */
    unsigned dwords;   /* of the body */
    unsigned depth;    /* of indirect buffers */
};

typedef enum cp_step pm4_handler(struct pm4_run *run);

#define PM4_PACKET(opcode, name, engines, dwords, handler) pm4_handler handler;
#include "softgpu/cp/pm4_packets.def"

static inline uint64_t pm4_pair(const uint32_t *p)
{
    return p[0] | (uint64_t)p[1] << 32;
}

/* The packet asks for something that is not there: "what". Returns CP_FAULT. */
enum cp_step pm4_refuse(struct pm4_run *run, const char *what);
/* After a store: CP_DONE, with those woken that wait for memory, or CP_FAULT. */
enum cp_step pm4_stored(struct pm4_run *run, bool ok);

/* Executes a stream to its end. */
enum cp_step pm4_stream_execute(struct cp_queue *queue, struct cp_stream *stream,
                                enum pm4_engine engine, unsigned depth);

#endif
