/* SPDX-License-Identifier: MIT
 *
 * What render targets hold after clears and draws, by every way that drivers have of clearing:
 * large ones by their metadata alone, then in part by draws, then loaded again; several samples and
 * what they resolve to; layers and mip levels; depth and stencil of every format.
 */
#include "image.h"

#include <math.h>

enum { LARGE = 640, SMALL = 72 }; /* pixels along both sides; large ones have metadata */

struct target_desc {
    VkFormat format;
    VkImageAspectFlags aspects;
    uint32_t size, samples, levels, layers; /* 0: 1 */
};

struct target {
    struct target_desc desc;
    VkImage image;
    VkDeviceMemory memory;
    VkImageView view; /* of `level` and `layer` 0 at first */
};

static uint32_t at_least_one(uint32_t count)
{
    return count ? count : 1;
}

static bool is_color(const struct target *target)
{
    return target->desc.aspects == VK_IMAGE_ASPECT_COLOR_BIT;
}

/* ---- targets ---- */

static VkImageUsageFlags usage_of(const struct target_desc *desc)
{
    VkImageUsageFlags usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                              VK_IMAGE_USAGE_SAMPLED_BIT;

    return usage | (desc->aspects == VK_IMAGE_ASPECT_COLOR_BIT
                        ? VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT
                        : VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT);
}

static bool target_is_possible(struct vkc *vkc, const struct target_desc *desc)
{
    VkImageFormatProperties properties;

    return vkGetPhysicalDeviceImageFormatProperties(vkc->physical, desc->format, VK_IMAGE_TYPE_2D,
                                                    VK_IMAGE_TILING_OPTIMAL, usage_of(desc), 0,
                                                    &properties) == VK_SUCCESS &&
           (properties.sampleCounts & at_least_one(desc->samples));
}

static void view_create(struct vkc *vkc, struct target *target, uint32_t level, uint32_t layer)
{
    const VkImageViewCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
        .image = target->image,
        .viewType = VK_IMAGE_VIEW_TYPE_2D,
        .format = target->desc.format,
        .subresourceRange = {target->desc.aspects, level, 1, layer, 1}};

    VKC_CHECK(vkCreateImageView(vkc->device, &info, NULL, &target->view));
}

static void target_create(struct vkc *vkc, const struct target_desc *desc, struct target *out)
{
    const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .imageType = VK_IMAGE_TYPE_2D,
                                    .format = desc->format,
                                    .extent = {desc->size, desc->size, 1},
                                    .mipLevels = at_least_one(desc->levels),
                                    .arrayLayers = at_least_one(desc->layers),
                                    .samples = (VkSampleCountFlagBits)at_least_one(desc->samples),
                                    .usage = usage_of(desc)};
    VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    VkMemoryRequirements needs;

    *out = (struct target){.desc = *desc};
    VKC_CHECK(vkCreateImage(vkc->device, &info, NULL, &out->image));
    vkGetImageMemoryRequirements(vkc->device, out->image, &needs);
    memory.allocationSize = needs.size;
    memory.memoryTypeIndex = (uint32_t)__builtin_ctz(needs.memoryTypeBits);
    VKC_CHECK(vkAllocateMemory(vkc->device, &memory, NULL, &out->memory));
    VKC_CHECK(vkBindImageMemory(vkc->device, out->image, out->memory, 0));
    view_create(vkc, out, 0, 0);
}

static void target_destroy(struct vkc *vkc, struct target *target)
{
    vkDestroyImageView(vkc->device, target->view, NULL);
    vkDestroyImage(vkc->device, target->image, NULL);
    vkFreeMemory(vkc->device, target->memory, NULL);
}

/* ---- commands ---- */

static void transition(VkCommandBuffer commands, const struct target *target, VkImageLayout from,
                       VkImageLayout to)
{
    const VkImageMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT,
        .oldLayout = from,
        .newLayout = to,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = target->image,
        .subresourceRange = {target->desc.aspects, 0, VK_REMAINING_MIP_LEVELS, 0,
                             VK_REMAINING_ARRAY_LAYERS}};

    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
}

static VkImageLayout attachment_layout(const struct target *target)
{
    return is_color(target) ? VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL
                            : VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL;
}

