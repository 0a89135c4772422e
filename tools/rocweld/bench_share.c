/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "tools/rocweld/bench.h"

enum { STEADY = 10000 }; /* buffers from which on what is asked for once no longer shows */

/* key of the JSON, heading */
#define COLUMNS(X)                                                                                 \
    X(calls, "calls")                                                                              \
    X(fds_made, "fds")                                                                             \
    X(fds_held, "held")                                                                            \
    X(gem_objects, "GEM")                                                                          \
    X(kfd_objects, "KFD")                                                                          \
    X(mapped_bytes, "KiB")                                                                         \
    X(us, "us")                                                                                    \
    X(undo_calls, "undo")

/* The two directions, and what the one-VM way should need of each for a buffer, in the steady
 * state. A private graphics buffer needs two calls once; closing is shared by many, hence a bit
 * more. */
static const struct direction {
    const char *key, *title;
    double goal_calls, goal_fds_held, goal_gem;
} directions[] = {
    {"to_graphics", "compute allocations used by graphics", 0, 0, 0},
    {"to_compute", "graphics buffers used by compute", 2.1, 0, 0},
};
enum { DIRECTIONS = sizeof directions / sizeof directions[0] };

/* For one buffer; NAN when it was not measured. */
static double each_of(const json_t *numbers, const struct direction *direction, size_t row,
                      const char *key)
{
    const json_t *object = json_array_get(json_object_get(numbers, direction->key), row);
    double buffers = json_number_value(json_object_get(object, "buffers"));
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) && buffers > 0 ? json_number_value(value) / buffers : NAN;
}

static bool reached(const json_t *weld, const struct direction *direction, size_t row)
{
    return each_of(weld, direction, row, "calls") <= direction->goal_calls &&
           each_of(weld, direction, row, "fds_held") <= direction->goal_fds_held &&
           each_of(weld, direction, row, "gem_objects") <= direction->goal_gem;
}

static int buffers_of(const json_t *numbers, const struct direction *direction, size_t row)
{
    const json_t *object = json_array_get(json_object_get(numbers, direction->key), row);

    return (int)json_integer_value(json_object_get(object, "buffers"));
}

static void print_way(const char *name, const json_t *numbers, const struct direction *direction,
                      size_t row)
{
    printf("%9d  %-7s", buffers_of(numbers, direction, row), name);
#define PRINT_COLUMN(key, heading)                                                                 \
    printf("%9.2f", each_of(numbers, direction, row, #key) /                                       \
                        (heading[0] == 'K' && heading[1] == 'i' ? 1024 : 1));
    COLUMNS(PRINT_COLUMN)
#undef PRINT_COLUMN
}

static void print_direction(const struct bench_share *share, const struct direction *direction)
{
    size_t rows = json_array_size(json_object_get(share->weld, direction->key));

    printf("\n%s, for each buffer:\n%9s  %-7s", direction->title, "buffers", "way");
#define PRINT_HEADING(key, heading) printf("%9s", heading);
    COLUMNS(PRINT_HEADING)
#undef PRINT_HEADING
    putchar('\n');
    for (size_t row = 0; row < rows; row++) {
        print_way("one VM", share->weld, direction, row);
        if (buffers_of(share->weld, direction, row) == STEADY)
            printf("   %s (goal: %g calls, no fds, no GEM objects)",
                   reached(share->weld, direction, row) ? "ok  " : "MISS", direction->goal_calls);
        putchar('\n');
        if (!share->dmabuf)
            continue;
        print_way("DMABuf", share->dmabuf, direction, row);
        printf("   %.1fx the time\n", each_of(share->dmabuf, direction, row, "us") /
                                          each_of(share->weld, direction, row, "us"));
    }
}

void bench_share_print(const struct bench_share *share)
{
    printf("calls: system calls; fds: descriptors made, and held afterwards; GEM, KFD: objects; "
           "KiB: mapped a\nsecond time; undo: system calls to end it. A graphics job that uses "
           "them asks the same both ways.\n");
    for (int i = 0; i < DIRECTIONS; i++)
        print_direction(share, &directions[i]);
}

static json_t *number_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *way_to_json(const json_t *numbers, const struct direction *direction, size_t row)
{
    json_t *object = json_object();

#define COLUMN_TO_JSON(key, heading)                                                               \
    json_object_set_new(object, #key, number_or_null(each_of(numbers, direction, row, #key)));
    COLUMNS(COLUMN_TO_JSON)
#undef COLUMN_TO_JSON
    return object;
}

json_t *bench_share_to_json(const struct bench_share *share)
{
    json_t *object = json_object(), *results = json_array(), *measured = json_object();

    for (int i = 0; i < DIRECTIONS; i++) {
        const struct direction *direction = &directions[i];
        size_t rows = json_array_size(json_object_get(share->weld, direction->key));

        for (size_t row = 0; row < rows; row++) {
            json_t *result = json_object();
            int buffers = buffers_of(share->weld, direction, row);

            json_object_set_new(result, "name", json_string(direction->title));
            json_object_set_new(result, "buffers", json_integer(buffers));
            json_object_set_new(result, "one_vm_each", way_to_json(share->weld, direction, row));
            json_object_set_new(result, "dmabuf_each", way_to_json(share->dmabuf, direction, row));
            if (buffers == STEADY) {
                json_object_set_new(result, "goal", json_real(direction->goal_calls));
                json_object_set_new(result, "reached",
                                    json_boolean(reached(share->weld, direction, row)));
            }
            json_array_append_new(results, result);
        }
    }
    if (share->weld)
        json_object_set(measured, "one_vm", share->weld);
    if (share->dmabuf)
        json_object_set(measured, "dmabuf", share->dmabuf);
    json_object_set_new(object, "rocweld", json_string(ROCWELD_VERSION));
    json_object_set_new(object, "results", results);
    json_object_set_new(object, "measured", measured);
    return object;
}
