/* SPDX-License-Identifier: MIT
 *
 * The three dma-buf ioctls: what is behind a dma-buf, taking one in, giving one out.
 */
#include <amdgpu_drm.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/kfd/kfd_vm.h"
#include "softgpu/front/nodes.h"

/* Only VRAM and system memory are of any use to compute. */
static rw_status check_domains(const struct mem_bo *bo)
{
    if (bo->domains & (MEM_DOMAIN_VRAM | MEM_DOMAIN_GTT))
        return RW_OK;
    return RW_FAIL(EINVAL, "a %s is neither VRAM nor GTT memory", bo->label);
}

/* ---- GET_DMABUF_INFO ---- */

/* `metadata_size` becomes the true size before it is compared, as in the kernel. */
static rw_status copy_out_metadata(struct mem_bo *bo, struct kfd_ioctl_get_dmabuf_info_args *args)
{
    uint32_t room = args->metadata_size;
    uint8_t metadata[sizeof bo->metadata];

    pthread_mutex_lock(&bo->lock);
    args->metadata_size = bo->metadata_size;
    memcpy(metadata, bo->metadata, bo->metadata_size);
    pthread_mutex_unlock(&bo->lock);
    if (args->metadata_size > room)
        return RW_FAIL(EINVAL, "%u bytes of metadata do not fit into %u", args->metadata_size,
                       room);
    if (!args->metadata_ptr || !args->metadata_size)
        return RW_OK;
    return front_copy_out(args->metadata_ptr, metadata, args->metadata_size);
}

static rw_status fill_info(const struct kfd_process *process, struct mem_bo *bo,
                           struct kfd_ioctl_get_dmabuf_info_args *args)
{
    RW_TRY(check_domains(bo));
    args->size = bo->size;
    RW_TRY(copy_out_metadata(bo, args));
    args->gpu_id = process->machine->devices[bo->device].gpu_id;
    args->flags =
        bo->domains & MEM_DOMAIN_VRAM ? KFD_IOC_ALLOC_MEM_FLAGS_VRAM : KFD_IOC_ALLOC_MEM_FLAGS_GTT;
    if (bo->create_flags & AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED)
        args->flags |= KFD_IOC_ALLOC_MEM_FLAGS_PUBLIC;
    return RW_OK;
}

rw_status kfd_ioctl_get_dmabuf_info(void *context, void *argument)
{
    const struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_get_dmabuf_info_args *args = argument;
    struct mem_bo *bo;

    RW_TRY(dmabuf_import((int)args->dmabuf_fd, &bo));
    rw_status status = fill_info(process, bo, args);
    mem_bo_put(bo);
    return status;
}

/* ---- IMPORT_DMABUF ---- */

/* Up to 6.7 only dma-bufs of the very same GPU could be imported. */
static rw_status check_device(const struct kfd_pdd *pdd, const struct mem_bo *bo)
{
    if (kfd_kernel(pdd->process)->gem_handles_for_kfd || bo->device == pdd->device->index)
        return RW_OK;
    return RW_FAIL(EINVAL, "the dma-buf is of another GPU, which kernel %s does not import",
                   kfd_kernel(pdd->process)->name);
}

/* Takes over the reference on `bo` when it succeeds. From 6.8 on the import alone makes the buffer
 * part of what is resident while queues run, mapped or not: `va` may be 0. */
static rw_status import_bo(struct kfd_pdd *pdd, struct mem_bo *bo, uint64_t va,
                           uint32_t *out_number)
{
    struct kfd_bo *import;
    rw_status status;

    RW_TRY(check_domains(bo));
    RW_TRY(check_device(pdd, bo));
    import = calloc(1, sizeof *import);
    if (!import)
        return RW_FAIL(ENOMEM, "no memory for a KFD buffer");
    import->pdd = pdd;
    import->bo = bo;
    import->va = gpu_va_make(va);
    import->imported = true;
    import->flags = KFD_ALLOC_FLAG_WRITABLE | KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE;
    import->flags |=
        bo->domains & MEM_DOMAIN_VRAM ? KFD_IOC_ALLOC_MEM_FLAGS_VRAM : KFD_IOC_ALLOC_MEM_FLAGS_GTT;
    status = kfd_evict_add_bo(import);
    if (rw_ok(status))
        status = kfd_bo_register(import, out_number);
    if (!rw_ok(status)) {
        kfd_evict_remove_bo(import);
        free(import);
        return status;
    }
    drm_file_mmap_allow(pdd->drm_file, bo);
    return RW_OK;
}

static rw_status import_locked(struct kfd_process *process,
                               struct kfd_ioctl_import_dmabuf_args *args)
{
    struct kfd_pdd *pdd = kfd_pdd_find(process, args->gpu_id);
    struct mem_bo *bo;
    uint32_t number;

    if (!pdd)
        return kfd_unknown_gpu("IMPORT_DMABUF", args->gpu_id);
    RW_TRY(kfd_pdd_bind(pdd));
    RW_TRY(dmabuf_import((int)args->dmabuf_fd, &bo));
    rw_status status = import_bo(pdd, bo, args->va_addr, &number);
    if (!rw_ok(status)) {
        mem_bo_put(bo);
        return status;
    }
    args->handle = kfd_handle_make(args->gpu_id, number);
    return RW_OK;
}

rw_status kfd_ioctl_import_dmabuf(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;

    pthread_mutex_lock(&process->mutex);
    rw_status status = import_locked(process, argument);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- EXPORT_DMABUF ---- */

/* New BO reference. */
static rw_status exportable_locked(struct kfd_process *process, uint64_t handle,
                                   struct mem_bo **out_bo)
{
    struct kfd_pdd *pdd = kfd_pdd_find(process, kfd_handle_gpu_id(handle));

    if (!pdd)
        return kfd_unknown_gpu("EXPORT_DMABUF", kfd_handle_gpu_id(handle));
    const struct kfd_bo *bo = kfd_bo_find(pdd, kfd_handle_number(handle));
    if (!bo)
        return RW_FAIL(EINVAL, "handle %#llx names no buffer", (unsigned long long)handle);
    if (bo->bo->backing == MEM_BACKING_USERPTR)
        return RW_FAIL(EPERM, "host memory of one process cannot be shared as a dma-buf");
    *out_bo = mem_bo_get(bo->bo);
    return RW_OK;
}

rw_status kfd_ioctl_export_dmabuf(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_export_dmabuf_args *args = argument;
    struct mem_bo *bo = NULL;
    int fd = -1;

    pthread_mutex_lock(&process->mutex);
    rw_status status = exportable_locked(process, args->handle, &bo);
    pthread_mutex_unlock(&process->mutex);
    RW_TRY(status);
    status = dmabuf_export(bo, (int)args->flags, &fd);
    mem_bo_put(bo);
    if (rw_ok(status))
        args->dmabuf_fd = (uint32_t)fd;
    return status;
}
