/* SPDX-License-Identifier: MIT
 *
 * One wave's architectural state, and the workgroup it belongs to: the interpreter's interface to
 * the command processor. The dispatcher (softgpu/cp) fills in the initial registers by the kernel
 * descriptor's ABI, runs workgroups, and reads why one stopped.
 *
 * Ownership: a workgroup owns its waves, their registers and its LDS. Memory, code and host
 * callbacks are borrowed and must outlive it.
 * Thread safety: a workgroup is used by one thread at a time; different workgroups of one
 * dispatch run on different threads at once.
 */
#ifndef SOFTGPU_ISA_WAVE_H
#define SOFTGPU_ISA_WAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/isa/inst.h"
#include "softgpu/isa/memory.h"

struct isa_graphics;
struct isa_wave;
struct isa_workgroup;
struct isa_code;

/* Executes one instruction; w->pc already points behind it. */
typedef void isa_handler(struct isa_wave *w, const struct isa_inst *inst);

/* Why isa_workgroup_run() came back. */
enum isa_stop {
    ISA_STOP_NONE,
    ISA_STOP_END,     /* every wave has ended */
    ISA_STOP_BARRIER, /* (a wave only) waits for the others */
    ISA_STOP_YIELD,   /* budget used up, or s_sleep: run it again later, others may go first */
    ISA_STOP_FAULT,   /* see isa_workgroup.fault; the workgroup cannot go on */
    ISA_STOP_HALT,    /* (a wave only) STATUS.HALT is set: only a debugger could wake it */
};

enum isa_fault_kind {
    ISA_FAULT_NONE,
    ISA_FAULT_UNMAPPED,   /* no page at va */
    ISA_FAULT_PROTECTION, /* page at va lacks the right asked for */
    ISA_FAULT_FETCH,      /* the instruction itself lies in such a page */
    ISA_FAULT_MISALIGNED,
    ISA_FAULT_LDS_RANGE,   /* flat access outside the workgroup's LDS or scratch */
    ISA_FAULT_ILLEGAL,     /* words that are no instruction of this GPU */
    ISA_FAULT_UNSUPPORTED, /* a real instruction that this model does not execute (yet) */
    ISA_FAULT_TRAP,        /* s_trap, and no trap handler is installed; `trap_id` says which */
    ISA_FAULT_MATH,        /* an enabled floating-point exception without a trap handler */
    ISA_FAULT_HALTED,      /* the program halted a wave itself: s_sethalt, s_sendmsghalt */
};

struct isa_fault {
    enum isa_fault_kind kind;
    uint64_t va;       /* address that faulted */
    unsigned access;   /* enum isa_access */
    uint64_t pc;       /* of the instruction */
    uint32_t words[2]; /* its first dwords */
    unsigned trap_id;
    uint32_t group[3]; /* workgroup that faulted */
    unsigned wave;     /* wave index inside the workgroup */
    unsigned lane;     /* lowest faulting lane */
    bool reported;     /* the program's trap handler took it and sent MSG_INTERRUPT: the host has
                        * been told already (see exec/trap.h) */
};

/* What a wave may ask of the machine around it; shared by all waves of a queue. */
struct isa_host {
    /* s_sendmsg; `message` is SIMM16 (number in bits 3:0 and up, see exec/flow.h). Returns the
     * value for messages that answer (MSG_GET_DOORBELL), else 0. NULL: messages go nowhere. */
    uint32_t (*message)(void *context, struct isa_wave *w, uint32_t message, uint32_t m0);
    uint64_t (*realtime)(void *context); /* s_memrealtime: constant-rate GPU clock, in ticks */
    uint64_t (*cycles)(void *context);   /* s_memtime: shader clock */
    void *context;
    /* Trap handler: first instruction and its argument (TBA, TMA); 0 = none installed. It is the
     * second-level handler of the KFD's SET_TRAP_HANDLER; the first level is modelled. */
    uint64_t tba, tma;
    uint64_t border_colors; /* VA of the table of border colours, 16 bytes each; 0 = none */
    struct isa_gws *gws;    /* borrowed: the queue's global wave sync resources, NULL = none */
};

#define ISA_WAVE_WINDOWS 8

