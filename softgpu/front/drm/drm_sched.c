/* SPDX-License-Identifier: MIT
 *
 * Kernel: drm/scheduler/sched_main.c and sched_entity.c, amdgpu_job.c, amdgpu_ctx.c.
 *
 * All decisions are made under the fence lock, by drm_sched_run_locked(): whatever may let a job
 * start (a push, a fence, the end of a job) calls it. Since starting a job signals a fence, which
 * may let another start, it calls itself; the inner call only notes that there is more to do.
 *
 * A job that is not to be executed passes its ring without indirect buffers, so that every job
 * ends in the same way, on the ring's thread without locks.
 */
#include "softgpu/front/drm/drm_sched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/log.h"
#include "softgpu/front/drm/drm_resv.h"
#include "softgpu/front/drm/drm_sched_internal.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/drm/drm_update.h"
#include "softgpu/front/nodes.h"
#include "softgpu/front/vm_fault.h"

#define NS_PER_S INT64_C(1000000000)

struct drm_gang {
    unsigned left; /* members that have not ended */
};

struct drm_job_wait {
    struct drm_fence_watch watch; /* first */
    struct drm_job *job;
    struct drm_fence *fence; /* reference, until the job is pushed */
};

static _Atomic unsigned resets[SOFT_MAX_DEVICES], vram_losses[SOFT_MAX_DEVICES];

unsigned drm_sched_resets(unsigned device)
{
    return atomic_load(&resets[device]);
}

unsigned drm_sched_vram_losses(unsigned device)
{
    return atomic_load(&vram_losses[device]);
}

void drm_sched_count_reset_locked(unsigned device, bool vram_is_lost)
{
    atomic_fetch_add(&resets[device], 1);
    if (vram_is_lost)
        atomic_fetch_add(&vram_losses[device], 1);
}

/* ---- choosing ---- */

static int order_of_priority(const struct drm_job *job)
{
    int32_t priority = drm_context_priority(job->ctx);

    return priority > AMDGPU_CTX_PRIORITY_NORMAL   ? 2
           : priority < AMDGPU_CTX_PRIORITY_NORMAL ? 0
                                                   : 1;
}

static bool goes_before(const struct drm_job *a, const struct drm_job *b)
{
    int difference = order_of_priority(a) - order_of_priority(b);

    return difference ? difference > 0 : a->age < b->age;
}

static bool job_may_start_locked(const struct drm_sched *sched, const struct drm_job *job)
{
    return job->blocked == 0 && (!job->gang || !sched->gang || sched->gang == job->gang);
}

static struct drm_job *job_choose_locked(const struct hw_ring *ring)
{
    const struct drm_sched *sched = ring->sched;
    struct drm_job *best = NULL;
    struct drm_entity *entity;

    DL_FOREACH(sched->entities, entity)
    {
        struct drm_job *job = entity->jobs;

        if (entity->ring == ring && job_may_start_locked(sched, job) &&
            (!best || goes_before(job, best)))
            best = job;
    }
    return best;
}

/* ---- starting ---- */

static void entity_remove_locked(struct drm_sched *sched, struct drm_job *job)
{
    struct drm_entity *entity = job->entity;

    DL_DELETE(entity->jobs, job);
    if (!entity->jobs)
        DL_DELETE(sched->entities, entity);
}

/* Why the job is not to be executed; 0 = it is. */
static int job_refused_locked(const struct drm_job *job)
{
    if (atomic_load(&job->ctx->guilty) ||
        job->vram_losses != drm_sched_vram_losses(job->sched->fpriv->device->index))
        return ECANCELED;
    return drm_entity_error_locked(job->entity);
}

static void job_start_locked(struct hw_ring *ring, struct drm_job *job)
{
    struct drm_sched *sched = ring->sched;
    int64_t timeout = drm_watchdog_timeout_ns(ring->kind);

    entity_remove_locked(sched, job);
    job->error = job_refused_locked(job);
    job->started = drm_fence_now();
    job->ring_job.ib_count = job->error ? 0 : job->ib_count;
    ring->running = job;
    ring->deadline = timeout == DRM_FENCE_FOREVER ? timeout : job->started + timeout;
    if (job->gang)
        sched->gang = job->gang;
    drm_fence_put_locked(job->entity->last);
    job->entity->last = drm_fence_get_locked(job->finished);
    drm_watchdog_watch_locked(ring->deadline);
    drm_fence_signal_locked(job->scheduled, 0);
    cp_ring_submit(ring->ring, &job->ring_job);
}

void drm_sched_run_locked(struct drm_sched *sched)
{
    struct drm_job *job;

    sched->again = true;
    if (sched->busy)
        return;
    sched->busy = true;
    while (sched->again) {
        sched->again = false;
        for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
            for (unsigned i = 0; i < DRM_RINGS_MAX; i++) {
                struct hw_ring *ring = &sched->rings[kind][i];

                if (ring->ring && !ring->running && (job = job_choose_locked(ring)))
                    job_start_locked(ring, job);
            }
    }
    sched->busy = false;
}

