/* SPDX-License-Identifier: MIT
 *
 * Formats of GFX10: see format.h.
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
#define BLOCKS(number, type, size)                                                                 \
    [number] = {.bytes = size, .numeric = ISA_FORMAT_##type, .block = 4},

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

    /* images only */
    ROW(128, SRGB, 1, 8) ROW(129, SRGB, 2, 8, 8) ROW(130, SRGB, 4, 8, 8, 8, 8)
        ROW(132, SHARED_EXPONENT, 4, 9, 9, 9, 5) /* 5_9_9_9 */
    ROW(133, UNORM, 2, 5, 6, 5)                  /* 5_6_5 */
    ROW(134, UNORM, 2, 5, 5, 5, 1)               /* 1_5_5_5 */
    ROW(135, UNORM, 2, 1, 5, 5, 5)               /* 5_5_5_1 */
    ROW(136, UNORM, 2, 4, 4, 4, 4) ROW(137, UNORM, 1, 4, 4) ROW(140, FLOAT_CLAMP, 4, 32)
        ROW(141, UNORM, 4, 24, 8)                      /* 8_24 */
    ROW(142, UINT, 4, 24, 8) ROW(143, UNORM, 4, 8, 24) /* 24_8 */
    ROW(144, UINT, 4, 8, 24) ROW(145, UINT, 8, 32, 8)  /* X24_8_32 */
    ROW(146, FLOAT, 8, 32)                             /* X24_8_32: depth alone */
    BLOCKS(169, UNORM, 8)                              /* BC1 */
    BLOCKS(170, SRGB, 8) BLOCKS(171, UNORM, 16)        /* BC2 */
    BLOCKS(172, SRGB, 16) BLOCKS(173, UNORM, 16)       /* BC3 */
    BLOCKS(174, SRGB, 16) BLOCKS(175, UNORM, 8)        /* BC4 */
    BLOCKS(176, SNORM, 8) BLOCKS(177, UNORM, 16)       /* BC5 */
    BLOCKS(178, SNORM, 16) BLOCKS(179, FLOAT, 16)      /* BC6 */
    BLOCKS(180, FLOAT, 16) BLOCKS(181, UNORM, 16)      /* BC7 */
    BLOCKS(182, SRGB, 16)};

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

/* Rounds a 0-and-up f32 pattern to nearest even, or cuts it. */
static uint32_t small_from_f32(uint32_t magnitude, unsigned mantissa, bool cut)
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

static uint32_t float_pack(uint32_t value, unsigned bits, bool cut)
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
static float srgb_to_linear(float value)
{
    return value <= 0.04045f ? value / 12.92f : powf((value + 0.055f) / 1.055f, 2.4f);
}

static float linear_to_srgb(float value)
{
    return value <= 0.0031308f ? value * 12.92f : 1.055f * powf(value, 1 / 2.4f) - 0.055f;
}

static uint32_t clamp_to_one(uint32_t value)
{
    float v = sem_f32(value);

    return v > 0 ? sem_bits32(v < 1 ? v : 1) : 0; /* NaN: 0 */
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
    case ISA_FORMAT_FLOAT_CLAMP:
        return float_unpack(raw, bits);
    case ISA_FORMAT_SRGB:
        return sem_bits32(srgb_to_linear((float)raw / (float)max_unsigned(bits)));
    default:
        return raw;
    }
}

/* Scales, rounds and clamps; NaN becomes 0. */
static int64_t float_to_integer(uint32_t value, double scale, enum isa_format_rounding rounding,
                                int64_t low, int64_t high)
{
    double v = (double)sem_f32(value) * scale;

    if (!(v == v))
        return 0;
    if (rounding == ISA_FORMAT_ROUND_EVEN)
        v = rint(v);
    else
        v = rounding == ISA_FORMAT_ROUND_HALF ? round(v) : trunc(v);
    if (v < (double)low)
        return low;
    return v > (double)high ? high : (int64_t)v;
}

static uint32_t component_pack(enum isa_format_numeric numeric, uint32_t value, unsigned bits,
                               enum isa_format_rounding rounding)
{
    const int64_t top = max_unsigned(bits), high = max_signed(bits), low = -high - 1;

