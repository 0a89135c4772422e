/* SPDX-License-Identifier: MIT
 *
 * Buffer instructions: MUBUF and MTBUF.
 *
 * A lane's address is base + soffset + buffer offset. The buffer offset is offset + stride * index
 * or, swizzled, that of an array in which the dwords of INDEX_STRIDE neighbouring indices are
 * interleaved (scratch is such a buffer, with the lane's number as index). Lanes out of range read
 * 0 and write nothing; loads and stores of several dwords are checked dword by dword, formatted
 * ones and atomics as a whole.
 *
 * Source: RDNA 2 ISA guide, "Buffer Addressing", "Range checking" and "Buffer Resource Descriptor".
 */
#include <string.h>

#include "softgpu/isa/exec/elements.h"
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/lanes.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/vmem.h"
#include "softgpu/isa/exec/window.h"

/* ---- descriptors and addresses ---- */

enum oob_select {
    OOB_INDEX_AND_OFFSET = 0, /* index < NUM_RECORDS and offset < STRIDE */
    OOB_INDEX = 1,            /* index < NUM_RECORDS */
    OOB_EMPTY = 2,            /* only buffers of 0 records */
    OOB_RAW = 3,              /* offset < NUM_RECORDS in bytes, reduced by soffset */
};

struct buffer {
    uint64_t base;
    uint32_t stride, records, index_stride;
    bool swizzled, add_tid;
    uint8_t oob_select, format;
    uint16_t dst_sel;
};

static struct buffer buffer_decode(const struct isa_wave *w, uint16_t reg)
{
    uint32_t word[4];

    isa_reg_descriptor(w, reg, word);

    uint64_t base = word[0] | (uint64_t)(word[1] & 0xffff) << 32;

    return (struct buffer){
        .base = (uint64_t)((int64_t)(base << 16) >> 16),
        .stride = word[1] >> 16 & 0x3fff,
        .swizzled = word[1] >> 31,
        .records = word[2],
        .dst_sel = word[3] & 0xfff,
        .format = word[3] >> 12 & 0x7f,
        .index_stride = 8u << (word[3] >> 21 & 3),
        .add_tid = word[3] >> 23 & 1,
        .oob_select = word[3] >> 28 & 3,
    };
}

/* One instruction's lanes: what each asks of the buffer, and where that is. */
struct access {
    struct buffer buffer;
    uint32_t soffset;
    uint32_t index[64], offset[64];
    struct isa_lanes lanes; /* all active lanes, in range or not */
};

static uint64_t buffer_offset(const struct buffer *b, uint32_t index, uint32_t offset)
{
    if (!b->swizzled)
        return (uint64_t)b->stride * index + offset;

    uint64_t block = (uint64_t)(index / b->index_stride) * b->stride + (offset & ~3u);

    return block * b->index_stride + index % b->index_stride * 4 + (offset & 3);
}

static bool buffer_outside(const struct access *a, unsigned lane, uint32_t at, unsigned bytes)
{
    const struct buffer *b = &a->buffer;
    const uint64_t end = (uint64_t)a->offset[lane] + at + bytes;
    uint32_t records;

    switch (b->oob_select) {
    case OOB_INDEX_AND_OFFSET:
        return a->index[lane] >= b->records || end > b->stride;
    case OOB_INDEX:
        return a->index[lane] >= b->records;
    case OOB_EMPTY:
        return b->records == 0;
    default:
        if (b->swizzled && b->stride)
            return a->index[lane] >= b->records || end > b->stride;
        records = b->records > a->soffset ? b->records - a->soffset : 0;
        return (uint64_t)b->stride * a->index[lane] + end > records;
    }
}

static void access_prepare(struct isa_wave *w, const struct isa_inst *inst, struct access *a)
{
    const bool idxen = inst->mem.idxen, offen = inst->mem.offen;
    const uint32_t *index = idxen ? isa_reg_row(w, inst->src[0], 0) : NULL;
    const uint32_t *offset = offen ? isa_reg_row(w, inst->src[0], idxen) : NULL;

    a->buffer = buffer_decode(w, inst->src[2]);
    a->soffset = isa_reg_scalar32(w, inst, inst->mem.saddr);
    a->lanes.mask = isa_wave_exec(w);
    a->lanes.stride = a->buffer.swizzled ? 4 * a->buffer.index_stride : 4;

    const uint64_t base = a->buffer.base + a->soffset;

    for (unsigned lane = 0; lane < w->lanes; lane++) {
        a->index[lane] = (index ? index[lane] : 0) + (a->buffer.add_tid ? lane : 0);
        a->offset[lane] = (uint32_t)inst->imm + (offset ? offset[lane] : 0);
        a->lanes.va[lane] = base + buffer_offset(&a->buffer, a->index[lane], a->offset[lane]);
    }
}

