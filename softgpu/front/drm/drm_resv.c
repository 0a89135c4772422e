/* SPDX-License-Identifier: MIT */
#include "softgpu/front/drm/drm_resv.h"

#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

struct resv {
    const void *key;
    unsigned count, capacity;
    struct drm_fence **fences; /* references */
    UT_hash_handle hh;
};

static struct resv *resvs; /* hash by key; under the fence lock */

const void *drm_resv_of(const struct mem_bo *bo)
{
    return mem_bo_job_key(bo);
}

static struct resv *resv_find_locked(const void *key)
{
    struct resv *resv = NULL;

    HASH_FIND_PTR(resvs, &key, resv);
    return resv;
}

static struct resv *resv_find_or_create_locked(const void *key)
{
    struct resv *resv = resv_find_locked(key);

    if (!resv && (resv = calloc(1, sizeof *resv))) {
        resv->key = key;
        HASH_ADD_PTR(resvs, key, resv);
    }
    return resv;
}

/* Drops what has been signalled, and earlier fences of the run `context` (0 = of none). */
static void fences_drop_locked(struct resv *resv, uint64_t context)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < resv->count; i++) {
        struct drm_fence *fence = resv->fences[i];

        if (drm_fence_is_signalled_locked(fence) ||
            (context && drm_fence_context(fence) == context))
            drm_fence_put_locked(fence);
        else
            resv->fences[kept++] = fence;
    }
    resv->count = kept;
}

static void resv_destroy_if_empty_locked(struct resv *resv)
{
    if (resv->count)
        return;
    HASH_DEL(resvs, resv);
    free(resv->fences);
    free(resv);
}

/* In place of earlier fences of the run `context`, if it is not 0. */
static rw_status fence_add_locked(const void *key, struct drm_fence *fence, uint64_t context)
{
    struct resv *resv = resv_find_or_create_locked(key);

    if (!resv)
        return RW_FAIL(ENOMEM, "no memory for a reservation");
    fences_drop_locked(resv, context);
    if (resv->count == resv->capacity) {
        unsigned capacity = resv->capacity ? resv->capacity * 2 : 4;
        struct drm_fence **more = realloc(resv->fences, capacity * sizeof *more);

        if (!more) {
            resv_destroy_if_empty_locked(resv);
            return RW_FAIL(ENOMEM, "no memory for a reservation of %u jobs", capacity);
        }
        resv->fences = more;
        resv->capacity = capacity;
    }
    resv->fences[resv->count++] = drm_fence_get_locked(fence);
    return RW_OK;
}

rw_status drm_resv_add_locked(const void *key, struct drm_fence *fence)
{
    return fence_add_locked(key, fence, drm_fence_context(fence));
}

void drm_resv_prune_locked(const void *key)
{
    struct resv *resv = resv_find_locked(key);

    if (!resv)
        return;
    fences_drop_locked(resv, 0);
    resv_destroy_if_empty_locked(resv);
}

struct drm_fence *drm_resv_next_locked(const void *key, unsigned *index)
{
    struct resv *resv = resv_find_locked(key);

    for (; resv && *index < resv->count; ++*index)
        if (!drm_fence_is_signalled_locked(resv->fences[*index]))
            return resv->fences[(*index)++];
    return NULL;
}

bool drm_resv_wait_key_idle(const void *key, int64_t deadline)
{
    struct drm_fence *fence;
    bool idle = true;

    drm_fence_lock();
    for (unsigned index = 0; idle && (fence = drm_resv_next_locked(key, &index)); index = 0) {
        drm_fence_get_locked(fence);
        idle = drm_fence_wait_locked(fence, deadline);
        drm_fence_put_locked(fence);
    }
    drm_fence_unlock();
    return idle;
}

bool drm_resv_wait_idle(const struct mem_bo *bo, int64_t deadline)
{
    return drm_resv_wait_key_idle(drm_resv_of(bo), deadline);
}

/* ---- fences from and to outside ---- */

struct drm_fence *drm_resv_merge(const struct mem_bo *bo)
{
    struct drm_fence *merged = NULL, *fence, *both;
    bool ok = true;

    drm_fence_lock();
    for (unsigned i = 0; ok && (fence = drm_resv_next_locked(drm_resv_of(bo), &i));) {
        both = drm_fence_merge_locked(merged, fence);
        drm_fence_put_locked(merged);
        merged = both;
        ok = merged != NULL;
    }
    drm_fence_unlock();
    return ok && !merged ? drm_fence_create_signalled() : merged;
}

/* Somebody's fence on an object, which it keeps alive. */
struct foreign {
    struct drm_fence_watch watch; /* first */
    struct mem_bo *bo;            /* reference */
    struct foreign *next;
};

static struct foreign *over; /* signalled; under the fence lock, to be freed without it */

static void foreign_signalled(struct drm_fence_watch *watch)
{
    struct foreign *foreign = (struct foreign *)watch;

    drm_resv_prune_locked(drm_resv_of(foreign->bo));
    foreign->next = over;
    over = foreign;
}

void drm_resv_reap(void)
{
    struct foreign *list, *next;

    drm_fence_lock();
    list = over;
    over = NULL;
    drm_fence_unlock();
    for (; list; list = next) {
        next = list->next;
        mem_bo_put(list->bo);
        free(list);
    }
}

rw_status drm_resv_import(struct mem_bo *bo, struct drm_fence *fence)
{
    struct foreign *foreign = calloc(1, sizeof *foreign);
    rw_status s;

    if (!foreign)
        return RW_FAIL(ENOMEM, "no memory for a fence on an object");
    foreign->bo = mem_bo_get(bo);
    drm_fence_lock();
    s = fence_add_locked(drm_resv_of(bo), fence, 0);
    if (rw_ok(s))
        drm_fence_watch_locked(&foreign->watch, fence, foreign_signalled);
    drm_fence_unlock();
    if (!rw_ok(s)) {
        mem_bo_put(bo);
        free(foreign);
    }
    drm_resv_reap();
    return s;
}
