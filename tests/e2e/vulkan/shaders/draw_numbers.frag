#version 450
/* SPDX-License-Identifier: MIT */
layout(location = 1) flat in uvec4 numbers;
layout(location = 0) out uvec4 target;
void main()
{
    target = numbers;
}
