/* SPDX-License-Identifier: MIT */
#include "softgpu/front/drm/drm_fence.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

struct drm_fence {
    unsigned refs;
    enum { FENCE_PLAIN, FENCE_CHAIN, FENCE_MERGED } kind;
    /* Plain fences: */
    bool signalled;
    int error;
    uint64_t timestamp;
    const void *owner;               /* of a job's fence */
    struct drm_fence_watch *watches; /* that wait for this one next */
    /* Chain nodes, and merged fences of two: */
    struct drm_fence *previous;  /* reference; chain: NULL = none, or all signalled */
    struct drm_fence *contained; /* reference */
    /* Chain nodes, and `context` of jobs' fences too: */
    uint64_t context; /* those of one ordered run share it */
    uint64_t point;
    uint64_t previous_point; /* of the same context, else 0 */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t changed_once = PTHREAD_ONCE_INIT;
static uint64_t next_context = 1;

/* A thread in drm_fence_await_locked(). Whoever makes its condition true takes it out of the list,
 * and posts it when the lock is free again: it wakes once, and then finds the lock free. */
enum { SLEEPS, CHOSEN, POSTED };
struct sleeper {
    drm_fence_condition *condition;
    void *argument;
    _Atomic uint32_t state;
    struct sleeper *prev, *next; /* in `sleepers` or `chosen` */
};
static struct sleeper *sleepers, *chosen; /* under the lock */

static void changed_make(void)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Whichever thread of the parent held the lock, it is not here to release it. */
static void fork_child(void)
{
    pthread_mutex_init(&lock, NULL);
    sleepers = chosen = NULL;
    changed_make();
}

static void changed_init(void)
{
    changed_make();
    pthread_atfork(NULL, NULL, fork_child);
}

void drm_fence_lock(void)
{
    pthread_once(&changed_once, changed_init);
    pthread_mutex_lock(&lock);
}

/* After a sleeper's post its memory is gone: a wake-up of an address where nobody sleeps any more
 * does nothing. */
static void sleepers_post(struct sleeper *list)
{
    while (list) {
        struct sleeper *next = list->next;
        _Atomic uint32_t *state = &list->state;

        atomic_store(state, POSTED);
        syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        list = next;
    }
}

void drm_fence_unlock(void)
{
    struct sleeper *list = chosen;

    chosen = NULL;
    pthread_mutex_unlock(&lock);
    sleepers_post(list);
}

int64_t drm_fence_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- life ---- */

struct drm_fence *drm_fence_create(void)
{
    struct drm_fence *fence = calloc(1, sizeof *fence);

    if (fence)
        fence->refs = 1;
    return fence;
}

struct drm_fence *drm_fence_create_job(const void *owner, uint64_t context)
{
    struct drm_fence *fence = drm_fence_create();

    if (fence) {
        fence->owner = owner;
        fence->context = context;
    }
    return fence;
}

uint64_t drm_fence_context_new(void)
{
    uint64_t context;

    drm_fence_lock();
    context = next_context++;
    drm_fence_unlock();
    return context;
}

const void *drm_fence_owner(const struct drm_fence *fence)
{
    return fence->owner;
}

uint64_t drm_fence_context(const struct drm_fence *fence)
{
    return fence->owner ? fence->context : 0;
}

struct drm_fence *drm_fence_create_signalled(void)
{
    struct drm_fence *fence = drm_fence_create();

