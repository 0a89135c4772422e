/* SPDX-License-Identifier: MIT
 *
 * /dev/dri/renderD* and card*: open, ioctl dispatch, mmap of buffer objects, fstat.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "softgpu/front/drm/drm_resv.h"
#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_share.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/nodes.h"

static rw_status drm_node_ioctl(struct node *node, unsigned long request, void *argument,
                                int *out_result);
static rw_status drm_node_mmap(struct node *node, void *address, size_t length, int prot, int flags,
                               uint64_t offset, void **out_address);
static rw_status drm_node_share(struct node *node, size_t length, int prot, int flags,
                                uint64_t offset, struct node_pages *out_pages);
static void drm_node_stat(struct node *node, struct stat *out_stat);
static void drm_node_release(struct node *node);

static const struct node_ops drm_node_ops = {
    .name = "drm",
    .ioctl = drm_node_ioctl,
    .mmap = drm_node_mmap,
    .share = drm_node_share,
    .stat = drm_node_stat,
    .release = drm_node_release,
};

static void fpriv_destroy(struct drm_file_front *front)
{
    struct drm_fpriv *fpriv = (struct drm_fpriv *)front;

    drm_sched_destroy(fpriv->sched);
    drm_auth_close(fpriv);
    drm_bo_list_table_finish(fpriv);
    drm_context_table_finish(fpriv);
    drm_syncobj_table_finish(fpriv);
    pthread_mutex_destroy(&fpriv->lock);
    free(fpriv);
}

static rw_status fpriv_create(struct soft_machine *machine, struct soft_device *device, bool render,
                              struct drm_fpriv **out_fpriv)
{
    const struct gpu_vm_limits limits = soft_vm_limits(machine->kernel);
    struct drm_fpriv *fpriv = calloc(1, sizeof *fpriv);
    rw_status s;

    if (!fpriv)
        return RW_FAIL(ENOMEM, "no memory to open a DRM node");
    s = drm_file_create(device->index, device->heaps, &limits, render, &fpriv->file);
    if (!rw_ok(s)) {
        free(fpriv);
        return s;
    }
    fpriv->front.destroy = fpriv_destroy;
    fpriv->machine = machine;
    fpriv->device = device;
    fpriv->render = render;
    s = drm_sched_create(fpriv, &fpriv->sched);
    if (!rw_ok(s)) {
        drm_file_put(fpriv->file);
        free(fpriv);
        return s;
    }
    pthread_mutex_init(&fpriv->lock, NULL);
    handle_table_init(&fpriv->syncobjs, 1, INT32_MAX);
    handle_table_init(&fpriv->contexts, 1, DRM_CONTEXT_MAX);
    handle_table_init(&fpriv->bo_lists, 1, INT32_MAX);
    drm_file_set_front(fpriv->file, &fpriv->front);
    drm_auth_open(fpriv);
    *out_fpriv = fpriv;
    return RW_OK;
}

rw_status drm_node_open(struct soft_machine *machine, struct soft_device *device, bool render,
                        int flags, int *out_fd)
{
    struct drm_fpriv *fpriv = NULL;
    rw_status s;

    mem_jobs_set_waiter(drm_resv_wait_key_idle); /* what moves buffers waits for their jobs */
    RW_TRY(fpriv_create(machine, device, render, &fpriv));
    s = node_open(&drm_node_ops, fpriv, flags & (O_ACCMODE | O_CLOEXEC | O_NONBLOCK), out_fd);
    if (!rw_ok(s))
        drm_file_put(fpriv->file);
    return s;
}

struct drm_file *drm_node_file(struct node *node)
{
    if (!node || node_ops(node) != &drm_node_ops)
        return NULL;
    return ((struct drm_fpriv *)node_private(node))->file;
}

static void drm_node_release(struct node *node)
{
    struct drm_fpriv *fpriv = node_private(node);

    drm_file_put(fpriv->file);
}

/* ---- ioctl ---- */

struct guarded_call {
    struct drm_fpriv *fpriv;
    const struct ioctl_row *row;
};

