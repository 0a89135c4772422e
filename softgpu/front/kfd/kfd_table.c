/* SPDX-License-Identifier: MIT
 *
 * Dispatch, as kfd_ioctl() of the kernel: by number alone. Neither the type byte nor the size
 * of the request is looked at, so that structs may grow.
 */
#include "softgpu/front/kfd/kfd_table.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#define KFD_ROW(nr, label, req, function, row_flags)                                               \
    [nr] = {.name = #label, .request = (req), .handler = (function), .flags = (row_flags)},

static const struct ioctl_row rows[] = {KFD_IOCTLS(KFD_ROW)};

#undef KFD_ROW

#define ROW_COUNT (sizeof rows / sizeof rows[0])

#define KFD_CHECK_NUMBER(nr, name, request, handler, flags)                                        \
    static_assert(_IOC_NR(request) == (nr), "a row sits at its request's number");
KFD_IOCTLS(KFD_CHECK_NUMBER)
#undef KFD_CHECK_NUMBER

/* libcap's job, for two bits: is the capability in the thread's effective set? */
bool kfd_have_capability(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    return data[capability / 32].effective >> capability % 32 & 1;
}

static rw_status check_permission(const struct ioctl_row *row)
{
    if (!(row->flags & KFD_ROW_CHECKPOINT) || kfd_have_capability(CAP_CHECKPOINT_RESTORE) ||
        kfd_have_capability(CAP_SYS_ADMIN))
        return RW_OK;
    return rw_status_quiet(EACCES);
}

rw_status kfd_ioctl(struct kfd_file *file, unsigned long request, void *argument)
{
    unsigned nr = _IOC_NR(request);
    struct kfd_process *process = atomic_load(&file->process);
    struct kfd_call call = {.file = file, .process = process, .request = request};

    if (nr == 0 || nr >= kfd_kernel(process)->ioctl_count || nr >= ROW_COUNT) {
        rw_debug(kfd, "ioctl number %#x: kernel %s has none such", nr, kfd_kernel(process)->name);
        return rw_status_quiet(ENOTTY);
    }
    if (process->pid != getpid())
        return rw_status_quiet(EBADF);
    RW_TRY(check_permission(&rows[nr]));
    const struct ioctl_call run = {
        .area = RW_AREA_kfd,
        .device = "/dev/kfd",
        .row = &rows[nr],
        .request = request,
        .user_argument = argument,
        .copy_out_on_failure = true,
    };
    return ioctl_call_run(&run, &call);
}
