/* SPDX-License-Identifier: MIT
 *
 * Which thread runs which workgroup when: see scheduler.h.
 *
 * A dispatch's own thread works on it until it is over. Workers go round the dispatches that have
 * workgroups to spare and stay with each for HELP_NS. A thread runs a workgroup for TURN_BUDGET
 * instructions a wave, or until it ends or sleeps; then the next one that has not started yet, if
 * there is a place, else the one that has waited longest.
 *
 * A dispatch none of whose turns gets anywhere (all its waves sleep, waiting for the CPU or another
 * queue) is left alone between looks as a queue that waits (cp_memory_wait()), so that such waiting
 * costs little.
 */
#include "softgpu/cp/scheduler.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <utlist.h>

#include "softgpu/cp/dispatch.h"
#include "softgpu/device/guard.h"
#include "softgpu/surface/surface_metadata.h"

enum {
    TURN_BUDGET = 32768,    /* instructions a wave and turn */
    TURN_IDLE = 64,         /* a turn that executed fewer, per wave, got nowhere */
    HELP_NS = 2000000,      /* how long a worker stays with a dispatch */
    HELP_WORTH_NS = 30000,  /* the work that is worth waking workers for */
    GROUP_GUESS_NS = 20000, /* the cost of a workgroup of a kernel never seen before */
    SEATS_KEPT = 4,
};

/* ---- seats ---- */

static void seat_free(struct cp_seat *seat)
{
    isa_workgroup_destroy(seat->group);
    free(seat);
}

void cp_seats_clear(struct cp_seats *seats)
{
    struct cp_seat *seat, *next;

    LL_FOREACH_SAFE(seats->free, seat, next)
    seat_free(seat);
    seats->free = NULL;
}

/* Makes what is left from the last dispatch fit this one. */
static void seats_adopt(struct cp_dispatch *d)
{
    struct cp_seats *seats = &d->queue->seats;
    const struct cp_shape *shape = d->shape;
    struct cp_seat *seat, *next;

    if (seats->waves != shape->waves || seats->lanes != shape->lanes ||
        seats->vgprs != shape->vgprs || seats->lds_bytes != shape->lds_bytes) {
        cp_seats_clear(seats);
        seats->waves = shape->waves;
        seats->lanes = shape->lanes;
        seats->vgprs = shape->vgprs;
        seats->lds_bytes = shape->lds_bytes;
    }
    LL_FOREACH_SAFE(seats->free, seat, next)
    {
        if (d->seat_count < shape->places) {
            seat->place = d->seat_count++;
        } else {
            LL_DELETE(seats->free, seat);
            seat_free(seat);
        }
    }
}

/* Keeps a few seats for the next dispatch of the same shape. */
static void seats_trim(struct cp_seats *seats)
{
    struct cp_seat *seat, *next;
    unsigned kept = 0;

    LL_FOREACH_SAFE(seats->free, seat, next)
    {
        if (kept++ < SEATS_KEPT)
            continue;
        LL_DELETE(seats->free, seat);
        seat_free(seat);
    }
}

static struct cp_seat *seat_create_locked(struct cp_dispatch *d)
{
    const struct cp_shape *shape = d->shape;
    struct cp_seat *seat = calloc(1, sizeof(*seat));

    if (!seat || !rw_ok(isa_workgroup_create(shape->waves, shape->lanes, shape->vgprs,
                                             shape->lds_bytes, &seat->group))) {
        free(seat);
        return NULL;
    }
    seat->place = d->seat_count++;
    return seat;
}

/* ---- taking and giving back ---- */

static void spare_update_locked(struct cp_dispatch *d)
{
    uint64_t fresh = d->total - d->next;
    unsigned places = d->shape->places - d->resident, spare = d->line_length;

    spare += fresh < places ? (unsigned)fresh : places;
    if (d->quit || d->idle_turns > d->line_length)
        spare = 0;
    atomic_store_explicit(&d->spare, spare, memory_order_relaxed);
}

static struct cp_seat *seat_start_locked(struct cp_dispatch *d)
{
    struct cp_seat *seat = d->queue->seats.free;

    if (d->next == d->total || d->resident >= d->shape->places)
        return NULL;
    if (seat)
        LL_DELETE(d->queue->seats.free, seat);
    else if (!(seat = seat_create_locked(d)))
        return NULL;
    seat->number = d->next++;
    seat->fresh = true;
    d->resident++;
    return seat;
}

