/* SPDX-License-Identifier: MIT
 * HIP and Vulkan by turns on one buffer, and how many hand-overs there are in a second:
 * measure_interop WAY KERNEL_DIR, the folder with <gpu>/<kernel>.co. The ways:
 *
 *   bridge     one VM: Vulkan's address in HIP, a timeline through the bridge. The CPU waits once a
 *              turn, for Vulkan's of three turns ago, as a program does that renders frames
 *   external   memory exported by Vulkan and imported by HIP. As HIP has no external semaphores,
 * the CPU waits at each hand-over
 *
 * HIP changes the sign of a word by what Vulkan copied of it the turn before: out of order, its
 * magnitude grows.
 */
#include "measure.h"
#include "measure_kernel.h"
#include "vulkan_device.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "samples/hip/agent.h"
#include <rocweld.h>

enum { BYTES = 65536, COPY_AT = 256, WARM_UP = 50, TURNS = 1000, IN_FLIGHT = 3 };

#define WELD(call) weld_check((call), #call)

static void weld_check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: error %d\n", call, result);
    exit(1);
}

struct game {
    struct vulkan_device vulkan;
    struct vulkan_buffer buffer;
    VkCommandBuffer copy; /* the word to COPY_AT */
    hipFunction_t saxpy;
    hipStream_t stream;
    char *words; /* as HIP knows them */
};

static void game_open(struct game *game, bool exported, const char *folder)
{
    VkBufferCopy word = {.srcOffset = 0, .dstOffset = COPY_AT, .size = sizeof(float)};
    const float one = 1;

    MEASURE_HIP(hipInit(0));
    MEASURE_HIP(hipFree(NULL));
    vulkan_open(false, true, &game->vulkan);
    vulkan_buffer_create(&game->vulkan, BYTES, exported, &game->buffer);
    memcpy(game->buffer.memory.host, &one, sizeof one);
    memcpy((char *)game->buffer.memory.host + COPY_AT, &one, sizeof one);
    game->copy = vulkan_begin(&game->vulkan);
    vkCmdCopyBuffer(game->copy, game->buffer.buffer, game->buffer.buffer, 1, &word);
    VULKAN_CHECK(vkEndCommandBuffer(game->copy));
    game->saxpy = measure_kernel_load(folder, "saxpy");
    MEASURE_HIP(hipStreamCreate(&game->stream));
}

/* word -= 2 copy */
static void hip_turn(struct game *game)
{
    struct {
        float alpha;
        const void *x;
        void *y;
        unsigned n;
    } args = {-2, game->words + COPY_AT, game->words, 1};
    size_t bytes = sizeof args;
    void *config[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &args, HIP_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                      HIP_LAUNCH_PARAM_END};

    MEASURE_HIP(
        hipModuleLaunchKernel(game->saxpy, 1, 1, 1, 64, 1, 1, 0, game->stream, NULL, config));
}

/* ---- one VM ---- */

static VkSemaphore create_timeline(struct vulkan_device *vulkan, int *out_fd)
{
    VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                      .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    VkExportSemaphoreCreateInfo exported = {.sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
                                            .pNext = &type,
                                            .handleTypes =
                                                VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                  .pNext = &exported};
    VkSemaphoreGetFdInfoKHR get = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
                                   .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    PFN_vkGetSemaphoreFdKHR get_fd =
        (PFN_vkGetSemaphoreFdKHR)vkGetDeviceProcAddr(vulkan->device, "vkGetSemaphoreFdKHR");

    VULKAN_CHECK(vkCreateSemaphore(vulkan->device, &info, NULL, &get.semaphore));
    VULKAN_CHECK(get_fd(vulkan->device, &get, out_fd));
    return get.semaphore;
}

static void submit_between(struct game *game, VkSemaphore timeline, uint64_t wait, uint64_t signal)
{
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    VkTimelineSemaphoreSubmitInfo points = {.sType =
                                                VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
                                            .waitSemaphoreValueCount = 1,
                                            .pWaitSemaphoreValues = &wait,
                                            .signalSemaphoreValueCount = 1,
                                            .pSignalSemaphoreValues = &signal};
    VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                           .pNext = &points,
                           .waitSemaphoreCount = 1,
                           .pWaitSemaphores = &timeline,
                           .pWaitDstStageMask = &stage,
                           .commandBufferCount = 1,
                           .pCommandBuffers = &game->copy,
                           .signalSemaphoreCount = 1,
                           .pSignalSemaphores = &timeline};

    VULKAN_CHECK(vkQueueSubmit(game->vulkan.queue, 1, &submit, NULL));
}

