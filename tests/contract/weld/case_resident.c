/* SPDX-License-Identifier: MIT
 *
 * W8 and W9: what queues may touch, and that it stays where they find it. With
 * ROCWELD_RESIDENCY=off the cases show that nothing is done.
 */
#include "tests/contract/weld/weld.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static kmt_shim_handle handle_of(uint32_t gem)
{
    kmt_shim_handle handle;

    EXPECT(kmt_shim_handle_of_gem(128, gem, &handle), 0);
    return handle;
}

static bool is_resident(uint32_t gem)
{
    struct kmt_shim_bo bo;

    EXPECT(kmt_shim_bo_query(handle_of(gem), &bo), 0);
    return bo.flags & KMT_SHIM_BO_RESIDENT;
}

static uint64_t objects(void)
{
    struct kmt_shim_counters counters;

    kmt_shim_counters_read(&counters);
    return counters.shim_objects;
}

/* On demand; at the cost of one object each, and no descriptor. */
static void case_resident(void)
{
    struct kmt_shim_counters before, after;
    kmt_shim_handle handles[100], valid;
    struct kmt_shim_range range;
    unsigned descriptors;
    struct compute compute;
    uint32_t gems[100], gem;
    size_t done;
    int dmabuf;

    compute_start(&compute, 0);
    for (int i = 0; i < 100; i++)
        gems[i] = gem_make(compute.drm, PAGE);
    for (int i = 0; i < 100; i++)
        handles[i] = handle_of(gems[i]);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gems[0], high_address(0), PAGE, 0), 0);
    EXPECT(objects(), 0); /* no queue yet */
    kmt_shim_counters_read(&before);
    EXPECT(kmt_shim_bo_make_resident(handles[0]), 0);
    kmt_shim_counters_read(&after);
    EXPECT(after.shim_fds - before.shim_fds, 1); /* its own of /dev/kfd, once */
    descriptors = open_descriptors();
    before = after;
    EXPECT(kmt_shim_bo_make_resident(handles[0]), 0);
    kmt_shim_counters_read(&after);
    EXPECT(after.shim_calls, before.shim_calls); /* kept */
    EXPECT(kmt_shim_lookup(128, high_address(0), &range), 0);
    EXPECT(range.flags & KMT_SHIM_BO_RESIDENT, KMT_SHIM_BO_RESIDENT);

    EXPECT(kmt_shim_bos_make_resident(handles, 100, &done), 0);
    EXPECT(done, 100);
    kmt_shim_counters_read(&after);
    EXPECT(after.shim_objects, 100);
    EXPECT(after.shim_calls - before.shim_calls <= 99 * 2 + 4, true); /* closed by batches */
    EXPECT(after.kfd_objects, before.kfd_objects); /* ours are not the program's */
    EXPECT(settles_at(descriptors, status_of("Threads:")), true);

    /* it can still be shared; and goes with its last handle */
    EXPECT(gem_export(compute.drm, gems[1], &dmabuf), 0);
    EXPECT(gem_import(compute.drm, dmabuf, &gem), 0);
    EXPECT(gem, gems[1]);
    close(dmabuf);
    for (int i = 0; i < 100; i++)
        EXPECT(gem_close(compute.drm, gems[i]), 0);
    EXPECT(objects(), 0);
    EXPECT(kmt_shim_bo_make_resident(handles[7]), -ENOENT);

    EXPECT(gem_create(compute.drm, PAGE, AMDGPU_GEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_VM_ALWAYS_VALID,
                      &gem),
           0);
    valid = handle_of(gem);
    EXPECT(kmt_shim_bo_make_resident(valid), 0); /* needs nothing */
    EXPECT(objects(), 0);
}

static void case_resident_refused(void)
{
    int fd = node_open(NODE_A);
    struct compute compute;
    size_t done = 9;
    kmt_shim_handle handles[2];

    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    handles[0] = handle_of(gem_make(fd, PAGE));
    handles[1] = handles[0] + 1000;
    EXPECT(kmt_shim_bo_make_resident(handles[0]), -ENODEV); /* compute has not started */
    compute_start_with(&compute, 0, fd);
    EXPECT(kmt_shim_bos_make_resident(handles, 2, &done), -ENOENT);
    EXPECT(done, 1);
    EXPECT(objects(), 1);
}

