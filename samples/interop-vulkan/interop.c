/* SPDX-License-Identifier: MIT
 * HIP and Vulkan in one GPU VM: an address that one side has is a pointer for the other. Nothing is
 * exported, imported or copied between them; no external-memory extension is even enabled.
 *
 *   1. a HIP kernel computes with pointers into a VkBuffer
 *   2. a Vulkan shader computes with pointers that hipMalloc returned
 *   3. a list whose nodes lie in a VkBuffer and in hipMalloc memory by turns is walked by a HIP
 *      kernel, which writes its result into the VkBuffer, and by a Vulkan shader, which writes its
 *      into hipMalloc memory
 *
 *   interop_vulkan [vulkan-first | hip-first | together]    who starts first, or each in a thread
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute.h"
#include "sample.h"
#include "sides.h"

enum { COUNT = 30011, PAIRS = 500, LIMIT = 10 * PAIRS };

struct sides {
    struct vkc vkc;
    struct vkc_buffer buffer;
    float *device; /* hipMalloc's */
};

/* ---- who starts first ---- */

static void start_vulkan(void *context)
{
    struct sides *sides = context;

    vkc_open(NULL, &sides->vkc);
    vkc_buffer_create(&sides->vkc, 2 * COUNT * sizeof(float), &sides->buffer);
}

static void start_hip(void *context)
{
    struct sides *sides = context;

    SAMPLE_CHECK(hipInit(0));
    sides->device = sample_zeroed(2 * COUNT * sizeof(float));
}

/* ---- 1 and 2: y = alpha x + y ---- */

static void numbers_fill(float *x, float *y)
{
    for (unsigned i = 0; i < COUNT; i++) {
        x[i] = sample_noise(i) - 0.5f;
        y[i] = sample_noise(~i);
    }
}

static void numbers_expect(const char *what, const float *got, float alpha)
{
    for (unsigned i = 0; i < COUNT; i++)
        sample_expect_near(what, i, got[i], fmaf(alpha, sample_noise(i) - 0.5f, sample_noise(~i)),
                           0);
}

static void hip_computes_in_vulkan_memory(struct sides *sides)
{
    float *host = sides->buffer.host;
    struct {
        float alpha;
        uint64_t x, y;
        unsigned n;
    } args = {1.75f, sides->buffer.address, sides->buffer.address + COUNT * sizeof(float), COUNT};

    numbers_fill(host, host + COUNT);
    sample_launch(sample_kernel("saxpy"), 16, 1, 256, 1, &args, sizeof args);
    numbers_expect("HIP in a VkBuffer", host + COUNT, args.alpha);
    printf("a HIP kernel computed %u numbers in a VkBuffer\n", COUNT);
}

static void vulkan_computes_in_hip_memory(struct sides *sides)
{
    const struct {
        uint64_t x, y;
        float alpha;
        uint32_t n;
    } push = {(uintptr_t)sides->device, (uintptr_t)(sides->device + COUNT), -0.625f, COUNT};
    struct vkc_pipeline_desc desc = {.push_bytes = sizeof push};
    static float numbers[2 * COUNT];
    struct vkc_pipeline pipeline;

    numbers_fill(numbers, numbers + COUNT);
    SAMPLE_CHECK(hipMemcpy(sides->device, numbers, sizeof numbers, hipMemcpyHostToDevice));
    vkc_pipeline_create_named(&sides->vkc, "saxpy", &desc, &pipeline);
    vkc_dispatch(&sides->vkc, &pipeline, &push, (COUNT + 63) / 64, 1, 1);
    sample_download(numbers, sides->device, sizeof numbers);
    numbers_expect("Vulkan in hipMalloc memory", numbers + COUNT, push.alpha);
    vkc_pipeline_destroy(&sides->vkc, &pipeline);
    printf("a Vulkan shader computed %u numbers in hipMalloc memory\n", COUNT);
}

/* ---- 3: the list ---- */

static struct node *nodes_at(void *memory)
{
    return memory;
}

/* Buffer, device, buffer, device, ...: payloads 1, 2, 3, ... Each side's memory ends with room for
 * the other's result. */
static void list_build(struct sides *sides)
{
    static struct node in_device[PAIRS + 1];
    struct node *in_buffer = sides->buffer.host, *device = nodes_at(sides->device);

    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t after = sides->buffer.address + (i + 1) * sizeof(struct node);

        in_buffer[i] = (struct node){(uintptr_t)&device[i], 2 * i + 1};
        in_device[i] = (struct node){i + 1 < PAIRS ? after : 0, 2 * i + 2};
    }
    in_buffer[PAIRS] = in_device[PAIRS] = (struct node){0, 0};
    SAMPLE_CHECK(hipMemcpy(device, in_device, sizeof in_device, hipMemcpyHostToDevice));
}

static struct walk walk_by_hip(struct sides *sides)
{
    uint64_t head = sides->buffer.address;
    struct {
        void *heads;
        uint64_t walks;
        unsigned lists, limit;
    } args = {sample_upload(&head, sizeof head), head + PAIRS * sizeof(struct node), 1, LIMIT};
    const struct node *result = (const struct node *)sides->buffer.host + PAIRS;

    sample_launch(sample_kernel("pointer_chase"), 1, 1, 64, 1, &args, sizeof args);
    SAMPLE_CHECK(hipFree(args.heads));
    return (struct walk){result->next, result->payload};
}

static struct walk walk_by_vulkan(struct sides *sides)
{
    struct node *result = nodes_at(sides->device) + PAIRS;
    const struct {
        uint64_t head, walk;
        uint32_t limit, unused;
    } push = {sides->buffer.address, (uintptr_t)result, LIMIT, 0};
    struct vkc_pipeline_desc desc = {.push_bytes = sizeof push};
    struct vkc_pipeline pipeline;
    struct walk walk;

    vkc_pipeline_create_named(&sides->vkc, "walk", &desc, &pipeline);
    vkc_dispatch(&sides->vkc, &pipeline, &push, 1, 1, 1);
    vkc_pipeline_destroy(&sides->vkc, &pipeline);
    sample_download(&walk, result, sizeof walk);
    return walk;
}

static void list_walk(struct sides *sides)
{
    list_build(sides);
    const struct walk walks[] = {walk_by_hip(sides), walk_by_vulkan(sides)};

    for (unsigned i = 0; i < 2; i++) {
        sample_expect_near("length", i, (double)walks[i].length, 2 * PAIRS, 0);
        sample_expect_near("sum", i, (double)walks[i].sum, (double)PAIRS * (2 * PAIRS + 1), 0);
    }
    printf("a HIP kernel and a Vulkan shader each walked %u nodes of both\n", 2 * PAIRS);
}

int main(int argc, char **argv)
{
    const char *order = argc > 1 ? argv[1] : "vulkan-first";
    static struct sides sides;

    sides_start(&(struct sides_start){"vulkan", start_hip, start_vulkan, &sides}, order);
    printf("%s\n", sides.vkc.properties.deviceName);
    fflush(stdout);
    hip_computes_in_vulkan_memory(&sides);
    vulkan_computes_in_hip_memory(&sides);
    list_walk(&sides);
    printf("interop_vulkan: one memory, %s\n", order);
    SAMPLE_CHECK(hipFree(sides.device));
    vkc_buffer_destroy(&sides.vkc, &sides.buffer);
    vkc_close(&sides.vkc);
    return 0;
}
