/* SPDX-License-Identifier: MIT
 *
 * dma-bufs: descriptors of buffer objects. Every export makes a descriptor of its own, but a BO has
 * one dma-buf as long as any of them lives; they show the same inode, by which programs compare
 * them. Kernel: dma-buf.c, amdgpu_dma_buf.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/front/drm/drm_resv.h"
#include "softgpu/front/drm/drm_share.h"
#include "softgpu/front/drm/drm_syncobj.h"
#include "softgpu/front/drm/drm_table.h"
#include "softgpu/front/ioctl.h"
#include "softgpu/front/nodes.h"
#include "softgpu/front/remote.h"

/* dma-bufs live in a file system of their own, where their inode numbers mean something. */
#define DMABUF_FILESYSTEM 0xdab

struct dmabuf {
    unsigned refs;     /* descriptors' open files */
    struct mem_bo *bo; /* reference */
    char name[DMA_BUF_NAME_LEN];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards dmabufs and mem_bo.dmabuf */

/* ---- ioctls ---- */

static rw_status dmabuf_sync(void *context, void *argument)
{
    const struct dma_buf_sync *args = argument;
    const struct dmabuf *dmabuf = context;

    if ((args->flags & ~(uint64_t)DMA_BUF_SYNC_VALID_FLAGS_MASK) ||
        !(args->flags & DMA_BUF_SYNC_RW))
        return RW_FAIL(EINVAL, "flags 0x%llx", (unsigned long long)args->flags);
    if (!(args->flags & DMA_BUF_SYNC_END)) /* CPU and GPU see the same memory */
        drm_resv_wait_idle(dmabuf->bo, DRM_FENCE_FOREVER);
    return RW_OK;
}

/* The argument is the name's address itself. */
static rw_status dmabuf_set_name(struct dmabuf *dmabuf, const void *user_name)
{
    char name[DMA_BUF_NAME_LEN];
    size_t length = 0;

    do {
        if (length == sizeof name)
            return RW_FAIL(EINVAL, "a name has at most %zu characters", sizeof name - 1);
        RW_TRY(front_copy_in(&name[length], (uintptr_t)user_name + length, 1));
    } while (name[length++]);
    pthread_mutex_lock(&lock);
    memcpy(dmabuf->name, name, length);
    pthread_mutex_unlock(&lock);
    return RW_OK;
}

/* Readers wait for writers, writers for all; a job counts as a writer. */
static rw_status dmabuf_export_sync_file(void *context, void *argument)
{
    struct dma_buf_export_sync_file *args = argument;
    const struct dmabuf *dmabuf = context;
    struct drm_fence *fence;
    rw_status s;

    if ((args->flags & ~(uint32_t)DMA_BUF_SYNC_RW) || !(args->flags & DMA_BUF_SYNC_RW))
        return RW_FAIL(EINVAL, "flags 0x%x", args->flags);
    fence = drm_resv_merge(dmabuf->bo);
    if (!fence)
        return RW_FAIL(ENOMEM, "no memory for a fence");
    s = drm_sync_file_create(fence, &args->fd);
    drm_fence_put(fence);
    return s;
}

static void dmabuf_export_undo(const void *argument)
{
    const struct dma_buf_export_sync_file *args = argument;

    node_fd_take_back(args->fd);
}

static rw_status dmabuf_import_sync_file(void *context, void *argument)
{
    const struct dma_buf_import_sync_file *args = argument;
    const struct dmabuf *dmabuf = context;
    struct drm_fence *fence;
    rw_status s;

    if ((args->flags & ~(uint32_t)DMA_BUF_SYNC_RW) || !(args->flags & DMA_BUF_SYNC_RW))
        return RW_FAIL(EINVAL, "flags 0x%x", args->flags);
    RW_TRY(drm_sync_file_import(args->fd, &fence));
    s = drm_resv_import(dmabuf->bo, fence);
    drm_fence_put(fence);
    return s;
}

static const struct ioctl_row rows[] = {
    {"DMA_BUF_SYNC", DMA_BUF_IOCTL_SYNC, dmabuf_sync, 0},
    {"DMA_BUF_EXPORT_SYNC_FILE", DMA_BUF_IOCTL_EXPORT_SYNC_FILE, dmabuf_export_sync_file,
     DRM_ROW_SINCE(DRM_MINOR_6_0)},
    {"DMA_BUF_IMPORT_SYNC_FILE", DMA_BUF_IOCTL_IMPORT_SYNC_FILE, dmabuf_import_sync_file,
     DRM_ROW_SINCE(DRM_MINOR_6_0)},
};

static const struct ioctl_row *row_find(unsigned long request)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].request == request)
            return DRM_ROW_SINCE_OF(&rows[i]) <= soft_machine()->kernel->drm_minor ? &rows[i]
                                                                                   : NULL;
    return NULL;
}

