/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grace.h"
#include "softgpu/mem/pool.h"
#include "tests/unit/random.h"

#define MIB (UINT64_C(1) << 20)

static struct mem_pool *pool_make(uint64_t size)
{
    struct mem_pool *pool = NULL;

    assert_true(rw_ok(mem_pool_create("test", size, &pool)));
    return pool;
}

static uint64_t pages_in_use(struct mem_pool *pool)
{
    struct stat st;

    assert_int_equal(fstat(mem_pool_fd(pool), &st), 0);
    return (uint64_t)st.st_blocks * 512 / 4096;
}

static void sparse_and_private(void **state)
{
    struct mem_pool *pool = pool_make(64ULL << 30);
    int before = dup(0), after;

    (void)state;
    close(before);
    assert_int_equal(mem_pool_size(pool), 64ULL << 30);
    assert_int_equal(pages_in_use(pool), 0);
    assert_int_equal(fcntl(mem_pool_fd(pool), F_GETFD), FD_CLOEXEC);
    assert_true(mem_pool_fd(pool) > before);
    after = dup(0);
    assert_int_equal(after, before);
    close(after);
    mem_pool_destroy(pool);
    mem_pool_destroy(NULL);
}

static void refuses_odd_sizes(void **state)
{
    struct mem_pool *pool;

    (void)state;
    assert_int_equal(mem_pool_create("odd", 4097, &pool).err, EINVAL);
    assert_int_equal(mem_pool_create("none", 0, &pool).err, EINVAL);
}

static void freed_memory_is_given_back_and_zero(void **state)
{
    struct mem_pool *pool = pool_make(16 * MIB);
    pool_offset a, b;

    (void)state;
    assert_true(rw_ok(mem_pool_alloc(pool, 4 * MIB, 4096, &a)));
    memset(mem_pool_host(pool, a), 0xab, 4 * MIB);
    assert_int_equal(mem_pool_used(pool), 4 * MIB);
    assert_int_equal(pages_in_use(pool), 1024);
    mem_pool_free(pool, a, 4 * MIB);
    assert_int_equal(mem_pool_used(pool), 0);
    assert_int_equal(pages_in_use(pool), 0);
    assert_true(rw_ok(mem_pool_alloc(pool, 4 * MIB, 4096, &b)));
    assert_int_equal(a.byte, b.byte);
    for (uint64_t i = 0; i < 4 * MIB; i += 4096)
        assert_int_equal(mem_pool_host(pool, b)[i], 0);
    mem_pool_free(pool, b, 4 * MIB);
    mem_pool_destroy(pool);
}

static void alignment_and_exhaustion(void **state)
{
    struct mem_pool *pool = pool_make(8 * MIB);
    pool_offset small, big, none;

    (void)state;
    assert_true(rw_ok(mem_pool_alloc(pool, 4096, 4096, &small)));
    assert_true(rw_ok(mem_pool_alloc(pool, 4 * MIB, 2 * MIB, &big)));
    assert_int_equal(big.byte % (2 * MIB), 0);
    assert_int_equal(mem_pool_alloc(pool, 4 * MIB, 4096, &none).err, ENOMEM);
    mem_pool_free(pool, big, 4 * MIB);
    assert_true(rw_ok(mem_pool_alloc(pool, 7 * MIB, 4096, &big)));
    mem_pool_free(pool, big, 7 * MIB);
    mem_pool_free(pool, small, 4096);
    mem_pool_destroy(pool);
}

struct worker {
    struct mem_pool *pool;
    pthread_barrier_t barrier;
    pool_offset offset;
    uint8_t seen;
};

/* GPU work that goes on using a range which is freed under it. */
static void *late_store(void *context)
{
    struct worker *w = context;

    grace_enter(w);
    pthread_barrier_wait(&w->barrier);
    pthread_barrier_wait(&w->barrier); /* freed by now */
    memset(mem_pool_host(w->pool, w->offset), 0xcd, 4096);
    w->seen = *mem_pool_host(w->pool, w->offset);
    grace_leave();
    pthread_barrier_wait(&w->barrier);
    return NULL;
}

