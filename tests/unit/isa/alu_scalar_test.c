/* SPDX-License-Identifier: MIT
 *
 * Scalar operations against plain references on edge and random values, with both values of SCC;
 * what they do to EXEC, the program counter and hardware registers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alu_machine.h"
#include "softgpu/isa/exec/status.h"

enum { S_A = 10, S_B = 14, S_D = 20 };

typedef __int128 wide;

struct scalar {
    uint64_t a, b; /* sources, as wide as they are */
    uint64_t old;  /* what the destination held */
    bool scc;
    uint64_t d; /* results */
    bool out_scc;
};

typedef void scalar_reference(struct scalar *x);

#define U32(v) ((wide)(uint32_t)(v))
#define I32(v) ((wide)(int32_t)(uint32_t)(v))
#define U64(v) ((wide)(v))
#define I64(v) ((wide)(int64_t)(v))

static bool fits_i32(wide value)
{
    return value >= INT32_MIN && value <= INT32_MAX;
}

static unsigned bit_of(wide value, unsigned index)
{
    return (unsigned)(value >> index & 1);
}

static unsigned count_ones(wide value, unsigned bits)
{
    unsigned count = 0;

    for (unsigned i = 0; i < bits; i++)
        count += bit_of(value, i);
    return count;
}

/* The first bit from the bottom or the top that is `what`; all ones when there is none. */
static uint32_t find(wide value, unsigned bits, bool from_top, unsigned what)
{
    for (unsigned i = 0; i < bits; i++)
        if (bit_of(value, from_top ? bits - 1 - i : i) == what)
            return i;
    return 0xffffffff;
}

/* Bits [width+offset) of `value`, extended when it is negative as a field of that width. */
static uint64_t extract(wide value, unsigned offset, unsigned width, bool is_signed)
{
    wide field = 0;

    if (width > 64)
        width = 64;
    for (unsigned i = 0; i < width; i++)
        field |= (wide)bit_of(value, offset + i) << i;
    if (is_signed && width && bit_of(field, width - 1))
        field -= (wide)1 << width;
    return (uint64_t)field;
}

#define REFERENCE(op) static void ref_##op(struct scalar *x)
/* A result and what SCC becomes. */
#define GIVES(op, result, scc_becomes)                                                             \
    REFERENCE(op)                                                                                  \
    {                                                                                              \
        wide r = (result);                                                                         \
                                                                                                   \
        x->d = (uint64_t)r;                                                                        \
        x->out_scc = (scc_becomes);                                                                \
    }
#define NONZERO32 ((uint32_t)x->d != 0)
#define NONZERO64 (x->d != 0)
#define KEPT      (x->scc)

