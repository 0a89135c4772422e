/* SPDX-License-Identifier: MIT
 *
 * The state in which the waves of a workgroup start.
 *
 * Sources: LLVM AMDGPUUsage, "Initial Kernel Execution State" (SGPR and VGPR set-up order for
 * GFX10); RDNA 2 ISA guide (HW_ID1, HW_ID2, MODE, STATUS); ROCr's trap handler source for what
 * is in the trap temporaries.
 */
#include <string.h>

#include "softgpu/cp/dispatch.h"
#include "softgpu/isa/aperture.h"
#include "softgpu/isa/exec/status.h"

enum { TTMP6 = ISA_REG_TTMP0 + 6, TTMP7, TTMP8, TTMP11 = ISA_REG_TTMP0 + 11 };

void cp_item_ids_fill(const uint32_t size[3], unsigned dimensions,
                      uint32_t (*out_ids)[CP_MAX_WORKGROUP])
{
    unsigned items = size[0] * size[1] * size[2];
    uint32_t x = 0, y = 0, z = 0;

    for (unsigned item = 0; item < items; item++) {
        out_ids[0][item] = x;
        if (dimensions > 1)
            out_ids[1][item] = y;
        if (dimensions > 2)
            out_ids[2][item] = z;
        if (++x < size[0])
            continue;
        x = 0;
        if (++y < size[1])
            continue;
        y = 0;
        z++;
    }
}

/* ---- where in the grid ---- */

struct position {
    uint32_t id[3], size[3];
    unsigned items;
    bool whole;
};

static struct position position_of(const struct cp_launch *launch, uint64_t number)
{
    struct position p = {.items = 1, .whole = true};

    for (unsigned i = 0; i < 3; i++) {
        uint32_t index = (uint32_t)(number % launch->groups[i]);

        number /= launch->groups[i];
        p.id[i] = launch->first_group[i] + index;
        p.size[i] =
            index + 1 == launch->groups[i] ? launch->partial_size[i] : launch->workgroup_size[i];
        p.whole &= p.size[i] == launch->workgroup_size[i];
        p.items *= p.size[i];
    }
    return p;
}

/* ---- registers ---- */

static void exec_set(struct isa_wave *w, unsigned items)
{
    uint64_t mask = items >= 64 ? UINT64_MAX : (UINT64_C(1) << items) - 1;

    w->sgpr[ISA_REG_EXEC_LO] = (uint32_t)mask;
    w->sgpr[ISA_REG_EXEC_HI] = w->lanes == 64 ? (uint32_t)(mask >> 32) : 0;
}

static void sgprs_set(const struct cp_dispatch *d, struct isa_wave *w, const struct position *p,
                      unsigned waves, uint32_t scratch_offset)
{
    const struct cp_launch *launch = d->launch;
    uint32_t r2 = launch->rsrc2;
    unsigned n = CP_RSRC2_USER_SGPRS(r2);

    memcpy(w->sgpr, launch->user_sgpr, sizeof(launch->user_sgpr));
    for (unsigned i = 0; i < 3; i++)
        if (CP_RSRC2_GROUP_ID(r2, i))
            w->sgpr[n++] = p->id[i];
    /* First wave; number in the workgroup; ordered append term, which is the number where nothing is
     * appended; size in waves. Mesa reads the number from either place (load_subgroup_id). */
    if (CP_RSRC2_GROUP_INFO(r2))
        w->sgpr[n++] = (w->index == 0 ? 1u << 31 : 0) | w->index << 20 | w->index << 6 | waves;
    if (CP_RSRC2_SCRATCH(r2))
        w->sgpr[n++] = scratch_offset;
}

static void vgprs_set(const struct cp_dispatch *d, struct isa_wave *w,
                      const uint32_t (*ids)[CP_MAX_WORKGROUP], unsigned items)
{
    unsigned first = w->index * w->lanes;
    unsigned count = items - first < w->lanes ? items - first : w->lanes;

    for (unsigned i = 0; i <= CP_RSRC2_ITEM_IDS(d->launch->rsrc2) && i < 3; i++)
        memcpy(&w->vgpr[(size_t)i * w->lanes], &ids[i][first], count * sizeof(uint32_t));
    exec_set(w, count);
}

