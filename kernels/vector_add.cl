/* SPDX-License-Identifier: MIT
 * c[i] = a[i] + b[i]. Any 1D grid of at least n work items. */
#include "gpu.h"

kernel void vector_add(global const float *a, global const float *b, global float *c, uint n)
{
    uint i = gpu_global_id();

    if (i < n)
        c[i] = a[i] + b[i];
}
