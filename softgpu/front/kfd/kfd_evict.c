/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_evict.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include <utlist.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_host_memory.h"
#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_smi.h"
#include "softgpu/front/kfd/kfd_vm.h"

#define NS_PER_MS   INT64_C(1000000)

#define RESTORE_NS  (100 * NS_PER_MS) /* PROCESS_RESTORE_TIME_MS */
#define ACTIVE_NS   (10 * NS_PER_MS)  /* PROCESS_ACTIVE_TIME_MS: that long queues run at least */

#define VALIDATE_NS (1 * NS_PER_MS) /* AMDGPU_USERPTR_RESTORE_DELAY_MS */

#define TELLING     11u /* KFD minor of the kernels that have the SMI events: 6.0 and later */

/* How long making a queue waits for the restore of its process. */
#define QUEUE_WAIT_NS (5000 * NS_PER_MS)

static struct kfd_process *process_of(struct kfd_evict *evict)
{
    return (struct kfd_process *)((char *)evict - offsetof(struct kfd_process, evict));
}

static bool fences_at_allocation(const struct kfd_process *process)
{
    return kfd_kernel(process)->gem_handles_for_kfd; /* 6.8 brought both */
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

/* ---- telling ---- */

static void report_restore(struct kfd_process *process)
{
    int64_t at = now_ns(CLOCK_BOOTTIME);

    for (unsigned i = 0; i < process->pdd_count && kfd_kernel(process)->kfd_minor >= TELLING; i++)
        kfd_smi_report(process->pdds[i].device, KFD_SMI_EVENT_QUEUE_RESTORE, "%lld -%d %x %c\n",
                       (long long)at, (int)process->pid, process->pdds[i].device->gpu_id, '0');
}

static void report_eviction(struct kfd_process *process, unsigned trigger)
{
    int64_t at = now_ns(CLOCK_BOOTTIME);

    for (unsigned i = 0; i < process->pdd_count && kfd_kernel(process)->kfd_minor >= TELLING; i++)
        kfd_smi_report(process->pdds[i].device, KFD_SMI_EVENT_QUEUE_EVICTION, "%lld -%d %x %u\n",
                       (long long)at, (int)process->pid, process->pdds[i].device->gpu_id, trigger);
}

/* ---- queues ---- */

static void queue_stop_locked(struct kfd_queue *queue)
{
    if (!queue->evicted)
        cp_queue_suspend(queue->cp);
    queue->evicted = true;
}

static void queues_stop_locked(struct kfd_evict *evict)
{
    struct kfd_queue *queue;

    DL_FOREACH2(evict->queues, queue, evict_next)
    queue_stop_locked(queue);
}

static bool are_stopped(const struct kfd_evict *evict)
{
    return evict->evicted || evict->invalidated;
}

/* When the last reason for their stop is gone. */
static void queues_resume_locked(struct kfd_evict *evict)
{
    struct kfd_queue *queue;

    if (are_stopped(evict))
        return;

    DL_FOREACH2(evict->queues, queue, evict_next)
    {
        if (queue->evicted)
            cp_queue_resume(queue->cp);
        queue->evicted = false;
        kfd_doorbells_look(queue->pdd); /* what was rung meanwhile */
    }
}

void kfd_evict_queue_begin(struct kfd_process *process)
{
    struct kfd_evict *evict = &process->evict;
    struct timespec until = timespec_of(now_ns(CLOCK_MONOTONIC) + QUEUE_WAIT_NS);

    pthread_mutex_lock(&evict->lock);
    while (are_stopped(evict) && !evict->ending)
        if (pthread_cond_timedwait(&evict->changed, &evict->lock, &until) == ETIMEDOUT) {
            rw_warn(kfd, "a queue is made while its process is evicted, for long: what its "
                         "pointers say may be old; graphics jobs of the VM that never end "
                         "prevent the restore");
            break;
        }
}

void kfd_evict_queue_end(struct kfd_process *process, struct kfd_queue *queue)
{
    struct kfd_evict *evict = &process->evict;

    if (queue) {
        DL_APPEND2(evict->queues, queue, evict_prev, evict_next);
        queue->evict_listed = true;
        if (are_stopped(evict))
            queue_stop_locked(queue);
    }
    pthread_mutex_unlock(&evict->lock);
}

void kfd_evict_remove_queue(struct kfd_queue *queue)
{
    struct kfd_evict *evict = &queue->pdd->process->evict;

    pthread_mutex_lock(&evict->lock);
    if (queue->evict_listed)
        DL_DELETE2(evict->queues, queue, evict_prev, evict_next);
    queue->evict_listed = false;
    pthread_mutex_unlock(&evict->lock);
}

/* ---- buffers ---- */

static uint32_t domain_of(const struct kfd_bo *bo)
{
    return bo->flags & KFD_IOC_ALLOC_MEM_FLAGS_VRAM ? MEM_DOMAIN_VRAM : MEM_DOMAIN_GTT;
}

/* While the process is evicted the restore does the rest. */
static rw_status bo_fence(struct kfd_bo *bo)
{
    struct kfd_evict *evict = &bo->pdd->process->evict;
    rw_status status;

    if (bo->fenced || bo->bo->backing != MEM_BACKING_POOL)
        return RW_OK;
    RW_TRY(mem_resv_fence(bo->bo->resv, &evict->evictor));
    mem_residency_lock();
    status = evict->evictor.signalled ? RW_OK : mem_bo_validate_locked(bo->bo, domain_of(bo));
    mem_residency_unlock();
    if (status.err == ENOTSUP) /* it stays where it is, which is as good */
        status = RW_OK;
    if (rw_ok(status))
        bo->fenced = true;
    else
        mem_resv_unfence(bo->bo->resv, &evict->evictor);
    return status.err == ENOMEM
               ? RW_FAIL(ENOMEM, "no room to make a %s resident for compute", bo->bo->label)
               : status;
}

static void bo_unfence(struct kfd_bo *bo)
{
    if (bo->fenced)
        mem_resv_unfence(bo->bo->resv, &bo->pdd->process->evict.evictor);
    bo->fenced = false;
}

rw_status kfd_evict_add_bo(struct kfd_bo *bo)
{
    struct kfd_evict *evict = &bo->pdd->process->evict;

    if (fences_at_allocation(bo->pdd->process))
        RW_TRY(bo_fence(bo));
    pthread_mutex_lock(&evict->lock);
    DL_APPEND2(evict->bos, bo, evict_prev, evict_next);
    bo->evict_listed = true;
    pthread_mutex_unlock(&evict->lock);
    if (bo->bo->backing == MEM_BACKING_USERPTR) {
        uint64_t start = (uintptr_t)bo->bo->host;

        bo->host = (struct mem_host_range){
            .start = start, .last = start + (bo->bo->size - 1), .user = &evict->host_user};
        mem_host_range_add(&bo->host);
    }
    return RW_OK;
}

void kfd_evict_remove_bo(struct kfd_bo *bo)
{
    struct kfd_evict *evict = &bo->pdd->process->evict;

    if (bo->host.user)
        mem_host_range_remove(&bo->host);
    bo->host.user = NULL;
    pthread_mutex_lock(&evict->lock);
    if (bo->evict_listed)
        DL_DELETE2(evict->bos, bo, evict_prev, evict_next);
    bo->evict_listed = false;
    pthread_mutex_unlock(&evict->lock);
    bo_unfence(bo);
}

rw_status kfd_evict_bo_mapped(struct kfd_bo *bo)
{
    return fences_at_allocation(bo->pdd->process) ? RW_OK : bo_fence(bo);
}

void kfd_evict_bo_unmapped(struct kfd_bo *bo)
{
    if (!fences_at_allocation(bo->pdd->process))
        bo_unfence(bo);
}

/* ---- VMs ---- */

rw_status kfd_evict_add_vm(struct kfd_pdd *pdd)
{
    struct kfd_evict *evict = &pdd->process->evict;
    struct gpu_vm *vm = kfd_pdd_vm(pdd);

    RW_TRY(mem_resv_fence(gpu_vm_resv(vm), &evict->evictor));
    pthread_mutex_lock(&evict->lock);
    evict->vms[pdd->index] = vm;
    pthread_mutex_unlock(&evict->lock);
    return RW_OK;
}

void kfd_evict_remove_vm(struct kfd_pdd *pdd)
{
    struct kfd_evict *evict = &pdd->process->evict;

    pthread_mutex_lock(&evict->lock);
    struct gpu_vm *vm = evict->vms[pdd->index];
    evict->vms[pdd->index] = NULL;
    pthread_mutex_unlock(&evict->lock);
    if (vm)
        mem_resv_unfence(gpu_vm_resv(vm), &evict->evictor);
}

/* ---- restore ---- */

/* Kernel: the restore waits for all fences on the VMs' reservations but the KFD's own. Here it does
 * so before it takes any lock. VMs come but do not go while the worker lives. */
static bool jobs_are_done(struct kfd_evict *evict)
{
    int64_t deadline = now_ns(CLOCK_MONOTONIC) + RESTORE_NS;
    struct gpu_vm *vm;

    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++) {
        pthread_mutex_lock(&evict->lock);
        vm = evict->ending ? NULL : evict->vms[i];
        pthread_mutex_unlock(&evict->lock);
        if (vm && !mem_jobs_wait_idle(vm, deadline))
            return false;
    }
    return true;
}

