#version 450
/* SPDX-License-Identifier: MIT
 * Walks a linked list by addresses and writes the sum of the payloads and the number of nodes. */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_ARB_gpu_shader_int64 : require

layout(local_size_x = 1) in;
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Node {
    uvec2 next;
    uint64_t payload;
};
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer Walk {
    uint64_t sum, nodes;
};
layout(push_constant) uniform Push { uvec2 head; Walk walk; uint limit; } push;

void main()
{
    uint64_t sum = 0, nodes = 0;

    for (uvec2 at = push.head; (at.x | at.y) != 0 && nodes < push.limit;) {
        Node node = Node(at);

        sum += node.payload;
        nodes++;
        at = node.next;
    }
    push.walk.sum = sum;
    push.walk.nodes = nodes;
}
