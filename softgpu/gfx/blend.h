/* SPDX-License-Identifier: MIT
 *
 * Blending and logic operations of the colour back ends, on values.
 *
 * Source: Mesa's register database (gfx103.json): BlendOp, CombFunc, ROP3; AMD's R6xx register
 * reference for what BLEND_CLAMP, SIMPLE_FLOAT and the factors mean.
 *
 * Thread safety: pure functions.
 */
#ifndef SOFTGPU_GFX_BLEND_H
#define SOFTGPU_GFX_BLEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gfx_factor {
    GFX_FACTOR_ZERO,
    GFX_FACTOR_ONE,
    GFX_FACTOR_SRC_COLOR,
    GFX_FACTOR_ONE_MINUS_SRC_COLOR,
    GFX_FACTOR_SRC_ALPHA,
    GFX_FACTOR_ONE_MINUS_SRC_ALPHA,
    GFX_FACTOR_DST_ALPHA,
    GFX_FACTOR_ONE_MINUS_DST_ALPHA,
    GFX_FACTOR_DST_COLOR,
    GFX_FACTOR_ONE_MINUS_DST_COLOR,
    GFX_FACTOR_SRC_ALPHA_SATURATE,
    GFX_FACTOR_BOTH_SRC_ALPHA,     /* of the source; the destination gets one minus that */
    GFX_FACTOR_BOTH_INV_SRC_ALPHA, /* the other way round */
    GFX_FACTOR_CONSTANT_COLOR,
    GFX_FACTOR_ONE_MINUS_CONSTANT_COLOR,
    GFX_FACTOR_SRC1_COLOR,
    GFX_FACTOR_ONE_MINUS_SRC1_COLOR,
    GFX_FACTOR_SRC1_ALPHA,
    GFX_FACTOR_ONE_MINUS_SRC1_ALPHA,
    GFX_FACTOR_CONSTANT_ALPHA,
    GFX_FACTOR_ONE_MINUS_CONSTANT_ALPHA,
    GFX_FACTORS
};

enum gfx_combine {
    GFX_COMBINE_ADD,      /* source + destination */
    GFX_COMBINE_SUBTRACT, /* source - destination */
    GFX_COMBINE_MIN,      /* both after their factors */
    GFX_COMBINE_MAX,
    GFX_COMBINE_REVERSE_SUBTRACT, /* destination - source */
    GFX_COMBINES
};

struct gfx_blend_equation {
    uint8_t src, dst; /* enum gfx_factor */
    uint8_t combine;  /* enum gfx_combine */
};

struct gfx_blend {
    bool enabled;
    struct gfx_blend_equation color, alpha;
    bool zero_wins; /* SIMPLE_FLOAT: 0 times anything is 0, infinities and NaNs too */
    bool clamp;     /* BLEND_CLAMP: what goes in is clamped to low .. 1 */
    float low;      /* 0, or -1 for signed norms */
    float constant[4];
};

/* Reads CB_BLENDn_CONTROL into the equations and `enabled`; NULL, or what is wrong with it. */
const char *gfx_blend_decode(uint32_t control, struct gfx_blend *out_blend);

/* Whether the second source, or what is in memory, plays a role. */
bool gfx_blend_is_dual(const struct gfx_blend *blend);

struct gfx_blend_input {
    float src[4], src1[4], dst[4];
};

/* `in` is clamped in place, if the blend says so. Only if enabled. */
void gfx_blend_apply(const struct gfx_blend *blend, struct gfx_blend_input *in, float out[4]);

/* One of the 16 functions of source and destination bits: bit (source << 1 | destination) of
 * `function`, as the low half of ROP3 has it. */
enum { GFX_ROP_COPY = 0xc };
static inline uint32_t gfx_rop(unsigned function, uint32_t src, uint32_t dst)
{
    return (function & 1 ? ~src & ~dst : 0) | (function & 2 ? ~src & dst : 0) |
           (function & 4 ? src & ~dst : 0) | (function & 8 ? src & dst : 0);
}

#endif
