/* SPDX-License-Identifier: MIT
 *
 * A machine of two software GPUs and calls on its DRM nodes as a program makes them. Include
 * cmocka.h before.
 */
#ifndef TESTS_UNIT_FRONT_DRM_FIXTURE_H
#define TESTS_UNIT_FRONT_DRM_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/device/machine.h"
#include "softgpu/front/drm/drm_uapi.h"
#include "softgpu/front/nodes.h"

static struct soft_machine *test_machine;

static inline int machine_setup(void **state)
{
    (void)state;
    rw_log_configure("error"); /* failures are what these tests are about */
    setenv("ROCWELD_GPU", "soft:gfx1030,gfx1030", 1);
    setenv("ROCWELD_VRAM", "256M", 1);
    test_machine = soft_machine();
    return test_machine && test_machine->device_count == 2 ? 0 : -1;
}

static inline int node_of(unsigned device, bool render)
{
    int fd = -1;

    assert_true(rw_ok(drm_node_open(test_machine, &test_machine->devices[device], render,
                                    O_RDWR | O_CLOEXEC, &fd)));
    return fd;
}

static inline int render_node(void)
{
    return node_of(0, true);
}

/* close(2) is synchronous for a real device. */
static inline void node_close(int fd)
{
    close(fd);
    node_settle();
}

/* ioctl(2): 0 or a positive errno number. */
static inline int call(int fd, unsigned long request, void *argument)
{
    struct node *node = node_get_by_fd(fd);
    int result;
    rw_status s;

    assert_non_null(node);
    s = node_call_ioctl(node, request, argument, &result);
    node_put(node);
    return s.err;
}

/* mmap(2): 0 or a positive errno number. */
static inline int map(int fd, size_t length, int prot, int flags, uint64_t offset, void **out)
{
    struct node *node = node_get_by_fd(fd);
    rw_status s;

    assert_non_null(node);
    s = node_call_mmap(node, NULL, length, prot, flags, offset, out);
    node_put(node);
    return s.err;
}

static inline int gem_create_err(int fd, uint64_t size, uint64_t domains, uint64_t flags,
                                 uint32_t *out_handle)
{
    union drm_amdgpu_gem_create args = {
        .in = {.bo_size = size, .alignment = 4096, .domains = domains, .domain_flags = flags}};
    int err = call(fd, DRM_IOCTL_AMDGPU_GEM_CREATE, &args);

    *out_handle = err ? 0 : args.out.handle;
    return err;
}

static inline uint32_t gem_create(int fd, uint64_t size, uint64_t domains)
{
    uint32_t handle = 0;

    assert_int_equal(gem_create_err(fd, size, domains, 0, &handle), 0);
    return handle;
}

static inline int gem_close(int fd, uint32_t handle)
{
    struct drm_gem_close args = {.handle = handle};

    return call(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static inline int gem_va(int fd, uint32_t operation, uint32_t handle, uint64_t va, uint64_t offset,
                         uint64_t size, uint32_t flags)
{
    struct drm_amdgpu_gem_va args = {.handle = handle,
                                     .operation = operation,
                                     .flags = flags,
                                     .va_address = va,
                                     .offset_in_bo = offset,
                                     .map_size = size};

    return call(fd, DRM_IOCTL_AMDGPU_GEM_VA, &args);
}

static inline struct drm_file *file_of(int fd)
{
    struct node *node = node_get_by_fd(fd);
    struct drm_file *file = drm_node_file(node);

    node_put(node);
    return file;
}

static inline struct gpu_vm *vm_of(int fd)
{
    return drm_file_vm(file_of(fd));
}

#define VA_RW (AMDGPU_VM_PAGE_READABLE | AMDGPU_VM_PAGE_WRITEABLE)
#define MIB   (UINT64_C(1) << 20)

static inline uint64_t vram_used(unsigned device)
{
    struct mem_usage usage;

    mem_heaps_usage(test_machine->devices[device].heaps, &usage);
    return usage.vram_used;
}

#endif
