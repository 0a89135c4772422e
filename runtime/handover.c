/* SPDX-License-Identifier: MIT
 *
 * Hand-overs: queued, made, cancelled, waited for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#include <hsa/amd_hsa_signal.h>

#include "base/log.h"
#include "runtime/bridge.h"
#include "runtime/signal.h"
#include "runtime/syncobj.h"

#define EXPORT __attribute__((visibility("default")))

static bool is_to_graphics(const struct rocweld_handover *handover)
{
    return handover->kind == FROM_SIGNAL || handover->kind == FROM_CALL;
}

static void handover_free(struct rocweld_handover *handover)
{
    struct rocweld_bridge *bridge = handover->bridge;

    free(handover);
    bridge_put(bridge);
}

/* ---- how they end ---- */

void handover_end_locked(struct rocweld_handover *handover, int err)
{
    struct rocweld_bridge *bridge = handover->bridge;

    handover->err = err;
    handover->timeline = NULL;
    bridge->counters.pending--;
    if (err)
        bridge->counters.failed++;
    else if (is_to_graphics(handover))
        bridge->counters.to_graphics++;
    else
        bridge->counters.to_compute++;
    if (bridge->waiters)
        pthread_cond_broadcast(&bridge->ended);
    if (handover->has_handle)
        return;
    if (err && err != ECANCELED)
        rw_warn(runtime, "the hand-over of point %llu failed: %s",
                (unsigned long long)handover->point, strerror(err));
    handover_free(handover); /* the program holds the bridge: this is not its last reference */
}

/* ---- compute -> graphics ---- */

static bool is_ready(const struct rocweld_handover *handover)
{
    if (handover->kind == FROM_CALL)
        return handover->called;
    return signal_meets(hsa_signal_load_scacquire(handover->signal), handover->condition,
                        handover->value);
}

void timeline_drain_locked(struct rocweld_timeline *timeline)
{
    struct rocweld_handover *head, *ready = NULL;
    rw_status status;

    while ((head = timeline->to_graphics) && is_ready(head)) {
        DL_DELETE(timeline->to_graphics, head);
        DL_APPEND(ready, head);
    }
    if (!ready)
        return;
    status = syncobj_signal(timeline->bridge->device, timeline->handle, ready->prev->point);
    timeline->bridge->counters.drm_calls++;
    while ((head = ready)) {
        DL_DELETE(ready, head);
        handover_end_locked(head, status.err);
    }
}

/* ---- graphics -> compute ---- */

static void deliver_locked(const struct rocweld_handover *handover)
{
    if (handover->kind == TO_SIGNAL)
        hsa_signal_store_screlease(handover->signal, handover->value);
    else if (handover->kind == TO_MEMORY ||
             __atomic_load_n(handover->word, __ATOMIC_RELAXED) < (uint64_t)handover->value)
        __atomic_store_n(handover->word, (uint64_t)handover->value, __ATOMIC_RELEASE);
}

void timeline_fail_locked(struct rocweld_timeline *timeline, int err)
{
    struct rocweld_handover *head;

    while ((head = timeline->to_compute)) {
        DL_DELETE(timeline->to_compute, head);
        handover_end_locked(head, err);
    }
}

void timeline_reach_locked(struct rocweld_timeline *timeline, uint64_t point)
{
    struct rocweld_handover *head;

    while ((head = timeline->to_compute) && head->point <= point) {
        DL_DELETE(timeline->to_compute, head);
        deliver_locked(head);
        handover_end_locked(head, 0);
    }
}

void timeline_advance_locked(struct rocweld_timeline *timeline)
{
    rw_status status;
    uint64_t point;

    if (!timeline->to_compute)
        return;
    status = syncobj_query(timeline->bridge->device, timeline->handle, &point);
    timeline->bridge->counters.drm_calls++;
    if (rw_ok(status))
        timeline_reach_locked(timeline, point);
    if (rw_ok(status) && timeline->to_compute)
        status = wait_graphics_arm_locked(timeline);
    if (!rw_ok(status))
        timeline_fail_locked(timeline, status.err);
}

void timeline_cancel_locked(struct rocweld_timeline *timeline, int err)
{
    struct rocweld_handover *head;

    while ((head = timeline->to_graphics)) {
        DL_DELETE(timeline->to_graphics, head);
        handover_end_locked(head, err);
    }
    timeline_fail_locked(timeline, err);
    wait_compute_leave_locked(timeline->bridge);
}

/* ---- how they begin ---- */

static rw_status handover_create(struct rocweld_timeline *timeline, enum handover_kind kind,
                                 uint64_t point, struct rocweld_handover **out_handover)
{
    struct rocweld_handover *handover = calloc(1, sizeof *handover);

    if (!handover)
        return RW_FAIL(ENOMEM, "no memory for a hand-over");
    handover->bridge = bridge_get(timeline->bridge);
    handover->timeline = timeline;
    handover->kind = kind;
    handover->point = point;
    *out_handover = handover;
    return RW_OK;
}

