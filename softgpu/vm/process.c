/* SPDX-License-Identifier: MIT
 *
 * Order of checks: amdgpu_amdkfd_gpuvm_acquire_process_vm(), amdgpu_vm_make_compute() and
 * init_kfd_vm() in the kernel.
 */
#include "softgpu/vm/process.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/log.h"
#include "softgpu/vm/vm_internal.h"

struct vm_process_info {
    pthread_mutex_t lock;
    struct gpu_vm *vms; /* borrowed: each leaves before it ends */
    unsigned count;
};

static struct vm_process_info *process_info_create(void)
{
    struct vm_process_info *info = calloc(1, sizeof *info);

    if (info)
        pthread_mutex_init(&info->lock, NULL);
    return info;
}

static void process_info_destroy(struct vm_process_info *info)
{
    pthread_mutex_destroy(&info->lock);
    free(info);
}

static rw_status already_acquired(void)
{
    return RW_FAIL(EINVAL, "this DRM file's VM is acquired already, for another GPU, process or "
                           "context");
}

/* The flag stays when a later step fails, as in the kernel; a new attempt is possible. */
static rw_status make_compute(struct gpu_vm *vm, bool require_empty)
{
    rw_status s = RW_OK;

    pthread_mutex_lock(&vm->lock);
    if (vm->process_info)
        s = already_acquired();
    else if (require_empty && vm->table.used)
        s = RW_FAIL(EINVAL, "this kernel acquires a VM only before anything was mapped in it "
                            "(later kernels, from 6.5 on, do not mind)");
    else
        vm->is_compute = true;
    pthread_mutex_unlock(&vm->lock);
    return s;
}

/* The kernel's cmpxchg: of two that got here, one loses. */
static rw_status join(struct gpu_vm *vm, struct vm_process_info *info)
{
    rw_status s = RW_OK;

    pthread_mutex_lock(&vm->lock);
    if (vm->process_info)
        s = already_acquired();
    else
        vm->process_info = info;
    pthread_mutex_unlock(&vm->lock);
    RW_TRY(s);
    pthread_mutex_lock(&info->lock);
    DL_APPEND(info->vms, vm);
    info->count++;
    pthread_mutex_unlock(&info->lock);
    return RW_OK;
}

rw_status gpu_vm_acquire_compute(struct drm_file *file, struct vm_process_info **info,
                                 bool require_empty)
{
    struct gpu_vm *vm = drm_file_vm(file);
    struct vm_process_info *made = NULL;
    rw_status s;

    RW_TRY(make_compute(vm, require_empty));
    if (!*info) {
        made = process_info_create();
        if (!made)
            return RW_FAIL(ENOMEM, "no memory for a process's compute VMs");
    }
    s = join(vm, made ? made : *info);
    if (!rw_ok(s)) {
        if (made)
            process_info_destroy(made);
        return s;
    }
    if (made)
        *info = made;
    return RW_OK;
}

void gpu_vm_release_compute(struct drm_file *file, struct vm_process_info **info)
{
    struct gpu_vm *vm = drm_file_vm(file);
    struct vm_process_info *left;
    unsigned count;

    pthread_mutex_lock(&vm->lock);
    left = vm->process_info;
    vm->process_info = NULL;
    pthread_mutex_unlock(&vm->lock);
    if (!left)
        return;
    pthread_mutex_lock(&left->lock);
    DL_DELETE(left->vms, vm);
    count = --left->count;
    pthread_mutex_unlock(&left->lock);
    if (count)
        return;
    process_info_destroy(left);
    if (info && *info == left)
        *info = NULL;
}

unsigned vm_process_info_vm_count(struct vm_process_info *info)
{
    unsigned count;

    pthread_mutex_lock(&info->lock);
    count = info->count;
    pthread_mutex_unlock(&info->lock);
    return count;
}

void vm_process_info_for_each_vm(struct vm_process_info *info,
                                 bool (*visit)(void *context, struct gpu_vm *vm), void *context)
{
    struct gpu_vm *vm;

    pthread_mutex_lock(&info->lock);
    DL_FOREACH(info->vms, vm)
    {
        if (!visit(context, vm))
            break;
    }
    pthread_mutex_unlock(&info->lock);
}
