#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER usampler3D
#define AT(x, y, z) ivec3(x, y, z)
#include "level_fetch.glsl"
