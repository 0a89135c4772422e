/* SPDX-License-Identifier: MIT
 *
 * Primitives in the window: clipped, projected, culled, and cut into convex polygons with planes.
 *
 * Lines are parallelograms whose ends lie along the axis that the line advances less in, or
 * rectangles when PA_SC_LINE_CNTL asks for that; points are squares. Rectangles have the corners of
 * their three vertices' bounding box, and parameters go on behind the triangle's far side as planes
 * do.
 *
 * Source: Mesa's register database (gfx103.json); the Vulkan specification, "Basic Line Segment
 * Rasterization" and "Basic Point Rasterization"; RADV's meta operations for rectangles.
 */
#include <math.h>

#include "softgpu/gfx/raster.h"
#include "softgpu/isa/exec/sem_base.h"

/* One primitive on its way. */
struct job {
    struct gfx_pipeline *pipeline;
    struct gfx_raster *raster;
    const struct raster_setup *setup;
    const struct gfx_primitive *source;
    const struct gfx_vertex *vertex[3], *provoking;
    unsigned count;
    uint32_t layer, viewport;
    struct gfx_clip_corner corner[3];
};

/* GFX9 and up: the layer and the viewport share a component of the second position. */
static void job_place(struct job *job)
{
    const struct raster_setup *setup = job->setup;
    uint32_t word;

    if (!setup->misc_at)
        return;
    word = sem_bits32(job->provoking->position[setup->misc_at][2]);
    job->layer = setup->vertex_layer ? word & 0x7ff : 0;
    job->viewport = setup->vertex_viewport ? word >> 16 & (RASTER_VIEWPORTS - 1) : 0;
}

/* False when nothing of it is seen. */
static bool job_make(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                     const struct gfx_primitive *primitive, unsigned count, struct job *out)
{
    static const double weights[3][2] = {{0, 0}, {1, 0}, {0, 1}};
    struct gfx_state *state = pipeline->state;

    *out = (struct job){.pipeline = pipeline,
                        .raster = pipeline->raster,
                        .setup = &pipeline->raster->setup,
                        .source = primitive,
                        .count = count};
    for (unsigned i = 0; i < count; i++) {
        out->vertex[i] = &batch->vertices[primitive->vertex[i]];
        gfx_raster_corner(out->setup, out->vertex[i], &out->corner[i]);
        for (unsigned k = 0; k < 2; k++)
            out->corner[i].weight[k] = out->corner[i].linear[k] = weights[i][k];
    }
    out->provoking = out->vertex[out->setup->provoking_last ? count - 1 : 0];
    job_place(out);
    state->statistics[GFX_STATISTIC_C_INVOCATIONS] += state->statistics_on;
    return !gfx_clip_rejects(&out->setup->clip, out->corner, count);
}

static void job_count(const struct job *job)
{
    struct gfx_state *state = job->pipeline->state;

    state->statistics[GFX_STATISTIC_C_PRIMITIVES] += state->statistics_on;
}

static const struct raster_viewport *job_viewport(const struct job *job)
{
    return &job->setup->viewport[job->viewport];
}

static struct gfx_surface_primitive *
surface_next(const struct job *job, const struct isa_parameter *parameters, bool front)
{
    struct gfx_surface_primitive *surface = &job->raster->primitive[job->raster->primitive_count++];
    const struct raster_viewport *viewport = job_viewport(job);

    *surface = (struct gfx_surface_primitive){.parameters = parameters,
                                              .layer = job->layer,
                                              .viewport = job->viewport,
                                              .front = front,
                                              .id = job->source->id,
                                              .z_min = viewport->z_min,
                                              .z_max = viewport->z_max};
    return surface;
}

static int32_t to_grid(double pixels)
{
    return (int32_t)lrint(pixels * RASTER_ONE);
}

/* ---- points ---- */

static double point_size(const struct raster_setup *setup, const struct gfx_vertex *vertex,
                         double otherwise)
{
    double size = setup->vertex_size ? (double)vertex->position[setup->misc_at][0] : otherwise;

    return fmin(fmax(size, setup->point_min), setup->point_max);
}

static enum gfx_result point_draw(const struct job *job, unsigned index, bool front, double bias)
{
    const struct raster_setup *setup = job->setup;
    const struct gfx_vertex *vertex = job->vertex[index];
    double width = point_size(setup, vertex, setup->point_width);
    double height = point_size(setup, vertex, setup->point_height);
    struct gfx_surface_primitive *surface;
    struct raster_vertex v;
    double left, top;

    if (!gfx_clip_point(&setup->clip, &job->corner[index]) || !(width > 0) || !(height > 0))
        return GFX_DONE;
    job_count(job);
    gfx_raster_project(setup, job_viewport(job), &job->corner[index], &v);
    left = (double)v.x / RASTER_ONE - width / 2;
    top = (double)v.y / RASTER_ONE - height / 2;
    surface = surface_next(job,
                           gfx_raster_parameters(job->raster, &vertex, 1, job->provoking,
                                                 job->source->parameters, true),
                           front);
    gfx_raster_point_planes(&v, left, top, width, height, surface);
    surface->z.at += bias;

