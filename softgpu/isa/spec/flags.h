/* SPDX-License-Identifier: MIT
 *
 * Properties of operations: the last column of ops.def, isa_op_info.flags.
 */
#ifndef SOFTGPU_ISA_SPEC_FLAGS_H
#define SOFTGPU_ISA_SPEC_FLAGS_H

enum isa_op_flag {
    /* State beside the operands. */
    ISA_F_SCC_READ = 1u << 0,
    ISA_F_SCC_WRITE = 1u << 1,
    ISA_F_VCC_READ = 1u << 2,  /* whatever the encoding: v_div_fmas, s_cbranch_vccz */
    ISA_F_EXEC_READ = 1u << 3, /* as data; that vector operations obey EXEC goes without saying */
    ISA_F_EXEC_WRITE = 1u << 4,
    ISA_F_M0_READ = 1u << 5,
    ISA_F_PC_WRITE = 1u << 6, /* may go on elsewhere than behind the instruction */
    ISA_F_DST_READ = 1u << 7, /* the old value of dst matters in the active lanes too */
    ISA_F_CMPX = 1u << 8,     /* v_cmpx: dst is EXEC */

    /* Memory. */
    ISA_F_LOAD = 1u << 9,
    ISA_F_STORE = 1u << 10,
    ISA_F_ATOMIC = 1u << 11,
    ISA_F_RETURN = 1u << 12, /* DS: returns the old value (VMEM and images: when glc is set) */
    ISA_F_D16_HI = 1u << 13, /* the data is the upper half of its register; the lower half stays */
    ISA_F_GWS = 1u << 14,    /* global wave sync: no memory access */

    ISA_F_TWO_OFFSETS = 1u << 30, /* DS: two addresses, two 8-bit offsets */

    /* Vector. */
    ISA_F_SCALAR_DST = 1u << 15, /* dst is an SGPR: v_readlane, v_readfirstlane */
    ISA_F_NO_EXEC = 1u << 16,    /* happens whatever EXEC is: v_readlane, v_writelane */

    /* Modifiers that VOP3 and VOP3P have room for but not every operation knows. */
    ISA_F_MODS = 1u << 17, /* neg and abs */
    ISA_F_CLAMP = 1u << 18,
    ISA_F_OMOD = 1u << 19,
    ISA_F_OP_SEL = 1u << 20, /* picks halves of 16-bit operands; v_permlane: fi and bound_ctrl */
    ISA_F_PACKED = 1u << 21, /* VOP3P: op_sel, op_sel_hi, neg, neg_hi; with MODS: floats */

    ISA_F_SRC2_DST = 1u << 22, /* src2 is no operand of its own but dst: v_fmac */

    /* Images: what the address holds beside coordinates, and how results come back. */
    ISA_F_IMG_OFFSET = 1u << 23,
    ISA_F_IMG_BIAS = 1u << 24,
    ISA_F_IMG_COMPARE = 1u << 25,
    ISA_F_IMG_GRADIENTS = 1u << 26,
    ISA_F_IMG_G16 = 1u << 27,  /* gradients have 16 bits */
    ISA_F_IMG_LOD = 1u << 28,  /* level, clamp or mip level */
    ISA_F_IMG_FOUR = 1u << 29, /* always four results: gather4, msaa_load */
    ISA_F_FLOAT_MODS = ISA_F_MODS | ISA_F_CLAMP | ISA_F_OMOD,
};

#endif
