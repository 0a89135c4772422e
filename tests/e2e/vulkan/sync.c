/* SPDX-License-Identifier: MIT
 *
 * Order and time: barriers, events, fences, timeline and binary semaphores, a host that waits and
 * signals, timestamps, query copies, secondary and reused command buffers, two queues.
 */
#include "test.h"

#include <pthread.h>
#include <unistd.h>

enum { COUNT = 4096, STEPS = 20 };

struct rig {
    struct vkc vkc;
    struct vkc_pipeline pipeline;
    struct vkc_buffer data;
    uint32_t expected[COUNT];
};

static void reset(struct rig *rig)
{
    for (uint32_t i = 0; i < COUNT; i++)
        rig->expected[i] = ((uint32_t *)rig->data.host)[i] = scramble(i);
}

static void expect_step(struct rig *rig, uint32_t step)
{
    for (uint32_t i = 0; i < COUNT; i++)
        rig->expected[i] = rig->expected[i] * 1664525u + step;
}

static void record_step(struct rig *rig, VkCommandBuffer commands, uint32_t step)
{
    vkc_use(commands, &rig->pipeline, &step);
    vkCmdDispatch(commands, COUNT / 64, 1, 1);
    vkc_barrier(commands);
}

static void check(struct rig *rig, const char *what)
{
    expect_words(what, rig->data.host, rig->expected, COUNT);
}

static VkCommandBuffer allocate(struct rig *rig, VkCommandBufferLevel level)
{
    VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                        .commandPool = rig->vkc.pool,
                                        .level = level,
                                        .commandBufferCount = 1};
    VkCommandBuffer commands;

    VKC_CHECK(vkAllocateCommandBuffers(rig->vkc.device, &info, &commands));
    return commands;
}

static VkSemaphore semaphore_create(struct rig *rig, VkSemaphoreType type)
{
    VkSemaphoreTypeCreateInfo kind = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                      .semaphoreType = type};
    VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &kind};
    VkSemaphore semaphore;

    VKC_CHECK(vkCreateSemaphore(rig->vkc.device, &info, NULL, &semaphore));
    return semaphore;
}

/* ---- in one command buffer ---- */

static void test_barriers(struct rig *rig)
{
    VkCommandBuffer commands = vkc_begin(&rig->vkc);

    reset(rig);
    for (uint32_t i = 0; i < STEPS; i++) {
        record_step(rig, commands, i);
        expect_step(rig, i);
    }
    vkc_run(&rig->vkc, commands);
    check(rig, "barriers");
}

static void test_event(struct rig *rig)
{
    VkEventCreateInfo info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
    VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                               .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                               .dstAccessMask =
                                   VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT};
    const VkPipelineStageFlags shader = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    VkCommandBuffer commands = vkc_begin(&rig->vkc);
    VkEvent event;
    uint32_t step = 3;

    VKC_CHECK(vkCreateEvent(rig->vkc.device, &info, NULL, &event));
    EXPECT(vkGetEventStatus(rig->vkc.device, event) == VK_EVENT_RESET, "new event");
    reset(rig);
    vkc_use(commands, &rig->pipeline, &step);
    vkCmdDispatch(commands, COUNT / 64, 1, 1);
    vkCmdSetEvent(commands, event, shader);
    vkCmdWaitEvents(commands, 1, &event, shader, shader, 1, &barrier, 0, NULL, 0, NULL);
    record_step(rig, commands, 4);
    vkc_run(&rig->vkc, commands);
    expect_step(rig, 3);
    expect_step(rig, 4);
    check(rig, "event");
    EXPECT(vkGetEventStatus(rig->vkc.device, event) == VK_EVENT_SET, "event after the GPU set it");
    vkDestroyEvent(rig->vkc.device, event, NULL);
}

