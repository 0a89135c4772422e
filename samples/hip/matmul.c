/* SPDX-License-Identifier: MIT
 * A matrix product by tiles in LDS. */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned n = 256;
    const size_t bytes = (size_t)n * n * sizeof(float);
    float *a = malloc(bytes), *b = malloc(bytes), *c = malloc(bytes);

    for (unsigned i = 0; i < n * n; i++) {
        a[i] = sample_noise(i) - 0.5f;
        b[i] = sample_noise(~i) - 0.5f;
    }
    struct {
        void *a, *b, *c;
        unsigned n;
    } args = {sample_upload(a, bytes), sample_upload(b, bytes), sample_zeroed(bytes), n};
    sample_launch(sample_kernel("matmul"), n / 16, n / 16, 16, 16, &args, sizeof args);
    sample_download(c, args.c, bytes);
    for (unsigned row = 0; row < n; row++)
        for (unsigned column = 0; column < n; column++) {
            float want = 0.0f; /* the same order of the same operations: the same bits */
            for (unsigned k = 0; k < n; k++)
                want = fmaf(a[row * n + k], b[k * n + column], want);
            sample_expect_near("matmul", row * n + column, c[row * n + column], want, 0);
        }
    printf("matmul: %u x %u equal the CPU's, bit by bit\n", n, n);
    return 0;
}
