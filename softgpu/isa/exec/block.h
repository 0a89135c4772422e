/* SPDX-License-Identifier: MIT
 *
 * Block-compressed formats: BC1 to BC7 (also known as S3TC or DXT, RGTC, BPTC). Blocks have 4 by 4
 * texels.
 *
 * Source: Khronos Data Format Specification, "S3TC", "RGTC" and "BPTC compressed texture formats".
 * Where it leaves a choice: endpoints become 8-bit numbers (BC4 and BC5: floats) before they are
 * interpolated, and what is between them is not rounded.
 *
 * Thread safety: pure functions, and tables that are filled once.
 */
#ifndef SOFTGPU_ISA_EXEC_BLOCK_H
#define SOFTGPU_ISA_EXEC_BLOCK_H

#include "softgpu/isa/exec/format.h"

/* Texel (x, y) of a block of format->bytes, as isa_format_unpack() gives it. */
void isa_block_unpack(const struct isa_format *format, const uint8_t *block, unsigned x, unsigned y,
                      uint32_t out[4]);

/* ---- inside of block*.c ---- */

/* `count` bits of a block of 16 bytes, from bit `first` on. */
static inline uint32_t isa_block_bits(const uint8_t *block, unsigned first, unsigned count)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value |= (uint32_t)(block[(first + i) / 8] >> (first + i) % 8 & 1) << i;
    return value;
}

/* Which pair of endpoints a texel belongs to, of `subsets` 1, 2 or 3. */
unsigned isa_block_subset(unsigned subsets, unsigned partition, unsigned texel);
/* A texel's index: all of them begin at bit `first`, with `bits` each, and one less where a
 * subset's first texel has a fixed bit. */
uint32_t isa_block_index(const uint8_t *block, unsigned first, unsigned bits, unsigned subsets,
                         unsigned partition, unsigned texel);
/* Between two endpoints, of 64. */
unsigned isa_block_weight(unsigned bits, uint32_t index);

/* Components of 8 bits. */
void isa_block_bc7(const uint8_t *block, unsigned texel, uint8_t out[4]);
/* Half floats. */
void isa_block_bc6(const uint8_t *block, bool is_signed, unsigned texel, uint16_t out[3]);

#endif
