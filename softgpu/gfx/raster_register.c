/* SPDX-License-Identifier: MIT
 *
 * What the registers say of clipping, the window, scissors, sizes and depth bias.
 *
 * PA_SU_HARDWARE_SCREEN_OFFSET only moves the origin of the hardware's limited coordinates, and
 * variable-rate shading may always be finer than asked for: pixels are shaded one by one. Filters
 * of primitives too small to be seen change no image.
 *
 * Source: Mesa's register database (gfx103.json: PA_*); what RADV and radeonsi program for what the
 * fields are taken to mean.
 */
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "softgpu/gfx/raster.h"
#include "softgpu/isa/exec/sem_base.h"

static double float_of(const struct gfx_registers *registers, uint32_t number)
{
    return (double)sem_f32(gfx_context(registers, number));
}

static int32_t min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t max32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* ---- what is refused ---- */

static enum gfx_result setup_check(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    const uint32_t clip = gfx_context(registers, GFX_PA_CL_CLIP_CNTL);
    const uint32_t out = gfx_context(registers, GFX_PA_CL_VS_OUT_CNTL);
    const uint32_t mode = gfx_context(registers, GFX_PA_SU_SC_MODE_CNTL);
    const uint32_t conservative = gfx_context(registers, GFX_PA_SC_CONSERVATIVE_RASTERIZATION_CNTL);

    if (BITS(clip, 0, 5) & (BITS(out, 0, 5) | BITS(out, 8, 13)))
        return gfx_refuse(pipeline,
                          "user clip planes beside distances of the same numbers "
                          "(PA_CL_CLIP_CNTL 0x%08x, PA_CL_VS_OUT_CNTL 0x%08x)",
                          clip, out);
    if (BITS(clip, 28, 28))
        return gfx_refuse(pipeline, "a programmable near plane (PA_CL_CLIP_CNTL 0x%08x)", clip);
    if (BITS(out, 20, 20) || BITS(out, 25, 25) || BITS(out, 27, 27))
        return gfx_refuse(pipeline,
                          "kill or cut flags or line widths of vertices "
                          "(PA_CL_VS_OUT_CNTL 0x%08x)",
                          out);
    if (BITS(mode, 20, 20))
        return gfx_refuse(pipeline, "PERSP_CORR_DIS");
    if (BITS(gfx_context(registers, GFX_PA_SC_MODE_CNTL_0), 2, 2))
        return gfx_refuse(pipeline, "stippled lines");
    if (BITS(conservative, 0, 0) || BITS(conservative, 5, 5))
        return gfx_refuse(pipeline, "conservative rasterization");
    if (BITS(gfx_context(registers, GFX_PA_STEREO_CNTL), 1, 4) > 1)
        return gfx_refuse(pipeline, "stereo rendering");
    return GFX_DONE;
}

/* ---- clipping and vertices ---- */

static void clip_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    const uint32_t control = gfx_context(registers, GFX_PA_CL_CLIP_CNTL);
    const uint32_t out = gfx_context(registers, GFX_PA_CL_VS_OUT_CNTL);

    setup->kill = BITS(control, 22, 22);
    setup->clip = (struct gfx_clip_rules){
        .off = BITS(control, 16, 16),
        .near = !BITS(control, 26, 26),
        .far = !BITS(control, 27, 27),
        .zero_to_one = BITS(control, 19, 19),
        .screen_linear = BITS(control, 24, 24),
        .clip = (uint8_t)BITS(out, 0, 7),
        .cull = (uint8_t)BITS(out, 8, 15),
        .guard_x = float_of(registers, GFX_PA_CL_GB_HORZ_CLIP_ADJ),
        .guard_y = float_of(registers, GFX_PA_CL_GB_VERT_CLIP_ADJ),
        .discard_x = float_of(registers, GFX_PA_CL_GB_HORZ_DISC_ADJ),
        .discard_y = float_of(registers, GFX_PA_CL_GB_VERT_DISC_ADJ),
    };
}

/* Planes clip as distances do, by their numbers. */
static void planes_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    const uint32_t control = gfx_context(registers, GFX_PA_CL_CLIP_CNTL);
    const bool culls_only = BITS(control, 17, 17);

    setup->plane_mask = (uint8_t)BITS(control, 0, 5);
    *(culls_only ? &setup->clip.cull : &setup->clip.clip) |= setup->plane_mask;
    for (unsigned n = 0; n < RASTER_PLANES; n++)
        for (unsigned i = 0; i < 4; i++)
            setup->plane[n][i] = float_of(registers, GFX_PA_CL_UCP_0_X + 4 * n + i);
}

