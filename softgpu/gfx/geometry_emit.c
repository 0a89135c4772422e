/* SPDX-License-Identifier: MIT
 *
 * The older geometry shader, which Mesa uses for what captures: see geometry.h.
 *
 * Its waves are merged ones as NGG's are, but export nothing: they store vertices in a ring in
 * memory and say with messages that their lanes have emitted one, or have ended a strip. A second
 * program, the vertex stage's, then gets a vertex's place in the ring and exports what lies there,
 * stream by stream; streamout is this one's.
 *
 * A wave's part of the ring holds the streams one after the other. Sixteen lanes share a block of
 * rows: a component has one row of sixteen dwords for each vertex that a lane may emit.
 *
 * Sources: Mesa's visit_emit_vertex_with_counter(), select_gs_copy_shader() and
 * si_preload_gs_rings(), radv_pipeline_emit_hw_gs() for the registers.
 */
#include <string.h>

#include "softgpu/gfx/geometry.h"

enum { ROW = 16 }; /* lanes, and dwords */

static uint32_t context(const struct gfx_geometry *g, enum gfx_register number)
{
    return gfx_context(&g->pipeline->state->registers, number);
}

/* ---- what waves say ---- */

void gfx_geometry_emit_message(struct gfx_geometry *g, const struct isa_wave *w, uint32_t message)
{
    enum { CUT = 1 << 4, EMIT = 1 << 5 };
    struct gfx_emitted *stream = g->emitted[message >> 8 & 3];
    uint64_t exec = w->sgpr[ISA_REG_EXEC_LO];

    if (w->lanes == 64)
        exec |= (uint64_t)w->sgpr[ISA_REG_EXEC_HI] << 32;
    for (uint64_t left = exec; left; left &= left - 1) {
        const unsigned lane = (unsigned)__builtin_ctzll(left), thread = w->index * w->lanes + lane;
        struct gfx_emitted *e = &stream[thread < GFX_SUBGROUP_MAX ? thread : 0];

        if (message & EMIT)
            e->count++;
        if (message & CUT && e->count < GFX_EMITTED_MAX)
            e->begins[e->count / 32] |= 1u << e->count % 32;
        if (thread >= GFX_SUBGROUP_MAX || e->count > GFX_EMITTED_MAX) {
            gfx_refuse(g->pipeline, "a geometry shader that emits %u vertices", e->count);
            return;
        }
    }
}

/* ---- places in the ring, in dwords ---- */

uint32_t gfx_geometry_emit_base(const struct gfx_geometry *g, unsigned wave)
{
    return wave * g->setup.program.lanes * (context(g, GFX_VGT_GSVS_RING_ITEMSIZE) & 0x7fff);
}

struct ring {
    unsigned lanes;
    uint32_t wave;   /* of a wave */
    uint32_t stream; /* where a wave's part of the stream begins */
    uint32_t block;  /* of sixteen lanes */
};

static struct ring ring_of(const struct gfx_geometry *g, unsigned stream)
{
    const uint32_t vertices = context(g, GFX_VGT_GS_MAX_VERT_OUT) & 0x7ff;
    const uint32_t item = context(g, GFX_VGT_GS_VERT_ITEMSIZE + stream) & 0x7fff;
    const uint32_t offset =
        stream ? context(g, GFX_VGT_GSVS_RING_OFFSET_1 + stream - 1) & 0x7fff : 0;

    return (struct ring){.lanes = g->setup.program.lanes,
                         .wave = gfx_geometry_emit_base(g, 1),
                         .stream = offset * g->setup.program.lanes,
                         .block = item * vertices * ROW};
}

static uint32_t ring_place(const struct ring *ring, unsigned thread, uint32_t vertex)
{
    const unsigned wave = thread / ring->lanes, lane = thread % ring->lanes;

    return wave * ring->wave + ring->stream + lane / ROW * ring->block + vertex * ROW + lane % ROW;
}

static bool ring_fits(const struct gfx_geometry *g)
{
    enum { UNIT = 256 / 4 }; /* of VGT_GSVS_RING_SIZE, in dwords */
    const uint64_t size = g->pipeline->state->registers.uconfig[GFX_VGT_GSVS_RING_SIZE - 0xc000];
    const unsigned lanes = g->setup.program.lanes;
    const unsigned waves = (gfx_geometry_threads(g) + lanes - 1) / lanes;

    return gfx_geometry_emit_base(g, waves) <= size * UNIT;
}

/* ---- the program behind it ---- */

/* What one stream's strips are of. */
static enum gfx_topology topology_of(const struct gfx_geometry *g, unsigned stream)
{
    static const enum gfx_topology topologies[] = {GFX_POINT_LIST, GFX_LINE_STRIP,
                                                   GFX_TRIANGLE_STRIP};
    const uint32_t unique = 1u << 31;
    const uint32_t types = context(g, GFX_VGT_GS_OUT_PRIM_TYPE);
    const uint32_t type = types >> (types & unique ? 8 * stream : 0) & 0x3f;

    return type < sizeof(topologies) / sizeof(topologies[0]) ? topologies[type] : 0;
}

