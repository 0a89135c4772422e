/* SPDX-License-Identifier: MIT
 *
 * FLAT, GLOBAL and SCRATCH instructions.
 *
 * A flat address whose upper half is that of the shared or the private aperture is an offset into
 * the workgroup's LDS or the lane's scratch. Apertures are never mapped, so only lanes that no
 * window holds are looked at. Scratch is interleaved by dwords: dword i of a lane is beside dword i
 * of the next lane. Outside the LDS or the scratch that was allocated, flat and scratch accesses
 * fault (MEM_VIOL).
 *
 * Source: RDNA 2 ISA guide, "Flat, Scratch and Global Instructions"; LLVM AMDGPUUsage, "Flat
 * Scratch". ROCm runs GFX10 in unaligned access mode: loads and stores have no alignment rules.
 */
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/lanes.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/vmem.h"
#include "softgpu/isa/exec/window.h"

/* ---- addresses ---- */

/* base + low, or base + (high:low): a 32-bit offset to an SGPR base, or a 64-bit address. */
struct rows {
    uint64_t base;
    const uint32_t *low, *high;
};

static struct rows global_rows(const struct isa_wave *w, const struct isa_inst *inst)
{
    const uint64_t offset = (uint64_t)(int64_t)inst->imm;
    const uint32_t *low = isa_reg_row(w, inst->src[0], 0);

    if (inst->mem.saddr == ISA_REG_NONE || inst->mem.saddr == ISA_REG_NULL)
        return (struct rows){offset, low, isa_reg_row(w, inst->src[0], 1)};
    return (struct rows){isa_reg_address(w, inst, inst->mem.saddr) + offset, low, NULL};
}

static void rows_addresses(const struct isa_wave *w, const struct rows *rows, struct isa_lanes *out)
{
    out->mask = isa_wave_exec(w);
    out->stride = 4;
    if (!rows->high) {
        for (unsigned lane = 0; lane < w->lanes; lane++)
            out->va[lane] = rows->base + rows->low[lane];
        return;
    }
    for (unsigned lane = 0; lane < w->lanes; lane++)
        out->va[lane] = rows->base + (rows->low[lane] | (uint64_t)rows->high[lane] << 32);
}

static void global_addresses(const struct isa_wave *w, const struct isa_inst *inst,
                             struct isa_lanes *out)
{
    const struct rows rows = global_rows(w, inst);

    rows_addresses(w, &rows, out);
}

static uint64_t scratch_va(const struct isa_wave *w, unsigned lane, uint32_t offset)
{
    return w->flat_scratch + (uint64_t)(offset / 4) * (4 * w->lanes) + 4 * lane + (offset & 3);
}

/* False, with the fault raised, when an offset is outside the lane's scratch. */
static bool scratch_place(struct isa_wave *w, const struct isa_inst *inst, unsigned lane,
                          uint32_t offset, unsigned bytes, unsigned access, struct isa_lanes *out)
{
    if ((uint64_t)offset + bytes > w->scratch_lane_bytes) {
        isa_fault_raise(w, inst, ISA_FAULT_LDS_RANGE, w->private_base | offset, access, lane);
        return false;
    }
    out->va[lane] = scratch_va(w, lane, offset);
    return true;
}

static bool scratch_addresses(struct isa_wave *w, const struct isa_inst *inst, unsigned bytes,
                              unsigned access, struct isa_lanes *out)
{
    const uint32_t base = isa_reg_scalar32(w, inst, inst->mem.saddr) + (uint32_t)inst->imm;
    const uint32_t *index = isa_reg_is_vgpr(inst->src[0]) ? isa_reg_row(w, inst->src[0], 0) : NULL;

    out->mask = isa_wave_exec(w);
    out->stride = 4ull * w->lanes;
    ISA_FOR_LANES(lane, out->mask)
    {
        uint32_t offset = base + (index ? index[lane] : 0);

        if (!scratch_place(w, inst, (unsigned)lane, offset, bytes, access, out))
            return false;
    }
    return true;
}

/* ---- flat addresses that are not global ---- */

enum { APERTURES_SHIFT = 48 };

struct flat_parts {
    struct isa_lanes global, scratch;
    uint64_t lds_mask; /* offsets are the addresses' lower halves, in `global` */
};

static bool in_aperture(uint64_t va, uint64_t base)
{
    return base != 0 && va >> 32 == base >> 32;
}

/* True when some lane's address may be in an aperture: apertures lie beyond what can be mapped. */
static bool flat_has_aperture(const struct isa_lanes *lanes, unsigned count)
{
    uint64_t all = 0;

    for (unsigned lane = 0; lane < count; lane++)
        all |= lanes->va[lane];
    return all >> APERTURES_SHIFT != 0;
}

