/* SPDX-License-Identifier: MIT
 *
 * See alu_machine.h.
 */
#include "alu_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/sem_base.h"

static const struct isa_host no_host;

/* No memory at all: instructions are handed to their handlers directly. */
static bool find_nothing(struct isa_memory *memory, uint64_t va, unsigned access,
                         struct isa_window *out, bool *out_mapped)
{
    (void)memory;
    (void)va;
    (void)access;
    (void)out;
    *out_mapped = false;
    return false;
}

static struct isa_memory no_memory = {.find = find_nothing, .epoch = 1};

void alu_machine_create(struct alu_machine *machine, unsigned lanes, enum isa_valu_level level)
{
    assert_true(rw_ok(isa_workgroup_create(1, lanes, ALU_VGPRS, 0, &machine->group)));
    machine->group->host = &no_host;
    machine->group->memory = &no_memory;
    assert_true(rw_ok(isa_code_create(ISA_GEN_GFX10_3, &no_memory, &machine->group->code)));
    machine->w = &machine->group->waves[0];
    machine->w->mode = ALU_MODE_DEFAULT;
    machine->w->sgpr_count = 106;
    machine->level = level;
    machine->valu = isa_valu_level_handlers(level);
    alu_exec_set(machine, UINT64_MAX);
}

void alu_machine_destroy(struct alu_machine *machine)
{
    isa_code_destroy(machine->group->code);
    isa_workgroup_destroy(machine->group);
}

unsigned alu_level_count(void)
{
    return (unsigned)isa_valu_level_best() + 1;
}

const char *alu_level_name(enum isa_valu_level level)
{
    static const char *const names[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};

    return names[level];
}

uint32_t *alu_vgpr(struct alu_machine *machine, unsigned reg, unsigned dword, unsigned lane)
{
    return machine->w->vgpr + (size_t)(reg + dword) * machine->w->lanes + lane;
}

void alu_vgpr_set(struct alu_machine *machine, unsigned reg, unsigned lane, enum isa_type type,
                  uint64_t value)
{
    *alu_vgpr(machine, reg, 0, lane) = (uint32_t)value;
    if (isa_type_dwords(type, machine->w->lanes) == 2)
        *alu_vgpr(machine, reg, 1, lane) = (uint32_t)(value >> 32);
}

uint64_t alu_vgpr_get(struct alu_machine *machine, unsigned reg, unsigned lane, enum isa_type type)
{
    uint64_t value = *alu_vgpr(machine, reg, 0, lane);

    if (isa_type_dwords(type, machine->w->lanes) == 2)
        value |= (uint64_t)*alu_vgpr(machine, reg, 1, lane) << 32;
    return value;
}

uint64_t alu_sgpr_pair(const struct alu_machine *machine, unsigned reg)
{
    return machine->w->sgpr[reg] | (uint64_t)machine->w->sgpr[reg + 1] << 32;
}

void alu_sgpr_pair_set(struct alu_machine *machine, unsigned reg, uint64_t value)
{
    machine->w->sgpr[reg] = (uint32_t)value;
    machine->w->sgpr[reg + 1] = (uint32_t)(value >> 32);
}

void alu_exec_set(struct alu_machine *machine, uint64_t mask)
{
    alu_sgpr_pair_set(machine, ISA_REG_EXEC_LO, mask);
}

struct isa_inst alu_inst_make(enum isa_op op)
{
    const struct isa_op_info *info = &isa_ops[op];
    struct isa_inst inst = {.op = (uint16_t)op, .enc = ISA_ENC_VOP3, .dwords = 2};

    inst.dst = info->dst == ISA_T_MASK ? ALU_DST_MASK : ISA_REG_VGPR0 + ALU_DST;
    inst.dst2 = info->dst2 == ISA_T_MASK ? ALU_DST2_MASK : ISA_REG_NONE;
    for (unsigned i = 0; i < 4; i++) {
        if (!info->src[i])
            inst.src[i] = ISA_REG_NONE;
        else if (info->src[i] == ISA_T_MASK)
            inst.src[i] = (uint16_t)(ALU_MASK + 2 * i);
        else
            inst.src[i] = (uint16_t)(ISA_REG_VGPR0 + ALU_SRC + 4 * i);
    }
    if (info->flags & (1u << 21)) /* packed: both halves in their place */
        inst.op_sel_hi = 7;
    return inst;
}

