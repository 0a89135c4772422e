/* SPDX-License-Identifier: MIT
 *
 * Entities. Kernel: amdgpu_ctx_get_entity(), amdgpu_ctx_add_fence(), amdgpu_ctx_get_fence().
 */
#include <errno.h>
#include <stdlib.h>

#include "softgpu/front/drm/drm_sched_internal.h"

int drm_entity_error_locked(const struct drm_entity *entity)
{
    return entity->last ? drm_fence_error_locked(entity->last) : 0;
}

static struct drm_entity *entity_create(uint32_t ip)
{
    struct drm_entity *entity = calloc(1, sizeof *entity);

    if (entity) {
        entity->ip = ip;
        entity->scheduled_run = drm_fence_context_new();
        entity->finished_run = drm_fence_context_new();
        entity->next_sequence = 1;
    }
    return entity;
}

/* Two threads may name it first at the same time. */
static struct drm_entity *entity_install(struct drm_entity **slot, struct drm_entity *made)
{
    struct drm_entity *there;

    drm_fence_lock();
    if (!*slot)
        *slot = made;
    there = *slot;
    drm_fence_unlock();
    if (there != made)
        free(made);
    return there;
}

rw_status drm_entity_find(struct drm_context *ctx, uint32_t ip, uint32_t instance, uint32_t ring,
                          struct drm_entity **out_entity)
{
    struct drm_entity *entity;
    int error;

    if (ip >= DRM_ENGINES)
        return RW_FAIL(EINVAL, "unknown engine type %u", ip);
    if (instance != 0)
        return RW_FAIL(EINVAL, "engines have one instance, 0, not %u", instance);
    if (ring >= drm_engine_entities(ip))
        return RW_FAIL(EINVAL, "engine type %u has no ring %u", ip, ring);
    drm_fence_lock();
    entity = ctx->entities[ip][ring];
    drm_fence_unlock();
    if (!entity && (entity = entity_create(ip)))
        entity = entity_install(&ctx->entities[ip][ring], entity);
    if (!entity)
        return RW_FAIL(ENOMEM, "no memory for a context's entity");
    drm_fence_lock();
    error = drm_entity_error_locked(entity);
    drm_fence_unlock();
    if (error)
        return RW_FAIL(error, "the last job on engine type %u ring %u of this context failed", ip,
                       ring);
    *out_entity = entity;
    return RW_OK;
}

static void entity_destroy(struct drm_entity *entity)
{
    for (unsigned i = 0; entity && i < DRM_ENTITY_FENCES; i++) {
        drm_fence_put(entity->scheduled[i]);
        drm_fence_put(entity->finished[i]);
    }
    if (entity)
        drm_fence_put(entity->last);
    free(entity);
}

void drm_entities_destroy(struct drm_context *ctx)
{
    for (unsigned ip = 0; ip < DRM_ENGINES; ip++)
        for (unsigned ring = 0; ring < DRM_RINGS_MAX; ring++)
            entity_destroy(ctx->entities[ip][ring]);
}

/* ---- sequence numbers ---- */

static unsigned slot_of(uint64_t sequence)
{
    return (unsigned)(sequence % DRM_ENTITY_FENCES);
}

static struct drm_fence *fence_get_locked(const struct drm_entity *entity, uint64_t sequence,
                                          bool scheduled)
{
    unsigned slot = slot_of(sequence);

    if (sequence + DRM_ENTITY_FENCES < entity->next_sequence)
        return NULL;
    return drm_fence_get_locked(scheduled ? entity->scheduled[slot] : entity->finished[slot]);
}

rw_status drm_entity_fence(struct drm_entity *entity, uint64_t sequence, bool scheduled,
                           struct drm_fence **out_fence)
{
    uint64_t next;

    drm_fence_lock();
    next = entity->next_sequence;
    if (sequence == UINT64_MAX)
        sequence = next - 1;
    *out_fence = sequence < next ? fence_get_locked(entity, sequence, scheduled) : NULL;
    drm_fence_unlock();
    if (sequence >= next)
        return RW_FAIL(EINVAL, "sequence number %llu is in the future, %llu was the last",
                       (unsigned long long)sequence, (unsigned long long)(next - 1));
    return RW_OK;
}

void drm_entity_wait_room_locked(struct drm_entity *entity)
{
    struct drm_fence *fence;

    while ((fence = entity->finished[slot_of(entity->next_sequence)]) &&
           !drm_fence_is_signalled_locked(fence))
        drm_fence_sleep_locked(DRM_FENCE_FOREVER);
}

static void slot_fill_locked(struct drm_fence **slot, struct drm_fence *fence)
{
    drm_fence_put_locked(*slot);
    *slot = drm_fence_get_locked(fence);
}

uint64_t drm_job_arm_locked(struct drm_job *job)
{
    struct drm_entity *entity = job->entity;
    uint64_t sequence = entity->next_sequence++;

    slot_fill_locked(&entity->scheduled[slot_of(sequence)], job->scheduled);
    slot_fill_locked(&entity->finished[slot_of(sequence)], job->finished);
    job->sequence = sequence;
    return sequence;
}
