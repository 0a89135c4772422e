/* SPDX-License-Identifier: MIT
 *
 * Packed 16-bit operations, dot products and mixed-precision FMA: what each does to one lane (see
 * sem_base.h). The operands come with op_sel and the sign modifiers applied.
 *
 * Sources: "RDNA 2" ISA reference guide, chapter 12; the order of additions in v_dot2_f32_f16 is
 * that of the RDNA 3 guide. v_fma_mixlo and _mixhi round twice, to f32 and to f16, as LLVM's
 * selection pattern (fpround of fma) assumes.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_PK_H
#define SOFTGPU_ISA_EXEC_SEM_PK_H

#include "softgpu/isa/exec/sem_f16.h"
#include "softgpu/isa/exec/sem_int.h"

/* Both halves by the operation on one. */
#define SEM_PK_2(name, half)                                                                       \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a, uint32_t b)                   \
    {                                                                                              \
        return half(m, a, b) | half(m, a >> 16, b >> 16) << 16;                                    \
    }
#define SEM_PK_3(name, half)                                                                       \
    static inline uint32_t sem_##name(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)       \
    {                                                                                              \
        return half(m, a, b, c) | half(m, a >> 16, b >> 16, c >> 16) << 16;                        \
    }
SEM_PK_3(v_pk_mad_i16, sem_v_mad_i16)
SEM_PK_3(v_pk_mad_u16, sem_v_mad_u16)
SEM_U2(pk_mul_u16, sem_sat_u16(m, (int64_t)((a & 0xffff) * (b & 0xffff))))
SEM_PK_2(v_pk_mul_lo_u16, sem_pk_mul_u16)
SEM_PK_2(v_pk_add_i16, sem_v_add_nc_i16)
SEM_PK_2(v_pk_sub_i16, sem_v_sub_nc_i16)
SEM_PK_2(v_pk_add_u16, sem_v_add_nc_u16)
SEM_PK_2(v_pk_sub_u16, sem_v_sub_nc_u16)
SEM_PK_2(v_pk_lshlrev_b16, sem_v_lshlrev_b16)
SEM_PK_2(v_pk_lshrrev_b16, sem_v_lshrrev_b16)
SEM_PK_2(v_pk_ashrrev_i16, sem_v_ashrrev_i16)
SEM_PK_2(v_pk_max_i16, sem_v_max_i16)
SEM_PK_2(v_pk_min_i16, sem_v_min_i16)
SEM_PK_2(v_pk_max_u16, sem_v_max_u16)
SEM_PK_2(v_pk_min_u16, sem_v_min_u16)
SEM_PK_3(v_pk_fma_f16, sem_v_fma_f16)
SEM_PK_3(v_pk_fmac_f16, sem_v_fma_f16)
SEM_PK_2(v_pk_add_f16, sem_v_add_f16)
SEM_PK_2(v_pk_mul_f16, sem_v_mul_f16)
SEM_PK_2(v_pk_min_f16, sem_v_min_f16)
SEM_PK_2(v_pk_max_f16, sem_v_max_f16)

/* Products of f16 are exact in f32; the sum is rounded after each addition. */
static inline uint32_t sem_v_dot2_f32_f16(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    float sum = sem_in_f32(m, c) + sem_in_f16(m, a) * sem_in_f16(m, b);

    return sem_out_f32(m, sum + sem_in_f16(m, a >> 16) * sem_in_f16(m, b >> 16));
}

static inline uint32_t sem_v_dot2c_f32_f16(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    return sem_v_dot2_f32_f16(m, a, b, c);
}

static inline int32_t sem_dot_i8(uint32_t a, uint32_t b)
{
    return sem_sext8(a) * sem_sext8(b) + sem_sext8(a >> 8) * sem_sext8(b >> 8) +
           sem_sext8(a >> 16) * sem_sext8(b >> 16) + sem_sext8(a >> 24) * sem_sext8(b >> 24);
}

static inline uint32_t sem_dot_u8(uint32_t a, uint32_t b)
{
    return sem_byte(a, 0) * sem_byte(b, 0) + sem_byte(a, 1) * sem_byte(b, 1) +
           sem_byte(a, 2) * sem_byte(b, 2) + sem_byte(a, 3) * sem_byte(b, 3);
}

/* Nibble `index`, sign-extended. */
static inline int32_t sem_sext4(uint32_t x, unsigned index)
{
    return (int32_t)(x << (28 - 4 * index)) >> 28;
}

static inline int32_t sem_dot_i4(uint32_t a, uint32_t b)
{
    int32_t sum = 0;

    for (unsigned i = 0; i < 8; i++)
        sum += sem_sext4(a, i) * sem_sext4(b, i);
    return sum;
}

static inline uint32_t sem_dot_u4(uint32_t a, uint32_t b)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < 8; i++)
        sum += (a >> 4 * i & 15) * (b >> 4 * i & 15);
    return sum;
}

SEM_U3(v_dot2_i32_i16, sem_sat_i32(m, (int64_t)(sem_sext16(a) * sem_sext16(b)) +
                                          sem_sext16(a >> 16) * sem_sext16(b >> 16) + (int32_t)c))
SEM_U3(v_dot2_u32_u16,
       sem_sat_u32(m, (uint64_t)((a & 0xffff) * (b & 0xffff)) + (a >> 16) * (b >> 16) + c))
SEM_U3(v_dot4_i32_i8, sem_sat_i32(m, (int64_t)sem_dot_i8(a, b) + (int32_t)c))
SEM_U3(v_dot4c_i32_i8, sem_sat_i32(m, (int64_t)sem_dot_i8(a, b) + (int32_t)c))
SEM_U3(v_dot4_u32_u8, sem_sat_u32(m, (uint64_t)sem_dot_u8(a, b) + c))
SEM_U3(v_dot8_i32_i4, sem_sat_i32(m, (int64_t)sem_dot_i4(a, b) + (int32_t)c))
SEM_U3(v_dot8_u32_u4, sem_sat_u32(m, (uint64_t)sem_dot_u4(a, b) + c))

/* The sources are f32 here: the caller has widened those that op_sel_hi says are f16. */
SEM_F32_3(v_fma_mix_f32, __builtin_fmaf(a, b, c))

static inline uint32_t sem_v_fma_mixlo_f16(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    return sem_out_f16(m, sem_f32(sem_v_fma_mix_f32(m, a, b, c)));
}

static inline uint32_t sem_v_fma_mixhi_f16(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    return sem_v_fma_mixlo_f16(m, a, b, c);
}

#endif
