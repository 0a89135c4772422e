#version 450
/* SPDX-License-Identifier: MIT */
/* Every point becomes two strips, of four vertices and of three, with numbers of their own. */
layout(points) in;
layout(triangle_strip, max_vertices = 7) out;
layout(location = 0) flat in uvec2 number[];
layout(location = 0, xfb_buffer = 0, xfb_stride = 12, xfb_offset = 0) flat out uvec2 numbers;
layout(location = 1, xfb_buffer = 0, xfb_offset = 8) out float half_number;
layout(location = 2, xfb_buffer = 1, xfb_stride = 4, xfb_offset = 0) flat out uint mixed;
void main()
{
    for (uint i = 0; i < 7; i++) {
        uint vertex = 7 * number[0].x + i;
        gl_Position = gl_in[0].gl_Position;
        numbers = uvec2(vertex, number[0].y);
        half_number = 0.5 * vertex;
        mixed = vertex * 2654435761u ^ number[0].y;
        EmitVertex();
        if (i == 3)
            EndPrimitive();
    }
}
