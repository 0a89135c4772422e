/* SPDX-License-Identifier: MIT
 *
 * /sys/devices/virtual/kfd/kfd/topology
 */
#include <stdio.h>
#include <string.h>

#include "softgpu/front/sysfs/generate.h"

/* include/uapi/linux/kfd_sysfs.h */
#define HEAP_SYSTEM         0
#define HEAP_FB_PUBLIC      1
#define CACHE_DATA          1
#define CACHE_INSTRUCTION   2
#define CACHE_HSACU         8
#define LINK_HYPERTRANSPORT 1
#define LINK_PCIEXPRESS     2
#define LINK_QPI            5
#define LINK_ENABLED        1
#define LINK_NON_COHERENT   2

#define SIMD_ID_BASE        0x80001000u /* kfd_crat.c: gpu_processor_id_low */
#define PCIE_WEIGHT         20          /* kfd_parse_subtype_iolink() */
#define PCIE_MIN_MBYTES     312         /* one lane of generation 1 */

/* A GPU's link to the CPU goes to the first CPU node. */
#define GPU_HOME_NODE 0

/* KFD minors: the first ones after those of Linux 5.10 and 6.1, and one that has every property. */
enum { AFTER_5_10 = 4, AFTER_6_1 = 12, ANY_KFD = 1000 };

struct property {
    const char *name;
    uint64_t value;
    uint32_t since; /* 0 = all have it */
};

static void properties_file(struct manifest *manifest, uint32_t kfd_minor, const char *directory,
                            const struct property *properties, size_t count, const char *tail)
{
    char path[SYSFS_PATH_MAX], text[4096];
    size_t length = 0;

    for (size_t i = 0; i < count && length < sizeof text; i++) {
        if (properties[i].since > kfd_minor)
            continue;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s %llu\n",
                                   properties[i].name, (unsigned long long)properties[i].value);
    }
    snprintf(path, sizeof path, "%.200s/properties", directory);
    manifest_file(manifest, path, "%s%s", text, tail);
}

#define PROPERTIES_FILE(manifest, kfd_minor, directory, array)                                     \
    properties_file(manifest, kfd_minor, directory, array, sizeof(array) / sizeof(array)[0], "")

/* ---- links ---- */

struct link {
    unsigned from, to, type, weight, min_mbytes, max_mbytes, sdma_mask, flags;
    bool indirect; /* listed under p2p_links */
};

/* Links of all nodes; a node's own are those with its number in `from`. */
struct links {
    const struct kernel_profile *kernel; /* that shows them */
    struct link list[256];
    unsigned count;
};

static void link_add(struct links *links, struct link link)
{
    if (links->count < sizeof links->list / sizeof links->list[0])
        links->list[links->count++] = link;
}

/* Megabytes a second of a PCIe link, as amdgpu_amdkfd_get_pcie_bandwidth_mbytes() counts. */
static unsigned pcie_mbytes(const struct gpu_profile *profile)
{
    static const unsigned megabits_per_lane[] = {0, 2500, 5000, 8000, 16000, 32000};

    return megabits_per_lane[profile->pcie_gen] * profile->pcie_lanes / 8;
}

/* CPU nodes among each other. */
static void links_add_cpus(struct links *links, const struct host *host)
{
    unsigned type = host->amd_cpu ? LINK_HYPERTRANSPORT : LINK_QPI;

    for (unsigned from = 0; from < host->node_count; from++)
        for (unsigned to = 0; to < host->node_count; to++)
            if (from != to)
                link_add(links, (struct link){.from = from,
                                              .to = to,
                                              .type = type,
                                              .weight = host->nodes[from].distance[to]});
}

/* A GPU and the CPUs: directly to its home node, by way of that one to the others. VRAM is fully
 * visible (large BAR), so every link has its reverse. */
