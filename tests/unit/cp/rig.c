/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BASE_VA     UINT64_C(0x10000000)
#define PAGES_VA    UINT64_C(0x40000000)
#define UNMAPPED_VA UINT64_C(0x70000000)

enum { MEMORY_BYTES = 48 << 20, RING_BYTES = 4096, WAIT_S = 10 };

static const struct gpu_vm_limits limits = {
    .reserved_bottom = 65536, .reserved_top = 65536, .size = UINT64_C(1) << 48};

/* ---- time ---- */

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t rig_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t rig_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void rig_sleep_us(unsigned us)
{
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000l};

    nanosleep(&t, NULL);
}

/* Polls quickly at first: a wait should not be what a test's time goes to. */
#define COMES_TRUE(condition)                                                                      \
    ({                                                                                             \
        uint64_t begin_ = rig_now_ns(), end_ = begin_ + WAIT_S * UINT64_C(1000000000);             \
        while (!(condition) && rig_now_ns() < end_)                                                \
            if (rig_now_ns() - begin_ > 200000)                                                    \
                rig_sleep_us(100);                                                                 \
        (condition);                                                                               \
    })

/* ---- the owner ---- */

static void owner_interrupt(void *owner, uint32_t event_id)
{
    struct rig *rig = owner;

    atomic_fetch_add(&rig->interrupts[event_id % RIG_EVENTS], 1);
}

static void owner_memory_fault(void *owner, const struct cp_fault *fault)
{
    struct rig *rig = owner;

    rig->fault = *fault;
    atomic_fetch_add(&rig->memory_faults, 1);
}

static void owner_queue_fault(void *owner, const struct cp_fault *fault)
{
    struct rig *rig = owner;

    rig->fault = *fault;
    atomic_fetch_add(&rig->queue_faults, 1);
}

static void owner_exception(void *owner, struct cp_queue *queue, uint32_t errors)
{
    struct rig *rig = owner;

    (void)queue;
    atomic_fetch_or(&rig->exceptions, errors);
}

static void owner_idle(void *owner)
{
    struct rig *rig = owner;

    atomic_fetch_add(&rig->idles, 1);
}

static const struct cp_owner_ops owner_ops = {
    .interrupt = owner_interrupt,
    .memory_fault = owner_memory_fault,
    .queue_fault = owner_queue_fault,
    .exception = owner_exception,
    .idle = owner_idle,
};

/* ---- the rig ---- */

struct rig *rig_create(unsigned threads)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct mem_bo_desc desc = {.size = MEMORY_BYTES, .domains = MEM_DOMAIN_GTT};
    uint32_t rights = GPU_VM_PAGE_READABLE | GPU_VM_PAGE_WRITEABLE | GPU_VM_PAGE_EXECUTABLE;

    assert_non_null(rig);
    rig->device.profile = gpu_profile_find("gfx1030");
    assert_non_null(rig->device.profile);
    assert_true(rw_ok(mem_heaps_create(0, 16 << 20, 64 << 20, &rig->heaps)));
    rig->device.heaps = rig->heaps;
    assert_true(rw_ok(drm_file_create(0, rig->heaps, &limits, true, &rig->file)));
    rig->vm = drm_file_vm(rig->file);
    assert_true(rw_ok(mem_bo_create(rig->heaps, &desc, "rig memory", &rig->bo)));
    assert_true(rw_ok(gpu_vm_map(rig->vm, GPU_VM_OWNER_KFD, rig->bo, 0, gpu_va_make(BASE_VA),
                                 MEMORY_BYTES, rights)));
    assert_true(rw_ok(cp_device_create(&rig->device, threads, &rig->cp)));
    return rig;
}

void rig_destroy(struct rig *rig)
{
    cp_device_destroy(rig->cp);
    drm_file_put(rig->file);
    mem_bo_put(rig->bo);
    mem_heaps_destroy(rig->heaps);
    free(rig);
}

uint64_t rig_alloc(struct rig *rig, uint64_t size, uint64_t align)
{
    uint64_t at = (rig->used + align - 1) / align * align;

    assert_true(at + size <= MEMORY_BYTES);
    rig->used = at + size;
    return BASE_VA + at;
}

void *rig_host(struct rig *rig, uint64_t va)
{
    assert_in_range(va, BASE_VA, BASE_VA + MEMORY_BYTES - 1);
    return rig->bo->host + (va - BASE_VA);
}

