#version 450
/* SPDX-License-Identifier: MIT */
/* Every triangle becomes itself and, by a second invocation, its copy beside it. */
layout(triangles, invocations = 2) in;
layout(triangle_strip, max_vertices = 3) out;
layout(location = 1) flat in uvec4 numbers[];
layout(location = 1) flat out uvec4 out_numbers;
void main()
{
    for (int i = 0; i < 3; i++) {
        gl_Position = gl_in[i].gl_Position + vec4(gl_InvocationID, 0, 0, 0);
        out_numbers = uvec4(numbers[0].x + 10 * gl_InvocationID, numbers[0].yz, gl_PrimitiveIDIn);
        EmitVertex();
    }
    EndPrimitive();
}
