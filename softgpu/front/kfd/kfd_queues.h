/* SPDX-License-Identifier: MIT
 *
 * User-mode queues: what CREATE_QUEUE checks and keeps, between the program's arguments and the
 * command processor that runs the queue.
 *
 * Ownership: the process owns its queues (kfd_process.queues); a queue holds its ring, pointer and
 * save-area buffers, and its doorbell. Thread safety: the caller holds the process's mutex; the
 * callbacks from the device need none of it.
 */
#ifndef SOFTGPU_FRONT_KFD_QUEUES_H
#define SOFTGPU_FRONT_KFD_QUEUES_H

#include "base/status.h"
#include "softgpu/cp/cp.h"
#include "softgpu/front/kfd/kfd_process.h"

#define KFD_QUEUES_PER_PROCESS 1024u
#define KFD_QUEUES_PER_DEVICE  127u /* the scheduler firmware's limit */

/* One buffer of a queue: exactly one mapping of the VM, which cannot be unmapped meanwhile. */
struct kfd_queue_buffer {
    gpu_va va;
    struct mem_bo *bo; /* owned; NULL = not held */
};

struct kfd_queue_buffers {
    struct kfd_queue_buffer write_pointer, read_pointer, ring, eop, save_area;
    uint64_t save_area_svm_bytes; /* the save area is SVM memory instead; 0 = it is not */
};

/* SDMA queues have fixed places on the engines; `none` for compute queues. */
struct kfd_sdma_place {
    bool used;
    uint32_t engine, queue; /* on the engine */
};

struct kfd_queue {
    struct kfd_pdd *pdd; /* borrowed */
    uint32_t id;
    uint32_t type; /* KFD_QUEUE_TYPE_* */
    struct kfd_queue_buffers buffers;
    uint64_t ring_bytes;
    uint64_t save_area_address;
    uint32_t percent, priority;
    bool disabled; /* by an update without a ring */
    struct kfd_sdma_place sdma;
    uint32_t doorbell; /* index in the process's slice */
    bool has_gws;
    struct cp_queue *cp;           /* owned */
    struct kfd_queue *prev, *next; /* in pdd->queues */

    bool evict_listed, evicted; /* in the process's kfd_evict and under its lock; suspended by it */
    struct kfd_queue *evict_prev, *evict_next;
};

/* Destroys a queue and everything it holds. */
void kfd_queue_destroy(struct kfd_queue *queue);

/* Process teardown. */
void kfd_pdd_destroy_queues(struct kfd_pdd *pdd);

/* Stops all queues of the process on this GPU for good, those still to be created too, as the
 * kernel does after a memory fault (kfd_dqm_evict_pasid). Does not wait; from any thread. */
void kfd_pdd_stop_queues(struct kfd_pdd *pdd);

/* After SET_TRAP_HANDLER: existing queues follow. */
void kfd_queues_update_trap_handler(struct kfd_pdd *pdd);

/* ---- buffers (kfd_queue_buffers.c) ---- */

/* EINVAL: a buffer is not mapped exactly, or too small. */
rw_status kfd_queue_buffers_get(struct kfd_pdd *pdd, const struct kfd_create_queue_args *args,
                                struct kfd_queue_buffers *out_buffers) RW_MUST_USE;
void kfd_queue_buffers_put(struct kfd_pdd *pdd, struct kfd_queue_buffers *buffers);
/* Holds `size` bytes at `va`, which must be exactly one mapping. */
rw_status kfd_queue_buffer_get(struct kfd_pdd *pdd, uint64_t va, uint64_t size,
                               struct kfd_queue_buffer *out_buffer) RW_MUST_USE;
void kfd_queue_buffer_put(struct kfd_pdd *pdd, struct kfd_queue_buffer *buffer);

static inline bool kfd_queue_type_is_compute(uint32_t type)
{
    return type == KFD_QUEUE_TYPE_COMPUTE || type == KFD_QUEUE_TYPE_COMPUTE_AQL;
}

/* ---- doorbells and SDMA places (kfd_doorbells.c) ---- */

/* Makes the process's doorbells on this GPU, once. */
rw_status kfd_doorbells_make(struct kfd_pdd *pdd) RW_MUST_USE;
/* Stops the watcher's calls and frees the pages. No queue may be left. */
void kfd_doorbells_finish(struct kfd_pdd *pdd);
/* mmap of the doorbell offset on /dev/kfd: all doorbells of the process on this GPU. */
rw_status kfd_doorbells_mmap(struct kfd_pdd *pdd, void *address, size_t length, int prot, int flags,
                             void **out_address) RW_MUST_USE;
/* Something may have been stored to a doorbell, or a queue ran out of work. From any thread. */
void kfd_doorbells_look(struct kfd_pdd *pdd);

/* A doorbell for the queue: a free one for compute queues, the place's own for SDMA. EBUSY when
 * all are taken. */
rw_status kfd_doorbell_take(struct kfd_queue *queue) RW_MUST_USE;
void kfd_doorbell_give_back(struct kfd_queue *queue);

/* A place on an SDMA engine; `engine` counts for KFD_QUEUE_TYPE_SDMA_BY_ENGINE only. ENOMEM when
 * there is none. */
rw_status kfd_sdma_place_take(struct kfd_queue *queue, uint32_t engine) RW_MUST_USE;

#endif
