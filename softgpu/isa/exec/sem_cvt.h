/* SPDX-License-Identifier: MIT
 *
 * Vector conversions between formats: what each operation does to one lane (see sem_base.h).
 * Floats become integers by truncation; what is out of range saturates and NaN becomes 0.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12. v_cvt_f32_f64 and v_cvt_f16_f32 round by the
 * f16/f64 mode, as LLVM's AMDGPU target assumes; v_cvt_pk_u8_f32 rounds by the f32 mode and
 * v_cvt_pknorm to nearest even (CLRX assembler documentation).
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_CVT_H
#define SOFTGPU_ISA_EXEC_SEM_CVT_H

#include "softgpu/isa/exec/sem_f16.h"
#include "softgpu/isa/exec/sem_f64.h"
#include "softgpu/isa/exec/sem_int.h"

/* x limited to what the integer type holds; `high` is the largest float below its end. */
static inline int32_t sem_to_i32(double x)
{
    double limited = x < -2147483648.0 ? -2147483648.0 : x > 2147483647.0 ? 2147483647.0 : x;

    return x != x ? 0 : (int32_t)limited;
}

static inline uint32_t sem_to_u32(double x)
{
    double limited = x > 4294967295.0 ? 4294967295.0 : x > 0 ? x : 0;

    return (uint32_t)limited;
}

static inline int32_t sem_f32_to_i32(float x)
{
    float limited = x < -0x1p31f ? -0x1p31f : x > 0x1.fffffep30f ? 0x1.fffffep30f : x;
    int32_t r = x != x ? 0 : (int32_t)limited;

    return x >= 0x1p31f ? INT32_MAX : r;
}

static inline uint32_t sem_f32_to_u32(float x)
{
    float limited = x > 0x1.fffffep31f ? 0x1.fffffep31f : x > 0 ? x : 0;

    return x >= 0x1p32f ? UINT32_MAX : (uint32_t)limited;
}

/* A small number of bits: -32768..65535 is in range of both signed and unsigned 32 bits. */
static inline uint32_t sem_to_i16(float x)
{
    float limited = x < -32768.0f ? -32768.0f : x > 32767.0f ? 32767.0f : x;

    return x != x ? 0 : (uint32_t)(int32_t)limited & 0xffff;
}

static inline uint32_t sem_to_u16(float x)
{
    float limited = x > 65535.0f ? 65535.0f : x > 0 ? x : 0;

    return (uint32_t)(int32_t)limited;
}

/* Fixed point, -1..1 or 0..1; the product is exact in f64. */
static inline uint32_t sem_to_snorm16(float x)
{
    double limited = x < -1.0f ? -1.0 : x > 1.0f ? 1.0 : x;

    return x != x ? 0 : (uint32_t)(int32_t)__builtin_rint(limited * 32767.0) & 0xffff;
}

static inline uint32_t sem_to_unorm16(float x)
{
    double limited = x > 1.0f ? 1.0 : x > 0.0f ? x : 0.0;

    return (uint32_t)(int32_t)__builtin_rint(limited * 65535.0);
}

/* To integers. */
SEM_1(v_cvt_i32_f32, uint32_t, uint32_t, sem_f32_to_i32(sem_in_f32(m, a)))
SEM_1(v_cvt_u32_f32, uint32_t, uint32_t, sem_f32_to_u32(sem_in_f32(m, a)))
SEM_1(v_cvt_i32_f64, uint32_t, uint64_t, sem_to_i32(sem_in_f64(m, a)))
SEM_1(v_cvt_u32_f64, uint32_t, uint64_t, sem_to_u32(sem_in_f64(m, a)))
SEM_1(v_cvt_i16_f16, uint32_t, uint32_t, sem_to_i16(sem_in_f16(m, a)))
SEM_1(v_cvt_u16_f16, uint32_t, uint32_t, sem_to_u16(sem_in_f16(m, a)))
SEM_1(v_cvt_rpi_i32_f32, uint32_t, uint32_t,
      sem_to_i32(__builtin_floor((double)sem_in_f32(m, a) + 0.5)))
