/* SPDX-License-Identifier: MIT
 *
 * The device nodes that the preload library opens, and what the fronts need of each other.
 */
#ifndef SOFTGPU_FRONT_NODES_H
#define SOFTGPU_FRONT_NODES_H

#include "base/status.h"
#include "softgpu/device/machine.h"
#include "softgpu/front/node.h"
#include "softgpu/mem/bo.h"
#include "softgpu/vm/file.h"

/* open("/dev/kfd"): EPERM, ENOMEM ... as the kernel. Implemented in front/kfd. */
rw_status kfd_node_open(struct soft_machine *machine, int flags, int *out_fd) RW_MUST_USE;

/* open("/dev/dri/renderD*" or card*). Implemented in front/drm. */
rw_status drm_node_open(struct soft_machine *machine, struct soft_device *device, bool render,
                        int flags, int *out_fd) RW_MUST_USE;
/* The drm_file behind a node, borrowed from it; NULL when the node is not a DRM node. */
struct drm_file *drm_node_file(struct node *node);

/* dma-bufs (front/drm): the same BO always gives the same dma-buf while it lives. */
rw_status dmabuf_export(struct mem_bo *bo, int flags, int *out_fd) RW_MUST_USE;
/* New BO reference. EBADF: fd not open; EINVAL: not a dma-buf. */
rw_status dmabuf_import(int fd, struct mem_bo **out_bo) RW_MUST_USE;

/* The device's command processor, made when first asked for. Implemented in front/kfd. */
struct cp_device;
rw_status soft_device_cp(struct soft_device *device, struct cp_device **out_cp) RW_MUST_USE;

#endif
