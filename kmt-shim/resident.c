/* SPDX-License-Identifier: MIT */
#include "kmt-shim/resident.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/events.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/lookup.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/policy.h"
#include "kmt-shim/share.h"

enum { BATCH = 64 };

/* One buffer on its way to the KFD. */
struct import {
    uint32_t gem;
    uint64_t serial; /* which buffer the handle was then */
    size_t index;    /* in the program's list */
    int fd;          /* DMABuf, or -1 */
    bool imported;
    uint64_t handle;
};

struct batch {
    struct drm_file *file;
    int file_fd;
    uint32_t gpu_id;
    size_t count;
    struct import imports[BATCH];
};

static pthread_mutex_t kfd_lock = PTHREAD_MUTEX_INITIALIZER;
static int kfd_fd = -1;
static atomic_bool told;

int resident_kfd(void)
{
    int fd;

    pthread_mutex_lock(&kfd_lock);
    if (kfd_fd < 0) {
        counter_add(shim_calls, 3);
        kfd_fd = private_fd_move(next_openat(AT_FDCWD, "/dev/kfd", O_RDWR | O_CLOEXEC, 0));
        if (kfd_fd >= 0)
            files_private_add(kfd_fd);
    }
    fd = kfd_fd;
    pthread_mutex_unlock(&kfd_lock);
    return fd;
}

void resident_fork_in_child(void)
{
    pthread_mutex_init(&kfd_lock, NULL);
    kfd_fd = -1; /* the parent's process context: closed with the other private descriptors */
    atomic_store(&told, false);
}

static int kfd_call(unsigned long request, void *argument)
{
    int fd = resident_kfd();

    if (fd < 0)
        return -1;
    counter_add(shim_calls, 1);
    return next_ioctl(fd, request, argument);
}

/* ---- one import ---- */

static rw_status import_export(struct batch *batch, struct import *import)
{
    struct drm_prime_handle args = {.handle = import->gem, .flags = DRM_CLOEXEC, .fd = -1};

    counter_add(shim_calls, 1);
    if (next_ioctl(batch->file_fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args) != 0)
        return RW_FAIL(errno, "renderD%u: GEM handle %u cannot be exported: %s", batch->file->minor,
                       import->gem, strerror(errno));
    import->fd = args.fd;
    return RW_OK;
}

static int import_call(const struct batch *batch, struct import *import)
{
    struct kfd_ioctl_import_dmabuf_args args = {
        .gpu_id = batch->gpu_id,
        .dmabuf_fd = (uint32_t)import->fd,
    };

    if (kfd_call(AMDKFD_IOC_IMPORT_DMABUF, &args) != 0)
        return -1;
    import->imported = true;
    import->handle = args.handle;
    counter_add(shim_objects, 1);
    return 0;
}

/* What the KFD counts in VRAM has to be there all at once, and does not make room for its own
 * process: what no longer fits goes to system memory. */
static int import_to_host(const struct batch *batch, struct import *import)
{
    struct drm_amdgpu_gem_op op = {
        .handle = import->gem,
        .op = AMDGPU_GEM_OP_SET_PLACEMENT,
        .value = AMDGPU_GEM_DOMAIN_GTT,
    };

    if (observe_own_ioctl(batch->file_fd, DRM_IOCTL_AMDGPU_GEM_OP, &op) != 0) {
        errno = ENOMEM;
        return -1;
    }
    rw_info(shim,
            "renderD%u: GEM handle %u goes to system memory, as VRAM has no room for what "
            "queues use",
            batch->file->minor, import->gem);
    return import_call(batch, import);
}

static rw_status import_run(struct batch *batch, struct import *import)
{
    int result;

    RW_TRY(import_export(batch, import));
    result = import_call(batch, import);
    if (result != 0 && errno == ENOMEM)
        result = import_to_host(batch, import);
    if (result != 0)
        return RW_FAIL(errno, "renderD%u: the KFD does not take GEM handle %u: %s",
                       batch->file->minor, import->gem, strerror(errno));
    return RW_OK;
}

void resident_release(uint64_t kfd_handle)
{
    struct kfd_ioctl_free_memory_of_gpu_args args = {.handle = kfd_handle};
    int err = errno;

    if (kfd_call(AMDKFD_IOC_FREE_MEMORY_OF_GPU, &args) == 0)
        counter_add(shim_objects, -1);
    else
        rw_warn(shim, "the KFD does not free the import %#llx: %s", (unsigned long long)kfd_handle,
                strerror(errno));
    errno = err;
}

