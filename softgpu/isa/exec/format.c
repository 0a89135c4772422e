/* SPDX-License-Identifier: MIT
 *
 * Formats of GFX10: see format.h.
 */
#include "softgpu/isa/exec/format.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "softgpu/isa/exec/format_component.h"

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
#define BLOCKS(number, type, size, name)                                                           \
    [number] = {.bytes = size, .numeric = ISA_FORMAT_##type, .block = 4, .codec = ISA_BLOCK_##name},

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
    ROW(159, FRAGMENTS, 1, 1) ROW(161, FRAGMENTS, 1, 2) ROW(166, FRAGMENTS, 4, 4) /* FMASK */
    BLOCKS(169, UNORM, 8, BC1) BLOCKS(170, SRGB, 8, BC1) BLOCKS(171, UNORM, 16, BC2)
        BLOCKS(172, SRGB, 16, BC2) BLOCKS(173, UNORM, 16, BC3) BLOCKS(174, SRGB, 16, BC3)
            BLOCKS(175, UNORM, 8, BC4) BLOCKS(176, SNORM, 8, BC4) BLOCKS(177, UNORM, 16, BC5)
                BLOCKS(178, SNORM, 16, BC5) BLOCKS(179, FLOAT, 16, BC6_UNSIGNED)
                    BLOCKS(180, FLOAT, 16, BC6_SIGNED) BLOCKS(181, UNORM, 16, BC7)
                        BLOCKS(182, SRGB, 16, BC7)};

const struct isa_format *isa_format_find(unsigned number)
{
    if (number >= sizeof(formats) / sizeof(formats[0]) || formats[number].bytes == 0)
        return NULL;
    return &formats[number];
}

float isa_format_linear_from_srgb(float value)
{
    return srgb_to_linear(value);
}

uint32_t isa_format_f32_from_f16(uint16_t half)
{
    return sem_bits32(sem_f16_to_f32(half));
}

uint16_t isa_format_f16_from_f32(uint32_t single)
{
    return (uint16_t)sem_f32_to_f16(SEM_ROUND_EVEN, false, single);
}

/* ---- elements ---- */

/* No component goes across a 32-bit boundary. */
static uint32_t element_get(const uint8_t *element, unsigned bytes, unsigned shift, unsigned bits)
{
    uint32_t word = 0;
    unsigned at = shift / 32 * 4;

    memcpy(&word, element + at, bytes - at < 4 ? bytes - at : 4);
    return word >> shift % 32 & component_max_unsigned(bits);
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

/* FMASK of 2, 4 and 8 samples: what is beyond the last sample reads as it is. */
static void fragments_unpack(const struct isa_format *format, const uint8_t *element,
                             uint32_t out[4])
{
    const unsigned bits = format->bits[0];
    uint32_t word = 0;

    memcpy(&word, element, format->bytes);
    memset(out, 0, 4 * sizeof(out[0]));
    for (unsigned sample = 0; sample < 8; sample++)
        out[0] |= (word >> sample * bits & ((1u << bits) - 1)) << 4 * sample;
    out[3] = 1;
}

void isa_format_unpack(const struct isa_format *format, const uint8_t *element, uint32_t out[4])
{
    if (format->numeric == ISA_FORMAT_FRAGMENTS) {
        fragments_unpack(format, element, out);
        return;
    }
    if (format->numeric == ISA_FORMAT_SHARED_EXPONENT) {
        uint32_t word;

        memcpy(&word, element, sizeof(word));
        shared_exponent_unpack(word, out);
        return;
    }

    const uint32_t one = isa_format_one(format);
    unsigned shift = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned bits = format->bits[i];

        if (bits == 0) {
            out[i] = i == 3 ? one : 0;
            continue;
        }
        out[i] = component_unpack(isa_format_component_numeric(format, i),
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
                    component_pack(isa_format_component_numeric(format, i), in[i], format->bits[i],
                                   rounding));
        shift += format->bits[i];
    }
}

void isa_format_pack(const struct isa_format *format, const uint32_t in[4], uint8_t *out_element)
{
    isa_format_pack_rounded(format, in, ISA_FORMAT_ROUND_EVEN, out_element);
}

void isa_format_pack_ones(const struct isa_format *format, bool color, bool alpha,
                          bool alpha_lowest, uint8_t *out_element)
{
    const uint32_t one = format->numeric == ISA_FORMAT_SINT   ? INT32_MAX
                         : format->numeric == ISA_FORMAT_UINT ? UINT32_MAX
                                                              : sem_bits32(1.0f);
    unsigned count = 0, extra;
    uint32_t value[4];

    while (count < 4 && format->bits[count])
        count++;
    extra = count == 3 || format->numeric == ISA_FORMAT_SHARED_EXPONENT ? 4
            : alpha_lowest                                              ? 0
                                                                        : count - 1;
    for (unsigned i = 0; i < 4; i++)
        value[i] = (i == extra ? alpha : color) ? one : 0;
    isa_format_pack(format, value, out_element);
}

void isa_format_select(const struct isa_format *format, uint16_t dst_sel, uint32_t value[4])
{
    const uint32_t one = isa_format_one(format);
    uint32_t from[4];

    memcpy(from, value, sizeof(from));
    for (unsigned i = 0; i < 4; i++) {
        unsigned sel = dst_sel >> (3 * i) & 7;

        value[i] = sel >= 4 ? from[sel - 4] : sel == 1 ? one : 0;
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
