/* SPDX-License-Identifier: MIT */
#include "count_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

#define EXPORT __attribute__((visibility("default")))

static _Thread_local struct call_counts counts;

EXPORT void count_calls_read(struct call_counts *out_counts)
{
    *out_counts = counts;
}

/* How deep this thread is in calls that were passed on: a software device behind this library uses
 * the same functions, and what it does is no business of the kernel's. */
static _Thread_local unsigned depth;

static bool call_enter(void)
{
    bool asked = depth++ == 0;

    counts.calls += asked;
    return asked;
}

static void call_leave(bool makes_fd, int result)
{
    if (--depth == 0 && makes_fd)
        counts.fds_made += result >= 0;
}

static void *next(void **cache, const char *name)
{
    if (!*cache && !(*cache = dlsym(RTLD_NEXT, name))) {
        fprintf(stderr, "librocweld-count.so: nobody has %s()\n", name);
        abort();
    }
    return *cache;
}

/* Functions that make one system call and nothing else, with their parameters and arguments. */
#define CALLS(X)                                                                                   \
    X(int, close, (int fd), (fd))                                                                  \
    X(int, munmap, (void *at, size_t size), (at, size))                                            \
    X(int, mprotect, (void *at, size_t size, int rights), (at, size, rights))                      \
    X(int, madvise, (void *at, size_t size, int advice), (at, size, advice))                       \
    X(int, mlock, (const void *at, size_t size), (at, size))                                       \
    X(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))                              \
    X(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))                   \
    X(off_t, lseek, (int fd, off_t to, int from), (fd, to, from))                                  \
    X(off64_t, lseek64, (int fd, off64_t to, int from), (fd, to, from))                            \
    X(int, ftruncate, (int fd, off_t size), (fd, size))                                            \
    X(int, ftruncate64, (int fd, off64_t size), (fd, size))                                        \
    X(int, fstat, (int fd, struct stat *to), (fd, to))                                             \
    X(int, fstat64, (int fd, struct stat64 *to), (fd, to))                                         \
    X(int, stat, (const char *path, struct stat *to), (path, to))                                  \
    X(int, stat64, (const char *path, struct stat64 *to), (path, to))                              \
    X(int, access, (const char *path, int rights), (path, rights))                                 \
    X(ssize_t, readlink, (const char *path, char *to, size_t size), (path, to, size))              \
    X(int, poll, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms))

