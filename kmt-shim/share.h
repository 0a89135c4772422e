/* SPDX-License-Identifier: MIT
 *
 * The DRM file whose VM a GPU's compute has in this process, and how it is found. One slot per
 * render node; the rules are those of include/kmt-shim.h.
 *
 * Descriptors that graphics clients have open are only remembered by number and looked at again
 * when compute starts; the slot takes a reference of its own only then, so that a process without
 * compute keeps nothing alive.
 *
 * Thread safety: any thread. One lock, held across the open of a render node, so that two threads
 * that start graphics and compute at once see each other.
 */
#ifndef KMT_SHIM_SHARE_H
#define KMT_SHIM_SHARE_H

#include <stdbool.h>

#include <linux/kfd_ioctl.h>

#include "base/status.h"
#include "kmt-shim/include/kmt-shim.h"

/* open() of a render node by path. `by_thunk`: ROCm's thunk is the caller. Sets errno. */
int share_open(unsigned minor, const char *path, int flags, bool by_thunk);

/* An amdgpu ioctl is about to be made on `fd`. Fails (EBUSY) when the policy is to share and the
 * descriptor is of another file than compute's. */
rw_status share_use(int fd) RW_MUST_USE;

/* AMDKFD_IOC_ACQUIRE_VM. Returns what ioctl() returns, with errno. */
int share_acquire(int kfd_fd, struct kfd_ioctl_acquire_vm_args *args);

rw_status share_import(uint32_t gpu_id, int drm_fd) RW_MUST_USE;
rw_status share_dup(unsigned minor, int *out_fd) RW_MUST_USE;
rw_status share_query(unsigned minor, struct kmt_shim_vm *out_vm) RW_MUST_USE;
void share_counters(struct kmt_shim_counters *out_counters);

#endif
