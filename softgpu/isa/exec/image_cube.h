/* SPDX-License-Identifier: MIT
 *
 * The geometry of cube images. Faces are +X, -X, +Y, -Y, +Z, -Z; a point of a face has two
 * coordinates from -1 to 1, more where the face's plane goes on (Vulkan 1.3, "Cube Map Face
 * Selection"; RDNA 2 ISA guide, V_CUBESC_F32 and its like).
 *
 * Thread safety: pure functions.
 */
#ifndef SOFTGPU_ISA_EXEC_IMAGE_CUBE_H
#define SOFTGPU_ISA_EXEC_IMAGE_CUBE_H

#include <stdbool.h>

/* The same point in the plane of another face; false: it lies beside or behind that. */
bool isa_cube_point_on(int face, double s, double t, int other_face, double out_point[2]);

/* Across an edge of a face of `size` texels: the face and texel there. */
void isa_cube_cross_edge(int size, int *face, int *x, int *y);

#endif
