/* SPDX-License-Identifier: MIT
 *
 * What the GEM ioctls share.
 */
#ifndef SOFTGPU_FRONT_DRM_GEM_H
#define SOFTGPU_FRONT_DRM_GEM_H

#include "softgpu/front/drm/drm_fpriv.h"
#include "softgpu/mem/bo.h"

/* New BO reference; ENOENT when the handle is not open in this file. */
rw_status drm_gem_lookup(struct drm_fpriv *fpriv, uint32_t handle,
                         struct mem_bo **out_bo) RW_MUST_USE;

/* EPERM for objects that the CPU may not map. */
rw_status drm_gem_check_cpu_access(const struct mem_bo *bo) RW_MUST_USE;

#endif
