/* SPDX-License-Identifier: MIT
 *
 * W5, W6, W12 and what goes with them: the BO table follows both sides, and every answer of it is
 * held against the kernel's own, by asking for a mapping where the table says that one is.
 */
#include "tests/contract/weld/weld.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct kmt_shim_range found; /* by the last expect_there() */

/* The table and the kernel agree that something is mapped there. */
static void expect_there(int line, const struct compute *compute, uint64_t address, bool there)
{
    uint64_t page = address & ~(PAGE - 1);
    uint32_t gem = gem_make(compute->drm, PAGE);
    int result = gem_va(compute->drm, AMDGPU_VA_OP_MAP, gem, page, PAGE, 0);

    expect_at(__FILE__, line, "the kernel's answer", result, there ? EINVAL : 0);
    if (result == 0)
        EXPECT(gem_va(compute->drm, AMDGPU_VA_OP_UNMAP, gem, page, PAGE, 0), 0);
    EXPECT(gem_close(compute->drm, gem), 0);
    expect_at(__FILE__, line, "the table's answer",
              kmt_shim_lookup(128 + compute->gpu, address, &found), there ? 0 : -ENOENT);
}
#define EXPECT_THERE(compute, address) expect_there(__LINE__, compute, address, true)
#define EXPECT_FREE(compute, address)  expect_there(__LINE__, compute, address, false)

static void expect_text(int line, uint64_t address, const char *want)
{
    char text[256];
    size_t length = kmt_shim_explain(128, address, text, sizeof text);

    EXPECT(length, strlen(text));
    if (strstr(text, want))
        return;
    printf("line %d: \"%s\", want \"...%s...\"\n", line, text, want);
    exit(1);
}
#define EXPECT_TEXT(address, want) expect_text(__LINE__, address, want)

/* ---- W5: graphics ---- */

/* Buffers that graphics made before compute began count, too. */
static void case_table_graphics(void)
{
    uint64_t at = high_address(0), second = high_address(1);
    int fd = node_open(NODE_A);
    uint32_t gem = gem_make(fd, 64 * KIB), vram;
    struct compute compute;

    EXPECT(gem_va(fd, AMDGPU_VA_OP_MAP, gem, at, 64 * KIB, 0), 0);
    EXPECT(kmt_shim_lookup(128, at, &found), -ENOENT); /* no shared VM yet */
    EXPECT(kmt_shim_import_drm_fd(0, fd), 0);
    compute_start(&compute, 0);
    EXPECT_THERE(&compute, at + 64 * KIB - 1);
    EXPECT(found.start, at);
    EXPECT(found.size, 64 * KIB);
    EXPECT(found.bo_size, 64 * KIB);
    EXPECT(found.bo_offset, 0);
    EXPECT(found.api, KMT_SHIM_GEM);
    EXPECT(found.render_minor, 128);
    EXPECT(found.owner_gpu_id, compute.gpu_id);
    EXPECT(found.flags, KMT_SHIM_BO_GTT | KMT_SHIM_BO_READ | KMT_SHIM_BO_WRITE);
    EXPECT_FREE(&compute, at + 64 * KIB);
    EXPECT_TEXT(at + 64 * KIB + 128, "128 bytes past the end of a 64 KiB GEM buffer, handle 1, "
                                     "renderD128");
    EXPECT_TEXT(at - 32, "32 bytes before a 64 KiB GEM buffer");
    EXPECT_TEXT(at + 4096, "4 KiB into a 64 KiB GEM buffer");
    EXPECT_TEXT(at & 0xffffffffffff, "0 bytes into a 64 KiB GEM buffer"); /* as faults have it */

    /* many mappings of one buffer; a part of one */
    EXPECT(gem_create(fd, MIB, AMDGPU_GEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_VM_ALWAYS_VALID, &vram),
           0);
    EXPECT(gem_va(fd, AMDGPU_VA_OP_MAP, vram, second, 2 * PAGE, 16 * PAGE), 0);
    EXPECT(gem_va(fd, AMDGPU_VA_OP_MAP, vram, second + MIB, MIB, 0), 0);
    EXPECT_THERE(&compute, second + PAGE);
    EXPECT(found.bo_offset, 16 * PAGE);
    EXPECT(found.flags & (KMT_SHIM_BO_VRAM | KMT_SHIM_BO_ALWAYS_VALID),
           KMT_SHIM_BO_VRAM | KMT_SHIM_BO_ALWAYS_VALID);
    EXPECT_FREE(&compute, second + 2 * PAGE);
    EXPECT(gem_va(fd, AMDGPU_VA_OP_UNMAP, vram, second, 2 * PAGE, 0), 0);
    EXPECT_FREE(&compute, second);
    EXPECT_THERE(&compute, second + MIB);
    EXPECT(gem_close(fd, vram), 0);
    EXPECT_FREE(&compute, second + MIB);
}

