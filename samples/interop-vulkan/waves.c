/* SPDX-License-Identifier: MIT
 * Waves through two slits: HIP computes them in Vulkan's memory, Vulkan shades them into a picture.
 *
 * Both sides work on the same two grids in a VkBuffer, by the buffer's address. They take turns by
 * one Vulkan timeline semaphore: HIP's stream signals point 2k - 1 when it has computed frame k,
 * Vulkan's queue waits for it and signals point 2k when the frame is shaded, and the stream goes on
 * then. The CPU copies nothing and waits for nothing but the finished picture.
 *
 *   waves PICTURE.png [FRAMES]     the last frame; others go to PICTURE-1.png and so on
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rocweld.h>

#include "agent.h"
#include "compute.h"
#include "sample.h"

enum { WIDTH = 384, HEIGHT = 288, CELLS = WIDTH * HEIGHT, STEPS = 32, PICTURES = 4 };

struct picture {
    VkImage image;
    VkDeviceMemory memory;
    VkImageView view;
    const uint8_t *host;
    VkSubresourceLayout layout;
};

struct waves {
    struct vkc vkc;
    struct vkc_buffer grids; /* two */
    struct vkc_pipeline shade;
    struct picture picture;
    VkSemaphore semaphore;
    hipStream_t stream;
    hipFunction_t kernel;
    rocweld_bridge *bridge;
    rocweld_timeline *timeline;
    unsigned steps; /* computed; its lowest bit tells which grid is the newest */
};

static void runtime_check(int error, const char *what)
{
    if (error == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-error));
    exit(1);
}

/* ---- the picture: a linear image that the CPU can read ---- */

static void picture_create(struct vkc *vkc, struct picture *out)
{
    const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .imageType = VK_IMAGE_TYPE_2D,
                                    .format = VK_FORMAT_R8G8B8A8_UNORM,
                                    .extent = {WIDTH, HEIGHT, 1},
                                    .mipLevels = 1,
                                    .arrayLayers = 1,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .tiling = VK_IMAGE_TILING_LINEAR,
                                    .usage = VK_IMAGE_USAGE_STORAGE_BIT};
    const VkImageSubresource whole = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0};
    VkMemoryRequirements needs;

    VKC_CHECK(vkCreateImage(vkc->device, &info, NULL, &out->image));
    vkGetImageMemoryRequirements(vkc->device, out->image, &needs);

    const VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                         .allocationSize = needs.size,
                                         .memoryTypeIndex =
                                             vkc_memory_type(vkc, needs.memoryTypeBits)};

    VKC_CHECK(vkAllocateMemory(vkc->device, &memory, NULL, &out->memory));
    VKC_CHECK(vkBindImageMemory(vkc->device, out->image, out->memory, 0));
    VKC_CHECK(vkMapMemory(vkc->device, out->memory, 0, VK_WHOLE_SIZE, 0, (void **)&out->host));
    vkGetImageSubresourceLayout(vkc->device, out->image, &whole, &out->layout);

    const VkImageViewCreateInfo view = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = out->image,
        .viewType = VK_IMAGE_VIEW_TYPE_2D,
        .format = info.format,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};

    VKC_CHECK(vkCreateImageView(vkc->device, &view, NULL, &out->view));
}

static void picture_destroy(struct vkc *vkc, struct picture *picture)
{
    vkDestroyImageView(vkc->device, picture->view, NULL);
    vkDestroyImage(vkc->device, picture->image, NULL);
    vkFreeMemory(vkc->device, picture->memory, NULL);
}

static void picture_write(const struct picture *picture, const char *path)
{
    static uint8_t rgb[CELLS * 3];

    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < WIDTH; x++)
            memcpy(&rgb[3 * (y * WIDTH + x)],
                   picture->host + picture->layout.offset + y * picture->layout.rowPitch + 4 * x,
                   3);
    sample_png_write(path, WIDTH, HEIGHT, rgb);
}

/* ---- one timeline for both ---- */

static void semaphore_create(struct waves *waves)
{
    const VkExportSemaphoreCreateInfo share = {
        .sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
        .handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                            .pNext = &share,
                                            .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                        .pNext = &type};

    VKC_CHECK(vkCreateSemaphore(waves->vkc.device, &info, NULL, &waves->semaphore));
}

