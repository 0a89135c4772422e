/* SPDX-License-Identifier: MIT
 *
 * A decoded AMDGPU instruction, and the operations it can name. One operation (v_add_f32) exists
 * once, whatever encodings (VOP2, VOP3, SDWA, DPP) and GPU generations spell it; spec/ lists the
 * operations (ops.def) and each generation's encodings (gfx10.def). The decoder, the
 * disassembler, the interpreter and the tests all expand those two lists.
 *
 * Sources: "RDNA 2" Instruction Set Architecture reference guide (AMD, November 2020); opcode
 * numbers agree with LLVM's AMDGPU target, which tests/differential checks.
 *
 * Thread safety: everything is immutable after decoding.
 */
#ifndef SOFTGPU_ISA_INST_H
#define SOFTGPU_ISA_INST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "softgpu/isa/spec/flags.h"

/* Register and constant numbers: the 9-bit source-operand space of GFX10, which is the model's
 * canonical numbering on every generation (GFX11 swaps M0 and NULL; its decoder swaps back). */
enum isa_reg {
    ISA_REG_SGPR0 = 0, /* s0..s105 */
    ISA_REG_VCC_LO = 106,
    ISA_REG_VCC_HI = 107,
    ISA_REG_TTMP0 = 108, /* ttmp0..ttmp15 */
    ISA_REG_M0 = 124,
    ISA_REG_NULL = 125,
    ISA_REG_EXEC_LO = 126,
    ISA_REG_EXEC_HI = 127,
    ISA_REG_INT_0 = 128,     /* 128..192: 0..64 */
    ISA_REG_INT_NEG_1 = 193, /* 193..208: -1..-16 */
    ISA_REG_SHARED_BASE = 235,
    ISA_REG_SHARED_LIMIT = 236,
    ISA_REG_PRIVATE_BASE = 237,
    ISA_REG_PRIVATE_LIMIT = 238,
    ISA_REG_POPS_EXITING_WAVE_ID = 239,
    ISA_REG_FLOAT_FIRST = 240, /* 240..248: 0.5 -0.5 1.0 -1.0 2.0 -2.0 4.0 -4.0 1/(2*pi) */
    ISA_REG_FLOAT_LAST = 248,
    ISA_REG_VCCZ = 251,
    ISA_REG_EXECZ = 252,
    ISA_REG_SCC = 253,
    ISA_REG_LDS_DIRECT = 254,
    ISA_REG_LITERAL = 255,
    ISA_REG_VGPR0 = 256, /* v0..v255 */
    ISA_REG_NONE = 0xffff,
};

enum isa_enc {
    ISA_ENC_SOP2,
    ISA_ENC_SOP1,
    ISA_ENC_SOPK,
    ISA_ENC_SOPC,
    ISA_ENC_SOPP,
    ISA_ENC_SMEM,
    ISA_ENC_VOP1,
    ISA_ENC_VOP2,
    ISA_ENC_VOPC,
    ISA_ENC_VOP3, /* VOP3A and VOP3B, also promoted VOP1/VOP2/VOPC */
    ISA_ENC_VOP3P,
    ISA_ENC_VINTRP,
    ISA_ENC_DS,
    ISA_ENC_FLAT,
    ISA_ENC_GLOBAL,
    ISA_ENC_SCRATCH,
    ISA_ENC_MUBUF,
    ISA_ENC_MTBUF,
    ISA_ENC_MIMG,
    ISA_ENC_EXP,
    ISA_ENC_COUNT
};

/* Operand types of an operation; the width follows from the type (isa_type_dwords). */
enum isa_type {
    ISA_T_NONE,
    ISA_T_B16, /* untyped 16 bits */
    ISA_T_B32,
    ISA_T_B64,
    ISA_T_B96,
    ISA_T_B128,
    ISA_T_B256,
    ISA_T_B512,
    ISA_T_F16,
    ISA_T_F32,
    ISA_T_F64,
    ISA_T_I16,
    ISA_T_I32,
    ISA_T_I64,
    ISA_T_U16,
    ISA_T_U32,
    ISA_T_U64,
    ISA_T_PK16,  /* two packed 16-bit values (VOP3P), op_sel applies */
    ISA_T_MASK,  /* one bit a lane: one SGPR in wave32, a pair in wave64 */
    ISA_T_MEM,   /* memory data: width is the operation's */
    ISA_T_COUNT
};

/* The unit that executes an operation. */
enum isa_unit { ISA_UNIT_SALU, ISA_UNIT_VALU, ISA_UNIT_SMEM, ISA_UNIT_LDS, ISA_UNIT_VMEM,
                ISA_UNIT_FLOW, ISA_UNIT_IMAGE, ISA_UNIT_EXPORT };

