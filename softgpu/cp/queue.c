/* SPDX-License-Identifier: MIT
 *
 * Queues: their threads, how they wait, and who may stop them.
 *
 * Idle. When the ring is empty the thread looks at it for a few tens of microseconds more, because
 * programs like to dispatch again right after a completion, and then sleeps. Looking is given up
 * when it rarely pays, and at once when another thread wants the core. Before it sleeps it lets
 * the owner arm the doorbells and looks a last time:
 *
 *     thread: idle = true; owner.idle(); ring empty? sleep      program: packet; doorbell
 *                                                               watcher: cp_queue_ring():
 *                                                                   idle and ring not empty? wake
 *
 * Both sides write before they read (sequentially consistent), so one of them sees the other.
 */
#include "softgpu/cp/queue.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "softgpu/device/guard.h"
#include "softgpu/gfx/pipeline.h"

enum {
    SPIN_NS = 40000, /* after the last packet */
    SPIN_MIN_NS = 2000,
    SPIN_MISSES = 4,       /* in a row, before spins get shorter */
    CROWDED_NS = 4000,     /* a yield that took so long: somebody else had work for the core */
    LATE_NS = 60000,       /* much of it */
    PENALTY_MOST = 64,     /* idle times without a look */
    WAIT_SPIN_NS = 20000,  /* in front of a condition in memory */
    WAIT_SHARE = 8,        /* then sleeps of an eighth of the time waited, within ... */
    WAIT_FIRST_NS = 20000, /* ... these limits */
    WAIT_LAST_NS = 500000,
    TIMER_SLACK_NS = 5000,
};

/* ---- memory that queues wait for ---- */

/* One for all devices: a queue of one may wait for a signal that another completes. */
static struct cp_event memory_event;

void cp_memory_changed(void)
{
    cp_event_move(&memory_event);
}

uint32_t cp_memory_ticket(void)
{
    return cp_event_ticket(&memory_event);
}

void cp_memory_wait(uint64_t since_ns, uint32_t ticket)
{
    uint64_t pause = (cp_now_ns() - since_ns) / WAIT_SHARE;

    if (pause < WAIT_FIRST_NS)
        pause = WAIT_FIRST_NS;
    if (pause > WAIT_LAST_NS)
        pause = WAIT_LAST_NS;
    cp_event_wait(&memory_event, ticket, pause);
}

/* ---- views of the ring ---- */

static void views_refresh(struct cp_queue *queue)
{
    struct cp_access *access = &queue->access;
    uint64_t epoch = atomic_load(&access->memory->epoch);

    if (queue->views_epoch == epoch || queue->kernel_ring)
        return;
    queue->views_epoch = epoch;
    atomic_store(&queue->ring_view, cp_access_host(access, queue->desc.ring.addr,
                                                   queue->desc.ring_bytes, ISA_ACCESS_READ));
    atomic_store(&queue->write_view, cp_access_host(access, queue->desc.write_pointer.addr,
                                                    sizeof(uint64_t), ISA_ACCESS_READ));
}

static bool queue_has_work(struct cp_queue *queue)
{
    gpu_vm_work_begin(queue->desc.vm);
    bool has = queue->engine->has_work(queue);

    gpu_vm_work_end();
    return has;
}

/* ---- control ---- */

static bool parked_locked(struct cp_queue *queue)
{
    return atomic_load(&queue->holds) != 0 && !atomic_load(&queue->stop) &&
           !atomic_load(&queue->cancel);
}

bool cp_queue_may_run(struct cp_queue *queue)
{
    if (!cp_queue_is_interrupted(queue))
        return true;
    pthread_mutex_lock(&queue->lock);
    if (parked_locked(queue)) {
        queue->parked = true;
        pthread_cond_broadcast(&queue->changed);
        while (parked_locked(queue))
            pthread_cond_wait(&queue->changed, &queue->lock);
        queue->parked = false;
    }
    pthread_mutex_unlock(&queue->lock);
    return !atomic_load(&queue->stop) && !atomic_load(&queue->cancel);
}

enum cp_step cp_queue_breathe(struct cp_queue *queue)
{
    bool run;

    gpu_vm_work_pass();
    if (!cp_queue_is_interrupted(queue))
        return CP_DONE;
    gpu_vm_work_end();
    run = cp_queue_may_run(queue);
    gpu_vm_work_begin(queue->desc.vm);
    return run ? CP_DONE : CP_STOPPED;
}

