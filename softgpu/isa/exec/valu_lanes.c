/* SPDX-License-Identifier: MIT
 *
 * Vector operations that move data across lanes or name registers at run time, and those that do
 * nothing. See valu.h.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 12. A relative VGPR number outside the wave's
 * registers reads v0, and nothing is written to it ("VGPR out of range").
 */
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/valu.h"

#include "softgpu/isa/exec/sem_int.h"

#define DEFINE(op)                                                                                 \
    isa_handler VALU_SYM(op);                                                                      \
    void VALU_SYM(op)(struct isa_wave * w, const struct isa_inst *inst)

/* ---- nothing ---- */

DEFINE(v_nop)
{
    (void)w;
    (void)inst;
}

/* The pipeline has no visible state. */
DEFINE(v_pipeflush)
{
    (void)w;
    (void)inst;
}

/* Floating-point exceptions are not collected, so there are none to clear. */
DEFINE(v_clrexcp)
{
    (void)w;
    (void)inst;
}

/* ---- one lane ---- */

/* False, with the fault raised, for a source that this model has not. */
static bool has_source(struct isa_wave *w, const struct isa_inst *inst)
{
    if (inst->src[0] != ISA_REG_LDS_DIRECT)
        return true;
    isa_fault_raise(w, inst, ISA_FAULT_UNSUPPORTED, 0, 0, 0);
    return false;
}

/* The same for a source that must be a VGPR. */
static bool is_vgpr(struct isa_wave *w, const struct isa_inst *inst, unsigned i)
{
    if (isa_reg_is_vgpr(inst->src[i]))
        return true;
    isa_fault_raise(w, inst, ISA_FAULT_ILLEGAL, 0, 0, 0);
    return false;
}

static uint32_t read_lane(const struct isa_wave *w, const struct isa_inst *inst, unsigned lane)
{
    if (isa_reg_is_vgpr(inst->src[0]))
        return isa_reg_row(w, inst->src[0], 0)[lane];
    return isa_scalar_b32(w, inst, inst->src[0]);
}

DEFINE(v_readfirstlane_b32)
{
    uint64_t exec = isa_wave_exec(w);

    if (has_source(w, inst))
        isa_sgpr_write_b32(w, inst->dst,
                           read_lane(w, inst, exec ? (unsigned)__builtin_ctzll(exec) : 0));
}

static unsigned lane_select(const struct isa_wave *w, const struct isa_inst *inst)
{
    return isa_scalar_b32(w, inst, inst->src[1]) & (w->lanes - 1);
}

DEFINE(v_readlane_b32)
{
    if (has_source(w, inst))
        isa_sgpr_write_b32(w, inst->dst, read_lane(w, inst, lane_select(w, inst)));
}

DEFINE(v_writelane_b32)
{
    if (has_source(w, inst))
        isa_reg_row(w, inst->dst, 0)[lane_select(w, inst)] = isa_scalar_b32(w, inst, inst->src[0]);
}

/* ---- rows of 16 lanes ---- */

/* Lane i of a row reads the lane that nibble i of {src2,src1} names, in its own row or (`other`)
 * the one next to it. op_sel 0 is FI, 1 is bound_ctrl: see DPP in valu_run.c. */
static void permute_rows(struct isa_wave *w, const struct isa_inst *inst, unsigned other)
{
    uint64_t select = isa_scalar_b32(w, inst, inst->src[1]) |
                      (uint64_t)isa_scalar_b32(w, inst, inst->src[2]) << 32;
    uint64_t exec = isa_wave_exec(w), write = exec;
    uint64_t readable = inst->op_sel & 1 ? UINT64_MAX : exec;
    bool bound = inst->op_sel & 2;
    uint32_t value[VALU_LANES];

    if (!has_source(w, inst))
        return;
    for (unsigned lane = 0; lane < w->lanes; lane++) {
        unsigned from = ((lane & ~15u) ^ other) | (select >> 4 * (lane & 15) & 15);
        bool valid = readable >> from & 1;

        value[lane] = valid ? read_lane(w, inst, from) : 0;
        if (!valid && !bound)
            write &= ~(UINT64_C(1) << lane);
    }
    VALU_SYM(blend)(isa_reg_row(w, inst->dst, 0), value, write, w->lanes, 1);
}

DEFINE(v_permlane16_b32)
{
    permute_rows(w, inst, 0);
}

DEFINE(v_permlanex16_b32)
{
    permute_rows(w, inst, 16);
}

/* ---- relative registers ---- */