/* `clear` may be NULL: what is there is loaded. `resolve` may be NULL. */
static void rendering_begin(VkCommandBuffer commands, const struct target *target, uint32_t level,
                            const VkClearValue *clear, const struct target *resolve)
{
    const uint32_t size = image_level_size(target->desc.size, level);
    const VkRenderingAttachmentInfo attachment = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = target->view,
        .imageLayout = attachment_layout(target),
        .resolveMode = resolve ? VK_RESOLVE_MODE_AVERAGE_BIT : VK_RESOLVE_MODE_NONE,
        .resolveImageView = resolve ? resolve->view : VK_NULL_HANDLE,
        .resolveImageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .loadOp = clear ? VK_ATTACHMENT_LOAD_OP_CLEAR : VK_ATTACHMENT_LOAD_OP_LOAD,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
        .clearValue = clear ? *clear : (VkClearValue){.color = {.uint32 = {0}}}};
    const bool z = target->desc.aspects & VK_IMAGE_ASPECT_DEPTH_BIT;
    const bool s = target->desc.aspects & VK_IMAGE_ASPECT_STENCIL_BIT;
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = {{0, 0}, {size, size}},
                                  .layerCount = 1,
                                  .colorAttachmentCount = is_color(target),
                                  .pColorAttachments = &attachment,
                                  .pDepthAttachment = z ? &attachment : NULL,
                                  .pStencilAttachment = s ? &attachment : NULL};

    vkCmdBeginRendering(commands, &info);
}

struct rect {
    uint32_t x, y, width, height;
};

/* Of a level that is `size` pixels wide and high. */
static struct rect rect_first(uint32_t size)
{
    return (struct rect){size / 14, size / 8, size / 2, size / 4};
}

static struct rect rect_second(uint32_t size)
{
    return (struct rect){size / 4, size / 24, size * 3 / 4, size / 6};
}

/* A clear of a part is a draw. */
static void part_clear(VkCommandBuffer commands, const struct target *target, struct rect rect,
                       const VkClearValue *value)
{
    const VkClearAttachment attachment = {target->desc.aspects, 0, *value};
    const VkClearRect area = {
        {{(int32_t)rect.x, (int32_t)rect.y}, {rect.width, rect.height}}, 0, 1};

    vkCmdClearAttachments(commands, 1, &attachment, 1, &area);
}

/* The whole is cleared, a part drawn; then all is loaded and another part drawn. */
static void three_values(VkCommandBuffer commands, const struct target *target, uint32_t level,
                         const VkClearValue values[3], const struct target *resolve)
{
    const uint32_t size = image_level_size(target->desc.size, level);

    rendering_begin(commands, target, level, &values[0], NULL);
    if (rect_first(size).height)
        part_clear(commands, target, rect_first(size), &values[1]);
    vkCmdEndRendering(commands);
    transition(commands, target, attachment_layout(target), attachment_layout(target));
    rendering_begin(commands, target, level, NULL, resolve);
    if (rect_second(size).height)
        part_clear(commands, target, rect_second(size), &values[2]);
    vkCmdEndRendering(commands);
}

static bool rect_holds(struct rect rect, uint32_t x, uint32_t y)
{
    return x - rect.x < rect.width && y - rect.y < rect.height;
}

static unsigned value_at(uint32_t size, uint32_t i)
{
    const uint32_t x = i % size, y = i / size;

    return rect_holds(rect_second(size), x, y) ? 2 : rect_holds(rect_first(size), x, y) ? 1 : 0;
}

static void download(VkCommandBuffer commands, const struct target *target, uint32_t level,
                     uint32_t layer, VkImageAspectFlags aspect, const struct vkc_buffer *to)
{
    const uint32_t size = image_level_size(target->desc.size, level);
    const VkBufferImageCopy copy = {.imageSubresource = {aspect, level, layer, 1},
                                    .imageExtent = {size, size, 1}};

    vkCmdCopyImageToBuffer(commands, target->image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                           to->buffer, 1, &copy);
    vkc_barrier(commands);
}

/* ---- colours ---- */

static const struct image_format *format_find(VkFormat format)
{
    for (unsigned i = 0; i < image_format_count; i++)
        if (image_formats[i].format == format)
            return &image_formats[i];
    EXPECT(false, "format %d is not in the table", (int)format);
    return NULL;
}

/* Values that drivers clear to in different ways: metadata have short forms for zeros and ones. */
static const float shades[][4] = {
    {0, 0, 0, 0},        {1, 1, 1, 1}, {0, 0, 0, 1}, {1, 1, 1, 0}, {0.25f, 0.5f, 1, 0.75f},
    {0.5f, 0, 0.125f, 1}};

