/* SPDX-License-Identifier: MIT
 *
 * Data movement across lanes and by register numbers that are known at run time only. Lanes hold
 * values that tell where they come from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alu_machine.h"

enum { A = ALU_SRC, B = ALU_SRC + 4, C = ALU_SRC + 8, UNTOUCHED = 0xdeadbeef };

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

/* Register `reg` holds 1000 * reg + lane. */
static uint32_t tag(unsigned reg, unsigned lane)
{
    return 1000 * reg + lane;
}

static void tag_registers(struct alu_machine *machine)
{
    for (unsigned reg = 0; reg < machine->w->vgpr_count; reg++)
        for (unsigned lane = 0; lane < machine->w->lanes; lane++)
            *alu_vgpr(machine, reg, 0, lane) = tag(reg, lane);
}

static bool active(const struct alu_machine *machine, unsigned lane)
{
    return alu_sgpr_pair(machine, ISA_REG_EXEC_LO) >> lane & 1;
}

/* ---- DPP ---- */

struct dpp_case {
    uint16_t ctrl;
    /* For each lane of a row, the lane it reads; x: none. */
    const char *row;
};

/* Rows in base 17: 0..9, a..f. */
static int dpp_expected(const struct dpp_case *c, unsigned lane)
{
    char letter = c->row[lane % 16];

    if (letter == 'x')
        return -1;
    return (int)(lane / 16 * 16) + (letter <= '9' ? letter - '0' : letter - 'a' + 10);
}

static const struct dpp_case dpp_cases[] = {
    {0xe4, "0123456789abcdef"},  {0x1b, "32107654ba98fedc"},  {0x00, "000044448888cccc"},
    {0xff, "33337777bbbbffff"},  {0x4e, "23016745ab89efcd"},  {0x101, "123456789abcdefx"},
    {0x104, "456789abcdefxxxx"}, {0x10f, "fxxxxxxxxxxxxxxx"}, {0x111, "x0123456789abcde"},
    {0x114, "xxxx0123456789ab"}, {0x11f, "xxxxxxxxxxxxxxx0"}, {0x121, "f0123456789abcde"},
    {0x124, "cdef0123456789ab"}, {0x12f, "123456789abcdef0"}, {0x140, "fedcba9876543210"},
    {0x141, "76543210fedcba98"}, {0x150, "0000000000000000"}, {0x15b, "bbbbbbbbbbbbbbbb"},
    {0x160, "0123456789abcdef"}, {0x161, "1032547698badcfe"}, {0x163, "32107654ba98fedc"},
    {0x16f, "fedcba9876543210"},
};

static void check_dpp16(struct alu_machine *machine, const struct dpp_case *c, bool bound, bool fi,
                        unsigned row_mask, unsigned bank_mask)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_mov_b32);

    inst.vmod = ISA_VMOD_DPP16;
    inst.dpp16.ctrl = c->ctrl;
    inst.dpp16.bound_ctrl = bound;
    inst.dpp16.fi = fi;
    inst.dpp16.row_mask = (uint8_t)row_mask;
    inst.dpp16.bank_mask = (uint8_t)bank_mask;
    tag_registers(machine);
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->stop, ISA_STOP_NONE);
    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        int from = dpp_expected(c, lane);
        bool valid = from >= 0 && (fi || active(machine, (unsigned)from));
        bool written = active(machine, lane) && row_mask >> lane / 16 & 1 &&
                       bank_mask >> lane % 16 / 4 & 1 && (valid || bound);
        uint32_t expected = !written ? tag(ALU_DST, lane) : valid ? tag(A, (unsigned)from) : 0;

        if (*alu_vgpr(machine, ALU_DST, 0, lane) != expected)
            fail_msg("DPP %#x bound %d fi %d masks %x %x lane %u: %u, not %u", c->ctrl, bound, fi,
                     row_mask, bank_mask, lane, *alu_vgpr(machine, ALU_DST, 0, lane), expected);
    }
}

static void dpp16_moves(struct alu_machine *machine)
{
    for (size_t i = 0; i < sizeof(dpp_cases) / sizeof(dpp_cases[0]); i++) {
        for (unsigned flags = 0; flags < 8; flags++) {
            alu_exec_set(machine, flags & 4 ? 0x7ff7fffe3fffdbf6 : UINT64_MAX);
            check_dpp16(machine, &dpp_cases[i], flags & 1, flags & 2, 15, 15);
            check_dpp16(machine, &dpp_cases[i], flags & 1, flags & 2, 10, 15);
            check_dpp16(machine, &dpp_cases[i], flags & 1, flags & 2, 15, 6);
        }
    }
}

static void dpp16_refuses_other_generations(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_mov_b32);

    inst.vmod = ISA_VMOD_DPP16;
    inst.dpp16.ctrl = 0x130; /* wave_shl */
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->fault.kind, ISA_FAULT_ILLEGAL);
}

