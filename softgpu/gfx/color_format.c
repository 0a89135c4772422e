/* SPDX-License-Identifier: MIT
 *
 * Formats of exports and of render targets: see color.h.
 */
#include <string.h>

#include "base/bits.h"
#include "softgpu/gfx/color.h"
#include "softgpu/isa/exec/sem_base.h"

/* ---- exports ---- */

static uint32_t half_unpack(enum gfx_export_format format, uint32_t half)
{
    const float one = 32767, value = (float)sem_sext16(half);

    switch (format) {
    case GFX_EXPORT_FP16_ABGR:
        return isa_format_f32_from_f16((uint16_t)half);
    case GFX_EXPORT_UNORM16_ABGR:
        return sem_bits32((float)half / 65535);
    case GFX_EXPORT_SNORM16_ABGR:
        return sem_bits32(value < -one ? -1.0f : value / one);
    case GFX_EXPORT_SINT16_ABGR:
        return (uint32_t)sem_sext16(half);
    default:
        return half;
    }
}

void gfx_export_unpack(enum gfx_export_format format, const uint32_t row[4], uint32_t out[4])
{
    memset(out, 0, 4 * sizeof(*out));
    switch (format) {
    case GFX_EXPORT_32_R:
        out[0] = row[0];
        break;
    case GFX_EXPORT_32_GR:
        out[0] = row[0];
        out[1] = row[1];
        break;
    case GFX_EXPORT_32_AR: /* alpha comes second since GFX10 */
        out[0] = row[0];
        out[3] = row[1];
        break;
    case GFX_EXPORT_32_ABGR:
        memcpy(out, row, 4 * sizeof(*out));
        break;
    case GFX_EXPORT_FP16_ABGR:
    case GFX_EXPORT_UNORM16_ABGR:
    case GFX_EXPORT_SNORM16_ABGR:
    case GFX_EXPORT_UINT16_ABGR:
    case GFX_EXPORT_SINT16_ABGR:
        for (unsigned c = 0; c < 4; c++)
            out[c] = half_unpack(format, row[c / 2] >> 16 * (c % 2) & 0xffff);
        break;
    default:
        break;
    }
}

/* ---- render targets ---- */

enum { NUMBER_SRGB = 6, NUMBER_FLOAT = 7, NUMBERS };

/* Numbers of the unified format table by ColorFormat and NUMBER_TYPE; 0: there is none. INT6: UNORM
 * to SINT follow each other; ALL7: and FLOAT; INT3: UINT, SINT and FLOAT alone. */
#define FORMAT_INT6(n, srgb)                                                                       \
    {                                                                                              \
        (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (srgb), 0                                \
    }
#define FORMAT_ALL7(n)                                                                             \
    {                                                                                              \
        (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, 0, (n) + 6                               \
    }
#define FORMAT_INT3(n)                                                                             \
    {                                                                                              \
        0, 0, 0, 0, (n), (n) + 1, 0, (n) + 2                                                       \
    }
static const uint8_t unified[32][NUMBERS] = {
    [1] = FORMAT_INT6(1, 128),     /* 8 */
    [2] = FORMAT_ALL7(7),          /* 16 */
    [3] = FORMAT_INT6(14, 129),    /* 8_8 */
    [4] = FORMAT_INT3(20),         /* 32 */
    [5] = FORMAT_ALL7(23),         /* 16_16 */
    [6] = FORMAT_ALL7(30),         /* 10_11_11 */
    [7] = FORMAT_ALL7(37),         /* 11_11_10 */
    [8] = FORMAT_INT6(44, 0),      /* 10_10_10_2 */
    [9] = FORMAT_INT6(50, 0),      /* 2_10_10_10 */
    [10] = FORMAT_INT6(56, 130),   /* 8_8_8_8 */
    [11] = FORMAT_INT3(62),        /* 32_32 */
    [12] = FORMAT_ALL7(65),        /* 16_16_16_16 */
    [14] = FORMAT_INT3(75),        /* 32_32_32_32 */
    [16] = {133},                  /* 5_6_5 */
    [17] = {134},                  /* 1_5_5_5 */
    [18] = {135},                  /* 5_5_5_1 */
    [19] = {136},                  /* 4_4_4_4 */
    [20] = {141, 0, 0, 0, 142},    /* 8_24 */
    [21] = {143, 0, 0, 0, 144},    /* 24_8 */
    [24] = {[NUMBER_FLOAT] = 132}, /* 5_9_9_9 */
};

/* Which colours memory holds, from the lowest bits up, by COMP_SWAP and the number of components.
 */
static const uint8_t orders[4][4][4] = {
    /* STD */ {{0}, {0, 1}, {0, 1, 2}, {0, 1, 2, 3}},
    /* ALT */ {{1}, {0, 3}, {0, 1, 3}, {2, 1, 0, 3}},
    /* STD_REV */ {{2}, {1, 0}, {2, 1, 0}, {3, 2, 1, 0}},
    /* ALT_REV */ {{3}, {3, 0}, {3, 1, 0}, {3, 0, 1, 2}},
};

bool gfx_color_format_find(uint32_t info, struct gfx_color_format *out_format)
{
    unsigned number = unified[BITS(info, 2, 6)][BITS(info, 8, 10)], count = 0;

    memset(out_format, 0, sizeof(*out_format));
    if (!number)
        return false;
    out_format->format = isa_format_find(number);
    if (!out_format->format)
        return false;
    while (count < 4 && out_format->format->bits[count])
        count++;
    /* The shared exponent is no component of its own. */
    if (out_format->format->numeric == ISA_FORMAT_SHARED_EXPONENT)
        count = 3;
    out_format->components = (uint8_t)count;
    memcpy(out_format->order, orders[BITS(info, 11, 12)][count - 1], sizeof(out_format->order));
    return true;
}
