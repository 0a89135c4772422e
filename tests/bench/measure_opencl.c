/* SPDX-License-Identifier: MIT
 * Measures an OpenCL CPU device (PoCL) with the very sources that the GPU's code objects are made
 * of: measure_opencl SOURCE_DIR, the folder with <kernel>.cl and gpu.h. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <string.h>

#include "measure.h"

static cl_context context;
static cl_command_queue queue;
static cl_device_id device;

static void check(cl_int error, const char *what)
{
    if (error == CL_SUCCESS)
        return;
    fprintf(stderr, "%s: OpenCL error %d\n", what, error);
    exit(1);
}

static void open_device(void)
{
    cl_platform_id platforms[16];
    cl_uint count = 0;
    cl_int error;

    clGetPlatformIDs(16, platforms, &count);
    for (cl_uint i = 0; i < count && !device; i++)
        clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_CPU, 1, &device, NULL);
    if (!device) {
        fprintf(stderr, "no OpenCL CPU device; install pocl-opencl-icd\n");
        exit(1);
    }
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &error);
    check(error, "clCreateContext");
    queue = clCreateCommandQueue(context, device, 0, &error);
    check(error, "clCreateCommandQueue");
}

static char *read_source(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 16);

    if (!file || !text || fread(text, 1, (1 << 16) - 1, file) == 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

static cl_kernel load(const char *folder, const char *name)
{
    char path[4096], options[4096];
    char *source;
    cl_program program;
    cl_kernel kernel;
    cl_int error;

    snprintf(path, sizeof path, "%s/%s.cl", folder, name);
    snprintf(options, sizeof options, "-I %s", folder);
    source = read_source(path);
    program = clCreateProgramWithSource(context, 1, (const char **)&source, NULL, &error);
    check(error, "clCreateProgramWithSource");
    check(clBuildProgram(program, 1, &device, options, NULL, NULL), path);
    kernel = clCreateKernel(program, name, &error);
    check(error, name);
    free(source);
    return kernel;
}

static void run(cl_kernel kernel, size_t gx, size_t gy, size_t bx, size_t by)
{
    size_t global[2] = {gx * bx, gy * by}, local[2] = {bx, by};

    check(clEnqueueNDRangeKernel(queue, kernel, by > 1 ? 2 : 1, NULL, global, local, 0, NULL, NULL),
          "clEnqueueNDRangeKernel");
    check(clFinish(queue), "clFinish");
}

static cl_mem zeros(size_t bytes)
{
    void *host = calloc(1, bytes);
    cl_int error;
    cl_mem buffer = clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, bytes, host, &error);

    check(error, "clCreateBuffer");
    free(host);
    return buffer;
}

static void set_buffers(cl_kernel kernel, unsigned first, unsigned count, size_t bytes)
{
    for (unsigned i = first; i < first + count; i++) {
        cl_mem buffer = zeros(bytes);
        check(clSetKernelArg(kernel, i, sizeof buffer, &buffer), "clSetKernelArg");
    }
}

int main(int argc, char **argv)
{
    static double seconds[MEASURE_LAUNCHES];
    const cl_uint n = MEASURE_MATMUL_N, length = MEASURE_SAXPY_N;
    const float alpha = 1.5f;
    double best;

    if (argc != 2) {
        fprintf(stderr, "usage: measure_opencl SOURCE_DIR\n");
        return 64;
    }
    open_device();
    cl_kernel empty = load(argv[1], "empty"), saxpy = load(argv[1], "saxpy"),
              matmul = load(argv[1], "matmul");
    for (int i = -MEASURE_WARM_UP; i < MEASURE_LAUNCHES; i++) {
        double begin = measure_now();
        run(empty, 1, 1, 64, 1);
        if (i >= 0)
            seconds[i] = measure_now() - begin;
    }
    printf("{");
    measure_print_launches(seconds, MEASURE_LAUNCHES);

    check(clSetKernelArg(saxpy, 0, sizeof alpha, &alpha), "alpha");
    set_buffers(saxpy, 1, 2, sizeof(float) * length);
    check(clSetKernelArg(saxpy, 3, sizeof length, &length), "n");
    MEASURE_BEST(best, run(saxpy, MEASURE_SAXPY_N / 4 / 256, 1, 256, 1));
    printf(", \"saxpy_gbps\": %.4f", measure_saxpy_gbps(best));

    set_buffers(matmul, 0, 3, sizeof(float) * n * n);
    check(clSetKernelArg(matmul, 3, sizeof n, &n), "n");
    MEASURE_BEST(best, run(matmul, n / 16, n / 16, 16, 16));
    printf(", \"matmul_gflops\": %.4f}\n", measure_matmul_gflops(best));
    return 0;
}
