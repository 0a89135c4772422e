/* SPDX-License-Identifier: MIT
 *
 * As much of the DRM side as the KFD needs: render nodes that hold a drm_file, and dma-bufs that
 * hold a BO.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "softgpu/front/nodes.h"

static void render_release(struct node *node)
{
    drm_file_put(node_private(node));
}

static const struct node_ops render_ops = {.name = "render node", .release = render_release};

rw_status drm_node_open(struct soft_machine *machine, struct soft_device *device, bool render,
                        int flags, int *out_fd)
{
    const struct gpu_vm_limits limits = soft_vm_limits(machine->kernel);
    struct drm_file *file;

    RW_TRY(drm_file_create(device->index, device->heaps, &limits, render, &file));
    return node_open(&render_ops, file, flags, out_fd);
}

struct drm_file *drm_node_file(struct node *node)
{
    return node_ops(node) == &render_ops ? node_private(node) : NULL;
}

static void dmabuf_release(struct node *node)
{
    mem_bo_put(node_private(node));
}

static const struct node_ops dmabuf_ops = {.name = "dma-buf", .release = dmabuf_release};

rw_status dmabuf_export(struct mem_bo *bo, int flags, int *out_fd)
{
    return node_open(&dmabuf_ops, mem_bo_get(bo), flags, out_fd);
}

rw_status dmabuf_import(int fd, struct mem_bo **out_bo)
{
    struct node *node = node_get_by_fd(fd);

    if (!node)
        return rw_status_quiet(fcntl(fd, F_GETFD) < 0 ? EBADF : EINVAL);
    bool is_dmabuf = node_ops(node) == &dmabuf_ops;
    if (is_dmabuf)
        *out_bo = mem_bo_get(node_private(node));
    node_put(node);
    return is_dmabuf ? RW_OK : rw_status_quiet(EINVAL);
}
