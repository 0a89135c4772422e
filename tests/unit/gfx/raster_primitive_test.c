/* SPDX-License-Identifier: MIT
 *
 * Primitives in the window: rectangles, points, lines, outlines; faces, scissors, viewports, depth
 * bias, and the parameters that go with them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "raster_bench.h"
#include "softgpu/isa/exec/sem_base.h"

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

static const struct bench_sample *at(const struct bench *b, unsigned x, unsigned y)
{
    return &b->sample[y][x][0];
}

/* Asserts that just the pixels of a rectangle are covered, once each. */
static void assert_rect(const struct bench *b, unsigned x0, unsigned y0, unsigned x1, unsigned y1)
{
    for (unsigned y = 0; y < BENCH_SIZE; y++)
        for (unsigned x = 0; x < BENCH_SIZE; x++)
            assert_int_equal(at(b, x, y)->times, x >= x0 && x < x1 && y >= y0 && y < y1);
}

/* A triangle over the whole target, clockwise as seen when `clockwise`. */
static void big_triangle(struct bench *b, bool clockwise, double z)
{
    bench_vertex(b, -64, -64, z, 1);
    bench_vertex(b, clockwise ? 256 : -64, clockwise ? -64 : 256, z, 1);
    bench_vertex(b, clockwise ? -64 : 256, clockwise ? 256 : -64, z, 1);
    bench_primitive(b, 0, 1, 2);
}

/* ---- rectangles ---- */

static void test_rect(void **state)
{
    struct bench *b = bench_create();
    double i, j;

    (void)state;
    bench_vertex(b, 8, 16, 0.25, 1); /* as RADV's meta operations order them */
    bench_vertex(b, 8, 48, 0.25, 1);
    bench_vertex(b, 24, 16, 0.25, 1);
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_RECT), GFX_DONE);
    assert_rect(b, 8, 16, 24, 48);
    /* The fourth corner's half goes on like the triangle. */
    i = (47.5 - 16) / 32;
    j = (23.5 - 8) / 16;
    assert_true(near(at(b, 23, 47)->i, i) && near(at(b, 23, 47)->j, j));
    assert_true(at(b, 23, 47)->z == 0.25 && at(b, 23, 47)->front);
    bench_destroy(b);
}

/* Rectangles have no face to cull. */
static void test_rect_is_not_culled(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SU_SC_MODE_CNTL, 3);
    bench_vertex(b, 0, 0, 0, 1);
    bench_vertex(b, 0, 4, 0, 1);
    bench_vertex(b, 4, 0, 0, 1);
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_RECT), GFX_DONE);
    assert_rect(b, 0, 0, 4, 4);
    bench_destroy(b);
}

/* ---- points ---- */

static void test_point(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_SPI_PS_IN_CONTROL, 2);
    bench_set(b, GFX_SPI_PS_INPUT_CNTL_0 + 1, 1 << 17 | 1 << 5);
    bench_set(b, GFX_PA_SU_POINT_SIZE, 8 * 4 | 8 * 6 << 16); /* 6 by 4 */
    bench_vertex(b, 20, 30, 0.5, 1);
    bench_primitive(b, 0, 0, 0);
    assert_int_equal(bench_draw(b, GFX_POINT), GFX_DONE);
    assert_rect(b, 17, 28, 23, 32);

    const struct bench_sample *corner = at(b, 17, 31);
    const struct isa_parameter *sprite = &corner->parameter[1];

    assert_true(near(corner->i, 0.5 / 6) && near(corner->j, 3.5 / 4));
    assert_true(corner->front);
    assert_int_equal(sprite->p10[0], sem_bits32(1));
    assert_int_equal(sprite->p20[1], sem_bits32(1));
    assert_int_equal(sprite->p0[2], 0);
    assert_int_equal(sprite->p0[3], sem_bits32(1));
    assert_int_equal(sprite->p0[0] | sprite->p20[0] | sprite->p0[1] | sprite->p10[1], 0);
    bench_destroy(b);
}

