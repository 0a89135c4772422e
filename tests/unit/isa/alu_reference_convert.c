/* SPDX-License-Identifier: MIT
 *
 * Reference for conversions and approximations: see alu_reference.h.
 */
#include <math.h>
#include <stddef.h>

#include "alu_reference_mpfr.h"

/* ---- conversions ---- */

static uint64_t truncated(double value, double low, double high, unsigned bits)
{
    double limited = isnan(value) ? 0 : trunc(value);

    limited = limited < low ? low : limited > high ? high : limited;
    return (uint64_t)(int64_t)limited & alu_low_bits(bits);
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
        alu_round_value(x, out, format, expr);                                                     \
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
    alu_round_unary(x, out, ALU_F32, (alu_unary *)mpfr_set, S(ALU_F64, 0),
                    alu_rounding(x, ALU_F64));
}

static uint64_t to_zero_f16(const struct alu_args *x, unsigned i)
{
    struct alu_args zero = *x;
    struct alu_result r = {0};

    zero.mode = (x->mode & ~(uint32_t)FP16_OVFL) | 3 << 2;
    if (isnan(S(ALU_F32, i)))
        return 0x7e00 | (x->v[i] >> 13 & 0x3ff) | (x->v[i] >> 16 & 0x8000);
    alu_round_value(&zero, &r, ALU_F16, S(ALU_F32, i));
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
    mpfr_rint(a, a, alu_rounding(x, ALU_F32));
    byte = truncated(mpfr_get_d(a, MPFR_RNDN), 0, 255, 8);
    mpfr_clear(a);
    out->value = (x->v[2] & ~(UINT64_C(0xff) << shift)) | byte << shift;
}

REFERENCE(v_pack_b32_f16)
{
    out->value = alu_source_bits(x, ALU_F16, 0) | alu_source_bits(x, ALU_F16, 1) << 16;
}

/* ---- approximations ---- */

/* Within `ulps` of the exact value; special values exactly. Denormals become zero unless `keep`. */
static void approximate(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                        alu_unary *fn, double a, double ulps, bool keep)
{
    mpfr_t r, ma;

    mpfr_inits2(120, r, ma, (mpfr_ptr)0);
    mpfr_set_d(ma, a, MPFR_RNDN);
    fn(r, ma, MPFR_RNDN);
    out->exact = mpfr_get_d(r, MPFR_RNDN);
    out->ulps = ulps;
    if (!keep && fabs(out->exact) <
                     ldexp(1, alu_formats[format].emin - 1 + (int)alu_formats[format].mantissa))
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
        uint64_t a = alu_flushed(ALU_F32, false, x->v[0]);                                         \
                                                                                                   \
        approximate(x, out, ALU_F32, fn, alu_decode(ALU_F32, a), 0.51, false);                     \
    }                                                                                              \
    REFERENCE(name##_f16)                                                                          \
    {                                                                                              \
        approximate(x, out, ALU_F16, fn, S(ALU_F16, 0), 0.51,                                      \
                    alu_denormals(x, ALU_F16) & DENORM_OUT);                                       \
    }
TRANSCENDENTAL(v_rcp, reciprocal)
TRANSCENDENTAL(v_rsq, reciprocal_root)
TRANSCENDENTAL(v_sqrt, mpfr_sqrt)
TRANSCENDENTAL(v_exp, mpfr_exp2)
TRANSCENDENTAL(v_log, mpfr_log2)

#define TURNS(name, fn)                                                                            \
    REFERENCE(name##_f32)                                                                          \
    {                                                                                              \
        approximate(x, out, ALU_F32, fn, S(ALU_F32, 0), 0.51,                                      \
                    alu_denormals(x, ALU_F32) & DENORM_OUT);                                       \
    }                                                                                              \
    REFERENCE(name##_f16)                                                                          \
    {                                                                                              \
        approximate(x, out, ALU_F16, fn, S(ALU_F16, 0), 0.51,                                      \
                    alu_denormals(x, ALU_F16) & DENORM_OUT);                                       \
    }
TURNS(v_sin, sine)
TURNS(v_cos, cosine)

REFERENCE(v_rcp_f64)
{
    approximate(x, out, ALU_F64, reciprocal, S(ALU_F64, 0), 1,
                alu_denormals(x, ALU_F64) & DENORM_OUT);
}

REFERENCE(v_rsq_f64)
{
    approximate(x, out, ALU_F64, reciprocal_root, S(ALU_F64, 0), 1,
                alu_denormals(x, ALU_F64) & DENORM_OUT);
}

REFERENCE(v_sqrt_f64)
{
    approximate(x, out, ALU_F64, mpfr_sqrt, S(ALU_F64, 0), 1,
                alu_denormals(x, ALU_F64) & DENORM_OUT);
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
    alu_finish(x, out, ALU_F64, result, 0, alu_rounding(x, ALU_F64));
    mpfr_clears(r, pi, result, (mpfr_ptr)0);
}

const struct alu_reference_row alu_convert_references[] = {
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
    {NULL, NULL, false},
};
