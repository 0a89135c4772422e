/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_host_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One line of /proc/self/maps, as far as it matters. */
struct area {
    uint64_t start, end; /* end is the first byte behind */
    bool writable;
};

/* Reads the map line by line; by system call, because open() and read() of /proc are interposed
 * where this code runs. */
struct map_reader {
    int fd;
    size_t used, at; /* bytes of `text`; start of the next line */
    char text[8192];
};

static bool reader_fill(struct map_reader *reader)
{
    size_t rest = reader->used - reader->at;

    memmove(reader->text, reader->text + reader->at, rest);
    reader->used = rest;
    reader->at = 0;
    long n = syscall(SYS_read, reader->fd, reader->text + rest, sizeof reader->text - 1 - rest);
    if (n <= 0)
        return false;
    reader->used += (size_t)n;
    reader->text[reader->used] = '\0';
    return true;
}

/* The next line, without its end; NULL at the end of the file. */
static char *reader_line(struct map_reader *reader)
{
    char *end;

    while (!(end = memchr(reader->text + reader->at, '\n', reader->used - reader->at)))
        if (!reader_fill(reader))
            return NULL;
    char *line = reader->text + reader->at;
    *end = '\0';
    reader->at = (size_t)(end - reader->text) + 1;
    return line;
}

/* "7f0012340000-7f0012350000 rw-p ..." */
static bool area_parse(const char *line, struct area *out_area)
{
    char rights[5];

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &out_area->start, &out_area->end, rights) != 3)
        return false;
    out_area->writable = rights[1] == 'w';
    return true;
}

static rw_status check_areas(struct map_reader *reader, uint64_t start, uint64_t end, bool writable)
{
    uint64_t at = start;
    struct area area;
    const char *line;

    while (at < end && (line = reader_line(reader))) {
        if (!area_parse(line, &area) || area.end <= at)
            continue;
        if (area.start > at)
            break;
        if (writable && !area.writable)
            return RW_FAIL(EPERM, "host memory at %#" PRIx64 " is not writable", at);
        at = area.end;
    }
    return at < end ? RW_FAIL(EFAULT, "host memory at %#" PRIx64 " is not mapped", at) : RW_OK;
}

rw_status kfd_host_memory_check(uint64_t start, uint64_t size, bool writable)
{
    struct map_reader reader = {.used = 0};
    uint64_t end;

    if (__builtin_add_overflow(start, size, &end))
        return RW_FAIL(EFAULT, "host memory %#" PRIx64 " + %#" PRIx64 " wraps around", start, size);
    reader.fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (reader.fd < 0)
        return RW_FAIL(EFAULT, "cannot see what is mapped: /proc/self/maps: %s", strerror(errno));
    rw_status status = check_areas(&reader, start, end, writable);
    syscall(SYS_close, reader.fd);
    return status;
}
