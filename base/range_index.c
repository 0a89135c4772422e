/* SPDX-License-Identifier: MIT
 *
 * How readers stay right without locks:
 *
 * - A leaf never changes after it has become reachable; of an inner node two things do, each by
 *   one atomic store: a child is exchanged for its successor, and a bound is raised.
 * - `low[i]` bounds child i from below and child i - 1 from above: ranges of child i - 1 end below
 *   low[i], so that one way down answers find(). A bound is raised before a range that needs it
 *   becomes reachable, while nothing is between the old bound and the new one.
 * - A node that is replaced is not changed any more. A reader that is still in it sees a state that
 *   was the index's when the node was replaced, or later: during the reader's call.
 * - Nodes and values go back to use only after a grace period.
 */
#include "base/range_index.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/grace.h"
#include "base/range_index_nodes.h"

enum { LEVELS_MAX = 24 }; /* more than memory can fill */

struct range_index {
    _Atomic(struct node *) root; /* never NULL */
    atomic_size_t count;
    struct node_pool pool;
};

/* ---- Finding ---- */

/* A binary search among `max` keys, 16 <= max <= 32, by steps that are always the same: without
 * branches that depend on what is found, the processor runs ahead into the next lookup while it
 * waits for memory. All keys there could be take part (see node_take()). KEY(i) is key i. */
#define KEYS_UP_TO(out_n, max, KEY, address)                                                       \
    do {                                                                                           \
        size_t keys_n = (KEY(15) <= (address)) * ((max)-16u);                                      \
        keys_n += (KEY(keys_n + 7) <= (address)) * 8u;                                             \
        keys_n += (KEY(keys_n + 3) <= (address)) * 4u;                                             \
        keys_n += (KEY(keys_n + 1) <= (address)) * 2u;                                             \
        keys_n += KEY(keys_n) <= (address);                                                        \
        (out_n) = (unsigned)(keys_n + (KEY(keys_n) <= (address)));                                 \
    } while (0)

/* How many of a leaf's ranges start at or below `address`. */
static inline unsigned leaf_position(const struct node *leaf, uint64_t address)
{
    unsigned n;

#define LEAF_KEY(i) leaf->leaf.start[i]
    KEYS_UP_TO(n, LEAF_MAX, LEAF_KEY, address);
#undef LEAF_KEY
    return n < leaf->count ? n : leaf->count;
}

static inline uint64_t low_of(const struct node *node, unsigned slot)
{
    return atomic_load_explicit(&node->inner.low[slot], memory_order_relaxed);
}

/* The child in whose bounds `address` is. */
static inline unsigned slot_of(const struct node *node, uint64_t address)
{
    unsigned slot;

#define INNER_KEY(i) low_of(node, (unsigned)(i) + 1)
    KEYS_UP_TO(slot, INNER_MAX - 1u, INNER_KEY, address);
#undef INNER_KEY
    return slot < node->count ? slot : node->count - 1u;
}

static inline struct node *child_of(const struct node *node, unsigned slot)
{
    return atomic_load_explicit(&node->inner.child[slot], memory_order_acquire);
}

static inline struct node *root_of(const struct range_index *index)
{
    return atomic_load_explicit(&index->root, memory_order_acquire);
}

/* All lines of a leaf at once: those with the entry are wanted right after those with the keys.
 * (Inner nodes are few, and in the cache.) */
static inline void leaf_prefetch(const struct node *node)
{
    for (size_t at = 0; at < NODE_SIZE; at += NODE_LINE)
        __builtin_prefetch((const char *)node + at);
}

static struct range_index_entry entry_of(const struct node *leaf, unsigned i)
{
    return (struct range_index_entry){leaf->leaf.start[i], leaf->leaf.rest[i].last,
                                      leaf->leaf.rest[i].value};
}

bool range_index_find(const struct range_index *index, uint64_t address,
                      struct range_index_entry *out_entry)
{
    const struct node *node = root_of(index);
    unsigned n;

