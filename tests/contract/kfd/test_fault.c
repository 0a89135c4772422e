/* SPDX-License-Identifier: MIT
 *
 * What a program hears of GPU faults: memory exceptions, hardware exceptions, the runtime's error
 * payload, SMI events. The faults are raised by the command processor's owner callbacks.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/front/kfd/kfd_smi.h"

static struct cp_queue *queue_make(struct kfd_create_queue_args *out_args)
{
    acquire_fresh(0);
    *out_args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
    assert_int_equal(create_queue(out_args), 0);
    return fake_cp_queues();
}

static uint32_t poll_event(struct kfd_wait_event_data *data)
{
    struct kfd_ioctl_wait_events_args args = {.events_ptr = (uintptr_t)data, .num_events = 1};

    assert_int_equal(kfd(AMDKFD_IOC_WAIT_EVENTS, &args), 0);
    return args.wait_result;
}

static const struct kfd_hsa_memory_exception_data *
raise_memory_fault(struct cp_queue *queue, struct kfd_wait_event_data *data, struct isa_fault isa)
{
    const struct cp_fault fault = {
        .isa = isa, .queue = queue, .engine = "shader", .error = CP_ERROR_MEMORY_VIOLATION};

    queue->desc.ops->memory_fault(queue->desc.owner, &fault);
    assert_int_equal(poll_event(data), KFD_IOC_WAIT_RESULT_COMPLETE);
    return &data->memory_exception_data;
}

static void a_page_fault_names_page_gpu_and_reason(void **state)
{
    struct kfd_wait_event_data data = {.pad = 0};
    const struct kfd_hsa_memory_exception_data *e;
    struct kfd_create_queue_args args;
    struct cp_queue *queue = queue_make(&args);

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_MEMORY, false, &data.event_id), 0);
    assert_int_equal(poll_event(&data), KFD_IOC_WAIT_RESULT_TIMEOUT);

    e = raise_memory_fault(queue, &data,
                           (struct isa_fault){.kind = ISA_FAULT_UNMAPPED,
                                              .va = 0x7f0012345678,
                                              .access = ISA_ACCESS_WRITE});
    assert_true(e->va == 0x7f0012345000);
    assert_int_equal(e->gpu_id, gpu(0));
    assert_int_equal(e->failure.NotPresent, 1);
    assert_int_equal(e->failure.ReadOnly, 0);
    assert_int_equal(e->failure.NoExecute, 0);
    assert_int_equal(e->failure.imprecise, 0);

    /* INFO GPUVM_FAULT of the DRM file whose VM it is tells the same page. */
    uint64_t noted;
    uint32_t status;
    gpu_vm_last_fault(queue->desc.vm, &noted, &status);
    assert_true(noted == 0x7f0012345000);
    assert_true(status & 1u << 18); /* a write */

    e = raise_memory_fault(
        queue, &data,
        (struct isa_fault){.kind = ISA_FAULT_PROTECTION, .va = 0x1000, .access = ISA_ACCESS_WRITE});
    assert_int_equal(e->failure.NotPresent, 0);
    assert_int_equal(e->failure.ReadOnly, 1);

    e = raise_memory_fault(queue, &data,
                           (struct isa_fault){.kind = ISA_FAULT_PROTECTION,
                                              .va = 0x1000,
                                              .access = ISA_ACCESS_EXECUTE});
    assert_int_equal(e->failure.NoExecute, 1);
    assert_int_equal(e->failure.ReadOnly, 0);
}

