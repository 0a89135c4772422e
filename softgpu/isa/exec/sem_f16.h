/* SPDX-License-Identifier: MIT
 *
 * Vector arithmetic in f16: what each operation does to one lane (see sem_base.h). Operands are
 * widened to f32. A product of two f16 values is exact there; a sum rounded to f32 and then to f16
 * is the correctly rounded one for round-to-nearest, and for the other modes when the first
 * rounding is to odd.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_F16_H
#define SOFTGPU_ISA_EXEC_SEM_F16_H

#include "softgpu/isa/exec/sem_f32.h"

#define SEM_F16_1(name, expr) SEM_FLOAT_1(f16, float, uint32_t, name, expr)
#define SEM_F16_2(name, expr) SEM_FLOAT_2(f16, float, uint32_t, name, expr)
#define SEM_F16_3(name, expr) SEM_FLOAT_3(f16, float, uint32_t, name, expr)

/* a + b, ready to be rounded to f16 by the mode; `odd` when rounding to f32 first could matter even
 * to round-to-nearest. */
static inline float sem_sum_f16(struct sem_mode m, bool odd, float a, float b)
{
    enum sem_round round = sem_round_f16_f64(m);
    float sum = odd || round != SEM_ROUND_EVEN ? sem_add_odd(a, b) : a + b;
    uint32_t signs = (sem_bits32(a) | sem_bits32(b)) & SEM_F32_NEG;

    /* Rounding down, a sum of zero is negative unless both terms are +0. */
    return round != SEM_ROUND_DOWN ? sum : sum == 0 ? sem_f32(signs) : sum;
}

SEM_F16_2(v_add_f16, sem_sum_f16(m, false, a, b))
SEM_F16_2(v_sub_f16, sem_sum_f16(m, false, a, -b))
SEM_F16_2(v_subrev_f16, sem_sum_f16(m, false, b, -a))
SEM_F16_2(v_mul_f16, a *b)
SEM_F16_3(v_fma_f16, sem_sum_f16(m, true, a *b, c))
SEM_F16_3(v_fmac_f16, sem_sum_f16(m, true, a *b, c))
SEM_F16_3(v_fmamk_f16, sem_sum_f16(m, true, a *b, c))
SEM_F16_3(v_fmaak_f16, sem_sum_f16(m, true, a *b, c))
SEM_MINMAX(f16, uint32_t, sem_pick32)

SEM_F16_1(v_trunc_f16, __builtin_truncf(a))
SEM_F16_1(v_ceil_f16, __builtin_ceilf(a))
SEM_F16_1(v_floor_f16, __builtin_floorf(a))
SEM_F16_1(v_rndne_f16, __builtin_rintf(a))

static inline uint32_t sem_v_fract_f16(struct sem_mode m, uint32_t a_)
{
    float a = sem_in_f16(m, a_);
    uint32_t r = sem_out_f16(m, sem_sum_f16(m, false, a, -__builtin_floorf(a)));

    return r == 0x3c00 ? 0x3bff : r;
}

static inline uint32_t sem_v_ldexp_f16(struct sem_mode m, uint32_t a, uint32_t b)
{
    int n = sem_sext16(b);
    uint32_t scale = (uint32_t)((n < -60 ? -60 : n > 60 ? 60 : n) + 127) << 23;

    return sem_out_f16(m, sem_in_f16(m, a) * sem_f32(scale));
}

static inline uint32_t sem_v_frexp_exp_i16_f16(struct sem_mode m, uint32_t a)
{
    uint32_t wide = sem_bits32(sem_in_f16(m, a));

    return sem_either(sem_exponent_f32(wide) == 255, sem_is_zero_f32(wide))
               ? 0
               : (uint32_t)(sem_exponent_f32(wide) - 126) & 0xffff;
}

static inline uint32_t sem_v_frexp_mant_f16(struct sem_mode m, uint32_t a)
{
    uint32_t wide = sem_bits32(sem_in_f16(m, a));
    bool keep = sem_either(sem_exponent_f32(wide) == 255, sem_is_zero_f32(wide));

    return sem_out_f16(m, sem_f32(keep ? wide : (wide & 0x807fffff) | 126u << 23));
}

/* Two values side by side, bits unchanged. */
static inline uint32_t sem_v_pack_b32_f16(struct sem_mode m, uint32_t a, uint32_t b)
{
    return sem_in_bits_f16(m, a) | sem_in_bits_f16(m, b) << 16;
}

#endif
