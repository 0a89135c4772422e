/* SPDX-License-Identifier: MIT
 *
 * The nodes of a range_index, and where they come from and go to: a pool that keeps nodes which
 * are not reachable any more until no reader's section can hold them.
 *
 * Private to range_index. Thread safety: the pool is the writer's; of a node, its contents may be
 * read in a section, by any thread, while it is reachable and until it has been retired and a
 * grace period is over.
 */
#ifndef ROCWELD_BASE_RANGE_INDEX_NODES_H
#define ROCWELD_BASE_RANGE_INDEX_NODES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NODE_SIZE = 512, /* measured: with 256 ways down are longer, with 1024 changes cost more */
    NODE_HEAD = 16,
    NODE_LINE = 64, /* bytes of a cache line */
    LEAF_MAX = 20,
    INNER_MAX = (NODE_SIZE - NODE_HEAD) / 16,
    VALUES_MAX = 16, /* as many are released at once */
};

struct node {
    uint16_t count, level; /* level 0: a leaf */
    uint16_t live;         /* entries of a leaf that are no holes; the writer's alone */
    struct node *next;     /* in a list of nodes that are not reachable */
    union {
        struct {
            uint64_t start[LEAF_MAX]; /* apart, so that a search touches few cache lines */
            struct {
                uint64_t last;
                _Atomic(void *) value; /* NODE_HOLE: there is no such range now */
            } rest[LEAF_MAX] __attribute__((aligned(16)));
        } leaf;
        void *released[VALUES_MAX]; /* never reachable: values that wait with the nodes */
        struct {
            _Atomic uint64_t low[INNER_MAX]; /* low[0] bounds nothing: the parent's bound does */
            _Atomic(struct node *) child[INNER_MAX];
        } inner;
    };
} __attribute__((aligned(NODE_LINE)));
_Static_assert(sizeof(struct node) == NODE_SIZE, "a node has the size that its fan-out is for");

extern const char node_hole;
#define NODE_HOLE ((void *)&node_hole)

struct node_list {
    struct node *head, *tail;
    size_t count;
};

struct node_slab;

struct node_pool {
    const void *owner; /* of the sections that hold nodes */
    void (*release)(void *value);
    struct node_list free;
    struct node_list fresh;   /* retired since the period began */
    struct node_list waiting; /* for readers that were in a section when `period` began */
    struct node_list done;    /* held by nobody, values still to be released */
    struct node *values;      /* in `fresh`: the one that takes released values, or NULL */
    size_t fresh_values;
    uint64_t period;
    struct node_slab *slabs;
    struct node *slab_next, *slab_end; /* nodes of the newest slab that were never used */
    size_t in_use, allocated;          /* nodes; bytes */
};

void node_pool_init(struct node_pool *pool, const void *owner, void (*release)(void *value));
/* Releases the values of retired nodes and frees all nodes. Nobody is in a section. */
void node_pool_drain(struct node_pool *pool);
void node_pool_free(struct node_pool *pool);

/* Makes sure that so many nodes can be taken. False: there is no memory. */
bool node_pool_reserve(struct node_pool *pool, size_t nodes);
/* The same without memory, out of retired nodes, of which there are enough: waits for readers. */
void node_pool_wait(struct node_pool *pool, size_t nodes);

/* An empty node out of those reserved. Its keys (leaf.start, inner.low) are UINT64_MAX, so that
 * those beyond `count` compare as above any address but the last. */
struct node *node_take(struct node_pool *pool, unsigned level);
/* The change that is under way makes `node` unreachable. */
void node_retire(struct node_pool *pool, struct node *node);
/* The change that is under way takes `value` out. Takes a node now and then. */
void value_retire(struct node_pool *pool, void *value);
/* `node` never was reachable. */
void node_drop(struct node_pool *pool, struct node *node);

/* Once in a change: moves on what waits for readers, without waiting. */
void node_pool_advance(struct node_pool *pool);
/* All that can be had without waiting. */
void node_pool_reclaim(struct node_pool *pool);
size_t node_pool_pending(const struct node_pool *pool);

#endif
