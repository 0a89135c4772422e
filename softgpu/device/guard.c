/* SPDX-License-Identifier: MIT */
#include "softgpu/device/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

static _Thread_local struct guard *innermost;
static _Thread_local bool passing_on;

static const int guarded_signals[] = {SIGSEGV, SIGBUS};
#define GUARDED_COUNT (sizeof guarded_signals / sizeof guarded_signals[0])

static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction passed_on[GUARDED_COUNT]; /* who handled the signal before us */

static struct sigaction *passed_on_find(int signal_number)
{
    return &passed_on[signal_number == guarded_signals[0] ? 0 : 1];
}

/* Back to the default, under which the access that faulted faults again and ends the process. */
static void signal_reset(int signal_number)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};

    sigaction(signal_number, &standard, NULL);
}

static void signal_pass_on(int signal_number, siginfo_t *info, void *context)
{
    const struct sigaction *next = passed_on_find(signal_number);

    /* A handler that calls us back, because we are its predecessor too, would never end. */
    if (passing_on || (!(next->sa_flags & SA_SIGINFO) &&
                       (next->sa_handler == SIG_DFL || next->sa_handler == SIG_IGN))) {
        signal_reset(signal_number);
        return;
    }
    passing_on = true;
    if (next->sa_flags & SA_SIGINFO)
        next->sa_sigaction(signal_number, info, context);
    else
        next->sa_handler(signal_number);
    passing_on = false;
}

static void signal_handle(int signal_number, siginfo_t *info, void *context)
{
    struct guard *guard = innermost;

    if (!guard || info->si_code <= 0) { /* not ours, or sent by kill() */
        signal_pass_on(signal_number, info, context);
        return;
    }
    guard->address = (uintptr_t)info->si_addr;
    innermost = guard->outer;
    /* SA_NODEFER leaves nothing blocked, but a sanitizer that stands between blocks everything. */
    pthread_sigmask(SIG_SETMASK, &((ucontext_t *)context)->uc_sigmask, NULL);
    siglongjmp(guard->landing, 1);
}

void guard_install(void)
{
    struct sigaction ours = {.sa_sigaction = signal_handle}, current;

    /* Left with siglongjmp, so nothing may stay blocked; the program's alternate stack, if any,
     * so that its stack overflow handler still has one. */
    ours.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    for (size_t i = 0; i < GUARDED_COUNT; i++) {
        sigaction(guarded_signals[i], NULL, &current);
        if ((current.sa_flags & SA_SIGINFO) && current.sa_sigaction == signal_handle)
            continue;
        pthread_mutex_lock(&install_lock);
        sigaction(guarded_signals[i], NULL, &current);
        if (!(current.sa_flags & SA_SIGINFO) || current.sa_sigaction != signal_handle) {
            passed_on[i] = current;
            sigaction(guarded_signals[i], &ours, NULL);
        }
        pthread_mutex_unlock(&install_lock);
    }
}

void guard_enter(struct guard *guard)
{
    guard->outer = innermost;
    guard->address = 0;
    innermost = guard;
}

void guard_end(struct guard *guard)
{
    innermost = guard->outer;
}
