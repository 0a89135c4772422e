/* SPDX-License-Identifier: MIT
 *
 * Images, linear or (with the argument "optimal") tiled: every format that the driver offers,
 * uploaded, fetched in a shader, stored by another and downloaded; filtering, gathering, wrapping,
 * borders; atomics; clears.
 */
#include "image.h"

#include <math.h>

enum { WIDTH = 133, HEIGHT = 67, TEXELS = WIDTH * HEIGHT };

static VkImageTiling tiling = VK_IMAGE_TILING_LINEAR;

static VkFormatFeatureFlags features_of(struct vkc *vkc, VkFormat format)
{
    VkFormatProperties properties;

    vkGetPhysicalDeviceFormatProperties(vkc->physical, format, &properties);
    return tiling == VK_IMAGE_TILING_LINEAR ? properties.linearTilingFeatures
                                            : properties.optimalTilingFeatures;
}

static void image_open(struct vkc *vkc, VkFormat format, VkImageUsageFlags usage,
                       struct image *out_image)
{
    const struct image_desc desc = {.type = VK_IMAGE_TYPE_2D,
                                    .format = format,
                                    .tiling = tiling,
                                    .usage = usage,
                                    .width = WIDTH,
                                    .height = HEIGHT};

    image_create(vkc, &desc, out_image);
}

static const char *suffix_of(enum image_kind kind)
{
    return kind == UINT ? "uint" : kind == SINT ? "int" : "float";
}

static void pipeline_open(struct vkc *vkc, const char *name, enum image_kind kind,
                          const VkDescriptorType *types, struct vkc_pipeline *out)
{
    char path[4096];
    struct vkc_pipeline_desc desc = {.shader = path, .bindings = types, .binding_count = 2};

    snprintf(path, sizeof path, "%s/%s_%s.spv", SHADERS, name, suffix_of(kind));
    vkc_pipeline_create(vkc, &desc, out);
}

static bool nearly(uint32_t got, uint32_t want, enum image_kind kind, float tolerance)
{
    float a, b;

    if (kind == UINT || kind == SINT)
        return got == want;
    memcpy(&a, &got, 4);
    memcpy(&b, &want, 4);
    return fabsf(a - b) <= tolerance * (fabsf(b) > 1 ? fabsf(b) : 1);
}

static void texels_compare(const struct image_format *format, const char *what, const uint32_t *got,
                           const uint8_t *elements, float tolerance)
{
    for (unsigned i = 0; i < TEXELS; i++) {
        uint32_t want[4];

        image_decode(format, elements + i * format->bytes, want);
        for (unsigned c = 0; c < 4; c++)
            EXPECT(nearly(got[4 * i + c], want[c], format->kind, tolerance),
                   "%s, %s: texel %u component %u is 0x%08x, not 0x%08x", format->name, what, i, c,
                   got[4 * i + c], want[c]);
    }
}

/* Upload, and fetch by a shader. `values` gets what it read. */
static void fetch_check(struct vkc *vkc, const struct image_format *format, VkSampler sampler,
                        const struct vkc_buffer *source, struct vkc_buffer *values)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    struct vkc_pipeline pipeline;
    struct image image;
    VkCommandBuffer commands;

    pipeline_open(vkc, "image_fetch", format->kind, types, &pipeline);
    image_open(vkc, format->format, VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
               &image);
    vkc_bind_image(vkc, &pipeline, 0, image.view, sampler);
    vkc_bind(vkc, &pipeline, 1, values);
    commands = vkc_begin(vkc);
    image_begin(commands, &image);
    image_upload(commands, source, &image, format->bytes);
    vkc_barrier(commands);
    vkc_use(commands, &pipeline, NULL);
    vkCmdDispatch(commands, (WIDTH + 7) / 8, (HEIGHT + 7) / 8, 1);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    texels_compare(format, "fetched", values->host, source->host, 1e-6f);
    image_destroy(vkc, &image);
    vkc_pipeline_destroy(vkc, &pipeline);
}

/* Store by a shader, and download. */
static void store_check(struct vkc *vkc, const struct image_format *format,
                        const struct vkc_buffer *values, struct vkc_buffer *result)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_IMAGE};
    struct vkc_pipeline pipeline;
    struct image image;
    VkCommandBuffer commands;
    uint32_t *decoded = calloc(TEXELS, 16);

    EXPECT(decoded, "no memory");
    pipeline_open(vkc, "image_store", format->kind, types, &pipeline);
    image_open(vkc, format->format, VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
               &image);
    vkc_bind(vkc, &pipeline, 0, values);
    vkc_bind_image(vkc, &pipeline, 1, image.view, VK_NULL_HANDLE);
    commands = vkc_begin(vkc);
    image_begin(commands, &image);
    vkc_use(commands, &pipeline, NULL);
    vkCmdDispatch(commands, (WIDTH + 7) / 8, (HEIGHT + 7) / 8, 1);
    vkc_barrier(commands);
    image_download(commands, &image, result, format->bytes);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    for (unsigned i = 0; i < TEXELS; i++)
        image_decode(format, (uint8_t *)result->host + i * format->bytes, decoded + 4 * i);
    for (unsigned i = 0; i < 4 * TEXELS; i++)
        EXPECT(nearly(decoded[i], ((uint32_t *)values->host)[i], format->kind, 1e-6f),
               "%s, stored: texel %u component %u is 0x%08x, not 0x%08x", format->name, i / 4,
               i % 4, decoded[i], ((uint32_t *)values->host)[i]);
    free(decoded);
    image_destroy(vkc, &image);
    vkc_pipeline_destroy(vkc, &pipeline);
}

