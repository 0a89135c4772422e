/* SPDX-License-Identifier: MIT
 * Escape counts of the Mandelbrot set for a width x height picture whose upper left pixel is at
 * (left, top) and whose pixels are `pixel` apart. Workgroups of 16 x 16. */
#include "gpu.h"

kernel __attribute__((reqd_work_group_size(16, 16, 1))) void
mandelbrot(global uint *counts, uint width, uint height, float left, float top, float pixel,
           uint limit)
{
    uint column = gpu_group_id() * 16 + gpu_local_id();
    uint row = gpu_group_id_y() * 16 + gpu_local_id_y();
    float cx = gpu_fma((float)column, pixel, left), cy = gpu_fma((float)row, -pixel, top);
    float x = 0.0f, y = 0.0f;
    uint count = 0;

    if (column >= width || row >= height)
        return;
    while (count < limit && gpu_fma(x, x, y * y) <= 4.0f) {
        float next = gpu_fma(x, x, gpu_fma(-y, y, cx));
        y = gpu_fma(2.0f * x, y, cy);
        x = next;
        count++;
    }
    counts[row * width + column] = count;
}