static void a_page_fault_stops_the_queues_of_its_gpu(void **state)
{
    struct kfd_wait_event_data data = {.pad = 0};
    struct kfd_create_queue_args args, other, late;
    struct cp_queue *faulty = queue_make(&args), *second, *elsewhere;

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_MEMORY, false, &data.event_id), 0);
    other = queue_args(0, KFD_QUEUE_TYPE_SDMA, 1);
    assert_int_equal(create_queue(&other), 0);
    second = fake_cp_queues();
    acquire_fresh(1);
    other = queue_args(1, KFD_QUEUE_TYPE_COMPUTE_AQL, 2);
    assert_int_equal(create_queue(&other), 0);
    elsewhere = fake_cp_queues();

    /* The program is told, even when its trap handler has reported the wave already. */
    raise_memory_fault(
        faulty, &data,
        (struct isa_fault){.kind = ISA_FAULT_UNMAPPED, .va = 0x1000, .reported = true});
    assert_int_equal(atomic_load(&faulty->holds), 1);
    assert_int_equal(atomic_load(&second->holds), 1);
    assert_int_equal(atomic_load(&elsewhere->holds), 0);

    late = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 3);
    assert_int_equal(create_queue(&late), 0);
    assert_int_equal(atomic_load(&fake_cp_queues()->holds), 1);
    assert_int_equal(fake_cp_queues()->desc.percent, 0);
    raise_memory_fault(second, &data, (struct isa_fault){.kind = ISA_FAULT_UNMAPPED});
    assert_int_equal(atomic_load(&second->holds), 1); /* stopped already */
}

static void raise_queue_fault(struct cp_queue *queue, enum cp_error error, bool reported)
{
    const struct cp_fault fault = {.isa = {.kind = ISA_FAULT_ILLEGAL, .reported = reported},
                                   .queue = queue,
                                   .engine = "shader",
                                   .error = error};

    queue->desc.ops->queue_fault(queue->desc.owner, &fault);
}

static void an_illegal_instruction_is_a_hardware_exception(void **state)
{
    struct kfd_wait_event_data data = {.pad = 0};
    struct kfd_create_queue_args args;
    struct cp_queue *queue = queue_make(&args);

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_HW_EXCEPTION, true, &data.event_id), 0);
    raise_queue_fault(queue, CP_ERROR_WAVE_ILLEGAL_INSTRUCTION, true);
    assert_int_equal(poll_event(&data), KFD_IOC_WAIT_RESULT_TIMEOUT); /* the program knows */
    raise_queue_fault(queue, CP_ERROR_WAVE_ILLEGAL_INSTRUCTION, false);
    assert_int_equal(poll_event(&data), KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(data.hw_exception_data.gpu_id, gpu(0));
    assert_int_equal(data.hw_exception_data.reset_cause, KFD_HW_EXCEPTION_GPU_HANG);
}

/* ---- with the runtime enabled: error payload and event of the queue's save area ---- */

struct save_area_head {
    uint32_t unused[6];
    uint64_t error_payload;
    uint32_t error_event, reserved;
};

static void the_runtime_gets_exceptions_in_its_payload(void **state)
{
    struct kfd_runtime_enable_args enable = {.mode_mask = KFD_RUNTIME_ENABLE_MODE_ENABLE};
    struct kfd_wait_event_data data = {.pad = 0};
    struct kfd_create_queue_args args;
    uint64_t payload = 0;
    struct cp_queue *queue;

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* KFD 1.13 brought it */
    assert_int_equal(kfd(KFD_IOC_RUNTIME_ENABLE, &enable), 0);
    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, true, &data.event_id), 0);
    acquire_fresh(0);
    args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
    /* The save area is GPU memory that the program sees at the same address. */
    struct save_area_head *head = host_alloc(save_area_bytes(0));
    args.ctx_save_restore_address = (uintptr_t)head;
    alloc_and_map(gpu(0), (uintptr_t)head, save_area_bytes(0),
                  KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE);
    assert_int_equal(create_queue(&args), 0);
    queue = fake_cp_queues();
    head->error_payload = (uintptr_t)&payload;
    head->error_event = data.event_id;

    queue->desc.ops->exception(queue->desc.owner, queue,
                               1u << (CP_ERROR_WAVE_ILLEGAL_INSTRUCTION - 1));
    assert_int_equal(payload, 1u << (CP_ERROR_WAVE_ILLEGAL_INSTRUCTION - 1));
    assert_int_equal(poll_event(&data), KFD_IOC_WAIT_RESULT_COMPLETE);
    raise_queue_fault(queue, CP_ERROR_PACKET_DIM, false);
    assert_true(payload & UINT64_C(1) << (CP_ERROR_PACKET_DIM - 1));
    assert_int_equal(poll_event(&data), KFD_IOC_WAIT_RESULT_COMPLETE);
    munmap(head, save_area_bytes(0));
}