GIVES(s_add_u32, U32(x->a) + U32(x->b), r >> 32)
GIVES(s_sub_u32, U32(x->a) - U32(x->b), r < 0)
GIVES(s_add_i32, I32(x->a) + I32(x->b), !fits_i32(r))
GIVES(s_sub_i32, I32(x->a) - I32(x->b), !fits_i32(r))
GIVES(s_addc_u32, U32(x->a) + U32(x->b) + x->scc, r >> 32)
GIVES(s_subb_u32, U32(x->a) - U32(x->b) - x->scc, r < 0)
GIVES(s_min_i32, I32(x->a) < I32(x->b) ? x->a : x->b, I32(x->a) < I32(x->b))
GIVES(s_min_u32, U32(x->a) < U32(x->b) ? x->a : x->b, U32(x->a) < U32(x->b))
GIVES(s_max_i32, I32(x->a) > I32(x->b) ? x->a : x->b, I32(x->a) > I32(x->b))
GIVES(s_max_u32, U32(x->a) > U32(x->b) ? x->a : x->b, U32(x->a) > U32(x->b))
GIVES(s_cselect_b32, x->scc ? x->a : x->b, KEPT)
GIVES(s_cselect_b64, x->scc ? x->a : x->b, KEPT)
GIVES(s_and_b32, x->a & x->b, NONZERO32)
GIVES(s_and_b64, x->a & x->b, NONZERO64)
GIVES(s_or_b32, x->a | x->b, NONZERO32)
GIVES(s_or_b64, x->a | x->b, NONZERO64)
GIVES(s_xor_b32, x->a ^ x->b, NONZERO32)
GIVES(s_xor_b64, x->a ^ x->b, NONZERO64)
GIVES(s_andn2_b32, x->a & ~x->b, NONZERO32)
GIVES(s_andn2_b64, x->a & ~x->b, NONZERO64)
GIVES(s_orn2_b32, x->a | ~x->b, NONZERO32)
GIVES(s_orn2_b64, x->a | ~x->b, NONZERO64)
GIVES(s_nand_b32, ~(x->a & x->b), NONZERO32)
GIVES(s_nand_b64, ~(x->a & x->b), NONZERO64)
GIVES(s_nor_b32, ~(x->a | x->b), NONZERO32)
GIVES(s_nor_b64, ~(x->a | x->b), NONZERO64)
GIVES(s_xnor_b32, ~(x->a ^ x->b), NONZERO32)
GIVES(s_xnor_b64, ~(x->a ^ x->b), NONZERO64)
GIVES(s_lshl_b32, U32(x->a) << x->b % 32, NONZERO32)
GIVES(s_lshl_b64, U64(x->a) << x->b % 64, NONZERO64)
GIVES(s_lshr_b32, U32(x->a) >> x->b % 32, NONZERO32)
GIVES(s_lshr_b64, U64(x->a) >> x->b % 64, NONZERO64)
GIVES(s_ashr_i32, I32(x->a) >> x->b % 32, NONZERO32)
GIVES(s_ashr_i64, I64(x->a) >> x->b % 64, NONZERO64)
GIVES(s_bfm_b32, (((wide)1 << x->a % 32) - 1) << x->b % 32, KEPT)
GIVES(s_bfm_b64, (((wide)1 << x->a % 64) - 1) << x->b % 64, KEPT)
GIVES(s_mul_i32, I32(x->a) * I32(x->b), KEPT)
GIVES(s_mul_hi_u32, U32(x->a) * U32(x->b) >> 32, KEPT)
GIVES(s_mul_hi_i32, I32(x->a) * I32(x->b) >> 32, KEPT)
GIVES(s_bfe_u32, extract(U32(x->a), x->b % 32, x->b >> 16 & 127, false), NONZERO32)
GIVES(s_bfe_i32, extract(I32(x->a), x->b % 32, x->b >> 16 & 127, true), NONZERO32)
GIVES(s_bfe_u64, extract(U64(x->a), x->b % 64, x->b >> 16 & 127, false), NONZERO64)
GIVES(s_bfe_i64, extract(I64(x->a), x->b % 64, x->b >> 16 & 127, true), NONZERO64)
GIVES(s_lshl1_add_u32, U32(x->a) * 2 + U32(x->b), r >> 32)
GIVES(s_lshl2_add_u32, U32(x->a) * 4 + U32(x->b), r >> 32)
GIVES(s_lshl3_add_u32, U32(x->a) * 8 + U32(x->b), r >> 32)
GIVES(s_lshl4_add_u32, U32(x->a) * 16 + U32(x->b), r >> 32)
GIVES(s_pack_ll_b32_b16, (x->a & 0xffff) + (x->b & 0xffff) * 65536, KEPT)
GIVES(s_pack_lh_b32_b16, (x->a & 0xffff) + (x->b >> 16) * 65536, KEPT)
GIVES(s_pack_hh_b32_b16, (x->a >> 16) + (x->b >> 16) * 65536, KEPT)

/* The difference wraps before it is made positive. */
GIVES(s_absdiff_i32, I32(x->a - x->b) < 0 ? -I32(x->a - x->b) : I32(x->a - x->b), NONZERO32)
GIVES(s_abs_i32, I32(x->a) < 0 ? -I32(x->a) : I32(x->a), NONZERO32)

GIVES(s_mov_b32, x->a, KEPT)
GIVES(s_mov_b64, x->a, KEPT)
GIVES(s_cmov_b32, x->scc ? x->a : x->old, KEPT)
GIVES(s_cmov_b64, x->scc ? x->a : x->old, KEPT)
GIVES(s_not_b32, ~x->a, NONZERO32)
GIVES(s_not_b64, ~x->a, NONZERO64)
GIVES(s_bcnt0_i32_b32, 32 - count_ones(U32(x->a), 32), NONZERO32)
GIVES(s_bcnt0_i32_b64, 64 - count_ones(U64(x->a), 64), NONZERO32)
GIVES(s_bcnt1_i32_b32, count_ones(U32(x->a), 32), NONZERO32)
GIVES(s_bcnt1_i32_b64, count_ones(U64(x->a), 64), NONZERO32)
GIVES(s_ff0_i32_b32, find(U32(x->a), 32, false, 0), KEPT)
GIVES(s_ff0_i32_b64, find(U64(x->a), 64, false, 0), KEPT)
GIVES(s_ff1_i32_b32, find(U32(x->a), 32, false, 1), KEPT)
GIVES(s_ff1_i32_b64, find(U64(x->a), 64, false, 1), KEPT)
GIVES(s_flbit_i32_b32, find(U32(x->a), 32, true, 1), KEPT)
GIVES(s_flbit_i32_b64, find(U64(x->a), 64, true, 1), KEPT)
GIVES(s_flbit_i32, find(U32(x->a), 32, true, !bit_of(U32(x->a), 31)), KEPT)
GIVES(s_flbit_i32_i64, find(U64(x->a), 64, true, !bit_of(U64(x->a), 63)), KEPT)
GIVES(s_sext_i32_i8, extract(U32(x->a), 0, 8, true), KEPT)
GIVES(s_sext_i32_i16, extract(U32(x->a), 0, 16, true), KEPT)
GIVES(s_bitset0_b32, U64(x->old) & ~((wide)1 << x->a % 32), KEPT)
GIVES(s_bitset0_b64, U64(x->old) & ~((wide)1 << x->a % 64), KEPT)
GIVES(s_bitset1_b32, U64(x->old) | (wide)1 << x->a % 32, KEPT)
GIVES(s_bitset1_b64, U64(x->old) | (wide)1 << x->a % 64, KEPT)

