/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share.
 */
#ifndef SOFTGPU_MEM_HEAPS_INTERNAL_H
#define SOFTGPU_MEM_HEAPS_INTERNAL_H

#include <pthread.h>

#include "base/range_map.h"
#include "base/range_space.h"
#include "softgpu/mem/bo.h"
#include "softgpu/mem/heaps.h"

struct mem_heaps {
    unsigned device;
    struct mem_pool *vram;   /* owned */
    struct mem_pool *system; /* owned: GTT objects, and others in system memory */
    uint64_t gtt_size;       /* bytes that may be in GTT at a time */
    pthread_mutex_t lock;    /* guards what follows */
    uint64_t gtt_used;
    uint64_t vram_pinned;
    uint64_t bytes_moved, evictions;
    struct mem_bo *lru_vram, *lru_gtt; /* buffers placed there, least recently used first */
    struct range_space offsets;        /* fake mmap offsets */
    struct range_map by_offset;        /* living BOs, by their mem_bo.mmap_node */
    struct mem_bo *sequence;           /* owned; see mem_heaps_sequence_bo() */
};

/* ---- heaps.c: places ---- */

struct mem_place {
    struct mem_pool *pool;
    pool_offset offset;
    uint32_t placement; /* enum mem_domain */
};

/* A range for the BO in one domain as it is. ENOMEM (quiet). */
rw_status mem_place_find(const struct mem_bo *bo, uint32_t domain,
                         struct mem_place *out_place) RW_MUST_USE;
void mem_place_give_back(struct mem_heaps *heaps, const struct mem_place *place, uint64_t size);
uint64_t mem_domain_size(const struct mem_heaps *heaps, uint32_t domain);

bool mem_gtt_take(struct mem_heaps *heaps, uint64_t size);
void mem_gtt_give_back(struct mem_heaps *heaps, uint64_t size);

/* The BO has been given its place's pool, offset and placement: lists and counts follow. */
void mem_heaps_count_move(struct mem_heaps *heaps, struct mem_bo *bo);
void mem_heaps_count_eviction(struct mem_heaps *heaps);
void mem_heaps_count_pinned(struct mem_heaps *heaps, const struct mem_bo *bo, bool pinned);
/* A new placement without a move. */
void mem_heaps_rename(struct mem_heaps *heaps, struct mem_bo *bo, uint32_t placement);

/* ---- residency.c ---- */

/* mem_bo_set_domains() for a new BO. */
void mem_bo_init_domains(struct mem_bo *bo, uint32_t preferred);

/* The list of its placement; heaps->lock is held. */
void mem_lru_add_locked(struct mem_bo *bo);
void mem_lru_remove_locked(struct mem_bo *bo);

/* A range in one of `domains`, making room if need be; the residency lock is held. ENOMEM (quiet).
 * Kernel: ttm_bo_mem_space(), amdgpu_bo_placement_from_domain(). */
rw_status mem_place_make_locked(struct mem_bo *bo, uint32_t domains,
                                struct mem_place *out_place) RW_MUST_USE;

/* ---- bo.c ---- */

/* For lookups, which may meet a BO whose last reference has just gone: NULL then. */
struct mem_bo *mem_bo_get_unless_dead(struct mem_bo *bo);

#endif
