/* SPDX-License-Identifier: MIT
 *
 * Giving buffers out as dma-bufs, taking them in, asking what they are.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VRAM (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE)
#define GTT  (KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE)

static int import(uint32_t gpu_id, int fd, uint64_t va, uint64_t *out_handle)
{
    struct kfd_ioctl_import_dmabuf_args args = {
        .va_addr = va, .gpu_id = gpu_id, .dmabuf_fd = (uint32_t)fd};
    int r = kfd(AMDKFD_IOC_IMPORT_DMABUF, &args);

    *out_handle = args.handle;
    return r;
}

static int info(int fd, struct kfd_ioctl_get_dmabuf_info_args *out_args)
{
    out_args->dmabuf_fd = (uint32_t)fd;
    return kfd(AMDKFD_IOC_GET_DMABUF_INFO, out_args);
}

/* A dma-buf as graphics would make it. */
static int gem_dmabuf(unsigned index, uint32_t domains, uint64_t size, struct mem_bo **out_bo)
{
    const struct mem_bo_desc desc = {.size = size, .domains = domains};
    int fd;

    assert_int_equal(mem_bo_create(machine->devices[index].heaps, &desc, "gem", out_bo).err, 0);
    assert_int_equal(dmabuf_export(*out_bo, O_RDWR | O_CLOEXEC, &fd).err, 0);
    return fd;
}

static int export(uint64_t handle, int *out_fd)
{
    struct kfd_export_dmabuf_args args = {.handle = handle, .flags = O_CLOEXEC | O_RDWR};
    int r = kfd(KFD_IOC_EXPORT_DMABUF, &args);

    *out_fd = (int)args.dmabuf_fd;
    return r;
}

static void info_tells_size_kind_and_gpu(void **state)
{
    struct kfd_ioctl_get_dmabuf_info_args args = {0};
    uint8_t metadata[256];
    struct mem_bo *bo;
    int fd = gem_dmabuf(1, MEM_DOMAIN_VRAM, 5 * PAGE, &bo);

    (void)state;
    assert_int_equal(info(fd, &args), 0);
    assert_int_equal(args.size, 5 * PAGE);
    assert_int_equal(args.gpu_id, gpu(1));
    assert_int_equal(args.flags, KFD_IOC_ALLOC_MEM_FLAGS_VRAM);
    assert_int_equal(args.metadata_size, 0);

    pthread_mutex_lock(&bo->lock);
    bo->metadata_size = 12;
    memcpy(bo->metadata, "tiling words", 12);
    pthread_mutex_unlock(&bo->lock);
    args.metadata_size = 4;
    assert_int_equal(info(fd, &args), -EINVAL); /* but says how much it needs */
    assert_int_equal(args.metadata_size, 12);
    args.metadata_size = sizeof metadata;
    args.metadata_ptr = (uintptr_t)metadata;
    assert_int_equal(info(fd, &args), 0);
    assert_int_equal(args.metadata_size, 12);
    assert_memory_equal(metadata, "tiling words", 12);
    close(fd);
    mem_bo_put(bo);
}

static void info_of_other_things_fails(void **state)
{
    struct kfd_ioctl_get_dmabuf_info_args args = {0};
    int null = open("/dev/null", O_RDWR);

    (void)state;
    assert_int_equal(info(-1, &args), -EBADF);
    assert_int_equal(info(null, &args), -EINVAL);
    assert_int_equal(info(kfd_fd, &args), -EINVAL);
    close(null);
}

static void an_import_is_the_same_memory(void **state)
{
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    struct mem_bo *bo;
    int fd = gem_dmabuf(0, MEM_DOMAIN_VRAM, PAGE, &bo);
    uint32_t word = 0x5a5a, back = 0;
    uint64_t handle;

    (void)state;
    assert_int_equal(import(gpu(0), fd, va_at(0), &handle), 0);
    close(fd); /* the import needs no descriptor */
    node_settle();
    assert_int_equal(map_to(handle, gpu(0)), 0);
    memcpy(bo->host, &word, 4);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0)), &back, 4, NULL).err, 0);
    assert_int_equal(back, word);
    mem_bo_put(bo);
    assert_int_equal(free_bo(handle), -EBUSY);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
}

/* Address 0: only to make the buffer count for residency, not to map it. */
static void an_import_may_have_no_address(void **state)
{
    struct mem_bo *bo;
    int fd = gem_dmabuf(0, MEM_DOMAIN_GTT, PAGE, &bo);
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(import(gpu(0), fd, 0, &handle), 0);
    assert_int_equal(map_to(handle, gpu(0)), -EINVAL);
    assert_int_equal(free_bo(handle), 0);
    close(fd);
    mem_bo_put(bo);
}

