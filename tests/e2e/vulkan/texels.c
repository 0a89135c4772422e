/* SPDX-License-Identifier: MIT
 *
 * Texel buffers: every format a buffer view may have is read by a shader and compared with what its
 * bits mean, then written back and compared with the bits.
 */
#include "test.h"

#include <math.h>

enum { COUNT = 192, LOCAL = 64 };
enum kind { UNORM, SNORM, UINT, SINT, SFLOAT, UFLOAT, USCALED, SSCALED };

struct format {
    VkFormat format;
    const char *name;
    enum kind kind;
    uint8_t bits[4]; /* of the components from the lowest bit on; 0 ends them */
    bool bgra;       /* the lowest component is blue */
};

#define F(name, kind, bgra, ...)                                                                   \
    {                                                                                              \
        VK_FORMAT_##name, #name, kind, {__VA_ARGS__}, bgra                                         \
    }

static const struct format formats[] = {
    F(R8_UNORM, UNORM, false, 8),
    F(R8_SNORM, SNORM, false, 8),
    F(R8_UINT, UINT, false, 8),
    F(R8_SINT, SINT, false, 8),
    F(R8G8_UNORM, UNORM, false, 8, 8),
    F(R8G8_SNORM, SNORM, false, 8, 8),
    F(R8G8_UINT, UINT, false, 8, 8),
    F(R8G8_SINT, SINT, false, 8, 8),
    F(R8G8B8A8_UNORM, UNORM, false, 8, 8, 8, 8),
    F(R8G8B8A8_SNORM, SNORM, false, 8, 8, 8, 8),
    F(R8G8B8A8_UINT, UINT, false, 8, 8, 8, 8),
    F(R8G8B8A8_SINT, SINT, false, 8, 8, 8, 8),
    F(R8G8B8A8_USCALED, USCALED, false, 8, 8, 8, 8),
    F(R8G8B8A8_SSCALED, SSCALED, false, 8, 8, 8, 8),
    F(B8G8R8A8_UNORM, UNORM, true, 8, 8, 8, 8),
    F(A2B10G10R10_UNORM_PACK32, UNORM, false, 10, 10, 10, 2),
    F(A2B10G10R10_UINT_PACK32, UINT, false, 10, 10, 10, 2),
    F(B10G11R11_UFLOAT_PACK32, UFLOAT, false, 11, 11, 10),
    F(R16_UNORM, UNORM, false, 16),
    F(R16_SNORM, SNORM, false, 16),
    F(R16_UINT, UINT, false, 16),
    F(R16_SINT, SINT, false, 16),
    F(R16_SFLOAT, SFLOAT, false, 16),
    F(R16G16_UNORM, UNORM, false, 16, 16),
    F(R16G16_SINT, SINT, false, 16, 16),
    F(R16G16_SFLOAT, SFLOAT, false, 16, 16),
    F(R16G16B16A16_UNORM, UNORM, false, 16, 16, 16, 16),
    F(R16G16B16A16_SNORM, SNORM, false, 16, 16, 16, 16),
    F(R16G16B16A16_UINT, UINT, false, 16, 16, 16, 16),
    F(R16G16B16A16_SINT, SINT, false, 16, 16, 16, 16),
    F(R16G16B16A16_SFLOAT, SFLOAT, false, 16, 16, 16, 16),
    F(R32_UINT, UINT, false, 32),
    F(R32_SINT, SINT, false, 32),
    F(R32_SFLOAT, SFLOAT, false, 32),
    F(R32G32_UINT, UINT, false, 32, 32),
    F(R32G32_SFLOAT, SFLOAT, false, 32, 32),
    F(R32G32B32_UINT, UINT, false, 32, 32, 32),
    F(R32G32B32_SFLOAT, SFLOAT, false, 32, 32, 32),
    F(R32G32B32A32_UINT, UINT, false, 32, 32, 32, 32),
    F(R32G32B32A32_SINT, SINT, false, 32, 32, 32, 32),
    F(R32G32B32A32_SFLOAT, SFLOAT, false, 32, 32, 32, 32),
};

static unsigned texel_bytes(const struct format *format)
{
    return (format->bits[0] + format->bits[1] + format->bits[2] + format->bits[3]) / 8u;
}

/* What a shader takes texels for: 0 float, 1 int, 2 uint. */
static uint32_t shader_kind(const struct format *format)
{
    return format->kind == SINT ? 1 : format->kind == UINT ? 2 : 0;
}

/* ---- what bits mean ---- */

