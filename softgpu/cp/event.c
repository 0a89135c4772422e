/* SPDX-License-Identifier: MIT */
#include "softgpu/cp/event.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint64_t cp_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void cp_event_move(struct cp_event *event)
{
    atomic_fetch_add(&event->moves, 1);
    if (atomic_load(&event->waiters) != 0)
        syscall(SYS_futex, &event->moves, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void cp_event_wait(struct cp_event *event, uint32_t ticket, uint64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                               .tv_nsec = (long)(timeout_ns % 1000000000u)};

    /* The futex compares `moves` after we are counted, and a mover counts waiters after moving. */
    atomic_fetch_add(&event->waiters, 1);
    syscall(SYS_futex, &event->moves, FUTEX_WAIT_PRIVATE, ticket,
            timeout_ns == CP_FOREVER ? NULL : &timeout, NULL, 0);
    atomic_fetch_sub(&event->waiters, 1);
}
