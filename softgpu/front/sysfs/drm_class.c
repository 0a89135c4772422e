/* SPDX-License-Identifier: MIT
 *
 * /sys/class/drm and the minors below the PCI device. No connectors: a GPU without display.
 */
#include <stdio.h>

#include "softgpu/front/sysfs/generate.h"

static void generate_minor(struct manifest *manifest, const struct soft_device *device,
                           const char *name, unsigned minor)
{
    char pci[SYSFS_PATH_MAX], base[SYSFS_PATH_MAX], path[SYSFS_PATH_MAX];

    sysfs_pci_path(device, pci);
    snprintf(base, sizeof base, "%.200s/drm/%s", pci, name);

    snprintf(path, sizeof path, "%.200s/dev", base);
    manifest_file(manifest, path, "%u:%u\n", SOFT_DRM_MAJOR, minor);
    snprintf(path, sizeof path, "%.200s/uevent", base);
    manifest_file(manifest, path, "MAJOR=%u\nMINOR=%u\nDEVNAME=dri/%s\nDEVTYPE=drm_minor\n",
                  SOFT_DRM_MAJOR, minor, name);
    snprintf(path, sizeof path, "%.200s/device", base);
    manifest_link(manifest, path, pci);
    snprintf(path, sizeof path, "%.200s/subsystem", base);
    manifest_link(manifest, path, "/sys/class/drm");
    snprintf(path, sizeof path, "/sys/class/drm/%s", name);
    manifest_link(manifest, path, base);
    snprintf(path, sizeof path, "/sys/dev/char/%u:%u", SOFT_DRM_MAJOR, minor);
    manifest_link(manifest, path, base);
}

void generate_drm(struct manifest *manifest, const struct soft_machine *machine)
{
    char name[32];

    /* drm_sysfs.c: CORE_NAME, major.minor.patch, date */
    manifest_file(manifest, "/sys/class/drm/version", "drm 1.1.0 20060810\n");
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct soft_device *device = &machine->devices[i];
        snprintf(name, sizeof name, "card%u", device->card_minor);
        generate_minor(manifest, device, name, device->card_minor);
        snprintf(name, sizeof name, "renderD%u", device->render_minor);
        generate_minor(manifest, device, name, device->render_minor);
    }
}
