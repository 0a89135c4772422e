/* SPDX-License-Identifier: MIT
 *
 * Transform feedback of a vertex shader, and of a geometry shader, into two buffers: what is
 * captured of every topology, in which order, until a buffer is full; how it goes on later, is
 * drawn again, and is counted.
 */
#include "test.h"

enum {
    VERTEX_WORDS = 3, /* in the first buffer; one in the second */
    CAPTURE_MAX = 4096,
    INDICES = 64,
    UNTOUCHED = 0xa5a5a5a5,
};

struct rig {
    struct vkc vkc;
    VkPipelineLayout layout;
    VkPipeline pipeline;
    struct vkc_buffer captured[2], counters, indices;
    VkDeviceSize room[2]; /* bytes that are bound */
    bool geometry;        /* a shader that makes strips of points */
    VkCommandBuffer commands;
    PFN_vkCmdBindTransformFeedbackBuffersEXT bind;
    PFN_vkCmdBeginTransformFeedbackEXT begin;
    PFN_vkCmdEndTransformFeedbackEXT end;
    PFN_vkCmdDrawIndirectByteCountEXT draw_captured;
    PFN_vkCmdBeginQueryIndexedEXT query_begin;
    PFN_vkCmdEndQueryIndexedEXT query_end;
};

/* ---- a device, buffers, pipelines ---- */

static void functions_load(struct rig *rig)
{
#define LOAD(member, name) rig->member = (PFN_##name)vkGetDeviceProcAddr(rig->vkc.device, #name)
    LOAD(bind, vkCmdBindTransformFeedbackBuffersEXT);
    LOAD(begin, vkCmdBeginTransformFeedbackEXT);
    LOAD(end, vkCmdEndTransformFeedbackEXT);
    LOAD(draw_captured, vkCmdDrawIndirectByteCountEXT);
    LOAD(query_begin, vkCmdBeginQueryIndexedEXT);
    LOAD(query_end, vkCmdEndQueryIndexedEXT);
#undef LOAD
}

static void rig_open(struct rig *rig)
{
    const struct vkc_options options = {.transform_feedback = true, .primitives_generated = true};
    const VkPipelineLayoutCreateInfo layout = {.sType =
                                                   VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};

    vkc_open(&options, &rig->vkc);
    functions_load(rig);
    VKC_CHECK(vkCreatePipelineLayout(rig->vkc.device, &layout, NULL, &rig->layout));
    for (unsigned i = 0; i < 2; i++)
        vkc_buffer_create_for(&rig->vkc, CAPTURE_MAX * (i ? 1 : VERTEX_WORDS) * 4,
                              VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_BUFFER_BIT_EXT, &rig->captured[i]);
    vkc_buffer_create_for(&rig->vkc, 64,
                          VK_BUFFER_USAGE_TRANSFORM_FEEDBACK_COUNTER_BUFFER_BIT_EXT |
                              VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT,
                          &rig->counters);
    vkc_buffer_create_for(&rig->vkc, INDICES * 4, VK_BUFFER_USAGE_INDEX_BUFFER_BIT, &rig->indices);
}

static void rig_close(struct rig *rig)
{
    vkDestroyPipelineLayout(rig->vkc.device, rig->layout, NULL);
    for (unsigned i = 0; i < 2; i++)
        vkc_buffer_destroy(&rig->vkc, &rig->captured[i]);
    vkc_buffer_destroy(&rig->vkc, &rig->counters);
    vkc_buffer_destroy(&rig->vkc, &rig->indices);
    vkc_close(&rig->vkc);
}

