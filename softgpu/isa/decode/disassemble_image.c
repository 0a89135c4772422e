/* SPDX-License-Identifier: MIT
 *
 * MIMG and EXP.
 */
#include "softgpu/isa/decode/text.h"

#include "softgpu/isa/decode/image_shape.h"

static void put_vgprs(struct isa_text *t, uint16_t reg, unsigned dwords)
{
    isa_text_separate(t);
    isa_text_register(t, reg, dwords);
}

static void put_image_address(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    unsigned dwords = isa_image_address_dwords(inst);

    if (!inst->img.nsa) {
        put_vgprs(t, inst->src[0], dwords);
        return;
    }
    isa_text_separate(t);
    isa_text_put(t, "[v%u", inst->src[0] - ISA_REG_VGPR0);
    for (unsigned i = 1; i < dwords; i++)
        isa_text_put(t, ", v%u", inst->img.addr[i - 1]);
    isa_text_put(t, "]");
}

static void put_dim(struct isa_text *t)
{
    static const char *const dims[] = {"1D",       "2D",       "3D",      "CUBE",
                                       "1D_ARRAY", "2D_ARRAY", "2D_MSAA", "2D_MSAA_ARRAY"};

    if (t->inst->img.dmask)
        isa_text_put(t, " dmask:0x%x", t->inst->img.dmask);
    isa_text_put(t, " dim:SQ_RSRC_IMG_%s", dims[t->inst->img.dim & 7]);
}

static void put_image(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    uint16_t data = inst->src[1] != ISA_REG_NONE ? inst->src[1] : inst->dst;

    put_vgprs(t, data, isa_image_data_dwords(inst));
    put_image_address(t);
    isa_text_source(t, 2);
    if (inst->src[3] != ISA_REG_NONE)
        isa_text_source(t, 3);
    if (isa_image_is_bvh(inst)) {
        isa_text_flag(t, inst->img.a16, "a16");
        return;
    }
    put_dim(t);
    isa_text_flag(t, inst->img.unrm, "unorm");
    isa_text_flag(t, inst->img.glc, "glc");
    isa_text_flag(t, inst->img.slc, "slc");
    isa_text_flag(t, inst->img.dlc, "dlc");
    isa_text_flag(t, inst->img.r128, "r128");
    isa_text_flag(t, inst->img.a16, "a16");
    isa_text_flag(t, inst->img.tfe, "tfe");
    isa_text_flag(t, inst->img.lwe, "lwe");
    isa_text_flag(t, inst->img.d16, "d16");
}

static void put_export_target(struct isa_text *t, unsigned target)
{
    if (target < 8)
        isa_text_put(t, " mrt%u", target);
    else if (target == 8)
        isa_text_put(t, " mrtz");
    else if (target == 9)
        isa_text_put(t, " null");
    else if (target >= 12 && target < 17)
        isa_text_put(t, " pos%u", target - 12);
    else if (target == 20)
        isa_text_put(t, " prim");
    else if (target >= 32)
        isa_text_put(t, " param%u", target - 32);
    else
        isa_text_put(t, " invalid_target_%u", target);
}

static void put_export(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    put_export_target(t, inst->exp.target);
    for (unsigned i = 0; i < 4; i++) {
        isa_text_put(t, i ? ", " : " ");
        if (inst->src[i] == ISA_REG_NONE)
            isa_text_put(t, "off");
        else
            isa_text_register(t, inst->src[i], 1);
    }
    isa_text_flag(t, inst->exp.done, "done");
    isa_text_flag(t, inst->exp.compr, "compr");
    isa_text_flag(t, inst->exp.vm, "vm");
}

void isa_text_image(struct isa_text *t)
{
    isa_text_put(t, "%s", t->info->name);
    if (t->inst->enc == ISA_ENC_EXP)
        put_export(t);
    else
        put_image(t);
}
