/* SPDX-License-Identifier: MIT
 *
 * Primitive assembly: see geometry.h.
 *
 * The corners of a primitive are in the order that keeps its facing and puts the provoking vertex
 * first, or last with PROVOKING_VTX_LAST (Vulkan 1.3, "Primitive Topologies").
 */
#include <string.h>

#include "softgpu/gfx/geometry.h"

enum kind { NOT_DRAWN, LIST, STRIP, FAN, LOOP };

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
    [GFX_RECT_LIST] = {LIST, 3},
    [GFX_LINE_LOOP] = {LOOP, 2},
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
    const uint32_t first[3] = {a->recent[1], a->recent[0], a->first};
    const uint32_t last[3] = {a->first, a->recent[1], a->recent[0]};

    memcpy(out->vertex, a->provoking_last ? last : first, sizeof(first));
    out->provoking = provoking_of(a, 3);
}

bool gfx_assembler_vertex(struct gfx_assembler *a, uint32_t vertex, struct gfx_assembled *out)
{
    const struct topology *t = &topologies[a->topology];

    memmove(&a->recent[1], &a->recent[0], sizeof(a->recent) - sizeof(a->recent[0]));
    a->recent[0] = vertex;
    if (a->count++ == 0)
        a->first = vertex;
    if (t->kind == LIST) {
        latest(a, t->corners, out);
        return a->count % t->corners == 0;
    }
    if (a->count < t->corners)
        return false;
    if (t->kind == FAN)
        fan(a, out);
    else
        strip(a, t->corners, out);
    return true;
}

bool gfx_assembler_cut(struct gfx_assembler *a, struct gfx_assembled *out)
{
    bool closes = topologies[a->topology].kind == LOOP && a->count > 2;

    if (closes) {
        out->vertex[0] = a->recent[0];
        out->vertex[1] = a->first;
        out->provoking = provoking_of(a, 2);
    }
    a->count = 0;
    return closes;
}