static rw_status dmabuf_ioctl(struct node *node, unsigned long request, void *argument,
                              int *out_result)
{
    struct ioctl_call call = {
        .area = RW_AREA_drm,
        .device = "dma-buf",
        .row = row_find(request),
        .request = request,
        .user_argument = argument,
        .undo = request == DMA_BUF_IOCTL_EXPORT_SYNC_FILE ? dmabuf_export_undo : NULL,
    };

    *out_result = 0;
    if (request == DMA_BUF_SET_NAME_A || request == DMA_BUF_SET_NAME_B)
        return dmabuf_set_name(node_private(node), argument);
    return call.row ? ioctl_call_run(&call, node_private(node)) : rw_status_quiet(ENOTTY);
}

/* ---- the other file operations ---- */

static rw_status dmabuf_mmap(struct node *node, void *address, size_t length, int prot, int flags,
                             uint64_t offset, void **out_address)
{
    const struct dmabuf *dmabuf = node_private(node);

    return mem_bo_mmap(dmabuf->bo, address, length, prot, flags, offset, out_address);
}

static rw_status dmabuf_share(struct node *node, size_t length, int prot, int flags,
                              uint64_t offset, struct node_pages *out_pages)
{
    const struct dmabuf *dmabuf = node_private(node);

    return drm_bo_share(dmabuf->bo, length, prot, flags, offset, out_pages);
}

static void dmabuf_stat(struct node *node, struct stat *out_stat)
{
    const struct dmabuf *dmabuf = node_private(node);

    out_stat->st_dev = makedev(0, DMABUF_FILESYSTEM);
    out_stat->st_mode = 0600; /* of an inode without a type, as the kernel's dma-bufs show */
    out_stat->st_ino = dmabuf->bo->id;
    out_stat->st_size = (off_t)dmabuf->bo->size;
}

static uint64_t dmabuf_size(struct node *node)
{
    return ((struct dmabuf *)node_private(node))->bo->size;
}

static void dmabuf_put(struct dmabuf *dmabuf)
{
    bool last;

    pthread_mutex_lock(&lock);
    last = --dmabuf->refs == 0;
    if (last)
        dmabuf->bo->dmabuf = NULL;
    pthread_mutex_unlock(&lock);
    if (last) {
        mem_bo_put(dmabuf->bo);
        free(dmabuf);
    }
}

static void dmabuf_release(struct node *node)
{
    dmabuf_put(node_private(node));
}

static const struct node_ops dmabuf_ops = {
    .name = "dma-buf",
    .ioctl = dmabuf_ioctl,
    .mmap = dmabuf_mmap,
    .share = dmabuf_share,
    .stat = dmabuf_stat,
    .size = dmabuf_size,
    .release = dmabuf_release,
};

/* ---- export and import ---- */

/* The BO's dma-buf with a new reference, or NULL when memory is short. */
static struct dmabuf *dmabuf_of_bo(struct mem_bo *bo)
{
    struct dmabuf *dmabuf;

    pthread_mutex_lock(&lock);
    dmabuf = bo->dmabuf;
    if (!dmabuf && (dmabuf = calloc(1, sizeof *dmabuf))) {
        dmabuf->bo = mem_bo_get(bo);
        bo->dmabuf = dmabuf;
    }
    if (dmabuf)
        dmabuf->refs++;
    pthread_mutex_unlock(&lock);
    return dmabuf;
}

rw_status dmabuf_export(struct mem_bo *bo, int flags, int *out_fd)
{
    struct dmabuf *dmabuf;
    rw_status s;

    if (bo->backing == MEM_BACKING_USERPTR || bo->vm_private)
        return RW_FAIL(EPERM, "a %s cannot be shared: it is %s", bo->label,
                       bo->vm_private ? "always valid in its VM" : "the program's own memory");
    dmabuf = dmabuf_of_bo(bo->origin ? bo->origin : bo);
    if (!dmabuf)
        return RW_FAIL(ENOMEM, "no memory for a dma-buf");
    s = node_open(&dmabuf_ops, dmabuf, flags & (O_ACCMODE | O_CLOEXEC), out_fd);
    if (!rw_ok(s))
        dmabuf_put(dmabuf);
    return s;
}

/* Not ours: nobody's, or another process's, whose memory is not on our GPUs. */
static rw_status dmabuf_refuse(int fd, int copy)
{
    pid_t owner = remote_owner(copy);

    close(copy);
    if (owner)
        return front_lacks(RW_AREA_drm, EINVAL,
                           "descriptor %d is of a device of process %d; softgpu's GPUs are one "
                           "process's each, and cannot use it here",
                           fd, (int)owner);
    return RW_FAIL(EINVAL, "descriptor %d is no dma-buf", fd);
}

rw_status dmabuf_import(int fd, struct mem_bo **out_bo)
{
    struct node *node = node_get_by_fd(fd);
    rw_status s = RW_OK;
    int copy;

    if (node && node_ops(node) == &dmabuf_ops)
        *out_bo = mem_bo_get(((struct dmabuf *)node_private(node))->bo);
    else if (!rw_ok(node_fd_copy(fd, &copy)))
        s = RW_FAIL(EBADF, "descriptor %d is not open", fd);
    else
        s = dmabuf_refuse(fd, copy);
    if (node)
        node_put(node);
    return s;
}
