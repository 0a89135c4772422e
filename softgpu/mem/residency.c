/* SPDX-License-Identifier: MIT
 *
 * The policy is TTM's and amdgpu's: ttm_bo_mem_space(), ttm_bo_evict(), amdgpu_evict_flags().
 */
#include "softgpu/mem/residency.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <utlist.h>

#include "base/log.h"
#include "softgpu/mem/bo.h"
#include "softgpu/mem/cpu_map.h"
#include "softgpu/mem/heaps_internal.h"

/* Create flags that headers of 2022 do not have, or not for user space. */
#define CREATE_VRAM_CONTIGUOUS (UINT64_C(1) << 5)
#define CREATE_DISCARDABLE     (UINT64_C(1) << 12)

/* How long making room waits for the jobs of one buffer. Longer than a job may run by default. */
#define JOB_WAIT_NS (INT64_C(70) * 1000 * 1000 * 1000)

static pthread_mutex_t residency = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t moves = 1;
static bool (*_Atomic job_waiter)(const void *resv, int64_t deadline);

void mem_residency_lock(void)
{
    pthread_mutex_lock(&residency);
}

void mem_residency_unlock(void)
{
    pthread_mutex_unlock(&residency);
}

uint64_t mem_move_count(void)
{
    return atomic_load(&moves);
}

/* ---- eviction fences ---- */

struct mem_evictor_link {
    struct mem_evictor *evictor; /* borrowed */
    unsigned count;
    struct mem_evictor_link *next;
};

struct mem_resv *mem_resv_create(void)
{
    struct mem_resv *resv = calloc(1, sizeof *resv);

    if (resv)
        atomic_init(&resv->refs, 1);
    return resv;
}

struct mem_resv *mem_resv_get(struct mem_resv *resv)
{
    atomic_fetch_add_explicit(&resv->refs, 1, memory_order_relaxed);
    return resv;
}

void mem_resv_put(struct mem_resv *resv)
{
    if (resv && atomic_fetch_sub_explicit(&resv->refs, 1, memory_order_acq_rel) == 1)
        free(resv);
}

static struct mem_evictor_link *link_find(const struct mem_resv *resv,
                                          const struct mem_evictor *evictor)
{
    struct mem_evictor_link *link;

    LL_SEARCH_SCALAR(resv->links, link, evictor, evictor);
    return link;
}

rw_status mem_resv_fence(struct mem_resv *resv, struct mem_evictor *evictor)
{
    struct mem_evictor_link *link;

    mem_residency_lock();
    link = link_find(resv, evictor);
    if (!link && (link = calloc(1, sizeof *link))) {
        link->evictor = evictor;
        LL_PREPEND(resv->links, link);
    }
    if (link)
        link->count++;
    mem_residency_unlock();
    return link ? RW_OK : RW_FAIL(ENOMEM, "no memory to attach an eviction fence");
}

void mem_resv_unfence(struct mem_resv *resv, struct mem_evictor *evictor)
{
    struct mem_evictor_link *link;

    mem_residency_lock();
    link = link_find(resv, evictor);
    if (link && --link->count == 0) {
        LL_DELETE(resv->links, link);
        free(link);
    }
    mem_residency_unlock();
}

bool mem_resv_has_fence_locked(const struct mem_resv *resv, const struct mem_evictor *evictor)
{
    return link_find(resv, evictor) != NULL;
}

void mem_evictor_renew_locked(struct mem_evictor *evictor)
{
    evictor->signalled = false;
}

void mem_evictor_signal_locked(struct mem_evictor *evictor)
{
    if (evictor->signalled)
        return;
    evictor->stop(evictor);
    evictor->signalled = true;
}

static void fences_signal(const struct mem_bo *bo)
{
    struct mem_evictor_link *link;

    LL_FOREACH(bo->resv->links, link)
    mem_evictor_signal_locked(link->evictor);
}

/* ---- jobs ---- */

void mem_jobs_set_waiter(bool (*wait_idle)(const void *resv, int64_t deadline))
{
    atomic_store(&job_waiter, wait_idle);
}

bool mem_jobs_wait_idle(const void *resv, int64_t deadline)
{
    bool (*wait_idle)(const void *, int64_t) = atomic_load(&job_waiter);

    return !wait_idle || wait_idle(resv, deadline);
}

