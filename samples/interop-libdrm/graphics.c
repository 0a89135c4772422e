/* SPDX-License-Identifier: MIT */
#include "graphics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <amdgpu_drm.h>

#define CHECK(call) check((call), #call)

static void check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", call, strerror(-result));
    exit(1);
}

void graphics_open(struct graphics *out_graphics)
{
    uint32_t major, minor;

    for (int node = 128; node < 192; node++) {
        char path[32];
        int fd, result;

        snprintf(path, sizeof path, "/dev/dri/renderD%d", node);
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            continue;
        result = amdgpu_device_initialize(fd, &major, &minor, &out_graphics->device);
        close(fd); /* libdrm has its own */
        if (result == 0)
            return;
    }
    fprintf(stderr, "no render node in /dev/dri belongs to an AMD GPU\n");
    exit(1);
}

void graphics_close(struct graphics *graphics)
{
    CHECK(amdgpu_device_deinitialize(graphics->device));
}

void graphics_buffer_create(struct graphics *graphics, size_t bytes,
                            struct graphics_buffer *out_buffer)
{
    struct amdgpu_bo_alloc_request request = {
        .alloc_size = bytes,
        .phys_alignment = 4096,
        .preferred_heap = AMDGPU_GEM_DOMAIN_GTT,
        .flags = AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED,
    };

    out_buffer->bytes = bytes;
    CHECK(amdgpu_bo_alloc(graphics->device, &request, &out_buffer->bo));
    CHECK(amdgpu_va_range_alloc(graphics->device, amdgpu_gpu_va_range_general, bytes, 4096, 0,
                                &out_buffer->address, &out_buffer->va, AMDGPU_VA_RANGE_HIGH));
    CHECK(amdgpu_bo_va_op(out_buffer->bo, 0, bytes, out_buffer->address, 0, AMDGPU_VA_OP_MAP));
    CHECK(amdgpu_bo_cpu_map(out_buffer->bo, &out_buffer->host));
    memset(out_buffer->host, 0, bytes);
}

void graphics_buffer_destroy(struct graphics_buffer *buffer)
{
    CHECK(amdgpu_bo_cpu_unmap(buffer->bo));
    CHECK(amdgpu_bo_va_op(buffer->bo, 0, buffer->bytes, buffer->address, 0, AMDGPU_VA_OP_UNMAP));
    CHECK(amdgpu_va_range_free(buffer->va));
    CHECK(amdgpu_bo_free(buffer->bo));
}

bool graphics_address_is_taken(struct graphics_buffer *buffer, const void *address)
{
    uint64_t page = (uintptr_t)address & ~(uint64_t)4095;
    int result = amdgpu_bo_va_op(buffer->bo, 0, 4096, page, 0, AMDGPU_VA_OP_MAP);

    if (result == -EINVAL)
        return true;
    CHECK(result);
    CHECK(amdgpu_bo_va_op(buffer->bo, 0, 4096, page, 0, AMDGPU_VA_OP_UNMAP));
    return false;
}
