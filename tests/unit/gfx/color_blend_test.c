/* SPDX-License-Identifier: MIT
 *
 * Blending: all factors and functions against arithmetic in doubles; all logic operations.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "output_bench.h"
#include "tests/unit/random.h"

enum { UNORM = 0, SNORM = 1, UINT = 4, FLOAT = 7 };
enum { F8_8_8_8 = 10, F32X4 = 14 };
enum { CLAMP = 1 << 15, BYPASS = 1 << 16, SIMPLE = 1 << 17 };

/* Factors by what their names say. */
enum source { NOTHING, SRC, DST, CONSTANT, SRC1 };
static const struct {
    enum source source;
    bool alpha, inverse; /* nothing's inverse is one */
} factors[21] = {
    [0] = {NOTHING, false, false}, [1] = {NOTHING, false, true},    [2] = {SRC, false, false},
    [3] = {SRC, false, true},      [4] = {SRC, true, false},        [5] = {SRC, true, true},
    [6] = {DST, true, false},      [7] = {DST, true, true},         [8] = {DST, false, false},
    [9] = {DST, false, true},      [13] = {CONSTANT, false, false}, [14] = {CONSTANT, false, true},
    [15] = {SRC1, false, false},   [16] = {SRC1, false, true},      [17] = {SRC1, true, false},
    [18] = {SRC1, true, true},     [19] = {CONSTANT, true, false},  [20] = {CONSTANT, true, true},
};
enum { SATURATE = 10, BOTH_SRC_ALPHA = 11, BOTH_INV_SRC_ALPHA = 12 };

struct reference {
    double value[5][4]; /* by source */
    double low, high;   /* of what goes in */
};

static double factor(const struct reference *r, unsigned number, unsigned c)
{
    double value = 0;

    if (number == SATURATE)
        return c == 3 ? 1 : fmin(r->value[SRC][3], 1 - r->value[DST][3]);
    if (factors[number].source != NOTHING)
        value = r->value[factors[number].source][factors[number].alpha ? 3 : c];
    return factors[number].inverse ? 1 - value : value;
}

static double blended(const struct reference *r, unsigned src, unsigned dst, unsigned function,
                      unsigned c)
{
    if (src == BOTH_SRC_ALPHA || src == BOTH_INV_SRC_ALPHA) {
        dst = src == BOTH_SRC_ALPHA ? 5 : 4;
        src = src == BOTH_SRC_ALPHA ? 4 : 5;
    }

    double a = r->value[SRC][c] * factor(r, src, c), b = r->value[DST][c] * factor(r, dst, c);
    const double results[5] = {a + b, a - b, fmin(a, b), fmax(a, b), b - a};

    return results[function];
}

static float random_float(uint64_t *random)
{
    return (float)random_below(random, 4096) / 1024 - 1.5f;
}

/* Random inputs in registers, memory and the fragment; and in the reference, clamped. */
static void inputs_fill(struct bench *bench, struct gfx_fragment *fragment, struct reference *r,
                        float dst[4], uint64_t *random)
{
    for (unsigned c = 0; c < 4; c++) {
        float values[5] = {0, random_float(random), dst[c], random_float(random),
                           random_float(random)};
        uint32_t pattern;

        memcpy(&fragment->color[0][c], &values[SRC], sizeof(float));
        memcpy(&fragment->color[1][c], &values[SRC1], sizeof(float));
        memcpy(&pattern, &values[CONSTANT], sizeof(float));
        bench_set(bench, GFX_CB_BLEND_RED + c, pattern);
        for (unsigned s = SRC; s <= SRC1; s++)
            r->value[s][c] = fmax(fmin((double)values[s], r->high), r->low);
    }
}

static uint32_t control(unsigned src, unsigned dst, unsigned function, unsigned alpha_src,
                        unsigned alpha_dst, unsigned alpha_function)
{
    return src | function << 5 | dst << 8 | alpha_src << 16 | alpha_function << 21 |
           alpha_dst << 24 | 1u << 29 | 1u << 30;
}

