/* SPDX-License-Identifier: MIT
 *
 * Reference for floating-point operations: see alu_reference.h. Results are computed by MPFR in
 * the precision of their format and an unbounded exponent range, and then brought into the
 * format's range with MPFR's own emulation of subnormal numbers.
 */
#include "alu_reference.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include <mpfr.h>

#define REFERENCE(op) static void ref_##op(const struct alu_args *x, struct alu_result *out)

enum { DENORM_IN = 1, DENORM_OUT = 2, IEEE = 1 << 9, FP16_OVFL = 1 << 23 };

static const struct {
    unsigned bits, mantissa; /* mantissa: stored bits */
    int emin, emax;          /* as MPFR counts: values are in [1/2, 1) * 2^e */
} formats[] = {
    [ALU_F16] = {16, 10, -23, 16},
    [ALU_F32] = {32, 23, -148, 128},
    [ALU_F64] = {64, 52, -1073, 1024},
};

/* ---- formats ---- */

static uint64_t low_bits(unsigned count)
{
    return count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

static uint64_t magnitude(enum alu_format format, uint64_t bits)
{
    return bits & low_bits(formats[format].bits - 1);
}

static uint64_t infinity(enum alu_format format)
{
    return low_bits(formats[format].bits - 1) & ~low_bits(formats[format].mantissa);
}

static bool negative(enum alu_format format, uint64_t bits)
{
    return bits >> (formats[format].bits - 1) & 1;
}

static uint64_t with_sign(enum alu_format format, bool sign, uint64_t bits)
{
    return bits | (uint64_t)sign << (formats[format].bits - 1);
}

static uint64_t quieted(enum alu_format format, uint64_t bits)
{
    return bits | UINT64_C(1) << (formats[format].mantissa - 1);
}

bool alu_is_nan(enum alu_format format, uint64_t bits)
{
    return magnitude(format, bits) > infinity(format);
}

bool alu_is_snan(enum alu_format format, uint64_t bits)
{
    return alu_is_nan(format, bits) && quieted(format, bits) != bits;
}

static bool is_denormal(enum alu_format format, uint64_t bits)
{
    uint64_t m = magnitude(format, bits);

    return m != 0 && m <= low_bits(formats[format].mantissa);
}

double alu_decode(enum alu_format format, uint64_t bits)
{
    unsigned mantissa = formats[format].mantissa;
    uint64_t m = magnitude(format, bits);
    int exponent = (int)(m >> mantissa);
    double value = (double)(m & low_bits(mantissa));

    if (alu_is_nan(format, bits))
        return NAN;
    if (m == infinity(format))
        value = INFINITY;
    else if (exponent == 0)
        value = ldexp(value, formats[format].emin - 1);
    else
        value = ldexp(value + ldexp(1, (int)mantissa), formats[format].emin - 2 + exponent);
    return negative(format, bits) ? -value : value;
}

/* `exact` is a value of the format. */
uint64_t alu_encode(enum alu_format format, double exact)
{
    unsigned mantissa = formats[format].mantissa;
    double value = fabs(exact);
    uint64_t bits;
    int exponent;

    if (isnan(exact))
        return with_sign(format, true, quieted(format, infinity(format)));
    if (isinf(value)) {
        bits = infinity(format);
    } else if (value < ldexp(1, formats[format].emin - 1 + (int)mantissa)) {
        bits = (uint64_t)ldexp(value, 1 - formats[format].emin);
    } else {
        frexp(value, &exponent);
        bits = (uint64_t)ldexp(value, (int)mantissa + 1 - exponent) & low_bits(mantissa);
        bits |= (uint64_t)(exponent - formats[format].emin + 1 - (int)mantissa) << mantissa;
    }
    return with_sign(format, signbit(exact), bits);
}

/* ---- modes ---- */

static uint32_t denormals(const struct alu_args *x, enum alu_format format)
{
    return x->mode >> (format == ALU_F32 ? 4 : 6) & 3;
}

static mpfr_rnd_t rounding(const struct alu_args *x, enum alu_format format)
{
    static const mpfr_rnd_t modes[] = {MPFR_RNDN, MPFR_RNDU, MPFR_RNDD, MPFR_RNDZ};

    return modes[x->mode >> (format == ALU_F32 ? 0 : 2) & 3];
}

static uint64_t flushed(enum alu_format format, bool keep, uint64_t bits)
{
    return !keep && is_denormal(format, bits) ? with_sign(format, negative(format, bits), 0) : bits;
}

/* Source i as the operation sees it. */
static uint64_t source_bits(const struct alu_args *x, enum alu_format format, unsigned i)
{
    return flushed(format, denormals(x, format) & DENORM_IN,
                   x->v[i] & low_bits(formats[format].bits));
}

static double source(const struct alu_args *x, enum alu_format format, unsigned i)
{
    return alu_decode(format, source_bits(x, format, i));
}

static void set_bits(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                     uint64_t bits)
{
    out->value = flushed(format, denormals(x, format) & DENORM_OUT, bits);
}

/* ---- rounding by MPFR ---- */

/* Stores `r`, which is the exact result rounded to the format's precision with ternary `t`. */
static void finish(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                   mpfr_t r, int t, mpfr_rnd_t rnd)
{
    bool finite = mpfr_number_p(r);

    if (mpfr_nan_p(r)) {
        out->any_nan = true;
        out->value = alu_encode(format, NAN);
        return;
    }
    mpfr_set_emin(formats[format].emin);
    mpfr_set_emax(formats[format].emax);
    t = mpfr_check_range(r, t, rnd);
    mpfr_subnormalize(r, t, rnd);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());

    uint64_t bits = alu_encode(format, mpfr_get_d(r, MPFR_RNDN));

    if (format == ALU_F16 && x->mode & FP16_OVFL && finite && mpfr_inf_p(r))
        bits = with_sign(format, mpfr_signbit(r), infinity(format) - 1);
    set_bits(x, out, format, bits);
}

