/* SPDX-License-Identifier: MIT
 *
 * The SYNCOBJ ioctls. Kernel: drm_syncobj.c; the order of checks is its.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_syncobj.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

#define WAIT_ALL        DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL
#define WAIT_FOR_SUBMIT DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT
#define WAIT_AVAILABLE  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE
#define WAIT_DEADLINE   DRM_UAPI_SYNCOBJ_WAIT_DEADLINE

static rw_status unknown_handle(int err, uint32_t handle)
{
    return RW_FAIL(err, "syncobj handle %u is not open in this file", handle);
}

/* ---- one syncobj ---- */

rw_status drm_ioctl_syncobj_create(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_syncobj_create *args = argument;
    struct drm_fence *fence = NULL;
    struct drm_syncobj *syncobj;
    rw_status s;

    if (args->flags & ~(uint32_t)DRM_SYNCOBJ_CREATE_SIGNALED)
        return RW_FAIL(EINVAL, "unknown flags 0x%x", args->flags);
    if ((args->flags & DRM_SYNCOBJ_CREATE_SIGNALED) && !(fence = drm_fence_create_signalled()))
        return RW_FAIL(ENOMEM, "no memory for a fence");
    s = drm_syncobj_create(fence, &syncobj);
    drm_fence_put(fence);
    RW_TRY(s);
    s = drm_syncobj_handle_create(fpriv, syncobj, &args->handle);
    drm_syncobj_put(syncobj);
    return s;
}

rw_status drm_ioctl_syncobj_destroy(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    const struct drm_syncobj_destroy *args = argument;
    struct drm_syncobj *syncobj;

    if (args->pad)
        return RW_FAIL(EINVAL, "padding must be 0");
    pthread_mutex_lock(&fpriv->lock);
    syncobj = handle_table_give_back(&fpriv->syncobjs, args->handle);
    pthread_mutex_unlock(&fpriv->lock);
    if (!syncobj)
        return unknown_handle(EINVAL, args->handle);
    drm_syncobj_put(syncobj);
    return RW_OK;
}

/* A descriptor of a syncobj, or of one fence: a sync file. */
#define SYNC_FILE DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE
#define TIMELINE  DRM_UAPI_SYNCOBJ_HANDLE_TIMELINE
static_assert(SYNC_FILE == DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE, "one bit both ways");

/* Only a sync file is of a point; who does not say TIMELINE need not have cleared the field, which
 * older kernels do not know. */
static rw_status check_handle(const struct drm_fpriv *fpriv,
                              const struct drm_uapi_syncobj_handle *args, uint64_t *out_point)
{
    uint32_t known = drm_kernel_is_7(fpriv) ? SYNC_FILE | TIMELINE : SYNC_FILE;

    *out_point = 0;
    if (args->pad)
        return RW_FAIL(EINVAL, "padding must be 0");
    if (args->flags & ~known)
        return RW_FAIL(EINVAL, "unknown flags 0x%x", args->flags);
    if (args->flags & TIMELINE)
        *out_point = args->point;
    if (*out_point && !(args->flags & SYNC_FILE))
        return RW_FAIL(EINVAL, "a syncobj's descriptor is of no point");
    return RW_OK;
}

static rw_status export_sync_file(struct drm_fpriv *fpriv, uint32_t handle, uint64_t point,
                                  int *out_fd)
{
    struct drm_fence *fence;
    rw_status s;

    RW_TRY(drm_syncobj_find_fence(fpriv, handle, point, 0, &fence));
    s = drm_sync_file_create(fence, out_fd);
    drm_fence_put(fence);
    return s;
}

rw_status drm_ioctl_syncobj_handle_to_fd(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_uapi_syncobj_handle *args = argument;
    struct drm_syncobj *syncobj;
    uint64_t point;
    rw_status s;

    RW_TRY(check_handle(fpriv, args, &point));
    if (args->flags & SYNC_FILE)
        return export_sync_file(fpriv, args->handle, point, &args->fd);
    syncobj = drm_syncobj_find(fpriv, args->handle);
    if (!syncobj)
        return unknown_handle(EINVAL, args->handle);
    s = drm_syncobj_fd_create(syncobj, &args->fd);
    drm_syncobj_put(syncobj);
    return s;
}