const void *mem_bo_job_key(const struct mem_bo *bo)
{
    if (bo->vm_private)
        return bo->vm_private;
    return bo->origin ? bo->origin : bo;
}

static int64_t deadline_from_now(int64_t ns)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + ns;
}

/* Lets go of the lock meanwhile: the job may wait for something that the program does next. */
static bool wait_for_jobs_unlocked(const struct mem_bo *bo)
{
    mem_residency_unlock();
    bool idle = mem_jobs_wait_idle(mem_bo_job_key(bo), deadline_from_now(JOB_WAIT_NS));
    mem_residency_lock();
    return idle;
}

/* ---- what may move ---- */

void mem_bo_pin(struct mem_bo *bo)
{
    mem_residency_lock(); /* a move that has begun ends first */
    mem_bo_pin_locked(bo);
    mem_residency_unlock();
}

void mem_bo_pin_locked(struct mem_bo *bo)
{
    if (atomic_fetch_add(&bo->pins, 1) == 0)
        mem_heaps_count_pinned(bo->heaps, bo, true);
}

void mem_bo_unpin(struct mem_bo *bo)
{
    if (atomic_fetch_sub(&bo->pins, 1) == 1)
        mem_heaps_count_pinned(bo->heaps, bo, false);
}

void mem_bo_reserve_locked(struct mem_bo *bo, bool reserved)
{
    bo->reserved = reserved;
}

static bool can_move(const struct mem_bo *bo)
{
    return bo->backing == MEM_BACKING_POOL && bo->pool && !atomic_load(&bo->pins) &&
           !mem_cpu_maps_forked(bo);
}

/* What an allocation of this process may move to make room (the kernel's eviction_valuable). */
static bool is_worth_evicting(const struct mem_bo *bo, bool contiguous)
{
    return can_move(bo) && !bo->reserved && (contiguous || !bo->resv->links);
}

/* ---- the least recently used first ---- */

static struct mem_bo **lru_of(struct mem_heaps *heaps, uint32_t placement)
{
    return placement == MEM_DOMAIN_VRAM  ? &heaps->lru_vram
           : placement == MEM_DOMAIN_GTT ? &heaps->lru_gtt
                                         : NULL;
}

void mem_lru_add_locked(struct mem_bo *bo)
{
    struct mem_bo **lru = lru_of(bo->heaps, bo->placement);

    bo->lru = bo->backing == MEM_BACKING_POOL ? lru : NULL;
    if (bo->lru)
        DL_APPEND2(*bo->lru, bo, lru_prev, lru_next);
}

void mem_lru_remove_locked(struct mem_bo *bo)
{
    if (bo->lru)
        DL_DELETE2(*bo->lru, bo, lru_prev, lru_next);
    bo->lru = NULL;
}

void mem_bo_touch(struct mem_bo *bo)
{
    pthread_mutex_lock(&bo->heaps->lock);
    if (bo->lru) {
        DL_DELETE2(*bo->lru, bo, lru_prev, lru_next);
        DL_APPEND2(*bo->lru, bo, lru_prev, lru_next);
    }
    pthread_mutex_unlock(&bo->heaps->lock);
}

/* The first in a domain that may be moved and has not been passed over; with a reference. */
static struct mem_bo *candidate_find(struct mem_heaps *heaps, uint32_t domain, bool contiguous)
{
    struct mem_bo *bo, *found = NULL;

    pthread_mutex_lock(&heaps->lock);
    DL_FOREACH2(*lru_of(heaps, domain), bo, lru_next)
    {
        if (!bo->passed_over && is_worth_evicting(bo, contiguous) &&
            (found = mem_bo_get_unless_dead(bo)))
            break;
    }
    pthread_mutex_unlock(&heaps->lock);
    return found;
}

/* One to move, that no job uses if there is such; with a reference. NULL: there is none. Passes
 * over those that it did not choose. */
static struct mem_bo *victim_find(struct mem_heaps *heaps, uint32_t domain, bool contiguous,
                                  bool *out_busy)
{
    struct mem_bo *bo, *busy = NULL;

    while ((bo = candidate_find(heaps, domain, contiguous))) {
        if (mem_jobs_wait_idle(mem_bo_job_key(bo), 0))
            break;
        bo->passed_over = true;
        if (busy)
            mem_bo_put(bo);
        else
            busy = bo;
    }
    *out_busy = !bo && busy;
    if (!bo)
        return busy;
    mem_bo_put(busy);
    return bo;
}

