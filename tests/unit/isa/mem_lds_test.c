/* SPDX-License-Identifier: MIT
 *
 * DS instructions: loads, stores and atomics at random addresses, in range and not, against the
 * reference; movements between lanes against the ISA guide's pseudocode; global wave sync.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem_fake.h"
#include "mem_reference.h"
#include "softgpu/isa/gws.h"
#include "softgpu/isa/spec/flags.h"
#include "tests/unit/random.h"

enum { LDS_BYTES = 2048, ADDR = 0, DATA0 = 4, DATA1 = 8, DST = 12, ROWS = 16 };

struct bench {
    struct fake_group fake;
    uint8_t lds[LDS_BYTES];  /* what the test believes LDS to hold */
    uint32_t vgpr[ROWS][64]; /* and the registers */
    uint64_t random, exec;
    struct isa_inst inst;
};

static struct bench *bench_create(unsigned lanes, uint64_t seed)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_group_create(&b->fake, 1, lanes, LDS_BYTES, NULL, 0);
    b->random = seed;
    return b;
}

static void bench_destroy(struct bench *b)
{
    fake_group_destroy(&b->fake);
    free(b);
}

static struct isa_wave *bench_wave(struct bench *b)
{
    return &b->fake.group->waves[0];
}

static void bench_shuffle(struct bench *b)
{
    struct isa_wave *w = bench_wave(b);

    for (unsigned i = 0; i < LDS_BYTES; i++)
        w->lds[i] = b->lds[i] = (uint8_t)random_next(&b->random);
    for (unsigned row = 0; row < ROWS; row++) {
        for (unsigned lane = 0; lane < w->lanes; lane++)
            *fake_vgpr(&b->fake, row, lane) = b->vgpr[row][lane] =
                (uint32_t)random_next(&b->random);
    }
    b->exec = random_below(&b->random, 3) ? random_next(&b->random) : UINT64_MAX;
    if (w->lanes == 32)
        b->exec &= UINT32_MAX;
    w->sgpr[ISA_REG_EXEC_LO] = (uint32_t)b->exec;
    w->sgpr[ISA_REG_EXEC_HI] = (uint32_t)(b->exec >> 32);
}

static void bench_compare(struct bench *b)
{
    struct isa_wave *w = bench_wave(b);

    assert_int_equal(w->stop, ISA_STOP_NONE);
    assert_memory_equal(w->lds, b->lds, LDS_BYTES);
    for (unsigned row = 0; row < ROWS; row++)
        assert_memory_equal(fake_vgpr(&b->fake, row, 0), b->vgpr[row], 4 * w->lanes);
}

static void set_register(struct bench *b, unsigned row, unsigned lane, uint32_t value)
{
    *fake_vgpr(&b->fake, row, lane) = b->vgpr[row][lane] = value;
}

static void inst_prepare(struct bench *b, enum isa_op op, uint32_t offset)
{
    b->inst = (struct isa_inst){
        .op = (uint16_t)op,
        .enc = ISA_ENC_DS,
        .dwords = 2,
        .dst = isa_ops[op].dst == ISA_T_NONE ? ISA_REG_NONE : ISA_REG_VGPR0 + DST,
        .src = {ISA_REG_VGPR0 + ADDR, ISA_REG_VGPR0 + DATA0, ISA_REG_VGPR0 + DATA1, ISA_REG_NONE},
        .imm = (int32_t)offset,
    };
}

/* ---- the reference's LDS ---- */

static bool inside(uint32_t address, unsigned bytes)
{
    return address < LDS_BYTES && bytes <= LDS_BYTES - address;
}

static void lds_read(struct bench *b, uint32_t address, void *out, unsigned bytes)
{
    memset(out, 0, bytes);
    if (inside(address, bytes))
        memcpy(out, &b->lds[address], bytes);
}

static void lds_write(struct bench *b, uint32_t address, const void *from, unsigned bytes)
{
    if (inside(address, bytes))
        memcpy(&b->lds[address], from, bytes);
}

