/* SPDX-License-Identifier: MIT
 *
 * Hardware registers: s_getreg_b32, s_setreg_b32 and s_setreg_imm32_b32 on the fields that SIMM16
 * names (id in bits 5:0, first bit in 10:6, width - 1 in 15:11).
 *
 * Not modelled: floating-point exceptions. They are never collected in TRAPSTS, and a program that
 * enables one in MODE.EXCP_EN stops with ISA_FAULT_UNSUPPORTED instead of missing it.
 *
 * Sources: "RDNA 2" ISA reference guide, "Hardware registers"; numbers as in LLVM's AMDGPU target
 * (AMDGPU::Hwreg).
 */
#include "softgpu/isa/exec/salu.h"

#include "softgpu/isa/exec/operand.h"
#include "softgpu/isa/exec/sem_base.h"
#include "softgpu/isa/exec/trap.h"

enum hwreg {
    HWREG_MODE = 1,
    HWREG_STATUS = 2,
    HWREG_TRAPSTS = 3,
    HWREG_GPR_ALLOC = 5,
    HWREG_LDS_ALLOC = 6,
    HWREG_IB_STS = 7,
    HWREG_SH_MEM_BASES = 15,
    HWREG_TBA_LO = 16,
    HWREG_TBA_HI = 17,
    HWREG_TMA_LO = 18,
    HWREG_TMA_HI = 19,
    HWREG_FLAT_SCR_LO = 20,
    HWREG_FLAT_SCR_HI = 21,
    HWREG_HW_ID1 = 23,
    HWREG_HW_ID2 = 24,
    HWREG_SHADER_CYCLES = 29,
};

struct field {
    unsigned id, shift;
    uint32_t mask; /* not shifted */
};

static struct field decode_field(const struct isa_inst *inst)
{
    unsigned simm = (uint16_t)inst->imm;
    unsigned width = (simm >> 11) + 1;

    return (struct field){
        .id = simm & 63,
        .shift = simm >> 6 & 31,
        .mask = width < 32 ? (1u << width) - 1 : UINT32_MAX,
    };
}

/* Address bits 63:48 of the apertures. */
static uint32_t memory_bases(const struct isa_wave *w)
{
    return (uint32_t)(w->shared_base >> 48 << 16 | w->private_base >> 48);
}

/* The counter wraps after 20 bits. */
static uint32_t shader_cycles(const struct isa_wave *w)
{
    const struct isa_host *host = w->group->host;

    return host && host->cycles ? host->cycles(host->context) & 0xfffff : 0;
}

static bool hwreg_read(const struct isa_wave *w, unsigned id, uint32_t *out_value)
{
    const struct isa_host *host = w->group ? w->group->host : NULL;

    switch (id) {
    case HWREG_MODE:
        *out_value = w->mode;
        return true;
    case HWREG_STATUS:
        *out_value = isa_status_read(w);
        return true;
    case HWREG_TRAPSTS:
        *out_value = w->trapsts;
        return true;
    case HWREG_GPR_ALLOC:
        *out_value = w->gpr_alloc;
        return true;
    case HWREG_LDS_ALLOC:
        *out_value = w->lds_alloc;
        return true;
    case HWREG_IB_STS: /* counters of outstanding memory operations: there never are any */
        *out_value = 0;
        return true;
    case HWREG_SH_MEM_BASES:
        *out_value = memory_bases(w);
        return true;
    case HWREG_TBA_LO:
    case HWREG_TBA_HI:
        *out_value = host ? (uint32_t)(host->tba >> (id == HWREG_TBA_HI ? 32 : 0)) : 0;
        return true;
    case HWREG_TMA_LO:
    case HWREG_TMA_HI:
        *out_value = host ? (uint32_t)(host->tma >> (id == HWREG_TMA_HI ? 32 : 0)) : 0;
        return true;
    case HWREG_FLAT_SCR_LO:
        *out_value = (uint32_t)w->flat_scratch;
        return true;
    case HWREG_FLAT_SCR_HI:
        *out_value = (uint32_t)(w->flat_scratch >> 32);
        return true;
    case HWREG_HW_ID1:
        *out_value = w->hw_id1;
        return true;
    case HWREG_HW_ID2:
        *out_value = w->hw_id2;
        return true;
    case HWREG_SHADER_CYCLES:
        *out_value = shader_cycles(w);
        return true;
    default:
        return false;
    }
}

/* Registers that programs may not write ignore it, as hardware does. */
static bool hwreg_write(struct isa_wave *w, unsigned id, uint32_t value)
{
    const uint64_t low = 0xffffffff;
    uint32_t unused;

    switch (id) {
    case HWREG_MODE:
        if (value & SEM_MODE_EXCP_EN)
            return false;
        w->mode = value;
        return true;
    case HWREG_STATUS:
        isa_status_write(w, value);
        return true;
    case HWREG_TRAPSTS:
        w->trapsts = value;
        return true;
    case HWREG_FLAT_SCR_LO:
        w->flat_scratch = (w->flat_scratch & ~low) | value;
        return true;
    case HWREG_FLAT_SCR_HI:
        w->flat_scratch = (w->flat_scratch & low) | (uint64_t)value << 32;
        return true;
    default:
        return hwreg_read(w, id, &unused);
    }
}

void salu_s_getreg_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    struct field f = decode_field(inst);
    uint32_t value;

    if (hwreg_read(w, f.id, &value))
        isa_sgpr_write_b32(w, inst->dst, value >> f.shift & f.mask);
    else
        isa_fault_raise(w, inst, ISA_FAULT_UNSUPPORTED, 0, 0, 0);
}

void salu_s_setreg_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    struct field f = decode_field(inst);
    uint32_t field = isa_scalar_b32(w, inst, inst->src[0]) & f.mask;
    uint32_t value;

    if (hwreg_read(w, f.id, &value)) {
        value = (value & ~(f.mask << f.shift)) | field << f.shift;
        if (hwreg_write(w, f.id, value))
            return;
    }
    isa_fault_raise(w, inst, ISA_FAULT_UNSUPPORTED, 0, 0, 0);
}

void salu_s_setreg_imm32_b32(struct isa_wave *w, const struct isa_inst *inst)
{
    salu_s_setreg_b32(w, inst);
}
