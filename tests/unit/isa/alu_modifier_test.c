/* SPDX-License-Identifier: MIT
 *
 * What surrounds a vector operation: EXEC, constants and scalar sources, sign modifiers, clamp and
 * output multiplier, halves of registers, SDWA. Every level of x86-64 that this CPU has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alu_machine.h"
#include "softgpu/isa/exec/handlers.h"

enum { A = ALU_SRC, B = ALU_SRC + 4, C = ALU_SRC + 8 };

static const uint32_t one = 0x3f800000, two = 0x40000000, three = 0x40400000, nan_bits = 0x7fc00000;

/* One machine for each level and wave size. */
typedef void scenario(struct alu_machine *machine);

static void on_all_machines(scenario *run)
{
    for (unsigned level = 0; level < alu_level_count(); level++) {
        for (unsigned lanes = 32; lanes <= 64; lanes += 32) {
            struct alu_machine machine;

            alu_machine_create(&machine, lanes, (enum isa_valu_level)level);
            run(&machine);
            alu_machine_destroy(&machine);
        }
    }
}

static uint64_t all_lanes(const struct alu_machine *machine)
{
    return machine->w->lanes == 64 ? UINT64_MAX : UINT32_MAX;
}

static void fill(struct alu_machine *machine, unsigned reg, uint32_t value)
{
    for (unsigned lane = 0; lane < machine->w->lanes; lane++)
        *alu_vgpr(machine, reg, 0, lane) = value;
}

/* Runs `inst` with the sources holding a, b, c and the result 0xdeadbeef; returns lane 0's. */
static uint32_t run3(struct alu_machine *machine, const struct isa_inst *inst, uint32_t a,
                     uint32_t b, uint32_t c)
{
    fill(machine, A, a);
    fill(machine, B, b);
    fill(machine, C, c);
    fill(machine, ALU_DST, 0xdeadbeef);
    alu_execute(machine, inst);
    assert_int_equal(machine->w->stop, ISA_STOP_NONE);
    for (unsigned lane = 1; lane < machine->w->lanes; lane++)
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, lane), *alu_vgpr(machine, ALU_DST, 0, 0));
    return *alu_vgpr(machine, ALU_DST, 0, 0);
}

/* ---- EXEC ---- */

/* Only active lanes are written, by plain and by modified instructions, in 16, 32 and 64 bits. */
static void exec_masks_writes(struct alu_machine *machine)
{
    static const enum isa_op ops[] = {ISA_OP_v_add_nc_u32, ISA_OP_v_add_nc_u16,
                                      ISA_OP_v_lshlrev_b64, ISA_OP_v_add_f32};
    const uint64_t mask = 0x8000f00d12345679 & all_lanes(machine);

    for (unsigned i = 0; i < 2 * sizeof(ops) / sizeof(ops[0]); i++) {
        struct isa_inst inst = alu_inst_make(ops[i / 2]);

        inst.clamp = i & 1; /* the general path */
        alu_exec_set(machine, mask);
        for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
            for (unsigned k = 0; k < 2; k++) {
                *alu_vgpr(machine, A, k, lane) = 1;
                *alu_vgpr(machine, B, k, lane) = 2;
                *alu_vgpr(machine, ALU_DST, k, lane) = 0xdeadbeef;
            }
        }
        alu_execute(machine, &inst);
        for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
            bool changed = *alu_vgpr(machine, ALU_DST, 0, lane) != 0xdeadbeef;
            bool changed_high = *alu_vgpr(machine, ALU_DST, 1, lane) != 0xdeadbeef;
            bool wide = isa_ops[ops[i / 2]].dst == ISA_T_B64;

            assert_int_equal(changed, mask >> lane & 1);
            assert_int_equal(changed_high, wide && (mask >> lane & 1));
        }
    }
}

