#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER usampler2D
#define VECTOR  uvec4
#include "image_fetch.glsl"
