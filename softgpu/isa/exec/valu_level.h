/* SPDX-License-Identifier: MIT
 *
 * The levels of the x86-64 ABI that vector operations are compiled for. Their results are the same;
 * the tests run them all.
 */
#ifndef SOFTGPU_ISA_EXEC_VALU_LEVEL_H
#define SOFTGPU_ISA_EXEC_VALU_LEVEL_H

#include "softgpu/isa/exec/format_lanes.h"
#include "softgpu/isa/wave.h"

enum isa_valu_level {
    ISA_VALU_V2, /* SSE4.2 */
    ISA_VALU_V3, /* AVX2, FMA */
    ISA_VALU_V4, /* AVX-512 */
    ISA_VALU_LEVEL_COUNT
};

/* The best level that this CPU executes. */
enum isa_valu_level isa_valu_level_best(void);

/* Handlers of one level, indexed by enum isa_op; NULL for what is no vector operation. */
isa_handler *const *isa_valu_level_handlers(enum isa_valu_level level);

/* The handler of an instruction of the commonest form: all operands are VGPRs of 32 or 64 bits,
 * without modifiers. NULL: it has another form, or the operation has no such handler. */
isa_handler *isa_valu_level_fast(enum isa_valu_level level, const struct isa_inst *inst);
isa_handler *isa_valu_fast_find(const struct isa_inst *inst); /* of the best level */

/* Conversions of formats of one level. */
const struct isa_format_lanes *isa_format_lanes_of(enum isa_valu_level level);

#endif
