#version 450
/* SPDX-License-Identifier: MIT
 * Water lit from the upper left, by the slope of its surface. All that the shader knows of the
 * heights is an address. */
#extension GL_EXT_buffer_reference : require

layout(local_size_x = 8, local_size_y = 8) in;
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Heights { float at[]; };
layout(push_constant) uniform Push { Heights heights; } push;
layout(binding = 0, rgba8) writeonly uniform image2D picture;

float height(ivec2 at, ivec2 size)
{
    at = clamp(at, ivec2(0), size - 1);
    return push.heights.at[at.y * size.x + at.x];
}

bool wall(ivec2 at, ivec2 size)
{
    int slit = size.y / 24, low = size.y * 5 / 12, high = size.y * 7 / 12;

    return at.x >= size.x / 3 && at.x < size.x / 3 + 4 && abs(at.y - low) >= slit &&
           abs(at.y - high) >= slit;
}

void main()
{
    ivec2 size = imageSize(picture), at = ivec2(gl_GlobalInvocationID.xy);

    if (any(greaterThanEqual(at, size)))
        return;
    float here = height(at, size);
    vec3 normal = normalize(vec3(height(at - ivec2(1, 0), size) - height(at + ivec2(1, 0), size),
                                 height(at - ivec2(0, 1), size) - height(at + ivec2(0, 1), size),
                                 0.35));
    vec3 light = normalize(vec3(-0.5, -0.6, 0.8));
    float shine = pow(max(reflect(-light, normal).z, 0.0), 24.0);
    vec3 colour = mix(vec3(0.01, 0.09, 0.22), vec3(0.10, 0.55, 0.70), 0.5 + 0.9 * here);

    colour = colour * (0.35 + 0.8 * max(dot(normal, light), 0.0)) + vec3(1.0, 0.95, 0.85) * shine * 0.55;
    if (wall(at, size))
        colour = vec3(0.62, 0.52, 0.40);
    imageStore(picture, at, vec4(clamp(colour, 0.0, 1.0), 1.0));
}
