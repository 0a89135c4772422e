/* SPDX-License-Identifier: MIT
 *
 * What the HIP programs of this folder share: they are ordinary HIP programs that know nothing of
 * rocweld. Each exits 0 when everything held, and prints the first thing that did not.
 */
#ifndef ROCWELD_TESTS_HIP_CHECK_H
#define ROCWELD_TESTS_HIP_CHECK_H

#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_OK(call)                                                                               \
    do {                                                                                           \
        hipError_t hip_ok_error = (call);                                                          \
        if (hip_ok_error != hipSuccess) {                                                          \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                          \
                    hipGetErrorString(hip_ok_error));                                              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold: ", __FILE__, __LINE__, #condition);          \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#endif
