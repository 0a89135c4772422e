/* SPDX-License-Identifier: MIT
 *
 * Colours in memory: every format, order and rounding against arithmetic in doubles; what exports
 * carry.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output_bench.h"
#include "tests/unit/isa/format_reference.h"
#include "tests/unit/random.h"

enum { UNORM, SNORM, USCALED, SSCALED, UINT, SINT, SRGB, FLOAT, NUMBERS };

/* ColorFormat's names say how wide components are, the highest bits first, and which NUMBER_TYPEs
 * there are of each: bit by bit. */
static const struct {
    unsigned format;
    const char *name;
    unsigned numbers;
} formats[] = {
    {1, "8", 0x7f},
    {2, "16", 0xbf},
    {3, "8_8", 0x7f},
    {4, "32", 0xb0},
    {5, "16_16", 0xbf},
    {6, "10_11_11", 0xbf},
    {7, "11_11_10", 0xbf},
    {8, "10_10_10_2", 0x3f},
    {9, "2_10_10_10", 0x3f},
    {10, "8_8_8_8", 0x7f},
    {11, "32_32", 0xb0},
    {12, "16_16_16_16", 0xbf},
    {14, "32_32_32_32", 0xb0},
    {16, "5_6_5", 0x01},
    {17, "1_5_5_5", 0x01},
    {18, "5_5_5_1", 0x01},
    {19, "4_4_4_4", 0x01},
    {20, "8_24", 0x11},
    {21, "24_8", 0x11},
};

/* What memory holds, from the lowest bits up, by COMP_SWAP and number of components. */
static const char *const orders[4][4] = {
    {"R", "RG", "RGB", "RGBA"},
    {"G", "RA", "RGA", "BGRA"},
    {"B", "GR", "BGR", "ABGR"},
    {"A", "AR", "AGR", "ARGB"},
};