/* Behind the parameters that vertices have, sprite coordinates that no register asks for. */
static void test_generated_parameter(void **state)
{
    enum { PARAM_GEN = 1 << 6 };
    struct bench *b = bench_create();

    (void)state;
    for (unsigned of_vertices = 0; of_vertices < 3; of_vertices++) {
        const struct isa_parameter *generated = &at(b, 20, 30)->parameter[of_vertices];

        bench_set(b, GFX_SPI_PS_IN_CONTROL, of_vertices | PARAM_GEN);
        bench_set(b, GFX_SPI_INTERP_CONTROL_0, 1);
        bench_vertex(b, 20.5, 30.5, 0.5, 1);
        bench_primitive(b, 0, 0, 0);
        assert_int_equal(bench_draw(b, GFX_POINT), GFX_DONE);
        assert_int_equal(generated->p10[2], sem_bits32(1));
        assert_int_equal(generated->p20[3], sem_bits32(1));
        assert_int_equal(generated->p0[2] | generated->p20[2], 0);
        assert_int_equal(generated->p0[3] | generated->p10[3], 0);
        bench_set(b, GFX_SPI_INTERP_CONTROL_0, 1 | 1 << 14); /* from the bottom up */
        bench_vertex(b, 20.5, 30.5, 0.5, 1);
        bench_primitive(b, 0, 0, 0);
        assert_int_equal(bench_draw(b, GFX_POINT), GFX_DONE);
        assert_int_equal(generated->p0[3], sem_bits32(1));
        assert_int_equal(generated->p20[3], sem_bits32(-1));
    }
    bench_set(b, GFX_SPI_PS_IN_CONTROL, ISA_PARAMETERS | PARAM_GEN);
    assert_int_equal(bench_draw(b, GFX_POINT), GFX_FAULT);
    bench_destroy(b);
}

static void test_point_size_of_vertex(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_CL_VS_OUT_CNTL, 1 << 16 | 1 << 21);
    bench_set(b, GFX_PA_SU_POINT_MINMAX, 16 | 80 << 16); /* 2 to 10 */
    for (unsigned n = 0; n < 3; n++) {
        static const float sizes[3] = {1, 8, 40};
        static const unsigned expect[3] = {2, 8, 10};

        bench_clear(b);
        bench_vertex(b, 32, 32, 0.5, 1);
        b->vertex[0].position[1][0] = sizes[n];
        bench_primitive(b, 0, 0, 0);
        assert_int_equal(bench_draw(b, GFX_POINT), GFX_DONE);
        assert_rect(b, 32 - expect[n] / 2, 32 - expect[n] / 2, 32 + expect[n] / 2,
                    32 + expect[n] / 2);
    }
    bench_destroy(b);
}

/* ---- lines ---- */

/* One pixel in each column, next to where the line is. */
static void test_line(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned steep = 0; steep < 2; steep++) {
        bench_clear(b);
        bench_vertex(b, steep ? 8.25 : 4, steep ? 4 : 8.25, 0, 1);
        bench_vertex(b, steep ? 21.75 : 52, steep ? 52 : 21.75, 1, 1);
        bench_primitive(b, 0, 1, 0);
        assert_int_equal(bench_draw(b, GFX_LINE), GFX_DONE);
        assert_int_equal(bench_covered(b), 48);
        for (unsigned n = 4; n < 52; n++) {
            unsigned there = (unsigned)(8.25 + (n + 0.5 - 4) * 13.5 / 48);
            const struct bench_sample *sample = steep ? at(b, there, n) : at(b, n, there);

            assert_int_equal(sample->times, 1);
            assert_true(fabs(sample->i - (n + 0.5 - 4) / 48) < 0.01);
            assert_true(near(sample->z, sample->i) && sample->j == 0);
        }
    }
    bench_destroy(b);
}

static void test_wide_line(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SU_LINE_CNTL, 8 * 6);
    bench_vertex(b, 4, 20, 0, 1);
    bench_vertex(b, 40, 20, 0, 1);
    bench_primitive(b, 0, 1, 0);
    assert_int_equal(bench_draw(b, GFX_LINE), GFX_DONE);
    assert_rect(b, 4, 17, 40, 23);
    bench_destroy(b);
}