/* CLEAR and REPLACE cut what is in the way. */
static void case_table_cut(void)
{
    uint64_t at = high_address(0);
    struct compute compute;
    uint32_t a, b;

    compute_start(&compute, 0);
    a = gem_make(compute.drm, 64 * PAGE);
    b = gem_make(compute.drm, 64 * PAGE);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, a, at, 16 * PAGE, 8 * PAGE), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_CLEAR, 0, at + 4 * PAGE, 2 * PAGE, 0), 0);
    EXPECT_THERE(&compute, at + 3 * PAGE);
    EXPECT(found.size, 4 * PAGE);
    EXPECT(found.bo_offset, 8 * PAGE);
    EXPECT_FREE(&compute, at + 4 * PAGE);
    EXPECT_FREE(&compute, at + 5 * PAGE);
    EXPECT_THERE(&compute, at + 6 * PAGE);
    EXPECT(found.start, at + 6 * PAGE);
    EXPECT(found.size, 10 * PAGE);
    EXPECT(found.bo_offset, 14 * PAGE);

    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_REPLACE, b, at + 2 * PAGE, 8 * PAGE, PAGE), 0);
    EXPECT_THERE(&compute, at + PAGE);
    EXPECT(found.size, 2 * PAGE);
    EXPECT((uint32_t)found.handle, a);
    EXPECT_THERE(&compute, at + 9 * PAGE);
    EXPECT(found.start, at + 2 * PAGE);
    EXPECT((uint32_t)found.handle, b);
    EXPECT_THERE(&compute, at + 10 * PAGE);
    EXPECT(found.bo_offset, 18 * PAGE);
    EXPECT(found.size, 6 * PAGE);

    EXPECT(gem_close(compute.drm, a), 0);
    EXPECT_FREE(&compute, at);
    EXPECT_THERE(&compute, at + 2 * PAGE);
    EXPECT_FREE(&compute, at + 10 * PAGE);
    EXPECT(gem_close(compute.drm, b), 0);
    EXPECT_FREE(&compute, at + 2 * PAGE);
}

/* ---- W5: compute ---- */

static void case_table_compute(void)
{
    uint32_t gpus[] = {gpu_id_of(0), 0xdead};
    struct compute compute;
    uint64_t handle, ring, at, place;
    uint32_t done = 0;

    compute_start(&compute, 0);
    at = compute_buffer(&compute, 64 * KIB, VRAM, &handle);
    EXPECT_THERE(&compute, at + 100);
    EXPECT(found.api, KMT_SHIM_KFD);
    EXPECT(found.size, 64 * KIB);
    EXPECT(found.flags & (KMT_SHIM_BO_VRAM | KMT_SHIM_BO_RESIDENT | KMT_SHIM_BO_WRITE),
           KMT_SHIM_BO_VRAM | KMT_SHIM_BO_RESIDENT | KMT_SHIM_BO_WRITE);
    EXPECT(found.owner_gpu_id, compute.gpu_id);
    EXPECT_TEXT(at + 64 * KIB + 16, "16 bytes past the end of a 64 KiB compute buffer");
    EXPECT(kfd_free(&compute, handle), EBUSY); /* mapped: nothing changes */
    EXPECT_THERE(&compute, at);
    EXPECT(kfd_unmap(&compute, handle), 0);
    EXPECT_TEXT(at + 16, "inside a 64 KiB compute buffer that is not mapped");

    /* a list of which the second GPU is unknown: the first one counts */
    EXPECT(kfd_map_many(&compute, handle, gpus, 2, &done) != 0, true);
    EXPECT(done, 1);
    EXPECT_THERE(&compute, at);
    EXPECT(kfd_unmap(&compute, handle), 0);
    EXPECT(kfd_free(&compute, handle), 0);
    EXPECT_FREE(&compute, at);

    /* an AQL ring: half the memory, twice in a row */
    place = reserve(64 * KIB);
    EXPECT(kfd_alloc(&compute, place, 64 * KIB, GTT | KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM, &ring),
           0);
    EXPECT(kfd_map(&compute, ring), 0);
    EXPECT_THERE(&compute, place + 32 * KIB);
    EXPECT(found.start, place + 32 * KIB);
    EXPECT(found.bo_offset, 0);
    EXPECT(found.bo_size, 32 * KIB);
    EXPECT_THERE(&compute, place);
    EXPECT(kfd_unmap(&compute, ring), 0);
    EXPECT(kmt_shim_lookup(128, place, &found), -ENOENT);
    EXPECT(kfd_free(&compute, ring), 0);
    EXPECT_FREE(&compute, place);
    EXPECT_FREE(&compute, place + 32 * KIB);
}

