/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <math.h>

/* ---- formats ---- */

#define X1(b)                                                                                      \
    {                                                                                              \
        0, b                                                                                       \
    }
#define X2(b)                                                                                      \
    {0, b},                                                                                        \
    {                                                                                              \
        b, b                                                                                       \
    }
#define X4(b)                                                                                      \
    {0, b}, {b, b}, {2 * (b), b},                                                                  \
    {                                                                                              \
        3 * (b), b                                                                                 \
    }
#define BGRA8                                                                                      \
    {16, 8}, {8, 8}, {0, 8},                                                                       \
    {                                                                                              \
        24, 8                                                                                      \
    }
#define A2B10                                                                                      \
    {0, 10}, {10, 10}, {20, 10},                                                                   \
    {                                                                                              \
        30, 2                                                                                      \
    }
#define A2R10                                                                                      \
    {20, 10}, {10, 10}, {0, 10},                                                                   \
    {                                                                                              \
        30, 2                                                                                      \
    }
#define F(name, kind, bytes, ...)                                                                  \
    {                                                                                              \
#name, VK_FORMAT_##name, kind, bytes,                                                      \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

const struct image_format image_formats[] = {
    F(R8_UNORM, UNORM, 1, X1(8)),
    F(R8_SNORM, SNORM, 1, X1(8)),
    F(R8_UINT, UINT, 1, X1(8)),
    F(R8_SINT, SINT, 1, X1(8)),
    F(R8_SRGB, SRGB, 1, X1(8)),
    F(R8G8_UNORM, UNORM, 2, X2(8)),
    F(R8G8_SNORM, SNORM, 2, X2(8)),
    F(R8G8_UINT, UINT, 2, X2(8)),
    F(R8G8_SINT, SINT, 2, X2(8)),
    F(R8G8_SRGB, SRGB, 2, X2(8)),
    F(R8G8B8A8_UNORM, UNORM, 4, X4(8)),
    F(R8G8B8A8_SNORM, SNORM, 4, X4(8)),
    F(R8G8B8A8_UINT, UINT, 4, X4(8)),
    F(R8G8B8A8_SINT, SINT, 4, X4(8)),
    F(R8G8B8A8_SRGB, SRGB, 4, X4(8)),
    F(B8G8R8A8_UNORM, UNORM, 4, BGRA8),
    F(B8G8R8A8_SNORM, SNORM, 4, BGRA8),
    F(B8G8R8A8_UINT, UINT, 4, BGRA8),
    F(B8G8R8A8_SRGB, SRGB, 4, BGRA8),
    F(A2B10G10R10_UNORM_PACK32, UNORM, 4, A2B10),
    F(A2B10G10R10_UINT_PACK32, UINT, 4, A2B10),
    F(A2R10G10B10_UNORM_PACK32, UNORM, 4, A2R10),
    F(A2R10G10B10_UINT_PACK32, UINT, 4, A2R10),
    F(R16_UNORM, UNORM, 2, X1(16)),
    F(R16_SNORM, SNORM, 2, X1(16)),
    F(R16_UINT, UINT, 2, X1(16)),
    F(R16_SINT, SINT, 2, X1(16)),
    F(R16_SFLOAT, FLOAT, 2, X1(16)),
    F(R16G16_UNORM, UNORM, 4, X2(16)),
    F(R16G16_SNORM, SNORM, 4, X2(16)),
    F(R16G16_UINT, UINT, 4, X2(16)),
    F(R16G16_SINT, SINT, 4, X2(16)),
    F(R16G16_SFLOAT, FLOAT, 4, X2(16)),
    F(R16G16B16A16_UNORM, UNORM, 8, X4(16)),
    F(R16G16B16A16_SNORM, SNORM, 8, X4(16)),
    F(R16G16B16A16_UINT, UINT, 8, X4(16)),
    F(R16G16B16A16_SINT, SINT, 8, X4(16)),
    F(R16G16B16A16_SFLOAT, FLOAT, 8, X4(16)),
    F(R32_UINT, UINT, 4, X1(32)),
    F(R32_SINT, SINT, 4, X1(32)),
    F(R32_SFLOAT, FLOAT, 4, X1(32)),
    F(R32G32_UINT, UINT, 8, X2(32)),
    F(R32G32_SINT, SINT, 8, X2(32)),
    F(R32G32_SFLOAT, FLOAT, 8, X2(32)),
    F(R32G32B32A32_UINT, UINT, 16, X4(32)),
    F(R32G32B32A32_SINT, SINT, 16, X4(32)),
    F(R32G32B32A32_SFLOAT, FLOAT, 16, X4(32)),
    F(B10G11R11_UFLOAT_PACK32, FLOAT, 4, {0, 11}, {11, 11}, {22, 10}),
    F(E5B9G9R9_UFLOAT_PACK32, SHARED_EXPONENT, 4, {0, 9}, {9, 9}, {18, 9}),
    F(R5G6B5_UNORM_PACK16, UNORM, 2, {11, 5}, {5, 6}, {0, 5}),
    F(B5G6R5_UNORM_PACK16, UNORM, 2, {0, 5}, {5, 6}, {11, 5}),
    F(R5G5B5A1_UNORM_PACK16, UNORM, 2, {11, 5}, {6, 5}, {1, 5}, {0, 1}),
    F(B5G5R5A1_UNORM_PACK16, UNORM, 2, {1, 5}, {6, 5}, {11, 5}, {0, 1}),
    F(A1R5G5B5_UNORM_PACK16, UNORM, 2, {10, 5}, {5, 5}, {0, 5}, {15, 1}),
    F(R4G4B4A4_UNORM_PACK16, UNORM, 2, {12, 4}, {8, 4}, {4, 4}, {0, 4}),
    F(B4G4R4A4_UNORM_PACK16, UNORM, 2, {4, 4}, {8, 4}, {12, 4}, {0, 4}),
};
const unsigned image_format_count = COUNT_OF(image_formats);

static uint32_t part_mask(unsigned bits)
{
    return (uint32_t)((1ull << bits) - 1);
}

static uint32_t part_get(const void *element, unsigned shift, unsigned bits)
{
    const uint8_t *bytes = element;
    uint32_t value = 0;

    for (unsigned i = 0; i < bits; i++)
        value |= (uint32_t)(bytes[(shift + i) / 8] >> (shift + i) % 8 & 1) << i;
    return value;
}

/* A float of 5 exponent bits, or of 32 bits. */
static float small_float(uint32_t raw, unsigned bits)
{
    unsigned sign = bits == 16 && raw >> 15, fraction_bits = bits == 16 ? 10 : bits - 5;
    uint32_t fraction = raw & part_mask(fraction_bits), exponent = raw >> fraction_bits & 31;
    float value;

    if (bits == 32) {
        memcpy(&value, &raw, 4);
        return value;
    }
    value = exponent ? ldexpf((float)(fraction + (1u << fraction_bits)),
                              (int)exponent - 15 - (int)fraction_bits)
                     : ldexpf((float)fraction, -14 - (int)fraction_bits);
    return sign ? -value : value;
}

static float part_float(enum image_kind kind, uint32_t raw, unsigned bits)
{
    int32_t number = (int32_t)(raw << (32 - bits)) >> (32 - bits);
    float value;

    switch (kind) {
    case SNORM:
        value = (float)number / (float)(part_mask(bits) >> 1);
        return value < -1 ? -1 : value;
    case FLOAT:
        return small_float(raw, bits);
    case SRGB:
        value = (float)raw / (float)part_mask(bits);
        return value <= 0.04045f ? value / 12.92f : powf((value + 0.055f) / 1.055f, 2.4f);
    default:
        return (float)raw / (float)part_mask(bits);
    }
}

static void shared_exponent_decode(const void *element, uint32_t out[4])
{
    int exponent = (int)part_get(element, 27, 5) - 24;

    for (unsigned i = 0; i < 3; i++) {
        float value = ldexpf((float)part_get(element, 9 * i, 9), exponent);

        memcpy(&out[i], &value, 4);
    }
}

void image_decode(const struct image_format *format, const void *element, uint32_t out[4])
{
    const bool integer = format->kind == UINT || format->kind == SINT;
    const float one = 1;

    memset(out, 0, 16);
    if (integer)
        out[3] = 1;
    else
        memcpy(&out[3], &one, 4);
    if (format->kind == SHARED_EXPONENT) {
        shared_exponent_decode(element, out);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned bits = format->part[i].bits;
        uint32_t raw;
        float value;

        if (!bits)
            continue;
        raw = part_get(element, format->part[i].shift, bits);
        value = part_float(format->kind == SRGB && i == 3 ? UNORM : format->kind, raw, bits);
        if (format->kind == SINT)
            out[i] = (uint32_t)((int32_t)(raw << (32 - bits)) >> (32 - bits));
        else if (integer)
            out[i] = raw;
        else
            memcpy(&out[i], &value, 4);
    }
}

static void part_set(void *element, unsigned shift, unsigned bits, uint32_t mask)
{
    for (unsigned i = shift; i < shift + bits; i++) {
        uint8_t *byte = (uint8_t *)element + i / 8;

        *byte = (uint8_t)(mask >> (i - shift) & 1 ? *byte | 1u << i % 8 : *byte & ~(1u << i % 8));
    }
}

void image_tame(const struct image_format *format, void *element)
{
    for (unsigned i = 0; i < 4 && (format->kind == FLOAT || format->kind == SNORM); i++) {
        unsigned bits = format->part[i].bits, shift = format->part[i].shift;
        uint32_t raw;

        if (!bits)
            continue;
        raw = part_get(element, shift, bits);
        if (format->kind == SNORM && raw == part_mask(bits) / 2 + 1)
            part_set(element, shift, bits, raw + 1);
        /* A middling exponent, whatever the size. */
        if (format->kind == FLOAT)
            part_set(element, shift, bits,
                     (raw & ~(bits == 32   ? 0x7f800000u
                              : bits == 16 ? 0x7c00u
                                           : ~0u << (bits - 5))) |
                         (bits == 32 ? 0x40000000u : 0xfu << (bits == 16 ? 10 : bits - 5)));
    }
    if (format->kind == SHARED_EXPONENT) /* the largest fraction has its top bit */
        part_set(element, 8, 1, 1);
}

/* ---- images ---- */

static uint32_t memory_type(struct vkc *vkc, uint32_t allowed)
{
    VkPhysicalDeviceMemoryProperties memory;

    vkGetPhysicalDeviceMemoryProperties(vkc->physical, &memory);
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
        if (allowed >> i & 1)
            return i;
    EXPECT(false, "no memory for an image");
    return 0;
}

static uint32_t one_or(uint32_t count)
{
    return count ? count : 1;
}

static void view_create(struct vkc *vkc, struct image *image)
{
    static const VkImageViewType types[2][3] = {
        {VK_IMAGE_VIEW_TYPE_1D, VK_IMAGE_VIEW_TYPE_2D, VK_IMAGE_VIEW_TYPE_3D},
        {VK_IMAGE_VIEW_TYPE_1D_ARRAY, VK_IMAGE_VIEW_TYPE_2D_ARRAY, VK_IMAGE_VIEW_TYPE_3D}};
    const VkImageViewCreateInfo view = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = image->image,
        .viewType = types[image->desc.layers > 1][image->desc.type],
        .format = image->desc.format,
        .subresourceRange = {image->desc.aspects, 0, image->desc.levels, 0, image->desc.layers}};
    const VkImageUsageFlags copies =
        VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;

    image->view = VK_NULL_HANDLE;
    if (!(image->desc.usage & ~copies))
        return;
    VKC_CHECK(vkCreateImageView(vkc->device, &view, NULL, &image->view));
}

