/* SPDX-License-Identifier: MIT
 *
 * A subgroup in execution: see geometry.h.
 *
 * NGG: one workgroup. Each wave has threads that shade vertices (ES) and threads that make
 * primitives (GS); thread t of the subgroup has vertex t and primitive t, and what it exports is
 * vertex t, or primitive t. How many of either there will be is what GS_ALLOC_REQ said; for a
 * shader that passes primitives through without asking it is what came in.
 *
 * Legacy: waves by themselves that shade vertices; the primitives stay as they were assembled. With
 * streamout vertex v is corner v % corners of primitive v / corners.
 */
#include <string.h>

#include "softgpu/gfx/geometry.h"

#include "softgpu/isa/exec/flow.h"

enum { SYSTEM_SGPRS = 8 }; /* of merged shaders, before user data */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many of `count` threads are in this wave. */
static unsigned threads_in(const struct isa_wave *w, unsigned count)
{
    unsigned first = w->index * w->lanes;

    return count > first ? least(count - first, w->lanes) : 0;
}

/* ---- what waves say ---- */

static struct gfx_geometry *geometry_of(struct isa_graphics *graphics)
{
    return (struct gfx_geometry *)(void *)((uint8_t *)graphics -
                                           offsetof(struct gfx_geometry, graphics));
}

static void components_take(const struct isa_export *export, unsigned lane, uint32_t *to)
{
    for (unsigned c = 0; c < 4; c++)
        if (export->row[c])
            to[c] = export->row[c][lane];
}

static void lane_take(struct gfx_geometry *g, const struct isa_export *export, unsigned lane,
                      unsigned thread)
{
    unsigned target = export->target;
    uint32_t position[4];

    if (target >= ISA_EXPORT_PARAM0) {
        components_take(export, lane, g->parameters[thread][target - ISA_EXPORT_PARAM0]);
    } else if (target == ISA_EXPORT_PRIM) {
        g->exported[thread] = export->row[0] ? export->row[0][lane] : 0;
        g->exported_any[thread] = true;
    } else {
        memcpy(position, g->vertices[thread].position[target - ISA_EXPORT_POS0], sizeof(position));
        components_take(export, lane, position);
        memcpy(g->vertices[thread].position[target - ISA_EXPORT_POS0], position, sizeof(position));
    }
}

/* May a shader of this stage export there, and in this way? */
static bool target_is_known(const struct isa_export *export)
{
    unsigned target = export->target;

    return !export->compressed &&
           ((target >= ISA_EXPORT_POS0 && target < ISA_EXPORT_POS0 + GFX_POSITIONS) ||
            target == ISA_EXPORT_PRIM ||
            (target >= ISA_EXPORT_PARAM0 && target < ISA_EXPORT_PARAM0 + ISA_PARAMETERS));
}

static void geometry_export(struct isa_graphics *graphics, struct isa_wave *w,
                            const struct isa_export *export)
{
    struct gfx_geometry *g = geometry_of(graphics);

    if (export->target == ISA_EXPORT_NULL)
        return;
    if (!target_is_known(export)) {
        gfx_refuse(g->pipeline, "a vertex shader's export to target %u%s", export->target,
                   export->compressed ? ", compressed" : "");
        return;
    }
    for (uint64_t left = export->exec; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left), thread = w->index * w->lanes + lane;

        if (thread < GFX_SUBGROUP_MAX)
            lane_take(g, export, lane, thread);
    }
}

static void geometry_message(struct isa_graphics *graphics, struct isa_wave *w, uint32_t message,
                             uint32_t m0)
{
    struct gfx_geometry *g = geometry_of(graphics);

    if (g->setup.emits) {
        gfx_geometry_emit_message(g, w, message);
        return;
    }
    if ((message & ISA_MESSAGE_MASK) != ISA_MESSAGE_GS_ALLOC_REQ) {
        gfx_refuse(g->pipeline, "message %u of an NGG shader", message);
        return;
    }
    g->out_vertices = BITS_AT(m0, 0, 11);
    g->out_primitives = BITS_AT(m0, 12, 11);
    g->allocated = true;
}

/* ---- how a merged shader's waves start ---- */

