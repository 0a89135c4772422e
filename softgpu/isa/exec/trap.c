/* SPDX-License-Identifier: MIT
 *
 * Exceptions of a wave and its trap handler: see trap.h.
 */
#include "softgpu/isa/exec/trap.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "softgpu/isa/exec/code.h"
#include "softgpu/isa/exec/status.h"

enum {
    TTMP0 = ISA_REG_TTMP0,
    TTMP1_TRAP_ID_SHIFT = 16,
    TTMP11_DEBUG_ENABLED = 1 << 23,
};

/* What TRAPSTS shows for a fault. ROCr's handler maps MEM_VIOL with XNACK_ERROR to a memory
 * violation, MEM_VIOL alone to an aperture violation and ILLEGAL_INST to an illegal instruction;
 * an instruction that only this model lacks is reported as illegal too. */
static uint32_t fault_trapsts(enum isa_fault_kind kind)
{
    switch (kind) {
    case ISA_FAULT_UNMAPPED:
    case ISA_FAULT_PROTECTION:
    case ISA_FAULT_FETCH:
        return ISA_TRAPSTS_MEM_VIOL | ISA_TRAPSTS_XNACK_ERROR;
    case ISA_FAULT_MISALIGNED:
    case ISA_FAULT_LDS_RANGE:
        return ISA_TRAPSTS_MEM_VIOL;
    case ISA_FAULT_ILLEGAL:
    case ISA_FAULT_UNSUPPORTED:
        return ISA_TRAPSTS_ILLEGAL_INST;
    default: /* MATH: the exception bits are in TRAPSTS already. TRAP: told by the trap id */
        return 0;
    }
}

static void trap_enter(struct isa_wave *w, uint64_t pc, unsigned trap_id)
{
    const struct isa_host *host = w->group->host;
    uint32_t *ttmp = &w->sgpr[TTMP0];

    w->status |= ISA_STATUS_PRIV;
    ttmp[0] = (uint32_t)pc;
    ttmp[1] = ((uint32_t)(pc >> 32) & 0xffff) | trap_id << TTMP1_TRAP_ID_SHIFT;
    ttmp[2] = (uint32_t)host->tba;
    ttmp[3] = (uint32_t)(host->tba >> 32);
    ttmp[11] &= ~(uint32_t)TTMP11_DEBUG_ENABLED;
    ttmp[12] = isa_status_read(w) & ~(uint32_t)(ISA_STATUS_SPI_PRIO | ISA_STATUS_ECC_ERR);
    ttmp[14] = (uint32_t)host->tma;
    ttmp[15] = (uint32_t)(host->tma >> 32);
    w->pc = host->tba;
}

/* Stops the wave, and with it the workgroup, for the reason in w->fault. The first wave's wins. */
static void wave_give_up(struct isa_wave *w, enum isa_stop stop)
{
    w->stop = stop;
    if (w->group->fault.kind == ISA_FAULT_NONE)
        w->group->fault = w->fault;
}

static void fault_record(struct isa_wave *w, const struct isa_fault *fault)
{
    w->fault = *fault;
    w->fault.wave = w->index;
    w->fault.reported = false;
    memcpy(w->fault.group, w->group->id, sizeof(w->fault.group));
    isa_code_words(w->group->code, fault->pc, w->fault.words);
}

static void fault_deliver(struct isa_wave *w, const struct isa_fault *fault)
{
    const struct isa_host *host = w->group->host;

    w->trapsts |= fault_trapsts(fault->kind);
    if (isa_wave_in_trap(w)) {
        /* Entering again would never come to an end; what led here is the fault to tell. */
        rw_warn(isa,
                "the trap handler at 0x%" PRIx64 " itself faults at pc 0x%" PRIx64
                " (kind %d, address 0x%" PRIx64 "); the wave stops",
                host->tba, fault->pc, (int)fault->kind, fault->va);
        if (w->fault.kind == ISA_FAULT_NONE)
            fault_record(w, fault);
        wave_give_up(w, ISA_STOP_FAULT);
        return;
    }
    fault_record(w, fault);
    if (host->tba != 0)
        trap_enter(w, fault->pc, fault->trap_id);
    else
        wave_give_up(w, ISA_STOP_FAULT);
}

static uint64_t inst_pc(const struct isa_wave *w, const struct isa_inst *inst)
{
    return w->pc - 4u * inst->dwords;
}

void isa_fault_raise(struct isa_wave *w, const struct isa_inst *inst, enum isa_fault_kind kind,
                     uint64_t va, unsigned access, unsigned lane)
{
    struct isa_fault fault = {
        .kind = kind, .va = va, .access = access, .lane = lane, .pc = inst_pc(w, inst)};

    fault_deliver(w, &fault);
}

void isa_fault_raise_fetch(struct isa_wave *w, uint64_t va)
{
    struct isa_fault fault = {
        .kind = ISA_FAULT_FETCH, .va = va, .access = ISA_ACCESS_EXECUTE, .pc = w->pc};

    fault_deliver(w, &fault);
}

void isa_trap_raise(struct isa_wave *w, const struct isa_inst *inst, unsigned trap_id)
{
    struct isa_fault fault = {.kind = ISA_FAULT_TRAP, .trap_id = trap_id, .pc = inst_pc(w, inst)};

    fault_deliver(w, &fault);
}

void isa_trap_return(struct isa_wave *w, const struct isa_inst *inst, uint64_t pc)
{
    if (!isa_wave_in_trap(w)) {
        isa_fault_raise(w, inst, ISA_FAULT_ILLEGAL, 0, 0, 0);
        return;
    }
    w->status &= ~(uint32_t)ISA_STATUS_PRIV;
    w->pc = pc & 0xffffffffffffULL;
    if (w->status & ISA_STATUS_HALT)
        wave_give_up(w, ISA_STOP_HALT);
    else
        memset(&w->fault, 0, sizeof(w->fault));
}

void isa_wave_halt(struct isa_wave *w, const struct isa_inst *inst)
{
    struct isa_fault fault = {.kind = ISA_FAULT_HALTED, .pc = inst_pc(w, inst)};

    fault_record(w, &fault);
    wave_give_up(w, ISA_STOP_HALT);
}
