/* SPDX-License-Identifier: MIT
 * Less VRAM than the program uses: buffers of libdrm and of HIP in one VM move while the CPU and
 * kernels use them. Run with 256 MiB of VRAM.
 *
 *   pressure   everything is moved out again and again; nothing that was written may be lost
 *   private    a buffer that nobody has told the KFD of moves under a running kernel, which goes on
 *              reading where it was: wrong contents are what is expected
 *   imported   the same buffer, imported into the KFD: always right
 *   old        the same again on a kernel before 6.8, where the import alone does not help */
#include "check.h"

#include <amdgpu.h>
#include <amdgpu_drm.h>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/kfd_ioctl.h>
#include <string>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

static const size_t MIB = 1 << 20;

/* ---- the DRM side of the VM that HIP's queues run in ---- */

static int kfd;
static unsigned gpu_id;
static amdgpu_device_handle device;

/* Acquiring what is acquired succeeds, for the very file only. */
static bool is_file_of_queues(int fd)
{
    kfd_ioctl_acquire_vm_args args = {};

    args.drm_fd = (unsigned)fd;
    args.gpu_id = gpu_id;
    return ioctl(kfd, AMDKFD_IOC_ACQUIRE_VM, &args) == 0;
}

static void device_open()
{
    kfd_ioctl_get_process_apertures_args args = {};
    uint32_t major, minor;

    kfd = open("/dev/kfd", O_RDWR | O_CLOEXEC);
    EXPECT(kfd >= 0 && ioctl(kfd, AMDKFD_IOC_GET_PROCESS_APERTURES, &args) == 0, "errno %d",
           errno);
    gpu_id = args.process_apertures[0].gpu_id;
    for (int fd = 3; fd < 1024; fd++) {
        char link[64], path[64] = "";

        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, path, sizeof path - 1) < 0 || !strstr(path, "/dev/dri/renderD"))
            continue;
        if (is_file_of_queues(fd)) {
            EXPECT(amdgpu_device_initialize(fd, &major, &minor, &device) == 0, "fd %d", fd);
            return;
        }
    }
    EXPECT(device, "no descriptor of the VM was found");
}

struct buffer {
    amdgpu_bo_handle bo;
    amdgpu_va_handle range;
    uint64_t va, size;
    uint32_t *cpu;

    explicit buffer(size_t bytes)
    {
        amdgpu_bo_alloc_request request = {};

        request.alloc_size = size = bytes;
        request.phys_alignment = 4096;
        request.preferred_heap = AMDGPU_GEM_DOMAIN_VRAM;
        EXPECT(amdgpu_bo_alloc(device, &request, &bo) == 0, "%zu bytes", bytes);
        EXPECT(amdgpu_bo_cpu_map(bo, (void **)&cpu) == 0, "%zu bytes", bytes);
        EXPECT(amdgpu_va_range_alloc(device, amdgpu_gpu_va_range_general, size, 2 * MIB, 0, &va,
                                     &range, AMDGPU_VA_RANGE_HIGH) == 0,
               "%zu bytes", bytes);
        EXPECT(amdgpu_bo_va_op(bo, 0, size, va, 0, AMDGPU_VA_OP_MAP) == 0, "at %#lx", (long)va);
    }
    ~buffer()
    {
        amdgpu_bo_va_op(bo, 0, size, va, 0, AMDGPU_VA_OP_UNMAP);
        amdgpu_va_range_free(range);
        amdgpu_bo_cpu_unmap(bo);
        amdgpu_bo_free(bo);
    }
    uint32_t *gpu() const
    {
        return (uint32_t *)va;
    }
    /* From here on queues may use it. */
    void import() const
    {
        kfd_ioctl_import_dmabuf_args args = {};
        uint32_t fd;

        EXPECT(amdgpu_bo_export(bo, amdgpu_bo_handle_type_dma_buf_fd, &fd) == 0, "at %#lx",
               (long)va);
        args.gpu_id = gpu_id;
        args.dmabuf_fd = fd;
        EXPECT(ioctl(kfd, AMDKFD_IOC_IMPORT_DMABUF, &args) == 0, "errno %d", errno);
        close((int)fd);
    }
};

/* ---- pressure ---- */

static std::atomic<bool> done;

/* What other processes' need of memory looks like from here. */
static void evict_again_and_again(unsigned *times)
{
    while (!done) {
        FILE *file = fopen("/sys/kernel/debug/dri/128/amdgpu_evict_vram", "r");
        int result = -1;

        EXPECT(file && fscanf(file, "%d", &result) == 1 && result == 0, "result %d", result);
        fclose(file);
        ++*times;
        usleep(30000);
    }
}

static void add_again_and_again(std::vector<buffer *> *buffers, uint32_t *rounds)
{
    while (!done) {
        for (buffer *b : *buffers)
            for (size_t i = 1; i < b->size / 4; i += 1024)
                b->cpu[i]++;
        ++*rounds;
    }
}

__global__ void add(uint32_t *words, size_t count, uint32_t value)
{
    size_t stride = (size_t)gridDim.x * blockDim.x;

    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride)
        words[i * 1024] += value;
}

