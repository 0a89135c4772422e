/* SPDX-License-Identifier: MIT
 *
 * Queues: what CREATE_QUEUE checks, what it answers, and what a queue holds while it lives.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define AQL KFD_QUEUE_TYPE_COMPUTE_AQL

static struct kfd_create_queue_args aql_args(unsigned slot)
{
    return queue_args(0, AQL, slot);
}

static int destroy_queue(uint32_t id)
{
    struct kfd_ioctl_destroy_queue_args args = {.queue_id = id};

    return kfd(AMDKFD_IOC_DESTROY_QUEUE, &args);
}

/* ---- CREATE ---- */

static void a_queue_needs_a_vm(void **state)
{
    struct kfd_create_queue_args args = {.ring_size = PAGE, .gpu_id = gpu(0), .queue_type = AQL};

    (void)state;
    if (kernel_at_least("6.1"))
        assert_int_equal(create_queue(&args), -ESRCH);
    args.gpu_id = 0xdead;
    assert_int_equal(create_queue(&args), -EINVAL);
}

static void ids_and_doorbells_are_the_lowest_free(void **state)
{
    (void)state;
    acquire_fresh(0);
    for (unsigned i = 0; i < 3; i++) {
        struct kfd_create_queue_args args = aql_args(i);

        assert_int_equal(create_queue(&args), 0);
        assert_int_equal(args.queue_id, i);
        assert_true(args.doorbell_offset ==
                    (kfd_mmap_offset(KFD_MMAP_TYPE_DOORBELL, gpu(0)) | i * 8));
    }
    struct kfd_create_queue_args args = aql_args(3);
    assert_int_equal(destroy_queue(1), 0);
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(args.queue_id, 1);
    assert_int_equal(args.doorbell_offset & 0x1fff, 8);
}

static void the_command_processor_gets_what_was_asked_for(void **state)
{
    int fd = acquire_fresh(0);
    struct kfd_create_queue_args args = aql_args(0);
    const struct cp_queue_desc *desc;

    (void)state;
    assert_int_equal(create_queue(&args), 0);
    desc = &fake_cp_queues()->desc;
    assert_int_equal(desc->type, CP_QUEUE_AQL);
    assert_ptr_equal(desc->vm, vm_of(fd));
    assert_int_equal(desc->ring.addr, args.ring_base_address);
    assert_int_equal(desc->ring_bytes, args.ring_size);
    assert_int_equal(desc->read_pointer.addr, args.read_pointer_address);
    assert_int_equal(desc->write_pointer.addr, args.write_pointer_address);
    assert_int_equal(desc->percent, 100);
    assert_int_equal(desc->priority, 7);
    assert_non_null(desc->doorbell);
}

static void sdma_doorbells_are_fixed_by_engine(void **state)
{
    const struct gpu_profile *profile = machine->devices[0].profile;

    (void)state;
    acquire_fresh(0);
    for (unsigned i = 0; i < profile->sdma_engines * 2; i++) {
        struct kfd_create_queue_args args = queue_args(0, KFD_QUEUE_TYPE_SDMA, i);
        unsigned engine = i % profile->sdma_engines, queue = i / profile->sdma_engines;
        unsigned doorbell = 0x100 + engine * 10 + (queue & 1) * 512 + (queue >> 1);

        assert_int_equal(create_queue(&args), 0);
        assert_int_equal(args.doorbell_offset & 0x1fff, doorbell * 8);
        assert_int_equal(fake_cp_queues()->desc.type, CP_QUEUE_SDMA);
        assert_int_equal(fake_cp_queues()->desc.engine, engine);
    }
}

static void sdma_queues_run_out(void **state)
{
    const struct gpu_profile *profile = machine->devices[0].profile;
    unsigned all = profile->sdma_engines * profile->sdma_queues_per_engine;
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = queue_args(0, KFD_QUEUE_TYPE_SDMA, 0);
    for (unsigned i = 0; i < all; i++)
        assert_int_equal(create_queue(&args), 0);
    assert_int_equal(create_queue(&args), -ENOMEM);
    args.queue_type = KFD_QUEUE_TYPE_SDMA_XGMI;
    assert_int_equal(create_queue(&args), -ENOMEM); /* this GPU has no XGMI engines */
}

