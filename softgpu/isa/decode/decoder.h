/* SPDX-License-Identifier: MIT
 *
 * What the decoder's files share: a generation's tables, the words being decoded, and the operand
 * readers. Nothing here is seen outside decode/.
 */
#ifndef SOFTGPU_ISA_DECODE_DECODER_H
#define SOFTGPU_ISA_DECODE_DECODER_H

#include "softgpu/isa/inst.h"

/* Operations by opcode number; ISA_OP_invalid where there is none. */
struct isa_opcode_map {
    uint16_t SOP2[128], SOP1[256], SOPK[32], SOPC[128], SOPP[128], SMEM[256];
    uint16_t VOP1[256], VOP2[64], VOPC[256], VOP3[1024], VOP3P[128], VINTRP[4];
    uint16_t DS[256], FLAT[128], GLOBAL[128], SCRATCH[128], MUBUF[256], MTBUF[16], MIMG[256];
    uint16_t EXP[1];
};

/* Ways to spell a VOP1, VOP2 or VOPC operation beside its own encoding. */
enum isa_form { ISA_FORM_E64 = 1, ISA_FORM_SDWA = 2, ISA_FORM_DPP = 4 };

struct isa_gen_table {
    struct isa_opcode_map ops;
    uint8_t missing[ISA_OP_COUNT];   /* enum isa_form: forms the operation does not have */
    uint8_t short_enc[ISA_OP_COUNT]; /* 1 + enum isa_enc of its VOP1/2/C or VINTRP encoding */
};

/* NULL for a generation that does not exist. */
const struct isa_gen_table *isa_gen_table(enum isa_gen gen);

/* Whether the operation can be spelled that way. */
bool isa_gen_has_form(const struct isa_gen_table *table, enum isa_op op, enum isa_form form);

/* One instruction on its way through the decoder. Readers return false when the words are no
 * instruction or are cut short. */
struct isa_decoder {
    const struct isa_gen_table *table;
    const uint32_t *words; /* borrowed */
    size_t count;          /* dwords that may be read */
    unsigned used;         /* dwords read so far */
    const struct isa_op_info *info;
    struct isa_inst *inst;
};

static inline uint32_t isa_bits(uint32_t word, unsigned low, unsigned count)
{
    return word >> low & ((1u << count) - 1);
}

static inline int32_t isa_sign_extend(uint32_t value, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);

    return (int32_t)((value ^ sign) - sign);
}

/* Sets enc, op and info. False when the opcode number is not assigned. */
bool isa_decode_op(struct isa_decoder *d, enum isa_enc enc, uint16_t op);

/* Makes the first `dwords` dwords readable: words[0..dwords-1]. */
bool isa_decode_need(struct isa_decoder *d, unsigned dwords);

/* A 9-bit source: SGPR, constant, literal or VGPR. SALU operands have no VGPRs: pass 8 bits. */
bool isa_decode_source(struct isa_decoder *d, unsigned code, enum isa_type type, uint16_t *out_reg);

/* A register by a 7-bit number: SGPR, VCC, TTMP, M0, NULL, EXEC. */
bool isa_decode_sgpr(unsigned code, unsigned dwords, uint16_t *out_reg);

/* The same for a lane mask, whose width depends on the wave. */
bool isa_decode_mask(unsigned code, uint16_t *out_reg);

/* VGPRs from v<code> on. */
bool isa_decode_vgpr(unsigned code, unsigned dwords, uint16_t *out_reg);

/* Sources that have a field in the instruction: not v_fmac's src2 and v_div_fmas's VCC. */
unsigned isa_op_count_fields(const struct isa_op_info *info);

/* v_interp_*: reads an attribute. */
bool isa_op_is_interp(enum isa_op op);

/* v_fma_mix*: VOP3P, but not packed. */
bool isa_op_is_mixed_fma(enum isa_op op);

/* Index of the source that is always a literal (v_fmamk, v_fmaak), or -1. */
int isa_op_embedded_literal(enum isa_op op);

/* An inline constant's code. */
static inline bool isa_reg_is_constant(uint16_t reg)
{
    return (reg >= ISA_REG_INT_0 && reg < ISA_REG_INT_NEG_1 + 16) ||
           (reg >= ISA_REG_FLOAT_FIRST && reg <= ISA_REG_FLOAT_LAST);
}

/* Whether source `index` takes neg and abs: floats do, and what v_cndmask picks. */
bool isa_decode_takes_mods(const struct isa_op_info *info, unsigned index);

/* Whether the constant of a SOPP instruction means anything. */
bool isa_sopp_has_operand(enum isa_op op);

/* Width of an operand whose type is no lane mask. */
static inline unsigned isa_decode_width(enum isa_type type)
{
    return isa_type_dwords(type, 32);
}

/* Encoding families. words[0] is readable. */
bool isa_decode_salu(struct isa_decoder *d);
bool isa_decode_smem(struct isa_decoder *d);
bool isa_decode_vop1(struct isa_decoder *d);
bool isa_decode_vop2(struct isa_decoder *d);
bool isa_decode_vopc(struct isa_decoder *d);
bool isa_decode_vop3(struct isa_decoder *d);
bool isa_decode_vop3p(struct isa_decoder *d);
bool isa_decode_vintrp(struct isa_decoder *d);
bool isa_decode_ds(struct isa_decoder *d);
bool isa_decode_flat(struct isa_decoder *d);
bool isa_decode_mubuf(struct isa_decoder *d);
bool isa_decode_mtbuf(struct isa_decoder *d);
bool isa_decode_mimg(struct isa_decoder *d);
bool isa_decode_exp(struct isa_decoder *d);

#endif
