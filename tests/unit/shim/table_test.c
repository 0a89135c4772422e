/* SPDX-License-Identifier: MIT
 *
 * The BO table against a kernel that keeps plain lists: after every call, granted, refused or
 * half-way granted, each address has the same answer in both.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

#include "base/log.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/lookup.h"
#include "kmt-shim/observe.h"
#include "tests/unit/random.h"
#include "tests/unit/shim/fake_kernel.h"

enum { PAGE = 4096, PAGES = 48, GEMS = 8, KFDS = 8, STEPS = 5000 };

#define LOW  UINT64_C(0x7e0000000000)
#define HIGH UINT64_C(0xffff800300000000)

static uint32_t gems[GEMS];
static struct {
    bool alive;
    uint64_t handle;
} kfds[KFDS];

static uint64_t seed = 20;

static uint32_t below(uint32_t limit)
{
    return (uint32_t)random_below(&seed, limit);
}

static int drm(unsigned long request, void *argument)
{
    return observe_ioctl(FAKE_DRM_FD, request, argument);
}

static int kfd(unsigned long request, void *argument)
{
    return observe_ioctl(FAKE_KFD_FD, request, argument);
}

static uint64_t any_address(void)
{
    return (below(2) ? HIGH : LOW) + (uint64_t)below(PAGES - 8) * PAGE;
}

/* ---- one step ---- */

static void step_gem_create(unsigned i)
{
    union drm_amdgpu_gem_create create = {.in = {.bo_size = 16 * PAGE}};
    struct drm_gem_close close_args = {.handle = gems[i]};

    if (gems[i]) {
        if (drm(DRM_IOCTL_GEM_CLOSE, &close_args) == 0)
            gems[i] = 0;
    } else if (drm(DRM_IOCTL_AMDGPU_GEM_CREATE, &create) == 0) {
        gems[i] = create.out.handle;
    }
}

static void step_gem_va(unsigned i)
{
    struct drm_amdgpu_gem_va args = {
        .handle = gems[i],
        .operation = 1 + below(4),
        .flags = AMDGPU_VM_PAGE_READABLE,
        .va_address = any_address(),
        .offset_in_bo = below(8) * PAGE,
        .map_size = (1 + below(8)) * PAGE,
    };

    (void)drm(DRM_IOCTL_AMDGPU_GEM_VA, &args);
}

static void step_kfd_alloc(unsigned i)
{
    struct kfd_ioctl_free_memory_of_gpu_args free_args = {.handle = kfds[i].handle};
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = any_address(),
        .size = (1 + below(4)) * 2 * PAGE,
        .gpu_id = below(2) ? FAKE_GPU_A : FAKE_GPU_B,
        .flags =
            KFD_IOC_ALLOC_MEM_FLAGS_GTT | (below(4) ? 0 : KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM),
    };

    if (kfds[i].alive)
        kfds[i].alive = kfd(AMDKFD_IOC_FREE_MEMORY_OF_GPU, &free_args) != 0;
    else if (kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args) == 0)
        kfds[i] = (__typeof__(kfds[i])){true, args.handle};
}

static void step_kfd_map(unsigned i, bool map)
{
    uint32_t ids[2] = {FAKE_GPU_A, FAKE_GPU_B};
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = kfds[i].handle,
        .device_ids_array_ptr = (uintptr_t)ids,
        .n_devices = 1 + below(2),
    };

    if (below(2)) {
        ids[0] = FAKE_GPU_B;
        ids[1] = FAKE_GPU_A;
    }
    if (map && below(4) == 0)
        fake_kernel_map_only(below(2));
    (void)kfd(map ? AMDKFD_IOC_MAP_MEMORY_TO_GPU : AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, &args);
}

/* A KFD buffer gets a GEM handle, or the other way round. (Of another GPU's buffer there would be a
 * second object.) */
