/* SPDX-License-Identifier: MIT
 * printf on the device: the lines themselves are compared by the test's driver. */
#include "check.h"

__global__ void speak(const char *word, double number)
{
    printf("lane %d of block %d says %s %.3f %c %lld\n", (int)threadIdx.x, (int)blockIdx.x, word,
           number * threadIdx.x, 'a' + (int)threadIdx.x, -5000000000LL);
}

__global__ void many()
{
    if (threadIdx.x % 16 == 0)
        printf("warp %d\n", (int)(threadIdx.x / 16 + blockIdx.x * 16));
}

int main()
{
    char *word;

    HIP_OK(hipMallocManaged(&word, 16));
    snprintf(word, 16, "hello");
    speak<<<2, 3>>>(word, 0.5);
    HIP_OK(hipDeviceSynchronize());
    many<<<8, 256>>>();
    HIP_OK(hipDeviceSynchronize());
    HIP_OK(hipFree(word));
    return 0;
}
