/* SPDX-License-Identifier: MIT
 *
 * Division: the instruction sequences that LLVM emits for fdiv (SITargetLowering::LowerFDIV32,
 * LowerFDIV64) give IEEE quotients, for every pair of edge values and for random ones of all
 * exponents; and v_div_scale's flag and scaling in the cases that the ISA guide lists.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alu_machine.h"
#include "alu_reference.h"

/* Registers of the sequences, two dwords apart. */
enum {
    NUM = 0,
    DEN = 2,
    NUM_SCALED = 4,
    DEN_SCALED = 6,
    RCP = 8,
    E0 = 10,
    R1 = 12,
    E1 = 14,
    R2 = 16,
    Q0 = 18,
    E2 = 20,
    Q1 = 22,
    E3 = 24,
    FMAS = 26,
    RESULT = 28,
    NO = -1,
};
enum { ONE = 242 }; /* the inline constant 1.0 */

static void step(struct alu_machine *machine, const char *name, int dst, int a, int b, int c,
                 unsigned neg)
{
    struct isa_inst inst = alu_inst_make(alu_op_find(name));
    const int sources[] = {a, b, c};

    inst.dst = (uint16_t)(ISA_REG_VGPR0 + dst);
    for (unsigned i = 0; i < 3; i++)
        if (sources[i] != NO)
            inst.src[i] = (uint16_t)(sources[i] == ONE ? ONE : ISA_REG_VGPR0 + sources[i]);
    if (inst.dst2 != ISA_REG_NONE)
        inst.dst2 = ISA_REG_VCC_LO;
    if (isa_ops[inst.op].src[3] == ISA_T_MASK)
        inst.src[3] = ISA_REG_VCC_LO;
    inst.neg = (uint8_t)neg;
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->stop, ISA_STOP_NONE);
}

static void divide_f32(struct alu_machine *m)
{
    step(m, "v_div_scale_f32", DEN_SCALED, DEN, DEN, NUM, 0);
    step(m, "v_div_scale_f32", NUM_SCALED, NUM, DEN, NUM, 0);
    step(m, "v_rcp_f32", RCP, DEN_SCALED, NO, NO, 0);
    step(m, "v_fma_f32", E0, DEN_SCALED, RCP, ONE, 1);
    step(m, "v_fma_f32", R1, E0, RCP, RCP, 0);
    step(m, "v_mul_f32", Q0, NUM_SCALED, R1, NO, 0);
    step(m, "v_fma_f32", E2, DEN_SCALED, Q0, NUM_SCALED, 1);
    step(m, "v_fma_f32", Q1, E2, R1, Q0, 0);
    step(m, "v_fma_f32", E3, DEN_SCALED, Q1, NUM_SCALED, 1);
    step(m, "v_div_fmas_f32", FMAS, E3, R1, Q1, 0);
    step(m, "v_div_fixup_f32", RESULT, FMAS, DEN, NUM, 0);
}

static void divide_f64(struct alu_machine *m)
{
    step(m, "v_div_scale_f64", DEN_SCALED, DEN, DEN, NUM, 0);
    step(m, "v_rcp_f64", RCP, DEN_SCALED, NO, NO, 0);
    step(m, "v_fma_f64", E0, DEN_SCALED, RCP, ONE, 1);
    step(m, "v_fma_f64", R1, RCP, E0, RCP, 0);
    step(m, "v_fma_f64", E1, DEN_SCALED, R1, ONE, 1);
    step(m, "v_div_scale_f64", NUM_SCALED, NUM, DEN, NUM, 0);
    step(m, "v_fma_f64", R2, R1, E1, R1, 0);
    step(m, "v_mul_f64", Q0, NUM_SCALED, R2, NO, 0);
    step(m, "v_fma_f64", E3, DEN_SCALED, Q0, NUM_SCALED, 1);
    step(m, "v_div_fmas_f64", FMAS, E3, R2, Q0, 0);
    step(m, "v_div_fixup_f64", RESULT, FMAS, DEN, NUM, 0);
}

/* The host's division is IEEE's. */
static uint64_t quotient(enum isa_type type, uint64_t num, uint64_t den)
{
    if (type == ISA_T_F64)
        return alu_encode(ALU_F64, alu_decode(ALU_F64, num) / alu_decode(ALU_F64, den));

    float n = (float)alu_decode(ALU_F32, num), d = (float)alu_decode(ALU_F32, den);

    return alu_encode(ALU_F32, n / d);
}

static void check_wave(struct alu_machine *machine, enum isa_type type, const uint64_t *num,
                       const uint64_t *den)
{
    enum alu_format format = type == ISA_T_F64 ? ALU_F64 : ALU_F32;

    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        alu_vgpr_set(machine, NUM, lane, type, num[lane]);
        alu_vgpr_set(machine, DEN, lane, type, den[lane]);
    }
    if (type == ISA_T_F64)
        divide_f64(machine);
    else
        divide_f32(machine);
    for (unsigned lane = 0; lane < machine->w->lanes; lane++) {
        uint64_t expected = quotient(type, num[lane], den[lane]);
        uint64_t got = alu_vgpr_get(machine, RESULT, lane, type);

        if (got != expected && !(alu_is_nan(format, got) && alu_is_nan(format, expected)))
            fail_msg("%#lx / %#lx = %#lx, not %#lx", num[lane], den[lane], expected, got);
    }
}

