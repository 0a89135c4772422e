/* SPDX-License-Identifier: MIT
 *
 * Scalar operations: handlers expanded from the semantic functions by salu.def.
 *
 * Thread safety: a wave is used by one thread at a time.
 */
#include "softgpu/isa/exec/salu.h"

#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/operand.h"
#include "softgpu/isa/exec/sem_salu.h"

/* The operations' types, as constants that the compiler sees through. */
#define ISA_OP(op_name, op_unit, op_dst, op_dst2, src0, src1, src2, src3, op_flags)                \
    [ISA_OP_##op_name] = {.dst = ISA_T_##op_dst, .src = {ISA_T_##src0, ISA_T_##src1}},
static const struct isa_op_info salu_types[ISA_OP_COUNT] = {
#include "softgpu/isa/spec/ops.def"
};
#undef ISA_OP

static inline __attribute__((always_inline)) uint64_t
salu_read(const struct isa_wave *w, const struct isa_inst *inst, unsigned reg, enum isa_type type)
{
    return isa_type_is_64(type) ? isa_scalar_b64(w, inst, reg, type) : isa_scalar_b32(w, inst, reg);
}

static inline __attribute__((always_inline)) void salu_write(struct isa_wave *w, unsigned reg,
                                                             enum isa_type type, uint64_t value)
{
    if (isa_type_is_64(type))
        isa_sgpr_write_b64(w, reg, value);
    else
        isa_sgpr_write_b32(w, reg, (uint32_t)value);
}

#define SALU_TYPE(op, field) ((enum isa_type)salu_types[ISA_OP_##op].field)
#define SALU_SOURCE(op, i)   salu_read(w, inst, inst->src[i], SALU_TYPE(op, src[i]))

#define SALU_DEFINE(op, ...)                                                                       \
    static void salu_##op(struct isa_wave *w, const struct isa_inst *inst)                         \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
#define SALU_1(op)                                                                                 \
    SALU_DEFINE(                                                                                   \
        op, salu_write(w, inst->dst, SALU_TYPE(op, dst), sem_##op(SALU_SOURCE(op, 0), &w->scc)))
#define SALU_2(op)                                                                                 \
    SALU_DEFINE(op, salu_write(w, inst->dst, SALU_TYPE(op, dst),                                   \
                               sem_##op(SALU_SOURCE(op, 0), SALU_SOURCE(op, 1), &w->scc)))
#define SALU_MODIFY(op)                                                                            \
    SALU_DEFINE(op, uint64_t old = salu_read(w, inst, inst->dst, SALU_TYPE(op, dst)); salu_write(  \
                    w, inst->dst, SALU_TYPE(op, dst), sem_##op(SALU_SOURCE(op, 0), old, &w->scc)))
#define SALU_CMP(op) SALU_DEFINE(op, w->scc = sem_##op(SALU_SOURCE(op, 0), SALU_SOURCE(op, 1)))
#define SALU_CMPK_I(condition)                                                                     \
    SALU_DEFINE(s_cmpk_##condition##_i32,                                                          \
                w->scc = sem_s_cmp_##condition##_i32(                                              \
                    (int32_t)SALU_SOURCE(s_cmpk_##condition##_i32, 0), inst->imm))
#define SALU_CMPK_U(condition)                                                                     \
    SALU_DEFINE(s_cmpk_##condition##_u32,                                                          \
                w->scc = sem_s_cmp_##condition##_u32(                                              \
                    (uint32_t)SALU_SOURCE(s_cmpk_##condition##_u32, 0), (uint16_t)inst->imm))

static uint64_t exec_b64(const struct isa_wave *w)
{
    return w->sgpr[ISA_REG_EXEC_LO] | (uint64_t)w->sgpr[ISA_REG_EXEC_HI] << 32;
}

static uint32_t exec_b32(const struct isa_wave *w)
{
    return w->sgpr[ISA_REG_EXEC_LO];
}

/* EXEC is written last: it may also be the destination. */
#define SALU_EXEC(op, form, width, result)                                                         \
    SALU_DEFINE(s_##op##_##form##_b##width, uint##width##_t old = exec_b##width(w);                \
                uint##width##_t new = sem_s_##op##_b##width(                                       \
                    SALU_SOURCE(s_##op##_##form##_b##width, 0), old, &w->scc);                     \
                (void)old; isa_sgpr_write_b##width(w, inst->dst, result);                          \
                isa_sgpr_write_b##width(w, ISA_REG_EXEC_LO, new))
#define SALU_SAVEEXEC(op) SALU_EXEC(op, saveexec, 32, old) SALU_EXEC(op, saveexec, 64, old)
#define SALU_WREXEC(op)   SALU_EXEC(op, wrexec, 32, new) SALU_EXEC(op, wrexec, 64, new)
#define SALU_OTHER(op)

#include "softgpu/isa/exec/salu.def"

#define SALU_ROW(op)           [ISA_OP_##op] = salu_##op,
#define SALU_1(op)             SALU_ROW(op)
#define SALU_2(op)             SALU_ROW(op)
#define SALU_MODIFY(op)        SALU_ROW(op)
#define SALU_CMP(op)           SALU_ROW(op)
#define SALU_CMPK_I(condition) SALU_ROW(s_cmpk_##condition##_i32)
#define SALU_CMPK_U(condition) SALU_ROW(s_cmpk_##condition##_u32)
#define SALU_SAVEEXEC(op)      SALU_ROW(s_##op##_saveexec_b32) SALU_ROW(s_##op##_saveexec_b64)
#define SALU_WREXEC(op)        SALU_ROW(s_##op##_wrexec_b32) SALU_ROW(s_##op##_wrexec_b64)
#define SALU_OTHER(op)         SALU_ROW(op)

isa_handler *const isa_salu_handlers[ISA_OP_COUNT] = {
#include "softgpu/isa/exec/salu.def"
};
