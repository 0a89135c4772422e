/* SPDX-License-Identifier: MIT
 *
 * Threads that use translations while others take them away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vm/fixture.h"

#define WORKERS 3

struct shared {
    struct fixture *f;
    atomic_bool stop;
    atomic_uint accesses;
};

/* What a wave does: keeps a window, and drops it when the epoch has changed. */
static void *run_wave(void *context)
{
    struct shared *s = context;
    struct isa_memory *memory = gpu_vm_memory(s->f->vm);
    struct isa_window window = {0};
    uint64_t seen = 0;
    bool mapped;

    gpu_vm_work_begin(s->f->vm);
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        uint64_t epoch = atomic_load_explicit(&memory->epoch, memory_order_acquire);

        if (epoch != seen) {
            window.size = 0;
            seen = epoch;
            gpu_vm_work_pass();
        }
        if (!window.size && !memory->find(memory, VA(1).addr, ISA_ACCESS_WRITE, &window, &mapped)) {
            window.size = 0;
            continue;
        }
        __atomic_fetch_add((uint32_t *)(window.host + 4096), 1, __ATOMIC_RELAXED);
        atomic_fetch_add_explicit(&s->accesses, 1, memory_order_relaxed);
    }
    gpu_vm_work_end();
    return NULL;
}

/* The strictest owner of all: memory that is gone the moment the unmap has returned. */
static void no_access_after_unmap(void **state)
{
    struct shared s = {.f = *state};
    pthread_t threads[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, run_wave, &s);
    for (int i = 0; i < 100; i++) {
        void *user =
            mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct mem_bo_desc desc = {
            .size = 3 * 4096, .backing = MEM_BACKING_USERPTR, .user_address = (uintptr_t)user};
        unsigned before = atomic_load(&s.accesses);
        struct mem_bo *bo;

        assert_true(rw_ok(mem_bo_create(s.f->heaps, &desc, "userptr", &bo)));
        assert_true(
            rw_ok(gpu_vm_map(s.f->vm, GPU_VM_OWNER_KFD, bo, 0, VA(0), 3 * 4096, RIGHTS_RW)));
        while (atomic_load(&s.accesses) < before + 10)
            usleep(10);
        if (i % 2)
            assert_true(rw_ok(gpu_vm_unmap(s.f->vm, bo, VA(0))));
        else
            assert_true(rw_ok(gpu_vm_clear(s.f->vm, VA(1), 4096)));
        mprotect((char *)user + 4096, 4096, PROT_NONE); /* a late access would end the test here */
        assert_true(rw_ok(gpu_vm_clear(s.f->vm, VA(0), 3 * 4096)));
        munmap(user, 3 * 4096);
        mem_bo_put(bo);
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
}

/* Neighbouring mappings come and go; a mapping that stays is always found, and right. */
static void *check_fixed(void *context)
{
    struct shared *s = context;
    uint64_t value;

    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        assert_true(rw_ok(gpu_vm_read(s->f->vm, VA(512), &value, 8, NULL)));
        assert_int_equal(value, UINT64_C(0x1122334455667788));
        atomic_fetch_add_explicit(&s->accesses, 1, memory_order_relaxed);
    }
    return NULL;
}

static void lookups_beside_changes(void **state)
{
    struct shared s = {.f = *state};
    struct mem_bo *fixed = fixture_bo(s.f, 1), *moving = fixture_bo(s.f, 4096);
    uint64_t value = UINT64_C(0x1122334455667788);
    pthread_t threads[WORKERS];

    memcpy(fixed->host, &value, sizeof value);
    assert_true(rw_ok(gpu_vm_map(s.f->vm, GPU_VM_OWNER_KFD, fixed, 0, VA(512), 4096, RIGHTS_RW)));
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, check_fixed, &s);
    for (int i = 0; i < 300 || atomic_load(&s.accesses) < 300; i++) {
        assert_true(
            rw_ok(gpu_vm_map(s.f->vm, GPU_VM_OWNER_KFD, moving, 0, VA(0), 512 * 4096, RIGHTS_RW)));
        assert_true(rw_ok(
            gpu_vm_map(s.f->vm, GPU_VM_OWNER_KFD, moving, 0, VA(513), 3000 * 4096, RIGHTS_RW)));
        assert_true(rw_ok(gpu_vm_clear(s.f->vm, VA(600), 4096)));
        assert_true(rw_ok(gpu_vm_clear(s.f->vm, VA(0), 512 * 4096)));
        assert_true(rw_ok(gpu_vm_clear(s.f->vm, VA(513), 3000 * 4096)));
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    mem_bo_put(fixed);
    mem_bo_put(moving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_access_after_unmap, fixture_make, fixture_end),
        cmocka_unit_test_setup_teardown(lookups_beside_changes, fixture_make, fixture_end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
