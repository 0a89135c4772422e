/* SPDX-License-Identifier: MIT
 *
 * What the packet processor shares with HSA programs in memory: AQL packets, the queue and signal
 * structures of AMD's runtimes, and kernel descriptors.
 *
 * Sources: HSA System Architecture 1.2 (AQL); ROCr's hsa.h, hsa_ext_amd.h (vendor packets),
 * amd_hsa_queue.h and amd_hsa_signal.h; LLVM's AMDGPUUsage, "Kernel Descriptor".
 */
#ifndef SOFTGPU_CP_HSA_ABI_H
#define SOFTGPU_CP_HSA_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* ---- AQL packets ---- */

enum { AQL_PACKET_BYTES = 64 };

enum aql_type {
    AQL_VENDOR_SPECIFIC = 0,
    AQL_INVALID = 1,
    AQL_KERNEL_DISPATCH = 2,
    AQL_BARRIER_AND = 3,
    AQL_AGENT_DISPATCH = 4,
    AQL_BARRIER_OR = 5,
    AQL_TYPE_COUNT
};

/* Fields of the 16-bit header; only the type matters to a device whose memory is coherent and that
 * executes the packets of a queue in order. */
static inline unsigned aql_header_type(uint16_t header)
{
    return header & 0xff;
}

enum { AQL_AMD_PM4_IB = 1, AQL_AMD_BARRIER_VALUE = 2 };
enum aql_condition { AQL_EQ = 0, AQL_NE = 1, AQL_LT = 2, AQL_GTE = 3 };

struct aql_dispatch {
    uint16_t header, setup; /* setup: bits 1:0 = dimensions */
    uint16_t workgroup_size[3], reserved0;
    uint32_t grid_size[3];                             /* work-items */
    uint32_t private_segment_size, group_segment_size; /* bytes, per work-item and per workgroup */
    uint64_t kernel_object, kernarg_address, reserved2, completion_signal;
};

struct aql_barrier {
    uint16_t header, reserved0;
    uint32_t reserved1;
    uint64_t dep_signal[5], reserved2, completion_signal;
};

struct aql_vendor { /* what all vendor packets of AMD begin with */
    uint16_t header;
    uint8_t format, reserved0;
};

struct aql_pm4_ib {
    uint16_t header;
    uint8_t format, reserved0;
    uint32_t ib_jump[4]; /* a PM4 INDIRECT_BUFFER packet */
    uint32_t remaining_dwords, reserved1[8];
    uint64_t completion_signal;
};

struct aql_barrier_value {
    uint16_t header;
    uint8_t format, reserved0;
    uint32_t reserved1;
    uint64_t signal;
    int64_t value, mask;
    uint32_t condition, reserved2;
    uint64_t reserved3, reserved4, completion_signal;
};

union aql_packet {
    uint16_t header;
    struct aql_dispatch dispatch;
    struct aql_barrier barrier;
    struct aql_vendor vendor;
    struct aql_pm4_ib pm4_ib;
    struct aql_barrier_value barrier_value;
    uint32_t dwords[AQL_PACKET_BYTES / 4];
};

static_assert(sizeof(union aql_packet) == AQL_PACKET_BYTES, "AQL packets are 64 bytes");
static_assert(offsetof(struct aql_dispatch, completion_signal) == 56, "AQL layout");
static_assert(offsetof(struct aql_barrier, completion_signal) == 56, "AQL layout");
static_assert(offsetof(struct aql_pm4_ib, ib_jump) == 4, "AQL layout");
static_assert(offsetof(struct aql_pm4_ib, completion_signal) == 56, "AQL layout");
static_assert(offsetof(struct aql_barrier_value, signal) == 8, "AQL layout");
static_assert(offsetof(struct aql_barrier_value, condition) == 32, "AQL layout");
static_assert(offsetof(struct aql_barrier_value, completion_signal) == 56, "AQL layout");

/* ---- amd_signal_t ---- */

struct amd_signal {
    int64_t kind;
    int64_t value;
    uint64_t event_mailbox; /* 0 = nobody sleeps on this signal */
    uint32_t event_id, reserved1;
    uint64_t start_ts, end_ts; /* GPU clock ticks */
    uint64_t queue;
    uint32_t reserved3[2];
};

static_assert(sizeof(struct amd_signal) == 64, "amd_signal_t is 64 bytes");

/* ---- amd_queue_t ---- */

