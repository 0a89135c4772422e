/* SPDX-License-Identifier: MIT
 *
 * Buffer formats of GFX10: the unified format number of buffer descriptors and MTBUF instructions,
 * and conversion between memory and registers.
 *
 * Source: RDNA 2 ISA guide, "Buffer Resource Descriptor" and "Data format"; LLVM's UfmtGFX10 names.
 * Components are named from the most significant bits down, X is the lowest.
 *
 * Thread safety: constant tables and pure functions.
 */
#ifndef SOFTGPU_ISA_EXEC_FORMAT_H
#define SOFTGPU_ISA_EXEC_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

enum isa_format_numeric {
    ISA_FORMAT_UNORM,
    ISA_FORMAT_SNORM,
    ISA_FORMAT_USCALED,
    ISA_FORMAT_SSCALED,
    ISA_FORMAT_UINT,
    ISA_FORMAT_SINT,
    ISA_FORMAT_FLOAT,
};

struct isa_format {
    uint8_t bytes;   /* of one element */
    uint8_t bits[4]; /* of X, Y, Z, W; 0 = the component does not exist */
    uint8_t numeric; /* enum isa_format_numeric */
};

/* NULL when there is no such format. */
const struct isa_format *isa_format_find(unsigned number);

static inline bool isa_format_is_integer(const struct isa_format *format)
{
    return format->numeric == ISA_FORMAT_UINT || format->numeric == ISA_FORMAT_SINT;
}

/* Memory to four register values: f32 patterns, or 32-bit integers for integer formats. Missing
 * components are 0, 0, 0, 1. */
void isa_format_unpack(const struct isa_format *format, const uint8_t *element, uint32_t out[4]);
/* Register values to memory: values are clamped to what a component can hold. */
void isa_format_pack(const struct isa_format *format, const uint32_t in[4], uint8_t *out_element);

/* Between f32 and f16 patterns (round to nearest even), for D16 data. */
uint32_t isa_format_f32_from_f16(uint16_t half);
uint16_t isa_format_f16_from_f32(uint32_t single);

#endif
