/* SPDX-License-Identifier: MIT */
#include "kmt-shim/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/log.h"
#include "kmt-shim/counters.h"

/* Kept while a call of it runs, on any thread. */
struct subscriber {
    int id;
    void (*notify)(void *context, const struct kmt_shim_event *event);
    void *context;
    unsigned calls;
    bool gone;
    bool orphan; /* unsubscribed from within a call, which frees it */
    struct subscriber *prev, *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static struct subscriber *subscribers;
static atomic_uint subscriber_count;
static int last_id;
/* Calls of the current thread that are under way, for unsubscribing from within. */
static _Thread_local struct {
    struct subscriber *running[4];
    unsigned depth;
} own;

rw_status events_subscribe(void (*notify)(void *context, const struct kmt_shim_event *event),
                           void *context, int *out_subscription)
{
    struct subscriber *subscriber = calloc(1, sizeof *subscriber);

    if (!subscriber)
        return RW_FAIL(ENOMEM, "no memory for a subscription");
    subscriber->notify = notify;
    subscriber->context = context;
    pthread_mutex_lock(&lock);
    *out_subscription = subscriber->id = ++last_id;
    DL_APPEND(subscribers, subscriber);
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&subscriber_count, 1);
    return RW_OK;
}

static unsigned own_calls(const struct subscriber *subscriber)
{
    unsigned calls = 0;

    for (unsigned i = 0; i < own.depth && i < sizeof own.running / sizeof *own.running; i++)
        calls += own.running[i] == subscriber;
    return calls;
}

rw_status events_unsubscribe(int subscription)
{
    struct subscriber *subscriber;

    pthread_mutex_lock(&lock);
    DL_FOREACH(subscribers, subscriber)
    {
        if (subscriber->id == subscription && !subscriber->gone)
            break;
    }
    if (!subscriber) {
        pthread_mutex_unlock(&lock);
        return RW_FAIL(ENOENT, "%d is no subscription", subscription);
    }
    subscriber->gone = true;
    atomic_fetch_sub(&subscriber_count, 1);
    while (subscriber->calls > own_calls(subscriber))
        pthread_cond_wait(&idle, &lock);
    subscriber->orphan = subscriber->calls > 0;
    if (!subscriber->orphan) {
        DL_DELETE(subscribers, subscriber);
        free(subscriber);
    }
    pthread_mutex_unlock(&lock);
    return RW_OK;
}

static void call(struct subscriber *subscriber, const struct kmt_shim_event *event)
{
    unsigned depth = own.depth++;

    if (depth < sizeof own.running / sizeof *own.running)
        own.running[depth] = subscriber;
    subscriber->notify(subscriber->context, event);
    own.depth = depth;
}

static void deliver(const struct kmt_shim_event *event)
{
    struct subscriber *subscriber, *next;

    pthread_mutex_lock(&lock);
    for (subscriber = subscribers; subscriber; subscriber = next) {
        if (!subscriber->gone) {
            subscriber->calls++;
            pthread_mutex_unlock(&lock);
            call(subscriber, event);
            pthread_mutex_lock(&lock);
            subscriber->calls--;
            pthread_cond_broadcast(&idle);
        }
        next = subscriber->next;
        if (subscriber->orphan && subscriber->calls == 0) {
            DL_DELETE(subscribers, subscriber);
            free(subscriber);
        }
    }
    pthread_mutex_unlock(&lock);
}

bool events_are_wanted(void)
{
    return atomic_load_explicit(&subscriber_count, memory_order_relaxed) != 0;
}

void events_tell_range(enum kmt_shim_event_kind kind, const struct kmt_shim_range *range)
{
    const struct kmt_shim_event event = {
        .kind = kind,
        .render_minor = range->render_minor,
        .range = range,
    };

    if (events_are_wanted())
        deliver(&event);
}

void events_tell(enum kmt_shim_event_kind kind, unsigned minor, uint64_t address, const char *text)
{
    const struct kmt_shim_event event = {
        .kind = kind,
        .render_minor = minor,
        .address = address,
        .text = text,
    };

    if (events_are_wanted())
        deliver(&event);
}

void events_refuse(unsigned minor, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    counter_add(refusals, 1);
    rw_warn(shim, "%s", text);
    events_tell(KMT_SHIM_EVENT_REFUSED, minor, 0, text);
}

/* Subscriptions stay; calls that were under way in the parent's other threads never end here. */
void events_fork_in_child(void)
{
    struct subscriber *subscriber;

    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&idle, NULL);
    DL_FOREACH(subscribers, subscriber)
    subscriber->calls = own_calls(subscriber);
}
