/* SPDX-License-Identifier: MIT
 *
 * An ordinary OpenCL program: compiles its kernels on the GPU that it finds, and checks what they
 * compute. Exits 0 when everything held, and prints the first thing that did not.
 */
#define CL_TARGET_OPENCL_VERSION 200
#include <CL/cl.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call)                                                                                \
    do {                                                                                           \
        cl_int check_error = (call);                                                               \
        if (check_error != CL_SUCCESS) {                                                           \
            fprintf(stderr, "%s:%d: %s: error %d\n", __FILE__, __LINE__, #call, check_error);      \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

enum { COUNT = 100 * 256, GROUP = 256 };

static const char source[] =
    "kernel void saxpy(global float *y, global const float *x, float a)\n"
    "{ size_t i = get_global_id(0); y[i] = a * x[i] + y[i]; }\n"
    "kernel void group_sum(global const uint *in, global uint *sums, local uint *part)\n"
    "{\n"
    "    uint id = get_local_id(0);\n"
    "    part[id] = in[get_global_id(0)];\n"
    "    for (uint step = get_local_size(0) / 2; step > 0; step /= 2) {\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        if (id < step) part[id] += part[id + step];\n"
    "    }\n"
    "    if (id == 0) sums[get_group_id(0)] = part[0];\n"
    "}\n"
    "kernel void count_bits(global const uint *in, global uint *bins)\n"
    "{ atomic_inc(&bins[popcount(in[get_global_id(0)])]); }\n"
    "kernel void wide(global const int4 *in, global long4 *out)\n"
    "{\n"
    "    size_t i = get_global_id(0);\n"
    "    out[i] = convert_long4(in[i]) * convert_long4(in[i].wzyx) + (long4)(i, 1, 2, 3);\n"
    "}\n";

struct session {
    cl_context context;
    cl_command_queue queue;
    cl_program program;
};

static void build(struct session *session, cl_device_id device)
{
    const char *text = source;
    char log[4096] = "";
    cl_int error;

    session->program = clCreateProgramWithSource(session->context, 1, &text, NULL, &error);
    CHECK(error);
    error = clBuildProgram(session->program, 1, &device, "-cl-std=CL2.0", NULL, NULL);
    if (error != CL_SUCCESS) {
        clGetProgramBuildInfo(session->program, device, CL_PROGRAM_BUILD_LOG, sizeof log, log,
                              NULL);
        fprintf(stderr, "the kernels do not compile (%d):\n%s\n", error, log);
        exit(1);
    }
}

static void start(struct session *out_session)
{
    cl_queue_properties properties[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
    char name[128] = "";
    cl_platform_id platform;
    cl_device_id device;
    cl_int error;

    CHECK(clGetPlatformIDs(1, &platform, NULL));
    CHECK(clGetDeviceIDs(platform, CL_DEVICE_TYPE_GPU, 1, &device, NULL));
    CHECK(clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name, name, NULL));
    printf("device %s\n", name);
    out_session->context = clCreateContext(NULL, 1, &device, NULL, NULL, &error);
    CHECK(error);
    out_session->queue =
        clCreateCommandQueueWithProperties(out_session->context, device, properties, &error);
    CHECK(error);
    build(out_session, device);
}

static void stop(struct session *session)
{
    CHECK(clReleaseProgram(session->program));
    CHECK(clReleaseCommandQueue(session->queue));
    CHECK(clReleaseContext(session->context));
}

static cl_mem upload(struct session *session, void *data, size_t bytes)
{
    cl_int error;
    cl_mem buffer = clCreateBuffer(session->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                   bytes, data, &error);

    CHECK(error);
    return buffer;
}

static void download(struct session *session, cl_mem buffer, void *data, size_t bytes)
{
    CHECK(clEnqueueReadBuffer(session->queue, buffer, CL_TRUE, 0, bytes, data, 0, NULL, NULL));
    CHECK(clReleaseMemObject(buffer));
}

/* Takes the kernel away when it has run; its times must be in order. */
static void run(struct session *session, cl_kernel kernel, size_t items)
{
    size_t group = GROUP;
    cl_ulong begin, end;
    cl_event event;

    CHECK(clEnqueueNDRangeKernel(session->queue, kernel, 1, NULL, &items, &group, 0, NULL, &event));
    CHECK(clWaitForEvents(1, &event));
    CHECK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, NULL));
    CHECK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL));
    if (begin == 0 || end < begin) {
        fprintf(stderr, "a kernel ran from %llu ns to %llu ns\n", (unsigned long long)begin,
                (unsigned long long)end);
        exit(1);
    }
    CHECK(clReleaseEvent(event));
    CHECK(clReleaseKernel(kernel));
}