static uint32_t component(const uint8_t *texel, unsigned at, unsigned bits)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bits; i++)
        value |= (uint64_t)(texel[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return (uint32_t)value;
}

static int32_t sign_extend(uint32_t value, unsigned bits)
{
    return (int32_t)(value << (32 - bits)) >> (32 - bits);
}

/* Five bits of exponent, as in half floats; `mantissa` bits of mantissa. */
static float small_float(uint32_t value, unsigned mantissa)
{
    uint32_t exponent = value >> mantissa & 31;
    float fraction = (float)(value & ((1u << mantissa) - 1)) / (float)(1u << mantissa);

    if (exponent == 31)
        return fraction == 0 ? INFINITY : NAN;
    return exponent ? ldexpf(1 + fraction, (int)exponent - 15) : ldexpf(fraction, -14);
}

static float decode_float(enum kind kind, uint32_t value, unsigned bits)
{
    float as_float;

    switch (kind) {
    case UNORM:
        return (float)value / (float)((1u << bits) - 1);
    case SNORM:
        return fmaxf(-1, (float)sign_extend(value, bits) / (float)((1u << (bits - 1)) - 1));
    case USCALED:
        return (float)value;
    case SSCALED:
        return (float)sign_extend(value, bits);
    case UFLOAT:
        return small_float(value, bits - 5);
    default:
        if (bits == 16)
            return small_float(value & 0x7fff, 10) * (value >> 15 ? -1.f : 1.f);
        memcpy(&as_float, &value, 4);
        return as_float;
    }
}

/* A texel as a shader sees it: four dwords. */
static void decode(const struct format *format, const uint8_t *texel, uint32_t out[4])
{
    bool integer = shader_kind(format) != 0;
    float values[4] = {0, 0, 0, 1};
    unsigned at = 0;

    out[0] = out[1] = out[2] = 0;
    out[3] = 1;
    for (unsigned i = 0; i < 4 && format->bits[i]; at += format->bits[i], i++) {
        unsigned to = format->bgra && i != 1 && i != 3 ? 2 - i : i;
        uint32_t value = component(texel, at, format->bits[i]);

        if (integer)
            out[to] = format->kind == SINT ? (uint32_t)sign_extend(value, format->bits[i]) : value;
        else
            values[to] = decode_float(format->kind, value, format->bits[i]);
    }
    if (!integer)
        memcpy(out, values, sizeof values);
}

/* A unit in the last place for what is divided; NaNs keep no payload. */
static bool same(uint32_t got, uint32_t want, bool is_float)
{
    float g, w;

    memcpy(&g, &got, 4);
    memcpy(&w, &want, 4);
    if (!is_float || got == want)
        return got == want;
    return (isnan(g) && isnan(w)) || fabsf(g - w) <= fabsf(w) * 1.2e-7f;
}

/* ---- the test ---- */

struct rig {
    struct vkc vkc;
    struct vkc_buffer loaded, stored; /* texels */
    struct vkc_buffer dwords, others;
    struct vkc_pipeline pipelines[2][3]; /* load, store; by shader_kind() */
};

static VkFormatFeatureFlags features_of(struct rig *rig, VkFormat format)
{
    VkFormatProperties properties;

    vkGetPhysicalDeviceFormatProperties(rig->vkc.physical, format, &properties);
    return properties.bufferFeatures;
}

static void dispatch(struct rig *rig, const struct format *format, bool store)
{
    uint32_t kind = shader_kind(format);
    struct vkc_pipeline *pipeline = &rig->pipelines[store][kind];
    VkBufferViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                   .buffer = store ? rig->stored.buffer : rig->loaded.buffer,
                                   .format = format->format,
                                   .range = COUNT * texel_bytes(format)};
    VkBufferView view;

    VKC_CHECK(vkCreateBufferView(rig->vkc.device, &info, NULL, &view));
    vkc_bind_view(&rig->vkc, pipeline, kind, view);
    vkc_bind(&rig->vkc, pipeline, 3, &rig->dwords);
    vkc_dispatch(&rig->vkc, pipeline, NULL, COUNT / LOCAL, 1, 1);
    vkDestroyBufferView(rig->vkc.device, view, NULL);
}

static void expect_decoded(struct rig *rig, const struct format *format)
{
    const uint32_t *got = rig->dwords.host;

    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t want[4];

        decode(format, (const uint8_t *)rig->loaded.host + i * texel_bytes(format), want);
        for (unsigned c = 0; c < 4; c++)
            EXPECT(same(got[4 * i + c], want[c], shader_kind(format) == 0),
                   "%s, texel %u, component %u: 0x%08x, not 0x%08x", format->name, i, c,
                   got[4 * i + c], want[c]);
    }
}