/* Nothing is rasterised. */
static void pipeline_create(struct rig *rig, VkPrimitiveTopology topology, bool restart)
{
    const unsigned stages = rig->geometry ? 2 : 1;
    VkPipelineShaderStageCreateInfo stage[2];
    const VkPipelineVertexInputStateCreateInfo input = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = topology,
        .primitiveRestartEnable = restart};
    const VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .rasterizerDiscardEnable = VK_TRUE,
        .lineWidth = 1};
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
    const VkGraphicsPipelineCreateInfo info = {.sType =
                                                   VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                               .pNext = &rendering,
                                               .stageCount = stages,
                                               .pStages = stage,
                                               .pVertexInputState = &input,
                                               .pInputAssemblyState = &assembly,
                                               .pRasterizationState = &raster,
                                               .layout = rig->layout};

    stage[0] = shader_stage(&rig->vkc, VK_SHADER_STAGE_VERTEX_BIT,
                            rig->geometry ? SHADER("feedback_number") : SHADER("feedback"));
    if (rig->geometry)
        stage[1] = shader_stage(&rig->vkc, VK_SHADER_STAGE_GEOMETRY_BIT, SHADER("feedback_strips"));
    VKC_CHECK(
        vkCreateGraphicsPipelines(rig->vkc.device, VK_NULL_HANDLE, 1, &info, NULL, &rig->pipeline));
    for (unsigned i = 0; i < stages; i++)
        vkDestroyShaderModule(rig->vkc.device, stage[i].module, NULL);
}

/* ---- capturing ---- */

static void rendering_begin(struct rig *rig)
{
    const VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO, .renderArea = {{0, 0}, {1, 1}}, .layerCount = 1};

    vkCmdBeginRendering(rig->commands, &info);
}

static void capture_open(struct rig *rig, VkPrimitiveTopology topology, bool restart)
{
    const VkBuffer buffers[2] = {rig->captured[0].buffer, rig->captured[1].buffer};
    const VkDeviceSize offsets[2] = {0, 0};

    pipeline_create(rig, topology, restart);
    for (unsigned i = 0; i < 2; i++) {
        memset(rig->captured[i].host, UNTOUCHED & 0xff, rig->captured[i].bytes);
        if (rig->room[i] == 0)
            rig->room[i] = rig->captured[i].bytes;
    }
    rig->commands = vkc_begin(&rig->vkc);
    vkCmdBindPipeline(rig->commands, VK_PIPELINE_BIND_POINT_GRAPHICS, rig->pipeline);
    vkCmdBindIndexBuffer(rig->commands, rig->indices.buffer, 0, VK_INDEX_TYPE_UINT32);
    rig->bind(rig->commands, 0, 2, buffers, offsets, rig->room);
}

/* From the counters on, or to them, where there are any: one for each buffer. */
static const VkBuffer *counters_of(struct rig *rig, VkBuffer out[2])
{
    out[0] = out[1] = rig->counters.buffer;
    return out;
}

static const VkDeviceSize counter_offsets[2] = {16, 20};

static void capture_begin(struct rig *rig, bool go_on)
{
    VkBuffer counters[2];

    rendering_begin(rig);
    rig->begin(rig->commands, 0, go_on ? 2 : 0, go_on ? counters_of(rig, counters) : NULL,
               go_on ? counter_offsets : NULL);
}

static void capture_end(struct rig *rig)
{
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                     .dstAccessMask =
                                         VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT};
    VkBuffer counters[2];

    rig->end(rig->commands, 0, 2, counters_of(rig, counters), counter_offsets);
    vkCmdEndRendering(rig->commands);
    vkCmdPipelineBarrier(rig->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                         VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
}

static void capture_run(struct rig *rig)
{
    vkc_barrier(rig->commands);
    vkc_run(&rig->vkc, rig->commands);
    vkDestroyPipeline(rig->vkc.device, rig->pipeline, NULL);
    rig->room[0] = rig->room[1] = 0;
}

/* ---- the same on the CPU ---- */

struct expected {
    unsigned count; /* vertices */
    struct {
        uint32_t vertex, instance;
    } vertices[CAPTURE_MAX];
};

static unsigned corners_of(VkPrimitiveTopology topology)
{
    switch (topology) {
    case VK_PRIMITIVE_TOPOLOGY_POINT_LIST:
        return 1;
    case VK_PRIMITIVE_TOPOLOGY_LINE_LIST:
    case VK_PRIMITIVE_TOPOLOGY_LINE_STRIP:
    case VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY:
        return 2;
    default:
        return 3;
    }
}

