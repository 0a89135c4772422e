/* SPDX-License-Identifier: MIT
 *
 * range_index against an array in which every cell stands for a stretch of addresses, and against
 * threads that read while it changes.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/range_index.h"
#include "tests/unit/random.h"

#define CELLS 3000

/* ---- One thread, against a model ---- */

/* The first address of a cell. The cells lie at the bottom, below and above the two ends of the
 * canonical hole, and at the top, so that the last one ends at 2^64 - 1. */
static uint64_t cell_start(unsigned cell)
{
    static const uint64_t corner[] = {0, (UINT64_C(1) << 47) - 4096 * (CELLS / 4),
                                      UINT64_C(0xffff800000000000),
                                      0 - UINT64_C(4096) * (CELLS / 4)};

    return corner[cell / (CELLS / 4)] + UINT64_C(4096) * (cell % (CELLS / 4));
}

static uint64_t cell_last(unsigned cell)
{
    return cell + 1 < CELLS ? cell_start(cell + 1) - 1 : UINT64_MAX;
}

struct model_range {
    unsigned first, end; /* cells */
    bool released;
};

struct model {
    struct range_index *index;
    struct model_range *cells[CELLS];
    size_t ranges, values, released;
    struct {
        unsigned first, end;
    } gone[64]; /* ranges that were taken out: mappings often come back */
    uint64_t seed;
};

static size_t released_values;

static void value_release(void *value)
{
    struct model_range *range = value;

    assert_false(range->released);
    range->released = true;
    released_values++;
    free(range);
}

static struct model_range *model_value(struct model *m, unsigned first, unsigned end)
{
    struct model_range *range = malloc(sizeof *range);

    assert_non_null(range);
    *range = (struct model_range){first, end, false};
    m->values++;
    return range;
}

static void model_set(struct model *m, struct model_range *range)
{
    for (unsigned cell = range->first; cell < range->end; cell++)
        m->cells[cell] = range;
    m->ranges++;
}

static void model_clear(struct model *m, unsigned first, unsigned end)
{
    for (unsigned cell = first; cell < end; cell++)
        m->cells[cell] = NULL;
    m->ranges--;
}

static void assert_entry(bool found, const struct range_index_entry *entry,
                         const struct model_range *expected)
{
    assert_int_equal(found, expected != NULL);
    if (!expected)
        return;
    assert_ptr_equal(entry->value, expected);
    assert_true(entry->start == cell_start(expected->first));
    assert_true(entry->last == cell_last(expected->end - 1));
}

static void model_insert_at(struct model *m, unsigned first, unsigned end)
{
    bool free_cells = true;

    for (unsigned cell = first; cell < end; cell++)
        free_cells = free_cells && !m->cells[cell];
    struct model_range *range = model_value(m, first, end);
    rw_status status = range_index_insert(m->index, cell_start(first), cell_last(end - 1), range);
    assert_int_equal(status.err, free_cells ? 0 : EEXIST);
    if (rw_ok(status)) {
        model_set(m, range);
    } else {
        free(range);
        m->values--;
    }
}

static void model_insert(struct model *m)
{
    unsigned first = (unsigned)random_below(&m->seed, CELLS);
    unsigned end = first + 1 + (unsigned)random_below(&m->seed, random_below(&m->seed, 8) ? 2 : 40);

    model_insert_at(m, first, end > CELLS ? CELLS : end);
}

static void model_return(struct model *m)
{
    unsigned which = (unsigned)random_below(&m->seed, sizeof m->gone / sizeof m->gone[0]);

    if (m->gone[which].end > 0)
        model_insert_at(m, m->gone[which].first, m->gone[which].end);
}

