/* SPDX-License-Identifier: MIT
 *
 * The operations as data.
 */
#include "softgpu/isa/inst.h"

#define ISA_OP(op_name, op_unit, op_dst, op_dst2, src0, src1, src2, src3, op_flags)                \
    [ISA_OP_##op_name] = {                                                                         \
        .name = #op_name,                                                                          \
        .unit = ISA_UNIT_##op_unit,                                                                \
        .dst = ISA_T_##op_dst,                                                                     \
        .dst2 = ISA_T_##op_dst2,                                                                   \
        .src = {ISA_T_##src0, ISA_T_##src1, ISA_T_##src2, ISA_T_##src3},                           \
        .flags = op_flags,                                                                         \
    },

const struct isa_op_info isa_ops[ISA_OP_COUNT] = {
    [ISA_OP_invalid] = {.name = "invalid"},
#include "softgpu/isa/spec/ops.def"
};

static const uint8_t type_dwords[ISA_T_COUNT] = {
    [ISA_T_B16] = 1,  [ISA_T_B32] = 1,   [ISA_T_B64] = 2, [ISA_T_B96] = 3, [ISA_T_B128] = 4,
    [ISA_T_B256] = 8, [ISA_T_B512] = 16, [ISA_T_F16] = 1, [ISA_T_F32] = 1, [ISA_T_F64] = 2,
    [ISA_T_I16] = 1,  [ISA_T_I32] = 1,   [ISA_T_I64] = 2, [ISA_T_U16] = 1, [ISA_T_U32] = 1,
    [ISA_T_U64] = 2,  [ISA_T_PK16] = 1,
};

unsigned isa_type_dwords(enum isa_type type, unsigned lanes)
{
    if (type == ISA_T_MASK)
        return lanes / 32;
    return type < ISA_T_COUNT ? type_dwords[type] : 0;
}