static void exec_masks_compares(struct alu_machine *machine)
{
    const uint64_t mask = 0xf0f0123400ff5678 & all_lanes(machine);
    struct isa_inst inst = alu_inst_make(ISA_OP_v_cmp_eq_u32);

    alu_exec_set(machine, mask);
    alu_sgpr_pair_set(machine, ALU_DST_MASK, UINT64_MAX);
    alu_execute(machine, &inst); /* all registers are 0: true everywhere */
    assert_int_equal(machine->w->sgpr[ALU_DST_MASK], (uint32_t)mask);
    /* A wave32 writes one register. */
    assert_int_equal(machine->w->sgpr[ALU_DST_MASK + 1],
                     machine->w->lanes == 64 ? mask >> 32 : UINT32_MAX);

    inst = alu_inst_make(ISA_OP_v_add_co_u32);
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->sgpr[ALU_DST2_MASK], 0);
}

static void cmpx_writes_exec(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_cmpx_lt_u32);
    uint64_t expected = 0;

    inst.dst = ISA_REG_EXEC_LO;
    alu_exec_set(machine, 0xffffffff0000fff0);
    alu_sgpr_pair_set(machine, ISA_REG_VCC_LO, 0x1234);
    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        *alu_vgpr(machine, A, 0, lane) = lane % 3;
        *alu_vgpr(machine, B, 0, lane) = 1;
        expected |= (uint64_t)(lane % 3 == 0) << lane;
    }
    expected &= 0xffffffff0000fff0;
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->sgpr[ISA_REG_EXEC_LO], (uint32_t)expected);
    assert_int_equal(machine->w->sgpr[ISA_REG_EXEC_HI],
                     machine->w->lanes == 64 ? expected >> 32 : 0xffffffff);
    assert_int_equal(machine->w->sgpr[ISA_REG_VCC_LO], 0x1234);
}

static void exec(void **state)
{
    (void)state;
    on_all_machines(exec_masks_writes);
    on_all_machines(exec_masks_compares);
    on_all_machines(cmpx_writes_exec);
}

/* ---- constants and scalar sources ---- */

struct constant_case {
    const char *op; /* one source, moved or nearly so */
    uint16_t reg;
    uint32_t literal;
    uint64_t expected;
};

static void constants_by_type(struct alu_machine *machine)
{
    static const struct constant_case cases[] = {
        {"v_mov_b32", 128, 0, 0},
        {"v_mov_b32", 192, 0, 64},
        {"v_mov_b32", 193, 0, 0xffffffff},
        {"v_mov_b32", 208, 0, 0xfffffff0},
        {"v_mov_b32", 240, 0, 0x3f000000},
        {"v_mov_b32", 243, 0, 0xbf800000},
        {"v_mov_b32", 247, 0, 0xc0800000},
        {"v_mov_b32", 248, 0, 0x3e22f983},
        {"v_mov_b32", 255, 0x12345678, 0x12345678},
        {"v_mov_b32", 235, 0, 0}, /* apertures: the lower half */
        {"v_mov_b32", 236, 0, 0xffffffff},
        {"v_mov_b32", 7, 0, 0x77777777}, /* an SGPR */
        {"v_mov_b32", 125, 0, 0},        /* NULL */
        {"v_mov_b32", 124, 0, 0x4d30},   /* M0 */
        {"v_mov_b32", 251, 0, 1},        /* VCCZ */
        {"v_mov_b32", 252, 0, 0},        /* EXECZ */
        {"v_mov_b32", 253, 0, 1},        /* SCC */
        {"v_trunc_f16", 242, 0, 0x3c00},
        {"v_trunc_f16", 241, 0, 0x8000},
        {"v_sqrt_f16", 246, 0, 0x4000},
        {"v_rcp_f16", 248, 0, 0x4648}, /* 2 pi */
        {"v_trunc_f16", 255, 0xabcd4248, 0x4200},
        {"v_cvt_f16_u16", 242, 0, 0}, /* the low half of 1.0f */
        {"v_cvt_f16_i16", 193, 0, 0xbc00},
        {"v_trunc_f64", 244, 0, 0x4000000000000000},
        {"v_rcp_f64", 248, 0, 0x401921fb54442d19},
        {"v_trunc_f64", 255, 0x40590000, 0x4059000000000000}, /* the upper half */
        {"v_trunc_f64", 10, 0, 0x4024000000000000},           /* an SGPR pair */
    };

    machine->w->sgpr[7] = 0x77777777;
    machine->w->sgpr[ISA_REG_M0] = 0x4d30;
    alu_sgpr_pair_set(machine, 10, 0x4025000000000000);
    machine->w->scc = 1;
    machine->w->shared_base = 0x1000000000000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct isa_inst inst = alu_inst_make(alu_op_find(cases[i].op));
        enum isa_type type = (enum isa_type)isa_ops[inst.op].dst;

        inst.src[0] = cases[i].reg;
        inst.literal = cases[i].literal;
        for (unsigned clamped = 0; clamped < 2; clamped++) {
            /* The general path, by a modifier without effect. */
            inst.neg_hi = clamped ? 8 : 0;
            fill(machine, ALU_DST, 0);
            alu_execute(machine, &inst);
            if (alu_vgpr_get(machine, ALU_DST, 17, type) != cases[i].expected)
                fail_msg("%s of operand %u: %#lx, not %#lx", cases[i].op, cases[i].reg,
                         alu_vgpr_get(machine, ALU_DST, 17, type), cases[i].expected);
        }
    }
}

