/* SPDX-License-Identifier: MIT
 *
 * Parameter interpolation: v_interp_*. A pixel wave's parameters come from its stage
 * (isa/graphics.h), for each quad those of its primitive; hardware finds them in LDS by M0.
 *
 *   v_interp_p1    P10 * i + P0
 *   v_interp_p2    P20 * j + what p1 left
 *   v_interp_mov   P10, P20 or P0 as they are
 *
 * The f16 forms take f16 parameters, two of which share a dword; sums are f32 until p2 rounds.
 * p1lv takes P0 from a register, for chips whose LDS has fewer banks.
 *
 * Products and sums are rounded once, as the inline forms of later chips do (v_interp_p10_f32_inreg
 * and v_interp_p2_f32_inreg are documented as FMA).
 *
 * Source: RDNA 2 ISA guide, "Parameter Interpolation" and "VINTRP Instructions".
 */
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/exec/sem_base.h"
#include "softgpu/isa/graphics.h"

enum part { PART_P10, PART_P20, PART_P0 };

enum { LANES = 64 };

/* A value of each lane. */
struct row {
    float lane[LANES];
};

/* ---- operands ---- */

static uint32_t parameter_part(const struct isa_parameter *parameter, unsigned channel,
                               enum part part)
{
    switch (part) {
    case PART_P10:
        return parameter->p10[channel];
    case PART_P20:
        return parameter->p20[channel];
    default:
        return parameter->p0[channel];
    }
}

/* The part that the lanes of a quad see; 0 for quads that nothing is drawn in. */
static uint32_t part_of(const struct isa_wave *w, const struct isa_inst *inst, unsigned quad,
                        enum part part)
{
    const struct isa_parameter *parameters = w->graphics->parameters[quad];
    unsigned channel = inst->imm & 3, attribute = inst->imm >> 2 & (ISA_PARAMETERS - 1);

    return parameters ? parameter_part(&parameters[attribute], channel, part) : 0;
}

static void quad_fill(struct row *row, unsigned quad, float value)
{
    for (unsigned i = 0; i < 4; i++)
        row->lane[4 * quad + i] = value;
}

/* Of two halves the one that the instruction names. */
static uint32_t half_of(const struct isa_inst *inst, uint32_t both)
{
    return (inst->imm >> 8 & 1 ? both >> 16 : both) & 0xffff;
}

/* Reads a part of a parameter, in all quads. */
typedef void part_reader(const struct isa_wave *w, const struct isa_inst *inst,
                         struct sem_mode mode, enum part part, struct row *out);

static void part_f32(const struct isa_wave *w, const struct isa_inst *inst, struct sem_mode mode,
                     enum part part, struct row *out)
{
    for (unsigned quad = 0; quad < w->lanes / 4; quad++)
        quad_fill(out, quad, sem_in_f32(mode, part_of(w, inst, quad, part)));
}

static void part_f16(const struct isa_wave *w, const struct isa_inst *inst, struct sem_mode mode,
                     enum part part, struct row *out)
{
    for (unsigned quad = 0; quad < w->lanes / 4; quad++)
        quad_fill(out, quad, sem_in_f16(mode, half_of(inst, part_of(w, inst, quad, part))));
}

static void source_f32(const struct isa_wave *w, const struct isa_inst *inst, struct sem_mode mode,
                       unsigned index, struct row *out)
{
    const uint32_t *from = isa_reg_row(w, inst->src[index], 0);
    const uint32_t keep = inst->abs >> index & 1 ? 0x7fffffff : UINT32_MAX;
    const uint32_t flip = inst->neg >> index & 1 ? 0x80000000 : 0;

    for (unsigned lane = 0; lane < w->lanes; lane++)
        out->lane[lane] = sem_in_f32(mode, (from[lane] & keep) ^ flip);
}

/* ---- arithmetic ---- */

#define FMA_LANES                                                                                  \
    for (unsigned lane = 0; lane < LANES; lane++)                                                  \
        out->lane[lane] = __builtin_fmaf(a->lane[lane], b->lane[lane], c->lane[lane]);

/* CPUs that have the instruction need no library for it. */
static __attribute__((target("fma"))) void
fma_by_instruction(const struct row *a, const struct row *b, const struct row *c, struct row *out)
{
    FMA_LANES
}

static void fma_by_library(const struct row *a, const struct row *b, const struct row *c,
                           struct row *out)
{
    FMA_LANES
}

