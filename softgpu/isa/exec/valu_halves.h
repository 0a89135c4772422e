/* SPDX-License-Identifier: MIT
 *
 * f16 arithmetic on whole rows by the CPU's own conversions (F16C), which the compiler does not
 * find in the semantic functions. The results are theirs (sem_f16.h), several times as fast; for
 * modes that round to nearest and keep denormals, as those conversions do.
 *
 * Without F16C (x86-64-v2) there is nothing here: every function says that it did nothing.
 */
#ifndef SOFTGPU_ISA_EXEC_VALU_HALVES_H
#define SOFTGPU_ISA_EXEC_VALU_HALVES_H

#include "softgpu/isa/exec/valu.h"

#ifdef __F16C__
#include <immintrin.h>

#ifdef __AVX512F__
typedef __m512 valu_floats;
typedef __m256i valu_halves;
typedef int32_t valu_words __attribute__((vector_size(64)));
#define VALU_WIDEN(halves)  _mm512_cvtph_ps(halves)
#define VALU_NARROW(floats) _mm512_cvtps_ph(floats, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#else
typedef __m256 valu_floats;
typedef __m128i valu_halves;
typedef int32_t valu_words __attribute__((vector_size(32)));
#define VALU_WIDEN(halves)  _mm256_cvtph_ps(halves)
#define VALU_NARROW(floats) _mm256_cvtps_ph(floats, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#endif

/* Lanes of a row that one step works on. */
enum { VALU_HALVES_LANES = sizeof(valu_halves) / sizeof(uint32_t) };

VALU_ALWAYS_INLINE bool valu_halves_fit(struct sem_mode m)
{
    const uint32_t denormals = SEM_MODE_DENORM_IN_F16_F64 | SEM_MODE_DENORM_OUT_F16_F64;
    const uint32_t others = SEM_MODE_ROUND_F32 | SEM_MODE_ROUND_F16_F64 | SEM_MODE_FP16_OVFL;

    return (m.bits & (denormals | others)) == denormals;
}

VALU_ALWAYS_INLINE valu_floats valu_halves_load(const uint32_t *row)
{
    valu_halves halves;

    memcpy(&halves, row, sizeof halves);
    return VALU_WIDEN(halves);
}

/* `keep` selects from each lane what is the result. */
VALU_ALWAYS_INLINE void valu_halves_store(uint32_t *row, valu_floats value, uint32_t keep)
{
    valu_halves halves = VALU_NARROW(value);
    uint32_t lanes[VALU_HALVES_LANES];

    memcpy(lanes, &halves, sizeof halves);
    for (size_t i = 0; i < VALU_HALVES_LANES; i++)
        lanes[i] &= keep;
    memcpy(row, lanes, sizeof halves);
}

VALU_ALWAYS_INLINE valu_floats valu_halves_add(valu_floats a, valu_floats b, valu_floats c)
{
    (void)c;
    return a + b;
}

VALU_ALWAYS_INLINE valu_floats valu_halves_mul(valu_floats a, valu_floats b, valu_floats c)
{
    (void)c;
    return a * b;
}

/* The product is exact; the sum is sem_add_odd()'s. */
VALU_ALWAYS_INLINE valu_floats valu_halves_fma(valu_floats a, valu_floats b, valu_floats c)
{
    const valu_floats product = a * b, sum = product + c, zero = {0};
    const valu_floats c_part = sum - product;
    const valu_floats error = (product - (sum - c_part)) + (c - c_part);
    const valu_words bits = (valu_words)sum;
    const valu_words step = (((valu_words)error ^ bits) >> 31) | 1;
    const valu_words inexact = (error < zero) | (error > zero);

    return (valu_floats)(bits + (step & inexact & ((bits & 1) - 1)));
}

typedef valu_floats valu_halves_fn(valu_floats a, valu_floats b, valu_floats c);

VALU_ALWAYS_INLINE bool valu_halves_run(const struct valu_frame *f, struct sem_mode m,
                                        valu_halves_fn *operation, unsigned sources, uint32_t keep)
{
    if (!valu_halves_fit(m))
        return false;
    for (size_t at = 0; at < f->lanes; at += VALU_HALVES_LANES) {
        valu_floats a = valu_halves_load(f->src[0] + at), b = valu_halves_load(f->src[1] + at);
        valu_floats c = sources > 2 ? valu_halves_load(f->src[2] + at) : b;

        valu_halves_store(f->dst + at, operation(a, b, c), keep);
    }
    return true;
}

#define VALU_HALVES(what, f, m, sources, keep)                                                     \
    valu_halves_run(f, m, valu_halves_##what, sources, keep)
#else
#define VALU_HALVES(what, f, m, sources, keep) ((void)(f), (void)(m), false)
#endif

#endif
