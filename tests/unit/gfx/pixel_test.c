/* SPDX-License-Identifier: MIT
 *
 * The pixel stage with shaders in assembler before back ends that only look: how waves are packed
 * and start, what interpolation gives, what becomes of exports.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pixel_programs.inc"
#include "softgpu/gfx/color.h"
#include "softgpu/gfx/pixel.h"
#include "softgpu/isa/exec/sem_base.h"
#include "tests/unit/gfx/stage_bench.h"

enum { CODE_VA = 0x10000, DATA_VA = 0x20000, SEEN_MAX = 512 };

struct bench {
    struct gfx_state state;
    struct gfx_pipeline pipeline;
    struct fake_memory memory;
    struct isa_host host;
    uint32_t code[1024], data[1024];
    unsigned turns_left, waves;
    uint16_t depth_passes; /* samples that the depth test lets through */
    unsigned tested, drawn;
    struct gfx_fragment seen[SEEN_MAX]; /* drawn */
    struct gfx_fragment test[SEEN_MAX];
    struct gfx_surface_primitive primitive;
    struct isa_parameter parameter[ISA_PARAMETERS];
};

static struct bench *current;

/* ---- the fakes of the next stages ---- */

enum gfx_result gfx_output_depth(struct gfx_pipeline *pipeline, struct gfx_fragment *fragments,
                                 uint32_t count)
{
    (void)pipeline;
    for (uint32_t i = 0; i < count; i++) {
        current->test[current->tested++ % SEEN_MAX] = fragments[i];
        fragments[i].samples &= current->depth_passes;
    }
    return GFX_DONE;
}

enum gfx_result gfx_output_color(struct gfx_pipeline *pipeline,
                                 const struct gfx_fragment *fragments, uint32_t count)
{
    (void)pipeline;
    for (uint32_t i = 0; i < count; i++)
        if (fragments[i].samples)
            current->seen[current->drawn++ % SEEN_MAX] = fragments[i];
    return GFX_DONE;
}

static bool go_on(void *context)
{
    struct bench *b = context;

    b->waves++;
    return b->turns_left-- > 0;
}

/* ---- the bench ---- */

static void set(struct bench *b, uint32_t number, uint32_t value)
{
    *gfx_registers_at(&b->state.registers, number, 1) = value;
}

enum { W32 = 1 << 15, EARLY_Z = 1 << 4, KILL = 1 << 6, MSAA4 = 2 };

/* One target of 32-bit components, one user SGPR. */
static void registers_set(struct bench *b)
{
    gfx_registers_clear_context(&b->state.registers);
    set(b, GFX_SPI_SHADER_PGM_LO_PS, CODE_VA >> 8);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_PS, 7 | 0xf0 << 12 | 1 << 21);
    set(b, GFX_SPI_SHADER_PGM_RSRC2_PS, 1 << 1);
    set(b, GFX_SPI_SHADER_USER_DATA_PS_0, 0x12345678);
    set(b, GFX_SPI_SHADER_COL_FORMAT, GFX_EXPORT_32_ABGR);
    set(b, GFX_SPI_PS_IN_CONTROL, 3);
    set(b, GFX_SPI_BARYC_CNTL, 1 << 24);
    set(b, GFX_CB_TARGET_MASK, 0xff);
    set(b, GFX_CB_SHADER_MASK, 0xff);
    set(b, GFX_DB_SHADER_CONTROL, EARLY_Z);
}

static struct bench *bench_create(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_memory_init(&b->memory);
    fake_memory_map(&b->memory, CODE_VA, b->code, sizeof(b->code), FAKE_RX);
    fake_memory_map(&b->memory, DATA_VA, b->data, sizeof(b->data), FAKE_RW);
    stage_open(&b->pipeline, &b->state, &b->memory,
               (struct gfx_machine){.host = &b->host, .go_on = go_on, .context = b});
    assert_true(rw_ok(gfx_pixel_create(&b->pipeline)));
    registers_set(b);
    b->turns_left = 1000;
    b->depth_passes = UINT16_MAX;
    /* I and J are x and y in sixteenths, 1/w goes from 1 at the left. */
    b->primitive = (struct gfx_surface_primitive){
        .parameters = b->parameter,
        .layer = 3,
        .front = true,
        .i_w = {.dx = 1.0 / 16},
        .j_w = {.dy = 1.0 / 16},
        .reciprocal_w = {.at = 1, .dx = 0.125},
        .i = {.dx = 1.0 / 16},
        .j = {.dy = 1.0 / 16},
        .z = {.at = 0.25, .dx = 1.0 / 64, .dy = 1.0 / 128},
        .z_max = 1,
    };
    current = b;
    return b;
}

