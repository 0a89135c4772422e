/* SPDX-License-Identifier: MIT
 *
 * Vector operations: how an instruction's operands become arrays of lanes, how the loops over the
 * semantic functions see them, and how results come back.
 *
 * Each operation (valu.def) is expanded (valu_expand.h) into its loops and a handler, which deals
 * with instructions without modifiers in the default mode and leaves all others to the general
 * path (valu_run.c). All of it is compiled for several levels of the x86-64 ABI (VALU_LEVEL);
 * valu_table.c picks one when the program is loaded.
 *
 * An operand of several dwords has dword k of lane l at [k * lanes + l], in registers and buffers
 * alike. A register that is source and destination is no problem for the loops: they read and write
 * it at the same index only.
 *
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_VALU_H
#define SOFTGPU_ISA_EXEC_VALU_H

#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/operand.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/exec/sem_base.h"
#include "softgpu/isa/spec/flags.h"

#define VALU_PASTE2(a, b, c) a##b##_##c
#define VALU_PASTE(a, b, c)  VALU_PASTE2(a, b, c)
#define VALU_SYM(name)       VALU_PASTE(valu_, VALU_LEVEL, name)

enum { VALU_LANES = 64, VALU_SOURCES = 4 };

/* One instruction's operands as its loop sees them. */
struct valu_frame {
    const uint32_t *src[VALU_SOURCES]; /* borrowed: a VGPR row or a buffer */
    uint64_t mask[VALU_SOURCES];       /* of sources that are masks */
    uint32_t *dst;                     /* borrowed: a VGPR row or a buffer */
    uint32_t *carry;                   /* borrowed: ~0 or 0 a lane, the second result */
    size_t lanes;
};

/* Runs an operation over the lanes, whatever EXEC is. */
typedef void valu_loop(const struct valu_frame *f, struct sem_mode mode);

/* How the host's rounding mode matters to an operation. */
enum valu_round {
    VALU_ROUND_NONE, /* not, or it must be to nearest */
    VALU_ROUND_F32,  /* it follows MODE's f32 field */
    VALU_ROUND_F64,  /* it follows MODE's f16/f64 field */
};

struct valu_op {
    const struct isa_op_info *info;
    valu_loop *loop;          /* for any mode */
    valu_loop *default_loop;  /* for SEM_MODE_DEFAULT; may be the same */
    valu_loop *graphics_loop; /* for SEM_MODE_GRAPHICS; may be the same */
    uint8_t round;            /* enum valu_round */
    bool is_float;            /* packed operands and results are f16 */
    bool is_mix;              /* v_fma_mix: f32 and f16 sources, chosen by op_sel */
};

/* The general path: any modifiers, any mode, any EXEC. */
void VALU_SYM(run)(struct isa_wave *w, const struct isa_inst *inst, const struct valu_op *op);

/* Lanes of a source that is no VGPR, into `buffer`. */
const uint32_t *VALU_SYM(broadcast)(const struct isa_wave *w, const struct isa_inst *inst,
                                    unsigned reg, enum isa_type type, bool is_float,
                                    uint32_t *buffer);

/* Writes lanes of `value` that `mask` selects to the register row(s) at `row`. */
void VALU_SYM(blend)(uint32_t *row, const uint32_t *value, uint64_t mask, unsigned lanes,
                     unsigned dwords);

/* The same for 16-bit results: the other half of the register stays. */
void VALU_SYM(blend_half)(uint32_t *row, const uint32_t *value, uint64_t mask, unsigned lanes,
                          bool high);

/* One bit a lane from ~0 or 0 a lane. */
uint64_t VALU_SYM(pack)(const uint32_t *lanes_set, unsigned lanes);

/* Cross-lane data movement of source 0 by DPP. `out_write` gets the lanes that keep their write.
 * False when the control value is none of this generation's. */
bool VALU_SYM(dpp)(const struct isa_wave *w, const struct isa_inst *inst, const uint32_t *source,
                   unsigned dwords, uint32_t *out_value, uint64_t *out_write);

#define VALU_ALWAYS_INLINE static inline __attribute__((always_inline))

/* Marks a loop whose iterations do not depend on each other (see above). Clang would unroll the
 * simplest ones before it thinks of vectors. */
#if defined(__clang__)
#define VALU_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety) unroll(disable)")
#else
#define VALU_VECTOR_LOOP _Pragma("GCC ivdep")
#endif

/* Bit l of a mask, for lane l: what a vector of lanes is compared with. */
extern const uint32_t VALU_SYM(lane_bit)[32];

VALU_ALWAYS_INLINE uint64_t valu_all_lanes(unsigned lanes)
{
    return lanes == 64 ? UINT64_MAX : UINT32_MAX;
}

/* What the loops see of one lane of a source or write of a result. */
VALU_ALWAYS_INLINE uint64_t valu_load(const struct valu_frame *f, unsigned i, enum isa_type type,
                                      size_t base, size_t lane)
{
    if (type == ISA_T_MASK)
        return ((uint32_t)(f->mask[i] >> base) & VALU_SYM(lane_bit)[lane]) != 0;
    if (isa_type_is_64(type))
        return f->src[i][base + lane] | (uint64_t)f->src[i][f->lanes + base + lane] << 32;
    return f->src[i][base + lane];
}

