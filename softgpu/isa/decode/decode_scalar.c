/* SPDX-License-Identifier: MIT
 *
 * SOP1, SOP2, SOPC, SOPK, SOPP and SMEM.
 */
#include "softgpu/isa/decode/decoder.h"

static bool decode_dst(struct isa_decoder *d, unsigned code)
{
    if (d->info->dst == ISA_T_NONE)
        return true;
    return isa_decode_sgpr(code, isa_decode_width(d->info->dst), &d->inst->dst);
}

static bool decode_src(struct isa_decoder *d, unsigned index, unsigned code)
{
    if (d->info->src[index] == ISA_T_NONE)
        return true;
    if (code == ISA_REG_LDS_DIRECT) /* vector instructions only */
        return false;
    return isa_decode_source(d, code, d->info->src[index], &d->inst->src[index]);
}

static bool decode_sop2(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    return isa_decode_op(d, ISA_ENC_SOP2, d->table->ops.SOP2[isa_bits(word, 23, 7)]) &&
           decode_dst(d, isa_bits(word, 16, 7)) && decode_src(d, 0, isa_bits(word, 0, 8)) &&
           decode_src(d, 1, isa_bits(word, 8, 8));
}

/* Sources that are addressed or jumped to, not read: no constants. */
static bool must_be_sgpr(enum isa_op op)
{
    switch (op) {
    case ISA_OP_s_setpc_b64:
    case ISA_OP_s_rfe_b64:
    case ISA_OP_s_movrels_b32:
    case ISA_OP_s_movrels_b64:
        return true;
    default:
        return false;
    }
}

static bool decode_sop1(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    return isa_decode_op(d, ISA_ENC_SOP1, d->table->ops.SOP1[isa_bits(word, 8, 8)]) &&
           decode_dst(d, isa_bits(word, 16, 7)) && decode_src(d, 0, isa_bits(word, 0, 8)) &&
           (d->inst->src[0] < ISA_REG_INT_0 || !must_be_sgpr(d->inst->op));
}

static bool decode_sopc(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    return isa_decode_op(d, ISA_ENC_SOPC, d->table->ops.SOPC[isa_bits(word, 16, 7)]) &&
           decode_src(d, 0, isa_bits(word, 0, 8)) && decode_src(d, 1, isa_bits(word, 8, 8));
}

static bool decode_sopp(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    d->inst->imm = isa_sign_extend(isa_bits(word, 0, 16), 16);
    return isa_decode_op(d, ISA_ENC_SOPP, d->table->ops.SOPP[isa_bits(word, 16, 7)]) &&
           (d->inst->imm == 0 || isa_sopp_has_operand(d->inst->op));
}

/* The register field is the destination, the source, or both (s_addk_i32). */
static bool decode_sopk(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    unsigned reg = isa_bits(word, 16, 7);

    d->inst->imm = isa_sign_extend(isa_bits(word, 0, 16), 16);
    if (!isa_decode_op(d, ISA_ENC_SOPK, d->table->ops.SOPK[isa_bits(word, 23, 5)]))
        return false;
    if (d->inst->op == ISA_OP_s_setreg_imm32_b32)
        return decode_src(d, 0, ISA_REG_LITERAL);
    return decode_dst(d, reg) && decode_src(d, 0, reg);
}

bool isa_decode_salu(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    switch (word >> 23) {
    case 0x17d:
        return decode_sop1(d);
    case 0x17e:
        return decode_sopc(d);
    case 0x17f:
        return decode_sopp(d);
    default:
        return word >> 28 == 0xb ? decode_sopk(d) : decode_sop2(d);
    }
}

/* Loaded data arrives too late for M0 and EXEC. */
static bool smem_may_load(uint16_t dst)
{
    return dst != ISA_REG_M0 && dst != ISA_REG_EXEC_LO && dst != ISA_REG_EXEC_HI;
}

bool isa_decode_smem(struct isa_decoder *d)
{
    uint32_t word = d->words[0], word2;
    struct isa_inst *inst = d->inst;
    unsigned soffset;

    if (!isa_decode_op(d, ISA_ENC_SMEM, d->table->ops.SMEM[isa_bits(word, 18, 8)]) ||
        !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    inst->mem.saddr = ISA_REG_NONE;
    if (!decode_dst(d, isa_bits(word, 6, 7)) || !smem_may_load(inst->dst))
        return false;
    if (d->info->src[0] == ISA_T_NONE)
        return true;
    if (d->info->dst == ISA_T_NONE) { /* s_atc_probe */
        inst->mem.format = isa_bits(word, 6, 7);
    } else {
        inst->mem.glc = isa_bits(word, 16, 1);
        inst->mem.dlc = isa_bits(word, 14, 1);
    }
    inst->imm = isa_sign_extend(isa_bits(word2, 0, 21), 21);
    soffset = isa_bits(word2, 25, 7);
    if (soffset != ISA_REG_NULL && !isa_decode_sgpr(soffset, 1, &inst->mem.saddr))
        return false;
    return isa_decode_sgpr(isa_bits(word, 0, 6) << 1, isa_decode_width(d->info->src[0]),
                           &inst->src[0]);
}
