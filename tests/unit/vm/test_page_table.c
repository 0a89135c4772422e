/* SPDX-License-Identifier: MIT
 *
 * The page table against an array with a cell per page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "softgpu/vm/page_table.h"
#include "tests/unit/random.h"

#define RUNS 16

static void garbage_free(struct vm_garbage *list)
{
    for (struct vm_garbage *next; list; list = next) {
        next = list->next;
        free(list);
    }
}

/* Cells are pages, at strides that put range ends on, before and behind table borders. */
static void agrees_with_cells(void **state)
{
    enum { CELLS = 3000 };
    static const uint64_t bases[] = {0, 512 - 5, 512 * 512 - 100, UINT64_C(512) * 512 * 512 - 7,
                                     (UINT64_C(1) << 36) - CELLS};
    static const struct page_run *cells[CELLS];
    static struct page_run runs[RUNS];

    (void)state;
    for (size_t b = 0; b < sizeof bases / sizeof bases[0]; b++) {
        struct page_table table;
        struct vm_garbage *garbage = NULL;
        uint64_t random = b;

        assert_true(page_table_init(&table));
        for (int i = 0; i < CELLS; i++)
            cells[i] = NULL;
        for (int step = 0; step < 400; step++) {
            uint64_t first = random_below(&random, CELLS), last;
            uint64_t kind = random_below(&random, RUNS + 6);
            const struct page_run *run = kind < RUNS ? &runs[kind] : NULL;

            last = first + random_below(&random, CELLS - first);
            assert_true(page_table_reserve(&table, 1));
            page_table_set(&table, bases[b] + first, bases[b] + last, run, &garbage);
            for (uint64_t p = first; p <= last; p++)
                cells[p] = run;
            for (uint64_t p = 0; p < CELLS; p++)
                assert_ptr_equal(page_table_find(&table, bases[b] + p), cells[p]);
        }
        page_table_set(&table, bases[b], bases[b] + CELLS - 1, NULL, &garbage);
        for (uint64_t p = 0; p < CELLS; p++)
            assert_null(page_table_find(&table, bases[b] + p));
        garbage_free(garbage);
        page_table_finish(&table);
    }
}

/* A huge range costs few entries, whatever its ends. */
static void large_ranges(void **state)
{
    struct page_run whole = {0}, part = {0};
    struct vm_garbage *garbage = NULL;
    struct page_table table;
    uint64_t last_page = (UINT64_C(1) << 36) - 1;

    (void)state;
    assert_true(page_table_init(&table));
    assert_false(table.used);
    assert_true(page_table_reserve(&table, 2));
    page_table_set(&table, 0, last_page, NULL, &garbage);
    assert_false(table.used);
    page_table_set(&table, 0, last_page, &whole, &garbage);
    assert_true(table.used);
    assert_int_equal(table.stashed, 12);
    page_table_set(&table, 12345, last_page - 54321, &part, &garbage);
    assert_int_equal(table.stashed, 6);
    assert_ptr_equal(page_table_find(&table, 12344), &whole);
    assert_ptr_equal(page_table_find(&table, 12345), &part);
    assert_ptr_equal(page_table_find(&table, last_page / 2), &part);
    assert_ptr_equal(page_table_find(&table, last_page - 54321), &part);
    assert_ptr_equal(page_table_find(&table, last_page - 54320), &whole);
    page_table_set(&table, 0, last_page, NULL, &garbage);
    assert_null(page_table_find(&table, 12345));
    garbage_free(garbage);
    page_table_finish(&table);
}

static void empty_tables_go(void **state)
{
    struct page_run run = {0};
    struct vm_garbage *garbage = NULL;
    struct page_table table;
    int nodes = 0;

    (void)state;
    assert_true(page_table_init(&table));
    assert_true(page_table_reserve(&table, 1));
    page_table_set(&table, 1000, 1003, &run, &garbage);
    assert_null(garbage);
    page_table_set(&table, 1000, 1003, NULL, &garbage);
    for (struct vm_garbage *g = garbage; g; g = g->next)
        nodes++;
    assert_int_equal(nodes, PAGE_TABLE_LEVELS - 1);
    garbage_free(garbage);
    page_table_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_cells),
        cmocka_unit_test(large_ranges),
        cmocka_unit_test(empty_tables_go),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
