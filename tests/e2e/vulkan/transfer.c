/* SPDX-License-Identifier: MIT
 *
 * A queue that only copies (SDMA): copies, fills and updates of buffers of all alignments, events,
 * timestamps. Mesa has such a queue from 23.3 on, with RADV_PERFTEST=transfer_queue.
 */
#include "test.h"

static void barrier(VkCommandBuffer commands)
{
    VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                              .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT |
                                               VK_ACCESS_TRANSFER_READ_BIT |
                                               VK_ACCESS_HOST_READ_BIT};

    vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                         VK_PIPELINE_STAGE_TRANSFER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &memory,
                         0, NULL, 0, NULL);
}

static void test_copy(struct vkc *vkc, VkDeviceSize from, VkDeviceSize to, VkDeviceSize size)
{
    enum { AROUND = 16, UNTOUCHED = 0xa5 };
    const VkBufferCopy region = {from, to, size};
    VkCommandBuffer commands = vkc_begin(vkc);
    struct vkc_buffer source, target;

    vkc_buffer_create(vkc, from + size + AROUND, &source);
    vkc_buffer_create(vkc, to + size + AROUND, &target);
    fill_scrambled(&source, (uint32_t)size);
    memset(target.host, UNTOUCHED, target.bytes);
    vkCmdCopyBuffer(commands, source.buffer, target.buffer, 1, &region);
    barrier(commands);
    vkc_run(vkc, commands);
    EXPECT(memcmp((char *)target.host + to, (char *)source.host + from, size) == 0,
           "copy of %lu bytes from %lu to %lu", size, from, to);
    for (VkDeviceSize i = 0; i < AROUND; i++)
        EXPECT(((uint8_t *)target.host)[to + size + i] == UNTOUCHED, "copy of %lu: %lu after it",
               size, i);
    for (VkDeviceSize i = 0; i < to; i++)
        EXPECT(((uint8_t *)target.host)[i] == UNTOUCHED, "copy of %lu: %lu before it", size, i);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &target);
}

static void test_copies(struct vkc *vkc)
{
    static const VkDeviceSize sizes[] = {1, 3, 4, 5, 64, 255, 4096, 4097, 1000003, 9000001};
    static const VkDeviceSize offsets[] = {0, 1, 4};

    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (size_t i = 0; i < COUNT_OF(offsets); i++)
            for (size_t k = 0; k < COUNT_OF(offsets); k++)
                test_copy(vkc, offsets[i], offsets[k], sizes[s]);
}

static void test_fill_and_update(struct vkc *vkc)
{
    enum { WORDS = 2200000, UPDATE = 1024 }; /* more than one packet fills */
    VkCommandBuffer commands = vkc_begin(vkc);
    uint32_t *want = malloc(WORDS * 4), update[UPDATE];
    struct vkc_buffer buffer;

    vkc_buffer_create(vkc, WORDS * 4, &buffer);
    for (uint32_t i = 0; i < UPDATE; i++)
        update[i] = scramble(i);
    vkCmdFillBuffer(commands, buffer.buffer, 0, VK_WHOLE_SIZE, 0x01020304);
    barrier(commands);
    vkCmdFillBuffer(commands, buffer.buffer, 400, 36, 0xffffffff);
    vkCmdUpdateBuffer(commands, buffer.buffer, 4000, sizeof update, update);
    barrier(commands);
    vkc_run(vkc, commands);
    for (uint32_t i = 0; i < WORDS; i++)
        want[i] = 0x01020304;
    memset(&want[100], 0xff, 36);
    memcpy(&want[1000], update, sizeof update);
    expect_words("fill and update", buffer.host, want, WORDS);
    free(want);
    vkc_buffer_destroy(vkc, &buffer);
}

static void test_timestamps(struct vkc *vkc)
{
    VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                  .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                  .queryCount = 2};
    VkCommandBuffer commands = vkc_begin(vkc);
    uint64_t times[2];
    VkQueryPool pool;

    VKC_CHECK(vkCreateQueryPool(vkc->device, &info, NULL, &pool));
    vkResetQueryPool(vkc->device, pool, 0, 2);
    vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, pool, 0);
    vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, pool, 1);
    vkc_run(vkc, commands);
    VKC_CHECK(vkGetQueryPoolResults(vkc->device, pool, 0, 2, sizeof times, times, 8,
                                    VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    EXPECT(times[1] >= times[0] && times[0] != 0, "times %lu, %lu", times[0], times[1]);
    vkDestroyQueryPool(vkc->device, pool, NULL);
}

int main(void)
{
    const struct vkc_options options = {.transfer_only = true};
    struct vkc vkc;

    vkc_open(&options, &vkc);
    test_copies(&vkc);
    test_fill_and_update(&vkc);
    test_timestamps(&vkc);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
