/* SPDX-License-Identifier: MIT
 *
 * Device nodes, the KFD's device and the module; the larger parts have files of their own.
 */
#include "softgpu/front/sysfs/generate.h"

#include <stdio.h>

#define MODULE "/sys/module/amdgpu"

static void generate_kfd_device(struct manifest *manifest)
{
    char path[SYSFS_PATH_MAX];

    manifest_file(manifest, SYSFS_KFD_DEVICE "/dev", "%u:0\n", SOFT_KFD_MAJOR);
    manifest_file(manifest, SYSFS_KFD_DEVICE "/uevent", "MAJOR=%u\nMINOR=0\nDEVNAME=kfd\n",
                  SOFT_KFD_MAJOR);
    manifest_link(manifest, SYSFS_KFD_DEVICE "/subsystem", "/sys/class/kfd");
    manifest_directory(manifest, SYSFS_KFD_DEVICE "/proc");
    manifest_link(manifest, "/sys/class/kfd/kfd", SYSFS_KFD_DEVICE);
    snprintf(path, sizeof path, "/sys/dev/char/%u:0", SOFT_KFD_MAJOR);
    manifest_link(manifest, path, SYSFS_KFD_DEVICE);
}

static void generate_device_nodes(struct manifest *manifest, const struct soft_machine *machine)
{
    char path[SYSFS_PATH_MAX], target[SYSFS_PATH_MAX], slot[16];

    manifest_device(manifest, "/dev/kfd", SOFT_KFD_MAJOR, 0);
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct soft_device *device = &machine->devices[i];
        sysfs_pci_slot(device, slot);
        snprintf(path, sizeof path, "/dev/dri/by-path/pci-%s-card", slot);
        snprintf(target, sizeof target, "/dev/dri/card%u", device->card_minor);
        manifest_device(manifest, target, SOFT_DRM_MAJOR, device->card_minor);
        manifest_link(manifest, path, target);
        snprintf(path, sizeof path, "/dev/dri/by-path/pci-%s-render", slot);
        snprintf(target, sizeof target, "/dev/dri/renderD%u", device->render_minor);
        manifest_device(manifest, target, SOFT_DRM_MAJOR, device->render_minor);
        manifest_link(manifest, path, target);
    }
}

/* In-tree amdgpu has no MODULE_VERSION, hence no "version" file. */
void generate_module(struct manifest *manifest, const struct soft_machine *machine)
{
    manifest_file(manifest, MODULE "/initstate", "live\n");
    manifest_file(manifest, MODULE "/refcnt", "%u\n", machine->device_count);
    manifest_file(manifest, MODULE "/coresize", "%u\n", SYSFS_MODULE_BYTES);
    manifest_file(manifest, MODULE "/initsize", "0\n");
    manifest_file(manifest, MODULE "/taint", "\n");
    manifest_directory(manifest, MODULE "/holders");
    manifest_link(manifest, MODULE "/drivers/pci:amdgpu", "/sys/bus/pci/drivers/amdgpu");
}

void generate_all(struct manifest *manifest, const struct soft_machine *machine,
                  const struct host *host)
{
    generate_device_nodes(manifest, machine);
    generate_kfd_device(manifest);
    generate_topology(manifest, machine, host);
    generate_pci(manifest, machine, host);
    generate_drm(manifest, machine);
    generate_debugfs(manifest, machine);
    generate_module(manifest, machine);
}
