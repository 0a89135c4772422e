#version 450
/* SPDX-License-Identifier: MIT */
layout(location = 0) out uvec4 target;
void main()
{
    target = uvec4(gl_PrimitiveID, 0, 0, 0);
}
