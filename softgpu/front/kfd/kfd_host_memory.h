/* SPDX-License-Identifier: MIT
 *
 * What the program has mapped where: the question that the kernel's memory management answers for
 * userptr buffers and SVM ranges. Nothing is touched or faulted in, so that large buffers that
 * are never used (context save areas) cost nothing.
 *
 * Thread safety: any thread; the answer is as of now.
 */
#ifndef SOFTGPU_FRONT_KFD_HOST_MEMORY_H
#define SOFTGPU_FRONT_KFD_HOST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Is all of [start, start + size) mapped? EFAULT if not; EPERM if some of it is not writable and
 * `writable` is asked for. */
rw_status kfd_host_memory_check(uint64_t start, uint64_t size, bool writable) RW_MUST_USE;

#endif
