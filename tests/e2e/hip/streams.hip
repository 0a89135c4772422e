/* SPDX-License-Identifier: MIT
 * Asynchronous copies and kernels on several streams, ordered by events; and event times. */
#include "check.h"

#include <vector>

__global__ void scale(const float *in, float *out, int n, float factor)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        out[i] = in[i] * factor + 1.0f;
}

static void copies_on_streams()
{
    const int streams = 4, n = 1 << 18;
    hipStream_t stream[streams];
    float *host_in, *host_out, *in[streams], *out[streams];

    HIP_OK(hipHostMalloc(&host_in, sizeof(float) * n * streams));
    HIP_OK(hipHostMalloc(&host_out, sizeof(float) * n * streams));
    for (int i = 0; i < n * streams; i++)
        host_in[i] = (float)(i % 1021) * 0.25f;
    for (int s = 0; s < streams; s++) {
        HIP_OK(hipStreamCreate(&stream[s]));
        HIP_OK(hipMalloc(&in[s], sizeof(float) * n));
        HIP_OK(hipMalloc(&out[s], sizeof(float) * n));
    }
    for (int round = 0; round < 3; round++) {
        for (int s = 0; s < streams; s++) {
            HIP_OK(hipMemcpyAsync(in[s], host_in + s * n, sizeof(float) * n, hipMemcpyHostToDevice,
                                  stream[s]));
            scale<<<64, 256, 0, stream[s]>>>(in[s], out[s], n, (float)(s + 1));
            HIP_OK(hipMemcpyAsync(host_out + s * n, out[s], sizeof(float) * n,
                                  hipMemcpyDeviceToHost, stream[s]));
        }
        HIP_OK(hipDeviceSynchronize());
        for (int i = 0; i < n * streams; i++) {
            float want = host_in[i] * (float)(i / n + 1) + 1.0f;
            EXPECT(host_out[i] == want, "element %d: %g, want %g", i, host_out[i], want);
        }
    }
    for (int s = 0; s < streams; s++) {
        HIP_OK(hipFree(in[s]));
        HIP_OK(hipFree(out[s]));
        HIP_OK(hipStreamDestroy(stream[s]));
    }
    HIP_OK(hipHostFree(host_in));
    HIP_OK(hipHostFree(host_out));
}

__global__ void set_to(int *p, int n, int value)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        p[i] = value;
}

__global__ void add_to(int *p, int n, int value)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        p[i] += value;
}

static void order_between_streams()
{
    const int n = 4096;
    hipStream_t first, second;
    hipEvent_t done;
    std::vector<int> host(n);
    int *p;

    HIP_OK(hipStreamCreateWithFlags(&first, hipStreamNonBlocking));
    HIP_OK(hipStreamCreateWithFlags(&second, hipStreamNonBlocking));
    HIP_OK(hipEventCreate(&done));
    HIP_OK(hipMalloc(&p, sizeof(int) * n));
    for (int round = 0; round < 20; round++) {
        set_to<<<1, 256, 0, first>>>(p, n, round);
        HIP_OK(hipEventRecord(done, first));
        HIP_OK(hipStreamWaitEvent(second, done, 0));
        add_to<<<1, 256, 0, second>>>(p, n, 1000);
        HIP_OK(hipStreamSynchronize(second));
        HIP_OK(hipMemcpy(host.data(), p, sizeof(int) * n, hipMemcpyDeviceToHost));
        for (int i = 0; i < n; i++)
            EXPECT(host[i] == round + 1000, "round %d, element %d: %d", round, i, host[i]);
    }
    HIP_OK(hipEventDestroy(done));
    HIP_OK(hipFree(p));
    HIP_OK(hipStreamDestroy(first));
    HIP_OK(hipStreamDestroy(second));
}

__global__ void spin(long long *sink, int rounds)
{
    long long x = threadIdx.x;

    for (int i = 0; i < rounds; i++)
        x = x * 6364136223846793005LL + 1442695040888963407LL;
    *sink = x;
}

static void event_times()
{
    hipEvent_t begin, middle, end;
    long long *sink;
    float shorter, longer, all;

    HIP_OK(hipMalloc(&sink, sizeof *sink));
    HIP_OK(hipEventCreate(&begin));
    HIP_OK(hipEventCreate(&middle));
    HIP_OK(hipEventCreate(&end));
    spin<<<1, 32>>>(sink, 10);
    HIP_OK(hipDeviceSynchronize());
    HIP_OK(hipEventRecord(begin, 0));
    spin<<<1, 32>>>(sink, 1000);
    HIP_OK(hipEventRecord(middle, 0));
    spin<<<1, 32>>>(sink, 400000);
    HIP_OK(hipEventRecord(end, 0));
    HIP_OK(hipEventSynchronize(end));
    HIP_OK(hipEventElapsedTime(&shorter, begin, middle));
    HIP_OK(hipEventElapsedTime(&longer, middle, end));
    HIP_OK(hipEventElapsedTime(&all, begin, end));
    EXPECT(shorter >= 0 && longer > 0, "%g ms, %g ms", shorter, longer);
    EXPECT(longer > shorter, "400 times the work took %g ms, once took %g ms", longer, shorter);
    EXPECT(all >= longer && all < 1.01f * (shorter + longer) + 0.01f, "%g != %g + %g", all, shorter,
           longer);
    HIP_OK(hipFree(sink));
}

int main()
{
    copies_on_streams();
    order_between_streams();
    event_times();
    puts("streams, events, times: ok");
    return 0;
}
