#version 450
/* SPDX-License-Identifier: MIT */
layout(location = 0) flat out uvec2 number;
void main()
{
    gl_Position = vec4(0, 0, 0, 1);
    number = uvec2(gl_VertexIndex, gl_InstanceIndex);
}