/* ---- a batch: DMABufs are closed together, as their numbers mostly follow each other ---- */

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void batch_close(const struct batch *batch)
{
    size_t count = 0, run;
    int fds[BATCH];

    for (size_t i = 0; i < batch->count; i++) {
        if (batch->imports[i].fd >= 0)
            fds[count++] = batch->imports[i].fd;
    }
    qsort(fds, count, sizeof *fds, compare_fds);
    for (size_t i = 0; i < count; i += run) {
        for (run = 1; i + run < count && fds[i + run] == fds[i] + (int)run;)
            run++;
        counter_add(shim_calls, 1);
        if (run == 1 || next_close_range((unsigned)fds[i], (unsigned)fds[i + run - 1], 0) != 0) {
            for (size_t k = 0; k < run; k++)
                close(fds[i + k]);
        }
    }
}

/* The buffer that was to be imported, unless its handle was closed meanwhile. */
static struct bo *import_find_locked(const struct batch *batch, const struct import *import)
{
    struct bo *bo = buffers_find_gem_locked(&batch->file->bufs, import->gem);

    return bo && bo->serial == import->serial ? bo : NULL;
}

static void import_finish(const struct batch *batch, struct import *import)
{
    struct kmt_shim_range range = {0};
    struct bo *bo;

    buffers_lock();
    bo = import_find_locked(batch, import);
    if (bo && import->imported) {
        bo->residency = RESIDENCY_DONE;
        bo->resident_by_import = true;
        bo->resident_handle = import->handle;
        mappings_refresh_locked(bo);
        if (bo->mappings)
            range = bo->mappings->range;
    } else if (bo) {
        bo->residency = RESIDENCY_NONE;
    }
    buffers_unlock();
    if (!bo && import->imported)
        resident_release(import->handle);
    if (range.size)
        events_tell_range(KMT_SHIM_EVENT_RESIDENT, &range);
}

/* The first failure, after which the rest is left alone. */
static rw_status batch_run(struct batch *batch, size_t *out_done)
{
    rw_status status = RW_OK;
    size_t done;

    for (done = 0; done < batch->count; done++) {
        status = import_run(batch, &batch->imports[done]);
        if (!rw_ok(status))
            break;
    }
    batch_close(batch);
    for (size_t i = 0; i < batch->count; i++)
        import_finish(batch, &batch->imports[i]);
    batch->count = 0;
    *out_done = done;
    return status;
}

static void batch_add_locked(struct batch *batch, struct bo *bo)
{
    struct import *import = &batch->imports[batch->count++];

    bo->residency = RESIDENCY_CLAIMED;
    import->gem = bo->gem;
    import->serial = bo->serial;
    import->fd = -1;
    import->imported = false;
}

static bool needs_import(const struct bo *bo)
{
    return bo->api == KMT_SHIM_GEM && bo->residency == RESIDENCY_NONE && !bo->twin &&
           !(bo->flags & KMT_SHIM_BO_ALWAYS_VALID);
}

/* ---- by itself ---- */

static bool is_automatic(void)
{
    return policy_residency() == POLICY_RESIDENCY_AUTO && rw_ok(policy_check_residency());
}

/* Told once: the next one fails for the same reason. */
static void tell_failure(rw_status status)
{
    if (!atomic_exchange(&told, true))
        rw_warn(shim, "%s; the kernel may move it under running queues",
                rw_status_message(status, NULL));
    else
        rw_debug(shim, "%s", rw_status_message(status, NULL));
}

void resident_after_map(struct drm_file *file, int fd, uint32_t gem)
{
    struct batch batch = {.file = file, .file_fd = fd};
    rw_status status;
    struct bo *bo;
    size_t done;
    int err = errno;

    if (!atomic_load(&file->queues) || !is_automatic())
        return;
    buffers_lock();
    bo = buffers_find_gem_locked(&file->bufs, gem);
    if (bo && needs_import(bo)) {
        batch.gpu_id = bo->gpu_id;
        batch_add_locked(&batch, bo);
    }
    buffers_unlock();
    status = batch.count ? batch_run(&batch, &done) : RW_OK;
    if (!rw_ok(status))
        tell_failure(status);
    errno = err;
}

void resident_after_free(unsigned minor, uint32_t gem)
{
    struct drm_file *file = share_vm_file(minor);
    int fd = -1;

    if (!file || !atomic_load(&file->queues) || !rw_ok(share_file_fd(minor, &fd)))
        return;
    resident_after_map(file, fd, gem);
}

/* As many mapped buffers as a batch takes. */
static void batch_fill(struct batch *batch)
{
    struct bo *bo, *next;

    buffers_lock();
    HASH_ITER(hh, batch->file->bufs.gems, bo, next)
    {
        if (batch->count < BATCH && bo->mappings && needs_import(bo))
            batch_add_locked(batch, bo);
    }
    buffers_unlock();
}

