/* SPDX-License-Identifier: MIT
 *
 * Packets on SDMA queues, for the tests of them.
 */
#ifndef TESTS_UNIT_CP_SDMA_RING_H
#define TESTS_UNIT_CP_SDMA_RING_H

#include "suite.h"

#include <stdlib.h>

#define LO(x) (uint32_t)(x)
#define HI(x) (uint32_t)((uint64_t)(x) >> 32)
#define VA(x) LO(x), HI(x)

/* Puts dwords and waits until they have been executed. */
#define SDMA(q, ...)                                                                               \
    do {                                                                                           \
        const uint32_t dwords_[] = {__VA_ARGS__};                                                  \
        rig_put(q, dwords_, sizeof(dwords_) / 4);                                                  \
        assert_true(rig_drained(q));                                                               \
    } while (0)

/* On a queue of its own, which the packet stops: for memory, or for what it asks. */
static inline void expect_stop(struct rig *rig, const uint32_t *dwords, unsigned count, bool memory)
{
    atomic_uint *counter = memory ? &rig->memory_faults : &rig->queue_faults;
    unsigned before = atomic_load(counter);
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    rig_put(&q, dwords, count);
    assert_true(rig_wait_count(counter, before + 1));
    assert_string_equal(rig->fault.engine, "sdma");
    assert_int_equal(*q.read, 0);
    rig_queue_destroy(&q);
}

#define EXPECT_STOP(rig, memory, ...)                                                              \
    do {                                                                                           \
        const uint32_t dwords_[] = {__VA_ARGS__};                                                  \
        expect_stop(rig, dwords_, sizeof(dwords_) / 4, memory);                                    \
    } while (0)

static inline void fill_random(void *data, size_t size)
{
    uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random();
}

#endif
