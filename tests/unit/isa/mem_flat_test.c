/* SPDX-License-Identifier: MIT
 *
 * FLAT, GLOBAL and SCRATCH: every load, store and atomic at random addresses against the reference:
 * across windows, in LDS and scratch, with any EXEC; and the faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem_fake.h"
#include "mem_reference.h"
#include "softgpu/isa/spec/flags.h"
#include "tests/unit/random.h"

/* Two regions that follow each other in GPU memory and not in host memory, and a read-only one. */
enum {
    LOW_VA = 0x100000,
    LOW_BYTES = 8192,
    HIGH_BYTES = 4096,
    GLOBAL_BYTES = LOW_BYTES + HIGH_BYTES,
    SCRATCH_VA = 0x800000,
    SCRATCH_LANE_BYTES = 256,
    SCRATCH_BYTES = SCRATCH_LANE_BYTES * 64,
    LDS_BYTES = 1024,
    READONLY_VA = 0x200000,
};

enum { ADDR = 0, DATA = 8, DST = 16, ROWS = 24 };

enum space { SPACE_GLOBAL, SPACE_SCRATCH, SPACE_LDS };

/* All the memory there is, as the test believes it to be. */
struct model {
    uint8_t global[GLOBAL_BYTES];
    uint8_t scratch[SCRATCH_BYTES];
    uint8_t lds[LDS_BYTES];
    uint32_t vgpr[ROWS][64];
};

struct bench {
    struct fake_group fake;
    uint8_t low[LOW_BYTES], high[HIGH_BYTES], scratch[SCRATCH_BYTES], readonly[4096];
    struct model model;
    uint64_t random;
    struct isa_inst inst;
};

static struct isa_wave *bench_wave(struct bench *b)
{
    return &b->fake.group->waves[0];
}

static void bench_open(struct bench *b, unsigned lanes, uint64_t seed)
{
    struct fake_memory *memory = &b->fake.memory;

    fake_group_create(&b->fake, 1, lanes, LDS_BYTES, NULL, 0);
    fake_memory_map(memory, LOW_VA, b->low, LOW_BYTES, FAKE_RW);
    fake_memory_map(memory, LOW_VA + LOW_BYTES, b->high, HIGH_BYTES, FAKE_RW);
    fake_memory_map(memory, SCRATCH_VA, b->scratch, SCRATCH_BYTES, FAKE_RW);
    fake_memory_map(memory, READONLY_VA, b->readonly, sizeof(b->readonly), ISA_ACCESS_READ);
    bench_wave(b)->flat_scratch = SCRATCH_VA;
    bench_wave(b)->scratch_lane_bytes = SCRATCH_LANE_BYTES;
    b->random = seed;
}

static struct bench *bench_create(unsigned lanes, uint64_t seed)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    bench_open(b, lanes, seed);
    return b;
}

static void bench_destroy(struct bench *b)
{
    fake_group_destroy(&b->fake);
    free(b);
}

static void fill_random(struct bench *b, void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)data)[i] = (uint8_t)random_next(&b->random);
}

/* New contents everywhere; the model gets the same. */
static void bench_shuffle(struct bench *b)
{
    struct isa_wave *w = bench_wave(b);

    fill_random(b, &b->model, sizeof(b->model));
    memcpy(b->low, b->model.global, LOW_BYTES);
    memcpy(b->high, b->model.global + LOW_BYTES, HIGH_BYTES);
    memcpy(b->scratch, b->model.scratch, SCRATCH_BYTES);
    memcpy(w->lds, b->model.lds, LDS_BYTES);
    for (unsigned row = 0; row < ROWS; row++)
        memcpy(fake_vgpr(&b->fake, row, 0), b->model.vgpr[row], 4 * w->lanes);
}

static void bench_compare(struct bench *b)
{
    struct isa_wave *w = bench_wave(b);

    assert_int_equal(w->stop, ISA_STOP_NONE);
    assert_memory_equal(b->low, b->model.global, LOW_BYTES);
    assert_memory_equal(b->high, b->model.global + LOW_BYTES, HIGH_BYTES);
    assert_memory_equal(b->scratch, b->model.scratch, SCRATCH_BYTES);
    assert_memory_equal(w->lds, b->model.lds, LDS_BYTES);
    for (unsigned row = 0; row < ROWS; row++)
        assert_memory_equal(fake_vgpr(&b->fake, row, 0), b->model.vgpr[row], 4 * w->lanes);
}

