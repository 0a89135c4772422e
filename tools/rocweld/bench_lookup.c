/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "tools/rocweld/bench.h"

static const double goal_lookups = 5e6; /* a second, on one core, while another thread maps */
enum { GOAL_RANGES = 1000000 };

static double number_of(const json_t *row, const char *who, const char *key)
{
    const json_t *value = json_object_get(json_object_get(row, who), key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool row_has_goal(const json_t *row)
{
    return json_integer_value(json_object_get(row, "ranges")) == GOAL_RANGES;
}

static void print_row(const json_t *row)
{
    double busy = number_of(row, "index", "busy"), peer = number_of(row, "locked", "busy");

    printf("%9lld%11.2f%8.1f%11.2f%11.2f%11.2f%9.1f%13.2f%9.1fx",
           (long long)json_integer_value(json_object_get(row, "ranges")),
           number_of(row, "index", "quiet") / 1e6, 1e9 / number_of(row, "index", "quiet"),
           busy / 1e6, number_of(row, "index", "record") / 1e6,
           number_of(row, "index", "changes") / 1e6, number_of(row, "index", "bytes_per_range"),
           peer / 1e6, busy / peer);
    if (row_has_goal(row))
        printf("   %s (goal: %g busy)", busy >= goal_lookups ? "ok  " : "MISS", goal_lookups / 1e6);
    putchar('\n');
}

void bench_lookup_print(const json_t *numbers)
{
    const json_t *row;
    size_t i;

    printf(
        "Millions of lookups (and changes) a second of CPU time; busy: while another thread maps "
        "and unmaps\n\n");
    printf("%9s%11s%8s%11s%11s%11s%9s%13s%10s\n", "ranges", "quiet", "ns", "busy", "+ record",
           "changes", "B/range", "lock, busy", "ratio");
    json_array_foreach(json_object_get(numbers, "lookup"), i, row) print_row(row);
}

json_t *bench_lookup_to_json(json_t *numbers)
{
    json_t *object = json_object(), *results = json_array(), *row;
    size_t i;

    json_array_foreach(json_object_get(numbers, "lookup"), i, row)
    {
        double busy = number_of(row, "index", "busy"), peer = number_of(row, "locked", "busy");
        json_t *result = json_object();

        json_object_set(result, "ranges", json_object_get(row, "ranges"));
        json_object_set_new(result, "unit", json_string("lookups/s while another thread maps"));
        json_object_set_new(result, "value", json_real(busy));
        json_object_set_new(result, "peer", json_string("tree behind a lock"));
        json_object_set_new(result, "peer_value", json_real(peer));
        json_object_set_new(result, "ratio", json_real(busy / peer));
        if (row_has_goal(row)) {
            json_object_set_new(result, "goal", json_real(goal_lookups));
            json_object_set_new(result, "reached", json_boolean(busy >= goal_lookups));
        }
        json_array_append_new(results, result);
    }
    json_object_set_new(object, "rocweld", json_string(ROCWELD_VERSION));
    json_object_set_new(object, "results", results);
    json_object_set(object, "measured", numbers);
    return object;
}
