/* SPDX-License-Identifier: MIT
 *
 * Images that could be drawn to, large enough for the driver to compress their colours (DCC):
 * cleared by metadata or by shaders, overwritten in part, stored to by a shader, fetched and
 * downloaded. On the queue without graphics.
 */
#include "image.h"

enum { WIDTH = 600, HEIGHT = 530, TEXELS = WIDTH * HEIGHT };
enum { PART_X = 101, PART_Y = 37, PART_WIDTH = 333, PART_HEIGHT = 71 };

struct test {
    struct vkc *vkc;
    const struct image_format *format;
    struct vkc_buffer source, result, values;
    VkSampler sampler;
};

static const VkFormat formats[] = {VK_FORMAT_R8_UNORM,           VK_FORMAT_R8G8_UINT,
                                   VK_FORMAT_R8G8B8A8_UNORM,     VK_FORMAT_B8G8R8A8_SRGB,
                                   VK_FORMAT_R16G16_SFLOAT,      VK_FORMAT_R16G16B16A16_SINT,
                                   VK_FORMAT_R32G32B32A32_UINT,  VK_FORMAT_A2B10G10R10_UNORM_PACK32,
                                   VK_FORMAT_R32G32B32A32_SFLOAT};

static const struct image_format *format_find(VkFormat number)
{
    for (unsigned i = 0; i < image_format_count; i++)
        if (image_formats[i].format == number)
            return &image_formats[i];
    EXPECT(false, "format %d is not in the table", number);
    return NULL;
}

static bool format_is_integer(const struct image_format *format)
{
    return format->kind == UINT || format->kind == SINT;
}

static void target_create(struct test *t, VkImageUsageFlags usage, struct image *out_image)
{
    const struct image_desc desc = {
        .type = VK_IMAGE_TYPE_2D,
        .format = t->format->format,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = usage | VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_SAMPLED_BIT |
                 VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
        .width = WIDTH,
        .height = HEIGHT};

    image_create(t->vkc, &desc, out_image);
}

static void shader_open(struct test *t, const char *name, const VkDescriptorType *types,
                        struct vkc_pipeline *out_pipeline)
{
    char path[4096];
    const struct vkc_pipeline_desc desc = {.shader = path, .bindings = types, .binding_count = 2};
    const char *suffix = t->format->kind == UINT   ? "uint"
                         : t->format->kind == SINT ? "int"
                                                   : "float";

    snprintf(path, sizeof path, "%s/%s_%s.spv", SHADERS, name, suffix);
    vkc_pipeline_create(t->vkc, &desc, out_pipeline);
}

static void shader_run(VkCommandBuffer commands, const struct vkc_pipeline *pipeline)
{
    vkc_use(commands, pipeline, NULL);
    vkCmdDispatch(commands, (WIDTH + 7) / 8, (HEIGHT + 7) / 8, 1);
    vkc_barrier(commands);
}

/* Every texel of the image into t->values. */
static void fetch(struct test *t, const struct image *image)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    struct vkc_pipeline pipeline;
    VkCommandBuffer commands;

    shader_open(t, "image_fetch", types, &pipeline);
    vkc_bind_image(t->vkc, &pipeline, 0, image->view, t->sampler);
    vkc_bind(t->vkc, &pipeline, 1, &t->values);
    commands = vkc_begin(t->vkc);
    shader_run(commands, &pipeline);
    vkc_run(t->vkc, commands);
    vkc_pipeline_destroy(t->vkc, &pipeline);
}

static bool is_in_part(unsigned texel)
{
    unsigned x = texel % WIDTH - PART_X, y = texel / WIDTH - PART_Y;

    return x < PART_WIDTH && y < PART_HEIGHT;
}

/* The part of t->source, whose rows are the image's. */
static void part_upload(struct test *t, VkCommandBuffer commands, const struct image *image)
{
    const VkBufferImageCopy copy = {.bufferOffset = (PART_Y * WIDTH + PART_X) * t->format->bytes,
                                    .bufferRowLength = WIDTH,
                                    .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                    .imageOffset = {PART_X, PART_Y, 0},
                                    .imageExtent = {PART_WIDTH, PART_HEIGHT, 1}};

    vkCmdCopyBufferToImage(commands, t->source.buffer, image->image, VK_IMAGE_LAYOUT_GENERAL, 1,
                           &copy);
}

/* Clears, uploads a part, and reads it both ways. `ones`: components that are 1, bit by bit, the
 * others 0; a quarter instead, or 5 of integers, if `odd`. */
static void clear_check(struct test *t, const struct image *image, unsigned ones, bool odd)
{
    const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    const unsigned bytes = t->format->bytes;
    const uint8_t *source = t->source.host, *result = t->result.host;
    VkClearColorValue colour;
    VkCommandBuffer commands = vkc_begin(t->vkc);
    const uint8_t *cleared = result; /* the first texel is not in the part */

    for (unsigned i = 0; i < 4; i++) {
        if (format_is_integer(t->format))
            colour.uint32[i] = ones >> i & 1 ? (odd ? 5 : 1) : 0;
        else
            colour.float32[i] = ones >> i & 1 ? (odd ? 0.25f : 1) : 0;
    }
    image_begin(commands, image);
    vkCmdClearColorImage(commands, image->image, VK_IMAGE_LAYOUT_GENERAL, &colour, 1, &all);
    vkc_barrier(commands);
    part_upload(t, commands, image);
    vkc_barrier(commands);
    image_download(commands, image, &t->result, bytes);
    vkc_barrier(commands);
    vkc_run(t->vkc, commands);
    fetch(t, image);
    for (unsigned i = 0; i < TEXELS; i++) {
        const uint8_t *want = is_in_part(i) ? source + i * bytes : cleared;
        uint32_t value[4];

        EXPECT(!memcmp(result + i * bytes, want, bytes), "%s, cleared to 0x%x: texel %u, %u",
               t->format->name, ones, i % WIDTH, i / WIDTH);
        image_decode(t->format, want, value);
        if (t->format->kind != SRGB)
            EXPECT(!memcmp((uint32_t *)t->values.host + 4 * i, value, 16),
                   "%s, cleared to 0x%x, fetched: texel %u, %u", t->format->name, ones, i % WIDTH,
                   i / WIDTH);
    }
    for (unsigned c = 0; c < 4 && t->format->kind != SRGB; c++) {
        uint32_t value[4];

        image_decode(t->format, cleared, value);
        if (t->format->part[c].bits && !odd)
            EXPECT(value[c] == colour.uint32[c], "%s, cleared to 0x%x: component %u is 0x%x",
                   t->format->name, ones, c, value[c]);
    }
}

