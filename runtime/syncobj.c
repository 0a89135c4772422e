/* SPDX-License-Identifier: MIT */
#include "runtime/syncobj.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "base/private_fd.h"
#include "runtime/shim.h"

/* include/uapi/drm/drm.h of Linux 6.6; older headers lack it. */
#ifndef DRM_IOCTL_SYNCOBJ_EVENTFD
struct drm_syncobj_eventfd {
    __u32 handle;
    __u32 flags;
    __u64 point;
    __s32 fd;
    __u32 pad;
};
#define DRM_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct drm_syncobj_eventfd)
#endif
_Static_assert(sizeof(struct drm_syncobj_eventfd) == 24, "kernel layout");

static rw_status call(int device, unsigned long request, void *argument, const char *what)
{
    if (drmIoctl(device, request, argument) == 0)
        return RW_OK;
    return RW_FAIL(errno, "%s: %s", what, strerror(errno));
}

/* Syncobjs need no VM: the shared file saves one. Where there is none, a file that is not taken
 * for that of a graphics client. */
rw_status syncobj_device_open(unsigned render_minor, int *out_device)
{
    int fd = -1, result = SHIM_CALL(vm_open, render_minor, &fd);
    char path[32];

    if (result != 0)
        result = SHIM_CALL(vm_open_separate, render_minor, &fd);
    if (result != 0) {
        snprintf(path, sizeof path, "/dev/dri/renderD%u", render_minor);
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return RW_FAIL(errno, "%s: %s", path, strerror(errno));
    }
    *out_device = private_fd_move(fd);
    return RW_OK;
}

bool syncobj_has_eventfd(int device)
{
    struct drm_syncobj_create syncobj = {.flags = DRM_SYNCOBJ_CREATE_SIGNALED};
    struct drm_syncobj_eventfd args = {.fd = eventfd(0, EFD_CLOEXEC)};
    bool has = false;

    if (args.fd >= 0 && drmIoctl(device, DRM_IOCTL_SYNCOBJ_CREATE, &syncobj) == 0) {
        args.handle = syncobj.handle;
        has = drmIoctl(device, DRM_IOCTL_SYNCOBJ_EVENTFD, &args) == 0;
        syncobj_destroy(device, syncobj.handle);
    }
    if (args.fd >= 0)
        close(args.fd);
    return has;
}

rw_status syncobj_create(int device, uint32_t *out_handle)
{
    struct drm_syncobj_create args = {0};

    RW_TRY(call(device, DRM_IOCTL_SYNCOBJ_CREATE, &args, "SYNCOBJ_CREATE"));
    *out_handle = args.handle;
    return RW_OK;
}

rw_status syncobj_import(int device, int syncobj_fd, uint32_t *out_handle)
{
    struct drm_syncobj_handle args = {.fd = syncobj_fd};

    if (drmIoctl(device, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args) != 0)
        return RW_FAIL(errno, "descriptor %d cannot be imported as a syncobj: %s", syncobj_fd,
                       strerror(errno));
    *out_handle = args.handle;
    return RW_OK;
}

rw_status syncobj_export(int device, uint32_t handle, int *out_fd)
{
    struct drm_syncobj_handle args = {.handle = handle, .fd = -1};

    RW_TRY(call(device, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args, "SYNCOBJ_HANDLE_TO_FD"));
    *out_fd = args.fd; /* close-on-exec by the kernel */
    return RW_OK;
}

void syncobj_destroy(int device, uint32_t handle)
{
    struct drm_syncobj_destroy args = {.handle = handle};

    drmIoctl(device, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

rw_status syncobj_signal(int device, uint32_t handle, uint64_t point)
{
    struct drm_syncobj_timeline_array args = {
        .handles = (uintptr_t)&handle,
        .points = (uintptr_t)&point,
        .count_handles = 1,
    };

    return call(device, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &args, "SYNCOBJ_TIMELINE_SIGNAL");
}

rw_status syncobj_query(int device, uint32_t handle, uint64_t *out_point)
{
    struct drm_syncobj_timeline_array args = {
        .handles = (uintptr_t)&handle,
        .points = (uintptr_t)out_point,
        .count_handles = 1,
    };

    return call(device, DRM_IOCTL_SYNCOBJ_QUERY, &args, "SYNCOBJ_QUERY");
}

rw_status syncobj_arm(int device, uint32_t handle, uint64_t point, int eventfd)
{
    struct drm_syncobj_eventfd args = {.handle = handle, .point = point, .fd = eventfd};

    return call(device, DRM_IOCTL_SYNCOBJ_EVENTFD, &args, "SYNCOBJ_EVENTFD");
}

rw_status syncobj_wait_any(int device, uint32_t *handles, uint64_t *points, uint32_t count,
                           int64_t deadline)
{
    struct drm_syncobj_timeline_wait args = {
        .handles = (uintptr_t)handles,
        .points = (uintptr_t)points,
        .timeout_nsec = deadline,
        .count_handles = count,
        .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
    };

    if (drmIoctl(device, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args) == 0)
        return RW_OK;
    if (errno == ETIME)
        return rw_status_quiet(ETIME);
    return RW_FAIL(errno, "SYNCOBJ_TIMELINE_WAIT: %s", strerror(errno));
}

int64_t syncobj_deadline(uint64_t timeout_ns)
{
    struct timespec now;
    uint64_t start;

    clock_gettime(CLOCK_MONOTONIC, &now);
    start = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return timeout_ns > INT64_MAX - start ? INT64_MAX : (int64_t)(start + timeout_ns);
}
