/* SPDX-License-Identifier: MIT
 *
 * Every scalar and vector operation of ops.def has a handler, at every level, and is tested; what
 * has none is listed here with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alu_reference.h"
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/valu_level.h"

/* Parameter interpolation has a table of its own, and its tests are those of pixel waves. */
static const char *const interpolation[] = {
    "v_interp_p1_f32",   "v_interp_p2_f32",   "v_interp_mov_f32",
    "v_interp_p1ll_f16", "v_interp_p1lv_f16", "v_interp_p2_f16",
};

/* Vector operations that have no row in a reference table, and the test that has them. */
static const char *const tested_elsewhere[] = {
    /* alu_divide_test.c */
    "v_div_scale_f32",
    "v_div_scale_f64",
    "v_div_fmas_f32",
    "v_div_fmas_f64",
    /* alu_modifier_test.c: needs op_sel */
    "v_fma_mix_f32",
    "v_fma_mixlo_f16",
    "v_fma_mixhi_f16",
    /* alu_lanes_test.c */
    "v_readfirstlane_b32",
    "v_readlane_b32",
    "v_writelane_b32",
    "v_permlane16_b32",
    "v_permlanex16_b32",
    "v_movreld_b32",
    "v_movrels_b32",
    "v_movrelsd_b32",
    "v_movrelsd_2_b32",
    "v_swap_b32",
    "v_swaprel_b32",
    "v_mqsad_u32_u8",
    /* nothing to see */
    "v_nop",
    "v_pipeflush",
    "v_clrexcp",
};

#define LISTED(list, name) listed(list, sizeof(list) / sizeof((list)[0]), name)

static bool listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static bool has_reference(const struct alu_reference_row *rows, const char *name)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0)
            return true;
    return false;
}

static void handlers(void **state)
{
    (void)state;
    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        bool excluded = LISTED(interpolation, isa_ops[op].name);

        if (isa_ops[op].unit == ISA_UNIT_SALU || isa_ops[op].unit == ISA_UNIT_VALU)
            if (!isa_handler_find((enum isa_op)op))
                fail_msg("%s: no handler", isa_ops[op].name);
        for (unsigned level = 0; level < ISA_VALU_LEVEL_COUNT; level++) {
            isa_handler *handler = isa_valu_level_handlers((enum isa_valu_level)level)[op];

            if (!handler != (isa_ops[op].unit != ISA_UNIT_VALU || excluded))
                fail_msg("%s at level %u", isa_ops[op].name, level);
        }
    }
}

static void references(void **state)
{
    (void)state;
    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        const char *name = isa_ops[op].name;

        if (isa_ops[op].unit != ISA_UNIT_VALU || LISTED(interpolation, name))
            continue;
        if (has_reference(alu_integer_references, name) +
                has_reference(alu_float_references, name) +
                has_reference(alu_convert_references, name) +
                has_reference(alu_compare_references, name) + LISTED(tested_elsewhere, name) !=
            1)
            fail_msg("%s is tested nowhere, or twice", name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handlers),
        cmocka_unit_test(references),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
