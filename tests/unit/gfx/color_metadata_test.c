/* SPDX-License-Identifier: MIT
 *
 * What drivers clear by metadata: DCC and CMASK, filled by draws and passes; resolves.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "output_bench.h"
#include "softgpu/surface/surface_metadata.h"

enum { UNORM = 0, SNORM = 1, UINT = 4, SINT = 5, FLOAT = 7 };
enum { F8 = 1, F8_8 = 3, F32 = 4, F10_11_11 = 6, F2_10_10_10 = 9, F8_8_8_8 = 10, F16X4 = 12 };
enum { FAST_CLEAR = 1 << 13, COMPRESSION = 1 << 14, DCC = 1 << 28 };
enum { DCC_OFFSET = BENCH_BYTES / 2, CMASK_OFFSET = DCC_OFFSET + (1 << 17) };
enum { FMASK_OFFSET = CMASK_OFFSET + (1 << 17) };
enum { SIZE = 24 }; /* of the surfaces here, along both sides */

static void set_base(struct bench *bench, uint32_t low, uint32_t high, uint64_t offset)
{
    bench_set(bench, low, (uint32_t)((BENCH_VA + offset) >> 8));
    bench_set(bench, high, (uint32_t)((BENCH_VA + offset) >> 40));
}

static struct bench_target target_of(unsigned format, unsigned number, unsigned samples_log2,
                                     uint32_t info)
{
    return (struct bench_target){.format = format,
                                 .number = number,
                                 .info = info,
                                 .width = SIZE,
                                 .height = SIZE,
                                 .samples_log2 = samples_log2,
                                 .dimension = SURFACE_2D,
                                 .swizzle = SURFACE_64KB_R_X};
}

static void set_target(struct bench *bench, const struct bench_target *t)
{
    bench_set_target(bench, 0, t);
    bench_set(bench, GFX_CB_COLOR0_ATTRIB3,
              SURFACE_64KB_R_X << 14 | SURFACE_64KB_Z_X << 19 | SURFACE_2D << 24 | 1u << 30);
    set_base(bench, GFX_CB_COLOR0_DCC_BASE, GFX_CB_COLOR0_DCC_BASE_EXT, DCC_OFFSET);
    set_base(bench, GFX_CB_COLOR0_CMASK, GFX_CB_COLOR0_CMASK_BASE_EXT, CMASK_OFFSET);
    set_base(bench, GFX_CB_COLOR0_FMASK, GFX_CB_COLOR0_FMASK_BASE_EXT, FMASK_OFFSET);
}

static void set_mode(struct bench *bench, unsigned mode)
{
    bench_set(bench, GFX_CB_COLOR_CONTROL, mode << 4 | 0xcc << 16);
}

static uint8_t *element_at(struct bench *bench, uint32_t x, uint32_t y, unsigned sample)
{
    const struct gfx_color_target *target = &bench->pipeline.output->color.target[0];
    const struct gfx_place place = {x, y, 0};

    return bench->bytes + (gfx_color_locate(target, &place, sample) - BENCH_VA);
}

static uint8_t *key_at(struct bench *bench, uint32_t x, uint32_t y, unsigned sample)
{
    const struct gfx_color_metadata *m = &bench->pipeline.output->color.target[0].metadata;

    return bench->bytes +
           (surface_locate(&m->dcc_layout, m->dcc_base, 0, x, y, 0, sample) - BENCH_VA);
}

/* ---- DCC ---- */

/* Draws one pixel on a surface whose keys all are `key`; the next pixel must be `want`. */
static void check_key(const struct bench_target *t, uint8_t key, const void *want, unsigned bytes)
{
    struct gfx_fragment fragment = {
        .x = 9, .y = 10, .samples = 1, .exported = 1, .color[0] = {0x3f000000}};
    uint8_t far[16];
    struct bench bench;

    bench_create(&bench);
    set_target(&bench, t);
    bench_set(&bench, GFX_CB_COLOR0_CLEAR_WORD0, 0x44332211);
    bench_set(&bench, GFX_CB_COLOR0_CLEAR_WORD1, 0x88776655);
    bench_begin(&bench);
    memset(bench.bytes, 0xee, DCC_OFFSET);
    memset(bench.bytes + DCC_OFFSET, key, 1 << 13);
    memcpy(far, element_at(&bench, 16, 16, 0), bytes);
    bench_draw(&bench, &fragment);
    assert_memory_equal(element_at(&bench, 8, 10, 0), want, bytes);
    assert_memory_equal(element_at(&bench, 9, 11, 0), want, bytes);
    assert_memory_not_equal(element_at(&bench, 9, 10, 0), want, bytes);
    assert_int_equal(*key_at(&bench, 9, 10, 0), 0xff);
    /* The next block is not touched. */
    assert_memory_equal(element_at(&bench, 16, 16, 0), far, bytes);
    assert_int_equal(*key_at(&bench, 16, 16, 0), key);
    bench_destroy(&bench);
}