#define DEFINE_CALL(result, name, parameters, arguments)                                           \
    EXPORT result name parameters                                                                  \
    {                                                                                              \
        static void *cache;                                                                        \
        call_enter();                                                                              \
        result got = ((result(*) parameters)next(&cache, #name))arguments;                         \
        call_leave(false, 0);                                                                      \
        return got;                                                                                \
    }
CALLS(DEFINE_CALL)

/* The same of those that return a descriptor. */
#define FD_CALLS(X)                                                                                \
    X(int, dup, (int fd), (fd))                                                                    \
    X(int, dup2, (int fd, int to), (fd, to))                                                       \
    X(int, dup3, (int fd, int to, int flags), (fd, to, flags))

#define DEFINE_FD_CALL(result, name, parameters, arguments)                                        \
    EXPORT result name parameters                                                                  \
    {                                                                                              \
        static void *cache;                                                                        \
        call_enter();                                                                              \
        result made = ((result(*) parameters)next(&cache, #name))arguments;                        \
        call_leave(true, made);                                                                    \
        return made;                                                                               \
    }
FD_CALLS(DEFINE_FD_CALL)

#define DEFINE_MMAP(name)                                                                          \
    EXPORT void *name(void *at, size_t size, int rights, int flags, int fd, off_t offset)          \
    {                                                                                              \
        static void *cache;                                                                        \
        call_enter();                                                                              \
        void *got = ((__typeof__(&name))next(&cache, #name))(at, size, rights, flags, fd, offset); \
        call_leave(false, 0);                                                                      \
        return got;                                                                                \
    }
DEFINE_MMAP(mmap)
DEFINE_MMAP(mmap64)

/* Passing a third argument that the caller did not give is harmless: it is not read. */
#define DEFINE_OPEN(name)                                                                          \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        static void *cache;                                                                        \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = va_arg(rest, mode_t);                                                        \
        va_end(rest);                                                                              \
        call_enter();                                                                              \
        int fd = ((__typeof__(&name))next(&cache, #name))(path, flags, mode);                      \
        call_leave(true, fd);                                                                      \
        return fd;                                                                                 \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                                                        \
    EXPORT int name(int folder, const char *path, int flags, ...)                                  \
    {                                                                                              \
        static void *cache;                                                                        \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = va_arg(rest, mode_t);                                                        \
        va_end(rest);                                                                              \
        call_enter();                                                                              \
        int fd = ((__typeof__(&name))next(&cache, #name))(folder, path, flags, mode);              \
        call_leave(true, fd);                                                                      \
        return fd;                                                                                 \
    }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

#define DEFINE_FCNTL(name)                                                                         \
    EXPORT int name(int fd, int command, ...)                                                      \
    {                                                                                              \
        static void *cache;                                                                        \
        va_list rest;                                                                              \
        va_start(rest, command);                                                                   \
        void *argument = va_arg(rest, void *);                                                     \
        va_end(rest);                                                                              \
        call_enter();                                                                              \
        int result = ((__typeof__(&name))next(&cache, #name))(fd, command, argument);              \
        call_leave(command == F_DUPFD || command == F_DUPFD_CLOEXEC, result);                      \
        return result;                                                                             \
    }
DEFINE_FCNTL(fcntl)
DEFINE_FCNTL(fcntl64)

/* The seventh is on the stack, or is whatever else is there. */
__attribute__((no_sanitize("address"))) EXPORT long syscall(long number, ...)
{
    static void *cache;
    va_list rest;
    long argument[6], result;

    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(rest, long);
    va_end(rest);
    call_enter();
    result = ((__typeof__(&syscall))next(&cache, "syscall"))(
        number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
    call_leave(false, 0);
    return result;
}

static uint64_t dmabuf_size(int fd)
{
    off_t size;

    depth++; /* our own question */
    size = lseek(fd, 0, SEEK_END);
    depth--;
    return size > 0 ? (uint64_t)size : 0;
}

/* libdrm does not always say the direction that the header says: numbers decide. */
#define NUMBER_OF(request) (_IOC_TYPE(request) << 8 | _IOC_NR(request))

/* What became of objects, once the call has succeeded. */
static void count_objects(unsigned long request, const void *argument)
{
    const struct drm_amdgpu_gem_va *va = argument;
    const struct kfd_ioctl_alloc_memory_of_gpu_args *alloc = argument;
    const struct kfd_ioctl_import_dmabuf_args *import = argument;

    switch (NUMBER_OF(request)) {
    case NUMBER_OF(DRM_IOCTL_AMDGPU_GEM_CREATE):
    case NUMBER_OF(DRM_IOCTL_AMDGPU_GEM_USERPTR):
    case NUMBER_OF(DRM_IOCTL_PRIME_FD_TO_HANDLE):
        counts.gem_objects++;
        break;
    case NUMBER_OF(DRM_IOCTL_GEM_CLOSE):
        counts.gem_objects--;
        break;
    case NUMBER_OF(DRM_IOCTL_AMDGPU_GEM_VA):
        if (va->operation == AMDGPU_VA_OP_MAP)
            counts.mapped_bytes += va->map_size;
        break;
    case NUMBER_OF(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU):
        counts.kfd_objects++;
        counts.kfd_handle = alloc->handle;
        break;
    case NUMBER_OF(AMDKFD_IOC_IMPORT_DMABUF):
        counts.kfd_objects++;
        counts.mapped_bytes += import->va_addr ? dmabuf_size((int)import->dmabuf_fd) : 0;
        break;
    case NUMBER_OF(AMDKFD_IOC_FREE_MEMORY_OF_GPU):
        counts.kfd_objects--;
        break;
    case NUMBER_OF(DRM_IOCTL_PRIME_HANDLE_TO_FD):
    case NUMBER_OF(COUNT_EXPORT_DMABUF):
        counts.fds_made++;
        break;
    }
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    static void *cache;
    va_list rest;
    int result;
    bool asked;

    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    asked = call_enter();
    counts.ioctls += asked;
    result = ((__typeof__(&ioctl))next(&cache, "ioctl"))(fd, request, argument);
    call_leave(false, 0);
    if (asked && result == 0)
        count_objects(request, argument);
    return result;
}
