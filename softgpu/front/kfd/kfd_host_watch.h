/* SPDX-License-Identifier: MIT
 *
 * Hearing of munmap(): what a kernel driver has MMU notifiers for. The program frees memory that
 * is registered as SVM without telling us, and libc does it without a call that could be
 * interposed; but userfaultfd reports it.
 *
 * A watched range is an ordinary one for the program, except that unmapping it waits some
 * microseconds until a thread of ours has noted the fact. That thread allocates nothing and takes
 * no lock that is held while memory is freed, so nobody waits for it in vain. When munmap() has
 * returned, the note can be taken.
 *
 * Thread safety: all functions from any thread.
 */
#ifndef SOFTGPU_FRONT_KFD_HOST_WATCH_H
#define SOFTGPU_FRONT_KFD_HOST_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct kfd_host_watch;

/* ENOTSUP (quiet) where userfaultfd is not to be had. */
rw_status kfd_host_watch_create(struct kfd_host_watch **out_watch) RW_MUST_USE;
void kfd_host_watch_destroy(struct kfd_host_watch *watch); /* NULL is fine */

/* From now on unmapping any of [start, start + size) is noted. False when the memory is of a kind
 * that cannot be watched (files). */
bool kfd_host_watch_add(struct kfd_host_watch *watch, uint64_t start, uint64_t size);

/* Takes the oldest note: [*out_start, *out_end) was unmapped. False when there is none. */
bool kfd_host_watch_take(struct kfd_host_watch *watch, uint64_t *out_start, uint64_t *out_end);

#endif