void image_create(struct vkc *vkc, const struct image_desc *desc, struct image *out_image)
{
    const VkImageCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = desc->type,
        .format = desc->format,
        .extent = {desc->width, one_or(desc->height), one_or(desc->depth)},
        .mipLevels = one_or(desc->levels),
        .arrayLayers = one_or(desc->layers),
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .tiling = desc->tiling,
        .usage = desc->usage,
        .sharingMode = desc->families ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = desc->families ? 2 : 0,
        .pQueueFamilyIndices = desc->families};
    VkMemoryRequirements needs;

    out_image->desc = *desc;
    out_image->desc.height = info.extent.height;
    out_image->desc.depth = info.extent.depth;
    out_image->desc.levels = info.mipLevels;
    out_image->desc.layers = info.arrayLayers;
    out_image->desc.aspects = desc->aspects ? desc->aspects : VK_IMAGE_ASPECT_COLOR_BIT;
    VKC_CHECK(vkCreateImage(vkc->device, &info, NULL, &out_image->image));
    vkGetImageMemoryRequirements(vkc->device, out_image->image, &needs);

    const VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                         .allocationSize = needs.size,
                                         .memoryTypeIndex = memory_type(vkc, needs.memoryTypeBits)};

    VKC_CHECK(vkAllocateMemory(vkc->device, &memory, NULL, &out_image->memory));
    VKC_CHECK(vkBindImageMemory(vkc->device, out_image->image, out_image->memory, 0));
    view_create(vkc, out_image);
}