/* ---- where a lane's bytes are ---- */

static uint8_t *model_byte(struct bench *b, enum space space, unsigned lane, uint64_t address)
{
    switch (space) {
    case SPACE_GLOBAL:
        return &b->model.global[address - LOW_VA];
    case SPACE_LDS:
        return &b->model.lds[address];
    default: /* dword i of every lane, then dword i + 1 of every lane ... */
        return &b->model.scratch[address / 4 * bench_wave(b)->lanes * 4 + lane * 4 + address % 4];
    }
}

static void model_read(struct bench *b, enum space space, unsigned lane, uint64_t address,
                       uint8_t *out, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = *model_byte(b, space, lane, address + i);
}

static void model_write(struct bench *b, enum space space, unsigned lane, uint64_t address,
                        const uint8_t *from, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *model_byte(b, space, lane, address + i) = from[i];
}

/* ---- random instructions ---- */

struct trial {
    enum space space[64];
    uint64_t address[64];
};

/* What the lanes' addresses have in common. */
enum pattern { PATTERN_RANDOM, PATTERN_DENSE, PATTERN_ONE_WINDOW, PATTERN_SAME, PATTERN_COUNT };

static uint64_t address_pick(struct bench *b, enum space space, enum pattern pattern, unsigned lane,
                             unsigned bytes, unsigned alignment)
{
    uint64_t room = space == SPACE_SCRATCH ? SCRATCH_LANE_BYTES : LDS_BYTES;

    if (space != SPACE_GLOBAL)
        return random_below(&b->random, (room - bytes) / alignment + 1) * alignment;
    switch (pattern) {
    case PATTERN_DENSE:
        return LOW_VA + 0x100 + lane * bytes;
    case PATTERN_SAME:
        return LOW_VA + 0x40;
    case PATTERN_ONE_WINDOW:
        room = LOW_BYTES;
        break;
    default: /* around the seam more often than not */
        if (random_below(&b->random, 2))
            return LOW_VA + LOW_BYTES - 64 + random_below(&b->random, 128 / alignment) * alignment;
        room = GLOBAL_BYTES;
    }
    return LOW_VA + random_below(&b->random, (room - bytes) / alignment + 1) * alignment;
}

static uint64_t flat_address(enum space space, uint64_t address)
{
    return address + (space == SPACE_SCRATCH ? 0x2000000000000
                      : space == SPACE_LDS   ? 0x1000000000000
                                             : 0);
}

/* Address operands that lead to t->address: a pair of VGPRs, or an SGPR base and offsets. */
static void operands_set(struct bench *b, enum isa_enc enc, const struct trial *t)
{
    struct isa_wave *w = bench_wave(b);
    int32_t imm = (int32_t)random_below(&b->random, 4096) - 2048;
    bool scalar = enc == ISA_ENC_SCRATCH || (enc == ISA_ENC_GLOBAL && random_below(&b->random, 2));
    uint64_t base =
        enc == ISA_ENC_SCRATCH ? random_next(&b->random) & 0xffffffff : LOW_VA - 0x10000;

    b->inst.imm = imm;
    b->inst.src[0] = ISA_REG_VGPR0 + ADDR;
    b->inst.mem.saddr = scalar ? 20 : ISA_REG_NONE;
    w->sgpr[20] = (uint32_t)base;
    w->sgpr[21] = (uint32_t)(base >> 32);
    for (unsigned lane = 0; lane < w->lanes; lane++) {
        uint64_t value = flat_address(t->space[lane], t->address[lane]) - (uint64_t)(int64_t)imm;

        if (enc == ISA_ENC_SCRATCH)
            value = t->address[lane] - (uint64_t)(int64_t)imm;
        if (scalar)
            value -= base;
        b->model.vgpr[ADDR][lane] = (uint32_t)value;
        if (!scalar)
            b->model.vgpr[ADDR + 1][lane] = (uint32_t)(value >> 32);
    }
    for (unsigned row = ADDR; row < ADDR + 2; row++)
        memcpy(fake_vgpr(&b->fake, row, 0), b->model.vgpr[row], 4 * w->lanes);
}

