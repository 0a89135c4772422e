/* SPDX-License-Identifier: MIT
 *
 * What the semantic functions (sem_*.h) share: the MODE register as they see it, the bits of
 * floating-point formats, and conversions between f16 and f32.
 *
 * A semantic function says what one operation does to one lane, on raw bits: uint32_t for 16- and
 * 32-bit operands (the upper half of a 16-bit operand is to be ignored), uint64_t for 64-bit
 * ones. The interpreter expands it into a loop over the lanes that the compiler vectorises; so
 * everything here is branch-free where that costs little, uses no tables and calls no library.
 *
 * Rounding: f16 results are rounded here, by the mode. f32 and f64 arithmetic is the host's; the
 * caller sets the host's rounding mode (valu_run.c) when the mode asks for another than
 * nearest-even. Nothing else depends on the host's floating-point environment, which must have
 * denormals enabled and exceptions masked.
 *
 * NaN results carry the payload of an input NaN, quieted; which one, when there are several, is
 * not documented for the hardware and not defined here. An operation that creates a NaN gives the
 * negative default one (0xffc00000), as the ISA guide's examples do.
 *
 * Thread safety: pure functions.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_BASE_H
#define SOFTGPU_ISA_EXEC_SEM_BASE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The MODE register's bits that operations obey, and the instruction's clamp bit for operations
 * that saturate integers. */
struct sem_mode {
    uint32_t bits;
};

enum sem_round { SEM_ROUND_EVEN, SEM_ROUND_UP, SEM_ROUND_DOWN, SEM_ROUND_ZERO };

enum sem_mode_bit {
    SEM_MODE_ROUND_F32 = 3u << 0,     /* enum sem_round */
    SEM_MODE_ROUND_F16_F64 = 3u << 2, /* enum sem_round */
    SEM_MODE_DENORM_IN_F32 = 1u << 4, /* 0: denormal inputs count as zero */
    SEM_MODE_DENORM_OUT_F32 = 1u << 5,
    SEM_MODE_DENORM_IN_F16_F64 = 1u << 6,
    SEM_MODE_DENORM_OUT_F16_F64 = 1u << 7,
    SEM_MODE_DX10_CLAMP = 1u << 8, /* clamp turns NaN into 0 */
    SEM_MODE_IEEE = 1u << 9,
    SEM_MODE_EXCP_EN = 0x1ffu << 12,
    SEM_MODE_FP16_OVFL = 1u << 23, /* f16 overflow gives the largest finite value */
    SEM_MODE_CLAMP = 1u << 31,     /* the instruction's clamp bit; no MODE bit lies here */
};

/* What operations look at in MODE. */
#define SEM_MODE_MASK                                                                              \
    (SEM_MODE_ROUND_F32 | SEM_MODE_ROUND_F16_F64 | SEM_MODE_DENORM_IN_F32 |                        \
     SEM_MODE_DENORM_OUT_F32 | SEM_MODE_DENORM_IN_F16_F64 | SEM_MODE_DENORM_OUT_F16_F64 |          \
     SEM_MODE_DX10_CLAMP | SEM_MODE_IEEE | SEM_MODE_FP16_OVFL)

/* The mode that compute kernels start in (the kernel descriptor's defaults in LLVM): round to
 * nearest even, denormals everywhere, IEEE, DX10 clamp. The interpreter has a version of each
 * operation made for it. */
#define SEM_MODE_DEFAULT ((struct sem_mode){0x3f0})

/* The mode that Mesa's shaders start in: no denormals in f32, not IEEE. There is a version of each
 * operation for it, too. */
#define SEM_MODE_GRAPHICS ((struct sem_mode){0x1c0})

static inline enum sem_round sem_round_f32(struct sem_mode m)
{
    return (enum sem_round)(m.bits & 3);
}

static inline enum sem_round sem_round_f16_f64(struct sem_mode m)
{
    return (enum sem_round)(m.bits >> 2 & 3);
}

static inline bool sem_ieee(struct sem_mode m)
{
    return m.bits & SEM_MODE_IEEE;
}

static inline bool sem_clamp(struct sem_mode m)
{
    return m.bits & SEM_MODE_CLAMP;
}

