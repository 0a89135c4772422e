#version 450
/* SPDX-License-Identifier: MIT
 * Reads and writes that lie in bounds for some invocations only. */
layout(local_size_x = 64) in;
layout(binding = 0) readonly buffer In { uvec4 at[]; } source;
layout(binding = 1) buffer Out { uint at[]; } result;
layout(binding = 2) uniform Few { uvec4 at[64]; } few;
layout(binding = 3) readonly buffer Null { uint at[]; } null;
layout(binding = 4) writeonly buffer Report { uvec4 at[]; } report;
layout(push_constant) uniform Push { uint first; } push;

void main()
{
    uint i = gl_GlobalInvocationID.x;
    uvec4 value = source.at[push.first + i];

    result.at[i * 3] = i + 1;
    if ((i & 3) == 0)
        atomicAdd(result.at[i * 3], 0x100);
    report.at[i * 2] = value;
    report.at[i * 2 + 1] = uvec4(few.at[i & 63].y, null.at[i], source.at.length(), null.at.length());
}
