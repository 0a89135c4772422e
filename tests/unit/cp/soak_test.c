/* SPDX-License-Identifier: MIT
 *
 * Many dispatches, many queues, and the whole way of a doorbell: nothing leaks, nothing is lost.
 */
#include "suite.h"

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "softgpu/device/doorbell.h"

static unsigned entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void run_dispatches(struct rig *rig, struct rig_queue *q, unsigned count)
{
    uint64_t done = rig_signal(rig, count), buffer = rig_alloc(rig, 64 * 64 * 4, 64);
    uint64_t kernarg = rig_alloc(rig, 64, 64);
    uint64_t kernels[2] = {RIG_KERNEL(rig, nothing), RIG_KERNEL(rig, fill)};

    memcpy(rig_host(rig, kernarg), &buffer, 8);
    for (unsigned i = 0; i < count; i++) {
        union aql_packet packet =
            rig_dispatch(kernels[i % 2], 64, 64 * (1 + i % 7 * 9), kernarg, done);

        rig_aql_put(q, &packet);
    }
    assert_true(rig_wait(rig, done, 0));
}

static void test_ten_thousand_dispatches(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    run_dispatches(rig, &q, 500);
    size_t heap = heap_in_use();
    unsigned fds = entries("/proc/self/fd"), threads = entries("/proc/self/task");

    run_dispatches(rig, &q, 10000);
    assert_int_equal(entries("/proc/self/fd"), fds);
    assert_int_equal(entries("/proc/self/task"), threads);
    assert_true(heap_in_use() < heap + 1000000);
    rig_queue_destroy(&q);
}

static void test_queues_come_and_go(void **state)
{
    struct rig *rig = *state;
    unsigned threads = entries("/proc/self/task");
    uint64_t used = rig->used;

    for (unsigned i = 0; i < 300; i++) {
        struct rig_queue q;

        rig->used = used;
        memset(rig_host(rig, rig_alloc(rig, 8, 8)), 0, 1 << 20);
        rig->used = used;
        rig_queue_create(rig, (enum cp_queue_type)(i % 3), &q);
        if (i % 3 == CP_QUEUE_AQL)
            run_dispatches(rig, &q, 3);
        rig_queue_destroy(&q);
    }
    assert_int_equal(entries("/proc/self/task"), threads);
}

/* ---- the way of a doorbell ---- */

struct process { /* what a KFD process is to its queues */
    struct doorbell_slice *slice;
    struct rig_queue *queues;
    unsigned count;
};

static void process_ring(void *context)
{
    struct process *process = context;
    bool idle = true;

    for (unsigned i = 0; i < process->count; i++) {
        cp_queue_ring(process->queues[i].queue);
        idle &= cp_queue_is_idle(process->queues[i].queue);
    }
    if (!idle)
        return;
    doorbell_slice_arm(process->slice);
    for (unsigned i = 0; i < process->count; i++)
        cp_queue_ring(process->queues[i].queue);
}

/* Two queues of one process; the program only ever stores to doorbells. */
static void test_doorbells_wake_queues(void **state)
{
    struct rig *rig = *state;
    struct rig_queue queues[2];
    struct process process = {.queues = queues};
    volatile uint64_t *doorbells;
    uint64_t kernel = RIG_KERNEL(rig, nothing);
    void *address;

    for (unsigned i = 0; i < 2; i++)
        rig_queue_create(rig, CP_QUEUE_AQL, &queues[i]);
    process.count = 2;
    assert_true(rw_ok(doorbell_slice_create(process_ring, &process, &process.slice)));
    assert_true(rw_ok(doorbell_slice_mmap(process.slice, NULL, DOORBELL_SLICE_BYTES,
                                          PROT_READ | PROT_WRITE, MAP_SHARED, &address)));
    doorbells = address;
    for (unsigned i = 0; i < 400; i++) {
        struct rig_queue *q = &queues[i % 3 == 0];
        uint64_t done = rig_signal(rig, 1), index = *q->write;
        union aql_packet packet = rig_dispatch(kernel, 32, 32, 0, done);
        uint32_t *slot = rig_host(rig, q->ring + index % 64 * 64);

        memcpy(slot + 1, packet.dwords + 1, 60);
        __atomic_store_n(q->write, index + 1, __ATOMIC_RELEASE);
        __atomic_store_n(slot, packet.dwords[0], __ATOMIC_RELEASE);
        __atomic_store_n(&doorbells[i % 3 == 0], index, __ATOMIC_RELEASE);
        assert_true(rig_wait(rig, done, 0));
        rig_sleep_us(i % 11 * 40);
    }
    doorbell_slice_destroy(process.slice);
    munmap(address, DOORBELL_SLICE_BYTES);
    for (unsigned i = 0; i < 2; i++)
        rig_queue_destroy(&queues[i]);
}

/* ---- everything at once ---- */

struct client {
    struct rig *rig;
    struct rig_queue q;
    uint64_t kernel, kernarg, done;
    pthread_t thread;
};

static void *client_main(void *argument)
{
    struct client *c = argument;

    for (unsigned i = 0; i < 300; i++) {
        union aql_packet packet =
            rig_dispatch(c->kernel, 64, 64 * (1 + i % 20), c->kernarg, c->done);

        rig_aql_put(&c->q, &packet);
        if (i % 50 == 49) {
            cp_queue_suspend(c->q.queue);
            cp_queue_resume(c->q.queue);
        }
    }
    return NULL;
}

static void test_queues_in_parallel(void **state)
{
    enum { CLIENTS = 4 };
    struct rig *rig = *state;
    struct client clients[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *c = &clients[i];
        uint64_t buffer = rig_alloc(rig, 65536, 64);

        c->rig = rig;
        c->kernel = RIG_KERNEL(rig, fill);
        c->kernarg = rig_alloc(rig, 64, 64);
        c->done = rig_signal(rig, 300);
        memcpy(rig_host(rig, c->kernarg), &buffer, 8);
        rig_queue_create(rig, CP_QUEUE_AQL, &c->q);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_true(rig_wait(rig, clients[i].done, 0));
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        rig_queue_destroy(&clients[i].q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_ten_thousand_dispatches),
        SUITE_TEST(test_queues_come_and_go),
        SUITE_TEST(test_doorbells_wake_queues),
        SUITE_TEST(test_queues_in_parallel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
