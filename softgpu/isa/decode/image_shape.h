/* SPDX-License-Identifier: MIT
 *
 * How many registers an image instruction's data and address take: more than the operation, it is
 * the dimension, dmask and the 16-bit flags that decide.
 *
 * Source: "RDNA 2" ISA reference guide, chapter 8.2.4 (address layout) and 8.2.5 (data).
 */
#ifndef SOFTGPU_ISA_DECODE_IMAGE_SHAPE_H
#define SOFTGPU_ISA_DECODE_IMAGE_SHAPE_H

#include "softgpu/isa/inst.h"

/* VGPRs of the data that is loaded or stored; a TFE status dword included. */
unsigned isa_image_data_dwords(const struct isa_inst *inst);

/* VGPRs of the address. */
unsigned isa_image_address_dwords(const struct isa_inst *inst);

static inline bool isa_image_is_bvh(const struct isa_inst *inst)
{
    return inst->op == ISA_OP_image_bvh_intersect_ray ||
           inst->op == ISA_OP_image_bvh64_intersect_ray;
}

#endif
