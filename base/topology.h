/* SPDX-License-Identifier: MIT
 *
 * GPUs in the KFD's topology (sysfs, drivers/gpu/drm/amd/amdkfd/kfd_topology.c).
 */
#ifndef ROCWELD_BASE_TOPOLOGY_H
#define ROCWELD_BASE_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#define TOPOLOGY_NODES "/sys/devices/virtual/kfd/kfd/topology/nodes"

struct topology_gpu {
    uint32_t gpu_id;       /* the KFD's, never 0 */
    unsigned render_minor; /* of the GPU's render node */
};

/* The GPU of a node, whose name is its number in decimal; false for a CPU's and for nodes that are
 * not there. Reads sysfs at each call. Thread-safe. */
bool topology_gpu_read(const char *node, struct topology_gpu *out_gpu);

#endif
