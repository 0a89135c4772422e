/* SPDX-License-Identifier: MIT */
#include "vulkan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AMD = 0x1002, DEVICES_MAX = 8 };

static void check(VkResult result, const char *call)
{
    if (result == VK_SUCCESS)
        return;
    fprintf(stderr, "%s: VkResult %d\n", call, result);
    exit(1);
}
#define VK(call) check((call), #call)

static void choose_device(struct vulkan *vulkan)
{
    VkPhysicalDevice devices[DEVICES_MAX];
    uint32_t count = DEVICES_MAX;

    vkEnumeratePhysicalDevices(vulkan->instance, &count, devices); /* some are enough */
    for (uint32_t i = 0; i < count; i++) {
        VkPhysicalDeviceProperties properties;

        vkGetPhysicalDeviceProperties(devices[i], &properties);
        if (properties.vendorID == AMD && properties.apiVersion >= VK_API_VERSION_1_2) {
            vulkan->physical = devices[i];
            return;
        }
    }
    fprintf(stderr, "no AMD GPU with Vulkan 1.2\n");
    exit(1);
}

/* Queue family 0 of AMD's GPUs does everything. */
static void create_device(struct vulkan *vulkan)
{
    const char *extensions[] = {VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME};
    float priority = 1;
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    VkPhysicalDeviceVulkan12Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
        .bufferDeviceAddress = VK_TRUE,
    };
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = &features,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = 1,
        .ppEnabledExtensionNames = extensions,
    };
    VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};

    VK(vkCreateDevice(vulkan->physical, &info, NULL, &vulkan->device));
    vkGetDeviceQueue(vulkan->device, 0, 0, &vulkan->queue);
    VK(vkCreateCommandPool(vulkan->device, &pool, NULL, &vulkan->pool));
}

static void create_timeline(struct vulkan *vulkan)
{
    VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
    };
    VkExportSemaphoreCreateInfo exported = {
        .sType = VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO,
        .pNext = &type,
        .handleTypes = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
    };
    VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
        .pNext = &exported,
    };

    VK(vkCreateSemaphore(vulkan->device, &info, NULL, &vulkan->timeline));
}

static uint32_t find_memory(struct vulkan *vulkan, uint32_t types)
{
    const VkMemoryPropertyFlags want =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties properties;

    vkGetPhysicalDeviceMemoryProperties(vulkan->physical, &properties);
    for (uint32_t i = 0; i < properties.memoryTypeCount; i++)
        if ((types & 1u << i) && (properties.memoryTypes[i].propertyFlags & want) == want)
            return i;
    fprintf(stderr, "no memory that the CPU sees\n");
    exit(1);
}

static void create_buffer(struct vulkan *vulkan, size_t bytes)
{
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = bytes,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                 VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
    };
    VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
    };
    VkMemoryAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = &flags,
    };
    VkBufferDeviceAddressInfo address = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
    };
    VkMemoryRequirements needs;

    VK(vkCreateBuffer(vulkan->device, &info, NULL, &vulkan->buffer));
    vkGetBufferMemoryRequirements(vulkan->device, vulkan->buffer, &needs);
    allocate.allocationSize = needs.size;
    allocate.memoryTypeIndex = find_memory(vulkan, needs.memoryTypeBits);
    VK(vkAllocateMemory(vulkan->device, &allocate, NULL, &vulkan->memory));
    VK(vkBindBufferMemory(vulkan->device, vulkan->buffer, vulkan->memory, 0));
    VK(vkMapMemory(vulkan->device, vulkan->memory, 0, VK_WHOLE_SIZE, 0, &vulkan->host));
    memset(vulkan->host, 0, bytes);
    address.buffer = vulkan->buffer;
    vulkan->address = vkGetBufferDeviceAddress(vulkan->device, &address);
}

void vulkan_open(struct vulkan *out_vulkan, size_t bytes)
{
    VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .apiVersion = VK_API_VERSION_1_2,
    };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &application,
    };

    VK(vkCreateInstance(&info, NULL, &out_vulkan->instance));
    choose_device(out_vulkan);
    create_device(out_vulkan);
    create_timeline(out_vulkan);
    create_buffer(out_vulkan, bytes);
}

void vulkan_close(struct vulkan *vulkan)
{
    VK(vkDeviceWaitIdle(vulkan->device));
    vkDestroyBuffer(vulkan->device, vulkan->buffer, NULL);
    vkFreeMemory(vulkan->device, vulkan->memory, NULL);
    vkDestroySemaphore(vulkan->device, vulkan->timeline, NULL);
    vkDestroyCommandPool(vulkan->device, vulkan->pool, NULL);
    vkDestroyDevice(vulkan->device, NULL);
    vkDestroyInstance(vulkan->instance, NULL);
}

int vulkan_timeline_fd(struct vulkan *vulkan)
{
    VkSemaphoreGetFdInfoKHR info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR,
        .semaphore = vulkan->timeline,
        .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
    };
    PFN_vkGetSemaphoreFdKHR get =
        (PFN_vkGetSemaphoreFdKHR)vkGetDeviceProcAddr(vulkan->device, "vkGetSemaphoreFdKHR");
    int fd;

    VK(get(vulkan->device, &info, &fd));
    return fd;
}

/* ---- work ---- */

static VkCommandBuffer record_copy(struct vulkan *vulkan, size_t from, size_t to)
{
    VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = vulkan->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VkMemoryBarrier to_host = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
    };
    VkBufferCopy region = {from, to, 4};
    VkCommandBuffer commands;

    VK(vkAllocateCommandBuffers(vulkan->device, &allocate, &commands));
    VK(vkBeginCommandBuffer(commands, &begin));
    vkCmdCopyBuffer(commands, vulkan->buffer, vulkan->buffer, 1, &region);
    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                         &to_host, 0, NULL, 0, NULL);
    VK(vkEndCommandBuffer(commands));
    return commands;
}

void vulkan_copy_word(struct vulkan *vulkan, size_t from, size_t to, uint64_t wait_point,
                      uint64_t signal_point)
{
    VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    VkTimelineSemaphoreSubmitInfo points = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = 1,
        .pWaitSemaphoreValues = &wait_point,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &signal_point,
    };
    VkCommandBuffer commands = record_copy(vulkan, from, to);
    VkSubmitInfo submit = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .pNext = &points,
        .waitSemaphoreCount = 1,
        .pWaitSemaphores = &vulkan->timeline,
        .pWaitDstStageMask = &stage,
        .commandBufferCount = 1,
        .pCommandBuffers = &commands,
        .signalSemaphoreCount = 1,
        .pSignalSemaphores = &vulkan->timeline,
    };

    VK(vkQueueSubmit(vulkan->queue, 1, &submit, VK_NULL_HANDLE));
}

void vulkan_wait(struct vulkan *vulkan, uint64_t point)
{
    VkSemaphoreWaitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = 1,
        .pSemaphores = &vulkan->timeline,
        .pValues = &point,
    };

    VK(vkWaitSemaphores(vulkan->device, &info, UINT64_MAX));
}
