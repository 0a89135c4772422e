/* SPDX-License-Identifier: MIT
 *
 * Constants and special registers as operands: see operand.h.
 */
#include "softgpu/isa/exec/operand.h"

enum { FLOAT_CONSTANTS = ISA_REG_FLOAT_LAST - ISA_REG_FLOAT_FIRST + 1 };

/* 0.5 -0.5 1 -1 2 -2 4 -4 1/(2*pi) */
static const uint16_t constants_f16[FLOAT_CONSTANTS] = {
    0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118,
};

static const uint32_t constants_f32[FLOAT_CONSTANTS] = {
    0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
    0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983,
};

static const uint64_t constants_f64[FLOAT_CONSTANTS] = {
    0x3fe0000000000000, 0xbfe0000000000000, 0x3ff0000000000000,
    0xbff0000000000000, 0x4000000000000000, 0xc000000000000000,
    0x4010000000000000, 0xc010000000000000, 0x3fc45f306dc9c882,
};

static bool constant_is_float(unsigned reg)
{
    return reg >= ISA_REG_FLOAT_FIRST && reg <= ISA_REG_FLOAT_LAST;
}

/* 128..208; false for others. */
static bool constant_integer(unsigned reg, int32_t *out_value)
{
    if (reg < ISA_REG_INT_0 || reg > ISA_REG_INT_NEG_1 + 15)
        return false;
    *out_value = reg < ISA_REG_INT_NEG_1 ? (int32_t)reg - ISA_REG_INT_0
                                         : ISA_REG_INT_NEG_1 - 1 - (int32_t)reg;
    return true;
}

static uint64_t special_b64(const struct isa_wave *w, unsigned reg)
{
    const uint64_t high = 0xffffffff00000000, low = 0xffffffff;

    switch (reg) {
    case ISA_REG_SHARED_BASE:
        return w->shared_base & high;
    case ISA_REG_SHARED_LIMIT:
        return w->shared_base | low;
    case ISA_REG_PRIVATE_BASE:
        return w->private_base & high;
    case ISA_REG_PRIVATE_LIMIT:
        return w->private_base | low;
    case ISA_REG_VCCZ:
        return isa_wave_vccz(w);
    case ISA_REG_EXECZ:
        return !isa_wave_exec(w);
    case ISA_REG_SCC:
        return w->scc;
    default: /* POPS_EXITING_WAVE_ID, reserved numbers */
        return 0;
    }
}

uint32_t isa_constant_b32(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg)
{
    int32_t integer;

    if (constant_integer(reg, &integer))
        return (uint32_t)integer;
    if (constant_is_float(reg))
        return constants_f32[reg - ISA_REG_FLOAT_FIRST];
    if (reg == ISA_REG_LITERAL)
        return inst->literal;
    return (uint32_t)special_b64(w, reg);
}

uint32_t isa_constant_f16(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg)
{
    if (constant_is_float(reg))
        return constants_f16[reg - ISA_REG_FLOAT_FIRST];
    return isa_constant_b32(w, inst, reg);
}

uint64_t isa_constant_b64(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg,
                          enum isa_type type)
{
    int32_t integer;

    if (constant_integer(reg, &integer))
        return (uint64_t)(int64_t)integer;
    if (constant_is_float(reg))
        return constants_f64[reg - ISA_REG_FLOAT_FIRST];
    if (reg == ISA_REG_LITERAL && type == ISA_T_F64)
        return (uint64_t)inst->literal << 32;
    if (reg == ISA_REG_LITERAL && type == ISA_T_I64)
        return (uint64_t)(int64_t)(int32_t)inst->literal;
    if (reg == ISA_REG_LITERAL)
        return inst->literal;
    return special_b64(w, reg);
}