static void bench_destroy(struct bench *b)
{
    gfx_pixel_destroy(&b->pipeline);
    stage_close(&b->pipeline);
    free(b);
}

#define BEGIN(b, program) begin(b, program, sizeof(program))

static void begin(struct bench *b, const uint32_t *program, size_t size)
{
    memcpy(b->code, program, size);
    isa_code_revalidate(b->pipeline.machine.code);
    b->tested = b->drawn = b->waves = 0;
    assert_int_equal(gfx_pixel_begin(&b->pipeline), GFX_DONE);
}

static enum gfx_result quad_add(struct bench *b, int32_t x, int32_t y, uint16_t coverage)
{
    struct gfx_quad quad = {.primitive = &b->primitive, .x = x, .y = y};

    for (unsigned i = 0; i < 4; i++)
        quad.coverage[i] = coverage;
    return gfx_pixel_quad(&b->pipeline, &quad);
}

/* One quad at (6, 10), alone in a wave. */
static void quad_run(struct bench *b, uint16_t coverage)
{
    assert_int_equal(quad_add(b, 6, 10, coverage), GFX_DONE);
    assert_int_equal(gfx_pixel_flush(&b->pipeline), GFX_DONE);
}

static float float_of(const struct bench *b, unsigned fragment, unsigned component)
{
    return sem_f32(b->seen[fragment].color[0][component]);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fmax(1, fabs(b));
}

/* ---- waves ---- */

/* Quads of two primitives: packed by 16 or 8, drawn in order, each pixel once. */
static void test_packing(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    for (unsigned w32 = 0; w32 < 2; w32++) {
        const unsigned quads = 37, capacity = w32 ? 8 : 16;

        set(b, GFX_SPI_PS_IN_CONTROL, w32 ? W32 | 3 : 3);
        BEGIN(b, program_dump);
        for (unsigned i = 0; i < quads; i++)
            assert_int_equal(quad_add(b, (int32_t)(2 * i), 0, 1), GFX_DONE);
        assert_int_equal(b->waves, quads / capacity);
        assert_int_equal(gfx_pixel_flush(&b->pipeline), GFX_DONE);
        assert_int_equal(b->waves, quads / capacity + 1);
        assert_int_equal(b->drawn, 4 * quads);
        for (unsigned i = 0; i < 4 * quads; i++) {
            assert_int_equal(b->seen[i].x, 2 * (i / 4) + (i & 1));
            assert_int_equal(b->seen[i].y, i >> 1 & 1);
            assert_int_equal(b->seen[i].exported, 1);
            assert_int_equal(b->seen[i].layer, 3);
        }
    }
    bench_destroy(b);
}

static void test_scalars(void **state)
{
    struct gfx_surface_primitive other;
    struct gfx_quad quad = {.primitive = &other, .coverage = {1, 0, 0, 1}};
    struct bench *b = bench_create();

    (void)state;
    other = b->primitive;
    set(b, GFX_SPI_TMPRING_SIZE, 4 << 12);
    set(b, GFX_SPI_SHADER_PGM_RSRC2_PS, 1 << 1 | 1);
    BEGIN(b, program_dump_sgprs);
    assert_int_equal(quad_add(b, 0, 0, 1), GFX_DONE);
    assert_int_equal(gfx_pixel_quad(&b->pipeline, &quad), GFX_DONE);
    assert_int_equal(gfx_pixel_flush(&b->pipeline), GFX_DONE);
    assert_int_equal(b->drawn, 6);
    assert_int_equal(b->seen[0].color[0][0], 0x12345678);
    assert_int_equal(b->seen[0].color[0][1], 1 << 16); /* the second quad begins another */
    assert_int_equal(b->seen[0].color[0][2], 0);
    assert_int_equal(b->seen[0].color[0][3], 0x9f); /* helpers do not execute at first */
    bench_destroy(b);
}

