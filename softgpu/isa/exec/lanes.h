/* SPDX-License-Identifier: MIT
 *
 * What FLAT, GLOBAL, SCRATCH and buffer instructions have in common once their addresses are
 * known: loads, stores and atomics of a wave's lanes. All lanes' addresses are compared with a
 * window at once; only when no window holds them all is each lane looked up by itself.
 *
 * Faults: the lowest lane's is raised; lanes below it have done their access (as on hardware,
 * where memory faults do not undo anything).
 *
 * Thread safety: a wave is used by one thread at a time; memory is shared as host.h says.
 */
#ifndef SOFTGPU_ISA_EXEC_LANES_H
#define SOFTGPU_ISA_EXEC_LANES_H

#include "softgpu/isa/exec/atomic.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/wave.h"

struct isa_lanes {
    uint64_t va[64]; /* of each lane's first byte */
    uint64_t mask;   /* lanes that take part; the addresses of others mean nothing */
    /* Bytes from one dword of a lane's data to its next: 4, or more in swizzled memory, where the
     * dwords of a wave's lanes are interleaved. */
    uint64_t stride;
};

/* How a lane's data lies in memory and in registers. D16 forms use half a register, the lower or
 * (HI) the upper one; loads leave the other half alone. */
enum isa_mem_kind {
    ISA_MEM_U8,
    ISA_MEM_I8,
    ISA_MEM_U16,
    ISA_MEM_I16,
    ISA_MEM_U8_D16,
    ISA_MEM_U8_D16_HI,
    ISA_MEM_I8_D16,
    ISA_MEM_I8_D16_HI,
    ISA_MEM_B16_D16,
    ISA_MEM_B16_D16_HI,
    ISA_MEM_B32,
    ISA_MEM_B64,
    ISA_MEM_B96,
    ISA_MEM_B128,
};

static inline unsigned isa_mem_kind_bytes(enum isa_mem_kind kind)
{
    switch (kind) {
    case ISA_MEM_U8:
    case ISA_MEM_I8:
    case ISA_MEM_U8_D16:
    case ISA_MEM_U8_D16_HI:
    case ISA_MEM_I8_D16:
    case ISA_MEM_I8_D16_HI:
        return 1;
    case ISA_MEM_U16:
    case ISA_MEM_I16:
    case ISA_MEM_B16_D16:
    case ISA_MEM_B16_D16_HI:
        return 2;
    default:
        return 4 * (kind - ISA_MEM_B32 + 1);
    }
}

static inline unsigned isa_mem_kind_dwords(enum isa_mem_kind kind)
{
    return kind > ISA_MEM_B32 ? kind - ISA_MEM_B32 + 1 : 1;
}

/* One register's worth of a load from `p`; `old` is what the register holds. */
static inline uint32_t isa_mem_load_reg(enum isa_mem_kind kind, const uint8_t *p, uint32_t old)
{
    switch (kind) {
    case ISA_MEM_U8:
        return isa_host_load8(p);
    case ISA_MEM_I8:
        return (uint32_t)(int8_t)isa_host_load8(p);
    case ISA_MEM_U16:
        return isa_host_load16(p);
    case ISA_MEM_I16:
        return (uint32_t)(int16_t)isa_host_load16(p);
    case ISA_MEM_U8_D16:
        return (old & 0xffff0000) | isa_host_load8(p);
    case ISA_MEM_U8_D16_HI:
        return (old & 0xffff) | (uint32_t)isa_host_load8(p) << 16;
    case ISA_MEM_I8_D16:
        return (old & 0xffff0000) | (uint16_t)(int8_t)isa_host_load8(p);
    case ISA_MEM_I8_D16_HI:
        return (old & 0xffff) | (uint32_t)(uint16_t)(int8_t)isa_host_load8(p) << 16;
    case ISA_MEM_B16_D16:
        return (old & 0xffff0000) | isa_host_load16(p);
    case ISA_MEM_B16_D16_HI:
        return (old & 0xffff) | (uint32_t)isa_host_load16(p) << 16;
    default:
        return isa_host_load32(p);
    }
}

