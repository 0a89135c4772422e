/* SPDX-License-Identifier: MIT
 *
 * Reference for floating-point arithmetic: see alu_reference.h.
 */
#include <math.h>
#include <stddef.h>

#include "alu_reference_mpfr.h"

/* ---- arithmetic ---- */

#define BINARY(op, format, fn, i, j)                                                               \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        alu_round_binary(x, out, format, fn, S(format, i), S(format, j));                          \
    }
BINARY(v_add_f32, ALU_F32, mpfr_add, 0, 1)
BINARY(v_sub_f32, ALU_F32, mpfr_sub, 0, 1)
BINARY(v_subrev_f32, ALU_F32, mpfr_sub, 1, 0)
BINARY(v_mul_f32, ALU_F32, mpfr_mul, 0, 1)
BINARY(v_add_f64, ALU_F64, mpfr_add, 0, 1)
BINARY(v_mul_f64, ALU_F64, mpfr_mul, 0, 1)
BINARY(v_add_f16, ALU_F16, mpfr_add, 0, 1)
BINARY(v_sub_f16, ALU_F16, mpfr_sub, 0, 1)
BINARY(v_subrev_f16, ALU_F16, mpfr_sub, 1, 0)
BINARY(v_mul_f16, ALU_F16, mpfr_mul, 0, 1)

#define FMA(op, format)                                                                            \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        alu_round_fma(x, out, format, S(format, 0), S(format, 1), S(format, 2));                   \
    }
FMA(v_fma_f32, ALU_F32)
FMA(v_fma_f64, ALU_F64)
FMA(v_fma_f16, ALU_F16)

REFERENCE(v_mul_legacy_f32)
{
    if (S(ALU_F32, 0) == 0 || S(ALU_F32, 1) == 0)
        out->value = 0;
    else
        ref_v_mul_f32(x, out);
}

REFERENCE(v_fma_legacy_f32)
{
    if (S(ALU_F32, 0) == 0 || S(ALU_F32, 1) == 0)
        alu_round_binary(x, out, ALU_F32, mpfr_add, 0.0, S(ALU_F32, 2));
    else
        ref_v_fma_f32(x, out);
}

REFERENCE(v_mullit_f32)
{
    double b = S(ALU_F32, 1), c = S(ALU_F32, 2);

    if (isnan(c) || c <= 0 || isnan(b) || b == -INFINITY || b == -0x1.fffffep127)
        out->value = 0xff7fffff;
    else
        ref_v_mul_legacy_f32(x, out);
}

/* ---- minimum, maximum, median: the ISA guide's case lists, bit by bit ---- */

static uint64_t min_or_max(const struct alu_args *x, enum alu_format format, bool is_max,
                           uint64_t a, uint64_t b)
{
    double da = alu_decode(format, a), db = alu_decode(format, b);

    if (x->mode & IEEE && alu_is_snan(format, a))
        return alu_quieted(format, a);
    if (x->mode & IEEE && alu_is_snan(format, b))
        return alu_quieted(format, b);
    if (isnan(da))
        return b;
    if (isnan(db))
        return a;
    if (da == 0 && db == 0)
        return alu_negative(format, a) == is_max ? b : a;
    return (is_max ? da > db : da < db) ? a : b;
}

static uint64_t three(const struct alu_args *x, enum alu_format format, bool is_max)
{
    uint64_t ab =
        min_or_max(x, format, is_max, alu_source_bits(x, format, 0), alu_source_bits(x, format, 1));

    return min_or_max(x, format, is_max, ab, alu_source_bits(x, format, 2));
}

static uint64_t median(const struct alu_args *x, enum alu_format format)
{
    uint64_t a = alu_source_bits(x, format, 0), b = alu_source_bits(x, format, 1);
    uint64_t c = alu_source_bits(x, format, 2);
    double greatest = alu_decode(format, three(x, format, true));

    if (alu_is_nan(format, a) || alu_is_nan(format, b) || alu_is_nan(format, c))
        return three(x, format, false);
    if (greatest == alu_decode(format, a))
        return min_or_max(x, format, true, b, c);
    if (greatest == alu_decode(format, b))
        return min_or_max(x, format, true, a, c);
    return min_or_max(x, format, true, a, b);
}