/* Sorts the lanes; false when a fault was raised. */
static bool flat_split(struct isa_wave *w, const struct isa_inst *inst,
                       const struct isa_lanes *lanes, unsigned bytes, unsigned access,
                       struct flat_parts *out)
{
    out->global = *lanes;
    out->scratch.mask = 0;
    out->scratch.stride = 4ull * w->lanes;
    out->lds_mask = 0;
    ISA_FOR_LANES(lane, lanes->mask)
    {
        const uint64_t va = lanes->va[lane], bit = 1ull << lane;

        if (in_aperture(va, w->shared_base)) {
            if ((uint64_t)(uint32_t)va + bytes > w->lds_size) {
                isa_fault_raise(w, inst, ISA_FAULT_LDS_RANGE, va, access, (unsigned)lane);
                return false;
            }
            out->lds_mask |= bit;
        } else if (in_aperture(va, w->private_base)) {
            if (!scratch_place(w, inst, (unsigned)lane, (uint32_t)va, bytes, access, &out->scratch))
                return false;
            out->scratch.mask |= bit;
        }
    }
    out->global.mask &= ~(out->lds_mask | out->scratch.mask);
    return true;
}

static uint8_t *lds_at(const struct isa_wave *w, const struct flat_parts *parts, uint64_t lane)
{
    return w->lds + (uint32_t)parts->global.va[lane];
}

/* A fault in one part ends the instruction: the wave has left it. */
static bool still_in(const struct isa_wave *w, uint64_t pc)
{
    return w->pc == pc && w->stop == ISA_STOP_NONE;
}

/* ---- loads and stores ---- */

/* All lanes at once, where they lie one behind the other; else what their addresses are. */
static bool dense_load(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind,
                       struct isa_lanes *out_lanes)
{
    const struct rows rows = global_rows(w, inst);

    isa_windows_sync(w);
    if (isa_rows_load_dense(w, rows.base, rows.low, rows.high, kind, inst->dst))
        return true;
    rows_addresses(w, &rows, out_lanes);
    return false;
}

static bool dense_store(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind,
                        struct isa_lanes *out_lanes)
{
    const struct rows rows = global_rows(w, inst);

    isa_windows_sync(w);
    if (isa_rows_store_dense(w, rows.base, rows.low, rows.high, kind, inst->src[1]))
        return true;
    rows_addresses(w, &rows, out_lanes);
    return false;
}

static void flat_load_parts(struct isa_wave *w, const struct isa_inst *inst,
                            const struct isa_lanes *lanes, enum isa_mem_kind kind)
{
    const uint64_t pc = w->pc;
    struct flat_parts parts;

    if (!flat_split(w, inst, lanes, isa_mem_kind_bytes(kind), ISA_ACCESS_READ, &parts))
        return;
    isa_lanes_load(w, inst, &parts.global, kind, inst->dst);
    if (still_in(w, pc))
        isa_lanes_load(w, inst, &parts.scratch, kind, inst->dst);
    if (!still_in(w, pc))
        return;
    for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++) {
        uint32_t *row = isa_reg_row(w, inst->dst, d);

        ISA_FOR_LANES(lane, parts.lds_mask)
        row[lane] = isa_mem_load_reg(kind, lds_at(w, &parts, lane) + 4 * d, row[lane]);
    }
}

static void flat_load(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    struct isa_lanes lanes;

    if (dense_load(w, inst, kind, &lanes))
        return;
    if (__builtin_expect(flat_has_aperture(&lanes, w->lanes), 0))
        flat_load_parts(w, inst, &lanes, kind);
    else
        isa_lanes_load(w, inst, &lanes, kind, inst->dst);
}

static void flat_store_parts(struct isa_wave *w, const struct isa_inst *inst,
                             const struct isa_lanes *lanes, enum isa_mem_kind kind)
{
    const uint64_t pc = w->pc;
    struct flat_parts parts;

    if (!flat_split(w, inst, lanes, isa_mem_kind_bytes(kind), ISA_ACCESS_WRITE, &parts))
        return;
    isa_lanes_store(w, inst, &parts.global, kind, inst->src[1]);
    if (still_in(w, pc))
        isa_lanes_store(w, inst, &parts.scratch, kind, inst->src[1]);
    if (!still_in(w, pc))
        return;
    ISA_FOR_LANES(lane, parts.lds_mask)
    {
        for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++)
            isa_mem_store_reg(kind, lds_at(w, &parts, lane) + 4 * d,
                              isa_reg_row(w, inst->src[1], d)[lane]);
    }
}

static void flat_store(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    struct isa_lanes lanes;

    if (dense_store(w, inst, kind, &lanes))
        return;
    if (__builtin_expect(flat_has_aperture(&lanes, w->lanes), 0))
        flat_store_parts(w, inst, &lanes, kind);
    else
        isa_lanes_store(w, inst, &lanes, kind, inst->src[1]);
}

