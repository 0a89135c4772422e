/* SPDX-License-Identifier: MIT
 *
 * Page tables of buffers that move: stale until somebody updates them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/vm/fixture.h"

static uint32_t gpu_word(struct gpu_vm *vm, gpu_va va)
{
    uint32_t word = 0;

    assert_true(rw_ok(gpu_vm_read(vm, va, &word, sizeof word, NULL)));
    return word;
}

static void evict_vram(struct fixture *f)
{
    assert_true(rw_ok(mem_heaps_evict_all(f->heaps, MEM_DOMAIN_VRAM)));
}

static rw_status validate(struct fixture *f, struct mem_bo *const *bos, size_t count)
{
    rw_status s = gpu_vm_validate_begin(f->vm, bos, count);

    if (rw_ok(s))
        gpu_vm_validate_end();
    return s;
}

/* The hazard that residency rules exist for: what moved is read where it was, and what is written
 * there is lost, be it the next owner's. */
static void translation_is_stale_until_validated(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 4), *next;
    uint32_t word = 0x11111111;
    uint8_t *old = bo->host;

    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4 * 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_write(f->vm, VA(1), &word, sizeof word, NULL)));
    evict_vram(f);
    assert_int_equal(*(uint32_t *)(bo->host + 4096), word);
    next = fixture_bo(f, 4);
    assert_ptr_equal(next->host, old);
    memset(next->host, 0x22, next->size);
    assert_int_equal(gpu_word(f->vm, VA(1)), 0x22222222);
    word = 0x33333333;
    assert_true(rw_ok(gpu_vm_write(f->vm, VA(1), &word, sizeof word, NULL)));
    assert_int_equal(*(uint32_t *)(bo->host + 4096), 0x11111111);
    assert_int_equal(*(uint32_t *)(next->host + 4096), 0x33333333);
    /* A submission that names it brings it back. */
    assert_true(rw_ok(validate(f, &bo, 1)));
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(gpu_word(f->vm, VA(1)), 0x11111111);
    mem_bo_put(next);
    mem_bo_put(bo);
}

/* A submission that does not name it leaves it where it is, but the entries become right. */
static void any_submission_updates_private_objects(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);

    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    bo->host[0] = 5;
    evict_vram(f);
    assert_true(rw_ok(validate(f, NULL, 0)));
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    assert_int_equal(gpu_word(f->vm, VA(0)), 5);
    mem_bo_put(bo);
}

static void always_valid_objects_come_back_with_any_submission(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    uint32_t handle;

    gpu_vm_adopt_bo(f->vm, bo);
    assert_true(rw_ok(drm_file_handle_create(f->file, bo, &handle)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    evict_vram(f);
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    assert_true(rw_ok(validate(f, NULL, 0)));
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
    mem_bo_put(bo);
}

/* One object many times in a VM, in two VMs, in none. */
static void all_mappings_of_all_vms_follow(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 2), *nowhere = fixture_bo(f, 1);
    struct drm_file *other;

    assert_true(rw_ok(drm_file_create(0, f->heaps, &test_limits, true, &other)));
    for (unsigned i = 0; i < 3; i++)
        assert_true(
            rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 4096, VA(10 * i), 4096, RIGHTS_RW)));
    assert_true(
        rw_ok(gpu_vm_map(drm_file_vm(other), GPU_VM_OWNER_GEM, bo, 0, VA(7), 2 * 4096, RIGHTS_RW)));
    bo->host[4096] = 9;
    nowhere->host[0] = 8;
    evict_vram(f);
    assert_int_equal(nowhere->host[0], 8);
    assert_true(rw_ok(validate(f, NULL, 0)));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(gpu_word(f->vm, VA(10 * i)), 9);
    assert_int_not_equal(gpu_word(drm_file_vm(other), VA(8)), 9); /* its own submission counts */
    assert_true(rw_ok(gpu_vm_update_moved(drm_file_vm(other), true)));
    assert_int_equal(gpu_word(drm_file_vm(other), VA(8)), 9);
    drm_file_put(other);
    mem_bo_put(nowhere);
    mem_bo_put(bo);
}

