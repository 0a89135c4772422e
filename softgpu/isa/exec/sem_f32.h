/* SPDX-License-Identifier: MIT
 *
 * Vector arithmetic in f32: what each operation does to one lane (see sem_base.h).
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12; where it is silent, what LLVM's AMDGPU
 * constant folding computes (v_fract's upper bound, v_fma_legacy, the cube map operations).
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_F32_H
#define SOFTGPU_ISA_EXEC_SEM_F32_H

#include "softgpu/isa/exec/sem_base.h"

/* Operations on floats `a`, `b` and `c` of type F that an expression says; sfx: f16, f32 or f64, of
 * the bits that come in and go out, which U holds. */
#define SEM_FLOAT_1(sfx, F, U, name, expr)                                                         \
    static inline U sem_##name(struct sem_mode m, U a_)                                            \
    {                                                                                              \
        F a = sem_in_##sfx(m, a_);                                                                 \
                                                                                                   \
        return sem_out_##sfx(m, expr);                                                             \
    }
#define SEM_FLOAT_2(sfx, F, U, name, expr)                                                         \
    static inline U sem_##name(struct sem_mode m, U a_, U b_)                                      \
    {                                                                                              \
        F a = sem_in_##sfx(m, a_);                                                                 \
        F b = sem_in_##sfx(m, b_);                                                                 \
                                                                                                   \
        return sem_out_##sfx(m, expr);                                                             \
    }
#define SEM_FLOAT_3(sfx, F, U, name, expr)                                                         \
    static inline U sem_##name(struct sem_mode m, U a_, U b_, U c_)                                \
    {                                                                                              \
        F a = sem_in_##sfx(m, a_);                                                                 \
        F b = sem_in_##sfx(m, b_);                                                                 \
        F c = sem_in_##sfx(m, c_);                                                                 \
                                                                                                   \
        return sem_out_##sfx(m, expr);                                                             \
    }

#define SEM_F32_1(name, expr) SEM_FLOAT_1(f32, float, uint32_t, name, expr)
#define SEM_F32_2(name, expr) SEM_FLOAT_2(f32, float, uint32_t, name, expr)
#define SEM_F32_3(name, expr) SEM_FLOAT_3(f32, float, uint32_t, name, expr)

SEM_F32_2(v_add_f32, a + b)
SEM_F32_2(v_sub_f32, a - b)
SEM_F32_2(v_subrev_f32, b - a)
SEM_F32_2(v_mul_f32, a *b)
SEM_F32_3(v_fma_f32, __builtin_fmaf(a, b, c))
SEM_F32_3(v_fmac_f32, __builtin_fmaf(a, b, c))
SEM_F32_3(v_fmamk_f32, __builtin_fmaf(a, b, c))
SEM_F32_3(v_fmaak_f32, __builtin_fmaf(a, b, c))

/* DX9 rules: zero times anything is +0. */
static inline bool sem_any_zero(float a, float b)
{
    return (a == 0) | (b == 0);
}

SEM_F32_2(v_mul_legacy_f32, sem_any_zero(a, b) ? 0.0f : a *b)
SEM_F32_3(v_fma_legacy_f32, sem_any_zero(a, b) ? 0.0f + c : __builtin_fmaf(a, b, c))
SEM_F32_3(v_fmac_legacy_f32, sem_any_zero(a, b) ? 0.0f + c : __builtin_fmaf(a, b, c))

/* The LIT operation of old shading languages; `c` is the test, `b` the exponent. */
static inline bool sem_lit_is_dark(float b, float c)
{
    return !(c > 0) | !(b > -0x1.fffffep127f);
}

SEM_F32_3(v_mullit_f32, sem_lit_is_dark(b, c) ? -0x1.fffffep127f : sem_any_zero(a, b) ? 0.0f : a *b)

/* Minimum and maximum on bits. A signalling NaN wins in IEEE mode, else a number wins over a NaN;
 * -0 is below +0. */
