/* SPDX-License-Identifier: MIT
 *
 * Each generation's tables, made from its list of encodings. An opcode number that is given twice
 * or is too large for its encoding does not compile.
 */
#include "softgpu/isa/decode/decoder.h"

#define E64  ISA_FORM_E64
#define SDWA ISA_FORM_SDWA
#define DPP  ISA_FORM_DPP

/* The encodings that have a longer spelling; the others leave no trace in short_enc. */
#define SHORT_VOP1(op)   [ISA_OP_##op] = 1 + ISA_ENC_VOP1,
#define SHORT_VOP2(op)   [ISA_OP_##op] = 1 + ISA_ENC_VOP2,
#define SHORT_VOPC(op)   [ISA_OP_##op] = 1 + ISA_ENC_VOPC,
#define SHORT_VINTRP(op) [ISA_OP_##op] = 1 + ISA_ENC_VINTRP,
#define SHORT_SOP2(op)
#define SHORT_SOP1(op)
#define SHORT_SOPK(op)
#define SHORT_SOPC(op)
#define SHORT_SOPP(op)
#define SHORT_SMEM(op)
#define SHORT_VOP3(op)
#define SHORT_VOP3P(op)
#define SHORT_DS(op)
#define SHORT_FLAT(op)
#define SHORT_GLOBAL(op)
#define SHORT_SCRATCH(op)
#define SHORT_MUBUF(op)
#define SHORT_MTBUF(op)
#define SHORT_MIMG(op)
#define SHORT_EXP(op)

static const struct isa_gen_table gen_tables[ISA_GEN_COUNT] = {
    [ISA_GEN_GFX10_3] =
        {
            .ops =
                {
#define ISA_ENC(enc, opcode, op) .enc[opcode] = ISA_OP_##op,
#define ISA_NOT(op, forms)
#include "softgpu/isa/spec/gfx10.def"
#undef ISA_ENC
#undef ISA_NOT
                },
            .missing =
                {
#define ISA_ENC(enc, opcode, op)
#define ISA_NOT(op, forms) [ISA_OP_##op] = forms,
#include "softgpu/isa/spec/gfx10.def"
#undef ISA_ENC
#undef ISA_NOT
                },
            .short_enc =
                {
#define ISA_ENC(enc, opcode, op) SHORT_##enc(op)
#define ISA_NOT(op, forms)
#include "softgpu/isa/spec/gfx10.def"
#undef ISA_ENC
#undef ISA_NOT
                },
        },
};

const struct isa_gen_table *isa_gen_table(enum isa_gen gen)
{
    return (unsigned)gen < ISA_GEN_COUNT ? &gen_tables[gen] : NULL;
}

static bool type_is_wide(enum isa_type type)
{
    return type != ISA_T_MASK && isa_type_dwords(type, 32) > 1;
}

bool isa_gen_has_form(const struct isa_gen_table *table, enum isa_op op, enum isa_form form)
{
    const struct isa_op_info *info = &isa_ops[op];

    if (table->missing[op] & form)
        return false;
    if (form == ISA_FORM_E64)
        return true;
    if (form == ISA_FORM_DPP && table->short_enc[op] == 1 + ISA_ENC_VOPC)
        return false;
    return !type_is_wide(info->dst) && !type_is_wide(info->src[0]) && !type_is_wide(info->src[1]);
}
