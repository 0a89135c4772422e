/* SPDX-License-Identifier: MIT
 *
 * The decoder's entry: finds the encoding family.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 13.
 */
#include "softgpu/isa/decode/decoder.h"

#include <string.h>

typedef bool family_decoder(struct isa_decoder *d);

/* By bits 31:26 of a word that starts with 11. */
static family_decoder *const long_families[16] = {
    [0x2] = isa_decode_vintrp, /* 110010 */
    [0x3] = isa_decode_vop3p,  /* 110011 */
    [0x5] = isa_decode_vop3,   /* 110101 */
    [0x6] = isa_decode_ds,     /* 110110 */
    [0x7] = isa_decode_flat,   /* 110111 */
    [0x8] = isa_decode_mubuf,  /* 111000 */
    [0xa] = isa_decode_mtbuf,  /* 111010 */
    [0xc] = isa_decode_mimg,   /* 111100 */
    [0xd] = isa_decode_smem,   /* 111101 */
    [0xe] = isa_decode_exp,    /* 111110 */
};

static family_decoder *find_family(uint32_t word)
{
    if (word >> 31 == 0) {
        if (word >> 25 == 0x3f)
            return isa_decode_vop1;
        return word >> 25 == 0x3e ? isa_decode_vopc : isa_decode_vop2;
    }
    return word >> 30 == 2 ? isa_decode_salu : long_families[isa_bits(word, 26, 4)];
}

static void clear_inst(struct isa_inst *inst)
{
    memset(inst, 0, sizeof(*inst));
    inst->enc = ISA_ENC_COUNT;
    inst->dst = ISA_REG_NONE;
    inst->dst2 = ISA_REG_NONE;
    for (unsigned i = 0; i < 4; i++)
        inst->src[i] = ISA_REG_NONE;
}

unsigned isa_decode(enum isa_gen gen, const uint32_t *words, size_t count, struct isa_inst *out)
{
    struct isa_decoder d = {
        .table = isa_gen_table(gen), .words = words, .count = count, .inst = out};
    family_decoder *decode;

    clear_inst(out);
    if (!d.table || !isa_decode_need(&d, 1))
        return 0;
    decode = find_family(words[0]);
    if (!decode || !decode(&d)) {
        out->op = ISA_OP_invalid;
        return 0;
    }
    out->dwords = d.used;
    return d.used;
}