/* By itself: from the first queue on, whatever graphics has mapped or maps. */
static void case_resident_auto(void)
{
    bool off = is_off("ROCWELD_RESIDENCY");
    struct compute compute;
    struct queue queue;
    uint32_t before, after, unmapped;

    compute_start(&compute, 0);
    before = gem_make(compute.drm, PAGE);
    after = gem_make(compute.drm, PAGE);
    unmapped = gem_make(compute.drm, PAGE);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, before, high_address(0), PAGE, 0), 0);
    EXPECT(is_resident(before), false);
    EXPECT(queue_create(&compute, &queue), 0);
    EXPECT(is_resident(before), !off);
    EXPECT(is_resident(unmapped), false);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, after, high_address(1), PAGE, 0), 0);
    EXPECT(is_resident(after), !off);
    EXPECT(kmt_shim_bo_make_resident(handle_of(unmapped)), off ? -ENOTSUP : 0);
    EXPECT(objects(), off ? 0 : 3);
}

/* W8: host memory is queues' through the KFD only. */
static void case_userptr(void)
{
    char *host = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct drm_amdgpu_gem_userptr args = {
        .addr = (uintptr_t)host,
        .size = PAGE,
        .flags = AMDGPU_GEM_USERPTR_ANONONLY | AMDGPU_GEM_USERPTR_REGISTER,
    };
    struct kmt_shim_range range;
    struct compute compute;
    struct queue queue;
    uint64_t handle;
    char text[256];

    memset(host, 0, 2 * PAGE);
    compute_start(&compute, 0);
    EXPECT(queue_create(&compute, &queue), 0);
    EXPECT(ioctl(compute.drm, DRM_IOCTL_AMDGPU_GEM_USERPTR, &args), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, args.handle, high_address(0), PAGE, 0), 0);
    EXPECT(kmt_shim_lookup(128, high_address(0), &range), 0);
    EXPECT(range.api, KMT_SHIM_GEM_USERPTR);
    EXPECT(range.flags & KMT_SHIM_BO_RESIDENT, 0);
    EXPECT(kmt_shim_bo_make_resident(range.handle), -EPERM);
    kmt_shim_explain(128, high_address(0), text, sizeof text);
    EXPECT(strstr(text, "queues must not touch it") != NULL, true);

    EXPECT(
        kfd_alloc(&compute, (uintptr_t)host + PAGE, PAGE, KFD_IOC_ALLOC_MEM_FLAGS_USERPTR, &handle),
        0);
    EXPECT(kfd_map(&compute, handle), 0);
    EXPECT(kmt_shim_lookup(128, (uintptr_t)host + PAGE, &range), 0);
    EXPECT(range.api, KMT_SHIM_KFD_USERPTR);
    EXPECT(range.flags & KMT_SHIM_BO_RESIDENT, KMT_SHIM_BO_RESIDENT);
    EXPECT(kmt_shim_bo_make_resident(range.handle), 0);
}

/* Queues copy between buffers of both sides by address. Without the shim they stop at a fault. */
static void case_queue_copies(void)
{
    int fd = node_open(NODE_A);
    uint32_t gem = gem_make(fd, MIB);
    volatile uint32_t *graphics = gem_host(fd, gem, MIB);
    struct compute compute;
    struct queue queue;
    uint64_t handle, at;

    EXPECT(gem_va(fd, AMDGPU_VA_OP_MAP, gem, high_address(0), MIB, 0), 0);
    EXPECT(kmt_shim_import_drm_fd(0, fd), is_off("ROCWELD_SHARE") ? -ENOTSUP : 0);
    compute_start(&compute, 0);
    at = compute_buffer(&compute, MIB, VRAM, &handle);
    EXPECT(queue_create(&compute, &queue), 0);
    for (uint32_t i = 0; i < MIB / 4; i++)
        graphics[i] = i * 2654435761u;
    if (!queue_copy(&queue, at, high_address(0), (uint32_t)MIB)) {
        printf("the queue has stopped\n");
        fflush(stdout);
        _exit(3);
    }
    EXPECT(memcmp((void *)(uintptr_t)at, (void *)graphics, MIB), 0);
}

