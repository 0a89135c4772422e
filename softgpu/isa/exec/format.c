/* SPDX-License-Identifier: MIT
 *
 * Buffer formats of GFX10: see format.h.
 */
#include "softgpu/isa/exec/format.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "softgpu/isa/exec/sem_base.h"

/* X(first number, bytes, bits of X, Y, Z, W): groups that have these numeric formats in order:
 * INT3: UINT SINT FLOAT; INT6: UNORM SNORM USCALED SSCALED UINT SINT; ALL7: INT6 and FLOAT. */
#define GROUP_INT3(n, ...)                                                                         \
    ROW((n) + 0, UINT, __VA_ARGS__) ROW((n) + 1, SINT, __VA_ARGS__) ROW((n) + 2, FLOAT, __VA_ARGS__)
#define GROUP_INT6(n, ...)                                                                         \
    ROW((n) + 0, UNORM, __VA_ARGS__)                                                               \
    ROW((n) + 1, SNORM, __VA_ARGS__)                                                               \
    ROW((n) + 2, USCALED, __VA_ARGS__)                                                             \
    ROW((n) + 3, SSCALED, __VA_ARGS__)                                                             \
    ROW((n) + 4, UINT, __VA_ARGS__)                                                                \
    ROW((n) + 5, SINT, __VA_ARGS__)
