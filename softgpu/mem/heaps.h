/* SPDX-License-Identifier: MIT
 *
 * The memory of one device: its VRAM pool, and the GTT pool (system memory the GPU can reach).
 * Also keeps the list of BOs and the space of fake mmap offsets.
 *
 * Thread safety: all functions may be called from any thread.
 */
#ifndef SOFTGPU_MEM_HEAPS_H
#define SOFTGPU_MEM_HEAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct mem_bo;
struct mem_heaps;

struct mem_usage { /* bytes */
    uint64_t vram_size, vram_used, visible_vram_size, visible_vram_used;
    uint64_t vram_pinned;
    uint64_t gtt_size, gtt_used;
    uint64_t bytes_moved; /* by all moves, in or out */
    uint64_t evictions;   /* count of moves that made room */
};

/* Sizes in bytes. `device` is the index that BOs carry. */
rw_status mem_heaps_create(unsigned device, uint64_t vram_size, uint64_t gtt_size,
                           struct mem_heaps **out_heaps) RW_MUST_USE;
/* NULL is fine. Every BO has been put before. */
void mem_heaps_destroy(struct mem_heaps *heaps);
void mem_heaps_usage(struct mem_heaps *heaps, struct mem_usage *out_usage);

/* The device's sequence-number page block that kernels >= 6.9 map into every VM (amdgpu_seq64.c);
 * made when first asked for. New reference. */
rw_status mem_heaps_sequence_bo(struct mem_heaps *heaps, struct mem_bo **out_bo) RW_MUST_USE;

/* Calls `visit` for every living BO until it returns false. `visit` must not call back into mem. */
void mem_heaps_for_each_bo(struct mem_heaps *heaps,
                           bool (*visit)(void *context, const struct mem_bo *bo), void *context);

#endif
