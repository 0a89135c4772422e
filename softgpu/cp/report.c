/* SPDX-License-Identifier: MIT
 *
 * What a queue tells its owner: interrupts, messages of waves, and faults.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "softgpu/cp/queue.h"
#include "softgpu/isa/exec/flow.h"
#include "softgpu/isa/exec/status.h"

uint64_t cp_queue_clock(struct cp_queue *queue)
{
    return soft_device_clock(queue->cp->device);
}

void cp_queue_interrupt(struct cp_queue *queue, uint32_t event_id)
{
    const struct cp_owner_ops *ops = queue->desc.ops;

    if (ops && ops->interrupt)
        ops->interrupt(queue->desc.owner, event_id);
}

/* Kernel: event_interrupt_wq_v10(), SQ_INTERRUPT_WORD_ENCODING_INST. */
static void message_interrupt(struct cp_queue *queue, const struct isa_wave *wave, uint32_t m0)
{
    enum { DATA_MASK = 0x7fffff, ERRORS_SHIFT = 10 };
    const struct cp_owner_ops *ops = queue->desc.ops;

    if (!(wave->status & ISA_STATUS_PRIV))
        cp_queue_interrupt(queue, m0 & DATA_MASK);
    else if (ops && ops->exception)
        ops->exception(queue->desc.owner, queue, (m0 & DATA_MASK) >> ERRORS_SHIFT);
}

uint32_t cp_queue_message(struct cp_queue *queue, struct isa_wave *wave, uint32_t message,
                          uint32_t m0)
{
    switch (message & ISA_MESSAGE_MASK) {
    case ISA_MESSAGE_INTERRUPT:
        message_interrupt(queue, wave, m0);
        return 0;
    case ISA_MESSAGE_GET_DOORBELL:
        return queue->desc.doorbell_id;
    default: /* the others speak to graphics hardware, which a compute wave has none of */
        return 0;
    }
}

/* ---- faults ---- */

static void fault_start(struct cp_queue *queue, enum cp_error error)
{
    queue->fault = (struct cp_fault){
        .queue = queue,
        .engine = queue->engine->name,
        .error = error,
        .position = atomic_load(&queue->position),
    };
    queue->reason[0] = '\0';
}

enum cp_step cp_fail(struct cp_queue *queue, enum cp_error error, const char *format, ...)
{
    va_list args;

    fault_start(queue, error);
    va_start(args, format);
    vsnprintf(queue->reason, sizeof(queue->reason), format, args);
    va_end(args);
    return CP_FAULT;
}

enum cp_step cp_fail_access(struct cp_queue *queue)
{
    struct isa_fault fault = queue->access.fault;

    if (fault.kind == ISA_FAULT_MISALIGNED)
        return cp_fail(queue, CP_ERROR_APERTURE_VIOLATION, "misaligned word at 0x%" PRIx64,
                       fault.va);
    fault_start(queue, CP_ERROR_MEMORY_VIOLATION);
    /* A word across two pieces of memory: only a program that maps oddly gets there. */
    if (fault.kind == ISA_FAULT_NONE)
        fault.kind = ISA_FAULT_UNMAPPED;
    queue->fault.isa = fault;
    return CP_FAULT;
}

static const char *fault_kind_name(enum isa_fault_kind kind)
{
    static const char *const names[] = {
        [ISA_FAULT_NONE] = "bad packet",
        [ISA_FAULT_UNMAPPED] = "page not mapped",
        [ISA_FAULT_PROTECTION] = "page lacks the right",
        [ISA_FAULT_FETCH] = "instruction fetch from a page that is not mapped executable",
        [ISA_FAULT_MISALIGNED] = "misaligned access",
        [ISA_FAULT_LDS_RANGE] = "flat access outside LDS or scratch",
        [ISA_FAULT_ILLEGAL] = "illegal instruction",
        [ISA_FAULT_UNSUPPORTED] = "instruction that this model does not execute",
        [ISA_FAULT_TRAP] = "trap",
        [ISA_FAULT_MATH] = "floating-point exception",
        [ISA_FAULT_HALTED] = "wave halted by itself",
    };

    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "fault";
}

static bool fault_has_address(enum isa_fault_kind kind)
{
    return kind >= ISA_FAULT_UNMAPPED && kind <= ISA_FAULT_LDS_RANGE;
}

