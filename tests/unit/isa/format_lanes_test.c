/* SPDX-License-Identifier: MIT
 *
 * Formats converted for a wave's lanes against the same conversions of one element, for every
 * format and every x86-64 level that this CPU has. What the latter should be is
 * mem_format_test.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "softgpu/isa/exec/valu_level.h"
#include "tests/unit/random.h"

enum { FORMATS = 256, ROUNDS = 64 };

static uint64_t generator = 0x5eed;

/* What floats and integers break at, and anything. */
static uint32_t interesting(void)
{
    static const uint32_t special[] = {
        0,          0x80000000, 1,          0x7fffffff, 0xffffffff, 0x3f800000, 0xbf800000,
        0x3f000000, 0x3f7fffff, 0x3f800001, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001,
        0x7f800001, 0x00000001, 0x007fffff, 0x00800000, 0x387fffff, 0x33800000, 0x477fe000,
        0x477ff000, 0x4b7fffff, 0x4f800000, 0xcf000000, 0x3b808081, 0x3b008081, 0x40400000,
        255,        256,        0x8000,     0xffff,     0x10000,    0xffff8000, 127,
    };
    uint64_t choice = random_below(&generator, 4);
    /* Quotients by 255, 1023 and the like with a half: the ties of rounding. */
    float tie = ((float)random_below(&generator, 2048) + 0.5f) / 1023;
    uint32_t bits;

    switch (choice) {
    case 0:
        return special[random_below(&generator, sizeof(special) / sizeof(special[0]))];
    case 1:
        memcpy(&bits, &tie, sizeof(bits));
        return bits;
    default:
        return (uint32_t)random_next(&generator);
    }
}

static void rows_fill(uint32_t *rows)
{
    for (unsigned i = 0; i < ISA_FORMAT_ROWS; i++)
        rows[i] = interesting();
}

static void check_unpack(const struct isa_format_lanes *f, const struct isa_format *format,
                         unsigned lanes)
{
    uint32_t raw[ISA_FORMAT_ROWS], rows[ISA_FORMAT_ROWS];

    rows_fill(raw);
    f->unpack(format, raw, lanes, rows);
    for (unsigned lane = 0; lane < lanes; lane++) {
        uint32_t element[4], value[4];

        for (unsigned d = 0; d < 4; d++)
            element[d] = raw[d * lanes + lane];
        isa_format_unpack(format, (const uint8_t *)element, value);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(rows[i * lanes + lane], value[i]);
    }
}

static void check_pack(const struct isa_format_lanes *f, const struct isa_format *format,
                       unsigned lanes)
{
    uint32_t rows[ISA_FORMAT_ROWS], raw[ISA_FORMAT_ROWS];

    rows_fill(rows);
    f->pack(format, rows, lanes, raw);
    for (unsigned lane = 0; lane < lanes; lane++) {
        uint32_t element[4] = {0}, value[4];

        for (unsigned i = 0; i < 4; i++)
            value[i] = rows[i * lanes + lane];
        isa_format_pack(format, value, (uint8_t *)element);
        for (unsigned d = 0; d < (format->bytes + 3u) / 4; d++)
            assert_int_equal(raw[d * lanes + lane], element[d]);
    }
}

static void check_d16(const struct isa_format_lanes *f, const struct isa_format *format,
                      unsigned lanes)
{
    bool integer = isa_format_is_integer(format);
    uint32_t rows[ISA_FORMAT_ROWS], half[ISA_FORMAT_LANES], whole[ISA_FORMAT_LANES];
    unsigned shift = random_below(&generator, 2) ? 16 : 0;

    rows_fill(rows);
    f->to_d16(integer, rows, lanes, half);
    f->from_d16(integer, format->numeric == ISA_FORMAT_SINT, rows, shift, lanes, whole);
    for (unsigned lane = 0; lane < lanes; lane++) {
        assert_int_equal(half[lane], isa_format_to_d16(format, rows[lane]));
        assert_int_equal(whole[lane], isa_format_from_d16(format, (uint16_t)(rows[lane] >> shift)));
    }
}

static void check_level(const struct isa_format_lanes *f)
{
    for (unsigned number = 0; number < FORMATS; number++) {
        const struct isa_format *format = isa_format_find(number);

        if (!format || isa_format_is_compressed(format))
            continue;
        for (unsigned i = 0; i < ROUNDS; i++) {
            unsigned lanes = i % 2 ? 64 : 32;

            check_unpack(f, format, lanes);
            check_pack(f, format, lanes);
            check_d16(f, format, lanes);
        }
    }
}

static void test_lanes_agree_with_elements(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= isa_valu_level_best(); level++)
        check_level(isa_format_lanes_of((enum isa_valu_level)level));
}

static void test_the_best_level_is_in_use(void **state)
{
    (void)state;
    assert_memory_equal(&isa_format_lanes, isa_format_lanes_of(isa_valu_level_best()),
                        sizeof(isa_format_lanes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lanes_agree_with_elements),
        cmocka_unit_test(test_the_best_level_is_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
