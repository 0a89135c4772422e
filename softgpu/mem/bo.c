/* SPDX-License-Identifier: MIT */
#include "softgpu/mem/bo.h"

#include <amdgpu_drm.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "softgpu/mem/cpu_map.h"
#include "softgpu/mem/heaps.h"
#include "softgpu/mem/heaps_internal.h"

#define PAGE UINT64_C(4096)

static atomic_uint_fast64_t next_id = 1;

static rw_status no_room(const struct mem_bo *bo)
{
    struct mem_heaps *heaps = bo->heaps;
    struct mem_usage usage;

    mem_heaps_usage(heaps, &usage);
    return RW_FAIL(ENOMEM,
                   "no room for a %s of %llu bytes in domains 0x%x of GPU %u: VRAM %llu of %llu, "
                   "GTT %llu of %llu used",
                   bo->label, (unsigned long long)bo->size, bo->preferred, heaps->device,
                   (unsigned long long)usage.vram_used, (unsigned long long)usage.vram_size,
                   (unsigned long long)usage.gtt_used, (unsigned long long)usage.gtt_size);
}

static rw_status place(struct mem_bo *bo)
{
    struct mem_place found;
    rw_status s;

    mem_residency_lock();
    s = mem_place_make_locked(bo, bo->preferred, &found);
    mem_residency_unlock();
    if (!rw_ok(s))
        return no_room(bo);
    bo->pool = found.pool;
    bo->offset = found.offset;
    bo->placement = found.placement;
    bo->host = mem_pool_host(found.pool, found.offset);
    return RW_OK;
}

static rw_status attach_backing(struct mem_bo *bo, const struct mem_bo_desc *desc)
{
    switch (desc->backing) {
    case MEM_BACKING_POOL:
        return place(bo);
    case MEM_BACKING_USERPTR:
        if (!desc->user_address || desc->user_address % PAGE)
            return RW_FAIL(EINVAL, "userptr 0x%llx is not page aligned",
                           (unsigned long long)desc->user_address);
        /* The program's own address is the device's: there is one address space. */
        bo->host = (uint8_t *)(uintptr_t)desc->user_address;
        bo->placement = MEM_DOMAIN_GTT;
        return RW_OK;
    case MEM_BACKING_PAGES:
        if (desc->origin)
            mem_bo_pin(desc->origin); /* its pages are known by address here */
        bo->host = desc->pages;
        bo->pages_fd = desc->pages_fd;
        bo->pages_offset = desc->pages_offset;
        bo->origin = desc->origin ? mem_bo_get(desc->origin) : NULL;
        bo->placement = desc->origin ? MEM_DOMAIN_GTT : MEM_DOMAIN_DOORBELL;
        return RW_OK;
    case MEM_BACKING_NONE:
        bo->placement = MEM_DOMAIN_CPU;
        return RW_OK;
    }
    return RW_FAIL(EINVAL, "buffer object with unknown backing %d", desc->backing);
}

static void detach_backing(struct mem_bo *bo)
{
    const struct mem_place place = {bo->pool, bo->offset, bo->placement};

    if (bo->pool)
        mem_place_give_back(bo->heaps, &place, bo->size);
    if (bo->origin)
        mem_bo_unpin(bo->origin);
    mem_bo_put(bo->origin);
}

/* Makes the BO known: by its fake mmap offset, and to those who look for room. */
static rw_status bo_publish(struct mem_bo *bo)
{
    struct mem_heaps *heaps = bo->heaps;
    rw_status s;

    pthread_mutex_lock(&heaps->lock);
    s = range_space_take(&heaps->offsets, bo->size, PAGE, &bo->mmap_offset);
    if (rw_ok(s)) {
        range_map_insert(&heaps->by_offset, &bo->mmap_node, bo->mmap_offset,
                         bo->mmap_offset + bo->size - 1);
        mem_lru_add_locked(bo); /* from now on it may move */
    }
    pthread_mutex_unlock(&heaps->lock);
    return s.err == ENOSPC ? RW_FAIL(ENOMEM, "the space of mmap offsets is used up") : s;
}

static void bo_withdraw(struct mem_bo *bo)
{
    struct mem_heaps *heaps = bo->heaps;

    pthread_mutex_lock(&heaps->lock);
    mem_lru_remove_locked(bo);
    range_map_remove(&heaps->by_offset, &bo->mmap_node);
    range_space_give_back(&heaps->offsets, bo->mmap_offset, bo->size);
    pthread_mutex_unlock(&heaps->lock);
}

static rw_status desc_check(const struct mem_bo_desc *desc)
{
    if (desc->size == 0 || desc->size > UINT64_MAX - PAGE)
        return RW_FAIL(EINVAL, "buffer object of %llu bytes", (unsigned long long)desc->size);
    if (desc->align & (desc->align - 1))
        return RW_FAIL(EINVAL, "alignment %llu is no power of two",
                       (unsigned long long)desc->align);
    return RW_OK;
}

