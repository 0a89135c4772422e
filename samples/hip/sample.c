/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <spng.h>

void sample_check(hipError_t error, const char *call, const char *file, int line)
{
    if (error == hipSuccess)
        return;
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, call, hipGetErrorString(error));
    exit(1);
}

static void kernel_path(const char *name, char *path, size_t size)
{
    const char *folder = getenv("ROCWELD_KERNELS");
    char program[PATH_MAX], gpu[256];
    hipDeviceProp_t prop;
    ssize_t length;

    SAMPLE_CHECK(hipGetDeviceProperties(&prop, 0));
    snprintf(gpu, sizeof gpu, "%s", prop.gcnArchName);
    gpu[strcspn(gpu, ":")] = '\0'; /* without :xnack-, :sramecc+ */
    if (folder && *folder) {
        snprintf(path, size, "%s/%s/%s.co", folder, gpu, name);
        return;
    }
    length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    for (int level = 0; level < 3; level++) { /* .../bin/samples/program -> ... */
        char *slash = strrchr(program, '/');
        if (slash)
            *slash = '\0';
    }
    snprintf(path, size, "%s/lib/kernels/%s/%s.co", program, gpu, name);
    if (access(path, R_OK) != 0)
        snprintf(path, size, "%s/lib/rocweld/kernels/%s/%s.co", program, gpu, name);
}

hipFunction_t sample_kernel(const char *name)
{
    char path[PATH_MAX + 300];
    hipFunction_t function;
    hipModule_t module;

    kernel_path(name, path, sizeof path);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "no kernel at %s; set ROCWELD_KERNELS to the folder of code objects\n",
                path);
        exit(1);
    }
    SAMPLE_CHECK(hipModuleLoad(&module, path));
    SAMPLE_CHECK(hipModuleGetFunction(&function, module, name));
    return function;
}

void *sample_zeroed(size_t bytes)
{
    void *device;

    SAMPLE_CHECK(hipMalloc(&device, bytes));
    SAMPLE_CHECK(hipMemset(device, 0, bytes));
    return device;
}

void *sample_upload(const void *data, size_t bytes)
{
    void *device;

    SAMPLE_CHECK(hipMalloc(&device, bytes));
    SAMPLE_CHECK(hipMemcpy(device, data, bytes, hipMemcpyHostToDevice));
    return device;
}

void sample_download(void *data, const void *device, size_t bytes)
{
    SAMPLE_CHECK(hipMemcpy(data, device, bytes, hipMemcpyDeviceToHost));
}

void sample_launch(hipFunction_t kernel, unsigned groups_x, unsigned groups_y, unsigned items_x,
                   unsigned items_y, void *args, size_t args_bytes)
{
    void *config[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, args, HIP_LAUNCH_PARAM_BUFFER_SIZE,
                      &args_bytes, HIP_LAUNCH_PARAM_END};

    SAMPLE_CHECK(hipModuleLaunchKernel(kernel, groups_x, groups_y, 1, items_x, items_y, 1, 0, NULL,
                                       NULL, config));
    SAMPLE_CHECK(hipDeviceSynchronize());
}

float sample_noise(uint32_t index)
{
    uint32_t x = index * 2654435761u + 0x9e3779b9u;

    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    x ^= x >> 16;
    return (float)(x >> 8) / 16777216.0f;
}

void sample_expect_near(const char *what, size_t index, double got, double want, double tolerance)
{
    if (fabs(got - want) <= tolerance * fmax(1.0, fabs(want)))
        return;
    fprintf(stderr, "%s: element %zu is %.9g, want %.9g\n", what, index, got, want);
    exit(1);
}

void sample_png_write(const char *path, unsigned width, unsigned height, const uint8_t *rgb)
{
    struct spng_ihdr header = {
        .width = width, .height = height, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    FILE *file = fopen(path, "wb");
    spng_ctx *png = spng_ctx_new(SPNG_CTX_ENCODER);

    if (!file || !png) {
        fprintf(stderr, "cannot write %s\n", path);
        exit(1);
    }
    spng_set_png_file(png, file);
    spng_set_ihdr(png, &header);
    int error =
        spng_encode_image(png, rgb, (size_t)width * height * 3, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    spng_ctx_free(png);
    if (fclose(file) != 0 || error) {
        fprintf(stderr, "cannot write %s: %s\n", path, spng_strerror(error));
        exit(1);
    }
    printf("picture: %s\n", path);
}
