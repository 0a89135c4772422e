/* SPDX-License-Identifier: MIT
 *
 * VOP1, VOP2, VOPC, VOP3, VOP3P and VINTRP.
 */
#include "softgpu/isa/decode/text.h"

static const char *suffix(const struct isa_text *t)
{
    unsigned short_enc = t->table->short_enc[t->inst->op];

    if (t->inst->vmod == ISA_VMOD_SDWA)
        return "_sdwa";
    if (t->inst->vmod != ISA_VMOD_NONE)
        return "_dpp";
    if (!short_enc || !isa_gen_has_form(t->table, t->inst->op, ISA_FORM_E64))
        return "";
    return t->inst->enc == ISA_ENC_VOP3 ? "_e64" : "_e32";
}

/* A source with its modifiers. neg(1) is not -1. */
static void put_source(struct isa_text *t, unsigned index)
{
    const struct isa_inst *inst = t->inst;
    unsigned abs_bits = isa_op_is_mixed_fma(inst->op) ? inst->neg_hi : inst->abs;
    bool neg = inst->neg >> index & 1, abs = abs_bits >> index & 1;
    bool sext = inst->vmod == ISA_VMOD_SDWA && inst->sdwa.sext >> index & 1;
    bool constant = isa_reg_is_constant(inst->src[index]) || inst->src[index] == ISA_REG_LITERAL;
    bool wrap = neg && !abs && constant;

    isa_text_separate(t);
    if (isa_op_embedded_literal(inst->op) == (int)index) { /* always in full */
        isa_text_put(t, "0x%x", inst->literal);
        return;
    }
    if (neg)
        isa_text_put(t, wrap ? "neg(" : "-");
    if (abs)
        isa_text_put(t, "|");
    if (sext)
        isa_text_put(t, "sext(");
    isa_text_value(t, index);
    if (abs)
        isa_text_put(t, "|");
    if (wrap || sext)
        isa_text_put(t, ")");
}

static void put_clamp_omod(struct isa_text *t)
{
    static const char *const omods[] = {"", " mul:2", " mul:4", " div:2"};

    isa_text_flag(t, t->inst->clamp, "clamp");
    isa_text_put(t, "%s", omods[t->inst->omod]);
}

static const char *sdwa_select(unsigned select)
{
    static const char *const names[] = {"BYTE_0", "BYTE_1", "BYTE_2", "BYTE_3",
                                        "WORD_0", "WORD_1", "DWORD",  "?"};

    return names[select & 7];
}

static void put_sdwa(struct isa_text *t)
{
    static const char *const unused[] = {"UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE", "?"};
    const struct isa_inst *inst = t->inst;

    if (t->info->dst == ISA_T_NONE) /* v_nop */
        return;
    put_clamp_omod(t);
    if (inst->enc != ISA_ENC_VOPC)
        isa_text_put(t, " dst_sel:%s dst_unused:%s", sdwa_select(inst->sdwa.dst_sel),
                     unused[inst->sdwa.dst_unused & 3]);
    isa_text_put(t, " src0_sel:%s", sdwa_select(inst->sdwa.src_sel[0]));
    if (t->info->src[1] != ISA_T_NONE)
        isa_text_put(t, " src1_sel:%s", sdwa_select(inst->sdwa.src_sel[1]));
}

static void put_dpp16_control(struct isa_text *t, unsigned ctrl)
{
    static const char *const names[] = {
        [0x0] = "row_shl:",   [0x1] = "row_shr:",   [0x2] = "row_ror:",
        [0x5] = "row_share:", [0x6] = "row_xmask:",
    };

    if (ctrl <= 0xff)
        isa_text_put(t, " quad_perm:[%u,%u,%u,%u]", ctrl & 3, ctrl >> 2 & 3, ctrl >> 4 & 3,
                     ctrl >> 6 & 3);
    else if (ctrl == 0x140)
        isa_text_put(t, " row_mirror");
    else if (ctrl == 0x141)
        isa_text_put(t, " row_half_mirror");
    else
        isa_text_put(t, " %s%u", names[ctrl >> 4 & 0xf], ctrl & 0xf);
}