static void imports_are_checked(void **state)
{
    struct mem_bo *bo;
    int fd = gem_dmabuf(0, MEM_DOMAIN_VRAM, PAGE, &bo), null = open("/dev/null", O_RDWR);
    uint64_t handle;

    (void)state;
    assert_int_equal(import(0xdead, fd, va_at(0), &handle), -EINVAL);
    if (kernel_at_least("6.1"))
        assert_int_equal(import(gpu(0), fd, va_at(0), &handle), -ENODEV);
    acquire_fresh(0);
    acquire_fresh(1);
    assert_int_equal(import(gpu(0), -1, va_at(0), &handle), -EBADF);
    assert_int_equal(import(gpu(0), null, va_at(0), &handle), -EINVAL);
    /* Of another GPU: from 6.8 on. */
    assert_int_equal(import(gpu(1), fd, va_at(0), &handle), kernel_at_least("6.12") ? 0 : -EINVAL);
    close(fd);
    close(null);
    mem_bo_put(bo);
}

static void an_export_is_the_same_buffer_and_outlives_it(void **state)
{
    struct gpu_vm *vm;
    struct mem_bo *bo;
    uint32_t word = 77, back = 0;
    uint64_t handle;
    int fd;

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* KFD 1.12 brought it */
    vm = vm_of(acquire_fresh(0));
    handle = alloc_and_map(gpu(0), va_at(0), PAGE, VRAM);
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), &word, 4, NULL).err, 0);
    assert_int_equal(export(handle, &fd), 0);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
    assert_int_equal(dmabuf_import(fd, &bo).err, 0);
    memcpy(&back, bo->host, 4);
    assert_int_equal(back, word);
    mem_bo_put(bo);
    assert_int_equal(import(gpu(0), fd, va_at(1), &handle), 0);
    assert_int_equal(map_to(handle, gpu(0)), 0);
    close(fd);
}

/* The same buffer through a GEM handle of the acquired file, at a second address. */
static void an_exported_buffer_serves_graphics(void **state)
{
    int fd = acquire_fresh(0), dmabuf;
    struct gpu_vm *vm = vm_of(fd);
    uint32_t word = 0x60, back = 0, gem;
    struct mem_bo *bo;
    uint64_t handle;

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* KFD 1.12 brought EXPORT_DMABUF */
    handle = alloc_and_map(gpu(0), va_at(0), PAGE, VRAM);
    assert_int_equal(export(handle, &dmabuf), 0);
    assert_int_equal(dmabuf_import(dmabuf, &bo).err, 0);
    assert_int_equal(drm_file_handle_find_or_create(render_file(fd), bo, &gem).err, 0);
    assert_int_equal(gpu_vm_map(vm, GPU_VM_OWNER_GEM, bo, 0, gpu_va_make(va_at(1)), PAGE,
                                GPU_VM_PAGE_READABLE | GPU_VM_PAGE_WRITEABLE)
                         .err,
                     0);
    mem_bo_put(bo);
    close(dmabuf);
    assert_int_equal(gpu_vm_write(vm, gpu_va_make(va_at(0)), &word, 4, NULL).err, 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(1)), &back, 4, NULL).err, 0);
    assert_int_equal(back, word);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    assert_int_equal(free_bo(handle), 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(1)), &back, 4, NULL).err, 0);
    assert_int_equal(gpu_vm_read(vm, gpu_va_make(va_at(0)), &back, 4, NULL).err, EFAULT);
}

static void exports_are_checked(void **state)
{
    void *memory = host_alloc(PAGE);
    struct kfd_ioctl_alloc_memory_of_gpu_args user = {
        .va_addr = va_at(0),
        .size = PAGE,
        .mmap_offset = (uintptr_t)memory,
        .gpu_id = gpu(0),
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | READ_WRITE,
    };
    int fd;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &user), 0);
    if (kernel_at_least("6.12")) {
        assert_int_equal(export(user.handle, &fd), -EPERM);
        assert_int_equal(export(kfd_handle_make(gpu(0), 55), &fd), -EINVAL);
        assert_int_equal(export(kfd_handle_make(0xdead, 0), &fd), -EINVAL);
    }
    assert_int_equal(free_bo(user.handle), 0);
    munmap(memory, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(info_tells_size_kind_and_gpu),
        kfd_test(info_of_other_things_fails),
        kfd_test(an_import_is_the_same_memory),
        kfd_test(an_import_may_have_no_address),
        kfd_test(imports_are_checked),
        kfd_test(an_export_is_the_same_buffer_and_outlives_it),
        kfd_test(an_exported_buffer_serves_graphics),
        kfd_test(exports_are_checked),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
