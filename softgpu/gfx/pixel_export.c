/* SPDX-License-Identifier: MIT
 *
 * What pixel waves export, as fragments for the back ends.
 *
 * MRTZ carries depth, stencil and the sample mask as red, green and blue of its format. Alpha
 * becomes coverage in steps of a sample; DB_ALPHA_TO_MASK's offsets, quarters of a step, differ
 * between the pixels of a quad.
 *
 * Sources: Mesa's register database (gfx103.json: SPI_SHADER_Z_FORMAT, DB_SHADER_CONTROL,
 * DB_ALPHA_TO_MASK); Mesa's ac_build_export_mrtz for the parts of MRTZ.
 */
#include <string.h>

#include "softgpu/gfx/color.h"
#include "softgpu/gfx/pixel.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/exec/sem_base.h"

/* ---- the wave's side ---- */

static bool format_is_compressed(uint8_t format)
{
    return format >= GFX_EXPORT_FP16_ABGR && format <= GFX_EXPORT_SINT16_ABGR;
}

static void lane_keep(const struct isa_export *export, unsigned lane, uint32_t value[4])
{
    for (unsigned c = 0; c < 4; c++)
        value[c] = export->row[c] ? export->row[c][lane] : 0;
}

static void pixel_export(struct isa_graphics *graphics, struct isa_wave *w,
                         const struct isa_export *export)
{
    struct gfx_pixel *pixel = (struct gfx_pixel *)graphics;
    unsigned target = export->target;

    (void)w;
    if (target == ISA_EXPORT_NULL || export->enable == 0)
        return;
    if (target >= PIXEL_EXPORTS ||
        (pixel->setup.format[target] != GFX_EXPORT_ZERO &&
         format_is_compressed(pixel->setup.format[target]) != export->compressed)) {
        pixel->obstacle = target + 1;
        return;
    }
    if (pixel->setup.format[target] == GFX_EXPORT_ZERO)
        return;
    pixel->exported[target] |= export->exec;
    ISA_FOR_LANES(lane, export->exec)
    lane_keep(export, (unsigned)lane, pixel->value[target][lane]);
}

void gfx_pixel_exports_begin(struct gfx_pixel *pixel, uint64_t exec)
{
    pixel->graphics.export = pixel_export;
    pixel->graphics.live = exec;
    pixel->obstacle = 0;
    for (unsigned t = 0; t < PIXEL_EXPORTS; t++)
        pixel->exported[t] = 0;
    for (unsigned q = 0; q < ISA_QUADS; q++)
        pixel->graphics.parameters[q] =
            q < pixel->slots ? pixel->slot[q].quad.primitive->parameters : NULL;
}

/* ---- fragments ---- */

static float depth_clamp(const struct gfx_surface_primitive *primitive, float z)
{
    return z < primitive->z_min ? primitive->z_min : z > primitive->z_max ? primitive->z_max : z;
}

static float depth_at(const struct pixel_setup *setup, const struct gfx_quad *quad, unsigned index,
                      unsigned sample)
{
    const struct gfx_surface_primitive *primitive = quad->primitive;
    const int8_t *at = setup->samples.position[index][sample];
    double x = quad->x + (int)(index & 1) + 0.5 + at[0] / (double)GFX_SAMPLE_GRID;
    double y = quad->y + (int)(index >> 1) + 0.5 + at[1] / (double)GFX_SAMPLE_GRID;

    return depth_clamp(primitive, (float)gfx_plane_at(primitive, &primitive->z, x, y));
}

void gfx_pixel_fragment(const struct pixel_setup *setup, const struct gfx_quad *quad,
                        unsigned index, uint16_t samples, struct gfx_fragment *out)
{
    out->x = quad->x + (int)(index & 1);
    out->y = quad->y + (int)(index >> 1);
    out->layer = quad->primitive->layer;
    out->samples = samples;
    out->exported = 0;
    out->stencil = 0;
    out->front = quad->primitive->front;
    for (unsigned s = 0; s < setup->samples.count; s++)
        if (samples >> s & 1)
            out->z[s] = depth_at(setup, quad, index, s);
}

static uint16_t alpha_samples(const struct pixel_setup *setup, unsigned index, float alpha)
{
    float clamped = alpha > 0 ? (alpha < 1 ? alpha : 1) : 0;
    float steps = clamped * (float)setup->samples.raster;
    float offset = (float)setup->alpha_offset[index] / 4 + (setup->alpha_rounds ? 0.125f : 0);
    unsigned count = (unsigned)(steps + offset);

    return gfx_samples_spread(&setup->samples, (uint16_t)((1u << count) - 1));
}

static void depth_export(const struct pixel_setup *setup,
                         const struct gfx_surface_primitive *primitive, const uint32_t value[4],
                         struct gfx_fragment *fragment)
{
    uint32_t parts[4];

    gfx_export_unpack((enum gfx_export_format)setup->format[ISA_EXPORT_MRTZ], value, parts);
    if (setup->exports_z)
        for (unsigned s = 0; s < setup->samples.count; s++)
            fragment->z[s] = depth_clamp(primitive, sem_f32(parts[0]));
    if (setup->exports_stencil)
        fragment->stencil = (uint8_t)parts[1];
    if (setup->exports_mask)
        fragment->samples &= gfx_samples_spread(&setup->samples, (uint16_t)parts[2]);
}

/* Colours to where they belong. Alpha of the first export becomes coverage, if anything does. */
static void colors_export(const struct gfx_pixel *pixel, unsigned lane, struct gfx_fragment *out,
                          float *out_alpha)
{
    const struct pixel_setup *setup = &pixel->setup;

    *out_alpha = 0;
    memset(out->color, 0, 2 * sizeof(out->color[0])); /* blending may look at both */
    for (unsigned t = 0; t < GFX_TARGETS; t++) {
        uint32_t color[4];

        if (!(pixel->exported[t] >> lane & 1))
            continue;
        gfx_export_unpack((enum gfx_export_format)setup->format[t], pixel->value[t][lane], color);
        if (t == 0)
            *out_alpha = sem_f32(color[3]);
        if (setup->target[t] == GFX_TARGETS)
            continue;
        memcpy(out->color[setup->target[t]], color, sizeof(color));
        out->exported |= (uint8_t)(1u << setup->target[t]);
    }
}

/* False when it is dead. */
static bool lane_fragment(struct gfx_pixel *pixel, unsigned lane, struct gfx_fragment *out)
{
    const struct pixel_setup *setup = &pixel->setup;
    const struct pixel_slot *slot = &pixel->slot[lane / 4];
    const unsigned index = lane % 4;
    float alpha;

    if (!(pixel->graphics.live >> lane & 1) || !slot->live[index])
        return false;
    gfx_pixel_fragment(setup, &slot->quad, index, slot->live[index], out);
    colors_export(pixel, lane, out, &alpha);
    if (pixel->exported[ISA_EXPORT_MRTZ] >> lane & 1)
        depth_export(setup, slot->quad.primitive, pixel->value[ISA_EXPORT_MRTZ][lane], out);
    if (setup->alpha_to_mask)
        out->samples &= alpha_samples(setup, index, alpha);
    return out->samples != 0;
}

unsigned gfx_pixel_fragments(struct gfx_pixel *pixel)
{
    unsigned count = 0;

    for (unsigned lane = 0; lane < 4 * pixel->slots; lane++)
        count += lane_fragment(pixel, lane, &pixel->fragment[count]);
    return count;
}