typedef int unary(mpfr_t r, const mpfr_t a, mpfr_rnd_t rnd);
typedef int binary(mpfr_t r, const mpfr_t a, const mpfr_t b, mpfr_rnd_t rnd);

static void round_unary(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                        unary *fn, double a, mpfr_rnd_t rnd)
{
    mpfr_t r, ma;

    mpfr_inits2(formats[format].mantissa + 1, r, (mpfr_ptr)0);
    mpfr_init2(ma, 64);
    mpfr_set_d(ma, a, MPFR_RNDN);
    finish(x, out, format, r, fn(r, ma, rnd), rnd);
    mpfr_clears(r, ma, (mpfr_ptr)0);
}

static void round_binary(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                         binary *fn, double a, double b)
{
    mpfr_rnd_t rnd = rounding(x, format);
    mpfr_t r, ma, mb;

    mpfr_init2(r, formats[format].mantissa + 1);
    mpfr_inits2(53, ma, mb, (mpfr_ptr)0);
    mpfr_set_d(ma, a, MPFR_RNDN);
    mpfr_set_d(mb, b, MPFR_RNDN);
    finish(x, out, format, r, fn(r, ma, mb, rnd), rnd);
    mpfr_clears(r, ma, mb, (mpfr_ptr)0);
}

static void round_fma(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                      double a, double b, double c)
{
    mpfr_rnd_t rnd = rounding(x, format);
    mpfr_t r, ma, mb, mc;

    mpfr_init2(r, formats[format].mantissa + 1);
    mpfr_inits2(53, ma, mb, mc, (mpfr_ptr)0);
    mpfr_set_d(ma, a, MPFR_RNDN);
    mpfr_set_d(mb, b, MPFR_RNDN);
    mpfr_set_d(mc, c, MPFR_RNDN);
    finish(x, out, format, r, mpfr_fma(r, ma, mb, mc, rnd), rnd);
    mpfr_clears(r, ma, mb, mc, (mpfr_ptr)0);
}

