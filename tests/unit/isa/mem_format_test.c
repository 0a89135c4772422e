/* SPDX-License-Identifier: MIT
 *
 * Buffer formats: the table against LLVM's names of the numbers, conversions against arithmetic in
 * doubles, and that packing undoes unpacking.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format_reference.h"
#include "tests/unit/random.h"

/* llvm::AMDGPU::MTBUFFormat::UfmtGFX10, from 1 on, without BUF_FMT_. */
static const char *const names[] = {
    "8_UNORM",
    "8_SNORM",
    "8_USCALED",
    "8_SSCALED",
    "8_UINT",
    "8_SINT",
    "16_UNORM",
    "16_SNORM",
    "16_USCALED",
    "16_SSCALED",
    "16_UINT",
    "16_SINT",
    "16_FLOAT",
    "8_8_UNORM",
    "8_8_SNORM",
    "8_8_USCALED",
    "8_8_SSCALED",
    "8_8_UINT",
    "8_8_SINT",
    "32_UINT",
    "32_SINT",
    "32_FLOAT",
    "16_16_UNORM",
    "16_16_SNORM",
    "16_16_USCALED",
    "16_16_SSCALED",
    "16_16_UINT",
    "16_16_SINT",
    "16_16_FLOAT",
    "10_11_11_UNORM",
    "10_11_11_SNORM",
    "10_11_11_USCALED",
    "10_11_11_SSCALED",
    "10_11_11_UINT",
    "10_11_11_SINT",
    "10_11_11_FLOAT",
    "11_11_10_UNORM",
    "11_11_10_SNORM",
    "11_11_10_USCALED",
    "11_11_10_SSCALED",
    "11_11_10_UINT",
    "11_11_10_SINT",
    "11_11_10_FLOAT",
    "10_10_10_2_UNORM",
    "10_10_10_2_SNORM",
    "10_10_10_2_USCALED",
    "10_10_10_2_SSCALED",
    "10_10_10_2_UINT",
    "10_10_10_2_SINT",
    "2_10_10_10_UNORM",
    "2_10_10_10_SNORM",
    "2_10_10_10_USCALED",
    "2_10_10_10_SSCALED",
    "2_10_10_10_UINT",
    "2_10_10_10_SINT",
    "8_8_8_8_UNORM",
    "8_8_8_8_SNORM",
    "8_8_8_8_USCALED",
    "8_8_8_8_SSCALED",
    "8_8_8_8_UINT",
    "8_8_8_8_SINT",
    "32_32_UINT",
    "32_32_SINT",
    "32_32_FLOAT",
    "16_16_16_16_UNORM",
    "16_16_16_16_SNORM",
    "16_16_16_16_USCALED",
    "16_16_16_16_SSCALED",
    "16_16_16_16_UINT",
    "16_16_16_16_SINT",
    "16_16_16_16_FLOAT",
    "32_32_32_UINT",
    "32_32_32_SINT",
    "32_32_32_FLOAT",
    "32_32_32_32_UINT",
    "32_32_32_32_SINT",
    "32_32_32_32_FLOAT",
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static const char *const numerics[] = {"UNORM", "SNORM", "USCALED", "SSCALED",
                                       "UINT",  "SINT",  "FLOAT"};

/* Widths from the name, most significant component first; returns how many. */
static unsigned name_widths(const char *name, unsigned out[4])
{
    unsigned count = 0;
    char *end;

    while (*name >= '0' && *name <= '9') {
        out[count++] = (unsigned)strtoul(name, &end, 10);
        name = end + 1;
    }
    return count;
}

static void test_table_agrees_with_names(void **state)
{
    (void)state;
    assert_null(isa_format_find(0));
    assert_null(isa_format_find(NAMES + 1));
    for (unsigned i = 0; i < NAMES; i++) {
        const struct isa_format *format = isa_format_find(i + 1);
        unsigned widths[4], total = 0, count = name_widths(names[i], widths);

        assert_non_null(format);
        assert_string_equal(strrchr(names[i], '_') + 1, numerics[format->numeric]);
        for (unsigned c = 0; c < 4; c++) {
            assert_int_equal(format->bits[c], c < count ? widths[count - 1 - c] : 0);
            total += format->bits[c];
        }
        assert_int_equal(format->bytes * 8, total);
    }
}

static double register_value(const struct isa_format *format, uint32_t value)
{
    float f;

    memcpy(&f, &value, sizeof(f));
    if (format->numeric == ISA_FORMAT_SINT)
        return (int32_t)value;
    return format->numeric == ISA_FORMAT_UINT ? value : (double)f;
}

static void check_element(const struct isa_format *format, const uint8_t *element)
{
    uint32_t value[4];
    uint8_t packed[16];

    isa_format_unpack(format, element, value);
    isa_format_pack(format, value, packed);
    for (unsigned c = 0; c < 4; c++) {
        double got = register_value(format, value[c]), want = c == 3;
        uint32_t raw = ref_component_raw(format, element, c);

        if (format->bits[c])
            want = ref_component_value(format, raw, format->bits[c]);
        if (isnan(want)) {
            assert_true(isnan(got));
            continue;
        }
        if (isinf(want))
            assert_true(got == want);
        else
            assert_true(fabs(got - want) <= ldexp(fabs(want), -23));
        /* The most negative SNORM number is another name of -1. */
        if (format->numeric == ISA_FORMAT_SNORM && format->bits[c] &&
            raw == 1u << (format->bits[c] - 1))
            raw++;
        assert_int_equal(ref_component_raw(format, packed, c), raw);
    }
}

static void test_conversions(void **state)
{
    uint64_t random = 5;

    (void)state;
    for (unsigned number = 1; number <= NAMES; number++) {
        const struct isa_format *format = isa_format_find(number);

        for (unsigned i = 0; i < 3000; i++) {
            uint8_t element[16];

            for (unsigned k = 0; k < sizeof(element); k++)
                element[k] = (uint8_t)(i < 3 ? i * 0x7f + i / 2 : random_next(&random));
            check_element(format, element);
        }
    }
}

static uint32_t pack_first(unsigned number, double value)
{
    const struct isa_format *format = isa_format_find(number);
    float f = (float)value;
    uint32_t in[4] = {0}, raw = 0;
    uint8_t element[16];

    memcpy(in, &f, sizeof(f));
    isa_format_pack(format, in, element);
    memcpy(&raw, element, format->bytes < 4 ? format->bytes : 4);
    return raw;
}

static void test_packing_clamps_and_rounds(void **state)
{
    enum { U8 = 1, S8 = 2, USCALED8 = 3, SSCALED8 = 4, F16 = 13, F11 = 36 };

    (void)state;
    assert_int_equal(pack_first(U8, 2.0), 255);
    assert_int_equal(pack_first(U8, -2.0), 0);
    assert_int_equal(pack_first(U8, NAN), 0);
    assert_int_equal(pack_first(U8, 0.5), 128); /* 127.5, to even */
    assert_int_equal(pack_first(S8, -3.0), 0x81);
    assert_int_equal(pack_first(S8, INFINITY), 0x7f);
    assert_int_equal(pack_first(USCALED8, 200.9), 200);
    assert_int_equal(pack_first(SSCALED8, -1000), 0x80);
    assert_int_equal(pack_first(F16, 65536), 0x7c00);
    assert_int_equal(pack_first(F16, ldexp(1, -25)), 0);
    assert_int_equal(pack_first(F16, ldexp(1.5, -25)), 1);
    assert_int_equal(pack_first(F11, -1.0), 0);
    assert_int_equal(pack_first(F11, 1.0), 0x3c0);
    assert_int_equal(pack_first(F11, 1.0 + ldexp(1, -7)), 0x3c0); /* half way: to even */
    assert_int_equal(pack_first(F11, 1.0 + ldexp(3, -7)), 0x3c2);
    assert_int_equal(pack_first(F11, ldexp(1, -20)), 1); /* smallest denormal */
    assert_int_equal(pack_first(F11, ldexp(1, -21)), 0);
    assert_int_equal(pack_first(F11, 1e9), 0x7c0);
}

static void test_integers_clamp(void **state)
{
    const struct isa_format *u8 = isa_format_find(5), *s8 = isa_format_find(6);
    uint8_t element[16];

    (void)state;
    isa_format_pack(u8, (uint32_t[4]){300}, element);
    assert_int_equal(element[0], 255);
    isa_format_pack(s8, (uint32_t[4]){(uint32_t)-300}, element);
    assert_int_equal(element[0], 0x80);
    isa_format_pack(s8, (uint32_t[4]){300}, element);
    assert_int_equal(element[0], 0x7f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_agrees_with_names),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_packing_clamps_and_rounds),
        cmocka_unit_test(test_integers_clamp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
