/* SPDX-License-Identifier: MIT
 *
 * What heaps.c and bo.c share.
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
    struct mem_pool *vram, *gtt; /* owned */
    pthread_mutex_t lock;        /* guards what follows */
    struct range_space offsets;  /* fake mmap offsets */
    struct range_map by_offset;  /* living BOs, by their mem_bo.mmap_node */
    struct mem_bo *sequence;     /* owned; see mem_heaps_sequence_bo() */
};

#endif