static void test_format(struct rig *rig, const struct format *format, unsigned *loads,
                        unsigned *stores)
{
    VkFormatFeatureFlags features = features_of(rig, format->format);
    unsigned bytes = COUNT * texel_bytes(format);
    const uint8_t *stored = rig->stored.host;

    if (!(features & VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT))
        return;
    fill_scrambled(&rig->loaded, format->format);
    dispatch(rig, format, false);
    expect_decoded(rig, format);
    ++*loads;
    if (!(features & VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT))
        return;
    memset(rig->stored.host, 0xa5, rig->stored.bytes);
    uint32_t *want = malloc(COUNT * 16);

    memcpy(want, rig->dwords.host, COUNT * 16);
    dispatch(rig, format, true);
    EXPECT(stored[bytes] == 0xa5, "%s writes beyond its end", format->name);
    /* -128 and -127 are both -1: values are compared, not bits. */
    memcpy(rig->loaded.host, stored, bytes);
    dispatch(rig, format, false);
    for (unsigned i = 0; i < COUNT * 4; i++)
        EXPECT(same(((uint32_t *)rig->dwords.host)[i], want[i], shader_kind(format) == 0),
               "%s stored, dword %u", format->name, i);
    free(want);
    ++*stores;
}

static void pipelines_create(struct rig *rig)
{
    static const char *const shaders[] = {SHADER("texel_load"), SHADER("texel_store")};
    static const VkDescriptorType views[] = {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER,
                                             VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER};

    for (unsigned store = 0; store < 2; store++)
        for (uint32_t kind = 0; kind < 3; kind++) {
            const VkSpecializationMapEntry entry = {0, 0, 4};
            const VkSpecializationInfo specialization = {1, &entry, 4, &kind};
            const VkDescriptorType types[] = {views[store], views[store], views[store],
                                              VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
            const struct vkc_pipeline_desc desc = {.shader = shaders[store],
                                                   .bindings = types,
                                                   .binding_count = COUNT_OF(types),
                                                   .specialization = &specialization};

            vkc_pipeline_create(&rig->vkc, &desc, &rig->pipelines[store][kind]);
        }
}

/* The shader names three views and uses one; the others must be something, too. */
static void others_bind(struct rig *rig, VkBufferView views[3])
{
    static const VkFormat any[] = {VK_FORMAT_R32_SFLOAT, VK_FORMAT_R32_SINT, VK_FORMAT_R32_UINT};

    for (unsigned i = 0; i < 3; i++) {
        VkBufferViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                       .buffer = rig->others.buffer,
                                       .format = any[i],
                                       .range = 64};

        VKC_CHECK(vkCreateBufferView(rig->vkc.device, &info, NULL, &views[i]));
        for (unsigned store = 0; store < 2; store++)
            for (unsigned kind = 0; kind < 3; kind++)
                vkc_bind_view(&rig->vkc, &rig->pipelines[store][kind], i, views[i]);
    }
}

int main(void)
{
    unsigned loads = 0, stores = 0;
    VkBufferView others[3];
    static struct rig rig;

    vkc_open(NULL, &rig.vkc);
    vkc_buffer_create_for(&rig.vkc, COUNT * 16, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT,
                          &rig.loaded);
    vkc_buffer_create_for(&rig.vkc, COUNT * 16 + 16, VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT,
                          &rig.stored);
    vkc_buffer_create(&rig.vkc, COUNT * 16, &rig.dwords);
    vkc_buffer_create(&rig.vkc, 64, &rig.others);
    pipelines_create(&rig);
    others_bind(&rig, others);
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        test_format(&rig, &formats[i], &loads, &stores);
    printf("%u formats read, %u written\n", loads, stores);
    EXPECT(loads >= 35 && stores >= 30, "the device has too few formats");
    for (unsigned i = 0; i < 6; i++)
        vkc_pipeline_destroy(&rig.vkc, &rig.pipelines[i / 3][i % 3]);
    for (unsigned i = 0; i < 3; i++)
        vkDestroyBufferView(rig.vkc.device, others[i], NULL);
    vkc_buffer_destroy(&rig.vkc, &rig.loaded);
    vkc_buffer_destroy(&rig.vkc, &rig.stored);
    vkc_buffer_destroy(&rig.vkc, &rig.others);
    vkc_buffer_destroy(&rig.vkc, &rig.dwords);
    vkc_close(&rig.vkc);
    puts("ok");
    return 0;
}
