/* SPDX-License-Identifier: MIT
 *
 * GPUs and kernels as data. profiles.def has one row group per GPU, kernels.def one row per
 * kernel profile; sysfs, DEV_INFO, the KFD topology, the decoder choice and the memory sizes all
 * come from here.
 *
 * A struct gpu_profile describes a model, and also one GPU of it: with compute units switched off
 * (gpu_profile_keep_cus) everything that depends on their number still comes from it.
 *
 * Sources: topology and sysfs files of real cards (RX 6800/6900 XT for gfx1030), the kernel's
 * amdgpu_discovery and gfx_v10_0 for geometry, kernel-version facts from the kernel sources.
 */
#ifndef SOFTGPU_DEVICE_PROFILE_H
#define SOFTGPU_DEVICE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/isa/inst.h"

struct gpu_profile {
    const char *name;           /* "gfx1030" */
    const char *marketing_name; /* "AMD Radeon RX 6800 XT" */
    const char *asic_name;      /* the kernel's: KFD topology "name", "sienna_cichlid" */
    enum isa_gen isa;
    uint32_t gfx_target_version; /* 100300 */
    uint16_t pci_vendor, pci_device, pci_subvendor, pci_subdevice;
    uint8_t pci_revision;
    uint32_t family_id, chip_rev, external_rev; /* AMDGPU_FAMILY_NV = 143, ... */
    uint32_t shader_engines, arrays_per_engine, cu_per_array, simd_per_cu;
    uint32_t active_cus, waves_per_simd, wave_size, max_scratch_slots_per_cu;
    uint32_t vgprs_per_simd; /* registers of 32 lanes */
    uint32_t sgprs_per_wave, lds_bytes_per_cu, gds_bytes, gws_slots;
    uint32_t render_backends, texture_channel_caches;
    uint32_t sdma_engines, sdma_queues_per_engine, cp_queues;
    uint32_t engine_clock_mhz, memory_clock_mhz, memory_bus_bits, vram_type;
    uint32_t gpu_counter_khz; /* rate of the GPU's constant clock */
    uint32_t l1_vector_kib, l1_scalar_kib, l1_inst_kib, gl1_kib, l2_kib, l3_kib;
    uint32_t cu_per_sqc; /* compute units that share the scalar and instruction caches */
    uint64_t vram_bytes; /* default, --vram overrides */
    uint32_t capability; /* KFD topology node capability word */
    uint64_t debug_prop;
    uint32_t mec_version, sdma_version, me_version, pfp_version, ce_version, rlc_version;
    uint32_t gb_addr_config;
    uint32_t watch_points; /* address watch registers per VMID */
    uint32_t pcie_gen, pcie_lanes;
};

const struct gpu_profile *gpu_profile_find(const char *name); /* NULL when unknown */
const struct gpu_profile *gpu_profile_at(unsigned index);     /* NULL past the end */

/* Leaves `cus` of the profile's compute units active, as a list of the others in the kernel's
 * parameter amdgpu.disable_cu would. From GFX10 on they go by twos (a WGP). An array or engine may
 * be left with none, as in chips that are sold with fewer. EINVAL: no such number of units. */
rw_status gpu_profile_keep_cus(struct gpu_profile *profile, unsigned cus) RW_MUST_USE;

/* Bit per compute unit of a shader array that is active. The inactive ones are spread over the
 * arrays two by two (a WGP), from the last CU of the last arrays on. */
uint32_t gpu_profile_cu_mask(const struct gpu_profile *profile, unsigned engine, unsigned array);

/* Where a compute queue's waves are saved: control stack and waves, and behind them the debugger's.
 * Source: the kernel's kfd_queue_ctx_save_restore_size(). */
struct gpu_save_area {
    uint64_t ctl_stack_bytes, cwsr_bytes; /* the second includes the first */
    uint64_t debug_bytes;
};

struct gpu_save_area gpu_profile_save_area(const struct gpu_profile *profile);

/* What differs between kernels; see kernel-contract: "kernel profile". */
struct kernel_profile {
    const char *name;            /* "6.12" */
    uint32_t kfd_minor;          /* KFD 1.x */
    uint32_t drm_minor;          /* amdgpu 3.x */
    uint32_t ioctl_count;        /* END of the KFD ioctl table */
    bool own_vm_without_acquire; /* 5.10: a bound operation makes a private VM */
    bool acquire_needs_empty_vm; /* before 6.5 */
    bool seq64;                  /* VM never empty, from 6.9 on */
    bool exact_queue_buffers;    /* from 6.12 on */
    bool gem_handles_for_kfd;    /* from 6.8 on */
    bool secondary_contexts;     /* 7.2 */
    bool reset_masks;            /* in sysfs, from 6.13 on; queues alone are reset there (6.16) */
};

const struct kernel_profile *kernel_profile_find(const char *name);
const struct kernel_profile *kernel_profile_at(unsigned index);
const struct kernel_profile *kernel_profile_default(void);

#endif