/* Only source 0 moves; signs change after that. */
static void dpp16_arithmetic(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_sub_nc_u32);

    inst.vmod = ISA_VMOD_DPP16;
    inst.dpp16.ctrl = 0x111;
    inst.dpp16.row_mask = inst.dpp16.bank_mask = 15;
    tag_registers(machine);
    alu_execute(machine, &inst);
    assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, 5), tag(A, 4) - tag(B, 5));
    assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, 16), tag(ALU_DST, 16));

    inst = alu_inst_make(ISA_OP_v_add_f32);
    inst.vmod = ISA_VMOD_DPP16;
    inst.dpp16.ctrl = 0x1b;
    inst.dpp16.row_mask = inst.dpp16.bank_mask = 15;
    inst.neg = 1;
    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        *alu_vgpr(machine, A, 0, lane) = lane == 3 ? 0x40000000 : 0;
        *alu_vgpr(machine, B, 0, lane) = 0x3f800000;
    }
    alu_execute(machine, &inst);
    assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, 0), 0xbf800000);
    assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, 3), 0x3f800000);
}

static void dpp8_moves(struct alu_machine *machine)
{
    static const uint8_t lanes[8] = {7, 0, 6, 1, 5, 2, 4, 4};
    struct isa_inst inst = alu_inst_make(ISA_OP_v_mov_b32);

    inst.vmod = ISA_VMOD_DPP8;
    memcpy(inst.dpp8.lane, lanes, sizeof(lanes));
    alu_exec_set(machine, 0x7ff7fffe3fffdbf6);
    for (unsigned fi = 0; fi < 2; fi++) {
        inst.dpp8.fi = (uint8_t)fi;
        tag_registers(machine);
        alu_execute(machine, &inst);
        for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
            unsigned from = lane / 8 * 8 + lanes[lane % 8];
            uint32_t moved = fi || active(machine, from) ? tag(A, from) : 0;

            assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, lane),
                             active(machine, lane) ? moved : tag(ALU_DST, lane));
        }
    }
}

static void dpp(void **state)
{
    (void)state;
    on_all_machines(dpp16_moves);
    on_all_machines(dpp16_refuses_other_generations);
    on_all_machines(dpp16_arithmetic);
    on_all_machines(dpp8_moves);
}

/* ---- rows ---- */

static void permutes_rows(struct alu_machine *machine)
{
    for (unsigned variant = 0; variant < 16; variant++) {
        bool other = variant & 1, fi = variant & 2, bound = variant & 4;
        struct isa_inst inst =
            alu_inst_make(other ? ISA_OP_v_permlanex16_b32 : ISA_OP_v_permlane16_b32);
        const uint64_t select = 0x0fedcba987654321;

        alu_exec_set(machine, variant & 8 ? 0x7ff7fffe3fffdbf6 : UINT64_MAX);
        alu_sgpr_pair_set(machine, 2, select);
        inst.src[1] = 2;
        inst.src[2] = 3;
        inst.op_sel = (uint8_t)(fi | bound << 1);
        tag_registers(machine);
        alu_execute(machine, &inst);
        for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
            unsigned row = other ? lane / 16 ^ 1 : lane / 16;
            unsigned from = row * 16 + (lane + 1) % 16; /* what the nibbles say */
            bool valid = fi || active(machine, from);
            uint32_t expected = valid ? tag(A, from) : bound ? 0 : tag(ALU_DST, lane);

            if (!active(machine, lane))
                expected = tag(ALU_DST, lane);
            assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, lane), expected);
        }
    }
}

static void rows(void **state)
{
    (void)state;
    on_all_machines(permutes_rows);
}

/* ---- single lanes ---- */

static void reads_and_writes_lanes(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_readfirstlane_b32);
    unsigned last = machine->w->lanes - 1;

    tag_registers(machine);
    inst.dst = 5;
    alu_exec_set(machine, 0x100);
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->sgpr[5], tag(A, 8));
    alu_exec_set(machine, 0); /* then lane 0 */
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->sgpr[5], tag(A, 0));

    inst = alu_inst_make(ISA_OP_v_readlane_b32);
    inst.dst = 6;
    inst.src[1] = ISA_REG_INT_0 + 17;
    alu_execute(machine, &inst); /* whatever EXEC */
    assert_int_equal(machine->w->sgpr[6], tag(A, 17));
    machine->w->sgpr[9] = 0xffffffff; /* modulo the wave */
    inst.src[1] = 9;
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->sgpr[6], tag(A, last));

    inst = alu_inst_make(ISA_OP_v_writelane_b32);
    inst.src[0] = 6;
    inst.src[1] = ISA_REG_INT_0 + 3;
    alu_execute(machine, &inst);
    for (unsigned lane = 0; lane <= last; lane++)
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, lane),
                         lane == 3 ? tag(A, last) : tag(ALU_DST, lane));
}