static uint64_t map_anywhere(struct rig *rig, const struct mem_bo_desc *desc, uint32_t flags)
{
    static _Atomic uint64_t next = PAGES_VA;
    uint64_t va = atomic_fetch_add(&next, desc->size + 0x10000);
    struct mem_bo *bo;

    assert_true(rw_ok(mem_bo_create(rig->heaps, desc, "rig page", &bo)));
    assert_true(
        rw_ok(gpu_vm_map(rig->vm, GPU_VM_OWNER_KFD, bo, 0, gpu_va_make(va), desc->size, flags)));
    mem_bo_put(bo);
    return va;
}

uint64_t rig_map_page(struct rig *rig, uint32_t flags)
{
    struct mem_bo_desc desc = {.size = 4096, .domains = MEM_DOMAIN_GTT};

    return map_anywhere(rig, &desc, flags);
}

uint64_t rig_map_user(struct rig *rig, void *memory, uint64_t size)
{
    struct mem_bo_desc desc = {.size = size,
                               .domains = MEM_DOMAIN_CPU,
                               .backing = MEM_BACKING_USERPTR,
                               .user_address = (uintptr_t)memory};

    return map_anywhere(rig, &desc, GPU_VM_PAGE_READABLE | GPU_VM_PAGE_WRITEABLE);
}

uint64_t rig_unmapped_va(void)
{
    return UNMAPPED_VA;
}

/* ---- queues ---- */

void rig_queue_create(struct rig *rig, enum cp_queue_type type, struct rig_queue *out)
{
    static atomic_uint ids;
    struct cp_queue_desc desc = {.type = type,
                                 .id = atomic_fetch_add(&ids, 1),
                                 .vm = rig->vm,
                                 .ring_bytes = RING_BYTES,
                                 .percent = 100,
                                 .ops = &owner_ops,
                                 .owner = rig};

    memset(out, 0, sizeof(*out));
    out->rig = rig;
    out->type = type;
    out->ring_bytes = RING_BYTES;
    out->ring = rig_alloc(rig, RING_BYTES, 4096);
    out->amd = rig_alloc(rig, sizeof(struct amd_queue), 64);
    out->amd_host = rig_host(rig, out->amd);
    out->amd_host->read_dispatch_id_field_base_byte_offset =
        offsetof(struct amd_queue, read_dispatch_id);
    out->amd_host->queue_inactive_signal = rig_signal(rig, 0);
    out->read = &out->amd_host->read_dispatch_id;
    out->write = &out->amd_host->write_dispatch_id;
    if (type == CP_QUEUE_AQL)
        for (uint64_t i = 0; i < RING_BYTES; i += AQL_PACKET_BYTES)
            *(uint16_t *)rig_host(rig, out->ring + i) = AQL_INVALID;
    desc.ring = gpu_va_make(out->ring);
    desc.read_pointer = gpu_va_make(out->amd + offsetof(struct amd_queue, read_dispatch_id));
    desc.write_pointer = gpu_va_make(out->amd + offsetof(struct amd_queue, write_dispatch_id));
    desc.doorbell = &out->doorbell;
    desc.doorbell_id = 40 + desc.id;
    assert_true(rw_ok(cp_queue_create(rig->cp, &desc, &out->queue)));
}

void rig_queue_destroy(struct rig_queue *q)
{
    cp_queue_destroy(q->queue);
    q->queue = NULL;
}

/* ---- signals ---- */

static struct amd_signal *signal_host(struct rig *rig, uint64_t signal)
{
    return rig_host(rig, signal);
}

uint64_t rig_signal(struct rig *rig, int64_t value)
{
    uint64_t signal = rig_alloc(rig, sizeof(struct amd_signal), 64);

    signal_host(rig, signal)->kind = 1;
    signal_host(rig, signal)->value = value;
    return signal;
}

uint64_t rig_signal_with_event(struct rig *rig, int64_t value, uint32_t event_id)
{
    uint64_t signal = rig_signal(rig, value);
    uint64_t mailbox = rig_alloc(rig, 8, 8);

    *(uint64_t *)rig_host(rig, mailbox) = UINT64_MAX;
    signal_host(rig, signal)->event_mailbox = mailbox;
    signal_host(rig, signal)->event_id = event_id;
    return signal;
}

int64_t rig_signal_value(struct rig *rig, uint64_t signal)
{
    return __atomic_load_n(&signal_host(rig, signal)->value, __ATOMIC_ACQUIRE);
}

void rig_signal_set(struct rig *rig, uint64_t signal, int64_t value)
{
    __atomic_store_n(&signal_host(rig, signal)->value, value, __ATOMIC_RELEASE);
}

