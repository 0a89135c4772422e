/* SPDX-License-Identifier: MIT
 *
 * Every vector operation against its reference, on edge values and random ones, for every level of
 * x86-64 that this CPU has, wave32 and wave64, and the modes that the operation depends on.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alu_machine.h"
#include "alu_reference.h"
#include "softgpu/isa/exec/handlers.h"

enum { RANDOM_CASES = 2048, MOST_COMBINATIONS = 4096 };

struct plan {
    const struct alu_reference_row *row;
    enum isa_op op;
    const struct isa_op_info *info;
    uint32_t mode;
    bool clamp;
};

static enum alu_format format_of(enum isa_type type)
{
    return type == ISA_T_F64 ? ALU_F64 : type == ISA_T_F32 ? ALU_F32 : ALU_F16;
}

static bool is_float(enum isa_type type)
{
    return type == ISA_T_F16 || type == ISA_T_F32 || type == ISA_T_F64;
}

/* ---- choosing operands ---- */

/* Combination `index` of the sources' edge values, or random values once those are used up (or
 * are too many: then random ones are mixed in from the start). */
static uint64_t operand(const struct plan *plan, unsigned i, size_t index, size_t combinations)
{
    enum isa_type type = (enum isa_type)plan->info->src[i];
    bool sampled = combinations > MOST_COMBINATIONS;
    size_t count;
    const uint64_t *edges = alu_edges(type, &count);

    if (type == ISA_T_MASK)
        return alu_random() & 1;
    if (type == ISA_T_B32 && strstr(plan->row->name, "_class_"))
        return UINT64_C(1) << alu_random() % 10;
    if (sampled || index >= combinations)
        return alu_random() % 4 && (sampled || alu_random() % 2) ? edges[alu_random() % count]
                                                                 : alu_random_value(type);
    for (unsigned k = 0; k < i; k++) {
        size_t inner;

        alu_edges((enum isa_type)plan->info->src[k], &inner);
        index /= inner;
    }
    return edges[index % count];
}

static size_t combination_count(const struct plan *plan)
{
    size_t product = 1, count;

    for (unsigned i = 0; i < 3 && plan->info->src[i]; i++) {
        alu_edges((enum isa_type)plan->info->src[i], &count);
        if (plan->info->src[i] != ISA_T_MASK)
            product *= count;
    }
    return product;
}

/* ---- comparing ---- */

/* Packed results: a half that should be a NaN is one. */
static bool packed_is_right(uint64_t expected, uint64_t got)
{
    for (unsigned shift = 0; shift < 32; shift += 16) {
        uint64_t e = expected >> shift & 0xffff, g = got >> shift & 0xffff;

        if (e != g && !(alu_is_nan(ALU_F16, e) && alu_is_nan(ALU_F16, g)))
            return false;
    }
    return true;
}

/* Distance from the exact value in units of the result's last place. */
static bool is_close(const struct alu_result *expected, enum alu_format format, uint64_t got)
{
    static const int mantissa[] = {10, 23, 52}, least[] = {-14, -126, -1022};
    static const double largest[] = {65504, 0x1.fffffep127, 0x1.fffffffffffffp1023};
    double value = alu_decode(format, got), exact = expected->exact;
    int exponent;

    if (isinf(value) && fabs(exact) > largest[format] / 2 && signbit(value) == signbit(exact))
        exact = fabs(exact) >= largest[format] ? value : exact;
    if (isinf(exact) || exact == 0 || value == exact)
        return value == exact && signbit(value) == signbit(exact);
    frexp(exact, &exponent);
    if (exponent - 1 < least[format])
        exponent = least[format] + 1;
    return fabs(value - exact) <= ldexp(expected->ulps, exponent - 1 - mantissa[format]);
}

static bool result_is_right(const struct plan *plan, const struct alu_result *expected,
                            uint64_t got)
{
    enum isa_type type = (enum isa_type)plan->info->dst;
    enum alu_format format = format_of(type);

    if (type == ISA_T_PK16 && expected->any_nan)
        return packed_is_right(expected->value, got);
    if (expected->any_nan)
        return alu_is_nan(format, got) && !alu_is_snan(format, got);
    if (expected->ulps > 0)
        return is_close(expected, format, got);
    return got == expected->value;
}

/* The default NaN is known when no source is a NaN. */
static bool default_nan_is_right(const struct plan *plan, const struct alu_args *x,
                                 const struct alu_result *expected, uint64_t got)
{
    if (!expected->any_nan || !is_float((enum isa_type)plan->info->dst))
        return true;
    for (unsigned i = 0; i < 3 && plan->info->src[i]; i++) {
        enum isa_type type = (enum isa_type)plan->info->src[i];

        if (type == ISA_T_PK16 ||
            (is_float(type) && alu_is_nan(format_of(type), type == ISA_T_F16   ? x->v[i] & 0xffff
                                                           : type == ISA_T_F32 ? (uint32_t)x->v[i]
                                                                               : x->v[i])))
            return true;
    }
    return got == alu_encode(format_of((enum isa_type)plan->info->dst), NAN);
}

static uint64_t read_result(struct alu_machine *machine, const struct plan *plan, unsigned lane)
{
    enum isa_type type = (enum isa_type)plan->info->dst;
    uint64_t value = alu_vgpr_get(machine, ALU_DST, lane, type);

    if (type == ISA_T_F16 || type == ISA_T_I16 || type == ISA_T_U16 || type == ISA_T_B16) {
        assert_int_equal(value >> 16, 0xa5a5); /* the other half stays */
        value &= 0xffff;
    }
    return value;
}