    /* The level is counted, not read: a child's is known before the child has come from memory. */
    for (unsigned level = node->level; level > 0; level--) {
        node = child_of(node, slot_of(node, address));
        if (level == 1)
            leaf_prefetch(node);
    }
    n = leaf_position(node, address);
    if (n == 0 || node->leaf.rest[n - 1].last < address)
        return false;
    *out_entry = entry_of(node, n - 1);
    return true;
}

/* The way from the root to a leaf: node[level], and which child of it was taken. */
struct path {
    struct node *node[LEVELS_MAX];
    unsigned slot[LEVELS_MAX];
    unsigned height;
};

static void path_find(const struct range_index *index, uint64_t address, struct path *path)
{
    struct node *node = root_of(index);

    path->height = node->level + 1u;
    for (; node->level > 0; node = child_of(node, path->slot[node->level])) {
        path->node[node->level] = node;
        path->slot[node->level] = slot_of(node, address);
    }
    path->node[0] = node;
}

/* The leaf before (-1) or after (+1) the path's; NULL when there is none. */
static const struct node *path_neighbour(const struct path *path, int direction)
{
    for (unsigned level = 1; level < path->height; level++) {
        const struct node *node = path->node[level];
        unsigned slot = path->slot[level];

        if (direction < 0 ? slot == 0 : slot + 1u >= node->count)
            continue;
        node = child_of(node, direction < 0 ? slot - 1 : slot + 1);
        while (node->level > 0)
            node = child_of(node, direction < 0 ? node->count - 1u : 0);
        return node;
    }
    return NULL;
}

/* Entry `i` of the path's leaf, or the first of the next leaf when there are not so many. */
static bool entry_from(const struct path *path, unsigned i, struct range_index_entry *out_entry)
{
    const struct node *leaf = path->node[0];

    if (i >= leaf->count) {
        leaf = path_neighbour(path, 1);
        i = 0;
    }
    if (!leaf)
        return false;
    *out_entry = entry_of(leaf, i);
    return true;
}

bool range_index_first_from(const struct range_index *index, uint64_t from,
                            struct range_index_entry *out_entry)
{
    struct path path;
    unsigned n;

    path_find(index, from, &path);
    n = leaf_position(path.node[0], from);
    if (n > 0 && path.node[0]->leaf.rest[n - 1].last >= from)
        n--;
    return entry_from(&path, n, out_entry);
}

bool range_index_above(const struct range_index *index, uint64_t address,
                       struct range_index_entry *out_entry)
{
    struct path path;

    path_find(index, address, &path);
    return entry_from(&path, leaf_position(path.node[0], address), out_entry);
}

bool range_index_below(const struct range_index *index, uint64_t address,
                       struct range_index_entry *out_entry)
{
    const struct node *leaf;
    struct path path;
    unsigned n;

    path_find(index, address, &path);
    leaf = path.node[0];
    n = leaf_position(leaf, address);
    if (n > 0 && leaf->leaf.rest[n - 1].last >= address)
        n--;
    if (n == 0) {
        leaf = path_neighbour(&path, -1);
        n = leaf ? leaf->count : 0;
    }
    if (n == 0)
        return false;
    *out_entry = entry_of(leaf, n - 1);
    return true;
}

/* ---- Changing ---- */

/* What takes the place of a node, before it is reachable. */
struct change {
    struct node *piece[2];
    unsigned count;
    uint64_t second_low; /* the bound between two pieces */
};

static unsigned node_max(unsigned level)
{
    return level > 0 ? INNER_MAX : LEAF_MAX;
}

/* Where to split `total` entries of which those from `at` to `end` are new: mappings often come in
 * ascending or descending order, and then the full node should stay full. */
static unsigned split_point(unsigned total, unsigned at, unsigned end, unsigned max)
{
    if (end == total && at > 0 && at <= max)
        return at;
    if (at == 0 && total - end <= max)
        return end;
    return total / 2;
}

