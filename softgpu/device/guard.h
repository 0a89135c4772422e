/* SPDX-License-Identifier: MIT
 *
 * Surviving a host fault on a device thread. GPU work reads and writes host memory that belongs to
 * the program (userptr); if the program unmaps it while the work runs, a real GPU takes a page
 * fault, but a device thread would take a SIGSEGV. Between guard_try() and guard_end() such a
 * signal becomes a second return from guard_try(), which the caller turns into a GPU fault:
 *
 *     struct guard guard;
 *     if (guard_try(&guard))
 *         return fault_at(guard.address); // a host address inside a window that the work used
 *     ... touch program memory ...
 *     guard_end(&guard);
 *
 * What lies between must hold no lock and own nothing that the second return would leak. Locals
 * changed in between are indeterminate after the second return unless volatile. Guards nest.
 *
 * Signals on threads without a guard go to whoever handled them before: the program's handlers
 * keep working, and a crash in the program stays a crash.
 *
 * Thread safety: each thread has its own guards; the handler is installed once.
 */
#ifndef SOFTGPU_DEVICE_GUARD_H
#define SOFTGPU_DEVICE_GUARD_H

#include <setjmp.h>
#include <stdint.h>

struct guard {
    sigjmp_buf landing;
    struct guard *outer;
    uintptr_t address; /* where the fault was */
};

/* 0 at first; 1 when an access faulted. A macro, because the frame that calls sigsetjmp() must stay
 * alive until guard_end(). */
#define guard_try(guard) (guard_enter(guard), sigsetjmp((guard)->landing, 0))
void guard_enter(struct guard *guard); /* only for guard_try() */

void guard_end(struct guard *guard);

/* Installs the handler, again if the program has replaced it since. Call where GPU work starts,
 * not for every access: it costs two system calls. */
void guard_install(void);

#endif
