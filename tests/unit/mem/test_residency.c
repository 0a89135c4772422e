/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <amdgpu_drm.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softgpu/mem/cpu_map.h"
#include "tests/unit/mem/suite.h"

static int heaps_begin(void **state)
{
    return heaps_make(0, 16 * MIB, 24 * MIB, state);
}

static int heaps_end(void **state)
{
    struct mem_usage usage;

    mem_heaps_usage(*state, &usage);
    mem_heaps_destroy(*state);
    return usage.vram_used || usage.gtt_used || usage.vram_pinned ? -1 : 0; /* nothing may leak */
}

#define residency_test(name) cmocka_unit_test_setup_teardown(name, heaps_begin, heaps_end)

static rw_status validate(struct mem_bo *bo, uint32_t domains)
{
    mem_residency_lock();
    rw_status s = mem_bo_validate_locked(bo, domains);
    mem_residency_unlock();
    return s;
}

static void *map(struct mem_bo *bo, uint64_t length, int prot, uint64_t start)
{
    void *p = NULL;

    assert_true(rw_ok(mem_bo_mmap(bo, NULL, length, prot, MAP_SHARED, start, &p)));
    return p;
}

/* ---- making room ---- */

static void least_recently_used_moves_out(void **state)
{
    struct mem_bo *a = bo_make(*state, 6 * MIB, MEM_DOMAIN_VRAM, 0);
    struct mem_bo *b = bo_make(*state, 6 * MIB, MEM_DOMAIN_VRAM, 0), *c;
    uint8_t *old = b->host;
    struct mem_usage usage;

    memset(b->host, 0xb5, b->size);
    mem_bo_touch(a);
    c = bo_make(*state, 6 * MIB, MEM_DOMAIN_VRAM, 0);
    assert_int_equal(a->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(b->placement, MEM_DOMAIN_GTT);
    assert_int_equal(c->placement, MEM_DOMAIN_VRAM);
    assert_ptr_not_equal(b->host, old);
    assert_int_equal(b->host[0], 0xb5);
    assert_int_equal(b->host[6 * MIB - 1], 0xb5);
    assert_ptr_equal(c->host, old); /* the range has a new owner, who reads zeros */
    assert_int_equal(c->host[0], 0);
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_used, 12 * MIB);
    assert_int_equal(usage.gtt_used, 6 * MIB);
    assert_int_equal(usage.evictions, 1);
    assert_int_equal(usage.bytes_moved, 6 * MIB);
    /* Back, for which another has to go. */
    assert_true(rw_ok(validate(b, MEM_DOMAIN_VRAM)));
    assert_int_equal(b->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(b->host[3 * MIB], 0xb5);
    assert_int_equal(a->placement, MEM_DOMAIN_GTT);
    mem_bo_put(a);
    mem_bo_put(b);
    mem_bo_put(c);
}

/* Room in pieces is no room: one after the other goes until the rest is in one piece. */
static void fragmented_vram_is_emptied_until_it_fits(void **state)
{
    struct mem_bo *bos[16], *big;
    unsigned moved = 0;

    for (unsigned i = 0; i < 16; i++) {
        bos[i] = bo_make(*state, MIB, MEM_DOMAIN_VRAM, 0);
        bos[i]->host[0] = (uint8_t)(i + 1);
    }
    for (unsigned i = 0; i < 16; i += 2)
        mem_bo_put(bos[i]);
    big = bo_make(*state, 8 * MIB, MEM_DOMAIN_VRAM, 0);
    assert_int_equal(big->placement, MEM_DOMAIN_VRAM);
    for (unsigned i = 1; i < 16; i += 2) {
        assert_int_equal(bos[i]->host[0], i + 1);
        moved += bos[i]->placement == MEM_DOMAIN_GTT;
        mem_bo_put(bos[i]);
    }
    assert_true(moved > 0 && moved < 8);
    mem_bo_put(big);
}

static void system_memory_takes_what_gtt_cannot(void **state)
{
    struct mem_bo *gtt = bo_make(*state, 20 * MIB, MEM_DOMAIN_GTT, 0);
    struct mem_bo *a = bo_make(*state, 12 * MIB, MEM_DOMAIN_VRAM, 0);
    struct mem_bo *b = bo_make(*state, 12 * MIB, MEM_DOMAIN_VRAM, 0);

    assert_int_equal(a->placement, MEM_DOMAIN_CPU);
    assert_int_equal(b->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(gtt->placement, MEM_DOMAIN_GTT);
    mem_bo_put(gtt);
    mem_bo_put(a);
    mem_bo_put(b);
}

static void pinned_objects_stay(void **state)
{
    struct mem_bo *pinned = bo_make(*state, 12 * MIB, MEM_DOMAIN_VRAM, 0), *none;
    struct mem_bo_desc desc = {.size = 8 * MIB, .domains = MEM_DOMAIN_VRAM};
    struct mem_usage usage;

    mem_bo_pin(pinned);
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_pinned, 12 * MIB);
    assert_int_equal(mem_bo_create(*state, &desc, "test", &none).err, ENOMEM);
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(pinned->placement, MEM_DOMAIN_VRAM);
    mem_bo_unpin(pinned);
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(pinned->placement, MEM_DOMAIN_GTT);
    mem_bo_put(pinned);
}

static void discardable_objects_lose_their_contents(void **state)
{
    struct mem_bo *bo = bo_make(*state, MIB, MEM_DOMAIN_VRAM, UINT64_C(1) << 12);

    bo->host[0] = 1;
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    assert_int_equal(bo->host[0], 0);
    mem_bo_put(bo);
}

/* ---- eviction fences ---- */

static unsigned stops;

static void count_stop(struct mem_evictor *evictor)
{
    assert_false(evictor->signalled);
    stops++;
}

static void own_allocations_move_no_fenced_object(void **state)
{
    struct mem_evictor evictor = {.stop = count_stop};
    struct mem_bo *fenced = bo_make(*state, 12 * MIB, MEM_DOMAIN_VRAM, 0), *other;
    struct mem_bo_desc desc = {.size = 8 * MIB, .domains = MEM_DOMAIN_VRAM};

    stops = 0;
    assert_true(rw_ok(mem_resv_fence(fenced->resv, &evictor)));
    assert_int_equal(mem_bo_create(*state, &desc, "test", &other).err, ENOMEM);
    other = bo_make(*state, 8 * MIB, MEM_DOMAIN_VRAM | MEM_DOMAIN_GTT, 0);
    assert_int_equal(other->placement, MEM_DOMAIN_GTT);
    assert_int_equal(stops, 0);
    /* But for contiguous memory they do. */
    mem_bo_put(other);
    other = bo_make(*state, 8 * MIB, MEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_VRAM_CONTIGUOUS);
    assert_int_equal(stops, 1);
    assert_int_equal(fenced->placement, MEM_DOMAIN_GTT);
    mem_resv_unfence(fenced->resv, &evictor);
    mem_bo_put(other);
    mem_bo_put(fenced);
}

static void moving_fenced_objects_stops_once_per_fence(void **state)
{
    struct mem_evictor evictor = {.stop = count_stop};
    struct mem_resv *shared = mem_resv_create();
    struct mem_bo *bos[3];

    stops = 0;
    for (unsigned i = 0; i < 3; i++) {
        bos[i] = bo_make(*state, MIB, MEM_DOMAIN_VRAM, 0);
        mem_bo_share_resv(bos[i], &evictor, shared);
    }
    assert_true(rw_ok(mem_resv_fence(shared, &evictor)));
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(stops, 1);
    assert_true(evictor.signalled);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(bos[i]->placement, MEM_DOMAIN_GTT);
    /* Out of GTT too: a change of name. The fence is signalled already. */
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_GTT)));
    assert_int_equal(bos[0]->placement, MEM_DOMAIN_CPU);
    assert_int_equal(stops, 1);
    mem_residency_lock();
    mem_evictor_renew_locked(&evictor);
    mem_residency_unlock();
    assert_true(rw_ok(validate(bos[1], MEM_DOMAIN_GTT)));
    assert_int_equal(bos[1]->placement, MEM_DOMAIN_GTT);
    assert_int_equal(stops, 2);
    mem_resv_unfence(shared, &evictor);
    for (unsigned i = 0; i < 3; i++)
        mem_bo_put(bos[i]);
    mem_resv_put(shared);
}

