/* SPDX-License-Identifier: MIT
 *
 * What 7.2 added to /dev/kfd: secondary contexts, and locking a GPU for a profiler. Source:
 * kfd_ioctl_create_process(), kfd_ioctl_profiler() in kfd_chardev.c.
 */
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_context.h"
#include "softgpu/front/kfd/kfd_table.h"

/* ---- CREATE_PROCESS ---- */

/* The file leaves the primary context, whose other files and address space keep it. */
rw_status kfd_ioctl_create_process(void *context, void *argument)
{
    const struct kfd_call *call = context;
    struct kfd_process *primary = call->process, *secondary;

    (void)argument;
    if (primary->secondary)
        return RW_FAIL(EINVAL, "this file has a secondary context already");
    RW_TRY(kfd_process_create_secondary(primary->machine, &secondary));
    if (!atomic_compare_exchange_strong(&call->file->process, &primary, secondary)) {
        kfd_process_put(secondary);
        return RW_FAIL(EINVAL, "another thread has given this file a secondary context");
    }
    kfd_process_put(primary);
    return RW_OK;
}

/* ---- PROFILER ---- */

/* Who has locked which GPU for its counters (kernel: kfd_dev.profiler_process). */
static struct {
    pthread_mutex_t lock;
    const struct kfd_process *holders[SOFT_MAX_DEVICES];
} profiler = {.lock = PTHREAD_MUTEX_INITIALIZER};

void kfd_profiler_release(const struct kfd_process *process)
{
    pthread_mutex_lock(&profiler.lock);
    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++)
        if (profiler.holders[i] == process)
            profiler.holders[i] = NULL;
    pthread_mutex_unlock(&profiler.lock);
}

void kfd_profiler_after_fork(void)
{
    pthread_mutex_init(&profiler.lock, NULL);
    for (unsigned i = 0; i < SOFT_MAX_DEVICES; i++)
        profiler.holders[i] = NULL;
}

static rw_status holder_change_locked(const struct kfd_process *process, unsigned device, bool lock)
{
    const struct kfd_process **holder = &profiler.holders[device];

    if (!lock && *holder != process)
        return RW_FAIL(EINVAL, "PROFILER: this process has not locked the GPU");
    if (lock && *holder)
        return RW_FAIL(*holder == process ? EALREADY : EBUSY,
                       "PROFILER: the GPU is locked for a profiler already");
    *holder = lock ? process : NULL;
    return RW_OK;
}

/* The lock is all there is to it: it lets queues use performance counters, which softgpu has none
 * of; packets that program them are refused. */
static rw_status profiler_lock(struct kfd_process *process, const struct kfd_profiler_args *args)
{
    if (!kfd_have_capability(CAP_PERFMON) && !kfd_have_capability(CAP_SYS_ADMIN))
        return RW_FAIL(EPERM, "PROFILER needs CAP_PERFMON");
    const struct kfd_pdd *pdd = kfd_pdd_find(process, args->pmc.gpu_id);
    if (!pdd)
        return kfd_unknown_gpu("PROFILER", args->pmc.gpu_id);
    if (args->pmc.lock > 1)
        return RW_FAIL(EINVAL, "PROFILER: lock %u", args->pmc.lock);
    pthread_mutex_lock(&profiler.lock);
    rw_status status = holder_change_locked(process, pdd->index, args->pmc.lock);
    pthread_mutex_unlock(&profiler.lock);
    return status;
}

rw_status kfd_ioctl_profiler(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    struct kfd_profiler_args *args = argument;

    switch (args->op) {
    case KFD_PROFILER_VERSION:
        args->version = KFD_PROFILER_VERSION_NUM;
        return RW_OK;
    case KFD_PROFILER_PMC:
        return profiler_lock(process, args);
    case KFD_PROFILER_PTL:
        if (!kfd_pdd_find(process, args->ptl.gpu_id))
            return kfd_unknown_gpu("PROFILER", args->ptl.gpu_id);
        return RW_FAIL(EOPNOTSUPP, "PROFILER: this GPU has no peak tops limiter");
    default:
        return RW_FAIL(EINVAL, "PROFILER operation %u", args->op);
    }
}
