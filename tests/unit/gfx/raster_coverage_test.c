/* SPDX-License-Identifier: MIT
 *
 * Coverage of triangles against exact references, and what clipping leaves against the definition
 * of a projected triangle.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "raster_bench.h"
#include "tests/unit/random.h"

static uint64_t seed = 20;

/* ---- exact coverage ---- */

struct spot {
    int64_t x, y; /* 256 to the pixel */
};

/* Where sample s of a pixel is; the places are written once more here, in sixteenths. */
static struct spot sample_spot(unsigned log2, unsigned x, unsigned y, unsigned s)
{
    static const int8_t places[4][8][2] = {
        {{0, 0}},
        {{4, 4}, {-4, -4}},
        {{-2, -6}, {6, -2}, {-6, 2}, {2, 6}},
        {{1, -3}, {-1, 3}, {5, 1}, {-3, -5}, {-5, 5}, {-7, -1}, {3, 7}, {7, -7}}};

    return (struct spot){.x = 256 * (int64_t)x + 128 + 16 * places[log2][s][0],
                         .y = 256 * (int64_t)y + 128 + 16 * places[log2][s][1]};
}

/* On which side of p -> q is the point that lies a trifle to the right of `at` and, by a trifle of
 * that, below? A sample on an edge belongs to the triangle that this point is in. */
static int side(struct spot p, struct spot q, struct spot at)
{
    int64_t cross = (q.x - p.x) * (at.y - p.y) - (q.y - p.y) * (at.x - p.x);

    if (cross == 0)
        cross = p.y - q.y;
    if (cross == 0)
        cross = q.x - p.x;
    return cross > 0 ? 1 : -1;
}

static bool inside(const struct spot v[3], struct spot at)
{
    int a = side(v[0], v[1], at), b = side(v[1], v[2], at), c = side(v[2], v[0], at);

    return a == b && b == c;
}

static struct spot random_spot(void)
{
    int range = 256 * BENCH_SIZE;

    return (struct spot){.x = (int64_t)random_below(&seed, (uint64_t)range),
                         .y = (int64_t)random_below(&seed, (uint64_t)range)};
}

static uint32_t spot_vertex(struct bench *b, struct spot spot)
{
    return bench_vertex(b, (double)spot.x / 256, (double)spot.y / 256, 0.5, 1);
}

static void coverage_check(const struct bench *b, unsigned log2, const struct spot v[3])
{
    for (unsigned y = 0; y < BENCH_SIZE; y++)
        for (unsigned x = 0; x < BENCH_SIZE; x++)
            for (unsigned s = 0; s < 1u << log2; s++)
                assert_int_equal(b->sample[y][x][s].times,
                                 inside(v, sample_spot(log2, x, y, s)) ? 1 : 0);
}

static void test_triangles(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned n = 0; n < 400; n++) {
        struct spot v[3] = {random_spot(), random_spot(), random_spot()};
        unsigned log2 = n % 4;

        if (n % 3 == 0) /* corners and edges on samples */
            for (unsigned i = 0; i < 3; i++) {
                v[i].x = (v[i].x & ~127) | 128;
                v[i].y = (v[i].y & ~127) | 128;
            }
        bench_clear(b);
        bench_multisample(b, log2);
        for (unsigned i = 0; i < 3; i++)
            spot_vertex(b, v[i]);
        bench_primitive(b, 0, 1, 2);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        coverage_check(b, log2, v);
    }
    bench_destroy(b);
}

/* One sample is rasterised for surfaces that have four: it covers all, but for the sample mask. */
static void test_one_for_all(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    bench_set(b, GFX_PA_SC_AA_MASK_X0Y0_X1Y0, 0xffff | 6 << 16);
    bench_set(b, GFX_PA_SC_AA_MASK_X0Y0_X1Y0 + 1, 0xffff | 0xffffu << 16);
    b->pipeline.surface_samples_log2 = 2;
    for (unsigned n = 0; n < 50; n++) {
        struct spot v[3] = {random_spot(), random_spot(), random_spot()};

        bench_clear(b);
        for (unsigned i = 0; i < 3; i++)
            spot_vertex(b, v[i]);
        bench_primitive(b, 0, 1, 2);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        for (unsigned i = 0; i < BENCH_SIZE * BENCH_SIZE * 4; i++) {
            const unsigned x = i / 4 % BENCH_SIZE, y = i / 4 / BENCH_SIZE, s = i % 4;
            const bool masked = x % 2 == 1 && y % 2 == 0 && (s == 0 || s == 3);

            assert_int_equal(b->sample[y][x][s].times,
                             !masked && inside(v, sample_spot(0, x, y, 0)) ? 1 : 0);
        }
    }
    bench_destroy(b);
}

