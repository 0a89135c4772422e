/* SPDX-License-Identifier: MIT
 *
 * What fragment shaders see: coverage and sample masks of 1 to 8 samples, sample shading,
 * interpolation in perspective and without, at centroids and samples, derivatives, gl_FragCoord,
 * facing, points and their coordinates, wide lines, outlines, clip distances. There are no targets:
 * shaders write down what they see, and the CPU knows better.
 */
#include <math.h>

#include "test.h"

enum { SIZE = 64, SLOTS = 8, VERTICES = 64 };

struct vertex {
    float position[4], value[4];
    float size, clip;
    uint32_t number, unused;
};

struct record {
    uint32_t count, mask, front, number;
    float coord[4], value[4];
    float linear[2], center[2], gradient[2], point[2];
};

struct scene {
    struct vkc *vkc;
    VkPipelineLayout layout;
    struct vkc_buffer vertices, records;
    struct vertex *vertex;
};

struct draw {
    const char *fragment;
    VkPrimitiveTopology topology;
    VkPolygonMode polygon;
    uint32_t samples;
    float line_width;
};

/* ---- drawing ---- */

static void scene_create(struct vkc *vkc, struct scene *out)
{
    const VkPushConstantRange push = {VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0,
                                      2 * sizeof(uint64_t)};
    const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                             .pushConstantRangeCount = 1,
                                             .pPushConstantRanges = &push};

    *out = (struct scene){.vkc = vkc};
    VKC_CHECK(vkCreatePipelineLayout(vkc->device, &info, NULL, &out->layout));
    vkc_buffer_create(vkc, VERTICES * sizeof(struct vertex), &out->vertices);
    vkc_buffer_create(vkc, sizeof(struct record) * SIZE * SIZE * SLOTS, &out->records);
    out->vertex = out->vertices.host;
}

static void scene_destroy(struct scene *scene)
{
    vkDestroyPipelineLayout(scene->vkc->device, scene->layout, NULL);
    vkc_buffer_destroy(scene->vkc, &scene->vertices);
    vkc_buffer_destroy(scene->vkc, &scene->records);
}

static VkPipeline pipeline_make(struct scene *scene, const struct draw *draw,
                                const VkPipelineShaderStageCreateInfo stages[2])
{
    static const VkViewport viewport = {0, 0, SIZE, SIZE, 0, 1};
    static const VkRect2D everything = {{0, 0}, {SIZE, SIZE}};
    const VkPipelineVertexInputStateCreateInfo input = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO};
    const VkPipelineInputAssemblyStateCreateInfo assembly = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
        .topology = draw->topology};
    const VkPipelineViewportStateCreateInfo viewports = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
        .viewportCount = 1,
        .pViewports = &viewport,
        .scissorCount = 1,
        .pScissors = &everything};
    const VkPipelineRasterizationStateCreateInfo raster = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
        .polygonMode = draw->polygon,
        .frontFace = VK_FRONT_FACE_CLOCKWISE,
        .lineWidth = draw->line_width};
    const VkPipelineMultisampleStateCreateInfo samples = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
        .rasterizationSamples = (VkSampleCountFlagBits)draw->samples};
    const VkPipelineColorBlendStateCreateInfo blend = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO};
    const VkPipelineRenderingCreateInfo rendering = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO};
    const VkGraphicsPipelineCreateInfo info = {.sType =
                                                   VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
                                               .pNext = &rendering,
                                               .stageCount = 2,
                                               .pStages = stages,
                                               .pVertexInputState = &input,
                                               .pInputAssemblyState = &assembly,
                                               .pViewportState = &viewports,
                                               .pRasterizationState = &raster,
                                               .pMultisampleState = &samples,
                                               .pColorBlendState = &blend,
                                               .layout = scene->layout};
    VkPipeline pipeline;

    VKC_CHECK(
        vkCreateGraphicsPipelines(scene->vkc->device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline));
    return pipeline;
}

static void scene_run(struct scene *scene, VkPipeline pipeline, uint32_t vertices)
{
    const uint64_t push[2] = {scene->vertices.address, scene->records.address};
    const VkRenderingInfo info = {.sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
                                  .renderArea = {{0, 0}, {SIZE, SIZE}},
                                  .layerCount = 1};
    VkCommandBuffer commands = vkc_begin(scene->vkc);

    vkCmdBeginRendering(commands, &info);
    vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
    vkCmdPushConstants(commands, scene->layout,
                       VK_SHADER_STAGE_VERTEX_BIT | VK_SHADER_STAGE_FRAGMENT_BIT, 0, sizeof(push),
                       push);
    vkCmdDraw(commands, vertices, 1, 0, 0);
    vkCmdEndRendering(commands);
    vkc_barrier(commands);
    vkc_run(scene->vkc, commands);
}

