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
        if (result != 0)
            continue;
        CHECK(amdgpu_cs_ctx_create(out_graphics->device, &out_graphics->context));
        return;
    }
    fprintf(stderr, "no render node in /dev/dri belongs to an AMD GPU\n");
    exit(1);
}

void graphics_close(struct graphics *graphics)
{
    CHECK(amdgpu_cs_ctx_free(graphics->context));
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

/* One packet for the copy engine: linear copy. */
static uint32_t write_copy(uint32_t *packet, uint64_t to, uint64_t from, uint32_t bytes)
{
    packet[0] = 1;
    packet[1] = bytes - 1;
    packet[2] = 0;
    packet[3] = (uint32_t)from;
    packet[4] = (uint32_t)(from >> 32);
    packet[5] = (uint32_t)to;
    packet[6] = (uint32_t)(to >> 32);
    return 7;
}

static void submit(struct graphics *graphics, amdgpu_bo_list_handle buffers, uint64_t address,
                   uint32_t dwords)
{
    struct amdgpu_cs_ib_info commands = {.ib_mc_address = address, .size = dwords};
    struct amdgpu_cs_request request = {
        .ip_type = AMDGPU_HW_IP_DMA,
        .resources = buffers,
        .number_of_ibs = 1,
        .ibs = &commands,
    };
    struct amdgpu_cs_fence fence = {.context = graphics->context, .ip_type = AMDGPU_HW_IP_DMA};
    uint32_t expired = 0;

    CHECK(amdgpu_cs_submit(graphics->context, 0, &request, 1));
    fence.fence = request.seq_no;
    CHECK(amdgpu_cs_query_fence_status(&fence, AMDGPU_TIMEOUT_INFINITE, 0, &expired));
}

void graphics_copy(struct graphics *graphics, struct graphics_buffer *buffer, uint64_t to,
                   uint64_t from, uint32_t bytes)
{
    struct graphics_buffer commands;
    amdgpu_bo_list_handle buffers;
    uint32_t dwords;

    graphics_buffer_create(graphics, 4096, &commands);
    dwords = write_copy(commands.host, to, from, bytes);
    CHECK(amdgpu_bo_list_create(graphics->device, 2, (amdgpu_bo_handle[]){commands.bo, buffer->bo},
                                NULL, &buffers));
    submit(graphics, buffers, commands.address, dwords);
    CHECK(amdgpu_bo_list_destroy(buffers));
    graphics_buffer_destroy(&commands);
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
