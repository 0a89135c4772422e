/* SPDX-License-Identifier: MIT
 *
 * Scalar operations: what each computes from its sources, and from SCC and to SCC. A function gets
 * the sources and a pointer to SCC (0 or 1), which it may read and write.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_SALU_H
#define SOFTGPU_ISA_EXEC_SEM_SALU_H

#include <stdbool.h>
#include <stdint.h>

/* One line an operation: a and b are the sources, d the result, `carry` what SCC becomes. */
#define SEM_S1(name, T, A, expr, carry)                                                            \
    static inline T sem_##name(A a, uint32_t *scc)                                                 \
    {                                                                                              \
        const T d = (T)(expr);                                                                     \
                                                                                                   \
        *scc = (carry);                                                                            \
        return d;                                                                                  \
    }
#define SEM_S2(name, T, A, B, expr, carry)                                                         \
    static inline T sem_##name(A a, B b, uint32_t *scc)                                            \
    {                                                                                              \
        const T d = (T)(expr);                                                                     \
                                                                                                   \
        *scc = (carry);                                                                            \
        return d;                                                                                  \
    }
#define SEM_S_NONZERO (d != 0)
#define SEM_S_KEEP    (*scc)

/* The same for 32 and 64 bits. */
#define SEM_S_BITS_1(name, expr)                                                                   \
    SEM_S1(name##_b32, uint32_t, uint32_t, expr, SEM_S_NONZERO)                                    \
    SEM_S1(name##_b64, uint64_t, uint64_t, expr, SEM_S_NONZERO)
#define SEM_S_BITS_2(name, expr)                                                                   \
    SEM_S2(name##_b32, uint32_t, uint32_t, uint32_t, expr, SEM_S_NONZERO)                          \
    SEM_S2(name##_b64, uint64_t, uint64_t, uint64_t, expr, SEM_S_NONZERO)

/* Arithmetic. Signed overflow is told from the signs. */
SEM_S2(s_add_u32, uint32_t, uint32_t, uint32_t, a + b, d < a)
SEM_S2(s_sub_u32, uint32_t, uint32_t, uint32_t, a - b, b > a)
SEM_S2(s_add_i32, uint32_t, uint32_t, uint32_t, a + b, (~(a ^ b) & (a ^ d)) >> 31)
SEM_S2(s_sub_i32, uint32_t, uint32_t, uint32_t, a - b, ((a ^ b) & (a ^ d)) >> 31)
SEM_S2(s_addc_u32, uint32_t, uint32_t, uint32_t, a + b + *scc, (uint64_t)a + b + *scc > UINT32_MAX)
SEM_S2(s_subb_u32, uint32_t, uint32_t, uint32_t, a - b - *scc, (uint64_t)b + *scc > a)
SEM_S2(s_min_i32, uint32_t, int32_t, int32_t, a < b ? a : b, a < b)
SEM_S2(s_min_u32, uint32_t, uint32_t, uint32_t, a < b ? a : b, a < b)
SEM_S2(s_max_i32, uint32_t, int32_t, int32_t, a > b ? a : b, a > b)
SEM_S2(s_max_u32, uint32_t, uint32_t, uint32_t, a > b ? a : b, a > b)
SEM_S2(s_mul_i32, uint32_t, uint32_t, uint32_t, a *b, SEM_S_KEEP)
SEM_S2(s_mul_hi_u32, uint32_t, uint32_t, uint32_t, (uint64_t)a *b >> 32, SEM_S_KEEP)
SEM_S2(s_mul_hi_i32, uint32_t, int32_t, int32_t, (int64_t)a *b >> 32, SEM_S_KEEP)
SEM_S2(s_absdiff_i32, uint32_t, uint32_t, uint32_t, (a - b) >> 31 ? b - a : a - b, SEM_S_NONZERO)
SEM_S1(s_abs_i32, uint32_t, uint32_t, a >> 31 ? 0 - a : a, SEM_S_NONZERO)

#define SEM_S_LSHL_ADD(n)                                                                          \
    SEM_S2(s_lshl##n##_add_u32, uint32_t, uint32_t, uint32_t, (a << n) + b,                        \
           ((uint64_t)a << n) + b > UINT32_MAX)
SEM_S_LSHL_ADD(1)
SEM_S_LSHL_ADD(2)
SEM_S_LSHL_ADD(3)
SEM_S_LSHL_ADD(4)

/* Logic. */
SEM_S_BITS_2(s_and, a &b)
SEM_S_BITS_2(s_or, a | b)
SEM_S_BITS_2(s_xor, a ^ b)
SEM_S_BITS_2(s_andn2, a & ~b)
SEM_S_BITS_2(s_orn2, a | ~b)
SEM_S_BITS_2(s_nand, ~(a &b))
SEM_S_BITS_2(s_nor, ~(a | b))
SEM_S_BITS_2(s_xnor, ~(a ^ b))
SEM_S_BITS_2(s_andn1, ~a &b)
SEM_S_BITS_2(s_orn1, ~a | b)
SEM_S_BITS_1(s_not, ~a)

/* Moves. */
SEM_S1(s_mov_b32, uint32_t, uint32_t, a, SEM_S_KEEP)
SEM_S1(s_mov_b64, uint64_t, uint64_t, a, SEM_S_KEEP)
SEM_S2(s_cselect_b32, uint32_t, uint32_t, uint32_t, *scc ? a : b, SEM_S_KEEP)
SEM_S2(s_cselect_b64, uint64_t, uint64_t, uint64_t, *scc ? a : b, SEM_S_KEEP)
SEM_S1(s_sext_i32_i8, uint32_t, uint32_t, (int8_t)(uint8_t)a, SEM_S_KEEP)
SEM_S1(s_sext_i32_i16, uint32_t, uint32_t, (int16_t)(uint16_t)a, SEM_S_KEEP)
SEM_S2(s_pack_ll_b32_b16, uint32_t, uint32_t, uint32_t, (a & 0xffff) | b << 16, SEM_S_KEEP)
SEM_S2(s_pack_lh_b32_b16, uint32_t, uint32_t, uint32_t, (a & 0xffff) | (b & 0xffff0000), SEM_S_KEEP)
SEM_S2(s_pack_hh_b32_b16, uint32_t, uint32_t, uint32_t, a >> 16 | (b & 0xffff0000), SEM_S_KEEP)

/* Shifts. */
SEM_S2(s_lshl_b32, uint32_t, uint32_t, uint32_t, a << (b & 31), SEM_S_NONZERO)
SEM_S2(s_lshl_b64, uint64_t, uint64_t, uint32_t, a << (b & 63), SEM_S_NONZERO)
SEM_S2(s_lshr_b32, uint32_t, uint32_t, uint32_t, a >> (b & 31), SEM_S_NONZERO)
SEM_S2(s_lshr_b64, uint64_t, uint64_t, uint32_t, a >> (b & 63), SEM_S_NONZERO)
SEM_S2(s_ashr_i32, uint32_t, int32_t, uint32_t, a >> (b & 31), SEM_S_NONZERO)
SEM_S2(s_ashr_i64, uint64_t, int64_t, uint32_t, a >> (b & 63), SEM_S_NONZERO)

/* Bit fields: offset in the low bits of b, width in 22:16. */
static inline uint64_t sem_s_low_bits(uint32_t width)
{
    return width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
}

/* The low `width` bits of x, sign-extended; 0 for no bits. */
static inline uint64_t sem_s_sign_extend(uint64_t x, uint32_t width)
{
    uint64_t sign = width == 0 ? 0 : width < 64 ? UINT64_C(1) << (width - 1) : UINT64_C(1) << 63;

    return ((x & sem_s_low_bits(width)) ^ sign) - sign;
}

SEM_S2(s_bfm_b32, uint32_t, uint32_t, uint32_t, ((1u << (a & 31)) - 1) << (b & 31), SEM_S_KEEP)
SEM_S2(s_bfm_b64, uint64_t, uint32_t, uint32_t, ((UINT64_C(1) << (a & 63)) - 1) << (b & 63),
       SEM_S_KEEP)
SEM_S2(s_bfe_u32, uint32_t, uint32_t, uint32_t, (a >> (b & 31)) & sem_s_low_bits(b >> 16 & 127),
       SEM_S_NONZERO)
SEM_S2(s_bfe_u64, uint64_t, uint64_t, uint32_t, (a >> (b & 63)) & sem_s_low_bits(b >> 16 & 127),
       SEM_S_NONZERO)
SEM_S2(s_bfe_i32, uint32_t, int32_t, uint32_t,
       sem_s_sign_extend((uint64_t)(int64_t)(a >> (b & 31)), b >> 16 & 127), SEM_S_NONZERO)
SEM_S2(s_bfe_i64, uint64_t, int64_t, uint32_t,
       sem_s_sign_extend((uint64_t)(a >> (b & 63)), b >> 16 & 127), SEM_S_NONZERO)
/* The old destination is the second source. */
SEM_S2(s_bitset0_b32, uint32_t, uint32_t, uint32_t, b & ~(1u << (a & 31)), SEM_S_KEEP)
SEM_S2(s_bitset0_b64, uint64_t, uint32_t, uint64_t, b & ~(UINT64_C(1) << (a & 63)), SEM_S_KEEP)
SEM_S2(s_bitset1_b32, uint32_t, uint32_t, uint32_t, b | 1u << (a & 31), SEM_S_KEEP)
SEM_S2(s_bitset1_b64, uint64_t, uint32_t, uint64_t, b | UINT64_C(1) << (a & 63), SEM_S_KEEP)

/* Counting and finding bits. */
SEM_S1(s_bcnt0_i32_b32, uint32_t, uint32_t, __builtin_popcount(~a), SEM_S_NONZERO)
SEM_S1(s_bcnt0_i32_b64, uint32_t, uint64_t, __builtin_popcountll(~a), SEM_S_NONZERO)
SEM_S1(s_bcnt1_i32_b32, uint32_t, uint32_t, __builtin_popcount(a), SEM_S_NONZERO)
SEM_S1(s_bcnt1_i32_b64, uint32_t, uint64_t, __builtin_popcountll(a), SEM_S_NONZERO)
SEM_S1(s_ff0_i32_b32, uint32_t, uint32_t, ~a ? __builtin_ctz(~a) : -1, SEM_S_KEEP)
SEM_S1(s_ff0_i32_b64, uint32_t, uint64_t, ~a ? __builtin_ctzll(~a) : -1, SEM_S_KEEP)
SEM_S1(s_ff1_i32_b32, uint32_t, uint32_t, a ? __builtin_ctz(a) : -1, SEM_S_KEEP)
SEM_S1(s_ff1_i32_b64, uint32_t, uint64_t, a ? __builtin_ctzll(a) : -1, SEM_S_KEEP)
SEM_S1(s_flbit_i32_b32, uint32_t, uint32_t, a ? __builtin_clz(a) : -1, SEM_S_KEEP)
SEM_S1(s_flbit_i32_b64, uint32_t, uint64_t, a ? __builtin_clzll(a) : -1, SEM_S_KEEP)
SEM_S1(s_flbit_i32, uint32_t, int32_t, a ^ a >> 31 ? __builtin_clz((uint32_t)(a ^ a >> 31)) : -1,
       SEM_S_KEEP)
SEM_S1(s_flbit_i32_i64, uint32_t, int64_t,
       a ^ a >> 63 ? __builtin_clzll((uint64_t)(a ^ a >> 63)) : -1, SEM_S_KEEP)

static inline uint64_t sem_s_reverse64(uint64_t x)
{
    x = (x & 0x5555555555555555) << 1 | (x >> 1 & 0x5555555555555555);
    x = (x & 0x3333333333333333) << 2 | (x >> 2 & 0x3333333333333333);
    x = (x & 0x0f0f0f0f0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0f);
    return __builtin_bswap64(x);
}

SEM_S1(s_brev_b32, uint32_t, uint32_t, sem_s_reverse64(a) >> 32, SEM_S_KEEP)
SEM_S1(s_brev_b64, uint64_t, uint64_t, sem_s_reverse64(a), SEM_S_KEEP)

/* Quads of lanes: bit 0 of every quad that has any bit set. */
static inline uint64_t sem_s_quad_bits(uint64_t x)
{
    x |= x >> 1;
    x |= x >> 2;
    return x & 0x1111111111111111;
}

/* Every fourth bit, moved together. */
static inline uint64_t sem_s_gather_quads(uint64_t x)
{
    x = (x | x >> 3) & 0x0303030303030303;
    x = (x | x >> 6) & 0x000f000f000f000f;
    x = (x | x >> 12) & 0x000000ff000000ff;
    return (x | x >> 24) & 0xffff;
}

static inline uint64_t sem_s_double_bits(uint32_t a)
{
    uint64_t x = a;

    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x << 2) & 0x3333333333333333;
    x = (x | x << 1) & 0x5555555555555555;
    return x | x << 1;
}

SEM_S_BITS_1(s_wqm, sem_s_quad_bits(a) * 15)
SEM_S_BITS_1(s_quadmask, sem_s_gather_quads(sem_s_quad_bits(a)))
SEM_S1(s_bitreplicate_b64_b32, uint64_t, uint32_t, sem_s_double_bits(a), SEM_S_KEEP)

/* Comparisons give SCC only. */
#define SEM_SCMP(name, A, B, expr)                                                                 \
    static inline bool sem_##name(A a, B b)                                                        \
    {                                                                                              \
        return expr;                                                                               \
    }
#define SEM_SCMP_ORDER(sfx, A)                                                                     \
    SEM_SCMP(s_cmp_eq_##sfx, A, A, a == b)                                                         \
    SEM_SCMP(s_cmp_lg_##sfx, A, A, a != b)                                                         \
    SEM_SCMP(s_cmp_gt_##sfx, A, A, a > b)                                                          \
    SEM_SCMP(s_cmp_ge_##sfx, A, A, a >= b)                                                         \
    SEM_SCMP(s_cmp_lt_##sfx, A, A, a < b)                                                          \
    SEM_SCMP(s_cmp_le_##sfx, A, A, a <= b)
SEM_SCMP_ORDER(i32, int32_t)
SEM_SCMP_ORDER(u32, uint32_t)
SEM_SCMP(s_cmp_eq_u64, uint64_t, uint64_t, a == b)
SEM_SCMP(s_cmp_lg_u64, uint64_t, uint64_t, a != b)
SEM_SCMP(s_bitcmp0_b32, uint32_t, uint32_t, !(a >> (b & 31) & 1))
SEM_SCMP(s_bitcmp1_b32, uint32_t, uint32_t, a >> (b & 31) & 1)
SEM_SCMP(s_bitcmp0_b64, uint64_t, uint32_t, !(a >> (b & 63) & 1))
SEM_SCMP(s_bitcmp1_b64, uint64_t, uint32_t, a >> (b & 63) & 1)

#endif
