/* SPDX-License-Identifier: MIT
 *
 * Where colours go: every swizzle mode, levels, layers and samples, several targets, and what lies
 * outside; faults; what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "output_bench.h"
#include "tests/unit/random.h"

enum { F32 = 4, UINT = 4, F8_8_8_8 = 10 };

static uint32_t word_at(const struct bench *bench, uint64_t va)
{
    uint32_t word;

    memcpy(&word, bench->bytes + (va - BENCH_VA), sizeof(word));
    return word;
}

/* The only word of memory that is not 0 is where addressing says, and nowhere else. */
static void check_place(struct bench *bench, const struct bench_target *t, uint32_t x, uint32_t y,
                        uint32_t layer, unsigned sample)
{
    struct gfx_fragment fragment = {.x = (int32_t)x,
                                    .y = (int32_t)y,
                                    .layer = layer,
                                    .samples = (uint16_t)(1u << sample),
                                    .exported = 1,
                                    .color[0] = {0x12345678}};
    struct surface_shape shape = {.dimension = t->dimension,
                                  .swizzle = t->swizzle,
                                  .element_bytes = 4,
                                  .samples_log2 = t->samples_log2,
                                  .width = t->width,
                                  .height = t->height,
                                  .depth = t->slices,
                                  .levels = t->levels};
    struct surface_layout layout;
    uint64_t va;
    unsigned found = 0;

    assert_null(surface_layout_init(&layout, &shape));
    assert_true(layout.size <= BENCH_BYTES);
    memset(bench->bytes, 0, BENCH_BYTES);
    bench_set_target(bench, 0, t);
    bench_begin(bench);
    bench_draw(bench, &fragment);
    va = surface_locate(&layout, BENCH_VA, t->level, x, y, t->first_slice + layer, sample);
    assert_int_equal(word_at(bench, va), 0x12345678);
    for (unsigned i = 0; i < BENCH_BYTES; i++)
        found += bench->bytes[i] != 0;
    assert_int_equal(found, 4);
}

static void test_swizzle_modes(void **state)
{
    static const unsigned modes[] = {SURFACE_LINEAR,   SURFACE_256B_D,   SURFACE_4KB_S_X,
                                     SURFACE_64KB_S,   SURFACE_64KB_D_X, SURFACE_64KB_R_X,
                                     SURFACE_256KB_R_X};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct bench_target t = {.format = F32,
                                 .number = UINT,
                                 .width = 40,
                                 .height = 30,
                                 .slices = 2,
                                 .levels = 1,
                                 .last_slice = 1,
                                 .dimension = SURFACE_2D,
                                 .swizzle = modes[i]};

        check_place(&bench, &t, 0, 0, 0, 0);
        check_place(&bench, &t, 39, 29, 1, 0);
    }
    bench_destroy(&bench);
}

static void test_levels_slices_samples(void **state)
{
    const struct bench_target mips = {.format = F32,
                                      .number = UINT,
                                      .width = 128,
                                      .height = 64,
                                      .slices = 3,
                                      .levels = 5,
                                      .level = 2,
                                      .first_slice = 1,
                                      .last_slice = 2,
                                      .dimension = SURFACE_2D,
                                      .swizzle = SURFACE_64KB_R_X};
    const struct bench_target volume = {.format = F32,
                                        .number = UINT,
                                        .width = 16,
                                        .height = 16,
                                        .slices = 16,
                                        .levels = 1,
                                        .first_slice = 4,
                                        .last_slice = 9,
                                        .dimension = SURFACE_3D,
                                        .swizzle = SURFACE_64KB_S};
    const struct bench_target samples = {.format = F32,
                                         .number = UINT,
                                         .width = 33,
                                         .height = 9,
                                         .slices = 1,
                                         .levels = 1,
                                         .samples_log2 = 3,
                                         .dimension = SURFACE_2D,
                                         .swizzle = SURFACE_64KB_R_X};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    check_place(&bench, &mips, 31, 15, 1, 0);
    check_place(&bench, &volume, 3, 14, 5, 0);
    for (unsigned sample = 0; sample < 8; sample++)
        check_place(&bench, &samples, 32, 8, 0, sample);
    bench_destroy(&bench);
}

