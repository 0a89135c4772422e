/* SPDX-License-Identifier: MIT
 *
 * How readers stay right without locks:
 *
 * - Of a leaf that is reachable only values change, each by one atomic store: a range that is taken
 *   out leaves a hole, which the same range may fill again. Buffers come and go at the same places,
 *   and readers on other processors lose one cache line then, not the way to the leaf. Holes end
 *   when the leaf is replaced. Of an inner node two things change, in the same way: a child is
 *   exchanged for its successor, and a bound is raised.
 * - `low[i]` bounds child i from below and child i - 1 from above: ranges of child i - 1 end below
 *   low[i], so that one way down answers find(). A bound is raised before a range that needs it
 *   becomes reachable, while nothing but holes is between the old bound and the new one.
 * - Each leaf but an only one has a range: the last one goes with its leaf.
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
    _Atomic(struct node *) root; /* never NULL; alone with what seldom changes: readers want it */
    atomic_size_t count __attribute__((aligned(2 * NODE_LINE)));
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

/* All lines of a node at once: which of them a search wants it knows one after the other, and there
 * are more nodes than the caches near a processor hold, inner ones too. */
static inline void node_prefetch(const struct node *node)
{
    for (size_t at = 0; at < NODE_SIZE; at += NODE_LINE)
        __builtin_prefetch((const char *)node + at);
}

/* False: it is a hole. */
static inline bool entry_read(const struct node *leaf, unsigned i,
                              struct range_index_entry *out_entry)
{
    void *value = atomic_load_explicit(&leaf->leaf.rest[i].value, memory_order_acquire);

    if (value == NODE_HOLE)
        return false;
    *out_entry = (struct range_index_entry){leaf->leaf.start[i], leaf->leaf.rest[i].last, value};
    return true;
}

static inline void *value_of(const struct node *leaf, unsigned i)
{
    return atomic_load_explicit(&leaf->leaf.rest[i].value, memory_order_relaxed);
}

static inline void value_store(struct node *leaf, unsigned i, void *value)
{
    atomic_store_explicit(&leaf->leaf.rest[i].value, value, memory_order_release);
}

bool range_index_find(const struct range_index *index, uint64_t address,
                      struct range_index_entry *out_entry)
{
    const struct node *node = root_of(index);
    unsigned n;

