/* SPDX-License-Identifier: MIT
 *
 * The thread that sleeps until compute is ready to hand over. One for the bridge, and not the HSA
 * runtime's thread for handlers (hsa_amd_signal_async_handler): HIP runs the program's callbacks on
 * that, which may themselves wait for what the bridge is to do.
 */
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include <hsa/hsa_ext_amd.h>

#include "base/log.h"
#include "runtime/bridge.h"
#include "runtime/signal.h"
#include "runtime/thread.h"

/* What the thread sleeps on; the wake signal first. */
struct heads {
    uint32_t count, capacity;
    hsa_signal_t *signals;
    hsa_signal_condition_t *conditions;
    hsa_signal_value_t *values;
};

static bool heads_reserve(struct heads *heads, uint32_t count)
{
    uint32_t capacity = count + 16;
    void *signals, *conditions, *values;

    if (count <= heads->capacity)
        return true;
    if ((signals = realloc(heads->signals, capacity * sizeof *heads->signals)))
        heads->signals = signals;
    if ((conditions = realloc(heads->conditions, capacity * sizeof *heads->conditions)))
        heads->conditions = conditions;
    if ((values = realloc(heads->values, capacity * sizeof *heads->values)))
        heads->values = values;
    if (!signals || !conditions || !values)
        return false;
    heads->capacity = capacity;
    return true;
}

/* A signal may be in the set once only: the HSA runtime spins for the second. Two conditions on one
 * signal become: its value changes. */
static void heads_add(struct heads *heads, hsa_signal_t signal, hsa_signal_condition_t condition,
                      hsa_signal_value_t value)
{
    for (uint32_t i = 0; i < heads->count; i++) {
        if (heads->signals[i].handle != signal.handle)
            continue;
        if (heads->conditions[i] == condition && heads->values[i] == value)
            return;
        heads->conditions[i] = HSA_SIGNAL_CONDITION_NE;
        heads->values[i] = hsa_signal_load_scacquire(signal);
        return;
    }
    heads->signals[heads->count] = signal;
    heads->conditions[heads->count] = condition;
    heads->values[heads->count++] = value;
}

static void timeline_fail_head_locked(struct rocweld_timeline *timeline, int err)
{
    struct rocweld_handover *head = timeline->to_graphics;

    DL_DELETE(timeline->to_graphics, head);
    handover_end_locked(head, err);
}

/* Makes what is ready; what remains are the heads to sleep on. */
static void heads_collect_locked(struct rocweld_bridge *bridge, struct heads *heads)
{
    struct rocweld_timeline *timeline;

    heads->count = 0;
    heads_add(heads, bridge->compute_wake, HSA_SIGNAL_CONDITION_NE, 0);
    DL_FOREACH(bridge->timelines, timeline)
    {
        timeline_drain_locked(timeline);
        while (timeline->to_graphics && timeline->to_graphics->kind == FROM_SIGNAL) {
            const struct rocweld_handover *head = timeline->to_graphics;

            if (heads_reserve(heads, heads->count + 1)) {
                heads_add(heads, head->signal, head->condition, head->value);
                break;
            }
            timeline_fail_head_locked(timeline, ENOMEM);
        }
    }
}

/* The HSA runtime gave up waiting: a signal was destroyed under a pending hand-over. */
static void heads_fail_locked(struct rocweld_bridge *bridge)
{
    struct rocweld_timeline *timeline;

    DL_FOREACH(bridge->timelines, timeline)
    {
        const struct rocweld_handover *head = timeline->to_graphics;

        if (head && head->kind == FROM_SIGNAL && signal_is_gone(head->signal)) {
            rw_warn(runtime, "the signal of point %llu was destroyed before it was handed over",
                    (unsigned long long)head->point);
            timeline_fail_head_locked(timeline, EINVAL);
        }
    }
}

/* Lets go of the lock while it sleeps. */
static void sleep_locked(struct rocweld_bridge *bridge, const struct heads *heads)
{
    uint32_t index;

    bridge->compute_sleeps = true;
    bridge->compute_rounds++;
    pthread_mutex_unlock(&bridge->lock);
    index = hsa_amd_signal_wait_any(heads->count, heads->signals, heads->conditions, heads->values,
                                    UINT64_MAX, HSA_WAIT_STATE_BLOCKED, NULL);
    if (index == 0)
        hsa_signal_store_relaxed(bridge->compute_wake, 0);
    pthread_mutex_lock(&bridge->lock);
    bridge->compute_sleeps = false;
    bridge->counters.wakeups++;
    pthread_cond_broadcast(&bridge->compute_woke);
    if (index == UINT32_MAX)
        heads_fail_locked(bridge);
}

static void *compute_main(void *argument)
{
    struct rocweld_bridge *bridge = argument;
    struct heads heads = {0};

    pthread_mutex_lock(&bridge->lock);
    if (heads_reserve(&heads, 1)) {
        while (!bridge->stopping) {
            heads_collect_locked(bridge, &heads);
            sleep_locked(bridge, &heads);
        }
    } else {
        rw_error(runtime, "no memory to wait for HSA signals: nothing is handed over to graphics");
    }
    pthread_mutex_unlock(&bridge->lock);
    free(heads.signals);
    free(heads.conditions);
    free(heads.values);
    return NULL;
}

/* ---- called by the others ---- */

rw_status wait_compute_start_locked(struct rocweld_bridge *bridge)
{
    rw_status status;

    if (bridge->compute_runs)
        return RW_OK;
    if (hsa_signal_create(0, 0, NULL, &bridge->compute_wake) != HSA_STATUS_SUCCESS)
        return RW_FAIL(ENOMEM, "no HSA signal to wake the bridge's thread with");
    status =
        signal_check(bridge->compute_wake, HSA_SIGNAL_CONDITION_NE); /* events may be used up */
    if (rw_ok(status))
        status = thread_start("rocweld-hsa", compute_main, bridge, &bridge->compute_thread);
    if (!rw_ok(status))
        hsa_signal_destroy(bridge->compute_wake);
    bridge->compute_runs = rw_ok(status);
    return status;
}

void wait_compute_look_locked(struct rocweld_timeline *timeline)
{
    const struct rocweld_handover *head = timeline->to_graphics;

    /* A second one in the queue waits for the first; and an awake thread looks anyway. */
    if (head && head->kind == FROM_SIGNAL && timeline->bridge->compute_sleeps)
        hsa_signal_store_screlease(timeline->bridge->compute_wake, 1);
}

void wait_compute_leave_locked(struct rocweld_bridge *bridge)
{
    uint64_t round = bridge->compute_rounds;

    if (!bridge->compute_sleeps)
        return;
    hsa_signal_store_screlease(bridge->compute_wake, 1);
    while (bridge->compute_sleeps && bridge->compute_rounds == round)
        pthread_cond_wait(&bridge->compute_woke, &bridge->lock);
}

void wait_compute_stop(struct rocweld_bridge *bridge)
{
    if (!bridge->compute_runs)
        return;
    hsa_signal_store_screlease(bridge->compute_wake, 1);
    pthread_join(bridge->compute_thread, NULL);
    bridge->compute_runs = false;
    hsa_signal_destroy(bridge->compute_wake);
}