static void leaf_copy(struct node *to, const struct node *from, unsigned begin, unsigned end)
{
    unsigned count = end - begin, at = to->count;

    memcpy(to->leaf.start + at, from->leaf.start + begin, count * sizeof to->leaf.start[0]);
    memcpy(to->leaf.rest + at, from->leaf.rest + begin, count * sizeof to->leaf.rest[0]);
    to->count = (uint16_t)(at + count);
}

static void leaf_append(struct node *to, const struct range_index_entry *entry)
{
    to->leaf.start[to->count] = entry->start;
    to->leaf.rest[to->count].last = entry->last;
    to->leaf.rest[to->count].value = entry->value;
    to->count++;
}

/* What is to be done to a leaf: `removed` (0 or 1) entries from `at` on give way to `parts`. */
struct leaf_edit {
    unsigned at, removed;
    const struct range_index_entry *parts;
    unsigned part_count;
};

/* Appends entries begin..end, counted as they are after the edit. */
static void leaf_copy_edited(struct node *to, const struct node *old, const struct leaf_edit *edit,
                             unsigned begin, unsigned end)
{
    unsigned parts_end = edit->at + edit->part_count;
    unsigned head_end = end < edit->at ? end : edit->at;

    if (begin < head_end)
        leaf_copy(to, old, begin, head_end);
    for (unsigned i = begin > edit->at ? begin : edit->at; i < end && i < parts_end; i++)
        leaf_append(to, &edit->parts[i - edit->at]);
    if (end > parts_end) {
        unsigned shift = edit->part_count - edit->removed; /* may wrap, and back */
        unsigned from = begin > parts_end ? begin : parts_end;

        leaf_copy(to, old, from - shift, end - shift);
    }
}

static struct change leaf_rebuild(struct range_index *index, const struct node *old,
                                  const struct leaf_edit *edit)
{
    unsigned total = old->count - edit->removed + edit->part_count, split = total;
    struct change change = {.count = total > 0};

    if (total == 0)
        return change;
    if (total > LEAF_MAX)
        split = split_point(total, edit->at, edit->at + edit->part_count, LEAF_MAX);
    change.piece[0] = node_take(&index->pool, 0);
    leaf_copy_edited(change.piece[0], old, edit, 0, split);
    if (split < total) {
        change.count = 2;
        change.piece[1] = node_take(&index->pool, 0);
        leaf_copy_edited(change.piece[1], old, edit, split, total);
        change.second_low = change.piece[1]->leaf.start[0];
    }
    return change;
}

static void inner_append(struct node *to, uint64_t low, struct node *child)
{
    atomic_store_explicit(&to->inner.low[to->count], low, memory_order_relaxed);
    atomic_store_explicit(&to->inner.child[to->count], child, memory_order_relaxed);
    to->count++;
}

static void inner_copy(struct node *to, const struct node *from, unsigned begin, unsigned end)
{
    for (unsigned i = begin; i < end; i++)
        inner_append(to, low_of(from, i), child_of(from, i));
}

/* The node that `old` becomes when its children begin..end give way to the pieces of `change`. */
static struct change inner_rebuild(struct range_index *index, const struct node *old,
                                   unsigned begin, unsigned end, const struct change *pieces)
{
    struct change change = {.count = 1};
    unsigned total = old->count - (end - begin) + pieces->count, split = total;
    uint64_t low[INNER_MAX + 1];
    struct node *child[INNER_MAX + 1];
    unsigned n = 0;

    if (total == 0)
        return (struct change){0};
    for (unsigned i = 0; i < begin; i++, n++)
        low[n] = low_of(old, i), child[n] = child_of(old, i);
    for (unsigned i = 0; i < pieces->count; i++, n++)
        low[n] = i ? pieces->second_low : low_of(old, begin), child[n] = pieces->piece[i];
    for (unsigned i = end; i < old->count; i++, n++)
        low[n] = low_of(old, i), child[n] = child_of(old, i);
    if (total > INNER_MAX)
        split = split_point(total, begin + 1, begin + pieces->count, INNER_MAX);
    change.piece[0] = node_take(&index->pool, old->level);
    for (unsigned i = 0; i < split; i++)
        inner_append(change.piece[0], low[i], child[i]);
    if (split < total) {
        change.count = 2;
        change.piece[1] = node_take(&index->pool, old->level);
        for (unsigned i = split; i < total; i++)
            inner_append(change.piece[1], low[i], child[i]);
        change.second_low = low[split];
    }
    return change;
}

