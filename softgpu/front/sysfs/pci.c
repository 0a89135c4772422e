/* SPDX-License-Identifier: MIT
 *
 * PCI devices: the GPUs, the root ports above them, and the amdgpu driver's folder. Without
 * power management: a hwmon without sensors, no pp_* files.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/sysfs/generate.h"

#define DRIVER        "/sys/bus/pci/drivers/amdgpu"
#define BRIDGE_ID     0x1483 /* AMD Starship/Matisse GPP bridge, a root port of the EPYC/Ryzen kind */
#define BRIDGE_VENDOR 0x1022
/* Where the firmware would have put the BARs: from 0x2000'0000'0000 on, 1 TiB apart. */
#define BAR_BASE(device) (UINT64_C(0x200000000000) + ((uint64_t)(device)->index << 40))

void sysfs_pci_slot(const struct soft_device *device, char out_slot[16])
{
    snprintf(out_slot, 16, "%04x:%02x:%02x.%x", device->pci_domain & 0xffff, device->pci_bus & 0xff,
             device->pci_device & 0x1f, device->pci_function & 7);
}

/* Root port N serves GPU N. */
static void port_slot(const struct soft_device *device, char out_slot[16])
{
    snprintf(out_slot, 16, "%04x:%02x:%02x.1", device->pci_domain & 0xffff,
             device->pci_root_bus & 0xff, (device->index + 1) & 0x1f);
}

static void port_path(const struct soft_device *device, char out_path[SYSFS_PATH_MAX])
{
    char slot[16];

    port_slot(device, slot);
    snprintf(out_path, SYSFS_PATH_MAX, "/sys/devices/pci%04x:%02x/%s", device->pci_domain,
             device->pci_root_bus, slot);
}

void sysfs_pci_path(const struct soft_device *device, char out_path[SYSFS_PATH_MAX])
{
    char port[SYSFS_PATH_MAX], slot[16];

    port_path(device, port);
    sysfs_pci_slot(device, slot);
    snprintf(out_path, SYSFS_PATH_MAX, "%.200s/%s", port, slot);
}

/* Adds "base/name" with formatted content. */
#define ATTRIBUTE(manifest, base, name, ...)                                                       \
    do {                                                                                           \
        char attribute_path[SYSFS_PATH_MAX];                                                       \
        snprintf(attribute_path, sizeof attribute_path, "%.200s/%s", base, name);                  \
        manifest_file(manifest, attribute_path, __VA_ARGS__);                                      \
    } while (0)

