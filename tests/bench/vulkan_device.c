/* SPDX-License-Identifier: MIT */
#include "vulkan_device.h"

#include <stdio.h>
#include <stdlib.h>

enum { VENDOR_AMD = 0x1002, DEVICES_MAX = 16 };

void vulkan_check(VkResult result, const char *call)
{
    if (result == VK_SUCCESS)
        return;
    fprintf(stderr, "%s: VkResult %d\n", call, result);
    exit(1);
}

static VkPhysicalDevice choose(VkInstance instance, bool on_cpu)
{
    VkPhysicalDevice devices[DEVICES_MAX];
    uint32_t count = DEVICES_MAX;

    vkEnumeratePhysicalDevices(instance, &count, devices);
    for (uint32_t i = 0; i < count; i++) {
        VkPhysicalDeviceProperties properties;

        vkGetPhysicalDeviceProperties(devices[i], &properties);
        if (on_cpu ? properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU
                   : properties.vendorID == VENDOR_AMD)
            return devices[i];
    }
    fprintf(stderr, "no Vulkan driver shows %s\n", on_cpu ? "a CPU" : "an AMD GPU");
    exit(1);
}

/* A queue that computes and does not draw, where there is one. */
static uint32_t choose_family(VkPhysicalDevice physical)
{
    VkQueueFamilyProperties families[DEVICES_MAX];
    uint32_t count = DEVICES_MAX;

    vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
    for (uint32_t i = 0; i < count; i++)
        if ((families[i].queueFlags & (VK_QUEUE_COMPUTE_BIT | VK_QUEUE_GRAPHICS_BIT)) ==
            VK_QUEUE_COMPUTE_BIT)
            return i;
    return 0;
}

void vulkan_open(bool on_cpu, bool sharing, struct vulkan_device *out_device)
{
    const char *extensions[] = {VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
                                VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
                                VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME};
    VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                     .apiVersion = VK_API_VERSION_1_2};
    VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                          .pApplicationInfo = &application};
    VkPhysicalDeviceVulkan12Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
        .bufferDeviceAddress = VK_TRUE,
    };
    float priority = 1;
    VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                     .queueCount = 1,
                                     .pQueuePriorities = &priority};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &features,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queue,
                               .enabledExtensionCount = sharing ? 3 : 0,
                               .ppEnabledExtensionNames = extensions};
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
    VkInstance instance;

    VULKAN_CHECK(vkCreateInstance(&instance_info, NULL, &instance));
    out_device->physical = choose(instance, on_cpu);
    queue.queueFamilyIndex = pool.queueFamilyIndex = choose_family(out_device->physical);
    VULKAN_CHECK(vkCreateDevice(out_device->physical, &info, NULL, &out_device->device));
    vkGetDeviceQueue(out_device->device, queue.queueFamilyIndex, 0, &out_device->queue);
    VULKAN_CHECK(vkCreateCommandPool(out_device->device, &pool, NULL, &out_device->pool));
}

static uint32_t memory_type(struct vulkan_device *vulkan, uint32_t allowed)
{
    const VkMemoryPropertyFlags wanted =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties properties;

    vkGetPhysicalDeviceMemoryProperties(vulkan->physical, &properties);
    for (uint32_t i = 0; i < properties.memoryTypeCount; i++)
        if (allowed & 1u << i && (properties.memoryTypes[i].propertyFlags & wanted) == wanted)
            return i;
    fprintf(stderr, "no memory that the CPU sees\n");
    exit(1);
}

void vulkan_memory_bind(struct vulkan_device *vulkan, const VkMemoryRequirements *needs,
                        bool exported, struct vulkan_memory *out_memory)
{
    VkExportMemoryAllocateInfo to_export = {.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                            .handleTypes =
                                                VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
    VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                       .pNext = exported ? &to_export : NULL,
                                       .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                 .pNext = &flags,
                                 .allocationSize = needs->size,
                                 .memoryTypeIndex = memory_type(vulkan, needs->memoryTypeBits)};

    VULKAN_CHECK(vkAllocateMemory(vulkan->device, &info, NULL, &out_memory->memory));
    VULKAN_CHECK(
        vkMapMemory(vulkan->device, out_memory->memory, 0, VK_WHOLE_SIZE, 0, &out_memory->host));
}

void vulkan_buffer_create(struct vulkan_device *vulkan, size_t bytes, bool exported,
                          struct vulkan_buffer *out_buffer)
{
    VkExternalMemoryBufferCreateInfo external = {
        .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
        .handleTypes = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
    VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                               .pNext = exported ? &external : NULL,
                               .size = bytes,
                               .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                        VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                        VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT};
    VkBufferDeviceAddressInfo address = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
    VkMemoryRequirements needs;

    VULKAN_CHECK(vkCreateBuffer(vulkan->device, &info, NULL, &out_buffer->buffer));
    vkGetBufferMemoryRequirements(vulkan->device, out_buffer->buffer, &needs);
    vulkan_memory_bind(vulkan, &needs, exported, &out_buffer->memory);
    VULKAN_CHECK(
        vkBindBufferMemory(vulkan->device, out_buffer->buffer, out_buffer->memory.memory, 0));
    address.buffer = out_buffer->buffer;
    out_buffer->address = vkGetBufferDeviceAddress(vulkan->device, &address);
}

VkCommandBuffer vulkan_begin(struct vulkan_device *vulkan)
{
    VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                        .commandPool = vulkan->pool,
                                        .commandBufferCount = 1};
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT};
    VkCommandBuffer commands;

    VULKAN_CHECK(vkAllocateCommandBuffers(vulkan->device, &info, &commands));
    VULKAN_CHECK(vkBeginCommandBuffer(commands, &begin));
    return commands;
}

void vulkan_submit(struct vulkan_device *vulkan, VkCommandBuffer commands, VkFence fence)
{
    VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                           .commandBufferCount = 1,
                           .pCommandBuffers = &commands};

    VULKAN_CHECK(vkQueueSubmit(vulkan->queue, 1, &submit, fence));
}

VkFence vulkan_fence(struct vulkan_device *vulkan)
{
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;

    VULKAN_CHECK(vkCreateFence(vulkan->device, &info, NULL, &fence));
    return fence;
}

void vulkan_fence_wait(struct vulkan_device *vulkan, VkFence fence)
{
    VULKAN_CHECK(vkWaitForFences(vulkan->device, 1, &fence, VK_TRUE, UINT64_MAX));
    VULKAN_CHECK(vkResetFences(vulkan->device, 1, &fence));
}
