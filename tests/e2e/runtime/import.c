/* SPDX-License-Identifier: MIT
 * hipImportExternalMemory() of a libdrm buffer that is mapped already:
 *
 *   import same|other       the address that HIP gets is graphics' own, or another one
 *
 * Either way both sides see one memory, imports are counted, and what has been let go of can be
 * imported anew.
 */
#include "graphics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define __HIP_PLATFORM_AMD__ 1
#include <hip/hip_runtime_api.h>
#include <hsa/hsa_ext_amd.h>

#define HIP(call)         check_hip((call), #call)
#define EXPECT(condition) expect((condition), #condition, __LINE__)

static void check_hip(hipError_t error, const char *call)
{
    if (error == hipSuccess)
        return;
    fprintf(stderr, "%s: %s\n", call, hipGetErrorString(error));
    exit(2);
}

static void expect(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "import.c:%d: not so: %s\n", line, condition);
    exit(1);
}

static int export_fd(struct graphics *graphics)
{
    uint32_t fd;

    EXPECT(amdgpu_bo_export(graphics->bo, amdgpu_bo_handle_type_dma_buf_fd, &fd) == 0);
    return (int)fd;
}

static void *import(struct graphics *graphics, hipExternalMemory_t *out_memory)
{
    hipExternalMemoryHandleDesc handle = {
        .type = hipExternalMemoryHandleTypeOpaqueFd,
        .handle.fd = export_fd(graphics),
        .size = GRAPHICS_BOARD_BYTES,
    };
    hipExternalMemoryBufferDesc buffer = {.size = GRAPHICS_BOARD_BYTES};
    void *address;

    HIP(hipImportExternalMemory(out_memory, &handle));
    HIP(hipExternalMemoryGetMappedBuffer(&address, *out_memory, &buffer));
    close(handle.handle.fd);
    return address;
}

/* The CPU's view is graphics' mapping of the same buffer. */
static void exchange(struct graphics *graphics, void *address, uint64_t value)
{
    uint64_t back = 0;

    HIP(hipMemcpy(address, &value, sizeof value, hipMemcpyHostToDevice));
    HIP(hipDeviceSynchronize());
    EXPECT(graphics->board->word == value);
    graphics->board->word = ~value;
    HIP(hipMemcpy(&back, address, sizeof back, hipMemcpyDeviceToHost));
    EXPECT(back == ~value);
}

static void ask_pointer(struct graphics *graphics, int same)
{
    hsa_amd_pointer_info_t info = {.size = sizeof info};
    char *inside = (char *)graphics->board_address + 4096;
    hsa_agent_t *agents = NULL;
    uint32_t count = 0;

    EXPECT(hsa_amd_pointer_info(inside, &info, malloc, &count, &agents) == HSA_STATUS_SUCCESS);
    EXPECT(info.type == (same ? HSA_EXT_POINTER_TYPE_GRAPHICS : HSA_EXT_POINTER_TYPE_UNKNOWN));
    if (same) {
        EXPECT(info.agentBaseAddress == graphics->board_address);
        EXPECT(info.sizeInBytes == GRAPHICS_BOARD_BYTES);
        EXPECT(count == 1 && agents[0].handle == info.agentOwner.handle && agents[0].handle != 0);
    }
    free(agents);
    /* What the runtime knows itself is as ever. */
    info = (hsa_amd_pointer_info_t){.size = sizeof info};
    EXPECT(hsa_amd_pointer_info(&info, &info, NULL, NULL, NULL) == HSA_STATUS_SUCCESS);
    EXPECT(info.type == HSA_EXT_POINTER_TYPE_UNKNOWN);
}

int main(int argc, char **argv)
{
    int same = argc > 1 && strcmp(argv[1], "same") == 0;
    static struct graphics graphics;
    hipExternalMemory_t memory[2];
    void *address[2];

    HIP(hipInit(0));
    HIP(hipFree(NULL));
    graphics_open(&graphics);
    for (int round = 0; round < 3; round++) {
        address[0] = import(&graphics, &memory[0]);
        EXPECT((address[0] == (void *)graphics.board_address) == same);
        exchange(&graphics, address[0], 0x1234567890abcdef + (uint64_t)round);
        HIP(hipDestroyExternalMemory(memory[0]));
    }
    address[0] = import(&graphics, &memory[0]);
    if (same) { /* HIP keeps one object for an address; ask the runtime for the second */
        hsa_agent_t *agents = NULL;
        hsa_amd_pointer_info_t info = {.size = sizeof info};
        uint32_t count;
        size_t bytes;
        int fd = export_fd(&graphics);

        EXPECT(hsa_amd_pointer_info(address[0], &info, malloc, &count, &agents) == 0);
        EXPECT(hsa_amd_interop_map_buffer(1, agents, fd, 0, &bytes, &address[1], NULL, NULL) == 0);
        EXPECT(address[1] == address[0] && bytes == GRAPHICS_BOARD_BYTES);
        EXPECT(hsa_amd_interop_unmap_buffer(address[1]) == HSA_STATUS_SUCCESS);
        free(agents);
        close(fd);
    }
    exchange(&graphics, address[0], 77);
    HIP(hipDestroyExternalMemory(memory[0]));
    ask_pointer(&graphics, same);
    graphics_close(&graphics);
    printf("import: %s address\n", same ? "graphics' own" : "another");
    return 0;
}
