/* SPDX-License-Identifier: MIT
 *
 * Clipping: the part of a primitive that lies inside the view volume, by half-spaces of homogeneous
 * coordinates - near and far, user clip distances, the guard band, and w > 0, without which nothing
 * can be projected.
 *
 * Corners carry where they lie in the primitive they came from; parameters are interpolated from
 * that and never clipped themselves. A corner on an edge depends only on the edge's ends, so
 * neighbours that share the edge get the same one.
 *
 * Thread safety: pure.
 * Source: Mesa's register database (gfx103.json: PA_CL_CLIP_CNTL, PA_CL_VS_OUT_CNTL, PA_CL_GB_*)
 * and what RADV programs (radv_emit_clipping, si_write_guardband).
 */
#ifndef SOFTGPU_GFX_CLIP_H
#define SOFTGPU_GFX_CLIP_H

#include <stdbool.h>
#include <stdint.h>

enum { GFX_CLIP_DISTANCES = 8 };

struct gfx_clip_rules {
    bool off;                    /* CLIP_DISABLE: only w > 0 remains */
    bool near, far;              /* planes that clip */
    bool zero_to_one;            /* depth is 0 .. w, else -w .. w */
    bool screen_linear;          /* DX_LINEAR_ATTR_CLIP_ENA: see gfx_clip_corner.linear */
    uint8_t clip, cull;          /* distances that do, bit by bit */
    double guard_x, guard_y;     /* |x| <= guard_x * w; inside it nothing needs to be clipped */
    double discard_x, discard_y; /* what lies wholly outside of this can be dropped */
};

struct gfx_clip_corner {
    double position[4]; /* x, y, z, w */
    double distance[GFX_CLIP_DISTANCES];
    double weight[2]; /* I and J in the primitive, in perspective */
    double linear[2]; /* the same as seen in the window, for parameters without perspective */
};

/* A triangle has 3 corners and each half-space adds one at most. */
enum { GFX_CLIP_PLANES = 7 + GFX_CLIP_DISTANCES, GFX_CLIP_CORNERS = 3 + GFX_CLIP_PLANES };

/* True when nothing of the primitive of these 1, 2 or 3 corners can be seen. */
bool gfx_clip_rejects(const struct gfx_clip_rules *rules, const struct gfx_clip_corner *corners,
                      unsigned count);

/* The rest of a triangle, a convex polygon in the same order; returns its corners, 0 for none. */
unsigned gfx_clip_triangle(const struct gfx_clip_rules *rules,
                           const struct gfx_clip_corner corners[3],
                           struct gfx_clip_corner out_corners[GFX_CLIP_CORNERS]);

/* The rest of a line; false for none. */
bool gfx_clip_line(const struct gfx_clip_rules *rules, const struct gfx_clip_corner corners[2],
                   struct gfx_clip_corner out_corners[2]);

/* Does a point, seen as one without size, survive? The guard band does not matter, nor do distances
 * that cull: those are for whole primitives, of which it may be one corner. */
bool gfx_clip_point(const struct gfx_clip_rules *rules, const struct gfx_clip_corner *corner);

#endif
