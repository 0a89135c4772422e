/* SPDX-License-Identifier: MIT
 *
 * PM4: on queues of its own, and from the vendor packet of AQL queues.
 */
#include "suite.h"

#define LO(x)         (uint32_t)(x)
#define HI(x)         (uint32_t)((uint64_t)(x) >> 32)
#define VA(x)         LO(x), HI(x)
#define P3(opcode, n) (3u << 30 | ((n)-1u) << 16 | (opcode) << 8) /* n dwords behind it */

#define PM4(q, ...)                                                                                \
    do {                                                                                           \
        const uint32_t dwords_[] = {__VA_ARGS__};                                                  \
        rig_put(q, dwords_, sizeof(dwords_) / 4);                                                  \
        assert_true(rig_drained(q));                                                               \
    } while (0)

static void test_write_and_copy_data(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 128, 64);
    uint32_t *words = rig_host(rig, to);
    uint64_t clock;

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    PM4(&q, P3(0x37, 6), 5 << 8 | 1 << 20, VA(to), 1, 2, 3);
    assert_int_equal(words[2], 3);
    PM4(&q, P3(0x37, 5), 2 << 8 | 1 << 16, VA(to + 16), 4, 5); /* one address: the last stays */
    assert_int_equal(words[4], 5);
    assert_int_equal(words[5], 0);
    PM4(&q, P3(0x40, 5), 1 | 5 << 8, VA(to + 8), VA(to + 32));       /* memory, 32 bits */
    PM4(&q, P3(0x40, 5), 5 | 5 << 8 | 1 << 16, 77, 88, VA(to + 40)); /* immediate, 64 bits */
    PM4(&q, P3(0x40, 5), 9 | 5 << 8 | 1 << 16, 0, 0, VA(to + 48));   /* clock */
    words[14] = 6;
    PM4(&q, P3(0x40, 5), 3 | 5 << 8, 36, 0, VA(to + 56)); /* GDS, which nothing can write to */
    assert_int_equal(words[14], 0);
    assert_int_equal(words[8], 3);
    assert_int_equal(words[10], 77);
    assert_int_equal(words[11], 88);
    memcpy(&clock, &words[12], 8);
    assert_in_range(soft_device_clock(&rig->device) - clock, 0, 1000000000);
    rig_queue_destroy(&q);
}

static void test_dma_and_atomics(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t from = rig_alloc(rig, 4096, 64), to = rig_alloc(rig, 4096, 64);
    uint32_t *words = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    for (unsigned i = 0; i < 1024; i++)
        ((uint32_t *)rig_host(rig, from))[i] = i * 7;
    PM4(&q, P3(0x50, 6), 1u << 31, VA(from), VA(to), 4000);
    assert_memory_equal(words, rig_host(rig, from), 4000);
    assert_int_equal(words[1000], 0);
    PM4(&q, P3(0x50, 6), 2u << 29, 0xabcd1234, 0, VA(to), 64); /* fill */
    assert_int_equal(words[15], 0xabcd1234);
    assert_int_equal(words[16], 16 * 7);
    PM4(&q, P3(0x1e, 8), 0x0f, VA(to), 2, 0, 0, 0, 0);
    assert_int_equal(words[0], 0xabcd1236);
    rig_queue_destroy(&q);
}

static void test_waits(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t on = rig_alloc(rig, 64, 64);
    uint64_t *value = rig_host(rig, on);
    const uint32_t wait32[] = {P3(0x3c, 6), 3 | 1 << 4, VA(on), 5, 0xff, 4};
    const uint32_t wait64[] = {P3(0x93, 8), 5 | 1 << 4, VA(on), 0, 2, ~0u, ~0u, 4};

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    rig_put(&q, wait32, 7);
    rig_sleep_us(1000);
    assert_int_equal(*q.read, 0);
    __atomic_store_n(value, 0x105, __ATOMIC_RELEASE);
    assert_true(rig_drained(&q));
    rig_put(&q, wait64, 9);
    rig_sleep_us(1000);
    assert_int_equal(*q.read, 7);
    __atomic_store_n(value, UINT64_C(0x200000000), __ATOMIC_RELEASE);
    assert_true(rig_drained(&q));
    rig_queue_destroy(&q);
}

