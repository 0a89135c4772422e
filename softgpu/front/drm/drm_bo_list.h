/* SPDX-License-Identifier: MIT
 *
 * Lists of buffer objects that a submission names.
 *
 * Ownership: counted references. A list never changes; UPDATE puts another one in its place.
 * Thread safety: from any thread.
 */
#ifndef SOFTGPU_FRONT_DRM_BO_LIST_H
#define SOFTGPU_FRONT_DRM_BO_LIST_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/front/drm/drm_fpriv.h"
#include "softgpu/mem/bo.h"

struct drm_amdgpu_bo_list_in;

struct drm_bo_list {
    atomic_uint refs;
    uint32_t count;
    struct mem_bo *bos[]; /* references */
};

/* From the program's array. EINVAL too many, EFAULT, ENOENT unknown handle, ENOMEM. */
rw_status drm_bo_list_make(struct drm_fpriv *fpriv, const struct drm_amdgpu_bo_list_in *in,
                           struct drm_bo_list **out_list) RW_MUST_USE;
rw_status drm_bo_list_make_empty(struct drm_bo_list **out_list) RW_MUST_USE;
/* New reference; ENOENT. */
rw_status drm_bo_list_find(struct drm_fpriv *fpriv, uint32_t handle,
                           struct drm_bo_list **out_list) RW_MUST_USE;
struct drm_bo_list *drm_bo_list_get(struct drm_bo_list *list);
void drm_bo_list_put(struct drm_bo_list *list); /* NULL is fine */

#endif
