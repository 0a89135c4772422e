/* SPDX-License-Identifier: MIT */
#include "compute.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALIDATION      "VK_LAYER_KHRONOS_validation"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

void vkc_check(VkResult result, const char *call, const char *file, int line)
{
    if (result == VK_SUCCESS)
        return;
    fprintf(stderr, "%s:%d: %s: VkResult %d\n", file, line, call, result);
    exit(1);
}

static void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory)
        die("no memory");
    return memory;
}

/* ---- instance ---- */

static VKAPI_ATTR VkBool32 VKAPI_CALL hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                           VkDebugUtilsMessageTypeFlagsEXT types,
                                           const VkDebugUtilsMessengerCallbackDataEXT *data,
                                           void *user)
{
    struct vkc *vkc = user;

    (void)severity;
    if (!(types & VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT))
        return VK_FALSE;
    fprintf(stderr, "validation: %s\n", data->pMessage);
    vkc->complaints++;
    return VK_FALSE;
}

static bool layer_present(const char *name)
{
    uint32_t count = 0;
    bool found = false;

    VKC_CHECK(vkEnumerateInstanceLayerProperties(&count, NULL));
    VkLayerProperties *layers = allocate(count, sizeof *layers);

    VKC_CHECK(vkEnumerateInstanceLayerProperties(&count, layers));
    for (uint32_t i = 0; i < count; i++)
        found |= strcmp(layers[i].layerName, name) == 0;
    free(layers);
    return found;
}

static void instance_create(struct vkc *vkc, bool check)
{
    const char *layer = VALIDATION, *extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    bool validate = check && layer_present(VALIDATION);
    VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = hear,
        .pUserData = vkc,
    };
    VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                     .apiVersion = VK_API_VERSION_1_3};
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = validate ? &messenger : NULL,
        .pApplicationInfo = &application,
        .enabledLayerCount = validate,
        .ppEnabledLayerNames = &layer,
        .enabledExtensionCount = validate,
        .ppEnabledExtensionNames = &extension,
    };

    VKC_CHECK(vkCreateInstance(&info, NULL, &vkc->instance));
    if (!validate)
        return;
    PFN_vkCreateDebugUtilsMessengerEXT create =
        (PFN_vkCreateDebugUtilsMessengerEXT)vkGetInstanceProcAddr(vkc->instance,
                                                                  "vkCreateDebugUtilsMessengerEXT");

    VKC_CHECK(create(vkc->instance, &messenger, NULL, &vkc->messenger));
}

/* ---- device ---- */

static void physical_choose(struct vkc *vkc)
{
    enum { VENDOR_AMD = 0x1002 };
    uint32_t count = 0;

    VKC_CHECK(vkEnumeratePhysicalDevices(vkc->instance, &count, NULL));
    if (count == 0)
        die("Vulkan has no device");
    VkPhysicalDevice *devices = allocate(count, sizeof *devices);

    VKC_CHECK(vkEnumeratePhysicalDevices(vkc->instance, &count, devices));
    for (uint32_t i = 0; i < count; i++) {
        VkPhysicalDeviceProperties properties;

        vkGetPhysicalDeviceProperties(devices[i], &properties);
        if (i > 0 && properties.vendorID != VENDOR_AMD)
            continue;
        vkc->physical = devices[i];
        vkc->properties = properties;
        if (properties.vendorID == VENDOR_AMD)
            break;
    }
    free(devices);
}

static bool family_suits(VkQueueFlags flags, const struct vkc_options *options)
{
    if (options->transfer_only)
        return flags & VK_QUEUE_TRANSFER_BIT &&
               !(flags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT));
    return flags & VK_QUEUE_COMPUTE_BIT &&
           !(options->compute_only && flags & VK_QUEUE_GRAPHICS_BIT);
}

enum { FAMILIES = 16 };

/* FAMILIES: there is none. */
static uint32_t family_find(struct vkc *vkc, const struct vkc_options *options)
{
    VkQueueFamilyProperties families[FAMILIES];
    uint32_t count = FAMILIES;

    vkGetPhysicalDeviceQueueFamilyProperties(vkc->physical, &count, families);
    for (uint32_t i = 0; i < count; i++)
        if (family_suits(families[i].queueFlags, options))
            return i;
    return FAMILIES;
}

