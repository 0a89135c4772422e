/* SPDX-License-Identifier: MIT
 *
 * The rasteriser before a pixel stage that only looks: which samples were covered how often, and
 * by what.
 */
#ifndef TESTS_UNIT_GFX_RASTER_BENCH_H
#define TESTS_UNIT_GFX_RASTER_BENCH_H

#include "softgpu/gfx/raster.h"

enum { BENCH_SIZE = 64, BENCH_VERTICES = 1024, BENCH_PRIMITIVES = 2048 };

/* A sample, as it was last covered. */
struct bench_sample {
    unsigned times;
    double i, j, z; /* in perspective, at pixel centres */
    double li, lj;
    uint32_t layer;
    bool front;
    struct isa_parameter parameter[4];
};

struct bench {
    struct gfx_state state;
    struct gfx_pipeline pipeline;
    struct bench_sample sample[BENCH_SIZE][BENCH_SIZE][GFX_SAMPLES];
    unsigned quads, outside, flushes;

    struct gfx_vertex vertex[BENCH_VERTICES];
    uint32_t parameter[BENCH_VERTICES][ISA_PARAMETERS][4];
    unsigned vertices;
    struct gfx_primitive primitive[BENCH_PRIMITIVES];
    unsigned primitives;
};

/* A viewport of BENCH_SIZE pixels over clip space 0 .. BENCH_SIZE in x and y (so that with w = 1
 * positions are pixels), depth as it is, no culling, one sample. */
struct bench *bench_create(void);
void bench_destroy(struct bench *b);

void bench_set(struct bench *b, uint32_t number, uint32_t value);
void bench_set_float(struct bench *b, uint32_t number, float value);
/* PA_SC_AA_*: the usual places of 1, 2, 4 or 8 samples. */
void bench_multisample(struct bench *b, unsigned log2);

/* Adds a vertex; its parameter 0 is its number in all components. Returns the number. */
uint32_t bench_vertex(struct bench *b, double x, double y, double z, double w);
void bench_primitive(struct bench *b, uint32_t v0, uint32_t v1, uint32_t v2);

/* Draws what was added and forgets it; samples add up until bench_clear(). */
enum gfx_result bench_draw(struct bench *b, enum gfx_primitive_type type);
void bench_clear(struct bench *b);

/* Samples covered at least once. */
unsigned bench_covered(const struct bench *b);

#endif
