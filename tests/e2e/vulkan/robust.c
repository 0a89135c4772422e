/* SPDX-License-Identifier: MIT
 *
 * Robust buffer access: what lies beyond a descriptor's range reads as zero and is not written,
 * though there is memory, and other data, behind it. Null descriptors.
 */
#include "test.h"

enum { COUNT = 128, IN = 40, OUT_WORDS = 100, FEW = 10, CANARY = 0x5a5a5a5a };

struct buffers {
    struct vkc_buffer source, result, few, report;
};

static void expect_invocation(const struct buffers *b, uint32_t first, uint32_t i)
{
    const uint32_t *source = b->source.host, *few = b->few.host;
    const uint32_t *got = (uint32_t *)b->report.host + i * 8;
    uint32_t want[8] = {0};

    if (first + i < IN)
        memcpy(want, &source[(first + i) * 4], 16);
    want[4] = (i & 63) < FEW ? few[(i & 63) * 4 + 1] : 0;
    want[6] = IN;
    expect_words("invocation", got, want, 8);
}

static void expect_result(const struct buffers *b)
{
    const uint32_t *words = b->result.host;

    for (uint32_t k = 0; k < COUNT * 3; k++) {
        uint32_t i = k / 3;
        uint32_t want = k >= OUT_WORDS || k % 3 ? CANARY : (i + 1) + ((i & 3) == 0 ? 0x100 : 0);

        EXPECT(words[k] == want, "word %u is 0x%x, not 0x%x", k, words[k], want);
    }
}

static void test(struct vkc *vkc, struct vkc_pipeline *pipeline, struct buffers *b, uint32_t first)
{
    memset(b->result.host, CANARY & 0xff, b->result.bytes);
    vkc_dispatch(vkc, pipeline, &first, COUNT / 64, 1, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        expect_invocation(b, first, i);
    expect_result(b);
}

int main(void)
{
    static const VkDescriptorType types[] = {
        VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    const struct vkc_options options = {.robust = true};
    const struct vkc_pipeline_desc desc = {.shader = SHADER("robust"),
                                           .bindings = types,
                                           .binding_count = COUNT_OF(types),
                                           .push_bytes = 4};
    struct vkc_pipeline pipeline;
    struct buffers b;
    struct vkc vkc;

    vkc_open(&options, &vkc);
    EXPECT(vkc.features.robust.robustBufferAccess2 && vkc.features.robust.nullDescriptor,
           "the device has no robustness");
    vkc_buffer_create(&vkc, 2048 + IN * 16, &b.source);
    vkc_buffer_create(&vkc, COUNT * 3 * 4, &b.result);
    vkc_buffer_create(&vkc, 4096, &b.few);
    vkc_buffer_create(&vkc, COUNT * 32, &b.report);
    fill_scrambled(&b.source, 1);
    fill_scrambled(&b.few, 2);
    vkc_pipeline_create(&vkc, &desc, &pipeline);
    vkc_bind_range(&vkc, &pipeline, 0, &b.source, 0, IN * 16);
    vkc_bind_range(&vkc, &pipeline, 1, &b.result, 0, OUT_WORDS * 4);
    vkc_bind_range(&vkc, &pipeline, 2, &b.few, 0, FEW * 16);
    vkc_bind(&vkc, &pipeline, 3, NULL);
    vkc_bind(&vkc, &pipeline, 4, &b.report);
    test(&vkc, &pipeline, &b, 0);
    test(&vkc, &pipeline, &b, 35);
    test(&vkc, &pipeline, &b, (1u << 28) - COUNT); /* times 16 is all but 2^32 */
    vkc_pipeline_destroy(&vkc, &pipeline);
    vkc_buffer_destroy(&vkc, &b.source);
    vkc_buffer_destroy(&vkc, &b.result);
    vkc_buffer_destroy(&vkc, &b.few);
    vkc_buffer_destroy(&vkc, &b.report);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