static uint32_t hw_id1(const struct cp_shape *shape, unsigned place, unsigned wave, unsigned simds)
{
    const struct cp_cu *cu = &shape->cus.cu[place % shape->cus.count];
    unsigned slot = place / shape->cus.count * shape->waves + wave;
    unsigned simd = (cu->cu & 1u) * 2 + slot % simds; /* a WGP has the SIMDs of two CUs */

    return (slot / simds & 0x1f) | (simd & 3) << 8 | (uint32_t)cu->cu / 2 << 10 |
           (uint32_t)cu->array << 16 | (uint32_t)cu->engine << 18;
}

static uint32_t hw_id2(const struct cp_queue *queue, unsigned place)
{
    enum { ME = 1, VMID = 8 }; /* the first compute micro engine; KFD's VMIDs are 8 to 15 */

    return (queue->desc.id & 7) | (uint32_t)ME << 8 | (place & 0x1f) << 16 | (uint32_t)VMID << 24;
}

/* What SPI and the firmware leave for trap handlers and debuggers. */
static void ttmps_set(const struct cp_launch *launch, struct isa_wave *w, const struct position *p)
{
    enum { NO_SCRATCH = 1 << 6, DISPATCH_LO_MASK = ~63 };

    w->sgpr[TTMP6] = (uint32_t)launch->packet & (uint32_t)DISPATCH_LO_MASK;
    w->sgpr[TTMP7] = (uint32_t)(launch->packet >> 32) & 0xff;
    memcpy(&w->sgpr[TTMP8], p->id, sizeof(p->id));
    w->sgpr[TTMP11] = (w->index & 0x3f) | (launch->scratch_wave_bytes ? 0 : NO_SCRATCH);
}

static void wave_init(const struct cp_dispatch *d, const struct cp_seat *seat, struct isa_wave *w,
                      const struct position *p, const uint32_t (*ids)[CP_MAX_WORKGROUP])
{
    const struct cp_launch *launch = d->launch;
    const struct cp_shape *shape = d->shape;
    const struct gpu_profile *profile = d->queue->cp->device->profile;
    uint32_t offset = (seat->place * shape->waves + w->index) * launch->scratch_wave_bytes;

    sgprs_set(d, w, p, seat->group->wave_count, offset);
    vgprs_set(d, w, ids, p->items);
    ttmps_set(launch, w, p);
    w->pc = launch->code;
    w->sgpr_count = profile->sgprs_per_wave;
    w->shared_vgprs = shape->shared_vgprs;
    w->mode = shape->mode;
    w->status = shape->status | (seat->group->wave_count > 1 ? ISA_STATUS_IN_TG : 0);
    w->gpr_alloc = shape->gpr_alloc;
    w->lds_alloc = shape->lds_alloc;
    w->hw_id1 = hw_id1(shape, seat->place, w->index, profile->simd_per_cu);
    w->hw_id2 = hw_id2(d->queue, seat->place);
    w->shared_base = ISA_SHARED_APERTURE;
    w->private_base = ISA_PRIVATE_APERTURE;
    /* FLAT_SCRATCH itself is the kernel's to set (s_setreg); hardware leaves it undefined. */
    w->scratch_lane_bytes = launch->scratch_wave_bytes / shape->lanes;
}

void cp_workgroup_init(const struct cp_dispatch *d, struct cp_seat *seat)
{
    struct isa_workgroup *group = seat->group;
    struct position p = position_of(d->launch, seat->number);
    uint32_t partial_ids[3][CP_MAX_WORKGROUP];
    const uint32_t(*ids)[CP_MAX_WORKGROUP] = d->shape->item_ids;

    /* A workgroup at the edge of the grid has fewer waves, of a smaller box. */
    group->wave_count = (p.items + d->shape->lanes - 1) / d->shape->lanes;
    isa_workgroup_reset(group);
    group->gen = d->queue->cp->device->profile->isa;
    group->memory = d->queue->access.memory;
    group->host = &d->queue->host;
    group->code = d->queue->code;
    group->context = seat;
    memcpy(group->id, p.id, sizeof(p.id));
    if (!p.whole) {
        cp_item_ids_fill(p.size, CP_RSRC2_ITEM_IDS(d->launch->rsrc2) + 1, partial_ids);
        ids = (const uint32_t(*)[CP_MAX_WORKGROUP])partial_ids;
    }
    for (unsigned i = 0; i < group->wave_count; i++)
        wave_init(d, seat, &group->waves[i], &p, ids);
}