void cp_queue_prod(struct cp_queue *queue)
{
    cp_event_move(&queue->bell);
    cp_memory_changed();
    pthread_cond_broadcast(&queue->changed);
}

static void hold_add_locked(struct cp_queue *queue, int count)
{
    atomic_fetch_add(&queue->holds, (unsigned)count);
    cp_queue_prod(queue);
}

void cp_queue_suspend(struct cp_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    hold_add_locked(queue, 1);
    while (!queue->parked)
        pthread_cond_wait(&queue->changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

void cp_queue_hold(struct cp_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    hold_add_locked(queue, 1);
    pthread_mutex_unlock(&queue->lock);
}

void cp_queue_resume(struct cp_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    hold_add_locked(queue, -1);
    pthread_mutex_unlock(&queue->lock);
}

static void percent_set(struct cp_queue *queue, uint32_t percent)
{
    pthread_mutex_lock(&queue->lock);
    queue->desc.percent = percent;
    if (queue->percent_zero != (percent == 0)) {
        queue->percent_zero = percent == 0;
        hold_add_locked(queue, percent == 0 ? 1 : -1);
    }
    pthread_mutex_unlock(&queue->lock);
}

static rw_status ring_check(const struct cp_queue_desc *desc, gpu_va ring, uint64_t ring_bytes)
{
    /* Kernel: set_queue_properties_from_user() wants a power of two. */
    if (ring_bytes < 256 || (ring_bytes & (ring_bytes - 1)) != 0 || ring.addr % 256 != 0)
        return RW_FAIL(EINVAL, "queue %u: a ring of %" PRIu64 " bytes at 0x%" PRIx64, desc->id,
                       ring_bytes, ring.addr);
    return RW_OK;
}

rw_status cp_queue_update(struct cp_queue *queue, gpu_va ring, uint64_t ring_bytes,
                          uint32_t percent, uint32_t priority)
{
    if (percent > 0 || ring.addr != 0)
        RW_TRY(ring_check(&queue->desc, ring, ring_bytes));
    cp_queue_suspend(queue);
    if (ring.addr != 0) {
        queue->desc.ring = ring;
        queue->desc.ring_bytes = ring_bytes;
    }
    queue->desc.priority = priority;
    queue->views_epoch = UINT64_MAX;
    percent_set(queue, percent);
    cp_queue_resume(queue);
    return RW_OK;
}

void cp_queue_set_trap_handler(struct cp_queue *queue, gpu_va tba, gpu_va tma)
{
    cp_queue_suspend(queue);
    queue->host.tba = tba.addr;
    queue->host.tma = tma.addr;
    cp_queue_resume(queue);
}

void cp_queue_set_cu_mask(struct cp_queue *queue, const uint32_t *mask, uint32_t bits)
{
    struct cp_cus cus;

    cp_cus_select(queue->cp->device->profile, mask, bits, &cus);
    pthread_mutex_lock(&queue->cu_lock);
    queue->cus = cus;
    pthread_mutex_unlock(&queue->cu_lock);
}

rw_status cp_queue_set_gws(struct cp_queue *queue, bool attached)
{
    struct isa_gws *gws = NULL;

    if (attached && !queue->gws)
        RW_TRY(isa_gws_create(&gws));
    cp_queue_suspend(queue);
    if (!attached || !queue->gws) {
        isa_gws_destroy(queue->gws);
        queue->gws = gws;
        queue->host.gws = gws;
    }
    cp_queue_resume(queue);
    return RW_OK;
}

/* ---- idle ---- */

void cp_queue_ring(struct cp_queue *queue)
{
    /* A read-modify-write, which unlike a load waits for the caller's stores to the ring. */
    if (atomic_fetch_add(&queue->idle, 0) && queue_has_work(queue))
        cp_event_move(&queue->bell);
}

bool cp_queue_is_idle(struct cp_queue *queue)
{
    return atomic_load(&queue->idle) != 0 || atomic_load(&queue->holds) != 0;
}

static void spin_learn(struct cp_spin *spin, bool hit)
{
    if (hit) {
        spin->misses = spin->penalty = 0;
        spin->limit_ns = SPIN_NS;
    } else if (++spin->misses >= SPIN_MISSES && spin->limit_ns > SPIN_MIN_NS) {
        spin->misses = 0;
        spin->limit_ns /= 2;
    }
}

/* Lets others have the core. False: somebody wanted it. A thread that has given way comes back when
 * all of them have had their time, whatever was submitted meanwhile; one that sleeps is woken and
 * runs at once. Where that was dear, the queue sleeps without looking for the next times, ever more
 * of them. */
static bool queue_gives_way(struct cp_spin *spin, uint64_t *now)
{
    uint64_t before = *now;

    sched_yield();
    *now = cp_now_ns();
    if (*now - before > LATE_NS) {
        spin->penalty = spin->penalty ? spin->penalty * 2 : 1;
        if (spin->penalty > PENALTY_MOST)
            spin->penalty = PENALTY_MOST;
        spin->skip = spin->penalty;
    }
    return *now - before <= CROWDED_NS;
}

/* True when there is something to do again. */
static bool queue_spin(struct cp_queue *queue)
{
    uint64_t start = cp_now_ns(), now = start;

    while (now - start < queue->spin.limit_ns) {
        for (unsigned i = 0; i < 32; i++) {
            if (queue_has_work(queue) || cp_queue_is_interrupted(queue))
                return true;
            cp_cpu_relax();
        }
        now = cp_now_ns();
        if (!queue_gives_way(&queue->spin, &now))
            return false;
    }
    return false;
}

static void queue_sleep(struct cp_queue *queue)
{
    const struct cp_owner_ops *ops = queue->desc.ops;
    uint32_t ticket = cp_event_ticket(&queue->bell);

    atomic_exchange(&queue->idle, 1); /* a full barrier, see above */
    if (ops && ops->idle)
        ops->idle(queue->desc.owner);
    if (!queue_has_work(queue) && !cp_queue_is_interrupted(queue))
        cp_event_wait(&queue->bell, ticket, CP_FOREVER);
    atomic_store(&queue->idle, 0);
}

static void queue_idle(struct cp_queue *queue)
{
    if (queue->spin.skip > 0) {
        queue->spin.skip--;
    } else {
        bool hit = queue_spin(queue);

        spin_learn(&queue->spin, hit);
        if (hit)
            return;
    }
    uint64_t asleep = cp_now_ns();

    queue_sleep(queue);
    /* Work that came soon after would have been worth a longer look. */
    if (cp_now_ns() - asleep < SPIN_NS)
        queue->spin.limit_ns = SPIN_NS;
    guard_install(); /* the program may have installed handlers of its own meanwhile */
}

/* ---- waiting for memory ---- */

enum cp_step cp_queue_wait(struct cp_queue *queue, cp_condition *condition, const void *argument)
{
    uint64_t start = cp_now_ns();
    enum cp_test test;

    for (;;) {
        uint32_t ticket = cp_memory_ticket();

        test = condition(queue, argument);
        if (test != CP_TEST_NO)
            break;
        gpu_vm_work_end();
        if (cp_queue_is_interrupted(queue)) {
            bool run = cp_queue_may_run(queue);

            gpu_vm_work_begin(queue->desc.vm);
            if (!run)
                return CP_STOPPED;
            continue;
        }
        if (cp_now_ns() - start < WAIT_SPIN_NS)
            cp_cpu_relax();
        else
            cp_memory_wait(start, ticket);
        gpu_vm_work_begin(queue->desc.vm);
    }
    return test == CP_TEST_YES ? CP_DONE : CP_FAULT;
}

/* ---- the thread ---- */

static enum cp_step queue_step(struct cp_queue *queue)
{
    gpu_vm_work_begin(queue->desc.vm);
    views_refresh(queue);
    enum cp_step step = queue->engine->step(queue);

    gpu_vm_work_end();
    return step;
}

/* After a fault nothing runs any more until the queue is destroyed. */
static void queue_stop_on_fault(struct cp_queue *queue)
{
    cp_queue_hold(queue);
    cp_queue_report(queue);
}

static void *queue_main(void *argument)
{
    struct cp_queue *queue = argument;
    char name[16];

    snprintf(name, sizeof(name), "rw-%s-%u", queue->engine->name, queue->desc.id % 10000);
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    guard_install();
    while (cp_queue_may_run(queue)) {
        switch (queue_step(queue)) {
        case CP_DONE:
        case CP_STOPPED:
            break;
        case CP_IDLE:
            queue_idle(queue);
            break;
        case CP_FAULT:
            queue_stop_on_fault(queue);
            break;
        }
    }
    return NULL;
}

/* ---- life ---- */

static const struct cp_engine *const engines[] = {
    [CP_QUEUE_AQL] = &cp_aql_engine,
    [CP_QUEUE_SDMA] = &cp_sdma_engine,
    [CP_QUEUE_PM4] = &cp_pm4_engine,
};

static uint64_t host_cycles(void *context)
{
    struct cp_queue *queue = context;
    const struct gpu_profile *profile = queue->cp->device->profile;

    return cp_queue_clock(queue) * (profile->engine_clock_mhz * UINT64_C(1000)) /
           profile->gpu_counter_khz;
}

static uint64_t host_realtime(void *context)
{
    return cp_queue_clock(context);
}

static uint32_t host_message(void *context, struct isa_wave *wave, uint32_t message, uint32_t m0)
{
    return cp_queue_message(context, wave, message, m0);
}

/* Reads the pointers as the kernel's hqd_load does: the queue goes on where they stand. */
static rw_status pointers_load(struct cp_queue *queue)
{
    uint64_t read = 0, written = 0;
    bool ok;

    gpu_vm_work_begin(queue->desc.vm);
    ok = cp_access_load64(&queue->access, queue->desc.read_pointer.addr, &read) &&
         cp_access_load64(&queue->access, queue->desc.write_pointer.addr, &written);
    gpu_vm_work_end();
    if (!ok)
        return RW_FAIL(EFAULT,
                       "queue %u: its read or write pointer at 0x%" PRIx64
                       " is not mapped for the GPU",
                       queue->desc.id, queue->access.fault.va);
    atomic_store(&queue->position, read);
    /* What an earlier queue's program left in the doorbell is no news. */
    if (queue->desc.doorbell)
        *queue->desc.doorbell = written;
    return RW_OK;
}

rw_status cp_queue_start(struct cp_queue *queue)
{
    sigset_t all, before;

    /* The program's handlers must not run here; faults are ours or a crash. */
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&queue->thread, NULL, queue_main, queue);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != 0)
        return RW_FAIL(err, "cannot start a thread for queue %u: %s", queue->desc.id,
                       strerror(err));
    return RW_OK;
}

