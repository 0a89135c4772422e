/* SPDX-License-Identifier: MIT
 *
 * Where buffer objects are, and moving them: what TTM and amdgpu_ttm.c do in the kernel.
 *
 * A buffer in a pool has one range of it at a time. An allocation that finds no room in VRAM moves
 * the least recently used buffers out to system memory: a copy, a new range, and the old range is
 * free for others. Nobody who maps the buffer is told: CPU mappings follow by themselves
 * (mem/cpu_map.h), page tables keep the old translation until somebody updates them (vm/vm.h).
 * That is safe only because the work that uses the buffer is stopped or waited for first:
 *
 *   - jobs of kernel rings that name the buffer are waited for (mem_jobs_set_waiter());
 *   - user-mode queues of a KFD process run until they are stopped. Buffers that they may use carry
 *     the process's eviction fence (struct mem_evictor): moving one stops the process's queues
 *     first. A buffer without it moves under the running queues, as in the kernel.
 *
 * The fence belongs to a reservation (struct mem_resv): a buffer's own, or the one it shares with
 * all always-valid objects of its VM.
 *
 * All of this process's allocations are made by the process whose fences there are. So they never
 * move a fenced buffer (kernel: amdgpu_ttm_bo_eviction_valuable), except to find contiguous VRAM;
 * only evicting all of a domain does, which is what other processes' pressure looks like.
 *
 * Thread safety: one lock for all placements, held by functions named _locked's callers through
 * mem_residency_lock(). Lock order: a KFD process's mutex, this lock, then everything else: the
 * lock of cpu_map.h, those of VMs, fences and queues. Device threads never take it.
 */
#ifndef SOFTGPU_MEM_RESIDENCY_H
#define SOFTGPU_MEM_RESIDENCY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct mem_bo;
struct mem_evictor_link;
struct mem_heaps;

void mem_residency_lock(void);
void mem_residency_unlock(void);

/* ---- eviction fences ---- */

/* The eviction fence of one KFD process. Embedded by its owner, who withdraws it from everything
 * before it ends. */
struct mem_evictor {
    /* Stops all user-mode queues of the process; when it returns none executes anything. Called
     * with the residency lock held. */
    void (*stop)(struct mem_evictor *evictor);
    bool signalled; /* stopped: buffers may move. Under the residency lock */
};

/* What a set of buffers has in common for moving. Zero is a valid one. */
struct mem_resv {
    atomic_int refs;                /* of a shared one; a buffer's own needs none */
    struct mem_evictor_link *links; /* owned; under the residency lock */
};

struct mem_resv *mem_resv_create(void); /* one reference; NULL when memory is short */
struct mem_resv *mem_resv_get(struct mem_resv *resv);
void mem_resv_put(struct mem_resv *resv);

/* Attaches a fence, or one more time; ENOMEM. */
rw_status mem_resv_fence(struct mem_resv *resv, struct mem_evictor *evictor) RW_MUST_USE;
/* Takes it back as often as it was attached. */
void mem_resv_unfence(struct mem_resv *resv, struct mem_evictor *evictor);
/* Does it carry this fence? */
bool mem_resv_has_fence_locked(const struct mem_resv *resv, const struct mem_evictor *evictor);

/* The process is resident again: the next move stops it again (a new fence, in the kernel). */
void mem_evictor_renew_locked(struct mem_evictor *evictor);
/* As if one of its buffers were to move. */
void mem_evictor_signal_locked(struct mem_evictor *evictor);

/* ---- jobs of kernel rings ---- */

/* `wait_idle(resv, deadline)`: waits until no unfinished job uses the reservation that the key
 * names; false when `deadline` (CLOCK_MONOTONIC, ns; 0 = do not wait) comes first. The key is the
 * VM of an always-valid object, else the buffer or what it is an import of (mem_bo_job_key()); the
 * key of a VM covers all jobs of that VM. Called with the residency lock held only if deadline is
 * 0. Set once, before there are jobs. */
void mem_jobs_set_waiter(bool (*wait_idle)(const void *resv, int64_t deadline));
bool mem_jobs_wait_idle(const void *resv, int64_t deadline);
const void *mem_bo_job_key(const struct mem_bo *bo);

/* ---- placements ---- */

/* Never moves from now on, wherever it is; counted. For pages that the kernel itself or another
 * device uses by address. The first takes the residency lock; the second is for who knows that no
 * move is under way. */
void mem_bo_pin(struct mem_bo *bo);
void mem_bo_pin_locked(struct mem_bo *bo);
void mem_bo_unpin(struct mem_bo *bo);

/* What the buffer may be placed in from now on, best first (SET_PLACEMENT, import). It is not moved
 * before somebody validates it. */
void mem_bo_set_domains(struct mem_bo *bo, uint32_t preferred);

/* Moves the buffer into one of `domains` (enum mem_domain bits), unless it is there already, making
 * room by moving others. ENOMEM: no room; EBUSY: jobs use it; ENOTSUP: it cannot be moved. */
rw_status mem_bo_validate_locked(struct mem_bo *bo, uint32_t domains) RW_MUST_USE;
/* Userptr: its pages have gone (NULL), or are there again. Page tables keep what they have until
 * they are updated, as after a move. */
void mem_bo_set_host(struct mem_bo *bo, uint8_t *host);
/* It has been used: others move before it. */
void mem_bo_touch(struct mem_bo *bo);
/* While a buffer is reserved, making room for others does not move it. */
void mem_bo_reserve_locked(struct mem_bo *bo, bool reserved);

/* Counts moves of the process, and new wishes where to be; a reader that has seen all of them need
 * not look for more. */
uint64_t mem_move_count(void);

/* Moves everything that can be moved out of VRAM or GTT (MEM_DOMAIN_*), fenced or not (kernel:
 * ttm_resource_manager_evict_all()). The first failure, if any, after trying all. */
rw_status mem_heaps_evict_all(struct mem_heaps *heaps, uint32_t domain) RW_MUST_USE;

#endif
