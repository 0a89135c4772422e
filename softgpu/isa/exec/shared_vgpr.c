/* SPDX-License-Identifier: MIT */
#include "softgpu/isa/exec/shared_vgpr.h"

enum { HALF = 32, ROW = 16, BANK = 4 };

static bool dpp_enables(const struct isa_inst *inst, unsigned lane)
{
    if (inst->vmod != ISA_VMOD_DPP16)
        return true;
    return inst->dpp16.row_mask >> lane / ROW & 1 && inst->dpp16.bank_mask >> lane % ROW / BANK & 1;
}

static bool is_vector(const struct isa_inst *inst)
{
    return isa_ops[inst->op].unit == ISA_UNIT_VALU;
}

void isa_shared_vgprs_join(struct isa_wave *w, const struct isa_inst *inst, uint64_t exec)
{
    unsigned first = w->vgpr_count - w->shared_vgprs;

    if (inst->dst < ISA_REG_VGPR0 + first || inst->dst >= ISA_REG_VGPR0 + w->vgpr_count)
        return;
    for (unsigned lane = 0; lane < HALF; lane++) {
        bool modifiers = is_vector(inst);
        bool low = exec >> lane & 1 && (!modifiers || dpp_enables(inst, lane));
        bool high = exec >> (lane + HALF) & 1 && (!modifiers || dpp_enables(inst, lane + HALF));

        for (unsigned row = first; row < w->vgpr_count && (low || high); row++) {
            uint32_t *lanes = &w->vgpr[row * w->lanes];

            if (high)
                lanes[lane] = lanes[lane + HALF];
            else
                lanes[lane + HALF] = lanes[lane];
        }
    }
}
