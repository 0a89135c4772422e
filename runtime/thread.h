/* SPDX-License-Identifier: MIT
 *
 * Threads inside somebody else's program.
 */
#ifndef RUNTIME_THREAD_H
#define RUNTIME_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/status.h"

/* With all signals blocked: the program's handlers are not for it. `name`: at most 15 characters.
 */
static inline rw_status thread_start(const char *name, void *(*run)(void *), void *argument,
                                     pthread_t *out_thread)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(out_thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err)
        return RW_FAIL(err, "no thread %s: %s", name, strerror(err));
    pthread_setname_np(*out_thread, name);
    return RW_OK;
}

#endif