static void families_choose(struct vkc *vkc, const struct vkc_options *options)
{
    const struct vkc_options transfer = {.transfer_only = true};

    vkc->family = family_find(vkc, options);
    if (vkc->family == FAMILIES)
        die("the device has no such queue");
    vkc->transfer_family = options->also_transfer ? family_find(vkc, &transfer) : FAMILIES;
}

static bool extension_present(struct vkc *vkc, const char *name)
{
    uint32_t count = 0;
    bool found = false;

    VKC_CHECK(vkEnumerateDeviceExtensionProperties(vkc->physical, NULL, &count, NULL));
    VkExtensionProperties *extensions = allocate(count, sizeof *extensions);

    VKC_CHECK(vkEnumerateDeviceExtensionProperties(vkc->physical, NULL, &count, extensions));
    for (uint32_t i = 0; i < count; i++)
        found |= strcmp(extensions[i].extensionName, name) == 0;
    free(extensions);
    return found;
}

/* Everything there is; checks of accesses only if asked for, because they change what shaders are
 * compiled to. */
static void features_choose(struct vkc *vkc, const struct vkc_options *options)
{
    struct vkc_features *f = &vkc->features;

    *f = (struct vkc_features){
        .base = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &f->v11},
        .v11 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, &f->v12},
        .v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, &f->v13},
        .v13 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, NULL},
        .robust = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT, NULL},
        .conditional = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_CONDITIONAL_RENDERING_FEATURES_EXT, NULL},
        .transform_feedback = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TRANSFORM_FEEDBACK_FEATURES_EXT,
                               NULL},
        .primitives_generated = {
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PRIMITIVES_GENERATED_QUERY_FEATURES_EXT, NULL}};
    if (options->robust)
        f->v13.pNext = &f->robust;
    if (options->conditional) {
        f->conditional.pNext = f->v13.pNext;
        f->v13.pNext = &f->conditional;
    }
    if (options->transform_feedback) {
        f->transform_feedback.pNext = f->v13.pNext;
        f->v13.pNext = &f->transform_feedback;
    }
    if (options->primitives_generated) {
        f->primitives_generated.pNext = f->v13.pNext;
        f->v13.pNext = &f->primitives_generated;
    }
    vkGetPhysicalDeviceFeatures2(vkc->physical, &f->base);
    if (!options->robust) {
        f->base.features.robustBufferAccess = VK_FALSE;
        f->v13.robustImageAccess = VK_FALSE;
    }
    f->v12.bufferDeviceAddressCaptureReplay = VK_FALSE;
    if (!f->v12.bufferDeviceAddress)
        die("the device does not tell addresses of buffers");
}

static void queue_open(struct vkc *vkc)
{
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                    .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                    .queueFamilyIndex = vkc->family};

    vkGetDeviceQueue(vkc->device, vkc->family, 0, &vkc->queue);
    VKC_CHECK(vkCreateCommandPool(vkc->device, &pool, NULL, &vkc->pool));
}

static void device_create(struct vkc *vkc, const struct vkc_options *options)
{
    const char *extensions[5];
    uint32_t extension_count = 0;
    float priority = 1;
    VkDeviceQueueCreateInfo queues[2] = {{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                          .queueFamilyIndex = vkc->family,
                                          .queueCount = 1,
                                          .pQueuePriorities = &priority}};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &vkc->features.base,
                               .queueCreateInfoCount = vkc->transfer_family < FAMILIES ? 2 : 1,
                               .pQueueCreateInfos = queues,
                               .ppEnabledExtensionNames = extensions};

    queues[1] = queues[0];
    queues[1].queueFamilyIndex = vkc->transfer_family;
    if (options->robust)
        extensions[extension_count++] = VK_EXT_ROBUSTNESS_2_EXTENSION_NAME;
    if (options->conditional)
        extensions[extension_count++] = VK_EXT_CONDITIONAL_RENDERING_EXTENSION_NAME;
    if (options->transform_feedback)
        extensions[extension_count++] = VK_EXT_TRANSFORM_FEEDBACK_EXTENSION_NAME;
    if (options->primitives_generated)
        extensions[extension_count++] = VK_EXT_PRIMITIVES_GENERATED_QUERY_EXTENSION_NAME;
    if (options->external_semaphores)
        extensions[extension_count++] = VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME;
    info.enabledExtensionCount = extension_count;
    VKC_CHECK(vkCreateDevice(vkc->physical, &info, NULL, &vkc->device));
    queue_open(vkc);
}