static void freed_range_is_not_reused_under_gpu_work(void **state)
{
    struct worker w = {.pool = pool_make(2 * 4096)};
    pool_offset other;
    pthread_t thread;

    (void)state;
    assert_true(rw_ok(mem_pool_alloc(w.pool, 4096, 4096, &w.offset)));
    pthread_barrier_init(&w.barrier, NULL, 2);
    pthread_create(&thread, NULL, late_store, &w);
    pthread_barrier_wait(&w.barrier);
    mem_pool_free(w.pool, w.offset, 4096);
    assert_true(rw_ok(mem_pool_alloc(w.pool, 4096, 4096, &other)));
    assert_int_not_equal(other.byte, w.offset.byte);
    pthread_barrier_wait(&w.barrier);
    pthread_barrier_wait(&w.barrier);
    assert_int_equal(w.seen, 0xcd);
    /* The only room left is the freed page; the late store is not to be seen in it. */
    assert_true(rw_ok(mem_pool_alloc(w.pool, 4096, 4096, &other)));
    assert_int_equal(other.byte, w.offset.byte);
    assert_int_equal(*mem_pool_host(w.pool, other), 0);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&w.barrier);
    mem_pool_destroy(w.pool);
}

static void *hold_a_while(void *context)
{
    struct worker *w = context;

    grace_enter(w);
    pthread_barrier_wait(&w->barrier);
    usleep(20000);
    grace_leave();
    return NULL;
}

static void full_pool_waits_for_gpu_work(void **state)
{
    struct worker w = {.pool = pool_make(4096)};
    pool_offset again;
    pthread_t thread;

    (void)state;
    assert_true(rw_ok(mem_pool_alloc(w.pool, 4096, 4096, &w.offset)));
    pthread_barrier_init(&w.barrier, NULL, 2);
    pthread_create(&thread, NULL, hold_a_while, &w);
    pthread_barrier_wait(&w.barrier);
    mem_pool_free(w.pool, w.offset, 4096);
    assert_true(rw_ok(mem_pool_alloc(w.pool, 4096, 4096, &again)));
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&w.barrier);
    mem_pool_destroy(w.pool);
}

/* Threads that allocate, fill, check and free: no range is ever owned twice. */
static void *churn(void *context)
{
    struct mem_pool *pool = context;
    uint64_t random = (uint64_t)(uintptr_t)&pool;

    for (int i = 0; i < 400; i++) {
        uint64_t size = (1 + random_below(&random, 8)) * 4096;
        uint8_t mark = (uint8_t)random_next(&random);
        pool_offset offset;

        if (!rw_ok(mem_pool_alloc(pool, size, 4096, &offset)))
            continue;
        for (uint64_t at = 0; at < size; at += 512) {
            assert_int_equal(mem_pool_host(pool, offset)[at], 0);
            mem_pool_host(pool, offset)[at] = mark;
        }
        for (uint64_t at = 0; at < size; at += 512)
            assert_int_equal(mem_pool_host(pool, offset)[at], mark);
        mem_pool_free(pool, offset, size);
    }
    return NULL;
}

static void many_threads(void **state)
{
    struct mem_pool *pool = pool_make(40 * 4096);
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, churn, pool);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(mem_pool_used(pool), 0);
    assert_int_equal(pages_in_use(pool), 0);
    mem_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_and_private),
        cmocka_unit_test(refuses_odd_sizes),
        cmocka_unit_test(freed_memory_is_given_back_and_zero),
        cmocka_unit_test(alignment_and_exhaustion),
        cmocka_unit_test(freed_range_is_not_reused_under_gpu_work),
        cmocka_unit_test(full_pool_waits_for_gpu_work),
        cmocka_unit_test(many_threads),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