static uint64_t reversed(uint64_t value, unsigned bits)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < bits; i++)
        r |= (uint64_t)bit_of(U64(value), i) << (bits - 1 - i);
    return r;
}

/* Bits of the quad that bit i lies in. */
static bool quad_has_any(uint64_t value, unsigned i)
{
    return value >> (i & ~3u) & 15;
}

static uint64_t quads(uint64_t value, unsigned bits, bool whole)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < bits; i++)
        if (quad_has_any(value, i))
            r |= UINT64_C(1) << (whole ? i : i / 4);
    return r;
}

GIVES(s_brev_b32, reversed(x->a, 32), KEPT)
GIVES(s_brev_b64, reversed(x->a, 64), KEPT)
GIVES(s_wqm_b32, quads(x->a, 32, true), NONZERO32)
GIVES(s_wqm_b64, quads(x->a, 64, true), NONZERO64)
GIVES(s_quadmask_b32, quads(x->a, 32, false), NONZERO32)
GIVES(s_quadmask_b64, quads(x->a, 64, false), NONZERO64)

REFERENCE(s_bitreplicate_b64_b32)
{
    for (unsigned i = 0; i < 64; i++)
        x->d |= (uint64_t)bit_of(U32(x->a), i / 2) << i;
    x->out_scc = KEPT;
}

#define COMPARE(op, condition) GIVES(op, x->old, condition)
COMPARE(s_cmp_eq_i32, I32(x->a) == I32(x->b))
COMPARE(s_cmp_lg_i32, I32(x->a) != I32(x->b))
COMPARE(s_cmp_gt_i32, I32(x->a) > I32(x->b))
COMPARE(s_cmp_ge_i32, I32(x->a) >= I32(x->b))
COMPARE(s_cmp_lt_i32, I32(x->a) < I32(x->b))
COMPARE(s_cmp_le_i32, I32(x->a) <= I32(x->b))
COMPARE(s_cmp_eq_u32, U32(x->a) == U32(x->b))
COMPARE(s_cmp_lg_u32, U32(x->a) != U32(x->b))
COMPARE(s_cmp_gt_u32, U32(x->a) > U32(x->b))
COMPARE(s_cmp_ge_u32, U32(x->a) >= U32(x->b))
COMPARE(s_cmp_lt_u32, U32(x->a) < U32(x->b))
COMPARE(s_cmp_le_u32, U32(x->a) <= U32(x->b))
COMPARE(s_cmp_eq_u64, x->a == x->b)
COMPARE(s_cmp_lg_u64, x->a != x->b)
COMPARE(s_bitcmp0_b32, !bit_of(U32(x->a), x->b % 32))
COMPARE(s_bitcmp1_b32, bit_of(U32(x->a), x->b % 32))
COMPARE(s_bitcmp0_b64, !bit_of(U64(x->a), x->b % 64))
COMPARE(s_bitcmp1_b64, bit_of(U64(x->a), x->b % 64))

#define ROW(op)                                                                                    \
    {                                                                                              \
#op, ref_##op                                                                              \
    }