static uint32_t address_pick(struct bench *b, unsigned alignment)
{
    switch (random_below(&b->random, 8)) {
    case 0: /* near the end */
        return LDS_BYTES - 32 + (uint32_t)random_below(&b->random, 64 / alignment) * alignment;
    case 1: /* far away */
        return (uint32_t)random_next(&b->random) & ~(alignment - 1);
    case 2: /* the same for many lanes */
        return 64;
    default:
        return (uint32_t)random_below(&b->random, LDS_BYTES / alignment) * alignment;
    }
}

/* ---- loads and stores ---- */

/* One lane's part of a load or store; of two-address operations piece 0 or 1. */
static void reference_piece(struct bench *b, const char *name, unsigned lane, uint32_t address,
                            unsigned piece, struct ref_data data)
{
    const unsigned dwords = (data.bytes + 3) / 4;
    const bool load = strstr(name, "ds_read") != NULL;
    const unsigned row = load ? DST + piece * dwords : piece ? DATA1 : DATA0;
    uint32_t registers[4];
    uint8_t bytes[16];

    for (unsigned d = 0; d < dwords; d++)
        registers[d] = b->vgpr[row + d][lane];
    if (load) {
        lds_read(b, address, bytes, data.bytes);
        ref_load(data, bytes, registers);
    } else {
        ref_store(data, registers, bytes);
        lds_write(b, address, bytes, data.bytes);
    }
    for (unsigned d = 0; d < dwords; d++)
        b->vgpr[row + d][lane] = registers[d];
}

static void try_transfer(struct bench *b, enum isa_op op)
{
    const char *name = isa_ops[op].name;
    struct ref_data data = ref_data_parse(strchr(strchr(name, '_') + 1, '_') + 1);
    bool two = strstr(name, "read2") || strstr(name, "write2");
    unsigned unit = data.bytes * (strstr(name, "st64") ? 64 : 1);
    uint32_t offset[2] = {(uint32_t)random_below(&b->random, two ? 4 : 4096),
                          (uint32_t)random_below(&b->random, 4)};
    uint32_t base[64];

    bench_shuffle(b);
    inst_prepare(b, op, two ? offset[0] | offset[1] << 8 : offset[0]);
    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        base[lane] = address_pick(b, 1) - (two ? 0 : offset[0]);
        set_register(b, ADDR, lane, base[lane]);
    }
    for (unsigned piece = 0; piece < (two ? 2 : 1); piece++) {
        for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
            uint32_t address = base[lane] + offset[piece] * (two ? unit : 1);

            if (b->exec >> lane & 1)
                reference_piece(b, name, lane, address, piece, data);
        }
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

/* ---- atomics ---- */

/* The reference's name for ds_<name>[_rtn]_<type>. */
static const char *atomic_name(const char *ds)
{
    static const struct {
        const char *ds, *name;
    } names[] = {
        {"add_f", "fadd"}, {"add", "add"},     {"rsub", "rsub"},       {"sub", "sub"},
        {"inc", "inc"},    {"dec", "dec"},     {"min_i", "smin"},      {"max_i", "smax"},
        {"min_u", "umin"}, {"max_u", "umax"},  {"and", "and"},         {"or", "or"},
        {"xor", "xor"},    {"mskor", "mskor"}, {"cmpst_b", "cmpswap"}, {"cmpst_f", "fcmpswap"},
        {"min_f", "fmin"}, {"max_f", "fmax"},  {"wrxchg", "swap"},     {"wrap", "wrap"},
    };
    char plain[32];
    char *rtn;

    strncpy(plain, ds + 3, sizeof(plain) - 1);
    plain[sizeof(plain) - 1] = 0;
    rtn = strstr(plain, "_rtn");
    if (rtn)
        memmove(rtn, rtn + 4, strlen(rtn + 4) + 1);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(plain, names[i].ds, strlen(names[i].ds)) == 0)
            return names[i].name;
    }
    fail_msg("unknown atomic %s", ds);
    return NULL;
}

