/* SPDX-License-Identifier: MIT
 *
 * Draws in the way of tutorials, each compared with the same on the CPU, pixel by pixel: coverage
 * by the rule of the top left edge, interpolation, indices and instances, strips and restarts,
 * facing, depth, blending, textures, indirect draws, queries.
 *
 * The target is linear, or with the argument "optimal" tiled. With "llvm" there is no
 * primitive id in the pixel shader.
 */
#include "drawing.h"

#include <math.h>

enum { SIZE = DRAWING_SIZE, PIXELS = SIZE * SIZE, FRACTION = 256 };

static VkImageTiling tiling = VK_IMAGE_TILING_LINEAR;

struct number {
    uint32_t tag, vertex, instance, draw;
};

/* ---- triangles on the CPU: vertices in 1/256 pixel ---- */

struct point {
    int64_t x, y;
};

static int64_t edge(struct point a, struct point b, struct point p)
{
    return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

/* For a triangle whose edges have their inside at positive values. */
static bool edge_is_top_left(struct point a, struct point b)
{
    return (a.y == b.y && b.x > a.x) || b.y < a.y;
}

static bool covers(const struct point *t, unsigned x, unsigned y)
{
    const struct point p = {x * FRACTION + FRACTION / 2, y * FRACTION + FRACTION / 2};
    struct point v[3] = {t[0], t[1], t[2]};

    if (edge(v[0], v[1], v[2]) < 0) {
        v[1] = t[2];
        v[2] = t[1];
    }
    if (edge(v[0], v[1], v[2]) == 0)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        int64_t e = edge(v[i], v[(i + 1) % 3], p);

        if (e < 0 || (e == 0 && !edge_is_top_left(v[i], v[(i + 1) % 3])))
            return false;
    }
    return true;
}

static void vertex_put(struct drawing *d, unsigned i, struct point p, const float color[4])
{
    struct drawing_vertex *vertices = d->vertices.host;

    vertices[i].position[0] = (float)p.x / FRACTION;
    vertices[i].position[1] = (float)p.y / FRACTION;
    if (color)
        memcpy(vertices[i].color, color, sizeof vertices[i].color);
}

static struct drawing_desc numbers_desc(void)
{
    return (struct drawing_desc){.fragment = SHADER("draw_numbers"),
                                 .format = VK_FORMAT_R32G32B32A32_UINT,
                                 .tiling = tiling,
                                 .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};
}

static struct drawing_desc shade_desc(VkFormat format)
{
    return (struct drawing_desc){.fragment = SHADER("draw_shade"),
                                 .format = format,
                                 .tiling = tiling,
                                 .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};
}

static void numbers_compare(const char *what, const struct vkc_buffer *got,
                            const struct number *want)
{
    const struct number *g = got->host;

    for (unsigned i = 0; i < PIXELS; i++)
        EXPECT(memcmp(&g[i], &want[i], sizeof *g) == 0,
               "%s: pixel %u,%u has tag %u, vertex %u, instance %u, draw %u; not %u %u %u %u", what,
               i % SIZE, i / SIZE, g[i].tag, g[i].vertex, g[i].instance, g[i].draw, want[i].tag,
               want[i].vertex, want[i].instance, want[i].draw);
}

/* Paints what the triangle covers. */
static void numbers_paint(struct number *want, const struct point *t, struct number number)
{
    for (unsigned i = 0; i < PIXELS; i++)
        if (covers(t, i % SIZE, i / SIZE))
            want[i] = number;
}

/* ---- coverage ---- */

static struct point point_of(uint32_t seed, unsigned spread)
{
    const int64_t middle = SIZE * FRACTION / 2, reach = middle * spread;
    int64_t x = scramble(seed * 2) % (2 * reach), y = scramble(seed * 2 + 1) % (2 * reach);

    return (struct point){middle - reach + x, middle - reach + y};
}

