/* SPDX-License-Identifier: MIT */
#include "tests/differential/exclusions.h"

#include <string.h>

static uint32_t bits(uint32_t word, unsigned low, unsigned count)
{
    return word >> low & ((1u << count) - 1);
}

/* Bits 31:26. */
static unsigned major(const struct comparison *c)
{
    return c->words[0] >> 26;
}

enum { MAJOR_VOP3P = 0x33, MAJOR_VOP3 = 0x35, MAJOR_FLAT = 0x37, MAJOR_MUBUF = 0x38 };
enum { MAJOR_MTBUF = 0x3a, MAJOR_MIMG = 0x3c };

/* VOP1, VOP2 and VOPC. */
static bool is_short_vop(const struct comparison *c)
{
    return c->words[0] >> 31 == 0;
}

static bool only_llvm(const struct comparison *c)
{
    return c->llvm_dwords && !c->our_dwords;
}

static bool only_ours(const struct comparison *c)
{
    return !c->llvm_dwords && c->our_dwords;
}

static bool llvm_says(const struct comparison *c, const char *start)
{
    return !strncmp(c->llvm_text, start, strlen(start));
}

static bool is_all_zero(const struct comparison *c)
{
    return only_llvm(c) && c->words[0] == 0;
}

static bool is_flat_offset_bit_11(const struct comparison *c)
{
    return c->llvm_dwords == c->our_dwords && major(c) == MAJOR_FLAT &&
           bits(c->words[0], 14, 2) == 0 && bits(c->words[0], 11, 1);
}

/* The same words without neg and abs are an instruction to us. */
static bool has_integer_sign(const struct comparison *c)
{
    uint32_t words[5];
    struct isa_inst inst;
    unsigned signs = 0;

    if (!only_llvm(c))
        return false;
    memcpy(words, c->words, sizeof(words));
    if (major(c) == MAJOR_VOP3) {
        signs = bits(words[0], 8, 3) | bits(words[1], 29, 3);
        words[0] &= ~0x700u;
        words[1] &= ~0xe0000000u;
    } else if (is_short_vop(c) && bits(words[0], 0, 9) == 0xfa) {
        signs = bits(words[1], 20, 4);
        words[1] &= ~0x00f00000u;
    }
    return signs && isa_decode(ISA_GEN_GFX10_3, words, 5, &inst) == c->llvm_dwords;
}

static bool is_special_register(const struct comparison *c)
{
    static const char *const vgpr_or_sgpr[] = {
        "v_movrels",      "v_swap",   "v_readfirstlane", "v_readlane",  "v_permlane",
        "v_mqsad_u32",    "v_interp", "v_cndmask",       "v_add_co_ci", "v_sub_co_ci",
        "v_subrev_co_ci", "s_setpc",  "s_rfe",           "s_movrels",
    };

    if (!only_llvm(c))
        return false;
    if (major(c) == MAJOR_VOP3 && bits(c->words[0], 0, 8) >= 128 &&
        (llvm_says(c, "v_cmp") || llvm_says(c, "v_readlane")))
        return true;
    if (!strstr(c->llvm_text, "src_") && !strstr(c->llvm_text, "null"))
        return false;
    for (unsigned i = 0; i < sizeof(vgpr_or_sgpr) / sizeof(vgpr_or_sgpr[0]); i++) {
        if (llvm_says(c, vgpr_or_sgpr[i]))
            return true;
    }
    return false;
}

static bool is_movrels_of_sgpr(const struct comparison *c)
{
    return only_llvm(c) && is_short_vop(c) && bits(c->words[0], 0, 9) == 0xf9 &&
           bits(c->words[1], 23, 1) && llvm_says(c, "v_movrels");
}

static bool is_invalid_parameter(const struct comparison *c)
{
    return only_llvm(c) && strstr(c->llvm_text, "invalid_param");
}

static bool is_nop_with_dpp(const struct comparison *c)
{
    return c->llvm_dwords == 1 && is_short_vop(c) && !strcmp(c->llvm_text, "v_nop");
}

static bool is_literal_soffset(const struct comparison *c)
{
    return only_llvm(c) && (major(c) == MAJOR_MUBUF || major(c) == MAJOR_MTBUF) &&
           bits(c->words[1], 24, 8) == 0xff;
}

static bool is_mtbuf_tfe(const struct comparison *c)
{
    return only_ours(c) && major(c) == MAJOR_MTBUF && c->inst.mem.tfe;
}

static bool is_mixed_fma_literal(const struct comparison *c)
{
    return c->llvm_dwords == 3 && c->our_dwords == 3 && major(c) == MAJOR_VOP3P &&
           llvm_says(c, "v_fma_mix");
}

static bool is_image_atomic(const struct comparison *c)
{
    if (major(c) != MAJOR_MIMG || !c->our_dwords || !(isa_ops[c->inst.op].flags & ISA_F_ATOMIC))
        return false;
    if (c->inst.img.tfe || (c->inst.img.dmask != 1 && c->inst.img.dmask != 3))
        return true;
    return c->inst.img.dmask == 1 && strstr(c->our_text, "cmpswap");
}

static bool is_image_past_v255(const struct comparison *c)
{
    return (only_llvm(c) || only_ours(c)) && major(c) == MAJOR_MIMG &&
           (bits(c->words[1], 0, 8) > 240 || bits(c->words[1], 8, 8) > 250);
}

