/* SPDX-License-Identifier: MIT
 * Operations across lanes, shared memory of both kinds, divergence, recursion, function pointers,
 * local arrays. */
#include "check.h"

#include <vector>

__global__ void lanes(int *out)
{
    int lane = threadIdx.x % warpSize, value = lane * lane + 1;
    int *row = out + threadIdx.x * 8;

    row[0] = __shfl(value, 5);
    row[1] = __shfl_up(value, 3);
    row[2] = __shfl_down(value, 7);
    row[3] = __shfl_xor(value, 9);
    row[4] = (int)__ballot(lane % 3 == 0);
    row[5] = __any(lane == 17);
    row[6] = __all(lane < 31);
    row[7] = __popcll(__ballot(1)) * 100 + __ffs(value);
}

static void check_lanes()
{
    const int n = 64;
    std::vector<int> host(n * 8);
    int *out;

    HIP_OK(hipMalloc(&out, host.size() * sizeof(int)));
    lanes<<<1, n>>>(out);
    HIP_OK(hipMemcpy(host.data(), out, host.size() * sizeof(int), hipMemcpyDeviceToHost));
    for (int t = 0; t < n; t++) {
        int lane = t % 32;
        auto value = [](int l) { return l * l + 1; };
        unsigned thirds = 0;
        for (int l = 0; l < 32; l += 3)
            thirds |= 1u << l;
        const int want[8] = {value(5),
                             value(lane >= 3 ? lane - 3 : lane),
                             value(lane + 7 < 32 ? lane + 7 : lane),
                             value(lane ^ 9),
                             (int)thirds,
                             1,
                             0,
                             3200 + __builtin_ffs(value(lane))};
        for (int i = 0; i < 8; i++)
            EXPECT(host[t * 8 + i] == want[i], "thread %d, operation %d: %d, want %d", t, i,
                   host[t * 8 + i], want[i]);
    }
    HIP_OK(hipFree(out));
}

__global__ void reverse(const int *in, int *out, int n)
{
    extern __shared__ int tile[];
    __shared__ int sum;

    if (threadIdx.x == 0)
        sum = 0;
    tile[threadIdx.x] = in[blockIdx.x * n + threadIdx.x];
    __syncthreads();
    atomicAdd(&sum, tile[threadIdx.x]);
    __syncthreads();
    out[blockIdx.x * n + threadIdx.x] = tile[n - 1 - threadIdx.x] + sum;
}

static void check_shared()
{
    const int n = 1024, blocks = 5;
    std::vector<int> in(n * blocks), out(n * blocks);
    int *device_in, *device_out;

    for (int i = 0; i < n * blocks; i++)
        in[i] = i % 77;
    HIP_OK(hipMalloc(&device_in, in.size() * sizeof(int)));
    HIP_OK(hipMalloc(&device_out, in.size() * sizeof(int)));
    HIP_OK(hipMemcpy(device_in, in.data(), in.size() * sizeof(int), hipMemcpyHostToDevice));
    reverse<<<blocks, n, n * sizeof(int)>>>(device_in, device_out, n);
    HIP_OK(hipMemcpy(out.data(), device_out, in.size() * sizeof(int), hipMemcpyDeviceToHost));
    for (int b = 0; b < blocks; b++) {
        int sum = 0;
        for (int i = 0; i < n; i++)
            sum += in[b * n + i];
        for (int i = 0; i < n; i++)
            EXPECT(out[b * n + i] == in[b * n + n - 1 - i] + sum, "block %d, element %d", b, i);
    }
    HIP_OK(hipFree(device_in));
    HIP_OK(hipFree(device_out));
}

__device__ __noinline__ int fibonacci(int n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

typedef int (*operation)(int, int);
__device__ __noinline__ int op_add(int a, int b)
{
    return a + b;
}
__device__ __noinline__ int op_mul(int a, int b)
{
    return a * b;
}
__device__ operation operations[2] = {op_add, op_mul};

__global__ void calls(int *out, int rotate)
{
    int local[40];
    int id = threadIdx.x;

    for (int i = 0; i < 40; i++)
        local[(i * 7 + rotate) % 40] = i * id;
    int sum = 0;
    for (int i = 0; i < 40; i++)
        sum += local[(i + id) % 40] * (i + 1);
    out[id * 3] = fibonacci(id % 13);
    out[id * 3 + 1] = operations[id & 1](id, 3);
    out[id * 3 + 2] = sum;
}

static void check_calls()
{
    const int n = 96, rotate = 11;
    int *out, host[n * 3];
    int fib[13] = {0, 1};

    for (int i = 2; i < 13; i++)
        fib[i] = fib[i - 1] + fib[i - 2];
    HIP_OK(hipMalloc(&out, sizeof host));
    calls<<<1, n>>>(out, rotate);
    HIP_OK(hipMemcpy(host, out, sizeof host, hipMemcpyDeviceToHost));
    for (int id = 0; id < n; id++) {
        int local[40], sum = 0;
        for (int i = 0; i < 40; i++)
            local[(i * 7 + rotate) % 40] = i * id;
        for (int i = 0; i < 40; i++)
            sum += local[(i + id) % 40] * (i + 1);
        EXPECT(host[id * 3] == fib[id % 13], "fibonacci, thread %d: %d", id, host[id * 3]);
        EXPECT(host[id * 3 + 1] == (id & 1 ? id * 3 : id + 3), "pointer, thread %d: %d", id,
               host[id * 3 + 1]);
        EXPECT(host[id * 3 + 2] == sum, "local array, thread %d: %d", id, host[id * 3 + 2]);
    }
    HIP_OK(hipFree(out));
}

__global__ void collatz(const unsigned *in, unsigned *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i >= n)
        return;
    unsigned steps = 0;
    for (unsigned long long x = in[i]; x != 1; steps++)
        x = x % 2 ? 3 * x + 1 : x / 2;
    out[i] = steps;
}

static void check_divergence()
{
    const int n = 5000;
    std::vector<unsigned> in(n), out(n);
    unsigned *device_in, *device_out;

    for (int i = 0; i < n; i++)
        in[i] = i * 7919u + 1;
    HIP_OK(hipMalloc(&device_in, n * 4));
    HIP_OK(hipMalloc(&device_out, n * 4));
    HIP_OK(hipMemcpy(device_in, in.data(), n * 4, hipMemcpyHostToDevice));
    collatz<<<(n + 127) / 128, 128>>>(device_in, device_out, n);
    HIP_OK(hipMemcpy(out.data(), device_out, n * 4, hipMemcpyDeviceToHost));
    for (int i = 0; i < n; i++) {
        unsigned steps = 0;
        for (unsigned long long x = in[i]; x != 1; steps++)
            x = x % 2 ? 3 * x + 1 : x / 2;
        EXPECT(out[i] == steps, "element %d: %u, want %u", i, out[i], steps);
    }
    HIP_OK(hipFree(device_in));
    HIP_OK(hipFree(device_out));
}

int main()
{
    check_lanes();
    check_shared();
    check_calls();
    check_divergence();
    puts("lanes, shared memory, calls, divergence: ok");
    return 0;
}
