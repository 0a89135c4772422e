/* SPDX-License-Identifier: MIT
 *
 * What a test that draws needs: a colour target, perhaps with depth, a pipeline of the shader draw
 * and a fragment shader, and vertices in pixels.
 */
#ifndef TESTS_E2E_VULKAN_DRAWING_H
#define TESTS_E2E_VULKAN_DRAWING_H

#include "image.h"

enum { DRAWING_SIZE = 64 }; /* pixels, both ways; coordinates of 1/256 pixel are exact in floats */

struct drawing_vertex {
    float position[2], color[4];
};

struct drawing_desc {
    const char *fragment; /* files of SPIR-V */
    const char *geometry; /* may be NULL */
    VkFormat format;
    VkImageTiling tiling;
    VkPrimitiveTopology topology;
    bool restart, depth, blend;
    bool tessellation; /* by a shader that adds nothing */
    VkCullModeFlags cull;
    const VkPipelineColorBlendStateCreateInfo *blend_state; /* instead of `blend`; may be NULL */
    VkImageView texture;                                    /* with its sampler, or null */
    VkSampler sampler;
};

struct drawing_push {
    float scale[2], depth;
    uint32_t tag;
};

struct drawing {
    struct vkc *vkc;
    struct drawing_desc desc;
    struct image target;
    VkImage depth;
    VkDeviceMemory depth_memory;
    VkImageView depth_view;
    VkDescriptorSetLayout set_layout;
    VkDescriptorPool set_pool;
    VkDescriptorSet set;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    struct vkc_buffer vertices, places, indices; /* mapped; of drawing_vertex, two floats, dwords */
    VkCommandBuffer commands;
};

void drawing_create(struct vkc *vkc, const struct drawing_desc *desc, struct drawing *out_drawing);
void drawing_destroy(struct drawing *drawing);

/* Clears to zeros and depth 1, binds all there is. Commands follow in drawing->commands. */
void drawing_begin(struct drawing *drawing);
void drawing_push(const struct drawing *drawing, float depth, uint32_t tag);
/* Runs it; *out_texels gets the target, rows tightly packed, `texel_bytes` each. */
void drawing_end(struct drawing *drawing, unsigned texel_bytes, struct vkc_buffer *out_texels);

#endif
