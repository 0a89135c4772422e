/* SPDX-License-Identifier: MIT
 *
 * The AQL packet processor without kernels: packets, signals, order, waiting, control.
 */
#include "suite.h"

static union aql_packet barrier(enum aql_type type, uint64_t dep0, uint64_t dep1, uint64_t signal)
{
    return (union aql_packet){.barrier = {.header = (uint16_t)type | 1 << 8,
                                          .dep_signal = {dep0, dep1},
                                          .completion_signal = signal}};
}

static union aql_packet barrier_value(uint64_t on, uint32_t condition, int64_t value, int64_t mask,
                                      uint64_t signal)
{
    return (union aql_packet){.barrier_value = {.header = AQL_VENDOR_SPECIFIC | 1 << 8,
                                                .format = AQL_AMD_BARRIER_VALUE,
                                                .signal = on,
                                                .value = value,
                                                .mask = mask,
                                                .condition = condition,
                                                .completion_signal = signal}};
}

static void test_barrier_completes_and_frees_its_slot(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t signal = rig_signal(rig, 5);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, signal);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, signal, 4));
    assert_int_equal(*q.read, 1); /* before the completion signal */
    assert_int_equal(aql_header_type(*(uint16_t *)rig_host(rig, q.ring)), AQL_INVALID);
    rig_queue_destroy(&q);
}

static void test_ring_wraps(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t signal = rig_signal(rig, 1000);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, signal);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    for (unsigned i = 0; i < 1000; i++)
        rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, signal, 0));
    assert_int_equal(*q.read, 1000);
    rig_queue_destroy(&q);
}

static void test_and_waits_for_all(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t a = rig_signal(rig, 1), b = rig_signal(rig, 2), done = rig_signal(rig, 1);
    union aql_packet packet = barrier(AQL_BARRIER_AND, a, b, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    rig_signal_set(rig, a, 0);
    rig_sleep_us(3000);
    assert_int_equal(rig_signal_value(rig, done), 1);
    assert_int_equal(*q.read, 0);
    rig_signal_set(rig, b, 0);
    assert_true(rig_wait(rig, done, 0));
    rig_queue_destroy(&q);
}

static void test_or_waits_for_any(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t a = rig_signal(rig, 1), b = rig_signal(rig, 2), done = rig_signal(rig, 2);
    union aql_packet packet = barrier(AQL_BARRIER_OR, a, b, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    rig_sleep_us(3000);
    assert_int_equal(rig_signal_value(rig, done), 2);
    rig_signal_set(rig, b, 0);
    assert_true(rig_wait(rig, done, 1));
    packet = barrier(AQL_BARRIER_OR, 0, 0, done); /* of nothing */
    rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, done, 0));
    rig_queue_destroy(&q);
}

static void test_barrier_value_compares(void **state)
{
    static const struct {
        uint32_t condition;
        int64_t value, mask, before, after;
    } cases[] = {
        {AQL_EQ, 5, -1, 4, 5},
        {AQL_NE, 5, -1, 5, 6},
        {AQL_LT, -3, -1, -3, -4},
        {AQL_GTE, -3, -1, -4, -3},
        {AQL_EQ, 0x10, 0xf0, 0x2f, 0x1f},
    };
    struct rig *rig = *state;
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t on = rig_signal(rig, cases[i].before), done = rig_signal(rig, 1);
        union aql_packet packet =
            barrier_value(on, cases[i].condition, cases[i].value, cases[i].mask, done);

        rig_aql_put(&q, &packet);
        rig_sleep_us(1000);
        assert_int_equal(rig_signal_value(rig, done), 1);
        rig_signal_set(rig, on, cases[i].after);
        assert_true(rig_wait(rig, done, 0));
    }
    rig_queue_destroy(&q);
}

static void test_completion_sends_interrupt(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t done = rig_signal_with_event(rig, 1, 17);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait_count(&rig->interrupts[17], 1));
    assert_int_equal(rig_signal_value(rig, done), 0);
    assert_int_equal(
        *(uint64_t *)rig_host(rig, ((struct amd_signal *)rig_host(rig, done))->event_mailbox), 17);
    rig_queue_destroy(&q);
}

