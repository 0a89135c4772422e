/* SPDX-License-Identifier: MIT
 *
 * What the registers say of a draw's geometry: see geometry.h.
 */
#include "softgpu/gfx/geometry.h"

enum { /* VGT_SHADER_STAGES_EN */
       STAGES_GS_EN = 1 << 5,
       STAGES_PRIMGEN_EN = 1 << 13,
       STAGES_GS_W32_EN = 1 << 22,
       STAGES_VS_W32_EN = 1 << 23,
       STAGES_PASSTHRU_EN = 1 << 25,
       STAGES_PASSTHRU_NO_MSG = 1 << 26,
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Fields that are 0 limit nothing. */
static uint32_t limit_of(uint32_t a, uint32_t b)
{
    return least(a ? a : GFX_SUBGROUP_MAX, b ? b : GFX_SUBGROUP_MAX);
}

enum gfx_result gfx_geometry_check(struct gfx_pipeline *pipeline)
{
    enum { STRMOUT_STREAMS = 0xf };
    const struct gfx_registers *r = &pipeline->state->registers;
    uint32_t stages = gfx_context(r, GFX_VGT_SHADER_STAGES_EN);

    if (BITS_AT(stages, 0, 2) || BITS_AT(stages, 2, 1))
        return gfx_refuse(pipeline, "tessellation is not modelled");
    if (BITS_AT(stages, 19, 2))
        return gfx_refuse(pipeline, "mesh shaders (GS_FAST_LAUNCH) are not modelled");
    if (gfx_context(r, GFX_VGT_STRMOUT_CONFIG) & ~(uint32_t)STRMOUT_STREAMS)
        return gfx_refuse(pipeline,
                          "streamout that rasterises other streams (VGT_STRMOUT_CONFIG "
                          "0x%08x) is not modelled",
                          gfx_context(r, GFX_VGT_STRMOUT_CONFIG));
    if (r->uconfig[GFX_GE_USER_VGPR_EN - 0xc000] & 7)
        return gfx_refuse(pipeline, "user VGPRs (GE_USER_VGPR_EN) are not modelled");
    return GFX_DONE;
}

/* GS_OUT_PRIM_TYPE; strips come as their triangles, one an export. */
static enum gfx_primitive_type output_ngg(const struct gfx_registers *r)
{
    static const enum gfx_primitive_type types[4] = {GFX_POINT, GFX_LINE, GFX_TRIANGLE, GFX_RECT};

    return types[gfx_context(r, GFX_VGT_GS_OUT_PRIM_TYPE) & 3];
}

static enum gfx_primitive_type output_legacy(const struct gfx_assembler *assembler)
{
    if (assembler->topology == GFX_RECT_LIST)
        return GFX_RECT;
    switch (gfx_assembler_corners(assembler)) {
    case 1:
        return GFX_POINT;
    case 3:
    case 6:
        return GFX_TRIANGLE;
    default:
        return GFX_LINE;
    }
}

/* Of merged shaders: NGG, and geometry shaders of the older kind. */
static enum gfx_result setup_merged(struct gfx_pipeline *pipeline, uint32_t stages,
                                    struct gfx_geometry_setup *out)
{
    enum { DISABLE_PROVOK_REUSE = 1 << 2 };
    const struct gfx_registers *r = &pipeline->state->registers;
    uint32_t onchip = gfx_context(r, GFX_VGT_GS_ONCHIP_CNTL);
    uint32_t ge = r->uconfig[GFX_GE_CNTL - 0xc000];
    uint32_t instances = gfx_context(r, GFX_VGT_GS_INSTANCE_CNT);

    out->geometry_shader = stages & STAGES_GS_EN;
    out->passthrough = stages & STAGES_PASSTHRU_EN;
    out->implicit_alloc = out->passthrough && stages & STAGES_PASSTHRU_NO_MSG;
    out->invocations = BITS_AT(instances, 0, 1) ? BITS_AT(instances, 2, 7) : 1;
    out->amplification = BITS_AT(gfx_context(r, GFX_GE_NGG_SUBGRP_CNTL), 0, 9);
    out->vertex_limit = limit_of(BITS_AT(onchip, 0, 11), BITS_AT(ge, 9, 9));
    out->primitive_limit = limit_of(BITS_AT(onchip, 11, 11), BITS_AT(ge, 0, 9));
    out->fresh_provoking = gfx_context(r, GFX_VGT_PRIMITIVEID_EN) & DISABLE_PROVOK_REUSE;
    out->item_size = gfx_context(r, GFX_VGT_ESGS_RING_ITEMSIZE) & 0x7fff;
    out->output = output_ngg(r);
    out->user_data_address = gfx_sh(r, GFX_SPI_SHADER_USER_DATA_ADDR_LO_GS) |
                             (uint64_t)gfx_sh(r, GFX_SPI_SHADER_USER_DATA_ADDR_LO_GS + 1) << 32;
    if (instances >> 31 && out->invocations > 1)
        return gfx_refuse(pipeline, "a geometry shader each of whose invocations has a subgroup "
                                    "(EN_MAX_VERT_OUT_PER_GS_INSTANCE)");
    if (gfx_program_read(pipeline, GFX_STAGE_GS, stages & STAGES_GS_W32_EN ? 32 : 64,
                         &out->program) != GFX_DONE)
        return GFX_FAULT;
    out->lds_bytes = BITS_AT(out->program.rsrc2, 19, 8) * 512;
    return GFX_DONE;
}

static enum gfx_result setup_legacy(struct gfx_pipeline *pipeline, uint32_t stages,
                                    struct gfx_geometry_setup *out)
{
    const struct gfx_registers *r = &pipeline->state->registers;

