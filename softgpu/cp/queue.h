/* SPDX-License-Identifier: MIT
 *
 * Inside the command processors: a device, a queue, and what the engines (AQL, SDMA, PM4) share.
 *
 * A queue has one thread, which fetches packets and executes all that is not a kernel; kernels run
 * on it and on the device's workers (scheduler.h). The thread is in one of these states:
 *
 *   working   executes a packet, inside a work section of the VM (vm.h)
 *   waiting   for memory to change (barrier packets, polls) or for workers; outside the section
 *   idle      asleep until its bell moves; the doorbell slice may be armed
 *   parked    held (suspended, percent 0, or stopped by a fault): executes nothing
 *
 * Lock order: queue.lock and dispatch.lock are leaves; nothing is called with them held.
 */
#ifndef SOFTGPU_CP_QUEUE_H
#define SOFTGPU_CP_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "softgpu/cp/access.h"
#include "softgpu/cp/cp.h"
#include "softgpu/cp/event.h"
#include "softgpu/cp/ring.h"
#include "softgpu/cp/scheduler.h"
#include "softgpu/device/machine.h"
#include "softgpu/gfx/state.h"
#include "softgpu/isa/gws.h"

/* What executing a packet, or a part of one, came to. */
enum cp_step {
    CP_DONE,
    CP_IDLE,    /* nothing to execute */
    CP_STOPPED, /* the queue is being destroyed, or the job cut short */
    CP_FAULT,   /* queue->fault tells; the queue stops */
};

/* A kind of queue. */
struct cp_engine {
    const char *name;
    /* Executes one packet. Queue thread, inside a work section. */
    enum cp_step (*step)(struct cp_queue *queue);
    /* Is there a packet? Any thread, inside a work section. */
    bool (*has_work)(struct cp_queue *queue);
    /* The queue has stopped for queue->fault: tells the program where it looks. May be NULL. */
    void (*stopped)(struct cp_queue *queue);
    /* Executes an indirect buffer of a kernel ring's job to its end. Queue thread, inside a work
     * section; calls cp_queue_breathe() between packets. NULL: no kernel ring has such packets. */
    enum cp_step (*indirect)(struct cp_queue *queue, const struct cp_ring_ib *ib);
};

extern const struct cp_engine cp_aql_engine, cp_sdma_engine, cp_pm4_engine;

struct cp_counters { /* see struct cp_stats */
    _Atomic uint64_t packets, dispatches, workgroups, waves, instructions, bytes_copied;
};

struct cp_device {
    struct soft_device *device; /* borrowed */
    struct cp_scheduler scheduler;
    struct cp_counters counters;
};

/* How long an idle queue looks for work before it sleeps; adapts (queue.c). */
struct cp_spin {
    uint64_t limit_ns;
    unsigned misses;
    unsigned skip, penalty; /* times that it does not look at all: still to come; when last set */
};

enum { CP_MAX_CUS = 256 };

/* Where a workgroup sits in the machine, as HW_ID shows it. */
struct cp_cu {
    uint8_t engine, array, cu; /* cu: in its array */
};

struct cp_cus {
    unsigned count;
    struct cp_cu cu[CP_MAX_CUS];
};

struct gfx_pipeline;

struct cp_queue {
    struct cp_device *cp;
    struct cp_queue_desc desc;
    const struct cp_engine *engine;
    pthread_t thread;
    struct cp_event bell; /* moved when work may have come, and when control changes */

    /* Control. `holds` counts the reasons not to run; changes under lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    _Atomic unsigned holds, idle;
    _Atomic bool stop;
    _Atomic bool cancel; /* kernel rings: what is being executed is to be cut short */
    bool parked, percent_zero;
    bool kernel_ring; /* executes jobs (ring.h); has no ring, pointers or doorbell of a program */
    enum cp_ring_engine ring_engine; /* if so */

    /* Host addresses for has_work(), looked up by the thread when the VM's epoch has moved; NULL
     * when the memory does not lie in one piece. */
    uint64_t views_epoch;
    _Atomic(uint8_t *) ring_view;
    _Atomic(uint64_t *) write_view;
    _Atomic uint64_t position; /* next packet, in units of the engine */

    struct cp_access access; /* of the thread */
    struct cp_spin spin;
    struct cp_fault fault; /* of the thread */
    char reason[200];      /* what was wrong, in words; "" = see fault.isa */