/* A clipped line keeps the values that it has there. */
static void test_clipped_line(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_vertex(b, 0, 20.5, -1, 1); /* in front of the near plane up to the middle */
    bench_vertex(b, 64, 20.5, 1, 1);
    bench_primitive(b, 0, 1, 0);
    assert_int_equal(bench_draw(b, GFX_LINE), GFX_DONE);
    assert_rect(b, 32, 20, 64, 21);
    assert_true(near(at(b, 40, 20)->i, 40.5 / 64) && near(at(b, 40, 20)->li, 40.5 / 64));
    bench_destroy(b);
}

static void test_outline(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SU_SC_MODE_CNTL, 1 << 3 | 1 << 5 | 1 << 8);
    bench_vertex(b, 8.5, 8.5, 0, 1);
    bench_vertex(b, 40.5, 8.5, 0, 1);
    bench_vertex(b, 8.5, 40.5, 0, 1);
    bench_primitive(b, 0, 1, 2);
    b->primitive[0].edges = 5; /* not the slanted one */
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    for (unsigned n = 9; n < 40; n++) {
        assert_int_equal(at(b, n, 8)->times, 1);
        assert_int_equal(at(b, 8, n)->times, 1);
    }
    assert_in_range(bench_covered(b), 62, 64);
    /* The same said by vertices: the first one's edge only. */
    bench_clear(b);
    bench_set(b, GFX_PA_CL_VS_OUT_CNTL, 1 << 17 | 1 << 21);
    bench_vertex(b, 8.5, 8.5, 0, 1);
    bench_vertex(b, 40.5, 8.5, 0, 1);
    bench_vertex(b, 8.5, 40.5, 0, 1);
    b->vertex[0].position[1][1] = sem_f32(1);
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(bench_covered(b), 32);
    assert_int_equal(at(b, 20, 8)->times, 1);
    bench_set(b, GFX_PA_CL_VS_OUT_CNTL, 0);
    /* Points: the corners. */
    bench_clear(b);
    bench_set(b, GFX_PA_SU_SC_MODE_CNTL, 1 << 3);
    big_triangle(b, true, 0);
    for (unsigned n = 0; n < 3; n++) {
        b->vertex[n].position[0][0] = (float)(8 + 8 * n) + 0.5f;
        b->vertex[n].position[0][1] = n == 1 ? 8.5f : 16.5f;
    }
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(bench_covered(b), 3);
    assert_int_equal(at(b, 16, 8)->times, 1);
    bench_destroy(b);
}

/* What a user plane leaves of a triangle's corners, as primitives of their own or as outline: where
 * it clips, nothing before x = 21; where it culls, all that has a corner behind that. */
static void test_planes(void **state)
{
    static const struct {
        enum gfx_primitive_type type;
        uint32_t mode;
        unsigned clipped, culled; /* pixels that remain */
    } rows[] = {
        {GFX_POINT, 0, 1, 1},
        {GFX_LINE, 0, 19, 32},
        {GFX_TRIANGLE, 1 << 3, 1, 3},                          /* points */
        {GFX_TRIANGLE, 1 << 3 | 1 << 5 | 1 << 8, 19 + 19, 95}, /* lines */
    };
    struct bench *b = bench_create();

    (void)state;
    bench_set_float(b, GFX_PA_CL_UCP_0_X + 8, 1);
    bench_set_float(b, GFX_PA_CL_UCP_0_X + 11, -21);
    for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned culls = i % 2, expected = culls ? rows[i / 2].culled : rows[i / 2].clipped;

        bench_clear(b);
        bench_set(b, GFX_PA_CL_CLIP_CNTL, 1 << 2 | culls << 17 | 1 << 19);
        bench_set(b, GFX_PA_SU_SC_MODE_CNTL, rows[i / 2].mode);
        bench_vertex(b, 8.5, 8.5, 0, 1);
        bench_vertex(b, 40.5, 8.5, 0, 1);
        bench_vertex(b, 8.5, 40.5, 0, 1);
        bench_primitive(b, 0, 1, 2);
        if (rows[i / 2].type == GFX_POINT)
            bench_primitive(b, 1, 2, 0);
        assert_int_equal(bench_draw(b, rows[i / 2].type), GFX_DONE);
        if (bench_covered(b) != expected)
            fail_msg("row %u: %u pixels, not %u", i, bench_covered(b), expected);
        for (unsigned n = 0; n < 21 * BENCH_SIZE && !culls; n++)
            assert_int_equal(at(b, n % 21, n / 21)->times, 0);
    }
    bench_destroy(b);
}

