/* SPDX-License-Identifier: MIT
 *
 * Inside the rasteriser: what raster*.c share.
 *
 *   raster.c             a batch's primitives, one after the other
 *   raster_register.c    what registers say, when a draw begins
 *   raster_parameter.c   parameters of a primitive, for v_interp_*
 *   raster_setup.c       from clip space to the window; planes
 *   raster_primitive.c   triangles, rectangles, lines and points as polygons in the window
 *   raster_scan.c        the quads that a polygon covers
 *
 * Positions in the window are integers of RASTER_ONE to the pixel, so coverage is exact: of two
 * polygons that share an edge, one covers a sample on it.
 *
 * Thread safety: the ring's thread only.
 */
#ifndef SOFTGPU_GFX_RASTER_H
#define SOFTGPU_GFX_RASTER_H

#include "softgpu/gfx/clip.h"
#include "softgpu/gfx/pipeline.h"
#include "softgpu/gfx/samples.h"

/* The finest grid that PA_SU_VTX_CNTL.QUANT_MODE has; coordinates stay below RASTER_LIMIT pixels.
 */
enum { RASTER_ONE = 4096, RASTER_LIMIT = 32768 };

enum { RASTER_VIEWPORTS = 16, RASTER_CLIP_RECTS = 4, RASTER_PLANES = 6, RASTER_PENDING = 256 };

struct raster_rect {
    int32_t x0, y0, x1, y1; /* pixels; x1 and y1 are outside */
};

struct raster_viewport {
    double scale[3], offset[3];
    float z_min, z_max;
    struct raster_rect scissor; /* all scissors that apply */
};

/* Triangles by the side that they show. */
struct raster_face {
    bool culled;
    bool biased;
    double bias_scale, bias_offset;
};

enum raster_fill { RASTER_FILL_POINTS, RASTER_FILL_LINES, RASTER_FILL_TRIANGLES };

/* What the registers say, read when a draw begins. */
struct raster_setup {
    struct gfx_clip_rules clip;
    uint8_t plane_mask; /* user planes, whose distances are made of positions */
    double plane[RASTER_PLANES][4];
    struct raster_viewport viewport[RASTER_VIEWPORTS];
    struct gfx_samples samples;
    uint16_t sample_mask[4]; /* by the pixel in its quad */
    uint16_t clip_rule;      /* bit n: pixels in the rectangles that are n's bits are drawn */
    struct raster_rect clip_rect[RASTER_CLIP_RECTS];

    bool kill;                    /* nothing is drawn */
    bool xy_projected, w_inverse; /* PA_CL_VTE_CNTL: xy are not divided by w; w is 1/w already */
    bool z_projected;
    double shift; /* of pixel centres */
    double window_x, window_y;
    int32_t grid;     /* RASTER_ONEs of a step that positions are rounded to */
    uint8_t rounding; /* PA_SU_VTX_CNTL.ROUND_MODE */
    bool front_is_clockwise;
    enum raster_fill fill[2];              /* front, back */
    struct raster_face face[2], flat_bias; /* front, back; points and lines */
    bool bias_float; /* of a float format: bias_bits are beside the exponent of the depth */
    int bias_bits;   /* the bias' unit is a depth of 2 to the power of this */
    double bias_clamp;
    bool provoking_last;

    /* Which of gfx_vertex.position holds what; 0: none of them */
    uint8_t misc_at, distance_at[2];
    bool vertex_size, vertex_edges, vertex_layer, vertex_viewport;
    double point_width, point_height, point_min, point_max; /* pixels */
    double line_width;
    bool line_square; /* ends are at right angles to the line */
};

/* Where a corner is in the window. */
struct raster_vertex {
    int32_t x, y;      /* RASTER_ONEs */
    double z;          /* of the viewport */
    double reciprocal; /* of w */
    double weight[2], linear[2];
};

/* What parameters are made from, by the attribute: SPI_PS_INPUT_CNTL_n. */
struct raster_attribute {
    uint8_t source; /* the export's number */
    uint8_t fixed;  /* the number of a constant instead, or 0xff */
    bool flat, raw, half, sprite;
    bool own; /* the primitive's, not its vertices' */
};

