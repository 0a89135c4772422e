/* SPDX-License-Identifier: MIT
 *
 * The ioctl interface of /dev/kfd up to KFD 1.23. The system's <linux/kfd_ioctl.h> may be as old as
 * KFD 1.11 (Debian 12), so every struct that has grown or was added since is declared here under a
 * name of its own, with its size asserted; what never changed comes from the system's header.
 *
 * Source: include/uapi/linux/kfd_ioctl.h of Linux 6.12 and 7.2; the mmap offsets are those of
 * drivers/gpu/drm/amd/amdkfd/kfd_priv.h.
 */
#ifndef SOFTGPU_FRONT_KFD_UAPI_H
#define SOFTGPU_FRONT_KFD_UAPI_H

#include <assert.h>
#include <linux/kfd_ioctl.h>
#include <stdint.h>

/* ---- queues: 1.17 appended the SDMA engine ---- */

#define KFD_QUEUE_TYPE_COMPUTE        0u
#define KFD_QUEUE_TYPE_SDMA           1u
#define KFD_QUEUE_TYPE_COMPUTE_AQL    2u
#define KFD_QUEUE_TYPE_SDMA_XGMI      3u
#define KFD_QUEUE_TYPE_SDMA_BY_ENGINE 4u

#define KFD_QUEUE_RING_MIN            1024u /* smaller rings are taken for this */

struct kfd_create_queue_args {
    uint64_t ring_base_address;
    uint64_t write_pointer_address;
    uint64_t read_pointer_address;
    uint64_t doorbell_offset; /* out */
    uint32_t ring_size;
    uint32_t gpu_id;
    uint32_t queue_type;
    uint32_t queue_percentage; /* bits 7:0 percent, 15:8 target XCC */
    uint32_t queue_priority;
    uint32_t queue_id; /* out */
    uint64_t eop_buffer_address;
    uint64_t eop_buffer_size;
    uint64_t ctx_save_restore_address;
    uint32_t ctx_save_restore_size;
    uint32_t ctl_stack_size;
    uint32_t sdma_engine_id;
    uint32_t pad;
};
static_assert(sizeof(struct kfd_create_queue_args) == 96, "grew in KFD 1.17");

/* ---- events: 1.14 gave the event data an age ---- */

struct kfd_signal_event_data {
    uint64_t last_event_age; /* in and out; 0 = the caller does not know ages */
};

struct kfd_wait_event_data {
    union {
        struct kfd_hsa_memory_exception_data memory_exception_data;
        struct kfd_hsa_hw_exception_data hw_exception_data;
        struct kfd_signal_event_data signal_event_data;
    };
    uint64_t kfd_event_data_ext;
    uint32_t event_id;
    uint32_t pad;
};
static_assert(sizeof(struct kfd_wait_event_data) == sizeof(struct kfd_event_data),
              "the union's largest member has not changed");

#define KFD_FIRST_NONSIGNAL_EVENT_ID 0x40000000u
#define KFD_NONSIGNAL_EVENT_COUNT    0x40000000u
#define KFD_UNSIGNALED_SLOT          UINT64_MAX
#define KFD_SIGNAL_PAGE_BYTES        (KFD_SIGNAL_EVENT_LIMIT * 8u)

/* ---- memory ---- */

#define KFD_ALLOC_FLAG_EXT_COHERENT (1u << 24)
#define KFD_ALLOC_FLAG_CONTIGUOUS   (1u << 23)
#define KFD_ALLOC_FLAG_WRITABLE     (1u << 31) /* the system's macro is a negative int */

struct kfd_export_dmabuf_args {
    uint64_t handle;
    uint32_t flags;     /* O_* for the new descriptor */
    uint32_t dmabuf_fd; /* out */
};
static_assert(sizeof(struct kfd_export_dmabuf_args) == 16, "KFD 1.12");

/* KFD handle = gpu_id in the upper half, number of the allocation in the lower. */
static inline uint64_t kfd_handle_make(uint32_t gpu_id, uint32_t number)
{
    return (uint64_t)gpu_id << 32 | number;
}

static inline uint32_t kfd_handle_gpu_id(uint64_t handle)
{
    return (uint32_t)(handle >> 32);
}

