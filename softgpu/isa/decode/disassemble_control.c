/* SPDX-License-Identifier: MIT
 *
 * SOPK and SOPP: constants that stand for registers, counters and messages.
 *
 * Source: "RDNA 2" ISA reference guide, chapters 3 (hardware registers), 4 (messages, waits).
 */
#include "softgpu/isa/decode/text.h"

static uint32_t simm16(const struct isa_text *t)
{
    return t->inst->imm & 0xffff;
}

static void put_unsigned(struct isa_text *t)
{
    isa_text_separate(t);
    isa_text_put(t, "%u", simm16(t));
}

static void put_hex(struct isa_text *t)
{
    isa_text_separate(t);
    isa_text_put(t, "0x%x", simm16(t));
}

/* As any constant operand is written: decimal where an inline constant could hold it. */
static void put_constant(struct isa_text *t)
{
    isa_text_separate(t);
    isa_text_put(t, simm16(t) <= 64 ? "%u" : "0x%x", simm16(t));
}

/* A distance in dwords; with a known pc the target is added as a comment. */
static void put_branch(struct isa_text *t)
{
    put_unsigned(t);
    if (t->pc)
        isa_text_put(t, " // 0x%llx",
                     (unsigned long long)(t->pc + 4 * (1 + (int64_t)t->inst->imm)));
}

static const char *const hwreg_names[64] = {
    [1] = "HW_REG_MODE",          [2] = "HW_REG_STATUS",         [3] = "HW_REG_TRAPSTS",
    [5] = "HW_REG_GPR_ALLOC",     [6] = "HW_REG_LDS_ALLOC",      [7] = "HW_REG_IB_STS",
    [15] = "HW_REG_SH_MEM_BASES", [16] = "HW_REG_TBA_LO",        [17] = "HW_REG_TBA_HI",
    [18] = "HW_REG_TMA_LO",       [19] = "HW_REG_TMA_HI",        [20] = "HW_REG_FLAT_SCR_LO",
    [21] = "HW_REG_FLAT_SCR_HI",  [23] = "HW_REG_HW_ID1",        [24] = "HW_REG_HW_ID2",
    [25] = "HW_REG_POPS_PACKER",  [29] = "HW_REG_SHADER_CYCLES",
};

static void put_hwreg(struct isa_text *t)
{
    uint32_t field = simm16(t);
    unsigned id = isa_bits(field, 0, 6), offset = isa_bits(field, 6, 5);
    unsigned width = isa_bits(field, 11, 5) + 1;

    isa_text_separate(t);
    if (hwreg_names[id])
        isa_text_put(t, "hwreg(%s", hwreg_names[id]);
    else
        isa_text_put(t, "hwreg(%u", id);
    if (offset != 0 || width != 32)
        isa_text_put(t, ", %u, %u", offset, width);
    isa_text_put(t, ")");
}

/* The version number with flags behind it; a flag encloses what precedes it. */
static void put_version(struct isa_text *t)
{
    static const char *const names[] = {
        [0] = "UC_VERSION_GFX7",
        [4] = "UC_VERSION_GFX10",
        [6] = "UC_VERSION_GFX11",
        [9] = "UC_VERSION_GFX12",
    };
    static const char *const flags[] = {"UC_VERSION_W64_BIT", "UC_VERSION_W32_BIT",
                                        "UC_VERSION_MDP_BIT"};
    unsigned version = isa_bits(simm16(t), 0, 8), set = isa_bits(simm16(t), 13, 3);
    unsigned left = __builtin_popcount(set);

    if (isa_bits(simm16(t), 8, 5)) {
        put_hex(t);
        return;
    }
    isa_text_separate(t);
    for (unsigned i = 1; i < left; i++)
        isa_text_put(t, "(");
    if (version < sizeof(names) / sizeof(names[0]) && names[version])
        isa_text_put(t, "%s", names[version]);
    else
        isa_text_put(t, "%u", version);
    for (unsigned i = 0; i < 3; i++) {
        if (set >> i & 1)
            isa_text_put(t, "|%s%s", flags[i], --left ? ")" : "");
    }
}

void isa_text_sopk_operands(struct isa_text *t)
{
    const struct isa_inst *inst = t->inst;

    switch (inst->op) {
    case ISA_OP_s_version:
        put_version(t);
        return;
    case ISA_OP_s_setreg_b32:
    case ISA_OP_s_setreg_imm32_b32:
        put_hwreg(t);
        isa_text_source(t, 0);
        return;
    default:
        break;
    }
    if (t->info->dst != ISA_T_NONE)
        isa_text_operand(t, inst->dst, t->info->dst);
    else
        isa_text_source(t, 0);
    if (inst->op == ISA_OP_s_getreg_b32)
        put_hwreg(t);
    else if (t->info->flags & ISA_F_PC_WRITE)
        put_branch(t);
    else
        put_hex(t);
}

/* vmcnt bits 15:14 and 3:0, expcnt 6:4, lgkmcnt 13:8. Counters that wait for nothing are left
 * out, unless all do. */
static void put_waitcnt(struct isa_text *t)
{
    uint32_t field = simm16(t);
    unsigned vm = isa_bits(field, 0, 4) | isa_bits(field, 14, 2) << 4;
    unsigned exp = isa_bits(field, 4, 3), lgkm = isa_bits(field, 8, 6);
    bool all = vm == 63 && exp == 7 && lgkm == 63;

    if (vm != 63 || all)
        isa_text_put(t, " vmcnt(%u)", vm);
    if (exp != 7 || all)
        isa_text_put(t, " expcnt(%u)", exp);
    if (lgkm != 63 || all)
        isa_text_put(t, " lgkmcnt(%u)", lgkm);
}

