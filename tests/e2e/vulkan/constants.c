/* SPDX-License-Identifier: MIT
 *
 * Constants behind a shader's code, by an index that differs from invocation to invocation.
 */
#include "test.h"

enum { GROUPS = 40, COUNT = GROUPS * 64 };

int main(void)
{
    static const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    const struct vkc_pipeline_desc desc = {
        .shader = SHADER("constants"), .bindings = types, .binding_count = 1};
    static uint32_t want[COUNT];
    struct vkc_pipeline pipeline;
    struct vkc_buffer result;
    struct vkc vkc;

    vkc_open(NULL, &vkc);
    vkc_buffer_create(&vkc, sizeof want, &result);
    vkc_pipeline_create(&vkc, &desc, &pipeline);
    vkc_bind(&vkc, &pipeline, 0, &result);
    vkc_dispatch(&vkc, &pipeline, NULL, GROUPS, 1, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        want[i] = ((i * 37 + (i >> 8)) & 255) * 2654435761u;
    expect_words("constants", result.host, want, COUNT);
    vkc_pipeline_destroy(&vkc, &pipeline);
    vkc_buffer_destroy(&vkc, &result);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
