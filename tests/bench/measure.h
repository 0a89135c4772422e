/* SPDX-License-Identifier: MIT
 *
 * What the measuring programs share. Each measures one stack through its public API and prints one
 * JSON object, {"name": number, ...}; `rocweld bench` runs them side by side and forms the ratios,
 * which is what counts: machines are noisy. The names are the same in every program, so that
 * equal names compare:
 *
 *   launch_us_median, launch_us_p99   enqueue an empty kernel and wait for it, microseconds
 *   saxpy_gbps                        kernels/saxpy.cl, bytes read and written, 1e9 bytes/s
 *   matmul_gflops                     kernels/matmul.cl, 1e9 floating-point operations/s
 *   upload_gbps, memcpy_gbps          host to device copy; memcpy of the same size
 *   init_ms                           bringing the runtime up
 *   idle_cpu_percent                  of one core, while a queue is held open and nothing runs
 */
#ifndef ROCWELD_TESTS_BENCH_MEASURE_H
#define ROCWELD_TESTS_BENCH_MEASURE_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    MEASURE_LAUNCHES = 2000,
    MEASURE_WARM_UP = 50,
    MEASURE_SAXPY_N = 4 << 20,
    MEASURE_MATMUL_N = 512,
    MEASURE_COPY_BYTES = 64 << 20,
    MEASURE_REPEATS = 5, /* the best of so many counts */
};

static inline double measure_now(void) /* seconds */
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int measure_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Sorts `seconds` and prints the launch latencies. */
static inline void measure_print_launches(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, measure_compare);
    printf("\"launch_us_median\": %.3f, \"launch_us_p99\": %.3f", 1e6 * seconds[count / 2],
           1e6 * seconds[count * 99 / 100]);
}

/* Runs `body` MEASURE_REPEATS times and keeps the shortest time in `best`. */
#define MEASURE_BEST(best, body)                                                                   \
    do {                                                                                           \
        (best) = 1e30;                                                                             \
        for (int measure_i = 0; measure_i < MEASURE_REPEATS; measure_i++) {                        \
            double measure_begin = measure_now();                                                  \
            body;                                                                                  \
            double measure_took = measure_now() - measure_begin;                                   \
            if (measure_took < (best))                                                             \
                (best) = measure_took;                                                             \
        }                                                                                          \
    } while (0)

static inline double measure_saxpy_gbps(double seconds)
{
    return 3.0 * sizeof(float) * MEASURE_SAXPY_N / seconds / 1e9;
}

static inline double measure_matmul_gflops(double seconds)
{
    double n = MEASURE_MATMUL_N;

    return 2.0 * n * n * n / seconds / 1e9;
}

#endif