void vkc_open(const struct vkc_options *options, struct vkc *out_vkc)
{
    static const struct vkc_options defaults;

    if (!options)
        options = &defaults;
    memset(out_vkc, 0, sizeof *out_vkc);
    instance_create(out_vkc, !options->unchecked);
    physical_choose(out_vkc);
    families_choose(out_vkc, options);
    if (options->robust && !extension_present(out_vkc, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME))
        die("the device lacks " VK_EXT_ROBUSTNESS_2_EXTENSION_NAME);
    features_choose(out_vkc, options);
    device_create(out_vkc, options);
}

void vkc_close(struct vkc *vkc)
{
    vkDestroyCommandPool(vkc->device, vkc->pool, NULL);
    vkDestroyDevice(vkc->device, NULL);
    if (vkc->messenger) {
        PFN_vkDestroyDebugUtilsMessengerEXT destroy =
            (PFN_vkDestroyDebugUtilsMessengerEXT)vkGetInstanceProcAddr(
                vkc->instance, "vkDestroyDebugUtilsMessengerEXT");

        destroy(vkc->instance, vkc->messenger, NULL);
    }
    vkDestroyInstance(vkc->instance, NULL);
    if (vkc->complaints)
        die("the validation layer has complained");
}

bool vkc_transfer_open(const struct vkc *vkc, struct vkc *out_transfer)
{
    if (vkc->transfer_family == FAMILIES)
        return false;
    *out_transfer = *vkc;
    out_transfer->family = vkc->transfer_family;
    queue_open(out_transfer);
    return true;
}

void vkc_transfer_close(struct vkc *transfer)
{
    vkDestroyCommandPool(transfer->device, transfer->pool, NULL);
}

/* ---- buffers ---- */

uint32_t vkc_memory_type(struct vkc *vkc, uint32_t allowed)
{
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties memory;

    vkGetPhysicalDeviceMemoryProperties(vkc->physical, &memory);
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
        if (allowed >> i & 1 && (memory.memoryTypes[i].propertyFlags & wanted) == wanted)
            return i;
    die("no host-visible memory for this");
    return 0;
}

void vkc_buffer_create_for(struct vkc *vkc, VkDeviceSize bytes, VkBufferUsageFlags usage,
                           struct vkc_buffer *out_buffer)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = bytes, .usage = usage};
    VkMemoryRequirements needs;

    out_buffer->bytes = bytes;
    VKC_CHECK(vkCreateBuffer(vkc->device, &info, NULL, &out_buffer->buffer));
    vkGetBufferMemoryRequirements(vkc->device, out_buffer->buffer, &needs);

    VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                       .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    VkMemoryAllocateInfo allocation = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .pNext = &flags,
                                       .allocationSize = needs.size,
                                       .memoryTypeIndex =
                                           vkc_memory_type(vkc, needs.memoryTypeBits)};
    VkBufferDeviceAddressInfo address = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
                                         .buffer = out_buffer->buffer};

    VKC_CHECK(vkAllocateMemory(vkc->device, &allocation, NULL, &out_buffer->memory));
    VKC_CHECK(vkBindBufferMemory(vkc->device, out_buffer->buffer, out_buffer->memory, 0));
    VKC_CHECK(vkMapMemory(vkc->device, out_buffer->memory, 0, VK_WHOLE_SIZE, 0, &out_buffer->host));
    memset(out_buffer->host, 0, bytes);
    out_buffer->address = usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT
                              ? vkGetBufferDeviceAddress(vkc->device, &address)
                              : 0;
}

void vkc_buffer_create(struct vkc *vkc, VkDeviceSize bytes, struct vkc_buffer *out_buffer)
{
    const VkBufferUsageFlags all =
        VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
        VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT |
        VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
        VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

    vkc_buffer_create_for(vkc, bytes, all, out_buffer);
}

void vkc_buffer_destroy(struct vkc *vkc, struct vkc_buffer *buffer)
{
    vkDestroyBuffer(vkc->device, buffer->buffer, NULL);
    vkFreeMemory(vkc->device, buffer->memory, NULL);
    memset(buffer, 0, sizeof *buffer);
}

/* ---- pipelines ---- */

