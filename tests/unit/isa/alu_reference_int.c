/* SPDX-License-Identifier: MIT
 *
 * Reference for integer operations: see alu_reference.h. All arithmetic is in 128 bits, so that
 * nothing overflows on the way.
 */
#include "alu_reference.h"

#include <stddef.h>

typedef __int128 wide;

#define U32(i)        ((wide)(uint32_t)x->v[i])
#define I32(i)        ((wide)(int32_t)(uint32_t)x->v[i])
#define U16(i)        ((wide)(uint16_t)x->v[i])
#define I16(i)        ((wide)(int16_t)(uint16_t)x->v[i])
#define U64(i)        ((wide)x->v[i])
#define I64(i)        ((wide)(int64_t)x->v[i])
#define U24(i)        (U32(i) % 0x1000000)
#define I24(i)        (U24(i) >= 0x800000 ? U24(i) - 0x1000000 : U24(i))

#define REFERENCE(op) static void ref_##op(const struct alu_args *x, struct alu_result *out)

/* Wraps, or with clamp saturates, to `bits` bits. */
static uint64_t fit(const struct alu_args *x, wide value, unsigned bits, bool is_signed)
{
    wide low = is_signed ? -((wide)1 << (bits - 1)) : 0;
    wide high = ((wide)1 << (is_signed ? bits - 1 : bits)) - 1;

    if (x->clamp)
        value = value < low ? low : value > high ? high : value;
    return (uint64_t)(value & (((wide)1 << bits) - 1));
}

static unsigned bit_of(wide value, unsigned index)
{
    return (unsigned)(value >> index & 1);
}

static wide least(wide a, wide b)
{
    return a < b ? a : b;
}

static wide greatest(wide a, wide b)
{
    return a > b ? a : b;
}

static wide middle(wide a, wide b, wide c)
{
    return a + b + c - least(a, least(b, c)) - greatest(a, greatest(b, c));
}

/* One line each: the exact result, and the width and signedness that it must fit. */
#define EXACT(op, bits, is_signed, expr)                                                           \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        out->value = fit(x, (expr), bits, is_signed);                                              \
    }

