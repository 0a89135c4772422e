/* SPDX-License-Identifier: MIT
 *
 * What the registers say of render targets, when a draw begins.
 */
#include <string.h>

#include "base/bits.h"
#include "softgpu/gfx/output.h"
#include "softgpu/isa/exec/sem_base.h"

/* A target's registers. */
struct target_registers {
    uint32_t info, attrib, attrib2, attrib3, view, blend;
    uint64_t base;
};

static struct target_registers target_read(const struct gfx_registers *r, unsigned n)
{
    const unsigned at = n * GFX_COLOR_STRIDE;

    return (struct target_registers){
        .info = gfx_context(r, GFX_CB_COLOR0_INFO + at),
        .attrib = gfx_context(r, GFX_CB_COLOR0_ATTRIB + at),
        .attrib2 = gfx_context(r, GFX_CB_COLOR0_ATTRIB2 + n),
        .attrib3 = gfx_context(r, GFX_CB_COLOR0_ATTRIB3 + n),
        .view = gfx_context(r, GFX_CB_COLOR0_VIEW + at),
        .blend = gfx_context(r, GFX_CB_BLEND0_CONTROL + n),
        .base = gfx_context_address(r, GFX_CB_COLOR0_BASE + at, GFX_CB_COLOR0_BASE_EXT + n),
    };
}

/* ---- what is not modelled ---- */

static const char *target_obstacle(const struct target_registers *r)
{
    if (BITS(r->info, 0, 1))
        return "big-endian elements are not modelled";
    if (BITS(r->attrib, 12, 14) != BITS(r->attrib, 15, 16))
        return "fewer fragments than samples are not modelled";
    if (BITS(r->attrib3, 24, 25) > SURFACE_3D)
        return "a number of dimensions that there is not";
    return NULL;
}

/* ---- conversion ---- */

static void target_mask(struct gfx_color_target *target, unsigned components)
{
    const struct isa_format *format = target->format.format;
    unsigned shift = 0;

    memset(&target->mask, 0, sizeof(target->mask));
    target->whole = true;
    for (unsigned i = 0; i < 4 && format->bits[i]; i++) {
        uint32_t bits = (uint32_t)((UINT64_C(1) << format->bits[i]) - 1);
        /* One exponent belongs to all colours; it goes with the first. */
        unsigned color = i < target->format.components ? target->format.order[i] : 0;

        if (components >> color & 1)
            target->mask.dword[shift / 32] |= bits << shift % 32;
        else
            target->whole = false;
        shift += format->bits[i];
    }
}

/* Norms are clamped before they are blended, and what blends at all has no integers. */
static const char *target_blend(const struct gfx_registers *registers,
                                const struct target_registers *r, struct gfx_color_target *target)
{
    struct gfx_blend *blend = &target->blend;
    const char *obstacle = gfx_blend_decode(r->blend, blend);

    if (obstacle)
        return obstacle;
    if (BITS(r->info, 16, 16) || isa_format_is_integer(target->format.format))
        blend->enabled = false;
    blend->clamp = BITS(r->info, 15, 15);
    blend->zero_wins = BITS(r->info, 17, 17);
    blend->low = target->format.format->numeric == ISA_FORMAT_SNORM ? -1 : 0;
    target->dual = gfx_blend_is_dual(blend);
    for (unsigned c = 0; c < 4; c++) {
        float value = sem_f32(gfx_context(registers, GFX_CB_BLEND_RED + c));

        if (blend->clamp)
            value = value > blend->low ? (value < 1 ? value : 1) : blend->low;
        blend->constant[c] = value;
    }
    return NULL;
}

/* Logic operations are for integers and norms; they take the place of blending. */
static const char *target_rop(const struct gfx_registers *registers,
                              const struct target_registers *r, struct gfx_color_target *target)
{
    unsigned rop3 = BITS(gfx_context(registers, GFX_CB_COLOR_CONTROL), 16, 23);
    unsigned numeric = target->format.format->numeric;

    target->rop = GFX_ROP_COPY;
    if (BITS(r->blend, 31, 31) || numeric == ISA_FORMAT_FLOAT || numeric == ISA_FORMAT_SRGB ||
        numeric == ISA_FORMAT_SHARED_EXPONENT)
        return NULL;
    if (rop3 >> 4 != (rop3 & 15))
        return "logic operations with a pattern are not modelled";
    target->rop = rop3 & 15;
    if (target->rop != GFX_ROP_COPY)
        target->blend.enabled = false;
    return NULL;
}

/* ---- place ---- */

static const char *target_place(const struct gfx_registers *registers, unsigned n,
                                const struct target_registers *r, struct gfx_color_target *target)
{
    const uint32_t width = BITS(r->attrib2, 14, 27) + 1, height = BITS(r->attrib2, 0, 13) + 1;
    struct surface_shape shape = {.dimension = BITS(r->attrib3, 24, 25),
                                  .swizzle = BITS(r->attrib3, 14, 18),
                                  .element_bytes = target->format.format->bytes,
                                  .samples_log2 = BITS(r->attrib, 15, 16),
                                  .width = width,
                                  .height = height,
                                  .depth = BITS(r->attrib3, 0, 12) + 1,
                                  .levels = BITS(r->attrib2, 28, 31) + 1};
    const char *obstacle;

    target->base = r->base;
    target->level = BITS(r->view, 26, 29);
    if (target->level >= shape.levels)
        return "a mip level that the surface does not have";
    target->samples_log2 = shape.samples_log2;
    target->width = width >> target->level ? width >> target->level : 1;
    target->height = height >> target->level ? height >> target->level : 1;
    target->first_slice = BITS(r->view, 0, 12);
    target->last_slice = BITS(r->view, 13, 25);
    obstacle = surface_layout_init(&target->layout, &shape);
    return obstacle ? obstacle : gfx_color_metadata_begin(registers, n, &shape, target);
}

