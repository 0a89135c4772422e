/* SPDX-License-Identifier: MIT */
#include "softgpu/front/drm/drm_update.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "softgpu/front/drm/drm_sched_internal.h"

struct drm_update {
    uint64_t ticket;
    uint64_t age; /* of the first job that it does not wait for */
    struct drm_fence *fence;
    struct drm_update *prev, *next; /* in the scheduler */
};

/* A job's fence, since its wait is one for jobs. */
static struct drm_update *update_create(struct drm_sched *sched)
{
    struct drm_update *update = calloc(1, sizeof *update);

    if (!update)
        return NULL;
    update->fence = drm_fence_create_job(drm_file_vm(sched->fpriv->file), sched->update_run);
    if (update->fence)
        return update;
    free(update);
    return NULL;
}

static void update_destroy(struct drm_update *update)
{
    drm_fence_put(update->fence);
    free(update);
}

/* Is anything under way that an update would have to wait for? */
static bool is_needed_locked(const struct drm_sched *sched)
{
    return sched->unfinished > 0 || sched->updates;
}

static uint64_t update_add_locked(struct drm_sched *sched, struct drm_update *update)
{
    update->ticket = ++sched->tickets;
    update->age = sched->pushed;
    DL_APPEND(sched->updates, update);
    return update->ticket;
}

rw_status drm_update_begin(struct drm_sched *sched, uint64_t *out_ticket)
{
    struct drm_update *update;
    bool needed;

    *out_ticket = 0;
    drm_fence_lock();
    needed = is_needed_locked(sched);
    drm_fence_unlock();
    if (!needed)
        return RW_OK;
    update = update_create(sched);
    if (!update)
        return RW_FAIL(ENOMEM, "no memory for a page-table update");
    drm_fence_lock();
    needed = is_needed_locked(sched); /* still */
    if (needed)
        *out_ticket = update_add_locked(sched, update);
    drm_fence_unlock();
    if (!needed)
        update_destroy(update);
    return RW_OK;
}

struct drm_fence *drm_update_last(struct drm_sched *sched)
{
    struct drm_fence *fence;

    drm_fence_lock();
    fence = sched->updates ? drm_fence_get_locked(sched->updates->prev->fence) : NULL;
    drm_fence_unlock();
    return fence;
}

/* The VM waits for GPU work that may still use what is taken away, so without the lock; who comes
 * meanwhile leaves it to us. */
void drm_update_run(struct drm_sched *sched)
{
    struct drm_update *update;

    drm_fence_lock();
    if (sched->updating) {
        drm_fence_unlock();
        return;
    }
    sched->updating = true;
    while ((update = sched->updates) && !drm_sched_works_locked(sched, update->age, NULL)) {
        drm_fence_unlock();
        gpu_vm_reach(drm_file_vm(sched->fpriv->file), update->ticket);
        drm_fence_lock();
        DL_DELETE(sched->updates, update);
        drm_fence_signal_locked(update->fence, 0);
        drm_fence_put_locked(update->fence);
        free(update);
    }
    sched->updating = false;
    drm_fence_unlock();
}