/* VRAM that has no room is not waited for: GTT does as well. */
static rw_status bo_restore_locked(struct kfd_bo *bo)
{
    rw_status status = mem_bo_validate_locked(bo->bo, domain_of(bo));

    if (status.err == ENOMEM)
        status = mem_bo_validate_locked(bo->bo, MEM_DOMAIN_GTT);
    return status.err == ENOTSUP ? RW_OK : status;
}

static rw_status bos_restore_locked(struct kfd_evict *evict)
{
    rw_status status = RW_OK;
    struct kfd_bo *bo;

    DL_FOREACH2(evict->bos, bo, evict_next)
    mem_bo_reserve_locked(bo->bo, true);
    DL_FOREACH2(evict->bos, bo, evict_next)
    {
        if (rw_ok(status))
            status = bo_restore_locked(bo);
    }
    DL_FOREACH2(evict->bos, bo, evict_next)
    mem_bo_reserve_locked(bo->bo, false);
    return status;
}

static rw_status vms_restore_locked(struct kfd_evict *evict)
{
    bool gem_too = fences_at_allocation(process_of(evict));

    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++)
        if (evict->vms[i])
            RW_TRY(gpu_vm_validate_private_locked(evict->vms[i]));
    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++)
        if (evict->vms[i])
            RW_TRY(gpu_vm_update_moved(evict->vms[i], gem_too));
    return RW_OK;
}

