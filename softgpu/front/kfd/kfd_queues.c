/* SPDX-License-Identifier: MIT
 *
 * CREATE_QUEUE and what follows in a queue's life. The checks and their order are those of
 * kfd_chardev.c, kfd_process_queue_manager.c and kfd_device_queue_manager.c.
 */
#include "softgpu/front/kfd/kfd_queues.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_fault.h"
#include "softgpu/front/kfd/kfd_symbols.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/kfd/kfd_vm.h"
#include "softgpu/front/nodes.h"

#define KERNEL_ENOTSUPP  524 /* include/linux/errno.h; user space really sees it */

#define PERCENT_MASK     0xffu
#define CU_MASK_MAX      1024u /* bits; more are ignored */

#define USER_ADDRESS_MAX UINT64_C(0x7ffffffff000) /* x86-64 with four page-table levels */

/* ---- what the device calls back ---- */

static void on_interrupt(void *owner, uint32_t event_id)
{
    const struct kfd_queue *queue = owner;

    kfd_events_interrupt(&queue->pdd->process->events, event_id);
}

static void on_memory_fault(void *owner, const struct cp_fault *fault)
{
    kfd_report_memory_fault(owner, fault);
}

static void on_queue_fault(void *owner, const struct cp_fault *fault)
{
    kfd_report_queue_fault(owner, fault);
}

static void on_exception(void *owner, struct cp_queue *cp, uint32_t errors)
{
    (void)cp;
    kfd_report_exception(owner, errors);
}

static void on_idle(void *owner)
{
    const struct kfd_queue *queue = owner;

    kfd_doorbells_look(queue->pdd);
}

static void on_describe_code(void *owner, uint64_t kernel_descriptor, uint64_t pc, char *text,
                             size_t size)
{
    (void)owner;
    kfd_symbols_describe(kernel_descriptor, pc, text, size);
}

static const struct cp_owner_ops queue_ops = {
    .interrupt = on_interrupt,
    .memory_fault = on_memory_fault,
    .queue_fault = on_queue_fault,
    .exception = on_exception,
    .idle = on_idle,
    .describe_code = on_describe_code,
};

/* ---- CREATE_QUEUE ---- */

static bool user_range_is_ok(uint64_t address, uint64_t size)
{
    return address <= USER_ADDRESS_MAX - size;
}

/* access_ok() of the kernel: does not look whether anything is there. */
static rw_status check_user_address(const char *what, uint64_t address, uint64_t size)
{
    if (user_range_is_ok(address, size))
        return RW_OK;
    return RW_FAIL(EFAULT, "the %s at %#llx is no user address", what, (unsigned long long)address);
}

/* What CREATE_QUEUE and UPDATE_QUEUE check alike, in the same order. Clamps small rings. */
static rw_status check_ring(uint32_t percentage, uint32_t priority, uint64_t ring,
                            uint32_t *ring_size)
{
    if ((percentage & PERCENT_MASK) > KFD_MAX_QUEUE_PERCENTAGE)
        return RW_FAIL(EINVAL, "queue percentage %u", percentage & PERCENT_MASK);
    if (priority > KFD_MAX_QUEUE_PRIORITY)
        return RW_FAIL(EINVAL, "queue priority %u; the highest is %u", priority,
                       KFD_MAX_QUEUE_PRIORITY);
    RW_TRY(check_user_address("ring", ring, sizeof(uint64_t)));
    if (*ring_size & (*ring_size - 1))
        return RW_FAIL(EINVAL, "a ring of %u bytes; the size must be a power of two", *ring_size);
    if (*ring_size < KFD_QUEUE_RING_MIN)
        *ring_size = KFD_QUEUE_RING_MIN;
    return RW_OK;
}

static rw_status check_type(const struct kfd_process *process, uint32_t type)
{
    switch (type) {
    case KFD_QUEUE_TYPE_COMPUTE:
    case KFD_QUEUE_TYPE_COMPUTE_AQL:
    case KFD_QUEUE_TYPE_SDMA:
    case KFD_QUEUE_TYPE_SDMA_XGMI:
        return RW_OK;
    case KFD_QUEUE_TYPE_SDMA_BY_ENGINE:
        if (kfd_kernel(process)->kfd_minor >= 17)
            return RW_OK;
        break;
    }
    return RW_FAIL(KERNEL_ENOTSUPP, "queue type %u", type);
}

