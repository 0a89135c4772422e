/* SPDX-License-Identifier: MIT
 *
 * SDMA queues: every packet, streams that wrap, and what is refused.
 */
#include "sdma_ring.h"

static void test_copy_linear(void **state)
{
    static const uint32_t sizes[] = {1, 3, 4, 63, 64, 4096, 65537, 0x3fffe0, 5 << 20};
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t from = rig_alloc(rig, 5 << 20, 4096), to = rig_alloc(rig, (5 << 20) + 64, 4096);
    uint8_t *target = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    fill_random(rig_host(rig, from), 5 << 20);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(target, 0, (5 << 20) + 64);
        SDMA(&q, 1, sizes[i] - 1, 0, VA(from), VA(to + 3));
        assert_memory_equal(target + 3, rig_host(rig, from), sizes[i]);
        assert_int_equal(target[2], 0);
        assert_int_equal(target[3 + sizes[i]], 0);
    }
    SDMA(&q, 1 | 1u << 27, 99, 0, VA(from), VA(to), VA(to + 4096)); /* broadcast */
    assert_memory_equal(target, rig_host(rig, from), 100);
    assert_memory_equal(target + 4096, rig_host(rig, from), 100);
    rig_queue_destroy(&q);
}

/* Against the same copy done element by element. */
static void test_copy_subwindow(void **state)
{
    enum { ELEMENT = 2, X = 5, Y = 3, Z = 2 };
    const struct {
        unsigned pitch, slice, x, y, z;
    } s = {16, 200, 3, 2, 1}, d = {24, 300, 1, 4, 0}; /* in elements */
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t from = rig_alloc(rig, 8192, 64), to = rig_alloc(rig, 8192, 64);
    uint32_t expected[2048] = {0};
    const uint32_t *source = rig_host(rig, from);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    fill_random(rig_host(rig, from), 8192);
    for (unsigned z = 0; z < Z; z++)
        for (unsigned y = 0; y < Y; y++)
            for (unsigned x = 0; x < X; x++)
                expected[(d.z + z) * d.slice + (d.y + y) * d.pitch + d.x + x] =
                    source[(s.z + z) * s.slice + (s.y + y) * s.pitch + s.x + x];
    SDMA(&q, 1 | 4 << 8 | (uint32_t)ELEMENT << 29, VA(from), s.x | s.y << 16,
         s.z | (s.pitch - 1) << 13, s.slice - 1, VA(to), d.x | d.y << 16, d.z | (d.pitch - 1) << 13,
         d.slice - 1, (X - 1) | (Y - 1) << 16, Z - 1);
    assert_memory_equal(rig_host(rig, to), expected, sizeof(expected));
    rig_queue_destroy(&q);
}

static void test_constant_fill(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 65536, 64);
    uint32_t *words = rig_host(rig, to);
    uint8_t *bytes = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    /* ROCr counts (dwords - 1) * 4, Mesa bytes - 1: both mean the same. */
    SDMA(&q, 11 | 2u << 30, VA(to), 0xdeadbeef, (3000 - 1) * 4);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(words[i], 0xdeadbeef);
    assert_int_equal(words[3000], 0);
    SDMA(&q, 11 | 2u << 30, VA(to), 0x01020304, 8 - 1);
    assert_int_equal(words[1], 0x01020304);
    assert_int_equal(words[2], 0xdeadbeef);
    SDMA(&q, 11, VA(to), 0xaabbccdd, 3 - 1); /* bytes */
    assert_int_equal(words[0], 0x01dddddd);
    SDMA(&q, 11 | 1u << 30, VA(to + 16), 0xaabbccdd, 6 - 1); /* 16-bit words */
    assert_int_equal(words[4], 0xccddccdd);
    assert_int_equal(bytes[22], 0xad);
    rig_queue_destroy(&q);
}

static void test_fence_and_trap(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    SDMA(&q, 5 | 3 << 16, VA(to + 4), 0x12345678, 6, 23);
    assert_int_equal(((uint32_t *)rig_host(rig, to))[1], 0x12345678);
    assert_true(rig_wait_count(&rig->interrupts[23], 1));
    rig_queue_destroy(&q);
}