void image_destroy(struct vkc *vkc, struct image *image)
{
    vkDestroyImageView(vkc->device, image->view, NULL);
    vkDestroyImage(vkc->device, image->image, NULL);
    vkFreeMemory(vkc->device, image->memory, NULL);
}

void image_begin(VkCommandBuffer commands, const struct image *image)
{
    const VkImageMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
        .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
        .newLayout = VK_IMAGE_LAYOUT_GENERAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = image->image,
        .subresourceRange = {image->desc.aspects, 0, image->desc.levels, 0, image->desc.layers}};

    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
}

enum { LEVELS_MAX = 16 };

static void copies_fill(const struct image *image, unsigned texel_bytes, VkBufferImageCopy *copies)
{
    const struct image_desc *desc = &image->desc;
    VkDeviceSize offset = 0;

    for (uint32_t level = 0; level < desc->levels; level++) {
        const VkExtent3D extent = {image_level_size(desc->width, level),
                                   image_level_size(desc->height, level),
                                   image_level_size(desc->depth, level)};

        copies[level] = (VkBufferImageCopy){
            .bufferOffset = offset,
            .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, level, 0, desc->layers},
            .imageExtent = extent};
        offset +=
            (VkDeviceSize)extent.width * extent.height * extent.depth * desc->layers * texel_bytes;
        offset = (offset + 15) & ~(VkDeviceSize)15;
    }
}

