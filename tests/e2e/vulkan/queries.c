/* SPDX-License-Identifier: MIT
 *
 * Queries of statistics and samples, conditional rendering of dispatches, dispatches from a base
 * workgroup, indirect dispatches whose size the GPU has computed.
 */
#include "test.h"

enum { LOCAL = 64, COUNT = 4096 };

struct rig {
    struct vkc vkc;
    struct vkc_pipeline pipeline;
    struct vkc_buffer data, control;
};

static uint32_t *data_of(struct rig *rig)
{
    return rig->data.host;
}

/* shaders/step.comp: every number of the first `groups` groups goes from 0 to `step`. */
static void expect_groups(struct rig *rig, const char *what, uint32_t first, uint32_t end,
                          uint32_t step)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t want = i / LOCAL >= first && i / LOCAL < end ? step : 0;

        EXPECT(data_of(rig)[i] == want, "%s: element %u is %u, not %u", what, i, data_of(rig)[i],
               want);
    }
    memset(rig->data.host, 0, rig->data.bytes);
}

static VkQueryPool pool_create(struct rig *rig, VkQueryType type,
                               VkQueryPipelineStatisticFlags statistics)
{
    VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                  .queryType = type,
                                  .queryCount = 2,
                                  .pipelineStatistics = statistics};
    VkQueryPool pool;

    VKC_CHECK(vkCreateQueryPool(rig->vkc.device, &info, NULL, &pool));
    return pool;
}

static uint64_t result_of(struct rig *rig, VkQueryPool pool, uint32_t query)
{
    uint64_t result[2] = {0, 0};

    VKC_CHECK(vkGetQueryPoolResults(
        rig->vkc.device, pool, query, 1, sizeof result, result, sizeof result,
        VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT));
    EXPECT(result[1] != 0, "query %u has waited and is not available", query);
    return result[0];
}

/* Invocations of compute shaders, of two dispatches, and of none. */
static void test_statistics(struct rig *rig)
{
    VkQueryPool pool = pool_create(rig, VK_QUERY_TYPE_PIPELINE_STATISTICS,
                                   VK_QUERY_PIPELINE_STATISTIC_COMPUTE_SHADER_INVOCATIONS_BIT);
    VkCommandBuffer commands = vkc_begin(&rig->vkc);
    uint32_t step = 5;

    vkCmdResetQueryPool(commands, pool, 0, 2);
    vkc_use(commands, &rig->pipeline, &step);
    vkCmdDispatch(commands, 1, 1, 1);
    vkCmdBeginQuery(commands, pool, 0, 0);
    vkCmdDispatch(commands, 10, 1, 1);
    vkCmdDispatch(commands, 3, 2, 1);
    vkCmdEndQuery(commands, pool, 0);
    vkCmdBeginQuery(commands, pool, 1, 0);
    vkCmdEndQuery(commands, pool, 1);
    vkc_barrier(commands);
    vkc_run(&rig->vkc, commands);
    EXPECT(result_of(rig, pool, 0) == 16 * LOCAL, "%lu invocations", result_of(rig, pool, 0));
    EXPECT(result_of(rig, pool, 1) == 0, "%lu invocations of nothing", result_of(rig, pool, 1));
    vkDestroyQueryPool(rig->vkc.device, pool, NULL);
    memset(rig->data.host, 0, rig->data.bytes);
}

/* Nothing is drawn, so no sample passes; but the query has an answer. */
static void test_occlusion(struct rig *rig)
{
    VkQueryPool pool = pool_create(rig, VK_QUERY_TYPE_OCCLUSION, 0);
    VkCommandBuffer commands = vkc_begin(&rig->vkc);

    vkCmdResetQueryPool(commands, pool, 0, 2);
    for (uint32_t i = 0; i < 2; i++) {
        vkCmdBeginQuery(commands, pool, i, i ? VK_QUERY_CONTROL_PRECISE_BIT : 0);
        vkCmdEndQuery(commands, pool, i);
    }
    vkc_run(&rig->vkc, commands);
    EXPECT(result_of(rig, pool, 0) == 0 && result_of(rig, pool, 1) == 0, "samples of nothing");
    vkDestroyQueryPool(rig->vkc.device, pool, NULL);
}

