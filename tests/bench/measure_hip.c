/* SPDX-License-Identifier: MIT
 * Measures the HIP stack on device 0: measure_hip KERNEL_DIR, the folder with <gpu>/<kernel>.co. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "measure.h"
#include "measure_kernel.h"

static void run(hipFunction_t kernel, unsigned gx, unsigned gy, unsigned bx, unsigned by,
                void *args, size_t bytes)
{
    void *config[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, args, HIP_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                      HIP_LAUNCH_PARAM_END};

    MEASURE_HIP(hipModuleLaunchKernel(kernel, gx, gy, 1, bx, by, 1, 0, NULL, NULL, config));
    MEASURE_HIP(hipStreamSynchronize(NULL));
}

static void measure_launches(const char *folder)
{
    static double seconds[MEASURE_LAUNCHES];
    hipFunction_t empty = measure_kernel_load(folder, "empty");
    char nothing[8] = {0};

    for (int i = -MEASURE_WARM_UP; i < MEASURE_LAUNCHES; i++) {
        double begin = measure_now();
        run(empty, 1, 1, 64, 1, nothing, sizeof nothing);
        if (i >= 0)
            seconds[i] = measure_now() - begin;
    }
    measure_print_launches(seconds, MEASURE_LAUNCHES);
}

static void *device_zeros(size_t bytes)
{
    void *p;

    MEASURE_HIP(hipMalloc(&p, bytes));
    MEASURE_HIP(hipMemset(p, 0, bytes));
    return p;
}

static void measure_kernels(const char *folder)
{
    const unsigned n = MEASURE_MATMUL_N;
    const size_t matrix = sizeof(float) * n * n, vector = sizeof(float) * MEASURE_SAXPY_N;
    hipFunction_t saxpy = measure_kernel_load(folder, "saxpy"),
                  matmul = measure_kernel_load(folder, "matmul");
    struct {
        float alpha;
        void *x, *y;
        unsigned n;
    } saxpy_args = {1.5f, device_zeros(vector), device_zeros(vector), MEASURE_SAXPY_N};
    struct {
        void *a, *b, *c;
        unsigned n;
    } matmul_args = {device_zeros(matrix), device_zeros(matrix), device_zeros(matrix), n};
    double best;

    MEASURE_BEST(best,
                 run(saxpy, MEASURE_SAXPY_N / 4 / 256, 1, 256, 1, &saxpy_args, sizeof saxpy_args));
    printf(", \"saxpy_gbps\": %.4f", measure_saxpy_gbps(best));
    MEASURE_BEST(best, run(matmul, n / 16, n / 16, 16, 16, &matmul_args, sizeof matmul_args));
    printf(", \"matmul_gflops\": %.4f", measure_matmul_gflops(best));
}

static void measure_copies(void)
{
    char *host = malloc(MEASURE_COPY_BYTES), *other = malloc(MEASURE_COPY_BYTES);
    void *device = device_zeros(MEASURE_COPY_BYTES);
    double best;

    memset(host, 1, MEASURE_COPY_BYTES);
    memset(other, 2, MEASURE_COPY_BYTES);
    MEASURE_BEST(best, memcpy(other, host, MEASURE_COPY_BYTES));
    printf(", \"memcpy_gbps\": %.3f", MEASURE_COPY_BYTES / best / 1e9);
    MEASURE_BEST(best,
                 MEASURE_HIP(hipMemcpy(device, host, MEASURE_COPY_BYTES, hipMemcpyHostToDevice)));
    printf(", \"upload_gbps\": %.3f", MEASURE_COPY_BYTES / best / 1e9);
    free(host);
    free(other);
}

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* The queues of the launches before are still open. */
static void measure_idle(void)
{
    struct timespec settle = {0, 300000000}, idle = {2, 0};
    double cpu, begin;

    nanosleep(&settle, NULL);
    cpu = cpu_seconds();
    begin = measure_now();
    nanosleep(&idle, NULL);
    printf(", \"idle_cpu_percent\": %.4f", 100.0 * (cpu_seconds() - cpu) / (measure_now() - begin));
}

int main(int argc, char **argv)
{
    double begin = measure_now(), init;

    if (argc != 2) {
        fprintf(stderr, "usage: measure_hip KERNEL_DIR\n");
        return 64;
    }
    MEASURE_HIP(hipInit(0));
    init = measure_now() - begin;
    printf("{");
    measure_launches(argv[1]);
    measure_kernels(argv[1]);
    measure_copies();
    measure_idle();
    printf(", \"init_ms\": %.3f}\n", 1e3 * init);
    return 0;
}
