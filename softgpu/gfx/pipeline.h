/* SPDX-License-Identifier: MIT
 *
 * The graphics pipeline: what its stages hand to each other, in the order of a draw.
 *
 *   draw.c       a draw packet and the registers become a struct gfx_draw
 *   geometry*.c  runs vertex work (NGG or legacy) and assembles primitives        -> gfx_batch
 *   raster*.c    clips, transforms, culls, finds the covered pixels               -> gfx_quad
 *   pixel*.c     tests depth, packs quads into waves, runs the pixel shader       -> gfx_fragment
 *   color*.c, depth*.c  read, blend or compare, and write surfaces in memory
 *
 * Everything runs on the ring's thread, and primitives reach memory in the order of the API. The
 * registers are read where they are needed (softgpu/gfx/registers.h); nothing is kept from draw to
 * draw but caches that are filled again when the draw begins.
 *
 * Ownership: each stage owns its working memory, in its part of struct gfx_pipeline; what is handed
 * on is borrowed for the call.
 * Errors: a stage that meets something that is not modelled calls gfx_refuse(): the job fails with
 * a line that says what, and the program sees its device lost. Nothing is skipped silently.
 */
#ifndef SOFTGPU_GFX_PIPELINE_H
#define SOFTGPU_GFX_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/gfx/state.h"
#include "softgpu/isa/graphics.h"
#include "softgpu/isa/wave.h"

enum gfx_result {
    GFX_DONE,
    GFX_STOPPED, /* machine->go_on() said no */
    GFX_FAULT,   /* pipeline->fault, or pipeline->obstacle when its kind is NONE */
};

/* What the command processor lends. */
struct gfx_machine {
    enum isa_gen gen;
    struct isa_memory *memory;
    const struct isa_host *host;
    struct isa_code *code;
    /* Asked between waves and between batches: false, leave at once. May sleep or wait. */
    bool (*go_on)(void *context);
    void *context;
};

enum { GFX_POSITIONS = 5, GFX_TARGETS = 8, GFX_SAMPLES = 8 };

/* ---- draw -> geometry ---- */

struct gfx_draw {
    uint32_t count; /* vertices or indices of an instance */
    uint32_t instances;
    bool indexed;
    uint64_t index_va;    /* of the first index */
    uint32_t index_limit; /* indices that may be read there; beyond them an index is 0 */
    uint32_t index_bytes; /* 1, 2 or 4 */
    /* The first vertex and instance, and the draw's number, are in user SGPRs already. */
};

/* ---- geometry -> raster ---- */

enum gfx_primitive_type { GFX_POINT, GFX_LINE, GFX_TRIANGLE, GFX_RECT };

/* As exported: position, then what PA_CL_VS_OUT_CNTL says (point size, layer, viewport, clip and
 * cull distances ...). */
struct gfx_vertex {
    float position[GFX_POSITIONS][4];
    uint32_t (*parameters)[4]; /* of ISA_PARAMETERS, by the number of the export */
};

struct gfx_primitive {
    uint32_t vertex[3]; /* of the batch; points use one, lines two; the provoking one as
                         * PA_SU_SC_MODE_CNTL.PROVOKING_VTX_LAST says */
    uint32_t id;        /* primitive id, if no parameter exports it */
    uint8_t edges;      /* edge flags: bit i is set: edge i is drawn */
    /* Of the primitive itself, by the number of the export; NULL: there are none. */
    const uint32_t (*parameters)[4];
};

struct gfx_batch {
    enum gfx_primitive_type type;
    const struct gfx_vertex *vertices;
    uint32_t vertex_count;
    const struct gfx_primitive *primitives;
    uint32_t primitive_count;
};

/* ---- raster -> pixel ---- */

/* A value that is linear in the window. */
struct gfx_plane {
    double at;     /* the value where the primitive's planes begin */
    double dx, dy; /* by the pixel */
};

/* What is the same for all quads of a primitive; of a clipped one each part has its own. */
struct gfx_surface_primitive {
    const struct isa_parameter *parameters; /* ISA_PARAMETERS, by SPI_PS_INPUT_CNTL's order */
    uint32_t layer, viewport;
    bool front; /* facing */
    uint32_t id;
    double x, y; /* where the planes begin, in pixels from the target's corner */
    /* A parameter is P0 + I * P10 + J * P20. In perspective I, J and 1 are divided by w. */
    struct gfx_plane i_w, j_w, reciprocal_w;
    struct gfx_plane i, j;
    struct gfx_plane z;
    float z_min, z_max; /* depths are clamped to these */
};

