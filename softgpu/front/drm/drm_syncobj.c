/* SPDX-License-Identifier: MIT
 *
 * Kernel: drm_syncobj.c.
 */
#include "softgpu/front/drm/drm_syncobj.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/node.h"

#define WAIT_FOR_SUBMIT_NS INT64_C(5000000000)

/* Somebody's eventfd. First it waits in the syncobj for its point, then on the point's fence. */
struct drm_syncobj_eventfd {
    struct drm_fence_watch watch; /* first */
    int fd;                       /* owned */
    uint64_t point;
    bool available;
    struct drm_syncobj_eventfd *prev, *next; /* in the syncobj */
};

/* ---- life ---- */

rw_status drm_syncobj_create(struct drm_fence *fence, struct drm_syncobj **out_syncobj)
{
    struct drm_syncobj *syncobj = calloc(1, sizeof *syncobj);

    if (!syncobj)
        return RW_FAIL(ENOMEM, "no memory for a syncobj");
    atomic_init(&syncobj->refs, 1);
    syncobj->fence = drm_fence_get(fence);
    *out_syncobj = syncobj;
    return RW_OK;
}

struct drm_syncobj *drm_syncobj_get(struct drm_syncobj *syncobj)
{
    atomic_fetch_add_explicit(&syncobj->refs, 1, memory_order_relaxed);
    return syncobj;
}

static void eventfd_destroy(struct drm_syncobj_eventfd *entry)
{
    close(entry->fd);
    free(entry);
}

void drm_syncobj_put(struct drm_syncobj *syncobj)
{
    struct drm_syncobj_eventfd *entry, *next;

    if (!syncobj || atomic_fetch_sub_explicit(&syncobj->refs, 1, memory_order_acq_rel) != 1)
        return;
    drm_fence_put(syncobj->fence);
    DL_FOREACH_SAFE(syncobj->eventfds, entry, next)
    {
        eventfd_destroy(entry); /* their point will never come */
    }
    free(syncobj);
}

/* ---- handles ---- */

struct drm_syncobj *drm_syncobj_find(struct drm_fpriv *fpriv, uint32_t handle)
{
    struct drm_syncobj *syncobj;

    pthread_mutex_lock(&fpriv->lock);
    syncobj = handle_table_find(&fpriv->syncobjs, handle);
    if (syncobj)
        drm_syncobj_get(syncobj);
    pthread_mutex_unlock(&fpriv->lock);
    return syncobj;
}

rw_status drm_syncobj_handle_create(struct drm_fpriv *fpriv, struct drm_syncobj *syncobj,
                                    uint32_t *out_handle)
{
    rw_status s;

    pthread_mutex_lock(&fpriv->lock);
    s = handle_table_take(&fpriv->syncobjs, syncobj, out_handle);
    if (rw_ok(s))
        drm_syncobj_get(syncobj);
    pthread_mutex_unlock(&fpriv->lock);
    return s;
}

void drm_syncobj_table_finish(struct drm_fpriv *fpriv)
{
    struct drm_syncobj *syncobj;

    for (uint32_t h = 0; (syncobj = handle_table_at_or_above(&fpriv->syncobjs, &h)); h++)
        drm_syncobj_put(syncobj);
    handle_table_finish(&fpriv->syncobjs);
}

/* ---- eventfds ---- */

static void eventfd_fire(struct drm_fence_watch *watch)
{
    struct drm_syncobj_eventfd *entry = (struct drm_syncobj_eventfd *)watch;

    if (eventfd_write(entry->fd, 1) != 0)
        rw_warn(drm, "eventfd of a syncobj: %s", strerror(errno));
    eventfd_destroy(entry);
}

/* Has the point of this entry been submitted? Then it leaves the syncobj. */
static void eventfd_advance_locked(struct drm_syncobj *syncobj, struct drm_syncobj_eventfd *entry,
                                   struct drm_fence *fence)
{
    if (!fence || !drm_fence_find_point_locked(&fence, entry->point))
        return;
    DL_DELETE(syncobj->eventfds, entry);
    if (fence && !entry->available)
        drm_fence_watch_locked(&entry->watch, fence, eventfd_fire);
    else
        eventfd_fire(&entry->watch);
    drm_fence_put_locked(fence);
}

/* The syncobj has another fence. */
static void syncobj_changed_locked(struct drm_syncobj *syncobj)
{
    struct drm_syncobj_eventfd *entry, *next;

    DL_FOREACH_SAFE(syncobj->eventfds, entry, next)
    {
        eventfd_advance_locked(syncobj, entry, drm_fence_get_locked(syncobj->fence));
    }
    drm_fence_changed_locked();
}

static bool is_eventfd(int fd)
{
    char path[32], target[32];
    ssize_t length;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    return strcmp(target, "anon_inode:[eventfd]") == 0;
}

