/* SPDX-License-Identifier: MIT
 *
 * Waiting for submissions: WAIT_CS, WAIT_FENCES, FENCE_TO_HANDLE, GEM_WAIT_IDLE. Kernel:
 * amdgpu_cs.c, amdgpu_gem_wait_idle_ioctl().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_resv.h"
#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_syncobj.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

#define KERNEL_ENOTSUPP 524

/* Absolute CLOCK_MONOTONIC; what looks negative is for ever (amdgpu_gem_timeout). */
static int64_t deadline_of(uint64_t timeout)
{
    return timeout > INT64_MAX ? DRM_FENCE_FOREVER : (int64_t)timeout;
}

/* The fence that a program names by context, engine and number; NULL = long signalled. */
static rw_status fence_find(struct drm_fpriv *fpriv, const struct drm_amdgpu_fence *name,
                            struct drm_fence **out_fence)
{
    struct drm_context *ctx = drm_context_find(fpriv, name->ctx_id);
    struct drm_entity *entity;
    rw_status s;

    if (!ctx)
        return RW_FAIL(EINVAL, "context %u does not exist in this file", name->ctx_id);
    s = drm_entity_find(ctx, name->ip_type, name->ip_instance, name->ring, &entity);
    if (rw_ok(s))
        s = drm_entity_fence(entity, name->seq_no, false, out_fence);
    drm_context_put(ctx);
    return s;
}

/* Waits, and puts the fence, which may be NULL. A fence that ended in an error is that error. */
static rw_status fence_wait(struct drm_fence *fence, int64_t deadline, bool *out_signalled)
{
    int error = 0;

    *out_signalled = true;
    if (!fence)
        return RW_OK;
    drm_fence_lock();
    *out_signalled = drm_fence_wait_locked(fence, deadline);
    if (*out_signalled)
        error = drm_fence_error_locked(fence);
    drm_fence_put_locked(fence);
    drm_fence_unlock();
    return error ? RW_FAIL(error, "the job that was waited for failed") : RW_OK;
}

rw_status drm_ioctl_wait_cs(void *context, void *argument)
{
    union drm_amdgpu_wait_cs *args = argument;
    const struct drm_amdgpu_fence name = {.ctx_id = args->in.ctx_id,
                                          .ip_type = args->in.ip_type,
                                          .ip_instance = args->in.ip_instance,
                                          .ring = args->in.ring,
                                          .seq_no = args->in.handle};
    struct drm_fence *fence;
    bool signalled;

    RW_TRY(fence_find(context, &name, &fence));
    RW_TRY(fence_wait(fence, deadline_of(args->in.timeout), &signalled));
    memset(args, 0, sizeof *args);
    args->out.status = !signalled;
    return RW_OK;
}

/* ---- several fences ---- */

static rw_status wait_all(struct drm_fpriv *fpriv, union drm_amdgpu_wait_fences *args,
                          const struct drm_amdgpu_fence *names)
{
    int64_t deadline = deadline_of(args->in.timeout_ns);
    bool signalled = true;

    for (uint32_t i = 0; signalled && i < args->in.fence_count; i++) {
        struct drm_fence *fence;

        RW_TRY(fence_find(fpriv, &names[i], &fence));
        RW_TRY(fence_wait(fence, deadline, &signalled));
    }
    memset(args, 0, sizeof *args);
    args->out.status = signalled;
    return RW_OK;
}

struct any {
    struct drm_fence *const *fences;
    uint32_t count, first; /* first: that is signalled, or `count` */
};

static bool any_is_signalled(void *argument)
{
    struct any *any = argument;

    for (any->first = 0; any->first < any->count; any->first++)
        if (drm_fence_is_signalled_locked(any->fences[any->first]))
            return true;
    return false;
}

/* The first of the fences that is signalled; `count` when the deadline comes before. */
static uint32_t any_wait(struct drm_fence *const *fences, uint32_t count, int64_t deadline)
{
    struct any any = {.fences = fences, .count = count};

    drm_fence_lock();
    drm_fence_await_locked(any_is_signalled, &any, deadline);
    drm_fence_unlock();
    return any.first;
}

static rw_status any_error(struct drm_fence *fence)
{
    int error;

    drm_fence_lock();
    error = drm_fence_error_locked(fence);
    drm_fence_unlock();
    return error ? RW_FAIL(error, "the job that was waited for failed") : RW_OK;
}

