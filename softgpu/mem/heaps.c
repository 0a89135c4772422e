/* SPDX-License-Identifier: MIT */
#include "softgpu/mem/heaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "softgpu/mem/cpu_map.h"
#include "softgpu/mem/heaps_internal.h"
#include "softgpu/mem/residency.h"

/* Kernel: DRM_FILE_PAGE_OFFSET_START and _SIZE of 64-bit systems, in bytes. Legacy maps live
 * below. */
#define MMAP_OFFSET_START (UINT64_C(1) << 32)
#define MMAP_OFFSET_SIZE  ((UINT64_C(1) << 32) * 4096)

/* Kernel: AMDGPU_VA_RESERVED_SEQ64_SIZE. */
#define SEQUENCE_BYTES (UINT64_C(2) << 20)

#define PAGE           UINT64_C(4096)

/* From where on a BO is placed so that huge pages of the host can hold it. */
#define HUGE_PAGE (UINT64_C(2) << 20)

static rw_status pools_create(struct mem_heaps *heaps, uint64_t vram_size, uint64_t gtt_size)
{
    char name[24];

    snprintf(name, sizeof name, "gpu%u-vram", heaps->device);
    RW_TRY(mem_pool_create(name, vram_size, &heaps->vram));
    /* What is evicted when GTT is full still has to be somewhere: all of VRAM could come. */
    snprintf(name, sizeof name, "gpu%u-system", heaps->device);
    RW_TRY(mem_pool_create(name, gtt_size + vram_size, &heaps->system));
    heaps->gtt_size = gtt_size;
    return range_space_init(&heaps->offsets, MMAP_OFFSET_START, MMAP_OFFSET_SIZE);
}

rw_status mem_heaps_create(unsigned device, uint64_t vram_size, uint64_t gtt_size,
                           struct mem_heaps **out_heaps)
{
    struct mem_heaps *heaps = calloc(1, sizeof *heaps);
    rw_status s;

    if (!heaps)
        return RW_FAIL(ENOMEM, "no memory for the heaps of GPU %u", device);
    mem_cpu_maps_start();
    heaps->device = device;
    pthread_mutex_init(&heaps->lock, NULL);
    range_map_init(&heaps->by_offset);
    s = pools_create(heaps, vram_size, gtt_size);
    if (!rw_ok(s)) {
        mem_heaps_destroy(heaps);
        return s;
    }
    *out_heaps = heaps;
    return RW_OK;
}

void mem_heaps_destroy(struct mem_heaps *heaps)
{
    if (!heaps)
        return;
    mem_bo_put(heaps->sequence);
    if (heaps->by_offset.count)
        rw_error(mem, "GPU %u goes away with %zu buffer objects still referenced", heaps->device,
                 heaps->by_offset.count);
    range_space_finish(&heaps->offsets);
    mem_pool_destroy(heaps->system);
    mem_pool_destroy(heaps->vram);
    pthread_mutex_destroy(&heaps->lock);
    free(heaps);
}

void mem_heaps_usage(struct mem_heaps *heaps, struct mem_usage *out_usage)
{
    uint64_t vram_used = mem_pool_used(heaps->vram);

    pthread_mutex_lock(&heaps->lock);
    *out_usage = (struct mem_usage){
        .vram_size = mem_pool_size(heaps->vram),
        .vram_used = vram_used,
        .vram_pinned = heaps->vram_pinned,
        .visible_vram_size = mem_pool_size(heaps->vram), /* a large BAR */
        .visible_vram_used = vram_used,
        .gtt_size = heaps->gtt_size,
        .gtt_used = heaps->gtt_used,
        .bytes_moved = heaps->bytes_moved,
        .evictions = heaps->evictions,
    };
    pthread_mutex_unlock(&heaps->lock);
}

/* ---- places ---- */

bool mem_gtt_take(struct mem_heaps *heaps, uint64_t size)
{
    pthread_mutex_lock(&heaps->lock);
    bool room = size <= heaps->gtt_size - heaps->gtt_used;
    if (room)
        heaps->gtt_used += size;
    pthread_mutex_unlock(&heaps->lock);
    return room;
}

void mem_gtt_give_back(struct mem_heaps *heaps, uint64_t size)
{
    pthread_mutex_lock(&heaps->lock);
    heaps->gtt_used -= size;
    pthread_mutex_unlock(&heaps->lock);
}

