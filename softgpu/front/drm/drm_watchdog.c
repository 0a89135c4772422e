/* SPDX-License-Identifier: MIT
 *
 * Resets. Time-outs of jobs: a thread that sleeps until the next deadline and cuts short what has
 * missed it. It is started with the process's first job and costs nothing while no job runs for
 * long.
 *
 * Kernel: drm_sched_job_timedout(), amdgpu_device_get_job_timeout_settings().
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "softgpu/front/drm/drm_sched_internal.h"
#include "softgpu/front/nodes.h"

#define NS_PER_MS INT64_C(1000000)

/* The kernel's defaults, and how much slower than a card's a job of softgpu may be. What a card
 * does in a tenth of a second takes minutes here, and a program that works there must work here. */
#define DEFAULT_MS      10000
#define DEFAULT_COMPUTE 60000
#define DEFAULT_SCALE   10

static struct drm_sched *scheds; /* all; under the fence lock, as what follows */
static int64_t wakes_at;         /* when the watchdog looks next */
static pthread_cond_t sooner;    /* wakes_at has moved */
static pid_t started_by;         /* the watchdog's process; 0 = none yet */

/* ---- settings ---- */

static int64_t timeouts[CP_RING_ENGINE_COUNT]; /* ns */
static pthread_once_t settings_once = PTHREAD_ONCE_INIT;

static void timeout_set(enum cp_ring_engine kind, long ms)
{
    if (ms != 0)
        timeouts[kind] = ms < 0 ? DRM_FENCE_FOREVER : ms * NS_PER_MS;
}

/* One number, or a number per engine, in the order GFX, compute, SDMA, video. */
static void settings_parse(const char *text)
{
    static const enum cp_ring_engine order[] = {CP_RING_GFX, CP_RING_COMPUTE, CP_RING_SDMA};
    bool single = !strchr(text, ',');

    for (unsigned i = 0; i < CP_RING_ENGINE_COUNT; i++) {
        char *end;
        long ms = strtol(text, &end, 0);

        if (end == text || (*end != ',' && *end != '\0')) {
            rw_warn(drm, "ROCWELD_LOCKUP_TIMEOUT: \"%s\" is no number of milliseconds; ignored",
                    text);
            return;
        }
        timeout_set(order[i], ms);
        if (single)
            timeout_set(CP_RING_SDMA, ms);
        if (*end == '\0')
            return;
        text = end + 1;
    }
}

static void settings_read(void)
{
    const char *text = getenv("ROCWELD_LOCKUP_TIMEOUT");
    pthread_condattr_t attributes;

    for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
        timeouts[kind] =
            (kind == CP_RING_COMPUTE ? DEFAULT_COMPUTE : DEFAULT_MS) * DEFAULT_SCALE * NS_PER_MS;
    if (text)
        settings_parse(text);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sooner, &attributes);
    pthread_condattr_destroy(&attributes);
}

int64_t drm_watchdog_timeout_ns(enum cp_ring_engine kind)
{
    pthread_once(&settings_once, settings_read);
    return timeouts[kind];
}

/* ---- the thread ---- */

static void ring_time_out_locked(struct hw_ring *ring)
{
    static const char *const names[] = {"gfx", "compute", "sdma"};
    struct drm_job *job = ring->running;

    rw_warn(drm,
            "gpu %u %s ring %u: job %llu has run for %lld ms without an end; the ring is reset, "
            "and the context can submit no more (ROCWELD_LOCKUP_TIMEOUT allows more time)",
            ring->sched->fpriv->device->index, names[ring->kind], ring->index,
            (unsigned long long)job->sequence,
            (long long)((drm_fence_now() - job->started) / NS_PER_MS));
    job->timed_out = true;
    ring->deadline = DRM_FENCE_FOREVER;
    cp_ring_reset(ring->ring, &job->ring_job);
}

/* Returns the earliest deadline that is left. */
static int64_t rings_check_locked(int64_t now)
{
    int64_t next = DRM_FENCE_FOREVER;
    struct drm_sched *sched;

    DL_FOREACH(scheds, sched)
    {
        for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
            for (unsigned i = 0; i < DRM_RINGS_MAX; i++) {
                struct hw_ring *ring = &sched->rings[kind][i];

                if (!ring->running)
                    continue;
                if (ring->deadline <= now)
                    ring_time_out_locked(ring);
                next = ring->deadline < next ? ring->deadline : next;
            }
    }
    return next;
}

static void *watchdog_main(void *argument)
{
    (void)argument;
    prctl(PR_SET_NAME, "rw-watchdog");
    drm_fence_lock();
    for (;;) {
        wakes_at = rings_check_locked(drm_fence_now());
        drm_fence_sleep_on_locked(&sooner, wakes_at);
    }
    return NULL;
}

static void watchdog_start_locked(void)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int err;

    if (started_by == getpid())
        return;
    wakes_at = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    err = pthread_create(&thread, &attributes, watchdog_main, NULL);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err)
        rw_warn(drm, "no thread to watch for hung jobs: %s", strerror(err));
    else
        started_by = getpid();
}

void drm_watchdog_watch_locked(int64_t deadline)
{
    if (deadline == DRM_FENCE_FOREVER)
        return;
    watchdog_start_locked();
    if (deadline < wakes_at)
        pthread_cond_signal(&sooner);
}

/* ---- the reset of a whole device ---- */

static void rings_lose_locked(struct drm_sched *sched)
{
    for (unsigned kind = 0; kind < CP_RING_ENGINE_COUNT; kind++)
        for (unsigned i = 0; i < DRM_RINGS_MAX; i++) {
            struct hw_ring *ring = &sched->rings[kind][i];

            if (!ring->running)
                continue;
            ring->running->lost = true;
            ring->deadline = DRM_FENCE_FOREVER;
            cp_ring_reset(ring->ring, &ring->running->ring_job);
        }
}

/* Kernel: amdgpu_device_gpu_recover() without a job to blame. Jobs that wait are refused when their
 * turn comes (amdgpu_job_run() compares the counter of losses). */
void drm_device_reset(struct soft_device *device)
{
    struct drm_sched *sched;

    rw_warn(drm, "gpu %u is reset as a whole; what has been submitted is lost", device->index);
    drm_fence_lock();
    drm_sched_count_reset_locked(device->index, true);
    DL_FOREACH(scheds, sched)
    {
        if (sched->fpriv->device == device)
            rings_lose_locked(sched);
    }
    drm_fence_unlock();
}

/* ---- whom to watch ---- */

void drm_watchdog_add(struct drm_sched *sched)
{
    pthread_once(&settings_once, settings_read);
    drm_fence_lock();
    DL_APPEND(scheds, sched);
    drm_fence_unlock();
}

void drm_watchdog_remove(struct drm_sched *sched)
{
    drm_fence_lock();
    DL_DELETE(scheds, sched);
    drm_fence_unlock();
}