static rw_status restore(struct kfd_evict *evict)
{
    rw_status status;

    if (!jobs_are_done(evict))
        return rw_status_quiet(EBUSY);
    mem_residency_lock();
    pthread_mutex_lock(&evict->lock);
    status = bos_restore_locked(evict);
    if (rw_ok(status))
        status = vms_restore_locked(evict);
    if (rw_ok(status) && !evict->ending) {
        mem_evictor_renew_locked(&evict->evictor);
        evict->evicted = false;
        evict->restored_at = now_ns(CLOCK_MONOTONIC);
        queues_resume_locked(evict);
        pthread_cond_broadcast(&evict->changed);
    }
    pthread_mutex_unlock(&evict->lock);
    mem_residency_unlock();
    return status;
}

static void restore_or_reschedule(struct kfd_evict *evict)
{
    struct kfd_process *process = process_of(evict);
    rw_status status = restore(evict);

    if (rw_ok(status)) {
        rw_debug(kfd, "process %d is resident again", (int)process->pid);
        report_restore(process);
        return;
    }
    rw_debug(kfd, "process %d is not resident yet: %s", (int)process->pid,
             rw_status_message(status, NULL));
    pthread_mutex_lock(&evict->lock);
    evict->restore_at = now_ns(CLOCK_MONOTONIC) + RESTORE_NS;
    pthread_mutex_unlock(&evict->lock);
}

/* ---- the program's own memory ---- */

/* Is it (still, or again) there? Else the GPU loses it: the next access is a fault. */
static void userptr_validate_locked(struct kfd_bo *bo)
{
    bool is_there = rw_ok(kfd_host_memory_check(bo->host.start, bo->bo->size, true));

    if (!is_there)
        rw_info(kfd, "host memory at %#llx, %llu bytes, was unmapped while it was a GPU buffer",
                (unsigned long long)bo->host.start, (unsigned long long)bo->bo->size);
    bo->host_changed = false;
    mem_bo_set_host(bo->bo, is_there ? (uint8_t *)(uintptr_t)bo->host.start : NULL);
}

static void validate(struct kfd_evict *evict)
{
    rw_status status = RW_OK;
    struct kfd_bo *bo;

    mem_residency_lock();
    pthread_mutex_lock(&evict->lock);
    DL_FOREACH2(evict->bos, bo, evict_next)
    {
        if (bo->host.user && (bo->host_changed || !bo->bo->host))
            userptr_validate_locked(bo);
    }
    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++)
        if (evict->vms[i] && rw_ok(status))
            status = gpu_vm_update_moved(evict->vms[i], fences_at_allocation(process_of(evict)));
    evict->validate_at = now_ns(CLOCK_MONOTONIC) + RESTORE_NS; /* without memory: again */
    if (rw_ok(status) && !evict->ending) {
        evict->invalidated = false;
        queues_resume_locked(evict);
        pthread_cond_broadcast(&evict->changed);
    }
    pthread_mutex_unlock(&evict->lock);
    mem_residency_unlock();
    if (rw_ok(status))
        report_restore(process_of(evict));
}

/* ---- the worker ---- */

/* When the worker has something to do next; INT64_MAX: not before somebody says so. */
static int64_t next_time_locked(const struct kfd_evict *evict)
{
    int64_t next = evict->evicted ? evict->restore_at : INT64_MAX;

    return evict->invalidated && evict->validate_at < next ? evict->validate_at : next;
}