static cl_kernel kernel_with(struct session *session, const char *name, cl_mem first, cl_mem second)
{
    cl_int error;
    cl_kernel kernel = clCreateKernel(session->program, name, &error);

    CHECK(error);
    CHECK(clSetKernelArg(kernel, 0, sizeof first, &first));
    CHECK(clSetKernelArg(kernel, 1, sizeof second, &second));
    return kernel;
}

static void expect(const char *what, size_t index, double got, double want)
{
    if (got == want)
        return;
    fprintf(stderr, "%s[%zu] is %.17g, not %.17g\n", what, index, got, want);
    exit(1);
}

static void test_saxpy(struct session *session)
{
    static float x[COUNT], y[COUNT];
    float a = 3;
    cl_mem in, out;
    cl_kernel kernel;

    for (int i = 0; i < COUNT; i++) {
        x[i] = (float)i;
        y[i] = (float)(i % 7);
    }
    in = upload(session, x, sizeof x);
    out = upload(session, y, sizeof y);
    kernel = kernel_with(session, "saxpy", out, in);
    CHECK(clSetKernelArg(kernel, 2, sizeof a, &a));
    run(session, kernel, COUNT);
    download(session, out, y, sizeof y);
    CHECK(clReleaseMemObject(in));
    for (size_t i = 0; i < COUNT; i++)
        expect("saxpy", i, (double)y[i], 3.0 * (double)i + (double)(i % 7));
}

static void test_integers(struct session *session)
{
    static uint32_t values[COUNT], sums[COUNT / GROUP], bins[33], want_bins[33];
    cl_mem in, out, histogram;
    cl_kernel kernel;

    for (uint32_t i = 0; i < COUNT; i++) {
        values[i] = i * 2654435761u;
        want_bins[__builtin_popcount(values[i])]++;
    }
    in = upload(session, values, sizeof values);
    out = upload(session, sums, sizeof sums);
    histogram = upload(session, bins, sizeof bins);
    kernel = kernel_with(session, "group_sum", in, out);
    CHECK(clSetKernelArg(kernel, 2, GROUP * sizeof(uint32_t), NULL));
    run(session, kernel, COUNT);
    run(session, kernel_with(session, "count_bits", in, histogram), COUNT);
    download(session, out, sums, sizeof sums);
    download(session, histogram, bins, sizeof bins);
    CHECK(clReleaseMemObject(in));
    for (size_t group = 0; group < COUNT / GROUP; group++) {
        uint32_t want = 0;
        for (size_t i = 0; i < GROUP; i++)
            want += values[group * GROUP + i];
        expect("group_sum", group, sums[group], want);
    }
    for (size_t bin = 0; bin < 33; bin++)
        expect("count_bits", bin, bins[bin], want_bins[bin]);
}

static void test_vectors(struct session *session)
{
    static int32_t in[COUNT][4];
    static int64_t out[COUNT][4];
    cl_mem in_buffer, out_buffer;

    for (int32_t i = 0; i < COUNT; i++) {
        for (int32_t k = 0; k < 4; k++)
            in[i][k] = (i - COUNT / 2) * 65537 * (k + 1);
    }
    in_buffer = upload(session, in, sizeof in);
    out_buffer = upload(session, out, sizeof out);
    run(session, kernel_with(session, "wide", in_buffer, out_buffer), COUNT);
    download(session, out_buffer, out, sizeof out);
    CHECK(clReleaseMemObject(in_buffer));
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < 4; k++) {
            int64_t want = (int64_t)in[i][k] * in[i][3 - k] + (int64_t)(k ? k : i);
            if (out[i][k] == want)
                continue;
            fprintf(stderr, "wide[%zu][%zu] is %lld, not %lld\n", i, k, (long long)out[i][k],
                    (long long)want);
            exit(1);
        }
    }
}

int main(void)
{
    struct session session;

    start(&session);
    test_saxpy(&session);
    test_integers(&session);
    test_vectors(&session);
    stop(&session);
    printf("OpenCL kernels, local memory, atomics, vectors: ok\n");
    return 0;
}