    int32_t x0 = to_grid(left), y0 = to_grid(top);
    int32_t x1 = to_grid(left + width), y1 = to_grid(top + height);
    struct raster_polygon square = {.x = {x0, x1, x1, x0}, .y = {y0, y0, y1, y1}, .count = 4};

    return gfx_raster_scan(job->pipeline, &square, surface);
}

enum gfx_result gfx_raster_point(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                 const struct gfx_primitive *primitive)
{
    const struct gfx_plane flat = {0};
    struct job job;
    double bias;

    if (!job_make(pipeline, batch, primitive, 1, &job))
        return GFX_DONE;
    bias = gfx_raster_bias(job.setup, &job.setup->flat_bias, &flat, 0);
    return point_draw(&job, 0, true, bias);
}

/* ---- lines ---- */

static void line_polygon(const struct raster_setup *setup, const struct raster_vertex v[2],
                         struct raster_polygon *out)
{
    double dx = (double)(v[1].x - v[0].x), dy = (double)(v[1].y - v[0].y);
    double half = setup->line_width / 2, ox = 0, oy = 0;

    if (setup->line_square) {
        double length = hypot(dx, dy);

        ox = -dy / length * half;
        oy = dx / length * half;
    } else if (fabs(dx) >= fabs(dy)) {
        oy = half;
    } else {
        ox = half;
    }

    int32_t x = to_grid(ox), y = to_grid(oy);

    *out = (struct raster_polygon){.x = {v[0].x - x, v[1].x - x, v[1].x + x, v[0].x + x},
                                   .y = {v[0].y - y, v[1].y - y, v[1].y + y, v[0].y + y},
                                   .count = 4};
}

/* From vertex a to b of the primitive; `bias` NULL: the line's own. */
static enum gfx_result line_draw(const struct job *job, unsigned a, unsigned b, bool front,
                                 const double *bias)
{
    static const double weights[2] = {0, 1};
    const struct raster_setup *setup = job->setup;
    const struct gfx_vertex *vertices[2] = {job->vertex[a], job->vertex[b]};
    struct gfx_clip_corner whole[2] = {job->corner[a], job->corner[b]}, rest[2];
    struct gfx_surface_primitive *surface;
    struct raster_polygon polygon;
    struct raster_vertex v[2];

    for (unsigned i = 0; i < 2; i++) {
        whole[i].weight[0] = whole[i].linear[0] = weights[i];
        whole[i].weight[1] = whole[i].linear[1] = 0;
    }
    if (!gfx_clip_line(&setup->clip, whole, rest))
        return GFX_DONE;
    for (unsigned i = 0; i < 2; i++)
        gfx_raster_project(setup, job_viewport(job), &rest[i], &v[i]);
    if (v[0].x == v[1].x && v[0].y == v[1].y)
        return GFX_DONE;
    surface = surface_next(job,
                           gfx_raster_parameters(job->raster, vertices, 2, job->provoking,
                                                 job->source->parameters, false),
                           front);
    gfx_raster_line_planes(v, surface);
    surface->z.at += bias ? *bias
                          : gfx_raster_bias(setup, &setup->flat_bias, &surface->z,
                                            fmax(fabs(v[0].z), fabs(v[1].z)));
    line_polygon(setup, v, &polygon);
    return gfx_raster_scan(job->pipeline, &polygon, surface);
}

enum gfx_result gfx_raster_line(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                const struct gfx_primitive *primitive)
{
    struct job job;

    if (!job_make(pipeline, batch, primitive, 2, &job))
        return GFX_DONE;
    job_count(&job);
    return line_draw(&job, 0, 1, true, NULL);
}

/* ---- triangles ---- */

struct triangle {
    struct raster_vertex v[GFX_CLIP_CORNERS]; /* what clipping left */
    unsigned count;
    int64_t area; /* of all of it */
    bool front;
};

static int64_t fan_area(const struct triangle *triangle, unsigned i)
{
    const struct raster_vertex v[3] = {triangle->v[0], triangle->v[i], triangle->v[i + 1]};

    return gfx_raster_area(v);
}

static bool triangle_make(const struct job *job, struct triangle *out)
{
    struct gfx_clip_corner rest[GFX_CLIP_CORNERS];

    out->count = gfx_clip_triangle(&job->setup->clip, job->corner, rest);
    out->area = 0;
    for (unsigned i = 0; i < out->count; i++)
        gfx_raster_project(job->setup, job_viewport(job), &rest[i], &out->v[i]);
    for (unsigned i = 1; i + 1 < out->count; i++)
        out->area += fan_area(out, i);
    out->front = (out->area > 0) == job->setup->front_is_clockwise;
    return out->area != 0;
}

static double triangle_z_max(const struct triangle *triangle)
{
    double most = 0;

    for (unsigned i = 0; i < triangle->count; i++)
        most = fmax(most, fabs(triangle->v[i].z));
    return most;
}

