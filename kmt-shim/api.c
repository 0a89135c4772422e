/* SPDX-License-Identifier: MIT
 *
 * The public functions: statuses become negative errno numbers and one line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <drm.h>
#include <linux/kfd_ioctl.h>

#include "base/log.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/events.h"
#include "kmt-shim/lookup.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"
#include "kmt-shim/policy.h"
#include "kmt-shim/resident.h"
#include "kmt-shim/share.h"

#define EXPORT __attribute__((visibility("default")))

static int result_of(const char *function, rw_status status)
{
    const char *message = rw_status_message(status, NULL);

    if (!rw_ok(status) && *message)
        rw_warn(shim, "%s: %s", function, message);
    return -status.err;
}

/* ---- the VM ---- */

EXPORT int kmt_shim_import_drm_fd(uint32_t gpu_id, int drm_fd)
{
    return result_of(__func__, share_import(gpu_id, drm_fd));
}

EXPORT int kmt_shim_vm_query(unsigned render_minor, struct kmt_shim_vm *out_vm)
{
    return result_of(__func__, share_query(render_minor, out_vm));
}

EXPORT int kmt_shim_vm_open(unsigned render_minor, int *out_fd)
{
    return result_of(__func__, share_dup(render_minor, out_fd));
}

EXPORT int kmt_shim_vm_open_separate(unsigned render_minor, int *out_fd)
{
    return result_of(__func__, share_open_separate(render_minor, out_fd));
}

/* ---- buffers ---- */

EXPORT int kmt_shim_lookup(unsigned render_minor, uint64_t address,
                           struct kmt_shim_range *out_range)
{
    return -lookup_range(render_minor, address, out_range).err;
}

EXPORT size_t kmt_shim_explain(unsigned render_minor, uint64_t address, char *text, size_t size)
{
    return lookup_explain(render_minor, address, text, size);
}

EXPORT int kmt_shim_for_each_range(unsigned render_minor,
                                   int (*visit)(void *context, const struct kmt_shim_range *range),
                                   void *context)
{
    return lookup_each(render_minor, visit, context);
}

EXPORT int kmt_shim_handle_of_gem(unsigned render_minor, uint32_t gem_handle,
                                  kmt_shim_handle *out_handle)
{
    return -lookup_handle_of_gem(render_minor, gem_handle, out_handle).err;
}

EXPORT int kmt_shim_handle_of_kfd(uint64_t kfd_handle, kmt_shim_handle *out_handle)
{
    return -lookup_handle_of_kfd(kfd_handle, out_handle).err;
}

EXPORT int kmt_shim_bo_query(kmt_shim_handle handle, struct kmt_shim_bo *out_bo)
{
    return -lookup_bo(handle, out_bo).err;
}

EXPORT int kmt_shim_lookup_dmabuf(unsigned render_minor, int dmabuf_fd,
                                  struct kmt_shim_range *out_range)
{
    return result_of(__func__, lookup_dmabuf(render_minor, dmabuf_fd, out_range));
}

/* ---- residency ---- */

EXPORT int kmt_shim_bos_make_resident(const kmt_shim_handle *handles, size_t count,
                                      size_t *out_done)
{
    size_t done;
    rw_status status = resident_make(handles, count, &done);

    if (out_done)
        *out_done = done;
    return result_of(__func__, status);
}

EXPORT int kmt_shim_bo_make_resident(kmt_shim_handle handle)
{
    size_t done;

    return result_of(__func__, resident_make(&handle, 1, &done));
}

/* ---- several GPUs ---- */

static rw_status export_bo(const struct kmt_shim_bo *bo, int *out_fd)
{
    struct drm_prime_handle prime = {.handle = bo->gem_handle, .flags = DRM_CLOEXEC | DRM_RDWR};
    struct {
        uint64_t handle;
        uint32_t flags, dmabuf_fd;
    } kfd = {.handle = bo->kfd_handle, .flags = DRM_CLOEXEC | DRM_RDWR}; /* KFD 1.12 */
    int fd;

    if (!bo->gem_handle) {
        if (observe_own_ioctl(resident_kfd(), _IOWR('K', 0x24, kfd), &kfd) != 0)
            return RW_FAIL(errno, "the KFD does not export handle %#llx: %s",
                           (unsigned long long)bo->kfd_handle, strerror(errno));
        *out_fd = (int)kfd.dmabuf_fd;
        return RW_OK;
    }
    RW_TRY(share_file_fd(bo->render_minor, &fd));
    if (observe_own_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) != 0)
        return RW_FAIL(errno, "renderD%u: GEM handle %u cannot be exported: %s", bo->render_minor,
                       bo->gem_handle, strerror(errno));
    *out_fd = prime.fd;
    return RW_OK;
}

static rw_status share_bo(kmt_shim_handle handle, unsigned minor, kmt_shim_handle *out_handle)
{
    struct drm_prime_handle prime = {0};
    struct kmt_shim_bo bo;
    rw_status status;
    int fd;

    status = share_file_fd(minor, &fd);
    if (!rw_ok(status))
        return RW_FAIL(ENODEV, "renderD%u: no VM is shared there", minor);
    RW_TRY(lookup_bo(handle, &bo));
    RW_TRY(export_bo(&bo, &prime.fd));
    if (observe_own_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) != 0)
        status = RW_FAIL(errno, "renderD%u does not take the buffer: %s", minor, strerror(errno));
    else
        status = lookup_handle_of_gem(minor, prime.handle, out_handle);
    close(prime.fd);
    counter_add(shim_calls, 1);
    return status;
}

EXPORT int kmt_shim_bo_share(kmt_shim_handle handle, unsigned to_render_minor,
                             kmt_shim_handle *out_handle)
{
    return result_of(__func__, share_bo(handle, to_render_minor, out_handle));
}

/* ---- events, policy, counters ---- */

EXPORT int kmt_shim_subscribe(void (*notify)(void *context, const struct kmt_shim_event *event),
                              void *context, int *out_subscription)
{
    return result_of(__func__, events_subscribe(notify, context, out_subscription));
}

EXPORT int kmt_shim_unsubscribe(int subscription)
{
    return result_of(__func__, events_unsubscribe(subscription));
}

EXPORT enum kmt_shim_policy kmt_shim_policy_get(void)
{
    return policy_wish();
}

EXPORT int kmt_shim_policy_set(enum kmt_shim_policy policy)
{
    return result_of(__func__, share_set_policy(policy));
}

EXPORT void kmt_shim_counters_read(struct kmt_shim_counters *out_counters)
{
    counters_read(out_counters);
    lookup_count(out_counters);
}
