/* SPDX-License-Identifier: MIT */
#include "base/grace.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* One per thread that ever entered a section. Records are reused, never freed, so that a scan
 * needs no lock. */
struct reader {
    _Atomic uint64_t period; /* the period it has seen; 0 = outside */
    _Atomic(const void *) owner;
    unsigned depth; /* owning thread only */
    atomic_bool taken;
    struct reader *next; /* set once */
} __attribute__((aligned(64)));

static _Atomic uint64_t current_period = 1;
static _Atomic(struct reader *) readers;
static _Thread_local struct reader *my_reader;
static pthread_key_t exit_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Entering a section needs a full barrier between saying so and looking at anything. The many who
 * enter leave it to the few who wait: membarrier(2) makes every running thread of the process
 * execute one. Set once, before the first section; where the kernel lacks it, sections pay. */
static atomic_bool writers_pay;

static void reader_retire(void *record)
{
    struct reader *reader = record;

    atomic_store(&reader->period, 0);
    atomic_store(&reader->taken, false);
}

/* The child of a fork has one thread: sections of the others will never be left. */
static void forget_other_threads(void)
{
    for (struct reader *r = atomic_load(&readers); r; r = r->next)
        if (r != my_reader)
            reader_retire(r);
}

static void prepare(void)
{
    if (pthread_key_create(&exit_key, reader_retire) != 0)
        rw_warn(base, "no thread key left: records of threads that end are not reused");
    pthread_atfork(NULL, NULL, forget_other_threads);
    writers_pay = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* Early, because registering takes the kernel a moment once there are threads. */
__attribute__((constructor)) static void prepare_early(void)
{
    pthread_once(&once, prepare);
}

/* Every other thread passes a full barrier between here and the return. */
static void barrier_everywhere(void)
{
    if (!atomic_load_explicit(&writers_pay, memory_order_relaxed))
        return;
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
        return;
    /* A sandbox that was closed meanwhile. What has been stored so far is visible long before
     * 10 ms are over; from now on sections see to it themselves. */
    if (atomic_exchange(&writers_pay, false))
        rw_warn(base, "membarrier() is not allowed any more (%s): lookups become slower",
                strerror(errno));
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static struct reader *reader_reuse(void)
{
    for (struct reader *r = atomic_load(&readers); r; r = r->next) {
        bool free_one = false;

        if (atomic_compare_exchange_strong(&r->taken, &free_one, true))
            return r;
    }
    return NULL;
}

static struct reader *reader_create(void)
{
    struct reader *reader = aligned_alloc(64, sizeof *reader);

    if (!reader) {
        /* There is no way to go on safely without a record, and no caller that could fail. */
        rw_error(base, "no memory for a thread's %zu-byte grace record", sizeof *reader);
        abort();
    }
    *reader = (struct reader){.taken = true};
    reader->next = atomic_load(&readers);
    while (!atomic_compare_exchange_weak(&readers, &reader->next, reader))
        continue;
    return reader;
}

static struct reader *reader_get(void)
{
    if (__builtin_expect(!my_reader, 0)) {
        pthread_once(&once, prepare);
        my_reader = reader_reuse();
        if (!my_reader)
            my_reader = reader_create();
        my_reader->depth = 0;
        pthread_setspecific(exit_key, my_reader);
    }
    return my_reader;
}

/* Says that the section holds what is reachable from now on. */
static inline void reader_announce(struct reader *reader)
{
    uint64_t period = atomic_load_explicit(&current_period, memory_order_acquire);

    if (__builtin_expect(atomic_load_explicit(&writers_pay, memory_order_relaxed), 1)) {
        atomic_store_explicit(&reader->period, period, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst); /* the compiler keeps the order, too */
    } else {
        /* An exchange, because it is a full barrier on x86-64: either a writer that scans sees
         * this section, or what the section finds is what the writer has left. */
        atomic_exchange(&reader->period, period);
    }
}

void grace_enter(const void *owner)
{
    struct reader *reader = reader_get();

    if (reader->depth++ > 0)
        return;
    atomic_store_explicit(&reader->owner, owner, memory_order_relaxed);
    reader_announce(reader);
}

void grace_leave(void)
{
    struct reader *reader = my_reader;

    if (--reader->depth == 0)
        atomic_store_explicit(&reader->period, 0, memory_order_release);
}

void grace_pass(void)
{
    struct reader *reader = my_reader;

    if (reader && reader->depth == 1)
        reader_announce(reader);
}

uint64_t grace_start(void)
{
    uint64_t period = atomic_fetch_add(&current_period, 1) + 1;

    pthread_once(&once, prepare);
    barrier_everywhere();
    return period;
}

bool grace_is_over(uint64_t period, const void *owner)
{
    for (struct reader *r = atomic_load(&readers); r; r = r->next) {
        uint64_t seen = atomic_load(&r->period);

        if (seen == 0 || seen >= period || r == my_reader)
            continue;
        /* A reader without an owner may hold anything. */
        const void *its_owner = atomic_load_explicit(&r->owner, memory_order_relaxed);
        if (!owner || !its_owner || its_owner == owner)
            return false;
    }
    return true;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool grace_wait(uint64_t period, const void *owner, unsigned timeout_ms)
{
    uint64_t deadline = 0;

    for (unsigned spins = 0; !grace_is_over(period, owner); spins++) {
        if (spins < 64) {
            sched_yield();
            continue;
        }
        if (!deadline)
            deadline = now_ms() + timeout_ms;
        else if (now_ms() >= deadline)
            return grace_is_over(period, owner);
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    return true;
}