SEM_1(v_cvt_flr_i32_f32, uint32_t, uint32_t, sem_f32_to_i32(__builtin_floorf(sem_in_f32(m, a))))
SEM_1(v_cvt_norm_i16_f16, uint32_t, uint32_t, sem_to_snorm16(sem_in_f16(m, a)))
SEM_1(v_cvt_norm_u16_f16, uint32_t, uint32_t, sem_to_unorm16(sem_in_f16(m, a)))
SEM_U2(v_cvt_pknorm_i16_f32, sem_to_snorm16(sem_in_f32(m, a)) | sem_to_snorm16(sem_in_f32(m, b))
                                                                    << 16)
SEM_U2(v_cvt_pknorm_u16_f32, sem_to_unorm16(sem_in_f32(m, a)) | sem_to_unorm16(sem_in_f32(m, b))
                                                                    << 16)
SEM_U2(v_cvt_pknorm_i16_f16, sem_to_snorm16(sem_in_f16(m, a)) | sem_to_snorm16(sem_in_f16(m, b))
                                                                    << 16)
SEM_U2(v_cvt_pknorm_u16_f16, sem_to_unorm16(sem_in_f16(m, a)) | sem_to_unorm16(sem_in_f16(m, b))
                                                                    << 16)

static inline uint32_t sem_v_cvt_pk_u8_f32(struct sem_mode m, uint32_t a, uint32_t b, uint32_t c)
{
    float x = __builtin_rintf(sem_in_f32(m, a));
    uint32_t byte = (uint32_t)(int32_t)(x > 255.0f ? 255.0f : x > 0.0f ? x : 0.0f);
    uint32_t shift = (b & 3) * 8;

    return (c & ~(0xffu << shift)) | byte << shift;
}

/* From integers. */
SEM_1(v_cvt_f32_i32, uint32_t, int32_t, sem_bits32((float)a))
SEM_1(v_cvt_f32_u32, uint32_t, uint32_t, sem_bits32((float)a))
SEM_1(v_cvt_f64_i32, uint64_t, int32_t, sem_bits64((double)a))
SEM_1(v_cvt_f64_u32, uint64_t, uint32_t, sem_bits64((double)a))
SEM_1(v_cvt_f16_i16, uint32_t, uint32_t, sem_out_f16(m, (float)sem_sext16(a)))
SEM_1(v_cvt_f16_u16, uint32_t, uint32_t, sem_out_f16(m, (float)(int32_t)(a & 0xffff)))
SEM_U1(v_cvt_f32_ubyte0, sem_bits32((float)(int32_t)sem_byte(a, 0)))
SEM_U1(v_cvt_f32_ubyte1, sem_bits32((float)(int32_t)sem_byte(a, 1)))
SEM_U1(v_cvt_f32_ubyte2, sem_bits32((float)(int32_t)sem_byte(a, 2)))
SEM_U1(v_cvt_f32_ubyte3, sem_bits32((float)(int32_t)sem_byte(a, 3)))
/* Signed sixteenths, as texture filtering uses them. */
SEM_U1(v_cvt_off_f32_i4, sem_bits32((float)((int32_t)(a << 28) >> 28) * 0.0625f))

/* Between floats. */
SEM_1(v_cvt_f64_f32, uint64_t, uint32_t, sem_bits64((double)sem_in_f32(m, a)))
SEM_1(v_cvt_f32_f64, uint32_t, uint64_t, sem_out_f32(m, (float)sem_in_f64(m, a)))
SEM_1(v_cvt_f16_f32, uint32_t, uint32_t, sem_out_f16(m, sem_in_f32(m, a)))
SEM_U1(v_cvt_f32_f16, sem_quiet_if_nan_f32(sem_bits32(sem_in_f16(m, a))))

static inline uint32_t sem_cvt_rtz_f16_f32(struct sem_mode m, uint32_t a)
{
    return sem_out_bits_f16(m, sem_f32_to_f16(SEM_ROUND_ZERO, false, sem_in_bits_f32(m, a)));
}

SEM_U2(v_cvt_pkrtz_f16_f32, sem_cvt_rtz_f16_f32(m, a) | sem_cvt_rtz_f16_f32(m, b) << 16)

#endif
