/* SPDX-License-Identifier: MIT
 *
 * PM4 STRMOUT_BUFFER_UPDATE: where streamout goes on in a buffer, and how far it has come. Draws do
 * the rest (softgpu/gfx/streamout.h).
 *
 * Sources: Mesa's sid.h (STRMOUT_*), radv_emit_streamout_begin() and si_emit_streamout_begin().
 */
#include "softgpu/cp/pm4_run.h"

#include "softgpu/gfx/streamout.h"

enum { /* the control dword */
       STORE_FILLED_SIZE = 1,
       IN_BYTES = 1 << 7, /* what is in the packet and in memory; else in dwords */
};

enum offset_source { FROM_PACKET, FROM_FILLED_SIZE, FROM_MEMORY, FROM_NOWHERE };

static enum cp_step filled_store(struct pm4_run *run, uint32_t filled)
{
    const uint64_t va = pm4_pair(&run->p[1]) & ~UINT64_C(3);
    const uint32_t value = run->p[0] & IN_BYTES ? filled * 4 : filled;

    return pm4_stored(run, cp_access_store32(&run->queue->access, va, value));
}

/* The offset that the packet asks for, in dwords. */
static enum cp_step offset_read(struct pm4_run *run, enum offset_source source, uint32_t filled,
                                uint32_t *out_offset)
{
    *out_offset = filled;
    if (source == FROM_FILLED_SIZE)
        return CP_DONE;
    *out_offset = run->p[3];
    if (source == FROM_MEMORY &&
        !cp_access_load32(&run->queue->access, pm4_pair(&run->p[3]) & ~UINT64_C(3), out_offset))
        return cp_fail_access(run->queue);
    if (run->p[0] & IN_BYTES)
        *out_offset /= 4;
    return CP_DONE;
}

/* Stores before it changes anything. */
enum cp_step pm4_strmout_buffer_update(struct pm4_run *run)
{
    enum { REGISTERS = 4 }; /* from one buffer's to the next one's */
    struct gfx_registers *registers = &run->queue->gfx.registers;
    const unsigned buffer = run->p[0] >> 8 & 3;
    const enum offset_source source = run->p[0] >> 1 & 3;
    uint32_t *filled = gfx_registers_at(registers, gfx_streamout_filled(buffer), 1), offset;
    enum cp_step step = CP_DONE;

    if (run->p[0] & STORE_FILLED_SIZE)
        step = filled_store(run, *filled);
    if (step != CP_DONE || source == FROM_NOWHERE)
        return step;
    step = offset_read(run, source, *filled, &offset);
    if (step == CP_DONE)
        *filled = *gfx_registers_at(registers, GFX_VGT_STRMOUT_BUFFER_OFFSET_0 + buffer * REGISTERS,
                                    1) = offset;
    return step;
}