/* 64-bit integers: constants are sign-extended, literals by the type. */
static void constants_of_64_bits(struct alu_machine *machine)
{
    static const struct {
        const char *op;
        uint16_t reg;
        uint32_t literal;
        uint64_t expected;
    } cases[] = {
        {"v_lshlrev_b64", 193, 0, UINT64_MAX},
        {"v_lshlrev_b64", 242, 0, 0x3ff0000000000000},
        {"v_lshlrev_b64", 255, 0x80000001, 0x80000001},
        {"v_ashrrev_i64", 255, 0x80000001, 0xffffffff80000001},
        {"v_lshrrev_b64", 235, 0, 0x1000000000000},
    };

    machine->w->shared_base = 0x1000000000000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct isa_inst inst = alu_inst_make(alu_op_find(cases[i].op));

        inst.src[0] = ISA_REG_INT_0;
        inst.src[1] = cases[i].reg;
        inst.literal = cases[i].literal;
        alu_execute(machine, &inst);
        assert_int_equal(alu_vgpr_get(machine, ALU_DST, 3, ISA_T_B64), cases[i].expected);
    }
}

/* Packed operands: f16 constants fill the lower half only, integers and their f32 constants are
 * 32-bit values. */
static void packed_constants(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_pk_add_f16);

    inst.src[1] = 242;
    assert_int_equal(run3(machine, &inst, 0x3c003c00, 0, 0), 0x3c004000);
    inst.op_sel_hi = 1; /* both results with the lower half */
    assert_int_equal(run3(machine, &inst, 0x3c003c00, 0, 0), 0x40004000);
    inst = alu_inst_make(ISA_OP_v_pk_add_u16);
    inst.src[1] = 193;
    assert_int_equal(run3(machine, &inst, 0x00020001, 0, 0), 0x00010000);
    inst.src[1] = 242;
    assert_int_equal(run3(machine, &inst, 0x00020001, 0, 0), 0x3f820001);
}

static void lds_direct_faults(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_mov_b32);

    inst.src[0] = ISA_REG_LDS_DIRECT;
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->stop, ISA_STOP_FAULT);
    assert_int_equal(machine->w->fault.kind, ISA_FAULT_UNSUPPORTED);
}

static void constants(void **state)
{
    (void)state;
    on_all_machines(constants_by_type);
    on_all_machines(constants_of_64_bits);
    on_all_machines(packed_constants);
    on_all_machines(lds_direct_faults);
}

/* ---- signs ---- */