/* A grid of corners, moved at random but those on the rim; diagonals and orders at random too. */
static void mesh_draw(struct bench *b, bool coarse)
{
    enum { CELLS = 16, STEP = 256 * BENCH_SIZE / CELLS };
    uint32_t at[CELLS + 1][CELLS + 1];

    for (unsigned y = 0; y <= CELLS; y++)
        for (unsigned x = 0; x <= CELLS; x++) {
            struct spot spot = {.x = (int64_t)x * STEP, .y = (int64_t)y * STEP};

            if (x > 0 && x < CELLS)
                spot.x += (int64_t)random_below(&seed, STEP / 2) - STEP / 4;
            if (y > 0 && y < CELLS)
                spot.y += (int64_t)random_below(&seed, STEP / 2) - STEP / 4;
            if (coarse) {
                spot.x &= ~127;
                spot.y &= ~127;
            }
            at[y][x] = spot_vertex(b, spot);
        }
    for (unsigned y = 0; y < CELLS; y++)
        for (unsigned x = 0; x < CELLS; x++) {
            bool turned = random_below(&seed, 2);
            uint32_t p = at[y][x], q = at[y][x + 1], r = at[y + 1][x + 1], s = at[y + 1][x];

            bench_primitive(b, turned ? q : p, turned ? r : q, turned ? s : r);
            bench_primitive(b, turned ? s : r, turned ? p : s, turned ? q : p);
        }
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
}

static void test_meshes(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned n = 0; n < 40; n++) {
        unsigned log2 = n % 4;

        bench_clear(b);
        bench_multisample(b, log2);
        mesh_draw(b, n & 4);
        for (unsigned y = 0; y < BENCH_SIZE; y++)
            for (unsigned x = 0; x < BENCH_SIZE; x++)
                for (unsigned s = 0; s < 1u << log2; s++)
                    assert_int_equal(b->sample[y][x][s].times, 1);
    }
    bench_destroy(b);
}

/* ---- projection ---- */

struct homogeneous {
    double position[3][4]; /* x, y, z, w in pixels times w */
};

static double determinant(double a[3][3])
{
    return a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
           a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
           a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
}

/* Weights of the corners, over w, of what is seen at (x, y); false for a triangle edge-on. */
static bool weights_at(const struct homogeneous *t, double x, double y, double out[3])
{
    double whole[3][3], part[3][3], rhs[3] = {x, y, 1};

    for (unsigned r = 0; r < 3; r++)
        for (unsigned c = 0; c < 3; c++)
            whole[r][c] = t->position[c][r == 2 ? 3 : r];
    if (fabs(determinant(whole)) < 1e-3)
        return false;
    for (unsigned k = 0; k < 3; k++) {
        memcpy(part, whole, sizeof(part));
        for (unsigned r = 0; r < 3; r++)
            part[r][k] = rhs[r];
        out[k] = determinant(part) / determinant(whole);
    }
    return true;
}

/* What a pixel's centre shows: 1 yes, 0 no, -1 too close to call. */
static int expect_at(const struct homogeneous *t, double x, double y, double out_weights[3])
{
    static const double margin = 2e-3;
    double sum = 0, z = 0, least = 1, reach;

    if (!weights_at(t, x, y, out_weights))
        return -1;
    for (unsigned k = 0; k < 3; k++) {
        sum += out_weights[k];
        z += out_weights[k] * t->position[k][2];
    }
    /* How far weights go when the place is rounded to the grid. */
    reach = margin;
    for (unsigned k = 0; k < 3; k++) {
        double right[3], down[3];

        weights_at(t, x + 1, y, right);
        weights_at(t, x, y + 1, down);
        reach =
            fmax(reach, (fabs(right[k] - out_weights[k]) + fabs(down[k] - out_weights[k])) / 64);
        least = fmin(least, out_weights[k]);
    }
    if (fabs(least) < reach || fabs(z) < 0.02 || fabs(1 - z) < 0.02)
        return -1;
    for (unsigned k = 0; k < 3; k++)
        out_weights[k] /= sum;
    return least > 0 && z > 0 && z < 1;
}

static double random_double(double low, double high)
{
    return low + (high - low) * (double)(random_next(&seed) >> 11) * 0x1p-53;
}

static void projected_draw(struct bench *b, struct homogeneous *out)
{
    for (unsigned k = 0; k < 3; k++) {
        double w = random_double(-1, 2), *p = out->position[k];

        p[0] = random_double(-40, 100) * fabs(w);
        p[1] = random_double(-40, 100) * fabs(w);
        p[2] = random_double(-0.5, 1.5) * fabs(w);
        p[3] = w;
        bench_vertex(b, p[0], p[1], p[2], p[3]);
        for (unsigned i = 0; i < 4; i++)
            p[i] = (double)b->vertex[k].position[0][i];
    }
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
}