static void test_release_mem(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64);
    const uint32_t *words = rig_host(rig, to);
    uint64_t clock;

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    PM4(&q, P3(0x46, 1), 7 | 4 << 8, P3(0x58, 7), 0, 0, 0, 0, 0, 0, 0x4280, /* flush, acquire */
        P3(0x49, 7), 40 | 5 << 8, 1u << 29, VA(to), 42, 0, 0,               /* 32 bits */
        P3(0x49, 7), 40 | 5 << 8, 2u << 29 | 2 << 24, VA(to + 8), 1, 2, 31, /* 64 and interrupt */
        P3(0x49, 7), 40 | 5 << 8, 3u << 29, VA(to + 16), 0, 0, 0);          /* clock */
    assert_int_equal(words[0], 42);
    assert_int_equal(words[2], 1);
    assert_int_equal(words[3], 2);
    assert_true(rig_wait_count(&rig->interrupts[31], 1));
    memcpy(&clock, &words[4], 8);
    assert_in_range(soft_device_clock(&rig->device) - clock, 0, 1000000000);
    rig_queue_destroy(&q);
}

static void test_flow(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64), flag = rig_alloc(rig, 64, 64);
    uint64_t ib = rig_alloc(rig, 256, 64), next = rig_alloc(rig, 256, 64);
    const uint32_t chain[] = {P3(0x37, 4),           5 << 8, VA(to), 1, P3(0x3f, 3), VA(next),
                              5 | 1 << 20 | 1 << 23, 0xdead};
    const uint32_t chained[] = {P3(0x37, 4), 5 << 8, VA(to + 4), 2};
    const uint32_t *words = rig_host(rig, to);

    memcpy(rig_host(rig, ib), chain, sizeof(chain));
    memcpy(rig_host(rig, next), chained, sizeof(chained));
    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    PM4(&q, 0x80000000, P3(0x10, 0x4000), P3(0x10, 2), 0, 0, P3(0x3f, 3), VA(ib), 10 | 1 << 23,
        P3(0x22, 4), VA(flag), 0, 5, P3(0x37, 4), 5 << 8, VA(to + 8), 3, /* skipped */
        P3(0x37, 4), 5 << 8, VA(to + 12), 4);
    assert_int_equal(words[0], 1);
    assert_int_equal(words[1], 2);
    assert_int_equal(words[2], 0);
    assert_int_equal(words[3], 4);
    rig_queue_destroy(&q);
}

static void test_ring_wraps(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64);

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    for (uint32_t i = 1; i < 1500; i++) {
        PM4(&q, P3(0x37, 6), 5 << 8, VA(to), i, i + 1, i + 2);
        assert_int_equal(((uint32_t *)rig_host(rig, to))[2], i + 2);
    }
    rig_queue_destroy(&q);
}

/* ---- dispatches by registers ---- */

enum { NUM_THREAD_X = 0x207, PGM_LO = 0x20c, RSRC1 = 0x212, USER_DATA = 0x240, START = 0x204 };

static uint64_t fill_code(struct rig *rig)
{
    uint64_t code = rig_alloc(rig, sizeof(program_fill), 256);

    memcpy(rig_host(rig, code), program_fill, sizeof(program_fill));
    return code;
}

static void check_fill(struct rig *rig, uint64_t buffer, unsigned first, unsigned count)
{
    const uint32_t *words = rig_host(rig, buffer);

    for (unsigned i = 0; i < first; i++)
        assert_int_equal(words[i], 0);
    for (unsigned i = first; i < first + count; i++)
        assert_int_equal(words[i], 3 * i + 1);
    assert_int_equal(words[first + count], 0);
}

static void set_kernel(struct rig *rig, struct rig_queue *q, uint64_t code, uint64_t kernarg)
{
    (void)rig;
    PM4(q, P3(0x76, 4), NUM_THREAD_X, 64, 1, 1, P3(0x76, 3), PGM_LO, LO(code >> 8), HI(code >> 8),
        P3(0x76, 3), RSRC1, 2, 2 << 1 | RIG_GROUP_X, P3(0x76, 3), USER_DATA, VA(kernarg),
        P3(0x76, 4), START, 0, 0, 0);
}

