/* SPDX-License-Identifier: MIT
 *
 * PRIME and dma-bufs: handles to descriptors and back, inside a file, between files, between
 * devices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/dma-buf.h>
#include <sys/mman.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/front/drm/fixture.h"

#define PAGE UINT64_C(4096)

static int to_fd(int fd, uint32_t handle, uint32_t flags, int *out_fd)
{
    struct drm_prime_handle args = {.handle = handle, .flags = flags, .fd = -1};
    int err = call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

    *out_fd = args.fd;
    return err;
}

static int to_handle(int fd, int dmabuf, uint32_t *out_handle)
{
    struct drm_prime_handle args = {.fd = dmabuf};
    int err = call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

    *out_handle = args.handle;
    return err;
}

static struct stat stat_of(int fd)
{
    struct node *node = node_get_by_fd(fd);
    struct stat st = {0};

    node_call_stat(node, &st);
    node_put(node);
    return st;
}

static void export_errors(void **state)
{
    int fd = render_node(), dmabuf;
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct drm_amdgpu_gem_userptr user = {
        .addr = (uintptr_t)p, .size = PAGE, .flags = AMDGPU_GEM_USERPTR_REGISTER};
    uint32_t handle = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM), always;

    (void)state;
    assert_int_equal(to_fd(fd, handle, 1u << 30, &dmabuf), EINVAL);
    assert_int_equal(to_fd(fd, 99, DRM_CLOEXEC, &dmabuf), ENOENT);
    assert_int_equal(gem_create_err(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM,
                                    AMDGPU_GEM_CREATE_VM_ALWAYS_VALID, &always),
                     0);
    assert_int_equal(to_fd(fd, always, DRM_CLOEXEC, &dmabuf), EPERM);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_USERPTR, &user), 0);
    assert_int_equal(to_fd(fd, user.handle, DRM_CLOEXEC, &dmabuf), EPERM);
    node_close(fd);
    mem_cpu_munmap(p, PAGE);
}

static void import_errors(void **state)
{
    int fd = render_node(), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    uint32_t handle;

    (void)state;
    assert_int_equal(to_handle(fd, -1, &handle), EBADF);
    assert_int_equal(to_handle(fd, null, &handle), EINVAL);
    assert_int_equal(to_handle(fd, fd, &handle), EINVAL);
    close(null);
    assert_int_equal(to_handle(fd, null, &handle), EBADF);
    node_close(fd);
}

static void one_dmabuf_for_one_object(void **state)
{
    int fd = render_node(), a, b, c;
    uint32_t handle = gem_create(fd, 3 * PAGE, AMDGPU_GEM_DOMAIN_VRAM);
    uint32_t other = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM);

    (void)state;
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC, &a), 0);
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC | DRM_RDWR, &b), 0);
    assert_int_equal(to_fd(fd, other, 0, &c), 0);
    assert_int_equal(stat_of(a).st_ino, stat_of(b).st_ino);
    assert_true(stat_of(a).st_ino != stat_of(c).st_ino);
    assert_int_equal(stat_of(a).st_size, 3 * PAGE);
    assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(c, F_GETFD), 0);
    close(a);
    close(b);
    close(c);
    node_close(fd);
}

static void import_in_the_same_file_gives_the_same_handle(void **state)
{
    int fd = render_node(), dmabuf;
    uint32_t handle = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM), again, twice;

    (void)state;
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC, &dmabuf), 0);
    assert_int_equal(to_handle(fd, dmabuf, &again), 0);
    assert_int_equal(to_handle(fd, dmabuf, &twice), 0);
    assert_int_equal(again, handle);
    assert_int_equal(twice, handle);
    /* One close is enough; importing then makes a new handle. */
    assert_int_equal(gem_close(fd, handle), 0);
    assert_int_equal(gem_close(fd, handle), EINVAL);
    assert_int_equal(to_handle(fd, dmabuf, &again), 0);
    assert_int_equal(gem_close(fd, again), 0);
    node_close(fd);
    close(dmabuf);
    node_settle();
}

