/* SPDX-License-Identifier: MIT
 * Byte counts by LDS and memory atomics. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned n = 2000003;
    uint8_t *data = malloc(n);
    uint32_t want[256] = {0}, got[256];

    for (unsigned i = 0; i < n; i++) {
        float x = sample_noise(i);
        data[i] = (uint8_t)(x * x * 256.0f);
        want[data[i]]++;
    }
    struct {
        void *data, *bins;
        unsigned n;
    } args = {sample_upload(data, n), sample_zeroed(sizeof got), n};
    sample_launch(sample_kernel("histogram"), 72, 1, 256, 1, &args, sizeof args);
    sample_download(got, args.bins, sizeof got);
    for (unsigned i = 0; i < 256; i++)
        sample_expect_near("histogram", i, got[i], want[i], 0);
    printf("histogram: %u bytes counted in 256 bins as by the CPU\n", n);
    return 0;
}
