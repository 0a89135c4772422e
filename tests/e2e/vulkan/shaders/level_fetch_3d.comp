#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER usampler3D
#define VECTOR uvec4
#define AT(x, y, z) ivec3(x, y, z)
#include "level_fetch.glsl"
