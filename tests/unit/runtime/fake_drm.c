/* SPDX-License-Identifier: MIT
 * drmIoctl() of libdrm on a render node whose timelines are signalled by the CPU alone.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "tests/unit/runtime/fakes.h"

enum { SYNCOBJS = 256, ARMED = 512 };

struct syncobj {
    bool used;
    uint64_t point;
    struct {
        int fd; /* number + 1 */
        uint64_t point;
    } armed[ARMED];
};

struct fake_kernel fake_kernel = {.has_eventfd = true};
static struct syncobj syncobjs[SYNCOBJS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static struct syncobj *find(uint32_t handle)
{
    return handle && handle < SYNCOBJS && syncobjs[handle].used ? &syncobjs[handle] : NULL;
}

static int fail(int err)
{
    errno = err;
    return -1;
}

static void fire_locked(struct syncobj *syncobj)
{
    for (int i = 0; i < ARMED; i++) {
        if (!syncobj->armed[i].fd || syncobj->armed[i].point > syncobj->point)
            continue;
        eventfd_write(syncobj->armed[i].fd - 1, 1);
        usleep(fake_kernel.pause_us);
        close(syncobj->armed[i].fd - 1);
        syncobj->armed[i].fd = 0;
    }
    pthread_cond_broadcast(&changed);
}

static int signal_locked(uint32_t handle, uint64_t point)
{
    struct syncobj *syncobj = find(handle);

    if (!syncobj)
        return fail(ENOENT);
    if (syncobj->point < point)
        syncobj->point = point;
    fire_locked(syncobj);
    return 0;
}

void fake_signal(uint32_t handle, uint64_t point)
{
    pthread_mutex_lock(&lock);
    signal_locked(handle, point);
    pthread_mutex_unlock(&lock);
}

static int create_locked(struct drm_syncobj_create *args)
{
    uint32_t handle = 1;

    while (handle < SYNCOBJS && syncobjs[handle].used)
        handle++;
    if (handle == SYNCOBJS)
        return fail(ENOMEM);
    syncobjs[handle] = (struct syncobj){.used = true};
    fake_kernel.syncobjs++;
    args->handle = handle;
    return 0;
}

static int destroy_locked(const struct drm_syncobj_destroy *args)
{
    struct syncobj *syncobj = find(args->handle);

    if (!syncobj)
        return fail(EINVAL);
    for (int i = 0; i < ARMED; i++)
        if (syncobj->armed[i].fd)
            close(syncobj->armed[i].fd - 1);
    syncobj->used = false;
    fake_kernel.syncobjs--;
    return 0;
}

/* The layout of drm.h from Linux 6.6 on. */
struct eventfd_args {
    uint32_t handle, flags;
    uint64_t point;
    int32_t fd;
    uint32_t pad;
};

static int arm_locked(const struct eventfd_args *args)
{
    struct syncobj *syncobj = find(args->handle);

    if (!fake_kernel.has_eventfd)
        return fail(EINVAL);
    if (!syncobj)
        return fail(ENOENT);
    for (int i = 0; i < ARMED; i++) {
        if (syncobj->armed[i].fd)
            continue;
        syncobj->armed[i].fd = dup(args->fd) + 1;
        syncobj->armed[i].point = args->point;
        fire_locked(syncobj);
        return 0;
    }
    return fail(ENOMEM);
}

static bool any_is_signalled_locked(const struct drm_syncobj_timeline_wait *args, bool *out_missing)
{
    const uint32_t *handles = (const uint32_t *)(uintptr_t)args->handles;
    const uint64_t *points = (const uint64_t *)(uintptr_t)args->points;

    for (uint32_t i = 0; i < args->count_handles; i++) {
        const struct syncobj *syncobj = find(handles[i]);

        *out_missing |= !syncobj;
        if (syncobj && syncobj->point >= points[i])
            return true;
    }
    return false;
}

/* Looks again every 10 ms, as others' deadlines are not its own clock's. */
static int wait_locked(const struct drm_syncobj_timeline_wait *args)
{
    bool missing = false;

    while (!any_is_signalled_locked(args, &missing)) {
        struct timespec now, until;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (missing)
            return fail(ENOENT);
        if (now.tv_sec * INT64_C(1000000000) + now.tv_nsec >= args->timeout_nsec)
            return fail(ETIME);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 10000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&changed, &lock, &until);
    }
    return 0;
}

static int call_locked(unsigned long request, void *argument)
{
    struct drm_syncobj_timeline_array *array = argument;

    if (request == fake_kernel.failing)
        return fail(ENOMEM);
    switch (_IOC_NR(request)) {
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_CREATE):
        return create_locked(argument);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_DESTROY):
        return destroy_locked(argument);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL):
        return signal_locked(*(uint32_t *)(uintptr_t)array->handles,
                             *(uint64_t *)(uintptr_t)array->points);
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_QUERY):
        if (!find(*(uint32_t *)(uintptr_t)array->handles))
            return fail(ENOENT);
        *(uint64_t *)(uintptr_t)array->points = find(*(uint32_t *)(uintptr_t)array->handles)->point;
        return 0;
    case _IOC_NR(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT):
        return wait_locked(argument);
    case 0xcf:
        return arm_locked(argument);
    default:
        return fail(EINVAL);
    }
}

int drmIoctl(int fd, unsigned long request, void *argument)
{
    int result;

    (void)fd;
    pthread_mutex_lock(&lock);
    result = call_locked(request, argument);
    pthread_mutex_unlock(&lock);
    return result;
}
