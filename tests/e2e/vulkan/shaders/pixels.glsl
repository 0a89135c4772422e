/* SPDX-License-Identifier: MIT
 *
 * What pixels_vertex.vert and the fragment shaders of pixels.c share; laid out as there.
 */
#extension GL_EXT_buffer_reference : require

struct Vertex {
    vec4 position, value;
    float size, clip;
    uint number, unused;
};

struct Record {
    uint count, mask, front, number;
    vec4 coord, value;
    vec2 linear, center, gradient, point;
};

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Vertices { Vertex at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Records { Record at[]; };
layout(push_constant) uniform Push { Vertices vertices; Records records; };