/* What an old kernel's restore does: mappings of GEM stay as they are. */
static void update_of_kfd_mappings_alone(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);

    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GPU_VM_OWNER_KFD, bo, 0, VA(5), 4096, RIGHTS_RW)));
    bo->host[0] = 6;
    evict_vram(f);
    assert_true(rw_ok(gpu_vm_update_moved(f->vm, false)));
    assert_int_equal(gpu_word(f->vm, VA(5)), 6);
    assert_int_not_equal(gpu_word(f->vm, VA(0)), 6);
    assert_true(rw_ok(gpu_vm_update_moved(f->vm, true)));
    assert_int_equal(gpu_word(f->vm, VA(0)), 6);
    mem_bo_put(bo);
}

/* What a submission names is reserved: together it fits or fails, and nothing is thrown out. */
static void what_is_named_together_fits_together(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bos[4];

    for (unsigned i = 0; i < 4; i++) {
        bos[i] = fixture_bo(f, 5120); /* 20 MiB of 64 */
        bos[i]->host[0] = (uint8_t)(i + 1);
    }
    assert_true(rw_ok(validate(f, bos, 3)));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(bos[i]->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(bos[3]->placement, MEM_DOMAIN_GTT);
    assert_true(rw_ok(validate(f, bos, 4))); /* one of them may be in GTT */
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(bos[i]->host[0], i + 1);
        mem_bo_put(bos[i]);
    }
}

/* ---- threads ---- */

enum { WORKERS = 3, TURNS = 150 };

struct worker {
    struct fixture *f;
    unsigned number;
    unsigned wrong;
};

/* Makes, maps, submits, looks and frees, among others who do the same with too little VRAM. */
static void *worker_run(void *argument)
{
    struct worker *w = argument;
    struct mem_bo_desc desc = {.size = 12 << 20, .domains = MEM_DOMAIN_VRAM};
    uint64_t base = w->number * 0x4000u;
    struct drm_file *file;
    struct mem_bo *bo;
    void *cpu;

    if (!rw_ok(drm_file_create(0, w->f->heaps, &test_limits, true, &file)))
        return w;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        uint32_t word = w->number << 16 | turn, read = 0;

        if (!rw_ok(mem_bo_create(w->f->heaps, &desc, "test bo", &bo)) ||
            !rw_ok(mem_bo_mmap(bo, NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &cpu)) ||
            !rw_ok(gpu_vm_map(drm_file_vm(file), GPU_VM_OWNER_GEM, bo, 0, VA(base), bo->size,
                              RIGHTS_RW)))
            return w;
        for (uint64_t at = 0; at < bo->size; at += 1 << 18)
            *(uint32_t *)((char *)cpu + at) = word;
        /* While it is validated nothing moves, and the GPU sees what the CPU has written. */
        if (rw_ok(gpu_vm_validate_begin(drm_file_vm(file), &bo, 1))) {
            for (uint64_t at = 0; at < bo->size; at += 1 << 18) {
                gpu_va va = gpu_va_make(VA(base).addr + at);

                w->wrong +=
                    !rw_ok(gpu_vm_read(drm_file_vm(file), va, &read, 4, NULL)) || read != word;
            }
            gpu_vm_validate_end();
        }
        mem_bo_put(bo);
        w->wrong += !rw_ok(gpu_vm_clear(drm_file_vm(file), VA(base), desc.size));
        w->wrong += *(uint32_t *)cpu != word;
        mem_cpu_munmap(cpu, desc.size);
    }
    drm_file_put(file);
    return NULL;
}

static void threads_share_too_little_memory(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *held[4];
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    void *result;

    for (unsigned i = 0; i < 4; i++)
        held[i] = fixture_bo(f, 3072); /* 48 of 64 MiB */
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.f = f, .number = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, worker_run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 50; i++) {
        evict_vram(f);
        assert_true(rw_ok(validate(f, held, 2)));
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], &result);
        assert_null(result);
        assert_int_equal(workers[i].wrong, 0);
    }
    for (unsigned i = 0; i < 4; i++)
        mem_bo_put(held[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(translation_is_stale_until_validated, fixture_make,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(any_submission_updates_private_objects, fixture_make,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(always_valid_objects_come_back_with_any_submission,
                                        fixture_make, fixture_end),
        cmocka_unit_test_setup_teardown(all_mappings_of_all_vms_follow, fixture_make, fixture_end),
        cmocka_unit_test_setup_teardown(update_of_kfd_mappings_alone, fixture_make, fixture_end),
        cmocka_unit_test_setup_teardown(what_is_named_together_fits_together, fixture_make,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(threads_share_too_little_memory, fixture_make, fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