static enum gfx_result triangle_fill(const struct job *job, const struct triangle *triangle)
{
    const struct raster_setup *setup = job->setup;
    const struct isa_parameter *parameters = gfx_raster_parameters(
        job->raster, job->vertex, 3, job->provoking, job->source->parameters, false);
    enum gfx_result result = GFX_DONE;

    for (unsigned i = 1; result == GFX_DONE && i + 1 < triangle->count; i++) {
        const struct raster_vertex v[3] = {triangle->v[0], triangle->v[i], triangle->v[i + 1]};
        struct raster_polygon polygon = {
            .x = {v[0].x, v[1].x, v[2].x}, .y = {v[0].y, v[1].y, v[2].y}, .count = 3};
        int64_t area = gfx_raster_area(v);
        struct gfx_surface_primitive *surface;

        if (area == 0 || (area > 0) != (triangle->area > 0))
            continue;
        surface = surface_next(job, parameters, triangle->front);
        gfx_raster_triangle_planes(v, surface);
        surface->z.at += gfx_raster_bias(setup, &setup->face[!triangle->front], &surface->z,
                                         triangle_z_max(triangle));
        result = gfx_raster_scan(job->pipeline, &polygon, surface);
    }
    return result;
}

/* The bias of lines and points that stand for a triangle is the triangle's. */
static double triangle_bias(const struct job *job, const struct triangle *triangle)
{
    struct gfx_surface_primitive surface;

    for (unsigned i = 1; i + 1 < triangle->count; i++) {
        const struct raster_vertex v[3] = {triangle->v[0], triangle->v[i], triangle->v[i + 1]};

        if (gfx_raster_area(v) == 0)
            continue;
        gfx_raster_triangle_planes(v, &surface);
        return gfx_raster_bias(job->setup, &job->setup->face[!triangle->front], &surface.z,
                               triangle_z_max(triangle));
    }
    return 0;
}

/* Edges are flagged by the primitive, and by the vertex that they begin at. */
static bool edge_is_drawn(const struct job *job, unsigned edge)
{
    const struct raster_setup *setup = job->setup;

    return job->source->edges >> edge & 1 &&
           (!setup->vertex_edges || sem_bits32(job->vertex[edge]->position[setup->misc_at][1]) & 1);
}

static enum gfx_result triangle_outline(const struct job *job, const struct triangle *triangle,
                                        enum raster_fill fill)
{
    double bias = triangle_bias(job, triangle);
    enum gfx_result result = GFX_DONE;

    for (unsigned i = 0; result == GFX_DONE && i < 3; i++) {
        if (!edge_is_drawn(job, i))
            continue;
        result = fill == RASTER_FILL_LINES ? line_draw(job, i, (i + 1) % 3, triangle->front, &bias)
                                           : point_draw(job, i, triangle->front, bias);
    }
    return result;
}

enum gfx_result gfx_raster_triangle(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                    const struct gfx_primitive *primitive)
{
    struct triangle triangle;
    enum raster_fill fill;
    struct job job;

    if (!job_make(pipeline, batch, primitive, 3, &job) || !triangle_make(&job, &triangle))
        return GFX_DONE;
    job_count(&job);
    if (job.setup->face[!triangle.front].culled)
        return GFX_DONE;
    fill = job.setup->fill[!triangle.front];
    return fill == RASTER_FILL_TRIANGLES ? triangle_fill(&job, &triangle)
                                         : triangle_outline(&job, &triangle, fill);
}

/* ---- rectangles ---- */

static int32_t min3(int32_t a, int32_t b, int32_t c)
{
    int32_t least = a < b ? a : b;

    return least < c ? least : c;
}

static int32_t max3(int32_t a, int32_t b, int32_t c)
{
    return -min3(-a, -b, -c);
}

enum gfx_result gfx_raster_rect(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                const struct gfx_primitive *primitive)
{
    struct gfx_surface_primitive *surface;
    struct raster_vertex v[3];
    struct job job;

    if (!job_make(pipeline, batch, primitive, 3, &job))
        return GFX_DONE;
    job_count(&job);
    for (unsigned i = 0; i < 3; i++) {
        if (!(job.corner[i].position[3] > 0))
            return gfx_refuse(pipeline, "a rectangle that reaches behind the eye");
        gfx_raster_project(job.setup, job_viewport(&job), &job.corner[i], &v[i]);
    }
    if (gfx_raster_area(v) == 0)
        return GFX_DONE;
    surface = surface_next(&job,
                           gfx_raster_parameters(job.raster, job.vertex, 3, job.provoking,
                                                 job.source->parameters, false),
                           true);
    gfx_raster_triangle_planes(v, surface);

    int32_t x0 = min3(v[0].x, v[1].x, v[2].x), x1 = max3(v[0].x, v[1].x, v[2].x);
    int32_t y0 = min3(v[0].y, v[1].y, v[2].y), y1 = max3(v[0].y, v[1].y, v[2].y);
    struct raster_polygon rect = {.x = {x0, x1, x1, x0}, .y = {y0, y0, y1, y1}, .count = 4};

    return gfx_raster_scan(pipeline, &rect, surface);
}