/* ---- faces ---- */

static void test_faces(void **state)
{
    enum { CULL_FRONT = 1, CULL_BACK = 2, CLOCKWISE_IS_FRONT = 4 };
    struct bench *b = bench_create();

    (void)state;
    for (unsigned mode = 0; mode < 8; mode++)
        for (unsigned clockwise = 0; clockwise < 2; clockwise++) {
            bool front = clockwise == (mode & CLOCKWISE_IS_FRONT ? 1 : 0);
            bool culled = mode & (front ? CULL_FRONT : CULL_BACK);

            bench_clear(b);
            bench_set(b, GFX_PA_SU_SC_MODE_CNTL, mode);
            big_triangle(b, clockwise, 0);
            assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
            assert_int_equal(bench_covered(b), culled ? 0 : BENCH_SIZE * BENCH_SIZE);
            assert_int_equal(at(b, 9, 9)->front, !culled && front);
        }
    bench_destroy(b);
}

/* ---- the window ---- */

static void test_scissors(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SC_SCREEN_SCISSOR_TL, 3 | 1 << 16);
    bench_set(b, GFX_PA_SC_WINDOW_SCISSOR_TL, 1u << 31 | 1 | 5 << 16);
    bench_set(b, GFX_PA_SC_GENERIC_SCISSOR_BR, 60 | 33 << 16);
    bench_set(b, GFX_PA_SC_VPORT_SCISSOR_0_BR, 51 | 62 << 16);
    big_triangle(b, true, 0);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_rect(b, 3, 5, 51, 33);
    /* The window's moves, those that forbid it stay. */
    bench_clear(b);
    bench_set(b, GFX_PA_SC_WINDOW_OFFSET, 10);
    bench_set(b, GFX_PA_SC_WINDOW_SCISSOR_TL, 1 | 5 << 16);
    big_triangle(b, true, 0);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_rect(b, 11, 5, 51, 33);
    bench_destroy(b);
}

static void test_clip_rects(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SC_CLIPRECT_0_TL, 5 | 7 << 16);
    bench_set(b, GFX_PA_SC_CLIPRECT_0_BR, 20 | 30 << 16);
    bench_set(b, GFX_PA_SC_CLIPRECT_RULE, 0xaaaa); /* inside the first */
    big_triangle(b, true, 0);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_rect(b, 5, 7, 20, 30);
    bench_clear(b);
    bench_set(b, GFX_PA_SC_CLIPRECT_RULE, 0x5555); /* outside of it */
    big_triangle(b, true, 0);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(bench_covered(b), BENCH_SIZE * BENCH_SIZE - 15 * 23);
    bench_destroy(b);
}

static void test_sample_mask(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_multisample(b, 2);
    bench_set(b, GFX_PA_SC_AA_MASK_X0Y0_X1Y0, 0x0003000a);
    bench_set(b, GFX_PA_SC_AA_MASK_X0Y1_X1Y1, 0x00000004);
    big_triangle(b, true, 0);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    for (unsigned s = 0; s < 4; s++) {
        assert_int_equal(b->sample[2][2][s].times, 0xa >> s & 1);
        assert_int_equal(b->sample[2][3][s].times, 0x3 >> s & 1);
        assert_int_equal(b->sample[3][2][s].times, 0x4 >> s & 1);
        assert_int_equal(b->sample[3][3][s].times, 0);
    }
    bench_destroy(b);
}

