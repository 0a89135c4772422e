/* SPDX-License-Identifier: MIT
 *
 * The rasteriser's bench: see raster_bench.h.
 */
#include "raster_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct bench *current;

/* ---- the fake of the next stage ---- */

static double plane_at(const struct gfx_surface_primitive *p, const struct gfx_plane *plane,
                       double x, double y)
{
    return plane->at + plane->dx * (x - p->x) + plane->dy * (y - p->y);
}

static void pixel_see(const struct gfx_surface_primitive *p, int32_t x, int32_t y,
                      uint16_t coverage)
{
    double cx = x + 0.5, cy = y + 0.5;
    double w = 1 / plane_at(p, &p->reciprocal_w, cx, cy);

    if (coverage && ((uint32_t)x >= BENCH_SIZE || (uint32_t)y >= BENCH_SIZE)) {
        current->outside++;
        return;
    }
    for (unsigned s = 0; s < GFX_SAMPLES; s++) {
        struct bench_sample *sample;

        if (!(coverage >> s & 1))
            continue;
        sample = &current->sample[y][x][s];
        sample->times++;
        sample->i = plane_at(p, &p->i_w, cx, cy) * w;
        sample->j = plane_at(p, &p->j_w, cx, cy) * w;
        sample->li = plane_at(p, &p->i, cx, cy);
        sample->lj = plane_at(p, &p->j, cx, cy);
        sample->z = plane_at(p, &p->z, cx, cy);
        sample->layer = p->layer;
        sample->front = p->front;
        memcpy(sample->parameter, p->parameters, sizeof(sample->parameter));
    }
}

enum gfx_result gfx_pixel_quad(struct gfx_pipeline *pipeline, const struct gfx_quad *quad)
{
    (void)pipeline;
    assert_int_equal((quad->x | quad->y) & 1, 0);
    current->quads++;
    for (int i = 0; i < 4; i++)
        pixel_see(quad->primitive, quad->x + (i & 1), quad->y + (i >> 1), quad->coverage[i]);
    return GFX_DONE;
}

enum gfx_result gfx_pixel_flush(struct gfx_pipeline *pipeline)
{
    (void)pipeline;
    current->flushes++;
    return GFX_DONE;
}

/* ---- registers ---- */

void bench_set(struct bench *b, uint32_t number, uint32_t value)
{
    *gfx_registers_at(&b->state.registers, number, 1) = value;
}

void bench_set_float(struct bench *b, uint32_t number, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    bench_set(b, number, bits);
}

void bench_multisample(struct bench *b, unsigned log2)
{
    static const uint32_t locations[4][2] = {{0}, {0xcc44}, {0x622ae6ae}, {0xbd153fd1, 0x9773f95b}};
    static const uint32_t priorities[4] = {0, 0x10101010, 0x32103210, 0x76543210};

    bench_set(b, GFX_PA_SC_AA_CONFIG, log2);
    bench_set(b, GFX_PA_SC_MODE_CNTL_0, 3);
    bench_set(b, GFX_PA_SC_CENTROID_PRIORITY_0, priorities[log2]);
    for (unsigned pixel = 0; pixel < 4; pixel++)
        for (unsigned i = 0; i < 2; i++)
            bench_set(b, GFX_PA_SC_AA_SAMPLE_LOCS_PIXEL_X0Y0_0 + 4 * pixel + i, locations[log2][i]);
}

