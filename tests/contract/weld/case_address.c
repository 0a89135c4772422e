/* SPDX-License-Identifier: MIT
 *
 * W4: one authority over addresses. With ROCWELD_VA=off each case shows what the kernel lets
 * through.
 */
#include "tests/contract/weld/weld.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Can the CPU have this address, as mmap() might give it to the thunk or to malloc()? */
static bool cpu_may_have(uint64_t address)
{
    void *wanted = (void *)(uintptr_t)address;
    void *got =
        mmap(wanted, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (got == MAP_FAILED)
        return false;
    munmap(got, PAGE);
    return true;
}

/* A low address that is free on both sides, beyond libdrm's window: the lower end of a hole that
 * mmap() fills from above. */
static uint64_t free_low_address(void)
{
    const uint64_t hole = 256 * MIB;
    uint64_t address = reserve(hole);

    munmap((void *)(uintptr_t)address, hole);
    return address;
}

/* What libdrm's VA manager gives out in the low range, the CPU never gets. */
static void case_low_window(void)
{
    amdgpu_device_handle device = graphics_start(node_open(NODE_A));
    uint64_t general, low32, high;
    amdgpu_va_handle handle;

    EXPECT(amdgpu_va_range_alloc(device, amdgpu_gpu_va_range_general, MIB, PAGE, 0, &general,
                                 &handle, 0),
           0);
    EXPECT(amdgpu_va_range_alloc(device, amdgpu_gpu_va_range_general, MIB, PAGE, 0, &low32, &handle,
                                 AMDGPU_VA_RANGE_32_BIT),
           0);
    EXPECT(amdgpu_va_range_alloc(device, amdgpu_gpu_va_range_general, MIB, PAGE, 0, &high, &handle,
                                 AMDGPU_VA_RANGE_HIGH),
           0);
    EXPECT(high >> 47, 0x1ffff);
    EXPECT(low32 >> 32, 0);
    EXPECT(cpu_may_have(general), is_off("ROCWELD_VA"));
    if (!is_off("ROCWELD_VA")) /* else it may be anything: a program of fixed address lies there */
        EXPECT(cpu_may_have(low32), false);
}

/* An address that graphics names itself is kept from the CPU while it is mapped. */
static void case_low_explicit(void)
{
    bool off = is_off("ROCWELD_VA");
    struct compute compute;
    uint32_t a, b;
    uint64_t at;

    compute_start(&compute, 0);
    at = free_low_address();
    a = gem_make(compute.drm, 16 * PAGE);
    b = gem_make(compute.drm, 16 * PAGE);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, a, at, 16 * PAGE, 0), 0);
    EXPECT(cpu_may_have(at + PAGE), off);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_CLEAR, 0, at + PAGE, PAGE, 0), 0);
    EXPECT(cpu_may_have(at + PAGE), true);
    EXPECT(cpu_may_have(at + 2 * PAGE), off);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_REPLACE, b, at + 2 * PAGE, 2 * PAGE, 0), 0);
    EXPECT(cpu_may_have(at + 3 * PAGE), off);
    EXPECT(gem_close(compute.drm, b), 0);
    EXPECT(cpu_may_have(at + 2 * PAGE), true);
    EXPECT(gem_close(compute.drm, a), 0);
    EXPECT(cpu_may_have(at), true);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, a, at, PAGE, 0), ENOENT); /* refused: not kept */
    EXPECT(cpu_may_have(at), true);
}

/* The program's own memory at such an address is never touched: HSA maps imports where the thunk
 * has reserved addresses. */
static void case_low_reserved(void)
{
    uint64_t at = reserve(64 * KIB), handle;
    struct compute compute;
    volatile uint32_t *host;
    uint32_t gem, second;
    int dmabuf;

    compute_start(&compute, 0);
    EXPECT(kfd_alloc(&compute, UINT64_C(0x1000100000000), 64 * KIB, VRAM, &handle), 0);
    EXPECT(kfd_export(&compute, handle, &dmabuf), 0);
    EXPECT(gem_import(compute.drm, dmabuf, &gem), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at, 64 * KIB, 0), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_UNMAP, gem, at, 64 * KIB, 0), 0);
    EXPECT(cpu_may_have(at), false); /* still the program's */

    /* what the program has put over a reservation of ours stays */
    at = free_low_address();
    second = gem_make(compute.drm, 64 * KIB);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, second, at, 64 * KIB, 0), 0);
    host = mmap((void *)(uintptr_t)(at + PAGE), PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    *host = 7;
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_UNMAP, second, at, 64 * KIB, 0), 0);
    EXPECT(*host, 7);
    EXPECT(cpu_may_have(at), true);
}