/* Words 0 of each page are the kernels', words 1 the CPU thread's. */
static void pressure()
{
    const int hip_buffers = 5, drm_buffers = 10, rounds = 12;
    const size_t bytes = 24 * MIB, pages = bytes / 4096;
    std::vector<uint32_t *> hip(hip_buffers);
    std::vector<buffer *> drm;
    std::vector<uint32_t> back(bytes / 4);
    uint32_t cpu_rounds = 0;
    unsigned evictions = 0;

    for (uint32_t *&p : hip) {
        HIP_OK(hipMalloc(&p, bytes));
        HIP_OK(hipMemset(p, 0, bytes));
    }
    HIP_OK(hipDeviceSynchronize());
    for (int i = 0; i < drm_buffers; i++) {
        drm.push_back(new buffer(bytes));
        if (i < 2) /* before it moves: importing updates no page tables */
            drm[i]->import();
    }
    std::thread cpu(add_again_and_again, &drm, &cpu_rounds);
    std::thread evictor(evict_again_and_again, &evictions);
    for (int round = 0; round < rounds || evictions < 5; round++) {
        for (uint32_t *p : hip)
            add<<<16, 256>>>(p, pages, 1);
        add<<<16, 256>>>(drm[0]->gpu(), pages, 1);
        add<<<16, 256>>>(drm[1]->gpu(), pages, 1);
        HIP_OK(hipDeviceSynchronize());
        back[0] = (uint32_t)round;
        HIP_OK(hipMemcpy(back.data(), hip[0], 4096, hipMemcpyDeviceToHost));
        EXPECT(back[0] == (uint32_t)round + 1, "%u after %d rounds", back[0], round + 1);
        EXPECT(drm[0]->cpu[0] == (uint32_t)round + 1, "%u after %d rounds", drm[0]->cpu[0],
               round + 1);
    }
    done = true;
    cpu.join();
    evictor.join();
    uint32_t expected = drm[0]->cpu[0];
    for (uint32_t *p : hip) {
        HIP_OK(hipMemcpy(back.data(), p, bytes, hipMemcpyDeviceToHost));
        for (size_t i = 0; i < pages; i++)
            EXPECT(back[i * 1024] == expected, "page %zu: %u, want %u", i, back[i * 1024],
                   expected);
        HIP_OK(hipFree(p));
    }
    for (int n = 0; n < drm_buffers; n++) {
        for (size_t i = 0; i < pages; i++) {
            uint32_t by_gpu = n < 2 ? expected : 0;
            EXPECT(drm[n]->cpu[i * 1024] == by_gpu, "buffer %d page %zu: %u, want %u", n, i,
                   drm[n]->cpu[i * 1024], by_gpu);
            EXPECT(drm[n]->cpu[i * 1024 + 1] == cpu_rounds, "buffer %d page %zu: %u, want %u", n,
                   i, drm[n]->cpu[i * 1024 + 1], cpu_rounds);
        }
        delete drm[n];
    }
    printf("evicted %u times, %u rounds of the CPU: ok\n", evictions, cpu_rounds);
}

/* ---- private and imported ---- */

/* Counts what is not as it was, until told to stop. */
__global__ void watch(const volatile uint32_t *words, size_t count, volatile uint32_t *flags)
{
    uint32_t wrong = 0;

    flags[1] = 1; /* here we are */
    while (!flags[0])
        for (size_t i = 0; i < count; i += 1024)
            wrong += words[i] != 0x600d600d;
    flags[2] = wrong;
}

static unsigned wrong_words(bool import)
{
    const size_t bytes = 16 * MIB;
    volatile uint32_t *flags;
    std::vector<buffer *> others;

    HIP_OK(hipHostMalloc((void **)&flags, 4096));
    flags[0] = flags[1] = flags[2] = 0;
    buffer watched(bytes);
    for (size_t i = 0; i < bytes / 4; i++)
        watched.cpu[i] = 0x600d600d;
    if (import)
        watched.import();
    watch<<<1, 1>>>(watched.gpu(), bytes / 4, flags);
    while (!flags[1])
        usleep(1000);
    /* The oldest buffers go first, unless queues may use them. */
    for (int i = 0; i < 16; i++) {
        others.push_back(new buffer(bytes));
        memset(others.back()->cpu, 0xbb, bytes);
    }
    usleep(100000);
    flags[0] = 1;
    HIP_OK(hipDeviceSynchronize());
    for (size_t i = 0; i < bytes / 4; i++) /* the CPU sees it wherever it is */
        EXPECT(watched.cpu[i] == 0x600d600d, "word %zu: %#x", i, watched.cpu[i]);
    unsigned wrong = flags[2];
    for (buffer *b : others)
        delete b;
    HIP_OK(hipHostFree((void *)flags));
    return wrong;
}

int main(int argc, char **argv)
{
    std::string mode = argc > 1 ? argv[1] : "pressure";

    HIP_OK(hipFree(nullptr)); /* HIP makes its VM */
    device_open();
    if (mode == "pressure") {
        pressure();
    } else {
        unsigned wrong = wrong_words(mode != "private");
        EXPECT((wrong != 0) == (mode != "imported"), "%u wrong words", wrong);
        printf("%s: %u wrong words: ok\n", mode.c_str(), wrong);
    }
    amdgpu_device_deinitialize(device);
    return 0;
}