static void sign_modifiers(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_fma_f32);

    inst.neg = 1;
    assert_int_equal(run3(machine, &inst, one, two, three), one); /* -1 * 2 + 3 */
    inst.neg = 4;
    assert_int_equal(run3(machine, &inst, one, two, three), 0xbf800000);
    inst.neg = 0;
    inst.abs = 2;
    assert_int_equal(run3(machine, &inst, one, 0xc0000000, three), 0x40a00000);
    inst.neg = 2; /* -|b| */
    assert_int_equal(run3(machine, &inst, one, 0xc0000000, three), one);

    inst = alu_inst_make(ISA_OP_v_add_f16);
    inst.neg = 1;
    inst.abs = 2;
    assert_int_equal(run3(machine, &inst, 0x3c00, 0xc200, 0), 0xdead4000); /* -1 + |-3| */

    inst = alu_inst_make(ISA_OP_v_cndmask_b32);
    inst.neg = 1;
    alu_sgpr_pair_set(machine, inst.src[2], 0);
    assert_int_equal(run3(machine, &inst, one, two, 0), 0xbf800000);

    inst = alu_inst_make(ISA_OP_v_add_f64);
    inst.abs = 1;
    inst.neg = 2;
    alu_vgpr_set(machine, A, 9, ISA_T_F64, 0xc008000000000000); /* |-3| - 1 */
    alu_vgpr_set(machine, B, 9, ISA_T_F64, 0x3ff0000000000000);
    alu_execute(machine, &inst);
    assert_int_equal(alu_vgpr_get(machine, ALU_DST, 9, ISA_T_F64), 0x4000000000000000);
}

static void signs(void **state)
{
    (void)state;
    on_all_machines(sign_modifiers);
}

/* ---- clamp, output multiplier ---- */

static void clamps(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_add_f32);

    inst.clamp = 1;
    assert_int_equal(run3(machine, &inst, two, one, 0), one);
    assert_int_equal(run3(machine, &inst, 0xc0000000, one, 0), 0);
    assert_int_equal(run3(machine, &inst, 0x3e800000, 0x3e800000, 0), 0x3f000000);
    assert_int_equal(run3(machine, &inst, nan_bits, one, 0), 0);
    machine->w->mode &= ~(1u << 8); /* no DX10_CLAMP */
    assert_int_equal(run3(machine, &inst, nan_bits, one, 0), nan_bits);
    machine->w->mode |= 1u << 8;

    inst = alu_inst_make(ISA_OP_v_add_f16);
    inst.clamp = 1;
    assert_int_equal(run3(machine, &inst, 0x4000, 0x4000, 0), 0xdead3c00);
    inst = alu_inst_make(ISA_OP_v_pk_add_f16);
    inst.clamp = 1;
    assert_int_equal(run3(machine, &inst, 0x4000bc00, 0x40003800, 0), 0x3c000000);
    inst = alu_inst_make(ISA_OP_v_add_f64);
    inst.clamp = 1;
    alu_vgpr_set(machine, A, 9, ISA_T_F64, 0x4008000000000000);
    alu_vgpr_set(machine, B, 9, ISA_T_F64, 0x3ff0000000000000);
    alu_execute(machine, &inst);
    assert_int_equal(alu_vgpr_get(machine, ALU_DST, 9, ISA_T_F64), 0x3ff0000000000000);
}

static void multiplies_output(struct alu_machine *machine)
{
    static const uint32_t expected[] = {0x40400000, 0x40c00000, 0x41400000, 0x3fc00000};
    struct isa_inst inst = alu_inst_make(ISA_OP_v_add_f32);

    for (unsigned omod = 0; omod < 4; omod++) {
        inst.omod = omod & 3;
        machine->w->mode = 0x1c0; /* f32 denormals flushed, no IEEE */
        assert_int_equal(run3(machine, &inst, one, two, 0), expected[omod]);
        machine->w->mode = 0x1f0; /* denormals: no multiplier */
        assert_int_equal(run3(machine, &inst, one, two, 0), expected[0]);
        machine->w->mode = 0x3c0; /* IEEE: none either */
        assert_int_equal(run3(machine, &inst, one, two, 0), expected[0]);
    }
    machine->w->mode = 0x1c0;
    inst.omod = 1;
    inst.clamp = 1; /* comes last */
    assert_int_equal(run3(machine, &inst, 0x3f000000, 0x3e800000, 0), one);
    inst.clamp = 0;
    assert_int_equal(run3(machine, &inst, 0x80000000, 0x80000000, 0), 0); /* no -0 */
    machine->w->mode = ALU_MODE_DEFAULT;
}

