/* SPDX-License-Identifier: MIT
 *
 * PRIME: GEM handles to dma-bufs and back. Kernel: drm_prime.c, amdgpu_dma_buf.c.
 */
#include <errno.h>
#include <fcntl.h>

#include "softgpu/front/drm/drm_gem.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/nodes.h"

rw_status drm_ioctl_prime_handle_to_fd(void *context, void *argument)
{
    struct drm_prime_handle *args = argument;
    struct mem_bo *bo;
    rw_status s;

    if (args->flags & ~(uint32_t)(DRM_CLOEXEC | DRM_RDWR))
        return RW_FAIL(EINVAL, "unknown flags 0x%x", args->flags);
    RW_TRY(drm_gem_lookup(context, args->handle, &bo));
    s = dmabuf_export(bo, (int)args->flags, &args->fd);
    mem_bo_put(bo);
    return s;
}

/* An object of this device that shows another device's pages: in system memory as far as this GPU
 * is concerned, holding the original. */
static rw_status import_foreign(struct drm_fpriv *fpriv, struct mem_bo *original,
                                struct mem_bo **out_bo)
{
    struct mem_bo_desc desc = {
        .size = original->size,
        .domains = MEM_DOMAIN_GTT,
        .backing = MEM_BACKING_PAGES,
        .pages = original->host,
        .pages_fd = original->pool ? mem_pool_fd(original->pool) : original->pages_fd,
        .pages_offset = original->pool ? original->offset.byte : original->pages_offset,
        .origin = original,
    };

    return mem_bo_create(fpriv->device->heaps, &desc, "gem import", out_bo);
}

static rw_status handle_of_import(struct drm_fpriv *fpriv, struct mem_bo *bo, uint32_t *out_handle)
{
    struct mem_bo *import;
    rw_status s;

    if (bo->device == fpriv->device->index)
        return drm_file_handle_find_or_create(fpriv->file, bo, out_handle);
    if (drm_file_handle_find(fpriv->file, bo, out_handle))
        return RW_OK;
    RW_TRY(import_foreign(fpriv, bo, &import));
    s = drm_file_handle_find_or_create(fpriv->file, import, out_handle);
    mem_bo_put(import);
    return s;
}

rw_status drm_ioctl_prime_fd_to_handle(void *context, void *argument)
{
    struct drm_prime_handle *args = argument;
    struct mem_bo *bo;
    rw_status s;

    RW_TRY(dmabuf_import(args->fd, &bo));
    s = handle_of_import(context, bo, &args->handle);
    mem_bo_put(bo);
    return s;
}
