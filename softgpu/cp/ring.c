/* SPDX-License-Identifier: MIT
 *
 * Kernel rings. A ring is a queue whose step is a job instead of a packet: it executes the job's
 * indirect buffers with the engine that has such packets, and what a queue has of its own (thread,
 * waiting, dispatches, faults) is all there.
 *
 * What stops a queue for good ends only the job: a faulting job has been reported, one that is
 * reset lets its waves go, and either way the next job starts with registers that are reset.
 *
 * Lock order: ring.lock, then queue.lock; nothing is called with ring.lock held but cp_queue_prod.
 */
#include "softgpu/cp/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "softgpu/cp/queue.h"

struct cp_ring {
    struct cp_queue queue; /* first */
    const struct cp_engine *packets;
    pthread_mutex_t lock; /* guards what follows */
    struct cp_ring_job *jobs;
    const struct cp_ring_job *running;
    _Atomic unsigned waiting; /* jobs; read without the lock */
};

/* ---- the thread ---- */

static bool ring_has_work(struct cp_queue *queue)
{
    return atomic_load(&((struct cp_ring *)queue)->waiting) > 0;
}

static struct cp_ring_job *job_take(struct cp_ring *ring)
{
    struct cp_ring_job *job;

    pthread_mutex_lock(&ring->lock);
    job = ring->jobs;
    if (job) {
        DL_DELETE(ring->jobs, job);
        atomic_fetch_sub(&ring->waiting, 1);
    }
    ring->running = job;
    pthread_mutex_unlock(&ring->lock);
    return job;
}

/* From now on nobody cuts it short. */
static void job_leave(struct cp_ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->running = NULL;
    atomic_store(&ring->queue.cancel, false);
    pthread_mutex_unlock(&ring->lock);
    atomic_fetch_add(&ring->queue.position, 1);
}

static enum cp_step job_execute(struct cp_ring *ring, const struct cp_ring_job *job)
{
    enum cp_step step = CP_DONE;

    for (unsigned i = 0; i < job->ib_count && step == CP_DONE; i++) {
        step = cp_queue_breathe(&ring->queue);
        if (step == CP_DONE)
            step = ring->packets->indirect(&ring->queue, &job->ibs[i]);
    }
    return step;
}

/* What has happened to the engine resets its registers. */
static enum cp_ring_result job_abort(struct cp_ring *ring, enum cp_step step)
{
    gfx_state_reset(&ring->queue.gfx);
    if (step != CP_FAULT)
        return CP_RING_RESET;
    cp_queue_report(&ring->queue);
    return CP_RING_FAULTED;
}

static enum cp_step ring_step(struct cp_queue *queue)
{
    struct cp_ring *ring = (struct cp_ring *)queue;
    struct cp_ring_job *job = job_take(ring);
    enum cp_step step;

    if (!job)
        return CP_IDLE;
    step = job_execute(ring, job);
    gpu_vm_work_end();
    job_leave(ring);
    job->done(job, step == CP_DONE ? CP_RING_DONE : job_abort(ring, step));
    gpu_vm_work_begin(queue->desc.vm);
    return CP_DONE; /* the next look at `stop` is the thread's */
}

static const struct {
    struct cp_engine engine;
    const struct cp_engine *packets;
} kinds[CP_RING_ENGINE_COUNT] = {
    [CP_RING_GFX] = {{"gfx", ring_step, ring_has_work, NULL, NULL}, &cp_pm4_engine},
    [CP_RING_COMPUTE] = {{"compute", ring_step, ring_has_work, NULL, NULL}, &cp_pm4_engine},
    [CP_RING_SDMA] = {{"sdma", ring_step, ring_has_work, NULL, NULL}, &cp_sdma_engine},
};

/* ---- for others ---- */

void cp_ring_submit(struct cp_ring *ring, struct cp_ring_job *job)
{
    pthread_mutex_lock(&ring->lock);
    DL_APPEND(ring->jobs, job);
    atomic_fetch_add(&ring->waiting, 1);
    pthread_mutex_unlock(&ring->lock);
    cp_event_move(&ring->queue.bell);
}

void cp_ring_reset(struct cp_ring *ring, const struct cp_ring_job *job)
{
    pthread_mutex_lock(&ring->lock);
    if (ring->running == job) {
        pthread_mutex_lock(&ring->queue.lock);
        atomic_store(&ring->queue.cancel, true);
        cp_queue_prod(&ring->queue);
        pthread_mutex_unlock(&ring->queue.lock);
    }
    pthread_mutex_unlock(&ring->lock);
}

/* ---- life ---- */

rw_status cp_ring_create(struct cp_device *cp, const struct cp_ring_desc *desc,
                         struct cp_ring **out_ring)
{
    const struct cp_queue_desc queue_desc = {
        .id = desc->index, .vm = desc->vm, .percent = 100, .ops = desc->ops, .owner = desc->owner};
    struct cp_ring *ring = calloc(1, sizeof(*ring));

    if (!ring)
        return RW_FAIL(ENOMEM, "no memory for %s ring %u", kinds[desc->engine].engine.name,
                       desc->index);
    ring->packets = kinds[desc->engine].packets;
    ring->queue.kernel_ring = true;
    ring->queue.ring_engine = desc->engine;
    pthread_mutex_init(&ring->lock, NULL);
    rw_status status = cp_queue_init(&ring->queue, cp, &queue_desc, &kinds[desc->engine].engine);

    if (rw_ok(status))
        status = cp_queue_start(&ring->queue);
    if (!rw_ok(status)) {
        cp_queue_finish(&ring->queue);
        pthread_mutex_destroy(&ring->lock);
        free(ring);
        return status;
    }
    *out_ring = ring;
    return RW_OK;
}

static void jobs_skip(struct cp_ring *ring)
{
    struct cp_ring_job *job;

    while ((job = job_take(ring))) {
        job_leave(ring);
        job->done(job, CP_RING_SKIPPED);
    }
}

void cp_ring_destroy(struct cp_ring *ring)
{
    if (!ring)
        return;
    cp_queue_stop(&ring->queue);
    jobs_skip(ring);
    cp_queue_finish(&ring->queue);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}
