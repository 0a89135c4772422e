/* SPDX-License-Identifier: MIT
 *
 * The helpers of division: v_div_scale, v_div_fmas and v_div_fixup, what each does to one lane
 * (see sem_base.h). A division is: scale numerator and denominator so that nothing on the way
 * overflows or underflows, refine the reciprocal with FMAs, undo the scaling with the last FMA, put
 * special cases right.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12, with these deviations, without which the
 * sequence that LLVM emits for a division could not give the quotients it does give on hardware:
 * a denominator whose reciprocal is a denormal is scaled down, also when the quotient is one;
 * v_div_fmas scales by 2^64 or 2^-64 (f64: 128), away from the extreme that its addend is nearer
 * to, and rounds once; a quotient that came out as NaN, from numbers, is an overflow.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_DIV_H
#define SOFTGPU_ISA_EXEC_SEM_DIV_H

#include "softgpu/isa/exec/sem_f16.h"
#include "softgpu/isa/exec/sem_f64.h"

/* What v_div_scale decides on: properties of denominator and numerator. */
struct sem_div_case {
    bool far_apart;           /* the quotient is near the largest number */
    bool denormal;            /* the denominator */
    bool reciprocal_denormal; /* of the denominator */
    bool quotient_denormal;
    bool tiny; /* the numerator */
};

/* How to scale S0, which is the denominator or the numerator: up, not at all, or down (1, 0, -1);
 * and whether the quotient needs scaling by v_div_fmas. */
static inline int sem_div_scale_steps(struct sem_div_case d, bool is_denominator, bool is_numerator,
                                      bool *out_vcc)
{
    uint32_t if_denominator = sem_pick32(is_denominator, 1, 0);
    uint32_t down = sem_pick32(d.quotient_denormal, 0 - if_denominator, UINT32_MAX);
    uint32_t steps = sem_pick32(d.tiny, 1, 0);

    steps = sem_pick32(d.quotient_denormal, sem_pick32(is_numerator, 1, 0), steps);
    steps = sem_pick32(d.reciprocal_denormal, down, steps);
    steps = sem_pick32(d.denormal, 1, steps);
    *out_vcc = d.far_apart | (d.quotient_denormal & !d.denormal);
    return (int)sem_pick32(d.far_apart, if_denominator, steps);
}

static inline uint32_t sem_v_div_scale_f32(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c,
                                           bool *out_vcc)
{
    float den = __builtin_fabsf(sem_f32(b));
    float num = __builtin_fabsf(sem_f32(c));
    bool finite = den < __builtin_inff();
    struct sem_div_case d = {
        .far_apart = sem_exponent_f32(c) - sem_exponent_f32(b) >= 96,
        .denormal = sem_is_denormal_f32(b),
        .reciprocal_denormal = finite & (den > 0x1p126f),
        .quotient_denormal = finite & (num * 0x1p126f < den),
        .tiny = sem_exponent_f32(c) <= 23,
    };
    int steps = sem_div_scale_steps(d, sem_f32(a) == sem_f32(b), sem_f32(a) == sem_f32(c), out_vcc);
    /* 2^(64 * steps) */
    float scale = sem_f32((uint32_t)(127 + 64 * steps) << 23);
    uint32_t r = sem_bits32(sem_f32(a) * scale);

    (void)m;
    *out_vcc &= (den != 0) & (num != 0);
    return sem_pick32((den != 0) & (num != 0), r, SEM_F32_NAN);
}

static inline uint64_t sem_v_div_scale_f64(struct sem_mode m, uint64_t a, uint64_t b, uint64_t c,
                                           bool *out_vcc)
{
    double den = __builtin_fabs(sem_f64(b));
    double num = __builtin_fabs(sem_f64(c));
    bool finite = den < __builtin_inf();
    struct sem_div_case d = {
        .far_apart = sem_exponent_f64(c) - sem_exponent_f64(b) >= 768,
        .denormal = sem_is_denormal_f64(b),
        .reciprocal_denormal = finite & (den > 0x1p1022),
        .quotient_denormal = finite & (num * 0x1p1022 < den),
        .tiny = sem_exponent_f64(c) <= 53,
    };
    int steps = sem_div_scale_steps(d, sem_f64(a) == sem_f64(b), sem_f64(a) == sem_f64(c), out_vcc);
    double scale = sem_power_of_2(128 * steps);
    uint64_t r = sem_bits64(sem_f64(a) * scale);

    (void)m;
    *out_vcc &= (den != 0) & (num != 0);
    return sem_pick64((den != 0) & (num != 0), r, SEM_F64_NAN);
}

/* (a * b + c) * 2^-64, rounded once. The product is exact in f64, the sum is rounded to odd there;
 * in directed rounding modes rounding twice in one direction does no harm. */
static inline float sem_fma_down_f32(struct sem_mode m, float a, float b, float c)
{
    double product = (double)a * b;
    double sum = product + c;
    double part = sum - product;
    double error = (product - (sum - part)) + (c - part);
    uint64_t bits = sem_bits64(sum);
    uint64_t toward = sem_pick64((error > 0) == (sum > 0), bits + 1, bits - 1);
    bool odd = (error != 0) & (error == error) & !(bits & 1);

    if (sem_round_f32(m) == SEM_ROUND_EVEN)
        bits = sem_pick64(odd, toward, bits);
    return (float)(sem_f64(bits) * 0x1p-64);
}