uint64_t mem_domain_size(const struct mem_heaps *heaps, uint32_t domain)
{
    return domain == MEM_DOMAIN_VRAM  ? mem_pool_size(heaps->vram)
           : domain == MEM_DOMAIN_GTT ? heaps->gtt_size
                                      : mem_pool_size(heaps->system);
}

rw_status mem_place_find(const struct mem_bo *bo, uint32_t domain, struct mem_place *out_place)
{
    struct mem_heaps *heaps = bo->heaps;
    uint64_t align = bo->align > PAGE ? bo->align : PAGE;
    struct mem_place place = {domain == MEM_DOMAIN_VRAM ? heaps->vram : heaps->system, {0}, domain};
    rw_status s;

    if (bo->size >= HUGE_PAGE && align < HUGE_PAGE)
        align = HUGE_PAGE;
    if (domain == MEM_DOMAIN_GTT && !mem_gtt_take(heaps, bo->size))
        return rw_status_quiet(ENOMEM);
    s = mem_pool_alloc(place.pool, bo->size, align, &place.offset);
    if (rw_ok(s))
        *out_place = place;
    else if (domain == MEM_DOMAIN_GTT)
        mem_gtt_give_back(heaps, bo->size);
    return s;
}

void mem_place_give_back(struct mem_heaps *heaps, const struct mem_place *place, uint64_t size)
{
    mem_pool_free(place->pool, place->offset, size);
    if (place->placement == MEM_DOMAIN_GTT)
        mem_gtt_give_back(heaps, size);
}

void mem_heaps_rename(struct mem_heaps *heaps, struct mem_bo *bo, uint32_t placement)
{
    pthread_mutex_lock(&heaps->lock);
    mem_lru_remove_locked(bo);
    bo->placement = placement;
    mem_lru_add_locked(bo);
    pthread_mutex_unlock(&heaps->lock);
}

void mem_heaps_count_move(struct mem_heaps *heaps, struct mem_bo *bo)
{
    pthread_mutex_lock(&heaps->lock);
    mem_lru_remove_locked(bo);
    mem_lru_add_locked(bo);
    heaps->bytes_moved += bo->size;
    pthread_mutex_unlock(&heaps->lock);
}

void mem_heaps_count_eviction(struct mem_heaps *heaps)
{
    pthread_mutex_lock(&heaps->lock);
    heaps->evictions++;
    pthread_mutex_unlock(&heaps->lock);
}

void mem_heaps_count_pinned(struct mem_heaps *heaps, const struct mem_bo *bo, bool pinned)
{
    if (bo->placement !=
        MEM_DOMAIN_VRAM) /* pinned ones do not move: it is the same when unpinned */
        return;
    pthread_mutex_lock(&heaps->lock);
    heaps->vram_pinned += pinned ? bo->size : -bo->size;
    pthread_mutex_unlock(&heaps->lock);
}

rw_status mem_heaps_sequence_bo(struct mem_heaps *heaps, struct mem_bo **out_bo)
{
    struct mem_bo_desc desc = {.size = SEQUENCE_BYTES, .domains = MEM_DOMAIN_GTT};
    struct mem_bo *bo, *raced = NULL;

    pthread_mutex_lock(&heaps->lock);
    bo = heaps->sequence ? mem_bo_get(heaps->sequence) : NULL;
    pthread_mutex_unlock(&heaps->lock);
    if (!bo) {
        RW_TRY(mem_bo_create(heaps, &desc, "kernel seq64", &bo));
        mem_bo_pin(bo);
        pthread_mutex_lock(&heaps->lock);
        if (heaps->sequence) {
            raced = bo;
            bo = mem_bo_get(heaps->sequence);
        } else {
            heaps->sequence = mem_bo_get(bo);
        }
        pthread_mutex_unlock(&heaps->lock);
        mem_bo_put(raced);
    }
    *out_bo = bo;
    return RW_OK;
}

void mem_heaps_for_each_bo(struct mem_heaps *heaps,
                           bool (*visit)(void *context, const struct mem_bo *bo), void *context)
{
    pthread_mutex_lock(&heaps->lock);
    for (struct range_node *n = range_map_first(&heaps->by_offset); n; n = range_map_next(n))
        if (!visit(context, range_map_entry(n, struct mem_bo, mmap_node)))
            break;
    pthread_mutex_unlock(&heaps->lock);
}
