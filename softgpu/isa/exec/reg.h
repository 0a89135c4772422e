/* SPDX-License-Identifier: MIT
 *
 * Registers as memory and flow instructions use them: scalar addresses and offsets, rows of VGPRs.
 *
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_REG_H
#define SOFTGPU_ISA_EXEC_REG_H

#include "softgpu/isa/exec/operand.h"
#include "softgpu/isa/wave.h"

/* A scalar operand that may be absent, which is 0. */
static inline uint32_t isa_reg_scalar32(const struct isa_wave *w, const struct isa_inst *inst,
                                        uint16_t reg)
{
    return reg == ISA_REG_NONE ? 0 : isa_scalar_b32(w, inst, reg);
}

/* A pair of SGPRs as an address. */
static inline uint64_t isa_reg_address(const struct isa_wave *w, const struct isa_inst *inst,
                                       uint16_t reg)
{
    return isa_scalar_b64(w, inst, reg, ISA_T_B64);
}

/* Four registers as a descriptor; what reaches beyond the register file is 0. */
static inline void isa_reg_descriptor(const struct isa_wave *w, uint16_t reg, uint32_t out[4])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = reg + i <= ISA_REG_EXEC_HI ? w->sgpr[reg + i] : 0;
}

static inline bool isa_reg_is_vgpr(uint16_t reg)
{
    return reg >= ISA_REG_VGPR0 && reg < ISA_REG_VGPR0 + 256;
}

/* The lanes' values of dword `dword` of a VGPR operand. Up to 16 dwords may follow v255. */
static inline uint32_t *isa_reg_row(const struct isa_wave *w, uint16_t reg, unsigned dword)
{
    return w->vgpr + (size_t)(reg - ISA_REG_VGPR0 + dword) * w->lanes;
}

/* Walks the set bits of `mask`, lowest first. */
#define ISA_FOR_LANES(lane, mask)                                                                  \
    for (uint64_t lanes_left = (mask), lane = 0;                                                   \
         lanes_left && (lane = (uint64_t)__builtin_ctzll(lanes_left), true);                       \
         lanes_left &= lanes_left - 1)

#endif