static void swaps(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_swap_b32);

    tag_registers(machine);
    alu_exec_set(machine, 0xffff0000ffff00ff);
    alu_execute(machine, &inst);
    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, lane),
                         tag(active(machine, lane) ? A : ALU_DST, lane));
        assert_int_equal(*alu_vgpr(machine, A, 0, lane),
                         tag(active(machine, lane) ? ALU_DST : A, lane));
    }
    inst.src[0] = 3; /* a register pair to swap must be vector registers */
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->fault.kind, ISA_FAULT_ILLEGAL);
}

static void lanes(void **state)
{
    (void)state;
    on_all_machines(reads_and_writes_lanes);
    on_all_machines(swaps);
}

/* ---- relative registers ---- */

static const struct {
    enum isa_op op;
    uint32_t m0;
    unsigned from, to; /* registers; to == UNTOUCHED: nothing is written */
} moves[] = {
    {ISA_OP_v_movrels_b32, 10, A + 10, ALU_DST},
    {ISA_OP_v_movrels_b32, (uint32_t)-3, A - 3, ALU_DST},
    {ISA_OP_v_movrels_b32, 1000, 0, ALU_DST}, /* out of range: v0 */
    {ISA_OP_v_movreld_b32, 10, A, ALU_DST + 10},
    {ISA_OP_v_movreld_b32, 1000, A, UNTOUCHED},
    {ISA_OP_v_movrelsd_b32, 7, A + 7, ALU_DST + 7},
    {ISA_OP_v_movrelsd_2_b32, 20 << 16 | 10, A + 10, ALU_DST + 20},
};

static void moves_relative(struct alu_machine *machine)
{
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        struct isa_inst inst = alu_inst_make(moves[i].op);

        machine->w->sgpr[ISA_REG_M0] = moves[i].m0;
        alu_exec_set(machine, 0xffffffffffff00ff);
        tag_registers(machine);
        alu_execute(machine, &inst);
        for (unsigned reg = 0; reg < machine->w->vgpr_count; reg++) {
            bool moved = reg == moves[i].to;

            assert_int_equal(*alu_vgpr(machine, reg, 0, 4), tag(moved ? moves[i].from : reg, 4));
            assert_int_equal(*alu_vgpr(machine, reg, 0, 9), tag(reg, 9)); /* not active */
        }
    }
}

static void swaps_relative(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_swaprel_b32);

    machine->w->sgpr[ISA_REG_M0] = 5 << 16 | 2;
    tag_registers(machine);
    alu_execute(machine, &inst);
    assert_int_equal(*alu_vgpr(machine, ALU_DST + 5, 0, 31), tag(A + 2, 31));
    assert_int_equal(*alu_vgpr(machine, A + 2, 0, 31), tag(ALU_DST + 5, 31));
    machine->w->sgpr[ISA_REG_M0] = 1000 << 16;
    alu_execute(machine, &inst);
    assert_int_equal(*alu_vgpr(machine, A, 0, 31), tag(A, 31));
}

static void relative(void **state)
{
    (void)state;
    on_all_machines(moves_relative);
    on_all_machines(swaps_relative);
}

/* ---- four sums of absolute differences ---- */

static void sums_differences(struct alu_machine *machine)
{
    struct isa_inst inst = alu_inst_make(ISA_OP_v_mqsad_u32_u8);

    inst.src[2] = ISA_REG_VGPR0 + C;
    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        alu_vgpr_set(machine, A, lane, ISA_T_B64, 0x0807060504030201);
        *alu_vgpr(machine, B, 0, lane) = 0x00100005; /* two bytes take part */
        for (unsigned k = 0; k < 4; k++)
            *alu_vgpr(machine, C, k, lane) = k == 3 ? 0xffffffff : lane;
    }
    inst.clamp = 1;
    alu_exec_set(machine, 0xffffffff7fffffff);
    *alu_vgpr(machine, ALU_DST, 2, 31) = 77;
    alu_execute(machine, &inst);
    for (unsigned lane = 0; lane < 31; lane++) {
        /* |1+k - 5| + |3+k - 16| */
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 0, lane), lane + 4 + 13);
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 1, lane), lane + 3 + 12);
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 2, lane), lane + 2 + 11);
        assert_int_equal(*alu_vgpr(machine, ALU_DST, 3, lane), 0xffffffff);
    }
    assert_int_equal(*alu_vgpr(machine, ALU_DST, 2, 31), 77);
}

static void differences(void **state)
{
    (void)state;
    on_all_machines(sums_differences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dpp),      cmocka_unit_test(rows),        cmocka_unit_test(lanes),
        cmocka_unit_test(relative), cmocka_unit_test(differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
