/* SPDX-License-Identifier: MIT
 *
 * librocweld-trace.so, preloaded in front of whatever serves the devices (softgpu or the kernel):
 * passes ioctl, open and mmap on, and writes what was asked and answered.
 *
 * Whether a descriptor is a device is asked of fstat each time: dup, fork and descriptors that
 * came through a socket then need no bookkeeping.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/kfd_ioctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <amdgpu_drm.h>
#include <drm.h>

#include "tools/trace/buffers.h"
#include "tools/trace/decode.h"
#include "tools/trace/output.h"
#include "tools/trace/submission.h"

#define EXPORT __attribute__((visibility("default")))

enum { DRM_MAJOR = 226, RENDER_MINOR_FIRST = 128, ARGUMENT_MAX = 1024 };

#define REAL_FUNCTIONS(X)                                                                          \
    X(ioctl, int, (int, unsigned long, ...))                                                       \
    X(open, int, (const char *, int, ...))                                                         \
    X(open64, int, (const char *, int, ...))                                                       \
    X(openat, int, (int, const char *, int, ...))                                                  \
    X(openat64, int, (int, const char *, int, ...))                                                \
    X(close, int, (int))                                                                           \
    X(mmap, void *, (void *, size_t, int, int, int, off_t))                                        \
    X(mmap64, void *, (void *, size_t, int, int, int, off_t))

#define REAL_DECLARE(name, result, arguments) static result(*real_##name) arguments;
REAL_FUNCTIONS(REAL_DECLARE)
#undef REAL_DECLARE

/* Constructors of other libraries may call us before our own has run. */
static void find_real_functions(void)
{
#define REAL_FIND(name, result, arguments) *(void **)&real_##name = dlsym(RTLD_NEXT, #name);
    REAL_FUNCTIONS(REAL_FIND)
#undef REAL_FIND
}

#define REAL(name) (real_##name ? real_##name : (find_real_functions(), real_##name))

static dev_t kfd_number(void)
{
    static dev_t number;
    struct stat status;

    if (!number && stat("/dev/kfd", &status) == 0 && S_ISCHR(status.st_mode))
        number = status.st_rdev;
    return number;
}

struct traced_fd {
    enum trace_device device;
    char name[32]; /* "kfd(3)", "renderD128(4)" */
};

static bool fd_is_device(int fd, struct traced_fd *out_fd)
{
    struct stat status;
    int saved = errno;
    bool is_device = fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode);

    if (is_device && major(status.st_rdev) == DRM_MAJOR) {
        unsigned number = minor(status.st_rdev);
        out_fd->device = TRACE_DRM;
        snprintf(out_fd->name, sizeof out_fd->name, "%s%u(%d)",
                 number >= RENDER_MINOR_FIRST ? "renderD" : "card", number, fd);
    } else if (is_device && status.st_rdev == kfd_number()) {
        out_fd->device = TRACE_KFD;
        snprintf(out_fd->name, sizeof out_fd->name, "kfd(%d)", fd);
    } else {
        is_device = false;
    }
    errno = saved;
    return is_device;
}