static void model_remove(struct model *m)
{
    unsigned cell = (unsigned)random_below(&m->seed, CELLS);
    unsigned which = (unsigned)random_below(&m->seed, sizeof m->gone / sizeof m->gone[0]);
    struct model_range *range = m->cells[cell];
    struct range_index_entry removed;
    rw_status status = range_index_remove(m->index, cell_start(cell), &removed);

    if (!range || range->first != cell) {
        assert_int_equal(status.err, ENOENT);
        return;
    }
    assert_int_equal(status.err, 0);
    assert_entry(true, &removed, range);
    m->gone[which].first = range->first;
    m->gone[which].end = range->end;
    model_clear(m, range->first, range->end);
}

/* Cuts a hole, which may leave zero, one or two ends, or puts a new value in the place of all. */
static void model_replace(struct model *m)
{
    struct model_range *range = m->cells[random_below(&m->seed, CELLS)], *parts[2];
    struct range_index_entry entries[2];
    unsigned count = 0, first, end, hole, hole_end;

    if (!range)
        return;
    first = range->first;
    end = range->end;
    hole = first + (unsigned)random_below(&m->seed, end - first + 1);
    hole_end = hole + (unsigned)random_below(&m->seed, end - hole + 1);
    if (hole > first)
        parts[count++] = model_value(m, first, hole);
    if (hole_end < end)
        parts[count++] = model_value(m, hole_end, end);
    for (unsigned i = 0; i < count; i++)
        entries[i] = (struct range_index_entry){cell_start(parts[i]->first),
                                                cell_last(parts[i]->end - 1), parts[i]};
    assert_int_equal(range_index_replace(m->index, cell_start(first), entries, count).err, 0);
    model_clear(m, first, end);
    for (unsigned i = 0; i < count; i++)
        model_set(m, parts[i]);
}

static void model_compare(struct model *m)
{
    unsigned cell = (unsigned)random_below(&m->seed, CELLS), at;
    uint64_t address = random_below(&m->seed, 2) ? cell_start(cell) : cell_last(cell);
    struct model_range *here = m->cells[cell], *near;
    struct range_index_entry entry;
    bool found;

    found = range_index_find(m->index, address, &entry);
    assert_entry(found, &entry, here);
    for (near = here, at = cell; !near && at + 1 < CELLS;)
        near = m->cells[++at];
    found = range_index_first_from(m->index, address, &entry);
    assert_entry(found, &entry, near);
    for (near = NULL, at = here ? here->end : cell + 1; !near && at < CELLS; at++)
        near = m->cells[at];
    found = range_index_above(m->index, address, &entry);
    /* A range that starts at the last address of a cell does not exist. */
    assert_entry(found, &entry, near);
    for (near = NULL, at = here ? here->first : cell; !near && at > 0;)
        near = m->cells[--at];
    found = range_index_below(m->index, address, &entry);
    assert_entry(found, &entry, near);
}

static void model_walk(struct model *m)
{
    struct range_index_entry entry = {.last = 0};
    uint64_t from = 0;
    unsigned cell = 0;
    size_t ranges = 0;

    while (range_index_first_from(m->index, from, &entry)) {
        while (!m->cells[cell])
            cell++;
        assert_entry(true, &entry, m->cells[cell]);
        cell = m->cells[cell]->end;
        ranges++;
        if (entry.last == UINT64_MAX)
            break;
        from = entry.last + 1;
    }
    assert_int_equal(ranges, m->ranges);
    assert_int_equal(range_index_count(m->index), ranges);
    assert_true(range_index_is_valid(m->index));
}

static void agrees_with_a_naive_model(void **state)
{
    struct model m = {.index = range_index_create(value_release), .seed = 20};

    (void)state;
    released_values = 0;
    for (unsigned step = 0; step < 120000; step++) {
        /* Fills for a while, then empties, so that nodes split and merge. */
        bool filling = step / 10000 % 2 == 0;
        uint64_t choice = random_below(&m.seed, 10);

        if (choice < (filling ? 5 : 1))
            model_insert(&m);
        else if (choice < (filling ? 6 : 3))
            model_return(&m);
        else if (choice < 8)
            model_remove(&m);
        else
            model_replace(&m);
        model_compare(&m);
        if (step % 500 == 0)
            model_walk(&m);
    }
    range_index_reclaim(m.index);
    assert_int_equal(released_values, m.values - m.ranges);
    range_index_destroy(m.index);
    assert_int_equal(released_values, m.values);
}

