/* SPDX-License-Identifier: MIT */
#include "softgpu/vm/page_table.h"

#include <stdlib.h>

/* An entry is 0, a run, or a table with this bit set; both are aligned more than that. */
#define ENTRY_IS_TABLE UINT64_C(1)

struct page_table_node {
    struct vm_garbage garbage;
    unsigned used; /* entries that are not 0 */
    _Atomic uint64_t entries[PAGE_TABLE_SLOTS];
};

/* A range has two ends, and at each end every level below the root may need a table. */
#define NODES_PER_CHANGE (2 * (PAGE_TABLE_LEVELS - 1))

static struct page_table_node *entry_table(uint64_t entry)
{
    return entry & ENTRY_IS_TABLE ? (struct page_table_node *)(uintptr_t)(entry & ~ENTRY_IS_TABLE)
                                  : NULL;
}

bool page_table_init(struct page_table *table)
{
    *table = (struct page_table){.root = calloc(1, sizeof *table->root)};
    return table->root != NULL;
}

static void node_destroy(struct page_table_node *node)
{
    for (unsigned i = 0; node->used && i < PAGE_TABLE_SLOTS; i++) {
        struct page_table_node *child = entry_table(atomic_load(&node->entries[i]));

        if (child)
            node_destroy(child);
    }
    free(node);
}

void page_table_finish(struct page_table *table)
{
    struct page_table_node *node;

    if (table->root)
        node_destroy(table->root);
    while ((node = table->stash)) {
        table->stash = (struct page_table_node *)node->garbage.next;
        free(node);
    }
    *table = (struct page_table){0};
}

bool page_table_reserve(struct page_table *table, unsigned changes)
{
    while (table->stashed < changes * NODES_PER_CHANGE) {
        struct page_table_node *node = calloc(1, sizeof *node);

        if (!node)
            return false;
        node->garbage.next = (struct vm_garbage *)table->stash;
        table->stash = node;
        table->stashed++;
    }
    return true;
}

static struct page_table_node *stash_pop(struct page_table *table)
{
    struct page_table_node *node = table->stash;

    table->stash = (struct page_table_node *)node->garbage.next;
    table->stashed--;
    return node;
}

static void entry_store(struct page_table_node *node, unsigned slot, uint64_t entry)
{
    uint64_t old = atomic_load_explicit(&node->entries[slot], memory_order_relaxed);

    node->used += (entry != 0) - (unsigned)(old != 0);
    atomic_store_explicit(&node->entries[slot], entry, memory_order_release);
}

static void garbage_add(struct vm_garbage **list, struct vm_garbage *item)
{
    item->next = *list;
    *list = item;
}

static void subtree_discard(struct page_table_node *node, struct vm_garbage **garbage)
{
    for (unsigned i = 0; node->used && i < PAGE_TABLE_SLOTS; i++) {
        uint64_t entry = atomic_load_explicit(&node->entries[i], memory_order_relaxed);
        struct page_table_node *child = entry_table(entry);

        if (child)
            subtree_discard(child, garbage);
    }
    /* Entries stay as they are: a lookup may be under way in this table. */
    garbage_add(garbage, &node->garbage);
}

/* The table below `slot`; a leaf that is there is spread over the new table's entries. */
static struct page_table_node *child_make(struct page_table *table, struct page_table_node *node,
                                          unsigned slot)
{
    uint64_t entry = atomic_load_explicit(&node->entries[slot], memory_order_relaxed);
    struct page_table_node *child = entry_table(entry);

    if (child)
        return child;
    child = stash_pop(table);
    if (entry) {
        for (unsigned i = 0; i < PAGE_TABLE_SLOTS; i++)
            atomic_store_explicit(&child->entries[i], entry, memory_order_relaxed);
        child->used = PAGE_TABLE_SLOTS;
    }
    entry_store(node, slot, (uint64_t)(uintptr_t)child | ENTRY_IS_TABLE);
    return child;
}

struct change {
    struct page_table *table;
    uint64_t entry; /* run or 0 */
    struct vm_garbage **garbage;
};

/* Sets pages first..last, relative to the node's first page. `shift`: bits of page number that
 * one entry of this node covers. */
static void node_set(struct change *c, struct page_table_node *node, unsigned shift, uint64_t first,
                     uint64_t last)
{
    uint64_t span = UINT64_C(1) << shift;

    for (unsigned slot = (unsigned)(first >> shift); slot <= last >> shift; slot++) {
        uint64_t base = (uint64_t)slot << shift;
        uint64_t from = first > base ? first - base : 0;
        uint64_t to = last - base < span - 1 ? last - base : span - 1;
        uint64_t old = atomic_load_explicit(&node->entries[slot], memory_order_relaxed);
        struct page_table_node *child = entry_table(old);

        if (from == 0 && to == span - 1) {
            entry_store(node, slot, c->entry);
            if (child)
                subtree_discard(child, c->garbage);
            continue;
        }
        if (!old && !c->entry)
            continue;
        child = child_make(c->table, node, slot);
        node_set(c, child, shift - PAGE_TABLE_BITS, from, to);
        if (child->used == 0) {
            entry_store(node, slot, 0);
            garbage_add(c->garbage, &child->garbage);
        }
    }
}

void page_table_set(struct page_table *table, uint64_t first, uint64_t last,
                    const struct page_run *run, struct vm_garbage **garbage)
{
    struct change c = {table, (uint64_t)(uintptr_t)run, garbage};

    table->used |= run != NULL;
    node_set(&c, table->root, PAGE_TABLE_BITS * (PAGE_TABLE_LEVELS - 1), first, last);
}

const struct page_run *page_table_find(const struct page_table *table, uint64_t page)
{
    const struct page_table_node *node = table->root;

    for (unsigned shift = PAGE_TABLE_BITS * (PAGE_TABLE_LEVELS - 1);; shift -= PAGE_TABLE_BITS) {
        unsigned slot = (unsigned)(page >> shift) % PAGE_TABLE_SLOTS;
        uint64_t entry = atomic_load_explicit(&node->entries[slot], memory_order_acquire);

        if (!(entry & ENTRY_IS_TABLE))
            return (const struct page_run *)(uintptr_t)entry;
        node = entry_table(entry);
    }
}
