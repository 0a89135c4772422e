/* SPDX-License-Identifier: MIT
 *
 * Vector arithmetic in f64: what each operation does to one lane (see sem_base.h).
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_F64_H
#define SOFTGPU_ISA_EXEC_SEM_F64_H

#include "softgpu/isa/exec/sem_f32.h"

#define SEM_F64_1(name, expr) SEM_FLOAT_1(f64, double, uint64_t, name, expr)
#define SEM_F64_2(name, expr) SEM_FLOAT_2(f64, double, uint64_t, name, expr)
#define SEM_F64_3(name, expr) SEM_FLOAT_3(f64, double, uint64_t, name, expr)

SEM_F64_2(v_add_f64, a + b)
SEM_F64_2(v_mul_f64, a *b)
SEM_F64_3(v_fma_f64, __builtin_fma(a, b, c))
SEM_F64_1(v_trunc_f64, __builtin_trunc(a))
SEM_F64_1(v_ceil_f64, __builtin_ceil(a))
SEM_F64_1(v_floor_f64, __builtin_floor(a))
SEM_F64_1(v_rndne_f64, __builtin_rint(a))
SEM_MINMAX(f64, uint64_t, sem_pick64)

static inline uint64_t sem_v_fract_f64(struct sem_mode m, uint64_t a_)
{
    double a = sem_in_f64(m, a_);
    double r = a - __builtin_floor(a);

    return sem_out_f64(m, r >= 1.0 ? 0x1.fffffffffffffp-1 : r);
}

/* x * 2^n, rounded once: steps that can give a denormal come last, and those before are exact. */
static inline double sem_scale_f64(double x, int n)
{
    for (int i = 0; i < 2 && n > 1023; i++, n -= 1023)
        x *= 0x1p1023;
    for (int i = 0; i < 2 && n < -1022; i++, n += 969)
        x *= 0x1p-969;
    return x * sem_power_of_2(n > 1023 ? 1023 : n < -1022 ? -1022 : n);
}

static inline uint64_t sem_v_ldexp_f64(struct sem_mode m, uint64_t a, int32_t b)
{
    return sem_out_f64(m, sem_scale_f64(sem_in_f64(m, a), b));
}

/* Significand in [0.5,1) and exponent, denormals included. */
static inline uint64_t sem_normalise_f64(uint64_t a, int *out_exponent)
{
    bool denormal = sem_is_denormal_f64(a);
    uint64_t scaled = denormal ? sem_bits64(sem_f64(a) * 0x1p53) : a;

    *out_exponent = sem_exponent_f64(scaled) - 1022 - (denormal ? 53 : 0);
    return scaled;
}

static inline uint32_t sem_v_frexp_exp_i32_f64(struct sem_mode m, uint64_t a)
{
    int exponent;

    a = sem_in_bits_f64(m, a);
    sem_normalise_f64(a, &exponent);
    return sem_either(sem_exponent_f64(a) == 2047, sem_is_zero_f64(a)) ? 0 : (uint32_t)exponent;
}

static inline uint64_t sem_v_frexp_mant_f64(struct sem_mode m, uint64_t a)
{
    int exponent;
    uint64_t normal;

    a = sem_in_bits_f64(m, a);
    normal = sem_normalise_f64(a, &exponent);
    normal = (normal & 0x800fffffffffffffull) | 1022ull << 52;
    return sem_either(sem_exponent_f64(a) == 2047, sem_is_zero_f64(a)) ? sem_quiet_if_nan_f64(a)
                                                                       : normal;
}

/* 64 bits of 2/pi from bit `position` on; bit 0 is the first behind the binary point. The hardware
 * has 1201 bits of it. */
static inline uint64_t sem_two_over_pi(unsigned position)
{
    static const uint64_t digits[20] = {
        0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
        0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
        0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
        0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
        0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b0000,
    };
    unsigned word = position / 64, bit = position % 64;

    if (word >= 19)
        return 0;
    return bit ? digits[word] << bit | digits[word + 1] >> (64 - bit) : digits[word];
}

/* The 53 bits of 2/pi that matter, in segment `b`, for the argument reduction of `a`. */
static inline uint64_t sem_v_trig_preop_f64(struct sem_mode m, uint64_t a, uint32_t b)
{
    int exponent = sem_exponent_f64(a);
    int shift = (int)(b & 31) * 53 + (exponent > 1077 ? exponent - 1077 : 0);
    uint64_t segment = sem_two_over_pi((unsigned)shift) >> 11;

    return sem_out_f64(m,
                       sem_scale_f64((double)segment, -53 - shift + (exponent >= 1968 ? 128 : 0)));
}

#endif