static void refuses_what_is_no_range(void **state)
{
    struct range_index *index = range_index_create(NULL);
    struct range_index_entry entry, parts[3] = {{10, 12, NULL}, {15, 19, NULL}, {20, 20, NULL}};

    (void)state;
    assert_int_equal(range_index_insert(index, 10, 9, NULL).err, EINVAL);
    assert_int_equal(range_index_insert(index, 10, 20, NULL).err, 0);
    assert_int_equal(range_index_insert(index, 20, 30, NULL).err, EEXIST);
    assert_int_equal(range_index_insert(index, 0, 10, NULL).err, EEXIST);
    assert_int_equal(range_index_insert(index, 12, 13, NULL).err, EEXIST);
    assert_int_equal(range_index_insert(index, 0, UINT64_MAX, NULL).err, EEXIST);
    assert_int_equal(range_index_remove(index, 11, NULL).err, ENOENT);
    assert_int_equal(range_index_replace(index, 11, parts, 1).err, ENOENT);
    assert_int_equal(range_index_replace(index, 10, parts, 4).err, EINVAL);
    parts[2].last = 21; /* beyond the end */
    assert_int_equal(range_index_replace(index, 10, parts, 3).err, EINVAL);
    parts[2].last = 20;
    parts[1].start = 12; /* overlaps the one before */
    assert_int_equal(range_index_replace(index, 10, parts, 3).err, EINVAL);
    parts[1].start = 15;
    assert_int_equal(range_index_replace(index, 10, parts, 3).err, 0);
    assert_int_equal(range_index_count(index), 3);
    assert_false(range_index_find(index, 13, &entry));
    assert_true(range_index_find(index, 12, &entry));
    assert_true(entry.start == 10 && entry.last == 12);
    range_index_destroy(index);
}

static void holds_the_whole_address_space(void **state)
{
    struct range_index *index = range_index_create(NULL);
    struct range_index_entry entry;

    (void)state;
    assert_false(range_index_find(index, 0, &entry));
    assert_false(range_index_first_from(index, 0, &entry));
    assert_int_equal(range_index_insert(index, 0, UINT64_MAX, NULL).err, 0);
    assert_true(range_index_find(index, 0, &entry));
    assert_true(range_index_find(index, UINT64_MAX, &entry));
    assert_false(range_index_above(index, 0, &entry));
    assert_false(range_index_below(index, UINT64_MAX, &entry));
    assert_int_equal(range_index_remove(index, 0, NULL).err, 0);
    assert_int_equal(range_index_insert(index, UINT64_MAX, UINT64_MAX, NULL).err, 0);
    assert_int_equal(range_index_insert(index, 0, 0, NULL).err, 0);
    assert_true(range_index_above(index, 0, &entry));
    assert_true(entry.start == UINT64_MAX);
    assert_true(range_index_below(index, UINT64_MAX, &entry));
    assert_true(entry.start == 0);
    assert_false(range_index_find(index, UINT64_MAX - 1, &entry));
    range_index_destroy(index);
}

/* Mapping upwards, downwards or at random: the nodes stay reasonably full, and give way when the
 * ranges do. */
static void fills_nodes_in_every_order(void **state)
{
    enum { RANGES = 30000 };
    struct range_index_stats full, empty;

    (void)state;
    for (int order = 0; order < 3; order++) {
        struct range_index *index = range_index_create(NULL);

        for (uint64_t i = 0; i < RANGES; i++) {
            uint64_t at = order == 0 ? i : order == 1 ? RANGES - 1 - i : i * 7919 % RANGES;

            assert_int_equal(range_index_insert(index, at << 12, (at << 12) + 4095, NULL).err, 0);
        }
        range_index_stats_read(index, &full);
        assert_true(range_index_is_valid(index));
        assert_true(full.nodes * full.node_size < RANGES * 24 * 2);
        for (uint64_t i = 0; i < RANGES; i++)
            if (i % 64 != 0)
                assert_int_equal(range_index_remove(index, i << 12, NULL).err, 0);
        range_index_stats_read(index, &empty);
        assert_true(range_index_is_valid(index));
        assert_true(empty.nodes < full.nodes / 8);
        for (uint64_t i = 0; i < RANGES; i += 64)
            assert_int_equal(range_index_remove(index, i << 12, NULL).err, 0);
        range_index_stats_read(index, &empty);
        assert_int_equal(empty.nodes, 1);
        assert_int_equal(empty.height, 1);
        range_index_destroy(index);
    }
}

