/* SPDX-License-Identifier: MIT
 *
 * Indices of vertices: see geometry.h.
 */
#include <string.h>

#include "softgpu/gfx/geometry.h"

static uint32_t uconfig(const struct gfx_pipeline *pipeline, uint32_t number)
{
    return pipeline->state->registers.uconfig[number - 0xc000];
}

void gfx_indices_begin(struct gfx_pipeline *pipeline, const struct gfx_draw *draw,
                       struct gfx_indices *out)
{
    enum { RESET_EN = 1, MATCH_ALL_BITS = 2 };
    uint32_t reset = uconfig(pipeline, GFX_GE_MULTI_PRIM_IB_RESET_EN);

    *out = (struct gfx_indices){
        .draw = draw,
        .port = {.access = ISA_ACCESS_READ},
        .offset = uconfig(pipeline, GFX_GE_INDX_OFFSET),
        .least = uconfig(pipeline, GFX_GE_MIN_VTX_INDX),
        .most = uconfig(pipeline, GFX_GE_MAX_VTX_INDX),
        .restart = draw->indexed && reset & RESET_EN,
        .restart_index = gfx_context(&pipeline->state->registers, GFX_VGT_MULTI_PRIM_IB_RESET_INDX),
    };
    /* All bits of the register, or as many as an index has. */
    if (!(reset & MATCH_ALL_BITS) && draw->index_bytes < 4)
        out->restart_index &= (1u << 8 * draw->index_bytes) - 1;
}

static bool index_load(struct gfx_pipeline *pipeline, struct gfx_indices *indices, uint32_t at,
                       uint32_t *out_index)
{
    const struct gfx_draw *draw = indices->draw;
    uint64_t va = draw->index_va + (uint64_t)at * draw->index_bytes;
    const uint8_t *host;

    *out_index = 0;
    if (at >= draw->index_limit)
        return true;
    host = gfx_port_host(pipeline, &indices->port, va, draw->index_bytes);
    if (host)
        memcpy(out_index, host, draw->index_bytes);
    return host;
}

static uint32_t clamp(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

enum gfx_index_event gfx_indices_next(struct gfx_pipeline *pipeline, struct gfx_indices *indices,
                                      uint32_t *out_vertex)
{
    uint32_t index = indices->next;

    if (indices->next >= indices->draw->count)
        return GFX_INDEX_END;
    if (indices->draw->indexed && !index_load(pipeline, indices, indices->next, &index))
        return GFX_INDEX_FAULT;
    indices->next++;
    if (indices->restart && index == indices->restart_index)
        return GFX_INDEX_RESTART;
    *out_vertex = clamp(index + indices->offset, indices->least, indices->most);
    return GFX_INDEX_VERTEX;
}
