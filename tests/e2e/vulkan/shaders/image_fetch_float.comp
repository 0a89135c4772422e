#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER sampler2D
#define VECTOR  vec4
#include "image_fetch.glsl"
