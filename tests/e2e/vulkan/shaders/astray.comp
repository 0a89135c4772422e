#version 450
/* SPDX-License-Identifier: MIT
 * Never ends, or writes to an address. */
#extension GL_EXT_buffer_reference : require
layout(local_size_x = 64) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Word { uint value; };
layout(push_constant) uniform Push { Word word; uint spin; } push;

void main()
{
    if (push.spin != 0)
        while (atomicAdd(push.word.value, 2) != 1) /* it is even */
            ;
    push.word.value = 1;
}
