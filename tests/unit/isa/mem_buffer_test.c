/* SPDX-License-Identifier: MIT
 *
 * Buffer instructions with random descriptors - linear, swizzled, with lane numbers, every way of
 * range checking - against a reference that follows the ISA guide's formulas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem_fake.h"
#include "mem_reference.h"
#include "softgpu/isa/exec/format.h"
#include "softgpu/isa/spec/flags.h"
#include "tests/unit/random.h"

enum {
    MEMORY_VA = 0x400000,
    MEMORY_BYTES = 1 << 16,
    SRD = 8, /* s[8:11] */
    SOFFSET = 12,
    ADDR = 0,
    DATA = 4,
    DST = 8,
    ROWS = 16,
    LDS_BYTES = 1024,
};

struct srd {
    uint64_t base;
    uint32_t stride, records, index_stride_field, format, oob, sel[4];
    bool swizzle, add_tid;
};

struct bench {
    struct fake_group fake;
    uint8_t memory[MEMORY_BYTES];
    uint8_t model[MEMORY_BYTES];
    uint32_t vgpr[ROWS][64];
    struct srd srd;
    uint32_t soffset;
    uint64_t random, exec;
    struct isa_inst inst;
};

static struct isa_wave *bench_wave(struct bench *b)
{
    return &b->fake.group->waves[0];
}

static struct bench *bench_create(unsigned lanes, uint64_t seed)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_group_create(&b->fake, 1, lanes, LDS_BYTES, NULL, 0);
    fake_memory_map(&b->fake.memory, MEMORY_VA, b->memory, MEMORY_BYTES, FAKE_RW);
    b->random = seed;
    return b;
}

static void bench_destroy(struct bench *b)
{
    fake_group_destroy(&b->fake);
    free(b);
}

static void bench_compare(struct bench *b)
{
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_NONE);
    assert_memory_equal(b->memory, b->model, MEMORY_BYTES);
    for (unsigned row = 0; row < ROWS; row++)
        assert_memory_equal(fake_vgpr(&b->fake, row, 0), b->vgpr[row], 4 * bench_wave(b)->lanes);
}

static void srd_load(struct bench *b)
{
    const struct srd *s = &b->srd;
    uint32_t *word = &bench_wave(b)->sgpr[SRD];

    word[0] = (uint32_t)s->base;
    word[1] = (uint32_t)(s->base >> 32) | s->stride << 16 | (uint32_t)s->swizzle << 31;
    word[2] = s->records;
    word[3] = s->sel[0] | s->sel[1] << 3 | s->sel[2] << 6 | s->sel[3] << 9 | s->format << 12 |
              s->index_stride_field << 21 | (uint32_t)s->add_tid << 23 | 1u << 24 | s->oob << 28;
    bench_wave(b)->sgpr[SOFFSET] = b->soffset;
}

/* A random machine state and a random buffer; addresses may well be out of range. */
static void bench_shuffle(struct bench *b)
{
    struct isa_wave *w = bench_wave(b);

    for (unsigned i = 0; i < MEMORY_BYTES; i += 8) {
        uint64_t value = random_next(&b->random);

        memcpy(&b->model[i], &value, 8);
    }
    memcpy(b->memory, b->model, MEMORY_BYTES);
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

    b->soffset = random_below(&b->random, 2) ? (uint32_t)random_below(&b->random, 64) * 4 : 0;
    b->srd = (struct srd){
        .base = MEMORY_VA + 4 * random_below(&b->random, 64),
        .stride = (uint32_t)random_below(&b->random, 2) * 4 * (uint32_t)random_below(&b->random, 9),
        .records = (uint32_t)random_below(&b->random, random_below(&b->random, 2) ? 64 : 2048),
        .swizzle = random_below(&b->random, 2),
        .index_stride_field = (uint32_t)random_below(&b->random, 4),
        .add_tid = random_below(&b->random, 2),
        .oob = (uint32_t)random_below(&b->random, 4),
        .format = (uint32_t)random_below(&b->random, 79),
    };
    for (unsigned i = 0; i < 4; i++)
        b->srd.sel[i] = (uint32_t)random_below(&b->random, 8);
    srd_load(b);
}

