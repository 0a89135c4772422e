/* SPDX-License-Identifier: MIT
 *
 * BC6H: see block.h.
 */
#include "softgpu/isa/exec/block.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ENDPOINTS = 4, COMPONENTS = 3, INDICES_AT = 82, INDICES_AT_WHOLE = 65, PARTITION_AT = 77 };

#define BC6_MODE(number, deltas, partitioned, bits, red, green, blue, fields)                      \
    [number] = {deltas, partitioned, bits, {red, green, blue}, fields},
static const struct mode {
    bool deltas, partitioned;
    uint8_t bits, other_bits[COMPONENTS];
    const char *fields; /* NULL: reserved */
} modes[32] = {
#include "softgpu/isa/exec/block_bc6.def"
};

/* Bit `to` of a component of an endpoint. */
struct placed_bit {
    uint8_t endpoint, component, to;
};

/* What each bit after the mode's number is. */
static struct placed_bit placed[32][INDICES_AT];
static uint8_t placed_count[32];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* "rw0-9": ten bits, "gy4": one. */
static void fields_parse(const char *text, struct placed_bit *out_bits, uint8_t *out_count)
{
    unsigned count = 0;

    while (*text) {
        const uint8_t component = text[0] == 'r' ? 0 : text[0] == 'g' ? 1 : 2;
        const uint8_t endpoint = (uint8_t)(text[1] - 'w');
        char *end;
        long from = strtol(text + 2, &end, 10), to = from;

        if (*end == '-')
            to = strtol(end + 1, &end, 10);
        for (long bit = from;; bit += to > from ? 1 : -1) {
            out_bits[count++] = (struct placed_bit){endpoint, component, (uint8_t)bit};
            if (bit == to)
                break;
        }
        text = end + strspn(end, " ");
    }
    *out_count = (uint8_t)count;
}

static void fields_parse_all(void)
{
    for (unsigned i = 0; i < 32; i++)
        if (modes[i].fields)
            fields_parse(modes[i].fields, placed[i], &placed_count[i]);
}

static int32_t sign_extend(int32_t value, unsigned bits)
{
    return (int32_t)((uint32_t)value << (32 - bits)) >> (32 - bits);
}

static void endpoints_read(const uint8_t *block, unsigned number, unsigned at, bool is_signed,
                           int32_t endpoints[ENDPOINTS][COMPONENTS])
{
    const struct mode *mode = &modes[number];

    memset(endpoints, 0, ENDPOINTS * sizeof(endpoints[0]));
    for (unsigned i = 0; i < placed_count[number]; i++) {
        const struct placed_bit *bit = &placed[number][i];

        endpoints[bit->endpoint][bit->component] |=
            (int32_t)(isa_block_bits(block, at + i, 1) << bit->to);
    }
    for (unsigned c = 0; c < COMPONENTS; c++)
        for (unsigned e = 0; e < ENDPOINTS; e++) {
            int32_t *value = &endpoints[e][c];

            if (e && mode->deltas)
                *value = (endpoints[0][c] + sign_extend(*value, mode->other_bits[c])) &
                         ((1 << mode->bits) - 1);
            /* The first endpoint's own bits are needed until the others are done. */
            if (e && is_signed)
                *value = sign_extend(*value, mode->bits);
        }
    for (unsigned c = 0; c < COMPONENTS && is_signed; c++)
        endpoints[0][c] = sign_extend(endpoints[0][c], mode->bits);
}

/* To 16 bits; signed values to 15 and a sign. */
static int32_t unquantize(int32_t value, unsigned bits, bool is_signed)
{
    int32_t magnitude = abs(value);

    if (!is_signed) {
        if (bits >= 15 || value == 0)
            return value;
        return value == (1 << bits) - 1 ? 0xffff : ((value << 16) + 0x8000) >> bits;
    }
    if (bits >= 16 || value == 0)
        return value;
    magnitude =
        magnitude >= (1 << (bits - 1)) - 1 ? 0x7fff : ((magnitude << 15) + 0x4000) >> (bits - 1);
    return value < 0 ? -magnitude : magnitude;
}

/* Scales to what half floats reach, short of infinity. */
static uint16_t finish(int32_t value, bool is_signed)
{
    if (!is_signed)
        return (uint16_t)(value * 31 >> 6);
    return (uint16_t)(value < 0 ? 0x8000 | (-value * 31 >> 5) : value * 31 >> 5);
}

void isa_block_bc6(const uint8_t *block, bool is_signed, unsigned texel, uint16_t out[3])
{
    const unsigned number_bits = (block[0] & 2) ? 5 : 2;
    const unsigned number = isa_block_bits(block, 0, number_bits);
    const struct mode *mode = &modes[number];
    int32_t endpoints[ENDPOINTS][COMPONENTS];

    pthread_once(&once, fields_parse_all);
    memset(out, 0, 3 * sizeof(out[0]));
    if (!mode->fields)
        return;
    endpoints_read(block, number, number_bits, is_signed, endpoints);

    const unsigned subsets = mode->partitioned ? 2 : 1, index_bits = mode->partitioned ? 3 : 4;
    const unsigned partition = mode->partitioned ? isa_block_bits(block, PARTITION_AT, 5) : 0;
    const unsigned first = mode->partitioned ? INDICES_AT : INDICES_AT_WHOLE;
    const unsigned subset = isa_block_subset(subsets, partition, texel);
    const int32_t weight = (int32_t)isa_block_weight(
        index_bits, isa_block_index(block, first, index_bits, subsets, partition, texel));

    for (unsigned c = 0; c < COMPONENTS; c++) {
        int32_t a = unquantize(endpoints[2 * subset][c], mode->bits, is_signed);
        int32_t b = unquantize(endpoints[2 * subset + 1][c], mode->bits, is_signed);

        out[c] = finish(((64 - weight) * a + weight * b + 32) >> 6, is_signed);
    }
}
