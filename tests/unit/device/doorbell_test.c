/* SPDX-License-Identifier: MIT
 *
 * Doorbells: a store wakes the watcher when the slice is armed, and only then; no store is lost;
 * mappings come and go as the program likes; an armed slice costs no CPU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "softgpu/device/doorbell.h"

struct bell {
    struct doorbell_slice *slice;
    volatile uint64_t *user, *host;
    atomic_uint rings;
    atomic_bool arm;            /* arm from inside ring, as an owner of idle queues does */
    _Atomic uint64_t last_seen; /* doorbell 0 at the last ring */
};

static uint64_t bell_value(struct bell *bell)
{
    return __atomic_load_n(&bell->host[0], __ATOMIC_RELAXED);
}

static void bell_write(volatile uint64_t *bell, uint64_t value)
{
    __atomic_store_n(bell, value, __ATOMIC_RELAXED);
}

static void bell_ring(void *context)
{
    struct bell *bell = context;

    atomic_fetch_add(&bell->rings, 1);
    atomic_store(&bell->last_seen, bell_value(bell));
    if (!atomic_load(&bell->arm))
        return;
    doorbell_slice_arm(bell->slice);
    atomic_store(&bell->last_seen, bell_value(bell));
}

static volatile uint64_t *bell_map(struct bell *bell)
{
    void *address;

    assert_true(rw_ok(doorbell_slice_mmap(bell->slice, NULL, DOORBELL_SLICE_BYTES,
                                          PROT_READ | PROT_WRITE, MAP_SHARED, &address)));
    return address;
}

static int bell_setup(void **state)
{
    struct bell *bell = calloc(1, sizeof(*bell));

    assert_non_null(bell);
    assert_true(rw_ok(doorbell_slice_create(bell_ring, bell, &bell->slice)));
    bell->host = doorbell_slice_host(bell->slice);
    bell->user = bell_map(bell);
    atomic_store(&bell->arm, true);
    *state = bell;
    return 0;
}

static int bell_teardown(void **state)
{
    struct bell *bell = *state;

    doorbell_slice_destroy(bell->slice);
    munmap((void *)bell->user, DOORBELL_SLICE_BYTES);
    free(bell);
    return 0;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_us(unsigned us)
{
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000l};

    nanosleep(&t, NULL);
}

/* Does the condition come true within two seconds? */
#define COMES_TRUE(condition)                                                                      \
    ({                                                                                             \
        uint64_t end_ = now_ns() + 2000000000u;                                                    \
        while (!(condition) && now_ns() < end_)                                                    \
            sleep_us(50);                                                                          \
        (condition);                                                                               \
    })

/* Armed and quiet: no ring for a while. */
static void bell_settle(struct bell *bell)
{
    unsigned before;

    do {
        before = atomic_load(&bell->rings);
        sleep_us(5000);
    } while (atomic_load(&bell->rings) != before);
}

static void test_store_rings_armed_slice(void **state)
{
    struct bell *bell = *state;

    for (uint64_t i = 1; i <= 50; i++) {
        bell_settle(bell);
        unsigned before = atomic_load(&bell->rings);

        bell_write(bell->user, i);
        assert_true(COMES_TRUE(atomic_load(&bell->rings) != before));
        assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == i));
        assert_int_equal(bell->host[0], i);
    }
}

static void test_unarmed_slice_is_polled(void **state)
{
    struct bell *bell = *state;

    atomic_store(&bell->arm, false);
    bell_write(bell->user, 1); /* disarms */
    assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == 1));
    bell_write(bell->user, 2); /* faults no more */
    assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == 2));
    unsigned before = atomic_load(&bell->rings);

    assert_true(COMES_TRUE(atomic_load(&bell->rings) >= before + 10));
}

static void test_no_store_is_lost(void **state)
{
    struct bell *bell = *state;

    /* Every distance between stores from none to beyond grace and poll times. */
    for (uint64_t i = 1; i <= 2000; i++) {
        bell_write(bell->user, i);
        if (i % 7 == 0)
            assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == i));
        for (volatile unsigned spin = 0; spin < i % 97 * 200; spin++)
            ;
    }
    assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == 2000));
}

static void test_second_mapping_and_gpu_view_ring(void **state)
{
    struct bell *bell = *state;
    volatile uint64_t *second = bell_map(bell);
    volatile uint64_t *gpu = (volatile uint64_t *)(void *)doorbell_slice_gpu(bell->slice);

    bell_settle(bell);
    bell_write(second, 11);
    assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == 11));
    bell_settle(bell);
    bell_write(gpu, 12);
    assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == 12));
    munmap((void *)second, DOORBELL_SLICE_BYTES);
}

static void test_unmapped_and_mapped_again(void **state)
{
    struct bell *bell = *state;
    void *old = (void *)bell->user, *address;

    /* Half of the mapping goes: the other half still rings. (Something else is mapped in its place
     * at once, so that no other thread's memory gets there.) */
    assert_ptr_not_equal(mmap((uint8_t *)old + 4096, 4096, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                         MAP_FAILED);
    for (uint64_t i = 1; i <= 5; i++) {
        bell_write(bell->user, i);
        assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == i));
        bell_settle(bell);
    }
    /* Other memory takes its place, and then the doorbells again. */
    volatile uint64_t *other = mmap(old, DOORBELL_SLICE_BYTES, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    assert_ptr_equal(other, old);
    bell_settle(bell);
    other[0] = 77;
    sleep_us(2000);
    assert_int_equal(atomic_load(&bell->last_seen), 5);
    assert_true(
        rw_ok(doorbell_slice_mmap(bell->slice, old, DOORBELL_SLICE_BYTES, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_FIXED, &address)));
    assert_ptr_equal(address, old);
    for (uint64_t i = 20; i <= 22; i++) {
        bell_settle(bell);
        bell_write(bell->user, i);
        assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == i));
    }
}

