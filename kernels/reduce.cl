/* SPDX-License-Identifier: MIT
 * Sum of n numbers: a tree in LDS per workgroup of 256, one partial sum each; the caller adds the
 * partial sums. Any 1D grid of workgroups of 256. */
#include "gpu.h"

#define GROUP 256

kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
reduce(global const float *in, global float *partial, uint n)
{
    local float sums[GROUP];
    uint lane = gpu_local_id();
    float sum = 0.0f;

    for (uint i = gpu_global_id(); i < n; i += gpu_grid_size())
        sum += in[i];
    sums[lane] = sum;
    for (uint half_size = GROUP / 2; half_size > 0; half_size /= 2) {
        gpu_barrier();
        if (lane < half_size)
            sums[lane] += sums[lane + half_size];
    }
    if (lane == 0)
        partial[gpu_group_id()] = sums[0];
}