static void test_formats(struct vkc *vkc, VkSampler sampler)
{
    struct vkc_buffer source, values, result;
    unsigned fetched = 0, stored = 0;

    vkc_buffer_create(vkc, TEXELS * 16, &source);
    vkc_buffer_create(vkc, TEXELS * 16, &values);
    vkc_buffer_create(vkc, TEXELS * 16, &result);
    for (unsigned f = 0; f < image_format_count; f++) {
        const struct image_format *format = &image_formats[f];
        const VkFormatFeatureFlags features = features_of(vkc, format->format);

        if (!(features & VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT))
            continue;
        fill_scrambled(&source, f);
        for (unsigned i = 0; i < TEXELS; i++)
            image_tame(format, (uint8_t *)source.host + i * format->bytes);
        fetch_check(vkc, format, sampler, &source, &values);
        fetched++;
        if (!(features & VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT))
            continue;
        store_check(vkc, format, &values, &result);
        stored++;
    }
    printf("%u formats fetched, %u stored\n", fetched, stored);
    EXPECT(fetched >= 40 && stored >= 30, "the driver offers so few");
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &values);
    vkc_buffer_destroy(vkc, &result);
}

/* ---- sampling ---- */

enum { POINTS = 1000 };

static int wrap(VkSamplerAddressMode mode, int index, int size)
{
    switch (mode) {
    case VK_SAMPLER_ADDRESS_MODE_REPEAT:
        return (index % size + size) % size;
    case VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT:
        index = (index % (2 * size) + 2 * size) % (2 * size);
        return index < size ? index : 2 * size - 1 - index;
    case VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE:
        return index < 0 ? 0 : index >= size ? size - 1 : index;
    default:
        return index < 0 || index >= size ? -1 : index;
    }
}

/* Texels are numbers, the border is opaque white. */
static float texel(VkSamplerAddressMode mode, const float *texels, int x, int y, int component)
{
    x = wrap(mode, x, WIDTH);
    y = wrap(mode, y, HEIGHT);
    return x < 0 || y < 0 ? 1 : texels[4 * (y * WIDTH + x) + component];
}

static double filtered(VkSamplerAddressMode mode, bool linear, const float *texels, const float *at,
                       int component)
{
    double u = rint((double)at[0] * WIDTH * 256) / 256,
           v = rint((double)at[1] * HEIGHT * 256) / 256;
    double x, y, a, b;

    if (!linear)
        return texel(mode, texels, (int)floor(u), (int)floor(v), component);
    x = floor(u - 0.5), y = floor(v - 0.5);
    a = u - 0.5 - x, b = v - 0.5 - y;
    return (1 - b) * ((1 - a) * texel(mode, texels, (int)x, (int)y, component) +
                      a * texel(mode, texels, (int)x + 1, (int)y, component)) +
           b * ((1 - a) * texel(mode, texels, (int)x, (int)y + 1, component) +
                a * texel(mode, texels, (int)x + 1, (int)y + 1, component));
}

static void sampling_check(VkSamplerAddressMode mode, bool linear, const float *texels,
                           const float *points, const float *values)
{
    for (unsigned i = 0; i < POINTS; i++) {
        const float *at = points + 2 * i, *value = values + 8 * i;
        int x = (int)floorf(at[0] * WIDTH - 0.5f), y = (int)floorf(at[1] * HEIGHT - 0.5f);
        const int offsets[4][2] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}};

        for (int c = 0; c < 4; c++) {
            double want = filtered(mode, linear, texels, at, c);
            float gathered = texel(mode, texels, x + offsets[c][0], y + offsets[c][1], 1);

            EXPECT(fabs(value[c] - want) < 0.02, "mode %d, at %g %g: component %d is %g, not %g",
                   mode, at[0], at[1], c, value[c], want);
            EXPECT(value[4 + c] == gathered, "mode %d, gathered at %g %g: %d is %g, not %g", mode,
                   at[0], at[1], c, value[4 + c], gathered);
        }
    }
}