#define SELECTING(op, format, expr)                                                                \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        alu_set_bits(x, out, format, expr);                                                        \
    }
#define SELECTING_ALL(sfx, format)                                                                 \
    SELECTING(v_min_##sfx, format,                                                                 \
              min_or_max(x, format, false, alu_source_bits(x, format, 0),                          \
                         alu_source_bits(x, format, 1)))                                           \
    SELECTING(                                                                                     \
        v_max_##sfx, format,                                                                       \
        min_or_max(x, format, true, alu_source_bits(x, format, 0), alu_source_bits(x, format, 1)))
#define SELECTING_THREE(sfx, format)                                                               \
    SELECTING(v_min3_##sfx, format, three(x, format, false))                                       \
    SELECTING(v_max3_##sfx, format, three(x, format, true))                                        \
    SELECTING(v_med3_##sfx, format, median(x, format))
SELECTING_ALL(f16, ALU_F16)
SELECTING_ALL(f32, ALU_F32)
SELECTING_ALL(f64, ALU_F64)
SELECTING_THREE(f16, ALU_F16)
SELECTING_THREE(f32, ALU_F32)

/* ---- whole numbers, scaling, parts ---- */

#define WHOLE(name, fn)                                                                            \
    REFERENCE(name##_f16)                                                                          \
    {                                                                                              \
        alu_round_value(x, out, ALU_F16, fn(S(ALU_F16, 0)));                                       \
    }                                                                                              \
    REFERENCE(name##_f32)                                                                          \
    {                                                                                              \
        alu_round_value(x, out, ALU_F32, fn(S(ALU_F32, 0)));                                       \
    }                                                                                              \
    REFERENCE(name##_f64)                                                                          \
    {                                                                                              \
        alu_round_value(x, out, ALU_F64, fn(S(ALU_F64, 0)));                                       \
    }
WHOLE(v_trunc, trunc)
WHOLE(v_ceil, ceil)
WHOLE(v_floor, floor)
WHOLE(v_rndne, nearbyint) /* the tests run in round-to-nearest */

static void fraction(const struct alu_args *x, struct alu_result *out, enum alu_format format)
{
    double a = S(format, 0);

    alu_round_binary(x, out, format, mpfr_sub, a, floor(a));
    if (alu_decode(format, out->value) == 1)
        out->value = alu_encode(format, 1) - 1;
}

REFERENCE(v_fract_f16)
{
    fraction(x, out, ALU_F16);
}

REFERENCE(v_fract_f32)
{
    fraction(x, out, ALU_F32);
}

REFERENCE(v_fract_f64)
{
    fraction(x, out, ALU_F64);
}

static void scaled(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                   double a, long exponent)
{
    mpfr_rnd_t rnd = alu_rounding(x, format);
    mpfr_t r;

    mpfr_init2(r, alu_formats[format].mantissa + 1);
    mpfr_set_d(r, a, MPFR_RNDN);
    mpfr_mul_2si(r, r, exponent, MPFR_RNDN);
    alu_finish(x, out, format, r, 0, rnd);
    mpfr_clear(r);
}

REFERENCE(v_ldexp_f16)
{
    scaled(x, out, ALU_F16, S(ALU_F16, 0), (int16_t)(uint16_t)x->v[1]);
}

REFERENCE(v_ldexp_f32)
{
    scaled(x, out, ALU_F32, S(ALU_F32, 0), (int32_t)(uint32_t)x->v[1]);
}

REFERENCE(v_ldexp_f64)
{
    scaled(x, out, ALU_F64, S(ALU_F64, 0), (int32_t)(uint32_t)x->v[1]);
}

static void mantissa_of(const struct alu_args *x, struct alu_result *out, enum alu_format format)
{
    int exponent;

    alu_round_value(x, out, format, frexp(S(format, 0), &exponent));
}

static uint32_t exponent_of(const struct alu_args *x, enum alu_format format)
{
    double a = S(format, 0);
    int exponent = 0;

    if (isfinite(a))
        frexp(a, &exponent);
    return (uint32_t)exponent;
}

REFERENCE(v_frexp_mant_f16)
{
    mantissa_of(x, out, ALU_F16);
}

REFERENCE(v_frexp_mant_f32)
{
    mantissa_of(x, out, ALU_F32);
}

REFERENCE(v_frexp_mant_f64)
{
    mantissa_of(x, out, ALU_F64);
}

REFERENCE(v_frexp_exp_i16_f16)
{
    out->value = exponent_of(x, ALU_F16) & 0xffff;
}

REFERENCE(v_frexp_exp_i32_f32)
{
    out->value = exponent_of(x, ALU_F32);
}

REFERENCE(v_frexp_exp_i32_f64)
{
    out->value = exponent_of(x, ALU_F64);
}

/* ---- cube maps ---- */

struct cube {
    double id, s, t, major;
};

static struct cube cube_of(const struct alu_args *x)
{
    double a = S(ALU_F32, 0), b = S(ALU_F32, 1), c = S(ALU_F32, 2);

    if (fabs(c) >= fabs(a) && fabs(c) >= fabs(b))
        return (struct cube){c < 0 ? 5 : 4, c < 0 ? -a : a, -b, 2 * c};
    if (fabs(b) >= fabs(a))
        return (struct cube){b < 0 ? 3 : 2, a, b < 0 ? -c : c, 2 * b};
    return (struct cube){a < 0 ? 1 : 0, a < 0 ? c : -c, -b, 2 * a};
}

REFERENCE(v_cubeid_f32)
{
    alu_round_value(x, out, ALU_F32, cube_of(x).id);
}

REFERENCE(v_cubesc_f32)
{
    alu_round_value(x, out, ALU_F32, cube_of(x).s);
}

REFERENCE(v_cubetc_f32)
{
    alu_round_value(x, out, ALU_F32, cube_of(x).t);
}

REFERENCE(v_cubema_f32)
{
    alu_round_value(x, out, ALU_F32, cube_of(x).major);
}
/* ---- division ---- */

static void fixup(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                  int underflow)
{
    uint64_t q = alu_source_bits(x, format, 0), b = alu_source_bits(x, format, 1);
    uint64_t c = alu_source_bits(x, format, 2), r = alu_magnitude(format, q);
    double db = alu_decode(format, b), dc = alu_decode(format, c);
    bool sign = alu_negative(format, b) != alu_negative(format, c);
    int distance = (int)(alu_magnitude(format, c) >> alu_formats[format].mantissa) -
                   (int)(alu_magnitude(format, b) >> alu_formats[format].mantissa);
    unsigned round = x->mode >> (format == ALU_F32 ? 0 : 2) & 3;

    if (isnan(dc)) {
        alu_set_bits(x, out, format, alu_quieted(format, c));
        return;
    }
    if (isnan(db)) {
        alu_set_bits(x, out, format, alu_quieted(format, b));
        return;
    }
    if ((db == 0 && dc == 0) || (isinf(db) && isinf(dc))) {
        alu_set_bits(x, out, format, alu_encode(format, NAN));
        return;
    }
    if (db == 0 || isinf(dc))
        r = alu_infinity(format);
    else if (isinf(db) || dc == 0)
        r = 0;
    else if (distance < underflow)
        r = round == (sign ? 2 : 1);
    else if (alu_is_nan(format, q))
        r = alu_infinity(format);
    alu_set_bits(x, out, format, alu_with_sign(format, sign, r));
}

REFERENCE(v_div_fixup_f16)
{
    fixup(x, out, ALU_F16, -100);
}

REFERENCE(v_div_fixup_f32)
{
    fixup(x, out, ALU_F32, -150);
}

REFERENCE(v_div_fixup_f64)
{
    fixup(x, out, ALU_F64, -1075);
}
/* ---- dot products and packed ---- */

REFERENCE(v_dot2_f32_f16)
{
    struct alu_args half = *x;
    struct alu_result sum = {0};

    half.mode |= DENORM_OUT << 4; /* only the result is flushed */
    alu_round_fma(&half, &sum, ALU_F32, S(ALU_F16, 0), S(ALU_F16, 1), S(ALU_F32, 2));
    for (unsigned i = 0; i < 2; i++)
        half.v[i] >>= 16;
    alu_round_fma(x, out, ALU_F32, alu_source(&half, ALU_F16, 0), alu_source(&half, ALU_F16, 1),
                  sum.any_nan ? NAN : alu_decode(ALU_F32, sum.value));
}

static void on_halves(const struct alu_args *x, struct alu_result *out, alu_reference *reference)
{
    struct alu_args half = *x;
    struct alu_result low = {0}, high = {0};

    reference(x, &low);
    for (unsigned i = 0; i < 3; i++)
        half.v[i] >>= 16;
    reference(&half, &high);
    out->value = low.value | high.value << 16;
    out->any_nan = low.any_nan || high.any_nan;
}

#define PACKED(op, half)                                                                           \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        on_halves(x, out, ref_##half);                                                             \
    }
PACKED(v_pk_fma_f16, v_fma_f16)
PACKED(v_pk_add_f16, v_add_f16)
PACKED(v_pk_mul_f16, v_mul_f16)
PACKED(v_pk_min_f16, v_min_f16)
PACKED(v_pk_max_f16, v_max_f16)
const struct alu_reference_row alu_float_references[] = {
    ROW(v_add_f32),
    ROW(v_sub_f32),
    ROW(v_subrev_f32),
    ROW(v_mul_f32),
    ROW(v_fma_f32),
    SAME(v_fmac_f32, v_fma_f32),
    SAME(v_fmamk_f32, v_fma_f32),
    SAME(v_fmaak_f32, v_fma_f32),
    ROW(v_mul_legacy_f32),
    ROW(v_fma_legacy_f32),
    SAME(v_fmac_legacy_f32, v_fma_legacy_f32),
    ROW(v_mullit_f32),
    ROW(v_add_f64),
    ROW(v_mul_f64),
    ROW(v_fma_f64),
    ROW(v_add_f16),
    ROW(v_sub_f16),
    ROW(v_subrev_f16),
    ROW(v_mul_f16),
    ROW(v_fma_f16),
    SAME(v_fmac_f16, v_fma_f16),
    SAME(v_fmamk_f16, v_fma_f16),
    SAME(v_fmaak_f16, v_fma_f16),
    ROWS(v_min, f16, f32, f64),
    ROWS(v_max, f16, f32, f64),
    ROW(v_min3_f16),
    ROW(v_min3_f32),
    ROW(v_max3_f16),
    ROW(v_max3_f32),
    ROW(v_med3_f16),
    ROW(v_med3_f32),
    ROWS(v_trunc, f16, f32, f64),
    ROWS(v_ceil, f16, f32, f64),
    ROWS(v_floor, f16, f32, f64),
    ROWS(v_rndne, f16, f32, f64),
    ROWS(v_fract, f16, f32, f64),
    ROWS(v_ldexp, f16, f32, f64),
    ROWS(v_frexp_mant, f16, f32, f64),
    ROW(v_frexp_exp_i16_f16),
    ROW(v_frexp_exp_i32_f32),
    ROW(v_frexp_exp_i32_f64),
    ROW(v_cubeid_f32),
    ROW(v_cubesc_f32),
    ROW(v_cubetc_f32),
    ROW(v_cubema_f32),
    ROWS(v_div_fixup, f16, f32, f64),
    ROW(v_dot2_f32_f16),
    SAME(v_dot2c_f32_f16, v_dot2_f32_f16),
    ROW(v_pk_fma_f16),
    SAME(v_pk_fmac_f16, v_pk_fma_f16),
    ROW(v_pk_add_f16),
    ROW(v_pk_mul_f16),
    ROW(v_pk_min_f16),
    ROW(v_pk_max_f16),
    {NULL, NULL, false},
};
