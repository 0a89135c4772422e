/* SPDX-License-Identifier: MIT
 *
 * What the kernel would show of the machine: KFD topology, PCI devices, DRM class, module, device
 * nodes. Each function adds its part to a manifest; nothing here touches a file system.
 *
 * Sources: kernel 6.12's kfd_topology.c and kfd_crat.c (keys, units, order), pci-sysfs.c,
 * drm_sysfs.c and amdgpu_vram_mgr.c/amdgpu_gtt_mgr.c (attributes).
 */
#ifndef SOFTGPU_FRONT_SYSFS_GENERATE_H
#define SOFTGPU_FRONT_SYSFS_GENERATE_H

#include <limits.h>

#include "softgpu/device/host.h"
#include "softgpu/device/machine.h"
#include "softgpu/front/sysfs/manifest.h"

void generate_all(struct manifest *manifest, const struct soft_machine *machine,
                  const struct host *host);

void generate_topology(struct manifest *manifest, const struct soft_machine *machine,
                       const struct host *host);
void generate_pci(struct manifest *manifest, const struct soft_machine *machine,
                  const struct host *host);
void generate_debugfs(struct manifest *manifest, const struct soft_machine *machine);
void generate_drm(struct manifest *manifest, const struct soft_machine *machine);
void generate_module(struct manifest *manifest, const struct soft_machine *machine);

/* Contents of the files of debugfs.c, for live.c. */
void debugfs_evict_vram(int fd, const char *path);
void debugfs_evict_gtt(int fd, const char *path);
void debugfs_gpu_recover(int fd, const char *path);
void debugfs_vram_manager(int fd, const char *path);
void debugfs_gtt_manager(int fd, const char *path);

/* Paths that several parts need. */
#define SYSFS_KFD_DEVICE   "/sys/devices/virtual/kfd/kfd"
#define SYSFS_PATH_MAX     256
#define SYSFS_MODULE_BYTES 15687680u /* what amdgpu takes, as lsmod shows it */
void sysfs_pci_slot(const struct soft_device *device, char out_slot[16]); /* "0000:c1:00.0" */
void sysfs_pci_path(const struct soft_device *device, char out_path[SYSFS_PATH_MAX]);

#endif
