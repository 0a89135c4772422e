#version 450
/* SPDX-License-Identifier: MIT */
layout(location = 0) in vec4 shade;
layout(location = 0, index = 0) out vec4 first;
layout(location = 0, index = 1) out vec4 second;
void main()
{
    first = shade;
    second = shade.wxyz;
}