    /* The level is counted, not read: a child's is known before the child has come from memory. */
    for (unsigned level = node->level; level > 0; level--) {
        node = child_of(node, slot_of(node, address));
        node_prefetch(node);
    }
    n = leaf_position(node, address);
    return n > 0 && node->leaf.rest[n - 1].last >= address && entry_read(node, n - 1, out_entry);
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

/* Moves on to the leaf before (-1) or after (+1); false when there is none. */
static bool path_step(struct path *path, int direction)
{
    for (unsigned level = 1; level < path->height; level++) {
        struct node *node = path->node[level];
        unsigned slot = path->slot[level];

        if (direction < 0 ? slot == 0 : slot + 1u >= node->count)
            continue;
        path->slot[level] = direction < 0 ? slot - 1 : slot + 1;
        while (level > 0) {
            node = child_of(node, path->slot[level]);
            path->node[--level] = node;
            path->slot[level] = direction < 0 ? node->count - 1u : 0;
        }
        return true;
    }
    return false;
}

/* The first entry from `i` of the path's leaf on, there or in later leaves. */
static bool entry_from(const struct path *path, unsigned i, struct range_index_entry *out_entry)
{
    const struct node *leaf = path->node[0];
    struct path way;

    for (; i < leaf->count; i++)
        if (entry_read(leaf, i, out_entry))
            return true;
    way = *path;
    while (path_step(&way, 1))
        for (i = 0; i < way.node[0]->count; i++)
            if (entry_read(way.node[0], i, out_entry))
                return true;
    return false;
}

/* The last entry before `i` of the path's leaf, there or in earlier leaves. */
static bool entry_before(const struct path *path, unsigned i, struct range_index_entry *out_entry)
{
    struct path way;

    for (; i > 0; i--)
        if (entry_read(path->node[0], i - 1, out_entry))
            return true;
    way = *path;
    while (path_step(&way, -1))
        for (i = way.node[0]->count; i > 0; i--)
            if (entry_read(way.node[0], i - 1, out_entry))
                return true;
    return false;
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
    struct path path;
    unsigned n;

    path_find(index, address, &path);
    n = leaf_position(path.node[0], address);
    if (n > 0 && path.node[0]->leaf.rest[n - 1].last >= address)
        n--;
    return entry_before(&path, n, out_entry);
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

static void leaf_append(struct node *to, const struct range_index_entry *entry)
{
    to->leaf.start[to->count] = entry->start;
    to->leaf.rest[to->count].last = entry->last;
    atomic_store_explicit(&to->leaf.rest[to->count].value, entry->value, memory_order_relaxed);
    to->live = ++to->count;
}

/* Without the holes. */
static void leaf_copy(struct node *to, const struct node *from)
{
    struct range_index_entry entry;

    for (unsigned i = 0; i < from->count; i++)
        if (entry_read(from, i, &entry))
            leaf_append(to, &entry);
}

/* What is to be done to a leaf: `removed` (0 or 1) entries from `at` on give way to `parts`. */
struct leaf_edit {
    unsigned at, removed;
    const struct range_index_entry *parts;
    unsigned part_count;
};

/* A leaf's ranges as they are after an edit, those from `begin` to `end` new. */
struct leaf_content {
    struct range_index_entry entry[LEAF_MAX + RANGE_INDEX_PARTS];
    unsigned count, begin, end;
};

static void leaf_edit_apply(const struct node *old, const struct leaf_edit *edit,
                            struct leaf_content *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < edit->at; i++)
        n += entry_read(old, i, &out->entry[n]);
    out->begin = n;
    for (unsigned i = 0; i < edit->part_count; i++)
        out->entry[n++] = edit->parts[i];
    out->end = n;
    for (unsigned i = edit->at + edit->removed; i < old->count; i++)
        n += entry_read(old, i, &out->entry[n]);
    out->count = n;
}

static struct change leaf_rebuild(struct range_index *index, const struct node *old,
                                  const struct leaf_edit *edit)
{
    struct leaf_content content;
    struct change change = {0};
    unsigned split;

    leaf_edit_apply(old, edit, &content);
    split = content.count;
    if (content.count > LEAF_MAX)
        split = split_point(content.count, content.begin, content.end, LEAF_MAX);
    for (unsigned i = 0; i < content.count; i++) {
        if (i == 0 || i == split)
            change.piece[change.count++] = node_take(&index->pool, 0);
        leaf_append(change.piece[change.count - 1], &content.entry[i]);
    }
    if (change.count == 2)
        change.second_low = content.entry[split].start;
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

/* Entries that its successor would have. */
static unsigned node_used(const struct node *node)
{
    return node->level > 0 ? node->count : node->live;
}

/* One node out of two neighbours; `bound` is the one between them. */
static struct node *nodes_merge(struct range_index *index, const struct node *left,
                                const struct node *right, uint64_t bound)
{
    struct node *node = node_take(&index->pool, left->level);

    if (left->level == 0) {
        leaf_copy(node, left);
        leaf_copy(node, right);
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
    if (node_used(piece) + node_used(neighbour) > max * 3 / 4)
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
    if (change->count != 1 || node_used(change->piece[0]) >= node_max(parent->level - 1u) / 4)
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

/* Nodes that one change takes at most: two and a merged one on each level, a root, and one for a
 * value. */
static size_t change_nodes(const struct range_index *index)
{
    return 3 * (root_of(index)->level + 1u) + 2;
}

static void change_count(struct range_index *index, unsigned added, unsigned removed)
{
    atomic_fetch_add_explicit(&index->count, added - (size_t)removed, memory_order_relaxed);
    node_pool_advance(&index->pool);
}

static void leaf_change(struct range_index *index, struct path *path, const struct leaf_edit *edit)
{
    struct node *old = path->node[0];
    struct change change = leaf_rebuild(index, old, edit);

    change_publish(index, path, change);
    if (edit->removed)
        value_retire(&index->pool, value_of(old, edit->at));
    node_retire(&index->pool, old);
    change_count(index, edit->part_count, edit->removed);
}

/* Without a new leaf: the range fills the hole that it left. */
static bool leaf_fill(struct range_index *index, struct node *leaf, unsigned n,
                      const struct range_index_entry *entry)
{
    if (n == 0 || leaf->leaf.start[n - 1] != entry->start ||
        leaf->leaf.rest[n - 1].last != entry->last)
        return false;
    value_store(leaf, n - 1, entry->value);
    leaf->live++;
    change_count(index, 1, 0);
    return true;
}

/* Without a new leaf: the range leaves a hole, unless the leaf becomes rather empty. */
static bool leaf_punch(struct range_index *index, struct node *leaf, unsigned at)
{
    void *value = value_of(leaf, at);

    if (leaf->live <= LEAF_MAX / 4)
        return false;
    value_store(leaf, at, NODE_HOLE);
    leaf->live--;
    value_retire(&index->pool, value);
    change_count(index, 0, 1);
    return true;
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
    struct node *leaf;

    if (last < start)
        return rw_status_quiet(EINVAL);
    path_find(index, start, &path);
    leaf = path.node[0];
    edit.at = leaf_position(leaf, start);
    if (edit.at > 0 && leaf->leaf.rest[edit.at - 1].last >= start &&
        value_of(leaf, edit.at - 1) != NODE_HOLE)
        return rw_status_quiet(EEXIST);
    if (entry_from(&path, edit.at, &next) && next.start <= last)
        return rw_status_quiet(EEXIST);
    if (leaf_fill(index, leaf, edit.at, &entry))
        return RW_OK;
    /* Twice: as many stay for a removal when there is no memory left. */
    if (!node_pool_reserve(&index->pool, 2 * change_nodes(index)))
        return rw_status_quiet(ENOMEM);
    bound_raise(&path, last);
    leaf_change(index, &path, &edit);
    return RW_OK;
}

/* The path to the range that starts at `start`, the range, and where in the leaf it is. */
static bool path_find_start(const struct range_index *index, uint64_t start, struct path *path,
                            unsigned *out_at, struct range_index_entry *out_entry)
{
    unsigned n;

    path_find(index, start, path);
    n = leaf_position(path->node[0], start);
    *out_at = n - 1;
    *out_entry = (struct range_index_entry){0};
    return n > 0 && entry_read(path->node[0], n - 1, out_entry) && out_entry->start == start;
}

rw_status range_index_remove(struct range_index *index, uint64_t start,
                             struct range_index_entry *out_removed)
{
    struct leaf_edit edit = {.removed = 1};
    struct range_index_entry entry;
    struct path path;

    if (!path_find_start(index, start, &path, &edit.at, &entry))
        return rw_status_quiet(ENOENT);
    /* Without memory: a removal takes no more nodes than it gives back, so that those of the ones
     * before it are enough. */
    if (!node_pool_reserve(&index->pool, change_nodes(index)))
        node_pool_wait(&index->pool, change_nodes(index));
    if (!leaf_punch(index, path.node[0], edit.at))
        leaf_change(index, &path, &edit);
    if (out_removed)
        *out_removed = entry;
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

    if (!path_find_start(index, start, &path, &edit.at, &whole))
        return rw_status_quiet(ENOENT);
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
    struct range_index *index = aligned_alloc(_Alignof(struct range_index), sizeof *index);

    if (!index)
        return NULL;
    memset(index, 0, sizeof *index);
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
        void *value = node->level == 0 ? value_of(node, i) : NULL;

        if (node->level > 0)
            values_release(index, child_of(node, i));
        else if (value && value != NODE_HOLE)
            index->pool.release(value);
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
    struct range_index_entry entry;
    unsigned live = 0;

    for (unsigned i = 0; i < leaf->count; i++) {
        if (leaf->leaf.rest[i].last < leaf->leaf.start[i] ||
            (i > 0 && leaf->leaf.start[i] <= leaf->leaf.rest[i - 1].last))
            return false;
        if (!entry_read(leaf, i, &entry))
            continue;
        if (entry.start < lower || entry.last > upper || (walk->any && entry.start <= walk->last))
            return false;
        walk->any = true;
        walk->last = entry.last;
        live++;
    }
    walk->ranges += live;
    return live == leaf->live;
}

static bool node_is_valid(const struct node *node, uint64_t lower, uint64_t upper, bool is_root,
                          struct walk *walk)
{
    walk->nodes++;
    if (node->count > node_max(node->level) || (node_used(node) == 0 && !(is_root && !node->level)))
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
