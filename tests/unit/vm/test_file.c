/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "softgpu/vm/process.h"
#include "tests/unit/vm/fixture.h"

static void handles_count_from_one(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1), *other = fixture_bo(f, 1), *found;
    uint32_t a, b, c;

    assert_true(rw_ok(drm_file_handle_create(f->file, bo, &a)));
    assert_true(rw_ok(drm_file_handle_create(f->file, other, &b)));
    assert_int_equal(a, 1);
    assert_int_equal(b, 2);
    /* An import of a BO that has a handle gives that handle, without a reference of its own. */
    assert_true(rw_ok(drm_file_handle_find_or_create(f->file, bo, &c)));
    assert_int_equal(c, 1);
    found = drm_file_handle_lookup(f->file, 1);
    assert_ptr_equal(found, bo);
    mem_bo_put(found);
    assert_null(drm_file_handle_lookup(f->file, 0));
    assert_null(drm_file_handle_lookup(f->file, 3));
    assert_true(rw_ok(drm_file_handle_close(f->file, 1)));
    assert_int_equal(drm_file_handle_close(f->file, 1).err, EINVAL);
    assert_int_equal(atomic_load(&bo->refs), 1);
    assert_true(rw_ok(drm_file_handle_find_or_create(f->file, bo, &c)));
    assert_int_equal(c, 1);
    mem_bo_put(bo);
    mem_bo_put(other); /* the handles hold both until the file ends */
}

static void two_handles_of_one_object(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    uint32_t a, b, c;

    assert_true(rw_ok(drm_file_handle_create(f->file, bo, &a)));
    assert_true(rw_ok(drm_file_handle_create(f->file, bo, &b)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    assert_true(rw_ok(drm_file_handle_close(f->file, a)));
    assert_false(gpu_vm_range_is_free(f->vm, VA(0), 4096));
    assert_true(drm_file_mmap_allowed(f->file, bo));
    assert_true(rw_ok(drm_file_handle_find_or_create(f->file, bo, &c)));
    assert_int_equal(c, b);
    assert_true(rw_ok(drm_file_handle_close(f->file, b)));
    assert_true(gpu_vm_range_is_free(f->vm, VA(0), 4096));
    assert_false(drm_file_mmap_allowed(f->file, bo));
    mem_bo_put(bo);
}

static void files_are_apart(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    struct drm_file *second;
    uint32_t a, b, word;

    assert_true(rw_ok(drm_file_create(0, f->heaps, &test_limits, false, &second)));
    assert_false(drm_file_is_render(second));
    assert_true(rw_ok(drm_file_handle_create(f->file, bo, &a)));
    assert_false(drm_file_mmap_allowed(second, bo));
    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    assert_int_equal(gpu_vm_read(drm_file_vm(second), VA(0), &word, 4, NULL).err, EFAULT);
    /* An always-valid object stays with its VM. */
    bo->vm_private = f->vm;
    assert_int_equal(drm_file_handle_create(second, bo, &b).err, EPERM);
    assert_int_equal(drm_file_handle_find_or_create(second, bo, &b).err, EPERM);
    drm_file_put(second);
    mem_bo_put(bo);
}

static void mmap_rights_are_counted(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    uint32_t handle;

    drm_file_mmap_allow(f->file, bo);
    drm_file_mmap_allow(f->file, bo);
    drm_file_mmap_revoke(f->file, bo);
    assert_true(drm_file_mmap_allowed(f->file, bo));
    drm_file_mmap_revoke(f->file, bo);
    assert_false(drm_file_mmap_allowed(f->file, bo));
    assert_true(rw_ok(drm_file_handle_create(f->file, bo, &handle)));
    drm_file_mmap_revoke(f->file, bo); /* the handle's right is not KFD's to take */
    assert_true(drm_file_mmap_allowed(f->file, bo));
    assert_true(rw_ok(drm_file_handle_close(f->file, handle)));
    mem_bo_put(bo);
}

static bool count_vm(void *context, struct gpu_vm *vm)
{
    assert_true(gpu_vm_is_compute(vm));
    ++*(int *)context;
    return true;
}

static void acquire_for_compute(void **state)
{
    struct fixture *f = *state;
    struct vm_process_info *info = NULL, *foreign = NULL;
    struct drm_file *second;
    int count = 0;

    assert_true(rw_ok(drm_file_create(1, f->heaps, &test_limits, true, &second)));
    assert_false(gpu_vm_is_compute(f->vm));
    assert_true(rw_ok(gpu_vm_acquire_compute(f->file, &info, false)));
    assert_non_null(info);
    assert_true(gpu_vm_is_compute(f->vm));
    /* Already acquired: by the same process for another GPU, or by another process. */
    assert_int_equal(gpu_vm_acquire_compute(f->file, &info, false).err, EINVAL);
    assert_int_equal(gpu_vm_acquire_compute(f->file, &foreign, false).err, EINVAL);
    assert_null(foreign);
    assert_true(rw_ok(gpu_vm_acquire_compute(second, &info, false)));
    assert_int_equal(vm_process_info_vm_count(info), 2);
    vm_process_info_for_each_vm(info, count_vm, &count);
    assert_int_equal(count, 2);
    gpu_vm_release_compute(f->file, &info);
    assert_non_null(info);
    gpu_vm_release_compute(second, &info);
    assert_null(info);
    gpu_vm_release_compute(second, &info); /* nothing to leave */
    assert_true(rw_ok(gpu_vm_acquire_compute(f->file, &info, false)));
    gpu_vm_release_compute(f->file, &info);
    drm_file_put(second);
}

static void old_kernels_want_an_unused_vm(void **state)
{
    struct fixture *f = *state;
    struct vm_process_info *info = NULL;
    struct mem_bo *bo = fixture_bo(f, 1);

    assert_true(rw_ok(
        gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4096, RIGHTS_RW | GPU_VM_DELAY_UPDATE)));
    assert_true(rw_ok(gpu_vm_acquire_compute(f->file, &info, true)));
    gpu_vm_release_compute(f->file, &info);
    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(1), 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_clear(f->vm, VA(0), 8192)));
    /* Page tables stay, even when nothing is mapped any more. */
    assert_int_equal(gpu_vm_acquire_compute(f->file, &info, true).err, EINVAL);
    assert_null(info);
    assert_true(rw_ok(gpu_vm_acquire_compute(f->file, &info, false)));
    gpu_vm_release_compute(f->file, &info);
    mem_bo_put(bo);
}

struct test_front {
    struct drm_file_front front;
    int destroyed;
};

static void front_destroyed(struct drm_file_front *front)
{
    ((struct test_front *)front)->destroyed++;
}

static void front_ends_with_the_last_reference(void **state)
{
    struct fixture *f = *state;
    struct test_front front = {{front_destroyed}, 0};
    struct drm_file *file;

    assert_true(rw_ok(drm_file_create(7, f->heaps, &test_limits, true, &file)));
    assert_int_equal(drm_file_device(file), 7);
    drm_file_set_front(file, &front.front);
    assert_ptr_equal(drm_file_front(file), &front.front);
    drm_file_put(drm_file_get(file));
    assert_int_equal(front.destroyed, 0);
    drm_file_put(file);
    assert_int_equal(front.destroyed, 1);
    drm_file_put(NULL);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(handles_count_from_one),
        WITH_FILE(two_handles_of_one_object),
        WITH_FILE(files_are_apart),
        WITH_FILE(mmap_rights_are_counted),
        WITH_FILE(acquire_for_compute),
        WITH_FILE(old_kernels_want_an_unused_vm),
        WITH_FILE(front_ends_with_the_last_reference),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
