/* SPDX-License-Identifier: MIT
 *
 * The AQL packet processor: HSA System Architecture 1.2, section 2.8 and on, and what AMD's
 * firmware adds (vendor packets, queue_inactive_signal).
 *
 * Packets of a queue are executed in order, one at a time, so the barrier bit always holds; and
 * memory is coherent, so acquire and release fences need no more than the ordered accesses with
 * which headers are read and signals are written.
 *
 * The write index comes from memory (write_dispatch_id): hardware drops the doorbell's value too
 * (CP_HQD_PQ_DOORBELL_CONTROL.DOORBELL_BIF_DROP, set for AQL queues by amdkfd).
 */
#include "softgpu/cp/aql.h"

#include <inttypes.h>

#include "softgpu/cp/dispatch.h"
#include "softgpu/cp/pm4.h"
#include "softgpu/cp/signal.h"

/* ---- amd_queue_t ---- */

#define QUEUE_FIELD(va, name) ((va) + offsetof(struct amd_queue, name))

/* Firmware knows the read pointer's address only; the field behind it leads to the structure. */
static enum cp_step amd_queue_find(struct cp_queue *queue, uint64_t *out_va)
{
    uint64_t read_pointer = queue->desc.read_pointer.addr;
    uint64_t field = read_pointer +
                     offsetof(struct amd_queue, read_dispatch_id_field_base_byte_offset) -
                     offsetof(struct amd_queue, read_dispatch_id);
    uint32_t offset;

    *out_va = 0;
    if (!cp_access_load32(&queue->access, field, &offset))
        return cp_fail_access(queue);
    *out_va = read_pointer - offset;
    return CP_DONE;
}

enum cp_step cp_amd_queue_read(struct cp_queue *queue, struct cp_amd_queue *out)
{
    const size_t first = offsetof(struct amd_queue, compute_tmpring_size);
    const size_t end = offsetof(struct amd_queue, reserved4);
    enum cp_step step = amd_queue_find(queue, &out->va);

    if (step == CP_DONE && !cp_access_read(&queue->access, out->va + first,
                                           (uint8_t *)&out->fields + first, end - first))
        return cp_fail_access(queue);
    return step;
}

enum cp_step cp_amd_queue_properties(struct cp_queue *queue, uint32_t *out_properties)
{
    uint64_t va;
    enum cp_step step = amd_queue_find(queue, &va);

    if (step == CP_DONE &&
        !cp_access_load32(&queue->access, QUEUE_FIELD(va, queue_properties), out_properties))
        return cp_fail_access(queue);
    return step;
}

enum cp_step cp_amd_queue_raise(struct cp_queue *queue, int64_t code)
{
    uint64_t va, signal;
    enum cp_step step = amd_queue_find(queue, &va);

    if (step != CP_DONE)
        return step;
    if (!cp_access_load64(&queue->access, QUEUE_FIELD(va, queue_inactive_signal), &signal))
        return cp_fail_access(queue);
    if (signal != 0 && !cp_signal_store(queue, signal, code))
        return cp_fail_access(queue);
    return CP_DONE;
}

/* The program hears of an error as firmware or its trap handler would tell it. */
static void aql_stopped(struct cp_queue *queue)
{
    static const int64_t codes[] = {
        [CP_ERROR_WAVE_ABORT] = AMD_QUEUE_TRAP,
        [CP_ERROR_WAVE_TRAP] = AMD_QUEUE_TRAP,
        [CP_ERROR_WAVE_MATH] = AMD_QUEUE_TRAP,
        [CP_ERROR_WAVE_ILLEGAL_INSTRUCTION] = AMD_QUEUE_ILLEGAL_INSTRUCTION,
        [CP_ERROR_APERTURE_VIOLATION] = AMD_QUEUE_MEMORY_VIOLATION,
        [CP_ERROR_PACKET_DIM] = AMD_QUEUE_INVALID_DIM,
        [CP_ERROR_PACKET_GROUP_SEGMENT] = AMD_QUEUE_INVALID_GROUP_MEMORY,
        [CP_ERROR_PACKET_CODE] = AMD_QUEUE_INVALID_CODE,
        [CP_ERROR_PACKET_UNSUPPORTED] = AMD_QUEUE_INVALID_PACKET,
        [CP_ERROR_PACKET_WORKGROUP_SIZE] = AMD_QUEUE_WORKGROUP_TOO_LARGE,
        [CP_ERROR_PACKET_REGISTERS] = AMD_QUEUE_OUT_OF_REGISTERS,
        [CP_ERROR_PACKET_VENDOR] = AMD_QUEUE_INVALID_VENDOR_PACKET,
    };
    struct cp_fault fault = queue->fault;
    size_t error = fault.error;

    if (error < sizeof(codes) / sizeof(codes[0]) && codes[error] != 0)
        (void)cp_amd_queue_raise(queue, codes[error]);
    queue->fault = fault; /* a signal out of reach is no news for a queue that has stopped */
}

