/* SPDX-License-Identifier: MIT
 *
 * Operand fields.
 */
#include "softgpu/isa/decode/decoder.h"

enum { SGPR_COUNT = 106, TTMP_COUNT = 16, VGPR_COUNT = 256 };

bool isa_decode_need(struct isa_decoder *d, unsigned dwords)
{
    if (d->count < dwords)
        return false;
    if (d->used < dwords)
        d->used = dwords;
    return true;
}

bool isa_decode_op(struct isa_decoder *d, enum isa_enc enc, uint16_t op)
{
    d->inst->enc = enc;
    d->inst->op = op;
    d->info = &isa_ops[op];
    return op != ISA_OP_invalid;
}

unsigned isa_op_count_fields(const struct isa_op_info *info)
{
    unsigned count = 0;

    while (count < 3 && info->src[count] != ISA_T_NONE)
        count++;
    return info->flags & ISA_F_SRC2_DST ? 2 : count;
}

bool isa_op_is_interp(enum isa_op op)
{
    switch (op) {
    case ISA_OP_v_interp_p1_f32:
    case ISA_OP_v_interp_p2_f32:
    case ISA_OP_v_interp_mov_f32:
    case ISA_OP_v_interp_p1ll_f16:
    case ISA_OP_v_interp_p1lv_f16:
    case ISA_OP_v_interp_p2_f16:
        return true;
    default:
        return false;
    }
}

bool isa_op_is_mixed_fma(enum isa_op op)
{
    return op == ISA_OP_v_fma_mix_f32 || op == ISA_OP_v_fma_mixlo_f16 ||
           op == ISA_OP_v_fma_mixhi_f16;
}

int isa_op_embedded_literal(enum isa_op op)
{
    switch (op) {
    case ISA_OP_v_fmamk_f16:
    case ISA_OP_v_fmamk_f32:
        return 1;
    case ISA_OP_v_fmaak_f16:
    case ISA_OP_v_fmaak_f32:
        return 2;
    default:
        return -1;
    }
}

bool isa_sopp_has_operand(enum isa_op op)
{
    switch (op) {
    case ISA_OP_s_barrier:
    case ISA_OP_s_wakeup:
    case ISA_OP_s_icache_inv:
    case ISA_OP_s_ttracedata:
    case ISA_OP_s_endpgm_saved:
    case ISA_OP_s_endpgm_ordered_ps_done:
    case ISA_OP_s_code_end:
    case ISA_OP_s_wait_idle:
        return false;
    default:
        return true;
    }
}

bool isa_decode_takes_mods(const struct isa_op_info *info, unsigned index)
{
    if (!(info->flags & ISA_F_MODS))
        return false;
    switch (info->src[index]) {
    case ISA_T_F16:
    case ISA_T_F32:
    case ISA_T_F64:
    case ISA_T_PK16:
    case ISA_T_B32:
        return true;
    default:
        return false;
    }
}

bool isa_decode_vgpr(unsigned code, unsigned dwords, uint16_t *out_reg)
{
    if (code + dwords > VGPR_COUNT)
        return false;
    *out_reg = ISA_REG_VGPR0 + code;
    return true;
}

/* A register range inside a bank. Pairs start at even registers, larger ranges at multiples of
 * four; hardware ignores the low bits of a number that does not. */
static bool decode_bank(unsigned index, unsigned dwords, unsigned bank_first, unsigned bank_count,
                        uint16_t *out_reg)
{
    unsigned first = dwords >= 4 ? index & ~3u : dwords == 2 ? index & ~1u : index;

    if (first + dwords > bank_count)
        return false;
    *out_reg = bank_first + first;
    return true;
}

bool isa_decode_sgpr(unsigned code, unsigned dwords, uint16_t *out_reg)
{
    if (code < SGPR_COUNT)
        return decode_bank(code, dwords, ISA_REG_SGPR0, SGPR_COUNT, out_reg);
    if (code >= ISA_REG_TTMP0 && code < ISA_REG_TTMP0 + TTMP_COUNT)
        return decode_bank(code - ISA_REG_TTMP0, dwords, ISA_REG_TTMP0, TTMP_COUNT, out_reg);
    *out_reg = code;
    switch (code) {
    case ISA_REG_VCC_LO:
    case ISA_REG_EXEC_LO:
    case ISA_REG_NULL:
        return dwords <= 2;
    case ISA_REG_VCC_HI:
    case ISA_REG_EXEC_HI:
    case ISA_REG_M0:
        return dwords == 1;
    default:
        return false;
    }
}

bool isa_decode_mask(unsigned code, uint16_t *out_reg)
{
    return isa_decode_sgpr(code, 1, out_reg);
}

static bool is_special(unsigned code, unsigned dwords)
{
    switch (code) {
    case ISA_REG_SHARED_BASE:
    case ISA_REG_SHARED_LIMIT:
    case ISA_REG_PRIVATE_BASE:
    case ISA_REG_PRIVATE_LIMIT:
    case ISA_REG_POPS_EXITING_WAVE_ID:
    case ISA_REG_VCCZ:
    case ISA_REG_EXECZ:
    case ISA_REG_SCC:
        return dwords <= 2;
    case ISA_REG_LDS_DIRECT:
        return dwords == 1;
    default:
        return false;
    }
}

/* An instruction has at most one literal; operands may share it. */
static bool read_literal(struct isa_decoder *d, uint16_t *out_reg)
{
    unsigned base = d->inst->enc == ISA_ENC_VOP3 || d->inst->enc == ISA_ENC_VOP3P ? 2 : 1;

    if (!isa_decode_need(d, base + 1))
        return false;
    d->inst->literal = d->words[base];
    *out_reg = ISA_REG_LITERAL;
    return true;
}

bool isa_decode_source(struct isa_decoder *d, unsigned code, enum isa_type type, uint16_t *out_reg)
{
    unsigned dwords = isa_decode_width(type);

    if (code >= ISA_REG_VGPR0)
        return isa_decode_vgpr(code - ISA_REG_VGPR0, dwords, out_reg);
    if (code < ISA_REG_INT_0)
        return isa_decode_sgpr(code, dwords, out_reg);
    if (code == ISA_REG_LITERAL)
        return read_literal(d, out_reg);
    *out_reg = code;
    return isa_reg_is_constant(code) || is_special(code, dwords);
}