static uint64_t operand(const struct bench *b, unsigned row, unsigned lane, unsigned bits)
{
    uint64_t value = b->vgpr[row][lane];

    return bits == 64 ? value | (uint64_t)b->vgpr[row + 1][lane] << 32 : value;
}

static uint64_t float_add(uint64_t a, uint64_t b)
{
    uint32_t bits[2] = {(uint32_t)a, (uint32_t)b};
    float f[2];

    memcpy(f, bits, sizeof(f));
    f[0] = f[0] + f[1];
    memcpy(bits, f, sizeof(f));
    return bits[0];
}

/* Operands that are close to what LDS holds, and no NaNs: which NaN a sum gives is not specified.
 */
static void atomic_operands(struct bench *b, const char *name, unsigned bits)
{
    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        for (unsigned row = DATA0; row < DATA0 + 8; row++) {
            uint32_t value = (uint32_t)random_below(&b->random, 4);

            if (strcmp(name, "fadd") == 0)
                set_register(b, row, lane, b->vgpr[row][lane] & 0xbfffffff);
            else if (random_below(&b->random, 2))
                set_register(b, row, lane, bits == 64 && row % 2 ? 0 : value);
        }
    }
    for (unsigned i = 3; i < LDS_BYTES && strcmp(name, "fadd") == 0; i += 4)
        bench_wave(b)->lds[i] = b->lds[i] &= 0xbf;
    if (random_below(&b->random, 2) == 0) {
        memset(b->lds, 0, LDS_BYTES);
        memset(bench_wave(b)->lds, 0, LDS_BYTES);
    }
}

static void try_atomic(struct bench *b, enum isa_op op)
{
    const char *name = atomic_name(isa_ops[op].name);
    const unsigned bits = strstr(isa_ops[op].name, "64") ? 64 : 32, bytes = bits / 8;
    const bool two = isa_ops[op].src[2] != ISA_T_NONE;
    uint32_t offset = (uint32_t)random_below(&b->random, 512) * 8;

    bench_shuffle(b);
    atomic_operands(b, name, bits);
    inst_prepare(b, op, offset);
    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        uint32_t address = address_pick(b, bytes);
        uint64_t first = operand(b, DATA0, lane, bits), second = operand(b, DATA1, lane, bits);
        uint64_t old = 0, value;

        set_register(b, ADDR, lane, address - offset);
        if (!(b->exec >> lane & 1))
            continue;
        lds_read(b, address, &old, bytes);
        value = strcmp(name, "fadd") == 0
                    ? float_add(old, first)
                    : ref_atomic(name, bits, old, two ? second : first, two ? first : 0);
        lds_write(b, address, &value, bytes);
        if (b->inst.dst == ISA_REG_NONE)
            continue;
        b->vgpr[DST][lane] = (uint32_t)old;
        if (bits == 64)
            b->vgpr[DST + 1][lane] = (uint32_t)(old >> 32);
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static void every_operation_agrees(unsigned lanes)
{
    struct bench *b = bench_create(lanes, 11 * lanes);
    unsigned transfers = 0, atomics = 0;

    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        const char *name = isa_ops[op].name;

        if (isa_ops[op].unit != ISA_UNIT_LDS || strstr(name, "addtid") || strstr(name, "wrxchg2"))
            continue;
        if (isa_ops[op].flags & (ISA_F_LOAD | ISA_F_STORE)) {
            for (unsigned i = 0; i < 100; i++)
                try_transfer(b, (enum isa_op)op);
            transfers++;
        } else if (isa_ops[op].flags & ISA_F_ATOMIC && !strstr(name, "append") &&
                   !strstr(name, "consume") && !strstr(name, "ordered") &&
                   !strstr(name, "condxchg")) {
            for (unsigned i = 0; i < 100; i++)
                try_atomic(b, (enum isa_op)op);
            atomics++;
        }
    }
    assert_int_equal(transfers, 14 + 8 + 8);
    assert_int_equal(atomics, 34 * 2 + 2 + 3);
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

/* The results overwrite the operands, and both addresses may be the same. */
static void test_exchange_two(void **state)
{
    struct bench *b = bench_create(32, 1);
    uint32_t *lds = (uint32_t *)(void *)bench_wave(b)->lds;

    (void)state;
    inst_prepare(b, ISA_OP_ds_wrxchg2_rtn_b32, 1 | 3 << 8);
    b->inst.src[1] = ISA_REG_VGPR0 + DST + 1;
    b->inst.src[2] = ISA_REG_VGPR0 + DST;
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 1u << 7;
    lds[1] = 11, lds[3] = 33;
    *fake_vgpr(&b->fake, DST + 1, 7) = 100;
    *fake_vgpr(&b->fake, DST, 7) = 300;
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(lds[1], 100);
    assert_int_equal(lds[3], 300);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 7), 11);
    assert_int_equal(*fake_vgpr(&b->fake, DST + 1, 7), 33);

    inst_prepare(b, ISA_OP_ds_wrxchg2st64_rtn_b64, 0 | 1 << 8);
    *fake_vgpr(&b->fake, DATA0, 7) = 5, *fake_vgpr(&b->fake, DATA0 + 1, 7) = 6;
    *fake_vgpr(&b->fake, DATA1, 7) = 7, *fake_vgpr(&b->fake, DATA1 + 1, 7) = 8;
    lds[0] = 1, lds[1] = 2, lds[128] = 3, lds[129] = 4;
    fake_execute(&b->fake, &b->inst);
    for (unsigned d = 0; d < 4; d++)
        assert_int_equal(*fake_vgpr(&b->fake, DST + d, 7), 1 + d);
    assert_int_equal(lds[0], 5);
    assert_int_equal(lds[129], 8);
    bench_destroy(b);
}