static void an_sdma_engine_can_be_chosen_from_1_17_on(void **state)
{
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = queue_args(0, KFD_QUEUE_TYPE_SDMA_BY_ENGINE, 0);
    args.sdma_engine_id = 2;
    if (!kernel_at_least("6.12")) {
        assert_int_equal(create_queue(&args), -524);
        return;
    }
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(fake_cp_queues()->desc.engine, 2);
    args.sdma_engine_id = 99;
    assert_int_equal(create_queue(&args), -EINVAL);
}

static void arguments_are_checked(void **state)
{
    struct kfd_create_queue_args good, args;

    (void)state;
    acquire_fresh(0);
    good = aql_args(0);
    args = good, args.queue_percentage = 101;
    assert_int_equal(create_queue(&args), -EINVAL);
    args = good, args.queue_priority = 16;
    assert_int_equal(create_queue(&args), -EINVAL);
    args = good, args.ring_size = 65536 + 64;
    assert_int_equal(create_queue(&args), -EINVAL);
    args = good, args.ring_base_address = UINT64_C(1) << 63;
    assert_int_equal(create_queue(&args), -EFAULT);
    args = good, args.read_pointer_address = UINT64_C(1) << 63;
    assert_int_equal(create_queue(&args), -EFAULT);
    args = good, args.write_pointer_address = UINT64_C(1) << 63;
    assert_int_equal(create_queue(&args), -EFAULT);
    args = good, args.eop_buffer_address = UINT64_C(1) << 63;
    assert_int_equal(create_queue(&args), -EFAULT);
    args = good, args.ctx_save_restore_address = UINT64_C(1) << 63;
    assert_int_equal(create_queue(&args), -EFAULT);
    args = good, args.queue_type = 77;
    assert_int_equal(create_queue(&args), -524);
    assert_int_equal(fake_cp_queue_count(), 0);
    assert_int_equal(create_queue(&good), 0);
}

static void a_device_takes_127_queues(void **state)
{
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = aql_args(0);
    for (unsigned i = 0; i < 127; i++)
        assert_int_equal(create_queue(&args), 0);
    assert_int_equal(create_queue(&args), -ENOSPC);
    acquire_fresh(1);
    struct kfd_create_queue_args other = queue_args(1, AQL, 20);
    assert_int_equal(create_queue(&other), 0);
    assert_int_equal(other.queue_id, 127);
}

/* ---- buffers: exactly one mapping each, from 6.12 on ---- */

/* With `change` made to good arguments, CREATE_QUEUE says EINVAL on a kernel that looks. */
#define expect_refused_when(change)                                                                \
    do {                                                                                           \
        struct kfd_create_queue_args args = good;                                                  \
        change;                                                                                    \
        assert_int_equal(create_queue(&args), kernel_at_least("6.12") ? -EINVAL : 0);              \
    } while (0)

static void buffers_must_be_exactly_one_mapping(void **state)
{
    struct kfd_create_queue_args good;

    (void)state;
    acquire_fresh(0);
    good = aql_args(0);
    expect_refused_when(args.ring_size /= 2);            /* part of a larger mapping */
    expect_refused_when(args.ring_base_address += PAGE); /* not at its start */
    expect_refused_when(args.ring_base_address = va_at(5));
    expect_refused_when(args.read_pointer_address = va_at(5));
    expect_refused_when(args.write_pointer_address = va_at(5));
    expect_refused_when(args.eop_buffer_address = va_at(5));
    expect_refused_when(args.eop_buffer_size = PAGE / 2);
    expect_refused_when(args.ctl_stack_size -= PAGE);
    expect_refused_when(args.ctx_save_restore_size -= PAGE);
    expect_refused_when(args.ctx_save_restore_size += 2 * PAGE);
    expect_refused_when(args.ctx_save_restore_address = va_at(5));
    if (kernel_at_least("6.12"))
        assert_int_equal(create_queue(&good), 0); /* nothing has stuck */
}

