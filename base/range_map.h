/* SPDX-License-Identifier: MIT
 *
 * Ranges of uint64 addresses that do not overlap, found by address in O(log n). Intrusive: a node
 * is a member of the caller's struct (range_map_entry() goes back), so inserting cannot run out
 * of memory. The tree is augmented with the largest range below each node, so that a map of free
 * space also answers "the lowest place for n bytes".
 *
 * A range is [start, last], both inclusive, so that one may end at 2^64 - 1.
 *
 * Ownership: the caller owns nodes and keeps them until removed. Thread safety: none; the
 * caller locks. Lookups do not write and may run side by side under a read lock.
 */
#ifndef ROCWELD_BASE_RANGE_MAP_H
#define ROCWELD_BASE_RANGE_MAP_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range_node {
    RB_ENTRY(range_node) link;
    uint64_t start, last; /* read-only for the caller while inserted */
    uint64_t widest;      /* largest (last - start) in this subtree */
};

struct range_map {
    struct range_node *rbh_root; /* the layout that sys/tree.h's macros work on */
    size_t count;
};

#define RANGE_MAP_INIT                      ((struct range_map){NULL, 0})

#define range_map_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

void range_map_init(struct range_map *map);

/* Inserts [start, last]. False, with nothing changed, when it overlaps a range of the map or
 * last < start. */
bool range_map_insert(struct range_map *map, struct range_node *node, uint64_t start,
                      uint64_t last);
void range_map_remove(struct range_map *map, struct range_node *node);

/* Makes `node` end before `at` and `tail` hold the rest: [at, old last]. `at` lies inside the
 * range and not at its start. */
void range_map_split(struct range_map *map, struct range_node *node, uint64_t at,
                     struct range_node *tail);
/* Moves the bounds of a range; false, with nothing changed, when it would meet a neighbour. */
bool range_map_resize(struct range_map *map, struct range_node *node, uint64_t start,
                      uint64_t last);

/* The range that covers `address`, or NULL. */
struct range_node *range_map_find(const struct range_map *map, uint64_t address);
/* The lowest range that overlaps [start, last], or NULL. */
struct range_node *range_map_first_in(const struct range_map *map, uint64_t start, uint64_t last);
/* The nearest range that ends below / starts above `address`, or NULL. */
struct range_node *range_map_below(const struct range_map *map, uint64_t address);
struct range_node *range_map_above(const struct range_map *map, uint64_t address);

struct range_node *range_map_first(const struct range_map *map);
struct range_node *range_map_next(struct range_node *node);
struct range_node *range_map_previous(struct range_node *node);

/* The lowest range that holds `size` > 0 bytes from a multiple of `align` (a power of two) on, and
 * that place. NULL when there is none. O(log n) when align is 1 or the ranges are so aligned. */
struct range_node *range_map_first_fit(const struct range_map *map, uint64_t size, uint64_t align,
                                       uint64_t *out_start);

/* Does every invariant of the tree hold? For tests. */
bool range_map_is_valid(const struct range_map *map);

#endif