static rw_status import_sync_file(struct drm_fpriv *fpriv, int fd, uint32_t handle, uint64_t point)
{
    struct drm_syncobj *syncobj;
    struct drm_fence *fence;
    rw_status s;

    RW_TRY(drm_sync_file_import(fd, &fence));
    syncobj = drm_syncobj_find(fpriv, handle);
    s = syncobj ? drm_syncobj_put_in(syncobj, fence, point) : unknown_handle(ENOENT, handle);
    drm_fence_put(fence);
    drm_syncobj_put(syncobj);
    return s;
}

rw_status drm_ioctl_syncobj_fd_to_handle(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_uapi_syncobj_handle *args = argument;
    struct drm_syncobj *syncobj;
    uint64_t point;
    rw_status s;

    RW_TRY(check_handle(fpriv, args, &point));
    if (args->flags & SYNC_FILE)
        return import_sync_file(fpriv, args->fd, args->handle, point);
    RW_TRY(drm_syncobj_fd_import(args->fd, &syncobj));
    s = drm_syncobj_handle_create(fpriv, syncobj, &args->handle);
    drm_syncobj_put(syncobj);
    return s;
}

rw_status drm_ioctl_syncobj_transfer(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    const struct drm_syncobj_transfer *args = argument;
    struct drm_syncobj *target;
    struct drm_fence *fence;
    rw_status s;

    if (args->pad)
        return RW_FAIL(EINVAL, "padding must be 0");
    target = drm_syncobj_find(fpriv, args->dst_handle);
    if (!target)
        return unknown_handle(ENOENT, args->dst_handle);
    s = drm_syncobj_find_fence(fpriv, args->src_handle, args->src_point, args->flags, &fence);
    if (rw_ok(s)) {
        s = drm_syncobj_put_in(target, fence, args->dst_point);
        drm_fence_put(fence);
    }
    drm_syncobj_put(target);
    return s;
}

rw_status drm_ioctl_syncobj_eventfd(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    const struct drm_uapi_syncobj_eventfd *args = argument;
    struct drm_syncobj *syncobj;
    rw_status s;

    if (args->flags & ~(uint32_t)WAIT_AVAILABLE)
        return RW_FAIL(EINVAL, "unknown flags 0x%x", args->flags);
    if (args->pad)
        return RW_FAIL(EINVAL, "padding must be 0");
    syncobj = drm_syncobj_find(fpriv, args->handle);
    if (!syncobj)
        return unknown_handle(ENOENT, args->handle);
    s = drm_syncobj_add_eventfd(syncobj, args->fd, args->point, args->flags & WAIT_AVAILABLE);
    drm_syncobj_put(syncobj);
    return s;
}

/* ---- arrays of syncobjs ---- */

struct syncobj_array {
    uint32_t count;
    struct drm_syncobj **items; /* references */
    uint64_t *points;           /* NULL until array_points() */
};

static void array_free(struct syncobj_array *array)
{
    for (uint32_t i = 0; i < array->count; i++)
        drm_syncobj_put(array->items[i]);
    free(array->items);
    free(array->points);
}

static rw_status array_find(struct drm_fpriv *fpriv, uint64_t user_handles, uint32_t count,
                            struct syncobj_array *out_array)
{
    void *handles;

    *out_array = (struct syncobj_array){0};
    RW_TRY(front_copy_in_array(user_handles, count, sizeof(uint32_t), FRONT_KMALLOC_MAX, &handles));
    out_array->items = calloc(count, sizeof *out_array->items);
    if (!out_array->items) {
        free(handles);
        return RW_FAIL(ENOMEM, "no memory for %u syncobjs", count);
    }
    for (; out_array->count < count; out_array->count++) {
        uint32_t handle = ((uint32_t *)handles)[out_array->count];
        struct drm_syncobj *syncobj = drm_syncobj_find(fpriv, handle);

        if (!syncobj) {
            array_free(out_array);
            free(handles);
            return unknown_handle(ENOENT, handle);
        }
        out_array->items[out_array->count] = syncobj;
    }
    free(handles);
    return RW_OK;
}

