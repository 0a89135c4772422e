/* SPDX-License-Identifier: MIT
 *
 * Kernel rings: jobs in order, each told how it ended, whatever happened to the one before.
 */
#include "suite.h"

#include <pthread.h>

#include "softgpu/cp/ring.h"

#define VA(x) (uint32_t)(x), (uint32_t)((uint64_t)(x) >> 32)
/* SDMA: write a word, wait until one is 1. */
#define WRITE(va, value) 2, VA(va), 0, (value)
#define WAIT(va)         8 | 3u << 28 | 1u << 31, VA(va), 1, UINT32_MAX, 4

struct test_job {
    struct cp_ring_job job; /* first */
    struct cp_ring_ib ib;
    atomic_uint ended;
    enum cp_ring_result result;
    unsigned number; /* when it ended, among all */
    struct cp_ring *ring;
    struct test_job *follower; /* to be submitted when it has ended */
};

static atomic_uint ended;

static void job_done(struct cp_ring_job *job, enum cp_ring_result result)
{
    struct test_job *t = (struct test_job *)job;

    t->result = result;
    t->number = atomic_fetch_add(&ended, 1);
    if (t->follower)
        cp_ring_submit(t->ring, &t->follower->job);
    atomic_store(&t->ended, 1);
}

static void job_make(struct rig *rig, struct cp_ring *ring, struct test_job *t,
                     const uint32_t *dwords, unsigned count)
{
    uint64_t va = rig_alloc(rig, count * 4, 256);

    memcpy(rig_host(rig, va), dwords, count * 4);
    *t = (struct test_job){.ib = {.va = gpu_va_make(va), .dwords = count}, .ring = ring};
    t->job = (struct cp_ring_job){.ibs = &t->ib, .ib_count = 1, .done = job_done};
}

#define JOB(rig, ring, t, ...)                                                                     \
    job_make(rig, ring, t, (const uint32_t[]){__VA_ARGS__},                                        \
             sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static atomic_uint memory_faults;

static void note_memory_fault(void *owner, const struct cp_fault *fault)
{
    (void)owner;
    (void)fault;
    atomic_fetch_add(&memory_faults, 1);
}

static const struct cp_owner_ops ops = {.memory_fault = note_memory_fault};

static struct cp_ring *ring_make(struct rig *rig)
{
    const struct cp_ring_desc desc = {.engine = CP_RING_SDMA, .vm = rig->vm, .ops = &ops};
    struct cp_ring *ring;

    assert_true(rw_ok(cp_ring_create(rig->cp, &desc, &ring)));
    return ring;
}

static void assert_ended(struct test_job *t, enum cp_ring_result result)
{
    assert_true(rig_wait_count(&t->ended, 1));
    assert_int_equal(t->result, result);
}

static void test_jobs_run_in_order(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig);
    uint64_t gate = rig_alloc(rig, 4, 4), word = rig_alloc(rig, 4, 4);
    struct test_job jobs[20];

    JOB(rig, ring, &jobs[0], WAIT(gate));
    for (unsigned i = 1; i < 20; i++)
        JOB(rig, ring, &jobs[i], WRITE(word, i));
    for (unsigned i = 0; i < 20; i++)
        cp_ring_submit(ring, &jobs[i].job);
    rig_sleep_us(2000);
    assert_int_equal(atomic_load(&jobs[0].ended), 0);
    __atomic_store_n((uint32_t *)rig_host(rig, gate), 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < 20; i++) {
        assert_ended(&jobs[i], CP_RING_DONE);
        assert_int_equal(jobs[i].number, jobs[0].number + i);
    }
    assert_int_equal(*(uint32_t *)rig_host(rig, word), 19);
    cp_ring_destroy(ring);
}

static void test_a_fault_ends_its_job_only(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig);
    uint64_t word = rig_alloc(rig, 4, 4);
    struct test_job bad, worse, good;
    unsigned before = atomic_load(&memory_faults);

    JOB(rig, ring, &bad, WRITE(rig_unmapped_va(), 1));
    JOB(rig, ring, &worse, 0xff);
    JOB(rig, ring, &good, WRITE(word, 5));
    cp_ring_submit(ring, &bad.job);
    cp_ring_submit(ring, &worse.job);
    cp_ring_submit(ring, &good.job);
    assert_ended(&bad, CP_RING_FAULTED);
    assert_ended(&worse, CP_RING_FAULTED);
    assert_ended(&good, CP_RING_DONE);
    assert_int_equal(atomic_load(&memory_faults), before + 1); /* the other is a bad packet */
    assert_int_equal(*(uint32_t *)rig_host(rig, word), 5);
    cp_ring_destroy(ring);
}

static void test_reset_cuts_short_the_job_that_is_meant(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig);
    uint64_t gate = rig_alloc(rig, 4, 4), word = rig_alloc(rig, 4, 4);
    struct test_job hung, next;

    JOB(rig, ring, &hung, WAIT(gate));
    JOB(rig, ring, &next, WRITE(word, 5));
    cp_ring_submit(ring, &hung.job);
    cp_ring_submit(ring, &next.job);
    rig_sleep_us(2000);
    cp_ring_reset(ring, &next.job); /* does not run: nothing happens */
    rig_sleep_us(2000);
    assert_int_equal(atomic_load(&hung.ended), 0);
    while (!atomic_load(&hung.ended)) { /* it may not have been started yet */
        cp_ring_reset(ring, &hung.job);
        rig_sleep_us(100);
    }
    assert_ended(&hung, CP_RING_RESET);
    assert_ended(&next, CP_RING_DONE);
    cp_ring_destroy(ring);
}

static void test_destroying_skips_what_waits(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig);
    uint64_t gate = rig_alloc(rig, 4, 4);
    struct test_job hung, waiting;

    JOB(rig, ring, &hung, WAIT(gate));
    JOB(rig, ring, &waiting, WAIT(gate));
    cp_ring_submit(ring, &hung.job);
    cp_ring_submit(ring, &waiting.job);
    rig_sleep_us(2000);
    cp_ring_destroy(ring);
    assert_int_equal(atomic_load(&hung.ended), 1);
    assert_true(hung.result == CP_RING_RESET || hung.result == CP_RING_SKIPPED);
    assert_ended(&waiting, CP_RING_SKIPPED);
    cp_ring_destroy(NULL);
}

static void test_the_end_of_a_job_may_submit(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig);
    uint64_t word = rig_alloc(rig, 4, 4);
    struct test_job first, second;

    JOB(rig, ring, &first, WRITE(word, 1));
    JOB(rig, ring, &second, WRITE(word, 2));
    first.follower = &second;
    cp_ring_submit(ring, &first.job);
    assert_ended(&second, CP_RING_DONE);
    assert_int_equal(*(uint32_t *)rig_host(rig, word), 2);
    cp_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_jobs_run_in_order),
        SUITE_TEST(test_a_fault_ends_its_job_only),
        SUITE_TEST(test_reset_cuts_short_the_job_that_is_meant),
        SUITE_TEST(test_destroying_skips_what_waits),
        SUITE_TEST(test_the_end_of_a_job_may_submit),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