static rw_status check_create_args(const struct kfd_process *process,
                                   struct kfd_create_queue_args *args)
{
    RW_TRY(check_ring(args->queue_percentage, args->queue_priority, args->ring_base_address,
                      &args->ring_size));
    RW_TRY(check_user_address("read pointer", args->read_pointer_address, sizeof(uint32_t)));
    RW_TRY(check_user_address("write pointer", args->write_pointer_address, sizeof(uint32_t)));
    RW_TRY(check_user_address("EOP buffer", args->eop_buffer_address, sizeof(uint32_t)));
    RW_TRY(
        check_user_address("context save area", args->ctx_save_restore_address, sizeof(uint32_t)));
    return check_type(process, args->queue_type);
}

static enum cp_queue_type cp_type_of(uint32_t type)
{
    if (type == KFD_QUEUE_TYPE_COMPUTE_AQL)
        return CP_QUEUE_AQL;
    return type == KFD_QUEUE_TYPE_COMPUTE ? CP_QUEUE_PM4 : CP_QUEUE_SDMA;
}

static void queue_publish(struct kfd_queue *queue)
{
    struct kfd_pdd *pdd = queue->pdd;

    pthread_mutex_lock(&pdd->queues_lock);
    DL_APPEND(pdd->queues, queue);
    if (atomic_load(&pdd->queues_stopped))
        cp_queue_hold(queue->cp);
    pthread_mutex_unlock(&pdd->queues_lock);
    pdd->queue_count++;
    kfd_doorbells_look(pdd); /* what the program has queued already, and the first arming */
}

static void queue_withdraw(struct kfd_queue *queue)
{
    struct kfd_pdd *pdd = queue->pdd;

    pthread_mutex_lock(&pdd->queues_lock);
    DL_DELETE(pdd->queues, queue);
    pthread_mutex_unlock(&pdd->queues_lock);
    pdd->queue_count--;
}

void kfd_pdd_stop_queues(struct kfd_pdd *pdd)
{
    struct kfd_queue *queue;

    pthread_mutex_lock(&pdd->queues_lock);
    if (!atomic_exchange(&pdd->queues_stopped, true))
        DL_FOREACH(pdd->queues, queue)
    cp_queue_hold(queue->cp);
    pthread_mutex_unlock(&pdd->queues_lock);
}

/* Nothing of a queue may run between its start and kfd_pdd_stop_queues()'s hold on it. */
static uint32_t queue_start_percent(const struct kfd_queue *queue, uint64_t ring)
{
    return ring && !atomic_load(&queue->pdd->queues_stopped) ? queue->percent : 0;
}

static rw_status queue_start(struct kfd_queue *queue, const struct kfd_create_queue_args *args)
{
    struct kfd_pdd *pdd = queue->pdd;
    struct cp_device *device;

    RW_TRY(soft_device_cp(pdd->device, &device));
    const struct cp_queue_desc desc = {
        .type = cp_type_of(queue->type),
        .id = queue->id,
        .vm = kfd_pdd_vm(pdd),
        .ring = gpu_va_make(args->ring_base_address),
        .ring_bytes = args->ring_size,
        .read_pointer = gpu_va_make(args->read_pointer_address),
        .write_pointer = gpu_va_make(args->write_pointer_address),
        .doorbell = doorbell_slice_host(pdd->doorbells.slice) + queue->doorbell,
        .doorbell_id = queue->doorbell,
        .eop = gpu_va_make(args->eop_buffer_address),
        .eop_bytes = args->eop_buffer_size,
        .cwsr = gpu_va_make(args->ctx_save_restore_address),
        .priority = queue->priority,
        .percent = queue_start_percent(queue, args->ring_base_address),
        .engine = queue->sdma.engine,
        .tba = pdd->trap.tba,
        .tma = pdd->trap.tma,
        .ops = &queue_ops,
        .owner = queue,
    };
    return cp_queue_create(device, &desc, &queue->cp);
}