/* ---- ending ---- */

/* The GPU writes the sequence number when all of the job's work is done. */
static void user_fence_write(const struct drm_job *job)
{
    uint8_t *at;

    if (!job->user_fence)
        return;
    pthread_mutex_lock(&job->user_fence->lock);
    at = job->user_fence->host + job->user_fence_offset;
    if ((uintptr_t)at % sizeof job->sequence == 0)
        __atomic_store_n((uint64_t *)at, job->sequence, __ATOMIC_RELEASE);
    else
        memcpy(at, &job->sequence, sizeof job->sequence);
    pthread_mutex_unlock(&job->user_fence->lock);
}

static void job_free(struct drm_job *job)
{
    for (unsigned i = 0; i < job->wait_count; i++)
        drm_fence_put(job->waits[i].fence);
    drm_fence_put(job->scheduled);
    drm_fence_put(job->finished);
    drm_bo_list_put(job->bos);
    mem_bo_put(job->user_fence);
    drm_context_put(job->ctx);
    free(job->waits);
    free(job);
}

static void gang_leave_locked(struct drm_job *job)
{
    struct drm_gang *gang = job->gang;

    if (!gang || --gang->left > 0)
        return;
    if (job->sched->gang == gang)
        job->sched->gang = NULL;
    free(gang);
}

static void reservations_prune_locked(const struct drm_job *job)
{
    for (uint32_t i = 0; job->bos && i < job->bos->count; i++)
        drm_resv_prune_locked(drm_resv_of(job->bos->bos[i]));
    if (job->user_fence)
        drm_resv_prune_locked(drm_resv_of(job->user_fence));
    drm_resv_prune_locked(drm_file_vm(job->sched->fpriv->file));
}

/* The job is over; it has left its entity. */
static void job_finish_locked(struct drm_job *job)
{
    struct drm_sched *sched = job->sched;

    job->entity->ring->load--;
    job->entity->unfinished--;
    sched->unfinished--;
    gang_leave_locked(job);
    drm_fence_signal_locked(job->scheduled, 0);
    drm_fence_signal_locked(job->finished, job->error);
    reservations_prune_locked(job);
}

/* A hang, or the fault that would have led to one: the ring has been reset. */
static void job_condemn_locked(struct drm_job *job)
{
    job->error = ETIME;
    atomic_store(&job->ctx->guilty, true);
    drm_sched_count_reset_locked(job->sched->fpriv->device->index, false);
}

static void job_done(struct cp_ring_job *ring_job, enum cp_ring_result result)
{
    struct drm_job *job = (struct drm_job *)ring_job;
    struct drm_sched *sched = job->sched;

    if (result == CP_RING_DONE && !job->error)
        user_fence_write(job);
    drm_fence_lock();
    if (result == CP_RING_FAULTED || (result == CP_RING_RESET && job->timed_out))
        job_condemn_locked(job);
    else if (result != CP_RING_DONE && !job->error)
        job->error = job->lost ? ECANCELED : ESRCH;
    job->entity->ring->running = NULL;
    job_finish_locked(job);
    drm_sched_run_locked(sched);
    drm_fence_unlock();
    drm_update_run(sched);
    job_free(job);
}

/* ---- making jobs ---- */

rw_status drm_job_create(struct drm_sched *sched, struct drm_context *ctx,
                         struct drm_entity *entity, unsigned ib_room, struct drm_job **out_job)
{
    struct drm_job *job = calloc(1, sizeof *job + ib_room * sizeof job->ibs[0]);
    const void *owner = drm_file_vm(sched->fpriv->file);

    if (!job)
        return RW_FAIL(ENOMEM, "no memory for a job of %u indirect buffers", ib_room);
    job->sched = sched;
    job->ctx = drm_context_get(ctx);
    job->vram_losses = drm_sched_vram_losses(sched->fpriv->device->index);
    job->entity = entity;
    job->ib_room = ib_room;
    job->blocked = 1;
    job->ring_job.ibs = job->ibs;
    job->ring_job.done = job_done;
    job->scheduled = drm_fence_create_job(owner, entity->scheduled_run);
    job->finished = drm_fence_create_job(owner, entity->finished_run);
    if (!job->scheduled || !job->finished) {
        job_free(job);
        return RW_FAIL(ENOMEM, "no memory for a job's fences");
    }
    *out_job = job;
    return RW_OK;
}

void drm_job_destroy(struct drm_job *job)
{
    if (!job)
        return;
    drm_fence_lock();
    gang_leave_locked(job);
    drm_fence_unlock();
    job_free(job);
}

