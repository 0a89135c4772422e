/* SPDX-License-Identifier: MIT
 *
 * DS, FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF.
 */
#include "softgpu/isa/decode/decoder.h"

/* VGPRs of type info->src[index] and `extra` more; nothing when there is no such source. */
static bool decode_vsrc(struct isa_decoder *d, unsigned index, unsigned code, unsigned extra)
{
    if (d->info->src[index] == ISA_T_NONE)
        return true;
    return isa_decode_vgpr(code, isa_decode_width(d->info->src[index]) + extra,
                           &d->inst->src[index]);
}

static bool decode_vdst(struct isa_decoder *d, unsigned code, unsigned extra)
{
    if (d->info->dst == ISA_T_NONE)
        return true;
    return isa_decode_vgpr(code, isa_decode_width(d->info->dst) + extra, &d->inst->dst);
}

/* Operations that are for LDS or for GDS only. */
static bool ds_memory_fits(const struct isa_inst *inst)
{
    switch (inst->op) {
    case ISA_OP_ds_ordered_count:
    case ISA_OP_ds_gws_init:
    case ISA_OP_ds_gws_sema_v:
    case ISA_OP_ds_gws_sema_br:
    case ISA_OP_ds_gws_sema_p:
    case ISA_OP_ds_gws_sema_release_all:
    case ISA_OP_ds_gws_barrier:
        return inst->mem.gds;
    case ISA_OP_ds_permute_b32:
    case ISA_OP_ds_bpermute_b32:
        return !inst->mem.gds;
    case ISA_OP_ds_nop:
        return !inst->mem.gds && inst->imm == 0;
    default:
        return true;
    }
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
    if (!ds_memory_fits(inst))
        return false;
    for (unsigned i = 0; i < 3; i++) {
        unsigned code = isa_bits(word2, 8 * i, 8);

        if (d->info->src[i] == ISA_T_NONE ? code != 0 : !decode_vsrc(d, i, code, 0))
            return false;
    }
    if (d->info->dst == ISA_T_NONE)
        return isa_bits(word2, 24, 8) == 0;
    return decode_vdst(d, isa_bits(word2, 24, 8), 0);
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
    bool has_saddr = saddr != ISA_REG_NULL;

    if (inst->enc == ISA_ENC_FLAT && has_saddr)
        return false;

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

/* Loads whose data can go to LDS instead of VGPRs. */
static bool has_lds_form(enum isa_op op)
{
    switch (op) {
    case ISA_OP_global_load_ubyte:
    case ISA_OP_global_load_sbyte:
    case ISA_OP_global_load_ushort:
    case ISA_OP_global_load_sshort:
    case ISA_OP_global_load_dword:
    case ISA_OP_scratch_load_ubyte:
    case ISA_OP_scratch_load_sbyte:
    case ISA_OP_scratch_load_ushort:
    case ISA_OP_scratch_load_sshort:
    case ISA_OP_scratch_load_dword:
    case ISA_OP_buffer_load_ubyte:
    case ISA_OP_buffer_load_sbyte:
    case ISA_OP_buffer_load_ushort:
    case ISA_OP_buffer_load_sshort:
    case ISA_OP_buffer_load_dword:
    case ISA_OP_buffer_load_format_x:
        return true;
    default:
        return false;
    }
}

/* Data and destination; a load to LDS has neither. */
static bool decode_flat_data(struct isa_decoder *d, unsigned vdata, unsigned vdst)
{
    struct isa_inst *inst = d->inst;
    bool has_dst = d->info->dst != ISA_T_NONE;

    if (inst->mem.lds)
        return has_lds_form(inst->op);
    if (d->info->flags & ISA_F_ATOMIC)
        has_dst = inst->mem.glc;
    return decode_vsrc(d, 1, vdata, 0) && (!has_dst || decode_vdst(d, vdst, 0));
}

bool isa_decode_flat(struct isa_decoder *d)
{
    uint32_t word = d->words[0], word2;
    struct isa_inst *inst = d->inst;

    if (!decode_flat_op(d, word) || !isa_decode_need(d, 2))
        return false;
    word2 = d->words[1];
    inst->mem.saddr = ISA_REG_NONE;
    inst->mem.dlc = isa_bits(word, 12, 1);
    inst->mem.lds = isa_bits(word, 13, 1);
    inst->mem.glc = isa_bits(word, 16, 1);
    inst->mem.slc = isa_bits(word, 17, 1);
    if (inst->enc == ISA_ENC_FLAT) /* unsigned, the top bit is ignored */
        inst->imm = isa_bits(word, 0, 11);
    else
        inst->imm = isa_sign_extend(isa_bits(word, 0, 12), 12);
    return isa_bits(word2, 23, 1) == 0 &&
           decode_flat_address(d, isa_bits(word2, 0, 8), isa_bits(word2, 16, 7)) &&
           decode_flat_data(d, isa_bits(word2, 8, 8), isa_bits(word2, 24, 8));
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
    return code != ISA_REG_LITERAL && code != ISA_REG_LDS_DIRECT &&
           isa_decode_source(d, code, ISA_T_B32, &d->inst->mem.saddr);
}

/* One field names what is loaded, stored or both. */
static bool decode_buffer_data(struct isa_decoder *d, unsigned vdata)
{
    struct isa_inst *inst = d->inst;
    bool has_dst = d->info->dst != ISA_T_NONE;

    if (inst->mem.lds)
        return has_lds_form(inst->op) && !inst->mem.tfe;
    if (d->info->flags & ISA_F_ATOMIC) {
        has_dst = inst->mem.glc;
        if (inst->mem.tfe || inst->mem.dlc)
            return false;
    }
    return decode_vsrc(d, 1, vdata, inst->mem.tfe) &&
           (!has_dst || decode_vdst(d, vdata, inst->mem.tfe));
}

/* Everything that MUBUF and MTBUF have in common. */
static bool decode_buffer(struct isa_decoder *d, uint32_t word, uint32_t word2)
{
    struct isa_inst *inst = d->inst;

    inst->imm = isa_bits(word, 0, 12);
    inst->mem.saddr = ISA_REG_NONE;
    inst->mem.offen = isa_bits(word, 12, 1);
    inst->mem.idxen = isa_bits(word, 13, 1);
    inst->mem.glc = isa_bits(word, 14, 1);
    inst->mem.dlc = isa_bits(word, 15, 1);
    inst->mem.slc = isa_bits(word2, 22, 1);
    inst->mem.tfe = isa_bits(word2, 23, 1);
    return decode_buffer_data(d, isa_bits(word2, 8, 8)) &&
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
        return isa_bits(word, 12, 5) == 0 && isa_bits(d->words[1], 23, 1) == 0;
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
