/* SPDX-License-Identifier: MIT
 *
 * Calls on descriptors. Each of them serves ordinary descriptors too, at nearly no cost: ioctl
 * looks at the request's type byte first, lseek at the kernel's answer.
 */
#include <errno.h>
#include <stdarg.h>

#include "softgpu/front/node.h"
#include "softgpu/front/preload/nodes.h"
#include "softgpu/front/preload/real.h"
#include "softgpu/front/remote.h"

/* Type bytes of the requests that nodes answer: KFD, DRM, dma-buf, sync file. */
static bool request_is_candidate(unsigned long request)
{
    switch (_IOC_TYPE(request)) {
    case 'K':
    case 'd':
    case 'b':
    case '>':
        return true;
    default:
        return false;
    }
}

/* A socket has no such request, so only after ENOTTY it may be a node of another process. */
static int ioctl_after(int result, int fd, unsigned long request, void *argument)
{
    rw_status status;

    if (result >= 0 || errno != ENOTTY)
        return result;
    if (!remote_ioctl(fd, request, argument, &status, &result)) {
        errno = ENOTTY;
        return result;
    }
    return rw_ok(status) ? result : preload_fail(status);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    struct node *node;
    va_list args;
    int result;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (!request_is_candidate(request))
        return REAL(ioctl)(fd, request, argument);
    if (!(node = node_get_by_fd(fd)))
        return ioctl_after(REAL(ioctl)(fd, request, argument), fd, request, argument);
    rw_status status = node_call_ioctl(node, request, argument, &result);
    node_put(node);
    return rw_ok(status) ? result : preload_fail(status);
}

/* The kernel refuses to seek on a socket, so only after ESPIPE it may be a node. */
static off_t seek_after(off_t result, int fd, off_t offset, int whence)
{
    struct node *node;
    int64_t position;

    if (result >= 0 || errno != ESPIPE)
        return result;
    rw_status status;
    node = node_get_by_fd(fd);
    if (node) {
        status = node_call_seek(node, offset, whence, &position);
        node_put(node);
    } else if (!remote_seek(fd, offset, whence, &status, &position)) {
        errno = ESPIPE;
        return result;
    }
    return rw_ok(status) ? (off_t)position : preload_fail(status);
}

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
    return seek_after(REAL(lseek)(fd, offset, whence), fd, offset, whence);
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
    return seek_after(REAL(lseek64)(fd, offset, whence), fd, offset, whence);
}
