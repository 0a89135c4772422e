/* SPDX-License-Identifier: MIT
 *
 * The event ioctls. Only CREATE_EVENT does more than call kfd_events.c: on dGPUs its first call
 * brings the buffer that becomes the signal page.
 */
#include <errno.h>

#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/kfd/kfd_vm.h"

static rw_status set_page_locked(struct kfd_process *process, uint64_t handle)
{
    struct kfd_bo *bo;
    rw_status status;

    if (kfd_events_has_page(&process->events))
        return RW_FAIL(EINVAL, "the process has a signal page already");
    struct kfd_pdd *pdd = kfd_pdd_find(process, kfd_handle_gpu_id(handle));
    if (!pdd)
        return kfd_unknown_gpu("CREATE_EVENT", kfd_handle_gpu_id(handle));
    RW_TRY(kfd_pdd_bind(pdd));
    bo = kfd_bo_find(pdd, kfd_handle_number(handle));
    if (!bo)
        return RW_FAIL(EINVAL, "handle %#llx of the signal page names no buffer",
                       (unsigned long long)handle);
    if (bo->bo->backing != MEM_BACKING_POOL)
        return RW_FAIL(EINVAL, "a %s cannot be the signal page", bo->bo->label);
    status = kfd_events_set_page(&process->events, mem_bo_get(bo->bo), handle);
    if (!rw_ok(status))
        mem_bo_put(bo->bo);
    return status;
}

rw_status kfd_ioctl_create_event(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_create_event_args *args = argument;
    struct kfd_event_ids ids;

    if (args->event_page_offset) {
        pthread_mutex_lock(&process->mutex);
        rw_status status = set_page_locked(process, args->event_page_offset);
        pthread_mutex_unlock(&process->mutex);
        RW_TRY(status);
    }
    args->event_page_offset = 0;
    RW_TRY(kfd_event_create(&process->events, args->event_type, args->auto_reset != 0, &ids));
    if (ids.has_slot) {
        args->event_page_offset = KFD_MMAP_TYPE_EVENTS;
        args->event_slot_index = ids.id;
    }
    args->event_id = ids.id;
    args->event_trigger_data = ids.id;
    return RW_OK;
}

rw_status kfd_ioctl_destroy_event(void *context, void *argument)
{
    const struct kfd_ioctl_destroy_event_args *args = argument;

    return kfd_event_destroy(&((struct kfd_call *)context)->process->events, args->event_id);
}

rw_status kfd_ioctl_set_event(void *context, void *argument)
{
    const struct kfd_ioctl_set_event_args *args = argument;

    return kfd_event_set(&((struct kfd_call *)context)->process->events, args->event_id);
}

rw_status kfd_ioctl_reset_event(void *context, void *argument)
{
    const struct kfd_ioctl_reset_event_args *args = argument;

    return kfd_event_reset(&((struct kfd_call *)context)->process->events, args->event_id);
}

rw_status kfd_ioctl_wait_events(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_wait_events_args *args = argument;
    const struct kfd_wait_request request = {
        .events_user = args->events_ptr,
        .count = args->num_events,
        .all = args->wait_for_all != 0,
        .ages = kfd_kernel(process)->kfd_minor >= 14,
    };

    return kfd_events_wait(&process->events, &request, &args->timeout, &args->wait_result);
}