/* The provoking vertex says where a primitive goes. */
static void test_viewports(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_CL_VS_OUT_CNTL, 3 << 18 | 1 << 21);
    bench_set_float(b, GFX_PA_CL_VPORT_XSCALE + 6 * 5, 0.5f);
    bench_set_float(b, GFX_PA_CL_VPORT_XSCALE + 6 * 5 + 1, 8);
    bench_set_float(b, GFX_PA_CL_VPORT_XSCALE + 6 * 5 + 2, 1);
    bench_set_float(b, GFX_PA_CL_VPORT_XSCALE + 6 * 5 + 4, 0.5f);
    bench_set_float(b, GFX_PA_CL_VPORT_XSCALE + 6 * 5 + 5, 0.25f);
    bench_set(b, GFX_PA_SC_VPORT_SCISSOR_0_BR + 2 * 5, 40 | 40 << 16);
    for (unsigned last = 0; last < 2; last++) {
        bench_clear(b);
        bench_set(b, GFX_PA_SU_SC_MODE_CNTL, last << 19);
        bench_vertex(b, 8, 16, 0.5, 1);
        bench_vertex(b, 8, 60, 0.5, 1);
        bench_vertex(b, 40, 16, 0.5, 1);
        b->vertex[last ? 2 : 0].position[1][2] = sem_f32(5 << 16 | 17);
        bench_primitive(b, 0, 1, 2);
        assert_int_equal(bench_draw(b, GFX_RECT), GFX_DONE);
        assert_rect(b, 12, 16, 28, 40);
        assert_int_equal(at(b, 12, 16)->layer, 17);
        assert_true(at(b, 12, 16)->z == 0.5);
    }
    bench_destroy(b);
}

/* ---- depth bias ---- */

static void test_depth_bias(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SU_SC_MODE_CNTL, 1 << 11 | 1 << 12 | 4);
    bench_set_float(b, GFX_PA_SU_POLY_OFFSET_FRONT_OFFSET, 4);
    bench_set_float(b, GFX_PA_SU_POLY_OFFSET_FRONT_SCALE, 16 * 3);
    bench_set(b, GFX_PA_SU_POLY_OFFSET_DB_FMT_CNTL, (uint8_t)-16);
    bench_vertex(b, 0, 0, 0.25, 1);
    bench_vertex(b, 64, 0, 0.5, 1);
    bench_vertex(b, 0, 64, 0.25, 1);
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_true(near(at(b, 8, 8)->z, 0.25 + 8.5 / 256 + 3.0 / 256 + 4 * 0x1p-16));
    /* Steps of a float of 0.5, the largest depth; then the clamp. */
    for (unsigned clamp = 0; clamp < 2; clamp++) {
        double bias = 4 * 0x1p-24 + 3.0 / 256;

        bench_set_float(b, GFX_PA_SU_POLY_OFFSET_CLAMP, clamp ? 0x1p-8f : 0);
        bench_set(b, GFX_PA_SU_POLY_OFFSET_DB_FMT_CNTL, (uint8_t)-23 | 1 << 8);
        bench_vertex(b, 0, 0, 0.25, 1);
        bench_vertex(b, 64, 0, 0.5, 1);
        bench_vertex(b, 0, 64, 0.25, 1);
        bench_primitive(b, 0, 1, 2);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        assert_true(near(at(b, 8, 8)->z, 0.25 + 8.5 / 256 + (clamp ? 0x1p-8 : bias)));
    }
    /* Denormals have the steps of the least normal float; and infinity is drawn, too. */
    big_triangle(b, true, 0x1p-140);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_true(fabs(at(b, 8, 8)->z / (0x1p-140 + 4 * 0x1p-149) - 1) < 1e-6);
    bench_clear(b);
    bench_set_float(b, GFX_PA_CL_VPORT_ZSCALE, INFINITY);
    big_triangle(b, true, 0.5);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(bench_covered(b), BENCH_SIZE * BENCH_SIZE);
    bench_destroy(b);
}

/* ---- parameters ---- */

