/* SPDX-License-Identifier: MIT
 * Vulkan: an empty dispatch from submission to fence, and copies between linear images.
 *
 *   measure_vulkan gpu|cpu
 */
#include "measure.h"
#include "vulkan_device.h"

#include <string.h>

#include "empty_spirv.h" /* needs the types of the others */

enum { IMAGE_SIDE = 2048, IMAGE_BYTES = IMAGE_SIDE * IMAGE_SIDE * 4 };

static VkPipeline create_pipeline(struct vulkan_device *vulkan)
{
    VkShaderModuleCreateInfo code = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                     .codeSize = sizeof empty_spirv,
                                     .pCode = empty_spirv};
    VkPipelineLayoutCreateInfo layout = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .pName = "main"}};
    VkPipeline pipeline;

    VULKAN_CHECK(vkCreateShaderModule(vulkan->device, &code, NULL, &info.stage.module));
    VULKAN_CHECK(vkCreatePipelineLayout(vulkan->device, &layout, NULL, &info.layout));
    VULKAN_CHECK(vkCreateComputePipelines(vulkan->device, NULL, 1, &info, NULL, &pipeline));
    return pipeline;
}

static void measure_dispatch(struct vulkan_device *vulkan)
{
    static double seconds[MEASURE_LAUNCHES];
    VkCommandBuffer commands = vulkan_begin(vulkan);
    VkFence fence = vulkan_fence(vulkan);

    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, create_pipeline(vulkan));
    vkCmdDispatch(commands, 1, 1, 1);
    VULKAN_CHECK(vkEndCommandBuffer(commands));
    for (int i = -MEASURE_WARM_UP; i < MEASURE_LAUNCHES; i++) {
        double begin = measure_now();

        vulkan_submit(vulkan, commands, fence);
        vulkan_fence_wait(vulkan, fence);
        if (i >= 0)
            seconds[i] = measure_now() - begin;
    }
    measure_print_launches(seconds, MEASURE_LAUNCHES);
}

struct image {
    VkImage image;
    struct vulkan_memory memory;
    VkSubresourceLayout layout;
};

static struct image create_image(struct vulkan_device *vulkan)
{
    VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = VK_IMAGE_TYPE_2D,
        .format = VK_FORMAT_R8G8B8A8_UNORM,
        .extent = {IMAGE_SIDE, IMAGE_SIDE, 1},
        .mipLevels = 1,
        .arrayLayers = 1,
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .tiling = VK_IMAGE_TILING_LINEAR,
        .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
        .initialLayout = VK_IMAGE_LAYOUT_PREINITIALIZED,
    };
    VkImageSubresource color = {.aspectMask = VK_IMAGE_ASPECT_COLOR_BIT};
    VkMemoryRequirements needs;
    struct image image;

    VULKAN_CHECK(vkCreateImage(vulkan->device, &info, NULL, &image.image));
    vkGetImageMemoryRequirements(vulkan->device, image.image, &needs);
    vulkan_memory_bind(vulkan, &needs, false, &image.memory);
    VULKAN_CHECK(vkBindImageMemory(vulkan->device, image.image, image.memory.memory, 0));
    vkGetImageSubresourceLayout(vulkan->device, image.image, &color, &image.layout);
    return image;
}

static void to_general(VkCommandBuffer commands, const struct image *image)
{
    VkImageMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_HOST_WRITE_BIT,
                                    .dstAccessMask =
                                        VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .oldLayout = VK_IMAGE_LAYOUT_PREINITIALIZED,
                                    .newLayout = VK_IMAGE_LAYOUT_GENERAL,
                                    .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
                                    .image = image->image,
                                    .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};

    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_HOST_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0,
                         NULL, 0, NULL, 1, &barrier);
}

/* Whether the copy holds what was copied, at both ends. */
static void check_copy(const struct image *image, int value)
{
    const unsigned char *bytes = (const unsigned char *)image->memory.host + image->layout.offset;
    size_t last = (IMAGE_SIDE - 1) * image->layout.rowPitch + IMAGE_SIDE * 4 - 1;

    if (bytes[0] == value && bytes[last] == value)
        return;
    fprintf(stderr, "the image's copy is wrong\n");
    exit(1);
}

static void measure_image_copy(struct vulkan_device *vulkan)
{
    struct image from = create_image(vulkan), to = create_image(vulkan);
    VkImageCopy region = {.srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                          .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                          .extent = {IMAGE_SIDE, IMAGE_SIDE, 1}};
    VkCommandBuffer prepare = vulkan_begin(vulkan), copy = vulkan_begin(vulkan);
    VkFence fence = vulkan_fence(vulkan);
    char *a = malloc(IMAGE_BYTES), *b = malloc(IMAGE_BYTES);
    double best, best_memcpy;

    if (!a || !b)
        exit(1);
    memset(from.memory.host, 0x5a, from.layout.offset + from.layout.size);
    to_general(prepare, &from);
    to_general(prepare, &to);
    VULKAN_CHECK(vkEndCommandBuffer(prepare));
    vulkan_submit(vulkan, prepare, fence);
    vulkan_fence_wait(vulkan, fence);
    vkCmdCopyImage(copy, from.image, VK_IMAGE_LAYOUT_GENERAL, to.image, VK_IMAGE_LAYOUT_GENERAL, 1,
                   &region);
    VULKAN_CHECK(vkEndCommandBuffer(copy));
    MEASURE_BEST(best, {
        vulkan_submit(vulkan, copy, fence);
        vulkan_fence_wait(vulkan, fence);
    });
    check_copy(&to, 0x5a);
    memset(a, 1, IMAGE_BYTES);
    memset(b, 2, IMAGE_BYTES);
    MEASURE_BEST(best_memcpy, memcpy(b, a, IMAGE_BYTES));
    printf(", \"image_copy_gbps\": %.3f, \"memcpy_gbps\": %.3f", 1e-9 * IMAGE_BYTES / best,
           1e-9 * IMAGE_BYTES / best_memcpy);
    if (b[IMAGE_BYTES - 1] != 1)
        exit(1);
}

int main(int argc, char **argv)
{
    struct vulkan_device vulkan;

    if (argc != 2) {
        fprintf(stderr, "usage: measure_vulkan gpu|cpu\n");
        return 2;
    }
    vulkan_open(strcmp(argv[1], "cpu") == 0, false, &vulkan);
    printf("{");
    measure_dispatch(&vulkan);
    measure_image_copy(&vulkan);
    printf("}\n");
    return 0;
}