static bool read_flag(const struct alu_machine *machine, const struct plan *plan, unsigned lane)
{
    unsigned reg = plan->info->dst == ISA_T_MASK ? ALU_DST_MASK : ALU_DST2_MASK;

    return alu_sgpr_pair(machine, reg) >> lane & 1;
}

static void check_lane(struct alu_machine *machine, const struct plan *plan, struct alu_args *x,
                       enum isa_valu_level level)
{
    struct alu_result expected = {0};
    bool has_value = plan->info->dst != ISA_T_MASK;
    bool has_flag = plan->info->dst == ISA_T_MASK || plan->info->dst2 == ISA_T_MASK;
    uint64_t got = has_value ? read_result(machine, plan, x->lane) : 0;

    plan->row->reference(x, &expected);
    if (has_value &&
        (!result_is_right(plan, &expected, got) || !default_nan_is_right(plan, x, &expected, got)))
        fail_msg("%s(%#lx, %#lx, %#lx) mode %#x%s, lane %u, %s: %#lx, should be %#lx (%.17g)",
                 plan->row->name, x->v[0], x->v[1], x->v[2], x->mode, x->clamp ? " clamp" : "",
                 x->lane, alu_level_name(level), got, expected.value, expected.exact);
    if (has_flag && read_flag(machine, plan, x->lane) != expected.flag)
        fail_msg("%s(%#lx, %#lx, %#lx) mode %#x%s, lane %u, %s: flag should be %d", plan->row->name,
                 x->v[0], x->v[1], x->v[2], x->mode, x->clamp ? " clamp" : "", x->lane,
                 alu_level_name(level), expected.flag);
}

/* ---- running ---- */

static void run_wave(struct alu_machine *machine, const struct plan *plan, size_t first,
                     size_t combinations, enum isa_valu_level level)
{
    struct isa_inst inst = alu_inst_make(plan->op);
    struct alu_args x[64];
    unsigned lanes = machine->w->lanes;

    memset(x, 0, sizeof(x));
    inst.clamp = plan->clamp;
    machine->w->mode = plan->mode;
    for (unsigned lane = 0; lane < lanes; lane++) {
        x[lane].mode = plan->mode;
        x[lane].clamp = plan->clamp;
        x[lane].lane = lane;
        for (unsigned i = 0; i < 4 && plan->info->src[i]; i++) {
            enum isa_type type = (enum isa_type)plan->info->src[i];
            uint64_t value = operand(plan, i, first + lane, combinations);

            x[lane].v[i] = value;
            if (type == ISA_T_MASK)
                alu_sgpr_pair_set(machine, inst.src[i],
                                  (alu_sgpr_pair(machine, inst.src[i]) & ~(UINT64_C(1) << lane)) |
                                      value << lane);
            else
                alu_vgpr_set(machine, inst.src[i] - ISA_REG_VGPR0, lane, type, value);
        }
        *alu_vgpr(machine, ALU_DST, 0, lane) = 0xa5a5a5a5;
    }
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->stop, ISA_STOP_NONE);
    for (unsigned lane = 0; lane < lanes; lane++)
        check_lane(machine, plan, &x[lane], level);
}

static void run_plan(const struct plan *plan)
{
    size_t combinations = combination_count(plan);
    size_t cases = combinations > MOST_COMBINATIONS ? MOST_COMBINATIONS : combinations;

    for (unsigned level = 0; level < alu_level_count(); level++) {
        for (unsigned lanes = 32; lanes <= 64; lanes += 32) {
            struct alu_machine machine;

            alu_machine_create(&machine, lanes, (enum isa_valu_level)level);
            for (size_t first = 0; first < cases + RANDOM_CASES / 4; first += lanes)
                run_wave(&machine, plan, first, combinations, (enum isa_valu_level)level);
            alu_machine_destroy(&machine);
        }
    }
}

/* ---- modes ---- */

/* Default, graphics, each rounding mode for both fields, each denormal setting, no IEEE, f16
 * overflow. */
static const uint32_t float_modes[] = {
    ALU_MODE_DEFAULT, 0x1c0, 0x3f5, 0x3fa, 0x3ff, 0x3f4, 0x3f1, 0x3fb, 0x300, 0x350, 0x3a0, 0x1f0,
    0x800005,
};

static void run_row(const struct alu_reference_row *row, const uint32_t *modes, size_t mode_count)
{
    struct plan plan = {.row = row, .op = alu_op_find(row->name)};

    plan.info = &isa_ops[plan.op];
    for (size_t i = 0; i < mode_count; i++) {
        plan.mode = modes[i] | (modes[i] & 1u << 23 ? 0x3f0 : 0);
        run_plan(&plan);
    }
    if (row->clamps) {
        plan.clamp = true;
        run_plan(&plan);
    }
}

static void integers(void **state)
{
    static const uint32_t modes[] = {ALU_MODE_DEFAULT};

    (void)state;
    for (const struct alu_reference_row *row = alu_integer_references; row->name; row++)
        run_row(row, modes, 1);
}

static void floats(void **state)
{
    (void)state;
    for (const struct alu_reference_row *row = alu_float_references; row->name; row++)
        run_row(row, float_modes, sizeof(float_modes) / sizeof(float_modes[0]));
}

static void conversions(void **state)
{
    (void)state;
    for (const struct alu_reference_row *row = alu_convert_references; row->name; row++)
        run_row(row, float_modes, sizeof(float_modes) / sizeof(float_modes[0]));
}

static void comparisons(void **state)
{
    static const uint32_t modes[] = {ALU_MODE_DEFAULT, 0x1c0, 0x300};

    (void)state;
    for (const struct alu_reference_row *row = alu_compare_references; row->name; row++)
        run_row(row, modes, strstr(row->name, "_f") ? 3 : 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(floats),
        cmocka_unit_test(conversions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
