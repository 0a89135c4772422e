/* SPDX-License-Identifier: MIT
 *
 * Inside the geometry stage, in the order of the work:
 *
 *   geometry_index.c     indices of vertices, from memory or counted
 *   geometry_assemble.c  primitives of them, by VGT_PRIMITIVE_TYPE
 *   geometry_setup.c     what the registers say of all that
 *   geometry.c           subgroups: primitives whose vertices are shaded together, each once
 *   geometry_run.c       runs a subgroup as waves, takes what they export, hands on a batch
 *   geometry_emit.c      of the older geometry shader: what its waves emit, and its copy shader
 *
 * Hardware works on subgroups side by side and keeps the order of their primitives; here they run
 * one after the other.
 *
 * Ownership: struct gfx_geometry owns its arrays. Thread safety: the ring's thread only.
 * Sources: Mesa's register database (gfx103.json); Mesa's ac_nir_lower_ngg.c, radv_shader_args.c
 * and gfx10_get_ngg_info() for what NGG shaders are given and what limits a subgroup; the RDNA 2
 * ISA guide for exports.
 */
#ifndef SOFTGPU_GFX_GEOMETRY_H
#define SOFTGPU_GFX_GEOMETRY_H

#include "base/bits.h"
#include "softgpu/gfx/pipeline.h"
#include "softgpu/gfx/port.h"
#include "softgpu/gfx/program.h"
#include "softgpu/gfx/streamout.h"

enum {
    GFX_CORNERS = 6,          /* vertices of a primitive with adjacency */
    GFX_SUBGROUP_MAX = 256,   /* vertices, and primitives; threads that export either */
    GFX_SUBGROUP_TABLE = 1024 /* places of the search for a vertex; a power of two */
};

/* VGT_PRIMITIVE_TYPE, as far as it is drawn. */
enum gfx_topology {
    GFX_POINT_LIST = 1,
    GFX_LINE_LIST = 2,
    GFX_LINE_STRIP = 3,
    GFX_TRIANGLE_LIST = 4,
    GFX_TRIANGLE_FAN = 5,
    GFX_TRIANGLE_STRIP = 6,
    GFX_LINE_LIST_ADJACENT = 10,
    GFX_LINE_STRIP_ADJACENT = 11,
    GFX_TRIANGLE_LIST_ADJACENT = 12,
    GFX_TRIANGLE_STRIP_ADJACENT = 13,
    GFX_RECT_LIST = 17,
    GFX_LINE_LOOP = 18,
    GFX_QUAD_LIST = 19,
    GFX_QUAD_STRIP = 20,
    GFX_POLYGON = 21,
    GFX_TOPOLOGIES = 32
};

/* ---- indices ---- */

struct gfx_indices {
    const struct gfx_draw *draw;
    struct gfx_port port;
    uint32_t next; /* of the draw's `count` */
    uint32_t offset, least, most;
    bool restart;
    uint32_t restart_index;
};

enum gfx_index_event { GFX_INDEX_VERTEX, GFX_INDEX_RESTART, GFX_INDEX_END, GFX_INDEX_FAULT };

void gfx_indices_begin(struct gfx_pipeline *pipeline, const struct gfx_draw *draw,
                       struct gfx_indices *out_indices);
/* The next vertex of an instance. */
enum gfx_index_event gfx_indices_next(struct gfx_pipeline *pipeline, struct gfx_indices *indices,
                                      uint32_t *out_vertex);

/* ---- primitives ---- */

enum {
    GFX_ALL_EDGES = 7,
    GFX_ASSEMBLED_MAX = 2, /* that one vertex completes: a quad is two triangles */
    GFX_RECENT = 10,
};

struct gfx_assembled {
    uint32_t vertex[GFX_CORNERS];
    unsigned provoking; /* which of them */
    uint8_t edges; /* bit c: from corner c on is an edge, not the inside of a quad or polygon */
};

struct gfx_assembler {
    enum gfx_topology topology;
    bool provoking_last;
    uint32_t first, recent[GFX_RECENT]; /* of this strip; recent[0] is the latest vertex */
    uint32_t count;                     /* vertices since the last restart */
};

/* False when the topology is not drawn. */
bool gfx_assembler_begin(const struct gfx_registers *registers,
                         struct gfx_assembler *out_assembler);
unsigned gfx_assembler_corners(const struct gfx_assembler *assembler);
/* How many primitives this vertex completes. */
unsigned gfx_assembler_vertex(struct gfx_assembler *assembler, uint32_t vertex,
                              struct gfx_assembled out_primitives[GFX_ASSEMBLED_MAX]);
/* A restart index or the end of the instance. It completes loops, polygons and what waits to be
 * known as the last of its strip. */
