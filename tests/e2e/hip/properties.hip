/* SPDX-License-Identifier: MIT
 * What the runtime says of the device; a real RX 6800-class card gives the same. The number of
 * devices that must be visible is the argument (default 1). */
#include "check.h"

#include <cstring>

int main(int argc, char **argv)
{
    int want = argc > 1 ? atoi(argv[1]) : 1, count = 0;
    hipError_t error = hipGetDeviceCount(&count);

    EXPECT(error == hipSuccess || (want == 0 && error == hipErrorNoDevice), "%s",
           hipGetErrorString(error));
    EXPECT(count == want, "%d devices, want %d", count, want);
    for (int device = 0; device < count; device++) {
        hipDeviceProp_t prop;
        size_t free_bytes, total_bytes;
        HIP_OK(hipGetDeviceProperties(&prop, device));
        HIP_OK(hipSetDevice(device));
        HIP_OK(hipMemGetInfo(&free_bytes, &total_bytes));
        printf("%d: %s, %s, %d CUs, %zu MiB, %d MHz\n", device, prop.name, prop.gcnArchName,
               prop.multiProcessorCount, prop.totalGlobalMem >> 20, prop.clockRate / 1000);
        EXPECT(strncmp(prop.gcnArchName, "gfx1030", 7) == 0, "%s", prop.gcnArchName);
        EXPECT(prop.warpSize == 32, "warp size %d", prop.warpSize);
        EXPECT(prop.maxThreadsPerBlock == 1024, "%d", prop.maxThreadsPerBlock);
        EXPECT(prop.sharedMemPerBlock == 65536, "%zu", prop.sharedMemPerBlock);
        EXPECT(prop.multiProcessorCount >= 10 && prop.multiProcessorCount <= 80, "%d",
               prop.multiProcessorCount);
        EXPECT(prop.clockRate > 500000, "%d kHz", prop.clockRate);
        EXPECT(prop.pciBusID > 0, "PCI bus %d", prop.pciBusID);
        EXPECT(free_bytes <= total_bytes && free_bytes > total_bytes / 2, "%zu of %zu bytes free",
               free_bytes, total_bytes);
    }
    return 0;
}
