/* SPDX-License-Identifier: MIT
 *
 * Branches, messages, clocks, traps and faults, with and without a trap handler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "mem_fake.h"
#include "softgpu/isa/exec/flow.h"
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/status.h"
#include "wave_programs.inc"

enum { HANDLER_VA = 0x70000, TMA = 0x5000, DOORBELL = 0x155, BUDGET = 10000 };
#define PROGRAM(name) program_##name, sizeof(program_##name) / 4

/* What the host was told. */
struct told {
    unsigned count;
    uint32_t message[8], m0[8];
};

struct bench {
    struct fake_group fake;
    uint32_t handler[1024];
    struct told told;
};

static uint32_t host_message(void *context, struct isa_wave *w, uint32_t message, uint32_t m0)
{
    struct told *told = context;

    (void)w;
    assert_in_range(told->count, 0, 7);
    told->message[told->count] = message;
    told->m0[told->count++] = m0;
    return message == ISA_MESSAGE_GET_DOORBELL ? DOORBELL : 0;
}

static uint64_t host_cycles(void *context)
{
    (void)context;
    return 0x1122334455667788;
}

static uint64_t host_realtime(void *context)
{
    (void)context;
    return 0x99aabbccddeeff00;
}

static struct bench *bench_create(const uint32_t *words, size_t count)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_group_create(&b->fake, 1, 32, 0, words, count);
    b->fake.host = (struct isa_host){.message = host_message,
                                     .cycles = host_cycles,
                                     .realtime = host_realtime,
                                     .context = &b->told};
    return b;
}

static void handler_install(struct bench *b, const uint32_t *words, size_t count)
{
    memcpy(b->handler, words, 4 * count);
    fake_memory_map(&b->fake.memory, HANDLER_VA, b->handler, sizeof(b->handler), FAKE_RX);
    b->fake.host.tba = HANDLER_VA;
    b->fake.host.tma = TMA;
}

static void bench_destroy(struct bench *b)
{
    fake_group_destroy(&b->fake);
    free(b);
}

static struct isa_wave *wave(struct bench *b)
{
    return &b->fake.group->waves[0];
}

static enum isa_stop run(struct bench *b)
{
    return isa_workgroup_run(b->fake.group, BUDGET);
}

static void test_branches(void **state)
{
    struct bench *b = bench_create(PROGRAM(branches));

    (void)state;
    assert_int_equal(run(b), ISA_STOP_END);
    assert_int_equal(wave(b)->sgpr[4], 4); /* taken */
    assert_int_equal(wave(b)->sgpr[5], 5); /* passed by */
    assert_int_equal(wave(b)->sgpr[6], 0); /* jumped over */
    bench_destroy(b);
}

static void test_messages_and_clocks(void **state)
{
    struct bench *b = bench_create(PROGRAM(host));

    (void)state;
    assert_int_equal(run(b), ISA_STOP_END);
    assert_int_equal(wave(b)->sgpr[4], 0x55667788);
    assert_int_equal(wave(b)->sgpr[5], 0x11223344);
    assert_int_equal(wave(b)->sgpr[6], 0xddeeff00);
    assert_int_equal(wave(b)->sgpr[7], 0x99aabbcc);
    assert_int_equal(b->told.count, 2);
    assert_int_equal(b->told.message[0], ISA_MESSAGE_INTERRUPT);
    assert_int_equal(b->told.m0[0], 0x123);
    assert_int_equal(b->told.message[1], ISA_MESSAGE_GET_DOORBELL);
    assert_int_equal(wave(b)->sgpr[ISA_REG_EXEC_LO], DOORBELL);
    bench_destroy(b);
}

/* ---- without a trap handler ---- */

static void assert_fault(struct bench *b, enum isa_fault_kind kind, uint64_t pc)
{
    const struct isa_fault *fault = &b->fake.group->fault;

    assert_int_equal(fault->kind, kind);
    assert_int_equal(fault->pc, FAKE_CODE_VA + pc);
    assert_int_equal(fault->words[0], b->fake.program[pc / 4]);
    assert_int_equal(fault->words[1], b->fake.program[pc / 4 + 1]);
}

