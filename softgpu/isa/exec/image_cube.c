/* SPDX-License-Identifier: MIT */
#include "softgpu/isa/exec/image_cube.h"

#include <math.h>

static void direction_of(int face, double s, double t, double out[3])
{
    const double directions[6][3] = {{1, -t, -s}, {-1, -t, s}, {s, 1, t},
                                     {s, -1, -t}, {s, -t, 1},  {-s, -t, -1}};

    for (unsigned i = 0; i < 3; i++)
        out[i] = directions[face][i];
}

static int face_of(const double d[3])
{
    if (fabs(d[0]) >= fabs(d[1]) && fabs(d[0]) >= fabs(d[2]))
        return d[0] < 0;
    if (fabs(d[1]) >= fabs(d[2]))
        return 2 + (d[1] < 0);
    return 4 + (d[2] < 0);
}

static bool project(int face, const double d[3], double out_point[2])
{
    const double points[6][2] = {{-d[2], -d[1]}, {d[2], -d[1]}, {d[0], d[2]},
                                 {d[0], -d[2]},  {d[0], -d[1]}, {-d[0], -d[1]}};
    const double major = face % 2 ? -d[face / 2] : d[face / 2];

    if (!(major > 0))
        return false;
    out_point[0] = points[face][0] / major;
    out_point[1] = points[face][1] / major;
    return true;
}

bool isa_cube_point_on(int face, double s, double t, int other_face, double out_point[2])
{
    double direction[3];

    direction_of(face, s, t, direction);
    return project(other_face, direction, out_point);
}

void isa_cube_cross_edge(int size, int *face, int *x, int *y)
{
    double direction[3], point[2] = {0};

    direction_of(*face, (2 * *x + 1.0) / size - 1, (2 * *y + 1.0) / size - 1, direction);
    *face = face_of(direction);
    project(*face, direction, point); /* the face is the one that is in front */
    *x = (int)floor((point[0] + 1) / 2 * size);
    *y = (int)floor((point[1] + 1) / 2 * size);
}
