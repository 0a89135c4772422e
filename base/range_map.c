/* SPDX-License-Identifier: MIT */
#include "base/range_map.h"

static uint64_t subtree_widest(const struct range_node *node)
{
    uint64_t widest = node->last - node->start;
    const struct range_node *left = node->link.rbe_left;
    const struct range_node *right = node->link.rbe_right;

    if (left && left->widest > widest)
        widest = left->widest;
    if (right && right->widest > widest)
        widest = right->widest;
    return widest;
}

static int compare_start(const struct range_node *a, const struct range_node *b)
{
    return a->start < b->start ? -1 : a->start > b->start;
}

/* The library's rotations refresh the nodes they turn; the path to the root is ours to refresh,
 * because its inserting and removing do not walk it in every case. */
#undef RB_AUGMENT
#define RB_AUGMENT(node) ((node)->widest = subtree_widest(node))
#define __unused         __attribute__((unused)) /* the macro's own word for functions nobody calls */
RB_GENERATE_STATIC(range_map, range_node, link, compare_start)

static void refresh_to_root(struct range_node *node)
{
    for (; node; node = RB_PARENT(node, link))
        node->widest = subtree_widest(node);
}

void range_map_init(struct range_map *map)
{
    *map = RANGE_MAP_INIT;
}

struct range_node *range_map_first_in(const struct range_map *map, uint64_t start, uint64_t last)
{
    struct range_node *best = NULL;

    /* The ranges are disjoint, so they are ordered by their ends as well. */
    for (struct range_node *node = map->rbh_root; node;) {
        if (node->last >= start) {
            best = node;
            node = RB_LEFT(node, link);
        } else {
            node = RB_RIGHT(node, link);
        }
    }
    return best && best->start <= last ? best : NULL;
}

struct range_node *range_map_find(const struct range_map *map, uint64_t address)
{
    return range_map_first_in(map, address, address);
}

struct range_node *range_map_below(const struct range_map *map, uint64_t address)
{
    struct range_node *best = NULL;

    for (struct range_node *node = map->rbh_root; node;) {
        if (node->last < address) {
            best = node;
            node = RB_RIGHT(node, link);
        } else {
            node = RB_LEFT(node, link);
        }
    }
    return best;
}

struct range_node *range_map_above(const struct range_map *map, uint64_t address)
{
    return address == UINT64_MAX ? NULL : range_map_first_in(map, address + 1, UINT64_MAX);
}

bool range_map_insert(struct range_map *map, struct range_node *node, uint64_t start, uint64_t last)
{
    if (last < start || range_map_first_in(map, start, last))
        return false;
    node->start = start;
    node->last = last;
    node->widest = last - start;
    RB_INSERT(range_map, map, node);
    refresh_to_root(node);
    map->count++;
    return true;
}

/* The deepest node whose subtree loses one when `node` goes: its own parent, or that of the
 * successor which will take its place. */
static struct range_node *deepest_changed(struct range_node *node)
{
    struct range_node *heir = RB_RIGHT(node, link);

    if (!RB_LEFT(node, link) || !heir)
        return RB_PARENT(node, link);
    while (RB_LEFT(heir, link))
        heir = RB_LEFT(heir, link);
    return RB_PARENT(heir, link) == node ? heir : RB_PARENT(heir, link);
}

void range_map_remove(struct range_map *map, struct range_node *node)
{
    struct range_node *changed = deepest_changed(node);

    RB_REMOVE(range_map, map, node);
    refresh_to_root(changed);
    map->count--;
}

void range_map_split(struct range_map *map, struct range_node *node, uint64_t at,
                     struct range_node *tail)
{
    uint64_t last = node->last;

    node->last = at - 1;
    refresh_to_root(node);
    range_map_insert(map, tail, at, last);
}

bool range_map_resize(struct range_map *map, struct range_node *node, uint64_t start, uint64_t last)
{
    const struct range_node *before = range_map_previous(node);
    const struct range_node *after = range_map_next(node);

    (void)map;
    if (last < start || (before && before->last >= start) || (after && after->start <= last))
        return false;
    node->start = start;
    node->last = last;
    refresh_to_root(node);
    return true;
}

struct range_node *range_map_first(const struct range_map *map)
{
    struct range_node *node = map->rbh_root;

    while (node && RB_LEFT(node, link))
        node = RB_LEFT(node, link);
    return node;
}

struct range_node *range_map_next(struct range_node *node)
{
    return RB_NEXT(range_map, NULL, node);
}

struct range_node *range_map_previous(struct range_node *node)
{
    return RB_PREV(range_map, NULL, node);
}

static bool fits(const struct range_node *node, uint64_t extent, uint64_t align,
                 uint64_t *out_start)
{
    uint64_t start = (node->start + (align - 1)) & ~(align - 1);

    if (start < node->start || start > node->last || node->last - start < extent)
        return false;
    *out_start = start;
    return true;
}

static struct range_node *first_fit_below(struct range_node *node, uint64_t extent, uint64_t align,
                                          uint64_t *out_start)
{
    struct range_node *found;

    if (!node || node->widest < extent)
        return NULL;
    found = first_fit_below(RB_LEFT(node, link), extent, align, out_start);
    if (found)
        return found;
    if (fits(node, extent, align, out_start))
        return node;
    return first_fit_below(RB_RIGHT(node, link), extent, align, out_start);
}

struct range_node *range_map_first_fit(const struct range_map *map, uint64_t size, uint64_t align,
                                       uint64_t *out_start)
{
    return size ? first_fit_below(map->rbh_root, size - 1, align, out_start) : NULL;
}

/* Black height of the subtree, or -1 when something is wrong in it. */
static int check_subtree(const struct range_node *node, const struct range_node *parent)
{
    int left, right;

    if (!node)
        return 0;
    if (RB_PARENT(node, link) != parent || node->last < node->start ||
        node->widest != subtree_widest(node))
        return -1;
    if (parent && RB_COLOR(node, link) == RB_RED && RB_COLOR(parent, link) == RB_RED)
        return -1;
    left = check_subtree(RB_LEFT(node, link), node);
    right = check_subtree(RB_RIGHT(node, link), node);
    if (left < 0 || left != right)
        return -1;
    return left + (RB_COLOR(node, link) == RB_BLACK);
}

bool range_map_is_valid(const struct range_map *map)
{
    struct range_node *node = range_map_first(map);
    size_t count = 0;

    if (check_subtree(map->rbh_root, NULL) < 0)
        return false;
    for (struct range_node *next; node; node = next) {
        count++;
        next = range_map_next(node);
        if (next && next->start <= node->last)
            return false;
    }
    return count == map->count;
}
