/* SPDX-License-Identifier: MIT
 *
 * GEM ioctls on objects that exist. Kernel: amdgpu_gem.c, drm_gem.c.
 */
#include "softgpu/front/drm/drm_gem.h"

#include <errno.h>
#include <string.h>

#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/drm/drm_update.h"

rw_status drm_gem_lookup(struct drm_fpriv *fpriv, uint32_t handle, struct mem_bo **out_bo)
{
    *out_bo = drm_file_handle_lookup(fpriv->file, handle);
    return *out_bo ? RW_OK : RW_FAIL(ENOENT, "GEM handle %u is not open in this file", handle);
}

rw_status drm_gem_check_cpu_access(const struct mem_bo *bo)
{
    if (bo->backing == MEM_BACKING_USERPTR || bo->no_cpu_access)
        return RW_FAIL(EPERM, "a %s is not for the CPU to map", bo->label);
    return RW_OK;
}

rw_status drm_ioctl_gem_close(void *context, void *argument)
{
    const struct drm_gem_close *args = argument;
    struct drm_fpriv *fpriv = context;
    struct mem_bo *bo = drm_file_handle_lookup(fpriv->file, args->handle);
    uint64_t ticket = 0;
    rw_status s = RW_OK;

    if (bo && gpu_vm_bo_is_mapped(drm_file_vm(fpriv->file), bo)) /* which may go with the handle */
        s = drm_update_begin(fpriv->sched, &ticket);
    mem_bo_put(bo);
    RW_TRY(s);
    return drm_file_handle_close_behind(fpriv->file, args->handle, ticket);
}

rw_status drm_ioctl_gem_mmap(void *context, void *argument)
{
    union drm_amdgpu_gem_mmap *args = argument;
    uint32_t handle = args->in.handle;
    struct mem_bo *bo;
    rw_status s;

    memset(args, 0, sizeof *args);
    RW_TRY(drm_gem_lookup(context, handle, &bo));
    s = drm_gem_check_cpu_access(bo);
    if (rw_ok(s))
        args->out.addr_ptr = bo->mmap_offset;
    mem_bo_put(bo);
    return s;
}

static void metadata_get(struct mem_bo *bo, struct drm_amdgpu_gem_metadata *args)
{
    pthread_mutex_lock(&bo->lock);
    args->data.tiling_info = bo->tiling_info;
    args->data.flags = bo->metadata_flags;
    args->data.data_size_bytes = bo->metadata_size;
    memcpy(args->data.data, bo->metadata, bo->metadata_size);
    pthread_mutex_unlock(&bo->lock);
}

/* Setting nothing clears the data, but not its flags. */
static rw_status metadata_set(struct mem_bo *bo, const struct drm_amdgpu_gem_metadata *args)
{
    if (args->data.data_size_bytes > sizeof bo->metadata)
        return RW_FAIL(EINVAL, "%u bytes of metadata, %zu is the most", args->data.data_size_bytes,
                       sizeof bo->metadata);
    pthread_mutex_lock(&bo->lock);
    bo->tiling_info = args->data.tiling_info;
    bo->metadata_size = args->data.data_size_bytes;
    if (bo->metadata_size) {
        bo->metadata_flags = args->data.flags;
        memcpy(bo->metadata, args->data.data, bo->metadata_size);
    }
    pthread_mutex_unlock(&bo->lock);
    return RW_OK;
}

rw_status drm_ioctl_gem_metadata(void *context, void *argument)
{
    struct drm_amdgpu_gem_metadata *args = argument;
    struct mem_bo *bo;
    rw_status s = RW_OK;

    RW_TRY(drm_gem_lookup(context, args->handle, &bo));
    if (args->op == AMDGPU_GEM_METADATA_OP_GET_METADATA)
        metadata_get(bo, args);
    else if (args->op == AMDGPU_GEM_METADATA_OP_SET_METADATA)
        s = metadata_set(bo, args);
    mem_bo_put(bo); /* any other operation does nothing, and succeeds */
    return s;
}

static rw_status create_info_copy_out(struct mem_bo *bo, uint64_t user)
{
    struct drm_amdgpu_gem_create_in info = {
        .bo_size = bo->size,
        .alignment = (bo->align + 4095) & ~UINT64_C(4095),
        .domains = bo->preferred,
        .domain_flags = bo->create_flags,
    };

    return front_copy_out(user, &info, sizeof info);
}

/* What the object prefers from now on; it is not moved before a submission validates it. */
static rw_status placement_set(struct mem_bo *bo, uint64_t domains)
{
    if (bo->origin && (domains & MEM_DOMAIN_VRAM))
        return RW_FAIL(EINVAL, "an object imported from another device stays in system memory");
    if (bo->backing == MEM_BACKING_USERPTR)
        return RW_FAIL(EPERM, "userptr objects have no placement to set");
    mem_bo_set_domains(bo, (uint32_t)domains & (MEM_DOMAIN_VRAM | MEM_DOMAIN_GTT | MEM_DOMAIN_CPU));
    return RW_OK;
}

static rw_status operate(struct drm_fpriv *fpriv, struct drm_uapi_gem_op *args, struct mem_bo *bo)
{
    switch (args->base.op) {
    case AMDGPU_GEM_OP_GET_GEM_CREATE_INFO:
        return create_info_copy_out(bo, args->base.value);
    case AMDGPU_GEM_OP_SET_PLACEMENT:
        return placement_set(bo, args->base.value);
    case DRM_UAPI_GEM_OP_GET_MAPPING_INFO:
        if (drm_kernel_is_7(fpriv))
            return drm_gem_mappings_copy_out(fpriv, bo, args->base.value, &args->num_entries);
        break;
    default:
        break;
    }
    return RW_FAIL(EINVAL, "unknown operation %u", args->base.op);
}

rw_status drm_ioctl_gem_op(void *context, void *argument)
{
    struct drm_uapi_gem_op *args = argument;
    struct mem_bo *bo;
    rw_status s;

    if (drm_kernel_is_7(context) && args->padding)
        return RW_FAIL(EINVAL, "padding must be 0");
    RW_TRY(drm_gem_lookup(context, args->base.handle, &bo));
    s = operate(context, args, bo);
    mem_bo_put(bo);
    return s;
}
