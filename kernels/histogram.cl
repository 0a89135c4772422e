/* SPDX-License-Identifier: MIT
 * Counts bytes: 256 bins in LDS per workgroup by LDS atomics, then added to the result by memory
 * atomics. Any 1D grid; `bins` is zeroed by the caller. */
#include "gpu.h"

#define BINS 256

kernel void histogram(global const uchar *data, volatile global uint *bins, uint n)
{
    local uint counts[BINS];

    for (uint bin = gpu_local_id(); bin < BINS; bin += gpu_local_size())
        counts[bin] = 0;
    gpu_barrier();
    for (uint i = gpu_global_id(); i < n; i += gpu_grid_size())
        gpu_atomic_add_local(&counts[data[i]], 1);
    gpu_barrier();
    for (uint bin = gpu_local_id(); bin < BINS; bin += gpu_local_size())
        if (counts[bin])
            gpu_atomic_add_global(&bins[bin], counts[bin]);
}
