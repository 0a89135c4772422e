/* SPDX-License-Identifier: MIT
 *
 * Vector reciprocals, roots, logarithms and trigonometry: what each operation does to one lane
 * (see sem_base.h). The hardware's results are within 1 ulp (f32), 0.51 ulp (f16) or 2^29 ulp
 * (f64); those here are within 0.51 ulp of f32 and f16 and 1 ulp of f64, computed in f64 by series
 * that converge there. They do not depend on the rounding mode.
 *
 * In f32 these operations (but not sine and cosine) treat denormals as zero, in and out, whatever
 * the mode says.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_TRANS_H
#define SOFTGPU_ISA_EXEC_SEM_TRANS_H

#include "softgpu/isa/exec/sem_f16.h"
#include "softgpu/isa/exec/sem_f64.h"

/* 2^x for |x| < 1000: 2^floor(x + 1/2) times a Taylor polynomial, relative error below 1e-14. */
static inline double sem_exp2_finite(double x)
{
    double n = __builtin_floor(x + 0.5);
    double t = (x - n) * 0x1.62e42fefa39efp-1; /* ln 2 */
    double p = 1.0 / 39916800;

    p = p * t + 1.0 / 3628800;
    p = p * t + 1.0 / 362880;
    p = p * t + 1.0 / 40320;
    p = p * t + 1.0 / 5040;
    p = p * t + 1.0 / 720;
    p = p * t + 1.0 / 120;
    p = p * t + 1.0 / 24;
    p = p * t + 1.0 / 6;
    p = p * t + 0.5;
    p = p * t + 1.0;
    p = p * t + 1.0;
    return p * sem_power_of_2((int)n);
}

/* 2^x of any float; +-200 is beyond what f32 holds on either side. */
static inline float sem_exp2(float x)
{
    float limited = x < -200.0f ? -200.0f : x > 200.0f ? 200.0f : x;
    float r = (float)sem_exp2_finite(x != x ? 0.0 : (double)limited);

    return x != x ? sem_f32(sem_quiet_f32(sem_bits32(x))) : r;
}

/* log2(x) of a positive, normal f32: exponent plus 2/ln2 * atanh((m-1)/(m+1)). */
static inline double sem_log2_normal(float x)
{
    uint32_t bits = sem_bits32(x);
    /* Take m from [sqrt(1/2), sqrt(2)), so that nothing cancels near 1. */
    int32_t exponent = (int32_t)(bits - 0x3f3504f3) >> 23;
    double mantissa = sem_f32(bits - ((uint32_t)exponent << 23));
    double s = (mantissa - 1.0) / (mantissa + 1.0);
    double t = s * s;
    double p = 1.0 / 21;

    p = p * t + 1.0 / 19;
    p = p * t + 1.0 / 17;
    p = p * t + 1.0 / 15;
    p = p * t + 1.0 / 13;
    p = p * t + 1.0 / 11;
    p = p * t + 1.0 / 9;
    p = p * t + 1.0 / 7;
    p = p * t + 1.0 / 5;
    p = p * t + 1.0 / 3;
    p = p * t + 1.0;
    return exponent + p * s * 0x1.71547652b82fep+1; /* 2 / ln 2 */
}

/* log2 of any float but denormals. */
static inline float sem_log2(float x)
{
    bool positive = x > 0 && x < __builtin_inff();
    float r = (float)sem_log2_normal(positive ? x : 1.0f);

    r = positive ? r : x == 0 ? -__builtin_inff() : x > 0 ? x : sem_f32(SEM_F32_NAN);
    return x != x ? sem_f32(sem_quiet_f32(sem_bits32(x))) : r;
}