    out->invocations = 1;
    out->vertex_limit = out->primitive_limit = GFX_SUBGROUP_MAX;
    out->fresh_all = gfx_context(r, GFX_VGT_PRIMITIVEID_EN) & 1 || out->streamout.buffers;
    out->output = output_legacy(&pipeline->geometry->assembler);
    out->implicit_alloc = true;
    return gfx_program_read(pipeline, GFX_STAGE_VS, stages & STAGES_VS_W32_EN ? 32 : 64,
                            &out->program);
}

/* Subgroups are as large as they may be here, whatever hardware takes. What the shader behind it is
 * given of each stream is known when there is something. */
static enum gfx_result setup_emitting(struct gfx_pipeline *pipeline, uint32_t stages,
                                      struct gfx_geometry_setup *out)
{
    struct gfx_geometry_setup *copy = &pipeline->geometry->copy;
    enum gfx_result result;

    *copy = (struct gfx_geometry_setup){.copies = true, .parameters = out->parameters};
    result = setup_legacy(pipeline, stages, copy);
    if (result == GFX_DONE)
        result = setup_merged(pipeline, stages, out);
    if (result != GFX_DONE)
        return result;
    out->vertex_limit = least(out->vertex_limit, GFX_SUBGROUP_MAX);
    if (out->invocations > 0)
        out->primitive_limit = least(out->primitive_limit, GFX_SUBGROUP_MAX / out->invocations);
    return GFX_DONE;
}

/* Merged shaders are told nothing of buffers, and count what a geometry shader emits themselves. */
static void streamout_of_ngg(struct gfx_geometry_setup *setup)
{
    setup->streamout.buffers = 0;
    if (setup->geometry_shader)
        setup->streamout.counts = false;
}

enum gfx_result gfx_geometry_setup_read(struct gfx_pipeline *pipeline,
                                        struct gfx_geometry_setup *out)
{
    const struct gfx_registers *r = &pipeline->state->registers;
    uint32_t stages = gfx_context(r, GFX_VGT_SHADER_STAGES_EN);
    uint32_t exports = gfx_context(r, GFX_SPI_VS_OUT_CONFIG);
    enum gfx_result result;

    *out = (struct gfx_geometry_setup){
        .ngg = stages & STAGES_PRIMGEN_EN,
        .emits = (stages & (STAGES_PRIMGEN_EN | STAGES_GS_EN)) == STAGES_GS_EN,
        .corners = gfx_assembler_corners(&pipeline->geometry->assembler),
        .parameters = BITS_AT(exports, 1, 5) + 1 + BITS_AT(exports, 8, 5),
    };
    if (out->parameters > ISA_PARAMETERS)
        return gfx_refuse(pipeline, "%u parameters of vertices and primitives", out->parameters);
    gfx_streamout_read(r, 0, out->corners > 3 ? out->corners / 2 : out->corners, &out->streamout);
    if (out->emits)
        result = setup_emitting(pipeline, stages, out);
    else
        result =
            out->ngg ? setup_merged(pipeline, stages, out) : setup_legacy(pipeline, stages, out);
    if (!out->geometry_shader && out->corners > 3)
        out->corners /= 2;
    if (out->ngg)
        streamout_of_ngg(out);
    if (result == GFX_DONE &&
        (out->vertex_limit < out->corners || out->vertex_limit > GFX_SUBGROUP_MAX ||
         out->primitive_limit * out->invocations > GFX_SUBGROUP_MAX || out->primitive_limit == 0))
        return gfx_refuse(pipeline, "subgroups of %u vertices and %u primitives", out->vertex_limit,
                          out->primitive_limit);
    return result;
}
