/* SPDX-License-Identifier: MIT
 *
 * Formats' components in doubles: see format_reference.h.
 */
#include "format_reference.h"

#include <math.h>
#include <string.h>

uint32_t ref_component_raw(const struct isa_format *format, const uint8_t *element, unsigned c)
{
    unsigned bit = 0;
    uint32_t raw = 0;

    for (unsigned i = 0; i < c; i++)
        bit += format->bits[i];
    for (unsigned i = 0; i < format->bits[c]; i++, bit++)
        raw |= (uint32_t)(element[bit / 8] >> (bit % 8) & 1) << i;
    return raw;
}

/* The value of a float with 5 exponent bits (and a sign when it has 16 bits). */
static double small_float(uint32_t raw, unsigned bits)
{
    unsigned mantissa = bits == 16 ? 10 : bits - 5;
    int exponent = (int)(raw >> mantissa & 31);
    double fraction = raw & ((1u << mantissa) - 1), sign = bits == 16 && raw >> 15 ? -1 : 1;

    if (exponent == 31)
        return fraction != 0 ? NAN : sign * INFINITY;
    if (exponent == 0)
        return sign * ldexp(fraction, -14 - (int)mantissa);
    return sign * ldexp(fraction + (1u << mantissa), exponent - 15 - (int)mantissa);
}

double ref_component_value(const struct isa_format *format, uint32_t raw, unsigned bits)
{
    double top = ldexp(1, (int)bits), value = raw, signed_value = raw >= top / 2 ? raw - top : raw;
    float f;

    switch ((enum isa_format_numeric)format->numeric) {
    case ISA_FORMAT_UNORM:
        return value / (top - 1);
    case ISA_FORMAT_SNORM:
        return fmax(signed_value / (top / 2 - 1), -1);
    case ISA_FORMAT_SSCALED:
    case ISA_FORMAT_SINT:
        return signed_value;
    case ISA_FORMAT_FLOAT:
        memcpy(&f, &raw, sizeof(f));
        return bits == 32 ? (double)f : small_float(raw, bits);
    default:
        return value;
    }
}
