/* SPDX-License-Identifier: MIT
 * A sum by a tree in LDS. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned n = 777777, groups = 60;
    float *in = malloc(n * sizeof *in), partial[60];
    double want = 0, got = 0;

    for (unsigned i = 0; i < n; i++) {
        in[i] = sample_noise(i);
        want += in[i];
    }
    struct {
        void *in, *partial;
        unsigned n;
    } args = {sample_upload(in, n * sizeof *in), sample_zeroed(sizeof partial), n};
    sample_launch(sample_kernel("reduce"), groups, 1, 256, 1, &args, sizeof args);
    sample_download(partial, args.partial, sizeof partial);
    for (unsigned i = 0; i < groups; i++)
        got += partial[i];
    sample_expect_near("reduce", 0, got, want, 1e-6);
    printf("reduce: the sum of %u numbers is %.3f, the CPU's %.3f\n", n, got, want);
    return 0;
}
