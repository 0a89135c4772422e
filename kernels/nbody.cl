/* SPDX-License-Identifier: MIT
 * One time step of n bodies under gravity, all pairs. A position is x, y, z, mass; tiles of 256
 * pass through LDS. n is a multiple of 256; workgroups of 256, one work item a body. */
#include "gpu.h"

#define GROUP 256

kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
nbody(global const float4 *position, global float4 *velocity, global float4 *next_position, uint n,
      float step, float softening)
{
    local float4 tile[GROUP];
    uint i = gpu_global_id();
    float4 p = position[i], v = velocity[i];
    float ax = 0.0f, ay = 0.0f, az = 0.0f;

    for (uint first = 0; first < n; first += GROUP) {
        tile[gpu_local_id()] = position[first + gpu_local_id()];
        gpu_barrier();
        for (uint j = 0; j < GROUP; j++) {
            float dx = tile[j].x - p.x, dy = tile[j].y - p.y, dz = tile[j].z - p.z;
            float square = gpu_fma(dx, dx, gpu_fma(dy, dy, gpu_fma(dz, dz, softening)));
            float inverse = gpu_rsqrt(square);
            float pull = tile[j].w * inverse * inverse * inverse;
            ax = gpu_fma(dx, pull, ax);
            ay = gpu_fma(dy, pull, ay);
            az = gpu_fma(dz, pull, az);
        }
        gpu_barrier();
    }
    v.x = gpu_fma(ax, step, v.x);
    v.y = gpu_fma(ay, step, v.y);
    v.z = gpu_fma(az, step, v.z);
    p.x = gpu_fma(v.x, step, p.x);
    p.y = gpu_fma(v.y, step, p.y);
    p.z = gpu_fma(v.z, step, p.z);
    velocity[i] = v;
    next_position[i] = p;
}
