/* SPDX-License-Identifier: MIT
 *
 * Scalar operations that move the program counter, moves that depend on SCC or name registers at
 * run time, and arithmetic on the 16-bit constant of SOPK.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12. A relative SGPR number outside s0..s105 and
 * VCC reads s0, and nothing is written to it ("SGPR out of range").
 */
#include "softgpu/isa/exec/salu.h"

#include "softgpu/isa/exec/operand.h"
#include "softgpu/isa/exec/sem_salu.h"

void salu_s_version(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
}

/* ---- constants, conditional moves ---- */

void salu_s_movk_i32(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_sgpr_write_b32(w, inst->dst, (uint32_t)inst->imm);
}

void salu_s_cmovk_i32(struct isa_wave *w, const struct isa_inst *inst)
{
    if (w->scc)
        isa_sgpr_write_b32(w, inst->dst, (uint32_t)inst->imm);
}

void salu_s_addk_i32(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t old = isa_scalar_b32(w, inst, inst->src[0]);

    isa_sgpr_write_b32(w, inst->dst, sem_s_add_i32(old, (uint32_t)inst->imm, &w->scc));
}

void salu_s_mulk_i32(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t old = isa_scalar_b32(w, inst, inst->src[0]);

    isa_sgpr_write_b32(w, inst->dst, old * (uint32_t)inst->imm);
}

void salu_s_cmov_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    if (w->scc)
        isa_sgpr_write_b32(w, inst->dst, isa_scalar_b32(w, inst, inst->src[0]));
}

void salu_s_cmov_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    if (w->scc)
        isa_sgpr_write_b64(w, inst->dst, isa_scalar_b64(w, inst, inst->src[0], ISA_T_B64));
}

/* ---- program counter: w->pc is that of the next instruction ---- */

static void jump(struct isa_wave *w, const struct isa_inst *inst)
{
    w->pc += (uint64_t)((int64_t)inst->imm * 4);
}

/* The program counter has 48 bits, and no sign is added to them: Mesa's compiler puts the value as
 * it is into a buffer descriptor, where bits above the address mean other things. */
void salu_s_getpc_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_sgpr_write_b64(w, inst->dst, w->pc & UINT64_C(0xffffffffffff));
}

void salu_s_setpc_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    w->pc = isa_scalar_b64(w, inst, inst->src[0], ISA_T_B64) & ~UINT64_C(3);
}

void salu_s_swappc_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    uint64_t target = isa_scalar_b64(w, inst, inst->src[0], ISA_T_B64) & ~UINT64_C(3);

    isa_sgpr_write_b64(w, inst->dst, w->pc);
    w->pc = target;
}

void salu_s_call_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_sgpr_write_b64(w, inst->dst, w->pc);
    jump(w, inst);
}

/* The two halves of a wave64 run a block of code one after the other. */
void salu_s_subvector_loop_begin(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t low = w->sgpr[ISA_REG_EXEC_LO], high = w->sgpr[ISA_REG_EXEC_HI];

    if (!low && !high) {
        jump(w, inst);
    } else if (!low) {
        isa_sgpr_write_b32(w, inst->dst, low);
    } else {
        isa_sgpr_write_b32(w, inst->dst, high);
        w->sgpr[ISA_REG_EXEC_HI] = 0;
    }
}

void salu_s_subvector_loop_end(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t saved = isa_scalar_b32(w, inst, inst->dst);

    if (w->sgpr[ISA_REG_EXEC_HI]) {
        w->sgpr[ISA_REG_EXEC_LO] = saved;
    } else if (saved) {
        w->sgpr[ISA_REG_EXEC_HI] = saved;
        isa_sgpr_write_b32(w, inst->dst, w->sgpr[ISA_REG_EXEC_LO]);
        w->sgpr[ISA_REG_EXEC_LO] = 0;
        jump(w, inst);
    }
}

/* ---- relative registers ---- */

static unsigned relative_source(unsigned reg, uint32_t offset)
{
    uint32_t index = reg + offset;

    return index < ISA_SGPR_LIMIT ? index : 0;
}

static unsigned relative_destination(unsigned reg, uint32_t offset)
{
    uint32_t index = reg + offset;

    return index < ISA_SGPR_LIMIT ? index : ISA_REG_NULL;
}

void salu_s_movrels_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned source = relative_source(inst->src[0], w->sgpr[ISA_REG_M0]);

    isa_sgpr_write_b32(w, inst->dst, w->sgpr[source]);
}

void salu_s_movrels_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned source = relative_source(inst->src[0], w->sgpr[ISA_REG_M0]);

    isa_sgpr_write_b64(w, inst->dst, isa_scalar_b64(w, inst, source, ISA_T_B64));
}

void salu_s_movreld_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_sgpr_write_b32(w, relative_destination(inst->dst, w->sgpr[ISA_REG_M0]),
                       isa_scalar_b32(w, inst, inst->src[0]));
}

void salu_s_movreld_b64(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_sgpr_write_b64(w, relative_destination(inst->dst, w->sgpr[ISA_REG_M0]),
                       isa_scalar_b64(w, inst, inst->src[0], ISA_T_B64));
}

/* Two offsets in M0: source in bits 9:0, destination in 25:16. */
void salu_s_movrelsd_2_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t m0 = w->sgpr[ISA_REG_M0];

    isa_sgpr_write_b32(w, relative_destination(inst->dst, m0 >> 16 & 0x3ff),
                       w->sgpr[relative_source(inst->src[0], m0 & 0x3ff)]);
}