    /* For dispatches. */
    struct isa_host host;
    struct isa_gws *gws;
    struct isa_code *code;
    struct cp_seats seats;
    struct cp_cost costs[CP_COSTS];
    pthread_mutex_t cu_lock;
    struct cp_cus cus; /* that the mask leaves; under cu_lock */

    struct gfx_state gfx;          /* PM4 */
    struct gfx_pipeline *pipeline; /* GFX rings, made by the first draw */
    uint32_t *packet;              /* PM4 and SDMA: a packet that wraps around the ring's end */
};

/* Which compute units a mask of `bits` bits leaves; 0 bits are no mask. (dispatch.c) */
void cp_cus_select(const struct gpu_profile *profile, const uint32_t *mask, uint32_t bits,
                   struct cp_cus *out_cus);

/* ---- failing ---- */

/* The packet is wrong: "why, what to do". Returns CP_FAULT. */
enum cp_step cp_fail(struct cp_queue *queue, enum cp_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An access of the processor failed; queue->access.fault tells. Returns CP_FAULT. */
enum cp_step cp_fail_access(struct cp_queue *queue);

/* ---- running and waiting; queue thread ---- */

/* Parks while the queue is held. False: the queue is being destroyed, or the job cut short. Outside
 * a work section. */
bool cp_queue_may_run(struct cp_queue *queue);
static inline bool cp_queue_is_interrupted(struct cp_queue *queue)
{
    return atomic_load_explicit(&queue->holds, memory_order_relaxed) != 0 ||
           atomic_load_explicit(&queue->stop, memory_order_relaxed) ||
           atomic_load_explicit(&queue->cancel, memory_order_relaxed);
}

/* For the thread in the middle of a run of packets, inside a work section and without pointers into
 * GPU memory: lets in whoever unmaps memory, holds the queue or resets it. CP_DONE or CP_STOPPED.
 */
enum cp_step cp_queue_breathe(struct cp_queue *queue);

enum cp_test { CP_TEST_NO, CP_TEST_YES, CP_TEST_FAULT };
typedef enum cp_test cp_condition(struct cp_queue *queue, const void *argument);

/* Waits until the condition holds: looks at it for a while, then sleeps between looks as
 * cp_memory_wait() does. CP_TEST_FAULT becomes CP_FAULT. */
enum cp_step cp_queue_wait(struct cp_queue *queue, cp_condition *condition, const void *argument);

/* Memory that another queue may wait for has changed (a signal, a fence). */
void cp_memory_changed(void);
/* Of such changes; to be taken before a look. */
uint32_t cp_memory_ticket(void);
/* After a look that was in vain: sleeps until there has been a change since the ticket was taken.
 * Of what the program's threads store nobody tells: so the sleep is at most an eighth of the time
 * since `since_ns` (cp_now_ns()), and a wait gets longer by no more than that. */
void cp_memory_wait(uint64_t since_ns, uint32_t ticket);

/* ---- life, for those that are a queue themselves (ring.c) ---- */

/* Initialises `queue`, which is zero, all but its thread. After a failure only finish follows. */
rw_status cp_queue_init(struct cp_queue *queue, struct cp_device *cp,
                        const struct cp_queue_desc *desc,
                        const struct cp_engine *engine) RW_MUST_USE;
rw_status cp_queue_start(struct cp_queue *queue) RW_MUST_USE;
/* Makes the thread end, and waits for it. */
void cp_queue_stop(struct cp_queue *queue);
/* Frees what the queue holds, not the queue. */
void cp_queue_finish(struct cp_queue *queue);
/* The thread may be asleep in any of three places: wakes it, so that it looks at its flags. */
void cp_queue_prod(struct cp_queue *queue);

/* ---- reporting ---- */

/* Outside or inside a work section. */
void cp_queue_interrupt(struct cp_queue *queue, uint32_t event_id);
/* s_sendmsg of a wave; any thread. */
uint32_t cp_queue_message(struct cp_queue *queue, struct isa_wave *wave, uint32_t message,
                          uint32_t m0);
/* Logs queue->fault and tells the owner. The thread calls it last. */
void cp_queue_report(struct cp_queue *queue);

uint64_t cp_queue_clock(struct cp_queue *queue); /* GPU ticks */

#endif
