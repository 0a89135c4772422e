/* SPDX-License-Identifier: MIT
 *
 * What samplers do with coordinates outside of an image (SQ_IMG_SAMP's CLAMP_X and so on).
 *
 * Thread safety: pure functions.
 */
#ifndef SOFTGPU_ISA_EXEC_IMAGE_WRAP_H
#define SOFTGPU_ISA_EXEC_IMAGE_WRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/isa/exec/image.h"

enum { IMAGE_OUTSIDE = -1 };

static inline int image_mirror(int64_t index)
{
    return (int)(index < 0 ? -1 - index : index);
}

/* Index of a texel along an axis of `size`, or IMAGE_OUTSIDE. */
static inline int image_wrap_index(enum isa_wrap wrap, int64_t index, uint32_t size)
{
    int64_t last = (int64_t)size - 1, n;

    switch (wrap) {
    case ISA_WRAP_REPEAT:
        n = index % (int64_t)size;
        return (int)(n < 0 ? n + (int64_t)size : n);
    case ISA_WRAP_MIRROR:
        n = index % (2 * (int64_t)size);
        if (n < 0)
            n += 2 * (int64_t)size;
        return (int)(n > last ? 2 * (int64_t)size - 1 - n : n);
    case ISA_WRAP_MIRROR_ONCE:
        index = image_mirror(index);
        return (int)(index > last ? last : index);
    case ISA_WRAP_MIRROR_ONCE_HALF_BORDER:
    case ISA_WRAP_MIRROR_ONCE_BORDER:
        index = image_mirror(index);
        return index > last ? IMAGE_OUTSIDE : (int)index;
    case ISA_WRAP_HALF_BORDER:
    case ISA_WRAP_BORDER:
        return index < 0 || index > last ? IMAGE_OUTSIDE : (int)index;
    default:
        return (int)(index < 0 ? 0 : index > last ? last : index);
    }
}

/* Half of the border's outermost texels is in reach of filters, and nothing of it without one:
 * OpenGL's CLAMP and MIRROR_CLAMP_EXT. */
static inline float image_half_border_clamp(float at, float least, float most, bool linear)
{
    const float inside = linear ? 0 : 0.5f;

    return at < least ? least + inside : at > most - inside ? most - inside : at;
}

#endif
