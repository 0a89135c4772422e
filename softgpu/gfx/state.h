/* SPDX-License-Identifier: MIT
 *
 * What packets set up on an engine and later packets use: registers, the index buffer, base
 * addresses, the predicate, counters. It stays from one indirect buffer to the next.
 *
 * Ownership: plain memory of whoever embeds it. Thread safety: none; it belongs to one queue.
 */
#ifndef SOFTGPU_GFX_STATE_H
#define SOFTGPU_GFX_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/gfx/registers.h"

/* What SAMPLE_PIPELINESTAT writes, in this order (Mesa: si_query.c, pipeline statistics). */
enum gfx_statistic {
    GFX_STATISTIC_PS_INVOCATIONS,
    GFX_STATISTIC_C_PRIMITIVES,
    GFX_STATISTIC_C_INVOCATIONS,
    GFX_STATISTIC_VS_INVOCATIONS,
    GFX_STATISTIC_GS_INVOCATIONS,
    GFX_STATISTIC_GS_PRIMITIVES,
    GFX_STATISTIC_IA_PRIMITIVES,
    GFX_STATISTIC_IA_VERTICES,
    GFX_STATISTIC_HS_INVOCATIONS,
    GFX_STATISTIC_DS_INVOCATIONS,
    GFX_STATISTIC_CS_INVOCATIONS,
    GFX_STATISTIC_COUNT
};

enum { GFX_BASES = 4, GFX_STREAMS = 4, GFX_STREAMOUT_BUFFERS = 4 };

/* What SAMPLE_STREAMOUTSTATS writes of a stream, in this order (Mesa: si_query.c, which reads the
 * first for PRIMITIVES_GENERATED and the second for PRIMITIVES_EMITTED). */
struct gfx_stream_counts {
    uint64_t needed;  /* primitives that came */
    uint64_t written; /* that there was room for */
};

struct gfx_state {
    struct gfx_registers registers;
    uint64_t base[GFX_BASES]; /* SET_BASE */
    struct {
        uint64_t va;
        uint32_t count; /* INDEX_BUFFER_SIZE */
    } index;
    uint32_t instances;
    bool predicate_off;          /* packets with the predicate bit are skipped */
    bool predicate_seen;         /* one of the results so far was not nothing */
    uint64_t ce_count, de_count; /* INCREMENT_CE_COUNTER, INCREMENT_DE_COUNTER */
    bool statistics_on;          /* between PIPELINESTAT_START and _STOP */
    uint64_t statistics[GFX_STATISTIC_COUNT];
    struct gfx_stream_counts streams[GFX_STREAMS]; /* of streamout; see streamout.h */
    uint64_t samples_passed; /* the depth test, since the reset; ZPASS_DONE writes it */
};

/* As after a reset of the engine. */
void gfx_state_reset(struct gfx_state *state);

#endif
