/* SPDX-License-Identifier: MIT
 * c = a * b, square matrices of n x n floats, row by row; n is a multiple of 16. Tiles of both
 * matrices pass through LDS. Workgroups of 16 x 16, one per tile of c. */
#include "gpu.h"

#define TILE 16

kernel __attribute__((reqd_work_group_size(TILE, TILE, 1))) void
matmul(global const float *a, global const float *b, global float *c, uint n)
{
    local float tile_a[TILE][TILE], tile_b[TILE][TILE];
    uint x = gpu_local_id(), y = gpu_local_id_y();
    uint column = gpu_group_id() * TILE + x, row = gpu_group_id_y() * TILE + y;
    float sum = 0.0f;

    for (uint k = 0; k < n; k += TILE) {
        tile_a[y][x] = a[row * n + k + x];
        tile_b[y][x] = b[(k + y) * n + column];
        gpu_barrier();
        for (uint i = 0; i < TILE; i++)
            sum = gpu_fma(tile_a[y][i], tile_b[i][x], sum);
        gpu_barrier();
    }
    c[row * n + column] = sum;
}