void cp_queue_finish(struct cp_queue *queue)
{
    cp_seats_clear(&queue->seats);
    isa_code_destroy(queue->code);
    isa_gws_destroy(queue->gws);
    gfx_pipeline_destroy(queue->pipeline);
    free(queue->packet);
    pthread_mutex_destroy(&queue->cu_lock);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->changed);
}

rw_status cp_queue_init(struct cp_queue *queue, struct cp_device *cp,
                        const struct cp_queue_desc *desc, const struct cp_engine *engine)
{
    queue->cp = cp;
    queue->desc = *desc;
    queue->engine = engine;
    queue->views_epoch = UINT64_MAX;
    queue->percent_zero = desc->percent == 0;
    atomic_init(&queue->holds, desc->percent == 0);
    queue->spin.limit_ns = SPIN_NS;
    queue->host = (struct isa_host){.message = host_message,
                                    .realtime = host_realtime,
                                    .cycles = host_cycles,
                                    .context = queue,
                                    .tba = desc->tba.addr,
                                    .tma = desc->tma.addr};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_mutex_init(&queue->cu_lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    cp_access_init(&queue->access, desc->vm);
    cp_cus_select(cp->device->profile, NULL, 0, &queue->cus);
    return isa_code_create(cp->device->profile->isa, queue->access.memory, &queue->code);
}

void cp_queue_stop(struct cp_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    atomic_store(&queue->stop, true);
    cp_queue_prod(queue);
    pthread_mutex_unlock(&queue->lock);
    pthread_join(queue->thread, NULL);
}

rw_status cp_queue_create(struct cp_device *cp, const struct cp_queue_desc *desc,
                          struct cp_queue **out_queue)
{
    RW_TRY(ring_check(desc, desc->ring, desc->ring_bytes));
    struct cp_queue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        return RW_FAIL(ENOMEM, "no memory for queue %u", desc->id);
    rw_status status = cp_queue_init(queue, cp, desc, engines[desc->type]);

    if (rw_ok(status))
        status = pointers_load(queue);
    if (rw_ok(status))
        status = cp_queue_start(queue);
    if (!rw_ok(status)) {
        cp_queue_finish(queue);
        free(queue);
        return status;
    }
    *out_queue = queue;
    return RW_OK;
}

void cp_queue_destroy(struct cp_queue *queue)
{
    if (!queue)
        return;
    cp_queue_stop(queue);
    cp_queue_finish(queue);
    free(queue);
}