static void check_floats(struct bench *bench, unsigned src, unsigned dst, unsigned function,
                         uint64_t *random)
{
    unsigned alpha_src = (unsigned)random_below(random, 21), alpha_function, alpha_dst;
    struct reference r = {.low = -INFINITY, .high = INFINITY};
    struct gfx_fragment fragment = {.samples = 1, .exported = 3};
    bool separate = random_below(random, 4) != 0;
    float out[4], dst_color[4];

    do
        alpha_dst = (unsigned)random_below(random, 21);
    while (alpha_dst == BOTH_SRC_ALPHA || alpha_dst == BOTH_INV_SRC_ALPHA);
    alpha_function = (unsigned)random_below(random, 5);
    bench_set_target(bench, 0,
                     &(struct bench_target){.format = F32X4,
                                            .number = FLOAT,
                                            .blend = control(src, dst, function, alpha_src,
                                                             alpha_dst, alpha_function) ^
                                                     (separate ? 0 : 1u << 29)});
    for (unsigned c = 0; c < 4; c++)
        dst_color[c] = random_float(random);
    memcpy(bench->bytes, dst_color, sizeof(dst_color));
    inputs_fill(bench, &fragment, &r, dst_color, random);
    bench_begin(bench);
    bench_draw(bench, &fragment);
    memcpy(out, bench->bytes, sizeof(out));
    for (unsigned c = 0; c < 4; c++) {
        double want = c == 3 && separate ? blended(&r, alpha_src, alpha_dst, alpha_function, c)
                                         : blended(&r, src, dst, function, c);

        if (!(fabs((double)out[c] - want) <= 1e-5))
            fail_msg("factors %u and %u, function %u, component %u: %f and not %f", src, dst,
                     function, c, (double)out[c], want);
    }
}

static void test_all_blends(void **state)
{
    uint64_t random = 11;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned src = 0; src < 21; src++)
        for (unsigned dst = 0; dst < 21; dst++)
            for (unsigned function = 0; function < 5; function++)
                for (unsigned i = 0; dst != BOTH_SRC_ALPHA && dst != BOTH_INV_SRC_ALPHA && i < 4;
                     i++)
                    check_floats(&bench, src, dst, function, &random);
    bench_destroy(&bench);
}

/* Norms are clamped before they are blended and after. */
static void check_norm(struct bench *bench, bool sign, unsigned src, unsigned dst,
                       unsigned function, uint64_t *random)
{
    struct reference r = {.low = sign ? -1 : 0, .high = 1};
    struct gfx_fragment fragment = {.samples = 1, .exported = 3};
    const double top = sign ? 127 : 255;
    float dst_color[4];

    for (unsigned c = 0; c < 4; c++) {
        bench->bytes[c] = (uint8_t)random_next(random);
        if (sign && bench->bytes[c] == 0x80)
            bench->bytes[c]++;
        dst_color[c] = (float)((sign ? (int8_t)bench->bytes[c] : bench->bytes[c]) / top);
    }
    bench_set_target(bench, 0,
                     &(struct bench_target){
                         .format = F8_8_8_8,
                         .number = sign ? SNORM : UNORM,
                         .info = CLAMP | SIMPLE,
                         .blend = control(src, dst, function, src, dst, function),
                     });
    inputs_fill(bench, &fragment, &r, dst_color, random);
    bench_begin(bench);
    bench_draw(bench, &fragment);
    for (unsigned c = 0; c < 4; c++) {
        double want = top * fmax(fmin(blended(&r, src, dst, function, c), 1), r.low);
        double got = sign ? (int8_t)bench->bytes[c] : bench->bytes[c];

        assert_true(fabs(got - want) <= 0.5001);
    }
}

static void test_norms_clamp(void **state)
{
    uint64_t random = 12;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < 21 * 11 * 5 * 2; i++)
        check_norm(&bench, i & 1, i / 2 % 21, i / 42 % 11, i / 462 % 5, &random);
    bench_destroy(&bench);
}