struct isa_wave {
    uint32_t sgpr[128]; /* enum isa_reg 0..127: s0..s105, VCC, TTMP, M0, NULL, EXEC */
    uint32_t *vgpr;     /* [vgpr_count][lanes] */
    uint64_t pc;        /* of the next instruction */
    uint32_t lanes;     /* 32 or 64 */
    uint32_t vgpr_count;
    uint32_t shared_vgprs; /* the last so many of them (wave64; exec/shared_vgpr.h) */
    uint32_t sgpr_count;   /* addressable s-registers, VCC not included */
    uint32_t scc;
    uint32_t mode;   /* MODE register: rounding, denormals, IEEE, DX10_CLAMP, exceptions */
    uint32_t status; /* STATUS register bits that are not kept elsewhere */
    uint32_t trapsts;
    uint32_t hw_id1, hw_id2, gpr_alloc, lds_alloc; /* what s_getreg_b32 shows */
    uint64_t flat_scratch;       /* byte address of this wave's scratch, as FLAT_SCRATCH holds it */
    uint32_t scratch_lane_bytes; /* scratch allocated for one lane; 0 = none */
    uint64_t shared_base, private_base; /* apertures: address bits 63:32 count */
    uint8_t *lds;                       /* borrowed from the workgroup */
    uint32_t lds_size;                  /* bytes */

    struct isa_workgroup *group;   /* owner */
    struct isa_graphics *graphics; /* borrowed: isa/graphics.h; NULL in compute waves */
    unsigned index;                /* in the workgroup */
    enum isa_stop stop;            /* set by handlers to leave the loop */
    uint64_t budget;               /* instructions left in this turn */
    uint64_t executed;             /* instructions executed so far */
    struct isa_fault fault;        /* pending: being looked at by the trap handler, or final */
    uint8_t gws_wait;              /* waits in ds_gws_barrier: 1 + the barrier's phase; 0 = not */
    struct isa_window windows[ISA_WAVE_WINDOWS]; /* recently used, newest first */
    uint64_t windows_epoch;
};

struct isa_workgroup {
    enum isa_gen gen;
    struct isa_memory *memory;   /* borrowed */
    const struct isa_host *host; /* borrowed */
    struct isa_code *code;       /* borrowed: decoded instructions, shared by a dispatch */
    uint32_t id[3];              /* workgroup id in the grid */
    uint8_t *lds;
    uint32_t lds_size;
    unsigned wave_count;
    struct isa_wave *waves;
    struct isa_fault fault;
    void *context; /* the dispatcher's */
};

static inline uint64_t isa_wave_exec(const struct isa_wave *w)
{
    uint64_t mask = w->sgpr[ISA_REG_EXEC_LO];

    return w->lanes == 64 ? mask | (uint64_t)w->sgpr[ISA_REG_EXEC_HI] << 32 : mask;
}

/* Allocates a workgroup with zeroed registers and LDS. `wave_count` waves of `lanes` lanes with
 * `vgpr_count` VGPRs each. The caller sets registers, memory, host and code before running.
 * isa_workgroup_reset() makes it ready for the next workgroup of the same shape. */
rw_status isa_workgroup_create(unsigned wave_count, unsigned lanes, unsigned vgpr_count,
                               uint32_t lds_size, struct isa_workgroup **out_group) RW_MUST_USE;
void isa_workgroup_reset(struct isa_workgroup *group);
void isa_workgroup_destroy(struct isa_workgroup *group); /* NULL is fine */

/* Runs the waves in turn until all have ended, the budget of `budget` instructions a wave is
 * used up, every live wave sleeps, or one faults. Returns END, YIELD or FAULT. */
enum isa_stop isa_workgroup_run(struct isa_workgroup *group, uint64_t budget);

/* Decoded code, found by address; shared by the workgroups of a dispatch and kept from dispatch to
 * dispatch. Instructions are decoded when first reached. isa_code_revalidate() must be called
 * before a dispatch starts: pages whose bytes have changed since they were decoded are dropped.
 * Thread safety: lookups from many threads; revalidate only while nothing runs with this code. */
rw_status isa_code_create(enum isa_gen gen, struct isa_memory *memory,
                          struct isa_code **out_code) RW_MUST_USE;
void isa_code_revalidate(struct isa_code *code);
void isa_code_destroy(struct isa_code *code);

#endif
