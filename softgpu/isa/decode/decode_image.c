/* SPDX-License-Identifier: MIT
 *
 * MIMG and EXP.
 */
#include "softgpu/isa/decode/decoder.h"

#include "softgpu/isa/decode/image_shape.h"

/* Address VGPRs behind the first, one byte each. */
static bool decode_nsa(struct isa_decoder *d, unsigned dwords)
{
    struct isa_inst *inst = d->inst;

    if (!isa_decode_need(d, 2 + dwords))
        return false;
    inst->img.nsa = dwords;
    for (unsigned i = 0; i < 4 * dwords; i++)
        inst->img.addr[i] = isa_bits(d->words[2 + i / 4], 8 * (i % 4), 8);
    return true;
}

static bool decode_image_data(struct isa_decoder *d, unsigned vdata)
{
    struct isa_inst *inst = d->inst;
    unsigned dwords = isa_image_data_dwords(inst);
    bool has_dst = d->info->dst != ISA_T_NONE;

    if (d->info->flags & ISA_F_ATOMIC)
        has_dst = inst->img.glc;
    if (has_dst && !isa_decode_vgpr(vdata, dwords, &inst->dst))
        return false;
    return d->info->src[1] == ISA_T_NONE || isa_decode_vgpr(vdata, dwords, &inst->src[1]);
}

static bool decode_image_address(struct isa_decoder *d, unsigned vaddr)
{
    unsigned dwords = isa_image_address_dwords(d->inst);

    if (d->inst->img.nsa) {
        if (dwords > 1 + 4u * d->inst->img.nsa)
            return false;
        dwords = 1;
    }
    return isa_decode_vgpr(vaddr, dwords, &d->inst->src[0]);
}

static bool decode_sampler(struct isa_decoder *d, unsigned ssamp)
{
    if (d->info->src[3] == ISA_T_NONE)
        return ssamp == 0;
    return isa_decode_sgpr(ssamp << 2, 4, &d->inst->src[3]);
}

/* 16-bit data: only where data has a format to be converted from or to. */
static bool has_d16(const struct isa_decoder *d)
{
    switch (d->inst->op) {
    case ISA_OP_image_load_pck:
    case ISA_OP_image_load_pck_sgn:
    case ISA_OP_image_load_mip_pck:
    case ISA_OP_image_load_mip_pck_sgn:
    case ISA_OP_image_store_pck:
    case ISA_OP_image_store_mip_pck:
        return false;
    case ISA_OP_image_bvh_intersect_ray:
    case ISA_OP_image_bvh64_intersect_ray:
        return false;
    default:
        return d->info->flags & (ISA_F_LOAD | ISA_F_STORE);
    }
}

static void decode_image_flags(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;

    inst->img.dim = isa_bits(word, 3, 3);
    inst->img.dlc = isa_bits(word, 7, 1);
    inst->img.dmask = isa_bits(word, 8, 4);
    inst->img.unrm = isa_bits(word, 12, 1);
    inst->img.glc = isa_bits(word, 13, 1);
    inst->img.r128 = isa_bits(word, 15, 1);
    inst->img.tfe = isa_bits(word, 16, 1);
    inst->img.lwe = isa_bits(word, 17, 1);
    inst->img.slc = isa_bits(word, 25, 1);
    inst->img.a16 = isa_bits(word2, 30, 1);
    inst->img.d16 = isa_bits(word2, 31, 1);
}

/* Ray intersection has one form: four dwords, no format, a four-dword descriptor. */
static bool bvh_flags_fit(const struct isa_inst *inst)
{
    return inst->img.dmask == 0xf && inst->img.unrm && inst->img.r128 && inst->img.dim == 0 &&
           !inst->img.glc && !inst->img.slc && !inst->img.dlc && !inst->img.tfe && !inst->img.lwe;
}

bool isa_decode_mimg(struct isa_decoder *d)
{
    uint32_t word = d->words[0], word2;
    struct isa_inst *inst = d->inst;
    unsigned opcode = isa_bits(word, 18, 7) | isa_bits(word, 0, 1) << 7;

    if (!isa_decode_op(d, ISA_ENC_MIMG, d->table->ops.MIMG[opcode]) || !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    decode_image_flags(d, word, word2);
    if (!decode_nsa(d, isa_bits(word, 1, 2)))
        return false;
    if (isa_image_is_bvh(inst) && !bvh_flags_fit(inst))
        return false;
    return (!inst->img.d16 || has_d16(d)) && decode_image_data(d, isa_bits(word2, 8, 8)) &&
           decode_image_address(d, isa_bits(word2, 0, 8)) &&
           isa_decode_sgpr(isa_bits(word2, 16, 5) << 2, isa_decode_width(d->info->src[2]),
                           &inst->src[2]) &&
           decode_sampler(d, isa_bits(word2, 21, 5));
}

bool isa_decode_exp(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    struct isa_inst *inst = d->inst;

    if (!isa_decode_op(d, ISA_ENC_EXP, d->table->ops.EXP[0]) || !isa_decode_need(d, 2))
        return false;
    inst->exp.en = isa_bits(word, 0, 4);
    inst->exp.target = isa_bits(word, 4, 6);
    inst->exp.compr = isa_bits(word, 10, 1);
    inst->exp.done = isa_bits(word, 11, 1);
    inst->exp.vm = isa_bits(word, 12, 1);
    for (unsigned i = 0; i < 4; i++) {
        /* Compressed: two channels share a register. */
        unsigned field = inst->exp.compr ? i / 2 : i;

        if (inst->exp.en >> i & 1)
            inst->src[i] = ISA_REG_VGPR0 + isa_bits(d->words[1], 8 * field, 8);
    }
    return true;
}
