/* SPDX-License-Identifier: MIT
 *
 * The user API of the DRM core and of amdgpu up to Linux 7.2. Installed headers may be older
 * (libdrm 2.4.114 knows Linux 6.0), so what has grown or was added since is declared here under a
 * name of its own, with its size asserted; what never changed comes from libdrm's headers. What a
 * kernel profile does not know yet it does not read.
 *
 * Source: include/uapi/drm/drm.h and amdgpu_drm.h of Linux 6.12 and 7.2.
 */
#ifndef SOFTGPU_FRONT_DRM_UAPI_H
#define SOFTGPU_FRONT_DRM_UAPI_H

#include <amdgpu_drm.h>
#include <assert.h>
#include <drm.h>
#include <stddef.h>
#include <stdint.h>

/* ---- DRM core ---- */

#define DRM_UAPI_SYNCOBJ_WAIT_DEADLINE (1u << 3)

struct drm_uapi_syncobj_wait { /* drm_syncobj_wait since 6.6 */
    uint64_t handles;
    int64_t timeout_nsec;
    uint32_t count_handles, flags, first_signaled, pad;
    uint64_t deadline_nsec;
};
static_assert(sizeof(struct drm_uapi_syncobj_wait) == 40, "Linux 6.6");

struct drm_uapi_syncobj_timeline_wait { /* drm_syncobj_timeline_wait since 6.6 */
    uint64_t handles, points;
    int64_t timeout_nsec;
    uint32_t count_handles, flags, first_signaled, pad;
    uint64_t deadline_nsec;
};
static_assert(sizeof(struct drm_uapi_syncobj_timeline_wait) == 48, "Linux 6.6");

struct drm_uapi_syncobj_eventfd {
    uint32_t handle, flags;
    uint64_t point;
    int32_t fd;
    uint32_t pad;
};
static_assert(sizeof(struct drm_uapi_syncobj_eventfd) == 24, "Linux 6.6");

#define DRM_UAPI_SYNCOBJ_HANDLE_TIMELINE (1u << 1)

struct drm_uapi_syncobj_handle { /* drm_syncobj_handle since 6.16 */
    uint32_t handle, flags;
    int32_t fd;
    uint32_t pad;
    uint64_t point;
};
static_assert(sizeof(struct drm_uapi_syncobj_handle) == 24, "Linux 6.16");

#define DRM_UAPI_CLIENT_NAME_MAX 64u

struct drm_uapi_set_client_name {
    uint64_t name_len, name;
};
static_assert(sizeof(struct drm_uapi_set_client_name) == 16, "Linux 6.13");

struct drm_uapi_gem_change_handle {
    uint32_t handle, new_handle;
};

struct drm_uapi_mode_closefb {
    uint32_t fb_id, pad;
};

#define DRM_UAPI_IOCTL_SYNCOBJ_WAIT          DRM_IOWR(0xc3, struct drm_uapi_syncobj_wait)
#define DRM_UAPI_IOCTL_SYNCOBJ_TIMELINE_WAIT DRM_IOWR(0xca, struct drm_uapi_syncobj_timeline_wait)
#define DRM_UAPI_IOCTL_SYNCOBJ_EVENTFD       DRM_IOWR(0xcf, struct drm_uapi_syncobj_eventfd)
#define DRM_UAPI_IOCTL_MODE_CLOSEFB          DRM_IOWR(0xd0, struct drm_uapi_mode_closefb)
#define DRM_UAPI_IOCTL_SYNCOBJ_HANDLE_TO_FD  DRM_IOWR(0xc1, struct drm_uapi_syncobj_handle)
#define DRM_UAPI_IOCTL_SYNCOBJ_FD_TO_HANDLE  DRM_IOWR(0xc2, struct drm_uapi_syncobj_handle)
#define DRM_UAPI_IOCTL_SET_CLIENT_NAME       DRM_IOWR(0xd1, struct drm_uapi_set_client_name)
#define DRM_UAPI_IOCTL_GEM_CHANGE_HANDLE     DRM_IOWR(0xd2, struct drm_uapi_gem_change_handle)

