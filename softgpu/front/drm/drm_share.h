/* SPDX-License-Identifier: MIT
 *
 * Buffer objects mapped by other processes, which got a descriptor of the DRM file or dma-buf.
 *
 * Thread safety: any thread that has a reference on the buffer.
 */
#ifndef SOFTGPU_FRONT_DRM_DRM_SHARE_H
#define SOFTGPU_FRONT_DRM_DRM_SHARE_H

#include "base/status.h"
#include "softgpu/front/node.h"
#include "softgpu/mem/bo.h"

/* What mem_bo_mmap() checks; then the buffer stays, and stays where it is, until the pages are
 * released, because a mapping elsewhere cannot follow it. */
rw_status drm_bo_share(struct mem_bo *bo, size_t length, int prot, int flags, uint64_t start,
                       struct node_pages *out_pages) RW_MUST_USE;

#endif
