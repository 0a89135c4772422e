#version 450
/* SPDX-License-Identifier: MIT
 * Shared memory: a transposition through it, a histogram with atomics on it, a scan with barriers;
 * a workgroup of three dimensions. */
layout(local_size_x = 16, local_size_y = 8, local_size_z = 2) in;
layout(binding = 0) readonly buffer In { uint data[]; } source;
layout(binding = 1) writeonly buffer Out { uint data[]; } result;

const uint SIZE = 256;
shared uint tile[SIZE + 8];
shared uint bins[16];

uint scan(uint value, uint i)
{
    tile[i] = value;
    barrier();
    for (uint step = 1; step < SIZE; step <<= 1) {
        uint other = i >= step ? tile[i - step] : 0;

        barrier();
        tile[i] += other;
        barrier();
    }
    return tile[i];
}

void main()
{
    uint i = gl_LocalInvocationIndex;
    uint group = gl_WorkGroupID.x + gl_NumWorkGroups.x *
                 (gl_WorkGroupID.y + gl_NumWorkGroups.y * gl_WorkGroupID.z);
    uint value = source.data[group * SIZE + i];

    if (i < 16)
        bins[i] = 0;
    tile[(i & 15) * 16 + (i >> 4)] = value;
    barrier();
    uint transposed = tile[i];

    atomicAdd(bins[value & 15], 1 + (value >> 28));
    barrier();
    uint bin = bins[i & 15];
    uint sum = scan(value, i);

    result.data[(group * SIZE + i) * 4 + 0] = transposed;
    result.data[(group * SIZE + i) * 4 + 1] = bin;
    result.data[(group * SIZE + i) * 4 + 2] = sum;
    result.data[(group * SIZE + i) * 4 + 3] = gl_LocalInvocationID.x +
        100 * gl_LocalInvocationID.y + 10000 * gl_LocalInvocationID.z;
}
