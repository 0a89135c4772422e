/* SPDX-License-Identifier: MIT
 *
 * The one status type. A status is a positive errno number, or 0 for success; it is a struct so
 * that it never mixes with ints. Where something fails, RW_FAIL() records one sentence (what,
 * where, what to do) for the calling thread; the ABI edge (an ioctl, a command) reports it with
 * rw_status_message(). The errno is never collapsed on the way.
 *
 * Thread safety: the message is thread-local; everything here may be called from any thread.
 */
#ifndef ROCWELD_BASE_STATUS_H
#define ROCWELD_BASE_STATUS_H

#include <stdbool.h>

typedef struct rw_status {
    int err; /* 0, or a positive errno number; kernel-internal numbers such as 524 are allowed */
} rw_status;

#define RW_MUST_USE __attribute__((warn_unused_result))
#define RW_OK       ((rw_status){0})

static inline bool rw_ok(rw_status s)
{
    return s.err == 0;
}

/* A status without a message, for outcomes that are ordinary (a poll that timed out). */
static inline rw_status rw_status_quiet(int err)
{
    return (rw_status){err};
}

/* Records the message and returns the status. Use through RW_FAIL. */
rw_status rw_status_fail(int err, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The message that this thread recorded last for a failure with this errno; "" when the failure
 * was quiet. Valid until the thread's next RW_FAIL. `out_site`, if not NULL, gets "file:line". */
const char *rw_status_message(rw_status s, const char **out_site);

/* Forgets the thread's recorded message, so that a later quiet failure is not explained by it. */
void rw_status_clear(void);

#define RW_FAIL(err, ...) rw_status_fail((err), __FILE__, __LINE__, __VA_ARGS__)

/* Returns from the calling function when `expr` failed. */
#define RW_TRY(expr)                                                                               \
    do {                                                                                           \
        rw_status rw_try_status = (expr);                                                          \
        if (!rw_ok(rw_try_status))                                                                 \
            return rw_try_status;                                                                  \
    } while (0)

#endif
