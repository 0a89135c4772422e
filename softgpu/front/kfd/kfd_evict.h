/* SPDX-License-Identifier: MIT
 *
 * Eviction of a KFD process: what its queues use must be where the page tables say it is, so before
 * any of it moves all queues of the process stop, on all GPUs. A while later a worker brings
 * everything back, makes the page tables right, and lets the queues go on; when that does not work
 * it tries again. Source: kfd_process.c (evict_process_worker, restore_process_worker),
 * amdgpu_amdkfd_gpuvm.c (restore_process_bos), amdgpu_amdkfd_fence.c.
 *
 * Which buffers carry the fence: everything allocated by the KFD or imported into it (before 6.8:
 * as long as it is mapped by the KFD), and the always-valid objects of acquired VMs. Nothing else:
 * an ordinary buffer of the DRM side moves under running queues.
 *
 * Before 6.8 the restore updates the mappings that the KFD made and no others.
 *
 * Memory of the program's own (userptr) that the program unmaps or replaces stops the queues as
 * well. A millisecond later they go on: with what is there then, or with nothing, so that using it
 * is a memory fault. (kernel: amdgpu_amdkfd_evict_userptr, restore_userptr_worker)
 *
 * Thread safety: from any thread that does not hold the residency lock. Lock order: the process's
 * mutex, the residency lock (mem/residency.h), `lock`. Device threads take none of them.
 */
#ifndef SOFTGPU_FRONT_KFD_EVICT_H
#define SOFTGPU_FRONT_KFD_EVICT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/device/machine.h"
#include "softgpu/mem/host_range.h"
#include "softgpu/mem/residency.h"

struct gpu_vm;
struct kfd_bo;
struct kfd_pdd;
struct kfd_process;
struct kfd_queue;

/* Part of a kfd_process. */
struct kfd_evict {
    struct mem_evictor evictor; /* the process's eviction fence */
    struct mem_host_user host_user;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct gpu_vm *vms[SOFT_MAX_DEVICES]; /* acquired, borrowed */
    struct kfd_queue *queues;             /* DL list by evict_prev, evict_next */
    struct kfd_bo *bos;                   /* the same */
    bool evicted;                         /* something has moved */
    bool invalidated;                     /* memory of the program's own has changed */
    bool ending;
    bool has_worker;
    pthread_t worker;
    int64_t restore_at;  /* CLOCK_MONOTONIC, ns; what has moved comes back then */
    int64_t validate_at; /* the same; the program's own memory is looked at then */
    int64_t restored_at; /* when the queues started last */
};

void kfd_evict_init(struct kfd_evict *evict);
/* First step of the process's end: nothing is restored any more. */
void kfd_evict_stop(struct kfd_evict *evict);
/* Last step: no VM, queue or buffer is left. */
void kfd_evict_finish(struct kfd_evict *evict);

/* ACQUIRE_VM: the fence on what belongs to the VM. ENOMEM. */
rw_status kfd_evict_add_vm(struct kfd_pdd *pdd) RW_MUST_USE;
void kfd_evict_remove_vm(struct kfd_pdd *pdd);

/* A new buffer, of any kind: remembers it, and on kernels from 6.8 on fences it and makes it
 * resident where it belongs; ENOMEM. */
rw_status kfd_evict_add_bo(struct kfd_bo *bo) RW_MUST_USE;
void kfd_evict_remove_bo(struct kfd_bo *bo); /* one that was never added is fine */
/* The buffer is about to be mapped by the KFD for the first time; or is so no more. For kernels
 * before 6.8; no effect on others. */
rw_status kfd_evict_bo_mapped(struct kfd_bo *bo) RW_MUST_USE;
void kfd_evict_bo_unmapped(struct kfd_bo *bo);

/* Around the making of a queue: it reads its pointers from memory, so nothing is evicted in
 * between. `queue` NULL: it was not made. */
void kfd_evict_queue_begin(struct kfd_process *process);
void kfd_evict_queue_end(struct kfd_process *process, struct kfd_queue *queue);
/* Before the queue is destroyed. */
void kfd_evict_remove_queue(struct kfd_queue *queue);

#endif
