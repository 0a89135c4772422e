/* SPDX-License-Identifier: MIT
 *
 * Depth and stencil values: see depth.h.
 */
#include <math.h>

#include "softgpu/gfx/depth.h"
#include "softgpu/isa/exec/sem_base.h"

uint8_t gfx_stencil_apply(enum gfx_stencil_op op, uint8_t old, uint8_t reference, uint8_t operand)
{
    switch (op) {
    case GFX_STENCIL_ZERO:
        return 0;
    case GFX_STENCIL_ONES:
        return UINT8_MAX;
    case GFX_STENCIL_REPLACE_TEST:
        return reference;
    case GFX_STENCIL_REPLACE_OP:
        return operand;
    case GFX_STENCIL_ADD_CLAMP:
        return (uint8_t)(old > UINT8_MAX - operand ? UINT8_MAX : old + operand);
    case GFX_STENCIL_SUB_CLAMP:
        return (uint8_t)(old < operand ? 0 : old - operand);
    case GFX_STENCIL_INVERT:
        return (uint8_t)~old;
    case GFX_STENCIL_ADD_WRAP:
        return (uint8_t)(old + operand);
    case GFX_STENCIL_SUB_WRAP:
        return (uint8_t)(old - operand);
    case GFX_STENCIL_AND:
        return old & operand;
    case GFX_STENCIL_OR:
        return old | operand;
    case GFX_STENCIL_XOR:
        return old ^ operand;
    case GFX_STENCIL_NAND:
        return (uint8_t) ~(old & operand);
    case GFX_STENCIL_NOR:
        return (uint8_t) ~(old | operand);
    case GFX_STENCIL_XNOR:
        return (uint8_t) ~(old ^ operand);
    default:
        return old;
    }
}

static uint32_t z_top(enum gfx_z_format format)
{
    return format == GFX_Z_16 ? 0xffff : 0xffffff;
}

uint32_t gfx_z_pack(enum gfx_z_format format, float z)
{
    if (format == GFX_Z_32_FLOAT)
        return sem_bits32(z);
    if (!(z > 0)) /* NaNs too */
        return 0;
    return z < 1 ? (uint32_t)lrint((double)z * z_top(format)) : z_top(format);
}

float gfx_z_unpack(enum gfx_z_format format, uint32_t stored)
{
    if (format == GFX_Z_32_FLOAT)
        return sem_f32(stored);
    return (float)((double)stored / z_top(format));
}

bool gfx_z_compare(enum gfx_z_format format, enum gfx_compare compare, uint32_t fragment,
                   uint32_t surface)
{
    enum { LESS = 1, EQUAL = 2, GREATER = 4 };
    unsigned relation = 0;

    if (compare == GFX_COMPARE_ALWAYS)
        return true;
    if (format == GFX_Z_32_FLOAT) {
        float a = sem_f32(fragment), b = sem_f32(surface);

        relation = a < b ? LESS : a > b ? GREATER : a == b ? EQUAL : 0;
    } else {
        relation = fragment < surface ? LESS : fragment > surface ? GREATER : EQUAL;
    }
    return (compare & relation) != 0;
}