static void test_poll_waits(void **state)
{
    static const struct {
        uint32_t function, reference, mask, before, after;
    } cases[] = {
        {3, 5, ~0u, 4, 5}, {4, 5, ~0u, 5, 6}, {1, 5, ~0u, 5, 4},       {2, 5, ~0u, 6, 5},
        {5, 5, ~0u, 4, 5}, {6, 5, ~0u, 5, 6}, {3, 5, 0xf, 0x16, 0xf5},
    };
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t on = rig_alloc(rig, 64, 64), to = rig_alloc(rig, 64, 64);
    uint32_t *value = rig_host(rig, on), *done = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t dwords[] = {8 | cases[i].function << 28 | 1u << 31,
                             VA(on),
                             cases[i].reference,
                             cases[i].mask,
                             0x0fff0004,
                             5,
                             VA(to),
                             i + 1};

        __atomic_store_n(value, cases[i].before, __ATOMIC_RELEASE);
        rig_put(&q, dwords, sizeof(dwords) / 4);
        rig_sleep_us(1000);
        assert_int_equal(__atomic_load_n(done, __ATOMIC_ACQUIRE), i);
        __atomic_store_n(value, cases[i].after, __ATOMIC_RELEASE);
        assert_true(rig_drained(&q));
        assert_int_equal(__atomic_load_n(done, __ATOMIC_ACQUIRE), i + 1);
    }
    SDMA(&q, 8 | 3 << 28 | 1 << 26, 0, 0, 1, 1, 0); /* HDP flush */
    SDMA(&q, 8, 0, 0x80000000, 0, 0, 0);            /* the same, as ROCr 6 spells it */
    rig_queue_destroy(&q);
}

static void test_atomics(void **state)
{
    static const struct {
        unsigned operation;
        uint64_t before, operand, compare, after;
    } cases[] = {
        {0x2f, 5, ~0ull, 0, 4},      {0x0f, 0xffffffff, 1, 0, 0}, {0x27, 1, 2, 0, 2},
        {0x28, 7, 9, 7, 9},          {0x28, 8, 9, 7, 8},          {0x30, 5, 7, 0, ~1ull},
        {0x31, ~0ull, 1, 0, ~0ull},  {0x32, ~0ull, 1, 0, 1},      {0x33, ~0ull, 1, 0, 1},
        {0x34, ~0ull, 1, 0, ~0ull},  {0x35, 0xff, 0x0f, 0, 0x0f}, {0x36, 0xf0, 0x0f, 0, 0xff},
        {0x37, 0xff, 0x0f, 0, 0xf0}, {0x38, 5, 5, 0, 0},          {0x38, 4, 5, 0, 5},
        {0x39, 0, 5, 0, 5},          {0x39, 9, 5, 0, 5},          {0x39, 3, 5, 0, 2},
        {0x6f, 5, 3, 0, 8}, /* without return */
    };
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t on = rig_alloc(rig, 64, 64);
    uint64_t *value = rig_host(rig, on);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        *value = cases[i].before;
        SDMA(&q, 10 | cases[i].operation << 25, VA(on), VA(cases[i].operand), VA(cases[i].compare),
             0);
        assert_int_equal(*value, cases[i].after);
    }
    rig_queue_destroy(&q);
}

static void test_atomic_loop_waits_for_its_comparand(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t on = rig_alloc(rig, 64, 64);
    uint64_t *value = rig_host(rig, on);
    const uint32_t dwords[] = {10 | 1 << 16 | 0x28u << 25, VA(on), 9, 0, 7, 0, 10};

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    rig_put(&q, dwords, 8);
    rig_sleep_us(1000);
    assert_int_equal(*q.read, 0);
    __atomic_store_n(value, 7, __ATOMIC_RELEASE);
    assert_true(rig_drained(&q));
    assert_int_equal(*value, 9);
    rig_queue_destroy(&q);
}

static void test_timestamps(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64);
    uint64_t *ticks = rig_host(rig, to), before = soft_device_clock(&rig->device);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    SDMA(&q, 13 | 2 << 8, VA(to), 13 | 1 << 8, VA(to + 8));
    assert_in_range(ticks[0], before, ticks[1]);
    assert_in_range(ticks[1], ticks[0], soft_device_clock(&rig->device));
    rig_queue_destroy(&q);
}

static void test_write_nop_gcr(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64);
    const uint32_t *words = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    SDMA(&q, 0, 0, 0 | 2 << 16, 0xffffffff, 0xffffffff, 17 | 1 << 8, 0, 0, 0, 0, 2, VA(to), 3 - 1,
         11, 22, 33);
    assert_int_equal(words[0], 11);
    assert_int_equal(words[1], 22);
    assert_int_equal(words[2], 33);
    assert_int_equal(words[3], 0);
    rig_queue_destroy(&q);
}

static void test_conditional_execution(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64), flag = rig_alloc(rig, 64, 64);
    const uint32_t *words = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    *(uint32_t *)rig_host(rig, flag) = 1;
    SDMA(&q, 9, VA(flag), 1, 4, 5, VA(to), 11, 9, VA(flag), 0, 4, 5, VA(to + 4), 22, 5, VA(to + 8),
         33);
    assert_int_equal(words[0], 11);
    assert_int_equal(words[1], 0); /* skipped */
    assert_int_equal(words[2], 33);
    rig_queue_destroy(&q);
}

static void test_indirect_buffer(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64), ib = rig_alloc(rig, 64, 64);
    const uint32_t fences[] = {5, VA(to), 1, 5, VA(to + 4), 2};
    const uint32_t *words = rig_host(rig, to);

    memcpy(rig_host(rig, ib), fences, sizeof(fences));
    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    SDMA(&q, 4, VA(ib), 8, 0, 0, 5, VA(to + 8), 3);
    assert_int_equal(words[0], 1);
    assert_int_equal(words[1], 2);
    assert_int_equal(words[2], 3);
    rig_queue_destroy(&q);
}

