/* SPDX-License-Identifier: MIT
 *
 * What `rocweld bench` makes of measured numbers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/rocweld/bench.h"

static json_t *result_named(json_t *report, const char *name)
{
    json_t *results = json_object_get(report, "results"), *row;
    size_t i;

    json_array_foreach(results, i, row) if (!strcmp(json_string_value(json_object_get(row, "name")),
                                                    name)) return row;
    fail_msg("no row '%s'", name);
    return NULL;
}

static double number(json_t *row, const char *key)
{
    json_t *value = json_object_get(row, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void release(struct bench_numbers *numbers, json_t *report)
{
    for (int i = 0; i < BENCH_SOURCE_COUNT; i++)
        json_decref(numbers->of[i]);
    json_decref(report);
}

static void numbers_become_ratios_and_goals(void **state)
{
    struct bench_numbers numbers = {{
        [BENCH_NO_GPU] = json_pack("{s:f}", "init_ms", 10.0),
        [BENCH_HSA] = json_pack("{s:f}", "init_ms", 170.0),
        [BENCH_HIP] = json_pack("{s:f,s:f,s:f}", "launch_us_median", 4.0, "saxpy_gbps", 3.0,
                                "idle_cpu_percent", 0.25),
        [BENCH_OPENCL] = json_pack("{s:f,s:f}", "launch_us_median", 8.0, "saxpy_gbps", 12.0),
    }};
    json_t *report = bench_to_json(&numbers), *row;

    (void)state;
    row = result_named(report, "HSA start-up");
    assert_true(number(row, "difference") == 160.0);
    assert_true(json_is_false(json_object_get(row, "reached")));
    row = result_named(report, "empty kernel, median");
    assert_true(number(row, "ratio") == 0.5);
    assert_true(json_is_true(json_object_get(row, "reached")));
    row = result_named(report, "saxpy");
    assert_true(number(row, "ratio") == 0.25);
    assert_null(json_object_get(row, "goal"));
    row = result_named(report, "idle, queues open");
    assert_true(number(row, "value") == 0.25);
    assert_true(json_is_true(json_object_get(row, "reached")));
    release(&numbers, report);
}

static void what_was_not_measured_reaches_no_goal(void **state)
{
    struct bench_numbers numbers = {{[BENCH_NO_GPU] = json_pack("{s:f}", "init_ms", 10.0)}};
    json_t *report = bench_to_json(&numbers), *row = result_named(report, "HSA start-up");

    (void)state;
    assert_true(json_is_null(json_object_get(row, "value")));
    assert_true(json_is_null(json_object_get(row, "difference")));
    assert_true(json_is_false(json_object_get(row, "reached")));
    release(&numbers, report);
}

/* Numbers of one way; `calls` are those to make graphics buffers usable by compute. */
static json_t *share_numbers(int buffers, int calls)
{
    return json_pack("{s:[{s:i,s:i,s:i,s:i,s:f}],s:[{s:i,s:i,s:i,s:i,s:f}]}", "to_graphics",
                     "buffers", buffers, "calls", 0, "fds_held", 0, "gem_objects", 0, "us", 50.0,
                     "to_compute", "buffers", buffers, "calls", calls, "fds_held", 0, "gem_objects",
                     0, "us", 100.0);
}

static bool share_reached(json_t *report, const char *name)
{
    return json_is_true(json_object_get(result_named(report, name), "reached"));
}

static void sharing_is_judged_by_the_buffer(void **state)
{
    struct bench_share share = {share_numbers(10000, 20500), share_numbers(10000, 80000)};
    json_t *report = bench_share_to_json(&share), *row;

    (void)state;
    assert_true(share_reached(report, "compute allocations used by graphics"));
    assert_true(share_reached(report, "graphics buffers used by compute"));
    row = result_named(report, "graphics buffers used by compute");
    assert_true(number(json_object_get(row, "one_vm_each"), "calls") == 2.05);
    assert_true(number(json_object_get(row, "dmabuf_each"), "calls") == 8.0);
    json_decref(report);
    json_decref(share.weld);
    share.weld = share_numbers(10000, 30000);
    report = bench_share_to_json(&share);
    assert_false(share_reached(report, "graphics buffers used by compute"));
    json_decref(report);
    json_decref(share.weld);
    json_decref(share.dmabuf);
}

static void lookups_are_judged_at_a_million(void **state)
{
    json_t *numbers = json_pack("{s:[{s:i,s:{s:f},s:{s:f}},{s:i,s:{s:f},s:{s:f}}]}", "lookup",
                                "ranges", 1000, "index", "busy", 9e6, "locked", "busy", 1e6,
                                "ranges", 1000000, "index", "busy", 4e6, "locked", "busy", 2e6);
    json_t *report = bench_lookup_to_json(numbers), *results = json_object_get(report, "results");

    (void)state;
    assert_null(json_object_get(json_array_get(results, 0), "goal"));
    assert_true(number(json_array_get(results, 0), "ratio") == 9.0);
    assert_true(json_is_false(json_object_get(json_array_get(results, 1), "reached")));
    json_decref(report);
    json_decref(numbers);
}

static void graphics_has_ratios_and_gaps(void **state)
{
    struct bench_graphics graphics = {0};
    json_t *json, *results, *dispatch, *submission;

    (void)state;
    graphics.of[BENCH_VULKAN] = json_pack("{s:f}", "launch_us_median", 30.0);
    graphics.of[BENCH_VULKAN_CPU] = json_pack("{s:f}", "launch_us_median", 60.0);
    json = bench_graphics_to_json(&graphics);
    results = json_object_get(json, "results");
    submission = json_array_get(results, 0);
    dispatch = json_array_get(results, 2);
    assert_true(json_is_null(json_object_get(submission, "value")));
    assert_true(json_is_null(json_object_get(submission, "ratio")));
    assert_string_equal(json_string_value(json_object_get(dispatch, "peer")), "llvmpipe");
    assert_true(json_real_value(json_object_get(dispatch, "ratio")) == 0.5);
    json_decref(json);
    json_decref(graphics.of[BENCH_VULKAN]);
    json_decref(graphics.of[BENCH_VULKAN_CPU]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphics_has_ratios_and_gaps),
        cmocka_unit_test(numbers_become_ratios_and_goals),
        cmocka_unit_test(what_was_not_measured_reaches_no_goal),
        cmocka_unit_test(sharing_is_judged_by_the_buffer),
        cmocka_unit_test(lookups_are_judged_at_a_million),
    };
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