    switch (numeric) {
    case ISA_FORMAT_UNORM:
        return (uint32_t)float_to_integer(value, (double)top, rounding, 0, top);
    case ISA_FORMAT_SNORM:
        return (uint32_t)float_to_integer(value, (double)high, rounding, -high, high) &
               max_unsigned(bits);
    case ISA_FORMAT_USCALED:
        return (uint32_t)float_to_integer(value, 1.0, ISA_FORMAT_ROUND_CUT, 0, top);
    case ISA_FORMAT_SSCALED:
        return (uint32_t)float_to_integer(value, 1.0, ISA_FORMAT_ROUND_CUT, low, high) &
               max_unsigned(bits);
    case ISA_FORMAT_SINT: {
        int64_t v = (int32_t)value;

        return (uint32_t)(v < low ? low : v > high ? high : v) & max_unsigned(bits);
    }
    case ISA_FORMAT_FLOAT:
        return float_pack(value, bits, rounding == ISA_FORMAT_ROUND_CUT);
    case ISA_FORMAT_FLOAT_CLAMP:
        return clamp_to_one(value);
    case ISA_FORMAT_SRGB:
        value = sem_bits32(linear_to_srgb(sem_f32(clamp_to_one(value))));
        return (uint32_t)float_to_integer(value, (double)top, rounding, 0, top);
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

/* RGB9E5, as EXT_texture_shared_exponent defines it: 9 bits of fraction each, one exponent with
 * bias 15. */
enum { SHARED_FRACTION = 9, SHARED_BIAS = 15, SHARED_EXPONENT_MAX = 31 };

static void shared_exponent_unpack(uint32_t word, uint32_t out[4])
{
    int exponent = (int)(word >> 27) - SHARED_BIAS - SHARED_FRACTION;

    for (unsigned i = 0; i < 3; i++)
        out[i] = sem_bits32(ldexpf((float)(word >> 9 * i & 0x1ff), exponent));
    out[3] = sem_bits32(1.0f);
}

static uint32_t shared_exponent_pack(const uint32_t in[4])
{
    const float highest = ldexpf(511.0f / 512, SHARED_EXPONENT_MAX - SHARED_BIAS);
    float value[3], largest = 0;
    int exponent = 0;
    uint32_t word;

    for (unsigned i = 0; i < 3; i++) {
        float v = sem_f32(in[i]);

        value[i] = v > 0 ? (v < highest ? v : highest) : 0; /* NaN: 0 */
        largest = value[i] > largest ? value[i] : largest;
    }
    if (largest > 0)
        exponent = ilogbf(largest) + 1 + SHARED_BIAS;
    if (exponent < 0)
        exponent = 0;
    if (floorf(ldexpf(largest, SHARED_FRACTION + SHARED_BIAS - exponent) + 0.5f) > 511)
        exponent++;
    word = (uint32_t)exponent << 27;
    for (unsigned i = 0; i < 3; i++)
        word |= (uint32_t)floorf(ldexpf(value[i], SHARED_FRACTION + SHARED_BIAS - exponent) + 0.5f)
                << 9 * i;
    return word;
}

/* How component `i` is read: an sRGB format's W is linear. */
static enum isa_format_numeric component_numeric(const struct isa_format *format, unsigned i)
{
    if (format->numeric == ISA_FORMAT_SRGB && i == 3)
        return ISA_FORMAT_UNORM;
    return (enum isa_format_numeric)format->numeric;
}

void isa_format_unpack(const struct isa_format *format, const uint8_t *element, uint32_t out[4])
{
    if (format->numeric == ISA_FORMAT_SHARED_EXPONENT) {
        uint32_t word;

        memcpy(&word, element, sizeof(word));
        shared_exponent_unpack(word, out);
        return;
    }

    const uint32_t one = isa_format_is_integer(format) ? 1 : sem_bits32(1.0f);
    unsigned shift = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned bits = format->bits[i];

        if (bits == 0) {
            out[i] = i == 3 ? one : 0;
            continue;
        }
        out[i] = component_unpack(component_numeric(format, i),
                                  element_get(element, format->bytes, shift, bits), bits);
        shift += bits;
    }
}

void isa_format_pack_rounded(const struct isa_format *format, const uint32_t in[4],
                             enum isa_format_rounding rounding, uint8_t *out_element)
{
    unsigned shift = 0;

    if (format->numeric == ISA_FORMAT_SHARED_EXPONENT) {
        uint32_t word = shared_exponent_pack(in);

        memcpy(out_element, &word, sizeof(word));
        return;
    }
    memset(out_element, 0, format->bytes);
    for (unsigned i = 0; i < 4 && format->bits[i]; i++) {
        element_put(out_element, format->bytes, shift,
                    component_pack(component_numeric(format, i), in[i], format->bits[i], rounding));
        shift += format->bits[i];
    }
}

void isa_format_pack(const struct isa_format *format, const uint32_t in[4], uint8_t *out_element)
{
    isa_format_pack_rounded(format, in, ISA_FORMAT_ROUND_EVEN, out_element);
}

void isa_format_select(const struct isa_format *format, uint16_t dst_sel, uint32_t value[4])
{
    const uint32_t one = format && isa_format_is_integer(format) ? 1 : sem_bits32(1.0f);
    uint32_t from[4];

    memcpy(from, value, sizeof(from));
    for (unsigned i = 0; i < 4; i++) {
        unsigned sel = dst_sel >> (3 * i) & 7;

        value[i] = sel >= 4 ? from[sel - 4] : sel == 1 ? one : 0;
    }
}

void isa_format_unselect(uint16_t dst_sel, uint32_t value[4])
{
    enum { SELECT_X = 4 };
    uint32_t from[4];

    memcpy(from, value, sizeof(from));
    memset(value, 0, sizeof(from));
    for (unsigned i = 4; i-- > 0;) {
        unsigned sel = dst_sel >> (3 * i) & 7;

        if (sel >= SELECT_X)
            value[sel - SELECT_X] = from[i];
    }
}

/* ---- 16-bit data ---- */

uint16_t isa_format_to_d16(const struct isa_format *format, uint32_t value)
{
    return format && isa_format_is_integer(format) ? (uint16_t)value
                                                   : isa_format_f16_from_f32(value);
}

uint32_t isa_format_from_d16(const struct isa_format *format, uint16_t value)
{
    if (format->numeric == ISA_FORMAT_SINT)
        return (uint32_t)(int16_t)value;
    return isa_format_is_integer(format) ? value : isa_format_f32_from_f16(value);
}