/* A shade of a component that has so many bits for its value: 1 is the largest one. */
static uint32_t shade_integer(unsigned bits, float shade)
{
    if (shade == 1)
        return (uint32_t)((UINT64_C(1) << bits) - 1);
    return (uint32_t)(shade * (float)((1u << (bits - 1)) - 1));
}

static VkClearValue shade_value(const struct image_format *format, const float shade[4])
{
    VkClearValue value = {0};

    for (unsigned c = 0; c < 4; c++) {
        unsigned bits = format->part[c].bits;

        if (format->kind != UINT && format->kind != SINT)
            value.color.float32[c] = shade[c];
        else if (bits > 0)
            value.color.uint32[c] = shade_integer(bits - (format->kind == SINT), shade[c]);
    }
    return value;
}

static bool component_equals(const struct image_format *format, unsigned c, uint32_t got,
                             const VkClearValue *want)
{
    float a, b = want->color.float32[c];
    /* sRGB's steps at 1 are wide when seen as linear. */
    float step = format->kind == SRGB ? 0.006f : 1.01f / (float)(1u << (format->part[c].bits % 32));

    if (format->part[c].bits == 0)
        return true;
    if (format->kind == UINT || format->kind == SINT)
        return got == want->color.uint32[c];
    memcpy(&a, &got, sizeof a);
    return fabsf(a - b) <=
           (format->kind == FLOAT || format->kind == SHARED_EXPONENT ? 0.004f : step);
}

static void colors_compare(const char *what, const struct image_format *format, uint32_t size,
                           const VkClearValue values[3], const struct vkc_buffer *got)
{
    for (uint32_t i = 0; i < size * size; i++) {
        const unsigned n = value_at(size, i);
        uint32_t color[4];

        image_decode(format, (uint8_t *)got->host + (size_t)i * format->bytes, color);
        for (unsigned c = 0; c < 4; c++)
            EXPECT(component_equals(format, c, color[c], &values[n]),
                   "%s of %s: %u,%u (value %u) has 0x%08x as component %u, not 0x%08x", what,
                   format->name, i % size, i / size, n, color[c], c, values[n].color.uint32[c]);
    }
}

static void values_choose(const struct image_format *format, unsigned seed, VkClearValue out[3])
{
    for (unsigned n = 0; n < 3; n++)
        out[n] = shade_value(format, shades[(seed + n * 5) % COUNT_OF(shades)]);
}

