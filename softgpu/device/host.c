/* SPDX-License-Identifier: MIT */
#include "softgpu/device/host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#define SYSTEM   "/sys/devices/system"
#define MAX_CPUS 8192

static struct host host;

/* Which CPUs a node has, and their APIC ids; only alive while `host` is filled. */
struct cpu_table {
    unsigned count; /* highest CPU number + 1 */
    unsigned apicid[MAX_CPUS];
    bool online[MAX_CPUS];
};

static bool file_read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    bool ok = fgets(line, size, file) != NULL;
    fclose(file);
    if (ok)
        line[strcspn(line, "\n")] = '\0';
    return ok;
}

/* Calls `visit` for every number of a kernel list such as "0-3,8". */
static void list_for_each(const char *list, void (*visit)(void *context, unsigned number),
                          void *context)
{
    while (*list) {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (end == list)
            return;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (unsigned long i = first; i <= last && i < MAX_CPUS; i++)
            visit(context, (unsigned)i);
        list = *end == ',' ? end + 1 : end;
    }
}

static void cpu_table_read(struct cpu_table *cpus)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];
    unsigned cpu = 0;

    while (file && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (!value)
            continue;
        if (strncmp(line, "processor", 9) == 0)
            cpu = (unsigned)strtoul(value + 1, NULL, 10);
        if (cpu >= MAX_CPUS)
            continue;
        cpus->online[cpu] = true;
        if (cpu >= cpus->count)
            cpus->count = cpu + 1;
        if (strncmp(line, "apicid", 6) == 0)
            cpus->apicid[cpu] = (unsigned)strtoul(value + 1, NULL, 10);
        if (strncmp(line, "vendor_id", 9) == 0 && strstr(value, "AuthenticAMD"))
            host.amd_cpu = true;
    }
    if (file)
        fclose(file);
}

struct node_fill {
    struct host_node *node;
    const struct cpu_table *cpus;
};

static void node_add_cpu(void *context, unsigned cpu)
{
    struct node_fill *fill = context;

    if (!fill->cpus->online[cpu])
        return;
    if (fill->node->cpu_count++ == 0)
        fill->node->first_apicid = fill->cpus->apicid[cpu];
}

static uint64_t node_memory(unsigned id)
{
    char path[96], line[128];
    unsigned long long kib;
    unsigned node;

    snprintf(path, sizeof path, SYSTEM "/node/node%u/meminfo", id);
    if (file_read_line(path, line, sizeof line) &&
        sscanf(line, "Node %u MemTotal: %llu kB", &node, &kib) == 2)
        return (uint64_t)kib << 10;
    return 0;
}

static void node_add(void *context, unsigned id)
{
    const struct cpu_table *cpus = context;
    char path[96], list[512];

    if (host.node_count == HOST_MAX_NODES)
        return;
    struct host_node *node = &host.nodes[host.node_count];
    snprintf(path, sizeof path, SYSTEM "/node/node%u/cpulist", id);
    if (!file_read_line(path, list, sizeof list))
        return;
    node->id = id;
    list_for_each(list, node_add_cpu, &(struct node_fill){node, cpus});
    node->memory_bytes = node_memory(id);
    if (node->cpu_count) /* memory-only nodes are no CPU nodes for the KFD */
        host.node_count++;
    else
        *node = (struct host_node){0};
}

/* A kernel without NUMA: everything is one node. */
static void node_add_whole_machine(const struct cpu_table *cpus)
{
    struct host_node *node = &host.nodes[0];
    struct sysinfo info;

    for (unsigned cpu = 0; cpu < cpus->count; cpu++)
        node_add_cpu(&(struct node_fill){node, cpus}, cpu);
    if (node->cpu_count == 0)
        node->cpu_count = (unsigned)get_nprocs();
    if (sysinfo(&info) == 0)
        node->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
    host.node_count = 1;
}

static void node_distances_read(struct host_node *node)
{
    char path[96], line[512], *at = line;

    snprintf(path, sizeof path, SYSTEM "/node/node%u/distance", node->id);
    if (!file_read_line(path, line, sizeof line))
        return;
    for (unsigned i = 0; i < host.node_count; i++)
        node->distance[i] = (unsigned)strtoul(at, &at, 10);
}

static void host_read(void)
{
    struct cpu_table *cpus = calloc(1, sizeof *cpus);
    char line[512];

    if (cpus) {
        cpu_table_read(cpus);
        if (file_read_line(SYSTEM "/node/online", line, sizeof line))
            list_for_each(line, node_add, cpus);
        if (host.node_count == 0)
            node_add_whole_machine(cpus);
        free(cpus);
    } else {
        host.node_count = 1;
    }
    for (unsigned i = 0; i < host.node_count; i++)
        node_distances_read(&host.nodes[i]);
    if (file_read_line(SYSTEM "/cpu/cpu0/cpufreq/cpuinfo_max_freq", line, sizeof line))
        host.max_cpu_mhz = (unsigned)(strtoul(line, NULL, 10) / 1000);
    if (file_read_line(SYSTEM "/cpu/online", line, sizeof line))
        snprintf(host.cpu_list, sizeof host.cpu_list, "%.127s", line);
}

const struct host *soft_host(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, host_read);
    return &host;
}