/* Places and starts a queue that has its buffers. On failure the caller gives the id back. */
static rw_status queue_place(struct kfd_queue *queue, const struct kfd_create_queue_args *args)
{
    rw_status status;

    if (!kfd_queue_type_is_compute(queue->type))
        RW_TRY(kfd_sdma_place_take(queue, args->sdma_engine_id));
    RW_TRY(kfd_doorbell_take(queue));
    status = queue_start(queue, args);
    if (!rw_ok(status))
        kfd_doorbell_give_back(queue);
    return status;
}

static rw_status queue_create(struct kfd_pdd *pdd, const struct kfd_create_queue_args *args,
                              struct kfd_queue **out_queue)
{
    struct kfd_process *process = pdd->process;
    struct kfd_queue *queue;
    rw_status status;

    if (pdd->queue_count >= KFD_QUEUES_PER_DEVICE)
        return RW_FAIL(ENOSPC, "GPU %#x has %u queues of this process already", pdd->device->gpu_id,
                       pdd->queue_count);
    queue = calloc(1, sizeof *queue);
    if (!queue)
        return RW_FAIL(ENOMEM, "no memory for a queue");
    queue->pdd = pdd;
    queue->type = args->queue_type;
    queue->ring_bytes = args->ring_size;
    queue->save_area_address = args->ctx_save_restore_address;
    queue->percent = args->queue_percentage & PERCENT_MASK;
    queue->priority = args->queue_priority;
    status = handle_table_take(&process->queues, queue, &queue->id);
    if (!rw_ok(status)) {
        free(queue);
        return RW_FAIL(ENOMEM, "the process has %u queues already", KFD_QUEUES_PER_PROCESS);
    }
    kfd_evict_queue_begin(process);
    status = queue_place(queue, args);
    kfd_evict_queue_end(process, rw_ok(status) ? queue : NULL);
    if (!rw_ok(status)) {
        handle_table_give_back(&process->queues, queue->id);
        free(queue);
        return status;
    }
    *out_queue = queue;
    return RW_OK;
}

static rw_status check_engine(const struct kfd_pdd *pdd, const struct kfd_create_queue_args *args)
{
    uint32_t engines = pdd->device->profile->sdma_engines;

    if (args->queue_type != KFD_QUEUE_TYPE_SDMA_BY_ENGINE || args->sdma_engine_id < engines)
        return RW_OK;
    return RW_FAIL(EINVAL, "SDMA engine %u of %u", args->sdma_engine_id, engines);
}

static rw_status create_locked(struct kfd_process *process, struct kfd_create_queue_args *args)
{
    struct kfd_queue_buffers buffers;
    struct kfd_queue *queue = NULL;
    rw_status status;

    struct kfd_pdd *pdd = kfd_pdd_find(process, args->gpu_id);
    if (!pdd)
        return kfd_unknown_gpu("CREATE_QUEUE", args->gpu_id);
    if (!rw_ok(kfd_pdd_bind(pdd)))
        return RW_FAIL(ESRCH, "GPU %#x has no VM yet in this process; ACQUIRE_VM comes first",
                       args->gpu_id);
    RW_TRY(check_engine(pdd, args));
    RW_TRY(kfd_doorbells_make(pdd));
    RW_TRY(kfd_queue_buffers_get(pdd, args, &buffers));
    status = queue_create(pdd, args, &queue);
    if (!rw_ok(status)) {
        kfd_queue_buffers_put(pdd, &buffers);
        return status;
    }
    queue->buffers = buffers;
    queue_publish(queue);
    args->queue_id = queue->id;
    args->doorbell_offset =
        kfd_mmap_offset(KFD_MMAP_TYPE_DOORBELL, args->gpu_id) | queue->doorbell * DOORBELL_BYTES;
    return RW_OK;
}