static void outputs(void **state)
{
    (void)state;
    on_all_machines(clamps);
    on_all_machines(multiplies_output);
}

/* ---- halves of registers ---- */

static void half_selection(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_add_nc_u16);

    inst.op_sel = 1;
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070002, 0), 0xdead0007);
    inst.op_sel = 2;
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070002, 0), 0xdead0008);
    inst.op_sel = 8;
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070002, 0), 0x0003beef);
    inst.op_sel = 11;
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070002, 0), 0x000cbeef);

    inst = alu_inst_make(ISA_OP_v_mul_lo_u16);
    inst.op_sel = 9;
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070002, 0), 0x000abeef);
    inst = alu_inst_make(ISA_OP_v_lshlrev_b16);
    inst.op_sel = 2;
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070002, 0), 0xdead000e);

    inst = alu_inst_make(ISA_OP_v_pk_sub_i16);
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070003, 0), 0xfffefffe);
    inst.op_sel = 1; /* low: 5 - 3 */
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070003, 0), 0xfffe0002);
    inst.op_sel = 0;
    inst.op_sel_hi = 1; /* high: 5 - 3 */
    assert_int_equal(run3(machine, &inst, 0x00050001, 0x00070003, 0), 0x0002fffe);

    inst = alu_inst_make(ISA_OP_v_pk_add_f16);
    inst.neg = 1;
    inst.neg_hi = 2; /* low: -1 + 2, high: 1 - 2 */
    assert_int_equal(run3(machine, &inst, 0x3c003c00, 0x40004000, 0), 0xbc003c00);
}

/* v_fma_mix: op_sel_hi makes a source f16, op_sel its half; neg_hi is abs. */
static void mixed_precision(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_fma_mix_f32);

    inst.op_sel_hi = 0;
    assert_int_equal(run3(machine, &inst, two, three, one), 0x40e00000);
    inst.op_sel_hi = 1;
    assert_int_equal(run3(machine, &inst, 0x42004000, three, one), 0x40e00000);
    inst.op_sel = 1;
    assert_int_equal(run3(machine, &inst, 0x40004200, three, one), 0x40e00000);
    inst.neg = 1;
    assert_int_equal(run3(machine, &inst, 0x40004200, three, one), 0xc0a00000);
    inst.neg_hi = 1;
    assert_int_equal(run3(machine, &inst, 0xc0004200, three, one), 0xc0a00000);
    inst = alu_inst_make(ISA_OP_v_fma_mix_f32);
    inst.op_sel_hi = 4;
    inst.src[2] = 242; /* 1.0 as f16 */
    assert_int_equal(run3(machine, &inst, two, three, 0), 0x40e00000);

    inst = alu_inst_make(ISA_OP_v_fma_mixlo_f16);
    inst.op_sel_hi = 0;
    assert_int_equal(run3(machine, &inst, two, three, one), 0xdead4700);
    inst = alu_inst_make(ISA_OP_v_fma_mixhi_f16);
    inst.op_sel_hi = 0;
    assert_int_equal(run3(machine, &inst, two, three, one), 0x4700beef);
    inst.clamp = 1;
    assert_int_equal(run3(machine, &inst, two, three, one), 0x3c00beef);
}

static void halves(void **state)
{
    (void)state;
    on_all_machines(half_selection);
    on_all_machines(mixed_precision);
}

/* ---- SDWA ---- */

enum { SEL_DWORD = 6, UNUSED_PAD = 0, UNUSED_SEXT = 1, UNUSED_PRESERVE = 2 };