static void step_share(unsigned i, unsigned k)
{
    struct drm_prime_handle prime = {.handle = gems[i]};
    struct kfd_ioctl_import_dmabuf_args import = {.va_addr = any_address(), .gpu_id = FAKE_GPU_A};
    struct {
        uint64_t handle;
        uint32_t flags, dmabuf_fd;
    } export = {.handle = kfds[k].handle};

    if (gems[i] && !kfds[k].alive && drm(DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) == 0) {
        import.dmabuf_fd = (uint32_t)prime.fd;
        if (kfd(AMDKFD_IOC_IMPORT_DMABUF, &import) == 0)
            kfds[k] = (__typeof__(kfds[k])){true, import.handle};
        close(prime.fd);
    } else if (!gems[i] && kfds[k].alive && kfds[k].handle >> 32 == FAKE_GPU_A &&
               kfd(_IOWR('K', 0x24, export), &export) == 0) {
        prime.fd = (int)export.dmabuf_fd;
        if (drm(DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) == 0) {
            gems[i] = prime.handle;
            for (unsigned other = 0; other < GEMS; other++) {
                if (other != i && gems[other] == prime.handle)
                    gems[i] = 0; /* it had that handle already */
            }
        }
        close(prime.fd);
    }
}

static void step(void)
{
    unsigned i = below(GEMS), k = below(KFDS);

    if (below(10) == 0)
        fake_kernel_fail_next(below(2) ? ENOMEM : EINTR);
    switch (below(8)) {
    case 0:
        step_gem_create(i);
        break;
    case 1:
        step_kfd_alloc(k);
        break;
    case 2:
        step_kfd_map(k, true);
        break;
    case 3:
        step_kfd_map(k, false);
        break;
    case 4:
        step_share(i, k);
        break;
    default:
        step_gem_va(i);
    }
    fake_kernel_fail_next(0);
    fake_kernel_map_only(~0u);
}

/* ---- comparing ---- */

static void compare_at(int vm, uint64_t address)
{
    const struct fake_mapping *want = fake_kernel_find(vm, address);
    struct kmt_shim_range got;
    rw_status status = lookup_range(128 + (unsigned)vm, address, &got);
    struct kmt_shim_bo bo;
    uint64_t kfd_handle;

    if (!want) {
        assert_int_equal(status.err, ENOENT);
        return;
    }
    assert_int_equal(status.err, 0);
    assert_true(got.start == want->start && got.size == want->last - want->start + 1);
    assert_true(got.bo_offset == want->offset);
    assert_int_equal(lookup_bo(got.handle, &bo).err, 0); /* by a living name */
    if (bo.gem_handle) {
        assert_int_equal(bo.gem_handle, fake_kernel_gem_of(want->object));
    } else {
        assert_true(fake_kernel_has_kfd(want->object, &kfd_handle));
        assert_true(bo.kfd_handle == kfd_handle);
    }
}

static void compare(void)
{
    struct kmt_shim_counters living;

    for (int vm = 0; vm < 2; vm++) {
        for (unsigned page = 0; page < PAGES; page++) {
            compare_at(vm, LOW + page * PAGE);
            compare_at(vm, HIGH + page * PAGE + PAGE - 1);
        }
    }
    lookup_count(&living);
    assert_int_equal(living.ranges, fake_kernel_count(0) + fake_kernel_count(1));
}

static void test_follows_the_kernel(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        compare();
    }
}

/* ---- descriptors ---- */

enum { FD = 50 };

static struct drm_file *file_of(int fd)
{
    struct drm_file *file = files_get(fd);

    files_put(file);
    return file;
}

static void test_descriptors(void **state)
{
    struct drm_file *first, *second;

    (void)state;
    files_note_open(FD, 130);
    first = file_of(FD);
    assert_non_null(first);
    files_note_dup(FD, FD + 1);
    assert_ptr_equal(file_of(FD + 1), first);
    files_note_open(FD + 2, 130);
    second = file_of(FD + 2);
    assert_ptr_not_equal(second, first);

    assert_int_equal(files_choose(130), FD); /* the eldest */
    atomic_store(&second->used, true);
    assert_int_equal(files_choose(130), FD + 2); /* one in use before that */
    atomic_store(&second->separate, true);
    files_note_close(FD);
    assert_int_equal(files_choose(130), FD + 1); /* the other number of the first */
    assert_true(files_is_known(FD + 1));
    assert_false(files_is_known(FD));

    files_note_dup(FD + 1, FD + 2); /* dup2 over the second file's last one */
    assert_ptr_equal(file_of(FD + 2), first);
    files_note_dup(0, FD + 1); /* a descriptor that is none of ours */
    assert_null(file_of(FD + 1));
    files_note_close_range(FD, ~0u);
    assert_int_equal(files_choose(130), -1);
}

