/* SPDX-License-Identifier: MIT
 *
 * INFO: what libdrm and the drivers on top of it ask about the GPU. Kernel: amdgpu_info_ioctl().
 * Each query is a row; it fills an answer, of which as much is copied out as was asked for.
 */
#include <errno.h>
#include <string.h>

#include "softgpu/front/drm/drm_engine.h"
#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/nodes.h"
#include "softgpu/mem/heaps.h"

/* VRAM that the kernel keeps for page tables (AMDGPU_VM_RESERVED_VRAM). */
#define RESERVED_VRAM (UINT64_C(8) << 20)

#define MMR_MAX_COUNT 128

struct answer {
    size_t size; /* bytes */
    union {
        uint32_t u32;
        uint64_t u64;
        uint32_t registers[MMR_MAX_COUNT];
        uint32_t max_ibs[DRM_UAPI_HW_IP_NUM];
        struct drm_uapi_info_hw_ip_slots hw_ip; /* no slots of user queues */
        struct drm_uapi_info_device device;
        struct drm_uapi_info_gpuvm_fault fault;
        struct drm_amdgpu_info_firmware firmware;
        struct drm_amdgpu_info_gds gds;
        struct drm_amdgpu_info_vram_gtt vram_gtt;
        struct drm_amdgpu_memory_info memory;
        struct drm_amdgpu_info_vce_clock_table vce_clocks;
        struct drm_amdgpu_info_vbios vbios;
    };
};

typedef rw_status info_query(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                             struct answer *answer);

static rw_status answer_u32(struct answer *answer, uint32_t value)
{
    answer->u32 = value;
    answer->size = sizeof value;
    return RW_OK;
}

static rw_status answer_u64(struct answer *answer, uint64_t value)
{
    answer->u64 = value;
    answer->size = sizeof value;
    return RW_OK;
}

static struct mem_usage usage_of(struct drm_fpriv *fpriv)
{
    struct mem_usage usage;

    mem_heaps_usage(fpriv->device->heaps, &usage);
    return usage;
}

/* ---- numbers ---- */

static rw_status query_accel_working(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                     struct answer *answer)
{
    (void)fpriv;
    (void)info;
    return answer_u32(answer, 1); /* compute works, by /dev/kfd */
}

static rw_status query_vram_losses(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                   struct answer *answer)
{
    (void)info;
    return answer_u32(answer, drm_sched_vram_losses(fpriv->device->index));
}

static rw_status query_zero_u64(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                struct answer *answer)
{
    (void)fpriv;
    (void)info;
    return answer_u64(answer, 0);
}

static rw_status query_timestamp(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                 struct answer *answer)
{
    (void)info;
    return answer_u64(answer, soft_device_clock(fpriv->device));
}

static rw_status query_usage(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                             struct answer *answer)
{
    struct mem_usage usage = usage_of(fpriv);

    switch (info->query) {
    case AMDGPU_INFO_NUM_BYTES_MOVED:
        return answer_u64(answer, usage.bytes_moved);
    case AMDGPU_INFO_NUM_EVICTIONS:
        return answer_u64(answer, usage.evictions);
    case AMDGPU_INFO_VRAM_USAGE:
        return answer_u64(answer, usage.vram_used);
    case AMDGPU_INFO_VIS_VRAM_USAGE:
        return answer_u64(answer, usage.visible_vram_used);
    default:
        return answer_u64(answer, usage.gtt_used);
    }
}

static rw_status query_absent(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                              struct answer *answer)
{
    (void)fpriv;
    (void)answer;
    switch (info->query) {
    case AMDGPU_INFO_SENSOR:
        return rw_status_quiet(ENOENT); /* no power management, so no sensors */
    case AMDGPU_INFO_NUM_HANDLES:
        return rw_status_quiet(info->query_hw_ip.type == AMDGPU_HW_IP_UVD ? ENODATA : EINVAL);
    default: /* no displays, no error correction, no video engine */
        return rw_status_quiet(EINVAL);
    }
}

/* ---- engines ---- */