/* ---- packets ---- */

typedef enum cp_step aql_handler(struct cp_queue *queue, const union aql_packet *packet,
                                 uint64_t packet_va);

static enum cp_step packet_dispatch(struct cp_queue *queue, const union aql_packet *packet,
                                    uint64_t packet_va)
{
    struct cp_launch launch;
    enum cp_step step = cp_launch_from_packet(queue, &packet->dispatch, packet_va,
                                              atomic_load(&queue->position), &launch);

    return step == CP_DONE ? cp_dispatch_run(queue, &launch) : step;
}

static enum cp_test barrier_test(struct cp_queue *queue, const union aql_packet *packet, bool any)
{
    bool some = false, all = true, none = true;

    for (unsigned i = 0; i < 5; i++) {
        int64_t value;

        if (packet->barrier.dep_signal[i] == 0)
            continue;
        if (!cp_signal_load(queue, packet->barrier.dep_signal[i], &value)) {
            cp_fail_access(queue);
            return CP_TEST_FAULT;
        }
        none = false;
        some |= value == 0;
        all &= value == 0;
    }
    return (any ? some || none : all) ? CP_TEST_YES : CP_TEST_NO;
}

static enum cp_test barrier_and_test(struct cp_queue *queue, const void *packet)
{
    return barrier_test(queue, packet, false);
}

static enum cp_test barrier_or_test(struct cp_queue *queue, const void *packet)
{
    return barrier_test(queue, packet, true);
}

static enum cp_step packet_barrier_and(struct cp_queue *queue, const union aql_packet *packet,
                                       uint64_t packet_va)
{
    (void)packet_va;
    return cp_queue_wait(queue, barrier_and_test, packet);
}

static enum cp_step packet_barrier_or(struct cp_queue *queue, const union aql_packet *packet,
                                      uint64_t packet_va)
{
    (void)packet_va;
    return cp_queue_wait(queue, barrier_or_test, packet);
}

static bool condition_holds(uint32_t condition, int64_t value, int64_t reference)
{
    switch (condition) {
    case AQL_EQ:
        return value == reference;
    case AQL_NE:
        return value != reference;
    case AQL_LT:
        return value < reference;
    default: /* AQL_GTE; others have been refused */
        return value >= reference;
    }
}

static enum cp_test barrier_value_test(struct cp_queue *queue, const void *argument)
{
    const struct aql_barrier_value *packet = argument;
    int64_t value;

    if (!cp_signal_load(queue, packet->signal, &value)) {
        cp_fail_access(queue);
        return CP_TEST_FAULT;
    }
    return condition_holds(packet->condition, value & packet->mask, packet->value) ? CP_TEST_YES
                                                                                   : CP_TEST_NO;
}

static enum cp_step vendor_barrier_value(struct cp_queue *queue, const union aql_packet *any)
{
    const struct aql_barrier_value *packet = &any->barrier_value;

    if (packet->condition > AQL_GTE)
        return cp_fail(queue, CP_ERROR_PACKET_VENDOR, "barrier-value packet with condition %u",
                       packet->condition);
    if (packet->signal == 0)
        return CP_DONE;
    return cp_queue_wait(queue, barrier_value_test, packet);
}

static enum cp_step vendor_pm4_ib(struct cp_queue *queue, const union aql_packet *packet)
{
    return cp_pm4_execute(queue, packet->pm4_ib.ib_jump, 4);
}

static const struct {
    const char *name;
    enum cp_step (*run)(struct cp_queue *queue, const union aql_packet *packet);
} vendor_formats[] = {
    [AQL_AMD_PM4_IB] = {"PM4 indirect buffer", vendor_pm4_ib},
    [AQL_AMD_BARRIER_VALUE] = {"barrier-value", vendor_barrier_value},
};

static enum cp_step packet_vendor(struct cp_queue *queue, const union aql_packet *packet,
                                  uint64_t packet_va)
{
    unsigned format = packet->vendor.format;

    (void)packet_va;
    if (format >= sizeof(vendor_formats) / sizeof(vendor_formats[0]) || !vendor_formats[format].run)
        return cp_fail(queue, CP_ERROR_PACKET_VENDOR,
                       "vendor packet of format %u; known are 1 (PM4 IB) and 2 (barrier-value)",
                       format);
    return vendor_formats[format].run(queue, packet);
}

