/* SPDX-License-Identifier: MIT
 *
 * ALLOC, FREE, MAP, UNMAP: types of memory, handles, addresses, errors.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/front/kfd/kfd_process.h"

#define VRAM (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE)
#define GTT  (KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE)
#define USER (KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | READ_WRITE)

static int alloc_user(uint64_t va, void *memory, uint64_t size, uint64_t *out_handle)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = va,
        .size = size,
        .mmap_offset = (uintptr_t)memory,
        .gpu_id = gpu(0),
        .flags = USER,
    };
    int r = kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args);

    *out_handle = args.handle;
    return r;
}

/* ---- ALLOC ---- */

static void handles_count_from_zero_per_gpu(void **state)
{
    uint64_t first, second, third;

    (void)state;
    acquire_fresh(0);
    acquire_fresh(1);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, VRAM, &first), 0);
    assert_int_equal(alloc(gpu(0), va_at(1), PAGE, VRAM, &second), 0);
    assert_int_equal(alloc(gpu(1), va_at(2), PAGE, VRAM, &third), 0);
    assert_int_equal(first, kfd_handle_make(gpu(0), 0));
    assert_int_equal(second, kfd_handle_make(gpu(0), 1));
    assert_int_equal(third, kfd_handle_make(gpu(1), 0));
    assert_int_equal(free_bo(first), 0);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, VRAM, &third), 0);
    assert_int_equal(third, first);
}

static void alloc_refuses_nonsense(void **state)
{
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), va_at(0), 0, VRAM, &handle), -EINVAL);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, READ_WRITE, &handle), -EINVAL); /* no type */
    assert_int_equal(alloc(0xdead, va_at(0), PAGE, VRAM, &handle), -EINVAL);
    assert_int_equal(alloc(0, va_at(0), PAGE, VRAM, &handle), -EINVAL);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, USER, &handle), -EINVAL); /* at address 0 */
    assert_int_equal(
        alloc(gpu(0), va_at(0), 1, GTT | KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM, &handle),
        -EINVAL); /* half of it is nothing */
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL, &handle),
                     -EINVAL);
    assert_int_equal(alloc(gpu(0), va_at(0), 2 * PAGE, KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP, &handle),
                     -EINVAL);
}

static void vram_runs_out(void **state)
{
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), va_at(0), UINT64_C(4) << 30, VRAM, &handle), -ENOMEM);
    assert_int_equal(alloc(gpu(0), va_at(0), UINT64_C(512) << 20, VRAM, &handle), 0);
    assert_int_equal(alloc(gpu(0), va_at(1), UINT64_C(600) << 20, VRAM, &handle), -ENOMEM);
}

static void available_memory_goes_down_and_up_by_2_mib(void **state)
{
    struct kfd_ioctl_get_available_memory_args args = {.gpu_id = gpu(0)};
    uint64_t before, handle;

    (void)state;
    acquire_fresh(0);
    if (!kernel_at_least("6.1"))
        return; /* KFD 1.9 brought it */
    assert_int_equal(kfd(AMDKFD_IOC_AVAILABLE_MEMORY, &args), 0);
    before = args.available;
    assert_int_equal(before % (2 << 20), 0);
    assert_true(before > UINT64_C(900) << 20 && before < UINT64_C(1) << 30);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, VRAM, &handle), 0);
    assert_int_equal(kfd(AMDKFD_IOC_AVAILABLE_MEMORY, &args), 0);
    assert_int_equal(before - args.available, 2 << 20);
    assert_int_equal(free_bo(handle), 0);
    assert_int_equal(kfd(AMDKFD_IOC_AVAILABLE_MEMORY, &args), 0);
    assert_int_equal(before, args.available);
    args.gpu_id = 0xdead;
    assert_int_equal(kfd(AMDKFD_IOC_AVAILABLE_MEMORY, &args), -EINVAL);
}

static void fresh_vram_is_zero(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint8_t page[PAGE], zero[PAGE] = {0};

    (void)state;
    for (int round = 0; round < 2; round++) {
        uint64_t handle = alloc_and_map(gpu(0), va_at(0), PAGE, VRAM);

        assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0)), page, PAGE, NULL).err, 0);
        assert_memory_equal(page, zero, PAGE);
        memset(page, 0x55, PAGE);
        assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), page, PAGE, NULL).err, 0);
        assert_int_equal(unmap_from(handle, gpu(0)), 0);
        assert_int_equal(free_bo(handle), 0);
    }
}

