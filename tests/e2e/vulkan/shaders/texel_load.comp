#version 450
/* SPDX-License-Identifier: MIT
 * Reads texels of whatever format; KIND says as what. Reads beyond the end give zero. */
#extension GL_EXT_samplerless_texture_functions : require
layout(local_size_x = 64) in;
layout(constant_id = 0) const uint KIND = 0;
layout(binding = 0) uniform textureBuffer floats;
layout(binding = 1) uniform itextureBuffer ints;
layout(binding = 2) uniform utextureBuffer uints;
layout(binding = 3) writeonly buffer Out { uvec4 at[]; } result;

void main()
{
    int i = int(gl_GlobalInvocationID.x);

    if (KIND == 0)
        result.at[i] = floatBitsToUint(texelFetch(floats, i));
    else if (KIND == 1)
        result.at[i] = uvec4(texelFetch(ints, i));
    else
        result.at[i] = texelFetch(uints, i);
}