/* Layers beyond the view are its last one. */
static void test_layers_beyond(void **state)
{
    static const uint8_t expected[4] = {0, 0, 0x11, 0};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    bench_set_target(&bench, 0,
                     &(struct bench_target){.format = F8_8_8_8,
                                            .number = UINT,
                                            .width = 64,
                                            .height = 1,
                                            .first_slice = 1,
                                            .last_slice = 2});
    bench_begin(&bench);
    bench_draw(&bench,
               &(struct gfx_fragment){.layer = 7, .samples = 1, .exported = 1, .color = {{0x11}}});
    for (unsigned slice = 0; slice < 4; slice++)
        assert_int_equal(bench.bytes[256 * slice], expected[slice]);
    bench_destroy(&bench);
}

/* Fragments that a target does not have, or that have nothing for it, leave it alone. */
static void test_outside(void **state)
{
    static const struct gfx_fragment fragments[] = {
        {.x = 4, .samples = 1, .exported = 1}, {.x = -1, .samples = 1, .exported = 1},
        {.y = 4, .samples = 1, .exported = 1}, {.x = 1, .samples = 0, .exported = 1},
        {.x = 1, .samples = 2, .exported = 1}, {.x = 1, .samples = 1, .exported = 2},
    };
    struct bench bench;

    (void)state;
    bench_create(&bench);
    memset(bench.bytes, 0x5a, BENCH_BYTES);
    bench_set_target(
        &bench, 0,
        &(struct bench_target){.format = F8_8_8_8, .number = UINT, .width = 4, .height = 4});
    bench_begin(&bench);
    for (unsigned i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++)
        bench_draw(&bench, &fragments[i]);
    bench_set(&bench, GFX_CB_COLOR0_VIEW, 3 | 2 << 13); /* a view that ends before it begins */
    bench_begin(&bench);
    bench_draw(&bench, &(struct gfx_fragment){.samples = 1, .exported = 1});
    bench_set(&bench, GFX_CB_COLOR_CONTROL, 0xcc << 16); /* MODE: disabled */
    bench_begin(&bench);
    bench_draw(&bench, &(struct gfx_fragment){.samples = 1, .exported = 1});
    for (unsigned i = 0; i < BENCH_BYTES; i++)
        assert_int_equal(bench.bytes[i], 0x5a);
    bench_destroy(&bench);
}

static void test_several_targets(void **state)
{
    struct gfx_fragment fragment = {.samples = 1, .exported = 0xff};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    bench_set(&bench, GFX_CB_TARGET_MASK, 0xff0fffff); /* not the sixth */
    for (unsigned n = 0; n < 8; n++) {
        fragment.color[n][0] = 100 + n;
        bench_set_target(&bench, n,
                         &(struct bench_target){
                             .format = F32, .number = UINT, .offset = (7 - n) * UINT64_C(256)});
    }
    bench_begin(&bench);
    bench_draw(&bench, &fragment);
    for (unsigned n = 0; n < 8; n++)
        assert_int_equal(word_at(&bench, BENCH_VA + (7 - n) * 256), n == 5 ? 0 : 100 + n);
    bench_destroy(&bench);
}

/* What the rasteriser has to cover: the most of all targets; passes need whole pixels only. */
static void test_surface_samples(void **state)
{
    const struct bench_target single = {.format = F32, .number = UINT};
    const struct bench_target several = {.format = F32,
                                         .number = UINT,
                                         .dimension = SURFACE_2D,
                                         .swizzle = SURFACE_64KB_R_X,
                                         .samples_log2 = 2};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    bench_set_target(&bench, 0, &several);
    bench_set_target(&bench, 1, &single);
    bench_begin(&bench);
    assert_int_equal(bench.pipeline.surface_samples_log2, 2);
    bench_set(&bench, GFX_CB_TARGET_MASK, 0xf0);
    bench_begin(&bench);
    assert_int_equal(bench.pipeline.surface_samples_log2, 0);
    bench_set(&bench, GFX_DB_Z_INFO, 3 | 3 << 2 | SURFACE_64KB_Z_X << 4);
    bench_begin(&bench);
    assert_int_equal(bench.pipeline.surface_samples_log2, 3);
    bench_set(&bench, GFX_DB_Z_INFO, 0);
    bench_set(&bench, GFX_CB_COLOR_CONTROL, 0xcc << 16 | GFX_COLOR_ELIMINATE_FAST_CLEAR << 4);
    bench_begin(&bench);
    assert_int_equal(bench.pipeline.surface_samples_log2, 0);
    bench_destroy(&bench);
}

