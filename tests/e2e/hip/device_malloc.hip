/* SPDX-License-Identifier: MIT
 * malloc and free on the device, in several blocks at once. */
#include "check.h"

__global__ void build(int **slots, int count)
{
    int id = blockIdx.x * blockDim.x + threadIdx.x;
    int *memory = (int *)malloc(count * sizeof(int));

    slots[id] = memory;
    for (int i = 0; memory && i < count; i++)
        memory[i] = id * 1000 + i;
}

__global__ void collect(int **slots, int count, long long *sums)
{
    int id = blockIdx.x * blockDim.x + threadIdx.x;
    long long sum = 0;

    for (int i = 0; slots[id] && i < count; i++)
        sum += slots[id][i];
    sums[id] = sum;
    free(slots[id]);
}

int main()
{
    const int blocks = 4, threads = 64, count = 20;
    int **slots;
    long long *sums;
    long long host[blocks * threads];

    HIP_OK(hipMalloc(&slots, sizeof(int *) * blocks * threads));
    HIP_OK(hipMalloc(&sums, sizeof host));
    for (int round = 0; round < 3; round++) {
        build<<<blocks, threads>>>(slots, count);
        collect<<<blocks, threads>>>(slots, count, sums);
        HIP_OK(hipMemcpy(host, sums, sizeof host, hipMemcpyDeviceToHost));
        for (int id = 0; id < blocks * threads; id++) {
            long long want = (long long)id * 1000 * count + count * (count - 1) / 2;
            EXPECT(host[id] == want, "thread %d: %lld, want %lld", id, host[id], want);
        }
    }
    HIP_OK(hipFree(slots));
    HIP_OK(hipFree(sums));
    puts("device malloc and free: ok");
    return 0;
}