static const char *class_name(enum trace_device device)
{
    return device == TRACE_KFD ? "kfd" : "drm";
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void line_begin(struct line *line, const char *fd_name)
{
    line_add(line, "[%ld] %s ", syscall(SYS_gettid), fd_name);
}

static void line_result(struct line *line, long result, int error)
{
    if (result == -1)
        line_add(line, ") = -1 %s (%s)", strerrorname_np(error) ? strerrorname_np(error) : "errno",
                 strerror(error));
    else
        line_add(line, ") = %ld", result);
}

static void line_end(struct line *line, uint64_t nanoseconds, const char *details)
{
    line_add(line, " <%.1f us>", (double)nanoseconds / 1e3);
    output_write(line, details);
}

/* ---- ioctl ---- */

struct traced_call {
    struct traced_fd fd;
    unsigned long request;
    const struct trace_call *row;
    _Alignas(8) unsigned char before[ARGUMENT_MAX], after[ARGUMENT_MAX];
    size_t size;   /* of the argument, as far as it is looked at */
    char *details; /* lines below the call's own; owned; NULL = none */
};

static void snapshot(unsigned char *to, const struct traced_call *call, const void *argument)
{
    memset(to, 0, ARGUMENT_MAX);
    if (call->size && !line_peek(to, (uint64_t)(uintptr_t)argument, call->size))
        memset(to, 0, ARGUMENT_MAX);
}

static void write_call(struct traced_call *call, int result, int error, uint64_t duration)
{
    struct line line = {.before = call->before, .valid = call->size, .phase = LINE_ARGUMENTS};

    line_begin(&line, call->fd.name);
    if (call->row->name)
        line_add(&line, "%s(", call->row->name);
    else
        line_add(&line, "ioctl 0x%02lx(", _IOC_NR(call->request));
    if (call->row->decode)
        call->row->decode(call->before, &line);
    else if (call->size)
        line_add(&line, "...%zu bytes", call->size);
    line_result(&line, result, error);
    if (result >= 0 && call->row->decode) {
        size_t length = line.length;
        line.phase = LINE_RESULTS;
        line.has_field = false;
        line_add(&line, " {");
        call->row->decode(call->after, &line);
        if (line.has_field)
            line_add(&line, "}");
        else
            line.length = length;
    }
    line_end(&line, duration, call->details);
}

/* ---- submissions ---- */

static const char *read_gpu(void *context, uint64_t va, void *to, size_t size)
{
    const struct buffers_calls calls = {REAL(ioctl), REAL(mmap)};

    return buffers_read(&calls, *(const int *)context, va, to, size);
}

static bool is_drm_call(const struct traced_call *call, unsigned number)
{
    return call->fd.device == TRACE_DRM && _IOC_NR(call->request) == number;
}

/* Before the call: what is submitted may be something else afterwards. */
static void describe_submission(struct traced_call *call, int fd)
{
    struct packet_source source = {read_gpu, &fd};
    size_t length;
    FILE *out;

    if (!is_drm_call(call, DRM_COMMAND_BASE + DRM_AMDGPU_CS) || output_is_summary())
        return;
    out = open_memstream(&call->details, &length);
    if (!out)
        return;
    submission_print((const union drm_amdgpu_cs *)(const void *)call->before,
                     output_has_packets() ? &source : NULL, out);
    fclose(out);
}

/* ---- sharing ---- */

static bool same_file(int fd, int other)
{
    return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, other) == 0;
}

/* Whose VM compute has acquired: the other descriptors of the same open file. */
static void describe_acquired(struct traced_call *call, int result)
{
    enum { DESCRIPTORS = 1024 };
    const struct kfd_ioctl_acquire_vm_args *args = (const void *)call->before;
    const char *separator = "    drm_fd is the file of descriptor ";
    size_t length;
    FILE *out;

    if (result != 0 || call->request != AMDKFD_IOC_ACQUIRE_VM || output_is_summary() ||
        !(out = open_memstream(&call->details, &length)))
        return;
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        if (fd == (int)args->drm_fd || !same_file(fd, (int)args->drm_fd))
            continue;
        fprintf(out, "%s%d", separator, fd);
        separator = ", ";
    }
    if (*separator == ',')
        fputs(", too\n", out);
    else
        fputs("    drm_fd is the only descriptor of its file\n", out);
    fclose(out);
}

static void note_buffers(const struct traced_call *call, int fd, int result, const void *argument)
{
    int saved = errno;

    if (result == 0 && call->fd.device == TRACE_DRM && output_has_packets())
        buffers_note(fd, _IOC_NR(call->request), argument);
    errno = saved;
}

/* What the filter leaves out still says where buffers are. */
static int quiet_ioctl(const struct traced_call *call, int fd, void *argument)
{
    int result = REAL(ioctl)(fd, call->request, argument);

    note_buffers(call, fd, result, argument);
    return result;
}

