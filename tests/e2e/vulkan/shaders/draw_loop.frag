#version 450
/* SPDX-License-Identifier: MIT */
layout(location = 0) in vec4 shade;
layout(location = 0) out vec4 target;
void main()
{
    float x = shade.x;
    while (x < 2)
        x = fract(x + 0.1);
    target = vec4(x);
}
