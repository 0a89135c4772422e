/* SPDX-License-Identifier: MIT
 *
 * What `rocweld info` prints: each GPU as three independent interfaces show it. Each function
 * returns the number of GPUs that its interface shows, or -1 after saying why it shows none.
 */
#ifndef ROCWELD_TOOLS_INFO_H
#define ROCWELD_TOOLS_INFO_H

int info_print_kfd(void); /* the topology in sysfs, /dev/kfd */
int info_print_drm(void); /* render nodes, through libdrm_amdgpu */
int info_print_hsa(void); /* libhsa-runtime64, when it is installed */

void info_heading(const char *format, ...) __attribute__((format(printf, 1, 2)));
void info_row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "16.0 GiB"; static storage, one value at a time. */
const char *info_size(unsigned long long bytes);

#endif
