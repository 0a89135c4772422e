// SPDX-License-Identifier: MIT
// Every texel of an image into a buffer. SAMPLER and VECTOR are the image's types.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0) uniform SAMPLER image;
layout(binding = 1, std430) buffer Result { VECTOR value[]; } result;

void main()
{
    ivec2 size = textureSize(image, 0), at = ivec2(gl_GlobalInvocationID.xy);

    if (all(lessThan(at, size)))
        result.value[at.y * size.x + at.x] = texelFetch(image, at, 0);
}
