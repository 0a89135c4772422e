/* SPDX-License-Identifier: MIT
 *
 * A memory pool: VRAM of a device, or the system memory that GTT objects use. A pool is one sparse
 * memfd, mapped once into this process; a range of it is handed out to a buffer object. No file
 * per object. Freed ranges give their pages back to the system and read as zero when reused, as
 * the kernel's cleared VRAM does.
 *
 * Thread safety: all functions may be called from any thread.
 */
#ifndef SOFTGPU_MEM_POOL_H
#define SOFTGPU_MEM_POOL_H

#include <stdint.h>

#include "base/status.h"

typedef struct pool_offset {
    uint64_t byte;
} pool_offset;

struct mem_pool;

/* `size` in bytes, multiple of the GPU page; memory is used only where it is touched. */
rw_status mem_pool_create(const char *name, uint64_t size, struct mem_pool **out_pool) RW_MUST_USE;
void mem_pool_destroy(struct mem_pool *pool); /* NULL is fine */

/* `kick` asks all GPU work under way to let go of the addresses it has looked up, as soon as it
 * can; an allocation that waits for freed memory calls it. Set once. */
void mem_pool_set_kick(void (*kick)(void));

/* Contiguous range; `align` is a power of two >= 4096. ENOMEM (quiet) when there is no room. */
rw_status mem_pool_alloc(struct mem_pool *pool, uint64_t size, uint64_t align,
                         pool_offset *out_offset) RW_MUST_USE;
void mem_pool_free(struct mem_pool *pool, pool_offset offset, uint64_t size);

uint8_t *mem_pool_host(const struct mem_pool *pool, pool_offset offset); /* process-wide mapping */
int mem_pool_fd(const struct mem_pool *pool);                            /* borrowed memfd */
uint64_t mem_pool_size(const struct mem_pool *pool);
uint64_t mem_pool_used(struct mem_pool *pool);

#endif