/* Draws the first vertices; the records are this draw's. */
static void scene_draw(struct scene *scene, const struct draw *draw, uint32_t vertices)
{
    VkPipelineShaderStageCreateInfo stages[2] = {
        shader_stage(scene->vkc, VK_SHADER_STAGE_VERTEX_BIT, SHADER("pixels_vertex")),
        shader_stage(scene->vkc, VK_SHADER_STAGE_FRAGMENT_BIT, draw->fragment)};
    VkPipeline pipeline = pipeline_make(scene, draw, stages);

    memset(scene->records.host, 0, scene->records.bytes);
    scene_run(scene, pipeline, vertices);
    vkDestroyPipeline(scene->vkc->device, pipeline, NULL);
    for (unsigned i = 0; i < 2; i++)
        vkDestroyShaderModule(scene->vkc->device, stages[i].module, NULL);
}

static const struct draw triangles = {.fragment = SHADER("pixels_center"),
                                      .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                                      .samples = 1,
                                      .line_width = 1};

static const struct record *record_at(const struct scene *scene, unsigned x, unsigned y,
                                      unsigned slot)
{
    const struct record *records = scene->records.host;

    return &records[(y * SIZE + x) * SLOTS + slot];
}

/* At pixel (x, y) of the window; its value is x and y in pixels, and more. */
static void vertex_put(struct scene *scene, unsigned i, float x, float y, float w)
{
    scene->vertex[i] = (struct vertex){
        .position = {(x * 2 / SIZE - 1) * w, (y * 2 / SIZE - 1) * w, x / 128 * w, w},
        .value = {x, y, w, 1},
        .size = 1,
        .clip = 1,
        .number = 100 + i};
}

static void expect_near(const char *what, unsigned x, unsigned y, float got, double want)
{
    EXPECT(fabs((double)got - want) < 2e-3, "%s of pixel %u, %u is %f, not %f", what, x, y,
           (double)got, want);
}

/* ---- samples ---- */

static const int8_t places[4][8][2] =
    {/* standardSampleLocations, in 1/16 from the centre */
     {{0, 0}},
     {{4, 4}, {-4, -4}},
     {{-2, -6}, {6, -2}, {-6, 2}, {2, 6}},
     {{1, -3}, {-1, 3}, {5, 1}, {-3, -5}, {-5, 5}, {-7, -1}, {3, 7}, {7, -7}}};

static double place_of(unsigned log2, unsigned sample, unsigned axis, unsigned pixel)
{
    return pixel + 0.5 + places[log2][sample][axis] / 16.0;
}

static const float corners[3][2] = {{3.25f, 5.5f}, {60.75f, 20.125f}, {17.51171875f, 58.87890625f}};

/* No sample lies on an edge of this triangle. */
static bool triangle_holds(double x, double y)
{
    for (unsigned i = 0; i < 3; i++) {
        const float *p = corners[i], *q = corners[(i + 1) % 3];

        if (((double)q[0] - (double)p[0]) * (y - (double)p[1]) -
                ((double)q[1] - (double)p[1]) * (x - (double)p[0]) <
            0)
            return false;
    }
    return true;
}

static uint32_t samples_at(unsigned log2, unsigned x, unsigned y)
{
    uint32_t mask = 0;

    for (unsigned s = 0; s < 1u << log2; s++)
        mask |= (uint32_t)triangle_holds(place_of(log2, s, 0, x), place_of(log2, s, 1, y)) << s;
    return mask;
}

static void triangle_put(struct scene *scene)
{
    for (unsigned i = 0; i < 3; i++)
        vertex_put(scene, i, corners[i][0], corners[i][1], 1);
}

/* Values are places, so a centroid tells where it is: at a sample that is covered, or in the middle
 * of a pixel that is covered whole. */
