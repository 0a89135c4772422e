/* SPDX-License-Identifier: MIT
 *
 * A kernel of a few hundred lines for the shim's tables: it stands where next.h, gpu.h, share.h
 * and policy.h stand, and keeps mappings in plain lists that are searched from end to end. Two
 * GPUs, one DRM file (of GPU 0), both VMs compute's. One thread at a time changes what it keeps.
 *
 * Source of the rules: docs/contract.md and reference counts of bo_va in amdgpu (a mapping made by
 * GEM_VA lives while a GEM handle or the KFD has the buffer in that VM).
 */
#ifndef ROCWELD_TESTS_UNIT_SHIM_FAKE_KERNEL_H
#define ROCWELD_TESTS_UNIT_SHIM_FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum { FAKE_DRM_FD = 900, FAKE_KFD_FD = 901, FAKE_GPU_A = 0x1111, FAKE_GPU_B = 0x2222 };

struct fake_mapping {
    int vm;
    uint64_t start, last, offset;
    int object;
    bool by_kfd, live;
};

void fake_kernel_start(void);
/* The next ioctl fails with this errno and does nothing. */
void fake_kernel_fail_next(int err);
/* Of the next KFD MAP, only so many GPUs succeed. */
void fake_kernel_map_only(unsigned gpus);
/* Descriptors are of GPU nodes with this minor from now on (0: of none), and kcmp() has this to say
 * of two: 1, 0, or -1 where the kernel does not tell. */
void fake_kernel_describe(unsigned minor, int same_file);
/* NULL: nothing is mapped there. */
const struct fake_mapping *fake_kernel_find(int vm, uint64_t address);
unsigned fake_kernel_count(int vm);
/* The object's living names; 0 when it has none. */
uint32_t fake_kernel_gem_of(int object);
bool fake_kernel_has_kfd(int object, uint64_t *out_handle);

#endif