    if (fence) {
        fence->signalled = true;
        fence->timestamp = (uint64_t)drm_fence_now();
    }
    return fence;
}

struct drm_fence *drm_fence_get(struct drm_fence *fence)
{
    if (fence) {
        drm_fence_lock();
        fence->refs++;
        drm_fence_unlock();
    }
    return fence;
}

struct drm_fence *drm_fence_get_locked(struct drm_fence *fence)
{
    if (fence)
        fence->refs++;
    return fence;
}

/* A loop, since a chain may be long. */
void drm_fence_put_locked(struct drm_fence *fence)
{
    while (fence && --fence->refs == 0) {
        struct drm_fence *previous = fence->previous;

        if (fence->contained)
            drm_fence_put_locked(fence->contained);
        free(fence);
        fence = previous;
    }
}

void drm_fence_put(struct drm_fence *fence)
{
    if (!fence)
        return;
    drm_fence_lock();
    drm_fence_put_locked(fence);
    drm_fence_unlock();
}

/* ---- state ---- */

bool drm_fence_is_signalled_locked(const struct drm_fence *fence)
{
    for (; fence && fence->kind != FENCE_PLAIN; fence = fence->previous)
        if (!drm_fence_is_signalled_locked(fence->contained))
            return false;
    return !fence || fence->signalled;
}

int drm_fence_error_locked(const struct drm_fence *fence)
{
    int error = 0;

    for (; fence && !error && fence->kind != FENCE_PLAIN; fence = fence->previous)
        error = drm_fence_error_locked(fence->contained);
    return error || !fence ? error : fence->error;
}

uint64_t drm_fence_timestamp_locked(const struct drm_fence *fence)
{
    uint64_t latest = 0, own;

    for (; fence && fence->kind != FENCE_PLAIN; fence = fence->previous) {
        own = drm_fence_timestamp_locked(fence->contained);
        latest = own > latest ? own : latest;
    }
    own = fence ? fence->timestamp : 0;
    return own > latest ? own : latest;
}

struct drm_fence *drm_fence_merge_locked(struct drm_fence *a, struct drm_fence *b)
{
    struct drm_fence *merged;

    if (drm_fence_is_signalled_locked(a))
        return drm_fence_get_locked(b);
    if (drm_fence_is_signalled_locked(b))
        return drm_fence_get_locked(a);
    merged = drm_fence_create();
    if (merged) {
        merged->kind = FENCE_MERGED;
        merged->previous = drm_fence_get_locked(a);
        merged->contained = drm_fence_get_locked(b);
    }
    return merged;
}

/* The first plain fence in it that has not been signalled; NULL = all have. */
static struct drm_fence *unsignalled_plain_locked(struct drm_fence *fence)
{
    struct drm_fence *plain;

    for (; fence && fence->kind != FENCE_PLAIN; fence = fence->previous) {
        plain = unsignalled_plain_locked(fence->contained);
        if (plain)
            return plain;
    }
    return fence && !fence->signalled ? fence : NULL;
}

static void watch_advance_locked(struct drm_fence_watch *watch)
{
    struct drm_fence *fence = watch->fence;

    watch->plain = unsignalled_plain_locked(fence);
    if (watch->plain) {
        DL_APPEND(watch->plain->watches, watch);
        return;
    }
    watch->fence = NULL;
    watch->fire(watch);
    drm_fence_put_locked(fence);
}

void drm_fence_signal_locked(struct drm_fence *fence, int error)
{
    struct drm_fence_watch *watch;

    if (fence->signalled)
        return;
    drm_fence_get_locked(fence); /* what a watch does may drop the last one */
    fence->signalled = true;
    fence->error = error;
    fence->timestamp = (uint64_t)drm_fence_now();
    while ((watch = fence->watches)) {
        DL_DELETE(fence->watches, watch);
        watch_advance_locked(watch);
    }
    drm_fence_changed_locked();
    drm_fence_put_locked(fence);
}

void drm_fence_signal(struct drm_fence *fence, int error)
{
    drm_fence_lock();
    drm_fence_signal_locked(fence, error);
    drm_fence_unlock();
}

/* ---- timelines ---- */

struct drm_fence *drm_fence_chain_create_locked(struct drm_fence *previous, struct drm_fence *fence,
                                                uint64_t point)
{
    struct drm_fence *node = drm_fence_create();

    if (!node)
        return NULL;
    node->kind = FENCE_CHAIN;
    node->previous = drm_fence_get_locked(previous);
    node->contained = drm_fence_get_locked(fence);
    node->point = point;
    if (previous && previous->kind == FENCE_CHAIN && point > previous->point) {
        node->context = previous->context;
        node->previous_point = previous->point;
    } else {
        /* Out of order: a new run begins, and the value never goes back. */
        node->context = next_context++;
        if (previous && previous->kind == FENCE_CHAIN && previous->point > point)
            node->point = previous->point;
    }
    return node;
}

/* The node before, after those that are signalled have been let go. */
static struct drm_fence *walk_locked(struct drm_fence *node)
{
    struct drm_fence *previous;

