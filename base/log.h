/* SPDX-License-Identifier: MIT
 *
 * The one logging facility: lines on stderr, "rocweld: warn[kfd]: ...", chosen by
 *
 *     ROCWELD_LOG=error|warn|info|debug|trace[:area,...]
 *
 * Default is warn for every area. With areas given, the level holds for those areas and warn for
 * the others. ROCWELD_LOG_FILE=PATH appends to a file instead of stderr.
 *
 * Thread safety: any thread; a line is written with one write(2) and never interleaves.
 */
#ifndef ROCWELD_BASE_LOG_H
#define ROCWELD_BASE_LOG_H

#include <stdbool.h>

enum rw_log_level { RW_LOG_ERROR, RW_LOG_WARN, RW_LOG_INFO, RW_LOG_DEBUG, RW_LOG_TRACE };

/* name, one line on what it covers */
#define RW_LOG_AREAS(X)                                                                            \
    X(base, "start-up, configuration")                                                             \
    X(kfd, "/dev/kfd ioctls, processes, events, queues")                                           \
    X(drm, "/dev/dri ioctls")                                                                      \
    X(sysfs, "generated topology and path redirection")                                            \
    X(preload, "interposed libc calls")                                                            \
    X(mem, "pools, buffer objects, dma-bufs")                                                      \
    X(vm, "drm files, GPU VMs, page tables")                                                       \
    X(device, "doorbells, clocks, interrupts")                                                     \
    X(cp, "command processors: AQL, PM4, SDMA")                                                    \
    X(isa, "instruction decode and execution")                                                     \
    X(fault, "GPU faults as the program will see them")                                            \
    X(shim, "kmt-shim")                                                                            \
    X(runtime, "ROCm backend plugin")                                                              \
    X(tool, "the rocweld command")

#define RW_LOG_AREA_ENUM(name, what) RW_AREA_##name,
enum rw_log_area { RW_LOG_AREAS(RW_LOG_AREA_ENUM) RW_AREA_COUNT };
#undef RW_LOG_AREA_ENUM

/* One level per area; filled at load time from the environment. Read through rw_log_on(). */
extern unsigned char rw_log_levels[RW_AREA_COUNT];

static inline bool rw_log_on(enum rw_log_area area, enum rw_log_level level)
{
    return __builtin_expect((int)level <= (int)rw_log_levels[area], 0);
}

/* Parses a ROCWELD_LOG value. Returns false (and changes nothing) when it is malformed. */
bool rw_log_configure(const char *spec);

void rw_log_write(enum rw_log_area area, enum rw_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define RW_LOG(area, level, ...)                                                                   \
    do {                                                                                           \
        if (rw_log_on(RW_AREA_##area, (level)))                                                    \
            rw_log_write(RW_AREA_##area, (level), __VA_ARGS__);                                    \
    } while (0)

#define rw_error(area, ...) RW_LOG(area, RW_LOG_ERROR, __VA_ARGS__)
#define rw_warn(area, ...)  RW_LOG(area, RW_LOG_WARN, __VA_ARGS__)
#define rw_info(area, ...)  RW_LOG(area, RW_LOG_INFO, __VA_ARGS__)
#define rw_debug(area, ...) RW_LOG(area, RW_LOG_DEBUG, __VA_ARGS__)
#define rw_trace(area, ...) RW_LOG(area, RW_LOG_TRACE, __VA_ARGS__)

#endif
