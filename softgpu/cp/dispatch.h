/* SPDX-License-Identifier: MIT
 *
 * A dispatch in execution, and the fields of the registers that describe it.
 *
 * Sources: LLVM AMDGPUUsage, "compute_pgm_rsrc1..3 for GFX10"; RDNA 2 ISA guide, "Hardware
 * registers"; ROCr registers.h (COMPUTE_TMPRING_SIZE).
 */
#ifndef SOFTGPU_CP_DISPATCH_H
#define SOFTGPU_CP_DISPATCH_H

#include "base/bits.h"
#include "softgpu/cp/queue.h"

#define CP_RSRC1_VGPR_GRANULES(r) BITS_AT(r, 0, 6)
#define CP_RSRC1_FLOAT_MODE(r)    BITS_AT(r, 12, 8) /* as MODE bits 7:0 */
#define CP_RSRC1_DX10_CLAMP(r)    BITS_AT(r, 21, 1)
#define CP_RSRC1_IEEE_MODE(r)     BITS_AT(r, 23, 1)
#define CP_RSRC1_FP16_OVFL(r)     BITS_AT(r, 26, 1)
#define CP_RSRC1_WGP_MODE(r)      BITS_AT(r, 29, 1)
#define CP_RSRC2_SCRATCH(r)       BITS_AT(r, 0, 1)
#define CP_RSRC2_USER_SGPRS(r)    BITS_AT(r, 1, 5)
#define CP_RSRC2_GROUP_ID(r, i)   BITS_AT(r, 7 + (i), 1)
#define CP_RSRC2_GROUP_INFO(r)    BITS_AT(r, 10, 1)
#define CP_RSRC2_ITEM_IDS(r)      BITS_AT(r, 11, 2) /* 0: x, 1: x y, 2: x y z */
#define CP_RSRC2_EXCP_MSB(r)      BITS_AT(r, 13, 2)
#define CP_RSRC2_LDS_GRANULES(r)  BITS_AT(r, 15, 9) /* of 512 bytes */
#define CP_RSRC2_EXCP(r)          BITS_AT(r, 24, 7)
#define CP_RSRC3_SHARED_VGPRS(r)  BITS_AT(r, 0, 4) /* of 8, wave64 only */

#define CP_TMPRING_WAVES(r)       BITS_AT(r, 0, 12)
#define CP_TMPRING_WAVE_BYTES(r)  (BITS_AT(r, 12, 13) * 1024)

/* What all workgroups of a dispatch have in common; set up before it starts. */
struct cp_shape {
    unsigned waves, lanes, vgprs; /* of a whole workgroup, per wave */
    unsigned shared_vgprs;        /* of those, wave64 only */
    uint32_t lds_bytes;
    uint32_t mode, status, gpr_alloc, lds_alloc;
    unsigned places;                        /* workgroups that may be resident */
    struct cp_cus cus;                      /* that may be used */
    uint32_t item_ids[3][CP_MAX_WORKGROUP]; /* of a whole workgroup */
};

struct cp_dispatch {
    struct cp_queue *queue;
    const struct cp_launch *launch;
    const struct cp_shape *shape;
    uint64_t total; /* workgroups */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t next, ended; /* under lock, as what follows */
    unsigned resident, running, seat_count;
    unsigned idle_turns; /* in a row that got nowhere */
    bool owner_waits, quit, failed;
    struct cp_seat *line, *line_end; /* yielded */
    unsigned line_length;
    struct isa_fault fault; /* when failed; kind NONE = no memory */
    uint64_t busy_ns;       /* of all threads */

    _Atomic unsigned spare; /* workgroups that a further thread could take now; a hint */
    struct cp_dispatch *prev, *next_dispatch; /* scheduler's list, under its lock */
    unsigned helpers;                         /* workers inside, under its lock */
    bool listed;
};

/* Runs a dispatch to its end. Queue thread, inside a work section, which it leaves meanwhile. */
enum cp_step cp_dispatch_run(struct cp_queue *queue, const struct cp_launch *launch);

/* A wave of the queue's faulted. Returns CP_FAULT. */
enum cp_step cp_fail_shader(struct cp_queue *queue, const struct isa_fault *fault);

/* ---- for dispatch.c ---- */

/* CP_DONE, CP_STOPPED, or CP_FAULT with dispatch->fault. Outside a work section. */
enum cp_step cp_dispatch_execute(struct cp_dispatch *dispatch);

/* The ids of the work-items of a workgroup of this size, in the order of lanes, along the first
 * `dimensions` dimensions. */
void cp_item_ids_fill(const uint32_t size[3], unsigned dimensions,
                      uint32_t (*out_ids)[CP_MAX_WORKGROUP]);

/* Sets up the initial state of all waves of the seat's workgroup, by its number in the grid. */
void cp_workgroup_init(const struct cp_dispatch *dispatch, struct cp_seat *seat);

#endif
