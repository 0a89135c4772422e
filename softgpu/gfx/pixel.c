/* SPDX-License-Identifier: MIT
 *
 * The pixel stage: see pipeline.h and pixel.h.
 *
 * Depth comes before shading when the registers allow it and nothing that the shader exports could
 * change the outcome (or DEPTH_BEFORE_SHADER says that it does not count); else after it. Hardware
 * may test twice in that case, which saves time and changes nothing.
 *
 * Sources: Mesa's register database (gfx103.json: DB_SHADER_CONTROL, SPI_PS_*, DB_EQAA); RADV's
 * radv_compute_db_shader_control() and radv_declare_shader_args() for the order of SGPRs.
 */
#include "softgpu/gfx/pixel.h"
#include "base/bits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/gfx/color.h"

rw_status gfx_pixel_create(struct gfx_pipeline *pipeline)
{
    pipeline->pixel = calloc(1, sizeof(*pipeline->pixel));
    return pipeline->pixel ? RW_OK : RW_FAIL(ENOMEM, "no memory for a pipeline's pixel stage");
}

void gfx_pixel_destroy(struct gfx_pipeline *pipeline)
{
    if (pipeline->pixel)
        isa_workgroup_destroy(pipeline->pixel->cache.group);
    free(pipeline->pixel);
    pipeline->pixel = NULL;
}

/* ---- registers ---- */

static enum gfx_result setup_check(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    const uint32_t control = gfx_context(registers, GFX_DB_SHADER_CONTROL);
    const uint32_t rsrc2 = gfx_sh(registers, GFX_SPI_SHADER_PGM_RSRC2_PS);

    if (BITS(control, 7, 7))
        return gfx_refuse(pipeline, "COVERAGE_TO_MASK_ENABLE");
    if (BITS(control, 2, 2))
        return gfx_refuse(pipeline, "a pixel shader that exports the stencil operand");
    if (BITS(control, 16, 17) || BITS(rsrc2, 25, 26))
        return gfx_refuse(pipeline, "pixel shaders in the order of primitives");
    if (BITS(rsrc2, 7, 7))
        return gfx_refuse(pipeline, "a pixel shader that counts its waves (WAVE_CNT_EN)");
    if (BITS(rsrc2, 8, 15))
        return gfx_refuse(pipeline, "a pixel shader with %u bytes of LDS of its own",
                          BITS(rsrc2, 8, 15) * 512);
    return GFX_DONE;
}

/* The n-th export with a format is for the n-th target of CB_SHADER_MASK: drivers leave out exports
 * to targets that are not bound (Mesa: si_get_spi_shader_col_format(),
 * radv_compact_spi_shader_col_format()). What is left over is no target's, but blending may want it
 * as the second source. */
static void targets_match(uint32_t mask, struct pixel_setup *setup)
{
    unsigned next = 0;

    for (unsigned t = 0; t < GFX_TARGETS; t++) {
        setup->target[t] = GFX_TARGETS;
        if (setup->format[t] == GFX_EXPORT_ZERO)
            continue;
        while (next < GFX_TARGETS && !(mask >> 4 * next & 15))
            next++;
        if (next < GFX_TARGETS)
            setup->target[t] = (uint8_t)next++;
        else if (!(mask >> 4 * t & 15))
            setup->target[t] = (uint8_t)t;
    }
}

static void exports_read(const struct gfx_registers *registers, struct pixel_setup *setup)
{
    const uint32_t control = gfx_context(registers, GFX_DB_SHADER_CONTROL);
    const uint32_t color = gfx_context(registers, GFX_SPI_SHADER_COL_FORMAT);
    const uint32_t alpha = gfx_context(registers, GFX_DB_ALPHA_TO_MASK);

    for (unsigned t = 0; t < GFX_TARGETS; t++)
        setup->format[t] = color >> 4 * t & 15;
    targets_match(gfx_context(registers, GFX_CB_SHADER_MASK), setup);
    setup->format[ISA_EXPORT_MRTZ] = gfx_context(registers, GFX_SPI_SHADER_Z_FORMAT) & 15;
    setup->exports_z = BITS(control, 0, 0);
    setup->exports_stencil = BITS(control, 1, 1);
    setup->exports_mask = BITS(control, 8, 8);
    setup->alpha_to_mask = BITS(alpha, 0, 0) && !BITS(control, 11, 11);
    setup->alpha_rounds = BITS(alpha, 16, 16);
    for (unsigned i = 0; i < 4; i++)
        setup->alpha_offset[i] = alpha >> (8 + 2 * i) & 3;
}

/* Nobody would see what the shader does: no colour is written, no depth is exported, no pixel is
 * killed, and nobody asks for it to run all the same. */
