/* SPDX-License-Identifier: MIT
 *
 * What `rocweld info` prints: each GPU as independent interfaces show it. Each function
 * returns the number of GPUs that its interface shows, or -1 after saying why it shows none.
 */
#ifndef ROCWELD_TOOLS_INFO_H
#define ROCWELD_TOOLS_INFO_H

#include <stdio.h>
#include <sys/types.h>

int info_print_kfd(void); /* the topology in sysfs, /dev/kfd */
int info_print_drm(void); /* render nodes, through libdrm_amdgpu */
int info_print_hsa(void); /* libhsa-runtime64, when it is installed */

/* Vulkan, and whether a process with Vulkan and ROCm has one VM. Start it before anything else
 * opens a device; printing ends it. Not every GPU needs a Vulkan driver. */
struct info_probe {
    pid_t pid;
    FILE *output; /* owned; NULL = could not be started */
};
void info_vulkan_start(struct info_probe *out_probe);
int info_print_vulkan(struct info_probe *probe);

void info_heading(const char *format, ...) __attribute__((format(printf, 1, 2)));
void info_row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "16.0 GiB"; static storage, one value at a time. */
const char *info_size(unsigned long long bytes);

#endif
