/* SPDX-License-Identifier: MIT
 *
 * Blending: see blend.h.
 */
#include "softgpu/gfx/blend.h"
#include "base/bits.h"

/* The two deprecated factors stand for a pair. */
static void equation_normalize(struct gfx_blend_equation *equation)
{
    if (equation->src == GFX_FACTOR_BOTH_SRC_ALPHA) {
        equation->src = GFX_FACTOR_SRC_ALPHA;
        equation->dst = GFX_FACTOR_ONE_MINUS_SRC_ALPHA;
    } else if (equation->src == GFX_FACTOR_BOTH_INV_SRC_ALPHA) {
        equation->src = GFX_FACTOR_ONE_MINUS_SRC_ALPHA;
        equation->dst = GFX_FACTOR_SRC_ALPHA;
    }
}

static const char *equation_obstacle(const struct gfx_blend_equation *equation)
{
    if (equation->combine >= GFX_COMBINES)
        return "a blend function that there is not";
    if (equation->src >= GFX_FACTORS || equation->dst >= GFX_FACTORS)
        return "a blend factor that there is not";
    if (equation->dst == GFX_FACTOR_BOTH_SRC_ALPHA ||
        equation->dst == GFX_FACTOR_BOTH_INV_SRC_ALPHA)
        return "a blend factor for the destination that only sources have";
    return NULL;
}

const char *gfx_blend_decode(uint32_t control, struct gfx_blend *out_blend)
{
    const bool separate = BITS(control, 29, 29);
    const unsigned alpha = separate ? 16 : 0;
    const char *obstacle;

    out_blend->enabled = BITS(control, 30, 30);
    out_blend->color = (struct gfx_blend_equation){
        .src = BITS(control, 0, 4), .combine = BITS(control, 5, 7), .dst = BITS(control, 8, 12)};
    out_blend->alpha = (struct gfx_blend_equation){.src = BITS(control, alpha, alpha + 4),
                                                   .combine = BITS(control, alpha + 5, alpha + 7),
                                                   .dst = BITS(control, alpha + 8, alpha + 12)};
    if (!out_blend->enabled)
        return NULL;
    equation_normalize(&out_blend->color);
    equation_normalize(&out_blend->alpha);
    obstacle = equation_obstacle(&out_blend->color);
    return obstacle ? obstacle : equation_obstacle(&out_blend->alpha);
}

static bool factor_is_dual(unsigned factor)
{
    return factor >= GFX_FACTOR_SRC1_COLOR && factor <= GFX_FACTOR_ONE_MINUS_SRC1_ALPHA;
}

bool gfx_blend_is_dual(const struct gfx_blend *blend)
{
    return blend->enabled &&
           (factor_is_dual(blend->color.src) || factor_is_dual(blend->color.dst) ||
            factor_is_dual(blend->alpha.src) || factor_is_dual(blend->alpha.dst));
}

/* ---- values ---- */

static float clamped(float value, float low)
{
    return value > low ? (value < 1 ? value : 1) : value <= low ? low : 0; /* NaN: 0 */
}

static void input_clamp(struct gfx_blend_input *in, float low)
{
    for (unsigned c = 0; c < 4; c++) {
        in->src[c] = clamped(in->src[c], low);
        in->src1[c] = clamped(in->src1[c], low);
    }
}

/* What component `c` is multiplied by. The factors named after colours are the alpha's of the same
 * source when it is alpha that is blended. */
static float factor_value(const struct gfx_blend *blend, const struct gfx_blend_input *in,
                          unsigned factor, unsigned c)
{
    switch ((enum gfx_factor)factor) {
    case GFX_FACTOR_ONE:
        return 1;
    case GFX_FACTOR_SRC_COLOR:
        return in->src[c];
    case GFX_FACTOR_ONE_MINUS_SRC_COLOR:
        return 1 - in->src[c];
    case GFX_FACTOR_SRC_ALPHA:
        return in->src[3];
    case GFX_FACTOR_ONE_MINUS_SRC_ALPHA:
        return 1 - in->src[3];
    case GFX_FACTOR_DST_ALPHA:
        return in->dst[3];
    case GFX_FACTOR_ONE_MINUS_DST_ALPHA:
        return 1 - in->dst[3];
    case GFX_FACTOR_DST_COLOR:
        return in->dst[c];
    case GFX_FACTOR_ONE_MINUS_DST_COLOR:
        return 1 - in->dst[c];
    case GFX_FACTOR_SRC_ALPHA_SATURATE:
        if (c == 3)
            return 1;
        return in->src[3] < 1 - in->dst[3] ? in->src[3] : 1 - in->dst[3];
    case GFX_FACTOR_CONSTANT_COLOR:
        return blend->constant[c];
    case GFX_FACTOR_ONE_MINUS_CONSTANT_COLOR:
        return 1 - blend->constant[c];
    case GFX_FACTOR_SRC1_COLOR:
        return in->src1[c];
    case GFX_FACTOR_ONE_MINUS_SRC1_COLOR:
        return 1 - in->src1[c];
    case GFX_FACTOR_SRC1_ALPHA:
        return in->src1[3];
    case GFX_FACTOR_ONE_MINUS_SRC1_ALPHA:
        return 1 - in->src1[3];
    case GFX_FACTOR_CONSTANT_ALPHA:
        return blend->constant[3];
    case GFX_FACTOR_ONE_MINUS_CONSTANT_ALPHA:
        return 1 - blend->constant[3];
    default:
        return 0;
    }
}

static float product(const struct gfx_blend *blend, float value, float factor)
{
    return blend->zero_wins && (value == 0 || factor == 0) ? 0 : value * factor;
}

static float combine(unsigned function, float src, float dst)
{
    switch ((enum gfx_combine)function) {
    case GFX_COMBINE_SUBTRACT:
        return src - dst;
    case GFX_COMBINE_REVERSE_SUBTRACT:
        return dst - src;
    case GFX_COMBINE_MIN:
        return src < dst ? src : dst;
    case GFX_COMBINE_MAX:
        return src > dst ? src : dst;
    default:
        return src + dst;
    }
}

void gfx_blend_apply(const struct gfx_blend *blend, struct gfx_blend_input *in, float out[4])
{
    if (blend->clamp)
        input_clamp(in, blend->low);
    for (unsigned c = 0; c < 4; c++) {
        const struct gfx_blend_equation *e = c == 3 ? &blend->alpha : &blend->color;
        float src = product(blend, in->src[c], factor_value(blend, in, e->src, c));
        float dst = product(blend, in->dst[c], factor_value(blend, in, e->dst, c));

        out[c] = combine(e->combine, src, dst);
    }
}
