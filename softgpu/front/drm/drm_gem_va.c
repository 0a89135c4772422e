/* SPDX-License-Identifier: MIT
 *
 * GEM_VA. Kernel: amdgpu_gem_va_ioctl(), whose order of checks this is.
 */
#include <errno.h>
#include <string.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

#define FLAGS_MAP                                                                                  \
    (AMDGPU_VM_DELAY_UPDATE | AMDGPU_VM_PAGE_READABLE | AMDGPU_VM_PAGE_WRITEABLE |                 \
     AMDGPU_VM_PAGE_EXECUTABLE | AMDGPU_VM_MTYPE_MASK | DRM_UAPI_VM_PAGE_NOALLOC)
#define FLAGS_PRT (AMDGPU_VM_DELAY_UPDATE | AMDGPU_VM_PAGE_PRT)

/* What the VM keeps of the flags: rights. Memory types and cache hints have no effect here. */
#define FLAGS_KEPT                                                                                 \
    (AMDGPU_VM_DELAY_UPDATE | AMDGPU_VM_PAGE_READABLE | AMDGPU_VM_PAGE_WRITEABLE |                 \
     AMDGPU_VM_PAGE_EXECUTABLE | AMDGPU_VM_PAGE_PRT)

static_assert((int)GPU_VM_DELAY_UPDATE == AMDGPU_VM_DELAY_UPDATE &&
                  (int)GPU_VM_PAGE_READABLE == AMDGPU_VM_PAGE_READABLE &&
                  (int)GPU_VM_PAGE_WRITEABLE == AMDGPU_VM_PAGE_WRITEABLE &&
                  (int)GPU_VM_PAGE_EXECUTABLE == AMDGPU_VM_PAGE_EXECUTABLE &&
                  (int)GPU_VM_PAGE_PRT == AMDGPU_VM_PAGE_PRT,
              "the VM's flags are the ioctl's");

/* Checks the range and masks its address. */
static rw_status check_range(const struct gpu_vm_limits *limits, struct drm_amdgpu_gem_va *args)
{
    uint64_t va = args->va_address, top = limits->size - limits->reserved_top;

    if (va < limits->reserved_bottom)
        return RW_FAIL(EINVAL, "va 0x%llx lies in the reserved 0x%llx bytes at the bottom",
                       (unsigned long long)va, (unsigned long long)limits->reserved_bottom);
    if (va >= GPU_VA_HOLE_START && va < GPU_VA_HOLE_END)
        return RW_FAIL(EINVAL, "va 0x%llx is not canonical", (unsigned long long)va);
    args->va_address &= GPU_VA_MASK;
    if (args->va_address + args->map_size > top)
        return RW_FAIL(
            EINVAL, "va 0x%llx, 0x%llx bytes: beyond 0x%llx, where reserved space begins",
            (unsigned long long)va, (unsigned long long)args->map_size, (unsigned long long)top);
    return RW_OK;
}

static rw_status check_request(struct drm_fpriv *fpriv, struct drm_amdgpu_gem_va *args)
{
    RW_TRY(check_range(gpu_vm_limits(drm_file_vm(fpriv->file)), args));
    if ((args->flags & ~(uint32_t)FLAGS_MAP) && (args->flags & ~(uint32_t)FLAGS_PRT))
        return RW_FAIL(EINVAL, "invalid combination of flags 0x%x", args->flags);
    switch (args->operation) {
    case AMDGPU_VA_OP_MAP:
    case AMDGPU_VA_OP_UNMAP:
    case AMDGPU_VA_OP_CLEAR:
    case AMDGPU_VA_OP_REPLACE:
        return RW_OK;
    default:
        return RW_FAIL(EINVAL, "unknown operation %u", args->operation);
    }
}

static rw_status operate(struct gpu_vm *vm, const struct drm_amdgpu_gem_va *args, struct mem_bo *bo)
{
    bool delay = args->flags & AMDGPU_VM_DELAY_UPDATE;
    uint32_t flags = args->flags & FLAGS_KEPT;
    gpu_va va = gpu_va_make(args->va_address);

    switch (args->operation) {
    case AMDGPU_VA_OP_MAP:
        return gpu_vm_map(vm, GPU_VM_OWNER_GEM, bo, args->offset_in_bo, va, args->map_size, flags);
    case AMDGPU_VA_OP_REPLACE:
        return gpu_vm_replace(vm, GPU_VM_OWNER_GEM, bo, args->offset_in_bo, va, args->map_size,
                              flags);
    case AMDGPU_VA_OP_UNMAP:
        return delay ? gpu_vm_unmap_delayed(vm, bo, va) : gpu_vm_unmap(vm, bo, va);
    default:
        return delay ? gpu_vm_clear_delayed(vm, va, args->map_size)
                     : gpu_vm_clear(vm, va, args->map_size);
    }
}

rw_status drm_ioctl_gem_va(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_amdgpu_gem_va *args = argument;
    struct gpu_vm *vm = drm_file_vm(fpriv->file);
    struct mem_bo *bo = NULL;
    rw_status s;

    RW_TRY(check_request(fpriv, args));
    if (args->operation != AMDGPU_VA_OP_CLEAR && !(args->flags & AMDGPU_VM_PAGE_PRT)) {
        RW_TRY(drm_gem_lookup(fpriv, args->handle, &bo));
        if (!gpu_vm_bo_is_attached(vm, bo)) { /* its handle was closed meanwhile */
            mem_bo_put(bo);
            return RW_FAIL(ENOENT, "GEM handle %u has no place in this VM", args->handle);
        }
    }
    /* The kernel updates page tables behind the jobs that have been submitted. */
    if (args->operation != AMDGPU_VA_OP_MAP)
        drm_sched_settle(fpriv->sched);
    s = operate(vm, args, bo);
    mem_bo_put(bo);
    return s;
}