rw_status drm_job_add_wait(struct drm_job *job, struct drm_fence *fence)
{
    struct drm_job_wait *waits = job->waits;

    if ((job->wait_count & (job->wait_count - 1)) == 0) /* 0, or a power of two: it is full */
        waits = realloc(waits, (job->wait_count ? job->wait_count * 2 : 1) * sizeof *waits);
    if (!waits)
        return RW_FAIL(ENOMEM, "no memory for a job's dependencies");
    job->waits = waits;
    waits[job->wait_count++] = (struct drm_job_wait){.fence = drm_fence_get(fence)};
    return RW_OK;
}

rw_status drm_gang_create(struct drm_job *const *jobs, unsigned count, struct drm_job *leader)
{
    struct drm_gang *gang = malloc(sizeof *gang);

    if (!gang)
        return RW_FAIL(ENOMEM, "no memory for a gang");
    gang->left = count;
    for (unsigned i = 0; i < count; i++)
        jobs[i]->gang = gang;
    for (unsigned i = 0; i < count; i++)
        if (jobs[i] != leader)
            RW_TRY(drm_job_add_wait(leader, jobs[i]->scheduled));
    return RW_OK;
}

/* ---- rings ---- */

static void ring_memory_fault(void *owner, const struct cp_fault *fault)
{
    struct drm_sched *sched = owner;
    bool present = fault->isa.kind == ISA_FAULT_PROTECTION;

    gpu_vm_note_fault(drm_file_vm(sched->fpriv->file),
                      gpu_va_make(fault->isa.va & ~(uint64_t)(GPU_PAGE_SIZE - 1)),
                      vm_fault_status(present, fault->isa.access));
}

static const struct cp_owner_ops ring_ops = {.memory_fault = ring_memory_fault};

static rw_status ring_make(struct drm_sched *sched, struct hw_ring *ring)
{
    const struct cp_ring_desc desc = {.engine = ring->kind,
                                      .index = ring->index,
                                      .vm = drm_file_vm(sched->fpriv->file),
                                      .ops = &ring_ops,
                                      .owner = sched};
    struct cp_ring *made;
    struct cp_device *cp;

    RW_TRY(soft_device_cp(sched->fpriv->device, &cp));
    RW_TRY(cp_ring_create(cp, &desc, &made));
    drm_fence_lock();
    ring->ring = made;
    drm_fence_unlock();
    return RW_OK;
}

static bool is_taken(const struct hw_ring *ring, struct drm_job *const *jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (jobs[i]->entity->ring == ring)
            return true;
    return false;
}

/* The ring of the engine with least to do. An entity with unfinished jobs stays where it is, since
 * they are to run in order; members of a gang get rings of their own where there are enough. */
static struct hw_ring *ring_choose_locked(struct drm_sched *sched, struct drm_job *const *jobs,
                                          unsigned job)
{
    struct drm_entity *entity = jobs[job]->entity;
    struct drm_engine engine = drm_engine_of(sched->fpriv->device->profile, entity->ip);
    struct hw_ring *best = NULL;

    if (entity->ring && entity->unfinished > 0)
        return entity->ring;
    for (unsigned i = 0; i < engine.rings; i++) {
        struct hw_ring *ring = &sched->rings[engine.kind][i];

        if (!is_taken(ring, jobs, job) && (!best || ring->load < best->load))
            best = ring;
    }
    return best ? best : &sched->rings[engine.kind][0];
}

rw_status drm_sched_prepare(struct drm_sched *sched, struct drm_job *const *jobs, unsigned count)
{
    rw_status s = RW_OK;

    pthread_mutex_lock(&sched->make_lock);
    for (unsigned i = 0; i < count && rw_ok(s); i++) {
        struct hw_ring *ring;

        drm_fence_lock();
        ring = ring_choose_locked(sched, jobs, i);
        drm_fence_unlock();
        if (!ring->ring)
            s = ring_make(sched, ring);
        drm_fence_lock();
        if (rw_ok(s) && jobs[i]->entity->unfinished == 0)
            jobs[i]->entity->ring = ring;
        drm_fence_unlock();
    }
    pthread_mutex_unlock(&sched->make_lock);
    return s;
}

/* ---- pushing ---- */

static void wait_came_true(struct drm_fence_watch *watch)
{
    struct drm_job *job = ((struct drm_job_wait *)watch)->job;

    if (--job->blocked == 0)
        drm_sched_run_locked(job->sched);
}

void drm_job_push_locked(struct drm_job *job)
{
    struct drm_sched *sched = job->sched;
    struct drm_entity *entity = job->entity;

    job->age = sched->pushed++;
    job->blocked = 1 + job->wait_count;
    if (!entity->jobs)
        DL_APPEND(sched->entities, entity);
    DL_APPEND(entity->jobs, job);
    entity->ring->load++;
    entity->unfinished++;
    sched->unfinished++;
    for (unsigned i = 0; i < job->wait_count; i++) {
        struct drm_job_wait *wait = &job->waits[i];

        wait->job = job;
        drm_fence_watch_locked(&wait->watch, wait->fence, wait_came_true);
        drm_fence_put_locked(wait->fence);
        wait->fence = NULL;
    }
    job->blocked--;
    drm_sched_run_locked(sched);
}

