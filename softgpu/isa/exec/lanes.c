/* SPDX-License-Identifier: MIT
 *
 * Loads, stores and atomics of a wave's lanes: see lanes.h.
 */
#include "softgpu/isa/exec/lanes.h"

#include <string.h>

#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- all lanes at once ---- */

struct extent {
    uint64_t low, high; /* lowest and highest first byte */
    uint64_t bits;      /* all addresses or'ed: tells alignment */
};

static struct extent lanes_extent(const struct isa_lanes *lanes)
{
    struct extent e = {UINT64_MAX, 0, 0};

    ISA_FOR_LANES(lane, lanes->mask)
    {
        uint64_t va = lanes->va[lane];

        e.low = va < e.low ? va : e.low;
        e.high = va > e.high ? va : e.high;
        e.bits |= va;
    }
    return e;
}

static uintptr_t window_zero(const struct isa_window *window)
{
    return (uintptr_t)window->host - (uintptr_t)window->va;
}

/* Do all lanes' data lie in the window of the first lane's, which is brought to the front? That is
 * found by subtractions whose signs are collected, which every x86-64 does for several lanes at
 * once; for a wave with all lanes enabled and linear data. */
static bool lanes_in_front_window(struct isa_wave *w, const struct isa_lanes *lanes, unsigned bytes,
                                  unsigned access)
{
    const struct isa_window *window;
    uint64_t start, last, signs = 0;

    if (lanes->mask != isa_lanes_all(w) || lanes->stride != 4)
        return false;
    window = isa_window_find(w, lanes->va[0], bytes, access);
    if (!window)
        return false;
    start = window->va;
    last = window->size - bytes;
    for (unsigned lane = 0; lane < w->lanes; lane++) {
        uint64_t offset = lanes->va[lane] - start;

        signs |= offset | (last - offset);
    }
    return !(signs >> 63);
}

/* Host address that GPU address 0 would have by the one window that holds all lanes' data whole.
 * False when there is none, or when swizzled data is not made of whole dwords. */
static bool lanes_window(struct isa_wave *w, const struct isa_lanes *lanes, unsigned bytes,
                         unsigned access, uintptr_t *out_zero)
{
    const struct isa_window *window = &w->windows[0];
    uint64_t span = bytes;

    if (!lanes_in_front_window(w, lanes, bytes, access)) {
        struct extent e = lanes_extent(lanes);

        if (lanes->stride != 4) {
            if (e.bits & 3 && (e.bits & 3) + bytes > 4)
                return false;
            if (bytes > 4)
                span = (bytes / 4 - 1) * lanes->stride + 4;
        }
        if (e.high - e.low > UINT64_MAX - span)
            return false;
        window = isa_window_find(w, e.low, e.high - e.low + span, access);
        if (!window)
            return false;
    }
    *out_zero = window_zero(window);
    return true;
}

/* Do the lanes' data follow each other without gaps? */
static bool lanes_are_dense(const struct isa_wave *w, const struct isa_lanes *lanes, unsigned bytes)
{
    uint64_t differs = 0;

    if (lanes->mask != isa_lanes_all(w) || lanes->va[1] - lanes->va[0] != bytes ||
        (lanes->stride != 4 && bytes != 4))
        return false;
    for (unsigned lane = 1; lane < w->lanes; lane++)
        differs |= (lanes->va[lane] - lanes->va[lane - 1]) ^ bytes;
    return differs == 0;
}

/* Dense data, `dwords` of each lane in turn, to registers and back. Blocks of 32 lanes and separate
 * arrays let the compiler make shuffles of the transposition. */
enum { BLOCK = 32 };

static ALWAYS_INLINE void block_split(unsigned dwords, const uint32_t *restrict data,
                                      uint32_t *restrict rows)
{
    for (unsigned lane = 0; lane < BLOCK; lane++) {
        for (unsigned d = 0; d < dwords; d++)
            rows[d * BLOCK + lane] = data[lane * dwords + d];
    }
}

