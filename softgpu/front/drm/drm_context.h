/* SPDX-License-Identifier: MIT
 *
 * Submission contexts. They are made, found and freed; work for them comes with command
 * submission.
 */
#ifndef SOFTGPU_FRONT_DRM_CONTEXT_H
#define SOFTGPU_FRONT_DRM_CONTEXT_H

#include <stdatomic.h>
#include <stdint.h>

#include "softgpu/front/drm/drm_fpriv.h"

struct drm_context {
    atomic_int refs;
    unsigned device;
    int32_t priority;                  /* AMDGPU_CTX_PRIORITY_* */
    _Atomic int32_t override_priority; /* set by the DRM master; UNSET = none */
};

/* New reference, or NULL. */
struct drm_context *drm_context_find(struct drm_fpriv *fpriv, uint32_t id);
void drm_context_put(struct drm_context *ctx);

#endif
