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

/* The geometry of every GPU VM under a kernel: what DEV_INFO reports and GEM_VA, the VM and the KFD
 * check. Below is the null guard, or up to 6.1 GEM's reserve; on top are the context save area
 * and, since there is seq64, that and the trap handler's pages (AMDGPU_VA_RESERVED_*). */
static inline struct gpu_vm_limits soft_vm_limits(const struct kernel_profile *kernel)
{
    const uint64_t mib2 = UINT64_C(2) << 20, kib64 = UINT64_C(64) << 10;

    return (struct gpu_vm_limits){
        .reserved_bottom = kernel->seq64 ? kib64 : mib2,
        .reserved_top = kernel->seq64 ? mib2 + mib2 + kib64 : mib2,
        .size = UINT64_C(1) << 48,
        .seq64 = kernel->seq64,
    };
}

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

/* The parts of a reset of the whole GPU, which nothing that was submitted before survives: jobs end
 * with ECANCELED and contexts see a reset that has lost VRAM; the compute queues of all processes
 * that have the GPU stop for good, and their programs are told. From any thread. */
void drm_device_reset(struct soft_device *device);
void kfd_device_reset(struct soft_device *device);

/* The device's command processor, made when first asked for. Implemented in front/kfd. */
struct cp_device;
rw_status soft_device_cp(struct soft_device *device, struct cp_device **out_cp) RW_MUST_USE;

#endif
