/* SPDX-License-Identifier: MIT
 *
 * Expands the operations of one group of valu.def into loops and handlers. To be included once by
 * each valu_<group>.c, after the semantic functions, with these defined:
 *
 *   VALU_IF_<group>(...)  as __VA_ARGS__: the group to expand
 *   VALU_NEEDS_MODE       1 when the operations depend on MODE, else 0
 *   VALU_ROUND            enum valu_round
 *   VALU_HAS_FAST         1 when operations have a second, faster handler for the commonest case
 *
 * Operations that depend on MODE have their loop three times: made for the default mode, for that
 * of graphics, and for any.
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

/* Semantic functions are small, but there are so many of them here that the compiler would stop
 * inlining, and loops with calls do not vectorise. */
#define VALU_LOOP static __attribute__((noinline, flatten))

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
    VALU_LOOP void any_##op_name(const struct valu_frame *f, struct sem_mode m)                    \
    {                                                                                              \
        body_##op_name(f, m);                                                                      \
    }                                                                                              \
    VALU_MODE_LOOPS(op_name)                                                                       \
    isa_handler VALU_SYM(op_name);                                                                 \
    __attribute__((noinline)) void VALU_SYM(op_name)(struct isa_wave * w,                          \
                                                     const struct isa_inst *inst)                  \
    {                                                                                              \
        static const struct valu_op op = {                                                         \
            .info = &valu_types[ISA_OP_##op_name],                                                 \
            .loop = any_##op_name,                                                                 \
            .default_loop = default_##op_name,                                                     \
            .graphics_loop = graphics_##op_name,                                                   \
            .round = VALU_ROUND,                                                                   \
            .is_float = VALU_NEEDS_MODE,                                                           \
            .is_mix = mix,                                                                         \
        };                                                                                         \
        const enum valu_mode_kind kind =                                                           \
            VALU_NEEDS_MODE ? valu_mode_kind(w->mode & SEM_MODE_MASK) : VALU_MODE_DEFAULT;         \
        struct valu_scratch scratch;                                                               \
        struct valu_frame f;                                                                       \
                                                                                                   \
        if (__builtin_expect(kind == VALU_MODE_OTHER, 0) ||                                        \
            !valu_begin(w, inst, &op, &scratch, &f)) {                                             \
            VALU_SYM(run)(w, inst, &op);                                                           \
            return;                                                                                \
        }                                                                                          \
        if (kind == VALU_MODE_DEFAULT)                                                             \
            default_##op_name(&f, SEM_MODE_DEFAULT);                                               \
        else                                                                                       \
            graphics_##op_name(&f, SEM_MODE_GRAPHICS);                                             \
        valu_end(w, inst, &op, &scratch, &f);                                                      \
    }

#if VALU_NEEDS_MODE
#define VALU_MODE_LOOP(kind, op_name, mode)                                                        \
    VALU_LOOP void kind##_##op_name(const struct valu_frame *f, struct sem_mode m)                 \
    {                                                                                              \
        (void)m;                                                                                   \
        body_##op_name(f, mode);                                                                   \
    }
#define VALU_MODE_LOOPS(op_name)                                                                   \
    VALU_MODE_LOOP(default, op_name, SEM_MODE_DEFAULT)                                             \
    VALU_MODE_LOOP(graphics, op_name, SEM_MODE_GRAPHICS)
#else
#define VALU_MODE_LOOPS(op_name)                                                                   \
    static valu_loop *const default_##op_name = any_##op_name;                                     \
    static valu_loop *const graphics_##op_name = any_##op_name;
#endif

/* The handler of instructions whose operands are all VGPRs of 32 or 64 bits, without modifiers
 * (isa_valu_fast_find): nothing is left to look at but MODE and EXEC, and the loops are part of it,
 * with the number of lanes as a constant. */
#if VALU_HAS_FAST
#define VALU_FAST_ROW(reg) (w->vgpr + ((reg) - (size_t)ISA_REG_VGPR0) * lanes)
#define VALU_FAST(op_name)                                                                         \
    VALU_ALWAYS_INLINE void lanes_##op_name(struct isa_wave *w, const struct isa_inst *inst,       \
                                            size_t lanes, struct sem_mode mode)                    \
    {                                                                                              \
        struct valu_frame f = {.dst = VALU_FAST_ROW(inst->dst), .lanes = lanes};                   \
                                                                                                   \
        for (unsigned i = 0; i < VALU_SOURCES && valu_types[ISA_OP_##op_name].src[i]; i++)         \
            f.src[i] = VALU_FAST_ROW(inst->src[i]);                                                \
        body_##op_name(&f, mode);                                                                  \
    }                                                                                              \
    isa_handler VALU_SYM(fast_##op_name);                                                          \
    __attribute__((flatten)) void VALU_SYM(fast_##op_name)(struct isa_wave * w,                    \
                                                           const struct isa_inst *inst)            \
    {                                                                                              \
        const enum valu_mode_kind kind =                                                           \
            VALU_NEEDS_MODE ? valu_mode_kind(w->mode & SEM_MODE_MASK) : VALU_MODE_DEFAULT;         \
        const bool full = isa_wave_exec(w) == valu_all_lanes(w->lanes);                            \
                                                                                                   \
        if (__builtin_expect(!full || kind == VALU_MODE_OTHER, 0))                                 \
            VALU_SYM(op_name)(w, inst);                                                            \
        else if (w->lanes == 64 && kind == VALU_MODE_DEFAULT)                                      \
            lanes_##op_name(w, inst, 64, SEM_MODE_DEFAULT);                                        \
        else if (w->lanes == 64)                                                                   \
            lanes_##op_name(w, inst, 64, SEM_MODE_GRAPHICS);                                       \
        else if (kind == VALU_MODE_DEFAULT)                                                        \
            lanes_##op_name(w, inst, 32, SEM_MODE_DEFAULT);                                        \
        else                                                                                       \
            lanes_##op_name(w, inst, 32, SEM_MODE_GRAPHICS);                                       \
    }
#else
#define VALU_FAST(op_name)
#endif

/* Loops and a handler, given what happens to one lane. */
#define VALU_DEFINE(op_name, mix, ...)                                                             \
    VALU_DEFINE_LOOPS(                                                                             \
        op_name, mix, VALU_LANE_LOOP(f) { __VA_ARGS__; })

#define VALU_TRUTH(condition) ((condition) ? UINT32_MAX : 0u)

#define VALU_1(group, op)                                                                          \
    VALU_IF_##group(VALU_DEFINE(op, false, VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0))))           \
                        VALU_FAST(op))
#define VALU_2(group, op)                                                                          \
    VALU_IF_##group(VALU_DEFINE(                                                                   \
        op, false, VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1)))) VALU_FAST(op))
#define VALU_3(group, op)                                                                          \
    VALU_IF_##group(VALU_DEFINE(                                                                   \
        op, false, VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), VALU_ARG(op, 2)))) \
                        VALU_FAST(op))
/* Rows at once where the mode allows it, else lane by lane. */
#define VALU_HALVES_KEPT(op) (valu_types[ISA_OP_##op].dst == ISA_T_PK16 ? UINT32_MAX : UINT16_MAX)
#define VALU_HALVES_2(group, op, what)                                                             \
    VALU_IF_##group(VALU_DEFINE_LOOPS(                                                             \
        op, false, if (!VALU_HALVES(what, f, m, 2, VALU_HALVES_KEPT(op))) VALU_LANE_LOOP(f)        \
                       VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1)));))
#define VALU_HALVES_3(group, op, what)                                                             \
    VALU_IF_##group(VALU_DEFINE_LOOPS(                                                             \
        op, false,                                                                                 \
        if (!VALU_HALVES(what, f, m, 3, VALU_HALVES_KEPT(op))) VALU_LANE_LOOP(f)                   \
            VALU_STORE(op, sem_##op(m, VALU_ARG(op, 0), VALU_ARG(op, 1), VALU_ARG(op, 2)));))
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
