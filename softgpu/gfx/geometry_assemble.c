/* SPDX-License-Identifier: MIT
 *
 * Primitive assembly: see geometry.h.
 *
 * The corners of a primitive are in the order that keeps its facing and puts the provoking vertex
 * first, or last with PROVOKING_VTX_LAST (Vulkan 1.3, "Primitive Topologies").
 */
#include <string.h>

#include "softgpu/gfx/geometry.h"

enum kind { NOT_DRAWN, LIST, STRIP, FAN, LOOP, STRIP_ADJACENT, QUADS, QUAD_STRIP, POLYGON };

static const struct topology {
    uint8_t kind, corners;
} topologies[GFX_TOPOLOGIES] = {
    [GFX_POINT_LIST] = {LIST, 1},
    [GFX_LINE_LIST] = {LIST, 2},
    [GFX_LINE_STRIP] = {STRIP, 2},
    [GFX_TRIANGLE_LIST] = {LIST, 3},
    [GFX_TRIANGLE_FAN] = {FAN, 3},
    [GFX_TRIANGLE_STRIP] = {STRIP, 3},
    [GFX_LINE_LIST_ADJACENT] = {LIST, 4},
    [GFX_LINE_STRIP_ADJACENT] = {STRIP, 4},
    [GFX_TRIANGLE_LIST_ADJACENT] = {LIST, 6},
    [GFX_TRIANGLE_STRIP_ADJACENT] = {STRIP_ADJACENT, 6},
    [GFX_RECT_LIST] = {LIST, 3},
    [GFX_LINE_LOOP] = {LOOP, 2},
    [GFX_QUAD_LIST] = {QUADS, 3},
    [GFX_QUAD_STRIP] = {QUAD_STRIP, 3},
    [GFX_POLYGON] = {POLYGON, 3},
};

bool gfx_assembler_begin(const struct gfx_registers *registers, struct gfx_assembler *out)
{
    enum { PROVOKING_VTX_LAST = 1 << 19 };
    uint32_t type = registers->uconfig[GFX_VGT_PRIMITIVE_TYPE - 0xc000] & 0x3f;

    *out = (struct gfx_assembler){
        .topology = type,
        .provoking_last = gfx_context(registers, GFX_PA_SU_SC_MODE_CNTL) & PROVOKING_VTX_LAST,
    };
    return type < GFX_TOPOLOGIES && topologies[type].kind != NOT_DRAWN;
}

unsigned gfx_assembler_corners(const struct gfx_assembler *assembler)
{
    return topologies[assembler->topology].corners;
}

/* With adjacency, the primitive proper is every second corner, or the two in the middle. */
static unsigned provoking_of(const struct gfx_assembler *a, unsigned corners)
{
    switch (corners) {
    case 4:
        return a->provoking_last ? 2 : 1;
    case 6:
        return a->provoking_last ? 4 : 0;
    default:
        return a->provoking_last ? corners - 1 : 0;
    }
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;

    *a = *b;
    *b = t;
}

/* The latest vertices, oldest first. */
static void latest(const struct gfx_assembler *a, unsigned corners, struct gfx_assembled *out)
{
    for (unsigned i = 0; i < corners; i++)
        out->vertex[i] = a->recent[corners - 1 - i];
    out->provoking = provoking_of(a, corners);
    out->edges = GFX_ALL_EDGES;
}

static void triangle(const struct gfx_assembler *a, uint32_t v0, uint32_t v1, uint32_t v2,
                     uint8_t edges, struct gfx_assembled *out)
{
    *out = (struct gfx_assembled){
        .vertex = {v0, v1, v2}, .provoking = provoking_of(a, 3), .edges = edges};
}

/* Every other triangle of a strip has two corners exchanged, which are not the provoking one. */
static void strip(const struct gfx_assembler *a, unsigned corners, struct gfx_assembled *out)
{
    latest(a, corners, out);
    if (corners == 3 && a->count % 2 == 0) {
        if (a->provoking_last)
            swap(&out->vertex[0], &out->vertex[1]);
        else
            swap(&out->vertex[1], &out->vertex[2]);
    }
}

static void fan(const struct gfx_assembler *a, struct gfx_assembled *out)
{
    if (a->provoking_last)
        triangle(a, a->first, a->recent[1], a->recent[0], GFX_ALL_EDGES, out);
    else
        triangle(a, a->recent[1], a->recent[0], a->first, GFX_ALL_EDGES, out);
}

/* Two triangles of which both have the provoking vertex: the first of `q`, or the last. */
static unsigned quad(const struct gfx_assembler *a, const uint32_t q[4], struct gfx_assembled *out)
{
    enum {
        FROM_0 = 1,
        FROM_1 = 2,
        FROM_2 = 4
    }; /* edges of the quad, by the corner of a triangle */

    if (a->provoking_last) {
        triangle(a, q[0], q[1], q[3], FROM_0 | FROM_2, &out[0]);
        triangle(a, q[1], q[2], q[3], FROM_0 | FROM_1, &out[1]);
    } else {
        triangle(a, q[0], q[1], q[2], FROM_0 | FROM_1, &out[0]);
        triangle(a, q[0], q[2], q[3], FROM_1 | FROM_2, &out[1]);
    }
    return 2;
}

