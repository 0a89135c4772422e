#version 450
/* SPDX-License-Identifier: MIT */
#extension GL_ARB_shader_draw_parameters : require
layout(push_constant) uniform Push { vec2 scale; float depth; uint tag; };
layout(location = 0) in vec2 position; /* pixels */
layout(location = 1) in vec4 color;
layout(location = 2) in vec2 place; /* of an instance */
layout(location = 0) out vec4 shade;
layout(location = 1) flat out uvec4 numbers;
void main()
{
    gl_Position = vec4((position + place) * scale - 1, depth, 1);
    gl_PointSize = 1;
    shade = color;
    numbers = uvec4(tag, gl_VertexIndex, gl_InstanceIndex, gl_DrawIDARB);
}
