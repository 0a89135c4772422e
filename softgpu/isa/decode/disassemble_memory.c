/* SPDX-License-Identifier: MIT
 *
 * DS, FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF.
 */
#include "softgpu/isa/decode/text.h"

static void put_off(struct isa_text *t)
{
    isa_text_separate(t);
    isa_text_put(t, "off");
}

static void put_cache_policy(struct isa_text *t)
{
    isa_text_flag(t, t->inst->mem.glc, "glc");
    isa_text_flag(t, t->inst->mem.slc, "slc");
    isa_text_flag(t, t->inst->mem.dlc, "dlc");
}

/* and, or and xor masks of five bits each: for every bit of the lane number, what becomes of it. */
static void put_swizzle_mask(struct isa_text *t, unsigned and, unsigned or, unsigned xor)
{
    unsigned from_0 = or ^xor, from_1 = (and | or) ^ xor;

    isa_text_put(t, "BITMASK_PERM,\"");
    for (int bit = 4; bit >= 0; bit--) {
        unsigned zero = from_0 >> bit & 1, one = from_1 >> bit & 1;

        isa_text_put(t, "%c", zero == one ? '0' + zero : zero ? 'i' : 'p');
    }
    isa_text_put(t, "\"");
}

static bool is_power_of_2(unsigned value)
{
    return value && !(value & (value - 1));
}

static void put_swizzle(struct isa_text *t)
{
    unsigned imm = t->inst->imm;
    unsigned and = isa_bits(imm, 0, 5), or = isa_bits(imm, 5, 5), xor = isa_bits(imm, 10, 5);
    unsigned group = 32 - and;

    if (imm == 0)
        return;
    isa_text_put(t, " offset:");
    if ((imm & 0xff00) == 0x8000) {
        isa_text_put(t, "swizzle(QUAD_PERM,%u,%u,%u,%u)", imm & 3, imm >> 2 & 3, imm >> 4 & 3,
                     imm >> 6 & 3);
        return;
    }
    if (imm & 0x8000) {
        isa_text_put(t, "%u", imm);
        return;
    }
    isa_text_put(t, "swizzle(");
    if (and == 31 && or == 0 && is_power_of_2(xor))
        isa_text_put(t, "SWAP,%u", xor);
    else if (and == 31 && or == 0 && xor&&is_power_of_2(xor+1))
        isa_text_put(t, "REVERSE,%u", xor+1);
    else if (group > 1 && is_power_of_2(group) && or < group && xor == 0)
        isa_text_put(t, "BROADCAST,%u,%u", group, or);
    else
        put_swizzle_mask(t, and, or, xor);
    isa_text_put(t, ")");
}

static void put_ds_offset(struct isa_text *t)
{
    unsigned imm = t->inst->imm;

    if (t->inst->op == ISA_OP_ds_swizzle_b32) {
        put_swizzle(t);
    } else if (t->info->flags & ISA_F_TWO_OFFSETS) {
        if (imm & 0xff)
            isa_text_put(t, " offset0:%u", imm & 0xff);
        if (imm >> 8)
            isa_text_put(t, " offset1:%u", imm >> 8);
    } else if (imm) {
        isa_text_put(t, " offset:%u", imm);
    }
}

static void put_ds(struct isa_text *t)
{
    if (t->inst->op == ISA_OP_ds_nop)
        return;
    if (t->info->dst != ISA_T_NONE)
        isa_text_operand(t, t->inst->dst, t->info->dst);
    for (unsigned i = 0; i < 3; i++) {
        if (t->info->src[i] != ISA_T_NONE)
            isa_text_source(t, i);
    }
    put_ds_offset(t);
    isa_text_flag(t, t->inst->mem.gds, "gds");
}

static void put_flat_address(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    bool has_saddr = inst->mem.saddr != ISA_REG_NONE;

    if (t->info->src[0] != ISA_T_NONE) {
        if (inst->src[0] == ISA_REG_NONE)
            put_off(t);
        else
            isa_text_operand(t, inst->src[0], has_saddr ? ISA_T_B32 : t->info->src[0]);
    }
    if (t->info->flags & ISA_F_STORE || t->info->flags & ISA_F_ATOMIC) {
        if (t->info->src[1] != ISA_T_NONE)
            isa_text_source(t, 1);
    }
    if (inst->enc == ISA_ENC_FLAT)
        return;
    if (has_saddr)
        isa_text_operand(t, inst->mem.saddr, inst->enc == ISA_ENC_SCRATCH ? ISA_T_B32 : ISA_T_B64);
    else
        put_off(t);
}