EXACT(v_mov_b32, 32, false, U32(0))
EXACT(v_not_b32, 32, false, 0xffffffff - U32(0))
EXACT(v_cndmask_b32, 32, false, x->v[2] ? U32(1) : U32(0))
EXACT(v_and_b32, 32, false, U32(0) & U32(1))
EXACT(v_or_b32, 32, false, U32(0) + U32(1) - (U32(0) & U32(1)))
EXACT(v_xor_b32, 32, false, U32(0) + U32(1) - 2 * (U32(0) & U32(1)))
EXACT(v_xnor_b32, 32, false, 0xffffffff - (U32(0) ^ U32(1)))
EXACT(v_xor3_b32, 32, false, U32(0) ^ U32(1) ^ U32(2))
EXACT(v_or3_b32, 32, false, U32(0) | U32(1) | U32(2))
EXACT(v_and_or_b32, 32, false, (U32(0) & U32(1)) | U32(2))
EXACT(v_add_nc_u32, 32, false, U32(0) + U32(1))
EXACT(v_sub_nc_u32, 32, false, U32(0) - U32(1))
EXACT(v_subrev_nc_u32, 32, false, U32(1) - U32(0))
EXACT(v_add_nc_i32, 32, true, I32(0) + I32(1))
EXACT(v_sub_nc_i32, 32, true, I32(0) - I32(1))
EXACT(v_add_nc_u16, 16, false, U16(0) + U16(1))
EXACT(v_sub_nc_u16, 16, false, U16(0) - U16(1))
EXACT(v_add_nc_i16, 16, true, I16(0) + I16(1))
EXACT(v_sub_nc_i16, 16, true, I16(0) - I16(1))
EXACT(v_add3_u32, 32, false, U32(0) + U32(1) + U32(2))
EXACT(v_xad_u32, 32, false, (U32(0) ^ U32(1)) + U32(2))
EXACT(v_lshlrev_b32, 32, false, U32(1) << U32(0) % 32)
EXACT(v_lshrrev_b32, 32, false, U32(1) >> U32(0) % 32)
EXACT(v_ashrrev_i32, 32, true, I32(1) >> U32(0) % 32)
EXACT(v_lshlrev_b64, 64, false, U64(1) << U32(0) % 64)
EXACT(v_lshrrev_b64, 64, false, U64(1) >> U32(0) % 64)
EXACT(v_ashrrev_i64, 64, true, I64(1) >> U32(0) % 64)
EXACT(v_lshlrev_b16, 16, false, U16(1) << U16(0) % 16)
EXACT(v_lshrrev_b16, 16, false, U16(1) >> U16(0) % 16)
EXACT(v_ashrrev_i16, 16, true, I16(1) >> U16(0) % 16)
EXACT(v_lshl_add_u32, 32, false, (U32(0) << U32(1) % 32) + U32(2))
EXACT(v_add_lshl_u32, 32, false, (U32(0) + U32(1)) << U32(2) % 32)
EXACT(v_lshl_or_b32, 32, false, (U32(0) << U32(1) % 32) | U32(2))
EXACT(v_alignbit_b32, 32, false, (U32(0) * 0x100000000 + U32(1)) >> U32(2) % 32)
EXACT(v_alignbyte_b32, 32, false, (U32(0) * 0x100000000 + U32(1)) >> U32(2) % 4 * 8)
EXACT(v_bfm_b32, 32, false, (((wide)1 << U32(0) % 32) - 1) << U32(1) % 32)
EXACT(v_bfe_u32, 32, false, (U32(0) >> U32(1) % 32) % ((wide)1 << U32(2) % 32))
EXACT(v_min_i32, 32, true, least(I32(0), I32(1)))
EXACT(v_max_i32, 32, true, greatest(I32(0), I32(1)))
EXACT(v_min_u32, 32, false, least(U32(0), U32(1)))
EXACT(v_max_u32, 32, false, greatest(U32(0), U32(1)))
EXACT(v_min3_i32, 32, true, least(least(I32(0), I32(1)), I32(2)))
EXACT(v_max3_i32, 32, true, greatest(greatest(I32(0), I32(1)), I32(2)))
EXACT(v_med3_i32, 32, true, middle(I32(0), I32(1), I32(2)))
EXACT(v_min3_u32, 32, false, least(least(U32(0), U32(1)), U32(2)))
EXACT(v_max3_u32, 32, false, greatest(greatest(U32(0), U32(1)), U32(2)))
EXACT(v_med3_u32, 32, false, middle(U32(0), U32(1), U32(2)))
EXACT(v_min_u16, 16, false, least(U16(0), U16(1)))
EXACT(v_max_u16, 16, false, greatest(U16(0), U16(1)))
EXACT(v_min_i16, 16, true, least(I16(0), I16(1)))
EXACT(v_max_i16, 16, true, greatest(I16(0), I16(1)))
EXACT(v_min3_u16, 16, false, least(least(U16(0), U16(1)), U16(2)))
EXACT(v_max3_u16, 16, false, greatest(greatest(U16(0), U16(1)), U16(2)))
EXACT(v_med3_u16, 16, false, middle(U16(0), U16(1), U16(2)))
EXACT(v_min3_i16, 16, true, least(least(I16(0), I16(1)), I16(2)))
EXACT(v_max3_i16, 16, true, greatest(greatest(I16(0), I16(1)), I16(2)))
EXACT(v_med3_i16, 16, true, middle(I16(0), I16(1), I16(2)))
EXACT(v_mul_lo_u32, 32, false, U32(0) * U32(1))
EXACT(v_mul_hi_u32, 32, false, U32(0) * U32(1) >> 32)
EXACT(v_mul_hi_i32, 32, true, I32(0) * I32(1) >> 32)
EXACT(v_mul_lo_u16, 16, false, U16(0) * U16(1))
EXACT(v_mul_u32_u24, 32, false, U24(0) * U24(1))
EXACT(v_mul_hi_u32_u24, 32, false, U24(0) * U24(1) >> 32)
EXACT(v_mul_i32_i24, 32, true, I24(0) * I24(1))
EXACT(v_mul_hi_i32_i24, 32, true, I24(0) * I24(1) >> 32)
EXACT(v_mad_u32_u24, 32, false, U24(0) * U24(1) + U32(2))
EXACT(v_mad_i32_i24, 32, true, I24(0) * I24(1) + I32(2))
EXACT(v_mad_u16, 16, false, U16(0) * U16(1) + U16(2))
EXACT(v_mad_i16, 16, true, I16(0) * I16(1) + I16(2))
EXACT(v_mad_u32_u16, 32, false, U16(0) * U16(1) + U32(2))
EXACT(v_mad_i32_i16, 32, true, I16(0) * I16(1) + I32(2))

REFERENCE(v_bfi_b32)
{
    for (unsigned i = 0; i < 32; i++)
        out->value |= (uint64_t)bit_of(bit_of(U32(0), i) ? U32(1) : U32(2), i) << i;
}

