/* SPDX-License-Identifier: MIT
 *
 * DS instructions: the local data share, and the data movements and global wave sync that share
 * its encoding.
 *
 * Addresses wrap at 32 bits. A lane whose access does not lie inside the workgroup's LDS reads 0
 * and writes nothing. ROCm runs GFX10 in unaligned access mode: loads and stores have no alignment
 * rules; atomics must be aligned. Lanes act in order, lowest first.
 *
 * Source: RDNA 2 ISA guide, "Data Share Operations" and "DS Instructions".
 */
#include <string.h>

#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/lanes.h"
#include "softgpu/isa/exec/sem_base.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"
#include "softgpu/isa/gws.h"

/* GFX10 compute programs have no global data share: nothing allocates it. */
static bool is_gds(struct isa_wave *w, const struct isa_inst *inst)
{
    if (__builtin_expect(!inst->mem.gds, 1))
        return false;
    isa_handler_unsupported(w, inst);
    return true;
}

static void lds_addresses(const struct isa_wave *w, const struct isa_inst *inst, uint32_t offset,
                          uint32_t *out)
{
    const uint32_t *row = isa_reg_row(w, inst->src[0], 0);

    for (unsigned lane = 0; lane < w->lanes; lane++)
        out[lane] = row[lane] + offset;
}

static inline bool lds_inside(const struct isa_wave *w, uint32_t address, unsigned bytes)
{
    return (uint64_t)address + bytes <= w->lds_size;
}

/* ---- loads and stores ---- */

/* Are all lanes enabled and inside? Signs tell: addresses and the size are far below 2^31. */
static inline bool lds_all_inside(const struct isa_wave *w, const uint32_t *address, unsigned bytes)
{
    const uint32_t last = w->lds_size - bytes;
    uint32_t signs = 0;

    if (isa_wave_exec(w) != isa_lanes_all(w) || w->lds_size < bytes)
        return false;
    for (unsigned lane = 0; lane < w->lanes; lane++)
        signs |= address[lane] | (last - address[lane]);
    return !(signs >> 31);
}

static inline void lds_read(struct isa_wave *w, const uint32_t *address, enum isa_mem_kind kind,
                            uint16_t reg)
{
    static const uint8_t zeros[16];
    const unsigned bytes = isa_mem_kind_bytes(kind);

    if (lds_all_inside(w, address, bytes)) {
        for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++) {
            uint32_t *row = isa_reg_row(w, reg, d);

            for (unsigned lane = 0; lane < w->lanes; lane++)
                row[lane] = isa_mem_load_reg(kind, w->lds + address[lane] + 4 * d, row[lane]);
        }
        return;
    }
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        const uint8_t *p = lds_inside(w, address[lane], bytes) ? w->lds + address[lane] : zeros;

        for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++) {
            uint32_t *row = isa_reg_row(w, reg, d);

            row[lane] = isa_mem_load_reg(kind, p + 4 * d, row[lane]);
        }
    }
}

static inline void lds_write_lane(struct isa_wave *w, uint32_t address, enum isa_mem_kind kind,
                                  uint16_t reg, unsigned lane)
{
    for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++)
        isa_mem_store_reg(kind, w->lds + address + 4 * d, isa_reg_row(w, reg, d)[lane]);
}

static inline void lds_write(struct isa_wave *w, const uint32_t *address, enum isa_mem_kind kind,
                             uint16_t reg)
{
    const unsigned bytes = isa_mem_kind_bytes(kind);

    if (lds_all_inside(w, address, bytes)) {
        for (unsigned lane = 0; lane < w->lanes; lane++)
            lds_write_lane(w, address[lane], kind, reg, lane);
        return;
    }
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        if (lds_inside(w, address[lane], bytes))
            lds_write_lane(w, address[lane], kind, reg, (unsigned)lane);
    }
}

/* Where the lanes' data begin if they are dense and inside; else NULL. */
static inline uint8_t *lds_dense(const struct isa_wave *w, const struct isa_inst *inst,
                                 enum isa_mem_kind kind)
{
    const uint32_t *row = isa_reg_row(w, inst->src[0], 0);
    const uint32_t first = row[0] + ((uint32_t)inst->imm & 0xffff);
    const unsigned bytes = isa_mem_kind_bytes(kind);