/* ---- moving ---- */

static rw_status move_to(struct mem_bo *bo, struct mem_place place, bool copy)
{
    struct mem_place old = {bo->pool, bo->offset, bo->placement};
    rw_status s;

    fences_signal(bo);
    s = mem_cpu_maps_move(bo, place.pool, place.offset, place.placement, copy);
    if (!rw_ok(s)) {
        mem_place_give_back(bo->heaps, &place, bo->size);
        return s;
    }
    mem_place_give_back(bo->heaps, &old, bo->size);
    mem_heaps_count_move(bo->heaps, bo);
    atomic_fetch_add(&moves, 1);
    rw_trace(mem, "bo %llu: %s moved from %u to %u", (unsigned long long)bo->id, bo->label,
             old.placement, place.placement);
    return RW_OK;
}

/* Between GTT and unbound system memory only the name changes: the pages stay. */
static rw_status rename_to(struct mem_bo *bo, uint32_t placement)
{
    if (placement == MEM_DOMAIN_GTT && !mem_gtt_take(bo->heaps, bo->size))
        return rw_status_quiet(ENOMEM);
    fences_signal(bo);
    if (placement != MEM_DOMAIN_GTT)
        mem_gtt_give_back(bo->heaps, bo->size);
    mem_heaps_rename(bo->heaps, bo, placement);
    atomic_fetch_add(&moves, 1);
    return RW_OK;
}

/* Out of VRAM to GTT, or when that is full to system memory; out of GTT to system memory. */
static rw_status evict(struct mem_bo *bo)
{
    bool keep = !(bo->create_flags & CREATE_DISCARDABLE);
    struct mem_place place;
    rw_status s;

    if (bo->placement == MEM_DOMAIN_GTT) {
        s = rename_to(bo, MEM_DOMAIN_CPU);
    } else {
        s = mem_place_find(bo, MEM_DOMAIN_GTT, &place);
        if (!rw_ok(s))
            s = mem_place_find(bo, MEM_DOMAIN_CPU, &place);
        if (rw_ok(s))
            s = move_to(bo, place, keep);
    }
    if (rw_ok(s))
        mem_heaps_count_eviction(bo->heaps);
    return s;
}

/* Moves one buffer out of the domain. ENOMEM (quiet): there is none that may be moved. */
static rw_status evict_one(struct mem_heaps *heaps, uint32_t domain, bool contiguous)
{
    bool busy;
    struct mem_bo *bo = victim_find(heaps, domain, contiguous, &busy);
    rw_status s = RW_OK;

    if (!bo)
        return rw_status_quiet(ENOMEM);
    if (busy) { /* the lock is not held meanwhile: look again */
        bo->passed_over = !wait_for_jobs_unlocked(bo);
    } else {
        s = evict(bo);
        bo->passed_over = !rw_ok(s);
        if (s.err == ENOTSUP) /* its CPU mappings cannot follow: others may */
            s = RW_OK;
    }
    mem_bo_put(bo);
    return s;
}

static void passed_over_forget(struct mem_heaps *heaps, uint32_t domain)
{
    struct mem_bo *bo;

    pthread_mutex_lock(&heaps->lock);
    DL_FOREACH2(*lru_of(heaps, domain), bo, lru_next)
    bo->passed_over = false;
    pthread_mutex_unlock(&heaps->lock);
}

/* A place in the one domain, moving others out of it until there is one. */
static rw_status place_force(struct mem_bo *bo, uint32_t domain, struct mem_place *out_place)
{
    bool contiguous = bo->create_flags & CREATE_VRAM_CONTIGUOUS;
    rw_status s = mem_place_find(bo, domain, out_place), evicted = RW_OK;

    if (rw_ok(s) || domain == MEM_DOMAIN_CPU || bo->size > mem_domain_size(bo->heaps, domain))
        return s;
    while (!rw_ok(s) && rw_ok(evicted)) {
        evicted = evict_one(bo->heaps, domain, contiguous);
        if (rw_ok(evicted))
            s = mem_place_find(bo, domain, out_place);
    }
    passed_over_forget(bo->heaps, domain);
    return s;
}

