/* SPDX-License-Identifier: MIT
 *
 * What every ioctl table shares: rows, argument copies and failure lines. An ioctl is a row
 * {number, name, size, handler}; the dispatcher finds it, copies the argument in (zero-extended
 * when the caller's struct is shorter), runs the handler on the copy, and copies it back.
 *
 * Addresses in arguments are the program's: they are never dereferenced, but copied with
 * front_copy_in/out, which answer EFAULT for bad ones as copy_from_user does, and reach into the
 * calling process when the call is another one's (remote.h).
 *
 * How loud a failed call is. A line at `warn` is for what should be mended:
 *   - the program gave arguments that no state of the machine would make right;
 *   - softgpu lacks what a real kernel has (front_lacks()).
 * At `info` are refusals that a correct program meets and expects: the call only asks, and "no" is
 * an answer (IOCTL_ROW_ASKS); or the errno speaks of the machine's state, not of the arguments (no
 * memory, no right, no such feature). At `debug`, failures without a sentence.
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
    unsigned flags; /* IOCTL_ROW_*, and the table's own (render allowed, since which kernel) */
};

/* In `flags` of any table: the call asks and changes nothing. */
#define IOCTL_ROW_ASKS     (1u << 7)

#define IOCTL_MAX_ARGUMENT 1024

/* The most that the kernel's kmalloc() and kvmalloc() give in one piece: limits of arrays. */
#define FRONT_KMALLOC_MAX  ((size_t)4 << 20)
#define FRONT_KVMALLOC_MAX ((size_t)INT32_MAX)

struct ioctl_call {
    enum rw_log_area area;
    const char *device; /* "/dev/kfd" */
    const struct ioctl_row *row;
    unsigned long request;
    void *user_argument;
    /* The answer cannot be written: takes back what the handler has given. NULL: nothing to take
     * back, or a kernel that leaves it (as all of drm_ioctl() and kfd_ioctl()). */
    void (*undo)(const void *argument);
    bool copy_out_on_failure; /* KFD copies out-structs back even then; DRM does too */
    bool user_direction;      /* DRM: only directions that the request names too are copied */
};

/* Runs one call; logs one line "device NAME: ERRNO: message" when it fails with a message. */
rw_status ioctl_call_run(const struct ioctl_call *call, void *context) RW_MUST_USE;

/* Fails, loudly, for want of something that a real kernel has. The status is quiet: it is said. */
rw_status front_lacks(enum rw_log_area area, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies between the program's memory and ours. EFAULT when any byte is not accessible. */
rw_status front_copy_in(void *to, uint64_t user_from, size_t size) RW_MUST_USE;
rw_status front_copy_out(uint64_t user_to, const void *from, size_t size) RW_MUST_USE;
/* copy_from_user of a counted array into fresh memory (caller frees); ENOMEM above `max_bytes`. */
rw_status front_copy_in_array(uint64_t user_from, size_t count, size_t item, size_t max_bytes,
                              void **out_array) RW_MUST_USE;

#endif