static void test_faults_stop_the_group(void **state)
{
    static const struct {
        const uint32_t *words;
        size_t count;
        enum isa_fault_kind kind;
        uint64_t pc;
    } cases[] = {
        {PROGRAM(traps), ISA_FAULT_TRAP, 4},      {PROGRAM(fault), ISA_FAULT_UNMAPPED, 8},
        {PROGRAM(illegal), ISA_FAULT_ILLEGAL, 4}, {PROGRAM(image), ISA_FAULT_UNSUPPORTED, 0},
        {PROGRAM(halt), ISA_FAULT_HALTED, 4},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench *b = bench_create(cases[i].words, cases[i].count);

        b->fake.group->id[1] = 17;
        assert_int_equal(run(b), ISA_STOP_FAULT);
        assert_fault(b, cases[i].kind, cases[i].pc);
        assert_false(b->fake.group->fault.reported);
        assert_int_equal(b->fake.group->fault.group[1], 17);
        assert_int_equal(run(b), ISA_STOP_FAULT); /* it cannot go on */
        bench_destroy(b);
    }
}

static void test_trap_id_and_address_are_kept(void **state)
{
    struct bench *b = bench_create(PROGRAM(traps));

    (void)state;
    run(b);
    assert_int_equal(b->fake.group->fault.trap_id, 3);
    bench_destroy(b);
    b = bench_create(PROGRAM(fault));
    run(b);
    assert_int_equal(b->fake.group->fault.va, 0x40);
    assert_int_equal(b->fake.group->fault.access, ISA_ACCESS_READ);
    bench_destroy(b);
}

/* ---- with one ---- */

/* The handler lets trap 3 pass and gives up at trap 2. */
static void test_traps_enter_the_handler(void **state)
{
    struct bench *b = bench_create(PROGRAM(traps));

    (void)state;
    handler_install(b, PROGRAM(trap_handler));
    wave(b)->sgpr[ISA_REG_EXEC_LO] = 0x00ff00ff;
    wave(b)->sgpr[ISA_REG_M0] = 0x777;
    wave(b)->sgpr[ISA_REG_TTMP0 + 11] = 0xffffffff;
    wave(b)->status = 3 << 1;
    assert_int_equal(run(b), ISA_STOP_FAULT);
    assert_fault(b, ISA_FAULT_TRAP, 12);
    assert_int_equal(b->fake.group->fault.trap_id, 2);
    assert_true(b->fake.group->fault.reported);
    assert_int_equal(wave(b)->sgpr[4],
                     1); /* SCC survived the first trap; s4 = 99 was not reached */
    assert_int_equal(wave(b)->sgpr[ISA_REG_EXEC_LO], 0x00ff00ff);
    assert_int_equal(wave(b)->sgpr[ISA_REG_M0], 0x777);
    assert_int_equal(wave(b)->pc, FAKE_CODE_VA + 12);

    /* What the first level leaves to the second. */
    assert_int_equal(wave(b)->sgpr[ISA_REG_TTMP0], FAKE_CODE_VA + 12);
    assert_int_equal(wave(b)->sgpr[ISA_REG_TTMP0 + 1], 2 << 16);
    assert_int_equal(wave(b)->sgpr[ISA_REG_TTMP0 + 11], 0xff7fffff);
    assert_int_equal(wave(b)->sgpr[ISA_REG_TTMP0 + 12] & ISA_STATUS_SPI_PRIO, 0);
    assert_int_equal(wave(b)->sgpr[ISA_REG_TTMP0 + 14], TMA);
    assert_int_equal(wave(b)->status & ISA_STATUS_PRIV, 0);
    assert_int_equal(wave(b)->status & ISA_STATUS_HALT, ISA_STATUS_HALT);

    assert_int_equal(b->told.count, 2);
    assert_int_equal(b->told.message[0], ISA_MESSAGE_GET_DOORBELL);
    assert_int_equal(b->told.message[1], ISA_MESSAGE_INTERRUPT);
    assert_int_equal(b->told.m0[1], DOORBELL | 2 << 12);
    bench_destroy(b);
}

