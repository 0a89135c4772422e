/* SPDX-License-Identifier: MIT
 *
 * Shared virtual memory: ranges of the program's own memory that GPUs use at the same address.
 *
 * The model has XNACK off, as GFX10 has: a range is mapped into the VM of every GPU that was given
 * access as soon as the access attribute is set, and stays mapped. It never migrates; preferred
 * and prefetch locations are remembered and reported, as the kernel does when it finds nothing to
 * move. Source: amdkfd/kfd_svm.c.
 *
 * Thread safety: the caller holds the process's mutex.
 */
#ifndef SOFTGPU_FRONT_KFD_SVM_H
#define SOFTGPU_FRONT_KFD_SVM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/range_map.h"
#include "base/status.h"

struct kfd_host_watch;
struct kfd_pdd;
struct kfd_process;

struct kfd_svm {
    struct range_map ranges; /* of struct svm_range, owned; in bytes */
    /* Tells of ranges whose memory was unmapped; owned, made with the first range. NULL where it
     * cannot be had: then a range is forgotten when its memory turns out not to be there. */
    struct kfd_host_watch *watch;
    bool watch_tried;
};

void kfd_svm_init(struct kfd_svm *svm);
/* Unmaps and forgets every range; before the VMs are released. */
void kfd_svm_finish(struct kfd_process *process);

/* Does any range overlap [start, start + size)? Forgets ranges whose memory was unmapped. */
bool kfd_svm_overlaps(struct kfd_process *process, uint64_t start, uint64_t size);

/* A queue's save area may be an SVM range that this GPU always has mapped. EINVAL when it is
 * not so; else the range counts one more queue until it is put. */
rw_status kfd_svm_queue_buffer_get(struct kfd_pdd *pdd, uint64_t start, uint64_t size) RW_MUST_USE;
void kfd_svm_queue_buffer_put(struct kfd_pdd *pdd, uint64_t start, uint64_t size);

#endif