static ALWAYS_INLINE void block_join(unsigned dwords, const uint32_t *restrict rows,
                                     uint32_t *restrict data)
{
    for (unsigned lane = 0; lane < BLOCK; lane++) {
        for (unsigned d = 0; d < dwords; d++)
            data[lane * dwords + d] = rows[d * BLOCK + lane];
    }
}

static ALWAYS_INLINE void dense_load(const struct isa_wave *w, unsigned dwords, uint32_t *rows,
                                     const uint8_t *host)
{
    uint32_t data[4 * BLOCK], block[4 * BLOCK];

    if (dwords == 1) {
        isa_host_copy_dwords(rows, host, w->lanes);
        return;
    }
    for (unsigned lane = 0; lane < w->lanes; lane += BLOCK) {
        isa_host_copy_dwords(data, host + 4ull * dwords * lane, dwords * BLOCK);
        block_split(dwords, data, block);
        for (unsigned d = 0; d < dwords; d++)
            memcpy(&rows[d * w->lanes + lane], &block[d * BLOCK], 4 * BLOCK);
    }
}

static ALWAYS_INLINE void dense_store(const struct isa_wave *w, unsigned dwords,
                                      const uint32_t *rows, uint8_t *host)
{
    uint32_t data[4 * BLOCK], block[4 * BLOCK];

    if (dwords == 1) {
        isa_host_copy_dwords(host, rows, w->lanes);
        return;
    }
    for (unsigned lane = 0; lane < w->lanes; lane += BLOCK) {
        for (unsigned d = 0; d < dwords; d++)
            memcpy(&block[d * BLOCK], &rows[d * w->lanes + lane], 4 * BLOCK);
        block_join(dwords, block, data);
        isa_host_copy_dwords(host + 4ull * dwords * lane, data, dwords * BLOCK);
    }
}

