/* SPDX-License-Identifier: MIT
 *
 * Scalar operands: SGPRs, inline constants, literals and special registers, read by the type that
 * the operation gives the operand, and SGPR destinations.
 *
 * Constants, by type:
 *   32 bits       integers and f32 constants as they are; also for 16-bit integers, which take the
 *                 low half (LLVM: isInlinableLiteralI16)
 *   F16           f16 constants
 *   64 bits       integers sign-extended, f64 constants whatever the type; a literal is the upper
 *                 half of an F64, sign-extended for I64, else zero-extended
 * src_shared_base and the like are 64-bit values whose address is in the upper half; a 32-bit
 * operand sees the lower one.
 *
 * Sources: "RDNA 2" ISA reference guide, "Scalar ALU operations" and "Operands"; LLVM's AMDGPU
 * target for constants of 16- and 64-bit operands.
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_OPERAND_H
#define SOFTGPU_ISA_EXEC_OPERAND_H

#include "softgpu/isa/exec/status.h"
#include "softgpu/isa/wave.h"

/* SGPRs an instruction can name: s0..s105 and VCC. */
enum { ISA_SGPR_LIMIT = ISA_REG_VCC_HI + 1 };

/* What 128..255 mean; `reg` is none of the SGPRs. ISA_REG_LDS_DIRECT is the caller's business. */
uint32_t isa_constant_b32(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg);
uint32_t isa_constant_f16(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg);
uint64_t isa_constant_b64(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg,
                          enum isa_type type);

static inline bool isa_type_is_64(enum isa_type type)
{
    return type == ISA_T_B64 || type == ISA_T_F64 || type == ISA_T_I64 || type == ISA_T_U64;
}

static inline bool isa_type_is_16(enum isa_type type)
{
    return type == ISA_T_B16 || type == ISA_T_F16 || type == ISA_T_I16 || type == ISA_T_U16;
}

static inline bool isa_type_is_float(enum isa_type type)
{
    return type == ISA_T_F16 || type == ISA_T_F32 || type == ISA_T_F64;
}

/* A scalar source of 32 bits. sgpr[ISA_REG_NULL] stays 0: nothing writes it. */
static inline uint32_t isa_scalar_b32(const struct isa_wave *w, const struct isa_inst *inst,
                                      unsigned reg)
{
    return reg < ISA_REG_INT_0 ? w->sgpr[reg] : isa_constant_b32(w, inst, reg);
}

/* A scalar source of 64 bits: an aligned pair of SGPRs, or a constant. NULL is 64 bits of zero. */
static inline uint64_t isa_scalar_b64(const struct isa_wave *w, const struct isa_inst *inst,
                                      unsigned reg, enum isa_type type)
{
    if (reg >= ISA_REG_INT_0)
        return isa_constant_b64(w, inst, reg, type);
    if (reg == ISA_REG_NULL)
        return 0;
    return w->sgpr[reg] | (uint64_t)w->sgpr[(reg + 1) & 127] << 32;
}

/* A mask operand: one bit a lane. */
static inline uint64_t isa_scalar_mask(const struct isa_wave *w, const struct isa_inst *inst,
                                       unsigned reg)
{
    return w->lanes == 64 ? isa_scalar_b64(w, inst, reg, ISA_T_B64) : isa_scalar_b32(w, inst, reg);
}

/* Writes an SGPR. NULL takes no value, and trap temporaries only inside the trap handler. */
static inline void isa_sgpr_write_b32(struct isa_wave *w, unsigned reg, uint32_t value)
{
    if (reg >= ISA_REG_TTMP0 && reg < ISA_REG_M0 && !isa_wave_in_trap(w))
        return;
    if (reg < ISA_REG_INT_0 && reg != ISA_REG_NULL)
        w->sgpr[reg] = value;
}

static inline void isa_sgpr_write_b64(struct isa_wave *w, unsigned reg, uint64_t value)
{
    isa_sgpr_write_b32(w, reg, (uint32_t)value);
    if (reg != ISA_REG_NULL)
        isa_sgpr_write_b32(w, reg + 1, (uint32_t)(value >> 32));
}

static inline void isa_sgpr_write_mask(struct isa_wave *w, unsigned reg, uint64_t value)
{
    if (w->lanes == 64)
        isa_sgpr_write_b64(w, reg, value);
    else
        isa_sgpr_write_b32(w, reg, (uint32_t)value);
}

#endif
