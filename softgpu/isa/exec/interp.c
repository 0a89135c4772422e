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

/* The part that lane `lane` sees. */
static uint32_t part_of(const struct isa_wave *w, const struct isa_inst *inst, unsigned lane,
                        enum part part)
{
    const struct isa_parameter *parameters = w->graphics->parameters[lane / 4];
    unsigned channel = inst->imm & 3, attribute = inst->imm >> 2 & (ISA_PARAMETERS - 1);

    return parameter_part(&parameters[attribute], channel, part);
}

/* The same of an f16 parameter, widened. */
static float half_of(const struct isa_wave *w, const struct isa_inst *inst, struct sem_mode mode,
                     unsigned lane, enum part part)
{
    uint32_t both = part_of(w, inst, lane, part);

    return sem_in_f16(mode, (inst->imm >> 8 & 1 ? both >> 16 : both) & 0xffff);
}

static float source_f32(const struct isa_wave *w, const struct isa_inst *inst, struct sem_mode mode,
                        unsigned index, unsigned lane)
{
    uint32_t bits = isa_reg_row(w, inst->src[index], 0)[lane];

    if (inst->abs >> index & 1)
        bits &= 0x7fffffff;
    if (inst->neg >> index & 1)
        bits ^= 0x80000000;
    return sem_in_f32(mode, bits);
}

/* Waves of other stages have no parameters, and rounding modes but the host's are not done here. */
static bool interp_refuses(struct isa_wave *w, const struct isa_inst *inst)
{
    bool quads = w->graphics != NULL;
    struct sem_mode mode = {w->mode};

    for (unsigned i = 0; quads && i < w->lanes / 4; i++)
        quads = w->graphics->parameters[i] != NULL || !(isa_wave_exec(w) >> 4 * i & 15);
    if (quads && !inst->omod && !inst->clamp && sem_round_f32(mode) == SEM_ROUND_EVEN)
        return false;
    isa_handler_unsupported(w, inst);
    return true;
}

static void interp_p1_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        float p10 = sem_in_f32(mode, part_of(w, inst, (unsigned)lane, PART_P10));
        float p0 = sem_in_f32(mode, part_of(w, inst, (unsigned)lane, PART_P0));
        float i = source_f32(w, inst, mode, 0, (unsigned)lane);

        isa_reg_row(w, inst->dst, 0)[lane] = sem_out_f32(mode, __builtin_fmaf(p10, i, p0));
    }
}

static void interp_p2_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint32_t *dst = &isa_reg_row(w, inst->dst, 0)[lane];
        float p20 = sem_in_f32(mode, part_of(w, inst, (unsigned)lane, PART_P20));
        float j = source_f32(w, inst, mode, 0, (unsigned)lane);

        *dst = sem_out_f32(mode, __builtin_fmaf(p20, j, sem_in_f32(mode, *dst)));
    }
}

static void interp_mov_f32(struct isa_wave *w, const struct isa_inst *inst)
{
    enum part part = (enum part)(inst->imm >> 9 & 3);

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    isa_reg_row(w, inst->dst, 0)[lane] = part_of(w, inst, (unsigned)lane, part);
}

static void interp_p1ll_f16(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        float p10 = half_of(w, inst, mode, (unsigned)lane, PART_P10);
        float p0 = half_of(w, inst, mode, (unsigned)lane, PART_P0);
        float i = source_f32(w, inst, mode, 0, (unsigned)lane);

        isa_reg_row(w, inst->dst, 0)[lane] = sem_out_f32(mode, __builtin_fmaf(p10, i, p0));
    }
}

static void interp_p1lv_f16(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint32_t both = isa_reg_row(w, inst->src[1], 0)[lane];
        float p10 = half_of(w, inst, mode, (unsigned)lane, PART_P10);
        float p0 = sem_in_f16(mode, (inst->imm >> 8 & 1 ? both >> 16 : both) & 0xffff);
        float i = source_f32(w, inst, mode, 0, (unsigned)lane);

        isa_reg_row(w, inst->dst, 0)[lane] = sem_out_f32(mode, __builtin_fmaf(p10, i, p0));
    }
}

/* The result is the lower half of its register; the upper one stays. */
static void interp_p2_f16(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct sem_mode mode = {w->mode & SEM_MODE_MASK};

    if (interp_refuses(w, inst))
        return;
    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint32_t *dst = &isa_reg_row(w, inst->dst, 0)[lane];
        float p20 = half_of(w, inst, mode, (unsigned)lane, PART_P20);
        float j = source_f32(w, inst, mode, 0, (unsigned)lane);
        float p1 = source_f32(w, inst, mode, 1, (unsigned)lane);

        *dst = (*dst & 0xffff0000) | sem_out_f16(mode, __builtin_fmaf(p20, j, p1));
    }
}

isa_handler *const isa_interp_handlers[ISA_OP_COUNT] = {
    [ISA_OP_v_interp_p1_f32] = interp_p1_f32,     [ISA_OP_v_interp_p2_f32] = interp_p2_f32,
    [ISA_OP_v_interp_mov_f32] = interp_mov_f32,   [ISA_OP_v_interp_p1ll_f16] = interp_p1ll_f16,
    [ISA_OP_v_interp_p1lv_f16] = interp_p1lv_f16, [ISA_OP_v_interp_p2_f16] = interp_p2_f16,
};