/* ---- Many threads ---- */

enum { SLOTS = 1024, READERS = 3, CHANGES = 60000 };

/* Slot i is 16 pages at i << 16. Every fourth is always there; they are cut and made whole in one
 * step, so that their first page always is. The others come and go. */
struct slot_value {
    uint64_t start, last;
    atomic_int alive;
};

static void slot_release(void *value)
{
    struct slot_value *slot = value;

    atomic_store(&slot->alive, 0);
    free(slot);
}

static struct slot_value *slot_value_create(uint64_t start, uint64_t last)
{
    struct slot_value *value = malloc(sizeof *value);

    assert_non_null(value);
    value->start = start;
    value->last = last;
    atomic_init(&value->alive, 1);
    return value;
}

static void slot_insert(struct range_index *index, uint64_t slot, unsigned pages)
{
    uint64_t start = slot << 16, last = start + pages * UINT64_C(4096) - 1;

    assert_true(rw_ok(range_index_insert(index, start, last, slot_value_create(start, last))));
}

struct reading {
    struct range_index *index;
    atomic_bool stop;
    atomic_ulong errors, answers;
};

static bool entry_is_sound(const struct range_index_entry *entry, uint64_t address)
{
    const struct slot_value *value = entry->value;

    return entry->start <= address && entry->last >= address && value->start == entry->start &&
           value->last == entry->last && atomic_load(&((struct slot_value *)value)->alive) == 1;
}

static bool walk_is_sound(const struct range_index *index)
{
    struct range_index_entry entry;
    uint64_t from = 0, slot = 0; /* the next of the slots that are always there */

    while (range_index_first_from(index, from, &entry)) {
        if (entry.start >> 16 == slot)
            slot += 4;
        if (entry.start >> 16 > slot ||
            !entry_is_sound(&entry, entry.start < from ? from : entry.start))
            return false;
        from = entry.last + 1;
    }
    return slot == SLOTS;
}

static void *read_until_stopped(void *argument)
{
    struct reading *reading = argument;
    uint64_t seed = (uintptr_t)&seed;
    unsigned long answers = 0;

    while (!atomic_load_explicit(&reading->stop, memory_order_relaxed)) {
        uint64_t slot = random_below(&seed, SLOTS), page = random_below(&seed, 16);
        uint64_t address = slot << 16 | page << 12;
        struct range_index_entry entry;

        range_index_enter(reading->index);
        if (range_index_find(reading->index, address, &entry)) {
            answers++;
            if (!entry_is_sound(&entry, address))
                atomic_fetch_add(&reading->errors, 1);
        } else if (slot % 4 == 0 && page == 0) {
            atomic_fetch_add(&reading->errors, 1);
        }
        if (answers % 512 == 0 && !walk_is_sound(reading->index))
            atomic_fetch_add(&reading->errors, 1);
        range_index_leave();
    }
    atomic_fetch_add(&reading->answers, answers);
    return NULL;
}

