/* SPDX-License-Identifier: MIT
 *
 * The buffers of a queue. From 6.12 on each must be exactly one mapping of the VM, and stays mapped
 * as long as the queue lives; before, the kernel took whatever address it was given.
 * Source: amdkfd/kfd_queue.c.
 */
#include <errno.h>

#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_vm.h"

#define EOP_BYTES_MIN 4096u /* of GFX8 and later, Tonga apart */

static uint64_t page_round_up(uint64_t bytes)
{
    return (bytes + GPU_PAGE_SIZE - 1) & ~(uint64_t)(GPU_PAGE_SIZE - 1);
}

rw_status kfd_queue_buffer_get(struct kfd_pdd *pdd, uint64_t va, uint64_t size,
                               struct kfd_queue_buffer *out_buffer)
{
    out_buffer->va = gpu_va_make(va & ~(uint64_t)(GPU_PAGE_SIZE - 1));
    return gpu_vm_queue_buffer_get(kfd_pdd_vm(pdd), out_buffer->va, size, &out_buffer->bo);
}

void kfd_queue_buffer_put(struct kfd_pdd *pdd, struct kfd_queue_buffer *buffer)
{
    if (!buffer->bo)
        return;
    gpu_vm_queue_buffer_put(kfd_pdd_vm(pdd), buffer->va, buffer->bo);
    buffer->bo = NULL;
}

static rw_status eop_get(struct kfd_pdd *pdd, const struct kfd_create_queue_args *args,
                         struct kfd_queue_buffer *out_eop)
{
    if (!args->eop_buffer_address)
        return RW_OK;
    if (args->eop_buffer_size < EOP_BYTES_MIN)
        return RW_FAIL(EINVAL, "an EOP buffer of %llu bytes; it needs %u",
                       (unsigned long long)args->eop_buffer_size, EOP_BYTES_MIN);
    return kfd_queue_buffer_get(pdd, args->eop_buffer_address, page_round_up(args->eop_buffer_size),
                                out_eop);
}

static rw_status save_area_check(const struct gpu_save_area *area,
                                 const struct kfd_create_queue_args *args)
{
    if (args->ctl_stack_size != area->ctl_stack_bytes)
        return RW_FAIL(EINVAL, "a control stack of %#x bytes; this GPU's is %#llx",
                       args->ctl_stack_size, (unsigned long long)area->ctl_stack_bytes);
    if (args->ctx_save_restore_size < area->cwsr_bytes)
        return RW_FAIL(EINVAL, "a context save area of %#x bytes; this GPU's is %#llx",
                       args->ctx_save_restore_size, (unsigned long long)area->cwsr_bytes);
    return RW_OK;
}

static rw_status save_area_get(struct kfd_pdd *pdd, const struct kfd_create_queue_args *args,
                               struct kfd_queue_buffers *out_buffers)
{
    const struct gpu_save_area area = gpu_profile_save_area(pdd->device->profile);
    uint64_t address = args->ctx_save_restore_address;
    uint64_t bytes;

    RW_TRY(save_area_check(&area, args));
    bytes = page_round_up(args->ctx_save_restore_size + area.debug_bytes);
    if (rw_ok(kfd_queue_buffer_get(pdd, address, bytes, &out_buffers->save_area)))
        return RW_OK;
    rw_status_clear(); /* the sentence about SVM is the one that helps */
    RW_TRY(kfd_svm_queue_buffer_get(pdd, address, bytes));
    out_buffers->save_area.va = gpu_va_make(address);
    out_buffers->save_area_svm_bytes = bytes;
    return RW_OK;
}

static rw_status buffers_get(struct kfd_pdd *pdd, const struct kfd_create_queue_args *args,
                             struct kfd_queue_buffers *out_buffers)
{
    RW_TRY(kfd_queue_buffer_get(pdd, args->write_pointer_address, GPU_PAGE_SIZE,
                                &out_buffers->write_pointer));
    RW_TRY(kfd_queue_buffer_get(pdd, args->read_pointer_address, GPU_PAGE_SIZE,
                                &out_buffers->read_pointer));
    RW_TRY(kfd_queue_buffer_get(pdd, args->ring_base_address, args->ring_size, &out_buffers->ring));
    if (!kfd_queue_type_is_compute(args->queue_type))
        return RW_OK;
    RW_TRY(eop_get(pdd, args, &out_buffers->eop));
    return save_area_get(pdd, args, out_buffers);
}

rw_status kfd_queue_buffers_get(struct kfd_pdd *pdd, const struct kfd_create_queue_args *args,
                                struct kfd_queue_buffers *out_buffers)
{
    rw_status status;

    *out_buffers = (struct kfd_queue_buffers){.save_area_svm_bytes = 0};
    if (!kfd_kernel(pdd->process)->exact_queue_buffers)
        return RW_OK;
    status = buffers_get(pdd, args, out_buffers);
    if (!rw_ok(status))
        kfd_queue_buffers_put(pdd, out_buffers);
    return status;
}

void kfd_queue_buffers_put(struct kfd_pdd *pdd, struct kfd_queue_buffers *buffers)
{
    kfd_queue_buffer_put(pdd, &buffers->write_pointer);
    kfd_queue_buffer_put(pdd, &buffers->read_pointer);
    kfd_queue_buffer_put(pdd, &buffers->ring);
    kfd_queue_buffer_put(pdd, &buffers->eop);
    kfd_queue_buffer_put(pdd, &buffers->save_area);
    if (buffers->save_area_svm_bytes)
        kfd_svm_queue_buffer_put(pdd, buffers->save_area.va.addr, buffers->save_area_svm_bytes);
    buffers->save_area_svm_bytes = 0;
}
