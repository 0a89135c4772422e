/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_vm.h"

struct kfd_bo *kfd_bo_find(struct kfd_pdd *pdd, uint32_t number)
{
    return handle_table_find(&pdd->bos, number);
}

rw_status kfd_bo_register(struct kfd_bo *bo, uint32_t *out_number)
{
    rw_status status = handle_table_take(&bo->pdd->bos, bo, out_number);

    /* The kernel answers EFAULT when its IDR has no number, whatever the reason. */
    return rw_ok(status) ? status : RW_FAIL(EFAULT, "no handle left for a KFD buffer");
}

static gpu_va half_va(const struct kfd_bo *bo, unsigned half)
{
    return gpu_va_make(bo->va.addr + half * bo->bo->size);
}

static unsigned halves(const struct kfd_bo *bo)
{
    return bo->aql_ring ? 2 : 1;
}

static uint32_t page_rights(const struct kfd_bo *bo)
{
    uint32_t rights = GPU_VM_PAGE_READABLE;

    if (bo->flags & KFD_ALLOC_FLAG_WRITABLE)
        rights |= GPU_VM_PAGE_WRITEABLE;
    if (bo->flags & KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE)
        rights |= GPU_VM_PAGE_EXECUTABLE;
    return rights;
}

static rw_status attach(struct kfd_bo *bo, struct kfd_pdd *peer)
{
    if (bo->attached[peer->index])
        return RW_OK;
    if (!bo->va.addr)
        return RW_FAIL(EINVAL, "the buffer has no address: it was allocated not to be mapped");
    RW_TRY(gpu_vm_bo_attach(kfd_pdd_vm(peer), bo->bo));
    bo->attached[peer->index] = true;
    return RW_OK;
}

rw_status kfd_bo_map(struct kfd_bo *bo, struct kfd_pdd *peer)
{
    bool *mapped = bo->mapped[peer->index];

    RW_TRY(attach(bo, peer));
    RW_TRY(kfd_evict_bo_mapped(bo));
    for (unsigned half = 0; half < halves(bo); half++) {
        if (mapped[half])
            continue;
        RW_TRY(gpu_vm_map(kfd_pdd_vm(peer), GPU_VM_OWNER_KFD, bo->bo, 0, half_va(bo, half),
                          bo->bo->size, page_rights(bo)));
        mapped[half] = true;
        bo->mapped_count++;
    }
    return RW_OK;
}

rw_status kfd_bo_unmap(struct kfd_bo *bo, struct kfd_pdd *peer)
{
    bool *mapped = bo->mapped[peer->index];
    struct gpu_vm *vm = kfd_pdd_vm(peer);

    if (!mapped[0] && !mapped[1])
        return RW_FAIL(EINVAL, "the buffer at %#llx is not mapped on GPU %#x",
                       (unsigned long long)bo->va.addr, peer->device->gpu_id);
    if (gpu_vm_used_by_queue(vm, bo->bo))
        return RW_FAIL(EBUSY, "the buffer at %#llx belongs to a queue; destroy the queue first",
                       (unsigned long long)bo->va.addr);
    for (unsigned half = 0; half < halves(bo); half++) {
        if (!mapped[half])
            continue;
        /* GEM_VA CLEAR may have taken the mapping away: no error then. */
        if (!rw_ok(gpu_vm_unmap(vm, bo->bo, half_va(bo, half))))
            rw_debug(kfd, "the mapping at %#llx was gone before its UNMAP",
                     (unsigned long long)half_va(bo, half).addr);
        mapped[half] = false;
        bo->mapped_count--;
    }
    if (!bo->mapped_count)
        kfd_evict_bo_unmapped(bo);
    return RW_OK;
}

/* What is left of our mappings (GEM_VA CLEAR may have split one) goes with the buffer; what GEM
 * has mapped stays as long as there is a GEM handle. */
static void bo_detach(struct kfd_bo *bo)
{
    struct kfd_process *process = bo->pdd->process;

    for (unsigned i = 0; i < process->pdd_count; i++) {
        struct gpu_vm *vm = kfd_pdd_vm(&process->pdds[i]);

        if (!bo->attached[i])
            continue;
        gpu_vm_unmap_bo(vm, GPU_VM_OWNER_KFD, bo->bo);
        gpu_vm_bo_detach(vm, bo->bo);
    }
}

void kfd_bo_free(struct kfd_bo *bo)
{
    if (bo->bo) {
        bo_detach(bo);
        kfd_evict_remove_bo(bo);
        drm_file_mmap_revoke(bo->pdd->drm_file, bo->bo);
        if (!bo->imported)
            kfd_limit_release(bo->pdd->device, bo->bo->size, bo->flags);
        mem_bo_put(bo->bo);
    }
    free(bo);
}

void kfd_pdd_free_bos(struct kfd_pdd *pdd)
{
    struct kfd_bo *bo;

    for (uint32_t number = 0; (bo = handle_table_at_or_above(&pdd->bos, &number)); number++)
        kfd_bo_free(bo);
    handle_table_finish(&pdd->bos);
}
