/* SPDX-License-Identifier: MIT
 *
 * What the KFD's ioctls on memory mean for the BO table.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/kfd_ioctl.h>

#include "base/user_memory.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/events.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/resident.h"
#include "kmt-shim/share.h"

#define ALLOC_WRITABLE (UINT32_C(1) << 31) /* the header's shift overflows an int */

struct kfd_export_dmabuf_args { /* kfd_ioctl_export_dmabuf_args of KFD 1.12 */
    uint64_t handle;
    uint32_t flags;
    uint32_t dmabuf_fd;
};

static int forward(const struct observed_call *call)
{
    return next_ioctl(call->fd, call->request, call->argument);
}

int observe_kfd_acquire(const struct observed_call *call)
{
    return share_acquire(call->fd, call->argument);
}

int observe_kfd_create_process(const struct observed_call *call)
{
    if (forward(call) != 0)
        return -1;
    files_mark_secondary_kfd(call->fd);
    return 0;
}

int observe_kfd_create_queue(const struct observed_call *call)
{
    const struct kfd_ioctl_create_queue_args *args = call->argument;

    resident_before_queue(args->gpu_id);
    return forward(call);
}

/* ---- allocations ---- */

/* The kernel looks for the kinds in this order. */
static enum kmt_shim_api api_of(uint32_t flags)
{
    if (flags & (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | KFD_IOC_ALLOC_MEM_FLAGS_GTT))
        return KMT_SHIM_KFD;
    if (flags & KFD_IOC_ALLOC_MEM_FLAGS_USERPTR)
        return KMT_SHIM_KFD_USERPTR;
    return KMT_SHIM_KFD_DEVICE;
}

/* A KFD buffer has its rights from birth. */
static uint32_t flags_of(uint32_t flags)
{
    uint32_t result = KMT_SHIM_BO_READ;

    if (flags & KFD_IOC_ALLOC_MEM_FLAGS_VRAM)
        result |= KMT_SHIM_BO_VRAM;
    else if (api_of(flags) != KMT_SHIM_KFD_DEVICE)
        result |= KMT_SHIM_BO_GTT;
    if (flags & ALLOC_WRITABLE)
        result |= KMT_SHIM_BO_WRITE;
    if (flags & KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE)
        result |= KMT_SHIM_BO_EXECUTE;
    return result;
}

int observe_kfd_alloc(const struct observed_call *call)
{
    const struct kfd_ioctl_alloc_memory_of_gpu_args *args = call->argument;
    bool doubled = args->flags & KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM;
    struct mapping *taken = NULL;

    if (forward(call) != 0)
        return -1;
    buffers_lock();
    buffers_add_kfd_locked(args->handle, api_of(args->flags), flags_of(args->flags), args->va_addr,
                           doubled ? args->size / 2 : args->size, doubled, &taken);
    buffers_unlock();
    mappings_dispose(taken, true);
    return 0;
}

int observe_kfd_import(const struct observed_call *call)
{
    const struct kfd_ioctl_import_dmabuf_args *args = call->argument;
    struct mapping *taken = NULL;
    struct dmabuf_id id = {0};
    uint64_t size = 0;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    (void)observe_dmabuf_seen((int)args->dmabuf_fd, &id, &size);
    buffers_lock();
    bo = buffers_add_kfd_locked(args->handle, KMT_SHIM_KFD,
                                flags_of(KFD_IOC_ALLOC_MEM_FLAGS_GTT | ALLOC_WRITABLE |
                                         KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE) |
                                    KMT_SHIM_BO_IMPORTED,
                                args->va_addr, size ? size : 4096, false, &taken);
    if (bo) {
        buffers_set_dmabuf_locked(bo, id);
        buffers_pair_locked(bo);
    }
    buffers_unlock();
    mappings_dispose(taken, true);
    return 0;
}

int observe_kfd_export(const struct observed_call *call)
{
    const struct kfd_export_dmabuf_args *args = call->argument;
    struct dmabuf_id id;
    uint64_t size;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    if (!observe_dmabuf_seen((int)args->dmabuf_fd, &id, &size))
        return 0;
    buffers_lock();
    bo = buffers_find_kfd_locked(args->handle);
    if (bo)
        buffers_set_dmabuf_locked(bo, id);
    buffers_unlock();
    return 0;
}

/* What graphics has mapped of the buffer stays when it has a GEM handle of it, and is then an
 * ordinary graphics buffer. */
int observe_kfd_free(const struct observed_call *call)
{
    uint64_t handle = ((struct kfd_ioctl_free_memory_of_gpu_args *)call->argument)->handle;
    uint64_t before = buffers_now();
    struct mapping *taken = NULL;
    unsigned minor = 0;
    uint32_t gem = 0;
    struct bo *bo;

    if (forward(call) != 0)
        return -1;
    buffers_lock();
    bo = buffers_find_kfd_locked(handle);
    if (bo && bo->serial < before) {
        if (bo->twin) {
            gem = bo->twin->gem;
            minor = bo->twin->minor;
        }
        buffers_remove_kfd_locked(bo, &taken);
    }
    buffers_unlock();
    mappings_dispose(taken, true);
    if (gem)
        resident_after_free(minor, gem);
    return 0;
}

