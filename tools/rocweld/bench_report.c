/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/bench.h"

#include <math.h>
#include <stdio.h>

const char *const bench_source_names[BENCH_SOURCE_COUNT] = {"no_gpu", "hsa", "hip", "opencl"};

enum comparison { ALONE, RATIO, DIFFERENCE };

/* One line of the report: a number, what it is compared with, and what it should be. */
struct bench_row {
    const char *name, *unit;
    enum bench_source source;
    const char *key;
    enum comparison comparison;
    enum bench_source peer_source;
    const char *peer_key, *peer_name;
    double goal; /* at most this, of the comparison's result; INFINITY = no goal */
};

static const struct bench_row rows[] = {
    {"HSA start-up", "ms", BENCH_HSA, "init_ms", DIFFERENCE, BENCH_NO_GPU, "init_ms",
     "without a GPU", 150},
    {"empty kernel, median", "us", BENCH_HIP, "launch_us_median", RATIO, BENCH_OPENCL,
     "launch_us_median", "PoCL", 1},
    {"empty kernel, p99", "us", BENCH_HIP, "launch_us_p99", RATIO, BENCH_OPENCL, "launch_us_p99",
     "PoCL", INFINITY},
    {"host to device copy", "GB/s", BENCH_HIP, "upload_gbps", RATIO, BENCH_HIP, "memcpy_gbps",
     "memcpy", INFINITY},
    {"saxpy", "GB/s", BENCH_HIP, "saxpy_gbps", RATIO, BENCH_OPENCL, "saxpy_gbps", "PoCL", INFINITY},
    {"matmul", "GFLOP/s", BENCH_HIP, "matmul_gflops", RATIO, BENCH_OPENCL, "matmul_gflops", "PoCL",
     INFINITY},
    {"idle, queues open", "% CPU", BENCH_HIP, "idle_cpu_percent", ALONE, BENCH_HIP, NULL, "", 1},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* NAN when it was not measured. */
static double number_of(const struct bench_numbers *numbers, enum bench_source source,
                        const char *key)
{
    const json_t *value = key ? json_object_get(numbers->of[source], key) : NULL;

    return json_is_number(value) ? json_number_value(value) : NAN;
}

struct bench_result {
    double value, peer, compared;
    bool has_goal, reached;
};

static struct bench_result evaluate(const struct bench_numbers *numbers,
                                    const struct bench_row *row)
{
    struct bench_result result = {
        .value = number_of(numbers, row->source, row->key),
        .peer = number_of(numbers, row->peer_source, row->peer_key),
        .has_goal = isfinite(row->goal),
    };

    switch (row->comparison) {
    case ALONE:
        result.compared = result.value;
        break;
    case RATIO:
        result.compared = result.value / result.peer;
        break;
    case DIFFERENCE:
        result.compared = result.value - result.peer;
        break;
    }
    result.reached = result.has_goal && result.compared <= row->goal;
    return result;
}

static void print_compared(const struct bench_row *row, const struct bench_result *result)
{
    if (isnan(result->compared) || row->comparison == ALONE)
        printf("%12s", "");
    else if (row->comparison == RATIO)
        printf("%11.3fx", result->compared);
    else
        printf("%+12.2f", result->compared);
}

static void print_row(const struct bench_row *row, const struct bench_result *result)
{
    printf("%-22s %-8s", row->name, row->unit);
    if (isnan(result->value))
        printf("%12s", "-");
    else
        printf("%12.3f", result->value);
    if (isnan(result->peer))
        printf("%12s %-14s", row->peer_key ? "-" : "", row->peer_name);
    else
        printf("%12.3f %-14s", result->peer, row->peer_name);
    print_compared(row, result);
    if (result->has_goal && !isnan(result->compared))
        printf("   %s (goal: %g)", result->reached ? "ok  " : "MISS", row->goal);
    putchar('\n');
}

void bench_print_table(const struct bench_numbers *numbers)
{
    printf("%-22s %-8s%12s%12s %-14s%12s\n", "", "", "GPU", "peer", "", "GPU:peer");
    for (int i = 0; i < ROW_COUNT; i++) {
        struct bench_result result = evaluate(numbers, &rows[i]);
        print_row(&rows[i], &result);
    }
}

static json_t *number_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *row_to_json(const struct bench_row *row, const struct bench_result *result)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", json_string(row->name));
    json_object_set_new(object, "unit", json_string(row->unit));
    json_object_set_new(object, "value", number_or_null(result->value));
    if (row->comparison != ALONE) {
        json_object_set_new(object, "peer", json_string(row->peer_name));
        json_object_set_new(object, "peer_value", number_or_null(result->peer));
        json_object_set_new(object, row->comparison == RATIO ? "ratio" : "difference",
                            number_or_null(result->compared));
    }
    if (result->has_goal) {
        json_object_set_new(object, "goal", json_real(row->goal));
        json_object_set_new(object, "reached", json_boolean(result->reached));
    }
    return object;
}

json_t *bench_to_json(const struct bench_numbers *numbers)
{
    json_t *object = json_object(), *list = json_array(), *raw = json_object();

    for (int i = 0; i < ROW_COUNT; i++) {
        struct bench_result result = evaluate(numbers, &rows[i]);
        json_array_append_new(list, row_to_json(&rows[i], &result));
    }
    for (int source = 0; source < BENCH_SOURCE_COUNT; source++)
        if (numbers->of[source])
            json_object_set(raw, bench_source_names[source], numbers->of[source]);
    json_object_set_new(object, "rocweld", json_string(ROCWELD_VERSION));
    json_object_set_new(object, "results", list);
    json_object_set_new(object, "measured", raw);
    return object;
}
