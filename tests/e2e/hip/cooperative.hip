/* SPDX-License-Identifier: MIT
 * A cooperative launch as large as the device takes at once: every block passes several grid-wide
 * barriers, so all of them must be resident together. */
#include "check.h"

#include <hip/hip_cooperative_groups.h>

namespace cg = cooperative_groups;

__global__ void rounds(int *counters, int *bad, int count)
{
    cg::grid_group grid = cg::this_grid();

    for (int round = 0; round < count; round++) {
        if (threadIdx.x == 0)
            atomicAdd(&counters[round], 1);
        grid.sync();
        if (threadIdx.x == 0 && __atomic_load_n(&counters[round], __ATOMIC_RELAXED) != (int)gridDim.x)
            atomicAdd(bad, 1);
        grid.sync();
    }
}

int main()
{
    hipDeviceProp_t prop;
    int per_cu, blocks, count = 4, bad = 0, supported;
    int *counters, *device_bad;

    HIP_OK(hipDeviceGetAttribute(&supported, hipDeviceAttributeCooperativeLaunch, 0));
    EXPECT(supported, "the device says it has no cooperative launch");
    HIP_OK(hipGetDeviceProperties(&prop, 0));
    HIP_OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&per_cu, rounds, 128, 0));
    blocks = per_cu * prop.multiProcessorCount;
    if (blocks > 320)
        blocks = 320;
    HIP_OK(hipMalloc(&counters, sizeof(int) * count));
    HIP_OK(hipMalloc(&device_bad, sizeof(int)));
    HIP_OK(hipMemset(counters, 0, sizeof(int) * count));
    HIP_OK(hipMemset(device_bad, 0, sizeof(int)));
    void *args[] = {&counters, &device_bad, &count};
    HIP_OK(hipLaunchCooperativeKernel((const void *)rounds, dim3(blocks), dim3(128), args, 0, 0));
    HIP_OK(hipDeviceSynchronize());
    HIP_OK(hipMemcpy(&bad, device_bad, sizeof bad, hipMemcpyDeviceToHost));
    EXPECT(bad == 0, "%d blocks went on before all had arrived", bad);
    printf("cooperative launch of %d blocks: ok\n", blocks);
    return 0;
}
