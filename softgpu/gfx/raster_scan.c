/* SPDX-License-Identifier: MIT
 *
 * Which samples a polygon covers: those on the inner side of all its edges, edges being functions
 * a * x + b * y + c in 64-bit integers that are not negative inside. A sample on an edge belongs to
 * the polygon when the edge is a left one or a horizontal top one.
 *
 * Blocks of pixels that lie outside of an edge are skipped; edges that a block lies inside of are
 * not looked at in it, so most of a large polygon is handed on without any test.
 */
#include <string.h>

#include "softgpu/gfx/raster.h"

enum { BLOCK = 16, HALF = RASTER_ONE / 2, SAMPLE_STEP = RASTER_ONE / GFX_SAMPLE_GRID };

struct edge {
    int64_t a, b, c;
    int64_t low, high; /* the least and most that a block adds to its corner's value */
    int64_t at_sample[4][GFX_SAMPLES]; /* by pixel and sample, from the quad's corner */
};

struct scan {
    struct gfx_pipeline *pipeline;
    const struct raster_setup *setup;
    const struct gfx_surface_primitive *primitive;
    struct raster_rect area; /* pixels outside are not drawn */
    uint16_t all[4];         /* samples of a pixel that is covered, by the pixel in its quad */
    struct edge edge[RASTER_EDGES];
    unsigned edges;
};

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- preparation ---- */

/* From corner p to q with the inside on the right, as seen with y pointing down. */
static void edge_make(const struct gfx_samples *samples, const int32_t p[2], const int32_t q[2],
                      struct edge *out)
{
    out->a = (int64_t)p[1] - q[1];
    out->b = (int64_t)q[0] - p[0];
    out->c = -(out->a * p[0] + out->b * p[1]);
    if (!(out->a > 0 || (out->a == 0 && out->b > 0)))
        out->c--; /* samples on it are outside */
    out->low = BLOCK * RASTER_ONE * (min64(out->a, 0) + min64(out->b, 0));
    out->high = BLOCK * RASTER_ONE * (max64(out->a, 0) + max64(out->b, 0));
    for (int pixel = 0; pixel < 4; pixel++)
        for (unsigned s = 0; s < samples->count; s++) {
            const int8_t *at = samples->position[pixel][s];
            int64_t x = (pixel & 1) * RASTER_ONE + HALF + at[0] * SAMPLE_STEP;
            int64_t y = (pixel >> 1) * RASTER_ONE + HALF + at[1] * SAMPLE_STEP;

            out->at_sample[pixel][s] = out->a * x + out->b * y;
        }
}

static int64_t polygon_area(const struct raster_polygon *polygon)
{
    int64_t area = 0;

    for (unsigned i = 0; i < polygon->count; i++) {
        unsigned next = (i + 1) % polygon->count;

        area +=
            (int64_t)polygon->x[i] * polygon->y[next] - (int64_t)polygon->x[next] * polygon->y[i];
    }
    return area;
}

static void edges_make(struct scan *scan, const struct raster_polygon *polygon, bool clockwise)
{
    const struct gfx_samples *samples = &scan->setup->samples;

    for (unsigned i = 0; i < polygon->count; i++) {
        unsigned next = (i + 1) % polygon->count;
        int32_t p[2] = {polygon->x[i], polygon->y[i]}, q[2] = {polygon->x[next], polygon->y[next]};

        if (p[0] == q[0] && p[1] == q[1])
            continue;
        edge_make(samples, clockwise ? p : q, clockwise ? q : p, &scan->edge[scan->edges++]);
    }
}

/* The pixel that a position lies in; to the left or above when it is on a border is harmless. */
static int32_t pixel_of(int32_t position)
{
    return position >> 12;
}

_Static_assert(1 << 12 == RASTER_ONE, "pixel_of() shifts");

static bool area_make(struct scan *scan, const struct raster_polygon *polygon)
{
    const struct raster_rect *scissor = &scan->setup->viewport[scan->primitive->viewport].scissor;
    int32_t x0 = INT32_MAX, y0 = INT32_MAX, x1 = INT32_MIN, y1 = INT32_MIN;

    for (unsigned i = 0; i < polygon->count; i++) {
        x0 = (int32_t)min64(x0, polygon->x[i]);
        y0 = (int32_t)min64(y0, polygon->y[i]);
        x1 = (int32_t)max64(x1, polygon->x[i]);
        y1 = (int32_t)max64(y1, polygon->y[i]);
    }
    scan->area.x0 = (int32_t)max64(pixel_of(x0), scissor->x0);
    scan->area.y0 = (int32_t)max64(pixel_of(y0), scissor->y0);
    scan->area.x1 = (int32_t)min64(pixel_of(x1) + 1, scissor->x1);
    scan->area.y1 = (int32_t)min64(pixel_of(y1) + 1, scissor->y1);
    return scan->area.x0 < scan->area.x1 && scan->area.y0 < scan->area.y1;
}

/* ---- quads ---- */

static bool rect_holds(const struct raster_rect *rect, int32_t x, int32_t y)
{
    return x >= rect->x0 && x < rect->x1 && y >= rect->y0 && y < rect->y1;
}

