/* SPDX-License-Identifier: MIT
 *
 * Small integer handles for objects, the lowest free number first, as the kernel's IDR gives them
 * (GEM handles from 1 on, KFD allocation ids from 0 on). Taking, finding and giving back cost a
 * few word operations: a bitmap of used handles with bitmaps of full words above it.
 *
 * Ownership: objects are borrowed. Thread safety: none; the caller locks.
 */
#ifndef ROCWELD_BASE_HANDLE_TABLE_H
#define ROCWELD_BASE_HANDLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

#define HANDLE_TABLE_LEVELS 6 /* 64^6 handles are more than 32 bits can name */

struct handle_table {
    uint32_t base;     /* first handle */
    uint32_t limit;    /* how many handles at most */
    uint32_t capacity; /* slots allocated */
    uint32_t count;    /* handles in use */
    void **slots;      /* owned; objects borrowed */
    uint64_t
        *full[HANDLE_TABLE_LEVELS]; /* owned; [0]: bit per slot, [k]: bit per full word below */
};

/* Handles are base .. base + limit - 1. */
void handle_table_init(struct handle_table *table, uint32_t base, uint32_t limit);
void handle_table_finish(struct handle_table *table);

/* ENOSPC (quiet) when all handles are taken, ENOMEM. `object` is not NULL. */
rw_status handle_table_take(struct handle_table *table, void *object,
                            uint32_t *out_handle) RW_MUST_USE;
/* NULL when the handle is not in use. */
void *handle_table_find(const struct handle_table *table, uint32_t handle);
/* Puts another object under a handle in use; returns the old one. */
void *handle_table_replace(struct handle_table *table, uint32_t handle, void *object);
/* Frees the handle and returns its object, or NULL when it was not in use. */
void *handle_table_give_back(struct handle_table *table, uint32_t handle);

/* The object of the lowest handle >= *handle, which is updated; NULL when there is none. For
 * loops: for (uint32_t h = 0; (object = handle_table_at_or_above(t, &h)); h++) */
void *handle_table_at_or_above(const struct handle_table *table, uint32_t *handle);

#endif