rw_status kfd_ioctl_create_queue(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_create_queue_args *args = argument;

    RW_TRY(check_create_args(process, args));
    kfd_symbols_prepare();
    pthread_mutex_lock(&process->mutex);
    rw_status status = create_locked(process, args);
    pthread_mutex_unlock(&process->mutex);
    if (rw_ok(status))
        rw_debug(kfd, "queue %u of type %u on GPU %#x, doorbell %#llx", args->queue_id,
                 args->queue_type, args->gpu_id,
                 (unsigned long long)args->doorbell_offset & (DOORBELL_SLICE_BYTES - 1));
    return status;
}

/* ---- DESTROY_QUEUE ---- */

void kfd_queue_destroy(struct kfd_queue *queue)
{
    struct kfd_pdd *pdd = queue->pdd;

    queue_withdraw(queue);
    kfd_evict_remove_queue(queue);
    cp_queue_destroy(queue->cp);
    if (queue->has_gws)
        pdd->gws_taken = false;
    kfd_doorbell_give_back(queue);
    kfd_queue_buffers_put(pdd, &queue->buffers);
    handle_table_give_back(&pdd->process->queues, queue->id);
    free(queue);
}

void kfd_pdd_destroy_queues(struct kfd_pdd *pdd)
{
    while (pdd->queues)
        kfd_queue_destroy(pdd->queues);
}