/* ---- mmap of buffers ---- */

static void buffers_are_mapped_through_the_acquired_file(void **state)
{
    int fd = acquire_fresh(0), other = render_open(0);
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = va_at(0), .size = PAGE, .gpu_id = gpu(0), .flags = VRAM};
    struct mem_heaps *heaps = machine->devices[0].heaps;

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args), 0);
    struct mem_bo *bo = mem_bo_find_by_mmap_offset(heaps, args.mmap_offset);
    assert_non_null(bo);
    assert_true(drm_file_mmap_allowed(render_file(fd), bo));
    assert_false(drm_file_mmap_allowed(render_file(other), bo));
    assert_int_equal(free_bo(args.handle), 0);
    assert_false(drm_file_mmap_allowed(render_file(fd), bo));
    mem_bo_put(bo);
}

static void mmio_is_mapped_through_kfd(void **state)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {.va_addr = va_at(0),
                                                      .size = PAGE,
                                                      .gpu_id = gpu(0),
                                                      .flags = KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP |
                                                               READ_WRITE};
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint32_t flush = 1;

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args), 0);
    assert_int_equal(args.mmap_offset, kfd_mmap_offset(KFD_MMAP_TYPE_MMIO, gpu(0)));
    assert_int_equal(map_to(args.handle, gpu(0)), 0);
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), &flush, sizeof flush, NULL).err, 0);
}

static void doorbells_can_be_mapped_for_the_gpu(void **state)
{
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), va_at(0), DOORBELL_SLICE_BYTES,
                           KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL | READ_WRITE, &handle),
                     0);
    assert_int_equal(map_to(handle, gpu(0)), 0);
}

/* ---- userptr ---- */

static void host_memory_is_seen_by_the_gpu(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint32_t *memory = host_alloc(2 * PAGE);
    uint32_t word = 0;
    uint64_t handle;

    (void)state;
    memory[3] = 0xfeed;
    assert_int_equal(alloc_user(va_at(0), memory, 2 * PAGE, &handle), 0);
    assert_int_equal(map_to(handle, gpu(0)), 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0) + 12), &word, 4, NULL).err, 0);
    assert_int_equal(word, 0xfeed);
    word = 7;
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0) + PAGE), &word, 4, NULL).err, 0);
    assert_int_equal(memory[PAGE / 4], 7);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
    munmap(memory, 2 * PAGE);
}

static void host_memory_must_be_there_and_writable(void **state)
{
    char *memory = host_alloc(4 * PAGE);
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    munmap(memory + 2 * PAGE, PAGE);
    assert_int_equal(alloc_user(va_at(0), memory, 4 * PAGE, &handle), -EFAULT);
    assert_int_equal(alloc_user(va_at(0), memory + 2 * PAGE, PAGE, &handle), -EFAULT);
    mprotect(memory, PAGE, PROT_READ);
    assert_int_equal(alloc_user(va_at(0), memory, PAGE, &handle), -EPERM);
    assert_int_equal(alloc_user(va_at(0), memory + PAGE, PAGE, &handle), 0);
    munmap(memory, 4 * PAGE);
}

/* ---- MAP, UNMAP, FREE ---- */

static void map_and_unmap_follow_the_recorded_address(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint64_t handle;

    (void)state;
    assert_int_equal(alloc(gpu(0), va_at(3), 3 * PAGE, GTT, &handle), 0);
    assert_true(gpu_vm_range_is_free(vm, gpu_va_make(va_at(3)), PAGE));
    assert_int_equal(map_to(handle, gpu(0)), 0);
    assert_false(gpu_vm_range_is_free(vm, gpu_va_make(va_at(3) + 2 * PAGE), PAGE));
    assert_true(gpu_vm_range_is_free(vm, gpu_va_make(va_at(3) + 3 * PAGE), PAGE));
    assert_int_equal(map_to(handle, gpu(0)), 0); /* again: nothing to do */
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_true(gpu_vm_range_is_free(vm, gpu_va_make(va_at(3)), 3 * PAGE));
    assert_int_equal(unmap_from(handle, gpu(0)), -EINVAL);
}

static void flags_become_page_rights(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint32_t word = 1;

    (void)state;
    alloc_and_map(gpu(0), va_at(0), PAGE, KFD_IOC_ALLOC_MEM_FLAGS_GTT);
    alloc_and_map(gpu(0), va_at(1), PAGE, VRAM);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0)), &word, 4, NULL).err, 0);
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), &word, 4, NULL).err, EFAULT);
    assert_null(gpu_vm_host(vm, gpu_va_make(va_at(0)), 4, ISA_ACCESS_EXECUTE));
    assert_non_null(gpu_vm_host(vm, gpu_va_make(va_at(1)), 4, ISA_ACCESS_EXECUTE));
}