    if (kind < ISA_MEM_B32 || !isa_rows_are_dense(w, row, NULL, bytes) ||
        !lds_inside(w, first, bytes * w->lanes))
        return NULL;
    return w->lds + first;
}

/* X(operation, kind) */
#define LDS_READS(X)                                                                               \
    X(ds_read_u8, U8)                                                                              \
    X(ds_read_i8, I8)                                                                              \
    X(ds_read_u16, U16)                                                                            \
    X(ds_read_i16, I16)                                                                            \
    X(ds_read_u8_d16, U8_D16)                                                                      \
    X(ds_read_u8_d16_hi, U8_D16_HI)                                                                \
    X(ds_read_i8_d16, I8_D16)                                                                      \
    X(ds_read_i8_d16_hi, I8_D16_HI)                                                                \
    X(ds_read_u16_d16, B16_D16)                                                                    \
    X(ds_read_u16_d16_hi, B16_D16_HI)                                                              \
    X(ds_read_b32, B32)                                                                            \
    X(ds_read_b64, B64)                                                                            \
    X(ds_read_b96, B96)                                                                            \
    X(ds_read_b128, B128)

#define LDS_WRITES(X)                                                                              \
    X(ds_write_b8, U8)                                                                             \
    X(ds_write_b16, U16)                                                                           \
    X(ds_write_b8_d16_hi, U8_D16_HI)                                                               \
    X(ds_write_b16_d16_hi, B16_D16_HI)                                                             \
    X(ds_write_b32, B32)                                                                           \
    X(ds_write_b64, B64)                                                                           \
    X(ds_write_b96, B96)                                                                           \
    X(ds_write_b128, B128)

