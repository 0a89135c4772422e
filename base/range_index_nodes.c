/* SPDX-License-Identifier: MIT */
#include "base/range_index_nodes.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/grace.h"

enum {
    SLAB_MIN = 16 << 10,
    SLAB_MAX = 2 << 20, /* a huge page: fewer TLB misses */
    FRESH_MAX = 32,     /* retired nodes before a look at the readers: a look interrupts them, so */
    FRESH_SHARE = 16,   /* ... not before they are one of so many, either, */
    FRESH_ENOUGH = 1024,     /* up to here */
    VALUES_FRESH_MAX = 1024, /* the same of values alone */
    FRESH_MANY = 4096,       /* of which one begins to make way for the readers */
    DRAIN_MAX = 8,           /* nodes set free in one change, beyond what it needs itself */
};

const char node_hole;

/* In the place of a slab's first node. */
struct node_slab {
    struct node_slab *next;
};

static void list_push(struct node_list *list, struct node *node)
{
    node->next = NULL;
    if (list->tail)
        list->tail->next = node;
    else
        list->head = node;
    list->tail = node;
    list->count++;
}

static struct node *list_pop(struct node_list *list)
{
    struct node *node = list->head;

    list->head = node->next;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    return node;
}

static void list_move(struct node_list *to, struct node_list *from)
{
    if (!from->head)
        return;
    if (to->tail)
        to->tail->next = from->head;
    else
        to->head = from->head;
    to->tail = from->tail;
    to->count += from->count;
    *from = (struct node_list){0};
}

static bool slab_add(struct node_pool *pool)
{
    size_t size = SLAB_MIN;

    while (size < SLAB_MAX && size < pool->allocated / 2)
        size *= 2;
    struct node_slab *slab = aligned_alloc(size == SLAB_MAX ? SLAB_MAX : NODE_LINE, size);
    if (!slab)
        return false;
    if (size == SLAB_MAX)
        madvise(slab, size, MADV_HUGEPAGE); /* only faster */
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->allocated += size;
    while (pool->slab_next < pool->slab_end)
        list_push(&pool->free, pool->slab_next++);
    pool->slab_next = (struct node *)slab + 1;
    pool->slab_end = (struct node *)((char *)slab + size);
    return true;
}

/* A node of values is told by its level. */
enum { LEVEL_VALUES = UINT16_MAX };

static void drain(struct node_pool *pool, size_t nodes)
{
    while (nodes-- > 0 && pool->done.head) {
        struct node *node = list_pop(&pool->done);

        if (node->level == LEVEL_VALUES)
            for (unsigned i = 0; i < node->count; i++)
                pool->release(node->released[i]);
        list_push(&pool->free, node);
    }
}

static void advance(struct node_pool *pool)
{
    if (pool->waiting.head && grace_is_over(pool->period, pool->owner))
        list_move(&pool->done, &pool->waiting);
    if (!pool->waiting.head && pool->fresh.head) {
        list_move(&pool->waiting, &pool->fresh);
        pool->values = NULL;
        pool->fresh_values = 0;
        pool->period = grace_start();
    }
}

static size_t at_hand(const struct node_pool *pool)
{
    return pool->free.count + (size_t)(pool->slab_end - pool->slab_next);
}

void node_pool_init(struct node_pool *pool, const void *owner, void (*release)(void *value))
{
    *pool = (struct node_pool){.owner = owner, .release = release};
}

void node_pool_drain(struct node_pool *pool)
{
    list_move(&pool->done, &pool->waiting);
    list_move(&pool->done, &pool->fresh);
    pool->values = NULL;
    drain(pool, pool->done.count);
}

void node_pool_free(struct node_pool *pool)
{
    for (struct node_slab *slab = pool->slabs, *next; slab; slab = next) {
        next = slab->next;
        free(slab);
    }
    pool->slabs = NULL;
}

bool node_pool_reserve(struct node_pool *pool, size_t nodes)
{
    drain(pool, DRAIN_MAX);
    while (at_hand(pool) < nodes) {
        if (pool->done.head)
            drain(pool, DRAIN_MAX);
        else if (!slab_add(pool))
            return false;
    }
    return true;
}

void node_pool_wait(struct node_pool *pool, size_t nodes)
{
    while (at_hand(pool) < nodes) {
        advance(pool);
        grace_wait(pool->period, pool->owner, 1000);
        advance(pool);
        drain(pool, pool->done.count);
    }
}

struct node *node_take(struct node_pool *pool, unsigned level)
{
    struct node *node = pool->free.head ? list_pop(&pool->free) : pool->slab_next++;

    node->count = node->live = 0;
    node->level = (uint16_t)level;
    if (level == 0)
        memset(node->leaf.start, 0xff, sizeof node->leaf.start);
    else
        for (unsigned i = 0; i < INNER_MAX; i++)
            atomic_init(&node->inner.low[i], UINT64_MAX);
    pool->in_use++;
    return node;
}

void node_retire(struct node_pool *pool, struct node *node)
{
    list_push(&pool->fresh, node);
    pool->in_use--;
}

void value_retire(struct node_pool *pool, void *value)
{
    if (!value || !pool->release)
        return;
    if (!pool->values || pool->values->count == VALUES_MAX) {
        pool->values = node_take(pool, 0);
        pool->values->level = LEVEL_VALUES;
        node_retire(pool, pool->values);
    }
    pool->values->released[pool->values->count++] = value;
    pool->fresh_values++;
}

void node_drop(struct node_pool *pool, struct node *node)
{
    list_push(&pool->free, node);
    pool->in_use--;
}

static bool has_enough_fresh(const struct node_pool *pool)
{
    if (pool->fresh_values >= VALUES_FRESH_MAX || pool->fresh.count >= FRESH_ENOUGH)
        return true;
    return pool->fresh.count >= FRESH_MAX && pool->fresh.count >= pool->in_use / FRESH_SHARE;
}

void node_pool_advance(struct node_pool *pool)
{
    if (!has_enough_fresh(pool))
        return;
    advance(pool);
    /* A reader that holds so much up has lost its processor in its section: to this thread, maybe.
     * This is no waiting; were it stopped for good, the writer would go on all the same. */
    if (pool->fresh.count >= FRESH_MANY && pool->fresh.count % FRESH_MAX == 0)
        sched_yield();
}

void node_pool_reclaim(struct node_pool *pool)
{
    for (int i = 0; i < 3; i++) /* fresh, then waiting, then done */
        advance(pool);
    drain(pool, pool->done.count);
}

size_t node_pool_pending(const struct node_pool *pool)
{
    return pool->fresh.count + pool->waiting.count + pool->done.count;
}
