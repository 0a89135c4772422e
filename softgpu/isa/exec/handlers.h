/* SPDX-License-Identifier: MIT
 *
 * The interpreter's handlers, found by operation. Each unit's file provides one table, indexed by
 * enum isa_op, with NULL where the operation belongs to another unit or is not executed.
 */
#ifndef SOFTGPU_ISA_EXEC_HANDLERS_H
#define SOFTGPU_ISA_EXEC_HANDLERS_H

#include "softgpu/isa/wave.h"

extern isa_handler *const isa_salu_handlers[ISA_OP_COUNT]; /* SOP1/2/C/K, s_getreg, s_setreg */
/* VOP1/2/3/3P/C: filled before main() with what suits this CPU (valu_level.h), then constant. */
extern isa_handler *isa_valu_handlers[ISA_OP_COUNT];
/* SOPP: branches, barriers, messages; also what SOP1 and SOPK have of that kind: s_rfe_b64 and
 * s_waitcnt_vscnt, _vmcnt, _expcnt, _lgkmcnt. */
extern isa_handler *const isa_flow_handlers[ISA_OP_COUNT];
extern isa_handler *const isa_smem_handlers[ISA_OP_COUNT];
extern isa_handler *const isa_lds_handlers[ISA_OP_COUNT];
extern isa_handler *const isa_flat_handlers[ISA_OP_COUNT];   /* FLAT, GLOBAL, SCRATCH */
extern isa_handler *const isa_buffer_handlers[ISA_OP_COUNT]; /* MUBUF, MTBUF */
extern isa_handler *const isa_image_handlers[ISA_OP_COUNT];  /* MIMG */
extern isa_handler *const isa_export_handlers[ISA_OP_COUNT]; /* EXP */
extern isa_handler *const isa_interp_handlers[ISA_OP_COUNT]; /* v_interp_* */

/* The handler for an operation, or NULL when the model does not execute it. */
isa_handler *isa_handler_find(enum isa_op op);

/* Raise the fault that the instruction is; what the code cache stores when there is no handler. */
isa_handler isa_handler_illegal;     /* the words are no instruction */
isa_handler isa_handler_unsupported; /* they are, and the model does not execute it */

#endif
