/* SPDX-License-Identifier: MIT
 *
 * What the DRM side's ioctls on buffers mean for the BO table.
 */
#include <errno.h>
#include <string.h>

#include <amdgpu_drm.h>
#include <drm.h>

#include "base/log.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/share.h"
#include "kmt-shim/va.h"

static int forward(const struct observed_call *call)
{
    return next_ioctl(call->fd, call->request, call->argument);
}

static uint32_t flags_of_domains(uint64_t domains)
{
    uint32_t flags = 0;

    if (domains & AMDGPU_GEM_DOMAIN_VRAM)
        flags |= KMT_SHIM_BO_VRAM;
    if (domains & (AMDGPU_GEM_DOMAIN_GTT | AMDGPU_GEM_DOMAIN_CPU))
        flags |= KMT_SHIM_BO_GTT;
    return flags;
}

static uint32_t flags_of_create(const struct drm_amdgpu_gem_create_in *in)
{
    uint32_t flags = flags_of_domains(in->domains);

    if (in->domain_flags & AMDGPU_GEM_CREATE_VM_ALWAYS_VALID)
        flags |= KMT_SHIM_BO_ALWAYS_VALID;
    return flags;
}

static void record(const struct observed_call *call, uint32_t gem, enum kmt_shim_api api,
                   uint32_t flags, uint64_t size)
{
    bool shared = atomic_load(&call->file->shared);
    struct mapping *taken = NULL;

    buffers_lock();
    buffers_add_gem_locked(&call->file->bufs, gem, api, flags, size, &taken);
    buffers_unlock();
    mappings_dispose(taken, shared);
}

int observe_gem_create(const struct observed_call *call)
{
    union drm_amdgpu_gem_create *args = call->argument;
    struct drm_amdgpu_gem_create_in in = args->in; /* the answer lies over it */

    if (!share_may_use(call->file))
        return -1;
    if (forward(call) != 0)
        return -1;
    record(call, args->out.handle, KMT_SHIM_GEM, flags_of_create(&in), in.bo_size);
    return 0;
}

int observe_gem_userptr(const struct observed_call *call)
{
    const struct drm_amdgpu_gem_userptr *args = call->argument;

    if (forward(call) != 0)
        return -1;
    record(call, args->handle, KMT_SHIM_GEM_USERPTR, KMT_SHIM_BO_GTT, args->size);
    return 0;
}

int observe_gem_open(const struct observed_call *call)
{
    const struct drm_gem_open *args = call->argument;

    if (forward(call) != 0)
        return -1;
    record(call, args->handle, KMT_SHIM_GEM, KMT_SHIM_BO_IMPORTED, args->size);
    return 0;
}

int observe_gem_close(const struct observed_call *call)
{
    uint32_t gem = ((struct drm_gem_close *)call->argument)->handle;
    uint64_t before = buffers_now();
    struct mapping *taken = NULL;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    buffers_lock();
    bo = buffers_find_gem_locked(&call->file->bufs, gem);
    if (bo && bo->serial < before)
        buffers_remove_gem_locked(bo, &taken);
    buffers_unlock();
    mappings_dispose(taken, atomic_load(&call->file->shared));
    return 0;
}

int observe_gem_op(const struct observed_call *call)
{
    const struct drm_amdgpu_gem_op *args = call->argument;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    if (args->op != AMDGPU_GEM_OP_SET_PLACEMENT)
        return 0;
    buffers_lock();
    bo = buffers_find_gem_locked(&call->file->bufs, args->handle);
    if (bo) {
        bo->flags &= ~(uint32_t)(KMT_SHIM_BO_VRAM | KMT_SHIM_BO_GTT);
        bo->flags |= flags_of_domains(args->value);
        mappings_refresh_locked(bo);
    }
    buffers_unlock();
    return 0;
}

/* ---- DMABufs ---- */

int observe_prime_handle_to_fd(const struct observed_call *call)
{
    const struct drm_prime_handle *args = call->argument;
    struct dmabuf_id id;
    uint64_t size;
    bool known;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    buffers_lock();
    bo = buffers_find_gem_locked(&call->file->bufs, args->handle);
    known = !bo || bo->dmabuf.inode;
    buffers_unlock();
    if (known || !observe_dmabuf_seen(args->fd, &id, &size))
        return 0;
    buffers_lock();
    bo = buffers_find_gem_locked(&call->file->bufs, args->handle);
    if (bo)
        buffers_set_dmabuf_locked(bo, id);
    buffers_unlock();
    return 0;
}

/* The same DMABuf twice gives the handle that is there already. */
int observe_prime_fd_to_handle(const struct observed_call *call)
{
    const struct drm_prime_handle *args = call->argument;
    struct buffer_set *set = &call->file->bufs;
    struct mapping *taken = NULL;
    struct dmabuf_id id = {0};
    uint64_t size = 0;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    (void)observe_dmabuf_seen(args->fd, &id, &size);
    buffers_lock();
    bo = buffers_find_gem_locked(set, args->handle);
    if (!bo || (bo->dmabuf.inode && memcmp(&bo->dmabuf, &id, sizeof id) != 0)) {
        bo = buffers_add_gem_locked(set, args->handle, KMT_SHIM_GEM,
                                    KMT_SHIM_BO_IMPORTED | KMT_SHIM_BO_GTT, size, &taken);
    }
    if (bo) {
        buffers_set_dmabuf_locked(bo, id);
        buffers_pair_locked(bo);
    }
    buffers_unlock();
    mappings_dispose(taken, atomic_load(&call->file->shared));
    return 0;
}

/* ---- a handle that came by an ioctl which is not followed (dumb buffers, inheritance) ---- */

struct bo *observe_gem_find(struct drm_file *file, int fd, uint32_t gem)
{
    struct drm_amdgpu_gem_create_in in = {0};
    struct drm_amdgpu_gem_op op = {
        .handle = gem,
        .op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO,
        .value = (uintptr_t)&in,
    };
    struct mapping *taken = NULL;
    struct bo *bo;
    int err = errno;

    buffers_lock();
    bo = buffers_find_gem_locked(&file->bufs, gem);
    if (bo)
        return bo;
    buffers_unlock();
    counter_add(shim_calls, 1);
    if (gem == 0 || next_ioctl(fd, DRM_IOCTL_AMDGPU_GEM_OP, &op) != 0)
        in.bo_size = 0;
    errno = err;
    buffers_lock();
    bo = buffers_find_gem_locked(&file->bufs, gem);
    if (!bo && in.bo_size)
        bo = buffers_add_gem_locked(&file->bufs, gem, KMT_SHIM_GEM, flags_of_create(&in),
                                    in.bo_size, &taken);
    return bo;
}

/* ---- beginning to use a file ---- */

int observe_context(const struct observed_call *call)
{
    return share_may_use(call->file) ? forward(call) : -1;
}

int observe_info(const struct observed_call *call)
{
    const struct drm_amdgpu_info *args = call->argument;

    if (!share_may_use(call->file) || forward(call) != 0)
        return -1;
    if (args->query == AMDGPU_INFO_DEV_INFO && !atomic_load(&call->file->separate))
        va_narrow((void *)(uintptr_t)args->return_pointer, args->return_size);
    return 0;
}
