/* SPDX-License-Identifier: MIT
 *
 * Scalar memory: loads of every width, offsets, alignment, buffer ranges, loads across windows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem_fake.h"
#include "tests/unit/random.h"

enum { LOW_VA = 0x100000, BYTES = 4096, BASE = 8, SOFFSET = 20, DST = 32 };

struct bench {
    struct fake_group fake;
    uint8_t low[BYTES], high[BYTES]; /* they follow each other in GPU memory */
    uint8_t all[2 * BYTES];          /* both */
    uint64_t random;
};

static const struct {
    enum isa_op load, buffer_load;
    unsigned dwords;
} widths[] = {
    {ISA_OP_s_load_dword, ISA_OP_s_buffer_load_dword, 1},
    {ISA_OP_s_load_dwordx2, ISA_OP_s_buffer_load_dwordx2, 2},
    {ISA_OP_s_load_dwordx4, ISA_OP_s_buffer_load_dwordx4, 4},
    {ISA_OP_s_load_dwordx8, ISA_OP_s_buffer_load_dwordx8, 8},
    {ISA_OP_s_load_dwordx16, ISA_OP_s_buffer_load_dwordx16, 16},
};

static struct bench *bench_create(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_group_create(&b->fake, 1, 32, 0, NULL, 0);
    fake_memory_map(&b->fake.memory, LOW_VA, b->low, BYTES, ISA_ACCESS_READ);
    fake_memory_map(&b->fake.memory, LOW_VA + BYTES, b->high, BYTES, ISA_ACCESS_READ);
    for (unsigned i = 0; i < 2 * BYTES; i++)
        b->all[i] = (uint8_t)random_next(&b->random);
    memcpy(b->low, b->all, BYTES);
    memcpy(b->high, b->all + BYTES, BYTES);
    return b;
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

static struct isa_inst smem_inst(enum isa_op op, int32_t imm, bool soffset)
{
    return (struct isa_inst){
        .op = (uint16_t)op,
        .enc = ISA_ENC_SMEM,
        .dwords = 2,
        .dst = DST,
        .src = {BASE, ISA_REG_NONE, ISA_REG_NONE, ISA_REG_NONE},
        .imm = imm,
        .mem = {.saddr = soffset ? SOFFSET : ISA_REG_NONE},
    };
}

/* s[DST..] are `dwords` dwords of memory at `va`, from dword `valid` on 0; then untouched. */
static void assert_loaded(struct bench *b, uint64_t va, unsigned dwords, unsigned valid)
{
    for (unsigned i = 0; i < dwords; i++) {
        uint32_t want = 0;

        if (i < valid)
            memcpy(&want, &b->all[va - LOW_VA + 4 * i], 4);
        assert_int_equal(wave(b)->sgpr[DST + i], want);
    }
    assert_int_equal(wave(b)->sgpr[DST + dwords], 0x5a5a5a5a);
}

static void test_loads(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        unsigned width = (unsigned)random_below(&b->random, 5), dwords = widths[width].dwords;
        uint64_t va = LOW_VA + random_below(&b->random, 2 * BYTES - 64) / 4 * 4;
        int32_t imm = (int32_t)random_below(&b->random, 1 << 21) - (1 << 20);
        bool soffset = random_below(&b->random, 2);
        uint32_t extra = soffset ? (uint32_t)random_next(&b->random) : 0;
        struct isa_inst inst = smem_inst(widths[width].load, imm, soffset);
        uint64_t base = va - extra - (uint64_t)(int64_t)imm;

        if (random_below(&b->random, 2)) /* around the seam */
            va = va % 64 + LOW_VA + BYTES - 32, base = va - extra - (uint64_t)(int64_t)imm;
        va &= ~3ull;
        memset(&wave(b)->sgpr[DST], 0x5a, 20 * 4);
        wave(b)->sgpr[BASE] = (uint32_t)base;
        wave(b)->sgpr[BASE + 1] = (uint32_t)(base >> 32);
        wave(b)->sgpr[SOFFSET] = extra;
        fake_execute(&b->fake, &inst);
        assert_int_equal(wave(b)->stop, ISA_STOP_NONE);
        assert_loaded(b, va, dwords, dwords);
    }
    bench_destroy(b);
}

static void test_buffer_loads(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        unsigned width = (unsigned)random_below(&b->random, 5), dwords = widths[width].dwords;
        uint32_t records = (uint32_t)random_below(&b->random, 256);
        uint32_t stride = random_below(&b->random, 2) ? (uint32_t)random_below(&b->random, 8) : 0;
        uint32_t offset = (uint32_t)random_below(&b->random, 300);
        uint32_t range = stride ? stride * records : records;
        uint32_t valid = offset / 4 * 4 < range ? (range - offset / 4 * 4) / 4 : 0;
        struct isa_inst inst =
            smem_inst(widths[width].buffer_load, (int32_t)offset - (int32_t)offset / 2, true);

        memset(&wave(b)->sgpr[DST], 0x5a, 20 * 4);
        wave(b)->sgpr[BASE] = LOW_VA + BYTES - 128;
        wave(b)->sgpr[BASE + 1] = stride << 16;
        wave(b)->sgpr[BASE + 2] = records;
        wave(b)->sgpr[BASE + 3] = 0;
        wave(b)->sgpr[SOFFSET] = offset / 2;
        fake_execute(&b->fake, &inst);
        assert_int_equal(wave(b)->stop, ISA_STOP_NONE);
        assert_loaded(b, LOW_VA + BYTES - 128 + offset / 4 * 4, dwords, valid);
    }
    bench_destroy(b);
}

/* The two low bits of an address do not count; results may overwrite the base. */
static void test_low_bits_and_overlap(void **state)
{
    struct bench *b = bench_create();
    struct isa_inst inst = smem_inst(ISA_OP_s_load_dwordx4, 5, false);

    (void)state;
    inst.dst = BASE;
    wave(b)->sgpr[BASE] = LOW_VA + 2;
    fake_execute(&b->fake, &inst);
    assert_memory_equal(&wave(b)->sgpr[BASE], b->all + 4, 16);
    bench_destroy(b);
}

static void test_fault_leaves_registers(void **state)
{
    struct bench *b = bench_create();
    struct isa_inst inst = smem_inst(ISA_OP_s_load_dwordx8, 0, false);
    const struct isa_fault *fault = &b->fake.group->fault;

    (void)state;
    wave(b)->sgpr[BASE] = LOW_VA + 2 * BYTES - 16;
    wave(b)->sgpr[DST] = 77;
    fake_execute(&b->fake, &inst);
    assert_int_equal(fault->kind, ISA_FAULT_UNMAPPED);
    assert_int_equal(fault->va, LOW_VA + 2 * BYTES);
    assert_int_equal(wave(b)->sgpr[DST], 77);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_buffer_loads),
        cmocka_unit_test(test_low_bits_and_overlap),
        cmocka_unit_test(test_fault_leaves_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
