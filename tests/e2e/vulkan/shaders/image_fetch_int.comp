#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define SAMPLER isampler2D
#define VECTOR  ivec4
#include "image_fetch.glsl"
