/* SPDX-License-Identifier: MIT
 *
 * /sys/kernel/debug/dri/N: what amdgpu shows there of memory. N is the minor of the card or the
 * render node; the files are the same. Reading amdgpu_evict_vram moves everything that can move
 * out of VRAM, of compute too, as other processes' need of memory may at any time: a test of
 * whether a program's buffers survive it. Reading amdgpu_gpu_recover resets the GPU: a test of what
 * a program does when it loses everything. Kernel: amdgpu_debugfs.c, amdgpu_ttm.c, ttm_resource.c,
 * amdgpu_fence.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "softgpu/front/sysfs/generate.h"
#include "softgpu/mem/bo.h"

#define DEBUGFS_DRI "/sys/kernel/debug/dri"

static void generate_minor(struct manifest *manifest, const struct soft_device *device,
                           unsigned minor)
{
    static const char *const live[] = {"amdgpu_evict_vram", "amdgpu_evict_gtt", "amdgpu_vram_mm",
                                       "amdgpu_gtt_mm", "amdgpu_gpu_recover"};
    char path[SYSFS_PATH_MAX], slot[16];

    sysfs_pci_slot(device, slot);
    snprintf(path, sizeof path, DEBUGFS_DRI "/%u/name", minor);
    manifest_file(manifest, path, "amdgpu dev=%s unique=%s\n", slot, slot);
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        snprintf(path, sizeof path, DEBUGFS_DRI "/%u/%s", minor, live[i]);
        manifest_file(manifest, path, "%s", ""); /* live.c makes the content */
    }
}

void generate_debugfs(struct manifest *manifest, const struct soft_machine *machine)
{
    for (unsigned i = 0; i < machine->device_count; i++) {
        generate_minor(manifest, &machine->devices[i], machine->devices[i].card_minor);
        generate_minor(manifest, &machine->devices[i], machine->devices[i].render_minor);
    }
}

/* NULL: there is none. */
static const struct soft_device *path_device(const char *path)
{
    const struct soft_machine *machine = soft_machine_describe();
    const char *minor = strstr(path, DEBUGFS_DRI "/");
    unsigned long number;

    if (!machine || !minor)
        return NULL;
    number = strtoul(minor + strlen(DEBUGFS_DRI "/"), NULL, 10);
    for (unsigned i = 0; i < machine->device_count; i++)
        if (machine->devices[i].card_minor == number || machine->devices[i].render_minor == number)
            return &machine->devices[i];
    return NULL;
}

/* NULL: the process has opened no device, so that it has no memory there. */
static struct mem_heaps *path_heaps(const char *path)
{
    const struct soft_device *device = path_device(path);

    return device ? device->heaps : NULL;
}

/* The kernel's file answers 0 or a negative errno, as text. */
static void evict(int fd, const char *path, uint32_t domain)
{
    struct mem_heaps *heaps = path_heaps(path);
    rw_status status = heaps ? mem_heaps_evict_all(heaps, domain) : RW_OK;

    if (!rw_ok(status))
        rw_warn(sysfs, "%s: %s", path, rw_status_message(status, NULL));
    dprintf(fd, "%d\n", -status.err);
}

void debugfs_evict_vram(int fd, const char *path)
{
    evict(fd, path, MEM_DOMAIN_VRAM);
}

void debugfs_evict_gtt(int fd, const char *path)
{
    evict(fd, path, MEM_DOMAIN_GTT);
}

/* The kernel answers with the reset's result. */
void debugfs_gpu_recover(int fd, const char *path)
{
    const struct soft_device *device = path_device(path);
    struct soft_machine *machine = device && device->recover ? soft_machine() : NULL;

    if (machine)
        device->recover(&machine->devices[device->index]);
    dprintf(fd, "0\n");
}

static void write_manager(int fd, bool uses_tt, uint64_t size, uint64_t used)
{
    dprintf(fd, "  use_type: 1\n  use_tt: %d\n  size: %llu\n  usage: %llu\n", uses_tt,
            (unsigned long long)size, (unsigned long long)used);
}

void debugfs_vram_manager(int fd, const char *path)
{
    struct mem_heaps *heaps = path_heaps(path);
    struct mem_usage usage = {0};

    if (heaps)
        mem_heaps_usage(heaps, &usage);
    write_manager(fd, false, usage.vram_size, usage.vram_used);
    dprintf(fd, "  vis usage:%llu\n", (unsigned long long)usage.visible_vram_used);
}

void debugfs_gtt_manager(int fd, const char *path)
{
    struct mem_heaps *heaps = path_heaps(path);
    struct mem_usage usage = {0};

    if (heaps)
        mem_heaps_usage(heaps, &usage);
    write_manager(fd, true, usage.gtt_size, usage.gtt_used);
}