static void inst_prepare(struct bench *b, enum isa_op op)
{
    const bool typed = isa_ops[op].name[0] == 't';
    const bool idxen = random_below(&b->random, 2), offen = random_below(&b->random, 2);

    b->inst = (struct isa_inst){
        .op = (uint16_t)op,
        .enc = typed ? ISA_ENC_MTBUF : ISA_ENC_MUBUF,
        .dwords = 2,
        .dst = isa_ops[op].dst == ISA_T_NONE ? ISA_REG_NONE : ISA_REG_VGPR0 + DST,
        .src = {idxen || offen ? ISA_REG_VGPR0 + ADDR : ISA_REG_NONE, ISA_REG_VGPR0 + DATA, SRD,
                ISA_REG_NONE},
        .imm = (int32_t)random_below(&b->random, 2) * (int32_t)random_below(&b->random, 64),
        .mem = {.saddr = SOFFSET, .idxen = idxen, .offen = offen},
    };
    if (typed)
        b->inst.mem.format = (uint8_t)random_below(&b->random, 79);
    for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++) {
        unsigned row = ADDR;

        if (idxen)
            b->vgpr[row++][lane] = (uint32_t)random_below(&b->random, 80);
        if (offen)
            b->vgpr[row++][lane] = (uint32_t)random_below(&b->random, 80);
        for (row = ADDR; row < ADDR + 2; row++)
            *fake_vgpr(&b->fake, row, lane) = b->vgpr[row][lane];
    }
}

/* ---- the reference ---- */

static uint32_t lane_index(const struct bench *b, unsigned lane)
{
    return (b->inst.mem.idxen ? b->vgpr[ADDR][lane] : 0) + (b->srd.add_tid ? lane : 0);
}

static uint32_t lane_offset(const struct bench *b, unsigned lane)
{
    uint32_t vgpr = b->inst.mem.offen ? b->vgpr[ADDR + b->inst.mem.idxen][lane] : 0;

    return (uint32_t)b->inst.imm + vgpr;
}

/* Index into `model` of the byte at `offset` of a lane's index. */
static uint64_t byte_at(const struct bench *b, unsigned lane, uint32_t offset)
{
    const struct srd *s = &b->srd;
    uint64_t index = lane_index(b, lane), position, n = 8u << s->index_stride_field;

    if (s->swizzle) {
        uint64_t index_msb = index / n, index_lsb = index % n;
        uint64_t offset_msb = offset / 4, offset_lsb = offset % 4;

        position = (index_msb * s->stride + offset_msb * 4) * n + index_lsb * 4 + offset_lsb;
    } else {
        position = index * s->stride + offset;
    }
    return s->base + b->soffset + position - MEMORY_VA;
}

static bool out_of_range(const struct bench *b, unsigned lane, uint32_t offset, unsigned bytes)
{
    const struct srd *s = &b->srd;
    int64_t index = lane_index(b, lane), records = s->records;

    switch (s->oob) {
    case 0:
        return index >= records || offset + bytes > s->stride;
    case 1:
        return index >= records;
    case 2:
        return records == 0;
    default:
        if (s->swizzle && s->stride)
            return index >= records || offset + bytes > s->stride;
        return index * s->stride + offset + bytes > records - (int64_t)b->soffset;
    }
}

/* Whether all lanes' bytes lie in the test's memory at all. */
static bool fits(const struct bench *b, unsigned bytes)
{
    for (unsigned lane = 0; lane < 64; lane++) {
        if (b->exec >> lane & 1 &&
            byte_at(b, lane, lane_offset(b, lane) + bytes) >= MEMORY_BYTES - 1)
            return false;
    }
    return true;
}

static void model_read(const struct bench *b, unsigned lane, unsigned at, unsigned bytes,
                       uint8_t *out)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = b->model[byte_at(b, lane, lane_offset(b, lane) + at + i)];
}