/* Corner c of primitive p, as the Vulkan specification has it ("Primitive Topologies"). */
static uint32_t corner_of(VkPrimitiveTopology topology, uint32_t p, unsigned c)
{
    switch (topology) {
    case VK_PRIMITIVE_TOPOLOGY_LINE_STRIP:
        return p + c;
    case VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY:
        return 4 * p + 1 + c;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY:
        return 6 * p + 2 * c;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP:
        return c == 0 ? p : c == 1 ? p + 1 + p % 2 : p + 2 - p % 2;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN:
        return c == 2 ? 0 : p + 1 + c;
    default:
        return corners_of(topology) * p + c;
    }
}

static uint32_t primitives_of(VkPrimitiveTopology topology, uint32_t vertices)
{
    switch (topology) {
    case VK_PRIMITIVE_TOPOLOGY_LINE_STRIP:
        return vertices < 2 ? 0 : vertices - 1;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP:
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN:
        return vertices < 3 ? 0 : vertices - 2;
    case VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY:
        return vertices / 4;
    case VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY:
        return vertices / 6;
    default:
        return vertices / corners_of(topology);
    }
}

/* One strip or list of vertices first .. first + count - 1, or of those indices. */
static void expect_strip(struct expected *e, VkPrimitiveTopology topology, const uint32_t *indices,
                         uint32_t first, uint32_t count, uint32_t instance)
{
    const uint32_t primitives = primitives_of(topology, count);

    for (uint32_t p = 0; p < primitives; p++)
        for (unsigned c = 0; c < corners_of(topology); c++) {
            const uint32_t at = first + corner_of(topology, p, c);

            e->vertices[e->count].vertex = indices ? indices[at] : at;
            e->vertices[e->count++].instance = instance;
        }
}

/* The first `captured` vertices are in the buffers, and nothing behind them. */
static void expect_captured(struct rig *rig, const char *what, const struct expected *e,
                            unsigned captured)
{
    const uint32_t *first = rig->captured[0].host, *second = rig->captured[1].host;

    for (unsigned i = 0; i < CAPTURE_MAX; i++) {
        const uint32_t vertex = e->vertices[i].vertex, instance = e->vertices[i].instance;
        const float half = 0.5f * (float)vertex;
        uint32_t want[4] = {vertex, instance, 0, vertex * 2654435761u ^ instance};

        memcpy(&want[2], &half, sizeof half);
        if (i >= captured)
            want[0] = want[1] = want[2] = want[3] = UNTOUCHED;
        for (unsigned w = 0; w < VERTEX_WORDS; w++)
            EXPECT(first[VERTEX_WORDS * i + w] == want[w],
                   "%s: word %u of vertex %u is 0x%x, not "
                   "0x%x",
                   what, w, i, first[VERTEX_WORDS * i + w], want[w]);
        EXPECT(second[i] == want[3], "%s: in the second buffer vertex %u is 0x%x, not 0x%x", what,
               i, second[i], want[3]);
    }
}

static void expect_counters(struct rig *rig, unsigned captured)
{
    const uint32_t *counters = rig->counters.host;

    EXPECT(counters[4] == captured * VERTEX_WORDS * 4 && counters[5] == captured * 4,
           "%u vertices, and the counters are %u and %u", captured, counters[4], counters[5]);
}

/* ---- the tests ---- */

static const struct topology {
    const char *name;
    VkPrimitiveTopology topology;
} topologies[] = {
    {"points", VK_PRIMITIVE_TOPOLOGY_POINT_LIST},
    {"lines", VK_PRIMITIVE_TOPOLOGY_LINE_LIST},
    {"line strip", VK_PRIMITIVE_TOPOLOGY_LINE_STRIP},
    {"triangles", VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST},
    {"triangle strip", VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP},
    {"triangle fan", VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN},
    {"lines with adjacency", VK_PRIMITIVE_TOPOLOGY_LINE_LIST_WITH_ADJACENCY},
    {"triangles with adjacency", VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST_WITH_ADJACENCY},
};

/* Several draws behind each other, one of instances. */
static void test_topology(struct rig *rig, const struct topology *t)
{
    static struct expected e;

    e.count = 0;
    capture_open(rig, t->topology, false);
    capture_begin(rig, false);
    vkCmdDraw(rig->commands, 401, 1, 5, 9);
    expect_strip(&e, t->topology, NULL, 5, 401, 9);
    vkCmdDraw(rig->commands, 14, 3, 0, 0);
    for (uint32_t i = 0; i < 3; i++)
        expect_strip(&e, t->topology, NULL, 0, 14, i);
    capture_end(rig);
    capture_run(rig);
    expect_captured(rig, t->name, &e, e.count);
    expect_counters(rig, e.count);
}

