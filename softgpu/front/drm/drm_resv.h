/* SPDX-License-Identifier: MIT
 *
 * Reservations: which unfinished GPU jobs use a buffer object (dma_resv in the kernel). Objects
 * that are always valid in a VM share that VM's reservation, imports that of what they are imports
 * of.
 *
 * A reservation is found by its key and lives in a table while it has fences that are not
 * signalled; a job keeps its objects alive, so a key never outlives its object there.
 *
 * Thread safety: functions named _locked need the fence lock (drm_fence.h).
 */
#ifndef SOFTGPU_FRONT_DRM_RESV_H
#define SOFTGPU_FRONT_DRM_RESV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/front/drm/drm_fence.h"
#include "softgpu/mem/bo.h"

const void *drm_resv_of(const struct mem_bo *bo);

/* Adds a job's fence, in place of earlier ones of its run. ENOMEM. */
rw_status drm_resv_add_locked(const void *resv, struct drm_fence *fence) RW_MUST_USE;
/* Lets go of what has been signalled. */
void drm_resv_prune_locked(const void *resv);
/* The next fence at or after *index that is not signalled, borrowed; NULL = no more. */
struct drm_fence *drm_resv_next_locked(const void *resv, unsigned *index);

/* Waits until no job uses the object; false when `deadline` (CLOCK_MONOTONIC, ns) comes first. For
 * GEM_WAIT_IDLE and CPU access. */
bool drm_resv_wait_key_idle(const void *resv, int64_t deadline);
bool drm_resv_wait_idle(const struct mem_bo *bo, int64_t deadline);

/* ---- fences from and to outside (dma-bufs' sync files) ---- */

/* A fence that is signalled when nothing uses the object any more. New reference; NULL when memory
 * is short. */
struct drm_fence *drm_resv_merge(const struct mem_bo *bo);
/* Who uses the object from now on waits for the fence first, unless it is one of its own VM's jobs.
 * ENOMEM. */
rw_status drm_resv_import(struct mem_bo *bo, struct drm_fence *fence) RW_MUST_USE;
/* Lets go of objects whose imported fences have been signalled. No locks held. */
void drm_resv_reap(void);

#endif
