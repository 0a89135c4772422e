/* SPDX-License-Identifier: MIT
 *
 * Sync files: a descriptor of one fence, readable once it is signalled. Kernel: sync_file.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "softgpu/front/drm/drm_syncobj.h"
#include "softgpu/front/ioctl.h"
#include "softgpu/front/node.h"

struct sync_file {
    struct drm_fence_watch watch; /* first */
    struct drm_fence *fence;      /* reference */
    struct node *node;            /* borrowed: owns us */
    char name[32];
};

static ioctl_handler sync_file_merge, sync_file_info;
static void sync_file_merge_undo(const void *argument);

static const struct ioctl_row merge_row = {"SYNC_IOC_MERGE", SYNC_IOC_MERGE, sync_file_merge, 0};
static const struct ioctl_row info_row = {"SYNC_IOC_FILE_INFO", SYNC_IOC_FILE_INFO, sync_file_info,
                                          0};

static rw_status sync_file_ioctl(struct node *node, unsigned long request, void *argument,
                                 int *out_result)
{
    struct ioctl_call call = {
        .area = RW_AREA_drm,
        .device = "sync_file",
        .request = request,
        .user_argument = argument,
    };

    *out_result = 0;
    switch (request) {
    case SYNC_IOC_MERGE:
        call.row = &merge_row;
        call.undo = sync_file_merge_undo;
        break;
    case SYNC_IOC_FILE_INFO:
        call.row = &info_row;
        break;
    default:
        return rw_status_quiet(ENOTTY);
    }
    return ioctl_call_run(&call, node_private(node));
}

static void sync_file_release(struct node *node)
{
    struct sync_file *file = node_private(node);

    drm_fence_lock();
    drm_fence_unwatch_locked(&file->watch);
    drm_fence_put_locked(file->fence);
    drm_fence_unlock();
    free(file);
}

static const struct node_ops sync_file_ops = {
    .name = "sync_file",
    .ioctl = sync_file_ioctl,
    .release = sync_file_release,
};

/* Makes poll(2) report the descriptor as readable. */
static void sync_file_fire(struct drm_fence_watch *watch)
{
    struct sync_file *file = (struct sync_file *)watch;
    const char signalled = 1;
    rw_status s = node_send(file->node, &signalled, sizeof signalled);

    /* A program that has closed its descriptor does not poll it; waiting with something else and
     * closing it first is common. */
    if (!rw_ok(s) && s.err != EPIPE)
        rw_warn(drm, "sync_file: poll will not see the signal: %s", strerror(s.err));
}

static rw_status sync_file_open(struct drm_fence *fence, const char *name, int *out_fd)
{
    struct sync_file *file = calloc(1, sizeof *file);
    struct node *node;
    rw_status s;

    if (!file)
        return RW_FAIL(ENOMEM, "no memory for a sync_file");
    strncpy(file->name, name, sizeof file->name - 1);
    file->fence = drm_fence_get(fence);
    s = node_open(&sync_file_ops, file, O_RDWR | O_CLOEXEC, out_fd);
    if (!rw_ok(s)) {
        drm_fence_put(file->fence);
        free(file);
        return s;
    }
    node = node_get_by_fd(*out_fd);
    if (!node || node_private(node) != file) { /* the program has closed it already */
        if (node)
            node_put(node);
        return RW_OK;
    }
    file->node = node;
    drm_fence_lock();
    drm_fence_watch_locked(&file->watch, file->fence, sync_file_fire);
    drm_fence_unlock();
    node_put(node);
    return RW_OK;
}

rw_status drm_sync_file_create(struct drm_fence *fence, int *out_fd)
{
    return sync_file_open(fence, "amdgpu", out_fd);
}

rw_status drm_sync_file_import(int fd, struct drm_fence **out_fence)
{
    struct node *node = node_get_by_fd(fd);
    rw_status s = RW_OK;

    if (node && node_ops(node) == &sync_file_ops)
        *out_fence = drm_fence_get(((struct sync_file *)node_private(node))->fence);
    else
        s = RW_FAIL(EINVAL, "descriptor %d is no sync_file", fd);
    if (node)
        node_put(node);
    return s;
}

static rw_status sync_file_merge(void *context, void *argument)
{
    const struct sync_file *file = context;
    struct sync_merge_data *args = argument;
    struct drm_fence *other = NULL, *merged;
    char name[32] = "";
    rw_status s;
    int fd;

    if (args->flags || args->pad)
        return RW_FAIL(EINVAL, "flags and padding must be 0");
    s = drm_sync_file_import(args->fd2, &other);
    if (!rw_ok(s))
        return rw_status_quiet(ENOENT);
    drm_fence_lock();
    merged = drm_fence_merge_locked(file->fence, other);
    drm_fence_put_locked(other);
    drm_fence_unlock();
    if (!merged)
        return RW_FAIL(ENOMEM, "no memory to merge fences");
    memcpy(name, args->name, sizeof name - 1);
    s = sync_file_open(merged, name, &fd);
    drm_fence_put(merged);
    RW_TRY(s);
    args->fence = fd;
    return RW_OK;
}

static void sync_file_merge_undo(const void *argument)
{
    const struct sync_merge_data *args = argument;

    node_fd_take_back(args->fence);
}

/* 1 signalled, 0 not yet, or the negative error. */
static int status_locked(const struct drm_fence *fence)
{
    if (!drm_fence_is_signalled_locked(fence))
        return 0;
    return drm_fence_error_locked(fence) ? -drm_fence_error_locked(fence) : 1;
}

/* Chains and merged fences count as one here. */
static rw_status sync_file_info(void *context, void *argument)
{
    const struct sync_file *file = context;
    struct sync_file_info *args = argument;
    struct sync_fence_info fence = {.obj_name = "drm_sched", .driver_name = "amdgpu"};

    if (args->flags || args->pad)
        return RW_FAIL(EINVAL, "flags and padding must be 0");
    drm_fence_lock();
    fence.status = status_locked(file->fence);
    fence.timestamp_ns = fence.status ? drm_fence_timestamp_locked(file->fence) : 0;
    drm_fence_unlock();
    if (args->num_fences)
        RW_TRY(front_copy_out(args->sync_fence_info, &fence, sizeof fence));
    memcpy(args->name, file->name, sizeof args->name);
    args->status = fence.status;
    args->num_fences = 1;
    return RW_OK;
}