static void test_mmap_wants_the_slice(void **state)
{
    struct bell *bell = *state;
    void *address;

    assert_int_equal(
        doorbell_slice_mmap(bell->slice, NULL, 4096, PROT_WRITE, MAP_SHARED, &address).err, EINVAL);
    assert_int_equal(doorbell_slice_mmap(bell->slice, NULL, DOORBELL_SLICE_BYTES, PROT_WRITE,
                                         MAP_PRIVATE, &address)
                         .err,
                     EINVAL);
}

static void *storm_main(void *argument)
{
    volatile uint64_t *bell = argument;

    for (uint64_t i = 1; i <= 20000; i++)
        __atomic_store_n(bell, i, __ATOMIC_RELAXED);
    return NULL;
}

static void test_several_threads_store(void **state)
{
    struct bell *bell = *state;
    pthread_t threads[3];

    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, storm_main, (void *)&bell->user[500 * i]), 0);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(bell->host[0], 20000);
    assert_int_equal(bell->host[500], 20000);
    assert_int_equal(bell->host[1000], 20000);
    assert_true(COMES_TRUE(atomic_load(&bell->last_seen) == 20000));
}

static void test_destroyed_slice_is_plain_memory(void **state)
{
    struct bell other = {0};

    (void)state;
    assert_true(rw_ok(doorbell_slice_create(bell_ring, &other, &other.slice)));
    other.host = doorbell_slice_host(other.slice);
    other.user = bell_map(&other);
    doorbell_slice_destroy(other.slice);
    bell_write(other.user, 5);
    assert_int_equal(other.user[0], 5);
    assert_int_equal(atomic_load(&other.rings), 0);
    munmap((void *)other.user, DOORBELL_SLICE_BYTES);
}

/* ThreadSanitizer does not let a forked child start threads. */
#ifdef __SANITIZE_THREAD__
#define SKIP_FORK_UNDER_TSAN() skip()
#else
#define SKIP_FORK_UNDER_TSAN() (void)0
#endif

static void test_forked_child_has_doorbells_of_its_own(void **state)
{
    struct bell *bell = *state;
    int status;

    SKIP_FORK_UNDER_TSAN();
    bell_settle(bell);
    pid_t child = fork();

    if (child == 0) {
        struct bell own = {.arm = true};

        if (!rw_ok(doorbell_slice_create(bell_ring, &own, &own.slice)))
            _exit(1);
        own.host = doorbell_slice_host(own.slice);
        own.user = bell_map(&own);
        bell_settle(&own);
        bell_write(own.user, 3);
        _exit(COMES_TRUE(atomic_load(&own.last_seen) == 3) ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* As a container with a strict seccomp profile does. */
static bool userfaultfd_forbid(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void test_without_userfaultfd_slices_are_polled(void **state)
{
    int status;

    (void)state;
    SKIP_FORK_UNDER_TSAN();
    pid_t child = fork();

    if (child == 0) {
        struct bell own = {.arm = true};

        if (!freopen("/dev/null", "w", stderr) || !userfaultfd_forbid() || doorbell_uses_faults())
            _exit(1);
        if (!rw_ok(doorbell_slice_create(bell_ring, &own, &own.slice)))
            _exit(2);
        own.host = doorbell_slice_host(own.slice);
        own.user = bell_map(&own);
        for (uint64_t i = 1; i <= 20; i++) {
            bell_write(own.user, i);
            if (!COMES_TRUE(atomic_load(&own.last_seen) == i))
                _exit(3);
        }
        doorbell_slice_destroy(own.slice);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static uint64_t cpu_ns(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000u +
           ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000u;
}

static void test_armed_slice_costs_nothing(void **state)
{
    struct bell *bell = *state;

    if (!doorbell_uses_faults())
        skip();
    bell_write(bell->user, 1);
    bell_settle(bell);
    uint64_t before = cpu_ns();

    sleep_us(300000);
    assert_in_range(cpu_ns() - before, 0, 3000000); /* below 1 % of a core */
}

int main(void)
{
#define BELL_TEST(name) cmocka_unit_test_setup_teardown(name, bell_setup, bell_teardown)
    const struct CMUnitTest tests[] = {
        BELL_TEST(test_store_rings_armed_slice),
        BELL_TEST(test_unarmed_slice_is_polled),
        BELL_TEST(test_no_store_is_lost),
        BELL_TEST(test_second_mapping_and_gpu_view_ring),
        BELL_TEST(test_unmapped_and_mapped_again),
        BELL_TEST(test_mmap_wants_the_slice),
        BELL_TEST(test_several_threads_store),
        BELL_TEST(test_destroyed_slice_is_plain_memory),
        BELL_TEST(test_forked_child_has_doorbells_of_its_own),
        BELL_TEST(test_without_userfaultfd_slices_are_polled),
        BELL_TEST(test_armed_slice_costs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
