/* SPDX-License-Identifier: MIT
 *
 * What the GPU sees of its VM: a radix tree over the 36-bit page number, four levels of 512
 * entries like the hardware's, where an entry of any level may be a leaf. A leaf points to a run:
 * the whole contiguous piece that a mapping covers, so that one lookup answers for all of it.
 *
 * Thread safety: lookups from any thread at any time, inside a grace section (base/grace.h).
 * Changes from one thread at a time. Tables and runs that a change takes out are not freed but
 * put on a list of garbage, which the caller frees once a grace period has passed.
 */
#ifndef SOFTGPU_VM_PAGE_TABLE_H
#define SOFTGPU_VM_PAGE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PAGE_TABLE_BITS   9
#define PAGE_TABLE_SLOTS  (1u << PAGE_TABLE_BITS)
#define PAGE_TABLE_LEVELS 4 /* 36 bits of page number: 48 bits of address */

/* Anything that waits for its grace period. First member of what it is part of. */
struct vm_garbage {
    struct vm_garbage *next;
};

struct page_run { /* immutable once in a table */
    struct vm_garbage garbage;
    uint64_t va;     /* masked, page aligned, bytes */
    uint64_t size;   /* bytes */
    uint8_t *host;   /* borrowed; NULL: a partially resident (PRT) range, without memory */
    unsigned access; /* enum isa_access */
};

struct page_table_node;

struct page_table {
    struct page_table_node *root;  /* owned */
    struct page_table_node *stash; /* owned; nodes set aside by page_table_reserve() */
    unsigned stashed;
    bool used; /* an entry has ever been made */
};

/* False when memory is short. */
bool page_table_init(struct page_table *table);
/* Nobody looks anything up any more. */
void page_table_finish(struct page_table *table);

/* Sets aside what `changes` calls of page_table_set() may need, so that they cannot fail. */
bool page_table_reserve(struct page_table *table, unsigned changes);

/* Makes pages first..last (masked page numbers) show `run`, or nothing when it is NULL. */
void page_table_set(struct page_table *table, uint64_t first, uint64_t last,
                    const struct page_run *run, struct vm_garbage **garbage);

const struct page_run *page_table_find(const struct page_table *table, uint64_t page);

#endif
