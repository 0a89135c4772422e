/* SPDX-License-Identifier: MIT
 *
 * W3 over time: opening, importing, mapping, sharing and closing in changing order, on several
 * threads, with forks and execs in between. Nothing is left behind but the reference to the VM.
 */
#include "tests/contract/weld/weld.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 10000, WARM_UP = 1000, FORK_EVERY = 1000 };

static struct compute compute;
static atomic_uint rounds;

/* Deterministic for each thread: which order a round has. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void child_runs(void)
{
    struct kmt_shim_vm vm;
    int fd;

    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.source, KMT_SHIM_NONE);
    fd = node_open(NODE_A);
    gem_close(fd, gem_make(fd, PAGE));
    close(fd);
    execlp("true", "true", (char *)NULL);
    _exit(1);
}

static void round_fork(void)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        child_runs();
    EXPECT(child > 0, true);
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
}

/* Buffers of both sides in one order or another, at addresses of the thread's own. */
static void round_buffers(int fd, uint64_t base, uint32_t choice)
{
    uint32_t gem = gem_make(fd, 16 * PAGE), imported = 0;
    struct kmt_shim_range range;
    kmt_shim_handle handle;
    int dmabuf = -1;

    EXPECT(gem_va(fd, AMDGPU_VA_OP_MAP, gem, base, 16 * PAGE, 0), 0);
    if (choice & 1)
        EXPECT(gem_export(fd, gem, &dmabuf), 0);
    if (choice & 2)
        EXPECT(gem_va(fd, AMDGPU_VA_OP_CLEAR, 0, base + PAGE, 2 * PAGE, 0), 0);
    EXPECT(kmt_shim_lookup(128, base, &range), 0);
    EXPECT(kmt_shim_handle_of_gem(128, gem, &handle), 0);
    EXPECT(range.handle == handle, true);
    if (choice & 4)
        EXPECT(kmt_shim_bo_make_resident(handle), 0);
    if (dmabuf >= 0) {
        EXPECT(gem_import(fd, dmabuf, &imported), 0);
        EXPECT(imported, gem);
        EXPECT(kmt_shim_lookup_dmabuf(128, dmabuf, &range), 0);
        close(dmabuf);
    }
    if (choice & 8) /* what is left of it at this start */
        EXPECT(gem_va(fd, AMDGPU_VA_OP_UNMAP, gem, base, 16 * PAGE, 0), 0);
    EXPECT(gem_close(fd, gem), 0);
}

static void round_compute(uint64_t at, uint32_t choice)
{
    struct kmt_shim_range range;
    uint64_t handle;

    EXPECT(kfd_alloc(&compute, at, 16 * PAGE, choice & 1 ? VRAM : GTT, &handle), 0);
    EXPECT(kfd_map(&compute, handle), 0);
    EXPECT(kmt_shim_lookup(128, at + PAGE, &range), 0);
    EXPECT(range.start, at);
    if (choice & 2)
        EXPECT(kfd_free(&compute, handle), EBUSY);
    EXPECT(kfd_unmap(&compute, handle), 0);
    EXPECT(kfd_free(&compute, handle), 0);
    EXPECT(kmt_shim_lookup(128, at + PAGE, &range), -ENOENT);
}

static void round_files(uint32_t choice)
{
    int separate, shared, copy;

    EXPECT(kmt_shim_vm_open(128, &shared), 0);
    EXPECT(kmt_shim_vm_open_separate(128, &separate), 0);
    gem_make(separate, PAGE); /* goes with its file */
    if (choice & 1)
        EXPECT(kmt_shim_import_drm_fd(0, shared), 0);
    copy = dup(choice & 2 ? separate : shared);
    EXPECT(kmt_shim_import_drm_fd(0, copy), choice & 2 ? -EBUSY : 0);
    close(choice & 4 ? separate : shared);
    close(choice & 4 ? shared : separate);
    close(copy);
}

static void *run(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument;
    uint64_t at = reserve(16 * PAGE), base = high_address(100 * (thread + 1));
    uint32_t random = thread + 1;
    unsigned round;

    while ((round = atomic_fetch_add(&rounds, 1)) < ROUNDS) {
        uint32_t choice = next_random(&random);
        int fd = node_open(NODE_A);

        EXPECT(choice & 16 ? same_file(fd, compute.drm) : true, true);
        round_buffers(fd, base, choice);
        round_compute(at, choice);
        round_files(choice);
        close(fd);
        if (round % FORK_EVERY == FORK_EVERY / 2)
            round_fork();
    }
    return NULL;
}

static void run_threads(unsigned first_round)
{
    pthread_t threads[THREADS];

    atomic_store(&rounds, first_round);
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, run, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Without what the allocator only keeps, which depends on how threads took turns. */
static long kilobytes_in_use(void)
{
    malloc_trim(0);
    return status_of("VmRSS:");
}

/* A leak of 1 KiB a round would be 10 MiB, each time. The allocator may well spread out once, when
 * threads take turns as they have not before. */
static bool memory_grows(long kilobytes)
{
    for (int times = 0; times < 3; times++) {
        long before = kilobytes;

        kilobytes = kilobytes_in_use();
        if (kilobytes - before < 4 * 1024)
            return false;
        run_threads(0);
    }
    return true;
}

static void case_soak(void)
{
    struct kmt_shim_counters counters;
    unsigned descriptors;
    long threads, kilobytes;

    compute_start(&compute, 0);
    run_threads(ROUNDS - WARM_UP);
    descriptors = open_descriptors();
    threads = status_of("Threads:");
    kilobytes = kilobytes_in_use();
    run_threads(0);
    EXPECT(settles_at(descriptors, threads), true);
    kmt_shim_counters_read(&counters);
    EXPECT(counters.ranges, 0);
    EXPECT(counters.gem_objects, 0);
    EXPECT(counters.kfd_objects, 0);
    EXPECT(counters.shim_objects, 0);
    EXPECT(counters.bytes, 0);
    if (!getenv("WELD_SANITIZED")) /* whose quarantine and shadow grow */
        EXPECT(memory_grows(kilobytes), false);
}

const struct weld_case soak_cases[] = {
    {"soak", case_soak},
    {NULL, NULL},
};
