/* SPDX-License-Identifier: MIT
 *
 * Opening the device nodes, and telling their descriptors from the program's others.
 *
 * Thread safety: any thread.
 */
#ifndef SOFTGPU_FRONT_PRELOAD_NODES_H
#define SOFTGPU_FRONT_PRELOAD_NODES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/status.h"
#include "softgpu/front/sysfs/sysfs.h"

/* open(2) of a device node: a descriptor, or -1 and errno. */
int preload_node_open(const struct sysfs_node *node, int flags);

/* If `st`, fresh from the kernel, describes a node's descriptor (`fd`; -1 if unknown) or a
 * placeholder, makes it what the node shows. */
void preload_stat_fix(int fd, struct stat *st);

/* Turns a failure into errno and -1. */
int preload_fail(rw_status status);

#endif
