/* SPDX-License-Identifier: MIT
 *
 * Clipping: see clip.h.
 */
#include "softgpu/gfx/clip.h"

#include <string.h>

/* Half-spaces; the distances come last. */
enum plane {
    PLANE_W,
    PLANE_NEAR,
    PLANE_FAR,
    PLANE_LEFT,
    PLANE_RIGHT,
    PLANE_TOP,
    PLANE_BOTTOM,
    PLANE_DISTANCE,
};

/* What w must be at least: far below what programs use, far above what loses precision. */
static const double W_MIN = 0x1p-100;

/* How far inside a corner is; negative outside. */
static double plane_distance(const struct gfx_clip_rules *rules, unsigned plane,
                             const struct gfx_clip_corner *corner)
{
    const double *p = corner->position;

    switch (plane) {
    case PLANE_W:
        return p[3] - W_MIN;
    case PLANE_NEAR:
        return rules->zero_to_one ? p[2] : p[2] + p[3];
    case PLANE_FAR:
        return p[3] - p[2];
    case PLANE_LEFT:
        return p[0] + rules->guard_x * p[3];
    case PLANE_RIGHT:
        return rules->guard_x * p[3] - p[0];
    case PLANE_TOP:
        return p[1] + rules->guard_y * p[3];
    case PLANE_BOTTOM:
        return rules->guard_y * p[3] - p[1];
    default:
        return corner->distance[plane - PLANE_DISTANCE];
    }
}

static uint32_t planes_in_use(const struct gfx_clip_rules *rules, bool guard)
{
    uint32_t planes = 1u << PLANE_W;

    if (rules->off)
        return planes;
    planes |= (uint32_t)rules->near << PLANE_NEAR | (uint32_t)rules->far << PLANE_FAR;
    planes |= (uint32_t)rules->clip << PLANE_DISTANCE;
    if (guard)
        planes |= 15u << PLANE_LEFT;
    return planes;
}

/* The planes that a corner is outside of. A NaN is inside of nothing. */
static uint32_t planes_violated(const struct gfx_clip_rules *rules, uint32_t planes,
                                const struct gfx_clip_corner *corner)
{
    uint32_t violated = 0;

    for (uint32_t left = planes; left; left &= left - 1) {
        unsigned plane = (unsigned)__builtin_ctz(left);

        if (!(plane_distance(rules, plane, corner) >= 0))
            violated |= 1u << plane;
    }
    return violated;
}

/* ---- whole primitives ---- */

static uint32_t discard_sides(const struct gfx_clip_rules *rules,
                              const struct gfx_clip_corner *corner)
{
    const double *p = corner->position;
    double x = rules->discard_x * p[3], y = rules->discard_y * p[3];

    return (uint32_t)(p[0] < -x) | (uint32_t)(p[0] > x) << 1 | (uint32_t)(p[1] < -y) << 2 |
           (uint32_t)(p[1] > y) << 3;
}

static bool position_is_nan(const struct gfx_clip_corner *corner)
{
    const double *p = corner->position;
    double sum = p[0] * 0 + p[1] * 0 + p[2] * 0 + p[3] * 0; /* also for infinities */

    return sum != 0;
}

bool gfx_clip_rejects(const struct gfx_clip_rules *rules, const struct gfx_clip_corner *corners,
                      unsigned count)
{
    uint32_t planes = planes_in_use(rules, false);
    uint32_t outside = UINT32_MAX, sides = 15, cull = rules->cull;

    for (unsigned i = 0; i < count; i++) {
        if (position_is_nan(&corners[i]))
            return true;
        outside &= planes_violated(rules, planes, &corners[i]);
        sides &= discard_sides(rules, &corners[i]);
        for (unsigned d = 0; d < GFX_CLIP_DISTANCES; d++)
            if (corners[i].distance[d] >= 0)
                cull &= ~(1u << d);
    }
    return outside || cull || (sides && !rules->off);
}

/* ---- corners ---- */

/* Where a window sees the point that is `t` of the way: what is nearer takes more room. */
static double seen_at(const struct gfx_clip_rules *rules, const struct gfx_clip_corner *from,
                      const struct gfx_clip_corner *to, double t)
{
    double w0 = from->position[3], w1 = to->position[3];

    if (!rules->screen_linear || w0 <= 0 || w1 <= 0)
        return t;
    return t * w1 / ((1 - t) * w0 + t * w1);
}

