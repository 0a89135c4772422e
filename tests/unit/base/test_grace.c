/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/grace.h"

static int owner_a, owner_b;

static void nobody_inside_is_over_at_once(void **state)
{
    uint64_t period = grace_start();

    (void)state;
    assert_true(grace_is_over(period, NULL));
    assert_true(grace_wait(period, &owner_a, 0));
}

struct visitor {
    pthread_barrier_t barrier;
    const void *owner;
};

/* Steps of another thread, each between two barriers. */
static void *visit(void *context)
{
    struct visitor *v = context;

    grace_enter(v->owner);
    grace_enter(NULL);
    pthread_barrier_wait(&v->barrier); /* 1: inside, nested */
    pthread_barrier_wait(&v->barrier);
    grace_pass();                      /* nested: must not count */
    pthread_barrier_wait(&v->barrier); /* 2 */
    pthread_barrier_wait(&v->barrier);
    grace_leave();
    grace_pass();
    pthread_barrier_wait(&v->barrier); /* 3: passed */
    pthread_barrier_wait(&v->barrier);
    grace_leave();
    pthread_barrier_wait(&v->barrier); /* 4: left */
    return NULL;
}

static void open_sections_hold_a_period(void **state)
{
    struct visitor v = {.owner = &owner_a};
    pthread_t thread;
    uint64_t period, later;

    (void)state;
    pthread_barrier_init(&v.barrier, NULL, 2);
    pthread_create(&thread, NULL, visit, &v);
    pthread_barrier_wait(&v.barrier); /* 1 */
    period = grace_start();
    assert_false(grace_is_over(period, NULL));
    assert_false(grace_is_over(period, &owner_a));
    assert_true(grace_is_over(period, &owner_b));
    assert_false(grace_wait(period, &owner_a, 5));
    pthread_barrier_wait(&v.barrier);
    pthread_barrier_wait(&v.barrier); /* 2 */
    assert_false(grace_is_over(period, &owner_a));
    pthread_barrier_wait(&v.barrier);
    pthread_barrier_wait(&v.barrier); /* 3 */
    assert_true(grace_is_over(period, &owner_a));
    later = grace_start();
    assert_false(grace_is_over(later, &owner_a));
    pthread_barrier_wait(&v.barrier);
    pthread_barrier_wait(&v.barrier); /* 4 */
    assert_true(grace_wait(later, NULL, 1000));
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&v.barrier);
}

static void own_section_does_not_hold_own_wait(void **state)
{
    (void)state;
    grace_enter(&owner_a);
    assert_true(grace_wait(grace_start(), NULL, 0));
    grace_leave();
}

/* A pointer is swapped and the old object freed after a grace period; readers must always see
 * a live one. The sanitizers see it if the period was too short. */
static _Atomic(int *) shared;
static atomic_bool stop;

static void *read_shared(void *context)
{
    long *sum = context;

    while (!atomic_load(&stop)) {
        grace_enter(&owner_a);
        *sum += *atomic_load(&shared);
        grace_leave();
    }
    return NULL;
}

static void readers_never_see_freed_memory(void **state)
{
    pthread_t threads[3];
    long sums[3] = {0};

    (void)state;
    atomic_store(&shared, malloc(sizeof(int)));
    *atomic_load(&shared) = 1;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, read_shared, &sums[i]);
    for (int i = 0; i < 2000; i++) {
        int *fresh = malloc(sizeof *fresh), *old;

        *fresh = 1;
        old = atomic_exchange(&shared, fresh);
        assert_true(grace_wait(grace_start(), &owner_a, 10000));
        *old = 1000000;
        free(old);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    free(atomic_load(&shared));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_inside_is_over_at_once),
        cmocka_unit_test(open_sections_hold_a_period),
        cmocka_unit_test(own_section_does_not_hold_own_wait),
        cmocka_unit_test(readers_never_see_freed_memory),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