static inline uint32_t sem_v_div_fmas_f32(struct sem_mode m, uint32_t a_, uint32_t b_, uint32_t c_,
                                          bool vcc)
{
    float a = sem_f32(a_), b = sem_f32(b_), c = sem_f32(c_);
    float plain = __builtin_fmaf(a, b, c);
    float down = sem_fma_down_f32(m, a, b, c);

    uint32_t scaled =
        sem_pick32(sem_exponent_f32(c_) > 127, sem_bits32(plain * 0x1p64f), sem_bits32(down));

    return sem_out_bits_f32(m, sem_pick32(vcc, scaled, sem_bits32(plain)));
}

/* Which side of `sum`, the rounded a * b + c, the exact value lies on: below 0, 0 or above 0. */
static inline double sem_fma_error_f64(double a, double b, double c, double sum)
{
    double high = a * b;
    double low = __builtin_fma(a, b, -high);
    double total = high + c;
    double part = total - high;
    double rest = (high - (total - part)) + (c - part);

    return (total - sum) + (rest + low);
}

/* (a * b + c) * 2^-128, rounded once: when rounding `sum` to a denormal met a tie, the error of
 * `sum` decides. */
static inline double sem_fma_down_f64(struct sem_mode m, double a, double b, double c)
{
    double sum = __builtin_fma(a, b, c);
    double down = sum * 0x1p-128;
    double lost = sum - down * 0x1p128;
    double error;

    if (sem_round_f16_f64(m) != SEM_ROUND_EVEN || __builtin_fabs(lost) != 0x1p-947)
        return down;
    error = sem_fma_error_f64(a, b, c, sum);
    if (lost > 0 ? error > 0 : error < 0)
        down += lost > 0 ? 0x1p-1074 : -0x1p-1074;
    return down;
}

static inline uint64_t sem_v_div_fmas_f64(struct sem_mode m, uint64_t a_, uint64_t b_, uint64_t c_,
                                          bool vcc)
{
    double a = sem_f64(a_), b = sem_f64(b_), c = sem_f64(c_);

    if (!vcc)
        return sem_out_f64(m, __builtin_fma(a, b, c));
    if (sem_exponent_f64(c_) > 1023)
        return sem_out_f64(m, __builtin_fma(a, b, c) * 0x1p128);
    return sem_out_f64(m, sem_fma_down_f64(m, a, b, c));
}

/* What underflow below half the least denormal rounds to. */
static inline uint32_t sem_underflow(enum sem_round round, bool negative)
{
    return ((round == SEM_ROUND_UP) & !negative) | ((round == SEM_ROUND_DOWN) & negative);
}

/* a = quotient, b = denominator, c = numerator. */
#define SEM_DIV_FIXUP(sfx, U, width, INF, NAN, round, underflow)                                   \
    static inline U sem_v_div_fixup_##sfx(struct sem_mode m, U a_, U b_, U c_)                     \
    {                                                                                              \
        U a = sem_in_bits_##sfx(m, a_), b = sem_in_bits_##sfx(m, b_),                              \
          c = sem_in_bits_##sfx(m, c_);                                                            \
        bool negative = sem_sign_##sfx(b) ^ sem_sign_##sfx(c);                                     \
        bool b_zero = sem_is_zero_##sfx(b), c_zero = sem_is_zero_##sfx(c);                         \
        bool b_inf = sem_is_inf_##sfx(b), c_inf = sem_is_inf_##sfx(c);                             \
        U sign = (U)negative << (width - 1);                                                       \
        U r = sign | sem_abs_##sfx(a);                                                             \
                                                                                                   \
        r = sem_is_nan_##sfx(a) ? sign | (INF) : r;                                                \
        r = sem_exponent_##sfx(c) - sem_exponent_##sfx(b) < (underflow)                            \
                ? sign | sem_underflow(round(m), negative)                                         \
                : r;                                                                               \
        r = (b_inf | c_zero) ? sign : r;                                                           \
        r = (b_zero | c_inf) ? sign | (INF) : r;                                                   \
        r = ((b_zero & c_zero) | (b_inf & c_inf)) ? (NAN) : r;                                     \
        r = sem_is_nan_##sfx(b) ? sem_quiet_##sfx(b) : r;                                          \
        r = sem_is_nan_##sfx(c) ? sem_quiet_##sfx(c) : r;                                          \
        return sem_out_bits_##sfx(m, r);                                                           \
    }
/* The guide has no underflow rule for f16: exponents there are never 100 apart. */
SEM_DIV_FIXUP(f16, uint32_t, 16, (uint32_t)SEM_F16_INF, (uint32_t)SEM_F16_NAN, sem_round_f16_f64,
              -100)
SEM_DIV_FIXUP(f32, uint32_t, 32, (uint32_t)SEM_F32_INF, SEM_F32_NAN, sem_round_f32, -150)
SEM_DIV_FIXUP(f64, uint64_t, 64, SEM_F64_INF, SEM_F64_NAN, sem_round_f16_f64, -1075)

#endif
