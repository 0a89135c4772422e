/* SPDX-License-Identifier: MIT
 *
 * /dev/kfd as a file: open, ioctl, mmap, close.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_table.h"
#include "softgpu/front/nodes.h"

static rw_status node_ioctl(struct node *node, unsigned long request, void *argument,
                            int *out_result)
{
    *out_result = 0;
    return kfd_ioctl(node_private(node), request, argument);
}

/* The register page for HDP flushes, shared by all who map it. */
static rw_status mmio_mmap(struct kfd_pdd *pdd, void *address, size_t length, int prot, int flags,
                           void **out_address)
{
    uint8_t *page;
    int fd;

    if (length != GPU_PAGE_SIZE)
        return RW_FAIL(EINVAL, "mmap of %zu bytes of the remapped registers; they are one page",
                       length);
    RW_TRY(kfd_mmio_page(pdd->device, &page, &fd));
    void *at = mmap(address, length, prot, flags, fd, 0);
    if (at == MAP_FAILED)
        return rw_status_quiet(errno);
    *out_address = at;
    return RW_OK;
}

/* Which of the GPU's pages the offset names. The kernel (up to 6.12) takes the process from the
 * caller's address space, not from the file; in one process that is the same. */
static rw_status gpu_mmap(struct kfd_process *process, void *address, size_t length, int prot,
                          int flags, uint64_t offset, void **out_address)
{
    struct kfd_pdd *pdd = kfd_pdd_find(process, kfd_mmap_gpu_id(offset));
    uint64_t type = offset & KFD_MMAP_TYPE_MASK;

    if (type == KFD_MMAP_TYPE_RESERVED && kfd_kernel(process)->secondary_contexts)
        return RW_FAIL(EINVAL, "mmap of trap-handler pages, which kernel %s has no longer",
                       kfd_kernel(process)->name);
    if (!pdd)
        return RW_FAIL(ENODEV, "mmap offset %#llx names GPU %#x, which does not exist",
                       (unsigned long long)offset, kfd_mmap_gpu_id(offset));
    switch (type) {
    case KFD_MMAP_TYPE_DOORBELL:
        return kfd_doorbells_mmap(pdd, address, length, prot, flags, out_address);
    case KFD_MMAP_TYPE_MMIO:
        return mmio_mmap(pdd, address, length, prot, flags, out_address);
    default:
        return RW_FAIL(EINVAL, "mmap of trap-handler pages, which only APUs have in host memory");
    }
}

static rw_status node_mmap(struct node *node, void *address, size_t length, int prot, int flags,
                           uint64_t offset, void **out_address)
{
    const struct kfd_file *file = node_private(node);
    struct kfd_process *process = atomic_load(&file->process);
    size_t pages = (length + GPU_PAGE_SIZE - 1) & ~(size_t)(GPU_PAGE_SIZE - 1);

    if ((offset & KFD_MMAP_TYPE_MASK) == KFD_MMAP_TYPE_EVENTS)
        return kfd_events_mmap(&process->events, address, pages, prot, flags, out_address);
    return gpu_mmap(process, address, pages, prot, flags, offset, out_address);
}

static void node_stat(struct node *node, struct stat *out_stat)
{
    (void)node;
    out_stat->st_mode = S_IFCHR | 0666;
    out_stat->st_rdev = makedev(SOFT_KFD_MAJOR, 0);
    out_stat->st_nlink = 1;
}

static void node_release(struct node *node)
{
    struct kfd_file *file = node_private(node);

    kfd_process_put(atomic_load(&file->process));
    free(file);
}

static const struct node_ops kfd_node_ops = {
    .name = "kfd",
    .foreign_error = EBADF, /* a forked child must open the device anew */
    .ioctl = node_ioctl,
    .mmap = node_mmap,
    .stat = node_stat,
    .release = node_release,
};

rw_status kfd_node_open(struct soft_machine *machine, int flags, int *out_fd)
{
    struct kfd_file *file = calloc(1, sizeof *file);
    struct kfd_process *process;
    rw_status status;

    if (!file)
        return RW_FAIL(ENOMEM, "no memory to open /dev/kfd");
    status = kfd_process_open(machine, &process);
    if (!rw_ok(status)) {
        free(file);
        return status;
    }
    atomic_init(&file->process, process);
    status = node_open(&kfd_node_ops, file, flags, out_fd);
    if (!rw_ok(status)) {
        kfd_process_put(process);
        free(file);
    }
    return status;
}
