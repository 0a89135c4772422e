/* SPDX-License-Identifier: MIT
 *
 * A dispatch before and after its waves run: does it fit the GPU, how many workgroups fit at a
 * time, and what a fault of a wave means.
 */
#include "softgpu/cp/dispatch.h"

#include <inttypes.h>
#include <string.h>

#include "softgpu/isa/exec/status.h"

/* ---- compute units ---- */

/* The nth active CU of an array. */
static unsigned cu_physical(uint32_t active, unsigned n)
{
    for (; n > 0; n--)
        active &= active - 1;
    return (unsigned)__builtin_ctz(active);
}

static bool mask_allows(const uint32_t *mask, uint32_t bits, unsigned bit)
{
    return bits == 0 || (bit < bits && (mask[bit / 32] >> bit % 32 & 1));
}

/* Kernel: mqd_symmetrically_map_cu_mask(): two bits at a time (a WGP) go to the arrays and engines
 * in turn, engines fastest. */
void cp_cus_select(const struct gpu_profile *profile, const uint32_t *mask, uint32_t bits,
                   struct cp_cus *out_cus)
{
    unsigned arrays = profile->shader_engines * profile->arrays_per_engine, bit = 0;

    out_cus->count = 0;
    for (unsigned n = 0; n < profile->cu_per_array / 2 * arrays; n++) {
        unsigned engine = n % profile->shader_engines;
        unsigned array = n / profile->shader_engines % profile->arrays_per_engine;
        unsigned cu = n / arrays * 2;
        uint32_t active = gpu_profile_cu_mask(profile, engine, array);
        unsigned count = (unsigned)__builtin_popcount(active);

        for (unsigned i = 0; cu < count && i < 2; i++, bit++)
            if (cu + i < count && mask_allows(mask, bits, bit) && out_cus->count < CP_MAX_CUS)
                out_cus->cu[out_cus->count++] =
                    (struct cp_cu){.engine = (uint8_t)engine,
                                   .array = (uint8_t)array,
                                   .cu = (uint8_t)cu_physical(active, cu + i)};
    }
}

/* ---- does it fit ---- */