static void test_secondary_and_reuse(struct rig *rig)
{
    VkCommandBufferInheritanceInfo inheritance = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO};
    VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .pInheritanceInfo = &inheritance};
    VkCommandBuffer secondary = allocate(rig, VK_COMMAND_BUFFER_LEVEL_SECONDARY);
    VkCommandBuffer primary = allocate(rig, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
    VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                           .commandBufferCount = 1,
                           .pCommandBuffers = &primary};

    VKC_CHECK(vkBeginCommandBuffer(secondary, &begin));
    record_step(rig, secondary, 7);
    VKC_CHECK(vkEndCommandBuffer(secondary));
    begin.pInheritanceInfo = NULL;
    VKC_CHECK(vkBeginCommandBuffer(primary, &begin));
    vkCmdExecuteCommands(primary, 1, &secondary);
    record_step(rig, primary, 8);
    VKC_CHECK(vkEndCommandBuffer(primary));
    reset(rig);
    for (unsigned i = 0; i < 3; i++) {
        VKC_CHECK(vkQueueSubmit(rig->vkc.queue, 1, &submit, VK_NULL_HANDLE));
        VKC_CHECK(vkQueueWaitIdle(rig->vkc.queue));
        expect_step(rig, 7);
        expect_step(rig, 8);
    }
    check(rig, "secondary");
}

/* ---- between submissions, and with the host ---- */

struct late {
    struct rig *rig;
    VkSemaphore semaphore;
};

static void *signal_late(void *argument)
{
    struct late *late = argument;
    VkSemaphoreSignalInfo signal = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = late->semaphore, .value = 1};

    usleep(3000);
    EXPECT(memcmp(late->rig->data.host, late->rig->expected, sizeof late->rig->expected) == 0,
           "the GPU did not wait for the host");
    VKC_CHECK(vkSignalSemaphore(late->rig->vkc.device, &signal));
    return NULL;
}

/* Submissions that wait for the one before by value, the first for the host. */
static void test_timeline(struct rig *rig)
{
    VkSemaphore timeline = semaphore_create(rig, VK_SEMAPHORE_TYPE_TIMELINE);
    VkCommandBuffer commands[STEPS];
    struct late late = {rig, timeline};
    uint64_t value;
    pthread_t thread;

    reset(rig);
    for (uint32_t i = 0; i < STEPS; i++) {
        const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
        const uint64_t wait = i + 1, signal = i + 2;
        VkTimelineSemaphoreSubmitInfo values = {
            .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
            .waitSemaphoreValueCount = 1,
            .pWaitSemaphoreValues = &wait,
            .signalSemaphoreValueCount = 1,
            .pSignalSemaphoreValues = &signal};
        VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .pNext = &values,
                               .waitSemaphoreCount = 1,
                               .pWaitSemaphores = &timeline,
                               .pWaitDstStageMask = &stage,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &commands[i],
                               .signalSemaphoreCount = 1,
                               .pSignalSemaphores = &timeline};

        commands[i] = vkc_begin(&rig->vkc);
        record_step(rig, commands[i], 100 + i);
        VKC_CHECK(vkEndCommandBuffer(commands[i]));
        VKC_CHECK(vkQueueSubmit(rig->vkc.queue, 1, &submit, VK_NULL_HANDLE));
    }
    EXPECT(pthread_create(&thread, NULL, signal_late, &late) == 0, "no thread");
    const uint64_t last = STEPS + 1;
    VkSemaphoreWaitInfo wait = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                .semaphoreCount = 1,
                                .pSemaphores = &timeline,
                                .pValues = &last};

    VKC_CHECK(vkWaitSemaphores(rig->vkc.device, &wait, UINT64_MAX));
    pthread_join(thread, NULL);
    for (uint32_t i = 0; i < STEPS; i++)
        expect_step(rig, 100 + i);
    check(rig, "timeline");
    VKC_CHECK(vkGetSemaphoreCounterValue(rig->vkc.device, timeline, &value));
    EXPECT(value == last, "the counter is %lu", value);
    VKC_CHECK(vkQueueWaitIdle(rig->vkc.queue));
    vkFreeCommandBuffers(rig->vkc.device, rig->vkc.pool, STEPS, commands);
    vkDestroySemaphore(rig->vkc.device, timeline, NULL);
}

