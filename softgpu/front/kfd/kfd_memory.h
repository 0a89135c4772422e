/* SPDX-License-Identifier: MIT
 *
 * KFD memory: a kfd_bo (the kernel's kgd_mem) is a buffer object with the address that the program
 * chose for it. It is mapped at that address, and unmapped, GPU by GPU; handles are numbers of the
 * pdd that allocated it. The buffer itself may outlive the kfd_bo, in a dma-buf or a GEM handle.
 *
 * Thread safety: the caller holds the process's mutex.
 */
#ifndef SOFTGPU_FRONT_KFD_MEMORY_H
#define SOFTGPU_FRONT_KFD_MEMORY_H

#include "base/status.h"
#include "softgpu/front/kfd/kfd_process.h"
#include "softgpu/mem/bo.h"

struct kfd_bo {
    struct kfd_pdd *pdd; /* that allocated it */
    struct mem_bo *bo;   /* owned */
    gpu_va va;           /* 0 = never to be mapped */
    uint32_t flags;      /* KFD_IOC_ALLOC_MEM_FLAGS_* */
    bool imported;
    bool aql_ring; /* mapped twice in a row, so that a ring never wraps in the middle */
    /* In which GPUs' VMs it has a place (the kernel's attachments): from the first MAP on until
     * FREE. And the mappings made, of each half; a mapping stays counted when GEM_VA CLEAR takes
     * it away behind our back, as in the kernel. */
    bool attached[SOFT_MAX_DEVICES];
    bool mapped[SOFT_MAX_DEVICES][2];
    unsigned mapped_count;
    bool fenced;                /* carries the process's eviction fence; see kfd_evict.h */
    struct mem_host_range host; /* userptr: the program's memory */
    bool host_changed;          /* has to be looked at; under kfd_evict's lock */
    bool evict_listed;          /* in the process's kfd_evict and under its lock */
    struct kfd_bo *evict_prev, *evict_next;
};

/* NULL when the number is not in use. */
struct kfd_bo *kfd_bo_find(struct kfd_pdd *pdd, uint32_t number);
/* Gives the buffer a number; the pdd owns it from then on. */
rw_status kfd_bo_register(struct kfd_bo *bo, uint32_t *out_number) RW_MUST_USE;
/* Frees one that is in no table. */
void kfd_bo_free(struct kfd_bo *bo);

rw_status kfd_bo_map(struct kfd_bo *bo, struct kfd_pdd *peer) RW_MUST_USE;
rw_status kfd_bo_unmap(struct kfd_bo *bo, struct kfd_pdd *peer) RW_MUST_USE;

/* Process teardown: unmaps and frees everything that was not freed. */
void kfd_pdd_free_bos(struct kfd_pdd *pdd);

/* ---- how much may be allocated (kernel: kfd_mem_limit) ---- */

/* Accounts an allocation; ENOMEM when it is beyond the limits of VRAM or system memory. */
rw_status kfd_limit_reserve(const struct soft_device *device, uint64_t bytes,
                            uint32_t flags) RW_MUST_USE;
void kfd_limit_release(const struct soft_device *device, uint64_t bytes, uint32_t flags);
/* What AVAILABLE_MEMORY reports, in bytes. */
uint64_t kfd_limit_available(const struct soft_device *device);

/* In the child of a fork(): forgets what the parent has allocated, frees the parent's locks. */
void kfd_limits_after_fork(void);
void kfd_devices_after_fork(void);

/* The page of registers for flushing the HDP, one per GPU; writes to it have no effect here, for
 * there is no HDP cache. A host mapping and the memfd behind it, both borrowed. */
rw_status kfd_mmio_page(const struct soft_device *device, uint8_t **out_page,
                        int *out_fd) RW_MUST_USE;

#endif
