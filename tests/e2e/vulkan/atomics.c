/* SPDX-License-Identifier: MIT
 *
 * Atomic operations: whatever the order in which invocations come, the results are these.
 */
#include "test.h"

enum { GROUP = 256, GROUPS = 64, COUNT = GROUP * GROUPS };

/* As in shaders/atomics.comp. */
struct words {
    uint32_t add, sub, low, high, and, or, xor, swaps, last, exchanged;
};

struct quads {
    uint64_t add, low, high, or, swaps;
};

struct sum {
    uint64_t wide;
    uint32_t narrow, spare;
};

static void expect_words_and_quads(const struct words *w, const struct quads *q)
{
    uint64_t total = (uint64_t)COUNT * (COUNT - 1) / 2;
    uint32_t xor = 0;

    for (uint32_t i = 0; i < COUNT; i++)
        xor ^= i;
    EXPECT(w->add == COUNT, "%u", w->add);
    EXPECT(w->sub == (uint32_t)-3 * COUNT, "0x%x", w->sub);
    EXPECT(w->low == 1000000 - (COUNT - 1), "%u", w->low);
    EXPECT(w->high == (COUNT - 1) * 7, "%u", w->high);
    EXPECT(w->and == 0xffff0000, "0x%x", w->and);
    EXPECT(w->or == (1u << 29) - 1, "0x%x", w->or);
    EXPECT(w->xor == xor, "0x%x", w->xor);
    EXPECT(w->swaps == 2 * COUNT, "%u", w->swaps);
    /* Everything that was put in has come out, but the last. */
    EXPECT(w->exchanged + w->last == (uint32_t)(total + COUNT), "%u and %u", w->exchanged, w->last);
    EXPECT(q->add == total << 24, "0x%lx", q->add);
    EXPECT(q->low == (UINT64_C(1) << 40) - (COUNT - 1), "0x%lx", q->low);
    EXPECT(q->high == (uint64_t)(COUNT - 1) << 33, "0x%lx", q->high);
    EXPECT(q->or == (UINT64_C(1) << 61) - 1, "0x%lx", q->or);
    EXPECT(q->swaps == 3ull * COUNT, "%lu", q->swaps);
}

static void expect_sums(const struct sum *sums)
{
    uint64_t want[2] = {0, 0};

    for (uint64_t i = 0; i < COUNT; i++)
        want[i / GROUP & 1] += i;
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(sums[i].narrow == (uint32_t)want[i], "%u", sums[i].narrow);
        EXPECT(sums[i].wide == want[i] << 20, "0x%lx", sums[i].wide);
    }
}

int main(void)
{
    static const VkDescriptorType types[] = {
        VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    static const VkDeviceSize sizes[] = {sizeof(struct words), sizeof(struct quads), COUNT * 4,
                                         2 * sizeof(struct sum)};
    const struct vkc_pipeline_desc desc = {
        .shader = SHADER("atomics"), .bindings = types, .binding_count = COUNT_OF(types)};
    struct vkc_buffer buffers[COUNT_OF(types)];
    struct vkc_pipeline pipeline;
    struct vkc vkc;

    vkc_open(NULL, &vkc);
    vkc_pipeline_create(&vkc, &desc, &pipeline);
    for (uint32_t i = 0; i < COUNT_OF(types); i++) {
        vkc_buffer_create(&vkc, sizes[i], &buffers[i]);
        vkc_bind(&vkc, &pipeline, i, &buffers[i]);
    }
    struct words *words = buffers[0].host;
    struct quads *quads = buffers[1].host;

    words->low = words->and = ~0u;
    quads->low = ~UINT64_C(0);
    vkc_dispatch(&vkc, &pipeline, NULL, GROUPS, 1, 1);
    expect_words_and_quads(words, quads);
    for (uint32_t i = 0; i < COUNT; i++)
        EXPECT(((uint32_t *)buffers[2].host)[i] == 1, "ticket %u", i);
    expect_sums(buffers[3].host);
    vkc_pipeline_destroy(&vkc, &pipeline);
    for (uint32_t i = 0; i < COUNT_OF(types); i++)
        vkc_buffer_destroy(&vkc, &buffers[i]);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