static void test_parameters(void **state)
{
    enum { FLAT = 1 << 10, ELSEWHERE = 1 << 5, HALF = 1 << 19 };
    struct bench *b = bench_create();
    const struct isa_parameter *p;

    (void)state;
    bench_set(b, GFX_SPI_PS_IN_CONTROL, 4);
    bench_set(b, GFX_SPI_PS_INPUT_CNTL_0, 2);
    bench_set(b, GFX_SPI_PS_INPUT_CNTL_0 + 1, FLAT | 2);
    bench_set(b, GFX_SPI_PS_INPUT_CNTL_0 + 2, ELSEWHERE | 1 << 8);
    bench_set(b, GFX_SPI_PS_INPUT_CNTL_0 + 3, ELSEWHERE | FLAT | 2);
    for (unsigned last = 0; last < 2; last++) {
        bench_set(b, GFX_PA_SU_SC_MODE_CNTL, last << 19);
        big_triangle(b, true, 0);
        for (unsigned n = 0; n < 3; n++)
            b->parameter[n][2][1] = sem_bits32((float)(n * n + 1));
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        p = at(b, 5, 5)->parameter;
        assert_int_equal(p[0].p0[1], sem_bits32(1));
        assert_int_equal(p[0].p10[1], sem_bits32(1));
        assert_int_equal(p[0].p20[1], sem_bits32(4));
        assert_int_equal(p[1].p0[1], sem_bits32(last ? 5 : 1));
        assert_int_equal(p[1].p10[1] | p[1].p20[1], 0);
        assert_int_equal(p[2].p0[0] | p[2].p0[1] | p[2].p0[2], 0);
        assert_int_equal(p[2].p0[3], sem_bits32(1));
        assert_int_equal(p[3].p0[1], sem_bits32(1));
        assert_int_equal(p[3].p10[1], sem_bits32(2));
        assert_int_equal(p[3].p20[1], sem_bits32(5));
    }
    bench_set(b, GFX_SPI_PS_INPUT_CNTL_0, HALF | 2);
    big_triangle(b, true, 0);
    for (unsigned n = 0; n < 3; n++)
        b->parameter[n][2][1] = n == 1 ? 0x44003c00 : 0x40003c00; /* 1 | 4 and 1 | 2 */
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(at(b, 5, 5)->parameter[0].p10[1], 0x40000000);
    bench_destroy(b);
}

/* More primitives than parameters are kept for: what refers to them is flushed first. */
static void test_many(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned n = 0; n < 900; n++)
        bench_vertex(b, n % 30 * 2 + 0.5, n / 30 * 2 + 0.5, 0, 1);
    for (unsigned n = 0; n < 900; n++)
        bench_primitive(b, n, 0, 0);
    assert_int_equal(bench_draw(b, GFX_POINT), GFX_DONE);
    assert_true(b->flushes >= 900 / RASTER_PENDING);
    assert_int_equal(bench_covered(b), 30 * 30);
    bench_destroy(b);
}

static void test_refusals(void **state)
{
    const struct {
        uint32_t number, value;
    } refused[] = {
        {GFX_PA_CL_CLIP_CNTL, 1 << 28},
        {GFX_PA_SC_MODE_CNTL_0, 4},
        {GFX_PA_SC_CONSERVATIVE_RASTERIZATION_CNTL, 1},
        {GFX_PA_CL_VS_OUT_CNTL, 1 << 20},
        {GFX_PA_SC_AA_CONFIG, 4},
        {GFX_SPI_PS_INPUT_CNTL_0, 1 << 13},
        {GFX_SPI_PS_IN_CONTROL, 20 | 20 << 9}, /* parameters of vertices and of primitives */
    };

    (void)state;
    for (unsigned n = 0; n < sizeof(refused) / sizeof(refused[0]); n++) {
        struct bench *b = bench_create();

        bench_set(b, refused[n].number, refused[n].value);
        big_triangle(b, true, 0);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_FAULT);
        assert_true(b->pipeline.obstacle[0] != '\0');
        bench_destroy(b);
    }
}

/* All samples of a surface, more, or one for all of them; but not some. */
static void test_fewer_samples(void **state)
{
    (void)state;
    for (unsigned log2 = 0; log2 < 4; log2++) {
        struct bench *b = bench_create();

        bench_multisample(b, log2);
        b->pipeline.surface_samples_log2 = 2;
        big_triangle(b, true, 0);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), log2 == 1 ? GFX_FAULT : GFX_DONE);
        if (log2 == 1)
            assert_non_null(strstr(b->pipeline.obstacle, "2 samples a pixel for surfaces"));
        bench_destroy(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rect),
        cmocka_unit_test(test_rect_is_not_culled),
        cmocka_unit_test(test_generated_parameter),
        cmocka_unit_test(test_point),
        cmocka_unit_test(test_point_size_of_vertex),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_wide_line),
        cmocka_unit_test(test_clipped_line),
        cmocka_unit_test(test_outline),
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_faces),
        cmocka_unit_test(test_scissors),
        cmocka_unit_test(test_clip_rects),
        cmocka_unit_test(test_sample_mask),
        cmocka_unit_test(test_viewports),
        cmocka_unit_test(test_depth_bias),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_fewer_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