/* Bits of float and double, and back. */
static inline float sem_f32(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint32_t sem_bits32(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline double sem_f64(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint64_t sem_bits64(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Both, either: without the jump that && and || are. */
static inline bool sem_both(bool a, bool b)
{
    return (unsigned)a & (unsigned)b;
}

static inline bool sem_either(bool a, bool b)
{
    return (unsigned)a | (unsigned)b;
}

/* condition ? yes : no, in a form that stays without branches where the compiler would rather jump
 * and so give up on the loop around it. */
static inline uint32_t sem_pick32(bool condition, uint32_t yes, uint32_t no)
{
    uint32_t mask = 0 - (uint32_t)condition;

    return (yes & mask) | (no & ~mask);
}

static inline uint64_t sem_pick64(bool condition, uint64_t yes, uint64_t no)
{
    uint64_t mask = 0 - (uint64_t)condition;

    return (yes & mask) | (no & ~mask);
}

/* Tests on the bits of one format. `key` orders all values but NaNs, -0 below +0. */
#define SEM_FORMAT(name, uint, sint, width, inf, quiet)                                            \
    enum { SEM_EXP_BIAS_##name = ((inf) >> (__builtin_ctzll(inf) + 1)) };                          \
    static inline uint sem_abs_##name(uint x)                                                      \
    {                                                                                              \
        return x & (uint)(((uint)1 << (width - 1)) - 1);                                           \
    }                                                                                              \
    static inline bool sem_sign_##name(uint x)                                                     \
    {                                                                                              \
        return x >> (width - 1) & 1;                                                               \
    }                                                                                              \
    static inline bool sem_is_nan_##name(uint x)                                                   \
    {                                                                                              \
        return sem_abs_##name(x) > (inf);                                                          \
    }                                                                                              \
    static inline bool sem_is_snan_##name(uint x)                                                  \
    {                                                                                              \
        return (sem_abs_##name(x) > (inf)) & !(x & (quiet));                                       \
    }                                                                                              \
    static inline bool sem_is_inf_##name(uint x)                                                   \
    {                                                                                              \
        return sem_abs_##name(x) == (inf);                                                         \
    }                                                                                              \
    static inline bool sem_is_zero_##name(uint x)                                                  \
    {                                                                                              \
        return sem_abs_##name(x) == 0;                                                             \
    }                                                                                              \
    static inline bool sem_is_denormal_##name(uint x)                                              \
    {                                                                                              \
        return !(x & (inf)) & (sem_abs_##name(x) != 0);                                            \
    }                                                                                              \
    static inline int sem_exponent_##name(uint x)                                                  \
    {                                                                                              \
        return (int)((x & (inf)) >> __builtin_ctzll(inf));                                         \
    }                                                                                              \
    static inline uint sem_signed_zero_##name(uint x)                                              \
    {                                                                                              \
        return x & ((uint)1 << (width - 1));                                                       \
    }                                                                                              \
    static inline uint sem_quiet_##name(uint x)                                                    \
    {                                                                                              \
        return x | (quiet);                                                                        \
    }                                                                                              \
    static inline uint sem_quiet_if_nan_##name(uint x)                                             \
    {                                                                                              \
        return sem_is_nan_##name(x) ? x | (quiet) : x;                                             \
    }                                                                                              \
    static inline uint sem_flush_##name(bool keep, uint x)                                         \
    {                                                                                              \
        return keep || (x & (inf)) ? x : sem_signed_zero_##name(x);                                \
    }                                                                                              \
    static inline sint sem_key_##name(uint x)                                                      \
    {                                                                                              \
        sint s = (sint)(x << (sizeof(uint) * 8 - width));                                          \
        return s ^ ((sint)(s >> (sizeof(uint) * 8 - 1)) & (sint)((uint) ~(uint)0 >> 1));           \
    }

SEM_FORMAT(f16, uint32_t, int32_t, 16, 0x7c00u, 0x0200u)
SEM_FORMAT(f32, uint32_t, int32_t, 32, 0x7f800000u, 0x00400000u)
SEM_FORMAT(f64, uint64_t, int64_t, 64, 0x7ff0000000000000ull, 0x0008000000000000ull)

enum {
    SEM_F16_INF = 0x7c00,
    SEM_F16_MAX = 0x7bff,
    SEM_F16_NAN = 0xfe00,
    SEM_F32_INF = 0x7f800000,
    SEM_F32_MAX = 0x7f7fffff,
};
#define SEM_F32_NAN 0xffc00000u
#define SEM_F32_NEG 0x80000000u
#define SEM_F64_INF 0x7ff0000000000000ull
#define SEM_F64_NAN 0xfff8000000000000ull
#define SEM_F64_NEG 0x8000000000000000ull

/* Inputs and outputs as the mode's denormal bits want them. */
static inline uint32_t sem_in_bits_f16(struct sem_mode m, uint32_t x)
{
    return sem_flush_f16(m.bits & SEM_MODE_DENORM_IN_F16_F64, x & 0xffff);
}

static inline uint32_t sem_out_bits_f16(struct sem_mode m, uint32_t x)
{
    return sem_flush_f16(m.bits & SEM_MODE_DENORM_OUT_F16_F64, x);
}

static inline uint32_t sem_in_bits_f32(struct sem_mode m, uint32_t x)
{
    return sem_flush_f32(m.bits & SEM_MODE_DENORM_IN_F32, x);
}

static inline uint32_t sem_out_bits_f32(struct sem_mode m, uint32_t x)
{
    return sem_flush_f32(m.bits & SEM_MODE_DENORM_OUT_F32, x);
}

static inline uint64_t sem_in_bits_f64(struct sem_mode m, uint64_t x)
{
    return sem_flush_f64(m.bits & SEM_MODE_DENORM_IN_F16_F64, x);
}

static inline uint64_t sem_out_bits_f64(struct sem_mode m, uint64_t x)
{
    return sem_flush_f64(m.bits & SEM_MODE_DENORM_OUT_F16_F64, x);
}

static inline float sem_in_f32(struct sem_mode m, uint32_t x)
{
    return sem_f32(sem_in_bits_f32(m, x));
}

static inline uint32_t sem_out_f32(struct sem_mode m, float x)
{
    return sem_out_bits_f32(m, sem_bits32(x));
}

static inline double sem_in_f64(struct sem_mode m, uint64_t x)
{
    return sem_f64(sem_in_bits_f64(m, x));
}

static inline uint64_t sem_out_f64(struct sem_mode m, double x)
{
    return sem_out_bits_f64(m, sem_bits64(x));
}

/* f16 to f32: exact; a signalling NaN stays one. */
static inline float sem_f16_to_f32(uint32_t h)
{
    uint32_t magnitude = (h & 0x7fff) << 13;
    uint32_t exponent = magnitude & 0x0f800000;
    /* A denormal is (1 + m) * 2^-14 - 2^-14; the host may round down, to -0. */
    float denormal = sem_f32(magnitude | 0x38800000) - sem_f32(0x38800000);
    uint32_t small = sem_bits32(denormal) & 0x7fffffff;
    uint32_t large = magnitude + (exponent == 0x0f800000 ? 224u << 23 : 112u << 23);

    return sem_f32((exponent ? large : small) | (h & 0x8000) << 16);
}

/* f32 to f16 with any rounding, in integers. */
static inline uint32_t sem_f32_to_f16(enum sem_round round, bool saturate, uint32_t x)
{
    uint32_t negative = x >> 31;
    uint32_t abs = x & 0x7fffffff;
    uint32_t e = abs >> 23;
    uint32_t mantissa = (abs & 0x7fffff) | (e ? 0x800000 : 0);
    uint32_t shift = e >= 113 ? 13 : e > 95 ? 126 - e : 31;
    uint32_t kept = mantissa >> shift;
    uint32_t rest = mantissa & ((1u << shift) - 1);
    uint32_t half = 1u << (shift - 1);
    /* Away from zero is where directed rounding goes for one of the signs. */
    uint32_t away = ((round == SEM_ROUND_UP) & ~negative) | ((round == SEM_ROUND_DOWN) & negative);
    uint32_t nearest = sem_pick32(rest > half, 1, sem_pick32(rest == half, kept & 1, 0));
    uint32_t outward = sem_pick32(rest != 0, away, 0);
    uint32_t increment = sem_pick32(round == SEM_ROUND_EVEN, nearest, outward);
    uint32_t finite = sem_pick32(e >= 113, (e - 113) << 10, 0) + kept + increment;
    /* The largest number is just below infinity. */
    uint32_t overflow = SEM_F16_MAX + ((round == SEM_ROUND_EVEN) | away);
    uint32_t nan = 0x7e00 | (abs >> 13 & 0x3ff);
    uint32_t r =
        sem_pick32(finite < SEM_F16_INF, finite, sem_pick32(saturate, SEM_F16_MAX, overflow));

    r = sem_pick32(abs == SEM_F32_INF, SEM_F16_INF, r);
    r = sem_pick32(abs > SEM_F32_INF, nan, r);
    return r | negative << 15;
}

/* The same to nearest even, with a host that rounds so: a third of the work. Denormals are rounded
 * by adding 0.5, whose last bit is worth as much as theirs. */
static inline uint32_t sem_f32_to_f16_nearest(bool saturate, uint32_t x)
{
    uint32_t abs = x & 0x7fffffff;
    uint32_t normal = (abs - (112u << 23) + 0xfff + (abs >> 13 & 1)) >> 13;
    uint32_t small = sem_bits32(sem_f32(abs) + 0.5f) - sem_bits32(0.5f);
    uint32_t finite = abs < 113u << 23 ? small : normal;
    uint32_t nan = 0x7e00 | (abs >> 13 & 0x3ff);
    uint32_t overflow = saturate && abs != SEM_F32_INF ? SEM_F16_MAX : SEM_F16_INF;
    uint32_t r = finite < SEM_F16_INF ? finite : overflow;

    return (abs > SEM_F32_INF ? nan : r) | (x >> 16 & 0x8000);
}

static inline float sem_in_f16(struct sem_mode m, uint32_t x)
{
    return sem_f16_to_f32(sem_in_bits_f16(m, x));
}

static inline uint32_t sem_out_f16(struct sem_mode m, float x)
{
    const uint32_t rounds = SEM_MODE_ROUND_F32 | SEM_MODE_ROUND_F16_F64;
    bool saturate = m.bits & SEM_MODE_FP16_OVFL;
    /* With both fields to nearest, so does the host. */
    uint32_t r = m.bits & rounds ? sem_f32_to_f16(sem_round_f16_f64(m), saturate, sem_bits32(x))
                                 : sem_f32_to_f16_nearest(saturate, sem_bits32(x));

    return sem_out_bits_f16(m, r);
}

/* a + b rounded to odd: the sum when it is exact, else the neighbour with an odd last bit. Rounding
 * that once more, to a format at least two bits shorter, gives the correctly rounded sum whatever
 * the rounding mode (S. Boldo, G. Melquiond: "Emulation of FMA and correctly rounded sums"). The
 * host rounds to nearest; no intermediate overflows or underflows for operands from f16. */
static inline float sem_add_odd(float a, float b)
{
    float sum = a + b;
    float b_part = sum - a;
    float error = (a - (sum - b_part)) + (b - b_part);
    uint32_t bits = sem_bits32(sum);
    /* Away from zero when the error has the sum's sign, which no inexact sum lacks. */
    uint32_t step = (uint32_t)((int32_t)(sem_bits32(error) ^ bits) >> 31) | 1;
    bool inexact = __builtin_islessgreater(error, 0.0f); /* a NaN is neither */

    return sem_f32(inexact && !(bits & 1) ? bits + step : bits);
}

/* Sign extension of the low bits, without shifts that C leaves undefined. */
static inline int32_t sem_sext8(uint32_t x)
{
    return (int8_t)(uint8_t)x;
}

static inline int32_t sem_sext16(uint32_t x)
{
    return (int16_t)(uint16_t)x;
}

static inline int32_t sem_sext24(uint32_t x)
{
    return (int32_t)(x << 8) >> 8;
}

#endif
