/* SPDX-License-Identifier: MIT */
#include "kmt-shim/observe.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

#include "base/user_memory.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/next.h"
#include "kmt-shim/policy.h"

/* AMDKFD_IOC_EXPORT_DMABUF (KFD 1.12) and AMDKFD_IOC_CREATE_PROCESS (KFD 1.19) */
#define KFD_NR_EXPORT_DMABUF  0x24
#define KFD_NR_CREATE_PROCESS 0x27

struct row {
    observe_handler *handler;
    unsigned size;      /* of the struct in the oldest kernel that has the call */
    unsigned direction; /* _IOC_READ, _IOC_WRITE: what is copied of it, and so may be looked at */
};

#define ROW(request, observer)                                                                     \
    [_IOC_NR(request)] = {(observer), _IOC_SIZE(request), _IOC_DIR(request)}

static const struct row drm_rows[256] = {
    ROW(DRM_IOCTL_GEM_CLOSE, observe_gem_close),
    ROW(DRM_IOCTL_GEM_OPEN, observe_gem_open),
    ROW(DRM_IOCTL_PRIME_HANDLE_TO_FD, observe_prime_handle_to_fd),
    ROW(DRM_IOCTL_PRIME_FD_TO_HANDLE, observe_prime_fd_to_handle),
    ROW(DRM_IOCTL_AMDGPU_GEM_CREATE, observe_gem_create),
    ROW(DRM_IOCTL_AMDGPU_GEM_USERPTR, observe_gem_userptr),
    ROW(DRM_IOCTL_AMDGPU_GEM_OP, observe_gem_op),
    ROW(DRM_IOCTL_AMDGPU_INFO, observe_info),
    ROW(DRM_IOCTL_AMDGPU_CTX, observe_context),
    /* grew in Linux 6.16; the part up to map_size has been there from the start */
    [DRM_COMMAND_BASE + DRM_AMDGPU_GEM_VA] = {observe_gem_va, 40, _IOC_WRITE},
};

static const struct row kfd_rows[256] = {
    ROW(AMDKFD_IOC_ACQUIRE_VM, observe_kfd_acquire),
    ROW(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, observe_kfd_alloc),
    ROW(AMDKFD_IOC_FREE_MEMORY_OF_GPU, observe_kfd_free),
    ROW(AMDKFD_IOC_MAP_MEMORY_TO_GPU, observe_kfd_map),
    ROW(AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, observe_kfd_unmap),
    ROW(AMDKFD_IOC_IMPORT_DMABUF, observe_kfd_import),
    ROW(AMDKFD_IOC_SVM, observe_kfd_svm),
    ROW(AMDKFD_IOC_CREATE_QUEUE, observe_kfd_create_queue),
    ROW(AMDKFD_IOC_CREATE_EVENT, observe_kfd_create_event),
    ROW(AMDKFD_IOC_DESTROY_EVENT, observe_kfd_destroy_event),
    ROW(AMDKFD_IOC_WAIT_EVENTS, observe_kfd_wait_events),
    [KFD_NR_EXPORT_DMABUF] = {observe_kfd_export, 16, _IOC_READ | _IOC_WRITE},
    [KFD_NR_CREATE_PROCESS] = {observe_kfd_create_process, 0, _IOC_NONE},
};

/* NULL: nothing to look at, also because the kernel will refuse an argument that is not there. It
 * has read the argument when a call succeeds, so that the handlers need not ask again. */
static const struct row *row_find(const struct row rows[256], unsigned long request,
                                  const void *argument)
{
    const struct row *row = &rows[_IOC_NR(request)];

    if (!row->handler || _IOC_SIZE(request) < row->size)
        return NULL;
    return user_memory_is_readable(argument, row->size) ? row : NULL;
}

/* DRM copies in only the directions that the request names, too; the KFD has its own idea. */
static bool is_copied(const struct row *row, unsigned long request)
{
    return (_IOC_DIR(request) & row->direction) == row->direction;
}

static int drm_ioctl(int fd, unsigned long request, void *argument)
{
    const struct row *row = row_find(drm_rows, request, argument);
    struct observed_call call = {fd, request, argument, NULL};
    int result, err;

    if (!row || !is_copied(row, request) || !(call.file = files_get(fd)))
        return next_ioctl(fd, request, argument);
    result = row->handler(&call);
    err = errno;
    files_put(call.file);
    errno = err;
    return result;
}

/* The console's requests have this type too, but no direction and no size. */
static bool is_kfd(unsigned long request)
{
    return _IOC_DIR(request) != _IOC_NONE || _IOC_NR(request) == KFD_NR_CREATE_PROCESS;
}

static int kfd_ioctl(int fd, unsigned long request, void *argument)
{
    const struct row *row = row_find(kfd_rows, request, argument);

    if (!row || (files_is_secondary_kfd(fd) && row->handler != observe_kfd_acquire))
        return next_ioctl(fd, request, argument);
    return row->handler(&(struct observed_call){fd, request, argument, NULL});
}

int observe_own_ioctl(int fd, unsigned long request, void *argument)
{
    counter_add(shim_calls, 1);
    return _IOC_TYPE(request) == 'd' ? drm_ioctl(fd, request, argument)
                                     : kfd_ioctl(fd, request, argument);
}

int observe_ioctl(int fd, unsigned long request, void *argument)
{
    if (policy_wish() == KMT_SHIM_OFF)
        return next_ioctl(fd, request, argument);
    if (_IOC_TYPE(request) == 'd') {
        int result = drm_ioctl(fd, request, argument);

        counter_add(drm_ioctls, files_is_known(fd));
        return result;
    }
    if (!is_kfd(request))
        return next_ioctl(fd, request, argument);
    counter_add(kfd_ioctls, 1);
    return kfd_ioctl(fd, request, argument);
}

static _Atomic dev_t dmabuf_device;

dev_t observe_dmabuf_device(void)
{
    return atomic_load_explicit(&dmabuf_device, memory_order_relaxed);
}

bool observe_dmabuf_seen(int fd, struct dmabuf_id *out_id, uint64_t *out_size)
{
    if (!observe_dmabuf_id(fd, out_id, out_size))
        return false;
    atomic_store_explicit(&dmabuf_device, out_id->device, memory_order_relaxed);
    return true;
}

bool observe_dmabuf_id(int fd, struct dmabuf_id *out_id, uint64_t *out_size)
{
    struct stat st;

    counter_add(shim_calls, 1);
    if (fstat(fd, &st) != 0)
        return false;
    *out_id = (struct dmabuf_id){st.st_dev, st.st_ino};
    *out_size = (uint64_t)st.st_size;
    return st.st_ino != 0;
}