/* a * b + c, rounded once. Lanes that do not exist are garbage. */
static void fma_lanes(const struct row *a, const struct row *b, const struct row *c,
                      struct row *out)
{
    if (__builtin_cpu_supports("fma"))
        fma_by_instruction(a, b, c, out);
    else
        fma_by_library(a, b, c, out);
}

static void result_f32(struct isa_wave *w, const struct isa_inst *inst, struct sem_mode mode,
                       const struct row *row)
{
    uint32_t *dst = isa_reg_row(w, inst->dst, 0);

    ISA_FOR_LANES(lane, isa_wave_exec(w))
    dst[lane] = sem_out_f32(mode, row->lane[lane]);
}

/* ---- operations ---- */

/* Waves of other stages have no parameters, and rounding modes but the host's are not done here. */
static bool interp_refuses(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode};

    if (w->graphics && w->graphics->parameters[0] && !inst->omod && !inst->clamp &&
        sem_round_f32(mode) == SEM_ROUND_EVEN)
        return false;
    isa_handler_unsupported(w, inst);
    return true;
}

/* P10 * i + P0; sums of f16 parameters are f32, too. */
static void interp_p1(struct isa_wave *w, const struct isa_inst *inst, part_reader *part)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};
    struct row p10 = {{0}}, p0 = {{0}}, i = {{0}}, sum;

    if (interp_refuses(w, inst))
        return;
    part(w, inst, mode, PART_P10, &p10);
    part(w, inst, mode, PART_P0, &p0);
    source_f32(w, inst, mode, 0, &i);
    fma_lanes(&p10, &i, &p0, &sum);
    result_f32(w, inst, mode, &sum);
}

static void interp_p1_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    interp_p1(w, inst, part_f32);
}

static void interp_p1ll_f16(struct isa_wave *w, const struct isa_inst *inst)
{
    interp_p1(w, inst, part_f16);
}

static void interp_p2_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};
    const uint32_t *dst = isa_reg_row(w, inst->dst, 0);
    struct row p20 = {{0}}, p1 = {{0}}, j = {{0}}, sum;

    if (interp_refuses(w, inst))
        return;
    part_f32(w, inst, mode, PART_P20, &p20);
    for (unsigned lane = 0; lane < w->lanes; lane++)
        p1.lane[lane] = sem_in_f32(mode, dst[lane]);
    source_f32(w, inst, mode, 0, &j);
    fma_lanes(&p20, &j, &p1, &sum);
    result_f32(w, inst, mode, &sum);
}

static void interp_mov_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    const enum part part = (enum part)(inst->imm >> 9 & 3);

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    isa_reg_row(w, inst->dst, 0)[lane] = part_of(w, inst, (unsigned)lane / 4, part);
}

static void interp_p1lv_f16(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};
    struct row p10 = {{0}}, p0 = {{0}}, i = {{0}}, sum;
    const uint32_t *both;

    if (interp_refuses(w, inst))
        return;
    both = isa_reg_row(w, inst->src[1], 0);
    part_f16(w, inst, mode, PART_P10, &p10);
    for (unsigned lane = 0; lane < w->lanes; lane++)
        p0.lane[lane] = sem_in_f16(mode, half_of(inst, both[lane]));
    source_f32(w, inst, mode, 0, &i);
    fma_lanes(&p10, &i, &p0, &sum);
    result_f32(w, inst, mode, &sum);
}

/* The result is the lower half of its register; the upper one stays. */
static void interp_p2_f16(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};
    struct row p20 = {{0}}, p1 = {{0}}, j = {{0}}, sum;
    uint32_t *dst = isa_reg_row(w, inst->dst, 0);

    if (interp_refuses(w, inst))
        return;
    part_f16(w, inst, mode, PART_P20, &p20);
    source_f32(w, inst, mode, 0, &j);
    source_f32(w, inst, mode, 1, &p1);
    fma_lanes(&p20, &j, &p1, &sum);
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    dst[lane] = (dst[lane] & 0xffff0000) | sem_out_f16(mode, sum.lane[lane]);
}

isa_handler *const isa_interp_handlers[ISA_OP_COUNT] = {
    [ISA_OP_v_interp_p1_f32] = interp_p1_f32,     [ISA_OP_v_interp_p2_f32] = interp_p2_f32,
    [ISA_OP_v_interp_mov_f32] = interp_mov_f32,   [ISA_OP_v_interp_p1ll_f16] = interp_p1ll_f16,
    [ISA_OP_v_interp_p1lv_f16] = interp_p1lv_f16, [ISA_OP_v_interp_p2_f16] = interp_p2_f16,
};
