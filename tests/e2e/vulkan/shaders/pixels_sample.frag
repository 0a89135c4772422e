#version 450
/* SPDX-License-Identifier: MIT */
#extension GL_GOOGLE_include_directive : require
#include "pixels.glsl"
layout(location = 0) sample in vec4 value;
#include "pixels_body.glsl"
void main()
{
    note(gl_SampleID);
}