/* Engines that the GPU lacks answer zeros. */
static rw_status query_hw_ip_info(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                  struct answer *answer)
{
    struct drm_engine engine;

    if (info->query_hw_ip.ip_instance >= AMDGPU_HW_IP_INSTANCE_MAX_COUNT ||
        info->query_hw_ip.type >= DRM_ENGINES)
        return RW_FAIL(EINVAL, "engine type %u, instance %u", info->query_hw_ip.type,
                       info->query_hw_ip.ip_instance);
    engine = drm_engine_of(fpriv->device->profile, info->query_hw_ip.type);
    answer->size = drm_kernel_is_7(fpriv) ? sizeof answer->hw_ip : sizeof answer->hw_ip.base;
    answer->hw_ip.base = (struct drm_uapi_info_hw_ip){
        .hw_ip_version_major = engine.major,
        .hw_ip_version_minor = engine.minor,
        .ib_start_alignment = engine.ib_start_alignment,
        .ib_size_alignment = engine.ib_size_alignment,
        .available_rings = (1u << engine.rings) - 1,
        .ip_discovery_version = engine.discovery,
    };
    return RW_OK;
}

static rw_status query_hw_ip_count(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                   struct answer *answer)
{
    uint32_t type = info->query_hw_ip.type;
    struct drm_engine engine = {.present = false};

    if (type < DRM_ENGINES)
        engine = drm_engine_of(fpriv->device->profile, type);
    return engine.present ? answer_u32(answer, engine.instances) : rw_status_quiet(EINVAL);
}

static rw_status query_max_ibs(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                               struct answer *answer)
{
    (void)fpriv;
    (void)info;
    for (unsigned type = 0; type < DRM_ENGINES; type++)
        answer->max_ibs[type] = drm_engine_max_ibs(type);
    answer->size = sizeof answer->max_ibs;
    return RW_OK;
}

/* ---- firmware ---- */

/* Versions of what the model stands in for; firmware that it does without has version 0. */
static rw_status firmware_version(const struct gpu_profile *profile,
                                  const struct drm_amdgpu_query_fw *query, uint32_t *out_version)
{
    *out_version = 0;
    switch (query->fw_type) {
    case AMDGPU_INFO_FW_GFX_ME:
        *out_version = profile->me_version;
        return RW_OK;
    case AMDGPU_INFO_FW_GFX_PFP:
        *out_version = profile->pfp_version;
        return RW_OK;
    case AMDGPU_INFO_FW_GFX_CE:
        *out_version = profile->ce_version;
        return RW_OK;
    case AMDGPU_INFO_FW_GFX_RLC:
        *out_version = profile->rlc_version;
        return RW_OK;
    case AMDGPU_INFO_FW_GFX_MEC:
        *out_version = profile->mec_version;
        return query->index < 2 ? RW_OK : rw_status_quiet(EINVAL);
    case AMDGPU_INFO_FW_SDMA:
        *out_version = profile->sdma_version;
        return query->index < profile->sdma_engines ? RW_OK : rw_status_quiet(EINVAL);
    case AMDGPU_INFO_FW_TA:
        return query->index < 6 ? RW_OK : rw_status_quiet(EINVAL);
    default:
        return query->fw_type >= AMDGPU_INFO_FW_VCE && query->fw_type <= DRM_UAPI_FW_LAST
                   ? RW_OK
                   : rw_status_quiet(EINVAL);
    }
}

static rw_status query_firmware(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                struct answer *answer)
{
    if (info->query_fw.ip_instance != 0)
        return rw_status_quiet(EINVAL);
    answer->size = sizeof answer->firmware;
    return firmware_version(fpriv->device->profile, &info->query_fw, &answer->firmware.ver);
}

/* A software GPU has no video BIOS: its size is 0 and its strings are empty. */
static rw_status query_vbios(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                             struct answer *answer)
{
    (void)fpriv;
    switch (info->vbios_info.type) {
    case AMDGPU_INFO_VBIOS_SIZE:
        return answer_u32(answer, 0);
    case AMDGPU_INFO_VBIOS_INFO:
        answer->size = sizeof answer->vbios;
        return RW_OK;
    default: /* also the image: no offset lies in it */
        return rw_status_quiet(EINVAL);
    }
}

/* ---- memory ---- */

static rw_status query_gds(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                           struct answer *answer)
{
    const struct gpu_profile *profile = fpriv->device->profile;

    (void)info;
    answer->gds = (struct drm_amdgpu_info_gds){
        .compute_partition_size = profile->gds_bytes,
        .gds_total_size = profile->gds_bytes,
        .gws_per_compute_partition = profile->gws_slots,
        .oa_per_compute_partition = 16, /* kernel: gfx_v*_0_set_gds_init() */
    };
    answer->size = sizeof answer->gds;
    return RW_OK;
}

