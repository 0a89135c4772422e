/* SPDX-License-Identifier: MIT
 *
 * The table of vector operations' handlers, for the best level of x86-64 that this CPU has.
 *
 * Thread safety: the table is filled before main() and constant from then on. A program may be
 * started before that by another constructor: the table is then empty, and what it finds is an
 * instruction that the model does not execute.
 */
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/operand.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/exec/valu_level.h"
#include "softgpu/isa/spec/flags.h"

#include <string.h>

#define VALU_1(group, op)              X(op)
#define VALU_2(group, op)              X(op)
#define VALU_3(group, op)              X(op)
#define VALU_HALVES_2(group, op, what) X(op)
#define VALU_HALVES_3(group, op, what) X(op)
#define VALU_FMAS(group, op)           X(op)
#define VALU_MIX_3(group, op)          X(op)
#define VALU_LANE_2(group, op)         X(op)
#define VALU_CARRY_2(group, op)        X(op)
#define VALU_CARRY_3(group, op)        X(op)
#define VALU_CMP(group, condition)     X(v_cmp_##condition) X(v_cmpx_##condition)
#define VALU_OTHER(op)                 X(op)
#define VALU_CAT(level, op)            valu_##level##_##op

#define X(op)                          isa_handler VALU_CAT(v2, op), VALU_CAT(v3, op), VALU_CAT(v4, op);
#include "softgpu/isa/exec/valu.def"
#undef X

#define X(op) [ISA_OP_##op] = VALU_CAT(v2, op),
static isa_handler *const handlers_v2[ISA_OP_COUNT] = {
#include "softgpu/isa/exec/valu.def"
};
#undef X

#define X(op) [ISA_OP_##op] = VALU_CAT(v3, op),
static isa_handler *const handlers_v3[ISA_OP_COUNT] = {
#include "softgpu/isa/exec/valu.def"
};
#undef X

#define X(op) [ISA_OP_##op] = VALU_CAT(v4, op),
static isa_handler *const handlers_v4[ISA_OP_COUNT] = {
#include "softgpu/isa/exec/valu.def"
};
#undef X

static enum isa_valu_level best_level = ISA_VALU_V2;

/* ---- fast handlers ---- */

/* Of the groups that have some. */
#undef VALU_1
#undef VALU_2
#undef VALU_3
#undef VALU_HALVES_2
#undef VALU_HALVES_3
#undef VALU_FMAS
#undef VALU_MIX_3
#undef VALU_LANE_2
#undef VALU_CARRY_2
#undef VALU_CARRY_3
#undef VALU_CMP
#undef VALU_OTHER
#define VALU_1(group, op) FAST_##group(op)
#define VALU_2(group, op) FAST_##group(op)
#define VALU_3(group, op) FAST_##group(op)
#define VALU_HALVES_2(group, op, what)
#define VALU_HALVES_3(group, op, what)
#define VALU_FMAS(group, op)
#define VALU_MIX_3(group, op)
#define VALU_LANE_2(group, op)
#define VALU_CARRY_2(group, op)
#define VALU_CARRY_3(group, op)
#define VALU_CMP(group, condition)
#define VALU_OTHER(op)
#define FAST_int(op) X(op)
#define FAST_f32(op) X(op)
#define FAST_f64(op) X(op)
#define FAST_int64(op)
#define FAST_f16(op)
#define FAST_cvt(op)
#define FAST_trans(op)

#define X(op) isa_handler VALU_CAT(v2, fast_##op), VALU_CAT(v3, fast_##op), VALU_CAT(v4, fast_##op);
#include "softgpu/isa/exec/valu.def"
#undef X

static isa_handler *const fast_handlers[ISA_OP_COUNT][ISA_VALU_LEVEL_COUNT] = {
#define X(op)                                                                                      \
    [ISA_OP_##op] = {VALU_CAT(v2, fast_##op), VALU_CAT(v3, fast_##op), VALU_CAT(v4, fast_##op)},
#include "softgpu/isa/exec/valu.def"
#undef X
};

/* Operands whose rows a loop can work on as they are. */
static bool is_row(enum isa_type type, uint16_t reg)
{
    return isa_reg_is_vgpr(reg) && type != ISA_T_MASK && !isa_type_is_16(type);
}

static bool is_plain(const struct isa_inst *inst)
{
    return !(inst->neg | inst->abs | inst->op_sel | inst->neg_hi | inst->clamp | inst->omod |
             inst->vmod);
}

isa_handler *isa_valu_level_fast(enum isa_valu_level level, const struct isa_inst *inst)
{
    const struct isa_op_info *info = &isa_ops[inst->op];
    isa_handler *handler = fast_handlers[inst->op][level];

    if (!handler || !is_plain(inst) || info->dst2 || info->flags & ISA_F_PACKED ||
        !is_row((enum isa_type)info->dst, inst->dst))
        return NULL;
    for (unsigned i = 0; i < 4 && info->src[i]; i++) {
        if (!is_row((enum isa_type)info->src[i], inst->src[i]))
            return NULL;
    }
    return handler;
}

isa_handler *isa_valu_fast_find(const struct isa_inst *inst)
{
    return isa_valu_level_fast(best_level, inst);
}

isa_handler *isa_valu_handlers[ISA_OP_COUNT];

#define FORMAT_LEVEL(level)                                                                        \
    {                                                                                              \
        .unpack = VALU_CAT(level, format_unpack), .pack = VALU_CAT(level, format_pack),            \
        .to_d16 = VALU_CAT(level, format_to_d16), .from_d16 = VALU_CAT(level, format_from_d16),    \
    }
#define FORMAT_DECLARE(level)                                                                      \
    isa_format_lanes_fn VALU_CAT(level, format_unpack), VALU_CAT(level, format_pack);              \
    isa_format_to_d16_fn VALU_CAT(level, format_to_d16);                                           \
    isa_format_from_d16_fn VALU_CAT(level, format_from_d16);

FORMAT_DECLARE(v2)
FORMAT_DECLARE(v3)
FORMAT_DECLARE(v4)

struct isa_format_lanes isa_format_lanes = FORMAT_LEVEL(v2);

const struct isa_format_lanes *isa_format_lanes_of(enum isa_valu_level level)
{
    static const struct isa_format_lanes levels[ISA_VALU_LEVEL_COUNT] = {
        [ISA_VALU_V2] = FORMAT_LEVEL(v2),
        [ISA_VALU_V3] = FORMAT_LEVEL(v3),
        [ISA_VALU_V4] = FORMAT_LEVEL(v4),
    };

    return &levels[level];
}

isa_handler *const *isa_valu_level_handlers(enum isa_valu_level level)
{
    switch (level) {
    case ISA_VALU_V4:
        return handlers_v4;
    case ISA_VALU_V3:
        return handlers_v3;
    default:
        return handlers_v2;
    }
}

enum isa_valu_level isa_valu_level_best(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4"))
        return ISA_VALU_V4;
    return __builtin_cpu_supports("x86-64-v3") ? ISA_VALU_V3 : ISA_VALU_V2;
}

__attribute__((constructor)) static void choose_level(void)
{
    best_level = isa_valu_level_best();
    memcpy(isa_valu_handlers, isa_valu_level_handlers(best_level), sizeof(isa_valu_handlers));
    isa_format_lanes = *isa_format_lanes_of(best_level);
}
