#version 450
/* SPDX-License-Identifier: MIT
 * Storage buffers, a uniform buffer, push constants and specialization constants together. */
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint FACTOR = 1;
layout(constant_id = 2) const bool NEGATE = false;
layout(binding = 0) readonly buffer In { uint data[]; } source;
layout(binding = 1) buffer Out { uint data[]; } result;
layout(binding = 2) uniform Parameters { uvec4 scale; mat2x4 table; } parameters;
layout(push_constant) uniform Push { uint count; uint add; } push;

void main()
{
    uint i = gl_GlobalInvocationID.x;

    if (i >= push.count)
        return;
    uint value = source.data[i] * FACTOR * parameters.scale[i & 3] + push.add +
                 uint(parameters.table[i & 1][i >> 1 & 3]);

    result.data[i] = NEGATE ? ~value : value;
}
