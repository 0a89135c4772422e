/* SPDX-License-Identifier: MIT
 *
 * The way of vertices from clip space to the window's grid, and planes of what varies there.
 *
 * Sources: Mesa's register database (gfx103.json: PA_CL_VTE_CNTL, PA_SU_VTX_CNTL,
 * PA_SU_POLY_OFFSET_*); RADV (radv_emit_depth_bias: slopes come times 16) and the Vulkan
 * specification, "Depth Bias" and "Basic Line Segment Rasterization".
 */
#include <math.h>

#include "softgpu/gfx/raster.h"
#include "softgpu/isa/exec/sem_base.h"

/* ---- vertices ---- */

/* The shader's distance, or how far a position lies on the inner side of a plane. */
static double corner_distance(const struct raster_setup *setup, const struct gfx_vertex *vertex,
                              unsigned number)
{
    const unsigned at = setup->distance_at[number / 4];
    double sum = 0;

    if (!(setup->plane_mask >> number & 1))
        return at ? (double)vertex->position[at][number % 4] : 0;
    for (unsigned i = 0; i < 4; i++)
        sum += setup->plane[number][i] * (double)vertex->position[0][i];
    return sum;
}

void gfx_raster_corner(const struct raster_setup *setup, const struct gfx_vertex *vertex,
                       struct gfx_clip_corner *out)
{
    const unsigned used = setup->clip.clip | setup->clip.cull;

    for (unsigned i = 0; i < 4; i++)
        out->position[i] = (double)vertex->position[0][i];
    for (unsigned i = 0; i < GFX_CLIP_DISTANCES; i++)
        out->distance[i] = used >> i & 1 ? corner_distance(setup, vertex, i) : 0;
}

/* PA_SU_VTX_CNTL.ROUND_MODE: down, to nearest, to nearest even, to nearest odd. */
static double round_by(double value, uint8_t rounding)
{
    double down = floor(value), rest = value - down;
    bool down_is_odd = fmod(down, 2) != 0;

    if (rounding == 0 || rest < 0.5)
        return down;
    if (rest > 0.5 || rounding == 1)
        return down + 1;
    return down_is_odd == (rounding == 3) ? down : down + 1;
}

static int32_t window_round(const struct raster_setup *setup, double pixels)
{
    double steps = pixels * (RASTER_ONE / setup->grid);
    double limit = (double)RASTER_LIMIT * (RASTER_ONE / setup->grid);
    double rounded = round_by(fmin(fmax(steps, -limit), limit), setup->rounding);

    return (int32_t)rounded * setup->grid;
}

void gfx_raster_project(const struct raster_setup *setup, const struct raster_viewport *viewport,
                        const struct gfx_clip_corner *corner, struct raster_vertex *out)
{
    const double *p = corner->position;
    double reciprocal = setup->w_inverse ? p[3] : 1.0 / p[3];
    double xy = setup->xy_projected ? 1.0 : reciprocal;
    double x = p[0] * xy * viewport->scale[0] + viewport->offset[0];
    double y = p[1] * xy * viewport->scale[1] + viewport->offset[1];
    double z = setup->z_projected ? p[2] : p[2] * reciprocal;

    out->x = window_round(setup, x + setup->shift + setup->window_x);
    out->y = window_round(setup, y + setup->shift + setup->window_y);
    out->z = z * viewport->scale[2] + viewport->offset[2];
    out->reciprocal = reciprocal;
    for (unsigned i = 0; i < 2; i++) {
        out->weight[i] = corner->weight[i];
        out->linear[i] = corner->linear[i];
    }
}

int64_t gfx_raster_area(const struct raster_vertex v[3])
{
    return ((int64_t)v[1].x - v[0].x) * ((int64_t)v[2].y - v[0].y) -
           ((int64_t)v[1].y - v[0].y) * ((int64_t)v[2].x - v[0].x);
}

/* ---- planes ---- */

static double pixels(int64_t position)
{
    return (double)position * (1.0 / RASTER_ONE);
}

/* How a plane follows from its values at the corners, the first of which is where it begins. */
struct basis {
    double dx1, dy1; /* gradient of what is 1 at the second corner and 0 at the others */
    double dx2, dy2; /* and at the third */
};