/* SIMPLE_FLOAT: what is multiplied by zero is gone, whatever it was. */
static void test_zero_wins(void **state)
{
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    const float color[4] = {1, 2, 3, 4}, old[4] = {INFINITY, NAN, -INFINITY, 1};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    memcpy(fragment.color[0], color, sizeof(color));
    for (unsigned simple = 0; simple < 2; simple++) {
        float out[4];

        memcpy(bench.bytes, old, sizeof(old));
        bench_set_target(&bench, 0,
                         &(struct bench_target){.format = F32X4,
                                                .number = FLOAT,
                                                .info = simple ? SIMPLE : 0,
                                                .blend = control(1, 0, 0, 1, 0, 0)});
        bench_begin(&bench);
        bench_draw(&bench, &fragment);
        memcpy(out, bench.bytes, sizeof(out));
        for (unsigned c = 0; c < 3; c++)
            assert_true(simple ? out[c] == color[c] : isnan(out[c]));
        assert_true(out[3] == color[3]);
    }
    bench_destroy(&bench);
}

/* Missing alpha reads as 1; FORCE_DST_ALPHA_1 says so where there are bits for one. */
static void test_missing_alpha(void **state)
{
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    const float color[4] = {0.5f, 0.5f, 0.5f, 0.5f};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    memcpy(fragment.color[0], color, sizeof(color));
    for (unsigned opaque = 0; opaque < 2; opaque++) {
        memset(bench.bytes, 0, 4);
        bench_set_target(
            &bench, 0,
            &(struct bench_target){.format = F8_8_8_8, .blend = control(6, 0, 0, 6, 0, 0)});
        bench_set(&bench, GFX_CB_COLOR0_ATTRIB, opaque << 17);
        bench_begin(&bench);
        bench_draw(&bench, &fragment);
        assert_int_equal(bench.bytes[0], opaque ? 128 : 0);
    }
    memset(bench.bytes, 0, 4);
    bench_set_target(&bench, 0,
                     &(struct bench_target){.format = 3, .blend = control(6, 0, 0, 6, 0, 0)});
    bench_begin(&bench);
    bench_draw(&bench, &fragment);
    assert_int_equal(bench.bytes[1], 128);
    bench_destroy(&bench);
}

/* Integers pass by. */
static void test_integers_bypass(void **state)
{
    struct gfx_fragment fragment = {.samples = 1, .exported = 1, .color[0] = {1, 2, 3, 4}};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    memset(bench.bytes, 0x55, 4);
    bench_set_target(&bench, 0,
                     &(struct bench_target){.format = F8_8_8_8,
                                            .number = UINT,
                                            .info = BYPASS,
                                            .blend = control(0, 1, 0, 0, 1, 0)});
    bench_begin(&bench);
    bench_draw(&bench, &fragment);
    assert_memory_equal(bench.bytes, "\1\2\3\4", 4);
    bench_destroy(&bench);
}

/* ---- logic operations ---- */

static uint8_t logic_clear(uint8_t s, uint8_t d)
{
    (void)s;
    (void)d;
    return 0;
}
static uint8_t logic_nor(uint8_t s, uint8_t d)
{
    return (uint8_t) ~(s | d);
}
static uint8_t logic_and_inverted(uint8_t s, uint8_t d)
{
    return (uint8_t)(~s & d);
}
static uint8_t logic_copy_inverted(uint8_t s, uint8_t d)
{
    (void)d;
    return (uint8_t)~s;
}
static uint8_t logic_and_reverse(uint8_t s, uint8_t d)
{
    return (uint8_t)(s & ~d);
}
static uint8_t logic_invert(uint8_t s, uint8_t d)
{
    (void)s;
    return (uint8_t)~d;
}
static uint8_t logic_xor(uint8_t s, uint8_t d)
{
    return s ^ d;
}
static uint8_t logic_nand(uint8_t s, uint8_t d)
{
    return (uint8_t) ~(s & d);
}
static uint8_t logic_and(uint8_t s, uint8_t d)
{
    return s & d;
}
static uint8_t logic_equivalent(uint8_t s, uint8_t d)
{
    return (uint8_t) ~(s ^ d);
}
static uint8_t logic_no_op(uint8_t s, uint8_t d)
{
    (void)s;
    return d;
}
static uint8_t logic_or_inverted(uint8_t s, uint8_t d)
{
    return (uint8_t)(~s | d);
}
static uint8_t logic_copy(uint8_t s, uint8_t d)
{
    (void)d;
    return s;
}
static uint8_t logic_or_reverse(uint8_t s, uint8_t d)
{
    return (uint8_t)(s | ~d);
}
static uint8_t logic_or(uint8_t s, uint8_t d)
{
    return s | d;
}
static uint8_t logic_set(uint8_t s, uint8_t d)
{
    (void)s;
    (void)d;
    return 0xff;
}

