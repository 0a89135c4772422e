/* SPDX-License-Identifier: MIT
 *
 * The events of a process: what a program waits for with WAIT_EVENTS, and what the GPU signals.
 *
 * A signal (or debug) event has a slot in the signal page. Whoever signals it from the GPU writes
 * its id into the slot (the slot is "signaled" when it is not all ones) and then sends an interrupt
 * whose context id names the event. Events of other types, such as memory exceptions, have no slot;
 * their ids start at 2^30. Source: amdkfd/kfd_events.c.
 *
 * Waiting costs nothing while it lasts: the waiter sleeps on a futex of its own, and a POSIX signal
 * ends the sleep as it ends the ioctl on a real system.
 *
 * Thread safety: all functions from any thread, device threads included.
 */
#ifndef SOFTGPU_FRONT_KFD_EVENTS_H
#define SOFTGPU_FRONT_KFD_EVENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/handle_table.h"
#include "base/status.h"
#include "softgpu/front/kfd/kfd_uapi.h"
#include "softgpu/mem/bo.h"

/* Where the slots are. A GPU buffer that the program handed in, or (programs of old, and APUs) a
 * page of our own that the program maps from /dev/kfd. */
struct kfd_signal_page {
    _Atomic uint64_t *slots; /* NULL = not set yet; KFD_SIGNAL_EVENT_LIMIT of them */
    struct mem_bo *bo;       /* owned; NULL for a page of our own */
    uint64_t handle;         /* KFD handle of the buffer, 0 for a page of our own */
    int fd;                  /* owned memfd of a page of our own, else -1 */
};

struct kfd_events {
    pthread_mutex_t lock;        /* guards everything below, and the events */
    struct handle_table signals; /* ids from 1 on; 0 is never given out */
    struct handle_table others;
    struct kfd_signal_page page;
    uint32_t mapped_slots; /* only so many signal events may exist */
    uint32_t signal_count; /* includes the reserved id 0 */
};

void kfd_events_init(struct kfd_events *events);
/* No thread may use the events any more. */
void kfd_events_finish(struct kfd_events *events);

struct kfd_event_ids {
    uint32_t id;
    bool has_slot; /* then the id is the slot's index too */
};

/* ENOSPC: no slot left. */
rw_status kfd_event_create(struct kfd_events *events, uint32_t type, bool auto_reset,
                           struct kfd_event_ids *out_ids) RW_MUST_USE;
rw_status kfd_event_destroy(struct kfd_events *events, uint32_t id) RW_MUST_USE;
/* SET_EVENT and RESET_EVENT by the CPU: EINVAL for unknown events and other types than signal. */
rw_status kfd_event_set(struct kfd_events *events, uint32_t id) RW_MUST_USE;
rw_status kfd_event_reset(struct kfd_events *events, uint32_t id) RW_MUST_USE;

struct kfd_wait_request {
    uint64_t events_user; /* user address of struct kfd_wait_event_data[count] */
    uint32_t count;
    bool all;
    bool ages; /* the interface knows event ages (KFD 1.14) */
};

/* Blocks until the condition holds, `*timeout_ms` have passed (UINT32_MAX = for ever; rewritten
 * to what is left when a signal interrupts), or an event is destroyed. A timeout is success with
 * *out_result = KFD_IOC_WAIT_RESULT_TIMEOUT. */
rw_status kfd_events_wait(struct kfd_events *events, const struct kfd_wait_request *request,
                          uint32_t *timeout_ms, uint32_t *out_result) RW_MUST_USE;

/* Makes `bo` the signal page (its reference is taken over). EBUSY when there is one, EINVAL when
 * it is too small. */
rw_status kfd_events_set_page(struct kfd_events *events, struct mem_bo *bo,
                              uint64_t handle) RW_MUST_USE;
bool kfd_events_has_page(struct kfd_events *events);
/* The handle of the buffer that is the signal page; 0 = none. */
uint64_t kfd_events_page_handle(struct kfd_events *events);
/* mmap of the events offset on /dev/kfd. */
rw_status kfd_events_mmap(struct kfd_events *events, void *address, size_t length, int prot,
                          int flags, void **out_address) RW_MUST_USE;

/* ---- from the GPU ---- */

/* An interrupt whose context id is `id`; when no such event is signaled, every signaled slot is
 * served. */
void kfd_events_interrupt(struct kfd_events *events, uint32_t id);
void kfd_events_memory_exception(struct kfd_events *events,
                                 const struct kfd_hsa_memory_exception_data *data);
void kfd_events_hw_exception(struct kfd_events *events,
                             const struct kfd_hsa_hw_exception_data *data);

#endif
