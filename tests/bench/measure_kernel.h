/* SPDX-License-Identifier: MIT
 *
 * What the measuring programs share that use HIP: device 0, and rocweld's kernels for it.
 */
#ifndef ROCWELD_TESTS_BENCH_MEASURE_KERNEL_H
#define ROCWELD_TESTS_BENCH_MEASURE_KERNEL_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __HIP_PLATFORM_AMD__ 1
#include <hip/hip_runtime_api.h>

#define MEASURE_HIP(call) measure_hip_check((call), #call)

static inline void measure_hip_check(hipError_t error, const char *call)
{
    if (error == hipSuccess)
        return;
    fprintf(stderr, "%s: %s\n", call, hipGetErrorString(error));
    exit(1);
}

/* The kernel of FOLDER/<gpu>/<name>.co. */
static inline hipFunction_t measure_kernel_load(const char *folder, const char *name)
{
    hipDeviceProp_t properties;
    hipFunction_t function;
    hipModule_t module;
    char path[PATH_MAX];

    MEASURE_HIP(hipGetDeviceProperties(&properties, 0));
    snprintf(path, sizeof path, "%s/%.*s/%s.co", folder, (int)strcspn(properties.gcnArchName, ":"),
             properties.gcnArchName, name);
    MEASURE_HIP(hipModuleLoad(&module, path));
    MEASURE_HIP(hipModuleGetFunction(&function, module, name));
    return function;
}

#endif
