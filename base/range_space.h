/* SPDX-License-Identifier: MIT
 *
 * Hands out ranges of a space of numbers: bytes of a memory pool, fake mmap offsets. The lowest
 * place that fits; O(log n). Giving back cannot fail: the node that it may need is set aside
 * when a range is taken.
 *
 * Thread safety: none; the caller locks.
 */
#ifndef ROCWELD_BASE_RANGE_SPACE_H
#define ROCWELD_BASE_RANGE_SPACE_H

#include "base/range_map.h"
#include "base/status.h"

struct range_space_node;

struct range_space {
    struct range_map free;
    struct range_space_node *spare; /* owned; one per range taken, less those in use */
    uint64_t taken;                 /* total size handed out */
};

/* All of [start, start + size) is free; size > 0. ENOMEM. */
rw_status range_space_init(struct range_space *space, uint64_t start, uint64_t size) RW_MUST_USE;
void range_space_finish(struct range_space *space);

/* `size` > 0; `align` a power of two. ENOSPC (quiet) when no free range is large enough. */
rw_status range_space_take(struct range_space *space, uint64_t size, uint64_t align,
                           uint64_t *out_start) RW_MUST_USE;
/* Exactly what was taken. */
void range_space_give_back(struct range_space *space, uint64_t start, uint64_t size);

#endif