REFERENCE(v_bfe_i32)
{
    unsigned from = U32(1) % 32, width = U32(2) % 32;

    for (unsigned i = 0; i < 32 && width; i++)
        out->value |= (uint64_t)bit_of(I32(0), from + (i < width ? i : width - 1)) << i;
}

REFERENCE(v_bfrev_b32)
{
    for (unsigned i = 0; i < 32; i++)
        out->value |= (uint64_t)bit_of(U32(0), i) << (31 - i);
}

static uint64_t first_difference(wide value, unsigned top)
{
    for (unsigned i = 0; i < 32; i++)
        if (bit_of(value, 31 - i) != top)
            return i;
    return 0xffffffff;
}

REFERENCE(v_ffbh_u32)
{
    out->value = first_difference(U32(0), 0);
}

REFERENCE(v_ffbh_i32)
{
    out->value = first_difference(U32(0), bit_of(U32(0), 31));
}

REFERENCE(v_ffbl_b32)
{
    out->value = 0xffffffff;
    for (unsigned i = 32; i-- > 0;)
        if (bit_of(U32(0), i))
            out->value = i;
}

static wide count_bits(wide value, unsigned below)
{
    wide count = 0;

    for (unsigned i = 0; i < below; i++)
        count += bit_of(value, i);
    return count;
}

EXACT(v_bcnt_u32_b32, 32, false, count_bits(U32(0), 32) + U32(1))
EXACT(v_mbcnt_lo_u32_b32, 32, false, count_bits(U32(0), x->lane < 32 ? x->lane : 32) + U32(1))
EXACT(v_mbcnt_hi_u32_b32, 32, false, count_bits(U32(0), x->lane < 32 ? 0 : x->lane - 32) + U32(1))

/* ---- carries ---- */

#define CARRY(op, expr)                                                                            \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        wide sum = (expr);                                                                         \
                                                                                                   \
        out->value = fit(x, sum, 32, false);                                                       \
        out->flag = sum < 0 || sum > 0xffffffff;                                                   \
    }
CARRY(v_add_co_u32, U32(0) + U32(1))
CARRY(v_sub_co_u32, U32(0) - U32(1))
CARRY(v_subrev_co_u32, U32(1) - U32(0))
CARRY(v_add_co_ci_u32, U32(0) + U32(1) + U64(2))
CARRY(v_sub_co_ci_u32, U32(0) - U32(1) - U64(2))
CARRY(v_subrev_co_ci_u32, U32(1) - U32(0) - U64(2))

REFERENCE(v_mad_u64_u32)
{
    wide sum = U32(0) * U32(1) + U64(2);

    out->value = fit(x, sum, 64, false);
    out->flag = sum >> 64;
}

REFERENCE(v_mad_i64_i32)
{
    wide sum = I32(0) * I32(1) + I64(2);

    out->value = fit(x, sum, 64, true);
    out->flag = sum > INT64_MAX || sum < INT64_MIN;
}

/* ---- bytes ---- */

static wide byte_of(wide value, unsigned index)
{
    return value >> index * 8 & 0xff;
}

static wide distance(wide a, wide b)
{
    return a > b ? a - b : b - a;
}

/* Sum of the distances of four bytes; `masked` leaves out those whose reference is 0. */
static wide sad(wide a, wide b, bool masked)
{
    wide sum = 0;

    for (unsigned i = 0; i < 4; i++)
        if (!masked || byte_of(b, i))
            sum += distance(byte_of(a, i), byte_of(b, i));
    return sum;
}

EXACT(v_sad_u8, 32, false, sad(U32(0), U32(1), false) + U32(2))
EXACT(v_sad_hi_u8, 32, false, sad(U32(0), U32(1), false) * 65536 + U32(2))
EXACT(v_msad_u8, 32, false, sad(U32(0), U32(1), true) + U32(2))
EXACT(v_sad_u32, 32, false, distance(U32(0), U32(1)) + U32(2))
EXACT(v_sad_u16, 32, false,
      distance(U16(0), U16(1)) + distance(U32(0) >> 16, U32(1) >> 16) + U32(2))

static uint64_t quad_sad(const struct alu_args *x, bool masked)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 4; i++)
        r |= fit(x, sad(U64(0) >> 8 * i, U32(1), masked) + (U64(2) >> 16 * i) % 65536, 16, false)
             << 16 * i;
    return r;
}

REFERENCE(v_qsad_pk_u16_u8)
{
    out->value = quad_sad(x, false);
}

REFERENCE(v_mqsad_pk_u16_u8)
{
    out->value = quad_sad(x, true);
}

