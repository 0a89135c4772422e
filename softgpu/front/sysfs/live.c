/* SPDX-License-Identifier: MIT
 *
 * Files whose content is made when they are opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/front/sysfs/generate.h"
#include "softgpu/front/sysfs/sysfs.h"

/* The device whose PCI folder a path of the tree lies in. */
static const struct soft_device *path_device(const char *tree_path)
{
    const struct soft_machine *machine = soft_machine_describe();
    char resolved[PATH_MAX], slot[16];

    if (!machine || !realpath(tree_path, resolved))
        return NULL;
    for (unsigned i = 0; i < machine->device_count; i++) {
        sysfs_pci_slot(&machine->devices[i], slot);
        if (strstr(resolved, slot))
            return &machine->devices[i];
    }
    return NULL;
}

enum usage { USAGE_VRAM, USAGE_VISIBLE_VRAM, USAGE_GTT };

/* Counts what this process uses; other processes' memory is not known here. */
static void write_usage(int fd, const char *tree_path, enum usage which)
{
    const struct soft_device *device = path_device(tree_path);
    struct mem_usage usage = {0};
    uint64_t bytes;

    if (device && device->heaps)
        mem_heaps_usage(device->heaps, &usage);
    bytes = which == USAGE_VRAM           ? usage.vram_used
            : which == USAGE_VISIBLE_VRAM ? usage.visible_vram_used
                                          : usage.gtt_used;
    dprintf(fd, "%llu\n", (unsigned long long)bytes);
}

static void write_vram_used(int fd, const char *tree_path)
{
    write_usage(fd, tree_path, USAGE_VRAM);
}

static void write_visible_vram_used(int fd, const char *tree_path)
{
    write_usage(fd, tree_path, USAGE_VISIBLE_VRAM);
}

static void write_gtt_used(int fd, const char *tree_path)
{
    write_usage(fd, tree_path, USAGE_GTT);
}

/* The real list and amdgpu in front, as if loaded last. There is none without module support. */
static void write_modules(int fd, const char *path)
{
    const struct soft_machine *machine = soft_machine_describe();
    FILE *real = fopen(path, "re");
    char line[512];

    dprintf(fd, "amdgpu %u %u - Live 0x0000000000000000\n", SYSFS_MODULE_BYTES,
            machine ? machine->device_count : 0);
    while (real && fgets(line, sizeof line, real))
        if (strncmp(line, "amdgpu ", 7) != 0)
            dprintf(fd, "%s", line);
    if (real)
        fclose(real);
}

static const struct live_file {
    const char *name; /* whole path, or the last component of a path in the tree */
    bool in_tree;
    void (*write)(int fd, const char *path);
} live_files[] = {
    {"/proc/modules", false, write_modules},
    {"mem_info_vram_used", true, write_vram_used},
    {"mem_info_vis_vram_used", true, write_visible_vram_used},
    {"mem_info_gtt_used", true, write_gtt_used},
    {"amdgpu_evict_vram", true, debugfs_evict_vram},
    {"amdgpu_evict_gtt", true, debugfs_evict_gtt},
    {"amdgpu_gpu_recover", true, debugfs_gpu_recover},
    {"amdgpu_vram_mm", true, debugfs_vram_manager},
    {"amdgpu_gtt_mm", true, debugfs_gtt_manager},
};

static const struct live_file *live_find(const char *path, char tree_path[PATH_MAX])
{
    const char *last = strrchr(path, '/') + 1;

    for (size_t i = 0; i < sizeof live_files / sizeof live_files[0]; i++) {
        const struct live_file *live = &live_files[i];
        if (strcmp(live->in_tree ? last : path, live->name) != 0)
            continue;
        if (!live->in_tree) {
            snprintf(tree_path, PATH_MAX, "%s", path);
            return soft_machine_describe() ? live : NULL;
        }
        if (sysfs_redirect(path, tree_path) && access(tree_path, F_OK) == 0)
            return live;
    }
    return NULL;
}

int sysfs_live_open(const char *path, int flags, bool *out_live)
{
    char tree_path[PATH_MAX];

    *out_live = false;
    if (sysfs_is_building || !sysfs_path_is_candidate(path))
        return -1;
    const struct live_file *live = live_find(path, tree_path);
    if (!live)
        return -1;
    *out_live = true;
    if ((flags & O_ACCMODE) != O_RDONLY) {
        errno = EACCES;
        return -1;
    }
    int fd = memfd_create(live->name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd < 0)
        return -1;
    sysfs_is_building = true; /* the real files, not this one again */
    live->write(fd, tree_path);
    sysfs_is_building = false;
    lseek(fd, 0, SEEK_SET);
    return fd;
}
