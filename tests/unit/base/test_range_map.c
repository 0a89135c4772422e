/* SPDX-License-Identifier: MIT
 *
 * range_map against an array in which every address is a cell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/range_map.h"
#include "tests/unit/random.h"

#define CELLS 512
#define NODES 64

struct model {
    struct range_map map;
    struct range_node nodes[NODES];
    int cells[CELLS]; /* node number + 1 */
    bool used[NODES];
};

static int unused_node(struct model *m)
{
    for (int i = 0; i < NODES; i++)
        if (!m->used[i])
            return i;
    return -1;
}

static bool cells_free(struct model *m, uint64_t start, uint64_t last, int except)
{
    for (uint64_t a = start; a <= last; a++)
        if (m->cells[a] && m->cells[a] != except)
            return false;
    return true;
}

static void cells_set(struct model *m, uint64_t start, uint64_t last, int value)
{
    for (uint64_t a = start; a <= last; a++)
        m->cells[a] = value;
}

static void try_insert(struct model *m, uint64_t *seed)
{
    uint64_t start = random_below(seed, CELLS), last = start + random_below(seed, 20);
    int i = unused_node(m);
    bool expected;

    if (i < 0 || last >= CELLS)
        return;
    expected = cells_free(m, start, last, 0);
    assert_int_equal(range_map_insert(&m->map, &m->nodes[i], start, last), expected);
    if (expected) {
        m->used[i] = true;
        cells_set(m, start, last, i + 1);
    }
}

static void try_remove(struct model *m, uint64_t *seed)
{
    uint64_t address = random_below(seed, CELLS);
    struct range_node *node = range_map_find(&m->map, address);

    assert_int_equal(node ? node - m->nodes + 1 : 0, m->cells[address]);
    if (node) {
        range_map_remove(&m->map, node);
        m->used[node - m->nodes] = false;
        cells_set(m, node->start, node->last, 0);
    }
}

static void try_split(struct model *m, uint64_t *seed)
{
    uint64_t at = random_below(seed, CELLS);
    struct range_node *node = range_map_find(&m->map, at);
    int i = unused_node(m);

    if (!node || i < 0 || node->start == at)
        return;
    cells_set(m, at, node->last, i + 1);
    m->used[i] = true;
    range_map_split(&m->map, node, at, &m->nodes[i]);
}

static void try_resize(struct model *m, uint64_t *seed)
{
    uint64_t start = random_below(seed, CELLS), last = start + random_below(seed, 30);
    struct range_node *node = range_map_first_in(&m->map, start, CELLS);
    int value;
    bool meets_neighbour = false;

    if (!node || last >= CELLS || last < node->start || start > node->last)
        return;
    value = (int)(node - m->nodes) + 1;
    meets_neighbour = !cells_free(m, start, last, value);
    uint64_t old_start = node->start, old_last = node->last;
    assert_int_equal(range_map_resize(&m->map, node, start, last), !meets_neighbour);
    if (!meets_neighbour) {
        cells_set(m, old_start, old_last, 0);
        cells_set(m, start, last, value);
    }
}

static void check_lookups(struct model *m, uint64_t *seed)
{
    uint64_t address = random_below(seed, CELLS), last = address + random_below(seed, 40);
    int first = 0, below = 0, above = 0;
    struct range_node *node;

    if (last >= CELLS)
        last = CELLS - 1;
    for (uint64_t a = address; a <= last && !first; a++)
        first = m->cells[a];
    node = range_map_first_in(&m->map, address, last);
    assert_int_equal(node ? node - m->nodes + 1 : 0, first);

    for (uint64_t a = address; a-- > 0 && !below;)
        if (m->cells[a] != m->cells[address])
            below = m->cells[a];
    node = range_map_below(&m->map, address);
    assert_int_equal(node ? node - m->nodes + 1 : 0, below);

    for (uint64_t a = address + 1; a < CELLS && !above; a++)
        if (m->cells[a] != m->cells[address] || !m->cells[address])
            above = m->cells[a];
    if (!m->cells[address]) {
        node = range_map_above(&m->map, address);
        assert_int_equal(node ? node - m->nodes + 1 : 0, above);
    }
}

