/* SPDX-License-Identifier: MIT
 *
 * VOP1, VOP2, VOPC with their SDWA and DPP spellings, and VINTRP.
 */
#include "softgpu/isa/decode/decoder.h"

/* Values of the src0 field that announce another dword. */
enum { SRC0_DPP8 = 0xe9, SRC0_DPP8_FI = 0xea, SRC0_SDWA = 0xf9, SRC0_DPP16 = 0xfa };

enum { SDWA_SEL_MAX = 6, SDWA_UNUSED_MAX = 2 };

/* Of a source's modifier byte; the other bit means nothing. */
enum { SDWA_SOURCE_BITS = 0xbf };

static bool has_form(const struct isa_decoder *d, enum isa_form form)
{
    return isa_gen_has_form(d->table, d->inst->op, form);
}

static unsigned explicit_sources(const struct isa_op_info *info)
{
    return (info->src[0] != ISA_T_NONE) + (info->src[1] != ISA_T_NONE);
}

/* SDWA names an SGPR or a VGPR with 8 bits and one to tell which. */
static bool decode_sdwa_source(struct isa_decoder *d, unsigned index, unsigned code, bool scalar)
{
    uint16_t *reg = &d->inst->src[index];

    if (!scalar)
        return isa_decode_vgpr(code, 1, reg);
    if (code == ISA_REG_LITERAL)
        return false;
    return isa_decode_source(d, code, d->info->src[index], reg);
}

/* The modifier byte of source `index`: sel, sext, neg, abs. */
static bool decode_sdwa_modifiers(struct isa_decoder *d, unsigned index, unsigned bits)
{
    struct isa_inst *inst = d->inst;
    bool is_float_source = isa_decode_takes_mods(d->info, index);
    unsigned sext = isa_bits(bits, 3, 1), neg = isa_bits(bits, 4, 1), abs = isa_bits(bits, 5, 1);

    inst->sdwa.src_sel[index] = isa_bits(bits, 0, 3);
    inst->sdwa.sext |= sext << index;
    inst->neg |= neg << index;
    inst->abs |= abs << index;
    return inst->sdwa.src_sel[index] <= SDWA_SEL_MAX && (is_float_source ? !sext : !neg && !abs);
}

static bool writes_float(const struct isa_op_info *info)
{
    return info->flags & ISA_F_OMOD &&
           (info->dst == ISA_T_F16 || info->dst == ISA_T_F32 || info->dst == ISA_T_PK16);
}

static bool decode_sdwa_dst(struct isa_decoder *d, uint32_t word2)
{
    struct isa_inst *inst = d->inst;

    if (inst->enc == ISA_ENC_VOPC) {
        if (!isa_bits(word2, 15, 1)) /* EXEC, VCC */
            return true;
        return !(d->info->flags & ISA_F_CMPX) && isa_decode_mask(isa_bits(word2, 8, 7), &inst->dst);
    }
    inst->sdwa.dst_sel = isa_bits(word2, 8, 3);
    inst->sdwa.dst_unused = isa_bits(word2, 11, 2);
    inst->clamp = isa_bits(word2, 13, 1);
    inst->omod = isa_bits(word2, 14, 2);
    return inst->sdwa.dst_sel <= SDWA_SEL_MAX && inst->sdwa.dst_unused <= SDWA_UNUSED_MAX &&
           (!inst->omod || writes_float(d->info));
}