static unsigned name_widths(const char *name, unsigned out[4])
{
    unsigned reversed[4], count = 0;
    char *end = NULL;

    for (; *name; name = *end ? end + 1 : end)
        reversed[count++] = (unsigned)strtoul(name, &end, 10);
    for (unsigned i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

static double float_of(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* A component of an element: what it is worth by the reference. */
struct component {
    struct isa_format format; /* of all components, for the reference's sake */
    unsigned bits, number;
};

static double component_value(const struct component *c, uint32_t raw)
{
    return ref_component_value(&c->format, raw, c->bits);
}

static double clamp(double value, double low, double high)
{
    return isnan(value) ? 0 : value < low ? low : value > high ? high : value;
}

static void check_integer(const struct component *c, uint32_t color, uint32_t raw)
{
    double top = ldexp(1, (int)c->bits), want;

    if (c->number == UINT)
        want = fmin(color, top - 1);
    else if (c->number == SINT)
        want = clamp((int32_t)color, -top / 2, top / 2 - 1);
    else if (c->number == USCALED)
        want = trunc(clamp(float_of(color), 0, top - 1));
    else
        want = trunc(clamp(float_of(color), -top / 2, top / 2 - 1));
    assert_true(component_value(c, raw) == want);
}

static double srgb_from_linear(double v)
{
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

/* `step` values of the encoding away, or NAN. */
static double neighbour(const struct component *c, uint32_t raw, int step)
{
    const bool twos = c->number == SNORM;
    const uint32_t mask = (uint32_t)((UINT64_C(1) << c->bits) - 1), sign = (mask >> 1) + 1;
    uint32_t next = (raw + (uint32_t)step) & mask;

    if (!twos && (raw == 0 ? step < 0 : raw == mask && step > 0))
        return NAN;
    if (twos && (raw == sign - 1 ? step > 0 : raw == sign + 1 && step < 0))
        return NAN;
    /* Floats have a sign of their own: do not go through zero. */
    if (c->number == FLOAT && c->bits == 16 && ((next ^ raw) & sign))
        return NAN;
    return component_value(c, next);
}

/* No neighbour is nearer; or what was cut off is less than a step. */
static void check_rounded(const struct component *c, double want, uint32_t raw, bool cut)
{
    double got = component_value(c, raw);
    const double slack = 1e-9 * (1 + fabs(want)) * (c->number == FLOAT ? 1e-6 : 1);

    if (cut)
        assert_true(fabs(got) <= fabs(want) + slack && got * want >= 0);
    for (int step = -1; step <= 1; step += 2) {
        double other = neighbour(c, raw, step);

        if (isnan(other) || isinf(other))
            continue;
        if (!cut)
            assert_true(fabs(got - want) <= fabs(other - want) + slack);
        else if (fabs(other) > fabs(got))
            assert_true(fabs(other) >= fabs(want) - slack);
    }
}

static void check_component(const struct component *c, uint32_t color, uint32_t raw, bool cut)
{
    double value = float_of(color);

    if ((c->number >= USCALED && c->number <= SINT)) {
        check_integer(c, color, raw);
    } else if (c->number == SRGB) {
        double want = 255 * srgb_from_linear(clamp(value, 0, 1));

        assert_true(cut ? raw <= want + 1e-3 && raw + 1 > want - 1e-3 : fabs(raw - want) <= 0.501);
    } else if (c->number == FLOAT && c->bits == 32) {
        assert_int_equal(raw, color);
    } else {
        if (c->number == UNORM || (c->number == FLOAT && c->bits < 16))
            value = fmax(value, 0);
        check_rounded(c, c->number == FLOAT ? value : clamp(value, -1, 1), raw, cut);
    }
}

/* Colours that mean something to the format: in and around its range. */
static uint32_t random_color(uint64_t *random, unsigned number, unsigned bits)
{
    float scale[] = {1.2f, 1.2f, 300, 300, 0, 0, 1.2f, 60000}, value;
    uint32_t pattern;

    if (number == UINT || number == SINT) {
        pattern = (uint32_t)random_next(random);
        return random_below(random, 2) ? pattern : (uint32_t)((int32_t)pattern >> (32 - bits / 2));
    }
    value = ((float)random_below(random, 1 << 24) / (1 << 23) - 1) * scale[number];
    if (random_below(random, 4) == 0)
        value *= 1e-4f;
    memcpy(&pattern, &value, sizeof(pattern));
    return pattern;
}

static void check_format(struct bench *bench, unsigned index, unsigned number, unsigned swap,
                         bool cut)
{
    struct component c = {.number = number};
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    unsigned widths[4] = {0}, count = name_widths(formats[index].name, widths), shift;
    static const uint8_t numerics[NUMBERS] = {
        ISA_FORMAT_UNORM, ISA_FORMAT_SNORM, ISA_FORMAT_USCALED, ISA_FORMAT_SSCALED,
        ISA_FORMAT_UINT,  ISA_FORMAT_SINT,  ISA_FORMAT_SRGB,    ISA_FORMAT_FLOAT};
    uint64_t random = index * 100 + number * 10 + swap;

    c.format.numeric = numerics[number];
    for (unsigned i = 0; i < count; i++)
        c.format.bits[i] = (uint8_t)widths[i];
    bench_set_target(
        bench, 0,
        &(struct bench_target){
            .format = formats[index].format, .number = number, .swap = swap, .rounding = cut});
    bench_begin(bench);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < 4; i++)
            fragment.color[0][i] = random_color(&random, number, widths[0]);
        bench_draw(bench, &fragment);
        shift = 0;
        for (unsigned i = 0; i < count; i++, shift += widths[i - 1]) {
            const char *color = strchr("RGBA", orders[swap][count - 1][i]);
            struct component one = c;

            one.bits = widths[i];
            if (number == SRGB && *color == 'A' && i == 3)
                one.number = UNORM, one.format.numeric = ISA_FORMAT_UNORM;
            else if (number == SRGB && i == 3)
                continue; /* a red fourth component: there is no such order of sRGB */
            check_component(&one, fragment.color[0][strlen("RGBA") - strlen(color)],
                            ref_component_raw(&c.format, bench->bytes, i), cut);
        }
    }
}

static void test_every_format(void **state)
{
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        for (unsigned number = 0; number < NUMBERS; number++)
            for (unsigned swap = 0; formats[i].numbers >> number & 1 && swap < 4; swap++)
                for (unsigned cut = 0; cut < 2; cut++)
                    check_format(&bench, i, number, swap, cut);
    bench_destroy(&bench);
}

/* There are exactly these formats, and the one with a shared exponent. */
static void test_no_other_format(void **state)
{
    struct gfx_color_format found;
    unsigned count = sizeof(formats) / sizeof(formats[0]);

    (void)state;
    for (unsigned format = 0; format < 32; format++)
        for (unsigned number = 0; number < NUMBERS; number++) {
            bool want = format == 24 && number == FLOAT;

            for (unsigned i = 0; i < count; i++)
                want |= formats[i].format == format && formats[i].numbers >> number & 1;
            assert_int_equal(gfx_color_format_find(format << 2 | number << 8, &found), want);
        }
}

static void test_shared_exponent(void **state)
{
    const float color[4] = {3.0f, 0.25f, 1000.0f, 1.0f};
    struct gfx_fragment fragment = {.samples = 1, .exported = 1};
    struct bench bench;
    uint32_t word;

    (void)state;
    bench_create(&bench);
    bench_set_target(&bench, 0, &(struct bench_target){.format = 24, .number = FLOAT});
    bench_begin(&bench);
    memcpy(fragment.color[0], color, sizeof(color));
    bench_draw(&bench, &fragment);
    memcpy(&word, bench.bytes, sizeof(word));
    for (unsigned i = 0; i < 3; i++) {
        double step = ldexp(1, (int)(word >> 27) - 24);

        assert_true(fabs((word >> 9 * i & 0x1ff) * step - (double)color[i]) <= step / 2);
    }
    assert_true((word >> 18 & 0x1ff) > 255); /* the largest uses all its bits */
    bench_destroy(&bench);
}

/* What is covered by neither mask stays. */
static void test_masks(void **state)
{
    static const unsigned tried[] = {9, 10, 12, 14, 16, 17, 19};
    uint64_t random = 3;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < 7 * 4 * 16; i++) {
        unsigned format = tried[i / 64], swap = i / 16 % 4, mask = i % 16;
        unsigned number = format == 14 ? UINT : UNORM, f = 0, widths[4], count;
        struct gfx_fragment fragment = {.samples = 1, .exported = 1};
        struct isa_format layout = {0};
        uint8_t before[16], whole[16];

        while (formats[f].format != format)
            f++;
        count = name_widths(formats[f].name, widths);
        for (unsigned c = 0; c < count; c++)
            layout.bits[c] = (uint8_t)widths[c];
        bench_set_target(&bench, 0,
                         &(struct bench_target){.format = format, .number = number, .swap = swap});
        for (unsigned c = 0; c < 4; c++)
            fragment.color[0][c] = random_color(&random, number, 32);
        bench_set(&bench, GFX_CB_TARGET_MASK, 15);
        bench_begin(&bench);
        bench_draw(&bench, &fragment);
        memcpy(whole, bench.bytes, sizeof(whole));
        for (unsigned b = 0; b < 16; b++)
            bench.bytes[b] = before[b] = (uint8_t)random_next(&random);
        bench_set(&bench, GFX_CB_TARGET_MASK, mask | 0xf0);
        bench_begin(&bench);
        bench_draw(&bench, &fragment);
        for (unsigned c = 0; c < count; c++) {
            const char *color = strchr("RGBA", orders[swap][count - 1][c]);
            bool written = mask >> (strlen("RGBA") - strlen(color)) & 1;

            assert_int_equal(ref_component_raw(&layout, bench.bytes, c),
                             ref_component_raw(&layout, written ? whole : before, c));
        }
    }
    bench_destroy(&bench);
}

/* ---- exports ---- */

static void test_exports(void **state)
{
    const uint32_t row[4] = {0x3c00c000, 0x80007fff, 0xaaaaaaaa, 0x55555555};
    uint32_t out[4];

    (void)state;
    gfx_export_unpack(GFX_EXPORT_ZERO, row, out);
    assert_memory_equal(out, ((uint32_t[4]){0}), sizeof(out));
    gfx_export_unpack(GFX_EXPORT_32_R, row, out);
    assert_memory_equal(out, ((uint32_t[4]){row[0]}), sizeof(out));
    gfx_export_unpack(GFX_EXPORT_32_GR, row, out);
    assert_memory_equal(out, ((uint32_t[4]){row[0], row[1]}), sizeof(out));
    gfx_export_unpack(GFX_EXPORT_32_AR, row, out);
    assert_memory_equal(out, ((uint32_t[4]){row[0], 0, 0, row[1]}), sizeof(out));
    gfx_export_unpack(GFX_EXPORT_32_ABGR, row, out);
    assert_memory_equal(out, row, sizeof(out));
    gfx_export_unpack(GFX_EXPORT_UINT16_ABGR, row, out);
    assert_memory_equal(out, ((uint32_t[4]){0xc000, 0x3c00, 0x7fff, 0x8000}), sizeof(out));
    gfx_export_unpack(GFX_EXPORT_SINT16_ABGR, row, out);
    assert_memory_equal(out, ((uint32_t[4]){0xffffc000, 0x3c00, 0x7fff, 0xffff8000}), sizeof(out));
    gfx_export_unpack(GFX_EXPORT_FP16_ABGR, row, out);
    assert_true(float_of(out[0]) == -2 && float_of(out[1]) == 1 && isnan(float_of(out[2])) &&
                float_of(out[3]) == 0 && signbit(float_of(out[3])));
    gfx_export_unpack(GFX_EXPORT_SNORM16_ABGR, row, out);
    assert_true(float_of(out[2]) == 1 && float_of(out[3]) == -1);
    assert_true(fabs(float_of(out[0]) + 16384.0 / 32767) < 1e-7);
    gfx_export_unpack(GFX_EXPORT_UNORM16_ABGR, row, out);
    assert_true(fabs(float_of(out[3]) - 32768.0 / 65535) < 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format),    cmocka_unit_test(test_no_other_format),
        cmocka_unit_test(test_shared_exponent), cmocka_unit_test(test_masks),
        cmocka_unit_test(test_exports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
