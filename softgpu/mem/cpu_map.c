/* SPDX-License-Identifier: MIT */
#include "softgpu/mem/cpu_map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "base/range_map.h"
#include "softgpu/mem/bo.h"
#include "softgpu/mem/residency.h"

#define PAGE_MASK UINT64_C(4095)

/* A piece of a mapping: one range with one protection. */
struct cpu_map {
    struct range_node range;     /* host addresses */
    struct mem_bo *bo;           /* reference */
    uint64_t bo_offset;          /* bytes */
    int prot;                    /* PROT_* */
    bool dontfork;               /* MADV_DONTFORK */
    bool guarded;                /* its stores sleep */
    struct cpu_map *prev, *next; /* in bo->cpu_maps; by `next` alone in maps.dead */
};

static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    struct range_map tree;
    struct cpu_map *dead;         /* out of the tree; their buffers are put when unlocking */
    _Atomic uint64_t first, last; /* no mapping lies outside; last < first: there is none */
    int uffd;                     /* -1: the host cannot protect shared memory */
} maps = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .first = UINT64_MAX, .uffd = -1};

/* The calling thread has the lock: what it maps and unmaps is no business of the hooks. */
static _Thread_local bool inside;

/* ---- userfaultfd ---- */

static int uffd_open_mode(int mode)
{
    struct uffdio_api api = {.api = UFFD_API,
                             .features =
                                 UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | mode);

    if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) != 0) {
        close(fd);
        fd = -1;
    }
    return private_fd_move(fd);
}

/* Without the user-mode restriction system calls that store into a mapping sleep too; with it they
 * get EFAULT while the buffer moves. */
static int uffd_open(void)
{
    int fd = uffd_open_mode(0);

    return fd >= 0 ? fd : uffd_open_mode(UFFD_USER_MODE_ONLY);
}

static bool uffd_protect(const struct cpu_map *map, bool on)
{
    struct uffdio_writeprotect wp = {
        .range = {.start = map->range.start, .len = map->range.last - map->range.start + 1},
        .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
    };
    int r;

    do {
        r = ioctl(maps.uffd, UFFDIO_WRITEPROTECT, &wp);
    } while (r != 0 && (errno == EAGAIN || errno == EINTR));
    return r == 0;
}

static bool uffd_register(const struct cpu_map *map)
{
    struct uffdio_register registration = {
        .range = {.start = map->range.start, .len = map->range.last - map->range.start + 1},
        .mode = UFFDIO_REGISTER_MODE_WP,
    };

    return ioctl(maps.uffd, UFFDIO_REGISTER, &registration) == 0;
}

static void uffd_wake(const struct cpu_map *map)
{
    struct uffdio_range range = {.start = map->range.start,
                                 .len = map->range.last - map->range.start + 1};

    if (ioctl(maps.uffd, UFFDIO_WAKE, &range) != 0)
        rw_error(mem, "cannot wake threads that store to 0x%llx: %s",
                 (unsigned long long)map->range.start, strerror(errno));
}

static void uffd_unregister(const struct cpu_map *map)
{
    struct uffdio_range range = {.start = map->range.start,
                                 .len = map->range.last - map->range.start + 1};

    ioctl(maps.uffd, UFFDIO_UNREGISTER, &range); /* wakes sleepers as well */
}

/* ---- fork ---- */

static void fork_prepare(void)
{
    mem_residency_lock();
    mem_cpu_maps_lock();
    for (struct range_node *n = range_map_first(&maps.tree); n; n = range_map_next(n)) {
        struct cpu_map *map = range_map_entry(n, struct cpu_map, range);

        if (!map->dontfork)
            atomic_store(&map->bo->forked, true);
    }
}

static void fork_parent(void)
{
    mem_cpu_maps_unlock();
    mem_residency_unlock();
}

/* The buffers are the parent's: the child forgets them, and its mappings are ordinary memory. */
static void fork_child(void)
{
    pthread_mutex_init(&maps.lock, NULL);
    range_map_init(&maps.tree);
    maps.dead = NULL;
    atomic_store(&maps.first, UINT64_MAX);
    atomic_store(&maps.last, 0);
    if (maps.uffd >= 0)
        close(maps.uffd);
    maps.uffd = uffd_open();
    inside = false;
    mem_residency_unlock();
}

