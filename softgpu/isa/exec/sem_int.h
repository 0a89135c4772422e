/* SPDX-License-Identifier: MIT
 *
 * Vector operations on integers and untyped bits: what each does to one lane (see sem_base.h).
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12. v_alignbyte_b32 uses only two bits of its
 * shift count, as the OpenCL extension cl_amd_media_ops defines amd_bytealign(), which is this
 * instruction.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_INT_H
#define SOFTGPU_ISA_EXEC_SEM_INT_H

#include "softgpu/isa/exec/sem_base.h"

/* One line an operation: a, b, c are the sources, m the mode. */
#define SEM_1(name, T, A, expr)                                                                    \
    static inline T sem_##name(struct sem_mode m, A a)                                             \
    {                                                                                              \
        (void)m;                                                                                   \
        return (T)(expr);                                                                          \
    }
#define SEM_2(name, T, A, B, expr)                                                                 \
    static inline T sem_##name(struct sem_mode m, A a, B b)                                        \
    {                                                                                              \
        (void)m;                                                                                   \
        return (T)(expr);                                                                          \
    }
#define SEM_3(name, T, A, B, C, expr)                                                              \
    static inline T sem_##name(struct sem_mode m, A a, B b, C c)                                   \
    {                                                                                              \
        (void)m;                                                                                   \
        return (T)(expr);                                                                          \
    }
#define SEM_U1(name, expr) SEM_1(name, uint32_t, uint32_t, expr)
#define SEM_U2(name, expr) SEM_2(name, uint32_t, uint32_t, uint32_t, expr)
#define SEM_U3(name, expr) SEM_3(name, uint32_t, uint32_t, uint32_t, uint32_t, expr)
#define SEM_I2(name, expr) SEM_2(name, uint32_t, int32_t, int32_t, expr)
#define SEM_I3(name, expr) SEM_3(name, uint32_t, int32_t, int32_t, int32_t, expr)

/* Saturation, for operations with the clamp bit. */
static inline uint32_t sem_sat_u32(struct sem_mode m, uint64_t wide)
{
    return sem_clamp(m) && wide > UINT32_MAX ? UINT32_MAX : (uint32_t)wide;
}

static inline uint32_t sem_sat_i32(struct sem_mode m, int64_t wide)
{
    int64_t limited = wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : wide;

    return (uint32_t)(sem_clamp(m) ? limited : wide);
}

static inline uint32_t sem_sat_u16(struct sem_mode m, int64_t wide)
{
    int64_t limited = wide > UINT16_MAX ? UINT16_MAX : wide < 0 ? 0 : wide;

    return (uint32_t)(sem_clamp(m) ? limited : wide) & 0xffff;
}

static inline uint32_t sem_sat_i16(struct sem_mode m, int64_t wide)
{
    int64_t limited = wide > INT16_MAX ? INT16_MAX : wide < INT16_MIN ? INT16_MIN : wide;

    return (uint32_t)(sem_clamp(m) ? limited : wide) & 0xffff;
}

/* Moves and logic. */
SEM_U1(v_mov_b32, a)
SEM_U1(v_not_b32, ~a)
SEM_3(v_cndmask_b32, uint32_t, uint32_t, uint32_t, bool, c ? b : a)
SEM_U2(v_and_b32, a &b)
SEM_U2(v_or_b32, a | b)
SEM_U2(v_xor_b32, a ^ b)
SEM_U2(v_xnor_b32, ~(a ^ b))
SEM_U3(v_xor3_b32, a ^ b ^ c)
SEM_U3(v_or3_b32, a | b | c)
SEM_U3(v_and_or_b32, (a & b) | c)
SEM_U3(v_bfi_b32, (a & b) | (~a & c))

/* Addition and subtraction. */
SEM_U2(v_add_nc_u32, sem_sat_u32(m, (uint64_t)a + b))
SEM_U2(v_sub_nc_u32, sem_clamp(m) && b > a ? 0 : a - b)
SEM_U2(v_subrev_nc_u32, sem_clamp(m) && a > b ? 0 : b - a)
SEM_I2(v_add_nc_i32, sem_sat_i32(m, (int64_t)a + b))
SEM_I2(v_sub_nc_i32, sem_sat_i32(m, (int64_t)a - b))
SEM_U2(v_add_nc_u16, sem_sat_u16(m, (int64_t)(a & 0xffff) + (b & 0xffff)))
SEM_U2(v_sub_nc_u16, sem_sat_u16(m, (int64_t)(a & 0xffff) - (b & 0xffff)))
SEM_U2(v_add_nc_i16, sem_sat_i16(m, (int64_t)sem_sext16(a) + sem_sext16(b)))
SEM_U2(v_sub_nc_i16, sem_sat_i16(m, (int64_t)sem_sext16(a) - sem_sext16(b)))
SEM_U3(v_add3_u32, a + b + c)
SEM_U3(v_xad_u32, (a ^ b) + c)

