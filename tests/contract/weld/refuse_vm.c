/* SPDX-License-Identifier: MIT
 *
 * A kernel that refuses to share: preloaded between the shim and the GPU, it fails the process's
 * first ACQUIRE_VM as the kernel fails that of a VM which another process has.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include <linux/kfd_ioctl.h>

static atomic_bool refused;

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...)
{
    __typeof__(&ioctl) next = (__typeof__(&ioctl))dlsym(RTLD_NEXT, "ioctl");
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (request == AMDKFD_IOC_ACQUIRE_VM && !atomic_exchange(&refused, true)) {
        errno = EINVAL;
        return -1;
    }
    return next(fd, request, argument);
}