/* The first dispatch writes the size of the second, as data of the shader's own. */
static void test_computed_size(struct rig *rig)
{
    VkCommandBuffer commands = vkc_begin(&rig->vkc);
    uint32_t step = 3;

    vkc_use(commands, &rig->pipeline, &step);
    vkCmdDispatch(commands, 1, 1, 1);
    vkc_barrier(commands);
    const VkBufferCopy region = {0, 0, 12}; /* 3, 3, 3 */

    vkCmdCopyBuffer(commands, rig->data.buffer, rig->control.buffer, 1, &region);
    vkc_barrier(commands);
    vkCmdFillBuffer(commands, rig->control.buffer, 4, 8, 1); /* 3, 1, 1 */
    vkCmdFillBuffer(commands, rig->data.buffer, 0, VK_WHOLE_SIZE, 0);
    vkc_barrier(commands);
    step = 9;
    vkc_use(commands, &rig->pipeline, &step);
    vkCmdDispatchIndirect(commands, rig->control.buffer, 0);
    vkc_barrier(commands);
    vkc_run(&rig->vkc, commands);
    expect_groups(rig, "computed size", 0, 3, 9);
}

static void test_base(struct rig *rig)
{
    VkCommandBuffer commands = vkc_begin(&rig->vkc);
    uint32_t step = 4;

    vkc_use(commands, &rig->pipeline, &step);
    vkCmdDispatchBase(commands, 7, 0, 0, 5, 1, 1);
    vkc_barrier(commands);
    vkc_run(&rig->vkc, commands);
    expect_groups(rig, "base", 7, 12, 4);
}

/* VK_EXT_conditional_rendering discards dispatches, too. */
static void test_condition(struct rig *rig, uint32_t value, bool inverted)
{
    PFN_vkCmdBeginConditionalRenderingEXT begin =
        (PFN_vkCmdBeginConditionalRenderingEXT)vkGetDeviceProcAddr(
            rig->vkc.device, "vkCmdBeginConditionalRenderingEXT");
    PFN_vkCmdEndConditionalRenderingEXT end =
        (PFN_vkCmdEndConditionalRenderingEXT)vkGetDeviceProcAddr(rig->vkc.device,
                                                                 "vkCmdEndConditionalRenderingEXT");
    VkConditionalRenderingBeginInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_CONDITIONAL_RENDERING_BEGIN_INFO_EXT,
        .buffer = rig->control.buffer,
        .offset = 16,
        .flags = inverted ? VK_CONDITIONAL_RENDERING_INVERTED_BIT_EXT : 0};
    VkCommandBuffer commands = vkc_begin(&rig->vkc);
    uint32_t step = 6;

    ((uint32_t *)rig->control.host)[4] = value;
    vkc_use(commands, &rig->pipeline, &step);
    begin(commands, &info);
    vkCmdDispatch(commands, 2, 1, 1);
    end(commands);
    vkCmdDispatchBase(commands, 2, 0, 0, 1, 1, 1);
    vkc_barrier(commands);
    vkc_run(&rig->vkc, commands);
    expect_groups(rig, "condition", (value != 0) != inverted ? 0 : 2, 3, 6);
}

static void test_family(bool compute_only)
{
    static const VkDescriptorType type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    const struct vkc_pipeline_desc desc = {.shader = SHADER("step"),
                                           .bindings = &type,
                                           .binding_count = 1,
                                           .push_bytes = 4,
                                           .dispatch_base = true};
    const struct vkc_options options = {.compute_only = compute_only, .conditional = true};
    static struct rig rig;

    vkc_open(&options, &rig.vkc);
    vkc_buffer_create(&rig.vkc, COUNT * 4, &rig.data);
    vkc_buffer_create_for(&rig.vkc, 64,
                          VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                              VK_BUFFER_USAGE_CONDITIONAL_RENDERING_BIT_EXT,
                          &rig.control);
    vkc_pipeline_create(&rig.vkc, &desc, &rig.pipeline);
    vkc_bind(&rig.vkc, &rig.pipeline, 0, &rig.data);
    if (!compute_only) {
        test_statistics(&rig);
        test_occlusion(&rig);
    }
    test_computed_size(&rig);
    test_base(&rig);
    test_condition(&rig, 0, false);
    test_condition(&rig, 1, false);
    test_condition(&rig, 0, true);
    test_condition(&rig, 0x100, true);
    vkc_pipeline_destroy(&rig.vkc, &rig.pipeline);
    vkc_buffer_destroy(&rig.vkc, &rig.data);
    vkc_buffer_destroy(&rig.vkc, &rig.control);
    vkc_close(&rig.vkc);
}

int main(void)
{
    test_family(false);
    test_family(true);
    puts("ok");
    return 0;
}