/* ---- amdgpu ---- */

#define DRM_UAPI_GEM_DOMAIN_DOORBELL    0x40u
#define DRM_UAPI_GEM_DOMAIN_MASK        0x7fu

#define DRM_UAPI_GEM_CREATE_DISCARDABLE (UINT64_C(1) << 12)
#define DRM_UAPI_GEM_CREATE_GFX12_DCC   (UINT64_C(1) << 16)

#define DRM_UAPI_VM_PAGE_NOALLOC        (1u << 9)

#define DRM_UAPI_CHUNK_CP_GFX_SHADOW    0x0a
#define DRM_UAPI_CP_GFX_SHADOW_INIT     0x1u

#define DRM_UAPI_HW_IP_VPE              9u
#define DRM_UAPI_HW_IP_NUM              10u

#define DRM_UAPI_INFO_MAX_IBS           0x22u
#define DRM_UAPI_INFO_GPUVM_FAULT       0x23u
#define DRM_UAPI_INFO_UQ_FW_AREAS       0x24u

#define DRM_UAPI_IDS_FLAGS_GANG_SUBMIT  0x10u

#define DRM_UAPI_FW_LAST                0x1cu /* AMDGPU_INFO_FW_VPE */

struct drm_uapi_gem_va { /* drm_amdgpu_gem_va since 6.16 */
    struct drm_amdgpu_gem_va base;
    uint64_t vm_timeline_point;
    uint32_t vm_timeline_syncobj_out, num_syncobj_handles;
    uint64_t input_fence_syncobj_handles;
};
static_assert(sizeof(struct drm_uapi_gem_va) == 64, "Linux 6.16");

#define DRM_UAPI_GEM_OP_GET_MAPPING_INFO 2u

struct drm_uapi_gem_op { /* drm_amdgpu_gem_op since 6.18 */
    struct drm_amdgpu_gem_op base;
    uint32_t num_entries, padding;
};
static_assert(sizeof(struct drm_uapi_gem_op) == 24, "Linux 6.18");

struct drm_uapi_gem_vm_entry {
    uint64_t addr, size, offset, flags; /* bytes */
};

struct drm_uapi_gem_list_handles {
    uint64_t entries;
    uint32_t num_entries, padding;
};
static_assert(sizeof(struct drm_uapi_gem_list_handles) == 16, "Linux 6.18");

#define DRM_UAPI_GEM_LIST_IS_IMPORT 1u

struct drm_uapi_gem_list_entry {
    uint32_t gem_handle, flags;
    uint64_t size;
    uint64_t preferred_domains, alloc_flags;
    uint64_t alignment; /* pages, whatever the kernel's header says */
};
static_assert(sizeof(struct drm_uapi_gem_list_entry) == 40, "Linux 6.18");

/* Sizes that count: there are no user queues of the graphics driver here. */
struct drm_uapi_userq {
    uint64_t words[9];
};
struct drm_uapi_userq_signal {
    uint64_t words[6];
};
struct drm_uapi_userq_wait {
    uint64_t words[9];
};

#define DRM_UAPI_IOCTL_GEM_VA       DRM_IOW(DRM_COMMAND_BASE + DRM_AMDGPU_GEM_VA, struct drm_uapi_gem_va)
#define DRM_UAPI_IOCTL_GEM_OP       DRM_IOWR(DRM_COMMAND_BASE + DRM_AMDGPU_GEM_OP, struct drm_uapi_gem_op)
#define DRM_UAPI_IOCTL_USERQ        DRM_IOWR(DRM_COMMAND_BASE + 0x16, struct drm_uapi_userq)
#define DRM_UAPI_IOCTL_USERQ_SIGNAL DRM_IOWR(DRM_COMMAND_BASE + 0x17, struct drm_uapi_userq_signal)
#define DRM_UAPI_IOCTL_USERQ_WAIT   DRM_IOWR(DRM_COMMAND_BASE + 0x18, struct drm_uapi_userq_wait)
#define DRM_UAPI_IOCTL_GEM_LIST_HANDLES                                                            \
    DRM_IOWR(DRM_COMMAND_BASE + 0x19, struct drm_uapi_gem_list_handles)