static uint64_t trial_prepare(struct bench *b, enum isa_op op, enum isa_enc enc, unsigned bytes,
                              unsigned alignment, struct trial *t)
{
    struct isa_wave *w = bench_wave(b);
    enum pattern pattern = (enum pattern)random_below(&b->random, PATTERN_COUNT);
    uint64_t exec = random_below(&b->random, 3) ? random_next(&b->random) : UINT64_MAX;

    bench_shuffle(b);
    memset(&b->inst, 0, sizeof(b->inst));
    b->inst.op = (uint16_t)op;
    b->inst.enc = (uint8_t)enc;
    b->inst.dwords = 2;
    b->inst.dst = ISA_REG_VGPR0 + DST;
    b->inst.src[1] = ISA_REG_VGPR0 + DATA;
    for (unsigned lane = 0; lane < w->lanes; lane++) {
        t->space[lane] = enc == ISA_ENC_SCRATCH ? SPACE_SCRATCH : SPACE_GLOBAL;
        if (enc == ISA_ENC_FLAT && pattern == PATTERN_RANDOM)
            t->space[lane] = (enum space)random_below(&b->random, 3);
        t->address[lane] = address_pick(b, t->space[lane], pattern, lane, bytes, alignment);
    }
    operands_set(b, enc, t);
    w->sgpr[ISA_REG_EXEC_LO] = (uint32_t)exec;
    w->sgpr[ISA_REG_EXEC_HI] = w->lanes == 64 ? (uint32_t)(exec >> 32) : 0;
    return isa_wave_exec(w);
}

