/* SPDX-License-Identifier: MIT
 *
 * Ranges of uint64 addresses that do not overlap, each with a value, for readers that never lock:
 * they look up addresses in O(log n) while one writer at a time changes the ranges. (range_map is
 * the smaller choice where everybody locks anyway.)
 *
 * A B+tree with wide nodes: a change becomes visible by one store, of a new node or, when a range
 * goes or comes back to where it was, of its value. A range is [start, last], both inclusive, so
 * that one may end at 2^64 - 1.
 *
 * Readers call inside a section, range_index_enter() ... range_index_leave(), and may use what
 * they found, and the value, until they leave it. Sections are short: while one is open, nothing
 * that was taken out since is freed. They nest, but only sections of the same index. Each answer of
 * find() is what the index said at one moment during the call. A walk, or below() and above(), may
 * take in changes made meanwhile: ranges that stay are found, of those that come or go some.
 *
 * Writers exclude each other by a lock of the caller's. They never wait for readers: old nodes and
 * values are kept until no section can hold them, and later changes free them, a bounded number
 * each time, without ever blocking.
 *
 * Ownership: the index owns the values in it, and gives each to `release` once nobody can hold it
 * any more, on a thread that changes or destroys the index; `release` must not call the index. A
 * value must be in the index at most once.
 *
 * Errors: EEXIST, ENOENT, EINVAL, ENOMEM as said below, without a message; then nothing has
 * changed.
 */
#ifndef ROCWELD_BASE_RANGE_INDEX_H
#define ROCWELD_BASE_RANGE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct range_index;

struct range_index_entry {
    uint64_t start, last;
    void *value;
};

/* `release` may be NULL. NULL when there is no memory. */
struct range_index *range_index_create(void (*release)(void *value));
/* Releases every value. No section is open and no call under way. NULL is fine. */
void range_index_destroy(struct range_index *index);

/* ---- Writers: one at a time ---- */

/* EEXIST: it overlaps a range of the index. EINVAL: last < start. On success the value is the
 * index's. */
RW_MUST_USE rw_status range_index_insert(struct range_index *index, uint64_t start, uint64_t last,
                                         void *value);

/* Takes out the range that starts at `start`; ENOENT: none does. The value is released later, not
 * before the next change; `out_removed`, if not NULL, gets what was there. Needs no memory beyond
 * what insertions have put by, so that it fails for no other reason. */
RW_MUST_USE rw_status range_index_remove(struct range_index *index, uint64_t start,
                                         struct range_index_entry *out_removed);

/* Puts up to RANGE_INDEX_PARTS ranges, in ascending order, in the place of the one that starts at
 * `start`, within its bounds, in one step for find(): a new value for a range, or what is left of
 * one that is cut. The old value is released later, the parts' values are the index's. ENOENT: no
 * range starts there. EINVAL: parts out of bounds or order. ENOMEM. */
enum { RANGE_INDEX_PARTS = 3 };
RW_MUST_USE rw_status range_index_replace(struct range_index *index, uint64_t start,
                                          const struct range_index_entry *parts, size_t part_count);

/* Frees what no reader can hold any more, all of it; never waits. Changes do this by themselves,
 * bit by bit; this is for a writer that expects no more changes. */
void range_index_reclaim(struct range_index *index);

/* ---- Readers: any thread, in a section; writers too, in a section or not ---- */

void range_index_enter(const struct range_index *index);
void range_index_leave(void);

/* The range that covers `address`. */
bool range_index_find(const struct range_index *index, uint64_t address,
                      struct range_index_entry *out_entry);
/* The lowest range that ends at or above `from`: the first step of a walk, of which
 * out_entry->last + 1 is the next `from` (after last == UINT64_MAX there is none), or the first
 * that overlaps a range that begins at `from`. */
bool range_index_first_from(const struct range_index *index, uint64_t from,
                            struct range_index_entry *out_entry);
/* The nearest range that ends below / starts above `address`. */
bool range_index_below(const struct range_index *index, uint64_t address,
                       struct range_index_entry *out_entry);
bool range_index_above(const struct range_index *index, uint64_t address,
                       struct range_index_entry *out_entry);

/* Ranges in the index. From any thread, in no section. */
size_t range_index_count(const struct range_index *index);

/* ---- For tests and measurements; from the writer ---- */

struct range_index_stats {
    unsigned height;  /* nodes on the way to a range */
    size_t nodes;     /* reachable */
    size_t pending;   /* unreachable, not free yet */
    size_t node_size; /* bytes */
    size_t allocated; /* bytes taken for nodes */
};
void range_index_stats_read(const struct range_index *index, struct range_index_stats *out_stats);
/* Does every invariant of the tree hold? */
bool range_index_is_valid(const struct range_index *index);

#endif
