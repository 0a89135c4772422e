/* SPDX-License-Identifier: MIT
 * The bridge among many threads, and with calls that fail. What it does on the whole is the
 * contract suite's (tests/contract/runtime).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include <xf86drm.h>

#include "runtime/bridge.h"
#include "tests/unit/runtime/fakes.h"

static const uint64_t soon = 10000000000; /* ns */
static rocweld_bridge *bridge;

/* With eventfds, or a thread that waits for timelines. */
static int begin(void **state)
{
    fake_kernel.has_eventfd = *state != NULL;
    fake_kernel.failing = 0;
    fake_spinning_waits = 0;
    return rocweld_bridge_create(FAKE_GPU, &bridge);
}

/* Nothing is left behind. */
static int end(void **state)
{
    (void)state;
    rocweld_bridge_destroy(bridge);
    assert_int_equal(fake_kernel.syncobjs, 0);
    assert_int_equal(fake_signals, 0);
    assert_int_equal(fake_runtime_references, 0);
    return 0;
}

static hsa_signal_t new_signal(hsa_signal_value_t value)
{
    hsa_signal_t signal;

    hsa_signal_create(value, 0, NULL, &signal);
    return signal;
}

/* ---- ping-pong ---- */

enum { THREADS = 4, TURNS = 500 };

/* Compute: counts up when `may` is its turn's. What is counted is guarded by nothing but the
 * hand-overs, which is what the thread sanitizer looks at. */
struct game {
    rocweld_timeline *timeline;
    hsa_signal_t may, done;
    uint64_t word;
};

static void *play_graphics(void *argument)
{
    struct game *game = argument;

    for (uint64_t i = 0; i < TURNS; i++) {
        if (rocweld_timeline_wait(game->timeline, 2 * i + 1, soon) != 0)
            return "graphics' turn did not come";
        if (game->word++ != 2 * i + 1)
            return "graphics found another word";
        fake_signal(game->timeline->handle, 2 * i + 2);
    }
    return NULL;
}

static const char *play_turn(struct game *game, uint64_t i)
{
    rocweld_handover *there, *back;
    const char *wrong = NULL;

    hsa_signal_store_relaxed(game->done, 1);
    hsa_signal_store_relaxed(game->may, 1);
    if (rocweld_handover_to_signal(game->timeline, 2 * i + 2, game->may, 0, &back) != 0 ||
        rocweld_handover_from_signal(game->timeline, 2 * i + 1, game->done, HSA_SIGNAL_CONDITION_EQ,
                                     0, &there) != 0)
        return "refused";
    if (game->word++ != 2 * i)
        wrong = "compute found another word";
    hsa_signal_store_screlease(game->done, 0);
    if (rocweld_handover_wait(back, soon) != 0 || rocweld_handover_wait(there, soon) != 0)
        wrong = "compute's turn did not come";
    rocweld_handover_release(there);
    rocweld_handover_release(back);
    return wrong;
}

static void *play_compute(void *argument)
{
    struct game game = {.may = new_signal(1), .done = new_signal(1)};
    const char *wrong = NULL;
    pthread_t graphics;
    void *result;

    (void)argument;
    if (rocweld_timeline_create(bridge, &game.timeline) != 0 ||
        pthread_create(&graphics, NULL, play_graphics, &game) != 0)
        return "no game";
    for (uint64_t i = 0; !wrong && i < TURNS; i++)
        wrong = play_turn(&game, i);
    pthread_join(graphics, &result);
    rocweld_timeline_destroy(game.timeline);
    hsa_signal_destroy(game.may);
    hsa_signal_destroy(game.done);
    return result ? result : (void *)wrong;
}

static void test_games(void **state)
{
    struct rocweld_bridge_counters counters;
    pthread_t threads[THREADS];
    void *wrong;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play_compute, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        if (wrong)
            fail_msg("%s", (const char *)wrong);
    }
    rocweld_bridge_counters_read(bridge, &counters);
    assert_int_equal(counters.to_graphics, THREADS * TURNS);
    assert_int_equal(counters.to_compute, THREADS * TURNS);
    assert_int_equal(counters.pending + counters.failed, 0);
    assert_int_equal(fake_spinning_waits, 0);
}

/* ---- taking back ---- */

