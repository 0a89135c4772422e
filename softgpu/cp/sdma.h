/* SPDX-License-Identifier: MIT
 *
 * A packet in the hands of the SDMA engine, for the files that its handlers are in: sdma.c, and
 * sdma_tiled.c for surfaces.
 *
 * Thread safety: the queue's thread only.
 */
#ifndef SOFTGPU_CP_SDMA_H
#define SOFTGPU_CP_SDMA_H

#include "softgpu/cp/stream.h"

enum { SDMA_HEAD_DWORDS = 18 }; /* the longest packet, without trailing data */

struct sdma_run {
    struct cp_queue *queue;
    struct cp_stream *stream; /* at the packet */
    uint32_t p[SDMA_HEAD_DWORDS];
    uint64_t dwords; /* of the packet; handlers add trailing data */
    unsigned depth;  /* of indirect buffers */
};

typedef enum cp_step sdma_handler(struct sdma_run *run);

static inline uint64_t sdma_va_at(const struct sdma_run *run, unsigned dword)
{
    return run->p[dword] | (uint64_t)run->p[dword + 1] << 32;
}

/* Stops the queue; `what`: in words. Returns CP_FAULT. */
enum cp_step sdma_refuse(struct sdma_run *run, const char *what);

/* The packet has so many dwords in all: they must be there, and the first of them are read. */
enum cp_step sdma_need(struct sdma_run *run, uint64_t dwords);

/* ---- sdma_tiled.c ---- */

sdma_handler sdma_copy_tiled_subwindow, sdma_copy_t2t_subwindow, sdma_write_tiled;

#endif
