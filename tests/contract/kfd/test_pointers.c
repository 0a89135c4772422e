/* SPDX-License-Identifier: MIT
 *
 * Bad pointers: every ioctl of the table with an argument that is not there, and every pointer
 * inside of an argument. The answer is EFAULT, and what works goes on working.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "softgpu/front/kfd/kfd_table.h"
#include "tests/contract/bad_memory.h"

static const unsigned long requests[] = {
#define REQUEST(nr, name, request, handler, flags) [nr] = (request),
    KFD_IOCTLS(REQUEST)
#undef REQUEST
};
static const unsigned row_flags[] = {
#define FLAGS(nr, name, request, handler, flags) [nr] = (flags),
    KFD_IOCTLS(FLAGS)
#undef FLAGS
};

/* Is the row there, and not refused before its argument is looked at? */
static bool is_called(unsigned nr)
{
    return nr < machine->kernel->ioctl_count && requests[nr] &&
           !(row_flags[nr] & KFD_ROW_CHECKPOINT);
}

enum { ROWS = sizeof requests / sizeof requests[0] };

static void arguments_that_are_not_there(void **state)
{
    (void)state;
    for (unsigned nr = 0; nr < ROWS; nr++) {
        if (!is_called(nr) || !(_IOC_DIR(requests[nr]) & _IOC_WRITE))
            continue;
        for (unsigned i = 0; i < BAD_READS; i++)
            assert_int_equal(kfd(requests[nr], pointer(bad_memory_at(i))), -EFAULT);
        if (_IOC_SIZE(requests[nr]) > 4)
            assert_int_equal(kfd(requests[nr], pointer(bad.edge)), -EFAULT);
    }
}

/* Whatever the handler has said. */
static void answers_that_cannot_be_written(void **state)
{
    (void)state;
    for (unsigned nr = 0; nr < ROWS; nr++)
        if (is_called(nr) && (_IOC_DIR(requests[nr]) & _IOC_READ))
            assert_int_equal(kfd(requests[nr], pointer(bad.read_only)), -EFAULT);
}

#define REFUSES(request, args) assert_int_equal(kfd(request, &(args)), -EFAULT)

static void arrays_of_events_and_apertures(uint64_t at)
{
    struct kfd_ioctl_wait_events_args wait = {.events_ptr = at, .num_events = 1};
    struct kfd_ioctl_get_process_apertures_new_args apertures = {
        .kfd_process_device_apertures_ptr = at, .num_of_nodes = 2};

    REFUSES(AMDKFD_IOC_WAIT_EVENTS, wait);
    REFUSES(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, apertures);
}

static void arrays_of_gpus(uint64_t handle, uint64_t at)
{
    struct kfd_ioctl_map_memory_to_gpu_args map = {
        .handle = handle, .device_ids_array_ptr = at, .n_devices = 1};
    struct kfd_ioctl_unmap_memory_from_gpu_args unmap = {
        .handle = handle, .device_ids_array_ptr = at, .n_devices = 1};

    REFUSES(AMDKFD_IOC_MAP_MEMORY_TO_GPU, map);
    REFUSES(AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, unmap);
}

static void masks_of_a_queue(uint32_t queue, uint64_t at)
{
    struct kfd_ioctl_set_cu_mask_args mask = {
        .queue_id = queue, .num_cu_mask = 32, .cu_mask_ptr = at};

    REFUSES(AMDKFD_IOC_SET_CU_MASK, mask);
}

static void pointers_inside_of_arguments(void **state)
{
    struct kfd_create_queue_args queue;
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    handle = alloc_and_map(gpu(0), va_at(7), 4 * PAGE, KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE);
    queue = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
    assert_int_equal(create_queue(&queue), 0);
    for (unsigned i = 0; i < BAD_READS; i++) {
        arrays_of_events_and_apertures(bad_memory_at(i));
        arrays_of_gpus(handle, bad_memory_at(i));
        masks_of_a_queue(queue.queue_id, bad_memory_at(i));
    }
    arrays_of_events_and_apertures(bad.edge);
    assert_int_equal(unmap_from(handle, gpu(0)), 0); /* still there */
}

/* Outputs: nothing is read there before. */
static void answers_inside_of_arguments(void **state)
{
    struct kfd_ioctl_get_process_apertures_new_args apertures = {
        .kfd_process_device_apertures_ptr = bad.read_only, .num_of_nodes = 2};
    struct kfd_ioctl_wait_events_args wait = {.num_events = 1, .events_ptr = bad.read_only};

    (void)state;
    REFUSES(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, apertures);
    assert_int_equal(kfd(AMDKFD_IOC_WAIT_EVENTS, &wait), -EINVAL); /* event 0 is none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(arguments_that_are_not_there),
        kfd_test(answers_that_cannot_be_written),
        kfd_test(pointers_inside_of_arguments),
        kfd_test(answers_inside_of_arguments),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, bad_memory_setup, bad_memory_teardown);
}
