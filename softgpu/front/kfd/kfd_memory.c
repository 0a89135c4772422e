/* SPDX-License-Identifier: MIT
 *
 * ALLOC, FREE, MAP and UNMAP of KFD memory. The order of the checks is that of kfd_chardev.c and
 * amdgpu_amdkfd_gpuvm.c.
 */
#include "softgpu/front/kfd/kfd_memory.h"

#include <amdgpu_drm.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_host_memory.h"
#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/kfd/kfd_vm.h"

/* Create flags that headers of 2022 do not have. */
#ifndef AMDGPU_GEM_CREATE_COHERENT
#define AMDGPU_GEM_CREATE_COHERENT (1 << 13)
#endif
#ifndef AMDGPU_GEM_CREATE_UNCACHED
#define AMDGPU_GEM_CREATE_UNCACHED (1 << 14)
#endif
#ifndef AMDGPU_GEM_CREATE_EXT_COHERENT
#define AMDGPU_GEM_CREATE_EXT_COHERENT (1 << 15)
#endif
#ifndef AMDGPU_GEM_CREATE_PREEMPTIBLE
#define AMDGPU_GEM_CREATE_PREEMPTIBLE (1 << 11)
#endif

#define FLAG(name) KFD_IOC_ALLOC_MEM_FLAGS_##name

/* ---- ALLOC ---- */

/* Which of the type flags decides, when there are several. */
enum kfd_bo_type { BO_NONE, BO_VRAM, BO_GTT, BO_USERPTR, BO_DOORBELL, BO_MMIO };

static enum kfd_bo_type type_of(uint32_t flags)
{
    if (flags & FLAG(VRAM))
        return BO_VRAM;
    if (flags & FLAG(GTT))
        return BO_GTT;
    if (flags & FLAG(USERPTR))
        return BO_USERPTR;
    if (flags & FLAG(DOORBELL))
        return BO_DOORBELL;
    return flags & FLAG(MMIO_REMAP) ? BO_MMIO : BO_NONE;
}

static const char *const type_labels[] = {
    [BO_VRAM] = "KFD VRAM",          [BO_GTT] = "KFD GTT",   [BO_USERPTR] = "KFD userptr",
    [BO_DOORBELL] = "KFD doorbells", [BO_MMIO] = "KFD MMIO",
};

static uint64_t create_flags_of(enum kfd_bo_type type, uint32_t flags)
{
    uint64_t create = 0;

    if (type == BO_VRAM) {
        create |= AMDGPU_GEM_CREATE_VRAM_WIPE_ON_RELEASE | AMDGPU_GEM_CREATE_VRAM_CLEARED;
        if (flags & FLAG(PUBLIC))
            create |= AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED;
        if (flags & KFD_ALLOC_FLAG_CONTIGUOUS)
            create |= AMDGPU_GEM_CREATE_VRAM_CONTIGUOUS;
    } else if (type != BO_GTT) {
        create |= AMDGPU_GEM_CREATE_PREEMPTIBLE;
    }
    if (flags & FLAG(COHERENT))
        create |= AMDGPU_GEM_CREATE_COHERENT;
    if (flags & KFD_ALLOC_FLAG_EXT_COHERENT)
        create |= AMDGPU_GEM_CREATE_EXT_COHERENT;
    if (flags & FLAG(UNCACHED))
        create |= AMDGPU_GEM_CREATE_UNCACHED;
    return create;
}

/* VA and, for host memory, its CPU address must not lie in SVM ranges. */
static rw_status check_svm(struct kfd_process *process,
                           const struct kfd_ioctl_alloc_memory_of_gpu_args *args)
{
    bool no_address = !args->va_addr && (args->flags & FLAG(VRAM));

    if (!no_address && kfd_svm_overlaps(process, args->va_addr, args->size))
        return RW_FAIL(EADDRINUSE, "address %#llx lies in an SVM range",
                       (unsigned long long)args->va_addr);
    if ((args->flags & FLAG(USERPTR)) && kfd_svm_overlaps(process, args->mmap_offset, args->size))
        return RW_FAIL(EADDRINUSE, "host memory at %#llx is registered as SVM already",
                       (unsigned long long)args->mmap_offset);
    return RW_OK;
}

static rw_status check_fixed_size(const struct kfd_ioctl_alloc_memory_of_gpu_args *args)
{
    if ((args->flags & FLAG(DOORBELL)) && args->size != DOORBELL_SLICE_BYTES)
        return RW_FAIL(EINVAL, "the doorbells of a process are %u bytes, not %llu",
                       DOORBELL_SLICE_BYTES, (unsigned long long)args->size);
    if ((args->flags & FLAG(MMIO_REMAP)) && !(args->flags & FLAG(DOORBELL)) &&
        args->size != GPU_PAGE_SIZE)
        return RW_FAIL(EINVAL, "the remapped registers are one page, not %llu bytes",
                       (unsigned long long)args->size);
    return RW_OK;
}