static void execute_by(struct alu_machine *machine, const struct isa_inst *inst,
                       isa_handler *handler)
{
    if (!handler)
        handler = isa_handler_find((enum isa_op)inst->op);
    if (!handler)
        fail_msg("%s has no handler", isa_ops[inst->op].name);
    handler(machine->w, inst);
}

/* Of several NaNs, which one becomes the result is not defined (sem_base.h). */
static bool are_nans(enum isa_type type, uint64_t a, uint64_t b)
{
    if (type == ISA_T_F64)
        return sem_is_nan_f64(a) && sem_is_nan_f64(b);
    return type == ISA_T_F32 && sem_is_nan_f32((uint32_t)a) && sem_is_nan_f32((uint32_t)b);
}

/* Asserts that the result is that of lane `lane` in `other`, and makes it so. */
static void check_result(struct alu_machine *machine, const struct isa_inst *inst, uint32_t *other,
                         unsigned lane)
{
    enum isa_type type = (enum isa_type)isa_ops[inst->op].dst;
    unsigned reg = inst->dst - ISA_REG_VGPR0;
    uint32_t *vgpr = machine->w->vgpr;
    uint64_t got = alu_vgpr_get(machine, reg, lane, type), expected;

    machine->w->vgpr = other;
    expected = alu_vgpr_get(machine, reg, lane, type);
    if (got != expected && !are_nans(type, got, expected))
        fail_msg("%s: the fast handler's result is %#lx, should be %#lx", isa_ops[inst->op].name,
                 got, expected);
    alu_vgpr_set(machine, reg, lane, type, got);
    machine->w->vgpr = vgpr;
}

/* An instruction that has a fast handler is executed by both, which must do the same. */
void alu_execute(struct alu_machine *machine, const struct isa_inst *inst)
{
    const size_t bytes = ALU_VGPRS * machine->w->lanes * sizeof(uint32_t);
    isa_handler *fast = isa_valu_level_fast(machine->level, inst);
    static uint32_t before[ALU_VGPRS * 64], after[ALU_VGPRS * 64];

    if (fast)
        memcpy(before, machine->w->vgpr, bytes);
    execute_by(machine, inst, machine->valu[inst->op]);
    if (!fast)
        return;
    memcpy(after, machine->w->vgpr, bytes);
    memcpy(machine->w->vgpr, before, bytes);
    fast(machine->w, inst);
    for (unsigned lane = 0; lane < machine->w->lanes; lane++)
        check_result(machine, inst, after, lane);
    assert_memory_equal(machine->w->vgpr, after, bytes); /* nothing else has changed */
}

enum isa_op alu_op_find(const char *name)
{
    for (unsigned op = 1; op < ISA_OP_COUNT; op++) {
        if (strcmp(isa_ops[op].name, name) == 0)
            return (enum isa_op)op;
    }
    fail_msg("no operation %s", name);
    return ISA_OP_invalid;
}

/* ---- values ---- */

static const uint64_t edges_b32[] = {
    0,          1,          2,          3,          4,          5,          15,         16,
    17,         31,         32,         33,         63,         64,         0x7f,       0x80,
    0xff,       0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffff,   0x800000,   0xffffff,
    0x1000000,  0x0c0b0a09, 0x07060504, 0x0d0e0f08, 0x12345678, 0x7ffffffe, 0x7fffffff, 0x80000000,
    0x80000001, 0xaaaaaaaa, 0x55555555, 0xff00ff00, 0xfffffffe, 0xffffffff,
};

static const uint64_t edges_b64[] = {
    0,
    1,
    2,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x123456789abcdef0,
    0x00ff00ff7f800001,
    0x7ffffffffffffffe,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0xaaaaaaaa55555555,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};

/* Zeros, ones, denormals and their ends, normals and theirs, halves, infinities, NaNs. */
static const uint64_t edges_f32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x80000001, 0x00400000, 0x007fffff,
    0x807fffff, 0x00800000, 0x80800000, 0x00800001, 0x0b800000, 0x1f7fffff, 0x3effffff, 0x3f000000,
    0xbf000000, 0x3f000001, 0x3f7fffff, 0x3f800001, 0x3fc00000, 0xc0200000, 0x40490fdb, 0x43000000,
    0x477fe000, 0x477fefff, 0x477ff000, 0x4b000001, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001,
    0x4f7fffff, 0x4f800000, 0x7e800001, 0x7f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
    0x7fc00000, 0xffc12345, 0x7f800001, 0xffa00000, 0x33800000, 0x387fc000, 0x38800000, 0xc2fe0000,
};

