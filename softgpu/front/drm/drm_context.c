/* SPDX-License-Identifier: MIT
 *
 * CTX, VM and SCHED. Kernel: amdgpu_ctx.c, amdgpu_vm_ioctl(), amdgpu_sched.c.
 */
#include "softgpu/front/drm/drm_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/nodes.h"

/* Which context holds its device's stable power state. */
static pthread_mutex_t pstate_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct drm_context *owner; /* who may change the state; NULL: anybody */
    uint32_t now, before;      /* AMDGPU_CTX_STABLE_PSTATE_*; before: when it got its owner */
} pstates[SOFT_MAX_DEVICES];

static bool priority_is_valid(int32_t priority)
{
    switch (priority) {
    case AMDGPU_CTX_PRIORITY_VERY_LOW:
    case AMDGPU_CTX_PRIORITY_LOW:
    case AMDGPU_CTX_PRIORITY_NORMAL:
    case AMDGPU_CTX_PRIORITY_HIGH:
    case AMDGPU_CTX_PRIORITY_VERY_HIGH:
        return true;
    default:
        return false;
    }
}

static rw_status priority_permit(struct drm_fpriv *fpriv, int32_t priority)
{
    if (priority <= AMDGPU_CTX_PRIORITY_NORMAL || drm_auth_is_administrator() ||
        drm_auth_is_master(fpriv))
        return RW_OK;
    return RW_FAIL(EACCES, "priority above normal needs CAP_SYS_NICE or DRM master");
}

/* ---- the reserved VMID ---- */

/* VMIDs are a scarce register set of hardware; a software VM needs none. What shows is who has one:
 * up to Linux 6.12 all that want one share it, later kernels give it to one VM of a GPU. */
static _Atomic(const struct drm_fpriv *) vmid_owners[SOFT_MAX_DEVICES];

static rw_status vmid_reserve(const struct drm_fpriv *fpriv)
{
    const struct drm_fpriv *owner = NULL;

    if (!atomic_compare_exchange_strong(&vmid_owners[fpriv->device->index], &owner, fpriv) &&
        owner != fpriv && drm_kernel_is_7(fpriv))
        return RW_FAIL(ENOENT, "another VM has the GPU's reserved VMID");
    return RW_OK;
}

static void vmid_release(const struct drm_fpriv *fpriv)
{
    const struct drm_fpriv *owner = fpriv;

    atomic_compare_exchange_strong(&vmid_owners[fpriv->device->index], &owner, NULL);
}

/* ---- life ---- */

struct drm_context *drm_context_find(struct drm_fpriv *fpriv, uint32_t id)
{
    struct drm_context *ctx;

    pthread_mutex_lock(&fpriv->lock);
    ctx = handle_table_find(&fpriv->contexts, id);
    if (ctx)
        atomic_fetch_add(&ctx->refs, 1);
    pthread_mutex_unlock(&fpriv->lock);
    return ctx;
}

struct drm_context *drm_context_get(struct drm_context *ctx)
{
    atomic_fetch_add(&ctx->refs, 1);
    return ctx;
}

int32_t drm_context_priority(const struct drm_context *ctx)
{
    int32_t override = atomic_load(&ctx->override_priority);

    return override == AMDGPU_CTX_PRIORITY_UNSET ? ctx->priority : override;
}

void drm_context_put(struct drm_context *ctx)
{
    if (!ctx || atomic_fetch_sub(&ctx->refs, 1) != 1)
        return;
    drm_entities_destroy(ctx);
    pthread_mutex_lock(&pstate_lock);
    if (pstates[ctx->device].owner == ctx) {
        pstates[ctx->device].now = pstates[ctx->device].before;
        pstates[ctx->device].owner = NULL;
    }
    pthread_mutex_unlock(&pstate_lock);
    free(ctx);
}

void drm_context_table_finish(struct drm_fpriv *fpriv)
{
    struct drm_context *ctx;

    for (uint32_t id = 0; (ctx = handle_table_at_or_above(&fpriv->contexts, &id)); id++)
        drm_context_put(ctx);
    handle_table_finish(&fpriv->contexts);
    vmid_release(fpriv);
}