struct gfx_raster {
    struct raster_setup setup;
    unsigned attributes;
    struct raster_attribute attribute[ISA_PARAMETERS];
    uint8_t sprite_select[4]; /* SPI_INTERP_CONTROL_0.PNT_SPRITE_OVRD_X ... */
    bool sprites, sprite_bottom_up;
    bool generates; /* PARAM_GEN: of points, sprite coordinates in one more parameter */

    /* What quads on their way refer to; used again after gfx_pixel_flush(). */
    struct gfx_surface_primitive primitive[RASTER_PENDING];
    unsigned primitive_count;
    struct isa_parameter parameter[RASTER_PENDING][ISA_PARAMETERS];
    unsigned parameter_count;
};

/* ---- raster_register.c ---- */

/* Reads all but attributes. */
enum gfx_result gfx_raster_read_setup(struct gfx_pipeline *pipeline);

/* ---- raster_parameter.c ---- */

enum gfx_result gfx_raster_read_attributes(struct gfx_pipeline *pipeline);

/* The parameters of a primitive of `count` vertices: P0 of the first, P10 and P20 to the others.
 * `provoking`: whose values flat ones are; `own`: the primitive's. `point`: sprite coordinates take
 * part. Room for them has been made. */
const struct isa_parameter *gfx_raster_parameters(struct gfx_raster *raster,
                                                  const struct gfx_vertex *const *vertices,
                                                  unsigned count,
                                                  const struct gfx_vertex *provoking,
                                                  const uint32_t (*own)[4], bool point);

/* ---- raster_setup.c ---- */

/* A vertex before it is clipped; weights are the caller's. */
void gfx_raster_corner(const struct raster_setup *setup, const struct gfx_vertex *vertex,
                       struct gfx_clip_corner *out_corner);
void gfx_raster_project(const struct raster_setup *setup, const struct raster_viewport *viewport,
                        const struct gfx_clip_corner *corner, struct raster_vertex *out_vertex);

/* Twice the area, positive when the corners are clockwise as seen (y points down). */
int64_t gfx_raster_area(const struct raster_vertex v[3]);

/* Planes through the corners of a triangle whose area is not 0, along a line whose ends differ. */
void gfx_raster_triangle_planes(const struct raster_vertex v[3],
                                struct gfx_surface_primitive *out_primitive);
void gfx_raster_line_planes(const struct raster_vertex v[2],
                            struct gfx_surface_primitive *out_primitive);
/* I and J are 0 .. 1 across the rectangle: sprite coordinates. */
void gfx_raster_point_planes(const struct raster_vertex *v, double left, double top, double width,
                             double height, struct gfx_surface_primitive *out_primitive);

/* What depth bias adds to depths whose plane is `z`; `z_max`: the largest of the primitive. */
double gfx_raster_bias(const struct raster_setup *setup, const struct raster_face *face,
                       const struct gfx_plane *z, double z_max);

/* ---- raster_primitive.c ---- */

enum gfx_result gfx_raster_triangle(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                    const struct gfx_primitive *primitive);
enum gfx_result gfx_raster_rect(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                const struct gfx_primitive *primitive);
enum gfx_result gfx_raster_line(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                const struct gfx_primitive *primitive);
enum gfx_result gfx_raster_point(struct gfx_pipeline *pipeline, const struct gfx_batch *batch,
                                 const struct gfx_primitive *primitive);

/* ---- raster_scan.c ---- */

enum { RASTER_EDGES = 4 };

/* A convex polygon; corners in either order. */
struct raster_polygon {
    int32_t x[RASTER_EDGES], y[RASTER_EDGES];
    unsigned count; /* 3 or 4 */
};

/* Hands the quads on that have a sample inside the polygon and the viewport's scissor. */
enum gfx_result gfx_raster_scan(struct gfx_pipeline *pipeline, const struct raster_polygon *polygon,
                                const struct gfx_surface_primitive *primitive);

#endif
