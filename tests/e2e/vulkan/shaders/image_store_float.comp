#version 450
// SPDX-License-Identifier: MIT
#extension GL_GOOGLE_include_directive : require
#define IMAGE  image2D
#define VECTOR vec4
#include "image_store.glsl"
