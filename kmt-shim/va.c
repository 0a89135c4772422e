/* SPDX-License-Identifier: MIT */
#include "kmt-shim/va.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <amdgpu_drm.h>

#include "base/log.h"
#include "kmt-shim/counters.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define GIB     (UINT64_C(1) << 30)
#define CPU_END (UINT64_C(1) << 47)
enum { CPU_PAGE = 4096 };

/* libdrm divides [virtual_address_offset, virtual_address_max) at 4 GiB, and what lies between
 * virtual_address_max and 4 GiB it uses, too. So a window has to include 4 GiB. The last one is for
 * AddressSanitizer, which keeps everything from its end to beyond 4 GiB for itself. */
static const struct window {
    uint64_t start, end;
} windows[] = {
    {2 * GIB, 4 * GIB + 1024 * GIB},
    {2 * GIB, 4 * GIB + 64 * GIB},
    {3 * GIB, 4 * GIB + 8 * GIB},
    {1 * GIB, 0x7fff7000},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct window window; /* empty: none */
static bool guarded;

/* Past libc, as sanitizers allow no addresses but those that they give out. */
static bool reserve(uint64_t start, uint64_t size)
{
    long got;

    counter_add(shim_calls, 1);
    got = syscall(SYS_mmap, start, size, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0L);
    if (got == -1)
        return false;
    if ((uint64_t)got == start)
        return true;
    syscall(SYS_munmap, got, size); /* kernels before 4.17 take the flag for a hint */
    return false;
}

static void choose_window(void)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        if (!reserve(windows[i].start, windows[i].end - windows[i].start))
            continue;
        window = windows[i];
        rw_debug(shim, "graphics' low addresses are %#llx to %#llx",
                 (unsigned long long)window.start, (unsigned long long)window.end);
        return;
    }
    rw_debug(shim, "no CPU addresses can be set aside for graphics' low range (a sanitizer, a "
                   "limit of address space): libdrm's VA manager keeps all of it");
}

static void read_wish(void)
{
    const char *text = getenv("ROCWELD_VA");

    guarded = !text || strcmp(text, "off") != 0;
    if (text && *text && guarded && strcmp(text, "guard") != 0)
        rw_warn(shim, "ROCWELD_VA=%s is unknown and taken as guard; use guard or off", text);
}

bool va_is_guarded(void)
{
    static pthread_once_t wish_once = PTHREAD_ONCE_INIT;

    pthread_once(&wish_once, read_wish);
    return guarded;
}

void va_narrow(void *dev_info, size_t size)
{
    const size_t needed = offsetof(struct drm_amdgpu_info_device, virtual_address_max) + 8;
    struct drm_amdgpu_info_device info;
    uint64_t start, end;

    if (!va_is_guarded() || size < needed)
        return;
    pthread_once(&once, choose_window);
    memcpy(&info, dev_info, needed);
    start = info.virtual_address_offset > window.start ? info.virtual_address_offset : window.start;
    end = info.virtual_address_max < window.end ? info.virtual_address_max : window.end;
    if (start >= end)
        return;
    info.virtual_address_offset = start;
    info.virtual_address_max = end;
    memcpy(dev_info, &info, needed);
}

static bool in_window(uint64_t start, uint64_t size)
{
    return start >= window.start && start < window.end && size <= window.end - start;
}

bool va_hold(uint64_t start, uint64_t size)
{
    if (!va_is_guarded() || size == 0 || (start | size) % CPU_PAGE || start >= CPU_END ||
        size > CPU_END - start || in_window(start, size))
        return false;
    return reserve(start, size);
}

/* The program may have put something of its own over a reservation (MAP_FIXED): only what is
 * inaccessible and nobody's file is given back. */
static void release_reserved(uint64_t start, uint64_t end, const char *line)
{
    unsigned long long from, to, offset, inode;
    char rights[8];
    unsigned device[2];

    if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu", &from, &to, rights, &offset, &device[0],
               &device[1], &inode) != 7 ||
        strcmp(rights, "---p") != 0 || inode != 0)
        return;
    from = from > start ? from : start;
    to = to < end ? to : end;
    if (from < to) {
        counter_add(shim_calls, 1);
        syscall(SYS_munmap, from, to - from);
    }
}

void va_release(uint64_t start, uint64_t size)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];

    counter_add(shim_calls, 3);
    while (maps && fgets(line, sizeof line, maps))
        release_reserved(start, start + size, line);
    if (maps)
        fclose(maps);
}