/* One node out of two neighbours; `bound` is the one between them. */
static struct node *nodes_merge(struct range_index *index, const struct node *left,
                                const struct node *right, uint64_t bound)
{
    struct node *node = node_take(&index->pool, left->level);

    if (left->level == 0) {
        leaf_copy(node, left, 0, left->count);
        leaf_copy(node, right, 0, right->count);
    } else {
        inner_copy(node, left, 0, left->count);
        inner_append(node, bound, child_of(right, 0));
        inner_copy(node, right, 1, right->count);
    }
    return node;
}

/* When the piece for child `slot` of `parent` is rather empty and child `other` beside it has room,
 * makes one of the two: *begin..*end are the children that it stands for. */
static bool change_merge_with(struct range_index *index, struct node *parent, unsigned slot,
                              unsigned other, struct change *change, unsigned *begin, unsigned *end)
{
    unsigned left = slot < other ? slot : other, max = node_max(parent->level - 1u);
    struct node *piece = change->piece[0], *neighbour = child_of(parent, other);
    uint64_t bound = low_of(parent, left + 1);

    /* With room left over, lest the next insertion splits it again. */
    if (piece->count + neighbour->count > max * 3 / 4)
        return false;
    change->piece[0] = left == slot ? nodes_merge(index, piece, neighbour, bound)
                                    : nodes_merge(index, neighbour, piece, bound);
    node_drop(&index->pool, piece);
    node_retire(&index->pool, neighbour);
    *begin = left;
    *end = left + 2;
    return true;
}

static bool change_merge(struct range_index *index, struct node *parent, unsigned slot,
                         struct change *change, unsigned *begin, unsigned *end)
{
    if (change->count != 1 || change->piece[0]->count >= node_max(parent->level - 1u) / 4)
        return false;
    return (slot > 0 && change_merge_with(index, parent, slot, slot - 1, change, begin, end)) ||
           (slot + 1u < parent->count &&
            change_merge_with(index, parent, slot, slot + 1, change, begin, end));
}

static void root_publish(struct range_index *index, const struct change *change, unsigned level)
{
    struct node *root = change->piece[0];

    if (change->count == 0) {
        root = node_take(&index->pool, 0);
    } else if (change->count == 2) {
        root = node_take(&index->pool, level);
        inner_append(root, 0, change->piece[0]);
        inner_append(root, change->second_low, change->piece[1]);
    }
    while (root->level > 0 && root->count == 1) {
        struct node *only = child_of(root, 0);

        node_retire(&index->pool, root);
        root = only;
    }
    atomic_store_explicit(&index->root, root, memory_order_release);
}

/* Puts `change` in the place of the path's leaf: upwards, until one store does it. */
static void change_publish(struct range_index *index, struct path *path, struct change change)
{
    for (unsigned level = 1; level < path->height; level++) {
        struct node *node = path->node[level];
        unsigned begin = path->slot[level], end = begin + 1;

        if (!change_merge(index, node, path->slot[level], &change, &begin, &end) &&
            change.count == 1) {
            atomic_store_explicit(&node->inner.child[begin], change.piece[0], memory_order_release);
            return;
        }
        change = inner_rebuild(index, node, begin, end, &change);
        node_retire(&index->pool, node);
    }
    root_publish(index, &change, path->height);
}