static aql_handler *const packet_handlers[AQL_TYPE_COUNT] = {
    [AQL_VENDOR_SPECIFIC] = packet_vendor,
    [AQL_KERNEL_DISPATCH] = packet_dispatch,
    [AQL_BARRIER_AND] = packet_barrier_and,
    [AQL_BARRIER_OR] = packet_barrier_or,
    /* AQL_AGENT_DISPATCH: a GPU queue takes none */
};

/* ---- the ring ---- */

static uint64_t slot_va(struct cp_queue *queue, uint64_t index)
{
    uint64_t slots = queue->desc.ring_bytes / AQL_PACKET_BYTES;

    return queue->desc.ring.addr + (index & (slots - 1)) * AQL_PACKET_BYTES;
}

static bool aql_has_work(struct cp_queue *queue)
{
    uint8_t *ring = atomic_load(&queue->ring_view);
    uint64_t *written = atomic_load(&queue->write_view);
    uint64_t index = atomic_load(&queue->position);

    if (!ring || !written)
        return true; /* step() finds out */
    if ((int64_t)(__atomic_load_n(written, __ATOMIC_ACQUIRE) - index) <= 0)
        return false;
    uint64_t slot = slot_va(queue, index) - queue->desc.ring.addr;

    return aql_header_type(__atomic_load_n((uint16_t *)(void *)(ring + slot), __ATOMIC_ACQUIRE)) !=
           AQL_INVALID;
}

/* Every packet with a completion signal has times, barriers too: HIP's events are barriers. */
static enum cp_step packet_write_times(struct cp_queue *queue, uint64_t signal, uint64_t start)
{
    uint32_t properties;
    enum cp_step step;

    if (signal == 0)
        return CP_DONE;
    step = cp_amd_queue_properties(queue, &properties);
    if (step == CP_DONE && (properties & AMD_QUEUE_ENABLE_PROFILING) &&
        !cp_signal_write_times(queue, signal, start, cp_queue_clock(queue)))
        return cp_fail_access(queue);
    return step;
}

/* The packet has been executed: its slot may be used again, and whoever waits hears of it. */
static enum cp_step packet_retire(struct cp_queue *queue, const union aql_packet *packet,
                                  uint64_t packet_va, uint64_t start)
{
    uint64_t signal = packet->dispatch.completion_signal; /* at the same place in every packet */
    uint64_t next = atomic_load(&queue->position) + 1;
    enum cp_step step = packet_write_times(queue, signal, start);

    if (step != CP_DONE)
        return step;
    if (!cp_access_store32(&queue->access, packet_va, (packet->dwords[0] & ~0xffffu) | AQL_INVALID))
        return cp_fail_access(queue);
    atomic_store(&queue->position, next);
    if (!cp_access_store64(&queue->access, queue->desc.read_pointer.addr, next) ||
        !cp_signal_complete(queue, signal))
        return cp_fail_access(queue);
    atomic_fetch_add_explicit(&queue->cp->counters.packets, 1, memory_order_relaxed);
    return CP_DONE;
}

/* Reads the packet, header first: the rest is valid only once the header is. */
static enum cp_step packet_fetch(struct cp_queue *queue, uint64_t packet_va,
                                 union aql_packet *out_packet)
{
    uint32_t first;
    uint64_t written;

    if (!cp_access_load64(&queue->access, queue->desc.write_pointer.addr, &written))
        return cp_fail_access(queue);
    if ((int64_t)(written - atomic_load(&queue->position)) <= 0)
        return CP_IDLE;
    if (!cp_access_load32(&queue->access, packet_va, &first))
        return cp_fail_access(queue);
    if (aql_header_type((uint16_t)first) == AQL_INVALID)
        return CP_IDLE;
    if (!cp_access_read(&queue->access, packet_va, out_packet, sizeof(*out_packet)))
        return cp_fail_access(queue);
    return CP_DONE;
}

static enum cp_step aql_step(struct cp_queue *queue)
{
    union aql_packet packet;
    uint64_t packet_va = slot_va(queue, atomic_load(&queue->position));
    enum cp_step step = packet_fetch(queue, packet_va, &packet);

    if (step != CP_DONE)
        return step;
    unsigned type = aql_header_type(packet.header);

    if (type >= AQL_TYPE_COUNT || !packet_handlers[type])
        return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED, "AQL packet of type %u (header 0x%04x)",
                       type, packet.header);
    uint64_t start = cp_queue_clock(queue);

    step = packet_handlers[type](queue, &packet, packet_va);
    if (step == CP_DONE)
        step = packet_retire(queue, &packet, packet_va, start);
    if (step == CP_DONE && type == AQL_KERNEL_DISPATCH)
        step = cp_scratch_release(queue);
    return step;
}

const struct cp_engine cp_aql_engine = {
    .name = "aql",
    .step = aql_step,
    .has_work = aql_has_work,
    .stopped = aql_stopped,
};
