/* SPDX-License-Identifier: MIT
 *
 * SVM ranges: checks, attributes, what the GPU sees, and how they keep out of each other's way with
 * ordinary mappings.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define VRAM   (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE)
#define LENGTH (16 * PAGE)

#define SET    KFD_IOCTL_SVM_OP_SET_ATTR
#define GET    KFD_IOCTL_SVM_OP_GET_ATTR

/* One SVM call with up to 8 attributes, which come back. */
static int svm(uint32_t op, void *start, uint64_t size, uint32_t count,
               struct kfd_ioctl_svm_attribute *attributes)
{
    enum { BYTES = sizeof(struct kfd_ioctl_svm_args) + 8 * sizeof(*attributes) };
    _Alignas(8) char buffer[BYTES];
    struct kfd_ioctl_svm_args *args = (struct kfd_ioctl_svm_args *)(void *)buffer;

    *args = (struct kfd_ioctl_svm_args){
        .start_addr = (uintptr_t)start, .size = size, .op = op, .nattr = count};
    memcpy(args->attrs, attributes, count * sizeof *attributes);
    int r = kfd(_IOC(_IOC_READ | _IOC_WRITE, 'K', 0x20, BYTES), args);
    memcpy(attributes, args->attrs, count * sizeof *attributes);
    return r;
}

static int svm_set(void *start, uint64_t size, uint32_t type, uint32_t value)
{
    struct kfd_ioctl_svm_attribute attribute = {type, value};

    return svm(SET, start, size, 1, &attribute);
}

static int give_access(void *start, uint64_t size)
{
    return svm_set(start, size, KFD_IOCTL_SVM_ATTR_ACCESS, gpu(0));
}

/* Not before KFD 1.5. */
#define skip_before_svm()                                                                          \
    if (!kernel_at_least("6.1"))                                                                   \
    return

static void arguments_are_checked(void **state)
{
    char *memory = host_alloc(LENGTH);
    struct kfd_ioctl_svm_args few = {
        .start_addr = (uintptr_t)memory, .size = LENGTH, .op = SET, .nattr = 1};

    (void)state;
    skip_before_svm();
    assert_int_equal(give_access(memory, LENGTH), -EINVAL); /* no VM yet */
    acquire_fresh(0);
    assert_int_equal(give_access(memory + 1, LENGTH), -EINVAL);
    assert_int_equal(give_access(memory, LENGTH + 1), -EINVAL);
    assert_int_equal(give_access(memory, 0), -EINVAL);
    assert_int_equal(give_access(NULL, LENGTH), -EINVAL);
    assert_int_equal(svm(7, memory, LENGTH, 0, (struct kfd_ioctl_svm_attribute[1]){{0}}), -EINVAL);
    assert_int_equal(kfd(AMDKFD_IOC_SVM, &few), -EINVAL); /* no room for the attribute */
    assert_int_equal(svm_set(memory, LENGTH, 99, 0), -EINVAL);
    assert_int_equal(svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_ACCESS, 0xdead), -EINVAL);
    assert_int_equal(svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, 0xdead), -EINVAL);
    munmap(memory + 3 * PAGE, PAGE);
    assert_int_equal(give_access(memory, LENGTH), -EFAULT);
    munmap(memory, LENGTH);
}

static void the_gpu_uses_host_addresses(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    uint32_t *memory = host_alloc(LENGTH), word = 0;
    uint64_t va = (uintptr_t)memory;

    (void)state;
    skip_before_svm();
    memory[5] = 0xcafe;
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va + 20), &word, 4, NULL).err, EFAULT);
    assert_int_equal(give_access(memory, LENGTH), 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va + 20), &word, 4, NULL).err, 0);
    assert_int_equal(word, 0xcafe);
    word = 9;
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va + LENGTH - 4), &word, 4, NULL).err, 0);
    assert_int_equal(memory[LENGTH / 4 - 1], 9);
    munmap(memory, LENGTH);
}