static void global_load(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    struct isa_lanes lanes;

    if (dense_load(w, inst, kind, &lanes))
        return;
    isa_lanes_load(w, inst, &lanes, kind, inst->dst);
}

static void global_store(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    struct isa_lanes lanes;

    if (dense_store(w, inst, kind, &lanes))
        return;
    isa_lanes_store(w, inst, &lanes, kind, inst->src[1]);
}

static void scratch_load(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    struct isa_lanes lanes;

    isa_windows_sync(w);
    if (scratch_addresses(w, inst, isa_mem_kind_bytes(kind), ISA_ACCESS_READ, &lanes))
        isa_lanes_load(w, inst, &lanes, kind, inst->dst);
}

static void scratch_store(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    struct isa_lanes lanes;

    isa_windows_sync(w);
    if (scratch_addresses(w, inst, isa_mem_kind_bytes(kind), ISA_ACCESS_WRITE, &lanes))
        isa_lanes_store(w, inst, &lanes, kind, inst->src[1]);
}

/* The lane's number takes the place of the VGPR offset. */
static void addtid_addresses(struct isa_wave *w, const struct isa_inst *inst, struct isa_lanes *out)
{
    const uint64_t base = isa_reg_address(w, inst, inst->mem.saddr) + (uint64_t)(int64_t)inst->imm;

    isa_windows_sync(w);
    out->mask = isa_wave_exec(w);
    out->stride = 4;
    for (unsigned lane = 0; lane < w->lanes; lane++)
        out->va[lane] = base + 4ull * lane;
}

static void global_load_addtid(struct isa_wave *w, const struct isa_inst *inst)
{
    struct isa_lanes lanes;

    addtid_addresses(w, inst, &lanes);
    isa_lanes_load(w, inst, &lanes, ISA_MEM_B32, inst->dst);
}

static void global_store_addtid(struct isa_wave *w, const struct isa_inst *inst)
{
    struct isa_lanes lanes;

    addtid_addresses(w, inst, &lanes);
    isa_lanes_store(w, inst, &lanes, ISA_MEM_B32, inst->src[1]);
}

/* ---- atomics ---- */

static void global_atomic32(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn32 *op,
                            bool compares)
{
    struct isa_lanes lanes;

    isa_windows_sync(w);
    global_addresses(w, inst, &lanes);
    isa_lanes_atomic32(w, inst, &lanes, op, isa_atomic_regs_of(inst, 1, compares));
}

static void global_atomic64(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn64 *op,
                            bool compares)
{
    struct isa_lanes lanes;

    isa_windows_sync(w);
    global_addresses(w, inst, &lanes);
    isa_lanes_atomic64(w, inst, &lanes, op, isa_atomic_regs_of(inst, 2, compares));
}

/* Atomics on LDS through flat addresses; a misaligned one faults. */
static bool flat_lds_aligned(struct isa_wave *w, const struct isa_inst *inst,
                             const struct flat_parts *parts, unsigned bytes)
{
    ISA_FOR_LANES(lane, parts->lds_mask)
    {
        uint64_t va = parts->global.va[lane];

        if (va % bytes) {
            isa_fault_raise(w, inst, ISA_FAULT_MISALIGNED, va, ISA_ACCESS_READ | ISA_ACCESS_WRITE,
                            (unsigned)lane);
            return false;
        }
    }
    return true;
}

#define FLAT_DEFINE_ATOMIC(bits, bytes)                                                            \
    static void flat_atomic##bits(struct isa_wave *w, const struct isa_inst *inst,                 \
                                  isa_atomic_fn##bits *op, isa_atomic_fn##bits *lds_op,            \
                                  bool compares)                                                   \
    {                                                                                              \
        const struct isa_atomic_regs regs = isa_atomic_regs_of(inst, bytes / 4, compares);         \
        const uint64_t pc = w->pc;                                                                 \
        struct flat_parts parts;                                                                   \
        struct isa_lanes lanes;                                                                    \
                                                                                                   \
        isa_windows_sync(w);                                                                       \
        global_addresses(w, inst, &lanes);                                                         \
        if (!flat_has_aperture(&lanes, w->lanes)) {                                                \
            isa_lanes_atomic##bits(w, inst, &lanes, op, regs);                                     \
            return;                                                                                \
        }                                                                                          \
        if (!flat_split(w, inst, &lanes, bytes, ISA_ACCESS_READ | ISA_ACCESS_WRITE, &parts) ||     \
            !flat_lds_aligned(w, inst, &parts, bytes))                                             \
            return;                                                                                \
        isa_lanes_atomic##bits(w, inst, &parts.global, op, regs);                                  \
        if (still_in(w, pc))                                                                       \
            isa_lanes_atomic##bits(w, inst, &parts.scratch, op, regs);                             \
        if (!still_in(w, pc))                                                                      \
            return;                                                                                \
        ISA_FOR_LANES(lane, parts.lds_mask)                                                        \
        isa_atomic_apply##bits(w, lds_op, lds_at(w, &parts, lane), (unsigned)lane, regs);          \
    }