static void test_faults(void **state)
{
    struct gfx_fragment fragment = {.x = 3, .y = 2, .samples = 1, .exported = 1};
    struct bench_target t = {.format = F32, .number = UINT, .width = 4, .height = 4};
    struct gfx_pipeline *pipeline;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    pipeline = &bench.pipeline;
    bench_set_target(&bench, 0, &t);
    bench_begin(&bench);
    bench_draw(&bench, &fragment);
    fake_memory_unmap_all(&bench.memory);
    assert_int_equal(gfx_output_color(pipeline, &fragment, 1), GFX_FAULT);
    assert_int_equal(pipeline->fault.kind, ISA_FAULT_UNMAPPED);
    assert_int_equal(pipeline->fault.va, BENCH_VA + 2 * 256 + 12);
    assert_int_equal(pipeline->fault.access, ISA_ACCESS_WRITE);
    fake_memory_map(&bench.memory, BENCH_VA, bench.bytes, BENCH_BYTES, ISA_ACCESS_READ);
    assert_int_equal(gfx_output_color(pipeline, &fragment, 1), GFX_FAULT);
    assert_int_equal(pipeline->fault.kind, ISA_FAULT_PROTECTION);
    /* What is written in part must be read. */
    fake_memory_unmap_all(&bench.memory);
    fake_memory_map(&bench.memory, BENCH_VA, bench.bytes, BENCH_BYTES, ISA_ACCESS_WRITE);
    bench_draw(&bench, &fragment);
    t.format = F8_8_8_8;
    bench_set_target(&bench, 0, &t);
    bench_set(&bench, GFX_CB_TARGET_MASK, 1);
    bench_begin(&bench);
    assert_int_equal(gfx_output_color(pipeline, &fragment, 1), GFX_FAULT);
    assert_int_equal(pipeline->fault.access, ISA_ACCESS_READ | ISA_ACCESS_WRITE);
    bench_destroy(&bench);
}

/* The one window is found once. */
static void test_windows_are_kept(void **state)
{
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    bench_set_target(&bench, 0, &(struct bench_target){.format = F32, .number = UINT, .width = 64});
    bench_begin(&bench);
    for (fragment.x = 0; fragment.x < 64; fragment.x++)
        bench_draw(&bench, &fragment);
    assert_int_equal(bench.memory.finds, 1);
    bench_destroy(&bench);
}

static void test_refusals(void **state)
{
    struct bench_target t = {.format = F8_8_8_8, .number = UINT};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    t.format = 13;
    bench_set_target(&bench, 0, &t);
    bench_refuses(&bench, "format");
    t.format = F8_8_8_8;
    t.level = 1;
    bench_set_target(&bench, 0, &t);
    bench_refuses(&bench, "mip level");
    t.level = 0;
    t.swizzle = 3;
    bench_set_target(&bench, 0, &t);
    bench_refuses(&bench, "colour target 0");
    t.swizzle = 0;
    t.dimension = 3;
    bench_set_target(&bench, 0, &t);
    bench_refuses(&bench, "dimensions");
    t.dimension = SURFACE_2D;
    t.info = 1;
    bench_set_target(&bench, 0, &t);
    bench_refuses(&bench, "endian");
    bench_set(&bench, GFX_CB_COLOR_CONTROL, 7 << 4 | 0xcc << 16);
    bench_refuses(&bench, "MODE 7");
    bench_destroy(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_swizzle_modes),   cmocka_unit_test(test_levels_slices_samples),
        cmocka_unit_test(test_outside),         cmocka_unit_test(test_layers_beyond),
        cmocka_unit_test(test_several_targets), cmocka_unit_test(test_surface_samples),
        cmocka_unit_test(test_faults),          cmocka_unit_test(test_windows_are_kept),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
