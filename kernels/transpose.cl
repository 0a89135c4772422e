/* SPDX-License-Identifier: MIT
 * out = transposed in; rows x columns floats. Tiles of 16 x 16 pass through LDS, padded by one
 * column against bank conflicts. Workgroups of 16 x 16, one per tile. */
#include "gpu.h"

#define TILE 16

kernel __attribute__((reqd_work_group_size(TILE, TILE, 1))) void
transpose(global const float *in, global float *out, uint rows, uint columns)
{
    local float tile[TILE][TILE + 1];
    uint x = gpu_local_id(), y = gpu_local_id_y();
    uint column = gpu_group_id() * TILE + x, row = gpu_group_id_y() * TILE + y;

    if (row < rows && column < columns)
        tile[y][x] = in[row * columns + column];
    gpu_barrier();
    row = gpu_group_id() * TILE + y;
    column = gpu_group_id_y() * TILE + x;
    if (row < columns && column < rows)
        out[row * rows + column] = tile[x][y];
}
