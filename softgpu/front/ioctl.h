/* SPDX-License-Identifier: MIT
 *
 * What every ioctl table shares: rows, argument copies and failure lines. An ioctl is a row
 * {number, name, size, handler}; the dispatcher finds it, copies the argument in (zero-extended
 * when the caller's struct is shorter), runs the handler on the copy, and copies it back.
 *
 * Addresses in arguments are the program's: they are never dereferenced, but copied with
 * front_copy_in/out, which answer EFAULT for bad ones as copy_from_user does.
 */
#ifndef SOFTGPU_FRONT_IOCTL_H
#define SOFTGPU_FRONT_IOCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/status.h"

typedef rw_status ioctl_handler(void *context, void *argument);

struct ioctl_row {
    const char *name;       /* NULL = hole */
    unsigned long request;  /* full request code of the newest struct */
    ioctl_handler *handler; /* NULL = known, but absent in this kernel build */
    unsigned flags;         /* the table's own meaning (render allowed, since which kernel) */
};

#define IOCTL_MAX_ARGUMENT 1024

struct ioctl_call {
    enum rw_log_area area;
    const char *device; /* "/dev/kfd" */
    const struct ioctl_row *row;
    unsigned long request;
    void *user_argument;
    bool copy_out_on_failure; /* KFD copies out-structs back even then; DRM does too */
    bool user_direction;      /* DRM: only directions that the request names too are copied */
};

/* Runs one call; logs one line "device NAME: ERRNO: message" when it fails with a message. */
rw_status ioctl_call_run(const struct ioctl_call *call, void *context) RW_MUST_USE;

/* Copies between the program's memory and ours. EFAULT when any byte is not accessible. */
rw_status front_copy_in(void *to, uint64_t user_from, size_t size) RW_MUST_USE;
rw_status front_copy_out(uint64_t user_to, const void *from, size_t size) RW_MUST_USE;
/* copy_from_user of a counted array into fresh memory (caller frees); ENOMEM above `max_bytes`. */
rw_status front_copy_in_array(uint64_t user_from, size_t count, size_t item, size_t max_bytes,
                              void **out_array) RW_MUST_USE;

#endif
