/* SPDX-License-Identifier: MIT
 *
 * Formats converted for all lanes of a wave: see format_lanes.h. Compiled for several levels of the
 * x86-64 ABI, as vector operations are.
 */
#include "softgpu/isa/exec/format_component.h"
#include "softgpu/isa/exec/format_lanes.h"
#include "softgpu/isa/exec/valu.h"

#define FORMAT_LOOP(lanes)                                                                         \
    for (size_t base = 0; base < (lanes); base += 32)                                              \
    VALU_VECTOR_LOOP for (size_t lane = base; lane < base + 32; lane++)

/* Where a component lies in an element; none goes across a dword's end. */
struct component {
    enum isa_format_numeric numeric;
    unsigned row, shift, bits;
};

static struct component component_at(const struct isa_format *format, unsigned i, unsigned bit)
{
    return (struct component){isa_format_component_numeric(format, i), bit / 32, bit % 32,
                              format->bits[i]};
}

/* 32 bits that memory and registers hold alike. */
static bool component_is_kept(const struct component *c)
{
    return c->bits == 32 && c->numeric != ISA_FORMAT_FLOAT_CLAMP;
}

/* Converts a component with `numeric` and `bits` as constants, if the arguments are. */
#define UNPACK(constant, width)                                                                    \
    FORMAT_LOOP(lanes)                                                                             \
    out[lane] = component_unpack(ISA_FORMAT_##constant, raw[lane] >> shift & mask, width);         \
    break
#define PACK(constant, width)                                                                      \
    FORMAT_LOOP(lanes)                                                                             \
    out[lane] |= component_pack(ISA_FORMAT_##constant, in[lane], width, ISA_FORMAT_ROUND_EVEN)     \
                 << shift;                                                                         \
    break

static void component_unpack_row(const struct component *c, const uint32_t *restrict raw,
                                 size_t lanes, uint32_t *restrict out)
{
    const unsigned shift = c->shift, bits = c->bits;
    const uint32_t mask = component_max_unsigned(bits);

    switch (c->numeric) {
    case ISA_FORMAT_UNORM:
        UNPACK(UNORM, bits);
    case ISA_FORMAT_SNORM:
        UNPACK(SNORM, bits);
    case ISA_FORMAT_USCALED:
        UNPACK(USCALED, bits);
    case ISA_FORMAT_SSCALED:
        UNPACK(SSCALED, bits);
    case ISA_FORMAT_SINT:
        UNPACK(SINT, bits);
    case ISA_FORMAT_FLOAT:
        if (bits == 16) {
            UNPACK(FLOAT, 16);
        }
        UNPACK(FLOAT, bits);
    case ISA_FORMAT_SRGB:
        UNPACK(SRGB, bits);
    default:
        UNPACK(UINT, bits);
    }
}

static void component_pack_row(const struct component *c, const uint32_t *restrict in, size_t lanes,
                               uint32_t *restrict out)
{
    const unsigned shift = c->shift, bits = c->bits;

    switch (c->numeric) {
    case ISA_FORMAT_UNORM:
        PACK(UNORM, bits);
    case ISA_FORMAT_SNORM:
        PACK(SNORM, bits);
    case ISA_FORMAT_USCALED:
        PACK(USCALED, bits);
    case ISA_FORMAT_SSCALED:
        PACK(SSCALED, bits);
    case ISA_FORMAT_SINT:
        PACK(SINT, bits);
    case ISA_FORMAT_FLOAT:
        if (bits == 16) {
            PACK(FLOAT, 16);
        }
        PACK(FLOAT, bits);
    case ISA_FORMAT_FLOAT_CLAMP:
        PACK(FLOAT_CLAMP, bits);
    case ISA_FORMAT_SRGB:
        PACK(SRGB, bits);
    default:
        PACK(UINT, bits);
    }
}

static void row_fill(uint32_t *row, uint32_t value, size_t lanes)
{
    FORMAT_LOOP(lanes) row[lane] = value;
}

isa_format_lanes_fn VALU_SYM(format_unpack), VALU_SYM(format_pack);
isa_format_to_d16_fn VALU_SYM(format_to_d16);
isa_format_from_d16_fn VALU_SYM(format_from_d16);

/* ---- elements ---- */

/* Formats whose components are not found one by one (a shared exponent, FMASK): lane by lane. */
static void whole_unpack(const struct isa_format *format, const uint32_t *raw, size_t lanes,
                         uint32_t *out)
{
    for (size_t lane = 0; lane < lanes; lane++) {
        uint32_t value[4];

        isa_format_unpack(format, (const uint8_t *)&raw[lane], value);
        for (unsigned i = 0; i < 4; i++)
            out[i * lanes + lane] = value[i];
    }
}

static void shared_exponent_pack(const struct isa_format *format, const uint32_t *in, size_t lanes,
                                 uint32_t *out)
{
    for (size_t lane = 0; lane < lanes; lane++) {
        const uint32_t value[4] = {in[lane], in[lanes + lane], in[2 * lanes + lane]};

        isa_format_pack(format, value, (uint8_t *)&out[lane]);
    }
}

void VALU_SYM(format_unpack)(const struct isa_format *format, const uint32_t *raw, size_t lanes,
                             uint32_t *out)
{
    unsigned bit = 0;

    if (format->numeric >= ISA_FORMAT_SHARED_EXPONENT) {
        whole_unpack(format, raw, lanes, out);
        return;
    }
    for (unsigned i = 0; i < 4; i++, out += lanes) {
        struct component c = component_at(format, i, bit);

        if (c.bits == 0)
            row_fill(out, i == 3 ? isa_format_one(format) : 0, lanes);
        else if (c.bits == 32)
            memcpy(out, raw + c.row * lanes, lanes * sizeof(*out));
        else
            component_unpack_row(&c, raw + c.row * lanes, lanes, out);
        bit += c.bits;
    }
}

void VALU_SYM(format_pack)(const struct isa_format *format, const uint32_t *in, size_t lanes,
                           uint32_t *out)
{
    unsigned bit = 0;

    if (format->numeric == ISA_FORMAT_SHARED_EXPONENT) {
        shared_exponent_pack(format, in, lanes, out);
        return;
    }
    for (unsigned row = 0; row < (format->bytes + 3u) / 4; row++)
        row_fill(out + row * lanes, 0, lanes);
    for (unsigned i = 0; i < 4 && format->bits[i]; i++, in += lanes) {
        struct component c = component_at(format, i, bit);

        if (component_is_kept(&c))
            memcpy(out + c.row * lanes, in, lanes * sizeof(*out));
        else
            component_pack_row(&c, in, lanes, out + c.row * lanes);
        bit += c.bits;
    }
}

/* ---- 16-bit data ---- */

void VALU_SYM(format_to_d16)(bool integer, const uint32_t *in, size_t lanes, uint32_t *out)
{
    if (integer)
        FORMAT_LOOP(lanes)
    out[lane] = in[lane] & 0xffff;
    else FORMAT_LOOP(lanes) out[lane] = sem_f32_to_f16(SEM_ROUND_EVEN, false, in[lane]);
}

void VALU_SYM(format_from_d16)(bool integer, bool sign, const uint32_t *in, unsigned shift,
                               size_t lanes, uint32_t *out)
{
    if (!integer)
        FORMAT_LOOP(lanes)
    out[lane] = sem_bits32(sem_f16_to_f32(in[lane] >> shift & 0xffff));
    else if (sign) FORMAT_LOOP(lanes) out[lane] =
        (uint32_t)(int32_t)(int16_t)(in[lane] >> shift & 0xffff);
    else FORMAT_LOOP(lanes) out[lane] = in[lane] >> shift & 0xffff;
}