static void try_load(struct bench *b, enum isa_op op, enum isa_enc enc, const char *suffix)
{
    struct ref_data data = ref_data_parse(suffix);
    struct trial t;
    uint64_t exec = trial_prepare(b, op, enc, data.bytes, 1, &t);

    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        uint32_t registers[4];
        uint8_t bytes[16];

        if (!(exec >> lane & 1))
            continue;
        for (unsigned d = 0; d < 4; d++)
            registers[d] = b->model.vgpr[DST + d][lane];
        model_read(b, t.space[lane], lane, t.address[lane], bytes, data.bytes);
        ref_load(data, bytes, registers);
        for (unsigned d = 0; d < 4; d++)
            b->model.vgpr[DST + d][lane] = registers[d];
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static void try_store(struct bench *b, enum isa_op op, enum isa_enc enc, const char *suffix)
{
    struct ref_data data = ref_data_parse(suffix);
    struct trial t;
    uint64_t exec = trial_prepare(b, op, enc, data.bytes, 1, &t);

    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        uint32_t registers[4];
        uint8_t bytes[16];

        if (!(exec >> lane & 1))
            continue;
        for (unsigned d = 0; d < 4; d++)
            registers[d] = b->model.vgpr[DATA + d][lane];
        ref_store(data, registers, bytes);
        model_write(b, t.space[lane], lane, t.address[lane], bytes, data.bytes);
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static uint64_t pair(const struct bench *b, unsigned row, unsigned lane, unsigned bits)
{
    uint64_t value = b->model.vgpr[row][lane];

    return bits == 64 ? value | (uint64_t)b->model.vgpr[row + 1][lane] << 32 : value;
}

/* Small numbers now and then, so that comparisons hit and counters wrap. */
static void operands_soften(struct bench *b, unsigned bits)
{
    struct isa_wave *w = bench_wave(b);

    for (unsigned lane = 0; lane < w->lanes; lane++) {
        if (random_below(&b->random, 2))
            continue;
        for (unsigned row = DATA; row < DATA + 4; row++) {
            uint32_t value = (uint32_t)random_below(&b->random, 4);

            if (bits == 64 && row % 2)
                value = 0;
            b->model.vgpr[row][lane] = *fake_vgpr(&b->fake, row, lane) = value;
        }
    }
    if (random_below(&b->random, 2)) { /* memory, too */
        memset(b->model.global, 0, GLOBAL_BYTES);
        memset(b->low, 0, LOW_BYTES);
        memset(b->high, 0, HIGH_BYTES);
    }
}

static void try_atomic(struct bench *b, enum isa_op op, enum isa_enc enc, const char *name,
                       unsigned bits)
{
    const unsigned bytes = bits / 8;
    const bool returns = random_below(&b->random, 2);
    struct trial t;
    uint64_t exec = trial_prepare(b, op, enc, bytes, bytes, &t);

    operands_soften(b, bits);
    b->inst.mem.glc = returns;
    if (!returns)
        b->inst.dst = ISA_REG_NONE;
    for (unsigned pass = 0; pass < 3; pass++) { /* spaces one after the other; lanes in order */
        for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
            uint64_t old = 0, value;

            if (!(exec >> lane & 1) || t.space[lane] != pass)
                continue;
            model_read(b, t.space[lane], lane, t.address[lane], (uint8_t *)&old, bytes);
            value = ref_atomic(name, bits, old, pair(b, DATA, lane, bits),
                               pair(b, DATA + bits / 32, lane, bits));
            model_write(b, t.space[lane], lane, t.address[lane], (uint8_t *)&value, bytes);
            if (!returns)
                continue;
            b->model.vgpr[DST][lane] = (uint32_t)old;
            if (bits == 64)
                b->model.vgpr[DST + 1][lane] = (uint32_t)(old >> 32);
        }
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static void try_operation(struct bench *b, enum isa_op op)
{
    static const struct {
        const char *prefix;
        enum isa_enc enc;
    } encodings[] = {
        {"flat_", ISA_ENC_FLAT}, {"global_", ISA_ENC_GLOBAL}, {"scratch_", ISA_ENC_SCRATCH}};
    const char *name = isa_ops[op].name;

    for (unsigned i = 0; i < 3; i++) {
        const char *rest = name + strlen(encodings[i].prefix);
        char atomic[32];
        char *x2;

        if (strncmp(name, encodings[i].prefix, strlen(encodings[i].prefix)) != 0 ||
            strstr(name, "addtid"))
            continue;
        if (strncmp(rest, "load_", 5) == 0) {
            try_load(b, op, encodings[i].enc, rest + 5);
        } else if (strncmp(rest, "store_", 6) == 0) {
            try_store(b, op, encodings[i].enc, rest + 6);
        } else {
            strncpy(atomic, rest + strlen("atomic_"), sizeof(atomic) - 1);
            atomic[sizeof(atomic) - 1] = 0;
            x2 = strstr(atomic, "_x2");
            if (x2)
                *x2 = 0;
            try_atomic(b, op, encodings[i].enc, atomic, x2 ? 64 : 32);
        }
    }
}

static void every_operation_agrees(unsigned lanes)
{
    struct bench *b = bench_create(lanes, 7 * lanes);
    unsigned operations = 0;

    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        if (isa_ops[op].unit != ISA_UNIT_VMEM || strstr(isa_ops[op].name, "buffer"))
            continue;
        for (unsigned i = 0; i < 60; i++)
            try_operation(b, (enum isa_op)op);
        operations++;
    }
    assert_int_equal(operations, 54 + 57 + 22);
    bench_destroy(b);
}

static void test_every_operation_wave32(void **state)
{
    (void)state;
    every_operation_agrees(32);
}

static void test_every_operation_wave64(void **state)
{
    (void)state;
    every_operation_agrees(64);
}

/* ---- single cases ---- */

static struct isa_inst memory_inst(enum isa_op op, enum isa_enc enc)
{
    return (struct isa_inst){
        .op = (uint16_t)op,
        .enc = (uint8_t)enc,
        .dwords = 2,
        .dst = ISA_REG_VGPR0 + DST,
        .src = {ISA_REG_VGPR0 + ADDR, ISA_REG_VGPR0 + DATA, ISA_REG_NONE, ISA_REG_NONE},
        .mem = {.saddr = ISA_REG_NONE},
    };
}

static void set_address(struct bench *b, unsigned lane, uint64_t va)
{
    *fake_vgpr(&b->fake, ADDR, lane) = (uint32_t)va;
    *fake_vgpr(&b->fake, ADDR + 1, lane) = (uint32_t)(va >> 32);
}

static void assert_fault(struct bench *b, enum isa_fault_kind kind, uint64_t va, unsigned lane)
{
    const struct isa_fault *fault = &b->fake.group->fault;

    assert_int_equal(bench_wave(b)->stop, ISA_STOP_FAULT);
    assert_int_equal(fault->kind, kind);
    assert_int_equal(fault->va, va);
    assert_int_equal(fault->lane, lane);
    assert_int_equal(fault->pc, FAKE_CODE_VA);
}

static void test_faults_name_lane_and_address(void **state)
{
    struct bench *b = bench_create(32, 1);
    struct isa_inst load = memory_inst(ISA_OP_global_load_dwordx4, ISA_ENC_GLOBAL);
    struct isa_inst store = memory_inst(ISA_OP_global_store_dword, ISA_ENC_GLOBAL);
    struct isa_inst atomic = memory_inst(ISA_OP_flat_atomic_add, ISA_ENC_FLAT);

    (void)state;
    for (unsigned lane = 0; lane < 32; lane++)
        set_address(b, lane, LOW_VA + 16 * lane);
    set_address(b, 9, 0xdead0000);
    set_address(b, 20, 0xbeef0000);
    fake_execute(&b->fake, &load);
    assert_fault(b, ISA_FAULT_UNMAPPED, 0xdead0000, 9);
    assert_int_equal(b->fake.group->fault.access, ISA_ACCESS_READ);

    /* The address is the first byte that is not there. */
    set_address(b, 9, LOW_VA + GLOBAL_BYTES - 8);
    set_address(b, 20, LOW_VA);
    fake_execute(&b->fake, &load);
    assert_fault(b, ISA_FAULT_UNMAPPED, LOW_VA + GLOBAL_BYTES, 9);

    set_address(b, 9, READONLY_VA + 4);
    fake_execute(&b->fake, &store);
    assert_fault(b, ISA_FAULT_PROTECTION, READONLY_VA + 4, 9);
    assert_int_equal(b->fake.group->fault.access, ISA_ACCESS_WRITE);
    fake_execute(&b->fake, &load); /* reading is allowed */
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_NONE);

    fake_execute(&b->fake, &atomic);
    assert_fault(b, ISA_FAULT_PROTECTION, READONLY_VA + 4, 9);
    set_address(b, 9, LOW_VA + 2);
    fake_execute(&b->fake, &atomic);
    assert_fault(b, ISA_FAULT_MISALIGNED, LOW_VA + 2, 9);
    bench_destroy(b);
}

static void test_disabled_lanes_do_not_fault(void **state)
{
    struct bench *b = bench_create(32, 2);
    struct isa_inst load = memory_inst(ISA_OP_global_load_dword, ISA_ENC_GLOBAL);
    struct isa_inst store = memory_inst(ISA_OP_flat_store_dword, ISA_ENC_FLAT);

    (void)state;
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 0; /* all addresses are 0 */
    fake_execute(&b->fake, &load);
    fake_execute(&b->fake, &store);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_NONE);
    assert_int_equal(b->fake.memory.finds, 0);
    bench_destroy(b);
}