#define LDS_DEFINE_READ(op, kind)                                                                  \
    static void lds_##op(struct isa_wave *w, const struct isa_inst *inst)                          \
    {                                                                                              \
        uint32_t address[64];                                                                      \
        const uint8_t *dense;                                                                      \
                                                                                                   \
        if (is_gds(w, inst))                                                                       \
            return;                                                                                \
        dense = lds_dense(w, inst, ISA_MEM_##kind);                                                \
        if (dense) {                                                                               \
            isa_dense_load(w, ISA_MEM_##kind, inst->dst, dense);                                   \
            return;                                                                                \
        }                                                                                          \
        lds_addresses(w, inst, (uint32_t)inst->imm & 0xffff, address);                             \
        lds_read(w, address, ISA_MEM_##kind, inst->dst);                                           \
    }
#define LDS_DEFINE_WRITE(op, kind)                                                                 \
    static void lds_##op(struct isa_wave *w, const struct isa_inst *inst)                          \
    {                                                                                              \
        uint32_t address[64];                                                                      \
        uint8_t *dense;                                                                            \
                                                                                                   \
        if (is_gds(w, inst))                                                                       \
            return;                                                                                \
        dense = lds_dense(w, inst, ISA_MEM_##kind);                                                \
        if (dense) {                                                                               \
            isa_dense_store(w, ISA_MEM_##kind, inst->src[1], dense);                               \
            return;                                                                                \
        }                                                                                          \
        lds_addresses(w, inst, (uint32_t)inst->imm & 0xffff, address);                             \
        lds_write(w, address, ISA_MEM_##kind, inst->src[1]);                                       \
    }
LDS_READS(LDS_DEFINE_READ)
LDS_WRITES(LDS_DEFINE_WRITE)

/* Two addresses: base + offset0 * unit and base + offset1 * unit. */
struct lds_pair {
    uint32_t address[2][64];
};

static void lds_pair_addresses(const struct isa_wave *w, const struct isa_inst *inst, unsigned unit,
                               struct lds_pair *out)
{
    for (unsigned i = 0; i < 2; i++)
        lds_addresses(w, inst, ((uint32_t)inst->imm >> (8 * i) & 0xff) * unit, out->address[i]);
}

/* X(type, form, kind, dwords, unit in bytes) */
#define LDS_PAIRS(X)                                                                               \
    X(b32, 2, B32, 1, 4)                                                                           \
    X(b32, 2st64, B32, 1, 256)                                                                     \
    X(b64, 2, B64, 2, 8)                                                                           \
    X(b64, 2st64, B64, 2, 512)

#define LDS_DEFINE_PAIR(type, form, kind, dwords, unit)                                            \
    static void lds_read##form##_##type(struct isa_wave *w, const struct isa_inst *inst)           \
    {                                                                                              \
        struct lds_pair pair;                                                                      \
                                                                                                   \
        if (is_gds(w, inst))                                                                       \
            return;                                                                                \
        lds_pair_addresses(w, inst, unit, &pair);                                                  \
        lds_read(w, pair.address[0], ISA_MEM_##kind, inst->dst);                                   \
        lds_read(w, pair.address[1], ISA_MEM_##kind, (uint16_t)(inst->dst + dwords));              \
    }                                                                                              \
    static void lds_write##form##_##type(struct isa_wave *w, const struct isa_inst *inst)          \
    {                                                                                              \
        struct lds_pair pair;                                                                      \
                                                                                                   \
        if (is_gds(w, inst))                                                                       \
            return;                                                                                \
        lds_pair_addresses(w, inst, unit, &pair);                                                  \
        lds_write(w, pair.address[0], ISA_MEM_##kind, inst->src[1]);                               \
        lds_write(w, pair.address[1], ISA_MEM_##kind, inst->src[2]);                               \
    }
LDS_PAIRS(LDS_DEFINE_PAIR)

/* The lane's number takes the place of the address: M0 + offset + 4 * lane. */
static void lds_addtid_addresses(const struct isa_wave *w, const struct isa_inst *inst,
                                 uint32_t *out)
{
    uint32_t base = (w->sgpr[ISA_REG_M0] & 0xffff) + ((uint32_t)inst->imm & 0xffff);

    for (unsigned lane = 0; lane < w->lanes; lane++)
        out[lane] = base + 4 * lane;
}

static void lds_read_addtid(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t address[64];

    if (is_gds(w, inst))
        return;
    lds_addtid_addresses(w, inst, address);
    lds_read(w, address, ISA_MEM_B32, inst->dst);
}

static void lds_write_addtid(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t address[64];

    if (is_gds(w, inst))
        return;
    lds_addtid_addresses(w, inst, address);
    lds_write(w, address, ISA_MEM_B32, inst->src[1]);
}

/* ---- atomics ---- */

static void result_zero(struct isa_wave *w, uint16_t dst, unsigned lane, unsigned dwords)
{
    for (unsigned d = 0; d < dwords && dst != ISA_REG_NONE; d++)
        isa_reg_row(w, dst, d)[lane] = 0;
}

#define LDS_DEFINE_ATOMIC(bits, bytes)                                                             \
    static void lds_atomic##bits(struct isa_wave *w, const struct isa_inst *inst,                  \
                                 const uint32_t *address, isa_atomic_fn##bits *op,                 \
                                 struct isa_atomic_regs regs)                                      \
    {                                                                                              \
        ISA_FOR_LANES(lane, isa_wave_exec(w))                                                      \
        {                                                                                          \
            if (!lds_inside(w, address[lane], bytes)) {                                            \
                result_zero(w, regs.dst, (unsigned)lane, bytes / 4);                               \
                continue;                                                                          \
            }                                                                                      \
            if (address[lane] % bytes) {                                                           \
                isa_fault_raise(w, inst, ISA_FAULT_MISALIGNED, w->shared_base | address[lane],     \
                                ISA_ACCESS_READ | ISA_ACCESS_WRITE, (unsigned)lane);               \
                return;                                                                            \
            }                                                                                      \
            isa_atomic_apply##bits(w, op, w->lds + address[lane], (unsigned)lane, regs);           \
        }                                                                                          \
    }
LDS_DEFINE_ATOMIC(32, 4)
LDS_DEFINE_ATOMIC(64, 8)

/* With two data operands the first is what is compared with, masked out or subtracted. */
static struct isa_atomic_regs atomic_regs(const struct isa_inst *inst, bool two)
{
    return (struct isa_atomic_regs){
        .data = inst->src[two ? 2 : 1],
        .cmp = two ? inst->src[1] : ISA_REG_NONE,
        .dst = inst->dst,
    };
}

static void lds_atomic_op32(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn32 *op,
                            bool two)
{
    uint32_t address[64];

    if (is_gds(w, inst))
        return;
    lds_addresses(w, inst, (uint32_t)inst->imm & 0xffff, address);
    lds_atomic32(w, inst, address, op, atomic_regs(inst, two));
}

static void lds_atomic_op64(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn64 *op,
                            bool two)
{
    uint32_t address[64];

    if (is_gds(w, inst))
        return;
    lds_addresses(w, inst, (uint32_t)inst->imm & 0xffff, address);
    lds_atomic64(w, inst, address, op, atomic_regs(inst, two));
}

/* X(name, type, bits, operation of atomic.h, two data operands): ds_<name>_<type>, and with _rtn */
#define LDS_ATOMICS(X)                                                                             \
    X(add, u32, 32, add, 0)                                                                        \
    X(sub, u32, 32, sub, 0)                                                                        \
    X(rsub, u32, 32, rsub, 0)                                                                      \
    X(inc, u32, 32, inc, 0)                                                                        \
    X(dec, u32, 32, dec, 0)                                                                        \
    X(min, i32, 32, smin, 0)                                                                       \
    X(max, i32, 32, smax, 0)                                                                       \
    X(min, u32, 32, umin, 0)                                                                       \
    X(max, u32, 32, umax, 0)                                                                       \
    X(and, b32, 32, and, 0)                                                                        \
    X(or, b32, 32, or, 0)                                                                          \
    X(xor, b32, 32, xor, 0)                                                                        \
    X(mskor, b32, 32, mskor, 1)                                                                    \
    X(cmpst, b32, 32, cmpswap, 1)                                                                  \
    X(cmpst, f32, 32, fcmpswap, 1)                                                                 \
    X(min, f32, 32, fmin, 0)                                                                       \
    X(max, f32, 32, fmax, 0)                                                                       \
    X(add, u64, 64, add, 0)                                                                        \
    X(sub, u64, 64, sub, 0)                                                                        \
    X(rsub, u64, 64, rsub, 0)                                                                      \
    X(inc, u64, 64, inc, 0)                                                                        \
    X(dec, u64, 64, dec, 0)                                                                        \
    X(min, i64, 64, smin, 0)                                                                       \
    X(max, i64, 64, smax, 0)                                                                       \
    X(min, u64, 64, umin, 0)                                                                       \
    X(max, u64, 64, umax, 0)                                                                       \
    X(and, b64, 64, and, 0)                                                                        \
    X(or, b64, 64, or, 0)                                                                          \
    X(xor, b64, 64, xor, 0)                                                                        \
    X(mskor, b64, 64, mskor, 1)                                                                    \
    X(cmpst, b64, 64, cmpswap, 1)                                                                  \
    X(cmpst, f64, 64, fcmpswap, 1)                                                                 \
    X(min, f64, 64, fmin, 0)                                                                       \
    X(max, f64, 64, fmax, 0)
/* These exist with _rtn only. */
#define LDS_RTN_ATOMICS(X)                                                                         \
    X(wrxchg, b32, 32, swap, 0)                                                                    \
    X(wrap, b32, 32, wrap, 1)                                                                      \
    X(wrxchg, b64, 64, swap, 0)

#define LDS_DEFINE_ATOMIC_OP(name, type, bits, op, two)                                            \
    static void lds_atomic_##name##_##type(struct isa_wave *w, const struct isa_inst *inst)        \
    {                                                                                              \
        lds_atomic_op##bits(w, inst, isa_atomic_lds_##op##_uint##bits##_t, two);                   \
    }
LDS_ATOMICS(LDS_DEFINE_ATOMIC_OP)
LDS_RTN_ATOMICS(LDS_DEFINE_ATOMIC_OP)

/* Exchanges at two addresses; the results follow each other, and may overwrite the operands. */
static void lds_exchange2(struct isa_wave *w, const struct isa_inst *inst,
                          const struct lds_pair *pair, unsigned dwords)
{
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint32_t data[2][2], old[2][2] = {{0}};

        for (unsigned i = 0; i < 2 * dwords; i++)
            data[i / dwords][i % dwords] =
                isa_reg_row(w, inst->src[1 + i / dwords], i % dwords)[lane];
        for (unsigned i = 0; i < 2; i++) {
            uint8_t *p = w->lds + pair->address[i][lane];

            if (!lds_inside(w, pair->address[i][lane], 4 * dwords))
                continue;
            memcpy(old[i], p, 4 * dwords);
            memcpy(p, data[i], 4 * dwords);
        }
        for (unsigned i = 0; i < 2 * dwords; i++)
            isa_reg_row(w, inst->dst, i)[lane] = old[i / dwords][i % dwords];
    }
}

#define LDS_DEFINE_EXCHANGE2(type, form, kind, dwords, unit)                                       \
    static void lds_wrxchg##form##_##type(struct isa_wave *w, const struct isa_inst *inst)         \
    {                                                                                              \
        struct lds_pair pair;                                                                      \
                                                                                                   \
        if (is_gds(w, inst))                                                                       \
            return;                                                                                \
        lds_pair_addresses(w, inst, unit, &pair);                                                  \
        lds_exchange2(w, inst, &pair, dwords);                                                     \
    }
LDS_PAIRS(LDS_DEFINE_EXCHANGE2)

/* ---- float add ---- */

/* Like v_add_f32: MODE decides what happens to denormals. Always rounds to nearest even. */
static uint32_t f32_add(const struct isa_wave *w, uint32_t a, uint32_t b)
{
    const struct sem_mode mode = {w->mode};

    return sem_out_f32(mode, sem_in_f32(mode, a) + sem_in_f32(mode, b));
}

static void lds_add_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    uint32_t address[64];

    if (is_gds(w, inst))
        return;
    lds_addresses(w, inst, (uint32_t)inst->imm & 0xffff, address);
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint32_t old, sum;

        if (!lds_inside(w, address[lane], 4)) {
            result_zero(w, inst->dst, (unsigned)lane, 1);
            continue;
        }
        memcpy(&old, w->lds + address[lane], sizeof(old));
        sum = f32_add(w, old, isa_reg_row(w, inst->src[1], 0)[lane]);
        memcpy(w->lds + address[lane], &sum, sizeof(sum));
        if (inst->dst != ISA_REG_NONE)
            isa_reg_row(w, inst->dst, 0)[lane] = old;
    }
}

/* ---- append and consume ---- */

/* Adds to the counter at M0 + offset once for the wave; all lanes get the old value. */
static void lds_count(struct isa_wave *w, const struct isa_inst *inst, int sign)
{
    const uint64_t exec = isa_wave_exec(w);
    uint32_t address = (w->sgpr[ISA_REG_M0] & 0xffff) + ((uint32_t)inst->imm & 0xffff);
    uint32_t old = 0, value;

    if (is_gds(w, inst) || exec == 0)
        return;
    if (address % 4) {
        isa_fault_raise(w, inst, ISA_FAULT_MISALIGNED, w->shared_base | address,
                        ISA_ACCESS_READ | ISA_ACCESS_WRITE, (unsigned)__builtin_ctzll(exec));
        return;
    }
    if (lds_inside(w, address, 4)) {
        memcpy(&old, w->lds + address, sizeof(old));
        value = old + (uint32_t)(sign * __builtin_popcountll(exec));
        memcpy(w->lds + address, &value, sizeof(value));
    }
    ISA_FOR_LANES(lane, exec)
    isa_reg_row(w, inst->dst, 0)[lane] = old;
}

static void lds_append(struct isa_wave *w, const struct isa_inst *inst)
{
    lds_count(w, inst, 1);
}

static void lds_consume(struct isa_wave *w, const struct isa_inst *inst)
{
    lds_count(w, inst, -1);
}

static void lds_nop(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
}

/* ---- movements between lanes: no memory ---- */

/* Copies from lane source[i] to lane i; a source that EXEC disables gives 0. */
static void lanes_gather(struct isa_wave *w, const uint32_t *from, const uint8_t *source,
                         uint16_t dst)
{
    const uint64_t exec = isa_wave_exec(w);
    uint32_t result[64];

    ISA_FOR_LANES(lane, exec)
    result[lane] = exec >> source[lane] & 1 ? from[source[lane]] : 0;

    uint32_t *row = isa_reg_row(w, dst, 0);

    ISA_FOR_LANES(lane, exec)
    row[lane] = result[lane];
}

static unsigned reverse5(unsigned value)
{
    unsigned reversed = 0;

    for (unsigned i = 0; i < 5; i++)
        reversed |= (value >> i & 1) << (4 - i);
    return reversed;
}

/* Where ds_swizzle_b32 takes lane `i`'s data from, inside its 32 lanes. The top bits of the offset
 * select one of four patterns. */
static unsigned swizzle_source(unsigned i, uint32_t offset)
{
    const unsigned mask = offset & 0x1f;

    if (offset >= 0xe000) /* FFT */
        return reverse5(i) >> __builtin_popcount(mask) | (i & mask);
    if (offset >= 0xc000) { /* rotate */
        unsigned by = offset >> 5 & 0x1f;

        if (offset & 0x400)
            by = 0u - by;
        return (i & mask) | ((i + by) & 0x1f & ~mask);
    }
    if (offset & 0x8000) /* inside four lanes */
        return (i & ~3u) | (offset >> (2 * (i & 3)) & 3);
    return ((i & mask) | (offset >> 5 & 0x1f)) ^ (offset >> 10 & 0x1f);
}

static void lds_swizzle(struct isa_wave *w, const struct isa_inst *inst)
{
    uint8_t source[64];

    for (unsigned lane = 0; lane < w->lanes; lane++)
        source[lane] =
            (uint8_t)((lane & 32) | swizzle_source(lane & 31, (uint32_t)inst->imm & 0xffff));
    lanes_gather(w, isa_reg_row(w, inst->src[0], 0), source, inst->dst);
}

/* On GFX10 both permutes stay inside halves of 32 lanes, also in wave64. */
static unsigned permute_lane(uint32_t address, const struct isa_inst *inst, unsigned lane)
{
    return ((address + ((uint32_t)inst->imm & 0xffff)) / 4 & 31) | (lane & 32);
}

static void lds_bpermute(struct isa_wave *w, const struct isa_inst *inst)
{
    const uint32_t *address = isa_reg_row(w, inst->src[0], 0);
    uint8_t source[64];

    for (unsigned lane = 0; lane < w->lanes; lane++)
        source[lane] = (uint8_t)permute_lane(address[lane], inst, lane);
    lanes_gather(w, isa_reg_row(w, inst->src[1], 0), source, inst->dst);
}

static void lds_permute(struct isa_wave *w, const struct isa_inst *inst)
{
    const uint32_t *address = isa_reg_row(w, inst->src[0], 0);
    const uint32_t *data = isa_reg_row(w, inst->src[1], 0);
    uint32_t *row = isa_reg_row(w, inst->dst, 0);
    uint32_t result[64] = {0};

    ISA_FOR_LANES(lane, isa_wave_exec(w))
    result[permute_lane(address[lane], inst, (unsigned)lane)] = data[lane];
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    row[lane] = result[lane];
}

/* ---- global wave sync ---- */

/* The resource; NULL, with the fault raised, when the queue has been given none. */
static struct isa_gws *gws_resource(struct isa_wave *w, const struct isa_inst *inst,
                                    unsigned *out_resource)
{
    struct isa_gws *gws = w->group->host->gws;

    if (!gws)
        isa_handler_unsupported(w, inst);
    *out_resource = (w->sgpr[ISA_REG_M0] >> 16 & 0x3f) + ((uint32_t)inst->imm & 0x3f);
    return gws;
}

/* The operand of the first active lane. */
static uint32_t gws_value(const struct isa_wave *w, const struct isa_inst *inst)
{
    const uint64_t exec = isa_wave_exec(w);

    return isa_reg_row(w, inst->src[0], 0)[exec ? __builtin_ctzll(exec) : 0];
}

/* The instruction is executed again in the next turn. */
static void gws_retry(struct isa_wave *w, const struct isa_inst *inst)
{
    w->pc -= 4u * inst->dwords;
    w->stop = ISA_STOP_YIELD;
}

static void lds_gws_init(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned resource;
    struct isa_gws *gws = gws_resource(w, inst, &resource);

    if (gws)
        isa_gws_init(gws, resource, gws_value(w, inst));
}

static void lds_gws_barrier(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned resource, phase;
    struct isa_gws *gws = gws_resource(w, inst, &resource);
    bool passed;

    if (!gws)
        return;
    if (w->gws_wait) {
        phase = w->gws_wait - 1u;
        passed = isa_gws_barrier_passed(gws, resource, phase);
    } else {
        passed = isa_gws_barrier_arrive(gws, resource, gws_value(w, inst), &phase);
    }
    w->gws_wait = passed ? 0 : (uint8_t)(phase + 1);
    if (!passed)
        gws_retry(w, inst);
}

static void lds_gws_sema_p(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned resource;
    struct isa_gws *gws = gws_resource(w, inst, &resource);

    if (!gws)
        return;
    if (isa_gws_sema_p(gws, resource, w->gws_wait != 0)) {
        w->gws_wait = 0;
        return;
    }
    w->gws_wait = 1;
    gws_retry(w, inst);
}

static void lds_gws_sema_v(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned resource;
    struct isa_gws *gws = gws_resource(w, inst, &resource);

    if (gws)
        isa_gws_sema_v(gws, resource, 1);
}

static void lds_gws_sema_br(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned resource;
    struct isa_gws *gws = gws_resource(w, inst, &resource);

    if (gws)
        isa_gws_sema_v(gws, resource, gws_value(w, inst));
}

static void lds_gws_sema_release_all(struct isa_wave *w, const struct isa_inst *inst)
{
    unsigned resource;
    struct isa_gws *gws = gws_resource(w, inst, &resource);

    if (gws)
        isa_gws_sema_release_all(gws, resource);
}

/* ---- the table ---- */

#define LDS_ROW(op, kind) [ISA_OP_##op] = lds_##op,
#define LDS_PAIR_ROWS(type, form, kind, dwords, unit)                                              \
    [ISA_OP_ds_read##form##_##type] = lds_read##form##_##type,                                     \
    [ISA_OP_ds_write##form##_##type] = lds_write##form##_##type,                                   \
    [ISA_OP_ds_wrxchg##form##_rtn_##type] = lds_wrxchg##form##_##type,
#define LDS_ATOMIC_ROWS(name, type, bits, op, two)                                                 \
    [ISA_OP_ds_##name##_##type] = lds_atomic_##name##_##type,                                      \
    [ISA_OP_ds_##name##_rtn_##type] = lds_atomic_##name##_##type,
#define LDS_RTN_ATOMIC_ROW(name, type, bits, op, two)                                              \
    [ISA_OP_ds_##name##_rtn_##type] = lds_atomic_##name##_##type,

isa_handler *const isa_lds_handlers[ISA_OP_COUNT] = {
    LDS_READS(LDS_ROW) LDS_WRITES(LDS_ROW) LDS_PAIRS(LDS_PAIR_ROWS) LDS_ATOMICS(LDS_ATOMIC_ROWS)
        LDS_RTN_ATOMICS(LDS_RTN_ATOMIC_ROW)[ISA_OP_ds_add_f32] = lds_add_f32,
    [ISA_OP_ds_add_rtn_f32] = lds_add_f32,
    [ISA_OP_ds_read_addtid_b32] = lds_read_addtid,
    [ISA_OP_ds_write_addtid_b32] = lds_write_addtid,
    [ISA_OP_ds_append] = lds_append,
    [ISA_OP_ds_consume] = lds_consume,
    [ISA_OP_ds_nop] = lds_nop,
    [ISA_OP_ds_swizzle_b32] = lds_swizzle,
    [ISA_OP_ds_permute_b32] = lds_permute,
    [ISA_OP_ds_bpermute_b32] = lds_bpermute,
    [ISA_OP_ds_gws_init] = lds_gws_init,
    [ISA_OP_ds_gws_barrier] = lds_gws_barrier,
    [ISA_OP_ds_gws_sema_p] = lds_gws_sema_p,
    [ISA_OP_ds_gws_sema_v] = lds_gws_sema_v,
    [ISA_OP_ds_gws_sema_br] = lds_gws_sema_br,
    [ISA_OP_ds_gws_sema_release_all] = lds_gws_sema_release_all,
    /* Not executed: ds_ordered_count (needs GDS), ds_condxchg32_rtn_b64 (undocumented). */
};