/* ---- mappings, GPU by GPU ---- */

static bool is_mapped_by_kfd(const struct bo *bo, const struct buffer_set *set)
{
    const struct mapping *mapping;

    for (mapping = bo->mappings; mapping; mapping = mapping->next) {
        if (mapping->by_kfd && mapping->set == set)
            return true;
    }
    return false;
}

static void map_locked(struct bo *bo, struct buffer_set *set, struct mapping **taken)
{
    struct mapping_place place = {.start = bo->address, .size = bo->size, .by_kfd = true};

    bo->attached |= UINT64_C(1) << (set->minor - GPU_FIRST_MINOR);
    if (!bo->address || is_mapped_by_kfd(bo, set))
        return; /* twice is not an error, and does nothing */
    (void)mappings_add_locked(set, bo, &place, taken);
    place.start += bo->size;
    if (bo->doubled)
        (void)mappings_add_locked(set, bo, &place, taken);
}

static void record_map(uint64_t handle, uint32_t gpu_id)
{
    struct drm_file *file = share_compute_file(gpu_id);
    uint64_t since = buffers_now(), start = 0, last = 0;
    struct mapping *taken = NULL;
    bool shared;
    struct bo *bo;

    if (!file)
        return;
    shared = atomic_load(&file->shared);
    buffers_lock();
    bo = buffers_find_kfd_locked(handle);
    if (bo) {
        map_locked(bo, &file->bufs, &taken);
        start = bo->address;
        last = start + (bo->doubled ? 2 : 1) * bo->size - 1;
    }
    buffers_unlock();
    mappings_dispose(taken, shared);
    if (start && shared)
        mappings_tell_new(&file->bufs, start, last, since);
}

static void record_unmap(uint64_t handle, uint32_t gpu_id, uint64_t before)
{
    struct drm_file *file = share_compute_file(gpu_id);
    struct mapping *taken = NULL, *mapping, *next;
    struct bo *bo;

    if (!file)
        return;
    buffers_lock();
    bo = buffers_find_kfd_locked(handle);
    for (mapping = bo ? bo->mappings : NULL; mapping; mapping = next) {
        next = mapping->next;
        if (mapping->by_kfd && mapping->set == &file->bufs && mapping->serial < before)
            mappings_remove_locked(mapping, &taken);
    }
    buffers_unlock();
    mappings_dispose(taken, atomic_load(&file->shared));
}

/* The GPUs that the call has dealt with, also when it failed half-way: the struct is copied back in
 * either case. */
static uint32_t done_until(const struct kfd_ioctl_map_memory_to_gpu_args *args)
{
    return args->n_success < args->n_devices ? args->n_success : args->n_devices;
}

/* The kernel has read the array before it deals with the first GPU, but not what a caller puts into
 * n_success and n_devices of a call that fails. */
static bool read_id(const struct kfd_ioctl_map_memory_to_gpu_args *args, uint32_t i,
                    uint32_t *out_id)
{
    const uint32_t *id = (const uint32_t *)(uintptr_t)args->device_ids_array_ptr + i;

    if (!user_memory_is_readable(id, sizeof *id))
        return false;
    memcpy(out_id, id, sizeof *id); /* nobody promises its alignment */
    return true;
}

int observe_kfd_map(const struct observed_call *call)
{
    const struct kfd_ioctl_map_memory_to_gpu_args *args = call->argument;
    uint32_t from = args->n_success, until, id;
    int result = forward(call), err = errno;

    until = done_until(args);
    for (uint32_t i = from; i < until && read_id(args, i, &id); i++)
        record_map(args->handle, id);
    errno = err;
    return result;
}

static_assert(sizeof(struct kfd_ioctl_map_memory_to_gpu_args) ==
                  sizeof(struct kfd_ioctl_unmap_memory_from_gpu_args),
              "one is read as the other");

int observe_kfd_unmap(const struct observed_call *call)
{
    const struct kfd_ioctl_map_memory_to_gpu_args *args = call->argument;
    uint32_t from = args->n_success, until, id;
    uint64_t before = buffers_now();
    int result = forward(call), err = errno;

    until = done_until(args);
    for (uint32_t i = from; i < until && read_id(args, i, &id); i++)
        record_unmap(args->handle, id, before);
    errno = err;
    return result;
}

/* ---- SVM: one address space for all GPUs of compute ---- */

int observe_kfd_svm(const struct observed_call *call)
{
    const struct kfd_ioctl_svm_args *args = call->argument;
    uint64_t start = args->start_addr, size = args->size, since = buffers_now();
    struct drm_file *file;

    if (forward(call) != 0)
        return -1;
    if (args->op != KFD_IOCTL_SVM_OP_SET_ATTR || !buffers_canonical(&start) || size == 0)
        return 0;
    for (unsigned minor = GPU_FIRST_MINOR; gpu_is_minor(minor); minor++) {
        file = share_compute_file_of_minor(minor);
        if (!file)
            continue;
        buffers_lock();
        mappings_fill_svm_locked(&file->bufs, start, start + size - 1);
        buffers_unlock();
        if (atomic_load(&file->shared))
            mappings_tell_new(&file->bufs, start, start + size - 1, since);
    }
    return 0;
}