static const struct {
    const char *name;
    scalar_reference *reference;
} references[] = {
    ROW(s_add_u32),
    ROW(s_sub_u32),
    ROW(s_add_i32),
    ROW(s_sub_i32),
    ROW(s_addc_u32),
    ROW(s_subb_u32),
    ROW(s_min_i32),
    ROW(s_min_u32),
    ROW(s_max_i32),
    ROW(s_max_u32),
    ROW(s_cselect_b32),
    ROW(s_cselect_b64),
    ROW(s_and_b32),
    ROW(s_and_b64),
    ROW(s_or_b32),
    ROW(s_or_b64),
    ROW(s_xor_b32),
    ROW(s_xor_b64),
    ROW(s_andn2_b32),
    ROW(s_andn2_b64),
    ROW(s_orn2_b32),
    ROW(s_orn2_b64),
    ROW(s_nand_b32),
    ROW(s_nand_b64),
    ROW(s_nor_b32),
    ROW(s_nor_b64),
    ROW(s_xnor_b32),
    ROW(s_xnor_b64),
    ROW(s_lshl_b32),
    ROW(s_lshl_b64),
    ROW(s_lshr_b32),
    ROW(s_lshr_b64),
    ROW(s_ashr_i32),
    ROW(s_ashr_i64),
    ROW(s_bfm_b32),
    ROW(s_bfm_b64),
    ROW(s_mul_i32),
    ROW(s_mul_hi_u32),
    ROW(s_mul_hi_i32),
    ROW(s_bfe_u32),
    ROW(s_bfe_i32),
    ROW(s_bfe_u64),
    ROW(s_bfe_i64),
    ROW(s_lshl1_add_u32),
    ROW(s_lshl2_add_u32),
    ROW(s_lshl3_add_u32),
    ROW(s_lshl4_add_u32),
    ROW(s_pack_ll_b32_b16),
    ROW(s_pack_lh_b32_b16),
    ROW(s_pack_hh_b32_b16),
    ROW(s_absdiff_i32),
    ROW(s_abs_i32),
    ROW(s_mov_b32),
    ROW(s_mov_b64),
    ROW(s_cmov_b32),
    ROW(s_cmov_b64),
    ROW(s_not_b32),
    ROW(s_not_b64),
    ROW(s_bcnt0_i32_b32),
    ROW(s_bcnt0_i32_b64),
    ROW(s_bcnt1_i32_b32),
    ROW(s_bcnt1_i32_b64),
    ROW(s_ff0_i32_b32),
    ROW(s_ff0_i32_b64),
    ROW(s_ff1_i32_b32),
    ROW(s_ff1_i32_b64),
    ROW(s_flbit_i32_b32),
    ROW(s_flbit_i32_b64),
    ROW(s_flbit_i32),
    ROW(s_flbit_i32_i64),
    ROW(s_sext_i32_i8),
    ROW(s_sext_i32_i16),
    ROW(s_bitset0_b32),
    ROW(s_bitset0_b64),
    ROW(s_bitset1_b32),
    ROW(s_bitset1_b64),
    ROW(s_brev_b32),
    ROW(s_brev_b64),
    ROW(s_wqm_b32),
    ROW(s_wqm_b64),
    ROW(s_quadmask_b32),
    ROW(s_quadmask_b64),
    ROW(s_cmp_eq_i32),
    ROW(s_cmp_lg_i32),
    ROW(s_cmp_gt_i32),
    ROW(s_cmp_ge_i32),
    ROW(s_cmp_lt_i32),
    ROW(s_cmp_le_i32),
    ROW(s_cmp_eq_u32),
    ROW(s_cmp_lg_u32),
    ROW(s_cmp_gt_u32),
    ROW(s_cmp_ge_u32),
    ROW(s_cmp_lt_u32),
    ROW(s_cmp_le_u32),
    ROW(s_cmp_eq_u64),
    ROW(s_cmp_lg_u64),
    ROW(s_bitcmp0_b32),
    ROW(s_bitcmp1_b32),
    ROW(s_bitcmp0_b64),
    ROW(s_bitcmp1_b64),
    ROW(s_bitreplicate_b64_b32),
};

/* ---- running ---- */

static struct isa_inst scalar_inst(enum isa_op op)
{
    const struct isa_op_info *info = &isa_ops[op];

    return (struct isa_inst){
        .op = (uint16_t)op,
        .dwords = 1,
        .dst = info->dst ? S_D : ISA_REG_NONE,
        .dst2 = ISA_REG_NONE,
        .src = {info->src[0] ? S_A : ISA_REG_NONE, info->src[1] ? S_B : ISA_REG_NONE, ISA_REG_NONE,
                ISA_REG_NONE},
    };
}

static uint64_t narrowed(enum isa_type type, uint64_t value)
{
    return isa_type_dwords(type, 32) == 2 ? value : (uint32_t)value;
}