/* Each input alone, and behind one that only has room. */
static void test_inputs(void **state)
{
    /* Pixel (7, 11), fragment 3: the centre is (7.5, 11.5). */
    const double rw = 1 + 7.5 / 8, i = 7.5 / 16, j = 11.5 / 16;
    const struct {
        uint32_t bit;
        unsigned count;
        double value[3];
    } floats[] = {
        {1 << 0, 2, {i / rw, j / rw}}, {1 << 1, 2, {i / rw, j / rw}},
        {1 << 2, 2, {i / rw, j / rw}}, {1 << 3, 3, {i, j, rw}},
        {1 << 4, 2, {i, j}},           {1 << 5, 2, {i, j}},
        {1 << 6, 2, {i, j}},           {1 << 8, 1, {7.5}},
        {1 << 9, 1, {11.5}},           {1 << 10, 1, {0.25 + 7.5 / 64 + 11.5 / 128}},
        {1 << 11, 1, {1 / rw}},
    };
    const struct {
        uint32_t bit, value;
    } integers[] = {{1 << 12, 1}, {1 << 13, 3 << 16}, {1 << 14, 1}, {1 << 15, 7 | 11 << 16}};
    struct bench *b = bench_create();

    (void)state;
    for (unsigned n = 0; n < sizeof(floats) / sizeof(floats[0]); n++) {
        set(b, GFX_SPI_PS_INPUT_ENA, floats[n].bit);
        set(b, GFX_SPI_PS_INPUT_ADDR, floats[n].bit);
        BEGIN(b, program_dump);
        quad_run(b, 1);
        for (unsigned c = 0; c < floats[n].count; c++)
            assert_true(near((double)float_of(b, 3, c), floats[n].value[c]));
    }
    for (unsigned n = 0; n < 4; n++) {
        set(b, GFX_SPI_PS_INPUT_ENA, integers[n].bit);
        set(b, GFX_SPI_PS_INPUT_ADDR, integers[n].bit | 2);
        BEGIN(b, program_dump);
        quad_run(b, 1);
        assert_int_equal(b->seen[3].color[0][2], integers[n].value);
    }
    bench_destroy(b);
}

static void four_samples(struct bench *b)
{
    set(b, GFX_PA_SC_AA_CONFIG, MSAA4);
    set(b, GFX_PA_SC_MODE_CNTL_0, 3);
    set(b, GFX_PA_SC_CENTROID_PRIORITY_0, 0x32103210);
    for (unsigned pixel = 0; pixel < 4; pixel++)
        set(b, GFX_PA_SC_AA_SAMPLE_LOCS_PIXEL_X0Y0_0 + 4 * pixel, 0x622ae6ae);
}

static void test_places(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    four_samples(b);
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 6);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 6);
    BEGIN(b, program_dump);
    quad_run(b, 15); /* covered: the centre */
    assert_true(near((double)float_of(b, 0, 0), 6.5 / 16));
    b->drawn = 0;
    quad_run(b, 12); /* the first of samples 2 and 3: (-6, 2) */
    assert_true(near((double)float_of(b, 0, 0), (6.5 - 6.0 / 16) / 16));
    assert_true(near((double)float_of(b, 0, 1), (10.5 + 2.0 / 16) / 16));
    assert_int_equal(b->seen[0].samples, 12);
    assert_true(
        near((double)b->seen[0].z[3], 0.25 + (6.5 + 2.0 / 16) / 64 + (10.5 + 6.0 / 16) / 128));
    bench_destroy(b);
}

