/* SPDX-License-Identifier: MIT
 *
 * `rocweld bench`: measuring programs (tests/bench/) run side by side, each seeing one stack, and
 * what their numbers say together. Ratios count; machines are noisy.
 */
#ifndef ROCWELD_TOOLS_BENCH_H
#define ROCWELD_TOOLS_BENCH_H

#include <jansson.h>
#include <stdbool.h>

/* Who measured. Each source's numbers are one JSON object. */
enum bench_source {
    BENCH_NO_GPU, /* HSA on this machine as it is */
    BENCH_HSA,    /* HSA on the target */
    BENCH_HIP,    /* HIP on the target */
    BENCH_OPENCL, /* OpenCL on the CPU: the peer */
    BENCH_SOURCE_COUNT,
};

extern const char *const bench_source_names[BENCH_SOURCE_COUNT];

struct bench_numbers {
    json_t *of[BENCH_SOURCE_COUNT]; /* owned; NULL = that program did not run */
};

void bench_print_table(const struct bench_numbers *numbers);
/* What bench_print_table() prints and the raw numbers, as JSON (a new reference). */
json_t *bench_to_json(const struct bench_numbers *numbers);

#endif