REFERENCE(v_lerp_u8)
{
    for (unsigned i = 0; i < 4; i++)
        out->value |=
            (uint64_t)((byte_of(U32(0), i) + byte_of(U32(1), i) + byte_of(U32(2), i) % 2) / 2)
            << 8 * i;
}

REFERENCE(v_perm_b32)
{
    wide data = U32(0) * 0x100000000 + U32(1);

    for (unsigned i = 0; i < 4; i++) {
        unsigned select = (unsigned)byte_of(U32(2), i);
        wide byte = 0xff;

        if (select < 8)
            byte = byte_of(data, select);
        else if (select < 12)
            byte = byte_of(data, (select - 8) * 2 + 1) >= 0x80 ? 0xff : 0;
        else if (select == 12)
            byte = 0;
        out->value |= (uint64_t)byte << 8 * i;
    }
}

/* ---- packing: saturates always ---- */

static uint64_t saturated(wide value, wide low, wide high)
{
    return (uint64_t)(value < low ? low : value > high ? high : value) & 0xffff;
}

REFERENCE(v_cvt_pk_u16_u32)
{
    out->value = saturated(U32(0), 0, 65535) | saturated(U32(1), 0, 65535) << 16;
}

REFERENCE(v_cvt_pk_i16_i32)
{
    out->value = saturated(I32(0), -32768, 32767) | saturated(I32(1), -32768, 32767) << 16;
}

REFERENCE(v_sat_pk_u8_i16)
{
    wide high = (int16_t)(uint16_t)(x->v[0] >> 16);

    out->value = saturated(I16(0), 0, 255) | saturated(high, 0, 255) << 8;
}

/* ---- packed: the 16-bit reference on each half ---- */

static uint64_t on_halves(const struct alu_args *x, alu_reference *reference)
{
    struct alu_args half = *x;
    struct alu_result low = {0}, high = {0};

    reference(&half, &low);
    for (unsigned i = 0; i < 3; i++)
        half.v[i] >>= 16;
    reference(&half, &high);
    return low.value | high.value << 16;
}

#define PACKED(op, half)                                                                           \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        out->value = on_halves(x, ref_##half);                                                     \
    }
PACKED(v_pk_mad_i16, v_mad_i16)
PACKED(v_pk_mad_u16, v_mad_u16)
PACKED(v_pk_mul_lo_u16, v_mul_lo_u16)
PACKED(v_pk_add_i16, v_add_nc_i16)
PACKED(v_pk_sub_i16, v_sub_nc_i16)
PACKED(v_pk_add_u16, v_add_nc_u16)
PACKED(v_pk_sub_u16, v_sub_nc_u16)
PACKED(v_pk_lshlrev_b16, v_lshlrev_b16)
PACKED(v_pk_lshrrev_b16, v_lshrrev_b16)
PACKED(v_pk_ashrrev_i16, v_ashrrev_i16)
PACKED(v_pk_max_i16, v_max_i16)
PACKED(v_pk_min_i16, v_min_i16)
PACKED(v_pk_max_u16, v_max_u16)
PACKED(v_pk_min_u16, v_min_u16)

/* ---- dot products ---- */

/* Part `index` of `bits` bits. */
static wide part(wide value, unsigned index, unsigned bits, bool is_signed)
{
    wide p = value >> index * bits & (((wide)1 << bits) - 1);

    return is_signed && p >> (bits - 1) ? p - ((wide)1 << bits) : p;
}

static wide dot(const struct alu_args *x, unsigned bits, bool is_signed)
{
    wide sum = is_signed ? I32(2) : U32(2);

    for (unsigned i = 0; i < 32 / bits; i++)
        sum += part(U32(0), i, bits, is_signed) * part(U32(1), i, bits, is_signed);
    return sum;
}

EXACT(v_dot2_i32_i16, 32, true, dot(x, 16, true))
EXACT(v_dot2_u32_u16, 32, false, dot(x, 16, false))
EXACT(v_dot4_i32_i8, 32, true, dot(x, 8, true))
EXACT(v_dot4c_i32_i8, 32, true, dot(x, 8, true))
EXACT(v_dot4_u32_u8, 32, false, dot(x, 8, false))
EXACT(v_dot8_i32_i4, 32, true, dot(x, 4, true))
EXACT(v_dot8_u32_u4, 32, false, dot(x, 4, false))