#define CHECK_KEY(format, number, order, key, ...)                                                 \
    do {                                                                                           \
        struct bench_target key_target = target_of(format, number, 0, DCC);                        \
        const uint8_t key_want[] = {__VA_ARGS__};                                                  \
                                                                                                   \
        key_target.swap = order;                                                                   \
        check_key(&key_target, key, key_want, sizeof(key_want));                                   \
    } while (0)

static void test_dcc_keys(void **state)
{
    (void)state;
    CHECK_KEY(F8_8_8_8, UNORM, 0, 0x00, 0, 0, 0, 0);
    CHECK_KEY(F8_8_8_8, UNORM, 0, 0x40, 0, 0, 0, 0xff);
    CHECK_KEY(F8_8_8_8, UNORM, 1, 0x40, 0, 0, 0, 0xff);
    CHECK_KEY(F8_8_8_8, UNORM, 2, 0x40, 0xff, 0, 0, 0);
    CHECK_KEY(F8_8_8_8, UNORM, 3, 0x80, 0, 0xff, 0xff, 0xff);
    CHECK_KEY(F8_8_8_8, UNORM, 0, 0x80, 0xff, 0xff, 0xff, 0);
    CHECK_KEY(F8_8_8_8, UINT, 0, 0xc0, 0xff, 0xff, 0xff, 0xff);
    CHECK_KEY(F8_8_8_8, SINT, 0, 0xc0, 0x7f, 0x7f, 0x7f, 0x7f);
    CHECK_KEY(F8_8_8_8, SNORM, 0, 0x40, 0, 0, 0, 0x7f);
    CHECK_KEY(F8_8, UNORM, 0, 0x40, 0, 0xff);
    CHECK_KEY(F8, UNORM, 0, 0xc0, 0xff);
    CHECK_KEY(F2_10_10_10, UNORM, 0, 0x40, 0, 0, 0, 0xc0);
    CHECK_KEY(F16X4, FLOAT, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x3c);
    CHECK_KEY(F10_11_11, FLOAT, 0, 0xc0, 0xc0, 0x03, 0x1e, 0x78);
    CHECK_KEY(F8_8_8_8, UNORM, 0, 0x20, 0x11, 0x22, 0x33, 0x44);
    CHECK_KEY(F16X4, FLOAT, 0, 0x20, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88);
    CHECK_KEY(F8_8_8_8, UNORM, 0, 0x10, 0xee, 0xee, 0xee, 0xee);
    CHECK_KEY(F8_8_8_8, UNORM, 0, 0xff, 0xee, 0xee, 0xee, 0xee);
}

/* SINGLE: everything is as the block's first element. */
static void test_dcc_single(void **state)
{
    const struct bench_target t = target_of(F32, UINT, 0, DCC);
    struct gfx_fragment fragment = {.x = 9, .y = 10, .samples = 1, .exported = 1};
    struct bench bench;
    uint32_t word = 0xabcdef01;

    (void)state;
    bench_create(&bench);
    set_target(&bench, &t);
    bench_begin(&bench);
    memset(bench.bytes + DCC_OFFSET, 0x10, 1 << 13);
    memcpy(element_at(&bench, 8, 8, 0), &word, sizeof(word));
    bench_draw(&bench, &fragment);
    for (unsigned i = 0; i < 64; i++) {
        const uint8_t *at = element_at(&bench, 8 + i % 8, 8 + i / 8, 0);

        assert_memory_equal(at, i % 8 == 1 && i / 8 == 2 ? (void *)fragment.color : (void *)&word,
                            sizeof(word));
    }
    bench_destroy(&bench);
}

/* Blending sees the cleared colour. */
static void test_dcc_is_read(void **state)
{
    struct bench_target t = target_of(F8_8_8_8, UNORM, 0, DCC);
    struct gfx_fragment fragment = {.x = 1, .samples = 1, .exported = 1};
    struct bench bench;

    (void)state;
    t.blend = 1u << 30 | 1 | 1 << 8; /* source + destination */
    bench_create(&bench);
    set_target(&bench, &t);
    bench_begin(&bench);
    memset(bench.bytes + DCC_OFFSET, SURFACE_DCC_CLEAR_1110, 1 << 13);
    bench_draw(&bench, &fragment);
    assert_memory_equal(element_at(&bench, 1, 0, 0), "\xff\xff\xff\0", 4);
    bench_destroy(&bench);
}