/* Strips of seven and of four vertices, from an index buffer. */
static void test_restart(struct rig *rig)
{
    static const uint32_t indices[] = {8, 3, 3, 100, 7, 2, 9, UINT32_MAX, 40, 41, 42, 43};
    const VkPrimitiveTopology topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
    static struct expected e;

    memcpy(rig->indices.host, indices, sizeof indices);
    capture_open(rig, topology, true);
    capture_begin(rig, false);
    vkCmdDrawIndexed(rig->commands, COUNT_OF(indices), 1, 0, 0, 0);
    expect_strip(&e, topology, indices, 0, 7, 0);
    expect_strip(&e, topology, indices, 8, 4, 0);
    capture_end(rig);
    capture_run(rig);
    expect_captured(rig, "restart", &e, e.count);
}

static VkQueryPool pool_create(struct rig *rig, VkQueryType type)
{
    const VkQueryPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = type, .queryCount = 1};
    VkQueryPool pool;

    VKC_CHECK(vkCreateQueryPool(rig->vkc.device, &info, NULL, &pool));
    vkCmdResetQueryPool(rig->commands, pool, 0, 1);
    return pool;
}

static void pool_read(struct rig *rig, VkQueryPool pool, uint64_t *out, unsigned count)
{
    VKC_CHECK(vkGetQueryPoolResults(rig->vkc.device, pool, 0, 1, count * sizeof *out, out,
                                    count * sizeof *out,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    vkDestroyQueryPool(rig->vkc.device, pool, NULL);
}

/* One of the buffers ends in the fifth triangle of the second draw: neither has any of it. */
static void test_overflow(struct rig *rig, unsigned small)
{
    const VkPrimitiveTopology topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST;
    const VkDeviceSize vertices = 3 * 2 + 3 * 4 + 2;
    static struct expected e;
    uint64_t written_needed[2];
    VkQueryPool pool;

    e.count = 0;
    rig->room[small] = vertices * (small ? 4 : VERTEX_WORDS * 4);
    capture_open(rig, topology, false);
    pool = pool_create(rig, VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT);
    rig->query_begin(rig->commands, pool, 0, 0, 0);
    capture_begin(rig, false);
    vkCmdDraw(rig->commands, 6, 1, 0, 0);
    vkCmdDraw(rig->commands, 30, 1, 100, 0);
    vkCmdDraw(rig->commands, 3, 1, 200, 0);
    expect_strip(&e, topology, NULL, 0, 6, 0);
    expect_strip(&e, topology, NULL, 100, 12, 0);
    capture_end(rig);
    rig->query_end(rig->commands, pool, 0, 0);
    capture_run(rig);
    expect_captured(rig, "overflow", &e, e.count);
    expect_counters(rig, e.count);
    pool_read(rig, pool, written_needed, 2);
    EXPECT(written_needed[0] == 6 && written_needed[1] == 13, "%lu of %lu primitives",
           written_needed[0], written_needed[1]);
}

/* What is drawn while nothing is captured is not; afterwards it goes on behind what there is. */
static void test_pause(struct rig *rig)
{
    const VkPrimitiveTopology topology = VK_PRIMITIVE_TOPOLOGY_LINE_LIST;
    static struct expected e;

    capture_open(rig, topology, false);
    capture_begin(rig, false);
    vkCmdDraw(rig->commands, 10, 1, 0, 0);
    expect_strip(&e, topology, NULL, 0, 10, 0);
    capture_end(rig);
    rendering_begin(rig);
    vkCmdDraw(rig->commands, 100, 1, 0, 0);
    vkCmdEndRendering(rig->commands);
    capture_begin(rig, true);
    vkCmdDraw(rig->commands, 77, 1, 1000, 3);
    expect_strip(&e, topology, NULL, 1000, 77, 3);
    capture_end(rig);
    capture_run(rig);
    expect_captured(rig, "pause", &e, e.count);
    expect_counters(rig, e.count);
}

/* As many vertices as the first buffer has. */
static void test_draw_captured(struct rig *rig)
{
    const VkPrimitiveTopology topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
    const uint32_t skipped = VERTEX_WORDS * 4; /* bytes of the first vertex */
    static struct expected e;

    capture_open(rig, topology, false);
    capture_begin(rig, false);
    vkCmdDraw(rig->commands, 12, 1, 0, 0);
    expect_strip(&e, topology, NULL, 0, 12, 0);
    capture_end(rig);
    capture_begin(rig, true);
    rig->draw_captured(rig->commands, 2, 0, rig->counters.buffer, counter_offsets[0], 0, skipped);
    for (uint32_t i = 0; i < 2; i++)
        expect_strip(&e, topology, NULL, 0, 30, i);
    capture_end(rig);
    capture_run(rig);
    expect_captured(rig, "captured vertices", &e, e.count);
}

/* With nothing captured, and with some. */
static void test_generated(struct rig *rig)
{
    const VkPrimitiveTopology topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_FAN;
    static struct expected e;
    uint64_t generated;
    VkQueryPool pool;

    capture_open(rig, topology, false);
    pool = pool_create(rig, VK_QUERY_TYPE_PRIMITIVES_GENERATED_EXT);
    vkCmdBeginQuery(rig->commands, pool, 0, 0);
    rendering_begin(rig);
    vkCmdDraw(rig->commands, 12, 1, 0, 0);
    vkCmdEndRendering(rig->commands);
    capture_begin(rig, false);
    vkCmdDraw(rig->commands, 5, 2, 0, 0);
    for (uint32_t i = 0; i < 2; i++)
        expect_strip(&e, topology, NULL, 0, 5, i);
    capture_end(rig);
    vkCmdEndQuery(rig->commands, pool, 0);
    capture_run(rig);
    expect_captured(rig, "generated", &e, e.count);
    pool_read(rig, pool, &generated, 1);
    EXPECT(generated == 16, "%lu primitives", generated);
}

/* Until the second buffer is full, in the second strip of a point. */
static void test_geometry(struct rig *rig)
{
    enum { POINTS = 150, INSTANCES = 2, CORNERS = 3 * (2 + 1), WHOLE = 200 * CORNERS + 6 };
    const VkPrimitiveTopology strip = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
    static struct expected e;
    uint64_t written_needed[2];
    VkQueryPool pool;

    rig->geometry = true;
    rig->room[1] = (VkDeviceSize)(WHOLE + 1) * 4;
    capture_open(rig, VK_PRIMITIVE_TOPOLOGY_POINT_LIST, false);
    pool = pool_create(rig, VK_QUERY_TYPE_TRANSFORM_FEEDBACK_STREAM_EXT);
    rig->query_begin(rig->commands, pool, 0, 0, 0);
    capture_begin(rig, false);
    vkCmdDraw(rig->commands, POINTS, INSTANCES, 0, 0);
    for (uint32_t i = 0; i < POINTS * INSTANCES; i++) {
        expect_strip(&e, strip, NULL, i % POINTS * 7, 4, i / POINTS);
        expect_strip(&e, strip, NULL, i % POINTS * 7 + 4, 3, i / POINTS);
    }
    capture_end(rig);
    rig->query_end(rig->commands, pool, 0, 0);
    capture_run(rig);
    expect_captured(rig, "geometry shader", &e, WHOLE);
    expect_counters(rig, WHOLE);
    pool_read(rig, pool, written_needed, 2);
    EXPECT(written_needed[0] == WHOLE / 3 && written_needed[1] == 3 * POINTS * INSTANCES,
           "%lu of %lu primitives", written_needed[0], written_needed[1]);
    rig->geometry = false;
}

int main(void)
{
    static struct rig rig;

    rig_open(&rig);
    for (unsigned i = 0; i < COUNT_OF(topologies); i++)
        test_topology(&rig, &topologies[i]);
    test_restart(&rig);
    test_overflow(&rig, 0);
    test_overflow(&rig, 1);
    test_pause(&rig);
    test_draw_captured(&rig);
    test_generated(&rig);
    test_geometry(&rig);
    rig_close(&rig);
    puts("ok");
    return 0;
}