static void check(struct alu_machine *machine, size_t row, uint64_t a, uint64_t b, bool scc)
{
    enum isa_op op = alu_op_find(references[row].name);
    const struct isa_op_info *info = &isa_ops[op];
    enum isa_type type = (enum isa_type)info->dst;
    struct isa_inst inst = scalar_inst(op);
    struct scalar x = {.a = narrowed((enum isa_type)info->src[0], a),
                       .b = narrowed((enum isa_type)info->src[1], b),
                       .old = alu_random(),
                       .scc = scc};

    alu_sgpr_pair_set(machine, S_A, a);
    alu_sgpr_pair_set(machine, S_B, b);
    alu_sgpr_pair_set(machine, S_D, x.old);
    machine->w->scc = scc;
    references[row].reference(&x);
    alu_execute(machine, &inst);

    uint64_t got = alu_sgpr_pair(machine, S_D);
    uint64_t expected = isa_type_dwords(type, 32) == 2 ? x.d
                                                       : (type ? (uint32_t)x.d : (uint32_t)x.old) |
                                                             (x.old & 0xffffffff00000000);

    if (got != expected || machine->w->scc != x.out_scc)
        fail_msg("%s(%#lx, %#lx) scc %d: %#lx scc %u, should be %#lx scc %d", references[row].name,
                 x.a, x.b, scc, got, machine->w->scc, expected, x.out_scc);
}

static void arithmetic(void **state)
{
    struct alu_machine machine;

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    for (size_t row = 0; row < sizeof(references) / sizeof(references[0]); row++) {
        const struct isa_op_info *info = &isa_ops[alu_op_find(references[row].name)];
        size_t a_count, b_count;
        const uint64_t *a = alu_edges((enum isa_type)info->src[0], &a_count);
        const uint64_t *b = alu_edges((enum isa_type)info->src[1], &b_count);

        for (size_t i = 0; i < a_count * b_count; i++) {
            check(&machine, row, a[i % a_count], b[i / a_count], i & 1);
            check(&machine, row, a[i % a_count], b[i / a_count], !(i & 1));
            check(&machine, row, alu_random(), alu_random(), i & 1);
            /* A bit field's offset and width. */
            check(&machine, row, alu_random(), (alu_random() & 0x7f003f), i & 1);
        }
    }
    alu_machine_destroy(&machine);
}

/* ---- SOPK ---- */

static void constants(void **state)
{
    static const int16_t constants_16[] = {0, 1, -1, 0x7fff, -0x8000, 0x1234};
    struct alu_machine machine;
    size_t count;
    const uint64_t *edges = alu_edges(ISA_T_B32, &count);

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    for (size_t i = 0; i < count * 6; i++) {
        uint32_t a = (uint32_t)edges[i / 6];
        int32_t k = constants_16[i % 6];
        static const char *const names[] = {"eq", "lg", "gt", "ge", "lt", "le"};
        const bool i_results[] = {(int32_t)a == k, (int32_t)a != k, (int32_t)a > k,
                                  (int32_t)a >= k, (int32_t)a < k,  (int32_t)a <= k};
        uint32_t u = (uint16_t)k;
        const bool u_results[] = {a == u, a != u, a > u, a >= u, a < u, a <= u};
        struct isa_inst inst;

        for (unsigned c = 0; c < 6; c++) {
            for (unsigned s = 0; s < 2; s++) {
                char name[32];

                snprintf(name, sizeof(name), "s_cmpk_%s_%s", names[c], s ? "i32" : "u32");
                inst = scalar_inst(alu_op_find(name));
                inst.imm = k;
                machine.w->sgpr[S_A] = a;
                alu_execute(&machine, &inst);
                assert_int_equal(machine.w->scc, s ? i_results[c] : u_results[c]);
            }
        }

        inst = scalar_inst(ISA_OP_s_addk_i32);
        inst.src[0] = inst.dst;
        inst.imm = k;
        machine.w->sgpr[S_D] = a;
        alu_execute(&machine, &inst);
        assert_int_equal(machine.w->sgpr[S_D], a + (uint32_t)k);
        assert_int_equal(machine.w->scc, !fits_i32(I32(a) + k));

        inst.op = ISA_OP_s_mulk_i32;
        machine.w->sgpr[S_D] = a;
        alu_execute(&machine, &inst);
        assert_int_equal(machine.w->sgpr[S_D], (uint32_t)(I32(a) * k));

        inst.op = ISA_OP_s_movk_i32;
        alu_execute(&machine, &inst);
        assert_int_equal(machine.w->sgpr[S_D], (uint32_t)k);
        inst.op = ISA_OP_s_cmovk_i32;
        for (unsigned scc = 0; scc < 2; scc++) {
            machine.w->sgpr[S_D] = 99;
            machine.w->scc = scc;
            alu_execute(&machine, &inst);
            assert_int_equal(machine.w->sgpr[S_D], scc ? (uint32_t)k : 99);
        }
    }
    alu_machine_destroy(&machine);
}

