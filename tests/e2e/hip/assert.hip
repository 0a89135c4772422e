/* SPDX-License-Identifier: MIT
 * A failing device assert prints its place and ends the process with SIGABRT. */
#undef NDEBUG
#include "check.h"

#include <cassert>

__global__ void refuse(int limit)
{
    assert((int)threadIdx.x < limit);
}

int main()
{
    refuse<<<1, 64>>>(64);
    HIP_OK(hipDeviceSynchronize());
    puts("first kernel passed");
    fflush(stdout);
    refuse<<<1, 64>>>(7);
    (void)hipDeviceSynchronize();
    fprintf(stderr, "the second kernel's assert did not stop the program\n");
    return 1;
}