static void test_misaligned_atomic_faults(void **state)
{
    struct bench *b = bench_create(32, 1);

    (void)state;
    inst_prepare(b, ISA_OP_ds_add_u32, 2);
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(b->fake.group->fault.kind, ISA_FAULT_MISALIGNED);
    bench_destroy(b);
}

static void test_append_and_consume(void **state)
{
    struct bench *b = bench_create(64, 1);
    uint32_t *lds = (uint32_t *)(void *)bench_wave(b)->lds;

    (void)state;
    lds[6] = 1000;
    bench_wave(b)->sgpr[ISA_REG_M0] = 16;
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 0xf0f0;
    bench_wave(b)->sgpr[ISA_REG_EXEC_HI] = 0x3;
    inst_prepare(b, ISA_OP_ds_append, 8);
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(lds[6], 1010);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 4), 1000);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 33), 1000);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 3), 0);
    inst_prepare(b, ISA_OP_ds_consume, 8);
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(lds[6], 1000);
    assert_int_equal(*fake_vgpr(&b->fake, DST, 4), 1010);
    bench_destroy(b);
}

static void test_addtid(void **state)
{
    struct bench *b = bench_create(32, 1);

    (void)state;
    bench_wave(b)->sgpr[ISA_REG_M0] = 0xffff0040;
    for (unsigned lane = 0; lane < 32; lane++)
        *fake_vgpr(&b->fake, DATA0, lane) = 7 * lane;
    inst_prepare(b, ISA_OP_ds_write_addtid_b32, 0x20);
    fake_execute(&b->fake, &b->inst);
    inst_prepare(b, ISA_OP_ds_read_addtid_b32, 0x20);
    fake_execute(&b->fake, &b->inst);
    for (unsigned lane = 0; lane < 32; lane++) {
        assert_int_equal(((uint32_t *)(void *)bench_wave(b)->lds)[0x18 + lane], 7 * lane);
        assert_int_equal(*fake_vgpr(&b->fake, DST, lane), 7 * lane);
    }
    bench_destroy(b);
}