static void flags_become_rights(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    void *memory = host_alloc(LENGTH);
    gpu_va va = gpu_va_make((uintptr_t)memory);
    uint32_t word = 1;

    (void)state;
    skip_before_svm();
    assert_int_equal(give_access(memory, LENGTH), 0);
    assert_null(gpu_vm_host(vm, va, 4, ISA_ACCESS_EXECUTE));
    assert_int_equal(svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_SET_FLAGS,
                             KFD_IOCTL_SVM_FLAG_GPU_EXEC | KFD_IOCTL_SVM_FLAG_GPU_RO),
                     0);
    assert_non_null(gpu_vm_host(vm, va, 4, ISA_ACCESS_EXECUTE));
    assert_int_equal(gpu_vm_write(vm, va, &word, 4, NULL).err, EFAULT);
    assert_int_equal(
        svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_CLR_FLAGS, KFD_IOCTL_SVM_FLAG_GPU_RO), 0);
    assert_int_equal(gpu_vm_write(vm, va, &word, 4, NULL).err, 0);
    munmap(memory, LENGTH);
}

static void defaults_are_reported_where_nothing_was_set(void **state)
{
    void *memory = host_alloc(LENGTH);
    struct kfd_ioctl_svm_attribute a[] = {
        {KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 1}, {KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, 1},
        {KFD_IOCTL_SVM_ATTR_ACCESS, gpu(0)},   {KFD_IOCTL_SVM_ATTR_SET_FLAGS, 0},
        {KFD_IOCTL_SVM_ATTR_CLR_FLAGS, 0},     {KFD_IOCTL_SVM_ATTR_GRANULARITY, 0},
    };

    (void)state;
    skip_before_svm();
    acquire_fresh(0);
    assert_int_equal(svm(GET, memory, LENGTH, 6, a), 0);
    assert_int_equal(a[0].value, KFD_IOCTL_SVM_LOCATION_UNDEFINED);
    assert_int_equal(a[1].value, KFD_IOCTL_SVM_LOCATION_UNDEFINED);
    assert_int_equal(a[2].type, KFD_IOCTL_SVM_ATTR_NO_ACCESS);
    assert_int_equal(a[3].value, KFD_IOCTL_SVM_FLAG_HOST_ACCESS | KFD_IOCTL_SVM_FLAG_COHERENT);
    assert_int_equal(a[4].value, ~a[3].value);
    assert_int_equal(a[5].value, 9);
    a[0].type = KFD_IOCTL_SVM_ATTR_NO_ACCESS;
    assert_int_equal(svm(GET, memory, LENGTH, 1, a), -EINVAL);
    munmap(memory, LENGTH);
}

static void attributes_hold_for_their_part_alone(void **state)
{
    char *memory = host_alloc(LENGTH);
    struct kfd_ioctl_svm_attribute a[2];

    (void)state;
    skip_before_svm();
    acquire_fresh(0);
    assert_int_equal(give_access(memory, LENGTH), 0);
    assert_int_equal(svm_set(memory + 4 * PAGE, 2 * PAGE, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0), 0);
    assert_int_equal(svm_set(memory + 4 * PAGE, 2 * PAGE, KFD_IOCTL_SVM_ATTR_SET_FLAGS,
                             KFD_IOCTL_SVM_FLAG_GPU_READ_MOSTLY),
                     0);

    a[0] = (struct kfd_ioctl_svm_attribute){KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0};
    a[1] = (struct kfd_ioctl_svm_attribute){KFD_IOCTL_SVM_ATTR_SET_FLAGS, 0};
    assert_int_equal(svm(GET, memory + 4 * PAGE, 2 * PAGE, 2, a), 0);
    assert_int_equal(a[0].value, 0);
    assert_true(a[1].value & KFD_IOCTL_SVM_FLAG_GPU_READ_MOSTLY);

    assert_int_equal(svm(GET, memory, LENGTH, 2, a), 0); /* what holds for all of it */
    assert_int_equal(a[0].value, KFD_IOCTL_SVM_LOCATION_UNDEFINED);
    assert_false(a[1].value & KFD_IOCTL_SVM_FLAG_GPU_READ_MOSTLY);

    a[0] = (struct kfd_ioctl_svm_attribute){KFD_IOCTL_SVM_ATTR_ACCESS, gpu(0)};
    assert_int_equal(svm(GET, memory, LENGTH, 1, a), 0);
    assert_int_equal(a[0].type, KFD_IOCTL_SVM_ATTR_ACCESS);
    munmap(memory, LENGTH);
}

