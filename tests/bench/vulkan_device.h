/* SPDX-License-Identifier: MIT
 *
 * As much Vulkan as the measuring programs need: a device, buffers and images that the CPU sees,
 * commands that are recorded once and submitted many times. What fails ends the program.
 *
 * Everything lives until the process ends. Thread safety: one thread.
 */
#ifndef ROCWELD_TESTS_BENCH_VULKAN_DEVICE_H
#define ROCWELD_TESTS_BENCH_VULKAN_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

#define VULKAN_CHECK(call) vulkan_check((call), #call)
void vulkan_check(VkResult result, const char *call);

struct vulkan_device {
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    VkCommandPool pool;
};

struct vulkan_memory {
    VkDeviceMemory memory;
    void *host;
};

struct vulkan_buffer {
    VkBuffer buffer;
    struct vulkan_memory memory;
    VkDeviceAddress address;
};

/* AMD's GPU, or the driver that is a CPU; a queue for compute and copies. `sharing`: with timelines
 * and memory that can be given away. */
void vulkan_open(bool on_cpu, bool sharing, struct vulkan_device *out_device);
void vulkan_memory_bind(struct vulkan_device *vulkan, const VkMemoryRequirements *needs,
                        bool exported, struct vulkan_memory *out_memory);
void vulkan_buffer_create(struct vulkan_device *vulkan, size_t bytes, bool exported,
                          struct vulkan_buffer *out_buffer);
VkCommandBuffer vulkan_begin(struct vulkan_device *vulkan);
void vulkan_submit(struct vulkan_device *vulkan, VkCommandBuffer commands, VkFence fence);
VkFence vulkan_fence(struct vulkan_device *vulkan);
/* Waits for it and makes it new. */
void vulkan_fence_wait(struct vulkan_device *vulkan, VkFence fence);

#endif
