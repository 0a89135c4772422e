/* SPDX-License-Identifier: MIT
 *
 * Grace periods, as in RCU: how a writer knows that nobody uses what it has taken away any more.
 *
 * A thread that follows pointers which others may take away does so inside a section:
 * grace_enter() ... grace_leave(). A writer first makes the thing unreachable, then calls
 * grace_start(); the number it gets is over when every section that was open then has been left,
 * or has said grace_pass() ("at this moment I hold nothing"). Entering and leaving cost a few
 * nanoseconds and never block; sections nest.
 *
 * A section has an owner, any pointer (a GPU VM): a writer that took something away from one owner
 * waits for that owner's sections only. NULL as the owner waited for means all of them.
 *
 * Thread safety: all functions from any thread. A thread's own sections never delay its own waits,
 * so a writer must itself hold nothing that it took away.
 */
#ifndef ROCWELD_BASE_GRACE_H
#define ROCWELD_BASE_GRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Opens a section on the calling thread. A nested section must have the same owner or none. */
void grace_enter(const void *owner);
void grace_leave(void);
/* Inside a section: nothing found before is held any more. */
void grace_pass(void);

/* Starts a grace period. What was made unreachable before is unused once it is over. */
uint64_t grace_start(void);
bool grace_is_over(uint64_t period, const void *owner);
/* Waits until it is over, for at most `timeout_ms`; false when time ran out. */
bool grace_wait(uint64_t period, const void *owner, unsigned timeout_ms);

#endif
