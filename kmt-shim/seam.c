/* SPDX-License-Identifier: MIT
 *
 * libc's names that the shim stands in front of: opening a render node, ioctl, and what makes and
 * ends descriptors. What does not concern a GPU passes at the cost of a comparison or a load.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/open_mode.h"
#include "kmt-shim/files.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/policy.h"
#include "kmt-shim/share.h"

#define EXPORT __attribute__((visibility("default")))

/* Without a public prototype: what fortified programs call. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

/* Found when first needed: hooks run before any constructor. */
static void *next_function(void *_Atomic *cache, const char *name)
{
    void *function = atomic_load_explicit(cache, memory_order_relaxed);

    if (__builtin_expect(function != NULL, 1))
        return function;
    function = dlsym(RTLD_NEXT, name);
    if (!function) {
        rw_error(shim, "no library behind the shim has %s()", name);
        abort();
    }
    atomic_store_explicit(cache, function, memory_order_relaxed);
    return function;
}

int next_openat(int folder, const char *path, int flags, mode_t mode)
{
    static void *_Atomic cache;
    __typeof__(&openat) function = next_function(&cache, "openat64");

    return function(folder, path, flags, mode);
}

int next_ioctl(int fd, unsigned long request, void *argument)
{
    static void *_Atomic cache;
    __typeof__(&ioctl) function = next_function(&cache, "ioctl");

    return function(fd, request, argument);
}

int next_close(int fd)
{
    static void *_Atomic cache;
    __typeof__(&close) function = next_function(&cache, "close");

    return function(fd);
}

int next_close_range(unsigned first, unsigned last, int flags)
{
    static void *_Atomic cache;
    __typeof__(&close_range) function = next_function(&cache, "close_range");

    return function(first, last, flags);
}

static const char *module_of(const void *address)
{
    const char *name;
    Dl_info info;

    if (!dladdr(address, &info) || !info.dli_fname)
        return "";
    name = strrchr(info.dli_fname, '/');
    return name ? name + 1 : info.dli_fname;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The caller of the function that `return_address` is in, when that is the interceptor of a
 * sanitizer's runtime: those stand in front of libc's functions too. */
static const void *caller_beyond_sanitizer(const void *return_address)
{
    void *frames[16];
    int count, i = 0;

    if (!starts_with(module_of(return_address), "libtsan."))
        return return_address;
    count = backtrace(frames, 16);
    while (i < count && frames[i] != return_address)
        i++;
    while (i < count && starts_with(module_of(frames[i]), "libtsan."))
        i++;
    return i < count ? frames[i] : return_address;
}

/* The thunk is libhsakmt up to ROCm 6.2 and a part of libhsa-runtime64 since. */
static bool caller_is_thunk(const void *return_address)
{
    const char *name = module_of(caller_beyond_sanitizer(return_address));

    return starts_with(name, "libhsakmt.") || starts_with(name, "libhsa-runtime64.");
}

static int open_any(int folder, const char *path, int flags, mode_t mode, const void *caller)
{
    unsigned minor;

    if (!gpu_minor_of_path(path, &minor) || (flags & O_PATH) || policy_wish() == KMT_SHIM_OFF)
        return next_openat(folder, path, flags, mode);
    return share_open(minor, path, flags, caller_is_thunk(caller));
}

#define DEFINE_OPEN(name)                                                                          \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        OPEN_MODE_TAKE(flags, mode);                                                               \
        return open_any(AT_FDCWD, path, flags, mode, __builtin_return_address(0));                 \
    }

#define DEFINE_OPENAT(name)                                                                        \
    EXPORT int name(int folder, const char *path, int flags, ...)                                  \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        OPEN_MODE_TAKE(flags, mode);                                                               \
        return open_any(folder, path, flags, mode, __builtin_return_address(0));                   \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

EXPORT int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0, __builtin_return_address(0));
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0, __builtin_return_address(0));
}

EXPORT int __openat_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0, __builtin_return_address(0));
}

EXPORT int __openat64_2(int folder, const char *path, int flags)
{
    return open_any(folder, path, flags, 0, __builtin_return_address(0));
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (!observe_is_candidate(request))
        return next_ioctl(fd, request, argument);
    return observe_ioctl(fd, request, argument);
}

/* ---- descriptors come and go (files.h) ---- */

EXPORT int close(int fd)
{
    if (files_is_private(fd)) {
        errno = EBADF;
        return -1;
    }
    files_note_close(fd);
    return next_close(fd);
}

/* The shim's own descriptors stay; the program does not know that it has them. */
EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    int own, result = 0;

    if (flags & CLOSE_RANGE_CLOEXEC)
        return next_close_range(first, last, flags);
    files_note_close_range(first, last);
    while (result == 0 && first <= last && (own = files_private_in(first, last)) >= 0) {
        if ((unsigned)own > first)
            result = next_close_range(first, (unsigned)own - 1, flags);
        first = (unsigned)own + 1;
    }
    return result == 0 && first <= last ? next_close_range(first, last, flags) : result;
}

EXPORT void closefrom(int first)
{
    static void *_Atomic cache;
    __typeof__(&closefrom) function = next_function(&cache, "closefrom");

    if (close_range(first > 0 ? (unsigned)first : 0, ~0u, 0) != 0)
        function(first); /* a kernel without close_range */
}

EXPORT int dup(int fd)
{
    static void *_Atomic cache;
    __typeof__(&dup) function = next_function(&cache, "dup");
    int copy = function(fd);

    if (copy >= 0)
        files_note_dup(fd, copy);
    return copy;
}

EXPORT int dup2(int fd, int copy)
{
    static void *_Atomic cache;
    __typeof__(&dup2) function = next_function(&cache, "dup2");
    int result = function(fd, copy);

    if (result >= 0)
        files_note_dup(fd, copy);
    return result;
}

EXPORT int dup3(int fd, int copy, int flags)
{
    static void *_Atomic cache;
    __typeof__(&dup3) function = next_function(&cache, "dup3");
    int result = function(fd, copy, flags);

    if (result >= 0)
        files_note_dup(fd, copy);
    return result;
}

static int fcntl_any(int fd, int command, void *argument)
{
    static void *_Atomic cache;
    __typeof__(&fcntl) function = next_function(&cache, "fcntl64");
    int result = function(fd, command, argument);

    if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
        files_note_dup(fd, result);
    return result;
}

#define DEFINE_FCNTL(name)                                                                         \
    EXPORT int name(int fd, int command, ...)                                                      \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, command);                                                                   \
        void *argument = va_arg(args, void *);                                                     \
        va_end(args);                                                                              \
        return fcntl_any(fd, command, argument);                                                   \
    }

DEFINE_FCNTL(fcntl)
DEFINE_FCNTL(fcntl64)

/* The first call of one of these may be from a signal handler or a forked child, where nothing may
 * be looked up: an impossible descriptor makes them find their next ones now. (Not where libc is in
 * front of the shim: the door arranges that later.) */
static __attribute__((constructor)) void seam_start(void)
{
    int err = errno;

    if (dlsym(RTLD_NEXT, "close")) {
        (void)next_close(-1);
        (void)dup(-1);
        (void)dup2(-1, -1);
        (void)dup3(-1, 0, 0);
        (void)fcntl(-1, F_GETFD);
    }
    errno = err;
}