static void test_color(struct vkc *vkc, const struct image_format *format, uint32_t size,
                       unsigned seed)
{
    const struct target_desc desc = {format->format, VK_IMAGE_ASPECT_COLOR_BIT, size, 1, 1, 1};
    VkCommandBuffer commands;
    struct vkc_buffer got;
    struct target target;
    VkClearValue values[3];

    values_choose(format, seed, values);
    target_create(vkc, &desc, &target);
    vkc_buffer_create(vkc, (VkDeviceSize)size * size * format->bytes, &got);
    commands = vkc_begin(vkc);
    transition(commands, &target, VK_IMAGE_LAYOUT_UNDEFINED, attachment_layout(&target));
    three_values(commands, &target, 0, values, NULL);
    transition(commands, &target, attachment_layout(&target), VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
    download(commands, &target, 0, 0, VK_IMAGE_ASPECT_COLOR_BIT, &got);
    vkc_run(vkc, commands);
    colors_compare(size == LARGE ? "a large target" : "a small target", format, size, values, &got);
    vkc_buffer_destroy(vkc, &got);
    target_destroy(vkc, &target);
}

static bool format_is_rendered(struct vkc *vkc, const struct image_format *format)
{
    const struct target_desc desc = {format->format, VK_IMAGE_ASPECT_COLOR_BIT, SMALL, 1, 1, 1};
    VkFormatProperties properties;

    vkGetPhysicalDeviceFormatProperties(vkc->physical, format->format, &properties);
    return properties.optimalTilingFeatures & VK_FORMAT_FEATURE_COLOR_ATTACHMENT_BIT &&
           target_is_possible(vkc, &desc);
}

static void test_all_formats(struct vkc *vkc)
{
    unsigned tested = 0;

    for (unsigned i = 0; i < image_format_count; i++) {
        if (!format_is_rendered(vkc, &image_formats[i]))
            continue;
        test_color(vkc, &image_formats[i], SMALL, i);
        test_color(vkc, &image_formats[i], LARGE, i + 1);
        tested++;
    }
    EXPECT(tested >= 30, "only %u formats can be rendered to", tested);
    for (unsigned seed = 0; seed < COUNT_OF(shades); seed++)
        test_color(vkc, format_find(VK_FORMAT_R8G8B8A8_UNORM), LARGE, seed);
}

/* ---- levels and layers ---- */

static void test_levels(struct vkc *vkc, uint32_t levels, uint32_t layers)
{
    const struct image_format *format = format_find(VK_FORMAT_R8G8B8A8_UNORM);
    const struct target_desc desc = {format->format, VK_IMAGE_ASPECT_COLOR_BIT, LARGE, 1, levels,
                                     layers};
    VkClearValue values[3];
    struct vkc_buffer got;
    struct target target;

    target_create(vkc, &desc, &target);
    vkc_buffer_create(vkc, (VkDeviceSize)LARGE * LARGE * 4, &got);
    for (unsigned n = 0; n < levels * layers; n++) {
        const uint32_t level = n % levels, layer = n / levels;
        VkCommandBuffer commands = vkc_begin(vkc);

        vkDestroyImageView(vkc->device, target.view, NULL);
        view_create(vkc, &target, level, layer);
        values_choose(format, n, values);
        transition(commands, &target,
                   n ? VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL : VK_IMAGE_LAYOUT_UNDEFINED,
                   attachment_layout(&target));
        three_values(commands, &target, level, values, NULL);
        transition(commands, &target, attachment_layout(&target),
                   VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
        vkc_run(vkc, commands);
    }
    for (unsigned n = 0; n < levels * layers; n++) {
        VkCommandBuffer commands = vkc_begin(vkc);

        values_choose(format, n, values);
        download(commands, &target, n % levels, n / levels, VK_IMAGE_ASPECT_COLOR_BIT, &got);
        vkc_run(vkc, commands);
        colors_compare("a level or layer", format, image_level_size(LARGE, n % levels), values,
                       &got);
    }
    vkc_buffer_destroy(vkc, &got);
    target_destroy(vkc, &target);
}

/* ---- samples ---- */

/* Resolved by the end of rendering, or by a command of its own. */
static void test_samples(struct vkc *vkc, VkFormat number, uint32_t samples, uint32_t size,
                         bool command, unsigned seed)
{
    const struct image_format *format = format_find(number);
    const struct target_desc desc = {number, VK_IMAGE_ASPECT_COLOR_BIT, size, samples, 1, 1};
    const struct target_desc single = {number, VK_IMAGE_ASPECT_COLOR_BIT, size, 1, 1, 1};
    const VkImageResolve area = {.srcSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                 .dstSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                                 .extent = {size, size, 1}};
    struct target target, resolved;
    VkCommandBuffer commands;
    VkClearValue values[3];
    struct vkc_buffer got;
    VkImageLayout layout = attachment_layout(&(struct target){desc, NULL, NULL, NULL});

    values_choose(format, seed, values);
    target_create(vkc, &desc, &target);
    target_create(vkc, &single, &resolved);
    vkc_buffer_create(vkc, (VkDeviceSize)size * size * format->bytes, &got);
    commands = vkc_begin(vkc);
    transition(commands, &target, VK_IMAGE_LAYOUT_UNDEFINED, layout);
    transition(commands, &resolved, VK_IMAGE_LAYOUT_UNDEFINED,
               command ? VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL : layout);
    three_values(commands, &target, 0, values, command ? NULL : &resolved);
    if (command) {
        transition(commands, &target, layout, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
        vkCmdResolveImage(commands, target.image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                          resolved.image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &area);
        layout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
    }
    transition(commands, &resolved, layout, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
    download(commands, &resolved, 0, 0, VK_IMAGE_ASPECT_COLOR_BIT, &got);
    vkc_run(vkc, commands);
    colors_compare("samples", format, size, values, &got);
    vkc_buffer_destroy(vkc, &got);
    target_destroy(vkc, &resolved);
    target_destroy(vkc, &target);
}

static void test_all_samples(struct vkc *vkc)
{
    static const VkFormat formats[] = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_R16G16B16A16_SFLOAT,
                                       VK_FORMAT_R8_UNORM, VK_FORMAT_B8G8R8A8_SRGB};

    for (unsigned i = 0; i < COUNT_OF(formats); i++)
        for (uint32_t samples = 2; samples <= 8; samples *= 2)
            for (unsigned command = 0; command < 2; command++) {
                test_samples(vkc, formats[i], samples, SMALL, command, i);
                test_samples(vkc, formats[i], samples, SMALL, command, i + 3);
            }
}

/* ---- depth and stencil ---- */

static const VkClearValue depths[][3] = {
    {{.depthStencil = {1, 0}}, {.depthStencil = {0.25f, 0x5a}}, {.depthStencil = {0.5f, 0xff}}},
    {{.depthStencil = {0, 0}}, {.depthStencil = {1, 1}}, {.depthStencil = {0.125f, 2}}},
    {{.depthStencil = {0.375f, 0x80}}, {.depthStencil = {0, 0}}, {.depthStencil = {1, 0x7f}}},
};

static double depth_read(VkFormat format, const void *texels, uint32_t i)
{
    if (format == VK_FORMAT_D16_UNORM || format == VK_FORMAT_D16_UNORM_S8_UINT)
        return ((const uint16_t *)texels)[i] / 65535.0;
    if (format == VK_FORMAT_D24_UNORM_S8_UINT || format == VK_FORMAT_X8_D24_UNORM_PACK32)
        return (((const uint32_t *)texels)[i] & 0xffffff) / 16777215.0;
    return (double)((const float *)texels)[i];
}

/* A depth target and where its aspects are read back to. */
struct depth_run {
    struct target target;
    struct vkc_buffer z, stencil;
};

/* The target has the three values; what is recorded goes on. */
static VkCommandBuffer depth_begin(struct vkc *vkc, const struct target_desc *desc,
                                   const VkClearValue values[3], struct depth_run *out_run)
{
    const VkDeviceSize texels = (VkDeviceSize)desc->size * desc->size;
    VkCommandBuffer commands;

    target_create(vkc, desc, &out_run->target);
    vkc_buffer_create(vkc, texels * 4, &out_run->z);
    vkc_buffer_create(vkc, texels, &out_run->stencil);
    commands = vkc_begin(vkc);
    transition(commands, &out_run->target, VK_IMAGE_LAYOUT_UNDEFINED,
               attachment_layout(&out_run->target));
    three_values(commands, &out_run->target, 0, values, NULL);
    return commands;
}

static void depth_download(struct vkc *vkc, VkCommandBuffer commands, struct depth_run *run)
{
    const VkImageAspectFlags aspects = run->target.desc.aspects;

    transition(commands, &run->target, attachment_layout(&run->target),
               VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
    if (aspects & VK_IMAGE_ASPECT_DEPTH_BIT)
        download(commands, &run->target, 0, 0, VK_IMAGE_ASPECT_DEPTH_BIT, &run->z);
    if (aspects & VK_IMAGE_ASPECT_STENCIL_BIT)
        download(commands, &run->target, 0, 0, VK_IMAGE_ASPECT_STENCIL_BIT, &run->stencil);
    vkc_run(vkc, commands);
}

static void depth_end(struct vkc *vkc, struct depth_run *run)
{
    vkc_buffer_destroy(vkc, &run->z);
    vkc_buffer_destroy(vkc, &run->stencil);
    target_destroy(vkc, &run->target);
}

static void test_depth(struct vkc *vkc, VkFormat format, VkImageAspectFlags aspects, uint32_t size,
                       const VkClearValue values[3])
{
    const struct target_desc desc = {format, aspects, size, 1, 1, 1};
    struct depth_run run;

    depth_download(vkc, depth_begin(vkc, &desc, values, &run), &run);
    for (uint32_t i = 0; i < size * size; i++) {
        const VkClearDepthStencilValue *want = &values[value_at(size, i)].depthStencil;

        EXPECT(!(aspects & VK_IMAGE_ASPECT_DEPTH_BIT) ||
                   fabs(depth_read(format, run.z.host, i) - (double)want->depth) < 1e-5,
               "format %d: depth at %u,%u is %g, not %g", (int)format, i % size, i / size,
               depth_read(format, run.z.host, i), (double)want->depth);
        EXPECT(!(aspects & VK_IMAGE_ASPECT_STENCIL_BIT) ||
                   ((uint8_t *)run.stencil.host)[i] == want->stencil,
               "format %d: stencil at %u,%u is %u, not %u", (int)format, i % size, i / size,
               ((uint8_t *)run.stencil.host)[i], want->stencil);
    }
    depth_end(vkc, &run);
}

/* One of depth and stencil is cleared anew, the other one is loaded. */
static void aspect_clear(VkCommandBuffer commands, const struct target *target,
                         VkImageAspectFlags aspect, const VkClearValue *value)
{
    const VkRenderingAttachmentInfo loaded = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                              .imageView = target->view,
                                              .imageLayout = attachment_layout(target),
                                              .loadOp = VK_ATTACHMENT_LOAD_OP_LOAD,
                                              .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    VkRenderingAttachmentInfo cleared = loaded;
    const VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea = {{0, 0}, {target->desc.size, target->desc.size}},
        .layerCount = 1,
        .pDepthAttachment = aspect == VK_IMAGE_ASPECT_DEPTH_BIT ? &cleared : &loaded,
        .pStencilAttachment = aspect == VK_IMAGE_ASPECT_STENCIL_BIT ? &cleared : &loaded};

    cleared.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
    cleared.clearValue = *value;
    transition(commands, target, attachment_layout(target), attachment_layout(target));
    vkCmdBeginRendering(commands, &info);
    vkCmdEndRendering(commands);
}

static void test_aspects(struct vkc *vkc, VkImageAspectFlags again, uint32_t size)
{
    enum { BOTH = VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT };
    const struct target_desc desc = {VK_FORMAT_D32_SFLOAT_S8_UINT, BOTH, size, 1, 1, 1};
    const VkClearValue last = {.depthStencil = {0, 0}};
    VkCommandBuffer commands;
    struct depth_run run;

    commands = depth_begin(vkc, &desc, depths[0], &run);
    aspect_clear(commands, &run.target, again, &last);
    depth_download(vkc, commands, &run);
    for (uint32_t i = 0; i < size * size; i++) {
        const VkClearDepthStencilValue *old = &depths[0][value_at(size, i)].depthStencil;
        float want_z = again == VK_IMAGE_ASPECT_DEPTH_BIT ? 0 : old->depth;
        uint32_t want_stencil = again == VK_IMAGE_ASPECT_STENCIL_BIT ? 0 : old->stencil;

        EXPECT(((float *)run.z.host)[i] == want_z &&
                   ((uint8_t *)run.stencil.host)[i] == want_stencil,
               "aspect %u cleared again: %u,%u has %g and %u, not %g and %u", again, i % size,
               i / size, (double)((float *)run.z.host)[i], ((uint8_t *)run.stencil.host)[i],
               (double)want_z, want_stencil);
    }
    depth_end(vkc, &run);
}

static void test_all_depths(struct vkc *vkc)
{
    enum { Z = VK_IMAGE_ASPECT_DEPTH_BIT, S = VK_IMAGE_ASPECT_STENCIL_BIT };
    static const struct {
        VkFormat format;
        VkImageAspectFlags aspects;
    } formats[] = {{VK_FORMAT_D16_UNORM, Z},
                   {VK_FORMAT_X8_D24_UNORM_PACK32, Z},
                   {VK_FORMAT_D32_SFLOAT, Z},
                   {VK_FORMAT_S8_UINT, S},
                   {VK_FORMAT_D16_UNORM_S8_UINT, Z | S},
                   {VK_FORMAT_D24_UNORM_S8_UINT, Z | S},
                   {VK_FORMAT_D32_SFLOAT_S8_UINT, Z | S}};
    unsigned tested = 0;

    for (unsigned i = 0; i < COUNT_OF(formats); i++) {
        const struct target_desc desc = {formats[i].format, formats[i].aspects, SMALL, 1, 1, 1};

        if (!target_is_possible(vkc, &desc))
            continue;
        for (unsigned n = 0; n < COUNT_OF(depths); n++) {
            test_depth(vkc, formats[i].format, formats[i].aspects, SMALL, depths[n]);
            test_depth(vkc, formats[i].format, formats[i].aspects, LARGE, depths[n]);
        }
        tested++;
    }
    EXPECT(tested >= 3, "only %u depth formats", tested);
}

int main(void)
{
    const struct vkc_options options = {0};
    struct vkc vkc;

    vkc_open(&options, &vkc);
    test_all_formats(&vkc);
    test_levels(&vkc, 8, 1);
    test_levels(&vkc, 1, 3);
    test_levels(&vkc, 4, 2);
    test_all_samples(&vkc);
    test_all_depths(&vkc);
    test_aspects(&vkc, VK_IMAGE_ASPECT_DEPTH_BIT, SMALL);
    test_aspects(&vkc, VK_IMAGE_ASPECT_STENCIL_BIT, LARGE);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
