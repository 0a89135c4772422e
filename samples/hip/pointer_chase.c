/* SPDX-License-Identifier: MIT
 * Linked lists whose nodes alternate between device memory and host memory, walked by the GPU: an
 * address is all that a node knows of the next one. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

struct node {
    struct node *next;
    uint64_t payload;
};

struct walk {
    uint64_t sum, length;
};

int main(void)
{
    const unsigned lists = 64, length = 400;
    const size_t half = (size_t)lists * length / 2;
    struct node *image = calloc(half, sizeof *image), *in_host, *in_device;
    struct node *heads[64];
    struct walk walks[64];

    SAMPLE_CHECK(hipHostMalloc((void **)&in_host, half * sizeof *in_host, hipHostMallocMapped));
    in_device = sample_zeroed(half * sizeof *in_device);
    for (unsigned list = 0; list < lists; list++) {
        size_t first = (size_t)list * length / 2;
        for (unsigned i = 0; i < length / 2; i++) { /* device, host, device, host, ... */
            size_t at = first + i;
            image[at] = (struct node){&in_host[at], 2 * i + list};
            in_host[at] =
                (struct node){i + 1 < length / 2 ? &in_device[at + 1] : NULL, 2 * i + 1 + list};
        }
        heads[list] = &in_device[first];
    }
    SAMPLE_CHECK(hipMemcpy(in_device, image, half * sizeof *image, hipMemcpyHostToDevice));
    struct {
        void *heads, *walks;
        unsigned lists, limit;
    } args = {sample_upload(heads, sizeof heads), sample_zeroed(sizeof walks), lists, 1000000};
    sample_launch(sample_kernel("pointer_chase"), 1, 1, 64, 1, &args, sizeof args);
    sample_download(walks, args.walks, sizeof walks);
    for (unsigned list = 0; list < lists; list++) {
        sample_expect_near("length", list, (double)walks[list].length, length, 0);
        sample_expect_near("sum", list, (double)walks[list].sum,
                           (double)length * (length - 1) / 2 + (double)length * list, 0);
    }
    printf("pointer_chase: %u lists of %u nodes in device and host memory\n", lists, length);
    return 0;
}