static void a_queues_buffers_cannot_be_unmapped_by_kfd(void **state)
{
    const uint32_t gtt = KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE;
    int fd = acquire_fresh(0);
    uint64_t ring;

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* queues did not hold their buffers */
    struct kfd_create_queue_args args = aql_args(0);
    ring = alloc_and_map(gpu(0), va_at(9), 65536, gtt);
    args.ring_base_address = va_at(9);
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(unmap_from(ring, gpu(0)), -EBUSY);
    assert_int_equal(free_bo(ring), -EBUSY);
    assert_int_equal(destroy_queue(args.queue_id), 0);
    assert_int_equal(unmap_from(ring, gpu(0)), 0);

    /* GEM_VA does not care. */
    assert_int_equal(map_to(ring, gpu(0)), 0);
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(gpu_vm_clear(vm_of(fd), gpu_va_make(va_at(9)), 65536).err, 0);
    assert_int_equal(destroy_queue(args.queue_id), 0);
}

/* ---- DESTROY, UPDATE, CU mask ---- */

static void unknown_queues(void **state)
{
    struct kfd_ioctl_update_queue_args update = {.queue_id = 5, .ring_size = PAGE};
    struct kfd_ioctl_get_queue_wave_state_args wave_state = {.queue_id = 5};
    struct kfd_ioctl_alloc_queue_gws_args gws = {.queue_id = 5, .num_gws = 1};
    uint32_t mask = 3;
    struct kfd_ioctl_set_cu_mask_args cu = {
        .queue_id = 5, .num_cu_mask = 32, .cu_mask_ptr = (uintptr_t)&mask};

    (void)state;
    assert_int_equal(destroy_queue(5), -EINVAL);
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), -EFAULT);
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), -EFAULT);
    assert_int_equal(kfd(AMDKFD_IOC_GET_QUEUE_WAVE_STATE, &wave_state), -EFAULT);
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_QUEUE_GWS, &gws), -EINVAL);
}

static void an_update_changes_or_disables(void **state)
{
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = aql_args(0);
    assert_int_equal(create_queue(&args), 0);
    const struct cp_queue *cp = fake_cp_queues();
    struct kfd_ioctl_update_queue_args update = {
        .ring_base_address = args.ring_base_address,
        .queue_id = args.queue_id,
        .ring_size = args.ring_size,
        .queue_percentage = 50,
        .queue_priority = 15,
    };
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), 0);
    assert_int_equal(cp->desc.percent, 50);
    assert_int_equal(cp->desc.priority, 15);
    update.ring_base_address = 0;
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), 0);
    assert_int_equal(cp->desc.percent, 0);
    update.ring_base_address = va_at(5);
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), kernel_at_least("6.12") ? -EFAULT : 0);
    update.queue_percentage = 101;
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), -EINVAL);
    update.queue_percentage = 100;
    update.queue_priority = 16;
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), -EINVAL);
    update.queue_priority = 0;
    update.ring_size = 65;
    assert_int_equal(kfd(AMDKFD_IOC_UPDATE_QUEUE, &update), -EINVAL);
}

static void cu_masks_come_in_pairs(void **state)
{
    uint32_t mask[64] = {0x3f};
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = aql_args(0);
    assert_int_equal(create_queue(&args), 0);
    struct kfd_ioctl_set_cu_mask_args cu = {
        .queue_id = args.queue_id, .num_cu_mask = 64, .cu_mask_ptr = (uintptr_t)mask};
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), 0);
    assert_int_equal(fake_cp_queues()->cu_mask_bits, 64);
    assert_int_equal(fake_cp_queues()->cu_mask[0], 0x3f);
    cu.num_cu_mask = 2048; /* more than 1024 are ignored */
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), 0);
    assert_int_equal(fake_cp_queues()->cu_mask_bits, 1024);
    mask[0] = 0x1f;
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), -EINVAL);
    cu.num_cu_mask = 0;
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), -EINVAL);
    cu.num_cu_mask = 33;
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), -EINVAL);
    cu.num_cu_mask = 32;
    cu.cu_mask_ptr = 8;
    assert_int_equal(kfd(AMDKFD_IOC_SET_CU_MASK, &cu), -EFAULT);
}

