/* SPDX-License-Identifier: MIT
 *
 * With n ranges taken there are at most n + 1 free ones between them. So n + 1 nodes are enough,
 * and exactly so many exist: as free ranges, or on the spare list.
 */
#include "base/range_space.h"

#include <errno.h>
#include <stdlib.h>

struct range_space_node {
    struct range_node range; /* first: a free range's node is its range_node */
    struct range_space_node *next;
};

static void spare_push(struct range_space *space, struct range_space_node *node)
{
    node->next = space->spare;
    space->spare = node;
}

static struct range_space_node *spare_pop(struct range_space *space)
{
    struct range_space_node *node = space->spare;

    space->spare = node->next;
    return node;
}

static void free_range_remove(struct range_space *space, struct range_node *range)
{
    range_map_remove(&space->free, range);
    spare_push(space, range_map_entry(range, struct range_space_node, range));
}

rw_status range_space_init(struct range_space *space, uint64_t start, uint64_t size)
{
    struct range_space_node *node = malloc(sizeof *node);

    *space = (struct range_space){.free = RANGE_MAP_INIT};
    if (!node)
        return RW_FAIL(ENOMEM, "no memory for the bookkeeping of a range of numbers");
    range_map_insert(&space->free, &node->range, start, start + (size - 1));
    return RW_OK;
}

void range_space_finish(struct range_space *space)
{
    struct range_node *range;

    while ((range = range_map_first(&space->free)))
        free_range_remove(space, range);
    while (space->spare)
        free(spare_pop(space));
}

rw_status range_space_take(struct range_space *space, uint64_t size, uint64_t align,
                           uint64_t *out_start)
{
    struct range_space_node *node = malloc(sizeof *node);
    struct range_node *range;
    uint64_t start, last, range_last;

    if (!node)
        return RW_FAIL(ENOMEM, "no memory for the bookkeeping of a range of numbers");
    range = range_map_first_fit(&space->free, size, align, &start);
    if (!range) {
        free(node);
        return rw_status_quiet(ENOSPC);
    }
    spare_push(space, node);
    last = start + (size - 1);
    range_last = range->last;
    if (range->start < start)
        range_map_resize(&space->free, range, range->start, start - 1);
    else
        free_range_remove(space, range);
    if (last < range_last)
        range_map_insert(&space->free, &spare_pop(space)->range, last + 1, range_last);
    space->taken += size;
    *out_start = start;
    return RW_OK;
}

void range_space_give_back(struct range_space *space, uint64_t start, uint64_t size)
{
    uint64_t last = start + (size - 1);
    struct range_node *below = start ? range_map_find(&space->free, start - 1) : NULL;
    struct range_node *above = last < UINT64_MAX ? range_map_find(&space->free, last + 1) : NULL;

    if (above) {
        last = above->last;
        free_range_remove(space, above);
    }
    if (below)
        range_map_resize(&space->free, below, below->start, last);
    else
        range_map_insert(&space->free, &spare_pop(space)->range, start, last);
    space->taken -= size;
    free(spare_pop(space)); /* one range less is taken: one node less is needed */
}
