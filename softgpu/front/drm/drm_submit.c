/* SPDX-License-Identifier: MIT
 *
 * Command submission by the DRM side, which this GPU does not offer yet: it has no rings
 * (HW_IP_INFO says so), CS fails as on a GPU whose acceleration is down, and there is nothing to
 * wait for. Kernel: amdgpu_cs.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_context.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"

#define KERNEL_ENOTSUPP 524

rw_status drm_ioctl_cs(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return RW_FAIL(EBUSY, "the software GPU does not take DRM command submissions yet; compute "
                          "goes through /dev/kfd");
}

/* How many rings of an engine a context can name (amdgpu_ctx_num_entities). */
static const unsigned rings_of_ip[DRM_UAPI_HW_IP_NUM] = {
    [AMDGPU_HW_IP_GFX] = 1,     [AMDGPU_HW_IP_COMPUTE] = 4, [AMDGPU_HW_IP_DMA] = 2,
    [AMDGPU_HW_IP_UVD] = 1,     [AMDGPU_HW_IP_VCE] = 1,     [AMDGPU_HW_IP_UVD_ENC] = 1,
    [AMDGPU_HW_IP_VCN_DEC] = 1, [AMDGPU_HW_IP_VCN_ENC] = 1, [AMDGPU_HW_IP_VCN_JPEG] = 1,
    [DRM_UAPI_HW_IP_VPE] = 1,
};

/* What names a fence, in three ioctls. None exists: every check ends in an error. */
static rw_status fence_find(struct drm_fpriv *fpriv, uint32_t ctx_id, uint32_t ip_type,
                            uint32_t instance, uint32_t ring)
{
    struct drm_context *ctx = drm_context_find(fpriv, ctx_id);

    if (!ctx)
        return RW_FAIL(EINVAL, "context %u does not exist in this file", ctx_id);
    drm_context_put(ctx);
    if (ip_type >= DRM_UAPI_HW_IP_NUM)
        return RW_FAIL(EINVAL, "unknown engine type %u", ip_type);
    if (instance != 0)
        return RW_FAIL(EINVAL, "engines have one instance, 0, not %u", instance);
    if (ring >= rings_of_ip[ip_type])
        return RW_FAIL(EINVAL, "engine type %u has no ring %u", ip_type, ring);
    return RW_FAIL(EINVAL, "engine type %u has no ring at all on this GPU", ip_type);
}

rw_status drm_ioctl_wait_cs(void *context, void *argument)
{
    const union drm_amdgpu_wait_cs *args = argument;

    return fence_find(context, args->in.ctx_id, args->in.ip_type, args->in.ip_instance,
                      args->in.ring);
}

rw_status drm_ioctl_fence_to_handle(void *context, void *argument)
{
    const union drm_amdgpu_fence_to_handle *args = argument;
    const struct drm_amdgpu_fence *fence = &args->in.fence;

    return fence_find(context, fence->ctx_id, fence->ip_type, fence->ip_instance, fence->ring);
}

rw_status drm_ioctl_wait_fences(void *context, void *argument)
{
    union drm_amdgpu_wait_fences *args = argument;
    void *array;
    rw_status s = RW_OK;

    RW_TRY(front_copy_in_array(args->in.fences, args->in.fence_count,
                               sizeof(struct drm_amdgpu_fence), SIZE_MAX, &array));
    for (uint32_t i = 0; rw_ok(s) && i < args->in.fence_count; i++) {
        const struct drm_amdgpu_fence *fence = &((struct drm_amdgpu_fence *)array)[i];

        s = fence_find(context, fence->ctx_id, fence->ip_type, fence->ip_instance, fence->ring);
    }
    free(array);
    RW_TRY(s);
    if (!args->in.wait_all)
        return RW_FAIL(EINVAL, "waiting for any of no fences");
    memset(args, 0, sizeof *args);
    args->out.status = 1; /* all of none are signalled */
    return RW_OK;
}

/* A kernel that knows graphics-driver user queues, on a GPU where they are not enabled. */
rw_status drm_ioctl_user_queue(void *context, void *argument)
{
    (void)context;
    (void)argument;
    return RW_FAIL(KERNEL_ENOTSUPP, "this GPU has no user queues of the graphics driver");
}