const struct alu_reference_row alu_integer_references[] = {
    ROW(v_mov_b32),           ROW(v_not_b32),          ROW(v_cndmask_b32),
    ROW(v_and_b32),           ROW(v_or_b32),           ROW(v_xor_b32),
    ROW(v_xnor_b32),          ROW(v_xor3_b32),         ROW(v_or3_b32),
    ROW(v_and_or_b32),        ROW(v_bfi_b32),          CROW(v_add_nc_u32),
    CROW(v_sub_nc_u32),       CROW(v_subrev_nc_u32),   CROW(v_add_nc_i32),
    CROW(v_sub_nc_i32),       CROW(v_add_nc_u16),      CROW(v_sub_nc_u16),
    CROW(v_add_nc_i16),       CROW(v_sub_nc_i16),      ROW(v_add3_u32),
    ROW(v_xad_u32),           CROW(v_add_co_u32),      CROW(v_sub_co_u32),
    CROW(v_subrev_co_u32),    CROW(v_add_co_ci_u32),   CROW(v_sub_co_ci_u32),
    CROW(v_subrev_co_ci_u32), ROW(v_lshlrev_b32),      ROW(v_lshrrev_b32),
    ROW(v_ashrrev_i32),       ROW(v_lshlrev_b64),      ROW(v_lshrrev_b64),
    ROW(v_ashrrev_i64),       ROW(v_lshlrev_b16),      ROW(v_lshrrev_b16),
    ROW(v_ashrrev_i16),       ROW(v_lshl_add_u32),     ROW(v_add_lshl_u32),
    ROW(v_lshl_or_b32),       ROW(v_alignbit_b32),     ROW(v_alignbyte_b32),
    ROW(v_bfm_b32),           ROW(v_bfe_u32),          ROW(v_bfe_i32),
    ROW(v_bfrev_b32),         ROW(v_ffbh_u32),         ROW(v_ffbh_i32),
    ROW(v_ffbl_b32),          ROW(v_bcnt_u32_b32),     ROW(v_mbcnt_lo_u32_b32),
    ROW(v_mbcnt_hi_u32_b32),  ROW(v_min_i32),          ROW(v_max_i32),
    ROW(v_min_u32),           ROW(v_max_u32),          ROW(v_min3_i32),
    ROW(v_max3_i32),          ROW(v_med3_i32),         ROW(v_min3_u32),
    ROW(v_max3_u32),          ROW(v_med3_u32),         ROW(v_min_u16),
    ROW(v_max_u16),           ROW(v_min_i16),          ROW(v_max_i16),
    ROW(v_min3_u16),          ROW(v_max3_u16),         ROW(v_med3_u16),
    ROW(v_min3_i16),          ROW(v_max3_i16),         ROW(v_med3_i16),
    ROW(v_mul_lo_u32),        ROW(v_mul_hi_u32),       ROW(v_mul_hi_i32),
    ROW(v_mul_lo_u16),        CROW(v_mul_u32_u24),     ROW(v_mul_hi_u32_u24),
    CROW(v_mul_i32_i24),      ROW(v_mul_hi_i32_i24),   CROW(v_mad_u32_u24),
    CROW(v_mad_i32_i24),      CROW(v_mad_u16),         CROW(v_mad_i16),
    CROW(v_mad_u32_u16),      CROW(v_mad_i32_i16),     CROW(v_mad_u64_u32),
    CROW(v_mad_i64_i32),      CROW(v_sad_u8),          CROW(v_sad_hi_u8),
    CROW(v_sad_u16),          CROW(v_sad_u32),         CROW(v_msad_u8),
    CROW(v_qsad_pk_u16_u8),   CROW(v_mqsad_pk_u16_u8), ROW(v_lerp_u8),
    ROW(v_perm_b32),          ROW(v_cvt_pk_u16_u32),   ROW(v_cvt_pk_i16_i32),
    ROW(v_sat_pk_u8_i16),     CROW(v_pk_mad_i16),      CROW(v_pk_mad_u16),
    CROW(v_pk_mul_lo_u16),    CROW(v_pk_add_i16),      CROW(v_pk_sub_i16),
    CROW(v_pk_add_u16),       CROW(v_pk_sub_u16),      ROW(v_pk_lshlrev_b16),
    ROW(v_pk_lshrrev_b16),    ROW(v_pk_ashrrev_i16),   ROW(v_pk_max_i16),
    ROW(v_pk_min_i16),        ROW(v_pk_max_u16),       ROW(v_pk_min_u16),
    CROW(v_dot2_i32_i16),     CROW(v_dot2_u32_u16),    CROW(v_dot4_i32_i8),
    ROW(v_dot4c_i32_i8),      CROW(v_dot4_u32_u8),     CROW(v_dot8_i32_i4),
    CROW(v_dot8_u32_u4),      {NULL, NULL, false},
};
