/* SPDX-License-Identifier: MIT
 *
 * PM4 dispatches: what the compute registers describe, and where the size of the grid comes from.
 *
 * Sources: the kernel's gc_10_3_0_sh_mask.h (fields); Mesa's radv_emit_dispatch_packets().
 */
#include <inttypes.h>
#include <string.h>

#include "softgpu/cp/dispatch.h"
#include "softgpu/cp/pm4_run.h"

enum { /* COMPUTE_DISPATCH_INITIATOR; what is not here orders workgroups, or is about caches */
       INITIATOR_SHADER_EN = 1 << 0,
       INITIATOR_PARTIAL_TG_EN = 1 << 1,
       INITIATOR_FORCE_START_AT_000 = 1 << 2,
       INITIATOR_ORDERED_APPEND_EN = 1 << 3,
       INITIATOR_USE_THREAD_DIMENSIONS = 1 << 5,
       INITIATOR_CS_W32_EN = 1 << 15,
};

/* One dimension: `end` is in workgroups or, with USE_THREAD_DIMENSIONS, in work-items. */
static void dimension_fill(const struct gfx_registers *registers, unsigned i, uint32_t end,
                           uint32_t initiator, struct cp_launch *out)
{
    uint32_t threads = gfx_sh(registers, GFX_COMPUTE_NUM_THREAD_X + i);
    uint32_t full = threads & 0xffff, partial = threads >> 16;
    uint32_t start =
        initiator & INITIATOR_FORCE_START_AT_000 ? 0 : gfx_sh(registers, GFX_COMPUTE_START_X + i);

    out->workgroup_size[i] = full;
    out->partial_size[i] = initiator & INITIATOR_PARTIAL_TG_EN && partial ? partial : full;
    if (initiator & INITIATOR_USE_THREAD_DIMENSIONS && full > 0) {
        uint32_t rest = end % full;

        out->partial_size[i] = rest && initiator & INITIATOR_PARTIAL_TG_EN ? rest : full;
        end = end / full + (rest != 0);
    }
    out->first_group[i] = start;
    out->groups[i] = end > start ? end - start : 0;
}

static void program_fill(const struct gfx_registers *registers, struct cp_launch *out)
{
    out->code =
        gfx_address(gfx_sh(registers, GFX_COMPUTE_PGM_LO), gfx_sh(registers, GFX_COMPUTE_PGM_HI));
    out->rsrc1 = gfx_sh(registers, GFX_COMPUTE_PGM_RSRC1);
    out->rsrc2 = gfx_sh(registers, GFX_COMPUTE_PGM_RSRC2);
    out->rsrc3 = gfx_sh(registers, GFX_COMPUTE_PGM_RSRC3);
    for (unsigned i = 0; i < CP_USER_SGPRS; i++)
        out->user_sgpr[i] = gfx_sh(registers, GFX_COMPUTE_USER_DATA_0 + i);
}

static enum cp_step launch_from_registers(struct pm4_run *run, const uint32_t end[3],
                                          uint32_t initiator, struct cp_launch *out)
{
    const struct gfx_registers *registers = &run->queue->gfx.registers;
    uint32_t scratch = gfx_sh(registers, GFX_COMPUTE_TMPRING_SIZE);
    uint64_t items = 1;

    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; i < 3; i++) {
        dimension_fill(registers, i, end[i], initiator, out);
        items *= out->workgroup_size[i];
    }
    if (items == 0 || items > CP_MAX_WORKGROUP)
        return cp_fail(run->queue, CP_ERROR_PACKET_WORKGROUP_SIZE,
                       "PM4 dispatch with a workgroup of %" PRIu64 " work-items", items);
    program_fill(registers, out);
    out->lanes = initiator & INITIATOR_CS_W32_EN ? 32 : 64;
    out->lds_bytes = CP_RSRC2_LDS_GRANULES(out->rsrc2) * 512;
    if (CP_RSRC2_SCRATCH(out->rsrc2)) {
        out->scratch_wave_bytes = CP_TMPRING_WAVE_BYTES(scratch);
        out->scratch_waves = CP_TMPRING_WAVES(scratch);
    }
    return CP_DONE;
}

/* Samplers with a border colour of their own name it by its place in this table. */
static uint64_t border_colors_of(struct gfx_registers *registers)
{
    const uint32_t *base = gfx_registers_at(registers, GFX_TA_CS_BC_BASE_ADDR, 2);

    return gfx_address(base[0], base[1]);
}

/* Work-items of the whole grid; its last workgroups may be smaller. */
static uint64_t launch_items(const struct cp_launch *launch)
{
    uint64_t items = 1;

    for (unsigned i = 0; i < 3; i++)
        items *= launch->groups[i] ? (uint64_t)(launch->groups[i] - 1) * launch->workgroup_size[i] +
                                         launch->partial_size[i]
                                   : 0;
    return items;
}

static enum cp_step dispatch(struct pm4_run *run, const uint32_t end[3], uint32_t initiator)
{
    struct gfx_state *gfx = &run->queue->gfx;
    struct cp_launch launch;
    enum cp_step step;

    if (!(initiator & INITIATOR_SHADER_EN))
        return CP_DONE;
    if (initiator & INITIATOR_ORDERED_APPEND_EN)
        return pm4_refuse(run, "ordered append is not modelled");
    step = launch_from_registers(run, end, initiator, &launch);
    if (step != CP_DONE)
        return step;
    if (gfx->statistics_on)
        gfx->statistics[GFX_STATISTIC_CS_INVOCATIONS] += launch_items(&launch);
    run->queue->host.border_colors = border_colors_of(&gfx->registers);
    return cp_dispatch_run(run->queue, &launch);
}

static enum cp_step dispatch_from_memory(struct pm4_run *run, uint64_t va, uint32_t initiator)
{
    uint32_t end[3];

    if (!cp_access_read(&run->queue->access, va, end, sizeof(end)))
        return cp_fail_access(run->queue);
    return dispatch(run, end, initiator);
}

enum cp_step pm4_dispatch_direct(struct pm4_run *run)
{
    return dispatch(run, run->p, run->p[3]);
}

/* The compute engine's form: an address. */
enum cp_step pm4_dispatch_indirect(struct pm4_run *run)
{
    return dispatch_from_memory(run, pm4_pair(&run->p[0]), run->p[2]);
}

/* The graphics engine's: an offset to a base. */
enum cp_step pm4_dispatch_indirect_based(struct pm4_run *run)
{
    enum { BASE_INDIRECT = 1 };

    return dispatch_from_memory(run, run->queue->gfx.base[BASE_INDIRECT] + run->p[0], run->p[1]);
}
