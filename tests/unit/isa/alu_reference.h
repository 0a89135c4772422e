/* SPDX-License-Identifier: MIT
 *
 * What vector operations compute, written for clarity and independently of the model: integers by
 * plain C, floats by MPFR.
 */
#ifndef TESTS_UNIT_ISA_ALU_REFERENCE_H
#define TESTS_UNIT_ISA_ALU_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/isa/inst.h"

struct alu_args {
    uint64_t v[4]; /* sources as the registers hold them; masks are 0 or 1 */
    uint32_t mode; /* the MODE register */
    bool clamp;
    unsigned lane;
};

struct alu_result {
    uint64_t value;
    bool flag;    /* carry, VCC of v_div_scale, or the result of a comparison */
    bool any_nan; /* value is a NaN: any quiet one that comes from the sources will do */
    double ulps;  /* > 0: an approximation; `exact` is what it approximates, that close */
    double exact; /* rounded to f64 */
};

typedef void alu_reference(const struct alu_args *x, struct alu_result *out);

struct alu_reference_row {
    const char *name;
    alu_reference *reference;
    bool clamps; /* the clamp bit saturates the integer result: try it too */
};

/* Rows of the tables: an operation and its reference ref_<operation>; one that also saturates; one
 * that shares another's; three formats of one. */
#define ROW(op)                                                                                    \
    {                                                                                              \
#op, ref_##op, false                                                                       \
    }
#define CROW(op)                                                                                   \
    {                                                                                              \
#op, ref_##op, true                                                                        \
    }
#define SAME(op, ref)                                                                              \
    {                                                                                              \
#op, ref_##ref, false                                                                      \
    }
#define ROWS(name, a, b, c) ROW(name##_##a), ROW(name##_##b), ROW(name##_##c)

extern const struct alu_reference_row alu_integer_references[];
extern const struct alu_reference_row alu_float_references[];
extern const struct alu_reference_row alu_convert_references[];
extern const struct alu_reference_row alu_compare_references[];

/* Formats, and MODE's fields for them. */
enum alu_format { ALU_F16, ALU_F32, ALU_F64 };

/* The value of a number in a format (NaNs give NaN), and the nearest number by a rounding mode
 * (0 even, 1 up, 2 down, 3 zero) given as MPFR does. */
double alu_decode(enum alu_format format, uint64_t bits);
uint64_t alu_encode(enum alu_format format, double exact);
bool alu_is_nan(enum alu_format format, uint64_t bits);
bool alu_is_snan(enum alu_format format, uint64_t bits);

#endif