static void outputs_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    const uint32_t out = gfx_context(registers, GFX_PA_CL_VS_OUT_CNTL);
    uint8_t next = 1;

    setup->misc_at = BITS(out, 21, 21) ? next++ : 0;
    setup->distance_at[0] = BITS(out, 22, 22) ? next++ : 0;
    setup->distance_at[1] = BITS(out, 23, 23) ? next++ : 0;
    setup->vertex_size = setup->misc_at && BITS(out, 16, 16);
    setup->vertex_edges = setup->misc_at && BITS(out, 17, 17);
    setup->vertex_layer = setup->misc_at && BITS(out, 18, 18);
    setup->vertex_viewport = setup->misc_at && BITS(out, 19, 19);
}

static void vertices_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    static const int32_t grids[8] = {RASTER_ONE / 16,   RASTER_ONE / 8,   RASTER_ONE / 4,
                                     RASTER_ONE / 2,    RASTER_ONE,       RASTER_ONE / 256,
                                     RASTER_ONE / 1024, RASTER_ONE / 4096};
    const uint32_t vte = gfx_context(registers, GFX_PA_CL_VTE_CNTL);
    const uint32_t vtx = gfx_context(registers, GFX_PA_SU_VTX_CNTL);
    const uint32_t offset = gfx_context(registers, GFX_PA_SC_WINDOW_OFFSET);

    setup->xy_projected = BITS(vte, 8, 8);
    setup->z_projected = BITS(vte, 9, 9);
    setup->w_inverse = !BITS(vte, 10, 10);
    setup->shift = BITS(vtx, 0, 0) ? 0 : 0.5;
    setup->rounding = BITS(vtx, 1, 2);
    setup->grid = grids[BITS(vtx, 3, 5)];
    if (BITS(gfx_context(registers, GFX_PA_SU_SC_MODE_CNTL), 16, 16)) {
        setup->window_x = (int16_t)BITS(offset, 0, 15);
        setup->window_y = (int16_t)BITS(offset, 16, 31);
    }
}

/* ---- viewports and scissors ---- */

static void rect_narrow(struct raster_rect *rect, const struct raster_rect *by)
{
    rect->x0 = max32(rect->x0, by->x0);
    rect->y0 = max32(rect->y0, by->y0);
    rect->x1 = min32(rect->x1, by->x1);
    rect->y1 = min32(rect->y1, by->y1);
}

/* The register at `number` and the next: corners of 15 bits, moved with the window unless the top
 * bit forbids. */
static struct raster_rect scissor_read(const struct gfx_registers *registers, uint32_t number)
{
    const uint32_t tl = gfx_context(registers, number), br = gfx_context(registers, number + 1);
    const uint32_t offset = gfx_context(registers, GFX_PA_SC_WINDOW_OFFSET);
    const bool moved = !BITS(tl, 31, 31);
    const int32_t dx = moved ? (int16_t)BITS(offset, 0, 15) : 0;
    const int32_t dy = moved ? (int16_t)BITS(offset, 16, 31) : 0;

    return (struct raster_rect){.x0 = (int32_t)BITS(tl, 0, 14) + dx,
                                .y0 = (int32_t)BITS(tl, 16, 30) + dy,
                                .x1 = (int32_t)BITS(br, 0, 14) + dx,
                                .y1 = (int32_t)BITS(br, 16, 30) + dy};
}

static struct raster_rect window_read(const struct gfx_registers *registers)
{
    const uint32_t tl = gfx_context(registers, GFX_PA_SC_SCREEN_SCISSOR_TL);
    const uint32_t br = gfx_context(registers, GFX_PA_SC_SCREEN_SCISSOR_BR);
    struct raster_rect rect = {.x0 = max32(0, (int16_t)BITS(tl, 0, 15)),
                               .y0 = max32(0, (int16_t)BITS(tl, 16, 31)),
                               .x1 = (int16_t)BITS(br, 0, 15),
                               .y1 = (int16_t)BITS(br, 16, 31)};
    struct raster_rect window = scissor_read(registers, GFX_PA_SC_WINDOW_SCISSOR_TL);
    struct raster_rect generic = scissor_read(registers, GFX_PA_SC_GENERIC_SCISSOR_TL);

    rect_narrow(&rect, &window);
    rect_narrow(&rect, &generic);
    return rect;
}

static void viewport_read(const struct gfx_registers *registers, unsigned index,
                          const struct raster_rect *window, struct raster_viewport *out)
{
    const uint32_t vte = gfx_context(registers, GFX_PA_CL_VTE_CNTL);

    for (unsigned i = 0; i < 3; i++) {
        uint32_t scale = GFX_PA_CL_VPORT_XSCALE + 6 * index + 2 * i;

        out->scale[i] = vte >> (2 * i) & 1 ? float_of(registers, scale) : 1;
        out->offset[i] = vte >> (2 * i + 1) & 1 ? float_of(registers, scale + 1) : 0;
    }
    out->z_min = sem_f32(gfx_context(registers, GFX_PA_SC_VPORT_ZMIN_0 + 2 * index));
    out->z_max = sem_f32(gfx_context(registers, GFX_PA_SC_VPORT_ZMAX_0 + 2 * index));
    if (BITS(gfx_context(registers, GFX_DB_RENDER_OVERRIDE), 16, 16)) { /* DISABLE_VIEWPORT_CLAMP */
        out->z_min = -INFINITY;
        out->z_max = INFINITY;
    }
    out->scissor = *window;
    if (BITS(gfx_context(registers, GFX_PA_SC_MODE_CNTL_0), 1, 1)) {
        struct raster_rect own = scissor_read(registers, GFX_PA_SC_VPORT_SCISSOR_0_TL + 2 * index);

        rect_narrow(&out->scissor, &own);
    }
}