/* A pass that eliminates or decompresses fills what it touches, whatever was exported. */
static void test_passes(void **state)
{
    static const unsigned modes[] = {GFX_COLOR_ELIMINATE_FAST_CLEAR, GFX_COLOR_DCC_DECOMPRESS,
                                     GFX_COLOR_FMASK_DECOMPRESS};
    const struct bench_target t = target_of(F8_8_8_8, UNORM, 0, DCC);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct gfx_fragment fragment = {.x = 1, .samples = 1};
        struct bench bench;

        bench_create(&bench);
        set_target(&bench, &t);
        set_mode(&bench, modes[i]);
        bench_begin(&bench);
        memset(bench.bytes + DCC_OFFSET, SURFACE_DCC_CLEAR_0001, 1 << 13);
        bench_draw(&bench, &fragment);
        assert_memory_equal(element_at(&bench, 1, 0, 0), "\0\0\0\xff", 4);
        assert_int_equal(*key_at(&bench, 0, 0, 0), 0xff);
        bench_destroy(&bench);
    }
}

/* ---- several samples ---- */

static unsigned cmask_at(struct bench *bench, uint32_t x, uint32_t y)
{
    const struct gfx_color_metadata *m = &bench->pipeline.output->color.target[0].metadata;
    uint64_t nibble = surface_locate(&m->cmask_layout, 2 * m->cmask_base, 0, x, y, 0, 0);

    return bench->bytes[nibble / 2 - BENCH_VA] >> nibble % 2 * 4 & 15;
}

static uint32_t fmask_at(struct bench *bench, uint32_t x, uint32_t y)
{
    const struct gfx_color_metadata *m = &bench->pipeline.output->color.target[0].metadata;
    uint32_t value = 0;

    memcpy(&value,
           bench->bytes +
               (surface_locate(&m->fmask_layout, m->fmask_base, 0, x, y, 0, 0) - BENCH_VA),
           m->fmask_bytes);
    return value;
}

/* CMASK's 12 gives all samples the first one's colour, 0 the register's; DCC may say the first
 * one's. Then one sample is drawn. */
static void check_cmask(unsigned samples_log2, unsigned cmask, bool dcc, uint32_t want)
{
    static const uint32_t own[] = {0, 0x02, 0xe4, 0x76543210};
    const struct bench_target t =
        target_of(F32, UINT, samples_log2, FAST_CLEAR | COMPRESSION | (dcc ? DCC : 0));
    const unsigned last = (1u << samples_log2) - 1;
    struct gfx_fragment fragment = {
        .x = 9, .y = 10, .samples = (uint16_t)(1u << last), .exported = 1, .color[0] = {0x55}};
    struct bench bench;

    bench_create(&bench);
    set_target(&bench, &t);
    bench_set(&bench, GFX_CB_COLOR0_CLEAR_WORD0, 0x99);
    bench_begin(&bench);
    memset(bench.bytes, 0xee, DCC_OFFSET);
    memset(bench.bytes + DCC_OFFSET, 0x00, 1 << 13);
    memset(bench.bytes + CMASK_OFFSET, (int)(cmask * 0x11), 1 << 13);
    bench_draw(&bench, &fragment);
    for (unsigned i = 0; i < 64; i++)
        for (unsigned s = 0; s <= last; s++) {
            const bool drawn = i == 17 && s == last;
            uint32_t word;

            memcpy(&word, element_at(&bench, 8 + i % 8, 8 + i / 8, s), sizeof(word));
            assert_int_equal(word, drawn ? 0x55 : want);
        }
    assert_int_equal(fmask_at(&bench, 12, 13), own[samples_log2]);
    assert_int_equal(cmask_at(&bench, 8, 8), samples_log2 == 1 ? 13 : samples_log2 == 2 ? 14 : 15);
    assert_int_equal(cmask_at(&bench, 0, 8), cmask);
    for (unsigned s = 0; dcc && s < 2; s++)
        assert_int_equal(*key_at(&bench, 9, 10, s), 0xff);
    bench_destroy(&bench);
}

static void test_cmask(void **state)
{
    (void)state;
    for (unsigned samples_log2 = 1; samples_log2 < 4; samples_log2++) {
        check_cmask(samples_log2, 0xc, false, 0xeeeeeeee);
        check_cmask(samples_log2, 0xc, true, 0);
        check_cmask(samples_log2, 0x0, false, 0x99);
    }
}