/* Corners behind the eye, in front of the near and behind the far plane. */
static void test_clipping(void **state)
{
    struct bench *b = bench_create();
    unsigned seen = 0, unseen = 0;

    (void)state;
    for (unsigned n = 0; n < 400; n++) {
        struct homogeneous t;

        bench_clear(b);
        projected_draw(b, &t);
        for (unsigned y = 0; y < BENCH_SIZE; y++)
            for (unsigned x = 0; x < BENCH_SIZE; x++) {
                const struct bench_sample *sample = &b->sample[y][x][0];
                double weight[3];
                int expect = expect_at(&t, x + 0.5, y + 0.5, weight);

                assert_true(sample->times <= 1);
                if (expect < 0)
                    continue;
                assert_int_equal(sample->times, expect);
                seen += expect == 1;
                unseen += expect == 0;
                if (expect) {
                    assert_true(fabs(sample->i - weight[1]) < 0.05);
                    assert_true(fabs(sample->j - weight[2]) < 0.05);
                }
            }
    }
    assert_true(seen > 20000 && unseen > 20000);
    bench_destroy(b);
}

/* Two triangles that share an edge which clipping cuts, one with a corner behind the eye: it goes
 * on from the edge away from where that corner projects to. No sample twice, none left out. */
static void test_clipped_neighbours(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned n = 0; n < 200; n++) {
        bench_clear(b);
        for (unsigned k = 0; k < 4; k++) {
            double w = k == 3 ? -0.5 : random_double(0.5, 2);
            double side_x = k == 1 ? 1 : -1, side_y = k == 2 ? 1 : -1;
            double near = k % 3 ? 500 : 5000;

            bench_vertex(b, (32 + side_x * random_double(near, 2 * near)) * w,
                         (32 + side_y * random_double(near, 2 * near)) * w, 0.5 * w, w);
        }
        bench_primitive(b, 0, 1, 2);
        bench_primitive(b, 2, 1, 3);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        for (unsigned y = 0; y < BENCH_SIZE; y++)
            for (unsigned x = 0; x < BENCH_SIZE; x++)
                assert_int_equal(b->sample[y][x][0].times, 1);
    }
    bench_destroy(b);
}

/* Clip distances cut where they are 0; cull distances take all or nothing. */
static void test_distances(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned cull = 0; cull < 2; cull++) {
        bench_clear(b);
        bench_set(b, GFX_PA_CL_VS_OUT_CNTL, (cull ? 1 << 9 : 1 << 1) | 1 << 22);
        bench_vertex(b, 0, 0, 0.5, 1);
        bench_vertex(b, 128, 0, 0.5, 1);
        bench_vertex(b, 0, 128, 0.5, 1);
        b->vertex[0].position[1][1] = -21;
        b->vertex[1].position[1][1] = 107;
        b->vertex[2].position[1][1] = -21;
        bench_primitive(b, 0, 1, 2);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        assert_int_equal(b->sample[3][20][0].times, cull);
        assert_int_equal(b->sample[3][21][0].times, 1);
    }
    bench_clear(b);
    for (unsigned k = 0; k < 3; k++) {
        bench_vertex(b, k == 1 ? 64 : 0, k == 2 ? 64 : 0, 0.5, 1);
        b->vertex[k].position[1][1] = -1;
    }
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(bench_covered(b), 0);
    bench_destroy(b);
}

static void plane_set(struct bench *b, unsigned number, float x, float y, float z, float w)
{
    const float plane[4] = {x, y, z, w};

    for (unsigned i = 0; i < 4; i++)
        bench_set_float(b, GFX_PA_CL_UCP_0_X + 4 * number + i, plane[i]);
}

/* Positions on the inner side of planes remain, before they are projected; planes that only cull
 * take all or nothing. */
static void test_planes(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    plane_set(b, 0, 0, 0, 0, -1); /* not enabled: would take all */
    plane_set(b, 1, 1, 0, 0, -21);
    plane_set(b, 5, 0, -1, 0, 40);
    for (unsigned culls = 0; culls < 2; culls++) {
        bench_clear(b);
        bench_set(b, GFX_PA_CL_CLIP_CNTL, 1 << 1 | 1 << 5 | culls << 17 | 1 << 19);
        for (unsigned k = 0; k < 3; k++) {
            const double w = k + 1;

            bench_vertex(b, (k == 1 ? 128 : 0) * w, (k == 2 ? 128 : 0) * w, 0.5 * w, w);
        }
        bench_primitive(b, 0, 1, 2);
        assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
        for (unsigned y = 0; y < BENCH_SIZE; y++)
            for (unsigned x = 0; x < BENCH_SIZE - y; x++)
                assert_int_equal(b->sample[y][x][0].times, culls || (x >= 21 && y < 40));
    }
    bench_clear(b);
    plane_set(b, 5, 0, 0, 0, -1);
    for (unsigned k = 0; k < 3; k++)
        bench_vertex(b, k == 1 ? 64 : 0, k == 2 ? 64 : 0, 0.5, 1);
    bench_primitive(b, 0, 1, 2);
    assert_int_equal(bench_draw(b, GFX_TRIANGLE), GFX_DONE);
    assert_int_equal(bench_covered(b), 0);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triangles),   cmocka_unit_test(test_meshes),
        cmocka_unit_test(test_clipping),    cmocka_unit_test(test_distances),
        cmocka_unit_test(test_planes),      cmocka_unit_test(test_clipped_neighbours),
        cmocka_unit_test(test_one_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