static void handler_reports(const uint32_t *words, size_t count, enum isa_fault_kind kind,
                            uint64_t pc, uint32_t trapsts)
{
    struct bench *b = bench_create(words, count);

    handler_install(b, PROGRAM(trap_handler));
    assert_int_equal(run(b), ISA_STOP_FAULT);
    assert_fault(b, kind, pc);
    assert_true(b->fake.group->fault.reported);
    assert_int_equal(b->told.count, 2);
    assert_int_equal(b->told.m0[1], DOORBELL | trapsts);
    assert_int_equal(wave(b)->trapsts, trapsts);
    bench_destroy(b);
}

static void test_faults_enter_the_handler(void **state)
{
    (void)state;
    handler_reports(PROGRAM(fault), ISA_FAULT_UNMAPPED, 8,
                    ISA_TRAPSTS_MEM_VIOL | ISA_TRAPSTS_XNACK_ERROR);
    handler_reports(PROGRAM(illegal), ISA_FAULT_ILLEGAL, 4, ISA_TRAPSTS_ILLEGAL_INST);
    handler_reports(PROGRAM(image), ISA_FAULT_UNSUPPORTED, 0, ISA_TRAPSTS_ILLEGAL_INST);
}

/* The first fault is what is told; there is no second chance. */
static void test_handler_that_faults(void **state)
{
    struct bench *b = bench_create(PROGRAM(illegal));

    (void)state;
    assert_true(rw_log_configure("error")); /* the warning is meant to come */
    handler_install(b, PROGRAM(bad_handler));
    assert_int_equal(run(b), ISA_STOP_FAULT);
    assert_fault(b, ISA_FAULT_ILLEGAL, 4);
    assert_false(b->fake.group->fault.reported);
    bench_destroy(b);
}

/* Outside of a trap handler s_rfe_b64 is illegal. */
static void test_return_without_trap(void **state)
{
    const uint32_t words[] = {0xbe802200, 0xbf810000}; /* s_rfe_b64 s[0:1]; s_endpgm */
    struct bench *b = bench_create(words, 2);

    (void)state;
    assert_int_equal(run(b), ISA_STOP_FAULT);
    assert_fault(b, ISA_FAULT_ILLEGAL, 0);
    bench_destroy(b);
}

/* ---- wave state ---- */

static void execute(struct bench *b, enum isa_op op, int32_t imm)
{
    struct isa_inst inst = {.op = (uint16_t)op, .enc = ISA_ENC_SOPP, .dwords = 1, .imm = imm};

    fake_execute(&b->fake, &inst);
}

static void test_modes_and_priorities(void **state)
{
    struct bench *b = bench_create(NULL, 0);

    (void)state;
    wave(b)->mode = 0xabcd00;
    execute(b, ISA_OP_s_round_mode, 0x5);
    execute(b, ISA_OP_s_denorm_mode, 0xa);
    assert_int_equal(wave(b)->mode, 0xabcda5);
    execute(b, ISA_OP_s_setprio, 2);
    assert_int_equal(isa_status_read(wave(b)) & ISA_STATUS_USER_PRIO, 2 << 3);
    execute(b, ISA_OP_s_setkill, 0);
    assert_int_equal(wave(b)->stop, ISA_STOP_NONE);
    execute(b, ISA_OP_s_setkill, 1);
    assert_int_equal(wave(b)->stop, ISA_STOP_END);
    execute(b, ISA_OP_s_sleep, 0);
    assert_int_equal(wave(b)->stop, ISA_STOP_NONE);
    execute(b, ISA_OP_s_code_end, 0);
    assert_int_equal(b->fake.group->fault.kind, ISA_FAULT_ILLEGAL);
    bench_destroy(b);
}

