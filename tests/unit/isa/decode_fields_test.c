/* SPDX-License-Identifier: MIT
 *
 * Where the decoder puts operands: what ops.def promises to those who execute instructions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "softgpu/isa/inst.h"

#define V(n)   (ISA_REG_VGPR0 + (n))
#define S(n)   (ISA_REG_SGPR0 + (n))
#define INT(n) (ISA_REG_INT_0 + (n))
#define NONE   ISA_REG_NONE
#define WORDS(...)                                                                                 \
    (const uint32_t[5])                                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static struct isa_inst decode(const uint32_t *words, enum isa_op op, unsigned dwords)
{
    struct isa_inst inst;

    assert_int_equal(isa_decode(ISA_GEN_GFX10_3, words, 5, &inst), dwords);
    assert_string_equal(isa_ops[inst.op].name, isa_ops[op].name);
    assert_int_equal(inst.dwords, dwords);
    return inst;
}

static void assert_operands(const struct isa_inst *inst, unsigned dst, unsigned dst2,
                            const uint16_t *src)
{
    assert_int_equal(inst->dst, dst);
    assert_int_equal(inst->dst2, dst2);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(inst->src[i], src[i]);
}

#define OPERANDS(inst, dst, dst2, ...)                                                             \
    assert_operands(&(inst), dst, dst2, (const uint16_t[4]){__VA_ARGS__})

static void implicit_operands_are_filled_in(void **state)
{
    struct isa_inst inst;

    (void)state;
    inst = decode(WORDS(0x02060501), ISA_OP_v_cndmask_b32, 1);
    OPERANDS(inst, V(3), NONE, V(1), V(2), ISA_REG_VCC_LO, NONE);
    inst = decode(WORDS(0x50060501), ISA_OP_v_add_co_ci_u32, 1);
    OPERANDS(inst, V(3), ISA_REG_VCC_LO, V(1), V(2), ISA_REG_VCC_LO, NONE);
    inst = decode(WORDS(0x56060501), ISA_OP_v_fmac_f32, 1);
    OPERANDS(inst, V(3), NONE, V(1), V(2), V(3), NONE);
    inst = decode(WORDS(0xd52b0003, 0x00020501), ISA_OP_v_fmac_f32, 2);
    OPERANDS(inst, V(3), NONE, V(1), V(2), V(3), NONE);
    inst = decode(WORDS(0xd56f0003, 0x040e0501), ISA_OP_v_div_fmas_f32, 2);
    OPERANDS(inst, V(3), NONE, V(1), V(2), V(3), ISA_REG_VCC_LO);
    inst = decode(WORDS(0x7e06cb01), ISA_OP_v_swap_b32, 1);
    OPERANDS(inst, V(3), V(1), V(1), NONE, NONE, NONE);
}

static void compares_write_vcc_exec_or_an_sgpr(void **state)
{
    struct isa_inst inst;

    (void)state;
    inst = decode(WORDS(0x7c020501), ISA_OP_v_cmp_lt_f32, 1);
    OPERANDS(inst, ISA_REG_VCC_LO, NONE, V(1), V(2), NONE, NONE);
    inst = decode(WORDS(0x7c220501), ISA_OP_v_cmpx_lt_f32, 1);
    assert_int_equal(inst.dst, ISA_REG_EXEC_LO);
    inst = decode(WORDS(0xd4010006, 0x00020501), ISA_OP_v_cmp_lt_f32, 2);
    assert_int_equal(inst.dst, S(6));
    inst = decode(WORDS(0xd411007e, 0x00020501), ISA_OP_v_cmpx_lt_f32, 2);
    assert_int_equal(inst.dst, ISA_REG_EXEC_LO);
    inst = decode(WORDS(0x7c0204f9, 0x06068a01), ISA_OP_v_cmp_lt_f32, 2); /* SDWA, s10 */
    OPERANDS(inst, S(10), NONE, V(1), V(2), NONE, NONE);
}