static void start_once(void)
{
    range_map_init(&maps.tree);
    maps.uffd = uffd_open();
    if (maps.uffd < 0)
        rw_debug(mem, "no userfaultfd for shared memory: what the CPU has mapped does not move");
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

void mem_cpu_maps_start(void)
{
    pthread_once(&maps.once, start_once);
}

/* ---- the registry ---- */

void mem_cpu_maps_lock(void)
{
    pthread_mutex_lock(&maps.lock);
    inside = true;
}

void mem_cpu_maps_unlock(void)
{
    struct cpu_map *dead = maps.dead, *next;

    maps.dead = NULL;
    inside = false;
    pthread_mutex_unlock(&maps.lock);
    for (; dead; dead = next) {
        next = dead->next;
        mem_bo_put(dead->bo);
        free(dead);
    }
}

bool mem_cpu_maps_meet(const void *address, size_t length)
{
    uint64_t start = (uintptr_t)address;

    /* The program itself orders its calls on one range; so no lock is needed to see that range. */
    if (start > atomic_load_explicit(&maps.last, memory_order_relaxed) || length == 0 ||
        start + (length - 1) < atomic_load_explicit(&maps.first, memory_order_relaxed) || inside)
        return false;
    mem_cpu_maps_lock();
    bool meets = range_map_first_in(&maps.tree, start, start + (length - 1)) != NULL;
    mem_cpu_maps_unlock();
    return meets;
}

static struct cpu_map *first_in(const void *address, size_t length)
{
    uint64_t start = (uintptr_t)address;
    struct range_node *node =
        length ? range_map_first_in(&maps.tree, start, start + (length - 1)) : NULL;

    return node ? range_map_entry(node, struct cpu_map, range) : NULL;
}

static void map_insert(struct cpu_map *map, uint64_t start, uint64_t last)
{
    range_map_insert(&maps.tree, &map->range, start, last);
    DL_APPEND(map->bo->cpu_maps, map);
    if (start < atomic_load(&maps.first))
        atomic_store(&maps.first, start);
    if (last > atomic_load(&maps.last))
        atomic_store(&maps.last, last);
}

static void map_drop(struct cpu_map *map)
{
    range_map_remove(&maps.tree, &map->range);
    DL_DELETE(map->bo->cpu_maps, map);
    map->next = maps.dead;
    maps.dead = map;
    if (maps.tree.count == 0) {
        atomic_store(&maps.first, UINT64_MAX);
        atomic_store(&maps.last, 0);
    }
}

/* Cuts the mapping in two at `at`. Without memory for that the buffer cannot move any more. */
static void map_split(struct cpu_map *map, uint64_t at)
{
    struct cpu_map *tail = malloc(sizeof *tail);

    if (!tail) {
        rw_error(mem, "no memory to follow a mapping of a %s; it stays where it is",
                 map->bo->label);
        mem_bo_pin_locked(map->bo);
        return;
    }
    *tail = *map;
    tail->bo = mem_bo_get(map->bo);
    tail->bo_offset += at - map->range.start;
    range_map_split(&maps.tree, &map->range, at, &tail->range);
    DL_APPEND(map->bo->cpu_maps, tail);
}

/* Makes the bounds of a range bounds of pieces. */
static void cut_at_bounds(const void *address, size_t length)
{
    uint64_t bounds[] = {(uintptr_t)address, (uintptr_t)address + length};

    for (unsigned i = 0; i < 2; i++) {
        struct range_node *node = range_map_find(&maps.tree, bounds[i]);

        if (node && node->start < bounds[i])
            map_split(range_map_entry(node, struct cpu_map, range), bounds[i]);
    }
}

void mem_cpu_maps_gone_locked(const void *address, size_t length)
{
    struct cpu_map *map;

    length = (length + PAGE_MASK) & ~PAGE_MASK;
    cut_at_bounds(address, length);
    while ((map = first_in(address, length)))
        map_drop(map);
}

/* Calls for every piece in a range, whose bounds are bounds of pieces. */
#define FOR_EACH_IN(map, address, length)                                                          \
    for (map = first_in(address, length);                                                          \
         map && map->range.start <= (uintptr_t)(address) + ((length)-1);                           \
         map = range_map_next(&map->range)                                                         \
                   ? range_map_entry(range_map_next(&map->range), struct cpu_map, range)           \
                   : NULL)

void mem_cpu_maps_protected_locked(const void *address, size_t length, int prot)
{
    struct cpu_map *map;

    length = (length + PAGE_MASK) & ~PAGE_MASK;
    cut_at_bounds(address, length);
    FOR_EACH_IN(map, address, length)
    map->prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

void mem_cpu_maps_dontfork_locked(const void *address, size_t length, bool dontfork)
{
    struct cpu_map *map;

    length = (length + PAGE_MASK) & ~PAGE_MASK;
    cut_at_bounds(address, length);
    FOR_EACH_IN(map, address, length)
    map->dontfork = dontfork;
}

void mem_cpu_maps_moved_locked(const void *from, const void *to, size_t length)
{
    struct cpu_map *map, *moved = NULL;
    uint64_t distance = (uintptr_t)to - (uintptr_t)from;

    length = (length + PAGE_MASK) & ~PAGE_MASK;
    mem_cpu_maps_gone_locked(to, length);
    cut_at_bounds(from, length);
    while ((map = first_in(from, length))) { /* out first: the two may overlap */
        range_map_remove(&maps.tree, &map->range);
        DL_DELETE(map->bo->cpu_maps, map);
        LL_PREPEND(moved, map);
    }
    while ((map = moved)) {
        LL_DELETE(moved, map);
        map_insert(map, map->range.start + distance, map->range.last + distance);
    }
}

rw_status mem_cpu_map_add(struct mem_bo *bo, void *address, uint64_t length, int prot, int flags,
                          uint64_t start, void **out_address)
{
    struct cpu_map *map = calloc(1, sizeof *map);
    rw_status s = RW_OK;

    if (!map)
        return RW_FAIL(ENOMEM, "no memory to map a %s", bo->label);
    length = (length + PAGE_MASK) & ~PAGE_MASK;
    mem_cpu_maps_lock(); /* from here on the buffer does not move */
    int fd = bo->pool ? mem_pool_fd(bo->pool) : bo->pages_fd;
    uint64_t base = bo->pool ? bo->offset.byte : bo->pages_offset;
    void *mapped = mmap(address, length, prot, flags, fd, (off_t)(base + start));
    if (mapped == MAP_FAILED) {
        s = RW_FAIL(errno, "mmap of a %s: %s", bo->label, strerror(errno));
        free(map);
    } else {
        mem_cpu_maps_gone_locked(mapped, length); /* by MAP_FIXED */
        *map = (struct cpu_map){.bo = mem_bo_get(bo), .bo_offset = start, .prot = prot};
        map_insert(map, (uintptr_t)mapped, (uintptr_t)mapped + (length - 1));
        *out_address = mapped;
    }
    mem_cpu_maps_unlock();
    return s;
}

int mem_cpu_munmap(void *address, size_t length)
{
    mem_cpu_maps_lock();
    int r = munmap(address, length);
    if (r == 0)
        mem_cpu_maps_gone_locked(address, length);
    mem_cpu_maps_unlock();
    return r;
}

bool mem_cpu_maps_forked(const struct mem_bo *bo)
{
    return atomic_load(&bo->forked);
}

/* ---- moving ---- */

static void guard_off(struct mem_bo *bo)
{
    struct cpu_map *map;

    DL_FOREACH(bo->cpu_maps, map)
    {
        if (map->guarded)
            uffd_unregister(map);
        map->guarded = false;
    }
}

/* From now on stores to the buffer's mappings sleep. */
static bool guard_on(struct mem_bo *bo)
{
    struct cpu_map *map;

    DL_FOREACH(bo->cpu_maps, map)
    {
        if (!(map->prot & PROT_WRITE))
            continue;
        map->guarded = maps.uffd >= 0 && uffd_register(map);
        if (map->guarded && uffd_protect(map, true))
            continue;
        rw_debug(mem, "a %s stays: its mapping at 0x%llx cannot be write-protected: %s", bo->label,
                 (unsigned long long)map->range.start, strerror(errno));
        guard_off(bo);
        return false;
    }
    return true;
}

/* Only what was ever touched; the rest reads as zero there, too. By a system call, for which a
 * store that races with us, of a queue that nobody stopped, is no data race of the program. */
static bool pages_copy(const struct mem_bo *bo, struct mem_pool *pool, pool_offset offset)
{
    int from = mem_pool_fd(bo->pool);
    uint64_t end = bo->offset.byte + bo->size;
    off_t at = (off_t)bo->offset.byte;

    while ((at = lseek(from, at, SEEK_DATA)) >= 0 && (uint64_t)at < end) {
        off_t hole = lseek(from, at, SEEK_HOLE);

        if (hole < 0 || (uint64_t)hole > end)
            hole = (off_t)end;
        while (at < hole) {
            uint8_t *to = mem_pool_host(pool, offset) + ((uint64_t)at - bo->offset.byte);
            long n = syscall(SYS_pread64, from, to, (size_t)(hole - at), at);

            if (n <= 0)
                return false;
            at += n;
        }
    }
    return at >= 0 || errno == ENXIO;
}

/* By system call: interposers of mmap() have no part in it. */
static void map_switch(const struct cpu_map *map, const struct mem_bo *bo)
{
    uint64_t length = map->range.last - map->range.start + 1;
    long r = syscall(SYS_mmap, map->range.start, length, map->prot, MAP_SHARED | MAP_FIXED,
                     mem_pool_fd(bo->pool), bo->offset.byte + map->bo_offset);

    if (r != (long)map->range.start) {
        /* Going on would show the program memory that may be somebody else's. */
        rw_error(mem, "cannot map the new place of a %s at 0x%llx: %s", bo->label,
                 (unsigned long long)map->range.start, strerror(errno));
        abort();
    }
    if (map->dontfork)
        syscall(SYS_madvise, map->range.start, length, MADV_DONTFORK);
}

rw_status mem_cpu_maps_move(struct mem_bo *bo, struct mem_pool *pool, pool_offset offset,
                            uint32_t placement, bool copy)
{
    struct cpu_map *map;
    rw_status s = RW_OK;

    mem_cpu_maps_lock();
    if (!guard_on(bo)) {
        s = rw_status_quiet(ENOTSUP);
    } else if (copy && !pages_copy(bo, pool, offset)) {
        s = RW_FAIL(ENOMEM, "cannot copy a %s: %s", bo->label, strerror(errno));
        guard_off(bo);
    } else {
        bo->pool = pool;
        bo->offset = offset;
        bo->host = mem_pool_host(pool, offset);
        bo->placement = placement;
        DL_FOREACH(bo->cpu_maps, map)
        {
            map_switch(map, bo);
            if (map->guarded)
                uffd_wake(map);
            map->guarded = false;
        }
    }
    mem_cpu_maps_unlock();
    return s;
}