/* Fields of s_waitcnt_depctr; bits 6:5 belong to none and are set in a symbolic value. */
static const struct {
    const char *name;
    uint8_t low, count;
} depctr_fields[] = {
    {"hold_cnt", 7, 1}, {"sa_sdst", 0, 1}, {"va_vdst", 12, 4}, {"va_sdst", 9, 3},
    {"va_ssrc", 8, 1},  {"va_vcc", 1, 1},  {"vm_vsrc", 2, 3},
};

enum { DEPCTR_FIELDS = sizeof(depctr_fields) / sizeof(depctr_fields[0]) };

static void put_depctr(struct isa_text *t)
{
    uint32_t value = simm16(t), unknown = 0xffff;
    bool all;

    for (unsigned i = 0; i < DEPCTR_FIELDS; i++)
        unknown &= ~(((1u << depctr_fields[i].count) - 1) << depctr_fields[i].low);
    if (value & unknown) {
        put_hex(t);
        return;
    }
    all = (value | unknown) == 0xffff;
    for (unsigned i = 0; i < DEPCTR_FIELDS; i++) {
        unsigned field = isa_bits(value, depctr_fields[i].low, depctr_fields[i].count);

        if (all || field != (1u << depctr_fields[i].count) - 1)
            isa_text_put(t, " depctr_%s(%u)", depctr_fields[i].name, field);
    }
}

enum { MSG_GS = 2, MSG_GS_DONE = 3, MSG_SYSMSG = 15 };

static const char *const message_names[16] = {
    [1] = "MSG_INTERRUPT",         [MSG_GS] = "MSG_GS",
    [MSG_GS_DONE] = "MSG_GS_DONE", [4] = "MSG_SAVEWAVE",
    [5] = "MSG_STALL_WAVE_GEN",    [6] = "MSG_HALT_WAVES",
    [7] = "MSG_ORDERED_PS_DONE",   [8] = "MSG_EARLY_PRIM_DEALLOC",
    [9] = "MSG_GS_ALLOC_REQ",      [10] = "MSG_GET_DOORBELL",
    [11] = "MSG_GET_DDID",         [MSG_SYSMSG] = "MSG_SYSMSG",
};

/* The message's operation, or NULL when it has none of that number. */
static const char *message_operation(unsigned message, unsigned operation)
{
    static const char *const gs[] = {"GS_OP_NOP", "GS_OP_CUT", "GS_OP_EMIT", "GS_OP_EMIT_CUT"};
    static const char *const system[] = {
        [1] = "SYSMSG_OP_ECC_ERR_INTERRUPT",
        [2] = "SYSMSG_OP_REG_RD",
        [4] = "SYSMSG_OP_TTRACE_PC",
    };

    if (message == MSG_SYSMSG)
        return operation < 5 ? system[operation] : NULL;
    if (operation > 3 || (message == MSG_GS && operation == 0))
        return NULL;
    return gs[operation];
}

/* Message in bits 3:0, operation 6:4, GS stream 9:8. */
static void put_message(struct isa_text *t)
{
    uint32_t field = simm16(t);
    unsigned message = isa_bits(field, 0, 4), operation = isa_bits(field, 4, 3);
    unsigned stream = isa_bits(field, 8, 2);
    bool is_gs = message == MSG_GS || message == MSG_GS_DONE;
    const char *name = message_names[message], *operation_name = NULL;

    isa_text_separate(t);
    if (is_gs || message == MSG_SYSMSG) {
        operation_name = message_operation(message, operation);
        if (!operation_name)
            name = NULL;
    } else if (operation) {
        name = NULL;
    }
    if (stream && !(is_gs && operation != 0)) /* only GS operations but NOP have streams */
        name = NULL;
    if (!name && field & ~0x37fu)
        isa_text_put(t, "%u", field);
    else if (!name)
        isa_text_put(t, "sendmsg(%u, %u, %u)", message, operation, stream);
    else if (!operation_name)
        isa_text_put(t, "sendmsg(%s)", name);
    else if (is_gs && operation)
        isa_text_put(t, "sendmsg(%s, %s, %u)", name, operation_name, stream);
    else
        isa_text_put(t, "sendmsg(%s, %s)", name, operation_name);
}

void isa_text_sopp_operands(struct isa_text *t)
{
    switch (t->inst->op) {
    case ISA_OP_s_endpgm:
        if (simm16(t))
            put_unsigned(t);
        break;
    case ISA_OP_s_waitcnt:
        put_waitcnt(t);
        break;
    case ISA_OP_s_waitcnt_depctr:
        put_depctr(t);
        break;
    case ISA_OP_s_sendmsg:
    case ISA_OP_s_sendmsghalt:
        put_message(t);
        break;
    case ISA_OP_s_inst_prefetch:
    case ISA_OP_s_clause:
    case ISA_OP_s_round_mode:
    case ISA_OP_s_ttracedata_imm:
        put_hex(t);
        break;
    default:
        if (t->info->flags & ISA_F_PC_WRITE)
            put_branch(t);
        else if (isa_sopp_has_operand(t->inst->op))
            put_constant(t);
        break;
    }
}
