#version 450
/* SPDX-License-Identifier: MIT */
layout(location = 0, xfb_buffer = 0, xfb_stride = 12, xfb_offset = 0) flat out uvec2 numbers;
layout(location = 1, xfb_buffer = 0, xfb_offset = 8) out float half_number;
layout(location = 2, xfb_buffer = 1, xfb_stride = 4, xfb_offset = 0) flat out uint mixed;
void main()
{
    gl_Position = vec4(0, 0, 0, 1);
    gl_PointSize = 1;
    numbers = uvec2(gl_VertexIndex, gl_InstanceIndex);
    half_number = 0.5 * gl_VertexIndex;
    mixed = gl_VertexIndex * 2654435761u ^ gl_InstanceIndex;
}
