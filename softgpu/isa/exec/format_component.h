/* SPDX-License-Identifier: MIT
 *
 * One component of a format: memory's bits to a register's and back. The functions are written
 * without branches where loops over lanes need that (valu_format.c), and are inlined into them with
 * a constant numeric type; format.c converts single elements with them.
 *
 * The host rounds to nearest. Thread safety: pure functions.
 */
#ifndef SOFTGPU_ISA_EXEC_FORMAT_COMPONENT_H
#define SOFTGPU_ISA_EXEC_FORMAT_COMPONENT_H

#include <math.h>

#include "softgpu/isa/exec/format.h"
#include "softgpu/isa/exec/sem_base.h"

#define COMPONENT_INLINE static inline __attribute__((always_inline))

/* ---- floats ---- */

/* Floats without a sign, of 5 exponent bits and `mantissa` fraction bits: f11 (6) and f10 (5). */
COMPONENT_INLINE uint32_t f32_from_small(uint32_t magnitude, unsigned mantissa)
{
    uint32_t fraction = magnitude & ((1u << mantissa) - 1);
    uint32_t exponent = magnitude >> mantissa;

    if (exponent == 31)
        return 0x7f800000 | fraction << (23 - mantissa);
    if (exponent == 0)
        return sem_bits32((float)(int32_t)fraction * sem_f32((127 - 14 - mantissa) << 23));
    return (exponent + 112) << 23 | fraction << (23 - mantissa);
}

/* Rounds a 0-and-up f32 pattern to nearest even, or cuts it. */
COMPONENT_INLINE uint32_t small_from_f32(uint32_t magnitude, unsigned mantissa, bool cut)
{
    const uint32_t infinity = 31u << mantissa;
    unsigned shift = 23 - mantissa;
    uint32_t exponent = magnitude >> 23;
    uint32_t value, half, rest;

    if (magnitude > 0x7f800000) /* NaN: keep the fraction's top, and a NaN */
        return infinity | 1u << (mantissa - 1) | (magnitude & 0x7fffff) >> shift;
    if (exponent > 142)
        return cut && magnitude != 0x7f800000 ? infinity - 1 : infinity;
    if (exponent >= 113) {
        value = magnitude - (112u << 23);
    } else {
        /* Denormal: the fraction with its leading one, further to the right. */
        if (exponent < 113 - mantissa - 1)
            return 0;
        value = (magnitude & 0x7fffff) | 0x800000;
        shift += 113 - exponent;
    }
    half = 1u << (shift - 1);
    rest = value & ((1u << shift) - 1);
    value >>= shift;
    return value + (!cut && (rest > half || (rest == half && (value & 1))));
}

COMPONENT_INLINE uint32_t float_unpack(uint32_t raw, unsigned bits)
{
    if (bits == 32)
        return raw;
    return bits == 16 ? sem_bits32(sem_f16_to_f32(raw)) : f32_from_small(raw, bits - 5);
}

COMPONENT_INLINE uint32_t float_pack(uint32_t value, unsigned bits, bool cut)
{
    if (bits == 32)
        return value;
    if (bits == 16)
        return sem_f32_to_f16(cut ? SEM_ROUND_ZERO : SEM_ROUND_EVEN, false, value);
    /* No sign: what is below 0 becomes 0, except NaNs. */
    if (value >> 31 && (value & 0x7fffffff) <= 0x7f800000)
        return 0;
    return small_from_f32(value & 0x7fffffff, bits - 5, cut);
}

/* The transfer function of IEC 61966-2-1. */
COMPONENT_INLINE float srgb_to_linear(float value)
{
    return value <= 0.04045f ? value / 12.92f : powf((value + 0.055f) / 1.055f, 2.4f);
}

COMPONENT_INLINE float linear_to_srgb(float value)
{
    return value <= 0.0031308f ? value * 12.92f : 1.055f * powf(value, 1 / 2.4f) - 0.055f;
}

COMPONENT_INLINE uint32_t clamp_to_one(uint32_t value)
{
    float v = sem_f32(value);

    return v > 0 ? sem_bits32(v < 1 ? v : 1) : 0; /* NaN: 0 */
}

