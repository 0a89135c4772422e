/* SPDX-License-Identifier: MIT
 *
 * Formats, modes and rounding: see alu_reference_mpfr.h.
 */
#include "alu_reference_mpfr.h"

#include <math.h>
#include <stddef.h>

const struct alu_format_info alu_formats[] = {
    [ALU_F16] = {16, 10, -23, 16},
    [ALU_F32] = {32, 23, -148, 128},
    [ALU_F64] = {64, 52, -1073, 1024},
};

/* ---- formats ---- */

uint64_t alu_low_bits(unsigned count)
{
    return count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

uint64_t alu_magnitude(enum alu_format format, uint64_t bits)
{
    return bits & alu_low_bits(alu_formats[format].bits - 1);
}

uint64_t alu_infinity(enum alu_format format)
{
    return alu_low_bits(alu_formats[format].bits - 1) & ~alu_low_bits(alu_formats[format].mantissa);
}

bool alu_negative(enum alu_format format, uint64_t bits)
{
    return bits >> (alu_formats[format].bits - 1) & 1;
}

uint64_t alu_with_sign(enum alu_format format, bool sign, uint64_t bits)
{
    return bits | (uint64_t)sign << (alu_formats[format].bits - 1);
}

uint64_t alu_quieted(enum alu_format format, uint64_t bits)
{
    return bits | UINT64_C(1) << (alu_formats[format].mantissa - 1);
}

bool alu_is_nan(enum alu_format format, uint64_t bits)
{
    return alu_magnitude(format, bits) > alu_infinity(format);
}

bool alu_is_snan(enum alu_format format, uint64_t bits)
{
    return alu_is_nan(format, bits) && alu_quieted(format, bits) != bits;
}

bool alu_is_denormal(enum alu_format format, uint64_t bits)
{
    uint64_t m = alu_magnitude(format, bits);

    return m != 0 && m <= alu_low_bits(alu_formats[format].mantissa);
}

double alu_decode(enum alu_format format, uint64_t bits)
{
    unsigned mantissa = alu_formats[format].mantissa;
    uint64_t m = alu_magnitude(format, bits);
    int exponent = (int)(m >> mantissa);
    double value = (double)(m & alu_low_bits(mantissa));

    if (alu_is_nan(format, bits))
        return NAN;
    if (m == alu_infinity(format))
        value = INFINITY;
    else if (exponent == 0)
        value = ldexp(value, alu_formats[format].emin - 1);
    else
        value = ldexp(value + ldexp(1, (int)mantissa), alu_formats[format].emin - 2 + exponent);
    return alu_negative(format, bits) ? -value : value;
}

/* `exact` is a value of the format. */
uint64_t alu_encode(enum alu_format format, double exact)
{
    unsigned mantissa = alu_formats[format].mantissa;
    double value = fabs(exact);
    uint64_t bits;
    int exponent;

    if (isnan(exact))
        return alu_with_sign(format, true, alu_quieted(format, alu_infinity(format)));
    if (isinf(value)) {
        bits = alu_infinity(format);
    } else if (value < ldexp(1, alu_formats[format].emin - 1 + (int)mantissa)) {
        bits = (uint64_t)ldexp(value, 1 - alu_formats[format].emin);
    } else {
        frexp(value, &exponent);
        bits = (uint64_t)ldexp(value, (int)mantissa + 1 - exponent) & alu_low_bits(mantissa);
        bits |= (uint64_t)(exponent - alu_formats[format].emin + 1 - (int)mantissa) << mantissa;
    }
    return alu_with_sign(format, signbit(exact), bits);
}

/* ---- modes ---- */

uint32_t alu_denormals(const struct alu_args *x, enum alu_format format)
{
    return x->mode >> (format == ALU_F32 ? 4 : 6) & 3;
}

mpfr_rnd_t alu_rounding(const struct alu_args *x, enum alu_format format)
{
    static const mpfr_rnd_t modes[] = {MPFR_RNDN, MPFR_RNDU, MPFR_RNDD, MPFR_RNDZ};

    return modes[x->mode >> (format == ALU_F32 ? 0 : 2) & 3];
}

uint64_t alu_flushed(enum alu_format format, bool keep, uint64_t bits)
{
    return !keep && alu_is_denormal(format, bits)
               ? alu_with_sign(format, alu_negative(format, bits), 0)
               : bits;
}

/* Source i as the operation sees it. */
uint64_t alu_source_bits(const struct alu_args *x, enum alu_format format, unsigned i)
{
    return alu_flushed(format, alu_denormals(x, format) & DENORM_IN,
                       x->v[i] & alu_low_bits(alu_formats[format].bits));
}

double alu_source(const struct alu_args *x, enum alu_format format, unsigned i)
{
    return alu_decode(format, alu_source_bits(x, format, i));
}

void alu_set_bits(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                  uint64_t bits)
{
    out->value = alu_flushed(format, alu_denormals(x, format) & DENORM_OUT, bits);
}

/* ---- rounding by MPFR ---- */

/* Stores `r`, which is the exact result rounded to the format's precision with ternary `t`. */
void alu_finish(const struct alu_args *x, struct alu_result *out, enum alu_format format, mpfr_t r,
                int t, mpfr_rnd_t rnd)
{
    bool finite = mpfr_number_p(r);

    if (mpfr_nan_p(r)) {
        out->any_nan = true;
        out->value = alu_encode(format, NAN);
        return;
    }
    mpfr_set_emin(alu_formats[format].emin);
    mpfr_set_emax(alu_formats[format].emax);
    t = mpfr_check_range(r, t, rnd);
    mpfr_subnormalize(r, t, rnd);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());

    uint64_t bits = alu_encode(format, mpfr_get_d(r, MPFR_RNDN));

    if (format == ALU_F16 && x->mode & FP16_OVFL && finite && mpfr_inf_p(r))
        bits = alu_with_sign(format, mpfr_signbit(r), alu_infinity(format) - 1);
    alu_set_bits(x, out, format, bits);
}