static void the_gws_belongs_to_one_queue(void **state)
{
    struct kfd_create_queue_args a, b;

    (void)state;
    acquire_fresh(0);
    a = aql_args(0);
    b = aql_args(1);
    assert_int_equal(create_queue(&a), 0);
    assert_int_equal(create_queue(&b), 0);
    struct kfd_ioctl_alloc_queue_gws_args gws = {.queue_id = a.queue_id, .first_gws = 9};
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_QUEUE_GWS, &gws), -EINVAL); /* nothing to give back */
    gws.num_gws = 64;
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_QUEUE_GWS, &gws), 0);
    assert_int_equal(gws.first_gws, 0);
    gws.queue_id = b.queue_id;
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_QUEUE_GWS, &gws), -EBUSY);
    assert_int_equal(destroy_queue(a.queue_id), 0);
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_QUEUE_GWS, &gws), 0);
    assert_true(fake_cp_queues()->gws);
}

static void wave_state_is_refused_with_a_reason(void **state)
{
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = aql_args(0);
    assert_int_equal(create_queue(&args), 0);
    struct kfd_ioctl_get_queue_wave_state_args wave_state = {.queue_id = args.queue_id};
    assert_int_equal(kfd(AMDKFD_IOC_GET_QUEUE_WAVE_STATE, &wave_state), -EINVAL);
}

/* ---- doorbells ---- */

static uint64_t *doorbells_map(void)
{
    struct node *node = node_get_by_fd(kfd_fd);
    void *at;

    assert_int_equal(node_call_mmap(node, NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED,
                                    kfd_mmap_offset(KFD_MMAP_TYPE_DOORBELL, gpu(0)), &at)
                         .err,
                     0);
    node_put(node);
    return at;
}

static bool rung_within_a_second(struct cp_queue *queue, unsigned before)
{
    for (int i = 0; i < 1000; i++) {
        const struct timespec ms = {.tv_nsec = 1000000};

        if (atomic_load(&queue->rings) > before)
            return true;
        nanosleep(&ms, NULL);
    }
    return false;
}

static void a_store_to_a_doorbell_rings_the_queue(void **state)
{
    struct kfd_create_queue_args args;
    uint64_t *doorbells;

    (void)state;
    acquire_fresh(0);
    args = aql_args(0);
    assert_int_equal(create_queue(&args), 0);
    struct cp_queue *queue = fake_cp_queues();
    doorbells = doorbells_map();
    for (uint64_t i = 1; i <= 20; i++) {
        unsigned before = atomic_load(&queue->rings);

        *(volatile uint64_t *)&doorbells[(args.doorbell_offset & 0x1fff) / 8] = i;
        assert_true(rung_within_a_second(queue, before));
        assert_int_equal(*queue->desc.doorbell, i);
    }
    munmap(doorbells, 8192);
}

static void trap_handlers_reach_queues_old_and_new(void **state)
{
    struct kfd_ioctl_set_trap_handler_args trap = {
        .tba_addr = 0x100000, .tma_addr = 0x200000, .gpu_id = gpu(0)};
    struct kfd_create_queue_args args;

    (void)state;
    acquire_fresh(0);
    args = aql_args(0);
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(kfd(AMDKFD_IOC_SET_TRAP_HANDLER, &trap), 0);
    assert_int_equal(fake_cp_queues()->desc.tba.addr, 0x100000);
    args = aql_args(1);
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(fake_cp_queues()->desc.tma.addr, 0x200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(a_queue_needs_a_vm),
        kfd_test(ids_and_doorbells_are_the_lowest_free),
        kfd_test(the_command_processor_gets_what_was_asked_for),
        kfd_test(sdma_doorbells_are_fixed_by_engine),
        kfd_test(sdma_queues_run_out),
        kfd_test(an_sdma_engine_can_be_chosen_from_1_17_on),
        kfd_test(arguments_are_checked),
        kfd_test(a_device_takes_127_queues),
        kfd_test(buffers_must_be_exactly_one_mapping),
        kfd_test(a_queues_buffers_cannot_be_unmapped_by_kfd),
        kfd_test(unknown_queues),
        kfd_test(an_update_changes_or_disables),
        kfd_test(cu_masks_come_in_pairs),
        kfd_test(the_gws_belongs_to_one_queue),
        kfd_test(wave_state_is_refused_with_a_reason),
        kfd_test(a_store_to_a_doorbell_rings_the_queue),
        kfd_test(trap_handlers_reach_queues_old_and_new),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