/* A shader stores everything, over what was cleared. */
static void store_check(struct test *t)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_IMAGE};
    const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    const VkClearColorValue black = {.uint32 = {0}};
    struct vkc_pipeline pipeline;
    struct image image;
    VkCommandBuffer commands;

    target_create(t, VK_IMAGE_USAGE_STORAGE_BIT, &image);
    shader_open(t, "image_store", types, &pipeline);
    vkc_bind(t->vkc, &pipeline, 0, &t->values);
    vkc_bind_image(t->vkc, &pipeline, 1, image.view, VK_NULL_HANDLE);
    for (unsigned i = 0; i < TEXELS; i++)
        image_decode(t->format, (uint8_t *)t->source.host + i * t->format->bytes,
                     (uint32_t *)t->values.host + 4 * i);
    commands = vkc_begin(t->vkc);
    image_begin(commands, &image);
    vkCmdClearColorImage(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, &black, 1, &all);
    vkc_barrier(commands);
    shader_run(commands, &pipeline);
    image_download(commands, &image, &t->result, t->format->bytes);
    vkc_barrier(commands);
    vkc_run(t->vkc, commands);
    EXPECT(!memcmp(t->result.host, t->source.host, (size_t)TEXELS * t->format->bytes),
           "%s: what was stored is not what was downloaded", t->format->name);
    vkc_pipeline_destroy(t->vkc, &pipeline);
    image_destroy(t->vkc, &image);
}

/* Mip levels, the smallest of which share blocks of colours and of metadata. */
static void levels_check(struct test *t)
{
    const struct image_desc desc = {
        .type = VK_IMAGE_TYPE_2D,
        .format = t->format->format,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_SAMPLED_BIT |
                 VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
        .width = 530,
        .height = 520,
        .levels = 10};
    const unsigned bytes = t->format->bytes;
    VkDeviceSize offset = 0;
    struct image image;
    VkCommandBuffer commands;

    image_create(t->vkc, &desc, &image);
    commands = vkc_begin(t->vkc);
    image_begin(commands, &image);
    image_upload(commands, &t->source, &image, bytes);
    vkc_barrier(commands);
    image_download(commands, &image, &t->result, bytes);
    vkc_barrier(commands);
    vkc_run(t->vkc, commands);
    for (uint32_t level = 0; level < desc.levels; level++) {
        const VkDeviceSize size = (VkDeviceSize)image_level_size(desc.width, level) *
                                  image_level_size(desc.height, level) * bytes;

        EXPECT(!memcmp((char *)t->source.host + offset, (char *)t->result.host + offset, size),
               "%s: level %u is not what was uploaded", t->format->name, level);
        offset = (offset + size + 15) & ~(VkDeviceSize)15;
    }
    image_destroy(t->vkc, &image);
}

static bool can_store(struct test *t)
{
    VkFormatProperties properties;

    vkGetPhysicalDeviceFormatProperties(t->vkc->physical, t->format->format, &properties);
    return properties.optimalTilingFeatures & VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT;
}

static void format_check(struct test *t)
{
    struct image image;

    fill_scrambled(&t->source, (uint32_t)t->format->format);
    for (unsigned i = 0; i < TEXELS; i++)
        image_tame(t->format, (uint8_t *)t->source.host + i * t->format->bytes);
    target_create(t, 0, &image);
    clear_check(t, &image, 0, false);
    clear_check(t, &image, 15, false);
    clear_check(t, &image, 8, false);
    clear_check(t, &image, 7, false);
    clear_check(t, &image, 5, true);
    image_destroy(t->vkc, &image);
    if (can_store(t))
        store_check(t);
    levels_check(t);
}

int main(void)
{
    const struct vkc_options options = {.compute_only = true};
    struct vkc vkc;
    struct test test = {.vkc = &vkc};

    vkc_open(&options, &vkc);
    test.sampler = sampler_create(&vkc, VK_FILTER_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                  VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK);
    vkc_buffer_create(&vkc, TEXELS * 20, &test.source); /* with mip levels */
    vkc_buffer_create(&vkc, TEXELS * 20, &test.result);
    vkc_buffer_create(&vkc, TEXELS * 16, &test.values);
    for (unsigned i = 0; i < COUNT_OF(formats); i++) {
        test.format = format_find(formats[i]);
        format_check(&test);
    }
    vkc_buffer_destroy(&vkc, &test.source);
    vkc_buffer_destroy(&vkc, &test.result);
    vkc_buffer_destroy(&vkc, &test.values);
    vkDestroySampler(vkc.device, test.sampler, NULL);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
