/* SPDX-License-Identifier: MIT
 *
 * The CPU's mappings of buffer objects. Each holds its buffer, as a VMA holds its file, and follows
 * it when it moves, as unmap_mapping_range() and the next page fault make it do in the kernel.
 *
 * How a mapping moves: userfaultfd protects its pages from being written, so that a thread that
 * stores sleeps, while loads go on; the contents are copied; a mapping of the new range replaces
 * the old in one step, and sleepers store again, now there. No access is lost, and none sees half
 * of it. Where the host has no such protection (Linux before 5.19), a buffer that the CPU has
 * mapped writable stays where it is.
 *
 * munmap(), mremap(), mprotect(), mmap() over an old mapping and MADV_DONTFORK change mappings
 * behind our back. The preload library's hooks of them ask mem_cpu_maps_meet() first, which
 * costs a few loads for addresses that are none of ours, and report what they have done. System
 * calls that go past libc are not seen.
 *
 * A child of fork() inherits mappings of shared memory that this process cannot redirect. So what
 * it inherits does not move any more; mappings with MADV_DONTFORK, as ROCr's, are not concerned.
 *
 * Thread safety: from any thread. While the maps are locked, hooks on the same thread are blind.
 */
#ifndef SOFTGPU_MEM_CPU_MAP_H
#define SOFTGPU_MEM_CPU_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/mem/pool.h"

struct mem_bo;
struct cpu_map;

/* ---- for buffer objects ---- */

/* Before there are buffers. */
void mem_cpu_maps_start(void);

/* Maps `length` bytes of `bo` from `start` on, which have been checked, and remembers it. */
rw_status mem_cpu_map_add(struct mem_bo *bo, void *address, uint64_t length, int prot, int flags,
                          uint64_t start, void **out_address) RW_MUST_USE;

/* Copies the buffer to a new range and makes it and all its CPU mappings be there: sets pool,
 * offset, host and placement. `copy` false: what is there now is not kept. Under the residency
 * lock. ENOTSUP (quiet): a CPU mapping cannot follow; nothing has changed then. */
rw_status mem_cpu_maps_move(struct mem_bo *bo, struct mem_pool *pool, pool_offset offset,
                            uint32_t placement, bool copy) RW_MUST_USE;

/* May a child of fork() see the buffer by an inherited mapping? */
bool mem_cpu_maps_forked(const struct mem_bo *bo);

/* ---- for hooks ---- */

/* Does any mapping of ours overlap the range? Cheap. */
bool mem_cpu_maps_meet(const void *address, size_t length);
/* Between the two nothing moves, and no mapping comes or goes: call, then report. */
void mem_cpu_maps_lock(void);
void mem_cpu_maps_unlock(void);
/* All reports with the maps locked. The range was unmapped, or mapped anew. */
void mem_cpu_maps_gone_locked(const void *address, size_t length);
void mem_cpu_maps_protected_locked(const void *address, size_t length, int prot);
/* MADV_DONTFORK or MADV_DOFORK. */
void mem_cpu_maps_dontfork_locked(const void *address, size_t length, bool dontfork);
/* mremap(): `length` bytes that were at `from` are at `to`. */
void mem_cpu_maps_moved_locked(const void *from, const void *to, size_t length);

/* munmap(2) for those who have no hooks. */
int mem_cpu_munmap(void *address, size_t length);

#endif
