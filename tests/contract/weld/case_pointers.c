/* SPDX-License-Identifier: MIT
 *
 * Bad pointers in the calls that the shim looks at: EFAULT from the kernel, and no crash before.
 */
#include "tests/contract/weld/weld.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <drm.h>

/* A page without access, and the bytes in front of it, which can be used. */
static uint64_t edge;

static const uint64_t nowhere[] = {1, UINT64_C(1) << 63, UINT64_C(0x400000000000) | PAGE,
                                   UINT64_MAX - 7};

static void edge_make(void)
{
    char *at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(at == MAP_FAILED, false);
    EXPECT(mprotect(at + PAGE, PAGE, PROT_NONE), 0);
    edge = (uintptr_t)at + PAGE;
}

static int result(int fd, unsigned long request, uint64_t argument)
{
    return ioctl(fd, request, (void *)(uintptr_t)argument) == 0 ? 0 : errno;
}

static void expect_refused(int fd, unsigned long request)
{
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        EXPECT(result(fd, request, nowhere[i]), EFAULT);
    EXPECT(result(fd, request, 0), EFAULT);
    EXPECT(result(fd, request, edge), EFAULT);
    EXPECT(result(fd, request, edge - 4), EFAULT);
}

static void case_pointer_arguments(void)
{
    static const unsigned long drm[] = {
        DRM_IOCTL_GEM_CLOSE,          DRM_IOCTL_GEM_OPEN,          DRM_IOCTL_PRIME_HANDLE_TO_FD,
        DRM_IOCTL_PRIME_FD_TO_HANDLE, DRM_IOCTL_AMDGPU_GEM_CREATE, DRM_IOCTL_AMDGPU_GEM_USERPTR,
        DRM_IOCTL_AMDGPU_GEM_OP,      DRM_IOCTL_AMDGPU_INFO,       DRM_IOCTL_AMDGPU_CTX,
        DRM_IOCTL_AMDGPU_GEM_VA,
    };
    static const unsigned long kfd[] = {
        AMDKFD_IOC_ACQUIRE_VM,
        AMDKFD_IOC_ALLOC_MEMORY_OF_GPU,
        AMDKFD_IOC_FREE_MEMORY_OF_GPU,
        AMDKFD_IOC_MAP_MEMORY_TO_GPU,
        AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU,
        AMDKFD_IOC_IMPORT_DMABUF,
        AMDKFD_IOC_SVM,
        AMDKFD_IOC_CREATE_QUEUE,
        AMDKFD_IOC_CREATE_EVENT,
        AMDKFD_IOC_DESTROY_EVENT,
        AMDKFD_IOC_WAIT_EVENTS,
    };
    struct compute compute;

    edge_make();
    compute_start(&compute, 0);
    for (unsigned i = 0; i < sizeof drm / sizeof drm[0]; i++)
        expect_refused(compute.drm, drm[i]);
    for (unsigned i = 0; i < sizeof kfd / sizeof kfd[0]; i++)
        expect_refused(compute.kfd, kfd[i]);
    gem_close(compute.drm, gem_make(compute.drm, PAGE));
}

/* With an event of memory exceptions the shim looks at every array of events. */
static void events(const struct compute *compute, uint64_t at)
{
    struct kfd_ioctl_wait_events_args args = {.events_ptr = at, .num_events = 3};

    EXPECT(result(compute->kfd, AMDKFD_IOC_WAIT_EVENTS, (uintptr_t)&args), EFAULT);
    args.num_events = UINT32_MAX;
    EXPECT(result(compute->kfd, AMDKFD_IOC_WAIT_EVENTS, (uintptr_t)&args) != 0, true);
}

static void gpus_of_a_mapping(const struct compute *compute, uint64_t handle, uint64_t at)
{
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = at, .n_devices = 1};

    EXPECT(result(compute->kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, (uintptr_t)&args), EFAULT);
    EXPECT(result(compute->kfd, AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, (uintptr_t)&args), EFAULT);
    args.n_success = 1; /* done already: nothing to do */
    (void)result(compute->kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, (uintptr_t)&args);
}

static void answers(const struct compute *compute, uint64_t at)
{
    struct drm_amdgpu_info info = {
        .query = AMDGPU_INFO_DEV_INFO, .return_pointer = at, .return_size = 4096};
    struct drm_amdgpu_gem_op op = {.handle = gem_make(compute->drm, PAGE),
                                   .op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO,
                                   .value = at};

    EXPECT(result(compute->drm, DRM_IOCTL_AMDGPU_INFO, (uintptr_t)&info), EFAULT);
    EXPECT(result(compute->drm, DRM_IOCTL_AMDGPU_GEM_OP, (uintptr_t)&op), EFAULT);
    EXPECT(gem_close(compute->drm, op.handle), 0);
}

static void case_pointers_inside(void)
{
    struct kfd_ioctl_create_event_args event = {.event_type = KFD_IOC_EVENT_MEMORY};
    struct compute compute;
    uint64_t handle;

    edge_make();
    compute_start(&compute, 0);
    EXPECT(result(compute.kfd, AMDKFD_IOC_CREATE_EVENT, (uintptr_t)&event), 0);
    EXPECT(kfd_alloc(&compute, reserve(PAGE), PAGE, GTT, &handle), 0);
    for (unsigned i = 0; i <= sizeof nowhere / sizeof nowhere[0]; i++) {
        uint64_t at = i < sizeof nowhere / sizeof nowhere[0] ? nowhere[i] : edge;

        events(&compute, at);
        gpus_of_a_mapping(&compute, handle, at);
        answers(&compute, at);
    }
    events(&compute, edge - 4);
    EXPECT(kfd_map(&compute, handle), 0);
    EXPECT(kfd_unmap(&compute, handle), 0);
    EXPECT(kfd_free(&compute, handle), 0);
}

/* What a request does not name is not copied: the shim must not take it for an answer. */
static void case_pointer_directions(void)
{
    union drm_amdgpu_gem_create args = {.in = {.bo_size = PAGE, .domains = AMDGPU_GEM_DOMAIN_GTT}};
    const unsigned long unnamed =
        _IOC(_IOC_NONE, 'd', _IOC_NR(DRM_IOCTL_AMDGPU_GEM_CREATE), sizeof args);
    struct kmt_shim_counters counters;
    struct compute compute;

    edge_make();
    compute_start(&compute, 0);
    EXPECT(result(compute.drm, unnamed, (uintptr_t)&args), EINVAL); /* of no size */
    EXPECT(result(compute.drm, unnamed, edge), EINVAL);
    kmt_shim_counters_read(&counters);
    EXPECT(counters.gem_objects, 0);
}

const struct weld_case pointer_cases[] = {
    {"pointer-arguments", case_pointer_arguments},
    {"pointers-inside", case_pointers_inside},
    {"pointer-directions", case_pointer_directions},
    {NULL, NULL},
};
