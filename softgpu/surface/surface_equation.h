/* SPDX-License-Identifier: MIT
 *
 * Inside of softgpu/surface: swizzle modes and their equations.
 *
 * Thread safety: pure functions, and tables that are filled once.
 */
#ifndef SOFTGPU_SURFACE_SURFACE_EQUATION_H
#define SOFTGPU_SURFACE_SURFACE_EQUATION_H

#include "softgpu/surface/surface.h"

enum { SURFACE_AXIS_X, SURFACE_AXIS_Y, SURFACE_AXIS_Z, SURFACE_AXIS_SAMPLE, SURFACE_AXES };

/* One bit of an offset: the exclusive or of these bits of the coordinates. */
struct surface_bit {
    uint16_t of[SURFACE_AXES];
};

enum { SURFACE_BITS = 20 }; /* of an offset; the largest block has 18 */

/* Reads bits as equations.def has them, "x0 y3^x7 ..."; returns their number. */
unsigned surface_bits_parse(const char *text, struct surface_bit *out_bits);

/* The exclusive or of all offsets that the set bits of a coordinate give. */
uint32_t surface_bits_apply(const struct surface_bit *bits, unsigned count, unsigned axis,
                            uint32_t value);

/* Tables of the first `count` bits. */
void surface_equation_fill(const struct surface_bit *bits, unsigned count,
                           struct surface_equation *out_equation);

/* NULL: there is no such combination. `thick`: blocks have several slices. */
const struct surface_equation *surface_equation_find(unsigned swizzle, bool thick,
                                                     unsigned samples_log2, unsigned element_log2);

bool surface_is_depth_order(unsigned swizzle); /* Z_X */
bool surface_has_pipe_xor(unsigned swizzle);   /* _X, _T */

#endif