static rw_status wait_any(struct drm_fpriv *fpriv, union drm_amdgpu_wait_fences *args,
                          const struct drm_amdgpu_fence *names)
{
    int64_t deadline = deadline_of(args->in.timeout_ns);
    uint32_t count = args->in.fence_count, found = 0, first = UINT32_MAX;
    struct drm_fence **fences = calloc(count ? count : 1, sizeof *fences);
    rw_status s = RW_OK;

    if (!fences)
        return RW_FAIL(ENOMEM, "no memory for %u fences", count);
    if (count == 0)
        s = RW_FAIL(EINVAL, "waiting for any of no fences");
    for (; rw_ok(s) && found < count && first == UINT32_MAX; found++) {
        s = fence_find(fpriv, &names[found], &fences[found]);
        if (rw_ok(s) && !fences[found])
            first = found; /* long signalled */
    }
    if (rw_ok(s)) {
        bool long_signalled = first != UINT32_MAX;

        if (!long_signalled)
            first = any_wait(fences, count, deadline);
        memset(args, 0, sizeof *args);
        args->out.status = first < count;
        args->out.first_signaled = first < count ? first : UINT32_MAX;
        if (!long_signalled && first < count)
            s = any_error(fences[first]);
    }
    for (uint32_t i = 0; i < found; i++)
        drm_fence_put(fences[i]);
    free(fences);
    return s;
}

rw_status drm_ioctl_wait_fences(void *context, void *argument)
{
    union drm_amdgpu_wait_fences *args = argument;
    void *names;
    rw_status s;

    if (drm_kernel_is_7(context) &&
        args->in.fence_count == 0) /* older ones: all of them have ended */
        return RW_FAIL(EINVAL, "waiting for no fences");
    RW_TRY(front_copy_in_array(args->in.fences, args->in.fence_count,
                               sizeof(struct drm_amdgpu_fence), FRONT_KMALLOC_MAX, &names));
    s = args->in.wait_all ? wait_all(context, args, names) : wait_any(context, args, names);
    free(names);
    return s;
}

/* ---- fences to pass on ---- */

static rw_status fence_export(struct drm_fpriv *fpriv, struct drm_fence *fence, uint32_t what,
                              uint32_t *out_handle)
{
    struct drm_syncobj *syncobj;
    int fd = -1;
    rw_status s;

    if (what == AMDGPU_FENCE_TO_HANDLE_GET_SYNC_FILE_FD) {
        s = drm_sync_file_create(fence, &fd);
        *out_handle = (uint32_t)fd;
        return s;
    }
    if (what != AMDGPU_FENCE_TO_HANDLE_GET_SYNCOBJ && what != AMDGPU_FENCE_TO_HANDLE_GET_SYNCOBJ_FD)
        return RW_FAIL(EINVAL, "unknown kind of handle %u", what);
    RW_TRY(drm_syncobj_create(fence, &syncobj));
    if (what == AMDGPU_FENCE_TO_HANDLE_GET_SYNCOBJ) {
        s = drm_syncobj_handle_create(fpriv, syncobj, out_handle);
    } else {
        s = drm_syncobj_fd_create(syncobj, &fd);
        *out_handle = (uint32_t)fd;
    }
    drm_syncobj_put(syncobj);
    return s;
}

rw_status drm_ioctl_fence_to_handle(void *context, void *argument)
{
    union drm_amdgpu_fence_to_handle *args = argument;
    struct drm_fence *fence;
    uint32_t handle = 0;
    rw_status s;

    RW_TRY(fence_find(context, &args->in.fence, &fence));
    if (!fence && !(fence = drm_fence_create_signalled()))
        return RW_FAIL(ENOMEM, "no memory for a fence");
    s = fence_export(context, fence, args->in.what, &handle);
    drm_fence_put(fence);
    if (rw_ok(s))
        args->out.handle = handle;
    return s;
}

/* ---- buffers ---- */

/* KFD queues never count here. */
rw_status drm_ioctl_gem_wait_idle(void *context, void *argument)
{
    union drm_amdgpu_gem_wait_idle *args = argument;
    int64_t deadline = deadline_of(args->in.timeout);
    struct mem_bo *bo;
    bool idle;

    RW_TRY(drm_gem_lookup(context, args->in.handle, &bo));
    idle = drm_resv_wait_idle(bo, deadline);
    memset(args, 0, sizeof *args);
    args->out.status = !idle;
    mem_bo_put(bo);
    return RW_OK;
}

/* A kernel that knows graphics-driver user queues, on a GPU where they are not enabled. */
rw_status drm_ioctl_user_queue(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return RW_FAIL(KERNEL_ENOTSUPP, "this GPU has no user queues of the graphics driver");
}
