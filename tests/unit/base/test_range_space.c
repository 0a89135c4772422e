/* SPDX-License-Identifier: MIT
 *
 * range_space against an array in which every number is a cell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/range_space.h"
#include "tests/unit/random.h"

#define CELLS 300
#define START 1000

struct taken {
    uint64_t start, size;
};

static uint64_t lowest_place(const bool *cells, uint64_t size, uint64_t align)
{
    for (uint64_t a = (START + align - 1) / align * align; a + size <= START + CELLS; a += align) {
        bool is_free = true;
        for (uint64_t b = a; b < a + size; b++)
            is_free &= !cells[b - START];
        if (is_free)
            return a;
    }
    return 0;
}

static void step(struct range_space *space, bool *cells, struct taken *taken, size_t *count,
                 uint64_t *random)
{
    if (random_below(random, 5) < 3 && *count < CELLS) {
        uint64_t size = 1 + random_below(random, 12), align = UINT64_C(1)
                                                              << random_below(random, 4);
        uint64_t expected = lowest_place(cells, size, align), start = 0;
        rw_status s = range_space_take(space, size, align, &start);

        assert_int_equal(s.err, expected ? 0 : ENOSPC);
        if (expected) {
            assert_int_equal(start, expected);
            taken[(*count)++] = (struct taken){start, size};
            memset(cells + (start - START), true, size);
        }
    } else if (*count) {
        size_t i = random_below(random, *count);

        range_space_give_back(space, taken[i].start, taken[i].size);
        memset(cells + (taken[i].start - START), false, taken[i].size);
        taken[i] = taken[--*count];
    }
}

static void agrees_with_cells(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct range_space space;
        bool cells[CELLS] = {false};
        struct taken taken[CELLS];
        size_t count = 0;
        uint64_t random = seed, used = 0;

        assert_true(rw_ok(range_space_init(&space, START, CELLS)));
        for (int i = 0; i < 3000; i++) {
            step(&space, cells, taken, &count, &random);
            assert_true(range_map_is_valid(&space.free));
        }
        for (int i = 0; i < CELLS; i++)
            used += cells[i];
        assert_int_equal(space.taken, used);
        while (count--)
            range_space_give_back(&space, taken[count].start, taken[count].size);
        /* Everything has merged into one range again, and no node is left over. */
        assert_int_equal(space.free.count, 1);
        assert_null(space.spare);
        assert_int_equal(space.taken, 0);
        range_space_finish(&space);
    }
}

static void whole_space(void **state)
{
    struct range_space space;
    uint64_t start;

    (void)state;
    assert_true(rw_ok(range_space_init(&space, 0, 4096)));
    assert_true(rw_ok(range_space_take(&space, 4096, 4096, &start)));
    assert_int_equal(start, 0);
    assert_int_equal(range_space_take(&space, 1, 1, &start).err, ENOSPC);
    range_space_give_back(&space, 0, 4096);
    range_space_finish(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_cells),
        cmocka_unit_test(whole_space),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