/* "; 4096 bytes past the end of kfd vram #12 (65536 bytes at 0x...)" */
static void describe_place(struct cp_queue *queue, uint64_t va, char *text, size_t size)
{
    struct gpu_vm_mapping_info info;
    uint64_t masked = gpu_va_masked(gpu_va_make(va));
    const char *label = "PRT range";
    uint64_t id = 0;

    text[0] = '\0';
    if (!gpu_vm_lookup(queue->desc.vm, gpu_va_make(va), &info) &&
        !gpu_vm_lookup_nearest(queue->desc.vm, gpu_va_make(va), &info))
        return;
    uint64_t start = info.start.addr;

    if (info.bo) {
        label = info.bo->label;
        id = info.bo->id;
    }
    if (masked < start)
        snprintf(text, size,
                 "; %" PRIu64 " bytes before %s #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ")",
                 start - masked, label, id, info.size, start);
    else if (masked - start >= info.size)
        snprintf(text, size,
                 "; %" PRIu64 " bytes past the end of %s #%" PRIu64 " (%" PRIu64
                 " bytes at 0x%" PRIx64 ")",
                 masked - start - info.size, label, id, info.size, start);
    else
        snprintf(text, size, "; inside %s #%" PRIu64 " (%" PRIu64 " bytes at 0x%" PRIx64 ")", label,
                 id, info.size, start);
    mem_bo_put(info.bo);
}

/* " in name+0x1c"; empty when the owner does not know. */
static void describe_code(struct cp_queue *queue, char *text, size_t size)
{
    enum { IN = 4 };
    const struct cp_owner_ops *ops = queue->desc.ops;
    const struct cp_fault *fault = &queue->fault;

    snprintf(text, size, " in ");
    if (ops && ops->describe_code)
        ops->describe_code(queue->desc.owner, fault->kernel_object, fault->isa.pc, text + IN,
                           size - IN);
    if (!text[IN])
        text[0] = '\0';
}

static void describe_fault(struct cp_queue *queue, char *text, size_t size)
{
    const struct isa_fault *f = &queue->fault.isa;
    int n = snprintf(text, size, "%s", fault_kind_name(f->kind));

#define APPEND(...) n += snprintf(text + n, (size_t)n < size ? size - (size_t)n : 0, __VA_ARGS__)
    if (f->kind == ISA_FAULT_TRAP)
        APPEND(" %u", f->trap_id);
    if (queue->reason[0])
        APPEND(": %s", queue->reason);
    if (fault_has_address(f->kind)) {
        char place[160];

        describe_place(queue, f->va, place, sizeof(place));
        APPEND(" at 0x%" PRIx64 " (%s)%s", f->va,
               f->access & ISA_ACCESS_WRITE     ? "write"
               : f->access & ISA_ACCESS_EXECUTE ? "execute"
                                                : "read",
               place);
    }
    if (f->pc) {
        char name[320];

        describe_code(queue, name, sizeof(name));
        APPEND("; pc 0x%" PRIx64 " [%08x %08x]%s, workgroup %u,%u,%u wave %u lane %u, kernel "
               "descriptor 0x%" PRIx64,
               f->pc, f->words[0], f->words[1], name, f->group[0], f->group[1], f->group[2],
               f->wave, f->lane, queue->fault.kernel_object);
    }
#undef APPEND
}

void cp_queue_report(struct cp_queue *queue)
{
    const struct cp_owner_ops *ops = queue->desc.ops;
    const struct cp_fault *fault = &queue->fault;
    char text[1024];

    describe_fault(queue, text, sizeof(text));
    if (queue->kernel_ring)
        rw_warn(fault, "gpu %u %s ring %u, job %" PRIu64 " fails: %s", queue->cp->device->index,
                fault->engine, queue->desc.id, fault->position, text);
    else
        rw_warn(fault, "gpu %u queue %u (%s, packet %" PRIu64 ") stops: %s",
                queue->cp->device->index, queue->desc.id, fault->engine, fault->position, text);
    if (queue->engine->stopped && fault->error != CP_ERROR_MEMORY_VIOLATION &&
        !fault->isa.reported) {
        gpu_vm_work_begin(queue->desc.vm);
        queue->engine->stopped(queue);
        gpu_vm_work_end();
    }
    if (!ops)
        return;
    if (fault->error == CP_ERROR_MEMORY_VIOLATION) {
        if (ops->memory_fault)
            ops->memory_fault(queue->desc.owner, fault);
    } else if (ops->queue_fault) {
        ops->queue_fault(queue->desc.owner, fault);
    }
}
