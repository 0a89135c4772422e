/* SPDX-License-Identifier: MIT
 *
 * The chunks of a submission. Kernel: amdgpu_cs_pass1() and _pass2(), whose order of checks this
 * is: what pass 1 finds wrong with a late chunk comes before what pass 2 finds wrong with an early
 * one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_bo_list.h"
#include "softgpu/front/drm/drm_cs.h"
#include "softgpu/front/ioctl.h"

/* Minor versions of amdgpu (amdgpu_drv.c) that brought something to submissions. */
#define MINOR_GANG   49
#define MINOR_SHADOW 53

/* Engine rings in one submission. */
static unsigned gang_limit(const struct cs_parser *p)
{
    return p->fpriv->machine->kernel->drm_minor >= MINOR_GANG ? DRM_GANG_MAX : 1;
}

/* The job that an indirect buffer belongs to; a new member of the gang if it is the first. */
static rw_status job_index(struct cs_parser *p, const struct drm_amdgpu_cs_chunk_ib *ib,
                           unsigned *out_index)
{
    const struct gpu_profile *profile = p->fpriv->device->profile;
    struct drm_entity *entity;
    unsigned i;

    RW_TRY(drm_entity_find(p->ctx, ib->ip_type, ib->ip_instance, ib->ring, &entity));
    if (drm_engine_of(profile, ib->ip_type).rings == 0)
        return RW_FAIL(EINVAL, "engine type %u has no ring on this GPU", ib->ip_type);
    for (i = 0; i < p->gang_size; i++)
        if (p->entities[i] == entity)
            break;
    if (i == gang_limit(p))
        return RW_FAIL(EINVAL, "more than %u engine rings in one submission", i);
    if (i == p->gang_size)
        p->entities[p->gang_size++] = entity;
    *out_index = i;
    return RW_OK;
}

/* ---- pass 1 ---- */

static rw_status pass1_ib(struct cs_parser *p, const void *data)
{
    const struct drm_amdgpu_cs_chunk_ib *ib = data;
    unsigned index = 0;

    RW_TRY(job_index(p, ib, &index));
    if (p->ib_counts[index] >= drm_engine_max_ibs(ib->ip_type))
        return RW_FAIL(EINVAL, "more than %u indirect buffers for engine type %u",
                       p->ib_counts[index], ib->ip_type);
    p->ib_counts[index]++;
    p->leader = index;
    return RW_OK;
}

static rw_status pass1_user_fence(struct cs_parser *p, const void *data)
{
    const struct drm_amdgpu_cs_chunk_fence *fence = data;
    struct mem_bo *bo;

    if (p->user_fence)
        return RW_FAIL(EINVAL, "two user fences in one submission");
    bo = p->user_fence = drm_file_handle_lookup(p->fpriv->file, fence->handle);
    if (!bo)
        return RW_FAIL(EINVAL, "user fence: GEM handle %u is not open in this file", fence->handle);
    if (bo->size != GPU_PAGE_SIZE || fence->offset > bo->size - sizeof(uint64_t))
        return RW_FAIL(EINVAL, "user fence at %u of %llu bytes; it must lie in one page",
                       fence->offset, (unsigned long long)bo->size);
    if (bo->backing == MEM_BACKING_USERPTR || !bo->host)
        return RW_FAIL(EINVAL, "user fence in a %s", bo->label);
    p->user_fence_offset = fence->offset;
    return RW_OK;
}

static rw_status pass1_bo_handles(struct cs_parser *p, const void *data)
{
    if (p->bos)
        return RW_FAIL(EINVAL, "two lists of buffers in one submission");
    return drm_bo_list_make(p->fpriv, data, &p->bos);
}

static rw_status pass1_nothing(struct cs_parser *p, const void *data)
{
    (void)p;
    (void)data;
    return RW_OK;
}

/* ---- pass 2 ---- */

static rw_status preemption_check(struct cs_parser *p, const struct drm_amdgpu_cs_chunk_ib *ib)
{
    if (ib->ip_type != AMDGPU_HW_IP_GFX || !(ib->flags & AMDGPU_IB_FLAG_PREEMPT))
        return RW_OK;
    if (ib->flags & AMDGPU_IB_FLAG_CE)
        p->preemptible_ce++;
    else
        p->preemptible_de++;
    return p->preemptible_ce > 1 || p->preemptible_de > 1
               ? RW_FAIL(EINVAL, "more than one preemptible buffer")
               : RW_OK;
}

static rw_status pass2_ib(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_amdgpu_cs_chunk_ib *ib = chunk->data;
    struct drm_job *job;
    unsigned index = 0;

    RW_TRY(job_index(p, ib, &index));
    job = p->jobs[index];
    RW_TRY(preemption_check(p, ib));
    if (ib->ib_bytes / 4 > DRM_IB_MAX_DWORDS)
        return RW_FAIL(EINVAL, "an indirect buffer of %u bytes", ib->ib_bytes);
    job->ibs[job->ib_count++] = (struct cp_ring_ib){
        .va = gpu_va_make(ib->va_start),
        .dwords = ib->ib_bytes / 4,
        .constant_engine = ib->ip_type == AMDGPU_HW_IP_GFX && (ib->flags & AMDGPU_IB_FLAG_CE),
    };
    return RW_OK;
}