static void check_first_fit(struct model *m, uint64_t *seed)
{
    uint64_t size = 1 + random_below(seed, 24), align = UINT64_C(1) << random_below(seed, 5);
    uint64_t place = 0, expected = CELLS;
    struct range_node *node = range_map_first_fit(&m->map, size, align, &place);

    for (uint64_t a = 0; a + size <= CELLS && expected == CELLS; a += align) {
        bool one = m->cells[a] != 0;
        for (uint64_t b = a; b < a + size; b++)
            one &= m->cells[b] == m->cells[a];
        if (one)
            expected = a;
    }
    assert_int_equal(node != NULL, expected < CELLS);
    if (node)
        assert_int_equal(place, expected);
}

static void agrees_with_cells(void **state)
{
    void (*const steps[])(struct model *, uint64_t *) = {try_insert, try_insert, try_remove,
                                                         try_split, try_resize};
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct model m = {.map = RANGE_MAP_INIT};
        uint64_t random = seed;

        for (int i = 0; i < 2000; i++) {
            steps[random_below(&random, 5)](&m, &random);
            assert_true(range_map_is_valid(&m.map));
            check_lookups(&m, &random);
            check_first_fit(&m, &random);
        }
    }
}

static void ends_of_the_address_space(void **state)
{
    struct range_map map = RANGE_MAP_INIT;
    struct range_node low, high, other;
    uint64_t place;

    (void)state;
    assert_true(range_map_insert(&map, &low, 0, 0));
    assert_true(range_map_insert(&map, &high, UINT64_MAX, UINT64_MAX));
    assert_false(range_map_insert(&map, &other, 5, 4));
    assert_false(range_map_insert(&map, &other, 0, UINT64_MAX));
    assert_ptr_equal(range_map_find(&map, UINT64_MAX), &high);
    assert_null(range_map_above(&map, UINT64_MAX));
    assert_ptr_equal(range_map_above(&map, 0), &high);
    assert_ptr_equal(range_map_below(&map, UINT64_MAX), &low);
    assert_null(range_map_below(&map, 0));
    assert_null(range_map_first_fit(&map, 2, 1, &place));
    assert_null(range_map_first_fit(&map, 0, 1, &place));
    /* Aligning up from the last address would wrap. */
    range_map_remove(&map, &low);
    assert_null(range_map_first_fit(&map, 1, 4096, &place));
    range_map_remove(&map, &high);
    assert_true(range_map_insert(&map, &other, 0, UINT64_MAX));
    assert_ptr_equal(range_map_first_fit(&map, UINT64_C(1) << 63, UINT64_C(1) << 63, &place),
                     &other);
    assert_int_equal(place, 0);
}

static void walks_in_order(void **state)
{
    enum { COUNT = 10000 };
    struct range_node *nodes = calloc(COUNT, sizeof *nodes);
    struct range_map map = RANGE_MAP_INIT;
    uint64_t random = 7, previous = 0;
    size_t inserted = 0, seen = 0;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        uint64_t start = random_below(&random, UINT64_C(1) << 40);
        inserted += range_map_insert(&map, &nodes[i], start, start + 4095);
    }
    assert_true(inserted > COUNT * 9 / 10);
    for (struct range_node *n = range_map_first(&map); n; n = range_map_next(n), seen++) {
        assert_true(n->start >= previous);
        previous = n->last;
        assert_ptr_equal(range_map_find(&map, n->start + 17), n);
    }
    assert_int_equal(seen, inserted);
    assert_true(range_map_is_valid(&map));
    free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_cells),
        cmocka_unit_test(ends_of_the_address_space),
        cmocka_unit_test(walks_in_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
