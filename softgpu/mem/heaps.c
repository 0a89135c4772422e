/* SPDX-License-Identifier: MIT */
#include "softgpu/mem/heaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "softgpu/mem/heaps_internal.h"

/* Kernel: DRM_FILE_PAGE_OFFSET_START and _SIZE of 64-bit systems, in bytes. Legacy maps live
 * below. */
#define MMAP_OFFSET_START (UINT64_C(1) << 32)
#define MMAP_OFFSET_SIZE  ((UINT64_C(1) << 32) * 4096)

/* Kernel: AMDGPU_VA_RESERVED_SEQ64_SIZE. */
#define SEQUENCE_BYTES (UINT64_C(2) << 20)

static rw_status pools_create(struct mem_heaps *heaps, uint64_t vram_size, uint64_t gtt_size)
{
    char name[24];

    snprintf(name, sizeof name, "gpu%u-vram", heaps->device);
    RW_TRY(mem_pool_create(name, vram_size, &heaps->vram));
    snprintf(name, sizeof name, "gpu%u-gtt", heaps->device);
    RW_TRY(mem_pool_create(name, gtt_size, &heaps->gtt));
    return range_space_init(&heaps->offsets, MMAP_OFFSET_START, MMAP_OFFSET_SIZE);
}

rw_status mem_heaps_create(unsigned device, uint64_t vram_size, uint64_t gtt_size,
                           struct mem_heaps **out_heaps)
{
    struct mem_heaps *heaps = calloc(1, sizeof *heaps);
    rw_status s;

    if (!heaps)
        return RW_FAIL(ENOMEM, "no memory for the heaps of GPU %u", device);
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
    mem_pool_destroy(heaps->gtt);
    mem_pool_destroy(heaps->vram);
    pthread_mutex_destroy(&heaps->lock);
    free(heaps);
}

void mem_heaps_usage(struct mem_heaps *heaps, struct mem_usage *out_usage)
{
    uint64_t vram_used = mem_pool_used(heaps->vram);

    /* All of VRAM is visible: a large BAR. Nothing is moved as long as nothing is evicted. */
    *out_usage = (struct mem_usage){
        .vram_size = mem_pool_size(heaps->vram),
        .vram_used = vram_used,
        .visible_vram_size = mem_pool_size(heaps->vram),
        .visible_vram_used = vram_used,
        .gtt_size = mem_pool_size(heaps->gtt),
        .gtt_used = mem_pool_used(heaps->gtt),
    };
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
