#version 450
/* SPDX-License-Identifier: MIT */
layout(binding = 0) uniform sampler2D image;
layout(location = 0) in vec4 shade; /* coordinates in xy */
layout(location = 0) out vec4 target;
void main()
{
    target = texture(image, shade.xy);
}