/* A buffer that both interfaces know: what graphics mapped of it lives as long as either has it. */
static void case_table_both(void)
{
    uint64_t handle, at, second = high_address(0), third = high_address(1), import;
    struct kmt_shim_range range;
    struct compute compute;
    uint32_t gem, again;
    int dmabuf, null = node_open("/dev/null");

    compute_start(&compute, 0);
    at = compute_buffer(&compute, 64 * KIB, VRAM, &handle);
    EXPECT(kfd_export(&compute, handle, &dmabuf), 0);
    EXPECT(gem_import(compute.drm, dmabuf, &gem), 0);
    EXPECT(gem_import(compute.drm, dmabuf, &again), 0);
    EXPECT(again, gem);
    EXPECT(kmt_shim_lookup_dmabuf(128, dmabuf, &range), 0);
    EXPECT(range.start, at);
    EXPECT(kmt_shim_lookup_dmabuf(128, null, &range), -EINVAL);
    EXPECT(kmt_shim_lookup_dmabuf(128, -1, &range), -EBADF);
    EXPECT(kmt_shim_lookup_dmabuf(129, dmabuf, &range), -ENOENT);

    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, second, 64 * KIB, 0), 0);
    EXPECT(gem_close(compute.drm, gem), 0);
    EXPECT_THERE(&compute, second); /* the KFD still has it */
    EXPECT(kfd_unmap(&compute, handle), 0);
    EXPECT_THERE(&compute, second);
    EXPECT(kfd_free(&compute, handle), 0);
    EXPECT_FREE(&compute, second);

    /* the other way round */
    gem = gem_make(compute.drm, 64 * KIB);
    EXPECT(gem_export(compute.drm, gem, &dmabuf), 0);
    at = reserve(64 * KIB);
    EXPECT(kfd_import(&compute, dmabuf, at, &import), 0);
    EXPECT(kfd_map(&compute, import), 0);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, third, 64 * KIB, 0), 0);
    EXPECT_THERE(&compute, at);
    EXPECT(found.flags & KMT_SHIM_BO_IMPORTED, KMT_SHIM_BO_IMPORTED);
    EXPECT(found.bo_size, 64 * KIB);
    EXPECT(kfd_unmap(&compute, import), 0);
    EXPECT(kfd_free(&compute, import), 0);
    EXPECT_FREE(&compute, at);
    EXPECT_THERE(&compute, third); /* graphics still has it */
    EXPECT(gem_close(compute.drm, gem), 0);
    EXPECT_FREE(&compute, third);
}

/* Memory of one GPU in the VM of another, and host memory by both ways. */
static void case_table_several(void)
{
    const uint32_t gpus[] = {gpu_id_of(0), gpu_id_of(1)};
    void *host = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t handle, at, user, svm = (uintptr_t)host + 32 * KIB;
    struct kmt_shim_bo bo;
    struct compute a, b;
    uint32_t done = 0;

    compute_start(&a, 0);
    compute_start(&b, 1);
    at = reserve(64 * KIB);
    EXPECT(kfd_alloc(&a, at, 64 * KIB, GTT, &handle), 0);
    EXPECT(kfd_map_many(&a, handle, gpus, 2, &done), 0);
    EXPECT_THERE(&a, at);
    EXPECT_THERE(&b, at);
    EXPECT(found.render_minor, 129);
    EXPECT(found.owner_gpu_id, gpu_id_of(0));
    EXPECT(kmt_shim_bo_query(found.handle, &bo), 0);
    EXPECT(bo.mappings, 2);
    EXPECT(kfd_unmap(&a, handle), 0);
    EXPECT_FREE(&a, at);
    EXPECT(kmt_shim_lookup(0, at, &found), 0);
    EXPECT(found.render_minor, 129);

    EXPECT(kfd_alloc(&a, (uintptr_t)host, PAGE, GTT & ~KFD_IOC_ALLOC_MEM_FLAGS_GTT, &user), EINVAL);
    EXPECT(kfd_alloc(&a, (uintptr_t)host, PAGE, KFD_IOC_ALLOC_MEM_FLAGS_USERPTR, &user), 0);
    EXPECT(kfd_map(&a, user), 0);
    EXPECT_THERE(&a, (uintptr_t)host);
    EXPECT(found.api, KMT_SHIM_KFD_USERPTR);
    EXPECT(kfd_svm(&a, (void *)(uintptr_t)svm, 32 * KIB), 0);
    EXPECT(kmt_shim_lookup(128, svm + 5, &found), 0);
    EXPECT(found.api, KMT_SHIM_SVM);
    EXPECT(found.handle, 0);
    EXPECT(kmt_shim_lookup(129, svm + 5, &found), 0);
}