static const char *target_decode(const struct gfx_registers *registers, unsigned n,
                                 unsigned components, struct gfx_color_target *target)
{
    const struct target_registers r = target_read(registers, n);
    const char *obstacle = target_obstacle(&r);

    memset(target, 0, sizeof(*target));
    if (obstacle)
        return obstacle;
    if (!gfx_color_format_find(r.info, &target->format))
        return "its format is none of this GPU's";
    target->rounding = BITS(r.info, 18, 18) ? ISA_FORMAT_ROUND_CUT : ISA_FORMAT_ROUND_HALF;
    target->bytes = target->format.format->numeric == ISA_FORMAT_UNORM &&
                    target->format.format->bits[0] == 8 &&
                    target->format.format->bytes == target->format.components &&
                    target->rounding == ISA_FORMAT_ROUND_HALF;
    target->opaque = BITS(r.attrib, 17, 17);
    target->alpha_lowest = BITS(r.info, 11, 12) > 1; /* the orders that go up from alpha */
    target_mask(target, components);
    obstacle = target_blend(registers, &r, target);
    if (!obstacle)
        obstacle = target_rop(registers, &r, target);
    if (!obstacle)
        obstacle = target_place(registers, n, &r, target);
    target->port.access = ISA_ACCESS_WRITE;
    target->reads = target->blend.enabled || target->rop != GFX_ROP_COPY || !target->whole;
    if (target->reads || target->metadata.dcc || target->metadata.cmask)
        target->port.access |= ISA_ACCESS_READ;
    return obstacle;
}

/* What the passes over metadata and resolves do: all components of all that is written. */
static uint32_t components_mask(const struct gfx_registers *registers, enum gfx_color_mode mode)
{
    uint32_t targets = gfx_context(registers, GFX_CB_TARGET_MASK);

    if (mode == GFX_COLOR_NORMAL)
        return targets & gfx_context(registers, GFX_CB_SHADER_MASK);
    return mode == GFX_COLOR_RESOLVE ? 0xff : 0xf;
}

static enum gfx_result mode_begin(struct gfx_pipeline *pipeline, struct gfx_color *color)
{
    const unsigned mode =
        BITS(gfx_context(&pipeline->state->registers, GFX_CB_COLOR_CONTROL), 4, 6);

    color->mode = (enum gfx_color_mode)mode;
    switch (color->mode) {
    case GFX_COLOR_DISABLE:
    case GFX_COLOR_NORMAL:
    case GFX_COLOR_ELIMINATE_FAST_CLEAR:
    case GFX_COLOR_RESOLVE:
    case GFX_COLOR_FMASK_DECOMPRESS:
    case GFX_COLOR_DCC_DECOMPRESS:
        return GFX_DONE;
    default:
        return gfx_refuse(pipeline, "CB_COLOR_CONTROL.MODE %u is not modelled", mode);
    }
}

/* Target 0 has the samples, target 1 gets what they make. */
static const char *resolve_obstacle(const struct gfx_color *color)
{
    const struct gfx_color_target *from = &color->target[0], *to = &color->target[1];

    if ((color->on & 3) != 3)
        return "a resolve needs targets 0 and 1";
    if (isa_format_is_integer(from->format.format))
        return "resolves of integers are not modelled";
    return to->samples_log2 ? "a resolve to several samples is not modelled" : NULL;
}

enum gfx_result gfx_color_begin(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    struct gfx_color *color = &pipeline->output->color;
    enum gfx_result result = mode_begin(pipeline, color);
    uint32_t mask = components_mask(registers, color->mode);
    const char *obstacle = NULL;

    color->on = 0;
    if (result != GFX_DONE || color->mode == GFX_COLOR_DISABLE)
        return result;
    for (unsigned n = 0; n < GFX_COLOR_TARGETS; n++) {
        uint32_t info = gfx_context(registers, GFX_CB_COLOR0_INFO + n * GFX_COLOR_STRIDE);
        unsigned components = mask >> 4 * n & 15;

        if (!components || BITS(info, 2, 6) == 0)
            continue;
        obstacle = target_decode(registers, n, components, &color->target[n]);
        if (obstacle)
            return gfx_refuse(pipeline, "colour target %u: %s (CB_COLOR%u_INFO 0x%08x)", n,
                              obstacle, n, info);
        color->on |= (uint8_t)(1u << n);
    }
    if (color->mode == GFX_COLOR_RESOLVE)
        obstacle = resolve_obstacle(color);
    return obstacle ? gfx_refuse(pipeline, "%s", obstacle) : GFX_DONE;
}

void gfx_color_forget_windows(struct gfx_color *color)
{
    for (unsigned n = 0; n < GFX_COLOR_TARGETS; n++) {
        gfx_port_forget(&color->target[n].port);
        gfx_color_metadata_forget_windows(&color->target[n].metadata);
    }
}