static void centroid_check(const struct record *record, unsigned log2, unsigned x, unsigned y)
{
    const uint32_t all = (1u << (1u << log2)) - 1;
    bool found = false;

    for (unsigned s = 0; s < 1u << log2; s++)
        found |= record->mask >> s & 1 &&
                 fabs((double)record->center[0] - place_of(log2, s, 0, x)) < 2e-3 &&
                 fabs((double)record->center[1] - place_of(log2, s, 1, y)) < 2e-3;
    if (record->mask == all)
        found = fabs((double)record->center[0] - x - 0.5) < 2e-3;
    EXPECT(found, "the centroid of pixel %u, %u is at %f, %f", x, y, (double)record->center[0],
           (double)record->center[1]);
}

static void test_samples(struct scene *scene, unsigned log2)
{
    struct draw draw = triangles;

    draw.samples = 1u << log2;
    triangle_put(scene);
    scene_draw(scene, &draw, 3);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++) {
            const struct record *record = record_at(scene, x, y, 0);
            uint32_t want = samples_at(log2, x, y);

            EXPECT(record->count == (want != 0),
                   "pixel %u, %u, 0x%x of %u samples, is seen %u times", x, y, want, draw.samples,
                   record->count);
            EXPECT(record->mask == want, "samples of pixel %u, %u: 0x%x, not 0x%x", x, y,
                   record->mask, want);
            if (!want)
                continue;
            expect_near("x", x, y, record->value[0], x + 0.5);
            expect_near("y", x, y, record->value[1], y + 0.5);
            centroid_check(record, log2, x, y);
        }
}

static void test_sample_shading(struct scene *scene, unsigned log2)
{
    struct draw draw = triangles;

    draw.fragment = SHADER("pixels_sample");
    draw.samples = 1u << log2;
    triangle_put(scene);
    scene_draw(scene, &draw, 3);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++)
            for (unsigned s = 0; s < draw.samples; s++) {
                const struct record *record = record_at(scene, x, y, s);
                uint32_t want = samples_at(log2, x, y) & 1u << s;

                EXPECT(record->mask == want && record->count == (want != 0),
                       "sample %u of pixel %u, %u: 0x%x, not 0x%x", s, x, y, record->mask, want);
                if (!want)
                    continue;
                expect_near("x", x, y, record->value[0], place_of(log2, s, 0, x));
                expect_near("y", x, y, record->value[1], place_of(log2, s, 1, y));
                expect_near("gl_FragCoord.x", x, y, record->coord[0], place_of(log2, s, 0, x));
            }
}

/* ---- interpolation ---- */

/* Corners at different distances: what is linear in space is none of it in the window. */
static void test_perspective(struct scene *scene, bool clockwise)
{
    static const float distances[3] = {1, 2, 4};

    for (unsigned i = 0; i < 3; i++) {
        unsigned at = clockwise ? i : 2 - i;

        vertex_put(scene, i, corners[at][0], corners[at][1], distances[at]);
    }
    scene_draw(scene, &triangles, 3);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++) {
            const struct record *record = record_at(scene, x, y, 0);
            double area = 0, weight[3], w = 0, value = 0;

            EXPECT(record->count == samples_at(0, x, y), "pixel %u, %u is seen %u times", x, y,
                   record->count);
            if (record->count == 0)
                continue;
            for (unsigned i = 0; i < 3; i++) {
                const float *p = corners[(i + 1) % 3], *q = corners[(i + 2) % 3];

                weight[i] = ((double)q[0] - (double)p[0]) * (y + 0.5 - (double)p[1]) -
                            ((double)q[1] - (double)p[1]) * (x + 0.5 - (double)p[0]);
                area += weight[i];
            }
            for (unsigned i = 0; i < 3; i++) {
                w += weight[i] / area / (double)distances[i];
                value += weight[i] / area / (double)distances[i] * (double)corners[i][0];
            }
            expect_near("x in perspective", x, y, record->value[0], value / w);
            expect_near("x in the window", x, y, record->linear[0], x + 0.5);
            expect_near("gl_FragCoord.x", x, y, record->coord[0], x + 0.5);
            expect_near("gl_FragCoord.y", x, y, record->coord[1], y + 0.5);
            expect_near("gl_FragCoord.z", x, y, record->coord[2], (x + 0.5) / 128);
            expect_near("gl_FragCoord.w", x, y, record->coord[3], w);
            expect_near("dFdx", x, y, record->gradient[0], 1);
            expect_near("dFdy", x, y, record->gradient[1], 0);
            EXPECT(record->front == (clockwise ? 1 : 2), "facing: %u", record->front);
            EXPECT(record->number == 100, "number %u", record->number);
        }
}