static void test_dispatch(void **state)
{
    enum { ENABLE = 1, PARTIAL = 2, THREADS = 1 << 5, WAVE32 = 1 << 15 };
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t code = fill_code(rig), kernarg = rig_alloc(rig, 64, 64);
    uint64_t buffers[4], args = rig_alloc(rig, 64, 64);

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    set_kernel(rig, &q, code, kernarg);
    for (unsigned i = 0; i < 4; i++)
        buffers[i] = rig_alloc(rig, 64 * 64 * 4 + 64, 64);
    memcpy(rig_host(rig, kernarg), &buffers[0], 8);
    PM4(&q, P3(0x15, 4), 10, 1, 1, ENABLE | WAVE32);
    check_fill(rig, buffers[0], 0, 640);
    memcpy(rig_host(rig, kernarg), &buffers[1], 8); /* in work-items, with a partial workgroup */
    PM4(&q, P3(0x15, 4), 100, 1, 1, ENABLE | WAVE32 | THREADS | PARTIAL);
    check_fill(rig, buffers[1], 0, 100);
    memcpy(rig_host(rig, kernarg), &buffers[2], 8); /* workgroups 2 to 4 */
    PM4(&q, P3(0x76, 2), START, 2, P3(0x15, 4), 5, 1, 1, ENABLE | WAVE32);
    check_fill(rig, buffers[2], 128, 192);
    memcpy(rig_host(rig, kernarg), &buffers[3], 8);
    memcpy(rig_host(rig, args), (uint32_t[]){3, 1, 1}, 12);
    PM4(&q, P3(0x76, 2), START, 0, P3(0x16, 3), VA(args), ENABLE | WAVE32);
    check_fill(rig, buffers[3], 0, 192);
    PM4(&q, P3(0x15, 4), 0, 1, 1, ENABLE | WAVE32); /* nothing to do */
    rig_queue_destroy(&q);
}

static void test_vendor_packet(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64), ib = rig_alloc(rig, 64, 64), done = rig_signal(rig, 1);
    const uint32_t code[] = {P3(0x58, 7), 0, 0, 0, 0, 0, 0, 0x4281, P3(0x37, 4), 5 << 8, VA(to), 6};
    union aql_packet packet = {.pm4_ib = {.header = AQL_VENDOR_SPECIFIC,
                                          .format = AQL_AMD_PM4_IB,
                                          .ib_jump = {P3(0x3f, 3), VA(ib), 13 | 1 << 23},
                                          .remaining_dwords = 10,
                                          .completion_signal = done}};

    memcpy(rig_host(rig, ib), code, sizeof(code));
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait(rig, done, 0));
    assert_int_equal(*(uint32_t *)rig_host(rig, to), 6);
    assert_int_equal(*q.read, 1);
    rig_queue_destroy(&q);
}

static void expect_stop(struct rig *rig, const uint32_t *dwords, unsigned count)
{
    unsigned before = atomic_load(&rig->queue_faults);
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_PM4, &q);
    rig_put(&q, dwords, count);
    assert_true(rig_wait_count(&rig->queue_faults, before + 1));
    assert_string_equal(rig->fault.engine, "pm4");
    rig_queue_destroy(&q);
}

#define EXPECT_STOP(rig, ...)                                                                      \
    do {                                                                                           \
        const uint32_t dwords_[] = {__VA_ARGS__};                                                  \
        expect_stop(rig, dwords_, sizeof(dwords_) / 4);                                            \
    } while (0)

static void test_refused_packets(void **state)
{
    struct rig *rig = *state;
    uint64_t to = rig_alloc(rig, 64, 64), self = rig_alloc(rig, 64, 64);
    const uint32_t again[] = {P3(0x3f, 3), VA(self), 4 | 1 << 23};

    memcpy(rig_host(rig, self), again, sizeof(again));
    EXPECT_STOP(rig, P3(0xee, 1), 0);                     /* unknown */
    EXPECT_STOP(rig, P3(0xa2, 6), 0, 0, 0, 0, 0, 0);      /* the kernel's */
    EXPECT_STOP(rig, 0x00010203, 0, 0);                   /* type 0 */
    EXPECT_STOP(rig, P3(0x37, 4), 0 << 8, VA(to), 1);     /* WRITE_DATA to a register */
    EXPECT_STOP(rig, P3(0x3c, 6), 3, VA(to), 0, 0, 0);    /* wait for a register */
    EXPECT_STOP(rig, P3(0x76, 2), 0x400, 0);              /* no such register */
    EXPECT_STOP(rig, P3(0x37, 5), 5 << 8, VA(to));        /* cut short */
    EXPECT_STOP(rig, P3(0x3f, 3), VA(self), 4 | 1 << 23); /* endless nesting */
    EXPECT_STOP(rig, P3(0x15, 4), 1, 1, 1, 1);            /* workgroup of 0 work-items */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_write_and_copy_data),
        SUITE_TEST(test_dma_and_atomics),
        SUITE_TEST(test_waits),
        SUITE_TEST(test_release_mem),
        SUITE_TEST(test_flow),
        SUITE_TEST(test_ring_wraps),
        SUITE_TEST(test_dispatch),
        SUITE_TEST(test_vendor_packet),
        SUITE_TEST(test_refused_packets),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
