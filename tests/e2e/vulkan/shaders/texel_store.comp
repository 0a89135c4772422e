#version 450
/* SPDX-License-Identifier: MIT
 * Writes texels of whatever format from floats or integers. */
#extension GL_EXT_shader_image_load_formatted : require
layout(local_size_x = 64) in;
layout(constant_id = 0) const uint KIND = 0;
layout(binding = 0) writeonly uniform imageBuffer floats;
layout(binding = 1) writeonly uniform iimageBuffer ints;
layout(binding = 2) writeonly uniform uimageBuffer uints;
layout(binding = 3) readonly buffer In { uvec4 at[]; } source;

void main()
{
    int i = int(gl_GlobalInvocationID.x);

    if (KIND == 0)
        imageStore(floats, i, uintBitsToFloat(source.at[i]));
    else if (KIND == 1)
        imageStore(ints, i, ivec4(source.at[i]));
    else
        imageStore(uints, i, source.at[i]);
}