static struct cp_seat *line_pop_locked(struct cp_dispatch *d)
{
    struct cp_seat *seat = d->line;

    if (!seat)
        return NULL;
    d->line = seat->next;
    if (!d->line)
        d->line_end = NULL;
    d->line_length--;
    seat->next = NULL;
    return seat;
}

static void line_push_locked(struct cp_dispatch *d, struct cp_seat *seat)
{
    seat->next = NULL;
    if (d->line_end)
        d->line_end->next = seat;
    else
        d->line = seat;
    d->line_end = seat;
    d->line_length++;
}

static struct cp_seat *seat_take_locked(struct cp_dispatch *d)
{
    struct cp_seat *seat;

    if (d->quit || cp_queue_is_interrupted(d->queue))
        return NULL;
    seat = seat_start_locked(d);
    if (!seat)
        seat = line_pop_locked(d);
    if (!seat && d->resident == 0 && d->next < d->total) {
        d->failed = d->quit = true; /* not even one workgroup can be allocated */
        return NULL;
    }
    if (seat)
        d->running++;
    spare_update_locked(d);
    return seat;
}

static void count_ended(struct cp_dispatch *d, const struct isa_workgroup *group)
{
    struct cp_counters *c = &d->queue->cp->counters;
    uint64_t instructions = 0;

    for (unsigned i = 0; i < group->wave_count; i++)
        instructions += group->waves[i].executed;
    atomic_fetch_add_explicit(&c->workgroups, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->waves, group->wave_count, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->instructions, instructions, memory_order_relaxed);
}

static void seat_leave_locked(struct cp_dispatch *d, struct cp_seat *seat)
{
    LL_PREPEND(d->queue->seats.free, seat);
    d->resident--;
}

static void seat_return_locked(struct cp_dispatch *d, struct cp_seat *seat, enum isa_stop stop)
{
    d->running--;
    switch (stop) {
    case ISA_STOP_END:
        count_ended(d, seat->group);
        d->ended++;
        seat_leave_locked(d, seat);
        break;
    case ISA_STOP_YIELD:
        line_push_locked(d, seat);
        break;
    default:
        if (!d->failed)
            d->fault = seat->group->fault;
        d->failed = d->quit = true;
        seat_leave_locked(d, seat);
        break;
    }
    spare_update_locked(d);
    if (d->owner_waits)
        pthread_cond_signal(&d->changed);
}

/* ---- a turn ---- */

static uint64_t group_executed(const struct isa_workgroup *group)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < group->wave_count; i++)
        sum += group->waves[i].executed;
    return sum;
}

/* A host fault, because the program has unmapped memory that the GPU still has mapped, is the page
 * fault that the GPU would have had. */
static enum isa_stop group_fault_on_host(struct isa_workgroup *group, uintptr_t address)
{
    group->fault = (struct isa_fault){.kind = ISA_FAULT_UNMAPPED, .va = address};
    memcpy(group->fault.group, group->id, sizeof(group->fault.group));
    for (unsigned i = 0; i < group->wave_count; i++) {
        const struct isa_wave *w = &group->waves[i];

        for (unsigned k = 0; k < ISA_WAVE_WINDOWS; k++) {
            const struct isa_window *window = &w->windows[k];

            if (address - (uintptr_t)window->host >= window->size)
                continue;
            group->fault.va = window->va + (address - (uintptr_t)window->host);
            group->fault.wave = i;
            group->fault.pc = w->pc;
            return ISA_STOP_FAULT;
        }
    }
    return ISA_STOP_FAULT;
}

static enum isa_stop group_run(struct isa_workgroup *group)
{
    struct guard guard;

    if (guard_try(&guard)) {
        surface_metadata_abandon();
        return group_fault_on_host(group, guard.address);
    }
    enum isa_stop stop = isa_workgroup_run(group, TURN_BUDGET);

    guard_end(&guard);
    return stop;
}

static enum isa_stop seat_run(struct cp_dispatch *d, struct cp_seat *seat)
{
    gpu_vm_work_begin(d->queue->desc.vm);
    if (seat->fresh)
        cp_workgroup_init(d, seat);
    seat->fresh = false;
    enum isa_stop stop = group_run(seat->group);

