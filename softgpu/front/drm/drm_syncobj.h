/* SPDX-License-Identifier: MIT
 *
 * Synchronisation objects: containers of a fence, binary or timeline, that are known by handle in
 * files and can be passed on as descriptors; and sync files, descriptors of one fence.
 *
 * Ownership: counted references. Thread safety: all functions from any thread; `fence` is guarded
 * by the fence lock.
 */
#ifndef SOFTGPU_FRONT_DRM_SYNCOBJ_H
#define SOFTGPU_FRONT_DRM_SYNCOBJ_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/front/drm/drm_fence.h"
#include "softgpu/front/drm/drm_fpriv.h"

struct drm_syncobj_eventfd;

struct drm_syncobj {
    atomic_int refs;
    struct drm_fence *fence;              /* reference; NULL = nothing submitted */
    struct drm_syncobj_eventfd *eventfds; /* that wait for their point to be submitted */
};

rw_status drm_syncobj_create(struct drm_fence *fence, struct drm_syncobj **out_syncobj) RW_MUST_USE;
struct drm_syncobj *drm_syncobj_get(struct drm_syncobj *syncobj);
void drm_syncobj_put(struct drm_syncobj *syncobj);

/* New reference, or NULL. */
struct drm_syncobj *drm_syncobj_find(struct drm_fpriv *fpriv, uint32_t handle);
rw_status drm_syncobj_handle_create(struct drm_fpriv *fpriv, struct drm_syncobj *syncobj,
                                    uint32_t *out_handle) RW_MUST_USE;

/* Puts another fence (may be NULL) in; takes a reference of its own. */
void drm_syncobj_replace_fence(struct drm_syncobj *syncobj, struct drm_fence *fence);
rw_status drm_syncobj_add_point(struct drm_syncobj *syncobj, struct drm_fence *fence,
                                uint64_t point) RW_MUST_USE;
/* One or the other: in place of what is there for point 0, else as a point of a timeline. ENOMEM.
 */
rw_status drm_syncobj_put_in(struct drm_syncobj *syncobj, struct drm_fence *fence,
                             uint64_t point) RW_MUST_USE;

/* The fence of a handle's point, as a new reference; never NULL when it succeeds. ENOENT unknown
 * handle; EINVAL nothing submitted, or unknown flags; with WAIT_FOR_SUBMIT it waits for up to five
 * seconds, then ETIME. */
rw_status drm_syncobj_find_fence(struct drm_fpriv *fpriv, uint32_t handle, uint64_t point,
                                 uint32_t flags, struct drm_fence **out_fence) RW_MUST_USE;

/* Writes to a copy of `eventfd` when the point is signalled, or (`available`) submitted. */
rw_status drm_syncobj_add_eventfd(struct drm_syncobj *syncobj, int eventfd, uint64_t point,
                                  bool available) RW_MUST_USE;

/* Descriptors. Import gives new references; EINVAL when the descriptor is of another kind. */
rw_status drm_syncobj_fd_create(struct drm_syncobj *syncobj, int *out_fd) RW_MUST_USE;
rw_status drm_syncobj_fd_import(int fd, struct drm_syncobj **out_syncobj) RW_MUST_USE;
rw_status drm_sync_file_create(struct drm_fence *fence, int *out_fd) RW_MUST_USE;
rw_status drm_sync_file_import(int fd, struct drm_fence **out_fence) RW_MUST_USE;

#endif