VkShaderModule vkc_module_load(struct vkc *vkc, const char *path)
{
    enum { MAX_BYTES = 1 << 20 };
    VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    uint32_t *code = allocate(1, MAX_BYTES);
    FILE *file = fopen(path, "rb");
    VkShaderModule module;

    if (!file) {
        perror(path);
        exit(1);
    }
    info.codeSize = fread(code, 1, MAX_BYTES, file);
    info.pCode = code;
    fclose(file);
    VKC_CHECK(vkCreateShaderModule(vkc->device, &info, NULL, &module));
    free(code);
    return module;
}

static void layouts_create(struct vkc *vkc, const struct vkc_pipeline_desc *desc,
                           struct vkc_pipeline *out)
{
    VkDescriptorSetLayoutBinding bindings[VKC_BINDINGS];
    VkDescriptorSetLayoutCreateInfo set = {.sType =
                                               VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
                                           .bindingCount = desc->binding_count,
                                           .pBindings = bindings};
    VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, desc->push_bytes};
    VkPipelineLayoutCreateInfo layout = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                         .setLayoutCount = 1,
                                         .pSetLayouts = &out->set_layout,
                                         .pushConstantRangeCount = desc->push_bytes > 0,
                                         .pPushConstantRanges = &push};

    for (uint32_t i = 0; i < desc->binding_count; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){.binding = i,
                                                     .descriptorType = desc->bindings[i],
                                                     .descriptorCount = 1,
                                                     .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    VKC_CHECK(vkCreateDescriptorSetLayout(vkc->device, &set, NULL, &out->set_layout));
    VKC_CHECK(vkCreatePipelineLayout(vkc->device, &layout, NULL, &out->layout));
}

static void set_allocate(struct vkc *vkc, const struct vkc_pipeline_desc *desc,
                         struct vkc_pipeline *out)
{
    VkDescriptorPoolSize sizes[VKC_BINDINGS];
    VkDescriptorPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                       .maxSets = 1,
                                       .poolSizeCount = desc->binding_count,
                                       .pPoolSizes = sizes};
    VkDescriptorSetAllocateInfo set = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                       .descriptorSetCount = 1,
                                       .pSetLayouts = &out->set_layout};

    if (desc->binding_count == 0)
        return;
    for (uint32_t i = 0; i < desc->binding_count; i++) {
        sizes[i] = (VkDescriptorPoolSize){desc->bindings[i], 1};
        out->types[i] = desc->bindings[i];
    }
    VKC_CHECK(vkCreateDescriptorPool(vkc->device, &pool, NULL, &out->pool));
    set.descriptorPool = out->pool;
    VKC_CHECK(vkAllocateDescriptorSets(vkc->device, &set, &out->set));
}

void vkc_pipeline_create(struct vkc *vkc, const struct vkc_pipeline_desc *desc,
                         struct vkc_pipeline *out_pipeline)
{
    VkShaderModule module = vkc_module_load(vkc, desc->shader);
    VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = desc->subgroup_size};
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = desc->dispatch_base ? VK_PIPELINE_CREATE_DISPATCH_BASE_BIT : 0,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = desc->subgroup_size ? &subgroup : NULL,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main",
                  .pSpecializationInfo = desc->specialization}};

    assert(desc->binding_count <= VKC_BINDINGS);
    memset(out_pipeline, 0, sizeof *out_pipeline);
    out_pipeline->push_bytes = desc->push_bytes;
    layouts_create(vkc, desc, out_pipeline);
    set_allocate(vkc, desc, out_pipeline);
    info.layout = out_pipeline->layout;
    VKC_CHECK(vkCreateComputePipelines(vkc->device, VK_NULL_HANDLE, 1, &info, NULL,
                                       &out_pipeline->pipeline));
    vkDestroyShaderModule(vkc->device, module, NULL);
}

void vkc_pipeline_create_named(struct vkc *vkc, const char *name, struct vkc_pipeline_desc *desc,
                               struct vkc_pipeline *out_pipeline)
{
    const char *folder = getenv("ROCWELD_SHADERS");
    char program[PATH_MAX] = "", path[2 * PATH_MAX];

    if (folder) {
        snprintf(path, sizeof path, "%s/%s.spv", folder, name);
    } else {
        if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
            die("/proc/self/exe cannot be read");
        *strrchr(program, '/') = '\0';
        snprintf(path, sizeof path, "%s/shaders/%s.spv", program, name);
    }
    desc->shader = path;
    vkc_pipeline_create(vkc, desc, out_pipeline);
    desc->shader = NULL;
}