VALU_ALWAYS_INLINE void valu_store(const struct valu_frame *f, enum isa_type type, size_t base,
                                   size_t lane, uint64_t value)
{
    f->dst[base + lane] = (uint32_t)value;
    if (isa_type_is_64(type))
        f->dst[f->lanes + base + lane] = (uint32_t)(value >> 32);
}

/* No modifiers at all: neg, abs, op_sel, clamp, omod, SDWA, DPP. */
VALU_ALWAYS_INLINE bool valu_is_plain(const struct isa_inst *inst, const struct isa_op_info *info)
{
    unsigned sources = !info->src[1] ? 1 : !info->src[2] ? 3 : 7;

    if (info->flags & ISA_F_PACKED && (inst->op_sel_hi & sources) != sources &&
        info->src[0] == ISA_T_PK16)
        return false;
    return !(inst->neg | inst->abs | inst->op_sel | inst->neg_hi | inst->clamp | inst->omod |
             inst->vmod) &&
           inst->src[0] != ISA_REG_LDS_DIRECT;
}

enum valu_mode_kind { VALU_MODE_DEFAULT, VALU_MODE_GRAPHICS, VALU_MODE_OTHER };

/* Which of an operation's loops the mode asks for. */
VALU_ALWAYS_INLINE enum valu_mode_kind valu_mode_kind(uint32_t bits)
{
    if (bits == SEM_MODE_DEFAULT.bits)
        return VALU_MODE_DEFAULT;
    return bits == SEM_MODE_GRAPHICS.bits ? VALU_MODE_GRAPHICS : VALU_MODE_OTHER;
}

VALU_ALWAYS_INLINE void valu_fetch(const struct isa_wave *w, const struct isa_inst *inst,
                                   const struct isa_op_info *info, bool is_float, unsigned i,
                                   uint32_t *buffer, struct valu_frame *f)
{
    unsigned reg = inst->src[i];

    if (info->src[i] == ISA_T_MASK)
        f->mask[i] = isa_scalar_mask(w, inst, reg);
    else if (__builtin_expect(reg >= ISA_REG_VGPR0, 1))
        f->src[i] = isa_reg_row(w, inst->src[i], 0);
    else
        f->src[i] =
            VALU_SYM(broadcast)(w, inst, reg, (enum isa_type)info->src[i], is_float, buffer);
}

/* A mask result: only active lanes have their bit set. v_cmpx has EXEC as destination. */
VALU_ALWAYS_INLINE void valu_write_mask(struct isa_wave *w, unsigned reg, const uint32_t *value,
                                        uint64_t active)
{
    isa_sgpr_write_mask(w, reg, VALU_SYM(pack)(value, w->lanes) & active);
}

/* Everything about an instruction but its loop, which comes between the two calls. `info` is a
 * constant in every use, so that the compiler keeps only what the operation needs. */
struct valu_scratch {
    /* Aligned as vectors are, so that what is stored in one access is loaded in one. */
    _Alignas(64) uint32_t src[VALU_SOURCES][2 * VALU_LANES];
    uint32_t dst[2 * VALU_LANES];
    uint32_t carry[VALU_LANES];
};

VALU_ALWAYS_INLINE bool valu_begin(const struct isa_wave *w, const struct isa_inst *inst,
                                   const struct valu_op *op, struct valu_scratch *scratch,
                                   struct valu_frame *f)
{
    const struct isa_op_info *info = op->info;

    if (__builtin_expect(op->is_mix || !valu_is_plain(inst, info), 0))
        return false;
    for (unsigned i = 0; i < VALU_SOURCES && info->src[i]; i++)
        valu_fetch(w, inst, info, op->is_float, i, scratch->src[i], f);
    f->lanes = w->lanes;
    f->carry = scratch->carry;
    f->dst = scratch->dst;
    if (info->dst != ISA_T_MASK && !isa_type_is_16((enum isa_type)info->dst) &&
        isa_wave_exec(w) == valu_all_lanes(w->lanes))
        f->dst = isa_reg_row(w, inst->dst, 0);
    return true;
}

VALU_ALWAYS_INLINE void valu_end(struct isa_wave *w, const struct isa_inst *inst,
                                 const struct valu_op *op, const struct valu_scratch *scratch,
                                 const struct valu_frame *f)
{
    const struct isa_op_info *info = op->info;
    uint64_t exec = isa_wave_exec(w);

    if (info->dst == ISA_T_MASK)
        valu_write_mask(w, inst->dst, scratch->dst, exec);
    else if (isa_type_is_16((enum isa_type)info->dst))
        VALU_SYM(blend_half)(isa_reg_row(w, inst->dst, 0), scratch->dst, exec, f->lanes, false);
    else if (f->dst == scratch->dst)
        VALU_SYM(blend)
    (isa_reg_row(w, inst->dst, 0), scratch->dst, exec, f->lanes,
     isa_type_is_64((enum isa_type)info->dst) ? 2 : 1);
    if (info->dst2 == ISA_T_MASK)
        valu_write_mask(w, inst->dst2, scratch->carry, exec);
}

#endif