    while ((previous = node->previous)) {
        bool chained = previous->kind == FENCE_CHAIN;
        bool done = drm_fence_is_signalled_locked(chained ? previous->contained : previous);

        if (!done)
            break;
        node->previous = chained ? drm_fence_get_locked(previous->previous) : NULL;
        drm_fence_put_locked(previous);
    }
    return previous;
}

bool drm_fence_find_point_locked(struct drm_fence **fence, uint64_t point)
{
    struct drm_fence *head = *fence, *node;

    if (point == 0)
        return true;
    if (head->kind != FENCE_CHAIN || head->point < point) {
        drm_fence_put_locked(head);
        *fence = NULL;
        return false;
    }
    for (node = head; node; node = walk_locked(node)) {
        if (node->kind != FENCE_CHAIN || node->context != head->context ||
            node->previous_point < point)
            break;
    }
    *fence = drm_fence_get_locked(node);
    drm_fence_put_locked(head);
    return true;
}

uint64_t drm_fence_point_locked(const struct drm_fence *fence, bool last_submitted)
{
    const struct drm_fence *oldest = fence;

    if (!fence || fence->kind != FENCE_CHAIN)
        return 0;
    if (last_submitted)
        return fence->point;
    for (struct drm_fence *node = (struct drm_fence *)fence; node; node = walk_locked(node)) {
        if (node->kind != FENCE_CHAIN || node->context != fence->context)
            break;
        oldest = node;
    }
    return drm_fence_is_signalled_locked(oldest) ? oldest->point : oldest->previous_point;
}

/* ---- waiting ---- */

void drm_fence_changed_locked(void)
{
    struct sleeper *sleeper, *next;

    DL_FOREACH_SAFE(sleepers, sleeper, next)
    {
        if (!sleeper->condition(sleeper->argument))
            continue;
        DL_DELETE(sleepers, sleeper);
        DL_APPEND(chosen, sleeper);
        atomic_store(&sleeper->state, CHOSEN);
    }
    pthread_cond_broadcast(&changed);
}

/* False when it is time. */
static bool state_sleep(_Atomic uint32_t *state, uint32_t value, int64_t deadline)
{
    struct timespec until = {deadline / 1000000000, deadline % 1000000000};

    return syscall(SYS_futex, state, FUTEX_WAIT_BITSET_PRIVATE, value, &until, NULL,
                   FUTEX_BITSET_MATCH_ANY) == 0 ||
           errno != ETIMEDOUT;
}

static void sleeper_sleep(struct sleeper *sleeper, int64_t deadline)
{
    uint32_t state;

    while ((state = atomic_load(&sleeper->state)) != POSTED &&
           state_sleep(&sleeper->state, state, deadline))
        ;
}

bool drm_fence_await_locked(drm_fence_condition *condition, void *argument, int64_t deadline)
{
    while (!condition(argument)) {
        struct sleeper sleeper = {.condition = condition, .argument = argument};

        if (deadline <= drm_fence_now())
            return false;
        DL_APPEND(sleepers, &sleeper);
        drm_fence_unlock();
        sleeper_sleep(&sleeper, deadline);
        drm_fence_lock();
        if (atomic_load(&sleeper.state) == SLEEPS)
            DL_DELETE(sleepers, &sleeper);
        else
            sleeper_sleep(&sleeper, DRM_FENCE_FOREVER); /* until whoever chose it lets go of it */
    }
    return true;
}

bool drm_fence_sleep_on_locked(pthread_cond_t *condition, int64_t deadline)
{
    struct timespec until = {deadline / 1000000000, deadline % 1000000000};

    if (deadline <= drm_fence_now())
        return false;
    sleepers_post(chosen);
    chosen = NULL;
    return pthread_cond_timedwait(condition, &lock, &until) != ETIMEDOUT;
}

bool drm_fence_sleep_locked(int64_t deadline)
{
    return drm_fence_sleep_on_locked(&changed, deadline);
}

static bool is_signalled(void *fence)
{
    return drm_fence_is_signalled_locked(fence);
}

bool drm_fence_wait_locked(struct drm_fence *fence, int64_t deadline)
{
    return drm_fence_await_locked(is_signalled, fence, deadline);
}

void drm_fence_watch_locked(struct drm_fence_watch *watch, struct drm_fence *fence,
                            void (*fire)(struct drm_fence_watch *watch))
{
    watch->fire = fire;
    watch->fence = drm_fence_get_locked(fence);
    watch_advance_locked(watch);
}

void drm_fence_unwatch_locked(struct drm_fence_watch *watch)
{
    if (!watch->fence)
        return;
    DL_DELETE(watch->plain->watches, watch);
    drm_fence_put_locked(watch->fence);
    watch->fence = NULL;
}