/* With carry: `carry_in` and the result are borrows for subtractions. */
static inline uint32_t sem_v_add_co_ci_u32(struct sem_mode m, uint32_t a, uint32_t b, bool carry_in,
                                           bool *out_carry)
{
    uint32_t sum = a + b;
    uint32_t full = sum + carry_in;

    *out_carry = sum < a || full < sum;
    return sem_clamp(m) && *out_carry ? UINT32_MAX : full;
}

static inline uint32_t sem_v_sub_co_ci_u32(struct sem_mode m, uint32_t a, uint32_t b,
                                           bool borrow_in, bool *out_borrow)
{
    *out_borrow = b > a || (borrow_in && b == a);
    return sem_clamp(m) && *out_borrow ? 0 : a - b - borrow_in;
}

static inline uint32_t sem_v_subrev_co_ci_u32(struct sem_mode m, uint32_t a, uint32_t b,
                                              bool borrow_in, bool *out_borrow)
{
    return sem_v_sub_co_ci_u32(m, b, a, borrow_in, out_borrow);
}

static inline uint32_t sem_v_add_co_u32(struct sem_mode m, uint32_t a, uint32_t b, bool *out_carry)
{
    return sem_v_add_co_ci_u32(m, a, b, false, out_carry);
}

static inline uint32_t sem_v_sub_co_u32(struct sem_mode m, uint32_t a, uint32_t b, bool *out_borrow)
{
    return sem_v_sub_co_ci_u32(m, a, b, false, out_borrow);
}

static inline uint32_t sem_v_subrev_co_u32(struct sem_mode m, uint32_t a, uint32_t b,
                                           bool *out_borrow)
{
    return sem_v_sub_co_ci_u32(m, b, a, false, out_borrow);
}

/* Shifts: counts are taken modulo the width. */
SEM_U2(v_lshlrev_b32, b << (a & 31))
SEM_U2(v_lshrrev_b32, b >> (a & 31))
SEM_2(v_ashrrev_i32, uint32_t, uint32_t, int32_t, b >> (a & 31))
SEM_2(v_lshlrev_b64, uint64_t, uint32_t, uint64_t, b << (a & 63))
SEM_2(v_lshrrev_b64, uint64_t, uint32_t, uint64_t, b >> (a & 63))
SEM_2(v_ashrrev_i64, uint64_t, uint32_t, int64_t, b >> (a & 63))
SEM_U2(v_lshlrev_b16, (b << (a & 15)) & 0xffff)
SEM_U2(v_lshrrev_b16, (b & 0xffff) >> (a & 15))
SEM_U2(v_ashrrev_i16, (uint32_t)(sem_sext16(b) >> (a & 15)) & 0xffff)
SEM_U3(v_lshl_add_u32, (a << (b & 31)) + c)
SEM_U3(v_add_lshl_u32, (a + b) << (c & 31))
SEM_U3(v_lshl_or_b32, (a << (b & 31)) | c)
SEM_U3(v_alignbit_b32, ((uint64_t)a << 32 | b) >> (c & 31))
SEM_U3(v_alignbyte_b32, ((uint64_t)a << 32 | b) >> (c & 3) * 8)

/* Bit fields. */
SEM_U2(v_bfm_b32, ((1u << (a & 31)) - 1) << (b & 31))
SEM_U3(v_bfe_u32, (a >> (b & 31)) & ((1u << (c & 31)) - 1))

static inline uint32_t sem_v_bfe_i32(struct sem_mode m, int32_t a, uint32_t b, uint32_t c)
{
    uint32_t width = c & 31;
    uint32_t field = (uint32_t)(a >> (b & 31)) & ((1u << width) - 1);
    uint32_t sign = width ? 1u << (width - 1) : 0;

    (void)m;
    return (field ^ sign) - sign;
}