/* ---- CPU mappings ---- */

static void mapping_holds_its_object(void **state)
{
    struct mem_bo *bo = bo_make(*state, 8192, MEM_DOMAIN_VRAM, 0);
    uint8_t *p = map(bo, 8192, PROT_READ | PROT_WRITE, 0);
    struct mem_usage usage;

    mem_bo_put(bo);
    p[8191] = 7;
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_used, 8192);
    mem_cpu_munmap(p, 4096);
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_used, 8192);
    assert_int_equal(p[8191], 7);
    mem_cpu_munmap(p + 4096, 4096);
    mem_heaps_usage(*state, &usage);
    assert_int_equal(usage.vram_used, 0);
}

static void pieces_follow(void **state)
{
    struct mem_bo *bo = bo_make(*state, 8 * 4096, MEM_DOMAIN_VRAM, 0);
    uint8_t *p = map(bo, 8 * 4096, PROT_READ | PROT_WRITE, 0), *moved;

    for (unsigned i = 0; i < 8; i++)
        p[i * 4096] = (uint8_t)(i + 1);
    /* A hole that is somebody else's now, a read-only page, and pages at another address. */
    mem_cpu_maps_lock();
    assert_ptr_not_equal(mmap(p + 4096, 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                         MAP_FAILED);
    mem_cpu_maps_gone_locked(p + 4096, 4096);
    assert_int_equal(mprotect(p + 3 * 4096, 4096, PROT_READ), 0);
    mem_cpu_maps_protected_locked(p + 3 * 4096, 4096, PROT_READ);
    moved = mremap(p + 6 * 4096, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED,
                   mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    assert_ptr_not_equal(moved, MAP_FAILED);
    mem_cpu_maps_moved_locked(p + 6 * 4096, moved, 8192);
    mem_cpu_maps_unlock();
    p[4096] = 99;

    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    assert_int_equal(p[0], 1);
    assert_int_equal(p[4096], 99);
    p[2 * 4096] = 33;
    assert_int_equal(bo->host[2 * 4096], 33);
    assert_int_equal(p[3 * 4096], 4);
    bo->host[3 * 4096] = 44; /* shows the new place, and only for reading */
    assert_int_equal(p[3 * 4096], 44);
    assert_int_equal(mem_cpu_maps_meet(p + 6 * 4096, 8192), false);
    bo->host[7 * 4096] = 88;
    assert_int_equal(moved[0], 7);
    assert_int_equal(moved[4096], 88);
    mem_cpu_munmap(p, 6 * 4096);
    mem_cpu_munmap(moved, 8192);
    mem_bo_put(bo);
}

static void read_only_pieces_stay_read_only(void **state)
{
    struct mem_bo *bo = bo_make(*state, 4096, MEM_DOMAIN_VRAM, 0);
    volatile uint8_t *p = map(bo, 4096, PROT_READ, 0);
    int status;

    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        p[0] = 1;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    mem_cpu_munmap((void *)p, 4096);
    mem_bo_put(bo);
}

struct hammer {
    _Atomic uint64_t *words; /* one per page */
    size_t count;
    atomic_bool stop;
    uint64_t rounds;
};

static void *hammer_run(void *argument)
{
    struct hammer *h = argument;

    while (!atomic_load(&h->stop)) {
        for (size_t i = 0; i < h->count; i++)
            atomic_fetch_add(&h->words[i * 512], 1);
        h->rounds++;
    }
    return NULL;
}

/* Threads that add through two mappings while the object goes back and forth lose nothing. */
static void no_store_is_lost(void **state)
{
    struct mem_bo *bo = bo_make(*state, 4 * MIB, MEM_DOMAIN_VRAM, 0);
    struct hammer hammers[2] = {{0}, {0}};
    pthread_t threads[2];
    uint64_t moves = mem_move_count();

    for (unsigned i = 0; i < 2; i++) {
        hammers[i].words = map(bo, bo->size, PROT_READ | PROT_WRITE, 0);
        hammers[i].count = bo->size / 4096;
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_run, &hammers[i]), 0);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
        assert_true(rw_ok(validate(bo, MEM_DOMAIN_VRAM)));
        usleep(1000);
    }
    for (unsigned i = 0; i < 2; i++) {
        atomic_store(&hammers[i].stop, true);
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(mem_move_count(), moves + 200);
    assert_true(hammers[0].rounds > 0 && hammers[1].rounds > 0);
    for (size_t i = 0; i < bo->size / 4096; i++)
        assert_int_equal(*(uint64_t *)(bo->host + i * 4096), hammers[0].rounds + hammers[1].rounds);
    for (unsigned i = 0; i < 2; i++)
        mem_cpu_munmap(hammers[i].words, bo->size);
    mem_bo_put(bo);
}

/* What a child has inherited cannot be redirected there. */
static void inherited_mappings_stay(void **state)
{
    struct mem_bo *seen = bo_make(*state, 4096, MEM_DOMAIN_VRAM, 0);
    struct mem_bo *hidden = bo_make(*state, 4096, MEM_DOMAIN_VRAM, 0);
    void *p = map(seen, 4096, PROT_READ, 0), *q = map(hidden, 4096, PROT_READ, 0);
    int status;

    mem_cpu_maps_lock();
    mem_cpu_maps_dontfork_locked(q, 4096, true);
    mem_cpu_maps_unlock();
    pid_t child = fork();
    if (child == 0)
        _exit(mem_cpu_maps_meet(p, 4096) ? 1 : 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(seen->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(hidden->placement, MEM_DOMAIN_GTT);
    mem_cpu_munmap(p, 4096);
    mem_cpu_munmap(q, 4096);
    mem_bo_put(seen);
    mem_bo_put(hidden);
}

/* ---- jobs ---- */

static atomic_int jobs; /* unfinished, of whatever object */

static bool jobs_wait_idle(const void *resv, int64_t deadline)
{
    (void)resv;
    if (deadline && atomic_load(&jobs))
        atomic_store(&jobs, 0);
    return atomic_load(&jobs) == 0;
}

static void jobs_are_waited_for(void **state)
{
    struct mem_bo *bo = bo_make(*state, MIB, MEM_DOMAIN_VRAM, 0);

    mem_jobs_set_waiter(jobs_wait_idle);
    atomic_store(&jobs, 1);
    assert_int_equal(validate(bo, MEM_DOMAIN_GTT).err, EBUSY);
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
    assert_true(rw_ok(mem_heaps_evict_all(*state, MEM_DOMAIN_VRAM)));
    assert_int_equal(atomic_load(&jobs), 0);
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    mem_jobs_set_waiter(NULL);
    mem_bo_put(bo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        residency_test(least_recently_used_moves_out),
        residency_test(fragmented_vram_is_emptied_until_it_fits),
        residency_test(system_memory_takes_what_gtt_cannot),
        residency_test(pinned_objects_stay),
        residency_test(discardable_objects_lose_their_contents),
        residency_test(own_allocations_move_no_fenced_object),
        residency_test(moving_fenced_objects_stops_once_per_fence),
        residency_test(mapping_holds_its_object),
        residency_test(pieces_follow),
        residency_test(read_only_pieces_stay_read_only),
        residency_test(no_store_is_lost),
        residency_test(inherited_mappings_stay),
        residency_test(jobs_are_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
