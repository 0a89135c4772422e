/* SPDX-License-Identifier: MIT */
#include "softgpu/front/ioctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/user_memory.h"
#include "softgpu/front/remote.h"

/* Kernel-internal numbers that user space sees all the same (include/linux/errno.h). */
#define KERNEL_ERESTARTSYS 512
#define KERNEL_ENOTSUPP    524

rw_status front_copy_in(void *to, uint64_t user_from, size_t size)
{
    if (remote_is_serving())
        return remote_copy_in(to, user_from, size);
    return rw_status_quiet(user_memory_copy_in(to, user_from, size));
}

rw_status front_copy_out(uint64_t user_to, const void *from, size_t size)
{
    if (remote_is_serving())
        return remote_copy_out(user_to, from, size);
    return rw_status_quiet(user_memory_copy_out(user_to, from, size));
}

rw_status front_copy_in_array(uint64_t user_from, size_t count, size_t item, size_t max_bytes,
                              void **out_array)
{
    size_t bytes;
    void *array;

    *out_array = NULL;
    if (__builtin_mul_overflow(count, item, &bytes) || bytes > max_bytes)
        return rw_status_quiet(ENOMEM);
    array = malloc(bytes ? bytes : 1);
    if (!array)
        return rw_status_quiet(ENOMEM);
    rw_status status = front_copy_in(array, user_from, bytes);
    if (!rw_ok(status)) {
        free(array);
        return status;
    }
    *out_array = array;
    return RW_OK;
}

static const char *errno_name(int err, char buffer[24])
{
    const char *name = strerrorname_np(err);

    if (err == KERNEL_ENOTSUPP)
        return "ENOTSUPP";
    if (err == KERNEL_ERESTARTSYS)
        return "ERESTARTSYS";
    if (name)
        return name;
    snprintf(buffer, 24, "errno %d", err);
    return buffer;
}

static bool errno_blames_state(int err)
{
    switch (err) {
    case EINTR:
    case EAGAIN:
    case ETIME:
    case ECANCELED:
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
    case ENFILE:
    case EPERM:
    case EACCES:
    case ENODATA:
    case ENOTTY:
    case EOPNOTSUPP:
    case KERNEL_ENOTSUPP:
        return true;
    default:
        return false;
    }
}

/* The rule is in ioctl.h. */
static enum rw_log_level failure_level(const struct ioctl_call *call, int err, bool explained)
{
    if (!explained)
        return RW_LOG_DEBUG;
    if ((call->row->flags & IOCTL_ROW_ASKS) || errno_blames_state(err))
        return RW_LOG_INFO;
    return RW_LOG_WARN;
}

rw_status front_lacks(enum rw_log_area area, int err, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (rw_log_on(area, RW_LOG_WARN))
        rw_log_write(area, RW_LOG_WARN, "%s", text);
    return rw_status_quiet(err);
}

static void call_log_failure(const struct ioctl_call *call, rw_status status)
{
    const char *message = rw_status_message(status, NULL);
    enum rw_log_level level = failure_level(call, status.err, *message != '\0');
    char number[24];

    if (rw_log_on(call->area, level))
        rw_log_write(call->area, level, "%s %s: %s%s%s", call->device, call->row->name,
                     errno_name(status.err, number), *message ? ": " : "", message);
}

/* What is copied, in bytes. The kernel's row decides the direction; DRM also looks at the
 * request's (drm_ioctl), KFD does not (kfd_ioctl). */
static void call_sizes(const struct ioctl_call *call, size_t *out_in, size_t *out_back)
{
    unsigned direction = _IOC_DIR(call->row->request);
    size_t user_size = _IOC_SIZE(call->request);

    if (call->user_direction)
        direction &= _IOC_DIR(call->request);
    *out_in = direction & _IOC_WRITE ? user_size : 0;
    *out_back = direction & _IOC_READ ? user_size : 0;
}

/* A request's size field has 14 bits, so the argument is bounded. */
rw_status ioctl_call_run(const struct ioctl_call *call, void *context)
{
    _Alignas(16) char small[IOCTL_MAX_ARGUMENT] = {0};
    size_t user_size = _IOC_SIZE(call->request), row_size = _IOC_SIZE(call->row->request);
    size_t size = user_size > row_size ? user_size : row_size;
    uint64_t user = (uint64_t)(uintptr_t)call->user_argument;
    char *argument = small;
    size_t in, back;
    rw_status status;

    if (size > sizeof small && !(argument = calloc(1, size)))
        return rw_status_quiet(ENOMEM);
    call_sizes(call, &in, &back);
    rw_status_clear();
    status = front_copy_in(argument, user, in);
    if (rw_ok(status)) {
        status = call->row->handler(context, argument);
        if (!rw_ok(status))
            call_log_failure(call, status);
        if ((rw_ok(status) || call->copy_out_on_failure) &&
            !rw_ok(front_copy_out(user, argument, back))) {
            if (rw_ok(status) && call->undo)
                call->undo(argument);
            status = rw_status_quiet(EFAULT);
        }
    }
    if (argument != small)
        free(argument);
    return status;
}