/* ---- waiting for the file's jobs ---- */

/* Does the job wait for nothing but what GPUs do? */
static bool needs_no_program(const struct drm_job *job)
{
    for (unsigned i = 0; i < job->wait_count; i++) {
        const struct drm_fence *plain =
            job->waits[i].watch.fence ? job->waits[i].watch.plain : NULL;

        if (plain && !drm_fence_owner(plain))
            return false;
    }
    return true;
}

bool drm_sched_works_locked(const struct drm_sched *sched, uint64_t age,
                            bool (*counts)(const struct drm_job *job))
{
    const struct drm_entity *entity;

    for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
        for (unsigned i = 0; i < DRM_RINGS_MAX; i++) {
            const struct drm_job *job = sched->rings[kind][i].running;

            if (job && job->age < age)
                return true;
        }
    DL_FOREACH(sched->entities, entity)
    {
        if (entity->jobs->age < age && (!counts || counts(entity->jobs)))
            return true;
    }
    return false;
}

void drm_sched_settle(struct drm_sched *sched)
{
    const int64_t limit = 8 * NS_PER_S; /* one may wait for memory that the caller is to write */
    int64_t deadline = drm_fence_now() + limit;
    uint64_t age;

    drm_fence_lock();
    age = sched->pushed;
    while (drm_sched_works_locked(sched, age, needs_no_program))
        if (!drm_fence_sleep_locked(deadline)) {
            rw_warn(drm,
                    "addresses are unmapped while %u jobs have not ended for %d s; they may "
                    "fault",
                    sched->unfinished, (int)(limit / NS_PER_S));
            break;
        }
    drm_fence_unlock();
}

/* ---- life ---- */

rw_status drm_sched_create(struct drm_fpriv *fpriv, struct drm_sched **out_sched)
{
    struct drm_sched *sched = calloc(1, sizeof *sched);

    if (!sched)
        return RW_FAIL(ENOMEM, "no memory for a scheduler");
    sched->fpriv = fpriv;
    sched->update_run = drm_fence_context_new();
    pthread_mutex_init(&sched->make_lock, NULL);
    for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
        for (unsigned i = 0; i < DRM_RINGS_MAX; i++)
            sched->rings[kind][i] =
                (struct hw_ring){.sched = sched, .kind = (enum cp_ring_engine)kind, .index = i};
    drm_watchdog_add(sched);
    *out_sched = sched;
    return RW_OK;
}

/* Takes the jobs that wait for what will not come; to be finished by the caller. */
static struct drm_job *jobs_take_locked(struct drm_sched *sched)
{
    struct drm_job *jobs = NULL, *job;

    while (sched->entities) {
        job = sched->entities->jobs;
        entity_remove_locked(sched, job);
        for (unsigned i = 0; i < job->wait_count; i++)
            drm_fence_unwatch_locked(&job->waits[i].watch);
        DL_APPEND(jobs, job);
    }
    return jobs;
}

static unsigned running_locked(const struct drm_sched *sched)
{
    unsigned running = 0;

    for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
        for (unsigned i = 0; i < DRM_RINGS_MAX; i++)
            running += sched->rings[kind][i].running != NULL;
    return running;
}

/* Kernel: amdgpu_ctx_mgr_entity_flush(), drm_sched_entity_kill(). */
static void sched_drain(struct drm_sched *sched)
{
    struct drm_job *jobs, *job, *next;
    int64_t deadline = drm_fence_now() + NS_PER_S;

    drm_fence_lock();
    while (sched->entities && drm_fence_sleep_locked(deadline))
        ;
    jobs = jobs_take_locked(sched);
    DL_FOREACH(jobs, job)
    {
        job->error = ESRCH;
        job_finish_locked(job);
    }
    while (running_locked(sched) > 0 && drm_fence_sleep_locked(DRM_FENCE_FOREVER))
        ;
    drm_fence_unlock();
    DL_FOREACH_SAFE(jobs, job, next)
    {
        job_free(job);
    }
}

void drm_sched_destroy(struct drm_sched *sched)
{
    if (!sched)
        return;
    sched_drain(sched);
    drm_watchdog_remove(sched);
    for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
        for (unsigned i = 0; i < DRM_RINGS_MAX; i++)
            cp_ring_destroy(sched->rings[kind][i].ring);
    drm_update_run(sched); /* those behind jobs that were skipped */
    pthread_mutex_destroy(&sched->make_lock);
    free(sched);
}
