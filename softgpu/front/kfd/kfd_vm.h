/* SPDX-License-Identifier: MIT
 *
 * The VM that a process's compute work on a GPU uses: acquired from a DRM file, never made by the
 * KFD (but for kernel 5.10, see kfd_vm.c).
 *
 * Thread safety: the caller holds the process's mutex, except kfd_pdd_vm() on a pdd that is known
 * to be bound: a VM once acquired stays until the process is gone.
 */
#ifndef SOFTGPU_FRONT_KFD_VM_H
#define SOFTGPU_FRONT_KFD_VM_H

#include "base/status.h"
#include "softgpu/front/kfd/kfd_process.h"
#include "softgpu/vm/vm.h"

/* What every operation that needs the VM asks first. ENODEV before ACQUIRE_VM. */
rw_status kfd_pdd_bind(struct kfd_pdd *pdd) RW_MUST_USE;
/* NULL before ACQUIRE_VM. */
struct gpu_vm *kfd_pdd_vm(const struct kfd_pdd *pdd);

/* The program's trap handler, second-level to the kernel's own. */
void kfd_pdd_set_trap_handler(struct kfd_pdd *pdd, gpu_va tba, gpu_va tma);

/* Process teardown: leaves the VM and drops the reference on its file. */
void kfd_pdd_release_vm(struct kfd_pdd *pdd);

#endif