/* Counting bits, in steps that vectorise. */
static inline uint32_t sem_popcount32(uint32_t x)
{
    x -= x >> 1 & 0x55555555;
    x = (x & 0x33333333) + (x >> 2 & 0x33333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f;
    x += x >> 8;
    return (x + (x >> 16)) & 0x3f;
}

/* The number of zeros above the highest one; 32 for 0. */
static inline uint32_t sem_leading_zeros32(uint32_t x)
{
    x |= x >> 1;
    x |= x >> 2;
    x |= x >> 4;
    x |= x >> 8;
    x |= x >> 16;
    return sem_popcount32(~x);
}

static inline uint32_t sem_reverse32(uint32_t x)
{
    x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
    x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
    x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
    x = (x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff);
    return x << 16 | x >> 16;
}

static inline uint32_t sem_ffbh_i32(uint32_t x)
{
    uint32_t changes = x ^ (uint32_t)((int32_t)x >> 31);

    return changes ? sem_leading_zeros32(changes) : UINT32_MAX;
}

SEM_U1(v_bfrev_b32, sem_reverse32(a))
SEM_U1(v_ffbh_u32, a ? sem_leading_zeros32(a) : UINT32_MAX)
SEM_U1(v_ffbh_i32, sem_ffbh_i32(a))
SEM_U1(v_ffbl_b32, a ? sem_popcount32((a & (0u - a)) - 1) : UINT32_MAX)
SEM_U2(v_bcnt_u32_b32, sem_popcount32(a) + b)

/* The masked counts also depend on the lane. */
static inline uint32_t sem_v_mbcnt_lo_u32_b32(struct sem_mode m, unsigned lane, uint32_t a,
                                              uint32_t b)
{
    uint32_t below = lane < 32 ? (1u << lane) - 1 : UINT32_MAX;

    (void)m;
    return sem_popcount32(a & below) + b;
}

static inline uint32_t sem_v_mbcnt_hi_u32_b32(struct sem_mode m, unsigned lane, uint32_t a,
                                              uint32_t b)
{
    uint32_t below = lane < 32 ? 0 : (1u << (lane & 31)) - 1;

    (void)m;
    return sem_popcount32(a & below) + b;
}

/* Minimum, maximum, median. */
#define SEM_MIN(a, b)     ((a) < (b) ? (a) : (b))
#define SEM_MAX(a, b)     ((a) > (b) ? (a) : (b))
#define SEM_MED3(a, b, c) SEM_MAX(SEM_MIN(a, b), SEM_MIN(SEM_MAX(a, b), c))

SEM_I2(v_min_i32, SEM_MIN(a, b))
SEM_I2(v_max_i32, SEM_MAX(a, b))
SEM_U2(v_min_u32, SEM_MIN(a, b))
SEM_U2(v_max_u32, SEM_MAX(a, b))
SEM_I3(v_min3_i32, SEM_MIN(SEM_MIN(a, b), c))
SEM_I3(v_max3_i32, SEM_MAX(SEM_MAX(a, b), c))
SEM_I3(v_med3_i32, SEM_MED3(a, b, c))
SEM_U3(v_min3_u32, SEM_MIN(SEM_MIN(a, b), c))
SEM_U3(v_max3_u32, SEM_MAX(SEM_MAX(a, b), c))
SEM_U3(v_med3_u32, SEM_MED3(a, b, c))

/* 16-bit forms: the same on extended operands. */
#define SEM_U16_2(name, expr)                                                                      \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a, uint32_t b)                   \
    {                                                                                              \
        (void)m;                                                                                   \
        a &= 0xffff;                                                                               \
        b &= 0xffff;                                                                               \
        return (uint32_t)(expr)&0xffff;                                                            \
    }
#define SEM_I16_2(name, expr)                                                                      \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a_, uint32_t b_)                 \
    {                                                                                              \
        int32_t a = sem_sext16(a_);                                                                \
        int32_t b = sem_sext16(b_);                                                                \
                                                                                                   \
        (void)m;                                                                                   \
        return (uint32_t)(expr)&0xffff;                                                            \
    }
#define SEM_U16_3(name, expr)                                                                      \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)       \
    {                                                                                              \
        (void)m;                                                                                   \
        a &= 0xffff;                                                                               \
        b &= 0xffff;                                                                               \
        c &= 0xffff;                                                                               \
        return (uint32_t)(expr)&0xffff;                                                            \
    }
#define SEM_I16_3(name, expr)                                                                      \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a_, uint32_t b_, uint32_t c_)    \
    {                                                                                              \
        int32_t a = sem_sext16(a_);                                                                \
        int32_t b = sem_sext16(b_);                                                                \
        int32_t c = sem_sext16(c_);                                                                \
                                                                                                   \
        (void)m;                                                                                   \
        return (uint32_t)(expr)&0xffff;                                                            \
    }
SEM_U16_2(v_min_u16, SEM_MIN(a, b))
SEM_U16_2(v_max_u16, SEM_MAX(a, b))
SEM_I16_2(v_min_i16, SEM_MIN(a, b))
SEM_I16_2(v_max_i16, SEM_MAX(a, b))
SEM_U16_3(v_min3_u16, SEM_MIN(SEM_MIN(a, b), c))
SEM_U16_3(v_max3_u16, SEM_MAX(SEM_MAX(a, b), c))
SEM_U16_3(v_med3_u16, SEM_MED3(a, b, c))
SEM_I16_3(v_min3_i16, SEM_MIN(SEM_MIN(a, b), c))
SEM_I16_3(v_max3_i16, SEM_MAX(SEM_MAX(a, b), c))
SEM_I16_3(v_med3_i16, SEM_MED3(a, b, c))

/* Multiplication. */
SEM_U2(v_mul_lo_u32, a *b)
SEM_U2(v_mul_hi_u32, (uint64_t)a *b >> 32)
SEM_I2(v_mul_hi_i32, (int64_t)a *b >> 32)
SEM_U2(v_mul_lo_u16, ((a & 0xffff) * (b & 0xffff)) & 0xffff)
SEM_U2(v_mul_u32_u24, sem_sat_u32(m, (uint64_t)(a & 0xffffff) * (b & 0xffffff)))
SEM_U2(v_mul_hi_u32_u24, (uint64_t)(a & 0xffffff) * (b & 0xffffff) >> 32)
SEM_U2(v_mul_i32_i24, sem_sat_i32(m, (int64_t)sem_sext24(a) * sem_sext24(b)))
SEM_U2(v_mul_hi_i32_i24, (int64_t)sem_sext24(a) * sem_sext24(b) >> 32)
SEM_U3(v_mad_u32_u24, sem_sat_u32(m, (uint64_t)(a & 0xffffff) * (b & 0xffffff) + c))
SEM_U3(v_mad_i32_i24, sem_sat_i32(m, (int64_t)sem_sext24(a) * sem_sext24(b) + (int32_t)c))
SEM_U3(v_mad_u16, sem_sat_u16(m, (int64_t)((a & 0xffff) * (b & 0xffff)) + (c & 0xffff)))
SEM_U3(v_mad_i16, sem_sat_i16(m, (int64_t)(sem_sext16(a) * sem_sext16(b)) + sem_sext16(c)))
SEM_U3(v_mad_u32_u16, sem_sat_u32(m, (uint64_t)((a & 0xffff) * (b & 0xffff)) + c))
SEM_U3(v_mad_i32_i16, sem_sat_i32(m, (int64_t)(sem_sext16(a) * sem_sext16(b)) + (int32_t)c))

static inline uint64_t sem_v_mad_u64_u32(struct sem_mode m, uint32_t a, uint32_t b, uint64_t c,
                                         bool *out_carry)
{
    uint64_t sum = (uint64_t)a * b + c;

    *out_carry = sum < c;
    return sem_clamp(m) && *out_carry ? UINT64_MAX : sum;
}

static inline uint64_t sem_v_mad_i64_i32(struct sem_mode m, int32_t a, int32_t b, uint64_t c,
                                         bool *out_overflow)
{
    uint64_t product = (uint64_t)((int64_t)a * b);
    uint64_t sum = product + c;
    uint64_t limit = c >> 63 ? (uint64_t)INT64_MIN : (uint64_t)INT64_MAX;

    *out_overflow = (~(product ^ c) & (product ^ sum)) >> 63;
    return sem_clamp(m) && *out_overflow ? limit : sum;
}

/* Bytes: sums of absolute differences, averages, permutation. */
static inline uint32_t sem_byte(uint32_t x, unsigned index)
{
    return x >> 8 * index & 0xff;
}

static inline uint32_t sem_absdiff(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static inline uint32_t sem_sad4(uint32_t a, uint32_t b)
{
    return sem_absdiff(sem_byte(a, 0), sem_byte(b, 0)) +
           sem_absdiff(sem_byte(a, 1), sem_byte(b, 1)) +
           sem_absdiff(sem_byte(a, 2), sem_byte(b, 2)) +
           sem_absdiff(sem_byte(a, 3), sem_byte(b, 3));
}

/* Bytes that are zero in the reference `b` do not count. */
static inline uint32_t sem_msad4(uint32_t a, uint32_t b)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < 4; i++)
        sum += sem_byte(b, i) ? sem_absdiff(sem_byte(a, i), sem_byte(b, i)) : 0;
    return sum;
}