static void wait_for_point(struct game *game, VkSemaphore timeline, uint64_t point)
{
    VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                .semaphoreCount = 1,
                                .pSemaphores = &timeline,
                                .pValues = &point};

    VULKAN_CHECK(vkWaitSemaphores(game->vulkan.device, &info, UINT64_MAX));
}

static double play_bridge(struct game *game)
{
    rocweld_timeline *timeline;
    rocweld_bridge *bridge;
    VkSemaphore semaphore;
    double begin = 0;
    int fd;

    game->words = (char *)(uintptr_t)game->buffer.address;
    WELD(rocweld_bridge_create(agent_first_gpu(), &bridge));
    semaphore = create_timeline(&game->vulkan, &fd);
    WELD(rocweld_timeline_import_fd(bridge, fd, &timeline));
    close(fd);
    for (uint64_t i = 0; i < WARM_UP + TURNS; i++) {
        if (i == WARM_UP) {
            VULKAN_CHECK(vkQueueWaitIdle(game->vulkan.queue));
            begin = measure_now();
        }
        if (i >= IN_FLIGHT)
            wait_for_point(game, semaphore, 2 * (i - IN_FLIGHT) + 2);
        if (i > 0)
            WELD(rocweld_hip_wait_point(timeline, 2 * i, game->stream));
        hip_turn(game);
        WELD(rocweld_hip_signal_point(timeline, 2 * i + 1, game->stream));
        submit_between(game, semaphore, 2 * i + 1, 2 * i + 2);
    }
    VULKAN_CHECK(vkQueueWaitIdle(game->vulkan.queue));
    begin = measure_now() - begin;
    MEASURE_HIP(hipStreamSynchronize(game->stream));
    rocweld_bridge_destroy(bridge);
    return begin;
}

/* ---- external memory ---- */

static void import_words(struct game *game)
{
    VkMemoryGetFdInfoKHR get = {.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
                                .memory = game->buffer.memory.memory,
                                .handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
    PFN_vkGetMemoryFdKHR get_fd =
        (PFN_vkGetMemoryFdKHR)vkGetDeviceProcAddr(game->vulkan.device, "vkGetMemoryFdKHR");
    hipExternalMemoryHandleDesc handle = {.type = hipExternalMemoryHandleTypeOpaqueFd,
                                          .size = BYTES};
    hipExternalMemoryBufferDesc whole = {.size = BYTES};
    hipExternalMemory_t memory;
    void *words;

    VULKAN_CHECK(get_fd(game->vulkan.device, &get, &handle.handle.fd));
    MEASURE_HIP(hipImportExternalMemory(&memory, &handle));
    MEASURE_HIP(hipExternalMemoryGetMappedBuffer(&words, memory, &whole));
    close(handle.handle.fd);
    game->words = words;
}

static double play_external(struct game *game)
{
    VkFence fence = vulkan_fence(&game->vulkan);
    double begin = 0;

    import_words(game);
    for (int i = 0; i < WARM_UP + TURNS; i++) {
        if (i == WARM_UP)
            begin = measure_now();
        hip_turn(game);
        MEASURE_HIP(hipStreamSynchronize(game->stream));
        vulkan_submit(&game->vulkan, game->copy, fence);
        vulkan_fence_wait(&game->vulkan, fence);
    }
    return measure_now() - begin;
}

int main(int argc, char **argv)
{
    static struct game game;
    bool bridge = argc == 3 && strcmp(argv[1], "bridge") == 0;
    double seconds;
    float word;

    if (argc != 3) {
        fprintf(stderr, "usage: measure_interop bridge|external KERNELS\n");
        return 2;
    }
    game_open(&game, !bridge, argv[2]);
    seconds = bridge ? play_bridge(&game) : play_external(&game);
    memcpy(&word, game.buffer.memory.host, sizeof word);
    if (fabsf(word) != 1) {
        fprintf(stderr, "out of order: the word is %g\n", (double)word);
        return 1;
    }
    printf("{\"handovers_per_s\": %.1f}\n", 2 * TURNS / seconds);
    return 0;
}
