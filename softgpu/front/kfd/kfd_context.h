/* SPDX-License-Identifier: MIT
 *
 * Which kfd_process has locked which GPU for a profiler. Thread safety: any thread.
 */
#ifndef SOFTGPU_FRONT_KFD_CONTEXT_H
#define SOFTGPU_FRONT_KFD_CONTEXT_H

struct kfd_process;

/* The process ends: its locks are free again. */
void kfd_profiler_release(const struct kfd_process *process);
/* In the child of a fork(). */
void kfd_profiler_after_fork(void);

#endif
