/* SPDX-License-Identifier: MIT
 *
 * DRM's view: every render node that libdrm_amdgpu accepts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <amdgpu.h>
#include <amdgpu_drm.h>
#include <xf86drm.h>

#include "tools/rocweld/info.h"

static void print_memory(amdgpu_device_handle device)
{
    struct drm_amdgpu_memory_info memory;

    if (amdgpu_query_info(device, AMDGPU_INFO_MEMORY, sizeof memory, &memory) != 0) {
        info_row("memory", "cannot be queried");
        return;
    }
    info_row("VRAM", "%s", info_size(memory.vram.total_heap_size));
    info_row("VRAM in use", "%s", info_size(memory.vram.heap_usage));
    info_row("GTT", "%s", info_size(memory.gtt.total_heap_size));
}

/* How many rings of each engine, and the nodes that lead to it. */
static void print_engines(amdgpu_device_handle device, int fd)
{
    static const struct {
        unsigned type;
        const char *name;
    } engines[] = {
        {AMDGPU_HW_IP_GFX, "GFX"}, {AMDGPU_HW_IP_COMPUTE, "COMPUTE"}, {AMDGPU_HW_IP_DMA, "SDMA"}};
    char text[64] = "", *primary = drmGetPrimaryDeviceNameFromFd(fd);
    size_t length = 0;

    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        struct drm_amdgpu_info_hw_ip ip = {0};

        if (amdgpu_query_hw_ip_info(device, engines[i].type, 0, &ip) == 0)
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%s %d", length ? ", " : "",
                                 engines[i].name, __builtin_popcount(ip.available_rings));
    }
    info_row("rings", "%s", length ? text : "none: nothing can be submitted");
    info_row("primary node", "%s", primary ? primary : "none");
    free(primary);
}

static void print_device(amdgpu_device_handle device, const char *path, unsigned drm_minor)
{
    struct amdgpu_gpu_info gpu;
    struct drm_amdgpu_info_device details;
    const char *name = amdgpu_get_marketing_name(device);

    info_heading("  %s: %s", path, name ? name : "(no marketing name)");
    info_row("driver", "amdgpu 3.%u", drm_minor);
    if (amdgpu_query_gpu_info(device, &gpu) == 0) {
        info_row("PCI device", "%04x, family %u, revision %02x", gpu.asic_id, gpu.family_id,
                 gpu.pci_rev_id);
        info_row("shader engines", "%u, %u compute units", gpu.num_shader_engines,
                 gpu.cu_active_number);
    }
    print_memory(device);
    if (amdgpu_query_info(device, AMDGPU_INFO_DEV_INFO, sizeof details, &details) == 0) {
        info_row("GPU VA", "%#llx .. %#llx", (unsigned long long)details.virtual_address_offset,
                 (unsigned long long)details.virtual_address_max);
        if (details.high_va_max)
            info_row("GPU VA, high", "%#llx .. %#llx", (unsigned long long)details.high_va_offset,
                     (unsigned long long)details.high_va_max);
    }
}

int info_print_drm(void)
{
    int gpus = 0;

    info_heading("DRM");
    for (int minor = 128; minor < 192; minor++) {
        amdgpu_device_handle device;
        uint32_t drm_major, drm_minor;
        char path[32];

        snprintf(path, sizeof path, "/dev/dri/renderD%d", minor);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            if (errno != ENOENT)
                info_heading("  %s: %s", path, strerror(errno));
            continue;
        }
        int error = amdgpu_device_initialize(fd, &drm_major, &drm_minor, &device);
        if (error == 0) {
            print_device(device, path, drm_minor);
            print_engines(device, fd);
            amdgpu_device_deinitialize(device);
            gpus++;
        } else {
            info_heading("  %s: libdrm_amdgpu refuses it: %s", path, strerror(-error));
        }
        close(fd);
    }
    if (gpus == 0)
        info_heading("  no render node belongs to amdgpu");
    return gpus;
}
