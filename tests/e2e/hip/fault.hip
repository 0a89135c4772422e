/* SPDX-License-Identifier: MIT
 * Programs that go wrong on the GPU, one way each; the test's driver knows how each must end. */
#include "check.h"

#include <cstring>

#include <hsakmt.h>

__global__ void store(int *p)
{
    p[threadIdx.x] = 1;
}

__global__ void load(const int *p, int *out)
{
    out[threadIdx.x] = p[threadIdx.x];
}

__global__ void illegal()
{
    asm volatile(".long 0xbfff0000\n"); /* SOPP opcode 0x7f does not exist */
}

__global__ void trap()
{
    __builtin_trap();
}

__global__ void hog(int *out)
{
    extern __shared__ int memory[];
    memory[threadIdx.x] = 1;
    out[threadIdx.x] = memory[threadIdx.x];
}

static int *device_ints(int count)
{
    int *p;

    HIP_OK(hipMalloc(&p, count * sizeof *p));
    return p;
}

/* An error that the runtime reports before anything runs: exit status 3 says it did. */
static int expect_error(hipError_t got, const char *what)
{
    printf("%s: %s\n", what, hipGetErrorName(got));
    return got == hipSuccess ? 1 : 3;
}

/* HIP has no read-only memory; the thunk, which this process has open already, does. */
static int *read_only_ints()
{
    HsaMemFlags flags = {};
    HSAuint64 gpu_address;
    void *p;

    flags.ui32.HostAccess = 1;
    flags.ui32.ReadOnly = 1;
    flags.ui32.PageSize = HSA_PAGE_SIZE_4KB;
    EXPECT(hsaKmtAllocMemory(0, 4096, flags, &p) == HSAKMT_STATUS_SUCCESS, "hsaKmtAllocMemory");
    EXPECT(hsaKmtMapMemoryToGPU(p, 4096, &gpu_address) == HSAKMT_STATUS_SUCCESS,
           "hsaKmtMapMemoryToGPU");
    return (int *)p;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";

    HIP_OK(hipSetDevice(0));
    if (!strcmp(mode, "unmapped")) {
        store<<<1, 64>>>((int *)0x7e0000000000);
    } else if (!strcmp(mode, "null")) {
        load<<<1, 64>>>(nullptr, device_ints(64));
    } else if (!strcmp(mode, "past-end")) {
        store<<<1, 64>>>(device_ints(1 << 20) + (64 << 20));
    } else if (!strcmp(mode, "read-only")) {
        int *p = read_only_ints();
        load<<<1, 64>>>(p, device_ints(64));
        HIP_OK(hipDeviceSynchronize());
        printf("read\n");
        fflush(stdout);
        store<<<1, 64>>>(p);
    } else if (!strcmp(mode, "illegal")) {
        illegal<<<1, 64>>>();
    } else if (!strcmp(mode, "trap")) {
        trap<<<1, 64>>>();
    } else if (!strcmp(mode, "too-many-threads")) {
        store<<<1, 2048>>>(device_ints(64));
        return expect_error(hipGetLastError(), mode);
    } else if (!strcmp(mode, "too-much-lds")) {
        hog<<<1, 64, 1 << 20>>>(device_ints(64));
        return expect_error(hipGetLastError(), mode);
    } else if (!strcmp(mode, "other-gpu")) {
        hipModule_t module;
        return expect_error(hipModuleLoad(&module, argv[2]), mode);
    } else {
        fprintf(stderr, "unknown way to fail: %s\n", mode);
        return 2;
    }
    hipError_t error = hipDeviceSynchronize();
    return expect_error(error, mode);
}
