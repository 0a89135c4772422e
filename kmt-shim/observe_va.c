/* SPDX-License-Identifier: MIT
 *
 * GEM_VA: what it does to the BO table, and what W4 refuses. The kernel keeps a new mapping off
 * others in the VM's tree. It does not look at SVM ranges, nor at what compute has allocated but
 * not mapped yet; and it lets CLEAR, REPLACE and UNMAP take compute's mappings away.
 */
#include <errno.h>

#include <amdgpu_drm.h>

#include "kmt-shim/events.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/resident.h"
#include "kmt-shim/va.h"

static const char *const operation_names[] = {
    [AMDGPU_VA_OP_MAP] = "MAP",
    [AMDGPU_VA_OP_UNMAP] = "UNMAP",
    [AMDGPU_VA_OP_CLEAR] = "CLEAR",
    [AMDGPU_VA_OP_REPLACE] = "REPLACE",
};

/* The part of drm_amdgpu_gem_va that every kernel has, its address as the table has it. */
struct va_request {
    struct drm_amdgpu_gem_va args;
    uint64_t start, last;
};

/* False: the kernel will refuse it. */
static bool request_read(const void *argument, struct va_request *out_request)
{
    const struct drm_amdgpu_gem_va *args = argument;

    *out_request = (struct va_request){.args = *args, .start = args->va_address};
    out_request->last = args->va_address + args->map_size - 1;
    return args->operation >= AMDGPU_VA_OP_MAP && args->operation <= AMDGPU_VA_OP_REPLACE &&
           buffers_canonical(&out_request->start) &&
           (args->operation == AMDGPU_VA_OP_UNMAP || out_request->last >= out_request->start);
}

/* ---- W4 ---- */

static int refuse(const struct observed_call *call, const struct va_request *request,
                  const char *what, uint64_t start, uint64_t size)
{
    events_refuse(call->file->minor,
                  "renderD%u: GEM_VA %s at %#llx, %llu bytes, is refused: it would %s at %#llx, "
                  "%llu bytes (ROCWELD_VA=off leaves it to the kernel)",
                  call->file->minor, operation_names[request->args.operation],
                  (unsigned long long)request->start, (unsigned long long)request->args.map_size,
                  what, (unsigned long long)start, (unsigned long long)size);
    errno = EINVAL;
    return -1;
}

/* The first mapping of compute's that the request would take away. */
static bool takes_from_compute(struct buffer_set *set, const struct va_request *request,
                               struct kmt_shim_range *out_range)
{
    const struct mapping *mapping;
    uint64_t from = request->start;
    bool found = false;

    buffers_lock();
    if (request->args.operation == AMDGPU_VA_OP_UNMAP) {
        mapping = mappings_at_locked(set, from);
        found = mapping && mapping->by_kfd;
    } else {
        while ((mapping = mappings_first_in_locked(set, from, request->last)) && !mapping->by_kfd)
            from = mapping->range.start + mapping->range.size;
        found = mapping != NULL;
    }
    if (found)
        *out_range = mapping->range;
    buffers_unlock();
    return found;
}

/* Host memory that compute has registered at these addresses, as far as is known; it may have been
 * unmapped since. */
static bool find_svm(struct buffer_set *set, const struct va_request *request, uint64_t *from,
                     struct kmt_shim_range *out_range)
{
    const struct mapping *mapping = NULL;

    buffers_lock();
    while ((mapping = mappings_first_in_locked(set, *from, request->last))) {
        *from = mapping->range.start + mapping->range.size;
        if (mapping->range.api == KMT_SHIM_SVM)
            break;
    }
    if (mapping)
        *out_range = mapping->range;
    buffers_unlock();
    return mapping != NULL;
}

static bool covers_svm(const struct observed_call *call, const struct va_request *request,
                       struct kmt_shim_range *out_range)
{
    uint64_t from = request->start;

    while (find_svm(&call->file->bufs, request, &from, out_range)) {
        uint64_t last = out_range->start + out_range->size - 1;

        if (out_range->start < request->start)
            out_range->start = request->start;
        out_range->size = (last < request->last ? last : request->last) - out_range->start + 1;
        if (resident_svm_is_used(call->file->minor, out_range->start, out_range->size))
            return true;
    }
    return false;
}

static bool covers_allocation(const struct va_request *request, uint64_t *out_start,
                              uint64_t *out_size)
{
    const struct bo *bo;

    buffers_lock();
    bo = buffers_find_kfd_place_locked(request->start, request->last);
    if (bo) {
        *out_start = bo->guard.start;
        *out_size = bo->guard.last - bo->guard.start + 1;
    }
    buffers_unlock();
    return bo != NULL;
}