static inline uint32_t kfd_handle_number(uint64_t handle)
{
    return (uint32_t)handle;
}

/* ---- mmap offsets of /dev/kfd: type in bits 63:62, gpu_id in bits 61:46 ---- */

#define KFD_MMAP_TYPE_MASK     (UINT64_C(3) << 62)
#define KFD_MMAP_TYPE_DOORBELL (UINT64_C(3) << 62)
#define KFD_MMAP_TYPE_EVENTS   (UINT64_C(2) << 62)
#define KFD_MMAP_TYPE_RESERVED (UINT64_C(1) << 62)
#define KFD_MMAP_TYPE_MMIO     (UINT64_C(0) << 62)
#define KFD_MMAP_GPU_ID_SHIFT  46
#define KFD_MMAP_GPU_ID_MASK   (UINT64_C(0xffff) << KFD_MMAP_GPU_ID_SHIFT)

static inline uint64_t kfd_mmap_offset(uint64_t type, uint32_t gpu_id)
{
    return type | ((uint64_t)gpu_id << KFD_MMAP_GPU_ID_SHIFT & KFD_MMAP_GPU_ID_MASK);
}

static inline uint32_t kfd_mmap_gpu_id(uint64_t offset)
{
    return (uint32_t)((offset & KFD_MMAP_GPU_ID_MASK) >> KFD_MMAP_GPU_ID_SHIFT);
}

/* ---- debugger: 1.13 ---- */

#define KFD_RUNTIME_ENABLE_MODE_ENABLE 1u
#define KFD_RUNTIME_ENABLE_MODE_TTMP   2u

struct kfd_runtime_enable_args {
    uint64_t r_debug;
    uint32_t mode_mask;
    uint32_t capabilities_mask;
};
static_assert(sizeof(struct kfd_runtime_enable_args) == 16, "KFD 1.13");

#define KFD_DBG_TRAP_ENABLE 0u
#define KFD_DBG_TRAP_OPS    15u /* numbers in use in 6.12 */

struct kfd_dbg_trap_args {
    uint32_t pid;
    uint32_t op;
    uint64_t operands[3]; /* the union of 6.12's operation structs */
};
static_assert(sizeof(struct kfd_dbg_trap_args) == 32, "KFD 1.13");

/* ---- profiler: 7.2 ---- */

#define KFD_PROFILER_PMC         0u
#define KFD_PROFILER_VERSION     2u
#define KFD_PROFILER_PTL         3u /* peak tops limiter, of some GFX9 */
#define KFD_PROFILER_VERSION_NUM 1u

struct kfd_profiler_args {
    uint32_t op;
    union {
        struct {
            uint32_t gpu_id, lock, perfcount_enable;
        } pmc;
        struct {
            uint32_t gpu_id, enable;
        } ptl;
        uint32_t version; /* out */
    };
};
static_assert(sizeof(struct kfd_profiler_args) == 16, "KFD 1.23");

/* ---- requests whose struct is declared here ---- */

#define KFD_IOC_CREATE_QUEUE   _IOWR('K', 0x02, struct kfd_create_queue_args)
#define KFD_IOC_EXPORT_DMABUF  _IOWR('K', 0x24, struct kfd_export_dmabuf_args)
#define KFD_IOC_RUNTIME_ENABLE _IOWR('K', 0x25, struct kfd_runtime_enable_args)
#define KFD_IOC_DBG_TRAP       _IOWR('K', 0x26, struct kfd_dbg_trap_args)
#define KFD_IOC_CREATE_PROCESS _IO('K', 0x27)
#define KFD_IOC_PROFILER       _IOWR('K', 0x28, struct kfd_profiler_args)

/* ---- SMI events ---- */

#define KFD_SMI_VMFAULT        1u
#define KFD_SMI_QUEUE_EVICTION 9u
#define KFD_SMI_QUEUE_RESTORE  10u
#define KFD_SMI_UNMAP_FROM_GPU 11u
#define KFD_SMI_ALL_PROCESSES  64u
#define KFD_SMI_BIT(event)     (UINT64_C(1) << ((event)-1))

/* ---- SVM ---- */

#define KFD_SVM_FLAG_EXT_COHERENT 0x80u

#endif