static const uint64_t edges_f64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x0000000000000001, 0x8000000000000001, 0x000fffffffffffff, 0x800fffffffffffff,
    0x0010000000000000, 0x0010000000000001, 0x0008000000000000, 0x0370000000000000,
    0x3fdfffffffffffff, 0x3fe0000000000000, 0xbfe0000000000000, 0x3fefffffffffffff,
    0x3ff0000000000001, 0x3ff8000000000000, 0xc004000000000000, 0x400921fb54442d18,
    0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000,
    0x41efffffffe00000, 0x41f0000000000000, 0x4330000000000001, 0x47efffffe0000000,
    0x47effffff0000000, 0x47f0000000000000, 0x3690000000000000, 0x3680000000000000,
    0x36a8000000000000, 0x7fd0000000000000, 0x7fe0000000000000, 0x7fefffffffffffff,
    0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
    0xfff8000000012345, 0x7ff0000000000001, 0xfff4000000000000,
};

static const uint64_t edges_f16[] = {
    0x0000, 0x8000, 0x3c00, 0xbc00, 0x0001, 0x8001, 0x0200, 0x03ff, 0x83ff, 0x0400, 0x8400, 0x0401,
    0x1400, 0x37ff, 0x3800, 0xb800, 0x3801, 0x3bff, 0x3c01, 0x3e00, 0xc100, 0x4248, 0x5c00, 0x6400,
    0x6401, 0x77ff, 0x7800, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe12, 0x7c01, 0xfd00,
};

static const uint64_t edges_i16[] = {
    0,     1,      2,      7,      8,      15,     16,     17,     0x7f,    0x80,       0xff,
    0x100, 0x1234, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 0x70007, 0xffff8000,
};

static const uint64_t edges_pk16[] = {
    0x00000000, 0x80000000, 0x3c003c00, 0xbc003c00, 0x00018001, 0x03ff0400, 0x7bfffbff,
    0x7c00fc00, 0x7e007c01, 0xfe12fd00, 0x38003801, 0x7fff8000, 0x80007fff, 0xffff0001,
    0x00ff7f80, 0x64013bff, 0x12345678, 0xffffffff, 0x000f0010, 0x77ff7800,
};

#define EDGES(list) (*out_count = sizeof(list) / sizeof((list)[0]), (list))

const uint64_t *alu_edges(enum isa_type type, size_t *out_count)
{
    switch (type) {
    case ISA_T_F16:
        return EDGES(edges_f16);
    case ISA_T_F32:
        return EDGES(edges_f32);
    case ISA_T_F64:
        return EDGES(edges_f64);
    case ISA_T_B16:
    case ISA_T_I16:
    case ISA_T_U16:
        return EDGES(edges_i16);
    case ISA_T_PK16:
        return EDGES(edges_pk16);
    case ISA_T_B64:
    case ISA_T_I64:
    case ISA_T_U64:
        return EDGES(edges_b64);
    default:
        return EDGES(edges_b32);
    }
}

uint64_t alu_random(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    uint64_t x = state += 0x9e3779b97f4a7c15;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

uint64_t alu_random_value(enum isa_type type)
{
    uint64_t x = alu_random();

    /* Half of the floats near 1, so that sums and products meet. */
    switch (type) {
    case ISA_T_F32:
        return x >> 63 ? (x & 0x87ffffff) | 0x3c000000 : (uint32_t)x;
    case ISA_T_F64:
        return x >> 62 & 1 ? (x & 0x803fffffffffffff) | 0x3fc0000000000000 : x;
    case ISA_T_F16:
    case ISA_T_PK16:
    case ISA_T_B16:
    case ISA_T_I16:
    case ISA_T_U16:
        return (uint32_t)x; /* the upper half is not to matter */
    default:
        return isa_type_dwords(type, 32) == 2 ? x : (uint32_t)x;
    }
}
