/* SPDX-License-Identifier: MIT
 * y = alpha x + y, with a grid smaller than the data. */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned n = 500009;
    const float alpha = 1.75f;
    float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y), *out = malloc(n * sizeof *out);

    for (unsigned i = 0; i < n; i++) {
        x[i] = sample_noise(i) - 0.5f;
        y[i] = sample_noise(~i);
    }
    struct {
        float alpha;
        void *x, *y;
        unsigned n;
    } args = {alpha, sample_upload(x, n * sizeof *x), sample_upload(y, n * sizeof *y), n};
    sample_launch(sample_kernel("saxpy"), 120, 1, 256, 1, &args, sizeof args);
    sample_download(out, args.y, n * sizeof *out);
    for (unsigned i = 0; i < n; i++)
        sample_expect_near("saxpy", i, out[i], fmaf(alpha, x[i], y[i]), 0);
    printf("saxpy: %u results equal the CPU's\n", n);
    return 0;
}
