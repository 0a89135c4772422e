/* SPDX-License-Identifier: MIT
 *
 * Subgroups: vertices that are shaded together, each once, and the primitives between them. See
 * geometry.h.
 */
#include "softgpu/gfx/geometry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

rw_status gfx_geometry_create(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = calloc(1, sizeof(*g));

    if (!g)
        return RW_FAIL(ENOMEM, "no memory for the geometry stage");
    for (unsigned i = 0; i < GFX_SUBGROUP_MAX; i++)
        g->vertices[i].parameters = g->parameters[i];
    g->pipeline = pipeline;
    pipeline->geometry = g;
    return RW_OK;
}

void gfx_geometry_destroy(struct gfx_pipeline *pipeline)
{
    struct gfx_geometry *g = pipeline->geometry;

    if (g) {
        isa_workgroup_destroy(g->cache.group);
        isa_workgroup_destroy(g->copy_cache.group);
    }
    free(g);
    pipeline->geometry = NULL;
}

/* ---- vertices ---- */

static void subgroup_clear(struct gfx_subgroup *s)
{
    s->vertex_count = s->primitive_count = 0;
    memset(s->table, 0, sizeof(s->table));
}

static uint32_t vertex_hash(uint32_t vertex, uint32_t instance)
{
    uint32_t h = (vertex ^ instance * 0x9e3779b1u) * 0x85ebca6bu;

    return (h ^ h >> 15) % GFX_SUBGROUP_TABLE;
}

/* The table's place where the vertex is named, or a free one where it could be. */
static uint16_t *vertex_find(struct gfx_subgroup *s, uint32_t vertex, uint32_t instance)
{
    uint32_t at = vertex_hash(vertex, instance);

    for (;; at = (at + 1) % GFX_SUBGROUP_TABLE) {
        unsigned place = s->table[at];

        if (place == 0 || (s->vertex[place - 1] == vertex && s->instance[place - 1] == instance))
            return &s->table[at];
    }
}

/* The place of a vertex in the subgroup, which has room for it. */
static uint16_t vertex_place(struct gfx_subgroup *s, uint32_t vertex, uint32_t instance,
                             uint32_t primitive, bool fresh)
{
    uint16_t *known = vertex_find(s, vertex, instance);

    if (*known && !fresh)
        return *known - 1;
    s->vertex[s->vertex_count] = vertex;
    s->instance[s->vertex_count] = instance;
    s->vertex_primitive[s->vertex_count] = primitive;
    if (!*known)
        *known = (uint16_t)(s->vertex_count + 1);
    return (uint16_t)s->vertex_count++;
}

/* ---- primitives ---- */

static enum gfx_result subgroup_flush(struct gfx_pipeline *pipeline)
{
    struct gfx_subgroup *s = &pipeline->geometry->subgroup;
    enum gfx_result result = GFX_DONE;

    if (s->primitive_count > 0)
        result = gfx_geometry_run(pipeline);
    subgroup_clear(s);
    if (result == GFX_DONE && !pipeline->machine.go_on(pipeline->machine.context))
        result = GFX_STOPPED;
    gfx_port_forget(&pipeline->geometry->indices.port); /* memory may have moved meanwhile */
    return result;
}

static void subgroup_add(struct gfx_geometry *g, const struct gfx_assembled *primitive,
                         uint32_t instance, uint32_t id)
{
    const struct gfx_geometry_setup *setup = &g->setup;
    struct gfx_subgroup *s = &g->subgroup;

    for (unsigned i = 0; i < setup->corners; i++) {
        bool fresh = setup->fresh_all || (setup->fresh_provoking && i == primitive->provoking);

        s->corner[s->primitive_count][i] =
            vertex_place(s, primitive->vertex[i], instance, id, fresh);
    }
    s->edges[s->primitive_count] = primitive->edges;
    s->primitive_id[s->primitive_count++] = id;
}

/* Without a geometry shader nobody gets adjacent vertices: lines are the middle two, triangles
 * every second one. */