rw_status cs_dep_add(struct cs_parser *p, struct drm_fence *fence)
{
    struct drm_fence **deps = p->deps;

    if (p->dep_count == p->dep_room) {
        p->dep_room = p->dep_room ? p->dep_room * 2 : 8;
        deps = realloc(deps, p->dep_room * sizeof *deps);
    }
    if (!deps) {
        p->dep_room = p->dep_count;
        drm_fence_put(fence);
        return RW_FAIL(ENOMEM, "no memory for %u dependencies", p->dep_count + 1);
    }
    p->deps = deps;
    deps[p->dep_count++] = fence;
    return RW_OK;
}

static rw_status dependency_add(struct cs_parser *p, const struct drm_amdgpu_cs_chunk_dep *dep,
                                bool scheduled)
{
    struct drm_context *ctx = drm_context_find(p->fpriv, dep->ctx_id);
    struct drm_fence *fence = NULL;
    struct drm_entity *entity;
    rw_status s;

    if (!ctx)
        return RW_FAIL(EINVAL, "dependency: context %u does not exist in this file", dep->ctx_id);
    s = drm_entity_find(ctx, dep->ip_type, dep->ip_instance, dep->ring, &entity);
    if (rw_ok(s))
        s = drm_entity_fence(entity, dep->handle, scheduled, &fence);
    drm_context_put(ctx);
    return rw_ok(s) && fence ? cs_dep_add(p, fence) : s;
}

static rw_status pass2_dependencies(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_amdgpu_cs_chunk_dep *deps = chunk->data;

    for (size_t i = 0; i < chunk->dwords * (size_t)4 / sizeof *deps; i++)
        RW_TRY(dependency_add(p, &deps[i], chunk->id == AMDGPU_CHUNK_ID_SCHEDULED_DEPENDENCIES));
    return RW_OK;
}

static rw_status syncobj_wait_add(struct cs_parser *p, uint32_t handle, uint64_t point,
                                  uint32_t flags)
{
    struct drm_fence *fence;

    RW_TRY(drm_syncobj_find_fence(p->fpriv, handle, point, flags, &fence));
    return cs_dep_add(p, fence);
}

static rw_status pass2_syncobj_in(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_amdgpu_cs_chunk_sem *deps = chunk->data;

    for (size_t i = 0; i < chunk->dwords * (size_t)4 / sizeof *deps; i++)
        RW_TRY(syncobj_wait_add(p, deps[i].handle, 0, 0));
    return RW_OK;
}

static rw_status pass2_timeline_wait(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_amdgpu_cs_chunk_syncobj *deps = chunk->data;

    for (size_t i = 0; i < chunk->dwords * (size_t)4 / sizeof *deps; i++)
        RW_TRY(syncobj_wait_add(p, deps[i].handle, deps[i].point, deps[i].flags));
    return RW_OK;
}

static rw_status outs_alloc(struct cs_parser *p, size_t count)
{
    if (p->outs_given)
        return RW_FAIL(EINVAL, "two chunks of syncobjs to signal in one submission");
    p->outs_given = true;
    p->outs = calloc(count ? count : 1, sizeof *p->outs);
    return p->outs ? RW_OK : RW_FAIL(ENOMEM, "no memory for %zu syncobjs", count);
}

static rw_status out_add(struct cs_parser *p, uint32_t handle, uint64_t point)
{
    struct drm_syncobj *syncobj = drm_syncobj_find(p->fpriv, handle);

    if (!syncobj)
        return RW_FAIL(EINVAL, "syncobj handle %u to signal is not open in this file", handle);
    p->outs[p->out_count++] = (struct cs_out){syncobj, point};
    return RW_OK;
}

static rw_status pass2_syncobj_out(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_amdgpu_cs_chunk_sem *outs = chunk->data;
    size_t count = chunk->dwords * (size_t)4 / sizeof *outs;

    RW_TRY(outs_alloc(p, count));
    for (size_t i = 0; i < count; i++)
        RW_TRY(out_add(p, outs[i].handle, 0));
    return RW_OK;
}

static rw_status pass2_timeline_signal(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_amdgpu_cs_chunk_syncobj *outs = chunk->data;
    size_t count = chunk->dwords * (size_t)4 / sizeof *outs;

    RW_TRY(outs_alloc(p, count));
    for (size_t i = 0; i < count; i++)
        RW_TRY(out_add(p, outs[i].handle, outs[i].point));
    return RW_OK;
}

/* Shadow memory is for GPUs whose firmware preempts by it; others accept and ignore it. */
static rw_status pass2_shadow(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct drm_uapi_cs_chunk_cp_gfx_shadow *shadow = chunk->data;

    (void)p;
    if (shadow->flags & ~(uint64_t)DRM_UAPI_CP_GFX_SHADOW_INIT)
        return RW_FAIL(EINVAL, "unknown flags 0x%llx of shadow memory",
                       (unsigned long long)shadow->flags);
    return RW_OK;
}

