/* SPDX-License-Identifier: MIT
 *
 * The CPU side of the machine as it really is: NUMA nodes, their CPUs and memory. The KFD lists
 * them as topology nodes before the GPUs, in this order.
 *
 * Thread safety: soft_host() from any thread; the result is immutable and lives for ever.
 */
#ifndef SOFTGPU_DEVICE_HOST_H
#define SOFTGPU_DEVICE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_MAX_NODES 16

struct host_node {
    unsigned id;                       /* the kernel's NUMA node number */
    unsigned cpu_count;                /* online */
    unsigned first_apicid;             /* of the node's first CPU */
    uint64_t memory_bytes;             /* that the kernel manages */
    unsigned distance[HOST_MAX_NODES]; /* SLIT, by index in `nodes` */
};

struct host {
    unsigned node_count; /* at least 1 */
    struct host_node nodes[HOST_MAX_NODES];
    unsigned max_cpu_mhz; /* of CPU 0; 0 when there is no frequency scaling */
    bool amd_cpu;
    char cpu_list[128]; /* online CPUs: "0-15" */
};

const struct host *soft_host(void);

#endif