/* ---- walking ---- */

struct walk {
    unsigned count, stop_at;
    uint64_t last, bytes;
};

static int visit(void *context, const struct kmt_shim_range *range)
{
    struct walk *walk = context;

    EXPECT(range->start >= walk->last, true);
    walk->last = range->start + range->size - 1;
    walk->bytes += range->size;
    return ++walk->count == walk->stop_at ? 42 : 0;
}

static void case_table_walk(void)
{
    struct kmt_shim_counters counters;
    struct walk walk = {0}, short_walk = {.stop_at = 3};
    struct compute compute;
    uint32_t gem;

    compute_start(&compute, 0);
    gem = gem_make(compute.drm, 64 * KIB);
    for (unsigned i = 0; i < 100; i++)
        EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, high_address(i * 7 % 100), 64 * KIB, 0),
               0);
    EXPECT(kmt_shim_for_each_range(128, visit, &walk), 0);
    kmt_shim_counters_read(&counters);
    EXPECT(walk.count, 100);
    EXPECT(counters.ranges, 100);
    EXPECT(counters.bytes, walk.bytes);
    EXPECT(counters.gem_objects, 1);
    EXPECT(kmt_shim_for_each_range(0, visit, &short_walk), 42);
    EXPECT(kmt_shim_for_each_range(129, visit, &walk), 0);
    EXPECT(walk.count, 100);
}

/* ---- other files of the node stay out of it ---- */

static void case_table_separate(void)
{
    struct compute compute;
    struct kmt_shim_vm vm;
    uint32_t gem;
    int own;

    compute_start(&compute, 0);
    EXPECT(kmt_shim_vm_open_separate(128, &own), 0);
    EXPECT(same_file(own, compute.drm), false);
    gem = gem_make(own, PAGE);
    EXPECT(gem_va(own, AMDGPU_VA_OP_MAP, gem, high_address(0), PAGE, 0), 0);
    EXPECT_FREE(&compute, high_address(0));
    close(own);
    EXPECT(kmt_shim_vm_query(128, &vm), 0);
    EXPECT(vm.acquired, 1);
}

/* Nothing is known where the shim is off. */
static void case_table_off(void)
{
    struct kmt_shim_counters counters;
    struct compute compute;
    char text[128];
    uint32_t gem;

    compute_start(&compute, 0);
    gem = gem_make(compute.drm, PAGE);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, high_address(0), PAGE, 0), 0);
    EXPECT(kmt_shim_lookup(128, high_address(0), &found), -ENOENT);
    EXPECT(kmt_shim_explain(128, high_address(0), text, sizeof text) > 0, true);
    kmt_shim_counters_read(&counters);
    EXPECT(counters.kfd_ioctls + counters.drm_ioctls + counters.shim_calls, 0);
}

/* ---- W6 ---- */

