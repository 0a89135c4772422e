/* SPDX-License-Identifier: MIT
 *
 * What a reset of a whole GPU means for compute. Kernel: kgd2kfd_pre_reset(), which takes the
 * queues of all processes off all GPUs and never puts them back, kfd_signal_reset_event(), and
 * kfd_smi_event_update_gpu_reset().
 */
#include <stdatomic.h>

#include "softgpu/front/kfd/kfd_process.h"
#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_smi.h"
#include "softgpu/front/nodes.h"

#define TELLING_WHY 17u /* KFD minor of the kernels whose SMI event names the cause */

static void process_lose(struct kfd_process *process, void *context)
{
    const struct soft_device *device = context;
    const struct kfd_hsa_hw_exception_data data = {
        .reset_type = KFD_HW_EXCEPTION_WHOLE_GPU_RESET,
        .reset_cause = KFD_HW_EXCEPTION_GPU_HANG,
        .memory_lost = 1,
        .gpu_id = device->gpu_id,
    };

    for (unsigned i = 0; i < process->pdd_count; i++)
        kfd_pdd_stop_queues(&process->pdds[i]);
    kfd_events_hw_exception(&process->events, &data);
}

static void report(const struct soft_device *device, unsigned event, unsigned number,
                   const char *cause)
{
    const struct soft_machine *machine = soft_machine_describe();

    if (machine && machine->kernel->kfd_minor >= TELLING_WHY)
        kfd_smi_report(device, event, "%x %s\n", number, cause);
    else
        kfd_smi_report(device, event, "%x\n", number);
}

void kfd_device_reset(struct soft_device *device)
{
    static atomic_uint numbers[SOFT_MAX_DEVICES];
    unsigned number = atomic_fetch_add(&numbers[device->index], 1) + 1;

    report(device, KFD_SMI_EVENT_GPU_PRE_RESET, number, "user");
    kfd_process_each(process_lose, device);
    report(device, KFD_SMI_EVENT_GPU_POST_RESET, number, "");
}
