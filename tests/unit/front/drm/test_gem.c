/* SPDX-License-Identifier: MIT
 *
 * GEM_CREATE, MMAP, CLOSE, METADATA, OP, USERPTR, WAIT_IDLE: what works, and each error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/front/drm/fixture.h"

#define VRAM AMDGPU_GEM_DOMAIN_VRAM
#define GTT  AMDGPU_GEM_DOMAIN_GTT
#define CPU  AMDGPU_GEM_DOMAIN_CPU
#define GDS  AMDGPU_GEM_DOMAIN_GDS
#define GWS  AMDGPU_GEM_DOMAIN_GWS

static struct drm_amdgpu_gem_create_in create_info(int fd, uint32_t handle)
{
    struct drm_amdgpu_gem_create_in info = {0};
    struct drm_amdgpu_gem_op args = {
        .handle = handle, .op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO, .value = (uintptr_t)&info};

    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_OP, &args), 0);
    return info;
}

static void create_errors(void **state)
{
    static const struct {
        uint64_t domains, flags;
        int err;
    } cases[] = {
        {DRM_UAPI_GEM_DOMAIN_DOORBELL, 0, EINVAL},
        {0x80, 0, EINVAL},
        {VRAM, UINT64_C(1) << 40, EINVAL},
        {VRAM, AMDGPU_GEM_CREATE_ENCRYPTED, EINVAL},
        {VRAM | GDS, 0, EINVAL},
        {GDS | GWS, 0, EINVAL},
        {GWS, AMDGPU_GEM_CREATE_VM_ALWAYS_VALID, EINVAL},
        {VRAM | GTT | CPU, 0, 0},
        {0, 0, 0},
        {GWS, 0, 0},
        {VRAM,
         AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED | AMDGPU_GEM_CREATE_VRAM_CLEARED |
             AMDGPU_GEM_CREATE_EXPLICIT_SYNC,
         0},
    };
    int fd = render_node();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t handle;

        assert_int_equal(gem_create_err(fd, 4096, cases[i].domains, cases[i].flags, &handle),
                         cases[i].err);
    }
    node_close(fd);
}

static void create_reports_what_it_made(void **state)
{
    int fd = render_node();
    struct drm_amdgpu_gem_create_in info;
    uint32_t handle;

    (void)state;
    assert_int_equal(
        gem_create_err(fd, 5000, VRAM | GTT,
                       AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED | AMDGPU_GEM_CREATE_CPU_GTT_USWC,
                       &handle),
        0);
    assert_int_equal(handle, 1);
    info = create_info(fd, handle);
    assert_int_equal(info.bo_size, 8192);
    assert_int_equal(info.alignment, 4096);
    assert_int_equal(info.domains, VRAM | GTT);
    /* VRAM is always cleared; the wish for CPU access is not kept. */
    assert_int_equal(info.domain_flags, AMDGPU_GEM_CREATE_CPU_GTT_USWC |
                                            AMDGPU_GEM_CREATE_VRAM_CLEARED |
                                            AMDGPU_GEM_CREATE_VRAM_WIPE_ON_RELEASE);
    node_close(fd);
}

static struct mem_bo *bo_of(int fd, uint32_t handle)
{
    struct mem_bo *bo = drm_file_handle_lookup(file_of(fd), handle);

    assert_non_null(bo);
    mem_bo_put(bo); /* the handle holds it */
    return bo;
}