static void check_type(enum isa_type type, unsigned random_waves)
{
    for (unsigned level = 0; level < alu_level_count(); level++) {
        struct alu_machine machine;
        uint64_t num[64], den[64];
        size_t count, n = 0;
        const uint64_t *edges = alu_edges(type, &count);

        alu_machine_create(&machine, 64, (enum isa_valu_level)level);
        for (size_t i = 0; i < count * count; i++) {
            num[n] = edges[i % count];
            den[n] = edges[i / count];
            n = (n + 1) % 64;
            if (n == 0)
                check_wave(&machine, type, num, den);
        }
        for (unsigned wave = 0; wave < random_waves; wave++) {
            for (unsigned lane = 0; lane < 64; lane++) {
                num[lane] = alu_random() >> (type == ISA_T_F64 ? 0 : 32);
                den[lane] = alu_random() >> (type == ISA_T_F64 ? 0 : 32);
            }
            check_wave(&machine, type, num, den);
        }
        alu_machine_destroy(&machine);
    }
}

static void f32(void **state)
{
    (void)state;
    check_type(ISA_T_F32, 4000);
}

static void f64(void **state)
{
    (void)state;
    check_type(ISA_T_F64, 1000);
}

/* Quotients near and below the least normal, where the last step must round only once. */
static void denormal_quotients(void **state)
{
    struct alu_machine machine;
    uint64_t num[64], den[64];

    (void)state;
    alu_machine_create(&machine, 64, isa_valu_level_best());
    for (unsigned wave = 0; wave < 4000; wave++) {
        bool wide = wave & 1;

        for (unsigned lane = 0; lane < 64; lane++) {
            uint64_t x = alu_random(), y = alu_random();
            unsigned shift = (unsigned)(alu_random() % (wide ? 56 : 28));

            if (wide) { /* exponents 1022 + shift apart: the quotient is that of a denormal */
                num[lane] = (x & 0x800fffffffffffff) | UINT64_C(300) << 52;
                den[lane] = (y & 0x800fffffffffffff) | (uint64_t)(300 + 1021 + shift) << 52;
            } else {
                num[lane] = (x & 0x807fffff) | UINT64_C(60) << 23;
                den[lane] = (y & 0x807fffff) | (uint64_t)(60 + 125 + shift) << 23;
            }
        }
        check_wave(&machine, wide ? ISA_T_F64 : ISA_T_F32, num, den);
    }
    alu_machine_destroy(&machine);
}

struct scale_case {
    float scaled_source, den, num; /* S0, S1, S2 */
    float result;
    bool vcc;
};

static void scaling(void **state)
{
    static const struct scale_case cases[] = {
        {3.0f, 3.0f, 6.0f, 3.0f, false},
        {6.0f, 3.0f, 6.0f, 6.0f, false},
        {0x1p-50f, 0x1p-50f, 0x1p60f, 0x1p14f, true}, /* 96 or more apart: the denominator */
        {0x1p60f, 0x1p-50f, 0x1p60f, 0x1p60f, true},
        {0x1p-140f, 0x1p-140f, 0x1p-100f, 0x1p-76f, false}, /* denormal denominator: both */
        {0x1p-100f, 0x1p-140f, 0x1p-100f, 0x1p-36f, false},
        {0x1.8p126f, 0x1.8p126f, 0x1p10f, 0x1.8p62f, false}, /* denormal reciprocal: both, down */
        {0x1p10f, 0x1.8p126f, 0x1p10f, 0x1p-54f, false},
        {0x1p100f, 0x1p100f, 0x1p-40f, 0x1p100f, true}, /* denormal quotient: the numerator */
        {0x1p-40f, 0x1p100f, 0x1p-40f, 0x1p24f, true},
        {0x1.8p126f, 0x1.8p126f, 0x1p-10f, 0x1.8p62f, true}, /* both: the denominator, down */
        {0x1p-10f, 0x1.8p126f, 0x1p-10f, 0x1p-10f, true},
        {0x1p-110f, 0x1p-3f, 0x1p-110f, 0x1p-46f, false}, /* tiny numerator: both */
        {0x1p-3f, 0x1p-3f, 0x1p-110f, 0x1p61f, false},
    };
    struct alu_machine machine;

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct isa_inst inst = alu_inst_make(ISA_OP_v_div_scale_f32);
        const float sources[] = {cases[i].scaled_source, cases[i].den, cases[i].num};

        for (unsigned s = 0; s < 3; s++)
            memcpy(alu_vgpr(&machine, ALU_SRC + 4 * s, 0, 5), &sources[s], 4);
        alu_execute(&machine, &inst);

        float got;

        memcpy(&got, alu_vgpr(&machine, ALU_DST, 0, 5), 4);
        if (got != cases[i].result ||
            (alu_sgpr_pair(&machine, ALU_DST2_MASK) >> 5 & 1) != cases[i].vcc)
            fail_msg("case %zu: %a", i, (double)got);
    }
    alu_machine_destroy(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32),
        cmocka_unit_test(f64),
        cmocka_unit_test(denormal_quotients),
        cmocka_unit_test(scaling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