static int semaphore_export(struct waves *waves)
{
    const VkSemaphoreGetFdInfoKHR info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
                                          .semaphore = waves->semaphore,
                                          .handleType =
                                              VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    PFN_vkGetSemaphoreFdKHR get =
        (PFN_vkGetSemaphoreFdKHR)vkGetDeviceProcAddr(waves->vkc.device, "vkGetSemaphoreFdKHR");
    int fd;

    VKC_CHECK(get(waves->vkc.device, &info, &fd));
    return fd;
}

static void timeline_create(struct waves *waves)
{
    int fd = semaphore_export(waves);

    runtime_check(rocweld_bridge_create(agent_first_gpu(), &waves->bridge),
                  "rocweld_bridge_create");
    runtime_check(rocweld_timeline_import_fd(waves->bridge, fd, &waves->timeline),
                  "rocweld_timeline_import_fd");
    close(fd);
}

/* ---- HIP's half of a frame ---- */

static float source_at(unsigned step)
{
    return 0.6f * sinf(0.21f * (float)step);
}

static void frame_compute(struct waves *waves, unsigned frame)
{
    for (unsigned i = 0; i < STEPS; i++, waves->steps++) {
        uint64_t now = waves->grids.address + (waves->steps & 1) * CELLS * sizeof(float);
        uint64_t next = waves->grids.address + (~waves->steps & 1) * CELLS * sizeof(float);
        struct {
            uint64_t now, next;
            uint32_t width, height;
            float source;
        } args = {now, next, WIDTH, HEIGHT, source_at(waves->steps)};
        size_t bytes = sizeof args;
        void *config[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &args, HIP_LAUNCH_PARAM_BUFFER_SIZE,
                          &bytes, HIP_LAUNCH_PARAM_END};

        SAMPLE_CHECK(hipModuleLaunchKernel(waves->kernel, CELLS / 1024, 1, 1, 256, 1, 1, 0,
                                           waves->stream, NULL, config));
    }
    runtime_check(rocweld_hip_signal_point(waves->timeline, 2 * frame - 1, waves->stream),
                  "rocweld_hip_signal_point");
    runtime_check(rocweld_hip_wait_point(waves->timeline, 2 * frame, waves->stream),
                  "rocweld_hip_wait_point");
}

/* ---- Vulkan's half ---- */

static VkCommandBuffer shade_record(struct waves *waves)
{
    uint64_t heights = waves->grids.address + (waves->steps & 1) * CELLS * sizeof(float);
    VkCommandBuffer commands = vkc_begin(&waves->vkc);
    const VkImageMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
        .dstAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
        .newLayout = VK_IMAGE_LAYOUT_GENERAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = waves->picture.image,
        .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};

    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
                         VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
    vkc_use(commands, &waves->shade, &heights);
    vkCmdDispatch(commands, WIDTH / 8, HEIGHT / 8, 1);
    vkc_barrier(commands);
    VKC_CHECK(vkEndCommandBuffer(commands));
    return commands;
}

static void frame_shade(struct waves *waves, unsigned frame)
{
    const uint64_t computed = 2 * frame - 1, shaded = 2 * frame;
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    VkCommandBuffer commands = shade_record(waves);
    const VkTimelineSemaphoreSubmitInfo points = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = 1,
        .pWaitSemaphoreValues = &computed,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &shaded};
    const VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                 .pNext = &points,
                                 .waitSemaphoreCount = 1,
                                 .pWaitSemaphores = &waves->semaphore,
                                 .pWaitDstStageMask = &stage,
                                 .commandBufferCount = 1,
                                 .pCommandBuffers = &commands,
                                 .signalSemaphoreCount = 1,
                                 .pSignalSemaphores = &waves->semaphore};
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;

    VKC_CHECK(vkCreateFence(waves->vkc.device, &info, NULL, &fence));
    VKC_CHECK(vkQueueSubmit(waves->vkc.queue, 1, &submit, fence));
    VKC_CHECK(vkWaitForFences(waves->vkc.device, 1, &fence, VK_TRUE, UINT64_MAX));
    vkDestroyFence(waves->vkc.device, fence, NULL);
    vkFreeCommandBuffers(waves->vkc.device, waves->vkc.pool, 1, &commands);
}

/* ---- the same on the CPU ---- */

enum { SPONGE = 24 }; /* as in the kernel */

static int distance(int at, int from)
{
    return at < from ? from - at : at - from;
}

static float damping(int x, int y)
{
    int across = x < WIDTH - 1 - x ? x : WIDTH - 1 - x;
    int down = y < HEIGHT - 1 - y ? y : HEIGHT - 1 - y, edge = across < down ? across : down;
    int slit = HEIGHT / 24;

    if (x >= WIDTH / 3 && x < WIDTH / 3 + 4 && distance(y, HEIGHT * 5 / 12) >= slit &&
        distance(y, HEIGHT * 7 / 12) >= slit)
        return 0;
    return edge < SPONGE ? 0.90f + 0.0975f * (float)edge / SPONGE : 0.9995f;
}