/* Sample shading: each sample is a pixel of its own to the shader. */
static void test_iterations(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    four_samples(b);
    set(b, GFX_PA_SC_MODE_CNTL_1, 1 << 16);
    set(b, GFX_DB_EQAA, 2 << 4);
    set(b, GFX_SPI_BARYC_CNTL, 2 << 16);
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 8 | 1 << 13 | 1 << 14);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 8 | 1 << 13 | 1 << 14);
    BEGIN(b, program_dump);
    quad_run(b, 13);
    assert_int_equal(b->drawn, 12);
    for (unsigned n = 0; n < 12; n++) {
        static const unsigned samples[3] = {0, 2, 3};
        static const double places[3] = {-2, -6, 2};
        unsigned x = 6 + (n & 1), s = samples[n / 4];

        assert_int_equal(b->seen[n].samples, 1 << s);
        assert_int_equal(b->seen[n].color[0][1] >> 8 & 15, s);
        assert_int_equal(b->seen[n].color[0][2], 13);
        assert_true(near((double)float_of(b, n, 0), x + 0.5 + places[n / 4] / 16));
    }
    set(b, GFX_SPI_BARYC_CNTL, 2 << 16 | 1 << 20); /* the corner of the pixel */
    BEGIN(b, program_dump);
    quad_run(b, 13);
    for (unsigned n = 0; n < 12; n++)
        assert_true(near((double)float_of(b, n, 0), 6 + (n & 1)));
    bench_destroy(b);
}

/* ---- interpolation ---- */

static void test_interpolation(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    b->parameter[0].p0[0] = sem_bits32(2);
    b->parameter[0].p10[0] = sem_bits32(3);
    b->parameter[0].p20[0] = sem_bits32(5);
    b->parameter[1].p0[1] = sem_bits32(-7);
    b->parameter[2].p0[2] = 0xcafe0001;
    b->parameter[2].p20[3] = 0xcafe0002;
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 5);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 5);
    BEGIN(b, program_interpolate);
    quad_run(b, 1);
    for (unsigned n = 0; n < 4; n++) {
        float i = (6.5f + (float)(n & 1)) / 16, j = (10.5f + (float)(n >> 1)) / 16;
        float expect = fmaf(5, j, fmaf(3, i, 2));

        assert_int_equal(b->seen[n].color[0][0], sem_bits32(expect));
        assert_int_equal(b->seen[n].color[0][1], sem_bits32(-7));
        assert_int_equal(b->seen[n].color[0][2], 0xcafe0001);
        assert_int_equal(b->seen[n].color[0][3], 0xcafe0002);
    }
    bench_destroy(b);
}

/* Two f16 parameters in a dword: 1 + 2 i + 4 j and 3 - i. */
static void test_interpolation_half(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    b->parameter[0].p0[0] = 0x42003c00;
    b->parameter[0].p10[0] = 0xbc004000;
    b->parameter[0].p20[0] = 0x00004400;
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 5);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 5);
    BEGIN(b, program_interpolate_half);
    quad_run(b, 1);
    for (unsigned n = 0; n < 4; n++) {
        float i = (6.5f + (float)(n & 1)) / 16, j = (10.5f + (float)(n >> 1)) / 16;
        uint32_t low = b->seen[n].color[0][0], high = b->seen[n].color[0][1];

        assert_int_equal(low >> 16, 0xabcd);
        assert_int_equal(high >> 16, 0xabcd);
        assert_true(sem_f16_to_f32(low & 0xffff) == 1 + 2 * i + 4 * j);
        assert_true(sem_f16_to_f32(high & 0xffff) == 3 - i);
        assert_true(float_of(b, n, 2) == 1 + 2 * i);
    }
    bench_destroy(b);
}

static void test_derivative(void **state)
{
    struct gfx_quad quad = {.x = 4, .y = 4, .coverage = {0, 0, 1, 0}};
    struct bench *b = bench_create();

    (void)state;
    quad.primitive = &b->primitive;
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 8);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 8);
    BEGIN(b, program_derivative);
    assert_int_equal(gfx_pixel_quad(&b->pipeline, &quad), GFX_DONE);
    assert_int_equal(gfx_pixel_flush(&b->pipeline), GFX_DONE);
    assert_int_equal(b->drawn, 1);
    assert_int_equal(b->seen[0].x, 4);
    assert_int_equal(b->seen[0].y, 5);
    assert_true(float_of(b, 0, 0) == 1);
    bench_destroy(b);
}

