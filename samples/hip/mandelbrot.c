/* SPDX-License-Identifier: MIT
 * The Mandelbrot set as a picture: mandelbrot [FILE.png] */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const unsigned width = 960, height = 720, limit = 200;
static const float left = -2.2f, top = 1.2f, pixel = 2.4f / 720.0f;

static unsigned escape_count(unsigned column, unsigned row)
{
    float cx = fmaf((float)column, pixel, left), cy = fmaf((float)row, -pixel, top);
    float x = 0.0f, y = 0.0f;
    unsigned count = 0;

    while (count < limit && fmaf(x, x, y * y) <= 4.0f) {
        float next = fmaf(x, x, fmaf(-y, y, cx));
        y = fmaf(2.0f * x, y, cy);
        x = next;
        count++;
    }
    return count;
}

static void shade(unsigned count, uint8_t rgb[3])
{
    float t = sqrtf((float)count / (float)limit);

    if (count == limit) {
        rgb[0] = rgb[1] = rgb[2] = 0;
        return;
    }
    rgb[0] = (uint8_t)(255.0f * fminf(1.0f, 3.0f * t * t));
    rgb[1] = (uint8_t)(255.0f * t);
    rgb[2] = (uint8_t)(255.0f * (0.35f + 0.65f * sinf(3.0f * t)));
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "mandelbrot.png";
    const size_t pixels = (size_t)width * height;
    unsigned *counts = malloc(pixels * sizeof *counts), differ = 0;
    uint8_t *rgb = malloc(pixels * 3);
    struct {
        void *counts;
        unsigned width, height;
        float left, top, pixel;
        unsigned limit;
    } args = {sample_zeroed(pixels * sizeof *counts), width, height, left, top, pixel, limit};

    sample_launch(sample_kernel("mandelbrot"), width / 16, height / 16, 16, 16, &args, sizeof args);
    sample_download(counts, args.counts, pixels * sizeof *counts);
    for (size_t i = 0; i < pixels; i++) {
        differ += counts[i] != escape_count((unsigned)(i % width), (unsigned)(i / width));
        shade(counts[i], rgb + 3 * i);
    }
    if (differ) {
        fprintf(stderr, "mandelbrot: %u pixels differ from the CPU's\n", differ);
        return 1;
    }
    printf("mandelbrot: %u x %u pixels equal the CPU's\n", width, height);
    sample_png_write(path, width, height, rgb);
    return 0;
}