static rw_status context_alloc(struct drm_fpriv *fpriv, int32_t priority, uint32_t *out_id)
{
    struct drm_context *ctx;
    rw_status s;

    RW_TRY(priority_permit(fpriv, priority));
    ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return RW_FAIL(ENOMEM, "no memory for a context");
    atomic_init(&ctx->refs, 1);
    atomic_init(&ctx->override_priority, AMDGPU_CTX_PRIORITY_UNSET);
    ctx->device = fpriv->device->index;
    ctx->resets = drm_sched_resets(ctx->device);
    ctx->vram_losses = drm_sched_vram_losses(ctx->device);
    atomic_init(&ctx->resets_queried, ctx->resets);
    ctx->priority = priority;
    pthread_mutex_lock(&fpriv->lock);
    s = handle_table_take(&fpriv->contexts, ctx, out_id);
    pthread_mutex_unlock(&fpriv->lock);
    if (!rw_ok(s))
        free(ctx);
    return s;
}

static rw_status unknown_context(uint32_t id)
{
    return RW_FAIL(EINVAL, "context %u does not exist in this file", id);
}

static rw_status context_free(struct drm_fpriv *fpriv, uint32_t id)
{
    struct drm_context *ctx;

    pthread_mutex_lock(&fpriv->lock);
    ctx = handle_table_give_back(&fpriv->contexts, id);
    pthread_mutex_unlock(&fpriv->lock);
    if (!ctx)
        return unknown_context(id);
    drm_context_put(ctx);
    return RW_OK;
}

/* ---- stable power states ---- */

/* The software GPU's clocks never change, so every state is a stable one: what remains is which one
 * has been chosen, and that one context at a time may choose (amdgpu_ctx_set_stable_pstate()). */
static rw_status pstate_set(struct drm_context *ctx, uint32_t pstate)
{
    rw_status s = RW_OK;

    pthread_mutex_lock(&pstate_lock);
    if (pstates[ctx->device].owner && pstates[ctx->device].owner != ctx) {
        s = RW_FAIL(EBUSY, "another context holds the stable power state");
    } else if (pstates[ctx->device].now != pstate) {
        if (!pstates[ctx->device].owner)
            pstates[ctx->device].before = pstates[ctx->device].now;
        pstates[ctx->device].owner = ctx;
        pstates[ctx->device].now = pstate;
    }
    pthread_mutex_unlock(&pstate_lock);
    return s;
}

static uint32_t pstate_get(const struct drm_context *ctx)
{
    uint32_t pstate;

    pthread_mutex_lock(&pstate_lock);
    pstate = pstates[ctx->device].now;
    pthread_mutex_unlock(&pstate_lock);
    return pstate;
}

/* ---- CTX ---- */

/* What has happened to the device since somebody last asked. */
static void state_query(struct drm_context *ctx, union drm_amdgpu_ctx_out *out)
{
    unsigned resets = drm_sched_resets(ctx->device);

    out->state.flags = 0;
    out->state.hangs = 0;
    out->state.reset_status = atomic_exchange(&ctx->resets_queried, resets) == resets
                                  ? AMDGPU_CTX_NO_RESET
                                  : AMDGPU_CTX_UNKNOWN_RESET;
}

static void state_query2(const struct drm_context *ctx, union drm_amdgpu_ctx_out *out)
{
    out->state.flags = 0;
    out->state.hangs = 0;
    if (drm_sched_resets(ctx->device) != ctx->resets)
        out->state.flags |= AMDGPU_CTX_QUERY2_FLAGS_RESET;
    if (drm_sched_vram_losses(ctx->device) != ctx->vram_losses)
        out->state.flags |= AMDGPU_CTX_QUERY2_FLAGS_VRAMLOST;
    if (atomic_load(&ctx->guilty))
        out->state.flags |= AMDGPU_CTX_QUERY2_FLAGS_GUILTY;
}

static rw_status context_operate(struct drm_fpriv *fpriv, union drm_amdgpu_ctx *args)
{
    struct drm_context *ctx = drm_context_find(fpriv, args->in.ctx_id);
    rw_status s = RW_OK;

    if (!ctx)
        return unknown_context(args->in.ctx_id);
    switch (args->in.op) {
    case AMDGPU_CTX_OP_QUERY_STATE:
        state_query(ctx, &args->out);
        break;
    case AMDGPU_CTX_OP_QUERY_STATE2:
        state_query2(ctx, &args->out);
        break;
    case AMDGPU_CTX_OP_GET_STABLE_PSTATE:
        args->out.pstate.flags = pstate_get(ctx);
        break;
    default: /* SET_STABLE_PSTATE */
        s = pstate_set(ctx, args->in.flags & AMDGPU_CTX_STABLE_PSTATE_FLAGS_MASK);
        break;
    }
    drm_context_put(ctx);
    return s;
}