/* The older buffer makes room; one that cannot is why the newer gets GTT. */
static void vram_falls_back_to_gtt(void **state)
{
    int fd = render_node();
    uint32_t first = gem_create(fd, 150 * MIB, VRAM), second = gem_create(fd, 150 * MIB, VRAM),
             third, none;

    (void)state;
    assert_int_equal(create_info(fd, first).domains, VRAM);
    assert_int_equal(create_info(fd, second).domains, VRAM);
    assert_int_equal(bo_of(fd, first)->placement, MEM_DOMAIN_GTT);
    assert_int_equal(bo_of(fd, second)->placement, MEM_DOMAIN_VRAM);
    mem_bo_pin(bo_of(fd, second));
    third = gem_create(fd, 150 * MIB, VRAM);
    assert_int_equal(create_info(fd, third).domains, VRAM | GTT);
    assert_int_equal(bo_of(fd, third)->placement, MEM_DOMAIN_GTT);
    assert_int_equal(gem_create_err(fd, UINT64_C(1) << 50, VRAM, 0, &none), ENOMEM);
    assert_int_equal(gem_create_err(fd, UINT64_C(1) << 50, GTT, 0, &none), ENOMEM);
    assert_int_equal(gem_create_err(fd, 0, GTT, 0, &none), EINVAL);
    node_close(fd);
}

static void memory_is_cleared(void **state)
{
    int fd = render_node();

    (void)state;
    for (int round = 0; round < 2; round++) {
        uint32_t handle = gem_create(fd, 64 * 4096, VRAM);
        union drm_amdgpu_gem_mmap args = {.in.handle = handle};
        uint8_t *p;

        assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), 0);
        assert_int_equal(
            map(fd, 64 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, args.out.addr_ptr, (void **)&p),
            0);
        for (int i = 0; i < 64 * 4096; i += 64)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, 64 * 4096);
        mem_cpu_munmap(p, 64 * 4096);
        assert_int_equal(gem_close(fd, handle), 0);
    }
    node_close(fd);
}

static void unknown_handles(void **state)
{
    union drm_amdgpu_gem_mmap mmap_args = {.in.handle = 7};
    union drm_amdgpu_gem_wait_idle idle = {.in = {.handle = 7, .timeout = 0}};
    struct drm_amdgpu_gem_metadata metadata = {.handle = 7, .op = 1};
    struct drm_amdgpu_gem_op op = {.handle = 7};
    int fd = render_node();

    (void)state;
    assert_int_equal(gem_close(fd, 7), EINVAL);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &mmap_args), ENOENT);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_WAIT_IDLE, &idle), ENOENT);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &metadata), ENOENT);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_OP, &op), ENOENT);
    node_close(fd);
}

static void no_cpu_access(void **state)
{
    int fd = render_node();
    union drm_amdgpu_gem_mmap args = {0};
    uint32_t handle;

    (void)state;
    assert_int_equal(gem_create_err(fd, 4096, VRAM, AMDGPU_GEM_CREATE_NO_CPU_ACCESS, &handle), 0);
    args.in.handle = handle;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), EPERM);
    node_close(fd);
}

static void idle_objects(void **state)
{
    int fd = render_node();
    union drm_amdgpu_gem_wait_idle args = {
        .in = {.handle = gem_create(fd, 4096, GTT), .timeout = 0}};

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_WAIT_IDLE, &args), 0);
    assert_int_equal(args.out.status, 0);
    node_close(fd);
}

static void metadata(void **state)
{
    int fd = render_node();
    struct drm_amdgpu_gem_metadata set = {.handle = gem_create(fd, 4096, VRAM),
                                          .op = AMDGPU_GEM_METADATA_OP_SET_METADATA,
                                          .data = {.flags = 3, .tiling_info = 0x1234}};
    struct drm_amdgpu_gem_metadata get = {.handle = set.handle,
                                          .op = AMDGPU_GEM_METADATA_OP_GET_METADATA};

    (void)state;
    set.data.data_size_bytes = 12;
    memcpy(set.data.data, "twelve bytes", 12);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &set), 0);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &get), 0);
    assert_int_equal(get.data.flags, 3);
    assert_int_equal(get.data.tiling_info, 0x1234);
    assert_int_equal(get.data.data_size_bytes, 12);
    assert_memory_equal(get.data.data, "twelve bytes", 12);
    set.data.data_size_bytes = 257;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &set), EINVAL);
    set.op = 99; /* does nothing, and succeeds */
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &set), 0);
    set.op = AMDGPU_GEM_METADATA_OP_SET_METADATA;
    set.data.data_size_bytes = 0;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &set), 0);
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_METADATA, &get), 0);
    assert_int_equal(get.data.data_size_bytes, 0);
    node_close(fd);
}