static float at_or_zero(const float *grid, int x, int y)
{
    return x < 0 || x >= WIDTH || y < 0 || y >= HEIGHT ? 0 : grid[y * WIDTH + x];
}

static void step_on_cpu(const float *now, float *next, const float *damped, float source)
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            int i = y * WIDTH + x;
            float around = at_or_zero(now, x - 1, y) + at_or_zero(now, x + 1, y) +
                           at_or_zero(now, x, y - 1) + at_or_zero(now, x, y + 1);
            float moved = 2 * now[i] - next[i] + 0.24f * (around - 4 * now[i]);

            if (x == SPONGE && y >= SPONGE && y < HEIGHT - SPONGE)
                moved = source;
            next[i] = moved * damped[i];
        }
    }
}

/* Computes all steps again, and compares the newest grid. */
static void waves_expect(const struct waves *waves)
{
    static float grids[2][CELLS], damped[CELLS];
    const float *got = (const float *)waves->grids.host + (waves->steps & 1) * CELLS;

    for (int i = 0; i < CELLS; i++)
        damped[i] = damping(i % WIDTH, i / WIDTH);
    for (unsigned step = 0; step < waves->steps; step++)
        step_on_cpu(grids[step & 1], grids[~step & 1], damped, source_at(step));
    for (size_t i = 0; i < CELLS; i++)
        sample_expect_near("height", i, got[i], grids[waves->steps & 1][i], 1e-3);
}

/* ---- the program ---- */

static void waves_open(struct waves *waves)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE};
    struct vkc_pipeline_desc desc = {.bindings = types, .binding_count = 1, .push_bytes = 8};
    const struct vkc_options options = {.external_semaphores = true};

    vkc_open(&options, &waves->vkc);
    vkc_buffer_create(&waves->vkc, 2 * CELLS * sizeof(float), &waves->grids);
    picture_create(&waves->vkc, &waves->picture);
    vkc_pipeline_create_named(&waves->vkc, "shade", &desc, &waves->shade);
    vkc_bind_image(&waves->vkc, &waves->shade, 0, waves->picture.view, VK_NULL_HANDLE);
    semaphore_create(waves);
    SAMPLE_CHECK(hipStreamCreate(&waves->stream));
    waves->kernel = sample_kernel("waves");
    timeline_create(waves);
}

static void waves_close(struct waves *waves)
{
    SAMPLE_CHECK(hipStreamDestroy(waves->stream));
    rocweld_bridge_destroy(waves->bridge);
    vkDestroySemaphore(waves->vkc.device, waves->semaphore, NULL);
    vkc_pipeline_destroy(&waves->vkc, &waves->shade);
    picture_destroy(&waves->vkc, &waves->picture);
    vkc_buffer_destroy(&waves->vkc, &waves->grids);
    vkc_close(&waves->vkc);
}

/* PICTURE.png becomes PICTURE-<number>.png; the last one keeps its name. */
static void frame_write(struct waves *waves, const char *path, unsigned frame, unsigned frames)
{
    unsigned every = frames / PICTURES ? frames / PICTURES : 1;
    const char *dot = strrchr(path, '.');
    int stem = dot ? (int)(dot - path) : (int)strlen(path);
    char name[4096];

    if (frame == frames) {
        picture_write(&waves->picture, path);
    } else if (frame % every == 0) {
        snprintf(name, sizeof name, "%.*s-%u%s", stem, path, frame / every, dot ? dot : "");
        picture_write(&waves->picture, name);
    }
}

int main(int argc, char **argv)
{
    unsigned frames = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 24;
    static struct waves waves;

    if (argc < 2 || argc > 3 || frames == 0) {
        fprintf(stderr, "usage: waves PICTURE.png [FRAMES]\n");
        return 2;
    }
    waves_open(&waves);
    for (unsigned frame = 1; frame <= frames; frame++) {
        frame_compute(&waves, frame);
        frame_shade(&waves, frame);
        frame_write(&waves, argv[1], frame, frames);
    }
    SAMPLE_CHECK(hipStreamSynchronize(waves.stream));
    waves_expect(&waves);
    waves_close(&waves);
    printf("waves: %u frames, computed by HIP and shaded by Vulkan in one memory\n", frames);
    return 0;
}
