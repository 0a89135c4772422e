/* SPDX-License-Identifier: MIT
 *
 * The engines' kernel rings as one DRM file sees them: GFX, COMPUTE and SDMA. A ring takes jobs (a
 * list of indirect buffers in the file's VM) and runs them in order, each to its end, on a thread
 * of its own; rings run side by side. A ring belongs to one VM, so that a hung job holds up nobody
 * else.
 *
 * When a job may start (its fences), what its end signals, and how long it may take is the
 * submitter's business (front/drm).
 *
 * Ownership: the caller owns rings and destroys them before their VM; a job is the caller's memory
 * and in use until `done` has been called. Thread safety: all functions from any thread; `done`
 * runs on the ring's thread without locks held, may submit, and must not destroy or reset.
 */
#ifndef SOFTGPU_CP_RING_H
#define SOFTGPU_CP_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/cp/cp.h"

struct cp_ring;

enum cp_ring_engine { CP_RING_GFX, CP_RING_COMPUTE, CP_RING_SDMA, CP_RING_ENGINE_COUNT };

struct cp_ring_ib {
    gpu_va va;
    uint32_t dwords;
    bool constant_engine; /* CE IB of a GFX ring */
};

enum cp_ring_result {
    CP_RING_DONE,
    CP_RING_FAULTED, /* memory fault, bad packet or instruction: has been logged and reported */
    CP_RING_RESET,   /* cut short by cp_ring_reset() */
    CP_RING_SKIPPED, /* never started: the ring was reset or destroyed before its turn */
};

struct cp_ring_job {
    const struct cp_ring_ib *ibs;
    unsigned ib_count;
    void (*done)(struct cp_ring_job *job, enum cp_ring_result result);
    struct cp_ring_job *prev, *next; /* the ring's while submitted */
};

struct cp_ring_desc {
    enum cp_ring_engine engine;
    unsigned index;                 /* of the engine, for logs */
    struct gpu_vm *vm;              /* borrowed */
    const struct cp_owner_ops *ops; /* faults come as with queues */
    void *owner;
};

rw_status cp_ring_create(struct cp_device *cp, const struct cp_ring_desc *desc,
                         struct cp_ring **out_ring) RW_MUST_USE;
/* Cuts the running job short, skips the rest, waits for their `done`s, frees. NULL is fine. */
void cp_ring_destroy(struct cp_ring *ring);

void cp_ring_submit(struct cp_ring *ring, struct cp_ring_job *job);

/* Cuts the running job short if it is `job`, as a reset of the engine does: its waves are gone,
 * its memory stays as it is. The next job then runs. Returns at once; `done` tells. */
void cp_ring_reset(struct cp_ring *ring, const struct cp_ring_job *job);

#endif