/* ---- EXEC ---- */

#define COMBINE(name, expr)                                                                        \
    static uint64_t combine_##name(uint64_t s, uint64_t exec)                                      \
    {                                                                                              \
        return expr;                                                                               \
    }
COMBINE(and, s &exec)
COMBINE(or, s | exec)
COMBINE(xor, s ^ exec)
COMBINE(andn2, s & ~exec)
COMBINE(orn2, s | ~exec)
COMBINE(nand, ~(s &exec))
COMBINE(nor, ~(s | exec))
COMBINE(xnor, ~(s ^ exec))
COMBINE(andn1, ~s &exec)
COMBINE(orn1, ~s | exec)

static const struct {
    const char *name;
    uint64_t (*combine)(uint64_t s, uint64_t exec);
} exec_operations[] = {
    {"and", combine_and},     {"or", combine_or},     {"xor", combine_xor},
    {"andn2", combine_andn2}, {"orn2", combine_orn2}, {"nand", combine_nand},
    {"nor", combine_nor},     {"xnor", combine_xnor}, {"andn1", combine_andn1},
    {"orn1", combine_orn1},
};

static void check_exec(struct alu_machine *machine, size_t i, const char *form, unsigned bits)
{
    static const uint64_t values[] = {0, 0xf0f00f0f12345678, 0xffffffff, UINT64_MAX};
    char name[32];

    snprintf(name, sizeof(name), "s_%s_%s_b%u", exec_operations[i].name, form, bits);
    for (unsigned v = 0; v < 16; v++) {
        struct isa_inst inst = scalar_inst(alu_op_find(name));
        uint64_t source = values[v % 4], old = values[v / 4];
        uint64_t mask = bits == 64 ? UINT64_MAX : UINT32_MAX;
        uint64_t now = exec_operations[i].combine(source, old) & mask;
        uint64_t saved = (strcmp(form, "saveexec") == 0 ? old : now) & mask;

        alu_sgpr_pair_set(machine, S_A, source);
        alu_sgpr_pair_set(machine, S_D, 0);
        alu_exec_set(machine, old);
        alu_execute(machine, &inst);
        assert_int_equal(alu_sgpr_pair(machine, S_D), saved);
        assert_int_equal(alu_sgpr_pair(machine, ISA_REG_EXEC_LO), now | (old & ~mask));
        assert_int_equal(machine->w->scc, now != 0);
    }
}

static void exec(void **state)
{
    struct alu_machine machine;

    (void)state;
    alu_machine_create(&machine, 64, isa_valu_level_best());
    for (size_t i = 0; i < sizeof(exec_operations) / sizeof(exec_operations[0]); i++) {
        check_exec(&machine, i, "saveexec", 32);
        check_exec(&machine, i, "saveexec", 64);
    }
    check_exec(&machine, 8, "wrexec", 32);
    check_exec(&machine, 8, "wrexec", 64);
    check_exec(&machine, 3, "wrexec", 32);
    check_exec(&machine, 3, "wrexec", 64);
    alu_machine_destroy(&machine);
}

/* A block that runs for the lower half of a wave64, then for the upper one. */
static void subvector_loop(void **state)
{
    struct alu_machine machine;
    struct isa_inst begin = scalar_inst(ISA_OP_s_subvector_loop_begin);
    struct isa_inst end = scalar_inst(ISA_OP_s_subvector_loop_end);

    (void)state;
    alu_machine_create(&machine, 64, isa_valu_level_best());
    begin.imm = 10;
    end.imm = -5;
    machine.w->pc = 0x1000;
    alu_exec_set(&machine, 0);
    alu_execute(&machine, &begin);
    assert_int_equal(machine.w->pc, 0x1000 + 40);

    machine.w->pc = 0x1000;
    alu_exec_set(&machine, 0x0000000300000005); /* both halves */
    alu_execute(&machine, &begin);
    assert_int_equal(machine.w->pc, 0x1000);
    assert_int_equal(alu_sgpr_pair(&machine, ISA_REG_EXEC_LO), 5);
    alu_execute(&machine, &end);
    assert_int_equal(machine.w->pc, 0x1000 - 20);
    assert_int_equal(alu_sgpr_pair(&machine, ISA_REG_EXEC_LO), 0x300000000);
    machine.w->pc = 0x1000;
    alu_execute(&machine, &end);
    assert_int_equal(machine.w->pc, 0x1000);
    assert_int_equal(alu_sgpr_pair(&machine, ISA_REG_EXEC_LO), 0x300000005);

    alu_exec_set(&machine, 0x300000000); /* the upper half only */
    alu_execute(&machine, &begin);
    alu_execute(&machine, &end);
    assert_int_equal(machine.w->pc, 0x1000);
    assert_int_equal(alu_sgpr_pair(&machine, ISA_REG_EXEC_LO), 0x300000000);
    alu_machine_destroy(&machine);
}

