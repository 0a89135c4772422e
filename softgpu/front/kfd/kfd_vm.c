/* SPDX-License-Identifier: MIT
 *
 * ACQUIRE_VM: compute takes the VM that opening the DRM device has made.
 *
 *     program's fd -> open file -> drm_file { gpu_vm } <- mappings of GEM and of KFD alike
 *                        ^            |
 *     kfd_pdd.render_file            gpu_vm -> vm_process_info, one per process
 *
 * The VM belongs to the DRM file and lives as long as it. The KFD owns no VM: it keeps one
 * reference on the open file, and that is the whole of its claim. So the program may close its
 * descriptor at once, and two descriptors mean the same VM exactly when they are the same open
 * file: dup() yes, a second open() no. Nothing ever gives a VM back but the end of the process.
 *
 * The order of the checks is the kernel's (kfd_ioctl_acquire_vm, kfd_process_device_init_vm,
 * amdgpu_amdkfd_gpuvm_acquire_process_vm): programs tell EBUSY from EINVAL by it.
 */
#include "softgpu/front/kfd/kfd_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/nodes.h"
#include "softgpu/front/remote.h"

/* The trap pages: handler code in the first page, its argument half-way into the second. */
#define TRAP_BYTES      (2 * GPU_PAGE_SIZE)
#define TRAP_TMA_OFFSET (GPU_PAGE_SIZE + 2048)

/* Where they were before there was a reserved top for them: SVM_CWSR_BASE of 6.1. */
#define TRAP_VA_LOW 0x2000u

/* ---- the acquired VM ---- */

struct gpu_vm *kfd_pdd_vm(const struct kfd_pdd *pdd)
{
    return pdd->drm_file ? drm_file_vm(pdd->drm_file) : NULL;
}

static gpu_va trap_va(const struct kfd_pdd *pdd)
{
    const struct gpu_vm_limits *limits = gpu_vm_limits(kfd_pdd_vm(pdd));

    if (kfd_kernel(pdd->process)->seq64)
        return gpu_va_make(limits->size - limits->reserved_top);
    return gpu_va_make(TRAP_VA_LOW);
}

/* The kernel maps its first-level trap handler into every compute VM. Here the first level is the
 * device itself; the pages and the second-level words in them are what a program could look at. */
static rw_status trap_map(struct kfd_pdd *pdd)
{
    const struct mem_bo_desc desc = {.size = TRAP_BYTES, .domains = MEM_DOMAIN_GTT};
    struct kfd_trap *trap = &pdd->trap;
    rw_status status;

    RW_TRY(mem_bo_create(pdd->device->heaps, &desc, "kfd trap handler", &trap->bo));
    mem_bo_pin(trap->bo);
    trap->va = trap_va(pdd);
    status = gpu_vm_map(kfd_pdd_vm(pdd), GPU_VM_OWNER_KERNEL, trap->bo, 0, trap->va, TRAP_BYTES,
                        GPU_VM_PAGE_READABLE | GPU_VM_PAGE_EXECUTABLE);
    if (!rw_ok(status)) {
        mem_bo_put(trap->bo);
        trap->bo = NULL;
    }
    return status;
}

static void trap_unmap(struct kfd_pdd *pdd)
{
    if (!pdd->trap.bo)
        return;
    gpu_vm_unmap_bo(kfd_pdd_vm(pdd), GPU_VM_OWNER_KERNEL, pdd->trap.bo);
    mem_bo_put(pdd->trap.bo);
    pdd->trap.bo = NULL;
}

void kfd_pdd_set_trap_handler(struct kfd_pdd *pdd, gpu_va tba, gpu_va tma)
{
    uint64_t *second_level = (uint64_t *)(void *)(pdd->trap.bo->host + TRAP_TMA_OFFSET);

    pdd->trap.tba = tba;
    pdd->trap.tma = tma;
    second_level[0] = tba.addr;
    second_level[1] = tma.addr;
    kfd_queues_update_trap_handler(pdd);
}

/* Turns the file's VM into a compute VM of this process and puts the kernel's own pages into it.
 * On success the pdd points at the file; the reference that keeps it so is the caller's to take. */
static rw_status pdd_adopt_file(struct kfd_pdd *pdd, struct drm_file *file)
{
    struct kfd_process *process = pdd->process;
    rw_status status;

    RW_TRY(gpu_vm_acquire_compute(file, &process->vm_info,
                                  kfd_kernel(process)->acquire_needs_empty_vm));
    pdd->drm_file = file;
    status = trap_map(pdd);
    if (rw_ok(status)) {
        status = kfd_evict_add_vm(pdd);
        if (!rw_ok(status))
            trap_unmap(pdd);
    }
    if (!rw_ok(status)) {
        pdd->drm_file = NULL;
        gpu_vm_release_compute(file, &process->vm_info);
    }
    return status;
}