static void test_times_only_when_profiling(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t plain = rig_signal(rig, 1), timed = rig_signal(rig, 1);
    struct amd_signal *host = rig_host(rig, timed);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, plain);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, plain, 0));
    assert_int_equal(((struct amd_signal *)rig_host(rig, plain))->end_ts, 0);
    q.amd_host->queue_properties |= AMD_QUEUE_ENABLE_PROFILING;
    uint64_t before = soft_device_clock(&rig->device);

    packet = barrier(AQL_BARRIER_AND, 0, 0, timed);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, timed, 0));
    uint64_t after = soft_device_clock(&rig->device);

    assert_true(before <= host->start_ts && host->start_ts <= host->end_ts);
    assert_true(host->end_ts <= after);
    rig_queue_destroy(&q);
}

/* Producers may publish out of order; the processor waits for the header, not for the bell. */
static void test_header_makes_packet_valid(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t first = rig_signal(rig, 1), second = rig_signal(rig, 1);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, second);
    uint32_t *slot;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    __atomic_store_n(q.write, 1, __ATOMIC_RELEASE); /* slot 0 is reserved, not written yet */
    rig_aql_put(&q, &packet);
    rig_sleep_us(3000);
    assert_int_equal(rig_signal_value(rig, second), 1);
    packet = barrier(AQL_BARRIER_AND, 0, 0, first);
    slot = rig_host(rig, q.ring);
    memcpy(slot + 1, packet.dwords + 1, 60);
    __atomic_store_n(slot, packet.dwords[0], __ATOMIC_RELEASE);
    cp_queue_ring(q.queue);
    assert_true(rig_wait(rig, first, 0));
    assert_true(rig_wait(rig, second, 0));
    rig_queue_destroy(&q);
}

static void test_waiting_queue_blocks_no_other(void **state)
{
    struct rig *rig = *state;
    struct rig_queue a, b;
    uint64_t gate = rig_signal(rig, 1), a_done = rig_signal(rig, 1), b_done = rig_signal(rig, 1);
    union aql_packet packet = barrier(AQL_BARRIER_AND, gate, 0, a_done);

    rig_queue_create(rig, CP_QUEUE_AQL, &a);
    rig_queue_create(rig, CP_QUEUE_AQL, &b);
    rig_aql_put(&a, &packet);
    packet = barrier(AQL_BARRIER_AND, 0, 0, b_done);
    rig_aql_put(&b, &packet);
    assert_true(rig_wait(rig, b_done, 0));
    assert_int_equal(rig_signal_value(rig, a_done), 1);
    /* B opens the gate that A waits at. */
    packet = barrier(AQL_BARRIER_AND, 0, 0, gate);
    rig_aql_put(&b, &packet);
    assert_true(rig_wait(rig, a_done, 0));
    rig_queue_destroy(&a);
    rig_queue_destroy(&b);
}

/* Two queues hand a token to and fro: each wake-up comes from inside the device. */
static void test_queues_wake_each_other(void **state)
{
    enum { ROUNDS = 200 };
    struct rig *rig = *state;
    struct rig_queue a, b;
    uint64_t there[ROUNDS], back[ROUNDS], started = rig_now_ns();

    rig_queue_create(rig, CP_QUEUE_AQL, &a);
    rig_queue_create(rig, CP_QUEUE_AQL, &b);
    for (unsigned i = 0; i < ROUNDS; i++) {
        there[i] = rig_signal(rig, 1);
        back[i] = rig_signal(rig, 1);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        union aql_packet go = barrier(AQL_BARRIER_AND, i ? back[i - 1] : 0, 0, there[i]);
        union aql_packet come = barrier(AQL_BARRIER_AND, there[i], 0, back[i]);

        rig_aql_put(&a, &go);
        rig_aql_put(&b, &come);
    }
    assert_true(rig_wait(rig, back[ROUNDS - 1], 0));
    assert_in_range(rig_now_ns() - started, 0, 2000000000);
    rig_queue_destroy(&a);
    rig_queue_destroy(&b);
}

static void test_suspended_queue_executes_nothing(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t done = rig_signal(rig, 1);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    cp_queue_suspend(q.queue);
    cp_queue_suspend(q.queue);
    rig_aql_put(&q, &packet);
    rig_sleep_us(3000);
    assert_true(cp_queue_is_idle(q.queue));
    cp_queue_resume(q.queue);
    rig_sleep_us(3000);
    assert_int_equal(rig_signal_value(rig, done), 1);
    cp_queue_resume(q.queue);
    assert_true(rig_wait(rig, done, 0));
    rig_queue_destroy(&q);
}