/* ---- program counter ---- */

static void program_counter(void **state)
{
    struct alu_machine machine;
    struct isa_inst inst = scalar_inst(ISA_OP_s_getpc_b64);

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    machine.w->pc = 0x123456789004;
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, S_D), 0x123456789004);

    inst = scalar_inst(ISA_OP_s_call_b64);
    inst.imm = -2;
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, S_D), 0x123456789004);
    assert_int_equal(machine.w->pc, 0x123456788ffc);

    inst = scalar_inst(ISA_OP_s_swappc_b64);
    inst.dst = S_A; /* where the target is, too */
    alu_sgpr_pair_set(&machine, S_A, 0x7f0000001000);
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, S_A), 0x123456788ffc);
    assert_int_equal(machine.w->pc, 0x7f0000001000);

    inst = scalar_inst(ISA_OP_s_setpc_b64);
    alu_execute(&machine, &inst);
    assert_int_equal(machine.w->pc, 0x123456788ffc);
    alu_machine_destroy(&machine);
}

/* ---- registers ---- */

static void relative_moves(void **state)
{
    static const struct {
        enum isa_op op;
        uint32_t m0;
        unsigned from, to, dwords;
    } cases[] = {
        {ISA_OP_s_movrels_b32, 5, S_A + 5, S_D, 1},
        {ISA_OP_s_movrels_b64, 6, S_A + 6, S_D, 2},
        {ISA_OP_s_movrels_b32, 500, 0, S_D, 1},
        {ISA_OP_s_movreld_b32, 5, S_A, S_D + 5, 1},
        {ISA_OP_s_movreld_b64, 6, S_A, S_D + 6, 2},
        {ISA_OP_s_movreld_b32, 500, 0, 0, 0},
        {ISA_OP_s_movrelsd_2_b32, 20 << 16 | 10, S_A + 10, S_D + 20, 1},
    };
    struct alu_machine machine;

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct isa_inst inst = scalar_inst(cases[i].op);

        for (unsigned reg = 0; reg < 106; reg++)
            machine.w->sgpr[reg] = 7000 + reg;
        machine.w->sgpr[ISA_REG_M0] = cases[i].m0;
        alu_execute(&machine, &inst);
        for (unsigned reg = 0; reg < 106; reg++) {
            bool moved = reg - cases[i].to < cases[i].dwords;

            assert_int_equal(machine.w->sgpr[reg],
                             7000 + (moved ? reg - cases[i].to + cases[i].from : reg));
        }
    }
    alu_machine_destroy(&machine);
}

static void special_destinations(void **state)
{
    struct alu_machine machine;
    struct isa_inst inst = scalar_inst(ISA_OP_s_mov_b64);

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    alu_sgpr_pair_set(&machine, S_A, 0x1111222233334444);
    inst.dst = ISA_REG_NULL;
    alu_execute(&machine, &inst);
    assert_int_equal(machine.w->sgpr[ISA_REG_NULL], 0);
    assert_int_equal(machine.w->sgpr[ISA_REG_EXEC_LO], 0xffffffff);

    inst.dst = ISA_REG_TTMP0; /* only inside the trap handler */
    alu_execute(&machine, &inst);
    assert_int_equal(machine.w->sgpr[ISA_REG_TTMP0], 0);
    machine.w->status |= ISA_STATUS_PRIV;
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, ISA_REG_TTMP0), 0x1111222233334444);

    inst.dst = S_D;
    inst.src[0] = 242; /* 1.0 is an f64 in 64 bits */
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, S_D), 0x3ff0000000000000);
    inst.src[0] = ISA_REG_LITERAL;
    inst.literal = 0xffffffff;
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, S_D), 0xffffffff);
    inst.src[0] = 193;
    alu_execute(&machine, &inst);
    assert_int_equal(alu_sgpr_pair(&machine, S_D), UINT64_MAX);
    alu_machine_destroy(&machine);
}

/* ---- hardware registers ---- */

static int32_t hwreg(unsigned id, unsigned offset, unsigned width)
{
    return (int16_t)(id | offset << 6 | (width - 1) << 11);
}