static void links_add_gpu(struct links *links, const struct soft_device *device,
                          const struct host *host)
{
    for (unsigned cpu = 0; cpu < host->node_count; cpu++) {
        struct link up = {
            .from = device->kfd_node,
            .to = cpu,
            .type = LINK_PCIEXPRESS,
            .weight = PCIE_WEIGHT,
            .min_mbytes = PCIE_MIN_MBYTES,
            .max_mbytes = pcie_mbytes(device->profile),
            .flags = LINK_ENABLED,
        };
        if (cpu == GPU_HOME_NODE) {
            up.sdma_mask = (1u << device->profile->sdma_engines) - 1;
        } else {
            up.weight += host->nodes[cpu].distance[GPU_HOME_NODE];
            up.min_mbytes = up.max_mbytes = 0; /* the CPUs' links do not tell */
            up.indirect = true;
        }
        struct link down = up;
        down.from = cpu;
        down.to = device->kfd_node;
        down.flags = LINK_ENABLED | LINK_NON_COHERENT;
        link_add(links, up);
        link_add(links, down);
    }
}

/* GPUs see each other's VRAM over PCIe (CONFIG_HSA_AMD_P2P, large BAR). */
static void links_add_peers(struct links *links, const struct soft_machine *machine)
{
    for (unsigned from = 0; from < machine->device_count; from++) {
        for (unsigned to = 0; to < machine->device_count; to++) {
            const struct soft_device *peer = &machine->devices[to];
            if (from == to)
                continue;
            link_add(links, (struct link){.from = machine->devices[from].kfd_node,
                                          .to = peer->kfd_node,
                                          .type = LINK_PCIEXPRESS,
                                          .weight = 2 * PCIE_WEIGHT,
                                          .min_mbytes = PCIE_MIN_MBYTES,
                                          .max_mbytes = pcie_mbytes(peer->profile),
                                          .flags = LINK_ENABLED | LINK_NON_COHERENT,
                                          .indirect = true});
        }
    }
}

static unsigned links_count(const struct links *links, unsigned from, bool indirect)
{
    unsigned count = 0;

    for (unsigned i = 0; i < links->count; i++)
        count += links->list[i].from == from && links->list[i].indirect == indirect;
    return count;
}

static void links_generate(struct manifest *manifest, const char *node_path,
                           const struct links *links, unsigned from, bool indirect)
{
    char directory[SYSFS_PATH_MAX];
    unsigned number = 0;

    if (indirect && links->kernel->kfd_minor < AFTER_5_10)
        return;
    snprintf(directory, sizeof directory, "%.200s/%s", node_path,
             indirect ? "p2p_links" : "io_links");
    manifest_directory(manifest, directory);
    for (unsigned i = 0; i < links->count; i++) {
        const struct link *link = &links->list[i];
        if (link->from != from || link->indirect != indirect)
            continue;
        const struct property properties[] = {
            {"type", link->type},
            {"version_major", 0},
            {"version_minor", 0},
            {"node_from", link->from},
            {"node_to", link->to},
            {"weight", link->weight},
            {"min_latency", 0},
            {"max_latency", 0},
            {"min_bandwidth", link->min_mbytes},
            {"max_bandwidth", link->max_mbytes},
            {"recommended_transfer_size", 0},
            {"recommended_sdma_engine_id_mask", link->sdma_mask, AFTER_6_1},
            {"flags", link->flags},
        };
        snprintf(directory, sizeof directory, "%.200s/%s/%u", node_path,
                 indirect ? "p2p_links" : "io_links", number++);
        PROPERTIES_FILE(manifest, links->kernel->kfd_minor, directory, properties);
    }
}

/* ---- caches: kfd_fill_cache_non_crat_info() ---- */

struct cache_kind {
    uint32_t level, kib, line_bytes, type, cus_sharing;
};

#define CACHE_KINDS 6

