/* SPDX-License-Identifier: MIT
 *
 * The bridge's objects. One lock for each bridge guards its timelines and hand-overs; it is held
 * across calls that do not sleep (signalling a point, arming an eventfd, storing to a signal), so
 * that points are signalled in order.
 *
 * Two threads, each started by the first hand-over that needs it:
 *   compute    (wait_compute.c)   sleeps until the head of a queue of hand-overs to graphics is
 *                                 ready; the others of the queue wait for the head anyway
 *   graphics   (wait_graphics.c)  sleeps until a timeline gets to the lowest point that a hand-over
 *                                 to compute waits for
 */
#ifndef RUNTIME_BRIDGE_H
#define RUNTIME_BRIDGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <hsa/hsa.h>

#include "base/status.h"
#include "runtime/include/rocweld.h"

/* TO_MAXIMUM: memory that only grows. */
enum handover_kind { FROM_SIGNAL, FROM_CALL, TO_SIGNAL, TO_MEMORY, TO_MAXIMUM };

struct rocweld_handover {
    struct rocweld_bridge *bridge;     /* reference */
    struct rocweld_timeline *timeline; /* borrowed; NULL once it has ended */
    enum handover_kind kind;
    uint64_t point;
    hsa_signal_t signal;              /* the caller's; of FROM_SIGNAL and TO_SIGNAL */
    hsa_signal_condition_t condition; /* of FROM_SIGNAL */
    hsa_signal_value_t value;         /* to compare with or to store */
    uint64_t *word;                   /* the caller's; of TO_MEMORY and TO_MAXIMUM */
    bool called;                      /* FROM_CALL: has happened */
    bool has_handle;                  /* the caller can still ask; else freed when it ends */
    int err;                          /* how it ended: 0 or a positive errno number */
    struct rocweld_handover *prev, *next;
};

struct rocweld_timeline {
    struct rocweld_bridge *bridge;        /* borrowed: a bridge ends its timelines */
    uint64_t id;                          /* never 0, never used again */
    uint32_t handle;                      /* owned; the syncobj in the bridge's file */
    uint64_t last_point;                  /* the highest handed over to graphics */
    struct rocweld_handover *to_graphics; /* in order of submission, hence of points */
    struct rocweld_handover *to_compute;  /* in order of points */
    int eventfd;          /* owned; -1 until needed, and where the kernel has none */
    uint64_t armed;       /* the eventfd will count at this point; 0 = none */
    bool armed_apart;     /* it may count for other points, too: what it means is to be asked */
    struct hip_word *hip; /* owned; NULL until needed */
    struct rocweld_timeline *prev, *next;
};

struct rocweld_bridge {
    int refs;            /* the program's and that of each hand-over; atomic */
    unsigned generation; /* of forks, when it was made */
    unsigned render_minor;
    int device; /* owned; a file of the render node */
    bool has_eventfd;
    pthread_mutex_t lock; /* guards all that follows, timelines and hand-overs */
    pthread_cond_t ended; /* some hand-over has */
    unsigned waiters;     /* on `ended` */
    bool stopping;
    struct rocweld_timeline *timelines;
    uint64_t last_timeline_id;
    struct rocweld_bridge_counters counters;

    pthread_t compute_thread;
    bool compute_runs, compute_sleeps;
    uint64_t compute_rounds;     /* times that it has gone to sleep */
    pthread_cond_t compute_woke; /* compute_sleeps has become false */
    hsa_signal_t compute_wake;   /* owned; not 0 = look again */

    pthread_t graphics_thread;
    bool graphics_runs;
    int graphics_err;     /* it has given up */
    int epoll;            /* owned; -1 where the kernel has no SYNCOBJ_EVENTFD */
    int graphics_wake;    /* owned; an eventfd, or else ... */
    uint32_t wake_handle; /* ... owned; a timeline of our own, and */
    uint64_t wake_point;  /* ... its next point */
};

/* Begins a call from outside. EBADF in a child of the process that made the bridge. */
rw_status bridge_check(const struct rocweld_bridge *bridge) RW_MUST_USE;
struct rocweld_bridge *bridge_get(struct rocweld_bridge *bridge);
void bridge_put(struct rocweld_bridge *bridge);

/* At the edge: a negative errno number, and the sentence of `status` as a warning. */
int bridge_result(const char *function, rw_status status);

/* ---- handover.c ---- */

/* Ends a hand-over that is in no list any more. `err`: 0 or a positive errno number. */
void handover_end_locked(struct rocweld_handover *handover, int err);
/* Makes all hand-overs from the head on that are ready: one call signals the last one's point. */
void timeline_drain_locked(struct rocweld_timeline *timeline);
/* The timeline is known to be at the point: makes those that wait for it or a lower one. */
void timeline_reach_locked(struct rocweld_timeline *timeline, uint64_t point);
/* Asks where the timeline is, makes those hand-overs, and sees to it that the next one is heard of.
 * Asks nothing when none waits. */
void timeline_advance_locked(struct rocweld_timeline *timeline);
/* Ends all that waits for the timeline. */
void timeline_fail_locked(struct rocweld_timeline *timeline, int err);
/* Queues a new TO_MEMORY or TO_MAXIMUM; as rocweld_handover_to_memory(). */
rw_status handover_to_word(struct rocweld_timeline *timeline, enum handover_kind kind,
                           uint64_t point, uint64_t *word, uint64_t value,
                           struct rocweld_handover **out_handover) RW_MUST_USE;
/* Ends all that is pending. May let go of the lock meanwhile. */
void timeline_cancel_locked(struct rocweld_timeline *timeline, int err);

/* ---- the two threads ---- */

rw_status wait_compute_start_locked(struct rocweld_bridge *bridge) RW_MUST_USE;
/* The head of the timeline's queue may be another one: the thread will look. */
void wait_compute_look_locked(struct rocweld_timeline *timeline);
/* When it returns, having let go of the lock meanwhile, the thread uses no signal of a hand-over
 * that had left its queue before: the program may destroy it. */
void wait_compute_leave_locked(struct rocweld_bridge *bridge);
/* After `stopping` has been set; not under the lock. */
void wait_compute_stop(struct rocweld_bridge *bridge);

rw_status wait_graphics_start_locked(struct rocweld_bridge *bridge) RW_MUST_USE;
/* The thread will hear of this timeline's lowest point. */
rw_status wait_graphics_arm_locked(struct rocweld_timeline *timeline) RW_MUST_USE;
/* The timeline goes away. */
void wait_graphics_forget_locked(struct rocweld_timeline *timeline);
void wait_graphics_stop(struct rocweld_bridge *bridge);

/* ---- hip.c ---- */

void hip_word_destroy(struct hip_word *word);

#endif
