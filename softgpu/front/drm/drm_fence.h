/* SPDX-License-Identifier: MIT
 *
 * Fences: things that happen once. Plain ones are signalled by whoever made them; chain nodes are
 * the points of a timeline and signalled when they and all before them are (dma_fence_chain in the
 * kernel).
 *
 * One lock guards all fences, what holds them (drm_syncobj.fence), and the scheduler. Who waits
 * says for what, and sleeps until that is so. Functions named _locked need the lock held.
 *
 * Ownership: counted references. Thread safety: as said.
 */
#ifndef SOFTGPU_FRONT_DRM_FENCE_H
#define SOFTGPU_FRONT_DRM_FENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct drm_fence;

void drm_fence_lock(void);
void drm_fence_unlock(void);

/* NULL when memory is short. */
struct drm_fence *drm_fence_create(void);
/* The fence of a GPU job. `owner` stands for the VM it works in, `context` for the ordered run of
 * jobs that it belongs to: a later fence of a run is signalled after the earlier ones. */
struct drm_fence *drm_fence_create_job(const void *owner, uint64_t context);
uint64_t drm_fence_context_new(void);
struct drm_fence *drm_fence_create_signalled(void);
struct drm_fence *drm_fence_get(struct drm_fence *fence); /* NULL stays NULL */
struct drm_fence *drm_fence_get_locked(struct drm_fence *fence);
void drm_fence_put(struct drm_fence *fence);
void drm_fence_put_locked(struct drm_fence *fence);

/* `error`: 0 or a positive errno number. Only the first call counts. The first takes the lock. */
void drm_fence_signal(struct drm_fence *fence, int error);
void drm_fence_signal_locked(struct drm_fence *fence, int error);

/* A fence that is signalled when both are. Takes references of its own; NULL when memory is short.
 */
struct drm_fence *drm_fence_merge_locked(struct drm_fence *a, struct drm_fence *b);

bool drm_fence_is_signalled_locked(const struct drm_fence *fence);
int drm_fence_error_locked(const struct drm_fence *fence);
uint64_t drm_fence_timestamp_locked(const struct drm_fence *fence); /* CLOCK_MONOTONIC, ns */
/* Of a job's fence; NULL and 0 for others. */
const void *drm_fence_owner(const struct drm_fence *fence);
uint64_t drm_fence_context(const struct drm_fence *fence);

/* ---- timelines ---- */

/* A chain node for `point` behind `previous` (may be NULL). Takes references of its own. */
struct drm_fence *drm_fence_chain_create_locked(struct drm_fence *previous, struct drm_fence *fence,
                                                uint64_t point);

/* Replaces *fence by what `point` waits for: NULL when that has been signalled and later points
 * follow. Takes the reference over. False, with *fence put and NULL, when the point has not been
 * submitted. Point 0 is the fence itself. (dma_fence_chain_find_seqno) */
bool drm_fence_find_point_locked(struct drm_fence **fence, uint64_t point);

/* What a query of a timeline reports; 0 for a fence that is no chain node. */
uint64_t drm_fence_point_locked(const struct drm_fence *fence, bool last_submitted);

/* ---- waiting ---- */

/* Tells those who wait that a holder has another fence. */
void drm_fence_changed_locked(void);
/* A condition on fences and their holders; called under the lock, by whoever changes one. It may
 * take and put references. */
typedef bool drm_fence_condition(void *argument);
/* Sleeps until the condition is true; false when CLOCK_MONOTONIC has reached `deadline` (ns)
 * before. Whoever makes it true wakes the thread, and nobody else does. */
bool drm_fence_await_locked(drm_fence_condition *condition, void *argument, int64_t deadline);
/* Sleeps until anything changes, for those who wait for more than fences; likewise. */
bool drm_fence_sleep_locked(int64_t deadline);
/* The same for a condition of the caller's own, of CLOCK_MONOTONIC. */
bool drm_fence_sleep_on_locked(pthread_cond_t *condition, int64_t deadline);
/* Waits for the fence; false when `deadline` comes first. */
bool drm_fence_wait_locked(struct drm_fence *fence, int64_t deadline);
int64_t drm_fence_now(void);
#define DRM_FENCE_FOREVER INT64_MAX

/* Calls `fire` under the lock once the fence is signalled: at once, if it is. The watch is the
 * caller's memory and in use until then, or until drm_fence_unwatch_locked(). */
struct drm_fence_watch {
    void (*fire)(struct drm_fence_watch *watch);
    struct drm_fence *fence; /* reference, while watching */
    struct drm_fence *plain; /* borrowed: the one of its parts that is waited for now */
    struct drm_fence_watch *prev, *next;
};
void drm_fence_watch_locked(struct drm_fence_watch *watch, struct drm_fence *fence,
                            void (*fire)(struct drm_fence_watch *watch));
void drm_fence_unwatch_locked(struct drm_fence_watch *watch);

#endif