/* 0, or -1 with errno. */
static int check(const struct observed_call *call, const struct va_request *request)
{
    struct kmt_shim_range range;
    uint64_t start, size;

    if (!va_is_guarded() || !atomic_load(&call->file->acquired))
        return 0;
    if (request->args.operation != AMDGPU_VA_OP_MAP &&
        takes_from_compute(&call->file->bufs, request, &range))
        return refuse(call, request, "take away compute's mapping", range.start, range.size);
    if (request->args.operation != AMDGPU_VA_OP_MAP &&
        request->args.operation != AMDGPU_VA_OP_REPLACE)
        return 0;
    if (covers_svm(call, request, &range))
        return refuse(call, request, "cover host memory that compute uses (SVM)", range.start,
                      range.size);
    if (covers_allocation(request, &start, &size))
        return refuse(call, request, "cover a compute allocation", start, size);
    return 0;
}

/* ---- the table ---- */

static uint32_t rights_of(uint32_t flags)
{
    uint32_t rights = 0;

    if (flags & AMDGPU_VM_PAGE_READABLE)
        rights |= KMT_SHIM_BO_READ;
    if (flags & AMDGPU_VM_PAGE_WRITEABLE)
        rights |= KMT_SHIM_BO_WRITE;
    if (flags & AMDGPU_VM_PAGE_EXECUTABLE)
        rights |= KMT_SHIM_BO_EXECUTE;
    return rights;
}

/* REPLACE gave the addresses of what it replaced back to the CPU: they are taken anew. */
static void hold_replaced(struct buffer_set *set, const struct kmt_shim_range *range)
{
    struct mapping *mapping;

    if (!va_hold(range->start, range->size))
        return;
    buffers_lock();
    mapping = mappings_at_locked(set, range->start);
    if (mapping && mapping->range.size == range->size)
        mapping->held = true;
    buffers_unlock();
}

static void record_map(const struct observed_call *call, const struct va_request *request,
                       bool held)
{
    const struct mapping_place place = {
        .start = request->start,
        .size = request->args.map_size,
        .offset = request->args.offset_in_bo,
        .rights = rights_of(request->args.flags),
        .held = held,
    };
    bool prt = request->args.flags & AMDGPU_VM_PAGE_PRT;
    bool shared = atomic_load(&call->file->shared), mapped;
    struct mapping *taken = NULL, *mapping;
    struct kmt_shim_range range;
    struct bo *bo = NULL;

    if (prt)
        buffers_lock();
    else
        bo = observe_gem_find(call->file, call->fd, request->args.handle);
    mapping = mappings_add_locked(&call->file->bufs, bo, &place, &taken);
    mapped = mapping != NULL;
    if (mapped)
        range = mapping->range;
    buffers_unlock();
    mappings_dispose(taken, shared);
    if (mapped && request->args.operation == AMDGPU_VA_OP_REPLACE &&
        !atomic_load(&call->file->separate))
        hold_replaced(&call->file->bufs, &range);
    if (mapped && shared)
        events_tell_range(KMT_SHIM_EVENT_MAPPED, &range);
    if (!prt)
        resident_after_map(call->file, call->fd, request->args.handle);
}

static void record_clear(const struct observed_call *call, const struct va_request *request,
                         uint64_t before)
{
    struct buffer_set *set = &call->file->bufs;
    struct mapping *taken = NULL, *mapping;

    buffers_lock();
    if (request->args.operation == AMDGPU_VA_OP_UNMAP) {
        mapping = mappings_at_locked(set, request->start);
        if (mapping && mapping->serial < before)
            mappings_remove_locked(mapping, &taken);
    } else {
        mappings_cut_locked(set, request->start, request->last, before, &taken);
    }
    buffers_unlock();
    mappings_dispose(taken, atomic_load(&call->file->shared));
}

static bool operation_maps(const struct va_request *request)
{
    return request->args.operation == AMDGPU_VA_OP_MAP ||
           request->args.operation == AMDGPU_VA_OP_REPLACE;
}

int observe_gem_va(const struct observed_call *call)
{
    struct va_request request;
    uint64_t before = buffers_now();
    bool held = false;
    int err;

    if (!request_read(call->argument, &request))
        return next_ioctl(call->fd, call->request, call->argument);
    if (check(call, &request) != 0)
        return -1;
    if (request.args.operation == AMDGPU_VA_OP_MAP && !atomic_load(&call->file->separate))
        held = va_hold(request.start, request.args.map_size);
    if (next_ioctl(call->fd, call->request, call->argument) != 0) {
        err = errno;
        if (held)
            va_release(request.start, request.args.map_size);
        errno = err;
        return -1;
    }
    if (operation_maps(&request))
        record_map(call, &request, held);
    else
        record_clear(call, &request, before);
    return 0;
}