/* Nodes that one change takes at most: two and a merged one on each level, and a root. */
static size_t change_nodes(const struct range_index *index)
{
    return 3 * (root_of(index)->level + 1u) + 1;
}

static void leaf_change(struct range_index *index, struct path *path, const struct leaf_edit *edit)
{
    struct node *old = path->node[0];
    struct change change = leaf_rebuild(index, old, edit);

    if (edit->removed)
        old->released = old->leaf.rest[edit->at].value; /* no reader looks there */
    change_publish(index, path, change);
    node_retire(&index->pool, old);
    atomic_fetch_add_explicit(&index->count, edit->part_count - (size_t)edit->removed,
                              memory_order_relaxed);
    node_pool_advance(&index->pool);
}

/* Raises the bound above the path's leaf, when a range up to `last` goes into it that needs it. */
static void bound_raise(const struct path *path, uint64_t last)
{
    for (unsigned level = 1; level < path->height; level++) {
        struct node *node = path->node[level];
        unsigned next = path->slot[level] + 1;

        if (next >= node->count)
            continue;
        if (low_of(node, next) <= last)
            atomic_store_explicit(&node->inner.low[next], last + 1, memory_order_release);
        return;
    }
}

rw_status range_index_insert(struct range_index *index, uint64_t start, uint64_t last, void *value)
{
    struct range_index_entry entry = {start, last, value}, next;
    struct leaf_edit edit = {.parts = &entry, .part_count = 1};
    struct path path;

    if (last < start)
        return rw_status_quiet(EINVAL);
    path_find(index, start, &path);
    edit.at = leaf_position(path.node[0], start);
    if (edit.at > 0 && path.node[0]->leaf.rest[edit.at - 1].last >= start)
        return rw_status_quiet(EEXIST);
    if (entry_from(&path, edit.at, &next) && next.start <= last)
        return rw_status_quiet(EEXIST);
    /* Twice: as many stay for a removal when there is no memory left. */
    if (!node_pool_reserve(&index->pool, 2 * change_nodes(index)))
        return rw_status_quiet(ENOMEM);
    bound_raise(&path, last);
    leaf_change(index, &path, &edit);
    return RW_OK;
}

/* The path to the range that starts at `start`, and where in the leaf it is. */
static bool path_find_start(const struct range_index *index, uint64_t start, struct path *path,
                            unsigned *out_at)
{
    unsigned n;

    path_find(index, start, path);
    n = leaf_position(path->node[0], start);
    if (n == 0 || path->node[0]->leaf.start[n - 1] != start)
        return false;
    *out_at = n - 1;
    return true;
}

rw_status range_index_remove(struct range_index *index, uint64_t start,
                             struct range_index_entry *out_removed)
{
    struct leaf_edit edit = {.removed = 1};
    struct path path;

    if (!path_find_start(index, start, &path, &edit.at))
        return rw_status_quiet(ENOENT);
    /* Without memory: a removal takes no more nodes than it gives back, so that those of the ones
     * before it are enough. */
    if (!node_pool_reserve(&index->pool, change_nodes(index)))
        node_pool_wait(&index->pool, change_nodes(index));
    if (out_removed)
        *out_removed = entry_of(path.node[0], edit.at);
    leaf_change(index, &path, &edit);
    return RW_OK;
}

static bool parts_fit(const struct range_index_entry *whole, const struct range_index_entry *parts,
                      size_t count)
{
    if (count > RANGE_INDEX_PARTS)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].start < whole->start || parts[i].last > whole->last ||
            parts[i].last < parts[i].start)
            return false;
        if (i > 0 && parts[i].start <= parts[i - 1].last)
            return false;
    }
    return true;
}