/* ---- exports and depth ---- */

static void test_kill(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    set(b, GFX_SPI_PS_IN_CONTROL, W32 | 3);
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 8);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 8);
    set(b, GFX_DB_SHADER_CONTROL, EARLY_Z | KILL);
    BEGIN(b, program_kill);
    quad_run(b, 1);
    assert_int_equal(b->drawn, 2);
    assert_int_equal(b->tested, 2); /* after the shader: dead pixels leave no depth */
    assert_int_equal(b->seen[0].x | b->seen[1].x, 6);
    BEGIN(b, program_kill_all);
    quad_run(b, 1);
    assert_int_equal(b->drawn + b->tested, 0);
    bench_destroy(b);
}

static void test_formats(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    set(b, GFX_SPI_SHADER_COL_FORMAT, GFX_EXPORT_FP16_ABGR | GFX_EXPORT_UINT16_ABGR << 4);
    BEGIN(b, program_compressed);
    quad_run(b, 1);
    assert_int_equal(b->seen[0].exported, 3);
    for (unsigned c = 0; c < 4; c++) {
        static const uint32_t integers[4] = {0x3c00, 0x4000, 0x4200, 0x4400};

        assert_true(float_of(b, 0, c) == (float)(c + 1));
        assert_int_equal(b->seen[0].color[1][c], integers[c]);
    }
    /* The format says one thing, the shader does another. */
    set(b, GFX_SPI_SHADER_COL_FORMAT, GFX_EXPORT_32_ABGR);
    BEGIN(b, program_compressed);
    assert_int_equal(quad_add(b, 0, 0, 1), GFX_DONE);
    assert_int_equal(gfx_pixel_flush(&b->pipeline), GFX_FAULT);
    assert_non_null(strstr(b->pipeline.obstacle, "target"));
    bench_destroy(b);
}

/* Exports are without holes, targets are not. */
static void test_targets(void **state)
{
    static const struct {
        uint32_t mask;
        unsigned exported, first, second;
    } rows[] = {
        {0x000000ff, 0x03, 0, 1}, /* as they are */
        {0x00f00f00, 0x24, 2, 5},
        {0x00000010, 0x02, 1, 8}, /* the second one has no target */
        {0x00000001, 0x03, 0, 1}, /* it has none, but may be blending's second source */
    };
    struct bench *b = bench_create();

    (void)state;
    set(b, GFX_SPI_SHADER_COL_FORMAT, GFX_EXPORT_FP16_ABGR | GFX_EXPORT_UINT16_ABGR << 4);
    set(b, GFX_CB_TARGET_MASK, UINT32_MAX);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set(b, GFX_CB_SHADER_MASK, rows[i].mask);
        BEGIN(b, program_compressed);
        quad_run(b, 1);
        assert_int_equal(b->seen[0].exported, rows[i].exported);
        assert_int_equal(b->seen[0].color[rows[i].first][1], sem_bits32(2));
        if (rows[i].second < GFX_TARGETS)
            assert_int_equal(b->seen[0].color[rows[i].second][1], 0x4000);
    }
    bench_destroy(b);
}

static void test_depth_export(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    four_samples(b);
    set(b, GFX_SPI_SHADER_Z_FORMAT, GFX_EXPORT_32_ABGR);
    set(b, GFX_DB_SHADER_CONTROL, EARLY_Z | 1 | 2 | 1 << 8);
    BEGIN(b, program_depth);
    quad_run(b, 7);
    assert_int_equal(b->tested, 4);
    assert_int_equal(b->seen[0].samples, 5);
    assert_true(b->test[0].z[0] == 0.25f && b->test[0].z[2] == 0.25f);
    assert_int_equal(b->test[0].stencil, 0x5a);
    bench_destroy(b);
}