/* MODE's denormal bits hold for the float add. */
static void test_float_add_denormals(void **state)
{
    struct bench *b = bench_create(32, 1);
    uint32_t *lds = (uint32_t *)(void *)bench_wave(b)->lds;

    (void)state;
    inst_prepare(b, ISA_OP_ds_add_f32, 0);
    bench_wave(b)->sgpr[ISA_REG_EXEC_LO] = 1;
    lds[0] = 3;
    *fake_vgpr(&b->fake, DATA0, 0) = 4;
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(lds[0], 7);
    bench_wave(b)->mode = 0;
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(lds[0], 0);
    bench_destroy(b);
}

static void test_global_data_share_is_unsupported(void **state)
{
    struct bench *b = bench_create(32, 1);

    (void)state;
    inst_prepare(b, ISA_OP_ds_read_b32, 0);
    b->inst.mem.gds = 1;
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(b->fake.group->fault.kind, ISA_FAULT_UNSUPPORTED);
    bench_destroy(b);
}

/* ---- movements between lanes ---- */

/* The ISA guide's four swizzle patterns, for lane i of 64. */
static unsigned reference_swizzle(unsigned i, uint32_t offset)
{
    unsigned j, mask = offset & 31;

    if (offset >= 0xe000) {
        j = 0;
        for (unsigned bit = 0; bit < 5; bit++)
            j = j * 2 + (i >> bit) % 2;
        for (unsigned bit = 0; bit < 5; bit++)
            j >>= mask >> bit & 1;
        return j | (i & mask) | (i & 32);
    }
    if (offset >= 0xc000) {
        int rotate = (int)(offset >> 5 & 31);

        if (offset >> 10 & 1)
            rotate = -rotate;
        j = (i & mask) | ((unsigned)((int)i + rotate) & ~mask & 31);
        return j | (i & 32);
    }
    if (offset & 0x8000)
        return i / 4 * 4 + (offset >> (i % 4 * 2)) % 4;
    return ((((i & 31) & mask) | (offset >> 5 & 31)) ^ (offset >> 10 & 31)) | (i & 32);
}

static void test_swizzle(void **state)
{
    struct bench *b = bench_create(64, 3);

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t offset = (uint32_t)random_next(&b->random) & 0xffff;

        bench_shuffle(b);
        inst_prepare(b, ISA_OP_ds_swizzle_b32, offset);
        for (unsigned lane = 0; lane < 64; lane++) {
            unsigned from = reference_swizzle(lane, offset);

            if (b->exec >> lane & 1)
                b->vgpr[DST][lane] = b->exec >> from & 1 ? b->vgpr[ADDR][from] : 0;
        }
        fake_execute(&b->fake, &b->inst);
        bench_compare(b);
    }
    bench_destroy(b);
}