/* sin(2 pi x) with a phase in quarter turns (1: cosine). */
static inline float sem_sin_turns(float x, int phase)
{
    double turn = (double)x - __builtin_floor((double)x + 0.5);
    double quarter = __builtin_floor(turn * 4.0 + 0.5);
    double t = (turn - quarter * 0.25) * 0x1.921fb54442d18p+2; /* 2 pi; |t| <= pi/4 */
    double u = t * t;
    double s = -1.0 / 1307674368000;
    double c = -1.0 / 87178291200;
    int quadrant;
    double r;

    s = s * u + 1.0 / 6227020800;
    s = s * u - 1.0 / 39916800;
    s = s * u + 1.0 / 362880;
    s = s * u - 1.0 / 5040;
    s = s * u + 1.0 / 120;
    s = s * u - 1.0 / 6;
    s = s * u * t + t;
    c = c * u + 1.0 / 479001600;
    c = c * u - 1.0 / 3628800;
    c = c * u + 1.0 / 40320;
    c = c * u - 1.0 / 720;
    c = c * u + 1.0 / 24;
    c = c * u - 0.5;
    c = c * u + 1.0;
    quadrant = (int)(x - x == 0 ? quarter : 0) + phase;
    r = quadrant & 1 ? c : s;
    r = quadrant & 2 ? 0.0 - r : r + 0.0; /* no negative zeros */
    return (float)r;
}

static inline float sem_sin_cos(float x, int phase)
{
    float r = sem_sin_turns(x, phase);

    r = x == 0 && !phase ? x : r;
    r = x - x == 0 ? r : sem_f32(SEM_F32_NAN);
    return x != x ? sem_f32(sem_quiet_f32(sem_bits32(x))) : r;
}

/* f32: denormals count as zero. */
#define SEM_TRANS_F32(name, expr)                                                                  \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a_)                              \
    {                                                                                              \
        float a = sem_f32(sem_flush_f32(false, a_));                                               \
                                                                                                   \
        (void)m;                                                                                   \
        return sem_flush_f32(false, sem_bits32(expr));                                             \
    }
SEM_TRANS_F32(v_rcp_f32, 1.0f / a)
SEM_TRANS_F32(v_rcp_iflag_f32, 1.0f / a)
SEM_TRANS_F32(v_rsq_f32, (float)(1.0 / __builtin_sqrt((double)a)))
SEM_TRANS_F32(v_sqrt_f32, __builtin_sqrtf(a))
SEM_TRANS_F32(v_exp_f32, sem_exp2(a))
SEM_TRANS_F32(v_log_f32, sem_log2(a))
SEM_F32_1(v_sin_f32, sem_sin_cos(a, 0))
SEM_F32_1(v_cos_f32, sem_sin_cos(a, 1))

/* f16: denormals by the mode, rounded to nearest. */
#define SEM_TRANS_F16(name, expr)                                                                  \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a_)                              \
    {                                                                                              \
        float a = sem_in_f16(m, a_);                                                               \
        uint32_t r =                                                                               \
            sem_f32_to_f16(SEM_ROUND_EVEN, m.bits & SEM_MODE_FP16_OVFL, sem_bits32(expr));         \
                                                                                                   \
        return sem_out_bits_f16(m, r);                                                             \
    }
SEM_TRANS_F16(v_rcp_f16, 1.0f / a)
SEM_TRANS_F16(v_rsq_f16, (float)(1.0 / __builtin_sqrt((double)a)))
SEM_TRANS_F16(v_sqrt_f16, __builtin_sqrtf(a))
SEM_TRANS_F16(v_exp_f16, sem_exp2(a))
SEM_TRANS_F16(v_log_f16, sem_log2(a))
SEM_TRANS_F16(v_sin_f16, sem_sin_cos(a, 0))
SEM_TRANS_F16(v_cos_f16, sem_sin_cos(a, 1))

SEM_F64_1(v_rcp_f64, 1.0 / a)
SEM_F64_1(v_rsq_f64, 1.0 / __builtin_sqrt(a))
SEM_F64_1(v_sqrt_f64, __builtin_sqrt(a))

#endif
