/* SPDX-License-Identifier: MIT */
#include "softgpu/mem/bo.h"

#include <amdgpu_drm.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "softgpu/mem/heaps.h"
#include "softgpu/mem/heaps_internal.h"

#define PAGE UINT64_C(4096)

/* From where on a BO is placed so that huge pages of the host can hold it. */
#define HUGE_PAGE (UINT64_C(2) << 20)

static atomic_uint_fast64_t next_id = 1;

static rw_status place_in_pool(struct mem_bo *bo, struct mem_pool *pool, uint32_t domain)
{
    uint64_t align = bo->align > PAGE ? bo->align : PAGE;

    if (bo->size >= HUGE_PAGE && align < HUGE_PAGE)
        align = HUGE_PAGE;
    RW_TRY(mem_pool_alloc(pool, bo->size, align, &bo->offset));
    bo->pool = pool;
    bo->placement = domain;
    bo->host = mem_pool_host(pool, bo->offset);
    return RW_OK;
}

/* Kernel: amdgpu_bo_placement_from_domain(): VRAM, then GTT, then system memory. */
static rw_status place(struct mem_bo *bo)
{
    struct mem_heaps *heaps = bo->heaps;
    struct mem_usage usage;
    rw_status s = rw_status_quiet(ENOMEM);

    if (bo->domains & MEM_DOMAIN_VRAM)
        s = place_in_pool(bo, heaps->vram, MEM_DOMAIN_VRAM);
    if (!rw_ok(s) && (bo->domains & MEM_DOMAIN_GTT))
        s = place_in_pool(bo, heaps->gtt, MEM_DOMAIN_GTT);
    if (!rw_ok(s) && ((bo->domains & MEM_DOMAIN_CPU) || !bo->domains))
        s = place_in_pool(bo, heaps->gtt, MEM_DOMAIN_CPU);
    if (rw_ok(s))
        return s;
    mem_heaps_usage(heaps, &usage);
    return RW_FAIL(s.err,
                   "no room for a %s of %llu bytes in domains 0x%x of GPU %u: VRAM %llu of %llu, "
                   "GTT %llu of %llu used",
                   bo->label, (unsigned long long)bo->size, bo->domains, heaps->device,
                   (unsigned long long)usage.vram_used, (unsigned long long)usage.vram_size,
                   (unsigned long long)usage.gtt_used, (unsigned long long)usage.gtt_size);
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
    if (bo->pool)
        mem_pool_free(bo->pool, bo->offset, bo->size);
    mem_bo_put(bo->origin);
}

static rw_status mmap_offset_take(struct mem_bo *bo)
{
    struct mem_heaps *heaps = bo->heaps;
    rw_status s;

    pthread_mutex_lock(&heaps->lock);
    s = range_space_take(&heaps->offsets, bo->size, PAGE, &bo->mmap_offset);
    if (rw_ok(s))
        range_map_insert(&heaps->by_offset, &bo->mmap_node, bo->mmap_offset,
                         bo->mmap_offset + bo->size - 1);
    pthread_mutex_unlock(&heaps->lock);
    return s.err == ENOSPC ? RW_FAIL(ENOMEM, "the space of mmap offsets is used up") : s;
}

static void mmap_offset_give_back(struct mem_bo *bo)
{
    struct mem_heaps *heaps = bo->heaps;

    pthread_mutex_lock(&heaps->lock);
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
    bo->domains = desc->domains;
    bo->create_flags = desc->create_flags;
    bo->backing = desc->backing;
    bo->pages_fd = -1;
    bo->no_cpu_access = desc->create_flags & AMDGPU_GEM_CREATE_NO_CPU_ACCESS;
    strncpy(bo->label, label, sizeof bo->label - 1);
    pthread_mutex_init(&bo->lock, NULL);

    s = attach_backing(bo, desc);
    if (rw_ok(s)) {
        s = mmap_offset_take(bo);
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

/* For lookups, which may meet a BO whose last reference has just gone. */
static bool bo_get_unless_dead(struct mem_bo *bo)
{
    int refs = atomic_load(&bo->refs);

    while (refs > 0)
        if (atomic_compare_exchange_weak(&bo->refs, &refs, refs + 1))
            return true;
    return false;
}

void mem_bo_put(struct mem_bo *bo)
{
    if (!bo || atomic_fetch_sub_explicit(&bo->refs, 1, memory_order_acq_rel) != 1)
        return;
    rw_trace(mem, "bo %llu: freed", (unsigned long long)bo->id);
    mmap_offset_give_back(bo);
    detach_backing(bo);
    pthread_mutex_destroy(&bo->lock);
    free(bo);
}

struct mem_bo *mem_bo_find_by_mmap_offset(struct mem_heaps *heaps, uint64_t mmap_offset)
{
    struct range_node *node;
    struct mem_bo *bo = NULL;

    pthread_mutex_lock(&heaps->lock);
    node = range_map_find(&heaps->by_offset, mmap_offset);
    if (node && node->start == mmap_offset)
        bo = range_map_entry(node, struct mem_bo, mmap_node);
    if (bo && !bo_get_unless_dead(bo))
        bo = NULL;
    pthread_mutex_unlock(&heaps->lock);
    return bo;
}

rw_status mem_bo_mmap(struct mem_bo *bo, void *address, uint64_t length, int prot, int flags,
                      uint64_t start, void **out_address)
{
    bool private_mapping = (flags & MAP_TYPE) == MAP_PRIVATE;
    int fd = bo->pool ? mem_pool_fd(bo->pool) : bo->pages_fd;
    uint64_t base = bo->pool ? bo->offset.byte : bo->pages_offset;
    void *mapped;

    if (bo->backing == MEM_BACKING_USERPTR || bo->no_cpu_access || fd < 0)
        return RW_FAIL(EPERM, "mmap of a %s that the CPU may not map", bo->label);
    if (length == 0 || start % PAGE || start > bo->size || length > bo->size - start)
        return RW_FAIL(EINVAL, "mmap of %llu bytes from %llu on goes beyond a %s of %llu bytes",
                       (unsigned long long)length, (unsigned long long)start, bo->label,
                       (unsigned long long)bo->size);
    /* Kernel: only mappings without any right may be private; they are made shared ones. */
    if (private_mapping && prot != PROT_NONE)
        return RW_FAIL(EINVAL, "private mapping of a %s; use MAP_SHARED", bo->label);
    flags = (flags & ~(MAP_TYPE | MAP_ANONYMOUS)) | MAP_SHARED;
    mapped = mmap(address, length, prot, flags, fd, (off_t)(base + start));
    if (mapped == MAP_FAILED)
        return RW_FAIL(errno, "mmap of a %s: %s", bo->label, strerror(errno));
    *out_address = mapped;
    return RW_OK;
}
