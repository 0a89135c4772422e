#version 450
/* SPDX-License-Identifier: MIT */
layout(triangles) in;
layout(location = 0) out vec4 shade;
void main()
{
    gl_Position = gl_TessCoord.x * gl_in[0].gl_Position + gl_TessCoord.y * gl_in[1].gl_Position +
                  gl_TessCoord.z * gl_in[2].gl_Position;
    shade = vec4(gl_TessCoord, 1);
}
