/* SPDX-License-Identifier: MIT */
#include "drawing.h"

enum { VERTICES = 1 << 12, PLACES = 1 << 10, INDICES = 1 << 14 };

static const VkFormat depth_format = VK_FORMAT_D32_SFLOAT;

/* ---- what is drawn to ---- */

static void depth_create(struct drawing *d)
{
    const VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                    .imageType = VK_IMAGE_TYPE_2D,
                                    .format = depth_format,
                                    .extent = {DRAWING_SIZE, DRAWING_SIZE, 1},
                                    .mipLevels = 1,
                                    .arrayLayers = 1,
                                    .samples = VK_SAMPLE_COUNT_1_BIT,
                                    .usage = VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT};
    VkImageViewCreateInfo view = {.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
                                  .viewType = VK_IMAGE_VIEW_TYPE_2D,
                                  .format = depth_format,
                                  .subresourceRange = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, 1, 0, 1}};
    VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    VkMemoryRequirements needs;

    VKC_CHECK(vkCreateImage(d->vkc->device, &info, NULL, &d->depth));
    vkGetImageMemoryRequirements(d->vkc->device, d->depth, &needs);
    memory.allocationSize = needs.size;
    memory.memoryTypeIndex = (uint32_t)__builtin_ctz(needs.memoryTypeBits);
    VKC_CHECK(vkAllocateMemory(d->vkc->device, &memory, NULL, &d->depth_memory));
    VKC_CHECK(vkBindImageMemory(d->vkc->device, d->depth, d->depth_memory, 0));
    view.image = d->depth;
    VKC_CHECK(vkCreateImageView(d->vkc->device, &view, NULL, &d->depth_view));
}

static void targets_create(struct drawing *d)
{
    const struct image_desc target = {.type = VK_IMAGE_TYPE_2D,
                                      .format = d->desc.format,
                                      .tiling = d->desc.tiling,
                                      .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT |
                                               VK_IMAGE_USAGE_TRANSFER_SRC_BIT,
                                      .width = DRAWING_SIZE,
                                      .height = DRAWING_SIZE};

    image_create(d->vkc, &target, &d->target);
    if (d->desc.depth)
        depth_create(d);
}

/* ---- descriptors ---- */

static void set_create(struct drawing *d)
{
    const VkDescriptorSetLayoutBinding binding = {0, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1,
                                                  VK_SHADER_STAGE_FRAGMENT_BIT, NULL};
    const VkDescriptorSetLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 1,
        .pBindings = &binding};
    const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1};
    const VkDescriptorPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                             .maxSets = 1,
                                             .poolSizeCount = 1,
                                             .pPoolSizes = &size};
    VkDescriptorSetAllocateInfo set = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                       .descriptorSetCount = 1};

    VKC_CHECK(vkCreateDescriptorSetLayout(d->vkc->device, &layout, NULL, &d->set_layout));
    VKC_CHECK(vkCreateDescriptorPool(d->vkc->device, &pool, NULL, &d->set_pool));
    set.descriptorPool = d->set_pool;
    set.pSetLayouts = &d->set_layout;
    VKC_CHECK(vkAllocateDescriptorSets(d->vkc->device, &set, &d->set));
}

static void texture_bind(struct drawing *d)
{
    const VkDescriptorImageInfo image = {d->desc.sampler, d->desc.texture, VK_IMAGE_LAYOUT_GENERAL};
    const VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                        .dstSet = d->set,
                                        .descriptorCount = 1,
                                        .descriptorType = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
                                        .pImageInfo = &image};

    if (d->desc.texture)
        vkUpdateDescriptorSets(d->vkc->device, 1, &write, 0, NULL);
}

/* ---- the pipeline ---- */

static void layout_create(struct drawing *d)
{
    const VkPushConstantRange push = {VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof(struct drawing_push)};
    const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                             .setLayoutCount = 1,
                                             .pSetLayouts = &d->set_layout,
                                             .pushConstantRangeCount = 1,
                                             .pPushConstantRanges = &push};

    VKC_CHECK(vkCreatePipelineLayout(d->vkc->device, &info, NULL, &d->layout));
}

static const VkVertexInputBindingDescription bindings[] = {
    {0, sizeof(struct drawing_vertex), VK_VERTEX_INPUT_RATE_VERTEX},
    {1, 2 * sizeof(float), VK_VERTEX_INPUT_RATE_INSTANCE}};
static const VkVertexInputAttributeDescription attributes[] = {
    {0, 0, VK_FORMAT_R32G32_SFLOAT, offsetof(struct drawing_vertex, position)},
    {1, 0, VK_FORMAT_R32G32B32A32_SFLOAT, offsetof(struct drawing_vertex, color)},
    {2, 1, VK_FORMAT_R32G32_SFLOAT, 0}};
