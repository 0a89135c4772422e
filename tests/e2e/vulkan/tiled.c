/* SPDX-License-Identifier: MIT
 *
 * Tiled images with mip levels, layers and slices, 1D, 2D and 3D, of every size of texels:
 * uploaded, fetched by a shader level by level, copied to another image, and downloaded.
 */
#include "image.h"

struct size_format {
    VkFormat format;
    unsigned bytes;
};

static const struct size_format formats[] = {{VK_FORMAT_R8_UINT, 1},
                                             {VK_FORMAT_R16_UINT, 2},
                                             {VK_FORMAT_R32_UINT, 4},
                                             {VK_FORMAT_R32G32_UINT, 8},
                                             {VK_FORMAT_R32G32B32A32_UINT, 16}};

/* From a texel to the whole block and more; powers of two and not. */
static const struct image_desc shapes[] = {
    {.type = VK_IMAGE_TYPE_1D, .width = 300, .layers = 3, .levels = 9},
    {.type = VK_IMAGE_TYPE_2D, .width = 200, .height = 131, .layers = 2, .levels = 8},
    {.type = VK_IMAGE_TYPE_2D, .width = 16, .height = 64, .layers = 5, .levels = 3},
    {.type = VK_IMAGE_TYPE_2D, .width = 1, .height = 1, .layers = 2, .levels = 1},
    {.type = VK_IMAGE_TYPE_2D, .width = 700, .height = 70, .layers = 2, .levels = 1},
    {.type = VK_IMAGE_TYPE_3D, .width = 40, .height = 21, .depth = 19, .levels = 6},
    {.type = VK_IMAGE_TYPE_3D, .width = 16, .height = 16, .depth = 3, .levels = 1},
};

struct push {
    uint32_t level, width, height, count;
};

/* Where a level begins in buffers, and what it holds. */
static VkDeviceSize level_begin(const struct image_desc *desc, unsigned bytes, uint32_t level,
                                struct push *out_push)
{
    VkDeviceSize offset = 0;

    for (uint32_t i = 0;; i++) {
        uint32_t width = image_level_size(desc->width, i);
        uint32_t height = image_level_size(desc->height, i);
        uint32_t count = width * height * image_level_size(desc->depth, i) * desc->layers;

        *out_push = (struct push){i, width, height, count};
        if (i == level)
            return offset;
        offset = (offset + (VkDeviceSize)count * bytes + 15) & ~(VkDeviceSize)15;
    }
}

static void texels_check(const struct image_desc *desc, const struct push *push, unsigned bytes,
                         const uint8_t *want, const uint32_t *got)
{
    for (uint32_t i = 0; i < push->count; i++) {
        uint32_t value[4] = {0, 0, 0, 1};

        memcpy(value, want + (size_t)i * bytes, bytes);
        EXPECT(!memcmp(value, got + 4 * i, 16),
               "type %d, %u bytes, level %u: texel %u is 0x%08x 0x%08x, not 0x%08x 0x%08x",
               desc->type, bytes, push->level, i, got[4 * i], got[4 * i + 1], value[0], value[1]);
    }
}

static void fetch_check(struct vkc *vkc, const struct image *image, unsigned bytes,
                        VkSampler sampler, const uint8_t *source)
{
    static const char *const shaders[] = {SHADER("level_fetch_1d"), SHADER("level_fetch_2d"),
                                          SHADER("level_fetch_3d")};
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    const struct vkc_pipeline_desc desc = {.shader = shaders[image->desc.type],
                                           .bindings = types,
                                           .binding_count = 2,
                                           .push_bytes = sizeof(struct push)};
    struct vkc_pipeline pipeline;
    struct vkc_buffer values;
    struct push push;

    level_begin(&image->desc, bytes, 0, &push);
    vkc_buffer_create(vkc, 16ull * push.count, &values);
    vkc_pipeline_create(vkc, &desc, &pipeline);
    vkc_bind_image(vkc, &pipeline, 0, image->view, sampler);
    vkc_bind(vkc, &pipeline, 1, &values);
    for (uint32_t level = 0; level < image->desc.levels; level++) {
        VkDeviceSize begin = level_begin(&image->desc, bytes, level, &push);

        vkc_dispatch(vkc, &pipeline, &push, (push.count + 63) / 64, 1, 1);
        texels_check(&image->desc, &push, bytes, source + begin, values.host);
    }
    vkc_pipeline_destroy(vkc, &pipeline);
    vkc_buffer_destroy(vkc, &values);
}

static void image_copy(VkCommandBuffer commands, const struct image *from, const struct image *to)
{
    for (uint32_t level = 0; level < from->desc.levels; level++) {
        const VkImageCopy copy = {
            .srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, from->desc.layers},
            .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, from->desc.layers},
            .extent = {image_level_size(from->desc.width, level),
                       image_level_size(from->desc.height, level),
                       image_level_size(from->desc.depth, level)}};

        vkCmdCopyImage(commands, from->image, VK_IMAGE_LAYOUT_GENERAL, to->image,
                       VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    }
}

/* The end of a level's texels; what is between levels in buffers is nobody's. */
static void download_check(const struct image_desc *desc, unsigned bytes, const uint8_t *want,
                           const uint8_t *got)
{
    for (uint32_t level = 0; level < desc->levels; level++) {
        struct push push;
        VkDeviceSize begin = level_begin(desc, bytes, level, &push);

        EXPECT(!memcmp(want + begin, got + begin, (size_t)push.count * bytes),
               "type %d, %u bytes, level %u: the copy is not what was uploaded", desc->type, bytes,
               level);
    }
}

static void shape_check(struct vkc *vkc, const struct image_desc *shape,
                        const struct size_format *format, VkSampler sampler)
{
    struct image_desc desc = *shape;
    struct vkc_buffer source, result;
    struct image image, other;
    VkCommandBuffer commands;
    struct push push;

    desc.format = format->format;
    desc.tiling = VK_IMAGE_TILING_OPTIMAL;
    desc.usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                 VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
    image_create(vkc, &desc, &image);
    image_create(vkc, &desc, &other);
    desc = image.desc;
    level_begin(&desc, format->bytes, 0, &push);
    vkc_buffer_create(vkc, 2ull * push.count * format->bytes + 1024, &source);
    vkc_buffer_create(vkc, source.bytes, &result);
    fill_scrambled(&source, format->bytes);
    commands = vkc_begin(vkc);
    image_begin(commands, &image);
    image_begin(commands, &other);
    image_upload(commands, &source, &image, format->bytes);
    vkc_barrier(commands);
    image_copy(commands, &image, &other);
    vkc_barrier(commands);
    image_download(commands, &other, &result, format->bytes);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    download_check(&desc, format->bytes, source.host, result.host);
    fetch_check(vkc, &image, format->bytes, sampler, source.host);
    image_destroy(vkc, &image);
    image_destroy(vkc, &other);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &result);
}

/* On the queue without graphics, or with the argument "graphics" on the other. */
int main(int argc, char **argv)
{
    const struct vkc_options options = {.compute_only = argc < 2 || strcmp(argv[1], "graphics")};
    struct vkc vkc;
    VkSampler sampler;

    vkc_open(&options, &vkc);
    sampler = sampler_create(&vkc, VK_FILTER_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                             VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK);
    for (unsigned s = 0; s < COUNT_OF(shapes); s++)
        for (unsigned f = 0; f < COUNT_OF(formats); f++)
            shape_check(&vkc, &shapes[s], &formats[f], sampler);
    vkDestroySampler(vkc.device, sampler, NULL);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
