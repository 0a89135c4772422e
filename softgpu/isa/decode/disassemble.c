/* SPDX-License-Identifier: MIT
 *
 * The disassembler's entry and its operand writers. The syntax is LLVM's.
 */
#include "softgpu/isa/decode/text.h"

#include <stdarg.h>
#include <stdio.h>

void isa_text_put(struct isa_text *t, const char *format, ...)
{
    size_t room = t->length < t->size ? t->size - t->length : 0;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(room ? t->buffer + t->length : NULL, room, format, args);
    va_end(args);
    if (length > 0)
        t->length += length;
}

void isa_text_separate(struct isa_text *t)
{
    isa_text_put(t, t->started ? ", " : " ");
    t->started = true;
}

static const char *special_name(uint16_t reg)
{
    switch (reg) {
    case ISA_REG_VCC_LO:
        return "vcc_lo";
    case ISA_REG_VCC_HI:
        return "vcc_hi";
    case ISA_REG_M0:
        return "m0";
    case ISA_REG_NULL:
        return "null";
    case ISA_REG_EXEC_LO:
        return "exec_lo";
    case ISA_REG_EXEC_HI:
        return "exec_hi";
    case ISA_REG_SHARED_BASE:
        return "src_shared_base";
    case ISA_REG_SHARED_LIMIT:
        return "src_shared_limit";
    case ISA_REG_PRIVATE_BASE:
        return "src_private_base";
    case ISA_REG_PRIVATE_LIMIT:
        return "src_private_limit";
    case ISA_REG_POPS_EXITING_WAVE_ID:
        return "src_pops_exiting_wave_id";
    case ISA_REG_VCCZ:
        return "src_vccz";
    case ISA_REG_EXECZ:
        return "src_execz";
    case ISA_REG_SCC:
        return "src_scc";
    case ISA_REG_LDS_DIRECT:
        return "src_lds_direct";
    default:
        return NULL;
    }
}

static void put_range(struct isa_text *t, const char *bank, unsigned index, unsigned dwords)
{
    if (dwords <= 1)
        isa_text_put(t, "%s%u", bank, index);
    else
        isa_text_put(t, "%s[%u:%u]", bank, index, index + dwords - 1);
}

void isa_text_register(struct isa_text *t, uint16_t reg, unsigned dwords)
{
    const char *name = special_name(reg);

    if (reg >= ISA_REG_VGPR0)
        put_range(t, "v", reg - ISA_REG_VGPR0, dwords);
    else if (reg < ISA_REG_VCC_LO)
        put_range(t, "s", reg, dwords);
    else if (reg >= ISA_REG_TTMP0 && reg < ISA_REG_M0)
        put_range(t, "ttmp", reg - ISA_REG_TTMP0, dwords);
    else if (dwords == 2 && (reg == ISA_REG_VCC_LO || reg == ISA_REG_EXEC_LO))
        isa_text_put(t, "%s", reg == ISA_REG_VCC_LO ? "vcc" : "exec");
    else if (name)
        isa_text_put(t, "%s", name);
    else
        isa_text_put(t, "<register %u>", reg);
}

/* Constants that have a code of their own print as numbers, even when a literal spells them. */
struct inline_float {
    const char *text;
    uint16_t half;
    uint32_t single;
    uint64_t wide;
};

static const struct inline_float inline_floats[] = {
    {"0.5", 0x3800, 0x3f000000, 0x3fe0000000000000},
    {"-0.5", 0xb800, 0xbf000000, 0xbfe0000000000000},
    {"1.0", 0x3c00, 0x3f800000, 0x3ff0000000000000},
    {"-1.0", 0xbc00, 0xbf800000, 0xbff0000000000000},
    {"2.0", 0x4000, 0x40000000, 0x4000000000000000},
    {"-2.0", 0xc000, 0xc0000000, 0xc000000000000000},
    {"4.0", 0x4400, 0x40800000, 0x4010000000000000},
    {"-4.0", 0xc400, 0xc0800000, 0xc010000000000000},
    {"0.15915494", 0x3118, 0x3e22f983, 0x3fc45f306dc9c882},
};

enum { INLINE_FLOATS = sizeof(inline_floats) / sizeof(inline_floats[0]) };

/* How a constant is read: its width, and whether floats are written as such. */
enum constant_kind {
    KIND_INT16,
    KIND_FLOAT16,
    KIND_PACKED_FLOAT16,
    KIND_32,
    KIND_INT64,
    KIND_FLOAT64
};

static enum constant_kind constant_kind(const struct isa_text *t, enum isa_type type)
{
    switch (type) {
    case ISA_T_B16:
    case ISA_T_I16:
    case ISA_T_U16:
        return KIND_INT16;
    case ISA_T_F16:
        return KIND_FLOAT16;
    case ISA_T_PK16:
        return t->info->flags & ISA_F_MODS ? KIND_PACKED_FLOAT16 : KIND_32;
    case ISA_T_F64:
        return KIND_FLOAT64;
    case ISA_T_B64:
    case ISA_T_I64:
    case ISA_T_U64:
        return KIND_INT64;
    default:
        return KIND_32;
    }
}