static struct isa_inst sdwa_inst(enum isa_op op)
{
    struct isa_inst inst = alu_inst_make(op);

    inst.vmod = ISA_VMOD_SDWA;
    inst.sdwa.dst_sel = SEL_DWORD;
    inst.sdwa.src_sel[0] = SEL_DWORD;
    inst.sdwa.src_sel[1] = SEL_DWORD;
    return inst;
}

static void sdwa_sources(struct alu_machine *machine)
{
    static const uint32_t plain[] = {0xf4, 0x83, 0x92, 0x71, 0x83f4, 0x7192, 0x719283f4};
    static const uint32_t extended[] = {0xfffffff4, 0xffffff83, 0xffffff92, 0x71,
                                        0xffff83f4, 0x7192,     0x719283f4};
    struct isa_inst inst = sdwa_inst(ISA_OP_v_add_nc_u32);

    for (unsigned select = 0; select <= SEL_DWORD; select++) {
        for (unsigned source = 0; source < 2; source++) {
            inst.sdwa.src_sel[source] = (uint8_t)select;
            inst.sdwa.src_sel[!source] = SEL_DWORD;
            inst.sdwa.sext = 0;
            assert_int_equal(
                run3(machine, &inst, source ? 1 : 0x719283f4, source ? 0x719283f4 : 1, 0),
                plain[select] + 1);
            inst.sdwa.sext = (uint8_t)(1 << source);
            assert_int_equal(
                run3(machine, &inst, source ? 1 : 0x719283f4, source ? 0x719283f4 : 1, 0),
                extended[select] + 1);
        }
    }
    /* A float in a word, with its sign changed. */
    inst = sdwa_inst(ISA_OP_v_add_f16);
    inst.sdwa.src_sel[0] = 5;
    inst.neg = 1;
    assert_int_equal(run3(machine, &inst, 0x3c001234, 0x4000, 0), 0x3c00);
}

static void sdwa_destinations(struct alu_machine *machine)
{
    static const uint32_t expected[3][SEL_DWORD + 1] = {
        [UNUSED_PAD] = {0xf2, 0xf200, 0xf20000, 0xf2000000, 0x83f2, 0x83f20000, 0x719283f2},
        [UNUSED_SEXT] = {0xfffffff2, 0xfffff200, 0xfff20000, 0xf2000000, 0xffff83f2, 0x83f20000,
                         0x719283f2},
        [UNUSED_PRESERVE] = {0xdeadbef2, 0xdeadf2ef, 0xdef2beef, 0xf2adbeef, 0xdead83f2, 0x83f2beef,
                             0x719283f2},
    };
    struct isa_inst inst = sdwa_inst(ISA_OP_v_add_nc_u32);

    for (unsigned unused = 0; unused < 3; unused++) {
        for (unsigned select = 0; select <= SEL_DWORD; select++) {
            inst.sdwa.dst_sel = (uint8_t)select;
            inst.sdwa.dst_unused = (uint8_t)unused;
            assert_int_equal(run3(machine, &inst, 0x719283f1, 1, 0), expected[unused][select]);
        }
    }
}

static void sdwa_compares(struct alu_machine *machine)
{
    struct isa_inst inst = sdwa_inst(ISA_OP_v_cmp_eq_u32);

    inst.sdwa.src_sel[0] = 3;
    alu_exec_set(machine, 0xf0);
    run3(machine, &inst, 0x12ffffff, 0x12, 0);
    assert_int_equal(machine->w->sgpr[ALU_DST_MASK], 0xf0);
}

static void sdwa(void **state)
{
    (void)state;
    on_all_machines(sdwa_sources);
    on_all_machines(sdwa_destinations);
    on_all_machines(sdwa_compares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exec),    cmocka_unit_test(constants), cmocka_unit_test(signs),
        cmocka_unit_test(outputs), cmocka_unit_test(halves),    cmocka_unit_test(sdwa),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
