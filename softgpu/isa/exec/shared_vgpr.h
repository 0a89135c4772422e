/* SPDX-License-Identifier: MIT
 *
 * Shared VGPRs: a wave64 program may have registers behind its own ones that exist once for both
 * halves of the wave: lanes i and i + 32 are one place. The halves execute one after the other, the
 * low one first, so where both write the high one's value stays.
 *
 * Here such a register has 64 lanes like any other, whose halves are made equal after each
 * instruction that writes it. An instruction that reads what its own low half has just written sees
 * the old value in the high half; programs use shared registers with half of EXEC to avoid just
 * that (Mesa: emit_gfx10_wave64_bpermute()).
 *
 * Source: RDNA 2 ISA guide, "Shared VGPRs"; COMPUTE_PGM_RSRC3.SHARED_VGPR_CNT.
 */
#ifndef SOFTGPU_ISA_EXEC_SHARED_VGPR_H
#define SOFTGPU_ISA_EXEC_SHARED_VGPR_H

#include "softgpu/isa/wave.h"

/* After `inst` was executed by a wave that has shared registers; `exec` is EXEC as it was before.
 */
void isa_shared_vgprs_join(struct isa_wave *w, const struct isa_inst *inst, uint64_t exec);

#endif
