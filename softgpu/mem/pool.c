/* SPDX-License-Identifier: MIT
 *
 * A freed range is reused only when no GPU work can still hold a window on it: it waits in a queue
 * for its grace period (base/grace.h), then its pages are given back, so that a late store of a
 * wave that had not seen the unmap yet falls into memory nobody owns, and the next owner reads
 * zeros.
 */
#include "softgpu/mem/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/grace.h"
#include "base/log.h"
#include "base/private_fd.h"
#include "base/range_space.h"

/* How long an allocation that found no room waits for GPU work to let go of freed memory. */
#define POOL_WAIT_MS 2000

struct freed_range {
    struct freed_range *next;
    uint64_t start, size;
    uint64_t period; /* of grace */
};

struct mem_pool {
    char name[24];
    uint64_t size;
    int fd;        /* owned */
    uint8_t *host; /* owned mapping of all of it */
    pthread_mutex_t lock;
    struct range_space space;
    struct freed_range *freed, **freed_end; /* oldest first */
    uint64_t used;                          /* bytes handed out; freed ranges do not count */
};

static void (*_Atomic pool_kick)(void);

void mem_pool_set_kick(void (*kick)(void))
{
    atomic_store(&pool_kick, kick);
}

static rw_status pool_map(struct mem_pool *pool)
{
    pool->fd = private_fd_move(memfd_create(pool->name, MFD_CLOEXEC));
    if (pool->fd < 0)
        return private_fd_fail(errno, pool->name);
    if (ftruncate(pool->fd, (off_t)pool->size) != 0)
        return RW_FAIL(errno, "memfd of %llu bytes for pool %s: %s", (unsigned long long)pool->size,
                       pool->name, strerror(errno));
    pool->host =
        mmap(NULL, pool->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, pool->fd, 0);
    if (pool->host == MAP_FAILED) {
        pool->host = NULL;
        return RW_FAIL(errno, "mapping the %llu bytes of pool %s: %s (address-space limit?)",
                       (unsigned long long)pool->size, pool->name, strerror(errno));
    }
    /* A forked child has no use for the device's view; its own BO mappings stay. */
    madvise(pool->host, pool->size, MADV_DONTFORK);
    return RW_OK;
}

rw_status mem_pool_create(const char *name, uint64_t size, struct mem_pool **out_pool)
{
    struct mem_pool *pool;
    rw_status s;

    if (size == 0 || size % 4096)
        return RW_FAIL(EINVAL, "pool %s: %llu bytes are not whole pages", name,
                       (unsigned long long)size);
    pool = calloc(1, sizeof *pool);
    if (!pool)
        return RW_FAIL(ENOMEM, "no memory for pool %s", name);
    strncpy(pool->name, name, sizeof pool->name - 1);
    pool->size = size;
    pool->fd = -1;
    pool->freed_end = &pool->freed;
    pthread_mutex_init(&pool->lock, NULL);
    s = range_space_init(&pool->space, 0, size);
    if (rw_ok(s))
        s = pool_map(pool);
    if (!rw_ok(s)) {
        mem_pool_destroy(pool);
        return s;
    }
    *out_pool = pool;
    return RW_OK;
}

void mem_pool_destroy(struct mem_pool *pool)
{
    struct freed_range *range, *next;

    if (!pool)
        return;
    for (range = pool->freed; range; range = next) {
        next = range->next;
        free(range);
    }
    range_space_finish(&pool->space);
    if (pool->host)
        munmap(pool->host, pool->size);
    if (pool->fd >= 0)
        close(pool->fd);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static void pages_clear(struct mem_pool *pool, uint64_t start, uint64_t size)
{
    if (fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
                  (off_t)size) != 0) {
        rw_debug(mem, "pool %s: no hole at 0x%llx: %s", pool->name, (unsigned long long)start,
                 strerror(errno));
        memset(pool->host + start, 0, size);
    }
}

/* Makes the freed ranges whose grace period is over usable again. */
static void freed_reap_locked(struct mem_pool *pool)
{
    struct freed_range *range;

    while ((range = pool->freed) && grace_is_over(range->period, NULL)) {
        pool->freed = range->next;
        if (!pool->freed)
            pool->freed_end = &pool->freed;
        pages_clear(pool, range->start, range->size);
        range_space_give_back(&pool->space, range->start, range->size);
        free(range);
    }
}

/* The period after which all that is freed now will be usable; 0 when nothing waits. */
static uint64_t freed_last_period_locked(const struct mem_pool *pool)
{
    return pool->freed ? range_map_entry(pool->freed_end, struct freed_range, next)->period : 0;
}

static rw_status pool_try_alloc(struct mem_pool *pool, uint64_t size, uint64_t align,
                                pool_offset *out_offset, uint64_t *out_period)
{
    rw_status s;

    pthread_mutex_lock(&pool->lock);
    freed_reap_locked(pool);
    s = range_space_take(&pool->space, size, align, &out_offset->byte);
    if (rw_ok(s))
        pool->used += size;
    *out_period = freed_last_period_locked(pool);
    pthread_mutex_unlock(&pool->lock);
    return s;
}

rw_status mem_pool_alloc(struct mem_pool *pool, uint64_t size, uint64_t align,
                         pool_offset *out_offset)
{
    uint64_t period;
    rw_status s = pool_try_alloc(pool, size, align, out_offset, &period);

    if (s.err == ENOSPC && period) {
        void (*kick)(void) = atomic_load(&pool_kick);

        if (kick)
            kick();
        grace_wait(period, NULL, POOL_WAIT_MS);
        s = pool_try_alloc(pool, size, align, out_offset, &period);
    }
    return s.err == ENOSPC ? rw_status_quiet(ENOMEM) : s;
}

void mem_pool_free(struct mem_pool *pool, pool_offset offset, uint64_t size)
{
    struct freed_range *range = malloc(sizeof *range);
    uint64_t period = grace_start();

    pthread_mutex_lock(&pool->lock);
    pool->used -= size;
    if (range) {
        *range = (struct freed_range){NULL, offset.byte, size, period};
        *pool->freed_end = range;
        pool->freed_end = &range->next;
    } else {
        rw_error(mem, "pool %s: no memory to queue a freed range; its %llu bytes stay unused",
                 pool->name, (unsigned long long)size);
    }
    freed_reap_locked(pool);
    pthread_mutex_unlock(&pool->lock);
}

uint8_t *mem_pool_host(const struct mem_pool *pool, pool_offset offset)
{
    return pool->host + offset.byte;
}

int mem_pool_fd(const struct mem_pool *pool)
{
    return pool->fd;
}

uint64_t mem_pool_size(const struct mem_pool *pool)
{
    return pool->size;
}

uint64_t mem_pool_used(struct mem_pool *pool)
{
    uint64_t used;

    pthread_mutex_lock(&pool->lock);
    used = pool->used;
    pthread_mutex_unlock(&pool->lock);
    return used;
}
