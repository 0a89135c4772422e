#version 450
/* SPDX-License-Identifier: MIT
 * Integers of 8, 16 and 64 bits, floating point of 16 and 64, all read and written through
 * addresses. */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_explicit_arithmetic_types : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require

layout(local_size_x = 64) in;

struct Numbers {
    int64_t l;
    float64_t d;
    int i;
    float f;
    int16_t s;
    float16_t h;
    uint16_t us;
    int8_t b;
    uint8_t ub;
};

layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Array { Numbers at[]; };
layout(push_constant) uniform Push { Array a, b, sum, product, other; uint count; } push;

void main()
{
    uint i = gl_GlobalInvocationID.x;

    if (i >= push.count)
        return;
    Numbers a = push.a.at[i], b = push.b.at[i], n;

    n.l = a.l + b.l;
    n.d = a.d + b.d;
    n.i = a.i + b.i;
    n.f = a.f + b.f;
    n.s = a.s + b.s;
    n.h = a.h + b.h;
    n.us = a.us + b.us;
    n.b = a.b + b.b;
    n.ub = a.ub + b.ub;
    push.sum.at[i] = n;
    n.l = a.l * b.l;
    n.d = a.d * b.d;
    n.i = a.i * b.i;
    n.f = a.f * b.f;
    n.s = a.s * b.s;
    n.h = a.h * b.h;
    n.us = a.us * b.us;
    n.b = a.b * b.b;
    n.ub = a.ub * b.ub;
    push.product.at[i] = n;
    n.l = (a.l >> (b.i & 63)) ^ (a.l << (b.ub & uint8_t(63)));
    n.d = fma(a.d, b.d, double(a.i));
    n.i = int(a.l > b.l) + 2 * int(a.d < b.d) + 4 * int(a.h <= b.h) + 8 * int(a.us > b.us);
    n.f = float(a.l) + float(a.h);
    n.s = max(a.s, b.s) - min(a.s, b.s) / int16_t(3);
    n.h = float16_t(a.s) * abs(b.h);
    n.us = uint16_t(a.ub) << (b.us & uint16_t(7));
    n.b = int8_t(a.s >> 3);
    n.ub = uint8_t(a.ub / uint8_t(max(b.ub, uint8_t(1))));
    push.other.at[i] = n;
}