static void case_handles(void)
{
    kmt_shim_handle of_gem, of_kfd, other;
    uint64_t kfd_handle, at;
    struct compute compute;
    struct kmt_shim_bo bo;
    uint32_t gem;

    compute_start(&compute, 0);
    gem = gem_make(compute.drm, 64 * KIB);
    at = compute_buffer(&compute, 64 * KIB, GTT, &kfd_handle);
    EXPECT(kmt_shim_handle_of_gem(128, gem, &of_gem), 0);
    EXPECT(kmt_shim_handle_of_kfd(kfd_handle, &of_kfd), 0);
    EXPECT(of_gem >> 32 & 0x3fffffff, compute.gpu_id);
    EXPECT((uint32_t)of_gem, gem);
    EXPECT(of_kfd >> 32 & 0x3fffffff, compute.gpu_id);
    EXPECT((uint32_t)of_kfd, (uint32_t)kfd_handle);
    EXPECT(of_gem >> 62 == of_kfd >> 62, false);
    EXPECT(kmt_shim_lookup(128, at, &found), 0);
    EXPECT(found.handle == of_kfd, true);

    EXPECT(kmt_shim_bo_query(of_gem, &bo), 0);
    EXPECT(bo.api, KMT_SHIM_GEM);
    EXPECT(bo.gem_handle, gem);
    EXPECT(bo.size, 64 * KIB);
    EXPECT(bo.mappings, 0);
    EXPECT(kmt_shim_bo_query(of_kfd, &bo), 0);
    EXPECT(bo.api, KMT_SHIM_KFD);
    EXPECT(bo.kfd_handle == kfd_handle, true);
    EXPECT(bo.mappings, 1);

    /* one side's number is nobody's on the other; bare numbers are no handles */
    EXPECT(kmt_shim_handle_of_gem(129, gem, &other), -ENOENT);
    EXPECT(kmt_shim_handle_of_gem(128, 1000, &other), -ENOENT);
    EXPECT(kmt_shim_handle_of_kfd(gem, &other), -ENOENT);
    EXPECT(kmt_shim_bo_query(kfd_handle, &bo), -EINVAL);
    EXPECT(kmt_shim_bo_query(gem, &bo), -EINVAL);
    EXPECT(kmt_shim_bo_query(0, &bo), -EINVAL);
    EXPECT(kmt_shim_bo_query(of_gem + 1000, &bo), -ENOENT);
    EXPECT(gem_close(compute.drm, gem), 0);
    EXPECT(kmt_shim_bo_query(of_gem, &bo), -ENOENT);
}

/* ---- W12 ---- */

static void case_share_bo(void)
{
    kmt_shim_handle handle, there, kfd_there;
    struct compute a, b;
    uint64_t kfd_handle, at;
    struct kmt_shim_bo bo;
    uint32_t gem, valid;
    volatile uint32_t *mine, *theirs;

    compute_start(&a, 0);
    gem = gem_make(a.drm, 64 * KIB);
    EXPECT(kmt_shim_handle_of_gem(128, gem, &handle), 0);
    EXPECT(kmt_shim_bo_share(handle, 129, &there), -ENODEV);
    compute_start(&b, 1);
    EXPECT(kmt_shim_bo_share(handle, 129, &there), 0);
    EXPECT(kmt_shim_bo_query(there, &bo), 0);
    EXPECT(bo.render_minor, 129);
    EXPECT(bo.size, 64 * KIB);
    EXPECT(there == handle, false); /* an object of its own */
    EXPECT(gem_va(b.drm, AMDGPU_VA_OP_MAP, bo.gem_handle, high_address(0), 64 * KIB, 0), 0);
    EXPECT_THERE(&b, high_address(0));
    EXPECT_FREE(&a, high_address(0));
    mine = gem_host(a.drm, gem, 64 * KIB);
    theirs = gem_host(b.drm, bo.gem_handle, 64 * KIB);
    mine[5] = 12345;
    EXPECT(theirs[5], 12345);
    EXPECT(gem_close(b.drm, bo.gem_handle), 0);
    EXPECT(kmt_shim_bo_query(there, &bo), -ENOENT);

    at = compute_buffer(&a, 64 * KIB, GTT, &kfd_handle);
    EXPECT(kmt_shim_lookup(128, at, &found), 0);
    EXPECT(kmt_shim_bo_share(found.handle, 129, &kfd_there), 0);
    EXPECT(
        gem_create(a.drm, PAGE, AMDGPU_GEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_VM_ALWAYS_VALID, &valid),
        0);
    EXPECT(kmt_shim_handle_of_gem(128, valid, &handle), 0);
    EXPECT(kmt_shim_bo_share(handle, 129, &there), -EPERM);
}

/* ---- events ---- */

static struct {
    atomic_uint count[KMT_SHIM_EVENT_FAULT + 1];
    uint64_t mapped_at;
    int subscription;
} seen;

static void notice(void *context, const struct kmt_shim_event *event)
{
    EXPECT((uintptr_t)context, (uintptr_t)&seen);
    atomic_fetch_add(&seen.count[event->kind], 1);
    if (event->range)
        seen.mapped_at = event->range->start;
    if (event->kind == KMT_SHIM_EVENT_UNMAPPED)
        EXPECT(kmt_shim_lookup(128, event->range->start, &found), -ENOENT); /* it took effect */
}