static void set_placement(void **state)
{
    int fd = render_node();
    uint32_t handle = gem_create(fd, 4096, VRAM);
    struct drm_amdgpu_gem_op args = {
        .handle = handle, .op = AMDGPU_GEM_OP_SET_PLACEMENT, .value = GTT};

    (void)state;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_OP, &args), 0);
    assert_int_equal(create_info(fd, handle).domains, GTT);
    args.op = 9;
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_OP, &args), EINVAL);
    args = (struct drm_amdgpu_gem_op){
        .handle = handle, .op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO, .value = 8};
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_OP, &args), EFAULT);
    node_close(fd);
}

static int userptr(int fd, void *address, uint64_t size, uint32_t flags, uint32_t *out_handle)
{
    struct drm_amdgpu_gem_userptr args = {.addr = (uintptr_t)address, .size = size, .flags = flags};
    int err = call(fd, DRM_IOCTL_AMDGPU_GEM_USERPTR, &args);

    *out_handle = args.handle;
    return err;
}

static void user_memory(void **state)
{
    const uint32_t register_it = AMDGPU_GEM_USERPTR_REGISTER;
    const uint32_t validate = AMDGPU_GEM_USERPTR_REGISTER | AMDGPU_GEM_USERPTR_VALIDATE;
    uint8_t *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    union drm_amdgpu_gem_mmap mmap_args;
    struct drm_amdgpu_gem_op op;
    int fd = render_node();
    uint32_t handle, word = 0;

    (void)state;
    assert_int_equal(userptr(fd, p + 1, 4096, register_it, &handle), EINVAL);
    assert_int_equal(userptr(fd, p, 100, register_it, &handle), EINVAL);
    assert_int_equal(userptr(fd, p, 4096, 1u << 9, &handle), EINVAL);
    assert_int_equal(userptr(fd, p, 4096, 0, &handle), EACCES);
    munmap(p + 3 * 4096, 4096);
    assert_int_equal(userptr(fd, p, 4 * 4096, validate, &handle), EFAULT);
    assert_int_equal(userptr(fd, p, 3 * 4096, validate, &handle), 0);
    mmap_args = (union drm_amdgpu_gem_mmap){.in.handle = handle};
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &mmap_args), EPERM);
    op = (struct drm_amdgpu_gem_op){
        .handle = handle, .op = AMDGPU_GEM_OP_SET_PLACEMENT, .value = GTT};
    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_GEM_OP, &op), EPERM);
    /* The GPU sees the program's memory itself. */
    assert_int_equal(gem_va(fd, AMDGPU_VA_OP_MAP, handle, 0x200000, 0, 3 * 4096, VA_RW), 0);
    p[4096] = 42;
    assert_true(rw_ok(gpu_vm_read(vm_of(fd), gpu_va_make(0x201000), &word, 1, NULL)));
    assert_int_equal(word, 42);
    /* What was given read-only stays so, whatever the mapping says. */
    assert_int_equal(userptr(fd, p, 4096, AMDGPU_GEM_USERPTR_READONLY, &handle), 0);
    assert_int_equal(gem_va(fd, AMDGPU_VA_OP_MAP, handle, 0x300000, 0, 4096, VA_RW), 0);
    assert_int_equal(gpu_vm_write(vm_of(fd), gpu_va_make(0x300000), &word, 4, NULL).err, EFAULT);
    node_close(fd);
    munmap(p, 3 * 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_errors),          cmocka_unit_test(create_reports_what_it_made),
        cmocka_unit_test(vram_falls_back_to_gtt), cmocka_unit_test(memory_is_cleared),
        cmocka_unit_test(unknown_handles),        cmocka_unit_test(no_cpu_access),
        cmocka_unit_test(idle_objects),           cmocka_unit_test(metadata),
        cmocka_unit_test(set_placement),          cmocka_unit_test(user_memory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