struct drm_uapi_info_hw_ip { /* drm_amdgpu_info_hw_ip since 6.2 */
    uint32_t hw_ip_version_major, hw_ip_version_minor;
    uint64_t capabilities_flags;
    uint32_t ib_start_alignment, ib_size_alignment;
    uint32_t available_rings;      /* bit per ring */
    uint32_t ip_discovery_version; /* bits 23:16 major, 15:8 minor, 7:0 revision */
};
static_assert(sizeof(struct drm_uapi_info_hw_ip) == 32, "Linux 6.2");

struct drm_uapi_info_hw_ip_slots { /* drm_amdgpu_info_hw_ip since 6.18 */
    struct drm_uapi_info_hw_ip base;
    uint32_t userq_num_slots;
};
static_assert(sizeof(struct drm_uapi_info_hw_ip_slots) == 40, "Linux 6.18");

struct drm_uapi_info_device { /* drm_amdgpu_info_device since 6.5 */
    uint32_t device_id, chip_rev, external_rev, pci_rev, family;
    uint32_t num_shader_engines, num_shader_arrays_per_engine;
    uint32_t gpu_counter_freq;                   /* kHz */
    uint64_t max_engine_clock, max_memory_clock; /* kHz */
    uint32_t cu_active_number, cu_ao_mask;
    uint32_t cu_bitmap[4][4];
    uint32_t enabled_rb_pipes_mask, num_rb_pipes, num_hw_gfx_contexts;
    uint32_t pcie_gen;
    uint64_t ids_flags;
    uint64_t virtual_address_offset, virtual_address_max;
    uint32_t virtual_address_alignment, pte_fragment_size, gart_page_size, ce_ram_size;
    uint32_t vram_type, vram_bit_width, vce_harvest_config, gc_double_offchip_lds_buf;
    uint64_t prim_buf_gpu_addr, pos_buf_gpu_addr, cntl_sb_buf_gpu_addr, param_buf_gpu_addr;
    uint32_t prim_buf_size, pos_buf_size, cntl_sb_buf_size, param_buf_size;
    uint32_t wave_front_size, num_shader_visible_vgprs, num_cu_per_sh, num_tcc_blocks;
    uint32_t gs_vgt_table_depth, gs_prim_buffer_depth, max_gs_waves_per_vgt;
    uint32_t pcie_num_lanes;
    uint32_t cu_ao_bitmap[4][4];
    uint64_t high_va_offset, high_va_max;
    uint32_t pa_sc_tile_steering_override;
    uint64_t tcc_disabled_mask;
    uint64_t min_engine_clock, min_memory_clock; /* kHz */
    uint32_t tcp_cache_size, num_sqc_per_wgp, sqc_data_cache_size, sqc_inst_cache_size;
    uint32_t gl1c_cache_size, gl2c_cache_size;
    uint64_t mall_size;
    uint32_t enabled_rb_pipes_mask_hi;
    uint32_t shadow_size, shadow_alignment, csa_size, csa_alignment;
    uint32_t userq_ip_mask, pad; /* since 6.16 */
};
static_assert(offsetof(struct drm_uapi_info_device, min_engine_clock) ==
                  sizeof(struct drm_amdgpu_info_device),
              "grows from where Linux 6.0 ended");

struct drm_uapi_cs_chunk_cp_gfx_shadow { /* drm_amdgpu_cs_chunk_cp_gfx_shadow since 6.5 */
    uint64_t shadow_va, csa_va, gds_va, flags;
};
static_assert(sizeof(struct drm_uapi_cs_chunk_cp_gfx_shadow) == 32, "Linux 6.5");

struct drm_uapi_info_gpuvm_fault {
    uint64_t addr;
    uint32_t status, vmhub;
};
static_assert(sizeof(struct drm_uapi_info_gpuvm_fault) == 16, "Linux 6.7");

#endif