/* ---- under pressure ---- */

/* Moves everything out of VRAM that may move, as suspending would. */
static void evict_vram(void)
{
    char text[64];
    FILE *file = fopen("/sys/kernel/debug/dri/128/amdgpu_evict_vram", "r");

    if (!file || !fgets(text, sizeof text, file)) {
        printf("amdgpu_evict_vram cannot be read: %s\n", strerror(errno));
        exit(77);
    }
    fclose(file);
}

static void fill(volatile uint32_t *words, uint32_t seed)
{
    for (uint32_t i = 0; i < MIB / 4; i++)
        words[i] = i * 2654435761u + seed;
}

/* A graphics buffer moves while a queue may use it, and gets new contents where it is now. What
 * the queue then reads through the page tables are these; or, not kept resident, those that are
 * left in its old place. */
static void case_eviction(void)
{
    bool off = is_off("ROCWELD_RESIDENCY");
    volatile uint32_t *graphics;
    struct compute compute;
    struct queue queue;
    uint64_t handle, at;
    uint32_t gem;

    compute_start(&compute, 0);
    EXPECT(gem_create(compute.drm, MIB, AMDGPU_GEM_DOMAIN_VRAM,
                      AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED, &gem),
           0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, high_address(0), MIB, 0), 0);
    graphics = gem_host(compute.drm, gem, MIB);
    at = compute_buffer(&compute, MIB, GTT, &handle);
    EXPECT(queue_create(&compute, &queue), 0);
    for (uint32_t round = 0; round < 5; round++) {
        fill(graphics, round);
        EXPECT(queue_copy(&queue, at, high_address(0), (uint32_t)MIB), true);
        EXPECT(memcmp((void *)(uintptr_t)at, (void *)graphics, MIB) == 0, !(off && round));
        evict_vram();
    }
}

/* ---- pressure: more buffers than VRAM holds, on both sides ---- */

enum { PRESSURE_MAX = 1024 };
#define PRESSURE_BYTES (4 * MIB)

struct pressure_buffer {
    uint64_t address;
    volatile uint32_t *host;
    uint32_t seed;
};

/* Compute's part fits: what queues use is never pushed out for its own process. Where nothing is
 * kept resident it has no VRAM at all, as the restoring of its buffers would put graphics' page
 * tables right as well. */
static void pressure_make_compute(const struct compute *compute, unsigned i,
                                  struct pressure_buffer *out)
{
    uint64_t handle;
    bool host = i % 4 || is_off("ROCWELD_RESIDENCY");

    out->address = compute_buffer(compute, PRESSURE_BYTES, host ? GTT : VRAM, &handle);
    out->host = (volatile uint32_t *)(uintptr_t)out->address;
}

static void pressure_make_graphics(const struct compute *compute, unsigned i,
                                   struct pressure_buffer *out)
{
    uint32_t gem;

    EXPECT(gem_create(compute->drm, PRESSURE_BYTES, AMDGPU_GEM_DOMAIN_VRAM,
                      AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED, &gem),
           0);
    out->address = high_address(i);
    EXPECT(gem_va(compute->drm, AMDGPU_VA_OP_MAP, gem, out->address, PRESSURE_BYTES, 0), 0);
    out->host = gem_host(compute->drm, gem, PRESSURE_BYTES);
}

/* A few words of each page say whose page it is, and of which round. */
static void pressure_write(struct pressure_buffer *buffer, uint32_t seed)
{
    for (uint32_t at = 0; at < PRESSURE_BYTES / 4; at += 1021)
        buffer->host[at] = seed + at;
    buffer->seed = seed;
}

static unsigned pressure_mismatches(const struct pressure_buffer *buffer)
{
    unsigned bad = 0;

    for (uint32_t at = 0; at < PRESSURE_BYTES / 4; at += 1021)
        bad += buffer->host[at] != buffer->seed + at;
    return bad;
}