static void literals_take_their_place(void **state)
{
    struct isa_inst inst;

    (void)state;
    inst = decode(WORDS(0xbe8003ff, 0x12345678), ISA_OP_s_mov_b32, 2);
    OPERANDS(inst, S(0), NONE, ISA_REG_LITERAL, NONE, NONE, NONE);
    assert_int_equal(inst.literal, 0x12345678);
    inst = decode(WORDS(0x58060501, 0x3f000001), ISA_OP_v_fmamk_f32, 2);
    OPERANDS(inst, V(3), NONE, V(1), ISA_REG_LITERAL, V(2), NONE);
    inst = decode(WORDS(0x5a060501, 0x3f000001), ISA_OP_v_fmaak_f32, 2);
    OPERANDS(inst, V(3), NONE, V(1), V(2), ISA_REG_LITERAL, NONE);
    assert_int_equal(inst.literal, 0x3f000001);
    inst = decode(WORDS(0xd54b0003, 0x03fe04ff, 77), ISA_OP_v_fma_f32, 3); /* twice the same */
    OPERANDS(inst, V(3), NONE, ISA_REG_LITERAL, V(2), ISA_REG_LITERAL, NONE);
    assert_int_equal(inst.literal, 77);
    inst = decode(WORDS(0xba80f801, 0xcafe), ISA_OP_s_setreg_imm32_b32, 2);
    OPERANDS(inst, NONE, NONE, ISA_REG_LITERAL, NONE, NONE, NONE);
    assert_int_equal(inst.literal, 0xcafe);
    assert_int_equal(inst.imm & 0xffff, 0xf801);
}

static void scalar_constants_are_in_imm(void **state)
{
    struct isa_inst inst;

    (void)state;
    inst = decode(WORDS(0xb785fffe), ISA_OP_s_addk_i32, 1);
    OPERANDS(inst, S(5), NONE, S(5), NONE, NONE, NONE);
    assert_int_equal(inst.imm, -2);
    inst = decode(WORDS(0xb1850007), ISA_OP_s_cmpk_eq_i32, 1);
    OPERANDS(inst, NONE, NONE, S(5), NONE, NONE, NONE);
    assert_int_equal(inst.imm, 7);
    inst = decode(WORDS(0xbf82fffb), ISA_OP_s_branch, 1);
    assert_int_equal(inst.imm, -5);
    inst = decode(WORDS(0xbbfd0001), ISA_OP_s_waitcnt_vscnt, 1);
    assert_int_equal(inst.src[0], ISA_REG_NULL);
}

static void modifiers_belong_to_their_sources(void **state)
{
    struct isa_inst inst;

    (void)state;
    /* v_fma_f32 v3, -v1, |v2|, v3 clamp mul:4 */
    inst = decode(WORDS(0xd54b8203, 0x340e0501), ISA_OP_v_fma_f32, 2);
    assert_int_equal(inst.neg, 1);
    assert_int_equal(inst.abs, 2);
    assert_int_equal(inst.clamp, 1);
    assert_int_equal(inst.omod, 2);
    /* v_pk_add_f16 v1, v2, v3 op_sel:[1,0] op_sel_hi:[0,1] neg_lo:[0,1] neg_hi:[1,0] */
    inst = decode(WORDS(0xcc0f0901, 0x50020702), ISA_OP_v_pk_add_f16, 2);
    assert_int_equal(inst.op_sel, 1);
    assert_int_equal(inst.op_sel_hi, 2);
    assert_int_equal(inst.neg, 2);
    assert_int_equal(inst.neg_hi, 1);
    /* v_fma_mix_f32 v0, v1, |v2|, v3: neg_hi means abs */
    inst = decode(WORDS(0xcc200200, 0x040e0501), ISA_OP_v_fma_mix_f32, 2);
    assert_int_equal(inst.neg_hi, 2);
    assert_int_equal(inst.abs, 0);
}

