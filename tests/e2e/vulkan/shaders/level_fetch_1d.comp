#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER usampler1DArray
#define VECTOR uvec4
#define AT(x, y, z) ivec2(x, z)
#include "level_fetch.glsl"
