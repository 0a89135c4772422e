/* SPDX-License-Identifier: MIT
 *
 * Dispatches and the threads that run them. A dispatch is run by its queue's thread, and by the
 * device's workers when it is worth waking them: a single small workgroup never leaves the queue's
 * thread. Threads take workgroups, run each until it ends or yields, and put those that yield at
 * the end of a line, so that all that are resident make progress: a workgroup may spin until
 * another one, of this or another dispatch, has done its part. How many are resident at a time is
 * what the GPU of the profile could hold (waves, registers, LDS, scratch); the rest starts when a
 * place becomes free, as on hardware.
 *
 * Thread safety: as each function says.
 */
#ifndef SOFTGPU_CP_SCHEDULER_H
#define SOFTGPU_CP_SCHEDULER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/isa/wave.h"

struct cp_device;
struct cp_queue;
struct cp_dispatch;

/* ---- what to run ---- */

enum { CP_USER_SGPRS = 16, CP_MAX_WORKGROUP = 1024 };

/* A dispatch as registers and packets describe it, whichever they were. */
struct cp_launch {
    uint64_t kernel_object; /* for reports; 0 = none */
    uint64_t packet;        /* VA of the AQL packet, 0 = none */
    uint64_t code;          /* VA of the first instruction */
    uint32_t rsrc1, rsrc2, rsrc3;
    unsigned lanes; /* 32 or 64 */
    uint32_t user_sgpr[CP_USER_SGPRS];
    uint32_t workgroup_size[3]; /* work-items */
    uint32_t groups[3];         /* workgroups */
    uint32_t first_group[3];
    uint32_t partial_size[3]; /* of the last workgroup along each dimension */
    uint32_t lds_bytes;
    uint64_t scratch_base;       /* VA */
    uint32_t scratch_wave_bytes; /* 0 = no scratch */
    uint32_t scratch_waves;      /* so many may hold scratch at a time */
};

/* ---- where it runs ---- */

/* A place for one resident workgroup, kept from dispatch to dispatch. */
struct cp_seat {
    struct isa_workgroup *group; /* owned */
    unsigned place;              /* number among the resident ones */
    uint64_t number;             /* of the workgroup in the grid */
    bool fresh;                  /* not started yet */
    struct cp_seat *next;
};

/* A queue's seats of one shape. Only its thread touches them between dispatches. */
struct cp_seats {
    unsigned waves, lanes, vgprs;
    uint32_t lds_bytes;
    struct cp_seat *free;
};

void cp_seats_clear(struct cp_seats *seats);

/* What a workgroup of a kernel took lately: is it worth waking workers for? */
enum { CP_COSTS = 64 };
struct cp_cost {
    uint64_t code, group_ns;
};

struct cp_scheduler {
    pthread_mutex_t lock;
    pthread_cond_t work, left;      /* something to do; a worker has left a dispatch */
    struct cp_dispatch *dispatches; /* that may want help; under lock */
    struct cp_dispatch *turn;       /* where the next worker begins to look; under lock */
    unsigned sleeping;              /* workers; under lock */
    bool stop;
    unsigned thread_count;
    pthread_t *threads;
};

/* `threads` in all, the queue's own included: one worker fewer is started. */
rw_status cp_scheduler_start(struct cp_scheduler *scheduler, unsigned threads) RW_MUST_USE;
void cp_scheduler_stop(struct cp_scheduler *scheduler);

#endif
