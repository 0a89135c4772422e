/* SPDX-License-Identifier: MIT
 *
 * ACQUIRE_VM: which file's VM compute uses, and how long it lives.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void the_same_file_twice_is_success(void **state)
{
    int fd = acquire_fresh(0);

    (void)state;
    assert_int_equal(acquire(fd, gpu(0)), 0);
}

static void a_dup_is_the_same_file(void **state)
{
    int fd = acquire_fresh(0);
    int copy = dup(fd);

    (void)state;
    assert_int_equal(acquire(copy, gpu(0)), 0);
    close(copy);
}

static void a_second_open_is_another_file(void **state)
{
    (void)state;
    acquire_fresh(0);
    assert_int_equal(acquire(render_open(0), gpu(0)), -EBUSY);
}

static void the_file_must_be_of_that_gpu(void **state)
{
    int fd = render_open(0);

    (void)state;
    assert_int_equal(acquire(fd, gpu(1)), -EINVAL); /* the kernel would let it pass */
    assert_int_equal(acquire(fd, gpu(0)), 0);
    assert_int_equal(acquire(fd, gpu(1)), -EINVAL);
    acquire_fresh(1);
}

static void only_amdgpu_files_have_vms(void **state)
{
    int null = open("/dev/null", O_RDWR);
    int path = open("/", O_PATH);

    (void)state;
    assert_int_equal(acquire(-1, gpu(0)), -EINVAL);
    assert_int_equal(acquire(12345, gpu(0)), -EINVAL);
    assert_int_equal(acquire(null, gpu(0)), -EINVAL);
    assert_int_equal(acquire(path, gpu(0)), -EINVAL);
    assert_int_equal(acquire(kfd_fd, gpu(0)), -EINVAL);
    close(null);
    close(path);
}

static void checks_come_in_the_kernels_order(void **state)
{
    int null = open("/dev/null", O_RDWR);
    int fd = render_open(0);

    (void)state;
    assert_int_equal(acquire(fd, 0xdead), -EINVAL);
    assert_int_equal(acquire(fd, gpu(0)), 0);
    assert_int_equal(acquire(null, gpu(0)), -EBUSY);   /* "other file" comes before "not amdgpu" */
    assert_int_equal(acquire(12345, gpu(0)), -EINVAL); /* but after "not open" */
    close(null);
}

static void a_vm_of_another_process_info_is_refused(void **state)
{
    struct vm_process_info *others = NULL;
    int fd = render_open(0);

    (void)state;
    assert_int_equal(gpu_vm_acquire_compute(render_file(fd), &others, false).err, 0);
    assert_int_equal(acquire(fd, gpu(0)), -EINVAL);
    gpu_vm_release_compute(render_file(fd), &others);
    assert_null(others);
    assert_int_equal(acquire(fd, gpu(0)), 0);
}

static bool acquired_vm_is_compute(int fd)
{
    return gpu_vm_is_compute(vm_of(fd));
}

static void the_vm_is_the_files(void **state)
{
    int fd = render_open(0);

    (void)state;
    assert_false(acquired_vm_is_compute(fd));
    assert_int_equal(acquire(fd, gpu(0)), 0);
    assert_true(acquired_vm_is_compute(fd));

    /* What KFD maps, the file's own VM shows. */
    alloc_and_map(gpu(0), va_at(0), PAGE, KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE);
    assert_false(gpu_vm_range_is_free(vm_of(fd), gpu_va_make(va_at(0)), PAGE));
    assert_true(gpu_vm_range_is_free(vm_of(render_open(0)), gpu_va_make(va_at(0)), PAGE));
}

static void the_vm_outlives_the_descriptor(void **state)
{
    int fd = acquire_fresh(0);
    struct gpu_vm *vm = vm_of(fd);
    uint32_t word = 0xabcd1234, back = 0;

    (void)state;
    uint64_t handle =
        alloc_and_map(gpu(0), va_at(0), PAGE, KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE);
    close(fd);
    node_settle();
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), &word, sizeof word, NULL).err, 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0)), &back, sizeof back, NULL).err, 0);
    assert_int_equal(back, word);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
    /* Still the same file, so still the same VM: a new open is another. */
    assert_int_equal(acquire(render_open(0), gpu(0)), -EBUSY);
}

static void trap_pages_are_mapped_by_the_kernel(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    const struct gpu_vm_limits *limits = gpu_vm_limits(vm);
    uint64_t va = kernel_at_least("6.12") ? limits->size - limits->reserved_top : 0x2000;
    struct gpu_vm_mapping_info info;

    (void)state;
    assert_true(gpu_vm_lookup(vm, gpu_va_make(va), &info));
    assert_int_equal(info.owner, GPU_VM_OWNER_KERNEL);
    assert_int_equal(info.size, 2 * PAGE);
    mem_bo_put(info.bo);
}

/* Linux 6.5 lifted this; before, a VM that graphics had used could not be acquired. */
static void a_used_vm_can_be_acquired_from_6_5_on(void **state)
{
    const struct mem_bo_desc desc = {.size = PAGE, .domains = MEM_DOMAIN_GTT};
    int fd = render_open(0);
    struct mem_bo *bo;
    uint32_t handle;

    (void)state;
    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "test", &bo).err, 0);
    assert_int_equal(drm_file_handle_create(render_file(fd), bo, &handle).err, 0);
    assert_int_equal(gpu_vm_map(vm_of(fd), GPU_VM_OWNER_GEM, bo, 0, gpu_va_make(va_at(0)), PAGE,
                                GPU_VM_PAGE_READABLE)
                         .err,
                     0);
    mem_bo_put(bo);
    assert_int_equal(acquire(fd, gpu(0)), kernel_at_least("6.12") ? 0 : -EINVAL);
}

/* Kernel 5.10 made a VM of its own for whoever did not acquire one; ever since, nothing works
 * before ACQUIRE_VM. */
static void without_a_vm_nothing_can_be_allocated(void **state)
{
    uint64_t handle;
    int expected = kernel_at_least("6.1") ? -ENODEV : 0;

    (void)state;
    assert_int_equal(
        alloc(gpu(0), va_at(0), PAGE, KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE, &handle),
        expected);
    if (expected)
        return;
    assert_int_equal(map_to(handle, gpu(0)), 0);
    assert_int_equal(acquire(render_open(0), gpu(0)), -EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(the_same_file_twice_is_success),
        kfd_test(a_dup_is_the_same_file),
        kfd_test(a_second_open_is_another_file),
        kfd_test(the_file_must_be_of_that_gpu),
        kfd_test(only_amdgpu_files_have_vms),
        kfd_test(checks_come_in_the_kernels_order),
        kfd_test(a_vm_of_another_process_info_is_refused),
        kfd_test(the_vm_is_the_files),
        kfd_test(the_vm_outlives_the_descriptor),
        kfd_test(trap_pages_are_mapped_by_the_kernel),
        kfd_test(a_used_vm_can_be_acquired_from_6_5_on),
        kfd_test(without_a_vm_nothing_can_be_allocated),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
