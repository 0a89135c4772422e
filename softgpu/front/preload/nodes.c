/* SPDX-License-Identifier: MIT */
#include "softgpu/front/preload/nodes.h"

#include <errno.h>
#include <fcntl.h>

#include "base/log.h"
#include "softgpu/front/nodes.h"
#include "softgpu/front/remote.h"

#define KERNEL_ERESTARTSYS 512 /* user space sees EINTR */

int preload_fail(rw_status status)
{
    errno = status.err == KERNEL_ERESTARTSYS ? EINTR : status.err;
    return -1;
}

static rw_status drm_minor_open(struct soft_machine *machine, uint32_t minor, int flags,
                                int *out_fd)
{
    bool render = minor >= SOFT_RENDER_MINOR_FIRST;

    for (unsigned i = 0; i < machine->device_count; i++) {
        struct soft_device *device = &machine->devices[i];
        if (minor == (render ? device->render_minor : device->card_minor))
            return drm_node_open(machine, device, render, flags, out_fd);
    }
    return rw_status_quiet(ENXIO);
}

static void device_recover(struct soft_device *device)
{
    kfd_device_reset(device);
    drm_device_reset(device);
}

static void machine_make_recoverable(struct soft_machine *machine)
{
    for (unsigned i = 0; i < machine->device_count; i++)
        machine->devices[i].recover = device_recover;
}

int preload_node_open(const struct sysfs_node *node, int flags)
{
    struct soft_machine *machine;
    rw_status status;
    int fd = -1;

    if (flags & O_DIRECTORY) {
        errno = ENOTDIR;
        return -1;
    }
    machine = soft_machine();
    if (!machine)
        return -1; /* with errno; the reason has been logged */
    machine_make_recoverable(machine);
    rw_status_clear();
    status = node->major == SOFT_KFD_MAJOR ? kfd_node_open(machine, flags, &fd)
                                           : drm_minor_open(machine, node->minor, flags, &fd);
    if (!rw_ok(status)) {
        if (*rw_status_message(status, NULL))
            rw_warn(preload, "open %s: %s", node->path, rw_status_message(status, NULL));
        return preload_fail(status);
    }
    rw_debug(preload, "open %s: descriptor %d", node->path, fd);
    return fd;
}

void preload_stat_fix(int fd, struct stat *st)
{
    const struct sysfs_node *placeholder;

    if (S_ISSOCK(st->st_mode) && fd >= 0) {
        struct node *node = node_get_by_fd(fd);
        if (node)
            node_call_stat(node, st);
        else
            remote_stat(fd, st);
        sysfs_node_place(st);
        node_put(node);
    } else if (S_ISREG(st->st_mode) && st->st_size == 0) {
        placeholder = sysfs_node_find(st);
        if (placeholder)
            sysfs_node_stat(placeholder, st);
    }
}