void kfd_pdd_release_vm(struct kfd_pdd *pdd)
{
    struct drm_file *file = pdd->drm_file;

    if (!file)
        return;
    trap_unmap(pdd);
    kfd_evict_remove_vm(pdd);
    gpu_vm_release_compute(file, &pdd->process->vm_info);
    pdd->drm_file = NULL;
    if (pdd->render_file)
        node_file_put(pdd->render_file);
    else
        drm_file_put(file); /* made by pdd_make_own_vm() */
    pdd->render_file = NULL;
}

/* ---- ACQUIRE_VM ---- */

/* fget() of the kernel: an O_PATH descriptor is no file to it. */
static bool fd_is_open_file(int fd)
{
    long flags = syscall(SYS_fcntl, fd, F_GETFL);

    return flags >= 0 && !(flags & O_PATH);
}

static rw_status check_same_file(const struct kfd_pdd *pdd, const struct node *file)
{
    if (pdd->render_file && pdd->render_file == file)
        return RW_OK; /* acquiring what is already ours */
    return RW_FAIL(EBUSY,
                   "GPU %#x of this process has a VM already, of another open file; a dup() of the "
                   "first descriptor would be the same file",
                   pdd->device->gpu_id);
}

/* The kernel does not check this, and lets a VM of one GPU run queues of another: undefined. */
static rw_status check_same_gpu(const struct kfd_pdd *pdd, const struct drm_file *file)
{
    unsigned device = drm_file_device(file);

    if (device == pdd->device->index)
        return RW_OK;
    return RW_FAIL(EINVAL,
                   "the descriptor is one of GPU %#x (renderD%u), but its VM is wanted for GPU %#x "
                   "(renderD%u)",
                   pdd->process->machine->devices[device].gpu_id,
                   pdd->process->machine->devices[device].render_minor, pdd->device->gpu_id,
                   pdd->device->render_minor);
}

static rw_status pdd_acquire_vm(struct kfd_pdd *pdd, struct node *render_file)
{
    if (pdd->drm_file)
        return check_same_file(pdd, render_file);
    struct drm_file *file = render_file ? drm_node_file(render_file) : NULL;
    if (!file)
        return RW_FAIL(EINVAL, "the descriptor is not one of an amdgpu DRM device");
    RW_TRY(check_same_gpu(pdd, file));
    RW_TRY(pdd_adopt_file(pdd, file));
    node_file_get(render_file); /* the KFD's one claim on the VM */
    pdd->render_file = render_file;
    rw_debug(kfd, "GPU %#x uses the VM of renderD%u", pdd->device->gpu_id,
             pdd->device->render_minor);
    return RW_OK;
}

rw_status kfd_ioctl_acquire_vm(void *context, void *argument)
{
    const struct kfd_ioctl_acquire_vm_args *args = argument;
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    int fd = (int)args->drm_fd;
    rw_status status;

    if (!fd_is_open_file(fd))
        return RW_FAIL(EINVAL, "descriptor %d is not open", fd);
    struct node *render_file = node_get_by_fd(fd); /* NULL: a file, but none of ours */
    pid_t owner = render_file ? 0 : remote_owner(fd);
    pthread_mutex_lock(&process->mutex);
    struct kfd_pdd *pdd = kfd_pdd_find(process, args->gpu_id);
    if (!pdd)
        status = kfd_unknown_gpu("ACQUIRE_VM", args->gpu_id);
    else if (owner && !pdd->drm_file)
        status = front_lacks(RW_AREA_kfd, EINVAL,
                             "ACQUIRE_VM: descriptor %d is of a device that process %d has opened; "
                             "softgpu's VMs are one process's each. Open the device here",
                             fd, (int)owner);
    else
        status = pdd_acquire_vm(pdd, render_file);
    pthread_mutex_unlock(&process->mutex);
    if (render_file)
        node_put(render_file);
    return status;
}

/* ---- operations that need a VM ---- */

/* Kernel 5.10 and before: whoever did not acquire a VM gets one of the KFD's own making. */
static rw_status pdd_make_own_vm(struct kfd_pdd *pdd)
{
    const struct gpu_vm_limits limits = soft_vm_limits(kfd_kernel(pdd->process));
    struct drm_file *file;
    rw_status status;

    RW_TRY(drm_file_create(pdd->device->index, pdd->device->heaps, &limits, true, &file));
    status = pdd_adopt_file(pdd, file);
    if (!rw_ok(status))
        drm_file_put(file);
    return status;
}

rw_status kfd_pdd_bind(struct kfd_pdd *pdd)
{
    if (pdd->drm_file)
        return RW_OK;
    if (kfd_kernel(pdd->process)->own_vm_without_acquire)
        return pdd_make_own_vm(pdd);
    return RW_FAIL(ENODEV, "GPU %#x has no VM yet in this process; ACQUIRE_VM comes first",
                   pdd->device->gpu_id);
}