static rw_status queue_to_graphics_locked(struct rocweld_handover *handover)
{
    struct rocweld_timeline *timeline = handover->timeline;

    if (handover->point <= timeline->last_point)
        return RW_FAIL(EINVAL, "point %llu is not above %llu, which came before",
                       (unsigned long long)handover->point,
                       (unsigned long long)timeline->last_point);
    if (handover->kind == FROM_SIGNAL)
        RW_TRY(wait_compute_start_locked(timeline->bridge));
    timeline->last_point = handover->point;
    DL_APPEND(timeline->to_graphics, handover);
    timeline->bridge->counters.pending++;
    wait_compute_look_locked(timeline);
    return RW_OK;
}

/* Behind those of lower and equal points. Looks from the end: most come in order. */
static void insert_by_point(struct rocweld_timeline *timeline, struct rocweld_handover *handover)
{
    struct rocweld_handover *head = timeline->to_compute, *before = head ? head->prev : NULL;

    while (before && before->point > handover->point)
        before = before == head ? NULL : before->prev;
    if (before)
        DL_APPEND_ELEM(timeline->to_compute, before, handover);
    else
        DL_PREPEND(timeline->to_compute, handover);
}

static rw_status queue_to_compute_locked(struct rocweld_handover *handover)
{
    struct rocweld_timeline *timeline = handover->timeline;
    rw_status status;

    if (handover->point == 0)
        return RW_FAIL(EINVAL, "timelines begin with point 1");
    RW_TRY(wait_graphics_start_locked(timeline->bridge));
    insert_by_point(timeline, handover);
    if (timeline->to_compute == handover) {
        status = wait_graphics_arm_locked(timeline);
        if (!rw_ok(status)) {
            DL_DELETE(timeline->to_compute, handover);
            return status;
        }
    }
    timeline->bridge->counters.pending++;
    return RW_OK;
}

/* Takes over the hand-over, also when it fails. */
static rw_status handover_queue(struct rocweld_handover *handover,
                                struct rocweld_handover **out_handover)
{
    struct rocweld_bridge *bridge = handover->bridge;
    rw_status status;

    handover->has_handle = out_handover != NULL;
    pthread_mutex_lock(&bridge->lock);
    if (is_to_graphics(handover))
        status = queue_to_graphics_locked(handover);
    else
        status = queue_to_compute_locked(handover);
    pthread_mutex_unlock(&bridge->lock);
    if (!rw_ok(status))
        handover_free(handover);
    else if (out_handover)
        *out_handover = handover; /* it is the caller's, ended or not */
    return status;
}

EXPORT int rocweld_handover_from_signal(rocweld_timeline *timeline, uint64_t point,
                                        hsa_signal_t signal, hsa_signal_condition_t condition,
                                        hsa_signal_value_t value, rocweld_handover **out_handover)
{
    rw_status status = bridge_check(timeline->bridge);
    struct rocweld_handover *handover = NULL;

    if (rw_ok(status))
        status = signal_check(signal, condition);
    if (rw_ok(status))
        status = handover_create(timeline, FROM_SIGNAL, point, &handover);
    if (rw_ok(status)) {
        handover->signal = signal;
        handover->condition = condition;
        handover->value = value;
        status = handover_queue(handover, out_handover);
    }
    return bridge_result(__func__, status);
}

EXPORT int rocweld_handover_from_call(rocweld_timeline *timeline, uint64_t point,
                                      rocweld_handover **out_handover)
{
    rw_status status = bridge_check(timeline->bridge);
    struct rocweld_handover *handover = NULL;

    if (rw_ok(status) && !out_handover)
        status = RW_FAIL(EINVAL, "nobody could make the call: out_handover is NULL");
    if (rw_ok(status))
        status = handover_create(timeline, FROM_CALL, point, &handover);
    if (rw_ok(status))
        status = handover_queue(handover, out_handover);
    return bridge_result(__func__, status);
}

EXPORT int rocweld_handover_to_signal(rocweld_timeline *timeline, uint64_t point,
                                      hsa_signal_t signal, hsa_signal_value_t value,
                                      rocweld_handover **out_handover)
{
    rw_status status = bridge_check(timeline->bridge);
    struct rocweld_handover *handover = NULL;

    if (rw_ok(status))
        status = handover_create(timeline, TO_SIGNAL, point, &handover);
    if (rw_ok(status)) {
        handover->signal = signal;
        handover->value = value;
        status = handover_queue(handover, out_handover);
    }
    return bridge_result(__func__, status);
}