static unsigned number_of(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);

    return text ? (unsigned)atoi(text) : otherwise;
}

/* A third of it compute's. */
static unsigned pressure_start(const struct compute *compute, struct pressure_buffer *buffers)
{
    unsigned count = number_of("WELD_MIB", 400) / (PRESSURE_BYTES / MIB);

    EXPECT(count > 3 && count <= PRESSURE_MAX, true);
    for (unsigned i = 0; i < count; i++) {
        if (i < count / 3)
            pressure_make_compute(compute, i, &buffers[i]);
        else
            pressure_make_graphics(compute, i, &buffers[i]);
        pressure_write(&buffers[i], i << 24);
    }
    return count;
}

/* Both sides write, queues copy from one buffer to another, VRAM is emptied in between: nobody ever
 * reads anything but what was written last. WELD_SECONDS, WELD_MIB: for how long, how much. */
static void case_pressure(void)
{
    static struct pressure_buffer buffers[PRESSURE_MAX];
    unsigned rounds = 0, bad = 0, count;
    struct compute compute;
    struct queue queue;
    time_t end;

    compute_start(&compute, 0);
    EXPECT(queue_create(&compute, &queue), 0);
    count = pressure_start(&compute, buffers);
    end = time(NULL) + number_of("WELD_SECONDS", 3);
    for (uint32_t random = 1; time(NULL) < end; rounds++) {
        struct pressure_buffer *from, *to;

        random = random * 1664525u + 1013904223u;
        from = &buffers[(random >> 8) % count];
        to = &buffers[(random >> 16) % count];
        pressure_write(from, random);
        if (rounds % 16 == 0)
            evict_vram();
        if (from == to)
            continue;
        for (uint64_t done = 0; done < PRESSURE_BYTES; done += MIB)
            EXPECT(queue_copy(&queue, to->address + done, from->address + done, (uint32_t)MIB),
                   true);
        to->seed = from->seed;
        bad += pressure_mismatches(to);
    }
    for (unsigned i = 0; i < count; i++)
        bad += pressure_mismatches(&buffers[i]);
    printf("%u buffers, %u rounds, %u mismatches\n", count, rounds, bad);
    EXPECT(rounds > 0, true);
    EXPECT(bad > 0, is_off("ROCWELD_RESIDENCY"));
}

/* ---- faults ---- */

/* What a runtime gets to know of a fault, the shim has explained before. */
static void case_fault(void)
{
    struct kfd_ioctl_create_event_args create = {.event_type = KFD_IOC_EVENT_MEMORY,
                                                 .auto_reset = 1};
    struct kfd_event_data event = {0};
    struct kfd_ioctl_wait_events_args wait = {
        .events_ptr = (uintptr_t)&event, .num_events = 1, .wait_for_all = 1, .timeout = 10000};
    struct compute compute;
    struct queue queue;
    uint64_t handle, at;
    uint32_t gem;

    compute_start(&compute, 0);
    gem = gem_make(compute.drm, 64 * KIB);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, high_address(0), 64 * KIB, 0), 0);
    at = compute_buffer(&compute, 64 * KIB, GTT, &handle);
    EXPECT(ioctl(compute.kfd, AMDKFD_IOC_CREATE_EVENT, &create), 0);
    event.event_id = create.event_id;
    EXPECT(queue_create(&compute, &queue), 0);
    queue_post(&queue, at, high_address(0) + 64 * KIB, 64);
    EXPECT(ioctl(compute.kfd, AMDKFD_IOC_WAIT_EVENTS, &wait), 0);
    EXPECT(wait.wait_result, KFD_IOC_WAIT_RESULT_COMPLETE);
    EXPECT(event.memory_exception_data.gpu_id, compute.gpu_id);
}

const struct weld_case resident_cases[] = {
    {"resident", case_resident},
    {"resident-refused", case_resident_refused},
    {"resident-auto", case_resident_auto},
    {"userptr", case_userptr},
    {"queue-copies", case_queue_copies},
    {"eviction", case_eviction},
    {"pressure", case_pressure},
    {"fault", case_fault},
    {NULL, NULL},
};
