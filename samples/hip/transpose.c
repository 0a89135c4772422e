/* SPDX-License-Identifier: MIT
 * A matrix turned by tiles in LDS. */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const unsigned rows = 517, columns = 803;
    const size_t bytes = (size_t)rows * columns * sizeof(float);
    float *in = malloc(bytes), *out = malloc(bytes);

    for (unsigned i = 0; i < rows * columns; i++)
        in[i] = (float)i;
    struct {
        void *in, *out;
        unsigned rows, columns;
    } args = {sample_upload(in, bytes), sample_zeroed(bytes), rows, columns};
    sample_launch(sample_kernel("transpose"), (columns + 15) / 16, (rows + 15) / 16, 16, 16, &args,
                  sizeof args);
    sample_download(out, args.out, bytes);
    for (unsigned row = 0; row < rows; row++)
        for (unsigned column = 0; column < columns; column++)
            sample_expect_near("transpose", row, out[column * rows + row],
                               in[row * columns + column], 0);
    printf("transpose: %u x %u equal the CPU's\n", rows, columns);
    return 0;
}
