/* SPDX-License-Identifier: MIT */
#include "kmt-shim/buffers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/log.h"
#include "kmt-shim/gpu.h"

/* Bits 62 and 63 of a handle: which interface's number is in the lower half. */
#define HANDLE_GEM (UINT64_C(1) << 62)
#define HANDLE_KFD (UINT64_C(2) << 62)

struct dmabuf {
    struct dmabuf_id id;
    struct bo *bos;
    UT_hash_handle hh;
};

/* An import whose buffer is gone. */
struct orphan {
    uint64_t handle;
    struct orphan *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bo *kfd_bos;          /* owned; by the KFD's handle */
static struct range_map kfd_places; /* of bo.guard */
static struct dmabuf *dmabufs;
static _Atomic uint64_t serial = 1;

static _Atomic(struct orphan *) orphans;

void buffers_lock(void)
{
    pthread_mutex_lock(&lock);
}

void buffers_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* The parent's tables are garbage here: another thread may have been changing them. */
void buffers_fork_in_child(void)
{
    pthread_mutex_init(&lock, NULL);
    kfd_bos = NULL;
    kfd_places = RANGE_MAP_INIT;
    dmabufs = NULL;
    atomic_store(&orphans, NULL);
}

uint64_t buffers_now(void)
{
    return atomic_load(&serial);
}

uint64_t buffers_next_serial(void)
{
    return atomic_fetch_add(&serial, 1);
}

bool buffers_canonical(uint64_t *address)
{
    uint64_t high = *address >> 47;

    if (high == 1)
        *address |= UINT64_C(0xffff) << 48;
    return high <= 1 || high == 0x1ffff;
}

void buffer_set_init(struct buffer_set *set, unsigned minor)
{
    *set = (struct buffer_set){.minor = minor};
}

void buffer_set_finish(struct buffer_set *set)
{
    struct mapping *taken = NULL;
    struct bo *bo, *next;

    buffers_lock();
    HASH_ITER(hh, set->gems, bo, next)
    buffers_remove_gem_locked(bo, &taken);
    if (set->ranges)
        mappings_cut_locked(set, 0, UINT64_MAX, UINT64_MAX, &taken);
    buffers_unlock();
    mappings_dispose(taken, false);
    range_index_destroy(set->ranges);
    set->ranges = NULL;
}

/* ---- DMABufs ---- */

static void dmabuf_unlink_locked(struct bo *bo)
{
    struct dmabuf *dmabuf;

    if (!bo->dmabuf.inode)
        return;
    HASH_FIND(hh, dmabufs, &bo->dmabuf, sizeof bo->dmabuf, dmabuf);
    DL_DELETE2(dmabuf->bos, bo, dmabuf_prev, dmabuf_next);
    if (!dmabuf->bos) {
        HASH_DEL(dmabufs, dmabuf);
        free(dmabuf);
    }
    memset(&bo->dmabuf, 0, sizeof bo->dmabuf);
}

void buffers_set_dmabuf_locked(struct bo *bo, struct dmabuf_id id)
{
    struct dmabuf *dmabuf;

    if (!id.inode || memcmp(&bo->dmabuf, &id, sizeof id) == 0)
        return;
    dmabuf_unlink_locked(bo);
    HASH_FIND(hh, dmabufs, &id, sizeof id, dmabuf);
    if (!dmabuf) {
        dmabuf = calloc(1, sizeof *dmabuf);
        if (!dmabuf)
            return; /* only lookups by DMABuf miss it */
        dmabuf->id = id;
        HASH_ADD(hh, dmabufs, id, sizeof id, dmabuf);
    }
    bo->dmabuf = id;
    DL_APPEND2(dmabuf->bos, bo, dmabuf_prev, dmabuf_next);
}

struct bo *buffers_find_dmabuf_locked(struct dmabuf_id id)
{
    struct dmabuf *dmabuf;

    HASH_FIND(hh, dmabufs, &id, sizeof id, dmabuf);
    return dmabuf ? dmabuf->bos : NULL;
}

void buffers_pair_locked(struct bo *bo)
{
    struct bo *other;

    if (bo->twin || !bo->dmabuf.inode)
        return;
    DL_FOREACH2(buffers_find_dmabuf_locked(bo->dmabuf), other, dmabuf_next)
    {
        if (other->gpu_id == bo->gpu_id && !other->twin && !other->set != !bo->set) {
            other->twin = bo;
            bo->twin = other;
            return;
        }
    }
}

/* ---- buffers ---- */

static struct bo *bo_create(enum kmt_shim_api api, uint32_t flags, uint64_t size)
{
    static bool told;
    struct bo *bo = calloc(1, sizeof *bo);