/* Calls `function` with the number of dwords as a constant. */
#define WITH_CONSTANT_DWORDS(kind, function, ...)                                                  \
    do {                                                                                           \
        switch (kind) {                                                                            \
        case ISA_MEM_B32:                                                                          \
            function(w, 1, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case ISA_MEM_B64:                                                                          \
            function(w, 2, __VA_ARGS__);                                                           \
            break;                                                                                 \
        case ISA_MEM_B96:                                                                          \
            function(w, 3, __VA_ARGS__);                                                           \
            break;                                                                                 \
        default:                                                                                   \
            function(w, 4, __VA_ARGS__);                                                           \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

static void rows_load(const struct isa_wave *w, enum isa_mem_kind kind, uint32_t *rows,
                      const void *host)
{
    WITH_CONSTANT_DWORDS(kind, dense_load, rows, host);
}

static void rows_store(const struct isa_wave *w, enum isa_mem_kind kind, const uint32_t *rows,
                       void *host)
{
    WITH_CONSTANT_DWORDS(kind, dense_store, rows, host);
}

void isa_dense_load(struct isa_wave *w, enum isa_mem_kind kind, uint16_t reg, const void *host)
{
    rows_load(w, kind, isa_reg_row(w, reg, 0), host);
}

void isa_dense_store(struct isa_wave *w, enum isa_mem_kind kind, uint16_t reg, void *host)
{
    rows_store(w, kind, isa_reg_row(w, reg, 0), host);
}

bool isa_rows_are_dense(const struct isa_wave *w, const uint32_t *low, const uint32_t *high,
                        unsigned bytes)
{
    uint32_t differs = 0;

    if (low[1] - low[0] != bytes || low[0] > UINT32_MAX - 64 * 16 ||
        isa_wave_exec(w) != isa_lanes_all(w))
        return false;
    for (unsigned lane = 1; lane < w->lanes; lane++)
        differs |= (low[lane] - low[lane - 1]) ^ bytes;
    for (unsigned lane = 0; high && lane < w->lanes; lane++)
        differs |= high[lane] ^ high[0];
    return differs == 0;
}

static uint8_t *rows_dense_host(struct isa_wave *w, uint64_t base, const uint32_t *low,
                                const uint32_t *high, enum isa_mem_kind kind, unsigned access)
{
    const unsigned bytes = isa_mem_kind_bytes(kind);

    if (kind < ISA_MEM_B32 || !isa_rows_are_dense(w, low, high, bytes))
        return NULL;
    base += low[0] | (high ? (uint64_t)high[0] << 32 : 0);
    return isa_window_host(w, base, (uint64_t)bytes * w->lanes, access);
}

bool isa_rows_load_dense(struct isa_wave *w, uint64_t base, const uint32_t *low,
                         const uint32_t *high, enum isa_mem_kind kind, uint16_t reg)
{
    const uint8_t *host = rows_dense_host(w, base, low, high, kind, ISA_ACCESS_READ);

    if (host)
        isa_dense_load(w, kind, reg, host);
    return host != NULL;
}

bool isa_rows_store_dense(struct isa_wave *w, uint64_t base, const uint32_t *low,
                          const uint32_t *high, enum isa_mem_kind kind, uint16_t reg)
{
    uint8_t *host = rows_dense_host(w, base, low, high, kind, ISA_ACCESS_WRITE);

    if (host)
        isa_dense_store(w, kind, reg, host);
    return host != NULL;
}

static ALWAYS_INLINE void load_from_window(struct isa_wave *w, const struct isa_lanes *lanes,
                                           enum isa_mem_kind kind, uint32_t *rows, uintptr_t zero)
{
    for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++, zero += lanes->stride) {
        uint32_t *row = rows + d * w->lanes;

        if (lanes->mask == isa_lanes_all(w)) {
            for (unsigned lane = 0; lane < w->lanes; lane++)
                row[lane] =
                    isa_mem_load_reg(kind, (const uint8_t *)(zero + lanes->va[lane]), row[lane]);
        } else {
            ISA_FOR_LANES(lane, lanes->mask)
            row[lane] =
                isa_mem_load_reg(kind, (const uint8_t *)(zero + lanes->va[lane]), row[lane]);
        }
    }
}

static ALWAYS_INLINE void store_lane(const struct isa_wave *w, const struct isa_lanes *lanes,
                                     enum isa_mem_kind kind, const uint32_t *rows, uintptr_t zero,
                                     unsigned lane)
{
    uintptr_t host = zero + lanes->va[lane];

    for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++)
        isa_mem_store_reg(kind, (uint8_t *)(host + d * lanes->stride), rows[d * w->lanes + lane]);
}

/* Lane by lane, so that of lanes that overlap the highest wins. */
static ALWAYS_INLINE void store_to_window(struct isa_wave *w, const struct isa_lanes *lanes,
                                          enum isa_mem_kind kind, const uint32_t *rows,
                                          uintptr_t zero)
{
    if (lanes->mask == isa_lanes_all(w)) {
        for (unsigned lane = 0; lane < w->lanes; lane++)
            store_lane(w, lanes, kind, rows, zero, lane);
    } else {
        ISA_FOR_LANES(lane, lanes->mask)
        store_lane(w, lanes, kind, rows, zero, (unsigned)lane);
    }
}

/* ---- lane by lane ---- */

/* Address of byte `index` of a lane's data, and how many bytes from there on lie together. */
static uint64_t lane_byte_va(const struct isa_lanes *lanes, unsigned lane, unsigned index,
                             unsigned bytes, unsigned *out_together)
{
    uint64_t va = lanes->va[lane];

    if (lanes->stride == 4) {
        *out_together = bytes - index;
        return va + index;
    }

    unsigned position = (unsigned)(va & 3) + index;
    unsigned left = 4 - (position & 3);

    *out_together = left < bytes - index ? left : bytes - index;
    return (va & ~3ull) + position / 4 * lanes->stride + (position & 3);
}

/* Sizes that instructions have are read and written with single accesses. */
static void host_read(void *data, const uint8_t *host, unsigned bytes)
{
    switch (bytes) {
    case 1:
        memcpy(data, &(uint8_t){isa_host_load8(host)}, 1);
        break;
    case 2:
        memcpy(data, &(uint16_t){isa_host_load16(host)}, 2);
        break;
    default:
        if (bytes % 4 == 0)
            isa_host_copy_dwords(data, host, bytes / 4);
        else
            isa_host_copy(data, host, bytes);
    }
}

static void host_write(uint8_t *host, const void *data, unsigned bytes)
{
    uint16_t half;

    switch (bytes) {
    case 1:
        isa_host_store8(host, *(const uint8_t *)data);
        break;
    case 2:
        memcpy(&half, data, 2);
        isa_host_store16(host, half);
        break;
    default:
        if (bytes % 4 == 0)
            isa_host_copy_dwords(host, data, bytes / 4);
        else
            isa_host_copy(host, data, bytes);
    }
}

bool isa_lane_read(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                   unsigned lane, void *data, unsigned bytes)
{
    uint8_t *to = data;

    for (unsigned i = 0, n; i < bytes; i += n) {
        uint64_t va = lane_byte_va(lanes, lane, i, bytes, &n);
        const uint8_t *host = isa_window_host(w, va, n, ISA_ACCESS_READ);
        struct isa_mem_fault fault;

        if (host) {
            host_read(to + i, host, n);
        } else if (!isa_mem_read(w, va, to + i, n, &fault)) {
            isa_fault_raise(w, inst, fault.kind, fault.va, ISA_ACCESS_READ, lane);
            return false;
        }
    }
    return true;
}

bool isa_lane_write(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                    unsigned lane, const void *data, unsigned bytes)
{
    const uint8_t *from = data;

    for (unsigned i = 0, n; i < bytes; i += n) {
        uint64_t va = lane_byte_va(lanes, lane, i, bytes, &n);
        uint8_t *host = isa_window_host(w, va, n, ISA_ACCESS_WRITE);
        struct isa_mem_fault fault;

        if (host) {
            host_write(host, from + i, n);
        } else if (!isa_mem_write(w, va, from + i, n, &fault)) {
            isa_fault_raise(w, inst, fault.kind, fault.va, ISA_ACCESS_WRITE, lane);
            return false;
        }
    }
    return true;
}

static bool load_by_lane(struct isa_wave *w, const struct isa_inst *inst,
                         const struct isa_lanes *lanes, enum isa_mem_kind kind, uint32_t *rows)
{
    ISA_FOR_LANES(lane, lanes->mask)
    {
        uint8_t data[16];

        if (!isa_lane_read(w, inst, lanes, (unsigned)lane, data, isa_mem_kind_bytes(kind)))
            return false;
        for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++) {
            uint32_t *row = rows + d * w->lanes;

            row[lane] = isa_mem_load_reg(kind, data + 4 * d, row[lane]);
        }
    }
    return true;
}