enum amd_queue_property {
    AMD_QUEUE_ENABLE_TRAP_HANDLER = 1 << 0,
    AMD_QUEUE_ENABLE_PROFILING = 1 << 3,
    AMD_QUEUE_USE_SCRATCH_ONCE = 1 << 4,
};

struct amd_queue {
    uint8_t hsa_queue[40];
    uint32_t caps; /* the firmware's answer; gfx10 firmware has none */
    uint32_t reserved1[3];
    uint64_t write_dispatch_id;
    uint32_t group_segment_aperture_base_hi, private_segment_aperture_base_hi;
    uint32_t max_cu_id, max_wave_id;
    uint64_t max_legacy_doorbell_dispatch_id_plus_1;
    uint32_t legacy_doorbell_lock, reserved2[9];
    uint64_t read_dispatch_id;
    uint32_t read_dispatch_id_field_base_byte_offset; /* leads from there to this structure */
    uint32_t compute_tmpring_size; /* bits 11:0 waves, 24:12 KiB of scratch a wave */
    uint32_t scratch_resource_descriptor[4];
    uint64_t scratch_backing_memory_location, scratch_backing_memory_byte_size;
    uint32_t scratch_wave64_lane_byte_size, queue_properties;
    uint32_t reserved3[2];
    uint64_t queue_inactive_signal;
    uint32_t reserved4[14];
};

static_assert(offsetof(struct amd_queue, write_dispatch_id) == 56, "amd_queue_t layout");
static_assert(offsetof(struct amd_queue, read_dispatch_id) == 128, "amd_queue_t layout");
static_assert(offsetof(struct amd_queue, queue_inactive_signal) == 192, "amd_queue_t layout");
static_assert(sizeof(struct amd_queue) == 256, "amd_queue_t layout");

/* What the processor writes to queue_inactive_signal; ROCr's AqlQueue decodes these bits. */
enum amd_queue_code {
    AMD_QUEUE_SCRATCH_WAVE64 = 0x1,
    AMD_QUEUE_INVALID_DIM = 0x2,
    AMD_QUEUE_INVALID_GROUP_MEMORY = 0x4,
    AMD_QUEUE_INVALID_CODE = 0x8,
    AMD_QUEUE_INVALID_PACKET = 0x20,
    AMD_QUEUE_WORKGROUP_TOO_LARGE = 0x40,
    AMD_QUEUE_OUT_OF_REGISTERS = 0x80,
    AMD_QUEUE_INVALID_VENDOR_PACKET = 0x100,
    AMD_QUEUE_SCRATCH_RECLAIM = 0x200,
    AMD_QUEUE_SCRATCH_WAVE32 = 0x400,
    AMD_QUEUE_MEMORY_VIOLATION = 0x20000000,
    AMD_QUEUE_ILLEGAL_INSTRUCTION = 0x40000000,
};
#define AMD_QUEUE_TRAP INT64_C(0x80000000)

/* ---- kernel descriptors ---- */

struct kernel_descriptor {
    uint32_t group_segment_fixed_size, private_segment_fixed_size, kernarg_size;
    uint8_t reserved0[4];
    int64_t kernel_code_entry_byte_offset;
    uint8_t reserved1[20];
    uint32_t compute_pgm_rsrc3, compute_pgm_rsrc1, compute_pgm_rsrc2;
    uint16_t kernel_code_properties, kernarg_preload;
    uint8_t reserved3[4];
};

static_assert(sizeof(struct kernel_descriptor) == 64, "kernel descriptors are 64 bytes");
static_assert(offsetof(struct kernel_descriptor, compute_pgm_rsrc3) == 44, "descriptor layout");

enum kernel_property {
    KERNEL_PRIVATE_SEGMENT_BUFFER = 1 << 0,
    KERNEL_DISPATCH_PTR = 1 << 1,
    KERNEL_QUEUE_PTR = 1 << 2,
    KERNEL_KERNARG_SEGMENT_PTR = 1 << 3,
    KERNEL_DISPATCH_ID = 1 << 4,
    KERNEL_FLAT_SCRATCH_INIT = 1 << 5,
    KERNEL_PRIVATE_SEGMENT_SIZE = 1 << 6,
    KERNEL_WAVEFRONT_SIZE32 = 1 << 10,
    KERNEL_USES_DYNAMIC_STACK = 1 << 11,
};

#endif