static uint64_t usable_vram(const struct mem_usage *usage)
{
    return usage->vram_size > RESERVED_VRAM ? usage->vram_size - RESERVED_VRAM : 0;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

static rw_status query_vram_gtt(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                struct answer *answer)
{
    struct mem_usage usage = usage_of(fpriv);

    (void)info;
    answer->vram_gtt = (struct drm_amdgpu_info_vram_gtt){
        .vram_size = usable_vram(&usage),
        .vram_cpu_accessible_size = at_most(usage.visible_vram_size, usable_vram(&usage)),
        .gtt_size = usage.gtt_size,
    };
    answer->size = sizeof answer->vram_gtt;
    return RW_OK;
}

static struct drm_amdgpu_heap_info heap_info(uint64_t total, uint64_t usable, uint64_t used)
{
    return (struct drm_amdgpu_heap_info){
        .total_heap_size = total,
        .usable_heap_size = usable,
        .heap_usage = used,
        .max_allocation = usable * 3 / 4,
    };
}

static rw_status query_memory(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                              struct answer *answer)
{
    struct mem_usage usage = usage_of(fpriv);
    uint64_t usable = usable_vram(&usage);

    (void)info;
    answer->memory.vram = heap_info(usage.vram_size, usable, usage.vram_used);
    answer->memory.cpu_accessible_vram = heap_info(
        usage.visible_vram_size, at_most(usage.visible_vram_size, usable), usage.visible_vram_used);
    answer->memory.gtt = heap_info(usage.gtt_size, usage.gtt_size, usage.gtt_used);
    answer->size = sizeof answer->memory;
    return RW_OK;
}

static rw_status query_vce_clocks(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                  struct answer *answer)
{
    (void)fpriv;
    (void)info;
    answer->size = sizeof answer->vce_clocks; /* no entries: there is no VCE */
    return RW_OK;
}

static rw_status query_fault(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                             struct answer *answer)
{
    (void)info;
    gpu_vm_last_fault(drm_file_vm(fpriv->file), &answer->fault.addr, &answer->fault.status);
    answer->size = sizeof answer->fault;
    return RW_OK;
}

/* ---- registers ---- */

/* Dword offsets of what GFX10 lets user space read (nv_allowed_read_registers[]): the GC block at
 * 0x1260. All engines of this GPU are idle as far as these registers go. */
#define GC(offset) (0x1260u + (offset))

enum { REG_GB_ADDR_CONFIG = GC(0x13de), REG_SDMA0_STATUS = GC(0x25), REG_SDMA1_STATUS = GC(0x625) };

#define SDMA_STATUS_IDLE 1u

static const uint32_t idle_registers[] = {
    GC(0xda4), GC(0xda2), GC(0xda5), GC(0xda6), GC(0xdae), GC(0xdaf), /* GRBM_STATUS, 2, SE0..3 */
    GC(0xf40), GC(0xf3d), GC(0xf3e), GC(0xf3c),                       /* CP_STAT, CP_STALLED_1..3 */
    GC(0xe28), GC(0xe29), GC(0xe27),                                  /* CP_CPF_* */
    GC(0xe25), GC(0xe26), GC(0xe24),                                  /* CP_CPC_* */
};

static bool register_read(const struct gpu_profile *profile, uint32_t offset, uint32_t *out_value)
{
    *out_value = 0;
    if (offset == REG_GB_ADDR_CONFIG) {
        *out_value = profile->gb_addr_config;
        return true;
    }
    if (offset == REG_SDMA0_STATUS || offset == REG_SDMA1_STATUS) {
        *out_value = SDMA_STATUS_IDLE;
        return true;
    }
    for (size_t i = 0; i < sizeof idle_registers / sizeof idle_registers[0]; i++)
        if (idle_registers[i] == offset)
            return true;
    return false;
}

static rw_status query_registers(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                 struct answer *answer)
{
    uint32_t instance = info->read_mmr_reg.instance, count = info->read_mmr_reg.count;
    uint32_t engine = instance >> AMDGPU_INFO_MMR_SE_INDEX_SHIFT & AMDGPU_INFO_MMR_SE_INDEX_MASK;
    uint32_t array = instance >> AMDGPU_INFO_MMR_SH_INDEX_SHIFT & AMDGPU_INFO_MMR_SH_INDEX_MASK;

    if ((engine != AMDGPU_INFO_MMR_SE_INDEX_MASK && engine >= 4) ||
        (array != AMDGPU_INFO_MMR_SH_INDEX_MASK && array >= 2) || count > MMR_MAX_COUNT)
        return RW_FAIL(EINVAL, "registers: instance 0x%x, count %u", instance, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = info->read_mmr_reg.dword_offset + i;

        if (!register_read(fpriv->device->profile, offset, &answer->registers[i]))
            return RW_FAIL(EFAULT, "register 0x%x is not for user space to read", offset);
    }
    answer->size = count * sizeof answer->registers[0];
    return RW_OK;
}

/* ---- the device ---- */

static void device_fill_addresses(struct drm_uapi_info_device *info,
                                  const struct gpu_vm_limits *limits)
{
    uint64_t size = limits->size - limits->reserved_top;

    info->virtual_address_offset = limits->reserved_bottom;
    info->virtual_address_max = at_most(size, GPU_VA_HOLE_START);
    if (size > GPU_VA_HOLE_START) {
        info->high_va_offset = GPU_VA_HOLE_END;
        info->high_va_max = GPU_VA_HOLE_END | size;
    }
    info->virtual_address_alignment = info->gart_page_size = GPU_PAGE_SIZE;
    info->pte_fragment_size = GPU_PAGE_SIZE << 9; /* kernel: amdgpu_vm_adjust_size(..., 9, ...) */
}

/* Every active unit is also an always-on one; the short mask has room for 2 x 2 arrays. */
static void device_fill_units(struct drm_uapi_info_device *info, const struct gpu_profile *profile)
{
    for (unsigned engine = 0; engine < profile->shader_engines && engine < 4; engine++) {
        for (unsigned array = 0; array < profile->arrays_per_engine && array < 4; array++) {
            uint32_t mask = gpu_profile_cu_mask(profile, engine, array);

            info->cu_bitmap[engine][array] = info->cu_ao_bitmap[engine][array] = mask;
            if (engine < 2 && array < 2)
                info->cu_ao_mask |= mask << (engine * 16 + array * 8);
        }
    }
    info->cu_active_number = profile->active_cus;
    info->num_shader_engines = profile->shader_engines;
    info->num_shader_arrays_per_engine = profile->arrays_per_engine;
    info->num_cu_per_sh = profile->cu_per_array;
    info->wave_front_size = profile->wave_size;
    info->num_shader_visible_vgprs = profile->vgprs_per_simd;
    info->num_rb_pipes = profile->render_backends;
    info->enabled_rb_pipes_mask = (uint32_t)((UINT64_C(1) << profile->render_backends) - 1);
    info->num_tcc_blocks = profile->texture_channel_caches;
}

static rw_status query_device(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *request,
                              struct answer *answer)
{
    const struct gpu_profile *profile = fpriv->device->profile;
    struct drm_uapi_info_device *info = &answer->device;

    (void)request;
    *info = (struct drm_uapi_info_device){
        .device_id = profile->pci_device,
        .chip_rev = profile->chip_rev,
        .external_rev = profile->external_rev,
        .pci_rev = profile->pci_revision,
        .family = profile->family_id,
        .gpu_counter_freq = profile->gpu_counter_khz,
        .max_engine_clock = profile->engine_clock_mhz * UINT64_C(1000),
        .min_engine_clock = profile->engine_clock_mhz * UINT64_C(1000),
        .max_memory_clock = profile->memory_clock_mhz * UINT64_C(1000),
        .min_memory_clock = profile->memory_clock_mhz * UINT64_C(1000),
        .vram_type = profile->vram_type,
        .vram_bit_width = profile->memory_bus_bits,
        .pcie_gen = profile->pcie_gen,
        .pcie_num_lanes = profile->pcie_lanes,
        /* Kernel: gfx_v10_0_gpu_early_init(), and the GC table of IP discovery: */
        .num_hw_gfx_contexts = 8,
        .ce_ram_size = 65536,
        .gc_double_offchip_lds_buf = 1,
        .gs_vgt_table_depth = 32,
        .gs_prim_buffer_depth = 1792,
        .max_gs_waves_per_vgt = 32,
        .mall_size = profile->l3_kib * UINT64_C(1024),
    };
    device_fill_units(info, profile);
    device_fill_addresses(info, gpu_vm_limits(drm_file_vm(fpriv->file)));
    if (drm_kernel_is_7(fpriv))
        info->ids_flags |= DRM_UAPI_IDS_FLAGS_GANG_SUBMIT;
    answer->size = drm_kernel_is_7(fpriv) ? sizeof *info
                                          : offsetof(struct drm_uapi_info_device, userq_ip_mask);
    return RW_OK;
}

/* Sizes of what the firmware keeps for user queues, which it does from GFX11 on. */
static rw_status query_user_queue_areas(struct drm_fpriv *fpriv, const struct drm_amdgpu_info *info,
                                        struct answer *answer)
{
    (void)answer;
    if (!drm_kernel_is_7(fpriv))
        return RW_FAIL(EINVAL, "query 0x%x is unknown", info->query);
    switch (info->query_hw_ip.type) {
    case AMDGPU_HW_IP_GFX:
    case AMDGPU_HW_IP_COMPUTE:
    case AMDGPU_HW_IP_DMA:
        return rw_status_quiet(EOPNOTSUPP);
    default:
        return RW_FAIL(EINVAL, "engine type %u has no user queues", info->query_hw_ip.type);
    }
}

/* ---- the table ---- */

static info_query *const queries[] = {
    [AMDGPU_INFO_ACCEL_WORKING] = query_accel_working,
    [AMDGPU_INFO_CRTC_FROM_ID] = query_absent,
    [AMDGPU_INFO_HW_IP_INFO] = query_hw_ip_info,
    [AMDGPU_INFO_HW_IP_COUNT] = query_hw_ip_count,
    [AMDGPU_INFO_TIMESTAMP] = query_timestamp,
    [AMDGPU_INFO_FW_VERSION] = query_firmware,
    [AMDGPU_INFO_NUM_BYTES_MOVED] = query_usage,
    [AMDGPU_INFO_VRAM_USAGE] = query_usage,
    [AMDGPU_INFO_GTT_USAGE] = query_usage,
    [AMDGPU_INFO_GDS_CONFIG] = query_gds,
    [AMDGPU_INFO_VRAM_GTT] = query_vram_gtt,
    [AMDGPU_INFO_READ_MMR_REG] = query_registers,
    [AMDGPU_INFO_DEV_INFO] = query_device,
    [AMDGPU_INFO_VIS_VRAM_USAGE] = query_usage,
    [AMDGPU_INFO_NUM_EVICTIONS] = query_usage,
    [AMDGPU_INFO_MEMORY] = query_memory,
    [AMDGPU_INFO_VCE_CLOCK_TABLE] = query_vce_clocks,
    [AMDGPU_INFO_VBIOS] = query_vbios,
    [AMDGPU_INFO_NUM_HANDLES] = query_absent,
    [AMDGPU_INFO_SENSOR] = query_absent,
    [AMDGPU_INFO_NUM_VRAM_CPU_PAGE_FAULTS] = query_zero_u64,
    [AMDGPU_INFO_VRAM_LOST_COUNTER] = query_vram_losses,
    [AMDGPU_INFO_RAS_ENABLED_FEATURES] = query_absent,
    [AMDGPU_INFO_VIDEO_CAPS] = query_absent,
    [DRM_UAPI_INFO_MAX_IBS] = query_max_ibs,
    [DRM_UAPI_INFO_GPUVM_FAULT] = query_fault,
    [DRM_UAPI_INFO_UQ_FW_AREAS] = query_user_queue_areas,
};

rw_status drm_ioctl_info(void *context, void *argument)
{
    const struct drm_amdgpu_info *info = argument;
    struct answer answer = {0};

    if (!info->return_size || !info->return_pointer)
        return RW_FAIL(EINVAL, "no room for an answer");
    if (info->query >= sizeof queries / sizeof queries[0] || !queries[info->query])
        return RW_FAIL(EINVAL, "query 0x%x is unknown", info->query);
    RW_TRY(queries[info->query](context, info, &answer));
    return front_copy_out(info->return_pointer, &answer.u32,
                          at_most(answer.size, info->return_size));
}