/* The setup is that of the program behind it from here on. */
static bool stream_begin(struct gfx_geometry *g, unsigned stream, struct gfx_assembler *out)
{
    static const enum gfx_primitive_type types[] = {
        [1] = GFX_POINT, [2] = GFX_LINE, [3] = GFX_TRIANGLE};
    enum { PROVOKING_VTX_LAST = 1 << 19 };
    const struct gfx_registers *r = &g->pipeline->state->registers;

    *out = (struct gfx_assembler){.topology = topology_of(g, stream),
                                  .provoking_last =
                                      context(g, GFX_PA_SU_SC_MODE_CNTL) & PROVOKING_VTX_LAST};
    if (out->topology == 0)
        return false;
    g->setup.corners = gfx_assembler_corners(out);
    g->setup.output = types[g->setup.corners];
    g->setup.discards = stream > 0;
    gfx_streamout_read(r, stream, g->setup.corners, &g->setup.streamout);
    return true;
}

static enum gfx_result copies_flush(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = pipeline->geometry;
    enum gfx_result result = GFX_DONE;

    if (g->subgroup.primitive_count > 0)
        result = gfx_geometry_run(pipeline);
    g->subgroup.vertex_count = g->subgroup.primitive_count = 0;
    return result;
}

/* Every corner is a vertex of its own, as streamout wants it. */
static enum gfx_result copy_add(struct gfx_pipeline *pipeline,
                                const struct gfx_assembled *primitive)
{
    struct gfx_geometry *g = pipeline->geometry;
    struct gfx_subgroup *s = &g->subgroup;
    const unsigned corners = g->setup.corners;
    enum gfx_result result = GFX_DONE;

    if (s->vertex_count + corners > GFX_SUBGROUP_MAX)
        result = copies_flush(pipeline);
    for (unsigned c = 0; c < corners; c++) {
        s->vertex[s->vertex_count] = primitive->vertex[c];
        s->instance[s->vertex_count] = s->vertex_primitive[s->vertex_count] = 0;
        s->corner[s->primitive_count][c] = (uint16_t)s->vertex_count++;
    }
    s->edges[s->primitive_count] = primitive->edges;
    s->primitive_id[s->primitive_count++] = 0;
    return result;
}

/* The strips of one thread. */
static enum gfx_result thread_copy(struct gfx_pipeline *pipeline, const struct ring *ring,
                                   unsigned thread, const struct gfx_emitted *emitted,
                                   struct gfx_assembler *assembler)
{
    struct gfx_assembled parts[GFX_ASSEMBLED_MAX];
    enum gfx_result result = GFX_DONE;

    gfx_assembler_cut(assembler, parts);
    for (uint32_t v = 0; v < emitted->count && result == GFX_DONE; v++) {
        unsigned complete;

        if (emitted->begins[v / 32] >> v % 32 & 1)
            gfx_assembler_cut(assembler, parts);
        complete = gfx_assembler_vertex(assembler, ring_place(ring, thread, v), parts);
        for (unsigned i = 0; i < complete && result == GFX_DONE; i++) {
            result = copy_add(pipeline, &parts[i]);
            if (pipeline->state->statistics_on)
                pipeline->state->statistics[GFX_STATISTIC_GS_PRIMITIVES]++;
        }
    }
    return result;
}

static enum gfx_result stream_copy(struct gfx_pipeline *pipeline, const struct ring *ring,
                                   unsigned stream, unsigned threads)
{
    struct gfx_geometry *g = pipeline->geometry;
    enum gfx_result result = GFX_DONE;
    struct gfx_assembler assembler;

    if (!stream_begin(g, stream, &assembler))
        return gfx_refuse(pipeline, "a geometry shader that emits no known primitives "
                                    "(VGT_GS_OUT_PRIM_TYPE)");
    if (stream > 0 && !g->setup.streamout.counts)
        return GFX_DONE;
    for (unsigned t = 0; t < threads && result == GFX_DONE; t++)
        result = thread_copy(pipeline, ring, t, &g->emitted[stream][t], &assembler);
    return result == GFX_DONE ? copies_flush(pipeline) : result;
}

/* ---- a subgroup ---- */

static enum gfx_result emitted_copy(struct gfx_pipeline *pipeline, unsigned threads)
{
    struct gfx_geometry *g = pipeline->geometry;
    const struct gfx_geometry_setup emitting = g->setup;
    enum gfx_result result = GFX_DONE;
    struct ring rings[GFX_STREAMS];

    for (unsigned i = 0; i < GFX_STREAMS; i++)
        rings[i] = ring_of(g, i);
    g->subgroup.vertex_count = g->subgroup.primitive_count = 0;
    g->setup = g->copy;
    for (unsigned i = 0; i < GFX_STREAMS && result == GFX_DONE; i++)
        result = stream_copy(pipeline, &rings[i], i, threads);
    g->setup = emitting;
    return result;
}

enum gfx_result gfx_geometry_emit(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = pipeline->geometry;
    struct gfx_state *state = pipeline->state;
    const unsigned threads = gfx_geometry_threads(g);
    enum gfx_result result;

    if (!ring_fits(g))
        return gfx_refuse(pipeline, "a geometry shader that emits more than its ring has room for "
                                    "(VGT_GSVS_RING_SIZE)");
    for (unsigned i = 0; i < GFX_STREAMS; i++)
        memset(g->emitted[i], 0, threads * sizeof(g->emitted[i][0]));
    result = gfx_geometry_shade(pipeline);
    if (result != GFX_DONE)
        return result;
    if (state->statistics_on) {
        state->statistics[GFX_STATISTIC_VS_INVOCATIONS] += g->subgroup.vertex_count;
        state->statistics[GFX_STATISTIC_GS_INVOCATIONS] += threads;
    }
    return emitted_copy(pipeline, threads);
}