SEM_U3(v_sad_u8, sem_sat_u32(m, (uint64_t)sem_sad4(a, b) + c))
SEM_U3(v_sad_hi_u8, sem_sat_u32(m, ((uint64_t)sem_sad4(a, b) << 16) + c))
SEM_U3(v_sad_u16, sem_sat_u32(m, (uint64_t)sem_absdiff(a >> 16, b >> 16) +
                                     sem_absdiff(a & 0xffff, b & 0xffff) + c))
SEM_U3(v_sad_u32, sem_sat_u32(m, (uint64_t)sem_absdiff(a, b) + c))
SEM_U3(v_msad_u8, sem_sat_u32(m, (uint64_t)sem_msad4(a, b) + c))

/* Four sums over a sliding window of `a`, added to the four halfwords of `c`. */
static inline uint64_t sem_v_qsad_pk_u16_u8(struct sem_mode m, uint64_t a, uint32_t b, uint64_t c)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t sum = sem_sad4((uint32_t)(a >> 8 * i), b) + (uint32_t)(c >> 16 * i & 0xffff);
        r |= (uint64_t)sem_sat_u16(m, sum) << 16 * i;
    }
    return r;
}

static inline uint64_t sem_v_mqsad_pk_u16_u8(struct sem_mode m, uint64_t a, uint32_t b, uint64_t c)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t sum = sem_msad4((uint32_t)(a >> 8 * i), b) + (uint32_t)(c >> 16 * i & 0xffff);
        r |= (uint64_t)sem_sat_u16(m, sum) << 16 * i;
    }
    return r;
}