static uint32_t round_up(uint32_t value, uint32_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static unsigned min_unsigned(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* VGPRs are encoded in units of 8 (wave32) or 4 (wave64) and allocated in twice that on GFX10.3. */
static unsigned vgprs_of(const struct cp_launch *launch)
{
    unsigned granule = launch->lanes == 32 ? 8 : 4;

    return (CP_RSRC1_VGPR_GRANULES(launch->rsrc1) + 1) * granule;
}

static unsigned shared_vgprs_of(const struct cp_launch *launch)
{
    return launch->lanes == 64 ? CP_RSRC3_SHARED_VGPRS(launch->rsrc3) * 8 : 0;
}

/* How many waves of this kernel one SIMD holds. */
static unsigned waves_per_simd(const struct gpu_profile *profile, const struct cp_launch *launch,
                               unsigned vgprs)
{
    unsigned allocated = round_up(vgprs, launch->lanes == 32 ? 16 : 8);
    unsigned rows = allocated * (launch->lanes / 32); /* registers of 32 lanes */

    return min_unsigned(profile->waves_per_simd, profile->vgprs_per_simd / rows);
}

static enum cp_step places_count(struct cp_queue *queue, const struct cp_launch *launch,
                                 struct cp_shape *shape)
{
    const struct gpu_profile *profile = queue->cp->device->profile;
    unsigned per_simd = waves_per_simd(profile, launch, shape->vgprs);
    unsigned simds = profile->simd_per_cu * (CP_RSRC1_WGP_MODE(launch->rsrc1) ? 2 : 1);
    uint32_t lds = round_up(shape->lds_bytes, 512);

    if (shape->vgprs > 256 || shape->waves > per_simd * simds)
        return cp_fail(queue, CP_ERROR_PACKET_REGISTERS,
                       "a workgroup of %u waves with %u VGPRs each does not fit a compute unit",
                       shape->waves, shape->vgprs);
    if (lds > profile->lds_bytes_per_cu)
        return cp_fail(queue, CP_ERROR_PACKET_GROUP_SEGMENT,
                       "a workgroup wants %u bytes of LDS; a compute unit has %u", lds,
                       profile->lds_bytes_per_cu);
    shape->places = shape->cus.count * profile->simd_per_cu * per_simd / shape->waves;
    if (lds > 0)
        shape->places =
            min_unsigned(shape->places, shape->cus.count * (profile->lds_bytes_per_cu / lds));
    if (launch->scratch_wave_bytes > 0)
        shape->places = min_unsigned(shape->places, launch->scratch_waves / shape->waves);
    if (shape->places == 0)
        return cp_fail(queue, CP_ERROR_PACKET_REGISTERS,
                       "a workgroup of %u waves has nowhere to run: %u compute units are enabled, "
                       "and scratch is there for %u waves",
                       shape->waves, shape->cus.count, launch->scratch_waves);
    return CP_DONE;
}

static uint32_t mode_of(const struct cp_launch *launch)
{
    uint32_t r1 = launch->rsrc1, r2 = launch->rsrc2;

    return CP_RSRC1_FLOAT_MODE(r1) | CP_RSRC1_DX10_CLAMP(r1) << 8 | CP_RSRC1_IEEE_MODE(r1) << 9 |
           CP_RSRC2_EXCP(r2) << 12 | CP_RSRC2_EXCP_MSB(r2) << 19 | CP_RSRC1_FP16_OVFL(r1) << 23;
}

static enum cp_step shape_make(struct cp_queue *queue, const struct cp_launch *launch,
                               struct cp_shape *shape)
{
    const uint32_t *size = launch->workgroup_size;
    unsigned items = size[0] * size[1] * size[2];

    /* A program that asked to be told of them must not go on without. */
    if (CP_RSRC2_EXCP(launch->rsrc2))
        return cp_fail(queue, CP_ERROR_PACKET_UNSUPPORTED,
                       "the kernel enables floating-point exceptions (0x%02x), which are not "
                       "modelled; build it without .amdhsa_exception_*",
                       CP_RSRC2_EXCP(launch->rsrc2));
    shape->lanes = launch->lanes;
    shape->waves = (items + launch->lanes - 1) / launch->lanes;
    shape->shared_vgprs = shared_vgprs_of(launch);
    shape->vgprs = vgprs_of(launch) + shape->shared_vgprs;
    shape->lds_bytes = launch->lds_bytes;
    shape->mode = mode_of(launch);
    /* The firmware turns traps on when there is a handler (COMPUTE_PGM_RSRC2.TRAP_PRESENT). */
    shape->status = (uint32_t)ISA_STATUS_VALID | (queue->host.tba ? ISA_STATUS_TRAP_EN : 0);
    shape->gpr_alloc = (CP_RSRC1_VGPR_GRANULES(launch->rsrc1) & 0x3f) << 8;
    shape->lds_alloc = (round_up(launch->lds_bytes, 512) / 512) << 12;
    cp_item_ids_fill(size, CP_RSRC2_ITEM_IDS(launch->rsrc2) + 1, shape->item_ids);
    pthread_mutex_lock(&queue->cu_lock);
    shape->cus = queue->cus;
    pthread_mutex_unlock(&queue->cu_lock);
    return places_count(queue, launch, shape);
}

/* ---- faults ---- */

static enum cp_error error_of(const struct isa_fault *fault)
{
    enum { TRAP_LLVM = 2 };

    switch (fault->kind) {
    case ISA_FAULT_UNMAPPED:
    case ISA_FAULT_PROTECTION:
    case ISA_FAULT_FETCH:
        return CP_ERROR_MEMORY_VIOLATION;
    case ISA_FAULT_MISALIGNED:
    case ISA_FAULT_LDS_RANGE:
        return CP_ERROR_APERTURE_VIOLATION;
    case ISA_FAULT_ILLEGAL:
    case ISA_FAULT_UNSUPPORTED:
        return CP_ERROR_WAVE_ILLEGAL_INSTRUCTION;
    case ISA_FAULT_TRAP:
        return fault->trap_id == TRAP_LLVM ? CP_ERROR_WAVE_ABORT : CP_ERROR_WAVE_TRAP;
    case ISA_FAULT_MATH:
        return CP_ERROR_WAVE_MATH;
    default:
        return CP_ERROR_WAVE_TRAP;
    }
}

enum cp_step cp_fail_shader(struct cp_queue *queue, const struct isa_fault *fault)
{
    cp_fail(queue, error_of(fault), "%s", "");
    queue->fault.isa = *fault;
    queue->fault.engine = "shader";
    return CP_FAULT;
}

static enum cp_step dispatch_fail(const struct cp_dispatch *d)
{
    struct cp_queue *queue = d->queue;

    if (d->fault.kind == ISA_FAULT_NONE)
        cp_fail(queue, CP_ERROR_PACKET_REGISTERS, "no host memory for a workgroup of %u waves",
                d->shape->waves);
    else
        cp_fail_shader(queue, &d->fault);
    queue->fault.isa = d->fault;
    queue->fault.engine = "shader";
    queue->fault.kernel_object = d->launch->kernel_object;
    return CP_FAULT;
}

enum cp_step cp_dispatch_run(struct cp_queue *queue, const struct cp_launch *launch)
{
    struct cp_shape shape;
    struct cp_dispatch dispatch = {
        .queue = queue,
        .launch = launch,
        .shape = &shape,
        .total = (uint64_t)launch->groups[0] * launch->groups[1] * launch->groups[2],
    };
    enum cp_step step;

    if (dispatch.total == 0) /* PM4 only: an empty grid is no error there */
        return CP_DONE;
    step = shape_make(queue, launch, &shape);
    if (step != CP_DONE) {
        queue->fault.kernel_object = launch->kernel_object;
        return step;
    }
    isa_code_revalidate(queue->code);
    gpu_vm_work_end();
    step = cp_dispatch_execute(&dispatch);
    gpu_vm_work_begin(queue->desc.vm);
    if (step == CP_DONE)
        atomic_fetch_add_explicit(&queue->cp->counters.dispatches, 1, memory_order_relaxed);
    return step == CP_FAULT ? dispatch_fail(&dispatch) : step;
}