static void a_mapped_buffer_cannot_be_freed(void **state)
{
    (void)state;
    acquire_fresh(0);
    uint64_t handle = alloc_and_map(gpu(0), va_at(0), PAGE, VRAM);
    assert_int_equal(free_bo(handle), -EBUSY);
    assert_int_equal(unmap_from(handle, gpu(0)), 0); /* the handle is still good */
    assert_int_equal(free_bo(handle), 0);
    assert_int_equal(free_bo(handle), -EINVAL);
}

static void unknown_handles_have_each_their_error(void **state)
{
    (void)state;
    acquire_fresh(0);
    assert_int_equal(map_to(kfd_handle_make(gpu(0), 99), gpu(0)), -ENOMEM);
    assert_int_equal(map_to(kfd_handle_make(0xdead, 0), gpu(0)), -EINVAL);
    assert_int_equal(unmap_from(kfd_handle_make(gpu(0), 99), gpu(0)), -ENOMEM);
    assert_int_equal(free_bo(kfd_handle_make(gpu(0), 99)), -EINVAL);
    assert_int_equal(free_bo(kfd_handle_make(0xdead, 0)), -EINVAL);
}

static void lists_of_gpus_are_checked(void **state)
{
    struct kfd_ioctl_map_memory_to_gpu_args args = {.n_devices = 0};

    (void)state;
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, GTT, (uint64_t *)&args.handle), 0);
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), -EINVAL);
    args.n_devices = 1;
    args.n_success = 2;
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), -EINVAL);
    args.n_success = 0;
    args.device_ids_array_ptr = 1;
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), -EFAULT);
    args.n_devices = UINT32_MAX;
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), -ENOMEM);
    if (kernel_at_least("6.1"))
        assert_int_equal(map_to(args.handle, gpu(1)), -ENODEV); /* has no VM */
    assert_int_equal(map_to(args.handle, 0xdead), -EINVAL);
}

static void n_success_resumes_after_the_ones_done(void **state)
{
    uint32_t ids[2] = {gpu(0), gpu(1)};
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    acquire_fresh(1);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, GTT, &handle), 0);
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = (uintptr_t)ids, .n_devices = 2, .n_success = 1};
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), 0);
    assert_int_equal(args.n_success, 2);
    assert_int_equal(unmap_from(handle, gpu(0)), -EINVAL); /* was skipped */
    assert_int_equal(unmap_from(handle, gpu(1)), 0);
}

static void a_peer_sees_the_same_memory(void **state)
{
    struct gpu_vm *local = vm_of(acquire_fresh(0)), *peer = vm_of(acquire_fresh(1));
    uint32_t word = 0x600d, back = 0;
    uint64_t handle = alloc_and_map(gpu(0), va_at(0), PAGE, VRAM);

    (void)state;
    assert_int_equal(map_to(handle, gpu(1)), 0);
    assert_int_equal(gpu_vm_write(local, gpu_va_make(va_at(0)), &word, 4, NULL).err, 0);
    assert_int_equal(gpu_vm_read(peer, gpu_va_make(va_at(0)), &back, 4, NULL).err, 0);
    assert_int_equal(back, word);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), -EBUSY); /* the peer has it still */
    assert_int_equal(unmap_from(handle, gpu(1)), 0);
    assert_int_equal(free_bo(handle), 0);
}

static void a_buffer_without_address_is_never_mapped(void **state)
{
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), 0, PAGE, VRAM, &handle), 0);
    assert_int_equal(map_to(handle, gpu(0)), -EINVAL);
    assert_int_equal(free_bo(handle), 0);
}

static void addresses_must_be_whole_pages(void **state)
{
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(alloc(gpu(0), va_at(0) + 8, PAGE, VRAM, &handle), 0);
    assert_int_equal(map_to(handle, gpu(0)), -EINVAL);
}

static void an_aql_ring_is_mapped_twice(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint32_t word = 0xa91, back = 0;
    uint64_t handle =
        alloc_and_map(gpu(0), va_at(0), 2 * PAGE, GTT | KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM);

    (void)state;
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), &word, 4, NULL).err, 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0) + PAGE), &back, 4, NULL).err, 0);
    assert_int_equal(back, word);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_true(gpu_vm_range_is_free(vm, gpu_va_make(va_at(0)), 2 * PAGE));
    assert_int_equal(free_bo(handle), 0);
}