static void store_by_lane(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_lanes *lanes, enum isa_mem_kind kind,
                          const uint32_t *rows)
{
    ISA_FOR_LANES(lane, lanes->mask)
    {
        uint8_t data[16];

        for (unsigned d = 0; d < isa_mem_kind_dwords(kind); d++)
            isa_mem_store_reg(kind, data + 4 * d, rows[d * w->lanes + lane]);
        if (!isa_lane_write(w, inst, lanes, (unsigned)lane, data, isa_mem_kind_bytes(kind)))
            return;
    }
}

/* ---- loads and stores ---- */

/* Calls `function` with `kind` as a constant, so that each kind gets a loop of its own. */
#define WITH_CONSTANT_KIND(kind, function, ...)                                                    \
    do {                                                                                           \
        switch (kind) {                                                                            \
            KIND_CASE(ISA_MEM_U8, function, __VA_ARGS__)                                           \
            KIND_CASE(ISA_MEM_I8, function, __VA_ARGS__)                                           \
            KIND_CASE(ISA_MEM_U16, function, __VA_ARGS__)                                          \
            KIND_CASE(ISA_MEM_I16, function, __VA_ARGS__)                                          \
            KIND_CASE(ISA_MEM_U8_D16, function, __VA_ARGS__)                                       \
            KIND_CASE(ISA_MEM_U8_D16_HI, function, __VA_ARGS__)                                    \
            KIND_CASE(ISA_MEM_I8_D16, function, __VA_ARGS__)                                       \
            KIND_CASE(ISA_MEM_I8_D16_HI, function, __VA_ARGS__)                                    \
            KIND_CASE(ISA_MEM_B16_D16, function, __VA_ARGS__)                                      \
            KIND_CASE(ISA_MEM_B16_D16_HI, function, __VA_ARGS__)                                   \
            KIND_CASE(ISA_MEM_B32, function, __VA_ARGS__)                                          \
            KIND_CASE(ISA_MEM_B64, function, __VA_ARGS__)                                          \
            KIND_CASE(ISA_MEM_B96, function, __VA_ARGS__)                                          \
            KIND_CASE(ISA_MEM_B128, function, __VA_ARGS__)                                         \
        }                                                                                          \
    } while (0)
