/* SPDX-License-Identifier: MIT
 *
 * Fields of registers, descriptors and packets, as their documents give them: by the numbers of
 * their lowest and highest bit, or by a shift and a width.
 */
#ifndef ROCWELD_BASE_BITS_H
#define ROCWELD_BASE_BITS_H

#include <stdint.h>

/* Bits `high` to `low` of a 32-bit word, both of them included. */
#define BITS(word, low, high) ((word) >> (low) & (uint32_t)((1ull << ((high) - (low) + 1)) - 1))

/* `width` bits, less than 32, from `shift` on. */
#define BITS_AT(word, shift, width) ((word) >> (shift) & ((1u << (width)) - 1))

#endif