static rw_status check_ctx_flags(const union drm_amdgpu_ctx *args)
{
    uint32_t flags = args->in.flags;

    if (args->in.op > AMDGPU_CTX_OP_SET_STABLE_PSTATE || args->in.op < AMDGPU_CTX_OP_ALLOC_CTX)
        return RW_FAIL(EINVAL, "unknown operation %u", args->in.op);
    if (args->in.op == AMDGPU_CTX_OP_SET_STABLE_PSTATE ? flags > AMDGPU_CTX_STABLE_PSTATE_PEAK
                                                       : flags != 0)
        return RW_FAIL(EINVAL, "unknown flags 0x%x", flags);
    return RW_OK;
}

rw_status drm_ioctl_ctx(void *context, void *argument)
{
    struct drm_fpriv *fpriv = context;
    union drm_amdgpu_ctx *args = argument;
    uint32_t id = args->in.ctx_id;
    rw_status s;

    RW_TRY(check_ctx_flags(args));
    switch (args->in.op) {
    case AMDGPU_CTX_OP_ALLOC_CTX:
        /* Old user space leaves garbage in the priority. */
        s = context_alloc(fpriv,
                          priority_is_valid(args->in.priority) ? args->in.priority
                                                               : AMDGPU_CTX_PRIORITY_NORMAL,
                          &id);
        args->out.alloc.ctx_id = id;
        return s;
    case AMDGPU_CTX_OP_FREE_CTX:
        return context_free(fpriv, id);
    default:
        return context_operate(fpriv, args);
    }
}

/* ---- VM ---- */

rw_status drm_ioctl_vm(void *context, void *argument)
{
    const struct drm_fpriv *fpriv = context;
    const union drm_amdgpu_vm *args = argument;

    if (args->in.flags)
        return RW_FAIL(EINVAL, "unknown flags 0x%x", args->in.flags);
    switch (args->in.op) {
    case AMDGPU_VM_OP_RESERVE_VMID:
        return vmid_reserve(fpriv);
    case AMDGPU_VM_OP_UNRESERVE_VMID:
        vmid_release(fpriv);
        return RW_OK;
    default:
        return RW_FAIL(EINVAL, "unknown operation %u", args->in.op);
    }
}

/* ---- SCHED ---- */

static rw_status override_all(struct drm_fpriv *other, int32_t priority)
{
    struct drm_context *ctx;

    pthread_mutex_lock(&other->lock);
    for (uint32_t id = 0; (ctx = handle_table_at_or_above(&other->contexts, &id)); id++)
        atomic_store(&ctx->override_priority, priority);
    pthread_mutex_unlock(&other->lock);
    return RW_OK;
}

static rw_status override_one(struct drm_fpriv *other, uint32_t id, int32_t priority)
{
    struct drm_context *ctx = drm_context_find(other, id);

    if (!ctx)
        return unknown_context(id);
    atomic_store(&ctx->override_priority, priority);
    drm_context_put(ctx);
    return RW_OK;
}

rw_status drm_ioctl_sched(void *context, void *argument)
{
    const union drm_amdgpu_sched *args = argument;
    struct node *node;
    struct drm_file *file;
    rw_status s;

    (void)context;
    if (args->in.op != AMDGPU_SCHED_OP_PROCESS_PRIORITY_OVERRIDE &&
        args->in.op != AMDGPU_SCHED_OP_CONTEXT_PRIORITY_OVERRIDE)
        return RW_FAIL(EINVAL, "unknown operation %u", args->in.op);
    if (!priority_is_valid(args->in.priority))
        return RW_FAIL(EINVAL, "unknown priority %d", args->in.priority);
    node = node_get_by_fd((int)args->in.fd);
    file = drm_node_file(node);
    if (!file)
        s = RW_FAIL(EINVAL, "descriptor %u is no amdgpu file", args->in.fd);
    else if (args->in.op == AMDGPU_SCHED_OP_PROCESS_PRIORITY_OVERRIDE)
        s = override_all((struct drm_fpriv *)drm_file_front(file), args->in.priority);
    else
        s = override_one((struct drm_fpriv *)drm_file_front(file), args->in.ctx_id,
                         args->in.priority);
    if (node)
        node_put(node);
    return s;
}