static rw_status pass2_nothing(struct cs_parser *p, const struct cs_chunk *chunk)
{
    (void)p;
    (void)chunk;
    return RW_OK;
}

/* ---- the table ---- */

struct chunk_kind {
    const char *name;
    size_t least_bytes; /* 0 = any length, of which whole items count */
    unsigned since;     /* minor version of amdgpu */
    rw_status (*pass1)(struct cs_parser *p, const void *data);
    rw_status (*pass2)(struct cs_parser *p, const struct cs_chunk *chunk);
};

static const struct chunk_kind kinds[] = {
    [AMDGPU_CHUNK_ID_IB] = {"IB", sizeof(struct drm_amdgpu_cs_chunk_ib), 0, pass1_ib, pass2_ib},
    [AMDGPU_CHUNK_ID_FENCE] = {"FENCE", sizeof(struct drm_amdgpu_cs_chunk_fence), 0,
                               pass1_user_fence, pass2_nothing},
    [AMDGPU_CHUNK_ID_DEPENDENCIES] = {"DEPENDENCIES", 0, 0, pass1_nothing, pass2_dependencies},
    [AMDGPU_CHUNK_ID_SYNCOBJ_IN] = {"SYNCOBJ_IN", 0, 0, pass1_nothing, pass2_syncobj_in},
    [AMDGPU_CHUNK_ID_SYNCOBJ_OUT] = {"SYNCOBJ_OUT", 0, 0, pass1_nothing, pass2_syncobj_out},
    [AMDGPU_CHUNK_ID_BO_HANDLES] = {"BO_HANDLES", sizeof(struct drm_amdgpu_bo_list_in), 0,
                                    pass1_bo_handles, pass2_nothing},
    [AMDGPU_CHUNK_ID_SCHEDULED_DEPENDENCIES] = {"SCHEDULED_DEPENDENCIES", 0, 0, pass1_nothing,
                                                pass2_dependencies},
    [AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_WAIT] = {"SYNCOBJ_TIMELINE_WAIT", 0, 0, pass1_nothing,
                                               pass2_timeline_wait},
    [AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_SIGNAL] = {"SYNCOBJ_TIMELINE_SIGNAL", 0, 0, pass1_nothing,
                                                 pass2_timeline_signal},
    [DRM_UAPI_CHUNK_CP_GFX_SHADOW] = {"CP_GFX_SHADOW",
                                      sizeof(struct drm_uapi_cs_chunk_cp_gfx_shadow), MINOR_SHADOW,
                                      pass1_nothing, pass2_shadow},
};

static const struct chunk_kind *kind_of(const struct cs_parser *p, uint32_t id)
{
    if (id >= sizeof kinds / sizeof kinds[0] || !kinds[id].name ||
        kinds[id].since > p->fpriv->machine->kernel->drm_minor)
        return NULL;
    return &kinds[id];
}

static rw_status chunk_copy_in(uint64_t user, struct cs_chunk *out_chunk)
{
    struct drm_amdgpu_cs_chunk chunk;

    RW_TRY(front_copy_in(&chunk, user, sizeof chunk));
    out_chunk->id = chunk.chunk_id;
    out_chunk->dwords = chunk.length_dw;
    return front_copy_in_array(chunk.chunk_data, chunk.length_dw, 4, FRONT_KVMALLOC_MAX,
                               &out_chunk->data);
}

static rw_status chunk_pass1(struct cs_parser *p, const struct cs_chunk *chunk)
{
    const struct chunk_kind *kind = kind_of(p, chunk->id);

    if (!kind)
        return RW_FAIL(EINVAL, "unknown chunk 0x%x", chunk->id);
    if (chunk->dwords * (size_t)4 < kind->least_bytes)
        return RW_FAIL(EINVAL, "chunk %s of %u dwords is too short", kind->name, chunk->dwords);
    return kind->pass1(p, chunk->data);
}

rw_status cs_pass1(struct cs_parser *p, const struct drm_amdgpu_cs_in *in)
{
    uint64_t *pointers;
    void *array;
    rw_status s = RW_OK;

    RW_TRY(front_copy_in_array(in->chunks, in->num_chunks, sizeof *pointers, FRONT_KVMALLOC_MAX,
                               &array));
    pointers = array;
    p->chunks = calloc(in->num_chunks, sizeof *p->chunks);
    if (!p->chunks)
        s = RW_FAIL(ENOMEM, "no memory for %u chunks", in->num_chunks);
    for (uint32_t i = 0; rw_ok(s) && i < in->num_chunks; i++) {
        p->chunk_count++;
        s = chunk_copy_in(pointers[i], &p->chunks[i]);
        if (rw_ok(s))
            s = chunk_pass1(p, &p->chunks[i]);
    }
    free(array);
    RW_TRY(s);
    return p->gang_size ? RW_OK : RW_FAIL(EINVAL, "a submission without indirect buffers");
}

rw_status cs_pass2(struct cs_parser *p)
{
    for (uint32_t i = 0; i < p->chunk_count; i++)
        RW_TRY(kind_of(p, p->chunks[i].id)->pass2(p, &p->chunks[i]));
    return RW_OK;
}