/* A null pointer means point 0 for all. */
static rw_status array_points(struct syncobj_array *array, uint64_t user_points)
{
    void *points;

    if (user_points) {
        RW_TRY(front_copy_in_array(user_points, array->count, sizeof(uint64_t), FRONT_KMALLOC_MAX,
                                   &points));
    } else if (!(points = calloc(array->count, sizeof(uint64_t)))) {
        return RW_FAIL(ENOMEM, "no memory for %u points", array->count);
    }
    array->points = points;
    return RW_OK;
}

rw_status drm_ioctl_syncobj_reset(void *context, void *argument)
{
    const struct drm_syncobj_array *args = argument;
    struct syncobj_array array;

    if (args->pad || args->count_handles == 0)
        return RW_FAIL(EINVAL, "padding must be 0 and the array not empty");
    RW_TRY(array_find(context, args->handles, args->count_handles, &array));
    for (uint32_t i = 0; i < array.count; i++)
        drm_syncobj_replace_fence(array.items[i], NULL);
    array_free(&array);
    return RW_OK;
}

rw_status drm_ioctl_syncobj_signal(void *context, void *argument)
{
    const struct drm_syncobj_array *args = argument;
    struct syncobj_array array;
    rw_status s = RW_OK;

    if (args->pad || args->count_handles == 0)
        return RW_FAIL(EINVAL, "padding must be 0 and the array not empty");
    RW_TRY(array_find(context, args->handles, args->count_handles, &array));
    for (uint32_t i = 0; rw_ok(s) && i < array.count; i++) {
        struct drm_fence *fence = drm_fence_create_signalled();

        if (fence)
            drm_syncobj_replace_fence(array.items[i], fence);
        else
            s = RW_FAIL(ENOMEM, "no memory for a fence");
        drm_fence_put(fence);
    }
    array_free(&array);
    return s;
}

rw_status drm_ioctl_syncobj_timeline_signal(void *context, void *argument)
{
    const struct drm_syncobj_timeline_array *args = argument;
    struct drm_fence *fence = NULL;
    struct syncobj_array array;
    rw_status s;

    if (args->flags || args->count_handles == 0)
        return RW_FAIL(EINVAL, "flags must be 0 and the array not empty");
    RW_TRY(array_find(context, args->handles, args->count_handles, &array));
    s = array_points(&array, args->points);
    if (rw_ok(s) && !(fence = drm_fence_create_signalled()))
        s = RW_FAIL(ENOMEM, "no memory for a fence");
    for (uint32_t i = 0; rw_ok(s) && i < array.count; i++)
        s = drm_syncobj_add_point(array.items[i], fence, array.points[i]);
    drm_fence_put(fence);
    array_free(&array);
    return s;
}

rw_status drm_ioctl_syncobj_query(void *context, void *argument)
{
    const struct drm_syncobj_timeline_array *args = argument;
    bool last_submitted = args->flags & DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED;
    struct syncobj_array array;
    rw_status s = RW_OK;

    if ((args->flags & ~(uint32_t)DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED) ||
        args->count_handles == 0)
        return RW_FAIL(EINVAL, "unknown flags 0x%x, or an empty array", args->flags);
    RW_TRY(array_find(context, args->handles, args->count_handles, &array));
    for (uint32_t i = 0; rw_ok(s) && i < array.count; i++) {
        uint64_t point;

        drm_fence_lock();
        point = drm_fence_point_locked(array.items[i]->fence, last_submitted);
        drm_fence_unlock();
        s = front_copy_out(args->points + i * sizeof point, &point, sizeof point);
    }
    array_free(&array);
    return s;
}

/* ---- waiting ---- */

struct wait {
    struct syncobj_array *array;
    struct drm_fence **fences; /* found so far; `done` where it needs none */
    bool *done;
    uint32_t flags;
    int64_t deadline; /* CLOCK_MONOTONIC ns; 0 = only look */
    uint32_t first;   /* index of the first that was signalled, or ~0 */
};

/* Looks for the fence of point i. False when it has not been submitted. */
static bool wait_find_locked(struct wait *w, uint32_t i)
{
    struct drm_fence *fence = drm_fence_get_locked(w->array->items[i]->fence);

    if (!fence || !drm_fence_find_point_locked(&fence, w->array->points[i]))
        return false;
    w->fences[i] = fence;
    w->done[i] = !fence; /* signalled long ago */
    return true;
}