/* A value, NaN included, that only needs rounding. */
static void round_value(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                        double value)
{
    round_unary(x, out, format, (unary *)mpfr_set, value, rounding(x, format));
}

/* ---- arithmetic ---- */

#define S(format, i) source(x, format, i)

#define BINARY(op, format, fn, i, j)                                                               \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        round_binary(x, out, format, fn, S(format, i), S(format, j));                              \
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
        round_fma(x, out, format, S(format, 0), S(format, 1), S(format, 2));                       \
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
        round_binary(x, out, ALU_F32, mpfr_add, 0.0, S(ALU_F32, 2));
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
        return quieted(format, a);
    if (x->mode & IEEE && alu_is_snan(format, b))
        return quieted(format, b);
    if (isnan(da))
        return b;
    if (isnan(db))
        return a;
    if (da == 0 && db == 0)
        return negative(format, a) == is_max ? b : a;
    return (is_max ? da > db : da < db) ? a : b;
}

static uint64_t three(const struct alu_args *x, enum alu_format format, bool is_max)
{
    uint64_t ab =
        min_or_max(x, format, is_max, source_bits(x, format, 0), source_bits(x, format, 1));

    return min_or_max(x, format, is_max, ab, source_bits(x, format, 2));
}

static uint64_t median(const struct alu_args *x, enum alu_format format)
{
    uint64_t a = source_bits(x, format, 0), b = source_bits(x, format, 1);
    uint64_t c = source_bits(x, format, 2);
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
        set_bits(x, out, format, expr);                                                            \
    }
#define SELECTING_ALL(sfx, format)                                                                 \
    SELECTING(v_min_##sfx, format,                                                                 \
              min_or_max(x, format, false, source_bits(x, format, 0), source_bits(x, format, 1)))  \
    SELECTING(v_max_##sfx, format,                                                                 \
              min_or_max(x, format, true, source_bits(x, format, 0), source_bits(x, format, 1)))
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
        round_value(x, out, ALU_F16, fn(S(ALU_F16, 0)));                                           \
    }                                                                                              \
    REFERENCE(name##_f32)                                                                          \
    {                                                                                              \
        round_value(x, out, ALU_F32, fn(S(ALU_F32, 0)));                                           \
    }                                                                                              \
    REFERENCE(name##_f64)                                                                          \
    {                                                                                              \
        round_value(x, out, ALU_F64, fn(S(ALU_F64, 0)));                                           \
    }
WHOLE(v_trunc, trunc)
WHOLE(v_ceil, ceil)
WHOLE(v_floor, floor)
WHOLE(v_rndne, nearbyint) /* the tests run in round-to-nearest */

static void fraction(const struct alu_args *x, struct alu_result *out, enum alu_format format)
{
    double a = S(format, 0);

    round_binary(x, out, format, mpfr_sub, a, floor(a));
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
    mpfr_rnd_t rnd = rounding(x, format);
    mpfr_t r;

    mpfr_init2(r, formats[format].mantissa + 1);
    mpfr_set_d(r, a, MPFR_RNDN);
    mpfr_mul_2si(r, r, exponent, MPFR_RNDN);
    finish(x, out, format, r, 0, rnd);
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

    round_value(x, out, format, frexp(S(format, 0), &exponent));
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
    round_value(x, out, ALU_F32, cube_of(x).id);
}

REFERENCE(v_cubesc_f32)
{
    round_value(x, out, ALU_F32, cube_of(x).s);
}

REFERENCE(v_cubetc_f32)
{
    round_value(x, out, ALU_F32, cube_of(x).t);
}

REFERENCE(v_cubema_f32)
{
    round_value(x, out, ALU_F32, cube_of(x).major);
}

/* ---- conversions ---- */

static uint64_t truncated(double value, double low, double high, unsigned bits)
{
    double limited = isnan(value) ? 0 : trunc(value);

    limited = limited < low ? low : limited > high ? high : limited;
    return (uint64_t)(int64_t)limited & low_bits(bits);
}

#define TO_INTEGER(op, format, low, high, bits)                                                    \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        out->value = truncated(S(format, 0), low, high, bits);                                     \
    }
TO_INTEGER(v_cvt_i32_f32, ALU_F32, INT32_MIN, INT32_MAX, 32)
TO_INTEGER(v_cvt_u32_f32, ALU_F32, 0, UINT32_MAX, 32)
TO_INTEGER(v_cvt_i32_f64, ALU_F64, INT32_MIN, INT32_MAX, 32)
TO_INTEGER(v_cvt_u32_f64, ALU_F64, 0, UINT32_MAX, 32)
TO_INTEGER(v_cvt_i16_f16, ALU_F16, INT16_MIN, INT16_MAX, 16)
TO_INTEGER(v_cvt_u16_f16, ALU_F16, 0, UINT16_MAX, 16)

REFERENCE(v_cvt_rpi_i32_f32)
{
    out->value = truncated(floor(S(ALU_F32, 0) + 0.5), INT32_MIN, INT32_MAX, 32);
}

REFERENCE(v_cvt_flr_i32_f32)
{
    out->value = truncated(floor(S(ALU_F32, 0)), INT32_MIN, INT32_MAX, 32);
}

#define FROM_INTEGER(op, format, expr)                                                             \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        round_value(x, out, format, expr);                                                         \
    }