static bool decode_sdwa(struct isa_decoder *d)
{
    uint32_t word2;

    if (!has_form(d, ISA_FORM_SDWA) || !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    d->inst->vmod = ISA_VMOD_SDWA;
    if (!decode_sdwa_dst(d, word2) ||
        !decode_sdwa_source(d, 0, isa_bits(word2, 0, 8), isa_bits(word2, 23, 1)))
        return false;
    /* src1 sits in the first word; only its bank bit is here. */
    if (explicit_sources(d->info) > 1 &&
        !decode_sdwa_source(d, 1, isa_bits(d->words[0], 9, 8), isa_bits(word2, 31, 1)))
        return false;
    if (!decode_sdwa_modifiers(d, 0, isa_bits(word2, 16, 6)))
        return false;
    if (explicit_sources(d->info) < 2)
        return (isa_bits(word2, 24, 8) & SDWA_SOURCE_BITS) == 0;
    return decode_sdwa_modifiers(d, 1, isa_bits(word2, 24, 6));
}

static bool dpp16_control_is_valid(unsigned ctrl)
{
    return ctrl <= 0xff ||                     /* quad_perm */
           (ctrl >= 0x101 && ctrl <= 0x10f) || /* row_shl */
           (ctrl >= 0x111 && ctrl <= 0x11f) || /* row_shr */
           (ctrl >= 0x121 && ctrl <= 0x12f) || /* row_ror */
           ctrl == 0x140 || ctrl == 0x141 ||   /* row_mirror, row_half_mirror */
           (ctrl >= 0x150 && ctrl <= 0x16f);   /* row_share, row_xmask */
}

static bool decode_dpp16(struct isa_decoder *d)
{
    struct isa_inst *inst = d->inst;
    uint32_t word2;

    if (!has_form(d, ISA_FORM_DPP) || !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    inst->vmod = ISA_VMOD_DPP16;
    inst->dpp16.ctrl = isa_bits(word2, 8, 9);
    inst->dpp16.fi = isa_bits(word2, 18, 1);
    inst->dpp16.bound_ctrl = isa_bits(word2, 19, 1);
    inst->dpp16.bank_mask = isa_bits(word2, 24, 4);
    inst->dpp16.row_mask = isa_bits(word2, 28, 4);
    inst->neg = isa_bits(word2, 20, 1) | isa_bits(word2, 22, 1) << 1;
    inst->abs = isa_bits(word2, 21, 1) | isa_bits(word2, 23, 1) << 1;
    for (unsigned i = 0; i < 2; i++) {
        if (((inst->neg | inst->abs) >> i & 1) && !isa_decode_takes_mods(d->info, i))
            return false;
    }
    return dpp16_control_is_valid(inst->dpp16.ctrl) &&
           isa_decode_vgpr(isa_bits(word2, 0, 8), 1, &inst->src[0]);
}

static bool decode_dpp8(struct isa_decoder *d, bool fi)
{
    struct isa_inst *inst = d->inst;
    uint32_t word2;

    if (!has_form(d, ISA_FORM_DPP) || !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    inst->vmod = ISA_VMOD_DPP8;
    inst->dpp8.fi = fi;
    for (unsigned i = 0; i < 8; i++)
        inst->dpp8.lane[i] = isa_bits(word2, 8 + 3 * i, 3);
    return isa_decode_vgpr(isa_bits(word2, 0, 8), 1, &inst->src[0]);
}

/* v_nop has no src0; its field says nothing, unless it announces another dword. */
static bool announces_dword(const struct isa_decoder *d, unsigned code)
{
    switch (code) {
    case SRC0_SDWA:
        return has_form(d, ISA_FORM_SDWA);
    case SRC0_DPP16:
    case SRC0_DPP8:
    case SRC0_DPP8_FI:
        return has_form(d, ISA_FORM_DPP);
    default:
        return false;
    }
}

/* src0, which may announce SDWA or DPP. */
static bool decode_src0(struct isa_decoder *d)
{
    unsigned code = isa_bits(d->words[0], 0, 9);

    if (d->info->src[0] == ISA_T_NONE && !announces_dword(d, code))
        return true;
    switch (code) {
    case SRC0_SDWA:
        return decode_sdwa(d);
    case SRC0_DPP16:
        return decode_dpp16(d);
    case SRC0_DPP8:
    case SRC0_DPP8_FI:
        return decode_dpp8(d, code == SRC0_DPP8_FI);
    default:
        return isa_decode_source(d, code, d->info->src[0], &d->inst->src[0]);
    }
}

static bool decode_vdst(struct isa_decoder *d, unsigned code)
{
    if (d->info->dst == ISA_T_NONE)
        return code == 0;
    if (d->info->flags & ISA_F_SCALAR_DST)
        return isa_decode_sgpr(code, 1, &d->inst->dst);
    return isa_decode_vgpr(code, isa_decode_width(d->info->dst), &d->inst->dst);
}

/* VGPR-only src0 of operations that address registers by number. */
static bool src0_must_be_vgpr(enum isa_op op)
{
    switch (op) {
    case ISA_OP_v_movrels_b32:
    case ISA_OP_v_movrelsd_b32:
    case ISA_OP_v_movrelsd_2_b32:
    case ISA_OP_v_swap_b32:
    case ISA_OP_v_swaprel_b32:
        return true;
    default:
        return false;
    }
}

bool isa_decode_vop1(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    struct isa_inst *inst = d->inst;

    if (!isa_decode_op(d, ISA_ENC_VOP1, d->table->ops.VOP1[isa_bits(word, 9, 8)]) ||
        !decode_vdst(d, isa_bits(word, 17, 8)) || !decode_src0(d))
        return false;
    if (src0_must_be_vgpr(inst->op) && inst->src[0] < ISA_REG_VGPR0)
        return false;
    if (inst->op == ISA_OP_v_readfirstlane_b32)
        return inst->src[0] >= ISA_REG_VGPR0 || inst->src[0] == ISA_REG_LDS_DIRECT;
    if (d->info->dst2 != ISA_T_NONE) /* v_swap_b32 */
        inst->dst2 = inst->src[0];
    return true;
}

/* v_fmamk and v_fmaak: a literal always follows; src0 may name it too. */
static bool decode_fma_literal(struct isa_decoder *d, unsigned literal_index)
{
    unsigned vgpr_index = 3 - literal_index;

    return isa_decode_source(d, ISA_REG_LITERAL, d->info->src[literal_index],
                             &d->inst->src[literal_index]) &&
           isa_decode_vgpr(isa_bits(d->words[0], 9, 8), 1, &d->inst->src[vgpr_index]) &&
           decode_src0(d);
}

static void fill_implicit_vop2(struct isa_decoder *d)
{
    struct isa_inst *inst = d->inst;

    if (d->info->flags & ISA_F_SRC2_DST)
        inst->src[2] = inst->dst;
    if (d->info->src[2] == ISA_T_MASK)
        inst->src[2] = ISA_REG_VCC_LO;
    if (d->info->dst2 == ISA_T_MASK)
        inst->dst2 = ISA_REG_VCC_LO;
}

bool isa_decode_vop2(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    struct isa_inst *inst = d->inst;

    if (!isa_decode_op(d, ISA_ENC_VOP2, d->table->ops.VOP2[isa_bits(word, 25, 6)]) ||
        !decode_vdst(d, isa_bits(word, 17, 8)))
        return false;
    if (isa_op_embedded_literal(inst->op) >= 0)
        return decode_fma_literal(d, isa_op_embedded_literal(inst->op));
    fill_implicit_vop2(d);
    return isa_decode_vgpr(isa_bits(word, 9, 8), 1, &inst->src[1]) && decode_src0(d);
}

bool isa_decode_vopc(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    struct isa_inst *inst = d->inst;

    if (!isa_decode_op(d, ISA_ENC_VOPC, d->table->ops.VOPC[isa_bits(word, 17, 8)]))
        return false;
    inst->dst = d->info->flags & ISA_F_CMPX ? ISA_REG_EXEC_LO : ISA_REG_VCC_LO;
    if (isa_bits(word, 0, 9) != SRC0_SDWA &&
        !isa_decode_vgpr(isa_bits(word, 9, 8), isa_decode_width(d->info->src[1]), &inst->src[1]))
        return false;
    return decode_src0(d);
}

bool isa_decode_vintrp(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    struct isa_inst *inst = d->inst;
    unsigned source = isa_bits(word, 0, 8);

    if (!isa_decode_op(d, ISA_ENC_VINTRP, d->table->ops.VINTRP[isa_bits(word, 16, 2)]) ||
        !decode_vdst(d, isa_bits(word, 18, 8)))
        return false;
    inst->imm = isa_bits(word, 8, 8); /* channel | attribute << 2 */
    if (inst->op != ISA_OP_v_interp_mov_f32)
        return isa_decode_vgpr(source, 1, &inst->src[0]);
    inst->imm |= source << 9;
    return source <= 2;
}