/* Active lanes whose bytes [at, at+bytes) are out of range. */
static uint64_t access_outside(const struct access *a, uint32_t at, unsigned bytes)
{
    uint64_t outside = 0;

    if (a->buffer.oob_select == OOB_EMPTY) /* scratch; the same for all lanes */
        return a->buffer.records == 0 ? a->lanes.mask : 0;
    ISA_FOR_LANES(lane, a->lanes.mask)
    outside |= (uint64_t)buffer_outside(a, (unsigned)lane, at, bytes) << lane;
    return outside;
}

static bool still_in(const struct isa_wave *w, uint64_t pc)
{
    return w->pc == pc && w->stop == ISA_STOP_NONE;
}

/* ---- untyped loads and stores ---- */

static uint32_t register_zero(enum isa_mem_kind kind, uint32_t old)
{
    static const uint8_t zeros[4];

    return isa_mem_load_reg(kind, zeros, old);
}

/* Zeroes what out-of-range lanes would have loaded. */
static void load_zero(struct isa_wave *w, uint64_t mask, enum isa_mem_kind kind, uint16_t reg)
{
    uint32_t *row = isa_reg_row(w, reg, 0);

    ISA_FOR_LANES(lane, mask)
    row[lane] = register_zero(kind, row[lane]);
}

/* The lanes that only have some of their dwords in range, dword by dword. */
static void transfer_partial(struct isa_wave *w, const struct isa_inst *inst, struct access *a,
                             uint64_t mask, unsigned dwords, uint16_t reg, bool store)
{
    const uint64_t pc = w->pc;
    struct isa_lanes part = a->lanes;

    for (unsigned d = 0; d < dwords && still_in(w, pc); d++) {
        uint64_t outside = access_outside(a, 4 * d, 4) & mask;

        part.mask = mask & ~outside;
        if (store)
            isa_lanes_store(w, inst, &part, ISA_MEM_B32, (uint16_t)(reg + d));
        else
            isa_lanes_load(w, inst, &part, ISA_MEM_B32, (uint16_t)(reg + d));
        if (!store && still_in(w, pc))
            load_zero(w, outside, ISA_MEM_B32, (uint16_t)(reg + d));
        ISA_FOR_LANES(lane, mask)
        part.va[lane] += a->lanes.stride;
    }
}

/* TFE adds a register that tells whether pages were missing: here they fault instead. */
static void write_tfe(struct isa_wave *w, const struct isa_inst *inst, unsigned dwords)
{
    uint32_t *row = isa_reg_row(w, inst->dst, dwords);

    if (inst->mem.tfe) {
        ISA_FOR_LANES(lane, isa_wave_exec(w))
        row[lane] = 0;
    }
}

/* Loads with LDS=1 go to LDS at M0 + offset + 4 * lane instead of VGPRs. */
static void load_to_lds(struct isa_wave *w, const struct isa_inst *inst, struct access *a,
                        enum isa_mem_kind kind)
{
    const unsigned bytes = isa_mem_kind_bytes(kind);
    const uint64_t outside = access_outside(a, 0, bytes);
    const uint32_t base = (w->sgpr[ISA_REG_M0] & 0xffff) + (uint32_t)inst->imm;

    ISA_FOR_LANES(lane, a->lanes.mask)
    {
        uint32_t address = base + 4 * (uint32_t)lane, value;
        uint8_t data[4] = {0};

        if (!(outside >> lane & 1) &&
            !isa_lane_read(w, inst, &a->lanes, (unsigned)lane, data, bytes))
            return;
        value = isa_mem_load_reg(kind, data, 0);
        if ((uint64_t)address + 4 <= w->lds_size)
            memcpy(w->lds + address, &value, sizeof(value));
    }
}

/* Scratch as unoptimised code uses it: the lane's number is the index, and the offset the same for
 * all lanes, so that each dword of theirs is a row in memory. Returns where the first row is and
 * how far the next; NULL when it is not that case. */
static uint8_t *scratch_rows(struct isa_wave *w, const struct isa_inst *inst,
                             enum isa_mem_kind kind, unsigned access, size_t *out_stride)
{
    const unsigned dwords = isa_mem_kind_dwords(kind);
    struct buffer b;
    uint64_t va;