/* Signals go as soon as they are taken back, whatever the threads are just doing. */
static void *take_back(void *argument)
{
    rocweld_timeline *timeline;

    (void)argument;
    if (rocweld_timeline_create(bridge, &timeline) != 0)
        return "no timeline";
    for (uint64_t i = 1; i <= TURNS; i++) {
        hsa_signal_t signal = new_signal(1);
        rocweld_handover *there, *back;

        rocweld_handover_from_signal(timeline, i, signal, HSA_SIGNAL_CONDITION_EQ, 0, &there);
        rocweld_handover_to_signal(timeline, TURNS - i + 1, signal, 7, &back);
        if (i % 3 == 0)
            usleep(50);
        if (rocweld_handover_cancel(there) != 0 || rocweld_handover_cancel(back) != 0)
            return "not cancelled";
        rocweld_handover_release(there);
        rocweld_handover_release(back);
        hsa_signal_destroy(signal);
    }
    if (timeline->handle % 2)
        rocweld_timeline_destroy(timeline);
    return NULL;
}

static void test_take_back(void **state)
{
    pthread_t threads[THREADS];
    void *wrong;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_back, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        if (wrong)
            fail_msg("%s", (const char *)wrong);
    }
}

/* A timeline goes while its hand-overs are pending, and with it the use of their signals. */
static void test_destroy_timelines(void **state)
{
    hsa_signal_t signal = new_signal(1);

    (void)state;
    for (int i = 0; i < 200; i++) {
        rocweld_handover *handover;
        rocweld_timeline *timeline;
        hsa_signal_t brief = new_signal(1);

        assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
        rocweld_handover_from_signal(timeline, 1, brief, HSA_SIGNAL_CONDITION_EQ, 0, NULL);
        rocweld_handover_to_signal(timeline, 2, brief, 0, &handover);
        rocweld_handover_from_signal(timeline, 3, signal, HSA_SIGNAL_CONDITION_EQ, 0, NULL);
        if (i % 4 == 0)
            usleep(200);
        rocweld_timeline_destroy(timeline);
        hsa_signal_destroy(brief);
        assert_int_equal(rocweld_handover_wait(handover, 0), -ECANCELED);
        rocweld_handover_release(handover);
    }
    hsa_signal_destroy(signal);
}

/* One signal in two timelines, with one condition or two: it is waited for once at a time. */
static void test_one_wait_for_a_signal(void **state)
{
    hsa_signal_t signal = new_signal(9);
    rocweld_timeline *timelines[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rocweld_timeline_create(bridge, &timelines[i]), 0);
        rocweld_handover_from_signal(timelines[i], 1, signal, HSA_SIGNAL_CONDITION_LT,
                                     i == 2 ? 3 : 5, NULL);
    }
    usleep(1000);
    hsa_signal_store_screlease(signal, 4);
    assert_int_equal(rocweld_timeline_wait(timelines[0], 1, soon), 0);
    assert_int_equal(rocweld_timeline_wait(timelines[1], 1, soon), 0);
    assert_int_equal(rocweld_timeline_wait(timelines[2], 1, 1000000), -ETIME);
    hsa_signal_store_screlease(signal, 2);
    assert_int_equal(rocweld_timeline_wait(timelines[2], 1, soon), 0);
    for (int i = 0; i < 3; i++)
        rocweld_timeline_destroy(timelines[i]);
    assert_int_equal(fake_spinning_waits, 0);
    hsa_signal_destroy(signal);
}

/* ---- calls that fail ---- */

static void test_signal_fails(void **state)
{
    hsa_signal_t signal = new_signal(0);
    rocweld_handover *handover;
    rocweld_timeline *timeline;

    (void)state;
    assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
    fake_kernel.failing = DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL;
    rocweld_handover_from_signal(timeline, 1, signal, HSA_SIGNAL_CONDITION_EQ, 0, &handover);
    assert_int_equal(rocweld_handover_wait(handover, soon), -ENOMEM);
    fake_kernel.failing = 0;
    rocweld_handover_release(handover);
    rocweld_timeline_destroy(timeline);
    hsa_signal_destroy(signal);
}

