/* SPDX-License-Identifier: MIT
 * Two discs of bodies that pass each other, drawn with their traces: nbody [FILE.png] */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { bodies = 2048, steps = 60, side = 800 };
static const float step = 0.012f, softening = 0.02f;

struct vec4 {
    float x, y, z, w;
};

static void place_discs(struct vec4 *position, struct vec4 *velocity)
{
    for (unsigned i = 0; i < bodies; i++) {
        float which = i % 2 ? 1.0f : -1.0f;
        float radius = 0.08f + 0.75f * sqrtf(sample_noise(4 * i));
        float angle = 6.2831853f * sample_noise(4 * i + 1);
        float speed = 0.85f * sqrtf(radius / (radius + 0.25f));

        position[i] =
            (struct vec4){which * 1.1f + radius * cosf(angle), which * 0.35f + radius * sinf(angle),
                          0.05f * (sample_noise(4 * i + 2) - 0.5f), 1.6f / bodies};
        velocity[i] =
            (struct vec4){-speed * sinf(angle) - which * 0.35f, speed * cosf(angle), 0, 0};
    }
}

/* One step of one body on the CPU, in double precision. */
static struct vec4 reference_step(const struct vec4 *position, struct vec4 velocity, unsigned i)
{
    double a[3] = {0, 0, 0};
    struct vec4 p = position[i];

    for (unsigned j = 0; j < bodies; j++) {
        double dx = position[j].x - p.x, dy = position[j].y - p.y, dz = position[j].z - p.z;
        double square = dx * dx + dy * dy + dz * dz + softening;
        double pull = position[j].w / (square * sqrt(square));
        a[0] += dx * pull;
        a[1] += dy * pull;
        a[2] += dz * pull;
    }
    p.x += (float)(velocity.x + a[0] * step) * step;
    p.y += (float)(velocity.y + a[1] * step) * step;
    p.z += (float)(velocity.z + a[2] * step) * step;
    return p;
}

static void draw(float *light, const struct vec4 *position, float strength)
{
    for (unsigned i = 0; i < bodies; i++) {
        int x = (int)((position[i].x / 5.0f + 0.5f) * side);
        int y = (int)((position[i].y / 5.0f + 0.5f) * side);
        if (x >= 1 && x < side - 1 && y >= 1 && y < side - 1)
            light[(y * side + x) * 2 + i % 2] += strength;
    }
}

static void write_picture(const char *path, const float *light)
{
    uint8_t *rgb = malloc((size_t)side * side * 3);

    for (unsigned i = 0; i < side * side; i++) {
        float warm = 1.0f - expf(-light[2 * i]), cold = 1.0f - expf(-light[2 * i + 1]);
        rgb[3 * i] = (uint8_t)(255.0f * fminf(1.0f, warm + 0.25f * cold));
        rgb[3 * i + 1] = (uint8_t)(255.0f * fminf(1.0f, 0.6f * warm + 0.6f * cold));
        rgb[3 * i + 2] = (uint8_t)(255.0f * fminf(1.0f, 0.06f + 0.25f * warm + cold));
    }
    sample_png_write(path, side, side, rgb);
    free(rgb);
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "nbody.png";
    static struct vec4 position[bodies], velocity[bodies], next[bodies];
    float *light = calloc((size_t)side * side * 2, sizeof *light);
    hipFunction_t kernel = sample_kernel("nbody");
    struct {
        void *position, *velocity, *next;
        unsigned n;
        float step, softening;
    } args;

    place_discs(position, velocity);
    args.position = sample_upload(position, sizeof position);
    args.velocity = sample_upload(velocity, sizeof velocity);
    args.next = sample_zeroed(sizeof next);
    args.n = bodies;
    args.step = step;
    args.softening = softening;
    for (unsigned i = 0; i < steps; i++) {
        sample_launch(kernel, bodies / 256, 1, 256, 1, &args, sizeof args);
        sample_download(next, args.next, sizeof next);
        if (i == 0)
            for (unsigned body = 0; body < bodies; body += 7) {
                struct vec4 want = reference_step(position, velocity[body], body);
                sample_expect_near("x after a step", body, next[body].x, want.x, 1e-5);
                sample_expect_near("y after a step", body, next[body].y, want.y, 1e-5);
            }
        draw(light, next, i + 1 == steps ? 1.5f : 0.10f);
        void *swap = args.position;
        args.position = args.next;
        args.next = swap;
    }
    printf("nbody: %d bodies, %d steps; the first equals the CPU's\n", bodies, steps);
    write_picture(path, light);
    return 0;
}