/* The permission is checked after the argument has been copied in, as drm_ioctl() does. */
static rw_status guarded_handler(void *context, void *argument)
{
    const struct guarded_call *call = context;

    RW_TRY(drm_row_permit(call->row, call->fpriv));
    return call->row->handler(call->fpriv, argument);
}

static rw_status drm_node_ioctl(struct node *node, unsigned long request, void *argument,
                                int *out_result)
{
    struct drm_fpriv *fpriv = node_private(node);
    const struct ioctl_row *row;
    struct guarded_call guarded;
    struct ioctl_row guarded_row;
    struct ioctl_call call = {
        .area = RW_AREA_drm,
        .device = fpriv->render ? "/dev/dri/renderD*" : "/dev/dri/card*",
        .row = &guarded_row,
        .request = request,
        .user_argument = argument,
        .copy_out_on_failure = true,
        .user_direction = true,
    };

    *out_result = 0;
    if (_IOC_TYPE(request) != DRM_IOCTL_BASE)
        return rw_status_quiet(ENOTTY);
    row = drm_row_find(fpriv->machine->kernel, request);
    if (row && !row->handler)
        RW_TRY(drm_row_permit(row, fpriv));
    if (!row || !row->handler) {
        rw_warn(drm, "%s: ioctl 0x%02lx (%s) is not served: EINVAL", call.device,
                (unsigned long)_IOC_NR(request), row ? row->name : "unknown to this kernel");
        return rw_status_quiet(EINVAL);
    }
    guarded = (struct guarded_call){fpriv, row};
    guarded_row = *row;
    guarded_row.handler = guarded_handler;
    return ioctl_call_run(&call, &guarded);
}

/* ---- mmap, fstat ---- */

/* Kernel: drm_gem_mmap(): the object by its exact page offset and its size, then the file's right
 * to it; what the object itself refuses comes later. New BO reference. */
static rw_status mmap_find(struct drm_fpriv *fpriv, uint64_t offset, size_t length,
                           struct mem_bo **out_bo)
{
    struct mem_bo *bo = mem_bo_find_by_mmap_offset(fpriv->device->heaps, offset);
    rw_status s;

    if (!bo)
        return RW_FAIL(EINVAL, "mmap: no buffer object has the offset 0x%llx",
                       (unsigned long long)offset);
    if (length > bo->size)
        s = RW_FAIL(EINVAL, "mmap: %zu bytes of a %s that has %llu", length, bo->label,
                    (unsigned long long)bo->size);
    else if (!drm_file_mmap_allowed(fpriv->file, bo))
        s = RW_FAIL(EACCES, "mmap: this file holds no handle of the %s at offset 0x%llx", bo->label,
                    (unsigned long long)offset);
    else
        s = RW_OK;
    if (rw_ok(s))
        *out_bo = bo;
    else
        mem_bo_put(bo);
    return s;
}

static rw_status drm_node_mmap(struct node *node, void *address, size_t length, int prot, int flags,
                               uint64_t offset, void **out_address)
{
    struct mem_bo *bo = NULL;

    RW_TRY(mmap_find(node_private(node), offset, length, &bo));
    rw_status s = mem_bo_mmap(bo, address, length, prot, flags, 0, out_address);
    mem_bo_put(bo);
    return s;
}

static rw_status drm_node_share(struct node *node, size_t length, int prot, int flags,
                                uint64_t offset, struct node_pages *out_pages)
{
    struct mem_bo *bo = NULL;

    RW_TRY(mmap_find(node_private(node), offset, length, &bo));
    rw_status s = drm_bo_share(bo, length, prot, flags, 0, out_pages);
    mem_bo_put(bo);
    return s;
}

static void drm_node_stat(struct node *node, struct stat *out_stat)
{
    const struct drm_fpriv *fpriv = node_private(node);
    unsigned minor_number = fpriv->render ? fpriv->device->render_minor : fpriv->device->card_minor;

    out_stat->st_mode = S_IFCHR | 0666;
    out_stat->st_rdev = makedev(SOFT_DRM_MAJOR, minor_number);
    out_stat->st_size = 0;
    out_stat->st_blocks = 0;
}
