/* SPDX-License-Identifier: MIT
 *
 * GEM_VA: the operations, each check, and the order of checks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/front/drm/fixture.h"

#define MAP     AMDGPU_VA_OP_MAP
#define UNMAP   AMDGPU_VA_OP_UNMAP
#define CLEAR   AMDGPU_VA_OP_CLEAR
#define REPLACE AMDGPU_VA_OP_REPLACE

#define PAGE    UINT64_C(4096)
#define TOP     ((UINT64_C(1) << 48) - (4 * MIB + 65536)) /* where reserved space begins */

/* Can the GPU read the byte, and is it this one? */
static bool gpu_sees(int fd, uint64_t va, uint8_t expected)
{
    uint8_t byte;

    return rw_ok(gpu_vm_read(vm_of(fd), gpu_va_make(va), &byte, 1, NULL)) && byte == expected;
}

static bool gpu_reaches(int fd, uint64_t va)
{
    return gpu_sees(fd, va, 0);
}

static void each_check(void **state)
{
    const uint64_t high = UINT64_C(0xffff800000000000);
    static const struct {
        const char *what;
        uint32_t operation, flags;
        uint64_t va, offset, size;
        int err;
    } cases[] = {
        {"below the bottom", MAP, VA_RW, 0xf000, 0, PAGE, EINVAL},
        {"first allowed", MAP, VA_RW, 0x10000, 0, PAGE, 0},
        {"start of the hole", MAP, VA_RW, UINT64_C(0x0000800000000000), 0, PAGE, EINVAL},
        {"end of the hole", MAP, VA_RW, UINT64_C(0xffff7ffffffff000), 0, PAGE, EINVAL},
        {"last below the reserved top", MAP, VA_RW, high | (TOP - PAGE), 0, PAGE, 0},
        {"into the reserved top", MAP, VA_RW, high | (TOP - PAGE), 0, 2 * PAGE, EINVAL},
        {"in the reserved top", CLEAR, 0, high | TOP, 0, PAGE, EINVAL},
        {"unknown flag", MAP, 1u << 20, 0x20000, 0, PAGE, EINVAL},
        {"PRT with rights", MAP, AMDGPU_VM_PAGE_PRT | VA_RW, 0x20000, 0, PAGE, EINVAL},
        {"memory type and NOALLOC", MAP, VA_RW | AMDGPU_VM_MTYPE_UC | DRM_UAPI_VM_PAGE_NOALLOC,
         0x30000, 0, PAGE, 0},
        {"operation 0", 0, VA_RW, 0x20000, 0, PAGE, EINVAL},
        {"operation 5", 5, VA_RW, 0x20000, 0, PAGE, EINVAL},
        {"crooked address", MAP, VA_RW, 0x20010, 0, PAGE, EINVAL},
        {"crooked offset", MAP, VA_RW, 0x20000, 7, PAGE, EINVAL},
        {"crooked size", MAP, VA_RW, 0x20000, 0, 100, EINVAL},
        {"no size", MAP, VA_RW, 0x20000, 0, 0, EINVAL},
        {"beyond the object", MAP, VA_RW, 0x20000, 3 * PAGE, 2 * PAGE, EINVAL},
        {"unmap of nothing", UNMAP, 0, 0x50000, 0, PAGE, ENOENT},
        {"clear of nothing", CLEAR, 0, 0x50000, 0, PAGE, 0},
    };
    int fd = render_node();
    uint32_t handle = gem_create(fd, 4 * PAGE, AMDGPU_GEM_DOMAIN_VRAM);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int err = gem_va(fd, cases[i].operation, handle, cases[i].va, cases[i].offset,
                         cases[i].size, cases[i].flags);

        if (err != cases[i].err)
            fail_msg("%s: %d, expected %d", cases[i].what, err, cases[i].err);
    }
    node_close(fd);
}

static void order_of_checks(void **state)
{
    int fd = render_node();

    (void)state;
    /* Range, flags and operation come before the handle; the handle before page alignment. */
    assert_int_equal(gem_va(fd, MAP, 99, 0, 0, PAGE, VA_RW), EINVAL);
    assert_int_equal(gem_va(fd, MAP, 99, 0x10000, 0, PAGE, 1u << 20), EINVAL);
    assert_int_equal(gem_va(fd, 9, 99, 0x10000, 0, PAGE, VA_RW), EINVAL);
    assert_int_equal(gem_va(fd, MAP, 99, 0x10001, 0, PAGE, VA_RW), ENOENT);
    assert_int_equal(gem_va(fd, UNMAP, 99, 0x10000, 0, PAGE, VA_RW), ENOENT);
    assert_int_equal(gem_va(fd, REPLACE, 99, 0x10000, 0, PAGE, VA_RW), ENOENT);
    assert_int_equal(gem_va(fd, CLEAR, 99, 0x10000, 0, PAGE, 0), 0); /* needs no handle */
    node_close(fd);
}