static void work_unlocked(struct kfd_evict *evict)
{
    bool validating = evict->invalidated && evict->validate_at <= now_ns(CLOCK_MONOTONIC);

    pthread_mutex_unlock(&evict->lock);
    if (validating)
        validate(evict);
    else
        restore_or_reschedule(evict);
    pthread_mutex_lock(&evict->lock);
}

static void *worker_run(void *argument)
{
    struct kfd_evict *evict = argument;

    pthread_setname_np(pthread_self(), "rocweld-restore");
    pthread_mutex_lock(&evict->lock);
    while (!evict->ending) {
        int64_t next = next_time_locked(evict);
        struct timespec until = timespec_of(next);

        if (next == INT64_MAX)
            pthread_cond_wait(&evict->changed, &evict->lock);
        else if (now_ns(CLOCK_MONOTONIC) < next)
            pthread_cond_timedwait(&evict->changed, &evict->lock, &until);
        else
            work_unlocked(evict);
    }
    pthread_mutex_unlock(&evict->lock);
    return NULL;
}

static void worker_start_locked(struct kfd_evict *evict)
{
    sigset_t all, before;

    if (evict->has_worker || evict->ending)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the program's signals are not for us */
    evict->has_worker = pthread_create(&evict->worker, NULL, worker_run, evict) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!evict->has_worker)
        rw_error(kfd, "no thread to restore an evicted process: its queues stay stopped");
}

/* ---- eviction ---- */

/* Queues that have just been restored get some time, so that a process that is evicted again and
 * again gets on all the same. */
static void active_time_wait(int64_t restored_at)
{
    int64_t rest = restored_at + ACTIVE_NS - now_ns(CLOCK_MONOTONIC);
    struct timespec sleep = timespec_of(rest);

    if (rest > 0)
        nanosleep(&sleep, NULL);
}

static void on_evict(struct mem_evictor *evictor)
{
    struct kfd_evict *evict = (struct kfd_evict *)evictor; /* its first member */
    struct kfd_queue *queue;
    bool running = false;

    pthread_mutex_lock(&evict->lock);
    int64_t restored_at = evict->restored_at;
    DL_FOREACH2(evict->queues, queue, evict_next)
    running |= !cp_queue_is_idle(queue->cp);
    pthread_mutex_unlock(&evict->lock);
    if (running)
        active_time_wait(restored_at);
    report_eviction(process_of(evict), KFD_QUEUE_EVICTION_TRIGGER_TTM);
    pthread_mutex_lock(&evict->lock);
    evict->evicted = true;
    queues_stop_locked(evict);
    evict->restore_at = now_ns(CLOCK_MONOTONIC) + RESTORE_NS;
    worker_start_locked(evict);
    pthread_cond_broadcast(&evict->changed);
    pthread_mutex_unlock(&evict->lock);
    rw_debug(kfd, "process %d is evicted", (int)process_of(evict)->pid);
}

/* Memory of the program's own is about to go. */
static void on_invalidate(struct mem_host_user *user, uint64_t start, uint64_t last)
{
    struct kfd_evict *evict =
        (struct kfd_evict *)((char *)user - offsetof(struct kfd_evict, host_user));
    struct kfd_bo *bo;

    rw_debug(kfd, "host memory at %#llx..%#llx changes: process %d stops",
             (unsigned long long)start, (unsigned long long)last, (int)process_of(evict)->pid);
    pthread_mutex_lock(&evict->lock);
    bool first = !evict->invalidated;
    evict->invalidated = true;
    DL_FOREACH2(evict->bos, bo, evict_next)
    bo->host_changed |= bo->host.user && bo->host.start <= last && bo->host.last >= start;
    queues_stop_locked(evict);
    evict->validate_at = now_ns(CLOCK_MONOTONIC) + VALIDATE_NS;
    worker_start_locked(evict);
    pthread_cond_broadcast(&evict->changed);
    pthread_mutex_unlock(&evict->lock);
    if (first)
        report_eviction(process_of(evict), KFD_QUEUE_EVICTION_TRIGGER_USERPTR);
}

/* ---- life ---- */

void kfd_evict_init(struct kfd_evict *evict)
{
    pthread_condattr_t attr;

    *evict = (struct kfd_evict){.evictor.stop = on_evict, .host_user.invalidate = on_invalidate};
    pthread_mutex_init(&evict->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&evict->changed, &attr);
    pthread_condattr_destroy(&attr);
}

void kfd_evict_stop(struct kfd_evict *evict)
{
    pthread_mutex_lock(&evict->lock);
    evict->ending = true;
    bool has_worker = evict->has_worker;
    pthread_cond_broadcast(&evict->changed);
    pthread_mutex_unlock(&evict->lock);
    if (has_worker)
        pthread_join(evict->worker, NULL);
}

void kfd_evict_finish(struct kfd_evict *evict)
{
    pthread_cond_destroy(&evict->changed);
    pthread_mutex_destroy(&evict->lock);
}