static uint32_t getreg(struct alu_machine *machine, unsigned id, unsigned offset, unsigned width)
{
    struct isa_inst inst = scalar_inst(ISA_OP_s_getreg_b32);

    inst.imm = hwreg(id, offset, width);
    alu_execute(machine, &inst);
    assert_int_equal(machine->w->stop, ISA_STOP_NONE);
    return machine->w->sgpr[S_D];
}

static void setreg(struct alu_machine *machine, unsigned id, unsigned offset, unsigned width,
                   uint32_t value)
{
    struct isa_inst inst = scalar_inst(ISA_OP_s_setreg_imm32_b32);

    inst.src[0] = ISA_REG_LITERAL;
    inst.literal = value;
    inst.imm = hwreg(id, offset, width);
    alu_execute(machine, &inst);
}

static uint64_t fake_cycles(void *context)
{
    (void)context;
    return 0x123456789;
}

static void hardware_registers(void **state)
{
    const struct isa_host host = {
        .tba = 0x1122334455667700, .tma = 0x99aabbccddeeff00, .cycles = fake_cycles};
    struct alu_machine machine;

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    machine.group->host = &host;
    assert_int_equal(getreg(&machine, 1, 0, 32), ALU_MODE_DEFAULT);
    setreg(&machine, 1, 4, 2, 0);
    assert_int_equal(machine.w->mode, ALU_MODE_DEFAULT & ~0x30);
    setreg(&machine, 1, 0, 2, 0xff); /* only the field changes */
    assert_int_equal(machine.w->mode, (ALU_MODE_DEFAULT & ~0x30) | 3);
    assert_int_equal(getreg(&machine, 1, 6, 2), 3);

    machine.w->scc = 1;
    assert_int_equal(getreg(&machine, 2, 0, 1), 1);
    alu_exec_set(&machine, 0);
    assert_int_equal(getreg(&machine, 2, 9, 1), 1);
    machine.w->shared_base = 0x0001000000000000;
    machine.w->private_base = 0x0002000000000000;
    assert_int_equal(getreg(&machine, 15, 0, 16), 2);
    assert_int_equal(getreg(&machine, 15, 16, 16), 1);
    setreg(&machine, 20, 0, 32, 0xabcd0000);
    setreg(&machine, 21, 0, 32, 0x7f12);
    assert_int_equal(machine.w->flat_scratch, 0x7f12abcd0000);
    assert_int_equal(getreg(&machine, 21, 0, 32), 0x7f12);
    machine.w->hw_id1 = 0x11;
    machine.w->hw_id2 = 0x22;
    machine.w->gpr_alloc = 0x33;
    machine.w->lds_alloc = 0x44;
    assert_int_equal(getreg(&machine, 23, 0, 32), 0x11);
    assert_int_equal(getreg(&machine, 24, 0, 32), 0x22);
    assert_int_equal(getreg(&machine, 5, 0, 32), 0x33);
    assert_int_equal(getreg(&machine, 6, 0, 32), 0x44);
    assert_int_equal(getreg(&machine, 7, 0, 32), 0);
    assert_int_equal(getreg(&machine, 16, 0, 32), 0x55667700);
    assert_int_equal(getreg(&machine, 17, 0, 32), 0x11223344);
    assert_int_equal(getreg(&machine, 18, 0, 32), 0xddeeff00);
    assert_int_equal(getreg(&machine, 19, 0, 32), 0x99aabbcc);
    assert_int_equal(getreg(&machine, 29, 0, 32), 0x56789);
    alu_machine_destroy(&machine);
}

/* What is not modelled is said, not ignored. */
static void unknown_hardware_registers(void **state)
{
    struct alu_machine machine;
    struct isa_inst inst = scalar_inst(ISA_OP_s_getreg_b32);

    (void)state;
    alu_machine_create(&machine, 32, isa_valu_level_best());
    setreg(&machine, 1, 12, 1, 1); /* enable the exception for invalid operations */
    assert_int_equal(machine.w->fault.kind, ISA_FAULT_UNSUPPORTED);
    assert_int_equal(machine.w->mode, ALU_MODE_DEFAULT);
    alu_machine_destroy(&machine);

    alu_machine_create(&machine, 32, isa_valu_level_best());
    inst.imm = hwreg(40, 0, 32);
    alu_execute(&machine, &inst);
    assert_int_equal(machine.w->fault.kind, ISA_FAULT_UNSUPPORTED);
    alu_machine_destroy(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(constants),
        cmocka_unit_test(exec),
        cmocka_unit_test(subvector_loop),
        cmocka_unit_test(program_counter),
        cmocka_unit_test(relative_moves),
        cmocka_unit_test(special_destinations),
        cmocka_unit_test(hardware_registers),
        cmocka_unit_test(unknown_hardware_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