static bool is_long_nsa(const struct comparison *c)
{
    return only_ours(c) && major(c) == MAJOR_MIMG && c->inst.img.nsa > 1;
}

/* Bits 2:1 count dwords with four addresses each; the first address is elsewhere. */
static bool is_short_nsa(const struct comparison *c)
{
    return only_llvm(c) && major(c) == MAJOR_MIMG && bits(c->words[0], 1, 2);
}

static bool is_nsa_of_one(const struct comparison *c)
{
    const char *list = strstr(c->our_text, ", [v");

    return c->our_dwords == c->llvm_dwords && major(c) == MAJOR_MIMG && list &&
           list[3 + strcspn(list + 3, ",]")] == ']';
}

static bool is_msaa_of_no_msaa_image(const struct comparison *c)
{
    return c->our_dwords == c->llvm_dwords && major(c) == MAJOR_MIMG && c->inst.img.dim >= 6 &&
           !llvm_says(c, "image_load ") && !llvm_says(c, "image_store ");
}

static bool is_gather_d16_tfe(const struct comparison *c)
{
    return c->our_dwords == c->llvm_dwords && major(c) == MAJOR_MIMG && c->inst.img.d16 &&
           c->inst.img.tfe && llvm_says(c, "image_gather4");
}

static bool is_msaa_load(const struct comparison *c)
{
    return c->our_dwords == c->llvm_dwords && major(c) == MAJOR_MIMG &&
           llvm_says(c, "image_msaa_load") && c->inst.img.dmask != 15;
}

static bool is_ldexp_constant(const struct comparison *c)
{
    return major(c) == MAJOR_VOP3 && c->our_dwords && c->inst.op == ISA_OP_v_ldexp_f16 &&
           c->inst.src[1] >= ISA_REG_INT_0 && c->inst.src[1] < ISA_REG_VGPR0;
}

static bool is_half_of_a_pair(enum isa_type type, uint16_t reg)
{
    return type == ISA_T_MASK &&
           (reg == ISA_REG_VCC_HI || reg == ISA_REG_M0 || reg == ISA_REG_EXEC_HI);
}

static bool is_wave64_mask(const struct comparison *c)
{
    const struct isa_op_info *info = &isa_ops[c->inst.op];

    return c->lanes == 64 && only_ours(c) &&
           (is_half_of_a_pair(info->dst, c->inst.dst) ||
            is_half_of_a_pair(info->dst2, c->inst.dst2) ||
            is_half_of_a_pair(info->src[2], c->inst.src[2]));
}

/* Mesa's compiler uses them (can_use_opsel()). */
static bool is_op_sel_unknown_to_llvm(const struct comparison *c)
{
    static const char *const names[] = {
        "v_mul_lo_u16", "v_lshlrev_b16", "v_lshrrev_b16", "v_ashrrev_i16",
        "v_max_u16",    "v_max_i16",     "v_min_u16",     "v_min_i16",
    };

    if (!c->llvm_dwords || major(c) != MAJOR_VOP3 || !bits(c->words[0], 11, 4))
        return false;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (llvm_says(c, names[i]))
            return true;
    return false;
}

static const struct {
    bool (*covers)(const struct comparison *c);
    const char *reason;
} exclusions[EXCLUSIONS] = {
    {is_all_zero, "LLVM calls the word 0 v_illegal; to us it is no instruction"},
    {is_flat_offset_bit_11, "hardware ignores bit 11 of a FLAT offset, LLVM shows it"},
    {has_integer_sign, "neg or abs of an integer source; LLVM ignores it or writes sext()"},
    {is_special_register, "LLVM accepts src_* names where only a VGPR or SGPR fits"},
    {is_movrels_of_sgpr, "LLVM accepts an SGPR for v_movrels_b32_sdwa"},
    {is_invalid_parameter, "v_interp_mov of a parameter that does not exist"},
    {is_nop_with_dpp, "v_nop announces a DPP dword; LLVM leaves it out if it looks unusual"},
    {is_literal_soffset, "buffer instructions have no literals"},
    {is_mtbuf_tfe, "LLVM has no MTBUF with TFE; hardware has"},
    {is_mixed_fma_literal, "LLVM shows the lower half of v_fma_mix's literal"},
    {is_image_atomic, "image atomics have dmask 1 or 3 and no TFE; LLVM guesses a size for others"},
    {is_image_past_v255,
     "registers near v255: LLVM counts them before it knows how many there are"},
    {is_long_nsa, "LLVM knows NSA only as long as an operation can need it"},
    {is_short_nsa, "NSA dwords with fewer addresses than the instruction needs"},
    {is_nsa_of_one, "LLVM has no NSA with one address"},
    {is_msaa_of_no_msaa_image, "multisampled dimensions are for image_load and image_store"},
    {is_gather_d16_tfe, "LLVM has no gather4 with three data dwords"},
    {is_msaa_load, "image_msaa_load returns four samples, LLVM counts the bits of dmask"},
    {is_ldexp_constant, "LLVM takes v_ldexp_f16's exponent for a float"},
    {is_wave64_mask, "a lane mask by a number that only wave32 can use"},
    {is_op_sel_unknown_to_llvm, "LLVM ignores op_sel of these 16-bit operations; hardware does not"},
};

int exclusion_find(const struct comparison *c)
{
    for (int i = 0; i < EXCLUSIONS; i++) {
        if (exclusions[i].covers(c))
            return i;
    }
    return -1;
}

const char *exclusion_reason(unsigned index)
{
    return exclusions[index].reason;
}
