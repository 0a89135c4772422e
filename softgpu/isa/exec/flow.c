/* SPDX-License-Identifier: MIT
 *
 * Program flow (SOPP): branches, barriers, messages, traps; s_rfe_b64 and the waits of SOPK.
 */
#include "softgpu/isa/exec/flow.h"

#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/exec/status.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/graphics.h"

/* For what only changes a real machine's timing or its tracing:
 *   s_nop, s_clause, s_inst_prefetch, s_wakeup (sleeping waves get their turn anyway);
 *   s_waitcnt and the like: memory operations are complete when their handler returns, in program
 *   order (s_waitcnt_vscnt is a little more, see there);
 *   s_icache_inv: decoded code is compared with memory when a dispatch starts, no wave sees its
 *   own dispatch change code;
 *   thread trace, performance counters and s_setprio's effect. */
static void flow_nothing(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
}

static void flow_end(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)inst;
    w->stop = ISA_STOP_END;
}

/* ---- branches ---- */

static void flow_branch(struct isa_wave *w, const struct isa_inst *inst)
{
    w->pc += (uint64_t)((int64_t)inst->imm * 4);
}

/* X(operation, condition) */
#define FLOW_CONDITIONAL_BRANCHES(X)                                                               \
    X(s_cbranch_scc0, !w->scc)                                                                     \
    X(s_cbranch_scc1, w->scc)                                                                      \
    X(s_cbranch_vccz, isa_wave_vccz(w))                                                            \
    X(s_cbranch_vccnz, !isa_wave_vccz(w))                                                          \
    X(s_cbranch_execz, isa_wave_exec(w) == 0)                                                      \
    X(s_cbranch_execnz, isa_wave_exec(w) != 0)                                                     \
    X(s_cbranch_cdbgsys, w->status &ISA_STATUS_COND_DBG_SYS)                                       \
    X(s_cbranch_cdbguser, w->status &ISA_STATUS_COND_DBG_USER)                                     \
    X(s_cbranch_cdbgsys_or_user, w->status &(ISA_STATUS_COND_DBG_SYS | ISA_STATUS_COND_DBG_USER))  \
    X(s_cbranch_cdbgsys_and_user,                                                                  \
      (w->status & ISA_STATUS_COND_DBG_SYS) && (w->status & ISA_STATUS_COND_DBG_USER))

#define FLOW_DEFINE_BRANCH(op, condition)                                                          \
    static void flow_##op(struct isa_wave *w, const struct isa_inst *inst)                         \
    {                                                                                              \
        if (condition)                                                                             \
            flow_branch(w, inst);                                                                  \
    }
FLOW_CONDITIONAL_BRANCHES(FLOW_DEFINE_BRANCH)

/* ---- waiting ---- */

static void flow_barrier(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)inst;
    if (w->group->wave_count == 1)
        return;
    w->status |= ISA_STATUS_IN_BARRIER;
    w->stop = ISA_STOP_BARRIER;
}

static void flow_sleep(struct isa_wave *w, const struct isa_inst *inst)
{
    if (inst->imm & 0x7f)
        w->stop = ISA_STOP_YIELD;
}

/* Stores have happened when vscnt is 0; on the host that takes a fence (see host.h). */
static void flow_waitcnt_vscnt(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
    isa_host_fence();
}

/* ---- messages ---- */

/* Is it one for the stage that the wave is of? */
static bool message_is_graphics(uint32_t message)
{
    return message == ISA_MESSAGE_GS || message == ISA_MESSAGE_GS_DONE ||
           message == ISA_MESSAGE_GS_ALLOC_REQ;
}

static void flow_sendmsg(struct isa_wave *w, const struct isa_inst *inst)
{
    struct isa_graphics *graphics = w->graphics;
    const struct isa_host *host = w->group->host;
    uint32_t message = (uint32_t)inst->imm & ISA_MESSAGE_MASK;
    uint32_t answer = 0;

    if (graphics && graphics->message && message_is_graphics(message)) {
        graphics->message(graphics, w, (uint32_t)inst->imm & 0xffff, w->sgpr[ISA_REG_M0]);
        return;
    }
    if (message == ISA_MESSAGE_INTERRUPT && isa_wave_in_trap(w))
        w->fault.reported = true;
    if (host->message)
        answer = host->message(host->context, w, (uint32_t)inst->imm & 0xffff, w->sgpr[ISA_REG_M0]);
    /* GFX10 puts the answer into EXEC_LO and clears bit 31, which the asking trap handler sets
     * beforehand and polls. */
    if (message == ISA_MESSAGE_GET_DOORBELL)
        w->sgpr[ISA_REG_EXEC_LO] = answer & 0x7fffffff;
}