static void sdwa_and_dpp_are_told_apart(void **state)
{
    static const uint8_t lanes[8] = {6, 2, 1, 2, 3, 4, 4, 0};
    struct isa_inst inst;

    (void)state;
    /* v_add_f32_sdwa v3, -s1, |v2| dst_sel:BYTE_1 dst_unused:UNUSED_PRESERVE src0_sel:WORD_1
     * src1_sel:BYTE_3 */
    inst = decode(WORDS(0x060604f9, 0x23951101), ISA_OP_v_add_f32, 2);
    OPERANDS(inst, V(3), NONE, S(1), V(2), NONE, NONE);
    assert_int_equal(inst.vmod, ISA_VMOD_SDWA);
    assert_int_equal(inst.sdwa.dst_sel, 1);
    assert_int_equal(inst.sdwa.dst_unused, 2);
    assert_int_equal(inst.sdwa.src_sel[0], 5);
    assert_int_equal(inst.sdwa.src_sel[1], 3);
    assert_int_equal(inst.neg, 1);
    assert_int_equal(inst.abs, 2);
    /* row_shr:3 row_mask:0xa bank_mask:0x5 bound_ctrl:1 fi:1 */
    inst = decode(WORDS(0x060604fa, 0xa50d1301), ISA_OP_v_add_f32, 2);
    assert_int_equal(inst.vmod, ISA_VMOD_DPP16);
    assert_int_equal(inst.dpp16.ctrl, 0x113);
    assert_int_equal(inst.dpp16.row_mask, 0xa);
    assert_int_equal(inst.dpp16.bank_mask, 0x5);
    assert_int_equal(inst.dpp16.bound_ctrl, 1);
    assert_int_equal(inst.dpp16.fi, 1);
    inst = decode(WORDS(0x060604ea, 0x12345601), ISA_OP_v_add_f32, 2);
    assert_int_equal(inst.vmod, ISA_VMOD_DPP8);
    assert_int_equal(inst.dpp8.fi, 1);
    assert_memory_equal(inst.dpp8.lane, lanes, sizeof(lanes));
}

static void memory_operands(void **state)
{
    struct isa_inst inst;

    (void)state;
    inst = decode(WORDS(0xf4040082, 0x0a1ffff0), ISA_OP_s_load_dwordx2, 2);
    OPERANDS(inst, S(2), NONE, S(4), NONE, NONE, NONE);
    assert_int_equal(inst.mem.saddr, S(5));
    assert_int_equal(inst.imm, -16);

    inst = decode(WORDS(0xdc708ff8, 0x007d0201), ISA_OP_global_store_dword, 2);
    OPERANDS(inst, NONE, NONE, V(1), V(2), NONE, NONE);
    assert_int_equal(inst.mem.saddr, NONE);
    assert_int_equal(inst.imm, -8);
    inst = decode(WORDS(0xdc308010, 0x03040001), ISA_OP_global_load_dword, 2);
    OPERANDS(inst, V(3), NONE, V(1), NONE, NONE, NONE);
    assert_int_equal(inst.mem.saddr, S(4));

    inst = decode(WORDS(0xdcc98000, 0x037d0201), ISA_OP_global_atomic_add, 2); /* glc */
    OPERANDS(inst, V(3), NONE, V(1), V(2), NONE, NONE);
    inst = decode(WORDS(0xdcc88000, 0x037d0201), ISA_OP_global_atomic_add, 2);
    OPERANDS(inst, NONE, NONE, V(1), V(2), NONE, NONE);

    inst = decode(WORDS(0xdc304004, 0x03050000), ISA_OP_scratch_load_dword, 2);
    OPERANDS(inst, V(3), NONE, NONE, NONE, NONE, NONE);
    assert_int_equal(inst.mem.saddr, S(5));

    inst = decode(WORDS(0xd8380201, 0x00030201), ISA_OP_ds_write2_b32, 2);
    OPERANDS(inst, NONE, NONE, V(1), V(2), V(3), NONE);
    assert_int_equal(inst.imm, 0x0201);

    inst = decode(WORDS(0xe0343010, 0x05010402), ISA_OP_buffer_load_dwordx2, 2);
    OPERANDS(inst, V(4), NONE, V(2), NONE, S(4), NONE);
    assert_int_equal(inst.mem.saddr, S(5));
    assert_true(inst.mem.offen && inst.mem.idxen);
    inst = decode(WORDS(0xe0700000, 0x80010402), ISA_OP_buffer_store_dword, 2);
    OPERANDS(inst, NONE, NONE, NONE, V(4), S(4), NONE);
    assert_int_equal(inst.mem.saddr, INT(0));
}

