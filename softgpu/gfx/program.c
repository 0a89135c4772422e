/* SPDX-License-Identifier: MIT
 *
 * Programs of graphics stages: see program.h.
 */
#include "softgpu/gfx/program.h"
#include "base/bits.h"

#include "softgpu/isa/aperture.h"
#include "softgpu/isa/exec/status.h"

enum { SGPRS_PER_WAVE = 106, TRAP_PRESENT = 6 /* bit of RSRC2 */ };

/* Where the stages' registers differ. */
struct stage_info {
    const char *name;
    uint32_t code, rsrc1, user;
    unsigned excp_shift, fp16_ovfl_shift;
};

static const struct stage_info stages[GFX_STAGE_COUNT] = {
    [GFX_STAGE_PS] = {"pixel", GFX_SPI_SHADER_PGM_LO_PS, GFX_SPI_SHADER_PGM_RSRC1_PS,
                      GFX_SPI_SHADER_USER_DATA_PS_0, 16, 29},
    [GFX_STAGE_VS] = {"vertex", GFX_SPI_SHADER_PGM_LO_VS, GFX_SPI_SHADER_PGM_RSRC1_VS,
                      GFX_SPI_SHADER_USER_DATA_VS_0, 13, 31},
    [GFX_STAGE_GS] = {"geometry", GFX_SPI_SHADER_PGM_LO_ES, GFX_SPI_SHADER_PGM_RSRC1_GS,
                      GFX_SPI_SHADER_USER_DATA_GS_0, 7, 31},
};

static uint64_t code_of(const struct gfx_registers *registers, uint32_t low)
{
    return gfx_address(gfx_sh(registers, low), gfx_sh(registers, low + 1));
}

static uint32_t mode_of(const struct stage_info *info, uint32_t rsrc1)
{
    return BITS_AT(rsrc1, 12, 8) | BITS_AT(rsrc1, 21, 1) << 8 | BITS_AT(rsrc1, 23, 1) << 9 |
           BITS_AT(rsrc1, info->fp16_ovfl_shift, 1) << 23;
}

enum gfx_result gfx_program_read(struct gfx_pipeline *pipeline, enum gfx_stage stage,
                                 unsigned lanes, struct gfx_program *out)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    const struct stage_info *info = &stages[stage];
    uint32_t rsrc1 = gfx_sh(registers, info->rsrc1), rsrc2 = gfx_sh(registers, info->rsrc1 + 1);
    uint32_t tmpring = gfx_context(registers, GFX_SPI_TMPRING_SIZE);

    /* Without a handler nothing comes of them: Mesa leaves bits there that are other stages'. */
    if (BITS_AT(rsrc2, TRAP_PRESENT, 1) && BITS_AT(rsrc2, info->excp_shift, 9))
        return gfx_refuse(pipeline, "a %s shader that enables floating-point exceptions",
                          info->name);
    *out = (struct gfx_program){
        .code = code_of(registers, info->code),
        .lanes = lanes,
        .user_sgprs = BITS_AT(rsrc2, 1, 5) | BITS_AT(rsrc2, 27, 1) << 5,
        .user_sgpr = &registers->sh[info->user - 0x2c00],
        .rsrc1 = rsrc1,
        .rsrc2 = rsrc2,
        .mode = mode_of(info, rsrc1),
        .scratch = BITS_AT(rsrc2, 0, 1),
    };
    out->shared_vgprs = lanes == 64 ? BITS_AT(rsrc2, 28, 4) * 8 : 0;
    out->vgprs = (BITS_AT(rsrc1, 0, 6) + 1) * (lanes == 32 ? 8 : 4) + out->shared_vgprs;
    if (out->scratch)
        out->scratch_wave_bytes = BITS_AT(tmpring, 12, 13) * 1024;
    if (out->vgprs > 256 || out->user_sgprs > GFX_USER_SGPRS)
        return gfx_refuse(pipeline, "a %s shader with %u VGPRs and %u user SGPRs", info->name,
                          out->vgprs, out->user_sgprs);
    return GFX_DONE;
}

static bool group_fits(const struct gfx_group_cache *cache, const struct gfx_program *program,
                       unsigned waves, uint32_t lds_bytes)
{
    const struct isa_workgroup *group = cache->group;

    return group && cache->waves >= waves && group->lds_size == lds_bytes &&
           group->waves[0].lanes == program->lanes && group->waves[0].vgpr_count == program->vgprs;
}

static bool group_make(struct gfx_pipeline *pipeline, const struct gfx_program *program,
                       unsigned waves, uint32_t lds_bytes, struct gfx_group_cache *cache)
{
    rw_status status;

    isa_workgroup_destroy(cache->group);
    cache->group = NULL;
    cache->waves = waves;
    status = isa_workgroup_create(waves, program->lanes, program->vgprs, lds_bytes, &cache->group);
    if (!rw_ok(status))
        gfx_refuse(pipeline, "no host memory for a workgroup of %u waves", waves);
    return rw_ok(status);
}

struct isa_workgroup *gfx_program_group(struct gfx_pipeline *pipeline,
                                        const struct gfx_program *program, unsigned waves,
                                        uint32_t lds_bytes, struct gfx_group_cache *cache)
{
    struct isa_workgroup *group;

    if (!group_fits(cache, program, waves, lds_bytes) &&
        !group_make(pipeline, program, waves, lds_bytes, cache))
        return NULL;
    group = cache->group;
    group->wave_count = waves;
    isa_workgroup_reset(group);
    group->gen = pipeline->machine.gen;
    group->memory = pipeline->machine.memory;
    group->host = pipeline->machine.host;
    group->code = pipeline->machine.code;
    return group;
}

void gfx_program_wave(const struct gfx_pipeline *pipeline, const struct gfx_program *program,
                      struct isa_wave *w)
{
    w->pc = program->code;
    w->sgpr_count = SGPRS_PER_WAVE;
    w->shared_vgprs = program->shared_vgprs;
    w->mode = program->mode;
    w->status = (uint32_t)ISA_STATUS_VALID |
                (pipeline->machine.host->tba ? (uint32_t)ISA_STATUS_TRAP_EN : 0) |
                (w->group->wave_count > 1 ? (uint32_t)ISA_STATUS_IN_TG : 0);
    w->gpr_alloc = BITS_AT(program->rsrc1, 0, 6) << 8;
    w->shared_base = ISA_SHARED_APERTURE;
    w->private_base = ISA_PRIVATE_APERTURE;
    w->scratch_lane_bytes = program->scratch_wave_bytes / program->lanes;
}

enum gfx_result gfx_program_run(struct gfx_pipeline *pipeline, struct isa_workgroup *group)
{
    enum { TURN = 1 << 18 }; /* instructions of a wave between two looks at the outside world */
    const struct gfx_machine *machine = &pipeline->machine;

    for (;;) {
        switch (isa_workgroup_run(group, TURN)) {
        case ISA_STOP_END:
            return GFX_DONE;
        case ISA_STOP_YIELD:
            if (!machine->go_on(machine->context))
                return GFX_STOPPED;
            break;
        default:
            pipeline->fault = group->fault;
            return GFX_FAULT;
        }
    }
}