#define KIND_CASE(constant, function, ...)                                                         \
    case constant:                                                                                 \
        function(w, lanes, constant, __VA_ARGS__);                                                 \
        break;

bool isa_lanes_load_rows(struct isa_wave *w, const struct isa_inst *inst,
                         const struct isa_lanes *lanes, enum isa_mem_kind kind, uint32_t *rows)
{
    uintptr_t zero;

    if (lanes->mask == 0)
        return true;
    if (!lanes_window(w, lanes, isa_mem_kind_bytes(kind), ISA_ACCESS_READ, &zero))
        return load_by_lane(w, inst, lanes, kind, rows);
    if (kind >= ISA_MEM_B32 && lanes_are_dense(w, lanes, isa_mem_kind_bytes(kind)))
        rows_load(w, kind, rows, (const void *)(zero + lanes->va[0]));
    else
        WITH_CONSTANT_KIND(kind, load_from_window, rows, zero);
    return true;
}

void isa_lanes_store_rows(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_lanes *lanes, enum isa_mem_kind kind,
                          const uint32_t *rows)
{
    uintptr_t zero;

    if (lanes->mask == 0)
        return;
    if (!lanes_window(w, lanes, isa_mem_kind_bytes(kind), ISA_ACCESS_WRITE, &zero))
        store_by_lane(w, inst, lanes, kind, rows);
    else if (kind >= ISA_MEM_B32 && lanes_are_dense(w, lanes, isa_mem_kind_bytes(kind)))
        rows_store(w, kind, rows, (void *)(zero + lanes->va[0]));
    else
        WITH_CONSTANT_KIND(kind, store_to_window, rows, zero);
}

void isa_lanes_load(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                    enum isa_mem_kind kind, uint16_t reg)
{
    (void)isa_lanes_load_rows(w, inst, lanes, kind, isa_reg_row(w, reg, 0));
}

void isa_lanes_store(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                     enum isa_mem_kind kind, uint16_t reg)
{
    isa_lanes_store_rows(w, inst, lanes, kind, isa_reg_row(w, reg, 0));
}

/* ---- atomics ---- */

static uint64_t operand_get(const struct isa_wave *w, uint16_t reg, unsigned lane, unsigned bytes)
{
    uint64_t value;

    if (reg == ISA_REG_NONE)
        return 0;
    value = isa_reg_row(w, reg, 0)[lane];
    return bytes == 8 ? value | (uint64_t)isa_reg_row(w, reg, 1)[lane] << 32 : value;
}