/* CLEAR, REPLACE and UNMAP do not take compute's mappings away. */
static void case_over_compute(void)
{
    int result = is_off("ROCWELD_VA") ? 0 : EINVAL;
    struct kmt_shim_counters before, after;
    struct compute compute;
    uint64_t handle, at;
    uint32_t gem, own;
    int dmabuf;

    compute_start(&compute, 0);
    own = gem_make(compute.drm, 64 * KIB);
    kmt_shim_counters_read(&before);
    at = compute_buffer(&compute, 64 * KIB, GTT, &handle);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_CLEAR, 0, at + PAGE, PAGE, 0), result);
    /* is it still there? */
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, own, at + PAGE, PAGE, 0), result);
    EXPECT(kfd_unmap(&compute, handle), 0);

    at = compute_buffer(&compute, 64 * KIB, GTT, &handle);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_REPLACE, own, at, PAGE, 0), result);
    at = compute_buffer(&compute, 64 * KIB, GTT, &handle);
    EXPECT(kfd_export(&compute, handle, &dmabuf), 0);
    EXPECT(gem_import(compute.drm, dmabuf, &gem), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_UNMAP, gem, at, 64 * KIB, 0), result);
    kmt_shim_counters_read(&after);
    EXPECT(after.refusals - before.refusals, result ? 3 : 0);
}

/* Compute's allocations that are not mapped yet. */
static void case_over_allocation(void)
{
    bool off = is_off("ROCWELD_VA");
    uint64_t at = reserve(64 * KIB), handle;
    struct compute compute;
    uint32_t gem;

    compute_start(&compute, 0);
    gem = gem_make(compute.drm, 64 * KIB);
    EXPECT(kfd_alloc(&compute, at, 64 * KIB, GTT, &handle), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at + 60 * KIB, 64 * KIB, 0),
           off ? 0 : EINVAL);
    EXPECT(kfd_map(&compute, handle), off ? EINVAL : 0);
    EXPECT(kfd_unmap(&compute, handle), off ? EINVAL : 0);
    EXPECT(kfd_free(&compute, handle), 0);
    if (!off) /* gone, so graphics may */
        EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at + 60 * KIB, 64 * KIB, 0), 0);
}

static void case_over_svm(void)
{
    bool off = is_off("ROCWELD_VA");
    char *host = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t at = (uintptr_t)host;
    struct compute compute;
    uint32_t gem;

    memset(host, 1, MIB);
    compute_start(&compute, 0);
    gem = gem_make(compute.drm, MIB);
    EXPECT(kfd_svm(&compute, host, 64 * KIB), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at + 60 * KIB, 64 * KIB, 0),
           off ? 0 : EINVAL);
    if (off)
        return;
    /* beside it, and where it was once its memory is gone */
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at + 64 * KIB, 64 * KIB, 0), 0);
    munmap(host, 64 * KIB);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at, 64 * KIB, 0), 0);
}

/* The kernel's own checks, which the others rest on. */
static void case_overlap(void)
{
    void *host = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t at = (uintptr_t)host, handle;
    struct compute compute;
    uint32_t gem;

    compute_start(&compute, 0);
    gem = gem_make(compute.drm, 64 * KIB);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at, 64 * KIB, 0), 0);
    EXPECT(kfd_svm(&compute, host, 64 * KIB), EADDRINUSE);
    EXPECT(kfd_alloc(&compute, at, 64 * KIB, GTT, &handle), 0);
    EXPECT(kfd_map(&compute, handle), EINVAL);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, at, 64 * KIB, 0), EINVAL);
}

const struct weld_case address_cases[] = {
    {"low-window", case_low_window},
    {"low-explicit", case_low_explicit},
    {"low-reserved", case_low_reserved},
    {"over-compute", case_over_compute},
    {"over-allocation", case_over_allocation},
    {"over-svm", case_over_svm},
    {"overlap", case_overlap},
    {NULL, NULL},
};
