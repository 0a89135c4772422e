/* SPDX-License-Identifier: MIT */
#include "softgpu/front/drm/drm_share.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "softgpu/mem/cpu_map.h"

/* A mapping of our own stands for the other process's: it has passed all checks, and holds. */
struct share {
    struct mem_bo *bo; /* reference, pinned */
    void *address;
    size_t length;
};

static void share_release(struct node_pages *pages)
{
    struct share *share = pages->context;

    mem_cpu_munmap(share->address, share->length);
    mem_bo_unpin(share->bo);
    mem_bo_put(share->bo);
    free(share);
}

rw_status drm_bo_share(struct mem_bo *bo, size_t length, int prot, int flags, uint64_t start,
                       struct node_pages *out_pages)
{
    struct share *share = calloc(1, sizeof *share);
    rw_status status;

    if (!share)
        return RW_FAIL(ENOMEM, "no memory to share a %s", bo->label);
    status = mem_bo_mmap(bo, NULL, length, prot, flags & ~MAP_FIXED, start, &share->address);
    if (!rw_ok(status)) {
        free(share);
        return status;
    }
    share->bo = mem_bo_get(bo);
    share->length = length;
    mem_bo_pin(bo);
    *out_pages = (struct node_pages){
        .fd = bo->pool ? mem_pool_fd(bo->pool) : bo->pages_fd,
        .offset = (bo->pool ? bo->offset.byte : bo->pages_offset) + start,
        .release = share_release,
        .context = share,
    };
    return RW_OK;
}