/* Where the pages are: fills what the type needs to know. */
static rw_status desc_set_backing(struct kfd_pdd *pdd, enum kfd_bo_type type,
                                  const struct kfd_ioctl_alloc_memory_of_gpu_args *args,
                                  struct mem_bo_desc *desc)
{
    desc->domains = type == BO_VRAM ? MEM_DOMAIN_VRAM : MEM_DOMAIN_GTT;
    switch (type) {
    case BO_USERPTR:
        desc->backing = MEM_BACKING_USERPTR;
        desc->user_address = args->mmap_offset & ~(uint64_t)(GPU_PAGE_SIZE - 1);
        return kfd_host_memory_check(desc->user_address, desc->size, true);
    case BO_DOORBELL:
        RW_TRY(kfd_doorbells_make(pdd));
        desc->backing = MEM_BACKING_PAGES;
        desc->pages = doorbell_slice_gpu(pdd->doorbells.slice);
        desc->pages_fd = doorbell_slice_fd(pdd->doorbells.slice);
        return RW_OK;
    case BO_MMIO:
        desc->backing = MEM_BACKING_PAGES;
        return kfd_mmio_page(pdd->device, &desc->pages, &desc->pages_fd);
    default:
        desc->backing = MEM_BACKING_POOL;
        return RW_OK;
    }
}

/* The buffer object behind a KFD buffer; accounted, and freed by kfd_bo_free(). */
static rw_status bo_allocate(struct kfd_bo *bo, enum kfd_bo_type type,
                             const struct kfd_ioctl_alloc_memory_of_gpu_args *args)
{
    uint64_t size = bo->aql_ring ? args->size / 2 : args->size;
    struct mem_bo_desc desc = {.create_flags = create_flags_of(type, bo->flags)};
    struct soft_device *device = bo->pdd->device;
    rw_status status;

    if (!size || size > UINT64_MAX - GPU_PAGE_SIZE)
        return RW_FAIL(EINVAL, "a buffer of %llu bytes", (unsigned long long)args->size);
    desc.size = (size + GPU_PAGE_SIZE - 1) & ~(uint64_t)(GPU_PAGE_SIZE - 1);
    RW_TRY(kfd_limit_reserve(device, desc.size, bo->flags));
    status = desc_set_backing(bo->pdd, type, args, &desc);
    if (rw_ok(status))
        status = mem_bo_create(device->heaps, &desc, type_labels[type], &bo->bo);
    if (!rw_ok(status)) {
        kfd_limit_release(device, desc.size, bo->flags);
        return status;
    }
    drm_file_mmap_allow(bo->pdd->drm_file, bo->bo);
    return kfd_evict_add_bo(bo);
}

static rw_status bo_create(struct kfd_pdd *pdd,
                           const struct kfd_ioctl_alloc_memory_of_gpu_args *args,
                           struct kfd_bo **out_bo)
{
    enum kfd_bo_type type = type_of(args->flags);
    struct kfd_bo *bo;
    rw_status status;

    if (type == BO_NONE)
        return RW_FAIL(EINVAL, "flags %#x name no type of memory", args->flags);
    if (type == BO_USERPTR)
        RW_TRY(kfd_primary_only(pdd->process, "ALLOC_MEMORY_OF_GPU of host memory"));
    if (type == BO_USERPTR && !args->mmap_offset)
        return RW_FAIL(EINVAL, "host memory at address 0");
    bo = calloc(1, sizeof *bo);
    if (!bo)
        return RW_FAIL(ENOMEM, "no memory for a KFD buffer");
    bo->pdd = pdd;
    bo->va = gpu_va_make(args->va_addr);
    bo->flags = args->flags;
    bo->aql_ring = args->flags & FLAG(AQL_QUEUE_MEM);
    status = bo_allocate(bo, type, args);
    if (!rw_ok(status)) {
        kfd_bo_free(bo);
        return status;
    }
    *out_bo = bo;
    return RW_OK;
}

static rw_status alloc_locked(struct kfd_process *process,
                              struct kfd_ioctl_alloc_memory_of_gpu_args *args)
{
    struct kfd_bo *bo = NULL;
    uint32_t number;

    RW_TRY(check_svm(process, args));
    struct kfd_pdd *pdd = kfd_pdd_find(process, args->gpu_id);
    if (!pdd)
        return kfd_unknown_gpu("ALLOC_MEMORY_OF_GPU", args->gpu_id);
    RW_TRY(kfd_pdd_bind(pdd));
    RW_TRY(check_fixed_size(args));
    RW_TRY(bo_create(pdd, args, &bo));
    rw_status status = kfd_bo_register(bo, &number);
    if (!rw_ok(status)) {
        kfd_bo_free(bo);
        return status;
    }
    args->handle = kfd_handle_make(args->gpu_id, number);
    args->mmap_offset = args->flags & FLAG(MMIO_REMAP)
                            ? kfd_mmap_offset(KFD_MMAP_TYPE_MMIO, args->gpu_id)
                            : bo->bo->mmap_offset;
    return RW_OK;
}