rw_status kfd_ioctl_destroy_queue(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_destroy_queue_args *args = argument;
    rw_status status = RW_OK;

    pthread_mutex_lock(&process->mutex);
    struct kfd_queue *queue = handle_table_find(&process->queues, args->queue_id);
    if (queue)
        kfd_queue_destroy(queue);
    else
        status = RW_FAIL(EINVAL, "queue %u does not exist", args->queue_id);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- UPDATE_QUEUE ---- */

/* A new ring must be mapped as the first one had to be; address 0 disables the queue. */
static rw_status ring_replace(struct kfd_queue *queue, uint64_t ring, uint64_t ring_bytes)
{
    struct kfd_queue_buffer buffer;

    if (!ring || !kfd_kernel(queue->pdd->process)->exact_queue_buffers)
        return RW_OK;
    if (!rw_ok(kfd_queue_buffer_get(queue->pdd, ring, ring_bytes, &buffer)))
        return RW_FAIL(EFAULT, "the new ring at %#llx is not one mapping of %llu bytes",
                       (unsigned long long)ring, (unsigned long long)ring_bytes);
    kfd_queue_buffer_put(queue->pdd, &queue->buffers.ring);
    queue->buffers.ring = buffer;
    return RW_OK;
}

static rw_status update_locked(struct kfd_process *process,
                               const struct kfd_ioctl_update_queue_args *args, uint32_t ring_size)
{
    struct kfd_queue *queue = handle_table_find(&process->queues, args->queue_id);

    if (!queue)
        return RW_FAIL(EFAULT, "queue %u does not exist", args->queue_id);
    RW_TRY(ring_replace(queue, args->ring_base_address, ring_size));
    queue->ring_bytes = ring_size;
    queue->percent = args->queue_percentage & PERCENT_MASK;
    queue->priority = args->queue_priority;
    queue->disabled = !args->ring_base_address;
    return cp_queue_update(queue->cp, gpu_va_make(args->ring_base_address), ring_size,
                           queue->disabled ? 0 : queue->percent, queue->priority);
}

rw_status kfd_ioctl_update_queue(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_update_queue_args *args = argument;
    uint32_t ring_size = args->ring_size;

    RW_TRY(check_ring(args->queue_percentage, args->queue_priority, args->ring_base_address,
                      &ring_size));
    pthread_mutex_lock(&process->mutex);
    rw_status status = update_locked(process, args, ring_size);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- SET_CU_MASK ---- */

/* From GFX10 on two compute units share a workgroup processor, and go on and off together. */
static rw_status check_pairs(const struct kfd_queue *queue, const uint32_t *mask, uint32_t bits)
{
    if (queue->pdd->device->profile->gfx_target_version < 100000)
        return RW_OK;
    for (uint32_t i = 0; i < bits; i += 2) {
        uint32_t pair = mask[i / 32] >> i % 32 & 3;

        if (pair && pair != 3)
            return RW_FAIL(EINVAL, "CU %u and %u share a workgroup processor: both or none", i,
                           i + 1);
    }
    return RW_OK;
}

static rw_status set_cu_mask_locked(struct kfd_process *process, uint32_t id, const uint32_t *mask,
                                    uint32_t bits)
{
    struct kfd_queue *queue = handle_table_find(&process->queues, id);

    if (!queue)
        return RW_FAIL(EFAULT, "queue %u does not exist", id);
    RW_TRY(check_pairs(queue, mask, bits));
    if (kfd_queue_type_is_compute(queue->type))
        cp_queue_set_cu_mask(queue->cp, mask, bits);
    return RW_OK;
}

rw_status kfd_ioctl_set_cu_mask(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_set_cu_mask_args *args = argument;
    uint32_t bits = args->num_cu_mask < CU_MASK_MAX ? args->num_cu_mask : CU_MASK_MAX;
    uint32_t mask[CU_MASK_MAX / 32];

    if (!args->num_cu_mask || args->num_cu_mask % 32)
        return RW_FAIL(EINVAL, "a mask of %u compute units; give a multiple of 32",
                       args->num_cu_mask);
    if (!rw_ok(front_copy_in(mask, args->cu_mask_ptr, bits / 8)))
        return RW_FAIL(EFAULT, "the mask at %#llx cannot be read",
                       (unsigned long long)args->cu_mask_ptr);
    pthread_mutex_lock(&process->mutex);
    rw_status status = set_cu_mask_locked(process, args->queue_id, mask, bits);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- GET_QUEUE_WAVE_STATE, ALLOC_QUEUE_GWS, trap handler ---- */

static bool queue_is_active(const struct kfd_queue *queue)
{
    return queue->percent && !queue->disabled;
}

rw_status kfd_ioctl_get_queue_wave_state(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_ioctl_get_queue_wave_state_args *args = argument;
    rw_status status;

    pthread_mutex_lock(&process->mutex);
    const struct kfd_queue *queue = handle_table_find(&process->queues, args->queue_id);
    if (!queue)
        status = RW_FAIL(EFAULT, "queue %u does not exist", args->queue_id);
    else if (!kfd_queue_type_is_compute(queue->type) || queue_is_active(queue))
        status = RW_FAIL(EINVAL, "queue %u is active, or no compute queue; disable it first",
                         args->queue_id);
    else
        status = RW_FAIL(EINVAL, "this GPU does not save waves when it stops a queue (no CWSR)");
    pthread_mutex_unlock(&process->mutex);
    return status;
}

static rw_status set_gws_locked(struct kfd_process *process, uint32_t id, uint32_t count)
{
    struct kfd_queue *queue = handle_table_find(&process->queues, id);

    if (!queue)
        return RW_FAIL(EINVAL, "queue %u does not exist", id);
    if (!queue->pdd->device->profile->gws_slots)
        return RW_FAIL(ENODEV, "GPU %#x has no global wave sync", queue->pdd->device->gpu_id);
    if (count && queue->pdd->gws_taken)
        return RW_FAIL(EBUSY, "another queue of this process has the global wave sync");
    if (!count && !queue->pdd->gws_taken)
        return RW_FAIL(EINVAL, "no queue of this process has the global wave sync");
    RW_TRY(cp_queue_set_gws(queue->cp, count != 0));
    queue->has_gws = queue->pdd->gws_taken = count != 0;
    return RW_OK;
}

rw_status kfd_ioctl_alloc_queue_gws(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_ioctl_alloc_queue_gws_args *args = argument;

    pthread_mutex_lock(&process->mutex);
    rw_status status = set_gws_locked(process, args->queue_id, args->num_gws);
    pthread_mutex_unlock(&process->mutex);
    if (rw_ok(status))
        args->first_gws = 0;
    return status;
}

void kfd_queues_update_trap_handler(struct kfd_pdd *pdd)
{
    struct kfd_queue *queue;

    DL_FOREACH(pdd->queues, queue)
    cp_queue_set_trap_handler(queue->cp, pdd->trap.tba, pdd->trap.tma);
}
