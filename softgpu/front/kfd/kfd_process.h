/* SPDX-License-Identifier: MIT
 *
 * What /dev/kfd knows about a process: one kfd_process per address space, one kfd_pdd (process
 * device data) per GPU it can see. The names are the kernel's. From KFD 1.19 on an open file may
 * have a kfd_process of its own, a secondary context, with VMs, queues, memory and events apart
 * from the primary one's; it ends with its file.
 *
 * Lifetime, as in the kernel: the address space holds one reference and every open file another.
 * Closing /dev/kfd therefore frees nothing; queues, memory and acquired VMs live until the
 * process ends. A process that ends takes its threads with it, so nothing needs to run at exit;
 * kfd_process_exit() does the full teardown for tests and for leak checkers.
 *
 * Thread safety: `mutex` (the kernel's p->mutex) guards everything that has no lock of its own.
 * Callbacks from device threads never take it. Lock order: mutex, then kfd_pdd.queues_lock or
 * kfd_events.lock.
 */
#ifndef SOFTGPU_FRONT_KFD_PROCESS_H
#define SOFTGPU_FRONT_KFD_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/handle_table.h"
#include "base/status.h"
#include "softgpu/device/doorbell.h"
#include "softgpu/device/machine.h"
#include "softgpu/front/kfd/kfd_events.h"
#include "softgpu/front/kfd/kfd_evict.h"
#include "softgpu/front/kfd/kfd_svm.h"
#include "softgpu/front/kfd/kfd_uapi.h"
#include "softgpu/front/node.h"
#include "softgpu/vm/file.h"

struct kfd_process;
struct kfd_queue;

struct kfd_aperture {
    uint64_t base, limit; /* both inclusive */
};

/* The trap handler's page pair in the VM (kernel: the CWSR TBA/TMA), and what the program set. */
struct kfd_trap {
    struct mem_bo *bo; /* owned; NULL until ACQUIRE_VM */
    gpu_va va;
    gpu_va tba, tma; /* of the program's own, second-level handler; 0 = none */
};

/* A process's doorbells on one GPU: 1024 of 8 bytes. */
struct kfd_doorbells {
    struct doorbell_slice *slice;                              /* owned; NULL until first needed */
    uint64_t used[DOORBELL_SLICE_BYTES / DOORBELL_BYTES / 64]; /* bit per doorbell */
};

struct kfd_pdd {
    struct kfd_process *process; /* owner */
    struct soft_device *device;  /* borrowed */
    unsigned index;              /* in process->pdds */
    struct kfd_aperture lds, scratch, gpuvm;

    /* The acquired VM. `render_file` is our reference on the program's open file, and thereby the
     * VM's; `drm_file` is what is behind it. On kernel 5.10 a pdd may have a drm_file of its own
     * making and no render_file. See kfd_vm.c. */
    struct node *render_file;
    struct drm_file *drm_file;
    struct kfd_trap trap;
    uint64_t scratch_backing_va;

    struct handle_table bos; /* of struct kfd_bo, owned; numbers from 0 on */
    struct kfd_doorbells doorbells;

    pthread_mutex_t queues_lock; /* guards `queues` against the doorbell's ring */
    struct kfd_queue *queues;    /* DL list */
    unsigned queue_count;
    atomic_bool queues_stopped; /* by a memory fault, for good; set before `queues` is walked */
    bool gws_taken;             /* one queue of the process may have the global wave sync */
};

/* What RUNTIME_ENABLE tells a debugger. */
struct kfd_runtime {
    atomic_bool enabled; /* read by device threads */
    bool ttmp_setup;
    uint64_t r_debug;
};

struct kfd_process {
    struct soft_machine *machine; /* borrowed */
    pid_t pid;
    bool secondary;  /* has one reference, its file's */
    atomic_int refs; /* the address space's and the open files' */
    pthread_mutex_t mutex;
    struct vm_process_info *vm_info; /* of all acquired VMs; made by the first ACQUIRE_VM */
    struct handle_table queues;      /* of struct kfd_queue, owned; ids 0 .. 1023 */
    struct kfd_events events;        /* has its own lock */
    struct kfd_svm svm;
    struct kfd_evict evict; /* has its own lock */
    struct kfd_runtime runtime;
    struct kfd_process *prev, *next; /* of all */
    unsigned pdd_count;
    struct kfd_pdd pdds[SOFT_MAX_DEVICES];
};

/* An open file of /dev/kfd. Whose process it is changes at most once, to a secondary one. */
struct kfd_file {
    struct kfd_process *_Atomic process; /* reference */
};

/* A secondary context; one reference. ENOMEM. */
rw_status kfd_process_create_secondary(struct soft_machine *machine,
                                       struct kfd_process **out_process) RW_MUST_USE;
/* EOPNOTSUPP for what only the primary context may do: what works on the address space itself. */
rw_status kfd_primary_only(const struct kfd_process *process, const char *operation) RW_MUST_USE;

/* The calling process's kfd_process, made when it opens /dev/kfd for the first time. Adds the
 * reference of one open file. */
rw_status kfd_process_open(struct soft_machine *machine,
                           struct kfd_process **out_process) RW_MUST_USE;
/* The calling process's primary one, borrowed; NULL when it has never opened /dev/kfd. */
struct kfd_process *kfd_process_current(void);
void kfd_process_put(struct kfd_process *process);
/* The address space goes away: drops its reference. With the last open file the teardown runs. */
void kfd_process_exit(void);

/* Calls `visit` for every one of this address space, the secondary ones too. They do not go
 * meanwhile; it must not take their mutex, nor open or close anything. */
void kfd_process_each(void (*visit)(struct kfd_process *process, void *context), void *context);

/* NULL when the process sees no GPU of this id: EINVAL everywhere. */
struct kfd_pdd *kfd_pdd_find(struct kfd_process *process, uint32_t gpu_id);
static inline const struct kernel_profile *kfd_kernel(const struct kfd_process *process)
{
    return process->machine->kernel;
}

/* What a failing lookup reports. */
rw_status kfd_unknown_gpu(const char *operation, uint32_t gpu_id);

#endif