rw_status range_index_replace(struct range_index *index, uint64_t start,
                              const struct range_index_entry *parts, size_t part_count)
{
    struct leaf_edit edit = {.removed = 1, .parts = parts, .part_count = (unsigned)part_count};
    struct range_index_entry whole;
    struct path path;

    if (!path_find_start(index, start, &path, &edit.at))
        return rw_status_quiet(ENOENT);
    whole = entry_of(path.node[0], edit.at);
    if (!parts_fit(&whole, parts, part_count))
        return rw_status_quiet(EINVAL);
    if (!node_pool_reserve(&index->pool, 2 * change_nodes(index)))
        return rw_status_quiet(ENOMEM);
    leaf_change(index, &path, &edit);
    return RW_OK;
}

void range_index_reclaim(struct range_index *index)
{
    node_pool_reclaim(&index->pool);
}

/* ---- Sections, life, tests ---- */

void range_index_enter(const struct range_index *index)
{
    grace_enter(index);
}

void range_index_leave(void)
{
    grace_leave();
}

size_t range_index_count(const struct range_index *index)
{
    return atomic_load_explicit(&index->count, memory_order_relaxed);
}

struct range_index *range_index_create(void (*release)(void *value))
{
    struct range_index *index = calloc(1, sizeof *index);

    if (!index)
        return NULL;
    node_pool_init(&index->pool, index, release);
    if (!node_pool_reserve(&index->pool, 1)) {
        free(index);
        return NULL;
    }
    atomic_init(&index->root, node_take(&index->pool, 0));
    return index;
}

static void values_release(const struct range_index *index, const struct node *node)
{
    for (unsigned i = 0; i < node->count; i++) {
        if (node->level > 0)
            values_release(index, child_of(node, i));
        else if (node->leaf.rest[i].value)
            index->pool.release(node->leaf.rest[i].value);
    }
}

void range_index_destroy(struct range_index *index)
{
    if (!index)
        return;
    node_pool_drain(&index->pool);
    if (index->pool.release)
        values_release(index, root_of(index));
    node_pool_free(&index->pool);
    free(index);
}

void range_index_stats_read(const struct range_index *index, struct range_index_stats *out_stats)
{
    *out_stats = (struct range_index_stats){
        .height = root_of(index)->level + 1u,
        .nodes = index->pool.in_use,
        .pending = node_pool_pending(&index->pool),
        .node_size = NODE_SIZE,
        .allocated = index->pool.allocated,
    };
}

/* What a walk over the tree finds; lower..upper are the bounds of the node. */
struct walk {
    size_t ranges, nodes;
    bool any;
    uint64_t last; /* of the range before */
};

static bool leaf_is_valid(const struct node *leaf, uint64_t lower, uint64_t upper,
                          struct walk *walk)
{
    for (unsigned i = 0; i < leaf->count; i++) {
        uint64_t start = leaf->leaf.start[i], last = leaf->leaf.rest[i].last;

        if (last < start || start < lower || last > upper || (walk->any && start <= walk->last))
            return false;
        walk->any = true;
        walk->last = last;
        walk->ranges++;
    }
    return true;
}

static bool node_is_valid(const struct node *node, uint64_t lower, uint64_t upper, bool is_root,
                          struct walk *walk)
{
    walk->nodes++;
    if (node->count > node_max(node->level) || (node->count == 0 && !(is_root && !node->level)))
        return false;
    if (node->level == 0)
        return leaf_is_valid(node, lower, upper, walk);
    if (is_root && node->count < 2)
        return false;
    for (unsigned i = 0; i < node->count; i++) {
        const struct node *child = child_of(node, i);
        uint64_t low = i > 0 ? low_of(node, i) : lower;
        uint64_t high = i + 1u < node->count ? low_of(node, i + 1) - 1 : upper;

        if (low > high || child->level + 1 != node->level ||
            !node_is_valid(child, low, high, false, walk))
            return false;
    }
    return true;
}

bool range_index_is_valid(const struct range_index *index)
{
    struct walk walk = {0};

    return node_is_valid(root_of(index), 0, UINT64_MAX, true, &walk) &&
           walk.ranges == range_index_count(index) && walk.nodes == index->pool.in_use;
}