static const VkPipelineVertexInputStateCreateInfo input = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
    .vertexBindingDescriptionCount = COUNT_OF(bindings),
    .pVertexBindingDescriptions = bindings,
    .vertexAttributeDescriptionCount = COUNT_OF(attributes),
    .pVertexAttributeDescriptions = attributes};
static const VkViewport viewport = {0, 0, DRAWING_SIZE, DRAWING_SIZE, 0, 1};
static const VkRect2D everything = {{0, 0}, {DRAWING_SIZE, DRAWING_SIZE}};
static const VkPipelineViewportStateCreateInfo viewports = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
    .viewportCount = 1,
    .pViewports = &viewport,
    .scissorCount = 1,
    .pScissors = &everything};
static const VkPipelineMultisampleStateCreateInfo samples = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
    .rasterizationSamples = VK_SAMPLE_COUNT_1_BIT};

static const VkPipelineTessellationStateCreateInfo tessellation = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_TESSELLATION_STATE_CREATE_INFO, .patchControlPoints = 3};

static void pipeline_make(struct drawing *d, const VkPipelineShaderStageCreateInfo *stages,
                          unsigned count)
{
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = d->desc.topology,
        .primitiveRestartEnable = d->desc.restart};
    const VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .cullMode = d->desc.cull,
        .frontFace = VK_FRONT_FACE_CLOCKWISE,
        .lineWidth = 1};
    const VkPipelineDepthStencilStateCreateInfo depth = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_DEPTH_STENCIL_STATE_CREATE_INFO,
        .depthTestEnable = d->desc.depth,
        .depthWriteEnable = d->desc.depth,
        .depthCompareOp = VK_COMPARE_OP_LESS};
    const VkPipelineColorBlendAttachmentState attachment = {
        .blendEnable = d->desc.blend,
        .srcColorBlendFactor = VK_BLEND_FACTOR_ONE,
        .dstColorBlendFactor = VK_BLEND_FACTOR_ONE,
        .srcAlphaBlendFactor = VK_BLEND_FACTOR_ONE,
        .dstAlphaBlendFactor = VK_BLEND_FACTOR_ONE,
        .colorWriteMask = 0xf};
    const VkPipelineColorBlendStateCreateInfo blend = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = 1,
        .pAttachments = &attachment};
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO,
        .colorAttachmentCount = 1,
        .pColorAttachmentFormats = &d->desc.format,
        .depthAttachmentFormat = d->desc.depth ? depth_format : VK_FORMAT_UNDEFINED};
    const VkGraphicsPipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
        .pNext = &rendering,
        .stageCount = count,
        .pStages = stages,
        .pVertexInputState = &input,
        .pInputAssemblyState = &assembly,
        .pTessellationState = d->desc.tessellation ? &tessellation : NULL,
        .pViewportState = &viewports,
        .pRasterizationState = &raster,
        .pMultisampleState = &samples,
        .pDepthStencilState = &depth,
        .pColorBlendState = d->desc.blend_state ? d->desc.blend_state : &blend,
        .layout = d->layout};

    VKC_CHECK(
        vkCreateGraphicsPipelines(d->vkc->device, VK_NULL_HANDLE, 1, &info, NULL, &d->pipeline));
}

static void pipeline_create(struct drawing *d)
{
    VkPipelineShaderStageCreateInfo stages[5];
    unsigned count = 0;

    stages[count++] = shader_stage(d->vkc, VK_SHADER_STAGE_VERTEX_BIT, SHADER("draw"));
    stages[count++] = shader_stage(d->vkc, VK_SHADER_STAGE_FRAGMENT_BIT, d->desc.fragment);
    if (d->desc.geometry)
        stages[count++] = shader_stage(d->vkc, VK_SHADER_STAGE_GEOMETRY_BIT, d->desc.geometry);
    if (d->desc.tessellation) {
        stages[count++] =
            shader_stage(d->vkc, VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT, SHADER("draw_patch"));
        stages[count++] = shader_stage(d->vkc, VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT,
                                       SHADER("draw_patched"));
    }
    pipeline_make(d, stages, count);
    for (unsigned i = 0; i < count; i++)
        vkDestroyShaderModule(d->vkc->device, stages[i].module, NULL);
}