static void try_permute(struct bench *b, bool backward)
{
    uint32_t offset = (uint32_t)random_below(&b->random, 64), result[64] = {0};
    unsigned lanes = bench_wave(b)->lanes;

    bench_shuffle(b);
    inst_prepare(b, backward ? ISA_OP_ds_bpermute_b32 : ISA_OP_ds_permute_b32, offset);
    b->inst.dst = ISA_REG_VGPR0 + DATA0; /* in place */
    for (unsigned lane = 0; lane < lanes; lane++) {
        unsigned other = (b->vgpr[ADDR][lane] + offset) / 4 % 32 + lane / 32 * 32;

        if (backward)
            result[lane] = b->exec >> other & 1 ? b->vgpr[DATA0][other] : 0;
        else if (b->exec >> lane & 1)
            result[other] = b->vgpr[DATA0][lane];
    }
    for (unsigned lane = 0; lane < lanes; lane++) {
        if (b->exec >> lane & 1)
            b->vgpr[DATA0][lane] = result[lane];
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static void test_permutes(void **state)
{
    (void)state;
    for (unsigned lanes = 32; lanes <= 64; lanes += 32) {
        struct bench *b = bench_create(lanes, lanes);

        for (unsigned i = 0; i < 500; i++)
            try_permute(b, i % 2);
        bench_destroy(b);
    }
}

/* ---- global wave sync ---- */

/* Three groups meet at a barrier, twice; each has one wave that yields until all have come. */
static void test_gws_barrier(void **state)
{
    struct bench *b[3];
    struct isa_gws *gws;

    (void)state;
    assert_true(rw_ok(isa_gws_create(&gws)));
    for (unsigned i = 0; i < 3; i++) {
        b[i] = bench_create(32, i);
        b[i]->fake.host.gws = gws;
        bench_wave(b[i])->sgpr[ISA_REG_M0] = 4 << 16;
        *fake_vgpr(&b[i]->fake, ADDR, 0) = 2; /* two more */
    }
    inst_prepare(b[0], ISA_OP_ds_gws_init, 3);
    fake_execute(&b[0]->fake, &b[0]->inst);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3; i++) {
            inst_prepare(b[i], ISA_OP_ds_gws_barrier, 3);
            fake_execute(&b[i]->fake, &b[i]->inst);
            assert_int_equal(bench_wave(b[i])->stop, i < 2 ? ISA_STOP_YIELD : ISA_STOP_NONE);
            assert_int_equal(bench_wave(b[i])->pc, FAKE_CODE_VA + (i < 2 ? 0 : 8));
            fake_execute(&b[0]->fake, &b[0]->inst); /* again: must not count twice */
            if (i < 2)
                assert_int_equal(bench_wave(b[0])->stop, ISA_STOP_YIELD);
        }
        assert_int_equal(bench_wave(b[0])->stop, ISA_STOP_NONE);
        fake_execute(&b[1]->fake, &b[1]->inst);
        assert_int_equal(bench_wave(b[1])->stop, ISA_STOP_NONE);
    }
    for (unsigned i = 0; i < 3; i++)
        bench_destroy(b[i]);
    isa_gws_destroy(gws);
}

static void test_gws_semaphore(void **state)
{
    struct bench *b = bench_create(32, 1);
    struct isa_inst p, v;

    (void)state;
    assert_true(rw_ok(isa_gws_create(&b->fake.host.gws)));
    inst_prepare(b, ISA_OP_ds_gws_sema_p, 0);
    p = b->inst;
    inst_prepare(b, ISA_OP_ds_gws_sema_v, 0);
    v = b->inst;
    fake_execute(&b->fake, &p);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_YIELD);
    fake_execute(&b->fake, &v);
    fake_execute(&b->fake, &p);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_NONE);
    fake_execute(&b->fake, &p);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_YIELD);
    inst_prepare(b, ISA_OP_ds_gws_sema_release_all, 0);
    fake_execute(&b->fake, &b->inst);
    fake_execute(&b->fake, &p);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_NONE);
    *fake_vgpr(&b->fake, ADDR, 0) = 2;
    inst_prepare(b, ISA_OP_ds_gws_sema_br, 0);
    fake_execute(&b->fake, &b->inst);
    for (unsigned i = 0; i < 3; i++) {
        fake_execute(&b->fake, &p);
        assert_int_equal(bench_wave(b)->stop, i < 2 ? ISA_STOP_NONE : ISA_STOP_YIELD);
    }
    isa_gws_destroy(b->fake.host.gws);
    bench_destroy(b);
}

static void test_gws_needs_a_queue_that_has_it(void **state)
{
    struct bench *b = bench_create(32, 1);

    (void)state;
    inst_prepare(b, ISA_OP_ds_gws_barrier, 0);
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(b->fake.group->fault.kind, ISA_FAULT_UNSUPPORTED);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_wave32),
        cmocka_unit_test(test_every_operation_wave64),
        cmocka_unit_test(test_exchange_two),
        cmocka_unit_test(test_misaligned_atomic_faults),
        cmocka_unit_test(test_append_and_consume),
        cmocka_unit_test(test_addtid),
        cmocka_unit_test(test_float_add_denormals),
        cmocka_unit_test(test_global_data_share_is_unsupported),
        cmocka_unit_test(test_swizzle),
        cmocka_unit_test(test_permutes),
        cmocka_unit_test(test_gws_barrier),
        cmocka_unit_test(test_gws_semaphore),
        cmocka_unit_test(test_gws_needs_a_queue_that_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