static void adjacent_drop(const struct gfx_geometry *g, struct gfx_assembled *primitive)
{
    const unsigned all = gfx_assembler_corners(&g->assembler);
    const unsigned step = all == 6 ? 2 : 1, first = all == 4 ? 1 : 0;

    if (all == g->setup.corners)
        return;
    for (unsigned i = 0; i < g->setup.corners; i++)
        primitive->vertex[i] = primitive->vertex[first + i * step];
    primitive->provoking = (primitive->provoking - first) / step;
}

static enum gfx_result primitive_add(struct gfx_pipeline *pipeline,
                                     const struct gfx_assembled *primitive, uint32_t instance,
                                     uint32_t id)
{
    struct gfx_geometry *g = pipeline->geometry;
    enum gfx_result result = GFX_DONE;

    if (g->subgroup.vertex_count + g->setup.corners > g->setup.vertex_limit ||
        g->subgroup.primitive_count + 1 > g->setup.primitive_limit)
        result = subgroup_flush(pipeline);
    if (result == GFX_DONE)
        subgroup_add(g, primitive, instance, id);
    return result;
}

/* ---- a draw ---- */

static void statistics_count(struct gfx_pipeline *pipeline, uint64_t vertices, uint64_t primitives)
{
    struct gfx_state *state = pipeline->state;

    if (!state->statistics_on)
        return;
    state->statistics[GFX_STATISTIC_IA_VERTICES] += vertices;
    state->statistics[GFX_STATISTIC_IA_PRIMITIVES] += primitives;
}

static enum gfx_result instance_draw(struct gfx_pipeline *pipeline, const struct gfx_draw *draw,
                                     uint32_t instance)
{
    enum { INDICES_BETWEEN_LOOKS = 1 << 16 }; /* that complete no primitive, perhaps */
    const struct gfx_machine *machine = &pipeline->machine;
    struct gfx_geometry *g = pipeline->geometry;
    struct gfx_assembled parts[GFX_ASSEMBLED_MAX];
    uint32_t id = 0, vertex = 0;
    enum gfx_result result = GFX_DONE;
    enum gfx_index_event event;

    gfx_indices_begin(pipeline, draw, &g->indices);
    do {
        unsigned complete;

        event = gfx_indices_next(pipeline, &g->indices, &vertex);
        if (event == GFX_INDEX_FAULT)
            return GFX_FAULT;
        complete = event == GFX_INDEX_VERTEX ? gfx_assembler_vertex(&g->assembler, vertex, parts)
                                             : gfx_assembler_cut(&g->assembler, parts);
        for (unsigned i = 0; i < complete && result == GFX_DONE; i++) {
            adjacent_drop(g, &parts[i]);
            result = primitive_add(pipeline, &parts[i], instance, id);
        }
        id += complete > 0;
        if (g->indices.next % INDICES_BETWEEN_LOOKS == 0 && !machine->go_on(machine->context))
            return GFX_STOPPED;
    } while (event != GFX_INDEX_END && result == GFX_DONE);
    statistics_count(pipeline, draw->count, id);
    return result;
}

enum gfx_result gfx_geometry_draw(struct gfx_pipeline *pipeline, const struct gfx_draw *draw)
{
    struct gfx_geometry *g = pipeline->geometry;
    enum gfx_result result = gfx_geometry_check(pipeline);

    if (result != GFX_DONE)
        return result;
    if (!gfx_assembler_begin(&pipeline->state->registers, &g->assembler))
        return gfx_refuse(pipeline, "primitives of type %u (VGT_PRIMITIVE_TYPE)",
                          g->assembler.topology);
    result = gfx_geometry_setup_read(pipeline, &g->setup);
    subgroup_clear(&g->subgroup);
    for (uint32_t i = 0; i < draw->instances && result == GFX_DONE; i++)
        result = instance_draw(pipeline, draw, i);
    return result == GFX_DONE ? subgroup_flush(pipeline) : result;
}