void vkc_pipeline_destroy(struct vkc *vkc, struct vkc_pipeline *pipeline)
{
    vkDestroyDescriptorPool(vkc->device, pipeline->pool, NULL);
    vkDestroyPipeline(vkc->device, pipeline->pipeline, NULL);
    vkDestroyPipelineLayout(vkc->device, pipeline->layout, NULL);
    vkDestroyDescriptorSetLayout(vkc->device, pipeline->set_layout, NULL);
}

static void set_write(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                      const VkDescriptorBufferInfo *buffer, const VkBufferView *view,
                      const VkDescriptorImageInfo *image)
{
    VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                  .dstSet = pipeline->set,
                                  .dstBinding = binding,
                                  .descriptorCount = 1,
                                  .descriptorType = pipeline->types[binding],
                                  .pBufferInfo = buffer,
                                  .pTexelBufferView = view,
                                  .pImageInfo = image};

    vkUpdateDescriptorSets(vkc->device, 1, &write, 0, NULL);
}

void vkc_bind_range(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                    const struct vkc_buffer *buffer, VkDeviceSize offset, VkDeviceSize range)
{
    VkDescriptorBufferInfo info = {buffer ? buffer->buffer : VK_NULL_HANDLE, offset, range};

    set_write(vkc, pipeline, binding, &info, NULL, NULL);
}

void vkc_bind(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
              const struct vkc_buffer *buffer)
{
    vkc_bind_range(vkc, pipeline, binding, buffer, 0, VK_WHOLE_SIZE);
}

void vkc_bind_view(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                   VkBufferView view)
{
    set_write(vkc, pipeline, binding, NULL, &view, NULL);
}

void vkc_bind_image(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                    VkImageView view, VkSampler sampler)
{
    const VkDescriptorImageInfo info = {sampler, view, VK_IMAGE_LAYOUT_GENERAL};

    set_write(vkc, pipeline, binding, NULL, NULL, &info);
}

/* ---- commands ---- */

VkCommandBuffer vkc_begin(struct vkc *vkc)
{
    VkCommandBufferAllocateInfo allocation = {.sType =
                                                  VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                              .commandPool = vkc->pool,
                                              .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                              .commandBufferCount = 1};
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    VkCommandBuffer commands;

    VKC_CHECK(vkAllocateCommandBuffers(vkc->device, &allocation, &commands));
    VKC_CHECK(vkBeginCommandBuffer(commands, &begin));
    return commands;
}

void vkc_use(VkCommandBuffer commands, const struct vkc_pipeline *pipeline, const void *push)
{
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->pipeline);
    if (pipeline->set)
        vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->layout, 0, 1,
                                &pipeline->set, 0, NULL);
    if (pipeline->push_bytes)
        vkCmdPushConstants(commands, pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                           pipeline->push_bytes, push);
}

void vkc_barrier(VkCommandBuffer commands)
{
    const VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT |
                                        VK_PIPELINE_STAGE_TRANSFER_BIT |
                                        VK_PIPELINE_STAGE_DRAW_INDIRECT_BIT;
    VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                               .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                               .dstAccessMask =
                                   VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT};

    vkCmdPipelineBarrier(commands, stages, stages | VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0,
                         NULL, 0, NULL);
}

void vkc_run(struct vkc *vkc, VkCommandBuffer commands)
{
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                           .commandBufferCount = 1,
                           .pCommandBuffers = &commands};
    VkFence fence;

    VKC_CHECK(vkEndCommandBuffer(commands));
    VKC_CHECK(vkCreateFence(vkc->device, &info, NULL, &fence));
    VKC_CHECK(vkQueueSubmit(vkc->queue, 1, &submit, fence));
    VKC_CHECK(vkWaitForFences(vkc->device, 1, &fence, VK_TRUE, UINT64_MAX));
    vkDestroyFence(vkc->device, fence, NULL);
    vkFreeCommandBuffers(vkc->device, vkc->pool, 1, &commands);
}

void vkc_dispatch(struct vkc *vkc, const struct vkc_pipeline *pipeline, const void *push,
                  uint32_t x, uint32_t y, uint32_t z)
{
    VkCommandBuffer commands = vkc_begin(vkc);

    vkc_use(commands, pipeline, push);
    vkCmdDispatch(commands, x, y, z);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
}
