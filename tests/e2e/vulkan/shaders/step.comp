#version 450
/* SPDX-License-Identifier: MIT
 * One step of a chain: each number becomes a function of itself and the step. */
layout(local_size_x = 64) in;
layout(binding = 0) buffer Data { uint at[]; } data;
layout(push_constant) uniform Push { uint step; } push;

void main()
{
    uint i = gl_GlobalInvocationID.x;

    data.at[i] = data.at[i] * 1664525u + push.step;
}