/* As RADV sets up a device and a pipeline. */
static void registers_set(struct bench *b)
{
    gfx_registers_clear_context(&b->state.registers);
    bench_set(b, GFX_PA_SU_VTX_CNTL, 1 | 2 << 1 | 5 << 3);
    bench_set(b, GFX_PA_CL_VTE_CNTL, 0x43f);
    bench_set(b, GFX_PA_CL_CLIP_CNTL, 1 << 19 | 1 << 24);
    bench_set(b, GFX_PA_SU_SC_MODE_CNTL, 0);
    bench_set(b, GFX_PA_SC_MODE_CNTL_0, 2);
    bench_set(b, GFX_SPI_INTERP_CONTROL_0, 1 | 2 | 2 << 2 | 3 << 5 | 0 << 8 | 1 << 11);
    bench_set(b, GFX_SPI_PS_IN_CONTROL, 1);
    bench_set(b, GFX_PA_SU_POINT_MINMAX, 0xffff0000);
    bench_set(b, GFX_PA_SU_POINT_SIZE, 8 | 8 << 16);
    bench_set(b, GFX_PA_SU_LINE_CNTL, 8);
    bench_set_float(b, GFX_PA_CL_GB_HORZ_CLIP_ADJ, 30000);
    bench_set_float(b, GFX_PA_CL_GB_VERT_CLIP_ADJ, 30000);
    bench_set_float(b, GFX_PA_CL_GB_HORZ_DISC_ADJ, 30000);
    bench_set_float(b, GFX_PA_CL_GB_VERT_DISC_ADJ, 30000);
    bench_set_float(b, GFX_PA_CL_VPORT_XSCALE, 1);
    bench_set_float(b, GFX_PA_CL_VPORT_YSCALE, 1);
    bench_set_float(b, GFX_PA_CL_VPORT_ZSCALE, 1);
    bench_set(b, GFX_PA_SC_VPORT_SCISSOR_0_BR, BENCH_SIZE | BENCH_SIZE << 16);
}

/* ---- the bench ---- */

struct bench *bench_create(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    gfx_state_reset(&b->state);
    registers_set(b);
    b->pipeline.state = &b->state;
    assert_true(rw_ok(gfx_raster_create(&b->pipeline)));
    current = b;
    return b;
}

void bench_destroy(struct bench *b)
{
    gfx_raster_destroy(&b->pipeline);
    free(b);
}

uint32_t bench_vertex(struct bench *b, double x, double y, double z, double w)
{
    uint32_t number = b->vertices++;
    struct gfx_vertex *vertex = &b->vertex[number];
    float value = (float)number;

    assert_true(number < BENCH_VERTICES);
    *vertex = (struct gfx_vertex){.position[0] = {(float)x, (float)y, (float)z, (float)w},
                                  .parameters = b->parameter[number]};
    for (unsigned c = 0; c < 4; c++)
        memcpy(&b->parameter[number][0][c], &value, sizeof(value));
    return number;
}

void bench_primitive(struct bench *b, uint32_t v0, uint32_t v1, uint32_t v2)
{
    assert_true(b->primitives < BENCH_PRIMITIVES);
    b->primitive[b->primitives] =
        (struct gfx_primitive){.vertex = {v0, v1, v2}, .id = b->primitives, .edges = 7};
    b->primitives++;
}

enum gfx_result bench_draw(struct bench *b, enum gfx_primitive_type type)
{
    struct gfx_batch batch = {.type = type,
                              .vertices = b->vertex,
                              .vertex_count = b->vertices,
                              .primitives = b->primitive,
                              .primitive_count = b->primitives};
    enum gfx_result result = gfx_raster_begin(&b->pipeline);

    if (result == GFX_DONE)
        result = gfx_raster_batch(&b->pipeline, &batch);
    b->vertices = b->primitives = 0;
    assert_int_equal(b->outside, 0);
    return result;
}

void bench_clear(struct bench *b)
{
    memset(b->sample, 0, sizeof(b->sample));
    b->quads = b->flushes = 0;
}

unsigned bench_covered(const struct bench *b)
{
    unsigned covered = 0;

    for (unsigned y = 0; y < BENCH_SIZE; y++)
        for (unsigned x = 0; x < BENCH_SIZE; x++)
            for (unsigned s = 0; s < GFX_SAMPLES; s++)
                covered += b->sample[y][x][s].times != 0;
    return covered;
}