static void test_apertures_have_ends(void **state)
{
    struct bench *b = bench_create(32, 3);
    struct isa_inst load = memory_inst(ISA_OP_flat_load_dword, ISA_ENC_FLAT);
    struct isa_inst scratch = memory_inst(ISA_OP_scratch_store_dwordx2, ISA_ENC_SCRATCH);
    struct isa_wave *w = bench_wave(b);

    (void)state;
    w->sgpr[ISA_REG_EXEC_LO] = 1u << 5;
    set_address(b, 5, w->shared_base + LDS_BYTES - 3);
    fake_execute(&b->fake, &load);
    assert_fault(b, ISA_FAULT_LDS_RANGE, w->shared_base + LDS_BYTES - 3, 5);
    set_address(b, 5, w->private_base + SCRATCH_LANE_BYTES);
    fake_execute(&b->fake, &load);
    assert_fault(b, ISA_FAULT_LDS_RANGE, w->private_base + SCRATCH_LANE_BYTES, 5);
    set_address(b, 5, SCRATCH_LANE_BYTES - 4);
    fake_execute(&b->fake, &scratch);
    assert_fault(b, ISA_FAULT_LDS_RANGE, w->private_base + SCRATCH_LANE_BYTES - 4, 5);
    set_address(b, 5, SCRATCH_LANE_BYTES - 8);
    fake_execute(&b->fake, &scratch);
    assert_int_equal(w->stop, ISA_STOP_NONE);
    bench_destroy(b);
}

