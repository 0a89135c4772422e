// SPDX-License-Identifier: MIT
// Every texel of a level, and of all its layers or slices, into a buffer. SAMPLER is the image's
// type, AT(x, y, z) makes coordinates of it, VECTOR is what it holds.
layout(local_size_x = 64) in;
layout(binding = 0) uniform SAMPLER image;
layout(binding = 1, std430) buffer Result { VECTOR value[]; } result;
layout(push_constant) uniform Push { uint level, width, height, count; } push;

void main()
{
    uint i = gl_GlobalInvocationID.x;
    int x = int(i % push.width), y = int(i / push.width % push.height);
    int z = int(i / push.width / push.height);

    if (i < push.count)
        result.value[i] = texelFetch(image, AT(x, y, z), int(push.level));
}
