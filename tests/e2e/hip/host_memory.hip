/* SPDX-License-Identifier: MIT
 * Memory that host and device share: hipHostMalloc, hipHostRegister, managed memory; hipMemset and
 * the pitched copies. */
#include "check.h"

#include <cstring>
#include <vector>

__global__ void increment(int *p, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n)
        p[i] += i;
}

static void check_incremented(const int *p, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        EXPECT(p[i] == 7 + i, "%s, element %d: %d", what, i, p[i]);
}

static void host_malloc()
{
    const int n = 10000;
    const unsigned flags[] = {hipHostMallocDefault, hipHostMallocMapped,
                              hipHostMallocNonCoherent | hipHostMallocMapped};

    for (unsigned flag : flags) {
        int *p, *device;
        HIP_OK(hipHostMalloc(&p, n * sizeof *p, flag));
        for (int i = 0; i < n; i++)
            p[i] = 7;
        HIP_OK(hipHostGetDevicePointer((void **)&device, p, 0));
        increment<<<(n + 255) / 256, 256>>>(device, n);
        HIP_OK(hipDeviceSynchronize());
        check_incremented(p, n, "hipHostMalloc");
        HIP_OK(hipHostFree(p));
    }
}

static void host_register()
{
    const int n = 10000;

    for (int round = 0; round < 5; round++) {
        std::vector<int> memory(n, 7);
        int *device;
        HIP_OK(hipHostRegister(memory.data(), n * sizeof(int), hipHostRegisterDefault));
        HIP_OK(hipHostGetDevicePointer((void **)&device, memory.data(), 0));
        increment<<<(n + 255) / 256, 256>>>(device, n);
        HIP_OK(hipDeviceSynchronize());
        check_incremented(memory.data(), n, "hipHostRegister");
        HIP_OK(hipHostUnregister(memory.data()));
    }
}

static void managed()
{
    const int n = 10000;
    int *p;

    HIP_OK(hipMallocManaged(&p, n * sizeof *p));
    for (int i = 0; i < n; i++)
        p[i] = 7;
    increment<<<(n + 255) / 256, 256>>>(p, n);
    HIP_OK(hipDeviceSynchronize());
    check_incremented(p, n, "hipMallocManaged");
    HIP_OK(hipFree(p));
}

static void memset_sizes()
{
    const size_t sizes[] = {1, 3, 4, 63, 64, 4095, 4097, 1000003};
    unsigned char *p;
    std::vector<unsigned char> host(1000100);

    HIP_OK(hipMalloc(&p, host.size()));
    for (size_t size : sizes)
        for (size_t offset : {(size_t)0, (size_t)1, (size_t)6}) {
            /* HIP 5.2.3 miscounts a fill that ends before the next 8-byte boundary (it takes the
             * distance to it for the size of the head) and fills all there is. */
            if (offset != 0 && offset + size < 8)
                continue;
            HIP_OK(hipMemset(p, 0x11, host.size()));
            HIP_OK(hipMemset(p + offset, 0xa5, size));
            HIP_OK(hipMemcpy(host.data(), p, host.size(), hipMemcpyDeviceToHost));
            for (size_t i = 0; i < host.size(); i++) {
                unsigned char want = i >= offset && i < offset + size ? 0xa5 : 0x11;
                EXPECT(host[i] == want, "memset of %zu at %zu: byte %zu is %#x", size, offset, i,
                       host[i]);
            }
        }
    HIP_OK(hipMemsetD32((hipDeviceptr_t)p, 0x12345678, 1000));
    HIP_OK(hipMemcpy(host.data(), p, 4000, hipMemcpyDeviceToHost));
    for (int i = 0; i < 1000; i++) {
        unsigned value;
        memcpy(&value, host.data() + 4 * i, 4);
        EXPECT(value == 0x12345678, "hipMemsetD32, word %d: %#x", i, value);
    }
    HIP_OK(hipFree(p));
}

static void copies_2d()
{
    const int width = 300, height = 50; /* bytes, rows */
    unsigned char *p;
    size_t pitch;
    std::vector<unsigned char> in(width * height), out(width * height + 1);

    for (size_t i = 0; i < in.size(); i++)
        in[i] = (unsigned char)(i * 31);
    HIP_OK(hipMallocPitch((void **)&p, &pitch, width, height));
    HIP_OK(hipMemcpy2D(p, pitch, in.data(), width, width, height, hipMemcpyHostToDevice));
    HIP_OK(hipMemcpy2D(out.data(), width, p, pitch, width, height, hipMemcpyDeviceToHost));
    EXPECT(memcmp(in.data(), out.data(), in.size()) == 0, "2D copy there and back differs");
    HIP_OK(hipFree(p));
}

static void copies_of_sizes()
{
    const size_t most = 9 << 20;
    std::vector<unsigned char> in(most), out(most);
    unsigned char *a, *b;

    for (size_t i = 0; i < most; i++)
        in[i] = (unsigned char)(i * 7 + (i >> 12));
    HIP_OK(hipMalloc(&a, most));
    HIP_OK(hipMalloc(&b, most));
    for (size_t size : {(size_t)1, (size_t)5, (size_t)4096, (size_t)70001, most - 3}) {
        HIP_OK(hipMemset(b, 0, most));
        HIP_OK(hipMemcpy(a + 1, in.data(), size, hipMemcpyHostToDevice));
        HIP_OK(hipMemcpy(b + 2, a + 1, size, hipMemcpyDeviceToDevice));
        HIP_OK(hipMemcpy(out.data(), b + 2, size, hipMemcpyDeviceToHost));
        EXPECT(memcmp(in.data(), out.data(), size) == 0, "copy of %zu bytes differs", size);
    }
    HIP_OK(hipFree(a));
    HIP_OK(hipFree(b));
}

int main()
{
    host_malloc();
    host_register();
    managed();
    memset_sizes();
    copies_2d();
    copies_of_sizes();
    puts("host memory, memset, copies: ok");
    return 0;
}
