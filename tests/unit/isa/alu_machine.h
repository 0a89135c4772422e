/* SPDX-License-Identifier: MIT
 *
 * One wave for tests of arithmetic, and the values that operations are tried on.
 */
#ifndef TESTS_UNIT_ISA_ALU_MACHINE_H
#define TESTS_UNIT_ISA_ALU_MACHINE_H

#include "softgpu/isa/exec/valu_level.h"
#include "softgpu/isa/wave.h"

/* Registers that alu_inst_make() hands out: source i begins at ALU_SRC + 4 * i, the result at
 * ALU_DST; masks lie in the SGPR pairs from ALU_MASK on. */
enum {
    ALU_VGPRS = 64,
    ALU_SRC = 8,
    ALU_DST = 32,
    ALU_MASK = 20,
    ALU_DST_MASK = 40,
    ALU_DST2_MASK = 42
};

enum { ALU_MODE_DEFAULT = 0x3f0 };

struct alu_machine {
    struct isa_workgroup *group;
    struct isa_wave *w;
    enum isa_valu_level level; /* under test */
    isa_handler *const *valu;  /* its handlers */
};

/* A wave of `lanes` lanes, all active, in the default mode; asserts that it works. */
void alu_machine_create(struct alu_machine *machine, unsigned lanes, enum isa_valu_level level);
void alu_machine_destroy(struct alu_machine *machine);

/* The levels that this CPU can run. */
unsigned alu_level_count(void);
const char *alu_level_name(enum isa_valu_level level);

/* Dword `dword` of lane `lane` in the VGPRs from `reg` on. */
uint32_t *alu_vgpr(struct alu_machine *machine, unsigned reg, unsigned dword, unsigned lane);

/* A 1- or 2-dword value of a lane. */
void alu_vgpr_set(struct alu_machine *machine, unsigned reg, unsigned lane, enum isa_type type,
                  uint64_t value);
uint64_t alu_vgpr_get(struct alu_machine *machine, unsigned reg, unsigned lane, enum isa_type type);

uint64_t alu_sgpr_pair(const struct alu_machine *machine, unsigned reg);
void alu_sgpr_pair_set(struct alu_machine *machine, unsigned reg, uint64_t value);
void alu_exec_set(struct alu_machine *machine, uint64_t mask);

/* `op` on VGPRs (masks: SGPRs), without modifiers. */
struct isa_inst alu_inst_make(enum isa_op op);

/* Executes a vector operation at the machine's level, or a scalar one. Asserts that there is a
 * handler; w->stop tells whether it faulted. */
void alu_execute(struct alu_machine *machine, const struct isa_inst *inst);

enum isa_op alu_op_find(const char *name);

/* Values worth trying for an operand type. */
const uint64_t *alu_edges(enum isa_type type, size_t *out_count);

/* A reproducible sequence. */
uint64_t alu_random(void);
/* A value that suits the type: for floats, all exponents and signs are likely. */
uint64_t alu_random_value(enum isa_type type);

#endif