static void put_dpp(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    const uint8_t *lane = inst->dpp8.lane;

    if (inst->vmod == ISA_VMOD_DPP8) {
        isa_text_put(t, " dpp8:[%u,%u,%u,%u,%u,%u,%u,%u]", lane[0], lane[1], lane[2], lane[3],
                     lane[4], lane[5], lane[6], lane[7]);
        isa_text_flag(t, inst->dpp8.fi, "fi:1");
        return;
    }
    put_dpp16_control(t, inst->dpp16.ctrl);
    isa_text_put(t, " row_mask:0x%x bank_mask:0x%x", inst->dpp16.row_mask, inst->dpp16.bank_mask);
    isa_text_flag(t, inst->dpp16.bound_ctrl, "bound_ctrl:1");
    isa_text_flag(t, inst->dpp16.fi, "fi:1");
}

/* name:[a,b,c], left out when every bit has its default. */
static void put_bit_list(struct isa_text *t, const char *name, unsigned bits, unsigned count,
                         bool by_default)
{
    unsigned all = (1u << count) - 1;

    if ((bits & all) == (by_default ? all : 0))
        return;
    isa_text_put(t, " %s:[", name);
    for (unsigned i = 0; i < count; i++)
        isa_text_put(t, "%s%u", i ? "," : "", bits >> i & 1);
    isa_text_put(t, "]");
}

static void put_op_sel(struct isa_text *t)
{
    unsigned count = isa_op_count_fields(t->info), bits = t->inst->op_sel;

    if (!(t->info->flags & ISA_F_OP_SEL))
        return;
    if (t->inst->op == ISA_OP_v_permlane16_b32 || t->inst->op == ISA_OP_v_permlanex16_b32) {
        put_bit_list(t, "op_sel", bits, 2, false);
        return;
    }
    bits = (bits & ((1u << count) - 1)) | (bits >> 3 & 1) << count;
    put_bit_list(t, "op_sel", bits, count + 1, false);
}

static void put_vop3p(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    unsigned count = isa_op_count_fields(t->info);
    bool mixed = isa_op_is_mixed_fma(inst->op);

    isa_text_operand(t, inst->dst, t->info->dst);
    for (unsigned i = 0; i < count; i++) {
        if (mixed)
            put_source(t, i);
        else
            isa_text_source(t, i);
    }
    put_bit_list(t, "op_sel", inst->op_sel, count, false);
    put_bit_list(t, "op_sel_hi", inst->op_sel_hi, count, !mixed);
    if (!mixed) {
        put_bit_list(t, "neg_lo", inst->neg, count, false);
        put_bit_list(t, "neg_hi", inst->neg_hi, count, false);
    }
    isa_text_flag(t, inst->clamp, "clamp");
}

static void put_attribute(struct isa_text *t)
{
    static const char *const slots[] = {"p10", "p20", "p0", "?"};
    uint32_t imm = t->inst->imm;

    if (t->inst->op == ISA_OP_v_interp_mov_f32) {
        isa_text_separate(t);
        isa_text_put(t, "%s", slots[imm >> 9 & 3]);
    } else {
        put_source(t, 0);
    }
    isa_text_separate(t);
    isa_text_put(t, "attr%u.%c", isa_bits(imm, 2, 6), "xyzw"[imm & 3]);
}

static void put_interp(struct isa_text *t)
{
    isa_text_operand(t, t->inst->dst, t->info->dst);
    put_attribute(t);
    if (t->info->src[1] != ISA_T_NONE)
        put_source(t, 1);
    isa_text_flag(t, t->inst->imm >> 8 & 1, "high");
    put_clamp_omod(t);
}

static void put_destinations(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    if (t->info->dst == ISA_T_NONE || t->info->flags & ISA_F_CMPX)
        return;
    isa_text_operand(t, inst->dst, t->info->dst);
    if (t->info->dst2 == ISA_T_MASK)
        isa_text_operand(t, inst->dst2, ISA_T_MASK);
}

void isa_text_vector(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    unsigned count = isa_op_count_fields(t->info);

    if (t->info->dst == ISA_T_NONE) /* v_nop: a suffix comes with the first operand */
        isa_text_put(t, "%s", t->info->name);
    else
        isa_text_put(t, "%s%s", t->info->name, suffix(t));
    if (inst->enc == ISA_ENC_VOP3P) {
        put_vop3p(t);
        return;
    }
    if (isa_op_is_interp(inst->op)) {
        put_interp(t);
        return;
    }
    put_destinations(t);
    for (unsigned i = 0; i < count; i++)
        put_source(t, i);
    if (inst->vmod == ISA_VMOD_SDWA) {
        put_sdwa(t);
    } else if (inst->vmod != ISA_VMOD_NONE) {
        put_dpp(t);
    } else {
        put_op_sel(t);
        put_clamp_omod(t);
    }
}