    gpu_vm_work_end();
    return stop;
}

/* Runs turns until nothing can be taken, all sleep, or the time is over. */
static void dispatch_work(struct cp_dispatch *d, uint64_t end_ns)
{
    struct cp_seat *seat;
    uint64_t now = cp_now_ns();

    pthread_mutex_lock(&d->lock);
    while (now < end_ns && (seat = seat_take_locked(d))) {
        uint64_t before = seat->fresh ? 0 : group_executed(seat->group), start = now;

        pthread_mutex_unlock(&d->lock);
        enum isa_stop stop = seat_run(d, seat);
        bool idle = stop == ISA_STOP_YIELD && group_executed(seat->group) - before <
                                                  (uint64_t)TURN_IDLE * seat->group->wave_count;

        now = cp_now_ns();
        pthread_mutex_lock(&d->lock);
        d->busy_ns += now - start;
        d->idle_turns = idle ? d->idle_turns + 1 : 0;
        seat_return_locked(d, seat, stop);
        if (d->idle_turns > d->line_length)
            break;
    }
    pthread_mutex_unlock(&d->lock);
}

/* ---- workers ---- */

static struct cp_dispatch *dispatch_pick_locked(struct cp_scheduler *s)
{
    struct cp_dispatch *d = s->turn ? s->turn : s->dispatches;

    for (struct cp_dispatch *first = d; d;) {
        if (atomic_load_explicit(&d->spare, memory_order_relaxed) > 0 &&
            !cp_queue_is_interrupted(d->queue)) {
            s->turn = d->next_dispatch;
            return d;
        }
        d = d->next_dispatch ? d->next_dispatch : s->dispatches;
        if (d == first)
            break;
    }
    return NULL;
}

