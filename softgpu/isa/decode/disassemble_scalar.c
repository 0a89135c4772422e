/* SPDX-License-Identifier: MIT
 *
 * SOP1, SOP2, SOPC and SMEM; disassemble_control.c has what SOPK and SOPP encode in constants.
 */
#include "softgpu/isa/decode/text.h"

/* The offset: a register, a number or their sum; "null" is how nothing is written. */
static void put_smem_offset(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    unsigned distance = inst->imm < 0 ? -inst->imm : inst->imm;
    bool has_register = inst->mem.saddr != ISA_REG_NONE;

    isa_text_separate(t);
    if (has_register || !inst->imm)
        isa_text_register(t, has_register ? inst->mem.saddr : ISA_REG_NULL, 1);
    if (inst->imm)
        isa_text_put(t, "%s%s0x%x", has_register ? " offset:" : "", inst->imm < 0 ? "-" : "",
                     distance);
}

static void put_smem(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    if (t->info->src[0] == ISA_T_NONE)
        return;
    if (t->info->dst == ISA_T_NONE) { /* s_atc_probe */
        isa_text_separate(t);
        isa_text_put(t, inst->mem.format <= 64 ? "%u" : "0x%x", inst->mem.format);
    }
    isa_text_source(t, 0);
    put_smem_offset(t);
    isa_text_flag(t, inst->mem.glc, "glc");
    isa_text_flag(t, inst->mem.dlc, "dlc");
}

void isa_text_scalar(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    isa_text_put(t, "%s", t->info->name);
    if (inst->enc == ISA_ENC_SOPP) {
        isa_text_sopp_operands(t);
        return;
    }
    if (inst->enc == ISA_ENC_SOPK) {
        isa_text_sopk_operands(t);
        return;
    }
    if (t->info->dst != ISA_T_NONE)
        isa_text_operand(t, inst->dst, t->info->dst);
    if (inst->enc == ISA_ENC_SMEM) {
        put_smem(t);
        return;
    }
    for (unsigned i = 0; i < 2 && t->info->src[i] != ISA_T_NONE; i++)
        isa_text_source(t, i);
}