void resident_before_queue(uint32_t gpu_id)
{
    struct batch batch = {.file = share_compute_file(gpu_id), .gpu_id = gpu_id};
    int err = errno;
    size_t done;

    if (!batch.file || atomic_exchange(&batch.file->queues, true) ||
        !atomic_load(&batch.file->shared) || !is_automatic() ||
        !rw_ok(share_file_fd(batch.file->minor, &batch.file_fd)))
        return;
    for (batch_fill(&batch); batch.count; batch_fill(&batch)) {
        rw_status status = batch_run(&batch, &done);

        if (!rw_ok(status)) {
            tell_failure(status);
            break;
        }
    }
    errno = err;
}

/* ---- on demand ---- */

/* Adds what the handle names, when there is something to do. False in *out_fits: it is of another
 * GPU than the batch. */
static rw_status claim_locked(kmt_shim_handle handle, size_t index, struct batch *batch,
                              bool *out_fits)
{
    struct bo *bo = lookup_bo_locked(handle);
    struct drm_file *file = bo ? share_vm_file(bo->minor) : NULL;

    *out_fits = true;
    if (!bo)
        return RW_FAIL(ENOENT, "%#llx names no buffer", (unsigned long long)handle);
    if (bo->api == KMT_SHIM_GEM_USERPTR)
        return RW_FAIL(EPERM,
                       "GEM handle %u is host memory whose pages may go without queues being "
                       "stopped; register the memory with the KFD instead (hipHostRegister, "
                       "hsa_amd_memory_lock)",
                       bo->gem);
    if (!bo->set || !needs_import(bo))
        return RW_OK;
    if (!file || !atomic_load(&file->acquired))
        return RW_FAIL(ENODEV, "renderD%u: compute has not started", bo->minor);
    *out_fits = batch->count == 0 || batch->file == file;
    if (*out_fits) {
        batch->file = file;
        batch->gpu_id = bo->gpu_id;
        batch->imports[batch->count].index = index;
        batch_add_locked(batch, bo);
    }
    return RW_OK;
}

/* One batch from handles[*done] on, which is moved on. */
static rw_status make_some(const kmt_shim_handle *handles, size_t count, size_t *done)
{
    struct batch batch = {0};
    rw_status status = RW_OK, run;
    size_t at = *done, imported;
    bool fits = true;

    while (rw_ok(status) && fits && at < count && batch.count < BATCH) {
        buffers_lock();
        status = claim_locked(handles[at], at, &batch, &fits);
        buffers_unlock();
        at += rw_ok(status) && fits;
    }
    *done = at;
    if (batch.count == 0)
        return status;
    run = share_file_fd(batch.file->minor, &batch.file_fd);
    if (rw_ok(run))
        run = batch_run(&batch, &imported);
    else
        imported = 0;
    if (rw_ok(run))
        return status;
    *done = batch.imports[imported].index;
    return run;
}

rw_status resident_make(const kmt_shim_handle *handles, size_t count, size_t *out_done)
{
    *out_done = 0;
    if (policy_residency() == POLICY_RESIDENCY_OFF)
        return RW_FAIL(ENOTSUP, "ROCWELD_RESIDENCY is off");
    RW_TRY(policy_check_residency());
    while (*out_done < count)
        RW_TRY(make_some(handles, count, out_done));
    return RW_OK;
}

/* ---- SVM ---- */

struct svm_query { /* kfd_ioctl_svm_args with one attribute */
    uint64_t start, size;
    uint32_t op, attribute_count;
    struct kfd_ioctl_svm_attribute access;
};
static_assert(offsetof(struct svm_query, access) == sizeof(struct kfd_ioctl_svm_args), "KFD 1.5");

bool resident_svm_is_used(unsigned minor, uint64_t start, uint64_t size)
{
    struct svm_query query = {
        .start = start,
        .size = size,
        .op = KFD_IOCTL_SVM_OP_GET_ATTR,
        .attribute_count = 1,
        .access = {.type = KFD_IOCTL_SVM_ATTR_ACCESS, .value = gpu_id_of_minor(minor)},
    };
    unsigned long request =
        _IOC(_IOC_READ | _IOC_WRITE, 'K', _IOC_NR(AMDKFD_IOC_SVM), sizeof query);
    int err = errno;
    bool used = kfd_call(request, &query) == 0 && query.access.type != KFD_IOCTL_SVM_ATTR_NO_ACCESS;

    errno = err;
    return used;
}
