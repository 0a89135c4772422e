/* SPDX-License-Identifier: MIT
 *
 * CS: command submission. Kernel: amdgpu_cs_ioctl(), whose order of checks this is.
 */
#include "softgpu/front/drm/drm_cs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_resv.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_update.h"

static rw_status parser_init(struct cs_parser *p, struct drm_fpriv *fpriv,
                             const struct drm_amdgpu_cs_in *in)
{
    *p = (struct cs_parser){.fpriv = fpriv};
    if (in->num_chunks == 0)
        return RW_FAIL(EINVAL, "a submission without chunks");
    p->ctx = drm_context_find(fpriv, in->ctx_id);
    if (!p->ctx)
        return RW_FAIL(EINVAL, "context %u does not exist in this file", in->ctx_id);
    if (atomic_load(&p->ctx->guilty))
        return RW_FAIL(ECANCELED, "context %u has hung the GPU and can submit no more", in->ctx_id);
    return RW_OK;
}

static void parser_finish(struct cs_parser *p)
{
    for (unsigned i = 0; i < p->gang_size; i++)
        drm_job_destroy(p->jobs[i]);
    for (uint32_t i = 0; i < p->chunk_count; i++)
        free(p->chunks[i].data);
    free(p->chunks);
    for (unsigned i = 0; i < p->dep_count; i++)
        drm_fence_put(p->deps[i]);
    free(p->deps);
    for (uint32_t i = 0; i < p->out_count; i++)
        drm_syncobj_put(p->outs[i].syncobj);
    free(p->outs);
    drm_bo_list_put(p->bos);
    mem_bo_put(p->user_fence);
    drm_context_put(p->ctx);
}

static rw_status jobs_create(struct cs_parser *p)
{
    for (unsigned i = 0; i < p->gang_size; i++)
        RW_TRY(
            drm_job_create(p->fpriv->sched, p->ctx, p->entities[i], p->ib_counts[i], &p->jobs[i]));
    return RW_OK;
}

/* ---- buffers ---- */

/* The list that the submission names, in one way or the other; else an empty one. */
static rw_status bos_find(struct cs_parser *p, uint32_t handle)
{
    if (handle && p->bos)
        return RW_FAIL(EINVAL, "buffers by list and by chunk in one submission");
    if (handle)
        return drm_bo_list_find(p->fpriv, handle, &p->bos);
    return p->bos ? RW_OK : drm_bo_list_make_empty(&p->bos);
}

/* ---- dependencies ---- */

/* Jobs of other VMs that use a listed buffer come first, unless it is synchronised explicitly; what
 * is no job always does. (amdgpu_sync_test_fence) */
static rw_status implicit_sync_locked(struct cs_parser *p, const struct mem_bo *bo)
{
    bool explicitly = bo->create_flags & AMDGPU_GEM_CREATE_EXPLICIT_SYNC;
    const void *own = drm_file_vm(p->fpriv->file), *owner;
    struct drm_fence *fence;
    rw_status s = RW_OK;

    for (unsigned i = 0; rw_ok(s) && (fence = drm_resv_next_locked(drm_resv_of(bo), &i));) {
        owner = drm_fence_owner(fence);
        if (owner && (explicitly || owner == own))
            continue;
        drm_fence_get_locked(fence);
        drm_fence_unlock(); /* adding may put it */
        s = cs_dep_add(p, fence);
        drm_fence_lock();
    }
    return s;
}

static rw_status implicit_sync(struct cs_parser *p)
{
    rw_status s = RW_OK;

    drm_fence_lock();
    for (uint32_t i = 0; rw_ok(s) && i < p->bos->count; i++)
        s = implicit_sync_locked(p, p->bos->bos[i]);
    if (rw_ok(s) && p->user_fence)
        s = implicit_sync_locked(p, p->user_fence);
    drm_fence_unlock();
    return s;
}

/* What has been unmapped is so for this submission. */
static rw_status updates_sync(struct cs_parser *p)
{
    struct drm_fence *fence = drm_update_last(p->fpriv->sched);

    return fence ? cs_dep_add(p, fence) : RW_OK;
}

static rw_status deps_give(struct cs_parser *p)
{
    for (unsigned i = 0; i < p->gang_size; i++)
        for (unsigned k = 0; k < p->dep_count; k++)
            RW_TRY(drm_job_add_wait(p->jobs[i], p->deps[k]));
    return RW_OK;
}

/* ---- submitting ---- */

static rw_status reserve_locked(struct cs_parser *p, struct drm_fence *fence)
{
    RW_TRY(drm_resv_add_locked(drm_file_vm(p->fpriv->file), fence));
    for (uint32_t i = 0; i < p->bos->count; i++)
        RW_TRY(drm_resv_add_locked(drm_resv_of(p->bos->bos[i]), fence));
    return p->user_fence ? drm_resv_add_locked(drm_resv_of(p->user_fence), fence) : RW_OK;
}

