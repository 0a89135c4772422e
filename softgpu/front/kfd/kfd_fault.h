/* SPDX-License-Identifier: MIT
 *
 * What becomes of a GPU fault: events for those who wait, as the kernel's interrupt handlers raise
 * them. The command processor has logged the fault already, in one line; kfd_symbols.h gives it the
 * names of kernels.
 *
 * Thread safety: called on device threads; takes no lock of the process but its events'.
 */
#ifndef SOFTGPU_FRONT_KFD_FAULT_H
#define SOFTGPU_FRONT_KFD_FAULT_H

#include "softgpu/cp/cp.h"
#include "softgpu/front/kfd/kfd_queues.h"

/* A page fault: memory exception event (kfd_signal_vm_fault_event). */
void kfd_report_memory_fault(const struct kfd_queue *queue, const struct cp_fault *fault);
/* Any other fault that stopped the queue. */
void kfd_report_queue_fault(const struct kfd_queue *queue, const struct cp_fault *fault);
/* The program's trap handler reports exceptions of a wave; bit n - 1 is enum cp_error n. */
void kfd_report_exception(const struct kfd_queue *queue, uint32_t errors);

#endif