unsigned gfx_assembler_cut(struct gfx_assembler *assembler,
                           struct gfx_assembled out_primitives[GFX_ASSEMBLED_MAX]);

/* ---- subgroups ---- */

struct gfx_subgroup {
    uint32_t vertex_count, primitive_count;
    uint32_t vertex[GFX_SUBGROUP_MAX], instance[GFX_SUBGROUP_MAX]; /* what is shaded */
    uint32_t vertex_primitive[GFX_SUBGROUP_MAX];                   /* id, of legacy shaders */
    uint16_t corner[GFX_SUBGROUP_MAX][GFX_CORNERS];                /* by place in the subgroup */
    uint32_t primitive_id[GFX_SUBGROUP_MAX];
    uint8_t edges[GFX_SUBGROUP_MAX];    /* of primitives: see struct gfx_assembled */
    uint16_t table[GFX_SUBGROUP_TABLE]; /* 1 + place of a vertex; 0 = free */
};

/* What the registers say of a draw. */
struct gfx_geometry_setup {
    bool ngg, passthrough, implicit_alloc;
    bool geometry_shader;
    bool emits;           /* one of the older kind: see geometry_emit.c */
    bool copies;          /* the vertex shader behind it, */
    bool discards;        /* of a stream that is not rasterised */
    unsigned corners;     /* vertices of an input primitive; adjacent ones: of a geometry shader */
    unsigned invocations; /* of the geometry shader, for each primitive */
    unsigned amplification; /* threads for each of those */
    unsigned vertex_limit, primitive_limit;
    bool fresh_provoking; /* a provoking vertex is of one primitive only */
    bool fresh_all;       /* all are: the shader sees the primitive's id with the vertex */
    uint32_t item_size;   /* units of the offsets that geometry shaders get */
    uint32_t lds_bytes;
    unsigned parameters; /* exported, of vertices and of primitives */
    enum gfx_primitive_type output;
    uint64_t user_data_address; /* s0, s1 of merged shaders */
    struct gfx_program program;
    struct gfx_streamout streamout; /* of the subgroup in execution */
};

enum { GFX_EMITTED_MAX = 1024 }; /* vertices of a thread, of each stream */

/* What a thread has emitted into a stream: strips, which begin at the vertices with a bit. */
struct gfx_emitted {
    uint32_t count;
    uint32_t begins[GFX_EMITTED_MAX / 32];
};

struct gfx_geometry {
    struct gfx_geometry_setup setup;
    struct gfx_geometry_setup copy; /* with setup.emits */
    struct gfx_indices indices;
    struct gfx_assembler assembler;
    struct gfx_subgroup subgroup;
    struct gfx_group_cache cache, copy_cache;

    /* What the waves of a subgroup have said. */
    struct isa_graphics graphics;
    struct gfx_pipeline *pipeline; /* for the callbacks */
    bool allocated;
    uint32_t out_vertices, out_primitives; /* asked for by GS_ALLOC_REQ */
    uint32_t exported[GFX_SUBGROUP_MAX];   /* primitives as exported */
    bool exported_any[GFX_SUBGROUP_MAX];

    struct gfx_vertex vertices[GFX_SUBGROUP_MAX];
    uint32_t parameters[GFX_SUBGROUP_MAX][ISA_PARAMETERS][4];
    struct gfx_primitive primitives[GFX_SUBGROUP_MAX];
    struct gfx_emitted emitted[GFX_STREAMS][GFX_SUBGROUP_MAX];
};

/* Refuses stages that are not modelled. */
enum gfx_result gfx_geometry_check(struct gfx_pipeline *pipeline);
/* Reads the registers, once the assembler has begun. */
enum gfx_result gfx_geometry_setup_read(struct gfx_pipeline *pipeline,
                                        struct gfx_geometry_setup *out_setup);
/* Runs what is in the subgroup and hands it on. */
enum gfx_result gfx_geometry_run(struct gfx_pipeline *pipeline);
/* Its waves only. */
enum gfx_result gfx_geometry_shade(struct gfx_pipeline *pipeline);
/* Threads that make primitives. */
unsigned gfx_geometry_threads(const struct gfx_geometry *geometry);

/* Runs a subgroup of an older geometry shader, and hands on what it has emitted. */
enum gfx_result gfx_geometry_emit(struct gfx_pipeline *pipeline);
/* A message of one of its waves, to those lanes that execute. */
void gfx_geometry_emit_message(struct gfx_geometry *geometry, const struct isa_wave *w,
                               uint32_t message);
/* Where a wave's vertices begin, in dwords of the ring. */
uint32_t gfx_geometry_emit_base(const struct gfx_geometry *geometry, unsigned wave);

#endif