static bool shading_is_idle(const struct gfx_registers *registers, const struct pixel_setup *setup)
{
    const uint32_t control = gfx_context(registers, GFX_DB_SHADER_CONTROL);
    const uint32_t targets =
        gfx_context(registers, GFX_CB_TARGET_MASK) & gfx_context(registers, GFX_CB_SHADER_MASK);
    const uint32_t depends = BITS(control, 0, 2) | BITS(control, 6, 6) | BITS(control, 8, 8);

    if (BITS(gfx_context(registers, GFX_DB_RENDER_CONTROL), 13, 13)) /* PS_INVOKE_DISABLE */
        return true;
    return targets == 0 && !depends && !setup->alpha_to_mask && !BITS(control, 9, 10);
}

static bool depth_is_early(const struct gfx_registers *registers, const struct pixel_setup *setup)
{
    enum { LATE_Z, EARLY_Z_THEN_LATE_Z, RE_Z, EARLY_Z_THEN_RE_Z };
    const uint32_t control = gfx_context(registers, GFX_DB_SHADER_CONTROL);
    const uint32_t order = BITS(control, 4, 5);

    if (BITS(control, 12, 12) || setup->no_shade) /* DEPTH_BEFORE_SHADER */
        return true;
    if (setup->exports_z || setup->exports_stencil || setup->exports_mask || setup->alpha_to_mask ||
        BITS(control, 6, 6))
        return false;
    return order == EARLY_Z_THEN_LATE_Z || order == EARLY_Z_THEN_RE_Z;
}

static void setup_read(const struct gfx_registers *registers, struct pixel_setup *setup)
{
    const uint32_t control = gfx_context(registers, GFX_DB_SHADER_CONTROL);
    const uint32_t eqaa = gfx_context(registers, GFX_DB_EQAA);
    const bool iterate = BITS(gfx_context(registers, GFX_PA_SC_MODE_CNTL_1), 16, 16);

    exports_read(registers, setup);
    setup->input_ena = gfx_context(registers, GFX_SPI_PS_INPUT_ENA);
    setup->input_addr = gfx_context(registers, GFX_SPI_PS_INPUT_ADDR);
    setup->baryc = gfx_context(registers, GFX_SPI_BARYC_CNTL);
    setup->iterations = iterate ? 1u << BITS(eqaa, 4, 6) : 1;
    if (setup->iterations > setup->samples.raster)
        setup->iterations = setup->samples.raster;
    setup->no_shade = shading_is_idle(registers, setup);
    setup->early = depth_is_early(registers, setup);
    setup->depth_coverage = setup->early && BITS(control, 23, 23);
    /* Depth is final when it came first. */
    if (setup->early)
        setup->exports_z = setup->exports_stencil = false;
}

enum gfx_result gfx_pixel_begin(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    const bool wave32 = BITS(gfx_context(registers, GFX_SPI_PS_IN_CONTROL), 15, 15);
    struct gfx_pixel *pixel = pipeline->pixel;
    enum gfx_result result = setup_check(pipeline);

    pixel->slots = 0;
    memset(&pixel->setup, 0, sizeof(pixel->setup));
    if (result == GFX_DONE)
        result = gfx_samples_read(pipeline, &pixel->setup.samples);
    if (result != GFX_DONE)
        return result;
    setup_read(registers, &pixel->setup);
    return gfx_program_read(pipeline, GFX_STAGE_PS, wave32 ? 32 : 64, &pixel->program);
}

/* ---- waves ---- */

/* Quads, but the first, that begin another primitive, from bit 16 on: what M0 tells v_interp_* on
 * hardware. */
static uint32_t primitive_mask(const struct gfx_pixel *pixel)
{
    uint32_t mask = 0;

    for (unsigned q = 1; q < pixel->slots; q++)
        if (pixel->slot[q].quad.primitive != pixel->slot[q - 1].quad.primitive)
            mask |= 1u << (15 + q);
    return mask;
}

/* Pixels of which a sample may be written. */
static uint64_t live_lanes(const struct gfx_pixel *pixel)
{
    uint64_t lanes = 0;

    for (unsigned lane = 0; lane < 4 * pixel->slots; lane++)
        lanes |= (uint64_t)(pixel->slot[lane / 4].live[lane % 4] != 0) << lane;
    return lanes;
}