static void leave(void *context, const struct kmt_shim_event *event)
{
    (void)event;
    EXPECT(kmt_shim_unsubscribe(*(int *)context), 0);
    *(int *)context = 0;
}

static void case_events(void)
{
    void *host = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct compute compute;
    uint64_t ring;
    int leaving;
    uint32_t gem;

    EXPECT(kmt_shim_subscribe(notice, &seen, &seen.subscription), 0);
    compute_start(&compute, 0);
    EXPECT(seen.count[KMT_SHIM_EVENT_SETTLED], 1);
    EXPECT(seen.count[KMT_SHIM_EVENT_ACQUIRED], 1);
    gem = gem_make(compute.drm, 64 * KIB);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, high_address(0), 64 * KIB, 0), 0);
    EXPECT(seen.count[KMT_SHIM_EVENT_MAPPED], 1);
    EXPECT(seen.mapped_at == high_address(0), true);
    EXPECT(gem_va(compute.drm, AMDGPU_VA_OP_MAP, gem, high_address(0), 64 * KIB, 0), EINVAL);
    EXPECT(seen.count[KMT_SHIM_EVENT_MAPPED], 1);
    EXPECT(gem_close(compute.drm, gem), 0);
    EXPECT(seen.count[KMT_SHIM_EVENT_UNMAPPED], 1);
    EXPECT(kmt_shim_import_drm_fd(0, -1), -EBADF);
    EXPECT(seen.count[KMT_SHIM_EVENT_REFUSED], 1);
    EXPECT(kfd_alloc(&compute, reserve(64 * KIB), 64 * KIB,
                     GTT | KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM, &ring),
           0);
    EXPECT(kfd_map(&compute, ring), 0); /* twice in a row */
    EXPECT(kfd_map(&compute, ring), 0); /* nothing new */
    EXPECT(seen.count[KMT_SHIM_EVENT_MAPPED], 3);
    EXPECT(kfd_svm(&compute, host, 64 * KIB), 0);
    EXPECT(kfd_svm(&compute, host, 128 * KIB), 0); /* half of it is new */
    EXPECT(seen.count[KMT_SHIM_EVENT_MAPPED], 5);

    EXPECT(kmt_shim_subscribe(leave, &leaving, &leaving), 0);
    EXPECT(kmt_shim_import_drm_fd(0, -1), -EBADF);
    EXPECT(leaving, 0); /* from within its own call */
    EXPECT(kmt_shim_unsubscribe(seen.subscription), 0);
    EXPECT(kmt_shim_unsubscribe(seen.subscription), -ENOENT);
    EXPECT(kmt_shim_import_drm_fd(0, -1), -EBADF);
    EXPECT(seen.count[KMT_SHIM_EVENT_REFUSED], 2);
}

/* ---- W7 and the counters ---- */

/* A compute allocation is graphics' to use, and the reverse, without a call, a descriptor or an
 * object more. */
static void case_no_dmabuf(void)
{
    struct kmt_shim_counters before, after;
    uint64_t handle, at;
    unsigned descriptors;
    struct compute compute;

    compute_start(&compute, 0);
    gem_make(compute.drm, PAGE);
    descriptors = open_descriptors();
    kmt_shim_counters_read(&before);
    at = compute_buffer(&compute, 64 * KIB, VRAM, &handle);
    EXPECT(kmt_shim_lookup(128, at, &found), 0); /* in graphics' VM, at its address */
    kmt_shim_counters_read(&after);
    EXPECT(after.gem_objects, before.gem_objects);
    EXPECT(after.shim_fds, before.shim_fds);
    EXPECT(after.shim_calls, before.shim_calls);
    EXPECT(after.kfd_objects - before.kfd_objects, 1);
    EXPECT(after.kfd_ioctls - before.kfd_ioctls, 2);
    EXPECT(after.drm_ioctls, before.drm_ioctls);
    /* A software device may notice only now that one was closed before. */
    EXPECT(open_descriptors() <= descriptors, true);
}

const struct weld_case table_cases[] = {
    {"table-graphics", case_table_graphics},
    {"table-cut", case_table_cut},
    {"table-compute", case_table_compute},
    {"table-both", case_table_both},
    {"table-several", case_table_several},
    {"table-walk", case_table_walk},
    {"table-separate", case_table_separate},
    {"table-off", case_table_off},
    {"handles", case_handles},
    {"share-bo", case_share_bo},
    {"events", case_events},
    {"no-dmabuf", case_no_dmabuf},
    {NULL, NULL},
};
