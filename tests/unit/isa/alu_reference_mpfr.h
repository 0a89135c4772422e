/* SPDX-License-Identifier: MIT
 *
 * What the references of floating-point operations share: formats as data, MODE's fields, and
 * rounding by MPFR. Results are computed in the precision of their format and an unbounded
 * exponent range, and then brought into the format's range with MPFR's own emulation of subnormal
 * numbers.
 */
#ifndef TESTS_UNIT_ISA_ALU_REFERENCE_MPFR_H
#define TESTS_UNIT_ISA_ALU_REFERENCE_MPFR_H

#include <mpfr.h>

#include "alu_reference.h"

#define REFERENCE(op) static void ref_##op(const struct alu_args *x, struct alu_result *out)
#define S(format, i)  alu_source(x, format, i)

enum { DENORM_IN = 1, DENORM_OUT = 2, IEEE = 1 << 9, FP16_OVFL = 1 << 23 };

struct alu_format_info {
    unsigned bits, mantissa; /* mantissa: stored bits */
    int emin, emax;          /* as MPFR counts: values are in [1/2, 1) * 2^e */
};

extern const struct alu_format_info alu_formats[];

typedef int alu_unary(mpfr_t r, const mpfr_t a, mpfr_rnd_t rnd);
typedef int alu_binary(mpfr_t r, const mpfr_t a, const mpfr_t b, mpfr_rnd_t rnd);

/* Bits of numbers. */
uint64_t alu_low_bits(unsigned count);
uint64_t alu_magnitude(enum alu_format format, uint64_t bits);
uint64_t alu_infinity(enum alu_format format);
bool alu_negative(enum alu_format format, uint64_t bits);
uint64_t alu_with_sign(enum alu_format format, bool sign, uint64_t bits);
uint64_t alu_quieted(enum alu_format format, uint64_t bits);
bool alu_is_denormal(enum alu_format format, uint64_t bits);

/* MODE's fields for a format: DENORM_IN and DENORM_OUT; the rounding mode. */
uint32_t alu_denormals(const struct alu_args *x, enum alu_format format);
mpfr_rnd_t alu_rounding(const struct alu_args *x, enum alu_format format);

/* A denormal becomes a zero of its sign unless `keep`. */
uint64_t alu_flushed(enum alu_format format, bool keep, uint64_t bits);

/* Source i as the operation sees it: of the format's width, denormals by the mode. */
uint64_t alu_source_bits(const struct alu_args *x, enum alu_format format, unsigned i);
double alu_source(const struct alu_args *x, enum alu_format format, unsigned i);

/* Stores a result: bits that may still be a denormal to flush, or `r`, which is the exact result
 * rounded to the format's precision with MPFR's ternary value `t`. */
void alu_set_bits(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                  uint64_t bits);
void alu_finish(const struct alu_args *x, struct alu_result *out, enum alu_format format, mpfr_t r,
                int t, mpfr_rnd_t rnd);

/* Computes, rounds and stores a result. */
void alu_round_unary(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                     alu_unary *fn, double a, mpfr_rnd_t rnd);
void alu_round_binary(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                      alu_binary *fn, double a, double b);
void alu_round_fma(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                   double a, double b, double c);
void alu_round_value(const struct alu_args *x, struct alu_result *out, enum alu_format format,
                     double value);

#endif
