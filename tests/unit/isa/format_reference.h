/* SPDX-License-Identifier: MIT
 *
 * What the components of formats mean, written a second time: bit by bit, and in doubles.
 */
#ifndef TESTS_UNIT_ISA_FORMAT_REFERENCE_H
#define TESTS_UNIT_ISA_FORMAT_REFERENCE_H

#include "softgpu/isa/exec/format.h"

/* Component `c` of an element, as an integer. */
uint32_t ref_component_raw(const struct isa_format *format, const uint8_t *element, unsigned c);

/* The number that `raw`, a component of `bits` bits, stands for; sRGB and shared exponents apart. */
double ref_component_value(const struct isa_format *format, uint32_t raw, unsigned bits);

#endif
