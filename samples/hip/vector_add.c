/* SPDX-License-Identifier: MIT
 * The smallest of all: c = a + b. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned n = 1000003;
    float *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), *c = malloc(n * sizeof *c);

    for (unsigned i = 0; i < n; i++) {
        a[i] = sample_noise(i);
        b[i] = sample_noise(i + n);
    }
    struct {
        void *a, *b, *c;
        unsigned n;
    } args = {sample_upload(a, n * sizeof *a), sample_upload(b, n * sizeof *b),
              sample_zeroed(n * sizeof *c), n};
    sample_launch(sample_kernel("vector_add"), (n + 255) / 256, 1, 256, 1, &args, sizeof args);
    sample_download(c, args.c, n * sizeof *c);
    for (unsigned i = 0; i < n; i++)
        sample_expect_near("vector_add", i, c[i], a[i] + b[i], 0);
    printf("vector_add: %u sums equal the CPU's\n", n);
    return 0;
}