/* Early: what fails costs no wave, and the test happens once. Late: the wave runs all the same. */
static void test_depth_order(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    b->depth_passes = 0;
    BEGIN(b, program_dump);
    quad_run(b, 1);
    assert_int_equal(b->waves, 0);
    assert_int_equal(b->tested, 4);
    assert_true(near((double)b->test[1].z[0], 0.25 + 7.5 / 64 + 10.5 / 128));
    set(b, GFX_DB_SHADER_CONTROL, 0);
    BEGIN(b, program_dump);
    quad_run(b, 1);
    assert_int_equal(b->waves, 1);
    assert_int_equal(b->tested, 4);
    assert_int_equal(b->drawn, 0);
    bench_destroy(b);
}

/* Without colours a shader runs only when it is asked to. */
static void test_idle_shader(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    set(b, GFX_CB_TARGET_MASK, 0);
    set(b, GFX_SPI_SHADER_PGM_RSRC2_PS, 2 << 1);
    set(b, GFX_SPI_SHADER_USER_DATA_PS_0, DATA_VA);
    for (unsigned noop = 0; noop < 2; noop++) {
        set(b, GFX_DB_SHADER_CONTROL, EARLY_Z | noop << 10);
        BEGIN(b, program_touch);
        quad_run(b, 1);
        assert_int_equal(b->data[0], 4 * noop);
        assert_int_equal(b->tested, 4);
    }
    bench_destroy(b);
}

/* Surfaces have four samples, and one is rasterised that stands for them: the shader knows of one,
 * and what it does to that one is done to all. */
static void test_one_sample_for_all(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    b->pipeline.surface_samples_log2 = 2;
    set(b, GFX_PA_SC_MODE_CNTL_1, 1 << 16);
    set(b, GFX_DB_EQAA, 2 << 4);
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 6 | 1 << 14);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 6 | 1 << 14);
    BEGIN(b, program_dump);
    quad_run(b, 6); /* the sample mask has taken two */
    assert_int_equal(b->drawn, 4);
    assert_int_equal(b->seen[0].samples, 6);
    assert_true(near((double)float_of(b, 0, 0), 6.5 / 16));
    assert_int_equal(b->seen[0].color[0][2], 1);
    for (unsigned s = 1; s < 3; s++)
        assert_true(near((double)b->seen[0].z[s], 0.25 + 6.5 / 64 + 10.5 / 128));

    /* Half of a step of alpha rounds up to the whole pixel, less does not; see program_dump. */
    set(b, GFX_DB_ALPHA_TO_MASK, 1 | 0xaa << 8);
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 3 | 1 << 10);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 3 | 1 << 10);
    for (unsigned n = 0; n <= 8; n++) {
        b->primitive.z = (struct gfx_plane){.at = n / 8.0};
        BEGIN(b, program_dump);
        quad_run(b, 15);
        assert_int_equal(b->drawn, n < 4 ? 0 : 4);
        if (n >= 4)
            assert_int_equal(b->seen[0].samples, 15);
    }

    set(b, GFX_DB_ALPHA_TO_MASK, 0);
    set(b, GFX_SPI_SHADER_Z_FORMAT, GFX_EXPORT_32_ABGR);
    set(b, GFX_DB_SHADER_CONTROL, EARLY_Z | 1 | 2 | 1 << 8);
    BEGIN(b, program_depth);
    quad_run(b, 7);
    assert_int_equal(b->seen[0].samples, 7);
    assert_true(b->test[0].z[0] == 0.25f && b->test[0].z[2] == 0.25f);
    bench_destroy(b);
}

/* Four samples are rasterised for surfaces that have one, which is how lines are smoothed: it is
 * drawn whichever of them are covered, and the shader knows which. */
