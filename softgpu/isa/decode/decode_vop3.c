/* SPDX-License-Identifier: MIT
 *
 * VOP3 and VOP3P: the vector encodings with room for three sources and modifiers.
 */
#include "softgpu/isa/decode/decoder.h"

/* Where the short encodings' opcodes lie in VOP3's opcode space. */
enum { VOP3_VOPC = 0x000, VOP3_VOP2 = 0x100, VOP3_VOP1 = 0x180 };

static uint16_t find_vop3_op(const struct isa_gen_table *table, unsigned opcode)
{
    uint16_t op = table->ops.VOP3[opcode];

    if (op != ISA_OP_invalid)
        return op;
    if (opcode < VOP3_VOPC + 256)
        op = table->ops.VOPC[opcode - VOP3_VOPC];
    else if (opcode >= VOP3_VOP2 && opcode < VOP3_VOP2 + 64)
        op = table->ops.VOP2[opcode - VOP3_VOP2];
    else if (opcode >= VOP3_VOP1 && opcode < VOP3_VOP1 + 128)
        op = table->ops.VOP1[opcode - VOP3_VOP1];
    return isa_gen_has_form(table, op, ISA_FORM_E64) ? op : ISA_OP_invalid;
}

static bool decode_vop3_dst(struct isa_decoder *d, uint32_t word)
{
    struct isa_inst *inst = d->inst;
    unsigned code = isa_bits(word, 0, 8);

    if (d->info->dst2 == ISA_T_MASK && !isa_decode_mask(isa_bits(word, 8, 7), &inst->dst2))
        return false;
    if (d->info->dst == ISA_T_NONE)
        return code == 0;
    if (d->info->flags & ISA_F_CMPX) {
        inst->dst = ISA_REG_EXEC_LO;
        return true;
    }
    if (d->info->dst == ISA_T_MASK)
        return isa_decode_mask(code, &inst->dst);
    if (d->info->flags & ISA_F_SCALAR_DST)
        return isa_decode_sgpr(code, 1, &inst->dst);
    return isa_decode_vgpr(code, isa_decode_width(d->info->dst), &inst->dst);
}

static bool decode_vop3_source(struct isa_decoder *d, unsigned index, unsigned code)
{
    enum isa_type type = d->info->src[index];

    if (type == ISA_T_MASK)
        return code < ISA_REG_EXEC_LO && isa_decode_mask(code, &d->inst->src[index]);
    return isa_decode_source(d, code, type, &d->inst->src[index]);
}

static bool decode_vop3_sources(struct isa_decoder *d, uint32_t word2)
{
    unsigned fields = isa_op_count_fields(d->info);

    for (unsigned i = 0; i < 3; i++) {
        unsigned code = isa_bits(word2, 9 * i, 9);

        if (i < fields ? !decode_vop3_source(d, i, code) : code != 0)
            return false;
    }
    if (d->info->flags & ISA_F_SRC2_DST)
        d->inst->src[2] = d->inst->dst;
    if (d->info->src[3] == ISA_T_MASK) /* v_div_fmas */
        d->inst->src[3] = ISA_REG_VCC_LO;
    return true;
}

static bool is_permlane(const struct isa_inst *inst)
{
    return inst->op == ISA_OP_v_permlane16_b32 || inst->op == ISA_OP_v_permlanex16_b32;
}

/* neg and abs, which only some sources take. LLVM's compiler writes a modifier that is true as all
 * ones for v_permlane*, whose fi and bound_ctrl are op_sel bits: the signs that this sets mean
 * nothing. */
static bool decode_vop3_signs(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;

    if (is_permlane(inst))
        return true;
    inst->neg = isa_bits(word2, 29, 3);
    inst->abs = d->info->dst2 == ISA_T_MASK ? 0 : isa_bits(word, 8, 3);
    for (unsigned i = 0; i < 3; i++) {
        bool takes = i < 2 || !(d->info->flags & ISA_F_SRC2_DST);

        if (((inst->neg | inst->abs) >> i & 1) && !(takes && isa_decode_takes_mods(d->info, i)))
            return false;
    }
    return true;
}

/* Bit 3 belongs to the destination; of the others those of missing sources must be zero. */
static bool decode_vop3_op_sel(struct isa_decoder *d, uint32_t word)
{
    struct isa_inst *inst = d->inst;

    if (!(d->info->flags & ISA_F_OP_SEL))
        return true;
    inst->op_sel = isa_bits(word, 11, is_permlane(inst) ? 2 : 4);
    return !(inst->op_sel & 7 & ~((1u << isa_op_count_fields(d->info)) - 1));
}

/* Fields of modifiers that the operation does not know must be zero; op_sel is ignored then. */
static bool decode_vop3_modifiers(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;
    uint32_t flags = d->info->flags;

    inst->omod = isa_bits(word2, 27, 2);
    inst->clamp = isa_bits(word, 15, 1);
    return (flags & ISA_F_OMOD || !inst->omod) && (flags & ISA_F_CLAMP || !inst->clamp) &&
           decode_vop3_signs(d, word, word2) && decode_vop3_op_sel(d, word);
}

