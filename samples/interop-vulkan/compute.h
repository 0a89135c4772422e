/* SPDX-License-Identifier: MIT
 *
 * Vulkan compute in few calls, by ordinary Vulkan 1.2: a device with a queue, buffers that the CPU
 * sees and whose GPU address is known, a pipeline with its descriptors, and running commands.
 *
 * What fails ends the program with a message. When VK_LAYER_KHRONOS_validation is installed it is
 * enabled, and vkc_close() ends the program if it has complained.
 *
 * Ownership: out parameters are the caller's, who closes or destroys them, the device last.
 * Thread safety: one thread per struct vkc at a time.
 */
#ifndef SAMPLES_VULKAN_COMPUTE_H
#define SAMPLES_VULKAN_COMPUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

#define VKC_CHECK(call) vkc_check((call), #call, __FILE__, __LINE__)
void vkc_check(VkResult result, const char *call, const char *file, int line);

struct vkc_features {
    VkPhysicalDeviceFeatures2 base; /* the head of the chain */
    VkPhysicalDeviceVulkan11Features v11;
    VkPhysicalDeviceVulkan12Features v12;
    VkPhysicalDeviceVulkan13Features v13; /* zeros when the device is older */
    VkPhysicalDeviceRobustness2FeaturesEXT robust;
    VkPhysicalDeviceConditionalRenderingFeaturesEXT conditional;
    VkPhysicalDeviceTransformFeedbackFeaturesEXT transform_feedback;
    VkPhysicalDevicePrimitivesGeneratedQueryFeaturesEXT primitives_generated;
};

struct vkc {
    VkInstance instance;
    VkDebugUtilsMessengerEXT messenger;
    VkPhysicalDevice physical;
    VkPhysicalDeviceProperties properties;
    struct vkc_features features; /* that are enabled: all there are, but see vkc_open */
    VkDevice device;
    uint32_t family; /* of the queue */
    VkQueue queue;
    VkCommandPool pool;
    uint32_t transfer_family; /* see vkc_options.also_transfer */
    unsigned complaints;      /* of the validation layer */
};

struct vkc_options {
    bool robust;               /* robustBufferAccess and VK_EXT_robustness2 */
    bool compute_only;         /* a queue of a family without graphics */
    bool transfer_only;        /* one that only copies */
    bool also_transfer;        /* for vkc_transfer_open(), too, if the device has such a queue */
    bool external_semaphores;  /* VK_KHR_external_semaphore_fd */
    bool conditional;          /* VK_EXT_conditional_rendering */
    bool transform_feedback;   /* VK_EXT_transform_feedback */
    bool primitives_generated; /* VK_EXT_primitives_generated_query */
    bool unchecked; /* without validation, which takes work of a lost device for running */
};

/* Takes the first AMD GPU, else the first device. */
void vkc_open(const struct vkc_options *options, struct vkc *out_vkc);
void vkc_close(struct vkc *vkc);

/* The same device with its queue that only copies; false: it has none. Closed before `vkc`. */
bool vkc_transfer_open(const struct vkc *vkc, struct vkc *out_transfer);
void vkc_transfer_close(struct vkc *transfer);

/* ---- buffers: host-visible, host-coherent, mapped ---- */

struct vkc_buffer {
    VkBuffer buffer;
    VkDeviceMemory memory;
    VkDeviceSize bytes;
    void *host;
    VkDeviceAddress address; /* on the GPU */
};

/* Of the types that `allowed` has bits of, one that the CPU sees and that needs no flushes. */
uint32_t vkc_memory_type(struct vkc *vkc, uint32_t allowed);

/* Reads as zero; for all usages. */
void vkc_buffer_create(struct vkc *vkc, VkDeviceSize bytes, struct vkc_buffer *out_buffer);
/* For these. The address is 0 without VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT. */
void vkc_buffer_create_for(struct vkc *vkc, VkDeviceSize bytes, VkBufferUsageFlags usage,
                           struct vkc_buffer *out_buffer);
void vkc_buffer_destroy(struct vkc *vkc, struct vkc_buffer *buffer);

/* ---- pipelines with one descriptor set ---- */

enum { VKC_BINDINGS = 8 };

struct vkc_pipeline_desc {
    const char *shader; /* file of SPIR-V */
    const VkDescriptorType *bindings;
    uint32_t binding_count; /* bindings 0 .. count - 1, at most VKC_BINDINGS */
    uint32_t push_bytes;
    const VkSpecializationInfo *specialization; /* may be NULL */
    uint32_t subgroup_size;                     /* 0 = the driver chooses */
    bool dispatch_base;                         /* for vkCmdDispatchBase */
};

struct vkc_pipeline {
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    VkDescriptorPool pool;
    VkDescriptorSet set;
    uint32_t push_bytes;
    VkDescriptorType types[VKC_BINDINGS];
};

VkShaderModule vkc_module_load(struct vkc *vkc, const char *path);
void vkc_pipeline_create(struct vkc *vkc, const struct vkc_pipeline_desc *desc,
                         struct vkc_pipeline *out_pipeline);
/* The shader NAME.spv of the folder `shaders` beside the program, or of ROCWELD_SHADERS=DIR. */
void vkc_pipeline_create_named(struct vkc *vkc, const char *name, struct vkc_pipeline_desc *desc,
                               struct vkc_pipeline *out_pipeline);
void vkc_pipeline_destroy(struct vkc *vkc, struct vkc_pipeline *pipeline);
/* `range` may be VK_WHOLE_SIZE. */
void vkc_bind_range(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                    const struct vkc_buffer *buffer, VkDeviceSize offset, VkDeviceSize range);
void vkc_bind(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
              const struct vkc_buffer *buffer);
void vkc_bind_view(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                   VkBufferView view);
/* In the general layout. `sampler` may be null for storage images. */
void vkc_bind_image(struct vkc *vkc, struct vkc_pipeline *pipeline, uint32_t binding,
                    VkImageView view, VkSampler sampler);

/* ---- commands ---- */

VkCommandBuffer vkc_begin(struct vkc *vkc);
/* Binds pipeline, descriptors and push constants (push_bytes of them). */
void vkc_use(VkCommandBuffer commands, const struct vkc_pipeline *pipeline, const void *push);
/* What was written before is seen after, by shaders, transfers, indirect reads and the host. */
void vkc_barrier(VkCommandBuffer commands);
/* Ends, submits, waits, frees. */
void vkc_run(struct vkc *vkc, VkCommandBuffer commands);
/* All of it for a single dispatch. */
void vkc_dispatch(struct vkc *vkc, const struct vkc_pipeline *pipeline, const void *push,
                  uint32_t x, uint32_t y, uint32_t z);

#endif
