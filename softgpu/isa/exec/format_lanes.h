/* SPDX-License-Identifier: MIT
 *
 * Formats, for all lanes of a wave at once: what format.h does to one element, and with the same
 * results bit by bit.
 *
 * Rows: dword d of lane l is at [d * lanes + l]. An element's rows are its bytes in memory's order,
 * zeros behind the last; a value's are four components. Lanes that do not take part hold anything
 * that is initialised.
 *
 * Thread safety: pure functions; which ones is chosen before main() (valu_table.c).
 */
#ifndef SOFTGPU_ISA_EXEC_FORMAT_LANES_H
#define SOFTGPU_ISA_EXEC_FORMAT_LANES_H

#include <stddef.h>

#include "softgpu/isa/exec/format.h"

enum { ISA_FORMAT_LANES = 64, ISA_FORMAT_ROWS = 4 * ISA_FORMAT_LANES };

typedef void isa_format_lanes_fn(const struct isa_format *format, const uint32_t *in, size_t lanes,
                                 uint32_t *out);

/* A component as 16-bit data, in the lower half of `out`, and back from bits shift + 15 : shift of
 * `in`. */
typedef void isa_format_to_d16_fn(bool integer, const uint32_t *in, size_t lanes, uint32_t *out);
typedef void isa_format_from_d16_fn(bool integer, bool sign, const uint32_t *in, unsigned shift,
                                    size_t lanes, uint32_t *out);

struct isa_format_lanes {
    isa_format_lanes_fn *unpack; /* element to value */
    isa_format_lanes_fn *pack;   /* value to element */
    isa_format_to_d16_fn *to_d16;
    isa_format_from_d16_fn *from_d16;
};

/* For this CPU. */
extern struct isa_format_lanes isa_format_lanes;

#endif
