/* SPDX-License-Identifier: MIT
 * 10,000 dispatches and 10,000 allocations and frees leave as many descriptors, threads and as much
 * memory as before. */
#include "check.h"

#include <dirent.h>
#include <unistd.h>

__global__ void touch(int *p)
{
    p[threadIdx.x]++;
}

struct footprint {
    int descriptors, threads;
    long resident_kib;
};

static int entries(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;

    EXPECT(dir != nullptr, "%s", folder);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static footprint measure()
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    EXPECT(file && fscanf(file, "%ld %ld", &pages, &resident) == 2, "/proc/self/statm");
    fclose(file);
    return {entries("/proc/self/fd"), entries("/proc/self/task"),
            resident * (sysconf(_SC_PAGESIZE) / 1024)};
}

static void dispatch(int rounds, int *p)
{
    for (int i = 0; i < rounds; i++) {
        touch<<<1, 32>>>(p);
        if (i % 16 == 15)
            HIP_OK(hipDeviceSynchronize());
    }
    HIP_OK(hipDeviceSynchronize());
}

static void allocate(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        void *p;
        /* Sizes on both sides of the runtime's own sub-allocator. */
        HIP_OK(hipMalloc(&p, (size_t)4096 << (i % 11)));
        HIP_OK(hipFree(p));
    }
}

static void expect_equal(const char *what, const footprint &before, const footprint &after)
{
    printf("%s: %d descriptors, %d threads, %ld KiB; after: %d, %d, %ld\n", what,
           before.descriptors, before.threads, before.resident_kib, after.descriptors,
           after.threads, after.resident_kib);
    EXPECT(after.descriptors == before.descriptors, "%s", what);
    EXPECT(after.threads == before.threads, "%s", what);
    /* One page for each round would be 40,000 KiB. */
    EXPECT(after.resident_kib < before.resident_kib + 8192, "%s", what);
}

int main()
{
    const int rounds = 10000;
    int *p, first;

    HIP_OK(hipMalloc(&p, 32 * sizeof *p));
    HIP_OK(hipMemset(p, 0, 32 * sizeof *p));
    dispatch(500, p);
    allocate(500);

    footprint start = measure();
    dispatch(rounds, p);
    footprint dispatched = measure();
    expect_equal("dispatches", start, dispatched);
    allocate(rounds);
    expect_equal("allocations", dispatched, measure());

    HIP_OK(hipMemcpy(&first, p, sizeof first, hipMemcpyDeviceToHost));
    EXPECT(first == rounds + 500, "%d dispatches counted", first);
    puts("leaks: ok");
    return 0;
}