static void a_cut_range_stays_whole_for_the_gpu(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    char *memory = host_alloc(LENGTH);
    gpu_va va = gpu_va_make((uintptr_t)memory);
    uint8_t bytes[LENGTH];

    (void)state;
    skip_before_svm();
    memset(memory, 0x33, LENGTH);
    assert_int_equal(give_access(memory, LENGTH), 0);
    for (unsigned i = 1; i < 15; i += 3)
        assert_int_equal(svm_set(memory + i * PAGE, PAGE, KFD_IOCTL_SVM_ATTR_GRANULARITY, i), 0);
    assert_int_equal(gpu_vm_read(vm, va, bytes, LENGTH, NULL).err, 0);
    assert_memory_equal(bytes, memory, LENGTH);
    munmap(memory, LENGTH);
}

static void access_can_be_taken_back_in_name_only(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    void *memory = host_alloc(LENGTH);
    struct kfd_ioctl_svm_attribute a = {KFD_IOCTL_SVM_ATTR_ACCESS, gpu(0)};
    uint32_t word;

    (void)state;
    skip_before_svm();
    assert_int_equal(svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, gpu(0)), 0);
    assert_int_equal(svm(GET, memory, LENGTH, 1, &a), 0);
    assert_int_equal(a.type, KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE);
    assert_int_equal(svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_NO_ACCESS, gpu(0)), 0);
    a.type = KFD_IOCTL_SVM_ATTR_ACCESS;
    assert_int_equal(svm(GET, memory, LENGTH, 1, &a), 0);
    assert_int_equal(a.type, KFD_IOCTL_SVM_ATTR_NO_ACCESS);
    /* The kernel notes that access is lost, and leaves the mapping. */
    assert_int_equal(gpu_vm_read(vm, gpu_va_make((uintptr_t)memory), &word, 4, NULL).err, 0);
    munmap(memory, LENGTH);
}

static void svm_keeps_off_mappings(void **state)
{
    int fd = acquire_fresh(0);
    char *memory = host_alloc(LENGTH);
    uint64_t va = (uintptr_t)memory;
    const struct mem_bo_desc desc = {.size = PAGE, .domains = MEM_DOMAIN_VRAM};
    struct mem_bo *bo;
    uint64_t handle;

    (void)state;
    skip_before_svm();
    handle = alloc_and_map(gpu(0), va + 2 * PAGE, PAGE, VRAM);
    assert_int_equal(give_access(memory, LENGTH), -EADDRINUSE);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem", &bo).err, 0);
    assert_int_equal(gpu_vm_map(vm_of(fd), GPU_VM_OWNER_GEM, bo, 0, gpu_va_make(va + 5 * PAGE),
                                PAGE, GPU_VM_PAGE_READABLE)
                         .err,
                     0);
    assert_int_equal(give_access(memory, LENGTH), -EADDRINUSE);
    assert_int_equal(gpu_vm_clear(vm_of(fd), gpu_va_make(va), LENGTH).err, 0);
    mem_bo_put(bo);
    assert_int_equal(give_access(memory, LENGTH), 0);
    munmap(memory, LENGTH);
}

static void kfd_keeps_off_svm_and_gem_does_not(void **state)
{
    int fd = acquire_fresh(0);
    char *memory = host_alloc(LENGTH);
    uint64_t va = (uintptr_t)memory, handle;
    const struct mem_bo_desc desc = {.size = PAGE, .domains = MEM_DOMAIN_VRAM};
    struct kfd_ioctl_alloc_memory_of_gpu_args user = {
        .va_addr = va_at(0),
        .size = PAGE,
        .mmap_offset = va,
        .gpu_id = gpu(0),
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | READ_WRITE,
    };
    struct mem_bo *bo;

    (void)state;
    skip_before_svm();
    assert_int_equal(give_access(memory, LENGTH), 0);
    assert_int_equal(alloc(gpu(0), va + PAGE, PAGE, VRAM, &handle), -EADDRINUSE);
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &user), -EADDRINUSE);
    assert_int_equal(alloc(gpu(0), 0, PAGE, VRAM, &handle), 0); /* has no address */
    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem", &bo).err, 0);
    assert_int_equal(gpu_vm_map(vm_of(fd), GPU_VM_OWNER_GEM, bo, 0, gpu_va_make(va + PAGE), PAGE,
                                GPU_VM_PAGE_READABLE)
                         .err,
                     0); /* the kernel lets it through */
    mem_bo_put(bo);
    munmap(memory, LENGTH);
}

