/* SPDX-License-Identifier: MIT
 *
 * A device with memory, a VM and command processors, and an owner that notes what it is told, for
 * tests of queues. Include cmocka.h before.
 */
#ifndef TESTS_UNIT_CP_RIG_H
#define TESTS_UNIT_CP_RIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "softgpu/cp/cp.h"
#include "softgpu/cp/hsa_abi.h"
#include "softgpu/device/machine.h"
#include "softgpu/vm/file.h"

enum { RIG_EVENTS = 64 };

struct rig {
    struct soft_device device;
    struct mem_heaps *heaps;
    struct drm_file *file;
    struct gpu_vm *vm;
    struct mem_bo *bo;
    uint64_t used; /* bytes of the BO that have been handed out */
    struct cp_device *cp;

    /* What the owner was told. */
    atomic_uint interrupts[RIG_EVENTS]; /* by event id */
    atomic_uint idles, memory_faults, queue_faults;
    _Atomic uint32_t exceptions;
    struct cp_fault fault; /* the last one */
};

/* A queue with its ring and pointers in the rig's memory. AQL queues have an amd_queue_t. */
struct rig_queue {
    struct rig *rig;
    struct cp_queue *queue;
    enum cp_queue_type type;
    uint64_t ring, ring_bytes, amd; /* VAs */
    uint64_t *read, *write;         /* host */
    uint64_t doorbell;
    struct amd_queue *amd_host;
};

struct rig *rig_create(unsigned threads);
void rig_destroy(struct rig *rig);

/* Memory that reads as zero. VAs differ from host addresses, so a mix-up faults. */
uint64_t rig_alloc(struct rig *rig, uint64_t size, uint64_t align);
void *rig_host(struct rig *rig, uint64_t va);
/* Maps a page of its own, with these rights (GPU_VM_PAGE_*); returns its VA. */
uint64_t rig_map_page(struct rig *rig, uint32_t flags);
/* Maps `size` bytes of this process for the GPU, readable and writable; returns the VA. */
uint64_t rig_map_user(struct rig *rig, void *memory, uint64_t size);
uint64_t rig_unmapped_va(void);

void rig_queue_create(struct rig *rig, enum cp_queue_type type, struct rig_queue *out);
void rig_queue_destroy(struct rig_queue *q);

uint64_t rig_signal(struct rig *rig, int64_t value);
uint64_t rig_signal_with_event(struct rig *rig, int64_t value, uint32_t event_id);
int64_t rig_signal_value(struct rig *rig, uint64_t signal);
void rig_signal_set(struct rig *rig, uint64_t signal, int64_t value);
/* Within ten seconds? */
bool rig_wait(struct rig *rig, uint64_t signal, int64_t value);
bool rig_wait_count(atomic_uint *count, unsigned value);

/* Writes a packet, header last, and rings. Returns its index. */
uint64_t rig_aql_put(struct rig_queue *q, const union aql_packet *packet);
/* Puts dwords on an SDMA or PM4 ring and rings. */
void rig_put(struct rig_queue *q, const uint32_t *dwords, unsigned count);
/* Has everything been consumed, within ten seconds? */
bool rig_drained(struct rig_queue *q);

/* ---- kernels ---- */

struct rig_kernel {
    const uint32_t *program;
    uint64_t bytes;
    unsigned vgprs;
    uint32_t rsrc1_more, rsrc2_more; /* added to what follows from the rest */
    uint16_t properties;
    unsigned user_sgprs;
};

#define RIG_PROGRAM(name) .program = program_##name, .bytes = sizeof(program_##name)

enum rig_rsrc2 {
    RIG_SCRATCH = 1 << 0,
    RIG_GROUP_X = 1 << 7,
    RIG_GROUP_Y = 1 << 8,
    RIG_GROUP_Z = 1 << 9,
    RIG_GROUP_INFO = 1 << 10,
    RIG_ITEM_Y = 1 << 11,
    RIG_ITEM_Z = 2 << 11,
};

/* Makes code and descriptor; returns the VA of the descriptor. */
uint64_t rig_kernel(struct rig *rig, const struct rig_kernel *kernel);

/* The kernel of a program of programs.s, with kernarg in s[0:1] and the workgroup id x in s2. */
uint64_t rig_kernel_simple(struct rig *rig, const uint32_t *program, uint64_t bytes);
#define RIG_KERNEL(rig, name) rig_kernel_simple(rig, program_##name, sizeof(program_##name))

union aql_packet rig_dispatch(uint64_t kernel, uint32_t workgroup, uint32_t grid, uint64_t kernarg,
                              uint64_t signal);
/* Puts the packet and waits for its signal, which it makes. */
void rig_run(struct rig_queue *q, union aql_packet packet);

uint64_t rig_now_ns(void);
uint64_t rig_cpu_ns(void);
void rig_sleep_us(unsigned us);

#endif