static void *worker_main(void *argument)
{
    struct cp_scheduler *s = argument;

    prctl(PR_SET_NAME, "rw-worker");
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct cp_dispatch *d = dispatch_pick_locked(s);

        if (!d) {
            s->sleeping++;
            pthread_cond_wait(&s->work, &s->lock);
            s->sleeping--;
            continue;
        }
        d->helpers++;
        pthread_mutex_unlock(&s->lock);
        guard_install();
        dispatch_work(d, cp_now_ns() + HELP_NS);
        pthread_mutex_lock(&s->lock);
        d->helpers--;
        pthread_cond_broadcast(&s->left);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void workers_call(struct cp_dispatch *d)
{
    struct cp_scheduler *s = &d->queue->cp->scheduler;
    uint64_t useful = d->total - 1;

    pthread_mutex_lock(&s->lock);
    if (!d->listed) {
        d->listed = true;
        DL_APPEND2(s->dispatches, d, prev, next_dispatch);
    }
    for (unsigned i = 0; i < s->sleeping && i < useful; i++)
        pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

static void workers_dismiss(struct cp_dispatch *d)
{
    struct cp_scheduler *s = &d->queue->cp->scheduler;

    if (!d->listed)
        return;
    pthread_mutex_lock(&s->lock);
    if (s->turn == d)
        s->turn = d->next_dispatch;
    DL_DELETE2(s->dispatches, d, prev, next_dispatch);
    while (d->helpers > 0)
        pthread_cond_wait(&s->left, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* ---- what a kernel costs ---- */

static uint64_t *cost_of(struct cp_dispatch *d)
{
    struct cp_cost *costs = d->queue->costs;
    struct cp_cost *cost = &costs[d->launch->code / 256 % CP_COSTS];

    if (cost->code != d->launch->code) {
        cost->code = d->launch->code;
        cost->group_ns = GROUP_GUESS_NS;
    }
    return &cost->group_ns;
}

static bool help_is_worth_it(struct cp_dispatch *d)
{
    return (d->total - 1) * *cost_of(d) > HELP_WORTH_NS;
}

/* ---- the queue's thread ---- */

enum state { STATE_GO_ON, STATE_OVER, STATE_HELD, STATE_ASLEEP };

/* Waits while others run all there is to run. */
static enum state dispatch_state(struct cp_dispatch *d)
{
    enum state state;

    pthread_mutex_lock(&d->lock);
    d->owner_waits = true;
    for (;;) {
        bool held = cp_queue_is_interrupted(d->queue);

        if ((d->quit || held) && d->running > 0) {
            pthread_cond_wait(&d->changed, &d->lock);
            continue;
        }
        if (d->quit || d->ended == d->total)
            state = STATE_OVER;
        else if (held)
            state = STATE_HELD;
        else if (d->idle_turns > d->line_length && d->line_length > 0)
            state = STATE_ASLEEP;
        else if (d->line_length > 0 || d->running == 0 ||
                 (d->next < d->total && d->resident < d->shape->places))
            state = STATE_GO_ON;
        else {
            pthread_cond_wait(&d->changed, &d->lock);
            continue;
        }
        break;
    }
    d->owner_waits = false;
    pthread_mutex_unlock(&d->lock);
    return state;
}

/* All waves sleep: so does the thread, until memory changes or some time has passed. The ticket is
 * of before they looked. */
static void dispatch_pause(struct cp_dispatch *d, uint64_t since_ns, uint32_t ticket)
{
    cp_memory_wait(since_ns, ticket);
    pthread_mutex_lock(&d->lock);
    d->idle_turns = 0;
    spare_update_locked(d);
    pthread_mutex_unlock(&d->lock);
    if (d->listed)
        workers_call(d);
}

static bool dispatch_loop(struct cp_dispatch *d)
{
    bool alone = d->queue->cp->scheduler.thread_count == 0 || d->total == 1;
    uint64_t since_ns = cp_now_ns(); /* when it last got on */

    if (!alone && help_is_worth_it(d))
        workers_call(d);
    for (;;) {
        uint32_t ticket = cp_memory_ticket();

        dispatch_work(d, alone || d->listed ? UINT64_MAX : cp_now_ns() + HELP_WORTH_NS);
        if (!alone && !d->listed && atomic_load_explicit(&d->spare, memory_order_relaxed) > 0)
            workers_call(d); /* it takes longer than was thought */
        switch (dispatch_state(d)) {
        case STATE_OVER:
            return true;
        case STATE_HELD:
            if (!cp_queue_may_run(d->queue))
                return false;
            break;
        case STATE_ASLEEP:
            dispatch_pause(d, since_ns, ticket);
            break;
        case STATE_GO_ON:
            since_ns = cp_now_ns();
            break;
        }
    }
}

/* Workgroups that will not go on: their queue is being destroyed, or another one has faulted. */
static void line_abandon(struct cp_dispatch *d)
{
    struct cp_seat *seat;

    pthread_mutex_lock(&d->lock);
    d->quit = true;
    while ((seat = line_pop_locked(d)))
        seat_leave_locked(d, seat);
    pthread_mutex_unlock(&d->lock);
}

enum cp_step cp_dispatch_execute(struct cp_dispatch *d)
{
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    seats_adopt(d);
    spare_update_locked(d);
    bool over = dispatch_loop(d);

    if (!over || d->failed)
        line_abandon(d);
    workers_dismiss(d);
    seats_trim(&d->queue->seats);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    if (d->failed)
        return CP_FAULT;
    if (!over)
        return CP_STOPPED;
    uint64_t *cost = cost_of(d);

    *cost = (*cost + d->busy_ns / d->total) / 2;
    return CP_DONE;
}

/* ---- life ---- */

static int worker_start(struct cp_scheduler *s, pthread_t *thread)
{
    sigset_t all, before;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(thread, NULL, worker_main, s);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

rw_status cp_scheduler_start(struct cp_scheduler *s, unsigned threads)
{
    unsigned workers = threads > 1 ? threads - 1 : 0;

    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->left, NULL);
    s->threads = calloc(workers + 1, sizeof(*s->threads));
    if (!s->threads)
        return RW_FAIL(ENOMEM, "no memory for %u workers", workers);
    for (; s->thread_count < workers; s->thread_count++) {
        int err = worker_start(s, &s->threads[s->thread_count]);

        if (err != 0) {
            cp_scheduler_stop(s);
            return RW_FAIL(err, "cannot start worker %u: %s", s->thread_count, strerror(err));
        }
    }
    return RW_OK;
}

void cp_scheduler_stop(struct cp_scheduler *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->thread_count; i++)
        pthread_join(s->threads[i], NULL);
    free(s->threads);
    s->threads = NULL;
    s->thread_count = 0;
    pthread_cond_destroy(&s->left);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
}
