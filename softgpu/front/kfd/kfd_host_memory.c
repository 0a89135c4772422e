/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_host_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
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
    char *end;

    out_area->start = strtoull(line, &end, 16);
    if (*end != '-')
        return false;
    out_area->end = strtoull(end + 1, &end, 16);
    if (end[0] != ' ' || !end[1])
        return false;
    out_area->writable = end[2] == 'w';
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

static rw_status check_map(uint64_t start, uint64_t end, bool writable)
{
    struct map_reader reader = {.used = 0};

    reader.fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (reader.fd < 0)
        return RW_FAIL(EFAULT, "cannot see what is mapped: /proc/self/maps: %s", strerror(errno));
    rw_status status = check_areas(&reader, start, end, writable);
    syscall(SYS_close, reader.fd);
    return status;
}

/* ---- the short way, for memory that is in use ---- */

#define SHORT_WAY_MAX (UINT64_C(256) << 20)

static bool is_resident(uint64_t start, uint64_t size)
{
    enum { PAGE = 4096, CHUNK = 4096 /* pages */ };
    unsigned char resident[CHUNK];

    for (uint64_t at = 0; at < size; at += (uint64_t)CHUNK * PAGE) {
        uint64_t bytes = size - at < (uint64_t)CHUNK * PAGE ? size - at : (uint64_t)CHUNK * PAGE;

        if (syscall(SYS_mincore, start + at, bytes, resident) != 0)
            return false;
        for (uint64_t i = 0; i < (bytes + PAGE - 1) / PAGE; i++)
            if (!(resident[i] & 1))
                return false;
    }
    return true;
}

/* Asking for write faults on pages that are there does nothing but look at their rights. */
static bool is_resident_and_writable(uint64_t start, uint64_t size)
{
    static const int populate_write = 23; /* MADV_POPULATE_WRITE, Linux 5.14 */

    return size <= SHORT_WAY_MAX && is_resident(start, size) &&
           syscall(SYS_madvise, start, size, populate_write) == 0;
}

rw_status kfd_host_memory_check(uint64_t start, uint64_t size, bool writable)
{
    uint64_t end;

    if (__builtin_add_overflow(start, size, &end))
        return RW_FAIL(EFAULT, "host memory %#" PRIx64 " + %#" PRIx64 " wraps around", start, size);
    if (writable && is_resident_and_writable(start, size))
        return RW_OK;
    return check_map(start, end, writable);
}
