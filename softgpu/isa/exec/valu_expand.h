/* SPDX-License-Identifier: MIT
 *
 * Expands the operations of one group of valu.def into loops and handlers. To be included once by
 * each valu_<group>.c, after the semantic functions, with these defined:
 *
 *   VALU_IF_<group>(...)  as __VA_ARGS__: the group to expand
 *   VALU_NEEDS_MODE       1 when the operations depend on MODE, else 0
 *   VALU_ROUND            enum valu_round
 *
 * Operations that depend on MODE have their loop twice: made for the default mode, and for any.
 */
#include "softgpu/isa/exec/valu.h"

/* The groups that are not this one. */
#ifndef VALU_IF_int
#define VALU_IF_int(...)
#endif
#ifndef VALU_IF_int64
#define VALU_IF_int64(...)
#endif
#ifndef VALU_IF_f32
#define VALU_IF_f32(...)
#endif
#ifndef VALU_IF_f64
#define VALU_IF_f64(...)
#endif
#ifndef VALU_IF_f16
#define VALU_IF_f16(...)
#endif
#ifndef VALU_IF_cvt
#define VALU_IF_cvt(...)
#endif
#ifndef VALU_IF_trans
#define VALU_IF_trans(...)
#endif
#ifndef VALU_IF_cmpi
#define VALU_IF_cmpi(...)
#endif
#ifndef VALU_IF_cmpf
#define VALU_IF_cmpf(...)
#endif

/* The operations' types, as constants that the compiler sees through. */
#define ISA_OP(op_name, op_unit, op_dst, op_dst2, src0, src1, src2, src3, op_flags)                \
    [ISA_OP_##op_name] = {.dst = ISA_T_##op_dst,                                                   \
                          .dst2 = ISA_T_##op_dst2,                                                 \
                          .src = {ISA_T_##src0, ISA_T_##src1, ISA_T_##src2, ISA_T_##src3},         \
                          .flags = op_flags},
static const struct isa_op_info valu_types[ISA_OP_COUNT] = {
#include "softgpu/isa/spec/ops.def"
};
#undef ISA_OP

/* Source i of lane `lane`, in the width of its type. */
#define VALU_ARG(op, i) valu_load(f, i, (enum isa_type)valu_types[ISA_OP_##op].src[i], base, lane)

#define VALU_LANE_LOOP(f)                                                                          \
    for (size_t base = 0; base < (f)->lanes; base += 32)                                           \
    VALU_VECTOR_LOOP for (size_t lane = 0; lane < 32; lane++)

#define VALU_STORE(op, value)                                                                      \
    valu_store(f, (enum isa_type)valu_types[ISA_OP_##op].dst, base, lane, value)

/* The loops of one operation, given what goes on in them (`...`, from a frame f and a mode m), and
 * its handler. */
#define VALU_DEFINE_LOOPS(op_name, mix, ...)                                                       \
    VALU_ALWAYS_INLINE void body_##op_name(const struct valu_frame *frame, struct sem_mode m)      \
    {                                                                                              \
        /* A copy that no lane's store can change. */                                              \
        const struct valu_frame copy = *frame, *const f = &copy;                                   \
                                                                                                   \
        __VA_ARGS__                                                                                \
    }                                                                                              \
    static __attribute__((noinline)) void any_##op_name(const struct valu_frame *f,                \
                                                        struct sem_mode m)                         \
    {                                                                                              \
        body_##op_name(f, m);                                                                      \
    }                                                                                              \
    VALU_DEFAULT_LOOP(op_name)                                                                     \
    isa_handler VALU_SYM(op_name);                                                                 \
    void VALU_SYM(op_name)(struct isa_wave * w, const struct isa_inst *inst)                       \
    {                                                                                              \
        static const struct valu_op op = {                                                         \
            .info = &valu_types[ISA_OP_##op_name],                                                 \
            .loop = any_##op_name,                                                                 \
            .default_loop = default_##op_name,                                                     \
            .round = VALU_ROUND,                                                                   \
            .is_float = VALU_NEEDS_MODE,                                                           \
            .is_mix = mix,                                                                         \
        };                                                                                         \
        struct valu_scratch scratch;                                                               \
        struct valu_frame f;                                                                       \
                                                                                                   \
        if (!valu_begin(w, inst, &op, VALU_NEEDS_MODE, &scratch, &f)) {                            \
            VALU_SYM(run)(w, inst, &op);                                                           \
            return;                                                                                \
        }                                                                                          \
        default_##op_name(&f, SEM_MODE_DEFAULT);                                                   \
        valu_end(w, inst, &op, &scratch, &f);                                                      \
    }

#if VALU_NEEDS_MODE
#define VALU_DEFAULT_LOOP(op_name)                                                                 \
    static __attribute__((noinline)) void default_##op_name(const struct valu_frame *f,            \
                                                            struct sem_mode m)                     \
    {                                                                                              \
        (void)m;                                                                                   \
        body_##op_name(f, SEM_MODE_DEFAULT);                                                       \
    }
#else
#define VALU_DEFAULT_LOOP(op_name) static valu_loop *const default_##op_name = any_##op_name;
#endif

/* The same, given what happens to one lane. */
#define VALU_DEFINE(op_name, mix, ...)                                                             \
    VALU_DEFINE_LOOPS(                                                                             \
        op_name, mix, VALU_LANE_LOOP(f) { __VA_ARGS__; })

#define VALU_TRUTH(condition) ((condition) ? UINT32_MAX : 0u)

#define VALU_1(group, op)                                                                          \
    VALU_IF_##group(VALU_DEFINE(op, false, VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0)))))
#define VALU_2(group, op)                                                                          \
    VALU_IF_##group(                                                                               \
        VALU_DEFINE(op, false, VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1)))))