rw_status drm_syncobj_add_eventfd(struct drm_syncobj *syncobj, int eventfd, uint64_t point,
                                  bool available)
{
    struct drm_syncobj_eventfd *entry;
    int copy;

    if (!rw_ok(node_fd_copy(eventfd, &copy)))
        return RW_FAIL(EBADF, "descriptor %d is not open", eventfd);
    entry = is_eventfd(copy) ? calloc(1, sizeof *entry) : NULL;
    if (!entry) {
        rw_status s = is_eventfd(copy) ? RW_FAIL(ENOMEM, "no memory to wait for a syncobj")
                                       : RW_FAIL(EINVAL, "descriptor %d is no eventfd", eventfd);
        close(copy);
        return s;
    }
    entry->fd = copy;
    entry->point = point;
    entry->available = available;
    drm_fence_lock();
    DL_APPEND(syncobj->eventfds, entry);
    eventfd_advance_locked(syncobj, entry, drm_fence_get_locked(syncobj->fence));
    drm_fence_unlock();
    return RW_OK;
}

/* ---- fences ---- */

void drm_syncobj_replace_fence(struct drm_syncobj *syncobj, struct drm_fence *fence)
{
    struct drm_fence *old;

    drm_fence_lock();
    old = syncobj->fence;
    syncobj->fence = drm_fence_get_locked(fence);
    if (old != fence)
        syncobj_changed_locked(syncobj);
    drm_fence_put_locked(old);
    drm_fence_unlock();
}

rw_status drm_syncobj_add_point(struct drm_syncobj *syncobj, struct drm_fence *fence,
                                uint64_t point)
{
    struct drm_fence *node;

    drm_fence_lock();
    node = drm_fence_chain_create_locked(syncobj->fence, fence, point);
    if (node) {
        drm_fence_put_locked(syncobj->fence);
        syncobj->fence = node;
        syncobj_changed_locked(syncobj);
        drm_fence_point_locked(node, false); /* lets go of what is signalled before it */
    }
    drm_fence_unlock();
    return node ? RW_OK : RW_FAIL(ENOMEM, "no memory for a point of a timeline");
}

struct submission {
    struct drm_syncobj *syncobj;
    uint64_t point;
    struct drm_fence *fence; /* reference, once there is one; NULL when it is long signalled */
    bool found;
};

static bool is_submitted(void *argument)
{
    struct submission *s = argument;

    if (s->found)
        return true;
    s->fence = drm_fence_get_locked(s->syncobj->fence);
    s->found = s->fence && drm_fence_find_point_locked(&s->fence, s->point);
    return s->found;
}

static rw_status wait_submitted(struct drm_syncobj *syncobj, uint64_t point, bool wait,
                                struct drm_fence **out_fence)
{
    struct submission submission = {.syncobj = syncobj, .point = point};
    int64_t deadline = wait ? drm_fence_now() + WAIT_FOR_SUBMIT_NS : 0;

    drm_fence_lock();
    drm_fence_await_locked(is_submitted, &submission, deadline);
    drm_fence_unlock();
    *out_fence = submission.fence;
    if (submission.found)
        return RW_OK;
    if (wait)
        return RW_FAIL(ETIME, "nobody submitted point %llu of a syncobj within 5 seconds",
                       (unsigned long long)point);
    return RW_FAIL(EINVAL, "point %llu of a syncobj has not been submitted",
                   (unsigned long long)point);
}

rw_status drm_syncobj_put_in(struct drm_syncobj *syncobj, struct drm_fence *fence, uint64_t point)
{
    if (point)
        return drm_syncobj_add_point(syncobj, fence, point);
    drm_syncobj_replace_fence(syncobj, fence);
    return RW_OK;
}

rw_status drm_syncobj_find_fence(struct drm_fpriv *fpriv, uint32_t handle, uint64_t point,
                                 uint32_t flags, struct drm_fence **out_fence)
{
    struct drm_syncobj *syncobj = drm_syncobj_find(fpriv, handle);
    bool wait = flags & DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
    rw_status s;

    if (!syncobj)
        return RW_FAIL(ENOENT, "syncobj handle %u is not open in this file", handle);
    if (flags & ~(uint32_t)DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
        s = RW_FAIL(EINVAL, "unknown flags 0x%x", flags);
    else
        s = wait_submitted(syncobj, point, wait, out_fence);
    drm_syncobj_put(syncobj);
    RW_TRY(s);
    if (!*out_fence)
        *out_fence = drm_fence_create_signalled();
    return *out_fence ? RW_OK : RW_FAIL(ENOMEM, "no memory for a fence");
}

/* ---- descriptors of syncobjs ---- */

static void syncobj_node_release(struct node *node)
{
    drm_syncobj_put(node_private(node));
}

static const struct node_ops syncobj_node_ops = {
    .name = "syncobj_file",
    .release = syncobj_node_release,
};

rw_status drm_syncobj_fd_create(struct drm_syncobj *syncobj, int *out_fd)
{
    rw_status s =
        node_open(&syncobj_node_ops, drm_syncobj_get(syncobj), O_RDWR | O_CLOEXEC, out_fd);

    if (!rw_ok(s))
        drm_syncobj_put(syncobj);
    return s;
}

rw_status drm_syncobj_fd_import(int fd, struct drm_syncobj **out_syncobj)
{
    struct node *node = node_get_by_fd(fd);
    rw_status s = RW_OK;

    if (node && node_ops(node) == &syncobj_node_ops)
        *out_syncobj = drm_syncobj_get(node_private(node));
    else
        s = RW_FAIL(EINVAL, "descriptor %d is no syncobj", fd);
    if (node)
        node_put(node);
    return s;
}
