/* SPDX-License-Identifier: MIT */
#include "tools/trace/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/trace/filter.h"

static int output_fd = STDERR_FILENO;
static const char *output_filter; /* the environment's, lives as long as the process */
static bool output_summary, output_packets;

bool output_wants(const char *device, const char *call)
{
    return filter_matches(output_filter, device, call);
}

bool output_is_summary(void)
{
    return output_summary;
}

bool output_has_packets(void)
{
    return output_packets && !output_summary;
}

/* Not write(): the device library in front of the kernel may interpose it. */
static void write_all(struct iovec *pieces, int count)
{
    int saved = errno;

    syscall(SYS_writev, output_fd, pieces, count);
    errno = saved;
}

void output_write(const struct line *line, const char *details)
{
    char text[sizeof line->text + 1];
    struct iovec pieces[] = {{text, line->length + 1},
                             {(void *)(uintptr_t)details, details ? strlen(details) : 0}};

    memcpy(text, line->text, line->length);
    text[line->length] = '\n';
    write_all(pieces, 2);
}

static struct {
    _Atomic uint64_t calls, errors, nanoseconds;
} counts[TRACE_DEVICE_COUNT][TRACE_CALLS_MAX];

void output_count(enum trace_device device, unsigned number, bool failed, uint64_t nanoseconds)
{
    number %= TRACE_CALLS_MAX;
    atomic_fetch_add_explicit(&counts[device][number].calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts[device][number].errors, failed, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts[device][number].nanoseconds, nanoseconds,
                              memory_order_relaxed);
}

static void print_count(enum trace_device device, unsigned number)
{
    uint64_t calls = counts[device][number].calls, time = counts[device][number].nanoseconds;
    const char *name = trace_call_find(device, number)->name;
    struct line line = {0};
    char unknown[16];

    if (calls == 0)
        return;
    snprintf(unknown, sizeof unknown, "0x%02x", number);
    line_add(&line, "%-4s %-26s %9llu %9llu %12.3f %12.2f", device == TRACE_KFD ? "kfd" : "drm",
             name ? name : unknown, (unsigned long long)calls,
             (unsigned long long)counts[device][number].errors, (double)time / 1e6,
             (double)time / 1e3 / (double)calls);
    output_write(&line, NULL);
}

__attribute__((destructor)) static void print_summary(void)
{
    struct line line = {0};
    uint64_t total = 0;

    for (int device = 0; device < TRACE_DEVICE_COUNT; device++)
        for (unsigned number = 0; number < TRACE_CALLS_MAX; number++)
            total += counts[device][number].calls;
    if (!output_summary || total == 0)
        return;
    line_add(&line, "process %d\n%-4s %-26s %9s %9s %12s %12s", getpid(), "", "ioctl", "calls",
             "errors", "total ms", "each us");
    output_write(&line, NULL);
    for (int device = 0; device < TRACE_DEVICE_COUNT; device++)
        for (unsigned number = 0; number < TRACE_CALLS_MAX; number++)
            print_count(device, number);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value && strcmp(value, "0") != 0;
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *path = getenv("ROCWELD_TRACE_FILE");

    output_filter = getenv("ROCWELD_TRACE_FILTER");
    output_summary = is_set("ROCWELD_TRACE_SUMMARY");
    output_packets = is_set("ROCWELD_TRACE_PACKETS");
    if (path && *path) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0644);
        if (fd >= 0)
            output_fd = fd;
        else
            fprintf(stderr, "rocweld: trace: cannot write %s: %s\n", path, strerror(errno));
    }
}