#define VALU_3(group, op)                                                                          \
    VALU_IF_##group(VALU_DEFINE(                                                                   \
        op, false,                                                                                 \
        VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), VALU_ARG(op, 2)))))
/* v_div_fmas: VCC is rarely set, and then never looked at. */
#define VALU_FMAS(group, op)                                                                       \
    VALU_IF_##group(VALU_DEFINE_LOOPS(                                                             \
        op, false,                                                                                 \
        if (!f->mask[3]) VALU_LANE_LOOP(f)                                                         \
            VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), VALU_ARG(op, 2), false)); \
        else VALU_LANE_LOOP(f) VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1),        \
                                                       VALU_ARG(op, 2), VALU_ARG(op, 3)));))
#define VALU_MIX_3(group, op)                                                                      \
    VALU_IF_##group(VALU_DEFINE(                                                                   \
        op, true, VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), VALU_ARG(op, 2)))))
#define VALU_LANE_2(group, op)                                                                     \
    VALU_IF_##group(VALU_DEFINE(                                                                   \
        op, false,                                                                                 \
        VALU_STORE(op, sem_##op(m, (unsigned)(base + lane), VALU_ARG(op, 0), VALU_ARG(op, 1)))))
#define VALU_CARRY_2(group, op)                                                                    \
    VALU_IF_##group(VALU_DEFINE(op, false, bool carry; VALU_STORE(                                 \
                                    op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), &carry));    \
                                f->carry[base + lane] = VALU_TRUTH(carry)))
#define VALU_CARRY_3(group, op)                                                                    \
    VALU_IF_##group(VALU_DEFINE(                                                                   \
        op, false, bool carry;                                                                     \
        VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), VALU_ARG(op, 2), &carry));    \
        f->carry[base + lane] = VALU_TRUTH(carry)))

/* v_cmp_<condition> and v_cmpx_<condition>: the decoder makes EXEC the latter's destination. */
#define VALU_COMPARE(op, condition)                                                                \
    VALU_DEFINE(op, false,                                                                         \
                f->dst[base + lane] =                                                              \
                    VALU_TRUTH(sem_v_cmp_##condition(m, VALU_ARG(op, 0), VALU_ARG(op, 1))))
#define VALU_CMP(group, condition)                                                                 \
    VALU_IF_##group(VALU_COMPARE(v_cmp_##condition, condition)                                     \
                        VALU_COMPARE(v_cmpx_##condition, condition))

#define VALU_OTHER(op)

#include "softgpu/isa/exec/valu.def"