/* The part with positive distances; one corner is behind the eye as well. */
static void test_clipping(struct scene *scene)
{
    unsigned seen = 0;

    vertex_put(scene, 0, 0, 0, 1);
    vertex_put(scene, 1, 128, 0, 1);
    vertex_put(scene, 2, 0, 128, 1);
    for (unsigned i = 0; i < 3; i++)
        scene->vertex[i].clip = scene->vertex[i].value[0] - 30;
    scene_draw(scene, &triangles, 3);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++) {
            const struct record *record = record_at(scene, x, y, 0);

            EXPECT(record->count == (x >= 30), "pixel %u, %u is seen %u times", x, y,
                   record->count);
            if (record->count)
                expect_near("x", x, y, record->value[0], x + 0.5);
        }
    vertex_put(scene, 2, 0, -128, -1);
    scene->vertex[2].position[2] = 0;
    for (unsigned i = 0; i < 3; i++)
        scene->vertex[i].clip = 1;
    scene_draw(scene, &triangles, 3);
    for (unsigned i = 0; i < SIZE * SIZE; i++)
        seen += record_at(scene, i % SIZE, i / SIZE, 0)->count;
    EXPECT(seen > SIZE * SIZE / 4, "%u pixels of a triangle that reaches behind the eye", seen);
}

/* ---- points and lines ---- */

static void test_points(struct scene *scene)
{
    struct draw draw = triangles;

    draw.topology = VK_PRIMITIVE_TOPOLOGY_POINT_LIST;
    vertex_put(scene, 0, 20, 30, 1);
    scene->vertex[0].size = 8;
    scene_draw(scene, &draw, 1);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++) {
            const struct record *record = record_at(scene, x, y, 0);
            bool in = x >= 16 && x < 24 && y >= 26 && y < 34;

            EXPECT(record->count == in, "pixel %u, %u is seen %u times", x, y, record->count);
            if (!in)
                continue;
            expect_near("gl_PointCoord.x", x, y, record->point[0], (x + 0.5 - 16) / 8);
            expect_near("gl_PointCoord.y", x, y, record->point[1], (y + 0.5 - 26) / 8);
            expect_near("x", x, y, record->value[0], 20);
        }
}

static void test_lines(struct scene *scene, float width)
{
    struct draw draw = triangles;
    const unsigned half = (unsigned)width / 2;

    draw.topology = VK_PRIMITIVE_TOPOLOGY_LINE_LIST;
    draw.line_width = width;
    vertex_put(scene, 0, 10, 20.5f - (half ? 0.5f : 0), 1);
    vertex_put(scene, 1, 50, 20.5f - (half ? 0.5f : 0), 1);
    scene_draw(scene, &draw, 2);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned x = 0; x < SIZE; x++) {
            const struct record *record = record_at(scene, x, y, 0);
            bool in = x >= 10 && x < 50 && (half ? y >= 20 - half && y < 20 + half : y == 20);

            EXPECT(record->count == in, "pixel %u, %u is seen %u times", x, y, record->count);
            if (in)
                expect_near("x", x, y, record->value[0], x + 0.5);
        }
}

static void test_outline(struct scene *scene)
{
    struct draw draw = triangles;

    draw.polygon = VK_POLYGON_MODE_LINE;
    vertex_put(scene, 0, 10.5f, 10.5f, 1);
    vertex_put(scene, 1, 50.5f, 10.5f, 1);
    vertex_put(scene, 2, 10.5f, 50.5f, 1);
    scene_draw(scene, &draw, 3);
    for (unsigned n = 12; n < 50; n++) {
        EXPECT(record_at(scene, n, 10, 0)->count == 1, "the upper edge at %u", n);
        EXPECT(record_at(scene, 10, n, 0)->count == 1, "the left edge at %u", n);
        EXPECT(record_at(scene, n, 13, 0)->count == 0 || n >= 46, "inside at %u", n);
        EXPECT(record_at(scene, n, 10, 0)->number == 100, "number");
    }
}

int main(void)
{
    const struct vkc_options options = {0};
    struct scene scene;
    struct vkc vkc;

    vkc_open(&options, &vkc);
    scene_create(&vkc, &scene);
    for (unsigned log2 = 0; log2 < 4; log2++) {
        test_samples(&scene, log2);
        test_sample_shading(&scene, log2);
    }
    test_perspective(&scene, true);
    test_perspective(&scene, false);
    test_clipping(&scene);
    test_points(&scene);
    test_lines(&scene, 1);
    test_lines(&scene, 4);
    test_outline(&scene);
    scene_destroy(&scene);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
