/* SPDX-License-Identifier: MIT
 *
 * Formats of GFX10: the unified format number of buffer descriptors, MTBUF instructions (both below
 * 128) and image descriptors, and conversion between memory and registers.
 *
 * Source: RDNA 2 ISA guide, "Buffer Resource Descriptor" and "Data format"; LLVM's UfmtGFX10 names;
 * Mesa's gfx10-rsrc.json, enum GFX10_FORMAT, for those that only images have.
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
    ISA_FORMAT_FLOAT_CLAMP, /* to 0..1 when stored */
    ISA_FORMAT_SRGB,        /* X, Y, Z; W is UNORM */
    /* Of elements as a whole: */
    ISA_FORMAT_SHARED_EXPONENT,
    ISA_FORMAT_FRAGMENTS, /* FMASK: which fragment has each sample's colour. Fields of bits[0] in
                           * memory, of 4 bits in the register; cannot be stored */
};

enum isa_block_codec {
    ISA_BLOCK_NONE,
    ISA_BLOCK_BC1,
    ISA_BLOCK_BC2,
    ISA_BLOCK_BC3,
    ISA_BLOCK_BC4,
    ISA_BLOCK_BC5,
    ISA_BLOCK_BC6_UNSIGNED,
    ISA_BLOCK_BC6_SIGNED,
    ISA_BLOCK_BC7,
};

struct isa_format {
    uint8_t bytes;   /* of one element; of a block, where elements are compressed */
    uint8_t bits[4]; /* of X, Y, Z, W; 0 = the component does not exist */
    uint8_t numeric; /* enum isa_format_numeric */
    uint8_t block;   /* texels along each side of a compressed block; 0 = not compressed */
    uint8_t codec;   /* enum isa_block_codec */
};

/* NULL when there is no such format. */
const struct isa_format *isa_format_find(unsigned number);

static inline bool isa_format_is_integer(const struct isa_format *format)
{
    return format->numeric == ISA_FORMAT_UINT || format->numeric == ISA_FORMAT_SINT ||
           format->numeric == ISA_FORMAT_FRAGMENTS;
}

/* 1 as a register value; `format` may be NULL. */
static inline uint32_t isa_format_one(const struct isa_format *format)
{
    return format && isa_format_is_integer(format) ? 1 : 0x3f800000;
}

/* How component `i` is read: an sRGB format's W is linear. */
static inline enum isa_format_numeric isa_format_component_numeric(const struct isa_format *format,
                                                                   unsigned i)
{
    if (format->numeric == ISA_FORMAT_SRGB && i == 3)
        return ISA_FORMAT_UNORM;
    return (enum isa_format_numeric)format->numeric;
}

/* Compressed formats have functions of their own: block.h. */
static inline bool isa_format_is_compressed(const struct isa_format *format)
{
    return format->block != 0;
}

/* Memory to four register values: f32 patterns, or 32-bit integers for integer formats. Missing
 * components are 0, 0, 0, 1. */
void isa_format_unpack(const struct isa_format *format, const uint8_t *element, uint32_t out[4]);

/* How floats become a component with fewer bits. Shaders' stores round to even; colour back ends
 * have a choice (CB_COLORn_INFO.ROUND_MODE). Scaled formats always cut, 32-bit floats are kept. */
enum isa_format_rounding {
    ISA_FORMAT_ROUND_EVEN,
    ISA_FORMAT_ROUND_HALF, /* integers of norms: half goes up; floats: as EVEN */
    ISA_FORMAT_ROUND_CUT,  /* towards 0; what is too large for a float becomes its largest */
};

/* Register values to memory: values are clamped to what a component can hold. */
void isa_format_pack_rounded(const struct isa_format *format, const uint32_t in[4],
                             enum isa_format_rounding rounding, uint8_t *out_element);
/* The same, to even. */
void isa_format_pack(const struct isa_format *format, const uint32_t in[4], uint8_t *out_element);

/* An element of zeros and ones, as the keys of colour metadata (DCC) mean it: 1 is 1.0, or the
 * largest integer. `alpha` is for the component at one end: the highest one, or the lowest if
 * `alpha_lowest`; `color` for the others, and for all where three components fill an element. */
void isa_format_pack_ones(const struct isa_format *format, bool color, bool alpha,
                          bool alpha_lowest, uint8_t *out_element);

/* A descriptor's component selection (DST_SEL), 3 bits each for X, Y, Z and W: 0, 1, -, -, X, Y, Z,
 * W of what was read. `format` may be NULL. */
void isa_format_select(const struct isa_format *format, uint16_t dst_sel, uint32_t value[4]);

/* The transfer function of IEC 61966-2-1. */
float isa_format_linear_from_srgb(float value);

/* Between f32 and f16 patterns (round to nearest even), for D16 data. */
uint32_t isa_format_f32_from_f16(uint16_t half);
uint16_t isa_format_f16_from_f32(uint32_t single);

/* A component as 16-bit data and back: integers are cut, floats converted. */
uint16_t isa_format_to_d16(const struct isa_format *format, uint32_t value);
uint32_t isa_format_from_d16(const struct isa_format *format, uint16_t value);

#endif