/* Dword `index` of v_mqsad_u32_u8's result; `c` is the same dword of the third source. */
static inline uint32_t sem_v_mqsad_u32_u8(struct sem_mode m, unsigned index, uint64_t a, uint32_t b,
                                          uint32_t c)
{
    return sem_sat_u32(m, (uint64_t)sem_msad4((uint32_t)(a >> 8 * index), b) + c);
}

static inline uint32_t sem_v_lerp_u8(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t r = 0;

    (void)m;
    for (unsigned i = 0; i < 4; i++)
        r |= (sem_byte(a, i) + sem_byte(b, i) + (c >> 8 * i & 1)) >> 1 << 8 * i;
    return r;
}

/* One byte of v_perm_b32: a byte of {a,b}, or the sign of a 16-bit part repeated, or a constant. */
static inline uint32_t sem_permute_byte(uint64_t data, uint32_t selector)
{
    uint32_t byte = (uint32_t)(data >> (selector & 7) * 8) & 0xff;
    uint32_t sign = (uint32_t)(data >> ((selector & 3) * 16 + 15)) & 1;

    if (selector < 8)
        return byte;
    if (selector < 12)
        return sign ? 0xff : 0;
    return selector == 12 ? 0 : 0xff;
}

static inline uint32_t sem_v_perm_b32(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t data = (uint64_t)a << 32 | b;
    uint32_t r = 0;

    (void)m;
    for (unsigned i = 0; i < 4; i++)
        r |= sem_permute_byte(data, sem_byte(c, i)) << 8 * i;
    return r;
}

/* Packing with saturation: the hardware saturates whatever the clamp bit says. */
static inline uint32_t sem_limit(int64_t x, int64_t low, int64_t high)
{
    return (uint32_t)(x < low ? low : x > high ? high : x) & 0xffff;
}

SEM_U2(v_cvt_pk_u16_u32, sem_limit(a, 0, UINT16_MAX) | sem_limit(b, 0, UINT16_MAX) << 16)
SEM_I2(v_cvt_pk_i16_i32, sem_limit(a, INT16_MIN, INT16_MAX) | sem_limit(b, INT16_MIN, INT16_MAX)
                                                                  << 16)
SEM_U1(v_sat_pk_u8_i16, sem_limit(sem_sext16(a), 0, 255) | sem_limit(sem_sext16(a >> 16), 0, 255)
                                                               << 8)

#endif
