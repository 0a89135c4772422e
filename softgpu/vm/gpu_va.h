/* SPDX-License-Identifier: MIT
 *
 * Typed addresses that never interchange: a GPU virtual address is no host pointer, and neither
 * is an offset in a memory pool.
 */
#ifndef SOFTGPU_VM_GPU_VA_H
#define SOFTGPU_VM_GPU_VA_H

#include <stdint.h>

typedef struct gpu_va {
    uint64_t addr; /* bytes; canonical form (sign-extended from bit 47) or masked to 48 bits */
} gpu_va;

#define GPU_PAGE_SIZE  4096u
#define GPU_PAGE_SHIFT 12
#define GPU_VA_MASK    UINT64_C(0x0000ffffffffffff)

/* The hole between the two canonical halves (kernel: AMDGPU_GMC_HOLE_START/END). */
#define GPU_VA_HOLE_START UINT64_C(0x0000800000000000)
#define GPU_VA_HOLE_END   UINT64_C(0xffff800000000000)

static inline gpu_va gpu_va_make(uint64_t addr)
{
    return (gpu_va){addr};
}

/* The page-table index form: both halves folded into 48 bits, as the kernel's mapping tree is. */
static inline uint64_t gpu_va_masked(gpu_va va)
{
    return va.addr & GPU_VA_MASK;
}

#endif
