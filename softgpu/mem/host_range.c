/* SPDX-License-Identifier: MIT */
#include "softgpu/mem/host_range.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <utlist.h>

#define USERS_MAX 16 /* that are told of one change; a process has one or two */

static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    struct mem_host_range *list;
    _Atomic uint64_t first, last; /* no range lies outside; last < first: there is none */
} ranges = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .first = UINT64_MAX};

/* The ranges are the parent's. */
static void fork_child(void)
{
    pthread_mutex_init(&ranges.lock, NULL);
    ranges.list = NULL;
    atomic_store(&ranges.first, UINT64_MAX);
    atomic_store(&ranges.last, 0);
}

static void start_once(void)
{
    pthread_atfork(NULL, NULL, fork_child);
}

void mem_host_range_add(struct mem_host_range *range)
{
    pthread_once(&ranges.once, start_once);
    pthread_mutex_lock(&ranges.lock);
    DL_APPEND(ranges.list, range);
    if (range->start < atomic_load(&ranges.first))
        atomic_store(&ranges.first, range->start);
    if (range->last > atomic_load(&ranges.last))
        atomic_store(&ranges.last, range->last);
    pthread_mutex_unlock(&ranges.lock);
}

void mem_host_range_remove(struct mem_host_range *range)
{
    pthread_mutex_lock(&ranges.lock);
    DL_DELETE(ranges.list, range);
    if (!ranges.list) {
        atomic_store(&ranges.first, UINT64_MAX);
        atomic_store(&ranges.last, 0);
    }
    pthread_mutex_unlock(&ranges.lock);
}

static bool is_among(struct mem_host_user *const *users, unsigned count,
                     const struct mem_host_user *user)
{
    for (unsigned i = 0; i < count; i++)
        if (users[i] == user)
            return true;
    return false;
}

void mem_host_ranges_invalidate(const void *address, size_t length)
{
    uint64_t start = (uintptr_t)address, last = start + (length - 1);
    struct mem_host_user *users[USERS_MAX];
    const struct mem_host_range *range;
    unsigned count = 0;

    if (length == 0 || start > atomic_load_explicit(&ranges.last, memory_order_relaxed) ||
        last < atomic_load_explicit(&ranges.first, memory_order_relaxed))
        return;
    pthread_mutex_lock(&ranges.lock);
    DL_FOREACH(ranges.list, range)
    {
        if (range->start <= last && range->last >= start && count < USERS_MAX &&
            !is_among(users, count, range->user))
            users[count++] = range->user;
    }
    pthread_mutex_unlock(&ranges.lock);
    for (unsigned i = 0; i < count; i++)
        users[i]->invalidate(users[i], start, last);
}
