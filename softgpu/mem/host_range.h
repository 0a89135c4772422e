/* SPDX-License-Identifier: MIT
 *
 * The program's own memory that GPUs use where it is (userptr), and the news that it goes away:
 * what MMU notifiers are to a kernel driver. The preload library's hooks of munmap(), mremap() and
 * mmap(MAP_FIXED) tell before they do it. What libc unmaps by itself, in free(), they do not see;
 * a GPU access to such memory is a GPU fault (device/guard.h).
 *
 * Thread safety: from any thread.
 */
#ifndef SOFTGPU_MEM_HOST_RANGE_H
#define SOFTGPU_MEM_HOST_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* Who uses ranges. Outlives them. */
struct mem_host_user {
    /* Some of [start, last] that the user has a range in is about to change. When it returns no GPU
     * work uses it. Called without locks held. */
    void (*invalidate)(struct mem_host_user *user, uint64_t start, uint64_t last);
};

/* Embedded by its user. Ranges may overlap. */
struct mem_host_range {
    uint64_t start, last; /* host addresses; of the user until it is added */
    struct mem_host_user *user;
    struct mem_host_range *prev, *next;
};

void mem_host_range_add(struct mem_host_range *range);
void mem_host_range_remove(struct mem_host_range *range);

/* For hooks, before the memory changes. A few loads when no range is near. */
void mem_host_ranges_invalidate(const void *address, size_t length);

#endif
