/* SPDX-License-Identifier: MIT */
#include "softgpu/isa/decode/image_shape.h"

/* By the dim field. */
static const struct {
    uint8_t coordinates, gradients;
} image_dims[8] = {
    {1, 2}, /* 1D */
    {2, 4}, /* 2D */
    {3, 6}, /* 3D */
    {3, 4}, /* cube */
    {2, 2}, /* 1D array */
    {3, 4}, /* 2D array */
    {3, 4}, /* 2D MSAA */
    {4, 4}, /* 2D MSAA array */
};

static unsigned round_up_half(unsigned count)
{
    return (count + 1) / 2;
}

unsigned isa_image_data_dwords(const struct isa_inst *inst)
{
    unsigned dwords = __builtin_popcount(inst->img.dmask);

    if (isa_image_is_bvh(inst) || isa_ops[inst->op].flags & ISA_F_IMG_FOUR)
        dwords = 4;
    if (dwords == 0)
        dwords = 1;
    if (inst->img.d16)
        dwords = round_up_half(dwords);
    return dwords + inst->img.tfe;
}

/* Node pointer (one or two dwords), ray extent, origin (3), direction (3), inverse direction (3);
 * the two directions have 16-bit components with a16. */
static unsigned bvh_address_dwords(const struct isa_inst *inst)
{
    unsigned pointer = inst->op == ISA_OP_image_bvh64_intersect_ray ? 2 : 1;

    return pointer + 4 + (inst->img.a16 ? 3 : 6);
}

unsigned isa_image_address_dwords(const struct isa_inst *inst)
{
    uint32_t flags = isa_ops[inst->op].flags;
    unsigned dwords = 0, components = 0;

    if (isa_image_is_bvh(inst))
        return bvh_address_dwords(inst);
    if (inst->op != ISA_OP_image_get_resinfo)
        components = image_dims[inst->img.dim].coordinates;
    components += (flags & ISA_F_IMG_LOD) != 0;
    dwords += inst->img.a16 ? round_up_half(components) : components;
    dwords += (flags & ISA_F_IMG_OFFSET) != 0;
    dwords += (flags & ISA_F_IMG_BIAS) != 0;
    dwords += (flags & ISA_F_IMG_COMPARE) != 0;
    if (flags & ISA_F_IMG_GRADIENTS) {
        unsigned gradients = image_dims[inst->img.dim].gradients;

        /* x and y derivatives start in dwords of their own */
        dwords += flags & ISA_F_IMG_G16 ? 2 * round_up_half(gradients / 2) : gradients;
    }
    return dwords;
}