#define SEM_MINMAX(sfx, U, pick)                                                                   \
    static inline U sem_signal_##sfx(struct sem_mode m, U x, U otherwise)                          \
    {                                                                                              \
        U signal = pick(sem_ieee(m), sem_quiet_##sfx(x), otherwise);                               \
                                                                                                   \
        return pick(sem_is_snan_##sfx(x), signal, otherwise);                                      \
    }                                                                                              \
    static inline U sem_min_bits_##sfx(struct sem_mode m, U a, U b)                                \
    {                                                                                              \
        U r = sem_key_##sfx(a) < sem_key_##sfx(b) ? a : b;                                         \
                                                                                                   \
        r = pick(sem_is_nan_##sfx(b), a, r);                                                       \
        r = pick(sem_is_nan_##sfx(a), b, r);                                                       \
        return sem_signal_##sfx(m, a, sem_signal_##sfx(m, b, r));                                  \
    }                                                                                              \
    static inline U sem_max_bits_##sfx(struct sem_mode m, U a, U b)                                \
    {                                                                                              \
        U r = sem_key_##sfx(a) > sem_key_##sfx(b) ? a : b;                                         \
                                                                                                   \
        r = pick(sem_is_nan_##sfx(b), a, r);                                                       \
        r = pick(sem_is_nan_##sfx(a), b, r);                                                       \
        return sem_signal_##sfx(m, a, sem_signal_##sfx(m, b, r));                                  \
    }                                                                                              \
    static inline U sem_v_min_##sfx(struct sem_mode m, U a, U b)                                   \
    {                                                                                              \
        return sem_out_bits_##sfx(                                                                 \
            m, sem_min_bits_##sfx(m, sem_in_bits_##sfx(m, a), sem_in_bits_##sfx(m, b)));           \
    }                                                                                              \
    static inline U sem_v_max_##sfx(struct sem_mode m, U a, U b)                                   \
    {                                                                                              \
        return sem_out_bits_##sfx(                                                                 \
            m, sem_max_bits_##sfx(m, sem_in_bits_##sfx(m, a), sem_in_bits_##sfx(m, b)));           \
    }                                                                                              \
    static inline U sem_v_min3_##sfx(struct sem_mode m, U a, U b, U c)                             \
    {                                                                                              \
        return sem_v_min_##sfx(m, sem_v_min_##sfx(m, a, b), c);                                    \
    }                                                                                              \
    static inline U sem_v_max3_##sfx(struct sem_mode m, U a, U b, U c)                             \
    {                                                                                              \
        return sem_v_max_##sfx(m, sem_v_max_##sfx(m, a, b), c);                                    \
    }                                                                                              \
    /* -0 and +0 are the same here. */                                                             \
    static inline U sem_unsigned_zero_##sfx(U a)                                                   \
    {                                                                                              \
        return sem_is_zero_##sfx(a) ? 0 : a;                                                       \
    }                                                                                              \
    static inline U sem_v_med3_##sfx(struct sem_mode m, U a_, U b_, U c_)                          \
    {                                                                                              \
        U a = sem_in_bits_##sfx(m, a_), b = sem_in_bits_##sfx(m, b_),                              \
          c = sem_in_bits_##sfx(m, c_);                                                            \
        U most = sem_max_bits_##sfx(m, sem_max_bits_##sfx(m, a, b), c);                            \
        U least = sem_min_bits_##sfx(m, sem_min_bits_##sfx(m, a, b), c);                           \
        U key = sem_unsigned_zero_##sfx(most);                                                     \
        U r = sem_max_bits_##sfx(m, a, b);                                                         \
                                                                                                   \
        r = pick(key == sem_unsigned_zero_##sfx(b), sem_max_bits_##sfx(m, a, c), r);               \
        r = pick(key == sem_unsigned_zero_##sfx(a), sem_max_bits_##sfx(m, b, c), r);               \
        r = pick(sem_is_nan_##sfx(a), least, r);                                                   \
        r = pick(sem_is_nan_##sfx(b), least, r);                                                   \
        r = pick(sem_is_nan_##sfx(c), least, r);                                                   \
        return sem_out_bits_##sfx(m, r);                                                           \
    }
SEM_MINMAX(f32, uint32_t, sem_pick32)

/* Rounding to whole numbers; exact. */
SEM_F32_1(v_trunc_f32, __builtin_truncf(a))
SEM_F32_1(v_ceil_f32, __builtin_ceilf(a))
SEM_F32_1(v_floor_f32, __builtin_floorf(a))
SEM_F32_1(v_rndne_f32, __builtin_rintf(a))

/* Never 1, though a - floor(a) can round to it. */
static inline uint32_t sem_v_fract_f32(struct sem_mode m, uint32_t a_)
{
    float a = sem_in_f32(m, a_);
    float r = a - __builtin_floorf(a);

    return sem_out_f32(m, r >= 1.0f ? 0x1.fffffep-1f : r);
}

/* a * 2^b, rounded once: exact in f64, where no result is a denormal. */
static inline double sem_power_of_2(int n)
{
    return sem_f64((uint64_t)(uint32_t)(n + 1023) << 52);
}

static inline uint32_t sem_v_ldexp_f32(struct sem_mode m, uint32_t a, int32_t b)
{
    int n = b < -300 ? -300 : b > 300 ? 300 : b;

    return sem_out_f32(m, (float)((double)sem_in_f32(m, a) * sem_power_of_2(n)));
}

/* Significand in [0.5,1) and exponent, denormals included. Scaling by 2^24 makes them normal. */
static inline uint32_t sem_normalise_f32(uint32_t a, int *out_exponent)
{
    bool denormal = sem_is_denormal_f32(a);
    uint32_t scaled = denormal ? sem_bits32(sem_f32(a) * 0x1p24f) : a;

    *out_exponent = sem_exponent_f32(scaled) - 126 - (denormal ? 24 : 0);
    return scaled;
}

static inline uint32_t sem_v_frexp_exp_i32_f32(struct sem_mode m, uint32_t a)
{
    int exponent;

    a = sem_in_bits_f32(m, a);
    sem_normalise_f32(a, &exponent);
    return sem_either(sem_exponent_f32(a) == 255, sem_is_zero_f32(a)) ? 0 : (uint32_t)exponent;
}

static inline uint32_t sem_v_frexp_mant_f32(struct sem_mode m, uint32_t a)
{
    int exponent;
    uint32_t normal;

    a = sem_in_bits_f32(m, a);
    normal = sem_normalise_f32(a, &exponent);
    normal = (normal & 0x807fffff) | 126u << 23;
    return sem_either(sem_exponent_f32(a) == 255, sem_is_zero_f32(a)) ? sem_quiet_if_nan_f32(a)
                                                                      : normal;
}

/* Cube maps: the face that the vector (a,b,c) hits, coordinates on it, and its major axis. The
 * largest component by amount decides; c wins over b over a when they are equal. */
static inline uint32_t sem_cube_pick(float a, float b, float c, uint32_t if_z, uint32_t if_y,
                                     uint32_t if_x)
{
    float x = __builtin_fabsf(a), y = __builtin_fabsf(b), z = __builtin_fabsf(c);
    uint32_t r = sem_pick32(y >= x, if_y, if_x);

    return sem_pick32(z >= x, sem_pick32(z >= y, if_z, r), r);
}

static inline uint32_t sem_negate_if(bool condition, uint32_t x)
{
    return x ^ sem_pick32(condition, SEM_F32_NEG, 0);
}

#define SEM_CUBE(name, if_z, if_y, if_x)                                                           \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a_, uint32_t b_, uint32_t c_)    \
    {                                                                                              \
        uint32_t ab = sem_in_bits_f32(m, a_), bb = sem_in_bits_f32(m, b_);                         \
        uint32_t cb = sem_in_bits_f32(m, c_);                                                      \
        float a = sem_f32(ab), b = sem_f32(bb), c = sem_f32(cb);                                   \
        uint32_t r = sem_cube_pick(a, b, c, if_z, if_y, if_x);                                     \
                                                                                                   \
        return sem_out_bits_f32(m, sem_quiet_if_nan_f32(r));                                       \
    }
SEM_CUBE(v_cubeid_f32, sem_bits32(c < 0 ? 5.0f : 4.0f), sem_bits32(b < 0 ? 3.0f : 2.0f),
         sem_bits32(a < 0 ? 1.0f : 0.0f))
SEM_CUBE(v_cubesc_f32, sem_negate_if(c < 0, ab), ab, sem_negate_if(!(a < 0), cb))
SEM_CUBE(v_cubetc_f32, bb ^ SEM_F32_NEG, sem_negate_if(b < 0, cb), bb ^ SEM_F32_NEG)
SEM_CUBE(v_cubema_f32, sem_bits32(2.0f * c), sem_bits32(2.0f * b), sem_bits32(2.0f * a))

#endif
