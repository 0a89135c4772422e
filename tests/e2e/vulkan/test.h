/* SPDX-License-Identifier: MIT
 *
 * What the programs of this folder share. Each compares what the GPU computes with the same
 * computation on the CPU, and prints "ok" at its end.
 */
#ifndef TESTS_E2E_VULKAN_TEST_H
#define TESTS_E2E_VULKAN_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute.h"

/* SHADERS: folder with a NAME.spv for every shaders/NAME.comp, from the build. */
#define SHADER(name) SHADERS "/" name ".spv"

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* The element that differs is named in units of dwords. */
static inline void expect_words(const char *what, const uint32_t *got, const uint32_t *want,
                                size_t count)
{
    for (size_t i = 0; i < count; i++)
        EXPECT(got[i] == want[i], "%s: word %zu is 0x%08x, not 0x%08x", what, i, got[i], want[i]);
}

/* A shader of a pipeline; its module is the caller's to destroy. */
static inline VkPipelineShaderStageCreateInfo
shader_stage(struct vkc *vkc, VkShaderStageFlagBits bit, const char *path)
{
    return (VkPipelineShaderStageCreateInfo){
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
        .stage = bit,
        .module = vkc_module_load(vkc, path),
        .pName = "main"};
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Numbers that depend on nothing but their index. */
static inline uint32_t scramble(uint32_t i)
{
    i = (i ^ 61) ^ (i >> 16);
    i *= 9;
    i ^= i >> 4;
    i *= 0x27d4eb2d;
    return i ^ (i >> 15);
}

static inline void fill_scrambled(struct vkc_buffer *buffer, uint32_t seed)
{
    uint32_t *words = buffer->host;

    for (VkDeviceSize i = 0; i < buffer->bytes / 4; i++)
        words[i] = scramble((uint32_t)i + seed);
}

#endif
