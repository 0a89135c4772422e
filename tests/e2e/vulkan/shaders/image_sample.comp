#version 450
// SPDX-License-Identifier: MIT
// Filtered samples at the points of a buffer, and the four texels around each.
layout(local_size_x = 64) in;
layout(binding = 0) uniform sampler2D image;
layout(binding = 1, std430) readonly buffer Points { vec2 at[]; } points;
layout(binding = 2, std430) buffer Result { vec4 value[]; } result;

void main()
{
    uint i = gl_GlobalInvocationID.x;

    if (i < points.at.length()) {
        result.value[2 * i] = textureLod(image, points.at[i], 0.0);
        result.value[2 * i + 1] = textureGather(image, points.at[i], 1);
    }
}
