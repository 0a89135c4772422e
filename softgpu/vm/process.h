/* SPDX-License-Identifier: MIT
 *
 * What all compute VMs of one KFD process share (the kernel's amdkfd_process_info). It belongs to
 * its VMs: the first one that is acquired makes it, the last one to leave destroys it.
 */
#ifndef SOFTGPU_VM_PROCESS_H
#define SOFTGPU_VM_PROCESS_H

#include <stdbool.h>

#include "softgpu/vm/vm.h"

struct vm_process_info;

unsigned vm_process_info_vm_count(struct vm_process_info *info);

/* Calls `visit` for each VM until it returns false; `visit` must not acquire or release VMs. */
void vm_process_info_for_each_vm(struct vm_process_info *info,
                                 bool (*visit)(void *context, struct gpu_vm *vm), void *context);

#endif