/* Two by two pixels; pixel i is at (x + (i & 1), y + (i >> 1)). Coordinates are of the target. */
struct gfx_quad {
    const struct gfx_surface_primitive *primitive;
    int32_t x, y;         /* even */
    uint16_t coverage[4]; /* samples covered, bit by bit; 0: a helper pixel */
};

/* ---- pixel -> colour and depth ---- */

/* One pixel that lives. Colours as exported: f32 or integer patterns of the export's format
 * (SPI_SHADER_COL_FORMAT), unpacked to 32 bits each. */
struct gfx_fragment {
    int32_t x, y;
    uint32_t layer;
    uint16_t samples; /* that are written */
    uint32_t color[GFX_TARGETS][4];
    uint8_t exported; /* targets that the shader exported to, bit by bit */
    float z[GFX_SAMPLES];
    uint8_t stencil; /* reference, when the shader exports it */
    bool front;
};

/* ---- the whole ---- */

struct gfx_geometry;
struct gfx_raster;
struct gfx_pixel;
struct gfx_output;

struct gfx_pipeline {
    struct gfx_state *state; /* borrowed: the queue's */
    struct gfx_machine machine;
    struct gfx_geometry *geometry;
    struct gfx_raster *raster;
    struct gfx_pixel *pixel;
    struct gfx_output *output;
    unsigned surface_samples_log2; /* the most that a surface of the draw has; gfx_output_begin() */
    struct isa_fault fault;
    char obstacle[160];
};

/* The stages of a pipeline; NULL in *out_pipeline and ENOMEM without memory. */
rw_status gfx_pipeline_create(struct gfx_state *state, const struct gfx_machine *machine,
                              struct gfx_pipeline **out_pipeline) RW_MUST_USE;
void gfx_pipeline_destroy(struct gfx_pipeline *pipeline); /* NULL is fine */

/* Runs a draw to its end. */
enum gfx_result gfx_draw(struct gfx_pipeline *pipeline, const struct gfx_draw *draw);

/* Notes what is not modelled; returns GFX_FAULT. */
enum gfx_result gfx_refuse(struct gfx_pipeline *pipeline, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Each stage: create and destroy its part; begin reads the registers of a draw; then what it takes,
 * as often as there is some; end hands on what is left. */
rw_status gfx_geometry_create(struct gfx_pipeline *pipeline) RW_MUST_USE;
void gfx_geometry_destroy(struct gfx_pipeline *pipeline);
enum gfx_result gfx_geometry_draw(struct gfx_pipeline *pipeline, const struct gfx_draw *draw);

rw_status gfx_raster_create(struct gfx_pipeline *pipeline) RW_MUST_USE;
void gfx_raster_destroy(struct gfx_pipeline *pipeline);
enum gfx_result gfx_raster_begin(struct gfx_pipeline *pipeline);
enum gfx_result gfx_raster_batch(struct gfx_pipeline *pipeline, const struct gfx_batch *batch);

rw_status gfx_pixel_create(struct gfx_pipeline *pipeline) RW_MUST_USE;
void gfx_pixel_destroy(struct gfx_pipeline *pipeline);
enum gfx_result gfx_pixel_begin(struct gfx_pipeline *pipeline);
enum gfx_result gfx_pixel_quad(struct gfx_pipeline *pipeline, const struct gfx_quad *quad);
/* Runs what has been collected; before a primitive's parameters go away, and at the end. */
enum gfx_result gfx_pixel_flush(struct gfx_pipeline *pipeline);

rw_status gfx_output_create(struct gfx_pipeline *pipeline) RW_MUST_USE;
void gfx_output_destroy(struct gfx_pipeline *pipeline);
enum gfx_result gfx_output_begin(struct gfx_pipeline *pipeline);
/* Early and late depth: clears the samples that fail, counts those that pass (occlusion queries),
 * updates depth and stencil. */
enum gfx_result gfx_output_depth(struct gfx_pipeline *pipeline, struct gfx_fragment *fragments,
                                 uint32_t count);
enum gfx_result gfx_output_color(struct gfx_pipeline *pipeline,
                                 const struct gfx_fragment *fragments, uint32_t count);

#endif