    if (inst->mem.idxen || inst->mem.offen || inst->mem.lds || inst->mem.tfe ||
        kind < ISA_MEM_B32 || inst->imm & 3 || isa_wave_exec(w) != isa_lanes_all(w))
        return NULL;
    b = buffer_decode(w, inst->src[2]);
    if (!b.swizzled || !b.add_tid || b.oob_select != OOB_EMPTY || b.records == 0 ||
        b.index_stride < w->lanes)
        return NULL;
    va = b.base + isa_reg_scalar32(w, inst, inst->mem.saddr) +
         buffer_offset(&b, 0, (uint32_t)inst->imm);
    *out_stride = 4 * b.index_stride;
    return isa_window_host(w, va, (dwords - 1) * *out_stride + 4 * w->lanes, access);
}

static bool scratch_load_rows(struct isa_wave *w, const struct isa_inst *inst,
                              enum isa_mem_kind kind)
{
    size_t stride;
    const uint8_t *host = scratch_rows(w, inst, kind, ISA_ACCESS_READ, &stride);

    for (unsigned d = 0; host && d < isa_mem_kind_dwords(kind); d++)
        isa_host_copy_dwords(isa_reg_row(w, inst->dst, d), host + d * stride, w->lanes);
    return host != NULL;
}

static bool scratch_store_rows(struct isa_wave *w, const struct isa_inst *inst,
                               enum isa_mem_kind kind)
{
    size_t stride;
    uint8_t *host = scratch_rows(w, inst, kind, ISA_ACCESS_WRITE, &stride);

    for (unsigned d = 0; host && d < isa_mem_kind_dwords(kind); d++)
        isa_host_copy_dwords(host + d * stride, isa_reg_row(w, inst->src[1], d), w->lanes);
    return host != NULL;
}

static void buffer_load(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    const uint64_t pc = w->pc;
    const unsigned dwords = isa_mem_kind_dwords(kind);
    struct access a;
    uint64_t outside;

    isa_windows_sync(w);
    if (scratch_load_rows(w, inst, kind))
        return;
    access_prepare(w, inst, &a);
    if (inst->mem.lds) {
        load_to_lds(w, inst, &a, kind);
        return;
    }
    outside = access_outside(&a, 0, isa_mem_kind_bytes(kind));
    a.lanes.mask &= ~outside;
    isa_lanes_load(w, inst, &a.lanes, kind, inst->dst);
    if (outside && still_in(w, pc)) {
        a.lanes.mask = outside;
        if (dwords > 1)
            transfer_partial(w, inst, &a, outside, dwords, inst->dst, false);
        else
            load_zero(w, outside, kind, inst->dst);
    }
    if (still_in(w, pc))
        write_tfe(w, inst, dwords);
}

static void buffer_store(struct isa_wave *w, const struct isa_inst *inst, enum isa_mem_kind kind)
{
    const uint64_t pc = w->pc;
    const unsigned dwords = isa_mem_kind_dwords(kind);
    struct access a;
    uint64_t outside;

    isa_windows_sync(w);
    if (scratch_store_rows(w, inst, kind))
        return;
    access_prepare(w, inst, &a);
    outside = access_outside(&a, 0, isa_mem_kind_bytes(kind));
    a.lanes.mask &= ~outside;
    isa_lanes_store(w, inst, &a.lanes, kind, inst->src[1]);
    if (outside && dwords > 1 && still_in(w, pc)) {
        a.lanes.mask = outside;
        transfer_partial(w, inst, &a, outside, dwords, inst->src[1], true);
    }
}

/* ---- formatted loads and stores ---- */

enum format_data { DATA_32, DATA_D16, DATA_D16_HI };

/* The format in force: MTBUF's own, or the descriptor's. */
static const struct isa_format *access_format(const struct isa_inst *inst, const struct access *a)
{
    return isa_format_find(inst->enc == ISA_ENC_MTBUF ? inst->mem.format : a->buffer.format);
}

/* The register, or the half of one, of component `i`: D16 packs two into one. */
static uint32_t *format_place(const struct isa_wave *w, uint16_t reg, unsigned i,
                              enum format_data data, enum isa_component_part *out_part)
{
    *out_part = data == DATA_32                ? ISA_PART_WHOLE
                : data == DATA_D16_HI || i % 2 ? ISA_PART_HIGH
                                               : ISA_PART_LOW;
    return isa_reg_row(w, reg, data == DATA_32 ? i : i / 2);
}

/* MTBUF has no selection. */
static uint16_t format_selection(const struct isa_inst *inst, const struct access *a)
{
    return inst->enc == ISA_ENC_MUBUF ? a->buffer.dst_sel : ISA_SELECT_XYZW;
}

