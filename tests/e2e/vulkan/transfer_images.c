/* SPDX-License-Identifier: MIT
 *
 * Images on a queue that only copies (SDMA): colours, depth and stencil of all sizes, compressed
 * blocks, mip levels, layers and slices are uploaded, copied and downloaded there. What one queue
 * has written is read by the other, which draws: both have to agree on where texels lie, and on
 * what has been cleared by metadata alone.
 *
 * Ends with 77 where the driver has no such queue. Mesa has it from 23.3 on, with
 * RADV_PERFTEST=transfer_queue.
 */
#include "image.h"

enum { LEVELS_MAX = 16, SKIPPED = 77, BUFFER_BYTES = 8 << 20 };

struct test {
    struct vkc draw, copy;
    uint32_t families[2];
    /* A source and a result of each queue: only one uses a buffer. */
    struct vkc_buffer draw_source, draw_result, copy_source, copy_result;
};

/* An aspect of a format. */
struct plane {
    const char *name;
    VkFormat format;
    VkImageAspectFlags aspects; /* all of the format's */
    VkImageAspectFlagBits aspect;
    unsigned bytes, block; /* of a texel, or of a block of so many texels each way */
};

#define COLOR   VK_IMAGE_ASPECT_COLOR_BIT
#define DEPTH   VK_IMAGE_ASPECT_DEPTH_BIT
#define STENCIL VK_IMAGE_ASPECT_STENCIL_BIT

static const struct plane colors[] = {
    {"R8", VK_FORMAT_R8_UINT, COLOR, COLOR, 1, 1},
    {"R16", VK_FORMAT_R16_UINT, COLOR, COLOR, 2, 1},
    {"R32", VK_FORMAT_R32_UINT, COLOR, COLOR, 4, 1},
    {"R32G32", VK_FORMAT_R32G32_UINT, COLOR, COLOR, 8, 1},
    {"R32G32B32A32", VK_FORMAT_R32G32B32A32_UINT, COLOR, COLOR, 16, 1},
    {"BC1", VK_FORMAT_BC1_RGBA_UNORM_BLOCK, COLOR, COLOR, 8, 4},
    {"BC7", VK_FORMAT_BC7_UNORM_BLOCK, COLOR, COLOR, 16, 4},
};
static const struct plane depths[] = {
    {"D16", VK_FORMAT_D16_UNORM, DEPTH, DEPTH, 2, 1},
    {"D32", VK_FORMAT_D32_SFLOAT, DEPTH, DEPTH, 4, 1},
    {"S8", VK_FORMAT_S8_UINT, STENCIL, STENCIL, 1, 1},
    {"D32 of D32_S8", VK_FORMAT_D32_SFLOAT_S8_UINT, DEPTH | STENCIL, DEPTH, 4, 1},
    {"S8 of D32_S8", VK_FORMAT_D32_SFLOAT_S8_UINT, DEPTH | STENCIL, STENCIL, 1, 1},
};

/* Sizes that tiled-to-tiled packets take whole, and others. */
static const struct image_desc shapes[] = {
    {.type = VK_IMAGE_TYPE_2D, .width = 200, .height = 131, .layers = 2, .levels = 8},
    {.type = VK_IMAGE_TYPE_2D, .width = 64, .height = 128, .layers = 3, .levels = 2},
    {.type = VK_IMAGE_TYPE_2D, .width = 1, .height = 1, .layers = 2, .levels = 1},
    {.type = VK_IMAGE_TYPE_2D, .width = 704, .height = 70, .layers = 1, .levels = 1},
    {.type = VK_IMAGE_TYPE_1D, .width = 300, .layers = 3, .levels = 9},
    {.type = VK_IMAGE_TYPE_3D, .width = 40, .height = 21, .depth = 19, .levels = 6},
    {.type = VK_IMAGE_TYPE_3D, .width = 64, .height = 32, .depth = 16, .levels = 1},
};