static void cache_kinds(const struct gpu_profile *gpu, struct cache_kind out_kinds[CACHE_KINDS])
{
    const uint32_t data = CACHE_DATA | CACHE_HSACU, inst = CACHE_INSTRUCTION | CACHE_HSACU;
    const struct cache_kind kinds[CACHE_KINDS] = {
        {1, gpu->l1_vector_kib, 128, data, 1},
        {1, gpu->l1_inst_kib, 64, inst, gpu->cu_per_sqc},
        {1, gpu->l1_scalar_kib, 64, data, gpu->cu_per_sqc},
        {1, gpu->gl1_kib, 128, data, gpu->cu_per_array},
        {2, gpu->l2_kib, 128, data, gpu->cu_per_array},
        {3, gpu->l3_kib, 64, data, gpu->cu_per_array},
    };

    memcpy(out_kinds, kinds, sizeof kinds);
}

struct cache_writer {
    struct manifest *manifest;
    const char *node_path;
    unsigned count;
};

/* `map` holds 32 bits per shader array. */
static void cache_generate(struct cache_writer *writer, const struct cache_kind *kind,
                           uint32_t processor_id, const uint32_t *map, unsigned map_words)
{
    char directory[SYSFS_PATH_MAX], siblings[2 * 32 * 64 + 32];
    size_t length = (size_t)snprintf(siblings, sizeof siblings, "sibling_map ");
    const struct property properties[] = {
        {"processor_id_low", processor_id},
        {"level", kind->level},
        {"size", kind->kib},
        {"cache_line_size", kind->line_bytes},
        {"cache_lines_per_tag", 0},
        {"association", 0},
        {"latency", 0},
        {"type", kind->type},
    };

    for (unsigned bit = 0; bit < 32 * map_words; bit++) {
        siblings[length++] = map[bit / 32] >> bit % 32 & 1 ? '1' : '0';
        siblings[length++] = ',';
    }
    siblings[length - 1] = '\n';
    siblings[length] = '\0';
    snprintf(directory, sizeof directory, "%.200s/caches/%u", writer->node_path, writer->count++);
    properties_file(writer->manifest, ANY_KFD, directory, properties,
                    sizeof properties / sizeof properties[0], siblings);
}

/* One cache for every group of `cus_sharing` compute units that has an active one. */
static void caches_of_array(struct cache_writer *writer, const struct cache_kind *kind,
                            const struct gpu_profile *gpu, uint32_t mask, uint32_t first_id)
{
    for (unsigned cu = 0; cu < gpu->cu_per_array; cu += kind->cus_sharing) {
        uint32_t group = mask >> cu & ((1u << kind->cus_sharing) - 1);
        if (group == 0)
            continue;
        unsigned first = (unsigned)__builtin_ctz(group);
        uint32_t siblings = group >> first;
        cache_generate(writer, kind, first_id + cu + first, &siblings, 1);
    }
}

static void cache_of_gpu(struct cache_writer *writer, const struct cache_kind *kind,
                         const struct gpu_profile *gpu, uint32_t first_id)
{
    uint32_t map[64], first = gpu_profile_cu_mask(gpu, 0, 0);
    unsigned words = 0;

    /* The kernel starts with the first array twice, and so never reaches the last. */
    map[words++] = first;
    for (unsigned engine = 0; engine < gpu->shader_engines; engine++)
        for (unsigned array = 0; array < gpu->arrays_per_engine; array++)
            map[words++] = gpu_profile_cu_mask(gpu, engine, array);
    cache_generate(writer, kind, first_id, map, words - 1);
}

static unsigned caches_generate(struct manifest *manifest, const char *node_path,
                                const struct gpu_profile *gpu, uint32_t first_id)
{
    struct cache_writer writer = {manifest, node_path, 0};
    struct cache_kind kinds[CACHE_KINDS];

    cache_kinds(gpu, kinds);
    for (unsigned i = 0; i < CACHE_KINDS; i++) {
        uint32_t id = first_id;
        if (kinds[i].kib == 0)
            continue;
        if (kinds[i].level != 1) {
            cache_of_gpu(&writer, &kinds[i], gpu, first_id);
            continue;
        }
        for (unsigned engine = 0; engine < gpu->shader_engines; engine++) {
            for (unsigned array = 0; array < gpu->arrays_per_engine; array++) {
                caches_of_array(&writer, &kinds[i], gpu, gpu_profile_cu_mask(gpu, engine, array),
                                id);
                id += gpu->cu_per_array;
            }
        }
    }
    return writer.count;
}