/* Another file of the same GPU gets the same object, with the same memory. */
static void import_in_another_file(void **state)
{
    uint64_t before = vram_used(0);
    int fd = render_node(), other = render_node(), dmabuf;
    uint32_t handle = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM), imported;
    uint32_t word = 0x600d;

    (void)state;
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC, &dmabuf), 0);
    assert_int_equal(to_handle(other, dmabuf, &imported), 0);
    close(dmabuf);
    assert_int_equal(gem_va(fd, AMDGPU_VA_OP_MAP, handle, 0x100000, 0, PAGE, VA_RW), 0);
    assert_int_equal(gem_va(other, AMDGPU_VA_OP_MAP, imported, 0x700000, 0, PAGE, VA_RW), 0);
    assert_true(rw_ok(gpu_vm_write(vm_of(fd), gpu_va_make(0x100010), &word, 4, NULL)));
    node_close(fd);
    word = 0;
    assert_true(rw_ok(gpu_vm_read(vm_of(other), gpu_va_make(0x700010), &word, 4, NULL)));
    assert_int_equal(word, 0x600d);
    node_close(other);
    assert_int_equal(vram_used(0), before);
}

/* Another GPU gets an object of its own, in system memory, that shows the same pages. */
static void import_on_another_device(void **state)
{
    int fd = render_node(), second = node_of(1, true), dmabuf, again;
    uint32_t handle = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM), imported, twice;
    struct drm_amdgpu_gem_op op = {.op = AMDGPU_GEM_OP_SET_PLACEMENT,
                                   .value = AMDGPU_GEM_DOMAIN_VRAM};
    union drm_amdgpu_gem_mmap mmap_args;
    uint32_t word = 0xabcd, *p;

    (void)state;
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC, &dmabuf), 0);
    assert_int_equal(to_handle(second, dmabuf, &imported), 0);
    assert_int_equal(to_handle(second, dmabuf, &twice), 0);
    assert_int_equal(twice, imported);
    assert_int_equal(gem_va(fd, AMDGPU_VA_OP_MAP, handle, 0x100000, 0, PAGE, VA_RW), 0);
    assert_int_equal(gem_va(second, AMDGPU_VA_OP_MAP, imported, 0x700000, 0, PAGE, VA_RW), 0);
    assert_true(rw_ok(gpu_vm_write(vm_of(fd), gpu_va_make(0x100000), &word, 4, NULL)));
    word = 0;
    assert_true(rw_ok(gpu_vm_read(vm_of(second), gpu_va_make(0x700000), &word, 4, NULL)));
    assert_int_equal(word, 0xabcd);
    op.handle = imported;
    assert_int_equal(call(second, DRM_IOCTL_AMDGPU_GEM_OP, &op), EINVAL);
    /* The CPU's view of the import is the same memory, too. */
    mmap_args = (union drm_amdgpu_gem_mmap){.in.handle = imported};
    assert_int_equal(call(second, DRM_IOCTL_AMDGPU_GEM_MMAP, &mmap_args), 0);
    assert_int_equal(map(second, PAGE, PROT_READ, MAP_SHARED, mmap_args.out.addr_ptr, (void **)&p),
                     0);
    assert_int_equal(*p, 0xabcd);
    mem_cpu_munmap(p, PAGE);
    /* Exporting the import gives the original's dma-buf. */
    assert_int_equal(to_fd(second, imported, DRM_CLOEXEC, &again), 0);
    assert_int_equal(stat_of(again).st_ino, stat_of(dmabuf).st_ino);
    assert_int_equal(to_handle(fd, again, &twice), 0);
    assert_int_equal(twice, handle);
    close(dmabuf);
    close(again);
    node_close(fd);
    word = 0;
    assert_true(rw_ok(gpu_vm_read(vm_of(second), gpu_va_make(0x700000), &word, 4, NULL)));
    assert_int_equal(word, 0xabcd);
    node_close(second);
}