rw_status kfd_ioctl_alloc_memory_of_gpu(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_alloc_memory_of_gpu_args *args = argument;

    if (!args->size)
        return RW_FAIL(EINVAL, "a buffer of 0 bytes");
    pthread_mutex_lock(&process->mutex);
    rw_status status = alloc_locked(process, args);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- FREE ---- */

static rw_status free_locked(struct kfd_process *process, uint64_t handle)
{
    uint64_t page_handle = kfd_events_page_handle(&process->events);

    if (page_handle && page_handle == handle)
        return RW_FAIL(EPERM, "the signal page is freed with the process, not before");
    struct kfd_pdd *pdd = kfd_pdd_find(process, kfd_handle_gpu_id(handle));
    if (!pdd)
        return kfd_unknown_gpu("FREE_MEMORY_OF_GPU", kfd_handle_gpu_id(handle));
    struct kfd_bo *bo = kfd_bo_find(pdd, kfd_handle_number(handle));
    if (!bo)
        return RW_FAIL(EINVAL, "handle %#llx names no buffer", (unsigned long long)handle);
    if (bo->mapped_count)
        return RW_FAIL(EBUSY, "the buffer at %#llx is still mapped; UNMAP comes first",
                       (unsigned long long)bo->va.addr);
    handle_table_give_back(&pdd->bos, kfd_handle_number(handle));
    kfd_bo_free(bo);
    return RW_OK;
}

rw_status kfd_ioctl_free_memory_of_gpu(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_free_memory_of_gpu_args *args = argument;

    pthread_mutex_lock(&process->mutex);
    rw_status status = free_locked(process, args->handle);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- MAP and UNMAP ---- */

/* The two have the same arguments (asserted below) and differ in what they do to each GPU. */
struct mapping_op {
    const char *name;
    bool needs_vms; /* ENODEV when a GPU has no VM */
    rw_status (*apply)(struct kfd_bo *bo, struct kfd_pdd *peer);
};

static const struct mapping_op map_op = {"MAP_MEMORY_TO_GPU", true, kfd_bo_map};
static const struct mapping_op unmap_op = {"UNMAP_MEMORY_FROM_GPU", false, kfd_bo_unmap};

static_assert(sizeof(struct kfd_ioctl_map_memory_to_gpu_args) ==
                      sizeof(struct kfd_ioctl_unmap_memory_from_gpu_args) &&
                  offsetof(struct kfd_ioctl_map_memory_to_gpu_args, n_success) ==
                      offsetof(struct kfd_ioctl_unmap_memory_from_gpu_args, n_success),
              "one handler serves both");

static rw_status apply_to_gpu_locked(const struct mapping_op *op, struct kfd_process *process,
                                     struct kfd_bo *bo, uint32_t gpu_id)
{
    struct kfd_pdd *peer = kfd_pdd_find(process, gpu_id);

    if (!peer)
        return kfd_unknown_gpu(op->name, gpu_id);
    if (op->needs_vms)
        RW_TRY(kfd_pdd_bind(peer));
    return op->apply(bo, peer);
}

static rw_status apply_to_gpus_locked(const struct mapping_op *op, struct kfd_process *process,
                                      struct kfd_ioctl_map_memory_to_gpu_args *args,
                                      const uint32_t *gpu_ids)
{
    struct kfd_pdd *pdd = kfd_pdd_find(process, kfd_handle_gpu_id(args->handle));

    if (!pdd)
        return kfd_unknown_gpu(op->name, kfd_handle_gpu_id(args->handle));
    if (op->needs_vms)
        RW_TRY(kfd_pdd_bind(pdd));
    struct kfd_bo *bo = kfd_bo_find(pdd, kfd_handle_number(args->handle));
    if (!bo)
        return RW_FAIL(ENOMEM, "handle %#llx names no buffer", (unsigned long long)args->handle);
    for (uint32_t i = args->n_success; i < args->n_devices; i++) {
        RW_TRY(apply_to_gpu_locked(op, process, bo, gpu_ids[i]));
        args->n_success = i + 1;
    }
    return RW_OK;
}

static rw_status apply_to_gpus(const struct mapping_op *op, struct kfd_process *process,
                               struct kfd_ioctl_map_memory_to_gpu_args *args)
{
    void *gpu_ids;

    if (!args->n_devices)
        return RW_FAIL(EINVAL, "no GPU is named");
    if (args->n_success > args->n_devices)
        return RW_FAIL(EINVAL, "n_success %u of %u GPUs", args->n_success, args->n_devices);
    RW_TRY(front_copy_in_array(args->device_ids_array_ptr, args->n_devices, sizeof(uint32_t),
                               FRONT_KMALLOC_MAX, &gpu_ids));
    pthread_mutex_lock(&process->mutex);
    rw_status status = apply_to_gpus_locked(op, process, args, gpu_ids);
    pthread_mutex_unlock(&process->mutex);
    free(gpu_ids);
    return status;
}

rw_status kfd_ioctl_map_memory_to_gpu(void *context, void *argument)
{
    return apply_to_gpus(&map_op, ((struct kfd_call *)context)->process, argument);
}

rw_status kfd_ioctl_unmap_memory_from_gpu(void *context, void *argument)
{
    return apply_to_gpus(&unmap_op, ((struct kfd_call *)context)->process, argument);
}