/* Points lie in the middle of sixteenths of texels, where no rounding decides. */
static void test_sampling(struct vkc *vkc)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    static const VkSamplerAddressMode modes[] = {
        VK_SAMPLER_ADDRESS_MODE_REPEAT, VK_SAMPLER_ADDRESS_MODE_MIRRORED_REPEAT,
        VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER};
    const struct vkc_pipeline_desc desc = {
        .shader = SHADER("image_sample"), .bindings = types, .binding_count = COUNT_OF(types)};
    struct vkc_buffer source, points, values;
    struct image image;
    VkCommandBuffer commands;

    vkc_buffer_create(vkc, TEXELS * 16, &source);
    vkc_buffer_create(vkc, POINTS * 8, &points);
    vkc_buffer_create(vkc, POINTS * 32, &values);
    image_open(vkc, VK_FORMAT_R32G32B32A32_SFLOAT,
               VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT, &image);
    for (unsigned i = 0; i < TEXELS * 4; i++)
        ((float *)source.host)[i] = (float)(scramble(i) % 100) / 10;
    for (unsigned i = 0; i < POINTS; i++) {
        int x = (int)(scramble(i) % (3 * WIDTH * 16)) - WIDTH * 16;
        int y = (int)(scramble(i + POINTS) % (3 * HEIGHT * 16)) - HEIGHT * 16;

        ((float *)points.host)[2 * i] = ((float)x + 0.5f) / 16 / WIDTH;
        ((float *)points.host)[2 * i + 1] = ((float)y + 0.5f) / 16 / HEIGHT;
    }
    commands = vkc_begin(vkc);
    image_begin(commands, &image);
    image_upload(commands, &source, &image, 16);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    for (unsigned m = 0; m < 2 * COUNT_OF(modes); m++) {
        VkSampler sampler = sampler_create(vkc, m % 2 ? VK_FILTER_LINEAR : VK_FILTER_NEAREST,
                                           modes[m / 2], VK_BORDER_COLOR_FLOAT_OPAQUE_WHITE);
        struct vkc_pipeline pipeline;

        vkc_pipeline_create(vkc, &desc, &pipeline);
        vkc_bind_image(vkc, &pipeline, 0, image.view, sampler);
        vkc_bind(vkc, &pipeline, 1, &points);
        vkc_bind(vkc, &pipeline, 2, &values);
        vkc_dispatch(vkc, &pipeline, NULL, (POINTS + 63) / 64, 1, 1);
        sampling_check(modes[m / 2], m % 2, source.host, points.host, values.host);
        vkc_pipeline_destroy(vkc, &pipeline);
        vkDestroySampler(vkc->device, sampler, NULL);
    }
    image_destroy(vkc, &image);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &points);
    vkc_buffer_destroy(vkc, &values);
}

/* ---- atomics and clears ---- */

static void test_atomics(struct vkc *vkc)
{
    enum { GROUPS = 100, INVOCATIONS = GROUPS * 64 };
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_IMAGE};
    const struct vkc_pipeline_desc desc = {
        .shader = SHADER("image_atomic"), .bindings = types, .binding_count = 1};
    const VkClearColorValue start = {.uint32 = {1000}};
    const VkImageSubresourceRange all = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    uint32_t want[TEXELS];
    struct vkc_pipeline pipeline;
    struct vkc_buffer result;
    struct image image;
    VkCommandBuffer commands;

    vkc_buffer_create(vkc, TEXELS * 4, &result);
    vkc_pipeline_create(vkc, &desc, &pipeline);
    image_open(vkc, VK_FORMAT_R32_UINT,
               VK_IMAGE_USAGE_STORAGE_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                   VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
               &image);
    vkc_bind_image(vkc, &pipeline, 0, image.view, VK_NULL_HANDLE);
    for (unsigned i = 0; i < TEXELS; i++)
        want[i] = start.uint32[0];
    for (unsigned i = 0; i < INVOCATIONS; i++)
        want[i / WIDTH % HEIGHT * WIDTH + i % WIDTH] += i;
    commands = vkc_begin(vkc);
    image_begin(commands, &image);
    vkCmdClearColorImage(commands, image.image, VK_IMAGE_LAYOUT_GENERAL, &start, 1, &all);
    vkc_barrier(commands);
    vkc_use(commands, &pipeline, NULL);
    vkCmdDispatch(commands, GROUPS, 1, 1);
    vkc_barrier(commands);
    image_download(commands, &image, &result, 4);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    expect_words("image atomics", result.host, want, TEXELS);
    image_destroy(vkc, &image);
    vkc_pipeline_destroy(vkc, &pipeline);
    vkc_buffer_destroy(vkc, &result);
}

/* The queue without graphics: its copies and clears are compute shaders, the other's are draws. */
int main(int argc, char **argv)
{
    struct vkc_options options = {.compute_only = true};
    struct vkc vkc;
    VkSampler sampler;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "optimal"))
            tiling = VK_IMAGE_TILING_OPTIMAL;
        if (!strcmp(argv[i], "graphics"))
            options.compute_only = false;
    }
    vkc_open(&options, &vkc);
    sampler = sampler_create(&vkc, VK_FILTER_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                             VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK);
    test_formats(&vkc, sampler);
    test_sampling(&vkc);
    test_atomics(&vkc);
    vkDestroySampler(vkc.device, sampler, NULL);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
