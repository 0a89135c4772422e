/* SPDX-License-Identifier: MIT
 *
 * What the hardware's status register says of a page fault, for those who ask the DRM device (INFO
 * GPUVM_FAULT).
 */
#ifndef SOFTGPU_FRONT_VM_FAULT_H
#define SOFTGPU_FRONT_VM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/isa/memory.h"

/* GCVM_L2_PROTECTION_FAULT_STATUS as GFX10.3 lays it out (gc_10_3_0_sh_mask.h). Shaders reach
 * memory as client 8, the texture cache; of the rights, hardware names valid (1), read (2) and
 * write (4) as missing. `access`: enum isa_access. */
static inline uint32_t vm_fault_status(bool present, unsigned access)
{
    enum { PERMISSION_SHIFT = 4, CLIENT_SHIFT = 9, CLIENT_TCP = 8, WRITE = 1 << 18 };
    uint32_t missing = present ? (access & ISA_ACCESS_WRITE ? 4 : 2) : 3;

    return missing << PERMISSION_SHIFT | (uint32_t)CLIENT_TCP << CLIENT_SHIFT |
           (access & ISA_ACCESS_WRITE ? WRITE : 0);
}

#endif
