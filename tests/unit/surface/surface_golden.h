/* SPDX-License-Identifier: MIT
 *
 * What the rows of surface_golden.def are made of.
 */
#ifndef TESTS_UNIT_SURFACE_SURFACE_GOLDEN_H
#define TESTS_UNIT_SURFACE_SURFACE_GOLDEN_H

#include "softgpu/surface/surface.h"

/* Columns of a row as a struct surface_shape. */
#define GOLDEN_SHAPE(dim, mode, bytes, samples, w, h, d, l)                                        \
    {                                                                                              \
        .dimension = (dim), .swizzle = (mode), .element_bytes = (bytes),                           \
        .samples_log2 = (samples), .width = (w), .height = (h), .depth = (d), .levels = (l)        \
    }

/* FNV-1a of addresses, from this on. */
#define GOLDEN_HASH UINT64_C(0xcbf29ce484222325)

static inline uint64_t golden_hash(uint64_t hash, uint64_t address)
{
    for (unsigned i = 0; i < 8; i++)
        hash = (hash ^ (address >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
