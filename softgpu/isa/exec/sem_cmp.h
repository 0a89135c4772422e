/* SPDX-License-Identifier: MIT
 *
 * Vector comparisons: the bit that v_cmp_* (and v_cmpx_*, which writes it to EXEC) gives for one
 * lane (see sem_base.h).
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12.
 */
#ifndef SOFTGPU_ISA_EXEC_SEM_CMP_H
#define SOFTGPU_ISA_EXEC_SEM_CMP_H

#include "softgpu/isa/exec/sem_f16.h"
#include "softgpu/isa/exec/sem_f64.h"

#define SEM_CMP(name, U, conv, expr)                                                               \
    static inline bool sem_v_cmp_##name(struct sem_mode m, U a_, U b_)                             \
    {                                                                                              \
        __auto_type a = conv(m, a_);                                                               \
        __auto_type b = conv(m, b_);                                                               \
                                                                                                   \
        (void)a, (void)b;                                                                          \
        return expr;                                                                               \
    }

#define SEM_CMP_FLOAT(sfx, U)                                                                      \
    SEM_CMP(f_##sfx, U, sem_in_##sfx, false)                                                       \
    SEM_CMP(lt_##sfx, U, sem_in_##sfx, a < b)                                                      \
    SEM_CMP(eq_##sfx, U, sem_in_##sfx, a == b)                                                     \
    SEM_CMP(le_##sfx, U, sem_in_##sfx, a <= b)                                                     \
    SEM_CMP(gt_##sfx, U, sem_in_##sfx, a > b)                                                      \
    SEM_CMP(lg_##sfx, U, sem_in_##sfx, a<b || a> b)                                                \
    SEM_CMP(ge_##sfx, U, sem_in_##sfx, a >= b)                                                     \
    SEM_CMP(o_##sfx, U, sem_in_##sfx, a == a && b == b)                                            \
    SEM_CMP(u_##sfx, U, sem_in_##sfx, a != a || b != b)                                            \
    SEM_CMP(nge_##sfx, U, sem_in_##sfx, !(a >= b))                                                 \
    SEM_CMP(nlg_##sfx, U, sem_in_##sfx, !(a < b || a > b))                                         \
    SEM_CMP(ngt_##sfx, U, sem_in_##sfx, !(a > b))                                                  \
    SEM_CMP(nle_##sfx, U, sem_in_##sfx, !(a <= b))                                                 \
    SEM_CMP(neq_##sfx, U, sem_in_##sfx, !(a == b))                                                 \
    SEM_CMP(nlt_##sfx, U, sem_in_##sfx, !(a < b))                                                  \
    SEM_CMP(tru_##sfx, U, sem_in_##sfx, true)
SEM_CMP_FLOAT(f16, uint32_t)
SEM_CMP_FLOAT(f32, uint32_t)
SEM_CMP_FLOAT(f64, uint64_t)

#define SEM_CMP_I16(m, x) sem_sext16(x)
#define SEM_CMP_U16(m, x) ((x)&0xffff)
#define SEM_CMP_I32(m, x) ((int32_t)(x))
#define SEM_CMP_I64(m, x) ((int64_t)(x))
#define SEM_CMP_ANY(m, x) (x)

#define SEM_CMP_INT(sfx, U, conv)                                                                  \
    SEM_CMP(lt_##sfx, U, conv, ((void)m, a < b))                                                   \
    SEM_CMP(eq_##sfx, U, conv, ((void)m, a == b))                                                  \
    SEM_CMP(le_##sfx, U, conv, ((void)m, a <= b))                                                  \
    SEM_CMP(gt_##sfx, U, conv, ((void)m, a > b))                                                   \
    SEM_CMP(ne_##sfx, U, conv, ((void)m, a != b))                                                  \
    SEM_CMP(ge_##sfx, U, conv, ((void)m, a >= b))
#define SEM_CMP_INT_CONST(sfx, U)                                                                  \
    SEM_CMP(f_##sfx, U, SEM_CMP_ANY, ((void)m, false))                                             \
    SEM_CMP(t_##sfx, U, SEM_CMP_ANY, ((void)m, true))
SEM_CMP_INT(i16, uint32_t, SEM_CMP_I16)
SEM_CMP_INT(u16, uint32_t, SEM_CMP_U16)
SEM_CMP_INT(i32, uint32_t, SEM_CMP_I32)
SEM_CMP_INT(u32, uint32_t, SEM_CMP_ANY)
SEM_CMP_INT(i64, uint64_t, SEM_CMP_I64)
SEM_CMP_INT(u64, uint64_t, SEM_CMP_ANY)
SEM_CMP_INT_CONST(i32, uint32_t)
SEM_CMP_INT_CONST(u32, uint32_t)
SEM_CMP_INT_CONST(i64, uint64_t)
SEM_CMP_INT_CONST(u64, uint64_t)

/* Whether `a` is of one of the classes in `classes`, in the order of its bits: signalling NaN,
 * quiet NaN, -inf, -normal, -denormal, -0, +0, +denormal, +normal, +inf. */
#define SEM_CMP_CLASS(sfx, U)                                                                      \
    static inline bool sem_v_cmp_class_##sfx(struct sem_mode m, U a, uint32_t classes)             \
    {                                                                                              \
        bool negative = sem_sign_##sfx(a);                                                         \
        unsigned number = sem_is_inf_##sfx(a)        ? (negative ? 2 : 9)                          \
                          : sem_is_zero_##sfx(a)     ? (negative ? 5 : 6)                          \
                          : sem_is_denormal_##sfx(a) ? (negative ? 4 : 7)                          \
                                                     : (negative ? 3 : 8);                         \
        unsigned class = sem_is_snan_##sfx(a) ? 0 : sem_is_nan_##sfx(a) ? 1 : number;              \
                                                                                                   \
        (void)m;                                                                                   \
        return classes >> class & 1;                                                               \
    }
SEM_CMP_CLASS(f16, uint32_t)
SEM_CMP_CLASS(f32, uint32_t)
SEM_CMP_CLASS(f64, uint64_t)

#endif
