/* SPDX-License-Identifier: MIT
 *
 * Images for the tests of this folder, and their formats as the Vulkan specification defines them,
 * decoded on the CPU.
 */
#ifndef TESTS_E2E_VULKAN_IMAGE_H
#define TESTS_E2E_VULKAN_IMAGE_H

#include "test.h"

enum image_kind { UNORM, SNORM, UINT, SINT, FLOAT, SRGB, SHARED_EXPONENT };

struct image_format {
    const char *name;
    VkFormat format;
    enum image_kind kind;
    unsigned bytes;
    struct {
        unsigned shift, bits; /* bits 0: the component does not exist */
    } part[4];                /* R, G, B, A in the element, as a little-endian number */
};

extern const struct image_format image_formats[];
extern const unsigned image_format_count;

/* Four floats, or 32-bit integers for UINT and SINT. */
void image_decode(const struct image_format *format, const void *element, uint32_t out[4]);
/* Clears what has no canonical value: NaNs, infinities, denormals, the second -1 of SNORM. */
void image_tame(const struct image_format *format, void *element);

/* Levels and layers of 0 are one, aspects of 0 are colour. A view has everything; of layers it is a
 * view of an array. Images that are only copied have none. */
struct image_desc {
    VkImageType type;
    VkFormat format;
    VkImageTiling tiling;
    VkImageUsageFlags usage;
    uint32_t width, height, depth, levels, layers;
    VkImageAspectFlags aspects;
    const uint32_t *families; /* two that use it at will; NULL: the queue's alone */
};

struct image {
    struct image_desc desc;
    VkImage image;
    VkDeviceMemory memory;
    VkImageView view;
};

void image_create(struct vkc *vkc, const struct image_desc *desc, struct image *out_image);
void image_destroy(struct vkc *vkc, struct image *image);

/* To the general layout, from none. */
void image_begin(VkCommandBuffer commands, const struct image *image);
/* All of the image: levels after each other, each at a multiple of 16 bytes, layers, slices and
 * rows tightly packed. */
void image_upload(VkCommandBuffer commands, const struct vkc_buffer *from,
                  const struct image *image, unsigned texel_bytes);
void image_download(VkCommandBuffer commands, const struct image *image,
                    const struct vkc_buffer *to, unsigned texel_bytes);

static inline uint32_t image_level_size(uint32_t size, uint32_t level)
{
    return size >> level ? size >> level : 1;
}

VkSampler sampler_create(struct vkc *vkc, VkFilter filter, VkSamplerAddressMode mode,
                         VkBorderColor border);

#endif