static void flow_sendmsghalt(struct isa_wave *w, const struct isa_inst *inst)
{
    flow_sendmsg(w, inst);
    w->status |= ISA_STATUS_HALT;
    if (!isa_wave_in_trap(w))
        isa_wave_halt(w, inst);
}

/* ---- traps and wave state ---- */

static void flow_trap(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_trap_raise(w, inst, (unsigned)inst->imm & 0xff);
}

static void flow_rfe(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_trap_return(w, inst, isa_reg_address(w, inst, inst->src[0]));
}

/* SIMM16 bit 2 picks HALT or FATAL_HALT, bit 0 is its value. HALT waits for the trap handler's end,
 * FATAL_HALT does not. */
static void flow_sethalt(struct isa_wave *w, const struct isa_inst *inst)
{
    bool fatal = inst->imm & 4;
    uint32_t bit = fatal ? ISA_STATUS_FATAL_HALT : ISA_STATUS_HALT;

    if (!(inst->imm & 1)) {
        w->status &= ~bit;
        return;
    }
    w->status |= bit;
    if (fatal || !isa_wave_in_trap(w))
        isa_wave_halt(w, inst);
}

static void flow_setkill(struct isa_wave *w, const struct isa_inst *inst)
{
    if (inst->imm & 1)
        w->stop = ISA_STOP_END;
}

static void flow_setprio(struct isa_wave *w, const struct isa_inst *inst)
{
    w->status = (w->status & ~(uint32_t)ISA_STATUS_USER_PRIO) | ((uint32_t)inst->imm & 3) << 3;
}

static void mode_set(struct isa_wave *w, unsigned shift, int32_t value)
{
    w->mode = (w->mode & ~(0xfu << shift)) | ((uint32_t)value & 0xf) << shift;
}

static void flow_round_mode(struct isa_wave *w, const struct isa_inst *inst)
{
    mode_set(w, ISA_MODE_ROUND_SHIFT, inst->imm);
}

static void flow_denorm_mode(struct isa_wave *w, const struct isa_inst *inst)
{
    mode_set(w, ISA_MODE_DENORM_SHIFT, inst->imm);
}

#define FLOW_BRANCH_ROW(op, condition) [ISA_OP_##op] = flow_##op,

isa_handler *const isa_flow_handlers[ISA_OP_COUNT] = {
    FLOW_CONDITIONAL_BRANCHES(FLOW_BRANCH_ROW)[ISA_OP_s_branch] = flow_branch,
    [ISA_OP_s_endpgm] = flow_end,
    [ISA_OP_s_endpgm_saved] = flow_end,
    [ISA_OP_s_endpgm_ordered_ps_done] = flow_end,
    [ISA_OP_s_barrier] = flow_barrier,
    [ISA_OP_s_sleep] = flow_sleep,
    [ISA_OP_s_sendmsg] = flow_sendmsg,
    [ISA_OP_s_sendmsghalt] = flow_sendmsghalt,
    [ISA_OP_s_trap] = flow_trap,
    [ISA_OP_s_rfe_b64] = flow_rfe,
    [ISA_OP_s_sethalt] = flow_sethalt,
    [ISA_OP_s_setkill] = flow_setkill,
    [ISA_OP_s_setprio] = flow_setprio,
    [ISA_OP_s_round_mode] = flow_round_mode,
    [ISA_OP_s_denorm_mode] = flow_denorm_mode,
    /* Only padding: a program that gets there has run off its end. */
    [ISA_OP_s_code_end] = isa_handler_illegal,
    [ISA_OP_s_waitcnt_vscnt] = flow_waitcnt_vscnt,
    [ISA_OP_s_waitcnt] = flow_nothing,
    [ISA_OP_s_waitcnt_depctr] = flow_nothing,
    [ISA_OP_s_waitcnt_vmcnt] = flow_nothing,
    [ISA_OP_s_waitcnt_expcnt] = flow_nothing,
    [ISA_OP_s_waitcnt_lgkmcnt] = flow_nothing,
    [ISA_OP_s_wait_idle] = flow_nothing,
    [ISA_OP_s_nop] = flow_nothing,
    [ISA_OP_s_wakeup] = flow_nothing,
    [ISA_OP_s_clause] = flow_nothing,
    [ISA_OP_s_inst_prefetch] = flow_nothing,
    [ISA_OP_s_icache_inv] = flow_nothing,
    [ISA_OP_s_incperflevel] = flow_nothing,
    [ISA_OP_s_decperflevel] = flow_nothing,
    [ISA_OP_s_ttracedata] = flow_nothing,
    [ISA_OP_s_ttracedata_imm] = flow_nothing,
};
