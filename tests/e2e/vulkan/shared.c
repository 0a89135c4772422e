/* SPDX-License-Identifier: MIT
 *
 * Shared memory, barriers and grids of three dimensions; the grid's size comes from the command,
 * from a base, and from memory.
 */
#include "test.h"

enum { SIZE = 256, X = 3, Y = 2, Z = 4, GROUPS = X * Y * Z, RESULTS = 4 };

static void expect_group(const uint32_t *source, const uint32_t *got)
{
    uint32_t bins[16] = {0}, sum = 0;

    for (uint32_t i = 0; i < SIZE; i++)
        bins[source[i] & 15] += 1 + (source[i] >> 28);
    for (uint32_t i = 0; i < SIZE; i++) {
        sum += source[i];
        const uint32_t want[RESULTS] = {source[(i & 15) * 16 + (i >> 4)], bins[i & 15], sum,
                                        i % 16 + i / 16 % 8 * 100 + i / 128 * 10000};

        expect_words("workgroup", &got[i * RESULTS], want, RESULTS);
    }
}

static void expect_all(struct vkc_buffer *source, struct vkc_buffer *result)
{
    for (uint32_t g = 0; g < GROUPS; g++)
        expect_group((uint32_t *)source->host + g * SIZE,
                     (uint32_t *)result->host + g * SIZE * RESULTS);
    memset(result->host, 0, result->bytes);
}

static void run_indirect(struct vkc *vkc, const struct vkc_pipeline *pipeline,
                         const struct vkc_buffer *grid, VkDeviceSize offset)
{
    VkCommandBuffer commands = vkc_begin(vkc);

    vkc_use(commands, pipeline, NULL);
    vkCmdDispatchIndirect(commands, grid->buffer, offset);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
}

int main(void)
{
    const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    const struct vkc_pipeline_desc desc = {
        .shader = SHADER("shared"), .bindings = types, .binding_count = COUNT_OF(types)};
    const VkDispatchIndirectCommand grid = {X, Y, Z};
    const struct vkc_options families[] = {{.compute_only = false}, {.compute_only = true}};

    for (size_t i = 0; i < COUNT_OF(families); i++) {
        struct vkc_buffer source, result, indirect;
        struct vkc_pipeline pipeline;
        struct vkc vkc;

        vkc_open(&families[i], &vkc);
        vkc_buffer_create(&vkc, GROUPS * SIZE * 4, &source);
        vkc_buffer_create(&vkc, GROUPS * SIZE * 4 * RESULTS, &result);
        vkc_buffer_create(&vkc, 64, &indirect);
        fill_scrambled(&source, 1);
        memcpy((char *)indirect.host + 20, &grid, sizeof grid);
        vkc_pipeline_create(&vkc, &desc, &pipeline);
        vkc_bind(&vkc, &pipeline, 0, &source);
        vkc_bind(&vkc, &pipeline, 1, &result);
        vkc_dispatch(&vkc, &pipeline, NULL, X, Y, Z);
        expect_all(&source, &result);
        run_indirect(&vkc, &pipeline, &indirect, 20);
        expect_all(&source, &result);
        run_indirect(&vkc, &pipeline, &indirect, 40); /* an empty grid */
        EXPECT(*(uint32_t *)result.host == 0, "an empty grid writes");
        vkc_pipeline_destroy(&vkc, &pipeline);
        vkc_buffer_destroy(&vkc, &source);
        vkc_buffer_destroy(&vkc, &result);
        vkc_buffer_destroy(&vkc, &indirect);
        vkc_close(&vkc);
    }
    puts("ok");
    return 0;
}