/* Operation numbers ISA_OP_<name>, e.g. ISA_OP_v_add_f32. */
#define ISA_OP(name, ...) ISA_OP_##name,
enum isa_op {
    ISA_OP_invalid,
#include "softgpu/isa/spec/ops.def"
    ISA_OP_COUNT
};
#undef ISA_OP

/* What is known of an operation without executing it. */
struct isa_op_info {
    const char *name;
    uint8_t unit;   /* enum isa_unit */
    uint8_t dst;    /* enum isa_type of the first destination */
    uint8_t dst2;   /* carry-out and the like; ISA_T_NONE if there is none */
    uint8_t src[4]; /* enum isa_type */
    uint32_t flags; /* enum isa_op_flag */
};
extern const struct isa_op_info isa_ops[ISA_OP_COUNT];

/* Sub-dword and cross-lane source modifiers. */
enum isa_vmod { ISA_VMOD_NONE, ISA_VMOD_SDWA, ISA_VMOD_DPP16, ISA_VMOD_DPP8 };

struct isa_inst {
    uint16_t op;     /* enum isa_op */
    uint8_t enc;     /* enum isa_enc */
    uint8_t dwords;  /* size in the code, literal and MIMG NSA words included */
    uint16_t dst;    /* enum isa_reg numbering; ISA_REG_NONE if there is none */
    uint16_t dst2;   /* VOP3B sdst, VCC of v_add_co_ci_u32, ... */
    uint16_t src[4]; /* implicit sources (VCC of v_cndmask_b32) are filled in */
    uint32_t literal; /* value of ISA_REG_LITERAL; already expanded for k-constants (v_fmaak) */
    int32_t imm;     /* SOPK/SOPP simm16 (sign-extended), DS offset0|offset1<<8, memory offset */

    /* VOP modifiers. Bit i belongs to src[i]; op_sel bit 3 to dst. */
    uint8_t neg, abs, neg_hi, op_sel, op_sel_hi;
    uint8_t clamp : 1, omod : 2, vmod : 2; /* vmod: enum isa_vmod */
    union {
        struct { /* SDWA: selectors 0..3 byte, 4..5 word, 6 dword */
            uint8_t dst_sel, dst_unused, src_sel[2], sext; /* sext: bit per source */
        } sdwa;
        struct { /* DPP16 */
            uint16_t ctrl;
            uint8_t row_mask, bank_mask;
            uint8_t bound_ctrl, fi;
        } dpp16;
        struct { /* DPP8 */
            uint8_t lane[8];
            uint8_t fi;
        } dpp8;
        struct { /* SMEM, DS, FLAT family, MUBUF, MTBUF */
            uint16_t saddr; /* SGPR address or offset register; ISA_REG_NONE if absent */
            uint8_t glc : 1, slc : 1, dlc : 1, lds : 1, offen : 1, idxen : 1, gds : 1, tfe : 1;
            uint8_t format; /* MTBUF */
        } mem;
        struct { /* MIMG */
            uint8_t dmask, dim, glc : 1, slc : 1, dlc : 1, unrm : 1, a16 : 1, d16 : 1, lwe : 1,
                tfe : 1;
            uint8_t r128 : 1, nsa;     /* nsa: extra address dwords */
            uint8_t addr[13];          /* NSA VGPR numbers */
        } img;
        struct { /* EXP */
            uint8_t target, en, compr : 1, done : 1, vm : 1;
        } exp;
    };
};

/* Number of dwords that a register operand of this type occupies in a wave of `lanes`. */
unsigned isa_type_dwords(enum isa_type type, unsigned lanes);

/* Instruction-set generations. A generation is a decoder table; a profile names one. */
enum isa_gen { ISA_GEN_GFX10_3, ISA_GEN_COUNT };

/* Decodes one instruction. `count` is the number of dwords that may be read. Returns the number
 * of dwords used, or 0 when the words are no instruction of this generation or are cut short;
 * `out->op` is then ISA_OP_invalid and `out->enc` the encoding family if that was recognised.
 * Never reads past `count`, never faults on any input. */
unsigned isa_decode(enum isa_gen gen, const uint32_t *words, size_t count, struct isa_inst *out);

/* Writes LLVM's assembler syntax into `text` (always terminated). `lanes` is 32 or 64; `pc` is
 * used for branch targets and may be 0. Returns the length that was needed. */
size_t isa_disassemble(enum isa_gen gen, const struct isa_inst *inst, unsigned lanes, uint64_t pc,
                       char *text, size_t size);

#endif