static struct gfx_plane plane_of(const struct basis *basis, double v0, double v1, double v2)
{
    return (struct gfx_plane){.at = v0,
                              .dx = (v1 - v0) * basis->dx1 + (v2 - v0) * basis->dx2,
                              .dy = (v1 - v0) * basis->dy1 + (v2 - v0) * basis->dy2};
}

static void planes_fill(const struct basis *basis, const struct raster_vertex *v0,
                        const struct raster_vertex *v1, const struct raster_vertex *v2,
                        struct gfx_surface_primitive *out)
{
    double r0 = v0->reciprocal, r1 = v1->reciprocal, r2 = v2->reciprocal;

    out->x = pixels(v0->x);
    out->y = pixels(v0->y);
    out->i_w = plane_of(basis, v0->weight[0] * r0, v1->weight[0] * r1, v2->weight[0] * r2);
    out->j_w = plane_of(basis, v0->weight[1] * r0, v1->weight[1] * r1, v2->weight[1] * r2);
    out->reciprocal_w = plane_of(basis, r0, r1, r2);
    out->i = plane_of(basis, v0->linear[0], v1->linear[0], v2->linear[0]);
    out->j = plane_of(basis, v0->linear[1], v1->linear[1], v2->linear[1]);
    out->z = plane_of(basis, v0->z, v1->z, v2->z);
}

void gfx_raster_triangle_planes(const struct raster_vertex v[3], struct gfx_surface_primitive *out)
{
    double scale = (double)RASTER_ONE / (double)gfx_raster_area(v);
    struct basis basis = {.dx1 = (double)((int64_t)v[2].y - v[0].y) * scale,
                          .dy1 = (double)((int64_t)v[0].x - v[2].x) * scale,
                          .dx2 = (double)((int64_t)v[0].y - v[1].y) * scale,
                          .dy2 = (double)((int64_t)v[1].x - v[0].x) * scale};

    planes_fill(&basis, &v[0], &v[1], &v[2], out);
}

/* Values vary along the line only. */
void gfx_raster_line_planes(const struct raster_vertex v[2], struct gfx_surface_primitive *out)
{
    double dx = pixels((int64_t)v[1].x - v[0].x), dy = pixels((int64_t)v[1].y - v[0].y);
    double square = dx * dx + dy * dy;
    struct basis basis = {.dx1 = dx / square, .dy1 = dy / square};

    planes_fill(&basis, &v[0], &v[1], &v[0], out);
}

void gfx_raster_point_planes(const struct raster_vertex *v, double left, double top, double width,
                             double height, struct gfx_surface_primitive *out)
{
    const struct gfx_plane s = {.dx = 1 / width}, t = {.dy = 1 / height};
    const double r = v->reciprocal;

    out->x = left;
    out->y = top;
    out->i = s;
    out->j = t;
    out->i_w = (struct gfx_plane){.dx = s.dx * r};
    out->j_w = (struct gfx_plane){.dy = t.dy * r};
    out->reciprocal_w = (struct gfx_plane){.at = r};
    out->z = (struct gfx_plane){.at = v->z};
}

/* ---- depth bias ---- */

/* The exponent of an f32 as large as this; what is beyond those has their last one. */
static int float_exponent(double value)
{
    if (!(value > 0x1p-126))
        return -126;
    return value < 0x1p128 ? ilogb(value) : 128;
}

double gfx_raster_bias(const struct raster_setup *setup, const struct raster_face *face,
                       const struct gfx_plane *z, double z_max)
{
    double slope = fmax(fabs(z->dx), fabs(z->dy)), bias;
    int exponent = setup->bias_bits;

    if (!face->biased)
        return 0;
    /* Steps of a float grow with its value: those of the largest depth count. */
    if (setup->bias_float)
        exponent += float_exponent(z_max);
    bias = slope * face->bias_scale / 16 + face->bias_offset * ldexp(1, exponent);
    if (setup->bias_clamp > 0)
        return fmin(bias, setup->bias_clamp);
    return setup->bias_clamp < 0 ? fmax(bias, setup->bias_clamp) : bias;
}
