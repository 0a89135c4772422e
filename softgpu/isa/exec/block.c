/* SPDX-License-Identifier: MIT
 *
 * Block-compressed formats: BC1 to BC5, and what BC6H and BC7 have in common. See block.h.
 */
#include "softgpu/isa/exec/block.h"

#include <string.h>

#include "softgpu/isa/exec/sem_base.h"

/* ---- partitions, indices, weights ---- */

#define BLOCK_PARTITION(two, second, three, second_of_three, third_of_three)                       \
    {two, three, {second, second_of_three, third_of_three}},
static const struct partition {
    uint16_t two;
    uint32_t three;
    uint8_t anchor[3];
} partitions[64] = {
#include "softgpu/isa/exec/block_partitions.def"
};

unsigned isa_block_subset(unsigned subsets, unsigned partition, unsigned texel)
{
    const struct partition *p = &partitions[partition];

    if (subsets == 1)
        return 0;
    return subsets == 2 ? p->two >> texel & 1 : p->three >> 2 * texel & 3;
}

static bool is_anchor(unsigned subsets, unsigned partition, unsigned texel)
{
    const uint8_t *anchor = partitions[partition].anchor;

    if (texel == 0)
        return true;
    if (subsets == 2)
        return texel == anchor[0];
    return subsets == 3 && (texel == anchor[1] || texel == anchor[2]);
}

uint32_t isa_block_index(const uint8_t *block, unsigned first, unsigned bits, unsigned subsets,
                         unsigned partition, unsigned texel)
{
    for (unsigned i = 0; i < texel; i++)
        first += bits - is_anchor(subsets, partition, i);
    return isa_block_bits(block, first, bits - is_anchor(subsets, partition, texel));
}

unsigned isa_block_weight(unsigned bits, uint32_t index)
{
    static const uint8_t weights[3][16] = {
        {0, 21, 43, 64},
        {0, 9, 18, 27, 37, 46, 55, 64},
        {0, 4, 9, 13, 17, 21, 26, 30, 34, 38, 43, 47, 51, 55, 60, 64},
    };

    return weights[bits - 2][index];
}

/* ---- BC1 to BC3 ---- */

/* Red, green and blue of 5, 6 and 5 bits as 8 bits. */
static void endpoint_unpack(uint32_t packed, float out[3])
{
    uint32_t red = packed >> 11, green = packed >> 5 & 63, blue = packed & 31;

    out[0] = (float)(red << 3 | red >> 2);
    out[1] = (float)(green << 2 | green >> 4);
    out[2] = (float)(blue << 3 | blue >> 2);
}

/* Out of 255. `three`: a block whose first endpoint is not the larger one has three colours, and
 * black without alpha. */
static void colour_unpack(const uint8_t *block, unsigned texel, bool three, float out[4])
{
    const uint32_t packed[2] = {isa_block_bits(block, 0, 16), isa_block_bits(block, 16, 16)};
    const uint32_t index = isa_block_bits(block, 32 + 2 * texel, 2);
    const bool four = !three || packed[0] > packed[1];
    float a[3], b[3];

    endpoint_unpack(packed[0], a);
    endpoint_unpack(packed[1], b);
    out[3] = 255;
    for (unsigned i = 0; i < 3; i++) {
        if (index == 0)
            out[i] = a[i];
        else if (index == 1)
            out[i] = b[i];
        else if (four)
            out[i] = index == 2 ? (2 * a[i] + b[i]) / 3 : (a[i] + 2 * b[i]) / 3;
        else
            out[i] = index == 2 ? (a[i] + b[i]) / 2 : 0;
    }
    if (!four && index == 3)
        out[3] = 0;
}

/* BC3's alpha, BC4, BC5: two endpoints and six or four values between them. `low` and `high`: what
 * the last two of eight are in the second case. */
static float ramp(float a, float b, bool eight, uint32_t index, float low, float high)
{
    if (index < 2)
        return index ? b : a;
    if (eight)
        return ((float)(8 - index) * a + (float)(index - 1) * b) / 7;
    if (index >= 6)
        return index == 6 ? low : high;
    return ((float)(6 - index) * a + (float)(index - 1) * b) / 5;
}

static float ramp_unsigned(const uint8_t *block, unsigned texel)
{
    return ramp(block[0], block[1], block[0] > block[1], isa_block_bits(block, 16 + 3 * texel, 3),
                0, 255);
}

static float ramp_signed(const uint8_t *block, unsigned texel)
{
    int a = (int8_t)block[0], b = (int8_t)block[1];
    bool eight = a > b;

    a = a < -127 ? -127 : a;
    b = b < -127 ? -127 : b;
    return ramp((float)a, (float)b, eight, isa_block_bits(block, 16 + 3 * texel, 3), -127, 127);
}

/* ---- all of them ---- */

static uint32_t component(const struct isa_format *format, unsigned i, float value, float most)
{
    value /= most;
    if (isa_format_component_numeric(format, i) == ISA_FORMAT_SRGB)
        value = isa_format_linear_from_srgb(value);
    return sem_bits32(value);
}

static void colours_unpack(const struct isa_format *format, const uint8_t *block, unsigned texel,
                           float out[4])
{
    uint8_t bytes[4];

    switch (format->codec) {
    case ISA_BLOCK_BC1:
        colour_unpack(block, texel, true, out);
        break;
    case ISA_BLOCK_BC2:
        colour_unpack(block + 8, texel, false, out);
        out[3] = (float)(isa_block_bits(block, 4 * texel, 4) * 17);
        break;
    case ISA_BLOCK_BC3:
        colour_unpack(block + 8, texel, false, out);
        out[3] = ramp_unsigned(block, texel);
        break;
    default:
        isa_block_bc7(block, texel, bytes);
        for (unsigned i = 0; i < 4; i++)
            out[i] = bytes[i];
        break;
    }
}

static void ramps_unpack(const struct isa_format *format, const uint8_t *block, unsigned texel,
                         uint32_t out[4])
{
    const bool is_signed = format->numeric == ISA_FORMAT_SNORM;

    for (unsigned i = 0; i < (format->codec == ISA_BLOCK_BC5 ? 2 : 1); i++)
        out[i] = sem_bits32(is_signed ? ramp_signed(block + 8 * i, texel) / 127
                                      : ramp_unsigned(block + 8 * i, texel) / 255);
}

void isa_block_unpack(const struct isa_format *format, const uint8_t *block, unsigned x, unsigned y,
                      uint32_t out[4])
{
    const unsigned texel = 4 * y + x;
    uint16_t halves[3];
    float colour[4];

    memset(out, 0, 3 * sizeof(out[0]));
    out[3] = sem_bits32(1.0f);
    switch (format->codec) {
    case ISA_BLOCK_BC4:
    case ISA_BLOCK_BC5:
        ramps_unpack(format, block, texel, out);
        break;
    case ISA_BLOCK_BC6_UNSIGNED:
    case ISA_BLOCK_BC6_SIGNED:
        isa_block_bc6(block, format->codec == ISA_BLOCK_BC6_SIGNED, texel, halves);
        for (unsigned i = 0; i < 3; i++)
            out[i] = isa_format_f32_from_f16(halves[i]);
        break;
    default:
        colours_unpack(format, block, texel, colour);
        for (unsigned i = 0; i < 4; i++)
            out[i] = component(format, i, colour[i], 255);
        break;
    }
}