static void corner_between(const struct gfx_clip_rules *rules, const struct gfx_clip_corner *from,
                           const struct gfx_clip_corner *to, double t, struct gfx_clip_corner *out)
{
    double seen = seen_at(rules, from, to, t);

    for (unsigned i = 0; i < 4; i++)
        out->position[i] = from->position[i] + t * (to->position[i] - from->position[i]);
    for (unsigned i = 0; i < GFX_CLIP_DISTANCES; i++)
        out->distance[i] = from->distance[i] + t * (to->distance[i] - from->distance[i]);
    for (unsigned i = 0; i < 2; i++) {
        out->weight[i] = from->weight[i] + t * (to->weight[i] - from->weight[i]);
        out->linear[i] = from->linear[i] + seen * (to->linear[i] - from->linear[i]);
    }
}

/* Where an edge crosses a plane: always seen from its inner end, whoever asks. */
static void corner_crossing(const struct gfx_clip_rules *rules, unsigned plane,
                            const struct gfx_clip_corner *inner,
                            const struct gfx_clip_corner *outer, struct gfx_clip_corner *out)
{
    double in = plane_distance(rules, plane, inner), beyond = plane_distance(rules, plane, outer);

    corner_between(rules, inner, outer, in / (in - beyond), out);
    if (plane == PLANE_W) /* exactly, whatever was rounded */
        out->position[3] = W_MIN;
}

/* ---- polygons and lines ---- */

static unsigned polygon_cut(const struct gfx_clip_rules *rules, unsigned plane,
                            const struct gfx_clip_corner *in, unsigned count,
                            struct gfx_clip_corner *out)
{
    unsigned kept = 0;

    /* Rounding can dent a polygon and make a cut add more than one corner; there is an end to it.
     */
    for (unsigned i = 0; i < count && kept + 2 <= GFX_CLIP_CORNERS; i++) {
        const struct gfx_clip_corner *this = &in[i], *next = &in[(i + 1) % count];
        bool this_in = plane_distance(rules, plane, this) >= 0;
        bool next_in = plane_distance(rules, plane, next) >= 0;

        if (this_in)
            out[kept++] = *this;
        if (this_in && !next_in)
            corner_crossing(rules, plane, this, next, &out[kept++]);
        else if (!this_in && next_in)
            corner_crossing(rules, plane, next, this, &out[kept++]);
    }
    return kept;
}

unsigned gfx_clip_triangle(const struct gfx_clip_rules *rules,
                           const struct gfx_clip_corner corners[3],
                           struct gfx_clip_corner out[GFX_CLIP_CORNERS])
{
    struct gfx_clip_corner buffer[GFX_CLIP_CORNERS];
    uint32_t planes = planes_in_use(rules, true), violated = 0;
    unsigned count = 3;

    for (unsigned i = 0; i < 3; i++)
        violated |= planes_violated(rules, planes, &corners[i]);
    memcpy(out, corners, 3 * sizeof(*out));
    for (; violated && count >= 3; violated &= violated - 1) {
        memcpy(buffer, out, count * sizeof(*out));
        count = polygon_cut(rules, (unsigned)__builtin_ctz(violated), buffer, count, out);
    }
    return count >= 3 ? count : 0;
}

bool gfx_clip_line(const struct gfx_clip_rules *rules, const struct gfx_clip_corner corners[2],
                   struct gfx_clip_corner out[2])
{
    uint32_t planes = planes_in_use(rules, true);
    uint32_t violated =
        planes_violated(rules, planes, &corners[0]) | planes_violated(rules, planes, &corners[1]);

    memcpy(out, corners, 2 * sizeof(*out));
    for (; violated; violated &= violated - 1) {
        unsigned plane = (unsigned)__builtin_ctz(violated);
        bool in0 = plane_distance(rules, plane, &out[0]) >= 0;
        bool in1 = plane_distance(rules, plane, &out[1]) >= 0;
        struct gfx_clip_corner crossing;

        if (!in0 && !in1)
            return false;
        if (in0 && in1)
            continue;
        corner_crossing(rules, plane, &out[in0 ? 0 : 1], &out[in0 ? 1 : 0], &crossing);
        out[in0 ? 1 : 0] = crossing;
    }
    return true;
}

bool gfx_clip_point(const struct gfx_clip_rules *rules, const struct gfx_clip_corner *corner)
{
    return !planes_violated(rules, planes_in_use(rules, false), corner);
}