rw_status handover_to_word(struct rocweld_timeline *timeline, enum handover_kind kind,
                           uint64_t point, uint64_t *word, uint64_t value,
                           struct rocweld_handover **out_handover)
{
    struct rocweld_handover *handover = NULL;

    if ((uintptr_t)word % sizeof *word)
        return RW_FAIL(EINVAL, "address %p is not aligned to 8 bytes", (void *)word);
    RW_TRY(handover_create(timeline, kind, point, &handover));
    handover->word = word;
    handover->value = (hsa_signal_value_t)value;
    return handover_queue(handover, out_handover);
}

EXPORT int rocweld_handover_to_memory(rocweld_timeline *timeline, uint64_t point, uint64_t *word,
                                      uint64_t value, rocweld_handover **out_handover)
{
    rw_status status = bridge_check(timeline->bridge);

    if (rw_ok(status))
        status = handover_to_word(timeline, TO_MEMORY, point, word, value, out_handover);
    return bridge_result(__func__, status);
}

/* ---- what their handles are for ---- */

/* Somebody who knows has made it come true: the calling thread signals the point if it is its turn.
 * Behind it there may be one that waits for a signal. */
static void complete_locked(struct rocweld_handover *handover)
{
    struct rocweld_timeline *timeline = handover->timeline;

    handover->called = true;
    handover->has_handle = false;
    if (timeline->to_graphics != handover)
        return;
    timeline_drain_locked(timeline);
    wait_compute_look_locked(timeline);
}

EXPORT void rocweld_handover_complete(void *argument)
{
    struct rocweld_handover *handover = argument;
    struct rocweld_bridge *bridge;
    bool ended;

    if (bridge_result(__func__, bridge_check(handover->bridge)) != 0)
        return;
    bridge = bridge_get(handover->bridge);
    pthread_mutex_lock(&bridge->lock);
    ended = !handover->timeline;
    if (!ended)
        complete_locked(handover);
    pthread_mutex_unlock(&bridge->lock);
    if (ended)
        handover_free(handover);
    bridge_put(bridge);
}

static rw_status wait_ended_locked(struct rocweld_handover *handover, uint64_t timeout_ns)
{
    int64_t deadline = syncobj_deadline(timeout_ns);
    struct timespec until = {deadline / 1000000000, deadline % 1000000000};
    struct rocweld_bridge *bridge = handover->bridge;
    int result = 0;

    bridge->waiters++;
    while (handover->timeline && result == 0)
        result = pthread_cond_timedwait(&bridge->ended, &bridge->lock, &until);
    bridge->waiters--;
    return rw_status_quiet(handover->timeline ? ETIME : handover->err);
}

EXPORT int rocweld_handover_wait(rocweld_handover *handover, uint64_t timeout_ns)
{
    rw_status status = bridge_check(handover->bridge);

    if (rw_ok(status)) {
        pthread_mutex_lock(&handover->bridge->lock);
        status = wait_ended_locked(handover, timeout_ns);
        pthread_mutex_unlock(&handover->bridge->lock);
    }
    return bridge_result(__func__, status);
}

static void cancel_locked(struct rocweld_handover *handover)
{
    struct rocweld_timeline *timeline = handover->timeline;
    bool was_head = timeline->to_graphics == handover;

    if (!is_to_graphics(handover)) {
        DL_DELETE(timeline->to_compute, handover);
        handover_end_locked(handover, ECANCELED);
        return;
    }
    DL_DELETE(timeline->to_graphics, handover);
    handover_end_locked(handover, ECANCELED);
    if (!was_head)
        return;
    timeline_drain_locked(timeline);
    if (handover->kind == FROM_SIGNAL)
        wait_compute_leave_locked(handover->bridge);
    else
        wait_compute_look_locked(timeline);
}

EXPORT int rocweld_handover_cancel(rocweld_handover *handover)
{
    struct rocweld_bridge *bridge = handover->bridge;
    rw_status status = bridge_check(bridge);

    if (rw_ok(status)) {
        pthread_mutex_lock(&bridge->lock);
        if (handover->timeline)
            cancel_locked(handover);
        else
            status = rw_status_quiet(EALREADY);
        pthread_mutex_unlock(&bridge->lock);
    }
    return bridge_result(__func__, status);
}

EXPORT void rocweld_handover_release(rocweld_handover *handover)
{
    struct rocweld_bridge *bridge;
    bool ended;

    if (!handover || !rw_ok(bridge_check(handover->bridge)))
        return;
    bridge = bridge_get(handover->bridge);
    pthread_mutex_lock(&bridge->lock);
    ended = !handover->timeline;
    handover->has_handle = false;
    pthread_mutex_unlock(&bridge->lock);
    if (ended)
        handover_free(handover);
    bridge_put(bridge);
}
