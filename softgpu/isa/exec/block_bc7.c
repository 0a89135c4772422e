/* SPDX-License-Identifier: MIT
 *
 * BC7: see block.h.
 */
#include "softgpu/isa/exec/block.h"

#include <string.h>

/* A lowest bit of all components; the value is how many endpoints share it. */
enum shared_bits { NONE, OF_ENDPOINT, OF_SUBSET };

static const struct mode {
    uint8_t subsets, partition_bits, rotation_bits, selection_bits;
    uint8_t colour_bits, alpha_bits;
    enum shared_bits shared;
    uint8_t index_bits, second_index_bits;
} modes[8] = {
    {3, 4, 0, 0, 4, 0, OF_ENDPOINT, 3, 0}, {2, 6, 0, 0, 6, 0, OF_SUBSET, 3, 0},
    {3, 6, 0, 0, 5, 0, NONE, 2, 0},        {2, 6, 0, 0, 7, 0, OF_ENDPOINT, 2, 0},
    {1, 0, 2, 1, 5, 6, NONE, 2, 3},        {1, 0, 2, 0, 7, 8, NONE, 2, 2},
    {1, 0, 0, 0, 7, 7, OF_ENDPOINT, 4, 0}, {2, 6, 0, 0, 5, 5, OF_ENDPOINT, 2, 0},
};

struct reader {
    const uint8_t *block;
    unsigned at;
};

static uint32_t take(struct reader *r, unsigned bits)
{
    uint32_t value = isa_block_bits(r->block, r->at, bits);

    r->at += bits;
    return value;
}

/* To 8 bits: the highest ones again in the lowest. */
static uint8_t expand(uint32_t value, unsigned bits)
{
    value <<= 8 - bits;
    return (uint8_t)(value | value >> bits);
}

/* All endpoints of one component are together; shared bits follow the last. Without alpha it is
 * 255.
 */
static void endpoints_read(struct reader *r, const struct mode *mode, uint8_t endpoints[6][4])
{
    const unsigned count = 2 * mode->subsets, components = mode->alpha_bits ? 4 : 3;

    memset(endpoints, 255, 6 * sizeof(endpoints[0]));
    for (unsigned i = 0; i < components; i++)
        for (unsigned e = 0; e < count; e++)
            endpoints[e][i] = (uint8_t)take(r, i == 3 ? mode->alpha_bits : mode->colour_bits);
    for (unsigned e = 0; e < count && mode->shared; e += mode->shared) {
        uint32_t bit = take(r, 1);

        for (unsigned n = 0; n < (unsigned)mode->shared * components; n++) {
            uint8_t *value = &endpoints[e + n / components][n % components];

            *value = (uint8_t)(*value << 1 | bit);
        }
    }
    for (unsigned e = 0; e < count; e++)
        for (unsigned i = 0; i < components; i++)
            endpoints[e][i] =
                expand(endpoints[e][i],
                       (i == 3 ? mode->alpha_bits : mode->colour_bits) + (mode->shared != NONE));
}

static uint8_t between(uint8_t a, uint8_t b, unsigned weight)
{
    return (uint8_t)(((64 - weight) * a + weight * b + 32) >> 6);
}

void isa_block_bc7(const uint8_t *block, unsigned texel, uint8_t out[4])
{
    const unsigned number = block[0] ? (unsigned)__builtin_ctz(block[0]) : 8;
    struct reader r = {block, number + 1};
    uint8_t endpoints[6][4];

    memset(out, 0, 4);
    if (number > 7)
        return;

    const struct mode *mode = &modes[number];
    const unsigned partition = take(&r, mode->partition_bits);
    const unsigned rotation = take(&r, mode->rotation_bits);
    const bool swapped = take(&r, mode->selection_bits);
    const unsigned subset = isa_block_subset(mode->subsets, partition, texel);

    endpoints_read(&r, mode, endpoints);

    unsigned weight[2]; /* of colours, of alpha */

    weight[0] = weight[1] =
        isa_block_weight(mode->index_bits, isa_block_index(block, r.at, mode->index_bits,
                                                           mode->subsets, partition, texel));
    r.at += 16 * mode->index_bits - mode->subsets;
    if (mode->second_index_bits)
        weight[!swapped] =
            isa_block_weight(mode->second_index_bits,
                             isa_block_index(block, r.at, mode->second_index_bits, 1, 0, texel));
    for (unsigned i = 0; i < 4; i++)
        out[i] = between(endpoints[2 * subset][i], endpoints[2 * subset + 1][i], weight[i == 3]);
    if (rotation) {
        uint8_t alpha = out[3];

        out[3] = out[rotation - 1];
        out[rotation - 1] = alpha;
    }
}