/* 13-dword packets in a ring of 1024 dwords meet its end at every place. */
static void test_packets_wrap(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t from = rig_alloc(rig, 4096, 64), to = rig_alloc(rig, 4096, 64);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    for (uint32_t i = 0; i < 2000; i++) {
        *(uint32_t *)rig_host(rig, from) = i + 1;
        SDMA(&q, 1 | 4 << 8 | 2u << 29, VA(from), 0, 15 << 13, 15, VA(to), 0, 15 << 13, 15, 0, 0);
        assert_int_equal(*(uint32_t *)rig_host(rig, to), i + 1);
    }
    for (uint32_t i = 0; i < 1100; i++) { /* trailing data too */
        SDMA(&q, 2, VA(to), 2 - 1, i, ~i);
        assert_int_equal(((uint32_t *)rig_host(rig, to))[1], ~i);
    }
    assert_int_equal(*q.read, *q.write);
    rig_queue_destroy(&q);
}

/* A queue whose program rings without writing the pointer in memory. */
static void test_doorbell_alone_is_enough(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    uint64_t to = rig_alloc(rig, 64, 64);
    const uint32_t fence[] = {5, VA(to), 99};

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    memcpy(rig_host(rig, q.ring), fence, sizeof(fence));
    __atomic_store_n(&q.doorbell, sizeof(fence), __ATOMIC_RELEASE);
    cp_queue_ring(q.queue);
    for (unsigned i = 0; i < 1000 && __atomic_load_n(q.read, __ATOMIC_ACQUIRE) == 0; i++)
        rig_sleep_us(1000);
    assert_int_equal(*q.read, sizeof(fence));
    assert_int_equal(*(uint32_t *)rig_host(rig, to), 99);
    rig_queue_destroy(&q);
}

static void test_refused_packets(void **state)
{
    struct rig *rig = *state;
    uint64_t to = rig_alloc(rig, 64, 64);

    EXPECT_STOP(rig, false, 99);                              /* unknown */
    EXPECT_STOP(rig, false, 0x00005501);                      /* unknown kind of copy */
    EXPECT_STOP(rig, false, 1 | 1 << 8);                      /* tiled, of no published meaning */
    EXPECT_STOP(rig, false, 14, 0, 0);                        /* register write */
    EXPECT_STOP(rig, false, 12, VA(to), 0, 0, 0, 0, 0, 0, 0); /* page tables */
    EXPECT_STOP(rig, false, 8 | 3 << 28, VA(to), 0, 0, 0);    /* register poll */
    EXPECT_STOP(rig, false, 10 | 0x3fu << 25, VA(to), 0, 0, 0, 0, 0);
    EXPECT_STOP(rig, false, 1, 3, 1 << 16, VA(to), VA(to)); /* endian swap */
    EXPECT_STOP(rig, false, 5, LO(to));                     /* cut short */
    EXPECT_STOP(rig, false, 11 | 3u << 30, VA(to), 0, 3);   /* 8-byte fill */
}

static void test_page_faults(void **state)
{
    struct rig *rig = *state;
    uint64_t to = rig_alloc(rig, 64, 64), none = rig_unmapped_va();
    uint64_t page = rig_map_page(rig, GPU_VM_PAGE_READABLE);

    EXPECT_STOP(rig, true, 1, 3, 0, VA(none), VA(to));
    assert_int_equal(rig->fault.isa.va, none);
    assert_int_equal(rig->fault.isa.access, ISA_ACCESS_READ);
    EXPECT_STOP(rig, true, 1, 3, 0, VA(to), VA(none));
    assert_int_equal(rig->fault.isa.access, ISA_ACCESS_WRITE);
    EXPECT_STOP(rig, true, 5, VA(page), 1);
    assert_int_equal(rig->fault.isa.kind, ISA_FAULT_PROTECTION);
    EXPECT_STOP(rig, true, 1, 4096 - 1 + 4, 0, VA(page), VA(to)); /* beyond the page's end */
    assert_int_equal(rig->fault.isa.va, page + 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_copy_linear),
        SUITE_TEST(test_copy_subwindow),
        SUITE_TEST(test_constant_fill),
        SUITE_TEST(test_fence_and_trap),
        SUITE_TEST(test_poll_waits),
        SUITE_TEST(test_atomics),
        SUITE_TEST(test_atomic_loop_waits_for_its_comparand),
        SUITE_TEST(test_timestamps),
        SUITE_TEST(test_write_nop_gcr),
        SUITE_TEST(test_conditional_execution),
        SUITE_TEST(test_indirect_buffer),
        SUITE_TEST(test_packets_wrap),
        SUITE_TEST(test_doorbell_alone_is_enough),
        SUITE_TEST(test_refused_packets),
        SUITE_TEST(test_page_faults),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