/* An eventfd says which point it is, so that only the next one has to be asked for. */
static void test_query_fails(void **state)
{
    hsa_signal_t first = new_signal(1), second = new_signal(1);
    rocweld_handover *handovers[2];
    rocweld_timeline *timeline;

    assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
    rocweld_handover_to_signal(timeline, 1, first, 0, &handovers[0]);
    rocweld_handover_to_signal(timeline, 2, second, 0, &handovers[1]);
    fake_kernel.failing = DRM_IOCTL_SYNCOBJ_QUERY;
    fake_signal(timeline->handle, 1);
    assert_int_equal(rocweld_handover_wait(handovers[0], soon), *state ? 0 : -ENOMEM);
    assert_int_equal(rocweld_handover_wait(handovers[1], soon), -ENOMEM);
    fake_kernel.failing = 0;
    assert_int_equal(hsa_signal_load_scacquire(first), *state ? 0 : 1);
    assert_int_equal(hsa_signal_load_scacquire(second), 1);
    rocweld_handover_release(handovers[0]);
    rocweld_handover_release(handovers[1]);
    rocweld_timeline_destroy(timeline);
    hsa_signal_destroy(first);
    hsa_signal_destroy(second);
}

/* ---- what one costs ---- */

/* By turns, as in a program's frames: one call and one wake-up each way. */
static void test_one_call_for_each(void **state)
{
    enum { FRAMES = 64 };
    struct rocweld_bridge_counters counters;
    hsa_signal_t signal = new_signal(1);
    rocweld_handover *there, *back;
    rocweld_timeline *timeline;

    (void)state;
    assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
    for (uint64_t i = 0; i < FRAMES; i++) {
        rocweld_handover_from_call(timeline, 2 * i + 1, &there);
        rocweld_handover_to_signal(timeline, 2 * i + 2, signal, 0, &back);
        rocweld_handover_complete(there);
        fake_signal(timeline->handle, 2 * i + 2);
        assert_int_equal(rocweld_handover_wait(back, soon), 0);
        rocweld_handover_release(back);
    }
    rocweld_bridge_counters_read(bridge, &counters);
    assert_int_equal(counters.to_graphics, FRAMES);
    assert_int_equal(counters.to_compute, FRAMES);
    assert_int_equal(counters.drm_calls, 2 * FRAMES);
    assert_in_range(counters.wakeups, 1, FRAMES);
    rocweld_timeline_destroy(timeline);
    hsa_signal_destroy(signal);
}

/* The lower point comes later: the eventfd then counts for either, and says no more which. */
static void test_lower_points_come_later(void **state)
{
    rocweld_handover *fifth, *tenth, *last;
    uint64_t words[3] = {0};
    rocweld_timeline *timeline;

    (void)state;
    assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
    rocweld_handover_to_memory(timeline, 10, &words[1], 1, &tenth);
    rocweld_handover_to_memory(timeline, 5, &words[0], 1, &fifth);
    rocweld_handover_to_memory(timeline, 20, &words[2], 1, &last);
    fake_signal(timeline->handle, 5);
    assert_int_equal(rocweld_handover_wait(fifth, soon), 0);
    assert_int_equal(rocweld_handover_wait(tenth, 20000000), -ETIME);
    fake_kernel.pause_us = 20000; /* so that it counts twice and not once by two */
    fake_signal(timeline->handle, 10);
    fake_kernel.pause_us = 0;
    assert_int_equal(rocweld_handover_wait(tenth, soon), 0);
    assert_int_equal(rocweld_handover_wait(last, 20000000), -ETIME);
    assert_int_equal(__atomic_load_n(&words[2], __ATOMIC_ACQUIRE), 0);
    fake_signal(timeline->handle, 20);
    assert_int_equal(rocweld_handover_wait(last, soon), 0);
    rocweld_handover_release(fifth);
    rocweld_handover_release(tenth);
    rocweld_handover_release(last);
    rocweld_timeline_destroy(timeline);
}

/* The bridge does not begin to poll. */
static void test_events_used_up(void **state)
{
    hsa_signal_t signal = new_signal(1), silent;
    rocweld_timeline *timeline;

    (void)state;
    assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
    fake_events_are_used_up = true;
    silent = new_signal(1);
    assert_int_equal(rocweld_handover_from_signal(timeline, 1, silent, 0, 0, NULL), -ENOTSUP);
    assert_int_equal(rocweld_handover_from_signal(timeline, 1, signal, 0, 0, NULL), -ENOTSUP);
    fake_events_are_used_up = false;
    assert_int_equal(rocweld_handover_from_signal(timeline, 1, signal, 0, 0, NULL), 0);
    rocweld_timeline_destroy(timeline);
    hsa_signal_destroy(signal);
    hsa_signal_destroy(silent);
}