rw_status mem_place_make_locked(struct mem_bo *bo, uint32_t domains, struct mem_place *out_place)
{
    static const uint32_t order[] = {MEM_DOMAIN_VRAM, MEM_DOMAIN_GTT, MEM_DOMAIN_CPU};
    rw_status s = rw_status_quiet(ENOMEM);

    if (!(domains & (MEM_DOMAIN_VRAM | MEM_DOMAIN_GTT)))
        domains = MEM_DOMAIN_CPU;
    for (unsigned i = 0; i < 3 && !rw_ok(s); i++)
        if (domains & order[i])
            s = mem_place_find(bo, order[i], out_place);
    for (unsigned i = 0; i < 3 && !rw_ok(s); i++)
        if (domains & order[i])
            s = place_force(bo, order[i], out_place);
    return s;
}

/* ---- validating ---- */

void mem_bo_set_domains(struct mem_bo *bo, uint32_t preferred)
{
    mem_bo_init_domains(bo, preferred);
    atomic_fetch_add(&moves, 1); /* who has seen it where it belongs looks again */
}

void mem_bo_init_domains(struct mem_bo *bo, uint32_t preferred)
{
    bool fallback = preferred == MEM_DOMAIN_VRAM && !(bo->create_flags & CREATE_DISCARDABLE);

    bo->preferred = preferred;
    bo->domains = fallback ? MEM_DOMAIN_VRAM | MEM_DOMAIN_GTT : preferred;
}

void mem_bo_set_host(struct mem_bo *bo, uint8_t *host)
{
    if (bo->host == host)
        return;
    bo->host = host;
    atomic_fetch_add(&moves, 1);
}

rw_status mem_bo_validate_locked(struct mem_bo *bo, uint32_t domains)
{
    struct mem_place place;
    bool reserved = bo->reserved;
    rw_status s;

    if (bo->backing != MEM_BACKING_POOL || (bo->placement & domains))
        return RW_OK;
    if (!can_move(bo))
        return rw_status_quiet(ENOTSUP);
    if (!mem_jobs_wait_idle(mem_bo_job_key(bo), 0))
        return rw_status_quiet(EBUSY);
    bo->reserved = true;
    if (bo->placement == MEM_DOMAIN_CPU && !(domains & MEM_DOMAIN_VRAM)) {
        s = rename_to(bo, MEM_DOMAIN_GTT);
        while (s.err == ENOMEM && rw_ok(evict_one(bo->heaps, MEM_DOMAIN_GTT, false)))
            s = rename_to(bo, MEM_DOMAIN_GTT);
    } else {
        s = mem_place_make_locked(bo, domains, &place);
        if (rw_ok(s))
            s = move_to(bo, place, true);
    }
    bo->reserved = reserved;
    return s;
}

/* ---- evicting everything ---- */

/* The next that has not been tried in this round; with a reference. */
static struct mem_bo *untried_find(struct mem_heaps *heaps, uint32_t domain)
{
    struct mem_bo *bo, *found = NULL;

    pthread_mutex_lock(&heaps->lock);
    DL_FOREACH2(*lru_of(heaps, domain), bo, lru_next)
    {
        if (!bo->passed_over && can_move(bo) && (found = mem_bo_get_unless_dead(bo)))
            break;
    }
    pthread_mutex_unlock(&heaps->lock);
    return found;
}

rw_status mem_heaps_evict_all(struct mem_heaps *heaps, uint32_t domain)
{
    rw_status first = RW_OK, s;
    struct mem_bo *bo;

    if (!lru_of(heaps, domain))
        return RW_FAIL(EINVAL, "domain 0x%x has nothing to evict", domain);
    mem_residency_lock();
    while ((bo = untried_find(heaps, domain))) {
        s = RW_OK;
        if (!mem_jobs_wait_idle(mem_bo_job_key(bo), 0) && !wait_for_jobs_unlocked(bo))
            s = RW_FAIL(EBUSY, "jobs have used a %s for too long to move it", bo->label);
        else if (bo->placement == domain)
            s = evict(bo);
        if (!rw_ok(s))
            bo->passed_over = true;
        if (!rw_ok(s) && s.err != ENOTSUP && rw_ok(first))
            first = s;
        mem_bo_put(bo);
    }
    passed_over_forget(heaps, domain);
    mem_residency_unlock();
    return first;
}