static void clip_rects_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    setup->clip_rule = (uint16_t)gfx_context(registers, GFX_PA_SC_CLIPRECT_RULE);
    for (unsigned i = 0; i < RASTER_CLIP_RECTS; i++) {
        const uint32_t tl = gfx_context(registers, GFX_PA_SC_CLIPRECT_0_TL + 2 * i);
        const uint32_t br = gfx_context(registers, GFX_PA_SC_CLIPRECT_0_TL + 2 * i + 1);

        setup->clip_rect[i] = (struct raster_rect){.x0 = (int32_t)BITS(tl, 0, 14),
                                                   .y0 = (int32_t)BITS(tl, 16, 30),
                                                   .x1 = (int32_t)BITS(br, 0, 14),
                                                   .y1 = (int32_t)BITS(br, 16, 30)};
    }
}

/* ---- faces, sizes ---- */

static void faces_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    const uint32_t mode = gfx_context(registers, GFX_PA_SU_SC_MODE_CNTL);
    const uint32_t format = gfx_context(registers, GFX_PA_SU_POLY_OFFSET_DB_FMT_CNTL);

    setup->front_is_clockwise = BITS(mode, 2, 2);
    setup->provoking_last = BITS(mode, 19, 19);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t bias = GFX_PA_SU_POLY_OFFSET_FRONT_SCALE + 2 * i;

        setup->fill[i] =
            BITS(mode, 3, 4) ? (enum raster_fill)(mode >> (5 + 3 * i) & 7) : RASTER_FILL_TRIANGLES;
        setup->face[i] = (struct raster_face){.culled = mode >> i & 1,
                                              .biased = mode >> (11 + i) & 1,
                                              .bias_scale = float_of(registers, bias),
                                              .bias_offset = float_of(registers, bias + 1)};
    }
    setup->flat_bias = setup->face[0];
    setup->flat_bias.culled = false;
    setup->flat_bias.biased = BITS(mode, 13, 13);
    setup->bias_float = BITS(format, 8, 8);
    setup->bias_bits = (int8_t)BITS(format, 0, 7);
    setup->bias_clamp = float_of(registers, GFX_PA_SU_POLY_OFFSET_CLAMP);
}

/* Sizes are halves in sixteenths of a pixel. */
static double size_of(uint32_t field)
{
    return field / 8.0;
}

static void sizes_read(const struct gfx_registers *registers, struct raster_setup *setup)
{
    const uint32_t point = gfx_context(registers, GFX_PA_SU_POINT_SIZE);
    const uint32_t limits = gfx_context(registers, GFX_PA_SU_POINT_MINMAX);

    setup->point_height = size_of(BITS(point, 0, 15));
    setup->point_width = size_of(BITS(point, 16, 31));
    setup->point_min = size_of(BITS(limits, 0, 15));
    setup->point_max = size_of(BITS(limits, 16, 31));
    setup->line_width = size_of(BITS(gfx_context(registers, GFX_PA_SU_LINE_CNTL), 0, 15));
    setup->line_square = BITS(gfx_context(registers, GFX_PA_SC_LINE_CNTL), 11, 11);
}

enum gfx_result gfx_raster_read_setup(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    struct raster_setup *setup = &pipeline->raster->setup;
    enum gfx_result result = setup_check(pipeline);
    struct raster_rect window;

    memset(setup, 0, sizeof(*setup));
    if (result == GFX_DONE)
        result = gfx_samples_read(pipeline, &setup->samples);
    if (result != GFX_DONE)
        return result;
    clip_read(registers, setup);
    planes_read(registers, setup);
    outputs_read(registers, setup);
    vertices_read(registers, setup);
    window = window_read(registers);
    for (unsigned i = 0; i < RASTER_VIEWPORTS; i++)
        viewport_read(registers, i, &window, &setup->viewport[i]);
    clip_rects_read(registers, setup);
    faces_read(registers, setup);
    sizes_read(registers, setup);
    for (unsigned i = 0; i < 4; i++)
        setup->sample_mask[i] =
            (uint16_t)(gfx_context(registers, GFX_PA_SC_AA_MASK_X0Y0_X1Y0 + i / 2) >> 16 * (i & 1));
    return GFX_DONE;
}