    if (!bo) {
        if (!told)
            rw_warn(shim, "no memory for the buffer table: lookups will miss buffers");
        told = true;
        return NULL;
    }
    bo->api = api;
    bo->flags = flags;
    bo->size = size;
    bo->serial = buffers_next_serial();
    return bo;
}

/* Does the VM keep this mapping although `bo` goes, as it knows the buffer by its twin's name? */
static bool is_kept_by(const struct bo *twin, const struct mapping *mapping)
{
    if (!twin || mapping->by_kfd)
        return false;
    if (twin->set)
        return twin->set == mapping->set;
    return twin->attached >> (mapping->set->minor - GPU_FIRST_MINOR) & 1;
}

static void bo_leave_mappings_locked(struct bo *bo, struct mapping **taken)
{
    bool moved = false;

    while (bo->mappings) {
        struct mapping *mapping = bo->mappings;

        if (is_kept_by(bo->twin, mapping)) {
            mapping_move_locked(mapping, bo->twin);
            moved = true;
        } else {
            mappings_remove_locked(mapping, taken);
        }
    }
    if (moved)
        mappings_refresh_locked(bo->twin);
}

static void bo_orphan_import_locked(struct bo *bo)
{
    struct orphan *orphan = bo->resident_by_import ? malloc(sizeof *orphan) : NULL;

    if (!orphan)
        return;
    orphan->handle = bo->resident_handle;
    orphan->next = atomic_load(&orphans);
    atomic_store(&orphans, orphan);
}

bool buffers_take_orphan(uint64_t *out_handle)
{
    struct orphan *orphan;

    if (!atomic_load_explicit(&orphans, memory_order_relaxed))
        return false;
    buffers_lock();
    orphan = atomic_load(&orphans);
    if (orphan) {
        *out_handle = orphan->handle;
        atomic_store(&orphans, orphan->next);
    }
    buffers_unlock();
    free(orphan);
    return orphan != NULL;
}

static void bo_destroy_locked(struct bo *bo, struct mapping **taken)
{
    bo_leave_mappings_locked(bo, taken);
    bo_orphan_import_locked(bo);
    if (bo->twin)
        bo->twin->twin = NULL;
    dmabuf_unlink_locked(bo);
    free(bo);
}

static uint32_t set_gpu_id(struct buffer_set *set)
{
    if (!set->gpu_id_known)
        set->gpu_id = gpu_id_of_minor(set->minor);
    set->gpu_id_known = true;
    return set->gpu_id;
}

struct bo *buffers_add_gem_locked(struct buffer_set *set, uint32_t gem, enum kmt_shim_api api,
                                  uint32_t flags, uint64_t size, struct mapping **taken)
{
    struct bo *bo = buffers_find_gem_locked(set, gem);

    if (bo)
        buffers_remove_gem_locked(bo, taken);
    bo = bo_create(api, flags, size);
    if (!bo)
        return NULL;
    bo->set = set;
    bo->minor = set->minor;
    bo->gpu_id = set_gpu_id(set);
    bo->gem = gem;
    bo->handle = HANDLE_GEM | (uint64_t)(bo->gpu_id & 0x3fffffff) << 32 | gem;
    HASH_ADD(hh, set->gems, gem, sizeof bo->gem, bo);
    return bo;
}

struct bo *buffers_find_gem_locked(const struct buffer_set *set, uint32_t gem)
{
    struct bo *bo;

    HASH_FIND(hh, set->gems, &gem, sizeof gem, bo);
    return bo;
}

void buffers_remove_gem_locked(struct bo *bo, struct mapping **taken)
{
    HASH_DEL(bo->set->gems, bo);
    bo_destroy_locked(bo, taken);
}

struct bo *buffers_add_kfd_locked(uint64_t handle, enum kmt_shim_api api, uint32_t flags,
                                  uint64_t address, uint64_t size, bool doubled,
                                  struct mapping **taken)
{
    struct bo *bo = buffers_find_kfd_locked(handle);
    uint64_t span = doubled ? 2 * size : size;

    if (bo)
        buffers_remove_kfd_locked(bo, taken);
    bo = bo_create(api, flags, size);
    if (!bo)
        return NULL;
    bo->kfd = handle;
    bo->gpu_id = (uint32_t)(handle >> 32);
    bo->handle = HANDLE_KFD | (handle & 0x3fffffffffffffff);
    (void)gpu_minor_of_gpu_id(bo->gpu_id, &bo->minor);
    bo->doubled = doubled;
    if (address && buffers_canonical(&address)) {
        bo->address = address;
        bo->guarded = range_map_insert(&kfd_places, &bo->guard, address, address + span - 1);
    }
    HASH_ADD(hh, kfd_bos, kfd, sizeof bo->kfd, bo);
    return bo;
}

struct bo *buffers_find_kfd_locked(uint64_t handle)
{
    struct bo *bo;

    HASH_FIND(hh, kfd_bos, &handle, sizeof handle, bo);
    return bo;
}

void buffers_remove_kfd_locked(struct bo *bo, struct mapping **taken)
{
    if (bo->guarded)
        range_map_remove(&kfd_places, &bo->guard);
    HASH_DEL(kfd_bos, bo);
    bo_destroy_locked(bo, taken);
}

struct bo *buffers_find_kfd_place_locked(uint64_t start, uint64_t last)
{
    struct range_node *node = range_map_first_in(&kfd_places, start, last);

    for (; node && node->start <= last; node = range_map_next(node)) {
        struct bo *bo = range_map_entry(node, struct bo, guard);

        if (bo->mapping_count == 0)
            return bo;
    }
    return NULL;
}

unsigned buffers_count_kfd_locked(void)
{
    return HASH_COUNT(kfd_bos);
}
