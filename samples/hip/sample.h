/* SPDX-License-Identifier: MIT
 *
 * What the samples share: error checks, loading a kernel for the GPU at hand, memory on the GPU,
 * launching, comparing, and writing a picture. Errors end the program with one line that says
 * what failed. One thread only.
 */
#ifndef ROCWELD_SAMPLES_SAMPLE_H
#define ROCWELD_SAMPLES_SAMPLE_H

#ifndef __HIP_PLATFORM_AMD__
#define __HIP_PLATFORM_AMD__ 1
#endif
#include <hip/hip_runtime_api.h>

#include <stddef.h>
#include <stdint.h>

#define SAMPLE_CHECK(call) sample_check((call), #call, __FILE__, __LINE__)
void sample_check(hipError_t error, const char *call, const char *file, int line);

/* Loads kernel `name` from its code object for device 0's GPU, lib/kernels/<gpu>/<name>.co beside
 * the program's folder; ROCWELD_KERNELS=DIR names another place. */
hipFunction_t sample_kernel(const char *name);

void *sample_upload(const void *data, size_t bytes); /* new device memory; freed by hipFree */
void *sample_zeroed(size_t bytes);
void sample_download(void *data, const void *device, size_t bytes);

/* Launches and waits. Sizes in workgroups and work items. `args`: the kernel's arguments one behind
 * the other, laid out as in a C struct. */
void sample_launch(hipFunction_t kernel, unsigned groups_x, unsigned groups_y, unsigned items_x,
                   unsigned items_y, void *args, size_t args_bytes);

/* A number in [0, 1) that depends on `index` alone. */
float sample_noise(uint32_t index);

/* Ends the program when |got - want| > tolerance * max(1, |want|). */
void sample_expect_near(const char *what, size_t index, double got, double want, double tolerance);

/* Writes 8-bit RGB pixels and says where. */
void sample_png_write(const char *path, unsigned width, unsigned height, const uint8_t *rgb);

#endif