/* ---- copying ---- */

static void barrier(VkCommandBuffer commands)
{
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT |
                                                     VK_ACCESS_TRANSFER_READ_BIT |
                                                     VK_ACCESS_HOST_READ_BIT};

    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                         VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &memory,
                         0, NULL, 0, NULL);
}

static VkExtent3D level_extent(const struct image_desc *desc, uint32_t level)
{
    return (VkExtent3D){image_level_size(desc->width, level), image_level_size(desc->height, level),
                        image_level_size(desc->depth, level)};
}

static VkDeviceSize level_bytes(const struct plane *plane, const struct image_desc *desc,
                                uint32_t level)
{
    const VkExtent3D extent = level_extent(desc, level);
    const unsigned block = plane->block;

    return (VkDeviceSize)((extent.width + block - 1) / block) *
           ((extent.height + block - 1) / block) * extent.depth * desc->layers * plane->bytes;
}

static uint32_t round_up(uint32_t size, uint32_t unit)
{
    return (size + unit - 1) / unit * unit;
}

/* Levels follow each other at multiples of 16 bytes; *out_bytes: of all of them. The sizes of rows
 * and layers are what 0 stands for; Mesa 25 takes 0 for fewer blocks where the height is not a
 * multiple of theirs. */
static void levels_fill(const struct plane *plane, const struct image_desc *desc,
                        VkBufferImageCopy out_copies[LEVELS_MAX], VkDeviceSize *out_bytes)
{
    *out_bytes = 0;
    for (uint32_t level = 0; level < desc->levels; level++) {
        const VkExtent3D extent = level_extent(desc, level);

        out_copies[level] =
            (VkBufferImageCopy){.bufferOffset = *out_bytes,
                                .bufferRowLength = round_up(extent.width, plane->block),
                                .bufferImageHeight = round_up(extent.height, plane->block),
                                .imageSubresource = {plane->aspect, level, 0, desc->layers},
                                .imageExtent = extent};
        *out_bytes += (level_bytes(plane, desc, level) + 15) / 16 * 16;
    }
    EXPECT(*out_bytes <= BUFFER_BYTES, "%s: buffers are too small", plane->name);
}

static void upload(struct vkc *vkc, const struct plane *plane, const struct vkc_buffer *from,
                   const struct image *to)
{
    VkCommandBuffer commands = vkc_begin(vkc);
    VkBufferImageCopy copies[LEVELS_MAX];
    VkDeviceSize bytes;

    levels_fill(plane, &to->desc, copies, &bytes);
    vkCmdCopyBufferToImage(commands, from->buffer, to->image, VK_IMAGE_LAYOUT_GENERAL,
                           to->desc.levels, copies);
    barrier(commands);
    vkc_run(vkc, commands);
}

static void download(struct vkc *vkc, const struct plane *plane, const struct image *from,
                     const struct vkc_buffer *to)
{
    VkCommandBuffer commands = vkc_begin(vkc);
    VkBufferImageCopy copies[LEVELS_MAX];
    VkDeviceSize bytes;

    memset(to->host, 0xa5, to->bytes);
    levels_fill(plane, &from->desc, copies, &bytes);
    vkCmdCopyImageToBuffer(commands, from->image, VK_IMAGE_LAYOUT_GENERAL, to->buffer,
                           from->desc.levels, copies);
    barrier(commands);
    vkc_run(vkc, commands);
}

static void begin(struct vkc *vkc, const struct image *image)
{
    VkCommandBuffer commands = vkc_begin(vkc);

    image_begin(commands, image);
    vkc_run(vkc, commands);
}