/* One register's worth of a store to `p`. */
static inline void isa_mem_store_reg(enum isa_mem_kind kind, uint8_t *p, uint32_t value)
{
    switch (kind) {
    case ISA_MEM_U8:
        isa_host_store8(p, (uint8_t)value);
        break;
    case ISA_MEM_U8_D16_HI:
        isa_host_store8(p, (uint8_t)(value >> 16));
        break;
    case ISA_MEM_U16:
        isa_host_store16(p, (uint16_t)value);
        break;
    case ISA_MEM_B16_D16_HI:
        isa_host_store16(p, (uint16_t)(value >> 16));
        break;
    default:
        isa_host_store32(p, value);
        break;
    }
}

/* Loads each lane's data into `reg` and the registers behind it. */
void isa_lanes_load(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                    enum isa_mem_kind kind, uint16_t reg);
/* Stores it from there. */
void isa_lanes_store(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                     enum isa_mem_kind kind, uint16_t reg);

/* The same with rows of memory's instead of registers: dword d of lane l at [d * w->lanes + l]. A
 * load returns false when it raised a fault. */
bool isa_lanes_load_rows(struct isa_wave *w, const struct isa_inst *inst,
                         const struct isa_lanes *lanes, enum isa_mem_kind kind, uint32_t *rows);
void isa_lanes_store_rows(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_lanes *lanes, enum isa_mem_kind kind,
                          const uint32_t *rows);

/* A short cut for the most common case: all lanes are enabled, and their data, of whole dwords,
 * follow each other in memory without gaps. `low` and `high` are the rows of the address registers;
 * `high` is NULL for 32-bit addresses, which must not wrap then. */
bool isa_rows_are_dense(const struct isa_wave *w, const uint32_t *low, const uint32_t *high,
                        unsigned bytes);
void isa_dense_load(struct isa_wave *w, enum isa_mem_kind kind, uint16_t reg, const void *host);
void isa_dense_store(struct isa_wave *w, enum isa_mem_kind kind, uint16_t reg, void *host);

/* The same at base + address. False, and nothing done, when it is not that case or no single window
 * holds the data. */
bool isa_rows_load_dense(struct isa_wave *w, uint64_t base, const uint32_t *low,
                         const uint32_t *high, enum isa_mem_kind kind, uint16_t reg);
bool isa_rows_store_dense(struct isa_wave *w, uint64_t base, const uint32_t *low,
                          const uint32_t *high, enum isa_mem_kind kind, uint16_t reg);

/* Where an atomic's operands and result are; ISA_REG_NONE when it has none. */
struct isa_atomic_regs {
    uint16_t data, cmp, dst;
};

/* Those of a FLAT or buffer atomic of `dwords`: the value compared with lies behind the data. */
static inline struct isa_atomic_regs isa_atomic_regs_of(const struct isa_inst *inst,
                                                        unsigned dwords, bool compares)
{
    return (struct isa_atomic_regs){
        .data = inst->src[1],
        .cmp = compares ? (uint16_t)(inst->src[1] + dwords) : ISA_REG_NONE,
        .dst = inst->dst,
    };
}

/* One lane's atomic on the word at `p`. */
void isa_atomic_apply32(struct isa_wave *w, isa_atomic_fn32 *op, uint8_t *p, unsigned lane,
                        struct isa_atomic_regs regs);
void isa_atomic_apply64(struct isa_wave *w, isa_atomic_fn64 *op, uint8_t *p, unsigned lane,
                        struct isa_atomic_regs regs);

void isa_lanes_atomic32(struct isa_wave *w, const struct isa_inst *inst,
                        const struct isa_lanes *lanes, isa_atomic_fn32 *op,
                        struct isa_atomic_regs regs);
void isa_lanes_atomic64(struct isa_wave *w, const struct isa_inst *inst,
                        const struct isa_lanes *lanes, isa_atomic_fn64 *op,
                        struct isa_atomic_regs regs);

/* One lane's bytes, through its own lookup and in pieces if need be; false when a fault was raised.
 * For conversions that are not worth a loop of their own. */
bool isa_lane_read(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                   unsigned lane, void *data, unsigned bytes);
bool isa_lane_write(struct isa_wave *w, const struct isa_inst *inst, const struct isa_lanes *lanes,
                    unsigned lane, const void *data, unsigned bytes);

static inline uint64_t isa_lanes_all(const struct isa_wave *w)
{
    return w->lanes == 64 ? UINT64_MAX : UINT32_MAX;
}

#endif