void image_upload(VkCommandBuffer commands, const struct vkc_buffer *from,
                  const struct image *image, unsigned texel_bytes)
{
    VkBufferImageCopy copies[LEVELS_MAX];

    copies_fill(image, texel_bytes, copies);
    vkCmdCopyBufferToImage(commands, from->buffer, image->image, VK_IMAGE_LAYOUT_GENERAL,
                           image->desc.levels, copies);
}

void image_download(VkCommandBuffer commands, const struct image *image,
                    const struct vkc_buffer *to, unsigned texel_bytes)
{
    VkBufferImageCopy copies[LEVELS_MAX];

    copies_fill(image, texel_bytes, copies);
    vkCmdCopyImageToBuffer(commands, image->image, VK_IMAGE_LAYOUT_GENERAL, to->buffer,
                           image->desc.levels, copies);
}

VkSampler sampler_create(struct vkc *vkc, VkFilter filter, VkSamplerAddressMode mode,
                         VkBorderColor border)
{
    const VkSamplerCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO,
                                      .magFilter = filter,
                                      .minFilter = filter,
                                      .addressModeU = mode,
                                      .addressModeV = mode,
                                      .addressModeW = mode,
                                      .borderColor = border,
                                      .maxLod = VK_LOD_CLAMP_NONE};
    VkSampler sampler;

    VKC_CHECK(vkCreateSampler(vkc->device, &info, NULL, &sampler));
    return sampler;
}
