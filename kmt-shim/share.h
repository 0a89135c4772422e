/* SPDX-License-Identifier: MIT
 *
 * The DRM file whose VM a GPU's compute has in this process, and how it is found. One slot per
 * render node; the rules are those of include/kmt-shim.h.
 *
 * Files that graphics clients have open are only known by number (files.h); the slot takes a
 * reference of its own when compute starts, so that a process without compute keeps nothing alive.
 *
 * Thread safety: any thread. One lock, held across the open of a render node, so that two threads
 * that start graphics and compute at once see each other. What says "one load" takes no lock.
 */
#ifndef KMT_SHIM_SHARE_H
#define KMT_SHIM_SHARE_H

#include <stdbool.h>

#include <linux/kfd_ioctl.h>

#include "base/status.h"
#include "kmt-shim/files.h"
#include "kmt-shim/include/kmt-shim.h"

/* open() of a render node by path. `by_thunk`: ROCm's thunk is the caller. Sets errno. */
int share_open(unsigned minor, const char *path, int flags, bool by_thunk);

/* An ioctl by which a client begins to use a file. False (EBUSY, explained) when the policy is to
 * share and this is another file than compute's. One load when there is nothing to say. */
bool share_may_use(struct drm_file *file);

/* AMDKFD_IOC_ACQUIRE_VM. Returns what ioctl() returns, with errno. */
int share_acquire(int kfd_fd, struct kfd_ioctl_acquire_vm_args *args);

/* The file whose VM is shared, and that whose VM compute has (the same, or one of its own); NULL:
 * none yet. One load. Once known, a file stays in memory. */
struct drm_file *share_vm_file(unsigned minor);
struct drm_file *share_compute_file_of_minor(unsigned minor);
struct drm_file *share_compute_file(uint32_t gpu_id);

/* The shim's own descriptor of the shared file: borrowed. ENOENT, quiet. */
rw_status share_file_fd(unsigned minor, int *out_fd) RW_MUST_USE;

rw_status share_import(uint32_t gpu_id, int drm_fd) RW_MUST_USE;
rw_status share_dup(unsigned minor, int *out_fd) RW_MUST_USE;
rw_status share_open_separate(unsigned minor, int *out_fd) RW_MUST_USE;
rw_status share_query(unsigned minor, struct kmt_shim_vm *out_vm) RW_MUST_USE;
rw_status share_set_policy(enum kmt_shim_policy policy) RW_MUST_USE;

#endif
