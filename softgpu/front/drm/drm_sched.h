/* SPDX-License-Identifier: MIT
 *
 * The scheduler of one DRM file: which job runs when on which kernel ring. What drm_sched does in
 * the kernel, with amdgpu's rules for gangs, hung jobs and guilty contexts.
 *
 * A job waits in its entity, behind earlier jobs of it, until the fences it depends on are
 * signalled and a ring of its engine is free; among several that could run, the context's priority
 * decides, then age. A ring has one job at a time. Jobs of a gang run side by side, and no second
 * gang runs beside them.
 *
 * A job that runs longer than its engine allows is cut short, its fence gets ETIME, and its context
 * is guilty: what it has queued is skipped with ECANCELED, and it can submit no more. A job that
 * faults is the hang that it would have become, noticed at once. Rings of other engines and of
 * other files go on.
 *
 *     ROCWELD_LOCKUP_TIMEOUT=MS[,COMPUTE[,SDMA[,VIDEO]]]
 *
 * has amdgpu.lockup_timeout's meaning: one number is for all but compute; 0 is the default,
 * negative is never. The defaults are ten times the kernel's (100000; compute 600000).
 *
 * Ownership: the file owns its scheduler. A job is its maker's until it is pushed.
 * Thread safety: from any thread. The fence lock (drm_fence.h) guards all state; functions named
 * _locked need it held.
 */
#ifndef SOFTGPU_FRONT_DRM_SCHED_H
#define SOFTGPU_FRONT_DRM_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/cp/ring.h"
#include "softgpu/front/drm/drm_bo_list.h"
#include "softgpu/front/drm/drm_context.h"
#include "softgpu/front/drm/drm_fence.h"

struct drm_sched;
struct drm_gang;
struct drm_job_wait;

/* ---- entities ---- */

enum { DRM_ENTITY_FENCES = 32 }; /* amdgpu.sched_jobs: jobs that an entity may have unfinished */

/* The entity that (ip, instance, ring) name in a context, made when first named. EINVAL when they
 * name none; or the error of the entity's last job. */
rw_status drm_entity_find(struct drm_context *ctx, uint32_t ip, uint32_t instance, uint32_t ring,
                          struct drm_entity **out_entity) RW_MUST_USE;
/* The context ends: no job of it is left. */
void drm_entities_destroy(struct drm_context *ctx);

/* The fence of a sequence number, ~0 = the last one; with `scheduled` the one of the job's start.
 * New reference; NULL when that is long signalled. EINVAL for the future. */
rw_status drm_entity_fence(struct drm_entity *entity, uint64_t sequence, bool scheduled,
                           struct drm_fence **out_fence) RW_MUST_USE;
/* Waits until the entity has room for one more unfinished job. */
void drm_entity_wait_room_locked(struct drm_entity *entity);

/* ---- jobs ---- */

struct drm_job {
    struct cp_ring_job ring_job; /* first */
    struct drm_sched *sched;
    struct drm_context *ctx; /* reference */
    struct drm_entity *entity;
    struct drm_gang *gang; /* NULL = alone */
    struct drm_fence *scheduled, *finished;
    struct drm_job_wait *waits; /* owned */
    unsigned wait_count;
    unsigned blocked; /* waits that have not come true; and 1 while it is being made */
    int error;        /* 0 or positive; of the finished fence */
    bool timed_out;
    bool lost;            /* in a reset that is none of its doing */
    unsigned vram_losses; /* of the device, when the job was made */
    int64_t started;      /* CLOCK_MONOTONIC, ns */
    uint64_t age;         /* order of pushing */
    /* What the job keeps alive. */
    struct drm_bo_list *bos;
    struct mem_bo *user_fence; /* NULL = none */
    uint64_t user_fence_offset, sequence;
    struct drm_job *prev, *next; /* in the entity */
    unsigned ib_count, ib_room;
    struct cp_ring_ib ibs[];
};

/* ENOMEM; EINVAL when the GPU has no ring of the entity's engine. */
rw_status drm_job_create(struct drm_sched *sched, struct drm_context *ctx,
                         struct drm_entity *entity, unsigned ib_room,
                         struct drm_job **out_job) RW_MUST_USE;
void drm_job_destroy(struct drm_job *job); /* one that was not pushed */
/* The job starts when `fence` is signalled. Takes a reference of its own. */
rw_status drm_job_add_wait(struct drm_job *job, struct drm_fence *fence) RW_MUST_USE;

/* Makes the rings that the jobs will need, so that pushing cannot fail. */
rw_status drm_sched_prepare(struct drm_sched *sched, struct drm_job *const *jobs,
                            unsigned count) RW_MUST_USE;
/* Binds jobs into a gang; `leader` starts after the others have. */
rw_status drm_gang_create(struct drm_job *const *jobs, unsigned count,
                          struct drm_job *leader) RW_MUST_USE;
/* Gives the job its entity's next sequence number, which is returned. */
uint64_t drm_job_arm_locked(struct drm_job *job);
/* Takes the job over. */
void drm_job_push_locked(struct drm_job *job);

/* ---- the scheduler ---- */

rw_status drm_sched_create(struct drm_fpriv *fpriv, struct drm_sched **out_sched) RW_MUST_USE;
/* Waits a second for queued jobs, and for running ones as long as they may run; then skips and
 * frees. NULL is fine. */
void drm_sched_destroy(struct drm_sched *sched);

/* Waits until those jobs that the file has pushed, and that can get on without the program's help,
 * have ended. For page tables where something else comes in the place of what they use; what is
 * only taken away needs no waiting (drm_update.h). */
void drm_sched_settle(struct drm_sched *sched);

/* How often a ring of the device has been reset. */
unsigned drm_sched_resets(unsigned device);
/* How often the whole device has been reset, which loses VRAM. */
unsigned drm_sched_vram_losses(unsigned device);

#endif