rw_status mem_bo_create(struct mem_heaps *heaps, const struct mem_bo_desc *desc, const char *label,
                        struct mem_bo **out_bo)
{
    struct mem_bo *bo;
    rw_status s;

    RW_TRY(desc_check(desc));
    bo = calloc(1, sizeof *bo);
    if (!bo)
        return RW_FAIL(ENOMEM, "no memory for a buffer object");
    atomic_init(&bo->refs, 1);
    bo->heaps = heaps;
    bo->device = heaps->device;
    bo->id = atomic_fetch_add(&next_id, 1);
    bo->size = (desc->size + PAGE - 1) & ~(PAGE - 1);
    bo->align = desc->align;
    bo->create_flags = desc->create_flags;
    mem_bo_init_domains(bo, desc->domains);
    bo->backing = desc->backing;
    bo->pages_fd = -1;
    bo->resv = &bo->own_resv;
    bo->no_cpu_access = desc->create_flags & AMDGPU_GEM_CREATE_NO_CPU_ACCESS;
    strncpy(bo->label, label, sizeof bo->label - 1);
    pthread_mutex_init(&bo->lock, NULL);

    s = attach_backing(bo, desc);
    if (rw_ok(s)) {
        s = bo_publish(bo);
        if (!rw_ok(s))
            detach_backing(bo);
    }
    if (!rw_ok(s)) {
        pthread_mutex_destroy(&bo->lock);
        free(bo);
        return s;
    }
    rw_trace(mem, "bo %llu: %s, %llu bytes, placement %u", (unsigned long long)bo->id, bo->label,
             (unsigned long long)bo->size, bo->placement);
    *out_bo = bo;
    return RW_OK;
}

struct mem_bo *mem_bo_get(struct mem_bo *bo)
{
    atomic_fetch_add_explicit(&bo->refs, 1, memory_order_relaxed);
    return bo;
}

struct mem_bo *mem_bo_get_unless_dead(struct mem_bo *bo)
{
    int refs = atomic_load(&bo->refs);

    while (refs > 0)
        if (atomic_compare_exchange_weak(&bo->refs, &refs, refs + 1))
            return bo;
    return NULL;
}

void mem_bo_put(struct mem_bo *bo)
{
    if (!bo || atomic_fetch_sub_explicit(&bo->refs, 1, memory_order_acq_rel) != 1)
        return;
    rw_trace(mem, "bo %llu: freed", (unsigned long long)bo->id);
    bo_withdraw(bo);
    if (atomic_load(&bo->pins)) /* until the end */
        mem_heaps_count_pinned(bo->heaps, bo, false);
    detach_backing(bo);
    if (bo->resv != &bo->own_resv)
        mem_resv_put(bo->resv);
    pthread_mutex_destroy(&bo->lock);
    free(bo);
}

void mem_bo_share_resv(struct mem_bo *bo, void *vm_private, struct mem_resv *resv)
{
    mem_residency_lock();
    bo->vm_private = vm_private;
    bo->resv = mem_resv_get(resv);
    mem_residency_unlock();
}

struct mem_bo *mem_bo_find_by_mmap_offset(struct mem_heaps *heaps, uint64_t mmap_offset)
{
    struct range_node *node;
    struct mem_bo *bo = NULL;

    pthread_mutex_lock(&heaps->lock);
    node = range_map_find(&heaps->by_offset, mmap_offset);
    if (node && node->start == mmap_offset)
        bo = mem_bo_get_unless_dead(range_map_entry(node, struct mem_bo, mmap_node));
    pthread_mutex_unlock(&heaps->lock);
    return bo;
}

rw_status mem_bo_mmap(struct mem_bo *bo, void *address, uint64_t length, int prot, int flags,
                      uint64_t start, void **out_address)
{
    bool private_mapping = (flags & MAP_TYPE) == MAP_PRIVATE;
    bool has_pages = bo->backing == MEM_BACKING_POOL || bo->pages_fd >= 0;

    if (bo->backing == MEM_BACKING_USERPTR || bo->no_cpu_access || !has_pages)
        return RW_FAIL(EPERM, "mmap of a %s that the CPU may not map", bo->label);
    if (length == 0 || start % PAGE || start > bo->size || length > bo->size - start)
        return RW_FAIL(EINVAL, "mmap of %llu bytes from %llu on goes beyond a %s of %llu bytes",
                       (unsigned long long)length, (unsigned long long)start, bo->label,
                       (unsigned long long)bo->size);
    /* Kernel: only mappings without any right may be private; they are made shared ones. */
    if (private_mapping && prot != PROT_NONE)
        return RW_FAIL(EINVAL, "private mapping of a %s; use MAP_SHARED", bo->label);
    flags = (flags & ~(MAP_TYPE | MAP_ANONYMOUS)) | MAP_SHARED;
    return mem_cpu_map_add(bo, address, length, prot, flags, start, out_address);
}
