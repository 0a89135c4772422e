/* SPDX-License-Identifier: MIT
 * One step of the wave equation on a width x height grid of floats: `next`, which holds the step
 * before `now`, becomes the step after it. A column on the left swings; a wall with two slits
 * stands at a third of the width; waves die out near the edges. Any 1D grid. */
#include "gpu.h"

#define COUPLING 0.24f /* (c dt / dx)^2, below 1/2 for two dimensions */
#define SPONGE   24    /* cells at the edges that swallow waves */

/* 1 in the open, 0 in the wall. */
static float waves_open(uint x, uint y, uint width, uint height)
{
    uint slit = height / 24, low = height * 5 / 12, high = height * 7 / 12;
    bool wall = x >= width / 3 && x < width / 3 + 4;
    bool gap = (y > low - slit && y < low + slit) || (y > high - slit && y < high + slit);

    return wall && !gap ? 0.0f : 1.0f;
}

static float waves_damping(uint x, uint y, uint width, uint height)
{
    uint across = x < width - 1 - x ? x : width - 1 - x;
    uint down = y < height - 1 - y ? y : height - 1 - y;
    uint edge = across < down ? across : down;

    return edge < SPONGE ? 0.90f + 0.0975f * (float)edge / SPONGE : 0.9995f;
}

kernel void waves(global const float *now, global float *next, uint width, uint height,
                  float source)
{
    for (uint i = gpu_global_id(); i < width * height; i += gpu_grid_size()) {
        uint x = i % width, y = i / width;
        float here = now[i], left = x > 0 ? now[i - 1] : 0.0f;
        float right = x + 1 < width ? now[i + 1] : 0.0f, up = y > 0 ? now[i - width] : 0.0f;
        float under = y + 1 < height ? now[i + width] : 0.0f;
        float moved = 2.0f * here - next[i] +
                      COUPLING * (left + right + up + under - 4.0f * here);

        if (x == SPONGE && y >= SPONGE && y < height - SPONGE)
            moved = source;
        next[i] = moved * waves_damping(x, y, width, height) * waves_open(x, y, width, height);
    }
}