FLAT_DEFINE_ATOMIC(32, 4)
FLAT_DEFINE_ATOMIC(64, 8)

/* ---- the tables ---- */

#define FLAT_DEFINE_LOAD(enc, suffix, kind)                                                        \
    static void enc##_load_##suffix(struct isa_wave *w, const struct isa_inst *inst)               \
    {                                                                                              \
        enc##_load(w, inst, ISA_MEM_##kind);                                                       \
    }
#define FLAT_DEFINE_STORE(enc, suffix, kind)                                                       \
    static void enc##_store_##suffix(struct isa_wave *w, const struct isa_inst *inst)              \
    {                                                                                              \
        enc##_store(w, inst, ISA_MEM_##kind);                                                      \
    }
#define FLAT_DEFINE_FLAT_ATOMICS(enc, op, compares)                                                \
    static void flat_atomic_##op(struct isa_wave *w, const struct isa_inst *inst)                  \
    {                                                                                              \
        flat_atomic32(w, inst, isa_atomic_host_##op##_uint32_t, isa_atomic_lds_##op##_uint32_t,    \
                      compares);                                                                   \
    }                                                                                              \
    static void flat_atomic_##op##_x2(struct isa_wave *w, const struct isa_inst *inst)             \
    {                                                                                              \
        flat_atomic64(w, inst, isa_atomic_host_##op##_uint64_t, isa_atomic_lds_##op##_uint64_t,    \
                      compares);                                                                   \
    }
#define FLAT_DEFINE_GLOBAL_ATOMICS(enc, op, compares)                                              \
    static void global_atomic_##op(struct isa_wave *w, const struct isa_inst *inst)                \
    {                                                                                              \
        global_atomic32(w, inst, isa_atomic_host_##op##_uint32_t, compares);                       \
    }                                                                                              \
    static void global_atomic_##op##_x2(struct isa_wave *w, const struct isa_inst *inst)           \
    {                                                                                              \
        global_atomic64(w, inst, isa_atomic_host_##op##_uint64_t, compares);                       \
    }

ISA_VMEM_LOADS(FLAT_DEFINE_LOAD, flat)
ISA_VMEM_LOADS(FLAT_DEFINE_LOAD, global)
ISA_VMEM_LOADS(FLAT_DEFINE_LOAD, scratch)
ISA_VMEM_STORES(FLAT_DEFINE_STORE, flat)
ISA_VMEM_STORES(FLAT_DEFINE_STORE, global)
ISA_VMEM_STORES(FLAT_DEFINE_STORE, scratch)
ISA_VMEM_ATOMICS(FLAT_DEFINE_FLAT_ATOMICS, flat)
ISA_VMEM_ATOMICS(FLAT_DEFINE_GLOBAL_ATOMICS, global)

static void global_atomic_csub(struct isa_wave *w, const struct isa_inst *inst)
{
    global_atomic32(w, inst, isa_atomic_host_csub_uint32_t, false);
}

#define FLAT_LOAD_ROW(enc, suffix, kind)  [ISA_OP_##enc##_load_##suffix] = enc##_load_##suffix,
#define FLAT_STORE_ROW(enc, suffix, kind) [ISA_OP_##enc##_store_##suffix] = enc##_store_##suffix,
#define FLAT_ATOMIC_ROWS(enc, op, compares)                                                        \
    [ISA_OP_##enc##_atomic_##op] = enc##_atomic_##op,                                              \
    [ISA_OP_##enc##_atomic_##op##_x2] = enc##_atomic_##op##_x2,

isa_handler *const isa_flat_handlers[ISA_OP_COUNT] = {
    ISA_VMEM_LOADS(FLAT_LOAD_ROW, flat) ISA_VMEM_LOADS(FLAT_LOAD_ROW, global)
        ISA_VMEM_LOADS(FLAT_LOAD_ROW, scratch) ISA_VMEM_STORES(FLAT_STORE_ROW, flat)
            ISA_VMEM_STORES(FLAT_STORE_ROW, global) ISA_VMEM_STORES(FLAT_STORE_ROW, scratch)
                ISA_VMEM_ATOMICS(FLAT_ATOMIC_ROWS, flat)
                    ISA_VMEM_ATOMICS(FLAT_ATOMIC_ROWS, global)[ISA_OP_global_atomic_csub] =
                        global_atomic_csub,
    [ISA_OP_global_load_dword_addtid] = global_load_addtid,
    [ISA_OP_global_store_dword_addtid] = global_store_addtid,
};