bool rig_wait(struct rig *rig, uint64_t signal, int64_t value)
{
    return COMES_TRUE(rig_signal_value(rig, signal) == value);
}

bool rig_wait_count(atomic_uint *count, unsigned value)
{
    return COMES_TRUE(atomic_load(count) >= value);
}

/* ---- submitting ---- */

static uint64_t units(const struct rig_queue *q)
{
    return q->type == CP_QUEUE_AQL ? AQL_PACKET_BYTES : q->type == CP_QUEUE_PM4 ? 4 : 1;
}

static void ring_bell(struct rig_queue *q, uint64_t written)
{
    __atomic_store_n(q->write, written, __ATOMIC_RELEASE);
    __atomic_store_n(&q->doorbell, written, __ATOMIC_RELEASE);
    cp_queue_ring(q->queue);
}

uint64_t rig_aql_put(struct rig_queue *q, const union aql_packet *packet)
{
    uint64_t index = *q->write, slots = q->ring_bytes / AQL_PACKET_BYTES;
    uint32_t *slot = rig_host(q->rig, q->ring + index % slots * AQL_PACKET_BYTES);

    assert_true(COMES_TRUE(index - __atomic_load_n(q->read, __ATOMIC_ACQUIRE) < slots));
    memcpy(slot + 1, packet->dwords + 1, AQL_PACKET_BYTES - 4);
    __atomic_store_n(slot, packet->dwords[0], __ATOMIC_RELEASE);
    ring_bell(q, index + 1);
    return index;
}

void rig_put(struct rig_queue *q, const uint32_t *dwords, unsigned count)
{
    uint64_t written = *q->write, step = 4 / units(q);

    for (unsigned i = 0; i < count; i++, written += step) {
        uint64_t offset = written * units(q) % q->ring_bytes;

        *(uint32_t *)rig_host(q->rig, q->ring + offset) = dwords[i];
    }
    ring_bell(q, written);
}

bool rig_drained(struct rig_queue *q)
{
    uint64_t ring = q->ring_bytes / units(q);
    uint64_t mask = q->type == CP_QUEUE_PM4 ? ring - 1 : UINT64_MAX;

    return COMES_TRUE((__atomic_load_n(q->read, __ATOMIC_ACQUIRE) & mask) == (*q->write & mask));
}

/* ---- kernels ---- */

uint64_t rig_kernel(struct rig *rig, const struct rig_kernel *k)
{
    uint64_t object = rig_alloc(rig, 256 + k->bytes + 256, 256);
    struct kernel_descriptor *kd = rig_host(rig, object);
    unsigned granule = k->properties & KERNEL_WAVEFRONT_SIZE32 ? 8 : 4;

    *kd = (struct kernel_descriptor){
        .kernel_code_entry_byte_offset = 256,
        .compute_pgm_rsrc1 = ((k->vgprs ? k->vgprs : 24) + granule - 1) / granule - 1,
        .compute_pgm_rsrc2 = k->user_sgprs << 1,
        .kernel_code_properties = k->properties,
    };
    kd->compute_pgm_rsrc1 |= k->rsrc1_more;
    kd->compute_pgm_rsrc2 |= k->rsrc2_more;
    memcpy(rig_host(rig, object + 256), k->program, k->bytes);
    return object;
}

uint64_t rig_kernel_simple(struct rig *rig, const uint32_t *program, uint64_t bytes)
{
    struct rig_kernel kernel = {.program = program,
                                .bytes = bytes,
                                .user_sgprs = 2,
                                .rsrc2_more = RIG_GROUP_X,
                                .properties = KERNEL_KERNARG_SEGMENT_PTR | KERNEL_WAVEFRONT_SIZE32};

    return rig_kernel(rig, &kernel);
}

union aql_packet rig_dispatch(uint64_t kernel, uint32_t workgroup, uint32_t grid, uint64_t kernarg,
                              uint64_t signal)
{
    return (union aql_packet){.dispatch = {
                                  .header = AQL_KERNEL_DISPATCH | 1 << 8 | 2 << 9 | 2 << 11,
                                  .setup = 3,
                                  .workgroup_size = {(uint16_t)workgroup, 1, 1},
                                  .grid_size = {grid, 1, 1},
                                  .kernel_object = kernel,
                                  .kernarg_address = kernarg,
                                  .completion_signal = signal,
                              }};
}

void rig_run(struct rig_queue *q, union aql_packet packet)
{
    packet.dispatch.completion_signal = rig_signal(q->rig, 1);
    rig_aql_put(q, &packet);
    assert_true(rig_wait(q->rig, packet.dispatch.completion_signal, 0));
}
