#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER sampler2DArray
#define VECTOR vec4
#define AT(x, y, z) ivec3(x, y, z)
#include "level_fetch.glsl"
