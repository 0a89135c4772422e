/* SPDX-License-Identifier: MIT */
#include "softgpu/gfx/samples.h"

#include <string.h>

#include "base/bits.h"

/* The first of the four registers of each pixel of a quad. */
static const enum gfx_register locations[4] = {
    GFX_PA_SC_AA_SAMPLE_LOCS_PIXEL_X0Y0_0, GFX_PA_SC_AA_SAMPLE_LOCS_PIXEL_X1Y0_0,
    GFX_PA_SC_AA_SAMPLE_LOCS_PIXEL_X0Y1_0, GFX_PA_SC_AA_SAMPLE_LOCS_PIXEL_X1Y1_0};

/* Four bits, two's complement. */
static int8_t location_field(uint32_t word, unsigned shift)
{
    unsigned field = word >> shift & 15;

    return (int8_t)((int)(field ^ 8) - 8);
}

static void positions_read(const struct gfx_registers *registers, struct gfx_samples *out)
{
    for (unsigned pixel = 0; pixel < 4; pixel++)
        for (unsigned s = 0; s < out->count; s++) {
            unsigned place = s % out->raster;
            uint32_t word = gfx_context(registers, locations[pixel] + place / 4);

            out->position[pixel][s][0] = location_field(word, place % 4 * 8);
            out->position[pixel][s][1] = location_field(word, place % 4 * 8 + 4);
        }
}

enum gfx_result gfx_samples_read(struct gfx_pipeline *pipeline, struct gfx_samples *out)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    uint32_t priority = gfx_context(registers, GFX_PA_SC_CENTROID_PRIORITY_0);
    uint32_t eqaa = gfx_context(registers, GFX_DB_EQAA);
    unsigned log2 = gfx_context(registers, GFX_PA_SC_AA_CONFIG) & 7;
    unsigned surface_log2 = pipeline->surface_samples_log2;

    if (log2 > 3)
        return gfx_refuse(pipeline, "%u samples a pixel; there can be 8 at most", 1u << log2);
    if (log2 > 0 && log2 < surface_log2)
        return gfx_refuse(pipeline, "%u samples a pixel for surfaces that have %u", 1u << log2,
                          1u << surface_log2);
    memset(out, 0, sizeof(*out));
    out->any_is_all = log2 > surface_log2 && BITS(eqaa, 24, 26);
    if (out->any_is_all && (surface_log2 > 0 || BITS(eqaa, 27, 27)))
        return gfx_refuse(pipeline,
                          "overrasterization of surfaces of several samples, or behind "
                          "depth tests (DB_EQAA 0x%08x)",
                          eqaa);
    out->raster = 1u << log2;
    out->count = log2 > 0 ? out->raster : 1u << surface_log2;
    for (unsigned i = 0; i < GFX_SAMPLES; i++)
        out->centroid[i] = (uint8_t)(priority >> 4 * i & (out->count - 1));
    /* Without multisampling all samples are at the centre. */
    if (gfx_context(registers, GFX_PA_SC_MODE_CNTL_0) & 1)
        positions_read(registers, out);
    return GFX_DONE;
}
