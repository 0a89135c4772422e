/* SPDX-License-Identifier: MIT
 *
 * Storage and uniform buffers, push constants, specialization constants, descriptors with offsets;
 * copying, filling and updating buffers, of all sizes and alignments that Vulkan allows.
 */
#include "test.h"

enum { COUNT = 10007, GROUP = 96 };

struct parameters {
    uint32_t scale[4];
    float table[2][4];
};

static const struct parameters parameters = {{3, 5, 7, 11}, {{1, 2, 3, 4}, {50, 60, 70, 80}}};

static uint32_t expected(uint32_t source, uint32_t i, uint32_t factor, uint32_t add, bool negate)
{
    uint32_t value = source * factor * parameters.scale[i & 3] + add +
                     (uint32_t)parameters.table[i & 1][i >> 1 & 3];

    return negate ? ~value : value;
}

static void test_shader(struct vkc *vkc, uint32_t group, uint32_t factor, bool negate)
{
    const struct {
        uint32_t group, factor, negate;
    } constants = {group, factor, negate};
    const VkSpecializationMapEntry entries[] = {{0, 0, 4}, {1, 4, 4}, {2, 8, 4}};
    const VkSpecializationInfo specialization = {COUNT_OF(entries), entries, sizeof constants,
                                                 &constants};
    const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER};
    const struct vkc_pipeline_desc desc = {.shader = SHADER("buffers"),
                                           .bindings = types,
                                           .binding_count = COUNT_OF(types),
                                           .push_bytes = 8,
                                           .specialization = &specialization};
    const struct {
        uint32_t count, add;
    } push = {COUNT, factor * 1000};
    struct vkc_pipeline pipeline;
    struct vkc_buffer source, result, uniform;

    vkc_buffer_create(vkc, 256 + COUNT * 4, &source);
    vkc_buffer_create(vkc, COUNT * 4 + 64, &result);
    vkc_buffer_create(vkc, 1024, &uniform);
    vkc_pipeline_create(vkc, &desc, &pipeline);
    fill_scrambled(&source, group);
    memcpy((char *)uniform.host + 512, &parameters, sizeof parameters);
    vkc_bind_range(vkc, &pipeline, 0, &source, 256, COUNT * 4);
    vkc_bind(vkc, &pipeline, 1, &result);
    vkc_bind_range(vkc, &pipeline, 2, &uniform, 512, sizeof parameters);
    vkc_dispatch(vkc, &pipeline, &push, (COUNT + group - 1) / group, 1, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t in = ((uint32_t *)source.host)[64 + i], out = ((uint32_t *)result.host)[i];
        uint32_t want = expected(in, i, factor, push.add, negate);

        EXPECT(out == want, "element %u is 0x%x, not 0x%x", i, out, want);
    }
    for (uint32_t i = COUNT; i < COUNT + 16; i++)
        EXPECT(((uint32_t *)result.host)[i] == 0, "element %u is beyond the end", i);
    vkc_pipeline_destroy(vkc, &pipeline);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &result);
    vkc_buffer_destroy(vkc, &uniform);
}

/* Small ones go by the command processor, large ones by shaders of the driver's own. */
static void test_copy(struct vkc *vkc, VkDeviceSize from, VkDeviceSize to, VkDeviceSize size)
{
    struct vkc_buffer source, target;
    const VkBufferCopy region = {from, to, size};
    VkCommandBuffer commands = vkc_begin(vkc);

    vkc_buffer_create(vkc, from + size + 16, &source);
    vkc_buffer_create(vkc, to + size + 16, &target);
    fill_scrambled(&source, (uint32_t)size);
    memset(target.host, 0xa5, target.bytes);
    vkCmdCopyBuffer(commands, source.buffer, target.buffer, 1, &region);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    EXPECT(memcmp((char *)target.host + to, (char *)source.host + from, size) == 0,
           "copy of %lu bytes from %lu to %lu", size, from, to);
    for (VkDeviceSize i = 0; i < 16; i++)
        EXPECT(((uint8_t *)target.host)[to + size + i] == 0xa5, "copy of %lu: byte %lu after it",
               size, i);
    for (VkDeviceSize i = 0; i < to; i++)
        EXPECT(((uint8_t *)target.host)[i] == 0xa5, "copy of %lu: byte %lu before it", size, i);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &target);
}

static void test_copies(struct vkc *vkc)
{
    static const VkDeviceSize sizes[] = {1, 3, 4, 5, 64, 255, 4096, 4097, 65536, 1000003};
    static const VkDeviceSize offsets[] = {0, 1, 4, 6};

    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (size_t i = 0; i < COUNT_OF(offsets); i++)
            for (size_t k = 0; k < COUNT_OF(offsets); k++)
                test_copy(vkc, offsets[i], offsets[k], sizes[s]);
}

static void test_fill_and_update(struct vkc *vkc)
{
    enum { WORDS = 300000, UPDATE = 4096 };
    struct vkc_buffer buffer;
    uint32_t *want = malloc(WORDS * 4), update[UPDATE];
    VkCommandBuffer commands = vkc_begin(vkc);

    vkc_buffer_create(vkc, WORDS * 4, &buffer);
    for (uint32_t i = 0; i < UPDATE; i++)
        update[i] = scramble(i);
    vkCmdFillBuffer(commands, buffer.buffer, 0, VK_WHOLE_SIZE, 0x01020304);
    vkc_barrier(commands);
    vkCmdFillBuffer(commands, buffer.buffer, 400, 36, 0xffffffff);
    vkCmdUpdateBuffer(commands, buffer.buffer, 800, 4, update);
    vkCmdUpdateBuffer(commands, buffer.buffer, 4000, sizeof update, update);
    vkc_barrier(commands);
    vkc_run(vkc, commands);
    for (uint32_t i = 0; i < WORDS; i++)
        want[i] = 0x01020304;
    memset(&want[100], 0xff, 36);
    memcpy(&want[200], update, 4);
    memcpy(&want[1000], update, sizeof update);
    expect_words("fill and update", buffer.host, want, WORDS);
    free(want);
    vkc_buffer_destroy(vkc, &buffer);
}

int main(void)
{
    struct vkc vkc;

    vkc_open(NULL, &vkc);
    test_shader(&vkc, 64, 1, false);
    test_shader(&vkc, GROUP, 3, true);
    test_shader(&vkc, 1024, 7, false);
    test_shader(&vkc, 1, 2, true);
    test_copies(&vkc);
    test_fill_and_update(&vkc);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
