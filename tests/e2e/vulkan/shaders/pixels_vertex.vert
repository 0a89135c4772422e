#version 450
/* SPDX-License-Identifier: MIT */
#extension GL_GOOGLE_include_directive : require
#include "pixels.glsl"
layout(location = 0) out vec4 value;
layout(location = 1) noperspective out vec2 linear;
layout(location = 2) centroid out vec2 center;
layout(location = 3) flat out uint number;
out gl_PerVertex { vec4 gl_Position; float gl_PointSize; float gl_ClipDistance[1]; };
void main()
{
    Vertex v = vertices.at[gl_VertexIndex];
    gl_Position = v.position;
    gl_PointSize = v.size;
    gl_ClipDistance[0] = v.clip;
    value = v.value;
    linear = v.value.xy;
    center = v.value.xy;
    number = v.number;
}