#define GROUP_ALL7(n, ...) GROUP_INT6(n, __VA_ARGS__) ROW((n) + 6, FLOAT, __VA_ARGS__)
#define ROW(number, type, size, ...)                                                               \
    [number] = {.bytes = size, .bits = {__VA_ARGS__}, .numeric = ISA_FORMAT_##type},

static const struct isa_format formats[] = {
    GROUP_INT6(1, 1, 8)                /* 8 */
    GROUP_ALL7(7, 2, 16)               /* 16 */
    GROUP_INT6(14, 2, 8, 8)            /* 8_8 */
    GROUP_INT3(20, 4, 32)              /* 32 */
    GROUP_ALL7(23, 4, 16, 16)          /* 16_16 */
    GROUP_ALL7(30, 4, 11, 11, 10)      /* 10_11_11 */
    GROUP_ALL7(37, 4, 10, 11, 11)      /* 11_11_10 */
    GROUP_INT6(44, 4, 2, 10, 10, 10)   /* 10_10_10_2 */
    GROUP_INT6(50, 4, 10, 10, 10, 2)   /* 2_10_10_10 */
    GROUP_INT6(56, 4, 8, 8, 8, 8)      /* 8_8_8_8 */
    GROUP_INT3(62, 8, 32, 32)          /* 32_32 */
    GROUP_ALL7(65, 8, 16, 16, 16, 16)  /* 16_16_16_16 */
    GROUP_INT3(72, 12, 32, 32, 32)     /* 32_32_32 */
    GROUP_INT3(75, 16, 32, 32, 32, 32) /* 32_32_32_32 */
};

const struct isa_format *isa_format_find(unsigned number)
{
    if (number >= sizeof(formats) / sizeof(formats[0]) || formats[number].bytes == 0)
        return NULL;
    return &formats[number];
}

/* ---- floats ---- */

/* Floats without a sign, of 5 exponent bits and `mantissa` fraction bits: f11 (6) and f10 (5). */
static uint32_t f32_from_small(uint32_t magnitude, unsigned mantissa)
{
    uint32_t fraction = magnitude & ((1u << mantissa) - 1);
    uint32_t exponent = magnitude >> mantissa;

    if (exponent == 31)
        return 0x7f800000 | fraction << (23 - mantissa);
    if (exponent == 0)
        return sem_bits32(ldexpf((float)fraction, -14 - (int)mantissa));
    return (exponent + 112) << 23 | fraction << (23 - mantissa);
}

/* Rounds a 0-and-up f32 pattern to nearest even. */
static uint32_t small_from_f32(uint32_t magnitude, unsigned mantissa)
{
    const uint32_t infinity = 31u << mantissa;
    unsigned shift = 23 - mantissa;
    uint32_t exponent = magnitude >> 23;
    uint32_t value, half, rest;

    if (magnitude > 0x7f800000) /* NaN: keep the fraction's top, and a NaN */
        return infinity | 1u << (mantissa - 1) | (magnitude & 0x7fffff) >> shift;
    if (exponent > 142)
        return infinity;
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
    return value + (rest > half || (rest == half && (value & 1)));
}

uint32_t isa_format_f32_from_f16(uint16_t half)
{
    return sem_bits32(sem_f16_to_f32(half));
}

uint16_t isa_format_f16_from_f32(uint32_t single)
{
    return (uint16_t)sem_f32_to_f16(SEM_ROUND_EVEN, false, single);
}

static uint32_t float_unpack(uint32_t raw, unsigned bits)
{
    if (bits == 32)
        return raw;
    return bits == 16 ? isa_format_f32_from_f16((uint16_t)raw) : f32_from_small(raw, bits - 5);
}

static uint32_t float_pack(uint32_t value, unsigned bits)
{
    if (bits == 32)
        return value;
    if (bits == 16)
        return isa_format_f16_from_f32(value);
    /* No sign: what is below 0 becomes 0, except NaNs. */
    if (value >> 31 && (value & 0x7fffffff) <= 0x7f800000)
        return 0;
    return small_from_f32(value & 0x7fffffff, bits - 5);
}

/* ---- components ---- */

static uint32_t max_unsigned(unsigned bits)
{
    return (uint32_t)((1ull << bits) - 1);
}

static int32_t max_signed(unsigned bits)
{
    return (int32_t)(max_unsigned(bits) >> 1);
}

static int32_t sign_extend(uint32_t raw, unsigned bits)
{
    return (int32_t)(raw << (32 - bits)) >> (32 - bits);
}

static uint32_t component_unpack(enum isa_format_numeric numeric, uint32_t raw, unsigned bits)
{
    switch (numeric) {
    case ISA_FORMAT_UNORM:
        return sem_bits32((float)raw / (float)max_unsigned(bits));
    case ISA_FORMAT_SNORM: {
        float value = (float)sign_extend(raw, bits) / (float)max_signed(bits);

        return sem_bits32(value < -1.0f ? -1.0f : value);
    }
    case ISA_FORMAT_USCALED:
        return sem_bits32((float)raw);
    case ISA_FORMAT_SSCALED:
        return sem_bits32((float)sign_extend(raw, bits));
    case ISA_FORMAT_SINT:
        return (uint32_t)sign_extend(raw, bits);
    case ISA_FORMAT_FLOAT:
        return float_unpack(raw, bits);
    default:
        return raw;
    }
}

/* Scales, rounds to nearest (`scaled`: cuts) and clamps; NaN becomes 0. */
static int64_t float_to_integer(uint32_t value, double scale, bool scaled, int64_t low,
                                int64_t high)
{
    double v = (double)sem_f32(value) * scale;

    if (!(v == v))
        return 0;
    v = scaled ? trunc(v) : rint(v);
    if (v < (double)low)
        return low;
    return v > (double)high ? high : (int64_t)v;
}

static uint32_t component_pack(enum isa_format_numeric numeric, uint32_t value, unsigned bits)
{
    const int64_t top = max_unsigned(bits), high = max_signed(bits), low = -high - 1;

    switch (numeric) {
    case ISA_FORMAT_UNORM:
        return (uint32_t)float_to_integer(value, (double)top, false, 0, top);
    case ISA_FORMAT_SNORM:
        return (uint32_t)float_to_integer(value, (double)high, false, -high, high) &
               max_unsigned(bits);
    case ISA_FORMAT_USCALED:
        return (uint32_t)float_to_integer(value, 1.0, true, 0, top);
    case ISA_FORMAT_SSCALED:
        return (uint32_t)float_to_integer(value, 1.0, true, low, high) & max_unsigned(bits);
    case ISA_FORMAT_SINT: {
        int64_t v = (int32_t)value;

        return (uint32_t)(v < low ? low : v > high ? high : v) & max_unsigned(bits);
    }
    case ISA_FORMAT_FLOAT:
        return float_pack(value, bits);
    default:
        return value > top ? (uint32_t)top : value;
    }
}

/* ---- elements ---- */

/* No component goes across a 32-bit boundary. */
static uint32_t element_get(const uint8_t *element, unsigned bytes, unsigned shift, unsigned bits)
{
    uint32_t word = 0;
    unsigned at = shift / 32 * 4;

    memcpy(&word, element + at, bytes - at < 4 ? bytes - at : 4);
    return word >> shift % 32 & max_unsigned(bits);
}

static void element_put(uint8_t *element, unsigned bytes, unsigned shift, uint32_t raw)
{
    uint32_t word = 0;
    unsigned at = shift / 32 * 4, n = bytes - at < 4 ? bytes - at : 4;

    memcpy(&word, element + at, n);
    word |= raw << shift % 32;
    memcpy(element + at, &word, n);
}

void isa_format_unpack(const struct isa_format *format, const uint8_t *element, uint32_t out[4])
{
    const uint32_t one = isa_format_is_integer(format) ? 1 : sem_bits32(1.0f);
    unsigned shift = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned bits = format->bits[i];

        if (bits == 0) {
            out[i] = i == 3 ? one : 0;
            continue;
        }
        out[i] = component_unpack((enum isa_format_numeric)format->numeric,
                                  element_get(element, format->bytes, shift, bits), bits);
        shift += bits;
    }
}

void isa_format_pack(const struct isa_format *format, const uint32_t in[4], uint8_t *out_element)
{
    unsigned shift = 0;

    memset(out_element, 0, format->bytes);
    for (unsigned i = 0; i < 4 && format->bits[i]; i++) {
        element_put(
            out_element, format->bytes, shift,
            component_pack((enum isa_format_numeric)format->numeric, in[i], format->bits[i]));
        shift += format->bits[i];
    }
}