/* HALT waits for the end of the trap handler, FATAL_HALT does not. */
static void test_halting(void **state)
{
    struct bench *b = bench_create(NULL, 0);

    (void)state;
    wave(b)->status = ISA_STATUS_PRIV;
    execute(b, ISA_OP_s_sethalt, 1);
    assert_int_equal(wave(b)->stop, ISA_STOP_NONE);
    assert_int_equal(wave(b)->status, ISA_STATUS_PRIV | ISA_STATUS_HALT);
    execute(b, ISA_OP_s_sethalt, 0);
    assert_int_equal(wave(b)->status, ISA_STATUS_PRIV);
    execute(b, ISA_OP_s_sethalt, 5);
    assert_int_equal(wave(b)->stop, ISA_STOP_HALT);
    assert_int_equal(b->fake.group->fault.kind, ISA_FAULT_HALTED);

    wave(b)->status = 0;
    execute(b, ISA_OP_s_sendmsghalt, ISA_MESSAGE_INTERRUPT);
    assert_int_equal(wave(b)->stop, ISA_STOP_HALT);
    assert_int_equal(b->told.count, 1);
    bench_destroy(b);
}

static void test_conditional_debug_branches(void **state)
{
    static const enum isa_op ops[] = {ISA_OP_s_cbranch_cdbgsys, ISA_OP_s_cbranch_cdbguser,
                                      ISA_OP_s_cbranch_cdbgsys_or_user,
                                      ISA_OP_s_cbranch_cdbgsys_and_user};
    struct bench *b = bench_create(NULL, 0);

    (void)state;
    for (unsigned bits = 0; bits < 4; bits++) {
        const bool sys = bits & 1, user = bits & 2;
        const bool taken[] = {sys, user, sys || user, sys && user};

        wave(b)->status =
            (sys ? ISA_STATUS_COND_DBG_SYS : 0) | (user ? (uint32_t)ISA_STATUS_COND_DBG_USER : 0);
        for (unsigned i = 0; i < 4; i++) {
            execute(b, ops[i], -3);
            assert_int_equal(wave(b)->pc, FAKE_CODE_VA + 4 - (taken[i] ? 12 : 0));
        }
    }
    bench_destroy(b);
}

/* Every operation of these units is executed, except for those named here. */
static void test_every_operation_has_a_handler(void **state)
{
    static const enum isa_op missing[] = {
        ISA_OP_ds_ordered_count,      /* needs the global data share, which compute has not */
        ISA_OP_ds_condxchg32_rtn_b64, /* what it does is not documented */
    };

    (void)state;
    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        const unsigned unit = isa_ops[op].unit;
        bool expected = true;

        if (unit != ISA_UNIT_FLOW && unit != ISA_UNIT_SMEM && unit != ISA_UNIT_LDS &&
            unit != ISA_UNIT_VMEM)
            continue;
        for (unsigned i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
            expected = expected && op != missing[i];
        if (expected != (isa_handler_find((enum isa_op)op) != NULL))
            fail_msg("%s: handler %s", isa_ops[op].name, expected ? "missing" : "unexpected");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_messages_and_clocks),
        cmocka_unit_test(test_faults_stop_the_group),
        cmocka_unit_test(test_trap_id_and_address_are_kept),
        cmocka_unit_test(test_traps_enter_the_handler),
        cmocka_unit_test(test_faults_enter_the_handler),
        cmocka_unit_test(test_handler_that_faults),
        cmocka_unit_test(test_return_without_trap),
        cmocka_unit_test(test_modes_and_priorities),
        cmocka_unit_test(test_halting),
        cmocka_unit_test(test_conditional_debug_branches),
        cmocka_unit_test(test_every_operation_has_a_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