static void model_write(struct bench *b, unsigned lane, unsigned at, unsigned bytes,
                        const uint8_t *from)
{
    for (unsigned i = 0; i < bytes; i++)
        b->model[byte_at(b, lane, lane_offset(b, lane) + at + i)] = from[i];
}

static void registers_get(const struct bench *b, unsigned row, unsigned lane, uint32_t out[4])
{
    for (unsigned d = 0; d < 4; d++)
        out[d] = b->vgpr[row + d][lane];
}

static void registers_set(struct bench *b, unsigned row, unsigned lane, const uint32_t from[4])
{
    for (unsigned d = 0; d < 4; d++)
        b->vgpr[row + d][lane] = from[d];
}

/* Lanes whole in range first, then dword by dword: overlapping stores happen in that order. */
static void reference_store(struct bench *b, struct ref_data data)
{
    for (unsigned pass = 0; pass < 1 + data.bytes / 4; pass++) {
        for (unsigned lane = 0; lane < 64; lane++) {
            uint32_t registers[4], offset = lane_offset(b, lane);
            uint8_t bytes[16];
            bool whole = !out_of_range(b, lane, offset, data.bytes);

            if (!(b->exec >> lane & 1))
                continue;
            registers_get(b, DATA, lane, registers);
            ref_store(data, registers, bytes);
            if (pass == 0 && whole)
                model_write(b, lane, 0, data.bytes, bytes);
            if (pass > 0 && !whole && !out_of_range(b, lane, offset + 4 * (pass - 1), 4))
                model_write(b, lane, 4 * (pass - 1), 4, bytes + 4 * (pass - 1));
        }
    }
}

static void reference_load(struct bench *b, struct ref_data data)
{
    unsigned piece = data.bytes < 4 ? data.bytes : 4;

    for (unsigned lane = 0; lane < 64; lane++) {
        uint32_t registers[4];
        uint8_t bytes[16] = {0};

        if (!(b->exec >> lane & 1))
            continue;
        for (unsigned at = 0; at < data.bytes; at += piece) {
            if (!out_of_range(b, lane, lane_offset(b, lane) + at, piece))
                model_read(b, lane, at, piece, bytes + at);
        }
        registers_get(b, DST, lane, registers);
        ref_load(data, bytes, registers);
        registers_set(b, DST, lane, registers);
    }
}