static void test_scratch_without_vgpr_address(void **state)
{
    struct bench *b = bench_create(32, 4);
    struct isa_inst store = memory_inst(ISA_OP_scratch_store_dword, ISA_ENC_SCRATCH);

    (void)state;
    store.src[0] = ISA_REG_NONE;
    store.mem.saddr = 20;
    store.imm = 8;
    bench_wave(b)->sgpr[20] = 16;
    for (unsigned lane = 0; lane < 32; lane++)
        *fake_vgpr(&b->fake, DATA, lane) = 1000 + lane;
    fake_execute(&b->fake, &store);
    for (unsigned lane = 0; lane < 32; lane++)
        assert_int_equal(((uint32_t *)(void *)b->scratch)[6 * 32 + lane], 1000 + lane);
    bench_destroy(b);
}

static void test_addtid(void **state)
{
    struct bench *b = bench_create(32, 5);
    struct isa_inst load = memory_inst(ISA_OP_global_load_dword_addtid, ISA_ENC_GLOBAL);
    struct isa_inst store = memory_inst(ISA_OP_global_store_dword_addtid, ISA_ENC_GLOBAL);

    (void)state;
    load.mem.saddr = store.mem.saddr = 20;
    load.imm = store.imm = 64;
    bench_wave(b)->sgpr[20] = LOW_VA;
    for (unsigned lane = 0; lane < 32; lane++)
        *fake_vgpr(&b->fake, DATA, lane) = lane * lane;
    fake_execute(&b->fake, &store);
    fake_execute(&b->fake, &load);
    for (unsigned lane = 0; lane < 32; lane++) {
        assert_int_equal(((uint32_t *)(void *)b->low)[16 + lane], lane * lane);
        assert_int_equal(*fake_vgpr(&b->fake, DST, lane), lane * lane);
    }
    bench_destroy(b);
}

/* Windows are kept until the owner changes the epoch, and no longer. */
static void test_windows_follow_the_epoch(void **state)
{
    struct bench *b = bench_create(32, 6);
    struct isa_inst load = memory_inst(ISA_OP_global_load_dword, ISA_ENC_GLOBAL);
    uint32_t other[1024] = {[0] = 77};

    (void)state;
    for (unsigned lane = 0; lane < 32; lane++)
        set_address(b, lane, LOW_VA);
    memset(b->low, 1, sizeof(b->low));
    for (unsigned i = 0; i < 100; i++)
        fake_execute(&b->fake, &load);
    assert_int_equal(b->fake.memory.finds, 1);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 31), 0x01010101);

    fake_memory_unmap_all(&b->fake.memory);
    fake_memory_map(&b->fake.memory, LOW_VA, other, sizeof(other), ISA_ACCESS_READ);
    fake_execute(&b->fake, &load);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 31), 77);
    fake_memory_unmap_all(&b->fake.memory);
    fake_execute(&b->fake, &load);
    assert_fault(b, ISA_FAULT_UNMAPPED, LOW_VA, 0);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_wave32),
        cmocka_unit_test(test_every_operation_wave64),
        cmocka_unit_test(test_faults_name_lane_and_address),
        cmocka_unit_test(test_disabled_lanes_do_not_fault),
        cmocka_unit_test(test_apertures_have_ends),
        cmocka_unit_test(test_scratch_without_vgpr_address),
        cmocka_unit_test(test_addtid),
        cmocka_unit_test(test_windows_follow_the_epoch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