static void generate_link(struct manifest *manifest, const char *base, const char *name,
                          const char *target)
{
    char path[SYSFS_PATH_MAX];

    snprintf(path, sizeof path, "%.200s/%s", base, name);
    manifest_link(manifest, path, target);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

/* The type 0 header; the rest of the 256 bytes reads as zero (no capabilities listed). */
static void generate_config_space(struct manifest *manifest, const char *base,
                                  const struct gpu_profile *gpu)
{
    uint8_t config[256] = {0};
    char path[SYSFS_PATH_MAX];

    put16(config + 0x00, gpu->pci_vendor);
    put16(config + 0x02, gpu->pci_device);
    put16(config + 0x04, 0x0406); /* memory, bus master, INTx disabled */
    config[0x08] = gpu->pci_revision;
    config[0x0b] = 0x03; /* display controller, VGA compatible */
    config[0x0c] = 0x10; /* cache line, in dwords */
    put16(config + 0x2c, gpu->pci_subvendor);
    put16(config + 0x2e, gpu->pci_subdevice);
    snprintf(path, sizeof path, "%.200s/config", base);
    manifest_bytes(manifest, path, config, sizeof config);
}

static uint64_t power_of_two_at_least(uint64_t bytes)
{
    uint64_t size = 1;

    while (size < bytes)
        size <<= 1;
    return size;
}

/* "start end flags" for 6 BARs, the ROM and 6 bridge windows. BAR 0 is all of VRAM, BAR 2 the
 * doorbells, BAR 5 the registers. */
static void generate_resource(struct manifest *manifest, const char *base,
                              const struct soft_device *device)
{
    const uint64_t prefetchable = 0x14220c, plain = 0x40200, start = BAR_BASE(device);
    const uint64_t vram = power_of_two_at_least(device->vram_bytes);
    const struct {
        uint64_t start, size, flags;
    } regions[13] = {
        [0] = {start, vram, prefetchable},
        [2] = {start + vram, 0x10000000, prefetchable},
        [5] = {0xe0000000 + ((uint64_t)device->index << 20), 0x100000, plain},
    };
    char text[13 * 64], path[SYSFS_PATH_MAX];
    size_t length = 0;

    for (size_t i = 0; i < 13; i++)
        length += (size_t)snprintf(
            text + length, sizeof text - length, "0x%016llx 0x%016llx 0x%016llx\n",
            (unsigned long long)regions[i].start,
            (unsigned long long)(regions[i].size ? regions[i].start + regions[i].size - 1 : 0),
            (unsigned long long)regions[i].flags);
    snprintf(path, sizeof path, "%.200s/resource", base);
    manifest_bytes(manifest, path, text, length);
}

static const char *link_speed(unsigned generation)
{
    static const char *const speeds[] = {"Unknown",       "2.5 GT/s PCIe",  "5.0 GT/s PCIe",
                                         "8.0 GT/s PCIe", "16.0 GT/s PCIe", "32.0 GT/s PCIe"};

    return speeds[generation < 6 ? generation : 0];
}

static void generate_pcie_link(struct manifest *manifest, const char *base,
                               const struct gpu_profile *gpu)
{
    ATTRIBUTE(manifest, base, "current_link_speed", "%s\n", link_speed(gpu->pcie_gen));
    ATTRIBUTE(manifest, base, "current_link_width", "%u\n", gpu->pcie_lanes);
    ATTRIBUTE(manifest, base, "max_link_speed", "%s\n", link_speed(gpu->pcie_gen));
    ATTRIBUTE(manifest, base, "max_link_width", "%u\n", gpu->pcie_lanes);
}

/* Attributes of every PCI device (pci-sysfs.c). */
static void generate_identity(struct manifest *manifest, const char *base,
                              const struct soft_device *device, const struct host *host)
{
    const struct gpu_profile *gpu = device->profile;
    char alias[96], slot[16];

    sysfs_pci_slot(device, slot);
    snprintf(alias, sizeof alias, "pci:v%08Xd%08Xsv%08Xsd%08Xbc03sc00i00", gpu->pci_vendor,
             gpu->pci_device, gpu->pci_subvendor, gpu->pci_subdevice);
    ATTRIBUTE(manifest, base, "vendor", "0x%04x\n", gpu->pci_vendor);
    ATTRIBUTE(manifest, base, "device", "0x%04x\n", gpu->pci_device);
    ATTRIBUTE(manifest, base, "subsystem_vendor", "0x%04x\n", gpu->pci_subvendor);
    ATTRIBUTE(manifest, base, "subsystem_device", "0x%04x\n", gpu->pci_subdevice);
    ATTRIBUTE(manifest, base, "revision", "0x%02x\n", gpu->pci_revision);
    ATTRIBUTE(manifest, base, "class", "0x030000\n");
    ATTRIBUTE(manifest, base, "modalias", "%s\n", alias);
    ATTRIBUTE(manifest, base, "uevent",
              "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
              "PCI_SLOT_NAME=%s\nMODALIAS=%s\n",
              gpu->pci_vendor, gpu->pci_device, gpu->pci_subvendor, gpu->pci_subdevice, slot,
              alias);
    ATTRIBUTE(manifest, base, "boot_vga", "0\n");
    ATTRIBUTE(manifest, base, "enable", "1\n");
    ATTRIBUTE(manifest, base, "numa_node", "%d\n", host->node_count > 1 ? 0 : -1);
    ATTRIBUTE(manifest, base, "local_cpulist", "%s\n", host->cpu_list);
}

/* Attributes that amdgpu adds. The *_used ones are filled in when they are read (live.c). */
static void generate_amdgpu(struct manifest *manifest, const char *base,
                            const struct soft_device *device)
{
    const struct gpu_profile *gpu = device->profile;
    const unsigned long long vram = device->vram_bytes, gtt = device->gtt_bytes;
    const struct {
        const char *name;
        uint32_t version;
    } firmware[] = {
        {"me", gpu->me_version},     {"pfp", gpu->pfp_version},    {"ce", gpu->ce_version},
        {"rlc", gpu->rlc_version},   {"mec", gpu->mec_version},    {"mec2", gpu->mec_version},
        {"sdma", gpu->sdma_version}, {"sdma2", gpu->sdma_version},
    };
    char name[48];

    ATTRIBUTE(manifest, base, "mem_info_vram_total", "%llu\n", vram);
    ATTRIBUTE(manifest, base, "mem_info_vis_vram_total", "%llu\n", vram);
    ATTRIBUTE(manifest, base, "mem_info_gtt_total", "%llu\n", gtt);
    ATTRIBUTE(manifest, base, "mem_info_vram_used", "0\n");
    ATTRIBUTE(manifest, base, "mem_info_vis_vram_used", "0\n");
    ATTRIBUTE(manifest, base, "mem_info_gtt_used", "0\n");
    ATTRIBUTE(manifest, base, "vbios_version", "113-SOFTGPU-%s\n", gpu->name);
    ATTRIBUTE(manifest, base, "unique_id", "%016llx\n", (unsigned long long)device->unique_id);
    for (size_t i = 0; i < sizeof firmware / sizeof firmware[0]; i++) {
        snprintf(name, sizeof name, "fw_version/%s_fw_version", firmware[i].name);
        ATTRIBUTE(manifest, base, name, "0x%08x\n", firmware[i].version);
    }
}

/* How engines can be reset: softly, a queue alone, the whole GPU (amdgpu_show_reset_mask()). What
 * gfx_v10_0.c and sdma_v5_2.c allow this GPU with its firmware. */
static void generate_reset_masks(struct manifest *manifest, const char *base)
{
    ATTRIBUTE(manifest, base, "gfx_reset_mask", "soft queue full \n");
    ATTRIBUTE(manifest, base, "compute_reset_mask", "soft queue full \n");
    ATTRIBUTE(manifest, base, "sdma_reset_mask", "queue full \n");
}

static void generate_gpu(struct manifest *manifest, const struct soft_device *device,
                         const struct kernel_profile *kernel, const struct host *host)
{
    char base[SYSFS_PATH_MAX], slot[16];

    sysfs_pci_path(device, base);
    sysfs_pci_slot(device, slot);
    generate_identity(manifest, base, device, host);
    generate_config_space(manifest, base, device->profile);
    generate_resource(manifest, base, device);
    generate_pcie_link(manifest, base, device->profile);
    generate_amdgpu(manifest, base, device);
    if (kernel->reset_masks)
        generate_reset_masks(manifest, base);
    generate_link(manifest, base, "driver", DRIVER);
    generate_link(manifest, base, "subsystem", "/sys/bus/pci");
    generate_link(manifest, "/sys/bus/pci/devices", slot, base);
    generate_link(manifest, DRIVER, slot, base);
}

static void generate_port(struct manifest *manifest, const struct soft_device *device)
{
    char base[SYSFS_PATH_MAX], slot[16];

    port_path(device, base);
    port_slot(device, slot);
    ATTRIBUTE(manifest, base, "vendor", "0x%04x\n", BRIDGE_VENDOR);
    ATTRIBUTE(manifest, base, "device", "0x%04x\n", BRIDGE_ID);
    ATTRIBUTE(manifest, base, "class", "0x060400\n");
    ATTRIBUTE(manifest, base, "revision", "0x00\n");
    ATTRIBUTE(manifest, base, "uevent",
              "DRIVER=pcieport\nPCI_CLASS=60400\nPCI_ID=%04X:%04X\n"
              "PCI_SLOT_NAME=%s\n",
              BRIDGE_VENDOR, BRIDGE_ID, slot);
    generate_pcie_link(manifest, base, device->profile);
    generate_link(manifest, base, "subsystem", "/sys/bus/pci");
    generate_link(manifest, "/sys/bus/pci/devices", slot, base);
}

/* A monitor without sensors: rocm-smi wants to find one, and then shows "N/A". */
static void generate_hwmon(struct manifest *manifest, const struct soft_device *device,
                           unsigned number)
{
    char pci[SYSFS_PATH_MAX], base[SYSFS_PATH_MAX], name[32];

    sysfs_pci_path(device, pci);
    snprintf(name, sizeof name, "hwmon%u", number);
    snprintf(base, sizeof base, "%.180s/hwmon/%s", pci, name);
    ATTRIBUTE(manifest, base, "name", "amdgpu\n");
    ATTRIBUTE(manifest, base, "in0_label", "vddgfx\n"); /* rocm-smi 5 dies without */
    ATTRIBUTE(manifest, base, "uevent", "\n");
    generate_link(manifest, base, "device", pci);
    generate_link(manifest, base, "subsystem", "/sys/class/hwmon");
    generate_link(manifest, "/sys/class/hwmon", name, base);
}

/* A listing also shows what the real machine has. Returns the first number that no entry called
 * `stem`N has. */
static unsigned generate_real_entries(struct manifest *manifest, const char *folder,
                                      const char *stem)
{
    char path[SYSFS_PATH_MAX], real[PATH_MAX];
    DIR *directory = opendir(folder);
    struct dirent *entry;
    unsigned free_number = 0;

    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%.128s/%.64s", folder, entry->d_name);
        if (realpath(path, real))
            manifest_link_text(manifest, path, real);
        if (strncmp(entry->d_name, stem, strlen(stem)) == 0) {
            unsigned long number = strtoul(entry->d_name + strlen(stem), NULL, 10);
            if (number >= free_number)
                free_number = (unsigned)number + 1;
        }
    }
    if (directory)
        closedir(directory);
    return free_number;
}

void generate_pci(struct manifest *manifest, const struct soft_machine *machine,
                  const struct host *host)
{
    unsigned monitor = generate_real_entries(manifest, "/sys/class/hwmon", "hwmon");

    for (unsigned i = 0; i < machine->device_count; i++) {
        generate_port(manifest, &machine->devices[i]);
        generate_gpu(manifest, &machine->devices[i], machine->kernel, host);
        generate_hwmon(manifest, &machine->devices[i], monitor + i);
    }
    generate_link(manifest, DRIVER, "module", "/sys/module/amdgpu");
    generate_real_entries(manifest, "/sys/bus/pci/devices", "");
}