/* Descriptors that nobody saw coming are compared; without kcmp() they are of the shared file. */
static void test_unknown_descriptors(void **state)
{
    struct drm_file *first, *shared;

    (void)state;
    fake_kernel_describe(131, 0);
    first = file_of(FD);
    assert_non_null(first);
    assert_false(first->opened);
    shared = file_of(FD + 1);
    assert_ptr_not_equal(shared, first);
    assert_int_equal(files_choose(131), -1); /* not this process's to share */
    fake_kernel_describe(131, 1);
    assert_ptr_equal(file_of(FD + 2), first);
    atomic_store(&shared->shared, true);
    fake_kernel_describe(131, -1);
    assert_ptr_equal(file_of(FD + 3), shared);
    fake_kernel_describe(0, 0);
    assert_null(file_of(FD + 4));
    assert_ptr_equal(file_of(FD + 3), shared); /* known by now */
    files_note_close_range(FD, FD + 4);
}

static void test_secondary_context(void **state)
{
    (void)state;
    files_mark_secondary_kfd(FD);
    files_note_dup(FD, FD + 1);
    assert_true(files_is_secondary_kfd(FD + 1));
    files_note_close(FD);
    files_note_close(FD + 1);
    assert_false(files_is_secondary_kfd(FD));
    assert_false(files_is_secondary_kfd(FD + 1));
}

static void test_private_descriptors(void **state)
{
    (void)state;
    assert_int_equal(files_private_in(0, ~0u), -1);
    files_private_add(70);
    files_private_add(60);
    assert_true(files_is_private(60));
    assert_false(files_is_private(61));
    assert_int_equal(files_private_in(0, ~0u), 60);
    assert_int_equal(files_private_in(61, 70), 70);
    assert_int_equal(files_private_in(61, 69), -1);
    files_private_remove(60);
    files_private_remove(70);
    assert_int_equal(files_private_in(0, ~0u), -1);
}

/* ---- what is told ---- */

static void test_requests_that_pass(void **state)
{
    struct kmt_shim_counters before, after;
    uint32_t unused = 0;

    (void)state;
    counters_read(&before);
    assert_false(observe_is_candidate(0x5401));                        /* TCGETS */
    assert_true(observe_is_candidate(0x4b33));                         /* KDGKBTYPE: type K */
    assert_int_equal(observe_ioctl(FAKE_KFD_FD, 0x4b33, &unused), -1); /* but not the KFD's */
    assert_int_equal(observe_ioctl(FAKE_DRM_FD, DRM_IOCTL_GEM_FLINK, &unused), -1);
    counters_read(&after);
    assert_int_equal(after.kfd_ioctls, before.kfd_ioctls);
    assert_int_equal(after.drm_ioctls - before.drm_ioctls, 1);
}

static void expect_text(uint64_t address, const char *want)
{
    char text[256];

    lookup_explain(129, address, text, sizeof text);
    if (!strstr(text, want))
        fail_msg("\"%s\", want \"...%s...\"", text, want);
}

static void test_explanations(void **state)
{
    const uint64_t at = UINT64_C(0x7d0000000000);
    const uint32_t ids[] = {FAKE_GPU_B};
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = at,
        .size = 3 * 1024 * 1024,
        .gpu_id = FAKE_GPU_B,
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_VRAM,
    };
    struct kfd_ioctl_map_memory_to_gpu_args map = {.device_ids_array_ptr = (uintptr_t)ids,
                                                   .n_devices = 1};
    char small[8];

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args), 0);
    expect_text(at, "inside a 3 MiB compute buffer that is not mapped on this GPU");
    map.handle = args.handle;
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &map), 0);
    expect_text(at + 7, "7 bytes into a 3 MiB compute buffer mapped read-only, handle 0x2222");
    expect_text(at + args.size, "right behind the end of a 3 MiB compute buffer");
    expect_text(at + args.size + 1, "1 byte past the end of");
    expect_text(at - 4096, "4 KiB before a 3 MiB");
    expect_text(at - 3000001, "2.9 MiB before");
    expect_text(UINT64_C(0x1234000000000000), "no GPU address");
    assert_true(lookup_explain(129, at, small, sizeof small) > sizeof small);
    assert_int_equal(strlen(small), sizeof small - 1);
    assert_true(lookup_explain(150, at, small, 0) > 0);
}

static int setup(void **state)
{
    (void)state;
    rw_log_configure("error"); /* refusals that are provoked are no news */
    fake_kernel_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows_the_kernel),  cmocka_unit_test(test_explanations),
        cmocka_unit_test(test_requests_that_pass),  cmocka_unit_test(test_secondary_context),
        cmocka_unit_test(test_private_descriptors), cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_unknown_descriptors),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