/* The latest four go round the quad. */
static unsigned quad_of_list(const struct gfx_assembler *a, struct gfx_assembled *out)
{
    const uint32_t *r = a->recent, q[4] = {r[3], r[2], r[1], r[0]};

    return quad(a, q, out);
}

/* The latest two go the other way than the two before; the latest of all provokes, if the last
 * one does. */
static unsigned quad_of_strip(const struct gfx_assembler *a, struct gfx_assembled *out)
{
    const uint32_t *r = a->recent;
    const uint32_t first[4] = {r[3], r[2], r[0], r[1]}, last[4] = {r[1], r[3], r[2], r[0]};

    return quad(a, a->provoking_last ? last : first, out);
}

/* The triangle of a polygon's first vertex, which provokes, and the two at `at` of the latest. */
static unsigned polygon(const struct gfx_assembler *a, unsigned at, bool is_first, bool is_last,
                        struct gfx_assembled *out)
{
    const uint32_t v1 = a->recent[at + 1], v2 = a->recent[at];

    if (a->provoking_last)
        triangle(a, v1, v2, a->first, (uint8_t)(1 | is_last << 1 | is_first << 2), out);
    else
        triangle(a, a->first, v1, v2, (uint8_t)(is_first | 1 << 1 | is_last << 2), out);
    return 1;
}

/* The triangle of the six vertices before the newest `after`. Across its sides are the corner
 * before them, one of its own, and the corner behind them, or of the last in a strip its sixth
 * (Vulkan 1.3, "Triangle Strips With Adjacency"). */
static unsigned strip_adjacent(const struct gfx_assembler *a, unsigned after, bool is_last,
                               struct gfx_assembled *out)
{
    const uint32_t *v = &a->recent[after + 5]; /* the first; v[-1] is the one behind it */
    const uint32_t index = (a->count - after - 6) / 2;
    const uint32_t before = index > 0 ? v[2] : v[-1];
    const uint32_t across = is_last ? v[-5] : v[-6];

    *out = (struct gfx_assembled){.provoking = provoking_of(a, 6), .edges = GFX_ALL_EDGES};
    if (index % 2 == 0) {
        const uint32_t even[6] = {v[0], before, v[-2], across, v[-4], v[-3]};

        memcpy(out->vertex, even, sizeof(even));
    } else if (a->provoking_last) {
        const uint32_t odd[6] = {v[-2], before, v[0], v[-3], v[-4], across};

        memcpy(out->vertex, odd, sizeof(odd));
    } else {
        const uint32_t odd[6] = {v[0], v[-3], v[-4], across, v[-2], before};

        memcpy(out->vertex, odd, sizeof(odd));
    }
    return 1;
}

unsigned gfx_assembler_vertex(struct gfx_assembler *a, uint32_t vertex,
                              struct gfx_assembled out[GFX_ASSEMBLED_MAX])
{
    const struct topology *t = &topologies[a->topology];

    memmove(&a->recent[1], &a->recent[0], sizeof(a->recent) - sizeof(a->recent[0]));
    a->recent[0] = vertex;
    if (a->count++ == 0)
        a->first = vertex;
    switch (t->kind) {
    case LIST:
        latest(a, t->corners, out);
        return a->count % t->corners == 0;
    case QUADS:
        return a->count % 4 == 0 ? quad_of_list(a, out) : 0;
    case QUAD_STRIP:
        return a->count >= 4 && a->count % 2 == 0 ? quad_of_strip(a, out) : 0;
    case POLYGON:
        return a->count > 3 ? polygon(a, 1, a->count == 4, false, out) : 0;
    case STRIP_ADJACENT:
        return a->count >= 8 && a->count % 2 == 0 ? strip_adjacent(a, 2, false, out) : 0;
    case FAN:
        fan(a, out);
        break;
    default:
        strip(a, t->corners, out);
        break;
    }
    return a->count >= t->corners;
}

static unsigned cut(const struct gfx_assembler *a, struct gfx_assembled *out)
{
    switch (topologies[a->topology].kind) {
    case LOOP:
        if (a->count < 2)
            return 0;
        *out = (struct gfx_assembled){.vertex = {a->recent[0], a->first},
                                      .provoking = provoking_of(a, 2),
                                      .edges = GFX_ALL_EDGES};
        return 1;
    case POLYGON:
        return a->count >= 3 ? polygon(a, 0, a->count == 3, true, out) : 0;
    case STRIP_ADJACENT:
        /* A vertex without its pair counts for nothing. */
        return a->count >= 6 ? strip_adjacent(a, a->count % 2, true, out) : 0;
    default:
        return 0;
    }
}

unsigned gfx_assembler_cut(struct gfx_assembler *a, struct gfx_assembled out[GFX_ASSEMBLED_MAX])
{
    unsigned count = cut(a, out);

    a->count = 0;
    return count;
}