static void image_and_export_operands(void **state)
{
    struct isa_inst inst;

    (void)state;
    /* image_sample v[0:3], [v9, v13], s[4:11], s[12:15] dmask:0xf dim:2D */
    inst = decode(WORDS(0xf0800f0a, 0x00610009, 0x0000000d), ISA_OP_image_sample, 3);
    OPERANDS(inst, V(0), NONE, V(9), NONE, S(4), S(12));
    assert_int_equal(inst.img.nsa, 1);
    assert_int_equal(inst.img.addr[0], 13);
    assert_int_equal(inst.img.dim, 1);
    /* exp param1 v1, off, v3, off done */
    inst = decode(WORDS(0xf8000a15, 0x04030201), ISA_OP_exp, 2);
    OPERANDS(inst, NONE, NONE, V(1), NONE, V(3), NONE);
    assert_int_equal(inst.exp.target, 33);
    assert_int_equal(inst.exp.done, 1);
}

static void type_widths(void **state)
{
    (void)state;
    assert_int_equal(isa_type_dwords(ISA_T_NONE, 32), 0);
    assert_int_equal(isa_type_dwords(ISA_T_F16, 32), 1);
    assert_int_equal(isa_type_dwords(ISA_T_F64, 64), 2);
    assert_int_equal(isa_type_dwords(ISA_T_B96, 32), 3);
    assert_int_equal(isa_type_dwords(ISA_T_B512, 32), 16);
    assert_int_equal(isa_type_dwords(ISA_T_MASK, 32), 1);
    assert_int_equal(isa_type_dwords(ISA_T_MASK, 64), 2);
    assert_int_equal(isa_type_dwords(ISA_T_COUNT, 64), 0);
}

static void names_are_unique(void **state)
{
    (void)state;
    for (unsigned a = 0; a < ISA_OP_COUNT; a++) {
        assert_non_null(isa_ops[a].name);
        for (unsigned b = a + 1; b < ISA_OP_COUNT; b++)
            assert_string_not_equal(isa_ops[a].name, isa_ops[b].name);
    }
}

static void assert_text(const uint32_t *words, unsigned lanes, const char *expected)
{
    struct isa_inst inst;
    char text[128];

    assert_int_not_equal(isa_decode(ISA_GEN_GFX10_3, words, 5, &inst), 0);
    isa_disassemble(ISA_GEN_GFX10_3, &inst, lanes, 0x1000, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void text_follows_the_wave_size(void **state)
{
    (void)state;
    assert_text(WORDS(0x50060501), 32, "v_add_co_ci_u32_e32 v3, vcc_lo, v1, v2, vcc_lo");
    assert_text(WORDS(0x50060501), 64, "v_add_co_ci_u32_e32 v3, vcc, v1, v2, vcc");
    assert_text(WORDS(0xd4010006, 0x00020501), 32, "v_cmp_lt_f32_e64 s6, v1, v2");
    assert_text(WORDS(0xd4010006, 0x00020501), 64, "v_cmp_lt_f32_e64 s[6:7], v1, v2");
    assert_text(WORDS(0xbf82ffff), 32, "s_branch 65535 // 0x1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(implicit_operands_are_filled_in),
        cmocka_unit_test(compares_write_vcc_exec_or_an_sgpr),
        cmocka_unit_test(literals_take_their_place),
        cmocka_unit_test(scalar_constants_are_in_imm),
        cmocka_unit_test(modifiers_belong_to_their_sources),
        cmocka_unit_test(sdwa_and_dpp_are_told_apart),
        cmocka_unit_test(memory_operands),
        cmocka_unit_test(image_and_export_operands),
        cmocka_unit_test(type_widths),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(text_follows_the_wave_size),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