static void test_percent_zero_holds(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t done = rig_signal(rig, 1);
    union aql_packet packet = barrier(AQL_BARRIER_AND, 0, 0, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    assert_true(rw_ok(cp_queue_update(q.queue, gpu_va_make(q.ring), q.ring_bytes, 0, 7)));
    rig_aql_put(&q, &packet);
    rig_sleep_us(3000);
    assert_int_equal(rig_signal_value(rig, done), 1);
    assert_true(rw_ok(cp_queue_update(q.queue, gpu_va_make(q.ring), q.ring_bytes, 100, 7)));
    assert_true(rig_wait(rig, done, 0));
    rig_queue_destroy(&q);
}

static void test_destroy_while_waiting(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t never = rig_signal(rig, 1), done = rig_signal(rig, 1), started;
    union aql_packet packet = barrier(AQL_BARRIER_AND, never, 0, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    rig_sleep_us(5000);
    started = rig_now_ns();
    rig_queue_destroy(&q);
    assert_in_range(rig_now_ns() - started, 0, 500000000);
    assert_int_equal(rig_signal_value(rig, done), 1);
}

/* Whether the process uses less than this share of a core while it sleeps. In one of some tries: a
 * busy machine makes everything cost more now and then. */
static bool sleeps_below(double share)
{
    enum { TRIES = 10, SLEEP_US = 100000 };

    for (int i = 0; i < TRIES; i++) {
        uint64_t before = rig_cpu_ns();

        rig_sleep_us(SLEEP_US);
        if ((double)(rig_cpu_ns() - before) < share * SLEEP_US * 1e3)
            return true;
    }
    return false;
}

static void test_idle_queues_cost_nothing(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q[4];

    for (unsigned i = 0; i < 4; i++)
        rig_queue_create(rig, CP_QUEUE_AQL, &q[i]);
    rig_sleep_us(20000);
    assert_true(atomic_load(&rig->idles) >= 4);
    assert_true(sleeps_below(0.01));
    for (unsigned i = 0; i < 4; i++)
        rig_queue_destroy(&q[i]);
}

static void test_long_waits_cost_little(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t gate = rig_signal(rig, 1), done = rig_signal(rig, 1);
    union aql_packet packet = barrier(AQL_BARRIER_AND, gate, 0, done);

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    rig_sleep_us(20000);
#ifndef __SANITIZE_THREAD__ /* under which everything costs more */
    assert_true(sleeps_below(0.05));
#endif
    rig_signal_set(rig, gate, 0);
    assert_true(rig_wait(rig, done, 0));
    rig_queue_destroy(&q);
}

static void test_create_refuses_bad_rings(void **state)
{
    struct rig *rig = *state;
    struct cp_queue_desc desc = {.type = CP_QUEUE_AQL, .vm = rig->vm, .percent = 100};
    struct cp_queue *queue;

    desc.ring = gpu_va_make(rig_alloc(rig, 8192, 4096));
    desc.ring_bytes = 3000;
    assert_int_equal(cp_queue_create(rig->cp, &desc, &queue).err, 22);
    desc.ring_bytes = 4096;
    desc.read_pointer = desc.write_pointer = gpu_va_make(rig_unmapped_va());
    assert_int_equal(cp_queue_create(rig->cp, &desc, &queue).err, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_barrier_completes_and_frees_its_slot),
        SUITE_TEST(test_ring_wraps),
        SUITE_TEST(test_and_waits_for_all),
        SUITE_TEST(test_or_waits_for_any),
        SUITE_TEST(test_barrier_value_compares),
        SUITE_TEST(test_completion_sends_interrupt),
        SUITE_TEST(test_times_only_when_profiling),
        SUITE_TEST(test_header_makes_packet_valid),
        SUITE_TEST(test_waiting_queue_blocks_no_other),
        SUITE_TEST(test_queues_wake_each_other),
        SUITE_TEST(test_suspended_queue_executes_nothing),
        SUITE_TEST(test_percent_zero_holds),
        SUITE_TEST(test_destroy_while_waiting),
        SUITE_TEST(test_idle_queues_cost_nothing),
        SUITE_TEST(test_long_waits_cost_little),
        SUITE_TEST(test_create_refuses_bad_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