static void slot_toggle(struct range_index *index, uint64_t slot, uint64_t *seed)
{
    uint64_t start = slot << 16, cut = start + (1 + random_below(seed, 15)) * 4096;
    struct range_index_entry entry, parts[2];

    if (!range_index_find(index, start, &entry)) {
        slot_insert(index, slot, 1 + (unsigned)random_below(seed, 16));
    } else if (slot % 4 != 0) {
        assert_true(rw_ok(range_index_remove(index, start, NULL)));
    } else if (entry.last == start + 0xffff) {
        parts[0] = (struct range_index_entry){start, cut - 1, slot_value_create(start, cut - 1)};
        parts[1] =
            (struct range_index_entry){cut, start + 0xffff, slot_value_create(cut, start + 0xffff)};
        assert_true(rw_ok(range_index_replace(index, start, parts, 2)));
    } else {
        struct range_index_entry tail;

        assert_true(range_index_find(index, start + 0xffff, &tail));
        assert_true(rw_ok(range_index_remove(index, tail.start, NULL)));
        parts[0] =
            (struct range_index_entry){start, entry.last, slot_value_create(start, entry.last)};
        assert_true(rw_ok(range_index_replace(index, start, parts, 1)));
        assert_true(rw_ok(range_index_insert(index, tail.start, tail.last,
                                             slot_value_create(tail.start, tail.last))));
    }
}

static void readers_never_see_a_torn_answer(void **state)
{
    struct reading reading = {.index = range_index_create(slot_release)};
    pthread_t threads[READERS];
    uint64_t seed = 7;

    (void)state;
    for (uint64_t slot = 0; slot < SLOTS; slot += 4)
        slot_insert(reading.index, slot, 16);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_until_stopped, &reading), 0);
    for (unsigned i = 0; i < CHANGES; i++)
        slot_toggle(reading.index, random_below(&seed, SLOTS), &seed);
    atomic_store(&reading.stop, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&reading.errors), 0);
    assert_true(atomic_load(&reading.answers) > 0);
    assert_true(range_index_is_valid(reading.index));
    range_index_destroy(reading.index);
}

/* ---- A reader that stays ---- */

struct stay {
    struct range_index *index;
    pthread_barrier_t barrier;
    bool sound;
};

static void *read_one_for_long(void *argument)
{
    struct stay *stay = argument;
    struct range_index_entry entry;

    range_index_enter(stay->index);
    stay->sound = range_index_find(stay->index, 0, &entry);
    pthread_barrier_wait(&stay->barrier); /* found */
    pthread_barrier_wait(&stay->barrier); /* it has been removed, and much else */
    stay->sound = stay->sound && entry_is_sound(&entry, 0);
    range_index_leave();
    return NULL;
}

static void writer_does_not_wait_for_a_reader(void **state)
{
    struct stay stay = {.index = range_index_create(slot_release)};
    struct range_index_stats stats;
    pthread_t thread;

    (void)state;
    pthread_barrier_init(&stay.barrier, NULL, 2);
    slot_insert(stay.index, 0, 16);
    assert_int_equal(pthread_create(&thread, NULL, read_one_for_long, &stay), 0);
    pthread_barrier_wait(&stay.barrier);
    assert_true(rw_ok(range_index_remove(stay.index, 0, NULL)));
    for (uint64_t i = 0; i < 5000; i++) {
        slot_insert(stay.index, i % 100, 1);
        assert_true(rw_ok(range_index_remove(stay.index, i % 100 << 16, NULL)));
    }
    range_index_reclaim(stay.index);
    range_index_stats_read(stay.index, &stats);
    assert_true(stats.pending > 5000); /* the reader is still in */
    pthread_barrier_wait(&stay.barrier);
    pthread_join(thread, NULL);
    assert_true(stay.sound);
    range_index_reclaim(stay.index);
    range_index_stats_read(stay.index, &stats);
    assert_int_equal(stats.pending, 0);
    range_index_destroy(stay.index);
    pthread_barrier_destroy(&stay.barrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_naive_model),
        cmocka_unit_test(refuses_what_is_no_range),
        cmocka_unit_test(holds_the_whole_address_space),
        cmocka_unit_test(fills_nodes_in_every_order),
        cmocka_unit_test(readers_never_see_a_torn_answer),
        cmocka_unit_test(writer_does_not_wait_for_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
