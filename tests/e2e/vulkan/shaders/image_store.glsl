// SPDX-License-Identifier: MIT
// A buffer into every texel of an image, whatever its format. IMAGE and VECTOR are its types.
layout(local_size_x = 8, local_size_y = 8) in;
layout(binding = 0, std430) readonly buffer Source { VECTOR value[]; } source;
layout(binding = 1) writeonly uniform IMAGE image;

void main()
{
    ivec2 size = imageSize(image), at = ivec2(gl_GlobalInvocationID.xy);

    if (all(lessThan(at, size)))
        imageStore(image, at, source.value[at.y * size.x + at.x]);
}