/* Triangles of all sizes, also beyond the target; some with corners on pixels' centres. */
static void test_coverage(struct vkc *vkc)
{
    enum { TRIANGLES = 200 };
    const struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer got;
    struct drawing d;

    drawing_create(vkc, &desc, &d);
    for (unsigned i = 0; i < TRIANGLES; i++) {
        struct point t[3];

        for (unsigned c = 0; c < 3; c++) {
            t[c] = point_of(i * 3 + c, i % 5 == 4 ? 3 : 1);
            if (i % 3 == 0)
                t[c] = (struct point){t[c].x / FRACTION * FRACTION + FRACTION / 2,
                                      t[c].y / FRACTION * FRACTION + FRACTION / 2};
            vertex_put(&d, i * 3 + c, t[c], NULL);
        }
        numbers_paint(want, t, (struct number){7, i * 3, 0, 0});
    }
    drawing_begin(&d);
    drawing_push(&d, 0, 7);
    vkCmdDraw(d.commands, TRIANGLES * 3, 1, 0, 0);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare("coverage", &got, want);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* ---- indices, instances, strips ---- */

static void places_put(struct drawing *d, unsigned count, unsigned step)
{
    float *places = d->places.host;

    for (unsigned i = 0; i < count; i++) {
        places[2 * i] = (float)(i * step % SIZE);
        places[2 * i + 1] = (float)(i * step / SIZE * step);
    }
}

/* Squares of two triangles, 64 instances from the first on, with a vertex offset. The provoking
 * vertex is the first. */
static void test_instances(struct vkc *vkc)
{
    enum { SQUARE = 8, OFFSET = 100, FIRST = 3, COUNT = 50 };
    static const uint32_t indices[] = {99, 0, 1, 2, 2, 1, 3};
    const struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer got;
    struct drawing d;

    drawing_create(vkc, &desc, &d);
    memcpy(d.indices.host, indices, sizeof indices);
    places_put(&d, 64, SQUARE);
    for (unsigned i = 0; i < 4; i++)
        vertex_put(&d, OFFSET + i,
                   (struct point){(i & 1) * SQUARE * FRACTION, (i >> 1) * SQUARE * FRACTION}, NULL);
    for (unsigned i = FIRST; i < FIRST + COUNT; i++) {
        unsigned x = i * SQUARE % SIZE, y = i * SQUARE / SIZE * SQUARE;

        for (unsigned t = 0; t < 2; t++) {
            const int64_t l = x * FRACTION, u = y * FRACTION, s = SQUARE * FRACTION;
            const struct point triangles[2][3] = {{{l, u}, {l + s, u}, {l, u + s}},
                                                  {{l, u + s}, {l + s, u}, {l + s, u + s}}};

            numbers_paint(want, triangles[t], (struct number){1, OFFSET + 2 * t, i, 0});
        }
    }
    drawing_begin(&d);
    drawing_push(&d, 0, 1);
    vkCmdDrawIndexed(d.commands, 6, COUNT, 1, OFFSET, FIRST);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare("instances", &got, want);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* A strip of columns with a gap where it restarts; with culling, no column is lost. */
static void test_strip(struct vkc *vkc, VkCullModeFlags cull)
{
    enum { COLUMNS = 8, STEP = 4 };
    struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer got;
    struct drawing d;
    unsigned count = 0;

    desc.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
    desc.restart = true;
    desc.cull = cull;
    drawing_create(vkc, &desc, &d);
    for (unsigned i = 0; i < 2 * (COLUMNS + 1); i++) {
        vertex_put(&d, i, (struct point){i / 2 * STEP * FRACTION, i % 2 * SIZE * FRACTION}, NULL);
        if (i == 8)
            ((uint32_t *)d.indices.host)[count++] = UINT32_MAX;
        ((uint32_t *)d.indices.host)[count++] = i;
    }
    for (unsigned i = 0; i + 2 < 2 * (COLUMNS + 1); i++) {
        struct point t[3];

        for (unsigned c = 0; c < 3; c++)
            t[c] = (struct point){(i + c) / 2 * STEP * FRACTION, (i + c) % 2 * SIZE * FRACTION};
        /* The first column's left edge goes down: counterclockwise as the screen shows it. */
        if (i != 6 && i != 7 && cull != VK_CULL_MODE_BACK_BIT)
            numbers_paint(want, t, (struct number){1, i, 0, 0});
    }
    drawing_begin(&d);
    drawing_push(&d, 0, 1);
    vkCmdDrawIndexed(d.commands, count, 1, 0, 0, 0);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare("strip", &got, want);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* Neighbours in a strip share all but one vertex, and yet the vertex shader exports their numbers.
 */
static void test_primitive_id(struct vkc *vkc)
{
    enum { STEP = 2, TRIANGLES = 2 * SIZE / STEP };
    struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer got;
    struct drawing d;

    desc.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_STRIP;
    desc.fragment = SHADER("draw_primitive");
    drawing_create(vkc, &desc, &d);
    for (unsigned i = 0; i < TRIANGLES + 2; i++)
        vertex_put(&d, i, (struct point){i / 2 * STEP * FRACTION, i % 2 * SIZE * FRACTION}, NULL);
    for (unsigned i = 0; i < TRIANGLES; i++) {
        struct point t[3];

        for (unsigned c = 0; c < 3; c++)
            t[c] = (struct point){(i + c) / 2 * STEP * FRACTION, (i + c) % 2 * SIZE * FRACTION};
        numbers_paint(want, t, (struct number){i, 0, 0, 0});
    }
    drawing_begin(&d);
    vkCmdDraw(d.commands, TRIANGLES + 2, 1, 0, 0);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare("primitive id", &got, want);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* ---- geometry shaders ---- */

/* Triangles in the left half, each with its copy in the right one. */
static void test_geometry_shader(struct vkc *vkc)
{
    enum { TRIANGLES = 100 };
    struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer got;
    struct drawing d;

    desc.geometry = SHADER("draw_geometry");
    drawing_create(vkc, &desc, &d);
    for (uint32_t i = 0; i < TRIANGLES; i++)
        for (unsigned copy = 0; copy < 2; copy++) {
            struct point t[3];

            for (unsigned c = 0; c < 3; c++) {
                t[c] = point_of(i * 3 + c, 1);
                t[c].x /= 2;
                vertex_put(&d, i * 3 + c, t[c], NULL);
                t[c].x += copy * SIZE * FRACTION / 2;
            }
            numbers_paint(want, t, (struct number){3 + 10 * copy, i * 3, 0, i});
        }
    drawing_begin(&d);
    drawing_push(&d, 0, 3);
    vkCmdDraw(d.commands, TRIANGLES * 3, 1, 0, 0);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare("geometry shader", &got, want);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* ---- interpolation, blending ---- */

static const struct point big[3] = {{0, 0}, {2 * SIZE * FRACTION, 0}, {0, 2 * SIZE *FRACTION}};
static const float big_colors[3][4] = {{0, 0, 0, 1}, {2, 0, 0.5f, 1}, {0, 2, 0.25f, 1}};

static void test_interpolation(struct vkc *vkc)
{
    const struct drawing_desc desc = shade_desc(VK_FORMAT_R32G32B32A32_SFLOAT);
    struct vkc_buffer got;
    struct drawing d;

    drawing_create(vkc, &desc, &d);
    for (unsigned c = 0; c < 3; c++)
        vertex_put(&d, c, big[c], big_colors[c]);
    drawing_begin(&d);
    vkCmdDraw(d.commands, 3, 1, 0, 0);
    drawing_end(&d, 16, &got);
    for (unsigned i = 0; i < PIXELS; i++) {
        const float *g = (float *)got.host + i * 4;
        float x = ((float)(i % SIZE) + 0.5f) / SIZE, y = ((float)(i / SIZE) + 0.5f) / SIZE;

        EXPECT(fabsf(g[0] - x) < 1e-5f && fabsf(g[1] - y) < 1e-5f &&
                   fabsf(g[2] - (x / 4 + y / 8)) < 1e-5f && fabsf(g[3] - 1) < 1e-6f,
               "interpolation: pixel %u,%u is %g %g %g %g", i % SIZE, i / SIZE, (double)g[0],
               (double)g[1], (double)g[2], (double)g[3]);
    }
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
}

/* Three layers add up in the order of bytes of RGBA8. */
static void test_blending(struct vkc *vkc)
{
    static const float layer[4] = {16 / 255.0f, 32 / 255.0f, 100 / 255.0f, 1 / 255.0f};
    struct drawing_desc desc = shade_desc(VK_FORMAT_R8G8B8A8_UNORM);
    struct vkc_buffer got;
    struct drawing d;

    desc.blend = true;
    drawing_create(vkc, &desc, &d);
    for (unsigned c = 0; c < 3; c++)
        vertex_put(&d, c, big[c], layer);
    drawing_begin(&d);
    vkCmdDraw(d.commands, 3, 3, 0, 0);
    drawing_end(&d, 4, &got);
    for (unsigned i = 0; i < PIXELS; i++)
        EXPECT(((uint32_t *)got.host)[i] == 0x03ff6030, "blending: pixel %u is 0x%08x", i,
               ((uint32_t *)got.host)[i]);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
}

/* ---- depth ---- */

static void test_depth(struct vkc *vkc)
{
    static const float depths[] = {0.5f, 0.25f, 0.75f, 0.25f};
    struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer got;
    struct drawing d;

    desc.depth = true;
    drawing_create(vkc, &desc, &d);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned c = 0; c < 3; c++) {
            const struct point p = {big[c].x + i * 8 * FRACTION, big[c].y + i * 4 * FRACTION};

            vertex_put(&d, i * 3 + c, p, NULL);
        }
    drawing_begin(&d);
    for (uint32_t i = 0; i < 4; i++) {
        drawing_push(&d, depths[i], i + 1);
        vkCmdDraw(d.commands, 3, 1, i * 3, 0);
    }
    drawing_end(&d, sizeof *want, &got);
    for (unsigned i = 0; i < PIXELS; i++) {
        unsigned x = i % SIZE, y = i / SIZE;

        want[i] = (struct number){1, 0, 0, 0};
        if (x >= 8 && y >= 4) /* the third is behind, the fourth not before */
            want[i] = (struct number){2, 3, 0, 0};
    }
    numbers_compare("depth", &got, want);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* ---- textures ---- */

static void test_texture(struct vkc *vkc)
{
    static const float corners[3][4] = {{0, 0, 0, 0}, {2, 0, 0, 0}, {0, 2, 0, 0}};
    const struct image_desc texture_desc = {.type = VK_IMAGE_TYPE_2D,
                                            .format = VK_FORMAT_R8G8B8A8_UNORM,
                                            .tiling = tiling,
                                            .usage = VK_IMAGE_USAGE_SAMPLED_BIT |
                                                     VK_IMAGE_USAGE_TRANSFER_DST_BIT,
                                            .width = SIZE,
                                            .height = SIZE};
    struct drawing_desc desc = shade_desc(VK_FORMAT_R8G8B8A8_UNORM);
    struct vkc_buffer source, got;
    struct image texture;
    struct drawing d;
    VkCommandBuffer commands = vkc_begin(vkc);

    image_create(vkc, &texture_desc, &texture);
    vkc_buffer_create(vkc, PIXELS * 4, &source);
    fill_scrambled(&source, 5);
    image_begin(commands, &texture);
    image_upload(commands, &source, &texture, 4);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    desc.fragment = SHADER("draw_texture");
    desc.texture = texture.view;
    desc.sampler = sampler_create(vkc, VK_FILTER_NEAREST, VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE,
                                  VK_BORDER_COLOR_FLOAT_TRANSPARENT_BLACK);
    drawing_create(vkc, &desc, &d);
    for (unsigned c = 0; c < 3; c++)
        vertex_put(&d, c, big[c], corners[c]);
    drawing_begin(&d);
    vkCmdDraw(d.commands, 3, 1, 0, 0);
    drawing_end(&d, 4, &got);
    expect_words("texture", got.host, source.host, PIXELS);
    drawing_destroy(&d);
    vkDestroySampler(vkc->device, desc.sampler, NULL);
    image_destroy(vkc, &texture);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &got);
}

/* ---- indirect ---- */

/* Squares of 8 pixels: draw k has k + 1 instances in row k. The third has none. A count in memory
 * allows for five of eight. */
static void test_indirect(struct vkc *vkc, bool counted)
{
    enum { SQUARE = 8, DRAWS = 8, COUNTED = 5, STRIDE = sizeof(VkDrawIndirectCommand) + 12 };
    const struct drawing_desc desc = numbers_desc();
    const unsigned draws = counted ? COUNTED : DRAWS;
    struct number *want = calloc(PIXELS, sizeof *want);
    struct vkc_buffer parameters, got;
    struct drawing d;

    drawing_create(vkc, &desc, &d);
    vkc_buffer_create(vkc, 4096, &parameters);
    *(uint32_t *)parameters.host = COUNTED;
    places_put(&d, 64, SQUARE);
    for (unsigned i = 0; i < 3; i++)
        vertex_put(&d, 6 + i,
                   (struct point){i % 2 * SQUARE * 2 * FRACTION, i / 2 * SQUARE * 2 * FRACTION},
                   NULL);
    for (uint32_t k = 0; k < DRAWS; k++) {
        const VkDrawIndirectCommand command = {3, k == 2 ? 0 : k + 1, 6, k * 8};

        memcpy((char *)parameters.host + 256 + k * STRIDE, &command, sizeof command);
    }
    for (unsigned k = 0; k < draws; k++)
        for (unsigned i = 0; i < k + 1 && k != 2; i++) {
            const int64_t x = i * SQUARE * FRACTION, y = k * SQUARE * FRACTION,
                          s = 2 * SQUARE * FRACTION;
            const struct point t[3] = {{x, y}, {x + s, y}, {x, y + s}};

            numbers_paint(want, t, (struct number){9, 6, k * 8 + i, k});
        }
    drawing_begin(&d);
    drawing_push(&d, 0, 9);
    if (counted)
        vkCmdDrawIndirectCount(d.commands, parameters.buffer, 256, parameters.buffer, 0, DRAWS,
                               STRIDE);
    else
        vkCmdDrawIndirect(d.commands, parameters.buffer, 256, DRAWS, STRIDE);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare(counted ? "indirect, counted" : "indirect", &got, want);
    vkc_buffer_destroy(vkc, &parameters);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

/* ---- queries ---- */

static void test_occlusion(struct vkc *vkc)
{
    const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                        .queryType = VK_QUERY_TYPE_OCCLUSION,
                                        .queryCount = 2};
    struct drawing_desc desc = numbers_desc();
    struct vkc_buffer got;
    struct drawing d;
    VkQueryPool pool;
    uint64_t passed[2];

    VKC_CHECK(vkCreateQueryPool(vkc->device, &info, NULL, &pool));
    vkResetQueryPool(vkc->device, pool, 0, 2);
    desc.depth = true;
    drawing_create(vkc, &desc, &d);
    for (unsigned c = 0; c < 3; c++)
        vertex_put(&d, c, big[c], NULL);
    drawing_begin(&d);
    for (unsigned i = 0; i < 2; i++) {
        vkCmdBeginQuery(d.commands, pool, i, VK_QUERY_CONTROL_PRECISE_BIT);
        drawing_push(&d, 0.5f, i);
        vkCmdDraw(d.commands, 3, 1, 0, 0);
        vkCmdEndQuery(d.commands, pool, i);
    }
    drawing_end(&d, 16, &got);
    VKC_CHECK(vkGetQueryPoolResults(vkc->device, pool, 0, 2, sizeof passed, passed, 8,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    EXPECT(passed[0] == PIXELS && passed[1] == 0, "occlusion: %lu and %lu samples pass", passed[0],
           passed[1]);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    vkDestroyQueryPool(vkc->device, pool, NULL);
}

/* A grid of squares whose triangles share vertices, seven instances, half of it beyond the target.
 */
static void test_statistics(struct vkc *vkc)
{
    enum { SQUARES = 8, SIDE = SQUARES + 1, INSTANCES = 7, INDEX_COUNT = 6 * SQUARES * SQUARES };
    enum { VERTICES, PRIMITIVES, VERTEX_RUNS, CLIPPED, DRAWN, PIXEL_RUNS, NUMBERS };
    const VkQueryPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_PIPELINE_STATISTICS,
        .queryCount = 1,
        .pipelineStatistics = VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_VERTICES_BIT |
                              VK_QUERY_PIPELINE_STATISTIC_INPUT_ASSEMBLY_PRIMITIVES_BIT |
                              VK_QUERY_PIPELINE_STATISTIC_VERTEX_SHADER_INVOCATIONS_BIT |
                              VK_QUERY_PIPELINE_STATISTIC_CLIPPING_INVOCATIONS_BIT |
                              VK_QUERY_PIPELINE_STATISTIC_CLIPPING_PRIMITIVES_BIT |
                              VK_QUERY_PIPELINE_STATISTIC_FRAGMENT_SHADER_INVOCATIONS_BIT};
    const uint64_t triangles = (uint64_t)INDEX_COUNT / 3 * INSTANCES;
    const struct drawing_desc desc = shade_desc(VK_FORMAT_R8G8B8A8_UNORM);
    struct vkc_buffer got;
    struct drawing d;
    VkQueryPool pool;
    uint64_t n[NUMBERS];
    uint32_t *index;

    VKC_CHECK(vkCreateQueryPool(vkc->device, &info, NULL, &pool));
    vkResetQueryPool(vkc->device, pool, 0, 1);
    drawing_create(vkc, &desc, &d);
    index = d.indices.host;
    for (uint32_t i = 0; i < SIDE * SIDE; i++) /* 16 pixels a square: four of eight are inside */
        vertex_put(&d, i, (struct point){i % SIDE * 16 * FRACTION, i / SIDE * 8 * FRACTION}, NULL);
    for (uint32_t i = 0; i < SQUARES * SQUARES; i++) {
        const uint32_t first = i / SQUARES * SIDE + i % SQUARES;
        const uint32_t square[] = {first,     first + 1,    first + SIDE,
                                   first + 1, first + SIDE, first + SIDE + 1};

        memcpy(index + 6 * i, square, sizeof square);
    }
    drawing_begin(&d);
    vkCmdBeginQuery(d.commands, pool, 0, 0);
    vkCmdDrawIndexed(d.commands, INDEX_COUNT, INSTANCES, 0, 0, 0);
    vkCmdEndQuery(d.commands, pool, 0);
    drawing_end(&d, 4, &got);
    VKC_CHECK(vkGetQueryPoolResults(vkc->device, pool, 0, 1, sizeof n, n, sizeof n,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    EXPECT(n[VERTICES] == (uint64_t)INDEX_COUNT * INSTANCES, "%lu vertices", n[VERTICES]);
    EXPECT(n[PRIMITIVES] == triangles, "%lu primitives", n[PRIMITIVES]);
    EXPECT(n[VERTEX_RUNS] >= SIDE * SIDE * INSTANCES && n[VERTEX_RUNS] < n[VERTICES] / 2,
           "%lu vertices are shaded", n[VERTEX_RUNS]);
    EXPECT(n[CLIPPED] <= triangles && n[CLIPPED] >= triangles / 2, "%lu are clipped", n[CLIPPED]);
    EXPECT(n[DRAWN] >= triangles / 2 && n[DRAWN] <= n[CLIPPED], "%lu are drawn", n[DRAWN]);
    EXPECT(n[PIXEL_RUNS] >= PIXELS * INSTANCES, "%lu pixels are shaded", n[PIXEL_RUNS]);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    vkDestroyQueryPool(vkc->device, pool, NULL);
}

/* ---- conditional rendering ---- */

static void test_conditional(struct vkc *vkc, uint32_t condition, bool inverted)
{
    const VkConditionalRenderingFlagsEXT flags =
        inverted ? VK_CONDITIONAL_RENDERING_INVERTED_BIT_EXT : 0;
    const bool drawn = (condition != 0) != inverted;
    const struct drawing_desc desc = numbers_desc();
    struct number *want = calloc(PIXELS, sizeof *want);
    PFN_vkCmdBeginConditionalRenderingEXT begin =
        (PFN_vkCmdBeginConditionalRenderingEXT)vkGetDeviceProcAddr(
            vkc->device, "vkCmdBeginConditionalRenderingEXT");
    PFN_vkCmdEndConditionalRenderingEXT end =
        (PFN_vkCmdEndConditionalRenderingEXT)vkGetDeviceProcAddr(vkc->device,
                                                                 "vkCmdEndConditionalRenderingEXT");
    struct vkc_buffer word, got;
    struct drawing d;

    vkc_buffer_create_for(vkc, 64, VK_BUFFER_USAGE_CONDITIONAL_RENDERING_BIT_EXT, &word);
    *(uint32_t *)word.host = condition;
    drawing_create(vkc, &desc, &d);
    for (unsigned c = 0; c < 3; c++)
        vertex_put(&d, c, big[c], NULL);
    for (unsigned i = 0; i < PIXELS; i++)
        want[i] = (struct number){drawn ? 2 : 1, 0, 0, 0};

    const VkConditionalRenderingBeginInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_CONDITIONAL_RENDERING_BEGIN_INFO_EXT,
        .buffer = word.buffer,
        .flags = flags};

    drawing_begin(&d);
    drawing_push(&d, 0, 1);
    vkCmdDraw(d.commands, 3, 1, 0, 0);
    drawing_push(&d, 0, 2);
    begin(d.commands, &info);
    vkCmdDraw(d.commands, 3, 1, 0, 0);
    end(d.commands);
    drawing_end(&d, sizeof *want, &got);
    numbers_compare("conditional", &got, want);
    vkc_buffer_destroy(vkc, &word);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
    free(want);
}

int main(int argc, char **argv)
{
    const struct vkc_options options = {.conditional = true};
    bool llvm = argc > 1 && !strcmp(argv[1], "llvm");
    struct vkc vkc;

    if (argc > 1 && !strcmp(argv[1], "optimal"))
        tiling = VK_IMAGE_TILING_OPTIMAL;
    vkc_open(&options, &vkc);
    test_coverage(&vkc);
    test_instances(&vkc);
    test_strip(&vkc, VK_CULL_MODE_NONE);
    test_strip(&vkc, VK_CULL_MODE_FRONT_BIT);
    test_strip(&vkc, VK_CULL_MODE_BACK_BIT);
    if (!llvm) /* as Mesa 22.3 compiles it with LLVM, the export has no component enabled */
        test_primitive_id(&vkc);
    test_geometry_shader(&vkc);
    test_interpolation(&vkc);
    test_blending(&vkc);
    test_depth(&vkc);
    test_texture(&vkc);
    test_indirect(&vkc, false);
    test_indirect(&vkc, true);
    test_occlusion(&vkc);
    test_statistics(&vkc);
    for (unsigned i = 0; i < 4; i++)
        test_conditional(&vkc, i & 1 ? 0x100 : 0, i & 2);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
