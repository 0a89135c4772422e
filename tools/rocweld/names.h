/* SPDX-License-Identifier: MIT
 *
 * Checks names of GPUs and kernels that a user typed against softgpu's profiles, and explains a
 * wrong one with the nearest right one.
 */
#ifndef ROCWELD_TOOLS_NAMES_H
#define ROCWELD_TOOLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* `list`: "" or ":NAME[,NAME...]". */
bool names_check_gpus(const char *list, char *out_message, size_t size);
bool names_check_kernel(const char *name, char *out_message, size_t size);

#endif