static bool reads_f16_attribute(enum isa_op op)
{
    return op == ISA_OP_v_interp_p1ll_f16 || op == ISA_OP_v_interp_p1lv_f16 ||
           op == ISA_OP_v_interp_p2_f16;
}

static bool decode_vgpr_source(struct isa_decoder *d, unsigned index, unsigned code)
{
    return code >= ISA_REG_VGPR0 && isa_decode_vgpr(code - ISA_REG_VGPR0, 1, &d->inst->src[index]);
}

/* The attribute takes src0's place, the VGPRs come behind it. */
static bool decode_vop3_interp(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;
    unsigned attribute = isa_bits(word2, 0, 6), channel = isa_bits(word2, 6, 2);
    unsigned code = isa_bits(word2, 9, 9);

    inst->imm = channel | attribute << 2 | isa_bits(word2, 8, 1) << 8;
    inst->omod = isa_bits(word2, 27, 2);
    inst->clamp = isa_bits(word, 15, 1);
    if (!decode_vop3_dst(d, word) || (inst->omod && !(d->info->flags & ISA_F_OMOD)))
        return false;
    if (isa_bits(word2, 8, 1) && !reads_f16_attribute(inst->op))
        return false;
    if (inst->op == ISA_OP_v_interp_mov_f32) {
        inst->imm |= code << 9;
        return code <= 2 && isa_bits(word2, 18, 9) == 0 && isa_bits(word2, 29, 3) == 0 &&
               isa_bits(word, 8, 3) == 0;
    }
    inst->neg = isa_bits(word2, 30, 2);
    inst->abs = isa_bits(word, 9, 2);
    if (isa_bits(word2, 29, 1) || isa_bits(word, 8, 1) || !decode_vgpr_source(d, 0, code))
        return false;
    code = isa_bits(word2, 18, 9);
    if (d->info->src[1] == ISA_T_NONE)
        return code == 0 && !((inst->neg | inst->abs) >> 1);
    return decode_vgpr_source(d, 1, code);
}

/* Operations that are particular about the kind of a source. */
static bool sources_fit(const struct isa_inst *inst)
{
    bool vgpr0 = inst->src[0] != ISA_REG_NONE && inst->src[0] >= ISA_REG_VGPR0;

    switch (inst->op) {
    case ISA_OP_v_readlane_b32:
        return (vgpr0 || inst->src[0] == ISA_REG_LDS_DIRECT) && inst->src[1] < ISA_REG_VGPR0 &&
               inst->src[1] != ISA_REG_LITERAL;
    case ISA_OP_v_writelane_b32:
        return !vgpr0 && inst->src[1] < ISA_REG_VGPR0 && inst->src[1] != ISA_REG_LDS_DIRECT;
    case ISA_OP_v_permlane16_b32:
    case ISA_OP_v_permlanex16_b32:
        return vgpr0 && inst->src[1] < ISA_REG_VGPR0 && inst->src[2] < ISA_REG_VGPR0;
    case ISA_OP_v_movrels_b32:
    case ISA_OP_v_movrelsd_b32:
    case ISA_OP_v_movrelsd_2_b32:
        return vgpr0;
    case ISA_OP_v_mqsad_u32_u8:
        return inst->src[2] >= ISA_REG_VGPR0;
    default:
        return true;
    }
}

bool isa_decode_vop3(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    if (!isa_decode_op(d, ISA_ENC_VOP3, find_vop3_op(d->table, isa_bits(word, 16, 10))) ||
        !isa_decode_need(d, 2))
        return false;
    if (isa_op_is_interp(d->inst->op))
        return decode_vop3_interp(d, word, d->words[1]);
    return decode_vop3_dst(d, word) && decode_vop3_sources(d, d->words[1]) &&
           decode_vop3_modifiers(d, word, d->words[1]) && sources_fit(d->inst);
}

static bool decode_vop3p_modifiers(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;
    unsigned sources = (1u << isa_op_count_fields(d->info)) - 1;

    inst->neg = isa_bits(word2, 29, 3);
    inst->neg_hi = isa_bits(word, 8, 3);
    inst->op_sel = isa_bits(word, 11, 3);
    inst->op_sel_hi = (isa_bits(word2, 27, 2) | isa_bits(word, 14, 1) << 2) & sources;
    inst->clamp = isa_bits(word, 15, 1);
    return !((inst->neg | inst->neg_hi | inst->op_sel) & ~sources);
}

bool isa_decode_vop3p(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    return isa_bits(word, 23, 3) == 0 &&
           isa_decode_op(d, ISA_ENC_VOP3P, d->table->ops.VOP3P[isa_bits(word, 16, 7)]) &&
           isa_decode_need(d, 2) && isa_decode_vgpr(isa_bits(word, 0, 8), 1, &d->inst->dst) &&
           decode_vop3_sources(d, d->words[1]) && decode_vop3p_modifiers(d, word, d->words[1]);
}
