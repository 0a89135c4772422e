#version 450
// SPDX-License-Identifier: MIT
// Each invocation counts in the texel that its number falls to.
layout(local_size_x = 64) in;
layout(binding = 0, r32ui) uniform uimage2D image;

void main()
{
    uint i = gl_GlobalInvocationID.x;
    ivec2 size = imageSize(image);

    imageAtomicAdd(image, ivec2(i % size.x, i / size.x % size.y), i);
}