/* Counts what is signalled (or submitted, if that is enough); notes the first. */
static uint32_t wait_count_locked(struct wait *w)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < w->array->count; i++) {
        bool found = w->fences[i] || w->done[i] || wait_find_locked(w, i);
        bool over = found && ((w->flags & WAIT_AVAILABLE) || w->done[i] ||
                              drm_fence_is_signalled_locked(w->fences[i]));

        if (over && count++ == 0)
            w->first = i;
    }
    return count;
}

static bool wait_is_over(void *wait)
{
    struct wait *w = wait;
    uint32_t count = wait_count_locked(w);

    return count == w->array->count || (count && !(w->flags & WAIT_ALL));
}

static rw_status wait_locked(struct wait *w)
{
    bool may_come = w->flags & (WAIT_FOR_SUBMIT | WAIT_AVAILABLE);

    for (uint32_t i = 0; !may_come && i < w->array->count; i++)
        if (!wait_find_locked(w, i))
            return RW_FAIL(EINVAL, "syncobj %u of the wait has no fence; use WAIT_FOR_SUBMIT", i);
    return drm_fence_await_locked(wait_is_over, w, w->deadline) ? RW_OK : rw_status_quiet(ETIME);
}

static rw_status wait_run(struct syncobj_array *array, uint32_t flags, int64_t timeout,
                          uint32_t *out_first)
{
    struct wait w = {
        .array = array,
        .fences = calloc(array->count, sizeof *w.fences),
        .done = calloc(array->count, sizeof *w.done),
        .flags = flags,
        .deadline = timeout > 0 ? timeout : 0,
        .first = UINT32_MAX,
    };
    rw_status s = RW_OK;

    if (!w.fences || !w.done)
        s = RW_FAIL(ENOMEM, "no memory to wait for %u syncobjs", array->count);
    drm_fence_lock();
    if (rw_ok(s))
        s = wait_locked(&w);
    for (uint32_t i = 0; w.fences && i < array->count; i++)
        drm_fence_put_locked(w.fences[i]);
    drm_fence_unlock();
    free(w.fences);
    free(w.done);
    if (rw_ok(s))
        *out_first = w.first;
    return s;
}

/* A deadline, which Linux 6.6 brought, is a hint for hardware that could clock up; there is none.
 */
static rw_status check_wait_flags(const struct drm_fpriv *fpriv, uint32_t flags, uint32_t known)
{
    if (fpriv->machine->kernel->drm_minor >= DRM_MINOR_6_6)
        known |= WAIT_DEADLINE;
    return flags & ~known ? RW_FAIL(EINVAL, "unknown flags 0x%x", flags) : RW_OK;
}

static rw_status wait_of(struct drm_fpriv *fpriv, struct drm_uapi_syncobj_timeline_wait *args,
                         uint32_t known_flags)
{
    struct syncobj_array array;
    rw_status s;

    RW_TRY(check_wait_flags(fpriv, args->flags, known_flags));
    if (args->count_handles == 0)
        return RW_OK;
    RW_TRY(array_find(fpriv, args->handles, args->count_handles, &array));
    s = array_points(&array, args->points);
    if (rw_ok(s))
        s = wait_run(&array, args->flags, args->timeout_nsec, &args->first_signaled);
    array_free(&array);
    return s;
}

rw_status drm_ioctl_syncobj_wait(void *context, void *argument)
{
    struct drm_uapi_syncobj_wait *args = argument;
    struct drm_uapi_syncobj_timeline_wait timeline = {.handles = args->handles,
                                                      .timeout_nsec = args->timeout_nsec,
                                                      .count_handles = args->count_handles,
                                                      .flags = args->flags,
                                                      .first_signaled = args->first_signaled};
    rw_status s = wait_of(context, &timeline, WAIT_ALL | WAIT_FOR_SUBMIT);

    args->first_signaled = timeline.first_signaled;
    return s;
}

rw_status drm_ioctl_syncobj_timeline_wait(void *context, void *argument)
{
    return wait_of(context, argument, WAIT_ALL | WAIT_FOR_SUBMIT | WAIT_AVAILABLE);
}
