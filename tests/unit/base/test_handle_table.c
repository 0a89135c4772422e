/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/handle_table.h"
#include "tests/unit/random.h"

static char objects[70000]; /* only their addresses count */

static void lowest_number_first(void **state)
{
    struct handle_table table;
    uint32_t handle;

    (void)state;
    handle_table_init(&table, 1, UINT32_MAX);
    assert_null(handle_table_find(&table, 0));
    assert_null(handle_table_find(&table, 1));
    for (uint32_t i = 0; i < 70000; i++) {
        assert_true(rw_ok(handle_table_take(&table, &objects[i], &handle)));
        assert_int_equal(handle, i + 1);
    }
    assert_ptr_equal(handle_table_find(&table, 65537), &objects[65536]);
    assert_ptr_equal(handle_table_give_back(&table, 5000), &objects[4999]);
    assert_ptr_equal(handle_table_give_back(&table, 63), &objects[62]);
    assert_null(handle_table_give_back(&table, 63));
    assert_null(handle_table_find(&table, 63));
    assert_true(rw_ok(handle_table_take(&table, objects, &handle)));
    assert_int_equal(handle, 63);
    assert_true(rw_ok(handle_table_take(&table, objects, &handle)));
    assert_int_equal(handle, 5000);
    assert_true(rw_ok(handle_table_take(&table, objects, &handle)));
    assert_int_equal(handle, 70001);
    handle_table_finish(&table);
}

static void limit_is_kept(void **state)
{
    struct handle_table table;
    uint32_t handle;

    (void)state;
    handle_table_init(&table, 0, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(rw_ok(handle_table_take(&table, objects, &handle)));
    assert_int_equal(handle_table_take(&table, objects, &handle).err, ENOSPC);
    assert_non_null(handle_table_give_back(&table, 0));
    assert_true(rw_ok(handle_table_take(&table, objects, &handle)));
    assert_int_equal(handle, 0);
    handle_table_finish(&table);
}

static void replace_keeps_the_number(void **state)
{
    struct handle_table table;
    uint32_t handle;

    (void)state;
    handle_table_init(&table, 1, 10);
    assert_null(handle_table_replace(&table, 1, &objects[1]));
    assert_true(rw_ok(handle_table_take(&table, &objects[0], &handle)));
    assert_ptr_equal(handle_table_replace(&table, handle, &objects[1]), &objects[0]);
    assert_ptr_equal(handle_table_find(&table, handle), &objects[1]);
    handle_table_finish(&table);
}

/* Against a plain array that is searched from its start. */
static void agrees_with_an_array(void **state)
{
    enum { SPAN = 6000 };
    static void *model[SPAN];

    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct handle_table table;
        uint64_t random = seed;
        uint32_t base = seed & 1, lowest = 0;

        handle_table_init(&table, base, SPAN);
        memset(model, 0, sizeof model);
        for (int i = 0; i < 30000; i++) {
            uint32_t handle, at = (uint32_t)random_below(&random, SPAN);
            unsigned bias = i < 15000 ? 6 : 3; /* fill, then drain */

            if (random_below(&random, 10) < bias) {
                rw_status s = handle_table_take(&table, &objects[i], &handle);
                for (lowest = 0; lowest < SPAN && model[lowest];)
                    lowest++;
                assert_int_equal(s.err, lowest < SPAN ? 0 : ENOSPC);
                if (lowest < SPAN) {
                    assert_int_equal(handle, base + lowest);
                    model[lowest] = &objects[i];
                }
            } else {
                assert_ptr_equal(handle_table_give_back(&table, base + at), model[at]);
                model[at] = NULL;
            }
            assert_ptr_equal(handle_table_find(&table, base + at), model[at]);
        }
        uint32_t handle = 0, count = 0;
        for (; handle_table_at_or_above(&table, &handle); handle++, count++)
            assert_ptr_equal(handle_table_find(&table, handle), model[handle - base]);
        assert_int_equal(count, table.count);
        handle_table_finish(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lowest_number_first),
        cmocka_unit_test(limit_is_kept),
        cmocka_unit_test(replace_keeps_the_number),
        cmocka_unit_test(agrees_with_an_array),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