static rw_status reserve_all_locked(struct cs_parser *p)
{
    for (unsigned i = 0; i < p->gang_size; i++)
        RW_TRY(reserve_locked(p, p->jobs[i]->finished));
    return RW_OK;
}

/* Fences of jobs that will not be: nobody shall wait for them. */
static void reserve_undo_locked(struct cs_parser *p)
{
    for (unsigned i = 0; i < p->gang_size; i++)
        drm_fence_signal_locked(p->jobs[i]->finished, ECANCELED);
    for (uint32_t i = 0; i < p->bos->count; i++)
        drm_resv_prune_locked(drm_resv_of(p->bos->bos[i]));
    if (p->user_fence)
        drm_resv_prune_locked(drm_resv_of(p->user_fence));
    drm_resv_prune_locked(drm_file_vm(p->fpriv->file));
}

/* From here on nothing fails. */
static rw_status push_locked(struct cs_parser *p, uint64_t *out_sequence)
{
    struct drm_job *leader = p->jobs[p->leader];
    rw_status s = reserve_all_locked(p);

    if (!rw_ok(s)) {
        reserve_undo_locked(p);
        return s;
    }
    *out_sequence = drm_job_arm_locked(leader);
    leader->user_fence = p->user_fence;
    leader->user_fence_offset = p->user_fence_offset;
    p->user_fence = NULL;
    for (unsigned i = 0; i < p->gang_size; i++) {
        p->jobs[i]->bos = drm_bo_list_get(p->bos);
        drm_job_push_locked(p->jobs[i]);
        p->jobs[i] = NULL;
    }
    return RW_OK;
}

static rw_status outs_signal(struct cs_parser *p, struct drm_fence *fence)
{
    for (uint32_t i = 0; i < p->out_count; i++) {
        const struct cs_out *out = &p->outs[i];

        if (out->point)
            RW_TRY(drm_syncobj_add_point(out->syncobj, fence, out->point));
        else
            drm_syncobj_replace_fence(out->syncobj, fence);
    }
    return RW_OK;
}

static rw_status submit(struct cs_parser *p, uint64_t *out_sequence)
{
    struct drm_fence *fence = drm_fence_get(p->jobs[p->leader]->finished);
    rw_status s;

    drm_fence_lock();
    drm_entity_wait_room_locked(p->entities[p->leader]);
    s = push_locked(p, out_sequence);
    drm_fence_unlock();
    if (rw_ok(s))
        s = outs_signal(p, fence);
    drm_fence_put(fence);
    return s;
}

/* What the VM's mappings have become takes effect now, and its buffers are where they belong until
 * the jobs have ended. The entity's room is waited for before, since nothing moves meanwhile, and
 * what is waited for may need that; only when another thread takes the room it is once more. */
static rw_status validate_and_submit(struct cs_parser *p, uint64_t *out_sequence)
{
    rw_status s;

    drm_fence_lock();
    drm_entity_wait_room_locked(p->entities[p->leader]);
    drm_fence_unlock();
    RW_TRY(gpu_vm_validate_begin(drm_file_vm(p->fpriv->file), p->bos->bos, p->bos->count));
    s = submit(p, out_sequence);
    gpu_vm_validate_end();
    return s;
}

static rw_status cs_run(struct cs_parser *p, const struct drm_amdgpu_cs_in *in,
                        uint64_t *out_sequence)
{
    RW_TRY(cs_pass1(p, in));
    RW_TRY(jobs_create(p));
    RW_TRY(cs_pass2(p));
    RW_TRY(bos_find(p, in->bo_list_handle));
    RW_TRY(implicit_sync(p));
    RW_TRY(updates_sync(p));
    RW_TRY(deps_give(p));
    if (p->gang_size > 1)
        RW_TRY(drm_gang_create(p->jobs, p->gang_size, p->jobs[p->leader]));
    RW_TRY(drm_sched_prepare(p->fpriv->sched, p->jobs, p->gang_size));
    return validate_and_submit(p, out_sequence);
}

rw_status drm_ioctl_cs(void *context, void *argument)
{
    union drm_amdgpu_cs *args = argument;
    struct cs_parser parser;
    uint64_t sequence = 0;
    rw_status s;

    s = parser_init(&parser, context, &args->in);
    if (rw_ok(s))
        s = cs_run(&parser, &args->in, &sequence);
    if (rw_ok(s))
        args->out.handle = sequence;
    parser_finish(&parser);
    drm_resv_reap();
    return s;
}
