/* SPDX-License-Identifier: MIT
 *
 * DS, FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF.
 */
#include "softgpu/isa/decode/decoder.h"

/* A VGPR operand of type info->src[index]; nothing when the operation has no such source. */
static bool decode_vsrc(struct isa_decoder *d, unsigned index, unsigned code)
{
    if (d->info->src[index] == ISA_T_NONE)
        return true;
    return isa_decode_vgpr(code, isa_decode_width(d->info->src[index]), &d->inst->src[index]);
}

static bool decode_vdst(struct isa_decoder *d, unsigned code, unsigned extra)
{
    if (d->info->dst == ISA_T_NONE)
        return true;
    return isa_decode_vgpr(code, isa_decode_width(d->info->dst) + extra, &d->inst->dst);
}

bool isa_decode_ds(struct isa_decoder *d)
{
    uint32_t word = d->words[0], word2;
    struct isa_inst *inst = d->inst;

    if (!isa_decode_op(d, ISA_ENC_DS, d->table->ops.DS[isa_bits(word, 18, 8)]) ||
        !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    inst->mem.saddr = ISA_REG_NONE;
    inst->mem.gds = isa_bits(word, 17, 1);
    inst->imm = isa_bits(word, 0, 16);
    if (d->info->flags & ISA_F_GWS && !inst->mem.gds)
        return false;
    return decode_vsrc(d, 0, isa_bits(word2, 0, 8)) && decode_vsrc(d, 1, isa_bits(word2, 8, 8)) &&
           decode_vsrc(d, 2, isa_bits(word2, 16, 8)) && decode_vdst(d, isa_bits(word2, 24, 8), 0);
}

enum { FLAT_SEG_FLAT, FLAT_SEG_SCRATCH, FLAT_SEG_GLOBAL };

static bool decode_flat_op(struct isa_decoder *d, uint32_t word)
{
    unsigned opcode = isa_bits(word, 18, 7);

    switch (isa_bits(word, 14, 2)) {
    case FLAT_SEG_FLAT:
        return isa_decode_op(d, ISA_ENC_FLAT, d->table->ops.FLAT[opcode]);
    case FLAT_SEG_SCRATCH:
        return isa_decode_op(d, ISA_ENC_SCRATCH, d->table->ops.SCRATCH[opcode]);
    case FLAT_SEG_GLOBAL:
        return isa_decode_op(d, ISA_ENC_GLOBAL, d->table->ops.GLOBAL[opcode]);
    default:
        return false;
    }
}

/* The address: a VGPR pair, or an SGPR base with a 32-bit VGPR offset. FLAT knows the first only;
 * SCRATCH has a 32-bit offset in either a VGPR or an SGPR, or in none. */
static bool decode_flat_address(struct isa_decoder *d, unsigned vaddr, unsigned saddr)
{
    struct isa_inst *inst = d->inst;
    bool has_saddr = inst->enc != ISA_ENC_FLAT && saddr != ISA_REG_NULL;

    if (inst->enc == ISA_ENC_SCRATCH) {
        if (saddr == ISA_REG_EXEC_HI) /* neither */
            return true;
        return has_saddr ? isa_decode_sgpr(saddr, 1, &inst->mem.saddr)
                         : isa_decode_vgpr(vaddr, 1, &inst->src[0]);
    }
    if (has_saddr && !isa_decode_sgpr(saddr, 2, &inst->mem.saddr))
        return false;
    if (d->info->src[0] == ISA_T_NONE) /* addtid */
        return true;
    return isa_decode_vgpr(vaddr, has_saddr ? 1 : 2, &inst->src[0]);
}

bool isa_decode_flat(struct isa_decoder *d)
{
    uint32_t word = d->words[0], word2;
    struct isa_inst *inst = d->inst;
    bool has_dst;

    if (!decode_flat_op(d, word) || !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    inst->mem.saddr = ISA_REG_NONE;
    inst->mem.dlc = isa_bits(word, 12, 1);
    inst->mem.lds = isa_bits(word, 13, 1);
    inst->mem.glc = isa_bits(word, 16, 1);
    inst->mem.slc = isa_bits(word, 17, 1);
    inst->imm = isa_sign_extend(isa_bits(word, 0, 12), 12);
    has_dst = !(d->info->flags & ISA_F_ATOMIC) || inst->mem.glc;
    return decode_flat_address(d, isa_bits(word2, 0, 8), isa_bits(word2, 16, 7)) &&
           decode_vsrc(d, 1, isa_bits(word2, 8, 8)) &&
           (!has_dst || decode_vdst(d, isa_bits(word2, 24, 8), 0));
}

/* vaddr: index and offset as the flags say; index first. */
static bool decode_buffer_address(struct isa_decoder *d, unsigned vaddr)
{
    unsigned dwords = d->inst->mem.offen + d->inst->mem.idxen;

    return dwords == 0 || isa_decode_vgpr(vaddr, dwords, &d->inst->src[0]);
}

/* soffset: an SGPR, M0 or an inline constant. */
static bool decode_soffset(struct isa_decoder *d, unsigned code)
{
    return code != ISA_REG_LITERAL && isa_decode_source(d, code, ISA_T_B32, &d->inst->mem.saddr);
}

/* Everything that MUBUF and MTBUF have in common. */
static bool decode_buffer(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;
    unsigned vdata = isa_bits(word2, 8, 8);
    bool has_dst;

    inst->imm = isa_bits(word, 0, 12);
    inst->mem.saddr = ISA_REG_NONE;
    inst->mem.offen = isa_bits(word, 12, 1);
    inst->mem.idxen = isa_bits(word, 13, 1);
    inst->mem.glc = isa_bits(word, 14, 1);
    inst->mem.dlc = isa_bits(word, 15, 1);
    inst->mem.slc = isa_bits(word2, 22, 1);
    inst->mem.tfe = isa_bits(word2, 23, 1);
    has_dst = !(d->info->flags & ISA_F_ATOMIC) || inst->mem.glc;
    if (inst->mem.lds) /* the data goes to LDS */
        has_dst = false;
    return decode_vsrc(d, 1, vdata) && (!has_dst || decode_vdst(d, vdata, inst->mem.tfe)) &&
           decode_buffer_address(d, isa_bits(word2, 0, 8)) &&
           isa_decode_sgpr(isa_bits(word2, 16, 5) << 2, 4, &inst->src[2]) &&
           decode_soffset(d, isa_bits(word2, 24, 8));
}

bool isa_decode_mubuf(struct isa_decoder *d)
{
    uint32_t word = d->words[0];

    if (!isa_decode_op(d, ISA_ENC_MUBUF, d->table->ops.MUBUF[isa_bits(word, 18, 8)]) ||
        !isa_decode_need(d, 2))
        return false;
    if (d->info->src[2] == ISA_T_NONE) { /* buffer_gl0_inv */
        d->inst->mem.saddr = ISA_REG_NONE;
        return true;
    }
    d->inst->mem.lds = isa_bits(word, 16, 1);
    return decode_buffer(d, word, d->words[1]);
}

bool isa_decode_mtbuf(struct isa_decoder *d)
{
    uint32_t word = d->words[0];
    unsigned opcode;

    if (!isa_decode_need(d, 2))
        return false;
    opcode = isa_bits(word, 16, 3) | isa_bits(d->words[1], 21, 1) << 3;
    if (!isa_decode_op(d, ISA_ENC_MTBUF, d->table->ops.MTBUF[opcode]))
        return false;
    d->inst->mem.format = isa_bits(word, 19, 7);
    return decode_buffer(d, word, d->words[1]);
}