static void wave_start(struct gfx_pipeline *pipeline, struct isa_wave *w, uint64_t exec)
{
    struct gfx_pixel *pixel = pipeline->pixel;
    const struct gfx_program *program = &pixel->program;
    unsigned next = program->user_sgprs;

    gfx_program_wave(pipeline, program, w);
    memcpy(w->sgpr, program->user_sgpr, next * sizeof(*w->sgpr));
    w->sgpr[next++] = primitive_mask(pixel);
    if (program->scratch)
        w->sgpr[next] = gfx_program_scratch(program, 0);
    w->sgpr[ISA_REG_M0] = primitive_mask(pixel);
    w->sgpr[ISA_REG_EXEC_LO] = (uint32_t)exec;
    w->sgpr[ISA_REG_EXEC_HI] = (uint32_t)(exec >> 32);
    w->graphics = &pixel->graphics;
    gfx_pixel_exports_begin(pixel, exec);
    gfx_pixel_inputs(pixel, w);
}

static enum gfx_result wave_run(struct gfx_pipeline *pipeline)
{
    struct gfx_state *state = pipeline->state;
    struct gfx_pixel *pixel = pipeline->pixel;
    struct isa_workgroup *group;
    enum gfx_result result;
    uint64_t exec = live_lanes(pixel);

    if (!pipeline->machine.go_on(pipeline->machine.context))
        return GFX_STOPPED;
    group = gfx_program_group(pipeline, &pixel->program, 1, 0, &pixel->cache);
    if (!group)
        return GFX_FAULT;
    wave_start(pipeline, &group->waves[0], exec);
    if (state->statistics_on)
        state->statistics[GFX_STATISTIC_PS_INVOCATIONS] += (unsigned)__builtin_popcountll(exec);
    result = gfx_program_run(pipeline, group);
    if (result == GFX_DONE && pixel->obstacle)
        return gfx_refuse(
            pipeline, "an export to target %u, whose format is 0x%x", pixel->obstacle - 1,
            pixel->obstacle <= PIXEL_EXPORTS ? pixel->setup.format[pixel->obstacle - 1] : 0);
    return result;
}

enum gfx_result gfx_pixel_flush(struct gfx_pipeline *pipeline)
{
    struct gfx_pixel *pixel = pipeline->pixel;
    enum gfx_result result = GFX_DONE;
    unsigned count;

    if (pixel->slots == 0)
        return GFX_DONE;
    result = wave_run(pipeline);
    if (result == GFX_DONE) {
        count = gfx_pixel_fragments(pixel);
        if (!pixel->setup.early)
            result = gfx_output_depth(pipeline, pixel->fragment, count);
        if (result == GFX_DONE)
            result = gfx_output_color(pipeline, pixel->fragment, count);
    }
    pixel->slots = 0;
    return result;
}

/* ---- quads ---- */

/* Takes the samples away that fail. */
static enum gfx_result quad_test(struct gfx_pipeline *pipeline, const struct gfx_quad *quad,
                                 uint16_t live[4])
{
    struct gfx_fragment fragment[4];
    unsigned pixel_of[4], count = 0;
    enum gfx_result result;

    for (unsigned i = 0; i < 4; i++) {
        if (!live[i])
            continue;
        gfx_pixel_fragment(&pipeline->pixel->setup, quad, i, live[i], &fragment[count]);
        pixel_of[count++] = i;
    }
    result = gfx_output_depth(pipeline, fragment, count);
    for (unsigned i = 0; i < count; i++)
        live[pixel_of[i]] = fragment[i].samples;
    return result;
}

static enum gfx_result quad_add(struct gfx_pipeline *pipeline, const struct gfx_quad *quad,
                                const uint16_t live[4], unsigned iteration)
{
    struct gfx_pixel *pixel = pipeline->pixel;
    uint16_t mask = gfx_pixel_iteration_samples(&pixel->setup, iteration), any = 0;
    struct pixel_slot *slot = &pixel->slot[pixel->slots];

    slot->quad = *quad;
    slot->iteration = iteration;
    for (unsigned i = 0; i < 4; i++)
        any |= slot->live[i] = live[i] & mask;
    if (!any)
        return GFX_DONE;
    pixel->slots++;
    return 4 * pixel->slots == pixel->program.lanes ? gfx_pixel_flush(pipeline) : GFX_DONE;
}

enum gfx_result gfx_pixel_quad(struct gfx_pipeline *pipeline, const struct gfx_quad *quad)
{
    const struct pixel_setup *setup = &pipeline->pixel->setup;
    enum gfx_result result = GFX_DONE;
    uint16_t live[4];

    for (unsigned i = 0; i < 4; i++)
        live[i] = gfx_samples_land(&setup->samples, quad->coverage[i]);
    if (setup->early)
        result = quad_test(pipeline, quad, live);
    if (setup->no_shade || !(live[0] | live[1] | live[2] | live[3]))
        return result;
    for (unsigned k = 0; result == GFX_DONE && k < setup->iterations; k++)
        result = quad_add(pipeline, quad, live, k);
    return result;
}
