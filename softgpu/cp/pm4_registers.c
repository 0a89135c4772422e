/* SPDX-License-Identifier: MIT
 *
 * PM4 packets that set registers and what else draws and dispatches find: see gfx/state.h.
 */
#include <stdio.h>
#include <string.h>

#include "softgpu/cp/pm4_run.h"

/* ---- SET_*_REG: the register's offset in its space, then values ---- */

static enum cp_step outside(struct pm4_run *run, enum gfx_space space, uint32_t first,
                            uint32_t count)
{
    char text[80];

    snprintf(text, sizeof(text), "%u registers from 0x%x on of space %s", count, first,
             gfx_space_name(space));
    return pm4_refuse(run, text);
}

/* The variants with an index say how the kernel's limits are to be applied to the value, or which
 * unit's registers are meant by it: there are no limits, and one unit. */
static enum cp_step set(struct pm4_run *run, enum gfx_space space)
{
    unsigned first = run->p[0] & 0xffff, count = run->dwords - 1;
    uint32_t *registers = gfx_registers_in(&run->queue->gfx.registers, space, first, count);

    if (!registers)
        return outside(run, space, first, count);
    memcpy(registers, &run->p[1], count * sizeof(uint32_t));
    return CP_DONE;
}

enum cp_step pm4_set_config_reg(struct pm4_run *run)
{
    return set(run, GFX_SPACE_CONFIG);
}

enum cp_step pm4_set_sh_reg(struct pm4_run *run)
{
    return set(run, GFX_SPACE_SH);
}

enum cp_step pm4_set_context_reg(struct pm4_run *run)
{
    return set(run, GFX_SPACE_CONTEXT);
}

enum cp_step pm4_set_uconfig_reg(struct pm4_run *run)
{
    return set(run, GFX_SPACE_UCONFIG);
}

enum cp_step pm4_context_reg_rmw(struct pm4_run *run)
{
    unsigned first = run->p[0] & 0xffff;
    uint32_t mask = run->p[1], value = run->p[2];
    uint32_t *reg = gfx_registers_in(&run->queue->gfx.registers, GFX_SPACE_CONTEXT, first, 1);

    if (!reg)
        return outside(run, GFX_SPACE_CONTEXT, first, 1);
    *reg = (*reg & ~mask) | (value & mask);
    return CP_DONE;
}

/* ---- LOAD_*_REG: from memory ---- */

static enum cp_step load(struct pm4_run *run, enum gfx_space space, uint64_t va, uint32_t first,
                         uint32_t count)
{
    uint32_t *registers = gfx_registers_in(&run->queue->gfx.registers, space, first, count);

    if (!registers)
        return outside(run, space, first, count);
    return cp_access_read(&run->queue->access, va, registers, count * sizeof(uint32_t))
               ? CP_DONE
               : cp_fail_access(run->queue);
}

/* Address of a shadow of the whole space, then ranges of it. */
static enum cp_step load_ranges(struct pm4_run *run, enum gfx_space space)
{
    uint64_t shadow = pm4_pair(run->p) & ~UINT64_C(3);
    enum cp_step step = CP_DONE;

    for (unsigned i = 2; i + 1 < run->dwords && step == CP_DONE; i += 2) {
        uint32_t first = run->p[i] & 0xffff, count = run->p[i + 1] & 0x3fff;

        step = load(run, space, shadow + first * UINT64_C(4), first, count);
    }
    return step;
}

enum cp_step pm4_load_config_reg(struct pm4_run *run)
{
    return load_ranges(run, GFX_SPACE_CONFIG);
}

enum cp_step pm4_load_sh_reg(struct pm4_run *run)
{
    return load_ranges(run, GFX_SPACE_SH);
}

enum cp_step pm4_load_context_reg(struct pm4_run *run)
{
    return load_ranges(run, GFX_SPACE_CONTEXT);
}

enum cp_step pm4_load_uconfig_reg(struct pm4_run *run)
{
    return load_ranges(run, GFX_SPACE_UCONFIG);
}

/* With a direct address the values lie there; one range. */
static enum cp_step load_index(struct pm4_run *run, enum gfx_space space)
{
    enum { INDEX_OFFSET = 1, FORMAT_DATA_OFFSET = 1u << 31 };

    if (run->p[0] & INDEX_OFFSET || run->p[2] & FORMAT_DATA_OFFSET)
        return pm4_refuse(run, "registers from an offset to a base");
    return load(run, space, pm4_pair(run->p) & ~UINT64_C(3), run->p[2] & 0xffff,
                run->p[3] & 0x3fff);
}

enum cp_step pm4_load_sh_reg_index(struct pm4_run *run)
{
    return load_index(run, GFX_SPACE_SH);
}

enum cp_step pm4_load_context_reg_index(struct pm4_run *run)
{
    return load_index(run, GFX_SPACE_CONTEXT);
}

/* ---- contexts ---- */

enum cp_step pm4_clear_state(struct pm4_run *run)
{
    gfx_registers_clear_context(&run->queue->gfx.registers);
    return CP_DONE;
}

/* Which registers are loaded from, and shadowed in, memory that LOAD packets name: loads come with
 * these packets, and shadows are for preemption in the middle of a buffer, which nothing does. */
enum cp_step pm4_context_control(struct pm4_run *run)
{
    (void)run;
    return CP_DONE;
}

/* ---- what is no register ---- */

enum cp_step pm4_set_base(struct pm4_run *run)
{
    unsigned index = run->p[0] & 0xf;

    if (index >= GFX_BASES)
        return pm4_refuse(run, "a base that is not modelled");
    run->queue->gfx.base[index] = pm4_pair(&run->p[1]) & ~UINT64_C(3);
    return CP_DONE;
}

enum cp_step pm4_index_base(struct pm4_run *run)
{
    run->queue->gfx.index.va = pm4_pair(run->p) & ~UINT64_C(1);
    return CP_DONE;
}

enum cp_step pm4_index_buffer_size(struct pm4_run *run)
{
    run->queue->gfx.index.count = run->p[0];
    return CP_DONE;
}

enum cp_step pm4_index_type(struct pm4_run *run)
{
    *gfx_registers_at(&run->queue->gfx.registers, GFX_VGT_INDEX_TYPE, 1) = run->p[0];
    return CP_DONE;
}

enum cp_step pm4_num_instances(struct pm4_run *run)
{
    run->queue->gfx.instances = run->p[0];
    return CP_DONE;
}