unsigned gfx_geometry_threads(const struct gfx_geometry *g)
{
    return g->subgroup.primitive_count * g->setup.invocations;
}

/* What a geometry shader may emit, of either. */
static unsigned emitted_most(const struct gfx_geometry_setup *setup, unsigned gs_total)
{
    return least(gs_total * (setup->amplification ? setup->amplification : 1), GFX_SUBGROUP_MAX);
}

/* The subgroup's sizes are what the shader has threads for: as much as came in, or with a geometry
 * shader as much as may come out (Mesa: ngg_gs_finale()). */
static uint32_t sizes_of(const struct gfx_geometry *g, unsigned gs_total)
{
    unsigned emitted = emitted_most(&g->setup, gs_total);

    return g->setup.geometry_shader ? emitted << 12 | emitted << 22
                                    : g->subgroup.vertex_count << 12 | gs_total << 22;
}

static void sgprs_set_ngg(const struct gfx_geometry *g, unsigned es, unsigned gs, unsigned gs_total,
                          struct isa_wave *w)
{
    const struct gfx_geometry_setup *setup = &g->setup;
    const struct gfx_program *program = &setup->program;

    w->sgpr[0] = (uint32_t)setup->user_data_address;
    w->sgpr[1] = (uint32_t)(setup->user_data_address >> 32);
    w->sgpr[2] = setup->emits ? gfx_geometry_emit_base(g, w->index) * 4 : sizes_of(g, gs_total);
    w->sgpr[3] = es | gs << 8 | w->index << 24 | w->group->wave_count << 28;
    w->sgpr[5] = gfx_program_scratch(program, w->index);
    memcpy(&w->sgpr[SYSTEM_SGPRS], program->user_sgpr, program->user_sgprs * sizeof(uint32_t));
}

/* Passed through as they are exported; else offsets of the corners' vertices in LDS, and the
 * invocation. */
static void gs_thread_set(const struct gfx_geometry *g, unsigned thread, unsigned lane,
                          struct isa_wave *w)
{
    const struct gfx_geometry_setup *setup = &g->setup;
    unsigned primitive = thread / setup->invocations;
    const uint16_t *corner = g->subgroup.corner[primitive];
    const uint32_t edges = g->subgroup.edges[primitive];
    uint32_t *v = w->vgpr;
    uint32_t pair[3] = {0};

    if (setup->passthrough) {
        for (unsigned i = 0; i < setup->corners && i < 3; i++)
            pair[0] |= (corner[i] | (edges >> i & 1) << 9) << 10 * i;
    } else {
        for (unsigned i = 0; i < setup->corners; i++)
            pair[i / 2] |= (corner[i] * setup->item_size & 0xffff) << 16 * (i % 2);
    }
    v[0 * w->lanes + lane] = pair[0];
    v[1 * w->lanes + lane] = pair[1];
    v[2 * w->lanes + lane] = g->subgroup.primitive_id[primitive];
    v[3 * w->lanes + lane] = thread % setup->invocations | edges << 8;
    v[4 * w->lanes + lane] = pair[2];
}

static void wave_init_ngg(struct gfx_geometry *g, struct isa_wave *w)
{
    const struct gfx_subgroup *s = &g->subgroup;
    unsigned first = w->index * w->lanes, gs_total = gfx_geometry_threads(g);
    unsigned es = threads_in(w, s->vertex_count), gs = threads_in(w, gs_total);

    gfx_program_wave(g->pipeline, &g->setup.program, w);
    sgprs_set_ngg(g, es, gs, gs_total, w);
    for (unsigned lane = 0; lane < gs; lane++)
        gs_thread_set(g, first + lane, lane, w);
    for (unsigned lane = 0; lane < es; lane++) {
        w->vgpr[5 * w->lanes + lane] = s->vertex[first + lane];
        w->vgpr[8 * w->lanes + lane] = s->instance[first + lane];
    }
    gfx_program_exec(w, w->lanes); /* the shader takes the counts from s3 */
}

/* ---- how a legacy vertex shader's waves start ---- */

