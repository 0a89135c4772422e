/* SPDX-License-Identifier: MIT
 *
 * The Vulkan side: one buffer whose address HIP is given, a timeline semaphore that can be
 * exported, and a queue whose submissions copy the buffer's first word into a log. Plain
 * Vulkan 1.2. What fails ends the program with one line. One thread at a time.
 */
#ifndef ROCWELD_SAMPLES_BRIDGE_VULKAN_H
#define ROCWELD_SAMPLES_BRIDGE_VULKAN_H

#include <stddef.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

struct vulkan {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    VkCommandPool pool;
    VkSemaphore timeline;
    VkBuffer buffer;
    VkDeviceMemory memory;
    void *host;              /* the buffer, as the CPU sees it ... */
    VkDeviceAddress address; /* ... and as the GPU does */
};

/* `bytes`: of the buffer. */
void vulkan_open(struct vulkan *out_vulkan, size_t bytes);
void vulkan_close(struct vulkan *vulkan);

/* A descriptor of the timeline semaphore; the caller closes it. */
int vulkan_timeline_fd(struct vulkan *vulkan);

/* Puts work into the queue that waits for `wait_point`, copies 4 bytes within the buffer, and
 * signals `signal_point`. Does not wait. */
void vulkan_copy_word(struct vulkan *vulkan, size_t from, size_t to, uint64_t wait_point,
                      uint64_t signal_point);

void vulkan_wait(struct vulkan *vulkan, uint64_t point);

#endif
