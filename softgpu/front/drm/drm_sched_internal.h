/* SPDX-License-Identifier: MIT
 *
 * Inside of the scheduler: drm_sched.c (jobs), drm_entity.c (runs of jobs and their fences),
 * drm_update.c (page tables) and drm_watchdog.c (time-outs). All of it is under the fence lock.
 */
#ifndef SOFTGPU_FRONT_DRM_SCHED_INTERNAL_H
#define SOFTGPU_FRONT_DRM_SCHED_INTERNAL_H

#include <pthread.h>

#include "softgpu/front/drm/drm_sched.h"

struct drm_update;

struct hw_ring {
    struct drm_sched *sched;
    enum cp_ring_engine kind;
    unsigned index;
    struct cp_ring *ring; /* owned; NULL until first needed */
    struct drm_job *running;
    int64_t deadline; /* of the running job, CLOCK_MONOTONIC in ns */
    unsigned load;    /* jobs that are its to run */
};

struct drm_sched {
    struct drm_fpriv *fpriv;     /* borrowed: owns us */
    pthread_mutex_t make_lock;   /* held while rings are made; before the fence lock */
    struct drm_entity *entities; /* that have waiting jobs */
    struct drm_gang *gang;       /* that runs */
    unsigned unfinished;         /* jobs */
    uint64_t pushed;             /* jobs, ever */
    bool busy, again;            /* drm_sched_run_locked() runs; is to go on */
    struct drm_update *updates;  /* of page tables, that are to be made */
    uint64_t tickets;            /* of updates, ever */
    uint64_t update_run;         /* fence context of updates */
    bool updating;               /* somebody makes them */
    struct hw_ring rings[CP_RING_ENGINE_COUNT][DRM_RINGS_MAX];
    struct drm_sched *prev, *next; /* the watchdog's */
};

struct drm_entity {
    uint32_t ip;
    uint64_t scheduled_run, finished_run; /* fence contexts */
    uint64_t next_sequence;
    struct drm_fence *scheduled[DRM_ENTITY_FENCES]; /* references, by sequence number */
    struct drm_fence *finished[DRM_ENTITY_FENCES];
    struct drm_fence *last;         /* reference: finished fence of the job that started last */
    struct drm_job *jobs;           /* waiting */
    unsigned unfinished;            /* jobs, waiting or running */
    struct hw_ring *ring;           /* where its jobs run; made */
    struct drm_entity *prev, *next; /* in the scheduler */
};

/* Of the last job that has started, if it has ended; 0 or positive. */
int drm_entity_error_locked(const struct drm_entity *entity);

void drm_sched_run_locked(struct drm_sched *sched);

/* Is a job older than `age` under way? Running ones are; waiting ones where `counts` says so, NULL:
 * all. */
bool drm_sched_works_locked(const struct drm_sched *sched, uint64_t age,
                            bool (*counts)(const struct drm_job *job));

void drm_sched_count_reset_locked(unsigned device, bool vram_is_lost);

/* How long a job of this engine may take; DRM_FENCE_FOREVER. */
int64_t drm_watchdog_timeout_ns(enum cp_ring_engine kind);
void drm_watchdog_add(struct drm_sched *sched);
void drm_watchdog_remove(struct drm_sched *sched);
/* Somebody's deadline is there: the watchdog must not sleep beyond it. */
void drm_watchdog_watch_locked(int64_t deadline);

#endif