/* ---- nodes ---- */

/* What a node's properties depend on; zero for what it lacks. */
struct node {
    unsigned number, cpu_cores, cpu_core_id_base, cache_count;
    uint32_t simd_id_base;
    const struct soft_device *device; /* NULL for a CPU */
    const struct host *host;
    const struct links *links;
};

static void node_properties(struct manifest *manifest, const char *node_path,
                            const struct node *node)
{
    static const struct gpu_profile none;
    static const struct soft_device no_device;
    const struct soft_device *device = node->device ? node->device : &no_device;
    const struct gpu_profile *gpu = node->device ? node->device->profile : &none;
    const struct gpu_save_area saved = gpu_profile_save_area(gpu);
    uint32_t location = device->pci_bus << 8 | device->pci_device << 3 | device->pci_function;
    const struct property properties[] = {
        {"cpu_cores_count", node->cpu_cores},
        {"simd_count", gpu->active_cus * gpu->simd_per_cu},
        {"mem_banks_count", 1},
        {"caches_count", node->cache_count},
        {"io_links_count", links_count(node->links, node->number, false)},
        {"p2p_links_count", links_count(node->links, node->number, true), AFTER_5_10},
        {"cpu_core_id_base", node->cpu_core_id_base},
        {"simd_id_base", node->simd_id_base},
        {"max_waves_per_simd", gpu->waves_per_simd},
        {"lds_size_in_kb", gpu->lds_bytes_per_cu / 1024},
        {"gds_size_in_kb", 0}, /* the KFD never fills it in */
        {"num_gws", gpu->gws_slots},
        {"wave_front_size", gpu->wave_size},
        {"array_count", gpu->shader_engines * gpu->arrays_per_engine},
        {"simd_arrays_per_engine", gpu->arrays_per_engine},
        {"cu_per_simd_array", gpu->cu_per_array},
        {"simd_per_cu", gpu->simd_per_cu},
        {"max_slots_scratch_cu", gpu->max_scratch_slots_per_cu},
        {"gfx_target_version", gpu->gfx_target_version, AFTER_5_10},
        {"vendor_id", gpu->pci_vendor},
        {"device_id", gpu->pci_device},
        {"location_id", location},
        {"domain", device->pci_domain},
        {"drm_render_minor", device->render_minor},
        {"hive_id", 0},
        {"num_sdma_engines", gpu->sdma_engines},
        {"num_sdma_xgmi_engines", 0},
        {"num_sdma_queues_per_engine", gpu->sdma_queues_per_engine},
        {"num_cp_queues", gpu->cp_queues},
        {"cwsr_size", saved.cwsr_bytes, AFTER_6_1},
        {"ctl_stack_size", saved.ctl_stack_bytes, AFTER_6_1},
        /* GPUs only, up to the last one */
        {"max_engine_clk_fcompute", gpu->engine_clock_mhz},
        {"local_mem_size", 0},
        {"fw_version", gpu->mec_version},
        {"capability", gpu->capability},
        {"debug_prop", gpu->debug_prop, AFTER_6_1},
        {"sdma_fw_version", gpu->sdma_version},
        {"unique_id", device->unique_id},
        {"num_xcc", 1, AFTER_6_1},
        {"max_engine_clk_ccompute", node->host->max_cpu_mhz},
    };
    const size_t count = sizeof properties / sizeof properties[0], gpu_only = 8;
    struct property cpu[sizeof properties / sizeof properties[0]];

    if (node->device) {
        properties_file(manifest, node->links->kernel->kfd_minor, node_path, properties, count, "");
        return;
    }
    memcpy(cpu, properties, sizeof properties);
    cpu[count - 1 - gpu_only] = properties[count - 1];
    properties_file(manifest, node->links->kernel->kfd_minor, node_path, cpu, count - gpu_only, "");
}

