/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_process.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <utlist.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_context.h"
#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_queues.h"
#include "softgpu/front/kfd/kfd_smi.h"
#include "softgpu/front/kfd/kfd_vm.h"
#include "softgpu/front/nodes.h"

/* Where flat instructions find LDS and scratch: kfd_init_apertures_v9(), 4 GiB each. */
#define LDS_APERTURE     (UINT64_C(1) << 48)
#define SCRATCH_APERTURE (UINT64_C(2) << 48)
#define APERTURE_LAST    UINT64_C(0xffffffff)

/* SVM_USER_BASE of kernels without a reserved bottom: trap pages and two more. */
#define GPUVM_BASE_OLD 0x4000u

/* This address space's kfd_process. */
static struct {
    pthread_mutex_t lock;
    struct kfd_process *process; /* owned: one reference; NULL until first opened */
} current = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* All of this address space. `lock` comes before the locks of queues and events, after the others.
 */
static struct {
    pthread_mutex_t lock;
    struct kfd_process *list;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- pdds ---- */

static void pdd_init(struct kfd_pdd *pdd, struct kfd_process *process, struct soft_device *device)
{
    bool reserved_bottom = kfd_kernel(process)->seq64;
    const struct gpu_vm_limits limits = soft_vm_limits(kfd_kernel(process));

    pdd->process = process;
    pdd->device = device;
    pdd->index = device->index;
    pdd->lds = (struct kfd_aperture){LDS_APERTURE, LDS_APERTURE | APERTURE_LAST};
    pdd->scratch = (struct kfd_aperture){SCRATCH_APERTURE, SCRATCH_APERTURE | APERTURE_LAST};
    pdd->gpuvm.base = reserved_bottom ? limits.reserved_bottom : GPUVM_BASE_OLD;
    pdd->gpuvm.limit = GPU_VA_HOLE_START - 1;
    handle_table_init(&pdd->bos, 0, INT_MAX);
    pthread_mutex_init(&pdd->queues_lock, NULL);
}

/* The kernel's order: queues, then memory, then the VMs. */
static void pdds_finish(struct kfd_process *process)
{
    kfd_evict_stop(&process->evict);
    for (unsigned i = 0; i < process->pdd_count; i++)
        kfd_pdd_destroy_queues(&process->pdds[i]);
    for (unsigned i = 0; i < process->pdd_count; i++)
        kfd_pdd_free_bos(&process->pdds[i]);
    kfd_svm_finish(process);
    for (unsigned i = 0; i < process->pdd_count; i++) {
        kfd_pdd_release_vm(&process->pdds[i]);
        kfd_doorbells_finish(&process->pdds[i]);
        pthread_mutex_destroy(&process->pdds[i].queues_lock);
    }
}

struct kfd_pdd *kfd_pdd_find(struct kfd_process *process, uint32_t gpu_id)
{
    for (unsigned i = 0; i < process->pdd_count; i++)
        if (process->pdds[i].device->gpu_id == gpu_id)
            return &process->pdds[i];
    return NULL;
}

rw_status kfd_unknown_gpu(const char *operation, uint32_t gpu_id)
{
    return RW_FAIL(EINVAL, "%s: GPU %#x does not exist", operation, gpu_id);
}

/* ---- the process ---- */

static rw_status process_create(struct soft_machine *machine, struct kfd_process **out_process)
{
    struct kfd_process *process = calloc(1, sizeof *process);

    if (!process)
        return RW_FAIL(ENOMEM, "no memory for the KFD's data of this process");
    process->machine = machine;
    process->pid = getpid();
    atomic_init(&process->refs, 1); /* the address space's, or a secondary one's file's */
    pthread_mutex_init(&process->mutex, NULL);
    handle_table_init(&process->queues, 0, KFD_QUEUES_PER_PROCESS);
    kfd_events_init(&process->events);
    kfd_svm_init(&process->svm);
    kfd_evict_init(&process->evict);
    process->pdd_count = machine->device_count;
    for (unsigned i = 0; i < machine->device_count; i++)
        pdd_init(&process->pdds[i], process, &machine->devices[i]);
    pthread_mutex_lock(&all.lock);
    DL_APPEND(all.list, process);
    pthread_mutex_unlock(&all.lock);
    *out_process = process;
    return RW_OK;
}

rw_status kfd_process_create_secondary(struct soft_machine *machine,
                                       struct kfd_process **out_process)
{
    RW_TRY(process_create(machine, out_process));
    (*out_process)->secondary = true;
    return RW_OK;
}

rw_status kfd_primary_only(const struct kfd_process *process, const char *operation)
{
    if (!process->secondary)
        return RW_OK;
    return RW_FAIL(EOPNOTSUPP, "%s: this file has a secondary context; use another open file",
                   operation);
}

static void process_destroy(struct kfd_process *process)
{
    rw_debug(kfd, "tearing down process %d", (int)process->pid);
    pthread_mutex_lock(&all.lock);
    DL_DELETE(all.list, process);
    pthread_mutex_unlock(&all.lock);
    kfd_profiler_release(process);
    pdds_finish(process);
    handle_table_finish(&process->queues);
    kfd_events_finish(&process->events);
    kfd_evict_finish(&process->evict);
    pthread_mutex_destroy(&process->mutex);
    free(process);
}

void kfd_process_put(struct kfd_process *process)
{
    if (atomic_fetch_sub(&process->refs, 1) == 1)
        process_destroy(process);
}

void kfd_process_each(void (*visit)(struct kfd_process *process, void *context), void *context)
{
    struct kfd_process *process;

    pthread_mutex_lock(&all.lock);
    DL_FOREACH(all.list, process)
    visit(process, context);
    pthread_mutex_unlock(&all.lock);
}

/* After fork() the child has a copy of the parent's object, which is not its own: it must not free
 * what is in there, and starts anew. */
static void forget_parent_locked(void)
{
    if (current.process && current.process->pid != getpid())
        current.process = NULL;
}

static void fork_prepare(void)
{
    pthread_mutex_lock(&current.lock);
    pthread_mutex_lock(&all.lock);
}

static void fork_parent(void)
{
    pthread_mutex_unlock(&all.lock);
    pthread_mutex_unlock(&current.lock);
}

/* Whatever other threads held at the time of the fork is nobody's now. */
static void fork_child(void)
{
    pthread_mutex_init(&current.lock, NULL);
    pthread_mutex_init(&all.lock, NULL);
    all.list = NULL;
    kfd_limits_after_fork();
    kfd_devices_after_fork();
    kfd_smi_after_fork();
    kfd_profiler_after_fork();
}

static void register_fork_handlers(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

rw_status kfd_process_open(struct soft_machine *machine, struct kfd_process **out_process)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    rw_status status = RW_OK;

    pthread_once(&once, register_fork_handlers);
    pthread_mutex_lock(&current.lock);
    forget_parent_locked();
    if (!current.process)
        status = process_create(machine, &current.process);
    if (rw_ok(status)) {
        atomic_fetch_add(&current.process->refs, 1);
        *out_process = current.process;
    }
    pthread_mutex_unlock(&current.lock);
    return status;
}

struct kfd_process *kfd_process_current(void)
{
    pthread_mutex_lock(&current.lock);
    forget_parent_locked();
    struct kfd_process *process = current.process;
    pthread_mutex_unlock(&current.lock);
    return process;
}

void kfd_process_exit(void)
{
    pthread_mutex_lock(&current.lock);
    forget_parent_locked();
    struct kfd_process *process = current.process;
    current.process = NULL;
    pthread_mutex_unlock(&current.lock);
    if (process)
        kfd_process_put(process);
}