FROM_INTEGER(v_cvt_f32_i32, ALU_F32, (int32_t)(uint32_t)x->v[0])
FROM_INTEGER(v_cvt_f32_u32, ALU_F32, (uint32_t)x->v[0])
FROM_INTEGER(v_cvt_f64_i32, ALU_F64, (int32_t)(uint32_t)x->v[0])
FROM_INTEGER(v_cvt_f64_u32, ALU_F64, (uint32_t)x->v[0])
FROM_INTEGER(v_cvt_f16_i16, ALU_F16, (int16_t)(uint16_t)x->v[0])
FROM_INTEGER(v_cvt_f16_u16, ALU_F16, (uint16_t)x->v[0])
FROM_INTEGER(v_cvt_f32_ubyte0, ALU_F32, (uint8_t)x->v[0])
FROM_INTEGER(v_cvt_f32_ubyte1, ALU_F32, (uint8_t)(x->v[0] >> 8))
FROM_INTEGER(v_cvt_f32_ubyte2, ALU_F32, (uint8_t)(x->v[0] >> 16))
FROM_INTEGER(v_cvt_f32_ubyte3, ALU_F32, (uint8_t)(x->v[0] >> 24))
FROM_INTEGER(v_cvt_off_f32_i4, ALU_F32, ((x->v[0] & 7) - (double)(x->v[0] & 8)) / 16)
FROM_INTEGER(v_cvt_f64_f32, ALU_F64, S(ALU_F32, 0))
FROM_INTEGER(v_cvt_f16_f32, ALU_F16, S(ALU_F32, 0))
FROM_INTEGER(v_cvt_f32_f16, ALU_F32, S(ALU_F16, 0))

REFERENCE(v_cvt_f32_f64) /* rounded by the mode of f64 */
{
    round_unary(x, out, ALU_F32, (unary *)mpfr_set, S(ALU_F64, 0), rounding(x, ALU_F64));
}

static uint64_t to_zero_f16(const struct alu_args *x, unsigned i)
{
    struct alu_args zero = *x;
    struct alu_result r = {0};

    zero.mode = (x->mode & ~(uint32_t)FP16_OVFL) | 3 << 2;
    if (isnan(S(ALU_F32, i)))
        return 0x7e00 | (x->v[i] >> 13 & 0x3ff) | (x->v[i] >> 16 & 0x8000);
    round_value(&zero, &r, ALU_F16, S(ALU_F32, i));
    return r.value;
}

REFERENCE(v_cvt_pkrtz_f16_f32)
{
    out->value = to_zero_f16(x, 0) | to_zero_f16(x, 1) << 16;
}