static void memory_bank(struct manifest *manifest, const char *node_path, unsigned heap,
                        uint64_t bytes, unsigned width, unsigned clock)
{
    char directory[SYSFS_PATH_MAX];
    const struct property properties[] = {
        {"heap_type", heap}, {"size_in_bytes", bytes}, {"flags", 0},
        {"width", width},    {"mem_clk_max", clock},
    };

    snprintf(directory, sizeof directory, "%.200s/mem_banks/0", node_path);
    PROPERTIES_FILE(manifest, ANY_KFD, directory, properties);
}

static void node_frame(struct manifest *manifest, unsigned number, uint32_t gpu_id,
                       const char *name, char out_path[SYSFS_PATH_MAX])
{
    char path[SYSFS_PATH_MAX];

    snprintf(out_path, SYSFS_PATH_MAX, SYSFS_KFD_DEVICE "/topology/nodes/%u", number);
    snprintf(path, sizeof path, "%.200s/gpu_id", out_path);
    manifest_file(manifest, path, "%u\n", gpu_id);
    snprintf(path, sizeof path, "%.200s/name", out_path);
    manifest_file(manifest, path, "%s\n", name);
    snprintf(path, sizeof path, "%.200s/caches", out_path);
    manifest_directory(manifest, path);
}

static void cpu_node(struct manifest *manifest, unsigned number, const struct host *host,
                     const struct links *links)
{
    const struct host_node *cpu = &host->nodes[number];
    struct node node = {.number = number,
                        .cpu_cores = cpu->cpu_count,
                        .cpu_core_id_base = cpu->first_apicid,
                        .host = host,
                        .links = links};
    char path[SYSFS_PATH_MAX];

    node_frame(manifest, number, 0, "", path);
    memory_bank(manifest, path, HEAP_SYSTEM, cpu->memory_bytes, 0, 0);
    links_generate(manifest, path, links, number, false);
    links_generate(manifest, path, links, number, true);
    node_properties(manifest, path, &node);
}

static void gpu_node(struct manifest *manifest, const struct soft_device *device,
                     uint32_t simd_id_base, const struct host *host, const struct links *links)
{
    const struct gpu_profile *gpu = device->profile;
    struct node node = {.number = device->kfd_node,
                        .simd_id_base = simd_id_base,
                        .device = device,
                        .host = host,
                        .links = links};
    char path[SYSFS_PATH_MAX];

    node_frame(manifest, device->kfd_node, device->gpu_id, gpu->asic_name, path);
    memory_bank(manifest, path, HEAP_FB_PUBLIC, device->vram_bytes, gpu->memory_bus_bits,
                gpu->memory_clock_mhz);
    node.cache_count = caches_generate(manifest, path, gpu, simd_id_base);
    links_generate(manifest, path, links, device->kfd_node, false);
    links_generate(manifest, path, links, device->kfd_node, true);
    node_properties(manifest, path, &node);
}

void generate_topology(struct manifest *manifest, const struct soft_machine *machine,
                       const struct host *host)
{
    uint32_t simd_id_base = SIMD_ID_BASE;
    struct links links = {.kernel = machine->kernel};

    links_add_cpus(&links, host);
    for (unsigned i = 0; i < machine->device_count; i++)
        links_add_gpu(&links, &machine->devices[i], host);
    links_add_peers(&links, machine);

    manifest_file(manifest, SYSFS_KFD_DEVICE "/topology/generation_id", "%u\n",
                  1 + machine->device_count);
    /* From the ACPI DSDT, which only root may read; the KFD shows 0 without one. */
    manifest_file(manifest, SYSFS_KFD_DEVICE "/topology/system_properties",
                  "platform_oem 0\nplatform_id 0\nplatform_rev 0\n");
    for (unsigned i = 0; i < host->node_count; i++)
        cpu_node(manifest, i, host, &links);
    for (unsigned i = 0; i < machine->device_count; i++) {
        const struct gpu_profile *gpu = machine->devices[i].profile;
        gpu_node(manifest, &machine->devices[i], simd_id_base, host, &links);
        simd_id_base += gpu->shader_engines * gpu->arrays_per_engine * gpu->cu_per_array;
    }
}