static void operand_set(struct isa_wave *w, uint16_t reg, unsigned lane, unsigned bytes,
                        uint64_t value)
{
    if (reg == ISA_REG_NONE)
        return;
    isa_reg_row(w, reg, 0)[lane] = (uint32_t)value;
    if (bytes == 8)
        isa_reg_row(w, reg, 1)[lane] = (uint32_t)(value >> 32);
}

/* The host address for a lane's atomic; NULL when a fault was raised. */
static uint8_t *atomic_host(struct isa_wave *w, const struct isa_inst *inst,
                            const struct isa_lanes *lanes, unsigned lane, unsigned bytes)
{
    const unsigned access = ISA_ACCESS_READ | ISA_ACCESS_WRITE;
    uint64_t va = lanes->va[lane];
    struct isa_mem_fault fault = {ISA_FAULT_MISALIGNED, va};
    uint8_t *host = NULL;

    if (va % bytes == 0) {
        host = isa_window_host(w, va, bytes, access);
        if (!host && isa_mem_check(w, va, bytes, access, &fault))
            fault.kind = ISA_FAULT_MISALIGNED; /* a window that ends inside the word */
    }
    if (!host)
        isa_fault_raise(w, inst, fault.kind, fault.va, access, lane);
    return host;
}

void isa_atomic_apply32(struct isa_wave *w, isa_atomic_fn32 *op, uint8_t *p, unsigned lane,
                        struct isa_atomic_regs regs)
{
    uint32_t data = (uint32_t)operand_get(w, regs.data, lane, 4);
    uint32_t cmp = (uint32_t)operand_get(w, regs.cmp, lane, 4);

    operand_set(w, regs.dst, lane, 4, op(p, data, cmp));
}

void isa_atomic_apply64(struct isa_wave *w, isa_atomic_fn64 *op, uint8_t *p, unsigned lane,
                        struct isa_atomic_regs regs)
{
    uint64_t data = operand_get(w, regs.data, lane, 8);
    uint64_t cmp = operand_get(w, regs.cmp, lane, 8);

    operand_set(w, regs.dst, lane, 8, op(p, data, cmp));
}

void isa_lanes_atomic32(struct isa_wave *w, const struct isa_inst *inst,
                        const struct isa_lanes *lanes, isa_atomic_fn32 *op,
                        struct isa_atomic_regs regs)
{
    ISA_FOR_LANES(lane, lanes->mask)
    {
        uint8_t *host = atomic_host(w, inst, lanes, (unsigned)lane, 4);

        if (!host)
            return;
        isa_atomic_apply32(w, op, host, (unsigned)lane, regs);
    }
}

/* A 64-bit atomic in swizzled memory: it is the lane's own, and its halves lie apart. */
static bool atomic64_swizzled(struct isa_wave *w, const struct isa_inst *inst,
                              const struct isa_lanes *lanes, unsigned lane, isa_atomic_fn64 *op,
                              struct isa_atomic_regs regs)
{
    uint64_t word;

    if (!isa_lane_read(w, inst, lanes, lane, &word, 8))
        return false;
    isa_atomic_apply64(w, op, (uint8_t *)&word, lane, regs);
    return isa_lane_write(w, inst, lanes, lane, &word, 8);
}

void isa_lanes_atomic64(struct isa_wave *w, const struct isa_inst *inst,
                        const struct isa_lanes *lanes, isa_atomic_fn64 *op,
                        struct isa_atomic_regs regs)
{
    ISA_FOR_LANES(lane, lanes->mask)
    {
        if (lanes->stride != 4) {
            if (!atomic64_swizzled(w, inst, lanes, (unsigned)lane, op, regs))
                return;
            continue;
        }

        uint8_t *host = atomic_host(w, inst, lanes, (unsigned)lane, 8);

        if (!host)
            return;
        isa_atomic_apply64(w, op, host, (unsigned)lane, regs);
    }
}