static void dmabuf_as_a_file(void **state)
{
    int fd = render_node(), dmabuf, read_only, file;
    uint32_t handle = gem_create(fd, 2 * PAGE, AMDGPU_GEM_DOMAIN_GTT);
    struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
    struct dma_buf_export_sync_file export_args = {.flags = DMA_BUF_SYNC_WRITE};
    struct dma_buf_import_sync_file import_args = {.flags = DMA_BUF_SYNC_WRITE};
    struct node *node;
    int64_t end;
    uint8_t *p;
    void *q;

    (void)state;
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
    assert_int_equal(map(dmabuf, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, (void **)&p), 0);
    p[0] = 77;
    mem_cpu_munmap(p, PAGE);
    assert_int_equal(map(dmabuf, 2 * PAGE, PROT_READ, MAP_SHARED, PAGE, &q), EINVAL);
    /* A dma-buf exported without DRM_RDWR may be read only. */
    assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC, &read_only), 0);
    assert_int_equal(map(read_only, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &q), EACCES);
    assert_int_equal(map(read_only, PAGE, PROT_READ, MAP_SHARED, PAGE, (void **)&p), 0);
    assert_int_equal(p[0], 77);
    mem_cpu_munmap(p, PAGE);
    close(read_only);
    node = node_get_by_fd(dmabuf);
    assert_true(rw_ok(node_call_seek(node, 0, SEEK_END, &end)));
    assert_int_equal(end, 2 * PAGE);
    node_put(node);
    assert_int_equal(call(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), 0);
    sync.flags = DMA_BUF_SYNC_START;
    assert_int_equal(call(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
    assert_int_equal(call(dmabuf, DMA_BUF_SET_NAME_B, (void *)"a name"), 0);
    assert_int_equal(
        call(dmabuf, DMA_BUF_SET_NAME_B, (void *)"a name that is far too long for a dma-buf"),
        EINVAL);
    assert_int_equal(call(dmabuf, DMA_BUF_SET_NAME_B, (void *)8), EFAULT);
    assert_int_equal(call(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export_args), 0);
    file = import_args.fd = export_args.fd;
    assert_int_equal(call(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import_args), 0);
    import_args.fd = dmabuf;
    assert_int_equal(call(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import_args), EINVAL);
    export_args.flags = 0;
    assert_int_equal(call(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export_args), EINVAL);
    assert_int_equal(call(dmabuf, _IO('b', 99), NULL), ENOTTY);
    close(file);
    close(dmabuf);
    node_close(fd);
}

/* 1000 rounds leave no descriptor, no memory and no handle behind. */
static void nothing_leaks(void **state)
{
    uint64_t before = vram_used(0);
    int fd = render_node(), other = render_node(), lowest = dup(0);

    (void)state;
    close(lowest);
    for (int i = 0; i < 1000; i++) {
        uint32_t handle = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM), imported;
        int dmabuf;

        assert_int_equal(handle, 1);
        assert_int_equal(to_fd(fd, handle, DRM_CLOEXEC, &dmabuf), 0);
        assert_int_equal(dmabuf, lowest);
        assert_int_equal(to_handle(other, dmabuf, &imported), 0);
        assert_int_equal(imported, 1);
        close(dmabuf);
        assert_int_equal(gem_close(fd, handle), 0);
        assert_int_equal(gem_close(other, imported), 0);
    }
    node_settle();
    assert_int_equal(vram_used(0), before);
    node_close(fd);
    node_close(other);
}

/* Names that are global to a device: of primary nodes only, and gone with their object. */
static void names(void **state)
{
    int a = node_of(0, false), b = node_of(0, false), other = node_of(1, false);
    uint32_t bo = gem_create(a, MIB, AMDGPU_GEM_DOMAIN_VRAM);
    struct drm_gem_flink flink = {.handle = bo}, again = {.handle = bo}, wrong = {.handle = 99};
    struct drm_gem_open open = {0};
    uint64_t used = vram_used(0);
    struct drm_auth auth = {0};

    (void)state;
    assert_int_equal(call(b, DRM_IOCTL_GET_MAGIC, &auth), 0);
    assert_int_equal(call(a, DRM_IOCTL_AUTH_MAGIC, &auth), 0);
    assert_int_equal(call(a, DRM_IOCTL_GEM_FLINK, &flink), 0);
    assert_int_equal(call(a, DRM_IOCTL_GEM_FLINK, &again), 0);
    assert_int_equal(flink.name, again.name);
    assert_int_equal(call(a, DRM_IOCTL_GEM_FLINK, &wrong), ENOENT);
    open.name = flink.name;
    assert_int_equal(call(b, DRM_IOCTL_GEM_OPEN, &open), 0);
    assert_int_equal(open.size, MIB);
    assert_int_equal(vram_used(0), used); /* the same object */
    assert_int_equal(call(other, DRM_IOCTL_GEM_OPEN, &open), ENOENT);
    assert_int_equal(gem_close(a, bo), 0);
    assert_int_equal(gem_close(b, open.handle), 0);
    open.name = flink.name;
    assert_int_equal(call(b, DRM_IOCTL_GEM_OPEN, &open), ENOENT);
    node_close(a);
    node_close(b);
    node_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(export_errors),
        cmocka_unit_test(import_errors),
        cmocka_unit_test(one_dmabuf_for_one_object),
        cmocka_unit_test(import_in_the_same_file_gives_the_same_handle),
        cmocka_unit_test(import_in_another_file),
        cmocka_unit_test(import_on_another_device),
        cmocka_unit_test(dmabuf_as_a_file),
        cmocka_unit_test(nothing_leaks),
        cmocka_unit_test(names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