static void try_untyped(struct bench *b, enum isa_op op)
{
    const char *name = isa_ops[op].name;
    struct ref_data data = ref_data_parse(strchr(strchr(name, '_') + 1, '_') + 1);

    do {
        bench_shuffle(b);
        inst_prepare(b, op);
    } while (!fits(b, data.bytes));
    if (strstr(name, "load"))
        reference_load(b, data);
    else
        reference_store(b, data);
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static uint64_t operand(const struct bench *b, unsigned row, unsigned lane, unsigned bits)
{
    uint64_t value = b->vgpr[row][lane];

    return bits == 64 ? value | (uint64_t)b->vgpr[row + 1][lane] << 32 : value;
}

static void try_atomic(struct bench *b, enum isa_op op)
{
    char name[32];
    char *x2;
    unsigned bits, bytes;

    strncpy(name, strstr(isa_ops[op].name, "atomic_") + 7, sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    x2 = strstr(name, "_x2");
    bits = x2 ? 64 : 32;
    bytes = bits / 8;
    if (x2)
        *x2 = 0;
    do { /* aligned addresses */
        bench_shuffle(b);
        b->srd.base &= ~7ull, b->srd.stride &= ~7u, b->soffset &= ~7u;
        b->srd.swizzle = b->srd.swizzle && bits == 32;
        srd_load(b);
        inst_prepare(b, op);
        b->inst.imm &= ~7;
        for (unsigned row = ADDR; row < ADDR + 2; row++) {
            for (unsigned lane = 0; lane < bench_wave(b)->lanes; lane++)
                *fake_vgpr(&b->fake, row, lane) = b->vgpr[row][lane] &= ~7u;
        }
    } while (!fits(b, bytes));
    if (random_below(&b->random, 2))
        b->inst.dst = ISA_REG_NONE;
    for (unsigned lane = 0; lane < 64; lane++) {
        uint64_t old = 0, value;

        if (!(b->exec >> lane & 1))
            continue;
        if (!out_of_range(b, lane, lane_offset(b, lane), bytes)) {
            model_read(b, lane, 0, bytes, (uint8_t *)&old);
            value = ref_atomic(name, bits, old, operand(b, DATA, lane, bits),
                               operand(b, DATA + bits / 32, lane, bits));
            model_write(b, lane, 0, bytes, (uint8_t *)&value);
        }
        if (b->inst.dst == ISA_REG_NONE)
            continue;
        b->vgpr[DST][lane] = (uint32_t)old;
        if (bits == 64)
            b->vgpr[DST + 1][lane] = (uint32_t)(old >> 32);
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

/* ---- formatted ---- */

struct typed {
    unsigned count;
    bool load, d16, hi;
};

static struct typed typed_parse(const char *name)
{
    return (struct typed){
        .count = (unsigned)strlen(strrchr(name, '_') + 1),
        .load = strstr(name, "load") != NULL,
        .d16 = strstr(name, "d16") != NULL,
        .hi = strstr(name, "_hi") != NULL,
    };
}

static uint16_t to_d16(const struct isa_format *format, uint32_t value)
{
    return format && isa_format_is_integer(format) ? (uint16_t)value
                                                   : isa_format_f16_from_f32(value);
}

static uint32_t from_d16(const struct isa_format *format, uint16_t value)
{
    if (!isa_format_is_integer(format))
        return isa_format_f32_from_f16(value);
    return format->numeric == ISA_FORMAT_SINT ? (uint32_t)(int16_t)value : value;
}

static void reference_format_load(struct bench *b, const struct isa_format *format, struct typed t,
                                  unsigned lane)
{
    uint32_t value[4] = {0}, one = format && isa_format_is_integer(format) ? 1 : 0x3f800000;
    uint8_t element[16];
    uint32_t registers[4];

    if (format && !out_of_range(b, lane, lane_offset(b, lane), format->bytes)) {
        model_read(b, lane, 0, format->bytes, element);
        isa_format_unpack(format, element, value);
    }
    registers_get(b, DST, lane, registers);
    for (unsigned i = 0; i < t.count; i++) {
        uint32_t sel = b->inst.enc == ISA_ENC_MTBUF ? 4 + i : b->srd.sel[i];
        uint32_t v = sel >= 4 ? value[sel - 4] : sel == 1 ? one : 0;
        unsigned shift = t.hi || i % 2 ? 16 : 0;

        if (t.d16)
            registers[i / 2] =
                (registers[i / 2] & ~(0xffffu << shift)) | (uint32_t)to_d16(format, v) << shift;
        else
            registers[i] = v;
    }
    registers_set(b, DST, lane, registers);
}

static void reference_format_store(struct bench *b, const struct isa_format *format, struct typed t,
                                   unsigned lane)
{
    uint32_t registers[4], given[4] = {0}, value[4];
    uint8_t element[16];

    if (!format || out_of_range(b, lane, lane_offset(b, lane), format->bytes))
        return;
    registers_get(b, DATA, lane, registers);
    for (unsigned i = 0; i < t.count; i++)
        given[i] = t.d16
                       ? from_d16(format, (uint16_t)(registers[i / 2] >> (t.hi || i % 2 ? 16 : 0)))
                       : registers[i];
    memcpy(value, given, sizeof(value));
    for (unsigned c = 0; c < 4 && b->inst.enc == ISA_ENC_MUBUF; c++) {
        unsigned i = 0; /* the first register component that a load would take from there */

        while (i < 4 && b->srd.sel[i] != 4 + c)
            i++;
        value[c] = i < 4 ? given[i] : 0;
    }
    isa_format_pack(format, value, element);
    model_write(b, lane, 0, format->bytes, element);
}

static void try_formatted(struct bench *b, enum isa_op op)
{
    struct typed t = typed_parse(isa_ops[op].name);
    const struct isa_format *format;

    do {
        bench_shuffle(b);
        inst_prepare(b, op);
    } while (!fits(b, 16));
    format = isa_format_find(b->inst.enc == ISA_ENC_MTBUF ? b->inst.mem.format : b->srd.format);
    for (unsigned lane = 0; lane < 64; lane++) {
        if (!(b->exec >> lane & 1))
            continue;
        if (t.load)
            reference_format_load(b, format, t, lane);
        else
            reference_format_store(b, format, t, lane);
    }
    fake_execute(&b->fake, &b->inst);
    bench_compare(b);
}

static void every_operation_agrees(unsigned lanes)
{
    struct bench *b = bench_create(lanes, 13 * lanes);
    unsigned untyped = 0, formatted = 0, atomics = 0;

    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        const char *name = isa_ops[op].name;
        void (*try)(struct bench *, enum isa_op) = try_untyped;

        if (!strstr(name, "buffer_") || isa_ops[op].unit != ISA_UNIT_VMEM || strstr(name, "_inv"))
            continue;
        if (strstr(name, "format"))
            try = try_formatted, formatted++;
        else if (strstr(name, "atomic"))
            try = try_atomic, atomics++;
        else
            untyped++;
        for (unsigned i = 0; i < 60; i++)
            try(b, (enum isa_op)op);
    }
    assert_int_equal(untyped, 14 + 8);
    assert_int_equal(formatted, 18 + 16);
    assert_int_equal(atomics, 33);
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

/* The descriptor that ROCm gives programs for their scratch, used as unoptimised code does: the
 * stack pointer in an SGPR that counts for the whole wave, the variable's offset in the
 * instruction. FLAT instructions see the same bytes. */
static void test_scratch_descriptor_agrees_with_flat(void **state)
{
    (void)state;
    for (unsigned lanes = 32; lanes <= 64; lanes += 32) {
        struct bench *b = bench_create(lanes, 1);
        struct isa_wave *w = bench_wave(b);
        struct isa_inst store = {
            .op = ISA_OP_buffer_store_dwordx2,
            .enc = ISA_ENC_MUBUF,
            .dwords = 2,
            .dst = ISA_REG_NONE,
            .src = {ISA_REG_NONE, ISA_REG_VGPR0 + DATA, SRD, ISA_REG_NONE},
            .imm = 12,
            .mem = {.saddr = SOFFSET},
        };
        struct isa_inst load = {
            .op = ISA_OP_flat_load_dwordx2,
            .enc = ISA_ENC_FLAT,
            .dwords = 2,
            .dst = ISA_REG_VGPR0 + DST,
            .src = {ISA_REG_VGPR0 + ADDR, ISA_REG_NONE, ISA_REG_NONE, ISA_REG_NONE},
            .mem = {.saddr = ISA_REG_NONE},
        };

        b->srd = (struct srd){
            .base = MEMORY_VA,
            .records = MEMORY_BYTES,
            .swizzle = true,
            .add_tid = true,
            .index_stride_field = lanes == 64 ? 3 : 2,
            .oob = 2,
            .format = 20,
        };
        b->soffset = 32 * lanes; /* 32 bytes a lane */
        srd_load(b);
        w->flat_scratch = MEMORY_VA;
        w->scratch_lane_bytes = 256;
        for (unsigned lane = 0; lane < lanes; lane++) {
            *fake_vgpr(&b->fake, DATA, lane) = 100 + lane;
            *fake_vgpr(&b->fake, DATA + 1, lane) = 200 + lane;
            *fake_vgpr(&b->fake, ADDR, lane) = 32 + 12;
            *fake_vgpr(&b->fake, ADDR + 1, lane) = (uint32_t)(w->private_base >> 32);
        }
        fake_execute(&b->fake, &store);
        fake_execute(&b->fake, &load);
        for (unsigned lane = 0; lane < lanes; lane++) {
            assert_int_equal(*fake_vgpr(&b->fake, DST, lane), 100 + lane);
            assert_int_equal(*fake_vgpr(&b->fake, DST + 1, lane), 200 + lane);
        }
        bench_destroy(b);
    }
}

static void test_load_to_lds(void **state)
{
    struct bench *b = bench_create(32, 1);
    uint32_t *lds = (uint32_t *)(void *)bench_wave(b)->lds;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        ((uint32_t *)(void *)b->memory)[i] = 0x80 + i;
    b->srd = (struct srd){.base = MEMORY_VA, .records = 20 * 4, .oob = 3};
    srd_load(b);
    b->inst = (struct isa_inst){
        .op = ISA_OP_buffer_load_sbyte,
        .enc = ISA_ENC_MUBUF,
        .dwords = 2,
        .dst = ISA_REG_NONE,
        .src = {ISA_REG_VGPR0 + ADDR, ISA_REG_NONE, SRD, ISA_REG_NONE},
        .mem = {.saddr = ISA_REG_INT_0, .offen = 1, .lds = 1},
    };
    bench_wave(b)->sgpr[ISA_REG_M0] = 0x40;
    for (unsigned lane = 0; lane < 32; lane++)
        *fake_vgpr(&b->fake, ADDR, lane) = 4 * lane;
    memset(lds, 0x55, LDS_BYTES);
    fake_execute(&b->fake, &b->inst);
    for (unsigned lane = 0; lane < 32; lane++)
        assert_int_equal(lds[16 + lane], lane < 20 ? 0xffffff80 + lane : 0);
    assert_int_equal(lds[15], 0x55555555);
    assert_int_equal(lds[48], 0x55555555);
    bench_destroy(b);
}

static void test_tfe_adds_a_register(void **state)
{
    struct bench *b = bench_create(32, 1);

    (void)state;
    b->srd = (struct srd){.base = MEMORY_VA, .records = 4096, .oob = 3};
    srd_load(b);
    b->inst = (struct isa_inst){
        .op = ISA_OP_buffer_load_dwordx2,
        .enc = ISA_ENC_MUBUF,
        .dwords = 2,
        .dst = ISA_REG_VGPR0 + DST,
        .src = {ISA_REG_NONE, ISA_REG_NONE, SRD, ISA_REG_NONE},
        .mem = {.saddr = ISA_REG_INT_0, .tfe = 1},
    };
    *fake_vgpr(&b->fake, DST + 2, 3) = 99;
    *fake_vgpr(&b->fake, DST + 3, 3) = 98;
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(*fake_vgpr(&b->fake, DST + 2, 3), 0);
    assert_int_equal(*fake_vgpr(&b->fake, DST + 3, 3), 98);
    bench_destroy(b);
}

static void test_fault_behind_the_range_check(void **state)
{
    struct bench *b = bench_create(32, 1);

    (void)state;
    b->srd = (struct srd){.base = MEMORY_VA + MEMORY_BYTES, .records = 64, .oob = 3};
    srd_load(b);
    b->inst = (struct isa_inst){
        .op = ISA_OP_buffer_load_dword,
        .enc = ISA_ENC_MUBUF,
        .dwords = 2,
        .dst = ISA_REG_VGPR0 + DST,
        .src = {ISA_REG_NONE, ISA_REG_NONE, SRD, ISA_REG_NONE},
        .imm = 8,
        .mem = {.saddr = ISA_REG_INT_0},
    };
    fake_execute(&b->fake, &b->inst);
    assert_int_equal(b->fake.group->fault.kind, ISA_FAULT_UNMAPPED);
    assert_int_equal(b->fake.group->fault.va, MEMORY_VA + MEMORY_BYTES + 8);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_wave32),
        cmocka_unit_test(test_every_operation_wave64),
        cmocka_unit_test(test_scratch_descriptor_agrees_with_flat),
        cmocka_unit_test(test_load_to_lds),
        cmocka_unit_test(test_tfe_adds_a_register),
        cmocka_unit_test(test_fault_behind_the_range_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
