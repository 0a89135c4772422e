/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_fault.h"

#include <errno.h>

#include "base/log.h"
#include "softgpu/front/ioctl.h"
#include "softgpu/front/kfd/kfd_smi.h"
#include "softgpu/front/kfd/kfd_vm.h"
#include "softgpu/front/vm_fault.h"

/* What a program's trap handler puts into M0: errors above the doorbell id; 23 bits arrive. */
#define TRAP_ERRORS_SHIFT 10
#define TRAP_DATA_MASK    0x7fffffu

/* ---- the runtime's mailbox (RUNTIME_ENABLE) ---- */

/* Head of a queue's context save area: struct kfd_context_save_area_header. */
struct save_area_header {
    uint32_t wave_state[4];
    uint32_t debug_offset, debug_size;
    uint64_t error_payload; /* user address of a 64-bit mask of errors */
    uint32_t error_event;
    uint32_t reserved;
};
static_assert(sizeof(struct save_area_header) == 40, "kfd_ioctl.h of KFD 1.13");

/* kfd_send_exception_to_runtime(): adds to the mask in the program's memory, signals the event. */
static void send_to_runtime(const struct kfd_queue *queue, uint64_t errors)
{
    struct kfd_events *events = &queue->pdd->process->events;
    struct save_area_header header;
    uint64_t mask;

    if (!rw_ok(front_copy_in(&header, queue->save_area_address, sizeof header)) ||
        !rw_ok(front_copy_in(&mask, header.error_payload, sizeof mask))) {
        rw_debug(kfd, "queue %u has no error payload; exceptions %#llx are lost", queue->id,
                 (unsigned long long)errors);
        return;
    }
    mask |= errors;
    if (!rw_ok(front_copy_out(header.error_payload, &mask, sizeof mask)) ||
        !rw_ok(kfd_event_set(events, header.error_event)))
        rw_debug(kfd, "queue %u: the runtime takes no exceptions", queue->id);
}

static bool runtime_listens(const struct kfd_queue *queue)
{
    return atomic_load(&queue->pdd->process->runtime.enabled);
}

/* ---- memory faults ---- */

static void report_to_smi(const struct kfd_queue *queue)
{
    const struct soft_device *device = queue->pdd->device;

    /* The interrupt handler of GFX10 alone does not report this (kfd_int_process_v10.c). */
    if (device->profile->gfx_target_version / 10000 != 10)
        kfd_smi_report(device, KFD_SMI_VMFAULT, "%x:%s\n", (unsigned)queue->pdd->process->pid,
                       program_invocation_short_name);
}

/* The kernel takes all queues of the process off this GPU before it tells the program, and never
 * puts them back; other GPUs and other processes go on (kfd_set_dbg_ev_from_interrupt). It does so
 * whether or not the wave's trap handler has reported the fault: that comes by another interrupt.
 */
void kfd_report_memory_fault(const struct kfd_queue *queue, const struct cp_fault *fault)
{
    bool present = fault->isa.kind == ISA_FAULT_PROTECTION;
    bool execute = fault->isa.kind == ISA_FAULT_FETCH || (fault->isa.access & ISA_ACCESS_EXECUTE);
    const struct kfd_hsa_memory_exception_data data = {
        .failure =
            {
                .NotPresent = !present,
                .ReadOnly = present && !execute && (fault->isa.access & ISA_ACCESS_WRITE),
                .NoExecute = present && execute,
            },
        .va = fault->isa.va & ~(uint64_t)(GPU_PAGE_SIZE - 1),
        .gpu_id = queue->pdd->device->gpu_id,
    };

    kfd_pdd_stop_queues(queue->pdd);
    gpu_vm_note_fault(kfd_pdd_vm(queue->pdd), gpu_va_make(data.va),
                      vm_fault_status(present, fault->isa.access));
    report_to_smi(queue);
    kfd_events_memory_exception(&queue->pdd->process->events, &data);
}

/* ---- other faults ---- */

static bool is_packet_error(enum cp_error error)
{
    return error >= CP_ERROR_PACKET_DIM;
}

/* A packet that the firmware refuses is the runtime's to hear of. A wave that hits a fault without
 * a trap handler halts for good: on hardware the queue then hangs until somebody tries to stop it,
 * and the reset that follows raises the hardware exception; here that comes at once. */
void kfd_report_queue_fault(const struct kfd_queue *queue, const struct cp_fault *fault)
{
    const struct kfd_hsa_hw_exception_data data = {
        .reset_type = KFD_HW_EXCEPTION_PER_ENGINE_RESET,
        .reset_cause = KFD_HW_EXCEPTION_GPU_HANG,
        .memory_lost = 0,
        .gpu_id = queue->pdd->device->gpu_id,
    };

    if (fault->isa.reported)
        return; /* the program's trap handler has told it */
    if (is_packet_error(fault->error) && runtime_listens(queue))
        send_to_runtime(queue, UINT64_C(1) << (fault->error - 1));
    else
        kfd_events_hw_exception(&queue->pdd->process->events, &data);
}

void kfd_report_exception(const struct kfd_queue *queue, uint32_t errors)
{
    uint32_t data = (errors << TRAP_ERRORS_SHIFT | queue->doorbell) & TRAP_DATA_MASK;

    if (runtime_listens(queue))
        send_to_runtime(queue, errors);
    else
        kfd_events_interrupt(&queue->pdd->process->events, data);
}
