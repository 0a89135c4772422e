#version 450
/* SPDX-License-Identifier: MIT
 * Subgroup operations and loops where some invocations have gone another way; floating point and
 * 64-bit reductions. */
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_ARB_gpu_shader_int64 : require
#extension GL_EXT_shader_subgroup_extended_types_int64 : require

layout(local_size_x = 128) in;
layout(binding = 0) readonly buffer In { uint data[]; } source;
layout(binding = 1) writeonly buffer Out { uint data[]; } result;

void main()
{
    uint i = gl_GlobalInvocationID.x, value = source.data[i], sum = 0, steps = 0, turns = 0;
    uint64_t wide = 0;
    float lowest = 0;

    if ((value & 2) != 0) {
        sum = subgroupAdd(value);
        wide = subgroupAdd(uint64_t(value) << 20);
    } else {
        lowest = subgroupMin(float(value & 0xffff) - 1000.0);
    }
    for (uint n = value & 1023; n != 1 && steps < 100; steps++)
        n = (n & 1) != 0 ? 3 * n + 1 : n >> 1;
    for (;;) { /* a turn for each distinct number */
        uint first = subgroupBroadcastFirst(value & 7);

        turns++;
        if (first == (value & 7))
            break;
    }
    result.data[i * 6 + 0] = sum;
    result.data[i * 6 + 1] = uint(wide);
    result.data[i * 6 + 2] = uint(wide >> 32);
    result.data[i * 6 + 3] = floatBitsToUint(lowest);
    result.data[i * 6 + 4] = steps;
    result.data[i * 6 + 5] = turns;
}