/* ---- components ---- */

COMPONENT_INLINE uint32_t component_max_unsigned(unsigned bits)
{
    return (uint32_t)((1ull << bits) - 1);
}

COMPONENT_INLINE int32_t component_max_signed(unsigned bits)
{
    return (int32_t)(component_max_unsigned(bits) >> 1);
}

COMPONENT_INLINE int32_t component_sign_extend(uint32_t raw, unsigned bits)
{
    return (int32_t)(raw << (32 - bits)) >> (32 - bits);
}

/* Normalised and scaled components have at most 24 bits: signed integers, which the host converts
 * faster, hold them all. */
COMPONENT_INLINE uint32_t component_unpack(enum isa_format_numeric numeric, uint32_t raw,
                                           unsigned bits)
{
    switch (numeric) {
    case ISA_FORMAT_UNORM:
        return sem_bits32((float)(int32_t)raw / (float)component_max_unsigned(bits));
    case ISA_FORMAT_SNORM: {
        float value = (float)component_sign_extend(raw, bits) / (float)component_max_signed(bits);

        return sem_bits32(value < -1.0f ? -1.0f : value);
    }
    case ISA_FORMAT_USCALED:
        return sem_bits32((float)(int32_t)raw);
    case ISA_FORMAT_SSCALED:
        return sem_bits32((float)component_sign_extend(raw, bits));
    case ISA_FORMAT_SINT:
        return (uint32_t)component_sign_extend(raw, bits);
    case ISA_FORMAT_FLOAT:
    case ISA_FORMAT_FLOAT_CLAMP:
        return float_unpack(raw, bits);
    case ISA_FORMAT_SRGB:
        return sem_bits32(
            srgb_to_linear((float)(int32_t)raw / (float)component_max_unsigned(bits)));
    default:
        return raw;
    }
}

/* Scales, clamps and rounds; NaN becomes 0. */
COMPONENT_INLINE int32_t float_to_integer(uint32_t value, double scale,
                                          enum isa_format_rounding rounding, int32_t low,
                                          int32_t high)
{
    double v = (double)sem_f32(value) * scale;

    v = v == v ? v : 0;
    v = v > low ? v : low;
    v = v < high ? v : high;
    if (rounding == ISA_FORMAT_ROUND_EVEN)
        v = rint(v);
    else if (rounding == ISA_FORMAT_ROUND_HALF)
        v += v < 0 ? -0.5 : 0.5; /* exact: an f32 times at most 24 bits leaves room */
    return (int32_t)v;
}

COMPONENT_INLINE uint32_t component_pack(enum isa_format_numeric numeric, uint32_t value,
                                         unsigned bits, enum isa_format_rounding rounding)
{
    const uint32_t mask = component_max_unsigned(bits);
    const int32_t top = (int32_t)mask, high = component_max_signed(bits), low = -high - 1;

    switch (numeric) {
    case ISA_FORMAT_UNORM:
        return (uint32_t)float_to_integer(value, top, rounding, 0, top);
    case ISA_FORMAT_SNORM:
        return (uint32_t)float_to_integer(value, high, rounding, -high, high) & mask;
    case ISA_FORMAT_USCALED:
        return (uint32_t)float_to_integer(value, 1.0, ISA_FORMAT_ROUND_CUT, 0, top);
    case ISA_FORMAT_SSCALED:
        return (uint32_t)float_to_integer(value, 1.0, ISA_FORMAT_ROUND_CUT, low, high) & mask;
    case ISA_FORMAT_SINT: {
        int32_t v = (int32_t)value;

        return (uint32_t)(v < low ? low : v > high ? high : v) & mask;
    }
    case ISA_FORMAT_FLOAT:
        return float_pack(value, bits, rounding == ISA_FORMAT_ROUND_CUT);
    case ISA_FORMAT_FLOAT_CLAMP:
        return clamp_to_one(value);
    case ISA_FORMAT_SRGB:
        value = sem_bits32(linear_to_srgb(sem_f32(clamp_to_one(value))));
        return (uint32_t)float_to_integer(value, top, rounding, 0, top);
    default:
        return value > mask ? mask : value;
    }
}

#endif