static bool clip_rule_allows(const struct raster_setup *setup, int32_t x, int32_t y)
{
    unsigned inside = 0;

    if (setup->clip_rule == UINT16_MAX)
        return true;
    for (unsigned i = 0; i < RASTER_CLIP_RECTS; i++)
        inside |= (unsigned)rect_holds(&setup->clip_rect[i], x, y) << i;
    return setup->clip_rule >> inside & 1;
}

/* Takes pixels away that scissors and clip rectangles forbid. */
static void quad_restrict(const struct scan *scan, struct gfx_quad *quad)
{
    const struct raster_rect *area = &scan->area;

    if (quad->x >= area->x0 && quad->y >= area->y0 && quad->x + 1 < area->x1 &&
        quad->y + 1 < area->y1 && scan->setup->clip_rule == UINT16_MAX)
        return;
    for (int i = 0; i < 4; i++) {
        int32_t x = quad->x + (i & 1), y = quad->y + (i >> 1);

        if (!rect_holds(area, x, y) || !clip_rule_allows(scan->setup, x, y))
            quad->coverage[i] = 0;
    }
}

/* The samples of a pixel that are inside an edge. */
static uint16_t edge_samples(const struct edge *edge, int64_t corner, unsigned pixel,
                             unsigned samples)
{
    uint16_t inside = 0;

    for (unsigned s = 0; s < samples; s++)
        inside |= (uint16_t)((corner + edge->at_sample[pixel][s] >= 0) << s);
    return inside;
}

static void quad_cover(const struct scan *scan, unsigned edges, struct gfx_quad *quad)
{
    const unsigned samples = scan->setup->samples.count;

    memcpy(quad->coverage, scan->all, sizeof(quad->coverage));
    for (; edges; edges &= edges - 1) {
        const struct edge *edge = &scan->edge[__builtin_ctz(edges)];
        int64_t corner = edge->c + RASTER_ONE * (edge->a * quad->x + edge->b * quad->y);

        for (unsigned pixel = 0; pixel < 4; pixel++)
            quad->coverage[pixel] &= edge_samples(edge, corner, pixel, samples);
    }
    quad_restrict(scan, quad);
}

static enum gfx_result block_scan(const struct scan *scan, int32_t block_x, int32_t block_y,
                                  unsigned edges)
{
    const struct raster_rect *area = &scan->area;
    const int32_t x0 = (int32_t)max64(block_x, area->x0 & ~1);
    const int32_t x1 = (int32_t)min64(block_x + BLOCK, area->x1);
    const int32_t y1 = (int32_t)min64(block_y + BLOCK, area->y1);
    struct gfx_quad quad = {.primitive = scan->primitive};

    for (quad.y = (int32_t)max64(block_y, area->y0 & ~1); quad.y < y1; quad.y += 2)
        for (quad.x = x0; quad.x < x1; quad.x += 2) {
            quad_cover(scan, edges, &quad);
            if (quad.coverage[0] | quad.coverage[1] | quad.coverage[2] | quad.coverage[3]) {
                enum gfx_result result = gfx_pixel_quad(scan->pipeline, &quad);

                if (result != GFX_DONE)
                    return result;
            }
        }
    return GFX_DONE;
}

/* ---- blocks ---- */

/* The edges that cross a block, bit by bit; false when it lies outside of one. */
static bool block_edges(const struct scan *scan, int32_t x, int32_t y, unsigned *out_edges)
{
    *out_edges = 0;
    for (unsigned i = 0; i < scan->edges; i++) {
        const struct edge *edge = &scan->edge[i];
        int64_t corner = edge->c + RASTER_ONE * (edge->a * x + edge->b * y);

        if (corner + edge->high < 0)
            return false;
        if (corner + edge->low < 0)
            *out_edges |= 1u << i;
    }
    return true;
}

enum gfx_result gfx_raster_scan(struct gfx_pipeline *pipeline, const struct raster_polygon *polygon,
                                const struct gfx_surface_primitive *primitive)
{
    const struct raster_setup *setup = &pipeline->raster->setup;
    struct scan scan = {.pipeline = pipeline, .setup = setup, .primitive = primitive};
    int64_t area = polygon_area(polygon);

    if (area == 0 || !area_make(&scan, polygon))
        return GFX_DONE;
    edges_make(&scan, polygon, area > 0);
    for (unsigned i = 0; i < 4; i++)
        scan.all[i] = gfx_samples_all(&setup->samples) & setup->sample_mask[i];
    for (int32_t y = scan.area.y0 & ~(BLOCK - 1); y < scan.area.y1; y += BLOCK)
        for (int32_t x = scan.area.x0 & ~(BLOCK - 1); x < scan.area.x1; x += BLOCK) {
            enum gfx_result result;
            unsigned edges;

            if (!block_edges(&scan, x, y, &edges))
                continue;
            result = block_scan(&scan, x, y, edges);
            if (result != GFX_DONE)
                return result;
        }
    return GFX_DONE;
}
