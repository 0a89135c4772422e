/* SPDX-License-Identifier: MIT
 *
 * SOP1, SOP2, SOPC and SMEM; disassemble_control.c has what SOPK and SOPP encode in constants.
 */
#include "softgpu/isa/decode/text.h"

static void put_smem(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    bool has_offset = inst->imm || inst->mem.saddr == ISA_REG_NONE;

    if (t->info->src[0] == ISA_T_NONE)
        return;
    if (t->info->dst == ISA_T_NONE) { /* s_atc_probe */
        isa_text_separate(t);
        isa_text_put(t, "%u", inst->mem.format);
    }
    isa_text_source(t, 0);
    if (inst->mem.saddr != ISA_REG_NONE)
        isa_text_operand(t, inst->mem.saddr, ISA_T_B32);
    else
        isa_text_separate(t);
    if (has_offset)
        isa_text_put(t, "%s%s0x%x",
                     inst->mem.saddr == ISA_REG_NONE ? "" : " offset:", inst->imm < 0 ? "-" : "",
                     inst->imm < 0 ? -inst->imm : inst->imm);
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
