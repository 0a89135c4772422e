/* SPDX-License-Identifier: MIT
 * Times hsa_init, with whatever GPUs there are; without one the runtime comes up with CPUs only or
 * fails, and the time until then is what a run without GPU costs. */
#include <hsa/hsa.h>

#include "measure.h"

int main(void)
{
    double begin = measure_now(), took;
    hsa_status_t status = hsa_init();

    took = measure_now() - begin;
    printf("{\"init_ms\": %.3f, \"came_up\": %d}\n", 1e3 * took, status == HSA_STATUS_SUCCESS);
    if (status == HSA_STATUS_SUCCESS)
        hsa_shut_down();
    return 0;
}
