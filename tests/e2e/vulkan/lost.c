/* SPDX-License-Identifier: MIT
 *
 * Work that cannot be done loses the device, and only that device: a new one of the same process
 * computes on.
 *
 *   lost loop     a shader that never ends
 *   lost fault    a shader that writes where there is no memory
 *   lost draw     a pixel shader that never ends
 *   lost patch    a draw with tessellation, which is not modelled
 */
#include "drawing.h"

enum { COUNT = 64 };

static VkResult submit_once(struct vkc *vkc, VkCommandBuffer commands)
{
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkSubmitInfo submission = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &commands};
    VkFence fence;

    VKC_CHECK(vkEndCommandBuffer(commands));
    VKC_CHECK(vkCreateFence(vkc->device, &info, NULL, &fence));
    VkResult result = vkQueueSubmit(vkc->queue, 1, &submission, fence);

    if (result == VK_SUCCESS)
        result = vkWaitForFences(vkc->device, 1, &fence, VK_TRUE, UINT64_MAX);
    vkDestroyFence(vkc->device, fence, NULL);
    return result;
}

/* Mesa looks at a device only when it submits: what was lost shows with what comes next. */
static VkResult submit(struct vkc *vkc, VkCommandBuffer commands)
{
    VkResult result = submit_once(vkc, commands);

    return result == VK_SUCCESS ? submit_once(vkc, vkc_begin(vkc)) : result;
}

static VkResult run_astray(struct vkc *vkc, VkDeviceAddress address, uint32_t spin)
{
    const struct {
        VkDeviceAddress word;
        uint32_t spin, unused;
    } push = {address, spin, 0};
    const struct vkc_pipeline_desc desc = {.shader = SHADER("astray"), .push_bytes = sizeof push};
    struct vkc_pipeline pipeline;
    VkCommandBuffer commands;

    vkc_pipeline_create(vkc, &desc, &pipeline);
    commands = vkc_begin(vkc);
    vkc_use(commands, &pipeline, &push);
    vkCmdDispatch(commands, COUNT, 1, 1);
    VkResult result = submit(vkc, commands);

    vkc_pipeline_destroy(vkc, &pipeline);
    return result;
}

static VkResult loop(struct vkc *vkc)
{
    struct vkc_buffer buffer;

    vkc_buffer_create(vkc, 64, &buffer);
    VkResult result = run_astray(vkc, buffer.address, 1);

    vkc_buffer_destroy(vkc, &buffer);
    return result;
}

static VkResult fault(struct vkc *vkc)
{
    return run_astray(vkc, UINT64_C(0x123456789000), 0);
}

static VkResult drawing_lose(struct vkc *vkc, const struct drawing_desc *desc)
{
    static const float corners[3][2] = {{0, 0}, {DRAWING_SIZE, 0}, {0, DRAWING_SIZE}};
    struct drawing d;

    drawing_create(vkc, desc, &d);
    for (unsigned i = 0; i < 3; i++)
        memcpy(((struct drawing_vertex *)d.vertices.host)[i].position, corners[i],
               sizeof corners[i]);
    drawing_begin(&d);
    vkCmdDraw(d.commands, 3, 1, 0, 0);
    vkCmdEndRendering(d.commands);
    VkResult result = submit(vkc, d.commands);

    drawing_destroy(&d);
    return result;
}

static VkResult draw(struct vkc *vkc)
{
    const struct drawing_desc desc = {.fragment = SHADER("draw_loop"),
                                      .format = VK_FORMAT_R8G8B8A8_UNORM,
                                      .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST};

    return drawing_lose(vkc, &desc);
}

static VkResult patch(struct vkc *vkc)
{
    const struct drawing_desc desc = {.fragment = SHADER("draw_shade"),
                                      .tessellation = true,
                                      .format = VK_FORMAT_R8G8B8A8_UNORM,
                                      .topology = VK_PRIMITIVE_TOPOLOGY_PATCH_LIST};

    return drawing_lose(vkc, &desc);
}

static void expect_new_device_works(void)
{
    struct vkc_buffer buffer;
    struct vkc vkc;

    vkc_open(NULL, &vkc);
    vkc_buffer_create(&vkc, 64, &buffer);
    EXPECT(run_astray(&vkc, buffer.address, 0) == VK_SUCCESS, "a new device is lost, too");
    EXPECT(*(uint32_t *)buffer.host == 1, "a new device does not compute");
    vkc_buffer_destroy(&vkc, &buffer);
    vkc_close(&vkc);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "loop";
    const struct vkc_options options = {.unchecked = true};
    struct vkc vkc;
    VkResult result;

    vkc_open(&options, &vkc);
    result = strcmp(way, "loop") == 0    ? loop(&vkc)
             : strcmp(way, "fault") == 0 ? fault(&vkc)
             : strcmp(way, "draw") == 0  ? draw(&vkc)
                                         : patch(&vkc);
    EXPECT(result == VK_ERROR_DEVICE_LOST, "%s: VkResult %d", way, result);
    vkc_close(&vkc);
    expect_new_device_works();
    puts("ok");
    return 0;
}