/* The row of `reg`, moved by `offset` registers; NULL outside the wave's registers. */
static uint32_t *relative_row(const struct isa_wave *w, uint16_t reg, uint32_t offset)
{
    uint32_t index = reg - ISA_REG_VGPR0 + offset;

    return index < w->vgpr_count ? w->vgpr + (size_t)index * w->lanes : NULL;
}

static const uint32_t *relative_source(const struct isa_wave *w, uint16_t reg, uint32_t offset)
{
    const uint32_t *row = relative_row(w, reg, offset);

    return row ? row : w->vgpr;
}

/* dst[+dst_offset] = src0[+src_offset]; sources that are no VGPR have no offset. SDWA and DPP apply
 * to what was read. */
static void move_relative(struct isa_wave *w, const struct isa_inst *inst, uint32_t dst_offset,
                          uint32_t src_offset)
{
    struct isa_inst moved = *inst;
    const uint32_t *to = relative_row(w, inst->dst, dst_offset);

    if (!to)
        return;
    moved.dst = (uint16_t)(inst->dst + dst_offset);
    if (isa_reg_is_vgpr(inst->src[0])) {
        const uint32_t *from = relative_source(w, inst->src[0], src_offset);

        moved.src[0] = (uint16_t)(ISA_REG_VGPR0 + (from - w->vgpr) / w->lanes);
    }
    moved.op = ISA_OP_v_mov_b32;
    isa_handler VALU_SYM(v_mov_b32);
    VALU_SYM(v_mov_b32)(w, &moved);
}

DEFINE(v_movreld_b32)
{
    move_relative(w, inst, w->sgpr[ISA_REG_M0], 0);
}

DEFINE(v_movrels_b32)
{
    move_relative(w, inst, 0, w->sgpr[ISA_REG_M0]);
}

DEFINE(v_movrelsd_b32)
{
    move_relative(w, inst, w->sgpr[ISA_REG_M0], w->sgpr[ISA_REG_M0]);
}

/* Two offsets in M0: source in bits 9:0, destination in 25:16. */
DEFINE(v_movrelsd_2_b32)
{
    move_relative(w, inst, w->sgpr[ISA_REG_M0] >> 16 & 0x3ff, w->sgpr[ISA_REG_M0] & 0x3ff);
}

/* ---- swaps ---- */

static void swap_rows(const struct isa_wave *w, uint32_t *a, uint32_t *b)
{
    uint64_t exec = isa_wave_exec(w);
    uint32_t value[VALU_LANES];

    memcpy(value, a, w->lanes * sizeof(*a));
    VALU_SYM(blend)(a, b, exec, w->lanes, 1);
    VALU_SYM(blend)(b, value, exec, w->lanes, 1);
}

DEFINE(v_swap_b32)
{
    if (is_vgpr(w, inst, 0))
        swap_rows(w, isa_reg_row(w, inst->dst, 0), isa_reg_row(w, inst->src[0], 0));
}

DEFINE(v_swaprel_b32)
{
    uint32_t m0 = w->sgpr[ISA_REG_M0];
    uint32_t *a = relative_row(w, inst->dst, m0 >> 16 & 0x3ff);
    uint32_t *b = relative_row(w, inst->src[0], m0 & 0x3ff);

    if (a && b)
        swap_rows(w, a, b);
}

/* ---- four dwords ---- */

DEFINE(v_mqsad_u32_u8)
{
    const struct sem_mode mode = {inst->clamp ? SEM_MODE_CLAMP : 0};
    uint32_t data[2 * VALU_LANES], reference[VALU_LANES], sum[4 * VALU_LANES];
    struct {
        const uint32_t *a, *b, *c;
    } s = {data, reference, sum};

    if (!has_source(w, inst) || !is_vgpr(w, inst, 2))
        return;
    if (isa_reg_is_vgpr(inst->src[0]))
        s.a = isa_reg_row(w, inst->src[0], 0);
    else
        VALU_SYM(broadcast)(w, inst, inst->src[0], ISA_T_B64, false, data);
    if (isa_reg_is_vgpr(inst->src[1]))
        s.b = isa_reg_row(w, inst->src[1], 0);
    else
        VALU_SYM(broadcast)(w, inst, inst->src[1], ISA_T_B32, false, reference);
    s.c = isa_reg_row(w, inst->src[2], 0);

    for (unsigned k = 0; k < 4; k++) {
        for (unsigned l = 0; l < w->lanes; l++) {
            uint64_t a = s.a[l] | (uint64_t)s.a[w->lanes + l] << 32;

            sum[k * w->lanes + l] = sem_v_mqsad_u32_u8(mode, k, a, s.b[l], s.c[k * w->lanes + l]);
        }
    }
    VALU_SYM(blend)(isa_reg_row(w, inst->dst, 0), sum, isa_wave_exec(w), w->lanes, 4);
}