static void put_flat(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    if (inst->dst != ISA_REG_NONE) /* not of a load to LDS */
        isa_text_operand(t, inst->dst, t->info->dst);
    put_flat_address(t);
    if (inst->imm)
        isa_text_put(t, " offset:%d", inst->imm);
    put_cache_policy(t);
    isa_text_flag(t, inst->mem.lds, "lds");
}

/* 7-bit unified buffer formats of GFX10; 1 is the default and is not written. */
#define SIX_NUMBERS(layout)                                                                        \
    layout "_UNORM", layout "_SNORM", layout "_USCALED", layout "_SSCALED", layout "_UINT",        \
        layout "_SINT"
#define SEVEN_NUMBERS(layout) SIX_NUMBERS(layout), layout "_FLOAT"
#define THREE_NUMBERS(layout) layout "_UINT", layout "_SINT", layout "_FLOAT"

static const char *const buffer_formats[] = {
    "INVALID",
    SIX_NUMBERS("8"),
    SEVEN_NUMBERS("16"),
    SIX_NUMBERS("8_8"),
    THREE_NUMBERS("32"),
    SEVEN_NUMBERS("16_16"),
    SEVEN_NUMBERS("10_11_11"),
    SEVEN_NUMBERS("11_11_10"),
    SIX_NUMBERS("10_10_10_2"),
    SIX_NUMBERS("2_10_10_10"),
    SIX_NUMBERS("8_8_8_8"),
    THREE_NUMBERS("32_32"),
    SEVEN_NUMBERS("16_16_16_16"),
    THREE_NUMBERS("32_32_32"),
    THREE_NUMBERS("32_32_32_32"),
};

static void put_format(struct isa_text *t)
{
    unsigned format = t->inst->mem.format;

    if (format == 1)
        return;
    if (format < sizeof(buffer_formats) / sizeof(buffer_formats[0]))
        isa_text_put(t, " format:[BUF_FMT_%s]", buffer_formats[format]);
    else
        isa_text_put(t, " format:%u", format);
}

/* The data register: loaded, stored, or both. */
static void put_buffer_data(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    bool stored = inst->src[1] != ISA_REG_NONE;
    uint16_t reg = stored ? inst->src[1] : inst->dst;

    if (reg == ISA_REG_NONE) /* a load to LDS */
        return;
    isa_text_separate(t);
    isa_text_register(t, reg,
                      isa_decode_width(stored ? t->info->src[1] : t->info->dst) + inst->mem.tfe);
}

static void put_buffer(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;
    unsigned address_dwords = inst->mem.offen + inst->mem.idxen;

    if (inst->src[2] == ISA_REG_NONE) /* buffer_gl0_inv */
        return;
    put_buffer_data(t);
    if (address_dwords) {
        isa_text_separate(t);
        isa_text_register(t, inst->src[0], address_dwords);
    } else {
        put_off(t);
    }
    isa_text_source(t, 2);
    isa_text_operand(t, inst->mem.saddr, ISA_T_B32);
    if (inst->enc == ISA_ENC_MTBUF)
        put_format(t);
    isa_text_flag(t, inst->mem.idxen, "idxen");
    isa_text_flag(t, inst->mem.offen, "offen");
    if (inst->imm)
        isa_text_put(t, " offset:%d", inst->imm);
    put_cache_policy(t);
    isa_text_flag(t, inst->mem.tfe, "tfe");
    isa_text_flag(t, inst->mem.lds, "lds");
}

void isa_text_memory(struct isa_text *t)
{
    isa_text_put(t, "%s", t->info->name);
    switch (t->inst->enc) {
    case ISA_ENC_DS:
        put_ds(t);
        break;
    case ISA_ENC_MUBUF:
    case ISA_ENC_MTBUF:
        put_buffer(t);
        break;
    default:
        put_flat(t);
        break;
    }
}
