/* SPDX-License-Identifier: MIT
 *
 * GEM_VA. Kernel: amdgpu_gem_va_ioctl(), whose order of checks this is.
 */
#include <errno.h>
#include <stdlib.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_syncobj.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/drm/drm_update.h"

#define FLAGS_MAP                                                                                  \
    (AMDGPU_VM_DELAY_UPDATE | AMDGPU_VM_PAGE_READABLE | AMDGPU_VM_PAGE_WRITEABLE |                 \
     AMDGPU_VM_PAGE_EXECUTABLE | AMDGPU_VM_MTYPE_MASK | DRM_UAPI_VM_PAGE_NOALLOC)
#define FLAGS_PRT (AMDGPU_VM_DELAY_UPDATE | AMDGPU_VM_PAGE_PRT)

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

static bool only_takes_away(const struct drm_amdgpu_gem_va *args)
{
    return args->operation == AMDGPU_VA_OP_UNMAP || args->operation == AMDGPU_VA_OP_CLEAR;
}

static rw_status put_in(struct gpu_vm *vm, const struct drm_amdgpu_gem_va *args, struct mem_bo *bo)
{
    gpu_va va = gpu_va_make(args->va_address);

    /* Memory types and cache hints are kept with the flags, but have no effect here. */
    if (args->operation == AMDGPU_VA_OP_MAP)
        return gpu_vm_map(vm, GPU_VM_OWNER_GEM, bo, args->offset_in_bo, va, args->map_size,
                          args->flags);
    return gpu_vm_replace(vm, GPU_VM_OWNER_GEM, bo, args->offset_in_bo, va, args->map_size,
                          args->flags);
}

static rw_status take_away(struct drm_fpriv *fpriv, const struct drm_amdgpu_gem_va *args,
                           struct mem_bo *bo)
{
    struct gpu_vm *vm = drm_file_vm(fpriv->file);
    gpu_va va = gpu_va_make(args->va_address);
    bool unmap = args->operation == AMDGPU_VA_OP_UNMAP;
    uint64_t ticket;

    RW_TRY(drm_update_begin(fpriv->sched, &ticket));
    if (ticket == 0 && (args->flags & AMDGPU_VM_DELAY_UPDATE))
        return unmap ? gpu_vm_unmap_delayed(vm, bo, va)
                     : gpu_vm_clear_delayed(vm, va, args->map_size);
    return unmap ? gpu_vm_unmap_behind(vm, bo, va, ticket)
                 : gpu_vm_clear_behind(vm, va, args->map_size, ticket);
}

/* Page tables are updated behind the jobs that have been submitted. Where something else is put in
 * the place of what they use, that is waited for here. */
static rw_status operate(struct drm_fpriv *fpriv, const struct drm_amdgpu_gem_va *args,
                         struct mem_bo *bo)
{
    struct gpu_vm *vm = drm_file_vm(fpriv->file);

    if (only_takes_away(args))
        return take_away(fpriv, args, bo);
    if (args->operation == AMDGPU_VA_OP_REPLACE ||
        gpu_vm_is_behind(vm, gpu_va_make(args->va_address), args->map_size))
        drm_sched_settle(fpriv->sched);
    return put_in(vm, args, bo);
}

/* ---- fences of the page-table update ---- */

static rw_status fence_wait(struct drm_fpriv *fpriv, uint32_t handle)
{
    struct drm_fence *fence;

    if (!handle)
        return RW_FAIL(EINVAL, "no syncobj has the handle 0");
    RW_TRY(drm_syncobj_find_fence(fpriv, handle, 0, 0, &fence));
    drm_fence_lock();
    (void)drm_fence_wait_locked(fence, DRM_FENCE_FOREVER);
    drm_fence_unlock();
    drm_fence_put(fence);
    return RW_OK;
}

/* In the ioctl, as the kernel does it. */
static rw_status input_fences_wait(struct drm_fpriv *fpriv, const struct drm_uapi_gem_va *args)
{
    rw_status s = RW_OK;
    void *handles;

    if (!args->num_syncobj_handles)
        return RW_OK;
    RW_TRY(front_copy_in_array(args->input_fence_syncobj_handles, args->num_syncobj_handles,
                               sizeof(uint32_t), FRONT_KMALLOC_MAX, &handles));
    for (uint32_t i = 0; rw_ok(s) && i < args->num_syncobj_handles; i++)
        s = fence_wait(fpriv, ((const uint32_t *)handles)[i]);
    free(handles);
    return s;
}

/* The fence of the last update, or, when the page tables are up to date, one that is signalled. */
static rw_status output_fence_put_in(struct drm_fpriv *fpriv, struct drm_syncobj *syncobj,
                                     uint64_t point)
{
    struct drm_fence *fence = drm_update_last(fpriv->sched);
    rw_status s;

    if (!fence && !(fence = drm_fence_create_signalled()))
        return RW_FAIL(ENOMEM, "no memory for a fence");
    s = drm_syncobj_put_in(syncobj, fence, point);
    drm_fence_put(fence);
    return s;
}

/* New reference, or NULL when none is asked for. */
static rw_status output_syncobj_find(struct drm_fpriv *fpriv, uint32_t handle,
                                     struct drm_syncobj **out_syncobj)
{
    *out_syncobj = handle ? drm_syncobj_find(fpriv, handle) : NULL;
    if (handle && !*out_syncobj)
        return RW_FAIL(ENOENT, "syncobj handle %u is not open in this file", handle);
    return RW_OK;
}

/* ---- the ioctl ---- */

/* The object's place, and what is to be told; then the operation. */
static rw_status operate_and_tell(struct drm_fpriv *fpriv, const struct drm_uapi_gem_va *args,
                                  struct mem_bo *bo)
{
    struct gpu_vm *vm = drm_file_vm(fpriv->file);
    struct drm_syncobj *syncobj;
    rw_status s;

    if (bo && !gpu_vm_bo_is_attached(vm, bo)) /* its handle was closed meanwhile */
        return RW_FAIL(ENOENT, "GEM handle %u has no place in this VM", args->base.handle);
    RW_TRY(output_syncobj_find(fpriv, args->vm_timeline_syncobj_out, &syncobj));
    s = operate(fpriv, &args->base, bo);
    if (rw_ok(s) && syncobj)
        s = output_fence_put_in(fpriv, syncobj, args->vm_timeline_point);
    drm_syncobj_put(syncobj);
    return s;
}

rw_status drm_ioctl_gem_va(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    struct drm_uapi_gem_va *args = argument;
    struct mem_bo *bo = NULL;
    rw_status s;

    if (!drm_kernel_is_7(fpriv)) /* which does not know these fields */
        *args = (struct drm_uapi_gem_va){.base = args->base};
    RW_TRY(check_request(fpriv, &args->base));
    if ((args->base.flags & AMDGPU_VM_DELAY_UPDATE) && args->vm_timeline_syncobj_out)
        return RW_FAIL(EINVAL, "a delayed update has no fence yet");
    if (args->base.operation != AMDGPU_VA_OP_CLEAR && !(args->base.flags & AMDGPU_VM_PAGE_PRT))
        RW_TRY(drm_gem_lookup(fpriv, args->base.handle, &bo));
    s = input_fences_wait(fpriv, args);
    if (rw_ok(s))
        s = operate_and_tell(fpriv, args, bo);
    mem_bo_put(bo);
    return s;
}
