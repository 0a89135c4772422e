/* SPDX-License-Identifier: MIT
 *
 * How much memory the KFD gives out. A real kernel counts over all processes; this one lives in
 * one process and counts that. Source: amdgpu_amdkfd_gpuvm.c (kfd_mem_limit).
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "softgpu/front/kfd/kfd_memory.h"

#define MIB(n)               ((uint64_t)(n) << 20)

#define SYSTEM_RESERVE       ((uint64_t)3 << 29) /* AMDGPU_RESERVE_MEM_LIMIT */
#define PAGE_TABLES_MIN      MIB(8)              /* AMDGPU_VM_RESERVED_VRAM */
#define PAGE_TABLES_SHIFT    14                  /* 1/16384 of all VRAM */
#define AVAILABILITY_QUANTUM MIB(2)

static struct {
    pthread_mutex_t lock;
    uint64_t system_max, ttm_max; /* bytes; 0 until first used */
    uint64_t system_used, ttm_used;
    uint64_t vram_used[SOFT_MAX_DEVICES];         /* exact */
    uint64_t vram_used_rounded[SOFT_MAX_DEVICES]; /* every allocation rounded up to 2 MiB */
} limits = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t round_up(uint64_t bytes, uint64_t to)
{
    return (bytes + to - 1) / to * to;
}

static void limits_init_locked(void)
{
    struct sysinfo info;

    if (limits.system_max)
        return;
    sysinfo(&info);
    uint64_t total = (uint64_t)info.totalram * info.mem_unit;
    uint64_t most = total - (total >> 6);
    limits.system_max = most < 2 * SYSTEM_RESERVE ? most >> 1 : most - SYSTEM_RESERVE;
    limits.ttm_max = total / 2; /* ttm_tt_pages_limit() */
}

static uint64_t reserved_for_page_tables(void)
{
    const struct soft_machine *machine = soft_machine();
    uint64_t all = 0;

    for (unsigned i = 0; machine && i < machine->device_count; i++)
        all += machine->devices[i].vram_bytes;
    all >>= PAGE_TABLES_SHIFT;
    return all > PAGE_TABLES_MIN ? all : PAGE_TABLES_MIN;
}

/* Without what the page tables need, and what is pinned. */
static uint64_t vram_usable(const struct soft_device *device)
{
    uint64_t reserved = reserved_for_page_tables();
    struct mem_usage usage;

    mem_heaps_usage(device->heaps, &usage);
    reserved += usage.vram_pinned;

    return device->vram_bytes > reserved ? device->vram_bytes - reserved : 0;
}

/* What an allocation counts as. GTT is tested first, as in the kernel's accounting. */
static void needs_of(uint64_t bytes, uint32_t flags, uint64_t *out_system, uint64_t *out_ttm,
                     uint64_t *out_vram)
{
    *out_system = *out_ttm = *out_vram = 0;
    if (flags & KFD_IOC_ALLOC_MEM_FLAGS_GTT)
        *out_system = *out_ttm = bytes;
    else if (flags & KFD_IOC_ALLOC_MEM_FLAGS_VRAM)
        *out_vram = bytes;
    else if (flags & KFD_IOC_ALLOC_MEM_FLAGS_USERPTR)
        *out_system = bytes;
}

static rw_status check_locked(const struct soft_device *device, uint64_t system, uint64_t ttm,
                              uint64_t vram)
{
    uint64_t vram_used = limits.vram_used[device->index];

    if (limits.system_used + system > limits.system_max || limits.ttm_used + ttm > limits.ttm_max)
        return RW_FAIL(ENOMEM,
                       "%llu MiB of system memory for the GPU on top of %llu MiB; the limit is "
                       "%llu MiB",
                       (unsigned long long)(system >> 20),
                       (unsigned long long)(limits.system_used >> 20),
                       (unsigned long long)((ttm ? limits.ttm_max : limits.system_max) >> 20));
    if (vram && vram_used + vram > vram_usable(device))
        return RW_FAIL(ENOMEM, "%llu MiB of VRAM on top of %llu MiB; GPU %#x has %llu MiB",
                       (unsigned long long)(vram >> 20), (unsigned long long)(vram_used >> 20),
                       device->gpu_id, (unsigned long long)(vram_usable(device) >> 20));
    return RW_OK;
}

rw_status kfd_limit_reserve(const struct soft_device *device, uint64_t bytes, uint32_t flags)
{
    uint64_t system, ttm, vram;
    rw_status status;

    needs_of(bytes, flags, &system, &ttm, &vram);
    pthread_mutex_lock(&limits.lock);
    limits_init_locked();
    status = check_locked(device, system, ttm, vram);
    if (rw_ok(status)) {
        limits.system_used += system;
        limits.ttm_used += ttm;
        limits.vram_used[device->index] += vram;
        limits.vram_used_rounded[device->index] += round_up(vram, AVAILABILITY_QUANTUM);
    }
    pthread_mutex_unlock(&limits.lock);
    return status;
}

void kfd_limit_release(const struct soft_device *device, uint64_t bytes, uint32_t flags)
{
    uint64_t system, ttm, vram;

    needs_of(bytes, flags, &system, &ttm, &vram);
    pthread_mutex_lock(&limits.lock);
    limits.system_used -= system;
    limits.ttm_used -= ttm;
    limits.vram_used[device->index] -= vram;
    limits.vram_used_rounded[device->index] -= round_up(vram, AVAILABILITY_QUANTUM);
    pthread_mutex_unlock(&limits.lock);
}

uint64_t kfd_limit_available(const struct soft_device *device)
{
    uint64_t usable = vram_usable(device);

    pthread_mutex_lock(&limits.lock);
    uint64_t used = limits.vram_used_rounded[device->index];
    pthread_mutex_unlock(&limits.lock);
    return used < usable ? (usable - used) / AVAILABILITY_QUANTUM * AVAILABILITY_QUANTUM : 0;
}

/* The child starts with a machine of its own, of which nothing is used. */
void kfd_limits_after_fork(void)
{
    memset(&limits, 0, sizeof limits);
    pthread_mutex_init(&limits.lock, NULL);
}