void alu_round_unary(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                     alu_unary *fn, double a, mpfr_rnd_t rnd)
{
    mpfr_t r, ma;

    mpfr_inits2(alu_formats[format].mantissa + 1, r, (mpfr_ptr)0);
    mpfr_init2(ma, 64);
    mpfr_set_d(ma, a, MPFR_RNDN);
    alu_finish(x, out, format, r, fn(r, ma, rnd), rnd);
    mpfr_clears(r, ma, (mpfr_ptr)0);
}

void alu_round_binary(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                      alu_binary *fn, double a, double b)
{
    mpfr_rnd_t rnd = alu_rounding(x, format);
    mpfr_t r, ma, mb;

    mpfr_init2(r, alu_formats[format].mantissa + 1);
    mpfr_inits2(53, ma, mb, (mpfr_ptr)0);
    mpfr_set_d(ma, a, MPFR_RNDN);
    mpfr_set_d(mb, b, MPFR_RNDN);
    alu_finish(x, out, format, r, fn(r, ma, mb, rnd), rnd);
    mpfr_clears(r, ma, mb, (mpfr_ptr)0);
}

void alu_round_fma(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                   double a, double b, double c)
{
    mpfr_rnd_t rnd = alu_rounding(x, format);
    mpfr_t r, ma, mb, mc;

    mpfr_init2(r, alu_formats[format].mantissa + 1);
    mpfr_inits2(53, ma, mb, mc, (mpfr_ptr)0);
    mpfr_set_d(ma, a, MPFR_RNDN);
    mpfr_set_d(mb, b, MPFR_RNDN);
    mpfr_set_d(mc, c, MPFR_RNDN);
    alu_finish(x, out, format, r, mpfr_fma(r, ma, mb, mc, rnd), rnd);
    mpfr_clears(r, ma, mb, mc, (mpfr_ptr)0);
}

/* A value, NaN included, that only needs rounding. */
void alu_round_value(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                     double value)
{
    alu_round_unary(x, out, format, (alu_unary *)mpfr_set, value, alu_rounding(x, format));
}
