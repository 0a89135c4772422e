/* SPDX-License-Identifier: MIT
 *
 * Streamout, which APIs call transform feedback. The vertex shader of the older stage stores what
 * is captured itself, through descriptors of its own; the hardware only counts: it says which
 * vertices of a wave are stored and where in each buffer they begin, and remembers how far the
 * buffers are filled.
 *
 * A buffer's fill is VGT_STRMOUT_BUFFER_FILLED_SIZE_n, in dwords. Draws move it on, and
 * STRMOUT_BUFFER_UPDATE sets it (softgpu/cp/pm4_streamout.c). Vertices are captured primitive by
 * primitive, every corner anew; a primitive for which one of the buffers has no room is captured in
 * none, but counted.
 *
 * Streams are counted while pipeline statistics are (Mesa: si_set_active_query_state(), which stops
 * the ones to stop the others). Of the four only the first has primitives where no geometry shader
 * emits to others.
 *
 * Ownership: none. Thread safety: the ring's thread only.
 * Sources: Mesa's register database (gfx103.json: VGT_STRMOUT_*, SPI_SHADER_PGM_RSRC2_VS); Mesa's
 * declare_streamout_sgprs() and emit_streamout() for what shaders are given, radv_emit_streamout_*
 * and si_emit_streamout_* for what registers hold.
 */
#ifndef SOFTGPU_GFX_STREAMOUT_H
#define SOFTGPU_GFX_STREAMOUT_H

#include "softgpu/gfx/state.h"

enum { GFX_STREAMOUT_SGPRS = 2 + GFX_STREAMOUT_BUFFERS };

struct gfx_streamout {
    unsigned stream;
    bool counts;      /* the stream's primitives */
    uint8_t buffers;  /* that take them, bit by bit; 0: nothing is captured */
    unsigned corners; /* of a primitive */
    /* Of the primitives that were taken last: */
    uint32_t captured;                      /* the first so many vertices are stored */
    uint32_t offset[GFX_STREAMOUT_BUFFERS]; /* where the first of them goes, in dwords */
};

/* What the registers say of a draw. */
void gfx_streamout_read(const struct gfx_registers *registers, unsigned stream, unsigned corners,
                        struct gfx_streamout *out_streamout);

/* Counts the next primitives and gives them room, as many as fit. */
void gfx_streamout_take(struct gfx_state *state, uint32_t primitives,
                        struct gfx_streamout *streamout);

/* What a wave whose first vertex is `first` of those taken is told behind its user data, by the
 * SPI_SHADER_PGM_RSRC2_VS of its program. Returns how many SGPRs that are. */
unsigned gfx_streamout_sgprs(const struct gfx_streamout *streamout, uint32_t rsrc2, uint32_t first,
                             unsigned lanes, uint32_t out_sgprs[GFX_STREAMOUT_SGPRS]);

/* The register that says how far a buffer is filled. */
static inline enum gfx_register gfx_streamout_filled(unsigned buffer)
{
    return (enum gfx_register)(GFX_VGT_STRMOUT_BUFFER_FILLED_SIZE_0 + buffer);
}

#endif
