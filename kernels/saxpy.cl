/* SPDX-License-Identifier: MIT
 * y[i] = alpha * x[i] + y[i], striding over the grid: any 1D grid. */
#include "gpu.h"

kernel void saxpy(float alpha, global const float *x, global float *y, uint n)
{
    for (uint i = gpu_global_id(); i < n; i += gpu_grid_size())
        y[i] = gpu_fma(alpha, x[i], y[i]);
}
