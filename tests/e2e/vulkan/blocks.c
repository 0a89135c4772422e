/* SPDX-License-Identifier: MIT
 *
 * Block-compressed images with mip levels and layers, whose sides are no multiples of the blocks':
 * uploaded, copied, downloaded, and (BC4, which is simple enough to decode here) fetched by a
 * shader. On the queue without graphics, where copies see blocks as texels.
 */
#include "image.h"

#include <math.h>

enum { WIDTH = 117, HEIGHT = 70, LEVELS = 7, LAYERS = 2 };

struct block_format {
    const char *name;
    VkFormat format;
    unsigned bytes;
};

static const struct block_format formats[] = {
    {"BC1", VK_FORMAT_BC1_RGBA_UNORM_BLOCK, 8}, {"BC2", VK_FORMAT_BC2_SRGB_BLOCK, 16},
    {"BC3", VK_FORMAT_BC3_UNORM_BLOCK, 16},     {"BC4", VK_FORMAT_BC4_UNORM_BLOCK, 8},
    {"BC5", VK_FORMAT_BC5_SNORM_BLOCK, 16},     {"BC6H", VK_FORMAT_BC6H_UFLOAT_BLOCK, 16},
    {"BC7", VK_FORMAT_BC7_UNORM_BLOCK, 16},
};

static uint32_t blocks(uint32_t texels)
{
    return (texels + 3) / 4;
}

/* Where a level begins in buffers, whose layers follow each other. */
static VkDeviceSize level_begin(unsigned bytes, uint32_t level)
{
    VkDeviceSize offset = 0;

    for (uint32_t i = 0; i < level; i++)
        offset += (VkDeviceSize)blocks(image_level_size(WIDTH, i)) *
                  blocks(image_level_size(HEIGHT, i)) * LAYERS * bytes;
    return offset;
}

static void copies_fill(unsigned bytes, VkBufferImageCopy copies[LEVELS])
{
    for (uint32_t level = 0; level < LEVELS; level++)
        copies[level] = (VkBufferImageCopy){
            .bufferOffset = level_begin(bytes, level),
            .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, LAYERS},
            .imageExtent = {image_level_size(WIDTH, level), image_level_size(HEIGHT, level), 1}};
}

static void images_copy(VkCommandBuffer commands, const struct image *from, const struct image *to)
{
    for (uint32_t level = 0; level < LEVELS; level++) {
        const VkImageCopy copy = {
            .srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, LAYERS},
            .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, LAYERS},
            .extent = {image_level_size(WIDTH, level), image_level_size(HEIGHT, level), 1}};

        vkCmdCopyImage(commands, from->image, VK_IMAGE_LAYOUT_GENERAL, to->image,
                       VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    }
}

/* Khronos Data Format Specification, "RGTC". */
static float bc4_decode(const uint8_t *block, unsigned x, unsigned y)
{
    uint64_t bits;
    unsigned index;
    float a = block[0], b = block[1];

    memcpy(&bits, block, 8);
    index = bits >> (16 + 3 * (4 * y + x)) & 7;
    if (index < 2)
        return (index ? b : a) / 255;
    if (a > b)
        return ((float)(8 - index) * a + (float)(index - 1) * b) / 7 / 255;
    if (index >= 6)
        return index == 7;
    return ((float)(6 - index) * a + (float)(index - 1) * b) / 5 / 255;
}

static void bc4_check(struct vkc *vkc, const struct image *image, VkSampler sampler,
                      const uint8_t *source)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    const struct vkc_pipeline_desc desc = {.shader = SHADER("level_fetch_float"),
                                           .bindings = types,
                                           .binding_count = 2,
                                           .push_bytes = 16};
    struct vkc_pipeline pipeline;
    struct vkc_buffer values;

    vkc_buffer_create(vkc, WIDTH * HEIGHT * LAYERS * 16, &values);
    vkc_pipeline_create(vkc, &desc, &pipeline);
    vkc_bind_image(vkc, &pipeline, 0, image->view, sampler);
    vkc_bind(vkc, &pipeline, 1, &values);
    for (uint32_t level = 0; level < LEVELS; level++) {
        const uint32_t width = image_level_size(WIDTH, level);
        const uint32_t height = image_level_size(HEIGHT, level);
        const uint32_t push[4] = {level, width, height, width * height * LAYERS};
        const uint8_t *begin = source + level_begin(8, level);

        vkc_dispatch(vkc, &pipeline, push, (push[3] + 63) / 64, 1, 1);
        for (uint32_t i = 0; i < push[3]; i++) {
            uint32_t x = i % width, y = i / width % height, layer = i / width / height;
            uint32_t block = (layer * blocks(height) + y / 4) * blocks(width) + x / 4;
            float want = bc4_decode(begin + 8 * block, x % 4, y % 4);
            float got = ((float *)values.host)[4 * i];

            EXPECT(fabsf(got - want) < 1e-5f, "BC4, level %u, texel %u, %u of layer %u: %g, not %g",
                   level, x, y, layer, (double)got, (double)want);
        }
    }
    vkc_pipeline_destroy(vkc, &pipeline);
    vkc_buffer_destroy(vkc, &values);
}

static void format_check(struct vkc *vkc, const struct block_format *format, VkSampler sampler)
{
    const struct image_desc desc = {.type = VK_IMAGE_TYPE_2D,
                                    .format = format->format,
                                    .tiling = VK_IMAGE_TILING_OPTIMAL,
                                    .usage = VK_IMAGE_USAGE_SAMPLED_BIT |
                                             VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                             VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
                                    .width = WIDTH,
                                    .height = HEIGHT,
                                    .levels = LEVELS,
                                    .layers = LAYERS};
    const VkDeviceSize bytes = level_begin(format->bytes, LEVELS);
    VkBufferImageCopy copies[LEVELS];
    struct vkc_buffer source, result;
    struct image image, other;
    VkCommandBuffer commands;

    vkc_buffer_create(vkc, bytes, &source);
    vkc_buffer_create(vkc, bytes, &result);
    fill_scrambled(&source, (uint32_t)format->format);
    image_create(vkc, &desc, &image);
    image_create(vkc, &desc, &other);
    copies_fill(format->bytes, copies);
    commands = vkc_begin(vkc);
    image_begin(commands, &image);
    image_begin(commands, &other);
    vkCmdCopyBufferToImage(commands, source.buffer, image.image, VK_IMAGE_LAYOUT_GENERAL, LEVELS,
                           copies);
    vkc_barrier(commands);
    images_copy(commands, &image, &other);
    vkc_barrier(commands);
    vkCmdCopyImageToBuffer(commands, other.image, VK_IMAGE_LAYOUT_GENERAL, result.buffer, LEVELS,
                           copies);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    EXPECT(!memcmp(source.host, result.host, bytes), "%s: the copy is not what was uploaded",
           format->name);
    if (format->format == VK_FORMAT_BC4_UNORM_BLOCK)
        bc4_check(vkc, &image, sampler, source.host);
    image_destroy(vkc, &image);
    image_destroy(vkc, &other);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &result);
}

int main(void)
{
    const struct vkc_options options = {.compute_only = true};
    struct vkc vkc;
    VkSampler sampler;

    vkc_open(&options, &vkc);
    sampler = sampler_create(&vkc, VK_FILTER_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                             VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK);
    for (unsigned i = 0; i < COUNT_OF(formats); i++)
        format_check(&vkc, &formats[i], sampler);
    vkDestroySampler(vkc.device, sampler, NULL);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