static void wave_init_legacy(struct gfx_geometry *g, struct isa_wave *w)
{
    const struct gfx_program *program = &g->setup.program;
    const struct gfx_subgroup *s = &g->subgroup;
    unsigned first = w->index * w->lanes, count = threads_in(w, s->vertex_count);

    unsigned sgprs = program->user_sgprs;

    gfx_program_wave(g->pipeline, program, w);
    memcpy(w->sgpr, program->user_sgpr, program->user_sgprs * sizeof(uint32_t));
    sgprs +=
        gfx_streamout_sgprs(&g->setup.streamout, program->rsrc2, first, w->lanes, &w->sgpr[sgprs]);
    if (program->scratch)
        w->sgpr[sgprs] = gfx_program_scratch(program, w->index);
    for (unsigned lane = 0; lane < count; lane++) {
        w->vgpr[0 * w->lanes + lane] = s->vertex[first + lane];
        w->vgpr[2 * w->lanes + lane] = s->vertex_primitive[first + lane];
        w->vgpr[3 * w->lanes + lane] = s->instance[first + lane];
    }
    gfx_program_exec(w, count);
}

/* ---- a batch of what they said ---- */

static void primitive_of_input(const struct gfx_geometry *g, unsigned i, struct gfx_primitive *out)
{
    for (unsigned c = 0; c < g->setup.corners; c++)
        out->vertex[c] = g->subgroup.corner[i][c];
    out->edges = g->subgroup.edges[i];
}

/* False when it was not exported, or as a null primitive. */
static bool primitive_of_export(const struct gfx_geometry *g, unsigned i, struct gfx_primitive *out)
{
    enum { EDGE_SHIFT = 9 };
    uint32_t word = g->exported[i];

    if (!g->exported_any[i] || word >> 31)
        return false;
    for (unsigned c = 0; c < 3; c++) {
        out->vertex[c] = word >> 10 * c & 0x1ff;
        out->edges |= (uint8_t)((word >> (10 * c + EDGE_SHIFT) & 1) << c);
    }
    return true;
}

static bool primitive_is_sound(const struct gfx_geometry *g, const struct gfx_primitive *p)
{
    static const unsigned used[] = {
        [GFX_POINT] = 1, [GFX_LINE] = 2, [GFX_TRIANGLE] = 3, [GFX_RECT] = 3};

    for (unsigned c = 0; c < used[g->setup.output]; c++)
        if (p->vertex[c] >= g->out_vertices)
            return false;
    return true;
}

static uint32_t primitives_collect(struct gfx_geometry *g)
{
    enum { INDEX_BUF_EDGE_FLAG_ENA = 1 << 1 };
    const struct gfx_registers *r = &g->pipeline->state->registers;
    bool edges = !g->setup.ngg || gfx_context(r, GFX_PA_CL_NGG_CNTL) & INDEX_BUF_EDGE_FLAG_ENA;
    bool same = g->out_primitives == g->subgroup.primitive_count;
    uint32_t count = 0;

    for (unsigned i = 0; i < g->out_primitives; i++) {
        struct gfx_primitive *p = &g->primitives[count];

        *p = (struct gfx_primitive){.id = same ? g->subgroup.primitive_id[i] : 0};
        if (!g->setup.ngg) {
            primitive_of_input(g, i, p);
        } else {
            if (!primitive_of_export(g, i, p))
                continue;
            p->parameters = (const uint32_t(*)[4])g->parameters[i]; /* thread i's, as vertex i's */
        }
        if (!edges)
            p->edges = GFX_ALL_EDGES;
        if (!primitive_is_sound(g, p))
            gfx_refuse(g->pipeline, "a primitive of vertices %u, %u, %u in a subgroup of %u",
                       p->vertex[0], p->vertex[1], p->vertex[2], g->out_vertices);
        count++;
    }
    return count;
}

static void statistics_count(struct gfx_pipeline *pipeline, uint32_t primitives)
{
    struct gfx_state *state = pipeline->state;
    const struct gfx_geometry *g = pipeline->geometry;

    if (!state->statistics_on || g->setup.copies)
        return;
    state->statistics[GFX_STATISTIC_VS_INVOCATIONS] += g->subgroup.vertex_count;
    if (g->setup.geometry_shader) {
        state->statistics[GFX_STATISTIC_GS_INVOCATIONS] += gfx_geometry_threads(g);
        state->statistics[GFX_STATISTIC_GS_PRIMITIVES] += primitives;
    }
}

