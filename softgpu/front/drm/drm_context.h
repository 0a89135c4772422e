/* SPDX-License-Identifier: MIT
 *
 * Submission contexts. A context has an entity per engine ring that it can name; an entity is an
 * ordered run of jobs with sequence numbers of its own (drm_sched.h).
 *
 * Ownership: counted references; jobs hold one. Thread safety: from any thread; `entities` are made
 * under the fence lock and live as long as the context.
 */
#ifndef SOFTGPU_FRONT_DRM_CONTEXT_H
#define SOFTGPU_FRONT_DRM_CONTEXT_H

#include <stdatomic.h>
#include <stdint.h>

#include "softgpu/front/drm/drm_engine.h"
#include "softgpu/front/drm/drm_fpriv.h"

struct drm_entity;

struct drm_context {
    atomic_int refs;
    unsigned device;
    int32_t priority;                  /* AMDGPU_CTX_PRIORITY_* */
    _Atomic int32_t override_priority; /* set by the DRM master; UNSET = none */
    atomic_bool guilty;                /* one of its jobs has hung; it submits no more */
    unsigned resets, vram_losses;      /* of the device, when the context was made */
    atomic_uint resets_queried;        /* the first when QUERY_STATE was last asked */
    struct drm_entity *entities[DRM_ENGINES][DRM_RINGS_MAX];
};

/* New reference, or NULL. */
struct drm_context *drm_context_find(struct drm_fpriv *fpriv, uint32_t id);
struct drm_context *drm_context_get(struct drm_context *ctx);
void drm_context_put(struct drm_context *ctx);

/* The priority in force, AMDGPU_CTX_PRIORITY_*. */
int32_t drm_context_priority(const struct drm_context *ctx);

#endif
