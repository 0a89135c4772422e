/* SPDX-License-Identifier: MIT
 *
 * A counter that threads wait on until it moves: the futex idiom in three functions. Take a
 * ticket, look whether there is something to do, and if not wait with that ticket: a move after
 * the ticket was taken ends the wait at once, so nothing is missed.
 *
 * Thread safety: all functions from any thread. A move costs two atomic operations when nobody
 * waits.
 */
#ifndef SOFTGPU_CP_EVENT_H
#define SOFTGPU_CP_EVENT_H

#include <stdatomic.h>
#include <stdint.h>

struct cp_event {
    _Atomic uint32_t moves, waiters;
};

#define CP_FOREVER UINT64_MAX

static inline uint32_t cp_event_ticket(struct cp_event *event)
{
    return atomic_load(&event->moves);
}

void cp_event_move(struct cp_event *event);
/* Returns when the event has moved since the ticket, or after `timeout_ns`, or for no reason. */
void cp_event_wait(struct cp_event *event, uint32_t ticket, uint64_t timeout_ns);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t cp_now_ns(void);

static inline void cp_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

#endif
