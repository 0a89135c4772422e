#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define IMAGE  uimage2D
#define VECTOR uvec4
#include "image_store.glsl"