static void test_binary_and_fences(struct rig *rig)
{
    VkSemaphore semaphore = semaphore_create(rig, VK_SEMAPHORE_TYPE_BINARY);
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    VkCommandBuffer commands[2];
    VkFence fences[2];

    reset(rig);
    for (uint32_t i = 0; i < 2; i++) {
        VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .waitSemaphoreCount = i,
                               .pWaitSemaphores = &semaphore,
                               .pWaitDstStageMask = &stage,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &commands[i],
                               .signalSemaphoreCount = 1 - i,
                               .pSignalSemaphores = &semaphore};

        commands[i] = vkc_begin(&rig->vkc);
        record_step(rig, commands[i], i);
        expect_step(rig, i);
        VKC_CHECK(vkEndCommandBuffer(commands[i]));
        VKC_CHECK(vkCreateFence(rig->vkc.device, &info, NULL, &fences[i]));
        VKC_CHECK(vkQueueSubmit(rig->vkc.queue, 1, &submit, fences[i]));
    }
    VKC_CHECK(vkWaitForFences(rig->vkc.device, 2, fences, VK_TRUE, UINT64_MAX));
    check(rig, "binary semaphore");
    VKC_CHECK(vkResetFences(rig->vkc.device, 2, fences));
    EXPECT(vkGetFenceStatus(rig->vkc.device, fences[0]) == VK_NOT_READY, "a fence after reset");
    EXPECT(vkWaitForFences(rig->vkc.device, 1, fences, VK_TRUE, 1000) == VK_TIMEOUT, "no time-out");
    for (uint32_t i = 0; i < 2; i++)
        vkDestroyFence(rig->vkc.device, fences[i], NULL);
    vkFreeCommandBuffers(rig->vkc.device, rig->vkc.pool, 2, commands);
    vkDestroySemaphore(rig->vkc.device, semaphore, NULL);
}

/* ---- time ---- */

static void test_timestamps(struct rig *rig)
{
    VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                  .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                  .queryCount = 3};
    VkCommandBuffer commands = vkc_begin(&rig->vkc);
    const VkQueryResultFlags wide = VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT;
    uint64_t times[3], unavailable[2] = {1, 1};
    struct vkc_buffer copies;
    VkQueryPool pool;

    vkc_buffer_create(&rig->vkc, 64, &copies);
    VKC_CHECK(vkCreateQueryPool(rig->vkc.device, &info, NULL, &pool));
    vkCmdResetQueryPool(commands, pool, 0, 3);
    vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, pool, 0);
    for (uint32_t i = 0; i < STEPS; i++)
        record_step(rig, commands, i);
    vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool, 1);
    vkCmdCopyQueryPoolResults(commands, pool, 0, 2, copies.buffer, 0, 8, wide);
    vkc_barrier(commands);
    vkc_run(&rig->vkc, commands);
    VKC_CHECK(vkGetQueryPoolResults(rig->vkc.device, pool, 0, 2, 16, times, 8, wide));
    EXPECT(times[1] > times[0], "time goes backward: %lu, %lu", times[0], times[1]);
    double seconds =
        (double)(times[1] - times[0]) * rig->vkc.properties.limits.timestampPeriod / 1e9;

    EXPECT(seconds < 60, "%g seconds", seconds);
    EXPECT(memcmp(copies.host, times, 16) == 0, "copied query results");
    EXPECT(vkGetQueryPoolResults(rig->vkc.device, pool, 2, 1, 16, unavailable, 16,
                                 VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT) ==
               VK_NOT_READY,
           "a query that was not written is ready");
    EXPECT(unavailable[1] == 0, "it is available");
    vkDestroyQueryPool(rig->vkc.device, pool, NULL);
    vkc_buffer_destroy(&rig->vkc, &copies);
}

static void test_family(bool compute_only)
{
    static const VkDescriptorType type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    const struct vkc_pipeline_desc desc = {
        .shader = SHADER("step"), .bindings = &type, .binding_count = 1, .push_bytes = 4};
    const struct vkc_options options = {.compute_only = compute_only};
    static struct rig rig;

    vkc_open(&options, &rig.vkc);
    vkc_buffer_create(&rig.vkc, COUNT * 4, &rig.data);
    vkc_pipeline_create(&rig.vkc, &desc, &rig.pipeline);
    vkc_bind(&rig.vkc, &rig.pipeline, 0, &rig.data);
    test_barriers(&rig);
    test_event(&rig);
    test_secondary_and_reuse(&rig);
    test_timeline(&rig);
    test_binary_and_fences(&rig);
    test_timestamps(&rig);
    vkc_pipeline_destroy(&rig.vkc, &rig.pipeline);
    vkc_buffer_destroy(&rig.vkc, &rig.data);
    vkc_close(&rig.vkc);
}

int main(void)
{
    test_family(false);
    test_family(true);
    puts("ok");
    return 0;
}
