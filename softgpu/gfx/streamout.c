/* SPDX-License-Identifier: MIT
 *
 * Which vertices are captured, and where: see streamout.h.
 */
#include "softgpu/gfx/streamout.h"

#include "base/bits.h"

enum { BUFFER_REGISTERS = 4 }; /* from one buffer's VGT_STRMOUT_BUFFER_SIZE to the next one's */

void gfx_streamout_read(const struct gfx_registers *registers, unsigned stream, unsigned corners,
                        struct gfx_streamout *out)
{
    *out = (struct gfx_streamout){
        .stream = stream,
        .counts = BITS_AT(gfx_context(registers, GFX_VGT_STRMOUT_CONFIG), stream, 1),
        .corners = corners,
    };
    if (out->counts)
        out->buffers =
            (uint8_t)BITS_AT(gfx_context(registers, GFX_VGT_STRMOUT_BUFFER_CONFIG), 4 * stream, 4);
}

/* ---- room ---- */

static uint32_t *filled_of(struct gfx_state *state, unsigned buffer)
{
    return gfx_registers_at(&state->registers, gfx_streamout_filled(buffer), 1);
}

static uint32_t buffer_register(const struct gfx_state *state, enum gfx_register of_first,
                                unsigned buffer)
{
    return gfx_context(&state->registers, of_first + buffer * BUFFER_REGISTERS);
}

static uint32_t stride_of(const struct gfx_state *state, unsigned buffer)
{
    return buffer_register(state, GFX_VGT_STRMOUT_VTX_STRIDE_0, buffer) & 0x3ff;
}

/* How many of `primitives` the buffer has room for. Vertices of no size have room anywhere but in
 * a buffer of no size, which is how drivers switch a buffer off. */
static uint32_t room_of(struct gfx_state *state, unsigned buffer, unsigned corners,
                        uint32_t primitives)
{
    const uint32_t size = buffer_register(state, GFX_VGT_STRMOUT_BUFFER_SIZE_0, buffer);
    const uint32_t filled = *filled_of(state, buffer), each = stride_of(state, buffer) * corners;
    uint32_t room;

    if (size == 0 || filled > size)
        return 0;
    room = each ? (size - filled) / each : primitives;
    return room < primitives ? room : primitives;
}

static bool takes(const struct gfx_streamout *streamout, unsigned buffer)
{
    return streamout->buffers >> buffer & 1;
}

void gfx_streamout_take(struct gfx_state *state, uint32_t primitives, struct gfx_streamout *so)
{
    uint32_t captured = so->buffers ? primitives : 0;

    if (!so->counts)
        return;
    for (unsigned i = 0; i < GFX_STREAMOUT_BUFFERS; i++)
        if (takes(so, i))
            captured = room_of(state, i, so->corners, captured);
    so->captured = captured * so->corners;
    for (unsigned i = 0; i < GFX_STREAMOUT_BUFFERS; i++) {
        uint32_t *filled = filled_of(state, i);

        so->offset[i] = *filled;
        if (takes(so, i))
            *filled += so->captured * stride_of(state, i);
    }
    if (!state->statistics_on)
        return;
    state->streams[so->stream].needed += primitives;
    state->streams[so->stream].written += captured;
}

/* ---- what waves are told ---- */

/* Shaders store a vertex at offset + (write index + lane) * stride. */
unsigned gfx_streamout_sgprs(const struct gfx_streamout *so, uint32_t rsrc2, uint32_t first,
                             unsigned lanes, uint32_t out[GFX_STREAMOUT_SGPRS])
{
    enum { SO_BASE0_EN = 1 << 8, SO_EN = 1 << 12, COUNT_SHIFT = 16, STREAM_SHIFT = 24 };
    uint32_t count = so->captured > first ? so->captured - first : 0;
    unsigned used = 0;

    if (rsrc2 & SO_EN) {
        out[used++] = (count < lanes ? count : lanes) << COUNT_SHIFT | so->stream << STREAM_SHIFT;
        out[used++] = first;
    }
    for (unsigned i = 0; i < GFX_STREAMOUT_BUFFERS; i++)
        if (rsrc2 & (uint32_t)SO_BASE0_EN << i)
            out[used++] = so->offset[i];
    return used;
}