/* What the program unmaps is no SVM any more. */
static void unmapped_memory_frees_its_addresses(void **state)
{
    char *memory = host_alloc(LENGTH);
    uint64_t handle;

    (void)state;
    skip_before_svm();
    acquire_fresh(0);
    assert_int_equal(give_access(memory, LENGTH), 0);
    munmap(memory, LENGTH);
    assert_int_equal(alloc(gpu(0), (uintptr_t)memory, LENGTH, VRAM, &handle), 0);
    assert_int_equal(map_to(handle, gpu(0)), 0);
}

static void unmapped_parts_leave_the_rest(void **state)
{
    char *memory = host_alloc(LENGTH);
    struct kfd_ioctl_svm_attribute a = {KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0};
    uint64_t handle;

    (void)state;
    skip_before_svm();
    acquire_fresh(0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(svm_set(memory, LENGTH, KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0), 0);
        munmap(memory + 4 * PAGE, PAGE);
        /* Somebody else's memory at the same place, readable and writable. */
        assert_ptr_equal(mmap(memory + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                         memory + 4 * PAGE);
        assert_int_equal(svm(GET, memory + 4 * PAGE, PAGE, 1, &a), 0);
        assert_int_equal(a.value, KFD_IOCTL_SVM_LOCATION_UNDEFINED);
        assert_int_equal(svm(GET, memory + 5 * PAGE, PAGE, 1, &a), 0);
        assert_int_equal(a.value, 0);
        assert_int_equal(alloc(gpu(0), (uintptr_t)memory + 4 * PAGE, PAGE, VRAM, &handle), 0);
        assert_int_equal(free_bo(handle), 0);
        assert_int_equal(alloc(gpu(0), (uintptr_t)memory + 3 * PAGE, PAGE, VRAM, &handle),
                         -EADDRINUSE);
    }
    munmap(memory, LENGTH);
}

static void a_save_area_may_be_svm_that_is_always_mapped(void **state)
{
    struct kfd_create_queue_args args;
    uint64_t bytes;
    char *memory;

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* save areas were not looked at */
    acquire_fresh(0);
    args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
    bytes = save_area_bytes(0);
    memory = host_alloc(bytes);
    args.ctx_save_restore_address = (uintptr_t)memory;
    assert_int_equal(create_queue(&args), -EINVAL);
    assert_int_equal(give_access(memory, bytes), 0);
    assert_int_equal(create_queue(&args), -EINVAL); /* but might go away */
    assert_int_equal(
        svm_set(memory, bytes, KFD_IOCTL_SVM_ATTR_SET_FLAGS, KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED),
        0);
    assert_int_equal(create_queue(&args), 0);
    struct kfd_ioctl_destroy_queue_args destroy = {.queue_id = args.queue_id};
    assert_int_equal(kfd(AMDKFD_IOC_DESTROY_QUEUE, &destroy), 0);
    munmap(memory, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(arguments_are_checked),
        kfd_test(the_gpu_uses_host_addresses),
        kfd_test(flags_become_rights),
        kfd_test(defaults_are_reported_where_nothing_was_set),
        kfd_test(attributes_hold_for_their_part_alone),
        kfd_test(a_cut_range_stays_whole_for_the_gpu),
        kfd_test(access_can_be_taken_back_in_name_only),
        kfd_test(svm_keeps_off_mappings),
        kfd_test(kfd_keeps_off_svm_and_gem_does_not),
        kfd_test(unmapped_memory_frees_its_addresses),
        kfd_test(unmapped_parts_leave_the_rest),
        kfd_test(a_save_area_may_be_svm_that_is_always_mapped),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