static void operations(void **state)
{
    int fd = render_node();
    uint32_t a = gem_create(fd, 8 * PAGE, AMDGPU_GEM_DOMAIN_VRAM);
    uint32_t b = gem_create(fd, 8 * PAGE, AMDGPU_GEM_DOMAIN_GTT);
    uint64_t va = UINT64_C(0xffff800010000000);
    uint8_t mark = 0xbb;

    (void)state;
    assert_int_equal(gem_va(fd, MAP, a, va, 0, 8 * PAGE, VA_RW), 0);
    assert_int_equal(gem_va(fd, MAP, b, va + 7 * PAGE, 0, 2 * PAGE, VA_RW), EINVAL);
    assert_int_equal(gem_va(fd, UNMAP, a, va + PAGE, 0, PAGE, 0), ENOENT);
    assert_int_equal(gem_va(fd, UNMAP, b, va, 0, PAGE, 0), ENOENT);
    /* The size of UNMAP is not looked at. */
    assert_int_equal(gem_va(fd, UNMAP, a, va, 0, 0, 0), 0);
    assert_false(gpu_reaches(fd, va));
    assert_int_equal(gem_va(fd, MAP, a, va, 0, 8 * PAGE, VA_RW), 0);
    assert_int_equal(gem_va(fd, REPLACE, b, va + 2 * PAGE, PAGE, 2 * PAGE, VA_RW), 0);
    assert_true(rw_ok(gpu_vm_write(vm_of(fd), gpu_va_make(va + 2 * PAGE), &mark, 1, NULL)));
    assert_int_equal(gem_va(fd, MAP, b, va + 100 * PAGE, 0, 8 * PAGE, VA_RW), 0);
    assert_true(gpu_sees(fd, va + 101 * PAGE, mark));
    assert_int_equal(gem_va(fd, CLEAR, 0, va + PAGE, 0, 6 * PAGE, 0), 0);
    assert_true(gpu_reaches(fd, va));
    assert_false(gpu_reaches(fd, va + PAGE));
    assert_false(gpu_reaches(fd, va + 6 * PAGE));
    assert_true(gpu_reaches(fd, va + 7 * PAGE));
    /* Closing the handle takes its mappings along. */
    assert_int_equal(gem_close(fd, a), 0);
    assert_false(gpu_reaches(fd, va));
    assert_true(gpu_sees(fd, va + 101 * PAGE, mark));
    node_close(fd);
}

static void delayed_update(void **state)
{
    int fd = render_node();
    uint32_t a = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM);

    (void)state;
    assert_int_equal(gem_va(fd, MAP, a, 0x100000, 0, PAGE, VA_RW | AMDGPU_VM_DELAY_UPDATE), 0);
    assert_false(gpu_reaches(fd, 0x100000));
    assert_int_equal(gem_va(fd, MAP, a, 0x200000, 0, PAGE, VA_RW), 0);
    assert_true(gpu_reaches(fd, 0x100000));
    assert_int_equal(gem_va(fd, UNMAP, a, 0x100000, 0, PAGE, AMDGPU_VM_DELAY_UPDATE), 0);
    assert_true(gpu_reaches(fd, 0x100000));
    assert_int_equal(gem_va(fd, CLEAR, 0, 0x900000, 0, PAGE, 0), 0);
    assert_false(gpu_reaches(fd, 0x100000));
    node_close(fd);
}

static void partially_resident(void **state)
{
    int fd = render_node();
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(gem_va(fd, MAP, 0, 0x100000, 0, 16 * MIB, AMDGPU_VM_PAGE_PRT), 0);
    assert_true(gpu_reaches(fd, 0x200000));
    assert_true(rw_ok(gpu_vm_write(vm_of(fd), gpu_va_make(0x200000), &byte, 1, NULL)));
    assert_true(gpu_reaches(fd, 0x200000));
    assert_int_equal(gem_va(fd, UNMAP, 0, 0x100000, 0, 0, AMDGPU_VM_PAGE_PRT), 0);
    assert_false(gpu_reaches(fd, 0x200000));
    node_close(fd);
}

static void rights_of_pages(void **state)
{
    int fd = render_node();
    uint32_t a = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM);
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(gem_va(fd, MAP, a, 0x100000, 0, PAGE, AMDGPU_VM_PAGE_READABLE), 0);
    assert_true(gpu_reaches(fd, 0x100000));
    assert_int_equal(gpu_vm_write(vm_of(fd), gpu_va_make(0x100000), &byte, 1, NULL).err, EFAULT);
    assert_null(gpu_vm_host(vm_of(fd), gpu_va_make(0x100000), 4, ISA_ACCESS_EXECUTE));
    assert_int_equal(gem_va(fd, REPLACE, a, 0x100000, 0, PAGE, VA_RW | AMDGPU_VM_PAGE_EXECUTABLE),
                     0);
    assert_true(rw_ok(gpu_vm_write(vm_of(fd), gpu_va_make(0x100000), &byte, 1, NULL)));
    assert_non_null(gpu_vm_host(vm_of(fd), gpu_va_make(0x100000), 4, ISA_ACCESS_EXECUTE));
    node_close(fd);
}

/* Two opens are two VMs. */
static void files_have_vms_of_their_own(void **state)
{
    int fd = render_node(), other = render_node();
    uint32_t a = gem_create(fd, PAGE, AMDGPU_GEM_DOMAIN_VRAM);

    (void)state;
    assert_int_equal(gem_va(fd, MAP, a, 0x100000, 0, PAGE, VA_RW), 0);
    assert_true(gpu_reaches(fd, 0x100000));
    assert_false(gpu_reaches(other, 0x100000));
    node_close(fd);
    node_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_check),
        cmocka_unit_test(order_of_checks),
        cmocka_unit_test(operations),
        cmocka_unit_test(delayed_update),
        cmocka_unit_test(partially_resident),
        cmocka_unit_test(rights_of_pages),
        cmocka_unit_test(files_have_vms_of_their_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