/* ---- SMI ---- */

static int smi_open(uint32_t gpu_id, int *out_fd)
{
    struct kfd_ioctl_smi_events_args args = {.gpuid = gpu_id};
    int r = kfd(AMDKFD_IOC_SMI_EVENTS, &args);

    *out_fd = (int)args.anon_fd;
    return r;
}

static void a_whole_gpu_is_reset(void **state)
{
    struct kfd_wait_event_data data = {.pad = 0};
    struct kfd_create_queue_args args;
    struct cp_queue *queue = queue_make(&args);
    uint64_t mask =
        KFD_SMI_BIT(KFD_SMI_EVENT_GPU_PRE_RESET) | KFD_SMI_BIT(KFD_SMI_EVENT_GPU_POST_RESET);
    char text[64] = "";
    int fd;

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_HW_EXCEPTION, true, &data.event_id), 0);
    assert_int_equal(smi_open(gpu(0), &fd), 0);
    assert_int_equal(write(fd, &mask, sizeof mask), sizeof mask);
    kfd_device_reset(&machine->devices[0]);
    assert_int_equal(atomic_load(&queue->holds), 1);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_string_equal(text, kernel_at_least("6.12") ? "3 1 user\n4 1 \n" : "3 1\n4 1\n");
    close(fd);
    assert_int_equal(poll_event(&data), KFD_IOC_WAIT_RESULT_COMPLETE);
    assert_int_equal(data.hw_exception_data.gpu_id, gpu(0));
    assert_int_equal(data.hw_exception_data.reset_type, KFD_HW_EXCEPTION_WHOLE_GPU_RESET);
    assert_int_equal(data.hw_exception_data.memory_lost, 1);
    args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 1);
    assert_int_equal(create_queue(&args), 0); /* but it does not run */
    assert_int_equal(atomic_load(&fake_cp_queues()->holds), 1);
}

static void smi_streams_carry_what_was_asked_for(void **state)
{
    uint64_t mask = KFD_SMI_BIT(KFD_SMI_VMFAULT);
    struct pollfd readable;
    char text[96] = "";
    int fd;

    (void)state;
    assert_int_equal(smi_open(0xdead, &fd), -EINVAL);
    assert_int_equal(smi_open(gpu(0), &fd), 0);
    readable = (struct pollfd){.fd = fd, .events = POLLIN};

    kfd_smi_report(&machine->devices[0], KFD_SMI_VMFAULT, "%x:%s\n", 1, "early");
    assert_int_equal(poll(&readable, 1, 0), 0); /* nothing was asked for yet */
    assert_int_equal(read(fd, text, sizeof text), -1);
    assert_int_equal(errno, EAGAIN);

    assert_int_equal(write(fd, &mask, sizeof mask), sizeof mask);
    kfd_smi_report(&machine->devices[1], KFD_SMI_VMFAULT, "%x:%s\n", 1, "other GPU");
    kfd_smi_report(&machine->devices[0], KFD_SMI_QUEUE_RESTORE, "%x\n", 1);
    assert_int_equal(poll(&readable, 1, 0), 0);
    kfd_smi_report(&machine->devices[0], KFD_SMI_VMFAULT, "%x:%s\n", 0x1234, "prog");
    assert_int_equal(poll(&readable, 1, 1000), 1);
    assert_int_equal(read(fd, text, sizeof text - 1), strlen("1 1234:prog\n"));
    assert_string_equal(text, "1 1234:prog\n");
    close(fd);
    node_settle();
    kfd_smi_report(&machine->devices[0], KFD_SMI_VMFAULT, "%x:%s\n", 1, "nobody listens");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(a_page_fault_names_page_gpu_and_reason),
        kfd_test(a_page_fault_stops_the_queues_of_its_gpu),
        kfd_test(an_illegal_instruction_is_a_hardware_exception),
        kfd_test(the_runtime_gets_exceptions_in_its_payload),
        kfd_test(a_whole_gpu_is_reset),
        kfd_test(smi_streams_carry_what_was_asked_for),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