/* ROP3's values, from the register database. */
static const struct {
    unsigned rop3;
    uint8_t (*apply)(uint8_t s, uint8_t d);
} logic[16] = {
    {0, logic_clear},          {17, logic_nor},         {34, logic_and_inverted},
    {51, logic_copy_inverted}, {68, logic_and_reverse}, {85, logic_invert},
    {102, logic_xor},          {119, logic_nand},       {136, logic_and},
    {153, logic_equivalent},   {170, logic_no_op},      {187, logic_or_inverted},
    {204, logic_copy},         {221, logic_or_reverse}, {238, logic_or},
    {255, logic_set},
};

static void test_logic(void **state)
{
    uint64_t random = 4;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < 16 * 2 * 16 * 4; i++) {
        unsigned op = i % 16, mask = i / 32 % 16;
        bool norm = i / 16 % 2;
        const bool takes_place = logic[op].rop3 != 204; /* of blending */
        struct gfx_fragment fragment = {.samples = 1, .exported = 1};
        uint8_t src[4], dst[4];

        bench_set_target(
            &bench, 0,
            &(struct bench_target){.format = F8_8_8_8,
                                   .number = norm ? UNORM : UINT,
                                   .blend = takes_place ? control(1, 1, 0, 1, 1, 0) : 0});
        bench_set(&bench, GFX_CB_COLOR_CONTROL, 1 << 4 | logic[op].rop3 << 16);
        bench_set(&bench, GFX_CB_TARGET_MASK, mask);
        for (unsigned c = 0; c < 4; c++) {
            float value;

            src[c] = (uint8_t)random_next(&random);
            bench.bytes[c] = dst[c] = (uint8_t)random_next(&random);
            value = (float)src[c] / 255;
            fragment.color[0][c] = src[c];
            if (norm)
                memcpy(&fragment.color[0][c], &value, sizeof(value));
        }
        bench_begin(&bench);
        bench_draw(&bench, &fragment);
        for (unsigned c = 0; c < 4; c++)
            assert_int_equal(bench.bytes[c],
                             mask >> c & 1 ? logic[op].apply(src[c], dst[c]) : dst[c]);
    }
    bench_destroy(&bench);
}

/* Floats and sRGB are copied, whatever the operation. */
static void test_logic_leaves_floats(void **state)
{
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    const float color[4] = {1, 2, 3, 4};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    memcpy(fragment.color[0], color, sizeof(color));
    bench_set(&bench, GFX_CB_COLOR_CONTROL, 1 << 4 | 102u << 16);
    bench_set_target(&bench, 0, &(struct bench_target){.format = F32X4, .number = FLOAT});
    bench_begin(&bench);
    bench_draw(&bench, &fragment);
    assert_memory_equal(bench.bytes, color, sizeof(color));
    bench_destroy(&bench);
}

static void test_refusals(void **state)
{
    struct bench bench;

    (void)state;
    bench_create(&bench);
    bench_set_target(&bench, 0, &(struct bench_target){.format = F8_8_8_8, .blend = 1u << 30 | 21});
    bench_refuses(&bench, "blend factor");
    bench_set_target(&bench, 0,
                     &(struct bench_target){.format = F8_8_8_8, .blend = 1u << 30 | 5u << 5});
    bench_refuses(&bench, "blend function");
    bench_set_target(&bench, 0,
                     &(struct bench_target){.format = F8_8_8_8, .blend = 1u << 30 | 11u << 8});
    bench_refuses(&bench, "destination");
    bench_set_target(&bench, 0, &(struct bench_target){.format = F8_8_8_8});
    bench_set(&bench, GFX_CB_COLOR_CONTROL, 1 << 4 | 0x5a << 16);
    bench_refuses(&bench, "pattern");
    bench_destroy(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_blends),          cmocka_unit_test(test_norms_clamp),
        cmocka_unit_test(test_zero_wins),           cmocka_unit_test(test_missing_alpha),
        cmocka_unit_test(test_integers_bypass),     cmocka_unit_test(test_logic),
        cmocka_unit_test(test_logic_leaves_floats), cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