static void test_resolve(void **state)
{
    const struct bench_target from = target_of(F8_8_8_8, UNORM, 2, 0);
    struct gfx_fragment fragment = {.x = 3, .y = 4, .samples = 1};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    set_target(&bench, &from);
    bench_set_target(&bench, 1,
                     &(struct bench_target){.format = F16X4,
                                            .number = FLOAT,
                                            .width = SIZE,
                                            .height = SIZE,
                                            .dimension = SURFACE_2D,
                                            .offset = DCC_OFFSET});
    set_mode(&bench, GFX_COLOR_RESOLVE);
    bench_begin(&bench);
    memset(element_at(&bench, 3, 4, 1), 0xff, 2);
    memset(element_at(&bench, 3, 4, 2), 0xff, 3);
    bench_draw(&bench, &fragment);
    assert_memory_equal(bench.bytes + DCC_OFFSET + 4 * 256 + 3 * 8, "\0\x38\0\x38\0\x34\0\0", 8);
    bench_destroy(&bench);
}

/* ---- two queues ---- */

struct painter {
    struct bench bench;
    unsigned column; /* even or odd */
    pthread_barrier_t *start;
    bool done;
};

static void *paint(void *argument)
{
    struct painter *painter = argument;

    pthread_barrier_wait(painter->start);
    painter->done = true;
    for (int i = 0; i < SIZE * SIZE / 2; i++) {
        struct gfx_fragment fragment = {.x = i * 2 % SIZE + (int)painter->column,
                                        .y = i * 2 / SIZE,
                                        .samples = 1,
                                        .exported = 1,
                                        .color[0] = {1 + painter->column}};

        painter->done &= gfx_output_color(&painter->bench.pipeline, &fragment, 1) == GFX_DONE;
    }
    return NULL;
}

static void painters_run(struct painter painters[2])
{
    pthread_barrier_t start;
    pthread_t threads[2];

    assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
    for (unsigned i = 0; i < 2; i++) {
        painters[i].start = &start;
        bench_begin(&painters[i].bench);
        assert_int_equal(pthread_create(&threads[i], NULL, paint, &painters[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(painters[i].done);
    }
    pthread_barrier_destroy(&start);
}

/* Whichever touches a cleared block first, neither's pixels are cleared by the other. */
static void test_two_queues(void **state)
{
    const struct bench_target t = target_of(F32, UINT, 0, DCC);
    struct painter painters[2];
    struct bench *first = &painters[0].bench, *second = &painters[1].bench;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        painters[i].column = i;
        bench_create(&painters[i].bench);
        set_target(&painters[i].bench, &t);
    }
    fake_memory_unmap_all(&second->memory);
    fake_memory_map(&second->memory, BENCH_VA, first->bytes, BENCH_BYTES, FAKE_RW);
    for (unsigned round = 0; round < 200; round++) {
        memset(first->bytes + DCC_OFFSET, SURFACE_DCC_CLEAR_0000, 1 << 13);
        painters_run(painters);
        for (unsigned i = 0; i < SIZE * SIZE; i++) {
            uint32_t value;

            memcpy(&value, element_at(first, i % SIZE, i / SIZE, 0), sizeof(value));
            assert_int_equal(value, 1 + i % 2);
        }
    }
    bench_destroy(second);
    bench_destroy(first);
}

/* ---- what is refused ---- */

static void test_refusals(void **state)
{
    struct bench_target t = target_of(F8_8_8_8, UNORM, 0, FAST_CLEAR);
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    set_target(&bench, &t);
    bench_refuses(&bench, "CMASK of a single sample");
    t.info = DCC;
    set_target(&bench, &t);
    bench_begin(&bench);
    memset(bench.bytes + DCC_OFFSET, 0x33, 1 << 13);
    assert_int_equal(gfx_output_color(&bench.pipeline, &fragment, 1), GFX_FAULT);
    assert_non_null(strstr(bench.pipeline.obstacle, "0x33"));
    t = target_of(F8_8_8_8, UNORM, 2, COMPRESSION);
    set_target(&bench, &t);
    bench_begin(&bench);
    memset(bench.bytes + CMASK_OFFSET, 0x44, 1 << 13);
    assert_int_equal(gfx_output_color(&bench.pipeline, &fragment, 1), GFX_FAULT);
    assert_non_null(strstr(bench.pipeline.obstacle, "CMASK 4"));
    set_mode(&bench, GFX_COLOR_RESOLVE);
    bench_refuses(&bench, "targets 0 and 1");
    bench_destroy(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dcc_keys),    cmocka_unit_test(test_dcc_single),
        cmocka_unit_test(test_dcc_is_read), cmocka_unit_test(test_passes),
        cmocka_unit_test(test_cmask),       cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_two_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