static int traced_ioctl(struct traced_call *call, int fd, void *argument)
{
    uint64_t start, duration;
    int result, error;

    call->row = trace_call_find(call->fd.device, _IOC_NR(call->request));
    call->size = _IOC_SIZE(call->request);
    if (call->size > ARGUMENT_MAX)
        call->size = ARGUMENT_MAX;
    if (!output_wants(class_name(call->fd.device), call->row->name ? call->row->name : ""))
        return quiet_ioctl(call, fd, argument);
    snapshot(call->before, call, argument);
    describe_submission(call, fd);
    start = now();
    result = REAL(ioctl)(fd, call->request, argument);
    error = errno;
    duration = now() - start;
    note_buffers(call, fd, result, argument);
    describe_acquired(call, result);
    if (output_is_summary()) {
        output_count(call->fd.device, _IOC_NR(call->request), result < 0, duration);
    } else {
        snapshot(call->after, call, argument);
        write_call(call, result, error, duration);
    }
    free(call->details);
    errno = error;
    return result;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    struct traced_call call = {.request = request};
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if ((_IOC_TYPE(request) != 'K' && _IOC_TYPE(request) != 'd') || !fd_is_device(fd, &call.fd))
        return REAL(ioctl)(fd, request, argument);
    return traced_ioctl(&call, fd, argument);
}

/* ---- open ---- */

static bool is_device_path(const char *path)
{
    return path && (!strcmp(path, "/dev/kfd") || !strncmp(path, "/dev/dri/", 9));
}

static int trace_open(const char *path, int flags, int fd, int error, uint64_t start)
{
    const char *device = is_device_path(path) && path[5] == 'k' ? "kfd" : "drm";
    uint64_t duration = now() - start;

    if (is_device_path(path) && !output_is_summary() && output_wants(device, "open")) {
        struct line line = {0};
        line_begin(&line, device);
        line_add(&line, "open(\"%s\", ", path);
        line_flags(&line, trace_names_open_flags, (uint64_t)flags);
        line_result(&line, fd, error);
        line_end(&line, duration, NULL);
    }
    errno = error;
    return fd;
}

static mode_t open_mode(int flags, va_list arguments)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define TRACED_OPEN(name)                                                                          \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        uint64_t start = now();                                                                    \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = open_mode(flags, arguments);                                                 \
        va_end(arguments);                                                                         \
        int fd = REAL(name)(path, flags, mode);                                                    \
        return trace_open(path, flags, fd, errno, start);                                          \
    }
#define TRACED_OPENAT(name)                                                                        \
    EXPORT int name(int folder, const char *path, int flags, ...)                                  \
    {                                                                                              \
        uint64_t start = now();                                                                    \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = open_mode(flags, arguments);                                                 \
        va_end(arguments);                                                                         \
        int fd = REAL(name)(folder, path, flags, mode);                                            \
        return trace_open(path, flags, fd, errno, start);                                          \
    }

TRACED_OPEN(open)
TRACED_OPEN(open64)
TRACED_OPENAT(openat)
TRACED_OPENAT(openat64)

EXPORT int close(int fd)
{
    if (output_has_packets())
        buffers_forget(fd);
    return REAL(close)(fd);
}

/* ---- mmap ---- */

static void *trace_mmap(const struct traced_fd *fd, void *wanted, size_t length, int protection,
                        int flags, off_t offset, void *result)
{
    struct line line = {0};
    int error = errno;

    if (!output_is_summary() && output_wants(class_name(fd->device), "mmap")) {
        line_begin(&line, fd->name);
        line_add(&line, "mmap(%p, %#zx, ", wanted, length);
        line_flags(&line, trace_names_mmap_protection, (uint64_t)protection);
        line_add(&line, ", ");
        line_flags(&line, trace_names_mmap_flags, (uint64_t)flags);
        line_add(&line, ", offset %#llx", (unsigned long long)offset);
        if (result == MAP_FAILED)
            line_result(&line, -1, error);
        else
            line_add(&line, ") = %p", result);
        output_write(&line, NULL);
    }
    errno = error;
    return result;
}

#define TRACED_MMAP(name)                                                                          \
    EXPORT void *name(void *wanted, size_t length, int protection, int flags, int fd,              \
                      off_t offset)                                                                \
    {                                                                                              \
        struct traced_fd traced;                                                                   \
        void *result = REAL(name)(wanted, length, protection, flags, fd, offset);                  \
        if ((flags & MAP_ANONYMOUS) || !fd_is_device(fd, &traced))                                 \
            return result;                                                                         \
        return trace_mmap(&traced, wanted, length, protection, flags, offset, result);             \
    }

TRACED_MMAP(mmap)
TRACED_MMAP(mmap64)