static const char *find_inline_float(enum constant_kind kind, uint64_t value)
{
    for (unsigned i = 0; i < INLINE_FLOATS; i++) {
        const struct inline_float *f = &inline_floats[i];

        if (kind <= KIND_PACKED_FLOAT16 ? value == f->half
            : kind == KIND_32           ? value == f->single
                                        : value == f->wide)
            return f->text;
    }
    return NULL;
}

static void put_inline_float(struct isa_text *t, enum constant_kind kind, unsigned index)
{
    const struct inline_float *f = &inline_floats[index];

    if (kind == KIND_INT16)
        isa_text_put(t, "0x%x", f->half);
    else if (kind >= KIND_INT64 && index == INLINE_FLOATS - 1)
        isa_text_put(t, "0.15915494309189532");
    else
        isa_text_put(t, "%s", f->text);
}

static void put_literal(struct isa_text *t, enum constant_kind kind, uint32_t literal)
{
    uint64_t value = literal;
    int64_t number = (int32_t)literal;
    const char *text;

    if (kind == KIND_INT16 || kind == KIND_FLOAT16) {
        value = literal & 0xffff;
        if (kind == KIND_FLOAT16)
            number = (int16_t)literal;
    } else if (kind == KIND_FLOAT64) {
        value = (uint64_t)literal << 32;
        number = (int64_t)value;
    } else if (kind == KIND_INT64) {
        number = literal;
    }
    /* LLVM looks for a float in all 32 bits of an integer's literal before it cuts it to 16 */
    text =
        kind == KIND_INT16 ? find_inline_float(KIND_32, literal) : find_inline_float(kind, value);
    if (number >= -16 && number <= 64)
        isa_text_put(t, "%d", (int)number);
    else if (text)
        isa_text_put(t, "%s", text);
    else
        isa_text_put(t, "0x%x", (uint32_t)(kind == KIND_FLOAT64 ? literal : value));
}

static void put_value(struct isa_text *t, uint16_t reg, enum isa_type type)
{
    enum constant_kind kind = constant_kind(t, type);

    if (reg == ISA_REG_LITERAL)
        put_literal(t, kind, t->inst->literal);
    else if (reg >= ISA_REG_FLOAT_FIRST && reg <= ISA_REG_FLOAT_LAST)
        put_inline_float(t, kind, reg - ISA_REG_FLOAT_FIRST);
    else if (reg >= ISA_REG_INT_NEG_1 && reg < ISA_REG_INT_NEG_1 + 16)
        isa_text_put(t, "%d", ISA_REG_INT_NEG_1 - 1 - reg);
    else if (reg >= ISA_REG_INT_0 && reg < ISA_REG_INT_NEG_1)
        isa_text_put(t, "%d", reg - ISA_REG_INT_0);
    else if (type == ISA_T_MASK && t->lanes == 64 && reg < ISA_REG_M0)
        isa_text_register(t, reg & ~1u, 2);
    else
        isa_text_register(t, reg, isa_type_dwords(type, t->lanes));
}

void isa_text_operand(struct isa_text *t, uint16_t reg, enum isa_type type)
{
    isa_text_separate(t);
    put_value(t, reg, type);
}

void isa_text_value(struct isa_text *t, unsigned index)
{
    put_value(t, t->inst->src[index], t->info->src[index]);
}

void isa_text_source(struct isa_text *t, unsigned index)
{
    isa_text_separate(t);
    isa_text_value(t, index);
}

static void put_instruction(struct isa_text *t)
{
    switch (t->info->unit) {
    case ISA_UNIT_SALU:
    case ISA_UNIT_FLOW:
    case ISA_UNIT_SMEM:
        isa_text_scalar(t);
        break;
    case ISA_UNIT_VALU:
        isa_text_vector(t);
        break;
    case ISA_UNIT_LDS:
    case ISA_UNIT_VMEM:
        isa_text_memory(t);
        break;
    default:
        isa_text_image(t);
        break;
    }
}

size_t isa_disassemble(enum isa_gen gen, const struct isa_inst *inst, unsigned lanes, uint64_t pc,
                       char *text, size_t size)
{
    struct isa_text t = {
        .buffer = text,
        .size = size,
        .table = isa_gen_table(gen),
        .inst = inst,
        .info = inst->op < ISA_OP_COUNT ? &isa_ops[inst->op] : &isa_ops[ISA_OP_invalid],
        .lanes = lanes,
        .pc = pc,
    };

    if (size)
        text[0] = 0;
    if (!t.table || t.info == &isa_ops[ISA_OP_invalid])
        isa_text_put(&t, "<invalid>");
    else
        put_instruction(&t);
    return t.length;
}