static void copy_levels(struct vkc *vkc, const struct plane *plane, const struct image *from,
                        const struct image *to)
{
    VkCommandBuffer commands = vkc_begin(vkc);

    for (uint32_t level = 0; level < from->desc.levels; level++) {
        const VkImageSubresourceLayers place = {plane->aspect, level, 0, from->desc.layers};
        const VkImageCopy copy = {.srcSubresource = place,
                                  .dstSubresource = place,
                                  .extent = level_extent(&from->desc, level)};

        vkCmdCopyImage(commands, from->image, VK_IMAGE_LAYOUT_GENERAL, to->image,
                       VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    }
    barrier(commands);
    vkc_run(vkc, commands);
}

/* ---- contents ---- */

/* Depths between 0 and 1: what is drawn may be clamped. */
static void fill(struct vkc_buffer *buffer, const struct plane *plane, uint32_t seed)
{
    fill_scrambled(buffer, seed);
    if (plane->aspect != DEPTH || plane->bytes != 4)
        return;
    for (VkDeviceSize i = 0; i < buffer->bytes / 4; i++) {
        uint32_t *word = (uint32_t *)buffer->host + i;
        const float depth = (float)(*word >> 8) / (1 << 24);

        memcpy(word, &depth, sizeof(depth));
    }
}

static void check(const struct plane *plane, const struct image_desc *desc, const char *what,
                  const struct vkc_buffer *want, const struct vkc_buffer *got)
{
    VkBufferImageCopy copies[LEVELS_MAX];
    VkDeviceSize bytes;

    levels_fill(plane, desc, copies, &bytes);
    for (uint32_t level = 0; level < desc->levels; level++) {
        const VkDeviceSize size = level_bytes(plane, desc, level);
        const uint8_t *a = (uint8_t *)want->host + copies[level].bufferOffset;
        const uint8_t *b = (uint8_t *)got->host + copies[level].bufferOffset;

        for (VkDeviceSize i = 0; i < size; i++)
            EXPECT(a[i] == b[i], "%s, type %d of %u x %u, %s: level %u, element %lu", plane->name,
                   desc->type, desc->width, desc->height, what, level, i / plane->bytes);
    }
}

static bool can_be(struct test *t, const struct image_desc *desc)
{
    VkImageFormatProperties properties;

    return vkGetPhysicalDeviceImageFormatProperties(t->draw.physical, desc->format, desc->type,
                                                    desc->tiling, desc->usage, 0,
                                                    &properties) == VK_SUCCESS &&
           desc->levels <= properties.maxMipLevels && desc->layers <= properties.maxArrayLayers;
}

/* False: the device has no such images. */
static bool desc_make(struct test *t, const struct plane *plane, const struct image_desc *shape,
                      VkImageUsageFlags usage, struct image_desc *out_desc)
{
    *out_desc = *shape;
    out_desc->format = plane->format;
    out_desc->aspects = plane->aspects;
    out_desc->families = t->families;
    out_desc->usage = usage | VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
    return can_be(t, out_desc);
}

/* ---- whole images ---- */

static void shape_check(struct test *t, const struct plane *plane, const struct image_desc *shape,
                        VkImageUsageFlags usage)
{
    struct image_desc desc;
    struct image image, other;

    if (!desc_make(t, plane, shape, usage, &desc))
        return;
    image_create(&t->draw, &desc, &image);
    image_create(&t->draw, &desc, &other);
    begin(&t->copy, &image);
    begin(&t->copy, &other);
    fill(&t->copy_source, plane, (uint32_t)plane->format);
    fill(&t->draw_source, plane, (uint32_t)plane->format + 77);
    upload(&t->copy, plane, &t->copy_source, &image);
    copy_levels(&t->copy, plane, &image, &other);
    download(&t->copy, plane, &other, &t->copy_result);
    check(plane, &image.desc, "copied", &t->copy_source, &t->copy_result);
    download(&t->draw, plane, &image, &t->draw_result);
    check(plane, &image.desc, "read by the other queue", &t->copy_source, &t->draw_result);
    upload(&t->draw, plane, &t->draw_source, &other);
    download(&t->copy, plane, &other, &t->copy_result);
    check(plane, &image.desc, "written by the other queue", &t->draw_source, &t->copy_result);
    image_destroy(&t->draw, &image);
    image_destroy(&t->draw, &other);
}

static void test_shapes(struct test *t, const struct plane *planes, size_t count)
{
    for (unsigned s = 0; s < COUNT_OF(shapes); s++)
        for (size_t i = 0; i < count; i++)
            shape_check(t, &planes[i], &shapes[s], 0);
}

/* Where rows of texels lie one behind the other; of three components, too. */
static void test_linear(struct test *t)
{
    static const struct plane three = {"R32G32B32", VK_FORMAT_R32G32B32_UINT, COLOR, COLOR, 12, 1};
    const struct image_desc shape = {.type = VK_IMAGE_TYPE_2D,
                                     .tiling = VK_IMAGE_TILING_LINEAR,
                                     .width = 101,
                                     .height = 37,
                                     .layers = 1,
                                     .levels = 1};

    shape_check(t, &three, &shape, 0);
    shape_check(t, &colors[0], &shape, 0);
    shape_check(t, &colors[2], &shape, 0);
}

/* ---- parts ---- */

enum { WIDTH = 110, HEIGHT = 90, ROW = 77, ROWS = 50, DONE_X = 16, DONE_Y = 32 };
enum { PART_WIDTH = 48, PART_HEIGHT = 32 };

static bool is_in(uint32_t texel, uint32_t x, uint32_t y)
{
    return texel % WIDTH - x < PART_WIDTH && texel / WIDTH - y < PART_HEIGHT;
}

/* Out of a wider buffer into the second layer of the first level; from there to the second level of
 * another image, which is as large, and its first layer. */
static void parts_check(struct test *t, const struct plane *plane)
{
    const struct image_desc shape = {
        .type = VK_IMAGE_TYPE_2D, .width = WIDTH, .height = HEIGHT, .layers = 2, .levels = 1};
    const struct image_desc large = {.type = VK_IMAGE_TYPE_2D,
                                     .width = 2 * WIDTH,
                                     .height = 2 * HEIGHT,
                                     .layers = 1,
                                     .levels = 2};
    const VkBufferImageCopy part = {.bufferOffset = 64,
                                    .bufferRowLength = ROW,
                                    .bufferImageHeight = ROWS,
                                    .imageSubresource = {plane->aspect, 0, 1, 1},
                                    .imageOffset = {DONE_X, DONE_Y, 0},
                                    .imageExtent = {PART_WIDTH, PART_HEIGHT, 1}};
    const VkImageCopy copy = {.srcSubresource = {plane->aspect, 0, 1, 1},
                              .srcOffset = {DONE_X, DONE_Y, 0},
                              .dstSubresource = {plane->aspect, 1, 0, 1},
                              .dstOffset = {32, 48, 0},
                              .extent = {PART_WIDTH, PART_HEIGHT, 1}};
    struct image_desc desc, desc2;
    struct image image, other;
    VkCommandBuffer commands;
    const uint8_t *source = t->copy_source.host, *result = t->copy_result.host;
    VkDeviceSize second;

    if (!desc_make(t, plane, &shape, 0, &desc) || !desc_make(t, plane, &large, 0, &desc2))
        return;
    image_create(&t->draw, &desc, &image);
    image_create(&t->draw, &desc2, &other);
    begin(&t->copy, &image);
    begin(&t->copy, &other);
    fill(&t->copy_source, plane, 5);
    memset(t->draw_source.host, 0, BUFFER_BYTES);
    upload(&t->draw, plane, &t->draw_source, &image);
    upload(&t->draw, plane, &t->draw_source, &other);
    commands = vkc_begin(&t->copy);
    vkCmdCopyBufferToImage(commands, t->copy_source.buffer, image.image, VK_IMAGE_LAYOUT_GENERAL, 1,
                           &part);
    barrier(commands);
    vkCmdCopyImage(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, other.image,
                   VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    barrier(commands);
    vkc_run(&t->copy, commands);
    download(&t->copy, plane, &other, &t->copy_result);
    second = (level_bytes(plane, &other.desc, 0) + 15) / 16 * 16;
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
        const uint32_t x = i % WIDTH - 32, y = i / WIDTH - 48;
        const uint8_t zeros[16] = {0};
        const uint8_t *want =
            is_in(i, 32, 48) ? source + 64 + ((size_t)y * ROW + x) * plane->bytes : zeros;

        EXPECT(!memcmp(result + second + (size_t)i * plane->bytes, want, plane->bytes),
               "%s, a part: texel %u, %u", plane->name, i % WIDTH, i / WIDTH);
    }
    /* And a part of the image into a wider buffer. */
    memset(t->copy_result.host, 0, BUFFER_BYTES);
    commands = vkc_begin(&t->copy);
    vkCmdCopyImageToBuffer(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, t->copy_result.buffer, 1,
                           &part);
    barrier(commands);
    vkc_run(&t->copy, commands);
    for (uint32_t i = 0; i < ROW * PART_HEIGHT; i++)
        for (uint32_t b = 0; b < plane->bytes; b++) {
            const size_t at = 64 + (size_t)i * plane->bytes + b;
            const bool is_last = i >= ROW * (PART_HEIGHT - 1) + PART_WIDTH;

            EXPECT(result[at] == (i % ROW < PART_WIDTH && !is_last ? source[at] : 0),
                   "%s, a part in a buffer: texel %u, %u", plane->name, i % ROW, i / ROW);
        }
    image_destroy(&t->draw, &image);
    image_destroy(&t->draw, &other);
}

/* ---- what was cleared by metadata ---- */

enum { BIG_WIDTH = 600, BIG_HEIGHT = 530, BIG = BIG_WIDTH * BIG_HEIGHT };
static const VkOffset3D big_part = {96, 32, 0};
static const VkExtent3D big_extent = {336, 80, 1};

static bool is_in_big_part(uint32_t texel)
{
    return texel % BIG_WIDTH - (uint32_t)big_part.x < big_extent.width &&
           texel / BIG_WIDTH - (uint32_t)big_part.y < big_extent.height;
}

static void big_check(const struct plane *plane, const char *what, const struct vkc_buffer *source,
                      const struct vkc_buffer *result, const uint8_t *cleared)
{
    for (uint32_t i = 0; i < BIG; i++) {
        const uint8_t *want =
            is_in_big_part(i) ? (uint8_t *)source->host + (size_t)i * plane->bytes : cleared;

        EXPECT(!memcmp((uint8_t *)result->host + (size_t)i * plane->bytes, want, plane->bytes),
               "%s, cleared, %s: texel %u, %u", plane->name, what, i % BIG_WIDTH, i / BIG_WIDTH);
    }
}

/* The other queue has cleared the image. A part is written here, and all is read by both. */
static void cleared_check(struct test *t, const struct plane *plane, const struct image *image,
                          const uint8_t *cleared)
{
    const VkBufferImageCopy part = {
        .bufferOffset =
            ((VkDeviceSize)big_part.y * BIG_WIDTH + (VkDeviceSize)big_part.x) * plane->bytes,
        .bufferRowLength = BIG_WIDTH,
        .imageSubresource = {plane->aspect, 0, 0, 1},
        .imageOffset = big_part,
        .imageExtent = big_extent};
    VkCommandBuffer commands = vkc_begin(&t->copy);

    fill(&t->copy_source, plane, 3);
    vkCmdCopyBufferToImage(commands, t->copy_source.buffer, image->image, VK_IMAGE_LAYOUT_GENERAL,
                           1, &part);
    barrier(commands);
    vkc_run(&t->copy, commands);
    download(&t->copy, plane, image, &t->copy_result);
    big_check(plane, "read here", &t->copy_source, &t->copy_result, cleared);
    download(&t->draw, plane, image, &t->draw_result);
    big_check(plane, "read by the other queue", &t->copy_source, &t->draw_result, cleared);
}

static void big_create(struct test *t, const struct plane *plane, VkImageUsageFlags usage,
                       struct image *out_image)
{
    const struct image_desc shape = {.type = VK_IMAGE_TYPE_2D,
                                     .width = BIG_WIDTH,
                                     .height = BIG_HEIGHT,
                                     .layers = 1,
                                     .levels = 1};
    struct image_desc desc;

    EXPECT(desc_make(t, plane, &shape, usage, &desc), "no images of %s", plane->name);
    image_create(&t->draw, &desc, out_image);
    begin(&t->draw, out_image);
}

static const struct plane target = {"R8G8B8A8", VK_FORMAT_R8G8B8A8_UNORM, COLOR, COLOR, 4, 1};

static void clear_color(struct test *t, const struct image *image, const float color[4])
{
    const VkImageSubresourceRange all = {COLOR, 0, 1, 0, 1};
    VkCommandBuffer commands = vkc_begin(&t->draw);
    VkClearColorValue value;

    memcpy(value.float32, color, sizeof(value.float32));
    vkCmdClearColorImage(commands, image->image, VK_IMAGE_LAYOUT_GENERAL, &value, 1, &all);
    barrier(commands);
    vkc_run(&t->draw, commands);
}

static void test_cleared_colors(struct test *t)
{
    static const struct {
        float color[4];
        uint8_t texel[4];
    } clears[] = {{{0, 0, 0, 0}, {0, 0, 0, 0}},
                  {{0, 0, 0, 1}, {0, 0, 0, 255}},
                  {{1, 1, 1, 0}, {255, 255, 255, 0}},
                  {{1, 1, 1, 1}, {255, 255, 255, 255}},
                  {{0.2f, 0.4f, 0.6f, 0.8f}, {51, 102, 153, 204}}};
    struct image image;

    big_create(t, &target, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, &image);
    for (unsigned i = 0; i < COUNT_OF(clears); i++) {
        clear_color(t, &image, clears[i].color);
        cleared_check(t, &target, &image, clears[i].texel);
    }
    image_destroy(&t->draw, &image);
}

static void copy_big_part(struct test *t, const struct image *from, const struct image *to)
{
    const VkImageCopy copy = {.srcSubresource = {COLOR, 0, 0, 1},
                              .srcOffset = big_part,
                              .dstSubresource = {COLOR, 0, 0, 1},
                              .dstOffset = big_part,
                              .extent = big_extent};
    VkCommandBuffer commands = vkc_begin(&t->copy);

    vkCmdCopyImage(commands, from->image, VK_IMAGE_LAYOUT_GENERAL, to->image,
                   VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
    barrier(commands);
    vkc_run(&t->copy, commands);
}

/* From an image without metadata to one that was cleared, and from there back to another. */
static void test_copies_of_cleared(struct test *t)
{
    static const float color[4] = {0, 0, 0, 1};
    static const uint8_t texel[4] = {0, 0, 0, 255};
    struct image cleared, plain;

    big_create(t, &target, VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT, &cleared);
    big_create(t, &target, 0, &plain);
    fill(&t->copy_source, &target, 9);
    upload(&t->copy, &target, &t->copy_source, &plain);
    clear_color(t, &cleared, color);
    copy_big_part(t, &plain, &cleared);
    download(&t->draw, &target, &cleared, &t->draw_result);
    big_check(&target, "copied to", &t->copy_source, &t->draw_result, texel);
    clear_color(t, &cleared, color);
    copy_big_part(t, &cleared, &plain);
    download(&t->copy, &target, &plain, &t->copy_result);
    for (uint32_t i = 0; i < BIG; i++) {
        const uint8_t *want = is_in_big_part(i) ? texel : (uint8_t *)t->copy_source.host + 4 * i;

        EXPECT(!memcmp((uint8_t *)t->copy_result.host + 4 * i, want, 4),
               "copied from what was cleared: texel %u, %u", i % BIG_WIDTH, i / BIG_WIDTH);
    }
    image_destroy(&t->draw, &cleared);
    image_destroy(&t->draw, &plain);
}

static void cleared_depth_check(struct test *t, const struct plane *plane, float depth,
                                uint32_t stencil)
{
    const VkClearDepthStencilValue value = {depth, stencil};
    const VkImageSubresourceRange all = {plane->aspects, 0, 1, 0, 1};
    const uint16_t norm = (uint16_t)(depth * UINT16_MAX + 0.5f);
    uint8_t cleared[4] = {0};
    VkCommandBuffer commands;
    struct image image;

    big_create(t, plane, VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT, &image);
    commands = vkc_begin(&t->draw);
    vkCmdClearDepthStencilImage(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, &value, 1, &all);
    barrier(commands);
    vkc_run(&t->draw, commands);
    if (plane->aspect == STENCIL)
        cleared[0] = (uint8_t)stencil;
    else
        memcpy(cleared, plane->bytes == 2 ? (const void *)&norm : &depth, plane->bytes);
    cleared_check(t, plane, &image, cleared);
    image_destroy(&t->draw, &image);
}

static void test_cleared_depths(struct test *t)
{
    static const float values[] = {0, 1, 0.5f};

    for (unsigned i = 0; i < COUNT_OF(depths); i++)
        for (unsigned v = 0; v < COUNT_OF(values); v++)
            cleared_depth_check(t, &depths[i], values[v], v * 0x55);
}

static void test_colors(struct test *t)
{
    test_shapes(t, colors, COUNT_OF(colors));
    test_linear(t);
    for (unsigned i = 0; i < COUNT_OF(colors); i++)
        if (colors[i].block == 1)
            parts_check(t, &colors[i]);
    test_cleared_colors(t);
    test_copies_of_cleared(t);
}

static void test_depths(struct test *t)
{
    test_shapes(t, depths, COUNT_OF(depths));
    for (unsigned i = 0; i < COUNT_OF(depths); i++)
        parts_check(t, &depths[i]);
    test_cleared_depths(t);
}

/* Colours, or with the argument "depth" depth and stencil, without the validation layer: drivers
 * copy them on such queues, but Vulkan has a word for that only from VK_KHR_maintenance10 on. */
int main(int argc, char **argv)
{
    const bool depth = argc > 1 && !strcmp(argv[1], "depth");
    const struct vkc_options options = {.also_transfer = true, .unchecked = depth};
    struct test t;

    vkc_open(&options, &t.draw);
    if (!vkc_transfer_open(&t.draw, &t.copy)) {
        puts("skipped: the driver has no queue that only copies");
        vkc_close(&t.draw);
        return SKIPPED;
    }
    t.families[0] = t.draw.family;
    t.families[1] = t.copy.family;
    vkc_buffer_create(&t.draw, BUFFER_BYTES, &t.draw_source);
    vkc_buffer_create(&t.draw, BUFFER_BYTES, &t.draw_result);
    vkc_buffer_create(&t.draw, BUFFER_BYTES, &t.copy_source);
    vkc_buffer_create(&t.draw, BUFFER_BYTES, &t.copy_result);
    if (depth)
        test_depths(&t);
    else
        test_colors(&t);
    vkc_buffer_destroy(&t.draw, &t.draw_source);
    vkc_buffer_destroy(&t.draw, &t.draw_result);
    vkc_buffer_destroy(&t.draw, &t.copy_source);
    vkc_buffer_destroy(&t.draw, &t.copy_result);
    vkc_transfer_close(&t.copy);
    vkc_close(&t.draw);
    puts("ok");
    return 0;
}
