/* SPDX-License-Identifier: MIT
 *
 * KFD's view: /sys/devices/virtual/kfd/kfd/topology, one folder for each node. A node with a
 * gpu_id other than 0 is a GPU.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kfd_ioctl.h>

#include "tools/rocweld/info.h"

#define TOPOLOGY "/sys/devices/virtual/kfd/kfd/topology/nodes"

/* The value of `name` in a file of "name value" lines; 0 when it is not there. */
static unsigned long long read_property(const char *path, const char *name)
{
    char line[128], key[64];
    unsigned long long value, found = 0;
    FILE *file = fopen(path, "re");

    if (!file)
        return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%63s %llu", key, &value) == 2 && !strcmp(key, name)) {
            found = value;
            break;
        }
    fclose(file);
    return found;
}

static unsigned long long node_property(int node, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, TOPOLOGY "/%d/properties", node);
    return read_property(path, name);
}

static unsigned long long node_memory(int node)
{
    unsigned long long banks = node_property(node, "mem_banks_count"), bytes = 0;

    for (unsigned bank = 0; bank < banks; bank++) {
        char path[128];
        snprintf(path, sizeof path, TOPOLOGY "/%d/mem_banks/%u/properties", node, bank);
        bytes += read_property(path, "size_in_bytes");
    }
    return bytes;
}

/* The one line of a small file; false when there is none. */
static bool read_line(const char *path, char *out_text, size_t size)
{
    FILE *file = fopen(path, "re");
    bool ok = file && fgets(out_text, (int)size, file);

    if (file)
        fclose(file);
    if (ok)
        out_text[strcspn(out_text, "\n")] = 0;
    return ok;
}

static void print_node(int node, const char *gpu_id)
{
    char path[128], name[64] = "?";
    unsigned long long simds = node_property(node, "simd_count");
    unsigned long long per_cu = node_property(node, "simd_per_cu");
    unsigned long long target = node_property(node, "gfx_target_version");

    snprintf(path, sizeof path, TOPOLOGY "/%d/name", node);
    read_line(path, name, sizeof name);
    info_heading("  node %d: %s", node, name);
    info_row("gpu_id", "%s", gpu_id);
    info_row("target", "gfx%llu%llx%llx", target / 10000, target / 100 % 100, target % 100);
    info_row("compute units", "%llu (%llu SIMDs, waves of %llu)", per_cu ? simds / per_cu : 0,
             simds, node_property(node, "wave_front_size"));
    info_row("local memory", "%s", info_size(node_memory(node)));
    info_row("engine clock", "%llu MHz", node_property(node, "max_engine_clk_fcompute"));
    info_row("render node", "/dev/dri/renderD%llu", node_property(node, "drm_render_minor"));
}

static bool print_version(void)
{
    struct kfd_ioctl_get_version_args version = {0};
    int fd = open("/dev/kfd", O_RDWR | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, AMDKFD_IOC_GET_VERSION, &version) < 0) {
        info_heading("KFD: /dev/kfd does not answer: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    close(fd);
    info_heading("KFD %u.%u", version.major_version, version.minor_version);
    return true;
}

int info_print_kfd(void)
{
    int gpus = 0;

    if (!print_version())
        return -1;
    for (int node = 0;; node++) {
        char path[128], gpu_id[32];
        snprintf(path, sizeof path, TOPOLOGY "/%d/gpu_id", node);
        if (!read_line(path, gpu_id, sizeof gpu_id))
            break;
        if (!strcmp(gpu_id, "0"))
            continue;
        print_node(node, gpu_id);
        gpus++;
    }
    return gpus;
}
