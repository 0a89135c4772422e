/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AREA_NAME(name, what) #name,
static const char *const area_names[] = {RW_LOG_AREAS(AREA_NAME)};
#undef AREA_NAME

static const char *const level_names[] = {"error", "warn", "info", "debug", "trace"};

#define AREA_DEFAULT(name, what) RW_LOG_WARN,
unsigned char rw_log_levels[RW_AREA_COUNT] = {RW_LOG_AREAS(AREA_DEFAULT)};
#undef AREA_DEFAULT

static int log_fd = STDERR_FILENO;

static int name_index(const char *const *names, int count, const char *text, size_t length)
{
    for (int i = 0; i < count; i++)
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
            return i;
    return -1;
}

bool rw_log_configure(const char *spec)
{
    unsigned char levels[RW_AREA_COUNT];
    size_t length = strcspn(spec, ":");
    int level = name_index(level_names, RW_LOG_TRACE + 1, spec, length);

    if (level < 0)
        return false;
    memset(levels, spec[length] == ':' ? RW_LOG_WARN : level, sizeof levels);
    for (spec += length; *spec; spec += length) {
        spec++;
        length = strcspn(spec, ",");
        int area = name_index(area_names, RW_AREA_COUNT, spec, length);
        if (area < 0)
            return false;
        levels[area] = (unsigned char)level;
    }
    memcpy(rw_log_levels, levels, sizeof levels);
    return true;
}

void rw_log_write(enum rw_log_area area, enum rw_log_level level, const char *format, ...)
{
    int saved_errno = errno;
    char line[1024];
    va_list args;
    int n = snprintf(line, sizeof line, "rocweld: %s[%s]: ", level_names[level], area_names[area]);

    va_start(args, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    /* Not write(): a preload library that logs must not meet an interposed libc call. */
    syscall(SYS_write, log_fd, line, (size_t)n);
    errno = saved_errno;
}

__attribute__((constructor(101))) static void log_read_environment(void)
{
    const char *spec = getenv("ROCWELD_LOG");
    const char *path = getenv("ROCWELD_LOG_FILE");

    if (path && *path) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0644);
        if (fd >= 0)
            log_fd = fd;
    }
    if (spec && *spec && !rw_log_configure(spec))
        rw_warn(base,
                "ROCWELD_LOG=%s is not understood; use error|warn|info|debug|trace[:area,...]",
                spec);
}