static unsigned format_registers(unsigned count, enum format_data data)
{
    return data == DATA_32 ? count : (count + 1) / 2;
}

/* Zeros are what a lane out of range reads, before the selection. */
static void format_clear(uint32_t value[ISA_FORMAT_ROWS], unsigned lanes, uint64_t outside)
{
    for (unsigned i = 0; i < 4; i++)
        ISA_FOR_LANES(lane, outside)
    value[i * lanes + lane] = 0;
}

static void buffer_load_format(struct isa_wave *w, const struct isa_inst *inst, unsigned count,
                               enum format_data data)
{
    _Alignas(64) uint32_t value[ISA_FORMAT_ROWS];
    uint32_t constant[ISA_FORMAT_LANES];
    struct access a;
    uint64_t active, outside;

    isa_windows_sync(w);
    access_prepare(w, inst, &a);

    /* A format that does not exist is out of range everywhere. */
    const struct isa_format *format = access_format(inst, &a);

    outside = format ? access_outside(&a, 0, format->bytes) : a.lanes.mask;
    if (inst->mem.lds) { /* one component, never D16 */
        isa_handler_unsupported(w, inst);
        return;
    }
    active = a.lanes.mask;
    a.lanes.mask &= ~outside;
    if (a.lanes.mask && !isa_elements_load(w, inst, &a.lanes, format, value))
        return;
    format_clear(value, w->lanes, outside);
    for (unsigned i = 0; i < count; i++) {
        enum isa_component_part part;
        uint32_t *row = format_place(w, inst->dst, i, data, &part);

        isa_component_write(
            w, row, part, format,
            isa_elements_select(format, format_selection(inst, &a), value, i, w->lanes, constant),
            active);
    }
    write_tfe(w, inst, format_registers(count, data));
}

static void buffer_store_format(struct isa_wave *w, const struct isa_inst *inst, unsigned count,
                                enum format_data data)
{
    _Alignas(64) uint32_t value[ISA_FORMAT_ROWS];
    struct access a;

    isa_windows_sync(w);
    access_prepare(w, inst, &a);

    const struct isa_format *format = access_format(inst, &a);

    if (!format)
        return;
    a.lanes.mask &= ~access_outside(&a, 0, format->bytes);
    if (!a.lanes.mask)
        return;
    for (unsigned i = 0; i < 4; i++) {
        int from = isa_elements_unselect(format_selection(inst, &a), i);
        uint32_t *component = value + i * w->lanes;
        enum isa_component_part part;

        if (from < 0 || (unsigned)from >= count) {
            memset(component, 0, w->lanes * sizeof(*component));
            continue;
        }

        const uint32_t *row = format_place(w, inst->src[1], (unsigned)from, data, &part);

        isa_component_read(w, row, part, format, component);
    }
    isa_elements_store(w, inst, &a.lanes, format, value);
}

/* ---- atomics ---- */

/* Addresses of the lanes in range; the others get 0. */
static void atomic_prepare(struct isa_wave *w, const struct isa_inst *inst, unsigned bytes,
                           struct access *a)
{
    uint64_t outside;

    isa_windows_sync(w);
    access_prepare(w, inst, a);
    outside = access_outside(a, 0, bytes);
    a->lanes.mask &= ~outside;
    for (unsigned d = 0; d < bytes / 4 && inst->dst != ISA_REG_NONE; d++)
        load_zero(w, outside, ISA_MEM_B32, (uint16_t)(inst->dst + d));
}

static void buffer_atomic32(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn32 *op,
                            bool compares)
{
    struct access a;

    atomic_prepare(w, inst, 4, &a);
    isa_lanes_atomic32(w, inst, &a.lanes, op, isa_atomic_regs_of(inst, 1, compares));
}

static void buffer_atomic64(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn64 *op,
                            bool compares)
{
    struct access a;

    atomic_prepare(w, inst, 8, &a);
    isa_lanes_atomic64(w, inst, &a.lanes, op, isa_atomic_regs_of(inst, 2, compares));
}

static void buffer_atomic_csub(struct isa_wave *w, const struct isa_inst *inst)
{
    buffer_atomic32(w, inst, isa_atomic_host_csub_uint32_t, false);
}

/* No caches to invalidate; what follows must still see what others wrote before. */
static void buffer_invalidate(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
    isa_host_fence();
}

/* ---- the table ---- */