/* ---- KFD and GEM in one VM ---- */

/* A GEM buffer of the acquired file, mapped at `va`. */
static int gem_map(int fd, uint64_t va, uint64_t size)
{
    const struct mem_bo_desc desc = {.size = size, .domains = MEM_DOMAIN_VRAM};
    struct mem_bo *bo;
    uint32_t handle;

    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem vram", &bo).err, 0);
    assert_int_equal(drm_file_handle_create(render_file(fd), bo, &handle).err, 0);
    int r =
        -gpu_vm_map(vm_of(fd), GPU_VM_OWNER_GEM, bo, 0, gpu_va_make(va), size, GPU_VM_PAGE_READABLE)
             .err;
    mem_bo_put(bo);
    return r;
}

static void graphics_and_compute_share_one_address_space(void **state)
{
    int fd = acquire_fresh(0);
    uint64_t handle;

    (void)state;
    assert_int_equal(gem_map(fd, va_at(0), 2 * PAGE), 0);
    assert_int_equal(alloc(gpu(0), va_at(0) + PAGE, PAGE, VRAM, &handle), 0); /* not checked yet */
    assert_int_equal(map_to(handle, gpu(0)), -EINVAL);
    alloc_and_map(gpu(0), va_at(1), 2 * PAGE, VRAM);
    assert_int_equal(gem_map(fd, va_at(1) + PAGE, PAGE), -EINVAL);
}

static void what_gem_clears_kfd_unmaps_in_peace(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint64_t handle = alloc_and_map(gpu(0), va_at(0), 4 * PAGE, VRAM);

    (void)state;
    assert_int_equal(gpu_vm_clear(vm, gpu_va_make(va_at(0)), 4 * PAGE).err, 0);
    assert_int_equal(free_bo(handle), -EBUSY);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
}

static void what_gem_splits_goes_with_the_buffer(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint64_t handle = alloc_and_map(gpu(0), va_at(0), 4 * PAGE, VRAM);

    (void)state;
    assert_int_equal(gpu_vm_clear(vm, gpu_va_make(va_at(0) + PAGE), PAGE).err, 0);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
    assert_true(gpu_vm_range_is_free(vm, gpu_va_make(va_at(0)), 4 * PAGE));
}

static void the_process_end_frees_what_is_left(void **state)
{
    struct mem_usage before, after;

    (void)state;
    mem_heaps_usage(machine->devices[0].heaps, &before);
    acquire_fresh(0);
    for (unsigned i = 0; i < 50; i++)
        alloc_and_map(gpu(0), va_at(i), 8 * PAGE, i % 2 ? VRAM : GTT);
    kfd_teardown(state);
    mem_heaps_usage(machine->devices[0].heaps, &after);
    assert_int_equal(before.vram_used, after.vram_used);
    assert_int_equal(before.gtt_used, after.gtt_used);
    kfd_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(handles_count_from_zero_per_gpu),
        kfd_test(alloc_refuses_nonsense),
        kfd_test(vram_runs_out),
        kfd_test(available_memory_goes_down_and_up_by_2_mib),
        kfd_test(fresh_vram_is_zero),
        kfd_test(buffers_are_mapped_through_the_acquired_file),
        kfd_test(mmio_is_mapped_through_kfd),
        kfd_test(doorbells_can_be_mapped_for_the_gpu),
        kfd_test(host_memory_is_seen_by_the_gpu),
        kfd_test(host_memory_must_be_there_and_writable),
        kfd_test(map_and_unmap_follow_the_recorded_address),
        kfd_test(flags_become_page_rights),
        kfd_test(a_mapped_buffer_cannot_be_freed),
        kfd_test(unknown_handles_have_each_their_error),
        kfd_test(lists_of_gpus_are_checked),
        kfd_test(n_success_resumes_after_the_ones_done),
        kfd_test(a_peer_sees_the_same_memory),
        kfd_test(a_buffer_without_address_is_never_mapped),
        kfd_test(addresses_must_be_whole_pages),
        kfd_test(an_aql_ring_is_mapped_twice),
        kfd_test(graphics_and_compute_share_one_address_space),
        kfd_test(what_gem_clears_kfd_unmaps_in_peace),
        kfd_test(what_gem_splits_goes_with_the_buffer),
        kfd_test(the_process_end_frees_what_is_left),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
