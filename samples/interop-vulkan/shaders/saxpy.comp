#version 450
/* SPDX-License-Identifier: MIT
 * y = alpha x + y. All that the shader knows of x and y are addresses. */
#extension GL_EXT_buffer_reference : require

layout(local_size_x = 64) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(push_constant) uniform Push { Floats x, y; float alpha; uint n; } push;

void main()
{
    uint i = gl_GlobalInvocationID.x;

    if (i < push.n)
        push.y.at[i] = fma(push.alpha, push.x.at[i], push.y.at[i]);
}
