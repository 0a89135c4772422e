/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <amdgpu_drm.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/mem/suite.h"

static int heaps_begin(void **state)
{
    return heaps_make(3, 16 * MIB, 32 * MIB, state);
}

static int heaps_end(void **state)
{
    mem_heaps_destroy(*state);
    return 0;
}

static void usage_counts(void **state)
{
    struct mem_bo *vram = bo_make(*state, 5000, MEM_DOMAIN_VRAM, 0);
    struct mem_bo *gtt = bo_make(*state, 4096, MEM_DOMAIN_GTT, 0);
    struct mem_usage usage;

    assert_int_equal(vram->size, 8192);
    assert_int_equal(vram->device, 3);
    assert_int_equal(vram->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(gtt->placement, MEM_DOMAIN_GTT);
    assert_true(vram->id != gtt->id);
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_size, 16 * MIB);
    assert_int_equal(usage.vram_used, 8192);
    assert_int_equal(usage.visible_vram_used, 8192);
    assert_int_equal(usage.gtt_size, 32 * MIB);
    assert_int_equal(usage.gtt_used, 4096);
    mem_bo_put(vram);
    mem_bo_put(gtt);
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_used, 0);
    assert_int_equal(usage.gtt_used, 0);
}

static void falls_back_to_gtt_only_when_allowed(void **state)
{
    struct mem_bo_desc only_vram = {.size = 17 * MIB, .domains = MEM_DOMAIN_VRAM};
    struct mem_bo *first = bo_make(*state, 12 * MIB, MEM_DOMAIN_VRAM, 0);
    struct mem_bo *second = bo_make(*state, 8 * MIB, MEM_DOMAIN_VRAM | MEM_DOMAIN_GTT, 0), *none;

    assert_int_equal(first->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(second->placement, MEM_DOMAIN_GTT);
    assert_int_equal(mem_bo_create(*state, &only_vram, "test", &none).err, ENOMEM);
    mem_bo_put(first);
    mem_bo_put(second);
    mem_bo_put(NULL);
}

static void bad_descriptions(void **state)
{
    struct mem_bo_desc empty = {.domains = MEM_DOMAIN_GTT};
    struct mem_bo_desc odd = {.size = 4096, .align = 12288, .domains = MEM_DOMAIN_GTT};
    struct mem_bo_desc crooked = {
        .size = 4096, .backing = MEM_BACKING_USERPTR, .user_address = 0x1001};
    struct mem_bo *bo;

    assert_int_equal(mem_bo_create(*state, &empty, "test", &bo).err, EINVAL);
    assert_int_equal(mem_bo_create(*state, &odd, "test", &bo).err, EINVAL);
    assert_int_equal(mem_bo_create(*state, &crooked, "test", &bo).err, EINVAL);
}

static void cpu_mapping_is_the_same_memory(void **state)
{
    struct mem_bo *bo = bo_make(*state, 4 * 4096, MEM_DOMAIN_VRAM, 0);
    uint8_t *whole = NULL, *part = NULL;
    void *reserved = mmap(NULL, 8 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(rw_ok(mem_bo_mmap(bo, reserved, 4 * 4096, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_FIXED, 0, (void **)&whole)));
    assert_ptr_equal(whole, reserved);
    assert_true(rw_ok(
        mem_bo_mmap(bo, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 8192, (void **)&part)));
    bo->host[8192] = 42;
    assert_int_equal(whole[8192], 42);
    assert_int_equal(part[0], 42);
    part[1] = 43;
    assert_int_equal(bo->host[8193], 43);
    mem_cpu_munmap(reserved, 8 * 4096);
    mem_cpu_munmap(part, 4096);
    mem_bo_put(bo);
}

static void cpu_mapping_errors(void **state)
{
    struct mem_bo *bo = bo_make(*state, 8192, MEM_DOMAIN_GTT, 0);
    struct mem_bo *hidden = bo_make(*state, 4096, MEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_NO_CPU_ACCESS);
    struct mem_bo_desc desc = {.size = 4096,
                               .backing = MEM_BACKING_USERPTR,
                               .user_address = (uintptr_t)bo->host,
                               .domains = MEM_DOMAIN_GTT};
    struct mem_bo *user;
    void *p;

    assert_true(rw_ok(mem_bo_create(*state, &desc, "userptr", &user)));
    assert_ptr_equal(user->host, bo->host);
    assert_int_equal(mem_bo_mmap(user, NULL, 4096, PROT_READ, MAP_SHARED, 0, &p).err, EPERM);
    assert_int_equal(mem_bo_mmap(hidden, NULL, 4096, PROT_READ, MAP_SHARED, 0, &p).err, EPERM);
    assert_int_equal(mem_bo_mmap(bo, NULL, 12288, PROT_READ, MAP_SHARED, 0, &p).err, EINVAL);
    assert_int_equal(mem_bo_mmap(bo, NULL, 8192, PROT_READ, MAP_SHARED, 4096, &p).err, EINVAL);
    assert_int_equal(mem_bo_mmap(bo, NULL, 4096, PROT_READ, MAP_SHARED, UINT64_MAX - 4095, &p).err,
                     EINVAL);
    assert_int_equal(mem_bo_mmap(bo, NULL, 8192, PROT_READ, MAP_PRIVATE, 0, &p).err, EINVAL);
    /* The thunk's debugger mappings: private, without rights. */
    assert_true(rw_ok(mem_bo_mmap(bo, NULL, 8192, PROT_NONE, MAP_PRIVATE, 0, &p)));
    mem_cpu_munmap(p, 8192);
    mem_bo_put(user);
    mem_bo_put(hidden);
    mem_bo_put(bo);
}

static void found_by_exact_mmap_offset(void **state)
{
    struct mem_bo *a = bo_make(*state, 8192, MEM_DOMAIN_GTT, 0);
    struct mem_bo *b = bo_make(*state, 4096, MEM_DOMAIN_VRAM, 0), *found;
    uint64_t offset_a = a->mmap_offset;

    assert_true(a->mmap_offset >= UINT64_C(1) << 32);
    assert_true(b->mmap_offset >= a->mmap_offset + 8192 || b->mmap_offset + 4096 <= a->mmap_offset);
    found = mem_bo_find_by_mmap_offset(*state, a->mmap_offset);
    assert_ptr_equal(found, a);
    mem_bo_put(found);
    assert_null(mem_bo_find_by_mmap_offset(*state, a->mmap_offset + 4096));
    mem_bo_put(a);
    assert_null(mem_bo_find_by_mmap_offset(*state, offset_a));
    mem_bo_put(b);
}

static bool count_bo(void *context, const struct mem_bo *bo)
{
    (void)bo;
    return ++*(int *)context < 2;
}

static void visits_living_objects(void **state)
{
    struct mem_bo *bos[3];
    int count = 0;

    for (int i = 0; i < 3; i++)
        bos[i] = bo_make(*state, 4096, MEM_DOMAIN_GTT, 0);
    mem_heaps_for_each_bo(*state, count_bo, &count);
    assert_int_equal(count, 2);
    for (int i = 0; i < 3; i++)
        mem_bo_put(bos[i]);
    count = 0;
    mem_heaps_for_each_bo(*state, count_bo, &count);
    assert_int_equal(count, 0);
}

static void on_chip_objects_have_no_pages(void **state)
{
    struct mem_bo_desc desc = {
        .size = 4 << 12, .domains = MEM_DOMAIN_GWS, .backing = MEM_BACKING_NONE};
    struct mem_bo *bo;
    void *p;

    assert_true(rw_ok(mem_bo_create(*state, &desc, "gws", &bo)));
    assert_null(bo->host);
    assert_int_equal(mem_bo_mmap(bo, NULL, 4096, PROT_READ, MAP_SHARED, 0, &p).err, EPERM);
    mem_bo_put(bo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usage_counts, heaps_begin, heaps_end),
        cmocka_unit_test_setup_teardown(falls_back_to_gtt_only_when_allowed, heaps_begin,
                                        heaps_end),
        cmocka_unit_test_setup_teardown(bad_descriptions, heaps_begin, heaps_end),
        cmocka_unit_test_setup_teardown(cpu_mapping_is_the_same_memory, heaps_begin, heaps_end),
        cmocka_unit_test_setup_teardown(cpu_mapping_errors, heaps_begin, heaps_end),
        cmocka_unit_test_setup_teardown(found_by_exact_mmap_offset, heaps_begin, heaps_end),
        cmocka_unit_test_setup_teardown(visits_living_objects, heaps_begin, heaps_end),
        cmocka_unit_test_setup_teardown(on_chip_objects_have_no_pages, heaps_begin, heaps_end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