static void test_create_fails(void **state)
{
    rocweld_timeline *timeline;
    rocweld_bridge *other;

    (void)state;
    fake_kernel.failing = DRM_IOCTL_SYNCOBJ_CREATE;
    assert_int_equal(rocweld_timeline_create(bridge, &timeline), -ENOMEM);
    fake_kernel.failing = 0;
    assert_int_equal(rocweld_bridge_create(FAKE_CPU, &other), -EINVAL);
}

/* ---- HIP: found by name in this program ---- */

typedef void host_function(void *);
typedef void stream_callback(void *stream, int error, void *data);
static int hip_error; /* what the next call ends with */
static uint64_t hip_word;

int hipStreamAddCallback(void *stream, stream_callback *call, void *data, unsigned flags);
int hipStreamWaitValue64(void *stream, void *word, uint64_t value, unsigned flags, uint64_t mask);
int hipExtMallocWithFlags(void **out_memory, size_t bytes, unsigned flags);
int hipFree(void *memory);

int hipStreamAddCallback(void *stream, stream_callback *call, void *data, unsigned flags)
{
    assert_int_equal(flags, 0);
    if (hip_error > 0)
        return hip_error;
    call(stream, -hip_error, data); /* negative here: the stream's own error */
    return 0;
}

/* The queue's part: sleeps until the value is there. */
int hipStreamWaitValue64(void *stream, void *word, uint64_t value, unsigned flags, uint64_t mask)
{
    (void)stream;
    assert_int_equal(flags, 0);
    assert_true(mask == UINT64_MAX);
    while (__atomic_load_n((uint64_t *)word, __ATOMIC_ACQUIRE) < value)
        usleep(100);
    return hip_error;
}

int hipExtMallocWithFlags(void **out_memory, size_t bytes, unsigned flags)
{
    assert_int_equal(bytes, 8);
    assert_int_equal(flags, 2);
    hip_word = 99;
    *out_memory = &hip_word;
    return 0;
}

int hipFree(void *memory)
{
    assert_ptr_equal(memory, &hip_word);
    hip_word = 0;
    return 0;
}

static void wait_pending(void)
{
    struct rocweld_bridge_counters counters;

    do {
        usleep(100);
        rocweld_bridge_counters_read(bridge, &counters);
    } while (counters.pending);
}

static void test_hip(void **state)
{
    rocweld_timeline *timeline;
    uint64_t point;

    (void)state;
    hip_error = 0;
    assert_int_equal(rocweld_timeline_create(bridge, &timeline), 0);
    assert_int_equal(rocweld_hip_signal_point(timeline, 1, NULL), 0);
    fake_signal(timeline->handle, 3);
    assert_int_equal(rocweld_hip_wait_point(timeline, 3, NULL), 0);
    /* An earlier point does not take the word back. */
    assert_int_equal(rocweld_hip_wait_point(timeline, 2, NULL), 0);
    wait_pending();
    assert_int_equal(hip_word, 3);
    assert_int_equal(rocweld_hip_wait_point(timeline, UINT64_C(1) << 63, NULL), -EINVAL);
    hip_error = 1;
    assert_int_equal(rocweld_hip_signal_point(timeline, 4, NULL), -EIO);
    assert_int_equal(rocweld_hip_wait_point(timeline, 1, NULL), -EIO);
    hip_error = -1;
    assert_int_equal(rocweld_hip_signal_point(timeline, 5, NULL), 0);
    rocweld_timeline_query(timeline, &point);
    assert_int_equal(point, 3); /* a stream that failed hands nothing over */
    assert_int_equal(rocweld_hip_signal_point(timeline, 5, NULL), -EINVAL);
    rocweld_timeline_destroy(timeline);
    assert_int_equal(hip_word, 0);
}

#define WAY(test, eventfds)                                                                        \
    {                                                                                              \
#test " " #eventfds, test, begin, end, (eventfds) ? (void *)1 : NULL                       \
    }
#define BOTH_WAYS(test) WAY(test, 1), WAY(test, 0)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_WAYS(test_games),          BOTH_WAYS(test_take_back),
        BOTH_WAYS(test_signal_fails),   BOTH_WAYS(test_destroy_timelines),
        BOTH_WAYS(test_query_fails),    BOTH_WAYS(test_one_wait_for_a_signal),
        BOTH_WAYS(test_create_fails),   BOTH_WAYS(test_hip),
        BOTH_WAYS(test_events_used_up), BOTH_WAYS(test_lower_points_come_later),
        WAY(test_one_call_for_each, 1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
