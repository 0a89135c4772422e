/* SPDX-License-Identifier: MIT
 * The smallest HIP program with something to see:
 *
 *     hipcc --offload-arch=gfx1030 hello.hip -o hello
 *     rocweld run -- ./hello
 */
#include <hip/hip_runtime.h>

#include <cstdio>

__global__ void greet(int *answers)
{
    printf("hello from lane %d of block %d\n", (int)threadIdx.x, (int)blockIdx.x);
    answers[blockIdx.x * blockDim.x + threadIdx.x] = 6 * 7;
}

int main()
{
    hipDeviceProp_t device;
    int *answers, first;

    if (hipGetDeviceProperties(&device, 0) != hipSuccess) {
        fprintf(stderr, "no GPU; try: rocweld run -- ./hello\n");
        return 1;
    }
    printf("%s (%s)\n", device.name, device.gcnArchName);
    if (hipMalloc(&answers, 8 * sizeof *answers) != hipSuccess)
        return 1;
    greet<<<2, 4>>>(answers);
    if (hipMemcpy(&first, answers, sizeof first, hipMemcpyDeviceToHost) != hipSuccess)
        return 1;
    printf("hello: the answer is %d\n", first);
    return hipFree(answers) == hipSuccess && first == 42 ? 0 : 1;
}