#define BUFFER_DEFINE_LOAD(enc, suffix, kind)                                                      \
    static void enc##_load_##suffix(struct isa_wave *w, const struct isa_inst *inst)               \
    {                                                                                              \
        enc##_load(w, inst, ISA_MEM_##kind);                                                       \
    }
#define BUFFER_DEFINE_STORE(enc, suffix, kind)                                                     \
    static void enc##_store_##suffix(struct isa_wave *w, const struct isa_inst *inst)              \
    {                                                                                              \
        enc##_store(w, inst, ISA_MEM_##kind);                                                      \
    }
#define BUFFER_DEFINE_ATOMICS(enc, op, compares)                                                   \
    static void enc##_atomic_##op(struct isa_wave *w, const struct isa_inst *inst)                 \
    {                                                                                              \
        enc##_atomic32(w, inst, isa_atomic_host_##op##_uint32_t, compares);                        \
    }                                                                                              \
    static void enc##_atomic_##op##_x2(struct isa_wave *w, const struct isa_inst *inst)            \
    {                                                                                              \
        enc##_atomic64(w, inst, isa_atomic_host_##op##_uint64_t, compares);                        \
    }
ISA_VMEM_LOADS(BUFFER_DEFINE_LOAD, buffer)
ISA_VMEM_STORES(BUFFER_DEFINE_STORE, buffer)
ISA_VMEM_ATOMICS(BUFFER_DEFINE_ATOMICS, buffer)

/* X(suffix, components, enum format_data); MTBUF has all but the last. */
#define BUFFER_TYPED_FORMATS(X)                                                                    \
    X(x, 1, DATA_32)                                                                               \
    X(xy, 2, DATA_32)                                                                              \
    X(xyz, 3, DATA_32)                                                                             \
    X(xyzw, 4, DATA_32)                                                                            \
    X(d16_x, 1, DATA_D16)                                                                          \
    X(d16_xy, 2, DATA_D16)                                                                         \
    X(d16_xyz, 3, DATA_D16)                                                                        \
    X(d16_xyzw, 4, DATA_D16)
#define BUFFER_FORMATS(X) BUFFER_TYPED_FORMATS(X) X(d16_hi_x, 1, DATA_D16_HI)

#define BUFFER_DEFINE_FORMAT(suffix, count, data)                                                  \
    static void buffer_load_format_##suffix(struct isa_wave *w, const struct isa_inst *inst)       \
    {                                                                                              \
        buffer_load_format(w, inst, count, data);                                                  \
    }                                                                                              \
    static void buffer_store_format_##suffix(struct isa_wave *w, const struct isa_inst *inst)      \
    {                                                                                              \
        buffer_store_format(w, inst, count, data);                                                 \
    }
BUFFER_FORMATS(BUFFER_DEFINE_FORMAT)

#define BUFFER_LOAD_ROW(enc, suffix, kind)  [ISA_OP_##enc##_load_##suffix] = enc##_load_##suffix,
#define BUFFER_STORE_ROW(enc, suffix, kind) [ISA_OP_##enc##_store_##suffix] = enc##_store_##suffix,
#define BUFFER_ATOMIC_ROWS(enc, op, compares)                                                      \
    [ISA_OP_##enc##_atomic_##op] = enc##_atomic_##op,                                              \
    [ISA_OP_##enc##_atomic_##op##_x2] = enc##_atomic_##op##_x2,
#define BUFFER_FORMAT_ROWS(suffix, count, data)                                                    \
    [ISA_OP_buffer_load_format_##suffix] = buffer_load_format_##suffix,                            \
    [ISA_OP_buffer_store_format_##suffix] = buffer_store_format_##suffix,
#define BUFFER_TYPED_ROWS(suffix, count, data)                                                     \
    [ISA_OP_tbuffer_load_format_##suffix] = buffer_load_format_##suffix,                           \
    [ISA_OP_tbuffer_store_format_##suffix] = buffer_store_format_##suffix,

isa_handler *const isa_buffer_handlers[ISA_OP_COUNT] = {
    ISA_VMEM_LOADS(BUFFER_LOAD_ROW, buffer) ISA_VMEM_STORES(BUFFER_STORE_ROW, buffer)
        ISA_VMEM_ATOMICS(BUFFER_ATOMIC_ROWS, buffer) BUFFER_FORMATS(BUFFER_FORMAT_ROWS)
            BUFFER_TYPED_FORMATS(BUFFER_TYPED_ROWS)[ISA_OP_buffer_atomic_csub] = buffer_atomic_csub,
    [ISA_OP_buffer_gl0_inv] = buffer_invalidate,
    [ISA_OP_buffer_gl1_inv] = buffer_invalidate,
};
