/* SPDX-License-Identifier: MIT
 *
 * Exceptions of a wave and its trap handler.
 *
 * On hardware a wave enters the KFD's first-level trap handler, which saves contexts and passes
 * everything else on to the second-level handler that the program installed (ROCr does so with
 * SET_TRAP_HANDLER). Here the first level's effect is applied at once and the wave continues in
 * the second level, isa_host.tba. What that finds, as amdkfd's cwsr_trap_handler_gfx10.asm leaves
 * it (ASIC_FAMILY CHIP_SIENNA_CICHLID):
 *
 *   ttmp0, ttmp1   PC of the instruction; ttmp1 bits 23:16 = trap id, 0 for an exception
 *   ttmp2, ttmp3   TBA of the second level
 *   ttmp11         bit 23 clear: no debugger is attached
 *   ttmp12         STATUS without SPI_PRIO and ECC_ERR
 *   ttmp14, ttmp15 TMA of the second level
 *   STATUS.PRIV    1, and TRAPSTS tells the exception
 *
 * The saved PC is exact: it names the faulting instruction also for memory violations, which
 * hardware reports some instructions later.
 *
 * The details of a fault are kept in isa_wave.fault in either case. A handler that returns with
 * STATUS.HALT set has given the wave up: it stops with those details. One that returns without
 * HALT has dealt with it, and they are dropped. Without a handler the wave stops at once.
 *
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_TRAP_H
#define SOFTGPU_ISA_EXEC_TRAP_H

#include "softgpu/isa/wave.h"

/* The instruction `inst`, which w->pc points behind, cannot complete. `va`, `access` and `lane` are
 * for the kinds that have them, else 0. The handler of the instruction returns after this. */
void isa_fault_raise(struct isa_wave *w, const struct isa_inst *inst, enum isa_fault_kind kind,
                     uint64_t va, unsigned access, unsigned lane);

/* The instruction at w->pc cannot be fetched: `va` is the first byte that is out of reach. */
void isa_fault_raise_fetch(struct isa_wave *w, uint64_t va);

/* s_trap. */
void isa_trap_raise(struct isa_wave *w, const struct isa_inst *inst, unsigned trap_id);

/* s_rfe_b64: leaves the trap handler for `pc`. */
void isa_trap_return(struct isa_wave *w, const struct isa_inst *inst, uint64_t pc);

/* STATUS.HALT has been set outside the trap handler: the wave stops for good. */
void isa_wave_halt(struct isa_wave *w, const struct isa_inst *inst);

#endif