static enum gfx_result batch_hand_on(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = pipeline->geometry;
    struct gfx_batch batch = {.type = g->setup.output,
                              .vertices = g->vertices,
                              .vertex_count = g->out_vertices,
                              .primitives = g->primitives,
                              .primitive_count = primitives_collect(g)};

    if (pipeline->obstacle[0])
        return GFX_FAULT;
    statistics_count(pipeline, batch.primitive_count);
    if (g->setup.discards)
        return GFX_DONE;
    return batch.primitive_count ? gfx_raster_batch(pipeline, &batch) : GFX_DONE;
}

/* ---- a subgroup ---- */

/* NGG's waves are one workgroup, with threads for all that may be exported. Legacy waves know
 * nothing of each other; they share a workgroup here so that they are run at once. */
static unsigned waves_needed(const struct gfx_geometry *g)
{
    const struct gfx_geometry_setup *setup = &g->setup;
    unsigned threads = g->subgroup.vertex_count, gs_total = gfx_geometry_threads(g), made;

    if (setup->ngg || setup->emits) {
        made = setup->ngg && setup->geometry_shader ? emitted_most(setup, gs_total) : gs_total;
        threads = threads > made ? threads : made;
    }
    return (threads + setup->program.lanes - 1) / setup->program.lanes;
}

/* Nothing has been exported yet by any of `threads`. */
static void exports_clear(struct gfx_geometry *g, unsigned threads)
{
    memset(g->exported_any, 0, threads * sizeof(g->exported_any[0]));
    for (unsigned i = 0; i < threads; i++) {
        memset(g->vertices[i].position, 0, sizeof(g->vertices[i].position));
        memset(g->parameters[i], 0, g->setup.parameters * sizeof(g->parameters[i][0]));
    }
    g->graphics = (struct isa_graphics){
        .export = geometry_export, .message = geometry_message, .live = UINT64_MAX};
    g->allocated = g->setup.implicit_alloc;
    g->out_vertices = g->setup.implicit_alloc ? g->subgroup.vertex_count : 0;
    g->out_primitives = g->setup.implicit_alloc ? g->subgroup.primitive_count : 0;
}

static enum gfx_result waves_run(struct gfx_pipeline *pipeline, unsigned waves)
{
    struct gfx_geometry *g = pipeline->geometry;
    struct isa_workgroup *group =
        gfx_program_group(pipeline, &g->setup.program, waves, g->setup.lds_bytes,
                          g->setup.copies ? &g->copy_cache : &g->cache);

    if (!group)
        return GFX_FAULT;
    for (unsigned i = 0; i < waves; i++) {
        group->waves[i].graphics = &g->graphics;
        if (g->setup.ngg || g->setup.emits)
            wave_init_ngg(g, &group->waves[i]);
        else
            wave_init_legacy(g, &group->waves[i]);
    }
    return gfx_program_run(pipeline, group);
}

enum gfx_result gfx_geometry_shade(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = pipeline->geometry;
    const unsigned waves = waves_needed(g);
    enum gfx_result result;

    exports_clear(g, waves * g->setup.program.lanes);
    result = waves_run(pipeline, waves);
    if (result != GFX_DONE)
        return result;
    return pipeline->obstacle[0] ? GFX_FAULT : GFX_DONE; /* an export or a message was refused */
}

enum gfx_result gfx_geometry_run(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = pipeline->geometry;
    const unsigned threads = waves_needed(g) * g->setup.program.lanes;
    enum gfx_result result;

    if (g->setup.emits)
        return gfx_geometry_emit(pipeline);
    gfx_streamout_take(pipeline->state, g->subgroup.primitive_count, &g->setup.streamout);
    result = gfx_geometry_shade(pipeline);
    if (result != GFX_DONE)
        return result;
    if (!g->allocated)
        return gfx_refuse(pipeline, "an NGG shader that ends without GS_ALLOC_REQ");
    if (g->setup.ngg && (g->out_vertices > threads || g->out_primitives > threads))
        return gfx_refuse(pipeline, "GS_ALLOC_REQ of %u vertices and %u primitives by %u threads",
                          g->out_vertices, g->out_primitives, threads);
    return batch_hand_on(pipeline);
}
