/* SPDX-License-Identifier: MIT
 *
 * The wave registers that traps work with: STATUS, TRAPSTS and the trap temporaries. isa_wave
 * keeps SCC by itself and EXECZ/VCCZ follow from EXEC and VCC, so STATUS is put together on a read
 * and taken apart on a write.
 *
 * Source of the layouts: amdkfd's first-level trap handler for GFX10 (cwsr_trap_handler_gfx10.asm)
 * and the RDNA 2 ISA guide, "Hardware registers".
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_STATUS_H
#define SOFTGPU_ISA_EXEC_STATUS_H

#include "softgpu/isa/wave.h"

enum isa_status_bit {
    ISA_STATUS_SCC = 1u << 0,
    ISA_STATUS_SPI_PRIO = 3u << 1,
    ISA_STATUS_USER_PRIO = 3u << 3,
    ISA_STATUS_PRIV = 1u << 5, /* inside the trap handler */
    ISA_STATUS_TRAP_EN = 1u << 6,
    ISA_STATUS_EXECZ = 1u << 9,
    ISA_STATUS_VCCZ = 1u << 10,
    ISA_STATUS_IN_TG = 1u << 11,
    ISA_STATUS_IN_BARRIER = 1u << 12,
    ISA_STATUS_HALT = 1u << 13,
    ISA_STATUS_VALID = 1u << 16,
    ISA_STATUS_ECC_ERR = 1u << 17,
    ISA_STATUS_COND_DBG_USER = 1u << 20,
    ISA_STATUS_COND_DBG_SYS = 1u << 21,
    ISA_STATUS_FATAL_HALT = 1u << 23,
};

enum isa_trapsts_bit {
    ISA_TRAPSTS_EXCP = 0x7f, /* floating-point exceptions, in the order of MODE.EXCP_EN */
    ISA_TRAPSTS_MEM_VIOL = 1u << 8,
    ISA_TRAPSTS_SAVECTX = 1u << 10,
    ISA_TRAPSTS_ILLEGAL_INST = 1u << 11,
    /* With MEM_VIOL: a page fault. Alone, MEM_VIOL is an aperture or alignment violation. */
    ISA_TRAPSTS_XNACK_ERROR = 1u << 28,
};

/* MODE fields that SOPP instructions set. */
enum isa_mode_field {
    ISA_MODE_ROUND_SHIFT = 0,  /* bits 1:0 f32, 3:2 f16 and f64 */
    ISA_MODE_DENORM_SHIFT = 4, /* bits 5:4 f32, 7:6 f16 and f64 */
};

static inline bool isa_wave_vccz(const struct isa_wave *w)
{
    return !(w->sgpr[ISA_REG_VCC_LO] | (w->lanes == 64 ? w->sgpr[ISA_REG_VCC_HI] : 0));
}

static inline bool isa_wave_in_trap(const struct isa_wave *w)
{
    return w->status & ISA_STATUS_PRIV;
}

static inline uint32_t isa_status_read(const struct isa_wave *w)
{
    uint32_t kept = w->status & ~(ISA_STATUS_SCC | ISA_STATUS_EXECZ | ISA_STATUS_VCCZ);

    return kept | (w->scc ? ISA_STATUS_SCC : 0) | (isa_wave_exec(w) ? 0 : ISA_STATUS_EXECZ) |
           (isa_wave_vccz(w) ? ISA_STATUS_VCCZ : 0);
}

/* s_setreg_b32 of STATUS. Hardware ignores writes to PRIV, EXECZ and VCCZ always, and to all but
 * SCC outside the trap handler. A HALT set here takes effect when the handler returns. */
static inline void isa_status_write(struct isa_wave *w, uint32_t value)
{
    const uint32_t fixed = ISA_STATUS_PRIV | ISA_STATUS_EXECZ | ISA_STATUS_VCCZ | ISA_STATUS_SCC;

    w->scc = value & ISA_STATUS_SCC;
    if (isa_wave_in_trap(w))
        w->status = (w->status & fixed) | (value & ~fixed);
}

#endif