static void test_more_samples(void **state)
{
    enum { OVERRASTERIZATION = 2 << 24 };
    struct bench *b = bench_create();

    (void)state;
    set(b, GFX_PA_SC_AA_CONFIG, MSAA4);
    set(b, GFX_PA_SC_MODE_CNTL_0, 1);
    set(b, GFX_DB_EQAA, OVERRASTERIZATION);
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 6 | 1 << 14);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 6 | 1 << 14);
    for (unsigned late = 0; late < 2; late++) {
        set(b, GFX_DB_SHADER_CONTROL, late ? 0 : EARLY_Z);
        BEGIN(b, program_dump);
        quad_run(b, 12);
        assert_int_equal(b->tested, 4);
        assert_int_equal(b->test[0].samples, 1);
        assert_int_equal(b->drawn, 4);
        assert_int_equal(b->seen[0].samples, 1);
        assert_int_equal(b->seen[0].color[0][2], 12);
    }
    set(b, GFX_DB_SHADER_CONTROL, EARLY_Z | 1 << 23); /* the coverage that depth leaves */
    BEGIN(b, program_dump);
    quad_run(b, 12);
    assert_int_equal(b->seen[0].color[0][2], 12);
    b->depth_passes = 0;
    BEGIN(b, program_dump);
    quad_run(b, 12);
    assert_int_equal(b->drawn, 0);
    bench_destroy(b);
}

static void test_alpha_to_mask(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    four_samples(b);
    set(b, GFX_DB_ALPHA_TO_MASK, 1 | 0xaa << 8); /* half a step each */
    set(b, GFX_SPI_PS_INPUT_ENA, 1 << 3 | 1 << 10);
    set(b, GFX_SPI_PS_INPUT_ADDR, 1 << 3 | 1 << 10);
    for (unsigned n = 0; n <= 8; n++) {
        b->primitive.z = (struct gfx_plane){.at = n / 8.0};
        BEGIN(b, program_dump);
        quad_run(b, 15);
        assert_int_equal(b->drawn, n == 0 ? 0 : 4);
        if (n > 0)
            assert_int_equal(b->seen[0].samples, (1 << (n + 1) / 2) - 1);
    }
    bench_destroy(b);
}

static void test_endless(void **state)
{
    struct bench *b = bench_create();

    (void)state;
    BEGIN(b, program_forever);
    b->turns_left = 3;
    assert_int_equal(quad_add(b, 0, 0, 1), GFX_DONE);
    assert_int_equal(gfx_pixel_flush(&b->pipeline), GFX_STOPPED);
    bench_destroy(b);
}

static void test_refusals(void **state)
{
    const struct {
        uint32_t number, value;
    } refused[] = {
        {GFX_DB_SHADER_CONTROL, 1 << 7},
        {GFX_DB_SHADER_CONTROL, 1 << 2},
        {GFX_DB_SHADER_CONTROL, 1 << 16},

        {GFX_SPI_SHADER_PGM_RSRC2_PS, 1 << 8},
        {GFX_SPI_SHADER_PGM_RSRC2_PS, 1 << 16 | 1 << 6},
        {GFX_PA_SC_AA_CONFIG, 4},
    };
    struct bench *b = bench_create();

    (void)state;
    for (unsigned n = 0; n < sizeof(refused) / sizeof(refused[0]); n++) {
        registers_set(b);
        set(b, refused[n].number, refused[n].value);
        b->pipeline.obstacle[0] = '\0';
        assert_int_equal(gfx_pixel_begin(&b->pipeline), GFX_FAULT);
        assert_true(b->pipeline.obstacle[0] != '\0');
    }
    for (unsigned n = 0; n < 2; n++) {
        registers_set(b);
        set(b, GFX_PA_SC_AA_CONFIG, MSAA4);
        set(b, GFX_DB_EQAA, 1 << 24 | n << 27);
        b->pipeline.surface_samples_log2 = n ? 0 : 1;
        b->pipeline.obstacle[0] = '\0';
        assert_int_equal(gfx_pixel_begin(&b->pipeline), GFX_FAULT);
        assert_non_null(strstr(b->pipeline.obstacle, "overrasterization"));
    }
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_one_sample_for_all),
        cmocka_unit_test(test_more_samples),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_interpolation_half),
        cmocka_unit_test(test_derivative),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_depth_export),
        cmocka_unit_test(test_depth_order),
        cmocka_unit_test(test_idle_shader),
        cmocka_unit_test(test_alpha_to_mask),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