/* -1..1 or 0..1 in 16 bits, to the nearest even. */
static uint64_t normalised(double value, bool is_signed)
{
    double limited = fmin(fmax(value, is_signed ? -1 : 0), 1);

    if (isnan(value))
        return 0;
    return (uint64_t)(int64_t)nearbyint(limited * (is_signed ? 32767 : 65535)) & 0xffff;
}

#define NORMALISED(sfx, format)                                                                    \
    REFERENCE(v_cvt_pknorm_i16_##sfx)                                                              \
    {                                                                                              \
        out->value = normalised(S(format, 0), true) | normalised(S(format, 1), true) << 16;        \
    }                                                                                              \
    REFERENCE(v_cvt_pknorm_u16_##sfx)                                                              \
    {                                                                                              \
        out->value = normalised(S(format, 0), false) | normalised(S(format, 1), false) << 16;      \
    }
NORMALISED(f16, ALU_F16)
NORMALISED(f32, ALU_F32)

REFERENCE(v_cvt_norm_i16_f16)
{
    out->value = normalised(S(ALU_F16, 0), true);
}

REFERENCE(v_cvt_norm_u16_f16)
{
    out->value = normalised(S(ALU_F16, 0), false);
}

REFERENCE(v_cvt_pk_u8_f32)
{
    unsigned shift = (unsigned)(x->v[1] % 4) * 8;
    mpfr_t a;
    uint64_t byte;

    mpfr_init2(a, 53);
    mpfr_set_d(a, S(ALU_F32, 0), MPFR_RNDN);
    mpfr_rint(a, a, rounding(x, ALU_F32));
    byte = truncated(mpfr_get_d(a, MPFR_RNDN), 0, 255, 8);
    mpfr_clear(a);
    out->value = (x->v[2] & ~(UINT64_C(0xff) << shift)) | byte << shift;
}

REFERENCE(v_pack_b32_f16)
{
    out->value = source_bits(x, ALU_F16, 0) | source_bits(x, ALU_F16, 1) << 16;
}

/* ---- division ---- */

static void fixup(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                  int underflow)
{
    uint64_t q = source_bits(x, format, 0), b = source_bits(x, format, 1);
    uint64_t c = source_bits(x, format, 2), r = magnitude(format, q);
    double db = alu_decode(format, b), dc = alu_decode(format, c);
    bool sign = negative(format, b) != negative(format, c);
    int distance = (int)(magnitude(format, c) >> formats[format].mantissa) -
                   (int)(magnitude(format, b) >> formats[format].mantissa);
    unsigned round = x->mode >> (format == ALU_F32 ? 0 : 2) & 3;

    if (isnan(dc)) {
        set_bits(x, out, format, quieted(format, c));
        return;
    }
    if (isnan(db)) {
        set_bits(x, out, format, quieted(format, b));
        return;
    }
    if ((db == 0 && dc == 0) || (isinf(db) && isinf(dc))) {
        set_bits(x, out, format, alu_encode(format, NAN));
        return;
    }
    if (db == 0 || isinf(dc))
        r = infinity(format);
    else if (isinf(db) || dc == 0)
        r = 0;
    else if (distance < underflow)
        r = round == (sign ? 2 : 1);
    else if (alu_is_nan(format, q))
        r = infinity(format);
    set_bits(x, out, format, with_sign(format, sign, r));
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

/* ---- approximations ---- */

/* Within `ulps` of the exact value; special values exactly. Denormals become zero unless `keep`. */
static void approximate(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                        unary *fn, double a, double ulps, bool keep)
{
    mpfr_t r, ma;

    mpfr_inits2(120, r, ma, (mpfr_ptr)0);
    mpfr_set_d(ma, a, MPFR_RNDN);
    fn(r, ma, MPFR_RNDN);
    out->exact = mpfr_get_d(r, MPFR_RNDN);
    out->ulps = ulps;
    if (!keep &&
        fabs(out->exact) < ldexp(1, formats[format].emin - 1 + (int)formats[format].mantissa))
        out->exact = copysign(0, out->exact);
    if (format == ALU_F16 && x->mode & FP16_OVFL && isfinite(out->exact))
        out->exact = fmin(fmax(out->exact, -65504), 65504);
    if (mpfr_nan_p(r)) {
        out->any_nan = true;
        out->value = alu_encode(format, NAN);
    }
    mpfr_clears(r, ma, (mpfr_ptr)0);
}

static int reciprocal(mpfr_t r, const mpfr_t a, mpfr_rnd_t rnd)
{
    return mpfr_ui_div(r, 1, a, rnd);
}

/* MPFR's 1/sqrt(-0) is +inf; IEEE and the hardware have -inf. */
static int reciprocal_root(mpfr_t r, const mpfr_t a, mpfr_rnd_t rnd)
{
    return mpfr_zero_p(a) ? mpfr_ui_div(r, 1, a, rnd) : mpfr_rec_sqrt(r, a, rnd);
}

static int sine(mpfr_t r, const mpfr_t a, mpfr_rnd_t rnd)
{
    int t = mpfr_sinu(r, a, 1, rnd);

    if (mpfr_zero_p(r) && !mpfr_zero_p(a))
        mpfr_set_zero(r, 1); /* whole turns give +0 */
    return t;
}

static int cosine(mpfr_t r, const mpfr_t a, mpfr_rnd_t rnd)
{
    return mpfr_cosu(r, a, 1, rnd);
}

/* f32 treats denormals as zero whatever the mode. */
#define TRANSCENDENTAL(name, fn)                                                                   \
    REFERENCE(name##_f32)                                                                          \
    {                                                                                              \
        uint64_t a = flushed(ALU_F32, false, x->v[0]);                                             \
                                                                                                   \
        approximate(x, out, ALU_F32, fn, alu_decode(ALU_F32, a), 0.51, false);                     \
    }                                                                                              \
    REFERENCE(name##_f16)                                                                          \
    {                                                                                              \
        approximate(x, out, ALU_F16, fn, S(ALU_F16, 0), 0.51, denormals(x, ALU_F16) & DENORM_OUT); \
    }
TRANSCENDENTAL(v_rcp, reciprocal)
TRANSCENDENTAL(v_rsq, reciprocal_root)
TRANSCENDENTAL(v_sqrt, mpfr_sqrt)
TRANSCENDENTAL(v_exp, mpfr_exp2)
TRANSCENDENTAL(v_log, mpfr_log2)

#define TURNS(name, fn)                                                                            \
    REFERENCE(name##_f32)                                                                          \
    {                                                                                              \
        approximate(x, out, ALU_F32, fn, S(ALU_F32, 0), 0.51, denormals(x, ALU_F32) & DENORM_OUT); \
    }                                                                                              \
    REFERENCE(name##_f16)                                                                          \
    {                                                                                              \
        approximate(x, out, ALU_F16, fn, S(ALU_F16, 0), 0.51, denormals(x, ALU_F16) & DENORM_OUT); \
    }
TURNS(v_sin, sine)
TURNS(v_cos, cosine)

REFERENCE(v_rcp_f64)
{
    approximate(x, out, ALU_F64, reciprocal, S(ALU_F64, 0), 1, denormals(x, ALU_F64) & DENORM_OUT);
}

REFERENCE(v_rsq_f64)
{
    approximate(x, out, ALU_F64, reciprocal_root, S(ALU_F64, 0), 1,
                denormals(x, ALU_F64) & DENORM_OUT);
}

REFERENCE(v_sqrt_f64)
{
    approximate(x, out, ALU_F64, mpfr_sqrt, S(ALU_F64, 0), 1, denormals(x, ALU_F64) & DENORM_OUT);
}

/* 53 bits of 2/pi, `segment` and the exponent telling which, as a number. */
REFERENCE(v_trig_preop_f64)
{
    int exponent = (int)(x->v[0] >> 52 & 2047);
    int shift = (int)(x->v[1] & 31) * 53 + (exponent > 1077 ? exponent - 1077 : 0);
    mpfr_t r, pi, result;

    mpfr_init2(r, 1201);
    mpfr_init2(pi, 2500);
    mpfr_init2(result, 53);
    mpfr_const_pi(pi, MPFR_RNDN);
    mpfr_ui_div(r, 2, pi, MPFR_RNDZ); /* bits behind the point: 1201, the first is 1 */
    mpfr_mul_2si(r, r, shift, MPFR_RNDN);
    mpfr_frac(r, r, MPFR_RNDN); /* bits before `shift` are gone */
    mpfr_mul_2si(r, r, 53, MPFR_RNDN);
    mpfr_trunc(r, r); /* and those behind 53 more */
    mpfr_mul_2si(r, r, -53 - shift + (exponent >= 1968 ? 128 : 0), MPFR_RNDN);
    mpfr_set(result, r, MPFR_RNDN); /* exact */
    finish(x, out, ALU_F64, result, 0, rounding(x, ALU_F64));
    mpfr_clears(r, pi, result, (mpfr_ptr)0);
}

/* ---- dot products and packed ---- */

REFERENCE(v_dot2_f32_f16)
{
    struct alu_args half = *x;
    struct alu_result sum = {0};

    half.mode |= DENORM_OUT << 4; /* only the result is flushed */
    round_fma(&half, &sum, ALU_F32, S(ALU_F16, 0), S(ALU_F16, 1), S(ALU_F32, 2));
    for (unsigned i = 0; i < 2; i++)
        half.v[i] >>= 16;
    round_fma(x, out, ALU_F32, source(&half, ALU_F16, 0), source(&half, ALU_F16, 1),
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

#define ROW(op)                                                                                    \
    {                                                                                              \
#op, ref_##op, false                                                                       \
    }
#define SAME(op, ref)                                                                              \
    {                                                                                              \
#op, ref_##ref, false                                                                      \
    }
#define ROWS(name, a, b, c) ROW(name##_##a), ROW(name##_##b), ROW(name##_##c)

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
    ROW(v_cvt_i32_f32),
    ROW(v_cvt_u32_f32),
    ROW(v_cvt_i32_f64),
    ROW(v_cvt_u32_f64),
    ROW(v_cvt_i16_f16),
    ROW(v_cvt_u16_f16),
    ROW(v_cvt_rpi_i32_f32),
    ROW(v_cvt_flr_i32_f32),
    ROW(v_cvt_f32_i32),
    ROW(v_cvt_f32_u32),
    ROW(v_cvt_f64_i32),
    ROW(v_cvt_f64_u32),
    ROW(v_cvt_f16_i16),
    ROW(v_cvt_f16_u16),
    ROW(v_cvt_f32_ubyte0),
    ROW(v_cvt_f32_ubyte1),
    ROW(v_cvt_f32_ubyte2),
    ROW(v_cvt_f32_ubyte3),
    ROW(v_cvt_off_f32_i4),
    ROW(v_cvt_f64_f32),
    ROW(v_cvt_f32_f64),
    ROW(v_cvt_f16_f32),
    ROW(v_cvt_f32_f16),
    ROW(v_cvt_pkrtz_f16_f32),
    ROW(v_cvt_pknorm_i16_f32),
    ROW(v_cvt_pknorm_u16_f32),
    ROW(v_cvt_pknorm_i16_f16),
    ROW(v_cvt_pknorm_u16_f16),
    ROW(v_cvt_norm_i16_f16),
    ROW(v_cvt_norm_u16_f16),
    ROW(v_cvt_pk_u8_f32),
    ROW(v_pack_b32_f16),
    ROWS(v_div_fixup, f16, f32, f64),
    ROWS(v_rcp, f16, f32, f64),
    SAME(v_rcp_iflag_f32, v_rcp_f32),
    ROWS(v_rsq, f16, f32, f64),
    ROWS(v_sqrt, f16, f32, f64),
    ROW(v_exp_f16),
    ROW(v_exp_f32),
    ROW(v_log_f16),
    ROW(v_log_f32),
    ROW(v_sin_f16),
    ROW(v_sin_f32),
    ROW(v_cos_f16),
    ROW(v_cos_f32),
    ROW(v_trig_preop_f64),
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