void drawing_create(struct vkc *vkc, const struct drawing_desc *desc, struct drawing *out)
{
    memset(out, 0, sizeof(*out));
    out->vkc = vkc;
    out->desc = *desc;
    targets_create(out);
    set_create(out);
    texture_bind(out);
    layout_create(out);
    pipeline_create(out);
    vkc_buffer_create_for(vkc, VERTICES * sizeof(struct drawing_vertex),
                          VK_BUFFER_USAGE_VERTEX_BUFFER_BIT, &out->vertices);
    vkc_buffer_create_for(vkc, PLACES * 2 * sizeof(float), VK_BUFFER_USAGE_VERTEX_BUFFER_BIT,
                          &out->places);
    vkc_buffer_create_for(vkc, INDICES * sizeof(uint32_t), VK_BUFFER_USAGE_INDEX_BUFFER_BIT,
                          &out->indices);
}

void drawing_destroy(struct drawing *d)
{
    VkDevice device = d->vkc->device;

    vkDestroyPipeline(device, d->pipeline, NULL);
    vkDestroyPipelineLayout(device, d->layout, NULL);
    vkDestroyDescriptorPool(device, d->set_pool, NULL);
    vkDestroyDescriptorSetLayout(device, d->set_layout, NULL);
    vkDestroyImageView(device, d->depth_view, NULL);
    vkDestroyImage(device, d->depth, NULL);
    vkFreeMemory(device, d->depth_memory, NULL);
    image_destroy(d->vkc, &d->target);
    vkc_buffer_destroy(d->vkc, &d->vertices);
    vkc_buffer_destroy(d->vkc, &d->places);
    vkc_buffer_destroy(d->vkc, &d->indices);
}

/* ---- drawing ---- */

static void depth_begin(const struct drawing *d)
{
    const VkImageMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
        .dstAccessMask = VK_ACCESS_DEPTH_STENCIL_ATTACHMENT_READ_BIT |
                         VK_ACCESS_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT,
        .newLayout = VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL,
        .srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
        .image = d->depth,
        .subresourceRange = {VK_IMAGE_ASPECT_DEPTH_BIT, 0, 1, 0, 1}};

    vkCmdPipelineBarrier(d->commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, NULL, 0, NULL, 1, &barrier);
}

static void rendering_begin(const struct drawing *d)
{
    const VkRenderingAttachmentInfo color = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = d->target.view,
                                             .imageLayout = VK_IMAGE_LAYOUT_GENERAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_STORE};
    const VkRenderingAttachmentInfo depth = {.sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
                                             .imageView = d->depth_view,
                                             .imageLayout =
                                                 VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL,
                                             .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
                                             .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
                                             .clearValue = {.depthStencil = {1, 0}}};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = everything,
                                  .layerCount = 1,
                                  .colorAttachmentCount = 1,
                                  .pColorAttachments = &color,
                                  .pDepthAttachment = d->desc.depth ? &depth : NULL};

    vkCmdBeginRendering(d->commands, &info);
}

void drawing_begin(struct drawing *d)
{
    const VkBuffer buffers[] = {d->vertices.buffer, d->places.buffer};
    const VkDeviceSize offsets[] = {0, 0};

    d->commands = vkc_begin(d->vkc);
    image_begin(d->commands, &d->target);
    if (d->desc.depth)
        depth_begin(d);
    rendering_begin(d);
    vkCmdBindPipeline(d->commands, VK_PIPELINE_BIND_POINT_GRAPHICS, d->pipeline);
    vkCmdBindVertexBuffers(d->commands, 0, 2, buffers, offsets);
    vkCmdBindIndexBuffer(d->commands, d->indices.buffer, 0, VK_INDEX_TYPE_UINT32);
    if (d->desc.texture)
        vkCmdBindDescriptorSets(d->commands, VK_PIPELINE_BIND_POINT_GRAPHICS, d->layout, 0, 1,
                                &d->set, 0, NULL);
    drawing_push(d, 0, 0);
}

void drawing_push(const struct drawing *d, float depth, uint32_t tag)
{
    const struct drawing_push push = {{2.0f / DRAWING_SIZE, 2.0f / DRAWING_SIZE}, depth, tag};

    vkCmdPushConstants(d->commands, d->layout, VK_SHADER_STAGE_VERTEX_BIT, 0, sizeof push, &push);
}

/* What was drawn is seen by what follows. */
static void drawn_barrier(const struct drawing *d)
{
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                     .dstAccessMask = VK_ACCESS_MEMORY_READ_BIT};

    vkCmdPipelineBarrier(d->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void drawing_end(struct drawing *d, unsigned texel_bytes, struct vkc_buffer *out_texels)
{
    vkc_buffer_create(d->vkc, (VkDeviceSize)DRAWING_SIZE * DRAWING_SIZE * texel_bytes, out_texels);
    vkCmdEndRendering(d->commands);
    drawn_barrier(d);
    image_download(d->commands, &d->target, out_texels, texel_bytes);
    vkc_barrier(d->commands);
    vkc_run(d->vkc, d->commands);
}
