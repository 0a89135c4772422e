/* SPDX-License-Identifier: MIT
 *
 * What the GEM ioctls share.
 */
#ifndef SOFTGPU_FRONT_DRM_GEM_H
#define SOFTGPU_FRONT_DRM_GEM_H

#include "softgpu/front/drm/drm_fpriv.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/mem/bo.h"

/* What GEM_CREATE takes (AMDGPU_GEM_CREATE_SETTABLE_MASK). */
#define DRM_GEM_CREATE_FLAGS                                                                       \
    (AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED | AMDGPU_GEM_CREATE_NO_CPU_ACCESS |                     \
     AMDGPU_GEM_CREATE_CPU_GTT_USWC | AMDGPU_GEM_CREATE_VRAM_CLEARED |                             \
     AMDGPU_GEM_CREATE_VM_ALWAYS_VALID | AMDGPU_GEM_CREATE_EXPLICIT_SYNC |                         \
     AMDGPU_GEM_CREATE_ENCRYPTED | DRM_UAPI_GEM_CREATE_GFX12_DCC |                                 \
     DRM_UAPI_GEM_CREATE_DISCARDABLE)

/* New BO reference; ENOENT when the handle is not open in this file. */
rw_status drm_gem_lookup(struct drm_fpriv *fpriv, uint32_t handle,
                         struct mem_bo **out_bo) RW_MUST_USE;

/* EPERM for objects that the CPU may not map. */
rw_status drm_gem_check_cpu_access(const struct mem_bo *bo) RW_MUST_USE;

/* The object's mappings in the file's VM, as an array of drm_uapi_gem_vm_entry at `user` that has
 * room for *count; nothing is copied when that is too few. *count becomes their number. ENOENT,
 * ENOMEM, EFAULT. */
rw_status drm_gem_mappings_copy_out(struct drm_fpriv *fpriv, struct mem_bo *bo, uint64_t user,
                                    uint32_t *count) RW_MUST_USE;

#endif
