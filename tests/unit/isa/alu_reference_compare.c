/* SPDX-License-Identifier: MIT
 *
 * Reference for comparisons: see alu_reference.h. Each is told by which of "less", "equal",
 * "greater" and "unordered" it accepts.
 */
#include "alu_reference.h"

#include <math.h>
#include <stddef.h>

enum { LESS = 1, EQUAL = 2, GREATER = 4, UNORDERED = 8 };

static unsigned order(long double a, long double b)
{
    return isnan(a) || isnan(b) ? UNORDERED : a < b ? LESS : a > b ? GREATER : EQUAL;
}

/* Denormals count as zero when the mode says so. */
static long double number(const struct alu_args *x, enum alu_format format, unsigned i)
{
    static const double least_normal[] = {0x1p-14, 0x1p-126, 0x1p-1022};
    unsigned shift = format == ALU_F32 ? 4 : 6;
    double value = alu_decode(format, format == ALU_F64 ? x->v[i] : (uint32_t)x->v[i]);

    if (!(x->mode >> shift & 1) && fabs(value) < least_normal[format])
        value = 0;
    return value;
}

/* Every integer of 64 bits is exact in an x87 long double. */
#define V_f16(i) number(x, ALU_F16, i)
#define V_f32(i) number(x, ALU_F32, i)
#define V_f64(i) number(x, ALU_F64, i)
#define V_i16(i) ((long double)(int16_t)(uint16_t)x->v[i])
#define V_u16(i) ((long double)(uint16_t)x->v[i])
#define V_i32(i) ((long double)(int32_t)(uint32_t)x->v[i])
#define V_u32(i) ((long double)(uint32_t)x->v[i])
#define V_i64(i) ((long double)(int64_t)x->v[i])
#define V_u64(i) ((long double)x->v[i])

#define COMPARE(condition, sfx, accepts)                                                           \
    static void ref_##condition##_##sfx(const struct alu_args *x, struct alu_result *out)          \
    {                                                                                              \
        out->flag = order(V_##sfx(0), V_##sfx(1)) & (accepts);                                     \
    }

#define FLOAT_CONDITIONS(X, sfx)                                                                   \
    X(f, sfx, 0)                                                                                   \
    X(lt, sfx, LESS)                                                                               \
    X(eq, sfx, EQUAL)                                                                              \
    X(le, sfx, LESS | EQUAL)                                                                       \
    X(gt, sfx, GREATER)                                                                            \
    X(lg, sfx, LESS | GREATER)                                                                     \
    X(ge, sfx, GREATER | EQUAL)                                                                    \
    X(o, sfx, LESS | EQUAL | GREATER)                                                              \
    X(u, sfx, UNORDERED)                                                                           \
    X(nge, sfx, LESS | UNORDERED)                                                                  \
    X(nlg, sfx, EQUAL | UNORDERED)                                                                 \
    X(ngt, sfx, LESS | EQUAL | UNORDERED)                                                          \
    X(nle, sfx, GREATER | UNORDERED)                                                               \
    X(neq, sfx, LESS | GREATER | UNORDERED)                                                        \
    X(nlt, sfx, GREATER | EQUAL | UNORDERED)                                                       \
    X(tru, sfx, LESS | EQUAL | GREATER | UNORDERED)
#define SHORT_CONDITIONS(X, sfx)                                                                   \
    X(lt, sfx, LESS)                                                                               \
    X(eq, sfx, EQUAL)                                                                              \
    X(le, sfx, LESS | EQUAL)                                                                       \
    X(gt, sfx, GREATER)                                                                            \
    X(ne, sfx, LESS | GREATER)                                                                     \
    X(ge, sfx, GREATER | EQUAL)
#define INTEGER_CONDITIONS(X, sfx)                                                                 \
    X(f, sfx, 0)                                                                                   \
    X(t, sfx, LESS | EQUAL | GREATER)                                                              \
    SHORT_CONDITIONS(X, sfx)
#define ALL_CONDITIONS(X)                                                                          \
    FLOAT_CONDITIONS(X, f16)                                                                       \
    FLOAT_CONDITIONS(X, f32)                                                                       \
    FLOAT_CONDITIONS(X, f64)                                                                       \
    SHORT_CONDITIONS(X, i16)                                                                       \
    SHORT_CONDITIONS(X, u16)                                                                       \
    INTEGER_CONDITIONS(X, i32)                                                                     \
    INTEGER_CONDITIONS(X, u32)                                                                     \
    INTEGER_CONDITIONS(X, i64)                                                                     \
    INTEGER_CONDITIONS(X, u64)

ALL_CONDITIONS(COMPARE)

static bool in_class(const struct alu_args *x, enum alu_format format, uint64_t bits)
{
    static const double least_normal[] = {0x1p-14, 0x1p-126, 0x1p-1022};
    double value = alu_decode(format, bits);
    bool negative = signbit(value);
    unsigned class;

    if (alu_is_snan(format, bits))
        class = 0;
    else if (isnan(value))
        class = 1;
    else if (isinf(value))
        class = negative ? 2 : 9;
    else if (value == 0)
        class = negative ? 5 : 6;
    else if (fabs(value) < least_normal[format])
        class = negative ? 4 : 7;
    else
        class = negative ? 3 : 8;
    return x->v[1] >> class & 1;
}

static void ref_class_f16(const struct alu_args *x, struct alu_result *out)
{
    out->flag = in_class(x, ALU_F16, x->v[0] & 0xffff);
}

static void ref_class_f32(const struct alu_args *x, struct alu_result *out)
{
    out->flag = in_class(x, ALU_F32, (uint32_t)x->v[0]);
}

static void ref_class_f64(const struct alu_args *x, struct alu_result *out)
{
    out->flag = in_class(x, ALU_F64, x->v[0]);
}

#define COMPARE_ROW(condition, sfx, accepts)                                                       \
    {"v_cmp_" #condition "_" #sfx, ref_##condition##_##sfx, false},                                \
        {"v_cmpx_" #condition "_" #sfx, ref_##condition##_##sfx, false},

const struct alu_reference_row alu_compare_references[] = {
    ALL_CONDITIONS(COMPARE_ROW) COMPARE_ROW(class, f16, 0) COMPARE_ROW(class, f32, 0)
        COMPARE_ROW(class, f64, 0){NULL, NULL, false},
};
