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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_become_ratios_and_goals),
        cmocka_unit_test(what_was_not_measured_reaches_no_goal),
    };
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
