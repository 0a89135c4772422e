/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "tools/rocweld/bench.h"

static const char *const source_names[BENCH_GRAPHICS_SOURCES] = {"cs", "vulkan", "vulkan_cpu",
                                                                 "one_vm", "external"};

/* A number, and the one that it is divided by. */
static const struct graphics_row {
    const char *name, *unit;
    enum bench_graphics_source source;
    const char *key;
    enum bench_graphics_source peer_source;
    const char *peer_key, *peer_name;
} rows[] = {
    {"empty submission, median", "us", BENCH_CS, "launch_us_median", BENCH_VULKAN,
     "launch_us_median", "Vulkan's"},
    {"empty submission, p99", "us", BENCH_CS, "launch_us_p99", BENCH_VULKAN, "launch_us_p99",
     "Vulkan's"},
    {"empty dispatch, median", "us", BENCH_VULKAN, "launch_us_median", BENCH_VULKAN_CPU,
     "launch_us_median", "llvmpipe"},
    {"empty dispatch, p99", "us", BENCH_VULKAN, "launch_us_p99", BENCH_VULKAN_CPU, "launch_us_p99",
     "llvmpipe"},
    {"image copy", "GB/s", BENCH_VULKAN, "image_copy_gbps", BENCH_VULKAN, "memcpy_gbps", "memcpy"},
    {"image copy", "GB/s", BENCH_VULKAN, "image_copy_gbps", BENCH_VULKAN_CPU, "image_copy_gbps",
     "llvmpipe"},
    {"HIP <-> Vulkan", "/s", BENCH_ONE_VM, "handovers_per_s", BENCH_EXTERNAL, "handovers_per_s",
     "external memory"},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* NAN when it was not measured. */
static double number_of(const struct bench_graphics *graphics, enum bench_graphics_source source,
                        const char *key)
{
    const json_t *value = json_object_get(graphics->of[source], key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double value_of(const struct bench_graphics *graphics, const struct graphics_row *row)
{
    return number_of(graphics, row->source, row->key);
}

static double peer_of(const struct bench_graphics *graphics, const struct graphics_row *row)
{
    return number_of(graphics, row->peer_source, row->peer_key);
}

static void print_number(double value)
{
    if (isnan(value))
        printf("%12s", "-");
    else
        printf("%12.3f", value);
}

void bench_graphics_print(const struct bench_graphics *graphics)
{
    printf("%-26s %-5s%12s%12s %-16s%11s\n", "", "", "GPU", "peer", "", "GPU:peer");
    for (int i = 0; i < ROW_COUNT; i++) {
        double value = value_of(graphics, &rows[i]), peer = peer_of(graphics, &rows[i]);

        printf("%-26s %-5s", rows[i].name, rows[i].unit);
        print_number(value);
        print_number(peer);
        printf(" %-16s", rows[i].peer_name);
        if (!isnan(value / peer))
            printf("%10.3fx", value / peer);
        putchar('\n');
    }
}

static json_t *number_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

json_t *bench_graphics_to_json(const struct bench_graphics *graphics)
{
    json_t *object = json_object(), *results = json_array(), *measured = json_object();

    for (int i = 0; i < ROW_COUNT; i++) {
        double value = value_of(graphics, &rows[i]), peer = peer_of(graphics, &rows[i]);
        json_t *result = json_object();

        json_object_set_new(result, "name", json_string(rows[i].name));
        json_object_set_new(result, "unit", json_string(rows[i].unit));
        json_object_set_new(result, "value", number_or_null(value));
        json_object_set_new(result, "peer", json_string(rows[i].peer_name));
        json_object_set_new(result, "peer_value", number_or_null(peer));
        json_object_set_new(result, "ratio", number_or_null(value / peer));
        json_array_append_new(results, result);
    }
    for (int i = 0; i < BENCH_GRAPHICS_SOURCES; i++)
        if (graphics->of[i])
            json_object_set(measured, source_names[i], graphics->of[i]);
    json_object_set_new(object, "rocweld", json_string(ROCWELD_VERSION));
    json_object_set_new(object, "results", results);
    json_object_set_new(object, "measured", measured);
    return object;
}
